//! Walking whole frames in order.

use std::io;
use std::sync::Arc;

use crate::access::Access;
use crate::error::{Broken, ReadError};
use crate::layout::{FRAME_HEADER_BYTES, FrameFault, FrameHeader, FrameView, Hash};
use crate::log::{Log, Segment, plausible};
use crate::segment::{SEGMENT_HEADER_BYTES, SegmentHeader};
use crate::step::{Expected, Step, step};
use crate::window::Window;

/// Whole verified frames in order, from [`crate::Reader::frames`]. It can be kept: when more has been appended,
/// the next call finds it.
#[derive(Debug)]
pub struct Frames {
    log: Arc<Log>,
    /// The next event, which starts a frame once `place` is set.
    next: u64,
    place: Option<Place>,
    failed: Option<Broken>,
}

/// One frame as it is on the disk, for whoever copies the log.
#[derive(Debug, Clone, Copy)]
pub struct RawFrame<'a> {
    /// The header of the segment that it is in.
    pub segment: SegmentHeader,
    /// What it says about itself. Its hash has been verified.
    pub header: FrameHeader,
    /// All its bytes.
    pub bytes: &'a [u8],
}

/// Where the next frame is.
#[derive(Debug)]
struct Place {
    segment: Arc<Segment>,
    window: Window,
    offset: u64,
    prev: Option<Hash>,
}

impl Frames {
    pub(crate) fn new(log: Arc<Log>, from: u64) -> Self {
        Self { log, next: from.max(1), place: None, failed: None }
    }

    /// The next frame, or nothing while there is no more that is durable. Hash, number and the link to the frame
    /// before are verified (the link of the very first frame only where it starts a segment). The view lasts until the next call.
    ///
    /// # Errors
    /// [`ReadError::Disk`]; [`ReadError::Broken`], and then again on every later call: the walk does not go past damage.
    pub fn next_frame(&mut self) -> Result<Option<FrameView<'_>>, ReadError> {
        let Some((header, offset)) = self.step_on()? else { return Ok(None) };
        let Some(place) = &self.place else { return Ok(None) };
        let view = FrameView::unverified(header, place.window.again(offset));
        view.map(Some).map_err(|fault| ReadError::Broken(place.segment.broken(offset, header.first, fault)))
    }

    /// As [`next_frame`](Self::next_frame), with the frame's bytes as they are on the disk.
    ///
    /// # Errors
    /// As [`next_frame`](Self::next_frame).
    pub fn next_raw(&mut self) -> Result<Option<RawFrame<'_>>, ReadError> {
        let Some((header, offset)) = self.step_on()? else { return Ok(None) };
        let Some(place) = &self.place else { return Ok(None) };
        // Verified, so it is there as a whole.
        let bytes = &place.window.again(offset)[..header.frame_bytes() as usize];
        Ok(Some(RawFrame { segment: place.segment.header, header, bytes }))
    }

    /// Goes on by a frame, if there is a durable one, and keeps the damage that it finds.
    fn step_on(&mut self) -> Result<Option<(FrameHeader, u64)>, ReadError> {
        if let Some(broken) = &self.failed {
            return Err(ReadError::Broken(broken.clone()));
        }
        if self.next > self.log.last_event() {
            return Ok(None);
        }
        let found = self.advance();
        if let Err(ReadError::Broken(broken)) = &found {
            self.failed = Some(broken.clone());
        }
        found.map(Some)
    }

    /// Verifies the next frame, leaves its bytes in the window and moves behind it.
    fn advance(&mut self) -> Result<(FrameHeader, u64), ReadError> {
        let mut place = match self.place.take() {
            Some(place) => place,
            None => self.find()?,
        };
        loop {
            let expected = Expected { tag: place.segment.tag, event: self.next, prev: place.prev };
            let step = step(&mut place.window, place.offset, place.segment.end(), &expected)
                .map_err(|source| failed(&place.segment, source))?;
            match step {
                Step::Frame(header) => {
                    let offset = place.offset;
                    place.offset += header.frame_bytes();
                    place.prev = Some(header.hash);
                    self.next = header.last() + 1;
                    self.place = Some(place);
                    return Ok((header, offset));
                }
                Step::End => place = self.next_segment(place, FrameFault::Missing)?,
                Step::Bad { fault, .. } => place = self.next_segment(place, fault)?,
            }
        }
    }

    /// Goes from the end of one segment, where there is no further valid frame, to the start of the next. It is damage
    /// unless the next segment starts with the next event and its chain is the hash of the last frame.
    fn next_segment(&self, mut place: Place, fault: FrameFault) -> Result<Place, ReadError> {
        let here = place.segment.header.first;
        let next = self.log.segment_of(self.next).filter(|next| next.header.first == self.next && self.next != here);
        let Some(segment) = next else {
            return Err(ReadError::Broken(place.segment.broken(place.offset, self.next, fault)));
        };
        if place.prev.is_some_and(|prev| prev != segment.header.prev) {
            return Err(ReadError::Broken(segment.broken(0, self.next, FrameFault::Chain)));
        }
        place.window.switch(self.log.file(&segment).map_err(|source| failed(&segment, source))?);
        place.prev = Some(segment.header.prev);
        place.segment = segment;
        place.offset = SEGMENT_HEADER_BYTES as u64;
        Ok(place)
    }

    /// Finds the frame that holds the event to start from, by headers alone, and starts there.
    fn find(&mut self) -> Result<Place, ReadError> {
        let wanted = self.next;
        let none = ReadError::NoSuchEvent { event: wanted, last_event: self.log.last_event() };
        let segment = self.log.segment_of(wanted).ok_or(none)?;
        let file = self.log.file(&segment).map_err(|source| failed(&segment, source))?;
        let mut place = Place { window: Window::new(file), offset: 0, prev: None, segment };
        let start = self.log.start(&place.segment, wanted, Access::MayFetch)?;
        (self.next, place.offset) = (start.event, start.offset);
        loop {
            let limit = place.segment.end();
            let bytes = place
                .window
                .at(place.offset, FRAME_HEADER_BYTES as u64, limit)
                .map_err(|source| failed(&place.segment, source))?;
            let header = plausible(bytes, place.segment.tag, self.next)
                .map_err(|fault| ReadError::Broken(place.segment.broken(place.offset, self.next, fault)))?;
            if header.last() >= wanted {
                break;
            }
            self.next = header.last() + 1;
            place.offset += header.frame_bytes();
        }
        if place.offset == SEGMENT_HEADER_BYTES as u64 {
            place.prev = Some(place.segment.header.prev);
        }
        Ok(place)
    }
}

fn failed(segment: &Segment, source: io::Error) -> ReadError {
    ReadError::reading(&segment.place, segment.header.first, source)
}
