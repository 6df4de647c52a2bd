//! A ledger for tests: its requests use the terms of the domain, its log is kept as bytes, and its invariants are
//! checked after every step.

use crate::request::{Ask, START, seconds};
use std::collections::BTreeMap;
use tocos_ledger::{
    Account, AccountId, Amount, Balance, Decision, EndedAs, Entry, Event, Fact, Ledger, LotAmount, Micros, Movement,
    Over, RECORD_BYTES, Recalled, Refusal, Request, Staged, Whose, blob_offset,
};

/// The seed of every ledger here.
pub(crate) const SEED: [u8; 16] = *b"a seed for tests";

/// An event as the log keeps it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Written {
    pub(crate) at: Micros,
    pub(crate) record: [u8; RECORD_BYTES],
    pub(crate) blob: Vec<u8>,
}

impl Written {
    pub(crate) fn new(event: &Event<'_>) -> Self {
        let (mut scratch, mut blob) = (Vec::new(), Vec::new());
        let record = event.encode(&mut scratch, |bytes| {
            blob = bytes.to_vec();
            0x0102_0304
        });
        assert_eq!(blob_offset(&record), (!blob.is_empty()).then_some(0x0102_0304));
        Self { at: event.at, record, blob }
    }
}

/// Event `number` of a log.
pub(crate) fn read(log: &[Written], number: u64) -> Option<Event<'_>> {
    let at = usize::try_from(number).unwrap().checked_sub(1)?;
    let written = log.get(at)?;
    Some(Event::decode(number, written.at, &written.record, &written.blob).unwrap())
}

/// The outcome of a request.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Answer {
    /// The event that did it.
    pub(crate) event: u64,
    /// Whether an idempotency key named that event already.
    pub(crate) replayed: bool,
    /// What moved, if the operation was about coins.
    pub(crate) movement: Option<Movement>,
}

impl Answer {
    pub(crate) fn amount(&self) -> Amount {
        self.movement.as_ref().map_or(0, |movement| movement.amount)
    }

    /// The coins named, as (event number of the grant or 0 for plain coins, amount).
    pub(crate) fn lots(&self) -> Vec<(u64, Amount)> {
        self.movement.as_ref().map_or(Vec::new(), |movement| pairs(movement.lots_named()))
    }

    pub(crate) fn expired(&self) -> Amount {
        self.movement.as_ref().map_or(0, Movement::expired)
    }
}

fn pairs(parts: impl IntoIterator<Item = LotAmount>) -> Vec<(u64, Amount)> {
    parts.into_iter().map(|part| (part.lot.grant, part.amount)).collect()
}

/// Total, held and available of one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Purse {
    pub(crate) total: i64,
    pub(crate) held: Amount,
    pub(crate) available: i64,
}

/// The three system accounts of a coin, as what went through them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct System {
    pub(crate) issued: Amount,
    pub(crate) spent: Amount,
    pub(crate) expired: Amount,
}

/// A ledger, its log and its clock.
#[derive(Clone)]
pub(crate) struct Bench {
    pub(crate) ledger: Ledger,
    pub(crate) log: Vec<Written>,
    pub(crate) now: Micros,
    /// What the ledger may have forgotten, found as tables find it.
    pub(crate) past: Past,
}

/// Stands in for the tables beside a log.
#[derive(Clone, Default)]
pub(crate) struct Past {
    keys: BTreeMap<String, u64>,
    over: BTreeMap<Over, u64>,
}

impl Bench {
    /// An empty ledger.
    pub(crate) fn empty() -> Self {
        Self { ledger: Ledger::new(SEED), log: Vec::new(), now: START, past: Past::default() }
    }

    /// A ledger with these users.
    pub(crate) fn with(users: &[&str]) -> Self {
        let mut bench = Self::empty();
        for user in users {
            bench.user(user).done();
        }
        bench
    }

    /// Advances the time; nothing is expired before the next request or [`Bench::sweep`].
    pub(crate) fn pass(&mut self, count: i64) -> &mut Self {
        self.now += seconds(count);
        self
    }

    /// The instant `count` seconds from now.
    pub(crate) fn in_seconds(&self, count: i64) -> Micros {
        self.now + seconds(count)
    }

    pub(crate) fn balance(&self, user: &str, coin: &str) -> Purse {
        let balance = self.account(user, coin).map_or(Balance { total: 0, held: 0 }, |row| row.balance(self.now));
        Purse { total: balance.total, held: balance.held, available: balance.available() }
    }

    /// What a user has available of the coin `toco`.
    pub(crate) fn available(&self, user: &str) -> i64 {
        self.balance(user, "toco").available
    }

    /// The lots a user has available of the coin `toco`, in burn order.
    pub(crate) fn lots(&self, user: &str) -> Vec<(u64, Amount)> {
        self.account(user, "toco").map_or(Vec::new(), |row| pairs(row.lots(self.now)))
    }

