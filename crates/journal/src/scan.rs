//! Reading the log to its end when it is opened, and telling a torn end from damage.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::disk::DiskFile;
use crate::error::OpenError;
use crate::layout::{FrameFault, FrameHeader, FrameView};
use crate::log::{Log, Segment};
use crate::position::Position;
use crate::read_ahead::FramesAhead;
use crate::segment::{SEGMENT_HEADER_BYTES, segment_name};
use crate::step::{Expected, Step, step};
use crate::tail::{self, Tail, TailReport};
use crate::window::Window;

/// Goes over all segments from somewhere to the end of the log. It changes nothing on the disk.
#[derive(Debug)]
pub(crate) struct Scan {
    pub(crate) log: Arc<Log>,
    /// The first event of a last segment whose header never became durable.
    pub(crate) unfinished: Option<u64>,
    /// Whether all that is here is durable elsewhere too.
    is_copy: bool,
    /// The segment being read, by its place in the log's list.
    at: usize,
    pub(crate) segment: Arc<Segment>,
    window: Window,
    /// Behind the last frame read.
    pub(crate) offset: u64,
    pub(crate) position: Position,
    /// The last frames in this segment, of which no frame behind says that they were durable: where each starts, and its last
    /// event.
    unconfirmed: VecDeque<(u64, u64)>,
    /// What is behind the last frame of the log, once that is reached.
    tail: Option<Tail>,
    /// The bytes of the segments before this one that were to be read.
    bytes_before: u64,
}

/// Where one step led.
enum Move {
    /// Behind a frame that was verified, which starts at this offset. Its bytes are in the window.
    Frame(FrameHeader, u64),
    /// To the start of the next file.
    NextFile,
    /// Nowhere: the log ends here.
    End,
}

impl Scan {
    pub(crate) fn start(
        log: Arc<Log>,
        unfinished: Option<u64>,
        from: Option<Position>,
        is_copy: bool,
    ) -> Result<Self, OpenError> {
        let from = from.unwrap_or_else(|| Position::start(&log.ledger_id));
        let at = log
            .segments()
            .partition_point(|segment| segment.header.first <= from.event.saturating_add(1))
            .saturating_sub(1);
        let Some(segment) = log.segment(at) else {
            return Err(OpenError::NoLog { dir: log.disk.place("") });
        };
        let file = log.file(&segment).map_err(OpenError::disk("opening", segment.place.clone()))?;
        let mut scan = Self {
            unfinished,
            is_copy,
            at,
            window: Window::new(file),
            offset: SEGMENT_HEADER_BYTES as u64,
            position: Position { event: segment.header.first - 1, chain: segment.header.prev },
            unconfirmed: VecDeque::new(),
            tail: None,
            bytes_before: 0,
            segment,
            log,
        };
        scan.skip_to(&from)?;
        Ok(scan)
    }

    /// How far it has come, in bytes of the files it reads.
    pub(crate) fn bytes_read(&self) -> u64 {
        self.bytes_before + self.offset
    }

    /// All bytes from the segment it starts in to the end of the last file, including the unused space in that:
    /// the end of the frames is only known when they have been read.
    pub(crate) fn bytes_in_all(&self) -> u64 {
        self.bytes_before + self.log.segments().iter().skip(self.at).map(|segment| segment.end()).sum::<u64>()
    }

    /// Reads from the start of a segment up to the position of a snapshot.
    fn skip_to(&mut self, from: &Position) -> Result<(), OpenError> {
        while self.position.event < from.event {
            if self.advance()?.is_none() {
                return Err(OpenError::LogEndsEarly {
                    event: from.event,
                    last_event: self.position.event,
                    file: self.segment.place.clone(),
                });
            }
        }
        if self.position != *from {
            return Err(OpenError::SnapshotMismatch { event: from.event, file: self.segment.place.clone() });
        }
        Ok(())
    }

