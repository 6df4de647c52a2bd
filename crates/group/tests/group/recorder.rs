//! Outside of everything that fails: what was acknowledged and answered, and what of it turned out to be wrong.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::time::Duration;

use tocos_group::LocalFrame;
use tocos_sharedlog::Hash;
use tokio::time::Instant;

/// Of the trace only the end is kept.
const LINES_MAX: usize = 20_000;

#[derive(Debug)]
struct Inner {
    /// All frames that a leader acknowledged.
    acknowledged: BTreeMap<Hash, LocalFrame>,
    /// All frames that the engine lost.
    lost: BTreeMap<Hash, LocalFrame>,
    /// All frames of which a disk lost a copy.
    destroyed: BTreeSet<Hash>,
    /// By key: the event that a client was told.
    done: BTreeMap<u64, u64>,
    /// Keys of which a client was told that they were certainly not done.
    not_done: BTreeSet<u64>,
    /// Event and sum of what clients read.
    reads: BTreeSet<(u64, u64)>,
    last_done: u64,
    /// The first event that was acknowledged and that the engine ever lost.
    lost_from: u64,
    /// The first event that could be read and that the engine ever lost.
    vanished_from: u64,
    lines: VecDeque<String>,
    violations: Vec<String>,
}

impl Default for Inner {
    fn default() -> Self {
        Self {
            acknowledged: BTreeMap::new(),
            done: BTreeMap::new(),
            not_done: BTreeSet::new(),
            reads: BTreeSet::new(),
            last_done: 0,
            lost: BTreeMap::new(),
            destroyed: BTreeSet::new(),
            lost_from: u64::MAX,
            vanished_from: u64::MAX,
            lines: VecDeque::new(),
            violations: Vec::new(),
        }
    }
}

/// Writes down what happens.
#[derive(Debug)]
pub(crate) struct Recorder {
    inner: Mutex<Inner>,
    begun: Instant,
    traces: bool,
}

impl Recorder {
    pub(crate) fn new(traces: bool) -> Self {
        Self { inner: Mutex::default(), begun: Instant::now(), traces }
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap()
    }

    /// Since the beginning.
    pub(crate) fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    pub(crate) fn trace(&self, line: impl FnOnce() -> String) {
        if self.traces {
            let line = format!("{:9.3} {}", self.begun.elapsed().as_secs_f64(), line());
            let mut inner = self.lock();
            if inner.lines.len() == LINES_MAX {
                inner.lines.pop_front();
            }
            inner.lines.push_back(line);
        }
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.lock().lines.iter().cloned().collect()
    }

    pub(crate) fn violation(&self, what: String) {
        self.trace(|| format!("VIOLATION {what}"));
        self.lock().violations.push(what);
    }

    pub(crate) fn first_violation(&self) -> Option<String> {
        self.lock().violations.first().cloned()
    }

    /// A leader acknowledged a frame.
    pub(crate) fn acknowledged(&self, node: &str, frame: &LocalFrame) {
        self.trace(|| format!("{node} acknowledges events {} to {}", frame.first_event, frame.last_event));
        self.lock().acknowledged.insert(frame.hash, frame.clone());
    }

    /// A client was told that its operation is durable as this event.
    pub(crate) fn done(&self, key: u64, event: u64) {
        self.trace(|| format!("client: key {key} is done as event {event}"));
        let mut inner = self.lock();
        inner.last_done = inner.last_done.max(event);
        let before = inner.done.insert(key, event);
        drop(inner);
        if before.is_some_and(|before| before != event) {
            self.violation(format!("key {key} was done as event {before:?} and as event {event}"));
        }
    }

    /// A client was told that its operation was certainly not done, each time that it tried.
    pub(crate) fn not_done(&self, key: u64) {
        self.lock().not_done.insert(key);
    }

    pub(crate) fn read(&self, event: u64, sum: u64) {
        self.lock().reads.insert((event, sum));
    }

    /// A leader gave a state as of an event; clients had been told of another one before they asked.
    pub(crate) fn read_from_leader(&self, event: u64, done: u64, node: &str) {
        let inner = self.lock();
        // What the engine lost, nobody can know of.
        let is_older = event < done && done < inner.lost_from;
        drop(inner);
        if is_older {
            self.violation(format!(
                "{node} answered as the leader as of event {event}, and event {done} was done before"
            ));
        }
    }

    /// The engine lost a frame.
    pub(crate) fn lost(&self, frame: LocalFrame) {
        self.trace(|| format!("the engine loses events {} to {}", frame.first_event, frame.last_event));
        let mut inner = self.lock();
        inner.vanished_from = inner.vanished_from.min(frame.first_event);
        if inner.acknowledged.contains_key(&frame.hash) {
            inner.lost_from = inner.lost_from.min(frame.first_event);
        }
        inner.lost.insert(frame.hash, frame);
    }

    /// A disk lost its copy of a frame.
    pub(crate) fn destroyed(&self, frame: &LocalFrame) {
        self.lock().destroyed.insert(frame.hash);
    }

    /// The first event that could be read and that the engine ever lost.
    pub(crate) fn vanished_from(&self) -> u64 {
        self.lock().vanished_from
    }

    pub(crate) fn was_lost(&self, hash: &Hash) -> bool {
        self.lock().lost.contains_key(hash)
    }

    /// All frames that the engine lost.
    pub(crate) fn all_lost(&self) -> Vec<LocalFrame> {
        self.lock().lost.values().cloned().collect()
    }

    pub(crate) fn was_destroyed(&self, hash: &Hash) -> bool {
        self.lock().destroyed.contains(hash)
    }

    /// The last event that any client was told of.
    pub(crate) fn last_done(&self) -> u64 {
        self.lock().last_done
    }

    pub(crate) fn all_done(&self) -> BTreeMap<u64, u64> {
        self.lock().done.clone()
    }

    pub(crate) fn all_not_done(&self) -> BTreeSet<u64> {
        self.lock().not_done.clone()
    }

    pub(crate) fn all_reads(&self) -> BTreeSet<(u64, u64)> {
        self.lock().reads.clone()
    }

    /// All frames that a leader acknowledged.
    pub(crate) fn all_acknowledged(&self) -> Vec<LocalFrame> {
        self.lock().acknowledged.values().cloned().collect()
    }
}
