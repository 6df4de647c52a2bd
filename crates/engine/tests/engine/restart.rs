//! What is there after a restart.

use crate::Bench;
use std::sync::Arc;
use std::time::Duration;
use tocos_engine::{Batch, Engine, EngineOptions, OpenFailure, Opening, verify};
use tocos_ledger::{Marks, Operation, Refusal, Request, SECOND_US};

#[test]
fn what_was_answered_is_there_after_a_restart() {
    let mut bench = Bench::new();
    bench.users(&["ana", "bob"]);
    bench.grant("ana", 50);
    bench.ask(Operation::Transfer { from: "ana", to: "bob", coin: "toco", amount: 5 });
    let report = bench.reopen();
    assert_eq!(report.replayed_events, 4);
    assert_eq!((bench.total("ana"), bench.total("bob")), (45, 5));
}

#[test]
fn a_key_asked_again_after_a_restart_answers_as_the_first_time() {
    let mut bench = Bench::new();
    bench.users(&["ana"]);
    bench.grant("ana", 50);
    let spend =
        |amount| Operation::Spend { user: "ana", coin: "toco", amount, to: None, mode: tocos_ledger::Mode::Exact };
    let first = bench.ask_with(Some("order-17"), spend(5)).unwrap();
    bench.ask(spend(7));
    bench.reopen();
    let again = bench.ask_with(Some("order-17"), spend(5)).unwrap();
    assert!(again.replayed && !first.replayed);
    assert_eq!((again.event, again.rendered), (first.event, first.rendered));
    let other = bench.ask_with(Some("order-17"), spend(6)).unwrap_err();
    let tocos_engine::Rejection::Refused { refusal: Refusal::IdempotencyKeyReused { field, event }, .. } = other else {
        panic!("another request under the same key was {other:?}");
    };
    assert_eq!((field, event), ("amount", first.event));
    assert_eq!(bench.total("ana"), 38);
}

#[test]
fn a_start_from_a_snapshot_is_the_same_as_one_from_the_log() {
    let mut bench = Bench::with(|options| options.snapshot_every_events = 100);
    bench.users(&["ana", "bob"]);
    bench.grant("ana", 1_000_000);
    for number in 0..1_000 {
        let key = format!("key-{number}");
        bench.ask_with(Some(&key), Operation::Transfer { from: "ana", to: "bob", coin: "toco", amount: 3 }).unwrap();
    }
    let report = bench.reopen();
    assert!(report.snapshot_event > 0, "no snapshot was used: {:?}", report.unusable_snapshots);
    assert!(report.replayed_events < 1_000, "{report:?}");
    assert_eq!((bench.total("ana"), bench.total("bob")), (997_000, 3_000));
    let again = bench.ask_with(Some("key-0"), Operation::Transfer { from: "ana", to: "bob", coin: "toco", amount: 3 });
    assert!(again.unwrap().replayed, "a key from before the snapshot is known");

    bench.stop();
    let verified = verify(bench.data()).unwrap();
    assert_eq!(verified.events, 1_003);
    assert!(!verified.snapshots.is_empty());

    for entry in std::fs::read_dir(bench.data()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if name.starts_with("snapshot-") || name.starts_with("keys-") {
            std::fs::remove_file(path).unwrap();
        }
    }
    let (engine, report) = Engine::open(&bench.options).unwrap();
    bench.engine = Some(engine);
    assert_eq!((report.snapshot_event, report.replayed_events), (0, 1_003), "deleting snapshots loses nothing");
    assert_eq!((bench.total("ana"), bench.total("bob")), (997_000, 3_000));
}

#[test]
fn a_damaged_snapshot_is_passed_over_and_said_so() {
    let mut bench = Bench::with(|options| options.snapshot_every_events = 50);
    bench.users(&["ana"]);
    for _ in 0..200 {
        bench.grant("ana", 1);
    }
    bench.stop();
    for entry in std::fs::read_dir(bench.data()).unwrap() {
        let path = entry.unwrap().path();
        if path.file_name().unwrap().to_str().unwrap().starts_with("snapshot-") {
            let mut bytes = std::fs::read(&path).unwrap();
            let middle = bytes.len() / 2;
            bytes[middle] ^= 1;
            std::fs::write(&path, bytes).unwrap();
        }
    }
    assert!(verify(bench.data()).is_err(), "verify names a snapshot that differs");
    let (engine, report) = Engine::open(&bench.options).unwrap();
    bench.engine = Some(engine);
    assert_eq!(report.snapshot_event, 0);
    assert!(!report.unusable_snapshots.is_empty());
    assert_eq!(bench.total("ana"), 200);
}

