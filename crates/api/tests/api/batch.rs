use serde_json::{Value, json};

use crate::app::TestApp;
use crate::client::Response;

fn lines(app: &TestApp, query: &str, body: &str) -> Response {
    app.request("POST", &format!("/v1/batch{query}"), &[("content-type", "application/x-ndjson")], body.as_bytes())
}

#[test]
fn every_operation_of_the_ledger_can_be_part_of_a_batch() {
    let app = TestApp::start();
    let operations = json!([
        {"op": "user", "user": "ana", "name": "Ana"},
        {"op": "user", "user": "bob"},
        {"op": "user", "user": "eve"},
        {"op": "coin", "coin": "gold", "decimals": 2},
        {"op": "grant", "user": "ana", "coin": "gold", "amount": 100},
        {"op": "transfer", "from": "ana", "to": "bob", "coin": "gold", "amount": 10},
        {"op": "spend", "user": "ana", "coin": "gold", "amount": 10},
        {"op": "hold", "user": "ana", "coin": "gold", "amount": 10},
        {"op": "capture", "hold": 8, "amount": 4, "final": false},
        {"op": "release", "hold": 8},
        {"op": "limits", "user": "bob", "coin": "gold", "ceiling": 50},
        {"op": "reverse", "event": 6},
        {"op": "user_close", "user": "eve", "metadata": {"why": "test"}},
    ]);
    let response = app.post("/v1/batch", json!({"operations": operations, "results": "all"})).expect(200);
    assert_eq!((&response["applied"], &response["refused"], &response["replayed"]), (&json!(13), &json!(0), &json!(0)));
    assert_eq!(response["events"], json!({"first": 1, "last": 13}));
    for (at, event) in response["results"].as_array().unwrap().iter().enumerate() {
        assert_eq!(event, &app.get(&format!("/v1/events/{}", at + 1)).expect(200));
    }
    assert_eq!(app.get("/v1/users/ana").expect(200)["coins"]["gold"], 86);
}

#[test]
fn each_stands_alone_unless_told_otherwise() {
    let app = TestApp::start();
    app.user_with("ana", 10);
    let response = app
        .post(
            "/v1/batch",
            json!({"operations": [
                {"op": "spend", "user": "ana", "coin": "toco", "amount": 4},
                {"op": "spend", "user": "ana", "coin": "toco", "amount": 400},
                {"op": "spend", "user": "ana", "coin": "toco", "amount": 4.5},
                {"op": "steal", "user": "ana", "coin": "toco", "amount": 4},
                {"op": "spend", "user": "ana", "coin": "toco", "amount": 4, "colour": "red"},
                "spend",
                {"user": "ana"},
                {"op": "spend", "user": "ana", "coin": "toco", "amount": 5},
            ]}),
        )
        .expect(200);
    assert_eq!((&response["applied"], &response["refused"]), (&json!(2), &json!(6)));
    let told: Vec<_> = response["results"]
        .as_array()
        .unwrap()
        .iter()
        .map(|problem| {
            (
                problem["operation"].as_u64().unwrap(),
                problem["code"].as_str().unwrap(),
                problem["field"].as_str().unwrap_or("-"),
            )
        })
        .collect();
    let wanted = [
        (1, "insufficient_funds", "-"),
        (2, "invalid_request", "amount"),
        (3, "invalid_request", "op"),
        (4, "invalid_request", "colour"),
        (5, "invalid_request", "op"),
        (6, "invalid_request", "op"),
    ];
    assert_eq!(told, wanted);
    assert_eq!(app.total("ana"), 1);
}

#[test]
fn a_refusal_reads_in_a_batch_as_it_does_alone() {
    let app = TestApp::start();
    app.user_with("ana", 10);
    let mut alone = app.post("/v1/spends", json!({"user": "ana", "coin": "toco", "amount": 11})).json();
    alone["operation"] = json!(0);
    let operation = json!({"op": "spend", "user": "ana", "coin": "toco", "amount": 11});
    let batch = app.post("/v1/batch", json!({"operations": [operation]})).expect(200);
    assert_eq!(batch["results"], json!([alone]));
}

