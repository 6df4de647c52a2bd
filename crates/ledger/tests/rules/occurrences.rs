//! Rules 31 and 32: what occurrences grant, in which order, and what goes on of them.

use crate::bench::{Bench, Purse, SEED, read};
use crate::request::{START, seconds};
use crate::scheduled::{DAY, executed};
use tocos_ledger::{Fact, GrantTerms, Lasting, Ledger, MAX_AMOUNT, Micros, MovementKind};

const DAY_S: i64 = 86_400;

/// What the clock did from an event on: kinds and amounts.
fn done_since(ledger: &Bench, first: u64) -> Vec<(&'static str, u64)> {
    let events = (first + 1..=ledger.last_event()).map(|number| read(&ledger.log, number).unwrap());
    events
        .filter_map(|event| match &event.fact {
            Fact::Moved(movement) => Some((event.kind(), movement.amount)),
            _ => None,
        })
        .collect()
}

fn purse(total: i64, held: u64, available: i64) -> Purse {
    Purse { total, held, available }
}

/// 100 a day, of which up to 30 go on.
fn daily(ledger: &mut Bench, lasting: Lasting) -> u64 {
    let event = ledger.schedule("plan", "ana", 100).daily().at_next().rollover(30, lasting).done().event;
    ledger.sweep();
    event
}

#[test]
fn r31_an_occurrence_is_an_event_of_the_clock_that_names_its_schedule() {
    let mut ledger = Bench::with(&["ana"]);
    let made_by = ledger.schedule("plan", "ana", 5).daily().key("k").metadata("{}").done().event;
    ledger.pass(DAY_S + 5).sweep();
    let event = ledger.event(ledger.last_event());
    assert_eq!((event.kind(), event.at, event.reference), ("grant", START + DAY + seconds(5), Some("plan")));
    assert_eq!((event.by, event.key, event.metadata), (0, None, None));
    let Fact::Moved(movement) = &event.fact else { panic!("{event:?}") };
    let MovementKind::Grant(GrantTerms { occurrence: Some(occurrence), .. }) = movement.kind else { panic!() };
    assert_eq!((occurrence.schedule, occurrence.number, occurrence.due_at), (made_by, 1, START + DAY));
    assert_eq!(ledger.event(made_by).reference, None, "putting it is a request like any other");
}

#[test]
fn r31_its_coins_are_there_from_that_very_instant() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 5).anchor(START + DAY).done();
    ledger.pass(DAY_S);
    ledger.now -= 1;
    ledger.spend("ana", 1).refused_as("insufficient_funds");
    ledger.now += 1;
    ledger.spend("ana", 5).done();
}

#[test]
fn r31_what_was_due_meanwhile_is_done_in_order_each_as_of_its_instant() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    daily(&mut ledger, Lasting::AtNext);
    ledger.spend("ana", 80).done();
    // It ends on the second day: 3 coins have gone on meanwhile, 7 are good for longer.
    ledger.grant("ana", 7).expires_at(START + 5 * DAY / 2).priority(1).done();
    ledger.hold("ana", 10).expires_at(START + 3 * DAY / 2).done();
    let before = ledger.last_event();
    ledger.pass(3 * DAY_S).sweep();
    let expected = [
        ("rollover", 20),
        ("grant", 100),
        ("hold_expired", 10),
        ("rollover", 30),
        ("expire", 90),
        ("grant", 100),
        ("expire", 7),
        ("rollover", 30),
        ("expire", 100),
        ("grant", 100),
    ];
    assert_eq!(done_since(&ledger, before), expected);
    assert_eq!(ledger.balance("ana", "toco"), purse(130, 0, 130));
    let due: Vec<Micros> = executed(&ledger).into_iter().map(|(_, due, _)| due).collect();
    assert_eq!(due, [START, START + DAY, START + 2 * DAY, START + 3 * DAY]);
    assert!((before + 1..=ledger.last_event()).all(|number| ledger.event(number).at == ledger.now));
}

