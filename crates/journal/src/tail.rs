//! What stands behind the last good frame.

/// How the log ended when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailReport {
    /// The last segment, with its directory.
    pub file: String,
    /// Where its last good frame ends, in bytes from its start.
    pub offset: u64,
    /// Bytes of a torn frame behind it that were cut off (or, when only inspecting, that a start would cut off). 0 is a clean end.
    pub bytes_cut: u64,
    /// The last good event; 0 in an empty log.
    pub after_event: u64,
}
