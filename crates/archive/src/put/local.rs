//! The log as it is on this machine: what is put is read from its files, and what is found in the store is compared with it.

use tocos_journal::{Position, Reader, SEGMENT_HEADER_BYTES, SegmentSpan};

use super::error::PutError;

/// Frames of one segment, as an object holds them.
#[derive(Debug)]
pub(super) struct LocalPiece {
    /// The object.
    pub bytes: Vec<u8>,
    /// Where the log is behind it.
    pub end: Position,
}

/// The log, for reading.
#[derive(Clone, Debug)]
pub(super) struct Local {
    pub reader: Reader,
}

impl Local {
    /// Whether the log here is the one that a position is of, and has come so far.
    pub(super) fn has(&self, position: &Position) -> Result<bool, PutError> {
        Ok(self.reader.position_at(position.event)?.is_some_and(|ours| ours == *position))
    }

    pub(super) fn last_event(&self) -> u64 {
        self.reader.last_event()
    }

    pub(super) fn segment_of(&self, event: u64) -> Option<SegmentSpan> {
        self.reader.segment_of(event)
    }

    /// The first events of the segments, from the one that has `event`, or would have it.
    pub(super) fn segments_from(&self, event: u64) -> Vec<u64> {
        let mut next = self.reader.segment_of(event);
        let mut firsts = Vec::new();
        while let Some(span) = next {
            firsts.push(span.first);
            next = span.last.and_then(|last| self.reader.segment_of(last + 1));
        }
        firsts
    }

    /// The durable frames behind an event that ends a frame: those of one segment, up to so many bytes or one frame that is
    /// larger. None if there are no more.
    pub(super) fn piece(&self, after: u64, bytes_max: u64) -> Result<Option<LocalPiece>, PutError> {
        let mut frames = self.reader.frames(after + 1);
        let mut piece: Option<LocalPiece> = None;
        let mut segment_first = 0;
        while let Some(frame) = frames.next_raw()? {
            let end = Position { event: frame.header.last(), chain: frame.header.hash };
            match &mut piece {
                None => {
                    segment_first = frame.segment.first;
                    // All at once: a buffer that grows is there twice at times.
                    let room = self.reader.bytes_behind(after)?.min(bytes_max).max(frame.header.frame_bytes());
                    let mut bytes = Vec::with_capacity(room as usize + SEGMENT_HEADER_BYTES);
                    bytes.extend_from_slice(&frame.segment.encode());
                    bytes.extend_from_slice(frame.bytes);
                    piece = Some(LocalPiece { bytes, end });
                }
                Some(piece) => {
                    let is_full = (piece.bytes.len() + frame.bytes.len()) as u64 > bytes_max;
                    if is_full || frame.segment.first != segment_first {
                        break;
                    }
                    piece.bytes.extend_from_slice(frame.bytes);
                    piece.end = end;
                }
            }
        }
        Ok(piece)
    }
}
