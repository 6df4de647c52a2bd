//! Webhooks over HTTP, and their delivery to a real receiver.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tocos_webhooks::{AddressPolicy, Options, Patience, secret_from_text, sign};

use crate::app::{Setup, TestApp};
use crate::receiver::Receiver;

/// Delivers to this machine, and tries again soon.
fn setup() -> Setup {
    let mut setup = Setup::default();
    setup.settings.webhooks.policy = AddressPolicy::everything();
    setup.settings.webhooks.options = Options {
        patience: Patience { delay_max: Duration::from_millis(200), ..Patience::default() },
        progress_every: Duration::from_millis(300),
        ..Options::default()
    };
    setup.settings.webhooks.options.patience.delay_min = Duration::from_millis(20);
    setup
}

fn hook(receiver: &Receiver) -> Value {
    json!({"url": receiver.url})
}

fn wait_until(what: &str, holds: impl Fn() -> bool) {
    let given_up = Instant::now() + Duration::from_secs(10);
    while !holds() {
        assert!(Instant::now() < given_up, "{what} did not come");
        std::thread::sleep(Duration::from_millis(10));
    }
}

#[test]
fn a_webhook_is_put_looked_at_listed_and_deleted() {
    let app = TestApp::start();
    app.put("/v1/coins/gem", json!({})).expect(201);
    let url = "https://example.com/hook?token=1";
    let body = json!({
        "url": url, "kinds": ["spend", "grant"], "coins": ["gem", "toco"], "user_prefix": "an", "crossed_only": true,
        "batch": 50, "from_event": 1, "metadata": {"a": 1}, "reference": "r",
    });
    let put = app.put("/v1/webhooks/shop", body.clone()).expect(201);
    assert_eq!((&put["kind"], &put["webhook"], &put["created"]), (&json!("webhook"), &json!("shop"), &json!(true)));
    assert_eq!((&put["kinds"], &put["coins"]), (&json!(["grant", "spend"]), &json!(["toco", "gem"])));
    assert_eq!((&put["from_event"], &put["batch"]), (&json!(1), &json!(50)));
    let secret = put["secret"].as_str().unwrap();
    assert_eq!(secret_from_text(secret).unwrap().len(), 32);
    let got = app.get("/v1/webhooks/shop").expect(200);
    assert_eq!((&got["url"], &got["enabled"], &got["failing_since"]), (&json!(url), &json!(true), &Value::Null));
    assert_eq!((got["through"].is_u64(), &got["disabled_reason"]), (true, &Value::Null));
    let again = app.put("/v1/webhooks/shop", json!({"url": url})).expect(200);
    assert_eq!((&again["created"], &again["kinds"], &again["secret"]), (&json!(false), &Value::Null, &Value::Null));
    assert_eq!(app.get("/v1/webhooks").expect(200)["webhooks"].as_array().unwrap().len(), 1);
    // The secret is nowhere but in the first response.
    let everything = [
        app.get("/v1/events?limit=1000").text(),
        app.get("/v1/webhooks").text(),
        app.get(&format!("/v1/events/{}", put["event"])).text(),
    ];
    for text in everything {
        assert!(!text.contains("whsec_") && !text.contains(&secret[6..]), "{text}");
    }
    let deleted = app.request("DELETE", "/v1/webhooks/shop", &[], b"").expect(200);
    assert_eq!(deleted["kind"], "webhook_deleted");
    assert_eq!(app.get("/v1/webhooks/shop").refused("webhook_not_found")["status"], 404);
    assert_eq!(app.request("DELETE", "/v1/webhooks/shop", &[], b"").refused("webhook_not_found")["webhook"], "shop");
    for path in ["disable", "enable", "rotate-secret", "test"] {
        app.post(&format!("/v1/webhooks/shop/{path}"), json!({})).refused("webhook_not_found");
    }
    app.post("/v1/webhooks/shop/redeliver", json!({"from_event": 1})).refused("webhook_not_found");
    app.get("/v1/webhooks/shop/deliveries").refused("webhook_not_found");
}

