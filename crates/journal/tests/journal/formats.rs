//! Bytes to frames and back, and bytes that lie.

use proptest::collection::vec;
use proptest::prelude::*;
use tocos_journal::blockfile::{BlockHeader, BlockHeaderFault};
use tocos_journal::{
    FRAME_HEADER_BYTES, Frame, FrameFault, FrameHeader, FrameView, Link, MAX_BLOB_BYTES, MAX_RECORDS, SegmentFault,
    SegmentHeader,
};

use crate::chance::Chance;
use crate::story::Batch;

const LINK: Link = Link { prev: [1; 32], tag: 9, durable: 6 };

prop_compose! {
    fn any_record()(bytes in vec(any::<u8>(), 64)) -> [u8; 64] {
        bytes.try_into().unwrap()
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(256) })]

    #[test]
    fn a_frame_survives_the_way_to_bytes_and_back(
        first in 1..=u64::MAX - 1000,
        at_us in any::<i64>(),
        records in vec(any_record(), 1..40),
        blobs in vec(vec(any::<u8>(), 0..300), 0..12),
        prev in any::<[u8; 32]>(),
        tag in any::<u64>(),
        before in vec(any::<u8>(), 0..20),
        behind in vec(any::<u8>(), 0..20),
    ) {
        let mut frame = Frame::new(first, at_us);
        let offsets: Vec<u32> = blobs.iter().map(|blob| frame.blob(blob)).collect();
        records.iter().for_each(|record| frame.push(record));
        let mut bytes = before.clone();
        let hash = frame.seal_into(&mut bytes, &Link { prev, tag, durable: first - 1 });
        prop_assert_eq!((bytes.len() - before.len()) as u64, frame.disk_bytes());
        prop_assert_eq!(frame.disk_bytes() % 8, 0);
        bytes.extend_from_slice(&behind);

        let view = FrameView::parse(&bytes[before.len()..]).unwrap();
        prop_assert_eq!((view.first(), view.at_us(), view.count() as usize), (first, at_us, records.len()));
        prop_assert_eq!((view.hash(), view.prev(), view.header().tag, view.header().durable), (hash, prev, tag, first - 1));
        prop_assert_eq!((view.last(), view.records()), (frame.last(), &records[..]));
        for (offset, blob) in offsets.iter().zip(&blobs) {
            prop_assert_eq!(view.blob(*offset), Some(&blob[..]));
            prop_assert_eq!(frame.blob_at(*offset), Some(&blob[..]));
        }
    }

    #[test]
    fn what_is_taken_back_leaves_no_trace(
        kept in vec((any_record(), vec(any::<u8>(), 0..50)), 0..10),
        taken in vec((any_record(), vec(any::<u8>(), 0..50)), 0..10),
    ) {
        let add = |frame: &mut Frame, events: &[([u8; 64], Vec<u8>)]| {
            for (record, blob) in events {
                frame.blob(blob);
                frame.push(record);
            }
        };
        let mut expected = Frame::new(5, 6);
        add(&mut expected, &kept);
        let mut frame = Frame::new(1, 2);
        add(&mut frame, &taken);
        frame.reset(5, 6);
        add(&mut frame, &kept);
        let mark = frame.mark();
        add(&mut frame, &taken);
        frame.truncate(mark);
        prop_assert_eq!(frame, expected);
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in vec(any::<u8>(), 0..400)) {
        prop_assert!(FrameView::parse(&bytes).is_err());
        prop_assert!(SegmentHeader::parse(&bytes).is_err());
        prop_assert!(BlockHeader::parse(&bytes).is_err());
    }
}

#[test]
fn an_unsealed_frame_can_be_read() {
    let mut frame = Frame::new(10, 20);
    assert!(frame.is_empty() && frame.last() == 9 && frame.record(0).is_none());
    let offset = frame.blob(b"first");
    assert_eq!((offset, frame.blob(b""), frame.blob(b"third")), (0, 9, 13));
    frame.push(&[1; 64]);
    frame.push(&[2; 64]);
    assert_eq!((frame.len(), frame.first(), frame.last(), frame.at_us()), (2, 10, 11, 20));
    assert_eq!(frame.record(1), Some(&[2; 64]));
    assert_eq!((frame.blob_at(9), frame.blob_at(13)), (Some(&b""[..]), Some(&b"third"[..])));
    for nowhere in [1, 14, 19, 22, u32::MAX] {
        assert_eq!(frame.blob_at(nowhere), None, "offset {nowhere}");
    }
}

