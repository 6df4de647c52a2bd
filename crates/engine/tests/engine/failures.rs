//! Bad days: a disk that can't be written, a log that was tampered with.

use crate::Bench;
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tocos_engine::{Engine, EngineOptions, Rejection, Unavailable, verify};
use tocos_journal::Disk;
use tocos_journal::sim::{SimDisk, WriteFault};
use tocos_ledger::{Operation, Request};

/// The log's files, the oldest first.
fn segments(bench: &Bench) -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(bench.data())
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.file_name().unwrap().to_str().unwrap().starts_with("log-"))
        .collect();
    found.sort();
    found
}

#[test]
fn a_flipped_bit_in_the_middle_of_the_log_stops_the_start_and_is_named() {
    let mut bench = Bench::new();
    bench.users(&["ana"]);
    for _ in 0..100 {
        bench.grant("ana", 1);
    }
    bench.stop();
    let segment = segments(&bench).remove(0);
    let mut bytes = std::fs::read(&segment).unwrap();
    bytes[4_000] ^= 8;
    std::fs::write(&segment, bytes).unwrap();
    for error in [
        Engine::open(&bench.options).map(|_| ()).unwrap_err().to_string(),
        verify(bench.data()).map(|_| ()).unwrap_err().to_string(),
    ] {
        let name = segment.file_name().unwrap().to_str().unwrap();
        assert!(error.contains(name) && error.contains("event"), "the error names file and event: {error}");
    }
}

#[test]
fn a_truncated_end_is_cut_off_and_said_so() {
    let mut bench = Bench::new();
    bench.users(&["ana"]);
    for _ in 0..10 {
        bench.grant("ana", 1);
    }
    bench.stop();
    let segment = segments(&bench).pop().unwrap();
    let bytes = std::fs::read(&segment).unwrap();
    let end = bytes.iter().rposition(|byte| *byte != 0).unwrap();
    std::fs::write(&segment, &bytes[..end - 40]).unwrap();
    let (engine, report) = Engine::open(&bench.options).unwrap();
    bench.engine = Some(engine);
    assert!(report.tail.bytes_cut > 0, "{report:?}");
    assert_eq!(report.tail.after_event, 10);
    assert_eq!(bench.total("ana"), 9);
    assert_eq!(bench.grant("ana", 5), 11, "the number of the lost event is free again");
}

#[test]
fn a_directory_that_cannot_be_used_is_a_clear_error() {
    let dir = tempfile::TempDir::new().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "not a directory").unwrap();
    let error = Engine::open(&EngineOptions::new(&file)).map(|_| ()).unwrap_err().to_string();
    assert!(error.contains(file.to_str().unwrap()) && error.contains("--data-dir"), "{error}");
}

#[test]
fn a_data_directory_is_for_its_owner_alone() {
    let bench = Bench::new();
    let mode = std::fs::metadata(bench.data()).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "others may look into the data directory: {mode:o}");
    assert!(bench.dir.path().exists());
}

/// Makes a user and waits until that is on the disk.
fn make_user(engine: &Engine, user: &str) -> Result<u64, Unavailable> {
    let operation = Operation::PutUser { user, name: None };
    let request = Request { operation, key: None, metadata: None, reference: None, by: 0 };
    let submitted = engine.submit(&request, false, |event, _| event.number).map_err(|rejection| match rejection {
        Rejection::Unavailable(unavailable) => unavailable,
        Rejection::Refused { refusal, .. } => panic!("{refusal}"),
    })?;
    engine.seal();
    engine.durable(submitted.seen).wait()?;
    Ok(submitted.event)
}

