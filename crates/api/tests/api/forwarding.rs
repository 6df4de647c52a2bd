//! Writes through a node that does not lead: passed on, and tried again while that is safe.

use std::time::{Duration, Instant};

use serde_json::json;
use tocos_group::Role;
use tocos_journal::sim::SimDisk;

use crate::app::{Setup, TestApp};
use crate::client::{Client, Response};
use crate::nodes::{Act, Puppet, answer, follower_of, leader, node, node_with, problem, set, url};

const GRANT: &str = r#"{"user":"ana","coin":"toco","amount":5}"#;

fn grant(app: &TestApp, key: Option<&str>) -> Response {
    let mut headers = vec![("content-type", "application/json")];
    headers.extend(key.map(|key| ("idempotency-key", key)));
    app.request("POST", "/v1/grants", &headers, GRANT.as_bytes())
}

/// How long a request took, with its response.
fn timed(request: impl FnOnce() -> Response) -> (Response, Duration) {
    let begun = Instant::now();
    (request(), begun.elapsed())
}

/// An address at which nobody listens.
fn nowhere() -> std::net::SocketAddr {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

#[test]
fn a_write_reaches_the_leader_and_its_answer_comes_back_as_it_is() {
    let (lead, _) = leader();
    let (follow, _) = follower_of(lead.address);
    follow.user("ana");
    let through = grant(&follow, Some("g"));
    assert_eq!(through.expect(201)["user"], "ana");
    let direct = grant(&lead, Some("g"));
    assert_eq!(through.body, direct.body);
    for header in ["content-type", "tocos-event"] {
        assert_eq!(through.header(header), direct.header(header), "{header}");
    }
    let again = grant(&follow, Some("g"));
    assert_eq!((again.header("idempotency-replayed"), &again.body), (Some("true"), &direct.body));
    assert_eq!(lead.total("ana"), 5);
    assert_eq!(follow.last_event(), 0, "the follower has decided nothing itself");
    grant(&follow, Some("other")).expect(201);
    let refused = follow.post("/v1/spends", json!({"user": "ana", "coin": "toco", "amount": 100}));
    assert_eq!(refused.status, 402);
    refused.refused("insufficient_funds");
    assert_eq!(refused.header("tocos-event"), Some(&*lead.engine.durable_event().to_string()));
    assert_eq!(follow.post_text("/v1/grants", "{").refused("invalid_request")["field"], "body");
    let named = follow.request("POST", "/v1/users", &[("x-request-id", "order 7")], b"");
    assert_eq!((named.status, named.header("x-request-id")), (400, Some("order 7")));
}

#[test]
fn every_kind_of_write_is_passed_on_and_reads_are_not() {
    let (lead, _) = leader();
    let (follow, _) = follower_of(lead.address);
    follow.put("/v1/users/ana", json!({"name": "Ana"})).expect(201);
    let batch = json!({"operations": [{"op": "grant", "user": "ana", "coin": "toco", "amount": 7}]});
    follow.post_with_key("b", "/v1/batch", batch).expect(200);
    follow.post("/v1/users/ana/close?dry_run=true", json!({})).refused("user_not_empty");
    let plan = json!({"user": "ana", "coin": "toco", "amount": 1, "anchor": "2100-01-01T00:00:00Z"});
    follow.put("/v1/schedules/plan", plan).expect(201);
    assert_eq!(follow.request("DELETE", "/v1/schedules/plan", &[], b"").expect(200)["kind"], "schedule_deleted");
    let key = follow.post("/v1/keys", json!({"name": "first", "right": "admin"})).expect(201);
    let bearer = format!("Bearer {}", key["secret"].as_str().unwrap());
    let with_key = |path: &str| follow.request("POST", path, &[("authorization", &bearer)], b"");
    with_key("/v1/keys/1/revoke").invalid("id");
    with_key("/v1/test-clock/advance").invalid("content-type");
    assert_eq!(follow.get("/v1/users").expect(200)["users"], json!([]));
    assert_eq!(follow.get("/v1/users/ana").status, 404);
    let direct = lead.request("GET", "/v1/users/ana", &[("authorization", &bearer)], b"");
    assert_eq!(direct.expect(200)["coins"]["toco"], 7);
    let to_leader = [("authorization", bearer.as_str()), ("tocos-read", "leader")];
    let read = follow.request("GET", "/v1/users/ana", &to_leader, b"");
    assert_eq!((&read.body, read.header("tocos-event")), (&direct.body, direct.header("tocos-event")));
    let list = follow.request("GET", "/v1/users?limit=1", &to_leader, b"").expect(200);
    assert_eq!(list["users"][0]["id"], "ana");
    let page = follow.request("GET", "/v1/events?after=1&limit=1", &to_leader, b"").expect(200);
    assert_eq!(page["events"][0]["event"], 2);
}

#[test]
fn the_leader_decides_who_may_write() {
    let (lead, _) = leader();
    let (follow, _) = follower_of(lead.address);
    lead.user("ana");
    lead.post("/v1/keys", json!({"name": "first", "right": "admin"})).expect(201);
    assert_eq!(grant(&follow, None).status, 401);
    assert_eq!(follow.request("POST", "/v1/grants", &[("authorization", "Bearer x")], b"{}").status, 401);
    // Pages of other sites must not reach through this node what they can't reach at the leader.
    for header in [("origin", "https://elsewhere.example"), ("x-forwarded-for", "192.0.2.1")] {
        let headers = [header, ("content-type", "application/json")];
        follow.request("POST", "/v1/grants", &headers, GRANT.as_bytes()).refused("forbidden");
    }
}

#[test]
fn a_stream_of_the_leader_is_passed_on_as_it_comes() {
    let (lead, _) = leader();
    let (follow, _) = follower_of(lead.address);
    lead.user("ana");
    let mut client = follow.client();
    let head = "GET /v1/events HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\ntocos-read: leader\r\n\r\n";
    client.send(head.as_bytes()).unwrap();
    client.read_until("id: 1\n");
    lead.user("bob");
    let text = client.read_until("id: 2\n");
    assert!(text.contains("content-type: text/event-stream\r\n"), "{text}");
}

#[test]
fn a_large_batch_goes_through() {
    let (lead, _) = leader();
    let (follow, _) = follower_of(lead.address);
    lead.user("ana");
    let metadata = "x".repeat(300);
    let line = format!(r#"{{"op":"grant","user":"ana","coin":"toco","amount":1,"metadata":{{"a":"{metadata}"}}}}"#);
    let body = format!("{line}\n").repeat(10_000);
    assert!(body.len() > 3_000_000);
    let headers = [("content-type", "application/x-ndjson"), ("idempotency-key", "big")];
    let response = follow.request("POST", "/v1/batch?results=all", &headers, body.as_bytes());
    let result = response.expect(200);
    assert_eq!((&result["applied"], result["results"].as_array().map(Vec::len)), (&json!(10_000), Some(10_000)));
    assert_eq!(response.header("tocos-event").and_then(|event| event.parse().ok()), result["events"]["last"].as_u64());
    assert_eq!(lead.total("ana"), 10_000);
    let too_large = vec![b' '; 17 * 1024 * 1024];
    let mut client = follow.client();
    let head = format!("POST /v1/batch HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", too_large.len());
    client.send(head.as_bytes()).unwrap();
    client.response().unwrap().refused("payload_too_large");
    let body = vec![b' '; 2 * 1024 * 1024];
    let mut client = follow.client();
    let head = format!("POST /v1/grants HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n", body.len());
    client.send(head.as_bytes()).unwrap();
    client.response().unwrap().refused("payload_too_large");
}

#[test]
fn connections_to_the_leader_stay_open() {
    let puppet = Puppet::start(vec![Act::Say(answer(201, "{\"event\":1}"))]);
    let (follow, _) = follower_of(puppet.address);
    let mut client = follow.client();
    for _ in 0..20 {
        client.request("POST", "/v1/grants", &[("content-type", "application/json")], GRANT.as_bytes()).expect(201);
        assert_eq!(puppet.request().0, 0, "the number of the connection");
    }
}

#[test]
fn the_leader_gets_what_the_caller_sent() {
    let puppet = Puppet::start(vec![Act::Say(answer(201, "{\"event\":1}"))]);
    let (follow, status) = node("follow");
    set(&status, Role::Follower, Some(("lead", format!("{}/", url(puppet.address)))));
    let trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let headers = [
        ("authorization", "Bearer tocos_1_x"),
        ("content-type", "application/json"),
        ("idempotency-key", "k"),
        ("traceparent", trace),
        ("x-request-id", "order 7"),
        ("connection", "keep-alive, x-hop"),
        ("x-hop", "1"),
        ("te", "trailers"),
        ("tocos-min-event", "7"),
    ];
    let response = follow.request("POST", "/v1/users/an%61/close?dry_run=true", &headers, br#"{ "metadata": {} }"#);
    assert_eq!(response.expect(201), json!({"event": 1}));
    assert_eq!(response.header("x-request-id"), Some("order 7"));
    assert_eq!((response.header("tocos-event"), response.header("x-mine")), (Some("77"), Some("1")));
    assert_eq!(response.headers.iter().filter(|(name, _)| name == "x-request-id" || name == "date").count(), 2);
    let (_, request) = puppet.request();
    let (head, body) = request.split_once("\r\n\r\n").unwrap();
    assert_eq!(body, r#"{ "metadata": {} }"#);
    let mut lines: Vec<String> = head.lines().skip(1).map(str::to_ascii_lowercase).collect();
    lines.sort();
    assert_eq!(head.lines().next(), Some("POST /v1/users/an%61/close?dry_run=true HTTP/1.1"));
    let host = format!("host: {}", puppet.address);
    let expected = [
        "authorization: bearer tocos_1_x",
        "content-length: 18",
        "content-type: application/json",
        &host,
        "idempotency-key: k",
        "tocos-forwarded: follow",
        "tocos-min-event: 7",
        &format!("traceparent: {trace}"),
        "x-request-id: order 7",
    ];
    assert_eq!(lines, expected);
}

#[test]
fn what_was_passed_on_once_is_not_passed_on_again() {
    let puppet = Puppet::start(vec![Act::Say(answer(201, "{}"))]);
    let (follow, _) = follower_of(puppet.address);
    let forwarded = [("content-type", "application/json"), ("tocos-forwarded", "another"), ("idempotency-key", "a")];
    let (response, took) = timed(|| follow.request("POST", "/v1/grants", &forwarded, GRANT.as_bytes()));
    assert_eq!((response.status, response.header("retry-after")), (503, Some("1")));
    response.refused("not_leader");
    assert!(took < Duration::from_secs(2), "{took:?}");
    assert_eq!(puppet.count(), 0);
    // Two nodes of which each takes the other for the leader.
    let (a, of_a) = node("a");
    let (b, of_b) = node("b");
    set(&of_a, Role::Follower, Some(("b", url(b.address))));
    set(&of_b, Role::Follower, Some(("a", url(a.address))));
    let (response, took) = timed(|| grant(&a, None));
    response.refused("not_leader");
    assert!((Duration::from_secs(3)..Duration::from_secs(8)).contains(&took), "{took:?}");
    // While it leads, it decides what is passed on to it.
    let (lead, _) = leader();
    lead.user("ana");
    lead.request("POST", "/v1/grants", &forwarded, GRANT.as_bytes()).expect(201);
}

#[test]
fn without_a_leader_a_write_waits_for_one() {
    let (lead, _) = leader();
    lead.user("ana");
    for (key, known) in [(None, None), (Some("a"), None), (None, Some(nowhere())), (Some("b"), Some(nowhere()))] {
        let (follow, status) = node("follow");
        set(&status, Role::Follower, known.map(|address| ("old", url(address))));
        let to = url(lead.address);
        let turn = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(700));
            set(&status, Role::Follower, Some(("lead", to)));
        });
        let (response, took) = timed(|| grant(&follow, key));
        response.expect(201);
        assert!((Duration::from_millis(600)..Duration::from_secs(3)).contains(&took), "{took:?}");
        turn.join().unwrap();
    }
    assert_eq!(lead.total("ana"), 20, "each once");
}

#[test]
fn a_node_that_begins_to_lead_decides_what_waits_with_it() {
    let (app, status) = node("here");
    set(&status, Role::Candidate, Some(("here", url(app.address))));
    let turn = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(400));
        set(&status, Role::Leader, status.leader().map(|leader| ("here", leader.url)));
    });
    let (response, took) = timed(|| app.post("/v1/users", json!({"id": "ana"})));
    assert_eq!(response.expect(201)["user"], "ana");
    assert_eq!(response.header("tocos-event"), Some("1"));
    assert!((Duration::from_millis(300)..Duration::from_secs(3)).contains(&took), "{took:?}");
    turn.join().unwrap();
}

