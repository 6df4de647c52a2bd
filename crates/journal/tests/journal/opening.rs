//! Every way in which an open is refused, and what it says.

use tocos_journal::sim::SimDisk;
use tocos_journal::{
    Disk as _, FrameFault, Journal, Link, NewLedger, OpenError, Options, Position, SegmentHeader, snapshot_name,
};

use crate::story::{Batch, LEDGER, arc, inspect, layout, open, segments, small, written};

/// Writes twelve frames of three events over several segments, does the damage, and wants both ways of opening refused alike.
fn check(name: &str, damage: impl Fn(&SimDisk), says: &[&str]) -> OpenError {
    let disk = SimDisk::new(1);
    written(&disk, 12, 3);
    assert!(segments(&disk).len() >= 3, "the log must span segments");
    damage(&disk);
    let before = contents(&disk);
    let looked = inspect(&disk).expect_err(name).to_string();
    let error = open(&disk, small(), None).err().expect(name);
    assert_eq!(error.to_string(), looked, "{name}: inspecting and opening must agree");
    for words in says {
        assert!(looked.contains(words), "{name}: {looked:?} does not say {words:?}");
    }
    assert!(looked.contains("sim/"), "{name}: {looked:?} names no place");
    assert_eq!(contents(&disk), before, "{name}: a refused open changes nothing");
    error
}

fn contents(disk: &SimDisk) -> Vec<(String, Option<Vec<u8>>)> {
    let mut names = disk.list().unwrap();
    names.sort();
    names.into_iter().map(|name| (name.clone(), disk.get(&name))).collect()
}

fn segment(disk: &SimDisk, nth: usize) -> String {
    segments(disk)[nth].clone()
}

fn last_segment(disk: &SimDisk) -> String {
    segments(disk).pop().unwrap()
}

/// Puts other bytes into a file.
fn overwrite(disk: &SimDisk, name: &str, offset: usize, bytes: &[u8]) {
    let mut content = disk.get(name).unwrap();
    content[offset..offset + bytes.len()].copy_from_slice(bytes);
    disk.put(name, &content);
}

#[test]
fn a_directory_that_is_open_is_refused_and_free_again_when_all_parts_are_gone() {
    let disk = SimDisk::new(1);
    let first = open(&disk, small(), None).unwrap();
    let refused = open(&disk, small(), None).err().unwrap();
    assert!(matches!(refused, OpenError::Locked { .. }), "{refused}");
    assert!(refused.to_string().contains("in use by another tocos process"));
    assert!(matches!(Journal::inspect(arc(&disk), None), Err(OpenError::Locked { .. })));
    drop(first.appender);
    assert!(open(&disk, small(), None).is_err(), "a reader is still there");
    drop(first.reader);
    open(&disk, small(), None).unwrap();
}

#[test]
fn an_empty_directory_becomes_the_ledger_it_is_told_to_be_once() {
    let disk = SimDisk::new(1);
    let opened = Journal::open(arc(&disk), small()).unwrap();
    assert!(opened.is_new());
    assert_eq!((opened.ledger_id(), opened.seed()), (LEDGER.ledger_id, LEDGER.seed));
    drop(opened);
    let other = Options::new(NewLedger { ledger_id: [7; 16], seed: [8; 16] });
    let opened = Journal::open(arc(&disk), other).unwrap();
    assert!(!opened.is_new());
    assert_eq!((opened.ledger_id(), opened.seed()), (LEDGER.ledger_id, LEDGER.seed));
}

#[test]
fn inspecting_a_directory_without_a_log_makes_none() {
    let disk = SimDisk::new(1);
    let error = inspect(&disk).unwrap_err();
    assert!(matches!(error, OpenError::NoLog { .. }), "{error}");
    assert!(segments(&disk).is_empty());
}

#[test]
fn a_file_that_only_has_the_name_of_a_segment_is_refused() {
    let error =
        check("garbage", |disk| disk.put(&segment(disk, 1), b"my shopping list, of some length"), &["is not one"]);
    assert!(matches!(error, OpenError::NotOurs { .. }));
    let error = check("no number", |disk| disk.put("log-7.tocos", b""), &["log-7.tocos", "is not one"]);
    assert!(matches!(error, OpenError::NotOurs { .. }));
    let behind = "log-00000000000000009999.tocos";
    let error = check("garbage at the end", |disk| disk.put(behind, &[9; 4096]), &[behind]);
    assert!(matches!(error, OpenError::NotOurs { .. }));
}

#[test]
fn a_segment_of_a_newer_version_is_told_from_a_damaged_one() {
    let newer = |disk: &SimDisk| {
        let name = last_segment(disk);
        let mut header = disk.get(&name).unwrap()[..128].to_vec();
        header[8] = 3;
        let checksum = blake3::hash(&header[..96]);
        header[96..].copy_from_slice(checksum.as_bytes());
        overwrite(disk, &name, 0, &header);
    };
    let error = check("newer", newer, &["newer version", "format 3"]);
    assert!(matches!(error, OpenError::NewerVersion { found: 3, .. }));
    let error = check("flipped", |disk| assert!(disk.flip_bit(&last_segment(disk), 8, 2)), &["byte 0"]);
    assert!(matches!(error, OpenError::BrokenHeader { .. }));
}

