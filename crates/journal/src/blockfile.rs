//! Block files: immutable files beside the log, such as snapshots. Written whole under a temporary name, synced,
//! then named; so one that has its name is complete.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::disk::Disk;
use crate::layout::Hash;

/// What a block file says about itself before its first block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockHeader {
    /// The ledger it belongs to.
    pub ledger_id: [u8; 16],
    /// What the writer keeps in it, in the writer's own words.
    pub kind: [u8; 8],
    /// The event it stands at.
    pub event: u64,
    /// The hash of the frame that ends with that event.
    pub chain: Hash,
}

/// Why a block file could not be written or read.
#[derive(Debug)]
pub enum BlockFileError {
    /// The operating system refused something.
    Disk {
        /// What was being done, as in "reading".
        doing: &'static str,
        /// The file.
        place: String,
        /// What the system said.
        source: io::Error,
    },
    /// It is no block file, or damaged or cut short.
    Damaged {
        /// The file.
        file: String,
        /// Where, in bytes from its start.
        offset: u64,
    },
    /// It was written by a newer version.
    NewerVersion {
        /// The file.
        file: String,
        /// The version it says.
        found: u16,
    },
    /// A block to be written is longer than the format can say, 4 GiB.
    BlockTooLong {
        /// The file.
        file: String,
    },
}

impl fmt::Display for BlockFileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Disk {
                doing,
                place,
                source,
            } => write!(f, "{doing} {place} failed: {source}"),
            Self::Damaged { file, offset } => write!(
                f,
                "{file} is damaged at byte {offset}. If it is a snapshot, remove it: the log holds everything that is in it."
            ),
            Self::NewerVersion { file, found } => write!(
                f,
                "{file} was written by a newer version of tocos (format {found}). Start that version or a later one, or remove the file if it is a snapshot."
            ),
            Self::BlockTooLong { file } => write!(f, "a block for {file} is longer than 4 GiB"),
        }
    }
}

impl std::error::Error for BlockFileError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Disk { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// Writes a whole block file and returns its size in bytes when it is durable under its name. A file that had the name is replaced.
///
/// # Errors
/// [`BlockFileError::Disk`], after which no file has the name that did not have it before.
pub fn write<B: AsRef<[u8]>>(
    _disk: &dyn Disk,
    _name: &str,
    _header: &BlockHeader,
    _blocks: impl IntoIterator<Item = B>,
) -> Result<u64, BlockFileError> {
    todo!()
}

/// Reads a block file, block by block.
///
/// Each block is verified before it is handed out, and it is certain to be the next one of this file. That the file is
/// complete is known for certain only with the `None` behind the last block: until then the caller must be ready to throw
/// away what it built. (A file that was cut short is noticed when it is opened.)
#[derive(Debug)]
pub struct BlockReader {}

impl BlockReader {
    /// Opens a block file and reads its header and its end.
    ///
    /// # Errors
    /// [`BlockFileError::Damaged`], [`BlockFileError::NewerVersion`], [`BlockFileError::Disk`].
    pub fn open(_disk: &Arc<dyn Disk>, _name: &str) -> Result<Self, BlockFileError> {
        todo!()
    }

    /// What the file says about itself.
    #[must_use]
    pub fn header(&self) -> &BlockHeader {
        todo!()
    }

    /// How many blocks the file holds.
    #[must_use]
    pub fn block_count(&self) -> u64 {
        todo!()
    }

    /// The next block, or nothing behind the last. The bytes last until the next call.
    ///
    /// # Errors
    /// [`BlockFileError::Damaged`] and [`BlockFileError::Disk`], again on every later call.
    pub fn next_block(&mut self) -> Result<Option<&[u8]>, BlockFileError> {
        todo!()
    }
}
