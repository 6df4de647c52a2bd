//! Restores that are interrupted.

use std::collections::BTreeSet;

use tocos_archive::restore::Until;
use tocos_journal::sim::SimDisk;

use crate::log::Log;
use crate::world::{Outcome, World, first};

#[test]
fn an_interrupted_restore_goes_on_behind_the_segments_that_are_there() {
    let log = Log::sample("a");
    let last = log.last_event() - 1;
    for until in [None, Some(Until::Event(last)), Some(Until::Event(log.frames[6].end.event))] {
        let world = World::with(&log, Some(1), true);
        world.put_snapshot(first(), &log.frames[5]);
        let mut interrupted = 0;
        for reads_max in 0.. {
            let disk = SimDisk::new(1);
            *world.watched.reads_max.lock().unwrap() = Some(reads_max);
            let begun = world.restore_on(&disk, until, None);
            world.watched.read.lock().unwrap().clear();
            *world.watched.reads_max.lock().unwrap() = None;
            if begun.is_ok() {
                assert!(reads_max > 4, "it was interrupted before");
                break;
            }
            interrupted += 1;
            // What was not durable is gone.
            disk.crash();
            let names = disk_names(&disk);
            let restored = world.restore_on(&disk, until, None);
            let outcome = Outcome { disk, restored };
            let expected = match until {
                Some(Until::Event(event)) => &log.events[..event as usize],
                _ => &log.events[..],
            };
            assert_eq!(outcome.events(), expected, "{until:?} interrupted after {reads_max} objects");
            let read: BTreeSet<String> = std::mem::take(&mut *world.watched.read.lock().unwrap()).into_iter().collect();
            let twice: Vec<&String> = read.intersection(&names).filter(|name| name.starts_with("log-")).collect();
            assert_eq!(twice, Vec::<&String>::new(), "{until:?} interrupted after {reads_max} objects");
        }
        assert!(interrupted > 2);
    }
}

fn disk_names(disk: &SimDisk) -> BTreeSet<String> {
    use tocos_journal::Disk as _;
    disk.list().unwrap().into_iter().collect()
}

#[test]
fn a_damaged_segment_that_an_interrupted_restore_left_is_fetched_again() {
    let log = Log::sample("a");
    let world = World::with(&log, None, true);
    let disk = SimDisk::new(1);
    *world.watched.reads_max.lock().unwrap() = Some(4);
    assert!(world.restore_on(&disk, None, None).is_err());
    *world.watched.reads_max.lock().unwrap() = None;
    let names = disk_names(&disk);
    let segment = names.iter().find(|name| name.starts_with("log-") && name.ends_with(".tocos")).unwrap();
    assert!(disk.flip_bit(segment, 300, 1));
    let restored = world.restore_on(&disk, None, None);
    assert_eq!(Outcome { disk, restored }.events(), log.events);
}
