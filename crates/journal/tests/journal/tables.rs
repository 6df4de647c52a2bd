//! Tables: every hash that is there is found, no other, and nothing that is damaged is believed.

use proptest::prelude::*;
use std::collections::BTreeMap;
use tocos_journal::blockfile::{self, BlockFileError, BlockHeader};
use tocos_journal::sim::{SimDisk, WriteFault};
use tocos_journal::{Disk as _, Table, TableSpec, TableWriter, event_in, hash_in, slot};

use crate::chance::Chance;

const HEADER: BlockHeader = BlockHeader { ledger_id: [1; 16], kind: *b"a table!", event: 5_000_000, chain: [2; 32] };
const HASH_MAX: u128 = (1 << 80) - 1;

fn spec(count: usize, bits_per_slot: u32) -> TableSpec {
    TableSpec { name: "table".to_owned(), header: HEADER, range: (1, HEADER.event), count: count as u64, bits_per_slot }
}

fn write(disk: &SimDisk, slots: &[u128], bits_per_slot: u32) -> Result<u64, BlockFileError> {
    let mut writer = TableWriter::create(disk, spec(slots.len(), bits_per_slot))?;
    slots.iter().try_for_each(|slot| writer.push(*slot))?;
    writer.finish()
}

fn all(disk: &SimDisk, table: &Table) -> Result<Vec<u128>, BlockFileError> {
    let mut slots = table.slots(disk)?;
    std::iter::from_fn(|| slots.next_slot().transpose()).collect()
}

/// As even as the hashes of keys.
fn some_slots(chance: &mut Chance, count: usize) -> Vec<u128> {
    let mut hash = || {
        let bytes = chance.bytes(16);
        u128::from_le_bytes(std::array::from_fn(|at| bytes[at])) & HASH_MAX
    };
    let mut slots: Vec<u128> = (0..count).map(|at| slot(hash(), at as u64 % HEADER.event + 1)).collect();
    slots.sort_unstable();
    slots
}

#[test]
fn what_is_there_is_found_and_nothing_else_whatever_the_size() {
    let mut chance = Chance::new(3);
    // At and around the ends of pages and of partitions.
    for count in [0, 1, 2, 255, 256, 257, 1_000, 32_767, 32_768, 32_769, 100_000] {
        for bits_per_slot in [0, 14] {
            let disk = SimDisk::new(1);
            let slots = some_slots(&mut chance, count);
            let bytes = write(&disk, &slots, bits_per_slot).unwrap();
            assert_eq!(bytes, disk.get("table").unwrap().len() as u64);
            let table = Table::open(&disk, "table").unwrap();
            assert_eq!((table.count(), table.range(), *table.header()), (count as u64, (1, HEADER.event), HEADER));
            assert_eq!(all(&disk, &table).unwrap(), slots);
            for slot in &slots {
                assert!(table.prepare(hash_in(*slot)).unwrap(), "of {count}");
                assert_eq!(table.find(hash_in(*slot)).unwrap(), Some(event_in(*slot)), "of {count}");
            }
            for slot in some_slots(&mut chance, 1_000) {
                assert_eq!(table.find(hash_in(slot)).unwrap(), None, "of {count}");
            }
            for hash in [0, 1, HASH_MAX] {
                assert_eq!(table.find(hash).unwrap(), None);
            }
            if count == 100_000 {
                let bits = table.memory_bytes() as f64 * 8.0 / count as f64;
                assert!(bits < if bits_per_slot == 0 { 0.3 } else { 14.5 }, "{bits} bits a slot");
            }
        }
    }
}

#[test]
fn of_many_events_that_one_hash_names_the_last_is_found() {
    for (count, hash) in [(2, 7), (256, 7 << 40), (257, 7 << 64), (1_000, HASH_MAX), (70_000, 9 << 70)] {
        let disk = SimDisk::new(1);
        let slots: Vec<u128> = (1..=count).map(|event| slot(hash, event)).collect();
        write(&disk, &slots, 0).unwrap();
        let table = Table::open(&disk, "table").unwrap();
        assert_eq!(table.find(hash).unwrap(), Some(count));
        assert_eq!(table.find(hash ^ 1).unwrap(), None);
        // A hash that differs where the heads of pages do not tell.
        assert_eq!(table.find(hash ^ 0x100).unwrap(), None);
    }
}

