use serde_json::{Value, json};

use crate::app::TestApp;

const DAY_S: u64 = 86_400;

fn liability(app: &TestApp, query: &str) -> Value {
    app.get(&format!("/v1/reports/liability?coin=toco{query}")).expect(200)
}

/// The numbers of a row; `converted` where it has that.
#[track_caller]
fn check(row: &Value, expected: &[(&str, i64)]) {
    for (name, amount) in expected {
        assert_eq!(row[name], *amount, "{name} of {row}");
    }
    let number = |name: &str| row[name].as_i64().unwrap_or(0);
    let changed = number("granted") - number("spent") - number("expired") + number("reversed") + number("converted");
    assert_eq!(number("closing"), number("opening") + changed, "{row}");
}

fn promotional(app: &TestApp, user: &str, amount: u64, expires_at: Option<&str>) -> Value {
    let mut body = json!({"user": user, "coin": "toco", "amount": amount, "category": "promotional"});
    if let Some(expires_at) = expires_at {
        body["expires_at"] = json!(expires_at);
    }
    app.post("/v1/grants", body).expect(201)
}

#[test]
fn a_report_says_what_users_have_and_why() {
    let app = TestApp::with_test_clock();
    app.user_with("ana", 100).user("shop");
    promotional(&app, "ana", 50, None);
    // Promotional coins go first.
    app.spend("ana", 20);
    let paid = app.post("/v1/spends", json!({"user": "ana", "coin": "toco", "amount": 40, "to": "shop"})).expect(201);
    app.post(&format!("/v1/events/{}/reverse", paid["event"]), json!({"amount": 4})).expect(201);
    app.hold("ana", 7);
    let report = liability(&app, "");
    assert_eq!((&report["coin"], &report["by"]), (&json!("toco"), &json!("total")));
    assert_eq!(report["event"], app.last_event());
    let expected = [
        ("opening", 0),
        ("granted", 150),
        ("spent", 20),
        ("expired", 0),
        ("reversed", 0),
        ("closing", 130),
        ("held", 7),
    ];
    check(&report["totals"], &expected);
    assert_eq!(report["rows"], json!([report["totals"]]));
    assert_eq!(report["check"], json!({"balances": 130, "counted": 130, "equal": true}));
    assert_eq!(app.get("/v1/coins/toco").expect(200)["outstanding"], 130);

    let report = liability(&app, "&by=category");
    let rows = report["rows"].as_array().unwrap();
    assert_eq!((&rows[0]["category"], &rows[1]["category"]), (&json!("paid"), &json!("promotional")));
    check(
        &rows[0],
        &[("granted", 100), ("spent", 0), ("reversed", 0), ("converted", 30), ("closing", 130), ("held", 7)],
    );
    check(
        &rows[1],
        &[("granted", 50), ("spent", 20), ("reversed", 0), ("converted", -30), ("closing", 0), ("held", 0)],
    );
    let of_categories = json!([
        {"category": "paid", "balances": 130, "counted": 130, "equal": true},
        {"category": "promotional", "balances": 0, "counted": 0, "equal": true},
    ]);
    assert_eq!(report["check"]["categories"], of_categories);
    check(&report["totals"], &expected);
    assert!(report["totals"].get("converted").is_none(), "it is always 0");
    // The plain coins went last, so they came back first.
    app.post(&format!("/v1/events/{}/reverse", paid["event"]), json!({})).expect(201);
    let rows = liability(&app, "&by=category")["rows"].clone();
    check(&rows[0], &[("reversed", -30), ("converted", 30), ("closing", 100)]);
    check(&rows[1], &[("reversed", 30), ("converted", -30), ("closing", 30)]);
}

