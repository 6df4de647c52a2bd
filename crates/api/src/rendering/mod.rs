//! From events and state to JSON, and from refusals to problems. An event is rendered by one function, from what is in the log and from
//! names that never change, so that it reads the same alone, in a batch, in a feed and years later.

mod account;
mod code;
mod entry;
mod event;
mod liability;
mod problem;
mod response;
mod schedule;
mod webhook;

pub(crate) use account::{balance, coin, user_account};
pub(crate) use code::Code;
pub(crate) use entry::history_entry;
pub(crate) use event::{event, right_word};
pub(crate) use liability::{LiabilityRows, liability};
pub(crate) use problem::Problem;
pub(crate) use response::{Media, Response};
pub(crate) use schedule::{occurrence, schedule};
pub(crate) use webhook::{attempt, webhook};

use tocos_ledger::{Category, Event, Lot, LotAmount, Micros, Movement, State};

use crate::json::Writer;

/// An event as the API shows it, for commands that read a ledger without a service. The state must have everybody whom it names.
#[must_use]
pub fn event_json(event: &Event<'_>, state: &State) -> String {
    let mut out = Writer::with_capacity(384);
    self::event(&mut out, event, state);
    out.into_string()
}

/// The word for a category.
pub(crate) fn category_word(category: Category) -> &'static str {
    match category {
        Category::Paid => "paid",
        Category::Promotional => "promotional",
    }
}

/// Coins by lot: `[{"grant":17,"amount":5,...}]`. Plain coins have no grant, and no marks worth naming.
pub(crate) fn lots(out: &mut Writer, parts: impl IntoIterator<Item = LotAmount>) {
    out.raw("[");
    let mut comma = "{";
    for part in parts {
        out.raw(comma);
        comma = ",{";
        lot(out, &part);
    }
    out.raw("]");
}

fn lot(out: &mut Writer, part: &LotAmount) {
    let Lot { grant, marks } = part.lot;
    if part.lot.is_plain() {
        out.raw("\"grant\":null,\"amount\":");
        out.integer(part.amount);
        out.raw("}");
        return;
    }
    out.raw("\"grant\":");
    out.integer(grant);
    out.raw(",\"amount\":");
    out.integer(part.amount);
    out.raw(",\"expires_at\":");
    out.time_or_null(marks.expires_at);
    out.raw(",\"priority\":");
    out.integer(marks.priority);
    out.raw(",\"category\":");
    out.word(category_word(marks.category));
    out.raw("}");
}

/// The lots that a movement took from.
fn lots_of(out: &mut Writer, movement: &Movement) {
    let first = &movement.legs.first;
    if movement.legs.rest.is_empty() && first.lots.is_empty() && first.amount > 0 {
        // Plain coins alone, as nearly always: no list needs to be put together.
        out.raw("[{\"grant\":null,\"amount\":");
        out.integer(first.amount);
        out.raw("}]");
        return;
    }
    lots(out, movement.lots_named());
}

/// Metadata and idempotency key, where there are any.
fn asked_with(out: &mut Writer, event: &Event<'_>) {
    if let Some(metadata) = event.metadata {
        out.raw(",\"metadata\":");
        out.raw(metadata);
    }
    if event.reference.is_some()
        && let Some(reference) = event.client_reference()
    {
        out.raw(",\"reference\":");
        out.text(reference);
    }
    if let Some(key) = &event.key {
        out.raw(",\"idempotency_key\":");
        out.text(key.text);
    }
}

/// `,"at":"2026-..."`.
fn at(out: &mut Writer, at: Micros) {
    out.raw(",\"at\":");
    out.time(at);
}
