//! What a crash may leave at the end of a log, and that it is cut off, said so, and no more than that.

use tocos_journal::sim::{SimDisk, WriteFault};
use tocos_journal::{Disk, FrameView, Link, OpenError, Options, SegmentHeader};

use crate::chance::Chance;
use crate::story::{Batch, inspect, layout, open, segments, small, written};

#[test]
fn a_last_frame_cut_anywhere_is_cut_off_and_reported() {
    let pristine = SimDisk::new(1);
    let batches = written(&pristine, 3, 2);
    let last = layout(&pristine).pop().unwrap();
    let bytes = pristine.get(&last.file).unwrap();
    for kept in 0..last.bytes {
        let disk = SimDisk::new(1);
        disk.put(&last.file, &bytes[..(last.offset + kept) as usize]);
        let (looked, seen) = inspect(&disk).unwrap();
        let log = open(&disk, small(), None).unwrap();
        assert_eq!((&looked, &seen), (&log.found, &log.tail));
        assert_eq!(log.found, batches[..2]);
        assert_eq!((log.tail.offset, log.tail.after_event), (last.offset, 4));
        assert!(log.tail.file.ends_with(&last.file));
        let used = bytes[last.offset as usize..][..kept as usize].iter().rposition(|byte| *byte != 0);
        assert_eq!(log.tail.bytes_cut, used.map_or(0, |at| at as u64 + 1), "{kept} bytes kept");
    }
}

#[test]
fn a_flip_anywhere_in_the_last_frame_is_a_reported_cut() {
    let disk = SimDisk::new(1);
    let batches = written(&disk, 3, 2);
    let last = layout(&disk).pop().unwrap();
    let bytes = disk.get(&last.file).unwrap();
    for offset in last.offset..last.offset + last.bytes {
        disk.put(&last.file, &bytes);
        disk.flip_bit(&last.file, offset, 5);
        let log = open(&disk, small(), None).unwrap();
        assert_eq!(log.found, batches[..2], "byte {offset}");
        assert!(log.tail.bytes_cut > 0, "byte {offset} must be reported");
    }
}

#[test]
fn after_a_cut_the_rest_of_the_segment_is_zeros_and_the_log_goes_on() {
    let disk = SimDisk::new(1);
    let batches = written(&disk, 3, 2);
    let last = layout(&disk).pop().unwrap();
    disk.flip_bit(&last.file, last.offset + 110, 0);
    // Stale bytes far behind, as an old file system might show them.
    let mut bytes = disk.get(&last.file).unwrap();
    let len = bytes.len();
    bytes[len - 7] = 9;
    disk.put(&last.file, &bytes);

    let mut log = open(&disk, small(), None).unwrap();
    assert_eq!(log.tail.bytes_cut, len as u64 - 6 - last.offset);
    let bytes = disk.get(&last.file).unwrap();
    assert_eq!(bytes.len(), len);
    assert!(bytes[last.offset as usize..].iter().all(|byte| *byte == 0));
    let again = Batch::plain(5, 1);
    log.appender.append(&again.frame()).unwrap();
    drop(log);
    disk.crash();
    let log = open(&disk, small(), None).unwrap();
    assert_eq!((&log.found[..2], &log.found[2]), (&batches[..2], &again));
    assert_eq!(log.tail.bytes_cut, 0);
}

#[test]
fn bytes_behind_a_lost_frame_header_are_cut_too() {
    let disk = SimDisk::new(1);
    written(&disk, 2, 2);
    let last = layout(&disk).pop().unwrap();
    let end = (last.offset + last.bytes) as usize;
    let mut bytes = disk.get(&last.file).unwrap();
    bytes[end + 200..end + 210].fill(7);
    disk.put(&last.file, &bytes);
    let log = open(&disk, small(), None).unwrap();
    assert_eq!((log.tail.bytes_cut, log.tail.after_event), (210, 4));
}

