//! Putting what is durable, piece by piece. The name of a piece says with which event it begins, so of two that go on at the same
//! event one finds the name taken.

use bytes::Bytes;
use tocos_journal::Position;

use super::error::PutError;
use super::local::Local;
use crate::branch::BranchId;
use crate::names::Name;
use crate::piece::Piece;
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
    let taken = |reason: String| Ok(Outcome::Taken { place: store.place(name), reason });
    match Piece::open(bytes, &local.reader.ledger_id()).and_then(|piece| piece.verify(after)) {
        Ok(tip) if tip.event > after.event && local.has(&tip)? => Ok(Outcome::Was { tip }),
        Ok(tip) => taken(format!("it has events up to {}, of which the log here has not all", tip.event)),
        Err(fault) => taken(fault.to_string()),
    }
}
