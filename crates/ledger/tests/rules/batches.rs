//! Rules 10 and 11: operations that are applied together can be rolled back together. (The engine implements batches and
//! dry runs; the core provides the same three operations for both: begin, keep, roll back.)

use crate::bench::Bench;
use crate::furnished::{do_everything, furnished};
use tocos_ledger::{Due, Micros};

/// Everything about a ledger that a batch could leave behind.
#[derive(Debug, PartialEq)]
struct All {
    blocks: Vec<Vec<u8>>,
    due: Vec<(Micros, Due)>,
    keys: u64,
    known: [Option<u64>; 3],
    naming: [u64; 3],
}

fn all(bench: &Bench) -> All {
    let ledger = &bench.ledger;
    let due = ledger.state().due_before(Micros::MAX).collect();
    let known = ["before", "within", "within too"].map(|key| ledger.known(key));
    let naming = [0, 1, 2].map(|run| ledger.state().naming_event(run));
    All { blocks: bench.blocks(), due, keys: ledger.key_count(), known, naming }
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
