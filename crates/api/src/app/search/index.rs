//! The index itself: the folded ids and names of all users, in runs that are filled and searched one by one.

use memchr::memmem::Finder;
use tocos_engine::AsOf;
use tocos_ledger::{NAMED_TOGETHER, State, UserId};

use super::fold::fold_into;

/// Users that are copied before the ledger is let go for a moment.
pub(super) const COPIED_AT_ONCE: usize = NAMED_TOGETHER / 2;

/// Ends an id and a name. Neither has control characters, nor has what is searched for.
const END: char = '\n';

/// Ids and names as they were copied from the ledger. Filled again and again.
#[derive(Debug, Default)]
pub(super) struct Copied {
    text: String,
    /// Where each user's id ends, and where the name behind it does.
    ends: Vec<(usize, usize)>,
}

impl Copied {
    /// Copies the users from number `from` on, [`COPIED_AT_ONCE`] at most.
    pub(super) fn copy(&mut self, state: &State, from: usize) {
        self.text.clear();
        self.ends.clear();
        for number in from..state.user_count().min(from + COPIED_AT_ONCE) {
            // Users are numbered in u32, so the cast is exact.
            let id = UserId(number as u32);
            self.text.push_str(&state.user(id).id);
            let end_of_id = self.text.len();
            self.text.push_str(state.profile(id).name.as_deref().unwrap_or_default());
            self.ends.push((end_of_id, self.text.len()));
        }
    }

    pub(super) fn len(&self) -> usize {
        self.ends.len()
    }
}

/// A run of [`NAMED_TOGETHER`] users; the last one may have fewer.
#[derive(Debug)]
pub(super) struct Run {
    /// The last event when its first user was copied: no older change is missing.
    event: u64,
    /// Id and name of each user in order, folded, with an [`END`] behind each.
    text: Box<str>,
    /// Where the text of each user ends.
    ends: Box<[u32]>,
}

/// A run that is being filled.
#[derive(Debug, Default)]
pub(super) struct Filling {
    text: String,
    ends: Vec<u32>,
}

impl Filling {
    /// Adds the users that come next.
    pub(super) fn add(&mut self, copied: &Copied) {
        let mut start = 0;
        for (end_of_id, end) in &copied.ends {
            fold_into(&copied.text[start..*end_of_id], &mut self.text);
            self.text.push(END);
            fold_into(&copied.text[*end_of_id..*end], &mut self.text);
            self.text.push(END);
            // A run has some MB at most, however much its texts grow when they are folded.
            self.ends.push(self.text.len() as u32);
            start = *end;
        }
    }

    /// The run as of this event.
    pub(super) fn finish(self, event: u64) -> Run {
        Run { event, text: self.text.into(), ends: self.ends.into() }
    }
}

impl Run {
    /// Adds those that contain what is searched for to `found`, from place `from` on, until it has `most`. `first` is the
    /// number of the run's first user.
    fn find(&self, wanted: &Finder<'_>, first: usize, from: usize, found: &mut Vec<UserId>, most: usize) {
        let text = self.text.as_bytes();
        let mut start = match from.checked_sub(1).map(|before| self.ends.get(before)) {
            None => 0,
            Some(Some(end)) => *end as usize,
            Some(None) => return,
        };
        while found.len() < most
            && let Some(at) = wanted.find(&text[start..])
        {
            let place = self.ends.partition_point(|end| *end as usize <= start + at);
            found.push(UserId((first + place) as u32));
            start = self.ends[place] as usize;
        }
    }
}

/// The ids and names of all users as of some time, folded.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Whose history it is of; none while it is empty.
    history: Option<AsOf>,
    runs: Vec<Run>,
}

impl Index {
    /// The runs that users were added to or renamed in since they were filled, in order.
    pub(super) fn stale(&self, state: &State) -> Vec<usize> {
        let is_stale = |run: &usize| self.runs.get(*run).is_none_or(|filled| state.naming_event(*run) > filled.event);
        (0..state.user_count().div_ceil(NAMED_TOGETHER)).filter(is_stale).collect()
    }

    /// Whether what was just seen goes on with what is in here. If not, event numbers mean something else there.
    pub(super) fn goes_on_with(&mut self, seen: AsOf) -> bool {
        self.history.get_or_insert(seen).is_of_one_history_with(seen)
    }

    /// Replaces a run, or adds the next one.
    pub(super) fn put(&mut self, at: usize, run: Run) {
        match self.runs.get_mut(at) {
            Some(place) => *place = run,
            None => self.runs.push(run),
        }
    }

    /// The users from number `from` on whose id or name contains `wanted`, which is folded and not empty: the first `most`, in order.
    pub(super) fn find(&self, wanted: &str, from: u32, most: usize) -> Vec<UserId> {
        let (wanted, from) = (Finder::new(wanted), from as usize);
        let mut found = Vec::new();
        for (at, run) in self.runs.iter().enumerate().skip(from / NAMED_TOGETHER) {
            if found.len() >= most {
                break;
            }
            let first = at * NAMED_TOGETHER;
            run.find(&wanted, first, from.saturating_sub(first), &mut found, most);
        }
        found
    }

    /// Bytes that its texts take.
    #[cfg(test)]
    pub(super) fn bytes(&self) -> usize {
        self.runs.iter().map(|run| run.text.len() + size_of_val(&*run.ends)).sum()
    }
}
