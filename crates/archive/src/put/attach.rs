//! Which branch is written to, and how far it reaches. Done at the start, and again when a new branch is begun.

use std::io;

use bytes::Bytes;
use tocos_journal::Position;

use super::Surroundings;
use super::error::PutError;
use super::fork;
use super::listing::{Folder, Kind};
use super::local::Local;
use super::tail::{Outcome, compare};
use crate::branch::{Branch, BranchFault, BranchId, LocalRecord, Parent};
use crate::names::{branch_object, described_branch};
use crate::store::Store;

/// The branch that is written to.
#[derive(Clone, Copy, Debug)]
pub(super) struct Attached {
    pub branch: BranchId,
    /// Where it begins.
    pub root: Position,
    /// How far it reaches, and agrees with the log here.
    pub tip: Position,
}

/// What looking at the archive led to.
#[derive(Debug)]
pub(super) enum Attachment {
    /// The log here goes on where the branch ends.
    Goes(Attached),
    /// It does not: a new branch must begin here.
    Leaves { parent: Option<Parent>, reason: String },
    /// Another node of the group has put what the log here has not reached yet.
    Behind,
}

/// Looks up the branch of this data directory and its end; makes it known in the archive if it is new.
pub(super) async fn attach(store: &Store, local: &Local, now_us: i64) -> Result<Attachment, PutError> {
    let ledger_id = local.reader.ledger_id();
    let disk = &**local.reader.disk();
    let read = LocalRecord::read(disk).map_err(|source| PutError::File { place: LocalRecord::place(disk), source })?;
    let record = read.unwrap_or(LocalRecord { branch: BranchId::first_of(&ledger_id), parent: None });
    let branches = branches(store, &ledger_id, Some(record.branch)).await?;
    let branch = match branches.iter().find(|branch| branch.id == record.branch) {
        Some(branch) => branch.clone(),
        None => describe(store, &branches, (ledger_id, record), now_us).await?,
    };
    end_of(store, &branches, &branch, local).await
}

/// The same for a node of a group. What this directory has put before says nothing: other nodes have led since. It goes on with the
/// newest branch, which is the one that restores take.
pub(super) async fn attach_in_group(store: &Store, local: &Local, now_us: i64) -> Result<Attachment, PutError> {
    let ledger_id = local.reader.ledger_id();
    let branches = branches(store, &ledger_id, None).await?;
    let branch = match newest(&branches) {
        Some(branch) => branch.clone(),
        None => {
            let record = LocalRecord { branch: BranchId::first_of(&ledger_id), parent: None };
            describe(store, &branches, (ledger_id, record), now_us).await?
        }
    };
    let attachment = end_of(store, &branches, &branch, local).await?;
    match &attachment {
        // For the day on which this node goes on alone.
        Attachment::Goes(_) => note(local, LocalRecord::of(&branch))?,
        Attachment::Leaves { parent: Some(parent), .. } if is_behind(store, &branch, *parent, local).await? => {
            return Ok(Attachment::Behind);
        }
        Attachment::Leaves { .. } | Attachment::Behind => {}
    }
    Ok(attachment)
}

/// The branch that restores take.
fn newest(branches: &[Branch]) -> Option<&Branch> {
    branches.iter().max_by_key(|branch| (branch.began_at_us, branch.id))
}

/// Whether a branch is still the newest one.
pub(super) async fn is_newest(store: &Store, local: &Local, branch: BranchId) -> Result<bool, PutError> {
    let branches = branches(store, &local.reader.ledger_id(), None).await?;
    Ok(newest(&branches).is_none_or(|newest| newest.id == branch))
}

/// Whether the log here, which shares the history of the archive up to a boundary, only has not come as far. It may have come further
/// since that boundary was looked for.
async fn is_behind(store: &Store, newest: &Branch, shared: Parent, local: &Local) -> Result<bool, PutError> {
    let Parent { branch, mut at } = shared;
    let mut has_more = false;
    loop {
        if at == local.reader.position() {
            return Ok(branch == newest.id || newest.root().event >= at.event);
        }
        let (mut end, mut is_another) = (None, false);
        for kind in Kind::BOTH {
            match compare(store, &kind.name(at.event + 1).in_branch(branch), local, at).await? {
                Outcome::Ahead { .. } => return Ok(true),
                Outcome::Was { tip } => end = end.max(Some((tip.event, tip.chain))),
                Outcome::Taken { .. } => is_another = true,
                Outcome::Nothing | Outcome::Put { .. } | Outcome::Gone => {}
            }
        }
        match end {
            Some((event, chain)) => (at, has_more) = (Position { event, chain }, true),
            // Everything that is there is here by now: the next look finds the end.
            None => return Ok(has_more && !is_another),
        }
    }
}

