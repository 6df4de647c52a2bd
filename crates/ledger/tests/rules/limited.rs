//! Rules 28 and 29: thresholds are told when they are crossed; no more is spent than a spending limit allows.

use crate::bench::{Answer, Bench};
use crate::request::START;
use tocos_ledger::{Amount, DAY_US, Entry, Fact, MAX_AMOUNT, Micros, Refusal, SpendLimit, Window};

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

fn crossed_by(entry: &Entry) -> Vec<(i64, bool)> {
    entry.crossed.iter().flatten().map(|crossing| (crossing.threshold, crossing.is_up)).collect()
}

/// What an operation crossed of the account that it is about first.
fn crossed(answer: &Answer) -> Vec<(i64, bool)> {
    crossed_by(&answer.movement.as_ref().unwrap().a)
}

/// What the last event crossed.
fn last_crossed(ledger: &Bench) -> Vec<(i64, bool)> {
    match ledger.event(ledger.last_event()).fact {
        Fact::Moved(movement) => crossed_by(&movement.a),
        other => panic!("{other:?}"),
    }
}

fn per_day(amount: Amount) -> Option<SpendLimit> {
    Some(SpendLimit { amount, per: Window::Day })
}

fn left(refusal: &Refusal) -> (Amount, Option<Micros>) {
    match refusal {
        Refusal::SpendLimitReached { left, resets_at, .. } => (*left, *resets_at),
        other => panic!("{other}"),
    }
}

#[test]
fn r28_a_crossing_is_told_once_whoever_caused_it() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.thresholds(Some("ana"), Some(&[20, 100])).done();
    assert_eq!(crossed(&ledger.grant("ana", 150).done()), [(20, true), (100, true)]);
    assert_eq!(crossed(&ledger.spend("ana", 49).done()), []);
    assert_eq!(crossed(&ledger.spend("ana", 1).done()), [(100, false)], "at the threshold it is reached");
    assert_eq!(crossed(&ledger.spend("ana", 1).done()), [], "and not once more below it");
    let hold = ledger.hold("ana", 80).done();
    assert_eq!(crossed(&hold), [(20, false)]);
    assert_eq!(crossed(&ledger.capture(hold.event).only(30).done()), [(20, true)], "the rest is available again");
    let lot = ledger.grant("ana", 60).expires_in(60).done();
    assert_eq!(crossed(&lot), [(100, true)]);
    ledger.pass(60).sweep();
    assert_eq!(last_crossed(&ledger), [(100, false)]);
    ledger.hold("ana", 60).timeout_s(60).done();
    ledger.pass(60).sweep();
    assert_eq!(last_crossed(&ledger), [(20, true)], "the end of a hold");
    let paid = ledger.transfer("bob", "ana", 1).refused();
    assert_eq!(paid.code(), "insufficient_funds");
    ledger.grant("bob", 100).done();
    let transfer = ledger.transfer("bob", "ana", 50).done();
    assert_eq!(crossed_by(transfer.movement.as_ref().unwrap().b.as_ref().unwrap()), [(100, true)]);
    assert_eq!(crossed(&ledger.reverse(transfer.event).done()), [], "bob has no thresholds");
}

#[test]
fn r28_an_accounts_own_thresholds_come_before_the_coins() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.thresholds(None, Some(&[10])).done();
    ledger.thresholds(Some("bob"), Some(&[])).done();
    assert_eq!(crossed(&ledger.grant("ana", 50).done()), [(10, true)], "also where the account is new");
    assert_eq!(crossed(&ledger.grant("bob", 50).done()), [], "none is a list of its own");
    ledger.thresholds(Some("bob"), None).done();
    assert_eq!(crossed(&ledger.spend("bob", 45).done()), [(10, false)]);
    ledger.thresholds(None, None).done();
    assert_eq!(crossed(&ledger.spend("ana", 45).done()), []);
}

#[test]
fn r28_setting_thresholds_moves_nothing_and_crosses_nothing() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 50).done();
    let put = ledger.thresholds(Some("ana"), Some(&[60, -5, 40, 40])).done();
    assert_eq!(put.movement, None);
    let account = ledger.account("ana", "toco").unwrap();
    assert_eq!(account.own_thresholds().unwrap().amounts(), [-5, 40, 60]);
    ledger.thresholds(Some("nobody"), None).refused_as("user_not_found");
    ledger.thresholds(None, None).coin("none").refused_as("coin_not_found");
    ledger.limits("ana").floor(-50).done();
    assert_eq!(crossed(&ledger.spend("ana", 60).done()), [(40, false), (-5, false)]);
}

#[test]
fn r29_no_more_is_spent_in_a_day_than_the_limit_and_the_next_day_begins_anew() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    ledger.grant("ana", 1_000).done();
    ledger.spend_limit(Some("ana"), per_day(50)).done();
    ledger.spend("ana", 20).done();
    ledger.transfer("ana", "shop", 20).done();
    let midnight = START - START % DAY_US + DAY_US;
    assert_eq!(left(&ledger.spend("ana", 11).to("shop").refused()), (10, Some(midnight)));
    ledger.spend("ana", 10).done();
    assert_eq!(left(&ledger.spend("ana", 1).refused()), (0, Some(midnight)));
    let seconds = (midnight - ledger.now) / tocos_ledger::SECOND_US;
    ledger.pass(seconds - 1);
    ledger.spend("ana", 1).refused_as("spend_limit_reached");
    ledger.pass(1);
    ledger.spend("ana", 50).done();
    ledger.spend("ana", 1).refused_as("spend_limit_reached");
}

