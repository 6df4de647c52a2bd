//! Reads an archive as simply as can be, and fails on everything that should not be there.

use std::collections::BTreeSet;

use futures_util::TryStreamExt as _;
use tocos_journal::Position;

use super::volume::LEDGER;
use crate::branch::{Branch, BranchId};
use crate::names::{Name, branch_object};
use crate::piece::Piece;
use crate::store::Store;

/// A branch as it is in the archive.
#[derive(Debug)]
pub(in crate::put) struct Followed {
    pub root: Position,
    /// Where all its frames end, those of its parents first.
    pub history: Vec<Position>,
    /// Its objects.
    pub names: BTreeSet<Name>,
}

/// Reads a branch from the start of the ledger. All its objects must be of its history.
pub(in crate::put) async fn follow(store: &Store, id: BranchId) -> Option<Followed> {
    follow_to(store, id, None).await
}

/// The same, up to where a branch leaves this one: what comes behind may be anything.
async fn follow_to(store: &Store, id: BranchId, until: Option<u64>) -> Option<Followed> {
    let branch = Branch::decode(&store.get(&branch_object(id)).await.unwrap()?).unwrap();
    assert_eq!((branch.id, branch.ledger_id), (id, LEDGER));
    let mut history = vec![Position::start(&LEDGER)];
    if let Some(parent) = branch.parent {
        history = Box::pin(follow_to(store, parent.branch, Some(parent.at.event)))
            .await
            .expect("the parent is known")
            .history;
        let at = history.iter().position(|position| *position == parent.at).expect("the parent has that place");
        history.truncate(at + 1);
    }
    let root = *history.last().unwrap();
    assert_eq!(root, branch.root());

    let listed: Vec<_> = store.list(&id.to_string(), None).try_collect().await.unwrap();
    let names: BTreeSet<Name> =
        listed.iter().map(|listed| Name::parse_in_branch(&listed.name).expect("a name of ours").1).collect();
    let mut tails = 0;
    loop {
        let after = *history.last().unwrap();
        if until.is_some_and(|until| after.event >= until) {
            return Some(Followed { root, history, names });
        }
        let Some(bytes) = store.get(&Name::Tail(after.event + 1).in_branch(id)).await.unwrap() else { break };
        let piece = Piece::open(bytes, &LEDGER).unwrap();
        for frame in piece.frames(after) {
            let view = frame.unwrap().view;
            history.push(Position { event: view.last(), chain: view.hash() });
        }
        tails += 1;
    }
    // Nothing of anybody else is in the folder, and nothing behind a gap.
    assert_eq!(names.iter().filter(|name| matches!(name, Name::Tail(_))).count(), tails, "{names:?}");
    for name in &names {
        if let Name::Snapshot(event) | Name::Keys(_, event) = name {
            assert!(history.iter().any(|position| position.event == *event), "{name} is before its events");
        }
        if let Name::Log(first) = name {
            let before = history.iter().find(|position| position.event == first - 1).expect("it begins in the history");
            let bytes = store.get(&name.in_branch(id)).await.unwrap().unwrap();
            let end = Piece::open(bytes, &LEDGER).unwrap().verify(*before).unwrap();
            assert!(history.contains(&end), "{name}");
        }
    }
    Some(Followed { root, history, names })
}

/// The branches of an archive.
pub(in crate::put) async fn branches(store: &Store) -> Vec<BranchId> {
    let top = store.list_top().await.unwrap();
    top.iter().map(|listed| crate::names::described_branch(&listed.name).expect("a branch")).collect()
}
