//! A frame as bytes: what is where, and what must hold before a byte of it is believed.
//!
//! Nothing here reads a file; every function takes bytes as they come, from a disk or from a fuzzer, and
//! never allocates by what the bytes claim.

use std::fmt;

/// The bytes of one event's record.
pub const RECORD_BYTES: usize = 64;
/// The bytes before a frame's records.
pub const FRAME_HEADER_BYTES: usize = 112;
/// The newest version of the log format, and the one that is written.
pub const FORMAT_VERSION: u16 = 2;
/// The most events one frame may hold.
pub const MAX_RECORDS: u32 = 1 << 22;
/// The most bytes of blobs one frame may hold.
pub const MAX_BLOB_BYTES: u32 = 1 << 29;

/// A BLAKE3 hash. A frame's own hash is at once its checksum and what the next frame links to.
pub type Hash = [u8; 32];

const MAGIC: [u8; 4] = *b"TFRM";
/// The frame's own hash covers everything from here to the end of the frame.
const HASHED_FROM: usize = 32;
/// The offset of the segment's tag in a frame.
pub(crate) const TAG_OFFSET: usize = 72;
/// Frames start at multiples of this.
pub(crate) const ALIGNMENT: usize = 8;

/// Why bytes are not the frame that should be there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FrameFault {
    /// The bytes end before the frame does.
    Short {
        /// Bytes the frame needs.
        needed: u64,
        /// Bytes that are there.
        found: u64,
    },
    /// No frame header is here.
    NoHeader,
    /// The header says a version or a header length that its segment does not have.
    Version(u16),
    /// The header says no events, or more than a frame may hold, or numbers beyond the last possible one.
    Count,
    /// The header says more blob bytes than a frame may hold.
    BlobBytes(u32),
    /// The header says that its own events, or later ones, were durable before it was written.
    Durable(u64),
    /// The frame was written into another segment.
    OtherSegment,
    /// The content does not have the hash that the header says.
    Hash,
    /// The frame is whole, but its first event is not the one that must follow.
    Number {
        /// The number that must follow.
        expected: u64,
        /// The number the frame starts with.
        found: u64,
    },
    /// The frame is whole, but it follows another frame than the one before it.
    Chain,
    /// There are zeros or the end of the file where a frame is expected.
    Missing,
}

impl fmt::Display for FrameFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Short { needed, found } => {
                write!(f, "the frame needs {needed} bytes and {found} are there")
            }
            Self::NoHeader => f.write_str("there is no frame header here"),
            Self::Version(found) => write!(f, "the frame header says format version {found}, unlike its file"),
            Self::Count => f.write_str("the frame header says an impossible number of events"),
            Self::BlobBytes(found) => {
                write!(f, "the frame header says {found} bytes of blobs, more than a frame may hold")
            }
            Self::Durable(found) => {
                write!(f, "the frame header says that event {found} was durable, which is not before the frame")
            }
            Self::OtherSegment => f.write_str("the frame belongs to another file"),
            Self::Hash => f.write_str("the content of the frame does not match its hash"),
            Self::Number { expected, found } => {
                write!(f, "the frame starts with event {found} where event {expected} must follow")
            }
            Self::Chain => f.write_str("the frame does not link to the frame before it"),
            Self::Missing => f.write_str("the frame that must be here is missing"),
        }
    }
}

impl std::error::Error for FrameFault {}

/// What a frame says about itself in its first bytes. Plausible, not verified: only
/// [`FrameView::parse`] has seen the hash.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FrameHeader {
    /// The hash of the frame before.
    pub prev: Hash,
    /// The hash this frame says it has.
    pub hash: Hash,
    /// Names the segment that the frame was written into; see [`crate::SegmentHeader::tag`].
    pub tag: u64,
    /// The last event that the writer knew to be durable when it began this frame: before `first`, 0 for none.
    pub durable: u64,
    /// The number of the first event.
    pub first: u64,
    /// The frame's time, microseconds since 1970 in UTC.
    pub at_us: i64,
    /// How many events, from 1.
    pub count: u32,
    /// Bytes of blobs, without the padding behind them.
    pub blob_bytes: u32,
}

