//! Verified frames in memory of their own, so that one thread can read the log while another carries it out.

use crate::layout::{FrameHeader, FrameView};

/// Bytes from which on no further frame is added: enough that handing over costs nothing, few enough to stay in a cache.
const ENOUGH_BYTES: usize = 256 << 10;

/// Whole verified frames in order, from [`Replay::next_frames`](crate::Replay::next_frames).
#[derive(Debug, Default)]
pub struct FramesAhead {
    bytes: Vec<u8>,
    /// Each with where its frame starts.
    headers: Vec<(FrameHeader, usize)>,
    bytes_read: u64,
}

impl FramesAhead {
    /// The frames, the first one first.
    pub fn iter(&self) -> impl Iterator<Item = FrameView<'_>> {
        self.headers.iter().map(|(header, start)| FrameView::whole(*header, &self.bytes[*start..]))
    }

    /// How far the reading had come behind these frames: as [`Replay::bytes_read`](crate::Replay::bytes_read) was then.
    #[must_use]
    pub fn bytes_read(&self) -> u64 {
        self.bytes_read
    }

    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.headers.clear();
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.headers.is_empty()
    }

    pub(crate) fn has_enough(&self) -> bool {
        self.bytes.len() >= ENOUGH_BYTES
    }

    /// Adds a frame, all of whose bytes these are.
    pub(crate) fn push(&mut self, header: FrameHeader, frame: &[u8], bytes_read: u64) {
        self.headers.push((header, self.bytes.len()));
        self.bytes.extend_from_slice(frame);
        self.bytes_read = bytes_read;
    }
}
