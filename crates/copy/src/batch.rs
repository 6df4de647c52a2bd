//! What one transaction writes: rows of events, encoded at once, and rows of the state, kept once each as they are when they are written.

use std::collections::BTreeMap;

use crate::details::details;
use crate::event::Event;
use crate::lot::Coins;
use crate::postings::{Party, Posting};
use crate::rows::{Rows, storable_json};

/// A user that was made or described anew.
#[derive(Clone, Debug)]
pub(crate) struct UserRow {
    pub name: Option<String>,
    pub metadata: Option<String>,
    pub created_at: i64,
    pub created_event: i64,
    pub last_event: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct AccountRow {
    pub user: String,
    pub coin: String,
    pub total: i64,
    pub held: i64,
    pub plain: i64,
    pub floor: i64,
    pub ceiling: i64,
    pub is_frozen: bool,
    pub thresholds: Option<String>,
    pub spend_limit: Option<String>,
    pub last_event: i64,
}

/// A lot of an account, as far as it is available; none are left if the amount is 0.
#[derive(Clone, Debug)]
pub(crate) struct LotRow {
    pub user: String,
    pub coin: String,
    pub coins: Coins,
}

#[derive(Clone, Debug)]
pub(crate) struct HoldRow {
    pub user: String,
    pub coin: String,
    pub amount: i64,
    pub captured: i64,
    pub to: Option<String>,
    pub state: &'static str,
    pub expires_at: i64,
    pub created_at: i64,
    pub ended_at: Option<i64>,
    pub lots: Vec<Coins>,
    pub last_event: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct GrantRow {
    pub event: i64,
    pub at: i64,
    pub kind: &'static str,
    pub user: String,
    pub coin: String,
    pub amount: i64,
    pub expires_at: i64,
    pub priority: i16,
    pub category: &'static str,
    pub is_lot: bool,
    pub schedule: Option<String>,
    pub occurrence: Option<i64>,
    pub due_at: Option<i64>,
    pub reference: Option<String>,
}

#[derive(Clone, Debug)]
pub(crate) struct ScheduleRow {
    pub id: String,
    pub user: String,
    pub coin: String,
    pub amount: i64,
    /// What it does, as the API shows it.
    pub plan: String,
    pub state: &'static str,
    pub anchor: i64,
    pub next_at: Option<i64>,
    pub last_at: Option<i64>,
    pub created_at: i64,
    pub ended_at: Option<i64>,
    /// The event of its last grant or rollover, where that is a lot.
    pub last_grant: Option<i64>,
    pub last_event: i64,
}

#[derive(Clone, Debug)]
pub(crate) struct CoinRow {
    pub code: String,
    pub decimals: i16,
    pub issued: i64,
    pub spent: i64,
    pub expired: i64,
    pub thresholds: Option<String>,
    pub spend_limit: Option<String>,
}

/// What an event changed of an account, and what it has then.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub amount: i64,
    pub held: i64,
    pub total_after: i64,
    pub held_after: i64,
}

/// The double entry of an event: the accounts that it names, and what went to the three of the system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Entries {
    /// Of the user whom the event is about.
    pub user: Option<Change>,
    /// Of the other one.
    pub other: Option<Change>,
    pub issued: i64,
    pub spent: i64,
    pub expired: i64,
}

impl Entries {
    /// What an event says. How many held coins it changed is not in it: that follows from the event before.
    pub(crate) fn of(event: &Event<'_>, postings: &[Posting<'_>]) -> Self {
        let sum = |wanted: Party<'_>| {
            postings.iter().filter(|(party, _)| *party == wanted).map(|(_, amount)| amount).sum::<i64>()
        };
        let change = |user: Option<&str>| {
            let (user, balance) = event.balances.0.iter().find(|(named, _)| Some(&**named) == user)?;
            let (total_after, held_after) = (balance.total, balance.held);
            Some(Change { amount: sum(Party::User(user)), held: 0, total_after, held_after })
        };
        let user = change(event.first_user());
        let other = if event.to.as_deref() == event.first_user() { None } else { change(event.to.as_deref()) };
        Self { user, other, issued: sum(Party::Issued), spent: sum(Party::Spent), expired: sum(Party::Expired) }
    }
}

