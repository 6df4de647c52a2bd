//! Rules 7, 15 and 16: reserving, capturing, releasing, extending; the promise of a hold; its end.

use crate::bench::{Bench, Purse, System};
use tocos_ledger::{EndedAs, Fact, HOLD_TIMEOUT_S_DEFAULT, HOLD_TIMEOUT_S_MAX, MovementKind, Refusal};

fn with_hold(granted: u64, held: u64) -> (Bench, u64) {
    let mut ledger = Bench::with(&["ana", "shop"]);
    ledger.grant("ana", granted).done();
    let hold = ledger.hold("ana", held).done().event;
    (ledger, hold)
}

fn held_of(ledger: &Bench, hold: u64) -> Option<u64> {
    ledger.ledger.state().hold(hold).map(tocos_ledger::Hold::held)
}

#[test]
fn r07_held_coins_stay_in_the_total_and_are_not_available() {
    let (mut ledger, _) = with_hold(100, 60);
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 100, held: 60, available: 40 });
    ledger.spend("ana", 41).refused_as("insufficient_funds");
    ledger.hold("ana", 40).done();
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 100, held: 100, available: 0 });
    assert_eq!(ledger.ledger.state().coins()[0].held, 100);
}

#[test]
fn r07_a_capture_of_all_spends_what_was_held() {
    let (mut ledger, hold) = with_hold(100, 60);
    let answer = ledger.capture(hold).done();
    assert_eq!((answer.amount(), answer.lots()), (60, vec![(0, 60)]));
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 40, held: 0, available: 40 });
    assert_eq!(ledger.system(), System { issued: 100, spent: 60, expired: 0 });
}

#[test]
fn r07_a_final_capture_of_a_part_releases_the_rest() {
    let (mut ledger, hold) = with_hold(100, 60);
    assert_eq!(ledger.capture(hold).only(25).done().amount(), 25);
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 75, held: 0, available: 75 });
    ledger.capture(hold).refused_as("hold_ended");
}

#[test]
fn r07_captures_that_are_not_final_leave_the_rest_held() {
    let (mut ledger, hold) = with_hold(100, 60);
    ledger.capture(hold).only(25).not_last().done();
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 75, held: 35, available: 40 });
    let row = ledger.ledger.state().hold(hold).unwrap();
    assert_eq!((row.amount, row.captured, row.held()), (60, 25, 35));
    ledger.capture(hold).only(35).not_last().done();
    let refusal = ledger.capture(hold).refused();
    assert_eq!(refusal, Refusal::HoldEnded { hold, ended_as: EndedAs::Captured }, "nothing left ends it");
}

#[test]
fn r07_a_capture_goes_to_the_holds_payee_as_plain_coins() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    let lot = ledger.grant("ana", 50).expires_in(60).done().event;
    let hold = ledger.hold("ana", 50).to("shop").done().event;
    ledger.pass(70);
    assert_eq!(ledger.capture(hold).done().lots(), [(lot, 50)]);
    assert_eq!(ledger.lots("shop"), [(0, 50)]);
    assert_eq!(ledger.system(), System { issued: 50, spent: 0, expired: 0 });
}

#[test]
fn r07_more_than_is_held_is_refused_unless_it_may_be_taken_from_what_is_available() {
    let (mut ledger, hold) = with_hold(100, 60);
    let refusal = ledger.capture(hold).only(61).refused();
    assert_eq!(refusal, Refusal::HoldAmountExceeded { hold, held: 60 });
    let answer = ledger.capture(hold).only(75).take_available().done();
    assert_eq!((answer.amount(), answer.lots()), (75, vec![(0, 60), (0, 15)]));
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 25, held: 0, available: 25 });
}

#[test]
fn r07_excess_is_taken_as_far_as_it_goes_and_never_as_debt() {
    let (mut ledger, hold) = with_hold(100, 60);
    ledger.limits("ana").floor(-100).done();
    let answer = ledger.capture(hold).only(500).take_available().done();
    assert_eq!(answer.amount(), 100);
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 0, held: 0, available: 0 });
}

#[test]
fn r07_a_capture_of_more_than_is_held_ends_the_hold_even_if_not_final() {
    let (mut ledger, hold) = with_hold(100, 60);
    ledger.capture(hold).only(70).not_last().take_available().done();
    ledger.release(hold).refused_as("hold_ended");
}

#[test]
fn r07_a_release_gives_everything_back() {
    let (mut ledger, hold) = with_hold(100, 60);
    ledger.capture(hold).only(10).not_last().done();
    assert_eq!(ledger.release(hold).done().amount(), 50);
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 90, held: 0, available: 90 });
}

#[test]
fn r07_a_hold_can_only_be_extended_to_a_later_time() {
    let (mut ledger, hold) = with_hold(100, 60);
    ledger.extend(hold, 900).refused_for("expires_at");
    ledger.extend(hold, 899).refused_for("expires_at");
    ledger.extend(hold, 901).done();
    ledger.pass(900).capture(hold).only(1).not_last().done();
    ledger.pass(1).capture(hold).refused_as("hold_ended");
}

