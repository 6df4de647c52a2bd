//! What the log consists of: frames, each chained to the one before by its hash.

use bytes::Bytes;

/// A BLAKE3 hash: that of a frame, or of the ledger id at the start of the log.
pub type Hash = [u8; 32];

/// What a shared log belongs to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Identity {
    /// The name under which the engine keeps it; one engine may keep several ledgers.
    pub ledger: String,
    /// The ledger's id, as in every segment of its log.
    pub ledger_id: [u8; 16],
    /// The random bytes that the ledger was made with.
    pub seed: [u8; 16],
}

/// A frame without its bytes. Number 0 is the start of the log: event 0, and no bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number: one more than that of the frame before.
    pub n: u64,
    /// The epoch under which it was appended; 0 for what was there before the group.
    pub epoch: u64,
    /// The number of its first event.
    pub first_event: u64,
    /// The number of its last event.
    pub last_event: u64,
    /// Its hash, which the next frame was built on.
    pub hash: Hash,
}

impl Head {
    /// Number 0 of a ledger's log.
    #[must_use]
    pub fn start(ledger_id: &[u8; 16]) -> Self {
        Self { n: 0, epoch: 0, first_event: 0, last_event: 0, hash: *blake3::hash(ledger_id).as_bytes() }
    }
}

/// A frame as it is in the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    /// All but the bytes.
    pub head: Head,
    /// The frame as the journal writes it.
    pub bytes: Bytes,
}

/// Frames that were read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Read {
    /// In order, without a gap between them.
    pub frames: Vec<Stored>,
    /// Whether there was nothing behind them. If not, there may be more.
    pub is_all: bool,
}

/// A frame to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewFrame {
    /// All but the bytes. Its number must be free, and the number before it taken by the frame with hash `prev`.
    pub head: Head,
    /// The hash of the frame that it was built on.
    pub prev: Hash,
    /// The frame as the journal writes it.
    pub bytes: Bytes,
}

/// What came of an append.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appended {
    /// It is durable, as far as the engine promises.
    Durable,
    /// The number is taken, or the frame before it is another one or is not there: somebody else went on. Nothing was appended.
    Refused,
}
