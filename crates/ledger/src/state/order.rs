//! The users in the order of their ids: sorted runs, each shared between clones until written.

use std::sync::Arc;

const RUN_LENGTH_MAX: usize = 512;

#[derive(Clone, Debug, Default)]
pub(crate) struct Order {
    runs: Vec<Arc<Vec<u32>>>,
}

impl Order {
    /// Adds `user`, whose id is not there yet. `id_of` returns the id of a user's number.
    pub(crate) fn insert<'a>(&mut self, user: u32, id_of: impl Fn(u32) -> &'a str) {
        let id = id_of(user);
        if self.runs.is_empty() {
            self.runs.push(Arc::new(Vec::with_capacity(RUN_LENGTH_MAX)));
        }
        let run_at = self.run_of(id, &id_of);
        let run = Arc::make_mut(&mut self.runs[run_at]);
        let at = run.partition_point(|other| id_of(*other) < id);
        run.insert(at, user);
        if run.len() >= RUN_LENGTH_MAX {
            // Ids that only ever grow fill their runs; others split in the middle.
            let keep = if at + 1 == run.len() { run.len() - 1 } else { run.len() / 2 };
            let mut upper = Vec::with_capacity(RUN_LENGTH_MAX);
            upper.extend(run.drain(keep..));
            self.runs.insert(run_at + 1, Arc::new(upper));
        }
    }

    /// Takes `user` out again.
    pub(crate) fn remove<'a>(&mut self, user: u32, id_of: impl Fn(u32) -> &'a str) {
        let run_at = self.run_of(id_of(user), &id_of);
        let Some(run) = self.runs.get_mut(run_at) else { return };
        Arc::make_mut(run).retain(|other| *other != user);
        if run.is_empty() {
            self.runs.remove(run_at);
        }
    }

    /// The run whose first id is the last not above `id`.
    fn run_of<'a>(&self, id: &str, id_of: &impl Fn(u32) -> &'a str) -> usize {
        self.runs.partition_point(|run| run.first().is_some_and(|first| id_of(*first) <= id)).saturating_sub(1)
    }

    /// All users whose ids are at least `id`, in order.
    pub(crate) fn from<'a>(&self, id: &str, id_of: impl Fn(u32) -> &'a str) -> impl Iterator<Item = u32> {
        let run_at = self.run_of(id, &id_of);
        let skip = self.runs.get(run_at).map_or(0, |run| run.partition_point(|other| id_of(*other) < id));
        self.runs.iter().skip(run_at).flat_map(|run| run.iter().copied()).skip(skip)
    }

    /// The same order read back from a snapshot.
    pub(crate) fn from_sorted(users: &[u32]) -> Self {
        let runs = users.chunks(RUN_LENGTH_MAX * 3 / 4).map(|run| Arc::new(run.to_vec())).collect();
        Self { runs }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = u32> {
        self.runs.iter().flat_map(|run| run.iter().copied())
    }
}
