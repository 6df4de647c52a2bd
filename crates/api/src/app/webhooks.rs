//! The delivery of events to webhooks, and what it knows of the ledger.

use std::sync::{Arc, OnceLock, Weak};
use std::time::{Duration, SystemTime};

use tocos_engine::{EventError, Rejection, StoredEvent, Unavailable};
use tocos_group::Role;
use tocos_ledger::{
    Event, Fact, Ledger, Operation, Request, SECOND_US, Webhook, WebhookChange, WebhookFilter, WebhookOff,
};
use tocos_webhooks::{Attempts, Delivery, Endpoint, HttpSender, Item, Page, Report, Source, Why};

use super::App;
use crate::json::{Writer, rfc3339_text};
use crate::metrics::prometheus::WebhookFigures;
use crate::rendering;

/// Events that a page looks at, at most, and how many of those at once. Those that have to be rendered hold the ledger's lock meanwhile.
const LOOKED_AT_MAX: u64 = 5_000;
const LOOKED_AT_ONCE_MAX: u64 = 250;
const RENDERED_AT_ONCE_MAX: usize = 50;
/// How long one who waits for an event pauses where the ledger is not available, or this node lost the lead.
const PAUSE: Duration = Duration::from_secs(1);

/// The delivery, once it runs.
#[derive(Debug, Default)]
pub(crate) struct Webhooks(OnceLock<Delivery>);

impl Webhooks {
    /// Starts delivering.
    ///
    /// # Errors
    /// In words: there is no thread for it, or TLS can't be set up.
    pub(crate) fn start(app: &Arc<App>) -> Result<(), String> {
        let settings = &app.settings.webhooks;
        let sender = HttpSender::new(settings.policy.clone(), settings.timeout, app.settings.version.version)?;
        let source = OfApp(Arc::downgrade(app));
        let delivery = Delivery::start(source, sender, settings.options).map_err(|error| error.to_string())?;
        // It is started once.
        let _first = app.webhooks.0.set(delivery);
        Ok(())
    }

    /// The last deliveries; none before it runs.
    pub(crate) fn attempts(&self) -> Option<&Attempts> {
        self.0.get().map(Delivery::attempts)
    }

    /// A webhook was made or changed here.
    pub(crate) fn changed(&self) {
        if let Some(delivery) = self.0.get() {
            delivery.changed();
        }
    }

    pub(crate) fn delivery(&self) -> Option<&Delivery> {
        self.0.get()
    }

    /// How each webhook is doing, if this node delivers.
    pub(crate) fn for_metrics(&self, app: &App) -> Vec<WebhookFigures> {
        let Some(attempts) = self.attempts().filter(|_| leads(app)) else { return Vec::new() };
        let last = app.engine.durable_event();
        let seen = app.engine.read(|ledger, now| (ledger.state().webhooks().cloned().collect::<Vec<_>>(), now));
        let Ok(seen) = seen else { return Vec::new() };
        let (webhooks, now) = seen.value;
        let figures = |webhook: &Arc<Webhook>| {
            let figures = attempts.figures(&webhook.id);
            let is_on = webhook.off.is_none();
            let failing_since = figures.failing_since.or(webhook.failing_since).filter(|_| is_on);
            WebhookFigures {
                id: webhook.id.to_string(),
                pending_events: last.saturating_sub(webhook.through.max(figures.through)),
                delivered_events: figures.events,
                delivered_requests: figures.delivered,
                failed_requests: figures.failed,
                failing_seconds: failing_since.map_or(0.0, |since| (now - since).max(0) as f64 / 1e6),
                is_switched_off: webhook.off.is_some_and(|(why, _)| why != WebhookOff::Requested),
            }
        };
        webhooks.iter().map(figures).collect()
    }

    /// Ends the delivery, and tells the ledger how far it has come.
    pub(crate) async fn stop(&self) {
        if let Some(delivery) = self.0.get() {
            delivery.stop().await;
        }
    }
}

/// Whether this node leads, and so delivers.
fn leads(app: &App) -> bool {
    app.group.as_ref().is_none_or(|group| group.status().role() == Role::Leader)
}

/// The ledger of a service that may be ending.
struct OfApp(Weak<App>);

impl OfApp {
    /// What a look at the ledger gives; nothing if it is not available.
    fn look<R>(&self, look: impl FnOnce(&Ledger, i64) -> R) -> Option<R> {
        self.0.upgrade()?.engine.read(look).ok().map(|seen| seen.value)
    }
}

impl Source for OfApp {
    fn delivers(&self) -> bool {
        self.0.upgrade().is_some_and(|app| leads(&app))
    }

    fn revision(&self) -> u64 {
        self.look(|ledger, _| ledger.state().webhooks_event()).unwrap_or(0)
    }

    fn endpoints(&self) -> Vec<(String, u64)> {
        let ids = |ledger: &Ledger, _| {
            ledger.state().webhooks().map(|webhook| (webhook.id.to_string(), webhook.number)).collect()
        };
        self.look(ids).unwrap_or_default()
    }

    fn endpoint(&self, id: &str) -> Option<Endpoint> {
        self.look(|ledger, now| ledger.state().webhook(id).map(|webhook| endpoint(webhook, now)))?
    }

    fn last_event(&self) -> u64 {
        self.0.upgrade().map_or(0, |app| app.engine.durable_event())
    }

