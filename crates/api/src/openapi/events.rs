//! The schemas of events, by kind.

use serde_json::{Value, json};

use super::values::{
    category, constant, flag, integer, integer_or_null, list_of, list_of_integers, object, or_null_of, per, reference,
    right, text, text_or_null, time, time_or_null,
};

/// An event of a kind: what all have, and what this one has besides.
pub(super) fn event<const N: usize>(kind: &str, always: [(&str, Value); N], sometimes: &[(&str, Value)]) -> Value {
    let mut more = vec![
        ("metadata", json!({"type": "object"})),
        ("reference", text()),
        ("idempotency_key", text()),
        (
            "by",
            json!({"type": "integer", "format": "int64", "description": "The id of the API key that made the request."}),
        ),
    ];
    more.extend_from_slice(sometimes);
    let mut schema = object(always, &more);
    schema["properties"]["event"] =
        json!({"type": "integer", "format": "int64", "description": "The event number: 1, 2, 3, ..."});
    schema["properties"]["kind"] = constant(kind);
    schema["properties"]["at"] = time();
    if let Some(required) = schema["required"].as_array_mut() {
        required.extend([json!("event"), json!("kind"), json!("at")]);
    }
    schema
}

/// An event that moves coins.
fn movement<const N: usize>(kind: &str, always: [(&str, Value); N], sometimes: &[(&str, Value)]) -> Value {
    let mut schema = event(kind, always, sometimes);
    let balances = json!({
        "type": "object", "additionalProperties": reference("Balance"),
        "description": "The balance of each user involved, after this event.",
    });
    for (name, value) in [("coin", text()), ("amount", integer()), ("lots", list_of("Lot")), ("balances", balances)] {
        schema["properties"][name] = value;
        if let Some(required) = schema["required"].as_array_mut() {
            required.push(json!(name));
        }
    }
    schema["properties"]["crossed"] = json!({
        "type": "array", "items": reference("Crossing"),
        "description": "The thresholds that were crossed, if any were.",
    });
    schema
}

