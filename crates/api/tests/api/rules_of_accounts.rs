//! Thresholds and spending limits over HTTP.

use serde_json::{Value, json};

use crate::app::TestApp;

fn numbers(page: &Value) -> Vec<u64> {
    page["events"].as_array().unwrap().iter().map(|event| event["event"].as_u64().unwrap()).collect()
}

#[test]
fn a_crossing_is_in_the_response_the_event_and_the_filtered_feed() {
    let app = TestApp::start();
    app.user_with("ana", 100).user("bob");
    let put = app.put("/v1/users/ana/thresholds/toco", json!({"thresholds": [50, -5, 20, 50]})).expect(200);
    assert_eq!(
        (&put["kind"], &put["user"], &put["thresholds"]),
        (&json!("thresholds"), &json!("ana"), &json!([-5, 20, 50]))
    );
    assert_eq!(app.get("/v1/users/ana").expect(200)["accounts"][0]["thresholds"], json!([-5, 20, 50]));
    let before = app.last_event();
    let quiet = app.transfer("ana", "bob", 10);
    assert!(quiet.get("crossed").is_none());
    let crossing = app.transfer("ana", "bob", 75);
    let expected = json!([
        {"user": "ana", "threshold": 50, "direction": "down"},
        {"user": "ana", "threshold": 20, "direction": "down"},
    ]);
    assert_eq!(crossing["crossed"], expected);
    let number = crossing["event"].as_u64().unwrap();
    assert_eq!(app.get(&format!("/v1/events/{number}")).expect(200), crossing);
    app.user("cem");
    let page = app.get(&format!("/v1/events?crossed=true&after={before}")).expect(200);
    assert_eq!((numbers(&page), &page["next_after"]), (vec![number], &json!(app.last_event())));
    assert!(app.get("/v1/events").expect(200).get("next_after").is_none());
    let dry = app.post("/v1/grants?dry_run=true", json!({"user": "ana", "coin": "toco", "amount": 10})).expect(201);
    assert_eq!(dry["crossed"][0]["direction"], "up");
}

#[test]
fn a_filtered_page_ends_though_nothing_was_found() {
    let app = TestApp::start();
    app.user("ana");
    let operations: Vec<Value> = (0..10_000).map(|_| json!({"op": "user", "user": "ana"})).collect();
    for _ in 0..3 {
        app.post("/v1/batch", json!({"operations": operations})).expect(200);
    }
    let page = app.get("/v1/events?crossed=true").expect(200);
    assert_eq!((numbers(&page), page["next_after"].as_u64()), (vec![], Some(20_000)));
    let rest = app.get("/v1/events?crossed=true&after=20000").expect(200);
    assert_eq!(rest["next_after"].as_u64(), Some(30_001));
}

#[test]
fn a_coins_thresholds_count_for_accounts_without_their_own() {
    let app = TestApp::start();
    app.user_with("ana", 100).user_with("bob", 100);
    let put = app.put("/v1/coins/toco/thresholds", json!({"thresholds": [90]})).expect(200);
    assert!(put.get("user").is_none());
    assert_eq!(app.get("/v1/coins/toco").expect(200)["thresholds"], json!([90]));
    app.put("/v1/users/bob/thresholds/toco", json!({"thresholds": []})).expect(200);
    assert_eq!(app.spend("ana", 10)["crossed"][0]["threshold"], 90);
    assert!(app.spend("bob", 10).get("crossed").is_none());
    assert_eq!(app.put("/v1/users/bob/thresholds/toco", json!({})).expect(200)["thresholds"], Value::Null);
    assert_eq!(app.grant("bob", 10)["crossed"][0]["threshold"], 90);
}

#[test]
fn thresholds_that_are_none_are_refused_by_name() {
    let app = TestApp::start();
    app.user("ana");
    let eleven: Vec<i64> = (0..11).collect();
    for wrong in [json!(5), json!("5"), json!([1.5]), json!(["5"]), json!([null]), json!([1_u64 << 53]), json!(eleven)]
    {
        app.put("/v1/users/ana/thresholds/toco", json!({"thresholds": wrong})).invalid("thresholds");
    }
    app.request(
        "PUT",
        "/v1/users/ana/thresholds/toco",
        &[("content-type", "application/json")],
        b"{\"thresholds\":[1,}",
    )
    .invalid("body");
    app.put("/v1/users/nobody/thresholds/toco", json!({})).refused("user_not_found");
    app.put("/v1/coins/none/thresholds", json!({})).refused("coin_not_found");
}