#[test]
fn r29_a_month_is_the_calendars() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 1_000).done();
    ledger.spend_limit(None, Some(SpendLimit { amount: 10, per: Window::Month })).done();
    ledger.spend("ana", 10).done();
    // The tests begin on 15 January 2027.
    let february = 1_801_440_000 * tocos_ledger::SECOND_US;
    assert_eq!(left(&ledger.spend("ana", 1).refused()), (0, Some(february)));
    ledger.pass((february - START) / tocos_ledger::SECOND_US);
    ledger.spend("ana", 10).done();
    ledger.pass(28 * DAY - 1);
    ledger.spend("ana", 1).refused_as("spend_limit_reached");
    ledger.pass(1);
    ledger.spend("ana", 1).done();
}

#[test]
fn r29_a_rolling_window_goes_on_by_sixtieths() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 1_000).done();
    ledger.spend_limit(Some("ana"), Some(SpendLimit { amount: 10, per: Window::Hours(1) })).done();
    ledger.spend("ana", 4).done();
    ledger.pass(600);
    ledger.spend("ana", 6).done();
    let (none, resets_at) = left(&ledger.spend("ana", 1).refused());
    assert_eq!(none, 0);
    let wait = (resets_at.unwrap() - ledger.now) / tocos_ledger::SECOND_US;
    assert!((HOUR - 600..=HOUR - 600 + 60).contains(&wait), "{wait}");
    ledger.pass(wait - 1);
    ledger.spend("ana", 1).refused_as("spend_limit_reached");
    ledger.pass(1);
    assert_eq!(left(&ledger.spend("ana", 5).refused()).0, 4);
    ledger.spend("ana", 4).done();
}

#[test]
fn r29_open_holds_count_and_what_they_give_back_does_not() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 1_000).done();
    ledger.spend_limit(Some("ana"), Some(SpendLimit { amount: 50, per: Window::Hours(24) })).done();
    let hold = ledger.hold("ana", 40).done().event;
    ledger.hold("ana", 11).refused_as("spend_limit_reached");
    assert_eq!(left(&ledger.spend("ana", 11).refused()), (10, None), "only the end of the hold frees anything");
    ledger.capture(hold).only(30).done();
    assert_eq!(left(&ledger.spend("ana", 21).refused()).0, 20, "what was captured counts, what was released does not");
    let hold = ledger.hold("ana", 10).done().event;
    let capture = ledger.capture(hold).only(500).take_available().done();
    assert_eq!(capture.amount(), 20, "the excess goes as far as the limit");
    ledger.spend("ana", 1).refused_as("spend_limit_reached");
}

#[test]
fn r29_up_to_takes_what_the_limit_leaves() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 100).done();
    ledger.spend_limit(Some("ana"), per_day(30)).done();
    assert_eq!(ledger.spend("ana", 80).up_to().done().amount(), 30);
    assert_eq!(ledger.spend("ana", 80).up_to().done().amount(), 0);
}

#[test]
fn r29_reversals_of_the_same_window_give_back() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 1_000).done();
    ledger.spend_limit(Some("ana"), per_day(50)).done();
    let spend = ledger.spend("ana", 50).done().event;
    ledger.reverse(spend).only(20).done();
    ledger.spend("ana", 20).done();
    ledger.spend("ana", 1).refused_as("spend_limit_reached");
    ledger.pass(DAY);
    ledger.spend("ana", 40).done();
    ledger.reverse(spend).done();
    assert_eq!(left(&ledger.spend("ana", 11).refused()).0, 10, "yesterday's coins do not make room today");
}

#[test]
fn r29_limits_may_be_lowered_below_what_is_spent_and_lifted() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 1_000).done();
    ledger.spend_limit(None, per_day(50)).done();
    ledger.spend("ana", 40).done();
    ledger.spend_limit(Some("ana"), per_day(10)).done();
    assert_eq!(left(&ledger.spend("ana", 1).refused()).0, 0);
    ledger.spend_limit(Some("ana"), per_day(60)).done();
    ledger.spend("ana", 20).done();
    ledger.spend_limit(Some("ana"), per_day(MAX_AMOUNT)).done();
    ledger.spend("ana", 500).done();
    ledger.spend_limit(Some("ana"), None).done();
    ledger.spend("ana", 1).refused_as("spend_limit_reached");
    ledger.spend_limit(None, None).done();
    ledger.spend("ana", 1).done();
    ledger.spend_limit(Some("ana"), per_day(MAX_AMOUNT + 1)).refused_for("amount");
    for hours in [0, 745] {
        let limit = Some(SpendLimit { amount: 5, per: Window::Hours(hours) });
        ledger.spend_limit(Some("ana"), limit).refused_for("hours");
    }
}

#[test]
fn r29_another_window_counts_from_the_beginning() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 1_000).done();
    ledger.spend_limit(Some("ana"), per_day(50)).done();
    ledger.spend("ana", 50).done();
    ledger.spend_limit(Some("ana"), Some(SpendLimit { amount: 50, per: Window::Month })).done();
    ledger.spend("ana", 50).done();
    ledger.spend("ana", 1).refused_as("spend_limit_reached");
}

#[test]
fn r29_only_what_leaves_an_account_counts_and_expiry_does_not() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.spend_limit(None, per_day(50)).done();
    ledger.grant("ana", 30).expires_in(60).done();
    let grant = ledger.grant("ana", 100).done().event;
    ledger.grant("bob", 500).done();
    ledger.pass(60).sweep();
    ledger.reverse(grant).only(50).done();
    ledger.transfer("bob", "ana", 50).done();
    ledger.spend("ana", 50).done();
    ledger.spend("ana", 1).refused_as("spend_limit_reached");
    ledger.spend("bob", 1).refused_as("spend_limit_reached");
}
