//! The indexes of older segments on disk, so that they need not stay in memory and need not be made again by walking.

use crate::blockfile::{self, BlockFileError, BlockHeader, BlockReader};
use crate::disk::Disk;
use crate::index::Index;
use crate::segment::SegmentHeader;

const KIND: [u8; 8] = *b"INDEX\0\0\x01";

/// The name of the file with the index of the segment that starts with event `first`.
pub(crate) fn index_name(first: u64) -> String {
    format!("index-{first:020}.tocos")
}

/// The header of a segment's index file. The hash binds it to that very segment.
fn header(segment: &SegmentHeader) -> BlockHeader {
    BlockHeader { ledger_id: segment.ledger_id, kind: KIND, event: segment.first, chain: segment.prev }
}

/// Writes the index of a segment behind which there is another one.
pub(crate) fn write(disk: &dyn Disk, segment: &SegmentHeader, index: &Index) -> Result<(), BlockFileError> {
    blockfile::write(disk, &index_name(segment.first), &header(segment), [index.encode()]).map(|_bytes| ())
}

/// Reads the index of a segment.
pub(crate) fn read(disk: &dyn Disk, segment: &SegmentHeader) -> Result<Index, BlockFileError> {
    let name = index_name(segment.first);
    let damaged = || BlockFileError::Damaged { file: disk.place(&name), offset: 0 };
    let mut reader = BlockReader::open(disk, &name)?;
    if *reader.header() != header(segment) {
        return Err(damaged());
    }
    let entries = reader.next_block()?.map(|block| Index::decode(segment.first, block));
    let index = entries.flatten().ok_or_else(damaged)?;
    if reader.next_block()?.is_some() {
        return Err(damaged());
    }
    Ok(index)
}
