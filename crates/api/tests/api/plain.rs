//! Plain requests take the fast path, all others go through hyper. Clients must not be able to distinguish them.

use serde_json::json;

use crate::app::TestApp;
use crate::client::{Client, Response};

/// A connection that hyper has: it came with something that is not plain.
fn with_hyper(app: &TestApp) -> Client {
    let mut client = app.client();
    client.send(b"GET /version HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n").unwrap();
    assert_eq!(client.response().unwrap().status, 200);
    client
}

/// Status, headers and body.
type Comparable = (u16, Vec<(String, String)>, String);

/// What must be the same in two responses: everything except the time, the request id, and the order of headers.
fn comparable(response: Option<Response>) -> Option<Comparable> {
    let mut response = response?;
    let length = |name: &str| response.header(name).map(str::len);
    assert_eq!((length("date"), response.header("x-request-id").is_some()), (Some(29), true), "{response:?}");
    response.headers.retain(|(name, _)| !["date", "x-request-id"].contains(&name.as_str()));
    response.headers.sort();
    Some((response.status, response.headers.clone(), response.text()))
}

/// Sends bytes the short way and to hyper, and compares the responses.
#[track_caller]
fn check(app: &TestApp, request: &str, status: u16) {
    let ask = |mut client: Client| {
        client.send(request.as_bytes()).unwrap();
        comparable(client.response())
    };
    let (plain, hyper) = (ask(app.client()), ask(with_hyper(app)));
    assert_eq!(plain, hyper, "{request}");
    assert_eq!(plain.map(|(status, _, _)| status), Some(status), "{request}");
}

fn post(path: &str, headers: &str, body: &str) -> String {
    format!("POST {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {}\r\n\r\n{body}", body.len())
}

const JSON: &str = "content-type: application/json\r\n";
const TRANSFER: &str = r#"{"from":"ana","to":"bo","coin":"toco","amount":3}"#;

fn app() -> TestApp {
    // The test clock does not advance, so that responses which contain the time are the same.
    let app = TestApp::with_test_clock();
    app.user_with("ana", 10);
    app.user("bo");
    app
}

