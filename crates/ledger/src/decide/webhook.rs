//! Putting webhooks, changing them, and taking them away.

use super::Judge;
use crate::event::{Fact, WebhookPut};
use crate::refusal::Refusal;
use crate::state::Webhook;
use crate::webhook::{PutWebhook, WEBHOOK_KEEP_S_MAX, WEBHOOKS_MAX, WebhookChange, WebhookFilter};

impl Judge<'_> {
    pub(super) fn put_webhook<'a>(&self, put: &PutWebhook<'a>) -> Result<Fact<'a>, Refusal> {
        let mut coins = Vec::with_capacity(put.coins.len());
        for code in &put.coins {
            coins.push(self.ledger.require_coin(code)?.0);
        }
        coins.sort_unstable();
        coins.dedup();
        let filter = WebhookFilter {
            kinds: put.kinds,
            coins: coins.into(),
            prefix: put.prefix.map(Into::into),
            crossed: put.crossed,
        };
        let next = self.state.last_event() + 1;
        let before = self.state.webhook(put.webhook);
        if before.is_none() && self.state.webhook_count() >= WEBHOOKS_MAX {
            let words = format!("a ledger has at most {WEBHOOKS_MAX} webhooks; delete one first");
            return Err(Refusal::invalid("webhook", words));
        }
        if let Some(from_event) = put.from_event.filter(|from| *from > next || *from == 0) {
            return Err(Refusal::EventNotFound { event: from_event });
        }
        let created = before.is_none();
        Ok(Fact::WebhookPut(Box::new(WebhookPut {
            number: before.map_or(next, |before| before.number),
            id: put.webhook,
            url: put.url,
            filter,
            batch: put.batch,
            secret: put.secret.or(created.then_some(put.fresh)),
            brought: put.secret.is_some(),
            from_event: put.from_event,
            through: match before {
                Some(before) => before.through,
                // Without a wish, behind the event that makes it.
                None => put.from_event.map_or(next, |from| from - 1),
            },
            created,
        })))
    }

    pub(super) fn delete_webhook<'a>(&self, id: &'a str) -> Result<Fact<'a>, Refusal> {
        Ok(Fact::WebhookDeleted { number: self.require_webhook(id)?.number, id })
    }

    pub(super) fn change_webhook<'a>(&self, id: &'a str, change: &WebhookChange) -> Result<Fact<'a>, Refusal> {
        let webhook = self.require_webhook(id)?;
        let next = self.state.last_event() + 1;
        match *change {
            WebhookChange::Redeliver { from_event } if from_event == 0 || from_event > next => {
                return Err(Refusal::EventNotFound { event: from_event });
            }
            WebhookChange::Progress { since, through } => {
                check_since(webhook, since)?;
                if through <= webhook.through || through >= next {
                    return Err(Refusal::invalid(
                        "through",
                        "progress goes ahead, and not beyond the last event".into(),
                    ));
                }
            }
            WebhookChange::Failing { since } => check_since(webhook, since)?,
            WebhookChange::Disable { since: Some(since), .. } => {
                check_since(webhook, since)?;
                if webhook.off.is_some() {
                    return Err(Refusal::invalid("webhook", "it is switched off already".into()));
                }
            }
            WebhookChange::Rotate { keep_s, .. } if keep_s > WEBHOOK_KEEP_S_MAX => {
                let words = format!("a secret that was replaced signs for at most {WEBHOOK_KEEP_S_MAX} seconds");
                return Err(Refusal::invalid("keep_s", words));
            }
            WebhookChange::Redeliver { .. }
            | WebhookChange::Disable { since: None, .. }
            | WebhookChange::Enable
            | WebhookChange::Rotate { .. } => {}
        }
        Ok(Fact::WebhookChanged { number: webhook.number, id, change: *change })
    }

    fn require_webhook(&self, id: &str) -> Result<&Webhook, Refusal> {
        self.state.webhook(id).map(AsRef::as_ref).ok_or_else(|| Refusal::WebhookNotFound { webhook: id.into() })
    }
}

/// What was found out about deliveries that began somewhere else is over.
fn check_since(webhook: &Webhook, since: u64) -> Result<(), Refusal> {
    if webhook.since == since {
        return Ok(());
    }
    Err(Refusal::invalid("since", "deliveries have begun somewhere else meanwhile".to_owned()))
}