#[test]
fn a_repeated_request_gets_the_same_event_without_the_secret_and_a_dry_run_does_nothing() {
    let app = TestApp::start();
    let body = json!({"url": "https://example.com/"});
    let dry = app.put("/v1/webhooks/shop?dry_run=true", body.clone()).expect(201);
    assert_eq!((&dry["kind"], &dry["secret"]), (&json!("webhook"), &Value::Null));
    app.get("/v1/webhooks/shop").refused("webhook_not_found");
    let put = |body: &Value| {
        let headers = [("content-type", "application/json"), ("idempotency-key", "one")];
        app.request("PUT", "/v1/webhooks/shop", &headers, body.to_string().as_bytes())
    };
    let first = put(&body).expect(201);
    let second = put(&body);
    assert_eq!(second.header("idempotency-replayed"), Some("true"));
    let mut without = first.clone();
    without.as_object_mut().unwrap().remove("secret").unwrap();
    assert_eq!(second.expect(201), without);
    assert_eq!(put(&json!({"url": "https://example.org/"})).refused("idempotency_key_reused")["field"], "url");
    // A secret that the client brings is not shown at all.
    let brought = json!({"url": "https://example.com/", "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"});
    assert_eq!(app.put("/v1/webhooks/other", brought.clone()).expect(201)["secret"], Value::Null);
    let rotated = app.post("/v1/webhooks/other/rotate-secret", json!({"keep_s": 60})).expect(200);
    assert!(rotated["secret"].as_str().unwrap().starts_with("whsec_"));
    assert!(app.get("/v1/webhooks/other").expect(200)["old_secret_until"].is_string());
    app.post("/v1/webhooks/other/rotate-secret?dry_run=true", json!({})).expect(200);
    let without_body = app.request("POST", "/v1/webhooks/other/rotate-secret", &[], b"").expect(200);
    assert!(without_body["secret"].is_string());
}

#[test]
fn bad_input_is_refused_with_its_field() {
    let app = TestApp::start();
    let refused = |path: &str, body: Value, field: &str| {
        let problem = app.put(path, body.clone()).refused("invalid_request");
        assert_eq!(problem["field"], field, "{body}: {problem}");
    };
    for url in [
        "http://example.com/",
        "ftp://example.com/",
        "example.com",
        "https://ana:pw@example.com/",
        "https://example.com/#a",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://2130706433/",
        "https://localhost/",
        "https://169.254.169.254/",
        "https://example.com:99999/",
        "",
    ] {
        refused("/v1/webhooks/shop", json!({"url": url}), "url");
    }
    refused("/v1/webhooks/a.b", json!({"url": "https://example.com/"}), "webhook");
    refused("/v1/webhooks/shop", json!({}), "url");
    for (field, value) in [
        ("kinds", json!(["grants"])),
        ("kinds", json!(["webhook_progress"])),
        ("kinds", json!("grant")),
        ("kinds", json!([1])),
        ("coins", json!(["TOCO"])),
        ("coins", json!(vec!["toco"; 51])),
        ("user_prefix", json!("")),
        ("batch", json!(0)),
        ("batch", json!(101)),
        ("crossed_only", json!(1)),
        ("secret", json!("whsec_abc")),
        ("secret", json!("abc")),
        ("from_event", json!(0)),
        ("other", json!(1)),
    ] {
        refused("/v1/webhooks/shop", json!({"url": "https://example.com/", field: value}), field);
    }
    app.put("/v1/webhooks/shop", json!({"url": "https://example.com/", "coins": ["gem"]})).refused("coin_not_found");
    app.put("/v1/webhooks/shop", json!({"url": "https://example.com/", "from_event": 9})).refused("event_not_found");
    app.post("/v1/webhooks/shop/redeliver", json!({})).refused("invalid_request");
}

#[test]
fn writing_needs_the_right_admin_and_reading_the_right_read() {
    let mut app = TestApp::start();
    let admin = app.post("/v1/keys", json!({"right": "admin"})).expect(201)["secret"].as_str().unwrap().to_owned();
    app.key = Some(admin.clone());
    let key =
        |right: &str| app.post("/v1/keys", json!({"right": right})).expect(201)["secret"].as_str().unwrap().to_owned();
    let (read, grant) = (key("read"), key("grant"));
    let as_key = |key: &str, method: &str, path: &str, body: &str| {
        let bearer = format!("Bearer {key}");
        let headers = [("authorization", bearer.as_str()), ("content-type", "application/json")];
        app.client().request(method, path, &headers, body.as_bytes()).status
    };
    let body = r#"{"url":"https://example.com/"}"#;
    assert_eq!(as_key(&grant, "PUT", "/v1/webhooks/shop", body), 403);
    assert_eq!(as_key(&admin, "PUT", "/v1/webhooks/shop", body), 201);
    for path in ["rotate-secret", "disable", "enable", "test"] {
        assert_eq!(as_key(&grant, "POST", &format!("/v1/webhooks/shop/{path}"), "{}"), 403, "{path}");
    }
    for path in ["/v1/webhooks", "/v1/webhooks/shop", "/v1/webhooks/shop/deliveries"] {
        assert_eq!(as_key(&read, "GET", path, ""), 200, "{path}");
    }
}