#[test]
fn both_ways_answer_alike() {
    let app = app();
    let get = |path: &str, headers: &str| format!("GET {path} HTTP/1.1\r\nhost: localhost\r\n{headers}\r\n");
    let keyed = format!("{JSON}Idempotency-Key: order-1\r\n");
    let mut first = app.client();
    first.send(post("/v1/transfers", &keyed, TRANSFER).as_bytes()).unwrap();
    assert_eq!(first.response().unwrap().status, 201);
    check(&app, &post("/v1/transfers", &keyed, TRANSFER), 201);
    let dry = "/v1/transfers?dry_run=true";
    for (request, status) in [
        (post(dry, JSON, TRANSFER), 201),
        (post(dry, "Content-Type: Application/JSON; charset=utf-8\r\n", TRANSFER), 201),
        (post(dry, &format!("{JSON}connection: Keep-Alive\r\naccept: */*\r\nuser-agent: x\r\n"), TRANSFER), 201),
        (post(dry, "", TRANSFER), 415),
        (post(dry, JSON, "{\"from\":\"ana\""), 400),
        (post(dry, JSON, "\u{fffd}"), 400),
        (post(dry, JSON, ""), 400),
        (post(dry, &keyed.replace("order-1", "other\u{e9}"), TRANSFER), 400),
        (post("/v1/transfers", &keyed, &TRANSFER.replace('3', "4")), 409),
        (post(dry, JSON, &TRANSFER.replace('3', "11")), 402),
        (post(dry, JSON, &TRANSFER.replace("ana", "nobody")), 404),
        (post("/v1/transfers?dry_run=perhaps", JSON, TRANSFER), 400),
        (post("/v1/nothing", JSON, TRANSFER), 404),
        (post("/v1/users/ana", JSON, "{}"), 405),
        (post("/v1/batch?dry_run=true", JSON, "{\"operations\":[]}"), 400),
        (post("/v1/batch?dry_run=true", "content-type: application/x-ndjson\r\n", "{\"op\":\"x\"}\n"), 200),
        (get("/v1/users/ana", ""), 200),
        (get("/v1/users/an%61", ""), 200),
        (get("/v1/users/%ff", ""), 400),
        (get("/v1/users?limit=1", ""), 200),
        (get("/v1/users?limit=0", ""), 400),
        (get("/v1/users?limit=1&limit=2", ""), 400),
        (get("/v1/users/ana/history", ""), 200),
        (get("/v1/events?limit=2", ""), 200),
        (get("/v1/coins/none", ""), 404),
        (get("/", ""), 200),
        (get("//", ""), 404),
        (get("/docs", "accept-encoding: gzip, br\r\ncache-control: no-cache\r\n"), 200),
        (get("/v1/users/ana", "host: elsewhere.example\r\n"), 400),
        (get("/v1/users/ana", "origin: https://elsewhere.example\r\n"), 403),
        ("GET /v1/users/ana HTTP/1.1\r\nhost: elsewhere.example\r\n\r\n".to_owned(), 403),
        ("GET /v1/users/ana HTTP/1.1\r\n\r\n".to_owned(), 400),
        ("GET /v1/users/ana HTTP/1.1\r\nhost: a b\r\n\r\n".to_owned(), 400),
        (post(dry, &format!("{JSON}{JSON}"), TRANSFER), 400),
        (post(dry, &format!("{JSON}idempotency-key: a\r\nIdempotency-Key: b\r\n"), TRANSFER), 400),
        (post(dry, &format!("{JSON}x-request-id: a\r\nx-request-id: a\r\n"), TRANSFER), 400),
        (post(dry, &format!("{JSON}origin: http://localhost\r\norigin: http://localhost\r\n"), TRANSFER), 400),
        (post(dry, &format!("{JSON}content-encoding: gzip\r\n"), TRANSFER), 415),
        (post(dry, &format!("{JSON}content-encoding: identity\r\n"), TRANSFER), 201),
        (post(dry, "content-type: application/json; charset=latin1\r\n", TRANSFER), 415),
        (post(dry, "content-type: application/json;charset=\"UTF-8\"\r\n", TRANSFER), 201),
        (post(dry, &format!("{JSON}x-forwarded-for: 192.0.2.1\r\n"), TRANSFER), 403),
        (post(dry, &format!("{JSON}Via: 1.1 proxy\r\n"), TRANSFER), 403),
    ] {
        check(&app, &request, status);
    }
    assert_eq!(app.get("/v1/users/bo").expect(200)["accounts"][0]["total"], 3, "all but one was tried only");
}