impl FrameHeader {
    /// Reads the first [`FRAME_HEADER_BYTES`] of `bytes` and checks what can be checked without the rest.
    ///
    /// # Errors
    /// The fault that makes it no frame header.
    pub fn parse(bytes: &[u8]) -> Result<Self, FrameFault> {
        let Some(header) = bytes.first_chunk::<FRAME_HEADER_BYTES>() else {
            return Err(FrameFault::Short { needed: FRAME_HEADER_BYTES as u64, found: bytes.len() as u64 });
        };
        if header[64..68] != MAGIC {
            return Err(FrameFault::NoHeader);
        }
        let version = u16::from_le_bytes(field(header, 68));
        let header_bytes = u16::from_le_bytes(field(header, 70));
        if version != FORMAT_VERSION || usize::from(header_bytes) != FRAME_HEADER_BYTES {
            return Err(FrameFault::Version(version));
        }
        let parsed = Self {
            hash: field(header, 0),
            prev: field(header, 32),
            tag: u64::from_le_bytes(field(header, TAG_OFFSET)),
            durable: u64::from_le_bytes(field(header, 80)),
            first: u64::from_le_bytes(field(header, 88)),
            at_us: i64::from_le_bytes(field(header, 96)),
            count: u32::from_le_bytes(field(header, 104)),
            blob_bytes: u32::from_le_bytes(field(header, 108)),
        };
        let numbered = parsed.first > 0 && parsed.first.checked_add(u64::from(parsed.count)).is_some();
        if parsed.count == 0 || parsed.count > MAX_RECORDS || !numbered {
            return Err(FrameFault::Count);
        }
        if parsed.blob_bytes > MAX_BLOB_BYTES {
            return Err(FrameFault::BlobBytes(parsed.blob_bytes));
        }
        if parsed.durable >= parsed.first {
            return Err(FrameFault::Durable(parsed.durable));
        }
        Ok(parsed)
    }

    /// The number of the last event.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.first + u64::from(self.count) - 1
    }

    /// The bytes of the whole frame on disk, header and padding included.
    #[must_use]
    pub fn frame_bytes(&self) -> u64 {
        frame_bytes(u64::from(self.count), u64::from(self.blob_bytes))
    }

    /// Where the blobs start, counted from the start of the frame.
    #[must_use]
    pub fn blobs_offset(&self) -> u64 {
        FRAME_HEADER_BYTES as u64 + u64::from(self.count) * RECORD_BYTES as u64
    }
}

/// A whole frame whose hash has been verified, borrowed from the bytes it was read into.
#[derive(Debug, Clone, Copy)]
pub struct FrameView<'a> {
    header: FrameHeader,
    records: &'a [[u8; RECORD_BYTES]],
    blobs: &'a [u8],
}

impl<'a> FrameView<'a> {
    /// Reads the frame that starts `bytes` (more may follow it) and verifies its hash. The tag, the number and
    /// the link to the frame before are for the caller to compare.
    ///
    /// # Errors
    /// The fault that makes it no whole frame.
    pub fn parse(bytes: &'a [u8]) -> Result<Self, FrameFault> {
        let header = FrameHeader::parse(bytes)?;
        let view = Self::unverified(header, bytes)?;
        let end = usize::try_from(header.frame_bytes()).map_err(|_| FrameFault::Count)?;
        if *blake3::hash(&bytes[HASHED_FROM..end]).as_bytes() != header.hash {
            return Err(FrameFault::Hash);
        }
        Ok(view)
    }

    /// The view of a frame whose hash the caller has verified already.
    ///
    /// # Errors
    /// [`FrameFault::Short`] if `bytes` end before the frame does.
    pub fn unverified(header: FrameHeader, bytes: &'a [u8]) -> Result<Self, FrameFault> {
        let needed = header.frame_bytes();
        let short = FrameFault::Short { needed, found: bytes.len() as u64 };
        let frame = usize::try_from(needed).ok().and_then(|end| bytes.get(..end)).ok_or(short)?;
        Ok(Self::whole(header, frame))
    }

    /// The view of a frame whose hash has been verified and all of whose bytes are there; more may follow them.
    pub(crate) fn whole(header: FrameHeader, frame: &'a [u8]) -> Self {
        let (records, behind) = frame[FRAME_HEADER_BYTES..].split_at(header.count as usize * RECORD_BYTES);
        Self { header, records: records.as_chunks().0, blobs: &behind[..header.blob_bytes as usize] }
    }

