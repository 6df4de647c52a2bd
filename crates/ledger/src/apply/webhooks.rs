//! Webhooks that are put, changed and deleted.

use super::Applied;
use crate::amount::Micros;
use crate::event::{Event, Fact, WebhookPut};
use crate::ledger::Ledger;
use crate::state::Webhook;
use crate::webhook::{WEBHOOK_KEEP_S_DEFAULT, WEBHOOKS_MAX, WebhookChange};

impl Ledger {
    /// An event about a webhook.
    #[cold]
    pub(super) fn apply_webhook(&mut self, event: &Event<'_>) -> Applied {
        match &event.fact {
            Fact::WebhookPut(put) => self.put_webhook(event.number, event.at, put)?,
            Fact::WebhookDeleted { number, id } => {
                self.webhook_of(*number, id)?;
                self.state.webhooks.remove(*id);
            }
            Fact::WebhookChanged { number, id, change } => {
                let changed = changed(self.webhook_of(*number, id)?.clone(), change, event)?;
                self.state.keep_webhook(changed);
                if let WebhookChange::Progress { .. } = change {
                    return Ok(());
                }
            }
            _ => {}
        }
        self.state.webhooks_event = event.number;
        Ok(())
    }

    fn put_webhook(&mut self, event: u64, at: Micros, put: &WebhookPut<'_>) -> Applied {
        if put.filter.coins.iter().any(|coin| usize::from(*coin) >= self.state.coins.len()) {
            return Err("a webhook names a coin that is not there");
        }
        if !put.created {
            let mut webhook = self.webhook_of(put.number, put.id)?.clone();
            if webhook.through != put.through {
                return Err("the webhook stands elsewhere");
            }
            webhook.url = put.url.into();
            webhook.filter.clone_from(&put.filter);
            webhook.batch = put.batch;
            if let Some(secret) = put.secret.filter(|secret| *secret != webhook.secret) {
                webhook.rotate(secret, at, WEBHOOK_KEEP_S_DEFAULT);
            }
            self.state.keep_webhook(webhook);
            return Ok(());
        }
        if put.number != event || self.state.webhook(put.id).is_some() || self.state.webhook_count() >= WEBHOOKS_MAX {
            return Err("the webhook is not new, or there are too many");
        }
        if put.through > event {
            return Err("the webhook begins with an event that is still to come");
        }
        self.state.keep_webhook(Webhook {
            id: put.id.into(),
            number: event,
            url: put.url.into(),
            filter: put.filter.clone(),
            batch: put.batch,
            secret: put.secret.ok_or("a new webhook has no secret")?,
            old_secret: None,
            since: event,
            through: put.through,
            off: None,
            failing_since: None,
            created_at: at,
        });
        Ok(())
    }

    fn webhook_of(&self, number: u64, id: &str) -> Result<&Webhook, &'static str> {
        let webhook = self.state.webhook(id).ok_or("there is no such webhook")?;
        if webhook.number == number { Ok(webhook) } else { Err("the webhook was made by another event") }
    }
}

/// The webhook behind a change.
fn changed(mut webhook: Webhook, change: &WebhookChange, event: &Event<'_>) -> Result<Webhook, &'static str> {
    let (number, at) = (event.number, event.at);
    match *change {
        WebhookChange::Progress { since, through } => {
            if since != webhook.since || through <= webhook.through || through >= number {
                return Err("a webhook's progress does not go ahead");
            }
            webhook.through = through;
            webhook.failing_since = None;
        }
        WebhookChange::Failing { since } if since != webhook.since => return Err("another webhook is failing"),
        WebhookChange::Failing { .. } => webhook.failing_since = Some(at),
        WebhookChange::Disable { since: Some(since), .. } if since != webhook.since => {
            return Err("another webhook is switched off");
        }
        WebhookChange::Disable { why, .. } => {
            webhook.off = Some((why, at));
            webhook.failing_since = None;
        }
        WebhookChange::Enable => (webhook.off, webhook.failing_since, webhook.since) = (None, None, number),
        WebhookChange::Redeliver { from_event } => {
            webhook.through =
                from_event.checked_sub(1).filter(|through| *through < number).ok_or("there is no such event")?;
            (webhook.failing_since, webhook.since) = (None, number);
        }
        WebhookChange::Rotate { secret, keep_s, .. } => webhook.rotate(secret, at, keep_s),
    }
    Ok(webhook)
}
