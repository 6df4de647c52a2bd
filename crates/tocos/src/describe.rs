//! Events in sentences.

use crate::response::{Decimals, Event, Lot};

/// What happened in an event, in a few words.
pub(crate) fn sentence(event: &Event, decimals: &Decimals) -> String {
    let coin = event.coin.as_deref().unwrap_or("?");
    let amount = decimals.coins(coin, event.amount.unwrap_or(0));
    let user = event.user.as_deref().unwrap_or("?");
    let to = event.to.as_deref().map(|to| format!(" to {to}")).unwrap_or_default();
    match event.kind.as_str() {
        "user" => {
            let name = event.name.as_deref().map(|name| format!(" ({name})")).unwrap_or_default();
            format!("user {user}{name} {}", if event.created == Some(true) { "created" } else { "changed" })
        }
        "user_closed" => format!("user {user} closed"),
        "coin" => format!(
            "coin {coin} {}, {} decimals",
            if event.created == Some(true) { "created" } else { "changed" },
            event.decimals.unwrap_or(0)
        ),
        "limits" => format!("limits of {user}: {}", limits(event, decimals, coin)),
        "thresholds" => {
            let amounts = event.thresholds.iter().flatten().map(|amount| decimals.amount(coin, *amount));
            let amounts = amounts.collect::<Vec<_>>().join(", ");
            let words = match &event.thresholds {
                None => "none of its own",
                Some(_) if amounts.is_empty() => "none at all",
                Some(_) => &amounts,
            };
            format!("thresholds of {}: {words} ({coin})", whose(event))
        }
        "spend_limit" => match event.amount {
            None => format!("spending limit of {}: none of its own ({coin})", whose(event)),
            Some(_) => format!("spending limit of {}: {amount} {}", whose(event), window(event)),
        },
        "schedule" | "schedule_deleted" | "schedule_paused" | "schedule_resumed" => of_a_schedule(event, &amount),
        "grant" => format!("{amount} granted to {user}{}{}", marks(event), occurrence(event, decimals, coin)),
        "adjustment" => {
            let verb = if event.direction.as_deref() == Some("down") { "taken from" } else { "added for" };
            let schedule = event.schedule.as_deref().unwrap_or("?");
            let scheduled = decimals.amount(coin, event.scheduled.unwrap_or(0));
            format!("{amount} {verb} {user}, as {schedule} now grants {scheduled}")
        }
        "rollover" => format!("{amount} of {user} go on{}{}", marks(event), occurrence(event, decimals, coin)),
        "spend" => match event.requested {
            Some(requested) => format!("{amount} of {} spent by {user}{to}", decimals.amount(coin, requested)),
            None => format!("{amount} spent by {user}{to}"),
        },
        "transfer" => {
            format!("{amount} from {} to {}", event.from.as_deref().unwrap_or("?"), event.to.as_deref().unwrap_or("?"))
        }
        "reverse" => format!(
            "{amount} of event {}{} moved back, {} left to reverse{}{}",
            event.of.unwrap_or(0),
            event.of_kind.as_deref().map(|kind| format!(" ({kind})")).unwrap_or_default(),
            decimals.amount(coin, event.remaining.unwrap_or(0)),
            expired(event, decimals, coin),
            event.debt.map(|debt| format!(", {} of it owed", decimals.amount(coin, debt))).unwrap_or_default(),
        ),
        "expire" => format!("{amount} of {user} expired"),
        "leader" => {
            format!("node {} leads under epoch {}", event.node.as_deref().unwrap_or("?"), event.epoch.unwrap_or(0))
        }
        kind if kind.starts_with("webhook") => of_a_webhook(event),
        _ => of_a_hold(event, decimals, coin),
    }
}

