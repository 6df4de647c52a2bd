//! Where a new branch begins: at the last boundary between two objects up to which the archive and the log here agree.
//!
//! They agree up to some event and nowhere behind it, so boundaries are searched by halving. What is at a boundary is known
//! by the first frame behind it, which names the hash of the frame before.

use tocos_journal::{FRAME_HEADER_BYTES, FrameHeader, Position, SEGMENT_HEADER_BYTES};

use super::error::PutError;
use super::listing::{Folder, Kind};
use super::local::Local;
use crate::branch::{Branch, Parent};
use crate::store::Store;

/// Where the log here leaves the history of a branch, or of the branches that it came from. None if the archive does not say where
/// the history begins; then all of the log is put again.
pub(super) async fn point(
    store: &Store,
    branches: &[Branch],
    from: &Branch,
    local: &Local,
) -> Result<Option<Parent>, PutError> {
    let mut branch = from;
    let mut until = local.last_event();
    // Each is asked once: an archive in which branches come from each other in a circle is not one that we made.
    for _ in 0..=branches.len() {
        let folder = Folder { store, branch: branch.id };
        if let Some(at) = last_agreement(folder, branch.root(), until, local).await? {
            return Ok(Some(Parent { branch: branch.id, at }));
        }
        if local.has(&branch.root())? {
            return Ok(Some(Parent { branch: branch.id, at: branch.root() }));
        }
        let Some(parent) = branch.parent else { break };
        until = until.min(parent.at.event);
        let Some(next) = branches.iter().find(|branch| branch.id == parent.branch) else { break };
        branch = next;
    }
    Ok(None)
}

/// The last boundary of a branch, behind its root and up to event `until`, that the log here has.
async fn last_agreement(
    folder: Folder<'_>,
    root: Position,
    until: u64,
    local: &Local,
) -> Result<Option<Position>, PutError> {
    let mut below = until.saturating_add(2);
    for segment in local.segments_from(root.event.saturating_add(1)).into_iter().rev() {
        let from = segment.max(root.event.saturating_add(2));
        let mut firsts = Vec::new();
        for kind in Kind::BOTH {
            if from < below {
                firsts.extend(folder.firsts(kind, from, below).await?.into_iter().map(|first| (first, kind)));
            }
        }
        below = below.min(segment);
        firsts.sort_unstable_by_key(|(first, _)| *first);
        let mut found = None;
        while !firsts.is_empty() {
            let middle = firsts.len() / 2;
            let (first, kind) = firsts[middle];
            match agreement(folder, kind, first, local).await? {
                Some(at) => {
                    found = Some(at);
                    firsts.drain(..=middle);
                }
                None => firsts.truncate(middle),
            }
        }
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}

/// The boundary before an object, if the log here has it.
async fn agreement(folder: Folder<'_>, kind: Kind, first: u64, local: &Local) -> Result<Option<Position>, PutError> {
    let Some(ours) = local.reader.position_at(first - 1)? else { return Ok(None) };
    let name = kind.name(first).in_branch(folder.branch);
    let start = folder.store.get_range(&name, 0..(SEGMENT_HEADER_BYTES + FRAME_HEADER_BYTES) as u64).await?;
    let header = start.and_then(|start| FrameHeader::parse(start.get(SEGMENT_HEADER_BYTES..)?).ok());
    Ok(header.filter(|header| header.first == first && header.prev == ours.chain).map(|_| ours))
}
