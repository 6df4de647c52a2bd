//! Schedules over HTTP.

use serde_json::{Value, json};

use crate::app::TestApp;

const DAY: u64 = 86_400;

fn monthly() -> Value {
    json!({"user": "ana", "coin": "toco", "amount": 500, "every_months": 1, "anchor": "2027-01-31T12:00:00Z"})
}

fn times(preview: &Value) -> Vec<&str> {
    preview["occurrences"].as_array().unwrap().iter().map(|each| each["at"].as_str().unwrap()).collect()
}

fn kinds_after(app: &TestApp, after: u64) -> Vec<String> {
    let page = app.get(&format!("/v1/events?after={after}")).expect(200);
    let events = page["events"].as_array().unwrap();
    events.iter().map(|event| event["kind"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_schedule_is_put_looked_at_and_previewed() {
    let app = TestApp::start();
    app.user("ana");
    let put = app.put("/v1/schedules/plan%3Aana", monthly()).expect(201);
    assert_eq!((&put["kind"], &put["schedule"], &put["user"]), (&json!("schedule"), &json!("plan:ana"), &json!("ana")));
    assert_eq!((&put["next_at"], &put["every_months"]), (&json!("2027-01-31T12:00:00.000000Z"), &json!(1)));
    let got = app.get("/v1/schedules/plan%3Aana").expect(200);
    assert_eq!((&got["id"], &got["amount"], &got["paused"]), (&json!("plan:ana"), &json!(500), &json!(false)));
    assert_eq!((&got["expires"], &got["last_at"]), (&json!("never"), &Value::Null));
    let preview = app.get("/v1/schedules/plan%3Aana/preview?count=4").expect(200);
    let ends = ["2027-01-31", "2027-02-28", "2027-03-31", "2027-04-30"].map(|day| format!("{day}T12:00:00.000000Z"));
    assert_eq!(times(&preview), ends);
    assert_eq!(app.get("/v1/schedules/plan%3Aana/preview").expect(200)["occurrences"].as_array().unwrap().len(), 12);
    let again = app.put("/v1/schedules/plan%3Aana", monthly()).expect(200);
    assert_eq!(again["next_at"], put["next_at"]);
}

#[test]
fn occurrences_come_by_themselves_and_what_is_left_rolls_over() {
    let app = TestApp::with_test_clock();
    app.user("ana");
    let plan = json!({
        "user": "ana", "coin": "toco", "amount": 100, "every_days": 1, "expires": "at_next", "category": "promotional",
        "rollover_max": 30, "rollover_expires_after_s": 3_600,
    });
    app.put("/v1/schedules/plan", plan).expect(201);
    assert_eq!(app.total("ana"), 100, "without an anchor the first is due at once");
    let preview = app.get("/v1/schedules/plan/preview?count=1").expect(200);
    app.spend("ana", 20);
    let before = app.last_event();
    app.advance(DAY);
    assert_eq!(app.total("ana"), 130);
    assert_eq!(kinds_after(&app, before), ["rollover", "expire", "grant"]);
    let rollover = app.get(&format!("/v1/events/{}", before + 1)).expect(200);
    assert_eq!((&rollover["schedule"], &rollover["occurrence"]), (&json!("plan"), &json!(1)));
    assert_eq!((&rollover["amount"], &rollover["due_at"]), (&json!(30), &json!(times(&preview)[0])));
    assert_eq!(rollover["balances"]["ana"]["total"], 80, "nothing has expired yet");
    let grant = app.get(&format!("/v1/events/{}", before + 3)).expect(200);
    assert_eq!(
        (&grant["schedule"], &grant["occurrence"], &grant["scheduled"]),
        (&json!("plan"), &json!(1), &json!(100))
    );
    assert_eq!(grant["category"], "promotional");
    let lots = app.get("/v1/users/ana").expect(200)["accounts"][0]["lots"].clone();
    assert_eq!((&lots[0]["amount"], &lots[1]["amount"]), (&json!(30), &json!(100)), "the sooner expiry comes first");
    app.advance(3_600);
    assert_eq!(app.total("ana"), 100);
    let history = app.get("/v1/users/ana/history?kind=rollover").expect(200);
    assert_eq!(history["entries"][0]["amount"], 0, "the total stays");
    assert_eq!(app.get("/v1/coins/toco").expect(200)["outstanding"], 100);
}

#[test]
fn a_schedule_pauses_resumes_and_goes() {
    let app = TestApp::with_test_clock();
    app.user("ana");
    app.put("/v1/schedules/plan", json!({"user": "ana", "coin": "toco", "amount": 10, "every_days": 1})).expect(201);
    assert_eq!(app.total("ana"), 10);
    assert_eq!(app.post("/v1/schedules/plan/pause", json!({})).expect(200)["kind"], "schedule_paused");
    let got = app.get("/v1/schedules/plan").expect(200);
    assert_eq!((&got["paused"], &got["next_at"]), (&json!(true), &Value::Null));
    assert_eq!(app.get("/v1/schedules/plan/preview").expect(200)["occurrences"], json!([]));
    app.advance(3 * DAY);
    assert_eq!(app.total("ana"), 10);
    assert_eq!(app.post("/v1/schedules/plan/resume", json!({})).expect(200)["next_occurrence"], 3);
    assert_eq!(app.total("ana"), 20, "that of this very instant is still to come");
    app.advance(DAY);
    assert_eq!(app.total("ana"), 30);
    let deleted = app.request("DELETE", "/v1/schedules/plan", &[], b"").expect(200);
    assert_eq!((&deleted["kind"], &deleted["schedule"]), (&json!("schedule_deleted"), &json!("plan")));
    app.request("DELETE", "/v1/schedules/plan", &[], b"").refused("schedule_not_found");
    app.get("/v1/schedules/plan").refused("schedule_not_found");
    app.get("/v1/schedules/plan/preview").refused("schedule_not_found");
    app.post("/v1/schedules/plan/pause", json!({})).refused("schedule_not_found");
    app.advance(2 * DAY);
    assert_eq!(app.total("ana"), 30);
}

#[test]
fn schedules_are_listed_by_id_and_by_user() {
    let app = TestApp::start();
    app.user("ana").user("bob");
    for number in 0..5 {
        for user in ["ana", "bob"] {
            let body = json!({"user": user, "coin": "toco", "amount": 1, "anchor": "2030-01-01T00:00:00Z"});
            app.put(&format!("/v1/schedules/{number}-{user}"), body).expect(201);
        }
    }
    let ids = |page: &Value| -> Vec<String> {
        let schedules = page["schedules"].as_array().unwrap();
        schedules.iter().map(|each| each["id"].as_str().unwrap().to_owned()).collect()
    };
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("/v1/schedules?limit=3{cursor}")).expect(200);
        all.extend(ids(&page));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(all.len(), 10);
    assert!(all.is_sorted());
    let page = app.get("/v1/schedules?user=bob&limit=2").expect(200);
    assert_eq!(ids(&page), ["0-bob", "1-bob"]);
    let next = page["next_cursor"].as_str().unwrap();
    assert_eq!(
        ids(&app.get(&format!("/v1/schedules?user=bob&cursor={next}")).expect(200)),
        ["2-bob", "3-bob", "4-bob"]
    );
    app.get("/v1/schedules?user=nobody").refused("user_not_found");
    app.get("/v1/schedules?cursor=x").invalid("cursor");
}

#[test]
fn what_can_be_no_schedule_is_refused_by_name() {
    let app = TestApp::start();
    app.user("ana");
    let with = |field: &str, value: Value| {
        let mut body = monthly();
        body[field] = value;
        body
    };
    for (field, value) in [
        ("every_days", json!(0)),
        ("every_days", json!(3_661)),
        ("every_months", json!(121)),
        ("amount", json!(0)),
        ("anchor", json!("yesterday")),
        ("anchor", json!("1969-12-31T23:59:59Z")),
        ("occurrences", json!(0)),
        ("expires", json!("tomorrow")),
        ("priority", json!(101)),
        ("rollover_max", json!(0)),
        ("expires_after_s", json!(0)),
    ] {
        app.put("/v1/schedules/plan", with(field, value)).invalid(field);
    }
    app.put("/v1/schedules/plan", with("every_days", json!(1))).invalid("every_months");
    app.put("/v1/schedules/plan", with("rollover_max", json!(5))).invalid("rollover");
    app.put("/v1/schedules/plan", with("rollover_expires", json!("never"))).invalid("rollover_max");
    let mut both = with("expires", json!("at_next"));
    both["expires_after_s"] = json!(5);
    app.put("/v1/schedules/plan", both).invalid("expires_after_s");
    let mut ends = with("starts_at", json!("2028-01-01T00:00:00Z"));
    ends["ends_at"] = json!("2027-01-01T00:00:00Z");
    app.put("/v1/schedules/plan", ends).invalid("ends_at");
    app.put("/v1/schedules/plan", with("ends_at", json!("2020-01-01T00:00:00Z"))).invalid("ends_at");
    let past = json!({"user": "ana", "coin": "toco", "amount": 1, "anchor": "2020-01-01T00:00:00Z"});
    app.put("/v1/schedules/plan", past.clone()).invalid("anchor");
    app.put("/v1/schedules/plan", with("user", json!("nobody"))).refused("user_not_found");
    app.put("/v1/schedules/plan", with("coin", json!("none"))).refused("coin_not_found");
    app.put("/v1/schedules/%40plan", monthly()).invalid("schedule");
    assert_eq!(app.last_event(), 1, "nothing was written");
    app.user("bob").put("/v1/schedules/plan", monthly()).expect(201);
    app.put("/v1/schedules/plan", with("user", json!("bob"))).invalid("user");
    app.get("/v1/schedules/plan/preview?count=0").invalid("count");
}

#[test]
fn schedules_go_in_batches_dry_and_under_keys() {
    let app = TestApp::start();
    app.user("ana");
    let mut put = monthly();
    put["op"] = json!("schedule");
    put["schedule"] = json!("plan");
    let pause = json!({"op": "schedule_pause", "schedule": "plan"});
    let unknown = json!({"op": "schedule_delete", "schedule": "other"});
    let batch = json!({"atomic": true, "operations": [put, pause, unknown]});
    app.post("/v1/batch", batch).refused("schedule_not_found");
    app.get("/v1/schedules/plan").refused("schedule_not_found");
    let resume = json!({"op": "schedule_resume", "schedule": "plan"});
    let done = app.post("/v1/batch", json!({"atomic": true, "operations": [put, pause, resume]})).expect(200);
    assert_eq!(done["applied"], 3);
    let dry = app.request("DELETE", "/v1/schedules/plan?dry_run=true", &[], b"").expect(200);
    assert_eq!(dry["kind"], "schedule_deleted");
    app.get("/v1/schedules/plan").expect(200);
    let key = [("idempotency-key", "gone")];
    let first = app.request("DELETE", "/v1/schedules/plan", &key, b"").expect(200);
    assert_eq!(app.request("DELETE", "/v1/schedules/plan", &key, b"").expect(200), first, "asked again");
}

/// More is due at one instant than is done for one frame.
#[test]
fn who_asks_about_a_user_does_not_wait_for_all_that_is_due() {
    const USERS: usize = 30_000;
    let app = TestApp::with_test_clock();
    for first in (0..USERS).step_by(5_000) {
        let operations = (first..first + 5_000).flat_map(|number| {
            let user = format!("u{number:05}");
            let plan = json!({
                "op": "schedule", "schedule": user, "user": user, "coin": "toco", "amount": 7, "every_days": 1,
                "expires": "at_next",
            });
            [json!({"op": "user", "user": user}), plan]
        });
        let batch = json!({"operations": operations.collect::<Vec<_>>()});
        assert_eq!(app.post("/v1/batch", batch).expect(200)["applied"], 10_000);
    }
    assert_eq!(app.get("/v1/coins/toco").expect(200)["issued"], 7 * USERS);
    let before = app.last_event();
    app.advance(DAY);
    let spend = app.spend("u29999", 5);
    assert_eq!(spend["balances"]["u29999"]["total"], 2);
    assert!(spend["event"].as_u64().unwrap() < before + 2 * USERS as u64, "the last one waited for all");
    assert_eq!(app.total("u15000"), 7);
    let list = app.get("/v1/users?limit=1000&prefix=u299").expect(200);
    let totals = list["users"].as_array().unwrap().iter().map(|user| user["coins"]["toco"].as_i64().unwrap());
    assert_eq!(totals.collect::<Vec<_>>(), [vec![7; 99], vec![2]].concat());
    let coin = app.get("/v1/coins/toco").expect(200);
    assert_eq!((&coin["issued"], &coin["expired"]), (&json!(14 * USERS), &json!(7 * USERS)));
    assert_eq!(app.last_event() - before, 2 * USERS as u64 + 1, "each once");
}

#[test]
fn a_change_that_takes_effect_now_adjusts_what_the_last_occurrence_granted() {
    let app = TestApp::with_test_clock();
    app.user("ana");
    let plan = |amount: u64, takes_effect: &str| json!({"user": "ana", "coin": "toco", "amount": amount, "every_days": 1, "expires": "at_next", "takes_effect": takes_effect});
    let put = app.put("/v1/schedules/plan", plan(100, "at_next")).expect(201);
    assert!(put.get("takes_effect").is_none());
    app.get("/v1/users/ana").expect(200);
    let grant = put["event"].as_u64().unwrap() + 1;
    let put = app.put("/v1/schedules/plan", plan(150, "now")).expect(200);
    assert_eq!((&put["takes_effect"], &put["amount"]), (&json!("now"), &json!(150)));
    let history = app.get("/v1/users/ana/history?kind=adjustment").expect(200);
    assert_eq!(
        (&history["entries"][0]["amount"], &history["entries"][0]["balance"]["available"]),
        (&json!(50), &json!(150))
    );
    let event = app.get(&format!("/v1/events/{}", grant + 2)).expect(200);
    assert_eq!(
        (&event["kind"], &event["schedule"], &event["direction"]),
        (&json!("adjustment"), &json!("plan"), &json!("up"))
    );
    assert_eq!((&event["scheduled_before"], &event["scheduled"]), (&json!(100), &json!(150)));
    app.put("/v1/schedules/plan", plan(20, "now")).expect(200);
    let found = app.get(&format!("/v1/grants/{grant}")).expect(200);
    assert_eq!((&found["left"], &found["reversed"], &found["added"]), (&json!(20), &json!(130), &json!(50)));
    app.put("/v1/schedules/plan", plan(20, "soon")).invalid("takes_effect");
    // Plain coins are no lot of their own.
    let plain =
        |amount: u64| json!({"user": "ana", "coin": "toco", "amount": amount, "every_days": 1, "takes_effect": "now"});
    app.put("/v1/schedules/plain", plain(100)).expect(201);
    app.get("/v1/users/ana").expect(200);
    app.put("/v1/schedules/plain", plain(99)).invalid("takes_effect");
}
