//! The state that follows from events, as far as a batch needs it: what is not in memory is loaded first. Everything is verified
//! against the balances that the events name.

mod account;
mod holds;
mod movement;
mod needs;
mod reversal;
mod schedules;

use std::collections::{BTreeMap, HashMap};

pub(crate) use account::Account;
pub(crate) use holds::Hold;
pub(crate) use needs::Needs;
pub(crate) use schedules::Schedule;

use crate::batch::{AccountRow, Batch, CoinRow, Entries, LotRow, Reached, State, UserRow, put_event};
use crate::event::Event;
use crate::instant;
use crate::lot::Coins;
use crate::postings::postings;
use crate::rows::{Rows, storable, storable_json};

/// Accounts and schedules in memory, beyond which everything is forgotten and loaded again as it is needed.
pub(crate) const ACCOUNTS_MAX: usize = 1_000_000;
/// Rows of the state, besides those of accounts and lots, beyond which they are due to be written.
const STATE_ROWS_MAX: usize = 500_000;

/// Why an event does not follow from the state.
type Applied = Result<(), String>;

/// The state.
#[derive(Debug, Default)]
pub(crate) struct Fold {
    accounts: Vec<Account>,
    /// The accounts of each user: coin, and place in the list.
    of_user: HashMap<Box<str>, Vec<(u16, u32)>>,
    pub coins: Vec<CoinRow>,
    coins_changed: bool,
    /// The open holds of the accounts in memory.
    holds: BTreeMap<i64, Hold>,
    /// Those that go on, by id: the event that made each, and what it is. Nothing for an id whose schedule is over, whatever the table
    /// still has.
    schedules: HashMap<String, Option<(i64, Schedule)>>,
    /// Whatever is not in memory is not in the tables either.
    pub is_complete: bool,
    dirty: Vec<u32>,
    /// Rows of events that are not taken yet.
    rows: Rows,
    /// Rows of the state that are not taken yet.
    state: State,
    /// What the event that is taken in moves.
    entries: Entries,
    /// The ledger's name, if its first event is in the rows.
    ledger: Option<String>,
    /// How far the tables go with all that was taken.
    pub taken: Reached,
    pub last_event: i64,
    last_at: i64,
}

impl Fold {
    /// The state of tables that go so far, of which nothing but the coins is in memory yet.
    pub(crate) fn after(taken: Reached, coins: Vec<CoinRow>) -> Self {
        let last_event = taken.state;
        Self { coins, taken, last_event, is_complete: last_event == 0, last_at: i64::MIN, ..Self::default() }
    }

    /// Events whose rows are not taken yet.
    pub(crate) fn pending(&self) -> usize {
        self.rows.count
    }

    /// Whether the rows of the state are to be taken now, so that memory is enough.
    pub(crate) fn is_state_due(&self) -> bool {
        self.state.count() > STATE_ROWS_MAX || self.is_full()
    }

    fn is_full(&self) -> bool {
        self.accounts.len().max(self.schedules.len()) > ACCOUNTS_MAX
    }

    /// Takes in the next event.
    ///
    /// # Errors
    /// It does not follow, or this version does not understand it. The state can't be used any more.
    pub(crate) fn apply(&mut self, event: &Event<'_>, text: &str) -> Applied {
        let number = event.number as i64;
        if number != self.last_event + 1 {
            return Err(format!("event {number} came after event {}", self.last_event));
        }
        let at = instant::parse(&event.at).ok_or_else(|| format!("event {number} has the time `{}`", &*event.at))?;
        if at < self.last_at {
            return Err(format!("event {number} is earlier than the one before"));
        }
        (self.last_event, self.last_at) = (number, at);
        self.entries = Entries::default();
        self.carry_out(event, at).map_err(|reason| format!("event {number} ({}): {reason}", event.kind))?;
        // After a break of the first copy some are in the tables already.
        if number > self.taken.event {
            put_event(&mut self.rows, event, at, text, &self.entries);
            if number == 1 {
                self.ledger = Some(event.fingerprint());
            }
        }
        Ok(())
    }

