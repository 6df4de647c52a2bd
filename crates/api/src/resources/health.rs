//! Liveness, readiness and metrics.

use std::sync::atomic::Ordering;
use std::time::Duration;

use http::StatusCode;
use tocos_engine::{ClockReport, Unavailable};
use tocos_group::{Figures, Role};
use tocos_ledger::{Micros, SECOND_US};

use crate::json::Writer;
use crate::metrics::ArchiveStatus;
use crate::metrics::prometheus::{self, Connections, Service};
use crate::rendering::{Code, Media, Problem, Response};
use crate::routing::{AsyncRequest, Endpoint, Run, unavailable_problem};

pub(crate) static LIVEZ: Endpoint = Endpoint {
    right: None,
    query: &[],
    body: &[],
    run: Run::Async(|request| Box::pin(livez(request))),
    summary: "Check that the process is alive",
    about: "Returns 200 while the process is alive.",
    schema: "Health",
    refusals: &[],
};

pub(crate) static READYZ: Endpoint = Endpoint {
    right: None,
    query: &[],
    body: &[],
    run: Run::Async(|request| Box::pin(readyz(request))),
    summary: "Check that requests can be served",
    about: "Whether requests can be served: the ledger is recovered, its storage works, the clock is plausible, and a node of a group leads it or keeps up with its leader.",
    schema: "Health",
    refusals: &[],
};

pub(crate) static METRICS: Endpoint = Endpoint {
    right: None,
    query: &[],
    body: &[],
    run: Run::Async(|request| Box::pin(metrics(request))),
    summary: "Get the metrics",
    about: "Returns the metrics in the Prometheus text format.",
    schema: "Metrics",
    refusals: &[],
};

/// A ledger that is ahead of the clock by more than this reports that: its time does not advance until the clock has
/// caught up.
pub(crate) const LEDGER_AHEAD_MAX_US: Micros = 60 * SECOND_US;

/// A follower that is further behind is not ready.
const BEHIND_MAX: Duration = Duration::from_secs(10);

async fn livez(_call: AsyncRequest) -> Result<Response, Problem> {
    Ok(healthy())
}

pub(crate) fn healthy() -> Response {
    let mut out = Writer::with_capacity(16);
    out.raw("{\"status\":\"ok\"}");
    Response::ok(out)
}

async fn readyz(request: AsyncRequest) -> Result<Response, Problem> {
    if request.app.is_stopping() {
        return Err(Problem::new(Code::ShuttingDown, "The service is shutting down."));
    }
    request.app.engine.read(|_, _| ()).map_err(|unavailable| unavailable_problem(&unavailable))?;
    let ClockReport { ledger, system, is_plausible } = request.app.engine.clock();
    if !is_plausible {
        return Err(unavailable_problem(&Unavailable::Clock { ledger, system }));
    }
    if let Some(group) = &request.app.group {
        check_place(&group.status().figures())?;
    }
    let ahead_us = ledger - system;
    if ahead_us <= LEDGER_AHEAD_MAX_US {
        return Ok(healthy());
    }
    let mut out = Writer::with_capacity(64);
    out.raw("{\"status\":\"ok\",\"ledger_ahead_s\":");
    out.integer(ahead_us / SECOND_US);
    out.raw("}");
    Ok(Response::ok(out))
}

/// Whether a node serves clients in its group: as the leader, or as a follower that keeps up with one.
fn check_place(figures: &Figures) -> Result<(), Problem> {
    let not_ready = |code: Code, words: String| Err(Problem::new(code, words).retry_after_s(1));
    match figures.role {
        Role::Leader => Ok(()),
        Role::Follower if figures.leader.is_none() => {
            not_ready(Code::NotLeader, "The group has no leader that this node knows of.".to_owned())
        }
        Role::Follower if figures.behind > BEHIND_MAX => {
            let (behind_s, tip, event) = (figures.behind.as_secs(), figures.tip_event, figures.last_event);
            let words =
                format!("This node is {behind_s} s behind its group: it has event {event}, and the group {tip}.");
            not_ready(Code::Behind, words)
        }
        Role::Follower => Ok(()),
        Role::Joining => not_ready(Code::Recovering, "This node has not found its place in its group yet.".to_owned()),
        Role::Candidate => not_ready(Code::NotLeader, "This node is about to lead its group.".to_owned()),
        Role::HandingOver => not_ready(Code::NotLeader, "This node is handing the lead of its group over.".to_owned()),
        Role::Diverged => {
            let words = "The group went on without events that this node has. An operator must look at it.";
            not_ready(Code::Diverged, words.to_owned())
        }
        Role::Stopped => not_ready(Code::ShuttingDown, "This node has left its group.".to_owned()),
    }
}

async fn metrics(request: AsyncRequest) -> Result<Response, Problem> {
    let app = &request.app;
    let (settings, connections) = (&app.settings, &app.connections);
    let service = Service {
        build: settings.version.build(),
        engine: &app.engine,
        counters: &app.counters,
        scan: &app.scan,
        data_dir: settings.data_dir.as_deref(),
        is_stopping: app.is_stopping(),
        clock: app.engine.clock(),
        connections: Connections { open: connections.open(), rejected: connections.rejected() },
        spans: settings.traces.as_ref().map_or([0; 3], |traces| traces.counts.read()),
        archive: settings.archive.as_ref().map(ArchiveStatus::read),
        group: app.group.as_ref().map(|group| group.status().figures()),
        webhooks: app.webhooks.for_metrics(app),
        auth_failures: app.authenticator.failures_total.load(Ordering::Relaxed),
        is_unprotected: app.authenticator.has_no_keys(),
    };
    Ok(Response::new(StatusCode::OK, Media::Metrics, prometheus::text(&service).await))
}
