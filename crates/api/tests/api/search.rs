//! Users by their ids, and by a part of their ids and names.

use serde_json::{Value, json};

use crate::app::{Setup, TestApp};
use crate::client::Client;
use crate::nodes;

fn ids(page: &Value) -> Vec<String> {
    page["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect()
}

fn escaped(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

#[track_caller]
fn found(app: &TestApp, part: &str) -> Vec<String> {
    ids(&app.get(&format!("/v1/users?q={}", escaped(part))).expect(200))
}

/// Ids with names, in this order.
fn with_users(users: &[(&str, &str)]) -> TestApp {
    let app = TestApp::start();
    for (id, name) in users {
        app.post("/v1/users", json!({"id": id, "name": name})).expect(201);
    }
    app
}

#[test]
fn users_are_given_in_the_order_of_their_ids_in_the_request() {
    let app = TestApp::start();
    app.user_with("ana", 5).user("bob").user_with("cem", 7).user("a béc");
    app.put("/v1/coins/gold", json!({})).expect(201);
    app.put("/v1/users/bob", json!({"name": "Bob"})).expect(200);
    app.post("/v1/grants", json!({"user": "cem", "coin": "gold", "amount": 2})).expect(201);
    let page = app.get("/v1/users?id=cem&id=nobody&id=bob&id=ana&id=cem").expect(200);
    let wanted = json!({"users": [
        {"id": "cem", "name": null, "coins": {"toco": 7, "gold": 2}},
        {"id": "bob", "name": "Bob", "coins": {}},
        {"id": "ana", "name": null, "coins": {"toco": 5}},
    ], "next_cursor": null});
    assert_eq!(page, wanted);
    assert_eq!(ids(&app.get("/v1/users?id=a+b%C3%A9c&limit=1&id=ana").expect(200)), ["a béc", "ana"]);
    let gold = app.get("/v1/users?coin=gold&id=ana&id=cem").expect(200);
    assert_eq!(gold["users"], json!([{"id": "cem", "name": null, "coins": {"gold": 2}}]));
    app.get("/v1/users?coin=tin&id=ana").refused("coin_not_found");
    app.post("/v1/users/bob/close", json!({})).expect(200);
    assert_eq!(ids(&app.get("/v1/users?id=bob&id=ana").expect(200)), ["ana"]);
    assert_eq!(ids(&app.get("/v1/users?id=bob&id=ana&closed=true").expect(200)), ["bob", "ana"]);
    assert_eq!(ids(&app.get("/v1/users?id=nobody").expect(200)), [""; 0]);
    app.spend("ana", 2);
    assert_eq!(app.get("/v1/users?id=ana").expect(200)["users"][0]["coins"]["toco"], 3);
}

#[test]
fn a_thousand_ids_of_36_characters_fit_into_a_request() {
    let app = TestApp::start();
    let ids_of: Vec<String> = (0..1_000).map(|at| format!("{at:08}-0000-4000-8000-123456789012")).collect();
    let operations: Vec<_> = ids_of.iter().rev().map(|id| json!({"op": "user", "user": id})).collect();
    app.post("/v1/batch", json!({"operations": operations})).expect(200);
    let query: Vec<String> = ids_of.iter().map(|id| format!("id={id}")).collect();
    let path = format!("/v1/users?{}", query.join("&"));
    assert!(path.len() > 40_000);
    let mut client = app.client();
    for _ in 0..2 {
        assert_eq!(ids(&client.request("GET", &path, &[], b"").expect(200)), ids_of);
    }
    let problem = app.get(&format!("{path}&id=one-more")).invalid("id");
    assert!(problem["detail"].as_str().unwrap().contains("1000"), "{problem}");
    // What is longer than any path is refused by the library.
    let response = app.get(&format!("/v1/users?q={}", "a".repeat(70_000)));
    assert!((400..500).contains(&response.status), "{}", response.status);
}

#[test]
fn what_chooses_users_comes_alone_and_in_its_form() {
    let app = with_users(&[("ann", "Ann")]);
    let cursor = app.get("/v1/users?q=ann&limit=1").expect(200);
    assert_eq!(cursor["next_cursor"], json!(null));
    let long = "n".repeat(129);
    for (query, field) in [
        ("id=ann&q=ann", "q"),
        ("id=ann&prefix=a", "prefix"),
        ("id=ann&cursor=dWFubg", "cursor"),
        ("q=ann&prefix=a", "prefix"),
        ("id=", "id"),
        ("id=%40ann", "id"),
        ("id=ann&id=a%2Fb", "id"),
        ("id=%ff", "id"),
        ("q=", "q"),
        ("q", "q"),
        ("q=%0a", "q"),
        ("q=a%00b", "q"),
        ("q=%ff", "q"),
        ("q=%CC%81", "q"),
        ("q=%E2%80%AE", "q"),
        (&format!("q={long}"), "q"),
        ("q=ann&q=ann", "q"),
        ("q=ann&limit=0", "limit"),
        ("q=ann&limit=1001", "limit"),
        ("q=ann&closed=1", "closed"),
        ("id=ann&coin=toco&coin=toco", "coin"),
        ("id=ann&limit=1&limit=1", "limit"),
    ] {
        app.get(&format!("/v1/users?{query}")).invalid(field);
    }
    app.get("/v1/users?q=ann&coin=tin").refused("coin_not_found");
    assert_eq!(found(&app, &long[1..]), [""; 0]);
}

#[test]
fn users_are_found_by_a_part_of_id_or_name_however_it_is_written() {
    let app = with_users(&[
        ("zoe-1", "José Álvarez"),
        ("b", "Jose\u{301}phine"),
        ("anna@example.com", "<img src=x onerror=alert(1)>"),
        ("m", "محمد \u{202e}علي"),
        ("STRASSE", "\"; DROP TABLE users; --"),
        ("u2", "Straße 5 % _ * ? \\"),
        ("żółć", "Łukasz"),
    ]);
    for (part, wanted) in [
        ("jose", &["zoe-1", "b"][..]),
        ("JOSÉ", &["zoe-1", "b"]),
        ("Jose\u{301}", &["zoe-1", "b"]),
        ("é a", &["zoe-1"]),
        ("EXAMPLE.com", &["anna@example.com"]),
        ("<IMG SRC=x", &["anna@example.com"]),
        ("alert(1)>", &["anna@example.com"]),
        ("محمد", &["m"]),
        ("علي", &["m"]),
        ("strasse", &["STRASSE", "u2"]),
        ("straße", &["STRASSE", "u2"]),
        ("%", &["u2"]),
        ("*", &["u2"]),
        ("\\", &["u2"]),
        ("drop table", &["STRASSE"]),
        ("ZOLC", &[]),
        ("zołc", &["żółć"]),
        ("-", &["zoe-1", "STRASSE"]),
        (" ", &["zoe-1", "anna@example.com", "m", "STRASSE", "u2"]),
        ("zoe-1José", &[]),
    ] {
        assert_eq!(found(&app, part), wanted, "{part:?}");
    }
    let page = app.get("/v1/users?q=img").expect(200);
    assert_eq!(page["users"][0]["name"], "<img src=x onerror=alert(1)>");
    app.put("/v1/users/b", json!({"name": "Max"})).expect(200);
    app.user("joseph");
    assert_eq!(found(&app, "jose"), ["zoe-1", "joseph"]);
    let batch = json!({"atomic": true, "operations": [
        {"op": "user", "user": "jose", "name": "José"},
        {"op": "user", "user": "m", "name": "José"},
        {"op": "user_close", "user": "nobody"},
    ]});
    app.post("/v1/batch", batch).refused("user_not_found");
    app.post("/v1/users?dry_run=true", json!({"id": "josefa"})).expect(201);
    assert_eq!(found(&app, "jose"), ["zoe-1", "joseph"]);
    let app = app.restart();
    assert_eq!(found(&app, "jose"), ["zoe-1", "joseph"]);
}

#[test]
fn found_users_have_the_coins_and_the_filters_of_the_list() {
    let app = with_users(&[("ann-1", "x"), ("ann-2", "x"), ("hann", "x")]);
    app.put("/v1/coins/gold", json!({})).expect(201);
    app.grant("ann-2", 5);
    app.grant("hann", 6);
    app.post("/v1/grants", json!({"user": "hann", "coin": "gold", "amount": 2})).expect(201);
    let wanted = json!({"users": [
        {"id": "ann-1", "name": "x", "coins": {}},
        {"id": "ann-2", "name": "x", "coins": {"toco": 5}},
        {"id": "hann", "name": "x", "coins": {"toco": 6, "gold": 2}},
    ], "next_cursor": null});
    assert_eq!(app.get("/v1/users?q=ann").expect(200), wanted);
    let gold = app.get("/v1/users?q=ann&coin=gold").expect(200);
    assert_eq!(gold["users"], json!([{"id": "hann", "name": "x", "coins": {"gold": 2}}]));
    assert_eq!(gold["next_cursor"], json!(null));
    app.post("/v1/users/ann-1/close", json!({})).expect(200);
    assert_eq!(found(&app, "ann"), ["ann-2", "hann"]);
    assert_eq!(ids(&app.get("/v1/users?q=ann&closed=true").expect(200)), ["ann-1", "ann-2", "hann"]);
    let response = app.get("/v1/users?q=ann");
    assert_eq!(response.header("tocos-event"), Some(app.last_event().to_string().as_str()));
}

#[test]
fn pages_of_found_users_follow_one_another_the_oldest_first() {
    let app = TestApp::start();
    let operations: Vec<Value> = (0..1_400)
        .map(|at| json!({"op": "user", "user": format!("{}{at}", if at % 2 == 0 { "even-" } else { "odd-" })}))
        .rev()
        .collect();
    app.post("/v1/batch", json!({"operations": operations})).expect(200);
    let wanted: Vec<String> = (0..1_400).rev().filter(|at| at % 2 == 0).map(|at| format!("even-{at}")).collect();
    for limit in [1_000, 700, 70, 699] {
        let (mut all, mut cursor) = (Vec::new(), String::new());
        loop {
            let page = app.get(&format!("/v1/users?q=EVEN&limit={limit}{cursor}")).expect(200);
            all.extend(ids(&page));
            let Some(next) = page["next_cursor"].as_str() else { break };
            assert_eq!(ids(&page).len(), limit);
            cursor = format!("&cursor={next}");
        }
        assert_eq!(all, wanted, "{limit}");
    }
    // Whoever is created meanwhile comes last, and whoever no longer matches is left out.
    let page = app.get("/v1/users?q=even&limit=699").expect(200);
    app.user("even-more");
    let next = format!("/v1/users?q=even&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(ids(&app.get(&next).expect(200)), ["even-0", "even-more"]);
    app.post("/v1/users/even-0/close", json!({})).expect(200);
    assert_eq!(ids(&app.get(&next).expect(200)), ["even-more"]);
}

#[test]
fn the_cursor_of_one_list_is_none_of_another() {
    let app = with_users(&[("ann-1", ""), ("ann-2", ""), ("bob", "")]);
    let cursor = |path: &str| app.get(path).expect(200)["next_cursor"].as_str().unwrap().to_owned();
    let (list, found) = (cursor("/v1/users?limit=1"), cursor("/v1/users?q=ann&limit=1"));
    app.get(&format!("/v1/users?q=ann&cursor={list}")).invalid("cursor");
    app.get(&format!("/v1/users?cursor={found}")).invalid("cursor");
    app.get(&format!("/v1/users?q=bob&cursor={found}")).invalid("cursor");
    app.get(&format!("/v1/holds?cursor={found}")).invalid("cursor");
    // What is folded the same is the same search.
    assert_eq!(ids(&app.get(&format!("/v1/users?q=%C3%81NN&cursor={found}")).expect(200)), ["ann-2"]);
    for made_up in ["", "f", "!", "ZjE", "ZjEu", "Zi4", "ZnguYWE", &list[..list.len() - 1]] {
        app.get(&format!("/v1/users?q=ann&cursor={made_up}")).invalid("cursor");
    }
}

#[test]
fn users_are_found_beside_writers_and_never_by_a_name_that_they_no_longer_have() {
    let app = TestApp::start();
    let operations: Vec<Value> =
        (0..600).map(|at| json!({"op": "user", "user": format!("u{at}"), "name": "Red"})).collect();
    app.post("/v1/batch", json!({"operations": operations})).expect(200);
    let address = app.address;
    let writer = std::thread::spawn(move || {
        let mut client = Client::connect(address);
        for round in 0..300 {
            let (user, name) = (round * 7 % 600, ["Green", "Red"][round % 2]);
            let body = json!({"name": name}).to_string();
            let path = format!("/v1/users/u{user}");
            client.request("PUT", &path, &[("content-type", "application/json")], body.as_bytes()).expect(200);
            // Whoever has seen a write acknowledged finds it.
            let page = client.request("GET", &format!("/v1/users?limit=1000&q={name}"), &[], b"").expect(200);
            assert!(ids(&page).contains(&format!("u{user}")), "{round}");
        }
    });
    let mut seen = 0;
    while !writer.is_finished() {
        let page = app.get("/v1/users?q=green&limit=1000").expect(200);
        assert!(page["users"].as_array().unwrap().iter().all(|user| user["name"] == "Green"), "{page}");
        seen += 1;
    }
    writer.join().unwrap();
    assert!(seen > 0);
}

#[test]
fn a_key_that_may_read_is_needed() {
    let mut app = Setup::default().start();
    app.user("ann");
    let key = app.post("/v1/keys", json!({"name": "first", "right": "admin"})).expect(201);
    for path in ["/v1/users?q=ann", "/v1/users?id=ann", "/v1/holds"] {
        app.get(path).refused("unauthenticated");
    }
    app.key = key["key"].as_str().or(key["secret"].as_str()).map(str::to_owned);
    for path in ["/v1/users?q=ann", "/v1/users?id=ann", "/v1/holds"] {
        app.get(path).expect(200);
    }
}

#[test]
fn a_node_that_follows_searches_by_itself() {
    // Its ledger is its own here, so what it finds tells who searched.
    let (lead, _of_lead) = nodes::leader();
    lead.user("ann-of-lead");
    let (follow, _of_follow) = nodes::follower_of(lead.address);
    for path in ["/v1/users?q=ann", "/v1/users?id=ann-of-lead"] {
        assert_eq!(ids(&follow.get(path).expect(200)), [""; 0], "{path}");
        let from_leader = follow.request("GET", path, &[("tocos-read", "leader")], b"");
        assert_eq!(ids(&from_leader.expect(200)), ["ann-of-lead"], "{path}");
    }
    let many: Vec<String> = (0..1_000).map(|at| format!("id={at:036}")).collect();
    let path = format!("/v1/users?{}&id=ann-of-lead", many[1..].join("&"));
    let from_leader = follow.request("GET", &path, &[("tocos-read", "leader")], b"");
    assert_eq!(ids(&from_leader.expect(200)), ["ann-of-lead"]);
}
