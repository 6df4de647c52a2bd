use serde_json::json;

use crate::app::TestApp;

#[test]
fn what_is_reserved_is_captured_and_the_rest_is_back() {
    let app = TestApp::start();
    app.user_with("ana", 1_000);
    let event = app.post("/v1/holds", json!({"user": "ana", "coin": "toco", "amount": 500})).expect(201);
    assert_eq!((&event["kind"], &event["state"], &event["held"]), (&json!("hold"), &json!("open"), &json!(500)));
    assert_eq!(event["id"], event["event"]);
    assert_eq!(event["balances"]["ana"], json!({"total": 1000, "held": 500, "available": 500}));
    let hold = event["id"].as_u64().unwrap();
    let captured = app.post(&format!("/v1/holds/{hold}/capture"), json!({"amount": 137})).expect(201);
    assert_eq!(
        (&captured["state"], &captured["amount"], &captured["released"], &captured["held"], &captured["final"]),
        (&json!("captured"), &json!(137), &json!(363), &json!(0), &json!(true))
    );
    assert_eq!(captured["balances"]["ana"], json!({"total": 863, "held": 0, "available": 863}));
    let shown = app.get(&format!("/v1/holds/{hold}")).expect(200);
    assert_eq!(
        (&shown["state"], &shown["amount"], &shown["captured"], &shown["held"], &shown["lots"]),
        (&json!("captured"), &json!(500), &json!(137), &json!(0), &json!([]))
    );
    assert!(shown["ended_at"].is_string());
}

#[test]
fn a_hold_can_be_captured_in_parts_to_a_shop() {
    let app = TestApp::start();
    app.user_with("ana", 100).user("shop");
    let hold = app.post("/v1/holds", json!({"user": "ana", "coin": "toco", "amount": 50, "to": "shop"})).expect(201);
    let path = format!("/v1/holds/{}", hold["id"]);
    let part = app.post(&format!("{path}/capture"), json!({"amount": 20, "final": false})).expect(201);
    assert_eq!((&part["state"], &part["held"], &part["to"]), (&json!("open"), &json!(30), &json!("shop")));
    let open = app.get(&path).expect(200);
    assert_eq!((&open["state"], &open["captured"], &open["held"]), (&json!("open"), &json!(20), &json!(30)));
    app.post(&format!("{path}/capture"), json!({})).expect(201);
    assert_eq!((app.total("ana"), app.total("shop")), (50, 50));
    let ended = app.get(&path).expect(200);
    assert_eq!((&ended["captured"], &ended["to"]), (&json!(50), &json!("shop")));
}

#[test]
fn more_than_is_held_is_refused_or_taken_from_what_is_available() {
    let app = TestApp::start();
    app.user_with("ana", 100);
    let hold = app.hold("ana", 50);
    let path = format!("/v1/holds/{hold}/capture");
    let refused = app.post(&path, json!({"amount": 70}));
    assert_eq!(refused.status, 409);
    assert_eq!(refused.refused("hold_amount_exceeded")["held"], 50);
    let taken = app.post(&path, json!({"amount": 70, "excess": "take_available"})).expect(201);
    assert_eq!((&taken["amount"], app.total("ana")), (&json!(70), 30));
    // What the hold itself gave is what was captured from it.
    assert_eq!(app.get(&format!("/v1/holds/{hold}")).expect(200)["captured"], 50);
}

#[test]
fn a_hold_that_has_ended_says_how() {
    let app = TestApp::start();
    app.user_with("ana", 100);
    let hold = app.hold("ana", 50);
    let released = app.post(&format!("/v1/holds/{hold}/release"), json!({})).expect(201);
    assert_eq!((&released["state"], &released["amount"]), (&json!("released"), &json!(50)));
    for what in ["capture", "release"] {
        let refused = app.post(&format!("/v1/holds/{hold}/{what}"), json!({}));
        assert_eq!(refused.status, 409);
        assert_eq!(refused.refused("hold_ended")["ended_as"], "released");
    }
    app.get("/v1/holds/99").refused("hold_not_found");
    app.get("/v1/holds/x").invalid("hold");
}

#[test]
fn a_hold_ends_by_itself_unless_it_is_extended() {
    let app = TestApp::with_test_clock();
    app.user_with("ana", 100);
    let hold = |timeout_s: u64| {
        app.post("/v1/holds", json!({"user": "ana", "coin": "toco", "amount": 10, "timeout_s": timeout_s})).expect(201)
    };
    let (short, long, hour) = (hold(60), hold(60), hold(3600));
    let extend = |hold: &serde_json::Value, expires_at: &serde_json::Value| {
        app.post(&format!("/v1/holds/{}/extend", hold["id"]), json!({"expires_at": expires_at}))
    };
    extend(&hour, &short["expires_at"]).invalid("expires_at");
    extend(&long, &json!("2999-01-01T00:00:00Z")).invalid("expires_at");
    let extended = extend(&long, &hour["expires_at"]).expect(201);
    assert_eq!((&extended["kind"], &extended["expires_at"]), (&json!("extend"), &hour["expires_at"]));
    app.advance(60);
    let state = |hold: &serde_json::Value| {
        let shown = app.get(&format!("/v1/holds/{}", hold["id"])).expect(200);
        (shown["state"].as_str().unwrap().to_owned(), shown["held"].as_u64().unwrap())
    };
    assert_eq!(state(&short), ("expired".to_owned(), 0));
    assert_eq!(state(&long), ("open".to_owned(), 10));
    app.advance(3600);
    assert_eq!(state(&long), ("expired".to_owned(), 0));
    assert_eq!(app.get("/v1/users/ana").expect(200)["accounts"][0]["available"], 100);
}

#[test]
fn a_hold_takes_an_instant_or_a_timeout() {
    let app = TestApp::start();
    app.user_with("ana", 100);
    let both =
        json!({"user": "ana", "coin": "toco", "amount": 1, "timeout_s": 5, "expires_at": "2999-01-01T00:00:00Z"});
    app.post("/v1/holds", both).invalid("timeout_s");
    app.post("/v1/holds", json!({"user": "ana", "coin": "toco", "amount": 1, "timeout_s": 0})).invalid("timeout_s");
}
