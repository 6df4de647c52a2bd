//! What was done: the facts that are written to the log and from which everything else follows.

use crate::amount::{Amount, Micros};
use crate::lot::{Lot, LotAmount, Marks};
use crate::refusal::EndedAs;
use crate::right::Right;
use crate::schedule::{Occurrence, Plan};
use crate::spending::SpendLimit;
use crate::state::{AccountId, CoinId, UserId};
use crate::terms::{Excess, Mode, Taking};
use crate::thresholds::{Crossing, Thresholds};
use crate::webhook::{WebhookChange, WebhookFilter, WebhookSecret};

/// One numbered fact.
#[derive(Clone, Debug, PartialEq)]
pub struct Event<'a> {
    /// 1, 2, 3, ... without gaps.
    pub number: u64,
    /// When its batch was decided; never earlier than the event before.
    pub at: Micros,
    /// The API key of the request; 0 for none, and for events that no request led to.
    pub by: u16,
    /// The idempotency key that names it.
    pub key: Option<Key<'a>>,
    /// The client's JSON object, canonical.
    pub metadata: Option<&'a str>,
    /// What the client called it; of an occurrence and a rollover the schedule that led to it, by its id.
    pub reference: Option<&'a str>,
    /// What happened.
    pub fact: Fact<'a>,
}

/// An idempotency key with its hash under the ledger's seed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Key<'a> {
    /// As the client gave it.
    pub text: &'a str,
    /// The low 80 bits of its keyed hash.
    pub hash: u128,
}

