use serde_json::{Value, json};

use crate::app::TestApp;

#[test]
fn what_is_reserved_is_captured_and_the_rest_is_back() {
    let app = TestApp::start();
    app.user_with("ana", 1_000);
    let event = app.post("/v1/holds", json!({"user": "ana", "coin": "toco", "amount": 500})).expect(201);
    assert_eq!((&event["kind"], &event["state"], &event["held"]), (&json!("hold"), &json!("open"), &json!(500)));
    assert_eq!(event["id"], event["event"]);
    assert_eq!(event["balances"]["ana"], json!({"total": 1000, "held": 500, "available": 500}));
    let hold = event["id"].as_u64().unwrap();
    let captured = app.post(&format!("/v1/holds/{hold}/capture"), json!({"amount": 137})).expect(201);
    assert_eq!(
        (&captured["state"], &captured["amount"], &captured["released"], &captured["held"], &captured["final"]),
        (&json!("captured"), &json!(137), &json!(363), &json!(0), &json!(true))
    );
    assert_eq!(captured["balances"]["ana"], json!({"total": 863, "held": 0, "available": 863}));
    let shown = app.get(&format!("/v1/holds/{hold}")).expect(200);
    assert_eq!(
        (&shown["state"], &shown["amount"], &shown["captured"], &shown["held"], &shown["lots"]),
        (&json!("captured"), &json!(500), &json!(137), &json!(0), &json!([]))
    );
    assert!(shown["ended_at"].is_string());
}

#[test]
fn a_hold_can_be_captured_in_parts_to_a_shop() {
    let app = TestApp::start();
    app.user_with("ana", 100).user("shop");
    let hold = app.post("/v1/holds", json!({"user": "ana", "coin": "toco", "amount": 50, "to": "shop"})).expect(201);
    let path = format!("/v1/holds/{}", hold["id"]);
    let part = app.post(&format!("{path}/capture"), json!({"amount": 20, "final": false})).expect(201);
    assert_eq!((&part["state"], &part["held"], &part["to"]), (&json!("open"), &json!(30), &json!("shop")));
    let open = app.get(&path).expect(200);
    assert_eq!((&open["state"], &open["captured"], &open["held"]), (&json!("open"), &json!(20), &json!(30)));
    app.post(&format!("{path}/capture"), json!({})).expect(201);
    assert_eq!((app.total("ana"), app.total("shop")), (50, 50));
    let ended = app.get(&path).expect(200);
    assert_eq!((&ended["captured"], &ended["to"]), (&json!(50), &json!("shop")));
}

#[test]
fn more_than_is_held_is_refused_or_taken_from_what_is_available() {
    let app = TestApp::start();
    app.user_with("ana", 100);
    let hold = app.hold("ana", 50);
    let path = format!("/v1/holds/{hold}/capture");
    let refused = app.post(&path, json!({"amount": 70}));
    assert_eq!(refused.status, 409);
    assert_eq!(refused.refused("hold_amount_exceeded")["held"], 50);
    let taken = app.post(&path, json!({"amount": 70, "excess": "take_available"})).expect(201);
    assert_eq!((&taken["amount"], app.total("ana")), (&json!(70), 30));
    // What the hold itself gave is what was captured from it.
    assert_eq!(app.get(&format!("/v1/holds/{hold}")).expect(200)["captured"], 50);
}

#[test]
fn a_hold_that_has_ended_says_how() {
    let app = TestApp::start();
    app.user_with("ana", 100);
    let hold = app.hold("ana", 50);
    let released = app.post(&format!("/v1/holds/{hold}/release"), json!({})).expect(201);
    assert_eq!((&released["state"], &released["amount"]), (&json!("released"), &json!(50)));
    for what in ["capture", "release"] {
        let refused = app.post(&format!("/v1/holds/{hold}/{what}"), json!({}));
        assert_eq!(refused.status, 409);
        assert_eq!(refused.refused("hold_ended")["ended_as"], "released");
    }
    app.get("/v1/holds/99").refused("hold_not_found");
    app.get("/v1/holds/x").invalid("hold");
}

