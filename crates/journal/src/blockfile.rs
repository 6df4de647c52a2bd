//! Block files: immutable files beside the log, such as snapshots. Written whole under a temporary name, synced,
//! then named; so one that has its name is complete.

use std::fmt;
use std::io;
use std::sync::Arc;

use crate::disk::{Disk, DiskFile};
use crate::layout::Hash;
use crate::window::Window;

/// The bytes before the first block.
pub const BLOCK_HEADER_BYTES: usize = 128;
/// What the name of a file ends with that is still being written, or never was finished.
pub const TEMPORARY: &str = ".unfinished";

const MAGIC: [u8; 8] = *b"TOCOSBLK";
const VERSION: u16 = 1;
/// The header's checksum covers everything before it.
const CHECKSUM_AT: usize = BLOCK_HEADER_BYTES - 32;
const LENGTH_BYTES: usize = 4;
const HASH_BYTES: usize = 32;
/// Stands where a block's length would, behind the last block.
const END: u32 = u32::MAX;
/// The end: its marker, the number of blocks, a hash.
pub(crate) const END_BYTES: u64 = 44;
/// What is written at once, and durable before more is: a sync of a whole large file would hold up the log for as long as
/// the disk takes for all of it.
const WRITE_BYTES: usize = 1 << 20;

/// What a block file says about itself before its first block.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockHeader {
    /// The ledger it belongs to.
    pub ledger_id: [u8; 16],
    /// What the writer keeps in it, in the writer's own words.
    pub kind: [u8; 8],
    /// The last event that the content includes.
    pub event: u64,
    /// The hash of the frame that ends with that event.
    pub chain: Hash,
}

/// Why bytes are not the header of a block file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BlockHeaderFault {
    /// No block file, or its header does not match its checksum.
    Damaged,
    /// A later version of the format.
    NewerVersion(u16),
}

impl fmt::Display for BlockHeaderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Damaged => f.write_str("this is no block file, or its header is damaged"),
            Self::NewerVersion(version) => write!(f, "the block file has the newer format version {version}"),
        }
    }
}

impl std::error::Error for BlockHeaderFault {}

impl BlockHeader {
    /// The header as bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; BLOCK_HEADER_BYTES] {
        let mut bytes = [0; BLOCK_HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&VERSION.to_le_bytes());
        bytes[10..12].copy_from_slice(&(BLOCK_HEADER_BYTES as u16).to_le_bytes());
        bytes[16..24].copy_from_slice(&self.event.to_le_bytes());
        bytes[24..40].copy_from_slice(&self.ledger_id);
        bytes[40..48].copy_from_slice(&self.kind);
        bytes[48..80].copy_from_slice(&self.chain);
        let checksum = blake3::hash(&bytes[..CHECKSUM_AT]);
        bytes[CHECKSUM_AT..].copy_from_slice(checksum.as_bytes());
        bytes
    }

    /// Reads the header that starts `bytes` (more may follow it).
    ///
    /// # Errors
    /// The fault that makes it no header of this version.
    pub fn parse(bytes: &[u8]) -> Result<Self, BlockHeaderFault> {
        let version = match bytes.get(8..12) {
            Some(&[a, b, c, d]) if bytes.starts_with(&MAGIC) => {
                let header_bytes = usize::from(u16::from_le_bytes([c, d]));
                let header = bytes.get(..header_bytes).and_then(|header| header.split_last_chunk::<HASH_BYTES>());
                let (content, checksum) = header.ok_or(BlockHeaderFault::Damaged)?;
                if blake3::hash(content).as_bytes() != checksum {
                    return Err(BlockHeaderFault::Damaged);
                }
                u16::from_le_bytes([a, b])
            }
            _ => return Err(BlockHeaderFault::Damaged),
        };
        if version > VERSION {
            return Err(BlockHeaderFault::NewerVersion(version));
        }
        let header = bytes.first_chunk::<BLOCK_HEADER_BYTES>().filter(|_| version == VERSION);
        let header = header.ok_or(BlockHeaderFault::Damaged)?;
        Ok(Self {
            event: u64::from_le_bytes(field(header, 16)),
            ledger_id: field(header, 24),
            kind: field(header, 40),
            chain: field(header, 48),
        })
    }
}

