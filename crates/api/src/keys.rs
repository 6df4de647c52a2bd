//! API keys: making, listing, revoking. The secret is shown once and kept nowhere.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use bytes::Bytes;
use tocos_engine::{Engine, Rejection};
use tocos_ledger::{ApiKey, CreateKey, Event, Fact, Micros, Operation, Request, Right, State};

use crate::answer::{Answer, AnswerBody, Media};
use crate::body;
use crate::fields::{Fields, in_path, optional, required};
use crate::gate::hash_of;
use crate::json::Writer;
use crate::kind::Kind;
use crate::problem::{Code, Problem};
use crate::render::right_word;
use crate::request::{Call, look, settled, unavailable_problem, utf8};
use crate::route::{Endpoint, Run};
use crate::write;

/// A secret that somebody else made is at least this long.
const FIRST_SECRET_BYTES_MIN: usize = 32;
const RIGHTS: &[&str] = &["read", "spend", "grant", "admin"];

pub(crate) static CREATE: Endpoint = Endpoint {
    right: Some(Right::Admin),
    query: write::QUERY,
    body: &[
        optional("name", Kind::Name, "What people call it."),
        required("right", Kind::Word(RIGHTS), "What it may do; each right includes those before it."),
        optional("expires_at", Kind::Time, "When it stops working; never without."),
    ],
    run: Run::Later(|call| Box::pin(create(call))),
    about: "Makes an API key. Its `secret` is in this answer and nowhere else: a repetition of the request with the same idempotency key does not show it again.",
    answer: "NewKey",
    refusals: &[],
};

pub(crate) static LIST: Endpoint = Endpoint {
    right: Some(Right::Admin),
    query: &[],
    body: &[],
    run: Run::Later(|call| Box::pin(list(call))),
    about: "All API keys, without their secrets.",
    answer: "Keys",
    refusals: &[],
};

pub(crate) static REVOKE: Endpoint = Endpoint {
    right: Some(Right::Admin),
    query: &[
        in_path("id", Kind::Integer(1, u16::MAX as i64), "The key."),
        optional("dry_run", Kind::Bool, "Answer as if it were done, and do nothing."),
    ],
    body: &[],
    run: Run::Later(|call| Box::pin(revoke(call))),
    about: "Makes an API key useless, for good.",
    answer: "Event",
    refusals: &[Code::KeyNotFound],
};

async fn create(mut call: Call) -> Result<Answer, Problem> {
    let dry_run = write::dry_run(&call.head())?;
    let body = call.read_body(call.app.settings.limits.body_bytes_max).await?;
    body::require_json(&call.head())?;
    let mut fields = Fields::new(CREATE.body);
    fields.read_body(utf8(&body)?)?;
    fields.check_complete()?;
    let right = right_of(fields.the_text("right"));
    let expires_at = fields.instant("expires_at");
    // One at a time: whether it is the first depends on those before it.
    let _turn = call.app.gate.turn().await;
    if call.app.gate.is_open() {
        check_first(right, expires_at)?;
    }
    let secret = new_secret()?;
    let create = CreateKey { name: fields.text("name").unwrap_or_default(), hash: hash_of(&secret), right, expires_at };
    let request = Request {
        operation: Operation::CreateKey(create),
        key: write::idempotency_key(&call.head())?,
        metadata: None,
        by: call.caller.key,
    };
    let done = submit(&call, &request, dry_run)?;
    let id = done.id;
    let answer = settle(&call, done).await?;
    if dry_run || answer.replayed {
        return Ok(answer);
    }
    let AnswerBody::Whole(event) = &answer.body else { return Ok(answer) };
    let body = with_secret(event, &token(id, &secret));
    Ok(Answer { body: AnswerBody::Whole(body), ..answer })
}

async fn revoke(mut call: Call) -> Result<Answer, Problem> {
    let body = call.read_body(call.app.settings.limits.body_bytes_max).await?;
    if !body.is_empty() {
        body::require_json(&call.head())?;
        Fields::new(&[]).read_body(utf8(&body)?)?;
    }
    let _turn = call.app.gate.turn().await;
    let fields = call.fields(REVOKE.query)?;
    let id = u16::try_from(fields.the_number("id")).unwrap_or(u16::MAX);
    if call.app.gate.is_last_admin(id) {
        let reason = "this is the last admin key that does not expire; make another first, or nobody could";
        return Err(Problem::invalid("id", reason));
    }
    let request = Request {
        operation: Operation::RevokeKey { id },
        key: write::idempotency_key(&call.head())?,
        metadata: None,
        by: call.caller.key,
    };
    let done = submit(&call, &request, fields.flag("dry_run").unwrap_or(false))?;
    settle(&call, done).await
}

/// An answer that may be told when event `seen` is on the disk.
struct Done {
    seen: u64,
    /// The key's.
    id: u16,
    outcome: Result<Answer, Problem>,
}

