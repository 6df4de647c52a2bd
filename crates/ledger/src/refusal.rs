//! Why an operation is not done. A refusal is an outcome, not a fault: it changes nothing and writes nothing.
//!
//! Where several reasons hold at once, the first in this order is given: the request's own form; a known
//! key; what it names exists; it is open; it is not frozen; time; holds and reversals; spending limit; funds; ceiling; supply.

use crate::amount::{Amount, Micros};
use core::fmt;

/// How a hold came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EndedAs {
    /// By its final capture.
    Captured,
    /// Given back by a release.
    Released,
    /// By its own time.
    Expired,
}

impl EndedAs {
    /// The word the API uses.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Captured => "captured",
            Self::Released => "released",
            Self::Expired => "expired",
        }
    }
}

/// Why an operation was refused.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// The request itself is wrong, whatever the state.
    InvalidRequest { field: &'static str, reason: String },
    /// The account has less available than requested.
    InsufficientFunds { user: Box<str>, coin: Box<str>, available: i64, needed: Amount },
    /// No such user.
    UserNotFound { user: Box<str> },
    /// No such coin.
    CoinNotFound { coin: Box<str> },
    /// No such hold.
    HoldNotFound { hold: u64 },
    /// No such event.
    EventNotFound { event: u64 },
    /// No such schedule, or it is over.
    ScheduleNotFound { schedule: Box<str> },
    /// No such webhook.
    WebhookNotFound { webhook: Box<str> },
    /// No such API key.
    KeyNotFound { key: u16 },
    /// The idempotency key names another request; `field` is the first that differs, `operations` for an atomic batch.
    IdempotencyKeyReused { field: &'static str, event: u64 },
    /// The hold is no longer open.
    HoldEnded { hold: u64, ended_as: EndedAs },
    /// A capture requests more than is held.
    HoldAmountExceeded { hold: u64, held: Amount },
    /// Less of the event is left to reverse than requested.
    AlreadyReversed { event: u64, remaining: Amount },
    /// Events of this kind are not reversible.
    NotReversible { event: u64, kind: &'static str },
    /// The account would hold more than its ceiling.
    AboveCeiling { user: Box<str>, coin: Box<str>, ceiling: Amount, total: i64 },
    /// The account's spending limit leaves less than requested; until some of it is free again, where that is known.
    SpendLimitReached { user: Box<str>, coin: Box<str>, left: Amount, needed: Amount, resets_at: Option<Micros> },
    /// The account gives nothing.
    AccountFrozen { user: Box<str>, coin: Box<str> },
    /// The user is closed.
    UserClosed { user: Box<str> },
    /// A user with coins, debts or open holds can't be closed.
    UserNotEmpty { user: Box<str>, coin: Box<str>, total: i64 },
    /// No more of the coin can be issued, or with the debts of many users spent or held: counts end at 2^53 - 1.
    SupplyExhausted { coin: Box<str>, remaining: Amount },
}

impl Refusal {
    pub(crate) fn invalid(field: &'static str, reason: String) -> Self {
        Self::InvalidRequest { field, reason }
    }

    /// The stable word for this refusal.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::InvalidRequest { .. } => "invalid_request",
            Self::InsufficientFunds { .. } => "insufficient_funds",
            Self::UserNotFound { .. } => "user_not_found",
            Self::CoinNotFound { .. } => "coin_not_found",
            Self::HoldNotFound { .. } => "hold_not_found",
            Self::EventNotFound { .. } => "event_not_found",
            Self::ScheduleNotFound { .. } => "schedule_not_found",
            Self::WebhookNotFound { .. } => "webhook_not_found",
            Self::KeyNotFound { .. } => "key_not_found",
            Self::IdempotencyKeyReused { .. } => "idempotency_key_reused",
            Self::HoldEnded { .. } => "hold_ended",
            Self::HoldAmountExceeded { .. } => "hold_amount_exceeded",
            Self::AlreadyReversed { .. } => "already_reversed",
            Self::NotReversible { .. } => "not_reversible",
            Self::AboveCeiling { .. } => "above_ceiling",
            Self::SpendLimitReached { .. } => "spend_limit_reached",
            Self::AccountFrozen { .. } => "account_frozen",
            Self::UserClosed { .. } => "user_closed",
            Self::UserNotEmpty { .. } => "user_not_empty",
            Self::SupplyExhausted { .. } => "supply_exhausted",
        }
    }
}

