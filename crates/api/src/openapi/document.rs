//! The whole document: routes, their requests and their responses.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use tocos_ledger::Right;

use super::cluster;
use super::reports;
use super::requests::{batch_body, batch_schemas, body_of, parameters, read_headers};
use super::schemas;
use super::values;
use crate::rendering::{Code, Media, right_word};
use crate::resources;
use crate::routing::{Endpoint, Field, Handler, Need, Route, Verb, Write, write};

const ABOUT: &str = "A ledger of users and their coins. Amounts are whole numbers of a coin's smallest unit. Every \
    write accepts an `Idempotency-Key`, returns the event it created as soon as that event is durable, and can be \
    tested with `?dry_run=true`. Every error is `application/problem+json` (RFC 9457) with a stable `code`.";

/// What operations are grouped by, in the order in which people read about it.
const TAGS: [(&str, &str); 16] = [
    (
        "users",
        "The holders of coins. You choose their ids. A user has one account for each coin received, with limits.",
    ),
    ("coins", "Types of credit, with the totals of each: issued, spent, expired, outstanding, held."),
    (
        "grants",
        "Issue new coins to a user, optionally with expiry, priority and category. Such coins form a separate lot for each grant.",
    ),
    ("spends", "Spend a user's coins, or pay them to another user. Lots are consumed in spending order."),
    ("transfers", "Move coins from one user to another. Lots keep their expiry, priority and category."),
    ("holds", "Reserve coins until the price is known, then capture all or part of them, or release them."),
    ("schedules", "Grants that are made by themselves, once or again and again, with what is left rolling over."),
    ("history", "The events of a user's accounts, with the balance after each event."),
    ("reports", "What is owed to users at the ends of a span, and what changed it."),
    ("events", "All events in order, numbered without gaps: single events, the event feed, and reversals."),
    ("batch", "Many operations in one request, applied atomically or independently of each other."),
    (
        "webhooks",
        "URLs that events are delivered to, in order and signed as [Standard Webhooks](https://www.standardwebhooks.com) has it.",
    ),
    ("keys", "API keys and their rights."),
    ("clock", "The ledger's time and the system clock. In a ledger with a test clock, time moves only by request."),
    ("cluster", "The group of nodes that serve the ledger: who leads, and handing the lead over."),
    (
        "service",
        "What the service counts, its version, and this document. The version and the document need no API key.",
    ),
];

/// The OpenAPI 3.1 document of the API, as JSON.
#[must_use]
pub fn openapi() -> String {
    let mut paths: Map<String, Value> = Map::new();
    for route in resources::PUBLIC.iter().filter(|route| is_public(route)) {
        let path = paths.entry(route.path).or_insert_with(|| json!({}));
        path[route.verb.as_str().to_ascii_lowercase()] = operation(route);
    }
    let mut schemas = schemas::all();
    for (name, schema) in cluster::all().into_iter().chain(reports::all()) {
        schemas[name] = schema;
    }
    for (name, schema) in batch_schemas() {
        schemas[name] = schema;
    }
    let tags = TAGS.map(|(name, about)| json!({"name": name, "description": about}));
    let document = json!({
        "openapi": "3.1.0",
        "info": {
            "title": "Tocos",
            "version": env!("CARGO_PKG_VERSION"),
            "description": ABOUT,
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        // The document is served by the service that it is about.
        "servers": [{"url": "/", "description": "The service that returned this document."}],
        "tags": tags,
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {
                "type": "http",
                "scheme": "bearer",
                "description": "An API key. Until the first key is created, a service that only the local machine can reach needs none.",
            }},
        },
    });
    let mut text = format!("{document:#}");
    text.push('\n');
    text
}

/// The yardstick of the benchmarks and the console's files are no part of the API.
fn is_public(route: &Route) -> bool {
    route.path != "/" && !route.path.starts_with("/bench/") && !route.path.starts_with("/console/")
}

fn operation(route: &Route) -> Value {
    match route.handler {
        Handler::Write(write) => write_operation(route, write),
        Handler::Other(endpoint) => other_operation(route, endpoint),
    }
}

fn write_operation(route: &Route, write: &Write) -> Value {
    let mut operation = begin(route, write.summary, write.about, Some(write.right));
    operation["parameters"] = parameters(write.fields, write::QUERY, true);
    let body: Vec<&Field> = write.fields.iter().filter(|field| field.need != Need::InPath).collect();
    // Many clients send no body with it.
    if route.verb != Verb::Delete {
        operation["requestBody"] = body_of(&body);
    }
    let mut codes = write.refusals.to_vec();
    codes.push(Code::IdempotencyKeyReused);
    operation["responses"] = responses(write.statuses, write.schema, Media::Json, &codes, true, true);
    operation
}

