//! Rules 1 to 3: money is conserved. (`Bench` checks conservation, floors and ceilings after every request of every
//! test; these rows are about the figures themselves.)

use crate::bench::{Bench, System};
use tocos_ledger::{MAX_AMOUNT, Refusal};

const MAX: i64 = MAX_AMOUNT as i64;

#[test]
fn r01_issued_is_what_users_have_and_what_was_spent_and_expired() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 100).done();
    ledger.grant("bob", 40).expires_in(60).done();
    ledger.spend("ana", 30).done();
    ledger.transfer("ana", "bob", 20).done();
    ledger.pass(60).sweep();
    assert_eq!(ledger.system(), System { issued: 140, spent: 30, expired: 40 });
    assert_eq!((ledger.available("ana"), ledger.available("bob")), (50, 20));
    assert_eq!(ledger.ledger.state().coins()[0].outstanding(), 70);
}

#[test]
fn r01_a_coin_never_becomes_another() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.coin("gem", 0).done();
    ledger.grant("ana", 10).done();
    ledger.transfer("ana", "bob", 5).coin("gem").refused_as("insufficient_funds");
    ledger.grant("ana", 7).coin("gem").done();
    ledger.transfer("ana", "bob", 5).coin("gem").done();
    assert_eq!((ledger.balance("bob", "gem").total, ledger.balance("bob", "toco").total), (5, 0));
    assert_eq!(ledger.ledger.state().sums_of_all_balances(), [0, 0]);
}

#[test]
fn r02_nothing_is_spent_below_the_floor() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 10).done();
    ledger.spend("ana", 11).refused_as("insufficient_funds");
    ledger.transfer("ana", "bob", 11).refused_as("insufficient_funds");
    ledger.hold("ana", 11).refused_as("insufficient_funds");
    ledger.spend("ana", 10).done();
    assert_eq!(ledger.available("ana"), 0);
}

#[test]
fn r02_a_grant_that_would_pass_the_ceiling_is_refused() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.limits("ana").ceiling(100).done();
    ledger.grant("ana", 60).expires_in(60).done();
    let refusal = ledger.grant("ana", 41).refused();
    let (user, coin) = ("ana".into(), "toco".into());
    assert_eq!(refusal, Refusal::AboveCeiling { user, coin, ceiling: 100, total: 60 });
    ledger.grant("ana", 40).done();
    assert_eq!(ledger.available("ana"), 100);
}

#[test]
fn r02_the_ceiling_counts_held_coins_and_not_expired_ones() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.limits("ana").ceiling(100).done();
    ledger.grant("ana", 60).expires_in(60).done();
    ledger.grant("ana", 40).done();
    ledger.hold("ana", 80).timeout_s(600).done();
    ledger.grant("bob", 30).done();
    ledger.transfer("bob", "ana", 1).refused_as("above_ceiling");
    // Of the lot 60 are held and stay good; the hold took 20 plain coins, so nothing of the rest expires.
    ledger.pass(60);
    ledger.transfer("bob", "ana", 1).refused_as("above_ceiling");
    ledger.spend("ana", 20).done();
    ledger.transfer("bob", "ana", 20).done();
    assert_eq!(ledger.balance("ana", "toco").total, 100);
}

#[test]
fn r02_payments_and_reversals_respect_the_ceiling_too() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    ledger.grant("ana", 100).done();
    ledger.limits("shop").ceiling(50).done();
    ledger.spend("ana", 51).to("shop").refused_as("above_ceiling");
    let hold = ledger.hold("ana", 51).to("shop").done().event;
    ledger.capture(hold).refused_as("above_ceiling");
    ledger.capture(hold).only(50).done();
    let spent = ledger.spend("ana", 30).done().event;
    ledger.limits("ana").ceiling(49).done();
    ledger.reverse(spent).refused_as("above_ceiling");
    ledger.reverse(spent).only(29).done();
    assert_eq!((ledger.available("ana"), ledger.available("shop")), (49, 50));
}

#[test]
fn r02_lowered_limits_take_nothing_away_and_only_allow_the_way_back() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 100).done();
    ledger.limits("ana").ceiling(10).done();
    assert_eq!(ledger.available("ana"), 100);
    ledger.grant("ana", 1).refused_as("above_ceiling");
    ledger.spend("ana", 95).done();
    ledger.grant("ana", 5).done();
    ledger.limits("bob").floor(-20).done();
    ledger.spend("bob", 20).done();
    ledger.limits("bob").done();
    ledger.spend("bob", 1).refused_as("insufficient_funds");
    ledger.grant("bob", 30).done();
    assert_eq!(ledger.available("bob"), 10);
}

#[test]
fn r02_what_is_issued_of_a_coin_ends_at_2_to_the_53_less_1() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", MAX_AMOUNT).done();
    assert_eq!(ledger.available("ana"), MAX);
    let refusal = ledger.grant("bob", 1).refused();
    assert_eq!(refusal, Refusal::SupplyExhausted { coin: "toco".into(), remaining: 0 });
    // What is spent stays issued; what is taken back is not.
    let spent = ledger.spend("ana", 10).done().event;
    ledger.grant("bob", 1).refused_as("supply_exhausted");
    ledger.reverse(spent).done();
    ledger.reverse(3).only(10).done();
    ledger.grant("bob", 10).done();
    assert_eq!(ledger.system().issued, MAX_AMOUNT);
}

#[test]
fn r02_debts_do_not_let_a_count_overflow() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    for user in ["ana", "bob"] {
        ledger.limits(user).floor(-MAX).done();
    }
    ledger.spend("ana", MAX_AMOUNT - 5).done();
    let refusal = ledger.spend("bob", 6).refused();
    assert_eq!(refusal, Refusal::SupplyExhausted { coin: "toco".into(), remaining: 5 });
    ledger.spend("bob", 5).done();
    ledger.hold("bob", MAX_AMOUNT - 10).done();
    ledger.limits("cem").refused_as("user_not_found");
    ledger.hold("ana", 5).done();
    ledger.user("cem").done();
    ledger.limits("cem").floor(-MAX).done();
    ledger.hold("cem", 6).refused_as("supply_exhausted");
}

#[test]
fn r03_a_refusal_changes_nothing_and_writes_nothing() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 10).expires_in(60).done();
    let (events, blocks) = (ledger.last_event(), ledger.blocks());
    ledger.spend("ana", 11).key("a key").refused_as("insufficient_funds");
    ledger.transfer("ana", "nobody", 1).refused_as("user_not_found");
    ledger.hold("ana", 5).timeout_s(0).refused_for("timeout_s");
    ledger.grant("bob", 0).refused_for("amount");
    assert_eq!((ledger.last_event(), ledger.blocks()), (events, blocks));
    assert_eq!(ledger.ledger.known("a key"), None);
}
