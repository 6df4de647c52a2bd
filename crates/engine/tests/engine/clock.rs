//! A system clock that is implausible.

use crate::Bench;
use std::time::Duration;
use tocos_engine::{Batch, BatchRejection, ClockOptions, OtherTime, Rejection, Unavailable};
use tocos_ledger::{Marks, Operation, Request, SECOND_US};

/// A ledger that was stopped for longer than it takes without asking.
fn after_a_gap() -> Bench {
    let clock = ClockOptions { gap_max: Some(Duration::from_millis(200)), trusts_kernel: false };
    let mut bench = Bench::with(|options| options.clock = clock);
    bench.users(&["ana", "bob"]);
    bench.grant("ana", 50);
    let now = bench.engine().clock().system;
    let marks = Marks { expires_at: Some(now + SECOND_US / 10), ..Marks::PLAIN };
    bench
        .ask_with(Some("soon-gone"), Operation::Grant { user: "ana", coin: "toco", amount: 7, marks, lot: false })
        .unwrap();
    bench.ask_with(Some("paid"), transfer(5)).unwrap();
    bench.stop();
    std::thread::sleep(Duration::from_millis(400));
    let (engine, _) = tocos_engine::Engine::open(&bench.options).unwrap();
    bench.engine = Some(engine);
    bench
}

fn transfer(amount: u64) -> Operation<'static> {
    Operation::Transfer { from: "ana", to: "bob", coin: "toco", amount }
}

fn is_of_the_clock(rejection: &Rejection) -> bool {
    matches!(rejection, Rejection::Unavailable(Unavailable::Clock { ledger, system }) if system > ledger)
}

#[test]
fn r24_after_an_implausible_gap_nothing_is_written_or_expired_and_reads_go_on() {
    let mut bench = after_a_gap();
    let clock = bench.engine().clock();
    assert!(!clock.is_plausible && clock.system - clock.ledger > SECOND_US / 5, "{clock:?}");
    let last = bench.engine().durable_event();
    assert_eq!((bench.total("ana"), bench.total("bob")), (52, 5), "the lot has not expired");
    assert!(is_of_the_clock(&bench.ask_with(Some("new"), transfer(1)).unwrap_err()));
    assert!(is_of_the_clock(&bench.ask_with(None, transfer(1)).unwrap_err()));
    let requests = [Request { operation: transfer(1), key: None, metadata: None, reference: None, by: 0 }];
    let batch = bench.engine().submit_batch(&requests, Batch::default(), |_, _| ());
    assert!(matches!(batch, Err(BatchRejection::Unavailable(Unavailable::Clock { .. }))));
    // The commit thread looks for what is due in between.
    std::thread::sleep(Duration::from_millis(500));
    assert_eq!(bench.engine().durable_event(), last);
    bench.stop();
}

#[test]
fn r24_what_was_done_before_is_replayed_at_any_time() {
    let bench = after_a_gap();
    let again = bench.ask_with(Some("paid"), transfer(5)).unwrap();
    assert!(again.replayed);
    let other = bench.ask_with(Some("paid"), transfer(6)).unwrap_err();
    assert!(matches!(other, Rejection::Refused { .. }), "{other:?}");
    let requests = [Request { operation: transfer(5), key: Some("paid"), metadata: None, reference: None, by: 0 }];
    let batch = bench.engine().submit_batch(&requests, Batch::default(), |_, _| ()).unwrap();
    assert!(batch[0].as_ref().unwrap().replayed);
}

#[test]
fn r24_an_operator_accepts_the_time_and_the_ledger_goes_on() {
    let mut bench = after_a_gap();
    let seen = bench.engine().clock().system;
    let other = bench.engine().accept_clock(Some(seen - 90 * SECOND_US));
    assert!(matches!(other, Err(OtherTime { system }) if system >= seen));
    assert!(!bench.engine().clock().is_plausible);
    assert!(bench.engine().accept_clock(Some(seen)).unwrap().is_plausible);
    bench.ask(transfer(1));
    assert_eq!(
        (bench.total("ana"), bench.total("bob")),
        (49, 1),
        "the rest of the lot has expired, with ana and with bob"
    );
    bench.reopen();
    assert!(bench.engine().clock().is_plausible, "a restart at once is no gap");
}

#[test]
fn r24_a_ledger_ahead_of_the_clock_says_by_how_much() {
    let bench = Bench::new();
    bench.users(&["ana"]);
    let clock = bench.engine().clock();
    assert!(clock.ledger_ahead_us() == 0 && clock.is_plausible, "{clock:?}");
}
