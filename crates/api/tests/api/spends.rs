use serde_json::json;

use crate::app::TestApp;

#[test]
fn a_spend_uses_coins_up() {
    let app = TestApp::start();
    app.user_with("ana", 50);
    let event = app.spend("ana", 20);
    assert_eq!(event["kind"], "spend");
    assert_eq!(event["balances"], json!({"ana": {"total": 30, "held": 0, "available": 30}}));
    assert_eq!(event.get("to"), None);
    assert_eq!(app.get("/v1/coins/toco").expect(200)["spent"], 20);
}

#[test]
fn a_spend_can_pay_a_shop() {
    let app = TestApp::start();
    app.user_with("ana", 50).user("shop");
    let event = app.post("/v1/spends", json!({"user": "ana", "coin": "toco", "amount": 20, "to": "shop"})).expect(201);
    assert_eq!(event["to"], "shop");
    assert_eq!(event["balances"]["shop"]["total"], 20);
    assert_eq!(app.get("/v1/coins/toco").expect(200)["spent"], 0);
}

#[test]
fn up_to_takes_what_is_there_and_says_how_much() {
    let app = TestApp::start();
    app.user_with("ana", 50);
    let up_to = json!({"user": "ana", "coin": "toco", "amount": 80, "mode": "up_to"});
    let first = app.post("/v1/spends", up_to.clone()).expect(201);
    assert_eq!((&first["amount"], &first["requested"], &first["mode"]), (&json!(50), &json!(80), &json!("up_to")));
    let second = app.post("/v1/spends", up_to).expect(201);
    assert_eq!((&second["amount"], &second["lots"]), (&json!(0), &json!([])));
}

#[test]
fn a_mode_that_is_none_is_refused() {
    let app = TestApp::start();
    app.user_with("ana", 50);
    app.post("/v1/spends", json!({"user": "ana", "coin": "toco", "amount": 1, "mode": "some"})).invalid("mode");
}
