//! API keys: making, listing, revoking. The secret is shown once and kept nowhere.

use bytes::Bytes;
use tocos_engine::{AsOf, Rejection};
use tocos_ledger::{ApiKey, CreateKey, Event, Fact, Micros, Operation, Request, Right, State};

use crate::access::{hash_of, new_secret, token};
use crate::json::Writer;
use crate::rendering::{Code, Media, Problem, Response, right_word};
use crate::routing::{
    AsyncRequest, BodyLimit, Endpoint, FieldType, Fields, Run, Supply, Undecided, content_type, in_path, optional,
    read_names, required, unavailable_problem, utf8, wait_durable, write,
};
use tocos_http::ResponseBody;
use tokio::sync::MutexGuard;

const RIGHTS: &[&str] = &["read", "spend", "grant", "admin"];

pub(crate) static CREATE: Endpoint = Endpoint {
    right: Some(Right::Admin),
    query: write::QUERY,
    body: &[
        optional("name", FieldType::Name, "The key's display name."),
        required("right", FieldType::Word(RIGHTS), "What the key may do. Each right includes the ones before it."),
        optional("expires_at", FieldType::Time, "When the key stops working. If omitted, never."),
    ],
    run: Run::Leading(BodyLimit::Request, |request| Box::pin(create(request))),
    summary: "Create an API key",
    about: "Creates an API key. The `secret` is returned only in this response: repeating the request with the same idempotency key does not return it again.",
    schema: "NewKey",
    refusals: &[],
};

pub(crate) static LIST: Endpoint = Endpoint {
    right: Some(Right::Admin),
    query: &[],
    body: &[],
    run: Run::Async(|request| Box::pin(list(request))),
    summary: "List API keys",
    about: "Lists all API keys, without their secrets.",
    schema: "KeyList",
    refusals: &[],
};

pub(crate) static OWN: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[],
    body: &[],
    run: Run::Async(|request| Box::pin(own(request))),
    summary: "Get the API key of this request",
    about: "Returns the key that the request was sent with: what it may do and how long it works. While there are no keys, `id` is null and all is allowed.",
    schema: "OwnKey",
    refusals: &[],
};

pub(crate) static REVOKE: Endpoint = Endpoint {
    right: Some(Right::Admin),
    query: &[
        in_path("id", FieldType::Integer(1, u16::MAX as i64), "The key's id."),
        optional(
            "dry_run",
            FieldType::Bool,
            "Return the response that the request would get, without applying anything.",
        ),
    ],
    body: &[],
    run: Run::Leading(BodyLimit::Request, |request| Box::pin(revoke(request))),
    summary: "Revoke an API key permanently",
    about: "Revokes an API key permanently.",
    schema: "Event",
    refusals: &[Code::KeyNotFound],
};

async fn create(mut request: AsyncRequest) -> Result<Response, Problem> {
    let dry_run = write::dry_run(&request.head())?;
    let body = request.read_body(request.app.settings.limits.body_bytes_max).await?;
    content_type::require_json(&request.head())?;
    let mut fields = Fields::new(CREATE.body);
    fields.read_body(utf8(&body)?)?;
    fields.check_complete()?;
    let right = right_of(fields.the_text("right"));
    let expires_at = fields.instant("expires_at");
    // One at a time: whether it is the first depends on those before it.
    let _turn = turn(&request).await?;
    if request.app.authenticator.has_no_keys() {
        check_first(right, expires_at)?;
    }
    let secret = new_secret().map_err(|reason| Problem::new(Code::InternalError, reason))?;
    let create = CreateKey { name: fields.text("name").unwrap_or_default(), hash: hash_of(&secret), right, expires_at };
    let operation = Request {
        operation: Operation::CreateKey(create),
        key: write::idempotency_key(&request.head())?,
        metadata: None,
        reference: None,
        by: request.caller.key,
    };
    let submission = submit(&request, &operation, dry_run).await?;
    let id = submission.id;
    let response = finish(&request, submission).await?;
    if dry_run || response.replayed {
        return Ok(response);
    }
    let ResponseBody::Whole(event) = &response.body else { return Ok(response) };
    let body = with_secret(event, &token(id, &secret));
    Ok(Response { body: ResponseBody::Whole(body), ..response })
}

async fn revoke(mut request: AsyncRequest) -> Result<Response, Problem> {
    let body = request.read_body(request.app.settings.limits.body_bytes_max).await?;
    if !body.is_empty() {
        content_type::require_json(&request.head())?;
        Fields::new(&[]).read_body(utf8(&body)?)?;
    }
    let _turn = turn(&request).await?;
    let fields = request.fields(REVOKE.query)?;
    let id = u16::try_from(fields.the_number("id")).unwrap_or(u16::MAX);
    if request.app.authenticator.is_last_admin(id) {
        let reason = "this is the last admin key that does not expire; make another first, or nobody could";
        return Err(Problem::invalid("id", reason));
    }
    let operation = Request {
        operation: Operation::RevokeKey { id },
        key: write::idempotency_key(&request.head())?,
        metadata: None,
        reference: None,
        by: request.caller.key,
    };
    let submission = submit(&request, &operation, fields.flag("dry_run").unwrap_or(false)).await?;
    finish(&request, submission).await
}

/// A response that may be sent when `seen` is durable.
struct Submission {
    seen: AsOf,
    /// The key's.
    id: u16,
    response: Result<Response, Problem>,
}

