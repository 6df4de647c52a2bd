//! Frames that are sealed before they are written: a group appends them to a shared log first, and every node then writes the
//! same bytes into its own files.

use std::sync::Arc;

use crate::append_error::AppendError;
use crate::frame::Frame;
use crate::layout::{FrameFault, FrameHeader, FrameView, Link};
use crate::position::Position;
use crate::segment::{SEGMENT_HEADER_BYTES, SegmentHeader};

/// A frame with its hash and all its bytes. Clones share the bytes.
#[derive(Debug, Clone)]
pub struct Sealed {
    header: FrameHeader,
    bytes: Arc<Vec<u8>>,
}

impl Sealed {
    /// Takes the bytes of one frame, as another node or a shared log gave them, and verifies its hash.
    ///
    /// # Errors
    /// The fault that makes it no frame; [`FrameFault::Short`] also if there are bytes behind it.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, FrameFault> {
        let header = *FrameView::parse(&bytes)?.header();
        let (needed, found) = (header.frame_bytes(), bytes.len() as u64);
        if needed != found {
            return Err(FrameFault::Short { needed, found });
        }
        Ok(Self { header, bytes: Arc::new(bytes) })
    }

    /// A frame whose hash the caller has verified, as [`crate::Frames::next_raw`] does.
    #[must_use]
    pub fn verified(header: FrameHeader, bytes: Vec<u8>) -> Self {
        Self { header, bytes: Arc::new(bytes) }
    }

    /// What it says about itself.
    #[must_use]
    pub fn header(&self) -> &FrameHeader {
        &self.header
    }

    /// The place behind it.
    #[must_use]
    pub fn position(&self) -> Position {
        Position { event: self.header.last(), chain: self.header.hash }
    }

    /// All its bytes.
    #[must_use]
    pub fn bytes(&self) -> &Arc<Vec<u8>> {
        &self.bytes
    }

    /// Its content.
    #[must_use]
    pub fn view(&self) -> FrameView<'_> {
        FrameView::whole(self.header, &self.bytes)
    }
}

/// Seals frames behind each other, ahead of the files: it knows where each will be when all before it have been written.
#[derive(Debug, Clone)]
pub struct Sealer {
    segment: SegmentHeader,
    tag: u64,
    /// Where the next frame will be in its segment.
    offset: u64,
    segment_bytes: u64,
    position: Position,
}

impl Sealer {
    pub(crate) fn new(segment: SegmentHeader, offset: u64, segment_bytes: u64, position: Position) -> Self {
        Self { tag: segment.tag(), segment, offset, segment_bytes, position }
    }

    /// Seals the next frame. `durable` is the last event that is known to be durable.
    ///
    /// # Errors
    /// As [`crate::Appender::append`] for a frame that can't be the next one.
    pub fn seal(&mut self, frame: &Frame, durable: u64) -> Result<Sealed, AppendError> {
        frame.check(self.position.event + 1)?;
        let bytes = frame.disk_bytes();
        if self.offset > SEGMENT_HEADER_BYTES as u64 && self.offset + bytes > self.segment_bytes {
            self.segment = following(&self.segment, self.position);
            (self.tag, self.offset) = (self.segment.tag(), SEGMENT_HEADER_BYTES as u64);
        }
        let link = Link { prev: self.position.chain, tag: self.tag, durable };
        let mut sealed = Vec::with_capacity(bytes as usize);
        let hash = frame.seal_into(&mut sealed, &link);
        self.position = Position { event: frame.last(), chain: hash };
        self.offset += bytes;
        let header = FrameHeader {
            prev: link.prev,
            hash,
            tag: link.tag,
            durable,
            first: frame.first(),
            at_us: frame.at_us(),
            count: frame.len() as u32,
            blob_bytes: frame.blob_bytes() as u32,
        };
        Ok(Sealed { header, bytes: Arc::new(sealed) })
    }

    /// The place behind the last frame that was sealed.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }
}

/// The header of the segment that begins at a position, behind another segment.
pub(crate) fn following(segment: &SegmentHeader, position: Position) -> SegmentHeader {
    SegmentHeader {
        ledger_id: segment.ledger_id,
        seed: segment.seed,
        first: position.event + 1,
        previous_first: segment.first,
        prev: position.chain,
    }
}

/// Where a sealed frame belongs that must follow a position.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Home {
    /// The segment that is there.
    Here,
    /// A new one, which it begins.
    Next(SegmentHeader),
}

/// Finds out where a frame belongs by its segment's tag, which depends on all that was before the segment.
pub(crate) fn home(
    header: &FrameHeader,
    segment: &SegmentHeader,
    tag: u64,
    position: Position,
) -> Result<Home, FrameFault> {
    if header.first != position.event + 1 {
        return Err(FrameFault::Number { expected: position.event + 1, found: header.first });
    }
    if header.prev != position.chain {
        return Err(FrameFault::Chain);
    }
    if header.tag == tag {
        return Ok(Home::Here);
    }
    let next = following(segment, position);
    if header.tag == next.tag() { Ok(Home::Next(next)) } else { Err(FrameFault::OtherSegment) }
}