#[test]
fn what_is_not_plain_is_answered_as_well() {
    let app = app();
    let head = "GET /v1/users/ana HTTP/1.1\r\nhost: localhost\r\n";
    let many: String = (0..60).map(|at| format!("x-{at}: y\r\n")).collect();
    let long = format!("x-long: {}\r\n", "y".repeat(20_000));
    for (request, status) in [
        (format!("{head}connection: close\r\n\r\n"), 200),
        (format!("{head}{many}\r\n"), 200),
        (format!("{head}{long}\r\n"), 200),
        (format!("{head}content-length: 2\r\ncontent-length: 2\r\n\r\nab"), 200),
        (format!("{head}content-length: +2\r\n\r\n"), 400),
        (format!("{head}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n"), 200),
        ("GET /v1/users/ana HTTP/1.0\r\nhost: localhost\r\n\r\n".to_owned(), 200),
        ("GET http://localhost/v1/users/ana HTTP/1.1\r\nhost: other\r\n\r\n".to_owned(), 200),
        ("DELETE /v1/users/ana HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned(), 405),
        ("OPTIONS * HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned(), 404),
        ("GET /v1/users/\"ana\" HTTP/1.1\r\nhost: localhost\r\n\r\n".to_owned(), 404),
        ("GET /v1/users/ana HTTP/1.1\r\nbad header: x\r\n\r\n".to_owned(), 400),
        ("nonsense\r\n\r\n".to_owned(), 400),
    ] {
        let mut client = app.client();
        client.send(request.as_bytes()).unwrap();
        let response = client.response().unwrap_or_else(|| panic!("no answer to {request}"));
        assert_eq!(response.status, status, "{request}: {response:?}");
    }
}

#[test]
fn one_connection_may_ask_both_ways() {
    let app = app();
    let mut client = app.client();
    for _ in 0..2 {
        assert_eq!(client.request("GET", "/v1/users/ana", &[], b"").status, 200);
        assert_eq!(client.request("POST", "/v1/transfers", &[("content-type", "application/json")], b"{}").status, 400);
        let chunks = "POST /v1/transfers?dry_run=true HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
                      transfer-encoding: chunked\r\n\r\n31\r\n";
        client.send(format!("{chunks}{TRANSFER}\r\n0\r\n\r\n").as_bytes()).unwrap();
        client.response().unwrap().expect(201);
    }
}

#[test]
fn a_request_may_come_byte_by_byte() {
    let app = app();
    let mut client = app.client();
    for byte in post("/v1/transfers", JSON, TRANSFER).as_bytes() {
        client.send(&[*byte]).unwrap();
        std::thread::yield_now();
    }
    assert_eq!(client.response().unwrap().expect(201)["amount"], 3);
}

#[test]
fn requests_that_come_together_are_answered_in_order() {
    let app = app();
    let mut client = app.client();
    let one = |amount: u32| post("/v1/transfers", JSON, &TRANSFER.replace('3', &amount.to_string()));
    let get = "GET /v1/users/bo HTTP/1.1\r\nhost: localhost\r\n\r\n";
    client.send(format!("{}{}{get}{}", one(1), one(2), one(4)).as_bytes()).unwrap();
    for amount in [1, 2] {
        assert_eq!(client.response().unwrap().expect(201)["amount"], amount);
    }
    assert_eq!(client.response().unwrap().expect(200)["accounts"][0]["total"], 3);
    assert_eq!(client.response().unwrap().expect(201)["amount"], 4);
}

#[test]
fn an_answer_carries_the_name_of_its_request_and_is_never_older_than_a_second() {
    let app = app();
    let response = app.client().request("GET", "/version", &[("x-request-id", "order 7")], b"");
    assert_eq!(response.header("x-request-id"), Some("order 7"));
    let by_hyper = with_hyper(&app).request("GET", "/version", &[], b"");
    let second = |response: &Response| {
        let date = response.header("date").unwrap();
        assert!(date.starts_with(|letter: char| letter.is_ascii_uppercase()) && date.ends_with(" GMT"), "{date}");
        let clock = date.split(' ').nth(4).unwrap();
        clock.split(':').fold(0, |sum, part| sum * 60 + part.parse::<i32>().unwrap())
    };
    let apart = (second(&by_hyper) - second(&response)).rem_euclid(86_400);
    assert!(apart <= 2, "{response:?} {by_hyper:?}");
}

#[test]
fn metrics_count_both_ways() {
    let app = app();
    let answered = || {
        let text = Client::connect(app.internal).request("GET", "/metrics", &[], b"").text();
        let line = text.lines().find(|line| {
            line.starts_with("tocos_http_requests_total") && line.contains("/version") && line.contains("2xx")
        });
        line.and_then(|line| line.rsplit(' ').next()?.parse::<u64>().ok()).unwrap_or(0)
    };
    let mut clients = [app.client(), with_hyper(&app)];
    let before = answered();
    for client in &mut clients {
        client.request("GET", "/version", &[], b"");
    }
    assert_eq!(answered() - before, 2);
}

#[test]
fn what_a_key_does_not_allow_is_refused_both_ways() {
    let app = app();
    app.post("/v1/keys", json!({"name": "first", "right": "admin"})).expect(201);
    check(&app, &post("/v1/transfers", JSON, TRANSFER), 401);
}
