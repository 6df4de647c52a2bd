//! The schemas of values in requests and responses.

use serde_json::{Map, Value, json};

use crate::rendering::Code;
use crate::resources::KINDS;
use crate::routing::FieldType;

/// A reference to a schema by its name.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// What a kind of value looks like; `null` is as good as leaving an optional field out.
pub(super) fn of_type(kind: FieldType, or_null: bool) -> Value {
    let mut schema = match kind {
        // That it is printable and in NFC a pattern can't say; the format's name stands for it.
        FieldType::User => json!({
            "type": "string", "format": "tocos-user-id", "minLength": 1, "maxLength": 128,
            "description": "Printable Unicode in NFC. Must not begin with @, be . or .., contain / ? #, or begin or end with a space. \
                            Percent-encoded in paths.",
        }),
        FieldType::Coin => json!({"type": "string", "pattern": "^[a-z][a-z0-9_-]*$", "minLength": 1, "maxLength": 16}),
        // The bound is 256 bytes of UTF-8, which a schema can't say.
        FieldType::Name => {
            json!({"type": "string", "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$", "maxLength": 256})
        }
        FieldType::Prefix => json!({"type": "string", "maxLength": 128}),
        FieldType::Cursor => json!({"type": "string"}),
        FieldType::Amount | FieldType::Event | FieldType::Integer(..) => {
            let (least, most) = kind.bounds();
            // Languages whose integers have sizes assume 32 bits without a format.
            let format = if i32::try_from(most).is_ok() { "int32" } else { "int64" };
            json!({"type": "integer", "format": format, "minimum": least, "maximum": most})
        }
        FieldType::Bool => json!({"type": "boolean"}),
        FieldType::Time => json!({"type": "string", "format": "date-time"}),
        FieldType::Moment => json!({"oneOf": [of_type(FieldType::Event, false), of_type(FieldType::Time, false)]}),
        FieldType::Metadata => json!({"type": "object"}),
        FieldType::Word(words) => json!({"type": "string", "enum": words}),
    };
    if !or_null {
        return schema;
    }
    if schema.get("enum").is_some() {
        // Generators of clients make a word of a null among the words, or give up.
        return or_null_of(&schema);
    }
    schema["type"] = json!([schema["type"], "null"]);
    schema
}

/// This or null, as generators of clients take it for any schema.
fn or_null_of(schema: &Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

fn integer() -> Value {
    json!({"type": "integer", "format": "int64"})
}

fn text() -> Value {
    json!({"type": "string"})
}

fn text_or_null() -> Value {
    json!({"type": ["string", "null"]})
}

fn flag() -> Value {
    json!({"type": "boolean"})
}

fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

fn time_or_null() -> Value {
    json!({"type": ["string", "null"], "format": "date-time"})
}

/// One word and no other.
pub(super) fn constant(word: &str) -> Value {
    json!({"type": "string", "const": word})
}

fn list_of(name: &str) -> Value {
    json!({"type": "array", "items": reference(name)})
}

/// One of these schemas; the value of a field is the discriminator.
pub(super) fn one_of(field: &str, schemas: &[(&str, impl AsRef<str>)]) -> Value {
    let references: Vec<Value> = schemas.iter().map(|(_, name)| reference(name.as_ref())).collect();
    let mapping: Map<String, Value> =
        schemas.iter().zip(&references).map(|((word, _), to)| ((*word).to_owned(), to["$ref"].clone())).collect();
    json!({"oneOf": references, "discriminator": {"propertyName": field, "mapping": mapping}})
}

/// An object with fields that are always there, fields that may be, and no others.
fn object<const N: usize>(always: [(&str, Value); N], sometimes: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = always.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        always.into_iter().chain(sometimes.iter().cloned()).map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

/// An event of a kind: what all have, and what this one has besides.
fn event<const N: usize>(kind: &str, always: [(&str, Value); N], sometimes: &[(&str, Value)]) -> Value {
    let mut more = vec![
        ("metadata", json!({"type": "object"})),
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
    schema
}

/// The kinds of events, by the names of their schemas.
const EVENTS: [&str; 16] = [
    "UserEvent",
    "UserClosedEvent",
    "CoinEvent",
    "LimitsEvent",
    "GrantEvent",
    "SpendEvent",
    "TransferEvent",
    "HoldEvent",
    "CaptureEvent",
    "ReleaseEvent",
    "HoldExpiredEvent",
    "ExtendEvent",
    "ExpireEvent",
    "ReverseEvent",
    "KeyEvent",
    "KeyRevokedEvent",
];

/// All schemas by name.
pub(super) fn all() -> Value {
    let mut schemas = Map::new();
    let mut add = |name: &str, schema: Value| drop(schemas.insert(name.to_owned(), schema));
    let events: Vec<_> = nouns_events().into_iter().chain(movement_events()).collect();
    let any = EVENTS.iter().filter_map(|name| events.iter().find(|(event, _)| event == name));
    let kinds = any.filter_map(|(name, schema)| Some((schema["properties"]["kind"]["const"].as_str()?, *name)));
    add("Event", one_of("kind", &kinds.collect::<Vec<_>>()));
    for (name, schema) in events.into_iter().chain(responses()).chain(lists()) {
        add(name, schema);
    }
    add("Problem", problem());
    Value::Object(schemas)
}

fn nouns_events() -> Vec<(&'static str, Value)> {
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
    ]
}

fn movement_events() -> Vec<(&'static str, Value)> {
    let to = [("to", text())];
    let ended =
        |state: &str| [("hold", integer()), ("state", constant(state)), ("user", text()), ("expired", integer())];
    vec![
        (
            "GrantEvent",
            movement(
                "grant",
                [("user", text()), ("expires_at", time_or_null()), ("priority", integer()), ("category", category())],
                &[],
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
            "ReverseEvent",
            movement(
                "reverse",
                [("of", integer()), ("of_type", text()), ("remaining", integer()), ("expired", integer())],
                &[("user", text()), ("from", text()), ("to", text())],
            ),
        ),
    ]
}

fn right() -> Value {
    json!({"type": "string", "enum": ["read", "spend", "grant", "admin"]})
}

fn category() -> Value {
    json!({"type": "string", "enum": ["paid", "promotional"]})
}

fn coins() -> Value {
    json!({"type": "object", "additionalProperties": integer(), "description": "Totals by coin."})
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
            object([("coin", text()), total, held, available, floor, ceiling, frozen, ("lots", list_of("Lot"))], &[])
        }),
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
                &[],
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
        ("Version", object([("name", constant("tocos")), ("version", text()), ("commit", text())], &[])),
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
        &[("metadata", json!({"type": "object"})), ("idempotency_key", text())],
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
        ("CoinList", object([("coins", list_of("Coin"))], &[])),
        ("EventList", object([("events", list_of("Event")), ("last_event", integer())], &[])),
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
    let codes = Code::ALL.map(Code::as_str);
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