#[test]
fn r07_a_hold_lasts_900_seconds_if_not_told_and_400_days_at_most() {
    assert_eq!((HOLD_TIMEOUT_S_DEFAULT, HOLD_TIMEOUT_S_MAX), (900, 34_560_000));
    let (mut ledger, hold) = with_hold(100, 10);
    ledger.hold("ana", 1).timeout_s(34_560_000).done();
    ledger.hold("ana", 1).timeout_s(34_560_001).refused_for("timeout_s");
    ledger.hold("ana", 1).timeout_s(u32::MAX).refused_for("timeout_s");
    ledger.hold("ana", 1).timeout_s(0).refused_for("timeout_s");
    ledger.hold("ana", 1).expires_in(34_560_000).done();
    ledger.hold("ana", 1).expires_in(34_560_001).refused_for("expires_at");
    ledger.hold("ana", 1).expires_in(0).refused_for("expires_at");
    ledger.extend(hold, 34_560_001).refused_for("expires_at");
    ledger.extend(hold, 34_560_000).done();
    // The bound counts from the extension, not from the hold.
    ledger.pass(400).extend(hold, 34_560_000).done();
}

#[test]
fn r07_a_hold_may_go_into_debt_as_far_as_the_floor_allows() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.limits("ana").floor(-50).done();
    let lot = ledger.grant("ana", 20).expires_in(60).done().event;
    ledger.hold("ana", 71).refused_as("insufficient_funds");
    let hold = ledger.hold("ana", 70).done();
    assert_eq!(hold.lots(), [(lot, 20), (0, 50)]);
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 20, held: 70, available: -50 });
    ledger.spend("ana", 1).refused_as("insufficient_funds");
    ledger.capture(hold.event).only(30).done();
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: -10, held: 0, available: -10 });
}

#[test]
fn r07_what_a_hold_promised_stays_promised_when_limits_are_lowered() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.limits("ana").floor(-50).done();
    let hold = ledger.hold("ana", 50).done().event;
    ledger.limits("ana").ceiling(0).done();
    ledger.capture(hold).only(30).done();
    assert_eq!(ledger.available("ana"), -30);
}

#[test]
fn r15_a_hold_reserves_lots_by_name() {
    let mut ledger = Bench::with(&["ana"]);
    let lot = ledger.grant("ana", 30).expires_in(60).done().event;
    ledger.grant("ana", 70).done();
    let hold = ledger.hold("ana", 20).done().event;
    let sooner = ledger.grant("ana", 30).expires_in(30).done().event;
    assert_eq!(ledger.lots("ana"), [(sooner, 30), (lot, 10), (0, 70)]);
    assert_eq!(ledger.capture(hold).done().lots(), [(lot, 20)], "the hold's own coins, not what burns first by now");
}

#[test]
fn r15_a_lot_that_expires_while_held_stays_good_for_that_hold() {
    let mut ledger = Bench::with(&["ana"]);
    let lot = ledger.grant("ana", 50).expires_in(60).done().event;
    let hold = ledger.hold("ana", 30).done().event;
    ledger.pass(60).sweep();
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 30, held: 30, available: 0 });
    assert_eq!(ledger.system().expired, 20, "only what was not held");
    assert_eq!(ledger.capture(hold).done().lots(), [(lot, 30)]);
    assert_eq!(ledger.system(), System { issued: 50, spent: 30, expired: 20 });
}

#[test]
fn r15_a_lot_that_expires_while_held_and_is_then_released_in_part_goes_to_expired_for_that_part() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 50).expires_in(60).done();
    ledger.grant("ana", 50).done();
    let hold = ledger.hold("ana", 70).done().event;
    ledger.pass(60);
    let answer = ledger.capture(hold).only(35).done();
    assert_eq!((answer.amount(), answer.expired()), (35, 15));
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 50, held: 0, available: 50 });
    assert_eq!(ledger.system(), System { issued: 100, spent: 35, expired: 15 });
}

#[test]
fn r15_released_into_an_expired_lot_coins_go_to_expired_at_once() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 50).expires_in(60).done();
    let hold = ledger.hold("ana", 50).done().event;
    ledger.pass(60);
    let answer = ledger.release(hold).done();
    assert_eq!((answer.amount(), answer.expired()), (50, 50));
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 0, held: 0, available: 0 });
}

#[test]
fn r15_released_into_a_living_lot_coins_expire_with_it() {
    let mut ledger = Bench::with(&["ana"]);
    let lot = ledger.grant("ana", 50).expires_in(60).done().event;
    let hold = ledger.hold("ana", 50).done().event;
    ledger.pass(59).release(hold).done();
    assert_eq!(ledger.lots("ana"), [(lot, 50)]);
    ledger.pass(1).sweep();
    assert_eq!((ledger.available("ana"), ledger.system().expired), (0, 50));
}