    async fn event_after(&self, event: u64) {
        loop {
            let Some(durable) = self.0.upgrade().map(|app| app.engine.durable_event_reached(event + 1)) else {
                return std::future::pending().await;
            };
            match durable.await {
                Ok(()) => return,
                Err(Unavailable::ShuttingDown) => return std::future::pending().await,
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    }

    fn page(&self, id: &str, after: u64, until: u64, items_max: usize, bytes_max: usize) -> Result<Page, String> {
        let filter = self.look(|ledger, _| ledger.state().webhook(id).map(|webhook| webhook.filter.clone()));
        let filter = filter.ok_or("the ledger is not available")?.ok_or("there is no such webhook")?;
        let mut reading =
            Reading { filter, items_max, bytes_max, bytes: 0, page: Page { through: after, ..Page::default() } };
        let mut at_once = u64::try_from(items_max).unwrap_or(LOOKED_AT_ONCE_MAX).min(LOOKED_AT_ONCE_MAX);
        while reading.page.through < until && reading.page.through - after < LOOKED_AT_MAX && !reading.is_full() {
            let engine = self.0.upgrade().ok_or("the service ends")?.engine.clone();
            let count = at_once.min(until - reading.page.through);
            // It is bounded by what is looked at at once.
            let stored = engine.events_after(reading.page.through, count as usize);
            let stored = stored.map_err(|error| error.to_string())?;
            if stored.is_empty() {
                break;
            }
            let found = reading.page.items.len();
            reading.take(self, &stored)?;
            if reading.page.items.len() == found {
                // Little is for it, so more is looked at at once.
                at_once = (at_once * 2).min(LOOKED_AT_ONCE_MAX);
            }
        }
        Ok(reading.page)
    }

    fn report(&self, id: &str, report: Report) -> Result<(), String> {
        let change = match report {
            Report::Progress { since, through } => WebhookChange::Progress { since, through },
            Report::Failing { since } => WebhookChange::Failing { since },
            Report::Off { since, why } => {
                let why = match why {
                    Why::Gone => WebhookOff::Gone,
                    Why::Failing => WebhookOff::Failing,
                };
                WebhookChange::Disable { why, since: Some(since) }
            }
        };
        let operation = Operation::ChangeWebhook { webhook: id, change };
        let request = Request { operation, key: None, metadata: None, reference: None, by: 0 };
        let engine = self.0.upgrade().ok_or("the service ends")?.engine.clone();
        let submitted = engine.submit(&request, false, |_, _| ());
        engine.seal();
        match submitted {
            Ok(_) => Ok(()),
            Err(Rejection::Refused { refusal, .. }) => Err(refusal.to_string()),
            Err(Rejection::Unavailable(unavailable)) => Err(unavailable.to_string()),
        }
    }

    fn now(&self) -> i64 {
        self.0.upgrade().map_or(0, |app| app.engine.clock().system)
    }

    #[expect(
        clippy::disallowed_methods,
        reason = "receivers compare it with their own clock, also where the ledger's is a test clock"
    )]
    fn timestamp(&self) -> i64 {
        let since = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
    }

    fn time_text(&self, timestamp: i64) -> String {
        rfc3339_text(timestamp.saturating_mul(SECOND_US))
    }
}

fn endpoint(webhook: &Webhook, now: i64) -> Endpoint {
    Endpoint {
        id: webhook.id.to_string(),
        number: webhook.number,
        since: webhook.since,
        through: webhook.through,
        url: webhook.url.to_string(),
        batch: usize::from(webhook.batch),
        secrets: webhook.signing(now).map(|secret| secret.bytes().to_vec()).collect(),
        is_off: webhook.off.is_some(),
        failing_since: webhook.failing_since,
    }
}

/// A page in the making.
struct Reading {
    filter: WebhookFilter,
    items_max: usize,
    bytes_max: usize,
    bytes: usize,
    page: Page,
}

impl Reading {
    fn is_full(&self) -> bool {
        self.page.items.len() >= self.items_max || self.bytes >= self.bytes_max
    }

    /// Takes from these events what is for the webhook, until the page is full.
    fn take(&mut self, source: &OfApp, stored: &[StoredEvent]) -> Result<(), String> {
        for stored in stored.chunks(RENDERED_AT_ONCE_MAX) {
            let decoded: Result<Vec<Event<'_>>, EventError> = stored.iter().map(StoredEvent::decode).collect();
            let events = decoded.map_err(|error| error.to_string())?;
            if events.iter().any(|event| self.filter.may_want(event)) {
                source.look(|ledger, _| self.take_events(&events, ledger)).ok_or("the ledger is not available")?;
            } else {
                events.iter().for_each(|event| self.pass(event));
            }
            if self.is_full() {
                break;
            }
        }
        Ok(())
    }

    fn take_events(&mut self, events: &[Event<'_>], ledger: &Ledger) {
        for event in events {
            if self.filter.wants(event, ledger.state()) {
                let mut out = Writer::with_capacity(384);
                rendering::event(&mut out, event, ledger.state());
                let json = out.into_string();
                self.bytes += json.len();
                let (number, kind, at) = (event.number, event.kind(), rfc3339_text(event.at));
                self.page.items.push(Item { number, kind, at, json });
            }
            self.pass(event);
            if self.is_full() {
                return;
            }
        }
    }

    fn pass(&mut self, event: &Event<'_>) {
        self.page.through = event.number;
        let is_progress = matches!(event.fact, Fact::WebhookChanged { change: WebhookChange::Progress { .. }, .. });
        self.page.counts |= !is_progress;
    }
}
