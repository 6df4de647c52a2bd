//! Old keys, ended holds and reversals, found by tables: whatever happens to their files.

use crate::Bench;
use std::path::PathBuf;
use std::time::{Duration, Instant};
use tocos_engine::{Engine, OpenReport, Rejection, TableOptions, Unavailable, VerifyFailure, verify};
use tocos_ledger::{EndedAs, Excess, Operation, Refusal, Taking, Until};

const KEYS: u64 = 400;

fn transfer(at: u64) -> (String, Operation<'static>) {
    (format!("key-{at}"), Operation::Transfer { from: "ana", to: "bob", coin: "toco", amount: 1 + at % 7 })
}

/// A ledger whose keys, ended holds and reversals are in tables and nowhere in memory.
struct Old {
    bench: Bench,
    hold: u64,
    reversed: u64,
}

impl Old {
    fn new() -> Self {
        let mut bench = Bench::with(|options| {
            options.snapshot_every_events = 50;
            options.tables = TableOptions { keys_in_memory: 0, unit_keys: 30 };
        });
        bench.users(&["ana", "bob"]);
        bench.grant("ana", 1_000_000);
        let hold = bench
            .ask(Operation::Hold { user: "ana", coin: "toco", amount: 9, until: Until::InSeconds(600), to: None })
            .event;
        bench.ask(Operation::Capture { hold, amount: Some(4), last: true, excess: Excess::Reject });
        let mut reversed = 0;
        for at in 0..KEYS {
            let (key, operation) = transfer(at);
            reversed = bench.ask_with(Some(&key), operation).unwrap().event;
            if at == KEYS / 2 {
                bench.ask(Operation::Reverse {
                    event: reversed,
                    original: None,
                    amount: Some(1),
                    renew_expires_at: None,
                    taking: Taking::default(),
                });
                break;
            }
        }
        for at in KEYS / 2 + 1..KEYS {
            let (key, operation) = transfer(at);
            bench.ask_with(Some(&key), operation).unwrap();
        }
        bench.stop();
        Self { bench, hold, reversed }
    }

    fn start(&mut self) -> OpenReport {
        let (engine, report) = Engine::open(&self.bench.options).unwrap();
        self.bench.engine = Some(engine);
        report
    }

    fn tables(&self, kind: &str) -> Vec<PathBuf> {
        let files = std::fs::read_dir(self.bench.data()).unwrap().map(|entry| entry.unwrap().path());
        let is_table = |path: &PathBuf| {
            let name = path.file_name().unwrap().to_str().unwrap();
            name.starts_with(kind) && name.ends_with(".tocos")
        };
        let mut tables: Vec<_> = files.filter(is_table).collect();
        tables.sort();
        tables
    }

    /// Asks again for everything. Damage that is only then noticed is made good meanwhile.
    fn check(&self) {
        let until = Instant::now() + Duration::from_secs(60);
        let mut unavailable = 0;
        for at in 0..KEYS {
            let (key, operation) = transfer(at);
            let again = loop {
                match self.bench.ask_with(Some(&key), operation.clone()) {
                    Err(Rejection::Unavailable(Unavailable::Tables { cause })) => {
                        assert!(cause.contains("keys-") && Instant::now() < until, "{cause}");
                        unavailable += 1;
                        std::thread::sleep(Duration::from_millis(20));
                    }
                    other => break other.unwrap(),
                }
            };
            assert!(again.replayed, "key {at} is known, after {unavailable} refusals");
        }
        let (key, _) = transfer(3);
        let other = Operation::Transfer { from: "ana", to: "bob", coin: "toco", amount: 77 };
        let Err(Rejection::Refused { refusal: Refusal::IdempotencyKeyReused { .. }, .. }) =
            self.bench.ask_with(Some(&key), other)
        else {
            panic!("an old key is not taken for another request")
        };
        let engine = self.bench.engine();
        assert_eq!(engine.ended_hold(self.hold).unwrap(), Some((EndedAs::Captured, self.hold + 1)));
        assert_eq!(engine.ended_hold(self.hold + 1).unwrap(), None);
        let refused = self.bench.ask_with(None, Operation::Release { hold: self.hold }).unwrap_err();
        let Rejection::Refused { refusal, .. } = refused else { panic!("{refused:?}") };
        assert_eq!(refusal, Refusal::HoldEnded { hold: self.hold, ended_as: EndedAs::Captured });
        let reverse = Operation::Reverse {
            event: self.reversed,
            original: None,
            amount: Some(100),
            renew_expires_at: None,
            taking: Taking::default(),
        };
        let refused = self.bench.ask_with(None, reverse).unwrap_err();
        let Rejection::Refused { refusal, .. } = refused else { panic!("{refused:?}") };
        let remaining = (1 + KEYS / 2 % 7) - 1;
        assert_eq!(refusal, Refusal::AlreadyReversed { event: self.reversed, remaining });
        assert_eq!(engine.stats().keys, KEYS);
        assert!(engine.stats().keys_in_memory < KEYS, "{:?}", engine.stats());
    }

    /// It knows everything, and so after an end and a start.
    fn ends_well(&mut self) {
        self.check();
        self.bench.stop();
        self.is_sound();
    }

    /// Started, asked, ended and verified.
    fn is_sound(&mut self) {
        self.start();
        self.check();
        self.bench.stop();
        assert_eq!(verify(self.bench.data()).unwrap().keys, KEYS);
    }
}