#[test]
fn r31_at_one_instant_holds_end_then_rollover_then_expiry_then_occurrences() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("other", "ana", 3).anchor(START + DAY).done();
    daily(&mut ledger, Lasting::Never);
    ledger.grant("ana", 9).done();
    // Promised until the same instant: of the lot that dies then, and of plain coins.
    ledger.hold("ana", 40).expires_at(START + DAY).done();
    ledger.hold("ana", 65).expires_at(START + DAY).done();
    let before = ledger.last_event();
    ledger.pass(DAY_S).sweep();
    // The coins given back at that instant can still go on.
    let expected =
        [("hold_expired", 40), ("hold_expired", 65), ("rollover", 30), ("expire", 70), ("grant", 3), ("grant", 100)];
    assert_eq!(done_since(&ledger, before), expected);
    assert_eq!(ledger.balance("ana", "toco").total, 9 + 30 + 3 + 100);
}

#[test]
fn r31_a_hold_that_ended_meanwhile_gave_its_coins_back_to_a_lot_that_was_good_then() {
    let mut ledger = Bench::with(&["ana"]);
    daily(&mut ledger, Lasting::Never);
    ledger.hold("ana", 90).expires_at(START + DAY - 1).done();
    let before = ledger.last_event();
    ledger.pass(DAY_S).sweep();
    let expected = [("hold_expired", 90), ("rollover", 30), ("expire", 70), ("grant", 100)];
    assert_eq!(done_since(&ledger, before), expected);
}

#[test]
fn r31_no_more_is_granted_than_there_is_room_for_possibly_nothing() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.limits("ana").ceiling(12).done();
    ledger.schedule("plan", "ana", 5).daily().done();
    ledger.pass(4 * DAY_S).sweep();
    let granted: Vec<u64> = executed(&ledger).into_iter().map(|(.., amount)| amount).collect();
    assert_eq!(granted, [5, 5, 2, 0, 0]);
    let event = ledger.event(ledger.last_event());
    let Fact::Moved(movement) = &event.fact else { panic!("{event:?}") };
    let MovementKind::Grant(GrantTerms { occurrence: Some(occurrence), .. }) = movement.kind else { panic!() };
    assert_eq!((movement.amount, occurrence.scheduled), (0, 5));
    ledger.reverse(event.number).refused_as("already_reversed");
    // Above its ceiling an account gets nothing; held coins count.
    ledger.hold("ana", 12).done();
    ledger.limits("ana").ceiling(3).done();
    ledger.pass(DAY_S).sweep();
    assert_eq!(executed(&ledger).last().unwrap().2, 0);
}

#[test]
fn r31_the_supply_of_the_coin_is_a_bound_too() {
    let mut ledger = Bench::with(&["ana", "bob", "cem"]);
    ledger.grant("bob", MAX_AMOUNT - 7).done();
    ledger.schedule("plan", "ana", 5).daily().done();
    ledger.schedule("last", "cem", 5).anchor(START + 2 * DAY).at_next().refused_for("expires");
    ledger.schedule("last", "cem", 5).anchor(START + 2 * DAY).done();
    ledger.pass(2 * DAY_S).sweep();
    let granted: Vec<u64> = executed(&ledger).into_iter().map(|(.., amount)| amount).collect();
    assert_eq!(granted, [5, 2, 0, 0]);
    assert!(ledger.account("cem", "toco").is_some(), "an account comes into being even with nothing");
    assert_eq!(ledger.system().issued, MAX_AMOUNT);
}

#[test]
fn r31_a_frozen_account_receives() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.limits("ana").frozen().done();
    daily(&mut ledger, Lasting::Never);
    ledger.pass(DAY_S).sweep();
    assert_eq!(ledger.available("ana"), 130);
}

#[test]
fn r31_a_debt_is_paid_back_by_plain_coins() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.limits("ana").floor(-50).ceiling(3).done();
    ledger.spend("ana", 50).done();
    ledger.schedule("plan", "ana", 60).done();
    assert_eq!(ledger.sweep().available("ana"), 3, "up to the ceiling, from below 0");
}

#[test]
fn r31_the_coins_have_the_marks_of_the_schedule() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 1).done();
    ledger.schedule("plain", "ana", 2).done();
    ledger.sweep();
    assert_eq!(ledger.lots("ana"), [(0, 3)], "without marks they are plain");
    ledger.schedule("plan", "ana", 5).daily().occurrences(1).priority(7).promotional().done();
    let lot = ledger.sweep().last_event();
    assert_eq!(ledger.lots("ana"), [(lot, 5), (0, 3)]);
    ledger.schedule("short", "ana", 9).lasting(Lasting::After(60)).done();
    assert_eq!(ledger.sweep().available("ana"), 17);
    ledger.pass(60).sweep();
    assert_eq!(ledger.available("ana"), 8);
}

