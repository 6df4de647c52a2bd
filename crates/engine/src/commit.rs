//! The threads that write and sync frames, while the next one fills.

use crate::at_once::FRAMES_AT_ONCE_MAX;
use crate::error::Unavailable;
use crate::job::Job;
use crate::shared::{Shared, Work};
use std::collections::VecDeque;
use std::io;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tocos_journal::{AppendError, Appender, Begun, Frame};

/// How soon a full disk is asked for room again while nothing else happens.
pub(crate) const IDLE: Duration = Duration::from_millis(200);

/// Events behind the last snapshot from which on closing makes one: about 10 ms of the next start.
const CLOSING_SNAPSHOT_EVENTS: u64 = 50_000;

/// How long a full disk is left alone before it is asked for room again.
const FULL_RETRY: Duration = Duration::from_millis(500);

/// Runs until the engine is closed and all that was decided is on the disk.
pub(crate) fn run(shared: &Shared, appender: Appender, snapshots: &SyncSender<Job>) {
    let lanes = Lanes {
        shared,
        snapshots,
        state: Mutex::new(LanesState { appender, snapshots: VecDeque::new(), is_broken: false }),
        moved: Condvar::new(),
    };
    lanes.make_room();
    std::thread::scope(|scope| {
        for _ in 1..FRAMES_AT_ONCE_MAX {
            let another = std::thread::Builder::new().name("tocos-commit".to_owned());
            // Without it one frame is written at a time, which is slower and nothing else.
            let _ = another.spawn_scoped(scope, || lanes.write_frames());
        }
        lanes.write_frames();
    });
    let state = lanes.state.into_inner().unwrap_or_else(PoisonError::into_inner);
    closing_snapshot(shared, &state.appender, snapshots);
    shared.progress.close();
}

/// Writes frames, as many at once as there are threads in [`Lanes::write_frames`]. They are begun in order and become durable in order,
/// whichever is written first.
struct Lanes<'e> {
    shared: &'e Shared,
    snapshots: &'e SyncSender<Job>,
    state: Mutex<LanesState>,
    /// A frame was begun or finished.
    moved: Condvar,
}

struct LanesState {
    appender: Appender,
    /// Snapshots to be made when the frames that they are of are durable.
    snapshots: VecDeque<Job>,
    /// A frame was not written: none behind it will be.
    is_broken: bool,
}

impl Lanes<'_> {
    fn state(&self) -> MutexGuard<'_, LanesState> {
        // Nothing in here can panic half-way.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn make_room(&self) {
        make_room(self.shared, &mut self.state().appender);
    }

    /// Until the engine is closed and nothing is left to begin.
    fn write_frames(&self) {
        loop {
            match next_work(self.shared) {
                Next::Frame(work) => self.write(work),
                Next::Nothing => self.make_room(),
                Next::Closed => return,
            }
        }
    }

    fn write(&self, Work { frame, state }: Work) {
        let Some(begun) = self.begin(&frame) else { return };
        let events = frame.len();
        // Then the writer can fill it again when it is durable.
        drop(frame);
        if let Some(state) = state {
            self.state().snapshots.push_back(Job { state, position: begun.position() });
        }
        let started = Instant::now();
        let written = begun.write();
        let took_us = started.elapsed().as_micros() as u64;
        self.shared.counters.synced(events, took_us);
        self.shared.at_once.note(took_us);
        self.finish(begun, written);
    }

    /// Begins a frame when it is its turn, however long the disk has no room for it. An engine that is being closed does not wait for room.
    fn begin(&self, frame: &Frame) -> Option<Begun> {
        let mut state = self.state();
        loop {
            if state.is_broken {
                return None;
            }
            if state.appender.next_event() != frame.first() {
                state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
                continue;
            }
            match state.appender.begin(frame) {
                Ok(begun) => {
                    self.moved.notify_all();
                    return Some(begun);
                }
                Err(AppendError::Busy) => {
                    state = self.moved.wait(state).unwrap_or_else(PoisonError::into_inner);
                }
                Err(AppendError::Full { place }) if !self.shared.is_closing() => {
                    drop(state);
                    self.shared.set_full(Some(place));
                    std::thread::sleep(FULL_RETRY);
                    state = self.state();
                }
                Err(error) => {
                    self.fail(state, &error);
                    return None;
                }
            }
        }
    }

    /// Lets the responses leave that rest on what is durable now.
    fn finish(&self, begun: Begun, written: io::Result<()>) {
        let mut state = self.state();
        let before = state.appender.last_event();
        let durable = match state.appender.finish(begun, written) {
            Ok(durable) => durable.event,
            Err(error) => return self.fail(state, &error),
        };
        self.moved.notify_all();
        if durable > before {
            // The ledger's lock is not taken for this: a large batch may hold it for milliseconds, and neither these
            // responses nor the next frame need wait for it.
            self.shared.progress.advance(durable);
            while let Some(job) = state.snapshots.pop_front_if(|job| job.position.event <= durable) {
                // A snapshot that is still being made is enough: this one is dropped.
                let _busy = self.snapshots.try_send(job);
            }
            make_room(self.shared, &mut state.appender);
        }
    }

    /// Nothing more becomes durable. Of several frames that fail together the first says why.
    fn fail(&self, mut state: MutexGuard<'_, LanesState>, error: &AppendError) {
        let is_first = !std::mem::replace(&mut state.is_broken, true);
        drop(state);
        self.moved.notify_all();
        if is_first {
            let unavailable = Unavailable::Storage { cause: error.to_string() };
            self.shared.lock().writer.fail(unavailable.clone());
            self.shared.progress.fail(unavailable);
        }
    }
}

