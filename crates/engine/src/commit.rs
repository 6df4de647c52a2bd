//! The commit thread: writes and syncs one frame while the next one fills.

use crate::error::Unavailable;
use crate::job::Job;
use crate::shared::{Shared, Work};
use std::sync::PoisonError;
use std::sync::atomic::Ordering;
use std::sync::mpsc::SyncSender;
use std::time::{Duration, Instant};
use tocos_journal::{AppendError, Appender, Frame};

/// How soon a full disk is asked for room again while nothing else happens.
pub(crate) const IDLE: Duration = Duration::from_millis(200);

/// Events behind the last snapshot from which on closing makes one: about 10 ms of the next start.
const CLOSING_SNAPSHOT_EVENTS: u64 = 50_000;

/// How long a full disk is left alone before it is asked for room again.
const FULL_RETRY: Duration = Duration::from_millis(500);

/// Runs until the engine is closed and all that was decided is on the disk.
pub(crate) fn run(shared: &Shared, mut appender: Appender, snapshots: &SyncSender<Job>) {
    make_room(shared, &mut appender);
    loop {
        let Work { frame, state } = match next_work(shared) {
            Next::Frame(work) => work,
            Next::Nothing => {
                make_room(shared, &mut appender);
                continue;
            }
            Next::Closed => break,
        };
        let started = Instant::now();
        let appended = append(shared, &mut appender, &frame);
        let took_us = started.elapsed().as_micros() as u64;
        let (last, events) = (frame.last(), frame.len());
        // Then the writer can fill it again.
        drop(frame);
        match appended {
            Ok(()) => {
                // The ledger's lock is not taken for this: a large batch may hold it for milliseconds, and neither these
                // responses nor the next frame need wait for it.
                shared.progress.advance(last);
                shared.counters.synced(events, took_us);
                if let Some(state) = state {
                    // A snapshot that is still being made is enough: this one is dropped.
                    let _busy = snapshots.try_send(Job { state, position: appender.position() });
                }
                make_room(shared, &mut appender);
            }
            Err(error) => {
                let unavailable = Unavailable::Storage { cause: error.to_string() };
                shared.lock().writer.fail(unavailable.clone());
                shared.progress.fail(unavailable);
            }
        }
    }
    closing_snapshot(shared, &appender, snapshots);
    shared.progress.close();
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

/// Appends a frame, however long the disk has no room for it. An engine that is being closed does not wait.
fn append(shared: &Shared, appender: &mut Appender, frame: &Frame) -> Result<(), AppendError> {
    loop {
        match appender.append(frame) {
            Err(AppendError::Full { place }) if !shared.is_closing() => {
                shared.set_full(Some(place));
                std::thread::sleep(FULL_RETRY);
            }
            appended => return appended,
        }
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
        if core.wants_seal || core.closing {
            core.wants_seal = false;
            if let Some(work) = core.seal(shared.snapshot_every_events) {
                return Next::Frame(work);
            }
        }
        if core.closing {
            return Next::Closed;
        }
        let (guard, timeout) = shared.work.wait_timeout(core, IDLE).unwrap_or_else(PoisonError::into_inner);
        core = guard;
        if timeout.timed_out() && core.writer.unavailable.is_none() && core.writer.full.is_some() {
            return Next::Nothing;
        }
    }
}
