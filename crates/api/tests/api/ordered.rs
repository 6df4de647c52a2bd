//! The list of users in the orders that it can have.

use serde_json::{Value, json};

use crate::app::TestApp;

/// Ids with names and with what they have of `toco`, in the order in which they are created. `None` never had any.
const USERS: [(&str, &str, Option<u64>); 7] = [
    ("mia", "Mia Ruiz", Some(70)),
    ("abe", "Abe", Some(5)),
    ("zoe", "Zoë Ruiz", None),
    ("Ben", "", Some(70)),
    ("żak", "Żak ruíz", Some(900)),
    ("ann", "Ann", Some(1)),
    ("cem", "Cem", Some(70)),
];

fn with_users() -> TestApp {
    let app = TestApp::start();
    app.put("/v1/coins/gold", json!({})).expect(201);
    for (id, name, amount) in USERS {
        let name = (!name.is_empty()).then_some(name);
        app.post("/v1/users", json!({"id": id, "name": name})).expect(201);
        if let Some(amount) = amount {
            app.grant(id, amount);
        }
    }
    // Closed, with nothing left.
    app.spend("ann", 1);
    app.post("/v1/users/ann/close", json!({})).expect(200);
    app.post("/v1/grants", json!({"user": "abe", "coin": "gold", "amount": 1_000})).expect(201);
    app
}

fn ids(page: &Value) -> Vec<String> {
    page["users"].as_array().unwrap().iter().map(|user| user["id"].as_str().unwrap().to_owned()).collect()
}

/// Everybody on all pages of this many.
fn pages(app: &TestApp, query: &str, limit: usize) -> Vec<String> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = app.get(&format!("/v1/users?{query}&limit={limit}{cursor}")).expect(200);
        let some = ids(&page);
        assert!(some.len() <= limit, "{query}");
        all.extend(some);
        let Some(next) = page["next_cursor"].as_str() else { return all };
        cursor = format!("&cursor={next}");
        assert!(all.len() < 5_000, "{query} goes on without end");
    }
}

#[test]
fn each_order_has_its_users_and_all_pages_together_have_each_once() {
    let app = with_users();
    for (query, wanted) in [
        ("order=id", "Ben abe cem mia zoe żak"),
        ("order=-id", "żak zoe mia cem abe Ben"),
        ("order=created", "mia abe zoe Ben żak cem"),
        ("order=-created", "cem żak Ben zoe abe mia"),
        ("order=created&closed=true", "mia abe zoe Ben żak ann cem"),
        ("order=-created&closed=true", "cem ann żak Ben zoe abe mia"),
        ("order=-id&closed=true", "żak zoe mia cem ann abe Ben"),
        // Of those who have the same the oldest comes first, whatever the direction.
        ("order=balance&coin=toco", "abe mia Ben cem żak"),
        ("order=-balance&coin=toco", "żak mia Ben cem abe"),
        ("order=balance&coin=toco&closed=true", "ann abe mia Ben cem żak"),
        ("order=-balance&coin=toco&closed=true", "żak mia Ben cem abe ann"),
        ("order=-balance&coin=gold", "abe"),
        ("order=-id&coin=toco", "żak mia cem abe Ben"),
        ("order=created&coin=toco", "mia abe Ben żak cem"),
        ("order=-created&coin=gold", "abe"),
        ("order=-id&prefix=a&closed=true", "ann abe"),
        ("order=-created&prefix=a", "abe"),
        ("order=-balance&coin=toco&prefix=m", "mia"),
        ("order=-balance&coin=toco&prefix=none", ""),
        ("order=id&q=ruiz", "mia zoe żak"),
        ("order=-id&q=ruiz", "żak zoe mia"),
        ("order=created&q=ruiz", "mia zoe żak"),
        ("q=ruiz", "mia zoe żak"),
        ("order=-created&q=ruiz", "żak zoe mia"),
        ("order=balance&coin=toco&q=ruiz", "mia żak"),
        ("order=-balance&coin=toco&q=ruiz", "żak mia"),
        ("order=-balance&coin=gold&q=ruiz", ""),
        ("order=-id&q=a", "żak mia abe"),
        ("order=-id&q=a&closed=true", "żak mia ann abe"),
    ] {
        let wanted: Vec<&str> = wanted.split_whitespace().collect();
        assert_eq!(ids(&app.get(&format!("/v1/users?{query}")).expect(200)), wanted, "{query}");
        for limit in [1, 2, 3, 7] {
            assert_eq!(pages(&app, query, limit), wanted, "{query} by {limit}");
        }
    }
}

#[test]
fn by_balance_each_user_is_shown_with_the_coin_that_counts() {
    let app = with_users();
    let page = app.get("/v1/users?order=-balance&coin=toco&limit=2").expect(200);
    let wanted = json!([
        {"id": "żak", "name": "Żak ruíz", "coins": {"toco": 900}},
        {"id": "mia", "name": "Mia Ruiz", "coins": {"toco": 70}},
    ]);
    assert_eq!(page["users"], wanted);
    let all = app.get("/v1/users?order=-id&limit=5&closed=true").expect(200);
    assert_eq!(all["users"][4], json!({"id": "ann", "name": "Ann", "coins": {"toco": 0}}));
    let abe = app.get("/v1/users?order=-created&prefix=abe").expect(200);
    assert_eq!(abe["users"], json!([{"id": "abe", "name": "Abe", "coins": {"toco": 5, "gold": 1_000}}]));
}