/// What happened.
#[derive(Clone, Debug, PartialEq)]
pub enum Fact<'a> {
    /// A user was made, or name and metadata were replaced.
    UserPut { user: UserId, id: &'a str, name: Option<&'a str>, created: bool },
    /// A user was closed.
    UserClosed { user: UserId },
    /// A coin was made, or its decimals were replaced.
    CoinPut { coin: CoinId, code: &'a str, decimals: u8, created: bool },
    /// An account's limits were replaced. The entry repeats the account's balance.
    LimitsPut { entry: Entry, floor: i64, ceiling: Amount, frozen: bool },
    /// Thresholds were replaced; without any the coin's count again.
    ThresholdsPut { whose: Whose, thresholds: Option<Thresholds> },
    /// A spending limit was replaced; without one the coin's counts again.
    SpendLimitPut { whose: Whose, limit: Option<SpendLimit> },
    /// A schedule was made or replaced. `number` is the event that made it; `next` the occurrence that comes next.
    SchedulePut { number: u64, id: &'a str, user: UserId, coin: CoinId, plan: Plan, anchor: Micros, next: u32 },
    /// A schedule was taken away.
    ScheduleEnded { number: u64, id: &'a str },
    /// A schedule skips occurrences from here on.
    SchedulePaused { number: u64, id: &'a str },
    /// A schedule goes on with this occurrence, or ends if none is left.
    ScheduleResumed { number: u64, id: &'a str, next: Option<u32> },
    /// Coins moved, were reserved or set free.
    Moved(Movement),
    /// A hold ends later.
    HoldExtended { hold: u64, account: AccountId, expires_at: Micros },
    /// A webhook was made or replaced.
    WebhookPut(Box<WebhookPut<'a>>),
    /// A webhook was taken away. `number` is the event that made it.
    WebhookDeleted { number: u64, id: &'a str },
    /// Something about a webhook changed.
    WebhookChanged { number: u64, id: &'a str, change: WebhookChange },
    /// An API key was made.
    KeyCreated { id: u16, name: &'a str, hash: [u8; 32], right: Right, expires_at: Option<Micros> },
    /// An API key was revoked.
    KeyRevoked { id: u16 },
    /// This node leads the group from here on, under this epoch. Changes nothing.
    Leader { epoch: u64, node: &'a str },
}

/// A webhook as it was put.
#[derive(Clone, Debug, PartialEq)]
pub struct WebhookPut<'a> {
    /// The event that made it.
    pub number: u64,
    /// As the client chose it.
    pub id: &'a str,
    /// Where requests go.
    pub url: &'a str,
    /// Which events.
    pub filter: WebhookFilter,
    /// Events in one request, at most.
    pub batch: u16,
    /// What signs requests from here on; none if that stays as it is.
    pub secret: Option<WebhookSecret>,
    /// Whether the client brought the secret.
    pub brought: bool,
    /// From which event on, as the request had it.
    pub from_event: Option<u64>,
    /// The last event that is not delivered.
    pub through: u64,
    /// Whether it is new.
    pub created: bool,
}

/// Whose a rule is.
#[derive(Clone, Debug, PartialEq)]
pub enum Whose {
    /// One account's. The entry repeats its balance.
    Account(Entry),
    /// That of all accounts of a coin that have none of their own.
    Coin(CoinId),
}

/// Coins on the move: double entry by construction, since every leg takes from one place what it gives to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Movement {
    /// Which operation, with its terms.
    pub kind: MovementKind,
    /// The main amount: what the response calls `amount`.
    pub amount: Amount,
    /// The account that [`Place::A`] stands for, as it is afterwards.
    pub a: Entry,
    /// The account that [`Place::B`] stands for, as it is afterwards.
    pub b: Option<Entry>,
    /// Which coins went where.
    pub legs: Legs,
}

/// The kinds of movement, with the terms of each request beyond accounts and amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MovementKind {
    /// From `@issued` to A.
    Grant(GrantTerms),
    /// From A to `@spent`, or to B.
    Spend(SpendTerms),
    /// From A to B.
    Transfer,
    /// From A's available coins into a hold whose id is the event's number.
    Hold(HoldTerms),
    /// From a hold of A to `@spent` or to B, the rest back to A or to `@expired`.
    Capture(CaptureTerms),
    /// From a hold back to A, or to `@expired`.
    Release(HoldEnd),
    /// The same, done by the clock.
    HoldExpired(HoldEnd),
    /// From lots of A to `@expired`, done by the clock.
    LotExpired,
    /// Coins of A, available and held, from one lot into another, done by the clock.
    Rollover(RolloverTerms),
    /// What the last occurrence of a schedule granted follows a change of the schedule.
    Adjustment(AdjustmentTerms),
    /// Back to A (from B, or from `@spent`), or from A to `@issued` for a grant.
    Reverse(ReverseTerms),
}

/// The terms of a grant's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GrantTerms {
    /// The marks of the new coins.
    pub marks: Marks,
    /// Whether the coins were to stay a lot of their own, even without marks.
    pub lot: bool,
    /// The occurrence of a schedule that it is, done by the clock.
    pub occurrence: Option<Occurrence>,
}

/// What of an occurrence goes on when the next one comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AdjustmentTerms {
    /// The event that made the schedule.
    pub schedule: u64,
    /// When the schedule was changed.
    pub due_at: Micros,
    /// The lot of the last occurrence; plain if its coins are.
    pub lot: Lot,
    /// What it had granted until then, by the schedule.
    pub before: Amount,
    /// What it grants from then on.
    pub scheduled: Amount,
    /// How much is left to reverse of the event of that occurrence: what an adjustment takes back of it can't be reversed again.
    pub remaining: Amount,
}

/// What went on of an occurrence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RolloverTerms {
    /// The event that made the schedule.
    pub schedule: u64,
    /// The occurrence that comes.
    pub number: u32,
    /// When it was due.
    pub due_at: Micros,
    /// The lot of the occurrence before.
    pub from: Lot,
    /// The lot in which its coins go on.
    pub to: Lot,
}

/// The terms of a spend's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpendTerms {
    /// The requested amount; more than the amount taken only with [`Mode::UpTo`].
    pub requested: Amount,
    /// Exact or up to.
    pub mode: Mode,
}

/// The terms of a hold's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldTerms {
    /// When it ends by itself.
    pub expires_at: Micros,
    /// The requested timeout, in seconds; `None` if an instant was given.
    pub timeout_s: Option<u32>,
    /// Who gets what is captured; `None` is `@spent`.
    pub to: Option<UserId>,
}

/// The terms of a capture's request, and what is left of the hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CaptureTerms {
    /// The hold.
    pub hold: u64,
    /// The requested amount; `None` meant all that is held.
    pub requested: Option<Amount>,
    /// Whether the hold was to end with it.
    pub last: bool,
    /// What to do about more than is held.
    pub excess: Excess,
    /// Still held afterwards; 0 when the hold has ended.
    pub held: Amount,
    /// Whether the hold has ended: `last`, or nothing left.
    pub ended: bool,
}

