//! The rules a second time, as simply as they can be written down: every pile of coins in a list, everything found
//! by going through everything. It is written from the rule book, not from the core, so that a mistake has to be
//! made twice, in two ways, to go unseen.

mod clock;
mod money;
mod ops;
mod reversal;
mod rules;
mod sameness;
mod schedules;
mod webhooks;

use crate::request::{Ask, Op};
pub(crate) use money::named;
use money::{Pile, Purse};
use rules::{Crossed, Rules};
pub(crate) use schedules::{Timetable, instant as instant_of};
use std::collections::BTreeMap;
use tocos_ledger::{Amount, EndedAs, LotAmount, MAX_AMOUNT, Micros, Refusal, SpendLimit, Window};
use webhooks::Receiver;
pub(crate) use webhooks::receivers;

/// Somebody who can have coins.
#[derive(Clone, Debug, Default)]
pub(crate) struct Person {
    pub(crate) name: Option<String>,
    pub(crate) metadata: Option<String>,
    pub(crate) closed: bool,
}

/// An open hold.
#[derive(Clone, Debug)]
pub(crate) struct Reserve {
    pub(crate) user: String,
    pub(crate) coin: String,
    pub(crate) to: Option<String>,
    pub(crate) expires_at: Micros,
    pub(crate) amount: Amount,
    pub(crate) captured: Amount,
    pub(crate) piles: Vec<Pile>,
}

/// What an event moved and has not been reversed yet, in the order in which it was taken.
#[derive(Clone, Debug)]
pub(crate) struct Moved {
    pub(crate) kind: &'static str,
    pub(crate) user: String,
    pub(crate) coin: String,
    /// Who got the coins, if not a system account.
    pub(crate) got: Option<String>,
    pub(crate) piles: Vec<Pile>,
    pub(crate) at: Micros,
}

/// What a coin's system accounts have.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Mint {
    pub(crate) decimals: u8,
    pub(crate) issued: i128,
    pub(crate) spent: i128,
    pub(crate) expired: i128,
    /// What was owed by reversals of grants and transfers; lots that stayed behind can still expire.
    pub(crate) owed: i128,
}

/// The outcome of a request.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Outcome {
    pub(crate) event: u64,
    pub(crate) replayed: bool,
    pub(crate) amount: Amount,
    pub(crate) lots: Vec<LotAmount>,
    pub(crate) expired: Amount,
    /// Thresholds that were crossed, by user.
    pub(crate) crossed: Vec<Crossed>,
}

/// The whole ledger.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    pub(crate) users: BTreeMap<String, Person>,
    pub(crate) coins: BTreeMap<String, Mint>,
    /// The rules of coins, for accounts that have none of their own.
    pub(crate) coin_rules: BTreeMap<String, Rules>,
    /// In the order in which they came into being.
    pub(crate) purses: Vec<Purse>,
    pub(crate) holds: BTreeMap<u64, Reserve>,
    pub(crate) ended: BTreeMap<u64, (EndedAs, u64)>,
    pub(crate) moved: BTreeMap<u64, Moved>,
    /// By the event that made each.
    pub(crate) schedules: BTreeMap<u64, Timetable>,
    /// Events of schedules: the schedule's id and the event that made it, and which occurrence and when.
    pub(crate) by_schedule: BTreeMap<u64, (String, u64, u32, Micros)>,
    /// The schedules whose last occurrence events changed.
    pub(crate) adjusted: BTreeMap<u64, (String, u64)>,
    /// The kind of each event; the last one's number is the length.
    pub(crate) events: Vec<&'static str>,
    pub(crate) keys: BTreeMap<String, (u64, Ask)>,
    pub(crate) answers: BTreeMap<u64, Outcome>,
    pub(crate) webhooks: BTreeMap<String, Receiver>,
    /// API keys, and whether each is revoked.
    pub(crate) api_keys: Vec<bool>,
    now: Micros,
}

