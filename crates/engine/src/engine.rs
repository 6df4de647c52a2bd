//! The engine as its callers see it.

use crate::as_of::AsOf;
use crate::clock::{ClockReport, NotATestClock, OtherTime};
use crate::commit;
use crate::durable::{Durable, Progress};
use crate::error::{BatchRejection, EventError, OpenFailure, Rejection, Unavailable};
use crate::flow::Flow;
use crate::member::{self, Member};
use crate::merging;
use crate::recent::RecentIndex;
use crate::shared::{Core, Parts, SEALED_AT_ONCE, Shared};
use crate::snapshot;
use crate::stats::Stats;
use crate::stored::StoredEvent;
use crate::sweeping;
use crate::writer::{Ahead, Batch, Lead, Submitted, Writer};
use std::sync::atomic::Ordering;
use std::sync::{Arc, MutexGuard, PoisonError, mpsc};
use tocos_journal::{Appender, Disk, Reader};
use tocos_ledger::{EndedAs, Event, Ledger, Micros, Over, Recalled, Refusal, Request, State};

/// With fewer events in progress at once, sealing early has no benefit.
const CROWD_MIN: usize = 16;

/// Something read from memory: it may be shown when `seen` is durable.
#[derive(Clone, Copy, Debug)]
pub struct Seen<R> {
    /// What was read.
    pub value: R,
    /// What it depends on.
    pub seen: AsOf,
}

/// An open ledger. Clones share it.
#[derive(Clone, Debug)]
pub struct Engine {
    shared: Arc<Shared>,
}

/// Events that are at hand for the writer as long as this is kept; from [`Engine::bring`].
#[derive(Debug)]
pub struct Brought {
    engine: Engine,
    events: Vec<u64>,
}

impl Drop for Brought {
    fn drop(&mut self) {
        self.engine.shared.lock().writer.nearby.let_go(&self.events);
    }
}

impl Engine {
    /// `node` is the name of this node if it is a member of a group.
    pub(crate) fn start(
        parts: Parts,
        appender: Appender,
        disk: Arc<dyn Disk>,
        node: Option<String>,
    ) -> Result<Self, OpenFailure> {
        let (jobs, inbox) = mpsc::sync_channel(1);
        let (flow, appender) = match node {
            Some(node) => {
                let known_durable = known_durable(&parts.reader)?;
                let flow = Flow::new(node, appender, known_durable);
                flow.set_snapshots(jobs.clone());
                (Some(flow), None)
            }
            None => (None, Some((appender, jobs))),
        };
        let shared = Arc::new(Shared::new(parts, flow));
        if shared.flow.is_some() {
            shared.lock().writer.lead = Lead::Follows;
        }
        let merge_disk = Arc::clone(&disk);
        let committing = Arc::clone(&shared);
        let spawn = |name: &str, run: Box<dyn FnOnce() + Send>| {
            std::thread::Builder::new().name(name.to_owned()).spawn(run).map_err(OpenFailure::Thread)
        };
        let commit = spawn(
            "tocos-commit",
            Box::new(move || match (appender, &committing.flow) {
                (Some((appender, jobs)), _) => commit::run(&committing, appender, &jobs),
                (None, Some(flow)) => member::run(&committing, flow),
                (None, None) => {}
            }),
        )?;
        let snapshotting = Arc::clone(&shared);
        let snapshot = spawn("tocos-snapshot", Box::new(move || snapshot::run(&snapshotting, &disk, &inbox)))?;
        let shared_by_sweep = Arc::clone(&shared);
        let sweep = spawn("tocos-sweep", Box::new(move || sweeping::run(&shared_by_sweep)))?;
        let shared_by_merge = Arc::clone(&shared);
        let merge = spawn("tocos-merge", Box::new(move || merging::run(&shared_by_merge, &merge_disk)))?;
        shared.threads.lock().unwrap_or_else(PoisonError::into_inner).extend([commit, sweep, snapshot, merge]);
        Ok(Self { shared })
    }

