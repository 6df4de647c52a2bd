//! Taking back an atomic batch that failed half-way, or a batch that was only a dry run.

use crate::ledger::Ledger;
use crate::state::{Account, AccountId, Profile, State, User, UserId};

/// The state as it was. What is small or persistent is kept whole; of the large arrays only the rows that were
/// written.
#[derive(Clone, Debug)]
pub(crate) struct Undo {
    small: State,
    users: usize,
    accounts: usize,
    account_rows: Vec<(AccountId, Account)>,
    user_rows: Vec<(UserId, User, Profile)>,
    keys: Vec<u128>,
}

impl Undo {
    pub(crate) fn new(state: &State) -> Self {
        let small = State {
            users: crate::state::Chunked::default(),
            profiles: crate::state::Chunked::default(),
            order: crate::state::Order::default(),
            accounts: crate::state::Chunked::default(),
            coins: state.coins.clone(),
            coins_have_rules: state.coins_have_rules,
            holds: state.holds.clone(),
            holds_of: state.holds_of.clone(),
            schedules: state.schedules.clone(),
            schedule_ids: state.schedule_ids.clone(),
            schedules_of: state.schedules_of.clone(),
            due: state.due.clone(),
            over: state.over.clone(),
            api_keys: state.api_keys.clone(),
            webhooks: state.webhooks.clone(),
            webhooks_event: state.webhooks_event,
            last_event: state.last_event,
            roster_event: state.roster_event,
            naming: state.naming.clone(),
            now: state.now,
        };
        Self {
            small,
            users: state.users.len(),
            accounts: state.accounts.len(),
            account_rows: Vec::new(),
            user_rows: Vec::new(),
            keys: Vec::new(),
        }
    }

    pub(crate) fn saw_account(&mut self, id: AccountId, row: &Account) {
        if (id.0 as usize) < self.accounts {
            self.account_rows.push((id, row.clone()));
        }
    }

    pub(crate) fn saw_user(&mut self, id: UserId, row: &User, profile: &Profile) {
        if (id.0 as usize) < self.users {
            self.user_rows.push((id, row.clone(), profile.clone()));
        }
    }

    pub(crate) fn saw_key(&mut self, hash: u128) {
        self.keys.push(hash);
    }

    pub(crate) fn restore(self, ledger: &mut Ledger) {
        for hash in self.keys {
            ledger.keys.forget(hash);
        }
        let state = &mut ledger.state;
        for id in (self.users..state.users.len()).rev() {
            // Rows are numbered in u32, so the cast is exact.
            let id = UserId(id as u32);
            ledger.index.remove(&state.users, id);
            let users = &state.users;
            state.order.remove(id.0, |other| users.get(other).id.as_str());
        }
        state.users.truncate(self.users);
        state.profiles.truncate(self.users);
        state.accounts.truncate(self.accounts);
        // Backwards, so that the first row seen, the oldest, is what remains.
        for (id, row) in self.account_rows.into_iter().rev() {
            *state.accounts.get_mut(id.0) = row;
        }
        for (id, row, profile) in self.user_rows.into_iter().rev() {
            *state.users.get_mut(id.0) = row;
            *state.profiles.get_mut(id.0) = profile;
        }
        let State { coins, coins_have_rules, holds, holds_of, schedules, schedule_ids, schedules_of, .. } = self.small;
        let State { webhooks, webhooks_event, .. } = self.small;
        let State { due, over, api_keys, last_event, roster_event, naming, now, .. } = self.small;
        state.coins = coins;
        state.coins_have_rules = coins_have_rules;
        state.holds = holds;
        state.holds_of = holds_of;
        state.schedules = schedules;
        state.schedule_ids = schedule_ids;
        state.schedules_of = schedules_of;
        state.due = due;
        state.over = over;
        state.api_keys = api_keys;
        state.webhooks = webhooks;
        state.webhooks_event = webhooks_event;
        state.last_event = last_event;
        state.roster_event = roster_event;
        state.naming = naming;
        state.now = now;
    }
}