#[test]
fn without_a_leader_for_long_a_write_is_refused_and_certainly_not_done() {
    for role in [Role::Joining, Role::Follower, Role::Candidate, Role::HandingOver] {
        let (follow, status) = node("follow");
        set(&status, role, None);
        let (response, took) = timed(|| grant(&follow, Some("a")));
        assert_eq!((response.status, response.header("retry-after")), (503, Some("1")));
        response.refused("not_leader");
        assert!((Duration::from_secs(4)..Duration::from_secs(8)).contains(&took), "{took:?}");
        assert_eq!(follow.engine.durable_event(), 0);
        if role != Role::Joining {
            continue;
        }
        let read = follow.request("GET", "/v1/users", &[("tocos-read", "leader")], b"");
        read.refused("recovering");
    }
}

#[test]
fn a_write_whose_answer_is_lost_is_found_out_with_a_key_and_unknown_without() {
    let half = "HTTP/1.1 201 Created\r\ncontent-type: application/json\r\ncontent-length: 100\r\n\r\n{\"event\":";
    for act in [
        Act::SayAndClose(String::new()),
        Act::SayAndClose(half.to_owned()),
        Act::SayAndClose("nonsense\r\n\r\n".to_owned()),
    ] {
        let puppet = Puppet::start(vec![act.clone()]);
        let (lead, _) = leader();
        lead.user("ana");
        let (follow, status) = follower_of(puppet.address);
        let (unkeyed, took) = timed(|| grant(&follow, None));
        assert_eq!((unkeyed.status, unkeyed.header("retry-after")), (503, Some("1")), "{act:?}");
        unkeyed.refused("outcome_unknown");
        assert!(took < Duration::from_secs(2), "{took:?}");
        puppet.request();
        assert_eq!(puppet.count(), 0, "it was sent once");
        let to = url(lead.address);
        let turn = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(500));
            set(&status, Role::Follower, Some(("lead", to)));
        });
        let keyed = grant(&follow, Some("a"));
        keyed.expect(201);
        assert!(puppet.count() > 1, "it was tried again meanwhile");
        turn.join().unwrap();
        // A dry run does nothing, so a second one does no harm.
        follow.post("/v1/grants?dry_run=true", serde_json::from_str(GRANT).unwrap()).expect(201);
        assert_eq!(lead.total("ana"), 5);
    }
}

