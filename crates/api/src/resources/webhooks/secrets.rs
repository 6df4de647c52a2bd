//! Putting webhooks and replacing their secrets. A secret that is made here is shown once.

use std::borrow::Cow;

use tocos_engine::Rejection;
use tocos_http::ResponseBody;
use tocos_ledger::{
    Event, EventKinds, Fact, Operation, PutWebhook, Request, WEBHOOK_KEEP_S_DEFAULT, WebhookChange, WebhookSecret,
};
use tocos_webhooks::{Target, secret_from_text, secret_text};

use super::{PUT, ROTATE};
use crate::rendering::{Code, Media, Problem, Response};
use crate::resources::keys::with_secret;
use crate::routing::{AsyncRequest, Field, Fields, Supply, Undecided, content_type, utf8, wait_durable, write};

/// Bytes of a secret that is made here: as many as the signature has.
const SECRET_BYTES: usize = 32;

pub(super) async fn put(mut request: AsyncRequest) -> Result<Response, Problem> {
    let body = request.read_body(request.app.settings.limits.body_bytes_max).await?;
    let fields = read(&request, PUT.body, &body)?;
    let path = request.fields(PUT.query)?;
    Target::parse(fields.the_text("url"), &request.app.settings.webhooks.policy)
        .map_err(|error| Problem::invalid("url", error))?;
    let texts = |name| fields.texts(name).unwrap_or_default().iter().map(Cow::as_ref);
    let put = PutWebhook {
        webhook: path.the_text("webhook"),
        url: fields.the_text("url"),
        kinds: EventKinds::of(texts("kinds")).map_err(|refusal| Problem::from(&refusal))?,
        coins: texts("coins").collect(),
        prefix: fields.text("user_prefix"),
        crossed: fields.flag("crossed_only").unwrap_or(false),
        // The list of fields bounds it.
        batch: fields.integer("batch").unwrap_or(1) as u16,
        secret: brought(&fields)?,
        fresh: fresh()?,
        from_event: fields.number("from_event"),
    };
    submit(&request, &fields, Operation::PutWebhook(Box::new(put)), path.flag("dry_run").unwrap_or(false)).await
}

pub(super) async fn rotate(mut request: AsyncRequest) -> Result<Response, Problem> {
    let body = request.read_body(request.app.settings.limits.body_bytes_max).await?;
    let fields = read(&request, ROTATE.body, &body)?;
    let path = request.fields(ROTATE.query)?;
    let brought = brought(&fields)?;
    let change = WebhookChange::Rotate {
        secret: brought.map_or_else(fresh, Ok)?,
        brought: brought.is_some(),
        // The list of fields bounds it.
        keep_s: fields.integer("keep_s").map_or(WEBHOOK_KEEP_S_DEFAULT, |keep_s| keep_s as u32),
    };
    let operation = Operation::ChangeWebhook { webhook: path.the_text("webhook"), change };
    submit(&request, &fields, operation, path.flag("dry_run").unwrap_or(false)).await
}

fn read<'b>(request: &AsyncRequest, list: &'static [Field], body: &'b [u8]) -> Result<Fields<'b>, Problem> {
    let mut fields = Fields::new(list);
    if !body.is_empty() {
        content_type::require_json(&request.head())?;
        fields.read_body(utf8(body)?)?;
    }
    fields.check_complete()?;
    Ok(fields)
}

/// The secret that the client brought.
fn brought(fields: &Fields<'_>) -> Result<Option<WebhookSecret>, Problem> {
    let Some(text) = fields.text("secret") else { return Ok(None) };
    let secret = secret_from_text(text).map_err(|reason| Problem::invalid("secret", reason))?;
    Ok(WebhookSecret::new(&secret))
}

fn fresh() -> Result<WebhookSecret, Problem> {
    let mut random = [0; SECRET_BYTES];
    let no_random = |reason: String| Problem::new(Code::InternalError, reason);
    getrandom::fill(&mut random)
        .map_err(|error| no_random(format!("The operating system gave no random bytes: {error}.")))?;
    WebhookSecret::new(&random).ok_or_else(|| no_random("A secret has another length.".to_owned()))
}

/// The secret that an event took into use and that the client does not know yet.
fn made(event: &Event<'_>) -> Option<WebhookSecret> {
    match &event.fact {
        Fact::WebhookPut(put) if !put.brought => put.secret,
        Fact::WebhookChanged { change: WebhookChange::Rotate { secret, brought: false, .. }, .. } => Some(*secret),
        _ => None,
    }
}

async fn submit(
    request: &AsyncRequest,
    fields: &Fields<'_>,
    operation: Operation<'_>,
    dry_run: bool,
) -> Result<Response, Problem> {
    let [metadata, reference] = fields.metadata_and_reference();
    let key = write::idempotency_key(&request.head())?;
    let operation = Request { operation, key, metadata, reference, by: request.caller.key };
    let mut supply = Supply::default();
    let submitted = loop {
        let render = |event: &Event<'_>, state: &_| (made(event), write::rendered(event, state));
        match request.app.engine.submit(&operation, dry_run, render) {
            Err(Rejection::Unavailable(unavailable)) => {
                supply.fetch(&request.app, Undecided::of(unavailable)).await?;
            }
            Err(Rejection::Refused { refusal, seen }) => {
                request.app.sealer.notify();
                wait_durable(request, seen).await?;
                return Err(Problem::from(&refusal));
            }
            Ok(submitted) => break submitted,
        }
    };
    request.app.sealer.notify();
    wait_durable(request, submitted.seen).await?;
    request.app.webhooks.changed();
    let (made, (status, event)) = submitted.rendered;
    let body = match made.filter(|_| !dry_run && !submitted.replayed) {
        Some(secret) => with_secret(&event, &secret_text(secret.bytes())),
        None => event,
    };
    Ok(Response { status, media: Media::Json, body: ResponseBody::Whole(body), replayed: submitted.replayed })
}
