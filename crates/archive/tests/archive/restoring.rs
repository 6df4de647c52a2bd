//! Restores of an archive that is sound.

use tocos_archive::branch::{BranchId, LocalRecord, Parent};
use tocos_archive::restore::Until;
use tocos_journal::sim::SimDisk;
use tocos_journal::{Journal, NewLedger, OpenError, Options, Position};

use crate::log::{LEDGER, Log};
use crate::world::{World, first};

/// How the objects of an archive may lie.
const SHAPES: [(Option<usize>, bool); 4] = [(Some(1), false), (Some(2), true), (None, true), (Some(9), true)];

#[test]
fn every_event_can_be_restored_to_but_those_inside_an_atomic_batch() {
    let log = Log::sample("a");
    for shape in SHAPES {
        let world = World::with(&log, shape.0, shape.1);
        for event in 1..=log.last_event() {
            let outcome = world.restore(Some(Until::Event(event)), None);
            let at = event as usize;
            if log.events[at - 1].is_joined {
                let first = at - log.events[..at].iter().rev().take_while(|event| event.is_joined).count() + 1;
                let last = at + 1 + log.events[at..].iter().take_while(|event| event.is_joined).count();
                let said = outcome.error();
                assert!(said.contains(&format!("an atomic batch, events {first} to {last},")), "{said}");
                assert!(outcome.files().iter().all(|name| name == "lock"), "{:?}", outcome.files());
                continue;
            }
            assert_eq!(outcome.events(), log.events[..at], "event {event} of {shape:?}");
            let restored = outcome.restored.unwrap();
            assert_eq!((restored.last_event, restored.last_at_us), (event, log.events[at - 1].at_us));
            let left_out = restored.left_out.map(|left_out| (left_out.first.0, left_out.last.0));
            assert_eq!(left_out, (event < log.last_event()).then_some((event + 1, log.last_event())));
            assert_eq!(restored.notes, []);
        }
    }
}

#[test]
fn a_time_restores_every_frame_up_to_it() {
    let log = Log::sample("a");
    let world = World::with(&log, Some(2), true);
    for (nth, frame) in log.frames.iter().enumerate() {
        for (at_us, through) in [(frame.at_us, nth + 1), (frame.at_us + 999_999, nth + 1), (frame.at_us - 1, nth)] {
            let outcome = world.restore(Some(Until::Time(at_us)), None);
            let Some(last) = through.checked_sub(1) else {
                assert!(outcome.error().contains("has no event up to then"), "{}", outcome.error());
                continue;
            };
            assert_eq!(outcome.events(), log.events[..log.frames[last].end.event as usize]);
        }
    }
    let all = world.restore(None, None);
    assert_eq!(all.events(), log.events);
    assert_eq!(all.restored.unwrap().left_out, None);
    let missing = world.restore(Some(Until::Event(log.last_event() + 1)), None);
    assert!(missing.error().contains("there is no event"), "{}", missing.error());
}

/// The first branch, one that leaves it inside a segment, and one that leaves that one again.
fn branches() -> (World, Vec<(BranchId, Log)>) {
    let log = Log::sample("a");
    let world = World::with(&log, Some(2), true);
    let mut all = vec![(first(), log)];
    for (id, salt, frame) in [(2, "b", 6), (3, "c", 9)] {
        let (parent, before) = all.last().unwrap();
        let at = before.frames[frame].end;
        let mut log = before.up_to(at.event);
        let branch = BranchId::from(id);
        world.describe(branch, Some(Parent { branch: *parent, at }), id as i64);
        log.grow(3, salt);
        world.put_log(branch, &log, (Some(2), true), at.event);
        all.push((branch, log));
    }
    (world, all)
}

#[test]
fn each_branch_is_restored_with_what_it_comes_from() {
    let (world, all) = branches();
    for (branch, log) in &all {
        for (nth, frame) in log.frames.iter().enumerate() {
            let outcome = world.restore(Some(Until::Event(frame.end.event)), Some(*branch));
            assert_eq!(outcome.events(), log.events[..frame.end.event as usize], "{branch} frame {nth}");
        }
        assert_eq!(world.restore(None, Some(*branch)).events(), log.events);
    }
    let newest = world.restore(None, None);
    assert_eq!(newest.events(), all[2].1.events);
    assert_eq!(newest.restored.unwrap().source, all[2].0);
    let verified = world.verify();
    assert_eq!((verified.faults, verified.notes), (Vec::<String>::new(), Vec::<String>::new()));
    assert_eq!(verified.branches.len(), 3);
}

