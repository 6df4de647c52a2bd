//! kill -9 at random times under load: every acknowledged event is there, every event there was requested, and `verify`
//! succeeds.
//!
//! `TOCOS_CRASHES` says how many times (120 without it).

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use serde_json::Value;

use crate::server::{Server, run};

const USERS: u64 = 20;
const CALLERS: u64 = 4;

/// A connection that is kept.
struct Caller {
    stream: BufReader<TcpStream>,
}

struct Reply {
    status: u16,
    replayed: bool,
    body: String,
}

impl Caller {
    fn new(url: &str) -> Option<Self> {
        let stream = TcpStream::connect(url.strip_prefix("http://").unwrap()).ok()?;
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        Some(Self { stream: BufReader::new(stream) })
    }

    /// Sends a request and returns the response; `None` when the server is gone.
    fn ask(&mut self, method: &str, path: &str, key: Option<&str>, body: &str) -> Option<Reply> {
        let key = key.map_or(String::new(), |key| format!("idempotency-key: {key}\r\n"));
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n{key}");
        let request = format!("{head}content-length: {length}\r\n\r\n{body}");
        self.stream.get_mut().write_all(request.as_bytes()).ok()?;
        let mut line = String::new();
        self.stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
        let status = line.split(' ').nth(1)?.parse().ok()?;
        let (mut length, mut replayed) = (0, false);
        loop {
            let mut line = String::new();
            self.stream.read_line(&mut line).ok().filter(|read| *read > 0)?;
            let Some((name, value)) = line.trim_end().split_once(": ") else { break };
            match name {
                "content-length" => length = value.parse().ok()?,
                "idempotency-replayed" => replayed = value == "true",
                _ => {}
            }
        }
        let mut bytes = vec![0; length];
        self.stream.read_exact(&mut bytes).ok()?;
        Some(Reply { status, replayed, body: String::from_utf8(bytes).unwrap() })
    }
}

/// One request under a key.
#[derive(Clone)]
struct Asked {
    path: String,
    key: String,
    body: String,
}

#[derive(Default)]
struct Witness {
    keys: AtomicU64,
    sent: Mutex<BTreeSet<String>>,
    answered: Mutex<BTreeMap<u64, (Asked, String)>>,
}

