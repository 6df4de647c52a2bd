//! What a node says about its group, and what it does in which role.

use std::time::Duration;

use serde_json::{Value, json};
use tocos_group::{NodeStatus, Role, Status};
use tocos_ledger::{CreateKey, Operation, Request, Right};

use crate::app::TestApp;
use crate::client::{Client, Response};
use crate::nodes::{follower_of, leader, node, set, url};

fn ready(app: &TestApp) -> Response {
    Client::connect(app.internal).request("GET", "/readyz", &[], b"")
}

fn know(status: &Status, member: &str, url: String) {
    status.update(|figures| {
        let seen_ago = Duration::from_millis(1_500);
        figures.members = vec![NodeStatus { node: member.to_owned(), url, last_event: 7, seen_ago }];
    });
}

#[test]
fn a_node_without_a_group_is_alone() {
    let app = TestApp::start();
    app.user("ana");
    let cluster = app.get("/v1/cluster").expect(200);
    let expected = json!({
        "node": "", "role": "alone", "epoch": 0, "leader": null, "last_event": 1, "tip_event": 1, "behind_s": 0.0,
        "lease_age_s": 0.0, "in_flight": 0, "appends": 0, "healed_frames": 0, "faults": 0, "rivals": 0, "changes": 0,
        "synchronous": null, "note": "", "members": [],
    });
    assert_eq!(cluster, expected);
    let refused = app.post("/v1/cluster/handover", json!({}));
    assert_eq!(refused.status, 409);
    refused.refused("no_successor");
    ready(&app).expect(200);
}

#[test]
fn a_node_says_what_it_knows_of_its_group() {
    let (app, status) = leader();
    know(&status, "two", "http://two:1".to_owned());
    status.update(|figures| {
        figures.epoch = 9;
        figures.tip_event = 8;
        figures.last_event = 7;
        figures.in_flight = 3;
        figures.appends = 100;
        figures.healed_frames = 1;
        figures.faults = 2;
        figures.rivals = 4;
        figures.changes = 5;
        figures.is_synchronous = Some(false);
        figures.note = "a \"note\"".to_owned();
    });
    let expected = json!({
        "node": "lead", "role": "leader", "epoch": 9, "leader": {"node": "lead", "url": url(app.address), "epoch": 1},
        "last_event": 7, "tip_event": 8, "in_flight": 3, "appends": 100,
        "healed_frames": 1, "faults": 2, "rivals": 4, "changes": 5, "synchronous": false, "note": "a \"note\"",
        "members": [{"node": "two", "url": "http://two:1", "last_event": 7, "seen_ago_s": 1.5}],
    });
    let without_times = |mut cluster: Value| {
        let mut take = |name: &str| cluster.as_object_mut().unwrap().remove(name).unwrap().as_f64().unwrap();
        let (behind_s, lease_age_s) = (take("behind_s"), take("lease_age_s"));
        assert!(behind_s == 0.0 && (0.0..60.0).contains(&lease_age_s), "{behind_s} {lease_age_s}");
        cluster
    };
    assert_eq!(without_times(app.get("/v1/cluster").expect(200)), expected);
    let (follow, _) = follower_of(app.address);
    assert_eq!(follow.get("/v1/cluster").expect(200)["role"], "follower");
    let of_leader = follow.request("GET", "/v1/cluster", &[("tocos-read", "leader")], b"");
    assert_eq!(without_times(of_leader.expect(200)), expected);
}

#[test]
fn the_lead_is_handed_over_through_any_node() {
    let (lead, of_lead) = leader();
    let (follow, _) = follower_of(lead.address);
    for app in [&lead, &follow] {
        let refused = app.post("/v1/cluster/handover", json!({}));
        assert_eq!(refused.status, 409);
        assert!(refused.refused("no_successor")["detail"].as_str().unwrap().contains("no other node is there"));
    }
    follow.post("/v1/cluster/handover", json!({"to": "me"})).invalid("to");
    know(&of_lead, "two", "http://two:1".to_owned());
    let response = follow.request("POST", "/v1/cluster/handover", &[], b"");
    assert_eq!(response.expect(200), json!({"leader": {"node": "two", "url": "http://two:1", "epoch": 2}}));
    assert_eq!(of_lead.role(), Role::Follower);
}

