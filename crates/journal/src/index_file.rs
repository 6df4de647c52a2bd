//! The indexes of older segments on disk, so that they need not stay in memory and need not be made again by walking.

use crate::blockfile::{self, BlockFileError, BlockHeader, BlockReader};
use crate::disk::Disk;
use crate::index::Index;
use crate::layout::Hash;
use crate::segment::SegmentHeader;

const KIND: [u8; 8] = *b"INDEX\0\0\x01";

/// The name of the file with the index of the segment that starts with event `first`.
pub(crate) fn index_name(first: u64) -> String {
    format!("index-{first:020}.tocos")
}

/// A segment behind which there is another one: that one's header names the hash of the last frame here, and so all that is here.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sealed<'s> {
    pub(crate) header: &'s SegmentHeader,
    pub(crate) end: Hash,
}

impl Sealed<'_> {
    fn block_header(&self) -> BlockHeader {
        BlockHeader { ledger_id: self.header.ledger_id, kind: KIND, event: self.header.first, chain: self.end }
    }
}

/// Writes the index of a segment.
pub(crate) fn write(disk: &dyn Disk, segment: Sealed<'_>, index: &Index) -> Result<(), BlockFileError> {
    let name = index_name(segment.header.first);
    blockfile::write(disk, &name, &segment.block_header(), [index.encode()]).map(|_bytes| ())
}

/// Reads the index of a segment.
pub(crate) fn read(disk: &dyn Disk, segment: Sealed<'_>) -> Result<Index, BlockFileError> {
    let name = index_name(segment.header.first);
    let damaged = || BlockFileError::Damaged { file: disk.place(&name), offset: 0 };
    let mut reader = BlockReader::open(disk, &name)?;
    if *reader.header() != segment.block_header() {
        return Err(damaged());
    }
    let entries = reader.next_block()?.map(|block| Index::decode(segment.header.first, block));
    let index = entries.flatten().ok_or_else(damaged)?;
    if reader.next_block()?.is_some() {
        return Err(damaged());
    }
    Ok(index)
}
