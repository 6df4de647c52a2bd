//! Rules 12 to 14: expiry, the burn order, and naming the lots.

use crate::bench::{Bench, Purse, System};
use tocos_ledger::{DAY_US, MAX_AMOUNT};

#[test]
fn r12_expired_lots_are_not_spendable() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 50).expires_in(60).done();
    ledger.pass(60);
    ledger.spend("ana", 1).refused_as("insufficient_funds");
    assert_eq!(ledger.system(), System { issued: 50, spent: 0, expired: 50 });
}

#[test]
fn r12_a_lot_is_spendable_until_just_before_its_instant() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 50).expires_in(60).done();
    ledger.now += 59_999_999;
    ledger.spend("ana", 1).done();
    ledger.now += 1;
    ledger.spend("ana", 1).refused_as("insufficient_funds");
}

#[test]
fn r12_an_expired_lot_that_is_not_swept_yet_is_not_shown_as_available() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 50).expires_in(60).done();
    ledger.grant("ana", 7).done();
    let events = ledger.pass(60).last_event();
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 7, held: 0, available: 7 });
    assert_eq!(ledger.lots("ana"), [(0, 7)]);
    assert_eq!(ledger.last_event(), events, "looking swept nothing");
    assert!(ledger.ledger.is_due(ledger.now));
    let swept = ledger.sweep().last_event();
    assert_eq!((swept, ledger.event(swept).kind()), (events + 1, "expire"));
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 7, held: 0, available: 7 });
}

#[test]
fn r12_many_lots_of_one_instant_expire_in_one_event_an_account() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    let ends = ledger.in_seconds(60);
    for _ in 0..50 {
        ledger.grant("ana", 2).expires_at(ends).done();
        ledger.grant("bob", 3).expires_at(ends).priority(10).done();
    }
    let later = ledger.grant("ana", 1).expires_in(61).done().event;
    let events = ledger.last_event();
    ledger.pass(60).sweep();
    assert_eq!(ledger.last_event(), events + 2);
    assert_eq!((ledger.system().expired, ledger.lots("ana")), (250, vec![(later, 1)]));
    assert_eq!(ledger.ledger.state().next_due(), Some(ledger.in_seconds(1)));
}

#[test]
fn r12_what_expired_at_several_instants_goes_in_their_order_when_the_clock_was_late() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 1).expires_in(10).done();
    ledger.grant("ana", 2).expires_in(20).done();
    ledger.grant("ana", 4).expires_in(40).done();
    let events = ledger.last_event();
    ledger.pass(30).sweep();
    assert_eq!((ledger.last_event(), ledger.system().expired), (events + 2, 3));
    assert_eq!((ledger.event(events + 1).kind(), ledger.event(events + 2).kind()), ("expire", "expire"));
    assert_eq!(ledger.available("ana"), 4);
}

#[test]
fn r12_lots_passed_on_expire_where_they_are() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 50).expires_in(60).done();
    ledger.transfer("ana", "bob", 50).done();
    assert_eq!(
        ledger.ledger.state().due_before(ledger.in_seconds(61)).count(),
        1,
        "nothing is due at an empty account"
    );
    ledger.pass(60).sweep();
    assert_eq!((ledger.available("bob"), ledger.system().expired), (0, 50));
}

#[test]
fn r13_lower_priority_burns_first_then_sooner_expiry_then_promotional_then_older_grants() {
    let mut ledger = Bench::with(&["ana"]);
    let mut grant = |priority: u8, expires_in: Option<i64>, promotional: bool| {
        let asking = ledger.grant("ana", 1).priority(priority);
        let asking = match expires_in {
            Some(count) => asking.expires_in(count),
            None => asking,
        };
        let asking = if promotional { asking.promotional() } else { asking };
        asking.done().event
    };
    // Granted in another order than they burn in.
    let last = grant(60, Some(30), true);
    let never_paid_younger = grant(40, None, false);
    let never_promotional = grant(40, None, true);
    let later = grant(40, Some(90), true);
    let sooner_paid = grant(40, Some(60), false);
    let sooner_promotional = grant(40, Some(60), true);
    let sooner_promotional_younger = grant(40, Some(60), true);
    let first = grant(0, None, false);
    let order = [
        first,
        sooner_promotional,
        sooner_promotional_younger,
        sooner_paid,
        later,
        never_promotional,
        never_paid_younger,
        last,
    ];
    assert_eq!(ledger.lots("ana"), order.map(|grant| (grant, 1)));
    let answer = ledger.spend("ana", 5).done();
    assert_eq!(
        answer.lots(),
        [first, sooner_promotional, sooner_promotional_younger, sooner_paid, later].map(|g| (g, 1))
    );
}

