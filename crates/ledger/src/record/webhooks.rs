//! Webhooks in records. All that happens to them is one kind, and field `a` says what.

use super::sections::{Sections, Tag, put_section};
use super::{Fixed, RECORD_BYTES};
use crate::bytes::{Fields, Malformed, Put};
use crate::event::{Fact, WebhookPut};
use crate::webhook::{WEBHOOK_ID_LENGTH_MAX, WebhookChange, WebhookOff};

/// What a record says in `a`. Numbers are never used again for something else.
const PUT: u32 = 0;
const DELETED: u32 = 1;
const PROGRESS: u32 = 2;
const FAILING: u32 = 3;
const DISABLED: u32 = 4;
const ENABLED: u32 = 5;
const REDELIVERED: u32 = 6;
const ROTATED: u32 = 7;

/// What [`encode`] puts into a record: `a`, and the three numbers behind.
type Numbers = (u32, [u64; 3]);

fn write(record: &mut [u8; RECORD_BYTES], (what, [number, first, second]): Numbers) {
    record[4..8].copy_from_slice(&what.to_le_bytes());
    record[16..24].copy_from_slice(&number.to_le_bytes());
    record[24..32].copy_from_slice(&first.to_le_bytes());
    record[32..40].copy_from_slice(&second.to_le_bytes());
}

/// Writes what happened to a webhook.
pub(super) fn encode(record: &mut [u8; RECORD_BYTES], blob: &mut Vec<u8>, terms: &mut Vec<u8>, fact: &Fact<'_>) {
    let (id, numbers) = match fact {
        Fact::WebhookPut(put) => {
            record[1] |= if put.created { super::CREATED } else { 0 };
            terms.put_text(put.url);
            terms.put_webhook_filter(&put.filter);
            terms.put_u16(put.batch);
            terms.put_secret(put.secret.as_ref());
            terms.put_u8(u8::from(put.brought));
            (put.id, (PUT, [put.number, put.through, put.from_event.unwrap_or(0)]))
        }
        Fact::WebhookDeleted { number, id } => (*id, (DELETED, [*number, 0, 0])),
        Fact::WebhookChanged { number, id, change } => {
            let numbers = match *change {
                WebhookChange::Progress { since, through } => (PROGRESS, [*number, since, through]),
                WebhookChange::Failing { since } => (FAILING, [*number, since, 0]),
                WebhookChange::Disable { why, since } => {
                    terms.put_u8(why as u8);
                    (DISABLED, [*number, since.unwrap_or(0), 0])
                }
                WebhookChange::Enable => (ENABLED, [*number, 0, 0]),
                WebhookChange::Redeliver { from_event } => (REDELIVERED, [*number, from_event, 0]),
                WebhookChange::Rotate { ref secret, brought, keep_s } => {
                    terms.put_secret(Some(secret));
                    terms.put_u8(u8::from(brought));
                    (ROTATED, [*number, u64::from(keep_s), 0])
                }
            };
            (*id, numbers)
        }
        _ => return,
    };
    write(record, numbers);
    put_section(blob, Tag::Name, id.as_bytes());
}

/// Reads what [`encode`] wrote.
pub(super) fn decode<'a>(
    fixed: &Fixed,
    sections: &mut Sections<'a>,
    terms: &mut Fields<'a>,
) -> Result<Fact<'a>, Malformed> {
    let id = sections.text(Tag::Name)?.filter(|id| (1..=WEBHOOK_ID_LENGTH_MAX).contains(&id.len()));
    let id = id.ok_or(Malformed("a webhook has no id, or one that is too long"))?;
    let number = fixed.amount;
    // They were written as unsigned numbers.
    let (first, second) = (fixed.a_total as u64, fixed.b_total as u64);
    let change = match fixed.a {
        PUT => {
            return Ok(Fact::WebhookPut(Box::new(WebhookPut {
                number,
                id,
                url: terms.text()?,
                filter: terms.webhook_filter()?,
                batch: terms.u16()?,
                secret: terms.secret()?,
                brought: terms.flag()?,
                from_event: Some(second).filter(|from| *from != 0),
                through: first,
                created: fixed.flags & super::CREATED != 0,
            })));
        }
        DELETED => return Ok(Fact::WebhookDeleted { number, id }),
        PROGRESS => WebhookChange::Progress { since: first, through: second },
        FAILING => WebhookChange::Failing { since: first },
        DISABLED => WebhookChange::Disable { why: off(terms.u8()?)?, since: Some(first).filter(|since| *since != 0) },
        ENABLED => WebhookChange::Enable,
        REDELIVERED => WebhookChange::Redeliver { from_event: first },
        ROTATED => WebhookChange::Rotate {
            secret: terms.secret()?.ok_or(Malformed("a secret was replaced by none"))?,
            brought: terms.flag()?,
            keep_s: u32::try_from(first).map_err(|_| Malformed("a number of seconds is above 32 bits"))?,
        },
        _ => return Err(Malformed("what happened to a webhook is not known; a newer version may have written it")),
    };
    Ok(Fact::WebhookChanged { number, id, change })
}

/// Why a webhook is switched off, from its number.
pub(crate) fn off(number: u8) -> Result<WebhookOff, Malformed> {
    match number {
        0 => Ok(WebhookOff::Requested),
        1 => Ok(WebhookOff::Gone),
        2 => Ok(WebhookOff::Failing),
        _ => Err(Malformed("why a webhook is switched off is not 0 to 2")),
    }
}
