//! Rules 34 and 35: events are found by what they mention; where a grant's coins are.

use crate::bench::Bench;
use crate::request::Op;
use std::collections::BTreeMap;
use tocos_ledger::{Event, GrantUse, Granted, Ledger, Mention, Refusal};

fn events_with(bench: &Bench, mention: Mention<'_>) -> Vec<u64> {
    bench.ledger.recent_mentions(mention).after(0).collect()
}

/// Where the coins of a grant are, by all events so far.
fn places(bench: &Bench, grant: u64) -> GrantUse {
    let granted = Granted::by(&bench.event(grant)).unwrap();
    let mut sum = granted.at_first();
    for event in events_with(bench, Mention::Grant(grant)) {
        sum.add(&granted.used_by(&bench.event(event)));
    }
    sum
}

#[test]
fn r34_a_reference_is_kept_with_the_event_which_is_found_by_it() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    let first = ledger.grant("ana", 50).reference("order 17").done().event;
    ledger.grant("ana", 50).reference("order 18").done();
    ledger.grant("ana", 50).done();
    let second = ledger.transfer("ana", "bob", 5).reference("order 17").done().event;
    let third = ledger.reverse(first).only(1).reference("order 17").done().event;
    assert_eq!(events_with(&ledger, Mention::Reference("order 17")), [first, second, third]);
    assert_eq!(events_with(&ledger, Mention::Reference("order 1")), []);
    assert_eq!(ledger.event(first).client_reference(), Some("order 17"));
    let after: Vec<u64> = ledger.ledger.recent_mentions(Mention::Reference("order 17")).after(first).collect();
    assert_eq!(after, [second, third]);
}

#[test]
fn r34_a_reference_is_1_to_255_printable_characters() {
    let mut ledger = Bench::with(&["ana"]);
    for good in ["17", " / ? # @ 17 ", "Bestellung Größe L 💥", &"é".repeat(255), "."] {
        assert_eq!(ledger.grant("ana", 1).reference(good).done().amount(), 1, "{good:?}");
    }
    for bad in ["", "a\nb", "a\u{200b}b", "\u{202e}abc", &"é".repeat(256), "\u{7f}"] {
        ledger.grant("ana", 1).reference(bad).refused_for("reference");
    }
}

#[test]
fn r34_under_a_key_a_request_with_another_reference_is_another_request() {
    let mut ledger = Bench::with(&["ana"]);
    let event = ledger.grant("ana", 5).key("k").reference("order 17").done().event;
    let other = Refusal::IdempotencyKeyReused { field: "reference", event };
    assert_eq!(ledger.grant("ana", 5).key("k").reference("order 18").refused(), other);
    assert_eq!(ledger.grant("ana", 5).key("k").refused(), other);
    assert!(ledger.grant("ana", 5).key("k").reference("order 17").done().replayed);
    assert_eq!(events_with(&ledger, Mention::Reference("order 17")), [event]);
}

#[test]
fn r34_what_a_schedule_did_and_what_was_done_to_it_names_it() {
    let mut ledger = Bench::with(&["ana"]);
    let made = ledger
        .schedule("plan", "ana", 100)
        .daily()
        .at_next()
        .rollover(30, tocos_ledger::Lasting::AtNext)
        .reference("order 17")
        .done()
        .event;
    ledger.schedule("other", "ana", 1).daily().done();
    let first = made + 1;
    ledger.pass(86_400);
    ledger.sweep();
    let by_clock: Vec<u64> =
        (first..=ledger.last_event()).filter(|number| ledger.event(*number).schedule() == Some("plan")).collect();
    let paused = ledger.ask(&crate::request::Ask::of(Op::PauseSchedule { schedule: "plan".into() })).unwrap().event;
    let kinds: Vec<&str> = by_clock.iter().map(|number| ledger.event(*number).kind()).collect();
    assert_eq!(kinds, ["grant", "rollover", "grant"]);
    let all: Vec<u64> = [made].into_iter().chain(by_clock.iter().copied()).chain([paused]).collect();
    assert_eq!(events_with(&ledger, Mention::Schedule("plan")), all);
    // A client's reference is another thing than the id of a schedule.
    assert_eq!(events_with(&ledger, Mention::Reference("plan")), []);
    assert_eq!(events_with(&ledger, Mention::Reference("order 17")), [made]);
    assert!(by_clock.iter().all(|number| ledger.event(*number).client_reference().is_none()));
}