/// An operation that is done, before it has its number.
struct Done {
    kind: &'static str,
    amount: Amount,
    lots: Vec<LotAmount>,
    expired: Amount,
    /// What can be reversed of it.
    moved: Option<Moved>,
}

impl Done {
    fn plainly(kind: &'static str) -> Self {
        Self { kind, amount: 0, lots: Vec::new(), expired: 0, moved: None }
    }
}

impl Model {
    pub(crate) fn new() -> Self {
        Self {
            users: BTreeMap::new(),
            coins: BTreeMap::from([("toco".to_owned(), Mint::default())]),
            coin_rules: BTreeMap::new(),
            purses: Vec::new(),
            holds: BTreeMap::new(),
            ended: BTreeMap::new(),
            moved: BTreeMap::new(),
            schedules: BTreeMap::new(),
            by_schedule: BTreeMap::new(),
            adjusted: BTreeMap::new(),
            events: Vec::new(),
            keys: BTreeMap::new(),
            answers: BTreeMap::new(),
            webhooks: BTreeMap::new(),
            api_keys: Vec::new(),
            now: 0,
        }
    }

    pub(crate) fn last_event(&self) -> u64 {
        self.events.len() as u64
    }

    fn next_event(&self) -> u64 {
        self.last_event() + 1
    }

    /// Another node leads, which nobody here notices.
    pub(crate) fn lead(&mut self) {
        self.events.push("leader");
    }

    /// Judges and does, at a time before which everything due was expired by [`Model::tick`].
    pub(crate) fn ask(&mut self, ask: &Ask, now: Micros) -> Result<Outcome, Refusal> {
        self.now = now;
        well_formed(ask)?;
        if let Some(key) = &ask.key
            && let Some((event, first)) = self.keys.get(key)
        {
            if let Some(field) = sameness::first_difference(first, ask) {
                return Err(Refusal::IdempotencyKeyReused { field, event: *event });
            }
            return Ok(Outcome { replayed: true, ..self.answers[event].clone() });
        }
        let (untouched, levels) = (self.clone(), self.levels());
        let done = self.carry_out(ask).inspect_err(|_| *self = untouched)?;
        let event = self.next_event();
        self.events.push(done.kind);
        if let Some(moved) = done.moved.clone() {
            self.moved.insert(event, moved);
        }
        if let Some(key) = &ask.key {
            self.keys.insert(key.clone(), (event, ask.clone()));
        }
        let crossed = self.crossed_since(&levels);
        let Done { amount, lots, expired, .. } = done;
        let outcome = Outcome { event, replayed: false, amount, lots, expired, crossed };
        self.answers.insert(event, outcome.clone());
        Ok(outcome)
    }

