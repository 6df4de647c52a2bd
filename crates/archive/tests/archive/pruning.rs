//! Removing what no restore needs.

use tocos_archive::branch::{BranchId, Parent};
use tocos_archive::prune::{Why, plan, remove};
use tocos_archive::restore::Until;

use crate::log::Log;
use crate::world::{World, first};

/// Every object is older than this, by the store's clock.
const FUTURE: i64 = i64::MAX / 2;

#[test]
fn what_is_younger_than_the_time_to_keep_stays() {
    let world = World::with(&Log::sample("a"), Some(1), true);
    assert_eq!(plan(&world.remote, 0, &mut |_| {}).unwrap(), []);
}

#[test]
fn pieces_of_whole_segments_go_and_others_stay() {
    let log = Log::sample("a");
    let world = World::with(&log, Some(1), true);
    let removals = plan(&world.remote, FUTURE, &mut |_| {}).unwrap();
    assert_eq!(removals.len(), 12, "{removals:?}");
    assert!(removals.iter().all(|removal| removal.why == Why::Covered && removal.object.contains("/tail-")));
    remove(&world.remote, &removals, &mut |_| {}).unwrap();
    assert_eq!(world.names(true).len(), 3 + 4);
    assert_eq!(world.restore(None, None).events(), log.events);
    assert_eq!(plan(&world.remote, FUTURE, &mut |_| {}).unwrap(), []);
}

#[test]
fn an_archive_that_is_not_sound_is_not_pruned() {
    let log = Log::sample("a");
    let world = World::with(&log, Some(1), true);
    let whole = world.names(true).into_iter().find(|name| name.contains("/log-")).unwrap();
    let mut bytes = world.get(&whole);
    bytes[200] ^= 1;
    world.put(&whole, bytes);
    let said = plan(&world.remote, FUTURE, &mut |_| {}).unwrap_err().to_string();
    assert!(said.contains("nothing is removed") && said.contains(&whole), "{said}");
}

#[test]
fn after_pruning_every_moment_within_the_time_can_be_restored() {
    for seed in 0..60 {
        let mut rng = fastrand::Rng::with_seed(seed);
        let world = World::new();
        world.describe(first(), None, 0);
        let mut log = Log::new();
        log.grow(rng.usize(1..5), "a");
        world.put_log(first(), &log, (Some(rng.usize(1..4)), true), 0);
        let mut all = vec![(first(), log)];
        for id in 2..rng.u64(2..5) {
            let (parent, before) = all[rng.usize(0..all.len())].clone();
            let frame = rng.usize(0..before.frames.len());
            let at = before.frames[frame].end;
            let owner = all.iter().find(|(_, log)| log.frames.iter().any(|frame| frame.end == at)).unwrap().0;
            assert!(owner == parent || all.iter().any(|(id, _)| *id == owner));
            let mut log = before.up_to(at.event);
            log.grow(rng.usize(1..4), &format!("b{id}-"));
            let branch = BranchId::from(id);
            world.describe(branch, Some(Parent { branch: owner, at }), id as i64);
            world.put_log(branch, &log, (Some(rng.usize(1..4)), true), at.event);
            all.push((branch, log));
        }
        for (branch, log) in &all {
            for frame in log.frames.iter().filter(|_| rng.u32(0..4) == 0) {
                world.put_snapshot(*branch, frame);
                world.put_table(*branch, 1, frame);
            }
        }
        let (newest, log) = all.last().unwrap();
        let since = log.frames[rng.usize(0..log.frames.len())].at_us;
        let before: Vec<_> = moments(log, since).map(|until| world.restore(Some(until), None)).collect();
        let objects = world.names(false);
        // The store's clock says now; the frames are of 1970.
        let removals = plan_as_if_old(&world, since);
        remove(&world.remote, &removals, &mut |_| {}).unwrap();
        assert_eq!(world.names(false).len(), objects.len() - removals.len(), "seed {seed}");
        for (until, before) in moments(log, since).zip(before) {
            let after = world.restore(Some(until), None);
            assert_eq!(after.files(), before.files(), "seed {seed}, {until:?}");
            let (after_events, restored) = (after.events(), after.restored.as_ref().unwrap());
            assert_eq!(after_events, before.events(), "seed {seed}, {until:?}");
            assert_eq!(restored.snapshot, before.restored.unwrap().snapshot);
            assert_eq!(restored.source, *newest);
        }
        let verified = world.verify();
        assert_eq!(verified.faults, Vec::<String>::new(), "seed {seed}");
    }
}

fn moments(log: &Log, since: i64) -> impl Iterator<Item = Until> {
    let times: Vec<i64> = log.frames.iter().map(|frame| frame.at_us).filter(|at| *at >= since).collect();
    times.into_iter().flat_map(|at| [at, at + 500_000]).map(Until::Time)
}

/// The plan of a time at which all objects are old, and the frames from `since` on are not.
fn plan_as_if_old(world: &World, since: i64) -> Vec<tocos_archive::prune::Removal> {
    tocos_archive::prune::plan_of(&world.remote, (since, FUTURE), &mut |_| {}).unwrap()
}