    /// Decides one operation now. `render` makes the response from the event, under the writer's lock; for a request
    /// that was done before it gets the event as it was written, so the response is the same.
    ///
    /// # Errors
    /// [`Rejection`]; then nothing was changed, unless the storage failed.
    // All of it happens under the ledger's lock, and is counted by its name: see xtask/src/served.rs.
    #[inline(never)]
    pub fn submit<R>(
        &self,
        request: &Request<'_>,
        dry_run: bool,
        render: impl FnOnce(&Event<'_>, &State) -> R,
    ) -> Result<Submitted<R>, Rejection> {
        let mut core = self.shared.lock();
        if core.closing {
            return Err(Rejection::Unavailable(Unavailable::ShuttingDown));
        }
        let result = core.writer.submit(request, dry_run, render);
        self.note_decided(&mut core);
        // Clients that get their responses together send their next requests together, and would wait for the disk
        // together while nothing is decided. Three quarters of them make a frame, so that the others are decided while
        // it is synced; fewer where several frames are written at once. With still fewer, the disk would sync more often than it helps.
        core.crowd = core.crowd.max(core.writer.events_on_their_way());
        let enough = core.crowd * 3 / (2 * (1 + self.shared.at_once.frames()));
        if core.crowd >= CROWD_MIN && core.writer.pending_events() >= enough && !core.wants_seal {
            self.shared.notify_commit(&mut core);
        }
        result
    }

    /// Decides a batch of operations in order, at one time. Where that makes a large frame, it is sealed at once.
    ///
    /// # Errors
    /// [`BatchRejection`]; then nothing was changed, unless the storage failed.
    pub fn submit_batch<R>(
        &self,
        requests: &[Request<'_>],
        how: Batch<'_>,
        render: impl FnMut(&Event<'_>, &State) -> R,
    ) -> Result<Vec<Result<Submitted<R>, Refusal>>, BatchRejection> {
        let ahead = Ahead::of(requests, self.shared.key_hasher, &self.shared.tables.get());
        let mut core = self.shared.lock();
        if core.closing {
            return Err(BatchRejection::Unavailable(Unavailable::ShuttingDown));
        }
        let result = core.writer.submit_batch((requests, ahead), how, render);
        self.note_decided(&mut core);
        if core.writer.pending_events() >= SEALED_AT_ONCE {
            self.shared.notify_commit(&mut core);
        }
        result
    }

    fn note_decided(&self, core: &mut Core) {
        core.writer.advance_durable(self.shared.progress.durable());
        if core.writer.pending_events() > 0 {
            self.shared.is_unsealed.store(true, Ordering::Release);
        }
        if core.writer.is_behind() {
            self.shared.due.notify_one();
        }
    }

    /// Hands what was decided to the commit thread, at once or as soon as that has finished the frame before.
    /// Call it when the callers that are ready have been served: one sync then serves them all.
    pub fn seal(&self) {
        // A large batch may hold the lock for milliseconds: who has nothing to seal does not wait for it.
        if self.shared.is_unsealed.load(Ordering::Acquire) {
            self.shared.notify_commit(&mut self.shared.lock());
        }
    }

    /// Ready when everything that was seen is on the disk, or in the shared log of a group.
    pub fn durable(&self, seen: AsOf) -> Durable {
        Durable { progress: Arc::clone(&self.shared.progress), seen }
    }

    /// Ready when an event of this number is durable, whoever decides it. Fails with [`Unavailable::LeadershipLost`] when this node
    /// loses the lead meanwhile: then ask again.
    pub fn durable_event_reached(&self, event: u64) -> Durable {
        self.durable(self.shared.progress.as_of(event))
    }

    /// Wakes those who wait for what has become durable, from within the runtime that awaits them. One task a runtime runs
    /// this; it ends when the engine is closed.
    pub async fn notify_durable(&self) {
        std::future::poll_fn(|context| self.shared.progress.poll_notifier(context)).await;
    }

    /// Looks at the ledger, under the writer's lock: keep `look` short. It is given the time as of which it looks. Some of what is due by
    /// then may still be to do, where it is very much.
    ///
    /// # Errors
    /// [`Unavailable`] when memory may be ahead of what will ever be on the disk.
    pub fn read<R>(&self, look: impl FnOnce(&Ledger, Micros) -> R) -> Result<Seen<R>, Unavailable> {
        self.look(|_, _| Ok(()), look)
    }

    fn look<R>(
        &self,
        settle: impl FnOnce(&mut Writer, Micros) -> Result<(), Unavailable>,
        look: impl FnOnce(&Ledger, Micros) -> R,
    ) -> Result<Seen<R>, Unavailable> {
        let mut core = self.shared.lock();
        let before = core.writer.pending_events();
        let now = core.writer.stamp_for_reading()?;
        let settled = settle(&mut core.writer, now);
        let value = settled.map(|()| look(&core.writer.ledger, now));
        let seen = core.writer.as_of(core.writer.last_event());
        let swept = core.writer.pending_events() > before;
        self.note_decided(&mut core);
        drop(core);
        if swept {
            self.seal();
        }
        Ok(Seen { value: value?, seen })
    }

    /// The same when all that was due has been done.
    ///
    /// # Errors
    /// As [`Engine::read`]; [`Unavailable::CatchingUp`] while more is due: look again in some milliseconds.
    pub fn read_settled<R>(&self, look: impl FnOnce(&Ledger, Micros) -> R) -> Result<Seen<R>, Unavailable> {
        self.look(|writer, _| if writer.is_behind() { Err(Unavailable::CatchingUp) } else { Ok(()) }, look)
    }

    /// The same when all that was due of one user has been done.
    ///
    /// # Errors
    /// As [`Engine::read`]; [`Unavailable::CatchingUp`] if that is more than fits into one frame.
    pub fn read_user<R>(&self, user: &str, look: impl FnOnce(&Ledger, Micros) -> R) -> Result<Seen<R>, Unavailable> {
        let settle = |writer: &mut Writer, now| match writer.ledger.find_user(user).filter(|_| writer.is_behind()) {
            Some(user) => writer.settle(user, now),
            None => Ok(()),
        };
        self.look(settle, look)
    }

    /// A copy-on-write clone of the state as it is now. Cheap; the writer then copies each chunk that it changes.
    ///
    /// # Errors
    /// As [`Engine::read`].
    pub fn state(&self) -> Result<Seen<State>, Unavailable> {
        self.read(|ledger, _| ledger.state().clone())
    }

    /// An event by its number, from the log.
    ///
    /// # Errors
    /// [`EventError::NotFound`] if there is none, or none that is durable yet.
    pub fn event(&self, number: u64) -> Result<StoredEvent, EventError> {
        StoredEvent::read(&self.shared.reader, number)
    }

    /// Brings events that are not on this disk, for requests that rest on them ([`Unavailable::Elsewhere`]): until the result is
    /// dropped the writer finds them. Waits for the archive, so not for a thread that serves others meanwhile.
    ///
    /// # Errors
    /// [`EventError::Unreachable`].
    pub fn bring(&self, events: &[u64]) -> Result<Brought, EventError> {
        let stored: Vec<_> = events.iter().map(|event| self.event(*event)).collect::<Result<_, _>>()?;
        let mut core = self.shared.lock();
        stored.into_iter().for_each(|stored| core.writer.nearby.bring(stored));
        drop(core);
        Ok(Brought { engine: self.clone(), events: events.to_vec() })
    }

    /// A start needs no event of the log through this one: the newest snapshot and the tables say the same.
    #[must_use]
    pub fn restart_event(&self) -> u64 {
        let covered = self.shared.lock().writer.tables().covered();
        covered.min(self.shared.counters.snapshot_event.load(Ordering::Relaxed))
    }

    /// Returns when no operation is being decided that was begun before the call.
    pub fn settle(&self) {
        drop(self.shared.lock());
    }

    /// How a hold ended, and by which event, if it has. Reads the disk for one that ended long ago.
    ///
    /// # Errors
    /// [`EventError::Unreadable`].
    pub fn ended_hold(&self, id: u64) -> Result<Option<(EndedAs, u64)>, EventError> {
        let (hash, tables) = {
            let core = self.shared.lock();
            let ledger = &core.writer.ledger;
            if let Some(ended) = ledger.state().ended_hold(id) {
                return Ok(Some(ended));
            }
            (ledger.over_hash(Over::Hold(id)), core.writer.tables().clone())
        };
        let unreadable = |reason: String| EventError::Unreadable { event: id, reason };
        let Some(last) = tables.find_over(hash).map_err(|error| unreadable(error.to_string()))? else {
            return Ok(None);
        };
        let stored = self.event(last)?;
        let mut recalled = Recalled::default();
        if !recalled.note(Over::Hold(id), &stored.decode()?) {
            return Err(unreadable(format!("a table says that event {last} ended the hold, which it did not")));
        }
        Ok(recalled.ended_hold)
    }

    /// Looks at what is needed to find something that is no longer in memory, under the lock.
    pub(crate) fn look_up<R>(&self, look: impl FnOnce(&Writer) -> R) -> R {
        look(&self.shared.lock().writer)
    }

    /// What was lately mentioned, sorted.
    pub(crate) fn recent_index(&self) -> MutexGuard<'_, RecentIndex> {
        self.shared.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Up to `limit` durable events after number `after`, in order.
    ///
    /// # Errors
    /// [`EventError::Unreadable`].
    pub fn events_after(&self, after: u64, limit: usize) -> Result<Vec<StoredEvent>, EventError> {
        let last = self.shared.reader.last_event();
        (after.saturating_add(1)..=last).take(limit).map(|number| self.event(number)).collect()
    }

    /// The last durable event.
    #[must_use]
    pub fn durable_event(&self) -> u64 {
        self.shared.progress.durable()
    }

    /// The durable log as it is in its files, for whoever copies it. It can be read after [`Engine::close`] too.
    #[must_use]
    pub fn reader(&self) -> &Reader {
        &self.shared.reader
    }

    /// Moves a test clock forward. What expires by then does so with the next look or operation.
    ///
    /// # Errors
    /// [`NotATestClock`].
    pub fn advance_clock(&self, seconds: u32) -> Result<Micros, NotATestClock> {
        self.shared.lock().writer.clock.advance(seconds)
    }

    /// The ledger's time beside the system's.
    #[must_use]
    pub fn clock(&self) -> ClockReport {
        let mut core = self.shared.lock();
        let ledger = core.writer.ledger.state().now();
        match core.writer.clock.now() {
            Ok(system) => ClockReport { ledger, system, is_plausible: true },
            Err(system) => ClockReport { ledger, system, is_plausible: false },
        }
    }

    /// Takes the system's clock as it is, however implausible. `seen` is the time that an operator saw it say.
    ///
    /// # Errors
    /// [`OtherTime`] if it says something else by more than a minute.
    pub fn accept_clock(&self, seen: Option<Micros>) -> Result<ClockReport, OtherTime> {
        self.shared.lock().writer.clock.accept(seen)?;
        Ok(self.clock())
    }

    /// The node's part in its group; none if the ledger was not opened as a member of one.
    #[must_use]
    pub fn member(&self) -> Option<Member> {
        self.shared.flow.as_ref().map(|_| Member { shared: Arc::clone(&self.shared) })
    }

    /// How far the log is durable.
    pub(crate) fn progress(&self) -> &Progress {
        &self.shared.progress
    }

    /// Whether the engine is being closed.
    pub(crate) fn is_closing(&self) -> bool {
        self.shared.is_closing()
    }

    /// Counts the changes of API keys that came from other nodes: whoever keeps a copy of the keys reads them again when it has grown.
    #[must_use]
    pub fn key_changes(&self) -> u64 {
        self.shared.key_changes.load(Ordering::Acquire)
    }

    /// Figures for metrics.
    #[must_use]
    pub fn stats(&self) -> Stats {
        let counters = &self.shared.counters;
        let (sync_us, batch_events) = counters.histograms();
        let core = self.shared.lock();
        Stats {
            sync_us,
            batch_events,
            last_event: core.writer.last_event(),
            durable_event: self.shared.progress.durable(),
            pending_events: core.writer.pending_events() as u64,
            keys: core.writer.ledger.key_count(),
            keys_in_memory: core.writer.ledger.keys_in_memory() as u64,
            tables: core.writer.tables().all().count() as u64,
            table_memory_bytes: core.writer.tables().all().map(|listed| listed.table.memory_bytes()).sum(),
            table_merges: counters.table_merges.load(Ordering::Relaxed),
            tables_damaged: counters.tables_damaged.load(Ordering::Relaxed),
            table_failures: counters.table_failures.load(Ordering::Relaxed),
            log_bytes: self.shared.reader.log_bytes(),
            snapshot_event: counters.snapshot_event.load(Ordering::Relaxed),
            snapshot_at: counters.snapshot_at.load(Ordering::Relaxed) as i64,
            snapshot_failures: counters.snapshot_failures.load(Ordering::Relaxed),
            recovery_us: self.shared.recovery_us,
            is_full: self.shared.is_full(),
            unavailable: core.writer.unavailable.as_ref().map(ToString::to_string),
        }
    }

    /// Refuses what comes from now on, writes and syncs what was decided, and returns when the threads have ended.
    /// It also makes a snapshot, if there are enough events after the last one to delay the next start.
    ///
    /// # Errors
    /// [`Unavailable::Storage`] if the storage had failed.
    pub fn close(&self) -> Result<(), Unavailable> {
        self.shared.begin_closing();
        let threads = std::mem::take(&mut *self.shared.threads.lock().unwrap_or_else(PoisonError::into_inner));
        for thread in threads {
            // A thread that panicked has already said so; the log is whole all the same.
            let _ended = thread.join();
        }
        self.shared.lock().writer.unavailable.clone().map_or(Ok(()), Err)
    }
}

/// The last event of which the last frame of a log says that it was durable.
fn known_durable(reader: &Reader) -> Result<u64, OpenFailure> {
    let last = reader.frames(reader.last_event()).next_frame().map(|frame| frame.map(|frame| frame.header().durable));
    Ok(last.map_err(OpenFailure::Log)?.unwrap_or(0))
}
