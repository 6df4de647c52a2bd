//! What a leader does now and then beside appending: it announces itself, and looks whether the shared log still has its last frame.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tocos_sharedlog::{Announced, Announcement, Durability, Fault, Head, SharedLog};
use tokio::time::{Instant, sleep_until};

use super::join::DURABILITY_EVERY;
use super::options::Options;

/// What came of it.
#[derive(Debug)]
pub(super) struct Tick {
    pub(super) announced: Announced,
    /// When that was asked.
    pub(super) asked_at: Instant,
    /// Whether the frame that it asked for is in the shared log.
    pub(super) has_last: bool,
    pub(super) durability: Option<Durability>,
}

type Ticking = Pin<Box<dyn Future<Output = Result<Tick, Fault>> + Send>>;

/// Does it every third of a lease.
pub(super) struct Ticker {
    log: Arc<dyn SharedLog>,
    options: Options,
    next_at: Instant,
    durability_at: Instant,
    ticking: Option<Ticking>,
}

impl fmt::Debug for Ticker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ticker").field("next_at", &self.next_at).finish_non_exhaustive()
    }
}

impl Ticker {
    pub(super) fn new(log: Arc<dyn SharedLog>, options: Options, next_at: Instant, durability_at: Instant) -> Self {
        Self { log, options, next_at, durability_at, ticking: None }
    }

    /// When to announce next, and when to ask next what the engine promises.
    pub(super) fn next_at(&self) -> (Instant, Instant) {
        (self.next_at, self.durability_at)
    }

    /// Waits for the next tick. Can be dropped and called again; what is asked is as of when the tick began.
    pub(super) async fn run(&mut self, last: Head) -> Result<Tick, Fault> {
        if self.ticking.is_none() {
            sleep_until(self.next_at).await;
            let log = Arc::clone(&self.log);
            let announcement = Announcement {
                node: self.options.node.clone(),
                instance: self.options.instance,
                url: self.options.url.clone(),
                last_event: last.last_event,
                stale_after: self.options.lease,
            };
            let asks_durability = Instant::now() >= self.durability_at;
            self.ticking = Some(Box::pin(tick(log, announcement, last, asks_durability)));
        }
        let Some(ticking) = &mut self.ticking else { return std::future::pending().await };
        let outcome = ticking.await;
        self.ticking = None;
        let now = Instant::now();
        self.next_at = now + self.options.beat();
        if outcome.as_ref().is_ok_and(|tick| tick.durability.is_some()) {
            self.durability_at = now + DURABILITY_EVERY;
        }
        outcome
    }
}

async fn tick(
    log: Arc<dyn SharedLog>,
    announcement: Announcement,
    last: Head,
    asks_durability: bool,
) -> Result<Tick, Fault> {
    let asked_at = Instant::now();
    let announced = log.announce(&announcement).await?;
    let has_last = log.head(last.n).await?.is_some_and(|head| head.hash == last.hash);
    let durability = if asks_durability { Some(log.durability().await?) } else { None };
    Ok(Tick { announced, asked_at, has_last, durability })
}
