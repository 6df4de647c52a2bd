//! What an operator wants to see of the ledger at a glance, and what no single resource says: some of it is in the metrics too.

use std::sync::atomic::Ordering;

use tocos_ledger::{Micros, Right, SECOND_US};

use crate::json::Writer;
use crate::metrics::{ArchiveFigures, ArchiveStatus, SPAN_S, prometheus};
use crate::rendering::{Code, Problem, Response};
use crate::routing::{AsyncRequest, Endpoint, Run, read_names};

pub(crate) static GET: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[],
    body: &[],
    run: Run::Async(|request| Box::pin(get(request))),
    summary: "Get what the service counts",
    about: "Returns the number of open holds and when the oldest was made, what expires within 7 and 30 days of each coin if nobody spends it, how often this node refused requests since its start, by code and for each 10 minutes of the last 24 hours, and how far its archive is behind. Refusals are counted in memory: a node that is restarted begins at 0. What needs a pass over the accounts may be 10 s old.",
    schema: "Status",
    refusals: &[],
};

async fn get(request: AsyncRequest) -> Result<Response, Problem> {
    request.fields(GET.query)?;
    let app = &request.app;
    let scanned = prometheus::scanned(&app.scan, &app.engine).await;
    let out = read_names(&request, |ledger, _| {
        let state = ledger.state();
        let mut out = Writer::with_capacity(512);
        out.raw("{\"open_holds\":");
        out.integer(state.open_hold_count() as u64);
        out.raw(",\"oldest_hold_at\":");
        out.time_or_null(Some(scanned.oldest_hold_at).filter(|at| *at != 0));
        out.raw(",\"expiring\":[");
        for (at, (coin, (within_7d, within_30d))) in state.coins().iter().zip(&scanned.expiring).enumerate() {
            out.raw(if at == 0 { "{\"coin\":" } else { ",{\"coin\":" });
            out.plain(&coin.code);
            out.raw(",\"within_7_days\":");
            out.integer(*within_7d);
            out.raw(",\"within_30_days\":");
            out.integer(*within_30d);
            out.raw("}");
        }
        out.raw("]");
        out
    });
    let mut out = out.await?;
    put_refusals(&mut out, &request);
    put_refusals_by_time(&mut out, &request);
    out.raw(",\"archive\":");
    match app.settings.archive.as_ref().map(ArchiveStatus::read) {
        Some(archive) => put_archive(&mut out, &archive),
        None => out.raw("null"),
    }
    out.raw("}");
    Ok(Response::ok(out))
}

/// The codes that occurred.
fn put_refusals(out: &mut Writer, request: &AsyncRequest) {
    out.raw(",\"refusals\":[");
    let mut comma = "";
    for (code, count) in Code::ALL.iter().zip(&request.app.counters.refusals) {
        let count = count.load(Ordering::Relaxed);
        if count > 0 {
            out.raw(comma);
            comma = ",";
            out.raw("{\"code\":");
            out.word(code.as_str());
            out.raw(",\"count\":");
            out.integer(count);
            out.raw("}");
        }
    }
    out.raw("]");
}

/// How many in each span. The last one is not over yet.
fn put_refusals_by_time(out: &mut Writer, request: &AsyncRequest) {
    let counts = request.app.counters.refusals_by_time.read();
    let ago = Micros::try_from(counts.began_ago.as_micros()).unwrap_or(Micros::MAX);
    let from = request.app.engine.clock().system.saturating_sub(ago);
    out.raw(",\"refusals_by_time\":{\"from\":");
    // In whole seconds, so that the same span begins at the same time in each response.
    out.time((from + SECOND_US / 2).div_euclid(SECOND_US) * SECOND_US);
    out.raw(",\"span_s\":");
    out.integer(SPAN_S);
    out.raw(",\"counts\":[");
    for (at, count) in counts.counts.iter().enumerate() {
        out.raw(if at == 0 { "" } else { "," });
        out.integer(*count);
    }
    out.raw("]}");
}

fn put_archive(out: &mut Writer, archive: &ArchiveFigures) {
    out.raw("{\"lag_s\":");
    let ms = archive.lag_us / 1_000;
    out.raw(&format!("{}.{:03}", ms / 1_000, ms % 1_000));
    out.raw(",\"lag_bytes\":");
    out.integer(archive.lag_bytes);
    out.raw(",\"last_success_at\":");
    out.time_or_null(Micros::try_from(archive.last_success_us).ok().filter(|at| *at != 0));
    out.raw(",\"failures\":");
    out.integer(archive.failures);
    out.raw("}");
}
