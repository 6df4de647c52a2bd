//! Idempotency keys beside the log: files of hashes and event numbers, each of a range of events, so that a start from a
//! snapshot need not read the whole log for its keys. Deleting them loses nothing.

use crate::throttle::Throttle;
use std::io;
use tocos_journal::blockfile::{self, BlockFileError, BlockHeader, BlockReader};
use tocos_journal::{Disk, Position, ReadError, Reader, keys_name};
use tocos_ledger::{Event, Ledger, blob_offset};

const KIND: [u8; 8] = *b"KEYS\0\0\0\x01";
/// Keys in a block, 16 bytes each: the event's number above the 80 bits of the hash.
const KEYS_PER_BLOCK: usize = 1 << 14;
const SLOT_BYTES: usize = 16;
const HASH_BITS: u32 = 80;

/// The ranges of events whose keys lie in files, in order.
pub(crate) fn ranges(disk: &dyn Disk) -> io::Result<Vec<(u64, u64)>> {
    let mut ranges: Vec<(u64, u64)> = disk.list()?.iter().filter_map(|name| parse(name)).collect();
    ranges.sort_unstable();
    Ok(ranges)
}

fn parse(name: &str) -> Option<(u64, u64)> {
    let (from, to) = name.strip_prefix("keys-")?.strip_suffix(".tocos")?.split_once('-')?;
    Some((from.parse().ok()?, to.parse().ok()?))
}

/// The event up to which key files cover the keys without a gap.
pub(crate) fn covered(ranges: &[(u64, u64)]) -> u64 {
    let mut end = 0;
    for (from, to) in ranges {
        if *from == end + 1 {
            end = *to;
        }
    }
    end
}

/// Remembers the keys of one file.
pub(crate) fn load(disk: &dyn Disk, range: (u64, u64), ledger: &mut Ledger) -> Result<(), BlockFileError> {
    let mut reader = BlockReader::open(disk, &keys_name(range.0, range.1))?;
    while let Some(block) = reader.next_block()? {
        for slot in block.as_chunks::<SLOT_BYTES>().0 {
            let slot = u128::from_le_bytes(*slot);
            ledger.remember(slot & ((1 << HASH_BITS) - 1), (slot >> HASH_BITS) as u64);
        }
    }
    Ok(())
}

/// Why a file of keys was not written.
#[derive(Debug)]
pub(crate) enum WriteFailure {
    Log(ReadError),
    File(BlockFileError),
}

/// Reads the keys of the events from `from` to the end of the frame at `to` out of the log and writes them to a file.
pub(crate) fn write(
    disk: &dyn Disk,
    reader: &Reader,
    from: u64,
    to: Position,
    hasher: &Ledger,
    throttle: &Throttle,
) -> Result<(), WriteFailure> {
    let mut frames = reader.frames(from);
    let mut blocks = Vec::new();
    let mut block = Vec::with_capacity(KEYS_PER_BLOCK * SLOT_BYTES);
    while let Some(frame) = frames.next_frame().map_err(WriteFailure::Log)? {
        if frame.first() > to.event {
            break;
        }
        for (number, record) in (frame.first()..).zip(frame.records()) {
            let blob = blob_offset(record).and_then(|offset| frame.blob(offset)).unwrap_or(&[]);
            let Some(key) = Event::key_in(blob).filter(|_| number >= from) else { continue };
            let slot = u128::from(number) << HASH_BITS | hasher.hashed_key(key).hash;
            block.extend_from_slice(&slot.to_le_bytes());
            if block.len() == KEYS_PER_BLOCK * SLOT_BYTES {
                blocks.push(std::mem::take(&mut block));
            }
        }
    }
    if !block.is_empty() {
        blocks.push(block);
    }
    let header = BlockHeader { ledger_id: reader.ledger_id(), kind: KIND, event: to.event, chain: to.chain };
    blockfile::write(disk, &keys_name(from, to.event), &header, throttle.throttle(blocks.into_iter()))
        .map_err(WriteFailure::File)?;
    Ok(())
}
