//! How a journal is kept, and what a new ledger is made with.

/// What a new ledger is made with. Both are random bytes from the caller, and used only when the directory is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewLedger {
    /// Names the ledger; files of different ledgers never mix.
    pub ledger_id: [u8; 16],
    /// Kept with the log for whatever the caller needs secret randomness for, such as seeding its hash tables.
    pub seed: [u8; 16],
}

/// How a journal is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// The size of a segment file, in bytes. Frames larger than that get a segment of their own.
    pub segment_bytes: u64,
    /// How many zeros to write behind a frame whenever the log grows into bytes that were only allocated.
    /// A later write over them is much cheaper than one into unwritten space.
    pub zero_ahead_bytes: u32,
    /// Whether the log is a copy of one that is durable elsewhere, written by [`append_sealed`](crate::Appender::append_sealed). Then frames at the end of the
    /// last segment may have been lost in any order; everything from the first that is damaged is cut off when the log is
    /// opened, also where a later frame says that it was durable.
    pub is_copy: bool,
    /// What to make a new ledger with.
    pub new_ledger: NewLedger,
}

impl Options {
    /// Segments of 64 MiB, zeroed ahead by 512 KiB.
    #[must_use]
    pub fn new(new_ledger: NewLedger) -> Self {
        Self { segment_bytes: 64 << 20, zero_ahead_bytes: 512 << 10, is_copy: false, new_ledger }
    }
}
