use serde_json::{Value, json};

use crate::app::TestApp;

fn ids(page: &Value) -> Vec<&str> {
    page["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap()).collect()
}

#[test]
fn a_user_is_made_and_shown() {
    let app = TestApp::start();
    let made = app.post("/v1/users", json!({"id": "ana", "name": "Ana Müller 🦊", "metadata": {"b": 1, "a": [true]}}));
    let event = made.expect(201);
    assert_eq!((&event["kind"], &event["user"], &event["created"]), (&json!("user"), &json!("ana"), &json!(true)));
    app.grant("ana", 120);
    let shown = app.get("/v1/users/ana").expect(200);
    assert_eq!(shown["name"], "Ana Müller 🦊");
    assert_eq!(shown["metadata"], json!({"a": [true], "b": 1}));
    assert_eq!(shown["coins"], json!({"toco": 120}));
    assert_eq!(shown["closed"], false);
    assert_eq!(shown["accounts"][0]["ceiling"], 9_007_199_254_740_991_i64);
}

#[test]
fn putting_a_user_again_replaces_name_and_metadata() {
    let app = TestApp::start();
    app.put("/v1/users/ana", json!({"name": "Ana", "metadata": {"a": 1}})).expect(201);
    let again = app.put("/v1/users/ana", json!({"name": "Anna"})).expect(200);
    assert_eq!(again["created"], false);
    let shown = app.get("/v1/users/ana").expect(200);
    assert_eq!((&shown["name"], &shown["metadata"]), (&json!("Anna"), &json!(null)));
    // Without a body there is nothing to say about the user, and nothing wrong with that.
    assert_eq!(app.request("PUT", "/v1/users/bob", &[], b"").expect(201)["name"], json!(null));
}

#[test]
fn ids_with_every_allowed_character_work_in_paths() {
    let app = TestApp::start();
    let id = "A-z.9_~:x";
    app.user_with(id, 3);
    assert_eq!(app.total(id), 3);
    assert_eq!(app.total("A-z.9_~%3Ax"), 3);
    for bad in ["%20b", "a%zzb", "a%CC%88", "a%2Fb", "%2E", "..", "a%FF", "%40issued"] {
        app.put(&format!("/v1/users/{bad}"), json!({})).invalid("user");
    }
}

#[test]
fn ids_in_any_script_work_wherever_an_id_stands() {
    let app = TestApp::start();
    let ids = [
        ("ana+1@example.com", "ana%2B1%40example.com"),
        ("auth0|5f7c8ec7", "auth0%7C5f7c8ec7"),
        ("Żółć", "%C5%BB%C3%B3%C5%82%C4%87"),
    ];
    for (id, escaped) in ids {
        app.post("/v1/users", json!({"id": id, "name": id})).expect(201);
        app.post("/v1/grants", json!({"user": id, "coin": "toco", "amount": 5})).expect(201);
        let user = app.get(&format!("/v1/users/{escaped}")).expect(200);
        assert_eq!((&user["id"], &user["coins"]["toco"]), (&json!(id), &json!(5)));
        assert_eq!(app.get(&format!("/v1/users/{escaped}/history")).expect(200)["entries"][0]["amount"], 5);
        let start = if id.is_ascii() { &escaped[..3] } else { "%C5%BB" };
        assert_eq!(app.get(&format!("/v1/users?prefix={start}")).expect(200)["users"][0]["id"], id);
    }
    let transfer = json!({"from": ids[0].0, "to": ids[2].0, "coin": "toco", "amount": 2});
    let done = app.post("/v1/transfers", transfer).expect(201);
    assert_eq!(done["balances"][ids[2].0]["total"], 7);
    let mut seen = Vec::new();
    let mut path = "/v1/users?limit=1".to_owned();
    loop {
        let page = app.get(&path).expect(200);
        seen.push(page["users"][0]["id"].as_str().unwrap().to_owned());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("/v1/users?limit=1&cursor={cursor}");
    }
    assert_eq!(seen, ids.map(|(id, _)| id.to_owned()), "in the order of their bytes");
    let app = app.restart();
    assert_eq!(app.get(&format!("/v1/users/{}", ids[2].1)).expect(200)["id"], ids[2].0);
}

#[test]
fn the_list_is_in_order_of_ids_with_names_and_coins() {
    let app = TestApp::start();
    app.put("/v1/coins/gold", json!({})).expect(201);
    app.put("/v1/users/bob", json!({})).expect(201);
    app.put("/v1/users/alice", json!({"name": "Alice"})).expect(201);
    app.put("/v1/users/Zoe", json!({})).expect(201);
    app.grant("alice", 120);
    app.post("/v1/grants", json!({"user": "alice", "coin": "gold", "amount": 7})).expect(201);
    let list = app.get("/v1/users").expect(200);
    let wanted = json!({"users": [
        {"id": "Zoe", "name": null, "coins": {}},
        {"id": "alice", "name": "Alice", "coins": {"toco": 120, "gold": 7}},
        {"id": "bob", "name": null, "coins": {}},
    ], "next_cursor": null});
    assert_eq!(list, wanted);
    let gold = app.get("/v1/users?coin=gold").expect(200);
    assert_eq!(gold["users"], json!([{"id": "alice", "name": "Alice", "coins": {"gold": 7}}]));
    app.get("/v1/users?coin=tin").refused("coin_not_found");
}

#[test]
fn pages_follow_one_another_without_gaps_and_repetitions() {
    let app = TestApp::start();
    let operations: Vec<Value> = (0..700).map(|at| json!({"op": "user", "user": format!("user-{at:03}")})).collect();
    app.post("/v1/batch", json!({"operations": operations})).expect(200);
    app.user("user").user("zebra").user("another");
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.get(&format!("/v1/users?prefix=user&limit=70{cursor}")).expect(200);
        all.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next_cursor"].as_str() else { break };
        assert_eq!(ids(&page).len(), 70);
        cursor = format!("&cursor={next}");
    }
    let mut wanted = vec!["user".to_owned()];
    wanted.extend((0..700).map(|at| format!("user-{at:03}")));
    assert_eq!(all, wanted);
    assert_eq!(ids(&app.get("/v1/users").expect(200)).len(), 100);
    assert_eq!(ids(&app.get("/v1/users?limit=1000").expect(200)).len(), 703);
    // The page that ends with the last user knows that it does.
    assert_eq!(app.get("/v1/users?prefix=user-69&limit=10").expect(200)["next_cursor"], json!(null));
}

