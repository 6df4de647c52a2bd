//! What requests may hold: parameters and bodies.

use serde_json::{Map, Value, json};

use super::values;
use crate::rendering::Media;
use crate::resources::{ATOMIC, OPERATIONS, OPERATIONS_MAX, RESULTS};
use crate::routing::{EXACT_MAX, Field, Need, Write};

/// Printable ASCII, as a pattern.
const PRINTABLE: &str = "^[ -~]+$";

/// The parameters of an operation.
pub(super) fn parameters(in_path: &[Field], in_query: &[Field], names_operation: bool) -> Value {
    let mut list = Vec::new();
    for field in in_path.iter().filter(|field| field.need == Need::InPath) {
        list.push(json!({
            "name": field.name, "in": "path", "required": true, "description": field.about,
            "schema": values::of_type(field.field_type, false),
        }));
    }
    for field in in_query {
        let mut parameter = json!({
            "name": field.name, "in": "query", "required": field.need == Need::Required, "description": field.about,
            "schema": values::of_type(field.field_type, false),
        });
        if field.field_type.times_max() > 1 {
            // `id=a&id=b`: the default, which not all tools know.
            parameter["style"] = json!("form");
            parameter["explode"] = json!(true);
        }
        list.push(parameter);
    }
    if names_operation {
        list.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Identifies the operation permanently. A repeated request with the same key is not applied again and returns the same response.",
            "schema": {"type": "string", "pattern": PRINTABLE, "minLength": 1, "maxLength": 255},
        }));
    }
    Value::Array(list)
}

/// The headers that every read takes.
pub(super) fn read_headers() -> [Value; 2] {
    [
        json!({
            "name": "Tocos-Min-Event", "in": "header", "required": false,
            "description": "Waits up to 5 seconds until this event is there, as in the `Tocos-Event` of an earlier response.",
            "schema": {"type": "integer", "format": "int64", "minimum": 0, "maximum": EXACT_MAX},
        }),
        json!({
            "name": "Tocos-Read", "in": "header", "required": false,
            "description": "`leader`: in a group, the leader responds.",
            // Not a constant: generators of clients know none in headers.
            "schema": {"type": "string", "pattern": "^leader$"},
        }),
    ]
}

/// A JSON body with these fields.
pub(super) fn body_of(fields: &[&Field]) -> Value {
    let required = fields.iter().any(|field| field.need == Need::Required);
    json!({"required": required, "content": {Media::Json.as_str(): {"schema": object_of(fields)}}})
}

/// The body of a batch. Its other form, NDJSON, is explained in the description: generators of clients omit an
/// operation whose body has a media type that they don't know.
pub(super) fn batch_body() -> Value {
    json!({
        "required": true,
        "description": "Alternatively the operations only, one per line, as `application/x-ndjson`; `atomic` and `results` are then query \
                        parameters.",
        "content": {Media::Json.as_str(): {"schema": values::reference("BatchRequest")}},
    })
}

/// The schemas of a batch's body: the whole, any operation, and each kind of them.
pub(super) fn batch_schemas() -> Vec<(String, Value)> {
    let mut body = object_of(&[&ATOMIC, &RESULTS]);
    body["properties"]["operations"] = json!({
        "type": "array", "minItems": 1, "maxItems": OPERATIONS_MAX,
        "description": "The operations, applied in order.",
        "items": values::reference("BatchOperation"),
    });
    body["required"] = json!(["operations"]);
    let operations: Vec<(&str, &Write)> = OPERATIONS.iter().filter_map(|write| Some((write.op?, *write))).collect();
    let names: Vec<(&str, String)> = operations.iter().map(|(op, _)| (*op, batch_name(op))).collect();
    let any = values::one_of("op", &names);
    let mut all = vec![("BatchRequest".to_owned(), body), ("BatchOperation".to_owned(), any)];
    all.extend(operations.iter().map(|(op, write)| (batch_name(op), batch_operation(op, write))));
    all
}

/// `BatchUserClose` of `user_close`.
fn batch_name(op: &str) -> String {
    let capitalised = op.split('_').map(|word| {
        let (first, rest) = word.split_at(1);
        first.to_ascii_uppercase() + rest
    });
    format!("Batch{}", capitalised.collect::<String>())
}

fn batch_operation(op: &str, write: &Write) -> Value {
    let fields: Vec<&Field> = write.fields.iter().collect();
    let mut object = object_of(&fields);
    object["properties"]["op"] = values::constant(op);
    object["properties"]["idempotency_key"] = json!({
        "type": ["string", "null"], "pattern": PRINTABLE, "minLength": 1, "maxLength": 255,
        "description": "Identifies this operation permanently: it is applied at most once.",
    });
    let mut required = vec![json!("op")];
    required.extend(object["required"].as_array().cloned().unwrap_or_default());
    object["required"] = Value::Array(required);
    object["description"] = json!(write.about);
    object
}

/// An object with these fields and no others.
fn object_of(fields: &[&Field]) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = values::of_type(field.field_type, field.need == Need::Optional);
        schema["description"] = json!(field.about);
        properties.insert(field.name.to_owned(), schema);
    }
    let required: Vec<&str> =
        fields.iter().filter(|field| field.need != Need::Optional).map(|field| field.name).collect();
    let mut object = json!({"type": "object", "properties": properties, "additionalProperties": false});
    if !required.is_empty() {
        object["required"] = json!(required);
    }
    object
}