#[test]
fn months_follow_each_other_and_the_first_and_the_last_may_be_cut() {
    let app = TestApp::with_test_clock();
    app.user_with("ana", 100);
    for _ in 0..8 {
        app.advance(10 * DAY_S);
        app.grant("ana", 5);
        app.spend("ana", 3);
    }
    let report = liability(&app, "&by=month");
    let rows = report["rows"].as_array().unwrap();
    assert!((3..=4).contains(&rows.len()), "{report}");
    assert_eq!((&rows[0]["from"], &rows[rows.len() - 1]["until"]), (&report["from"], &report["until"]));
    for pair in rows.windows(2) {
        assert_eq!((&pair[0]["closing"], &pair[0]["until"]), (&pair[1]["opening"], &pair[1]["from"]));
        assert!(pair[1]["from"].as_str().unwrap().ends_with("-01T00:00:00.000000Z"), "{pair:?}");
        assert!(pair[0]["month"].as_str() < pair[1]["month"].as_str());
    }
    rows.iter().for_each(|row| check(row, &[]));
    check(&report["totals"], &[("granted", 140), ("spent", 24), ("closing", 116)]);
    // A whole month by itself is the same row.
    let (from, until) = (rows[1]["from"].as_str().unwrap(), rows[1]["until"].as_str().unwrap());
    let month = liability(&app, &format!("&from={from}&until={until}"));
    for name in ["opening", "granted", "spent", "closing"] {
        assert_eq!(month["totals"][name], rows[1][name]);
    }
    assert_eq!((&month["from"], &month["until"]), (&rows[1]["from"], &rows[1]["until"]));
}

#[test]
fn days_follow_each_other_and_add_up() {
    let app = TestApp::with_test_clock();
    app.user_with("ana", 100);
    for _ in 0..3 {
        app.advance(DAY_S);
        app.spend("ana", 3);
    }
    let report = liability(&app, "&by=day");
    let rows = report["rows"].as_array().unwrap();
    assert_eq!(rows.len(), 4, "{report}");
    for (pair, row) in rows.windows(2).zip(&rows[1..]) {
        assert_eq!((&pair[0]["closing"], &pair[0]["until"]), (&pair[1]["opening"], &pair[1]["from"]));
        assert!(row["from"].as_str().unwrap().starts_with(row["day"].as_str().unwrap()), "{row}");
        check(row, &[("spent", 3)]);
    }
    check(&report["totals"], &[("granted", 100), ("spent", 9), ("closing", 91)]);
    let from = "from=1990-01-01T00:00:00Z";
    app.get(&format!("/v1/reports/liability?coin=toco&by=day&{from}")).invalid("from");
}

#[test]
fn what_expires_does_so_when_it_was_due_however_late_anybody_looks() {
    let app = TestApp::with_test_clock();
    app.user_with("ana", 10);
    let first = app.advance(DAY_S)["now"].as_str().unwrap().to_owned();
    let due = {
        // An instant five days ahead, as the service writes it.
        let hold = json!({"user": "ana", "coin": "toco", "amount": 1, "timeout_s": 5 * DAY_S});
        app.post("/v1/holds", hold).expect(201)["expires_at"].as_str().unwrap().to_owned()
    };
    promotional(&app, "ana", 30, Some(&due));
    app.put("/v1/schedules/plan", json!({"user": "ana", "coin": "toco", "amount": 7, "anchor": due})).expect(201);
    app.advance(90 * DAY_S);
    let until = |until: &str| liability(&app, &format!("&until={until}"))["totals"].clone();
    check(&until(&due), &[("granted", 40), ("expired", 0), ("closing", 40)]);
    check(
        &liability(&app, &format!("&from={due}"))["totals"],
        &[("opening", 40), ("granted", 7), ("expired", 30), ("closing", 17)],
    );
    check(&liability(&app, &format!("&from={first}&until={due}"))["totals"], &[("opening", 10), ("granted", 30)]);
}

#[test]
fn debts_and_closed_users_count_as_they_are() {
    let app = TestApp::with_test_clock();
    app.user("ana").user("bob");
    let bought = app.post("/v1/grants", json!({"user": "ana", "coin": "toco", "amount": 100, "lot": true})).expect(201);
    app.spend("ana", 70);
    app.post(&format!("/v1/events/{}/reverse", bought["event"]), json!({"debt": true})).expect(201);
    check(&liability(&app, "")["totals"], &[("granted", 100), ("spent", 70), ("reversed", -100), ("closing", -70)]);
    app.grant("bob", 5);
    app.spend("bob", 5);
    app.post("/v1/users/bob/close", json!({})).expect(200);
    check(&liability(&app, "")["totals"], &[("granted", 105), ("spent", 75), ("closing", -70)]);
    assert_eq!(liability(&app, "")["check"]["balances"], -70);
}

