//! Reading what is durable, from any thread, while the appender goes on.

use std::io;
use std::sync::Arc;

use crate::access::Access;
use crate::blockfile::BlockFileError;
use crate::disk::Disk;
use crate::error::ReadError;
use crate::frames::Frames;
use crate::index::SPACING_BYTES;
use crate::layout::{FRAME_HEADER_BYTES, FrameFault, FrameHeader, Hash, RECORD_BYTES};
use crate::log::{IndexFileError, Log, Segment, plausible};
use crate::position::Position;
use crate::segment::{SEGMENT_HEADER_BYTES, SegmentHeader};

/// What is read of a blob at once; a longer one takes a second read.
const BLOB_READ_BYTES: usize = 512;

/// The events of one segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentSpan {
    /// Its first event.
    pub first: u64,
    /// Its last event; none while it is the last segment, which may be appended to.
    pub last: Option<u64>,
}

/// A segment as it is known without reading it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SegmentState {
    /// Its header.
    pub header: SegmentHeader,
    /// Its last event; none while it is the last segment, which may be appended to.
    pub last: Option<u64>,
    /// Where its frames end, in bytes from the start of the file, as far as that is known; else the length of the file.
    pub bytes: u64,
    /// Whether its index is in a file.
    pub has_index_file: bool,
    /// Whether its file has left this disk.
    pub is_elsewhere: bool,
}

/// Reads single events and whole frames. A clone is cheap and every thread may have one.
#[derive(Debug, Clone)]
pub struct Reader {
    log: Arc<Log>,
}

impl Reader {
    pub(crate) fn new(log: Arc<Log>) -> Self {
        Self { log }
    }

    /// The last event that can be read: the last durable one. 0 in an empty log.
    #[must_use]
    pub fn last_event(&self) -> u64 {
        self.log.last_event()
    }

    /// The end of the durable log.
    #[must_use]
    pub fn position(&self) -> Position {
        self.log.position()
    }

    /// The ledger's id.
    #[must_use]
    pub fn ledger_id(&self) -> [u8; 16] {
        self.log.ledger_id
    }

    /// The random bytes that the ledger was made with.
    #[must_use]
    pub fn seed(&self) -> [u8; 16] {
        self.log.seed
    }

    /// The bytes of all segments, without what is allocated behind the end of the log.
    #[must_use]
    pub fn log_bytes(&self) -> u64 {
        self.log.segments().iter().map(|segment| segment.end()).sum()
    }

    /// One event by its number. One or two positioned reads; the hash of its frame is not verified
    /// (opening did that for what it replayed, `verify` does it for all).
    ///
    /// # Errors
    /// [`ReadError::NoSuchEvent`] beyond [`last_event`](Self::last_event), [`ReadError::Broken`], [`ReadError::Disk`].
    pub fn event(&self, number: u64) -> Result<Stored, ReadError> {
        self.read(number, Access::MayFetch)
    }

    /// The same without waiting for anybody but this machine's disk; that holds for the event's blobs too.
    ///
    /// # Errors
    /// As [`event`](Self::event), and [`ReadError::Elsewhere`] where something would have to be fetched.
    pub fn event_here(&self, number: u64) -> Result<Stored, ReadError> {
        self.read(number, Access::HereOnly)
    }

