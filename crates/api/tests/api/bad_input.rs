use serde_json::json;

use crate::app::TestApp;

/// A ledger with ana, who has 50, and bob.
fn ledger() -> TestApp {
    let app = TestApp::start();
    app.user_with("ana", 50).user("bob");
    app
}

#[test]
fn malformed_bodies_are_named_and_change_nothing() {
    let app = ledger();
    let before = app.last_event();
    let deep = format!("{{\"metadata\":{}1{}}}", "{\"a\":".repeat(40), "}".repeat(40));
    for body in [
        "",
        " ",
        "{",
        "}",
        "nonsense",
        "[]",
        "null",
        "\"text\"",
        "17",
        "{\"from\":\"ana\"",
        "{\"from\":\"ana\",}",
        "{\"from\" \"ana\"}",
        "{'from':'ana'}",
        "{from:\"ana\"}",
        "{\"from\":\"a\u{1}\"}",
        "{\"from\":\"\\ud800\"}",
        "{\"from\":\"\\x\"}",
        "{\"amount\":01}",
        "{\"amount\":.5}",
        "{\"amount\":+5}",
        "{\"amount\":NaN}",
        "{\"from\":tru}",
        "{} {}",
        "{\"from\":\"ana\"} x",
        &deep,
    ] {
        let response = app.post_text("/v1/transfers", body);
        assert_eq!(response.status, 400, "{body}");
        let field = if body.trim().is_empty() && body.is_empty() { "from" } else { "body" };
        response.invalid(field);
    }
    let latin = app.request("POST", "/v1/transfers", &[("content-type", "application/json")], b"{\"from\":\"\xe4\"}");
    latin.invalid("body");
    assert_eq!((app.last_event(), app.total("ana")), (before, 50));
}

#[test]
fn amounts_are_whole_numbers_and_nothing_else() {
    let app = ledger();
    for amount in [
        "5.0",
        "5.5",
        "5e0",
        "-5",
        "0",
        "-0",
        "9007199254740992",
        "18446744073709551616",
        "1e999",
        "\"5\"",
        "true",
        "null",
        "[]",
        "[5]",
        "{}",
        "123456789012345678901234567890",
    ] {
        let body = format!("{{\"from\":\"ana\",\"to\":\"bob\",\"coin\":\"toco\",\"amount\":{amount}}}");
        let response = app.post_text("/v1/transfers", &body);
        assert_eq!(response.status, 400, "{amount}");
        response.invalid("amount");
    }
    assert_eq!(app.total("ana"), 50);
}

#[test]
fn unknown_missing_and_repeated_fields_are_named() {
    let app = ledger();
    let transfer = |more: &str| app.post_text("/v1/transfers", &format!("{{\"from\":\"ana\",\"to\":\"bob\"{more}}}"));
    transfer("").invalid("coin");
    transfer(",\"coin\":\"toco\"").invalid("amount");
    transfer(",\"coin\":\"toco\",\"amount\":1,\"memo\":\"x\"").invalid("memo");
    transfer(",\"coin\":\"toco\",\"amount\":1,\"idempotency_key\":\"x\"").invalid("idempotency_key");
    transfer(",\"coin\":\"toco\",\"amount\":1,\"amount\":1").invalid("amount");
    transfer(",\"coin\":\"toco\",\"amount\":1,\"from\":\"ana\"").invalid("from");
    app.post("/v1/transfers?dryrun=true", json!({})).invalid("dryrun");
    app.post("/v1/transfers?dry_run=1", json!({})).invalid("dry_run");
    assert_eq!(app.total("ana"), 50);
}

#[test]
fn ids_and_codes_that_are_none_are_named() {
    let app = ledger();
    for id in ["", " ", " a", ".", "..", "a\u{308}", "@spent", "a/b", "a\n", &"x".repeat(129)] {
        app.post("/v1/users", json!({"id": id})).invalid("id");
        app.post("/v1/transfers", json!({"from": id, "to": "bob", "coin": "toco", "amount": 1})).invalid("from");
        app.post("/v1/transfers", json!({"from": "ana", "to": id, "coin": "toco", "amount": 1})).invalid("to");
    }
    for coin in ["", "Toco", "1toco", "to co", "seventeen-letters"] {
        app.post("/v1/transfers", json!({"from": "ana", "to": "bob", "coin": coin, "amount": 1})).invalid("coin");
    }
    app.post("/v1/users", json!({"id": "x".repeat(128)})).expect(201);
    // An id of a megabyte is not thrown back at whoever sent it.
    let response = app.post("/v1/users", json!({"id": "x".repeat(1_000_000)}));
    assert!(response.body.len() < 1_000, "{} bytes", response.body.len());
}

