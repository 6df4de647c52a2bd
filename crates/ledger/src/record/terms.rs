//! The terms of movements: what of a request its record does not say.

use super::kind;
use super::sections::{Tag, put_section};
use crate::bytes::{Fields, Malformed, NONE_U32, Put};
use crate::event::{
    AdjustmentTerms, CaptureTerms, GrantTerms, HoldEnd, HoldTerms, Movement, MovementKind, ReverseTerms, RolloverTerms,
    SpendTerms,
};
use crate::lot::{LotAmount, Marks};
use crate::schedule::Occurrence;
use crate::state::UserId;
use crate::terms::{Excess, Mode, Taking};

/// The terms of a movement, where its record does not say them.
pub(super) fn put_terms(blob: &mut Vec<u8>, movement: &Movement) {
    let mut terms = Vec::new();
    match &movement.kind {
        MovementKind::Grant(grant) if grant.lot || grant.occurrence.is_some() || !grant.marks.is_plain() => {
            terms.reserve(40);
            terms.put_instant(grant.marks.expires_at);
            terms.put_u8(grant.marks.priority);
            terms.put_u8(grant.marks.category as u8);
            // What follows the marks, as a bit each.
            let says = u8::from(grant.lot) | u8::from(grant.occurrence.is_some()) << 1;
            if says != 0 {
                terms.put_u8(says);
            }
            if let Some(occurrence) = grant.occurrence {
                terms.put_u64(occurrence.schedule);
                terms.put_u32(occurrence.number);
                terms.put_i64(occurrence.due_at);
                terms.put_u64(occurrence.scheduled);
            }
        }
        MovementKind::Spend(spend) if spend.mode == Mode::UpTo => terms.put_u64(spend.requested),
        MovementKind::Hold(hold) => {
            terms.put_i64(hold.expires_at);
            terms.put_u32(hold.timeout_s.unwrap_or(NONE_U32));
            terms.put_u32(hold.to.map_or(NONE_U32, |to| to.0));
        }
        MovementKind::Capture(capture) => {
            terms.put_u64(capture.hold);
            terms.put_amount(capture.requested);
            terms.put_u8(u8::from(capture.last));
            terms.put_u8(u8::from(capture.excess == Excess::TakeAvailable));
            terms.put_u64(capture.held);
            terms.put_u8(u8::from(capture.ended));
        }
        MovementKind::Release(end) | MovementKind::HoldExpired(end) => terms.put_u64(end.hold),
        MovementKind::Reverse(reverse) => {
            terms.put_u64(reverse.of);
            terms.put_u8(kind::number_of_word(reverse.of_kind));
            terms.put_amount(reverse.requested);
            terms.put_instant(reverse.renew_expires_at);
            terms.put_u64(reverse.remaining);
            let ReverseTerms { taking, debt, spent_at, .. } = reverse;
            let says =
                u8::from(taking.mode == Mode::UpTo) | u8::from(taking.debt) << 1 | u8::from(spent_at.is_some()) << 2;
            if says != 0 {
                terms.put_u8(says);
                terms.put_u64(*debt);
                spent_at.iter().for_each(|at| terms.put_i64(*at));
            }
        }
        MovementKind::Rollover(rollover) => {
            terms.put_u64(rollover.schedule);
            terms.put_u32(rollover.number);
            terms.put_i64(rollover.due_at);
            // The amounts are in the legs.
            for lot in [rollover.from, rollover.to] {
                terms.put_lot(&LotAmount { lot, amount: 0 });
            }
        }
        MovementKind::Adjustment(adjustment) => {
            terms.put_u64(adjustment.schedule);
            terms.put_i64(adjustment.due_at);
            // What is added or taken away is in the leg.
            terms.put_lot(&LotAmount { lot: adjustment.lot, amount: 0 });
            terms.put_u64(adjustment.before);
            terms.put_u64(adjustment.scheduled);
            terms.put_u64(adjustment.remaining);
        }
        MovementKind::Grant(_) | MovementKind::Spend(_) | MovementKind::Transfer | MovementKind::LotExpired => {}
    }
    if !terms.is_empty() {
        put_section(blob, Tag::Terms, &terms);
    }
}

