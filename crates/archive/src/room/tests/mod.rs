//! Segments that leave a disk and are read back, with an archive that works and one that does not.

mod bench;
mod simulation;

use std::sync::Arc;
use std::time::{Duration, Instant};

use tocos_journal::{Disk, ReadError};

use super::cache::Patience;
use super::disk::RoomDisk;
use super::keeper::KeepError;
use crate::names::Name;
use bench::{Bench, Mood, branch};

/// A ledger of some segments, all archived and behind a snapshot.
fn archived(seed: u64) -> Bench {
    let mut bench = Bench::new(seed);
    let mut rng = fastrand::Rng::with_seed(seed);
    for _ in 0..60 {
        bench.write(&mut rng);
    }
    bench.archive();
    bench.snapshot();
    bench
}

/// The same, with all segments gone that may go.
fn emptied(seed: u64) -> Bench {
    let bench = archived(seed);
    let keeper = bench.keeper(0);
    while keeper.step().unwrap().is_some() {}
    assert!(bench.elsewhere() >= 3, "{} segments", bench.elsewhere());
    bench
}

#[test]
fn what_left_is_read_back_and_is_the_same() {
    let bench = emptied(1);
    let segments = bench.reader.segments();
    assert_eq!(bench.elsewhere(), segments.len() - 2, "all but the last two");
    for one in segments {
        let name = Name::Log(one.header.first).file();
        assert_eq!(bench.sim.get(&name).is_none(), one.is_elsewhere, "{name}");
    }
    assert_eq!(bench.reader.elsewhere_below(), bench.reader.segments()[bench.elsewhere()].header.first);
    bench.check_all();
}

#[test]
fn segments_leave_only_while_they_take_too_much_room() {
    let bench = archived(2);
    let all = bench.reader.log_bytes();
    assert!(bench.keeper(all).step().unwrap().is_none());
    let left = bench.keeper(all - 1).step().unwrap().unwrap();
    assert_eq!(left.first, 1, "the oldest goes first");
    assert!(bench.keeper(all - left.bytes).step().unwrap().is_none());
}

#[test]
fn a_segment_stays_until_everything_is_seen_to_be_in_place() {
    let bench = archived(3);
    let last = bench.reader.segments()[0].last.unwrap();
    let stays = |bench: &Bench| assert!(bench.keeper(0).step().unwrap().is_none() && bench.elsewhere() == 0);
    *bench.said.archived.lock().unwrap() = Some(last - 1);
    stays(&bench);
    *bench.said.archived.lock().unwrap() = None;
    stays(&bench);
    *bench.said.archived.lock().unwrap() = Some(last);
    *bench.said.restart.lock().unwrap() = last - 1;
    stays(&bench);
    *bench.said.restart.lock().unwrap() = last;
    assert!(bench.keeper(0).step().unwrap().is_some());
}

#[test]
fn a_segment_without_an_index_file_stays() {
    let mut bench = Bench::new(4);
    let mut rng = fastrand::Rng::with_seed(4);
    (0..60).for_each(|_| bench.write(&mut rng));
    bench.archive();
    *bench.said.restart.lock().unwrap() = bench.reader.last_event();
    assert!(bench.keeper(0).step().unwrap().is_none());
    bench.snapshot();
    assert!(bench.keeper(0).step().unwrap().is_some());
}

#[test]
fn a_segment_stays_whose_objects_are_not_what_they_must_be() {
    for mood in [Mood::Refuses, Mood::Loses, Mood::Damages] {
        let bench = archived(5);
        bench.mood(mood);
        for _ in 0..20 {
            let error = bench.keeper(0).step().unwrap_err();
            assert!(!matches!(error, KeepError::Disk(_)), "{error}");
        }
        assert_eq!(bench.elsewhere(), 0);
        bench.mood(Mood::Works);
        assert!(bench.keeper(0).step().unwrap().is_some());
    }
}

#[test]
fn what_can_not_be_fetched_is_an_error_that_names_the_object_and_nothing_else_fails() {
    let bench = emptied(6);
    let name = Name::Log(1).in_branch(branch());
    for (mood, said) in [(Mood::Refuses, "no"), (Mood::Loses, "is missing"), (Mood::Damages, "")] {
        bench.mood(mood);
        for _ in 0..20 {
            let error = bench.check(1).unwrap_err();
            let ReadError::Unreachable { place, reason } = &error else { panic!("{error}") };
            assert!(place.ends_with(&name) && reason.contains(said), "{error}");
        }
        bench.check(bench.reader.last_event()).unwrap();
    }
    bench.mood(Mood::Works);
    bench.check_all();
}

