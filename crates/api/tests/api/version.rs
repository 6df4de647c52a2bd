use serde_json::json;

use crate::app::TestApp;

#[test]
fn the_service_says_what_it_is() {
    let app = TestApp::start();
    let version = app.get("/version").expect(200);
    assert_eq!(version, json!({"name": "tocos", "version": env!("CARGO_PKG_VERSION"), "commit": "unknown"}));
}
