use serde_json::json;

use crate::app::TestApp;

#[test]
fn the_same_request_under_one_key_is_done_once_and_answered_byte_for_byte() {
    let app = TestApp::start();
    app.user_with("ana", 50).user("bob");
    let transfer = json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 5, "metadata": {"z": 1, "a": "ä"}});
    let first = app.post_with_key("order-17", "/v1/transfers", transfer.clone());
    first.expect(201);
    assert_eq!(first.header("idempotency-replayed"), None);
    app.spend("ana", 1);
    for _ in 0..3 {
        let again = app.post_with_key("order-17", "/v1/transfers", transfer.clone());
        assert_eq!((again.status, &again.body), (first.status, &first.body));
        assert_eq!(again.header("idempotency-replayed"), Some("true"));
    }
    assert_eq!(app.total("bob"), 5);
}

#[test]
fn an_answer_is_the_same_after_a_restart() {
    let app = TestApp::start();
    app.user_with("ana", 50).user("bob");
    let hold = json!({"user": "ana", "coin": "toco", "amount": 5, "to": "bob"});
    let first = app.post_with_key("h", "/v1/holds", hold.clone());
    let app = app.restart();
    let again = app.post_with_key("h", "/v1/holds", hold);
    assert_eq!((again.status, &again.body), (201, &first.body));
    assert_eq!(again.header("idempotency-replayed"), Some("true"));
}

#[test]
fn form_alone_does_not_make_another_request() {
    let app = TestApp::start();
    app.user_with("ana", 50).user("bob");
    let headers = [("content-type", "application/json; charset=utf-8"), ("idempotency-key", "k")];
    let one = r#"{"from":"ana","to":"bob","coin":"toco","amount":5,"metadata":{"b":"\u00e4","a":null}}"#;
    let two = "{ \"amount\":5, \"metadata\": {\"a\" : null, \"b\":\"ä\"},\n\"coin\":\"toco\",\"to\":\"b\\u006fb\",\"from\":\"ana\"}";
    let first = app.request("POST", "/v1/transfers", &headers, one.as_bytes());
    let again = app.request("POST", "/v1/transfers", &headers, two.as_bytes());
    assert_eq!((first.status, again.header("idempotency-replayed")), (201, Some("true")));
    assert_eq!(first.body, again.body);
}

#[test]
fn another_request_under_the_key_is_refused_and_names_what_differs() {
    let app = TestApp::start();
    app.user_with("ana", 50).user("bob");
    let transfer = |amount: u64, metadata: serde_json::Value| json!({"from": "ana", "to": "bob", "coin": "toco", "amount": amount, "metadata": metadata});
    app.post_with_key("k", "/v1/transfers", transfer(5, json!({"a": 1}))).expect(201);
    let refused = |response: crate::client::Response, field: &str| {
        assert_eq!(response.status, 409);
        assert_eq!(response.refused("idempotency_key_reused")["field"], field);
    };
    refused(app.post_with_key("k", "/v1/transfers", transfer(6, json!({"a": 1}))), "amount");
    refused(app.post_with_key("k", "/v1/transfers", transfer(5, json!({"a": 2}))), "metadata");
    refused(app.post_with_key("k", "/v1/spends", json!({"user": "ana", "coin": "toco", "amount": 5})), "op");
    assert_eq!(app.total("bob"), 5);
}

#[test]
fn a_refusal_does_not_use_its_key_up() {
    let app = TestApp::start();
    app.user("ana");
    let spend = json!({"user": "ana", "coin": "toco", "amount": 5});
    app.post_with_key("k", "/v1/spends", spend.clone()).refused("insufficient_funds");
    app.grant("ana", 5);
    app.post_with_key("k", "/v1/spends", spend).expect(201);
}

#[test]
fn two_at_the_same_moment_are_one() {
    let app = TestApp::start();
    app.user_with("ana", 1_000).user("bob");
    for round in 0..20 {
        let key = format!("round-{round}");
        let responses: Vec<_> = std::thread::scope(|scope| {
            let ask = || {
                let body = json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 1});
                app.post_with_key(&key, "/v1/transfers", body)
            };
            let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
            threads.into_iter().map(|thread| thread.join().unwrap()).collect()
        });
        assert!(responses.iter().all(|response| response.status == 201 && response.body == responses[0].body));
        let replayed = responses.iter().filter(|response| response.header("idempotency-replayed").is_some()).count();
        assert_eq!(replayed, 3);
    }
    assert_eq!(app.total("bob"), 20);
}

#[test]
fn keys_that_are_none_are_refused() {
    let app = TestApp::start();
    app.user_with("ana", 50);
    let spend = json!({"user": "ana", "coin": "toco", "amount": 1});
    for key in ["", &"k".repeat(256), "schlüssel"] {
        app.post_with_key(key, "/v1/spends", spend.clone()).invalid("idempotency_key");
    }
    app.post_with_key(&"k".repeat(255), "/v1/spends", spend).expect(201);
}