#[test]
fn who_must_not_wait_is_told_so_and_asks_nobody() {
    let bench = emptied(7);
    let before = bench.gets();
    assert!(matches!(bench.reader.event_here(1), Err(ReadError::Elsewhere { event: 1 })));
    assert_eq!(bench.gets(), before);
    bench.check(1).unwrap();
    let after = bench.gets();
    assert!(after > before);
    // Now it is at hand, for both.
    bench.check(1).unwrap();
    let stored = bench.reader.event_here(1).unwrap();
    let offset = u32::from_le_bytes(stored.record[..4].try_into().unwrap());
    assert_eq!(stored.blob(offset).unwrap(), bench.events[&1].1);
    assert_eq!(bench.gets(), after);
}

#[test]
fn what_was_used_longest_ago_makes_room() {
    let bench = emptied(8);
    bench.check_all();
    let figures = bench.room.figures();
    assert!(figures.bytes <= bench.cache_bytes && figures.bytes > 0, "{figures:?}");
    let kept: u64 = bench
        .sim
        .list()
        .unwrap()
        .iter()
        .filter(|name| name.starts_with("fetched-"))
        .map(|name| bench.sim.get(name).unwrap().len() as u64)
        .sum();
    assert_eq!(kept, figures.bytes, "files that are not used any more are gone");
    assert!(matches!(bench.reader.event_here(1), Err(ReadError::Elsewhere { .. })));
}

#[test]
fn a_full_disk_keeps_nobody_from_reading() {
    let bench = emptied(9);
    bench.sim.set_full(true);
    bench.check_all();
}

#[test]
fn a_start_asks_the_archive_for_nothing() {
    let bench = emptied(10);
    let (gone, before) = (bench.elsewhere(), bench.gets());
    bench.mood(Mood::Refuses);
    let mut bench = bench.reopen(true);
    assert_eq!((bench.elsewhere(), bench.gets()), (gone, before));
    bench.write(&mut fastrand::Rng::with_seed(1));
    assert!(matches!(bench.check(1), Err(ReadError::Unreachable { .. })));
    bench.mood(Mood::Works);
    bench.check_all();
}

#[test]
fn an_archive_that_never_responds_is_waited_for_so_long_and_then_asked_for_nothing_for_a_while() {
    let bench = emptied(12);
    bench.mood(Mood::Hangs);
    let patience = Patience { fetch: Duration::from_millis(300), rest: Duration::from_secs(60) };
    let disk: Arc<dyn Disk> = Arc::new(bench.sim.clone());
    let room = RoomDisk::open_with(disk, Some(bench.remote.clone()), 1 << 20, patience).unwrap();
    let file = room.open(&Name::Log(1).file()).unwrap();
    let begun = Instant::now();
    // All at once, of which one asks.
    let before = bench.gets();
    std::thread::scope(|scope| {
        for _ in 0..20 {
            scope.spawn(|| assert!(file.read_at(&mut [0; 200], 100).is_err()));
        }
    });
    assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
    assert_eq!(bench.gets(), before + 1);
    let begun = Instant::now();
    assert!(file.read_at(&mut [0; 200], 100).is_err());
    assert!(begun.elapsed() < Duration::from_millis(250), "{:?}", begun.elapsed());
    assert_eq!(bench.gets(), before + 1);
}

#[test]
fn without_an_archive_the_rest_can_be_read() {
    let bench = emptied(11);
    let disk: Arc<dyn Disk> = Arc::new(bench.sim.clone());
    let room = RoomDisk::open(disk, None, 1 << 20).unwrap();
    let file = room.open(&Name::Log(1).file()).unwrap();
    let error = file.read_at(&mut [0; 200], 0).unwrap_err().to_string();
    assert!(error.contains("--archive"), "{error}");
    let elsewhere = room.events_elsewhere().unwrap();
    assert_eq!(elsewhere, [(1, bench.reader.elsewhere_below() - 1)]);
}
