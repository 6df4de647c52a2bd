//! What needs no server: usage, version, completions, and the error when no server responds.

use crate::server::{run, tocos};

/// An address where nothing listens: a port below the ones the system gives out.
const NOBODY: &str = "http://127.0.0.1:1";

#[test]
fn the_version_names_the_commit() {
    let version = run(&["--version"]).ok();
    let commit = version.strip_prefix(concat!("tocos ", env!("CARGO_PKG_VERSION"), " (")).unwrap();
    let commit = commit.strip_suffix(")\n").unwrap();
    assert!(commit == "unknown" || commit.bytes().all(|byte| byte.is_ascii_alphanumeric()), "{version}");
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2() {
    let unknown = run(&["frobnicate"]).fails(2);
    assert!(unknown.contains("frobnicate"), "{unknown}");
    let amount = run(&["grant", "ana", "1.5"]).fails(2);
    assert!(amount.contains("12.34 of a coin with 2 decimals is 1234"), "{amount}");
    let negative = run(&["transfer", "ana", "bob", "-5"]).fails(2);
    assert!(negative.contains("an amount is a whole number"), "{negative}");
    let metadata = run(&["spend", "ana", "5", "--metadata", "[]"]).fails(2);
    assert!(metadata.contains("metadata is a JSON object"), "{metadata}");
    let url = run(&["users", "--url", "localhost:8080"]).fails(2);
    assert!(url.contains("is not an address like http://"), "{url}");
    let key = run(&["grant", "ana", "5", "--url", NOBODY, "--idempotency-key", "schlüssel"]).fails(2);
    assert!(key.contains("printable ASCII"), "{key}");
    let label = run(&["import", "x.json", "--label", "a:b"]).fails(2);
    assert!(label.contains("a label has 1 to 64 of"), "{label}");
    run(&[]).fails(2);
}

#[test]
fn a_server_that_is_not_there_ends_with_3() {
    for command in [["users"].as_slice(), &["grant", "ana", "5"], &["events"], &["export"], &["key", "list"]] {
        let said = run(&[command, &["--url", NOBODY]].concat()).fails(3);
        assert!(said.contains("no server answers at http://127.0.0.1:1: connection refused"), "{said}");
        assert!(!said.contains("may not have been applied"), "{said}");
    }
}

#[test]
fn a_service_that_is_not_there_is_not_healthy() {
    let said = run(&["health", "--url", NOBODY]).fails(1);
    assert!(said.contains("not ready"), "{said}");
}

#[test]
fn completions_know_the_commands() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = run(&["completions", shell]).ok();
        assert!(script.contains("import") && script.contains("idempotency-key"), "{shell}");
    }
    run(&["completions", "tcsh"]).fails(2);
}

#[test]
fn completions_are_what_bash_takes() {
    let script = run(&["completions", "bash"]).ok();
    // It is longer than an argument may be.
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), script).unwrap();
    let checked = std::process::Command::new("bash").arg("-n").arg(file.path()).output().unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
}

#[test]
fn a_list_can_be_checked_without_a_server() {
    let examples = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples");
    for (file, rows) in [("users.json", 340), ("users.csv", 25), ("older-service.json", 40)] {
        let said = run(&["import", "--check", "--json", &format!("{examples}/{file}")]).ok();
        let summary: serde_json::Value = serde_json::from_str(&said).unwrap();
        assert_eq!(summary["rows"], rows, "{file}");
        assert_eq!(summary["bad_rows"], 0, "{file}");
    }
    let bad = run(&["import", "--check", "--on-error", "skip", &format!("{examples}/bad-rows.ndjson")]);
    assert_eq!(bad.code, 0);
    let named: Vec<&str> = bad.stderr.lines().filter_map(|line| line.strip_prefix("bad row: line ")).collect();
    assert_eq!(named.len(), 12, "{}", bad.stderr);
    assert!(named[0].starts_with("2: `coins` is 10.5;"), "{}", named[0]);
    run(&["import", "--check", &format!("{examples}/bad-rows.ndjson")]).fails(1);
    let missing = run(&["import", "--check", "nowhere.json"]).fails(1);
    assert!(missing.contains("nowhere.json can't be opened"), "{missing}");
}

#[test]
fn a_reader_that_has_had_enough_ends_a_command_quietly() {
    let mut child = tocos()
        .args(["completions", "zsh"])
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let output = child.wait_with_output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_ledger_that_is_not_there_is_not_verified_nor_made() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = folder.path().join("nowhere");
    let said = run(&["verify", "--data-dir", nowhere.to_str().unwrap()]).fails(1);
    assert!(said.contains("holds no ledger"), "{said}");
    assert!(!nowhere.exists());
}
