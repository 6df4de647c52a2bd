use serde_json::json;

use crate::app::TestApp;

#[test]
fn a_new_ledger_has_the_coin_toco() {
    let app = TestApp::start();
    let toco =
        json!({"code": "toco", "decimals": 0, "issued": 0, "spent": 0, "expired": 0, "outstanding": 0, "held": 0});
    assert_eq!(app.get("/v1/coins").expect(200), json!({"coins": [toco]}));
    assert_eq!(app.get("/v1/coins/toco").expect(200), toco);
}

#[test]
fn a_coin_is_made_once_and_changed_after_that() {
    let app = TestApp::start();
    let made = app.put("/v1/coins/gold", json!({"decimals": 2})).expect(201);
    assert_eq!(
        (&made["kind"], &made["coin"], &made["decimals"], &made["created"]),
        (&json!("coin"), &json!("gold"), &json!(2), &json!(true))
    );
    assert_eq!(app.put("/v1/coins/gold", json!({"decimals": 3})).expect(200)["created"], false);
    assert_eq!(app.get("/v1/coins/gold").expect(200)["decimals"], 3);
    app.get("/v1/coins/silver").refused("coin_not_found");
}

#[test]
fn codes_and_decimals_are_checked() {
    let app = TestApp::start();
    for code in ["Gold", "9gold", "a-code-of-17-char", "g%C3%B6ld"] {
        app.put(&format!("/v1/coins/{code}"), json!({})).invalid("coin");
    }
    app.put("/v1/coins/gold", json!({"decimals": 10})).invalid("decimals");
}

#[test]
fn figures_say_where_all_of_a_coin_is() {
    let app = TestApp::start();
    app.user_with("ana", 100);
    app.spend("ana", 30);
    app.hold("ana", 20);
    let toco = app.get("/v1/coins/toco").expect(200);
    let wanted =
        json!({"code": "toco", "decimals": 0, "issued": 100, "spent": 30, "expired": 0, "outstanding": 70, "held": 20});
    assert_eq!(toco, wanted);
}
