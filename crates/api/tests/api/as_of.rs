//! As of which event a response is, and reads that wait for an event.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::{Setup, TestApp};
use crate::client::{Client, Response};
use crate::nodes;

#[track_caller]
fn event(response: &Response) -> Option<u64> {
    response.header("tocos-event").map(|event| event.parse().unwrap())
}

#[test]
fn a_write_is_as_of_its_own_event() {
    let app = TestApp::start();
    app.user_with("ana", 10).user("bob");
    let response =
        app.post_with_key("a", "/v1/transfers", json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 1}));
    let number = response.expect(201)["event"].as_u64();
    assert_eq!(event(&response), number);
    let refused = app.post("/v1/spends", json!({"user": "ana", "coin": "toco", "amount": 100}));
    refused.refused("insufficient_funds");
    assert_eq!(event(&refused), number, "a refusal is as of what it was decided by");
    app.user("eve");
    let replayed =
        app.post_with_key("a", "/v1/transfers", json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 1}));
    assert_eq!(
        (replayed.expect(201)["event"].as_u64(), replayed.header("idempotency-replayed")),
        (number, Some("true"))
    );
    assert!(event(&replayed) >= number);
    let batch =
        app.post("/v1/batch", json!({"operations": [{"op": "grant", "user": "ana", "coin": "toco", "amount": 1}]}));
    assert_eq!(event(&batch), batch.expect(200)["events"]["last"].as_u64());
    let key = app.post("/v1/keys", json!({"name": "first", "right": "admin"}));
    assert_eq!(event(&key), key.expect(201)["event"].as_u64());
}

#[test]
fn a_read_is_as_of_the_last_event() {
    let app = TestApp::start();
    assert_eq!(event(&app.get("/v1/users")), Some(0), "also when there is none yet");
    app.user_with("ana", 10);
    let hold = app.hold("ana", 2);
    let last = Some(app.last_event());
    for path in [
        "/v1/users",
        "/v1/users?limit=1",
        "/v1/users?q=ana",
        "/v1/users?id=ana",
        "/v1/holds",
        "/v1/holds?user=ana",
        "/v1/users/ana",
        "/v1/users/ana?at=2",
        "/v1/users/ana/history",
        "/v1/users/nobody",
        "/v1/users/nobody/history",
        "/v1/coins",
        "/v1/coins/toco",
        "/v1/coins/none",
        &format!("/v1/holds/{hold}"),
        "/v1/holds/1",
        "/v1/events?limit=1",
        "/v1/events/1",
        "/v1/keys",
        "/v1/cluster",
    ] {
        assert_eq!(event(&app.get(path)), last, "{path}");
    }
    // What the page shows has not changed since, so it is as of then.
    assert_eq!(event(&app.get("/v1/users")), last);
    app.put("/v1/coins/other", json!({})).expect(201);
    assert!(event(&app.get("/v1/users")).is_some_and(|event| Some(event) >= last));
    for path in ["/version", "/openapi.json", "/v1/nothing", "/v1/users?limit=0", "/v1/users/%ff"] {
        assert_eq!(event(&app.get(path)), None, "{path} depends on no event");
    }
    let mut internal = Client::connect(app.internal);
    assert_eq!(event(&internal.request("GET", "/readyz", &[], b"")), None);
}

#[test]
fn a_stream_says_where_the_events_ended_when_it_began() {
    let app = TestApp::start();
    app.user("ana");
    let mut client = app.client();
    client.send(b"GET /v1/events HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n\r\n").unwrap();
    assert!(client.read_until(": events").contains("tocos-event: 1\r\n"));
}

