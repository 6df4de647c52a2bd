//! Logs that are copies of one that is durable elsewhere: the same bytes on every disk, and a torn end that may be anything.

use tocos_journal::sim::SimDisk;
use tocos_journal::{AppendError, FrameFault, OpenError, Options, Sealed};

use crate::chance::Chance;
use crate::story::{Batch, layout, open, segments, small, written};

fn copy() -> Options {
    Options { is_copy: true, ..small() }
}

/// Batches of several sizes, one of them larger than a segment.
fn batches() -> Vec<Batch> {
    let mut chance = Chance::new(3);
    let mut next = 1;
    let sizes = [1, 3, 2, 5, 30, 1, 4, 4, 2];
    let batches = sizes.map(|count| {
        let batch = Batch::random(&mut chance, next, count, 60);
        next = batch.last() + 1;
        batch
    });
    batches.to_vec()
}

/// Seals them all before any is written, as a leader with many frames on their way.
fn sealed(disk: &SimDisk, batches: &[Batch]) -> Vec<Sealed> {
    let log = open(disk, copy(), None).unwrap();
    let mut sealer = log.appender.sealer();
    let frames: Vec<_> = batches.iter().map(|batch| sealer.seal(&batch.frame(), batch.first - 1).unwrap()).collect();
    assert_eq!(frames.last().unwrap().position(), sealer.position());
    frames
}

#[test]
fn frames_that_are_sealed_ahead_make_the_same_files_as_appending_them() {
    let (alone, leader, follower) = (SimDisk::new(1), SimDisk::new(2), SimDisk::new(3));
    let batches = batches();
    let mut log = open(&alone, small(), None).unwrap();
    for batch in &batches {
        log.appender.append(&batch.frame()).unwrap();
    }
    let frames = sealed(&leader, &batches);
    // A follower's own size of segments does not matter.
    for (disk, options) in [(&leader, copy()), (&follower, Options { segment_bytes: 1 << 20, ..copy() })] {
        let mut log = open(disk, options, None).unwrap();
        for (frame, batch) in frames.iter().zip(&batches) {
            let frame = Sealed::parse(frame.bytes().to_vec()).unwrap();
            assert_eq!(Batch::read(&frame.view()), *batch);
            log.appender.append_sealed(&frame).unwrap();
            assert_eq!(log.reader.last_event(), batch.last());
            assert_eq!(log.reader.position(), frame.position());
        }
        drop(log);
        assert_eq!(open(disk, copy(), None).unwrap().found, batches);
        assert_eq!(segments(disk), segments(&alone));
        assert_eq!(layout(disk), layout(&alone));
        for laid in layout(&alone) {
            let frame = |disk: &SimDisk| {
                let bytes = disk.get(&laid.file).unwrap();
                bytes[laid.offset as usize..][..32].to_vec()
            };
            assert_eq!(frame(disk), frame(&alone), "the hashes of {laid:?}");
        }
    }
}

#[test]
fn a_frame_that_does_not_follow_is_refused_and_nothing_is_written() {
    let disk = SimDisk::new(1);
    let batches = batches();
    let frames = sealed(&disk, &batches);
    let mut log = open(&disk, copy(), None).unwrap();
    let refused = |result: Result<(), AppendError>| match result {
        Err(AppendError::NotNext(fault)) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(refused(log.appender.append_sealed(&frames[1])), FrameFault::Number { expected: 1, found: 2 });
    log.appender.append_sealed(&frames[0]).unwrap();
    assert_eq!(refused(log.appender.append_sealed(&frames[0])), FrameFault::Number { expected: 2, found: 1 });
    // The same numbers in another history.
    let other = SimDisk::new(2);
    let mut changed = batches.clone();
    changed[0].events[0].record[40] ^= 1;
    let others = sealed(&other, &changed);
    assert_eq!(refused(log.appender.append_sealed(&others[1])), FrameFault::Chain);
    assert_eq!(log.reader.last_event(), 1);
    for frame in &frames[1..] {
        log.appender.append_sealed(frame).unwrap();
    }
    assert_eq!(open_again(&disk, log), batches);
}

fn open_again(disk: &SimDisk, log: crate::story::Open) -> Vec<Batch> {
    drop(log);
    open(disk, copy(), None).unwrap().found
}

#[test]
fn bytes_behind_a_frame_or_too_few_of_them_are_no_frame() {
    let disk = SimDisk::new(1);
    let frame = &sealed(&disk, &batches())[0];
    let bytes = frame.bytes().to_vec();
    assert!(Sealed::parse([&bytes[..], &[0; 8]].concat()).is_err());
    for cut in [0, 1, 111, bytes.len() - 1] {
        assert!(Sealed::parse(bytes[..cut].to_vec()).is_err(), "{cut}");
    }
    for at in 0..bytes.len() {
        let mut flipped = bytes.clone();
        flipped[at] ^= 4;
        assert!(Sealed::parse(flipped).is_err(), "byte {at}");
    }
}

#[test]
fn a_copy_is_cut_where_its_last_segment_is_damaged_although_later_frames_confirm_it() {
    let disk = SimDisk::new(1);
    let all = written(&disk, 4, 1);
    let frames = layout(&disk);
    let last = frames.iter().filter(|laid| laid.file == frames.last().unwrap().file).collect::<Vec<_>>();
    assert!(last.len() >= 2, "the last segment has several frames");
    let damaged = last[0];
    disk.flip_bit(&damaged.file, damaged.offset + 120, 1);
    match open(&disk, small(), None).err() {
        Some(OpenError::Broken(broken)) => assert_eq!(broken.event, damaged.first),
        other => panic!("{other:?}"),
    }
    let mut log = open(&disk, copy(), None).unwrap();
    let kept: Vec<_> = all.iter().filter(|batch| batch.last() < damaged.first).cloned().collect();
    assert_eq!(log.found, kept);
    assert!(log.tail.bytes_cut > 0);
    // What is missing is read again from where it is durable.
    let again = Batch::plain(damaged.first, 2);
    let frame = log.appender.sealer().seal(&again.frame(), damaged.first - 1).unwrap();
    log.appender.append_sealed(&frame).unwrap();
    assert_eq!(open_again(&disk, log).last(), Some(&again));
}

#[test]
fn whatever_a_crash_takes_of_a_copy_the_rest_is_a_beginning_of_it() {
    for seed in 0..300 {
        let disk = SimDisk::new(seed);
        let mut chance = Chance::new(seed);
        let batches = batches();
        let frames = sealed(&disk, &batches);
        let mut log = open(&disk, copy(), None).unwrap();
        let mut synced = 0;
        for (nth, frame) in frames.iter().take(chance.between(1, 9) as usize).enumerate() {
            log.appender.append_sealed(frame).unwrap();
            if chance.once_in(4) {
                log.appender.sync_handle().sync().unwrap();
                synced = nth + 1;
            }
        }
        disk.crash();
        drop(log);
        let mut log = open(&disk, copy(), None).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        let found = log.found.len();
        assert!(found >= synced, "seed {seed}: {found} frames are there, {synced} were synced");
        assert_eq!(log.found, batches[..found], "seed {seed}");
        for frame in &frames[found..] {
            log.appender.append_sealed(frame).unwrap();
        }
        assert_eq!(open_again(&disk, log), batches, "seed {seed}");
    }
}
