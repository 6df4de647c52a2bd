//! Frames that mean nothing.

use bytes::Bytes;
use tocos_sharedlog::{Head, NewFrame, Read, Stored};

/// A frame behind another one.
pub(crate) fn next(before: &Head, epoch: u64) -> NewFrame {
    next_with(before, epoch, format!("frame {} of epoch {epoch}", before.n + 1).into())
}

/// The same with these bytes.
pub(crate) fn next_with(before: &Head, epoch: u64, bytes: Bytes) -> NewFrame {
    let hash = *blake3::Hasher::new().update(&before.hash).update(&bytes).finalize().as_bytes();
    let first_event = before.last_event + 1;
    let head = Head { n: before.n + 1, epoch, first_event, last_event: before.last_event + 3, hash };
    NewFrame { head, prev: before.hash, bytes }
}

/// As it comes back.
pub(crate) fn stored(frame: &NewFrame) -> Stored {
    Stored { head: frame.head, bytes: frame.bytes.clone() }
}

/// Frames behind which there are no others.
pub(crate) fn whole(frames: Vec<Stored>) -> Read {
    Read { frames, is_all: true }
}
