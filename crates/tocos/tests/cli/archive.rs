//! `tocos serve --archive`: what is put, and that a store that is away costs nothing but the copy.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use crate::server::{Server, run, wait_until};

const HEADER_BYTES: usize = 128;

/// One figure of the metrics.
fn figure(server: &Server, name: &str) -> f64 {
    let text = ureq::get(format!("{}/metrics", server.internal)).call().unwrap().body_mut().read_to_string().unwrap();
    let line = text.lines().find_map(|line| line.strip_prefix(&format!("{name} ")));
    line.unwrap_or_else(|| panic!("there is no {name} in {text}")).parse().unwrap()
}

/// The files of the only branch, by name.
fn branch(archive: &Path) -> (Vec<PathBuf>, serde_json::Value) {
    let top: Vec<PathBuf> = fs::read_dir(archive).unwrap().map(|entry| entry.unwrap().path()).collect();
    let described = top.iter().find(|path| path.extension().is_some()).unwrap();
    let described: serde_json::Value = serde_json::from_slice(&fs::read(described).unwrap()).unwrap();
    let folder = archive.join(described["branch"].as_str().unwrap());
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    (files, described)
}

/// The frames of all tails, one behind the other.
fn tails(archive: &Path) -> Vec<u8> {
    let (files, _) = branch(archive);
    let is_tail = |path: &&PathBuf| path.file_name().unwrap().to_str().unwrap().starts_with("tail-");
    files.iter().filter(is_tail).flat_map(|path| fs::read(path).unwrap().split_off(HEADER_BYTES)).collect()
}

/// The log, which has one segment, must be the tails, and behind them what is only allocated: a frame never begins with zeros.
#[track_caller]
fn expect_whole_log(server: &Server, archive: &Path, when: &str) {
    let log = fs::read(server.data_dir().join("log-00000000000000000001.tocos")).unwrap().split_off(HEADER_BYTES);
    let tails = tails(archive);
    assert!(log.starts_with(&tails), "{when}: the archive has other bytes than the log");
    let behind = log[tails.len()..].iter().position(|byte| *byte != 0);
    assert_eq!(behind, None, "{when}: there is more in the log than the {} bytes in the archive", tails.len());
}

#[test]
fn the_archive_follows_and_is_complete_after_sigterm() {
    let folder = tempfile::tempdir().unwrap();
    let archive = folder.path().join("a copy");
    let url = format!("file://{}", archive.display());
    let mut server = Server::start_with(&["--archive", &url, "--archive-every-s", "1"]);
    server.cli(&["user", "put", "ana"]).ok();
    server.cli(&["grant", "ana", "5"]).ok();
    wait_until("the archive has it", || {
        figure(&server, "tocos_archive_objects_total") > 0.0 && figure(&server, "tocos_archive_lag_bytes") == 0.0
    });
    expect_whole_log(&server, &archive, "while it runs");
    assert!(figure(&server, "tocos_archive_last_success_timestamp_seconds") > 1.7e9);
    let zero = ["lag_seconds", "failures_total", "forks_total"];
    assert!(zero.iter().all(|name| figure(&server, &format!("tocos_archive_{name}")) == 0.0));

    server.cli(&["grant", "ana", "6"]).ok();
    assert_eq!(server.terminate(), Some(0));
    expect_whole_log(&server, &archive, "after the end");

    // The next start goes on where that one ended.
    server.restart();
    server.cli(&["grant", "ana", "7"]).ok();
    assert_eq!(server.terminate(), Some(0));
    expect_whole_log(&server, &archive, "after another start");
    let (_, described) = branch(&archive);
    assert_eq!((&described["format"], &described["parent"]), (&1.into(), &serde_json::Value::Null));
}

#[test]
fn a_store_that_is_away_costs_nothing_but_the_copy() {
    let variables = [
        ("AWS_ENDPOINT_URL", "http://127.0.0.1:9"),
        ("AWS_ALLOW_HTTP", "true"),
        ("AWS_ACCESS_KEY_ID", "nobody"),
        ("AWS_SECRET_ACCESS_KEY", "nothing"),
        ("AWS_REGION", "us-east-1"),
    ];
    let options = ["--archive", "s3://bucket/of/nobody", "--archive-every-s", "1"];
    let mut server = Server::start_in(&variables, tempfile::tempdir().unwrap(), "127.0.0.1:0", &options);
    wait_until("putting has failed", || figure(&server, "tocos_archive_failures_total") > 1.0);
    server.cli(&["user", "put", "ana"]).ok();
    server.cli(&["grant", "ana", "5"]).ok();
    assert!(figure(&server, "tocos_archive_lag_bytes") > 0.0 && figure(&server, "tocos_archive_lag_seconds") > 0.0);
    assert_eq!(figure(&server, "tocos_ready"), 1.0);
    let begun = Instant::now();
    assert_eq!(server.terminate(), Some(0));
    assert!(begun.elapsed() < Duration::from_secs(15), "{:?}", begun.elapsed());
}

#[test]
fn a_url_that_makes_no_sense_is_refused_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let refused = run(&["serve", "--data-dir", data_dir.to_str().unwrap(), "--archive", "ftp://host/x"]).fails(2);
    assert!(refused.starts_with("tocos: --archive: ftp://host/x: there are no archives in ftp://"), "{refused}");
    assert!(!data_dir.exists());
}
