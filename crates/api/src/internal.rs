//! What machines ask: whether the service lives, whether it is ready, its figures.

use hyper::StatusCode;

use crate::answer::{Answer, AnswerBody, Media};
use crate::json::Writer;
use crate::problem::{Code, Problem};
use crate::request::{Call, unavailable_problem};
use crate::route::{Endpoint, Run};

pub(crate) static LIVEZ: Endpoint = Endpoint {
    right: None,
    query: &[],
    body: &[],
    run: Run::Later(|call| Box::pin(livez(call))),
    about: "Whether the process answers at all.",
    answer: "Health",
    refusals: &[],
};

pub(crate) static READYZ: Endpoint = Endpoint {
    right: None,
    query: &[],
    body: &[],
    run: Run::Later(|call| Box::pin(readyz(call))),
    about: "Whether requests can be served: the ledger is recovered and its storage works.",
    answer: "Health",
    refusals: &[],
};

pub(crate) static METRICS: Endpoint = Endpoint {
    right: None,
    query: &[],
    body: &[],
    run: Run::Later(|call| Box::pin(metrics(call))),
    about: "Figures in the text format of Prometheus.",
    answer: "Metrics",
    refusals: &[],
};

async fn livez(_call: Call) -> Result<Answer, Problem> {
    Ok(healthy())
}

pub(crate) fn healthy() -> Answer {
    let mut out = Writer::with_capacity(16);
    out.raw("{\"status\":\"ok\"}");
    Answer::ok(out)
}

async fn readyz(call: Call) -> Result<Answer, Problem> {
    if call.app.is_stopping() {
        return Err(Problem::new(Code::ShuttingDown, "The service is shutting down."));
    }
    call.app.engine.read(|_, _| ()).map_err(|unavailable| unavailable_problem(&unavailable))?;
    Ok(healthy())
}

async fn metrics(call: Call) -> Result<Answer, Problem> {
    let body = crate::exposition::text(&call.app).await;
    Ok(Answer { status: StatusCode::OK, media: Media::Metrics, body: AnswerBody::Whole(body.into()), replayed: false })
}