/// `N` bytes of a header from `at`, both known when compiling to lie inside it.
fn field<const N: usize>(header: &[u8; BLOCK_HEADER_BYTES], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&header[at..at + N]);
    bytes
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
            Self::Disk { doing, place, source } => write!(f, "{doing} {place} failed: {source}"),
            Self::Damaged { file, offset } => write!(
                f,
                "{file} is damaged at byte {offset}. The log holds everything that is in it: remove it, and it is made again."
            ),
            Self::NewerVersion { file, found } => write!(
                f,
                "{file} was written by a newer version of tocos (format {found}). Start that version or a later one, or remove the file: the log holds everything that is in it."
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
/// [`BlockFileError::Disk`], [`BlockFileError::BlockTooLong`]. Whatever had the name before still has it then, unless
/// only the last sync of the directory failed.
pub fn write<B: AsRef<[u8]>>(
    disk: &dyn Disk,
    name: &str,
    header: &BlockHeader,
    blocks: impl IntoIterator<Item = B>,
) -> Result<u64, BlockFileError> {
    let mut writer = BlockWriter::create(disk, name, header)?;
    for block in blocks {
        writer.push(block.as_ref())?;
    }
    writer.finish()
}

/// Writes a block file, block by block. One that is dropped unfinished leaves nothing under its name.
#[derive(Debug)]
pub struct BlockWriter<'d> {
    disk: &'d dyn Disk,
    name: String,
    file: Arc<dyn DiskFile>,
    /// What is not yet written, and how much is.
    buffer: Vec<u8>,
    written: u64,
    hash: Hash,
    count: u64,
    is_finished: bool,
}

impl<'d> BlockWriter<'d> {
    /// Begins the file `name`, which gets its name only when it is finished.
    ///
    /// # Errors
    /// [`BlockFileError::Disk`].
    pub fn create(disk: &'d dyn Disk, name: &str, header: &BlockHeader) -> Result<Self, BlockFileError> {
        let temporary = format!("{name}{TEMPORARY}");
        let failed = |source| BlockFileError::Disk { doing: "writing", place: disk.place(&temporary), source };
        let file = disk.create(&temporary).map_err(failed)?;
        let buffer = header.encode().to_vec();
        let hash = field(&header.encode(), CHECKSUM_AT);
        Ok(Self { disk, name: name.to_owned(), file, buffer, written: 0, hash, count: 0, is_finished: false })
    }

    /// Where the next block will begin, in bytes from the start of the file.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.written + self.buffer.len() as u64
    }

    /// Adds a block.
    ///
    /// # Errors
    /// [`BlockFileError::Disk`], [`BlockFileError::BlockTooLong`].
    pub fn push(&mut self, block: &[u8]) -> Result<(), BlockFileError> {
        let length = u32::try_from(block.len()).ok().filter(|length| *length != END);
        let length = length.ok_or_else(|| BlockFileError::BlockTooLong { file: self.place() })?;
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&length.to_le_bytes());
        self.buffer.extend_from_slice(block);
        self.seal(start);
        self.count += 1;
        if self.buffer.len() >= WRITE_BYTES {
            self.flush()?;
        }
        Ok(())
    }

    /// Puts the hash behind what was added from `start` on.
    fn seal(&mut self, start: usize) {
        self.hash = next_hash(&self.hash, &self.buffer[start..]);
        self.buffer.extend_from_slice(&self.hash);
    }

    fn flush(&mut self) -> Result<(), BlockFileError> {
        let flushed = self.file.write_at(&self.buffer, self.written).and_then(|()| self.file.sync());
        flushed.map_err(|source| BlockFileError::Disk { doing: "writing", place: self.place(), source })?;
        self.written += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Writes the end, and gives the file its name. Returns its size in bytes.
    ///
    /// # Errors
    /// [`BlockFileError::Disk`].
    pub fn finish(mut self) -> Result<u64, BlockFileError> {
        let start = self.buffer.len();
        self.buffer.extend_from_slice(&END.to_le_bytes());
        self.buffer.extend_from_slice(&self.count.to_le_bytes());
        self.seal(start);
        self.flush()?;
        let failed = |source| BlockFileError::Disk { doing: "naming", place: self.disk.place(&self.name), source };
        self.disk.rename(&self.temporary(), &self.name).map_err(failed)?;
        self.disk.sync_dir().map_err(failed)?;
        self.is_finished = true;
        Ok(self.written)
    }

    fn temporary(&self) -> String {
        format!("{}{TEMPORARY}", self.name)
    }

    fn place(&self) -> String {
        self.disk.place(&self.temporary())
    }
}

