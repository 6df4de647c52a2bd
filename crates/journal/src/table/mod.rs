//! Tables: immutable files that tell which event a hash names, for what is over and must still be found.
//!
//! A table is a block file of slots in ascending order: an event's number (48 bits) below 80 bits of a hash. It covers the
//! events of one range and can be made again from the log. Slots are cut into partitions by their hash, which should spread evenly: a partition
//! is held in memory while it is written. One hash may still name many events, as far as that goes: each partition begins with a filter, which tells in memory that a hash is not there, and with
//! the start of each of its pages, so that a hash that is there is found by reading one page.

mod filter;
mod layout;
mod reader;
mod slots;
mod writer;

pub use filter::{FilterBits, FilterBlock};
pub use layout::{add_to_sum, event_in, hash_in, slot};
pub use reader::Table;
pub use slots::Slots;
pub use writer::{TableSpec, TableWriter};

/// The name of the table of this kind, such as `keys`, that covers the events of a range.
#[must_use]
pub fn table_name(kind: &str, range: (u64, u64)) -> String {
    format!("{kind}-{:020}-{:020}.tocos", range.0, range.1)
}

/// The range of events of the table of this kind that has this name.
#[must_use]
pub fn table_range(kind: &str, name: &str) -> Option<(u64, u64)> {
    let (from, to) = name.strip_prefix(kind)?.strip_prefix('-')?.strip_suffix(".tocos")?.split_once('-')?;
    let range = (from.parse().ok()?, to.parse().ok()?);
    (table_name(kind, range) == name).then_some(range)
}
