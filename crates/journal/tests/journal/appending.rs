//! Appending and reading while all is well, and what an append refuses.

use std::sync::Arc;

use tocos_journal::sim::{SimDisk, WriteFault};
use tocos_journal::{
    AppendError, Disk as _, Frame, FrameFault, Link, MAX_BLOB_BYTES, Options, ReadError, SegmentHeader,
};

use crate::chance::Chance;
use crate::story::{Batch, Open, blob_offset, layout, open, segments, small, written};

fn append(log: &mut Open, batch: &Batch) {
    log.appender.append(&batch.frame()).unwrap();
}

/// Reads back everything in every way.
fn check_reading(log: &Open, batches: &[Batch]) {
    let last = batches.last().map_or(0, Batch::last);
    assert_eq!(log.reader.last_event(), last);
    for batch in batches {
        for (number, event) in (batch.first..).zip(&batch.events) {
            let stored = log.reader.event(number).unwrap();
            assert_eq!((stored.number, stored.record, stored.at_us), (number, event.record, batch.at_us));
            assert_eq!((stored.frame_first, stored.frame_last()), (batch.first, batch.last()));
            if let (Some(blob), Some(offset)) = (&event.blob, blob_offset(&stored.record)) {
                assert_eq!(&stored.blob(offset).unwrap(), blob);
            }
        }
    }
    for from in 0..=last + 2 {
        let mut frames = log.reader.frames(from);
        let mut found = Vec::new();
        while let Some(view) = frames.next_frame().unwrap() {
            found.push(Batch::read(&view));
        }
        let expected: Vec<Batch> = batches.iter().filter(|batch| batch.last() >= from).cloned().collect();
        assert_eq!(found, expected, "from {from}");
    }
}

#[test]
fn everything_appended_is_read_back_by_number_and_in_order() {
    let mut chance = Chance::new(5);
    let disk = SimDisk::new(1);
    let mut log = open(&disk, small(), None).unwrap();
    let mut batches = Vec::new();
    let mut next = 1;
    for _ in 0..40 {
        let count = chance.between(1, 9);
        let batch = Batch::random(&mut chance, next, count, 900);
        append(&mut log, &batch);
        next = batch.last() + 1;
        batches.push(batch);
    }
    assert!(segments(&disk).len() > 5);
    check_reading(&log, &batches);
    drop(log);
    let log = open(&disk, small(), None).unwrap();
    assert_eq!(log.found, batches);
    check_reading(&log, &batches);
}

#[test]
fn frames_fill_a_segment_to_its_last_byte_and_larger_ones_get_their_own() {
    let disk = SimDisk::new(1);
    let room = 1024 - 128;
    // A frame of one event and no blobs takes 112 + 64 bytes, a blob 4 more than its bytes.
    let sized = |first: u64, bytes: usize| {
        let mut frame = Frame::new(first, 0);
        frame.blob(&vec![1; bytes - 112 - 64 - 4]);
        frame.push(&[0; 64]);
        assert_eq!(frame.disk_bytes(), bytes as u64);
        frame
    };
    let mut log = open(&disk, small(), None).unwrap();
    for (first, bytes) in [(1, room), (2, room - 200), (3, 200), (4, 5000), (5, room + 8), (6, 184), (7, room - 184)] {
        log.appender.append(&sized(first, bytes)).unwrap();
    }
    let files: Vec<(u64, u64)> =
        layout(&disk).iter().map(|laid| (laid.first, laid.file[4..24].parse().unwrap())).collect();
    assert_eq!(files, [(1, 1), (2, 2), (3, 2), (4, 4), (5, 5), (6, 6), (7, 6)]);
    drop(log);
    disk.crash();
    let log = open(&disk, small(), None).unwrap();
    assert_eq!(log.reader.last_event(), 7);
    assert_eq!(log.reader.event(4).unwrap().blob(0).unwrap().len(), 5000 - 180);
    assert_eq!(log.reader.log_bytes(), 5 * 128 + 2 * room as u64 + 5000 + room as u64 + 8 + room as u64);
}