#[test]
fn a_damaged_segment_header_is_refused_when_frames_follow_it() {
    for nth in [0, 1] {
        for byte in [9, 20, 40, 70, 127] {
            let error = check("header", |disk| assert!(disk.flip_bit(&segment(disk, nth), byte, 3)), &["backup"]);
            assert!(matches!(error, OpenError::BrokenHeader { .. }), "{error}");
        }
    }
    let error = check("header of the last", |disk| assert!(disk.flip_bit(&last_segment(disk), 70, 3)), &["checksum"]);
    assert!(matches!(error, OpenError::BrokenHeader { .. }), "{error}");
}

#[test]
fn a_segment_of_another_ledger_is_refused() {
    let other = |disk: &SimDisk| {
        let name = segment(disk, 1);
        let header = SegmentHeader::parse(&disk.get(&name).unwrap()).unwrap();
        overwrite(disk, &name, 0, &SegmentHeader { ledger_id: [1; 16], ..header }.encode());
    };
    let error = check("other ledger", other, &["another ledger"]);
    assert!(matches!(error, OpenError::OtherLedger { .. }));
}

#[test]
fn a_missing_segment_is_named() {
    let error = check("middle", |disk| disk.delete(&segment(disk, 1)), &["is missing", "backup"]);
    let expected = layout_first_of_segment(1);
    assert!(matches!(error, OpenError::MissingSegment { event, .. } if event == expected), "{error}");
    let error = check("first", |disk| disk.delete(&segment(disk, 0)), &["event 1 is missing"]);
    assert!(matches!(error, OpenError::MissingSegment { event: 1, .. }));
    for derived in [snapshot_name(30), "flows-00000000000000000030.tocos".to_owned()] {
        let all_but_this = |disk: &SimDisk| {
            segments(disk).iter().for_each(|name| disk.delete(name));
            disk.put(&derived, b"");
        };
        let error = check("all", all_but_this, &["event 1 is missing", &derived]);
        assert!(matches!(error, OpenError::MissingSegment { event: 1, .. }));
    }
}

/// The first event of a segment of the log that `check` writes.
fn layout_first_of_segment(nth: usize) -> u64 {
    let disk = SimDisk::new(1);
    written(&disk, 12, 3);
    let name = segment(&disk, nth);
    layout(&disk).iter().find(|laid| laid.file == name).unwrap().first
}

#[test]
fn a_segment_that_was_renamed_is_refused_with_its_right_name() {
    let rename = |disk: &SimDisk| {
        let bytes = disk.get(&last_segment(disk)).unwrap();
        disk.delete(&last_segment(disk));
        disk.put("log-00000000000000000099.tocos", &bytes);
    };
    let disk = SimDisk::new(1);
    written(&disk, 12, 3);
    let right_name = last_segment(&disk);
    let error = check("renamed", rename, &["renamed", &right_name]);
    assert!(matches!(error, OpenError::Renamed { .. }));
}

#[test]
fn a_flipped_bit_anywhere_in_a_frame_that_others_follow_stops_the_open_there() {
    let disk = SimDisk::new(1);
    written(&disk, 12, 3);
    let frames = layout(&disk);
    for laid in &frames[..frames.len() - 1] {
        for offset in laid.offset..laid.offset + laid.bytes {
            assert!(disk.flip_bit(&laid.file, offset, offset as u32 % 8));
            match open(&disk, small(), None).err() {
                Some(OpenError::Broken(broken)) => {
                    assert_eq!((broken.offset, broken.event), (laid.offset, laid.first), "byte {offset}");
                    assert!(broken.file.ends_with(&laid.file));
                }
                other => panic!("byte {offset} of {}: {other:?}", laid.file),
            }
            disk.flip_bit(&laid.file, offset, offset as u32 % 8);
        }
    }
    open(&disk, small(), None).unwrap();
}

#[test]
fn a_frame_that_was_overwritten_with_zeros_stops_the_open_when_others_follow() {
    let disk = SimDisk::new(1);
    written(&disk, 12, 3);
    let frames = layout(&disk);
    for laid in [&frames[1], &frames[frames.len() - 2]] {
        let (file, offset, bytes) = (laid.file.clone(), laid.offset as usize, laid.bytes as usize);
        let error = check("zeroed", |disk| overwrite(disk, &file, offset, &vec![0; bytes]), &["is missing", "verify"]);
        assert!(
            matches!(error, OpenError::Broken(broken) if broken.event == laid.first && broken.fault == FrameFault::Missing)
        );
    }
}

#[test]
fn a_segment_cut_short_stops_the_open_when_another_follows() {
    let cut = |keep: usize| {
        move |disk: &SimDisk| {
            let name = segment(disk, 1);
            let bytes = disk.get(&name).unwrap();
            disk.put(&name, &bytes[..keep]);
        }
    };
    let error = check("in a frame", cut(500), &["damaged at byte"]);
    assert!(matches!(error, OpenError::Broken(_)), "{error}");
    let error = check("behind the header", cut(128), &["damaged at byte 128"]);
    assert!(matches!(error, OpenError::Broken(broken) if broken.fault == FrameFault::Missing));
    let error = check("in the header", cut(100), &["damaged at byte 0"]);
    assert!(matches!(error, OpenError::BrokenHeader { .. }));
    check("to nothing", cut(0), &["is not one"]);
}

