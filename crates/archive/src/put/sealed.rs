//! Putting sealed segments in few large objects, behind the tails that they are made of. Readers take them instead of thousands of
//! small ones; a reader that finds one missing or damaged takes the tails.

use bytes::Bytes;
use tocos_journal::Position;

use super::error::PutError;
use super::listing::{Folder, Kind};
use super::local::Local;
use super::tail::{Outcome, compare};
use crate::branch::BranchId;
use crate::names::Name;
use crate::store::{Put, Store};

/// Up to where the segments of a branch are in large objects: to begin with, where its last one ends.
pub(super) async fn find(store: &Store, branch: BranchId, root: Position, local: &Local) -> Result<Position, PutError> {
    // A branch that begins in a segment has that segment from its start: it is one file here.
    let begin = segment_start(local, root.event + 1)?;
    let folder = Folder { store, branch };
    let Some(newest) = folder.newest(Kind::Log, &local.segments_from(begin.event + 1)).await? else { return Ok(begin) };
    match folder.firsts(Kind::Log, newest, u64::MAX).await?.last() {
        Some(last) => behind(store, branch, *last, local).await,
        None => Ok(begin),
    }
}

/// Where the object ends that begins with an event; if it can't be used, where the next segment begins.
async fn behind(store: &Store, branch: BranchId, first: u64, local: &Local) -> Result<Position, PutError> {
    let name = Name::Log(first).in_branch(branch);
    if let Some(before) = local.reader.position_at(first - 1)? {
        match compare(store, &name, local, before).await? {
            Outcome::Was { tip } => return Ok(tip),
            Outcome::Taken { place, reason } => warn(&place, &reason),
            Outcome::Nothing | Outcome::Put { .. } | Outcome::Gone | Outcome::Ahead { .. } => return Ok(before),
        }
    }
    next_segment(local, first)
}

/// The large object that is due, if one is.
pub(super) async fn put(
    store: &Store,
    branch: BranchId,
    local: &Local,
    (after, tip): (Position, Position),
    bytes_max: u64,
) -> Result<Option<Outcome>, PutError> {
    let first = after.event + 1;
    // Only what its tails vouch for: they are what nobody else can have put.
    let is_due =
        local.segment_of(first).and_then(|span| span.last).is_some_and(|last| last >= first && last <= tip.event);
    if !is_due {
        return Ok(None);
    }
    let Some(piece) = local.piece(after.event, bytes_max)? else { return Ok(None) };
    let name = Name::Log(first).in_branch(branch);
    let (bytes, end) = (piece.bytes.len() as u64, piece.end);
    match store.put_new(&name, Bytes::from(piece.bytes)).await? {
        Put::Done => Ok(Some(Outcome::Put { bytes, tip: end })),
        Put::Exists => match compare(store, &name, local, after).await? {
            Outcome::Taken { place, reason } => {
                warn(&place, &reason);
                Ok(Some(Outcome::Was { tip: next_segment(local, first)? }))
            }
            outcome => Ok(Some(outcome)),
        },
    }
}

fn warn(place: &str, reason: &str) {
    tracing::warn!("archive: {place} is not what was put there ({reason}); the small objects have the same events");
}

/// Where the segment begins that has an event.
fn segment_start(local: &Local, event: u64) -> Result<Position, PutError> {
    let before = local.segment_of(event).map_or(0, |span| span.first - 1);
    let position = local.reader.position_at(before)?;
    Ok(position.unwrap_or_else(|| Position::start(&local.reader.ledger_id())))
}

fn next_segment(local: &Local, event: u64) -> Result<Position, PutError> {
    match local.segment_of(event).and_then(|span| span.last) {
        Some(last) => segment_start(local, last + 1),
        None => segment_start(local, event),
    }
}
