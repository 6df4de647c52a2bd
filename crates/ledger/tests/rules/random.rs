//! Random operations on the core and on the naive model side by side: after every step both must have given the
//! same response and must know the same.

use crate::bench::{Answer, Bench, SEED, accounts};
use crate::dice::{Row, Step, step};
use crate::flows::add_flows;
use crate::model::{Model, Outcome, Timetable, receivers};
use crate::request::{Ask, Op};
use crate::tally::Tally;
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tocos_ledger::{Fact, GrantTerms, Ledger, LotAmount, MAX_AMOUNT, Micros, MovementKind, Refusal};

/// Steps in a sequence: long enough for lots, holds and debts to meet, short enough to shrink.
const SEQUENCE_LENGTH_MAX: usize = 400;
/// Steps of an ordinary test run. `TOCOS_STEPS=5000000` sets more, `TOCOS_SEED` repeats those of an earlier run.
const STEPS_DEFAULT: usize = 100_000;

#[test]
fn the_core_and_the_naive_model_agree_on_random_operations() {
    let steps = number_from("TOCOS_STEPS").map_or(STEPS_DEFAULT, |steps| usize::try_from(steps).unwrap());
    let seed = number_from("TOCOS_SEED").unwrap_or_else(|| RandomState::new().hash_one(0));
    println!("{steps} steps; again with TOCOS_SEED={seed} TOCOS_STEPS={steps}");
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    let cases = u32::try_from(steps * 2 / SEQUENCE_LENGTH_MAX).unwrap().max(1);
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes));
    let rows = prop::collection::vec(any::<Row>(), 1..=SEQUENCE_LENGTH_MAX);
    let tally = RefCell::new(Tally::default());
    let outcome =
        runner.run(&rows, |rows| Pair::new().run(&rows, &mut tally.borrow_mut()).map_err(TestCaseError::fail));
    match outcome {
        Ok(()) => tally.borrow().check(),
        Err(TestError::Fail(reason, rows)) => panic!("seed {seed}: {reason}\n{}", in_words(&rows)),
        Err(TestError::Abort(reason)) => panic!("seed {seed}: {reason}"),
    }
}

fn number_from(variable: &str) -> Option<u64> {
    let text = std::env::var(variable).ok()?;
    Some(text.parse().unwrap_or_else(|_| panic!("{variable} is a whole number, not {text}")))
}

/// The steps that a failing sequence stands for, up to the one that fails.
fn in_words(rows: &[Row]) -> String {
    let mut pair = Pair::new();
    let mut words = String::new();
    for row in rows {
        let step = step(row, &pair.model, pair.bench.now);
        writeln!(words, "  {step:?}").unwrap();
        let taken = catch_unwind(AssertUnwindSafe(|| pair.take(&step, &mut Tally::default())));
        if !matches!(taken, Ok(Ok(()))) {
            break;
        }
    }
    words
}

/// Where a batch began.
struct Mark {
    model: Model,
    blocks: Vec<Vec<u8>>,
    due: Vec<(Micros, tocos_ledger::Due)>,
    written: usize,
    keys: u64,
}

/// Core and model.
struct Pair {
    bench: Bench,
    model: Model,
    mark: Option<Mark>,
}

impl Pair {
    fn new() -> Self {
        let mut pair = Self { bench: Bench::empty(), model: Model::new(), mark: None };
        let users = ["ana", "bob", "cem", "dia"].map(|user| Op::PutUser { user: user.into(), name: None });
        for op in users.into_iter().chain([Op::PutCoin { coin: "gem".into(), decimals: 2 }]) {
            pair.ask(&Ask::of(op), &mut Tally::default()).unwrap();
        }
        pair
    }

    fn run(mut self, rows: &[Row], tally: &mut Tally) -> Result<(), String> {
        for row in rows {
            let step = step(row, &self.model, self.bench.now);
            self.take(&step, tally).map_err(|difference| format!("at {step:?}: {difference}"))?;
        }
        self.roll_back(tally)?;
        crate::found::check(&self.bench)?;
        self.replay()
    }

