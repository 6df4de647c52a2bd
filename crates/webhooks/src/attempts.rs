//! The last deliveries to each endpoint, and counts of all of them. In memory: the log says how far they have come.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// So many are kept of each endpoint.
const KEPT: usize = 50;

/// One request to an endpoint.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    /// When it was begun, in microseconds since 1970.
    pub at: i64,
    /// Its `webhook-id`.
    pub message: String,
    /// The first and the last event; none in a test.
    pub events: Option<(u64, u64)>,
    /// How many events.
    pub count: u64,
    /// How long it took.
    pub took_us: u64,
    /// The status of the answer, if there was one.
    pub status: Option<u16>,
    /// The first bytes of the answer.
    pub answer: String,
    /// What went wrong, in words.
    pub error: Option<String>,
}

/// What is counted of an endpoint since the start.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Figures {
    /// Events delivered.
    pub events: u64,
    /// Requests that were answered with success.
    pub delivered: u64,
    /// Requests that were not.
    pub failed: u64,
    /// How far deliveries have come on this node, if it delivers; it may be ahead of what the ledger has kept.
    pub through: u64,
    /// Since when deliveries have been failing, in microseconds since 1970.
    pub failing_since: Option<i64>,
}

#[derive(Debug, Default)]
struct Of {
    figures: Figures,
    last: VecDeque<Attempt>,
}

impl Of {
    fn keep(&mut self, attempt: Attempt) {
        if self.last.len() == KEPT {
            self.last.pop_front();
        }
        self.last.push_back(attempt);
    }
}

/// Clones share it.
#[derive(Clone, Debug, Default)]
pub struct Attempts(Arc<Mutex<BTreeMap<String, Of>>>);

impl Attempts {
    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Of>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The last requests to an endpoint, the newest first.
    #[must_use]
    pub fn last(&self, id: &str) -> Vec<Attempt> {
        self.lock().get(id).map(|of| of.last.iter().rev().cloned().collect()).unwrap_or_default()
    }

    /// What is counted of an endpoint.
    #[must_use]
    pub fn figures(&self, id: &str) -> Figures {
        self.lock().get(id).map(|of| of.figures.clone()).unwrap_or_default()
    }

    pub(crate) fn note(&self, id: &str, attempt: Attempt) {
        let mut all = self.lock();
        let of = all.entry(id.to_owned()).or_default();
        if attempt.error.is_none() {
            of.figures.delivered += 1;
            of.figures.events += attempt.count;
        } else {
            of.figures.failed += 1;
        }
        of.keep(attempt);
    }

    /// A test is shown with the others, and counts for nothing.
    pub(crate) fn note_test(&self, id: &str, attempt: Attempt) {
        self.lock().entry(id.to_owned()).or_default().keep(attempt);
    }

    pub(crate) fn note_place(&self, id: &str, through: u64, failing_since: Option<i64>) {
        let mut all = self.lock();
        let figures = &mut all.entry(id.to_owned()).or_default().figures;
        (figures.through, figures.failing_since) = (through, failing_since);
    }

    /// This node delivers no more to an endpoint: nothing that it counts goes on.
    pub(crate) fn forget_place(&self, id: &str) {
        if let Some(of) = self.lock().get_mut(id) {
            (of.figures.through, of.figures.failing_since) = (0, None);
        }
    }

    /// Forgets endpoints that are gone.
    pub(crate) fn keep(&self, is_there: impl Fn(&str) -> bool) {
        self.lock().retain(|id, _| is_there(id));
    }
}
