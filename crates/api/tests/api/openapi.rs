use std::path::Path;

use serde_json::{Value, json};

use crate::app::TestApp;

/// Set, the test writes the document instead of comparing it.
const WRITE: &str = "TOCOS_WRITE_OPENAPI";

#[test]
fn the_document_that_is_checked_in_is_what_the_code_says() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let document = tocos_api::openapi();
    if std::env::var_os(WRITE).is_some() {
        std::fs::write(&path, &document).unwrap();
    }
    let checked_in = std::fs::read_to_string(&path).unwrap();
    assert!(
        checked_in == document,
        "crates/api/openapi.json is not what the code says; run `{WRITE}=1 cargo test -p tocos-api openapi` and look at the difference"
    );
}

#[test]
fn the_document_and_its_page_are_served_without_a_key() {
    let app = TestApp::start();
    assert!(app.get("/openapi.json").text() == tocos_api::openapi(), "what is served is not what the code says");
    let page = app.get("/docs");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let text = page.text();
    for outside in ["http://", "https://", "//cdn", "@import"] {
        assert!(!text.contains(outside), "the page asks elsewhere: {outside}");
    }
    // What the document says becomes text of nodes, never HTML.
    for parsing in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "srcdoc"] {
        assert!(!text.contains(parsing), "the page reads text as HTML: {parsing}");
    }
}

#[test]
fn every_reference_leads_somewhere() {
    let document: Value = serde_json::from_str(&tocos_api::openapi()).unwrap();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 50);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(members) => {
            if let Some(reference) = members.get("$ref").and_then(Value::as_str) {
                references.push(reference.to_owned());
            }
            members.values().for_each(|member| collect(member, references));
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, references)),
        _ => {}
    }
}

/// Every route of the document exists: an empty request is refused for another reason than `not_found`.
#[test]
fn every_route_of_the_document_is_there() {
    let app = TestApp::start();
    let document: Value = serde_json::from_str(&tocos_api::openapi()).unwrap();
    let mut count = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let path = path.replace("{user}", "ana").replace("{coin}", "toco");
            let path = path.replace("{hold}", "7").replace("{event}", "7").replace("{id}", "7");
            let response = app.request(&method.to_uppercase(), &path, &[], b"");
            let code = if response.status < 400 { String::new() } else { response.json()["code"].to_string() };
            assert!(!code.contains("\"not_found\"") && !code.contains("method_not_allowed"), "{method} {path}: {code}");
            assert!(
                operation["responses"].get(response.status.to_string()).is_some(),
                "{method} {path}: {}",
                response.status
            );
            count += 1;
        }
    }
    assert!(count >= 29, "{count}");
}

/// The page and generated clients group operations by their tags, and head them with their summaries.
#[test]
fn every_operation_has_a_summary_and_one_of_the_tags_that_are_described() {
    let document: Value = serde_json::from_str(&tocos_api::openapi()).unwrap();
    let tags: Vec<&Value> = document["tags"].as_array().unwrap().iter().map(|tag| &tag["name"]).collect();
    let mut seen = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let summary = operation["summary"].as_str().unwrap();
            let is_heading = summary.starts_with(char::is_uppercase) && !summary.ends_with('.') && summary.len() <= 60;
            assert!(is_heading, "{method} {path}: {summary}");
            let tag = &operation["tags"][0];
            assert!(tags.contains(&tag), "{method} {path}: {tag}");
            if seen.last() != Some(&tag) {
                seen.push(tag);
            }
        }
    }
    assert_eq!(seen, tags, "paths are grouped by their tags, in the same order");
    assert_eq!(document["paths"]["/v1/users/{user}/limits/{coin}"]["put"]["tags"][0], "users");
    assert_eq!(document["paths"]["/v1/users/{user}/history"]["get"]["tags"][0], "history");
}