    fn take(&mut self, step: &Step, tally: &mut Tally) -> Result<(), String> {
        match step {
            Step::Ask(ask) => self.ask(ask, tally)?,
            // A batch is of one moment.
            Step::Pass(count) if self.mark.is_none() => {
                self.bench.pass(*count);
                self.clock(tally)?;
            }
            Step::Lead { epoch, node, after } => self.lead(*epoch, node, *after, tally)?,
            Step::Begin if self.mark.is_none() => self.begin(),
            Step::Keep => {
                self.mark = None;
                self.bench.ledger.keep();
            }
            Step::RollBack => self.roll_back(tally)?,
            Step::Reopen if self.mark.is_none() => self.reopen(tally)?,
            Step::Pass(_) | Step::Begin | Step::Reopen => {}
        }
        self.compare()
    }

    fn ask(&mut self, ask: &Ask, tally: &mut Tally) -> Result<(), String> {
        // What is due at this very instant comes first.
        self.clock(tally)?;
        let found = self.bench.ask(ask);
        let expected = self.model.ask(ask, self.bench.now);
        match &found {
            Ok(answer) if answer.replayed => tally.count("replayed"),
            Ok(answer) => {
                tally.count(self.bench.event(answer.event).kind());
                if answer.movement.as_ref().is_some_and(|movement| movement.a.crossed.is_some()) {
                    tally.count("crossed");
                }
            }
            Err(refusal) => tally.count(refusal.code()),
        }
        let found =
            found.as_ref().map(|answer| self.outcome(answer)).map_err(|refusal| without_reason(refusal.clone()));
        same("the answer", found, expected)
    }

    /// Time has passed: what the clock does is compared event by event.
    fn clock(&mut self, tally: &mut Tally) -> Result<(), String> {
        let first = self.bench.last_event() + 1;
        if !self.bench.ledger.is_due(self.bench.now) {
            self.model.tick(self.bench.now);
            return same("what is due", self.bench.last_event(), self.model.last_event());
        }
        let apart = user_by_user(&self.bench);
        self.bench.sweep();
        self.bench.check();
        if let Some(apart) = apart {
            same(
                "what is there if users are looked at one by one",
                balances(&apart, &self.bench),
                balances(&self.bench.ledger, &self.bench),
            )?;
        }
        self.model.tick(self.bench.now);
        same("how much expired", self.bench.last_event(), self.model.last_event())?;
        for number in first..=self.bench.last_event() {
            let event = self.bench.event(number);
            tally.count(event.kind());
            let Fact::Moved(movement) = &event.fact else { return Err("the clock only moves coins".into()) };
            let answer = Answer { event: number, replayed: false, movement: Some(movement.clone()) };
            same("what expired", self.outcome(&answer), self.model.answers[&number].clone())?;
            let of_schedule = match &movement.kind {
                MovementKind::Grant(GrantTerms { occurrence, .. }) => {
                    occurrence.map(|one| (one.schedule, one.number, one.due_at))
                }
                MovementKind::Rollover(terms) => Some((terms.schedule, terms.number, terms.due_at)),
                _ => None,
            };
            let found =
                event.reference.zip(of_schedule).map(|(id, (made_by, k, due))| (id.to_owned(), made_by, k, due));
            same("whose occurrence it was", found, self.model.by_schedule.get(&number).cloned())?;
            let adjusted = match (&movement.kind, event.reference) {
                (MovementKind::Adjustment(terms), Some(id)) => Some((id.to_owned(), terms.schedule)),
                _ => None,
            };
            same("whose occurrence was adjusted", adjusted, self.model.adjusted.get(&number).cloned())?;
            if let MovementKind::Grant(GrantTerms { occurrence: Some(occurrence), .. }) = &movement.kind {
                tally.count("occurrence");
                if movement.amount < occurrence.scheduled {
                    tally.count("an occurrence cut short");
                }
                if occurrence.due_at < event.at {
                    tally.count("catching up");
                }
            }
        }
        Ok(())
    }

