//! Rules 30 and 33: when schedules have occurrences, and how they are changed.

use crate::bench::{Bench, read};
use crate::request::{START, seconds};
use tocos_ledger::{EVERY_DAYS_MAX, EVERY_MONTHS_MAX, Every, Fact, GrantTerms, Lasting, Micros, MovementKind};

pub(crate) const DAY: Micros = seconds(86_400);

/// Noon of a date, by counting days.
fn noon(year: i64, month: usize, day: i64) -> Micros {
    let is_leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let years: i64 = (1970..year).map(|year| if is_leap(year) { 366 } else { 365 }).sum();
    let february = if is_leap(year) { 29 } else { 28 };
    let months = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let months: i64 = months[..month - 1].iter().sum();
    (years + months + day - 1) * DAY + DAY / 2
}

/// The next occurrences of a schedule: which, and when.
fn upcoming(ledger: &Bench, id: &str) -> Vec<(u32, Micros)> {
    let (_, schedule) = ledger.ledger.state().schedule_by_id(id).unwrap();
    schedule.upcoming().take(200).collect()
}

fn instants(ledger: &Bench, id: &str) -> Vec<Micros> {
    upcoming(ledger, id).into_iter().map(|(_, at)| at).collect()
}

/// The occurrences that were executed: which, when they were due, and how much they granted.
pub(crate) fn executed(ledger: &Bench) -> Vec<(u32, Micros, u64)> {
    let events = (1..=ledger.last_event()).map(|number| read(&ledger.log, number).unwrap());
    events
        .filter_map(|event| match event.fact {
            Fact::Moved(movement) => match movement.kind {
                MovementKind::Grant(GrantTerms { occurrence: Some(one), .. }) => {
                    Some((one.number, one.due_at, movement.amount))
                }
                _ => None,
            },
            _ => None,
        })
        .collect()
}

fn numbers(ledger: &Bench) -> Vec<u32> {
    executed(ledger).into_iter().map(|(k, ..)| k).collect()
}

#[test]
fn r30_a_month_without_such_a_day_has_its_occurrence_on_its_last() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 5).monthly().anchor(noon(2027, 1, 31)).done();
    let expected = [(2027, 1, 31), (2027, 2, 28), (2027, 3, 31), (2027, 4, 30), (2027, 5, 31), (2027, 6, 30)];
    let expected = expected.map(|(year, month, day)| noon(year, month, day));
    assert_eq!(instants(&ledger, "plan")[..6], expected);
    assert_eq!(instants(&ledger, "plan")[12..15], [noon(2028, 1, 31), noon(2028, 2, 29), noon(2028, 3, 31)]);
    ledger.schedule("plan", "ana", 5).monthly().anchor(noon(2027, 1, 30)).done();
    assert_eq!(instants(&ledger, "plan")[1..3], [noon(2027, 2, 28), noon(2027, 3, 30)]);
}

#[test]
fn r30_an_anchor_on_a_leap_day_is_met_again_in_leap_years() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 5).every(Every::Months(12)).anchor(noon(2028, 2, 29)).done();
    let years = instants(&ledger, "plan");
    assert_eq!(years[..2], [noon(2028, 2, 29), noon(2029, 2, 28)]);
    assert_eq!((years[4], years[72]), (noon(2032, 2, 29), noon(2100, 2, 28)), "2100 has no leap day");
    ledger.schedule("plan", "ana", 5).every(Every::Months(EVERY_MONTHS_MAX)).anchor(noon(2028, 2, 29)).done();
    assert_eq!(instants(&ledger, "plan")[1], noon(2038, 2, 28));
}

#[test]
fn r30_a_day_has_24_hours() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 5).every(Every::Days(3)).anchor(START + 17).done();
    assert_eq!(instants(&ledger, "plan")[..3], [START + 17, START + 3 * DAY + 17, START + 6 * DAY + 17]);
    ledger.schedule("plan", "ana", 5).every(Every::Days(EVERY_DAYS_MAX)).anchor(START + 17).done();
    assert_eq!(instants(&ledger, "plan")[1], START + 3_660 * DAY + 17);
}

#[test]
fn r30_without_a_period_there_is_one_occurrence_and_then_the_id_is_free() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.schedule("plan", "ana", 5).anchor(START + DAY).done();
    assert_eq!(upcoming(&ledger, "plan"), [(0, START + DAY)]);
    ledger.pass(86_400).sweep();
    assert_eq!((ledger.available("ana"), ledger.ledger.state().schedule_count()), (5, 0));
    ledger.pause("plan").refused_as("schedule_not_found");
    ledger.schedule("plan", "bob", 7).done();
    assert_eq!(ledger.sweep().available("bob"), 7);
}

#[test]
fn r30_without_an_anchor_it_counts_from_its_start_or_from_now() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("now", "ana", 5).daily().done();
    assert_eq!(upcoming(&ledger, "now")[0], (0, START));
    ledger.schedule("later", "ana", 5).daily().starts_at(START + 90).done();
    assert_eq!(upcoming(&ledger, "later")[..2], [(0, START + 90), (1, START + DAY + 90)]);
    ledger.schedule("both", "ana", 5).daily().starts_at(START + 90).anchor(START + 60).done();
    assert_eq!(upcoming(&ledger, "both")[0], (1, START + DAY + 60), "the one before the start is not executed");
}

