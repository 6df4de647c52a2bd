//! Rule 33: what a change of a schedule that takes effect now does to the coins of the last occurrence.

use crate::bench::Bench;
use crate::request::START;
use crate::scheduled::DAY;
use tocos_ledger::{CoinId, Fact, GrantUse, Granted, Lasting, MAX_AMOUNT, Mention, MovementKind};

const DAY_S: i64 = 86_400;

/// 100 a day for Ana until the next one; other coins that she has are plain.
fn daily() -> Bench {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 7).done();
    ledger.schedule("plan", "ana", 100).daily().at_next().done();
    ledger.sweep();
    ledger
}

fn change(ledger: &mut Bench, amount: u64) {
    ledger.schedule("plan", "ana", amount).daily().at_next().now().done();
    ledger.sweep();
}

/// The amount of the last event, an adjustment: below 0 if it took coins away.
fn adjusted(ledger: &Bench) -> i64 {
    let event = ledger.event(ledger.last_event());
    assert_eq!((event.kind(), event.schedule(), event.by), ("adjustment", Some("plan"), 0));
    let Fact::Moved(movement) = &event.fact else { panic!("{event:?}") };
    let MovementKind::Adjustment(terms) = movement.kind else { panic!("{event:?}") };
    let amount = movement.amount as i64;
    if terms.scheduled > terms.before { amount } else { -amount }
}

#[test]
fn r33_now_adds_what_is_missing_to_the_coins_of_the_last_occurrence() {
    let mut ledger = daily();
    let lots = ledger.lots("ana").len();
    ledger.spend("ana", 60).done();
    change(&mut ledger, 150);
    assert_eq!((adjusted(&ledger), ledger.available("ana")), (50, 7 + 90));
    assert_eq!(ledger.lots("ana").len(), lots, "they are in the same lot");
    // They expire with it, and the next occurrence grants as much.
    ledger.pass(DAY_S).sweep();
    assert_eq!(ledger.available("ana"), 7 + 150);
    assert_eq!(ledger.system().expired, 90);
}

#[test]
fn r33_now_takes_what_is_too_much_from_what_is_left_of_them_alone() {
    let mut ledger = daily();
    ledger.spend("ana", 20).done();
    ledger.hold("ana", 50).done();
    change(&mut ledger, 90);
    assert_eq!((adjusted(&ledger), ledger.available("ana")), (-10, 7 + 20));
    change(&mut ledger, 10);
    assert_eq!((adjusted(&ledger), ledger.available("ana")), (-20, 7), "neither held nor other coins");
    assert_eq!(ledger.system().issued, 7 + 70);
    // Nothing is left to take; what it had granted counts as 10 all the same.
    change(&mut ledger, 5);
    assert_eq!(adjusted(&ledger), 0);
    change(&mut ledger, 25);
    assert_eq!((adjusted(&ledger), ledger.available("ana")), (20, 7 + 20));
}

#[test]
fn r33_an_adjustment_that_comes_late_is_as_of_the_change() {
    let mut ledger = daily();
    ledger.schedule("plan", "ana", 150).daily().at_next().now().done();
    let changed_at = ledger.event(ledger.last_event()).at;
    ledger.pass(3_600).sweep();
    assert_eq!(adjusted(&ledger), 50);
    let event = ledger.event(ledger.last_event());
    let Fact::Moved(movement) = &event.fact else { panic!("{event:?}") };
    let MovementKind::Adjustment(terms) = movement.kind else { panic!("{event:?}") };
    assert_eq!((terms.due_at, event.at), (changed_at, changed_at + 3_600_000_000));
    let flows: Vec<_> = event.flows(|_| Some(CoinId(0))).unwrap().map(|flow| (flow.at, flow.amount)).collect();
    assert_eq!(flows, [(changed_at, 50)], "a report up to between them has it");
}

#[test]
fn r33_without_now_the_last_occurrence_stays_as_it_is() {
    let mut ledger = daily();
    let before = ledger.last_event();
    ledger.schedule("plan", "ana", 150).daily().at_next().done();
    ledger.sweep();
    assert_eq!((ledger.last_event(), ledger.available("ana")), (before + 1, 107));
    // A later change that takes effect now counts from what was granted.
    change(&mut ledger, 130);
    assert_eq!(adjusted(&ledger), 30);
}

#[test]
fn r33_what_is_added_is_bounded_by_ceiling_and_supply() {
    let mut ledger = daily();
    ledger.limits("ana").ceiling(120).done();
    change(&mut ledger, 150);
    assert_eq!(adjusted(&ledger), 13);
    ledger.limits("ana").ceiling(MAX_AMOUNT).done();
    ledger.grant("bob", MAX_AMOUNT - 120 - 4).done();
    change(&mut ledger, 200);
    assert_eq!(adjusted(&ledger), 4);
}

#[test]
fn r33_nothing_is_adjusted_before_the_first_occurrence_or_after_its_coins() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 100).daily().anchor(START + DAY).at_next().now().done();
    change(&mut ledger, 50);
    assert_eq!(ledger.event(ledger.last_event()).kind(), "schedule", "there was no occurrence yet");
    ledger.pass(DAY_S).sweep();
    ledger.schedule("plan", "ana", 80).daily().lasting(Lasting::After(60)).done();
    ledger.pass(DAY_S).sweep();
    ledger.pass(60).schedule("plan", "ana", 90).daily().lasting(Lasting::After(60)).now().done();
    ledger.sweep();
    assert_eq!(ledger.available("ana"), 0, "those coins have expired");
    assert_eq!(ledger.event(ledger.last_event()).kind(), "schedule");
    // The next one is due at once: the period is over.
    let now = ledger.now;
    ledger.schedule("plan", "ana", 70).daily().anchor(now).at_next().now().done();
    ledger.sweep();
    assert_eq!((ledger.event(ledger.last_event()).kind(), ledger.available("ana")), ("grant", 70));
}