    /// A node takes over, and only then what has become due meanwhile expires. In a batch no time passes.
    fn lead(&mut self, epoch: u64, node: &str, after: i64, tally: &mut Tally) -> Result<(), String> {
        self.bench.pass(if self.mark.is_none() { after } else { 0 });
        let event = self.bench.lead(epoch, node);
        self.model.lead();
        same("the leader's event", event, self.model.last_event())?;
        tally.count(self.bench.event(event).kind());
        self.bench.check();
        self.clock(tally)
    }

    fn outcome(&self, answer: &Answer) -> Outcome {
        let lots = answer.movement.as_ref().map_or(Vec::new(), tocos_ledger::Movement::lots_named);
        let (event, replayed) = (answer.event, answer.replayed);
        let state = self.bench.ledger.state();
        let mut crossed = Vec::new();
        for entry in answer.movement.iter().flat_map(|movement| core::iter::once(&movement.a).chain(&movement.b)) {
            let user = state.user(entry.owner(state).0).id.as_str();
            let of_entry = entry.crossed.iter().flatten();
            crossed.extend(of_entry.map(|crossing| (user.to_owned(), crossing.threshold, crossing.is_up)));
        }
        crossed.sort_by(|(one, ..), (other, ..)| one.cmp(other));
        Outcome { event, replayed, amount: answer.amount(), lots, expired: answer.expired(), crossed }
    }

    fn begin(&mut self) {
        self.mark = Some(Mark {
            model: self.model.clone(),
            blocks: self.bench.blocks(),
            due: self.bench.ledger.state().due_before(Micros::MAX).collect(),
            written: self.bench.log.len(),
            keys: self.bench.ledger.key_count(),
        });
        self.bench.ledger.begin();
    }

    fn roll_back(&mut self, tally: &mut Tally) -> Result<(), String> {
        let Some(mark) = self.mark.take() else { return Ok(()) };
        tally.count("rolled back");
        self.bench.ledger.roll_back();
        self.bench.log.truncate(mark.written);
        self.model = mark.model;
        let state = self.bench.ledger.state();
        if self.bench.blocks() != mark.blocks {
            return Err("what was rolled back left something in the state".into());
        }
        same("what is due after rolling back", state.due_before(Micros::MAX).collect(), mark.due)?;
        same("how many keys are known after rolling back", self.bench.ledger.key_count(), mark.keys)
    }

    /// A ledger read back from its blocks is as good as the one that wrote them.
    fn reopen(&mut self, tally: &mut Tally) -> Result<(), String> {
        tally.count("reopened");
        let blocks = self.bench.blocks();
        let mut ledger = Ledger::from_blocks(SEED, blocks.iter().cloned().map(Ok::<_, tocos_ledger::SnapshotError>))
            .map_err(|error| error.to_string())?;
        let last = ledger.state().last_event();
        ledger.forget_keys_through(last);
        ledger.count_keys_through(last, self.model.keys.len() as u64);
        // From here on the log alone knows of keys, ended holds, and what was reversed.
        self.bench.forget();
        self.bench.ledger = ledger;
        if self.bench.blocks() != blocks {
            return Err("blocks read back and written again differ".into());
        }
        Ok(())
    }

    /// The same events in a fresh ledger give the same state, byte for byte, and the same keys.
    fn replay(&self) -> Result<(), String> {
        let mut fresh = Ledger::new(SEED);
        let mut sums = BTreeMap::new();
        for (number, written) in (1..).zip(&self.bench.log) {
            let event = fresh
                .decode_event(number, written.at, &written.record, &written.blob)
                .map_err(|error| format!("event {number}: {error}"))?;
            fresh.apply(&event).map_err(|error| error.to_string())?;
            add_flows(&fresh, &event, written, &mut sums)?;
        }
        if fresh.state().blocks().collect::<Vec<_>>() != self.bench.blocks() {
            return Err("replayed from its bytes, the log gives another state".into());
        }
        for (key, (event, _)) in &self.model.keys {
            same("a key after the replay", fresh.known(key), Some(*event))?;
        }
        same("what is due after the replay", due(&fresh), due(&self.bench.ledger))
    }