impl Drop for BlockWriter<'_> {
    fn drop(&mut self) {
        if !self.is_finished {
            // What cannot be removed now is removed when the journal is opened again.
            let _ = self.disk.remove(&self.temporary());
        }
    }
}

/// Reads one block of `len` bytes, which begins at byte `offset` of a file, and verifies it by its own hash and the one
/// before it. `place` is the file's name for messages.
///
/// # Errors
/// [`BlockFileError::Damaged`], [`BlockFileError::Disk`].
pub fn read_block(file: &dyn DiskFile, place: &str, offset: u64, len: usize) -> Result<Vec<u8>, BlockFileError> {
    let damaged = || BlockFileError::Damaged { file: place.to_owned(), offset };
    let start = offset.checked_sub(HASH_BYTES as u64).ok_or_else(damaged)?;
    let mut bytes = vec![0; HASH_BYTES + LENGTH_BYTES + len + HASH_BYTES];
    let filled = file.read_at(&mut bytes, start).map_err(|source| BlockFileError::Disk {
        doing: "reading",
        place: place.to_owned(),
        source,
    })?;
    let is_whole = filled == bytes.len();
    let (before, block) = bytes.split_first_chunk::<HASH_BYTES>().filter(|_| is_whole).ok_or_else(damaged)?;
    let (content, hash) = block.split_last_chunk::<HASH_BYTES>().ok_or_else(damaged)?;
    let says = content.first_chunk::<LENGTH_BYTES>().map(|length| u32::from_le_bytes(*length) as usize);
    if says != Some(len) || next_hash(before, content) != *hash {
        return Err(damaged());
    }
    bytes.drain(..HASH_BYTES + LENGTH_BYTES);
    bytes.truncate(len);
    Ok(bytes)
}

/// Says that a block will be read by [`read_block`] soon.
pub(crate) fn will_read_block(file: &dyn DiskFile, offset: u64, len: usize) {
    file.will_read((HASH_BYTES + LENGTH_BYTES + len + HASH_BYTES) as u64, offset.saturating_sub(HASH_BYTES as u64));
}

/// Each hash is keyed with the one before, so that no block can be left out, added or moved.
fn next_hash(before: &Hash, bytes: &[u8]) -> Hash {
    *blake3::keyed_hash(before, bytes).as_bytes()
}

/// Reads a block file, block by block.
///
/// Each block is verified before it is handed out, and it is certain to be the next one of this file. That the file is
/// complete is known for certain only with the `None` behind the last block: until then the caller must be ready to throw
/// away what it built. (A file that was cut short is noticed when it is opened.)
#[derive(Debug)]
pub struct BlockReader {
    header: BlockHeader,
    place: String,
    window: Window,
    len: u64,
    offset: u64,
    /// The blocks the file says it has, and those read.
    count: u64,
    read: u64,
    /// The hash of what has been read.
    hash: Hash,
    done: bool,
}

