//! The engine as a member of a group: the log on its disk is a copy of one that several nodes share. One node leads: it decides, and
//! its frames go out to be appended to the shared log; here they are written when they were acknowledged. The others follow:
//! they apply the frames that they are given. Which node leads is not decided here.

use crate::clock::{Clock, ClockOptions};
use crate::commit::{IDLE, closing_snapshot, make_room};
use crate::error::Unavailable;
use crate::flow::{Flow, Given};
use crate::job::Job;
use crate::loading::{apply_frame, reload};
use crate::shared::{SEALED_AT_ONCE, Shared, Work};
use crate::writer::Lead;
use std::fmt;
use std::sync::atomic::Ordering;
use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};
use tocos_journal::{AppendError, Position, ReadError, Sealed};
use tocos_ledger::changes_keys;

/// The files of a copy are synced this often: what a crash of the machine takes is read again from the shared log.
const SYNC_EVERY: Duration = Duration::from_secs(1);

/// Why frames of the shared log could not be followed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FollowError {
    /// The frame does not follow the last one here, or this node leads. Nothing of it was applied.
    NotNext(String),
    /// The disk has no room. Nothing of the frame was applied: try again.
    Full(String),
    /// The disk failed, or an event can't be applied. The ledger is unavailable from now on.
    Broken(String),
}

impl fmt::Display for FollowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotNext(reason) | Self::Broken(reason) => f.write_str(reason),
            Self::Full(place) => write!(f, "the disk is full: there is no room for {place}"),
        }
    }
}

impl std::error::Error for FollowError {}

/// A node's part in its group. Its methods are called by one task: they do not wait for each other.
#[derive(Clone, Debug)]
pub struct Member {
    pub(crate) shared: Arc<Shared>,
}

impl Member {
    fn flow(&self) -> Result<&Flow, FollowError> {
        self.shared.flow.as_ref().ok_or_else(|| FollowError::NotNext("this ledger is in no group".to_owned()))
    }

    /// Where the log on this disk ends.
    #[must_use]
    pub fn position(&self) -> Position {
        self.shared.reader.position()
    }

    /// The last event of which the frames here say that it was durable in the shared log, or that was acknowledged.
    #[must_use]
    pub fn known_durable(&self) -> u64 {
        self.shared.flow.as_ref().map_or(0, Flow::known_durable)
    }