    /// Every balance, lot list, hold, coin and key.
    fn compare(&self) -> Result<(), String> {
        let (state, model) = (self.bench.ledger.state(), &self.model);
        same("the number of events", state.last_event(), model.last_event())?;
        same("the number of accounts", state.account_count(), model.purses.len())?;
        for (id, purse) in accounts(&self.bench.ledger).zip(&model.purses) {
            let row = state.account(id);
            let whose = (state.user(row.user).id.as_str(), state.coin(row.coin).code.as_str());
            same("whose account it is", whose, (&purse.user, &purse.coin))?;
            let (user, coin) = (purse.user.as_str(), purse.coin.as_str());
            let balance = row.balance(self.bench.now);
            let found = (balance.total, i64::try_from(balance.held).unwrap(), balance.available(), row.limits());
            let expected = (model.total(user, coin), model.held(user, coin), model.available(user, coin), purse.limits);
            same("a balance", found, expected)?;
            let lots: Vec<LotAmount> = row.lots(self.bench.now).collect();
            same("the lots", lots, crate::model::named(&purse.burn_order()))?;
        }
        self.compare_holds()?;
        self.compare_schedules()?;
        self.compare_webhooks()?;
        for coin in state.coins() {
            let mint = &model.coins[coin.code.as_str()];
            let found = (coin.decimals, [coin.issued, coin.spent, coin.expired].map(i128::from));
            same("a coin", found, (mint.decimals, [mint.issued, mint.spent, mint.expired]))?;
        }
        same("the number of coins", state.coins().len(), model.coins.len())?;
        self.compare_names()
    }

    fn compare_holds(&self) -> Result<(), String> {
        let (state, model) = (self.bench.ledger.state(), &self.model);
        same("the number of open holds", state.open_hold_count(), model.holds.len())?;
        for (id, hold) in state.open_holds() {
            let expected = model.holds.get(&id).ok_or_else(|| format!("hold {id} should have ended"))?;
            let row = state.account(hold.account);
            let found = (
                state.user(row.user).id.as_str(),
                state.coin(row.coin).code.as_str(),
                hold.to.map(|to| state.user(to).id.as_str()),
                (hold.expires_at, hold.amount, hold.captured, hold.lots.clone()),
            );
            let lots = crate::model::named(&expected.piles);
            let terms = (expected.expires_at, expected.amount, expected.captured, lots);
            same("a hold", found, (&expected.user, &expected.coin, expected.to.as_deref(), terms))?;
        }
        for (id, ended) in &model.ended {
            same("how a hold ended", self.bench.ended_hold(*id), Some(*ended))?;
        }
        Ok(())
    }

    fn compare_schedules(&self) -> Result<(), String> {
        let (state, model) = (self.bench.ledger.state(), &self.model);
        let mut expected: Vec<(u64, Timetable)> = model.schedules.clone().into_iter().collect();
        expected.sort_by(|(_, one), (_, other)| one.id.cmp(&other.id));
        let found = state.schedules_from("").map(|(number, schedule)| {
            let table = Timetable {
                granted: schedule.granted(),
                added: model.schedules.get(&number).map_or(0, |table| table.added),
                adjust: schedule.adjustment(),
                id: schedule.id.to_string(),
                user: state.user(schedule.user).id.to_string(),
                coin: state.coin(schedule.coin).code.to_string(),
                plan: schedule.plan,
                anchor: schedule.anchor,
                next: (schedule.next, schedule.next_due()),
                paused: schedule.paused,
                done: schedule.last_due,
                // Shows when something rolls over.
                lot: model.schedules.get(&number).and_then(|table| table.lot),
            };
            (number, table)
        });
        same("the schedules", found.collect(), expected)?;
        same("how many schedules there are", state.schedule_count(), model.schedules.len())
    }

