//! The one writer of the log.

use std::collections::VecDeque;
use std::io;
use std::sync::Arc;

use crate::append_error::AppendError;
use crate::disk::DiskFile;
use crate::frame::Frame;
use crate::layout::Link;
use crate::log::{Log, Segment};
use crate::options::Options;
use crate::position::Position;
use crate::sealed::{Home, Sealed, Sealer, following, home};
use crate::segment::{SEGMENT_HEADER_BYTES, SegmentHeader, segment_name};

/// What is kept of the buffer between frames: more than all but the rarest take.
const BUFFER_KEPT_BYTES: usize = 4 << 20;

/// How many buffers are kept: one for each frame that is usefully on its way at once.
const BUFFERS_KEPT: usize = 4;

/// Appends frames: one at a time, each durable before [`append`](Self::append) returns, or several on their way at once, by
/// [`begin`](Self::begin), [`Begun::write`] and [`finish`](Self::finish).
#[derive(Debug)]
pub struct Appender {
    log: Arc<Log>,
    options: Options,
    segment: Arc<Segment>,
    file: Arc<dyn DiskFile>,
    /// Where the next frame goes.
    offset: u64,
    /// Up to where the segment holds zeros that were written and not only allocated.
    zeroed_to: u64,
    /// The place behind all frames that were begun.
    end: Position,
    /// The place behind those that are durable with all before them.
    durable: Position,
    /// Begun and not durable, the oldest first.
    on_their_way: VecDeque<OnItsWay>,
    /// Of frames that were written, kept for the next ones.
    buffers: Vec<Vec<u8>>,
    poisoned: Option<String>,
    /// The file of the next segment, made ahead.
    spare: Option<Arc<dyn DiskFile>>,
}

/// What a failed write or sync is about.
type Failed = (String, io::Error);

/// What the appender knows of a frame that was begun.
#[derive(Debug)]
struct OnItsWay {
    first: u64,
    offset: u64,
    /// The place behind it, in the segment and in the log.
    end: u64,
    position: Position,
    /// Its write has zeros behind the frame, over what follows there.
    zeroes: bool,
    is_written: bool,
}

/// A frame that has its place in the log and all its bytes, to be written by any thread. From [`Appender::begin`]; give it back to
/// [`Appender::finish`].
#[derive(Debug)]
#[must_use = "no frame behind this one becomes durable before it is written and finished"]
pub struct Begun {
    file: Arc<dyn DiskFile>,
    offset: u64,
    bytes: Vec<u8>,
    position: Position,
}

impl Begun {
    /// Writes the frame; it is durable when this returns, and in the log when [`Appender::finish`] says so.
    ///
    /// # Errors
    /// What the system says. Never write it again: give the error to [`Appender::finish`].
    pub fn write(&self) -> io::Result<()> {
        self.file.write_durable_at(&self.bytes, self.offset)
    }

    /// The end of the log when this frame and all before it are durable.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }
}

impl Appender {
    pub(crate) fn new(
        log: Arc<Log>,
        options: Options,
        (segment, file): (Arc<Segment>, Arc<dyn DiskFile>),
        position: Position,
    ) -> Self {
        let offset = segment.end();
        Self {
            log,
            options,
            segment,
            file,
            offset,
            zeroed_to: offset,
            end: position,
            durable: position,
            on_their_way: VecDeque::new(),
            buffers: Vec::new(),
            poisoned: None,
            spare: None,
        }
    }

    /// Writes the frame behind the log and returns when it is durable. From then on readers see it.
    ///
    /// # Errors
    /// See [`AppendError`]. A failed write or sync is never tried again: it poisons the appender.
    pub fn append(&mut self, frame: &Frame) -> Result<(), AppendError> {
        self.check_poisoned()?;
        if !self.on_their_way.is_empty() {
            return Err(AppendError::Busy);
        }
        let begun = self.begin(frame)?;
        let written = begun.write();
        self.finish(begun, written).map(|_durable| ())
    }