    fn carry_out(&mut self, event: &Event<'_>, at: i64) -> Applied {
        match event.kind {
            "user" => self.put_user(event, at),
            "user_closed" => {
                let user = required(event.user.as_deref(), "user")?;
                self.state.closed.insert(storable(user), (at, self.last_event));
                self.end_schedules_of(user, at);
                Ok(())
            }
            "coin" => {
                let coin = self.coin(required(event.coin.as_deref(), "coin")?);
                self.coins[usize::from(coin)].decimals = required(event.decimals, "decimals")?;
                Ok(())
            }
            "limits" => {
                let (floor, ceiling) = (required(event.floor, "floor")?, required(event.ceiling, "ceiling")?);
                let account = self.account_of(event)?;
                (account.floor, account.ceiling, account.is_frozen) = (floor, ceiling, event.frozen);
                Ok(())
            }
            "thresholds" => {
                let thresholds = event.thresholds.as_ref().map(|amounts| serde_json::json!(amounts).to_string());
                self.put_rule(
                    event,
                    |account| account.thresholds.clone_from(&thresholds),
                    |coin| {
                        coin.thresholds.clone_from(&thresholds);
                    },
                )
            }
            "spend_limit" => {
                let limit = event.amount.map(|amount| {
                    let mut limit = serde_json::json!({"amount": amount, "per": event.per.as_deref()});
                    if let Some(hours) = event.hours {
                        limit["hours"] = hours.into();
                    }
                    limit.to_string()
                });
                self.put_rule(
                    event,
                    |account| account.spend_limit.clone_from(&limit),
                    |coin| {
                        coin.spend_limit.clone_from(&limit);
                    },
                )
            }
            "schedule" => self.put_schedule(event, at),
            "schedule_deleted" | "schedule_paused" | "schedule_resumed" => self.change_schedule(event, at),
            "extend" => self.extend_hold(event),
            // What these say stands in their events alone: keys, webhooks, who leads.
            _ if event.coin.is_none() && postings(event)?.is_empty() => Ok(()),
            _ => self.move_coins(event, at),
        }
    }

    fn put_user(&mut self, event: &Event<'_>, at: i64) -> Applied {
        let id = required(event.user.as_deref(), "user")?;
        let before = self.state.users.get(id);
        let row = UserRow {
            name: event.name.as_deref().map(storable),
            metadata: event.metadata.map(|metadata| storable_json(metadata.get()).into_owned()),
            created_at: before.map_or(at, |row| row.created_at),
            created_event: before.map_or(self.last_event, |row| row.created_event),
            last_event: self.last_event,
        };
        self.state.users.insert(storable(id), row);
        Ok(())
    }

    fn put_rule(
        &mut self,
        event: &Event<'_>,
        of_account: impl FnOnce(&mut Account),
        of_coin: impl FnOnce(&mut CoinRow),
    ) -> Applied {
        if event.user.is_some() {
            of_account(self.account_of(event)?);
        } else {
            let coin = self.coin(required(event.coin.as_deref(), "coin")?);
            of_coin(&mut self.coins[usize::from(coin)]);
        }
        Ok(())
    }

    /// The coin's place, which changes with this event. The first coin of a ledger is made without one.
    fn coin(&mut self, code: &str) -> u16 {
        self.coins_changed = true;
        if let Some(at) = self.coins.iter().position(|coin| coin.code == code) {
            return at as u16;
        }
        let code = code.to_owned();
        let row = CoinRow { code, decimals: 0, issued: 0, spent: 0, expired: 0, thresholds: None, spend_limit: None };
        self.coins.push(row);
        (self.coins.len() - 1) as u16
    }

    /// The account that an event is about, which changes with it.
    fn account_of(&mut self, event: &Event<'_>) -> Result<&mut Account, String> {
        let user = required(event.first_user(), "user")?;
        let coin = self.coin(required(event.coin.as_deref(), "coin")?);
        let at = self.account(user, coin);
        Ok(&mut self.accounts[at as usize])
    }

    fn find_account(&self, user: &str, coin: u16) -> Option<u32> {
        self.of_user.get(user)?.iter().find(|(of, _)| *of == coin).map(|(_, at)| *at)
    }

    /// The place of an account, which changes with this event and is opened if it is not there.
    fn account(&mut self, user: &str, coin: u16) -> u32 {
        let at = match self.find_account(user, coin) {
            Some(at) => at,
            None => self.keep_account(Account::new(user, coin)),
        };
        let account = &mut self.accounts[at as usize];
        account.last_event = self.last_event;
        if !account.is_dirty {
            account.is_dirty = true;
            self.dirty.push(at);
        }
        at
    }

    /// Takes an account into memory.
    pub(crate) fn keep_account(&mut self, account: Account) -> u32 {
        let at = self.accounts.len() as u32;
        match self.of_user.get_mut(&*account.user) {
            Some(accounts) => accounts.push((account.coin, at)),
            None => drop(self.of_user.insert(account.user.clone(), vec![(account.coin, at)])),
        }
        self.accounts.push(account);
        at
    }

    /// Takes an open hold into memory, whose account is there.
    pub(crate) fn keep_hold(&mut self, id: i64, hold: Hold) {
        if let Some(account) = self.find_account(&hold.user, hold.coin) {
            self.accounts[account as usize].holds.insert(id);
            self.holds.insert(id, hold);
        }
    }

    /// Takes an available lot into memory, whose account is there.
    pub(crate) fn keep_lot(&mut self, user: &str, coin: u16, coins: Coins) {
        if let Some(account) = self.find_account(user, coin) {
            self.accounts[account as usize].load(coins);
        }
    }

    /// Takes a schedule into memory, unless what is there is newer.
    pub(crate) fn keep_schedule(&mut self, id: String, made_by: i64, schedule: Schedule) {
        self.schedules.entry(id).or_insert(Some((made_by, schedule)));
    }

