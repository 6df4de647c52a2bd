//! The way of every operation: read, decided, and its response made.

use bytes::Bytes;
use http::StatusCode;
use tocos_engine::Rejection;
use tocos_http::{Head, ResponseBody, visible};
use tocos_ledger::{Event, Fact, Operation, Request, Right, State};

use super::content_type;
use super::field_type::FieldType;
use super::fields::{Field, Fields, optional};
use super::reading::Undecided;
use super::request::{Outcome, SyncRequest, set_path, utf8};
use crate::json::Writer;
use crate::rendering::{self, Code, Media, Problem, Response};

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
    /// What it does in a few words, for the documentation: its heading, and what generated clients say first.
    pub summary: &'static str,
    /// Sentences for the documentation.
    pub about: &'static str,
    /// The name of the response's schema in the documentation.
    pub schema: &'static str,
    /// Why it may be refused, apart from what holds for every write.
    pub refusals: &'static [Code],
    /// The status of the response in the documentation; one that makes something new or not has both.
    pub statuses: &'static [u16],
}

/// What the query of every write may say.
pub(crate) const QUERY: &[Field] = &[optional(
    "dry_run",
    FieldType::Bool,
    "Return the response that the request would get, without applying anything.",
)];

/// The status of a response that is this event.
pub(crate) fn status(event: &Event<'_>) -> StatusCode {
    match event.fact {
        Fact::UserPut { created: false, .. }
        | Fact::CoinPut { created: false, .. }
        | Fact::UserClosed { .. }
        | Fact::LimitsPut { .. }
        | Fact::ThresholdsPut { .. }
        | Fact::SpendLimitPut { .. }
        | Fact::ScheduleEnded { .. }
        | Fact::SchedulePaused { .. }
        | Fact::ScheduleResumed { .. }
        | Fact::WebhookDeleted { .. }
        | Fact::WebhookChanged { .. }
        | Fact::KeyRevoked { .. } => StatusCode::OK,
        Fact::WebhookPut(ref put) if !put.created => StatusCode::OK,
        Fact::SchedulePut { number, .. } if number != event.number => StatusCode::OK,
        _ => StatusCode::CREATED,
    }
}

/// Bytes that a response nearly always fits into.
pub(crate) const ANSWER_BYTES: usize = 480;

/// The response that an event makes.
pub(crate) fn rendered(event: &Event<'_>, state: &State) -> (StatusCode, Bytes) {
    let mut out = Writer::with_capacity(ANSWER_BYTES);
    rendering::event(&mut out, event, state);
    (status(event), out.into_bytes())
}

/// Decides one operation in memory.
pub(crate) fn decide(write: &'static Write, request: &SyncRequest<'_>) -> Result<Outcome, Undecided> {
    let dry_run = dry_run(request.head)?;
    let mut fields = Fields::new(write.fields);
    set_path(&mut fields, request.params, request.head.path)?;
    if !request.body.is_empty() {
        content_type::require_json(request.head)?;
        fields.read_body(utf8(request.body)?)?;
    }
    fields.check_complete()?;
    let [metadata, reference] = fields.metadata_and_reference();
    let operation = Request {
        operation: (write.operation)(&fields)?,
        key: idempotency_key(request.head)?,
        metadata,
        reference,
        by: request.caller.key,
    };
    let submitted = request.app.engine.submit(&operation, dry_run, rendered);
    request.app.sealer.notify();
    match submitted {
        Ok(submitted) => {
            let (status, body) = submitted.rendered;
            let body = ResponseBody::Whole(body);
            let response = Response { status, media: Media::Json, body, replayed: submitted.replayed };
            Ok(Outcome { seen: Some(submitted.seen), response: Ok(response) })
        }
        Err(Rejection::Refused { refusal, seen }) => {
            Ok(Outcome { seen: Some(seen), response: Err(Problem::from(&refusal)) })
        }
        Err(Rejection::Unavailable(unavailable)) => Err(Undecided::of(unavailable)),
    }
}

/// Whether the operation is a dry run: responded to as if it were done, and not done.
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
