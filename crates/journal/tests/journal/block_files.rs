//! Block files: whole under their name, or not there; and never believed when damaged.

use tocos_journal::blockfile::{self, BlockFileError, BlockHeader, BlockReader};
use tocos_journal::sim::{SimDisk, WriteFault};
use tocos_journal::{Disk as _, Snapshots, snapshot_name, table_name, table_range};

use crate::chance::Chance;
use crate::story::arc;

const HEADER: BlockHeader = BlockHeader { ledger_id: [1; 16], kind: *b"balances", event: 42, chain: [2; 32] };

fn read(disk: &SimDisk, name: &str) -> Result<Vec<Vec<u8>>, BlockFileError> {
    let mut reader = BlockReader::open(disk, name)?;
    assert_eq!(*reader.header(), HEADER);
    let mut blocks = Vec::new();
    while let Some(block) = reader.next_block()? {
        blocks.push(block.to_vec());
    }
    assert_eq!(reader.block_count(), blocks.len() as u64);
    assert!(reader.next_block()?.is_none());
    Ok(blocks)
}

#[test]
fn blocks_of_any_size_come_back_as_they_were() {
    let mut chance = Chance::new(1);
    let disk = SimDisk::new(1);
    for sizes in
        [vec![], vec![0], vec![1, 0, 7], vec![3 << 20], vec![100; 1000], vec![1 << 20, 5, 700_000, 0, 2_000_000]]
    {
        let blocks: Vec<Vec<u8>> = sizes.iter().map(|len| chance.bytes(*len)).collect();
        let len = blockfile::write(&disk, "file", &HEADER, &blocks).unwrap();
        assert_eq!(len, disk.get("file").unwrap().len() as u64);
        assert_eq!(len, (128 + 44 + sizes.iter().map(|len| len + 36).sum::<usize>()) as u64);
        assert!(read(&disk, "file").unwrap() == blocks, "{sizes:?}");
    }
}

#[test]
fn a_written_file_survives_a_crash() {
    for seed in 0..50 {
        let disk = SimDisk::new(seed);
        blockfile::write(&disk, "file", &HEADER, [[7; 900]]).unwrap();
        disk.crash();
        assert_eq!(read(&disk, "file").unwrap(), [[7; 900]]);
        assert_eq!(disk.list().unwrap(), ["file"]);
    }
}

#[test]
fn a_failure_at_any_point_leaves_the_old_file_whole() {
    for seed in 0..400 {
        let disk = SimDisk::new(seed);
        blockfile::write(&disk, "file", &HEADER, [[1; 900]]).unwrap();
        let mut chance = Chance::new(seed);
        match chance.between(0, 3) {
            0 => disk.fail_sync(chance.between(1, 2)),
            1 => disk.fail_write(chance.between(1, 3), WriteFault::NoSpace),
            2 => disk.fail_write(chance.between(1, 3), WriteFault::Io),
            _ => disk.fail_write(chance.between(1, 3), WriteFault::PowerCut),
        }
        let error = blockfile::write(&disk, "file", &HEADER, [[2; 1700], [3; 1700]]).unwrap_err();
        assert!(error.to_string().contains("sim/file"), "{error}");
        disk.crash();
        let found = read(&disk, "file").unwrap();
        assert!(found == [[1; 900]] || found == [[2; 1700], [3; 1700]], "seed {seed}");
    }
}

#[test]
fn a_large_file_is_on_the_disk_piece_by_piece_before_its_last_sync() {
    const MIB: usize = 1 << 20;
    let disk = SimDisk::new(1);
    let before = disk.counts().1;
    let blocks = (0..6_u64).map(|at| {
        assert_eq!(disk.counts().1 - before, at, "each block of 1 MiB is synced before the next is asked for");
        vec![9; MIB]
    });
    blockfile::write(&disk, "file", &HEADER, blocks).unwrap();
}

#[test]
fn a_failed_sync_of_any_piece_leaves_the_old_file_whole() {
    let disk = SimDisk::new(1);
    blockfile::write(&disk, "file", &HEADER, [[1; 900]]).unwrap();
    let large = [vec![2; 1 << 20], vec![3; 1 << 20], vec![4; 1 << 20]];
    for nth in 1..=4 {
        disk.fail_sync(nth);
        let error = blockfile::write(&disk, "file", &HEADER, &large).unwrap_err();
        assert!(error.to_string().starts_with("writing "), "{error}");
        assert_eq!(read(&disk, "file").unwrap(), [[1; 900]]);
        assert_eq!(disk.list().unwrap(), ["file"]);
    }
}

