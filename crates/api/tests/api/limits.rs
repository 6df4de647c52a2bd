use serde_json::json;

use crate::app::TestApp;

#[test]
fn a_floor_lets_an_account_owe() {
    let app = TestApp::start();
    app.user("ana");
    let event = app.put("/v1/users/ana/limits/toco", json!({"floor": -100})).expect(200);
    assert_eq!((&event["kind"], &event["floor"], &event["frozen"]), (&json!("limits"), &json!(-100), &json!(false)));
    let spent = app.spend("ana", 60);
    assert_eq!(spent["balances"]["ana"]["available"], -60);
    app.post("/v1/spends", json!({"user": "ana", "coin": "toco", "amount": 41})).refused("insufficient_funds");
    assert_eq!(app.get("/v1/users/ana").expect(200)["accounts"][0]["floor"], -100);
}

#[test]
fn a_ceiling_stops_what_would_pass_it() {
    let app = TestApp::start();
    app.user("ana");
    app.put("/v1/users/ana/limits/toco", json!({"ceiling": 10})).expect(200);
    let refused = app.post("/v1/grants", json!({"user": "ana", "coin": "toco", "amount": 11}));
    assert_eq!(refused.refused("above_ceiling")["ceiling"], 10);
    app.grant("ana", 10);
}

#[test]
fn a_frozen_account_receives_and_gives_nothing() {
    let app = TestApp::start();
    app.user_with("ana", 10);
    app.put("/v1/users/ana/limits/toco", json!({"frozen": true})).expect(200);
    app.grant("ana", 5);
    let refused = app.post("/v1/spends", json!({"user": "ana", "coin": "toco", "amount": 1}));
    assert_eq!(refused.status, 409);
    refused.refused("account_frozen");
    app.put("/v1/users/ana/limits/toco", json!({})).expect(200);
    app.spend("ana", 15);
}

#[test]
fn limits_out_of_range_are_refused_by_name() {
    let app = TestApp::start();
    app.user("ana");
    for (field, value) in [("floor", json!(1)), ("ceiling", json!(-1)), ("frozen", json!("yes")), ("floor", json!(0.5))]
    {
        app.put("/v1/users/ana/limits/toco", json!({field: value})).invalid(field);
    }
    app.put("/v1/users/ana/limits/toco", json!({"user": "ana"})).invalid("user");
}