impl BlockReader {
    /// Opens a block file and reads its header and its end.
    ///
    /// # Errors
    /// [`BlockFileError::Damaged`], [`BlockFileError::NewerVersion`], [`BlockFileError::Disk`].
    pub fn open(disk: &dyn Disk, name: &str) -> Result<Self, BlockFileError> {
        let place = disk.place(name);
        let failed = |source| BlockFileError::Disk { doing: "reading", place: disk.place(name), source };
        let damaged = |offset| BlockFileError::Damaged { file: disk.place(name), offset };
        let file = disk.open(name).map_err(failed)?;
        let len = file.len().map_err(failed)?;
        let mut window = Window::new(file);
        let start = window.at(0, 512, len).map_err(failed)?;
        let header = BlockHeader::parse(start).map_err(|fault| match fault {
            BlockHeaderFault::Damaged => damaged(0),
            BlockHeaderFault::NewerVersion(found) => BlockFileError::NewerVersion { file: disk.place(name), found },
        })?;
        let hash = field(&header.encode(), CHECKSUM_AT);
        let end_at = len.checked_sub(END_BYTES).filter(|at| *at >= BLOCK_HEADER_BYTES as u64);
        let end_at = end_at.ok_or_else(|| damaged(len))?;
        let end = window.at(end_at, END_BYTES, len).map_err(failed)?;
        let count = read_end(end).ok_or_else(|| damaged(end_at))?;
        let offset = BLOCK_HEADER_BYTES as u64;
        Ok(Self { header, place, window, len, offset, count, read: 0, hash, done: false })
    }

    /// What the file says about itself.
    #[must_use]
    pub fn header(&self) -> &BlockHeader {
        &self.header
    }

    /// Where the next block begins, in bytes from the start of the file.
    #[must_use]
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// How many blocks the file says it holds.
    #[must_use]
    pub fn block_count(&self) -> u64 {
        self.count
    }

    /// The next block, or nothing behind the last. The bytes last until the next call.
    ///
    /// # Errors
    /// [`BlockFileError::Damaged`] and [`BlockFileError::Disk`], again on every later call.
    pub fn next_block(&mut self) -> Result<Option<&[u8]>, BlockFileError> {
        if self.done {
            return Ok(None);
        }
        let offset = self.offset;
        let damaged = || BlockFileError::Damaged { file: self.place.clone(), offset };
        let failed = |source| BlockFileError::Disk { doing: "reading", place: self.place.clone(), source };
        let bytes = self.window.at(offset, LENGTH_BYTES as u64, self.len).map_err(failed)?;
        let length = u32::from_le_bytes(*bytes.first_chunk::<LENGTH_BYTES>().ok_or_else(damaged)?);
        let content = if length == END { 8 } else { length as usize } + LENGTH_BYTES;
        let whole = (content + HASH_BYTES) as u64;
        let bytes = self.window.at(offset, whole, self.len).map_err(failed)?;
        let (content, hash) = bytes.split_at_checked(content).ok_or_else(damaged)?;
        let expected = next_hash(&self.hash, content);
        if !hash.starts_with(&expected) {
            return Err(damaged());
        }
        if length == END {
            if self.read != self.count || offset + whole != self.len {
                return Err(damaged());
            }
            self.done = true;
            return Ok(None);
        }
        self.hash = expected;
        self.offset += whole;
        self.read += 1;
        let block = &self.window.again(offset)[LENGTH_BYTES..];
        Ok(Some(&block[..length as usize]))
    }
}

/// The number of blocks that an end says, if it is one.
fn read_end(bytes: &[u8]) -> Option<u64> {
    let (marker, behind) = bytes.split_first_chunk::<LENGTH_BYTES>()?;
    let count = behind.first_chunk::<8>()?;
    (u32::from_le_bytes(*marker) == END).then(|| u64::from_le_bytes(*count))
}
