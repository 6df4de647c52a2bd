//! Rules 8 and 17: coins go back where they came from.

use crate::bench::{Bench, Purse, System};
use tocos_ledger::Refusal;

#[test]
fn r08_a_reversed_grant_was_never_issued() {
    let mut ledger = Bench::with(&["ana"]);
    let grant = ledger.grant("ana", 50).done().event;
    assert_eq!(ledger.reverse(grant).done().amount(), 50);
    assert_eq!((ledger.available("ana"), ledger.system().issued), (0, 0));
}

#[test]
fn r08_reversing_a_grant_takes_only_that_grants_own_coins() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    let marked = ledger.grant("ana", 50).expires_in(60).done().event;
    let other = ledger.grant("ana", 50).expires_in(90).done().event;
    ledger.spend("ana", 20).done();
    let refusal = ledger.reverse(marked).refused();
    let (user, coin) = ("ana".into(), "toco".into());
    assert_eq!(refusal, Refusal::InsufficientFunds { user, coin, available: 30, needed: 50 });
    ledger.reverse(marked).only(30).done();
    assert_eq!(ledger.lots("ana"), [(other, 50)]);
}

#[test]
fn r08_reversing_a_grant_of_plain_coins_takes_any_plain_coins_and_makes_no_debt() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.limits("ana").floor(-100).done();
    let grant = ledger.grant("ana", 50).done().event;
    ledger.spend("ana", 50).done();
    ledger.grant("ana", 20).done();
    let refusal = ledger.reverse(grant).refused();
    let (user, coin) = ("ana".into(), "toco".into());
    assert_eq!(refusal, Refusal::InsufficientFunds { user, coin, available: 20, needed: 50 });
    ledger.reverse(grant).only(20).done();
    assert_eq!(ledger.available("ana"), 0);
}

#[test]
fn r08_lots_that_stand_beside_a_debt_are_not_there_to_give_back() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.limits("ana").floor(-30).done();
    ledger.spend("ana", 30).done();
    let grant = ledger.grant("ana", 50).expires_in(60).done().event;
    ledger.limits("ana").done();
    let refusal = ledger.reverse(grant).refused();
    let (user, coin) = ("ana".into(), "toco".into());
    assert_eq!(refusal, Refusal::InsufficientFunds { user, coin, available: 20, needed: 50 });
    ledger.reverse(grant).only(20).done();
    assert_eq!(ledger.available("ana"), 0);
}

#[test]
fn r08_held_coins_are_not_there_to_give_back() {
    let mut ledger = Bench::with(&["ana"]);
    let grant = ledger.grant("ana", 50).expires_in(60).done().event;
    let hold = ledger.hold("ana", 40).done().event;
    ledger.reverse(grant).refused_as("insufficient_funds");
    ledger.release(hold).done();
    ledger.reverse(grant).done();
}

#[test]
fn r08_a_reversed_spend_comes_back_from_spent() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 50).done();
    let spent = ledger.spend("ana", 30).done().event;
    ledger.reverse(spent).done();
    assert_eq!((ledger.available("ana"), ledger.system().spent), (50, 0));
}

#[test]
fn r08_a_reversed_payment_takes_plain_coins_back_and_restores_the_payers_lots() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    let lot = ledger.grant("ana", 50).expires_in(60).done().event;
    let spent = ledger.spend("ana", 30).to("shop").done().event;
    let answer = ledger.reverse(spent).done();
    assert_eq!(answer.lots(), [(lot, 30)]);
    assert_eq!((ledger.lots("ana"), ledger.lots("shop")), (vec![(lot, 50)], vec![]));
}

#[test]
fn r08_a_payment_whose_coins_are_gone_is_not_reversed() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    ledger.grant("ana", 50).done();
    let spent = ledger.spend("ana", 30).to("shop").done().event;
    ledger.spend("shop", 10).done();
    let refusal = ledger.reverse(spent).refused();
    let (user, coin) = ("shop".into(), "toco".into());
    assert_eq!(refusal, Refusal::InsufficientFunds { user, coin, available: 20, needed: 30 });
    ledger.reverse(spent).only(20).done();
    assert_eq!(ledger.available("shop"), 0);
}

