use serde_json::json;

use crate::app::TestApp;

#[test]
fn a_lot_expires_at_the_very_instant() {
    let app = TestApp::with_test_clock();
    app.user_with("ana", 1);
    let soon = app.post("/v1/holds", json!({"user": "ana", "coin": "toco", "amount": 1, "timeout_s": 100})).expect(201);
    let body = json!({"user": "ana", "coin": "toco", "amount": 50, "expires_at": soon["expires_at"]});
    app.post("/v1/grants", body).expect(201);
    app.advance(99);
    assert_eq!(app.total("ana"), 51);
    let now = app.advance(1)["now"].clone();
    assert_eq!(now, soon["expires_at"]);
    assert_eq!(app.total("ana"), 1);
    assert_eq!(app.get("/v1/coins/toco").expect(200)["expired"], 50);
    let kinds: Vec<_> = app.get("/v1/users/ana/history").expect(200)["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| (entry["kind"].as_str().unwrap().to_owned(), entry["amount"].as_i64().unwrap()))
        .collect();
    assert_eq!(kinds[0], ("expire".to_owned(), -50));
    assert_eq!(kinds[1], ("hold_expired".to_owned(), 0));
}

#[test]
fn real_time_can_not_be_moved() {
    let app = TestApp::start();
    let refused = app.post("/v1/test-clock/advance", json!({"seconds": 1}));
    assert_eq!(refused.status, 403);
    refused.refused("forbidden");
}

#[test]
fn time_only_moves_forward() {
    let app = TestApp::with_test_clock();
    for seconds in [json!(0), json!(-1), json!(1.5), json!("1")] {
        app.post("/v1/test-clock/advance", json!({"seconds": seconds})).invalid("seconds");
    }
    app.post("/v1/test-clock/advance", json!({})).invalid("seconds");
}