#[test]
fn events_arrive_in_order_signed_as_the_feed_shows_them() {
    let app = setup().start();
    let receiver = Receiver::start();
    let put = app.put("/v1/webhooks/shop", hook(&receiver)).expect(201);
    let secret = secret_from_text(put["secret"].as_str().unwrap()).unwrap();
    app.user("ana");
    for _ in 0..20 {
        app.grant("ana", 5);
    }
    let arrived = receiver.wait_for(|arrived| arrived.len() >= 21);
    let first = put["event"].as_u64().unwrap() + 1;
    assert_eq!(receiver.events(), (first..first + 21).collect::<Vec<_>>());
    for arrived in &arrived {
        let event = app.get(&format!("/v1/events/{}", arrived.events()[0])).expect(200);
        assert_eq!(arrived.body["data"], event);
        assert_eq!(arrived.body["type"], format!("event.{}", event["kind"].as_str().unwrap()));
        assert_eq!(arrived.body["timestamp"], event["at"]);
        assert_eq!(arrived.id, format!("shop-{}", arrived.events()[0]));
        let expected = sign([&secret[..]], &arrived.id, arrived.timestamp, arrived.raw.as_bytes());
        assert_eq!(arrived.signatures, [expected]);
    }
    // Both secrets sign while one is being replaced.
    let rotated = app.post("/v1/webhooks/shop/rotate-secret", json!({})).expect(200);
    let new = secret_from_text(rotated["secret"].as_str().unwrap()).unwrap();
    app.grant("ana", 5);
    let arrived = receiver.wait_for(|arrived| arrived.len() >= 22);
    let last = arrived.last().unwrap();
    let expected = sign([&new[..], &secret[..]], &last.id, last.timestamp, last.raw.as_bytes());
    assert_eq!(last.signatures.join(" "), expected);
    let deliveries = app.get("/v1/webhooks/shop/deliveries").expect(200);
    let newest = &deliveries["deliveries"][0];
    assert_eq!((&newest["status"], &newest["delivered"], &newest["events"]), (&json!(204), &json!(true), &json!(1)));
    assert_eq!(newest["message"], last.id);
    assert_eq!(deliveries["deliveries"].as_array().unwrap().len(), 22);
}

#[test]
fn filters_and_batches_hold() {
    let app = setup().start();
    app.put("/v1/coins/gem", json!({})).expect(201);
    let (all, spends, anas, crossings) = (Receiver::start(), Receiver::start(), Receiver::start(), Receiver::start());
    for user in ["ana", "bob"] {
        app.user(user);
    }
    app.put("/v1/coins/toco/thresholds", json!({"thresholds": [8]})).expect(200);
    for user in ["ana", "bob"] {
        app.grant(user, 10);
        app.spend(user, 3);
    }
    let last = app.last_event();
    app.put("/v1/webhooks/all", json!({"url": all.url, "batch": 100, "from_event": 1})).expect(201);
    app.put("/v1/webhooks/spends", json!({"url": spends.url, "kinds": ["spend"], "from_event": 1})).expect(201);
    app.put("/v1/webhooks/anas", json!({"url": anas.url, "user_prefix": "an", "coins": ["toco"], "from_event": 1}))
        .expect(201);
    app.put("/v1/webhooks/crossings", json!({"url": crossings.url, "crossed_only": true, "batch": 7, "from_event": 1}))
        .expect(201);
    all.wait_for(|arrived| !arrived.is_empty());
    assert_eq!(all.arrived()[0].events(), (1..=last).collect::<Vec<_>>());
    assert_eq!(
        (&all.arrived()[0].body["type"], all.arrived()[0].id.as_str()),
        (&json!("events"), format!("all-1-{last}").as_str())
    );
    assert_eq!(spends.wait_for(|arrived| arrived.len() == 2).len(), 2);
    assert_eq!(anas.wait_for(|arrived| arrived.len() == 2)[0].body["data"]["user"], "ana");
    crossings.wait_for(|arrived| !arrived.is_empty());
    wait_until("all crossings", || crossings.events().len() == 4);
}

