use serde_json::json;

use crate::app::TestApp;

#[test]
fn a_transfer_moves_coins_and_answers_with_both_balances() {
    let app = TestApp::start();
    app.user_with("ana", 50).user("bob");
    let body = json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 5, "metadata": {"order": "17"}});
    let event = app.post("/v1/transfers", body).expect(201);
    let at = event["at"].clone();
    assert_eq!(at.as_str().map(str::len), Some(27), "{at}");
    let wanted = json!({
        "event": 4, "kind": "transfer", "from": "ana", "to": "bob", "coin": "toco", "amount": 5, "at": at,
        "lots": [{"grant": null, "amount": 5}],
        "balances": {
            "ana": {"total": 45, "held": 0, "available": 45},
            "bob": {"total": 5, "held": 0, "available": 5},
        },
        "metadata": {"order": "17"},
    });
    assert_eq!(event, wanted);
    assert_eq!((app.total("ana"), app.total("bob")), (45, 5));
}

#[test]
fn a_transfer_of_more_than_there_is_says_how_much_there_is_and_changes_nothing() {
    let app = TestApp::start();
    app.user_with("ana", 50).user("bob");
    let before = app.last_event();
    let refused = app.post("/v1/transfers", json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 51}));
    assert_eq!(refused.status, 402);
    assert_eq!(refused.refused("insufficient_funds")["available"], 50);
    assert_eq!((app.total("ana"), app.total("bob"), app.last_event()), (50, 0, before));
}

#[test]
fn unknown_users_and_coins_are_not_found() {
    let app = TestApp::start();
    app.user_with("ana", 50).user("bob");
    let transfer = |from: &str, to: &str, coin: &str| {
        app.post("/v1/transfers", json!({"from": from, "to": to, "coin": coin, "amount": 1}))
    };
    assert_eq!(transfer("eve", "bob", "toco").refused("user_not_found")["user"], "eve");
    assert_eq!(transfer("ana", "eve", "toco").refused("user_not_found")["user"], "eve");
    assert_eq!(transfer("ana", "bob", "gold").refused("coin_not_found")["coin"], "gold");
    assert_eq!(transfer("ana", "bob", "gold").status, 404);
}

#[test]
fn nobody_transfers_to_themselves_or_to_a_system_account() {
    let app = TestApp::start();
    app.user_with("ana", 50);
    app.post("/v1/transfers", json!({"from": "ana", "to": "ana", "coin": "toco", "amount": 1})).invalid("to");
    app.post("/v1/transfers", json!({"from": "@issued", "to": "ana", "coin": "toco", "amount": 1})).invalid("from");
    assert_eq!(app.total("ana"), 50);
}

#[test]
fn lots_keep_their_marks_on_the_way() {
    let app = TestApp::start();
    app.user("ana").user("bob");
    let marks = json!({"user": "ana", "coin": "toco", "amount": 10, "expires_at": "2999-01-01T00:00:00Z",
        "priority": 7, "category": "promotional"});
    let grant = app.post("/v1/grants", marks).expect(201)["event"].clone();
    let moved = app.transfer("ana", "bob", 4);
    let lot = json!({"grant": grant, "amount": 4, "expires_at": "2999-01-01T00:00:00.000000Z", "priority": 7,
        "category": "promotional"});
    assert_eq!(moved["lots"], json!([lot]));
    assert_eq!(app.get("/v1/users/bob").expect(200)["accounts"][0]["lots"], json!([lot]));
}
