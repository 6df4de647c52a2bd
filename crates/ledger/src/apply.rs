//! Applying an event: the only code that changes the state.
//!
//! Applying verifies everything: an event that does not follow from the state before it (a wrong number, a
//! balance that differs from the computed one) is [`Inconsistent`]. In a replay of the log this means
//! that the log was not written by this program.

mod holds;
mod mentions;
mod schedules;
mod webhooks;

use crate::amount::{Amount, MAX_AMOUNT, Micros};
use crate::decide::limits;
use crate::event::{Entry, Event, Fact, GrantTerms, Leg, Movement, MovementKind, Place, ReverseTerms, Whose};
use crate::ledger::Ledger;
use crate::lot::Lot;
use crate::names;
use crate::spending::Spent;
use crate::state::{Account, AccountId, ApiKey, Coin, CoinId, Due, Hold, Profile, User, UserId};
use core::fmt;

/// An event that can't follow from the events before it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Inconsistent {
    /// The event's number.
    pub event: u64,
    /// What does not fit.
    pub reason: &'static str,
}

impl fmt::Display for Inconsistent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "event {} does not follow from those before it: {}", self.event, self.reason)
    }
}

impl std::error::Error for Inconsistent {}

type Applied = Result<(), &'static str>;

impl Ledger {
    /// Carries out `event`, which must be the next one.
    ///
    /// # Errors
    /// [`Inconsistent`]; the state is then unusable, since the event may be half done.
    pub fn apply(&mut self, event: &Event<'_>) -> Result<(), Inconsistent> {
        self.apply_fact(event).map_err(|reason| Inconsistent { event: event.number, reason })
    }

    fn apply_fact(&mut self, event: &Event<'_>) -> Applied {
        if event.number != self.state.last_event + 1 {
            return Err("its number is not the next one");
        }
        if event.at < self.state.now {
            return Err("its time is before the last event's");
        }
        self.state.last_event = event.number;
        self.state.now = event.at;
        if let Some(key) = &event.key {
            if !self.keys.insert(key.hash, event.number) {
                return Err("its idempotency key names another event");
            }
            if let Some(undo) = &mut self.undo {
                undo.saw_key(key.hash);
            }
        }
        if event.reference.is_some() {
            self.note_names(event);
        }
        match &event.fact {
            Fact::Moved(movement) => self.apply_movement(event.number, event.at, movement),
            Fact::UserPut { user, id, name, created } => self.put_user(event, *user, id, *name, *created),
            Fact::UserClosed { user } => {
                self.user_mut(*user)?.closed = true;
                self.state.note_roster();
                self.state.drop_schedules_of(*user);
                Ok(())
            }
            Fact::CoinPut { coin, code, decimals, created } => self.put_coin(*coin, code, *decimals, *created),
            Fact::LimitsPut { entry, floor, ceiling, frozen } => {
                if !limits::are_allowed(*floor, *ceiling) {
                    return Err("a limit is out of bounds");
                }
                let account = self.account_for(entry)?;
                let limits = &mut account.more_mut().limits;
                limits.floor = *floor;
                limits.ceiling = *ceiling;
                limits.frozen = *frozen;
                close_entry(account, entry, event.number)
            }
            Fact::ThresholdsPut { whose: Whose::Account(entry), thresholds } => {
                let account = self.account_for(entry)?;
                account.more_mut().thresholds.clone_from(thresholds);
                close_entry(account, entry, event.number)
            }
            Fact::ThresholdsPut { whose: Whose::Coin(coin), thresholds } => {
                self.coin_mut(*coin)?.thresholds.clone_from(thresholds);
                self.state.note_coins_rules();
                Ok(())
            }
            Fact::SpendLimitPut { whose: Whose::Account(entry), limit } => {
                let account = self.account_for(entry)?;
                account.more_mut().spend_limit = *limit;
                close_entry(account, entry, event.number)
            }
            Fact::SpendLimitPut { whose: Whose::Coin(coin), limit } => {
                self.coin_mut(*coin)?.spend_limit = *limit;
                self.state.note_coins_rules();
                Ok(())
            }
            Fact::HoldExtended { hold, account, expires_at } => self.extend_hold(*hold, *account, *expires_at),
            Fact::SchedulePut { number, id, user, coin, plan, anchor, next } => {
                self.note_schedule(event.number, id);
                self.put_schedule((event.number, event.at), *number, id, (*user, *coin), plan, (*anchor, *next))
            }
            Fact::ScheduleEnded { number, id } => {
                self.note_schedule(event.number, id);
                self.schedule_of_id(*number, id)?;
                self.state.drop_schedule(*number);
                Ok(())
            }
            Fact::SchedulePaused { number, id } => {
                self.note_schedule(event.number, id);
                self.pause_schedule(*number, id)
            }
            Fact::ScheduleResumed { number, id, next } => {
                self.note_schedule(event.number, id);
                self.resume_schedule(*number, id, *next)
            }
            Fact::WebhookPut(_) | Fact::WebhookDeleted { .. } | Fact::WebhookChanged { .. } => {
                self.apply_webhook(event)
            }
            Fact::KeyCreated { id, name, hash, right, expires_at } => {
                if usize::from(*id) != self.state.api_keys.len() + 1 {
                    return Err("the API key's id is not the next one");
                }
                self.state.api_keys.push(ApiKey {
                    name: (*name).into(),
                    hash: *hash,
                    right: *right,
                    created_at: event.at,
                    expires_at: *expires_at,
                    revoked_at: None,
                });
                Ok(())
            }
            Fact::KeyRevoked { id } => {
                let at = usize::from(*id).checked_sub(1).ok_or("there is no API key 0")?;
                // Revoked again, it was still useless from the first time on.
                self.state.api_keys.get_mut(at).ok_or("there is no such API key")?.revoked_at.get_or_insert(event.at);
                Ok(())
            }
            Fact::Leader { epoch: _, node } if names::may_name_node(node) => Ok(()),
            Fact::Leader { .. } => Err("the node's name is empty or too long"),
        }
    }