    fn carry_out(&mut self, ask: &Ask) -> Result<Done, Refusal> {
        match &ask.op {
            Op::PutUser { user, name } => self.put_user(user, name.clone(), ask.metadata.clone()),
            Op::CloseUser { user } => self.close_user(user),
            Op::PutCoin { coin, decimals } => {
                self.coins.entry(coin.clone()).or_default().decimals = *decimals;
                Ok(Done::plainly("coin"))
            }
            Op::PutLimits { user, coin, floor, ceiling, frozen } => {
                self.put_limits(user, coin, *floor, *ceiling, *frozen)
            }
            Op::PutThresholds { user, coin, thresholds } => {
                self.put_thresholds(user.as_deref(), coin, thresholds.clone())
            }
            Op::PutSpendLimit { user, coin, limit } => self.put_spend_limit(user.as_deref(), coin, *limit),
            Op::Grant { user, coin, amount, marks, lot } => self.grant(user, coin, *amount, *marks, *lot),
            Op::Spend { user, coin, amount, to, mode } => self.spend(user, coin, *amount, to.as_deref(), *mode),
            Op::Transfer { from, to, coin, amount } => self.transfer(from, to, coin, *amount),
            Op::Hold { user, coin, amount, until, to } => self.hold(user, coin, *amount, *until, to.as_deref()),
            Op::Capture { hold, amount, last, excess } => self.capture(*hold, *amount, *last, *excess),
            Op::Release { hold } => self.release(*hold),
            Op::Extend { hold, expires_at } => self.extend(*hold, *expires_at),
            Op::Reverse { event, amount, renew_expires_at, taking } => {
                self.reverse(*event, *amount, *renew_expires_at, *taking)
            }
            Op::PutSchedule { schedule, user, coin, plan } => self.put_schedule(schedule, user, coin, plan),
            Op::EndSchedule { schedule } => self.end_schedule(schedule),
            Op::PauseSchedule { schedule } => self.pause_schedule(schedule),
            Op::ResumeSchedule { schedule } => self.resume_schedule(schedule),
            Op::PutWebhook(hook) => self.put_webhook(hook),
            Op::DeleteWebhook { webhook } => {
                self.find_webhook(webhook)?;
                self.webhooks.remove(webhook);
                Ok(Done::plainly("webhook_deleted"))
            }
            Op::ChangeWebhook { webhook, change } => self.change_webhook(webhook, *change),
            Op::CreateKey { expires_at, .. } => {
                if expires_at.is_some_and(|at| at <= self.now) {
                    return Err(invalid("expires_at"));
                }
                self.api_keys.push(false);
                Ok(Done::plainly("key"))
            }
            Op::RevokeKey { id } => {
                let at = usize::from(*id).wrapping_sub(1);
                *self.api_keys.get_mut(at).ok_or(Refusal::KeyNotFound { key: *id })? = true;
                Ok(Done::plainly("key_revoked"))
            }
        }
    }
}

/// Reasons are for people; rows of the rule table check them, the model does not.
fn invalid(field: &'static str) -> Refusal {
    Refusal::InvalidRequest { field, reason: String::new() }
}

/// What can be said against a request without knowing the ledger.
fn well_formed(ask: &Ask) -> Result<(), Refusal> {
    if ask.key.as_ref().is_some_and(|key| key.is_empty() || key.len() > 255 || !key.is_ascii()) {
        return Err(invalid("idempotency_key"));
    }
    let amount_fits = |amount: &Amount| if (1..=MAX_AMOUNT).contains(amount) { Ok(()) } else { Err(invalid("amount")) };
    match &ask.op {
        Op::PutCoin { decimals: 10.., .. } => Err(invalid("decimals")),
        Op::PutLimits { floor: 1.., .. } => Err(invalid("floor")),
        Op::PutLimits { ceiling, .. } if *ceiling > MAX_AMOUNT => Err(invalid("ceiling")),
        Op::PutSpendLimit { limit: Some(limit), .. } if limit.amount > MAX_AMOUNT => Err(invalid("amount")),
        Op::PutSpendLimit { limit: Some(SpendLimit { per: Window::Hours(0 | 745..), .. }), .. } => {
            Err(invalid("hours"))
        }
        Op::Grant { marks, .. } if marks.priority > 100 => Err(invalid("priority")),
        Op::PutSchedule { schedule, .. } if schedule.is_empty() => Err(invalid("schedule")),
        Op::PutSchedule { plan, .. } => schedules::well_formed(plan),
        Op::PutWebhook(hook) => webhooks::well_formed(hook),
        Op::Spend { user, to, .. } | Op::Hold { user, to, .. } if to.as_ref() == Some(user) => Err(invalid("to")),
        Op::Transfer { from, to, .. } if from == to => Err(invalid("to")),
        Op::Grant { amount, .. }
        | Op::Spend { amount, .. }
        | Op::Hold { amount, .. }
        | Op::Transfer { amount, .. }
        | Op::Capture { amount: Some(amount), .. }
        | Op::Reverse { amount: Some(amount), .. } => amount_fits(amount),
        _ => Ok(()),
    }
}