/// The columns of `events`, in the order in which they are written.
pub(crate) const EVENT_COLUMNS: [&str; 25] = [
    "number",
    "at",
    "kind",
    "user_id",
    "counterpart",
    "coin",
    "amount",
    "user_change",
    "user_held_change",
    "user_total",
    "user_held",
    "other_change",
    "other_held_change",
    "other_total",
    "other_held",
    "to_issued",
    "to_spent",
    "to_expired",
    "hold_id",
    "of_event",
    "api_key",
    "schedule_id",
    "reference",
    "idempotency_key",
    "details",
];

/// Adds a row of `events`.
pub(crate) fn put_event(rows: &mut Rows, event: &Event<'_>, at: i64, text: &str, entries: &Entries) {
    rows.row(EVENT_COLUMNS.len() as i16);
    rows.int8(event.number as i64);
    rows.at(at);
    rows.text(event.kind);
    rows.text_or_null(event.first_user());
    rows.text_or_null(event.to.as_deref());
    rows.text_or_null(event.coin.as_deref());
    rows.int8_or_null(event.amount);
    let other_than_0 = |value: i64| (value != 0).then_some(value);
    for change in [entries.user, entries.other] {
        rows.int8_or_null(change.and_then(|change| other_than_0(change.amount)));
        rows.int8_or_null(change.and_then(|change| other_than_0(change.held)));
        rows.int8_or_null(change.map(|change| change.total_after));
        rows.int8_or_null(change.and_then(|change| other_than_0(change.held_after)));
    }
    for amount in [entries.issued, entries.spent, entries.expired] {
        rows.int8_or_null(other_than_0(amount));
    }
    let hold = if event.kind == "hold" { Some(event.number) } else { event.hold };
    rows.int8_or_null(hold.map(|hold| hold as i64));
    rows.int8_or_null(event.of.map(|of| of as i64));
    rows.int8_or_null(event.by.map(i64::from));
    rows.text_or_null(event.schedule.as_deref());
    rows.text_or_null(event.reference.as_deref());
    rows.text_or_null(event.idempotency_key.as_deref());
    match details(event, text) {
        Some(details) => rows.text(&storable_json(&details)),
        None => rows.null(),
    }
}

/// Rows of the tables that say how things are, as far as they changed.
#[derive(Debug, Default)]
pub(crate) struct State {
    pub users: BTreeMap<String, UserRow>,
    /// When, and by which event.
    pub closed: BTreeMap<String, (i64, i64)>,
    pub accounts: Vec<AccountRow>,
    pub lots: Vec<LotRow>,
    pub holds: BTreeMap<i64, HoldRow>,
    pub grants: Vec<GrantRow>,
    /// By grant: how many of its coins were taken back, and how many were added.
    pub grants_changed: BTreeMap<i64, (i64, i64)>,
    pub schedules: BTreeMap<i64, ScheduleRow>,
    pub coins: Vec<CoinRow>,
}

impl State {
    /// How many rows it has. Those of accounts and lots come when it is taken.
    pub(crate) fn count(&self) -> usize {
        self.users.len()
            + self.closed.len()
            + self.holds.len()
            + self.grants.len()
            + self.grants_changed.len()
            + self.schedules.len()
    }
}

/// Up to which event the tables go.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Reached {
    /// The last row of `events`.
    pub event: i64,
    /// The event that all other tables are as of. It is an earlier one only while a ledger is copied for the first time.
    pub state: i64,
}

/// What one transaction writes.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub events: Rows,
    /// Nothing if that is for a later batch.
    pub state: Option<State>,
    /// How far the tables go with it.
    pub reached: Reached,
    pub last_at: i64,
    pub last_fingerprint: String,
    /// The ledger's name, if its first event is in it.
    pub ledger: Option<String>,
}
