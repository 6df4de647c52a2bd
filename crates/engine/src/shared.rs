//! What the callers, the commit thread and the snapshot thread share.

use crate::at_once::AtOnce;
use crate::durable::Progress;
use crate::flow::Flow;
use crate::recent::RecentIndex;
use crate::stats::Counters;
use crate::tables::{InUse, Listed};
use crate::throttle::Throttle;
use crate::writer::Writer;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, TryLockError};
use std::thread::JoinHandle;
use tocos_journal::{Frame, Reader};
use tocos_ledger::{KeyHasher, State};

/// Pending events from which on waiting for more to share a sync with brings nothing.
pub(crate) const SEALED_AT_ONCE: usize = 1_024;
/// Frames that are sealed ahead of those that are being written: while a large batch is decided, the next frame is there
/// without the ledger's lock.
const FRAMES_AHEAD_MAX: usize = 2;

#[derive(Debug)]
pub(crate) struct Shared {
    core: Mutex<Core>,
    /// How many threads wait for it now.
    waiting: AtomicUsize,
    /// Something was decided since the commit thread was last notified. Readable without the lock.
    pub(crate) is_unsealed: AtomicBool,
    /// Sealed frames, the oldest first. Filled under the lock of the ledger, emptied without.
    sealed: Mutex<VecDeque<Work>>,
    pub(crate) work: Condvar,
    /// Wakes who does what is due, where more is than was done.
    pub(crate) due: Condvar,
    pub(crate) progress: Arc<Progress>,
    pub(crate) reader: Reader,
    pub(crate) counters: Counters,
    pub(crate) at_once: AtOnce,
    /// That of the snapshot's thread.
    pub(crate) throttle: Throttle,
    /// That of the thread that merges tables.
    pub(crate) merge_throttle: Throttle,
    /// Whether tables were made since that thread last looked, and what wakes it.
    pub(crate) tables_made: Mutex<bool>,
    pub(crate) wake_merge: Condvar,
    is_closing: AtomicBool,
    /// Whether the disk has no room for the log. Says so without the lock.
    is_full: AtomicBool,
    pub(crate) snapshot_every_events: u64,
    pub(crate) recovery_us: u64,
    pub(crate) threads: Mutex<Vec<JoinHandle<()>>>,
    /// What looks old keys up without the ledger's lock.
    pub(crate) key_hasher: KeyHasher,
    pub(crate) tables: InUse,
    /// What a member of a group has beside.
    pub(crate) flow: Option<Flow>,
    /// Counts the changes of API keys that came from other nodes.
    pub(crate) key_changes: AtomicU64,
    /// For lookups, beside the ledger's lock.
    pub(crate) recent: Mutex<RecentIndex>,
}

#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) writer: Writer,
    /// How often the lock was taken.
    pub(crate) locked: u64,
    pub(crate) wants_seal: bool,
    /// The most events that were recently in progress at once, pending and being written.
    pub(crate) crowd: usize,
    pub(crate) closing: bool,
    /// The event from which on the next frame's end makes a snapshot.
    pub(crate) snapshot_at: u64,
}

