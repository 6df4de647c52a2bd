//! The document as a whole: routes, what they take, and how they answer.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tocos_ledger::Right;

use super::schemas;
use crate::rendering::{Code, Media, right_word};
use crate::resources::{self, ATOMIC, OPERATIONS, OPERATIONS_MAX, RESULTS};
use crate::routing::{Endpoint, Field, Handler, Need, Route, Verb, Write, write};

const ABOUT: &str = "A ledger of users and their coins. Amounts are whole numbers of a coin's smallest unit. Every \
    write takes an `Idempotency-Key`, answers with the event it made when that is on the disk, and can be tried with \
    `?dry_run=true`. Every refusal has one shape, `application/problem+json`, with a stable `code`.";

/// The OpenAPI 3.1 document of the API, as JSON.
#[must_use]
pub fn openapi() -> String {
    let mut paths: Map<String, Value> = Map::new();
    for route in resources::PUBLIC.iter().filter(|route| is_public(route)) {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.verb.as_str().to_ascii_lowercase()] = operation(route);
    }
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tocos",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas::all(),
            "responses": {"Problem": {
                "description": "It was not done; `code` says why.",
                "content": {"application/problem+json": {"schema": schemas::reference("Problem")}},
            }},
            "securitySchemes": {"key": {
                "type": "http",
                "scheme": "bearer",
                "description": "An API key. Until the first one is made, a service that only this machine can reach needs none.",
            }},
        },
    });
    let mut text = format!("{document:#}");
    text.push('\n');
    text
}

/// The yardstick of the benchmarks is no part of the API.
fn is_public(route: &Route) -> bool {
    !route.path.starts_with("/bench/")
}

fn operation(route: &Route) -> Value {
    match route.handler {
        Handler::Write(write) => write_operation(route, write),
        Handler::Other(endpoint) => other_operation(route, endpoint),
    }
}

fn write_operation(route: &Route, write: &Write) -> Value {
    let mut operation = begin(route, write.about, Some(write.right));
    operation["parameters"] = parameters(write.fields, write::QUERY, true);
    let body: Vec<&Field> = write.fields.iter().filter(|field| field.need != Need::InPath).collect();
    operation["requestBody"] = body_of(&body);
    let mut codes = write.refusals.to_vec();
    codes.push(Code::IdempotencyKeyReused);
    operation["responses"] = responses(write.statuses, write.schema, Media::Json, &codes, true, true);
    operation
}

fn other_operation(route: &Route, endpoint: &Endpoint) -> Value {
    let mut operation = begin(route, endpoint.about, endpoint.right);
    let is_write = route.verb != Verb::Get;
    let (in_path, in_query): (Vec<Field>, Vec<Field>) =
        endpoint.query.iter().partition(|field| field.need == Need::InPath);
    let names_operation = in_query.iter().any(|field| field.name == "dry_run");
    operation["parameters"] = parameters(&in_path, &in_query, names_operation);
    let body: Vec<&Field> = endpoint.body.iter().collect();
    if endpoint.schema == "Batch" {
        operation["requestBody"] = batch_body();
    } else if is_write {
        operation["requestBody"] = body_of(&body);
    }
    let mut codes = endpoint.refusals.to_vec();
    if names_operation {
        codes.push(Code::IdempotencyKeyReused);
    }
    let status = if endpoint.schema == "NewKey" { 201 } else { 200 };
    let media = if endpoint.schema == "Page" { Media::Html } else { Media::Json };
    operation["responses"] = responses(&[status], endpoint.schema, media, &codes, is_write, endpoint.right.is_some());
    if endpoint.schema == "Events" {
        let stream =
            json!({"schema": {"type": "string", "description": "`id:` is the event's number, `data:` the event."}});
        operation["responses"]["200"]["content"][Media::Events.as_str()] = stream;
    }
    operation
}

/// What every operation has.
fn begin(route: &Route, about: &str, right: Option<Right>) -> Value {
    let group = route.path.split('/').find(|segment| !matches!(*segment, "" | "v1")).unwrap_or("service");
    let mut about = about.to_owned();
    if let Some(right) = right {
        about.push_str(&format!(" Takes a key with the right `{}`.", right_word(right)));
    }
    json!({
        "operationId": operation_id(route),
        "tags": [group],
        "description": about,
        // No key is needed until the first one is made.
        "security": if right.is_some() { json!([{"key": []}, {}]) } else { json!([]) },
    })
}

/// `post_v1_holds_hold_capture`.
fn operation_id(route: &Route) -> String {
    let path: String = route.path.chars().filter(|c| !matches!(c, '{' | '}')).collect();
    format!("{}{}", route.verb.as_str().to_ascii_lowercase(), path.replace(['/', '-', '.'], "_"))
}

