//! Webhooks as rows of a snapshot.

use super::check::ensure;
use crate::amount::Micros;
use crate::bytes::{Fields, Malformed, Put};
use crate::record::webhook_off;
use crate::state::{State, Webhook};
use crate::webhook::{WEBHOOK_BATCH_MAX, WEBHOOKS_MAX, check_webhook_id};

pub(super) fn put_webhook(block: &mut Vec<u8>, (webhook, now): (&Webhook, Micros)) {
    block.put_text(&webhook.id);
    block.put_u64(webhook.number);
    block.put_text(&webhook.url);
    block.put_webhook_filter(&webhook.filter);
    block.put_u16(webhook.batch);
    block.put_secret(Some(&webhook.secret));
    // One that signs no more is forgotten.
    let old = webhook.old_secret.filter(|(_, until)| now < *until);
    block.put_secret(old.as_ref().map(|(secret, _)| secret));
    old.iter().for_each(|(_, until)| block.put_i64(*until));
    block.put_u64(webhook.since);
    block.put_u64(webhook.through);
    block.put_instant(webhook.off.map(|(_, at)| at));
    webhook.off.iter().for_each(|(why, _)| block.put_u8(*why as u8));
    block.put_instant(webhook.failing_since);
    block.put_i64(webhook.created_at);
}

pub(super) fn read_webhook(fields: &mut Fields<'_>) -> Result<Webhook, Malformed> {
    Ok(Webhook {
        id: fields.text()?.into(),
        number: fields.u64()?,
        url: fields.text()?.into(),
        filter: fields.webhook_filter()?,
        batch: fields.u16()?,
        secret: fields.secret()?.ok_or(Malformed("a webhook has no secret"))?,
        old_secret: match fields.secret()? {
            Some(secret) => Some((secret, fields.i64()?)),
            None => None,
        },
        since: fields.u64()?,
        through: fields.u64()?,
        off: match fields.instant()? {
            Some(at) => Some((webhook_off(fields.u8()?)?, at)),
            None => None,
        },
        failing_since: fields.instant()?,
        created_at: fields.i64()?,
    })
}

impl State {
    /// A webhook beside those that were read before it.
    pub(super) fn check_webhook(&self, webhook: &Webhook) -> Result<(), Malformed> {
        ensure(check_webhook_id(&webhook.id).is_ok(), "a webhook's id is none")?;
        let is_new = self.webhook(&webhook.id).is_none() && self.webhook_count() < WEBHOOKS_MAX;
        ensure(is_new, "a webhook occurs twice, or there are too many")?;
        let is_past = |event: u64| (1..=self.last_event).contains(&event);
        ensure(is_past(webhook.number) && is_past(webhook.since), "a webhook is not of the past")?;
        ensure(webhook.through <= self.last_event, "a webhook got what is still to come")?;
        ensure((1..=WEBHOOK_BATCH_MAX).contains(&webhook.batch), "a webhook's batch is out of bounds")?;
        let known = webhook.filter.coins.iter().all(|coin| usize::from(*coin) < self.coins.len());
        ensure(known, "a webhook names a coin that is not there")
    }
}
