//! What all requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tocos_engine::Engine;
use tokio::sync::{Notify, Semaphore};

use crate::gate::Gate;
use crate::metrics::Metrics;
use crate::pages::Pages;
use crate::route::Surface;
use crate::settings::Settings;
use crate::watch::Watchers;

/// The service's own state, beside the ledger's.
#[derive(Debug)]
pub(crate) struct App {
    pub engine: Engine,
    pub settings: Settings,
    pub gate: Gate,
    pub metrics: Metrics,
    pub pages: Pages,
    watchers: Arc<Watchers>,
    /// Of the internal listener: those who watch the service must not hold up its end.
    internal_watchers: Arc<Watchers>,
    pub sealer: Sealer,
    /// Bytes that large bodies may still take.
    pub body_bytes: Arc<Semaphore>,
    pub request_ids: RequestIds,
    stopping: AtomicBool,
    /// Told once, when the shutdown begins.
    stop: Notify,
}

impl App {
    pub(crate) fn new(settings: Settings, engine: Engine, gate: Gate) -> Self {
        Self {
            watchers: Arc::new(Watchers::new(&settings.limits)),
            internal_watchers: Arc::new(Watchers::new(&settings.limits)),
            body_bytes: Arc::new(Semaphore::new(settings.limits.bodies_in_flight_bytes_max)),
            metrics: Metrics::new(),
            pages: Pages::default(),
            sealer: Sealer::new(),
            request_ids: RequestIds::new(),
            stopping: AtomicBool::new(false),
            stop: Notify::new(),
            engine,
            settings,
            gate,
        }
    }

    /// The connections of a listener.
    pub(crate) fn watchers(&self, surface: Surface) -> &Arc<Watchers> {
        match surface {
            Surface::Public => &self.watchers,
            Surface::Internal => &self.internal_watchers,
        }
    }

    /// From now on nothing new is begun.
    pub(crate) fn stop(&self) {
        self.stopping.store(true, Ordering::Release);
        self.stop.notify_waiters();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.stopping.load(Ordering::Acquire)
    }

    /// Ready when the shutdown has begun.
    pub(crate) async fn stopped(&self) {
        let told = self.stop.notified();
        if !self.is_stopping() {
            told.await;
        }
    }
}

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
    told: Notify,
}

impl Sealer {
    fn new() -> Self {
        Self { started: Instant::now(), writes: AtomicU32::new(0), first_ns: AtomicU64::new(0), told: Notify::new() }
    }

    /// Something was decided.
    pub(crate) fn tell(&self) {
        if self.writes.fetch_add(1, Ordering::AcqRel) == 0 {
            self.first_ns.store(self.started.elapsed().as_nanos() as u64, Ordering::Release);
            self.told.notify_one();
        }
    }

    /// Seals for as long as it is polled.
    pub(crate) async fn run(&self, engine: &Engine) {
        loop {
            self.told.notified().await;
            let mut since = Duration::from_nanos(self.first_ns.load(Ordering::Acquire));
            let mut before = 0;
            for _ in 0..TURNS_MAX {
                let (now, writes) = (self.started.elapsed(), self.writes.load(Ordering::Acquire));
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

/// Names for requests that come without.
#[derive(Debug)]
pub(crate) struct RequestIds {
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        let mut start = [0; 8];
        // Without random bytes ids begin at 0 with each start: a nuisance in logs, no more.
        let _random = getrandom::fill(&mut start);
        Self { next: AtomicU64::new(u64::from_le_bytes(start)) }
    }

    /// Sixteen hexadecimal digits, different for every request of this process.
    pub(crate) fn next(&self) -> [u8; 16] {
        const HEX: &[u8; 16] = b"0123456789abcdef";
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        std::array::from_fn(|at| HEX[(id >> (60 - 4 * at) & 15) as usize])
    }
}
