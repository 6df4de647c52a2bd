//! Webhooks: where events are delivered to. Listing and changing them, and what was delivered lately.

mod secrets;
mod tested;

use tocos_ledger::{
    DELIVERED_KINDS, Operation, Refusal, Right, WEBHOOK_BATCH_MAX, WEBHOOK_COINS_MAX, WEBHOOK_KEEP_S_MAX,
    WebhookChange, WebhookOff,
};

use crate::json::Writer;
use crate::rendering::{self, Code, Problem, Response};
use crate::routing::{
    AsyncRequest, BodyLimit, Endpoint, Field, FieldType, METADATA, REFERENCE, Run, Write, in_path, optional,
    read_durable, required, write,
};

const WEBHOOK: Field = in_path("webhook", FieldType::Webhook, "The webhook's id, which you choose.");
const SECRET: Field = optional(
    "secret",
    FieldType::Secret,
    "What signs the requests: `whsec_` and 24 to 64 bytes in Base64. If omitted, one is made and returned in this response only.",
);
/// What the path and the query of a write say that is no single operation.
const PATH_AND_DRY_RUN: &[Field] = &[WEBHOOK, write::QUERY[0]];

pub(crate) static PUT: Endpoint = Endpoint {
    right: Some(Right::Admin),
    query: PATH_AND_DRY_RUN,
    body: &[
        required("url", FieldType::Url, "Where requests go: https://, without user name, password and fragment."),
        optional(
            "kinds",
            FieldType::Words(&DELIVERED_KINDS),
            "Only events of these kinds. Default: all but those about webhooks.",
        ),
        optional("coins", FieldType::Coins(WEBHOOK_COINS_MAX), "Only events about these coins. Default: all."),
        optional("user_prefix", FieldType::Prefix, "Only events about a user whose id begins with this."),
        optional("crossed_only", FieldType::Bool, "Only events that crossed a threshold. Default: false."),
        optional(
            "batch",
            FieldType::Integer(1, WEBHOOK_BATCH_MAX as i64),
            "How many events a request carries at most. More than 1: requests carry a list, also of one. Default: 1.",
        ),
        SECRET,
        optional(
            "from_event",
            FieldType::Event,
            "For a new webhook: the first event to deliver. Default: the next one. An existing webhook goes on where it is.",
        ),
        METADATA,
        REFERENCE,
    ],
    run: Run::Leading(BodyLimit::Request, |request| Box::pin(secrets::put(request))),
    summary: "Create or replace a webhook",
    about: "Creates a webhook, or replaces URL, filter and batch of an existing one, which goes on where it is. A `secret` that was made is returned only in this response: repeating the request with the same idempotency key does not return it again. An existing webhook keeps its secret if none is given.",
    schema: "NewWebhook",
    refusals: &[Code::CoinNotFound, Code::EventNotFound],
};

pub(crate) static ROTATE: Endpoint = Endpoint {
    right: Some(Right::Admin),
    query: PATH_AND_DRY_RUN,
    body: &[
        SECRET,
        optional(
            "keep_s",
            FieldType::Integer(0, WEBHOOK_KEEP_S_MAX as i64),
            "For how many seconds the secret before goes on signing beside the new one. Default: 86,400, a day.",
        ),
        METADATA,
        REFERENCE,
    ],
    run: Run::Leading(BodyLimit::Request, |request| Box::pin(secrets::rotate(request))),
    summary: "Replace the secret of a webhook",
    about: "Replaces the secret that signs requests. A `secret` that was made is returned only in this response.",
    schema: "RotatedWebhook",
    refusals: &[Code::WebhookNotFound],
};

pub(crate) static DELETE: Write = Write {
    op: None,
    right: Right::Admin,
    fields: &[WEBHOOK, METADATA, REFERENCE],
    operation: |fields| Ok(Operation::DeleteWebhook { webhook: fields.the_text("webhook") }),
    summary: "Delete a webhook",
    about: "Deletes a webhook. Nothing more is delivered to it.",
    schema: "WebhookDeletedEvent",
    refusals: &[Code::WebhookNotFound],
    statuses: &[200],
};

pub(crate) static DISABLE: Write = Write {
    op: None,
    right: Right::Admin,
    fields: &[WEBHOOK, METADATA, REFERENCE],
    operation: |fields| {
        let change = WebhookChange::Disable { why: WebhookOff::Requested, since: None };
        Ok(Operation::ChangeWebhook { webhook: fields.the_text("webhook"), change })
    },
    summary: "Switch a webhook off",
    about: "Delivers nothing until the webhook is switched on again. It stays where it is.",
    schema: "WebhookDisabledEvent",
    refusals: &[Code::WebhookNotFound],
    statuses: &[200],
};