/// Makes the next segment ahead. While there is no room for it nothing is decided, so that what was decided still goes into
/// this one and reads need not wait.
pub(crate) fn make_room(shared: &Shared, appender: &mut Appender) {
    match appender.prepare() {
        Err(AppendError::Full { place }) => shared.set_full(Some(place)),
        // Another failure shows again when the segment is needed.
        Ok(()) | Err(_) => shared.set_full(None),
    }
}

/// So that the next start need not read much of the log again.
pub(crate) fn closing_snapshot(shared: &Shared, appender: &Appender, snapshots: &SyncSender<Job>) {
    let behind = appender.last_event() - shared.counters.snapshot_event.load(Ordering::Relaxed);
    let state = shared.lock().writer.ledger.state().clone();
    if behind >= CLOSING_SNAPSHOT_EVENTS && !appender.is_poisoned() && state.last_event() == appender.last_event() {
        // If the snapshot thread has ended, no snapshot is made; the log has everything.
        let _gone = snapshots.send(Job { state, position: appender.position() });
    }
}

/// What there is to do.
#[expect(clippy::large_enum_variant, reason = "there is one at a time, and it is taken apart at once")]
enum Next {
    Frame(Work),
    /// Nothing for a while, and the disk was full.
    Nothing,
    /// The engine is closed and no frame is left.
    Closed,
}

/// Waits for something to do.
fn next_work(shared: &Shared) -> Next {
    if let Some(work) = shared.next_sealed() {
        return Next::Frame(work);
    }
    let mut core = shared.lock();
    loop {
        // Under the lock: frames are sealed in order.
        if let Some(work) = shared.next_sealed() {
            return Next::Frame(work);
        }
        core.writer.advance_durable(shared.progress.durable());
        if (core.wants_seal && shared.may_write_beside(&core)) || core.closing {
            core.wants_seal = false;
            if let Some(work) = core.seal(shared.snapshot_every_events) {
                return Next::Frame(work);
            }
        }
        if core.closing {
            return Next::Closed;
        }
        if core.writer.unavailable.is_some() || core.writer.full.is_none() {
            core = shared.work.wait(core).unwrap_or_else(PoisonError::into_inner);
            continue;
        }
        let (guard, timeout) = shared.work.wait_timeout(core, IDLE).unwrap_or_else(PoisonError::into_inner);
        core = guard;
        if timeout.timed_out() {
            return Next::Nothing;
        }
    }
}
