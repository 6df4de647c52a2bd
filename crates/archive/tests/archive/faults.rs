//! Objects that are missing, cut, flipped, of another ledger, or of another history: found, named, never restored.

use tocos_archive::branch::BranchId;
use tocos_archive::names::Name;
use tocos_archive::restore::Until;

use crate::log::Log;
use crate::world::{World, first, places};

/// What happens to an object.
#[derive(Clone, Copy, Debug)]
enum Harm {
    Missing,
    Cut(usize),
    Flipped(usize),
}

fn harm(world: &World, object: &str, harm: Harm) {
    let mut bytes = world.get(object);
    match harm {
        Harm::Missing => return world.remove(object),
        Harm::Cut(length) => bytes.truncate(length),
        Harm::Flipped(at) => bytes[at] ^= 1 << (at % 8),
    }
    world.put(object, bytes);
}

/// All harms to an object, each at some places.
fn harms(length: usize) -> Vec<Harm> {
    let mut harms = vec![Harm::Missing];
    harms.extend(places(length, 13).map(Harm::Cut));
    harms.extend(places(length, 7).map(Harm::Flipped));
    harms
}

/// Whatever is restored is the log, up to some frame of it.
#[track_caller]
fn check_prefix(world: &World, log: &Log, until: Option<Until>) -> Option<u64> {
    let outcome = world.restore(until, None);
    outcome.restored.as_ref().ok()?;
    let events = outcome.events();
    assert_eq!(events, log.events[..events.len()]);
    Some(events.len() as u64)
}

#[test]
fn without_a_second_copy_each_harm_is_named_and_nothing_behind_it_is_restored() {
    let log = Log::sample("a");
    for (tails, logs) in [(Some(2), false), (None, true)] {
        let objects = World::with(&log, tails, logs).names(true);
        for (nth, object) in objects.iter().enumerate() {
            let is_last = nth + 1 == objects.len();
            let length = World::with(&log, tails, logs).get(object).len();
            let first_event: u64 = object[object.len() - 26..object.len() - 6].parse().unwrap();
            for what in harms(length) {
                let world = World::with(&log, tails, logs);
                harm(&world, object, what);
                let restored = check_prefix(&world, &log, None);
                let verified = world.verify();
                let frames_before: Vec<u64> =
                    log.frames.iter().map(|frame| frame.end.event).filter(|end| *end < first_event).collect();
                // Nobody can know that there was more, if the very end is gone, frame by frame.
                if is_last && restored.is_some_and(|last| last < log.last_event()) {
                    assert!(matches!(what, Harm::Missing | Harm::Cut(_)), "{object} {what:?}");
                    continue;
                }
                assert_eq!(restored, None, "{object} {what:?}");
                let said = world.restore(None, None).error();
                let named = match what {
                    // The one before it is named as well where only that one can have had the event.
                    Harm::Missing => said.contains("is missing") || said.contains(object.as_str()),
                    Harm::Cut(_) => said.contains(object.as_str()) || said.contains("is missing"),
                    Harm::Flipped(_) => said.contains(object.as_str()),
                };
                assert!(named, "{object} {what:?}: {said}");
                assert!(!verified.faults.is_empty(), "{object} {what:?}");
                if let Some(before) = frames_before.last() {
                    assert_eq!(check_prefix(&world, &log, Some(Until::Event(*before))), Some(*before), "{object}");
                }
            }
        }
    }
}

#[test]
fn pieces_stand_in_for_a_segment_that_is_harmed_and_that_is_said() {
    let log = Log::sample("a");
    let objects: Vec<String> =
        World::with(&log, Some(2), true).names(true).into_iter().filter(|name| name.contains("/log-")).collect();
    assert_eq!(objects.len(), 3);
    for object in &objects {
        let length = World::with(&log, Some(2), true).get(object).len();
        for what in harms(length) {
            let world = World::with(&log, Some(2), true);
            harm(&world, object, what);
            assert_eq!(check_prefix(&world, &log, None), Some(log.last_event()), "{object} {what:?}");
            let notes = world.restore(None, None).restored.unwrap().notes;
            let is_last = object == objects.last().unwrap();
            // Which segments were put whole is known by a later one only.
            let is_known = !is_last || !matches!(what, Harm::Missing);
            let is_whole_frames = matches!(what, Harm::Cut(_)) && notes.is_empty();
            assert_eq!(
                notes.iter().any(|note| note.object == *object),
                is_known && !is_whole_frames,
                "{object} {what:?}"
            );
            let verified = world.verify();
            let is_fault = verified.faults.iter().any(|fault| fault.starts_with(object.as_str()));
            assert_eq!(is_fault, !matches!(what, Harm::Missing) && !is_whole_frames, "{object} {what:?}: {verified:?}");
        }
    }
}