#[test]
fn r31_at_next_is_the_next_instant_whether_anything_comes_or_not() {
    for paused in [true, false] {
        let mut ledger = Bench::with(&["ana"]);
        ledger.schedule("plan", "ana", 5).daily().at_next().occurrences(if paused { 9 } else { 1 }).done();
        ledger.sweep();
        if paused {
            ledger.pause("plan").done();
        }
        ledger.pass(DAY_S);
        ledger.now -= 1;
        assert_eq!(ledger.sweep().available("ana"), 5);
        ledger.now += 1;
        assert_eq!(ledger.sweep().available("ana"), 0);
    }
}

#[test]
fn r31_its_coins_are_transferred_spent_and_reversed_as_any() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.schedule("plan", "ana", 50).daily().at_next().done();
    let lot = ledger.sweep().last_event();
    ledger.transfer("ana", "bob", 10).done();
    assert_eq!(ledger.lots("bob"), [(lot, 10)]);
    ledger.spend("ana", 15).done();
    ledger.reverse(lot).refused_as("insufficient_funds");
    ledger.reverse(lot).only(25).done();
    assert_eq!((ledger.available("ana"), ledger.system().issued), (0, 25));
    ledger.pass(DAY_S).sweep();
    assert_eq!((ledger.available("ana"), ledger.available("bob")), (50, 0));
}

#[test]
fn r31_taken_back_an_occurrence_never_was() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    daily(&mut ledger, Lasting::AtNext);
    ledger.hold("ana", 80).expires_at(START + 9 * DAY).done();
    let (blocks, written, kept) = (ledger.blocks(), ledger.log.len(), ledger.clone());
    ledger.ledger.begin();
    ledger.pass(3 * DAY_S).sweep();
    ledger.schedule("new", "bob", 5).daily().done();
    ledger.pause("plan").done();
    ledger.end_schedule("plan").done();
    ledger.ledger.roll_back();
    ledger.log.truncate(written);
    assert!(ledger.blocks() == blocks, "something was left");
    let (mut kept, due) = (kept, |bench: &Bench| bench.ledger.state().due_before(Micros::MAX).collect::<Vec<_>>());
    assert_eq!(due(&ledger), due(&kept));
    kept.pass(3 * DAY_S).sweep();
    ledger.sweep();
    assert!(kept.log == ledger.log);
}

#[test]
fn r31_a_ledger_read_back_in_the_middle_goes_on_as_before() {
    let mut ledger = Bench::with(&["ana"]);
    daily(&mut ledger, Lasting::Never);
    ledger.schedule("paused", "ana", 5).daily().done();
    ledger.pause("paused").done();
    ledger.pass(DAY_S / 2).sweep();
    let blocks = ledger.blocks();
    let back = Ledger::from_blocks(SEED, blocks.iter().cloned().map(Ok::<_, tocos_ledger::SnapshotError>)).unwrap();
    let mut again = Bench { ledger: back, ..ledger.clone() };
    again.forget();
    assert!(again.blocks() == blocks);
    for bench in [&mut ledger, &mut again] {
        bench.pass(2 * DAY_S).resume("paused").done();
        bench.pass(DAY_S).sweep();
    }
    assert!(ledger.log == again.log);
}

#[test]
fn r31_looked_at_user_by_user_it_comes_to_the_same() {
    let users = ["ana", "bob", "cem"];
    let mut ledger = Bench::with(&users);
    for (user, count) in users.into_iter().zip([10, 20, 30]) {
        ledger.schedule(user, user, count).daily().at_next().rollover(7, Lasting::AtNext).done();
        ledger.sweep().hold(user, 5).expires_at(START + 2 * DAY).done();
    }
    ledger.pass(3 * DAY_S);
    let mut swept = ledger.clone();
    let expected = users.map(|user| swept.sweep().balance(user, "toco"));
    for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
        let mut alone = ledger.clone();
        for user in order.map(|at: usize| users[at]) {
            let id = alone.ledger.find_user(user).unwrap();
            let mut due = alone.ledger.due_of(id, alone.now);
            while let Some(occasion) = alone.ledger.next_of(&mut due) {
                let event = alone.ledger.expire(&occasion, alone.now);
                alone.ledger.apply(&event).unwrap();
            }
        }
        assert!(!alone.ledger.is_due(alone.now));
        assert_eq!(users.map(|user| alone.balance(user, "toco")), expected, "{order:?}");
    }
}

