use serde_json::{Value, json};
use tocos_api::{Settings, create_first_key};

use crate::app::{Setup, TestApp};

/// A server with an admin key, which it uses.
fn with_admin() -> TestApp {
    let mut app = TestApp::start();
    let made = app.post("/v1/keys", json!({"right": "admin", "name": "root"})).expect(201);
    app.key = Some(made["secret"].as_str().unwrap().to_owned());
    app
}

/// The secret of a new key.
fn key(app: &TestApp, right: &str) -> String {
    app.post("/v1/keys", json!({"right": right})).expect(201)["secret"].as_str().unwrap().to_owned()
}

#[test]
fn the_first_key_shuts_the_door() {
    let mut app = with_admin();
    app.user("ana");
    let root = app.key.take();
    let refused = app.get("/v1/users");
    assert_eq!((refused.status, refused.header("www-authenticate")), (401, Some("Bearer")));
    refused.refused("unauthenticated");
    app.get("/version").expect(200);
    app.key = root;
    app.get("/v1/users").expect(200);
}

#[test]
fn a_key_says_what_it_may_do() {
    let mut app = TestApp::start();
    let nobody = json!({"id": null, "name": "", "right": "admin", "expires_at": null});
    assert_eq!(app.get("/v1/keys/self").expect(200), nobody);
    let made = app.post("/v1/keys", json!({"right": "admin", "name": "root"})).expect(201);
    app.get("/v1/keys/self").refused("unauthenticated");
    app.key = Some(made["secret"].as_str().unwrap().to_owned());
    let own = app.get("/v1/keys/self").expect(200);
    assert_eq!(own, json!({"id": 1, "name": "root", "right": "admin", "expires_at": null}));
    app.key = Some(key(&app, "read"));
    assert_eq!(app.get("/v1/keys/self").expect(200)["right"], "read");
}

#[test]
fn the_first_key_must_be_able_to_make_others() {
    let app = TestApp::start();
    app.post("/v1/keys", json!({"right": "grant"})).invalid("right");
    app.post("/v1/keys", json!({"right": "admin", "expires_at": "2999-01-01T00:00:00Z"})).invalid("expires_at");
    app.get("/v1/users").expect(200);
}

#[test]
fn each_right_includes_those_before_it_and_no_more() {
    let mut app = with_admin();
    app.user_with("ana", 100).user("bob");
    let root = app.key.clone();
    let keys = ["read", "spend", "grant", "admin"].map(|right| key(&app, right));
    let requests: [(&str, &str, Value, usize); 8] = [
        ("GET", "/v1/users", json!(null), 0),
        ("GET", "/v1/events", json!(null), 0),
        ("POST", "/v1/transfers", json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 1}), 1),
        ("POST", "/v1/batch", json!({"operations": [{"op": "spend", "user": "ana", "coin": "toco", "amount": 1}]}), 1),
        ("POST", "/v1/grants", json!({"user": "ana", "coin": "toco", "amount": 1}), 2),
        ("PUT", "/v1/users/zed", json!({}), 2),
        ("GET", "/v1/keys", json!(null), 3),
        ("POST", "/v1/users/zed/close?dry_run=true", json!({}), 3),
    ];
    for (method, path, body, needed) in requests {
        for (has, key) in keys.iter().enumerate() {
            app.key = Some(key.clone());
            let body = if body.is_null() { String::new() } else { body.to_string() };
            let response = app.request(method, path, &[("content-type", "application/json")], body.as_bytes());
            if has >= needed {
                assert!((200..300).contains(&response.status), "{method} {path} with {has}: {}", response.text());
            } else {
                assert_eq!(response.status, 403, "{method} {path} with {has}");
                response.refused("forbidden");
            }
        }
    }
    app.key = root;
}

#[test]
fn a_batch_needs_the_right_of_each_operation() {
    let mut app = with_admin();
    app.user_with("ana", 100);
    app.key = Some(key(&app, "spend"));
    let operations = json!([
        {"op": "spend", "user": "ana", "coin": "toco", "amount": 1},
        {"op": "grant", "user": "ana", "coin": "toco", "amount": 1},
    ]);
    let response = app.post("/v1/batch", json!({"operations": operations})).expect(200);
    assert_eq!((&response["applied"], &response["results"][0]["operation"]), (&json!(1), &json!(1)));
    assert_eq!(response["results"][0]["code"], "forbidden");
    let refused = app.post("/v1/batch", json!({"operations": operations, "atomic": true}));
    assert_eq!((refused.status, refused.refused("forbidden")["operation"].clone()), (403, json!(1)));
}

#[test]
fn events_say_which_key_did_it() {
    let mut app = with_admin();
    app.user("ana");
    let made = app.post("/v1/keys", json!({"right": "grant", "name": "shop"})).expect(201);
    app.key = made["secret"].as_str().map(str::to_owned);
    let event = app.grant("ana", 5);
    assert_eq!(event["by"], made["id"]);
    assert_eq!(app.get(&format!("/v1/events/{}", event["event"])).expect(200)["by"], made["id"]);
}