/// A sentence for people: what, where, and what to do.
impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::InvalidRequest { field, reason } => write!(f, "{field}: {reason}."),
            Self::InsufficientFunds { user, coin, available, needed } => write!(
                f,
                "{user} has {available} {coin} available and {needed} are needed. Grant more, or ask for less."
            ),
            Self::UserNotFound { user } => write!(f, "There is no user {user}. Create it with PUT /v1/users/{user}."),
            Self::CoinNotFound { coin } => write!(f, "There is no coin {coin}. Create it with PUT /v1/coins/{coin}."),
            Self::HoldNotFound { hold } => {
                write!(f, "There is no hold {hold}. A hold's id is the event number that POST /v1/holds returned.")
            }
            Self::EventNotFound { event } => write!(f, "There is no event {event}."),
            Self::ScheduleNotFound { schedule } => {
                write!(f, "There is no schedule {schedule}, or it is over. GET /v1/schedules lists those that go on.")
            }
            Self::WebhookNotFound { webhook } => {
                write!(f, "There is no webhook {webhook}. GET /v1/webhooks lists them.")
            }
            Self::KeyNotFound { key } => write!(f, "There is no API key {key}. GET /v1/keys lists them."),
            Self::IdempotencyKeyReused { field: "operations", event } => write!(
                f,
                "This idempotency key was already used for another batch, which includes event {event}. Nothing of this \
                 batch was applied. Use a new key for a new batch."
            ),
            Self::IdempotencyKeyReused { field, event } => write!(
                f,
                "This idempotency key was already used for event {event}, whose {field} differs. Use a new key for a new request."
            ),
            Self::HoldEnded { hold, ended_as } => {
                write!(f, "Hold {hold} has ended: it was {}. Make a new hold.", ended_as.as_str())
            }
            Self::HoldAmountExceeded { hold, held } => write!(
                f,
                "Hold {hold} holds {held}, less than requested. Capture at most {held}, or set excess to take_available."
            ),
            Self::AlreadyReversed { event, remaining } => {
                write!(f, "Only {remaining} of event {event} are left to reverse. Request at most that amount.")
            }
            Self::NotReversible { event, kind } => {
                write!(
                    f,
                    "Event {event} is a {kind}; only a grant, spend, transfer, capture or expiry can be reversed."
                )
            }
            Self::AboveCeiling { user, coin, ceiling, total } => {
                write!(f, "{user} has {total} {coin} and may have at most {ceiling}. Raise the ceiling, or give less.")
            }
            Self::SpendLimitReached { user, coin, left, needed, resets_at } => {
                write!(
                    f,
                    "The spending limit of {user} leaves {left} {coin} and {needed} are needed. Ask for less, raise the limit, or "
                )?;
                match resets_at {
                    Some(_) => f.write_str("retry at resets_at."),
                    None => f.write_str("end open holds, which count."),
                }
            }
            Self::AccountFrozen { user, coin } => write!(
                f,
                "The {coin} account of {user} is frozen: no coins can be taken from it. To unfreeze it, PUT its limits with frozen: false."
            ),
            Self::UserClosed { user } => write!(f, "User {user} is closed permanently."),
            Self::UserNotEmpty { user, coin, total } => write!(
                f,
                "{user} still has {total} {coin}, an open hold of it, or lots that offset a debt. Spend or transfer the coins, release the holds and settle the debts first."
            ),
            Self::SupplyExhausted { coin, remaining } => {
                write!(
                    f,
                    "The totals of {coin} are limited to 2^53-1, which leaves {remaining}. Request at most that amount."
                )
            }
        }
    }
}
