//! An event as amounts that add up to zero: what it changed of each account's total.

use crate::event::Event;

/// Whose account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Party<'a> {
    /// A user's.
    User(&'a str),
    /// Where coins come from. Its total is the negative of what was issued.
    Issued,
    /// Where spent coins go.
    Spent,
    /// Where expired coins go.
    Expired,
}

impl Party<'_> {
    /// As the API writes it.
    #[must_use]
    pub fn name(&self) -> &str {
        match self {
            Self::User(id) => id,
            Self::Issued => "@issued",
            Self::Spent => "@spent",
            Self::Expired => "@expired",
        }
    }
}

/// One line: whose total changed, by how much.
pub type Posting<'a> = (Party<'a>, i64);

/// What an event changed of totals, those that it did not change left out. Empty for events that move nothing, such as holds.
///
/// # Errors
/// Its kind is unknown, or a field is missing: the service is newer than this program.
pub fn postings<'e>(event: &'e Event<'_>) -> Result<Vec<Posting<'e>>, String> {
    let missing = |field: &str| format!("event {} ({}) has no {field}", event.number, event.kind);
    let amount = || event.amount.ok_or_else(|| missing("amount"));
    let user = || event.first_user().map(Party::User).ok_or_else(|| missing("user"));
    let expired = event.expired;
    let payee = event.to.as_deref().map_or(Party::Spent, Party::User);
    let lines = match event.kind {
        "grant" => vec![(user()?, amount()?), (Party::Issued, -amount()?)],
        "spend" | "transfer" => vec![(user()?, -amount()?), (payee, amount()?)],
        "capture" => vec![(user()?, -amount()? - expired), (payee, amount()?), (Party::Expired, expired)],
        "release" | "hold_expired" => vec![(user()?, -expired), (Party::Expired, expired)],
        "expire" => vec![(user()?, -amount()?), (Party::Expired, amount()?)],
        "adjustment" if event.direction.as_deref() == Some("down") => {
            vec![(user()?, -amount()?), (Party::Issued, amount()?)]
        }
        "adjustment" => vec![(user()?, amount()?), (Party::Issued, -amount()?)],
        "reverse" => {
            let amount = amount()?;
            match (event.of_kind.as_deref(), event.to.as_deref()) {
                // From the payee back to the payer.
                (_, Some(to)) => {
                    vec![(user()?, -amount), (Party::User(to), amount - expired), (Party::Expired, expired)]
                }
                (Some("grant"), None) => vec![(user()?, -amount), (Party::Issued, amount)],
                (Some("expire"), None) => vec![(user()?, amount - expired), (Party::Expired, expired - amount)],
                (Some(_), None) => {
                    vec![(Party::Spent, -amount), (user()?, amount - expired), (Party::Expired, expired)]
                }
                (None, None) => return Err(missing("of_kind")),
            }
        }
        "hold"
        | "rollover"
        | "extend"
        | "user"
        | "user_closed"
        | "coin"
        | "limits"
        | "thresholds"
        | "spend_limit"
        | "schedule"
        | "schedule_deleted"
        | "schedule_paused"
        | "schedule_resumed"
        | "key"
        | "key_revoked"
        | "leader"
        | "webhook"
        | "webhook_deleted"
        | "webhook_rotated"
        | "webhook_progress"
        | "webhook_failing"
        | "webhook_disabled"
        | "webhook_enabled"
        | "webhook_redelivered" => Vec::new(),
        other => {
            return Err(format!(
                "event {} is of kind `{other}`, which this version of tocos does not know; use the version of the service",
                event.number
            ));
        }
    };
    Ok(lines.into_iter().filter(|(_, amount)| *amount != 0).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Vec<(String, i64)> {
        let event = Event::parse(text).unwrap();
        let lines = postings(&event).unwrap();
        assert_eq!(lines.iter().map(|(_, amount)| amount).sum::<i64>(), 0, "{text}");
        lines.iter().map(|(party, amount)| (party.name().to_owned(), *amount)).collect()
    }

    fn line(name: &str, amount: i64) -> (String, i64) {
        (name.to_owned(), amount)
    }

    #[test]
    fn every_event_adds_up_to_zero() {
        let event = |kind: &str, rest: &str| {
            format!(r#"{{"event":7,"kind":"{kind}","user":"ana","amount":5,"at":"2026-11-22T17:15:37.820115Z"{rest}}}"#)
        };
        assert_eq!(of(&event("grant", "")), [line("ana", 5), line("@issued", -5)]);
        assert_eq!(of(&event("spend", "")), [line("ana", -5), line("@spent", 5)]);
        assert_eq!(of(&event("spend", r#","to":"bob""#)), [line("ana", -5), line("bob", 5)]);
        assert_eq!(of(&event("capture", r#","expired":2"#)), [line("ana", -7), line("@spent", 5), line("@expired", 2)]);
        assert_eq!(of(&event("hold", "")), []);
        assert_eq!(of(&event("release", r#","expired":0"#)), []);
        assert_eq!(of(&event("release", r#","expired":2"#)), [line("ana", -2), line("@expired", 2)]);
        assert_eq!(of(&event("adjustment", r#","direction":"down""#)), [line("ana", -5), line("@issued", 5)]);
        assert_eq!(
            of(&event("reverse", r#","of_kind":"spend","expired":1"#)),
            [line("@spent", -5), line("ana", 4), line("@expired", 1)]
        );
        assert_eq!(of(&event("reverse", r#","of_kind":"expire""#)), [line("ana", 5), line("@expired", -5)]);
        assert_eq!(of(&event("reverse", r#","of_kind":"grant""#)), [line("ana", -5), line("@issued", 5)]);
    }

    #[test]
    fn an_unknown_kind_is_refused() {
        let text = r#"{"event":7,"kind":"swap","at":"2026-11-22T17:15:37.820115Z"}"#;
        assert!(postings(&Event::parse(text).unwrap()).unwrap_err().contains("swap"));
    }
}