fn other_operation(route: &Route, endpoint: &Endpoint) -> Value {
    let mut operation = begin(route, endpoint.summary, endpoint.about, endpoint.right);
    let is_write = route.verb != Verb::Get;
    let (in_path, in_query): (Vec<Field>, Vec<Field>) =
        endpoint.query.iter().partition(|field| field.need == Need::InPath);
    let names_operation = in_query.iter().any(|field| field.name == "dry_run");
    let is_batch = endpoint.schema == "Batch";
    // The other parameters of a batch belong to NDJSON, which the description explains.
    let in_query: Vec<Field> = in_query.into_iter().filter(|field| !is_batch || field.name == "dry_run").collect();
    operation["parameters"] = parameters(&in_path, &in_query, names_operation);
    if let Value::Array(list) = &mut operation["parameters"]
        && !is_write
        && endpoint.right.is_some()
    {
        list.extend(read_headers());
    }
    let body: Vec<&Field> = endpoint.body.iter().collect();
    if is_batch {
        operation["requestBody"] = batch_body();
    } else if is_write {
        operation["requestBody"] = body_of(&body);
    }
    let mut codes = endpoint.refusals.to_vec();
    if names_operation {
        codes.push(Code::IdempotencyKeyReused);
    }
    let statuses: &[u16] = match endpoint.schema {
        "NewKey" => &[201],
        "NewWebhook" => &[201, 200],
        _ => &[200],
    };
    let media = if endpoint.schema == "Page" { Media::Html } else { Media::Json };
    operation["responses"] = responses(statuses, endpoint.schema, media, &codes, is_write, endpoint.right.is_some());
    if endpoint.schema == "EventList" {
        let stream = json!({"schema": {"type": "string", "description": "`id:` is the event number, `data:` is the event as JSON."}});
        operation["responses"]["200"]["content"][Media::Events.as_str()] = stream;
    }
    operation
}

/// What every operation has.
fn begin(route: &Route, summary: &str, about: &str, right: Option<Right>) -> Value {
    let mut about = about.to_owned();
    if let Some(right) = right {
        about.push_str(&format!(" Requires an API key with the right `{}`.", right_word(right)));
    }
    json!({
        "operationId": operation_id(route),
        "summary": summary,
        "tags": [tag(route.path)],
        "description": about,
        // No key is needed until the first one is made.
        "security": if right.is_some() { json!([{"key": []}, {}]) } else { json!([]) },
    })
}

/// The tag of a route: the beginning of its path, except for routes about a user's past.
fn tag(path: &str) -> &'static str {
    let group = match path.strip_prefix("/v1/") {
        Some(_) if path.ends_with("/history") => "history",
        Some(rest) if rest.starts_with("test-clock/") => "clock",
        Some(rest) => rest.split('/').next().unwrap_or(rest),
        None => "service",
    };
    TAGS.iter().find(|tag| tag.0 == group).map_or("service", |(name, _)| name)
}

/// `post_v1_holds_hold_capture`.
fn operation_id(route: &Route) -> String {
    let path: String = route.path.chars().filter(|c| !matches!(c, '{' | '}')).collect();
    format!("{}{}", route.verb.as_str().to_ascii_lowercase(), path.replace(['/', '-', '.'], "_"))
}

/// The responses of success, and every problem there may be, by status.
fn responses(statuses: &[u16], schema: &str, media: Media, codes: &[Code], has_body: bool, has_key: bool) -> Value {
    let mut all = Map::new();
    for status in statuses {
        let about = if *status == 201 { "Created." } else { "Success." };
        all.insert(
            status.to_string(),
            json!({
                "description": about,
                "headers": {
                    "X-Request-Id": {"schema": {"type": "string"}},
                    "Tocos-Event": {
                        "schema": values::integer(),
                        "description": "The number of the event that the response is as of, if it depends on the ledger.",
                    },
                },
                "content": {media.as_str(): {"schema": values::reference(schema)}},
            }),
        );
    }
    let mut by_status: BTreeMap<u16, Vec<&str>> = BTreeMap::new();
    let everywhere = [
        Code::InvalidRequest,
        Code::TooManyRequests,
        Code::InternalError,
        Code::StorageUnavailable,
        Code::ArchiveUnavailable,
        Code::Recovering,
        Code::ShuttingDown,
    ];
    let of_keys = [Code::Unauthenticated, Code::Forbidden, Code::Diverged];
    let of_reads = [Code::Behind, Code::NotLeader];
    let of_bodies = [
        Code::RequestTimeout,
        Code::PayloadTooLarge,
        Code::StorageFull,
        Code::ClockImplausible,
        Code::NotLeader,
        Code::OutcomeUnknown,
    ];
    let codes = everywhere
        .iter()
        .chain(of_keys.iter().filter(|_| has_key))
        .chain(of_bodies.iter().filter(|_| has_body))
        .chain(of_reads.iter().filter(|_| has_key && !has_body))
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
                "content": {Media::Problem.as_str(): {"schema": values::reference("Problem")}},
            }),
        );
    }
    Value::Object(all)
}