#[test]
fn many_callers_at_once_lose_and_invent_nothing() {
    let mut bench = Bench::with(|options| options.snapshot_every_events = 500);
    bench.users(&["ana", "bob", "cem", "dao"]);
    for user in ["ana", "bob", "cem", "dao"] {
        bench.grant(user, 10_000);
    }
    std::thread::scope(|scope| {
        for (from, to) in [("ana", "bob"), ("bob", "cem"), ("cem", "dao"), ("dao", "ana")] {
            let bench = &bench;
            scope.spawn(move || {
                for number in 0..500 {
                    let key = format!("{from}-{number}");
                    let operation = Operation::Transfer { from, to, coin: "toco", amount: 1 + number % 7 };
                    bench.ask_with(Some(&key), operation).unwrap();
                }
            });
        }
    });
    let totals = |bench: &Bench| ["ana", "bob", "cem", "dao"].map(|user| bench.total(user));
    assert_eq!(totals(&bench).iter().sum::<i64>(), 40_000);
    let before = totals(&bench);
    bench.reopen();
    assert_eq!(totals(&bench), before);
    bench.stop();
    assert_eq!(verify(bench.data()).unwrap().events, 2_008);
}

#[test]
fn large_batches_that_wait_for_the_disk_behind_each_other_are_all_there_after_a_restart() {
    const BATCHES: usize = 12;
    const OPERATIONS: usize = 1_500;
    let mut bench = Bench::with(|options| {
        options.segment_bytes = 1 << 20;
        options.snapshot_every_events = 5_000;
    });
    bench.users(&["ana", "bob", "cem"]);
    bench.grant("ana", 1_000_000);
    bench.grant("cem", 1_000);
    std::thread::scope(|scope| {
        for caller in 0..3 {
            let engine = bench.engine();
            scope.spawn(move || {
                for batch in 0..BATCHES {
                    let keys: Vec<String> = (0..OPERATIONS).map(|at| format!("{caller}-{batch}-{at}")).collect();
                    let operation = Operation::Transfer { from: "ana", to: "bob", coin: "toco", amount: 1 };
                    let request = |key| Request {
                        operation: operation.clone(),
                        key: Some(key),
                        metadata: None,
                        reference: None,
                        by: 0,
                    };
                    let requests: Vec<Request<'_>> = keys.iter().map(|key| request(key.as_str())).collect();
                    let done = engine.submit_batch(&requests, Batch::default(), |event, _| event.number).unwrap();
                    let seen = done.iter().map(|done| done.as_ref().unwrap().seen).max().unwrap();
                    // Every other one is only waited for with the next.
                    if batch % 2 == 1 {
                        engine.durable(seen).wait().unwrap();
                    }
                }
            });
        }
        for _ in 0..200 {
            bench.ask(Operation::Transfer { from: "cem", to: "ana", coin: "toco", amount: 1 });
        }
    });
    let moved = (3 * BATCHES * OPERATIONS) as i64;
    let totals = |bench: &Bench| ["ana", "bob", "cem"].map(|user| bench.total(user));
    assert_eq!(totals(&bench), [1_000_200 - moved, moved, 800]);
    bench.reopen();
    assert_eq!(totals(&bench), [1_000_200 - moved, moved, 800]);
    bench.stop();
    assert_eq!(verify(bench.data()).unwrap().events, 5 + 200 + moved as u64);
}

#[test]
fn a_second_process_on_the_same_directory_is_refused() {
    let bench = Bench::new();
    let error = Engine::open(&bench.options).unwrap_err().to_string();
    assert!(error.contains(&bench.data().display().to_string()), "{error}");
    assert!(verify(bench.data()).is_err(), "verify does not look at a running ledger");
}

#[test]
fn a_ledger_keeps_the_clock_it_was_made_with() {
    let mut bench = Bench::new();
    bench.users(&["ana"]);
    bench.stop();
    let options = EngineOptions { test_clock: true, ..bench.options.clone() };
    let error = Engine::open(&options).unwrap_err().to_string();
    assert!(error.contains("--test-clock"), "{error}");
}

#[test]
fn an_opening_that_is_called_off_changes_nothing_and_a_later_one_finds_everything() {
    let mut bench = Bench::new();
    bench.users(&["ana"]);
    bench.grant("ana", 5);
    bench.stop();
    let opening = Arc::new(Opening::default());
    opening.call_off();
    let options = EngineOptions { opening: Arc::clone(&opening), ..bench.options.clone() };
    let failure = Engine::open(&options).map(|_| ()).unwrap_err();
    assert!(matches!(failure, OpenFailure::CalledOff), "{failure}");
    bench.engine = Some(Engine::open(&bench.options).unwrap().0);
    assert_eq!(bench.total("ana"), 5);
}

#[test]
fn a_start_says_what_came_due_meanwhile_and_since_when() {
    let mut bench = Bench::new();
    bench.users(&["ana", "bob"]);
    assert_eq!(bench.reopen().overdue, None);
    let now = bench.engine().clock().system;
    let later = [now + 2 * SECOND_US, now + 2 * SECOND_US + SECOND_US / 10, now + 3_600 * SECOND_US];
    for (user, expires_at) in ["ana", "bob", "ana"].into_iter().zip(later) {
        let marks = Marks { expires_at: Some(expires_at), ..Marks::PLAIN };
        bench.ask(Operation::Grant { user, coin: "toco", amount: 7, marks, lot: false });
    }
    bench.stop();
    std::thread::sleep(Duration::from_millis(2_200));
    let (engine, report) = Engine::open(&bench.options).unwrap();
    bench.engine = Some(engine);
    assert_eq!(report.overdue, Some((2, later[0])));
    assert_eq!((bench.total("ana"), bench.total("bob")), (7, 0));
    bench.stop();
}