#[test]
fn all_events_that_one_hash_names_are_found_page_by_page() {
    let mut chance = Chance::new(5);
    for bits_per_slot in [0, 14] {
        let disk = SimDisk::new(1);
        let mut slots = some_slots(&mut chance, 60_000);
        // One that names very many, one that names two at the end of all, one at the begin.
        let (many, last, first) = (hash_in(slots[30_000]), HASH_MAX, 0);
        slots.extend((1..=20_000u64).map(|at| slot(many, at * 2)));
        slots.extend([slot(last, 7), slot(last, HEADER.event), slot(first, 1), slot(first, 3)]);
        slots.sort_unstable();
        slots.dedup();
        write(&disk, &slots, bits_per_slot).unwrap();
        let table = Table::open(&disk, "table").unwrap();
        for hash in [many, last, first, hash_in(slots[100]), hash_in(slots[59_999]), many + 1, many - 1, 5] {
            let expected: Vec<u64> =
                slots.iter().filter(|slot| hash_in(**slot) == hash).map(|slot| event_in(*slot)).collect();
            assert_eq!(table.find_after(hash, 0, usize::MAX).unwrap(), expected);
            for limit in [1, 255, 256, 257, 5_000] {
                let (mut found, mut after) = (Vec::new(), 0);
                loop {
                    let page = table.find_after(hash, after, limit).unwrap();
                    assert!(page.len() <= limit);
                    let Some(next) = page.last() else { break };
                    after = *next;
                    found.extend(page);
                }
                assert_eq!(found, expected, "{limit} at a time");
            }
            for after in [1, 2, 3, 19_999, 39_999, HEADER.event - 1, HEADER.event, HEADER.event + 1] {
                let behind: Vec<u64> = expected.iter().copied().filter(|event| *event > after).collect();
                assert_eq!(table.find_after(hash, after, usize::MAX).unwrap(), behind);
            }
        }
    }
}

#[test]
fn hashes_that_differ_only_in_their_last_bits_are_told_apart() {
    let disk = SimDisk::new(1);
    let hash = |low: u128| 5 << 60 | low;
    let slots: Vec<u128> = (0..2_000).map(|low| slot(hash(low * 2), low as u64 + 1)).collect();
    write(&disk, &slots, 14).unwrap();
    let table = Table::open(&disk, "table").unwrap();
    for low in 0..2_000 {
        assert_eq!(table.find(hash(low * 2)).unwrap(), Some(low as u64 + 1));
        assert_eq!(table.find(hash(low * 2 + 1)).unwrap(), None);
    }
}

#[test]
fn a_flipped_bit_anywhere_is_noticed_by_whoever_reads_all_and_believed_by_nobody() {
    let disk = SimDisk::new(1);
    let slots = some_slots(&mut Chance::new(5), 400);
    write(&disk, &slots, 14).unwrap();
    let len = disk.get("table").unwrap().len() as u64;
    let names: BTreeMap<u128, u64> = slots.iter().map(|slot| (hash_in(*slot), event_in(*slot))).collect();
    for at in 0..len {
        assert!(disk.flip_bit("table", at, (at % 8) as u32));
        match Table::open(&disk, "table") {
            Err(error) => assert!(error.to_string().contains("table"), "{error}"),
            Ok(table) => {
                for (hash, event) in names.iter().step_by(11) {
                    assert!(table.find(*hash).is_err() || table.find(*hash).unwrap() == Some(*event), "byte {at}");
                }
                let error = all(&disk, &table).expect_err(&format!("a bit of byte {at} was changed"));
                assert!(matches!(error, BlockFileError::Damaged { .. }), "{error}");
            }
        }
        assert!(disk.flip_bit("table", at, (at % 8) as u32));
    }
}

#[test]
fn a_table_cut_off_anywhere_is_refused() {
    let disk = SimDisk::new(1);
    write(&disk, &some_slots(&mut Chance::new(5), 600), 14).unwrap();
    let bytes = disk.get("table").unwrap();
    for len in 0..bytes.len() {
        disk.put("table", &bytes[..len]);
        assert!(Table::open(&disk, "table").is_err(), "cut to {len} bytes");
    }
}