    /// The place behind an event; none if no frame here ends with it.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn position_at(&self, event: u64) -> Result<Option<Position>, ReadError> {
        self.shared.reader.position_at(event)
    }

    /// Frames of the log on this disk behind the frame that ends with `event`, until their bytes are more than `bytes_max`.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn frames_after(&self, event: u64, bytes_max: usize) -> Result<Vec<Sealed>, ReadError> {
        let mut frames = self.shared.reader.frames(event + 1);
        let (mut found, mut bytes) = (Vec::new(), 0);
        while bytes <= bytes_max
            && let Some(raw) = frames.next_raw()?
        {
            bytes += raw.bytes.len();
            found.push(Sealed::verified(raw.header, raw.bytes.to_vec()));
        }
        Ok(found)
    }

    /// Writes a frame of the shared log into the files here, applies it, and lets readers see it. Only while this node follows.
    ///
    /// # Errors
    /// [`FollowError`].
    pub fn follow(&self, frame: &Sealed) -> Result<(), FollowError> {
        let flow = self.flow()?;
        if flow.is_leading() {
            return Err(FollowError::NotNext("this node leads".to_owned()));
        }
        let started = Instant::now();
        let position = {
            let mut appender = flow.appender();
            appender.append_sealed(frame).map_err(|error| self.failed(error))?;
            make_room(&self.shared, &mut appender);
            appender.position()
        };
        let mut core = self.shared.lock();
        if let Err(error) = apply_frame(&mut core.writer.ledger, &frame.view()) {
            let cause = error.to_string();
            core.writer.fail(Unavailable::Storage { cause: cause.clone() });
            drop(core);
            self.shared.progress.fail(Unavailable::Storage { cause: cause.clone() });
            return Err(FollowError::Broken(cause));
        }
        let state = core.state_if_due(position.event, self.shared.snapshot_every_events);
        drop(core);
        flow.note_durable(frame.header().durable);
        if frame.view().records().iter().any(changes_keys) {
            self.shared.key_changes.fetch_add(1, Ordering::AcqRel);
        }
        self.shared.progress.advance(position.event);
        self.shared.counters.synced(frame.header().count as usize, started.elapsed().as_micros() as u64);
        if let Some(state) = state {
            flow.snapshot(Job { state, position });
        }
        Ok(())
    }

    /// Begins to decide. The first frame that goes out says that this node leads under `epoch`, and nothing else.
    ///
    /// # Errors
    /// [`FollowError::Broken`] if the ledger is unavailable; [`FollowError::NotNext`] if it leads.
    pub fn lead(&self, epoch: u64, clock: ClockOptions) -> Result<(), FollowError> {
        let flow = self.flow()?;
        if !flow.begin(epoch) {
            return Err(FollowError::NotNext("this node leads".to_owned()));
        }
        let mut core = self.shared.lock();
        let writer = &mut core.writer;
        let last_event = (writer.last_event() > 0).then(|| writer.ledger.state().now());
        writer.clock = Clock::system(last_event, clock);
        writer.lead = Lead::Decides;
        let sealed = match writer.write_leader(epoch, flow.node()) {
            Ok(()) => core.seal(self.shared.snapshot_every_events),
            Err(unavailable) => return Err(FollowError::Broken(unavailable.to_string())),
        };
        self.shared.sealed().extend(sealed);
        drop(core);
        flow.wake();
        Ok(())
    }

    /// Decides a frame that says again that this node leads, so that there is something to append.
    ///
    /// # Errors
    /// As [`lead`](Self::lead).
    pub fn confirm_lead(&self) -> Result<(), FollowError> {
        let flow = self.flow()?;
        let mut core = self.shared.lock();
        let written = core.writer.write_leader(flow.epoch(), flow.node());
        written.map_err(|unavailable| FollowError::Broken(unavailable.to_string()))?;
        // At once: what is on its way waits for it.
        core.wants_seal = false;
        let sealed = core.seal(self.shared.snapshot_every_events);
        self.shared.sealed().extend(sealed);
        drop(core);
        flow.wake();
        Ok(())
    }

    /// The next frame that was decided, once. Frames come in order, each built on the one before. Pending while there is none and while this node
    /// follows.
    pub fn poll_outgoing(&self, context: &Context<'_>) -> Poll<Sealed> {
        let Some(flow) = &self.shared.flow else { return Poll::Pending };
        flow.register(context.waker());
        if !flow.is_leading() {
            return Poll::Pending;
        }
        let Work { frame, state } = match self.next_work(flow) {
            Next::Frame(work) => work,
            Next::Fills => return Poll::Pending,
            Next::Nothing => {
                flow.drained();
                return Poll::Pending;
            }
        };
        match flow.give_out(&frame, state, self.shared.progress.durable()) {
            Some(sealed) => Poll::Ready(sealed),
            None => Poll::Pending,
        }
    }

    fn next_work(&self, flow: &Flow) -> Next {
        if let Some(work) = self.shared.next_sealed() {
            return Next::Frame(work);
        }
        let mut core = self.shared.lock();
        // Under the lock: frames are sealed in order.
        if let Some(work) = self.shared.next_sealed() {
            return Next::Frame(work);
        }
        core.writer.advance_durable(self.shared.progress.durable());
        // The shared log takes one after the other, each with a sync of its own: few larger ones are sooner there than many small ones.
        if core.wants_seal && flow.has_given() && core.writer.pending_events() < SEALED_AT_ONCE {
            return Next::Fills;
        }
        if !std::mem::take(&mut core.wants_seal) {
            return Next::Nothing;
        }
        core.seal(self.shared.snapshot_every_events).map_or(Next::Nothing, Next::Frame)
    }

    /// The oldest frame that went out and was not acknowledged is durable: it is written here, and whoever waits for it is answered.
    ///
    /// # Errors
    /// [`FollowError::Broken`]; [`FollowError::NotNext`] if there is none.
    pub fn acknowledge(&self) -> Result<(), FollowError> {
        let flow = self.flow()?;
        let Some(Given { frame, state, since }) = flow.take_given() else {
            return Err(FollowError::NotNext("no frame is on its way".to_owned()));
        };
        let position = {
            let mut appender = flow.appender();
            appender.append_sealed(&frame).map_err(|error| self.failed(error))?;
            make_room(&self.shared, &mut appender);
            appender.position()
        };
        flow.note_durable(position.event);
        self.shared.progress.advance(position.event);
        self.shared.counters.synced(frame.header().count as usize, since.elapsed().as_micros() as u64);
        if let Some(state) = state {
            flow.snapshot(Job { state, position });
        }
        Ok(())
    }

    /// Takes no new operations any more. What was decided still goes out: ready when all of it has.
    pub fn poll_stop_deciding(&self, context: &Context<'_>) -> Poll<()> {
        let Some(flow) = &self.shared.flow else { return Poll::Ready(()) };
        let mut core = self.shared.lock();
        if core.writer.lead == Lead::Decides {
            core.writer.lead = Lead::Follows;
        }
        if core.writer.pending_events() > 0 {
            core.wants_seal = true;
        }
        let is_drained = core.writer.pending_events() == 0 && self.shared.sealed().is_empty();
        if !is_drained {
            flow.register_drained(context.waker());
        }
        drop(core);
        if is_drained || !flow.is_leading() {
            return Poll::Ready(());
        }
        flow.wake();
        Poll::Pending
    }

    /// Ends leading. What was decided and not acknowledged is dropped, whoever waits for it hears that the outcome is not known, and the
    /// state goes back to the end of the log here. Reads the newest snapshot if something was dropped.
    ///
    /// # Errors
    /// [`FollowError::Broken`]: the ledger is unavailable from now on.
    pub fn step_down(&self) -> Result<(), FollowError> {
        let flow = self.flow()?;
        let mut core = self.shared.lock();
        let was_clean = flow.end() && core.writer.pending_events() == 0 && self.shared.sealed().is_empty();
        self.shared.sealed().clear();
        self.shared.is_unsealed.store(false, Ordering::Release);
        core.wants_seal = false;
        core.writer.drop_undurable();
        if was_clean {
            core.writer.lead = Lead::Follows;
            return Ok(());
        }
        core.writer.lead = Lead::Lost;
        core.writer.term += 1;
        // Under the lock: whoever looks next has the new term.
        self.shared.progress.end_term();
        let tables = core.writer.tables().clone();
        drop(core);
        self.shared.key_changes.fetch_add(1, Ordering::AcqRel);
        match reload(&self.shared.reader, &tables) {
            Ok(ledger) => {
                let mut core = self.shared.lock();
                let dropped = core.writer.replace_ledger(ledger, tables.covered());
                core.writer.lead = Lead::Follows;
                drop(core);
                // Not under the lock: it may be large.
                drop(dropped);
                Ok(())
            }
            Err(error) => {
                let cause = error.to_string();
                self.shared.lock().writer.fail(Unavailable::Storage { cause: cause.clone() });
                self.shared.progress.fail(Unavailable::Storage { cause: cause.clone() });
                Err(FollowError::Broken(cause))
            }
        }
    }

    fn failed(&self, error: AppendError) -> FollowError {
        match error {
            AppendError::Full { place } => {
                self.shared.set_full(Some(place.clone()));
                FollowError::Full(place)
            }
            AppendError::NotNext(_) | AppendError::WrongNumber { .. } | AppendError::Empty | AppendError::Busy => {
                FollowError::NotNext(error.to_string())
            }
            AppendError::TooLarge { .. } | AppendError::Disk { .. } | AppendError::Poisoned { .. } => {
                let cause = error.to_string();
                self.shared.lock().writer.fail(Unavailable::Storage { cause: cause.clone() });
                self.shared.progress.fail(Unavailable::Storage { cause: cause.clone() });
                FollowError::Broken(cause)
            }
        }
    }
}