#[test]
fn r35_a_grants_coins_are_left_held_spent_moved_on_expired_or_reversed() {
    let mut ledger = Bench::with(&["ana", "bob", "shop"]);
    let grant = ledger.grant("ana", 100).expires_in(600).done().event;
    ledger.spend("ana", 10).done();
    ledger.spend("ana", 5).to("shop").done();
    let transfer = ledger.transfer("ana", "bob", 20).done().event;
    let hold = ledger.hold("ana", 30).done().event;
    ledger.capture(hold).only(12).not_last().done();
    ledger.reverse(grant).only(7).done();
    let expected = GrantUse { left: 28, held: 18, spent: 22, moved_on: 25, expired: 0, reversed: 7, added: 0 };
    assert_eq!(places(&ledger, grant), expected);
    // What bob does with them is not ana's.
    ledger.spend("bob", 3).done();
    assert_eq!(places(&ledger, grant), expected);
    ledger.reverse(transfer).only(4).done();
    ledger.pass(600);
    ledger.sweep();
    let expected = GrantUse { left: 0, held: 18, spent: 22, moved_on: 21, expired: 32, reversed: 7, added: 0 };
    assert_eq!(places(&ledger, grant), expected, "held coins are good for the hold");
    ledger.release(hold).done();
    let expected = GrantUse { left: 0, held: 0, spent: 22, moved_on: 21, expired: 50, reversed: 7, added: 0 };
    assert_eq!(places(&ledger, grant), expected);
}

#[test]
fn r35_what_rolls_over_has_moved_on_and_is_followed_from_there() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.schedule("plan", "ana", 100).daily().at_next().rollover(50, tocos_ledger::Lasting::AtNext).done();
    ledger.sweep();
    let grant = ledger.last_event();
    let hold = ledger.hold("ana", 20).timeout_s(300_000).done().event;
    ledger.spend("ana", 50).done();
    ledger.pass(86_400);
    ledger.sweep();
    let expected = GrantUse { left: 0, held: 0, spent: 50, moved_on: 50, expired: 0, reversed: 0, added: 0 };
    assert_eq!(places(&ledger, grant), expected);
    let rollover = (grant..=ledger.last_event()).find(|number| ledger.event(*number).kind() == "rollover").unwrap();
    let granted = Granted::by(&ledger.event(rollover)).unwrap();
    assert_eq!((granted.amount, granted.lot.grant), (50, rollover));
    assert_eq!(places(&ledger, rollover), GrantUse { left: 30, held: 20, ..GrantUse::default() });
    ledger.capture(hold).only(15).done();
    assert_eq!(places(&ledger, rollover), GrantUse { left: 35, spent: 15, ..GrantUse::default() });
}

#[test]
fn r35_coins_of_a_transfer_that_come_back_as_a_debt_had_moved_on() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    let grant = ledger.grant("ana", 100).lot().done().event;
    let transfer = ledger.transfer("ana", "bob", 40).done().event;
    ledger.spend("bob", 40).done();
    ledger.reverse(transfer).debt().done();
    assert_eq!(places(&ledger, grant), GrantUse { left: 100, ..GrantUse::default() });
}

