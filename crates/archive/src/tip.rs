//! The end of a branch, read from its last object alone. Its frames follow each other, but it is not known whether they follow the
//! ones before: that takes following the whole chain.

use bytes::Bytes;
use tocos_journal::{FrameHeader, Position, SEGMENT_HEADER_BYTES};

use crate::catalogue::Objects;
use crate::piece::Piece;
use crate::remote::Remote;
use crate::store::{Listed, StoreError};

/// The end of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tip {
    /// Its last event and the hash of the frame that ends with it.
    pub position: Position,
    /// The time of that frame, microseconds since 1970 in UTC.
    pub at_us: i64,
    /// When its last object was put, by the store's clock.
    pub put_at_us: i64,
}

impl Tip {
    /// Reads the end of a branch; none if it has no log, or its last object can't be read.
    ///
    /// # Errors
    /// [`StoreError`].
    pub fn read(remote: &Remote, ledger_id: &[u8; 16], objects: &Objects) -> Result<Option<Self>, StoreError> {
        let logs = objects.logs.iter().next_back();
        let tails = objects.tails.iter().next_back();
        // A log object that begins with the last tail may go on behind it.
        let last = [tails, logs].into_iter().flatten().max_by_key(|(first, _)| **first);
        let mut tip: Option<Self> = None;
        for (_, listed) in
            [tails, logs].into_iter().flatten().filter(|(first, _)| Some(*first) == last.map(|(first, _)| first))
        {
            let Some(bytes) = remote.get(&listed.name)? else { continue };
            let found = last_frame(bytes, ledger_id, listed);
            tip = tip.into_iter().chain(found).max_by_key(|tip| tip.position.event);
        }
        Ok(tip)
    }
}

fn last_frame(bytes: Bytes, ledger_id: &[u8; 16], listed: &Listed) -> Option<Tip> {
    let piece = Piece::open(bytes, ledger_id).ok()?;
    let first = FrameHeader::parse(piece.bytes().get(SEGMENT_HEADER_BYTES..)?).ok()?;
    let mut tip = None;
    for frame in piece.frames(Position { event: first.first.checked_sub(1)?, chain: first.prev }) {
        let view = frame.ok()?.view;
        let position = Position { event: view.last(), chain: view.hash() };
        tip = Some(Tip { position, at_us: view.at_us(), put_at_us: listed.put_at_us });
    }
    tip
}
