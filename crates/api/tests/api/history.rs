use serde_json::{Value, json};

use crate::app::TestApp;

fn events(page: &Value) -> Vec<u64> {
    page["entries"].as_array().unwrap().iter().map(|entry| entry["event"].as_u64().unwrap()).collect()
}

#[test]
fn entries_tell_change_balance_and_counterpart() {
    let app = TestApp::start();
    app.user("ana").user("bob");
    app.grant("ana", 50);
    app.post_with_key(
        "k",
        "/v1/transfers",
        json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 5, "metadata": {"a": 1}}),
    )
    .expect(201);
    app.spend("ana", 45);
    let history = app.get("/v1/users/ana/history").expect(200);
    let told: Vec<_> = history["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                entry["kind"].as_str().unwrap(),
                entry["amount"].as_i64().unwrap(),
                entry["balance"]["total"].as_i64().unwrap(),
                entry["counterpart"].as_str().unwrap(),
            )
        })
        .collect();
    assert_eq!(told, [("spend", -45, 0, "@spent"), ("transfer", -5, 45, "bob"), ("grant", 50, 50, "@issued")]);
    assert_eq!(history["entries"][1]["metadata"], json!({"a": 1}));
    assert_eq!(history["entries"][1]["idempotency_key"], "k");
    assert_eq!(history["next_cursor"], json!(null));
    let other = app.get("/v1/users/bob/history").expect(200);
    assert_eq!((&other["entries"][0]["amount"], &other["entries"][0]["counterpart"]), (&json!(5), &json!("ana")));
}

#[test]
fn pages_go_both_ways_through_several_accounts() {
    let app = TestApp::start();
    app.put("/v1/coins/gold", json!({})).expect(201);
    app.user("ana");
    let operations: Vec<Value> = (0..301)
        .map(|at| json!({"op": "grant", "user": "ana", "coin": if at % 3 == 0 { "gold" } else { "toco" }, "amount": 1}))
        .collect();
    app.post("/v1/batch", json!({"operations": operations})).expect(200);
    let wanted: Vec<u64> = (3..304).collect();
    for order in ["asc", "desc"] {
        let mut all = Vec::new();
        let mut cursor = String::new();
        loop {
            let page = app.get(&format!("/v1/users/ana/history?order={order}&limit=50{cursor}")).expect(200);
            all.extend(events(&page));
            let Some(next) = page["next_cursor"].as_str() else { break };
            cursor = format!("&cursor={next}");
        }
        if order == "desc" {
            all.reverse();
        }
        assert_eq!(all, wanted, "{order}");
    }
    let gold = app.get("/v1/users/ana/history?coin=gold&limit=1000").expect(200);
    assert_eq!(events(&gold).len(), 101);
    assert_eq!(gold["entries"][0]["balance"]["total"], 101);
}

#[test]
fn events_numbers_times_and_kinds_narrow_it() {
    let app = TestApp::with_test_clock();
    app.user("ana");
    let first = app.grant("ana", 50);
    app.advance(60);
    let second = app.spend("ana", 1);
    app.advance(60);
    let third = app.grant("ana", 50);
    let numbers = |query: &str| events(&app.get(&format!("/v1/users/ana/history?{query}")).expect(200));
    let number = |event: &Value| event["event"].as_u64().unwrap();
    let (one, two, three) = (number(&first), number(&second), number(&third));
    assert_eq!(numbers(&format!("after={one}")), [three, two]);
    assert_eq!(numbers(&format!("before={three}&after={one}")), [two]);
    assert_eq!(numbers("kind=grant"), [three, one]);
    assert_eq!(numbers("kind=grant&limit=1"), [three]);
    assert_eq!(numbers("kind=transfer"), [0u64; 0]);
    let at = |event: &Value| event["at"].as_str().unwrap().to_owned();
    assert_eq!(numbers(&format!("from={}", at(&second))), [three, two]);
    assert_eq!(numbers(&format!("until={}", at(&second))), [one]);
    assert_eq!(numbers(&format!("from={0}&until={0}", at(&second))), [0u64; 0]);
    app.get("/v1/users/ana/history?kind=user").invalid("kind");
    app.get("/v1/users/ana/history?colour=red").invalid("colour");
}

#[test]
fn a_user_without_coins_has_an_empty_history() {
    let app = TestApp::start();
    app.user("ana");
    assert_eq!(app.get("/v1/users/ana/history").expect(200), json!({"entries": [], "next_cursor": null}));
}
