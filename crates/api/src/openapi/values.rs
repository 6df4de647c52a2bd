//! The schemas of values, of which those of requests and responses are made.

use serde_json::{Map, Value, json};

use crate::routing::{EXACT_MAX, FieldType, PART_LENGTH_MAX};

/// A reference to a schema by its name.
pub(super) fn reference(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// What a kind of value looks like; `null` is as good as leaving an optional field out.
pub(super) fn of_type(kind: FieldType, or_null: bool) -> Value {
    let mut schema = match kind {
        // That it is printable and in NFC a pattern can't say; the format's name stands for it.
        // A schedule's id is formed like a user's.
        FieldType::User | FieldType::Schedule => json!({
            "type": "string", "format": "tocos-user-id", "minLength": 1, "maxLength": 128,
            "description": "Printable Unicode in NFC. Must not begin with @, be . or .., contain / ? #, or begin or end with a space. \
                            Percent-encoded in paths.",
        }),
        FieldType::Coin => json!({"type": "string", "pattern": "^[a-z][a-z0-9_-]*$", "minLength": 1, "maxLength": 16}),
        FieldType::Webhook => json!({"type": "string", "pattern": "^[A-Za-z0-9_-]+$", "minLength": 1, "maxLength": 64}),
        // What else a URL must not have a pattern can't say; the format's name stands for it.
        FieldType::Url => json!({
            "type": "string", "format": "tocos-webhook-url", "pattern": "^https?://[!-~]+$", "maxLength": 2048,
        }),
        FieldType::Secret => {
            json!({"type": "string", "format": "tocos-webhook-secret", "pattern": "^whsec_[A-Za-z0-9+/]{32,86}={0,2}$"})
        }
        FieldType::Words(words) => json!({
            "type": "array", "items": {"type": "string", "enum": words}, "maxItems": words.len(),
        }),
        FieldType::Coins(most) => {
            json!({"type": "array", "items": of_type(FieldType::Coin, false), "maxItems": most})
        }
        // The bound is 256 bytes of UTF-8, which a schema can't say.
        FieldType::Name => {
            json!({"type": "string", "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$", "maxLength": 256})
        }
        // Characters that are not printable, beyond these, a pattern can't say.
        FieldType::Reference => json!({
            "type": "string", "format": "tocos-reference", "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]+$",
            "minLength": 1, "maxLength": 255,
        }),
        FieldType::IdempotencyKey => {
            json!({"type": "string", "pattern": "^[ -~]+$", "minLength": 1, "maxLength": 255})
        }
        FieldType::Users(most) => {
            json!({"type": "array", "items": of_type(FieldType::User, false), "maxItems": most})
        }
        // That one of its characters is no mark a pattern can't say.
        FieldType::Part => {
            json!({"type": "string", "pattern": "^[^\\u0000-\\u001f\\u007f-\\u009f]*$", "minLength": 1, "maxLength": PART_LENGTH_MAX})
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
        FieldType::Amounts(most) => {
            json!({"type": "array", "items": of_type(FieldType::Integer(-EXACT_MAX, EXACT_MAX), false), "maxItems": most})
        }
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
pub(super) fn or_null_of(schema: &Value) -> Value {
    json!({"anyOf": [schema, {"type": "null"}]})
}

pub(super) fn integer() -> Value {
    json!({"type": "integer", "format": "int64"})
}

pub(super) fn text() -> Value {
    json!({"type": "string"})
}

pub(super) fn text_or_null() -> Value {
    json!({"type": ["string", "null"]})
}

pub(super) fn flag() -> Value {
    json!({"type": "boolean"})
}

pub(super) fn time() -> Value {
    json!({"type": "string", "format": "date-time"})
}

pub(super) fn time_or_null() -> Value {
    json!({"type": ["string", "null"], "format": "date-time"})
}

/// One word and no other.
pub(super) fn constant(word: &str) -> Value {
    json!({"type": "string", "const": word})
}

pub(super) fn list_of(name: &str) -> Value {
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
pub(super) fn object<const N: usize>(always: [(&str, Value); N], sometimes: &[(&str, Value)]) -> Value {
    let required: Vec<&str> = always.iter().map(|(name, _)| *name).collect();
    let properties: Map<String, Value> =
        always.into_iter().chain(sometimes.iter().cloned()).map(|(name, schema)| (name.to_owned(), schema)).collect();
    json!({"type": "object", "properties": properties, "required": required, "additionalProperties": false})
}

pub(super) fn list_of_integers() -> Value {
    json!({"type": "array", "items": integer()})
}

pub(super) fn integer_or_null() -> Value {
    json!({"type": ["integer", "null"], "format": "int64"})
}

pub(super) fn per() -> Value {
    json!({"type": "string", "enum": ["day", "month", "hours"]})
}

pub(super) fn right() -> Value {
    json!({"type": "string", "enum": ["read", "spend", "grant", "admin"]})
}

pub(super) fn category() -> Value {
    json!({"type": "string", "enum": ["paid", "promotional"]})
}

pub(super) fn coins() -> Value {
    json!({"type": "object", "additionalProperties": integer(), "description": "Totals by coin."})
}