#[test]
fn what_is_over_is_found_though_it_is_not_in_memory_and_tables_are_merged_meanwhile() {
    let mut old = Old::new();
    assert!(!old.tables("keys-").is_empty() && !old.tables("over-").is_empty());
    let report = old.start();
    assert_eq!((report.unusable_tables.len(), old.bench.engine().stats().keys), (0, KEYS));
    old.check();
    let until = Instant::now() + Duration::from_secs(60);
    let mut at = KEYS;
    while old.bench.engine().stats().table_merges == 0 {
        assert!(Instant::now() < until, "{} tables were never merged", old.tables("keys-").len());
        let (_, operation) = transfer(at);
        old.bench.ask_with(None, operation).unwrap();
        at += 1;
    }
    old.ends_well();
}

#[test]
fn tables_that_are_missing_are_made_again() {
    for kind in ["keys-", "over-"] {
        let mut old = Old::new();
        for table in old.tables(kind) {
            std::fs::remove_file(table).unwrap();
        }
        assert_eq!(old.start().unusable_tables, Vec::<String>::new());
        assert!(!old.tables(kind).is_empty());
        old.check();
        old.bench.stop();
        let first = old.tables(kind).remove(0);
        std::fs::remove_file(first).unwrap();
        old.is_sound();
    }
}

#[test]
fn a_log_without_snapshots_and_tables_is_opened_without_holding_all_its_keys() {
    let mut old = Old::new();
    for entry in std::fs::read_dir(old.bench.data()).unwrap() {
        let path = entry.unwrap().path();
        if !path.file_name().unwrap().to_str().unwrap().starts_with("log-") {
            std::fs::remove_file(&path).unwrap();
        }
    }
    old.bench.options.segment_bytes = 64 << 10;
    let report = old.start();
    assert_eq!((report.snapshot_event, report.unusable_tables.len()), (0, 0));
    assert!(report.replayed_events > KEYS);
    assert_eq!(old.bench.engine().stats().keys_in_memory, 0, "they were in tables before the log was applied");
    old.ends_well();
}

#[test]
fn a_table_that_is_cut_or_of_another_ledger_is_named_and_made_again() {
    let other = Old::new();
    let foreign = std::fs::read(other.tables("keys-").remove(0)).unwrap();
    for content in [Vec::new(), foreign.clone(), foreign[..foreign.len() - 1].to_vec()] {
        let mut old = Old::new();
        let table = old.tables("keys-").remove(0);
        std::fs::write(&table, content).unwrap();
        let failure = verify(old.bench.data()).unwrap_err();
        assert!(matches!(failure, VerifyFailure::TableDiffers { .. }), "{failure}");
        let problems = old.start().unusable_tables;
        let name = table.file_name().unwrap().to_str().unwrap();
        assert!(problems.len() == 1 && problems[0].contains(name), "{problems:?}");
        assert!(table.with_file_name(format!("{name}.damaged")).exists());
        old.ends_well();
    }
}

#[test]
fn tables_of_a_longer_log_than_this_one_are_set_aside_and_no_key_is_lost() {
    let mut old = Old::new();
    let copy = tempfile::TempDir::new().unwrap();
    for entry in std::fs::read_dir(old.bench.data()).unwrap() {
        let path = entry.unwrap().path();
        std::fs::copy(&path, copy.path().join(path.file_name().unwrap())).unwrap();
    }
    old.start();
    for at in 0..200 {
        old.bench.ask_with(Some(&format!("later-{at}")), transfer(at).1).unwrap();
    }
    old.bench.stop();
    // The log of a backup, beside the tables that were made since: those that go further than the log must not count.
    for entry in std::fs::read_dir(old.bench.data()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.starts_with("keys-") && !name.starts_with("over-") {
            std::fs::remove_file(&path).unwrap();
        }
    }
    for entry in std::fs::read_dir(copy.path()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if !name.starts_with("keys-") && !name.starts_with("over-") {
            std::fs::copy(&path, old.bench.data().join(name)).unwrap();
        }
    }
    let problems = old.start().unusable_tables;
    assert!(problems.iter().any(|problem| problem.contains("no frame of the log")), "{problems:?}");
    old.check();
    for round in 0..2 {
        for at in 0..200 {
            let again = old.bench.ask_with(Some(&format!("later-{at}")), transfer(at).1).unwrap();
            assert_eq!(again.replayed, round == 1, "a key of the time after the backup is new, and then known");
        }
    }
    old.bench.stop();
    assert_eq!(verify(old.bench.data()).unwrap().keys, KEYS + 200);
}

#[test]
fn a_table_that_tells_of_the_same_events_as_another_changes_nothing() {
    let mut old = Old::new();
    let tables = old.tables("keys-");
    let first = tables[0].file_name().unwrap().to_str().unwrap().to_owned();
    // As if it began where the first does and went further than that: its content is another's.
    let longer = format!("{}-{:020}.tocos", &first[..first.rfind('-').unwrap()], 100_000);
    std::fs::copy(&tables[0], tables[0].with_file_name(&longer)).unwrap();
    assert!(old.start().unusable_tables[0].contains(&longer));
    old.ends_well();
}

#[test]
fn damage_that_is_found_while_it_runs_is_made_good_from_the_log() {
    let mut old = Old::new();
    old.start();
    old.check();
    old.bench.stop();
    // Behind the header and before the directory, so that it is not found at the start.
    for table in old.tables("keys-") {
        let mut bytes = std::fs::read(&table).unwrap();
        bytes[200] ^= 4;
        std::fs::write(&table, bytes).unwrap();
    }
    assert!(verify(old.bench.data()).is_err());
    assert_eq!(old.start().unusable_tables, Vec::<String>::new());
    old.check();
    let stats = old.bench.engine().stats();
    assert!(stats.tables_damaged > 0 && stats.unavailable.is_none(), "{stats:?}");
    old.bench.stop();
    old.is_sound();
}