#[test]
fn bytes_behind_the_last_frame_of_a_segment_do_not_matter_when_the_next_one_links_to_it() {
    // A cut that a failed sync lost, and then a new segment: the torn bytes are there again.
    let disk = SimDisk::new(1);
    let batches = written(&disk, 12, 3);
    let name = segments(&disk)[1].clone();
    let torn = [&[7; 40][..], &[0; 20], &[9; 300]].concat();
    for junk in [&torn[..], &torn[40..], &disk.get(&name).unwrap()[128..]] {
        let bytes = disk.get(&name).unwrap();
        disk.put(&name, &[&bytes[..], junk].concat());
        let end = {
            let log = open(&disk, small(), None).unwrap();
            assert_eq!((log.found, log.tail.bytes_cut), (batches.clone(), 0));
            log.reader.position()
        };
        let log = open(&disk, small(), Some(end)).unwrap();
        let mut frames = log.reader.frames(1);
        for batch in &batches {
            assert_eq!(&Batch::read(&frames.next_frame().unwrap().unwrap()), batch);
            assert_eq!(log.reader.event(batch.last()).unwrap().number, batch.last());
        }
        drop(log);
        disk.put(&name, &bytes);
    }
}

#[test]
fn a_cut_that_a_failed_sync_lost_does_no_harm_later() {
    let mut came_back = 0;
    for seed in 0..600 {
        let disk = SimDisk::new(seed);
        let mut batches = written(&disk, 2, 1);
        let end = layout(&disk).last().map(|laid| laid.offset + laid.bytes).unwrap() as usize;
        let name = segments(&disk).pop().unwrap();
        let mut bytes = disk.get(&name).unwrap();
        bytes[end..].fill(7);
        disk.put(&name, &bytes);
        disk.fail_sync(1);
        assert!(open(&disk, small(), None).is_err());
        let mut log = open(&disk, small(), None).unwrap();
        let large = Batch::plain(3, 12);
        log.appender.append(&large.frame()).unwrap();
        batches.push(large);
        drop(log);
        disk.crash();
        came_back += u32::from(disk.get(&name).unwrap()[end..].contains(&7));
        let log = open(&disk, small(), None).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(log.found, batches, "seed {seed}");
    }
    assert!(came_back > 20, "the case must have come up: {came_back}");
}

#[test]
fn a_torn_frame_whose_blob_holds_frames_is_still_only_torn() {
    let disk = SimDisk::new(1);
    let batches = written(&disk, 1, 2);
    let name = segments(&disk).pop().unwrap();
    // The best that someone outside could put there: a whole frame, with all that is public.
    let mut inner = Vec::new();
    Batch::plain(4, 1).frame().seal_into(&mut inner, &Link { prev: [0; 32], tag: 0x1234_5678, durable: 3 });
    for shift in 0..8 {
        let mut log = open(&disk, small(), None).unwrap();
        let mut frame = Batch::plain(3, 1).frame();
        frame.blob(&[&vec![1; shift][..], &inner, &inner].concat());
        log.appender.append(&frame).unwrap();
        drop(log);
        let torn = layout(&disk).pop().unwrap();
        disk.flip_bit(&name, torn.offset + 100, 0);
        let log = open(&disk, small(), None).unwrap();
        assert_eq!(log.found, batches);
        assert!(log.tail.bytes_cut > 0);
    }
}