/// The kind of a movement with its terms, from their section if there is one.
pub(super) fn decode_kind(kind: u8, amount: u64, bytes: Option<&[u8]>) -> Result<MovementKind, Malformed> {
    let mut terms = Fields::new(bytes.unwrap_or(&[]));
    let kind = match kind {
        kind::GRANT => {
            let marks = if bytes.is_some() { terms.marks()? } else { Marks::PLAIN };
            let says = if terms.is_empty() { 0 } else { terms.u8()? };
            MovementKind::Grant(GrantTerms { marks, lot: says & 1 != 0, occurrence: occurrence(says, &mut terms)? })
        }
        kind::SPEND => MovementKind::Spend(match bytes {
            Some(_) => SpendTerms { requested: terms.u64()?, mode: Mode::UpTo },
            None => SpendTerms { requested: amount, mode: Mode::Exact },
        }),
        kind::TRANSFER => MovementKind::Transfer,
        kind::HOLD => MovementKind::Hold(HoldTerms {
            expires_at: terms.i64()?,
            timeout_s: Some(terms.u32()?).filter(|s| *s != NONE_U32),
            to: Some(terms.u32()?).filter(|to| *to != NONE_U32).map(UserId),
        }),
        kind::CAPTURE => MovementKind::Capture(CaptureTerms {
            hold: terms.u64()?,
            requested: terms.amount()?,
            last: terms.flag()?,
            excess: if terms.flag()? { Excess::TakeAvailable } else { Excess::Reject },
            held: terms.u64()?,
            ended: terms.flag()?,
        }),
        kind::RELEASE => MovementKind::Release(HoldEnd { hold: terms.u64()? }),
        kind::HOLD_EXPIRED => MovementKind::HoldExpired(HoldEnd { hold: terms.u64()? }),
        kind::EXPIRE => MovementKind::LotExpired,
        kind::ROLLOVER => MovementKind::Rollover(RolloverTerms {
            schedule: terms.u64()?,
            number: terms.u32()?,
            due_at: terms.i64()?,
            from: terms.lot()?.lot,
            to: terms.lot()?.lot,
        }),
        kind::ADJUSTMENT => MovementKind::Adjustment(AdjustmentTerms {
            schedule: terms.u64()?,
            due_at: terms.i64()?,
            lot: terms.lot()?.lot,
            before: terms.u64()?,
            scheduled: terms.u64()?,
            remaining: terms.u64()?,
        }),
        kind::REVERSE => MovementKind::Reverse(reverse_terms(&mut terms)?),
        _ => return Err(Malformed("its kind is not known; a newer version may have written it")),
    };
    if terms.is_empty() { Ok(kind) } else { Err(Malformed("its terms are longer than its kind needs")) }
}

/// The occurrence of a schedule, if what a grant says besides tells of one.
fn occurrence(says: u8, terms: &mut Fields<'_>) -> Result<Option<Occurrence>, Malformed> {
    if says > 3 {
        return Err(Malformed("what a grant says besides is not 0 to 3"));
    }
    if says & 2 == 0 {
        return Ok(None);
    }
    let (schedule, number) = (terms.u64()?, terms.u32()?);
    Ok(Some(Occurrence { schedule, number, due_at: terms.i64()?, scheduled: terms.u64()? }))
}

fn reverse_terms(terms: &mut Fields<'_>) -> Result<ReverseTerms, Malformed> {
    let usual = ReverseTerms {
        of: terms.u64()?,
        of_kind: kind::word_of_number(terms.u8()?),
        requested: terms.amount()?,
        renew_expires_at: terms.instant()?,
        remaining: terms.u64()?,
        taking: Taking::default(),
        debt: 0,
        spent_at: None,
    };
    if terms.is_empty() {
        return Ok(usual);
    }
    let says = terms.u8()?;
    if !(1..8).contains(&says) {
        return Err(Malformed("what a reversal says besides is not 1 to 7"));
    }
    let mode = if says & 1 == 0 { Mode::Exact } else { Mode::UpTo };
    let (taking, debt) = (Taking { mode, debt: says & 2 != 0 }, terms.u64()?);
    let spent_at = if says & 4 == 0 { None } else { Some(terms.i64()?) };
    Ok(ReverseTerms { taking, debt, spent_at, ..usual })
}
