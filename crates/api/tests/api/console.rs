use serde_json::json;

use crate::app::TestApp;

#[test]
fn the_page_may_load_its_own_files_alone() {
    let app = TestApp::start();
    let page = app.get("/");
    assert_eq!((page.status, page.header("content-type")), (200, Some("text/html; charset=utf-8")));
    let policy = page.header("content-security-policy").unwrap();
    for part in
        ["default-src 'none'", "script-src 'self'", "style-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"]
    {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    let headers =
        [("x-content-type-options", "nosniff"), ("referrer-policy", "no-referrer"), ("cache-control", "no-cache")];
    for (name, value) in headers {
        assert_eq!(page.header(name), Some(value));
    }
    let text = page.text();
    let names: Vec<&str> = text.split('"').filter(|part| part.starts_with("/console/")).collect();
    assert_eq!(names.len(), 2, "{text}");
    for name in names {
        let file = app.get(name);
        assert_eq!((file.status, file.header("content-encoding")), (200, Some("gzip")), "{name}");
        assert!(file.header("cache-control").unwrap().contains("immutable"));
    }
    app.get("/console/app-000000000000.js").refused("not_found");
}

#[test]
fn the_page_is_served_without_a_key() {
    let app = TestApp::start();
    app.post("/v1/keys", json!({"right": "admin"})).expect(201);
    assert_eq!(app.get("/").status, 200);
    app.get("/v1/status").refused("unauthenticated");
}
