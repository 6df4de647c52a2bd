//! The schemas of responses, and all schemas by name.

use serde_json::{Map, Value, json};

use super::events::{EVENTS, movement_events, nouns_events, plan_always, plan_sometimes};
use super::values::{
    category, coins, constant, flag, integer, list_of, list_of_integers, object, one_of, or_null_of, per, reference,
    right, text, text_or_null, time, time_or_null,
};
use super::webhooks::{webhook_events, webhook_schemas};
use crate::rendering::Code;
use crate::resources::KINDS;

/// All schemas by name.
pub(super) fn all() -> Value {
    let mut schemas = Map::new();
    let mut add = |name: &str, schema: Value| drop(schemas.insert(name.to_owned(), schema));
    let events: Vec<_> = nouns_events().into_iter().chain(webhook_events()).chain(movement_events()).collect();
    let any = EVENTS.iter().filter_map(|name| events.iter().find(|(event, _)| event == name));
    let kinds = any.filter_map(|(name, schema)| Some((schema["properties"]["kind"]["const"].as_str()?, *name)));
    add("Event", one_of("kind", &kinds.collect::<Vec<_>>()));
    for (name, schema) in events.into_iter().chain(responses()).chain(webhook_schemas()).chain(lists()) {
        add(name, schema);
    }
    add("Problem", problem());
    Value::Object(schemas)
}