#[test]
fn handing_over_needs_the_right() {
    let (lead, _) = leader();
    let key = lead.post("/v1/keys", json!({"name": "first", "right": "admin"})).expect(201);
    let admin = format!("Bearer {}", key["secret"].as_str().unwrap());
    let made = json!({"name": "x", "right": "grant"}).to_string();
    let headers = [("authorization", admin.as_str()), ("content-type", "application/json")];
    let key = lead.request("POST", "/v1/keys", &headers, made.as_bytes()).expect(201);
    let grant = format!("Bearer {}", key["secret"].as_str().unwrap());
    let ask = |bearer: &str| lead.request("POST", "/v1/cluster/handover", &[("authorization", bearer)], b"");
    ask(&grant).refused("forbidden");
    ask(&admin).refused("no_successor");
}

#[test]
fn a_node_that_has_not_found_its_place_answers_no_reads() {
    let (app, status) = node("a");
    set(&status, Role::Joining, None);
    for path in ["/v1/users", "/v1/users/ana", "/v1/coins", "/v1/events", "/v1/clock"] {
        let response = app.get(path);
        assert_eq!((response.status, response.header("retry-after")), (503, Some("1")), "{path}");
        response.refused("recovering");
    }
    assert_eq!(app.get("/v1/cluster").expect(200)["role"], "joining");
    app.get("/version").expect(200);
    ready(&app).refused("recovering");
    let (lead, _) = leader();
    set(&status, Role::Joining, Some(("lead", url(lead.address))));
    app.post("/v1/users", json!({"id": "ana"})).expect(201);
    assert_eq!(lead.last_event(), 1);
    set(&status, Role::Follower, Some(("lead", url(lead.address))));
    app.get("/v1/users").expect(200);
    ready(&app).expect(200);
}

#[test]
fn a_node_that_was_left_behind_serves_nothing() {
    let (lead, _) = leader();
    let (app, status) = follower_of(lead.address);
    set(&status, Role::Diverged, Some(("lead", url(lead.address))));
    for path in ["/v1/users", "/v1/users/ana", "/v1/events", "/v1/clock"] {
        let response = app.get(path);
        assert_eq!(response.status, 503, "{path}");
        response.refused("diverged");
    }
    app.post("/v1/users", json!({"id": "ana"})).refused("diverged");
    app.post("/v1/batch", json!({"operations": []})).refused("diverged");
    app.post("/v1/clock/accept", json!({})).refused("diverged");
    assert_eq!(lead.last_event(), 0);
    assert_eq!(app.get("/v1/cluster").expect(200)["role"], "diverged");
    app.get("/version").expect(200);
    ready(&app).refused("diverged");
    let mut internal = Client::connect(app.internal);
    internal.request("GET", "/livez", &[], b"").expect(200);
    assert_eq!(internal.request("GET", "/metrics", &[], b"").status, 200);
}

#[test]
fn a_follower_is_ready_while_it_keeps_up_and_knows_the_leader() {
    let (lead, of_lead) = leader();
    ready(&lead).expect(200);
    let (app, status) = follower_of(lead.address);
    ready(&app).expect(200);
    status.level(tokio::time::Instant::now() - Duration::from_secs(11));
    let problem = ready(&app).refused("behind");
    assert!(problem["detail"].as_str().unwrap().contains("11 s"), "{problem}");
    status.level(tokio::time::Instant::now() - Duration::from_secs(5));
    ready(&app).expect(200);
    set(&status, Role::Follower, None);
    ready(&app).refused("not_leader");
    for (role, code) in
        [(Role::Candidate, "not_leader"), (Role::HandingOver, "not_leader"), (Role::Stopped, "shutting_down")]
    {
        set(&of_lead, role, None);
        ready(&lead).refused(code);
    }
}

#[test]
fn keys_that_another_node_made_or_revoked_hold_here() {
    let (app, status) = node("follow");
    set(&status, Role::Follower, Some(("lead", "http://127.0.0.1:1".to_owned())));
    app.get("/v1/users").expect(200);
    // The engine applies what the leader decided.
    let token = tocos_api::create_first_key(&app.engine, "first").unwrap();
    let bearer = format!("Bearer {token}");
    let get = |bearer: &str| app.request("GET", "/v1/users", &[("authorization", bearer)], b"");
    std::thread::sleep(Duration::from_millis(300));
    app.get("/v1/users").refused("unauthenticated");
    get(&bearer).expect(200);
    let request =
        Request { operation: Operation::RevokeKey { id: 1 }, key: None, metadata: None, reference: None, by: 0 };
    app.engine.submit(&request, false, |_, _| ()).unwrap();
    app.engine.seal();
    std::thread::sleep(Duration::from_millis(300));
    get(&bearer).refused("unauthenticated");
}