#[test]
fn r08_a_reversed_transfer_takes_back_those_very_lots() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    let lot = ledger.grant("ana", 50).expires_in(60).done().event;
    let moved = ledger.transfer("ana", "bob", 30).done().event;
    ledger.grant("bob", 100).done();
    ledger.spend("bob", 10).done();
    ledger.reverse(moved).refused_as("insufficient_funds");
    ledger.reverse(moved).only(20).done();
    assert_eq!((ledger.lots("ana"), ledger.lots("bob")), (vec![(lot, 40)], vec![(0, 100)]));
}

#[test]
fn r08_a_reversed_capture_gives_back_what_was_held_and_what_was_not() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    let lot = ledger.grant("ana", 50).expires_in(600).done().event;
    ledger.grant("ana", 50).done();
    let hold = ledger.hold("ana", 60).to("shop").done().event;
    let captured = ledger.capture(hold).only(70).take_available().done().event;
    assert_eq!(ledger.available("shop"), 70);
    ledger.reverse(captured).done();
    assert_eq!(ledger.lots("ana"), [(lot, 50), (0, 50)]);
    assert_eq!(ledger.balance("ana", "toco").held, 0, "it comes back available, not held");
}

#[test]
fn r08_what_a_final_capture_released_is_not_reversed_with_it() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 50).done();
    let hold = ledger.hold("ana", 50).done().event;
    let captured = ledger.capture(hold).only(20).done().event;
    assert_eq!(ledger.reverse(captured).done().amount(), 20);
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 50, held: 0, available: 50 });
}

#[test]
fn r08_no_more_comes_back_than_has_not_been_reversed_yet() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 50).done();
    let event = ledger.spend("ana", 30).done().event;
    ledger.reverse(event).only(31).refused_as("already_reversed");
    ledger.reverse(event).only(10).done();
    assert_eq!(ledger.reverse(event).only(21).refused(), Refusal::AlreadyReversed { event, remaining: 20 });
    ledger.reverse(event).done();
    assert_eq!(ledger.reverse(event).refused(), Refusal::AlreadyReversed { event, remaining: 0 });
    assert_eq!(ledger.ledger.state().remaining(event), Some(0));
}

#[test]
fn r17_an_expiry_is_reversed_by_renewing_its_coins() {
    let mut ledger = Bench::with(&["ana"]);
    let first = ledger.grant("ana", 30).expires_in(60).done().event;
    let second = ledger.grant("ana", 20).expires_in(60).done().event;
    ledger.pass(60).user("bob").done();
    let expiry = ledger.log.iter().rposition(|written| written.record[0] == 23).unwrap() as u64 + 1;
    assert_eq!(ledger.lots("ana"), []);
    ledger.reverse(expiry).refused_for("renew_expires_at");
    ledger.reverse(expiry).renewed_for(-1).refused_for("renew_expires_at");
    ledger.reverse(expiry).only(51).renewed_for(60).refused_as("already_reversed");
    assert_eq!(ledger.reverse(expiry).only(25).renewed_for(60).done().lots(), [(second, 20), (first, 5)]);
    assert_eq!(ledger.reverse(expiry).renewed_for(90).done().lots(), [(first, 25)]);
    ledger.reverse(expiry).renewed_for(90).refused_as("already_reversed");
    let coin = &ledger.ledger.state().coins()[0];
    assert_eq!((coin.issued, coin.spent, coin.expired), (50, 0, 0));
    // They are good again until then, and expire anew; that too can be reversed.
    ledger.spend("ana", 10).done();
    ledger.pass(60).user("cem").done();
    assert_eq!(ledger.balance("ana", "toco").total, 25);
    assert_eq!(ledger.ledger.state().coins()[0].expired, 15);
}

