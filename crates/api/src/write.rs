//! The way of every operation: read, decided, and its answer made.

use bytes::Bytes;
use hyper::StatusCode;
use tocos_engine::Rejection;
use tocos_ledger::{Event, Fact, Operation, Request, Right, State};

use crate::answer::{Answer, AnswerBody, Media};
use crate::body;
use crate::fields::{Field, Fields, optional};
use crate::head::{Head, visible};
use crate::json::Writer;
use crate::kind::Kind;
use crate::problem::{Code, Problem};
use crate::render;
use crate::request::{Asked, Decided, set_path, unavailable_problem, utf8};

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

/// Carries out one operation in memory.
pub(crate) fn decide(write: &'static Write, asked: &Asked<'_>) -> Result<Decided, Problem> {
    let dry_run = dry_run(&asked.head)?;
    let mut fields = Fields::new(write.fields);
    set_path(&mut fields, asked.params, asked.head.path)?;
    if !asked.body.is_empty() {
        body::require_json(&asked.head)?;
        fields.read_body(utf8(asked.body)?)?;
    }
    fields.check_complete()?;
    let request = Request {
        operation: (write.operation)(&fields)?,
        key: idempotency_key(&asked.head)?,
        metadata: fields.text("metadata"),
        by: asked.caller.key,
    };
    let submitted = asked.app.engine.submit(&request, dry_run, rendered);
    asked.app.sealer.tell();
    match submitted {
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
pub(crate) fn dry_run(head: &Head<'_>) -> Result<bool, Problem> {
    let Some(query) = head.query else { return Ok(false) };
    let mut fields = Fields::new(QUERY);
    fields.read_query(query)?;
    Ok(fields.flag("dry_run").unwrap_or(false))
}

/// The key that names the operation; the ledger checks its form.
pub(crate) fn idempotency_key<'a>(head: &Head<'a>) -> Result<Option<&'a str>, Problem> {
    let Some(value) = head.idempotency_key else { return Ok(None) };
    let text = visible(value).ok_or_else(|| {
        Problem::invalid("idempotency_key", "an idempotency key has 1 to 255 printable ASCII characters")
    })?;
    Ok(Some(text))
}
