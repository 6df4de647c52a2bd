//! One step of a walk over a segment: the frame at an offset, verified against what must be there.

use std::io;

use crate::layout::{FRAME_HEADER_BYTES, FrameFault, FrameHeader, FrameView, Hash};
use crate::window::Window;

/// What a frame at some place must look like.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Expected {
    pub(crate) tag: u64,
    pub(crate) event: u64,
    /// The hash of the frame before; none where a walk starts in the middle of the log.
    pub(crate) prev: Option<Hash>,
}

/// What is at an offset.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Step {
    /// The frame that must be there, whole.
    Frame(FrameHeader),
    /// Zeros, or the end of the bytes.
    End,
    /// Something else. `whole` says that it is a frame with the hash it claims, only not the one that must be
    /// there: no torn write makes that.
    Bad { fault: FrameFault, whole: bool },
}

/// Looks at `offset` of the window's file, of which `limit` bytes may be read. After [`Step::Frame`] the
/// frame's bytes are in the window.
pub(crate) fn step(window: &mut Window, offset: u64, limit: u64, expected: &Expected) -> io::Result<Step> {
    let bytes = window.at(offset, FRAME_HEADER_BYTES as u64, limit)?;
    let start = &bytes[..bytes.len().min(FRAME_HEADER_BYTES)];
    if start.iter().all(|byte| *byte == 0) {
        return Ok(Step::End);
    }
    let torn = |fault| Ok(Step::Bad { fault, whole: false });
    let header = match FrameHeader::parse(start) {
        Ok(header) => header,
        Err(fault) => return torn(fault),
    };
    let bytes = window.at(offset, header.frame_bytes(), limit)?;
    if let Err(fault) = FrameView::parse(bytes) {
        return torn(fault);
    }
    let misplaced = |fault| Ok(Step::Bad { fault, whole: true });
    if header.tag != expected.tag {
        return misplaced(FrameFault::OtherSegment);
    }
    if header.first != expected.event {
        return misplaced(FrameFault::Number { expected: expected.event, found: header.first });
    }
    if expected.prev.is_some_and(|prev| prev != header.prev) {
        return misplaced(FrameFault::Chain);
    }
    Ok(Step::Frame(header))
}