#[test]
fn r33_coins_that_are_no_lot_of_their_own_can_be_added_and_not_taken_back() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 100).daily().done();
    ledger.sweep();
    ledger.schedule("plan", "ana", 50).daily().now().refused_for("takes_effect");
    ledger.schedule("plan", "ana", 130).daily().now().done();
    ledger.sweep();
    assert_eq!((adjusted(&ledger), ledger.available("ana")), (30, 130));
    ledger.schedule("plan", "ana", 129).daily().now().refused_for("takes_effect");
    ledger.schedule("plan", "ana", 129).daily().done();
}

#[test]
fn r33_from_a_frozen_account_nothing_is_taken() {
    let mut ledger = daily();
    ledger.limits("ana").frozen().done();
    ledger.schedule("plan", "ana", 50).daily().at_next().now().refused_as("account_frozen");
    change(&mut ledger, 130);
    assert_eq!(adjusted(&ledger), 30, "it receives");
}

#[test]
fn r33_a_paused_schedule_can_be_adjusted() {
    let mut ledger = daily();
    ledger.pause("plan").done();
    change(&mut ledger, 130);
    assert_eq!(adjusted(&ledger), 30);
    ledger.pass(3 * DAY_S).sweep();
    assert_eq!(ledger.available("ana"), 7);
    change(&mut ledger, 500);
    assert_eq!(ledger.available("ana"), 7, "the coins have expired");
}

#[test]
fn r33_changes_that_follow_each_other_each_count_from_the_one_before() {
    let mut ledger = daily();
    ledger.schedule("plan", "ana", 500).daily().at_next().now().done();
    ledger.schedule("plan", "ana", 120).daily().at_next().now().done();
    ledger.schedule("plan", "ana", 40).daily().at_next().done();
    ledger.sweep();
    assert_eq!(ledger.available("ana"), 127);
    ledger.pass(DAY_S).sweep();
    assert_eq!(ledger.available("ana"), 47);
}

#[test]
fn r33_an_adjustment_is_seen_where_the_grants_coins_are_and_is_not_reversible() {
    let mut ledger = daily();
    let grant = ledger.last_event();
    ledger.spend("ana", 60).done();
    change(&mut ledger, 150);
    ledger.reverse(ledger.last_event()).refused_as("not_reversible");
    change(&mut ledger, 80);
    let granted = Granted::by(&ledger.event(grant)).unwrap();
    let mut found = granted.at_first();
    for event in ledger.ledger.recent_mentions(Mention::Grant(grant)).after(0) {
        found.add(&granted.used_by(&ledger.event(event)));
    }
    assert_eq!(found, GrantUse { left: 20, spent: 60, reversed: 70, added: 50, ..GrantUse::default() });
}

#[test]
fn r33_what_was_added_rolls_over_with_the_rest() {
    let mut ledger = Bench::with(&["ana"]);
    let plan = |ledger: &mut Bench, amount| {
        let change = ledger.schedule("plan", "ana", amount).daily().at_next().rollover(130, Lasting::Never);
        change.now().done();
        ledger.sweep();
    };
    plan(&mut ledger, 100);
    plan(&mut ledger, 120);
    ledger.pass(DAY_S).sweep();
    assert_eq!(ledger.available("ana"), 240);
}

#[test]
fn r33_a_change_with_another_effect_is_another_request_under_its_key() {
    let mut ledger = daily();
    ledger.schedule("plan", "ana", 150).daily().at_next().now().key("k").done();
    ledger.sweep();
    assert!(ledger.schedule("plan", "ana", 150).daily().at_next().now().key("k").done().replayed);
    ledger.schedule("plan", "ana", 150).daily().at_next().key("k").refused_as("idempotency_key_reused");
}

#[test]
fn r33_what_was_taken_back_is_not_taken_twice_by_a_reversal() {
    let mut ledger = daily();
    let grant = ledger.last_event();
    ledger.spend("ana", 60).done();
    change(&mut ledger, 70);
    assert_eq!((adjusted(&ledger), ledger.available("ana")), (-30, 17));
    ledger.reverse(grant).only(71).debt().refused_as("already_reversed");
    ledger.reverse(grant).debt().done();
    assert_eq!((ledger.system().issued, ledger.available("ana")), (7, 7 - 60));
    change(&mut ledger, 10);
    assert_eq!(adjusted(&ledger), 0);
}

#[test]
fn r33_what_was_reversed_while_it_was_held_is_not_taken_back_when_it_returns() {
    let mut ledger = daily();
    let grant = ledger.last_event();
    let hold = ledger.hold("ana", 100).done().event;
    ledger.reverse(grant).debt().done();
    ledger.release(hold).done();
    change(&mut ledger, 10);
    assert_eq!((adjusted(&ledger), ledger.system().issued), (0, 7));
    // What is added then can be taken back again.
    change(&mut ledger, 40);
    change(&mut ledger, 25);
    assert_eq!((adjusted(&ledger), ledger.system().issued), (-15, 7 + 15));
}