fn responses() -> Vec<(&'static str, Value)> {
    let balance = [("total", integer()), ("held", integer()), ("available", integer())];
    vec![
        ("Balance", object(balance, &[])),
        (
            "Lot",
            object(
                [
                    (
                        "grant",
                        json!({"type": ["integer", "null"], "format": "int64", "description": "The number of the grant event; null for plain coins."}),
                    ),
                    ("amount", integer()),
                ],
                &[("expires_at", time_or_null()), ("priority", integer()), ("category", category())],
            ),
        ),
        ("Account", {
            let [total, held, available] = [("total", integer()), ("held", integer()), ("available", integer())];
            let limits = [("floor", integer()), ("ceiling", integer()), ("frozen", flag())];
            let [floor, ceiling, frozen] = limits;
            let rules = [("thresholds", list_of_integers()), ("spend_limit", reference("Spending"))];
            object([("coin", text()), total, held, available, floor, ceiling, frozen, ("lots", list_of("Lot"))], &rules)
        }),
        (
            "Crossing",
            object(
                [
                    ("user", text()),
                    ("threshold", integer()),
                    ("direction", json!({"type": "string", "enum": ["down", "up"]})),
                ],
                &[],
            ),
        ),
        ("SpendLimit", object([("amount", integer()), ("per", per())], &[("hours", integer())])),
        (
            "Spending",
            object(
                [
                    ("amount", integer()),
                    ("per", per()),
                    ("of", json!({"type": "string", "enum": ["account", "coin"]})),
                    ("used", integer()),
                    ("left", integer()),
                    ("resets_at", time_or_null()),
                ],
                &[("hours", integer())],
            ),
        ),
        (
            "User",
            object(
                [
                    ("id", text()),
                    ("name", text_or_null()),
                    ("metadata", json!({"type": ["object", "null"]})),
                    ("closed", flag()),
                    ("created_at", time()),
                    ("coins", coins()),
                    ("accounts", list_of("Account")),
                ],
                &[],
            ),
        ),
        (
            "Coin",
            object(
                [
                    ("code", text()),
                    ("decimals", integer()),
                    ("issued", integer()),
                    ("spent", integer()),
                    ("expired", integer()),
                    ("outstanding", integer()),
                    ("held", integer()),
                ],
                &[("thresholds", list_of_integers()), ("spend_limit", reference("SpendLimit"))],
            ),
        ),
        (
            "Hold",
            object(
                [
                    ("id", integer()),
                    ("state", json!({"type": "string", "enum": ["open", "captured", "released", "expired"]})),
                    ("user", text()),
                    ("coin", text()),
                    ("amount", integer()),
                    ("held", integer()),
                    ("captured", integer()),
                    ("created_at", time()),
                    ("lots", list_of("Lot")),
                ],
                &[("expires_at", time()), ("to", text()), ("ended_at", time())],
            ),
        ),
        (
            "Grant",
            object(
                [
                    ("event", integer()),
                    ("kind", json!({"type": "string", "enum": ["grant", "rollover"]})),
                    ("user", text()),
                    ("coin", text()),
                    ("amount", integer()),
                    ("expires_at", time_or_null()),
                    ("priority", integer()),
                    ("category", category()),
                    ("followed", flag()),
                    ("created_at", time()),
                ],
                &[&places()[..], &[("schedule", text()), ("reference", text())]].concat(),
            ),
        ),
        ("GrantUse", object([("event", reference("Event"))], &places())),
        ("Schedule", {
            let [user, coin, amount, anchor, priority, category] = plan_always();
            let state = [("paused", flag()), ("next_at", time_or_null()), ("last_at", time_or_null())];
            let [paused, next_at, last_at] = state;
            let always = [("id", text()), user, coin, amount, anchor, priority, category, paused, next_at, last_at];
            object(always, &plan_sometimes())
        }),
        (
            "Occurrence",
            object(
                [("occurrence", integer()), ("at", time()), ("amount", integer()), ("expires_at", time_or_null())],
                &[],
            ),
        ),
        ("Preview", object([("occurrences", list_of("Occurrence"))], &[])),
        ("Version", object([("name", constant("tocos")), ("version", text()), ("commit", text())], &[])),
        (
            "OwnKey",
            object(
                [
                    ("id", json!({"type": ["integer", "null"], "format": "int64"})),
                    ("name", text()),
                    ("right", right()),
                    ("expires_at", time_or_null()),
                ],
                &[],
            ),
        ),
        (
            "Status",
            object(
                [
                    ("open_holds", integer()),
                    ("oldest_hold_at", time_or_null()),
                    ("expiring", list_of("Expiring")),
                    ("refusals", list_of("RefusalCount")),
                    ("refusals_by_time", reference("RefusalsByTime")),
                    ("archive", or_null_of(&reference("ArchiveStatus"))),
                ],
                &[],
            ),
        ),
        ("Expiring", object([("coin", text()), ("within_7_days", integer()), ("within_30_days", integer())], &[])),
        ("RefusalCount", object([("code", text()), ("count", integer())], &[])),
        (
            "RefusalsByTime",
            object(
                [
                    (
                        "from",
                        json!({"type": "string", "format": "date-time", "description": "When the first span began: at the start of this node, or about 24 hours ago."}),
                    ),
                    ("span_s", integer()),
                    (
                        "counts",
                        json!({"type": "array", "items": {"type": "integer", "format": "int64"}, "description": "The refusals of each span, one behind the other. The last one is not over yet."}),
                    ),
                ],
                &[],
            ),
        ),
        (
            "ArchiveStatus",
            object(
                [
                    ("lag_s", json!({"type": "number", "minimum": 0})),
                    ("lag_bytes", integer()),
                    ("last_success_at", time_or_null()),
                    ("failures", integer()),
                ],
                &[],
            ),
        ),
        ("TestClock", object([("now", time())], &[])),
        (
            "Clock",
            object(
                [
                    (
                        "ledger_time",
                        json!({"type": "string", "format": "date-time", "description": "The time of the last event. Everything that expires up to then has expired."}),
                    ),
                    ("system_time", time()),
                    (
                        "plausible",
                        json!({"type": "boolean", "description": "Whether the ledger follows the system clock. If false, nothing is written and nothing expires."}),
                    ),
                    ("ledger_ahead_s", integer()),
                ],
                &[],
            ),
        ),
        ("OpenApi", json!({"type": "object"})),
        ("Page", text()),
    ]
}

