//! Writing the log of a ledger that is restored: the segments as they were, up to where it is to end.

use std::io;
use std::mem::take;
use std::sync::Arc;

use tocos_journal::{Disk, DiskFile, Frame, FrameView, Link, Position, RECORD_BYTES, SegmentHeader};

use crate::follow::Followed;
use crate::names::Name;

/// What is being written is called so until it is whole.
pub(super) const UNFINISHED: &str = ".unfinished";
const WRITE_BYTES: usize = 4 << 20;

/// What the archive must be told about records, which it does not interpret.
#[derive(Debug, Clone, Copy)]
pub struct Records {
    /// The offset of a record's blob, if it has one.
    pub blob_offset: fn(&[u8; RECORD_BYTES]) -> Option<u32>,
    /// Whether the event after this one belongs to the same atomic batch.
    pub is_joined_to_next: fn(&[u8; RECORD_BYTES]) -> bool,
}

/// Why a frame can't be cut behind an event.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CutFault {
    /// The event lies in an atomic batch of these events, and is not the last.
    InBatch {
        first: u64,
        last: u64,
    },
    Malformed,
}

/// The first events of a frame, up to and with `through`, as a frame of their own.
pub(super) fn cut(frame: &FrameView<'_>, through: u64, records: Records) -> Result<Frame, CutFault> {
    let all = frame.records();
    let count = (through + 1 - frame.first()) as usize;
    let (kept, left_out) = all.split_at_checked(count).ok_or(CutFault::Malformed)?;
    if kept.last().is_some_and(records.is_joined_to_next) {
        let begun = kept.iter().rev().take_while(|record| (records.is_joined_to_next)(record)).count() as u64;
        let to_come = left_out.iter().take_while(|record| (records.is_joined_to_next)(record)).count() as u64;
        let last = (through + 1 + to_come).min(frame.last());
        return Err(CutFault::InBatch { first: through + 1 - begun, last });
    }
    let mut shorter = Frame::new(frame.first(), frame.at_us());
    for record in kept {
        if let Some(offset) = (records.blob_offset)(record) {
            let blob = frame.blob(offset).ok_or(CutFault::Malformed)?;
            // Blobs lie in the order of the events, so that each has the place that its record says.
            if shorter.blob(blob) != offset {
                return Err(CutFault::Malformed);
            }
        }
        shorter.push(record);
    }
    Ok(shorter)
}

/// The log that is being written. Each segment gets its name when it is whole and durable, the last one at the very end.
pub(super) struct LogWriter {
    disk: Arc<dyn Disk>,
    segment: Option<(SegmentHeader, Arc<dyn DiskFile>)>,
    buffer: Vec<u8>,
    written: u64,
    /// The place behind the last frame.
    position: Position,
    pub(super) bytes: u64,
    pub(super) segments: u64,
}

impl LogWriter {
    pub(super) fn new(disk: Arc<dyn Disk>, position: Position) -> Self {
        Self { disk, segment: None, buffer: Vec::new(), written: 0, position, bytes: 0, segments: 0 }
    }

    pub(super) fn position(&self) -> Position {
        self.position
    }

    /// Adds a frame as it is.
    pub(super) fn add(&mut self, followed: &Followed<'_>) -> io::Result<()> {
        self.go_to(followed.segment)?;
        self.buffer.extend_from_slice(followed.bytes);
        self.position = Position { event: followed.frame.last(), chain: followed.frame.hash() };
        if self.buffer.len() >= WRITE_BYTES { self.flush() } else { Ok(()) }
    }

    /// Adds the last frame, which was cut.
    pub(super) fn add_cut(&mut self, segment: &SegmentHeader, frame: &Frame) -> io::Result<()> {
        self.go_to(segment)?;
        let Position { event: durable, chain: prev } = self.position;
        let chain = frame.seal_into(&mut self.buffer, &Link { prev, tag: segment.tag(), durable });
        self.position = Position { event: frame.last(), chain };
        Ok(())
    }

    fn go_to(&mut self, segment: &SegmentHeader) -> io::Result<()> {
        if self.segment.as_ref().is_some_and(|(open, _)| open == segment) {
            return Ok(());
        }
        self.finish_segment()?;
        let name = format!("{}{UNFINISHED}", Name::Log(segment.first).file());
        self.segment = Some((*segment, self.disk.create(&name)?));
        self.buffer.extend_from_slice(&segment.encode());
        self.segments += 1;
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let Some((_, file)) = &self.segment else { return Ok(()) };
        file.write_at(&self.buffer, self.written)?;
        self.written += self.buffer.len() as u64;
        self.bytes += self.buffer.len() as u64;
        self.buffer.clear();
        Ok(())
    }

    /// Makes the last segment durable. It has not yet its name.
    pub(super) fn sync(&mut self) -> io::Result<()> {
        self.flush()?;
        self.segment.as_ref().map_or(Ok(()), |(_, file)| file.sync())
    }

    /// Gives the last segment its name, durably: a later one never has its name before it.
    pub(super) fn finish_segment(&mut self) -> io::Result<()> {
        self.sync()?;
        self.written = 0;
        let Some((header, _)) = take(&mut self.segment) else { return Ok(()) };
        let name = Name::Log(header.first).file();
        self.disk.rename(&format!("{name}{UNFINISHED}"), &name)?;
        self.disk.sync_dir()
    }
}
