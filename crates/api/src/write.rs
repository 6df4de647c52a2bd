//! The way of every operation: read, decided, on the disk, answered.

use bytes::Bytes;
use hyper::http::request::Parts;
use hyper::{HeaderMap, StatusCode};
use tocos_engine::Rejection;
use tocos_ledger::{Event, Fact, Operation, Request, Right, State};

use crate::answer::{Answer, AnswerBody, Media};
use crate::app::App;
use crate::body;
use crate::fields::{Field, Fields, optional};
use crate::gate::Caller;
use crate::json::Writer;
use crate::kind::Kind;
use crate::problem::{Code, Problem};
use crate::render;
use crate::request::{Call, set_path, settled, unavailable_problem, utf8};
use crate::route::Params;
use crate::spans::RequestSpan;

/// An operation as the API knows it.
#[derive(Debug)]
pub(crate) struct Write {
    /// Its name in a batch; `None` if it can't be part of one.
    pub op: Option<&'static str>,
    /// What a key must be allowed to do.
    pub right: Right,
    /// What it says.
    pub fields: &'static [Field],
    /// Puts it into the ledger's words.
    pub operation: for<'v> fn(&'v Fields<'_>) -> Result<Operation<'v>, Problem>,
    /// A sentence for the documentation.
    pub about: &'static str,
    /// The name of the answer's schema in the documentation.
    pub answer: &'static str,
    /// Why it may be refused, apart from what holds for every write.
    pub refusals: &'static [Code],
    /// The status of the answer in the documentation; one that makes something new or not has both.
    pub statuses: &'static [u16],
}

/// What the query of every write may say.
pub(crate) const QUERY: &[Field] = &[optional("dry_run", Kind::Bool, "Answer as if it were done, and do nothing.")];

/// The status of an answer that is this event.
pub(crate) fn status(event: &Event<'_>) -> StatusCode {
    match event.fact {
        Fact::UserPut { created: false, .. }
        | Fact::CoinPut { created: false, .. }
        | Fact::UserClosed { .. }
        | Fact::LimitsPut { .. }
        | Fact::KeyRevoked { .. } => StatusCode::OK,
        _ => StatusCode::CREATED,
    }
}

/// Bytes that an answer nearly always fits into.
pub(crate) const ANSWER_BYTES: usize = 480;

/// The answer that an event makes.
pub(crate) fn rendered(event: &Event<'_>, state: &State) -> (StatusCode, Bytes) {
    let mut out = Writer::with_capacity(ANSWER_BYTES);
    render::event(&mut out, event, state);
    (status(event), out.into_bytes())
}

/// What deciding came to. It may be told when event `seen` is on the disk.
struct Decided {
    seen: u64,
    outcome: Result<Answer, Problem>,
}

/// Carries out one operation.
pub(crate) async fn run(mut call: Call, write: &'static Write) -> Result<Answer, Problem> {
    let body = call.read_body(call.app.settings.limits.body_bytes_max).await?;
    let span = RequestSpan::of(&call.parts).cloned();
    let step = span.as_ref().map(|span| span.step("decide"));
    let Call { app, caller, parts, params, .. } = call;
    let decided = decide(&app, write, caller, &parts, &params, &body)?;
    // What the request was made of goes while it is still in the processor's cache, not after hundreds of others.
    drop((step, parts, body));
    app.sealer.tell();
    let _waiting = span.as_ref().map(|span| span.step("durable"));
    settled(app.engine.durable(decided.seen)).await?;
    decided.outcome
}

fn decide(
    app: &App,
    write: &'static Write,
    caller: Caller,
    parts: &Parts,
    params: &Params,
    body: &[u8],
) -> Result<Decided, Problem> {
    let dry_run = dry_run(parts)?;
    let mut fields = Fields::new(write.fields);
    set_path(&mut fields, params, parts)?;
    if !body.is_empty() {
        body::require_json(&parts.headers)?;
        fields.read_body(utf8(body)?)?;
    }
    fields.check_complete()?;
    let request = Request {
        operation: (write.operation)(&fields)?,
        key: idempotency_key(&parts.headers)?,
        metadata: fields.text("metadata"),
        by: caller.key,
    };
    match app.engine.submit(&request, dry_run, rendered) {
        Ok(submitted) => {
            let (status, body) = submitted.answer;
            let body = AnswerBody::Whole(body);
            let answer = Answer { status, media: Media::Json, body, replayed: submitted.replayed };
            Ok(Decided { seen: submitted.seen, outcome: Ok(answer) })
        }
        Err(Rejection::Refused { refusal, seen }) => Ok(Decided { seen, outcome: Err(Problem::from(&refusal)) }),
        Err(Rejection::Unavailable(unavailable)) => Err(unavailable_problem(&unavailable)),
    }
}

/// Whether the operation is only to be answered as if it were done.
pub(crate) fn dry_run(parts: &Parts) -> Result<bool, Problem> {
    let Some(query) = parts.uri.query() else { return Ok(false) };
    let mut fields = Fields::new(QUERY);
    fields.read_query(query)?;
    Ok(fields.flag("dry_run").unwrap_or(false))
}

/// The key that names the operation; the ledger checks its form.
pub(crate) fn idempotency_key(headers: &HeaderMap) -> Result<Option<&str>, Problem> {
    let Some(value) = headers.get("idempotency-key") else { return Ok(None) };
    let text = value.to_str().map_err(|_| {
        Problem::invalid("idempotency_key", "an idempotency key has 1 to 255 printable ASCII characters")
    })?;
    Ok(Some(text))
}
