//! The engine that handles share.

use std::sync::{Arc, Mutex, PoisonError};

use tokio::sync::Notify;
use tokio::time::Instant;

use super::faults::Faults;
use super::log::Log;
use super::queue::{Effect, Fate, Line, Queue, draw, within};
use super::tables::Tables;
use crate::frame::{Appended, Head, Identity, NewFrame, Stored};
use crate::lease::Lease;

/// A shared log in memory. Clones are the same one.
#[derive(Clone, Debug)]
pub struct Engine {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    identity: Identity,
    core: Mutex<Core>,
    /// Something may have changed that somebody waits for.
    changed: Notify,
}

/// All that the engine is at a moment.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) tables: Tables,
    pub(super) queue: Queue,
    pub(super) lines: Vec<Line>,
    pub(super) is_synchronous: bool,
    faults: Faults,
    rng: fastrand::Rng,
    is_stopped: bool,
}

impl Engine {
    /// An engine with an empty log. The same seed makes the same faults, if the calls are the same.
    #[must_use]
    pub fn new(identity: Identity, seed: u64) -> Self {
        let core = Core {
            tables: Tables::new(Head::start(&identity.ledger_id), Instant::now()),
            queue: Queue::default(),
            lines: Vec::new(),
            is_synchronous: true,
            faults: Faults::default(),
            rng: fastrand::Rng::with_seed(seed),
            is_stopped: false,
        };
        Self { shared: Arc::new(Shared { identity, core: Mutex::new(core), changed: Notify::new() }) }
    }

    /// Another handle, as of another node.
    #[must_use]
    pub fn log(&self) -> Log {
        let handle = self.with(|core, now| {
            core.lines.push(Line::new(now));
            core.lines.len() - 1
        });
        Log::new(self.clone(), handle)
    }

    /// From now on calls fail like this.
    pub fn set_faults(&self, faults: Faults) {
        self.with(|core, _| core.faults = faults);
    }

    /// The engine is gone: what waits for an answer hears that it is away, and nothing is done until it starts again.
    pub fn stop(&self) {
        self.with(|core, _| {
            core.is_stopped = true;
            core.lines.iter_mut().for_each(Line::hang_up);
        });
    }

    /// The engine is there again, with all that was appended.
    pub fn start(&self) {
        self.with(|core, _| core.is_stopped = false);
    }

    /// A standby takes over that lacks the last `lost` replicated frames, those that were not replicated, and all changes of lease
    /// and members since then. With 0 it is one with synchronous replication. Gives how many frames are gone.
    pub fn promote_without(&self, lost: u64) -> u64 {
        self.with(|core, _| {
            let before = core.tables.tip().n;
            core.queue.lose_some(&mut core.rng, |_| true);
            core.lines.iter_mut().for_each(Line::hang_up);
            before - core.tables.promote(lost, &mut core.rng).n
        })
    }

    /// From now on a frame is appended whatever frame it was built on, which is wrong: for tests of tests.
    pub fn accept_any_prev(&self) {
        self.with(|core, _| core.tables.accepts_any_prev = true);
    }

    /// What the engine says about its replication from now on; at the start it says that it is synchronous.
    pub fn set_synchronous(&self, is_synchronous: bool) {
        self.with(|core, _| core.is_synchronous = is_synchronous);
    }

    /// Appends without any fault or delay.
    #[must_use]
    pub fn append_now(&self, frame: &NewFrame) -> Appended {
        self.with(|core, now| core.tables.append(frame, true, now))
    }

    /// All frames that are there, number 0 included.
    #[must_use]
    pub fn frames(&self) -> Vec<Stored> {
        self.with(|core, _| core.tables.frames())
    }

    /// The last frame.
    #[must_use]
    pub fn tip(&self) -> Head {
        self.with(|core, _| core.tables.tip())
    }

    /// The lease as it is.
    #[must_use]
    pub fn lease(&self) -> Option<Lease> {
        self.with(|core, now| core.tables.lease(now))
    }

    pub(super) fn identity(&self) -> &Identity {
        &self.shared.identity
    }

    pub(super) fn changed(&self) -> &Notify {
        &self.shared.changed
    }

    /// Lets everything take place that is due, and then something else at the same moment.
    pub(super) fn with<T>(&self, then: impl FnOnce(&mut Core, Instant) -> T) -> T {
        // Nothing in here can panic half-way.
        let mut core = self.shared.core.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let before = (core.tables.tip(), core.queue.next_at(), core.connections());
        while let Some((at, effect)) = core.queue.pop_due(now) {
            // What arrives while the engine is stopped is lost.
            if !core.is_stopped {
                let Core { tables, lines, .. } = &mut *core;
                effect(tables, lines, at);
            }
        }
        let result = then(&mut core, now);
        let is_changed = before != (core.tables.tip(), core.queue.next_at(), core.connections());
        drop(core);
        if is_changed {
            self.shared.changed.notify_waiters();
        }
        result
    }
}

impl Core {
    /// Draws what becomes of a call of this handle.
    pub(super) fn fate(&mut self, handle: usize, is_append: bool, now: Instant) -> Fate {
        let fate = draw(&mut self.rng, &self.faults, now, is_append);
        if self.is_reachable(handle) {
            return fate;
        }
        let answer_at = now + within(&mut self.rng, &self.faults.away_after);
        Fate { effect_at: None, answer_at, is_lost: true, is_unreplicated: false, again_at: None }
    }

    pub(super) fn is_reachable(&self, handle: usize) -> bool {
        !self.is_stopped && !self.lines[handle].is_cut
    }

    pub(super) fn push(&mut self, at: Instant, handle: usize, effect: Effect) {
        self.queue.push(at, handle, effect);
    }

    /// Cuts a handle off. Of what it has on its way every other call still arrives.
    pub(super) fn cut(&mut self, handle: usize) {
        self.lines[handle].is_cut = true;
        self.lines[handle].hang_up();
        self.queue.lose_some(&mut self.rng, |other| other == handle);
    }

    /// Grows whenever somebody's connection ends.
    fn connections(&self) -> u64 {
        self.lines.iter().map(|line| line.connection).sum()
    }
}