/// How a hold ended without a capture.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HoldEnd {
    /// The hold.
    pub hold: u64,
}

/// The terms of a reversal's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReverseTerms {
    /// The event that is reversed.
    pub of: u64,
    /// Its kind, one of the four reversible ones.
    pub of_kind: &'static str,
    /// The requested amount; `None` meant all that was left.
    pub requested: Option<Amount>,
    /// New expiry for coins whose lot has expired meanwhile.
    pub renew_expires_at: Option<Micros>,
    /// How much of the event is left to reverse.
    pub remaining: Amount,
    /// What to do about coins that are no longer there.
    pub taking: Taking,
    /// How much was no longer there and is owed.
    pub debt: Amount,
    /// When the coins were spent, if the account they return to has a spending limit, of which they are given back.
    pub spent_at: Option<Micros>,
}

/// One account's line in an event: its balance afterwards and its place in the account's history.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Whose.
    pub account: AccountId,
    /// Set when the account comes into being with this event.
    pub opens: Option<(UserId, CoinId)>,
    /// Total after the event: available and held.
    pub total: i64,
    /// Held after the event.
    pub held: Amount,
    /// Number of the account's event before this one; 0 for none.
    pub prev: u64,
    /// Number of an event further back: the last multiple of 64 in the account's own count, or, for those, the
    /// skip among them (see `docs/file-format.md`); 0 for none.
    pub skip: u64,
    /// All available lots afterwards, at every 64th entry of an account that has any.
    pub lots: Option<Box<[LotAmount]>>,
    /// The thresholds that its available coins went across, in the order in which they were met.
    pub crossed: Option<Box<[Crossing]>>,
}

/// Where coins come from and go to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// `@issued`.
    Issued,
    /// `@spent`.
    Spent,
    /// `@expired`.
    Expired,
    /// Available coins of the movement's account A.
    A,
    /// Available coins of the movement's account B.
    B,
    /// Coins of A that the movement's hold reserves.
    Hold,
}

/// Coins from one place to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Leg {
    /// Where they come from.
    pub from: Place,
    /// Where they go.
    pub to: Place,
    /// How many.
    pub amount: Amount,
    /// The lots; empty means `amount` plain coins.
    pub lots: Vec<LotAmount>,
}

/// The legs of a movement: nearly always one, without an allocation.
#[derive(Clone, Debug, PartialEq)]
pub struct Legs {
    /// The main leg.
    pub first: Leg,
    /// The others: released, expired or excess coins.
    pub rest: Vec<Leg>,
}

impl Legs {
    /// All legs in order.
    pub fn iter(&self) -> impl Iterator<Item = &Leg> {
        core::iter::once(&self.first).chain(&self.rest)
    }

    /// How many coins went from one place to another.
    #[must_use]
    pub fn amount(&self, from: Place, to: Place) -> Amount {
        self.iter().filter(|leg| leg.from == from && leg.to == to).map(|leg| leg.amount).sum()
    }
}

impl Leg {
    /// A leg of plain coins.
    #[must_use]
    pub fn plain(from: Place, to: Place, amount: Amount) -> Self {
        Self { from, to, amount, lots: Vec::new() }
    }
}

impl Event<'_> {
    /// The word the API uses for the event's kind.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.fact {
            Fact::UserPut { .. } => "user",
            Fact::UserClosed { .. } => "user_closed",
            Fact::CoinPut { .. } => "coin",
            Fact::LimitsPut { .. } => "limits",
            Fact::ThresholdsPut { .. } => "thresholds",
            Fact::SpendLimitPut { .. } => "spend_limit",
            Fact::SchedulePut { .. } => "schedule",
            Fact::ScheduleEnded { .. } => "schedule_deleted",
            Fact::SchedulePaused { .. } => "schedule_paused",
            Fact::ScheduleResumed { .. } => "schedule_resumed",
            Fact::Moved(movement) => movement.kind.as_str(),
            Fact::HoldExtended { .. } => "extend",
            Fact::WebhookPut(_) => "webhook",
            Fact::WebhookDeleted { .. } => "webhook_deleted",
            Fact::WebhookChanged { change, .. } => change.as_str(),
            Fact::KeyCreated { .. } => "key",
            Fact::KeyRevoked { .. } => "key_revoked",
            Fact::Leader { .. } => "leader",
        }
    }
}

