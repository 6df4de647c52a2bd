use serde_json::json;

use crate::app::TestApp;

#[test]
fn a_transfer_is_taken_back_in_steps() {
    let app = TestApp::start();
    app.user_with("ana", 50).user("bob");
    let transfer = app.transfer("ana", "bob", 30)["event"].as_u64().unwrap();
    let path = format!("/v1/events/{transfer}/reverse");
    let part = app.post(&path, json!({"amount": 10})).expect(201);
    assert_eq!(
        (&part["kind"], &part["of"], &part["of_kind"], &part["from"], &part["to"], &part["remaining"]),
        (&json!("reverse"), &json!(transfer), &json!("transfer"), &json!("bob"), &json!("ana"), &json!(20))
    );
    app.post(&path, json!({})).expect(201);
    assert_eq!((app.total("ana"), app.total("bob")), (50, 0));
    let refused = app.post(&path, json!({}));
    assert_eq!(refused.status, 409);
    assert_eq!(refused.refused("already_reversed")["remaining"], 0);
}

#[test]
fn what_is_gone_can_not_be_taken_back() {
    let app = TestApp::start();
    app.user_with("ana", 50).user("bob");
    let transfer = app.transfer("ana", "bob", 30)["event"].clone();
    app.spend("bob", 25);
    let refused = app.post(&format!("/v1/events/{transfer}/reverse"), json!({}));
    assert_eq!(refused.refused("insufficient_funds")["available"], 5);
}

#[test]
fn grants_and_spends_go_back_where_they_came_from() {
    let app = TestApp::start();
    app.user("ana");
    let grant = app.grant("ana", 50)["event"].clone();
    let spend = app.spend("ana", 20)["event"].clone();
    let back = app.post(&format!("/v1/events/{spend}/reverse"), json!({})).expect(201);
    assert_eq!((&back["user"], app.total("ana")), (&json!("ana"), 50));
    app.post(&format!("/v1/events/{grant}/reverse"), json!({})).expect(201);
    assert_eq!(app.total("ana"), 0);
    assert_eq!(app.get("/v1/coins/toco").expect(200)["issued"], 0);
}

#[test]
fn other_events_are_not_reversible() {
    let app = TestApp::start();
    app.user_with("ana", 50);
    let refused = app.post("/v1/events/1/reverse", json!({}));
    assert_eq!((refused.status, refused.refused("not_reversible")["kind"].clone()), (409, json!("user")));
    app.post("/v1/events/99/reverse", json!({})).refused("event_not_found");
}

#[test]
fn a_chargeback_takes_what_is_there_and_lets_the_rest_be_owed() {
    let app = TestApp::start();
    app.user("ana");
    let bought = app.post("/v1/grants", json!({"user": "ana", "coin": "toco", "amount": 100, "lot": true})).expect(201);
    assert_eq!(bought["lot"], true);
    app.spend("ana", 70);
    let path = format!("/v1/events/{}/reverse", bought["event"]);
    app.post(&path, json!({"amount": 10})).expect(201);
    app.post(&path, json!({})).refused("insufficient_funds");
    let there = app.post(&path, json!({"amount": 500, "mode": "up_to"})).expect(201);
    assert_eq!(
        (&there["amount"], &there["requested"], &there["mode"], &there["remaining"]),
        (&json!(20), &json!(500), &json!("up_to"), &json!(70))
    );
    let owed = app.post(&path, json!({"mode": "up_to", "debt": true})).expect(201);
    assert_eq!((&owed["amount"], &owed["debt"], &owed["remaining"]), (&json!(70), &json!(70), &json!(0)));
    assert_eq!(owed["balances"]["ana"]["available"], -70);
    app.post(&path, json!({"mode": "up_to"})).refused("already_reversed");
    app.post(&path, json!({"mode": "some"})).invalid("mode");
    app.post(&path, json!({"debt": 1})).invalid("debt");
    app.grant("ana", 100);
    assert_eq!(app.total("ana"), 30);
}