#[test]
fn r17_an_expiry_is_not_reversed_beyond_the_ceiling_or_for_a_closed_user() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 30).expires_in(60).done();
    ledger.pass(60).user("bob").done();
    let expiry = ledger.log.iter().rposition(|written| written.record[0] == 23).unwrap() as u64 + 1;
    ledger.limits("ana").ceiling(29).done();
    ledger.reverse(expiry).renewed_for(60).refused_as("above_ceiling");
    ledger.reverse(expiry).only(29).renewed_for(60).done();
    ledger.pass(60).close("ana").done();
    ledger.reverse(expiry).renewed_for(60).refused_as("user_closed");
}

#[test]
fn r08_in_steps_what_was_taken_last_comes_back_first() {
    let mut ledger = Bench::with(&["ana"]);
    let first = ledger.grant("ana", 10).expires_in(600).done().event;
    let second = ledger.grant("ana", 10).expires_in(700).done().event;
    ledger.grant("ana", 10).done();
    let spent = ledger.spend("ana", 30).done();
    assert_eq!(spent.lots(), [(first, 10), (second, 10), (0, 10)]);
    assert_eq!(ledger.reverse(spent.event).only(7).done().lots(), [(0, 7)]);
    assert_eq!(ledger.reverse(spent.event).only(7).done().lots(), [(0, 3), (second, 4)]);
    assert_eq!(ledger.reverse(spent.event).only(11).done().lots(), [(second, 6), (first, 5)]);
    assert_eq!(ledger.reverse(spent.event).done().lots(), [(first, 5)]);
    assert_eq!(ledger.lots("ana"), [(first, 10), (second, 10), (0, 10)]);
}

#[test]
fn r08_a_spend_on_debt_is_given_back_as_plain_coins() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.limits("ana").floor(-100).done();
    let lot = ledger.grant("ana", 10).expires_in(60).done().event;
    let spent = ledger.spend("ana", 40).done().event;
    ledger.reverse(spent).only(35).done();
    assert_eq!((ledger.available("ana"), ledger.lots("ana")), (5, vec![(lot, 5)]));
}

#[test]
fn r08_only_grants_spends_transfers_captures_and_expiries_are_reversible() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    let grant = ledger.grant("ana", 100).done().event;
    let hold = ledger.hold("ana", 10).done().event;
    let extended = ledger.extend(hold, 1_000).done().event;
    let released = ledger.release(hold).done().event;
    let timed = ledger.hold("ana", 10).timeout_s(5).done().event;
    ledger.grant("ana", 10).expires_in(5).done();
    let limits = ledger.limits("bob").done().event;
    let reversed = ledger.reverse(grant).only(1).done().event;
    ledger.pass(5).sweep();
    let [hold_expired, expired] = [ledger.last_event() - 1, ledger.last_event()];
    for (event, kind) in [
        (1, "user"),
        (hold, "hold"),
        (extended, "extend"),
        (released, "release"),
        (timed, "hold"),
        (limits, "limits"),
        (reversed, "reverse"),
        (hold_expired, "hold_expired"),
    ] {
        assert_eq!(ledger.reverse(event).refused(), Refusal::NotReversible { event, kind });
    }
    ledger.reverse(expired).refused_for("renew_expires_at");
    let next = ledger.last_event() + 1;
    assert_eq!(ledger.reverse(next).refused(), Refusal::EventNotFound { event: next });
    ledger.reverse(0).refused_as("event_not_found");
}

#[test]
fn r17_reversed_into_an_expired_lot_coins_go_to_expired_at_once() {
    let mut ledger = Bench::with(&["ana"]);
    let lot = ledger.grant("ana", 30).expires_in(60).done().event;
    ledger.grant("ana", 30).done();
    let spent = ledger.spend("ana", 40).done().event;
    ledger.pass(60);
    let answer = ledger.reverse(spent).done();
    assert_eq!((answer.amount(), answer.lots(), answer.expired()), (40, vec![(0, 10), (lot, 30)], 30));
    assert_eq!(ledger.available("ana"), 30);
    assert_eq!(ledger.system(), System { issued: 60, spent: 0, expired: 30 });
}