#[test]
fn names_and_metadata_have_their_bounds() {
    let app = ledger();
    app.post("/v1/users", json!({"id": "eve", "name": "x".repeat(257)})).invalid("name");
    app.post("/v1/users", json!({"id": "eve", "name": "a\u{7}b"})).invalid("name");
    app.post("/v1/users", json!({"id": "eve", "name": 5})).invalid("name");
    app.post("/v1/users", json!({"id": "eve", "name": "ä".repeat(128)})).expect(201);
    for metadata in [json!([]), json!("text"), json!(5), json!({"long": "x".repeat(8_192)})] {
        app.post("/v1/users", json!({"id": "eve", "metadata": metadata})).invalid("metadata");
    }
    app.post_text("/v1/users", "{\"id\":\"eve\",\"metadata\":{\"a\":{\"b\":1,\"b\":2}}}").invalid("body");
    // As compact JSON it fits, however it was sent.
    let spread = format!("{{\"id\":\"eve\",\"metadata\":{{{}\"a\":1}}}}", " ".repeat(10_000));
    app.post_text("/v1/users", &spread).expect(200);
}

#[test]
fn a_body_must_say_that_it_is_json() {
    let app = ledger();
    let body = json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 1}).to_string();
    for headers in
        [&[][..], &[("content-type", "text/plain")], &[("content-type", "application/x-www-form-urlencoded")]]
    {
        let response = app.request("POST", "/v1/transfers", headers, body.as_bytes());
        assert_eq!(response.status, 415);
        response.invalid("content-type");
    }
    for good in ["application/json", "Application/JSON;charset=UTF-8", "application/vnd.shop+json"] {
        let response = app.request("POST", "/v1/transfers", &[("content-type", good)], body.as_bytes());
        assert_eq!(response.status, 201, "{good}");
    }
    let response = app.request("POST", "/v1/batch", &[("content-type", "text/csv")], b"a,b");
    assert_eq!(response.status, 415);
    response.invalid("content-type");
}

#[test]
fn routes_and_methods_that_are_none_are_problems_too() {
    let app = ledger();
    for path in [
        "/console/",
        "/console/app-00000000.js",
        "/v1",
        "/v1/",
        "/v1/users/",
        "/v1/users/ana/",
        "/v1//users",
        "/v1/users/ana/coins",
        "/V1/users",
        "/bench/noop/",
    ] {
        let response = app.get(path);
        assert_eq!(response.status, 404, "{path}");
        response.refused("not_found");
    }
    let response = app.request("DELETE", "/v1/users/ana", &[], b"");
    assert_eq!((response.status, response.header("allow")), (405, Some("GET, PUT")));
    response.refused("method_not_allowed");
    assert_eq!(app.get("/v1/transfers").status, 405);
    app.post("/bench/noop", json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 1})).refused("not_found");
}

#[test]
fn requests_have_names() {
    let app = ledger();
    let response = app.request("GET", "/v1/users", &[("x-request-id", "mine 17!")], b"");
    assert_eq!(response.header("x-request-id"), Some("mine 17!"));
    let ids: Vec<_> = ["", &"x".repeat(65), "ä"]
        .map(|id| {
            app.request("GET", "/nowhere", &[("x-request-id", id)], b"").header("x-request-id").unwrap().to_owned()
        })
        .to_vec();
    assert!(ids.iter().all(|id| id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit())), "{ids:?}");
    assert!(ids[0] != ids[1] && ids[1] != ids[2]);
}

#[test]
fn hyper_speaks_for_itself_where_there_is_no_request() {
    let app = ledger();
    let mut client = app.client();
    client.send(b"NONSENSE\r\n\r\n").unwrap();
    assert_eq!(client.response().unwrap().status, 400);
    let mut client = app.client();
    let head = format!("GET /v1/users HTTP/1.1\r\nhost: localhost\r\nx-long: {}\r\n\r\n", "x".repeat(300_000));
    // The server may close before it has read everything.
    let _maybe_sent = client.send(head.as_bytes());
    if let Some(response) = client.response() {
        assert_eq!(response.status, 431);
    }
    app.get("/v1/users").expect(200);
}