#[test]
fn r16_a_hold_ends_by_itself_like_a_release() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 100).done();
    let hold = ledger.hold("ana", 60).timeout_s(30).done().event;
    ledger.pass(30).sweep();
    assert_eq!(ledger.balance("ana", "toco"), Purse { total: 100, held: 0, available: 100 });
    let last = ledger.last_event();
    let event = ledger.event(last);
    assert!(
        matches!(&event.fact, Fact::Moved(moved) if matches!(moved.kind, MovementKind::HoldExpired(end) if end.hold == hold))
    );
    assert_eq!(ledger.ledger.state().ended_hold(hold), Some((EndedAs::Expired, last)));
}

#[test]
fn r16_a_capture_at_the_very_instant_of_the_timeout_comes_too_late() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 100).done();
    let hold = ledger.hold("ana", 60).timeout_s(30).done().event;
    ledger.now += 29_999_999;
    ledger.capture(hold).only(1).not_last().done();
    ledger.now += 1;
    let refusal = ledger.capture(hold).refused();
    assert_eq!(refusal, Refusal::HoldEnded { hold, ended_as: EndedAs::Expired });
    assert_eq!(held_of(&ledger, hold), None);
}

#[test]
fn r16_an_ended_hold_says_what_it_ended_as() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 100).done();
    let captured = ledger.hold("ana", 10).done().event;
    let released = ledger.hold("ana", 10).done().event;
    let expired = ledger.hold("ana", 10).timeout_s(1).done().event;
    ledger.capture(captured).done();
    ledger.release(released).done();
    ledger.pass(1);
    for (hold, ended_as) in [(captured, EndedAs::Captured), (released, EndedAs::Released), (expired, EndedAs::Expired)]
    {
        assert_eq!(ledger.capture(hold).refused(), Refusal::HoldEnded { hold, ended_as });
        assert_eq!(ledger.release(hold).refused(), Refusal::HoldEnded { hold, ended_as });
        assert_eq!(ledger.extend(hold, 60).refused(), Refusal::HoldEnded { hold, ended_as });
    }
}

#[test]
fn r16_a_hold_due_at_an_instant_ends_before_lots_due_at_that_instant() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 50).expires_in(60).done();
    ledger.hold("ana", 30).timeout_s(60).done();
    let events = ledger.last_event();
    ledger.pass(60).sweep();
    let kinds: Vec<_> = (events + 1..=ledger.last_event()).map(|number| ledger.event(number).kind()).collect();
    assert_eq!(kinds, ["hold_expired", "expire"]);
    assert_eq!(ledger.system(), System { issued: 50, spent: 0, expired: 50 });
}

#[test]
fn r16_the_clock_takes_things_in_the_order_of_their_instants() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 50).expires_in(20).done();
    ledger.grant("ana", 50).done();
    let late = ledger.hold("ana", 60).timeout_s(30).done().event;
    let soon = ledger.hold("ana", 10).timeout_s(10).done().event;
    let events = ledger.last_event();
    ledger.pass(40).sweep();
    let ended = |hold| ledger.ledger.state().ended_hold(hold).unwrap().1;
    assert_eq!((ended(soon), ended(late), ledger.last_event()), (events + 1, events + 2, events + 2));
    assert_eq!((ledger.available("ana"), ledger.system().expired), (50, 50), "nothing came back to a living lot");
}

#[test]
fn r16_an_extended_hold_no_longer_ends_at_its_first_time() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 50).done();
    let hold = ledger.hold("ana", 50).timeout_s(30).done().event;
    ledger.extend(hold, 60).done();
    assert_eq!(ledger.ledger.state().next_due(), Some(ledger.in_seconds(60)));
    ledger.pass(59).sweep();
    assert_eq!(held_of(&ledger, hold), Some(50));
    ledger.pass(1).sweep();
    assert_eq!(held_of(&ledger, hold), None);
}

#[test]
fn r16_a_payee_who_was_closed_meanwhile_gets_nothing_and_the_coins_can_be_released() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    ledger.grant("ana", 50).done();
    let hold = ledger.hold("ana", 50).to("shop").done().event;
    ledger.close("shop").done();
    ledger.capture(hold).refused_as("user_closed");
    ledger.release(hold).done();
    assert_eq!(ledger.available("ana"), 50);
}

#[test]
fn r07_open_holds_are_listed_from_any_of_them_on_for_all_and_for_one_account() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    for user in ["ana", "bob"] {
        ledger.grant(user, 100).done();
    }
    let holds: Vec<u64> = ["ana", "bob", "ana", "ana"].map(|user| ledger.hold(user, 1).done().event).to_vec();
    ledger.release(holds[2]).done();
    let state = ledger.ledger.state();
    let all = |after: u64| state.open_holds_after(after).map(|(id, _)| id).collect::<Vec<_>>();
    assert_eq!(
        (all(0), all(holds[0]), all(holds[3])),
        (vec![holds[0], holds[1], holds[3]], vec![holds[1], holds[3]], vec![])
    );
    let ana = ledger.ledger.find_user("ana").unwrap();
    let account = state.accounts_of(ana).next().unwrap();
    let of_ana = |after: u64| state.open_holds_of(account, after).collect::<Vec<_>>();
    assert_eq!((of_ana(0), of_ana(holds[0]), of_ana(u64::MAX)), (vec![holds[0], holds[3]], vec![holds[3]], vec![]));
}