/// Where a branch ends, and whether the log here goes on from there.
async fn end_of(store: &Store, branches: &[Branch], branch: &Branch, local: &Local) -> Result<Attachment, PutError> {
    let root = branch.root();
    let at = |tip| Ok(Attachment::Goes(Attached { branch: branch.id, root, tip }));
    let leaves = |parent, reason: &str| Ok(Attachment::Leaves { parent, reason: reason.to_owned() });

    let Some(first) = last_object(Folder { store, branch: branch.id }, local, root).await? else {
        if local.has(&root)? {
            return at(root);
        }
        return leaves(fork::point(store, branches, branch, local).await?, "the log here does not have its beginning");
    };
    let before = local.reader.position_at(first - 1)?;
    let Some(before) = before.filter(|before| before.event >= root.event) else {
        return leaves(fork::point(store, branches, branch, local).await?, "the log here is older, or another");
    };
    let mut tip = None;
    let mut fault = String::new();
    for kind in Kind::BOTH {
        match compare(store, &kind.name(first).in_branch(branch.id), local, before).await? {
            Outcome::Was { tip: end } => tip = tip.max(Some((end.event, end.chain))),
            Outcome::Taken { reason, .. } | Outcome::Ahead { reason, .. } => fault = reason,
            Outcome::Nothing | Outcome::Put { .. } | Outcome::Gone => {}
        }
    }
    match tip {
        Some((event, chain)) => at(Position { event, chain }),
        // The last object is of another history, or damaged.
        None => leaves(fork::point(store, branches, branch, local).await?, &fault),
    }
}

/// The first event of the last object with frames of a branch.
async fn last_object(folder: Folder<'_>, local: &Local, root: Position) -> Result<Option<u64>, PutError> {
    let segments = local.segments_from(root.event.saturating_add(1));
    let mut last = None;
    for kind in Kind::BOTH {
        if let Some(newest) = folder.newest(kind, &segments).await? {
            last = last.max(folder.firsts(kind, newest, u64::MAX).await?.last().copied());
        }
    }
    Ok(last)
}

/// All branches that the archive has. One that can't be read is left out, unless it is `ours`.
async fn branches(store: &Store, ledger_id: &[u8; 16], ours: Option<BranchId>) -> Result<Vec<Branch>, PutError> {
    let mut branches = Vec::new();
    for listed in store.list_top().await? {
        let Some(id) = described_branch(&listed.name) else { continue };
        let Some(bytes) = store.get(&listed.name).await? else { continue };
        match Branch::decode(&bytes) {
            Ok(branch) if branch.ledger_id != *ledger_id => {
                return Err(PutError::OtherLedger { place: store.place(&listed.name) });
            }
            Ok(branch) if branch.id == id => branches.push(branch),
            Ok(_) if Some(id) == ours => {
                let fault = BranchFault::Damaged("it describes another branch".to_owned());
                return Err(PutError::Branch { place: store.place(&listed.name), fault });
            }
            Err(fault) if Some(id) == ours => return Err(PutError::Branch { place: store.place(&listed.name), fault }),
            Ok(_) | Err(_) => {}
        }
    }
    Ok(branches)
}

/// Makes a branch known in the archive. It is the newest from then on, also where the clock of this machine is behind that of another.
async fn describe(
    store: &Store,
    branches: &[Branch],
    (ledger_id, record): ([u8; 16], LocalRecord),
    now_us: i64,
) -> Result<Branch, PutError> {
    let began_at_us = newest(branches).map_or(now_us, |newest| now_us.max(newest.began_at_us.saturating_add(1)));
    let branch = Branch { ledger_id, id: record.branch, parent: record.parent, began_at_us };
    // If it exists by now, an earlier put was done and its response was lost. The next look at the archive finds it, with
    // the same parent: the record was durable before.
    store.put_new(&branch_object(branch.id), Bytes::from(branch.encode())).await?;
    Ok(branch)
}

/// Begins a new branch, for good: from here on this data directory writes to it.
pub(super) fn begin(local: &Local, parent: Option<Parent>, around: &Surroundings) -> Result<BranchId, PutError> {
    let branch = BranchId::from((around.random)().map_err(PutError::Random)?);
    note(local, LocalRecord { branch, parent })?;
    Ok(branch)
}

/// Begins a new branch for the group: whichever node leads goes on with it, once it is in the archive.
pub(super) async fn begin_in_group(
    store: &Store,
    local: &Local,
    parent: Option<Parent>,
    around: &Surroundings,
) -> Result<BranchId, PutError> {
    let branch = BranchId::from((around.random)().map_err(PutError::Random)?);
    let ledger_id = local.reader.ledger_id();
    let branches = branches(store, &ledger_id, None).await?;
    describe(store, &branches, (ledger_id, LocalRecord { branch, parent }), (around.now_us)()).await?;
    Ok(branch)
}

/// Notes in the data directory which branch it writes to, unless it says so already.
fn note(local: &Local, record: LocalRecord) -> Result<(), PutError> {
    let disk = &**local.reader.disk();
    let failed = |source: io::Error| PutError::File { place: LocalRecord::place(disk), source };
    if LocalRecord::read(disk).map_err(failed)? == Some(record) {
        return Ok(());
    }
    record.write(disk).map_err(failed)
}