#[test]
fn r13_plain_coins_are_priority_50_never_expiring_paid_and_oldest() {
    let mut ledger = Bench::with(&["ana"]);
    let expiring = ledger.grant("ana", 1).expires_in(60).done().event;
    let promotional = ledger.grant("ana", 1).promotional().done().event;
    let later = ledger.grant("ana", 1).priority(51).done().event;
    let sooner = ledger.grant("ana", 1).priority(49).done().event;
    ledger.grant("ana", 1).done();
    assert_eq!(ledger.lots("ana"), [(sooner, 1), (expiring, 1), (promotional, 1), (0, 1), (later, 1)]);
}

#[test]
fn r13_a_lot_that_expires_at_the_end_of_time_burns_before_one_that_never_does() {
    let mut ledger = Bench::with(&["ana"]);
    let never = ledger.grant("ana", 1).priority(40).done().event;
    let at_the_end = ledger.grant("ana", 1).priority(40).expires_at(i64::MAX).done().event;
    assert_eq!(ledger.lots("ana"), [(at_the_end, 1), (never, 1)]);
}

#[test]
fn r13_debt_comes_only_after_every_lot_and_is_plain_coins_below_0() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.limits("ana").floor(-100).done();
    ledger.grant("ana", 5).done();
    let last = ledger.grant("ana", 10).priority(90).done().event;
    let answer = ledger.spend("ana", 40).done();
    assert_eq!(answer.lots(), [(0, 30), (last, 10)], "5 plain coins and 25 owed are one part");
    assert_eq!((ledger.available("ana"), ledger.lots("ana")), (-25, vec![]));
    ledger.spend("ana", 76).refused_as("insufficient_funds");
    ledger.spend("ana", 75).done();
    assert_eq!(ledger.available("ana"), -100);
}

#[test]
fn r13_plain_coins_pay_a_debt_and_lots_stand_beside_it() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.limits("ana").floor(-100).done();
    ledger.spend("ana", 30).done();
    ledger.grant("ana", 10).done();
    assert_eq!(ledger.available("ana"), -20);
    let lot = ledger.grant("ana", 50).expires_in(60).done().event;
    ledger.limits("ana").done();
    assert_eq!((ledger.available("ana"), ledger.lots("ana")), (30, vec![(lot, 50)]));
    ledger.spend("ana", 31).refused_as("insufficient_funds");
    assert_eq!(ledger.spend("ana", 30).done().lots(), [(lot, 30)]);
    ledger.pass(60).sweep();
    assert_eq!(ledger.available("ana"), -20, "the debt outlives the lot");
}

#[test]
fn r13_a_debt_can_be_passed_on_only_as_plain_coins() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.limits("ana").floor(-100).done();
    let lot = ledger.grant("ana", 10).expires_in(60).done().event;
    assert_eq!(ledger.transfer("ana", "bob", 30).done().lots(), [(lot, 10), (0, 20)]);
    assert_eq!(ledger.lots("bob"), [(lot, 10), (0, 20)]);
    assert_eq!(ledger.ledger.state().sums_of_all_balances(), [0]);
}

#[test]
fn r14_spends_transfers_holds_and_captures_name_the_lots() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    let lot = ledger.grant("ana", 30).expires_in(60).done().event;
    ledger.grant("ana", 70).done();
    assert_eq!(ledger.spend("ana", 10).done().lots(), [(lot, 10)]);
    assert_eq!(ledger.transfer("ana", "bob", 10).done().lots(), [(lot, 10)]);
    let hold = ledger.hold("ana", 30).done();
    assert_eq!(hold.lots(), [(lot, 10), (0, 20)]);
    let captured = ledger.capture(hold.event).only(15).done();
    assert_eq!(captured.lots(), [(lot, 10), (0, 5)], "what went back is not among them");
    assert_eq!(ledger.spend("ana", 5).done().lots(), [(0, 5)]);
}

#[test]
fn r14_many_lots_are_named_one_by_one() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    let ends = ledger.now + DAY_US;
    let grants: Vec<u64> = (0..1_000).map(|_| ledger.grant("ana", 3).expires_at(ends).done().event).collect();
    let answer = ledger.transfer("ana", "bob", 2_999).done();
    let mut expected: Vec<(u64, u64)> = grants.iter().map(|grant| (*grant, 3)).collect();
    expected[999].1 = 2;
    assert_eq!(answer.lots(), expected);
    assert_eq!(ledger.lots("ana"), [(grants[999], 1)]);
    assert!(ledger.available("bob") < MAX_AMOUNT as i64);
}
