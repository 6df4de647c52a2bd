//! What all requests share.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

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
            sealer: Sealer::default(),
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

/// Turns of the runtime that a frame stays open for more; each takes what has come by then, and if there is nothing, no
/// longer than asking for it.
const SEALED_AFTER_TURNS: usize = 3;

/// Seals what was decided when all connections that are ready have been served, so that one sync serves them all.
#[derive(Debug, Default)]
pub(crate) struct Sealer {
    is_told: AtomicBool,
    told: Notify,
}

impl Sealer {
    /// Something was decided.
    pub(crate) fn tell(&self) {
        if !self.is_told.load(Ordering::Relaxed) && !self.is_told.swap(true, Ordering::AcqRel) {
            self.told.notify_one();
        }
    }

    /// Seals for as long as it is polled.
    pub(crate) async fn run(&self, engine: &Engine) {
        loop {
            self.told.notified().await;
            // Behind everything that is ready now, and what has become so meanwhile.
            for _ in 0..SEALED_AFTER_TURNS {
                tokio::task::yield_now().await;
            }
            self.is_told.store(false, Ordering::Release);
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