/// Lets the disk fail in one way, and sees what is left when it is well again.
fn nothing_answered_is_lost_when(fail: impl Fn(&SimDisk)) {
    let disk = SimDisk::new(17);
    let shared = || Arc::new(disk.clone()) as Arc<dyn Disk>;
    let options = EngineOptions { segment_bytes: 16 << 10, ..EngineOptions::new("in memory") };
    let (engine, _) = Engine::open_on(shared(), &options).unwrap();
    for number in 1..=40 {
        assert_eq!(make_user(&engine, &format!("user-{number}")), Ok(number));
    }
    fail(&disk);
    let mut answered = 40;
    let broken = (41..1_000).find_map(|number| match make_user(&engine, &format!("user-{number}")) {
        Ok(event) => {
            answered = event;
            None
        }
        Err(unavailable) => Some(unavailable),
    });
    let broken = broken.expect("the disk fails at some time");
    assert!(matches!(broken, Unavailable::Storage { .. }), "{broken}");
    assert_eq!(make_user(&engine, "later"), Err(broken), "it stays refused, though the disk would take it again");
    assert!(engine.read(|_, _| ()).is_err(), "reads stop too: memory may be ahead of the disk");
    assert!(engine.stats().unavailable.is_some());
    assert!(engine.close().is_err());
    drop(engine);
    disk.crash();
    disk.set_full(false);
    let (engine, report) = Engine::open_on(shared(), &options).unwrap();
    let last = report.tail.after_event;
    assert!(last == answered || last == answered + 1, "{answered} were answered and {last} are there");
    assert_eq!(make_user(&engine, "one-more"), Ok(last + 1));
    engine.close().unwrap();
}

#[test]
fn a_full_disk_refuses_writes_serves_reads_and_goes_on_by_itself() {
    let disk = SimDisk::new(17);
    let shared = || Arc::new(disk.clone()) as Arc<dyn Disk>;
    let options = EngineOptions { segment_bytes: 16 << 10, ..EngineOptions::new("in memory") };
    let (engine, _) = Engine::open_on(shared(), &options).unwrap();
    let keyed = Request {
        operation: Operation::PutUser { user: "keyed", name: None },
        key: Some("a key"),
        metadata: None,
        reference: None,
        by: 0,
    };
    engine.submit(&keyed, false, |event, _| event.number).unwrap();
    let mut answered = 1;
    for round in 0..3 {
        disk.set_full(true);
        let full = loop {
            match make_user(&engine, &format!("user-{answered}")) {
                Ok(event) => answered = event,
                Err(unavailable) => break unavailable,
            }
            assert!(answered < 2_000, "a full disk is noticed");
        };
        assert!(matches!(&full, Unavailable::Full { place } if place.contains("log-")), "{full}");
        assert!(engine.stats().is_full && engine.stats().unavailable.is_none());
        let seen = engine.read(|ledger, _| ledger.state().user_count() as u64).unwrap();
        assert_eq!(seen.value, answered, "reads go on, round {round}");
        engine.durable(seen.seen).wait().unwrap();
        assert_eq!(make_user(&engine, "later"), Err(full));
        let replay = engine.submit(&keyed, false, |event, _| event.number).unwrap();
        assert!(replay.replayed && replay.event == 1, "what was done before is replayed");
        disk.set_full(false);
        let until = Instant::now() + Duration::from_secs(60);
        answered = loop {
            match make_user(&engine, &format!("user-{answered}")) {
                Ok(event) => break event,
                Err(full) => assert!(matches!(full, Unavailable::Full { .. }) && Instant::now() < until, "{full}"),
            }
            std::thread::sleep(Duration::from_millis(10));
        };
        assert!(!engine.stats().is_full);
    }
    disk.set_full(true);
    engine.close().unwrap();
    drop(engine);
    disk.crash();
    let (engine, report) = Engine::open_on(shared(), &options).unwrap();
    assert_eq!(report.tail.after_event, answered, "a ledger on a full disk can be opened and read");
    assert_eq!(engine.read(|ledger, _| ledger.state().user_count() as u64).unwrap().value, answered);
}

#[test]
fn a_failed_write_stops_the_writer_and_nothing_answered_is_lost() {
    nothing_answered_is_lost_when(|disk| disk.fail_write(3, WriteFault::Io));
}

#[test]
fn a_failed_sync_is_not_tried_again_and_nothing_answered_is_lost() {
    nothing_answered_is_lost_when(|disk| disk.fail_sync(3));
}