#[test]
fn r17_renewed_they_live_again_in_their_lot_until_the_new_time() {
    let mut ledger = Bench::with(&["ana"]);
    let lot = ledger.grant("ana", 30).expires_in(60).priority(20).promotional().done().event;
    ledger.grant("ana", 30).done();
    let spent = ledger.spend("ana", 40).done().event;
    ledger.pass(60);
    ledger.reverse(spent).renewed_for(0).refused_for("renew_expires_at");
    let answer = ledger.reverse(spent).renewed_for(60).done();
    assert_eq!((answer.amount(), answer.expired()), (40, 0));
    let renewed = ledger.account("ana", "toco").unwrap().lots(ledger.now).next().unwrap();
    assert_eq!((renewed.lot.grant, renewed.amount), (lot, 30));
    assert_eq!((renewed.lot.marks.priority, renewed.lot.marks.expires_at), (20, Some(ledger.in_seconds(60))));
    ledger.pass(60).sweep();
    assert_eq!((ledger.available("ana"), ledger.system().expired), (30, 30));
}

#[test]
fn r17_renewal_touches_no_lot_that_is_still_alive() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 30).expires_in(60).done();
    let spent = ledger.spend("ana", 30).done().event;
    ledger.pass(59).reverse(spent).renewed_for(600).done();
    ledger.pass(1).sweep();
    assert_eq!(ledger.available("ana"), 0);
}

#[test]
fn r17_a_shop_gives_back_in_full_even_where_the_payers_lot_has_expired() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    ledger.grant("ana", 30).expires_in(60).done();
    let spent = ledger.spend("ana", 30).to("shop").done().event;
    ledger.pass(60).reverse(spent).done();
    assert_eq!((ledger.available("ana"), ledger.available("shop")), (0, 0));
    assert_eq!(ledger.system(), System { issued: 30, spent: 0, expired: 30 });
}

#[test]
fn r17_a_capture_of_a_lot_that_expired_while_held_comes_back_to_expired_or_renewed() {
    let mut ledger = Bench::with(&["ana"]);
    let lot = ledger.grant("ana", 30).expires_in(60).done().event;
    let hold = ledger.hold("ana", 30).done().event;
    ledger.pass(60);
    let captured = ledger.capture(hold).done().event;
    assert_eq!(ledger.reverse(captured).only(10).done().expired(), 10);
    assert_eq!(ledger.reverse(captured).renewed_for(60).done().expired(), 0);
    assert_eq!(ledger.lots("ana"), [(lot, 20)]);
}

#[test]
fn r17_a_transferred_lot_that_expired_with_the_taker_is_no_longer_there() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 30).expires_in(60).done();
    let moved = ledger.transfer("ana", "bob", 30).done().event;
    ledger.pass(60);
    let refusal = ledger.reverse(moved).renewed_for(60).refused();
    let (user, coin) = ("bob".into(), "toco".into());
    assert_eq!(refusal, Refusal::InsufficientFunds { user, coin, available: 0, needed: 30 });
}

#[test]
fn r17_a_grant_that_expired_can_not_be_reversed_any_more() {
    let mut ledger = Bench::with(&["ana"]);
    let grant = ledger.grant("ana", 30).expires_in(60).done().event;
    ledger.pass(60).reverse(grant).refused_as("insufficient_funds");
}

#[test]
fn r17_coins_on_their_way_to_expired_pass_no_ceiling() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 30).expires_in(60).done();
    let spent = ledger.spend("ana", 30).done().event;
    ledger.limits("ana").ceiling(0).done();
    ledger.reverse(spent).only(1).refused_as("above_ceiling");
    ledger.pass(60).reverse(spent).renewed_for(60).refused_as("above_ceiling");
    ledger.reverse(spent).done();
}
