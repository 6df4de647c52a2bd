//! The one writer of the log.

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

/// Appends frames, one at a time, each durable before the call returns.
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
    position: Position,
    /// The frame's bytes, kept for the next one.
    buffer: Vec<u8>,
    poisoned: Option<String>,
    /// The file of the next segment, made ahead.
    spare: Option<Arc<dyn DiskFile>>,
}

/// What a failed write or sync is about.
type Failed = (String, io::Error);

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
            position,
            buffer: Vec::new(),
            poisoned: None,
            spare: None,
        }
    }

    /// Writes the frame behind the log and returns when it is durable. From then on readers see it.
    ///
    /// # Errors
    /// See [`AppendError`]. A failed write or sync is never tried again: it poisons the appender.
    pub fn append(&mut self, frame: &Frame) -> Result<(), AppendError> {
        self.check(frame)?;
        let bytes = frame.disk_bytes();
        if self.needs_another_segment(bytes) {
            self.roll_for(bytes)?;
        }
        if let Err(source) = self.write(frame) {
            return Err(self.poison((self.segment.place.clone(), source)));
        }
        self.segment.note(frame.first(), self.offset);
        self.offset += bytes;
        self.segment.set_end(self.offset);
        self.log.publish(self.position);
        Ok(())
    }

    /// Writes a frame that is durable elsewhere, and lets readers see it. The frame itself need not be durable here before the next
    /// [`sync_handle`](Self::sync_handle) is synced; all frames of the segments before are.
    ///
    /// # Errors
    /// See [`AppendError`].
    pub fn append_sealed(&mut self, frame: &Sealed) -> Result<(), AppendError> {
        self.check_poisoned()?;
        let home = home(frame.header(), &self.segment.header, self.segment.tag, self.position);
        if let Home::Next(header) = home.map_err(AppendError::NotNext)? {
            if let Err(source) = self.file.sync() {
                return Err(self.poison((self.segment.place.clone(), source)));
            }
            self.roll_to(header, frame.bytes().len() as u64)?;
        }
        if let Err(source) = self.file.write_at(frame.bytes(), self.offset) {
            return Err(self.poison((self.segment.place.clone(), source)));
        }
        self.position = frame.position();
        self.segment.note(frame.header().first, self.offset);
        self.offset += frame.bytes().len() as u64;
        self.zeroed_to = self.zeroed_to.max(self.offset);
        self.segment.set_end(self.offset);
        self.log.publish(self.position);
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
        Sealer::new(self.segment.header, self.offset, self.options.segment_bytes, self.position)
    }

    fn check_poisoned(&self) -> Result<(), AppendError> {
        self.poisoned.as_ref().map_or(Ok(()), |cause| Err(AppendError::Poisoned { cause: cause.clone() }))
    }

    fn check(&self, frame: &Frame) -> Result<(), AppendError> {
        self.check_poisoned()?;
        frame.check(self.position.event + 1)
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
            let place = self.log.disk.place(&segment_name(self.position.event + 1));
            match source.kind() {
                io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => AppendError::Full { place },
                _ => AppendError::Disk { place, source },
            }
        })
    }

    /// Starts another segment, with room for so many bytes.
    fn roll_for(&mut self, bytes: u64) -> Result<(), AppendError> {
        self.roll_to(following(&self.segment.header, self.position), bytes)
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

    /// One write, durable when it returns: the frame, and now and then zeros behind it for the frames to come.
    fn write(&mut self, frame: &Frame) -> io::Result<()> {
        self.buffer.clear();
        self.buffer.shrink_to(BUFFER_KEPT_BYTES);
        let link = Link { prev: self.position.chain, tag: self.segment.tag, durable: self.position.event };
        let chain = frame.seal_into(&mut self.buffer, &link);
        let end = self.offset + self.buffer.len() as u64;
        if end > self.zeroed_to {
            let room = self.options.segment_bytes.saturating_sub(end);
            let ahead = room.min(u64::from(self.options.zero_ahead_bytes)) as usize;
            self.zeroed_to = end + ahead as u64;
            self.buffer.resize(self.buffer.len() + ahead, 0);
        }
        self.file.write_durable_at(&self.buffer, self.offset)?;
        self.position = Position { event: frame.last(), chain };
        Ok(())
    }

    /// The last durable event, 0 in an empty log.
    #[must_use]
    pub fn last_event(&self) -> u64 {
        self.position.event
    }

    /// The end of the durable log: what a snapshot of this state has to name.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Whether a write or sync has failed, so that every append is refused until the journal is opened again.
    #[must_use]
    pub fn is_poisoned(&self) -> bool {
        self.poisoned.is_some()
    }
}