    pub(crate) fn account(&self, user: &str, coin: &str) -> Option<&Account> {
        let state = self.ledger.state();
        let (user, coin) = (self.ledger.find_user(user)?, state.coin_by_code(coin)?);
        state.account_of(user, coin).map(|id| state.account(id))
    }

    pub(crate) fn system(&self) -> System {
        let coin = &self.ledger.state().coins()[0];
        System { issued: coin.issued, spent: coin.spent, expired: coin.expired }
    }

    pub(crate) fn event(&self, number: u64) -> Event<'_> {
        read(&self.log, number).expect("the event is in the log")
    }

    pub(crate) fn last_event(&self) -> u64 {
        self.ledger.state().last_event()
    }

    /// The state as bytes.
    pub(crate) fn blocks(&self) -> Vec<Vec<u8>> {
        self.ledger.state().blocks().collect()
    }

    /// What the clock does when it is let.
    pub(crate) fn sweep(&mut self) -> &mut Self {
        while let Some(occasion) = self.ledger.next_occasion(self.now) {
            let event = self.ledger.expire(&occasion, self.now);
            carry_out(&mut self.ledger, &mut self.log, &event);
        }
        assert!(!self.ledger.is_due(self.now), "something is due that does not expire");
        self
    }

    /// Says that `node` leads from here on. Nothing is expired before.
    pub(crate) fn lead(&mut self, epoch: u64, node: &str) -> u64 {
        let event = self.ledger.leader(epoch, node, self.now);
        carry_out(&mut self.ledger, &mut self.log, &event);
        event.number
    }

    /// Expires what is due, judges the request, carries it out and checks the ledger.
    pub(crate) fn ask(&mut self, ask: &Ask) -> Result<Answer, Refusal> {
        self.sweep();
        let before = self.balances();
        let blocks_before = self.log.len().is_multiple_of(16).then(|| self.blocks());
        let length_before = self.log.len();
        let answer = self.judge(ask);
        match &answer {
            Ok(_) => self.check_bounds(&before, ask.may_owe()),
            Err(_) => {
                assert_eq!(self.log.len(), length_before, "a refusal wrote an event");
                assert!(blocks_before.is_none_or(|blocks| blocks == self.blocks()), "a refusal changed the state");
            }
        }
        self.check();
        answer
    }

    /// All that is over by now leaves the ledger's memory, but for keys, which only may.
    pub(crate) fn forget(&mut self) {
        self.past = Past::default();
        for number in 1..=self.last_event() {
            let event = read(&self.log, number).expect("the event is in the log");
            if let Some(key) = event.key {
                self.past.keys.insert(key.text.to_owned(), number);
            }
            if let Some(over) = event.over() {
                self.past.over.insert(over, number);
            }
        }
        let last = self.last_event();
        // What had aged before, and then the rest.
        for _ in 0..2 {
            drop(self.ledger.forget_over_through(last));
            self.ledger.age_over();
        }
        drop(self.ledger.forget_over_through(last));
        self.ledger.forget_keys_through(last);
        assert_eq!(self.ledger.state().over_count(), 0);
    }

    fn recall(&self, request: &Request<'_>) -> Recalled {
        let mut recalled = Recalled { key: self.known_from_log(request.key), ..Recalled::default() };
        if let Some(over) = self.ledger.not_in_memory(&request.operation)
            && let Some(last) = self.past.over.get(&over)
        {
            assert!(recalled.note(over, &self.event(*last)), "event {last} is not about {over:?}");
        }
        recalled
    }

    fn known_from_log(&self, key: Option<&str>) -> Option<u64> {
        self.past.keys.get(key?).copied()
    }

    /// The event that a key names.
    pub(crate) fn known(&self, key: &str) -> Option<u64> {
        self.ledger.known(key).or_else(|| self.known_from_log(Some(key)))
    }

    /// How a hold ended, and by which event.
    pub(crate) fn ended_hold(&self, id: u64) -> Option<(EndedAs, u64)> {
        self.ledger.state().ended_hold(id).or_else(|| {
            let mut recalled = Recalled::default();
            let last = self.past.over.get(&Over::Hold(id))?;
            assert!(recalled.note(Over::Hold(id), &self.event(*last)));
            recalled.ended_hold
        })
    }

    fn judge(&mut self, ask: &Ask) -> Result<Answer, Refusal> {
        let original = ask.reverses().and_then(|number| read(&self.log, number));
        let request = ask.request(original.as_ref());
        match self.ledger.decide_recalled(&request, &Staged::default(), &self.recall(&request), self.now)? {
            Decision::Known(event) => {
                let first = read(&self.log, event).expect("a known key names an event of the log");
                same_request(&first, &request, &self.ledger)?;
                Ok(Answer { event, replayed: true, movement: movement_of(&first) })
            }
            Decision::Do(event) => {
                let written = apply(&mut self.ledger, &event);
                let answer = Answer { event: event.number, replayed: false, movement: movement_of(&event) };
                drop(event);
                drop(original);
                self.log.push(written);
                Ok(answer)
            }
        }
    }

    fn balances(&self) -> Vec<Balance> {
        let state = self.ledger.state();
        accounts(&self.ledger).map(|id| state.account(id).balance(self.now)).collect()
    }

    /// No operation takes an account below its floor, but a reversal with a debt, or above its ceiling. Limits may be set to less than there is;
    /// then the account can only go back towards them.
    fn check_bounds(&self, before: &[Balance], may_owe: bool) {
        let state = self.ledger.state();
        let nothing = Balance { total: 0, held: 0 };
        for (at, id) in accounts(&self.ledger).enumerate() {
            let (before, after) = (before.get(at).unwrap_or(&nothing), state.account(id).balance(self.now));
            let limits = state.account(id).limits();
            if after.available() < before.available() && !may_owe {
                assert!(after.available() >= limits.floor, "account {at} went below its floor: {after:?} {limits:?}");
            }
            if after.total > before.total {
                let ceiling = i64::try_from(limits.ceiling).unwrap();
                assert!(after.total <= ceiling, "account {at} went above its ceiling: {after:?} {limits:?}");
            }
        }
    }

    /// What must hold between any two steps.
    pub(crate) fn check(&self) {
        let state = self.ledger.state();
        assert!(state.sums_of_all_balances().iter().all(|sum| *sum == 0), "money is not conserved");
        let mut held = vec![0; state.account_count()];
        let mut held_of_coin = vec![0; state.coins().len()];
        for (_, hold) in state.open_holds() {
            held[hold.account.0 as usize] += hold.held();
            held_of_coin[usize::from(state.account(hold.account).coin.0)] += hold.held();
            assert!(hold.held() > 0, "an open hold is empty");
        }
        for id in accounts(&self.ledger) {
            let row = state.account(id);
            assert_eq!(row.held(), held[id.0 as usize], "held is the sum of the open holds");
            let balance = row.balance(self.now);
            let in_lots: i64 = row.lots(self.now).map(|part| i64::try_from(part.amount).unwrap()).sum();
            assert_eq!(balance.available(), in_lots + row.plain().min(0), "lots sum to what is available");
            let lots: Vec<_> = row.lots(self.now).map(|part| part.lot).collect();
            assert!(lots.is_sorted() && lots.windows(2).all(|pair| pair[0] != pair[1]), "lots are in burn order");
        }
        for (coin, held) in state.coins().iter().zip(held_of_coin) {
            assert_eq!(coin.held, held, "a coin's held is the sum of its open holds");
        }
    }
}