#[test]
fn an_answer_that_is_lost_for_good_leaves_the_outcome_unknown() {
    let puppet = Puppet::start(vec![Act::SayAndClose(String::new())]);
    let (follow, _) = follower_of(puppet.address);
    let (response, took) = timed(|| grant(&follow, Some("a")));
    response.refused("outcome_unknown");
    assert!((Duration::from_secs(4)..Duration::from_secs(8)).contains(&took), "{took:?}");
    let (read, took) = timed(|| follow.request("GET", "/v1/users", &[("tocos-read", "leader")], b""));
    read.refused("not_leader");
    assert!((Duration::from_secs(4)..Duration::from_secs(8)).contains(&took), "{took:?}");
}

#[test]
fn a_leader_that_does_not_answer_is_left_when_another_leads() {
    let puppet = Puppet::start(vec![Act::Hang]);
    let (lead, _) = leader();
    lead.user("ana");
    let (follow, status) = follower_of(puppet.address);
    let to = url(lead.address);
    let turn = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(500));
        set(&status, Role::Follower, Some(("lead", to)));
    });
    let address = follow.address;
    let unkeyed = std::thread::spawn(move || {
        let mut client = Client::connect(address);
        client.request("POST", "/v1/grants", &[("content-type", "application/json")], GRANT.as_bytes())
    });
    let (keyed, took) = timed(|| grant(&follow, Some("a")));
    keyed.expect(201);
    assert!((Duration::from_millis(900)..Duration::from_secs(4)).contains(&took), "{took:?}");
    unkeyed.join().unwrap().refused("outcome_unknown");
    assert_eq!(lead.total("ana"), 5);
    turn.join().unwrap();
    let (follow, _) = follower_of(puppet.address);
    let (keyed, took) = timed(|| grant(&follow, Some("a")));
    keyed.refused("outcome_unknown");
    assert!((Duration::from_secs(4)..Duration::from_secs(8)).contains(&took), "{took:?}");
}

