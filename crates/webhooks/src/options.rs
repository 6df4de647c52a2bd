//! How deliveries are made, and what tells them of changes.

use std::time::Duration;

use crate::backoff::Patience;

/// How deliveries are made.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// When failures are tried again.
    pub patience: Patience,
    /// How often the ledger is told how far deliveries have come: so much is delivered again after a crash.
    pub progress_every: Duration,
    /// The same where nothing was delivered, as no event was for the endpoint.
    pub skipped_every: Duration,
    /// A request carries no more than so many bytes, but at least one event.
    pub body_bytes_max: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            patience: Patience::default(),
            progress_every: Duration::from_secs(5),
            skipped_every: Duration::from_secs(60),
            body_bytes_max: 1024 * 1024,
        }
    }
}

/// What all deliveries listen to.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Signal {
    /// Counts changes of endpoints.
    pub(crate) changes: u64,
    pub(crate) is_stopping: bool,
}
