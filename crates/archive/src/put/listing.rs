//! What is in the folder of a branch. A folder may have millions of objects, so no list is held as a whole, and questions are put
//! so that few of its pages answer them.

use futures_util::TryStreamExt as _;

use crate::branch::BranchId;
use crate::names::Name;
use crate::store::{Store, StoreError};

/// The two kinds of objects that have frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Log,
    Tail,
}

impl Kind {
    pub(super) const BOTH: [Self; 2] = [Self::Log, Self::Tail];

    pub(super) fn name(self, first: u64) -> Name {
        match self {
            Self::Log => Name::Log(first),
            Self::Tail => Name::Tail(first),
        }
    }

    /// The first event of an object of this kind.
    fn first(self, name: &str) -> Option<u64> {
        match (self, Name::parse_in_branch(name)?.1) {
            (Self::Log, Name::Log(first)) | (Self::Tail, Name::Tail(first)) => Some(first),
            _ => None,
        }
    }
}

/// The folder of a branch.
#[derive(Clone, Copy, Debug)]
pub(super) struct Folder<'s> {
    pub store: &'s Store,
    pub branch: BranchId,
}

impl Folder<'_> {
    /// Whether there is an object of a kind that begins with event `from` or later.
    pub(super) async fn has(&self, kind: Kind, from: u64) -> Result<bool, StoreError> {
        let mut found = false;
        self.each(kind, from, |_| {
            found = true;
            false
        })
        .await?;
        Ok(found)
    }

    /// The first events of the objects of a kind that begin with `from` or later, and before `below`, in order.
    pub(super) async fn firsts(&self, kind: Kind, from: u64, below: u64) -> Result<Vec<u64>, StoreError> {
        let mut firsts = Vec::new();
        let is_sorted = self.store.is_sorted();
        self.each(kind, from, |first| {
            let is_wanted = first < below;
            if is_wanted {
                firsts.push(first);
            }
            is_wanted || !is_sorted
        })
        .await?;
        firsts.sort_unstable();
        Ok(firsts)
    }

    /// The newest of the segments that begin with these events from whose start on there is an object of a kind; none if there is
    /// no such object at all.
    pub(super) async fn newest(&self, kind: Kind, segments: &[u64]) -> Result<Option<u64>, StoreError> {
        let (mut with, mut without) = match segments.first() {
            Some(first) if self.has(kind, *first).await? => (0, segments.len()),
            _ => return Ok(None),
        };
        while without - with > 1 {
            let middle = with.midpoint(without);
            if self.has(kind, segments[middle]).await? {
                with = middle;
            } else {
                without = middle;
            }
        }
        Ok(segments.get(with).copied())
    }

    /// Shows the first events of the objects of a kind from `from` on, until it is told that this is enough.
    async fn each(&self, kind: Kind, from: u64, mut goes_on: impl FnMut(u64) -> bool) -> Result<(), StoreError> {
        let folder = self.branch.to_string();
        // The name before that of `from`, whether or not there is one.
        let after = kind.name(from.saturating_sub(1)).in_branch(self.branch);
        let mut listed = self.store.list(&folder, Some(&after));
        while let Some(object) = listed.try_next().await? {
            let is_wanted = match kind.first(&object.name) {
                Some(first) => first < from || goes_on(first),
                // Behind the names of this kind, where they come in order.
                None => !self.store.is_sorted(),
            };
            if !is_wanted {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use bytes::Bytes;
    use object_store::memory::InMemory;

    use super::*;
    use crate::runtime::runtime;

    #[test]
    fn a_folder_is_asked_by_kind_and_range() {
        let store = Store::of(Arc::new(InMemory::new()), "p");
        let branch = BranchId::from(5);
        let folder = Folder { store: &store, branch };
        runtime().unwrap().block_on(async {
            let names =
                [Name::Log(1), Name::Keys(1, 9), Name::Snapshot(9), Name::Tail(1), Name::Tail(4), Name::Tail(30)];
            for name in names {
                store.put_new(&name.in_branch(branch), Bytes::from_static(b"x")).await.unwrap();
            }
            store.put_new(&Name::Tail(99).in_branch(BranchId::from(6)), Bytes::from_static(b"x")).await.unwrap();
            assert_eq!(folder.firsts(Kind::Tail, 1, u64::MAX).await.unwrap(), [1, 4, 30]);
            assert_eq!(folder.firsts(Kind::Tail, 2, 30).await.unwrap(), [4]);
            assert_eq!(folder.firsts(Kind::Log, 1, u64::MAX).await.unwrap(), [1]);
            for (kind, from, expected) in
                [(Kind::Tail, 30, true), (Kind::Tail, 31, false), (Kind::Log, 1, true), (Kind::Log, 2, false)]
            {
                assert_eq!(folder.has(kind, from).await.unwrap(), expected, "{kind:?} {from}");
            }
            let newest = |segments: &'static [u64]| folder.newest(Kind::Tail, segments);
            assert_eq!(newest(&[1, 3, 10, 30, 31, 99]).await.unwrap(), Some(30));
            assert_eq!(newest(&[1]).await.unwrap(), Some(1));
            assert_eq!(newest(&[31, 99]).await.unwrap(), None);
            assert_eq!(newest(&[]).await.unwrap(), None);
        });
    }
}