#[test]
fn debts_lots_and_holds_count_in_a_balance() {
    let app = TestApp::with_test_clock();
    for user in ["owes", "holds", "lots", "none"] {
        app.user(user);
    }
    app.put("/v1/users/owes/limits/toco", json!({"floor": -50})).expect(200);
    app.spend("owes", 40);
    app.grant("holds", 30);
    let hold = json!({"user": "holds", "coin": "toco", "amount": 25, "timeout_s": 3_600});
    let hold = app.post("/v1/holds", hold).expect(201);
    let lot = json!({"user": "lots", "coin": "toco", "amount": 60, "expires_at": hold["expires_at"]});
    app.post("/v1/grants", lot).expect(201);
    assert_eq!(ids(&app.get("/v1/users?order=-balance&coin=toco").expect(200)), ["lots", "holds", "owes"]);
    assert_eq!(pages(&app, "order=balance&coin=toco", 1), ["owes", "holds", "lots"]);
    app.advance(7_200);
    let later = app.get("/v1/users?order=-balance&coin=toco").expect(200);
    assert_eq!(ids(&later), ["holds", "lots", "owes"]);
    assert_eq!((&later["users"][1]["coins"]["toco"], &later["users"][2]["coins"]["toco"]), (&json!(0), &json!(-40)));
}

#[test]
fn what_goes_together_with_no_order_is_refused() {
    let app = with_users();
    let cursor = |query: &str| {
        let page = app.get(&format!("/v1/users?{query}&limit=1")).expect(200);
        page["next_cursor"].as_str().unwrap().to_owned()
    };
    for (query, field) in [
        ("order=name".to_owned(), "order"),
        ("order=%2Bid".to_owned(), "order"),
        ("order=".to_owned(), "order"),
        ("order=id&order=id".to_owned(), "order"),
        ("order=balance".to_owned(), "order"),
        ("order=-balance".to_owned(), "order"),
        ("order=-balance&q=a".to_owned(), "order"),
        ("order=-id&id=ana".to_owned(), "order"),
        ("order=id&id=ana".to_owned(), "order"),
        ("order=-created&q=a&prefix=a".to_owned(), "prefix"),
        ("order=-id&cursor=nonsense!".to_owned(), "cursor"),
        ("order=-balance&coin=toco&cursor=cjcuNy43".to_owned(), "cursor"),
        (format!("order=id&cursor={}", cursor("order=-id")), "cursor"),
        (format!("order=-id&cursor={}", cursor("order=id")), "cursor"),
        (format!("order=-id&cursor={}", cursor("order=-created")), "cursor"),
        (format!("order=created&cursor={}", cursor("order=-created")), "cursor"),
        (format!("order=balance&coin=toco&cursor={}", cursor("order=-balance&coin=toco")), "cursor"),
        (format!("order=-balance&coin=gold&cursor={}", cursor("order=-balance&coin=toco")), "cursor"),
        (format!("order=-id&q=b&cursor={}", cursor("order=-id&q=a")), "cursor"),
        (format!("order=-id&cursor={}", cursor("order=-id&q=a")), "cursor"),
    ] {
        app.get(&format!("/v1/users?{query}")).invalid(field);
    }
    app.get("/v1/users?order=-balance&coin=tin").refused("coin_not_found");
}

#[test]
fn a_ledger_of_more_users_than_one_look_takes_is_ordered_as_a_whole() {
    let app = TestApp::start();
    // 3,000 users in a mixed order, with few different balances.
    let number = |at: usize| at * 1_009 % 3_000;
    let amount = |at: usize| 1 + at * 7 % 23;
    for some in (0..3_000).collect::<Vec<usize>>().chunks(1_000) {
        let operations: Vec<Value> = some
            .iter()
            .flat_map(|at| {
                let user = format!("user-{:04}", number(*at));
                let grant = json!({"op": "grant", "user": user, "coin": "toco", "amount": amount(*at)});
                [json!({"op": "user", "user": user}), grant]
            })
            .collect();
        app.post("/v1/batch", json!({"operations": operations})).expect(200);
    }
    let mut created: Vec<usize> = (0..3_000).collect();
    let named = |order: &[usize]| order.iter().map(|at| format!("user-{:04}", number(*at))).collect::<Vec<_>>();
    assert_eq!(pages(&app, "order=created", 999), named(&created));
    let mut richest = created.clone();
    richest.sort_by_key(|at| (-(amount(*at) as i64), *at));
    assert_eq!(pages(&app, "order=-balance&coin=toco", 700), named(&richest));
    assert_eq!(pages(&app, "order=-balance&coin=toco&q=USER", 700), named(&richest));
    richest.sort_by_key(|at| (amount(*at), *at));
    assert_eq!(pages(&app, "order=balance&coin=toco", 700), named(&richest));
    created.reverse();
    assert_eq!(pages(&app, "order=-created", 999), named(&created));
    created.sort_by_key(|at| std::cmp::Reverse(number(*at)));
    assert_eq!(pages(&app, "order=-id", 999), named(&created));
}

#[test]
fn what_was_just_written_is_in_its_place() {
    let app = with_users();
    let first = |app: &TestApp| ids(&app.get("/v1/users?order=-balance&coin=toco&limit=1").expect(200));
    assert_eq!(first(&app), ["żak"]);
    app.grant("cem", 2_000);
    assert_eq!(first(&app), ["cem"]);
    app.put("/v1/users/new", json!({"name": "New"})).expect(201);
    assert_eq!(ids(&app.get("/v1/users?order=-created&limit=1").expect(200)), ["new"]);
    app.put("/v1/users/mia", json!({"name": "Mia"})).expect(200);
    assert_eq!(ids(&app.get("/v1/users?order=-id&q=ruiz").expect(200)), ["żak", "zoe"]);
    let app = app.restart();
    assert_eq!(first(&app), ["cem"]);
}
