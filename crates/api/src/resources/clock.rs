//! The clock: the ledger's time beside the system's, and accepting one that is implausible.

use tocos_engine::ClockReport;
use tocos_ledger::{Right, SECOND_US};

use crate::json::{Writer, rfc3339_text};
use crate::rendering::{Problem, Response};
use crate::routing::{AsyncRequest, Endpoint, FieldType, Fields, Run, content_type, optional, utf8};

pub(crate) static GET: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[],
    body: &[],
    run: Run::Async(|request| Box::pin(get(request))),
    summary: "Get the ledger's time and the system clock",
    about: "Returns the ledger's time, the system clock, and whether the ledger follows the system clock.",
    schema: "Clock",
    refusals: &[],
};

pub(crate) static ACCEPT: Endpoint = Endpoint {
    right: Some(Right::Admin),
    query: &[],
    body: &[optional(
        "system_time",
        FieldType::Time,
        "The system time that you checked. The request is refused if the system clock differs from it by more than a minute.",
    )],
    run: Run::Async(|request| Box::pin(accept(request))),
    summary: "Accept the system clock",
    about: "Accepts the current time of the system clock after `clock_implausible`. Everything that expires up to that time expires permanently.",
    schema: "Clock",
    refusals: &[],
};

async fn get(request: AsyncRequest) -> Result<Response, Problem> {
    request.fields(GET.query)?;
    Ok(report(request.app.engine.clock()))
}

async fn accept(mut request: AsyncRequest) -> Result<Response, Problem> {
    request.fields(ACCEPT.query)?;
    let body = request.read_body(request.app.settings.limits.body_bytes_max).await?;
    let mut fields = Fields::new(ACCEPT.body);
    if !body.is_empty() {
        content_type::require_json(&request.head())?;
        fields.read_body(utf8(&body)?)?;
    }
    let accepted = request.app.engine.accept_clock(fields.instant("system_time")).map_err(|other| {
        let now = rfc3339_text(other.system);
        Problem::invalid("system_time", format_args!("the system's clock says {now} now; check it again"))
    })?;
    tracing::warn!(
        key = request.caller.key,
        system_time = rfc3339_text(accepted.system),
        "the system's clock was accepted"
    );
    Ok(report(accepted))
}

fn report(clock: ClockReport) -> Response {
    let mut out = Writer::with_capacity(160);
    out.raw("{\"ledger_time\":");
    out.time(clock.ledger);
    out.raw(",\"system_time\":");
    out.time(clock.system);
    out.raw(",\"plausible\":");
    out.bool(clock.is_plausible);
    out.raw(",\"ledger_ahead_s\":");
    out.integer(clock.ledger_ahead_us() / SECOND_US);
    out.raw("}");
    Response::ok(out)
}
