//! Directories of groups, without a database: what is refused, and the way back. The suite of groups has the rest.

use std::fs;
use std::process::Stdio;
use std::time::Duration;

use crate::server::tocos;

#[test]
fn a_directory_of_a_group_is_not_served_alone_unless_that_is_meant() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dir = data.to_str().unwrap();
    assert!(tocos().args(["key", "first", "--data-dir", dir]).output().unwrap().status.success());
    fs::write(data.join("group"), "ledger main 00ff\n").unwrap();
    for words in [
        vec!["serve", "--listen", "127.0.0.1:0", "--internal-listen", "none", "--data-dir", dir],
        vec!["key", "first", "--data-dir", dir],
        vec!["shared-log", "init", "postgres://nobody@127.0.0.1:1/none", "--from", dir],
    ] {
        let refused = tocos().args(&words).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success(), "{words:?}");
        assert!(
            said.contains("belongs to a group (ledger main 00ff)") && said.contains("--leave-group"),
            "{words:?}: {said}"
        );
    }
    assert!(data.join("group").exists());
}

#[test]
fn files_that_are_set_aside_are_all_there_and_leave_an_empty_directory() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let dir = data.to_str().unwrap();
    assert!(tocos().args(["key", "first", "--data-dir", dir]).output().unwrap().status.success());
    fs::write(data.join("group"), "ledger main 00ff\n").unwrap();
    let names = || {
        let entries = fs::read_dir(&data).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        entries.filter(|name| name != "lock").collect::<Vec<_>>()
    };
    let before = names();
    assert!(before.len() >= 2, "{before:?}");
    let done = tocos().args(["shared-log", "rejoin", "--data-dir", dir]).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let left = names();
    assert!(left.len() == 1 && left[0].starts_with("set-aside-"), "{left:?}");
    let aside = data.join(&left[0]);
    let mut moved: Vec<_> =
        fs::read_dir(&aside).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    let mut expected = before;
    moved.sort();
    expected.sort();
    assert_eq!(moved, expected);
    let verified = tocos().args(["verify", "--data-dir", aside.to_str().unwrap()]).output().unwrap();
    assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
}

#[test]
fn a_node_that_is_started_while_the_shared_log_is_away_tries_again() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("data");
    let node = tocos()
        .args(["serve", "--listen", "127.0.0.1:0", "--internal-listen", "none", "--node", "a"])
        .args(["--advertise", "http://127.0.0.1:1", "--data-dir"])
        .args([dir.to_str().unwrap(), "--shared-log", "postgres://nobody@127.0.0.1:1/none"])
        .stderr(Stdio::piped())
        .spawn();
    let mut node = node.unwrap();
    std::thread::sleep(Duration::from_secs(3));
    let ended = node.try_wait().unwrap();
    node.kill().unwrap();
    let said = node.wait_with_output().unwrap().stderr;
    let said = String::from_utf8_lossy(&said);
    assert!(ended.is_none(), "it ended: {said}");
    assert!(said.contains("can't be reached, trying again") && !said.contains("panicked"), "{said}");
}

#[test]
fn a_shared_log_that_can_t_be_reached_is_named_without_its_password() {
    for words in [
        vec!["shared-log", "status", "postgres://tocos:secret@127.0.0.1:1/none?sslmode=disable"],
        vec!["shared-log", "init", "postgres://tocos:secret@127.0.0.1:1/none?sslmode=disable"],
        vec!["shared-log", "status", "mysql://tocos:secret@127.0.0.1:1/none"],
        vec!["shared-log", "status", "postgres://tocos:secret@127.0.0.1:1/none?sslmode=perhaps"],
    ] {
        let refused = tocos().args(&words).output().unwrap();
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success() && said.contains("shared log"), "{words:?}: {said}");
        assert!(!said.contains("secret"), "{words:?}: {said}");
    }
}
