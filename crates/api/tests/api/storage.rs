//! A disk that fails under a running service.

use serde_json::json;
use tocos_journal::sim::{SimDisk, WriteFault};

use crate::app::{Setup, TestApp};
use crate::client::{Client, Response};

/// A service with two users whose disk fails in this way from now on, and what the write said that met it.
fn failed_by(fail: impl Fn(&SimDisk)) -> (TestApp, Response) {
    let disk = SimDisk::new(5);
    let app = Setup { disk: Some(disk.clone()), ..Setup::default() }.start();
    app.user_with("ana", 50).user("bob");
    fail(&disk);
    let met =
        app.post_with_key("order-1", "/v1/transfers", json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 5}));
    disk.clear_faults();
    (app, met)
}

#[track_caller]
fn assert_unavailable(response: &Response, what: &str) {
    assert_eq!((response.status, response.header("retry-after")), (503, Some("2")), "{what}: {}", response.text());
    assert_eq!(response.header("content-type"), Some("application/problem+json"), "{what}");
    assert_eq!(response.refused("storage_unavailable")["retryable"], true, "{what}");
}

#[test]
fn a_failed_sync_is_told_to_the_write_and_to_all_that_come_after_it() {
    let (app, met) = failed_by(|disk| disk.fail_sync(1));
    assert_unavailable(&met, "the write that met it");
    let spend = json!({"user": "ana", "coin": "toco", "amount": 1});
    assert_unavailable(&app.post("/v1/spends", spend.clone()), "a write, though the disk would take it again");
    let repeated = json!({"from": "ana", "to": "bob", "coin": "toco", "amount": 5});
    assert_unavailable(&app.post_with_key("order-1", "/v1/transfers", repeated), "the same write again");
    assert_unavailable(&app.post("/v1/spends?dry_run=true", spend.clone()), "a write that is only tried");
    let mut operation = spend;
    operation["op"] = json!("spend");
    assert_unavailable(&app.post("/v1/batch", json!({"operations": [operation]})), "a batch");
}

#[test]
fn after_a_failed_sync_reads_stop_too() {
    let (app, _met) = failed_by(|disk| disk.fail_sync(1));
    let of_memory = ["/v1/users", "/v1/users/ana", "/v1/coins", "/v1/keys"];
    let of_the_log = ["/v1/users/ana/history", "/v1/events/1", "/v1/events", "/v1/events?after=9&wait_s=60"];
    for path in of_memory.into_iter().chain(of_the_log) {
        assert_unavailable(&app.get(path), path);
    }
    app.get("/version").expect(200);
}

#[test]
fn a_service_whose_disk_failed_is_alive_and_not_ready_and_its_figures_say_why() {
    for fail in [
        (|disk| disk.fail_sync(1)) as fn(&SimDisk),
        |disk| disk.fail_write(1, WriteFault::Io),
        |disk| disk.fail_write(1, WriteFault::NoSpace),
    ] {
        let (app, met) = failed_by(fail);
        assert_unavailable(&met, "the write that met it");
        let mut client = Client::connect(app.internal);
        client.request("GET", "/livez", &[], b"").expect(200);
        assert_unavailable(&client.request("GET", "/readyz", &[], b""), "/readyz");
        let figures = client.request("GET", "/metrics", &[], b"").text();
        for line in ["tocos_ready 0", "tocos_storage_failed 1", "tocos_refusals_total{code=\"storage_unavailable\"} 2"]
        {
            assert!(figures.lines().any(|other| other == line), "{line} is not in\n{figures}");
        }
    }
}