#[test]
fn a_failure_is_tried_again_and_a_dead_endpoint_holds_up_nobody() {
    let app = setup().start();
    let (dead, live) = (Receiver::start(), Receiver::start());
    dead.answer("HTTP/1.1 500 No\r\ncontent-length: 9\r\n\r\nno\ttoday!");
    app.put("/v1/webhooks/dead", hook(&dead)).expect(201);
    app.put("/v1/webhooks/live", hook(&live)).expect(201);
    app.user("ana");
    for _ in 0..10 {
        app.grant("ana", 1);
    }
    live.wait_for(|arrived| arrived.len() == 11);
    let tried = dead.wait_for(|arrived| arrived.len() > 4);
    assert!(tried.iter().all(|arrived| arrived.id == tried[0].id), "nothing overtakes it");
    let newest = app.get("/v1/webhooks/dead/deliveries").expect(200)["deliveries"][0].clone();
    assert_eq!(
        (&newest["delivered"], &newest["status"], &newest["answer"]),
        (&json!(false), &json!(500), &json!("no\ttoday!"))
    );
    assert!(app.get("/v1/webhooks/dead").expect(200)["failing_since"].is_string());
    dead.answer("HTTP/1.1 200 Ok\r\ncontent-length: 0\r\n\r\n");
    wait_until("everything", || dead.events().ends_with(&live.events()));
    assert_eq!(app.get("/v1/webhooks/dead").expect(200)["failing_since"], Value::Null);
}

#[test]
fn three_days_of_failures_switch_it_off_and_enabled_it_goes_on() {
    let mut setup = setup();
    setup.test_clock = true;
    setup.settings.webhooks.options.patience = Patience::default();
    let app = setup.start();
    let (receiver, watcher) = (Receiver::start(), Receiver::start());
    receiver.answer("HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n");
    let told = json!({"url": watcher.url, "kinds": ["webhook_failing", "webhook_disabled"]});
    app.put("/v1/webhooks/watcher", told).expect(201);
    app.put("/v1/webhooks/shop", hook(&receiver)).expect(201);
    app.user("ana");
    receiver.wait_for(|arrived| !arrived.is_empty());
    app.advance(100);
    watcher.wait_for(|arrived| arrived.iter().any(|arrived| arrived.body["type"] == "event.webhook_failing"));
    app.advance(3 * 86_400);
    let last = watcher.wait_for(|arrived| arrived.len() == 2).pop().unwrap();
    assert_eq!((&last.body["data"]["webhook"], &last.body["data"]["reason"]), (&json!("shop"), &json!("failing")));
    let got = app.get("/v1/webhooks/shop").expect(200);
    assert_eq!((&got["enabled"], &got["disabled_reason"]), (&json!(false), &json!("failing")));
    let tried = receiver.arrived().len();
    receiver.answer("HTTP/1.1 200 Ok\r\ncontent-length: 0\r\n\r\n");
    app.post("/v1/webhooks/shop/enable", json!({})).expect(200);
    let arrived = receiver.wait_for(|arrived| arrived.len() > tried);
    assert_eq!(arrived[tried].id, arrived[0].id, "it goes on where it was");
}

#[test]
fn a_receiver_that_is_gone_is_switched_off_and_what_is_switched_off_gets_nothing() {
    let app = setup().start();
    let receiver = Receiver::start();
    receiver.answer("HTTP/1.1 410 Gone\r\ncontent-length: 0\r\n\r\n");
    app.put("/v1/webhooks/shop", hook(&receiver)).expect(201);
    app.user("ana");
    wait_until("switched off", || app.get("/v1/webhooks/shop").expect(200)["disabled_reason"] == "gone");
    receiver.answer("HTTP/1.1 200 Ok\r\ncontent-length: 0\r\n\r\n");
    app.post("/v1/webhooks/shop/enable", json!({})).expect(200);
    receiver.wait_for(|arrived| arrived.len() == 2);
    app.post("/v1/webhooks/shop/disable", json!({})).expect(200);
    app.grant("ana", 1);
    std::thread::sleep(Duration::from_millis(200));
    let before = receiver.arrived().len();
    assert_eq!(before, 2);
    let test = app.post("/v1/webhooks/shop/test", json!({})).expect(200);
    assert_eq!((&test["delivered"], &test["first_event"]), (&json!(true), &Value::Null));
    assert_eq!(receiver.arrived()[before].body["type"], "ping");
}

