//! The thread that does what time makes due: now and then while nothing else happens, and frame after frame where it is very much.

use crate::shared::{Core, Shared};
use crate::writer::Lead;
use std::sync::{MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long an idle ledger sleeps before it checks whether something is due. Coins are gone, or there, at the very instant, with or
/// without their event: this only limits how late the event is written.
const IDLE: Duration = Duration::from_millis(200);
/// How long others have the ledger between two frames of what is due, at most, as long as they go on using it.
const BETWEEN: Duration = Duration::from_millis(4);
/// In this time somebody who goes on using it has used it again.
const LOOK_AGAIN: Duration = Duration::from_micros(100);

/// Runs until the engine is closed.
pub(crate) fn run(shared: &Shared) {
    let mut core = shared.lock();
    while !core.closing {
        if core.writer.is_behind() {
            core = let_others(shared, core);
        } else {
            let waited = shared.due.wait_timeout(core, IDLE);
            core = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
        let is_able = core.writer.unavailable.is_none() && core.writer.lead == Lead::Decides;
        core.writer.advance_durable(shared.progress.durable());
        if core.closing {
            continue;
        }
        if !shared.may_seal_ahead(&core) {
            core = without(shared, core);
            continue;
        }
        if !is_able || core.writer.sweep().is_err() {
            // The next request gets that error. What can't be done now is tried again after a while.
            core.writer.rest();
        }
        if is_able && core.writer.pending_events() > 0 {
            shared.notify_commit(&mut core);
        }
    }
}

/// Lets go of the ledger for those who wait for it, and for what they then want of it.
fn let_others<'s>(shared: &'s Shared, mut core: MutexGuard<'s, Core>) -> MutexGuard<'s, Core> {
    let since = Instant::now();
    if !shared.is_waited_for() {
        return core;
    }
    loop {
        let before = core.locked;
        core = without(shared, core);
        if core.closing || core.locked == before + 1 || since.elapsed() > BETWEEN {
            return core;
        }
    }
}

/// Lets go of the ledger for a moment.
fn without<'s>(shared: &'s Shared, core: MutexGuard<'s, Core>) -> MutexGuard<'s, Core> {
    drop(core);
    std::thread::sleep(LOOK_AGAIN);
    shared.lock()
}