pub(crate) static ENABLE: Write = Write {
    op: None,
    right: Right::Admin,
    fields: &[WEBHOOK, METADATA, REFERENCE],
    operation: |fields| {
        Ok(Operation::ChangeWebhook { webhook: fields.the_text("webhook"), change: WebhookChange::Enable })
    },
    summary: "Switch a webhook on",
    about: "Goes on with deliveries where they were, at once, also where they were failing.",
    schema: "WebhookEnabledEvent",
    refusals: &[Code::WebhookNotFound],
    statuses: &[200],
};

pub(crate) static REDELIVER: Write = Write {
    op: None,
    right: Right::Admin,
    fields: &[
        WEBHOOK,
        required("from_event", FieldType::Event, "The first event to deliver: any up to the next one."),
        METADATA,
        REFERENCE,
    ],
    operation: |fields| {
        let change = WebhookChange::Redeliver { from_event: fields.the_number("from_event") };
        Ok(Operation::ChangeWebhook { webhook: fields.the_text("webhook"), change })
    },
    summary: "Deliver again from an event on",
    about: "Goes on with deliveries from an event on, which may be an earlier or a later one. A webhook that is switched off stays so.",
    schema: "WebhookRedeliveredEvent",
    refusals: &[Code::WebhookNotFound, Code::EventNotFound],
    statuses: &[200],
};

pub(crate) static TEST: Endpoint = Endpoint {
    right: Some(Right::Admin),
    query: &[WEBHOOK],
    body: &[],
    run: Run::Leading(BodyLimit::Request, |request| Box::pin(tested::test(request))),
    summary: "Send a test to a webhook",
    about: "Sends a request of type `ping` to the webhook now, signed as all are, also if it is switched off. Returns what came of it.",
    schema: "WebhookDelivery",
    refusals: &[Code::WebhookNotFound],
};

pub(crate) static DELIVERIES: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[WEBHOOK],
    body: &[],
    // Whoever leads delivers, and nobody else knows.
    run: Run::Leading(BodyLimit::Request, |request| Box::pin(tested::deliveries(request))),
    summary: "List the last deliveries to a webhook",
    about: "Lists the last 50 requests to the webhook since the start of the node that delivers, the newest first, with the first bytes of each answer.",
    schema: "WebhookDeliveryList",
    refusals: &[Code::WebhookNotFound],
};

pub(crate) static GET: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[WEBHOOK],
    body: &[],
    run: Run::Async(|request| Box::pin(get(request))),
    summary: "Get a webhook",
    about: "Returns a webhook and how far its deliveries have come, without its secret.",
    schema: "Webhook",
    refusals: &[Code::WebhookNotFound],
};

pub(crate) static LIST: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[],
    body: &[],
    run: Run::Async(|request| Box::pin(list(request))),
    summary: "List webhooks",
    about: "Lists all webhooks, ordered by id. There are at most 100.",
    schema: "WebhookList",
    refusals: &[],
};

fn not_found(id: &str) -> Problem {
    Problem::from(&Refusal::WebhookNotFound { webhook: id.into() })
}

async fn get(request: AsyncRequest) -> Result<Response, Problem> {
    let fields = request.fields(GET.query)?;
    let id = fields.the_text("webhook");
    let attempts = request.app.webhooks.attempts();
    let figures = attempts.map(|attempts| attempts.figures(id)).unwrap_or_default();
    let last = request.app.engine.durable_event();
    let found = read_durable(&request, |ledger, _| {
        let webhook = ledger.state().webhook(id)?;
        let mut out = Writer::with_capacity(512);
        rendering::webhook(&mut out, webhook, ledger.state(), &figures, last);
        Some(out)
    });
    found.await?.map(Response::ok).ok_or_else(|| not_found(id))
}

async fn list(request: AsyncRequest) -> Result<Response, Problem> {
    request.fields(LIST.query)?;
    let attempts = request.app.webhooks.attempts();
    let last = request.app.engine.durable_event();
    let out = read_durable(&request, |ledger, _| {
        let mut out = Writer::with_capacity(64 + ledger.state().webhook_count() * 512);
        out.raw("{\"webhooks\":[");
        for (at, webhook) in ledger.state().webhooks().enumerate() {
            out.raw(if at == 0 { "" } else { "," });
            let figures = attempts.map(|attempts| attempts.figures(&webhook.id)).unwrap_or_default();
            rendering::webhook(&mut out, webhook, ledger.state(), &figures, last);
        }
        out.raw("]}");
        out
    });
    Ok(Response::ok(out.await?))
}
