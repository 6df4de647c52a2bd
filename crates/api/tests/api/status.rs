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
fn the_status_counts_refusals_by_time_whether_or_not_somebody_looks() {
    let app = TestApp::with_test_clock();
    app.user("ana");
    let began = app.get("/v1/status").expect(200)["refusals_by_time"].clone();
    assert_eq!((&began["span_s"], &began["counts"]), (&json!(600), &json!([0])));
    let refused = json!({"op": "spend", "user": "ana", "coin": "toco", "amount": 5});
    for _ in 0..3 {
        app.post("/v1/spends", json!({"user": "ana", "coin": "toco", "amount": 5})).refused("insufficient_funds");
    }
    app.get("/v1/users/nobody").refused("user_not_found");
    let batch = app.post("/v1/batch", json!({"operations": [refused, refused]})).expect(200);
    assert_eq!(batch["refused"], 2);
    let status = app.get("/v1/status").expect(200);
    let by_code: u64 = status["refusals"].as_array().unwrap().iter().map(|one| one["count"].as_u64().unwrap()).sum();
    assert_eq!((by_code, &status["refusals_by_time"]["counts"]), (6, &json!([6])));
    // The span began when the service started, by the clock that it shows.
    let clock = app.get("/v1/clock").expect(200);
    let (from, now) = (status["refusals_by_time"]["from"].as_str().unwrap(), clock["system_time"].as_str().unwrap());
    assert!(from.ends_with(".000000Z") && from[..13] <= now[..13], "{from} {now}");
}

#[test]
fn the_status_of_a_new_ledger_is_empty() {
    let app = TestApp::start();
    let status = app.get("/v1/status").expect(200);
    let expected = json!({
        "open_holds": 0, "oldest_hold_at": null, "refusals": [], "archive": null, "refusals_by_time": status["refusals_by_time"],
        "expiring": [{"coin": "toco", "within_7_days": 0, "within_30_days": 0}],
    });
    assert_eq!(status, expected);
}
