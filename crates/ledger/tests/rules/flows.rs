//! What each kind of event changes of what is outstanding, by category, and as of when.

use crate::bench::{Bench, Written};
use crate::request::{START, seconds};
use crate::scheduled::DAY;
use std::collections::BTreeMap;
use tocos_ledger::{Category, CoinId, Event, Flow, FlowKind, FlowTotals, Lasting, Ledger, Micros, Outstanding};

use FlowKind::{Converted, Expired, Granted, Held, Reversed, Spent};

const PAID: Category = Category::Paid;
const PROMO: Category = Category::Promotional;

/// The flows of one event.
fn flows_of(ledger: &Bench, event: &Event<'_>) -> Vec<Flow> {
    let state = ledger.ledger.state();
    let flows: Vec<Flow> = event.flows(|account| Some(state.account(account).coin)).unwrap().collect();
    assert_eq!(read_flows(ledger, event.number), flows, "read from the bytes of event {}", event.number);
    flows
}

/// The same from its bytes.
fn read_flows(ledger: &Bench, number: u64) -> Vec<Flow> {
    let written = &ledger.log[usize::try_from(number).unwrap() - 1];
    let state = ledger.ledger.state();
    let mut flows = Vec::new();
    let coin_of = |account| Some(state.account(account).coin);
    Event::read_flows(written.at, &written.record, &written.blob, coin_of, |flow| flows.push(*flow)).unwrap();
    assert!(flows.is_empty() || Event::may_flow(&written.record), "the record of event {number} does not say so");
    flows
}

/// What the last event changed of what is outstanding: category, kind, amount, and seconds since the beginning.
#[track_caller]
fn check(ledger: &Bench, expected: &[(Category, FlowKind, i64, i64)]) {
    let event = ledger.event(ledger.last_event());
    let flows = flows_of(ledger, &event).into_iter().filter(|flow| flow.kind != Held);
    let found: Vec<_> =
        flows.map(|flow| (flow.category, flow.kind, flow.amount, (flow.at - START) / seconds(1))).collect();
    assert_eq!(found, expected, "{event:?}");
    check_sum(ledger);
}

/// What the last event changed of what is held.
#[track_caller]
fn check_held(ledger: &Bench, expected: &[(Category, i64)]) {
    let event = ledger.event(ledger.last_event());
    let flows = flows_of(ledger, &event).into_iter().filter(|flow| flow.kind == Held);
    let found: Vec<_> = flows.map(|flow| (flow.category, flow.amount)).collect();
    assert_eq!(found, expected, "{event:?}");
    check_sum(ledger);
}

/// Adds what an event changes, and compares the sums with what the accounts have.
pub(crate) fn add_flows(
    ledger: &Ledger,
    event: &Event<'_>,
    written: &Written,
    sums: &mut BTreeMap<CoinId, [Outstanding; 2]>,
) -> Result<(), String> {
    let state = ledger.state();
    let flows = event.flows(|account| Some(state.account(account).coin)).map_err(|error| error.to_string())?;
    let flows: Vec<Flow> = flows.collect();
    let mut read = Vec::new();
    let coin_of = |account| Some(state.account(account).coin);
    Event::read_flows(written.at, &written.record, &written.blob, coin_of, |flow| read.push(*flow))
        .map_err(|error| error.to_string())?;
    if read != flows {
        return Err(format!("event {} read from its bytes changes {read:?}, not {flows:?}", event.number));
    }
    for flow in flows {
        if flow.at > event.at {
            return Err(format!("event {} changes something later: {flow:?}", event.number));
        }
        add(sums.entry(flow.coin).or_default(), &flow);
    }
    for (coin, sums) in &*sums {
        let found = [state.outstanding(*coin, Micros::MIN, |_| {}), state.held(*coin)];
        if found != *sums {
            let (number, kind) = (event.number, event.kind());
            return Err(format!(
                "after event {number}, a {kind}, {found:?} is outstanding and held, and the flows are {sums:?}"
            ));
        }
    }
    Ok(())
}

/// Adds a flow to what is outstanding and held.
fn add([outstanding, held]: &mut [Outstanding; 2], flow: &Flow) {
    outstanding.add(flow.category, flow.change());
    if flow.kind == Held {
        held.add(flow.category, i128::from(flow.amount));
    }
}

/// All flows so far come to what the accounts have.
#[track_caller]
fn check_sum(ledger: &Bench) {
    let mut sums = <[Outstanding; 2]>::default();
    for number in 1..=ledger.last_event() {
        for flow in flows_of(ledger, &ledger.event(number)) {
            add(&mut sums, &flow);
        }
    }
    let coin = ledger.ledger.require_coin("toco").unwrap();
    let state = ledger.ledger.state();
    assert_eq!([state.outstanding(coin, Micros::MIN, |_| {}), state.held(coin)], sums);
}