#[test]
fn a_new_key_works_here_as_soon_as_its_event_is_here() {
    let (app, status) = node("follow");
    set(&status, Role::Follower, Some(("lead", "http://127.0.0.1:1".to_owned())));
    tocos_api::create_first_key(&app.engine, "first").unwrap();
    for id in 2..20 {
        let secret = format!("{id}").repeat(20);
        let hash = *blake3::hash(secret.as_bytes()).as_bytes();
        let create = CreateKey { name: "more", hash, right: Right::Read, expires_at: None };
        let request =
            Request { operation: Operation::CreateKey(create), key: None, metadata: None, reference: None, by: 0 };
        let made = app.engine.submit(&request, false, |_, _| ()).unwrap();
        app.engine.seal();
        app.engine.durable(made.seen).wait().unwrap();
        let bearer = format!("Bearer tocos_{id}_{secret}");
        app.request("GET", "/v1/users", &[("authorization", &bearer)], b"").expect(200);
    }
}

#[test]
fn where_others_reach_it_a_node_serves_nothing_before_it_knows_the_first_key() {
    let dir = tempfile::TempDir::new().unwrap();
    let (engine, _report) = tocos_engine::Engine::open(&tocos_engine::EngineOptions::new(dir.path())).unwrap();
    let (_app, status) = node("other");
    let settings = tocos_api::Settings {
        group: Some(tocos_api::GroupHandle::new(status, || {
            Box::pin(async { Err(tocos_api::NotHandedOver::NotLeader) })
        })),
        ..Default::default()
    };
    let (tell, address) = std::sync::mpsc::channel();
    let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
    let serving = engine.clone();
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let public = tokio::net::TcpListener::bind("0.0.0.0:0").await.unwrap();
            tell.send(public.local_addr().unwrap().port()).unwrap();
            let listeners = tocos_api::Listeners { public, internal: None };
            tocos_api::serve(settings, serving, listeners, async { drop(stopped.await) }).await
        })
    });
    let address = std::net::SocketAddr::from(([127, 0, 0, 1], address.recv().unwrap()));
    let get = |path: &str, headers: &[(&str, &str)]| Client::connect(address).request("GET", path, headers, b"");
    get("/v1/users", &[]).refused("forbidden");
    get("/version", &[]).expect(200);
    let token = tocos_api::create_first_key(&engine, "first").unwrap();
    get("/v1/users", &[("authorization", &format!("Bearer {token}"))]).expect(200);
    get("/v1/users", &[]).refused("unauthenticated");
    drop(stop);
    thread.join().unwrap().unwrap();
    engine.close().unwrap();
}

#[test]
fn the_metrics_tell_of_the_group() {
    let metrics = |app: &TestApp| Client::connect(app.internal).request("GET", "/metrics", &[], b"").text();
    let holds = |text: &str, lines: &[&str]| {
        for line in lines {
            assert!(text.lines().any(|other| other == *line), "{line} is not in\n{text}");
        }
    };
    let alone = metrics(&TestApp::start());
    holds(
        &alone,
        &[
            "tocos_group_role{role=\"alone\"} 1",
            "tocos_group_role{role=\"leader\"} 0",
            "tocos_group_leader_known 1",
            "tocos_group_synchronous -1",
            "tocos_group_lag_seconds 0",
            "tocos_ready 1",
        ],
    );
    let (app, status) = leader();
    status.update(|figures| {
        figures.epoch = 9;
        figures.tip_event = 12;
        figures.last_event = 7;
        figures.in_flight = 3;
        figures.appends = 100;
        figures.append_us = 2_500_000;
        figures.healed_frames = 1;
        figures.faults = 2;
        figures.rivals = 4;
        figures.changes = 5;
        figures.is_synchronous = Some(false);
    });
    holds(
        &metrics(&app),
        &[
            "tocos_group_role{role=\"alone\"} 0",
            "tocos_group_role{role=\"leader\"} 1",
            "tocos_group_leader_known 1",
            "tocos_group_epoch 9",
            "tocos_group_lag_events 5",
            "tocos_group_lag_seconds 0",
            "tocos_group_appends_in_flight 3",
            "tocos_group_appends_total 100",
            "tocos_group_append_seconds_total 2.5",
            "tocos_group_healed_frames_total 1",
            "tocos_group_faults_total 2",
            "tocos_group_rivals_total 4",
            "tocos_group_changes_total 5",
            "tocos_group_synchronous 0",
        ],
    );
    set(&status, Role::Diverged, None);
    holds(
        &metrics(&app),
        &[
            "tocos_group_role{role=\"diverged\"} 1",
            "tocos_group_role{role=\"leader\"} 0",
            "tocos_group_leader_known 0",
            "tocos_group_lease_age_seconds 0",
            "tocos_ready 0",
        ],
    );
}