#[test]
fn each_coin_has_a_report_of_its_own() {
    let app = TestApp::start();
    app.put("/v1/coins/gold", json!({"decimals": 2})).expect(201);
    app.user_with("ana", 100);
    app.post("/v1/grants", json!({"user": "ana", "coin": "gold", "amount": 7})).expect(201);
    check(&app.get("/v1/reports/liability?coin=gold").expect(200)["totals"], &[("granted", 7), ("closing", 7)]);
    check(&liability(&app, "")["totals"], &[("granted", 100), ("closing", 100)]);
}

#[test]
fn a_new_ledger_owes_nothing() {
    let app = TestApp::start();
    for by in ["total", "category", "month"] {
        let report = liability(&app, &format!("&by={by}"));
        check(&report["totals"], &[("opening", 0), ("closing", 0)]);
        assert_eq!(report["event"], 0);
    }
}

#[test]
fn spans_that_are_none_are_refused() {
    let app = TestApp::with_test_clock();
    app.user_with("ana", 1);
    let get = |query: &str| app.get(&format!("/v1/reports/liability?{query}"));
    get("").invalid("coin");
    get("coin=Toco").invalid("coin");
    get("coin=silver").refused("coin_not_found");
    get("coin=toco&from=yesterday").invalid("from");
    get("coin=toco&until=2026-13-01T00:00:00Z").invalid("until");
    get("coin=toco&by=week").invalid("by");
    get("coin=toco&at=5").invalid("at");
    get("coin=toco&from=2020-01-01T00:00:00Z&until=2020-01-01T00:00:00Z").invalid("until");
    get("coin=toco&from=2021-01-01T00:00:00Z&until=2020-01-01T00:00:00Z").invalid("until");
    let future = get("coin=toco&until=9999-01-01T00:00:00Z").invalid("until");
    assert!(future["detail"].as_str().unwrap().contains("future"), "{future}");
    get("coin=toco&from=9999-01-01T00:00:00Z").invalid("from");
    let early = get("coin=toco&until=2020-01-01T00:00:00Z").invalid("until");
    assert!(early["detail"].as_str().unwrap().contains("the ledger begins at"), "{early}");
    get("coin=toco&by=month&from=0001-01-01T00:00:00Z").invalid("from");
    check(&liability(&app, "&from=1990-01-01T00:00:00Z")["totals"], &[("opening", 0), ("closing", 1)]);
    // The end that a report names is one that it can be asked for again.
    let report = liability(&app, "");
    let again = liability(&app, &format!("&until={}", report["until"].as_str().unwrap()));
    assert_eq!(again, report);
}

#[test]
fn a_report_needs_a_key_that_may_read() {
    let mut app = TestApp::start();
    let made = app.post("/v1/keys", json!({"name": "finance", "right": "admin"})).expect(201);
    let path = "/v1/reports/liability?coin=toco";
    app.get(path).refused("unauthenticated");
    app.key = Some(made["secret"].as_str().unwrap().to_owned());
    let made = app.post("/v1/keys", json!({"name": "reader", "right": "read"})).expect(201);
    app.key = Some(made["secret"].as_str().unwrap().to_owned());
    let response = app.get(path);
    response.expect(200);
    assert_eq!(response.header("tocos-event"), Some("2"));
}

#[test]
fn reports_that_come_together_are_made_one_after_the_other() {
    let app = TestApp::start();
    app.user_with("ana", 100);
    std::thread::scope(|scope| {
        for _ in 0..6 {
            let app = &app;
            scope.spawn(move || {
                for _ in 0..5 {
                    check(&liability(app, "&by=category")["totals"], &[("granted", 100)]);
                }
            });
        }
        app.hold("ana", 1);
    });
}