#[test]
fn a_grant_is_of_its_category_and_at_its_time() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.pass(7);
    ledger.grant("ana", 5).done();
    check(&ledger, &[(PAID, Granted, 5, 7)]);
    ledger.grant("ana", 6).promotional().done();
    check(&ledger, &[(PROMO, Granted, 6, 7)]);
    ledger.grant("ana", 7).lot().expires_in(60).done();
    check(&ledger, &[(PAID, Granted, 7, 7)]);
}

#[test]
fn a_spend_is_of_the_categories_of_the_coins_that_it_takes() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 5).promotional().done();
    ledger.grant("ana", 5).done();
    ledger.spend("ana", 8).done();
    check(&ledger, &[(PROMO, Spent, 5, 0), (PAID, Spent, 3, 0)]);
    ledger.spend("ana", 8).up_to().done();
    check(&ledger, &[(PAID, Spent, 2, 0)]);
    ledger.spend("ana", 8).up_to().done();
    check(&ledger, &[]);
}

#[test]
fn a_debt_is_spent_of_paid_coins_and_outstanding_goes_below_0() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.limits("ana").floor(-10).done();
    check(&ledger, &[]);
    ledger.grant("ana", 5).promotional().done();
    ledger.spend("ana", 12).done();
    check(&ledger, &[(PROMO, Spent, 5, 0), (PAID, Spent, 7, 0)]);
}

#[test]
fn promotional_coins_that_are_paid_to_a_user_become_paid_ones() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    ledger.grant("ana", 5).promotional().done();
    ledger.grant("ana", 5).done();
    let spend = ledger.spend("ana", 8).to("shop").done().event;
    check(&ledger, &[(PROMO, Converted, -5, 0), (PAID, Converted, 5, 0)]);
    ledger.reverse(spend).only(4).done();
    check(&ledger, &[(PAID, Reversed, -1, 0), (PROMO, Reversed, 1, 0)]);
    ledger.spend("ana", 3).to("shop").done();
    ledger.spend("shop", 7).done();
    check(&ledger, &[(PAID, Spent, 7, 0)]);
}

#[test]
fn transfers_holds_and_releases_change_nothing_that_is_owed() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 5).promotional().expires_in(60).done();
    ledger.grant("ana", 5).done();
    ledger.transfer("ana", "bob", 8).done();
    check(&ledger, &[]);
    let hold = ledger.hold("bob", 7).done().event;
    check(&ledger, &[]);
    ledger.extend(hold, 1_000).done();
    check(&ledger, &[]);
    ledger.release(hold).done();
    check(&ledger, &[]);
    ledger.hold("bob", 7).timeout_s(10).done();
    ledger.pass(10).sweep();
    check(&ledger, &[]);
}

#[test]
fn held_coins_are_outstanding_until_they_are_captured() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    ledger.grant("ana", 50).promotional().done();
    ledger.grant("ana", 10).done();
    let hold = ledger.hold("ana", 20).done().event;
    ledger.pass(5);
    ledger.capture(hold).only(15).not_last().done();
    check(&ledger, &[(PROMO, Spent, 15, 5)]);
    ledger.capture(hold).only(40).take_available().done();
    check(&ledger, &[(PROMO, Spent, 5, 5), (PROMO, Spent, 30, 5), (PAID, Spent, 5, 5)]);
    ledger.grant("ana", 9).promotional().done();
    let hold = ledger.hold("ana", 9).to("shop").done().event;
    ledger.capture(hold).only(4).done();
    check(&ledger, &[(PROMO, Converted, -4, 5), (PAID, Converted, 4, 5)]);
}

#[test]
fn coins_are_held_until_they_are_captured_released_or_their_hold_expires() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    ledger.grant("ana", 50).promotional().done();
    ledger.grant("ana", 10).done();
    check_held(&ledger, &[]);
    let hold = ledger.hold("ana", 55).done().event;
    check_held(&ledger, &[(PROMO, 50), (PAID, 5)]);
    ledger.extend(hold, 1_000).done();
    check_held(&ledger, &[]);
    ledger.capture(hold).only(20).not_last().done();
    check_held(&ledger, &[(PROMO, -20)]);
    ledger.capture(hold).only(32).done();
    check_held(&ledger, &[(PROMO, -30), (PAID, -2), (PAID, -3)]);
    let hold = ledger.hold("ana", 4).to("shop").done().event;
    check_held(&ledger, &[(PAID, 4)]);
    ledger.release(hold).done();
    check_held(&ledger, &[(PAID, -4)]);
    ledger.hold("ana", 4).timeout_s(10).done();
    ledger.pass(10).sweep();
    check_held(&ledger, &[(PAID, -4)]);
    ledger.spend("ana", 4).done();
    check_held(&ledger, &[]);
}