fn of_a_webhook(event: &Event) -> String {
    let webhook = event.webhook.as_deref().unwrap_or("?");
    let from = event.from_event.unwrap_or(0);
    match event.kind.as_str() {
        "webhook" => {
            let done = if event.created == Some(true) { "created" } else { "changed" };
            format!("webhook {webhook} {done}: {}, from event {from} on", event.url.as_deref().unwrap_or("?"))
        }
        "webhook_deleted" => format!("webhook {webhook} deleted"),
        "webhook_progress" => format!("webhook {webhook} has everything through event {}", event.through.unwrap_or(0)),
        "webhook_failing" => format!("deliveries to webhook {webhook} are failing"),
        "webhook_disabled" => match event.reason.as_deref() {
            Some("gone") => format!("webhook {webhook} switched off: the receiver is gone"),
            Some("failing") => format!("webhook {webhook} switched off after three days of failures"),
            _ => format!("webhook {webhook} switched off"),
        },
        "webhook_enabled" => format!("webhook {webhook} switched on"),
        "webhook_redelivered" => format!("webhook {webhook} goes on from event {from}"),
        "webhook_rotated" => {
            format!("secret of webhook {webhook} replaced; the old one signs for {} s more", event.keep_s.unwrap_or(0))
        }
        other => format!("{other} {webhook}"),
    }
}

fn of_a_schedule(event: &Event, amount: &str) -> String {
    let schedule = event.schedule.as_deref().unwrap_or("?");
    match event.kind.as_str() {
        "schedule" => {
            let every = match (event.every_days, event.every_months) {
                (Some(1), _) => " every day".to_owned(),
                (Some(days), _) => format!(" every {days} days"),
                (_, Some(1)) => " every month".to_owned(),
                (_, Some(months)) => format!(" every {months} months"),
                (None, None) => " once".to_owned(),
            };
            let user = event.user.as_deref().unwrap_or("?");
            format!("schedule {schedule}: {amount} to {user}{every}, next {}", event.next_at.as_deref().unwrap_or("?"))
        }
        "schedule_deleted" => format!("schedule {schedule} deleted"),
        "schedule_paused" => format!("schedule {schedule} paused"),
        _ if event.next_occurrence.is_none() => format!("schedule {schedule} resumed, and over"),
        _ => format!("schedule {schedule} resumed"),
    }
}

/// Of which occurrence of which schedule it is, and what was to be granted if it is less.
fn occurrence(event: &Event, decimals: &Decimals, coin: &str) -> String {
    let (Some(schedule), Some(occurrence)) = (&event.schedule, event.occurrence) else { return String::new() };
    let words = format!(", occurrence {occurrence} of {schedule}");
    match event.scheduled.filter(|scheduled| Some(*scheduled) != event.amount) {
        Some(scheduled) => format!("{words}, of {} for lack of room", decimals.amount(coin, scheduled)),
        None => words,
    }
}

/// A user, or everybody with the coin.
fn whose(event: &Event) -> &str {
    event.user.as_deref().unwrap_or("all accounts without their own")
}

fn window(event: &Event) -> String {
    match (event.per.as_deref(), event.hours) {
        (_, Some(hours)) => format!("in {hours} hours"),
        (per, None) => format!("a {}", per.unwrap_or("?")),
    }
}

fn of_a_hold(event: &Event, decimals: &Decimals, coin: &str) -> String {
    let amount = decimals.coins(coin, event.amount.unwrap_or(0));
    let user = event.user.as_deref().unwrap_or("?");
    let hold = event.hold.or(event.id).unwrap_or(0);
    let until = event.expires_at.as_deref().unwrap_or("?");
    match event.kind.as_str() {
        "hold" => format!("{amount} of {user} held until {until} as hold {hold}"),
        "capture" => {
            let rest = match (event.held.unwrap_or(0), event.released.unwrap_or(0)) {
                (0, 0) => String::new(),
                (0, released) => format!(", {} given back", decimals.amount(coin, released)),
                (held, _) => format!(", {} still held", decimals.amount(coin, held)),
            };
            let to = event.to.as_deref().map(|to| format!(" to {to}")).unwrap_or_default();
            format!("{amount} captured from hold {hold} of {user}{to}{rest}{}", expired(event, decimals, coin))
        }
        "release" => format!("{amount} given back to {user} from hold {hold}{}", expired(event, decimals, coin)),
        "hold_expired" => {
            format!("hold {hold} expired, {amount} given back to {user}{}", expired(event, decimals, coin))
        }
        "extend" => format!("hold {hold} of {user} now ends at {until}"),
        other => format!("{other} of {user}"),
    }
}