/// All accounts of a ledger.
pub(crate) fn accounts(ledger: &Ledger) -> impl Iterator<Item = AccountId> {
    (0..u32::try_from(ledger.state().account_count()).unwrap()).map(AccountId)
}

fn same_request(first: &Event<'_>, request: &Request<'_>, ledger: &Ledger) -> Result<(), Refusal> {
    let event = first.number;
    first.same_request(request, ledger.state()).map_err(|field| Refusal::IdempotencyKeyReused { field, event })
}

fn movement_of(event: &Event<'_>) -> Option<Movement> {
    match &event.fact {
        Fact::Moved(movement) => Some(movement.clone()),
        _ => None,
    }
}

/// Carries out an event, after seeing that it comes back from its bytes as it went in.
fn apply(ledger: &mut Ledger, event: &Event<'_>) -> Written {
    let written = Written::new(event);
    let back = ledger.decode_event(event.number, event.at, &written.record, &written.blob);
    assert_eq!(back.as_ref(), Ok(event), "an event changed on its way through bytes");
    ledger.apply(event).unwrap();
    written
}

fn carry_out(ledger: &mut Ledger, log: &mut Vec<Written>, event: &Event<'_>) {
    log.push(apply(ledger, event));
}

/// The entry of an event that is about this account.
pub(crate) fn entry_of<'e>(event: &'e Event<'_>, account: AccountId) -> Option<&'e Entry> {
    let (a, b) = match &event.fact {
        Fact::Moved(movement) => (&movement.a, movement.b.as_ref()),
        Fact::LimitsPut { entry, .. }
        | Fact::ThresholdsPut { whose: Whose::Account(entry), .. }
        | Fact::SpendLimitPut { whose: Whose::Account(entry), .. } => (entry, None),
        _ => return None,
    };
    core::iter::once(a).chain(b).find(|entry| entry.account == account)
}