/// Whether the members of an object are those of its schema; what is nested is left to the suite that knows schemas as a whole.
fn check_members(document: &Value, event: &Value) {
    let kind = event["kind"].as_str().unwrap();
    let mapping = &document["components"]["schemas"]["Event"]["discriminator"]["mapping"];
    let name = mapping[kind].as_str().unwrap_or_else(|| panic!("{kind} has no schema")).rsplit('/').next().unwrap();
    let schema = &document["components"]["schemas"][name];
    let members = event.as_object().unwrap();
    for required in schema["required"].as_array().unwrap() {
        assert!(members.contains_key(required.as_str().unwrap()), "{kind} has no {required}: {event}");
    }
    for member in members.keys() {
        assert!(schema["properties"].get(member).is_some(), "{name} does not know {member}: {event}");
    }
}

#[test]
fn events_have_the_members_of_their_schemas() {
    let app = TestApp::with_test_clock();
    let document: Value = serde_json::from_str(&tocos_api::openapi()).unwrap();
    app.user_with("ana", 1_000).user_with("bob", 100).user("cem");
    app.post("/v1/users/cem/close", json!({})).expect(200);
    app.put("/v1/coins/gold", json!({"decimals": 2})).expect(201);
    app.put("/v1/users/ana/limits/toco", json!({"floor": -5})).expect(200);
    app.put("/v1/users/ana/thresholds/toco", json!({"thresholds": [990]})).expect(200);
    app.put("/v1/coins/toco/thresholds", json!({})).expect(200);
    app.put("/v1/users/ana/spend-limit/toco", json!({"amount": 500, "per": "hours", "hours": 5})).expect(200);
    app.put("/v1/coins/toco/spend-limit", json!({})).expect(200);
    let lot =
        json!({"user": "ana", "coin": "toco", "amount": 9, "lot": true, "priority": 60, "category": "promotional"});
    let grant = app.post("/v1/grants", lot).expect(201)["event"].clone();
    app.post(&format!("/v1/events/{grant}/reverse"), json!({"mode": "up_to", "amount": 99, "debt": true})).expect(201);
    let spend =
        app.post("/v1/spends", json!({"user": "ana", "coin": "toco", "amount": 50, "to": "bob", "mode": "up_to"}));
    let spend = spend.expect(201)["event"].clone();
    app.post(&format!("/v1/events/{spend}/reverse"), json!({"metadata": {"why": "returned"}})).expect(201);
    app.transfer("ana", "bob", 5);
    let capture = app.hold("ana", 20);
    app.post(&format!("/v1/holds/{capture}/capture"), json!({"amount": 5})).expect(201);
    let hold = |seconds: u32| {
        let body = json!({"user": "ana", "coin": "toco", "amount": 5, "timeout_s": seconds, "to": "bob"});
        app.post("/v1/holds", body).expect(201)
    };
    let (long, short) = (hold(3_600), hold(60));
    // An hour from now, as the service writes it.
    let later = &long["expires_at"];
    app.post(&format!("/v1/holds/{}/extend", short["id"]), json!({"expires_at": later})).expect(201);
    app.post(&format!("/v1/holds/{}/release", short["id"]), json!({})).expect(201);
    app.post("/v1/grants", json!({"user": "bob", "coin": "toco", "amount": 5, "expires_at": later})).expect(201);
    app.post_with_key("key", "/v1/grants", json!({"user": "bob", "coin": "toco", "amount": 5})).expect(201);
    app.advance(2 * 86_400);
    let page = app.get("/v1/events?limit=1000").expect(200);
    let events = page["events"].as_array().unwrap();
    events.iter().for_each(|event| check_members(&document, event));
    let kinds: std::collections::BTreeSet<&str> = events.iter().map(|event| event["kind"].as_str().unwrap()).collect();
    for kind in
        ["grant", "spend", "transfer", "hold", "capture", "release", "hold_expired", "expire", "reverse", "limits"]
    {
        assert!(kinds.contains(kind), "{kind} did not happen: {kinds:?}");
    }
    for kind in ["user", "user_closed", "coin", "extend", "thresholds", "spend_limit"] {
        assert!(kinds.contains(kind), "{kind} did not happen: {kinds:?}");
    }
}