#[test]
fn a_spending_limit_says_what_is_left_and_until_when() {
    let app = TestApp::with_test_clock();
    app.user_with("ana", 500).user("shop");
    let put = app.put("/v1/users/ana/spend-limit/toco", json!({"amount": 50, "per": "day"})).expect(200);
    assert_eq!((&put["kind"], &put["amount"], &put["per"]), (&json!("spend_limit"), &json!(50), &json!("day")));
    app.spend("ana", 20);
    app.hold("ana", 25);
    let refused = app.post("/v1/transfers", json!({"from": "ana", "to": "shop", "coin": "toco", "amount": 6}));
    assert_eq!(refused.status, 409);
    let problem = refused.refused("spend_limit_reached");
    assert_eq!((&problem["left"], &problem["needed"], &problem["user"]), (&json!(5), &json!(6), &json!("ana")));
    let account = app.get("/v1/users/ana").expect(200)["accounts"][0]["spend_limit"].clone();
    assert_eq!((&account["used"], &account["left"], &account["of"]), (&json!(45), &json!(5), &json!("account")));
    assert_eq!(account["resets_at"], problem["resets_at"]);
    assert!(problem["resets_at"].as_str().unwrap().ends_with("T00:00:00.000000Z"));
    app.advance(2 * 86_400);
    app.spend("ana", 50);
}

#[test]
fn a_coins_limit_is_that_of_each_account() {
    let app = TestApp::start();
    app.user_with("ana", 500).user_with("bob", 500);
    app.put("/v1/coins/toco/spend-limit", json!({"amount": 30, "per": "hours", "hours": 24})).expect(200);
    assert_eq!(
        app.get("/v1/coins/toco").expect(200)["spend_limit"],
        json!({"amount": 30, "per": "hours", "hours": 24})
    );
    app.spend("ana", 30);
    app.spend("bob", 30);
    app.post("/v1/spends", json!({"user": "bob", "coin": "toco", "amount": 1})).refused("spend_limit_reached");
    let batch = json!({"atomic": true, "results": "all", "operations": [
        {"op": "spend_limit", "user": "bob", "coin": "toco", "amount": 31, "per": "hours", "hours": 24},
        {"op": "spend", "user": "bob", "coin": "toco", "amount": 1},
        {"op": "coin_spend_limit", "coin": "toco"},
        {"op": "coin_thresholds", "coin": "toco", "thresholds": [5]},
        {"op": "thresholds", "user": "bob", "coin": "toco"},
    ]});
    assert_eq!(app.post("/v1/batch?dry_run=true", batch.clone()).expect(200)["applied"], 5);
    assert_eq!(app.post("/v1/batch", batch).expect(200)["applied"], 5);
    assert_eq!(app.get("/v1/users/bob").expect(200)["accounts"][0]["spend_limit"]["left"], 0);
    app.spend("ana", 1);
}

#[test]
fn a_limit_that_is_none_is_refused_by_name() {
    let app = TestApp::start();
    app.user("ana");
    for (body, field) in [
        (json!({"amount": -1}), "amount"),
        (json!({"amount": 5, "per": "week"}), "per"),
        (json!({"amount": 5, "per": "hours"}), "hours"),
        (json!({"amount": 5, "per": "hours", "hours": 0}), "hours"),
        (json!({"amount": 5, "per": "hours", "hours": 745}), "hours"),
        (json!({"amount": 5, "per": "day", "hours": 5}), "hours"),
        (json!({"per": "day"}), "per"),
        (json!({"hours": 5}), "hours"),
    ] {
        app.put("/v1/users/ana/spend-limit/toco", body).invalid(field);
    }
    let none = app.put("/v1/users/ana/spend-limit/toco", json!({})).expect(200);
    assert_eq!(none["amount"], Value::Null);
}

#[test]
fn rules_and_what_they_count_survive_a_restart() {
    let app = TestApp::start();
    app.user_with("ana", 100);
    app.put("/v1/users/ana/spend-limit/toco", json!({"amount": 50, "per": "month"})).expect(200);
    app.put("/v1/users/ana/thresholds/toco", json!({"thresholds": [50]})).expect(200);
    app.spend("ana", 45);
    let before = app.get("/v1/users/ana").expect(200);
    let app = app.restart();
    assert_eq!(app.get("/v1/users/ana").expect(200), before);
    app.post("/v1/spends", json!({"user": "ana", "coin": "toco", "amount": 6})).refused("spend_limit_reached");
    assert_eq!(app.spend("ana", 5)["crossed"][0]["threshold"], 50);
}

#[test]
fn a_filtered_stream_passes_over_all_other_events() {
    let app = TestApp::start();
    app.user_with("ana", 100);
    app.put("/v1/users/ana/thresholds/toco", json!({"thresholds": [50]})).expect(200);
    let mut client = app.client();
    client
        .send(b"GET /v1/events?crossed=true HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n")
        .unwrap();
    app.spend("ana", 10);
    let crossing = app.spend("ana", 45)["event"].clone();
    let seen = client.read_until("\"threshold\":50,\"direction\":\"down\"");
    assert!(seen.contains(&format!("id: {crossing}\n")), "{seen}");
    assert_eq!(seen.matches("data: ").count(), 1, "{seen}");
}