#[test]
fn r30_it_starts_ends_and_counts() {
    let mut ledger = Bench::with(&["ana"]);
    let plan = |ledger: &mut Bench, starts: Micros, ends: Micros, count: u32| {
        let asking = ledger.schedule("plan", "ana", 5).daily().anchor(START + 60);
        asking.starts_at(START + 60 + starts).ends_at(START + 60 + ends).occurrences(count).done();
        upcoming(ledger, "plan").into_iter().map(|(k, _)| k).collect::<Vec<_>>()
    };
    assert_eq!(plan(&mut ledger, DAY, 3 * DAY, 99), [1, 2], "from the start on, and before the end");
    assert_eq!(plan(&mut ledger, DAY + 1, 3 * DAY + 1, 99), [2, 3]);
    assert_eq!(plan(&mut ledger, 2 * DAY, 9 * DAY, 4), [2, 3], "its number says whether it is one too many");
}

#[test]
fn r30_nothing_of_the_past_is_made_up_for() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 5).daily().anchor(START - 10 * DAY + 60).occurrences(13).done();
    assert_eq!(upcoming(&ledger, "plan")[0], (10, START + 60));
    ledger.pass(10 * 86_400).sweep();
    assert_eq!((numbers(&ledger), ledger.available("ana")), (vec![10, 11, 12], 15));
    let now = ledger.now;
    ledger.schedule("plan", "ana", 5).daily().anchor(now - DAY).done();
    assert_eq!(upcoming(&ledger, "plan")[0], (1, now), "this very instant is not past");
}

#[test]
fn r30_a_schedule_that_has_no_occurrence_left_is_refused() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 5).anchor(START - 1).refused_for("anchor");
    ledger.schedule("plan", "ana", 5).daily().ends_at(START).refused_for("ends_at");
    ledger.schedule("plan", "ana", 5).daily().anchor(START - 3 * DAY).occurrences(3).refused_for("anchor");
    ledger.schedule("plan", "ana", 5).daily().anchor(START - 3 * DAY).occurrences(4).done();
}

#[test]
fn r30_a_plan_has_bounds() {
    let mut ledger = Bench::with(&["ana"]);
    for every in
        [Every::Days(0), Every::Days(EVERY_DAYS_MAX + 1), Every::Months(0), Every::Months(EVERY_MONTHS_MAX + 1)]
    {
        ledger.schedule("plan", "ana", 5).every(every).refused_for("every");
    }
    ledger.schedule("plan", "ana", 0).refused_for("amount");
    ledger.schedule("", "ana", 5).refused_for("schedule");
    ledger.schedule("@plan", "ana", 5).refused_for("schedule");
    ledger.schedule("plan", "ana", 5).priority(101).refused_for("priority");
    ledger.schedule("plan", "ana", 5).occurrences(0).refused_for("occurrences");
    ledger.schedule("plan", "ana", 5).daily().anchor(-1).refused_for("anchor");
    ledger.schedule("plan", "ana", 5).daily().starts_at(i64::MAX).refused_for("starts_at");
    ledger.schedule("plan", "ana", 5).daily().starts_at(START + 5).ends_at(START + 5).refused_for("ends_at");
    ledger.schedule("plan", "ana", 5).lasting(Lasting::After(0)).refused_for("expires_after_s");
    ledger.schedule("plan", "ana", 5).at_next().refused_for("expires");
    ledger.schedule("plan", "nobody", 5).refused_as("user_not_found");
    ledger.schedule("plan", "ana", 5).coin("none").refused_as("coin_not_found");
    assert_eq!(ledger.last_event(), 1);
}

#[test]
fn r30_after_the_year_9999_there_is_nothing() {
    let mut ledger = Bench::with(&["ana"]);
    let late = noon(9999, 12, 1);
    ledger.schedule("plan", "ana", 5).monthly().anchor(late).done();
    assert_eq!(instants(&ledger, "plan"), [late]);
    ledger.now = late;
    assert_eq!(ledger.sweep().available("ana"), 5);
    assert_eq!(ledger.ledger.state().schedule_count(), 0);
}

#[test]
fn r33_put_again_it_keeps_its_anchor_and_does_something_else_from_its_next_occurrence_on() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 5).daily().done();
    let made_by = ledger.last_event();
    ledger.pass(3_600).schedule("plan", "ana", 8).daily().done();
    assert_eq!(upcoming(&ledger, "plan")[0], (1, START + DAY));
    assert_eq!(ledger.ledger.state().schedule_by_id("plan").unwrap().0, made_by, "it is the same schedule");
    assert_eq!(ledger.available("ana"), 5, "what it granted stays as it is");
    ledger.pass(86_400).sweep();
    assert_eq!(executed(&ledger), [(0, START, 5), (1, START + DAY, 8)]);
    let noon = START + DAY * 3 / 2;
    ledger.schedule("plan", "ana", 8).every(Every::Days(7)).anchor(noon).done();
    assert_eq!(upcoming(&ledger, "plan")[0], (0, noon), "it counts from a new anchor if it is given one");
}

