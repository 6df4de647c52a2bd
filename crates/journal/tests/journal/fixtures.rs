//! Files that earlier versions wrote stay readable. `cargo run -p tocos-journal --example write_fixture -- DIR` writes such
//! files with the present version; a folder here, once released, is never written again.

use tocos_journal::blockfile::BlockReader;
use tocos_journal::sim::SimDisk;
use tocos_journal::{Frame, OpenError, Position, Snapshots};

use crate::story::{arc, blob_offset, inspect, open, small};

const LOG_1: &[u8] = include_bytes!("../fixtures/v2/log-00000000000000000001.tocos");
const LOG_7: &[u8] = include_bytes!("../fixtures/v2/log-00000000000000000007.tocos");
const SNAPSHOT: &[u8] = include_bytes!("../fixtures/v2/snapshot-00000000000000000006.tocos");

fn version_2() -> SimDisk {
    let disk = SimDisk::new(1);
    disk.put("log-00000000000000000001.tocos", LOG_1);
    disk.put("log-00000000000000000007.tocos", LOG_7);
    disk.put("snapshot-00000000000000000006.tocos", SNAPSHOT);
    disk
}

#[test]
fn a_log_of_version_2_is_read_and_goes_on() {
    let disk = version_2();
    let (found, tail) = inspect(&disk).unwrap();
    assert_eq!((found.len(), tail.after_event, tail.bytes_cut), (4, 9, 0));
    let mut log = open(&disk, small(), None).unwrap();
    assert_eq!(log.reader.ledger_id(), *b"fixture ledger 1");
    assert_eq!(log.reader.seed(), *b"fixture seed 001");
    for number in 1..=9u64 {
        let stored = log.reader.event(number).unwrap();
        assert_eq!(stored.at_us, 1_795_000_000_000_000 + stored.frame_first as i64);
        assert_eq!(stored.record[8..16], number.to_le_bytes());
        let offset = blob_offset(&stored.record).unwrap();
        assert_eq!(stored.blob(offset).unwrap(), format!("event {number}").into_bytes());
    }
    let mut frame = Frame::new(10, 0);
    frame.push(&[1; 64]);
    log.appender.append(&frame).unwrap();
}

#[test]
fn a_block_file_is_read_and_a_replay_starts_from_it() {
    let disk = version_2();
    assert_eq!(Snapshots::new(arc(&disk)).list().unwrap(), [6]);
    let mut reader = BlockReader::open(&disk, "snapshot-00000000000000000006.tocos").unwrap();
    let header = *reader.header();
    assert_eq!((header.ledger_id, header.kind, header.event), (*b"fixture ledger 1", *b"FIXTURE1", 6));
    assert_eq!(reader.next_block().unwrap(), Some(&b"first block"[..]));
    assert_eq!(reader.next_block().unwrap(), Some(&b""[..]));
    assert_eq!(reader.next_block().unwrap(), Some(&[7; 100][..]));
    assert_eq!(reader.next_block().unwrap(), None);
    let log = open(&disk, small(), Some(Position { event: 6, chain: header.chain })).unwrap();
    assert_eq!(log.found.iter().map(|batch| batch.first).collect::<Vec<_>>(), [7]);
}

#[test]
fn a_log_from_before_the_first_release_is_refused_and_left_alone() {
    let disk = SimDisk::new(1);
    let name = "log-00000000000000000001.tocos";
    let old = include_bytes!("../fixtures/v1/log-00000000000000000001.tocos");
    disk.put(name, old);
    let before = disk.counts();
    let error = open(&disk, small(), None).err().unwrap();
    assert!(matches!(error, OpenError::OlderVersion { found: 1, .. }), "{error}");
    assert!(error.to_string().contains("tocos export"), "{error}");
    assert_eq!((disk.get(name).unwrap(), disk.counts()), (old.to_vec(), before));
}
