//! The frames of a member of a group between deciding and the files: sealed, given out, acknowledged, written.

use crate::job::Job;
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::SyncSender;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::task::Waker;
use std::time::Instant;
use tocos_journal::{Appender, Frame, Sealed, Sealer};
use tocos_ledger::State;

/// A frame that went out and was not acknowledged.
#[derive(Debug)]
pub(crate) struct Given {
    pub(crate) frame: Sealed,
    /// The state at its end, if a snapshot is to be made of it.
    pub(crate) state: Option<State>,
    pub(crate) since: Instant,
}

/// What a member has beside the ledger.
#[derive(Debug)]
pub(crate) struct Flow {
    node: String,
    appender: Mutex<Appender>,
    lead: Mutex<Leading>,
    known_durable: AtomicU64,
    snapshots: Mutex<Option<SyncSender<Job>>>,
}

#[derive(Debug, Default)]
struct Leading {
    /// There is one while this node leads.
    sealer: Option<Sealer>,
    epoch: u64,
    given: VecDeque<Given>,
    /// Who waits for frames to go out, and who for there being none.
    waker: Option<Waker>,
    drained: Option<Waker>,
}

impl Flow {
    pub(crate) fn new(node: String, appender: Appender, known_durable: u64) -> Self {
        Self {
            node,
            appender: Mutex::new(appender),
            lead: Mutex::default(),
            known_durable: AtomicU64::new(known_durable),
            snapshots: Mutex::new(None),
        }
    }

    pub(crate) fn node(&self) -> &str {
        &self.node
    }

    pub(crate) fn appender(&self) -> MutexGuard<'_, Appender> {
        self.appender.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn lead(&self) -> MutexGuard<'_, Leading> {
        // Nothing in here can panic half-way.
        self.lead.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn known_durable(&self) -> u64 {
        self.known_durable.load(Ordering::Acquire)
    }

    pub(crate) fn note_durable(&self, event: u64) {
        self.known_durable.fetch_max(event, Ordering::AcqRel);
    }

    pub(crate) fn is_leading(&self) -> bool {
        self.lead().sealer.is_some()
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.lead().epoch
    }

    /// Begins to lead; false if it leads already.
    pub(crate) fn begin(&self, epoch: u64) -> bool {
        let sealer = self.appender().sealer();
        let mut lead = self.lead();
        if lead.sealer.is_some() {
            return false;
        }
        (lead.sealer, lead.epoch) = (Some(sealer), epoch);
        true
    }

    /// Ends leading. Says whether all frames that went out were acknowledged.
    pub(crate) fn end(&self) -> bool {
        let mut lead = self.lead();
        lead.sealer = None;
        let was_clean = lead.given.is_empty();
        lead.given.clear();
        was_clean
    }

    /// Seals a frame and takes note of it. None if it can't be sealed: then this node no longer leads.
    pub(crate) fn give_out(&self, frame: &Frame, state: Option<State>, durable: u64) -> Option<Sealed> {
        let mut lead = self.lead();
        let sealed = lead.sealer.as_mut()?.seal(frame, durable).ok()?;
        lead.given.push_back(Given { frame: sealed.clone(), state, since: Instant::now() });
        Some(sealed)
    }

    /// Whether a frame went out and was not acknowledged.
    pub(crate) fn has_given(&self) -> bool {
        !self.lead().given.is_empty()
    }

    pub(crate) fn take_given(&self) -> Option<Given> {
        self.lead().given.pop_front()
    }

    /// Wakes whoever waits for frames to go out.
    pub(crate) fn wake(&self) {
        let waker = self.lead().waker.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    pub(crate) fn register(&self, waker: &Waker) {
        self.lead().waker = Some(waker.clone());
    }

    pub(crate) fn register_drained(&self, waker: &Waker) {
        self.lead().drained = Some(waker.clone());
    }

    /// Says that there is nothing left to go out.
    pub(crate) fn drained(&self) {
        let waker = self.lead().drained.take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Makes the files durable.
    pub(crate) fn sync(&self) -> io::Result<()> {
        // Not under the lock: frames are written meanwhile.
        let file = self.appender().sync_handle();
        file.sync()
    }

    pub(crate) fn set_snapshots(&self, snapshots: SyncSender<Job>) {
        *self.snapshots.lock().unwrap_or_else(PoisonError::into_inner) = Some(snapshots);
    }

    /// Asks for a snapshot. One that is still being made is enough: then this one is dropped.
    pub(crate) fn snapshot(&self, job: Job) {
        if let Some(snapshots) = &*self.snapshots.lock().unwrap_or_else(PoisonError::into_inner) {
            let _busy = snapshots.try_send(job);
        }
    }

    /// No more snapshots are asked for: the thread that makes them ends with the result.
    pub(crate) fn end_snapshots(&self) -> Option<SyncSender<Job>> {
        self.snapshots.lock().unwrap_or_else(PoisonError::into_inner).take()
    }
}
