//! How the bytes of a table lie: see `docs/file-format.md`.

use crate::table::filter::FILTER_BLOCK_BYTES;

/// The largest event number that a slot can name.
pub(super) const TABLE_EVENT_MAX: u64 = (1 << EVENT_BITS) - 1;

const EVENT_BITS: u32 = 48;
pub(super) const SLOT_BYTES: usize = 16;
/// Slots in a page, but for the last of a partition.
pub(super) const PAGE_SLOTS: u64 = 256;
/// Slots in a partition, on average.
pub(super) const PARTITION_SLOTS: u64 = 1 << 15;
/// A block's length before it, and its hash behind it.
pub(super) const BLOCK_FRAME_BYTES: u64 = 4 + 32;
/// A partition in the directory: where it begins (8 bytes), how many slots it has (4), zeros (4).
pub(super) const DIRECTORY_ENTRY_BYTES: usize = 16;
/// The last block.
pub(super) const SUMMARY_BYTES: usize = 64;

/// The slot of a hash (80 bits) and the event that it names (48 bits). Slots are ordered by hash, then by event.
#[must_use]
pub fn slot(hash: u128, event: u64) -> u128 {
    hash << EVENT_BITS | u128::from(event)
}

/// The hash in a slot.
#[must_use]
pub fn hash_in(slot: u128) -> u128 {
    slot >> EVENT_BITS
}

/// The event in a slot.
#[must_use]
pub fn event_in(slot: u128) -> u64 {
    slot as u64 & TABLE_EVENT_MAX
}

/// The first 64 bits of a slot, which tell nearly all pages apart.
pub(super) fn head(slot: u128) -> u64 {
    (slot >> 64) as u64
}

/// How many partitions a table of `count` slots has: at least one.
pub(super) fn partitions_of(count: u64) -> u64 {
    count.div_ceil(PARTITION_SLOTS).max(1)
}

/// The partition, of so many, that a slot belongs to.
pub(super) fn partition_of(slot: u128, partitions: u64) -> u64 {
    ((slot >> 96) as u64 * partitions) >> 32
}

/// Blocks of the filter of a partition of `count` slots.
pub(super) fn filter_blocks(count: u64, bits_per_slot: u32) -> u64 {
    (count * u64::from(bits_per_slot)).div_ceil(FILTER_BLOCK_BYTES as u64 * 8)
}

/// Bytes of the block that a partition of `count` slots, not 0, begins with: its filter and the heads of its pages.
pub(super) fn header_bytes(count: u64, bits_per_slot: u32) -> usize {
    filter_blocks(count, bits_per_slot) as usize * FILTER_BLOCK_BYTES + count.div_ceil(PAGE_SLOTS) as usize * 8
}

/// Bytes of all blocks of a partition of `count` slots.
pub(super) fn partition_bytes(count: u64, bits_per_slot: u32) -> u64 {
    if count == 0 {
        return 0;
    }
    let pages = count.div_ceil(PAGE_SLOTS);
    header_bytes(count, bits_per_slot) as u64 + count * SLOT_BYTES as u64 + (pages + 1) * BLOCK_FRAME_BYTES
}

/// Adds a slot to the sum of a table, which does not depend on the order.
#[must_use]
pub fn add_to_sum(sum: u128, slot: u128) -> u128 {
    // Multiplying spreads what slots have in common, so that two wrong ones hardly ever make up for each other.
    let spread = slot.wrapping_mul(0x9E37_79B9_7F4A_7C15_F39C_C060_5CED_C835);
    sum.wrapping_add(spread ^ spread >> 64)
}

/// What the last block of a table says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Summary {
    pub(super) range: (u64, u64),
    pub(super) count: u64,
    pub(super) directory_at: u64,
    pub(super) sum: u128,
    pub(super) bits_per_slot: u32,
    pub(super) partitions: u32,
}

impl Summary {
    pub(super) fn encode(&self) -> [u8; SUMMARY_BYTES] {
        let mut bytes = [0; SUMMARY_BYTES];
        bytes[..8].copy_from_slice(&self.range.0.to_le_bytes());
        bytes[8..16].copy_from_slice(&self.range.1.to_le_bytes());
        bytes[16..24].copy_from_slice(&self.count.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.directory_at.to_le_bytes());
        bytes[32..48].copy_from_slice(&self.sum.to_le_bytes());
        bytes[48..52].copy_from_slice(&self.bits_per_slot.to_le_bytes());
        bytes[52..56].copy_from_slice(&self.partitions.to_le_bytes());
        bytes
    }

    pub(super) fn decode(bytes: &[u8]) -> Option<Self> {
        let bytes = bytes.first_chunk::<SUMMARY_BYTES>()?;
        let word = |at: usize| u64::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        let half = |at: usize| u32::from_le_bytes(std::array::from_fn(|i| bytes[at + i]));
        Some(Self {
            range: (word(0), word(8)),
            count: word(16),
            directory_at: word(24),
            sum: u128::from(word(40)) << 64 | u128::from(word(32)),
            bits_per_slot: half(48),
            partitions: half(52),
        })
    }
}