#[test]
fn a_first_frame_larger_than_a_segment_goes_into_the_first_segment() {
    let disk = SimDisk::new(1);
    let mut log = open(&disk, small(), None).unwrap();
    let large = Batch::plain(1, 100);
    let small_one = Batch::plain(101, 1);
    append(&mut log, &large);
    append(&mut log, &small_one);
    assert_eq!(segments(&disk).len(), 2);
    drop(log);
    disk.crash();
    assert_eq!(open(&disk, small(), None).unwrap().found, [large, small_one]);
}

#[test]
fn an_append_refuses_what_must_not_follow_and_stays_usable() {
    let disk = SimDisk::new(1);
    let mut log = open(&disk, small(), None).unwrap();
    append(&mut log, &Batch::plain(1, 3));
    for first in [0, 1, 3, 5, u64::MAX] {
        let error = log.appender.append(&Batch { first, ..Batch::plain(4, 1) }.frame()).unwrap_err();
        assert!(matches!(error, AppendError::WrongNumber { expected: 4, found } if found == first), "{error}");
    }
    let error = log.appender.append(&Frame::new(4, 0)).unwrap_err();
    assert!(matches!(error, AppendError::Empty), "{error}");
    let mut frame = Frame::new(4, 0);
    let mark = frame.mark();
    frame.push(&[0; 64]);
    frame.blob(&vec![0; MAX_BLOB_BYTES as usize]);
    let error = log.appender.append(&frame).unwrap_err();
    assert!(matches!(error, AppendError::TooLarge { records: 1, .. }), "{error}");
    assert!(!log.appender.is_poisoned());
    frame.truncate(mark);
    frame.push(&[0; 64]);
    log.appender.append(&frame).unwrap();
    assert_eq!(log.reader.last_event(), 4);
}

#[test]
fn a_write_that_finds_no_space_poisons_and_nothing_half_written_is_believed() {
    let mut retried = 0;
    for nth in 1..=60 {
        let disk = SimDisk::new(nth);
        let mut batches = written(&disk, 1, 3);
        let mut log = open(&disk, small(), None).unwrap();
        disk.fail_write(nth, WriteFault::NoSpace);
        let failed = loop {
            let batch = Batch::plain(log.appender.last_event() + 1, 2);
            match log.appender.append(&batch.frame()) {
                Ok(()) => batches.push(batch),
                // There was no room for another segment: nothing was written, and the same frame goes in when there is.
                Err(AppendError::Full { place }) => {
                    assert!(place.contains("log-") && !log.appender.is_poisoned());
                    log.appender.append(&batch.frame()).unwrap();
                    batches.push(batch);
                    retried += 1;
                    break None;
                }
                Err(error) => {
                    assert!(
                        matches!(&error, AppendError::Disk { source, .. } if source.kind() == std::io::ErrorKind::StorageFull)
                    );
                    assert!(error.to_string().contains("no space left"), "{error}");
                    break Some(batch);
                }
            }
        };
        if let Some(failed) = &failed {
            let error = log.appender.append(&failed.frame()).unwrap_err();
            assert!(matches!(error, AppendError::Poisoned { .. }) && log.appender.is_poisoned(), "{error}");
            assert!(error.to_string().contains("no space left"), "{error}");
        }
        // Readers go on with what is durable.
        assert_eq!(log.reader.last_event(), batches.last().unwrap().last());
        log.reader.event(log.reader.last_event()).unwrap();
        drop(log);
        let log = open(&disk, small(), None).unwrap();
        if log.found.len() > batches.len() {
            batches.extend(failed);
        }
        assert_eq!(log.found, batches, "write {nth}");
    }
    assert!((5..55).contains(&retried), "{retried} of 60 were tried again");
}