#[test]
fn r32_up_to_so_much_goes_on_in_a_lot_of_its_own_and_the_rest_expires() {
    let mut ledger = Bench::with(&["ana"]);
    let made_by = daily(&mut ledger, Lasting::After(60));
    let before = ledger.last_event();
    ledger.pass(DAY_S).sweep();
    assert_eq!(done_since(&ledger, before), [("rollover", 30), ("expire", 70), ("grant", 100)]);
    assert_eq!(ledger.lots("ana"), [(before + 1, 30), (before + 3, 100)]);
    let event = ledger.event(before + 1);
    assert_eq!(event.reference, Some("plan"));
    let Fact::Moved(movement) = &event.fact else { panic!("{event:?}") };
    let MovementKind::Rollover(terms) = movement.kind else { panic!("{event:?}") };
    assert_eq!((terms.schedule, terms.number, terms.due_at, terms.from.grant), (made_by, 1, START + DAY, before));
    assert_eq!(terms.to.marks.expires_at, Some(START + DAY + seconds(60)), "counted from the occurrence that comes");
    ledger.reverse(before + 1).refused_as("not_reversible");
    ledger.pass(60).sweep();
    assert_eq!(ledger.available("ana"), 100);
}

#[test]
fn r32_what_has_gone_on_once_does_not_go_on_again() {
    let mut ledger = Bench::with(&["ana"]);
    daily(&mut ledger, Lasting::AtNext);
    ledger.pass(DAY_S).sweep();
    ledger.spend("ana", 130 - 10).done();
    assert_eq!(ledger.available("ana"), 10);
    ledger.pass(DAY_S).sweep();
    assert_eq!(ledger.available("ana"), 110, "10 of the new coins were left");
    ledger.pass(DAY_S);
    ledger.spend("ana", 1).done();
    assert_eq!(ledger.available("ana"), 129);
    // All that is left was carried once: it ends.
    ledger.schedule("plan", "ana", 1).daily().at_next().rollover(30, Lasting::AtNext).done();
    ledger.pass(2 * DAY_S).sweep();
    assert_eq!(ledger.available("ana"), 2);
}

#[test]
fn r32_coins_of_other_lots_are_never_touched() {
    let mut ledger = Bench::with(&["ana"]);
    daily(&mut ledger, Lasting::Never);
    let lot = ledger.grant("ana", 50).expires_at(START + DAY).priority(90).done().event;
    ledger.spend("ana", 90).done();
    assert_eq!(ledger.lots("ana"), [(lot - 1, 10), (lot, 50)]);
    let before = ledger.last_event();
    ledger.pass(DAY_S).sweep();
    assert_eq!(done_since(&ledger, before), [("rollover", 10), ("expire", 50), ("grant", 100)]);
}

#[test]
fn r32_available_coins_go_before_held_ones_which_stay_in_their_hold() {
    let mut ledger = Bench::with(&["ana"]);
    daily(&mut ledger, Lasting::Never);
    let first = ledger.hold("ana", 15).expires_at(START + 9 * DAY).done().event;
    let second = ledger.hold("ana", 75).expires_at(START + 9 * DAY).done().event;
    let before = ledger.last_event();
    ledger.pass(DAY_S).sweep();
    // 10 were available; of the held ones those of the older hold come first.
    assert_eq!(done_since(&ledger, before), [("rollover", 30), ("grant", 100)]);
    let held = |ledger: &Bench, hold| {
        let lots = &ledger.ledger.state().hold(hold).unwrap().lots;
        lots.iter().map(|part| (part.lot.grant, part.amount)).collect::<Vec<_>>()
    };
    assert_eq!(held(&ledger, first), [(before + 1, 15)]);
    assert_eq!(held(&ledger, second), [(3, 70), (before + 1, 5)]);
    assert_eq!(ledger.balance("ana", "toco"), purse(200, 90, 110));
    // Those that went on come back; those that did not stay good for their hold, and for nothing else.
    ledger.capture(second).only(60).not_last().done();
    ledger.release(first).done();
    assert_eq!(ledger.release(second).done().expired(), 10);
    assert_eq!(ledger.available("ana"), 130);
}