#[test]
fn a_second_damaged_frame_proves_that_the_first_was_durable() {
    let disk = SimDisk::new(1);
    written(&disk, 3, 2);
    let frames = layout(&disk);
    for laid in &frames[1..] {
        // In the records, so that both headers stay plausible.
        disk.flip_bit(&laid.file, laid.offset + 120, 1);
    }
    match open(&disk, small(), None).err() {
        Some(OpenError::Broken(broken)) => assert_eq!(broken.event, 3),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_last_segment_whose_header_never_arrived_is_made_again_when_it_is_needed() {
    let pristine = SimDisk::new(1);
    let batches = written(&pristine, 12, 3);
    let first = layout(&pristine).last().unwrap().first + 3;
    let name = format!("log-{first:020}.tocos");
    let rows: [(&str, Vec<u8>); 6] = [
        ("nothing", vec![]),
        ("a few zeros", vec![0; 100]),
        ("a segment of zeros", vec![0; 2048]),
        ("half the magic bytes", [b"TOCO".to_vec(), vec![0; 2044]].concat()),
        ("a cut header", b"TOCOSLOG\x01\0\x80\0".to_vec()),
        ("a header with its end missing", {
            let mut bytes = pristine.get(&segments(&pristine)[0]).unwrap()[..90].to_vec();
            bytes.resize(2048, 0);
            bytes
        }),
    ];
    for (row, bytes) in rows {
        let disk = SimDisk::new(1);
        written(&disk, 12, 3);
        disk.put(&name, &bytes);
        assert_eq!(inspect(&disk).unwrap().0, batches, "{row}");
        assert!(disk.get(&name).is_some(), "{row}: inspecting removes nothing");
        let mut log = open(&disk, small(), None).unwrap();
        assert_eq!(log.found, batches, "{row}");
        assert_eq!(log.tail.bytes_cut, 0, "{row}");
        let more = Batch::plain(first, 20);
        log.appender.append(&more.frame()).unwrap();
        drop(log);
        disk.crash();
        assert_eq!(open(&disk, small(), None).unwrap().found.last(), Some(&more), "{row}");
    }
}

#[test]
fn an_unfinished_segment_hides_no_missing_one() {
    let disk = SimDisk::new(1);
    written(&disk, 12, 3);
    disk.put("log-00000000000000000100.tocos", &[]);
    let error = open(&disk, small(), None).err().unwrap();
    assert!(matches!(error, OpenError::MissingSegment { event: 37, .. }), "{error}");

    let alone = SimDisk::new(1);
    alone.put("log-00000000000000000100.tocos", &[]);
    let error = open(&alone, small(), None).err().unwrap();
    assert!(matches!(error, OpenError::MissingSegment { event: 1, .. }), "{error}");
}

#[test]
fn a_first_segment_that_never_was_finished_becomes_a_new_ledger() {
    let disk = SimDisk::new(1);
    disk.put("log-00000000000000000001.tocos", &[0; 700]);
    let mut log = open(&disk, small(), None).unwrap();
    assert!(log.is_new && log.found.is_empty());
    log.appender.append(&Batch::plain(1, 1).frame()).unwrap();
}

#[test]
fn a_frame_left_in_memory_by_a_failed_sync_is_durable_once_the_log_was_opened_again() {
    // Whether a failed sync leaves the frame readable is chance, so look at many.
    let mut kept = 0;
    for seed in 0..200 {
        let disk = SimDisk::new(seed);
        let batches = written(&disk, 2, 1);
        let mut log = open(&disk, small(), None).unwrap();
        let failed = Batch::plain(3, 1);
        disk.fail_sync(1);
        log.appender.append(&failed.frame()).unwrap_err();
        drop(log);
        // The process starts again, the machine does not.
        let mut log = open(&disk, small(), None).unwrap();
        let mut expected = batches.clone();
        if log.found.len() == 3 {
            expected.push(failed);
            kept += 1;
        }
        let next = Batch::plain(expected.len() as u64 + 1, 1);
        log.appender.append(&next.frame()).unwrap();
        expected.push(next);
        drop(log);
        disk.crash();
        assert_eq!(open(&disk, small(), None).unwrap().found, expected, "seed {seed}");
    }
    assert!(kept > 10, "the case must have come up: {kept}");
}

#[test]
fn a_segment_name_left_in_memory_by_a_failed_sync_is_durable_once_the_log_was_opened_again() {
    let mut seen = 0;
    for seed in 0..400 {
        let disk = SimDisk::new(seed);
        let mut batches = written(&disk, 1, 3);
        let mut log = open(&disk, small(), None).unwrap();
        // Too large for what is left, so a new segment is begun first.
        let large = Batch::plain(4, 10);
        // The header is synced before the file gets its name; it is the name that is lost.
        disk.fail_sync(2);
        log.appender.append(&large.frame()).unwrap_err();
        drop(log);
        // The process starts again, and the power goes while it writes the first frame into that segment.
        let mut log = open(&disk, small(), None).unwrap();
        seen += u32::from(segments(&disk).len() == 2);
        disk.fail_write(1, WriteFault::PowerCut);
        log.appender.append(&large.frame()).unwrap_err();
        drop(log);
        disk.crash();
        let log = open(&disk, small(), None).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        if log.found.len() == 2 {
            batches.push(large);
        }
        assert_eq!(log.found, batches, "seed {seed}");
    }
    assert!(seen > 50, "the case must have come up: {seen}");
}

#[test]
fn a_power_cut_while_a_large_frame_is_written_leaves_it_whole_or_not_at_all() {
    let roomy = Options { segment_bytes: 16 << 10, ..small() };
    let (mut whole, mut torn, mut clean) = (0, 0, 0);
    for seed in 0..300 {
        let disk = SimDisk::new(seed);
        let mut batches = written(&disk, 1, 1);
        let mut log = open(&disk, roomy, None).unwrap();
        let large = Batch::plain(2, 20);
        disk.fail_write(1, WriteFault::PowerCut);
        log.appender.append(&large.frame()).unwrap_err();
        drop(log);
        disk.crash();
        let log = open(&disk, small(), None).unwrap();
        match (log.found.len(), log.tail.bytes_cut) {
            (2, 0) => {
                whole += 1;
                batches.push(large);
            }
            (1, 0) => clean += 1,
            (1, _) => torn += 1,
            other => panic!("seed {seed}: {other:?}"),
        }
        assert_eq!(log.found, batches, "seed {seed}");
    }
    assert!(whole > 3 && torn > 100 && clean > 3, "{whole} whole, {torn} torn, {clean} without a trace");
}

#[test]
fn frames_carry_the_tag_of_their_segment() {
    let disk = SimDisk::new(1);
    written(&disk, 12, 3);
    for laid in layout(&disk) {
        let bytes = disk.get(&laid.file).unwrap();
        let header = SegmentHeader::parse(&bytes).unwrap();
        let view = FrameView::parse(&bytes[laid.offset as usize..]).unwrap();
        assert_eq!(view.header().tag, header.tag());
    }
}

/// A log of some durable frames, and the bytes of frames behind them that were begun before any of them was durable.
struct OnTheirWay {
    disk: SimDisk,
    durable: Vec<Batch>,
    name: String,
    /// Each with where it goes.
    frames: Vec<(Batch, u64, Vec<u8>)>,
}

impl OnTheirWay {
    fn new(seed: u64, count: usize, chance: &mut Chance) -> Self {
        let disk = SimDisk::new(seed);
        let roomy = Options { segment_bytes: 16 << 10, zero_ahead_bytes: 8 << 10, ..small() };
        let mut log = open(&disk, roomy, None).unwrap();
        let mut durable = Vec::new();
        for first in 1..=chance.between(1, 3) {
            durable.push(Batch::plain(first, 1));
            log.appender.append(&durable.last().unwrap().frame()).unwrap();
        }
        let position = log.reader.position();
        drop(log);
        let name = segments(&disk).pop().unwrap();
        let tag = SegmentHeader::parse(&disk.get(&name).unwrap()).unwrap().tag();
        let mut at = layout(&disk).last().map(|laid| laid.offset + laid.bytes).unwrap();
        let (mut first, mut prev) = (position.event + 1, position.chain);
        let mut frames = Vec::new();
        for _ in 0..count {
            let batch = Batch::plain(first, chance.between(1, 12));
            let mut bytes = Vec::new();
            prev = batch.frame().seal_into(&mut bytes, &Link { prev, tag, durable: position.event });
            first = batch.last() + 1;
            let next = at + bytes.len() as u64;
            frames.push((batch, at, bytes));
            at = next;
        }
        Self { disk, durable, name, frames }
    }

    /// Puts some of them into the cache of the disk, in any order.
    fn write_some(&self, chance: &mut Chance) -> usize {
        let file = self.disk.open(&self.name).unwrap();
        let mut written = 0;
        let turn = chance.between(0, self.frames.len() as u64 - 1) as usize;
        for nth in 0..self.frames.len() {
            let (_, at, bytes) = &self.frames[(nth + turn) % self.frames.len()];
            if !chance.once_in(4) {
                file.write_at(bytes, *at).unwrap();
                written += 1;
            }
        }
        written
    }
}

#[test]
fn of_frames_that_were_on_their_way_together_a_crash_leaves_the_first_whole_ones() {
    let (mut gaps, mut all, mut none) = (0, 0, 0);
    for seed in 0..2_000 {
        let mut chance = Chance::new(seed);
        let count = chance.between(1, 4) as usize;
        let case = OnTheirWay::new(seed, count, &mut chance);
        case.write_some(&mut chance);
        case.disk.crash();
        let bytes = case.disk.get(&case.name).unwrap();
        let whole: Vec<bool> =
            case.frames.iter().map(|(_, at, frame)| bytes[*at as usize..].starts_with(frame)).collect();
        let kept = whole.iter().take_while(|whole| **whole).count();
        gaps += u32::from(whole[kept..].contains(&true));
        all += u32::from(kept == count);
        none += u32::from(kept == 0);
        let mut expected = case.durable.clone();
        expected.extend(case.frames[..kept].iter().map(|(batch, ..)| batch.clone()));
        let mut log = open(&case.disk, small(), None).unwrap_or_else(|error| panic!("seed {seed}: {error}"));
        assert_eq!(log.found, expected, "seed {seed}");
        let end = case.frames[kept..].iter().any(|(_, at, _)| bytes[*at as usize..].iter().any(|byte| *byte != 0));
        assert_eq!(log.tail.bytes_cut > 0, end, "seed {seed}: what is cut is told");
        let next = Batch::plain(log.tail.after_event + 1, 3);
        log.appender.append(&next.frame()).unwrap();
        expected.push(next);
        drop(log);
        case.disk.crash();
        assert_eq!(open(&case.disk, small(), None).unwrap().found, expected, "seed {seed}");
    }
    assert!(gaps > 100 && all > 100 && none > 100, "{gaps} with a whole one behind a torn one, {all} all, {none} none");
}

#[test]
fn frames_that_were_on_their_way_in_memory_only_are_durable_once_the_log_was_opened_again() {
    let mut kept = 0;
    for seed in 0..2_000 {
        let mut chance = Chance::new(seed);
        let case = OnTheirWay::new(seed, 3, &mut chance);
        let written = case.write_some(&mut chance);
        // Their sync fails: what of them is still seen is written by no later sync. The process ends, the machine does not.
        case.disk.fail_sync(1);
        case.disk.open(&case.name).unwrap().sync().unwrap_err();
        let log = open(&case.disk, small(), None).unwrap();
        let found = log.found.clone();
        kept += u32::from(found.len() > case.durable.len() + 1 && written > 1);
        drop(log);
        case.disk.crash();
        assert_eq!(open(&case.disk, small(), None).unwrap().found, found, "seed {seed}");
    }
    assert!(kept > 50, "the case must have come up: {kept}");
}

#[test]
fn a_frame_that_a_later_one_knew_to_be_durable_is_never_cut() {
    for torn_behind in [false, true] {
        let mut chance = Chance::new(5);
        let mut case = OnTheirWay::new(5, 2, &mut chance);
        let (first, second) = (case.frames[0].clone(), case.frames[1].clone());
        // The second one was begun when the first was durable.
        let view = FrameView::parse(&first.2).unwrap();
        let link = Link { prev: view.hash(), tag: view.header().tag, durable: first.0.last() };
        let mut bytes = Vec::new();
        second.0.frame().seal_into(&mut bytes, &link);
        case.frames[1].2 = bytes;
        let file = case.disk.open(&case.name).unwrap();
        for (_, at, bytes) in &case.frames {
            file.write_durable_at(bytes, *at).unwrap();
        }
        assert_eq!(open(&case.disk, small(), None).unwrap().found.len(), case.durable.len() + 2);
        case.disk.flip_bit(&case.name, first.1 + 130, 1);
        if torn_behind {
            case.disk.flip_bit(&case.name, second.1 + 130, 1);
        }
        match open(&case.disk, small(), None).err() {
            Some(OpenError::Broken(broken)) => assert_eq!(broken.event, first.0.first),
            other => panic!("{other:?}"),
        }
    }
}