    /// The place of a coin that is there.
    pub(crate) fn coin_at(&self, code: &str) -> Option<u16> {
        self.coins.iter().position(|coin| coin.code == code).map(|at| at as u16)
    }

    /// What is to be written: all rows of events, and those of the state or nothing of it.
    pub(crate) fn take_batch(&mut self, last_fingerprint: String, with_state: bool) -> Batch {
        self.taken.event = self.taken.event.max(self.last_event);
        let state = with_state.then(|| self.take_state());
        Batch {
            events: std::mem::take(&mut self.rows),
            state,
            reached: self.taken,
            last_at: self.last_at,
            last_fingerprint,
            ledger: self.ledger.take(),
        }
    }

    fn take_state(&mut self) -> State {
        self.taken.state = self.last_event;
        let mut state = std::mem::take(&mut self.state);
        for at in self.dirty.drain(..) {
            let account = &mut self.accounts[at as usize];
            let (user, coin) = (account.user.to_string(), self.coins[usize::from(account.coin)].code.clone());
            account.is_dirty = false;
            for coins in account.take_changed_lots() {
                state.lots.push(LotRow { user: user.clone(), coin: coin.clone(), coins });
            }
            state.accounts.push(AccountRow {
                user,
                coin,
                total: account.total,
                held: account.held,
                plain: account.plain,
                floor: account.floor,
                ceiling: account.ceiling,
                is_frozen: account.is_frozen,
                thresholds: account.thresholds.clone(),
                spend_limit: account.spend_limit.clone(),
                last_event: account.last_event,
            });
        }
        if std::mem::take(&mut self.coins_changed) {
            state.coins.clone_from(&self.coins);
        }
        if self.is_full() {
            let rows = std::mem::take(&mut self.rows);
            let (coins, ledger) = (std::mem::take(&mut self.coins), self.ledger.take());
            let (taken, last_event, last_at) = (self.taken, self.last_event, self.last_at);
            *self = Self { rows, coins, ledger, taken, last_event, last_at, ..Self::default() };
        }
        state
    }
}

/// A field that events of this kind have.
fn required<T>(field: Option<T>, name: &str) -> Result<T, String> {
    field.ok_or_else(|| format!("it has no {name}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    const EVENTS: [&str; 5] = [
        r#"{"event":1,"kind":"user","user":"ana","name":"Ana","created":true,"at":"2026-11-22T17:15:37.820115Z"}"#,
        r#"{"event":2,"kind":"grant","user":"ana","coin":"toco","amount":5,"expires_at":null,"priority":50,"category":"paid","at":"2026-11-22T17:15:38.820115Z","lots":[{"grant":null,"amount":5}],"balances":{"ana":{"total":5,"held":0,"available":5}}}"#,
        r#"{"event":3,"kind":"webhook_enabled","webhook":"shop","at":"2026-11-22T17:15:39.820115Z"}"#,
        r#"{"event":4,"kind":"spend","user":"ana","coin":"toco","amount":2,"at":"2026-11-22T17:15:40.820115Z","lots":[{"grant":null,"amount":2}],"balances":{"ana":{"total":3,"held":0,"available":3}}}"#,
        r#"{"event":5,"kind":"spend","user":"ana","coin":"toco","amount":2,"at":"2026-11-22T17:15:40.820115Z","lots":[{"grant":null,"amount":2}],"balances":{"ana":{"total":2,"held":0,"available":2}}}"#,
    ];

    fn apply(fold: &mut Fold, number: usize) -> Applied {
        let text = EVENTS[number - 1];
        fold.apply(&Event::parse(text).unwrap(), text)
    }

    #[test]
    fn events_that_are_in_the_tables_are_taken_in_and_not_written_again() {
        let mut fold = Fold::after(Reached { event: 2, state: 0 }, Vec::new());
        for number in 1..=4 {
            apply(&mut fold, number).unwrap();
        }
        assert_eq!(fold.pending(), 2);
        let batch = fold.take_batch("last".to_owned(), false);
        assert_eq!((batch.events.count, batch.reached, batch.ledger), (2, Reached { event: 4, state: 0 }, None));
        assert!(batch.state.is_none());
        let batch = fold.take_batch("last".to_owned(), true);
        let state = batch.state.unwrap();
        assert_eq!((batch.events.count, batch.reached), (0, Reached { event: 4, state: 4 }));
        assert_eq!((state.users.len(), state.grants.len(), state.accounts.len(), state.coins.len()), (1, 1, 1, 1));
        assert_eq!((state.accounts[0].total, state.accounts[0].plain, state.coins[0].spent), (3, 3, 2));
    }

    #[test]
    fn what_does_not_follow_from_the_event_before_is_refused() {
        let mut fold = Fold::after(Reached::default(), Vec::new());
        for number in 1..=4 {
            apply(&mut fold, number).unwrap();
        }
        assert!(apply(&mut fold, 4).unwrap_err().contains("came after"));
        assert!(apply(&mut fold, 5).unwrap_err().contains("ana had 3, -2 makes 1, and the event says 2"));
    }
}