#[test]
fn a_page_goes_on_behind_ids_that_begin_alike() {
    let app = TestApp::start();
    // All sort right behind `a`; a space and a quotation mark come before most characters.
    let users = ["a", "a b", "a!", "a\"", "a-b", "aż"];
    for user in users {
        app.post("/v1/users", json!({"id": user})).expect(201);
    }
    let mut all = Vec::new();
    let mut cursor = String::new();
    loop {
        let page = app.get(&format!("/v1/users?limit=1{cursor}")).expect(200);
        all.extend(ids(&page).into_iter().map(str::to_owned));
        let Some(next) = page["next_cursor"].as_str() else { break };
        cursor = format!("&cursor={next}");
    }
    assert_eq!(all, users);
}

#[test]
fn parameters_that_are_none_are_refused() {
    let app = TestApp::start();
    for (query, field) in [
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("limit=ten", "limit"),
        ("limit=1.0", "limit"),
        ("cursor=nonsense!", "cursor"),
        ("cursor=aDQy", "cursor"),
        ("coin=TOCO", "coin"),
        ("closed=maybe", "closed"),
        ("order=asc", "order"),
        ("limit=1&limit=2", "limit"),
    ] {
        app.get(&format!("/v1/users?{query}")).invalid(field);
    }
}

#[test]
fn closing_needs_an_empty_user_and_is_for_good() {
    let app = TestApp::start();
    app.user_with("ana", 5).user("bob");
    let refused = app.post("/v1/users/ana/close", json!({}));
    assert_eq!(refused.status, 409);
    assert_eq!(refused.refused("user_not_empty")["total"], 5);
    app.spend("ana", 5);
    assert_eq!(app.post("/v1/users/ana/close", json!({})).expect(200)["kind"], "user_closed");
    app.post("/v1/grants", json!({"user": "ana", "coin": "toco", "amount": 1})).refused("user_closed");
    assert_eq!(ids(&app.get("/v1/users").expect(200)), ["bob"]);
    assert_eq!(ids(&app.get("/v1/users?closed=true").expect(200)), ["ana", "bob"]);
    assert_eq!(app.get("/v1/users/ana").expect(200)["closed"], true);
}