#[test]
fn secrets_are_shown_once() {
    let app = with_admin();
    let made = app.post_with_key("k", "/v1/keys", json!({"right": "read", "name": "reader"}));
    let secret = made.expect(201)["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("tocos_2_") && secret.len() > 48, "{secret}");
    let again = app.post_with_key("k", "/v1/keys", json!({"right": "read", "name": "reader"}));
    assert_eq!((again.header("idempotency-replayed"), again.json().get("secret")), (Some("true"), None));
    for path in ["/v1/keys", "/v1/events"] {
        let text = app.get(path).text();
        assert!(!text.contains(&secret) && text.contains("reader"), "{text}");
    }
    let list = app.get("/v1/keys").expect(200);
    assert_eq!(list["keys"].as_array().unwrap().len(), 2);
    assert_eq!((&list["keys"][1]["right"], &list["keys"][1]["revoked_at"]), (&json!("read"), &json!(null)));
}

#[test]
fn a_revoked_key_and_an_altered_one_are_as_good_as_none() {
    let mut app = with_admin();
    let root = app.key.clone().unwrap();
    let reader = key(&app, "read");
    assert_eq!(app.post("/v1/keys/2/revoke", json!({})).expect(200)["kind"], "key_revoked");
    app.post("/v1/keys/9/revoke", json!({})).refused("key_not_found");
    for wrong in
        [reader, format!("{root}x"), root.replace("tocos_1_", "tocos_2_"), "tocos_9_x".to_owned(), "x".to_owned()]
    {
        app.key = Some(wrong);
        app.get("/v1/users").refused("unauthenticated");
    }
}

#[test]
fn the_last_admin_key_stays() {
    let app = with_admin();
    app.post("/v1/keys/1/revoke", json!({})).invalid("id");
    key(&app, "admin");
    app.post("/v1/keys/1/revoke", json!({})).expect(200);
}

#[test]
fn a_key_expires_by_the_time_of_the_ledger() {
    let mut app = TestApp::with_test_clock();
    app.user_with("ana", 1);
    let soon = app.post("/v1/holds", json!({"user": "ana", "coin": "toco", "amount": 1, "timeout_s": 60})).expect(201);
    let root = app.post("/v1/keys", json!({"right": "admin"})).expect(201)["secret"].as_str().map(str::to_owned);
    app.key.clone_from(&root);
    let body = json!({"right": "read", "expires_at": soon["expires_at"]});
    let reader = app.post("/v1/keys", body).expect(201)["secret"].as_str().map(str::to_owned);
    app.advance(59);
    app.key.clone_from(&reader);
    app.get("/v1/users").expect(200);
    app.key = root;
    app.advance(1);
    app.key = reader;
    app.get("/v1/users").refused("unauthenticated");
}

#[test]
fn guessing_gets_slower_and_is_told_to_stop() {
    let app = with_admin();
    let guess = || app.client().request("GET", "/v1/users", &[("authorization", "Bearer tocos_1_guess")], b"");
    let started = std::time::Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..25 {
            scope.spawn(guess);
        }
    });
    assert!(started.elapsed() > std::time::Duration::from_millis(500));
    let refused = guess();
    assert_eq!((refused.status, refused.header("retry-after")), (429, Some("60")));
    refused.refused("too_many_requests");
    // Whoever has a key is not hindered by those who guess.
    app.get("/v1/users").expect(200);
}

#[test]
fn keys_outlive_a_restart() {
    let mut app = with_admin();
    let root = app.key.clone();
    app = app.restart();
    app.get("/v1/users").refused("unauthenticated");
    app.key = root;
    app.get("/v1/users").expect(200);
}

#[test]
fn a_first_key_can_be_made_before_the_service_runs() {
    let mut app = TestApp::start();
    let token = create_first_key(&app.engine, "first").unwrap();
    assert!(create_first_key(&app.engine, "second").unwrap_err().contains("already"));
    app = app.restart();
    app.get("/v1/users").refused("unauthenticated");
    app.key = Some(token);
    app.get("/v1/keys").expect(200);
}

#[test]
fn without_keys_pages_in_browsers_are_kept_out() {
    let app = TestApp::start();
    let get = |headers: &[(&str, &str)]| app.request("GET", "/v1/users", headers, b"");
    get(&[("origin", "https://evil.example")]).refused("forbidden");
    get(&[("origin", "http://localhost")]).expect(200);
    let mut client = app.client();
    client.send(b"GET /v1/users HTTP/1.1\r\nhost: evil.example:8080\r\n\r\n").unwrap();
    client.response().unwrap().refused("forbidden");
    let settings = Settings { allow_unauthenticated: true, ..Settings::default() };
    let open = Setup { settings, ..Setup::default() }.start();
    open.request("GET", "/v1/users", &[("origin", "https://shop.example")], b"").expect(200);
}
