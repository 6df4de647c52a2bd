//! Keeping the lease. Whether it still holds is counted from when the last renewal that succeeded was begun, by this node's own clock:
//! the engine has counted from later.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use tocos_sharedlog::{Fault, SharedLog};
use tokio::select;
use tokio::time::{Instant, sleep_until};

use super::options::{Backoff, Options};
use crate::status::Status;

/// The lease as its holder knows it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Held {
    /// Under which it was taken.
    pub(super) epoch: u64,
    /// When the last renewal that succeeded, or the taking, was begun.
    pub(super) begun: Instant,
    /// How long it holds from then.
    pub(super) duration: Duration,
}

impl Held {
    pub(super) fn until(&self) -> Instant {
        self.begun + self.duration
    }

    pub(super) fn is_valid(&self) -> bool {
        Instant::now() < self.until()
    }
}

/// Why the lease is no longer kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum LeaseEnd {
    /// It could not be renewed for its whole duration.
    Expired,
    /// Somebody else has it.
    Lost,
}

type Renewing = Pin<Box<dyn Future<Output = (Instant, Result<bool, Fault>)> + Send>>;

/// Renews the lease every third of its duration.
pub(super) struct Keeper {
    log: Arc<dyn SharedLog>,
    options: Options,
    status: Status,
    held: Held,
    next_at: Instant,
    backoff: Backoff,
    renewing: Option<Renewing>,
}

impl fmt::Debug for Keeper {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keeper").field("held", &self.held).finish_non_exhaustive()
    }
}

impl Keeper {
    pub(super) fn new(log: Arc<dyn SharedLog>, options: Options, status: Status, held: Held) -> Self {
        status.holds(Some((held.begun, held.duration)));
        let (next_at, backoff) = (held.begun + options.beat(), options.backoff());
        Self { log, options, status, held, next_at, backoff, renewing: None }
    }

    pub(super) fn held(&self) -> Held {
        self.held
    }

    /// Keeps the lease until it is over. Can be dropped and called again.
    pub(super) async fn run(&mut self) -> LeaseEnd {
        loop {
            if self.renewing.is_none() {
                select! {
                    biased;
                    () = sleep_until(self.held.until()) => return LeaseEnd::Expired,
                    () = sleep_until(self.next_at) => {}
                }
            }
            let renewing = self.renewing.get_or_insert_with(|| {
                let (log, node) = (Arc::clone(&self.log), self.options.node.clone());
                let (epoch, duration) = (self.held.epoch, self.options.lease);
                Box::pin(async move {
                    let begun = Instant::now();
                    (begun, log.renew_lease(&node, epoch, duration).await)
                })
            });
            let (begun, renewed) = select! {
                biased;
                () = sleep_until(self.held.until()) => return LeaseEnd::Expired,
                renewed = renewing => renewed,
            };
            self.renewing = None;
            match renewed {
                Ok(true) => self.renewed(begun),
                Ok(false) => return LeaseEnd::Lost,
                Err(fault) => {
                    self.status.fault(&fault);
                    self.next_at = Instant::now() + self.backoff.next();
                }
            }
        }
    }

    fn renewed(&mut self, begun: Instant) {
        self.held.begun = begun;
        self.status.holds(Some((begun, self.held.duration)));
        (self.next_at, self.backoff) = (begun + self.options.beat(), self.options.backoff());
    }
}
