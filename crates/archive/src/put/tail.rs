//! Putting what is durable, piece by piece. The name of a piece says with which event it begins, so of two that go on at the same
//! event one finds the name taken.

use bytes::Bytes;
use tocos_journal::Position;

use super::error::PutError;
use super::local::Local;
use crate::branch::BranchId;
use crate::names::Name;
use crate::piece::{Piece, PieceFault};
use crate::store::{Put, Store};

/// What became of a piece.
#[derive(Debug)]
pub(super) enum Outcome {
    /// There is nothing behind the tip.
    Nothing,
    /// So many bytes were put, up to here.
    Put { bytes: u64, tip: Position },
    /// An earlier put had been done, but its response was lost; the archive reaches up to here.
    Was { tip: Position },
    /// The object was there and is gone.
    Gone,
    /// Somebody else has gone on in this branch with the history that is here, further than the log here goes. Where the log here
    /// is the only one, it is another history all the same.
    Ahead { place: String, reason: String },
    /// Somebody else has gone on in this branch, or the object is damaged.
    Taken { place: String, reason: String },
}

/// Puts the piece behind the tip, which the log here has.
pub(super) async fn put(
    store: &Store,
    branch: BranchId,
    local: &Local,
    (tip, bytes_max): (Position, u64),
) -> Result<Outcome, PutError> {
    let Some(piece) = local.piece(tip.event, bytes_max)? else { return Ok(Outcome::Nothing) };
    let name = Name::Tail(tip.event + 1).in_branch(branch);
    let (bytes, end) = (piece.bytes.len() as u64, piece.end);
    match store.put_new(&name, Bytes::from(piece.bytes)).await? {
        Put::Done => Ok(Outcome::Put { bytes, tip: end }),
        Put::Exists => compare(store, &name, local, tip).await,
    }
}

/// Tells our own piece from another's.
pub(super) async fn compare(store: &Store, name: &str, local: &Local, after: Position) -> Result<Outcome, PutError> {
    let Some(bytes) = store.get(name).await? else { return Ok(Outcome::Gone) };
    let place = store.place(name);
    // Before the log here goes on meanwhile.
    let end = local.reader.position();
    match through(bytes, local, (after, end)) {
        Ok((tip, _)) if tip.event > after.event && local.has(&tip)? => Ok(Outcome::Was { tip }),
        Ok((tip, has_end)) => {
            let reason = format!("it has events up to {}, of which the log here has not all", tip.event);
            Ok(if has_end { Outcome::Ahead { place, reason } } else { Outcome::Taken { place, reason } })
        }
        Err(fault) => Ok(Outcome::Taken { place, reason: fault.to_string() }),
    }
}

/// Verifies an object, and says how far the log is known with it, and whether the end of the log here is in it, or just before it.
fn through(bytes: Bytes, local: &Local, (after, end): (Position, Position)) -> Result<(Position, bool), PieceFault> {
    let piece = Piece::open(bytes, &local.reader.ledger_id())?;
    let mut frames = piece.frames(after);
    let mut has_end = after == end;
    while frames.next().transpose()?.is_some() {
        has_end |= frames.position() == end;
    }
    Ok((frames.position(), has_end))
}
