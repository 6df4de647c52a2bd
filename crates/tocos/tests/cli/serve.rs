//! `tocos serve`: settings, health, an orderly end, and what is on the disk after it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use crate::server::{Server, run, tocos};

#[test]
fn what_was_answered_is_there_after_sigterm_and_after_kill() {
    let mut server = Server::start();
    server.cli(&["user", "put", "ana"]).ok();
    server.cli(&["grant", "ana", "5"]).ok();
    assert_eq!(server.terminate(), Some(0));
    server.restart();
    assert_eq!(server.issued("toco"), 5);
    server.cli(&["grant", "ana", "6"]).ok();
    server.kill();
    let verdict = run(&["verify", "--data-dir", server.data_dir().to_str().unwrap()]).ok();
    assert!(verdict.contains("is sound: 3 events, 1 users"), "{verdict}");
    assert_eq!(verdict.lines().count(), 1);
    server.restart();
    assert_eq!(server.issued("toco"), 11);
}

#[test]
fn health_follows_the_service() {
    let mut server = Server::start();
    assert_eq!(run(&["health", "--url", &server.internal]).ok(), "ready\n");
    let listen = server.internal.strip_prefix("http://").unwrap();
    let same = tocos().arg("health").env("TOCOS_INTERNAL_LISTEN", listen).output().unwrap();
    assert!(same.status.success());
    server.kill();
    run(&["health", "--url", &server.internal]).fails(1);
}

#[test]
fn settings_come_from_the_file_and_variables_win_over_it() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("tocos.toml");
    fs::write(&config, "listen = \"127.0.0.1:0\"\n\nlog_level = \"loud\"\n").unwrap();
    let serve = |variable: Option<&str>| {
        let mut command = tocos();
        command.current_dir(folder.path()).args(["serve", "--config", "tocos.toml"]);
        if let Some(value) = variable {
            command.env("TOCOS_LOG_LEVEL", value);
        }
        let output = command.output().unwrap();
        (output.status.code(), String::from_utf8(output.stderr).unwrap())
    };
    let reasons = "is none of error, warn, info, debug and trace";
    assert_eq!(serve(None), (Some(2), format!("tocos: tocos.toml, line 3, log_level: \"loud\" {reasons}\n")));
    assert_eq!(serve(Some("silent")), (Some(2), format!("tocos: TOCOS_LOG_LEVEL: \"silent\" {reasons}\n")));
    assert!(!folder.path().join("tocos-data").exists(), "nothing is made before the settings are checked");
}

#[test]
fn a_second_service_on_a_ledger_and_a_taken_port_are_refused() {
    let server = Server::start();
    let data_dir = server.data_dir();
    let second = |listen: &str, data_dir: &str| {
        run(&["serve", "--listen", listen, "--internal-listen", "none", "--data-dir", data_dir]).fails(1)
    };
    let locked = second("127.0.0.1:0", data_dir.to_str().unwrap());
    assert!(locked.contains("is in use by another tocos process"), "{locked}");
    let taken = second(server.url.strip_prefix("http://").unwrap(), &server.path("other"));
    assert!(taken.contains("with --listen"), "{taken}");
    let verified = run(&["verify", "--data-dir", data_dir.to_str().unwrap()]).fails(1);
    assert!(verified.contains("is in use by another tocos process"), "{verified}");
}

#[test]
fn an_address_beyond_this_machine_needs_a_key_or_a_clear_word() {
    let folder = tempfile::tempdir().unwrap();
    let data_dir = folder.path().join("data");
    let said =
        run(&["serve", "--listen", "0.0.0.0:0", "--internal-listen", "none", "--data-dir", data_dir.to_str().unwrap()])
            .fails(1);
    assert!(said.contains("--allow-unauthenticated"), "{said}");
    assert!(!said.contains("listening on"), "nothing is announced that is not so: {said}");
    let server = Server::start_on("0.0.0.0:0", &["--allow-unauthenticated"]);
    server.cli(&["users"]).ok();
}

#[test]
fn a_directory_that_cannot_be_written_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("a-file");
    fs::write(&file, "").unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(0o400)).unwrap();
    let said =
        run(&["serve", "--listen", "127.0.0.1:0", "--internal-listen", "none", "--data-dir", file.to_str().unwrap()])
            .fails(1);
    assert!(said.contains("a-file"), "{said}");
}

#[test]
fn a_damaged_log_is_found_by_verify() {
    let mut server = Server::start();
    server.cli(&["user", "put", "ana"]).ok();
    for _ in 0..3 {
        server.cli(&["grant", "ana", "5"]).ok();
    }
    server.kill();
    let log = fs::read_dir(server.data_dir())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("log-"))
        .unwrap();
    let mut bytes = fs::read(&log).unwrap();
    let at = bytes.windows(3).position(|window| window == b"ana").unwrap();
    bytes[at] = b'A';
    fs::write(&log, bytes).unwrap();
    let said = run(&["verify", "--data-dir", server.data_dir().to_str().unwrap()]).fails(1);
    assert!(said.contains("did not pass: "), "{said}");
    assert_eq!(said.lines().count(), 1, "{said}");
}

#[test]
fn the_service_manager_is_told_when_the_service_is_ready() {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("notify");
    let manager = std::os::unix::net::UnixDatagram::bind(&socket).unwrap();
    manager.set_read_timeout(Some(crate::server::PATIENCE)).unwrap();
    let mut child = tocos()
        .args(["serve", "--listen", "127.0.0.1:0", "--internal-listen", "none", "--log-level", "error", "--data-dir"])
        .arg(folder.path().join("data"))
        .env("NOTIFY_SOCKET", &socket)
        .spawn()
        .unwrap();
    let mut buffer = [0; 64];
    let length = manager.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"READY=1");
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    let length = manager.recv(&mut buffer).unwrap();
    assert_eq!(&buffer[..length], b"STOPPING=1");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}