impl Event<'_> {
    /// Whether an account's available coins went across a threshold.
    #[must_use]
    pub fn has_crossed(&self) -> bool {
        let Fact::Moved(movement) = &self.fact else { return false };
        core::iter::once(&movement.a).chain(&movement.b).any(|entry| entry.crossed.is_some())
    }
}

impl MovementKind {
    /// The word the API uses.
    #[must_use]
    pub fn as_str(&self) -> &'static str {
        match self {
            Self::Grant(_) => "grant",
            Self::Spend(_) => "spend",
            Self::Transfer => "transfer",
            Self::Hold(_) => "hold",
            Self::Capture(_) => "capture",
            Self::Release(_) => "release",
            Self::HoldExpired(_) => "hold_expired",
            Self::LotExpired => "expire",
            Self::Rollover(_) => "rollover",
            Self::Adjustment(_) => "adjustment",
            Self::Reverse(_) => "reverse",
        }
    }

    /// How a hold ends by a movement of this kind, if it does.
    #[must_use]
    pub fn ends_hold(&self) -> Option<(u64, EndedAs)> {
        match self {
            Self::Capture(terms) if terms.ended => Some((terms.hold, EndedAs::Captured)),
            Self::Release(end) => Some((end.hold, EndedAs::Released)),
            Self::HoldExpired(end) => Some((end.hold, EndedAs::Expired)),
            _ => None,
        }
    }
}

impl MovementKind {
    /// The hold that a movement of this kind, as event `number`, fills or draws on.
    #[must_use]
    pub fn hold(&self, number: u64) -> Option<u64> {
        match self {
            Self::Hold(_) => Some(number),
            Self::Capture(terms) => Some(terms.hold),
            Self::Release(end) | Self::HoldExpired(end) => Some(end.hold),
            _ => None,
        }
    }

    /// The lot from which coins that a leg names are taken at a place.
    #[must_use]
    pub fn taken_lot(&self, place: Place, named: Lot) -> Lot {
        if place == Place::B && self.b_is_plain() { Lot::PLAIN } else { named }
    }

    /// The lot into which coins that a leg names are given at a place.
    #[must_use]
    pub fn given_lot(&self, place: Place, named: Lot) -> Lot {
        match self {
            Self::Rollover(terms) => terms.to,
            _ => self.taken_lot(place, named),
        }
    }

    /// Whether it reverses a transfer.
    pub(crate) fn is_transfer_back(&self) -> bool {
        matches!(self, Self::Reverse(terms) if terms.of_kind == "transfer")
    }

    /// Whether account B deals in plain coins: what is paid to it by a spend or a capture arrives as plain coins,
    /// however short-lived the payer's were, and goes back out of plain coins.
    #[must_use]
    pub fn b_is_plain(&self) -> bool {
        match self {
            Self::Spend(_) | Self::Capture(_) => true,
            Self::Reverse(terms) => matches!(terms.of_kind, "spend" | "capture"),
            _ => false,
        }
    }
}

impl Leg {
    /// The coins by lot; plain ones as one part.
    pub fn parts(&self) -> impl Iterator<Item = LotAmount> {
        let plain =
            (self.lots.is_empty() && self.amount > 0).then_some(LotAmount { lot: Lot::PLAIN, amount: self.amount });
        plain.into_iter().chain(self.lots.iter().copied())
    }
}

impl Leg {
    /// A leg of these coins, which are not more than can be counted.
    pub(crate) fn of_lots(from: Place, to: Place, lots: Vec<LotAmount>) -> Self {
        let amount = lots.iter().map(|part| part.amount).sum();
        let mut leg = Self { from, to, amount, lots };
        leg.forget_plain();
        leg
    }

    /// Plain coins alone need no list.
    pub(crate) fn forget_plain(&mut self) {
        if self.lots.iter().all(|part| part.lot.is_plain()) {
            self.lots = Vec::new();
        }
    }
}