#[test]
fn coins_expire_as_of_their_own_instant_however_late_the_clock_is() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 5).promotional().expires_in(60).done();
    ledger.grant("ana", 6).expires_in(60).done();
    ledger.pass(100_000).sweep();
    check(&ledger, &[(PROMO, Expired, 5, 60), (PAID, Expired, 6, 60)]);
    ledger.reverse(ledger.last_event()).renewed_for(10).only(7).done();
    check(&ledger, &[(PAID, Reversed, 6, 100_000), (PROMO, Reversed, 1, 100_000)]);
    ledger.pass(50).sweep();
    check(&ledger, &[(PROMO, Expired, 1, 100_010), (PAID, Expired, 6, 100_010)]);
}

#[test]
fn held_coins_that_had_expired_do_so_when_they_are_given_back() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 5).promotional().expires_in(60).done();
    let hold = ledger.hold("ana", 5).done().event;
    ledger.pass(70);
    ledger.release(hold).done();
    check(&ledger, &[(PROMO, Expired, 5, 70)]);
    ledger.grant("ana", 5).expires_in(60).done();
    let hold = ledger.hold("ana", 5).done().event;
    ledger.pass(70);
    ledger.capture(hold).only(2).done();
    check(&ledger, &[(PAID, Spent, 2, 140), (PAID, Expired, 3, 140)]);
    ledger.grant("ana", 5).expires_in(60).done();
    ledger.hold("ana", 5).timeout_s(100).done();
    ledger.pass(300).sweep();
    check(&ledger, &[(PAID, Expired, 5, 440)]);
}

#[test]
fn an_occurrence_is_granted_as_of_when_it_was_due() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 5).promotional().daily().occurrences(2).done();
    check(&ledger, &[]);
    ledger.sweep();
    check(&ledger, &[(PROMO, Granted, 5, 0)]);
    ledger.pass(10 * 86_400).sweep();
    check(&ledger, &[(PROMO, Granted, 5, 86_400)]);
}

#[test]
fn a_rollover_changes_nothing_unless_its_schedule_has_changed_the_category() {
    let mut ledger = Bench::with(&["ana"]);
    let put = |ledger: &mut Bench, promotional: bool| {
        let asking = ledger.schedule("plan", "ana", 10).daily().anchor(START).at_next().rollover(7, Lasting::AtNext);
        if promotional {
            asking.promotional().done()
        } else {
            asking.done()
        };
    };
    let flows_since = |ledger: &Bench, after: u64| {
        let events = after + 1..=ledger.last_event();
        let flows = events.flat_map(|number| flows_of(ledger, &ledger.event(number)));
        flows.map(|flow| (flow.category, flow.kind, flow.amount, flow.at - START)).collect::<Vec<_>>()
    };
    put(&mut ledger, true);
    ledger.sweep().hold("ana", 5).timeout_s(1_000_000).done();
    let last = ledger.last_event();
    ledger.pass(90_000).sweep();
    assert_eq!(flows_since(&ledger, last), [(PROMO, Granted, 10, DAY)], "7 go on, the others are held");
    put(&mut ledger, false);
    ledger.hold("ana", 10).timeout_s(1_000_000).done();
    let last = ledger.last_event();
    ledger.pass(90_000).sweep();
    let found = flows_since(&ledger, last);
    let converted: Vec<_> = found.iter().filter(|flow| flow.1 == Converted).map(|flow| (flow.0, flow.2)).collect();
    assert_eq!(converted, [(PROMO, -5), (PAID, 5), (PROMO, -2), (PAID, 2)], "available coins, then held ones");
    assert!(found.iter().all(|flow| flow.3 == 2 * DAY), "{found:?}");
    let held: Vec<_> = found.iter().filter(|flow| flow.1 == Held).map(|flow| (flow.0, flow.2)).collect();
    assert_eq!(held, [(PROMO, -2), (PAID, 2)], "what is held stays held");
    check_sum(&ledger);
}

#[test]
fn a_reversed_grant_is_a_reversal_below_0() {
    let mut ledger = Bench::with(&["ana"]);
    let lot = ledger.grant("ana", 10).promotional().done().event;
    ledger.pass(3);
    ledger.reverse(lot).only(4).done();
    check(&ledger, &[(PROMO, Reversed, -4, 3)]);
    ledger.spend("ana", 5).done();
    ledger.reverse(lot).debt().done();
    check(&ledger, &[(PROMO, Reversed, -1, 3), (PAID, Reversed, -5, 3)]);
}