#[test]
fn a_flipped_bit_or_a_cut_anywhere_is_noticed_before_or_at_the_end() {
    let disk = SimDisk::new(1);
    let blocks: Vec<Vec<u8>> = vec![vec![1; 30], vec![], vec![2; 50]];
    blockfile::write(&disk, "file", &HEADER, &blocks).unwrap();
    let bytes = disk.get("file").unwrap();
    for at in 0..bytes.len() {
        disk.flip_bit("file", at as u64, at as u32 % 8);
        assert!(matches!(read(&disk, "file"), Err(BlockFileError::Damaged { .. })), "byte {at} flipped");
        disk.put("file", &bytes[..at]);
        assert!(matches!(BlockReader::open(&disk, "file"), Err(BlockFileError::Damaged { .. })), "cut to {at}");
        disk.put("file", &bytes);
    }
    disk.put("file", &[&bytes[..], &[0]].concat());
    assert!(BlockReader::open(&disk, "file").is_err(), "a byte too much");
}

#[test]
fn every_block_before_the_damage_is_good_and_none_after_it_is_handed_out() {
    let disk = SimDisk::new(1);
    blockfile::write(&disk, "file", &HEADER, [[1; 100], [2; 100], [3; 100]]).unwrap();
    disk.flip_bit("file", 128 + 136 + 50, 0);
    let mut reader = BlockReader::open(&disk, "file").unwrap();
    assert_eq!(reader.next_block().unwrap(), Some(&[1; 100][..]));
    for _ in 0..2 {
        let error = reader.next_block().unwrap_err();
        assert!(matches!(&error, BlockFileError::Damaged { offset: 264, .. }), "{error}");
        assert!(error.to_string().contains("remove it"), "{error}");
    }
}

#[test]
fn blocks_of_two_files_cannot_be_mixed_nor_moved() {
    let disk = SimDisk::new(1);
    blockfile::write(&disk, "file", &HEADER, [[1; 100], [1; 100]]).unwrap();
    let bytes = disk.get("file").unwrap();
    // Two equal blocks, exchanged: their hashes differ by their place.
    let exchanged = [&bytes[..128], &bytes[264..400], &bytes[128..264], &bytes[400..]].concat();
    disk.put("file", &exchanged);
    assert!(matches!(read(&disk, "file"), Err(BlockFileError::Damaged { offset: 128, .. })));
    disk.put("file", &[&bytes[..128], &bytes[264..]].concat());
    assert!(matches!(read(&disk, "file"), Err(BlockFileError::Damaged { offset: 128, .. })));
}

#[test]
fn a_lying_length_allocates_nothing_and_is_damage() {
    let disk = SimDisk::new(1);
    blockfile::write(&disk, "file", &HEADER, [[1; 100]]).unwrap();
    let mut bytes = disk.get("file").unwrap();
    bytes[128..132].copy_from_slice(&0xffff_fff0u32.to_le_bytes());
    disk.put("file", &bytes);
    assert!(matches!(read(&disk, "file"), Err(BlockFileError::Damaged { offset: 128, .. })));
}

#[test]
fn a_newer_file_and_a_missing_one_are_told() {
    let disk = SimDisk::new(1);
    blockfile::write(&disk, "file", &HEADER, [[1; 100]]).unwrap();
    let mut bytes = disk.get("file").unwrap();
    bytes[8] = 3;
    let checksum = *blake3::hash(&bytes[..96]).as_bytes();
    bytes[96..128].copy_from_slice(&checksum);
    disk.put("file", &bytes);
    let error = read(&disk, "file").unwrap_err();
    assert!(matches!(error, BlockFileError::NewerVersion { found: 3, .. }), "{error}");
    let error = read(&disk, "other").unwrap_err();
    assert!(matches!(&error, BlockFileError::Disk { source, .. } if source.kind() == std::io::ErrorKind::NotFound));
}

#[test]
fn snapshots_are_listed_newest_first_and_other_files_are_none() {
    let disk = SimDisk::new(1);
    let snapshots = Snapshots::new(arc(&disk));
    assert_eq!(snapshots.list().unwrap(), Vec::<u64>::new());
    for event in [5, 100, 20] {
        snapshots.write(&BlockHeader { event, ..HEADER }, [[event as u8; 10]]).unwrap();
    }
    for other in
        ["snapshot-7.tocos", "snapshot-x.tocos", "snapshot-00000000000000000009.tocos.unfinished", "log-1.tocos"]
    {
        disk.put(other, b"");
    }
    disk.put(&table_name("keys", (1, 100)), b"");
    assert_eq!(snapshots.list().unwrap(), [100, 20, 5]);
    assert_eq!(snapshots.open(20).unwrap().header().event, 20);
    snapshots.remove(100).unwrap();
    disk.crash();
    assert_eq!(snapshots.list().unwrap(), [20, 5]);
    assert!(snapshots.remove(100).is_err());
}

#[test]
fn names_say_what_they_stand_for() {
    assert_eq!(snapshot_name(7), "snapshot-00000000000000000007.tocos");
    assert_eq!(table_name("keys", (1, u64::MAX)), "keys-00000000000000000001-18446744073709551615.tocos");
    assert_eq!(table_range("keys", &table_name("keys", (3, 99))), Some((3, 99)));
    for other in ["keys-3-99.tocos", "keys-.tocos", "snapshot-00000000000000000007.tocos"] {
        assert_eq!(table_range("keys", other), None, "{other}");
    }
}