#[test]
fn a_hold_ends_by_itself_unless_it_is_extended() {
    let app = TestApp::with_test_clock();
    app.user_with("ana", 100);
    let hold = |timeout_s: u64| {
        app.post("/v1/holds", json!({"user": "ana", "coin": "toco", "amount": 10, "timeout_s": timeout_s})).expect(201)
    };
    let (short, long, hour) = (hold(60), hold(60), hold(3600));
    let extend = |hold: &Value, expires_at: &Value| {
        app.post(&format!("/v1/holds/{}/extend", hold["id"]), json!({"expires_at": expires_at}))
    };
    extend(&hour, &short["expires_at"]).invalid("expires_at");
    extend(&long, &json!("2999-01-01T00:00:00Z")).invalid("expires_at");
    let extended = extend(&long, &hour["expires_at"]).expect(201);
    assert_eq!((&extended["kind"], &extended["expires_at"]), (&json!("extend"), &hour["expires_at"]));
    app.advance(60);
    let state = |hold: &Value| {
        let shown = app.get(&format!("/v1/holds/{}", hold["id"])).expect(200);
        (shown["state"].as_str().unwrap().to_owned(), shown["held"].as_u64().unwrap())
    };
    assert_eq!(state(&short), ("expired".to_owned(), 0));
    assert_eq!(state(&long), ("open".to_owned(), 10));
    app.advance(3600);
    assert_eq!(state(&long), ("expired".to_owned(), 0));
    assert_eq!(app.get("/v1/users/ana").expect(200)["accounts"][0]["available"], 100);
}

#[test]
fn a_hold_takes_an_instant_or_a_timeout() {
    let app = TestApp::start();
    app.user_with("ana", 100);
    let both =
        json!({"user": "ana", "coin": "toco", "amount": 1, "timeout_s": 5, "expires_at": "2999-01-01T00:00:00Z"});
    app.post("/v1/holds", both).invalid("timeout_s");
    app.post("/v1/holds", json!({"user": "ana", "coin": "toco", "amount": 1, "timeout_s": 0})).invalid("timeout_s");
}

fn numbers(page: &Value) -> Vec<u64> {
    page["holds"].as_array().unwrap().iter().map(|hold| hold["id"].as_u64().unwrap()).collect()
}

#[test]
fn open_holds_are_listed_as_each_is_shown_the_oldest_first() {
    let app = TestApp::start();
    app.user_with("ana", 100).user_with("bob", 100).user("shop");
    app.put("/v1/coins/gold", json!({})).expect(201);
    app.post("/v1/grants", json!({"user": "ana", "coin": "gold", "amount": 9, "lot": true, "priority": 3})).expect(201);
    let hold = |user: &str, coin: &str, amount: u64| {
        let body = json!({"user": user, "coin": coin, "amount": amount, "to": "shop"});
        app.post("/v1/holds", body).expect(201)["id"].as_u64().unwrap()
    };
    let (gold, first, of_bob) = (hold("ana", "gold", 4), hold("ana", "toco", 5), hold("bob", "toco", 6));
    let (ended, last) = (app.hold("ana", 7), hold("ana", "gold", 1));
    app.post(&format!("/v1/holds/{ended}/release"), json!({})).expect(201);
    app.post(&format!("/v1/holds/{gold}/capture"), json!({"amount": 1, "final": false})).expect(201);
    for (query, wanted) in [
        ("", &[gold, first, of_bob, last][..]),
        ("?state=open&user=ana", &[gold, first, last]),
        ("?user=ana&coin=gold", &[gold, last]),
        ("?coin=toco", &[first, of_bob]),
        ("?user=bob&coin=gold", &[]),
        ("?user=shop", &[]),
    ] {
        let page = app.get(&format!("/v1/holds{query}")).expect(200);
        assert_eq!((numbers(&page), &page["next_cursor"]), (wanted.to_vec(), &json!(null)), "{query}");
        for hold in page["holds"].as_array().unwrap() {
            assert_eq!(*hold, app.get(&format!("/v1/holds/{}", hold["id"])).expect(200));
        }
    }
    let app = app.restart();
    let page = app.get("/v1/holds?user=ana").expect(200);
    assert_eq!(numbers(&page), [gold, first, last]);
    assert_eq!((&page["holds"][0]["captured"], &page["holds"][0]["held"]), (&json!(1), &json!(3)));
}