#[test]
fn an_atomic_batch_that_fails_at_its_last_operation_leaves_no_trace() {
    let app = TestApp::start();
    app.user_with("ana", 20_000);
    let (before, last) = (app.get("/v1/users").text(), app.last_event());
    let mut operations: Vec<Value> = (0..9_999)
        .map(|at| match at % 3 {
            0 => json!({"op": "user", "user": format!("new-{at}")}),
            1 => json!({"op": "transfer", "from": "ana", "to": format!("new-{}", at - 1), "coin": "toco", "amount": 1}),
            _ => {
                json!({"op": "spend", "user": "ana", "coin": "toco", "amount": 1, "idempotency_key": format!("k{at}")})
            }
        })
        .collect();
    operations.push(json!({"op": "spend", "user": "ana", "coin": "toco", "amount": 1_000_000}));
    let refused = app.post("/v1/batch", json!({"atomic": true, "operations": operations}));
    assert_eq!(refused.status, 402);
    assert_eq!(refused.refused("insufficient_funds")["operation"], 9_999);
    assert_eq!((app.get("/v1/users").text(), app.last_event()), (before, last));
    operations.pop();
    let done = app.post("/v1/batch", json!({"atomic": true, "operations": operations})).expect(200);
    assert_eq!(done["applied"], 9_999);
    assert_eq!(done["results"], json!([]));
}

#[test]
fn an_atomic_batch_with_an_operation_that_is_none_is_refused_whole() {
    let app = TestApp::start();
    app.user_with("ana", 10);
    let refused = app.post(
        "/v1/batch",
        json!({"atomic": true, "operations": [
            {"op": "spend", "user": "ana", "coin": "toco", "amount": 1},
            {"op": "spend", "user": "ana", "coin": "toco", "amount": -1},
        ]}),
    );
    assert_eq!(refused.invalid("amount")["operation"], 1);
    assert_eq!(app.total("ana"), 10);
}

#[test]
fn lines_are_as_good_as_an_array() {
    let app = TestApp::start();
    let body = "{\"op\":\"user\",\"user\":\"ana\"}\r\n\n  \n{\"op\":\"grant\",\"user\":\"ana\",\"coin\":\"toco\",\"amount\":5}";
    let response = lines(&app, "?results=all&atomic=true", body).expect(200);
    assert_eq!((&response["applied"], &response["results"][1]["balances"]["ana"]["total"]), (&json!(2), &json!(5)));
    let broken = lines(&app, "", "{\"op\":\"user\",\"user\":\"eve\"}\n\n{\"op\":\"user\",\"user\":\"zed\"\n");
    let problem = broken.invalid("body");
    assert_eq!(problem["operation"], 1);
    assert!(problem["detail"].as_str().unwrap().contains("line 3"), "{problem}");
    app.get("/v1/users/eve").refused("user_not_found");
    lines(&app, "?colour=red", body).invalid("colour");
    lines(&app, "", "\n\n").invalid("operations");
}