    fn read(&self, number: u64, access: Access) -> Result<Stored, ReadError> {
        let last_event = self.log.last_event();
        let none = || ReadError::NoSuchEvent { event: number, last_event };
        if number == 0 || number > last_event {
            return Err(none());
        }
        let segment = self.log.segment_of(number).ok_or_else(none)?;
        let failed = |source| ReadError::reading(&segment.place, number, source);
        let broken = |offset, event, fault| ReadError::Broken(segment.broken(offset, event, fault));
        let file = self.log.file(&segment).map_err(failed)?;
        let start = self.log.start(&segment, number, access)?;

        let mut buffer = [0; SPACING_BYTES as usize];
        let (mut event, mut offset) = (start.event, start.offset);
        let (mut from, mut filled) = (offset, 0);
        let header = loop {
            if offset + FRAME_HEADER_BYTES as u64 > from + filled as u64 {
                // All frames up to the next known one, or as much of them as one read fetches.
                let wanted = start.until.map_or(SPACING_BYTES, |until| (until - offset).min(SPACING_BYTES));
                from = offset;
                filled = access.read(&*file, &mut buffer[..wanted as usize], offset).map_err(failed)?;
            }
            let bytes = &buffer[(offset - from) as usize..filled];
            let header = plausible(bytes, segment.tag, event).map_err(|fault| broken(offset, event, fault))?;
            if number <= header.last() {
                break header;
            }
            event = header.last() + 1;
            offset += header.frame_bytes();
        };

        let at = offset + FRAME_HEADER_BYTES as u64 + (number - header.first) * RECORD_BYTES as u64;
        let in_buffer = buffer[..filled].get((at - from) as usize..).and_then(<[u8]>::first_chunk);
        let record = match in_buffer {
            Some(record) => *record,
            None => {
                let mut record = [0; RECORD_BYTES];
                if access.read(&*file, &mut record, at).map_err(failed)? < RECORD_BYTES {
                    let fault = FrameFault::Short { needed: header.frame_bytes(), found: at - offset };
                    return Err(broken(offset, event, fault));
                }
                record
            }
        };
        Ok(Stored::new((number, record), &header, offset, (Arc::clone(&self.log), access), segment))
    }

    /// Writes the index file of the oldest segment that has none and is no longer appended to. Says whether there was one. With
    /// these files the indexes of old segments need not stay in memory, nor be made again by reading those segments.
    ///
    /// # Errors
    /// [`IndexFileError`]; nothing is lost by it.
    pub fn write_index_file(&self) -> Result<bool, IndexFileError> {
        self.log.write_index_file()
    }

    /// Compares all index files with the segments that they are of. For a log that has just been read as a whole.
    ///
    /// # Errors
    /// [`BlockFileError::Damaged`] names the first that differs; [`BlockFileError::Disk`].
    pub fn check_index_files(&self) -> Result<(), BlockFileError> {
        self.log.check_index_files()
    }

