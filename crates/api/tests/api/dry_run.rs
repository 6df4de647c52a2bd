use serde_json::json;

use crate::app::TestApp;

#[test]
fn a_dry_run_answers_as_the_real_thing_and_changes_nothing() {
    let app = TestApp::start();
    app.user_with("ana", 50).user("bob");
    let before = app.last_event();
    let body = json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 5});
    let dry = app.post("/v1/transfers?dry_run=true", body.clone()).expect(201);
    assert_eq!((app.total("ana"), app.last_event()), (50, before));
    let mut real = app.post("/v1/transfers?dry_run=false", body).expect(201);
    real["at"] = dry["at"].clone();
    assert_eq!(dry, real);
}

#[test]
fn every_write_takes_it() {
    let app = TestApp::start();
    app.user_with("ana", 50).user("bob");
    let hold = app.hold("ana", 5);
    let before = app.last_event();
    let writes = [
        ("POST", "/v1/users".to_owned(), json!({"id": "zed"})),
        ("PUT", "/v1/users/zed".to_owned(), json!({})),
        ("POST", "/v1/users/bob/close".to_owned(), json!({})),
        ("PUT", "/v1/users/bob/limits/toco".to_owned(), json!({"frozen": true})),
        ("PUT", "/v1/coins/gold".to_owned(), json!({})),
        ("POST", "/v1/grants".to_owned(), json!({"user": "bob", "coin": "toco", "amount": 1})),
        ("POST", "/v1/spends".to_owned(), json!({"user": "ana", "coin": "toco", "amount": 1, "to": "bob"})),
        ("POST", "/v1/transfers".to_owned(), json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 1})),
        ("POST", "/v1/holds".to_owned(), json!({"user": "ana", "coin": "toco", "amount": 1})),
        ("POST", format!("/v1/holds/{hold}/capture"), json!({})),
        ("POST", format!("/v1/holds/{hold}/release"), json!({})),
        ("POST", format!("/v1/holds/{hold}/extend"), json!({"expires_at": in_an_hour()})),
        ("POST", "/v1/events/2/reverse".to_owned(), json!({"amount": 1})),
        ("POST", "/v1/batch".to_owned(), json!({"operations": [{"op": "user", "user": "zed"}]})),
        ("POST", "/v1/keys".to_owned(), json!({"right": "admin"})),
    ];
    for (method, path, body) in writes {
        let headers = [("content-type", "application/json")];
        let path = format!("{path}?dry_run=true");
        let response = app.request(method, &path, &headers, body.to_string().as_bytes());
        assert!((200..300).contains(&response.status), "{method} {path}: {}", response.text());
        assert_eq!(response.json().get("secret"), None);
        assert_eq!(app.last_event(), before, "{method} {path}");
    }
    assert_eq!(app.get(&format!("/v1/holds/{hold}")).expect(200)["held"], 5);
    app.get("/v1/users/zed").refused("user_not_found");
}

/// An hour from now: the ledger's own time is the best clock a test has.
fn in_an_hour() -> String {
    let app = TestApp::start();
    app.user_with("clock", 1);
    let hold = json!({"user": "clock", "coin": "toco", "amount": 1, "timeout_s": 3600});
    app.post("/v1/holds", hold).expect(201)["expires_at"].as_str().unwrap().to_owned()
}