impl Shared {
    /// Nothing is pending yet.
    pub(crate) fn new(parts: Parts, flow: Option<Flow>) -> Self {
        let counters = Counters::new();
        counters.snapshot_event.store(parts.snapshot_event, Ordering::Relaxed);
        let (key_hasher, tables) = (parts.writer.ledger.key_hasher(), parts.writer.in_use());
        Self {
            core: Mutex::new(Core {
                writer: parts.writer,
                locked: 0,
                wants_seal: false,
                crowd: 0,
                closing: false,
                snapshot_at: parts.snapshot_event + parts.snapshot_every_events,
            }),
            waiting: AtomicUsize::new(0),
            sealed: Mutex::new(VecDeque::new()),
            work: Condvar::new(),
            due: Condvar::new(),
            is_unsealed: AtomicBool::new(false),
            progress: Arc::new(Progress::new(parts.reader.last_event())),
            reader: parts.reader,
            counters,
            at_once: AtOnce::new(),
            throttle: Throttle::default(),
            merge_throttle: Throttle::default(),
            tables_made: Mutex::new(false),
            wake_merge: Condvar::new(),
            is_closing: AtomicBool::new(false),
            is_full: AtomicBool::new(false),
            snapshot_every_events: parts.snapshot_every_events,
            recovery_us: parts.recovery_us,
            threads: Mutex::new(Vec::new()),
            key_hasher,
            tables,
            flow,
            key_changes: AtomicU64::new(0),
            recent: Mutex::default(),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Core> {
        // A panic while deciding would abort the process in a release build; in a test it must not hide behind a
        // second panic here.
        let mut core = match self.core.try_lock() {
            Ok(core) => core,
            Err(TryLockError::Poisoned(poisoned)) => poisoned.into_inner(),
            Err(TryLockError::WouldBlock) => self.lock_later(),
        };
        core.locked += 1;
        core
    }

    #[cold]
    fn lock_later(&self) -> MutexGuard<'_, Core> {
        self.waiting.fetch_add(1, Ordering::Relaxed);
        let core = self.core.lock().unwrap_or_else(PoisonError::into_inner);
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        core
    }

    /// Whether somebody waits for the lock. Says so without it.
    pub(crate) fn is_waited_for(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0
    }

    /// Whether the engine is being closed: then nothing is begun that nobody waits for. Says so without the lock.
    pub(crate) fn is_closing(&self) -> bool {
        self.is_closing.load(Ordering::Acquire)
    }

    /// Says that the engine is being closed, and wakes whoever waits for something to do or rests between steps.
    pub(crate) fn begin_closing(&self) {
        self.lock().closing = true;
        self.is_closing.store(true, Ordering::Release);
        self.throttle.lift();
        self.merge_throttle.lift();
        self.work.notify_all();
        self.due.notify_all();
        // Whoever has just seen that it is not closing waits by the time the lock is had.
        drop(self.tables_made.lock().unwrap_or_else(PoisonError::into_inner));
        self.wake_merge.notify_all();
    }

    /// Says where the disk has no room for the log, or that it has.
    pub(crate) fn set_full(&self, place: Option<String>) {
        if self.is_full.swap(place.is_some(), Ordering::AcqRel) || place.is_some() {
            self.lock().writer.full = place;
        }
    }

    /// Whether the disk has no room for the log.
    pub(crate) fn is_full(&self) -> bool {
        self.is_full.load(Ordering::Acquire)
    }

    /// Hands what was decided to whoever writes it, at once or as soon as that has finished the frame before.
    pub(crate) fn notify_commit(&self, core: &mut Core) {
        self.is_unsealed.store(false, Ordering::Release);
        core.writer.advance_durable(self.progress.durable());
        let pending = core.writer.pending_events();
        if pending >= SEALED_AT_ONCE && self.may_seal_ahead(core) {
            if let Some(work) = core.seal(self.snapshot_every_events) {
                self.sealed().push_back(work);
                self.wake_commit();
            }
        } else if pending > 0 && !core.wants_seal {
            core.wants_seal = true;
            // Several frames of a group may be on their way.
            if self.may_write_beside(core) || self.flow.is_some() {
                self.wake_commit();
            }
        }
    }

    /// Whether another frame would be written at once.
    pub(crate) fn may_write_beside(&self, core: &Core) -> bool {
        core.writer.frames_in_flight() < self.at_once.frames()
    }

    /// Whether another frame may be sealed, to be written later.
    pub(crate) fn may_seal_ahead(&self, core: &Core) -> bool {
        core.writer.frames_in_flight() < self.at_once.frames() + FRAMES_AHEAD_MAX
    }

    /// Wakes whoever takes frames to be written.
    pub(crate) fn wake_commit(&self) {
        match &self.flow {
            Some(flow) => flow.wake(),
            None => self.work.notify_one(),
        }
    }

    /// Takes tables into use, and wakes the thread that merges them.
    pub(crate) fn add_tables(&self, new: &[Arc<Listed>]) {
        let forgotten = self.lock().writer.add_tables(new);
        // Dropping what may be a million rows takes milliseconds: not under the lock.
        drop(forgotten);
        *self.tables_made.lock().unwrap_or_else(PoisonError::into_inner) = true;
        self.wake_merge.notify_all();
    }

    /// The oldest sealed frame that is not being written yet.
    pub(crate) fn next_sealed(&self) -> Option<Work> {
        self.sealed().pop_front()
    }

    pub(crate) fn sealed(&self) -> MutexGuard<'_, VecDeque<Work>> {
        // Nothing in here can panic half-way.
        self.sealed.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A frame to write, and the state at its end if a snapshot is to be made of it.
#[derive(Debug)]
pub(crate) struct Work {
    pub(crate) frame: Arc<Frame>,
    pub(crate) state: Option<State>,
}

impl Core {
    /// Seals what was decided.
    pub(crate) fn seal(&mut self, snapshot_every_events: u64) -> Option<Work> {
        let frame = self.writer.seal()?;
        // Crowds come and go.
        self.crowd -= self.crowd / 16;
        let state = self.state_if_due(frame.last(), snapshot_every_events);
        Some(Work { frame, state })
    }

    /// The state, which is at this event, if a snapshot is to be made of it.
    pub(crate) fn state_if_due(&mut self, event: u64, snapshot_every_events: u64) -> Option<State> {
        if event < self.snapshot_at {
            return None;
        }
        self.writer.ledger.age_over();
        self.snapshot_at = event + snapshot_every_events;
        Some(self.writer.ledger.state().clone())
    }
}

/// What an opened ledger is put together from.
pub(crate) struct Parts {
    pub(crate) writer: Writer,
    pub(crate) reader: Reader,
    pub(crate) snapshot_event: u64,
    pub(crate) snapshot_every_events: u64,
    pub(crate) recovery_us: u64,
}
