//! Webhooks, what happens to them, and what was delivered. No secret is ever written here.

use tocos_ledger::{CoinId, EventKinds, State, Webhook, WebhookChange, WebhookFilter, WebhookPut};
use tocos_webhooks::{Attempt, Figures};

use crate::json::Writer;

/// `,"webhook":"shop"`.
pub(super) fn named(out: &mut Writer, id: &str) {
    out.raw(",\"webhook\":");
    out.plain(id);
}

/// What an event says of a webhook that was put.
pub(super) fn put(out: &mut Writer, put: &WebhookPut<'_>, state: &State) {
    named(out, put.id);
    terms(out, put.url, &put.filter, put.batch, state);
    out.raw(",\"from_event\":");
    out.integer(put.through + 1);
    out.raw(",\"created\":");
    out.bool(put.created);
}

/// What an event says of a webhook that changed.
pub(super) fn changed(out: &mut Writer, id: &str, change: &WebhookChange) {
    named(out, id);
    match change {
        WebhookChange::Progress { through, .. } => {
            out.raw(",\"through\":");
            out.integer(*through);
        }
        WebhookChange::Disable { why, .. } => {
            out.raw(",\"reason\":");
            out.word(why.as_str());
        }
        WebhookChange::Redeliver { from_event } => {
            out.raw(",\"from_event\":");
            out.integer(*from_event);
        }
        WebhookChange::Rotate { keep_s, .. } => {
            out.raw(",\"keep_s\":");
            out.integer(*keep_s);
        }
        WebhookChange::Failing { .. } | WebhookChange::Enable => {}
    }
}

fn terms(out: &mut Writer, url: &str, filter: &WebhookFilter, batch: u16, state: &State) {
    out.raw(",\"url\":");
    out.text(url);
    out.raw(",\"kinds\":");
    let named: Vec<&str> = filter.kinds.words().collect();
    words(out, (filter.kinds != EventKinds::default()).then_some(named.into_iter()));
    out.raw(",\"coins\":");
    let codes = filter.coins.iter().map(|coin| state.coin(CoinId(*coin)).code.as_str());
    words(out, (!filter.coins.is_empty()).then_some(codes));
    out.raw(",\"user_prefix\":");
    out.text_or_null(filter.prefix.as_deref());
    out.raw(",\"crossed_only\":");
    out.bool(filter.crossed);
    out.raw(",\"batch\":");
    out.integer(batch);
}

/// A list of words, or null.
fn words<'w>(out: &mut Writer, words: Option<impl Iterator<Item = &'w str>>) {
    let Some(words) = words else { return out.raw("null") };
    out.raw("[");
    for (at, word) in words.enumerate() {
        out.raw(if at == 0 { "" } else { "," });
        out.plain(word);
    }
    out.raw("]");
}

/// A webhook, with what this node knows of its deliveries beyond what the ledger does; `last_event` is the last that is durable.
pub(crate) fn webhook(out: &mut Writer, webhook: &Webhook, state: &State, figures: &Figures, last_event: u64) {
    let through = webhook.through.max(figures.through);
    out.raw("{\"id\":");
    out.plain(&webhook.id);
    terms(out, &webhook.url, &webhook.filter, webhook.batch, state);
    out.raw(",\"through\":");
    out.integer(through);
    out.raw(",\"pending_events\":");
    out.integer(last_event.saturating_sub(through));
    out.raw(",\"enabled\":");
    out.bool(webhook.off.is_none());
    out.raw(",\"disabled_reason\":");
    match webhook.off {
        Some((why, _)) => out.word(why.as_str()),
        None => out.raw("null"),
    }
    out.raw(",\"disabled_at\":");
    out.time_or_null(webhook.off.map(|(_, at)| at));
    out.raw(",\"failing_since\":");
    out.time_or_null(figures.failing_since.or(webhook.failing_since).filter(|_| webhook.off.is_none()));
    out.raw(",\"old_secret_until\":");
    let signs = webhook.old_secret.filter(|(_, until)| state.now() < *until);
    out.time_or_null(signs.map(|(_, until)| until));
    out.raw(",\"created_at\":");
    out.time(webhook.created_at);
    out.raw("}");
}

/// A request to a webhook, and what came of it.
pub(crate) fn attempt(out: &mut Writer, attempt: &Attempt) {
    out.raw("{\"at\":");
    out.time(attempt.at);
    out.raw(",\"message\":");
    out.plain(&attempt.message);
    out.raw(",\"first_event\":");
    integer_or_null(out, attempt.events.map(|(first, _)| first));
    out.raw(",\"last_event\":");
    integer_or_null(out, attempt.events.map(|(_, last)| last));
    out.raw(",\"events\":");
    out.integer(attempt.count);
    out.raw(",\"delivered\":");
    out.bool(attempt.error.is_none());
    out.raw(",\"status\":");
    integer_or_null(out, attempt.status.map(u64::from));
    out.raw(",\"took_ms\":");
    out.integer(attempt.took_us / 1000);
    out.raw(",\"answer\":");
    out.text(&attempt.answer);
    out.raw(",\"error\":");
    out.text_or_null(attempt.error.as_deref());
    out.raw("}");
}

fn integer_or_null(out: &mut Writer, value: Option<u64>) {
    match value {
        Some(value) => out.integer(value),
        None => out.raw("null"),
    }
}
