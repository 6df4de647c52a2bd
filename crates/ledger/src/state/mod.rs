//! What the ledger knows: users, coins, accounts, holds, what expires when.
//!
//! A state is a value: cloning it costs a few pointers per thousand rows, and the clone stays as it is while
//! the original moves on. That is how snapshots, long listings and undo work without stopping the writer.

mod account;
mod chunked;
mod coin;
mod hold;
mod keys;
mod naming;
mod order;
mod over;
mod schedules;
mod spending;
mod user;
mod webhooks;

pub use account::{Account, AccountBalance, AccountId, Balance, Limits};
pub use coin::{Coin, CoinId};
pub use hold::{Due, Hold};
pub use naming::NAMED_TOGETHER;
pub use schedules::Schedule;
pub use spending::Spending;
pub use user::{User, UserId};
pub use webhooks::Webhook;

pub(crate) use account::{ENTRIES_PER_MILESTONE, More};
pub(crate) use chunked::Chunked;
pub use keys::KeyHasher;
pub(crate) use keys::Keys;
pub(crate) use naming::Naming;
pub(crate) use order::Order;
pub use over::Generation;
pub(crate) use over::Over;
pub use user::Profile;
pub(crate) use user::UserIndex;

use crate::amount::{Amount, Micros};
use crate::refusal::EndedAs;
use crate::right::Right;
use compact_str::CompactString;
use core::ops::Bound;
use std::sync::Arc;

/// An API key as the ledger keeps it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiKey {
    /// What people call it.
    pub name: Box<str>,
    /// Hash of the secret.
    pub hash: [u8; 32],
    /// What it may do.
    pub right: Right,
    /// When it was made.
    pub created_at: Micros,
    /// When it stops working.
    pub expires_at: Option<Micros>,
    /// When it was revoked.
    pub revoked_at: Option<Micros>,
}

/// Everything that follows from the events so far, but for the two hash indexes that can be rebuilt from it
/// (users by id) or from the log (idempotency keys).
#[derive(Clone, Debug, Default)]
pub struct State {
    pub(crate) users: Chunked<User>,
    pub(crate) profiles: Chunked<Profile>,
    pub(crate) order: Order,
    pub(crate) accounts: Chunked<Account>,
    pub(crate) coins: Vec<Coin>,
    /// Whether any coin has thresholds or a spending limit. Not stored: it follows from the coins.
    pub(crate) coins_have_rules: bool,
    pub(crate) holds: imbl::OrdMap<u64, Hold>,
    /// Open holds by account. Not stored: it follows from the holds.
    pub(crate) holds_of: imbl::OrdSet<(AccountId, u64)>,
    /// By the event that made each.
    pub(crate) schedules: imbl::OrdMap<u64, Arc<Schedule>>,
    /// By id, and by user. Not stored: they follow from the schedules.
    pub(crate) schedule_ids: imbl::OrdMap<CompactString, u64>,
    pub(crate) schedules_of: imbl::OrdSet<(UserId, u64)>,
    pub(crate) due: imbl::OrdSet<(Micros, Due)>,
    pub(crate) api_keys: Vec<ApiKey>,
    /// By id.
    pub(crate) webhooks: imbl::OrdMap<CompactString, Arc<Webhook>>,
    /// Known only for events since the start: nothing older is needed.
    pub(crate) webhooks_event: u64,
    /// Not stored: what is here is in the log, and soon in tables.
    pub(crate) over: Over,
    pub(crate) last_event: u64,
    /// Likewise.
    pub(crate) roster_event: u64,
    /// Likewise.
    pub(crate) naming: Naming,
    pub(crate) now: Micros,
}

impl State {
    /// Number of the last event applied; 0 in a new ledger.
    #[must_use]
    pub fn last_event(&self) -> u64 {
        self.last_event
    }

    /// The last event that created, renamed or closed a user, or created an account. A cached list of users is valid
    /// if neither this nor [`Account::last_event`] of an account in it has changed. Not stored: everything in a
    /// snapshot counts as event 0.
    #[must_use]
    pub fn roster_event(&self) -> u64 {
        self.roster_event
    }

    /// The event that is being applied changes the roster.
    pub(crate) fn note_roster(&mut self) {
        self.roster_event = self.last_event;
    }

    /// The last event that created or renamed one of the users `run * NAMED_TOGETHER` up to the next multiple of
    /// [`NAMED_TOGETHER`]. A copy of their ids and names is valid as long as this has not changed. Not stored: everything
    /// in a snapshot counts as event 0.
    #[must_use]
    pub fn naming_event(&self, run: usize) -> u64 {
        self.naming.event(run)
    }

    /// The event that is being applied creates or renames a user.
    pub(crate) fn note_naming(&mut self, user: UserId) {
        self.note_roster();
        self.naming.note(user, self.last_event);
    }

    /// Time of the last event applied.
    #[must_use]
    pub fn now(&self) -> Micros {
        self.now
    }

