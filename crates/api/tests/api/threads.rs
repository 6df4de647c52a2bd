//! Several threads that serve connections: one ledger, whoever asks.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::app::{Setup, TestApp};

fn on_threads(more_threads: usize) -> TestApp {
    let mut setup = Setup::default();
    setup.settings.more_threads = more_threads;
    setup.start()
}

#[test]
fn requests_on_all_threads_move_coins_of_one_ledger() {
    const CLIENTS: usize = 12;
    const TRANSFERS: usize = 60;
    let app = on_threads(3);
    for user in ["ana", "bob"] {
        app.post("/v1/users", json!({"id": user})).expect(201);
        app.post("/v1/grants", json!({"user": user, "coin": "toco", "amount": 10_000})).expect(201);
    }
    let begun = Instant::now();
    std::thread::scope(|scope| {
        for client in 0..CLIENTS {
            let app = &app;
            scope.spawn(move || {
                let mut connection = app.client();
                let (from, to) = if client % 2 == 0 { ("ana", "bob") } else { ("bob", "ana") };
                for nth in 0..TRANSFERS {
                    let body = json!({"from": from, "to": to, "coin": "toco", "amount": 3}).to_string();
                    let key = format!("{client}-{nth}");
                    let headers = [("content-type", "application/json"), ("idempotency-key", key.as_str())];
                    let first = connection.request("POST", "/v1/transfers", &headers, body.as_bytes());
                    let event = first.expect(201)["event"].clone();
                    // The same request on another connection, and so on another thread.
                    let again = app.client().request("POST", "/v1/transfers", &headers, body.as_bytes());
                    assert_eq!(again.expect(201)["event"], event);
                }
            });
        }
    });
    // Whoever waits is woken by the disk, and not by a timer that happens to come.
    assert!(begun.elapsed() < Duration::from_secs(60));
    for user in ["ana", "bob"] {
        assert_eq!(app.get(&format!("/v1/users/{user}")).expect(200)["coins"]["toco"], 10_000);
    }
    let events = app.engine.durable_event();
    assert_eq!(events, 4 + (CLIENTS * TRANSFERS) as u64);
}

#[test]
fn a_shutdown_finishes_what_was_begun_on_every_thread() {
    let mut app = on_threads(2);
    let head =
        "POST /v1/users HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\ncontent-length: 12\r\n\r\n";
    let mut clients: Vec<_> = (0..6).map(|_| app.client()).collect();
    for client in &mut clients {
        client.send(head.as_bytes()).unwrap();
        client.send(b"{\"id\":").unwrap();
    }
    std::thread::sleep(Duration::from_millis(200));
    app.ask_to_stop();
    std::thread::sleep(Duration::from_millis(100));
    for (nth, client) in clients.iter_mut().enumerate() {
        client.send(format!("\"an{nth}\"}}").as_bytes()).unwrap();
        assert_eq!(client.response().unwrap().expect(201)["user"], format!("an{nth}"));
        assert!(client.is_closed());
    }
    app.wait().unwrap();
}
