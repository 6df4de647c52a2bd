use serde_json::json;

use crate::app::TestApp;

#[test]
fn a_plain_grant_says_its_defaults() {
    let app = TestApp::start();
    app.user("ana");
    let event = app.grant("ana", 50);
    assert_eq!(
        (&event["expires_at"], &event["priority"], &event["category"]),
        (&json!(null), &json!(50), &json!("paid"))
    );
    assert_eq!(event["lots"], json!([{"grant": null, "amount": 50}]));
}

#[test]
fn coins_burn_in_order_of_priority_expiry_and_category() {
    let app = TestApp::start();
    app.user("ana");
    let grant = |amount: u64, more: serde_json::Value| {
        let mut body = json!({"user": "ana", "coin": "toco", "amount": amount});
        body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        app.post("/v1/grants", body).expect(201)["event"].clone()
    };
    let late = grant(1, json!({"priority": 90}));
    let plain = grant(1, json!({}));
    let gift = grant(1, json!({"category": "promotional"}));
    let soon = grant(1, json!({"expires_at": "2999-01-01T00:00:00+02:00"}));
    let first = grant(1, json!({"priority": 0}));
    let lots = app.spend("ana", 5)["lots"].clone();
    let order: Vec<_> = lots.as_array().unwrap().iter().map(|lot| lot["grant"].clone()).collect();
    assert_eq!(order, [first, soon, gift, json!(null), late]);
    assert_eq!(lots[1]["expires_at"], "2998-12-31T22:00:00.000000Z");
    assert!(plain.is_u64());
}

#[test]
fn marks_out_of_range_are_refused_by_name() {
    let app = TestApp::start();
    app.user("ana");
    for (field, value) in [
        ("priority", json!(101)),
        ("priority", json!(-1)),
        ("priority", json!("5")),
        ("category", json!("free")),
        ("expires_at", json!("tomorrow")),
        ("expires_at", json!(1_700_000_000)),
        ("expires_at", json!("2001-01-01T00:00:00Z")),
    ] {
        app.post("/v1/grants", json!({"user": "ana", "coin": "toco", "amount": 1, field: value})).invalid(field);
    }
    assert_eq!(app.total("ana"), 0);
}

#[test]
fn no_more_is_ever_issued_than_json_can_count() {
    let app = TestApp::start();
    app.user("ana").user("bob");
    app.grant("ana", 9_007_199_254_740_991);
    app.post("/v1/grants", json!({"user": "ana", "coin": "toco", "amount": 1})).refused("above_ceiling");
    let refused = app.post("/v1/grants", json!({"user": "bob", "coin": "toco", "amount": 1}));
    assert_eq!(refused.refused("supply_exhausted")["remaining"], 0);
}
