//! The simulated disk must be as bad as it claims, or the tests on it prove nothing.

use std::collections::BTreeSet;

use tocos_journal::Disk as _;
use tocos_journal::sim::{SimDisk, WriteFault};

/// What is found after a crash, over many seeds.
fn outcomes<T: Ord>(life: impl Fn(&SimDisk) -> T) -> BTreeSet<T> {
    (0..300).map(|seed| life(&SimDisk::new(seed))).collect()
}

#[test]
fn the_same_seed_gives_the_same_disk() {
    let life = |seed| {
        let disk = SimDisk::new(seed);
        let file = disk.create("file").unwrap();
        disk.sync_dir().unwrap();
        for at in 0..20 {
            file.write_at(&[at as u8 + 1; 700], at * 600).unwrap();
        }
        disk.crash();
        disk.get("file").unwrap()
    };
    assert_eq!(life(1), life(1));
    assert_ne!(life(1), life(2));
}

#[test]
fn what_is_synced_survives_and_what_is_not_survives_in_any_part_and_order() {
    let found = outcomes(|disk| {
        let file = disk.create("file").unwrap();
        disk.sync_dir().unwrap();
        file.write_at(&[1; 1536], 0).unwrap();
        file.sync().unwrap();
        file.write_at(&[2; 1536], 0).unwrap();
        disk.crash();
        let bytes = disk.get("file").unwrap();
        assert_eq!(bytes.len(), 1536);
        bytes.chunks(512).map(|sector| sector.iter().copied().max().unwrap()).collect::<Vec<u8>>()
    });
    assert_eq!(found.len(), 8, "each sector is old or new, whatever the others are: {found:?}");
}

#[test]
fn a_durable_write_is_durable_and_says_nothing_about_other_writes() {
    let found = outcomes(|disk| {
        let file = disk.create("file").unwrap();
        disk.sync_dir().unwrap();
        file.write_at(&[1; 512], 0).unwrap();
        file.write_durable_at(&[2; 512], 512).unwrap();
        disk.crash();
        let bytes = disk.get("file").unwrap();
        assert_eq!(bytes[512..], [2; 512]);
        bytes[0]
    });
    assert_eq!(found, BTreeSet::from([0, 1]));
}

#[test]
fn names_and_lengths_are_lost_unless_synced() {
    let found = outcomes(|disk| {
        disk.put("old", b"old");
        disk.create("new").unwrap();
        disk.rename("old", "renamed").unwrap();
        disk.crash();
        disk.list().unwrap()
    });
    assert_eq!(found.len(), 4, "{found:?}");
    let found = outcomes(|disk| {
        disk.put("file", &[1; 10]);
        disk.open("file").unwrap().set_len(4).unwrap();
        disk.crash();
        disk.get("file").unwrap().len()
    });
    assert!(found.contains(&4) && found.contains(&10), "{found:?}");
    let found = outcomes(|disk| {
        disk.put("file", b"here");
        disk.remove("file").unwrap();
        disk.sync_dir().unwrap();
        disk.crash();
        disk.list().unwrap()
    });
    assert_eq!(found, BTreeSet::from([vec![]]));
}

#[test]
fn a_sync_after_a_failed_one_succeeds_and_does_not_write_what_was_lost() {
    let found = outcomes(|disk| {
        let file = disk.create("file").unwrap();
        disk.sync_dir().unwrap();
        file.write_at(&[1; 4], 0).unwrap();
        disk.fail_sync(1);
        file.sync().unwrap_err();
        let seen = disk.get("file").unwrap() == [1; 4];
        file.sync().unwrap();
        disk.crash();
        (seen, disk.get("file").unwrap() == [1; 4])
    });
    assert_eq!(found, BTreeSet::from([(false, false), (true, false), (true, true)]));
}

#[test]
fn a_failed_write_leaves_a_beginning_and_the_next_one_works() {
    for fault in [WriteFault::NoSpace, WriteFault::Io] {
        let found = outcomes(|disk| {
            let file = disk.create("file").unwrap();
            disk.fail_write(2, fault);
            file.write_at(&[1; 10], 0).unwrap();
            file.write_at(&[2; 10], 10).unwrap_err();
            let len = file.len().unwrap();
            file.write_at(&[2; 10], 10).unwrap();
            len
        });
        assert_eq!(found, (10..=20).collect());
    }
}

#[test]
fn nothing_works_while_the_power_is_off_and_old_handles_never_again() {
    let disk = SimDisk::new(1);
    let file = disk.create("file").unwrap();
    disk.sync_dir().unwrap();
    let lock = disk.lock().unwrap();
    disk.fail_write(1, WriteFault::PowerCut);
    file.write_at(b"lost?", 0).unwrap_err();
    assert!(disk.list().is_err() && disk.open("file").is_err() && file.sync().is_err() && disk.sync_dir().is_err());
    disk.crash();
    assert!(file.len().is_err());
    let again = disk.lock().unwrap();
    drop(lock);
    assert!(disk.lock().is_err(), "a lock from before the crash frees nothing");
    drop(again);
    disk.lock().unwrap();
}

#[test]
fn a_full_disk_still_takes_what_needs_no_room() {
    let disk = SimDisk::new(1);
    let file = disk.create("file").unwrap();
    file.allocate(100).unwrap();
    disk.set_full(true);
    file.write_at(&[1; 100], 0).unwrap();
    let error = file.write_at(&[1; 100], 1).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::StorageFull);
    assert!(file.allocate(200).is_err() && disk.create("other").is_err());
    file.set_len(10).unwrap();
    disk.rename("file", "moved").unwrap();
    disk.set_full(false);
    disk.create("other").unwrap();
}
