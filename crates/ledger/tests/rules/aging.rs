//! What is over leaves nothing behind: while users, accounts and what is open stay the same, so do memory and snapshots.

use crate::asking::plan;
use crate::request::{START, seconds};
use tocos_ledger::{
    DAY_US, Decision, Event, Every, Excess, Lasting, Ledger, Marks, Micros, Mode, Operation, Plan, Recalled, Request,
    Rollover, Staged, Taking, Until,
};

const USERS: [&str; 4] = ["ana", "bob", "cem", "dia"];
/// What tables would have is forgotten after so many events.
const FORGOTTEN_EVERY: u64 = 20_000;
const EVENTS: u64 = 1_000_000;

struct Old {
    ledger: Ledger,
    now: Micros,
    keys: u64,
    forgotten: u64,
}

/// Bytes that a snapshot and what is over in memory take.
#[derive(Debug, PartialEq)]
struct Weight {
    snapshot: usize,
    over: usize,
}

impl Old {
    fn new() -> Self {
        let mut old = Self { ledger: Ledger::new([3; 16]), now: START, keys: 0, forgotten: 0 };
        for user in USERS {
            old.request(Operation::PutUser { user, name: None });
            old.request(Operation::Grant {
                user,
                coin: "toco",
                amount: 1_000_000_000,
                marks: Marks::PLAIN,
                lot: false,
            });
        }
        old
    }

    /// Carries out one request, under a key of its own, and returns the number of its event.
    fn request(&mut self, operation: Operation<'_>) -> u64 {
        while let Some(occasion) = self.ledger.next_occasion(self.now) {
            let event = self.ledger.expire(&occasion, self.now);
            self.ledger.apply(&event).unwrap();
        }
        self.keys += 1;
        let key = format!("key {}", self.keys);
        let request = Request { operation, key: Some(&key), metadata: None, reference: None, by: 0 };
        let decision = self.ledger.decide_recalled(&request, &Staged::default(), &Recalled::default(), self.now);
        let Ok(Decision::Do(event)) = decision else { panic!("{decision:?}") };
        self.ledger.apply(&event).unwrap();
        let number = event.number;
        if number >= self.forgotten + FORGOTTEN_EVERY {
            // As when tables have been made of all this.
            self.ledger.age_over();
            drop(self.ledger.forget_over_through(number));
            self.ledger.forget_keys_through(number);
            self.forgotten = number;
        }
        number
    }

    fn weight(&self) -> Weight {
        let state = self.ledger.state();
        Weight { snapshot: state.blocks().map(|block| block.len()).sum(), over: state.over_count() }
    }
}

/// Runs a million events of one kind. Each step leaves as much open as it found.
fn run(what: &str, step: impl Fn(&mut Old, u64)) {
    let mut old = Old::new();
    let mut at = 0;
    let mut warm = None;
    while old.ledger.state().last_event() < EVENTS {
        step(&mut old, at);
        at += 1;
        old.now += 1_000;
        if warm.is_none() && old.ledger.state().last_event() > EVENTS / 10 {
            warm = Some(old.weight());
        }
    }
    let (warm, end) = (warm.unwrap(), old.weight());
    // Numbers of more digits and histories of more milestones take a little.
    assert!(end.snapshot < warm.snapshot + 600, "{what}: snapshots grew from {warm:?} to {end:?}");
    assert!(end.over as u64 <= FORGOTTEN_EVERY, "{what}: {end:?}");
    let keys = old.ledger.keys_in_memory() as u64;
    assert!(keys <= 3 * FORGOTTEN_EVERY, "{what}: {keys} keys are in memory");
    assert_eq!(old.ledger.key_count(), old.keys, "{what}");
}

#[test]
fn a_million_transfers_leave_nothing_behind() {
    run("transfers", |old, at| {
        let (from, to) = (USERS[at as usize % 4], USERS[(at as usize + 1) % 4]);
        old.request(Operation::Transfer { from, to, coin: "toco", amount: 1 });
    });
}

