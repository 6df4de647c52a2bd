//! Judging one request: which event carries it out, or why it is refused. Nothing here changes anything.

mod burn;
mod capture;
mod concerned;
mod expire;
mod grant;
mod hold;
mod keys;
mod leader;
pub(crate) mod limits;
mod reverse;
mod rules;
mod same;
mod schedule;
mod spend;
mod transfer;
mod user;
mod webhook;

pub use expire::{DueOf, Occasion};

use crate::amount::{Amount, MAX_AMOUNT, Micros};
use crate::event::{Entry, Event, Fact, GrantTerms, Key, Leg, Legs, Movement, MovementKind, Place};
use crate::ledger::{Decision, Ledger};
use crate::names;
use crate::operation::{Operation, Request};
use crate::recalled::Recalled;
use crate::refusal::Refusal;
use crate::spending::SpendLimit;
use crate::stage::Staged;
use crate::state::{Account, AccountId, Balance, CoinId, ENTRIES_PER_MILESTONE, State, UserId};

impl Ledger {
    /// Judges a request at `now`, which is not before the last event, after everything due of whom it is about has been
    /// done (see [`Ledger::expire`] and [`Ledger::concerned`]).
    ///
    /// # Errors
    /// The refusal, in the order of precedence that [`Refusal`] states.
    pub fn decide<'a>(&self, request: &Request<'a>, now: Micros) -> Result<Decision<'a>, Refusal> {
        self.decide_recalled(request, &Staged::default(), &Recalled::default(), now)
    }

    /// The same, with what [`Ledger::stage`] found for this request, and what was found of it that is no longer in memory:
    /// the event of its key, if that was forgotten ([`Ledger::forget_keys_through`]), and what [`Ledger::not_in_memory`] names.
    ///
    /// # Errors
    /// As [`Ledger::decide`].
    pub fn decide_recalled<'a>(
        &self,
        request: &Request<'a>,
        staged: &Staged,
        recalled: &Recalled,
        now: Micros,
    ) -> Result<Decision<'a>, Refusal> {
        check_form(request)?;
        let key = request.key.map(|text| Key { text, hash: staged.key.unwrap_or_else(|| self.keys.hash(text)) });
        if let Some(key) = key
            && let Some(event) = self.keys.find(key.hash).or(recalled.key)
        {
            return Ok(Decision::Known(event));
        }
        let fact = Judge { ledger: self, state: &self.state, staged, recalled, now }.judge(&request.operation)?;
        let number = self.state.last_event + 1;
        Ok(Decision::Do(Event {
            number,
            at: now,
            by: request.by,
            key,
            metadata: request.metadata,
            reference: request.reference,
            fact,
        }))
    }
}

/// The request's own form, whatever the state.
fn check_form(request: &Request<'_>) -> Result<(), Refusal> {
    if let Some(key) = request.key {
        names::check_idempotency_key(key).map_err(|reason| Refusal::invalid("idempotency_key", reason))?;
    }
    if let Some(metadata) = request.metadata {
        names::check_metadata(metadata)?;
    }
    if let Some(reference) = request.reference {
        names::check_reference(reference).map_err(|reason| Refusal::invalid("reference", reason))?;
    }
    match &request.operation {
        Operation::PutUser { user, name } => {
            names::check_user_id(user).map_err(|reason| Refusal::invalid("user", reason))?;
            name.map_or(Ok(()), names::check_name)
        }
        Operation::PutCoin { coin, decimals } => {
            names::check_coin_code("coin", coin)?;
            if *decimals > 9 {
                return Err(Refusal::invalid("decimals", "a coin has 0 to 9 decimals".to_owned()));
            }
            Ok(())
        }
        Operation::PutLimits { floor, ceiling, .. } => limits::check(*floor, *ceiling),
        Operation::PutSpendLimit { limit, .. } => limit.as_ref().map_or(Ok(()), SpendLimit::check),
        Operation::Grant { amount, marks, .. } => {
            if marks.priority > 100 {
                return Err(Refusal::invalid("priority", "a priority is 0 to 100".to_owned()));
            }
            check_amount(*amount)
        }
        Operation::PutSchedule { schedule, plan, .. } => {
            names::check_schedule_id(schedule).map_err(|reason| Refusal::invalid("schedule", reason))?;
            plan.check()
        }
        Operation::Spend { user, amount, to, .. } | Operation::Hold { user, amount, to, .. } => {
            if *to == Some(user) {
                return Err(Refusal::invalid("to", "coins can't go back to the user they come from".to_owned()));
            }
            check_amount(*amount)
        }
        Operation::Transfer { from, to, amount, .. } => {
            if from == to {
                return Err(Refusal::invalid("to", "from and to are the same user".to_owned()));
            }
            check_amount(*amount)
        }
        Operation::Capture { amount, .. } | Operation::Reverse { amount, .. } => amount.map_or(Ok(()), check_amount),
        Operation::CreateKey(create) => names::check_name(create.name),
        Operation::PutWebhook(put) => put.check(),
        Operation::CloseUser { .. }
        | Operation::PutThresholds { .. }
        | Operation::EndSchedule { .. }
        | Operation::PauseSchedule { .. }
        | Operation::ResumeSchedule { .. }
        | Operation::DeleteWebhook { .. }
        | Operation::ChangeWebhook { .. }
        | Operation::Release { .. }
        | Operation::Extend { .. }
        | Operation::RevokeKey { .. } => Ok(()),
    }
}