#[test]
fn redelivery_begins_at_any_event_with_the_same_ids() {
    let app = setup().start();
    let receiver = Receiver::start();
    app.user("ana");
    app.put("/v1/webhooks/shop", json!({"url": receiver.url, "kinds": ["grant"]})).expect(201);
    let grants: Vec<u64> = (0..5).map(|_| app.grant("ana", 1)["event"].as_u64().unwrap()).collect();
    let first = receiver.wait_for(|arrived| arrived.len() == 5);
    app.post("/v1/webhooks/shop/redeliver", json!({"from_event": grants[2]})).expect(200);
    let all = receiver.wait_for(|arrived| arrived.len() == 8);
    assert_eq!(
        all[5..].iter().map(|arrived| &arrived.id).collect::<Vec<_>>(),
        first[2..].iter().map(|arrived| &arrived.id).collect::<Vec<_>>()
    );
    let next = app.last_event() + 5;
    app.post("/v1/webhooks/shop/redeliver", json!({"from_event": next})).refused("event_not_found");
}

#[test]
fn a_restart_goes_on_where_deliveries_were_and_an_idle_ledger_does_not_grow() {
    let app = setup().start();
    let receiver = Receiver::start();
    app.put("/v1/webhooks/shop", hook(&receiver)).expect(201);
    app.user("ana");
    for _ in 0..10 {
        app.grant("ana", 1);
    }
    receiver.wait_for(|arrived| arrived.len() == 11);
    let app = app.restart_with(setup(), Duration::ZERO);
    app.grant("ana", 1);
    receiver.wait_for(|arrived| arrived.len() >= 12);
    std::thread::sleep(Duration::from_millis(900));
    let last = app.last_event();
    std::thread::sleep(Duration::from_millis(900));
    assert_eq!(app.last_event(), last);
    let events = receiver.events();
    assert_eq!(events.len(), 12, "nothing is repeated after an orderly end: {events:?}");
    let got = app.get("/v1/webhooks/shop").expect(200);
    assert!(got["through"].as_u64().unwrap() >= events[11]);
}

#[test]
fn private_addresses_are_refused_where_they_are_not_allowed() {
    let mut setup = setup();
    setup.settings.webhooks.policy = AddressPolicy::allowing(["10.9.0.0/16".parse().unwrap()]);
    let app = setup.start();
    let receiver = Receiver::start();
    let by_name = receiver.url.replace("127.0.0.1", "localhost");
    app.put("/v1/webhooks/shop", json!({"url": receiver.url})).refused("invalid_request");
    app.put("/v1/webhooks/shop", json!({"url": by_name})).expect(201);
    let test = app.post("/v1/webhooks/shop/test", json!({})).expect(200);
    let error = test["error"].as_str().unwrap();
    assert!(error.contains("localhost") && error.contains("refused"), "{error}");
    assert!(receiver.arrived().is_empty());
}

#[test]
fn the_metrics_say_how_each_webhook_is_doing() {
    let app = setup().start();
    let (dead, live) = (Receiver::start(), Receiver::start());
    dead.answer("HTTP/1.1 500 No\r\ncontent-length: 0\r\n\r\n");
    app.put("/v1/webhooks/dead", hook(&dead)).expect(201);
    app.put("/v1/webhooks/live", hook(&live)).expect(201);
    app.user("ana");
    live.wait_for(|arrived| arrived.len() == 1);
    dead.wait_for(|arrived| arrived.len() > 1);
    let text = crate::client::Client::connect(app.internal).request("GET", "/metrics", &[], b"").text();
    let value = |name: &str| {
        let line = text
            .lines()
            .find(|line| line.starts_with(&format!("{name} ")))
            .unwrap_or_else(|| panic!("{name} in {text}"));
        line.rsplit(' ').next().unwrap().parse::<f64>().unwrap()
    };
    assert_eq!(value("tocos_webhook_delivered_events_total{webhook=\"live\"}"), 1.0);
    assert_eq!(value("tocos_webhook_delivered_events_total{webhook=\"dead\"}"), 0.0);
    assert!(value("tocos_webhook_failed_requests_total{webhook=\"dead\"}") >= 1.0);
    assert!(value("tocos_webhook_pending_events{webhook=\"dead\"}") >= 1.0);
    assert!(value("tocos_webhook_failing_seconds{webhook=\"dead\"}") > 0.0);
    assert_eq!(value("tocos_webhook_failing_seconds{webhook=\"live\"}"), 0.0);
    assert_eq!(value("tocos_webhook_switched_off{webhook=\"dead\"}"), 0.0);
}
