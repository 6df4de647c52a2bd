//! The test clock: its time advances only on request.

use tocos_ledger::Right;

use crate::json::Writer;
use crate::rendering::{Code, Problem, Response};
use crate::routing::{
    AsyncRequest, BodyLimit, Endpoint, FieldType, Fields, Run, content_type, read_names, required, utf8,
};

/// Ten years at a time.
const SECONDS_MAX: i64 = 315_576_000;

pub(crate) static ADVANCE: Endpoint = Endpoint {
    right: Some(Right::Admin),
    query: &[],
    body: &[required("seconds", FieldType::Integer(1, SECONDS_MAX), "How many seconds to advance.")],
    run: Run::Leading(BodyLimit::Request, |request| Box::pin(advance(request))),
    summary: "Move the test clock forward",
    about: "Moves the time of a ledger with a test clock forward. Everything that expires up to the new time has expired when the response is sent.",
    schema: "TestClock",
    refusals: &[],
};

async fn advance(mut request: AsyncRequest) -> Result<Response, Problem> {
    request.fields(ADVANCE.query)?;
    let body = request.read_body(request.app.settings.limits.body_bytes_max).await?;
    content_type::require_json(&request.head())?;
    let mut fields = Fields::new(ADVANCE.body);
    fields.read_body(utf8(&body)?)?;
    fields.check_complete()?;
    let seconds = u32::try_from(fields.the_number("seconds")).unwrap_or(u32::MAX);
    request
        .app
        .engine
        .advance_clock(seconds)
        .map_err(|not_a_test_clock| Problem::new(Code::Forbidden, not_a_test_clock.to_string()))?;
    let now = read_names(&request, |_, now| now).await?;
    let mut out = Writer::with_capacity(48);
    out.raw("{\"now\":");
    out.time(now);
    out.raw("}");
    Ok(Response::ok(out))
}