fn expired(event: &Event, decimals: &Decimals, coin: &str) -> String {
    match event.expired {
        None | Some(0) => String::new(),
        Some(amount) => format!(", {} of it expired", decimals.amount(coin, amount)),
    }
}

fn marks(event: &Event) -> String {
    let mut marks = String::new();
    if let Some(time) = &event.expires_at {
        marks.push_str(&format!(", expiring {time}"));
    }
    if let Some(priority) = event.priority.filter(|priority| *priority != PLAIN_PRIORITY) {
        marks.push_str(&format!(", priority {priority}"));
    }
    if let Some(category) = event.category.as_deref().filter(|category| *category != PLAIN_CATEGORY) {
        marks.push_str(&format!(", {category}"));
    }
    marks
}

/// The marks that need no mention.
const PLAIN_PRIORITY: u8 = 50;
const PLAIN_CATEGORY: &str = "paid";
/// The ceiling that is none.
const CEILING_MAX: i64 = (1 << 53) - 1;

fn limits(event: &Event, decimals: &Decimals, coin: &str) -> String {
    let ceiling = match event.ceiling {
        None | Some(CEILING_MAX) => "no ceiling".to_owned(),
        Some(ceiling) => format!("ceiling {}", decimals.amount(coin, ceiling)),
    };
    let frozen = if event.frozen == Some(true) { ", frozen" } else { "" };
    format!("floor {}, {ceiling}{frozen} ({coin})", decimals.amount(coin, event.floor.unwrap_or(0)))
}

/// An amount from one lot, with the lot's marks.
pub(crate) fn lot(lot: &Lot, coin: &str, decimals: &Decimals) -> String {
    let amount = decimals.amount(coin, lot.amount);
    let Some(grant) = lot.grant else { return format!("{amount} plain") };
    let mut words = format!("{amount} of grant {grant}");
    if let Some(time) = &lot.expires_at {
        words.push_str(&format!(", expiring {time}"));
    }
    if let Some(priority) = lot.priority.filter(|priority| *priority != PLAIN_PRIORITY) {
        words.push_str(&format!(", priority {priority}"));
    }
    if let Some(category) = lot.category.as_deref().filter(|category| *category != PLAIN_CATEGORY) {
        words.push_str(&format!(", {category}"));
    }
    words
}

/// Whether a write was applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Done {
    /// By this request.
    Now,
    /// By an earlier request under the same key.
    Before,
    /// Not at all: it was a dry run.
    Not,
}

/// What a write did: the sentence, the lots if they are more than plain coins, and the balances after it.
pub(crate) fn written(event: &Event, decimals: &Decimals, done: Done) -> String {
    let start = match done {
        Done::Now => format!("event {}", event.event),
        Done::Before => format!("event {}, applied before under this key", event.event),
        Done::Not => "dry run, nothing changed".to_owned(),
    };
    let mut text = format!("{start}: {}\n", sentence(event, decimals));
    let coin = event.coin.as_deref().unwrap_or("?");
    if event.lots.iter().any(|lot| lot.grant.is_some()) && event.kind != "grant" {
        for taken in &event.lots {
            text.push_str(&format!("  {}\n", lot(taken, coin, decimals)));
        }
    }
    for crossing in &event.crossed {
        let threshold = decimals.amount(coin, crossing.threshold);
        let way = if crossing.direction == "up" { "above" } else { "down to" };
        text.push_str(&format!("  {} went {way} the threshold {threshold}\n", crossing.user));
    }
    for (user, balance) in &event.balances {
        text.push_str(&format!("  {user}: {}", decimals.coins(coin, balance.total)));
        if balance.held != 0 {
            text.push_str(&format!(
                ", {} held, {} available",
                decimals.amount(coin, balance.held),
                decimals.amount(coin, balance.available)
            ));
        }
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_leader_is_a_node_under_an_epoch() {
        let json = r#"{"event":2,"kind":"leader","epoch":7,"node":"node-a","at":"2026-01-01T00:00:00.000000Z"}"#;
        let event: Event = serde_json::from_str(json).unwrap();
        let decimals = Decimals::of(&[]);
        assert_eq!(sentence(&event, &decimals), "node node-a leads under epoch 7");
        assert_eq!(written(&event, &decimals, Done::Now), "event 2: node node-a leads under epoch 7\n");
    }
}