#[test]
fn what_the_leader_answers_says_whether_a_second_try_is_safe() {
    let done = || Act::Say(answer(201, "{\"event\":1}"));
    let first = |text: String| {
        let puppet = Puppet::start(vec![Act::Say(text), done()]);
        let (follow, _) = follower_of(puppet.address);
        (puppet, follow)
    };
    // Certainly not done.
    for code in ["not_leader", "recovering"] {
        for key in [None, Some("a")] {
            let (puppet, follow) = first(problem(503, code));
            grant(&follow, key).expect(201);
            assert_eq!(puppet.count(), 2, "{code}");
        }
    }
    // Perhaps done.
    for code in ["outcome_unknown", "shutting_down", "storage_unavailable"] {
        let (puppet, follow) = first(problem(503, code));
        let response = grant(&follow, None);
        assert_eq!((response.status, response.header("tocos-event")), (503, Some("77")), "as it came");
        assert_eq!((&response.json()["code"], puppet.count()), (&json!(code), 1));
        let (puppet, follow) = first(problem(503, code));
        grant(&follow, Some("a")).expect(201);
        assert_eq!(puppet.count(), 2, "{code}");
    }
    for text in [problem(502, "x"), problem(504, "x"), answer(503, "<html>")] {
        let (puppet, follow) = first(text.clone());
        grant(&follow, None).refused("outcome_unknown");
        assert_eq!(puppet.count(), 1);
        let (puppet, follow) = first(text);
        grant(&follow, Some("a")).expect(201);
        assert_eq!(puppet.count(), 2);
    }
    // Everything else is the answer.
    for (status, code) in
        [(503, "storage_full"), (503, "clock_implausible"), (429, "too_many_requests"), (409, "user_closed")]
    {
        let (puppet, follow) = first(problem(status, code));
        let response = grant(&follow, Some("a"));
        assert_eq!((response.status, &response.json()["code"], puppet.count()), (status, &json!(code), 1));
    }
}

