//! The yardstick of the benchmarks: all the work of a transfer but for the ledger.

use http::StatusCode;
use tocos_ledger::{Balance, Micros};

use super::transfers::TRANSFER;
use crate::json::Writer;
use crate::rendering::{self, Code, Problem, Response};
use crate::routing::{Endpoint, Fields, Outcome, Run, SyncRequest, content_type, utf8, write};

pub(crate) static NOOP: Endpoint = Endpoint {
    right: None,
    query: &[],
    body: TRANSFER.fields,
    run: Run::Sync(noop),
    summary: "Parse a transfer without applying it",
    about: "Parses a transfer and returns one, without applying it. Exists only with --bench-routes.",
    schema: "Event",
    refusals: &[],
};

/// Any instant: formatting one takes the same time.
const AT: Micros = 1_795_352_400_123_456;

fn noop(request: &SyncRequest<'_>) -> Result<Outcome, Problem> {
    if !request.app.settings.bench_routes {
        return Err(Problem::new(Code::NotFound, "This route is only there with --bench-routes."));
    }
    content_type::require_json(request.head)?;
    let mut fields = Fields::new(TRANSFER.fields);
    fields.read_body(utf8(request.body)?)?;
    fields.check_complete()?;
    let key = write::idempotency_key(request.head)?;
    let mut out = Writer::with_capacity(write::ANSWER_BYTES);
    out.raw("{\"event\":1234567,\"kind\":\"transfer\",\"from\":");
    out.text(fields.the_text("from"));
    out.raw(",\"to\":");
    out.text(fields.the_text("to"));
    out.raw(",\"coin\":");
    out.plain(fields.the_text("coin"));
    out.raw(",\"amount\":");
    out.integer(fields.the_number("amount"));
    out.raw(",\"at\":");
    out.time(AT);
    out.raw(",\"lots\":[{\"grant\":null,\"amount\":");
    out.integer(fields.the_number("amount"));
    out.raw("}],\"balances\":{");
    out.text(fields.the_text("from"));
    out.raw(":");
    rendering::balance(&mut out, Balance { total: 100_000, held: 0 });
    out.raw(",");
    out.text(fields.the_text("to"));
    out.raw(":");
    rendering::balance(&mut out, Balance { total: 100_000, held: 0 });
    out.raw("}");
    if let Some(metadata) = fields.text("metadata") {
        out.raw(",\"metadata\":");
        out.raw(metadata);
    }
    if let Some(key) = key {
        out.raw(",\"idempotency_key\":");
        out.text(key);
    }
    out.raw("}");
    Ok(Outcome { seen: None, response: Ok(Response::json(StatusCode::CREATED, out)) })
}