/// Waits for one's turn to make or revoke a key. Then the keys are known as they are in the ledger.
async fn turn(request: &AsyncRequest) -> Result<MutexGuard<'_, ()>, Problem> {
    let app = &request.app;
    let turn = app.authenticator.turn().await;
    app.authenticator.refresh(&app.engine).map_err(|unavailable| unavailable_problem(&unavailable))?;
    Ok(turn)
}

/// Decides, and again when events that it rests on have been brought.
async fn submit(request: &AsyncRequest, operation: &Request<'_>, dry_run: bool) -> Result<Submission, Problem> {
    let mut supply = Supply::default();
    loop {
        match decide(request, operation, dry_run) {
            Ok(submission) => return Ok(submission),
            Err(undecided) => supply.fetch(&request.app, undecided).await?,
        }
    }
}

fn decide(request: &AsyncRequest, operation: &Request<'_>, dry_run: bool) -> Result<Submission, Undecided> {
    let render = |event: &Event<'_>, state: &State| (key_id(event), write::rendered(event, state));
    match request.app.engine.submit(operation, dry_run, render) {
        Ok(submitted) => {
            let (id, (status, body)) = submitted.rendered;
            let body = ResponseBody::Whole(body);
            let response = Response { status, media: Media::Json, body, replayed: submitted.replayed };
            Ok(Submission { seen: submitted.seen, id, response: Ok(response) })
        }
        Err(Rejection::Refused { refusal, seen }) => {
            Ok(Submission { seen, id: 0, response: Err(Problem::from(&refusal)) })
        }
        Err(Rejection::Unavailable(unavailable)) => Err(Undecided::of(unavailable)),
    }
}

async fn finish(request: &AsyncRequest, submission: Submission) -> Result<Response, Problem> {
    request.app.sealer.notify();
    wait_durable(request, submission.seen).await?;
    let response = submission.response?;
    request.app.authenticator.reload(&request.app.engine).map_err(|unavailable| unavailable_problem(&unavailable))?;
    Ok(response)
}

/// The first key ends unauthenticated access, so it must have the right to make further keys.
fn check_first(right: Right, expires_at: Option<Micros>) -> Result<(), Problem> {
    if right != Right::Admin {
        return Err(Problem::invalid("right", "the first key must have the right admin, or nobody could make others"));
    }
    if expires_at.is_some() {
        return Err(Problem::invalid("expires_at", "the first key must not expire, or nobody could make others then"));
    }
    Ok(())
}

fn right_of(word: &str) -> Right {
    match word {
        "admin" => Right::Admin,
        "grant" => Right::Grant,
        "spend" => Right::Spend,
        _ => Right::Read,
    }
}

/// Puts the secret behind everything else that the event of a new key says.
pub(super) fn with_secret(event: &Bytes, token: &str) -> Bytes {
    let open = event.strip_suffix(b"}").unwrap_or(event);
    let mut whole = Vec::with_capacity(open.len() + token.len() + 16);
    whole.extend_from_slice(open);
    whole.extend_from_slice(b",\"secret\":\"");
    whole.extend_from_slice(token.as_bytes());
    whole.extend_from_slice(b"\"}");
    Bytes::from(whole)
}

/// The id of the key that an event is about.
fn key_id(event: &Event<'_>) -> u16 {
    match event.fact {
        Fact::KeyCreated { id, .. } | Fact::KeyRevoked { id } => id,
        _ => 0,
    }
}

async fn list(request: AsyncRequest) -> Result<Response, Problem> {
    request.fields(LIST.query)?;
    let out = read_names(&request, |ledger, _| {
        let mut out = Writer::with_capacity(256);
        out.raw("{\"keys\":[");
        for (id, key) in ledger.state().api_keys() {
            out.raw(if id == 1 { "" } else { "," });
            put_key(&mut out, id, key);
        }
        out.raw("]}");
        out
    });
    Ok(Response::ok(out.await?))
}

async fn own(request: AsyncRequest) -> Result<Response, Problem> {
    request.fields(OWN.query)?;
    let caller = request.caller;
    let out = read_names(&request, |ledger, _| {
        let key = ledger.state().api_keys().find(|(id, _)| *id == caller.key).map(|(_, key)| key);
        let mut out = Writer::with_capacity(128);
        out.raw("{\"id\":");
        match key {
            Some(_) => out.integer(caller.key),
            None => out.raw("null"),
        }
        out.raw(",\"name\":");
        out.text(key.map_or("", |key| &key.name));
        out.raw(",\"right\":");
        out.word(right_word(caller.right));
        out.raw(",\"expires_at\":");
        out.time_or_null(key.and_then(|key| key.expires_at));
        out.raw("}");
        out
    });
    Ok(Response::ok(out.await?))
}

fn put_key(out: &mut Writer, id: u16, key: &ApiKey) {
    out.raw("{\"id\":");
    out.integer(id);
    out.raw(",\"name\":");
    out.text(&key.name);
    out.raw(",\"right\":");
    out.word(right_word(key.right));
    out.raw(",\"created_at\":");
    out.time(key.created_at);
    out.raw(",\"expires_at\":");
    out.time_or_null(key.expires_at);
    out.raw(",\"revoked_at\":");
    out.time_or_null(key.revoked_at);
    out.raw("}");
}