#[test]
fn a_full_disk_is_known_before_a_frame_needs_room_and_all_goes_on_when_there_is_some() {
    let disk = SimDisk::new(3);
    let mut batches = written(&disk, 1, 3);
    let mut log = open(&disk, small(), None).unwrap();
    disk.set_full(true);
    let batch = |log: &Open| Batch::plain(log.appender.last_event() + 1, 1);
    while log.appender.prepare().is_ok() {
        batches.push(batch(&log));
        append(&mut log, batches.last().unwrap());
    }
    assert!(matches!(log.appender.prepare(), Err(AppendError::Full { .. })));
    assert_eq!(segments(&disk).len(), 1, "the quarter that is left is for what was begun");
    batches.push(batch(&log));
    append(&mut log, batches.last().unwrap());
    // And then there is no room left, and still nothing is lost.
    let refused = loop {
        let batch = batch(&log);
        match log.appender.append(&batch.frame()) {
            Ok(()) => batches.push(batch),
            Err(AppendError::Full { .. }) => break batch,
            Err(error) => panic!("{error}"),
        }
    };
    disk.set_full(false);
    log.appender.prepare().unwrap();
    disk.set_full(true);
    append(&mut log, &refused);
    batches.push(refused);
    assert_eq!(segments(&disk).len(), 2, "it went into the segment that was made ahead");
    drop(log);
    disk.set_full(false);
    assert_eq!(open(&disk, small(), None).unwrap().found, batches);
}

#[test]
fn a_disk_that_is_full_when_opening_can_still_be_read() {
    let disk = SimDisk::new(1);
    let batches = written(&disk, 5, 3);
    let last = layout(&disk).pop().unwrap();
    disk.flip_bit(&last.file, last.offset + 120, 1);
    disk.set_full(true);
    let mut log = open(&disk, small(), None).unwrap();
    assert_eq!(log.found, batches[..4]);
    assert!(log.appender.append(&Batch::plain(13, 30).frame()).is_err());
    drop(log);
    disk.set_full(false);
    let mut log = open(&disk, small(), None).unwrap();
    append(&mut log, &Batch::plain(13, 30));
}

#[test]
fn a_failed_sync_is_never_tried_again() {
    let disk = SimDisk::new(1);
    let mut log = open(&disk, small(), None).unwrap();
    append(&mut log, &Batch::plain(1, 1));
    disk.fail_sync(1);
    assert!(matches!(log.appender.append(&Batch::plain(2, 1).frame()), Err(AppendError::Disk { .. })));
    let before = disk.counts();
    for _ in 0..3 {
        assert!(matches!(log.appender.append(&Batch::plain(2, 1).frame()), Err(AppendError::Poisoned { .. })));
    }
    assert_eq!(disk.counts(), before, "a poisoned appender leaves the disk alone");
    assert_eq!(log.reader.last_event(), 1);
}

#[test]
fn an_append_is_one_write_and_one_sync() {
    let disk = SimDisk::new(1);
    let mut log = open(&disk, Options { segment_bytes: 1 << 20, ..small() }, None).unwrap();
    for number in 1..=50 {
        let before = disk.counts();
        append(&mut log, &Batch::plain(number, 1));
        assert_eq!(disk.counts(), (before.0 + 1, before.1 + 1));
    }
}

#[test]
fn a_reader_says_what_it_cannot_read() {
    let disk = SimDisk::new(1);
    let batches = written(&disk, 4, 3);
    let log = open(&disk, small(), None).unwrap();
    for number in [0, 13, u64::MAX] {
        let error = log.reader.event(number).unwrap_err();
        assert!(matches!(error, ReadError::NoSuchEvent { last_event: 12, .. }), "{error}");
    }
    let stored = log.reader.event(1).unwrap();
    let blobs: usize =
        batches[0].events.iter().filter_map(|event| event.blob.as_ref()).map(|blob| 4 + blob.len()).sum();
    for offset in [blobs as u32, blobs as u32 - 3, u32::MAX] {
        let error = stored.blob(offset).unwrap_err();
        assert!(matches!(error, ReadError::NoSuchBlob { event: 1, .. }), "{error}");
    }

    let broken = layout(&disk)[1].clone();
    disk.flip_bit(&broken.file, broken.offset + 64, 0);
    let error = log.reader.event(4).unwrap_err();
    assert!(matches!(&error, ReadError::Broken(at) if at.event == 4 && at.offset == broken.offset), "{error}");
    let mut frames = log.reader.frames(1);
    assert_eq!(frames.next_frame().unwrap().unwrap().first(), 1);
    for _ in 0..2 {
        let error = frames.next_frame().unwrap_err();
        assert!(matches!(&error, ReadError::Broken(at) if at.event == 4), "{error}");
    }
}