fn parameters(in_path: &[Field], in_query: &[Field], names_operation: bool) -> Value {
    let mut list = Vec::new();
    for field in in_path.iter().filter(|field| field.need == Need::InPath) {
        list.push(json!({
            "name": field.name, "in": "path", "required": true, "description": field.about,
            "schema": schemas::of_type(field.field_type, false),
        }));
    }
    for field in in_query {
        list.push(json!({
            "name": field.name, "in": "query", "required": field.need == Need::Required, "description": field.about,
            "schema": schemas::of_type(field.field_type, false),
        }));
    }
    if names_operation {
        list.push(json!({
            "name": "Idempotency-Key", "in": "header", "required": false,
            "description": "Names the operation for good: asked again, it is not done again, and the answer is the same.",
            "schema": {"type": "string", "pattern": "^[ -~]+$", "minLength": 1, "maxLength": 255},
        }));
    }
    Value::Array(list)
}

fn body_of(fields: &[&Field]) -> Value {
    let required = fields.iter().any(|field| field.need == Need::Required);
    json!({"required": required, "content": {Media::Json.as_str(): {"schema": object_of(fields)}}})
}

/// An object with these fields and no others.
fn object_of(fields: &[&Field]) -> Value {
    let mut properties = Map::new();
    for field in fields {
        let mut schema = schemas::of_type(field.field_type, field.need == Need::Optional);
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

fn batch_body() -> Value {
    let operations: Vec<Value> = OPERATIONS.iter().map(|write| batch_operation(write)).collect();
    let mut body = object_of(&[&ATOMIC, &RESULTS]);
    body["properties"]["operations"] = json!({
        "type": "array", "minItems": 1, "maxItems": OPERATIONS_MAX,
        "description": "What to do, in order.",
        "items": {"oneOf": operations},
    });
    body["required"] = json!(["operations"]);
    json!({"required": true, "content": {
        Media::Json.as_str(): {"schema": body},
        "application/x-ndjson": {"schema": {
            "type": "string",
            "description": "One operation a line; `atomic` and `results` are parameters then.",
        }},
    }})
}

fn batch_operation(write: &Write) -> Value {
    let fields: Vec<&Field> = write.fields.iter().collect();
    let mut object = object_of(&fields);
    object["properties"]["op"] = json!({"const": write.op});
    object["properties"]["idempotency_key"] = json!({
        "type": ["string", "null"], "pattern": "^[ -~]+$", "minLength": 1, "maxLength": 255,
        "description": "Names this operation for good.",
    });
    let mut required = vec![json!("op")];
    required.extend(object["required"].as_array().cloned().unwrap_or_default());
    object["required"] = Value::Array(required);
    object["title"] = json!(write.op);
    object["description"] = json!(write.about);
    object
}

/// The responses of success, and every problem there may be, by status.
fn responses(statuses: &[u16], schema: &str, media: Media, codes: &[Code], has_body: bool, has_key: bool) -> Value {
    let mut all = Map::new();
    for status in statuses {
        let about = if *status == 201 { "Done: something new is there." } else { "Done." };
        all.insert(
            status.to_string(),
            json!({
                "description": about,
                "headers": {"X-Request-Id": {"schema": {"type": "string"}}},
                "content": {media.as_str(): {"schema": schemas::reference(schema)}},
            }),
        );
    }
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    let everywhere = [
        Code::InvalidRequest,
        Code::TooManyRequests,
        Code::InternalError,
        Code::StorageUnavailable,
        Code::Recovering,
        Code::ShuttingDown,
    ];
    let of_keys = [Code::Unauthenticated, Code::Forbidden];
    let of_bodies = [Code::RequestTimeout, Code::PayloadTooLarge];
    let codes = everywhere
        .iter()
        .chain(of_keys.iter().filter(|_| has_key))
        .chain(of_bodies.iter().filter(|_| has_body))
        .chain(codes);
    for code in codes {
        by_status.entry(code.status().as_u16()).or_default().push(code.as_str());
    }
    if has_body {
        by_status.entry(415).or_default().push(Code::InvalidRequest.as_str());
    }
    for (status, codes) in by_status {
        let codes: Vec<String> = codes.iter().map(|code| format!("`{code}`")).collect();
        all.insert(
            status.to_string(),
            json!({
                "description": codes.join(", "),
                "content": {Media::Problem.as_str(): {"schema": schemas::reference("Problem")}},
            }),
        );
    }
    Value::Object(all)
}