#[test]
fn what_could_not_be_finished_leaves_nothing() {
    for seed in 0..200 {
        let disk = SimDisk::new(seed);
        let faults = [WriteFault::NoSpace, WriteFault::Io, WriteFault::PowerCut];
        disk.fail_write(1 + seed % 2, faults[seed as usize % 3]);
        let slots = some_slots(&mut Chance::new(seed), 90_000);
        let written = write(&disk, &slots, 14);
        disk.crash();
        disk.clear_faults();
        assert!(written.is_err());
        assert!(disk.get("table").is_none());
    }
}

#[test]
fn a_table_with_fewer_slots_than_announced_is_not_made() {
    let disk = SimDisk::new(1);
    let mut writer = TableWriter::create(&disk, spec(2, 14)).unwrap();
    writer.push(slot(1, 1)).unwrap();
    assert!(writer.finish().is_err());
    assert_eq!(disk.list().unwrap(), Vec::<String>::new());
}

#[test]
fn warming_up_reads_what_finding_needs() {
    let disk = SimDisk::new(1);
    write(&disk, &some_slots(&mut Chance::new(5), 100_000), 14).unwrap();
    let table = Table::open(&disk, "table").unwrap();
    assert_eq!(table.warm_up().collect::<Result<Vec<_>, _>>().unwrap().len(), 4);
    // The open file: one that is put in its place would be another.
    disk.open("table").unwrap().set_len(0).unwrap();
    let others: Vec<u128> = some_slots(&mut Chance::new(6), 1_000).into_iter().map(hash_in).collect();
    for hash in &others {
        assert_eq!(table.prepare(*hash).unwrap(), table.find(*hash).is_err(), "preparing says who needs the disk");
    }
    let passed = others.iter().filter(|hash| table.find(**hash).is_err()).count();
    assert!((1..20).contains(&passed), "{passed} of 1,000 that are not there needed the disk");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    #[test]
    fn any_slots_come_back_in_order(
        mut pairs in prop::collection::vec((0..=HASH_MAX, 1..=HEADER.event), 0..2_000),
        others in prop::collection::vec(0..=HASH_MAX, 50),
    ) {
        pairs.sort_unstable();
        let slots: Vec<u128> = pairs.iter().map(|(hash, event)| slot(*hash, *event)).collect();
        let disk = SimDisk::new(1);
        write(&disk, &slots, 14).unwrap();
        let table = Table::open(&disk, "table").unwrap();
        prop_assert_eq!(all(&disk, &table).unwrap(), slots);
        let names: BTreeMap<u128, u64> = pairs.into_iter().collect();
        for hash in names.keys().chain(&others) {
            prop_assert_eq!(table.find(*hash).unwrap(), names.get(hash).copied());
        }
    }

    #[test]
    fn any_blocks_are_a_table_or_refused_without_a_panic(
        partition in prop::collection::vec(any::<u8>(), 0..400),
        page in prop::collection::vec(any::<u8>(), 0..400),
        offset in prop_oneof![Just(128u64), 0..1_000u64, any::<u64>()],
        count in prop_oneof![0..30u64, any::<u64>()],
        claimed in prop_oneof![0..30u32, any::<u32>()],
        bits in prop_oneof![Just(0u32), Just(14), any::<u32>()],
        hash in 0..=HASH_MAX,
    ) {
        let directory_at = (128 + partition.len() + 36 + page.len() + 36) as u64;
        let directory = [&offset.to_le_bytes()[..], &claimed.to_le_bytes(), &[0; 4]].concat();
        let summary = [1u64, HEADER.event, count, directory_at, 0, 0].map(u64::to_le_bytes).concat();
        let summary = [&summary[..], &bits.to_le_bytes(), &1u32.to_le_bytes(), &[0; 8]].concat();
        let disk = SimDisk::new(1);
        blockfile::write(&disk, "table", &HEADER, [partition, page, directory, summary]).unwrap();
        if let Ok(table) = Table::open(&disk, "table") {
            let _found = table.find(hash);
            let _all = all(&disk, &table);
        }
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let disk = SimDisk::new(1);
        disk.put("table", &bytes);
        prop_assert!(Table::open(&disk, "table").is_err());
    }
}
