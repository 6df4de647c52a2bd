//! The real process while it opens its ledger. It is held there by its key file, a pipe that nobody writes to.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Instant;

use tempfile::TempDir;

use crate::server::{PATIENCE, run, tocos, wait_until};

/// A service that opens its ledger and can't get on.
struct Held {
    folder: TempDir,
    child: Child,
    stderr: BufReader<ChildStderr>,
    internal: String,
}

impl Held {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("key");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let mut child = tocos()
            .args(["serve", "--listen", "127.0.0.1:0", "--internal-listen", "127.0.0.1:0"])
            .arg("--data-dir")
            .arg(folder.path().join("data"))
            .arg("--bootstrap-key-file")
            .arg(&pipe)
            .stdin(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut stderr = BufReader::new(child.stderr.take().unwrap());
        let mut line = String::new();
        let internal = loop {
            line.clear();
            assert!(stderr.read_line(&mut line).unwrap() > 0, "it ended before it opened its ledger");
            if let Some((_, rest)) = line.split_once("opening the ledger; ") {
                break rest.split("/readyz").next().unwrap().to_owned();
            }
        };
        Self { folder, child, stderr, internal }
    }

    fn terminate(&mut self) -> Option<i32> {
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

#[test]
fn health_tells_how_far_the_ledger_is_and_then_that_it_is_ready() {
    let mut held = Held::start();
    let said = run(&["health", "--url", &held.internal]).fails(1);
    assert!(said.starts_with("tocos: not ready: The service is starting: The ledger is being opened: "), "{said}");
    fs::write(held.folder.path().join("key"), format!("tocos_1_{}\n", "k".repeat(40))).unwrap();
    wait_until("it is ready", || run(&["health", "--url", &held.internal]).code == 0);
    assert_eq!(held.terminate(), Some(0));
}

#[test]
fn a_signal_while_the_ledger_is_opened_ends_the_process_in_order() {
    let mut held = Held::start();
    let begun = Instant::now();
    assert_eq!(held.terminate(), Some(0));
    assert!(begun.elapsed() < PATIENCE / 6, "it took {:?}, though opening hangs", begun.elapsed());
    let mut said = String::new();
    held.stderr.read_to_string(&mut said).unwrap();
    assert!(said.contains("stopped before the ledger was open"), "{said}");
    let data = held.folder.path().join("data");
    let verdict = run(&["verify", "--data-dir", data.to_str().unwrap()]).ok();
    assert!(verdict.contains("is sound: 0 events"), "{verdict}");
}