#[test]
fn a_read_waits_for_the_event_that_it_names() {
    let app = TestApp::start();
    app.user("ana");
    let last = app.last_event();
    let wanted = (last + 1).to_string();
    for path in ["/v1/users", "/v1/users/ana", "/v1/coins", "/v1/events?after=1000"] {
        let response = app.request("GET", path, &[("tocos-min-event", &last.to_string())], b"");
        assert_eq!((response.status, event(&response)), (200, Some(last)), "{path}");
    }
    let address = app.address;
    let waiting = std::thread::spawn(move || {
        let begun = Instant::now();
        let mut client = Client::connect(address);
        let response = client.request("GET", "/v1/users/bob", &[("Tocos-Min-Event", &wanted)], b"");
        // The connection goes on as before.
        client.request("GET", "/v1/users/bob", &[], b"").expect(200);
        (response, begun.elapsed())
    });
    std::thread::sleep(Duration::from_millis(300));
    app.user("bob");
    let (response, took) = waiting.join().unwrap();
    assert_eq!(response.expect(200)["id"], "bob");
    assert_eq!(event(&response), Some(last + 1));
    assert!((Duration::from_millis(250)..Duration::from_secs(4)).contains(&took), "{took:?}");
}

#[test]
fn a_cached_page_is_as_of_what_was_waited_for() {
    let app = TestApp::start();
    app.user("ana");
    app.get("/v1/users?limit=7").expect(200);
    app.put("/v1/coins/other", json!({})).expect(201);
    app.put("/v1/coins/other", json!({"decimals": 1})).expect(200);
    let last = app.last_event();
    for _ in 0..2 {
        let response = app.request("GET", "/v1/users?limit=7", &[("tocos-min-event", &last.to_string())], b"");
        assert_eq!(event(&response), Some(last));
    }
}

#[test]
fn a_read_that_waits_in_vain_says_how_far_the_node_is() {
    let app = TestApp::start();
    app.user("ana");
    let begun = Instant::now();
    let response = app.request("GET", "/v1/users/ana", &[("tocos-min-event", "1000")], b"");
    assert!((Duration::from_millis(4_900)..Duration::from_secs(9)).contains(&begun.elapsed()));
    assert_eq!((response.status, response.header("retry-after"), event(&response)), (503, Some("1"), Some(1)));
    let problem = response.refused("behind");
    assert_eq!(
        (&problem["event"], &problem["min_event"], &problem["retryable"]),
        (&json!(1), &json!(1000), &json!(true))
    );
}

#[test]
fn a_header_that_makes_no_sense_is_refused_on_reads_and_ignored_elsewhere() {
    for app in [TestApp::start(), nodes::leader().0] {
        app.user("ana");
        let get = |path: &str, name: &str, value: &str| app.request("GET", path, &[(name, value)], b"");
        for value in ["", "x", "-1", "1.0", "1,2", "18446744073709551616"] {
            get("/v1/users", "tocos-min-event", value).invalid("Tocos-Min-Event");
            get("/v1/events", "tocos-min-event", value).invalid("Tocos-Min-Event");
            assert_eq!(get("/version", "tocos-min-event", value).status, 200, "{value}: it reads no ledger");
        }
        for value in ["", "follower", "Leader"] {
            get("/v1/users", "tocos-read", value).invalid("Tocos-Read");
        }
        assert_eq!(get("/v1/users", "tocos-read", "leader").status, 200);
        let twice = [("tocos-min-event", "1"), ("tocos-min-event", "1")];
        app.request("GET", "/v1/users", &twice, b"").invalid("Tocos-Min-Event");
        let headers = [("content-type", "application/json"), ("tocos-min-event", "x"), ("tocos-read", "x")];
        app.request("POST", "/v1/users", &headers, br#"{"id":"bob"}"#).expect(201);
    }
}

#[test]
fn who_has_no_key_learns_nothing_by_waiting() {
    let mut app = Setup::default().start();
    app.user("ana");
    app.post("/v1/keys", json!({"name": "first", "right": "admin"})).expect(201);
    app.key = None;
    let response = app.request("GET", "/v1/users", &[("tocos-min-event", "1000")], b"");
    assert_eq!((response.status, event(&response)), (401, None));
    response.refused("unauthenticated");
}
