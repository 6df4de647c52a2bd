//! A segment file: its name and the header in front of its frames.

use std::fmt;

use crate::layout::{FORMAT_VERSION, Hash};

/// The bytes before a segment's first frame.
pub const SEGMENT_HEADER_BYTES: usize = 128;

const MAGIC: [u8; 8] = *b"TOCOSLOG";
/// The checksum covers everything before it.
const CHECKSUM_AT: usize = SEGMENT_HEADER_BYTES - 32;

/// What a segment says about itself before its first frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentHeader {
    /// The ledger that the log belongs to.
    pub ledger_id: [u8; 16],
    /// Random bytes that the ledger was made with; the same in every segment.
    pub seed: [u8; 16],
    /// The number of the first event in this segment.
    pub first: u64,
    /// The first event of the segment before, 0 in the first segment: so a missing file is noticed
    /// without reading the others.
    pub previous_first: u64,
    /// The hash of the last frame of the segment before; in the first segment that of the ledger id.
    pub prev: Hash,
}

/// Why bytes are not a segment header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentFault {
    /// They don't start with the magic bytes of a log segment.
    NotOurs,
    /// A later version of the format, which keeps magic, version, header length and a checksum at the header's end.
    NewerVersion(u16),
    /// A version from before the first release, which this build does not read.
    OlderVersion(u16),
    /// Magic bytes, but the rest does not match its checksum.
    Damaged,
}

impl fmt::Display for SegmentFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotOurs => f.write_str("this is no log segment"),
            Self::NewerVersion(version) => {
                write!(f, "the segment has the newer format version {version}")
            }
            Self::OlderVersion(version) => {
                write!(f, "the segment has the format version {version}, from before the first release")
            }
            Self::Damaged => f.write_str("the segment's header does not match its checksum"),
        }
    }
}

impl std::error::Error for SegmentFault {}

impl SegmentHeader {
    /// The header as bytes.
    #[must_use]
    pub fn encode(&self) -> [u8; SEGMENT_HEADER_BYTES] {
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        bytes[..8].copy_from_slice(&MAGIC);
        bytes[8..10].copy_from_slice(&FORMAT_VERSION.to_le_bytes());
        bytes[10..12].copy_from_slice(&(SEGMENT_HEADER_BYTES as u16).to_le_bytes());
        bytes[16..24].copy_from_slice(&self.first.to_le_bytes());
        bytes[24..32].copy_from_slice(&self.previous_first.to_le_bytes());
        bytes[32..48].copy_from_slice(&self.ledger_id);
        bytes[48..64].copy_from_slice(&self.seed);
        bytes[64..96].copy_from_slice(&self.prev);
        let checksum = blake3::hash(&bytes[..CHECKSUM_AT]);
        bytes[CHECKSUM_AT..].copy_from_slice(checksum.as_bytes());
        bytes
    }

    /// Reads the header that starts `bytes` (more may follow it).
    ///
    /// # Errors
    /// The fault that makes it no header of this version.
    pub fn parse(bytes: &[u8]) -> Result<Self, SegmentFault> {
        if !bytes.starts_with(&MAGIC) {
            return Err(SegmentFault::NotOurs);
        }
        let (version, header_bytes) = match bytes.get(8..12) {
            Some(&[a, b, c, d]) => (u16::from_le_bytes([a, b]), u16::from_le_bytes([c, d])),
            _ => return Err(SegmentFault::Damaged),
        };
        let header = bytes.get(..usize::from(header_bytes)).unwrap_or_default();
        let Some((content, checksum)) = header.split_last_chunk::<32>() else {
            return Err(SegmentFault::Damaged);
        };
        if blake3::hash(content).as_bytes() != checksum {
            return Err(SegmentFault::Damaged);
        }
        if version > FORMAT_VERSION {
            return Err(SegmentFault::NewerVersion(version));
        }
        if version < FORMAT_VERSION {
            return Err(SegmentFault::OlderVersion(version));
        }
        let Some(header) = header.first_chunk::<SEGMENT_HEADER_BYTES>() else {
            return Err(SegmentFault::Damaged);
        };
        if header_bytes as usize != SEGMENT_HEADER_BYTES {
            return Err(SegmentFault::Damaged);
        }
        Ok(Self {
            first: u64::from_le_bytes(field(header, 16)),
            previous_first: u64::from_le_bytes(field(header, 24)),
            ledger_id: field(header, 32),
            seed: field(header, 48),
            prev: field(header, 64),
        })
    }

    /// What every frame in this segment carries, so that neither bytes of another file nor bytes inside a
    /// blob are ever taken for a frame of it: the first eight bytes of the header's checksum.
    #[must_use]
    pub fn tag(&self) -> u64 {
        u64::from_le_bytes(field(&self.encode(), CHECKSUM_AT))
    }
}

/// Whether `bytes`, the start of a file whose header does not parse, can be what a crash left of a header that
/// was never finished: a beginning of our magic bytes, or zeros.
pub(crate) fn is_unfinished(bytes: &[u8]) -> bool {
    let ours = bytes.iter().zip(MAGIC).take_while(|(found, ours)| *found == ours).count();
    ours == MAGIC.len() || bytes[ours..].iter().all(|byte| *byte == 0)
}

/// The name of the segment that starts with event `first`.
pub(crate) fn segment_name(first: u64) -> String {
    format!("log-{first:020}.tocos")
}

/// A name in the directory, as far as it concerns the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LogName {
    /// A segment with this first event.
    Segment(u64),
    /// It looks like a segment's name and is not one.
    Malformed,
    /// Something else.
    Other,
}

/// The first event of the segment that has this name; none if no segment has it.
#[must_use]
pub fn segment_start(name: &str) -> Option<u64> {
    match log_name(name) {
        LogName::Segment(first) => Some(first),
        LogName::Malformed | LogName::Other => None,
    }
}

/// Tells what a file is by its name.
pub(crate) fn log_name(name: &str) -> LogName {
    let Some(digits) = name.strip_prefix("log-").and_then(|rest| rest.strip_suffix(".tocos")) else {
        return LogName::Other;
    };
    match digits.parse() {
        Ok(first) if first > 0 && segment_name(first) == name => LogName::Segment(first),
        _ => LogName::Malformed,
    }
}

/// `N` bytes of a header from `at`, both known when compiling to lie inside it.
fn field<const N: usize>(header: &[u8; SEGMENT_HEADER_BYTES], at: usize) -> [u8; N] {
    let mut bytes = [0; N];
    bytes.copy_from_slice(&header[at..at + N]);
    bytes
}
