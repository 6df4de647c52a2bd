//! The schemas of webhooks, of their events and of what is delivered to them.

use serde_json::{Value, json};

use super::events::event;
use super::values::{
    flag, integer, integer_or_null, list_of, object, or_null_of, text, text_or_null, time, time_or_null,
};
use tocos_ledger::DELIVERED_KINDS;

fn kinds() -> Value {
    or_null_of(&json!({"type": "array", "items": {"type": "string", "enum": DELIVERED_KINDS}}))
}

fn codes() -> Value {
    or_null_of(&json!({"type": "array", "items": text()}))
}

fn reason() -> Value {
    json!({"type": "string", "enum": ["requested", "gone", "failing"]})
}

fn secret() -> Value {
    json!({"type": "string", "description": "The secret that signs requests. Returned only once, only if the service made it, and not in a dry run."})
}

fn terms() -> [(&'static str, Value); 6] {
    [
        ("url", text()),
        ("kinds", kinds()),
        ("coins", codes()),
        ("user_prefix", text_or_null()),
        ("crossed_only", flag()),
        ("batch", integer()),
    ]
}

pub(super) fn webhook_events() -> Vec<(&'static str, Value)> {
    let named = || ("webhook", text());
    let put = || {
        let [url, kinds, coins, prefix, crossed, batch] = terms();
        let (from_event, created) = (("from_event", integer()), ("created", flag()));
        event("webhook", [named(), url, kinds, coins, prefix, crossed, batch, from_event, created], &[])
    };
    let rotated = || event("webhook_rotated", [named(), ("keep_s", integer())], &[]);
    let (mut new, mut renewed) = (put(), rotated());
    new["properties"]["secret"] = secret();
    renewed["properties"]["secret"] = secret();
    vec![
        ("WebhookEvent", put()),
        ("NewWebhook", new),
        ("WebhookDeletedEvent", event("webhook_deleted", [named()], &[])),
        ("WebhookRotatedEvent", rotated()),
        ("RotatedWebhook", renewed),
        ("WebhookDisabledEvent", event("webhook_disabled", [named(), ("reason", reason())], &[])),
        ("WebhookEnabledEvent", event("webhook_enabled", [named()], &[])),
        ("WebhookRedeliveredEvent", event("webhook_redelivered", [named(), ("from_event", integer())], &[])),
        ("WebhookFailingEvent", event("webhook_failing", [named()], &[])),
        ("WebhookProgressEvent", event("webhook_progress", [named(), ("through", integer())], &[])),
    ]
}

pub(super) fn webhook_schemas() -> Vec<(&'static str, Value)> {
    let [url, kinds, coins, prefix, crossed, batch] = terms();
    let always = [
        ("id", text()),
        url,
        kinds,
        coins,
        prefix,
        crossed,
        batch,
        (
            "through",
            json!({"type": "integer", "format": "int64", "description": "All events through this one were delivered, or are not for it."}),
        ),
        ("pending_events", integer()),
        ("enabled", flag()),
        ("disabled_reason", or_null_of(&reason())),
        ("disabled_at", time_or_null()),
        ("failing_since", time_or_null()),
        ("old_secret_until", time_or_null()),
        ("created_at", time()),
    ];
    let delivery = [
        ("at", time()),
        ("message", json!({"type": "string", "description": "The request's `webhook-id`."})),
        ("first_event", integer_or_null()),
        ("last_event", integer_or_null()),
        ("events", integer()),
        ("delivered", flag()),
        ("status", integer_or_null()),
        ("took_ms", integer()),
        ("answer", json!({"type": "string", "description": "The first 1,024 bytes of the answer's body."})),
        ("error", text_or_null()),
    ];
    vec![
        ("Webhook", object(always, &[])),
        ("WebhookList", object([("webhooks", list_of("Webhook"))], &[])),
        ("WebhookDelivery", object(delivery, &[])),
        ("WebhookDeliveryList", object([("deliveries", list_of("WebhookDelivery"))], &[])),
    ]
}
