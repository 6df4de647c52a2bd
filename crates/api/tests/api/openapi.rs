use std::path::Path;

use serde_json::Value;

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
    let document = app.get("/openapi.json").expect(200);
    assert_eq!(document["openapi"], "3.1.0");
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