#[test]
fn keys_name_each_operation_for_good() {
    let app = TestApp::start();
    app.user("ana");
    let grant = |amount: u64, key: &str| json!({"op": "grant", "user": "ana", "coin": "toco", "amount": amount, "idempotency_key": key});
    app.post("/v1/batch", json!({"operations": [grant(1, "a"), grant(2, "b")]})).expect(200);
    let again =
        app.post("/v1/batch", json!({"results": "all", "operations": [grant(2, "b"), grant(3, "c"), grant(9, "a")]}));
    let again = again.expect(200);
    assert_eq!((&again["applied"], &again["replayed"], &again["refused"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(again["results"][0]["replayed"], true);
    assert_eq!((&again["results"][1]["event"], &again["results"][1].get("replayed")), (&json!(4), &None));
    assert_eq!(again["results"][2]["code"], "idempotency_key_reused");
    assert_eq!(app.total("ana"), 6);
}

#[test]
fn the_key_of_a_batch_names_the_operations_without_one() {
    let app = TestApp::start();
    app.user("ana");
    let body = json!({"operations": [
        {"op": "grant", "user": "ana", "coin": "toco", "amount": 1},
        {"op": "grant", "user": "ana", "coin": "toco", "amount": 2, "idempotency_key": "own"},
    ]});
    app.post_with_key("b", "/v1/batch", body.clone()).expect(200);
    assert_eq!(app.post_with_key("b", "/v1/batch", body).expect(200)["replayed"], 2);
    let single = app.post_with_key("b/0", "/v1/grants", json!({"user": "ana", "coin": "toco", "amount": 1}));
    assert_eq!(single.header("idempotency-replayed"), Some("true"));
    assert_eq!(app.total("ana"), 3);
}

#[test]
fn bodies_that_are_no_batch_are_refused_whole() {
    let app = TestApp::start();
    for (body, field) in [
        ("[]", "body"),
        ("{}", "operations"),
        ("{\"operations\":{}}", "operations"),
        ("{\"operations\":[]}", "operations"),
        ("{\"operations\":[{\"op\":\"user\",\"user\":\"ana\"}],\"atomic\":1}", "atomic"),
        ("{\"operations\":[{\"op\":\"user\",\"user\":\"ana\"}],\"results\":\"some\"}", "results"),
        ("{\"operations\":[{\"op\":\"user\",\"user\":\"ana\"}],\"colour\":1}", "colour"),
        ("{\"operations\":[{\"op\":\"user\",\"user\":\"ana\"}],\"operations\":[]}", "operations"),
        ("{\"operations\":[{\"op\":\"user\",\"user\":\"ana\"},]}", "body"),
        ("{\"operations\":[{\"op\":\"user\",\"user\":\"ana\"}]", "body"),
    ] {
        app.post_text("/v1/batch", body).invalid(field);
    }
    app.post_text("/v1/batch?atomic=true", "{\"operations\":[{\"op\":\"user\",\"user\":\"ana\"}]}").invalid("query");
    let many: Vec<Value> = (0..10_001).map(|at| json!({"op": "user", "user": format!("u{at}")})).collect();
    app.post("/v1/batch", json!({"operations": many})).invalid("operations");
    assert_eq!(app.last_event(), 0);
}

#[test]
fn a_dry_run_of_a_batch_changes_nothing() {
    let app = TestApp::start();
    let operations =
        json!([{"op": "user", "user": "ana"}, {"op": "grant", "user": "ana", "coin": "toco", "amount": 5}]);
    let dry = app.post("/v1/batch?dry_run=true", json!({"operations": operations, "results": "all"})).expect(200);
    assert_eq!(dry["results"][1]["balances"]["ana"]["total"], 5);
    assert_eq!(app.last_event(), 0);
}

#[test]
fn an_atomic_batch_under_a_key_is_done_once_as_a_whole() {
    let app = TestApp::start();
    app.user_with("ana", 20);
    let spend = |amount: u64| json!({"op": "spend", "user": "ana", "coin": "toco", "amount": amount});
    let ask = |key: &str, operations: &[Value]| {
        app.post_with_key(key, "/v1/batch", json!({"atomic": true, "operations": operations}))
    };
    let done = ask("b", &[spend(1), spend(2)]).expect(200);
    assert_eq!((&done["applied"], &done["replayed"]), (&json!(2), &json!(0)));
    let again = ask("b", &[spend(1), spend(2)]).expect(200);
    assert_eq!((&again["applied"], &again["replayed"]), (&json!(0), &json!(2)));
    let last = app.last_event();
    for (operations, operation, field) in [
        (vec![spend(1), spend(2), spend(3)], 2, "operations"),
        // The one too many could not be done either; that it is another batch is what matters.
        (vec![spend(1), spend(2), spend(3_000)], 2, "operations"),
        (vec![spend(1)], 1, "operations"),
        (vec![spend(2), spend(1)], 0, "amount"),
        (vec![spend(1), spend(3)], 1, "amount"),
    ] {
        let refused = ask("b", &operations);
        assert_eq!(refused.status, 409, "{operations:?}");
        let problem = refused.refused("idempotency_key_reused");
        assert_eq!((&problem["operation"], &problem["field"]), (&json!(operation), &json!(field)), "{operations:?}");
    }
    assert_eq!((app.last_event(), app.total("ana")), (last, 17));
    // What an earlier batch under the key did by itself does not become part of a whole.
    app.post_with_key("c", "/v1/batch", json!({"operations": [spend(100), spend(1)]})).expect(200);
    let mixed = ask("c", &[spend(5), spend(1)]);
    assert_eq!(mixed.refused("idempotency_key_reused")["operation"], 1);
    assert_eq!(app.total("ana"), 16);
    // A batch that was refused does not use its key up, and a dry run neither.
    assert_eq!(ask("d", &[spend(1), spend(100)]).refused("insufficient_funds")["operation"], 1);
    let dry = json!({"atomic": true, "operations": [spend(1)]});
    app.post_with_key("d", "/v1/batch?dry_run=true", dry).expect(200);
    ask("d", &[spend(1)]).expect(200);
    let own = json!({"op": "spend", "user": "ana", "coin": "toco", "amount": 1, "idempotency_key": "own"});
    assert_eq!(ask("e", &[spend(1), own]).invalid("idempotency_key")["operation"], 1);
}