    fn user_mut(&mut self, id: UserId) -> Result<&mut User, &'static str> {
        let state = &mut self.state;
        let row = state.users.find(id.0).ok_or("there is no such user")?;
        if let Some(undo) = &mut self.undo {
            undo.saw_user(id, row, state.profiles.get(id.0));
        }
        Ok(state.users.get_mut(id.0))
    }

    fn account_mut(&mut self, id: AccountId) -> Result<&mut Account, &'static str> {
        if let Some(undo) = &mut self.undo {
            undo.saw_account(id, self.state.accounts.find(id.0).ok_or("there is no such account")?);
        }
        if id.0 as usize >= self.state.accounts.len() {
            return Err("there is no such account");
        }
        Ok(self.state.accounts.get_mut(id.0))
    }

    fn put_user(&mut self, event: &Event<'_>, user: UserId, id: &str, name: Option<&str>, created: bool) -> Applied {
        let metadata = event.metadata.map(Into::into);
        let name = name.map(Into::into);
        if !created {
            if self.user_mut(user)?.id != id {
                return Err("the user has another id");
            }
            self.state.note_naming(user);
            let profile = self.state.profiles.get_mut(user.0);
            profile.name = name;
            profile.metadata = metadata;
            return Ok(());
        }
        if user.0 as usize != self.state.users.len() {
            return Err("the user's number is not the next one");
        }
        if !self.index.insert(&self.state.users, id, user) {
            return Err("there is a user of that id already");
        }
        self.state.note_naming(user);
        self.state.users.push(User::new(id.into()));
        self.state.profiles.push(Profile { name, metadata, created_at: event.at });
        let users = &self.state.users;
        self.state.order.insert(user.0, |other| users.get(other).id.as_str());
        Ok(())
    }

    fn put_coin(&mut self, coin: CoinId, code: &str, decimals: u8, created: bool) -> Applied {
        let at = usize::from(coin.0);
        if created {
            if at != self.state.coins.len() {
                return Err("the coin's number is not the next one");
            }
            if self.state.coin_by_code(code).is_some() {
                return Err("there is a coin of that code already");
            }
            self.state.coins.push(Coin::new(code, decimals));
            return Ok(());
        }
        let row = self.state.coins.get_mut(at).filter(|row| row.code == code).ok_or("there is no such coin")?;
        row.decimals = decimals;
        Ok(())
    }

    fn coin_mut(&mut self, id: CoinId) -> Result<&mut Coin, &'static str> {
        self.state.coins.get_mut(usize::from(id.0)).ok_or("there is no such coin")
    }

    /// The account of an entry, opened if the entry says so.
    fn account_for(&mut self, entry: &Entry) -> Result<&mut Account, &'static str> {
        if let Some((user, coin)) = entry.opens {
            if entry.account.0 as usize != self.state.accounts.len() {
                return Err("the account's number is not the next one");
            }
            if usize::from(coin.0) >= self.state.coins.len() {
                return Err("there is no such coin");
            }
            let row = self.user_mut(user)?;
            if row.account().is_some() && self.state.account_of(user, coin).is_some() {
                return Err("the user has an account of that coin already");
            }
            let row = self.state.users.get_mut(user.0);
            let next = row.account();
            row.set_account(Some(entry.account));
            self.state.accounts.push(Account { user, coin, next, ..Account::default() });
            self.state.note_roster();
            return Ok(self.state.accounts.get_mut(entry.account.0));
        }
        self.account_mut(entry.account)
    }

    fn apply_movement(&mut self, number: u64, at: Micros, movement: &Movement) -> Applied {
        if let (MovementKind::Transfer | MovementKind::Spend(_), Some(b)) = (&movement.kind, &movement.b)
            && let Leg { from: Place::A, to: Place::B, amount, lots } = &movement.legs.first
            && lots.is_empty()
            && *amount == movement.amount
            && movement.legs.rest.is_empty()
        {
            return self.apply_plain_payment(number, at, movement, b);
        }
        self.note_grants(number, movement);
        let coin = self.account_for(&movement.a)?.coin;
        if let MovementKind::Rollover(terms) = &movement.kind {
            self.roll_over(number, movement, terms)?;
            close_entry(self.state.accounts.get_mut(movement.a.account.0), &movement.a, number)?;
            return self.check_crossed(&movement.a, movement.change(Place::A));
        }
        if let Some(b) = &movement.b {
            if self.account_for(b)?.coin != coin {
                return Err("coins of one kind can't become another");
            }
            if b.account == movement.a.account {
                return Err("both its accounts are one");
            }
        }
        for leg in movement.legs.iter() {
            self.take(number, movement, leg, coin)?;
            self.give(number, movement, leg, coin)?;
        }
        self.close_holds(number, movement)?;
        if let MovementKind::Reverse(terms) = &movement.kind {
            // Of what was reversed long ago only the log knows how much was left.
            let before = self.state.over.remaining(terms.of);
            if before.is_some_and(|before| before.checked_sub(movement.amount) != Some(terms.remaining)) {
                return Err("what is left to reverse does not come out as written");
            }
            self.state.over.set_remaining(terms.of, terms.remaining);
            if terms.of_kind == "grant" {
                self.note_reversed(movement.a.account, terms.of, terms.remaining);
            }
        }
        if let MovementKind::Grant(GrantTerms { marks, occurrence: Some(occurrence), .. }) = &movement.kind {
            self.note_occurrence(number, movement, marks, occurrence)?;
        }
        if let MovementKind::Adjustment(terms) = &movement.kind {
            self.note_adjustment(movement, terms)?;
        }
        self.count_owed(coin, movement)?;
        self.count_spent(movement.a.account, at, movement);
        close_entry(self.state.accounts.get_mut(movement.a.account.0), &movement.a, number)?;
        if let Some(b) = &movement.b {
            close_entry(self.state.accounts.get_mut(b.account.0), b, number)?;
        }
        self.check_crossed(&movement.a, movement.change(Place::A))?;
        movement.b.as_ref().map_or(Ok(()), |b| self.check_crossed(b, movement.change(Place::B)))
    }

    fn count_owed(&mut self, coin: CoinId, movement: &Movement) -> Applied {
        let MovementKind::Reverse(ReverseTerms { debt: debt @ 1.., of_kind: "grant" | "transfer", .. }) = movement.kind
        else {
            return Ok(());
        };
        let coin = self.coin_mut(coin)?;
        count(&mut coin.owed, debt)?;
        if coin.issued_and_owed() <= MAX_AMOUNT { Ok(()) } else { Err("a count goes beyond 2^53 - 1") }
    }

    /// Coins that leave an account count towards its spending limit, if it has one; those that come back no longer do.
    fn count_spent(&mut self, id: AccountId, at: Micros, movement: &Movement) {
        let account = self.state.account(id);
        let Some(limit) = self.state.spend_limit(account.coin, Some(account)) else { return };
        match movement.kind {
            MovementKind::Spend(_) | MovementKind::Transfer | MovementKind::Capture(_) if movement.amount > 0 => {
                let spent = &mut self.state.accounts.get_mut(id.0).more_mut().spent;
                let spent = spent.get_or_insert_with(|| Box::new(Spent::new(limit.per)));
                if spent.per != limit.per {
                    **spent = Spent::new(limit.per);
                }
                spent.add(at, movement.amount);
            }
            MovementKind::Reverse(ReverseTerms { spent_at: Some(spent_at), .. }) => {
                let more = self.state.accounts.get_mut(id.0).more_mut();
                if let Some(spent) = more.spent.as_deref_mut().filter(|spent| spent.per == limit.per) {
                    spent.give_back(spent_at, movement.amount);
                }
            }
            _ => {}
        }
    }

    /// An entry names the thresholds that were crossed, and no others.
    fn check_crossed(&self, entry: &Entry, (total, held): (i64, i64)) -> Applied {
        let account = self.state.account(entry.account);
        let after = entry.total - entry.held as i64;
        let thresholds = self.state.thresholds(account.coin, Some(account));
        let crossed = thresholds.and_then(|thresholds| thresholds.crossed(after - (total - held), after));
        if crossed == entry.crossed { Ok(()) } else { Err("the thresholds crossed do not come out as written") }
    }

    /// Plain coins from A to B and nothing else, what most movements are: each account is written once.
    fn apply_plain_payment(&mut self, number: u64, at: Micros, movement: &Movement, b: &Entry) -> Applied {
        let (amount, a) = (movement.amount, &movement.a);
        let payer = self.account_for(a)?;
        payer.plain -= amount as i64;
        close_entry(payer, a, number)?;
        let coin = payer.coin;
        let mut may_have_rules = payer.more.is_some();
        let payee = self.account_for(b)?;
        may_have_rules |= payee.more.is_some();
        if payee.coin != coin {
            return Err("coins of one kind can't become another");
        }
        payee.plain += amount as i64;
        close_entry(payee, b, number)?;
        if !may_have_rules && !self.state.coins_have_rules && a.crossed.is_none() && b.crossed.is_none() {
            return Ok(());
        }
        self.count_spent(a.account, at, movement);
        self.check_crossed(a, (-(amount as i64), 0))?;
        self.check_crossed(b, (amount as i64, 0))
    }

    fn take(&mut self, number: u64, movement: &Movement, leg: &Leg, coin: CoinId) -> Applied {
        let coin = &mut self.state.coins[usize::from(coin.0)];
        match leg.from {
            Place::Issued => {
                count(&mut coin.issued, leg.amount)?;
            }
            Place::Spent => coin.spent = coin.spent.checked_sub(leg.amount).ok_or("more comes back than was spent")?,
            Place::Expired => {
                coin.expired = coin.expired.checked_sub(leg.amount).ok_or("more comes back than expired")?;
            }
            Place::A => self.take_from_account(movement.a.account, leg, false)?,
            Place::B => {
                let b = movement.b.as_ref().ok_or("it has no second account")?;
                self.take_from_account(b.account, leg, movement.kind.b_is_plain())?;
            }
            Place::Hold => {
                coin.held = coin.held.checked_sub(leg.amount).ok_or("more leaves holds than is held")?;
                let id = movement.kind.hold(number).ok_or("it has no hold")?;
                let account = self.state.accounts.get_mut(movement.a.account.0).more_mut();
                account.held = account.held.checked_sub(leg.amount).ok_or("more leaves holds than is held")?;
                let mut hold = self.open_hold_of(id, movement.a.account)?.clone();
                for part in leg.parts() {
                    holds::take_part(&mut hold.lots, part)?;
                }
                if matches!(leg.to, Place::Spent | Place::B) {
                    hold.captured += leg.amount;
                }
                self.state.holds.insert(id, hold);
            }
        }
        Ok(())
    }

    fn give(&mut self, number: u64, movement: &Movement, leg: &Leg, coin: CoinId) -> Applied {
        let coin = &mut self.state.coins[usize::from(coin.0)];
        match leg.to {
            Place::Issued => {
                coin.issued = coin.issued.checked_sub(leg.amount).ok_or("more goes back than was issued")?;
            }
            Place::Spent => count(&mut coin.spent, leg.amount)?,
            Place::Expired => count(&mut coin.expired, leg.amount)?,
            Place::A => self.give_to_account(movement.a.account, leg, false),
            Place::B => {
                let b = movement.b.as_ref().ok_or("it has no second account")?;
                self.give_to_account(b.account, leg, movement.kind.b_is_plain());
            }
            Place::Hold => {
                count(&mut coin.held, leg.amount)?;
                let MovementKind::Hold(terms) = &movement.kind else {
                    return Err("only a hold can fill a hold");
                };
                let account = movement.a.account;
                self.state.accounts.get_mut(account.0).more_mut().held += leg.amount;
                let lots = leg.parts().collect();
                let (to, expires_at, amount) = (terms.to, terms.expires_at, leg.amount);
                self.open_hold(number, Hold { account, to, expires_at, amount, captured: 0, lots })?;
            }
        }
        Ok(())
    }

    fn take_from_account(&mut self, id: AccountId, leg: &Leg, as_plain: bool) -> Applied {
        if as_plain || leg.lots.is_empty() {
            self.state.accounts.get_mut(id.0).plain -= leg.amount as i64;
            return Ok(());
        }
        for part in &leg.lots {
            if !self.state.accounts.get_mut(id.0).take(*part) {
                return Err("a lot has less than is taken from it");
            }
            self.keep_due(id, &part.lot);
        }
        Ok(())
    }

    fn give_to_account(&mut self, id: AccountId, leg: &Leg, as_plain: bool) {
        if as_plain || leg.lots.is_empty() {
            self.state.accounts.get_mut(id.0).plain += leg.amount as i64;
            return;
        }
        for part in &leg.lots {
            self.state.accounts.get_mut(id.0).put(*part);
            self.keep_due(id, &part.lot);
        }
    }

    /// The clock has an appointment with an account for each expiry among its available lots, and no other.
    fn keep_due(&mut self, id: AccountId, lot: &Lot) {
        let Some(at) = lot.marks.expires_at else { return };
        let appointment = (at, Due::Lots(id));
        if self.state.accounts.get(id.0).other_lots().iter().any(|part| part.lot.marks.expires_at == Some(at)) {
            self.state.due.insert(appointment);
        } else {
            self.state.due.remove(&appointment);
        }
    }
}

/// Adds to a count, none of which goes beyond what is exact everywhere.
fn count(counted: &mut Amount, amount: Amount) -> Applied {
    *counted = counted.checked_add(amount).filter(|sum| *sum <= MAX_AMOUNT).ok_or("a count goes beyond 2^53 - 1")?;
    Ok(())
}

/// Checks that the account came out as the entry says, and adds the event to its history.
#[inline]
fn close_entry(account: &mut Account, entry: &Entry, number: u64) -> Applied {
    if account.total() != entry.total || account.held() != entry.held {
        return Err("the balance does not come out as written");
    }
    if entry.total.unsigned_abs() > MAX_AMOUNT {
        return Err("the balance is out of bounds");
    }
    if account.head != entry.prev || account.next_skip().0 != entry.skip {
        return Err("it does not continue the account's history");
    }
    account.link(number);
    Ok(())
}