#[test]
fn a_million_holds_and_captures_leave_nothing_behind() {
    run("holds", |old, at| {
        let user = USERS[at as usize % 4];
        let hold =
            old.request(Operation::Hold { user, coin: "toco", amount: 5, until: Until::InSeconds(60), to: None });
        match at % 3 {
            0 => old.request(Operation::Release { hold }),
            _ => old.request(Operation::Capture { hold, amount: Some(3), last: true, excess: Excess::Reject }),
        };
    });
}

#[test]
fn a_million_holds_that_expire_leave_nothing_behind() {
    run("holds that expire", |old, at| {
        let user = USERS[at as usize % 4];
        old.request(Operation::Hold { user, coin: "toco", amount: 5, until: Until::InSeconds(1), to: None });
        old.now += seconds(2);
    });
}

#[test]
fn a_million_grants_that_expire_leave_nothing_behind() {
    run("grants that expire", |old, at| {
        let marks = Marks { expires_at: Some(old.now + seconds(1)), ..Marks::PLAIN };
        old.request(Operation::Grant { user: USERS[at as usize % 4], coin: "toco", amount: 5, marks, lot: false });
        old.now += seconds(2);
    });
}

#[test]
fn a_million_reversals_leave_nothing_behind() {
    run("reversals", |old, at| {
        let user = USERS[at as usize % 4];
        let spend = Operation::Spend { user, coin: "toco", amount: 5, to: None, mode: Mode::Exact };
        // The event that is reversed, as the log would give it.
        let request = Request { operation: spend.clone(), key: None, metadata: None, reference: None, by: 0 };
        let Ok(Decision::Do(original)) = old.ledger.decide(&request, old.now) else { panic!("a spend") };
        let original: Event<'static> = owned(&original);
        let event = old.request(spend);
        assert_eq!(event, original.number);
        for amount in [2, 3] {
            old.request(Operation::Reverse {
                event,
                original: Some(&original),
                amount: Some(amount),
                renew_expires_at: None,
                taking: Taking::default(),
            });
        }
    });
}

/// Days of occurrences; each grants to four users.
#[test]
fn a_hundred_thousand_occurrences_leave_nothing_behind() {
    let mut old = Old::new();
    let rollover = Some(Rollover { max: 30, lasting: Lasting::AtNext });
    let daily = Plan { every: Every::Days(1), lasting: Lasting::AtNext, rollover, ..plan(100) };
    for user in USERS {
        old.request(Operation::PutSchedule { schedule: user, user, coin: "toco", plan: daily });
    }
    let mut warm = None;
    for day in 0..25_000 {
        old.now += DAY_US;
        let user = USERS[day % 4];
        // One that is over at once, and a change of one that goes on.
        old.request(Operation::PutSchedule { schedule: "once", user, coin: "toco", plan: plan(1) });
        old.request(Operation::PutSchedule { schedule: user, user, coin: "toco", plan: daily });
        old.request(Operation::Spend { user, coin: "toco", amount: 50, to: None, mode: Mode::Exact });
        if day == 2_500 {
            warm = Some(old.weight());
        }
    }
    let (warm, end) = (warm.unwrap(), old.weight());
    assert!(end.snapshot < warm.snapshot + 600, "snapshots grew from {warm:?} to {end:?}");
    let state = old.ledger.state();
    // Some events of the last round mention something.
    assert!(end.over < 100 && state.schedule_count() == 4, "{end:?}");
    assert!(state.last_event() > 300_000 && state.due_before(i64::MAX).count() <= 8);
}

fn owned(event: &Event<'_>) -> Event<'static> {
    Event {
        number: event.number,
        at: event.at,
        by: event.by,
        key: None,
        metadata: None,
        reference: None,
        fact: match &event.fact {
            tocos_ledger::Fact::Moved(movement) => tocos_ledger::Fact::Moved(movement.clone()),
            other => panic!("{other:?}"),
        },
    }
}
