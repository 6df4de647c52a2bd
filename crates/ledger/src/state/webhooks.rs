//! Webhooks as the state keeps them.

use crate::amount::{Micros, SECOND_US};
use crate::state::State;
use crate::webhook::{WebhookFilter, WebhookOff, WebhookSecret};
use compact_str::CompactString;
use std::sync::Arc;

/// A webhook.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Webhook {
    /// As the client chose it.
    pub id: CompactString,
    /// The event that made it.
    pub number: u64,
    /// Where requests go.
    pub url: Box<str>,
    /// Which events.
    pub filter: WebhookFilter,
    /// Events in one request, at most.
    pub batch: u16,
    /// What signs requests.
    pub secret: WebhookSecret,
    /// The secret before, and until when it goes on signing.
    pub old_secret: Option<(WebhookSecret, Micros)>,
    /// The event that last said where deliveries begin.
    pub since: u64,
    /// Everything through this event was delivered, or was not for it.
    pub through: u64,
    /// Why and since when nothing is delivered.
    pub off: Option<(WebhookOff, Micros)>,
    /// Since when deliveries have been failing, where they have for a while.
    pub failing_since: Option<Micros>,
    /// When it was made.
    pub created_at: Micros,
}

impl Webhook {
    /// The secrets that sign at an instant, the newest first.
    pub fn signing(&self, now: Micros) -> impl Iterator<Item = WebhookSecret> {
        let old = self.old_secret.filter(|(_, until)| now < *until).map(|(secret, _)| secret);
        core::iter::once(self.secret).chain(old)
    }

    /// Takes a new secret. The one before goes on signing for `keep_s` seconds.
    pub(crate) fn rotate(&mut self, secret: WebhookSecret, now: Micros, keep_s: u32) {
        let until = now.saturating_add(i64::from(keep_s) * SECOND_US);
        self.old_secret = (keep_s > 0).then_some((self.secret, until));
        self.secret = secret;
    }
}

impl State {
    /// The webhook of this id.
    #[must_use]
    pub fn webhook(&self, id: &str) -> Option<&Arc<Webhook>> {
        self.webhooks.get(id)
    }

    /// All webhooks, in the order of their ids.
    pub fn webhooks(&self) -> impl Iterator<Item = &Arc<Webhook>> {
        self.webhooks.values()
    }

    /// How many webhooks there are.
    #[must_use]
    pub fn webhook_count(&self) -> usize {
        self.webhooks.len()
    }

    /// The last event that made, changed or removed a webhook, but for reports of progress. Not stored: everything in a snapshot
    /// counts as event 0.
    #[must_use]
    pub fn webhooks_event(&self) -> u64 {
        self.webhooks_event
    }

    /// Takes a webhook in, new or changed.
    pub(crate) fn keep_webhook(&mut self, webhook: Webhook) {
        self.webhooks.insert(webhook.id.clone(), Arc::new(webhook));
    }
}