impl Witness {
    /// The next request: all kinds, for all users.
    fn next(&self, round: u64, hold: Option<u64>) -> Asked {
        let number = self.keys.fetch_add(1, Ordering::Relaxed);
        let (user, other) = (number % USERS, (number / 3 + 1) % USERS);
        let account = format!(r#""user":"user-{user}","coin":"toco""#);
        let (path, body) = match (number % 8, hold) {
            (0 | 5, Some(hold)) => (format!("/v1/holds/{hold}/capture"), format!(r#"{{"amount":{}}}"#, 1 + number % 4)),
            (1, Some(hold)) => (format!("/v1/holds/{hold}/release"), "{}".to_owned()),
            (2, _) if user != other => {
                let body = format!(r#"{{"from":"user-{user}","to":"user-{other}","coin":"toco","amount":3}}"#);
                ("/v1/transfers".to_owned(), body)
            }
            (3, _) => (
                "/v1/spends".to_owned(),
                format!(r#"{{{account},"amount":2,"mode":"up_to","metadata":{{"n":{number}}}}}"#),
            ),
            (4 | 6, _) => {
                ("/v1/holds".to_owned(), format!(r#"{{{account},"amount":4,"timeout_s":{}}}"#, 1 + number % 3))
            }
            _ => {
                let expiry =
                    if number.is_multiple_of(2) { r#","expires_at":"2099-01-01T00:00:00Z","priority":10"# } else { "" };
                ("/v1/grants".to_owned(), format!(r#"{{{account},"amount":50{expiry}}}"#))
            }
        };
        Asked { path, key: format!("{round}-{number}"), body }
    }

    /// Asks without end, until the server is gone.
    fn load(&self, url: &str, round: u64) {
        let Some(mut caller) = Caller::new(url) else { return };
        let mut hold = None;
        loop {
            let asked = self.next(round, hold.take());
            self.sent.lock().unwrap().insert(asked.key.clone());
            let Some(reply) = caller.ask("POST", &asked.path, Some(&asked.key), &asked.body) else { return };
            match reply.status {
                201 => {
                    let event: Value = serde_json::from_str(&reply.body).unwrap();
                    hold = event["id"].as_u64();
                    let number = event["event"].as_u64().unwrap();
                    let other = self.answered.lock().unwrap().insert(number, (asked, reply.body));
                    assert!(other.is_none(), "event {number} was the answer to two requests");
                }
                402 | 409 => {}
                status => panic!("{} answered {status}: {}", asked.path, reply.body),
            }
        }
    }

    /// All acknowledged events since `after` are there, byte for byte, and all events there were requested. Returns the
    /// last event.
    fn check(&self, url: &str, after: u64) -> u64 {
        let mut caller = Caller::new(url).unwrap();
        let mut there: BTreeMap<u64, Value> = BTreeMap::new();
        let mut last = after;
        loop {
            let page = caller.ask("GET", &format!("/v1/events?after={last}&limit=1000"), None, "").unwrap();
            let page: Value = serde_json::from_str(&page.body).unwrap();
            let events = page["events"].as_array().unwrap();
            for event in events {
                last += 1;
                assert_eq!(event["event"].as_u64(), Some(last), "events are numbered without a gap");
                there.insert(last, event.clone());
            }
            if events.is_empty() {
                break;
            }
        }
        let sent = self.sent.lock().unwrap();
        for (number, event) in &there {
            let by_itself = ["hold_expired", "expire"].contains(&event["kind"].as_str().unwrap());
            let key = event["idempotency_key"].as_str();
            assert!(by_itself || key.is_some_and(|key| sent.contains(key)), "nobody asked for event {number}: {event}");
        }
        let answered = self.answered.lock().unwrap();
        for (number, (asked, body)) in answered.range(after + 1..) {
            assert!(there.contains_key(number), "event {number} was answered and is gone");
            let event = caller.ask("GET", &format!("/v1/events/{number}"), None, "").unwrap();
            assert_eq!(&event.body, body, "event {number}");
            if number % 5 == 0 {
                let again = caller.ask("POST", &asked.path, Some(&asked.key), &asked.body).unwrap();
                assert!(again.replayed, "event {number} was done again");
                assert_eq!(&again.body, body, "event {number} asked again");
            }
        }
        last
    }
}

#[test]
fn kill_9_at_any_moment_loses_nothing_that_was_answered() {
    let crashes = std::env::var("TOCOS_CRASHES").map_or(120, |text| text.parse().unwrap());
    let flags =
        ["--segment-bytes", "262144", "--snapshot-every-events", "700", "--keys-in-memory", "0", "--threads", "3"];
    let mut server = Server::start_with(&flags);
    for user in 0..USERS {
        server.cli(&["user", "put", &format!("user-{user}")]).ok();
    }
    let witness = Witness::default();
    let mut last = USERS;
    for round in 0..crashes {
        let stopped = AtomicBool::new(false);
        std::thread::scope(|scope| {
            for _ in 0..CALLERS {
                scope.spawn(|| {
                    witness.load(&server.url, round);
                    assert!(stopped.load(Ordering::Acquire), "the server went away before it was killed");
                });
            }
            std::thread::sleep(Duration::from_millis(5 + round * 37 % 90));
            stopped.store(true, Ordering::Release);
            let pid = server.process_id().to_string();
            assert!(std::process::Command::new("kill").args(["-9", &pid]).status().unwrap().success());
        });
        server.kill();
        if round % 10 == 9 {
            let verdict = run(&["verify", "--data-dir", server.data_dir().to_str().unwrap()]).ok();
            assert!(verdict.contains("is sound"), "{verdict}");
        }
        server.restart();
        last = witness.check(&server.url, last);
    }
    let answered = witness.answered.lock().unwrap().len();
    println!("{crashes} kills, {answered} answers, {last} events");
    assert!(answered > 1_000, "only {answered} were answered: the load was none");
}