    fn compare_webhooks(&self) -> Result<(), String> {
        let (now, found) = (self.bench.now, receivers(self.bench.ledger.state(), self.bench.now));
        let model = self.model.webhooks.clone().into_iter().map(|(id, receiver)| (id, receiver.at(now)));
        same("the webhooks", found, model.collect())
    }

    fn compare_names(&self) -> Result<(), String> {
        let (ledger, model) = (&self.bench.ledger, &self.model);
        let state = ledger.state();
        let listed: Vec<&str> = state.users_from("").map(|id| state.user(id).id.as_str()).collect();
        same("the users in order", listed, model.users.keys().map(String::as_str).collect())?;
        for (id, person) in &model.users {
            let user = ledger.find_user(id).ok_or_else(|| format!("{id} is not found"))?;
            let profile = state.profile(user);
            let found = (profile.name.as_deref(), profile.metadata.as_deref(), state.user(user).closed);
            same("a user", found, (person.name.as_deref(), person.metadata.as_deref(), person.closed))?;
        }
        same("the number of keys", ledger.key_count(), model.keys.len() as u64)?;
        for (key, (event, _)) in &model.keys {
            same("what a key names", self.bench.known(key), Some(*event))?;
        }
        let revoked: Vec<bool> = state.api_keys().map(|(_, key)| key.revoked_at.is_some()).collect();
        same("the API keys", revoked, model.api_keys.clone())
    }
}

/// What is due of each user alone, the last user first. Only what all share, the supply of a coin, can make a difference.
fn user_by_user(bench: &Bench) -> Option<Ledger> {
    let mut ledger = bench.ledger.clone();
    let is_large = ledger.state().schedules_from("").any(|(_, schedule)| schedule.plan.amount > 1_000);
    if is_large || ledger.state().coins().iter().any(|coin| coin.supply_left() < MAX_AMOUNT / 4) {
        return None;
    }
    let mut users: Vec<_> = ledger.state().users_from("").collect();
    users.reverse();
    for user in users {
        let mut due = ledger.due_of(user, bench.now);
        while let Some(occasion) = ledger.next_of(&mut due) {
            let event = ledger.expire(&occasion, bench.now);
            ledger.apply(&event).unwrap();
        }
    }
    assert!(!ledger.is_due(bench.now), "something is due that is no user's");
    Some(ledger)
}

/// Every user's coins; lots without their numbers.
fn balances(ledger: &Ledger, bench: &Bench) -> Vec<String> {
    let state = ledger.state();
    let mut balances: Vec<String> = accounts(ledger)
        .map(|id| {
            let row = state.account(id);
            let lots: Vec<_> = row.lots(bench.now).map(|part| (part.lot.marks, part.amount)).collect();
            format!("{:?} {:?} {:?} {lots:?}", row.user, row.coin, row.balance(bench.now))
        })
        .collect();
    balances.sort();
    balances
}

fn due(ledger: &Ledger) -> Vec<(Micros, tocos_ledger::Due)> {
    ledger.state().due_before(Micros::MAX).collect()
}

/// The model gives no reasons in words.
fn without_reason(refusal: Refusal) -> Refusal {
    match refusal {
        Refusal::InvalidRequest { field, .. } => Refusal::InvalidRequest { field, reason: String::new() },
        other => other,
    }
}

#[expect(clippy::needless_pass_by_value, reason = "most of what is compared is made for it")]
fn same<T: PartialEq + core::fmt::Debug>(what: &str, core: T, model: T) -> Result<(), String> {
    if core == model { Ok(()) } else { Err(format!("{what} differs\n   core: {core:?}\n  model: {model:?}")) }
}