    /// The number of the first event.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.header.first
    }

    /// The number of the last event.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.header.last()
    }

    /// How many events the frame holds, at least 1.
    #[must_use]
    pub fn count(&self) -> u32 {
        self.header.count
    }

    /// The frame's time, microseconds since 1970 in UTC.
    #[must_use]
    pub fn at_us(&self) -> i64 {
        self.header.at_us
    }

    /// The frame's own hash: the state of the chain after its last event.
    #[must_use]
    pub fn hash(&self) -> Hash {
        self.header.hash
    }

    /// The hash of the frame before.
    #[must_use]
    pub fn prev(&self) -> Hash {
        self.header.prev
    }

    /// All that the header says.
    #[must_use]
    pub fn header(&self) -> &FrameHeader {
        &self.header
    }

    /// The records in order; the first belongs to event `first()`.
    #[must_use]
    pub fn records(&self) -> &'a [[u8; RECORD_BYTES]] {
        self.records
    }

    /// The variable bytes at `offset`, or nothing where no blob can be.
    #[must_use]
    pub fn blob(&self, offset: u32) -> Option<&'a [u8]> {
        blob_in(self.blobs, offset)
    }
}

/// The bytes of a frame on disk.
pub(crate) fn frame_bytes(records: u64, blob_bytes: u64) -> u64 {
    (FRAME_HEADER_BYTES as u64 + records * RECORD_BYTES as u64 + blob_bytes).next_multiple_of(ALIGNMENT as u64)
}

/// The blob at `offset` of a blob area: a length of four bytes, and that many bytes behind it.
pub(crate) fn blob_in(blobs: &[u8], offset: u32) -> Option<&[u8]> {
    let (length, behind) = blobs.get(offset as usize..)?.split_first_chunk::<4>()?;
    behind.get(..u32::from_le_bytes(*length) as usize)
}

/// How a frame is tied to the log in front of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    /// The hash of the frame before.
    pub prev: Hash,
    /// The tag of the segment that the frame is written into.
    pub tag: u64,
    /// The last event that is known to be durable.
    pub durable: u64,
}

/// What a frame holds, before it has a hash.
#[derive(Debug)]
pub(crate) struct Contents<'a> {
    pub(crate) first: u64,
    pub(crate) at_us: i64,
    pub(crate) records: &'a [[u8; RECORD_BYTES]],
    pub(crate) blobs: &'a [u8],
}

/// Appends a frame's bytes to `out` and returns its hash. The caller has checked the limits.
pub(crate) fn seal(frame: &Contents<'_>, out: &mut Vec<u8>, link: &Link) -> Hash {
    let start = out.len();
    out.extend_from_slice(&[0; HASHED_FROM]);
    out.extend_from_slice(&link.prev);
    out.extend_from_slice(&MAGIC);
    out.extend_from_slice(&FORMAT_VERSION.to_le_bytes());
    out.extend_from_slice(&(FRAME_HEADER_BYTES as u16).to_le_bytes());
    out.extend_from_slice(&link.tag.to_le_bytes());
    out.extend_from_slice(&link.durable.to_le_bytes());
    out.extend_from_slice(&frame.first.to_le_bytes());
    out.extend_from_slice(&frame.at_us.to_le_bytes());
    out.extend_from_slice(&(frame.records.len() as u32).to_le_bytes());
    out.extend_from_slice(&(frame.blobs.len() as u32).to_le_bytes());
    out.extend_from_slice(frame.records.as_flattened());
    out.extend_from_slice(frame.blobs);
    let padded = (out.len() - start).next_multiple_of(ALIGNMENT);
    out.resize(start + padded, 0);
    let hash = *blake3::hash(&out[start + HASHED_FROM..]).as_bytes();
    out[start..start + HASHED_FROM].copy_from_slice(&hash);
    hash
}

/// `N` bytes of a header from `at`, both known when compiling to lie inside it.
fn field<const N: usize>(header: &[u8; FRAME_HEADER_BYTES], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&header[at..at + N]);
    bytes
}
