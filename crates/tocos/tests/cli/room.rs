//! `tocos serve --local-log-bytes`: old parts of the log leave the disk, and what rests on them is the same as before; while the
//! archive is away it is refused, and everything else goes on.

use std::fs;
use std::path::Path;

use serde_json::{Value, json};

use crate::server::{Server, run, wait_until};

/// A response: its status, and its body.
type Response = (u16, Value);

fn ask(server: &Server, method: &str, path: &str, key: Option<&str>, body: Option<&Value>) -> Response {
    let agent: ureq::Agent = ureq::Agent::config_builder().http_status_as_error(false).build().into();
    let url = format!("{}{path}", server.url);
    let mut response = match (method, body) {
        ("GET", _) => agent.get(&url).call().unwrap(),
        (_, body) => {
            let mut post = agent.post(&url).header("content-type", "application/json");
            if let Some(key) = key {
                post = post.header("idempotency-key", key);
            }
            post.send(body.map_or_else(String::new, Value::to_string)).unwrap()
        }
    };
    let text = response.body_mut().read_to_string().unwrap();
    (response.status().as_u16(), serde_json::from_str(&text).unwrap_or_else(|_| panic!("{text}")))
}

fn get(server: &Server, path: &str) -> Response {
    ask(server, "GET", path, None, None)
}

/// One figure of the metrics.
fn figure(server: &Server, name: &str) -> f64 {
    let text = ureq::get(format!("{}/metrics", server.internal)).call().unwrap().body_mut().read_to_string().unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("there is no {name} in {text}")).parse().unwrap()
}

fn segments(folder: &Path) -> usize {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter(|name| name.starts_with("log-")).count()
}

/// What there is to know of the first events.
struct Past {
    hold: u64,
    transfer: u64,
    paid: Value,
}

impl Past {
    fn write(server: &Server) -> Self {
        for user in ["ana", "bob", "eve"] {
            server.cli(&["user", "put", user]).ok();
        }
        server.cli(&["grant", "ana", "1000000"]).ok();
        let hold = json!({"user": "ana", "coin": "toco", "amount": 9});
        let (_, held) = ask(server, "POST", "/v1/holds", None, Some(&hold));
        let hold = held["event"].as_u64().unwrap();
        let capture = format!("/v1/holds/{hold}/capture");
        assert_eq!(ask(server, "POST", &capture, None, Some(&json!({"amount": 4}))).0, 201);
        let paid = json!({"from": "ana", "to": "eve", "coin": "toco", "amount": 50});
        let (status, first) = ask(server, "POST", "/v1/transfers", Some("first"), Some(&paid));
        assert_eq!(status, 201, "{first}");
        let transfer = first["event"].as_u64().unwrap();
        Self { hold, transfer, paid }
    }

    /// Everything that rests on those events, by name.
    fn answers(&self, server: &Server) -> Vec<(&'static str, Response)> {
        let Self { hold, transfer, paid } = self;
        let batch = json!({"results": "all", "operations": [
            {"op": "transfer", "from": "ana", "to": "eve", "coin": "toco", "amount": 50, "idempotency_key": "first"},
            {"op": "reverse", "event": transfer, "amount": 3},
        ]});
        vec![
            ("a page of history", get(server, "/v1/users/eve/history")),
            ("the same forwards", get(server, "/v1/users/ana/history?order=asc&before=8&limit=5")),
            ("the feed", get(server, "/v1/events?after=0&limit=5")),
            ("an event", get(server, &format!("/v1/events/{transfer}"))),
            ("a user as it was", get(server, &format!("/v1/users/ana?at={transfer}"))),
            ("an ended hold", get(server, &format!("/v1/holds/{hold}"))),
            ("a replay", ask(server, "POST", "/v1/transfers", Some("first"), Some(paid))),
            ("a key for something else", {
                let other = json!({"from": "ana", "to": "eve", "coin": "toco", "amount": 51});
                ask(server, "POST", "/v1/transfers", Some("first"), Some(&other))
            }),
            ("ending a hold again", ask(server, "POST", &format!("/v1/holds/{hold}/release"), None, None)),
            ("a reversal", {
                let path = format!("/v1/events/{transfer}/reverse?dry_run=true");
                ask(server, "POST", &path, None, Some(&json!({"amount": 7})))
            }),
            ("a batch", ask(server, "POST", "/v1/batch?dry_run=true", None, Some(&batch))),
        ]
    }
}

/// What must be the same whenever it is asked: not the request's id, nor how far the ledger has come since.
fn timeless((status, body): &Response) -> (u16, String) {
    let mut body = body.clone();
    fn strip(value: &mut Value) {
        match value {
            Value::Object(fields) => {
                for name in ["request_id", "instance", "last_event"] {
                    fields.remove(name);
                }
                fields.values_mut().for_each(strip);
            }
            Value::Array(items) => items.iter_mut().for_each(strip),
            _ => {}
        }
    }
    strip(&mut body);
    (*status, body.to_string())
}

#[track_caller]
fn expect_same(before: &[(&'static str, Response)], now: &[(&'static str, Response)], when: &str) {
    for ((name, before), (_, now)) in before.iter().zip(now) {
        // What would be done now has another time than it had then.
        let is_new = matches!(*name, "a reversal" | "a batch");
        if is_new {
            assert_eq!(before.0, now.0, "{when}: {name}: {now:?}");
        } else {
            assert_eq!(timeless(before), timeless(now), "{when}: {name}");
        }
    }
}