fn check_amount(amount: Amount) -> Result<(), Refusal> {
    if (1..=MAX_AMOUNT).contains(&amount) {
        return Ok(());
    }
    Err(Refusal::invalid("amount", format!("an amount is a whole number from 1 to {MAX_AMOUNT}, not {amount}")))
}

/// Who judges: the ledger as it is, and the time.
struct Judge<'l> {
    ledger: &'l Ledger,
    state: &'l State,
    /// What of the operation was looked up ahead.
    staged: &'l Staged,
    /// What of the operation is no longer in memory.
    recalled: &'l Recalled,
    now: Micros,
}

/// One side of a movement before it happens.
#[derive(Clone, Copy)]
struct Party<'l> {
    user: UserId,
    coin: CoinId,
    account: Option<(AccountId, &'l Account)>,
}

impl<'l> Party<'l> {
    /// The account, if it has come into being.
    fn row(self) -> Option<&'l Account> {
        self.account.map(|(_, row)| row)
    }

    fn balance(self) -> Balance {
        self.row()
            .map_or(Balance { total: 0, held: 0 }, |account| Balance { total: account.total(), held: account.held() })
    }
}

impl Judge<'_> {
    fn judge<'a>(&self, operation: &Operation<'a>) -> Result<Fact<'a>, Refusal> {
        match operation {
            Operation::PutUser { user, name } => self.put_user(user, *name),
            Operation::CloseUser { user } => self.close_user(user),
            Operation::PutCoin { coin, decimals } => self.put_coin(coin, *decimals),
            Operation::PutLimits { user, coin, floor, ceiling, frozen } => {
                self.put_limits(user, coin, *floor, *ceiling, *frozen)
            }
            Operation::PutThresholds { user, coin, thresholds } => self.put_thresholds(*user, coin, thresholds),
            Operation::PutSpendLimit { user, coin, limit } => self.put_spend_limit(*user, coin, *limit),
            Operation::Grant { user, coin, amount, marks, lot } => {
                self.grant(user, coin, *amount, GrantTerms { marks: *marks, lot: *lot, occurrence: None })
            }
            Operation::Spend { user, coin, amount, to, mode } => self.spend(user, coin, *amount, *to, *mode),
            Operation::Transfer { from, to, coin, amount } => self.transfer(from, to, coin, *amount),
            Operation::Hold { user, coin, amount, until, to } => self.hold(user, coin, *amount, *until, *to),
            Operation::Capture { hold, amount, last, excess } => self.capture(*hold, *amount, *last, *excess),
            Operation::Release { hold } => self.release(*hold),
            Operation::Extend { hold, expires_at } => self.extend(*hold, *expires_at),
            Operation::Reverse { event, original, amount, renew_expires_at, taking } => {
                self.reverse(*event, *original, *amount, *renew_expires_at, *taking)
            }
            Operation::PutSchedule { schedule, user, coin, plan } => self.put_schedule(schedule, user, coin, plan),
            Operation::EndSchedule { schedule } => self.end_schedule(schedule),
            Operation::PauseSchedule { schedule } => self.pause_schedule(schedule),
            Operation::ResumeSchedule { schedule } => self.resume_schedule(schedule),
            Operation::PutWebhook(put) => self.put_webhook(put),
            Operation::DeleteWebhook { webhook } => self.delete_webhook(webhook),
            Operation::ChangeWebhook { webhook, change } => self.change_webhook(webhook, change),
            Operation::CreateKey(create) => self.create_key(create),
            Operation::RevokeKey { id } => self.revoke_key(*id),
        }
    }

    /// The user with this id, who is not closed.
    fn open_user(&self, id: &str) -> Result<UserId, Refusal> {
        let user = self.ledger.require_user(id)?;
        self.check_open(user)?;
        Ok(user)
    }

    fn check_open(&self, user: UserId) -> Result<(), Refusal> {
        if self.state.user(user).closed {
            return Err(Refusal::UserClosed { user: self.id_of(user) });
        }
        Ok(())
    }

    fn party(&self, user: UserId, coin: CoinId) -> Party<'_> {
        let account = self.state.account_of(user, coin);
        Party { user, coin, account: account.map(|id| (id, self.state.account(id))) }
    }

    fn party_of(&self, account: AccountId) -> Party<'_> {
        let row = self.state.account(account);
        Party { user: row.user, coin: row.coin, account: Some((account, row)) }
    }

    fn id_of(&self, user: UserId) -> Box<str> {
        self.state.user(user).id.as_str().into()
    }

    fn code_of(&self, coin: CoinId) -> Box<str> {
        self.state.coin(coin).code.as_str().into()
    }

    /// A frozen account gives nothing.
    fn check_not_frozen(&self, party: Party<'_>) -> Result<(), Refusal> {
        if party.row().is_some_and(|account| account.limits().frozen) {
            return Err(Refusal::AccountFrozen { user: self.id_of(party.user), coin: self.code_of(party.coin) });
        }
        Ok(())
    }

    /// No account goes above its ceiling.
    fn check_ceiling(&self, party: Party<'_>, amount: Amount) -> Result<(), Refusal> {
        let ceiling = party.row().map_or(MAX_AMOUNT, |account| account.limits().ceiling);
        let total = party.balance().total;
        // Both are below 2^54, so the sum fits.
        if amount > 0 && total + amount as i64 > ceiling as i64 {
            let (user, coin) = (self.id_of(party.user), self.code_of(party.coin));
            return Err(Refusal::AboveCeiling { user, coin, ceiling, total });
        }
        Ok(())
    }

    /// No count of a coin exceeds 2^53 - 1. Without debts what is spent or held was issued before; with debts of many
    /// users it could be more.
    fn check_countable(&self, coin: CoinId, counted: Amount, amount: Amount) -> Result<(), Refusal> {
        let remaining = MAX_AMOUNT - counted;
        if amount > remaining {
            return Err(Refusal::SupplyExhausted { coin: self.code_of(coin), remaining });
        }
        Ok(())
    }

    /// What is paid arrives: at the payee within the ceiling, or else at `@spent`.
    fn check_payable(&self, payee: Option<Party<'_>>, coin: CoinId, amount: Amount) -> Result<(), Refusal> {
        match payee {
            Some(payee) => self.check_ceiling(payee, amount),
            None => self.check_countable(coin, self.state.coin(coin).spent, amount),
        }
    }

    fn insufficient(&self, party: Party<'_>, available: i64, needed: Amount) -> Refusal {
        let (user, coin) = (self.id_of(party.user), self.code_of(party.coin));
        Refusal::InsufficientFunds { user, coin, available, needed }
    }

    /// The movement with its entries: what each account will be afterwards follows from the legs.
    fn movement(&self, kind: MovementKind, amount: Amount, a: Party<'_>, b: Option<Party<'_>>, legs: Legs) -> Movement {
        let first_new = self.state.account_count() as u32;
        let entry_a = self.entry(&kind, a, Place::A, first_new, &legs);
        let second_new = first_new + u32::from(entry_a.opens.is_some());
        let entry_b = b.map(|b| self.entry(&kind, b, Place::B, second_new, &legs));
        Movement { kind, amount, a: entry_a, b: entry_b, legs }
    }

    fn entry(&self, kind: &MovementKind, party: Party<'_>, place: Place, new_id: u32, legs: &Legs) -> Entry {
        let Balance { mut total, mut held } = party.balance();
        for leg in legs.iter() {
            for (end, sign) in [(leg.from, -1), (leg.to, 1)] {
                let amount = sign * leg.amount as i64;
                if end == place || (end == Place::Hold && place == Place::A) {
                    total += amount;
                }
                if end == Place::Hold && place == Place::A {
                    held = held.wrapping_add_signed(amount);
                }
            }
        }
        let Some((id, account)) = party.account else {
            let (account, opens) = (AccountId(new_id), Some((party.user, party.coin)));
            let crossed = self.crossed(party, total - held as i64);
            return Entry { account, opens, total, held, prev: 0, skip: 0, lots: None, crossed };
        };
        let (skip, milestone) = account.next_skip();
        let lots = if milestone { lots_after(account, kind, place, legs) } else { None };
        let crossed = self.crossed(party, total - held as i64);
        Entry { account: id, opens: None, total, held, prev: account.head, skip, lots, crossed }
    }

    /// An entry that leaves the balance as it is.
    fn untouched_entry(&self, party: Party<'_>) -> Entry {
        let legs = Legs { first: Leg::plain(Place::Issued, Place::A, 0), rest: Vec::new() };
        self.entry(&MovementKind::Transfer, party, Place::A, self.state.account_count() as u32, &legs)
    }
}

/// The available lots of an account after a movement: written at every 64th entry, so that lots in the past are
/// found from there. An account with nothing but plain coins writes none.
fn lots_after(
    account: &Account,
    kind: &MovementKind,
    place: Place,
    legs: &Legs,
) -> Option<Box<[crate::lot::LotAmount]>> {
    debug_assert!((account.entries + 1).is_multiple_of(ENTRIES_PER_MILESTONE));
    if account.more.as_ref().is_none_or(|more| more.lots.is_empty()) && legs.iter().all(|leg| leg.lots.is_empty()) {
        return None;
    }
    let mut after = account.clone();
    for leg in legs.iter() {
        for part in leg.parts() {
            if leg.from == place {
                after.take(crate::lot::LotAmount { lot: kind.taken_lot(place, part.lot), ..part });
            }
            if leg.to == place {
                after.put(crate::lot::LotAmount { lot: kind.given_lot(place, part.lot), ..part });
            }
        }
    }
    Some(after.other_lots().into())
}