#[test]
fn r32_held_coins_go_on_even_if_nothing_expires_then() {
    let mut ledger = Bench::with(&["ana"]);
    daily(&mut ledger, Lasting::AtNext);
    let hold = ledger.hold("ana", 100).expires_at(START + 9 * DAY).done().event;
    let before = ledger.last_event();
    ledger.pass(DAY_S).sweep();
    assert_eq!(done_since(&ledger, before), [("rollover", 30), ("grant", 100)]);
    assert_eq!(ledger.release(hold).done().expired(), 70);
    assert_eq!(ledger.available("ana"), 130);
}

#[test]
fn r32_it_changes_no_total_and_the_occurrence_gets_what_room_is_left() {
    let mut ledger = Bench::with(&["ana"]);
    daily(&mut ledger, Lasting::Never);
    ledger.limits("ana").ceiling(110).done();
    ledger.pass(DAY_S).sweep();
    assert_eq!((ledger.available("ana"), executed(&ledger)[1].2), (110, 80));
    ledger.limits("ana").ceiling(20).done();
    ledger.pass(DAY_S).sweep();
    // No ceiling takes away what goes on.
    assert_eq!((ledger.available("ana"), executed(&ledger)[2].2), (60, 0));
}

#[test]
fn r32_if_it_is_paused_or_over_nothing_goes_on() {
    let mut ledger = Bench::with(&["ana"]);
    daily(&mut ledger, Lasting::Never);
    ledger.pause("plan").done();
    assert_eq!(ledger.pass(DAY_S).sweep().available("ana"), 0);
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 100).daily().at_next().rollover(30, Lasting::Never).occurrences(1).done();
    assert_eq!(ledger.sweep().available("ana"), 100);
    assert_eq!(ledger.pass(DAY_S).sweep().available("ana"), 0);
}

#[test]
fn r32_held_coins_that_expired_before_do_not_go_on() {
    let mut ledger = Bench::with(&["ana"]);
    daily(&mut ledger, Lasting::Never);
    let hold = ledger.hold("ana", 60).expires_at(START + 9 * DAY).done().event;
    ledger.pause("plan").done();
    let before = ledger.last_event();
    ledger.pass(DAY_S + 60).resume("plan").done();
    ledger.pass(DAY_S).sweep();
    assert_eq!(done_since(&ledger, before), [("expire", 40), ("grant", 100)]);
    assert_eq!(ledger.release(hold).done().expired(), 60);
}

#[test]
fn r32_an_occurrence_that_comes_sooner_than_its_coins_were_to_expire_takes_them_on() {
    let mut ledger = Bench::with(&["ana"]);
    daily(&mut ledger, Lasting::Never);
    let plan = |ledger: &mut Bench| {
        let asking = ledger.schedule("plan", "ana", 100).daily().anchor(START + 60).at_next();
        asking.rollover(30, Lasting::Never).done();
    };
    plan(&mut ledger);
    let before = ledger.last_event();
    ledger.pass(DAY_S).sweep();
    // The rest stays until it was to expire.
    assert_eq!(done_since(&ledger, before), [("rollover", 30), ("grant", 100), ("expire", 70)]);
}

#[test]
fn r32_rollover_needs_coins_that_expire_at_the_next_occurrence() {
    let mut ledger = Bench::with(&["ana"]);
    for lasting in [Lasting::Never, Lasting::After(5)] {
        ledger.schedule("plan", "ana", 5).daily().lasting(lasting).rollover(1, Lasting::Never).refused_for("rollover");
    }
    ledger.schedule("plan", "ana", 5).rollover(1, Lasting::Never).refused_for("rollover");
    for max in [0, MAX_AMOUNT + 1] {
        let asking = ledger.schedule("plan", "ana", 5).daily().at_next();
        asking.rollover(max, Lasting::Never).refused_for("rollover.max");
    }
    let asking = ledger.schedule("plan", "ana", 5).daily().at_next();
    asking.rollover(1, Lasting::After(0)).refused_for("rollover.expires_after_s");
}