/// Where coins of a grant are, or by how much that changed.
fn places() -> [(&'static str, Value); 7] {
    ["left", "held", "spent", "moved_on", "expired", "reversed", "added"].map(|name| (name, integer()))
}

fn lists() -> Vec<(&'static str, Value)> {
    let cursor = || json!({"type": ["string", "null"], "description": "Pass it as `cursor` to get the next page; null on the last page."});
    let user = object([("id", text()), ("name", text_or_null()), ("coins", coins())], &[]);
    let entry = object(
        [
            ("event", integer()),
            ("kind", json!({"type": "string", "enum": KINDS})),
            ("coin", text()),
            ("amount", json!({"type": "integer", "format": "int64", "description": "The change of the total."})),
            ("held", json!({"type": "integer", "format": "int64", "description": "The change of the held amount."})),
            ("balance", reference("Balance")),
            ("counterpart", text_or_null()),
            ("lots", list_of("Lot")),
            ("at", time()),
        ],
        &[("metadata", json!({"type": "object"})), ("reference", text()), ("idempotency_key", text())],
    );
    let key = object(
        [
            ("id", integer()),
            ("name", text()),
            ("right", right()),
            ("created_at", time()),
            ("expires_at", time_or_null()),
            ("revoked_at", time_or_null()),
        ],
        &[],
    );
    let range = object([("first", integer()), ("last", integer())], &[]);
    vec![
        ("UserSummary", user),
        ("HistoryEntry", entry),
        ("Key", key),
        ("EventRange", range),
        ("UserList", object([("users", list_of("UserSummary")), ("next_cursor", cursor())], &[])),
        ("History", object([("entries", list_of("HistoryEntry")), ("next_cursor", cursor())], &[])),
        ("HoldList", object([("holds", list_of("Hold")), ("next_cursor", cursor())], &[])),
        ("ScheduleList", object([("schedules", list_of("Schedule")), ("next_cursor", cursor())], &[])),
        ("CoinList", object([("coins", list_of("Coin"))], &[])),
        ("EventList", object([("events", list_of("Event")), ("last_event", integer())], &[("next_after", integer())])),
        (
            "GrantUseList",
            object(
                [
                    ("uses", list_of("GrantUse")),
                    (
                        "next_after",
                        json!({"type": ["integer", "null"], "format": "int64", "description": "Pass it as `after` to get the next page; null on the last page."}),
                    ),
                ],
                &[],
            ),
        ),
        ("KeyList", object([("keys", list_of("Key"))], &[])),
        (
            "Batch",
            object(
                [
                    ("applied", integer()),
                    ("refused", integer()),
                    ("replayed", integer()),
                    ("events", or_null_of(&reference("EventRange"))),
                    (
                        "results",
                        json!({
                            "type": "array",
                            "items": {"type": "object"},
                            "description": "Events and problems. `replayed` marks an event of an earlier request; `operation` is the index of the operation that was refused.",
                        }),
                    ),
                ],
                &[],
            ),
        ),
    ]
}

fn problem() -> Value {
    let codes: Vec<&str> = Code::ALL.map(Code::as_str).to_vec();
    let about: Vec<String> = Code::ALL.iter().map(|code| format!("`{}`: {}", code.as_str(), code.title())).collect();
    let mut schema = object(
        [
            ("type", text()),
            ("title", text()),
            ("status", integer()),
            ("detail", json!({"type": "string", "description": "Explains the problem and what to do about it."})),
            ("code", json!({"type": "string", "enum": codes, "description": about.join("; ")})),
            ("retryable", json!({"type": "boolean", "description": "Whether the same request may succeed later."})),
        ],
        &[("field", json!({"type": "string", "description": "The field of the request that is wrong."}))],
    );
    // Further fields depend on the code.
    schema["additionalProperties"] = json!(true);
    schema
}