    /// The place in the log behind an event; none if no frame ends with it, or none that is durable.
    ///
    /// # Errors
    /// [`ReadError::Broken`], [`ReadError::Disk`].
    pub fn position_at(&self, event: u64) -> Result<Option<Position>, ReadError> {
        if event == 0 {
            return Ok(Some(Position::start(&self.log.ledger_id)));
        }
        match self.event(event) {
            Ok(stored) => Ok((stored.frame_last() == event).then_some(Position { event, chain: stored.frame_hash })),
            Err(ReadError::NoSuchEvent { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The segment that holds an event, or would; none for 0.
    #[must_use]
    pub fn segment_of(&self, event: u64) -> Option<SegmentSpan> {
        let segments = self.log.segments();
        let after = segments.partition_point(|segment| segment.header.first <= event);
        let segment = segments.get(after.checked_sub(1)?)?;
        let next = segments.get(after).map(|next| next.header.first - 1);
        Some(SegmentSpan { first: segment.header.first, last: next })
    }

    /// The bytes of the durable frames behind the frame that ends with an event.
    ///
    /// # Errors
    /// [`ReadError::Broken`], [`ReadError::Disk`].
    pub fn bytes_behind(&self, event: u64) -> Result<u64, ReadError> {
        let next = match self.event(event + 1) {
            Ok(next) => next,
            Err(ReadError::NoSuchEvent { .. }) => return Ok(0),
            Err(error) => return Err(error),
        };
        let headers = FRAME_HEADER_BYTES as u64 + u64::from(next.frame_count) * RECORD_BYTES as u64;
        let frame_at = next.blobs_at - headers;
        let segments = self.log.segments();
        let after = segments.partition_point(|segment| segment.header.first <= next.segment.header.first);
        let later = segments[after..].iter().map(|segment| segment.end() - SEGMENT_HEADER_BYTES as u64).sum::<u64>();
        // A segment that is not replayed at the start ends where its file does.
        Ok(next.segment.end().saturating_sub(frame_at) + later)
    }

    /// All segments, oldest first.
    #[must_use]
    pub fn segments(&self) -> Vec<SegmentState> {
        let segments = self.log.segments();
        let next = segments.iter().skip(1).map(|next| Some(next.header.first - 1)).chain([None]);
        let states = segments.iter().zip(next).map(|(segment, last)| SegmentState {
            header: segment.header,
            last,
            bytes: segment.end(),
            has_index_file: segment.has_index_file(),
            is_elsewhere: segment.is_elsewhere(),
        });
        states.collect()
    }

    /// Events below this one may be in segments that are not on this disk; 0 if all are.
    #[must_use]
    pub fn elsewhere_below(&self) -> u64 {
        self.log.elsewhere_below()
    }

    /// Says that the segments before this event may leave the disk. Whoever must not wait for others looks at
    /// [`elsewhere_below`](Self::elsewhere_below) first, so this comes before the first of them leaves.
    pub fn announce_elsewhere(&self, below: u64) {
        self.log.raise_elsewhere_below(below);
    }

    /// Says that the file of the segment that starts with this event has left the disk. Reads that have it open go on; later ones
    /// open what the disk has in its place.
    pub fn segment_left(&self, first: u64) {
        if let Some(segment) = self.log.segment_of(first).filter(|segment| segment.header.first == first) {
            self.log.close_file(&segment);
        }
    }

    /// The directory that the log is in. Whoever is not the ledger's writer only reads there, and writes notes.
    #[must_use]
    pub fn disk(&self) -> &Arc<dyn Disk> {
        &self.log.disk
    }

    /// Walks whole verified frames in order, from the frame that holds event `from` on; 1, or 0, is the whole log.
    #[must_use]
    pub fn frames(&self, from: u64) -> Frames {
        Frames::new(Arc::clone(&self.log), from)
    }
}

/// One event as it was written.
#[derive(Debug, Clone)]
pub struct Stored {
    /// Its number.
    pub number: u64,
    /// Its record.
    pub record: [u8; RECORD_BYTES],
    /// The time of its frame, microseconds since 1970 in UTC.
    pub at_us: i64,
    /// The number of the first event in its frame.
    pub frame_first: u64,
    /// How many events its frame holds.
    pub frame_count: u32,
    /// The hash of its frame.
    pub frame_hash: Hash,
    blobs_at: u64,
    blob_bytes: u32,
    log: Arc<Log>,
    access: Access,
    segment: Arc<Segment>,
}

impl Stored {
    fn new(
        (number, record): (u64, [u8; RECORD_BYTES]),
        header: &FrameHeader,
        frame_at: u64,
        (log, access): (Arc<Log>, Access),
        segment: Arc<Segment>,
    ) -> Self {
        Self {
            number,
            record,
            at_us: header.at_us,
            frame_first: header.first,
            frame_count: header.count,
            frame_hash: header.hash,
            blobs_at: frame_at + header.blobs_offset(),
            blob_bytes: header.blob_bytes,
            log,
            access,
            segment,
        }
    }

    /// The number of the last event in its frame.
    #[must_use]
    pub fn frame_last(&self) -> u64 {
        self.frame_first + u64::from(self.frame_count) - 1
    }

    /// The variable bytes at an offset that its record names.
    ///
    /// # Errors
    /// [`ReadError::NoSuchBlob`] where none can be, [`ReadError::Disk`].
    pub fn blob(&self, offset: u32) -> Result<Vec<u8>, ReadError> {
        let failed = |source| ReadError::reading(&self.segment.place, self.number, source);
        let none = || ReadError::NoSuchBlob { event: self.number, offset };
        let room = self.blob_bytes.checked_sub(offset).ok_or_else(none)? as usize;
        let file = self.log.file(&self.segment).map_err(failed)?;
        let at = self.blobs_at + u64::from(offset);

        let mut buffer = [0; BLOB_READ_BYTES];
        let wanted = room.min(BLOB_READ_BYTES);
        let filled = self.access.read(&*file, &mut buffer[..wanted], at).map_err(failed)?;
        let (length, behind) = buffer[..filled].split_first_chunk::<4>().ok_or_else(none)?;
        let length = u32::from_le_bytes(*length) as usize;
        if length > room - 4 {
            return Err(none());
        }
        let read = behind.len().min(length);
        let mut blob = Vec::with_capacity(length);
        blob.extend_from_slice(&behind[..read]);
        if read < length {
            blob.resize(length, 0);
            let more = self.access.read(&*file, &mut blob[read..], at + 4 + read as u64).map_err(failed)?;
            if read + more < length {
                return Err(failed(io::ErrorKind::UnexpectedEof.into()));
            }
        }
        Ok(blob)
    }
}
