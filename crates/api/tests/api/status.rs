use serde_json::json;

use crate::app::TestApp;

const DAY_S: u64 = 86_400;

#[test]
fn the_status_says_what_is_held_what_expires_and_what_was_refused() {
    let app = TestApp::with_test_clock();
    app.user_with("ana", 100);
    let hold =
        app.post("/v1/holds", json!({"user": "ana", "coin": "toco", "amount": 5, "timeout_s": 9 * DAY_S})).expect(201);
    let lot = json!({"user": "ana", "coin": "toco", "amount": 30, "expires_at": hold["expires_at"]});
    app.post("/v1/grants", lot).expect(201);
    app.post("/v1/spends", json!({"user": "ana", "coin": "toco", "amount": 1_000})).refused("insufficient_funds");
    let status = app.get("/v1/status").expect(200);
    assert_eq!((&status["open_holds"], &status["oldest_hold_at"]), (&json!(1), &hold["at"]));
    assert_eq!(status["expiring"], json!([{"coin": "toco", "within_7_days": 0, "within_30_days": 30}]));
    assert_eq!(status["refusals"], json!([{"code": "insufficient_funds", "count": 1}]));
    assert_eq!(status["archive"], json!(null));
}

#[test]
fn the_status_of_a_new_ledger_is_empty() {
    let app = TestApp::start();
    let expected = json!({
        "open_holds": 0, "oldest_hold_at": null, "refusals": [], "archive": null,
        "expiring": [{"coin": "toco", "within_7_days": 0, "within_30_days": 0}],
    });
    assert_eq!(app.get("/v1/status").expect(200), expected);
}
