//! Random operations on the core and on the naive model side by side: after every step both must have given the
//! same response and must know the same.

use crate::bench::{Answer, Bench, SEED, accounts};
use crate::dice::{Row, Step, step};
use crate::model::{Model, Outcome};
use crate::request::{Ask, Op};
use proptest::prelude::*;
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestError, TestRng, TestRunner};
use std::cell::RefCell;
use std::fmt::Write;
use std::hash::{BuildHasher, RandomState};
use std::panic::{AssertUnwindSafe, catch_unwind};
use tocos_ledger::{Fact, Ledger, LotAmount, Micros, Refusal};

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

/// What came up, so that a run in which nothing interesting happened is no success.
#[derive(Default)]
struct Tally {
    codes: std::collections::BTreeMap<&'static str, usize>,
}

impl Tally {
    fn count(&mut self, word: &'static str) {
        *self.codes.entry(word).or_default() += 1;
    }

    fn check(&self) {
        for word in [
            "grant",
            "spend",
            "transfer",
            "hold",
            "capture",
            "release",
            "hold_expired",
            "expire",
            "reverse",
            "extend",
            "limits",
            "user",
            "user_closed",
            "coin",
            "key",
            "key_revoked",
            "replayed",
            "rolled back",
            "reopened",
            "invalid_request",
            "insufficient_funds",
            "user_not_found",
            "coin_not_found",
            "hold_not_found",
            "event_not_found",
            "key_not_found",
            "idempotency_key_reused",
            "hold_ended",
            "hold_amount_exceeded",
            "already_reversed",
            "not_reversible",
            "above_ceiling",
            "account_frozen",
            "user_closed",
            "user_not_empty",
            "supply_exhausted",
        ] {
            assert!(self.codes.contains_key(word), "{word} never came up, only {:?}; run more steps", self.codes);
        }
    }
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
        let found = self.bench.ask(ask);
        let expected = self.model.ask(ask, self.bench.now);
        match &found {
            Ok(answer) if answer.replayed => tally.count("replayed"),
            Ok(answer) => tally.count(self.bench.event(answer.event).kind()),
            Err(refusal) => tally.count(refusal.code()),
        }
        let found = found.as_ref().map(outcome).map_err(|refusal| without_reason(refusal.clone()));
        same("the answer", found, expected)
    }

    /// Time has passed: what the clock does is compared event by event.
    fn clock(&mut self, tally: &mut Tally) -> Result<(), String> {
        let first = self.bench.last_event() + 1;
        self.bench.sweep();
        self.bench.check();
        self.model.tick(self.bench.now);
        same("how much expired", self.bench.last_event(), self.model.last_event())?;
        for number in first..=self.bench.last_event() {
            let event = self.bench.event(number);
            tally.count(event.kind());
            let Fact::Moved(movement) = &event.fact else { return Err("the clock only moves coins".into()) };
            let answer = Answer { event: number, replayed: false, movement: Some(movement.clone()) };
            same("what expired", outcome(&answer), self.model.answers[&number].clone())?;
        }
        Ok(())
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
        for (number, written) in (1..).zip(&self.bench.log) {
            let event = fresh
                .decode_event(number, written.at, &written.record, &written.blob)
                .map_err(|error| format!("event {number}: {error}"))?;
            fresh.apply(&event).map_err(|error| error.to_string())?;
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

fn due(ledger: &Ledger) -> Vec<(Micros, tocos_ledger::Due)> {
    ledger.state().due_before(Micros::MAX).collect()
}

fn outcome(answer: &Answer) -> Outcome {
    let lots = answer.movement.as_ref().map_or(Vec::new(), tocos_ledger::Movement::lots_named);
    let (event, replayed) = (answer.event, answer.replayed);
    Outcome { event, replayed, amount: answer.amount(), lots, expired: answer.expired() }
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