fn submit(call: &Call, request: &Request<'_>, dry_run: bool) -> Result<Done, Problem> {
    let render = |event: &Event<'_>, state: &State| (key_id(event), write::rendered(event, state));
    match call.app.engine.submit(request, dry_run, render) {
        Ok(submitted) => {
            let (id, (status, body)) = submitted.answer;
            let body = AnswerBody::Whole(body);
            let answer = Answer { status, media: Media::Json, body, replayed: submitted.replayed };
            Ok(Done { seen: submitted.seen, id, outcome: Ok(answer) })
        }
        Err(Rejection::Refused { refusal, seen }) => Ok(Done { seen, id: 0, outcome: Err(Problem::from(&refusal)) }),
        Err(Rejection::Unavailable(unavailable)) => Err(unavailable_problem(&unavailable)),
    }
}

async fn settle(call: &Call, done: Done) -> Result<Answer, Problem> {
    call.app.sealer.tell();
    settled(call.app.engine.durable(done.seen)).await?;
    let answer = done.outcome?;
    call.app.gate.reload(&call.app.engine).map_err(|unavailable| unavailable_problem(&unavailable))?;
    Ok(answer)
}

/// The first key shuts the door that stood open, so it must be able to open it again.
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

/// 256 random bits.
fn new_secret() -> Result<String, Problem> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| {
        Problem::new(Code::InternalError, format!("The operating system gave no random bytes: {error}."))
    })?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(random))
}

/// Puts the secret behind everything else that the event of a new key says.
fn with_secret(event: &Bytes, token: &str) -> Bytes {
    let open = event.strip_suffix(b"}").unwrap_or(event);
    let mut whole = Vec::with_capacity(open.len() + token.len() + 16);
    whole.extend_from_slice(open);
    whole.extend_from_slice(b",\"secret\":\"");
    whole.extend_from_slice(token.as_bytes());
    whole.extend_from_slice(b"\"}");
    Bytes::from(whole)
}

/// What a client sends: the key's id finds it, the secret proves it.
fn token(id: u16, secret: &str) -> String {
    format!("tocos_{id}_{secret}")
}

/// Makes the first API key of a ledger whose service is not running, and gives what a client sends.
///
/// # Errors
/// Words that say why not: there is a key already, or the ledger can't be written.
pub fn create_first_key(engine: &Engine, name: &str) -> Result<String, String> {
    let token = new_first_key()?;
    adopt_first_key(engine, name, &token)?;
    Ok(token)
}

/// What a client will send once [`adopt_first_key`] has made it the first API key of a ledger.
///
/// # Errors
/// Words that say why the operating system gave no random bytes.
pub fn new_first_key() -> Result<String, String> {
    new_secret().map(|secret| token(1, &secret)).map_err(|problem| problem.detail().to_owned())
}

/// Makes `token` the first API key of a ledger whose service is not running, with all rights and for good.
///
/// # Errors
/// Words that say why not: it has not the form `tocos_1_SECRET`, there is a key already, or the ledger can't be written.
pub fn adopt_first_key(engine: &Engine, name: &str, token: &str) -> Result<(), String> {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let secret = token
        .strip_prefix("tocos_1_")
        .filter(|secret| secret.len() >= FIRST_SECRET_BYTES_MIN && secret.bytes().all(is_plain))
        .ok_or("a first key is written tocos_1_ and then 32 or more of A-Z a-z 0-9 - _, chosen by chance")?;
    if has_keys(engine)? {
        return Err("this ledger has API keys already; make further ones with an admin key".to_owned());
    }
    let create = CreateKey { name, hash: hash_of(secret), right: Right::Admin, expires_at: None };
    let request = Request { operation: Operation::CreateKey(create), key: None, metadata: None, by: 0 };
    let submitted = engine.submit(&request, false, |_, _| ()).map_err(|rejection| match rejection {
        Rejection::Refused { refusal, .. } => refusal.to_string(),
        Rejection::Unavailable(unavailable) => unavailable.to_string(),
    })?;
    engine.seal();
    engine.durable(submitted.seen).wait().map_err(|unavailable| unavailable.to_string())
}

/// Whether a ledger ever had an API key.
///
/// # Errors
/// Words that say why the ledger can't be read.
pub fn has_keys(engine: &Engine) -> Result<bool, String> {
    let keys = engine.read(|ledger, _| ledger.state().api_keys().count()).map_err(|error| error.to_string())?;
    Ok(keys.value > 0)
}

/// The id of the key that an event is about.
fn key_id(event: &Event<'_>) -> u16 {
    match event.fact {
        Fact::KeyCreated { id, .. } | Fact::KeyRevoked { id } => id,
        _ => 0,
    }
}

async fn list(call: Call) -> Result<Answer, Problem> {
    call.fields(LIST.query)?;
    let out = look(&call.app, |ledger, _| {
        let mut out = Writer::with_capacity(256);
        out.raw("{\"keys\":[");
        for (id, key) in ledger.state().api_keys() {
            out.raw(if id == 1 { "" } else { "," });
            put_key(&mut out, id, key);
        }
        out.raw("]}");
        out
    });
    Ok(Answer::ok(out.await?))
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