#[test]
fn r35_coins_that_come_back_to_a_lot_that_is_over_have_expired() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    let grant = ledger.grant("ana", 100).expires_in(60).done().event;
    let spend = ledger.spend("ana", 10).done().event;
    let paid = ledger.spend("ana", 5).to("bob").done().event;
    let transfer = ledger.transfer("ana", "bob", 20).done().event;
    ledger.reverse(transfer).only(8).done();
    ledger.pass(60);
    ledger.sweep();
    assert_eq!(places(&ledger, grant), GrantUse { spent: 10, moved_on: 17, expired: 73, ..GrantUse::default() });
    ledger.reverse(spend).done();
    ledger.reverse(paid).done();
    assert_eq!(places(&ledger, grant), GrantUse { moved_on: 12, expired: 88, ..GrantUse::default() });
}

#[test]
fn r35_a_debt_is_owed_in_plain_coins_and_plain_coins_are_not_followed() {
    let mut ledger = Bench::with(&["ana"]);
    let grant = ledger.grant("ana", 100).lot().done().event;
    ledger.spend("ana", 70).done();
    ledger.reverse(grant).debt().done();
    let expected = GrantUse { spent: 70, reversed: 30, ..GrantUse::default() };
    assert_eq!(places(&ledger, grant), expected);
    let plain = ledger.grant("ana", 500).done().event;
    ledger.spend("ana", 5).done();
    assert!(Granted::by(&ledger.event(plain)).unwrap().lot.is_plain());
    assert_eq!(events_with(&ledger, Mention::Grant(plain)), []);
    assert_eq!(Granted::by(&ledger.event(plain + 1)), None, "a spend grants nothing");
}

/// What a walk over all events gives is what the state says of each grant, and each event is found by all that it mentions.
pub(crate) fn check(bench: &Bench) -> Result<(), String> {
    let mut fresh = Ledger::new(crate::bench::SEED);
    let mut mentioned: BTreeMap<Mention<'_>, Vec<u64>> = BTreeMap::new();
    let mut grants: BTreeMap<u64, (Granted, GrantUse)> = BTreeMap::new();
    let events: Vec<Event<'_>> = (1..=bench.last_event()).map(|number| bench.event(number)).collect();
    for event in &events {
        let written = &bench.log[event.number as usize - 1];
        fresh.apply(&fresh.decode_event(event.number, written.at, &written.record, &written.blob).unwrap()).unwrap();
        for mention in event.mentions() {
            if let Mention::Grant(grant) = mention {
                let (granted, sum) = grants.get_mut(&grant).ok_or("a lot of no grant")?;
                sum.add(&granted.used_by(event));
            }
            mentioned.entry(mention).or_default().push(event.number);
        }
        if let Some(granted) = Granted::by(event).filter(|granted| !granted.lot.is_plain()) {
            grants.insert(event.number, (granted, granted.at_first()));
        }
    }
    for (mention, expected) in &mentioned {
        let found: Vec<u64> = fresh.recent_mentions(*mention).after(0).collect();
        if found != *expected {
            return Err(format!("{mention:?} is mentioned by {expected:?}, and found are {found:?}"));
        }
    }
    let state = bench.ledger.state();
    for (grant, (granted, sum)) in &grants {
        let of = |lots: &mut dyn Iterator<Item = tocos_ledger::LotAmount>| {
            lots.filter(|part| part.lot.grant == *grant).map(|part| part.amount as i64).sum::<i64>()
        };
        let left = of(&mut state.account(granted.account).lots(i64::MIN));
        let holds = state.open_holds().filter(|(_, hold)| hold.account == granted.account);
        let held = of(&mut holds.flat_map(|(_, hold)| hold.lots.clone()));
        let GrantUse { spent, moved_on, expired, reversed, added, .. } = *sum;
        let whole = sum.left + sum.held + spent + moved_on + expired + reversed;
        if (sum.left, sum.held) != (left, held) || whole != granted.amount as i64 + added {
            return Err(format!("of grant {grant} {left} and {held} are there, and by the events {sum:?}"));
        }
        if [spent, expired, reversed, added].iter().any(|count| *count < 0) {
            return Err(format!("of grant {grant} less than nothing is gone: {sum:?}"));
        }
    }
    Ok(())
}