#[test]
fn a_history_that_was_rewritten_is_noticed_where_the_next_segment_links_to_it() {
    let disk = SimDisk::new(1);
    written(&disk, 12, 3);
    let end = open(&disk, small(), None).unwrap().reader.position();
    let name = segments(&disk)[0].clone();
    let mut bytes = disk.get(&name).unwrap()[..128].to_vec();
    let header = SegmentHeader::parse(&bytes).unwrap();
    let mut prev = header.prev;
    for laid in layout(&disk).iter().filter(|laid| laid.file == name) {
        // The same events, an hour later.
        let mut batch = Batch::plain(laid.first, 3);
        batch.at_us += 3_600_000_000;
        prev = batch.frame().seal_into(&mut bytes, &Link { prev, tag: header.tag(), durable: laid.first - 1 });
    }
    disk.put(&name, &bytes);
    // Started from a snapshot, nothing old is read.
    let log = open(&disk, small(), Some(end)).unwrap();
    let mut frames = log.reader.frames(1);
    let error = loop {
        match frames.next_frame() {
            Ok(view) => assert!(view.is_some(), "the walk must not reach the end"),
            Err(error) => break error,
        }
    };
    assert!(matches!(&error, ReadError::Broken(at) if at.fault == FrameFault::Chain && at.offset == 0), "{error}");
    assert!(error.to_string().contains(&segments(&disk)[1]), "{error}");
}

#[test]
fn a_walk_can_be_kept_and_goes_on_when_more_is_appended() {
    let disk = SimDisk::new(1);
    let mut log = open(&disk, small(), None).unwrap();
    let mut frames = log.reader.frames(1);
    for nth in 0..30 {
        assert!(frames.next_frame().unwrap().is_none());
        let batch = Batch::plain(1 + nth * 4, 4);
        append(&mut log, &batch);
        assert_eq!(Batch::read(&frames.next_frame().unwrap().unwrap()), batch);
    }
    assert!(segments(&disk).len() > 5);
}

#[test]
fn a_log_of_many_segments_keeps_few_files_open() {
    let disk = SimDisk::new(1);
    let options = Options { segment_bytes: 1024, ..small() };
    let mut log = open(&disk, options, None).unwrap();
    for number in 1..=300 {
        let mut frame = Frame::new(number, 0);
        frame.blob(&[3; 700]);
        frame.push(&[number as u8; 64]);
        log.appender.append(&frame).unwrap();
    }
    assert_eq!(segments(&disk).len(), 300);
    for round in 0..3u64 {
        for number in 1..=300u64 {
            let number = (number * 7 + round) % 300 + 1;
            assert_eq!(log.reader.event(number).unwrap().record, [number as u8; 64]);
        }
    }
    let open_files = disk.open_files();
    assert!(open_files <= 135, "{open_files} files are open");
}

#[test]
fn readers_on_other_threads_see_whole_events_while_the_log_grows() {
    let disk = SimDisk::new(1);
    let mut log = open(&disk, Options { segment_bytes: 16 << 10, ..small() }, None).unwrap();
    let total = 3000;
    std::thread::scope(|scope| {
        for thread in 0..2 {
            let reader = log.reader.clone();
            scope.spawn(move || {
                let mut chance = Chance::new(thread);
                let mut frames = reader.frames(1);
                let mut seen = 0;
                while seen < total {
                    if let Some(view) = frames.next_frame().unwrap() {
                        assert_eq!(view.first(), seen + 1);
                        seen = view.last();
                    }
                    let last = reader.last_event();
                    if last > 0 {
                        let number = chance.between(1, last);
                        let stored = reader.event(number).unwrap();
                        assert_eq!(stored.record[8..16], number.to_le_bytes());
                    }
                }
            });
        }
        while log.appender.last_event() < total {
            let first = log.appender.last_event() + 1;
            let batch = Batch::plain(first, (total - first + 1).min(1 + first % 7));
            log.appender.append(&batch.frame()).unwrap();
        }
    });
}

#[test]
fn a_disk_is_shared_and_not_copied_by_what_uses_it() {
    let disk = SimDisk::new(1);
    let shared: Arc<dyn tocos_journal::Disk> = Arc::new(disk.clone());
    shared.create("file").unwrap().write_at(b"seen", 0).unwrap();
    assert_eq!(disk.get("file").unwrap(), b"seen");
    assert_eq!(disk.list().unwrap(), ["file"]);
}