/// What every schedule says.
pub(super) fn plan_always() -> [(&'static str, Value); 6] {
    [
        ("user", text()),
        ("coin", text()),
        ("amount", integer()),
        ("anchor", time()),
        ("priority", integer()),
        ("category", category()),
    ]
}

/// What a schedule says that was given more.
pub(super) fn plan_sometimes() -> Vec<(&'static str, Value)> {
    let expires = || json!({"type": "string", "enum": ["never", "at_next"]});
    vec![
        ("every_days", integer()),
        ("every_months", integer()),
        ("starts_at", time()),
        ("ends_at", time()),
        ("occurrences", integer()),
        ("expires", expires()),
        ("expires_after_s", integer()),
        ("rollover_max", integer()),
        ("rollover_expires", expires()),
        ("rollover_expires_after_s", integer()),
    ]
}

/// The kinds of events, by the names of their schemas.
pub(super) const EVENTS: [&str; 33] = [
    "UserEvent",
    "UserClosedEvent",
    "CoinEvent",
    "LimitsEvent",
    "ThresholdsEvent",
    "SpendLimitEvent",
    "ScheduleEvent",
    "ScheduleDeletedEvent",
    "SchedulePausedEvent",
    "ScheduleResumedEvent",
    "GrantEvent",
    "SpendEvent",
    "TransferEvent",
    "HoldEvent",
    "CaptureEvent",
    "ReleaseEvent",
    "HoldExpiredEvent",
    "ExtendEvent",
    "ExpireEvent",
    "RolloverEvent",
    "AdjustmentEvent",
    "ReverseEvent",
    "KeyEvent",
    "KeyRevokedEvent",
    "LeaderEvent",
    "WebhookEvent",
    "WebhookDeletedEvent",
    "WebhookRotatedEvent",
    "WebhookDisabledEvent",
    "WebhookEnabledEvent",
    "WebhookRedeliveredEvent",
    "WebhookFailingEvent",
    "WebhookProgressEvent",
];

pub(super) fn nouns_events() -> Vec<(&'static str, Value)> {
    let key = [("id", integer()), ("name", text()), ("right", right()), ("expires_at", time_or_null())];
    let mut new_key = event("key", key.clone(), &[]);
    new_key["properties"]["secret"] = json!({"type": "string", "description": "The secret that clients send. Returned only once, and not in a dry run."});
    vec![
        ("UserEvent", event("user", [("user", text()), ("name", text_or_null()), ("created", flag())], &[])),
        ("UserClosedEvent", event("user_closed", [("user", text())], &[])),
        ("CoinEvent", event("coin", [("coin", text()), ("decimals", integer()), ("created", flag())], &[])),
        (
            "LimitsEvent",
            event(
                "limits",
                [("user", text()), ("coin", text()), ("floor", integer()), ("ceiling", integer()), ("frozen", flag())],
                &[],
            ),
        ),
        (
            "ThresholdsEvent",
            event(
                "thresholds",
                [("coin", text()), ("thresholds", or_null_of(&list_of_integers()))],
                &[("user", text())],
            ),
        ),
        (
            "SpendLimitEvent",
            event(
                "spend_limit",
                [("coin", text()), ("amount", integer_or_null())],
                &[("user", text()), ("per", per()), ("hours", integer())],
            ),
        ),
        ("ScheduleEvent", {
            let [user, coin, amount, anchor, priority, category] = plan_always();
            let always = [("schedule", text()), user, coin, amount, anchor, priority, category, ("next_at", time())];
            event("schedule", always, &plan_sometimes())
        }),
        ("ScheduleDeletedEvent", event("schedule_deleted", [("schedule", text())], &[])),
        ("SchedulePausedEvent", event("schedule_paused", [("schedule", text())], &[])),
        (
            "ScheduleResumedEvent",
            event("schedule_resumed", [("schedule", text()), ("next_occurrence", integer_or_null())], &[]),
        ),
        (
            "ExtendEvent",
            event(
                "extend",
                [
                    ("hold", integer()),
                    ("state", constant("open")),
                    ("user", text()),
                    ("coin", text()),
                    ("expires_at", time()),
                ],
                &[],
            ),
        ),
        ("KeyEvent", event("key", key, &[])),
        ("NewKey", new_key),
        ("KeyRevokedEvent", event("key_revoked", [("id", integer())], &[])),
        ("LeaderEvent", event("leader", [("epoch", integer()), ("node", text())], &[])),
    ]
}

pub(super) fn movement_events() -> Vec<(&'static str, Value)> {
    let to = [("to", text())];
    let ended =
        |state: &str| [("hold", integer()), ("state", constant(state)), ("user", text()), ("expired", integer())];
    vec![
        (
            "GrantEvent",
            movement(
                "grant",
                [("user", text()), ("expires_at", time_or_null()), ("priority", integer()), ("category", category())],
                &[
                    ("lot", flag()),
                    ("schedule", text()),
                    ("occurrence", integer()),
                    ("due_at", time()),
                    ("scheduled", integer()),
                ],
            ),
        ),
        (
            "SpendEvent",
            movement(
                "spend",
                [("user", text())],
                &[("to", text()), ("requested", integer()), ("mode", constant("up_to"))],
            ),
        ),
        ("TransferEvent", movement("transfer", [("from", text()), ("to", text())], &[])),
        (
            "HoldEvent",
            movement(
                "hold",
                [
                    ("id", integer()),
                    ("state", constant("open")),
                    ("user", text()),
                    ("held", integer()),
                    ("expires_at", time()),
                ],
                &to,
            ),
        ),
        (
            "CaptureEvent",
            movement(
                "capture",
                [
                    ("hold", integer()),
                    ("state", json!({"type": "string", "enum": ["open", "captured"]})),
                    ("user", text()),
                    ("final", flag()),
                    ("released", integer()),
                    ("expired", integer()),
                    ("held", integer()),
                ],
                &to,
            ),
        ),
        ("ReleaseEvent", movement("release", ended("released"), &[])),
        ("HoldExpiredEvent", movement("hold_expired", ended("expired"), &[])),
        ("ExpireEvent", movement("expire", [("user", text())], &[])),
        (
            "RolloverEvent",
            movement(
                "rollover",
                [
                    ("user", text()),
                    ("schedule", text()),
                    ("occurrence", integer()),
                    ("due_at", time()),
                    ("expires_at", time_or_null()),
                ],
                &[],
            ),
        ),
        (
            "AdjustmentEvent",
            movement(
                "adjustment",
                [
                    ("user", text()),
                    ("schedule", text()),
                    ("due_at", time()),
                    ("direction", json!({"type": "string", "enum": ["up", "down"]})),
                    ("scheduled_before", integer()),
                    ("scheduled", integer()),
                ],
                &[],
            ),
        ),
        (
            "ReverseEvent",
            movement(
                "reverse",
                [("of", integer()), ("of_kind", text()), ("remaining", integer()), ("expired", integer())],
                &[
                    ("user", text()),
                    ("from", text()),
                    ("to", text()),
                    ("mode", constant("up_to")),
                    ("requested", integer()),
                    ("debt", integer()),
                ],
            ),
        ),
    ]
}