#[test]
fn a_whole_frame_that_does_not_belong_there_is_refused_and_not_cut() {
    let disk = SimDisk::new(1);
    let batches = written(&disk, 2, 3);
    let name = segment(&disk, 0);
    let end = layout(&disk).last().map(|laid| laid.offset + laid.bytes).unwrap();
    let tag = SegmentHeader::parse(&disk.get(&name).unwrap()).unwrap().tag();
    let last = batches.last().unwrap().last();
    let chain = open(&disk, small(), None).unwrap().reader.position().chain;
    let rows: [(&str, u64, [u8; 32], u64, FrameFault); 3] = [
        ("number", last + 2, chain, tag, FrameFault::Number { expected: last + 1, found: last + 2 }),
        ("chain", last + 1, [3; 32], tag, FrameFault::Chain),
        ("tag", last + 1, chain, tag + 1, FrameFault::OtherSegment),
    ];
    for (row, first, prev, tag, fault) in rows {
        let disk = SimDisk::new(1);
        written(&disk, 2, 3);
        let mut bytes = Vec::new();
        Batch::plain(first, 2).frame().seal_into(&mut bytes, &Link { prev, tag, durable: last });
        overwrite(&disk, &name, end as usize, &bytes);
        match open(&disk, small(), None).err() {
            Some(OpenError::Broken(broken)) => assert_eq!((broken.offset, broken.fault), (end, fault), "{row}"),
            other => panic!("{row}: {other:?}"),
        }
    }
}

#[test]
fn segments_that_are_whole_but_not_linked_are_refused() {
    let other = |disk: &SimDisk| {
        let name = last_segment(disk);
        let header = SegmentHeader::parse(&disk.get(&name).unwrap()).unwrap();
        overwrite(disk, &name, 0, &SegmentHeader { prev: [5; 32], ..header }.encode());
    };
    let error = check("unlinked", other, &["does not link"]);
    assert!(matches!(error, OpenError::Broken(broken) if broken.fault == FrameFault::Chain));
}

#[test]
fn a_replay_starts_behind_any_frame_and_nowhere_else() {
    let disk = SimDisk::new(1);
    let mut log = open(&disk, small(), None).unwrap();
    let mut places = vec![log.appender.position()];
    let batches: Vec<Batch> = (0..12).map(|nth| Batch::plain(1 + nth * 3, 3)).collect();
    for batch in &batches {
        log.appender.append(&batch.frame()).unwrap();
        places.push(log.appender.position());
    }
    drop(log);
    for (behind, place) in places.iter().enumerate() {
        let log = open(&disk, small(), Some(*place)).unwrap();
        assert_eq!(log.found, batches[behind..]);
        assert_eq!(log.reader.position(), places[12]);
        // Also what was not replayed can be read.
        for number in 1..=36 {
            assert_eq!(log.reader.event(number).unwrap().number, number);
        }
        drop(log);
        let wrong = Position { chain: [1; 32], ..*place };
        let error = open(&disk, small(), Some(wrong)).err().unwrap();
        assert!(matches!(error, OpenError::SnapshotMismatch { .. }), "{error}");
    }
    let inside = open(&disk, small(), Some(Position { event: 4, chain: [0; 32] })).err().unwrap();
    assert!(matches!(inside, OpenError::SnapshotMismatch { event: 4, .. }), "{inside}");
    for event in [37, 1000, u64::MAX] {
        let beyond = open(&disk, small(), Some(Position { event, chain: [0; 32] })).err().unwrap();
        assert!(matches!(beyond, OpenError::LogEndsEarly { last_event: 36, .. }), "{beyond}");
        assert!(beyond.to_string().contains("durable events are missing"));
    }
}

#[test]
fn what_unfinished_writes_left_is_removed_and_other_files_are_left_alone() {
    let disk = SimDisk::new(1);
    written(&disk, 1, 1);
    disk.put("snapshot-00000000000000000001.tocos.unfinished", b"half");
    disk.put("keys.toml", b"theirs");
    open(&disk, small(), None).unwrap();
    let names = disk.list().unwrap();
    assert!(!names.iter().any(|name| name.ends_with(".unfinished")), "{names:?}");
    assert_eq!(disk.get("keys.toml").unwrap(), b"theirs");
}

#[test]
fn a_disk_that_fails_while_opening_is_named_with_what_was_being_done() {
    let disk = SimDisk::new(1);
    written(&disk, 12, 3);
    disk.fail_sync(1);
    let error = open(&disk, small(), None).err().unwrap();
    assert!(matches!(error, OpenError::Disk { .. }));
    assert!(error.to_string().starts_with("repairing the end of sim/log-"), "{error}");
    assert!(std::error::Error::source(&error).is_some());
    open(&disk, small(), None).unwrap();
}
