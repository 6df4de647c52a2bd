//! The test clock: time that moves when it is told to.

use tocos_ledger::Right;

use crate::answer::Answer;
use crate::body;
use crate::fields::{Fields, required};
use crate::json::Writer;
use crate::kind::Kind;
use crate::problem::{Code, Problem};
use crate::request::{Call, look, utf8};
use crate::route::{Endpoint, Run};

/// Ten years at a time.
const SECONDS_MAX: i64 = 315_576_000;

pub(crate) static ADVANCE: Endpoint = Endpoint {
    right: Some(Right::Admin),
    query: &[],
    body: &[required("seconds", Kind::Integer(1, SECONDS_MAX), "How far.")],
    run: Run::Later(|call| Box::pin(advance(call))),
    about: "Moves the time of a ledger with a test clock forward. What expires by then has expired with the answer.",
    answer: "Now",
    refusals: &[],
};

async fn advance(mut call: Call) -> Result<Answer, Problem> {
    call.fields(ADVANCE.query)?;
    let body = call.read_body(call.app.settings.limits.body_bytes_max).await?;
    body::require_json(&call.head())?;
    let mut fields = Fields::new(ADVANCE.body);
    fields.read_body(utf8(&body)?)?;
    fields.check_complete()?;
    let seconds = u32::try_from(fields.the_number("seconds")).unwrap_or(u32::MAX);
    call.app
        .engine
        .advance_clock(seconds)
        .map_err(|not_a_test_clock| Problem::new(Code::Forbidden, not_a_test_clock.to_string()))?;
    let now = look(&call.app, |_, now| now).await?;
    let mut out = Writer::with_capacity(48);
    out.raw("{\"now\":");
    out.time(now);
    out.raw("}");
    Ok(Answer::ok(out))
}
