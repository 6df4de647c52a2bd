//! Group commit from the service's side: when the frame that collects writes is sealed and sent to the disk.

use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tocos_engine::Engine;
use tocos_http::ConnectionTracker;
use tokio::sync::Notify;

/// Turns of the runtime that a frame stays open for more writes to come. A turn serves all connections that are ready.
const TURNS_MAX: usize = 3;
/// A turn that takes longer than this for each write it brings serves others: those who wait for the disk then wait
/// no longer. About twice what a write takes.
const TURN_PER_WRITE: Duration = Duration::from_micros(15);

/// Seals what was decided when all connections that are ready have been served, so that one sync serves them all.
#[derive(Debug)]
pub(crate) struct Sealer {
    started: Instant,
    /// Writes since the last frame was sealed.
    writes: AtomicU32,
    /// When the first of them was decided, in nanoseconds since the start.
    first_ns: AtomicU64,
    decided: Notify,
}

impl Sealer {
    pub(super) fn new() -> Self {
        Self { started: Instant::now(), writes: AtomicU32::new(0), first_ns: AtomicU64::new(0), decided: Notify::new() }
    }

    /// Something was decided.
    pub(crate) fn notify(&self) {
        if self.writes.fetch_add(1, Ordering::AcqRel) == 0 {
            self.first_ns.store(self.started.elapsed().as_nanos() as u64, Ordering::Release);
            self.decided.notify_one();
        }
    }

    /// Seals for as long as it is polled. Where each of the connections has written, nothing is waited for.
    pub(crate) async fn run(&self, engine: &Engine, connections: &ConnectionTracker) {
        loop {
            self.decided.notified().await;
            let mut since = Duration::from_nanos(self.first_ns.load(Ordering::Acquire));
            let mut before = 0;
            for _ in 0..TURNS_MAX {
                let (now, writes) = (self.started.elapsed(), self.writes.load(Ordering::Acquire));
                if u64::from(writes) >= connections.open() {
                    break;
                }
                if now.saturating_sub(since) > TURN_PER_WRITE * (writes.saturating_sub(before) + 1) {
                    break;
                }
                (since, before) = (now, writes);
                tokio::task::yield_now().await;
            }
            self.writes.store(0, Ordering::Release);
            engine.seal();
        }
    }
}