#[track_caller]
fn expect_unavailable(past: &Past, server: &Server) {
    for (name, (status, body)) in past.answers(server) {
        assert_eq!((status, &body["code"]), (503, &"archive_unavailable".into()), "{name}: {body}");
        assert!(body["detail"].as_str().unwrap().contains("/log-"), "{name}: {body}");
    }
}

/// Writes so much that what was before leaves the disk.
fn write_much(server: &Server, rounds: usize) {
    for round in 0..rounds {
        let operation = |at: usize| {
            json!({"op": "transfer", "from": "ana", "to": "bob", "coin": "toco", "amount": 1,
                   "idempotency_key": format!("{round}-{at}")})
        };
        let operations: Vec<Value> = (0..500).map(operation).collect();
        let (status, body) = ask(server, "POST", "/v1/batch", None, Some(&json!({"operations": operations})));
        assert_eq!(status, 200, "{body}");
    }
}

#[test]
fn what_left_the_disk_is_as_it_was_and_an_archive_that_is_away_stops_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("copy");
    let url = format!("file://{}", archive.display());
    let bounds = ["--segment-bytes", "65536", "--local-log-bytes", "262144", "--snapshot-every-events", "1000"];
    let keys = ["--keys-in-memory", "0", "--archive-every-s", "1", "--archive", &url];
    let mut server = Server::start_with(&[&bounds[..], &keys[..]].concat());
    let past = Past::write(&server);
    let before = past.answers(&server);
    for (name, (status, body)) in &before {
        assert!(*status < 500, "{name}: {body}");
    }
    write_much(&server, 16);
    let log = server.data_dir().join("log-00000000000000000001.tocos");
    let room = 262_144.0 * 3.0 / 4.0;
    wait_until("the oldest segments have left the disk", || {
        !log.exists() && figure(&server, "tocos_log_local_bytes") <= room && segments(&server.data_dir()) < 8
    });
    let whole = figure(&server, "tocos_log_bytes");
    assert!(figure(&server, "tocos_log_local_bytes") <= 262_144.0 && whole > 600_000.0, "{whole} bytes");
    expect_same(&before, &past.answers(&server), "read back");
    assert!(figure(&server, "tocos_archive_fetches_total") > 0.0);

    // Another start, and the archive is away: in its place is something that is no folder.
    let aside = folder.path().join("aside");
    assert_eq!(server.terminate(), Some(0));
    fs::rename(&archive, &aside).unwrap();
    fs::write(&archive, "").unwrap();
    server.restart();
    expect_unavailable(&past, &server);
    let new = json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 2});
    let (status, done) = ask(&server, "POST", "/v1/transfers", Some("new"), Some(&new));
    assert_eq!(status, 201, "{done}");
    assert_eq!(ask(&server, "POST", "/v1/transfers", Some("new"), Some(&new)), (201, done.clone()), "a replay");
    assert_eq!(get(&server, &format!("/v1/events/{}", done["event"])).0, 200);
    assert_eq!(get(&server, "/v1/users/bob/history?limit=5").0, 200);
    assert_eq!(get(&server, "/v1/users").0, 200);
    assert!(figure(&server, "tocos_archive_fetch_failures_total") > 0.0);

    // It is back.
    fs::remove_file(&archive).unwrap();
    fs::rename(&aside, &archive).unwrap();
    std::thread::sleep(std::time::Duration::from_millis(1_100));
    expect_same(&before, &past.answers(&server), "back again");

    // A damaged object is not believed.
    server.kill();
    let branch = fs::read_dir(&archive).unwrap().map(|entry| entry.unwrap().path()).find(|path| path.is_dir()).unwrap();
    let object = branch.join("log-00000000000000000001.tocos");
    let good = fs::read(&object).unwrap();
    let mut damaged = good.clone();
    damaged[1_000] ^= 1;
    fs::write(&object, damaged).unwrap();
    server.restart();
    expect_unavailable(&past, &server);
    fs::write(&object, good).unwrap();
    expect_same(&before, &past.answers(&server), "repaired");

    // What is on the disk can be verified by itself, and all of it with the archive.
    assert_eq!(server.terminate(), Some(0));
    let data_dir = server.data_dir().to_str().unwrap().to_owned();
    let here = run(&["verify", "--data-dir", &data_dir]).ok();
    assert!(here.contains("is sound") && here.contains("were not verified"), "{here}");
    let all = run(&["verify", "--data-dir", &data_dir, "--archive", &url]).ok();
    assert!(all.contains("is sound") && !all.contains("were not verified"), "{all}");
    fs::remove_file(&object).unwrap();
    let missing = run(&["verify", "--data-dir", &data_dir, "--archive", &url]).fails(1);
    assert!(missing.contains("log-00000000000000000001.tocos") && missing.contains("is missing"), "{missing}");
    let names = fs::read_dir(server.data_dir()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    assert!(names.into_iter().all(|name| !name.starts_with("fetched-")), "nothing is left behind");
}

#[test]
fn a_bound_needs_an_archive() {
    let text = run(&["serve", "--local-log-bytes", "1000000000"]).fails(2);
    assert!(text.contains("local_log_bytes needs an archive"), "{text}");
}
