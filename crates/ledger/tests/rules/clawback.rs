//! Rules 26 and 27: coins are taken back from who may no longer have them; a purchase is followed as a lot of its own.

use crate::bench::{Answer, Bench, Purse};
use tocos_ledger::{Amount, Lot, MAX_AMOUNT, Marks, MovementKind, Refusal};

/// What is left to reverse after a reversal, and what is owed by it.
fn remaining_and_debt(answer: &Answer) -> (Amount, Amount) {
    match answer.movement.as_ref().map(|movement| movement.kind) {
        Some(MovementKind::Reverse(terms)) => (terms.remaining, terms.debt),
        other => panic!("{other:?} is no reversal"),
    }
}

#[test]
fn r26_up_to_takes_what_is_still_there_of_a_grant_down_to_nothing() {
    let mut ledger = Bench::with(&["ana"]);
    let grant = ledger.grant("ana", 50).expires_in(60).done().event;
    ledger.grant("ana", 50).done();
    ledger.spend("ana", 30).done();
    let taken = ledger.reverse(grant).up_to().done();
    assert_eq!((taken.lots(), remaining_and_debt(&taken)), (vec![(grant, 20)], (30, 0)));
    let nothing = ledger.reverse(grant).up_to().done();
    assert_eq!((nothing.amount(), nothing.lots(), remaining_and_debt(&nothing)), (0, vec![], (30, 0)));
    assert_eq!(ledger.available("ana"), 50, "the other coins are untouched");
}

#[test]
fn r26_up_to_takes_no_more_than_is_left_to_reverse() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    ledger.grant("ana", 100).done();
    let spend = ledger.spend("ana", 40).to("shop").done().event;
    ledger.grant("shop", 500).done();
    ledger.reverse(spend).only(15).done();
    assert_eq!(ledger.reverse(spend).only(40).refused(), Refusal::AlreadyReversed { event: spend, remaining: 25 });
    let rest = ledger.reverse(spend).only(40).up_to().done();
    assert_eq!((rest.amount(), remaining_and_debt(&rest)), (25, (0, 0)));
    assert_eq!(ledger.reverse(spend).up_to().refused(), Refusal::AlreadyReversed { event: spend, remaining: 0 });
    assert_eq!(ledger.reverse(spend).debt().refused(), Refusal::AlreadyReversed { event: spend, remaining: 0 });
}

#[test]
fn r26_a_payees_plain_coins_are_taken_as_far_as_they_go() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    let lot = ledger.grant("ana", 40).expires_in(60).done().event;
    let spend = ledger.spend("ana", 40).to("shop").done().event;
    ledger.spend("shop", 25).done();
    ledger.grant("shop", 9).expires_in(60).done();
    let taken = ledger.reverse(spend).up_to().done();
    assert_eq!((taken.lots(), remaining_and_debt(&taken)), (vec![(lot, 15)], (25, 0)), "the payer's lot is back");
    assert_eq!(ledger.available("shop"), 9);
}

#[test]
fn r26_lots_of_a_transfer_are_taken_one_after_the_other_up_to_the_first_gap() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    let first = ledger.grant("ana", 10).expires_in(60).done().event;
    let second = ledger.grant("ana", 10).expires_in(90).done().event;
    let third = ledger.grant("ana", 10).expires_in(120).done().event;
    let transfer = ledger.transfer("ana", "bob", 30).done().event;
    // The first and half of the second are gone.
    ledger.spend("bob", 15).done();
    let taken = ledger.reverse(transfer).up_to().done();
    assert_eq!((taken.lots(), remaining_and_debt(&taken)), (vec![(third, 10), (second, 5)], (15, 0)));
    ledger.grant("bob", 50).done();
    assert_eq!(ledger.reverse(transfer).up_to().done().amount(), 0, "other coins of the receiver are not those");
    let owed = ledger.reverse(transfer).debt().done();
    assert_eq!((owed.lots(), remaining_and_debt(&owed)), (vec![(second, 5), (first, 10)], (0, 15)));
    assert_eq!((ledger.available("bob"), ledger.available("ana")), (35, 30));
    assert_eq!(ledger.system().spent, 15, "what passes through @spent leaves nothing there");
}

#[test]
fn r26_a_debt_goes_below_any_floor_and_the_next_plain_coins_pay_it_off() {
    let mut ledger = Bench::with(&["ana"]);
    let grant = ledger.grant("ana", 100).lot().done().event;
    ledger.spend("ana", 70).done();
    let taken = ledger.reverse(grant).debt().done();
    assert_eq!((taken.lots(), remaining_and_debt(&taken)), (vec![(grant, 30), (0, 70)], (0, 70)));
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: -70, held: 0, available: -70 });
    ledger.spend("ana", 1).refused_as("insufficient_funds");
    ledger.close("ana").refused_as("user_not_empty");
    ledger.grant("ana", 100).done();
    assert_eq!(ledger.available("ana"), 30);
    assert_eq!(ledger.system().issued, 100);
}

