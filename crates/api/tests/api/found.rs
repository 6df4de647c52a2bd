//! Events found by key, reference and schedule; where a grant's coins are.

use serde_json::{Value, json};

use crate::app::TestApp;

fn numbers(page: &Value) -> Vec<u64> {
    page["events"].as_array().unwrap().iter().map(|event| event["event"].as_u64().unwrap()).collect()
}

fn event(response: &Value) -> u64 {
    response["event"].as_u64().unwrap()
}

#[test]
fn events_are_found_by_reference_page_by_page() {
    let app = TestApp::start();
    app.user("ana");
    app.user("bob");
    let reference = "Bestellung 17, Größe L & 100%";
    let grant = json!({"user": "ana", "coin": "toco", "amount": 50, "reference": reference});
    let first = app.post("/v1/grants", grant).expect(201);
    assert_eq!(first["reference"], reference);
    app.post("/v1/grants", json!({"user": "ana", "coin": "toco", "amount": 50, "reference": "18"})).expect(201);
    let transfer = json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 5, "reference": reference});
    let second = app.post("/v1/transfers", transfer.clone()).expect(201);
    let batch = json!({"results": "all", "operations": [
        {"op": "spend", "user": "ana", "coin": "toco", "amount": 1, "reference": reference},
        {"op": "spend", "user": "ana", "coin": "toco", "amount": 1, "reference": ""},
    ]});
    let batch = app.post("/v1/batch", batch).expect(200);
    assert_eq!((&batch["applied"], &batch["refused"]), (&json!(1), &json!(1)));
    assert_eq!(batch["results"][1]["field"], "reference", "{batch}");
    app.post("/v1/transfers?dry_run=true", transfer).expect(201);
    let escaped = "Bestellung%2017%2C%20Gr%C3%B6%C3%9Fe%20L%20%26%20100%25";
    let found = app.get(&format!("/v1/events?reference={escaped}")).expect(200);
    let third = app.last_event();
    assert_eq!(numbers(&found), [event(&first), event(&second), third]);
    assert_eq!((&found["last_event"], &found["next_after"]), (&json!(third), &json!(third)));
    assert_eq!(found["events"][0], app.get(&format!("/v1/events/{}", event(&first))).expect(200));
    let page = app.get(&format!("/v1/events?reference={escaped}&limit=2")).expect(200);
    assert_eq!(numbers(&page), [event(&first), event(&second)]);
    let after = &page["next_after"];
    let page = app.get(&format!("/v1/events?reference={escaped}&limit=2&after={after}")).expect(200);
    assert_eq!(numbers(&page), [third]);
    assert_eq!(numbers(&app.get("/v1/events?reference=nobody").expect(200)), [0u64; 0]);
    let history = app.get("/v1/users/bob/history").expect(200);
    assert_eq!(history["entries"][0]["reference"], reference);
}

#[test]
fn an_event_is_found_by_its_key() {
    let app = TestApp::start();
    app.user("ana");
    let grant = json!({"user": "ana", "coin": "toco", "amount": 50});
    let made = app.post_with_key("order 17/a&b", "/v1/grants", grant).expect(201);
    let found = app.get("/v1/events?idempotency_key=order%2017%2Fa%26b").expect(200);
    assert_eq!(found["events"], json!([made]));
    for other in ["order%2017", "order%2017%2Fa%26B"] {
        assert_eq!(app.get(&format!("/v1/events?idempotency_key={other}")).expect(200)["events"], json!([]));
    }
    let behind = app.get(&format!("/v1/events?idempotency_key=order%2017%2Fa%26b&after={}", event(&made)));
    assert_eq!(behind.expect(200)["events"], json!([]));
}