#[test]
fn the_restored_ledger_begins_a_branch_behind_the_last_frame_that_both_have() {
    let (world, all) = branches();
    let log = &all[2].1;
    for event in (1..=log.last_event()).filter(|event| !log.events[*event as usize - 1].is_joined) {
        let outcome = world.restore(Some(Until::Event(event)), None);
        let record = LocalRecord::read(&outcome.disk).unwrap().unwrap();
        assert_eq!(record.branch, outcome.restored.unwrap().branch);
        let parent = record.parent.unwrap();
        let frame = log.frames.iter().rev().find(|frame| frame.end.event <= event);
        let at = frame.map_or_else(|| Position::start(&LEDGER), |frame| frame.end);
        assert_eq!(parent.at, at, "event {event}");
        let owner = all.iter().find(|(_, log)| log.frames.iter().any(|frame| frame.end == at));
        assert_eq!(parent.branch, owner.map_or_else(first, |(branch, _)| *branch), "event {event}");
    }
}

#[test]
fn the_newest_snapshot_and_the_tables_that_end_in_time_come_along() {
    let log = Log::sample("a");
    let world = World::with(&log, Some(2), true);
    let ends: Vec<u64> = [3, 7, 11].map(|frame| log.frames[frame].end.event).to_vec();
    for frame in [3, 7, 11] {
        world.put_snapshot(first(), &log.frames[frame]);
    }
    world.put_table(first(), 1, &log.frames[3]);
    world.put_table(first(), ends[0] + 1, &log.frames[7]);
    world.put_table(first(), 1, &log.frames[7]);
    world.put_table(first(), ends[1] + 1, &log.frames[11]);
    assert_eq!(world.verify().faults, Vec::<String>::new());
    let derived = |outcome: &crate::world::Outcome| {
        let names = outcome.files().into_iter().filter(|name| name.starts_with("snap") || name.starts_with("keys"));
        names.collect::<Vec<_>>()
    };
    let snapshot = |event: u64| format!("snapshot-{event:020}.tocos");
    let keys = |from: u64, to: u64| format!("keys-{from:020}-{to:020}.tocos");
    let latest = world.restore(None, None);
    assert_eq!(derived(&latest), [keys(1, ends[1]), keys(ends[1] + 1, ends[2]), snapshot(ends[2])]);
    let earlier = world.restore(Some(Until::Event(ends[2] - 1)), None);
    assert_eq!(derived(&earlier), [keys(1, ends[1]), snapshot(ends[1])]);
    let first_only = world.restore(Some(Until::Event(ends[0])), None);
    assert_eq!(derived(&first_only), [keys(1, ends[0]), snapshot(ends[0])]);
    // A damaged one is left out, and another is taken.
    for name in [format!("{}/{}", first(), snapshot(ends[2])), format!("{}/{}", first(), keys(1, ends[1]))] {
        let mut bytes = world.get(&name);
        bytes[150] ^= 4;
        world.put(&name, bytes);
        assert!(world.verify().faults.iter().any(|fault| fault.starts_with(&name)), "{name}");
    }
    let without = world.restore(None, None);
    let tables = [keys(1, ends[0]), keys(ends[0] + 1, ends[1]), keys(ends[1] + 1, ends[2])];
    assert_eq!(derived(&without), [&tables[..], &[snapshot(ends[1])]].concat());
    assert_eq!(without.restored.unwrap().notes.len(), 2);
}

#[test]
fn a_directory_with_something_in_it_is_left_alone() {
    let world = World::with(&Log::sample("a"), Some(2), true);
    let disk = SimDisk::new(1);
    disk.put("notes.txt", b"mine");
    let said = world.restore_on(&disk, None, None).unwrap_err().to_string();
    assert!(said.contains("is not empty: notes.txt is in it"), "{said}");
    let done = world.restore(None, None);
    let again = world.restore_on(&done.disk, None, None).unwrap_err().to_string();
    assert!(again.contains("is not empty"), "{again}");
    let empty = World::new().restore(None, None);
    assert!(empty.error().contains("there is no ledger in"), "{}", empty.error());
    assert!(!empty.files().contains("restore-unfinished"));
}

#[test]
fn a_directory_that_is_half_restored_is_not_opened() {
    let world = World::with(&Log::sample("a"), Some(2), true);
    *world.watched.reads_max.lock().unwrap() = Some(3);
    let outcome = world.restore(None, None);
    assert!(outcome.restored.is_err());
    let options = Options::new(NewLedger { ledger_id: [1; 16], seed: [1; 16] });
    for opened in [
        Journal::open(std::sync::Arc::new(outcome.disk.clone()), options).map(|_| ()),
        Journal::inspect(std::sync::Arc::new(outcome.disk.clone()), None).map(|_| ()),
    ] {
        let error = opened.unwrap_err();
        assert!(matches!(error, OpenError::HalfRestored { .. }), "{error}");
        assert!(error.to_string().contains("Run the same `tocos restore` command again"), "{error}");
    }
    let other = world.restore_on(&outcome.disk, Some(Until::Event(3)), None).unwrap_err().to_string();
    assert!(other.contains("Run it again: tocos restore --from memory"), "{other}");
}