/// What there is to go out.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
enum Next {
    Frame(Work),
    /// A frame that fills until one of those before it is acknowledged.
    Fills,
    Nothing,
}

/// What the commit thread does for a member of a group: makes room, and syncs the files.
pub(crate) fn run(shared: &Shared, flow: &Flow) {
    let mut synced = Instant::now();
    make_room(shared, &mut flow.appender());
    loop {
        let mut core = shared.lock();
        if core.closing {
            break;
        }
        core = shared.work.wait_timeout(core, IDLE).unwrap_or_else(PoisonError::into_inner).0;
        if core.closing {
            break;
        }
        let was_full = core.writer.full.is_some();
        drop(core);
        if was_full {
            make_room(shared, &mut flow.appender());
        }
        if synced.elapsed() >= SYNC_EVERY {
            synced = Instant::now();
            if let Err(error) = flow.sync() {
                let unavailable = Unavailable::Storage { cause: format!("syncing the log failed: {error}") };
                shared.lock().writer.fail(unavailable.clone());
                shared.progress.fail(unavailable);
            }
        }
    }
    // A failed sync takes nothing that is not in the shared log.
    let _copy = flow.sync();
    if let Some(snapshots) = flow.end_snapshots() {
        closing_snapshot(shared, &flow.appender(), &snapshots);
    }
    shared.progress.close();
}
