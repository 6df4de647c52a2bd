//! Rules 10 and 11: what is done together can be taken back together. (How a batch is put, and that a dry run answers,
//! is the engine's; the core gives both the same three words: begin, keep, roll back.)

use crate::bench::Bench;
use tocos_ledger::{Due, Micros};

/// Everything about a ledger that a batch could leave behind.
#[derive(Debug, PartialEq)]
struct All {
    blocks: Vec<Vec<u8>>,
    due: Vec<(Micros, Due)>,
    keys: usize,
    known: [Option<u64>; 3],
}

fn all(bench: &Bench) -> All {
    let ledger = &bench.ledger;
    let due = ledger.state().due_before(Micros::MAX).collect();
    let known = ["before", "within", "within too"].map(|key| ledger.known(key));
    All { blocks: bench.blocks(), due, keys: ledger.key_count(), known }
}

/// A ledger with something of everything, and open holds 1 and 2 of it.
fn furnished() -> (Bench, u64, u64) {
    let mut ledger = Bench::with(&["ana", "bob", "shop"]);
    ledger.grant("ana", 100).key("before").done();
    ledger.grant("ana", 50).expires_in(60).done();
    let first = ledger.hold("ana", 30).timeout_s(120).to("shop").done().event;
    let second = ledger.hold("ana", 30).timeout_s(180).done().event;
    (ledger, first, second)
}

/// One of each kind of operation.
fn do_everything(ledger: &mut Bench, first: u64, second: u64) {
    ledger.user("cem").named("Cem").key("within").done();
    ledger.user("ana").named("Ana").metadata("{}").done();
    ledger.coin("gem", 2).done();
    ledger.coin("toco", 3).done();
    ledger.grant("cem", 5).coin("gem").expires_in(60).done();
    ledger.grant("bob", 5).expires_in(90).key("within too").done();
    ledger.limits("bob").floor(-50).frozen().done();
    ledger.limits("bob").floor(-50).done();
    let spent = ledger.spend("bob", 30).done().event;
    ledger.transfer("ana", "cem", 10).done();
    ledger.capture(first).only(10).not_last().done();
    ledger.extend(second, 600).done();
    ledger.release(second).done();
    ledger.hold("ana", 1).timeout_s(5).done();
    ledger.reverse(spent).only(7).done();
    ledger.close("shop").refused_as("user_not_empty");
    ledger.spend("shop", 10).done();
    ledger.capture(first).done();
    ledger.create_key("ci", tocos_ledger::Right::Admin).done();
    ledger.revoke_key(1).done();
    ledger.user("dia").done();
    ledger.close("dia").done();
}

#[test]
fn r10_an_atomic_batch_that_is_rolled_back_leaves_nothing() {
    let (mut ledger, first, second) = furnished();
    let (before, written) = (all(&ledger), ledger.log.len());
    ledger.ledger.begin();
    do_everything(&mut ledger, first, second);
    assert_ne!(all(&ledger), before);
    ledger.ledger.roll_back();
    ledger.log.truncate(written);
    assert!(all(&ledger) == before, "rolling back left something behind");
    assert_eq!(ledger.ledger.find_user("cem"), None);
    ledger.check();
    // And everything goes on as if it had never been tried.
    do_everything(&mut ledger, first, second);
    let (mut other, first, second) = furnished();
    do_everything(&mut other, first, second);
    assert!(all(&ledger) == all(&other), "a ledger that rolled back went another way");
}

#[test]
fn r10_a_batch_that_is_kept_stays() {
    let (mut ledger, first, second) = furnished();
    ledger.ledger.begin();
    do_everything(&mut ledger, first, second);
    let after = all(&ledger);
    ledger.ledger.keep();
    ledger.ledger.roll_back();
    assert!(all(&ledger) == after, "what was kept was taken back");
}

#[test]
fn r10_many_new_users_are_forgotten_in_the_order_of_ids_and_in_the_index() {
    let mut ledger = Bench::empty();
    for number in 0..700 {
        ledger.user(&format!("user-{}", number * 2)).done();
    }
    let (before, written) = (all(&ledger), ledger.log.len());
    ledger.ledger.begin();
    for number in 0..700 {
        ledger.user(&format!("user-{}", number * 2 + 1)).done();
    }
    ledger.ledger.roll_back();
    ledger.log.truncate(written);
    assert!(all(&ledger) == before, "rolling back left something behind");
    for number in 0..1_400 {
        assert_eq!(ledger.ledger.find_user(&format!("user-{number}")).is_some(), number % 2 == 0);
    }
}

#[test]
fn r10_a_key_of_a_batch_is_known_within_it_and_forgotten_with_it() {
    let mut ledger = Bench::with(&["ana"]);
    ledger.ledger.begin();
    let first = ledger.grant("ana", 5).key("one").done();
    let again = ledger.grant("ana", 5).key("one").done();
    assert_eq!((again.event, again.replayed), (first.event, true));
    ledger.ledger.roll_back();
    ledger.log.truncate(1);
    assert_eq!((ledger.ledger.known("one"), ledger.ledger.key_count()), (None, 0));
    assert!(!ledger.grant("ana", 6).key("one").done().replayed);
}

#[test]
fn r10_keys_next_to_forgotten_ones_are_still_found() {
    let mut ledger = Bench::with(&["ana"]);
    let name = |number: u32| format!("key {number}");
    for number in 0..3_000 {
        ledger.ledger.remember(ledger.ledger.hashed_key(&name(number)).hash, u64::from(number) + 1);
    }
    ledger.ledger.begin();
    for number in 3_000..6_000 {
        ledger.grant("ana", 1).key(&name(number)).done();
    }
    ledger.ledger.roll_back();
    assert_eq!(ledger.ledger.key_count(), 3_000);
    for number in 0..6_000 {
        let expected = (number < 3_000).then_some(u64::from(number) + 1);
        assert_eq!(ledger.ledger.known(&name(number)), expected, "key {number}");
    }
}

#[test]
fn r11_deciding_alone_changes_nothing() {
    let (ledger, first, _) = furnished();
    let before = all(&ledger);
    let ask = crate::request::Ask::of(crate::request::Op::Release { hold: first });
    let judged = ledger.ledger.decide(&ask.request(None), ledger.now);
    assert!(matches!(judged, Ok(tocos_ledger::Decision::Do(_))));
    assert!(all(&ledger) == before, "deciding changed something");
}