    /// Gives the frame its place behind all that were begun, so that it can be written while they are. It says which events were
    /// durable by now: that is what tells a torn frame from a damaged one when the log is opened again.
    ///
    /// # Errors
    /// See [`AppendError`]; [`AppendError::Busy`] while this frame can't be on its way beside those that are.
    pub fn begin(&mut self, frame: &Frame) -> Result<Begun, AppendError> {
        self.check(frame)?;
        let bytes = frame.disk_bytes();
        let is_busy = !self.on_their_way.is_empty();
        if self.needs_another_segment(bytes) {
            // The segments behind this one rest on all of it.
            if is_busy {
                return Err(AppendError::Busy);
            }
            self.roll_for(bytes)?;
        }
        let end = self.offset + bytes;
        let zeros = if end > self.zeroed_to {
            let room = self.options.segment_bytes.saturating_sub(end);
            room.min(u64::from(self.options.zero_ahead_bytes))
        } else {
            0
        };
        // Zeros are written alone: they would go over the frame behind, or into one that is on its way.
        if is_busy && (zeros > 0 || self.on_their_way.iter().any(|frame| frame.zeroes)) {
            return Err(AppendError::Busy);
        }
        let mut buffer = self.buffers.pop().unwrap_or_default();
        let link = Link { prev: self.end.chain, tag: self.segment.tag, durable: self.durable.event };
        let chain = frame.seal_into(&mut buffer, &link);
        buffer.resize(buffer.len() + zeros as usize, 0);
        let begun = Begun {
            file: Arc::clone(&self.file),
            offset: self.offset,
            bytes: buffer,
            position: Position { event: frame.last(), chain },
        };
        self.on_their_way.push_back(OnItsWay {
            first: frame.first(),
            offset: self.offset,
            end,
            position: begun.position,
            zeroes: zeros > 0,
            is_written: false,
        });
        self.zeroed_to = self.zeroed_to.max(end + zeros);
        (self.offset, self.end) = (end, begun.position);
        Ok(begun)
    }

    /// Takes note of what became of a frame that was begun, and lets readers see it if all before it are durable. Returns the end of
    /// the durable log.
    ///
    /// # Errors
    /// [`AppendError::Disk`] if it was not written: that poisons the appender, with all that is on its way.
    pub fn finish(&mut self, begun: Begun, written: io::Result<()>) -> Result<Position, AppendError> {
        self.check_poisoned()?;
        if let Err(source) = written {
            return Err(self.poison((self.segment.place.clone(), source)));
        }
        if let Some(frame) = self.on_their_way.iter_mut().find(|frame| frame.position == begun.position) {
            frame.is_written = true;
        }
        if self.buffers.len() < BUFFERS_KEPT {
            let mut buffer = begun.bytes;
            buffer.clear();
            buffer.shrink_to(BUFFER_KEPT_BYTES);
            self.buffers.push(buffer);
        }
        let before = self.durable;
        while let Some(frame) = self.on_their_way.pop_front_if(|frame| frame.is_written) {
            self.segment.note(frame.first, frame.offset);
            self.segment.set_end(frame.end);
            self.durable = frame.position;
        }
        if self.durable != before {
            self.log.publish(self.durable);
        }
        Ok(self.durable)
    }

    /// Writes a frame that is durable elsewhere, and lets readers see it. The frame itself need not be durable here before the next
    /// [`sync_handle`](Self::sync_handle) is synced; all frames of the segments before are.
    ///
    /// # Errors
    /// See [`AppendError`].
    pub fn append_sealed(&mut self, frame: &Sealed) -> Result<(), AppendError> {
        self.check_poisoned()?;
        if !self.on_their_way.is_empty() {
            return Err(AppendError::Busy);
        }
        let home = home(frame.header(), &self.segment.header, self.segment.tag, self.end);
        if let Home::Next(header) = home.map_err(AppendError::NotNext)? {
            if let Err(source) = self.file.sync() {
                return Err(self.poison((self.segment.place.clone(), source)));
            }
            self.roll_to(header, frame.bytes().len() as u64)?;
        }
        if let Err(source) = self.file.write_at(frame.bytes(), self.offset) {
            return Err(self.poison((self.segment.place.clone(), source)));
        }
        (self.end, self.durable) = (frame.position(), frame.position());
        self.segment.note(frame.header().first, self.offset);
        self.offset += frame.bytes().len() as u64;
        self.zeroed_to = self.zeroed_to.max(self.offset);
        self.segment.set_end(self.offset);
        self.log.publish(self.end);
        Ok(())
    }