#[test]
fn a_harmed_piece_beside_a_whole_segment_is_found_by_verify_alone() {
    let log = Log::sample("a");
    let covered = log.headers[3].first;
    for object in World::with(&log, Some(2), true).names(true).into_iter().filter(|name| name.contains("/tail-")) {
        let first_event: u64 = object[object.len() - 26..object.len() - 6].parse().unwrap();
        let length = World::with(&log, Some(2), true).get(&object).len();
        if first_event >= covered {
            continue;
        }
        for at in places(length, 5) {
            let world = World::with(&log, Some(2), true);
            harm(&world, &object, Harm::Flipped(at));
            assert_eq!(check_prefix(&world, &log, None), Some(log.last_event()));
            let faults = world.verify().faults;
            assert!(faults.iter().any(|fault| fault.starts_with(&object)), "{object} at {at}: {faults:?}");
        }
    }
}

#[test]
fn objects_of_another_ledger_are_named() {
    let log = Log::sample("a");
    let mut other = log.clone();
    for header in &mut other.headers {
        header.ledger_id[3] ^= 1;
    }
    let world = World::with(&log, Some(2), false);
    let object = Name::Tail(log.frames[2].before.event + 1).in_branch(first());
    world.put(&object, other.object(&log.frames[2..4]));
    assert_eq!(check_prefix(&world, &log, None), None);
    let said = world.restore(None, None).error();
    assert!(said.contains(&format!("{object} is of another ledger")), "{said}");
    assert!(world.verify().faults.iter().any(|fault| fault.starts_with(&object)));
}

#[test]
fn what_a_stopped_node_puts_late_is_not_part_of_the_log() {
    let log = Log::sample("a");
    for frame in [2, 5, 9] {
        let mut stale = log.up_to(log.frames[frame].end.event);
        stale.grow(2, "stale");
        let late = &stale.frames[frame + 1..frame + 2];
        // In the middle: beside the log, under a name that is free.
        let world = World::with(&log, None, true);
        world.put_tail(first(), &stale, late);
        assert_eq!(check_prefix(&world, &log, None), Some(log.last_event()), "frame {frame}");
        let verified = world.verify();
        assert_eq!(verified.faults, Vec::<String>::new());
        let name = Name::Tail(late[0].before.event + 1).in_branch(first());
        assert!(verified.notes.iter().any(|note| note.starts_with(&name)), "{verified:?}");
    }
    // At the end: of a history that this log does not have.
    let world = World::with(&log, None, true);
    let mut stale = log.up_to(log.frames[log.frames.len() - 2].end.event);
    stale.add(
        5_000_000_000,
        log.frames.last().map_or(0, |last| (last.end.event - last.before.event) as usize),
        0,
        "stale",
    );
    stale.add(5_000_000_001, 2, 0, "stale");
    stale.add(5_000_000_002, 2, 0, "stale");
    let behind = stale.frames.len() - 2;
    world.put_tail(first(), &stale, &stale.frames[behind..=behind]);
    world.put_tail(first(), &stale, &stale.frames[behind + 1..]);
    assert_eq!(check_prefix(&world, &log, None), Some(log.last_event()));
    let verified = world.verify();
    assert_eq!((verified.faults, verified.notes.len()), (Vec::<String>::new(), 2));
}

#[test]
fn a_gap_is_named_and_everything_before_it_can_be_restored() {
    let log = Log::sample("a");
    let world = World::with(&log, Some(1), false);
    let missing = Name::Tail(log.frames[5].before.event + 1).in_branch(first());
    let next = Name::Tail(log.frames[6].before.event + 1).in_branch(first());
    world.remove(&missing);
    let said = world.restore(None, None).error();
    assert!(said.contains(&format!("{missing} is missing")) && said.contains(&next), "{said}");
    let before = log.frames[4].end.event;
    assert_eq!(check_prefix(&world, &log, Some(Until::Event(before))), Some(before));
    assert_eq!(check_prefix(&world, &log, Some(Until::Event(before + 1))), None);
    assert_eq!(world.verify().faults.len(), 1);
}

#[test]
fn a_branch_whose_parent_has_not_what_it_says_is_not_restored() {
    let log = Log::sample("a");
    let world = World::with(&log, Some(2), true);
    let mut at = log.frames[6].end;
    at.chain[0] ^= 1;
    let branch = BranchId::from(2);
    world.describe(branch, Some(tocos_archive::branch::Parent { branch: first(), at }), 2);
    let said = world.restore(None, None).error();
    assert!(said.contains("has no frame that ends with event"), "{said}");
    assert_eq!(world.verify().faults.len(), 1);
    world.put("branch-0000000000000003.json", b"{}".to_vec());
    let said = world.restore(None, None).error();
    assert!(said.contains("branch-0000000000000003.json can't be read"), "{said}");
    assert_eq!(world.restore(None, Some(first())).events(), log.events);
}
