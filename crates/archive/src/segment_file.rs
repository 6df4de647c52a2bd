//! Reading a segment of a local data directory frame by frame, without opening the ledger.

use std::io;
use std::sync::Arc;

use tocos_journal::{
    Disk, DiskFile, FRAME_HEADER_BYTES, FrameHeader, FrameView, Position, SEGMENT_HEADER_BYTES, SegmentHeader,
};

use crate::names::Name;

const READ_BYTES: usize = 1 << 20;

/// The whole frames at the start of a segment file that follow each other.
#[derive(Debug)]
pub struct SegmentFile {
    file: Arc<dyn DiskFile>,
    header: SegmentHeader,
    tag: u64,
    buffer: Vec<u8>,
    done: usize,
    offset: u64,
    position: Position,
}

impl SegmentFile {
    /// Opens the segment with this first event; none if it is not there, or has not the header of one.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn open(disk: &dyn Disk, first: u64) -> io::Result<Option<Self>> {
        let file = match disk.open(&Name::Log(first).file()) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error),
        };
        let mut bytes = [0; SEGMENT_HEADER_BYTES];
        let filled = file.read_at(&mut bytes, 0)?;
        let Ok(header) = SegmentHeader::parse(&bytes[..filled]) else { return Ok(None) };
        let position = Position { event: header.first.saturating_sub(1), chain: header.prev };
        let (tag, offset) = (header.tag(), SEGMENT_HEADER_BYTES as u64);
        Ok((header.first == first).then_some(Self { file, header, tag, buffer: Vec::new(), done: 0, offset, position }))
    }

    /// Its header.
    #[must_use]
    pub fn header(&self) -> &SegmentHeader {
        &self.header
    }

    /// The place in the log behind the last frame.
    #[must_use]
    pub fn position(&self) -> Position {
        self.position
    }

    /// Whether the file ends with the last frame, and has as many bytes.
    ///
    /// # Errors
    /// If its length can't be read.
    pub fn ends_here(&self) -> io::Result<bool> {
        Ok(self.end() == self.file.len()?)
    }

    /// Where the last frame ends, in bytes from the start of the file.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.offset - (self.buffer.len() - self.done) as u64
    }

    /// The next frame, verified; none where there is no further good one.
    ///
    /// # Errors
    /// If the file can't be read.
    pub fn next_frame(&mut self) -> io::Result<Option<FrameView<'_>>> {
        if !self.fill(FRAME_HEADER_BYTES)? {
            return Ok(None);
        }
        let Ok(header) = FrameHeader::parse(&self.buffer[self.done..]) else { return Ok(None) };
        let Ok(bytes) = usize::try_from(header.frame_bytes()) else { return Ok(None) };
        if !self.fill(bytes)? {
            return Ok(None);
        }
        let at = self.done;
        let Ok(view) = FrameView::parse(&self.buffer[at..]) else { return Ok(None) };
        let is_next = view.first() == self.position.event + 1 && view.prev() == self.position.chain;
        if !is_next || view.header().tag != self.tag {
            return Ok(None);
        }
        self.position = Position { event: view.last(), chain: view.hash() };
        self.done = at + bytes;
        Ok(Some(view))
    }

    /// Whether so many bytes are there; then they are in the buffer.
    fn fill(&mut self, bytes: usize) -> io::Result<bool> {
        if self.buffer.len() - self.done >= bytes {
            return Ok(true);
        }
        self.buffer.drain(..self.done);
        self.done = 0;
        // Read step by step: a length that is not true must not take memory that the file does not fill.
        while self.buffer.len() < bytes {
            let start = self.buffer.len();
            self.buffer.resize(start + READ_BYTES, 0);
            let filled = self.file.read_at(&mut self.buffer[start..], self.offset)?;
            self.buffer.truncate(start + filled);
            self.offset += filled as u64;
            if filled == 0 {
                break;
            }
        }
        Ok(self.buffer.len() >= bytes)
    }
}