#[test]
fn a_write_that_this_node_could_not_finish_is_finished_by_the_next_leader() {
    let disk = SimDisk::new(5);
    let (first, status) = node_with("first", Setup { disk: Some(disk.clone()), ..Setup::default() });
    set(&status, Role::Leader, Some(("first", url(first.address))));
    let (next, _) = leader();
    next.user("ana");
    first.user("ana");
    disk.fail_sync(1);
    let to = url(next.address);
    let turn = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(400));
        set(&status, Role::Follower, Some(("lead", to)));
    });
    // It is decided here, on the fast path, and the disk fails under it.
    let keyed = grant(&first, Some("a"));
    assert_eq!(keyed.expect(201)["event"], 2);
    assert_eq!(next.total("ana"), 5);
    turn.join().unwrap();
    grant(&first, None).expect(201);
    assert_eq!(next.total("ana"), 10);
}

#[test]
fn a_write_without_a_key_that_this_node_could_not_finish_is_unknown() {
    let disk = SimDisk::new(5);
    let (first, status) = node_with("first", Setup { disk: Some(disk.clone()), ..Setup::default() });
    set(&status, Role::Leader, Some(("first", url(first.address))));
    first.user("ana");
    disk.fail_sync(1);
    let (response, took) = timed(|| grant(&first, None));
    response.refused("storage_unavailable");
    assert!(took < Duration::from_secs(2), "{took:?}");
    let (response, took) = timed(|| grant(&first, Some("a")));
    response.refused("storage_unavailable");
    assert!((Duration::from_secs(4)..Duration::from_secs(8)).contains(&took), "{took:?}");
}

#[test]
fn tries_are_counted() {
    let puppet = Puppet::start(vec![Act::Say(problem(503, "not_leader")), Act::Say(answer(201, "{}"))]);
    let (follow, _) = follower_of(puppet.address);
    grant(&follow, None).expect(201);
    grant(&follow, None).expect(201);
    let text = Client::connect(follow.internal).request("GET", "/metrics", &[], b"").text();
    for line in [
        "tocos_group_forwarded_total 3",
        "tocos_group_forward_retries_total 1",
        "tocos_group_forward_given_up_total 0",
        "tocos_http_requests_total{method=\"POST\",route=\"/v1/grants\",status=\"2xx\"} 2",
    ] {
        assert!(text.lines().any(|other| other == line), "{line} is not in\n{text}");
    }
}
