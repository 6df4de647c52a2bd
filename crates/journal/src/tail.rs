//! What follows the last valid frame: nothing, a torn frame, or proof that there were more frames.

use std::io;

use crate::disk::DiskFile;
use crate::layout::{ALIGNMENT, FRAME_HEADER_BYTES, FrameHeader, TAG_OFFSET};

const READ_BYTES: usize = 1 << 18;
const BLANK: [u8; 4096] = [0; 4096];

/// How the log ended when it was opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TailReport {
    /// The last segment, with its directory.
    pub file: String,
    /// Where its last good frame ends, in bytes from its start.
    pub offset: u64,
    /// Bytes of a torn frame behind it that were cut off (or, when only inspecting, that a start would cut off).
    /// 0 is a clean end.
    pub bytes_cut: u64,
    /// The last good event; 0 in an empty log.
    pub after_event: u64,
}

/// What is in a segment after an offset without a valid frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Tail {
    /// The bytes up to the last one that is not zero.
    pub(crate) bytes: u64,
    /// Whether another frame of this segment starts there that says that the missing event was durable when it was
    /// begun. Frames that do not say so were on their way together with the one that is missing.
    pub(crate) was_durable: bool,
}

/// Reads a segment from `offset` to its end, where the frame with event `missing` should be in the segment of this tag. A torn
/// frame may be at `offset` itself. Without a tag it only checks whether all bytes are zero.
///
/// A frame that follows is recognised by its segment's tag, which clients can't know and so can't put into a
/// blob. Its content need not be complete: a header that is plausible is complete, since what a crash loses of it is zeros.
pub(crate) fn examine(file: &dyn DiskFile, offset: u64, missing: Option<(u64, u64)>) -> io::Result<Tail> {
    let mut tail = Tail { bytes: 0, was_durable: false };
    let mut buffer = vec![0; READ_BYTES];
    let mut at = offset;
    loop {
        let filled = file.read_at(&mut buffer, at)?;
        let read = &buffer[..filled];
        for (piece_at, piece) in (at..).step_by(BLANK.len()).zip(read.chunks(BLANK.len())) {
            if *piece == BLANK[..piece.len()] {
                continue;
            }
            let used = piece.iter().rposition(|byte| *byte != 0).map_or(0, |last| last as u64 + 1);
            tail.bytes = piece_at + used - offset;
            let Some((tag, event)) = missing else { return Ok(tail) };
            let tag = tag.to_le_bytes();
            for (word_at, word) in (piece_at..).step_by(ALIGNMENT).zip(piece.chunks_exact(ALIGNMENT)) {
                if *word == tag && durable_at(file, word_at, offset)?.is_some_and(|durable| durable >= event) {
                    tail.was_durable = true;
                    return Ok(tail);
                }
            }
        }
        if filled < READ_BYTES {
            return Ok(tail);
        }
        at += filled as u64;
    }
}

/// What the frame says was durable whose header has the tag at `tag_at`, if there is one that starts behind `offset`.
fn durable_at(file: &dyn DiskFile, tag_at: u64, offset: u64) -> io::Result<Option<u64>> {
    let Some(frame_at) = tag_at.checked_sub(TAG_OFFSET as u64).filter(|at| *at > offset) else {
        return Ok(None);
    };
    let mut header = [0; FRAME_HEADER_BYTES];
    let filled = file.read_at(&mut header, frame_at)?;
    Ok(FrameHeader::parse(&header[..filled]).ok().map(|header| header.durable))
}