#[test]
fn a_reversed_spend_brings_the_coins_back_unless_their_lot_has_expired() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    ledger.grant("ana", 10).promotional().expires_in(60).done();
    let spend = ledger.spend("ana", 6).done().event;
    let payment = ledger.spend("ana", 4).to("shop").done().event;
    ledger.reverse(spend).only(2).done();
    check(&ledger, &[(PROMO, Reversed, 2, 0)]);
    ledger.pass(60);
    ledger.reverse(spend).only(2).done();
    check(&ledger, &[]);
    ledger.reverse(payment).only(3).done();
    check(&ledger, &[(PAID, Reversed, -3, 60)]);
    ledger.reverse(spend).renewed_for(10).done();
    check(&ledger, &[(PROMO, Reversed, 2, 60)]);
}

#[test]
fn a_reversed_transfer_that_leaves_a_debt_moves_it_between_the_categories() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 10).promotional().done();
    let transfer = ledger.transfer("ana", "bob", 10).done().event;
    ledger.spend("bob", 7).done();
    ledger.reverse(transfer).debt().done();
    check(&ledger, &[(PAID, Reversed, -7, 0), (PROMO, Reversed, 7, 0)]);
}

#[test]
fn lots_that_are_due_and_not_yet_swept_are_not_outstanding() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 5).expires_in(60).done();
    ledger.grant("ana", 6).promotional().done();
    ledger.pass(100);
    let coin = ledger.ledger.require_coin("toco").unwrap();
    let mut dead = Vec::new();
    let outstanding = ledger.ledger.state().outstanding(coin, ledger.now, |flow| dead.push(flow));
    assert_eq!((outstanding.of(PAID), outstanding.of(PROMO), outstanding.total()), (0, 6, 6));
    assert_eq!(dead, [Flow { coin, category: PAID, kind: Expired, amount: 5, at: START + seconds(60) }]);
    ledger.sweep();
    check(&ledger, &[(PAID, Expired, 5, 60)]);
}

#[test]
fn an_event_about_an_account_that_is_not_known_has_no_flows() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 5).done();
    let opening = ledger.event(ledger.last_event());
    assert!(opening.flows(|_| None).is_ok(), "it says itself of which coin the account is that it opens");
    ledger.grant("ana", 5).done();
    assert!(ledger.event(ledger.last_event()).flows(|_| None).is_err());
}

/// Totals of some flows of two coins.
fn totals() -> FlowTotals {
    let mut totals = FlowTotals::default();
    for at in [3 * DAY, 3 * DAY + 5, -1, DAY - 1, 4 * DAY - 1] {
        for (coin, kind, amount) in [(0, Granted, 5), (1, Reversed, -7), (0, Expired, i64::MAX)] {
            let category = if at % 2 == 0 { PAID } else { PROMO };
            totals.add(&Flow { coin: CoinId(coin), category, kind, amount, at });
        }
    }
    totals
}

#[test]
fn flows_are_added_up_by_coin_day_category_and_kind() {
    let totals = totals();
    let granted = totals.of_coin(CoinId(0)).filter(|(_, kind, _)| *kind == Granted);
    let found: Vec<_> = granted.map(|(category, _, total)| (category, total.first, total.last, total.amount)).collect();
    let expected = [
        (PROMO, -1, -1, 5),
        (PROMO, DAY - 1, DAY - 1, 5),
        (PROMO, 3 * DAY + 5, 4 * DAY - 1, 10),
        (PAID, 3 * DAY, 3 * DAY, 5),
    ];
    assert_eq!(found, expected);
    assert_eq!(totals.of_coin(CoinId(2)).count(), 0);
}

#[test]
fn totals_come_back_from_their_bytes_and_other_bytes_are_refused() {
    let totals = totals();
    let bytes = totals.encode();
    assert_eq!(bytes.len(), 40 * totals.len());
    assert_eq!(FlowTotals::decode(&bytes), Ok(totals));
    assert_eq!(FlowTotals::decode(&[]), Ok(FlowTotals::default()));
    let row = |at: usize| bytes[40 * at..40 * (at + 1)].to_vec();
    let changed = |at: usize, to: u8| {
        let mut row = row(0);
        row[at] = to;
        row
    };
    let wrong = [
        bytes[1..].to_vec(),
        [row(1), row(0)].concat(),
        [row(0), row(0)].concat(),
        changed(34, 2),
        changed(35, 6),
        changed(36, 1),
        // The last flow is before the first, or on another day.
        changed(15, 0x80),
        changed(14, 9),
    ];
    for bytes in wrong {
        assert!(FlowTotals::decode(&bytes).is_err(), "{bytes:?}");
    }
}
