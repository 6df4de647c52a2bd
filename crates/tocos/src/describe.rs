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
        "grant" => format!("{amount} granted to {user}{}", marks(event)),
        "spend" => match event.requested {
            Some(requested) => format!("{amount} of {} spent by {user}{to}", decimals.amount(coin, requested)),
            None => format!("{amount} spent by {user}{to}"),
        },
        "transfer" => {
            format!("{amount} from {} to {}", event.from.as_deref().unwrap_or("?"), event.to.as_deref().unwrap_or("?"))
        }
        "reverse" => format!(
            "{amount} of event {}{} moved back, {} left to reverse{}",
            event.of.unwrap_or(0),
            event.of_kind.as_deref().map(|kind| format!(" ({kind})")).unwrap_or_default(),
            decimals.amount(coin, event.remaining.unwrap_or(0)),
            expired(event, decimals, coin),
        ),
        "expire" => format!("{amount} of {user} expired"),
        _ => of_a_hold(event, decimals, coin),
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
