//! What all requests share: the engine, the settings, who may do what, the counters.

mod group;
pub(crate) mod list_cache;
mod sealer;
pub(crate) mod search;
mod settings;
mod webhooks;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use tocos_engine::Engine;
use tocos_http::ConnectionTracker;
use tokio::sync::Notify;

use crate::access::Authenticator;
use crate::metrics::Counters;
use crate::metrics::prometheus::Scan;
pub(crate) use group::Group;
pub use group::{GroupHandle, HandingOver, NotHandedOver};
use list_cache::ListCache;
use sealer::Sealer;
use search::Search;
pub use settings::{Limits, Listeners, Settings, Version, WebhookSettings};
pub(crate) use webhooks::Webhooks;

/// The service's own state, beside the ledger's.
#[derive(Debug)]
pub(crate) struct App {
    pub engine: Engine,
    pub settings: Settings,
    pub authenticator: Authenticator,
    pub counters: Counters,
    pub scan: Scan,
    pub list_cache: ListCache,
    pub search: Search,
    /// The connections of clients.
    pub connections: Arc<ConnectionTracker>,
    pub sealer: Sealer,
    /// Held by whoever makes a report: one at a time.
    pub reports: Arc<tokio::sync::Mutex<()>>,
    /// Held by whoever walks over all uses of a grant: one at a time.
    pub walks: Arc<tokio::sync::Mutex<()>>,
    /// Held by whoever goes over all users to order them: one at a time.
    pub passes: Arc<tokio::sync::Mutex<()>>,
    /// The group that this node belongs to, if it is not alone.
    pub group: Option<Group>,
    /// What delivers events to webhooks.
    pub webhooks: Webhooks,
    is_stopping: AtomicBool,
    /// Notified once, when the shutdown begins.
    stop: Notify,
}

impl App {
    /// # Errors
    /// In words: the requests of a group can't be passed on.
    pub(crate) fn new(
        settings: Settings,
        engine: Engine,
        authenticator: Authenticator,
        counters: Counters,
    ) -> Result<Self, String> {
        Ok(Self {
            group: settings.group.clone().map(|handle| Group::new(handle, &settings.limits)).transpose()?,
            connections: Arc::new(ConnectionTracker::new(&settings.limits.http)),
            counters,
            scan: Scan::default(),
            list_cache: ListCache::default(),
            search: Search::default(),
            sealer: Sealer::new(),
            reports: Arc::default(),
            walks: Arc::default(),
            passes: Arc::default(),
            webhooks: Webhooks::default(),
            is_stopping: AtomicBool::new(false),
            stop: Notify::new(),
            engine,
            settings,
            authenticator,
        })
    }

    /// From now on nothing new is begun.
    pub(crate) fn stop(&self) {
        self.is_stopping.store(true, Ordering::Release);
        self.stop.notify_waiters();
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping.load(Ordering::Acquire)
    }

    /// Ready when the shutdown has begun.
    pub(crate) async fn stopped(&self) {
        let notified = self.stop.notified();
        if !self.is_stopping() {
            notified.await;
        }
    }
}