    /// The next frame, or nothing at the end of the log.
    pub(crate) fn next_frame(&mut self) -> Result<Option<FrameView<'_>>, OpenError> {
        let Some((header, offset)) = self.advance()? else { return Ok(None) };
        let view = FrameView::unverified(header, self.window.again(offset));
        view.map(Some).map_err(|fault| OpenError::Broken(self.segment.broken(offset, header.first, fault)))
    }

    /// Adds the next frames of one file to others, until there are enough; none at the end of the log.
    pub(crate) fn next_frames_into(&mut self, frames: &mut FramesAhead) -> Result<(), OpenError> {
        while !frames.has_enough() {
            match self.go_on()? {
                Move::Frame(header, offset) => {
                    // Verified, so it is there as a whole.
                    let frame = &self.window.again(offset)[..header.frame_bytes() as usize];
                    frames.push(header, frame, self.bytes_read());
                }
                Move::NextFile if frames.is_empty() => {}
                Move::NextFile | Move::End => break,
            }
        }
        Ok(())
    }

    /// Reads what is left and lets readers see it all.
    pub(crate) fn read_to_end(&mut self) -> Result<TailReport, OpenError> {
        while self.advance()?.is_some() {}
        self.segment.set_end(self.offset);
        self.log.publish(self.position);
        Ok(TailReport {
            file: self.segment.place.clone(),
            offset: self.offset,
            bytes_cut: self.tail.map_or(0, |tail| tail.bytes),
            after_event: self.position.event,
        })
    }

    /// Verifies the next frame, leaves its bytes in the window and moves behind it. Nothing at the end of the log.
    fn advance(&mut self) -> Result<Option<(FrameHeader, u64)>, OpenError> {
        loop {
            match self.go_on()? {
                Move::Frame(header, offset) => return Ok(Some((header, offset))),
                Move::NextFile => {}
                Move::End => return Ok(None),
            }
        }
    }

    fn go_on(&mut self) -> Result<Move, OpenError> {
        if self.tail.is_some() {
            return Ok(Move::End);
        }
        let expected =
            Expected { tag: self.segment.tag, event: self.position.event + 1, prev: Some(self.position.chain) };
        let limit = self.segment.end();
        let step = step(&mut self.window, self.offset, limit, &expected)
            .map_err(OpenError::disk("reading", self.segment.place.clone()))?;
        match step {
            Step::Frame(header) => return Ok(self.take(&header)),
            Step::End => self.end(FrameFault::Missing, false)?,
            Step::Bad { fault, whole } => self.end(fault, whole)?,
        }
        Ok(if self.tail.is_some() { Move::End } else { Move::NextFile })
    }

    fn take(&mut self, header: &FrameHeader) -> Move {
        let offset = self.offset;
        self.segment.note(header.first, offset);
        self.position = Position { event: header.last(), chain: header.hash };
        while self.unconfirmed.front().is_some_and(|(_, last)| *last <= header.durable) {
            self.unconfirmed.pop_front();
        }
        self.unconfirmed.push_back((offset, header.last()));
        self.offset += header.frame_bytes();
        Move::Frame(*header, offset)
    }

    /// No good frame is at the place reached. Goes on with the next segment, or settles that the log ends here.
    fn end(&mut self, fault: FrameFault, whole: bool) -> Result<(), OpenError> {
        let event = self.position.event + 1;
        if let Some(next) = self.log.segment(self.at + 1) {
            // The chain proves that nothing was between. Bytes of a torn frame that was cut off may have come back:
            // the cut was lost if a sync failed then.
            if next.header.first == event && next.header.prev == self.position.chain {
                return self.next_segment(next);
            }
            if next.header.first == event && fault == FrameFault::Missing {
                return Err(OpenError::Broken(next.broken(0, event, FrameFault::Chain)));
            }
            return Err(self.broken(fault));
        }
        if whole && !self.is_copy {
            return Err(self.broken(fault));
        }
        let file = self.file()?;
        let tail = tail::examine(&*file, self.offset, Some((self.segment.tag, event)))
            .map_err(OpenError::disk("reading", self.segment.place.clone()))?;
        if tail.was_durable && !self.is_copy {
            return Err(self.broken(fault));
        }
        // A segment is begun only when everything before it is durable.
        if let Some(first) = self.unfinished.filter(|first| *first > event) {
            if tail.bytes > 0 {
                return Err(self.broken(fault));
            }
            let file = self.log.disk.place(&segment_name(first));
            return Err(OpenError::MissingSegment { event, file });
        }
        self.tail = Some(tail);
        Ok(())
    }

    fn next_segment(&mut self, next: Arc<Segment>) -> Result<(), OpenError> {
        self.bytes_before += self.segment.end();
        self.segment.set_end(self.offset);
        self.window.switch(self.log.file(&next).map_err(OpenError::disk("opening", next.place.clone()))?);
        self.segment = next;
        self.at += 1;
        self.offset = SEGMENT_HEADER_BYTES as u64;
        // A segment is begun only when everything before it is durable.
        self.unconfirmed.clear();
        Ok(())
    }

    /// Where the first frame starts that may be in the system's memory only.
    pub(crate) fn unconfirmed_from(&self) -> Option<u64> {
        self.unconfirmed.front().map(|(offset, _)| *offset)
    }

    pub(crate) fn file(&self) -> Result<Arc<dyn DiskFile>, OpenError> {
        self.log.file(&self.segment).map_err(OpenError::disk("opening", self.segment.place.clone()))
    }

    fn broken(&self, fault: FrameFault) -> OpenError {
        OpenError::Broken(self.segment.broken(self.offset, self.position.event + 1, fault))
    }
}
