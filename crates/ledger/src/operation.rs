//! The operations of the ledger.

use crate::amount::{Amount, Micros};
use crate::event::Event;
use crate::lot::Marks;
use crate::right::Right;
use crate::schedule::Plan;
use crate::spending::SpendLimit;
use crate::terms::{Excess, Mode, Taking};
use crate::thresholds::Thresholds;
use crate::webhook::{PutWebhook, WebhookChange};

/// A hold without a time of its own ends after this many seconds.
pub const HOLD_TIMEOUT_S_DEFAULT: u32 = 900;
/// No hold lasts longer than 400 days from when it is made or extended.
pub const HOLD_TIMEOUT_S_MAX: u32 = 400 * 86_400;

/// One operation and what travels with it.
#[derive(Clone, Debug)]
pub struct Request<'a> {
    /// What to do.
    pub operation: Operation<'a>,
    /// Names the operation permanently: a repeated request under the same key is replayed, not applied again.
    pub key: Option<&'a str>,
    /// The client's own words about it: a JSON object in canonical form.
    pub metadata: Option<&'a str>,
    /// What the client calls it, such as the number of an order: its events are found by it.
    pub reference: Option<&'a str>,
    /// The API key of the request; 0 if none was needed.
    pub by: u16,
}

/// Everything that can change a ledger.
#[derive(Clone, Debug)]
pub enum Operation<'a> {
    /// Makes a user, or replaces name and metadata of one.
    PutUser { user: &'a str, name: Option<&'a str> },
    /// Closes a user who has no coins and no open hold, permanently.
    CloseUser { user: &'a str },
    /// Makes a coin, or replaces its decimals.
    PutCoin { coin: &'a str, decimals: u8 },
    /// Replaces floor, ceiling and frozen of an account.
    PutLimits { user: &'a str, coin: &'a str, floor: i64, ceiling: Amount, frozen: bool },
    /// Replaces the thresholds of an account, or those of all accounts of a coin that have none of their own.
    PutThresholds { user: Option<&'a str>, coin: &'a str, thresholds: Option<Thresholds> },
    /// Replaces the spending limit of an account, or that of all accounts of a coin that have none of their own.
    PutSpendLimit { user: Option<&'a str>, coin: &'a str, limit: Option<SpendLimit> },
    /// New coins from `@issued`. With `lot` they stay a lot of their own, even without marks.
    Grant { user: &'a str, coin: &'a str, amount: Amount, marks: Marks, lot: bool },
    /// Coins to `@spent`, or to the user `to`.
    Spend { user: &'a str, coin: &'a str, amount: Amount, to: Option<&'a str>, mode: Mode },
    /// Coins from user to user, lots keeping their marks.
    Transfer { from: &'a str, to: &'a str, coin: &'a str, amount: Amount },
    /// Reserves coins.
    Hold { user: &'a str, coin: &'a str, amount: Amount, until: Until, to: Option<&'a str> },
    /// Moves held coins to where the hold leads. No amount means all that is held.
    Capture { hold: u64, amount: Option<Amount>, last: bool, excess: Excess },
    /// Gives held coins back.
    Release { hold: u64 },
    /// Moves the end of a hold further away.
    Extend { hold: u64, expires_at: Micros },
    /// Moves coins of an earlier event back. `original` is that event as it was written, which the caller reads
    /// from the log. No amount means all that is left to reverse.
    Reverse {
        event: u64,
        original: Option<&'a Original<'a>>,
        amount: Option<Amount>,
        renew_expires_at: Option<Micros>,
        taking: Taking,
    },
    /// Makes a schedule, or replaces what it does from its next occurrence on.
    PutSchedule { schedule: &'a str, user: &'a str, coin: &'a str, plan: Plan },
    /// Takes a schedule away. What it granted stays.
    EndSchedule { schedule: &'a str },
    /// Skips occurrences until it is resumed.
    PauseSchedule { schedule: &'a str },
    /// Goes on with the first occurrence from now on.
    ResumeSchedule { schedule: &'a str },
    /// Makes a webhook, or replaces what it gets and where.
    PutWebhook(Box<PutWebhook<'a>>),
    /// Takes a webhook away.
    DeleteWebhook { webhook: &'a str },
    /// Changes a webhook: what its deliveries came to, or what somebody asked for.
    ChangeWebhook { webhook: &'a str, change: WebhookChange },
    /// Makes an API key.
    CreateKey(CreateKey<'a>),
    /// Revokes an API key, permanently.
    RevokeKey { id: u16 },
}

/// An event as read back from the log.
pub type Original<'a> = Event<'a>;

/// What a new API key is to be.
#[derive(Clone, Copy, Debug)]
pub struct CreateKey<'a> {
    /// What people call it.
    pub name: &'a str,
    /// Hash of the secret; the ledger never sees the secret itself.
    pub hash: [u8; 32],
    /// What it may do.
    pub right: Right,
    /// When it stops working.
    pub expires_at: Option<Micros>,
}

/// When a hold ends by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Until {
    /// At this instant.
    At(Micros),
    /// This many seconds after it is made.
    InSeconds(u32),
}