#[test]
fn r33_no_occurrence_is_executed_twice_by_a_change() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 5).daily().done();
    for _ in 0..3 {
        ledger.schedule("plan", "ana", 5).daily().done();
        ledger.schedule("plan", "ana", 5).daily().anchor(START).done();
    }
    assert_eq!(numbers(&ledger), [0]);
    assert_eq!(upcoming(&ledger, "plan")[0], (1, START + DAY));
    ledger.pause("plan").done();
    ledger.resume("plan").done();
    assert_eq!(numbers(ledger.sweep()), [0]);
    // A change within the last occurrence's instant to one that would come again at it.
    ledger.schedule("plan", "ana", 5).anchor(START).refused_for("anchor");
}

#[test]
fn r33_user_and_coin_stay() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.coin("gem", 0).done();
    ledger.schedule("plan", "ana", 5).daily().done();
    ledger.schedule("plan", "bob", 5).daily().refused_for("user");
    ledger.schedule("plan", "ana", 5).coin("gem").daily().refused_for("coin");
}

#[test]
fn r33_paused_it_skips_and_resumed_it_goes_on_with_the_first_from_then_on() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 5).daily().done();
    ledger.pass(60).pause("plan").done();
    ledger.pause("plan").done();
    assert_eq!(upcoming(&ledger, "plan"), []);
    ledger.pass(2 * 86_400).sweep();
    assert_eq!(numbers(&ledger), [0]);
    ledger.schedule("plan", "ana", 6).daily().done();
    assert_eq!(upcoming(&ledger, "plan"), [], "a change does not resume it");
    ledger.pass(86_400 - 60).resume("plan").done();
    assert_eq!(upcoming(&ledger, "plan")[0], (3, START + 3 * DAY), "an occurrence of this very instant is not past");
    ledger.resume("plan").done();
    ledger.pass(86_400).sweep();
    assert_eq!(numbers(&ledger), [0, 3, 4]);
}

#[test]
fn r33_resumed_too_late_it_is_over() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 5).daily().occurrences(2).done();
    ledger.pause("plan").done();
    ledger.pass(86_401).resume("plan").done();
    ledger.resume("plan").refused_as("schedule_not_found");
    assert_eq!((numbers(&ledger), ledger.ledger.state().schedule_count()), (vec![0], 0));
}

#[test]
fn r33_a_deleted_schedule_is_gone_and_its_coins_stay() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 5).daily().at_next().done();
    ledger.end_schedule("plan").done();
    ledger.end_schedule("plan").refused_as("schedule_not_found");
    assert_eq!(ledger.available("ana"), 5);
    ledger.pass(86_400).sweep();
    assert_eq!((ledger.available("ana"), numbers(&ledger)), (0, vec![0]), "they expire when they were to");
    ledger.schedule("plan", "ana", 5).daily().done();
    assert_eq!(upcoming(&ledger, "plan")[0], (0, ledger.now), "another of that id is a new one");
}

#[test]
fn r33_closing_a_user_ends_the_users_schedules() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    for (id, user) in [("one", "ana"), ("two", "ana"), ("three", "bob")] {
        let at = ledger.in_seconds(60);
        ledger.schedule(id, user, 5).daily().anchor(at).done();
    }
    ledger.close("ana").done();
    ledger.pause("one").refused_as("schedule_not_found");
    ledger.schedule("two", "ana", 5).daily().refused_as("user_closed");
    ledger.pass(60).sweep();
    assert_eq!((ledger.available("ana"), ledger.available("bob")), (0, 5));
}

#[test]
fn r33_an_unknown_schedule_is_not_found() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.end_schedule("none").refused_as("schedule_not_found");
    ledger.pause("none").refused_as("schedule_not_found");
    ledger.resume("none").refused_as("schedule_not_found");
}

#[test]
fn r33_asked_again_under_its_key_a_schedule_is_not_put_again() {
    let mut ledger = Bench::with(&["ana"]);
    let put = |ledger: &mut Bench, amount| {
        let asking = ledger.schedule("plan", "ana", amount).daily().at_next().rollover(5, Lasting::Never).key("k1");
        asking.done()
    };
    let first = put(&mut ledger, 5);
    ledger.pause("plan").key("k2").done();
    ledger.pass(5 * 86_400);
    let again = put(&mut ledger, 5);
    assert_eq!((again.event, again.replayed), (first.event, true));
    assert!(ledger.pause("plan").key("k2").done().replayed);
    ledger.resume("plan").key("k2").refused_as("idempotency_key_reused");
    ledger.schedule("plan", "ana", 5).daily().at_next().key("k1").refused_saying("rollover");
    ledger.schedule("plan", "ana", 5).monthly().at_next().key("k1").refused_saying("every");
    ledger.end_schedule("plan").done();
    assert!(put(&mut ledger, 5).replayed, "even after it is gone");
    assert_eq!((numbers(&ledger), ledger.ledger.state().schedule_count()), (vec![0], 0));
}
