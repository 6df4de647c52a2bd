//! The first key of a ledger that is reached from elsewhere from its first start on.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::os::unix::process::CommandExt;

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

#[test]
fn a_ledger_whose_keys_are_lost_gets_another_one_offline() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data_dir = data.to_str().unwrap();
    let none = run(&["key", "recover", "--data-dir", data_dir]).fails(1);
    assert!(none.contains("tocos key first"), "{none}");
    let lost = run(&["key", "first", "--data-dir", data_dir]).ok();
    let found = run(&["key", "recover", "--data-dir", data_dir]).ok();
    assert!(found.starts_with("tocos_2_"), "{found}");
    let server = Server::start_at(folder, "0.0.0.0:0", &[]);
    server.cli(&["key", "revoke", "1", "--key", found.trim()]).ok();
    server.cli(&["users", "--key", lost.trim()]).fails(1);
    let running = run(&["key", "recover", "--data-dir", data_dir]).fails(1);
    assert!(running.contains("in use"), "{running}");
}

#[test]
fn an_address_that_others_reach_is_refused_without_keys_and_the_refusal_names_the_way() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data_dir = data.to_str().unwrap();
    let serve = ["serve", "--listen", "0.0.0.0:0", "--internal-listen", "none", "--data-dir", data_dir];
    let said = run(&serve).fails(1);
    for way in [
        "docker run --rm -v DATA:/var/lib/tocos IMAGE key first",
        "TOCOS_BOOTSTRAP_KEY_FILE=/var/lib/tocos/first-key",
        "--allow-unauthenticated",
    ] {
        assert!(said.contains(way), "{said}");
    }
    assert!(!said.contains("127.0.0.1"), "a container can't be reached there: {said}");
}

#[test]
fn a_data_directory_of_another_user_is_named_with_the_command_that_hands_it_over() {
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("tocos");
    // By another process: a program that this one has open for writing, if only in a child of another test, can't be started.
    let copied = std::process::Command::new("cp").arg(env!("CARGO_BIN_EXE_tocos")).arg(&program).status();
    assert!(copied.unwrap().success());
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    for path in [folder.path(), &program, &data] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    let mut serve = std::process::Command::new(&program);
    serve.args(["serve", "--listen", "127.0.0.1:0", "--internal-listen", "none", "--data-dir"]).arg(&data);
    let user = fs::metadata(&data).unwrap().uid();
    let runs_as = if user == 0 {
        // Nobody, who may read the directory of root and not write to it.
        serve.uid(65_534);
        65_534
    } else {
        fs::set_permissions(&data, fs::Permissions::from_mode(0o555)).unwrap();
        user
    };
    let ended = serve.output().unwrap();
    let said = String::from_utf8(ended.stderr).unwrap();
    assert_eq!(ended.status.code(), Some(1), "{said}");
    let named = said.matches("can't be used").count();
    assert!(named == 1 && said.contains(&format!("chown -R {runs_as} {}", data.display())), "{said}");
}

#[test]
fn a_data_directory_that_is_a_file_is_not_to_be_handed_over() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("data");
    fs::write(&file, "").unwrap();
    let listen = ["serve", "--listen", "127.0.0.1:0", "--internal-listen", "none", "--data-dir"];
    let said = run(&[&listen[..], &[file.to_str().unwrap()]].concat()).fails(1);
    assert!(said.contains("can't be used") && said.contains("--data-dir") && !said.contains("chown"), "{said}");
}
