//! The first key of a ledger that is reached from elsewhere from its first start on.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::server::{Server, run};

const GIVEN: &str = "tocos_1_0123456789abcdef0123456789abcdef";

fn with_key_file(path: &str) -> Server {
    Server::start_on("0.0.0.0:0", &["--bootstrap-key-file", path])
}

#[test]
fn without_a_file_a_key_is_made_that_only_its_owner_can_read_and_that_outlives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("first-key");
    let mut server = with_key_file(path.to_str().unwrap());
    let key = fs::read_to_string(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    server.cli(&["users", "--key", key.trim()]).ok();
    server.cli(&["users"]).fails(1);

    assert_eq!(server.terminate(), Some(0));
    server.restart();
    server.cli(&["users", "--key", key.trim()]).ok();
    assert_eq!(fs::read_to_string(&path).unwrap(), key);
}

#[test]
fn the_key_in_the_file_becomes_the_first_one_and_counts_only_for_a_ledger_without_keys() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("first-key");
    fs::write(&path, format!("{GIVEN}\n")).unwrap();
    let mut server = with_key_file(path.to_str().unwrap());
    server.cli(&["key", "list", "--key", GIVEN]).ok();

    let other = GIVEN.replace("abcdef", "fedcba");
    fs::write(&path, &other).unwrap();
    assert_eq!(server.terminate(), Some(0));
    server.restart();
    server.cli(&["users", "--key", GIVEN]).ok();
    server.cli(&["users", "--key", &other]).fails(1);
}

#[test]
fn a_file_that_holds_no_key_stops_the_start_and_says_what_a_key_looks_like() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("first-key");
    fs::write(&path, "secret").unwrap();
    let data = folder.path().join("data");
    let said = run(&[
        "serve",
        "--listen",
        "0.0.0.0:0",
        "--internal-listen",
        "none",
        "--data-dir",
        data.to_str().unwrap(),
        "--bootstrap-key-file",
        path.to_str().unwrap(),
    ])
    .fails(1);
    assert!(said.contains("first-key: a first key is written tocos_1_"), "{said}");
}

#[test]
fn the_first_key_is_made_offline_and_opens_an_address_beyond_this_machine() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data_dir = data.to_str().unwrap();
    let token = run(&["key", "first", "--data-dir", data_dir]).ok();
    let again = run(&["key", "first", "--data-dir", data_dir]).fails(1);
    assert!(again.contains("has API keys already"), "{again}");
    let server = Server::start_at(folder, "0.0.0.0:0", &[]);
    server.cli(&["users"]).fails(1);
    server.cli(&["users", "--key", token.trim()]).ok();
}