#[test]
fn a_user_can_be_seen_as_of_an_event_and_as_of_a_time() {
    let app = TestApp::with_test_clock();
    app.user_with("ana", 50);
    let after_grant = app.last_event();
    let then = app.advance(3600)["now"].as_str().unwrap().to_owned();
    app.advance(3600);
    app.spend("ana", 20);
    assert_eq!(app.total("ana"), 30);
    for at in [after_grant.to_string(), then.clone(), then.replace('Z', "%2B00:00")] {
        let past = app.get(&format!("/v1/users/ana?at={at}")).expect(200);
        assert_eq!(past["coins"], json!({"toco": 50}), "{at}");
        assert_eq!(past["accounts"][0]["lots"], json!([{"grant": null, "amount": 50}]));
    }
    assert_eq!(app.get("/v1/users/ana?at=1").expect(200)["accounts"], json!([]));
    app.get("/v1/users/ana?at=2001-01-01T00:00:00Z").refused("user_not_found");
    app.get("/v1/users/ana?at=2999-01-01T00:00:00Z").invalid("at");
    app.get("/v1/users/ana?at=99").refused("event_not_found");
    app.get("/v1/users/ana?at=yesterday").invalid("at");
}

#[test]
fn a_list_that_is_asked_for_again_and_again_is_always_as_things_are() {
    let app = TestApp::with_test_clock();
    app.user_with("ana", 50).user_with("bob", 5).user("cem");
    let coins = |path: &str| {
        // The second response is the cached first one.
        let (first, second) = (app.get(path), app.get(path));
        assert_eq!(first.text(), second.text(), "{path}");
        assert_eq!(first.header("content-type"), second.header("content-type"));
        let page = second.expect(200);
        page["users"].as_array().unwrap().iter().map(|user| user["coins"]["toco"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(coins("/v1/users"), [json!(50), json!(5), json!(null)]);
    app.transfer("ana", "bob", 1);
    assert_eq!(coins("/v1/users"), [json!(49), json!(6), json!(null)]);
    app.user("abe");
    assert_eq!(coins("/v1/users?limit=2"), [json!(null), json!(49)]);
    assert_eq!(coins("/v1/users?coin=toco"), [json!(49), json!(6)]);
    app.grant("abe", 7);
    assert_eq!(coins("/v1/users?coin=toco"), [json!(7), json!(49), json!(6)]);
    app.put("/v1/users/abe", json!({"name": "Abe"})).expect(200);
    assert_eq!(app.get("/v1/users?limit=2").expect(200)["users"][0]["name"], "Abe");
    let batch = json!({"atomic": true, "operations": [
        {"op": "spend", "user": "ana", "coin": "toco", "amount": 9},
        {"op": "spend", "user": "bob", "coin": "toco", "amount": 999},
    ]});
    app.post("/v1/batch", batch).refused("insufficient_funds");
    app.post("/v1/spends?dry_run=true", json!({"user": "ana", "coin": "toco", "amount": 9})).expect(201);
    assert_eq!(coins("/v1/users"), [json!(7), json!(49), json!(6), json!(null)]);
    let soon = app.post("/v1/holds", json!({"user": "ana", "coin": "toco", "amount": 1, "timeout_s": 100})).expect(201);
    let lot = json!({"user": "cem", "coin": "toco", "amount": 3, "expires_at": soon["expires_at"]});
    app.post("/v1/grants", lot).expect(201);
    assert_eq!(coins("/v1/users"), [json!(7), json!(49), json!(6), json!(3)]);
    app.advance(100);
    assert_eq!(coins("/v1/users"), [json!(7), json!(49), json!(6), json!(0)]);
    app.post("/v1/users/cem/close", json!({})).expect(200);
    assert_eq!(coins("/v1/users"), [json!(7), json!(49), json!(6)]);
    assert_eq!(coins("/v1/users?closed=true"), [json!(7), json!(49), json!(6), json!(0)]);
}

#[test]
fn unknown_users_are_not_found() {
    let app = TestApp::start();
    assert_eq!(app.get("/v1/users/nobody").refused("user_not_found")["user"], "nobody");
    app.get("/v1/users/nobody/history").refused("user_not_found");
    app.post("/v1/users/nobody/close", json!({})).refused("user_not_found");
}

#[test]
fn every_response_names_ids_of_any_characters_as_they_are() {
    const ODD: &str = "a\"b\\c' <x>&é💥";
    const PATH: &str = "a%22b%5Cc'%20%3Cx%3E&%C3%A9%F0%9F%92%A5";
    let app = TestApp::start();
    let named = app.post("/v1/users", json!({"id": ODD})).expect(201);
    assert_eq!(named["user"], ODD);
    app.user("bo");
    let granted = app.post("/v1/grants", json!({"user": ODD, "coin": "toco", "amount": 100})).expect(201);
    assert_eq!((&granted["user"], &granted["balances"][ODD]["total"]), (&json!(ODD), &json!(100)));
    let moved = app.post("/v1/transfers", json!({"from": ODD, "to": "bo", "coin": "toco", "amount": 5})).expect(201);
    assert_eq!((&moved["from"], &moved["balances"][ODD]["total"]), (&json!(ODD), &json!(95)));
    let back = app.post("/v1/transfers", json!({"from": "bo", "to": ODD, "coin": "toco", "amount": 1})).expect(201);
    assert_eq!(back["to"], ODD);
    let spent = app.post("/v1/spends", json!({"user": "bo", "to": ODD, "coin": "toco", "amount": 1})).expect(201);
    assert_eq!(spent["to"], ODD);
    let held = app.post("/v1/holds", json!({"user": ODD, "to": ODD, "coin": "toco", "amount": 7}));
    held.refused("invalid_request");
    let held = app.post("/v1/holds", json!({"user": ODD, "to": "bo", "coin": "toco", "amount": 7})).expect(201);
    assert_eq!(held["user"], ODD);
    let id = held["id"].as_u64().unwrap();
    assert_eq!(app.get(&format!("/v1/holds/{id}")).expect(200)["user"], ODD);
    assert_eq!(app.post(&format!("/v1/holds/{id}/capture"), json!({})).expect(201)["user"], ODD);
    let limits = app.put(&format!("/v1/users/{PATH}/limits/toco"), json!({"floor": -5})).expect(200);
    assert_eq!(limits["user"], ODD);
    let reversed = app.post(&format!("/v1/events/{}/reverse", moved["event"]), json!({})).expect(201);
    assert_eq!(reversed["to"], ODD);
    let user = app.get(&format!("/v1/users/{PATH}")).expect(200);
    assert_eq!((&user["id"], &user["coins"]["toco"]), (&json!(ODD), &json!(95)));
    let listed = app.get("/v1/users?prefix=a%22").expect(200);
    assert_eq!(ids(&listed), [ODD]);
    let history = app.get("/v1/users/bo/history").expect(200);
    let counterparts: Vec<_> =
        history["entries"].as_array().unwrap().iter().map(|entry| &entry["counterpart"]).collect();
    assert!(counterparts.contains(&&json!(ODD)), "{history}");
    app.get(&format!("/v1/users/{PATH}/history")).expect(200);
    let batch = json!({"results": "all", "operations": [
        {"op": "grant", "user": ODD, "coin": "toco", "amount": 1},
        {"op": "spend", "user": ODD, "coin": "toco", "amount": 1_000_000},
    ]});
    let batch = app.post("/v1/batch", batch).expect(200);
    assert_eq!((&batch["results"][0]["user"], &batch["results"][1]["user"]), (&json!(ODD), &json!(ODD)));
    let events = app.get("/v1/events?limit=1000").expect(200);
    let of_user = |event: &&Value| event["user"] == ODD || event["from"] == ODD || event["to"] == ODD;
    assert!(events["events"].as_array().unwrap().iter().filter(of_user).count() >= 9, "{events}");
}