#[test]
fn each_fault_of_a_frame_is_told() {
    let mut good = Vec::new();
    Batch::plain(7, 3).frame().seal_into(&mut good, &LINK);
    let check = |at: usize, bytes: &[u8], fault: FrameFault| {
        let mut changed = good.clone();
        changed[at..at + bytes.len()].copy_from_slice(bytes);
        assert_eq!(FrameView::parse(&changed).unwrap_err(), fault, "byte {at}");
        assert!(!fault.to_string().is_empty());
    };
    check(64, b"X", FrameFault::NoHeader);
    check(68, &[9, 0], FrameFault::Version(9));
    check(70, &[0, 0], FrameFault::Version(2));
    check(80, &7u64.to_le_bytes(), FrameFault::Durable(7));
    check(80, &5u64.to_le_bytes(), FrameFault::Hash);
    check(88, &0u64.to_le_bytes(), FrameFault::Count);
    check(88, &u64::MAX.to_le_bytes(), FrameFault::Count);
    check(104, &0u32.to_le_bytes(), FrameFault::Count);
    check(104, &(MAX_RECORDS + 1).to_le_bytes(), FrameFault::Count);
    check(108, &(MAX_BLOB_BYTES + 1).to_le_bytes(), FrameFault::BlobBytes(MAX_BLOB_BYTES + 1));
    let found = good.len() as u64;
    let needed = (FRAME_HEADER_BYTES as u64 + u64::from(MAX_RECORDS) * 64 + u64::from(header(&good).blob_bytes))
        .next_multiple_of(8);
    check(104, &MAX_RECORDS.to_le_bytes(), FrameFault::Short { needed, found });
    for at in [0, 32, 72, 96, 112, good.len() - 1] {
        check(at, &[good[at] ^ 1], FrameFault::Hash);
    }
    let short = FrameView::parse(&good[..good.len() - 1]).unwrap_err();
    assert_eq!(short, FrameFault::Short { needed: found, found: found - 1 });
    assert_eq!(FrameHeader::parse(&good[..50]).unwrap_err(), FrameFault::Short { needed: 112, found: 50 });
}

fn header(bytes: &[u8]) -> FrameHeader {
    FrameHeader::parse(bytes).unwrap()
}

#[test]
fn mutated_bytes_never_panic_and_are_never_believed() {
    let mut chance = Chance::new(3);
    let mut frame = Vec::new();
    Batch::plain(7, 5).frame().seal_into(&mut frame, &LINK);
    let segment = SegmentHeader { ledger_id: [1; 16], seed: [2; 16], first: 3, previous_first: 1, prev: [4; 32] };
    let block = BlockHeader { ledger_id: [1; 16], kind: [2; 8], event: 3, chain: [4; 32] };
    let (segment, block) = (segment.encode().to_vec(), block.encode().to_vec());
    for _ in 0..50_000 {
        for good in [&frame, &segment, &block] {
            let mut bytes = good.clone();
            for _ in 0..chance.between(1, 4) {
                let at = chance.between(0, bytes.len() as u64 - 1) as usize;
                match chance.between(0, 3) {
                    0 => bytes[at] ^= 1 << chance.between(0, 7),
                    1 => bytes[at] = chance.next() as u8,
                    2 => bytes[at..].iter_mut().take(8).for_each(|byte| *byte = 0xff),
                    _ => bytes.truncate(at.max(1)),
                }
            }
            if bytes == *good {
                continue;
            }
            assert!(FrameView::parse(&bytes).is_err());
            assert!(SegmentHeader::parse(&bytes).is_err());
            assert!(BlockHeader::parse(&bytes).is_err());
        }
    }
}

#[test]
fn headers_survive_the_way_to_bytes_and_back() {
    let segment =
        SegmentHeader { ledger_id: *b"0123456789abcdef", seed: [2; 16], first: 3, previous_first: 1, prev: [4; 32] };
    assert_eq!(SegmentHeader::parse(&segment.encode()), Ok(segment));
    assert_eq!(SegmentHeader::parse(&[&segment.encode()[..], b"frames"].concat()), Ok(segment));
    assert_ne!(segment.tag(), SegmentHeader { first: 4, ..segment }.tag());
    let block = BlockHeader { ledger_id: [1; 16], kind: *b"SNAPSHOT", event: u64::MAX, chain: [4; 32] };
    assert_eq!(BlockHeader::parse(&block.encode()), Ok(block));
}

#[test]
fn a_newer_header_is_known_by_its_version_whatever_else_changed() {
    for (bytes, len) in [(b"TOCOSLOG", 128u16), (b"TOCOSLOG", 200), (b"TOCOSBLK", 128), (b"TOCOSBLK", 300)] {
        let mut header = bytes.to_vec();
        header.extend([7, 0]);
        header.extend(len.to_le_bytes());
        header.resize(usize::from(len) - 32, 0x55);
        header.extend(*blake3::hash(&header).as_bytes());
        if bytes == b"TOCOSLOG" {
            assert_eq!(SegmentHeader::parse(&header), Err(SegmentFault::NewerVersion(7)));
            header[20] ^= 1;
            assert_eq!(SegmentHeader::parse(&header), Err(SegmentFault::Damaged));
        } else {
            assert_eq!(BlockHeader::parse(&header), Err(BlockHeaderFault::NewerVersion(7)));
            header[20] ^= 1;
            assert_eq!(BlockHeader::parse(&header), Err(BlockHeaderFault::Damaged));
        }
    }
}