#[test]
fn a_list_of_holds_is_refused_as_other_requests_are() {
    let app = TestApp::start();
    app.user_with("ana", 10);
    app.get("/v1/holds?user=nobody").refused("user_not_found");
    app.get("/v1/holds?user=ana&coin=tin").refused("coin_not_found");
    app.get("/v1/holds?coin=tin").refused("coin_not_found");
    for (query, field) in [
        ("state=ended", "state"),
        ("limit=0", "limit"),
        ("limit=1001", "limit"),
        ("user=a%2Fb", "user"),
        ("user=ana&user=ana", "user"),
        ("coin=TOCO", "coin"),
        ("cursor=nonsense!", "cursor"),
        ("cursor=dTE", "cursor"),
        ("cursor=b3g", "cursor"),
        ("order=asc", "order"),
    ] {
        app.get(&format!("/v1/holds?{query}")).invalid(field);
    }
}

#[test]
fn a_hold_that_expires_is_no_longer_listed() {
    let app = TestApp::with_test_clock();
    app.user_with("ana", 10);
    let short = json!({"user": "ana", "coin": "toco", "amount": 1, "timeout_s": 60});
    app.post("/v1/holds", short).expect(201);
    let long = app.hold("ana", 1);
    app.advance(60);
    for path in ["/v1/holds", "/v1/holds?user=ana"] {
        assert_eq!(numbers(&app.get(path).expect(200)), [long], "{path}");
    }
}

#[test]
fn very_many_open_holds_are_paged_through() {
    let app = TestApp::start();
    app.user_with("ana", 1_000_000).user_with("bob", 1_000).user("cem");
    app.put("/v1/coins/gold", json!({})).expect(201);
    app.post("/v1/grants", json!({"user": "ana", "coin": "gold", "amount": 1_000_000})).expect(201);
    let mut made = (Vec::new(), Vec::new());
    for round in 0..10 {
        let coin = |at: usize| if (at + round).is_multiple_of(3) { "gold" } else { "toco" };
        let hold = |at| json!({"op": "hold", "user": "ana", "coin": coin(at), "amount": 1, "timeout_s": 86_400});
        let operations: Vec<Value> = (0..10_000).map(hold).collect();
        let batch = app.post("/v1/batch", json!({"operations": operations})).expect(200);
        let first = batch["events"]["first"].as_u64().unwrap();
        made.0.extend((0..10_000).map(|at| first + at as u64));
        made.1.extend((0..10_000).filter(|at| coin(*at) == "gold").map(|at| first + at as u64));
        app.hold("bob", 1);
    }
    let mut client = app.client();
    let mut all = |query: &str| {
        let (mut all, mut cursor, mut pages) = (Vec::new(), String::new(), 0);
        loop {
            let page = client.request("GET", &format!("/v1/holds?limit=1000&{query}{cursor}"), &[], b"").expect(200);
            all.extend(numbers(&page));
            pages += 1;
            let Some(next) = page["next_cursor"].as_str() else { return (all, pages) };
            cursor = format!("&cursor={next}");
        }
    };
    assert_eq!(all("user=ana"), (made.0, 100));
    assert_eq!(all("user=ana&coin=gold").0, made.1);
    // Among very many of another coin a page ends early, with a cursor.
    assert_eq!(all("coin=gold").0, made.1);
    assert_eq!(all("user=bob").0.len(), 10);
    assert_eq!(all("user=bob&coin=gold").0.len(), 0);
    assert_eq!(all("").0.len(), 100_010);
}