#[test]
fn r26_coins_of_another_lot_do_not_pay_a_debt() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    ledger.grant("ana", 40).done();
    let spend = ledger.spend("ana", 40).to("shop").done().event;
    ledger.spend("shop", 40).done();
    let lot = ledger.grant("shop", 60).expires_in(60).done().event;
    let taken = ledger.reverse(spend).debt().done();
    assert_eq!(remaining_and_debt(&taken), (0, 40));
    assert_eq!((ledger.available("shop"), ledger.lots("shop")), (20, vec![(lot, 60)]));
    ledger.pass(60).sweep();
    assert_eq!(ledger.available("shop"), -40, "the lot has expired, the debt is still there");
}

#[test]
fn r26_a_frozen_giver_gives_nothing_and_what_is_held_is_not_there() {
    let mut ledger = Bench::with(&["ana"]);
    let grant = ledger.grant("ana", 50).lot().done().event;
    ledger.limits("ana").frozen().done();
    ledger.reverse(grant).up_to().refused_as("account_frozen");
    ledger.reverse(grant).debt().refused_as("account_frozen");
    ledger.limits("ana").done();
    let hold = ledger.hold("ana", 20).done().event;
    assert_eq!(ledger.reverse(grant).up_to().done().amount(), 30);
    let owed = ledger.reverse(grant).debt().done();
    assert_eq!(remaining_and_debt(&owed), (0, 20));
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 0, held: 20, available: -20 });
    ledger.release(hold).done();
    assert_eq!(ledger.available("ana"), 0);
}

#[test]
fn r26_no_balance_falls_below_what_can_be_counted() {
    let least = -i64::try_from(MAX_AMOUNT).unwrap();
    let mut ledger = Bench::with(&["ana", "bob", "shop", "cem", "dia"]);
    ledger.limits("ana").floor(least).done();
    ledger.limits("bob").floor(least).done();
    let first = ledger.spend("ana", MAX_AMOUNT).to("shop").done().event;
    ledger.transfer("shop", "cem", MAX_AMOUNT).done();
    let second = ledger.spend("bob", MAX_AMOUNT).to("shop").done().event;
    ledger.transfer("shop", "dia", MAX_AMOUNT).done();
    ledger.reverse(first).debt().done();
    assert_eq!(ledger.available("shop"), least);
    let refusal = ledger.reverse(second).only(5).debt().refused();
    let (user, coin) = ("shop".into(), "toco".into());
    assert_eq!(refusal, Refusal::InsufficientFunds { user, coin, available: 0, needed: 5 });
}

#[test]
fn r27_a_grant_kept_as_a_lot_is_followed_among_plain_coins() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    let bought = ledger.grant("ana", 10).lot().done().event;
    ledger.grant("ana", 10).done();
    let again = ledger.grant("ana", 10).lot().done().event;
    assert_eq!(ledger.lots("ana"), [(0, 10), (bought, 10), (again, 10)], "plain coins are the oldest");
    assert_eq!(ledger.spend("ana", 15).done().lots(), [(0, 10), (bought, 5)]);
    ledger.transfer("ana", "bob", 10).done();
    assert_eq!(ledger.lots("bob"), [(bought, 5), (again, 5)]);
    let lot = Lot { grant: bought, marks: Marks::PLAIN };
    assert!(!lot.is_plain());
    assert_eq!(ledger.reverse(bought).up_to().done().amount(), 0, "bob has the rest");
}

#[test]
fn r26_what_is_owed_counts_as_issued_since_the_lots_it_stands_for_can_still_expire() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", MAX_AMOUNT).expires_in(60).done();
    let transfer = ledger.transfer("ana", "bob", 10).done().event;
    ledger.pass(60).sweep();
    assert_eq!(ledger.system().expired, MAX_AMOUNT);
    ledger.reverse(transfer).debt().refused_as("supply_exhausted");
    ledger.reverse(transfer).renewed_for(60).debt().refused_as("supply_exhausted");

    let mut ledger = Bench::with(&["ana", "bob"]);
    let grant = ledger.grant("ana", MAX_AMOUNT).expires_in(60).done().event;
    ledger.transfer("ana", "bob", 10).done();
    ledger.reverse(grant).debt().done();
    // The ten that bob has count as issued, though the grant is gone.
    ledger.grant("ana", MAX_AMOUNT - 9).refused_as("supply_exhausted");
    ledger.grant("ana", MAX_AMOUNT - 10).expires_in(60).done();
    ledger.pass(60).sweep();
    assert_eq!(ledger.system().expired, MAX_AMOUNT);
}
