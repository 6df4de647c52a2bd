//! What the clock does, and which requests depend on it.

use crate::Bench;
use std::time::{Duration, Instant};
use tocos_ledger::{Category, Marks, Operation};

#[test]
fn coins_expire_in_an_idle_ledger_and_the_event_is_written() {
    let bench = Bench::new();
    bench.users(&["ana"]);
    let now = bench.engine().read(|_, now| now).unwrap().value;
    let marks = Marks { expires_at: Some(now + 400_000), priority: 50, category: Category::Promotional };
    let grant = bench.ask(Operation::Grant { user: "ana", coin: "toco", amount: 9, marks, lot: false }).event;
    let patience = Instant::now() + Duration::from_secs(10);
    while bench.engine().durable_event() == grant {
        assert!(Instant::now() < patience, "nothing was written when the coins expired");
        std::thread::sleep(Duration::from_millis(20));
    }
    let swept = bench.engine().event(grant + 1).unwrap();
    assert_eq!(swept.decode().unwrap().kind(), "expire");
    assert!(swept.at >= now + 400_000, "coins expired before their time");
    assert_eq!(bench.total("ana"), 0);
}

#[test]
fn a_test_clock_moves_only_when_told() {
    let bench = Bench::with(|options| options.test_clock = true);
    let now = || bench.engine().read(|_, now| now).unwrap().value;
    let before = now();
    std::thread::sleep(Duration::from_millis(30));
    assert_eq!(now(), before);
    assert_eq!(bench.engine().advance_clock(3_600).unwrap(), before + 3_600_000_000);
    assert_eq!(now(), before + 3_600_000_000);
    assert!(Bench::new().engine().advance_clock(1).is_err(), "real time can't be moved");
}
