//! Rules 21 to 23: time and order, what readers see, and history. (That a response of success is durable is for the
//! engine and the journal to show.)

use crate::bench::{Bench, Written, entry_of};
use crate::request::START;
use tocos_ledger::{Fact, Ledger};

#[test]
fn r21_time_never_goes_back() {
    let mut bench = Bench::with(&["ana"]);
    bench.pass(60).grant("ana", 5).done();
    let mut fresh = Ledger::new(crate::bench::SEED);
    fresh.apply(&bench.event(1)).unwrap();
    let mut second = bench.event(2);
    second.at = START - 1;
    let refused = fresh.apply(&second).unwrap_err();
    assert_eq!((refused.event, refused.reason), (2, "its time is before the last event's"));
}

#[test]
fn r21_events_are_numbered_without_gaps() {
    let mut bench = Bench::with(&["ana", "bob"]);
    bench.grant("ana", 5).done();
    let mut fresh = Ledger::new(crate::bench::SEED);
    fresh.apply(&bench.event(1)).unwrap();
    let refused = fresh.apply(&bench.event(3)).unwrap_err();
    assert_eq!((refused.event, refused.reason), (3, "its number is not the next one"));
}

#[test]
fn r21_everything_due_expires_before_anything_is_decided() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.grant("ana", 5).expires_in(60).done();
    let hold = ledger.grant("ana", 7).done().event;
    ledger.hold("ana", 1).timeout_s(60).done();
    let events = ledger.pass(60).last_event();
    assert!(ledger.ledger.is_due(ledger.now) && !ledger.ledger.is_due(ledger.now - 1));
    ledger.spend("ana", 7).done();
    let kinds: Vec<_> = (events + 1..=ledger.last_event()).map(|number| ledger.event(number).kind()).collect();
    assert_eq!(kinds, ["hold_expired", "expire", "spend"]);
    assert!(hold < events && !ledger.ledger.is_due(ledger.now));
}

#[test]
fn r22_a_readers_state_stays_as_it_was_while_the_writer_goes_on() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    ledger.grant("ana", 50).expires_in(60).done();
    let hold = ledger.hold("ana", 10).done().event;
    let (seen, blocks) = (ledger.ledger.state().clone(), ledger.blocks());
    ledger.transfer("ana", "bob", 20).done();
    ledger.capture(hold).done();
    ledger.user("cem").done();
    ledger.pass(60).sweep();
    assert!(seen.blocks().collect::<Vec<_>>() == blocks, "the reader saw the writer at work");
}

#[test]
fn r23_each_entry_says_what_the_history_needs() {
    let mut ledger = Bench::with(&["ana", "bob"]);
    let lot = ledger.grant("ana", 50).expires_in(60).done().event;
    let moved = ledger.pass(5).transfer("ana", "bob", 20).key("order 17").metadata(r#"{"order":"17"}"#).done().event;
    let event = ledger.event(moved);
    assert_eq!(
        (event.kind(), event.at, event.by, event.metadata),
        ("transfer", ledger.now, 7, Some(r#"{"order":"17"}"#))
    );
    assert_eq!(event.key.map(|key| key.text), Some("order 17"));
    let Fact::Moved(movement) = &event.fact else { panic!("a transfer moves coins") };
    let (a, b) = (&movement.a, movement.b.as_ref().unwrap());
    assert_eq!((a.total, b.total, movement.amount), (30, 20, 20));
    assert_eq!(movement.lots_named().iter().map(|part| part.lot.grant).collect::<Vec<_>>(), [lot]);
    assert_eq!((a.prev, b.prev, b.opens.is_some()), (lot, 0, true), "each entry names the one before it");
}

#[test]
fn r23_every_event_of_an_account_is_in_its_history() {
    let mut ledger = Bench::with(&["ana", "shop"]);
    let mut expected = vec![];
    expected.push(ledger.grant("ana", 50).done().event);
    expected.push(ledger.limits("ana").floor(-10).done().event);
    let hold = ledger.hold("ana", 10).to("shop").done().event;
    expected.push(hold);
    expected.push(ledger.spend("ana", 5).done().event);
    expected.push(ledger.capture(hold).only(4).not_last().done().event);
    expected.push(ledger.release(hold).done().event);
    expected.push(ledger.reverse(expected[3]).done().event);
    ledger.grant("shop", 5).done();
    let row = ledger.account("ana", "toco").unwrap();
    assert_eq!(row.entry_count() as usize, expected.len());
    let (mut found, mut at) = (vec![], row.last_event());
    let account =
        ledger.ledger.find_user("ana").and_then(|user| ledger.ledger.state().accounts_of(user).next()).unwrap();
    while at != 0 {
        found.push(at);
        at = entry_of(&ledger.event(at), account).unwrap().prev;
    }
    found.reverse();
    assert_eq!(found, expected);
}

#[test]
fn r23_an_event_that_does_not_follow_is_not_applied() {
    let mut bench = Bench::with(&["ana", "bob"]);
    bench.grant("ana", 50).done();
    let before = bench.ledger.clone();
    bench.transfer("ana", "bob", 20).done();
    let good = bench.event(4);
    let fails = |change: &dyn Fn(&mut tocos_ledger::Movement)| {
        let mut event = good.clone();
        if let Fact::Moved(movement) = &mut event.fact {
            change(movement);
        }
        before.clone().apply(&event).unwrap_err().reason
    };
    assert_eq!(fails(&|moved| moved.a.total += 1), "the balance does not come out as written");
    assert_eq!(fails(&|moved| moved.a.held += 1), "the balance does not come out as written");
    assert_eq!(fails(&|moved| moved.a.prev = 1), "it does not continue the account's history");
    assert_eq!(fails(&|moved| moved.a.skip = 1), "it does not continue the account's history");
    assert_eq!(fails(&|moved| moved.legs.first.amount = 21), "the balance does not come out as written");
    assert_eq!(fails(&|moved| moved.a.account.0 = 9), "there is no such account");
    assert_eq!(fails(&|moved| moved.b.as_mut().unwrap().opens = None), "there is no such account");
    assert!(before.clone().apply(&good).is_ok());
    assert_eq!(Written::new(&good), bench.log[3]);
}