#[test]
fn events_are_found_by_schedule() {
    let app = TestApp::with_test_clock();
    app.user("ana");
    let plan = json!({"user": "ana", "coin": "toco", "amount": 100, "every_days": 1, "expires": "at_next", "rollover_max": 30});
    let made = app.put("/v1/schedules/plan", plan).expect(201);
    app.advance(86_400);
    assert_eq!(app.total("ana"), 130);
    let found = app.get("/v1/events?schedule=plan").expect(200);
    let kinds: Vec<&str> =
        found["events"].as_array().unwrap().iter().map(|one| one["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["schedule", "grant", "rollover", "grant"]);
    assert_eq!(numbers(&found)[0], event(&made));
    assert_eq!(app.get("/v1/events?reference=plan").expect(200)["events"], json!([]));
}

#[test]
fn what_events_are_found_by_is_one_thing_in_good_form() {
    let app = TestApp::start();
    for (query, field) in [
        ("reference=", "reference"),
        ("reference=a%0Ab", "reference"),
        ("reference=a&schedule=b", "schedule"),
        ("idempotency_key=a&reference=b", "reference"),
        ("idempotency_key=%C3%A9", "idempotency_key"),
        ("schedule=%40a", "schedule"),
        ("schedule=", "schedule"),
        ("reference=a&wait_s=5", "wait_s"),
        ("reference=a&crossed=true", "crossed"),
        ("reference=a&limit=0", "limit"),
        ("reference=a&reference=b", "reference"),
    ] {
        app.get(&format!("/v1/events?{query}")).invalid(field);
    }
    app.request("GET", "/v1/events?reference=a", &[("accept", "text/event-stream")], b"").invalid("accept");
    app.user("ana");
    for bad in [json!(17), json!(""), json!("a\u{202e}b"), json!("é".repeat(256)), json!(["a"])] {
        let grant = json!({"user": "ana", "coin": "toco", "amount": 1, "reference": bad});
        app.post("/v1/grants", grant).invalid("reference");
    }
}

#[test]
fn a_grant_says_where_its_coins_are_and_which_events_used_it() {
    let app = TestApp::with_test_clock();
    for user in ["ana", "bob"] {
        app.user(user);
    }
    let bought = json!({"user": "ana", "coin": "toco", "amount": 100, "lot": true, "reference": "order 17"});
    let bought = event(&app.post("/v1/grants", bought).expect(201));
    let path = format!("/v1/grants/{bought}");
    let spend = app.post("/v1/spends", json!({"user": "ana", "coin": "toco", "amount": 10})).expect(201);
    app.post("/v1/transfers", json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 20})).expect(201);
    app.post("/v1/spends", json!({"user": "bob", "coin": "toco", "amount": 5})).expect(201);
    let hold = app.post("/v1/holds", json!({"user": "ana", "coin": "toco", "amount": 30})).expect(201);
    let hold = event(&hold);
    app.post(&format!("/v1/holds/{hold}/capture"), json!({"amount": 12})).expect(201);
    app.post(&format!("/v1/events/{bought}/reverse"), json!({"amount": 8})).expect(201);
    let grant = app.get(&path).expect(200);
    let places = ["left", "held", "spent", "moved_on", "expired", "reversed"].map(|name| grant[name].as_i64().unwrap());
    assert_eq!(places, [50, 0, 22, 20, 0, 8], "{grant}");
    assert_eq!((&grant["user"], &grant["amount"], &grant["followed"]), (&json!("ana"), &json!(100), &json!(true)));
    assert_eq!((&grant["reference"], &grant["category"]), (&json!("order 17"), &json!("paid")));
    let uses = app.get(&format!("{path}/uses")).expect(200);
    let uses = uses["uses"].as_array().unwrap();
    let kinds: Vec<&str> = uses.iter().map(|one| one["event"]["kind"].as_str().unwrap()).collect();
    assert_eq!(kinds, ["spend", "transfer", "hold", "capture", "reverse"], "what bob spent was his");
    assert_eq!(uses[0]["event"], spend);
    assert_eq!((&uses[0]["left"], &uses[0]["spent"]), (&json!(-10), &json!(10)));
    assert_eq!((&uses[3]["held"], &uses[3]["spent"], &uses[3]["left"]), (&json!(-30), &json!(12), &json!(18)));
    let page = app.get(&format!("{path}/uses?limit=2")).expect(200);
    assert_eq!(page["uses"].as_array().unwrap()[..], uses[..2]);
    let after = &page["next_after"];
    let page = app.get(&format!("{path}/uses?limit=3&after={after}")).expect(200);
    assert_eq!((&page["uses"].as_array().unwrap()[..], &page["next_after"]), (&uses[2..], &Value::Null));
}

#[test]
fn coins_that_are_due_have_expired_in_what_a_grant_says() {
    let app = TestApp::with_test_clock();
    app.user("ana");
    let plan = json!({"user": "ana", "coin": "toco", "amount": 100, "every_days": 1, "expires": "at_next", "rollover_max": 30});
    app.put("/v1/schedules/plan", plan).expect(201);
    app.total("ana");
    let grant = app.last_event();
    app.advance(86_400);
    let found = app.get(&format!("/v1/grants/{grant}")).expect(200);
    let places = ["left", "held", "spent", "moved_on", "expired", "reversed"].map(|name| found[name].as_i64().unwrap());
    assert_eq!((places, &found["schedule"]), ([0, 0, 0, 30, 70, 0], &json!("plan")), "{found}");
    let rollover = app.get(&format!("/v1/grants/{}", grant + 1)).expect(200);
    assert_eq!(
        (&rollover["kind"], &rollover["amount"], &rollover["left"]),
        (&json!("rollover"), &json!(30), &json!(30))
    );
}

#[test]
fn plain_coins_are_not_followed_and_what_is_no_grant_is_refused() {
    let app = TestApp::start();
    app.user("ana");
    let plain = app.post("/v1/grants", json!({"user": "ana", "coin": "toco", "amount": 5})).expect(201);
    let plain = event(&plain);
    let grant = app.get(&format!("/v1/grants/{plain}")).expect(200);
    assert_eq!((&grant["followed"], grant.get("left")), (&json!(false), None));
    assert_eq!(app.get(&format!("/v1/grants/{plain}/uses")).expect(200), json!({"uses": [], "next_after": null}));
    for path in ["/v1/grants/1", "/v1/grants/1/uses", "/v1/grants/999"] {
        app.get(path).refused("event_not_found");
    }
    for path in ["/v1/grants/0", "/v1/grants/x"] {
        app.get(path).invalid("event");
    }
}