    /// The file of the last segment: syncing it makes durable here what was written by [`append_sealed`](Self::append_sealed).
    #[must_use]
    pub fn sync_handle(&self) -> Arc<dyn DiskFile> {
        Arc::clone(&self.file)
    }

    /// Seals frames to be written behind the end of the log, ahead of writing them.
    #[must_use]
    pub fn sealer(&self) -> Sealer {
        Sealer::new(self.segment.header, self.offset, self.options.segment_bytes, self.end)
    }

    fn check_poisoned(&self) -> Result<(), AppendError> {
        self.poisoned.as_ref().map_or(Ok(()), |cause| Err(AppendError::Poisoned { cause: cause.clone() }))
    }

    fn check(&self, frame: &Frame) -> Result<(), AppendError> {
        self.check_poisoned()?;
        frame.check(self.end.event + 1)
    }

    fn poison(&mut self, (place, source): Failed) -> AppendError {
        self.poisoned = Some(format!("writing {place} failed: {source}"));
        AppendError::Disk { place, source }
    }

    /// Whether this segment has frames and no room for so many bytes more.
    fn needs_another_segment(&self, bytes: u64) -> bool {
        self.offset > SEGMENT_HEADER_BYTES as u64 && self.offset + bytes > self.options.segment_bytes
    }

    /// Makes the file of the next segment when three quarters of this one are used, so that a full disk is known before there
    /// is a frame for which it has no room. Call it between appends; most calls do nothing.
    ///
    /// # Errors
    /// [`AppendError::Full`]; [`AppendError::Disk`], which here poisons nothing: the next call tries again.
    pub fn prepare(&mut self) -> Result<(), AppendError> {
        let has_room = self.offset <= self.options.segment_bytes / 4 * 3;
        if has_room || self.spare.is_some() || self.poisoned.is_some() {
            return Ok(());
        }
        self.spare = Some(self.create_spare(self.options.segment_bytes)?);
        Ok(())
    }

    fn create_spare(&self, bytes: u64) -> Result<Arc<dyn DiskFile>, AppendError> {
        self.log.create_spare(bytes).map_err(|source| {
            let place = self.log.disk.place(&segment_name(self.end.event + 1));
            match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => AppendError::Full { place },
                _ => AppendError::Disk { place, source },
            }
        })
    }

    /// Starts another segment, with room for so many bytes.
    fn roll_for(&mut self, bytes: u64) -> Result<(), AppendError> {
        self.roll_to(following(&self.segment.header, self.end), bytes)
    }

    fn roll_to(&mut self, header: SegmentHeader, bytes: u64) -> Result<(), AppendError> {
        let empty = SEGMENT_HEADER_BYTES as u64;
        let room = self.options.segment_bytes.max(empty + bytes);
        let spare = match self.spare.take().filter(|_| room == self.options.segment_bytes) {
            Some(spare) => spare,
            // Nothing was written yet, so this poisons nothing if it is only room that is missing.
            None => self.create_spare(room).map_err(|error| match error {
                AppendError::Disk { place, source } => self.poison((place, source)),
                full => full,
            })?,
        };
        let place = self.log.disk.place(&segment_name(header.first));
        let (segment, file) = self.log.name_segment(header, spare).map_err(|source| self.poison((place, source)))?;
        // The new segment is durable; from here on the old one's unused space is of no use.
        if let Err(source) = self.file.set_len(self.offset) {
            return Err(self.poison((self.segment.place.clone(), source)));
        }
        (self.segment, self.file) = (segment, file);
        (self.offset, self.zeroed_to) = (empty, empty);
        Ok(())
    }

    /// The last durable event, 0 in an empty log.
    #[must_use]
    pub fn last_event(&self) -> u64 {
        self.durable.event
    }

    /// The event with which the next frame begins.
    #[must_use]
    pub fn next_event(&self) -> u64 {
        self.end.event + 1
    }

    /// The end of the durable log: what a snapshot of this state has to name.
    #[must_use]
    pub fn position(&self) -> Position {
        self.durable
    }

    /// Whether a write or sync has failed, so that every append is refused until the journal is opened again.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned.is_some()
    }
}