    /// How many users there are, closed ones included.
    #[must_use]
    pub fn user_count(&self) -> usize {
        self.users.len()
    }

    /// How many accounts there are.
    #[must_use]
    pub fn account_count(&self) -> usize {
        self.accounts.len()
    }

    /// The coins, in the order they were made.
    #[must_use]
    pub fn coins(&self) -> &[Coin] {
        &self.coins
    }

    /// The coin with this code.
    #[must_use]
    pub fn coin_by_code(&self, code: &str) -> Option<CoinId> {
        let at = self.coins.iter().position(|coin| coin.code == code)?;
        u16::try_from(at).ok().map(CoinId)
    }

    /// The coin `id`.
    #[must_use]
    pub fn coin(&self, id: CoinId) -> &Coin {
        &self.coins[usize::from(id.0)]
    }

    /// The user `id`.
    #[must_use]
    pub fn user(&self, id: UserId) -> &User {
        self.users.get(id.0)
    }

    /// Display name and metadata of a user.
    #[must_use]
    pub fn profile(&self, id: UserId) -> &Profile {
        self.profiles.get(id.0)
    }

    /// The account `id`.
    #[must_use]
    pub fn account(&self, id: AccountId) -> &Account {
        self.accounts.get(id.0)
    }

    /// A user's account of a coin, if it has come into being.
    #[must_use]
    pub fn account_of(&self, user: UserId, coin: CoinId) -> Option<AccountId> {
        self.accounts_of(user).find(|id| self.account(*id).coin == coin)
    }

    /// A user's accounts, the oldest last.
    pub fn accounts_of(&self, user: UserId) -> impl Iterator<Item = AccountId> {
        let mut next = self.user(user).account();
        core::iter::from_fn(move || {
            let id = next?;
            next = self.account(id).next;
            Some(id)
        })
    }

    /// Users in the order of their ids, from the first that is at least `from`.
    pub fn users_from(&self, from: &str) -> impl Iterator<Item = UserId> {
        self.order.from(from, |id| self.user(UserId(id)).id.as_str()).map(UserId)
    }

    /// An open hold.
    #[must_use]
    pub fn hold(&self, id: u64) -> Option<&Hold> {
        self.holds.get(&id)
    }

    /// How a hold that lately ended did so, and by which event. Of one that ended long ago only the log knows.
    #[must_use]
    pub fn ended_hold(&self, id: u64) -> Option<(EndedAs, u64)> {
        self.over.ended_hold(id)
    }

    /// Open holds, the oldest first.
    pub fn open_holds(&self) -> impl Iterator<Item = (u64, &Hold)> {
        self.holds.iter().map(|(id, hold)| (*id, hold))
    }

    /// Open holds with numbers above `after`, the oldest first.
    pub fn open_holds_after(&self, after: u64) -> impl Iterator<Item = (u64, &Hold)> {
        self.holds.range((Bound::Excluded(after), Bound::Unbounded)).map(|(id, hold)| (*id, hold))
    }

    /// The open holds of an account with numbers above `after`, the oldest first.
    pub fn open_holds_of(&self, account: AccountId, after: u64) -> impl Iterator<Item = u64> {
        let range = (Bound::Excluded((account, after)), Bound::Included((account, u64::MAX)));
        self.holds_of.range(range).map(|(_, id)| *id)
    }

    /// How many holds are open.
    #[must_use]
    pub fn open_hold_count(&self) -> usize {
        self.holds.len()
    }

    /// The next instant at which a hold or a lot expires, or a schedule has an occurrence.
    #[must_use]
    pub fn next_due(&self) -> Option<Micros> {
        self.due.get_min().map(|(at, _)| *at)
    }

    /// What expires or comes before `until`, soonest first.
    pub fn due_before(&self, until: Micros) -> impl Iterator<Item = (Micros, Due)> {
        self.due.iter().copied().take_while(move |(at, _)| *at < until)
    }

    /// How much of an event is left to reverse, if some of it was reversed lately.
    #[must_use]
    pub fn remaining(&self, event: u64) -> Option<Amount> {
        self.over.remaining(event)
    }

    /// How many ended holds, partly reversed events and mentions are in memory.
    #[must_use]
    pub fn over_count(&self) -> usize {
        self.over.len()
    }

    /// The API keys; a key's id is its place here plus one.
    pub fn api_keys(&self) -> impl Iterator<Item = (u16, &ApiKey)> {
        (1..=u16::MAX).zip(&self.api_keys)
    }

    /// The sum of all balances of a coin, system accounts included, counted afresh over all accounts: 0 unless
    /// something is badly wrong. Takes about 5 ns an account.
    #[must_use]
    pub fn sums_of_all_balances(&self) -> Vec<i128> {
        let mut sums: Vec<i128> = self
            .coins
            .iter()
            .map(|coin| i128::from(coin.spent) + i128::from(coin.expired) - i128::from(coin.issued))
            .collect();
        for account in self.accounts.iter() {
            sums[usize::from(account.coin.0)] += i128::from(account.total());
        }
        sums
    }
}
