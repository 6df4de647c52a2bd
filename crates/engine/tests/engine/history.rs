//! An account's entries, forwards, backwards and in the past, against a list kept aside.

use crate::Bench;
use tocos_engine::{HistoryQuery, Order};
use tocos_ledger::{AccountId, Category, Marks, Mode, Operation};

fn account(bench: &Bench, user: &str) -> (AccountId, u64) {
    let seen = bench.engine().read(|ledger, _| {
        let user = ledger.find_user(user).unwrap();
        let coin = ledger.require_coin("toco").unwrap();
        let id = ledger.state().account_of(user, coin).unwrap();
        (id, ledger.state().account(id).last_event())
    });
    seen.unwrap().value
}

fn numbers(bench: &Bench, query: &HistoryQuery) -> Vec<u64> {
    bench.engine().history(query).unwrap().iter().map(|entry| entry.event.number).collect()
}

#[test]
fn pages_go_both_ways_and_meet() {
    let bench = Bench::new();
    bench.users(&["ana", "bob"]);
    let mut about_ana = vec![bench.grant("ana", 1_000_000)];
    for number in 0..700 {
        if number % 3 == 0 {
            bench.grant("bob", 1);
        }
        about_ana.push(bench.ask(Operation::Transfer { from: "ana", to: "bob", coin: "toco", amount: 1 }).event);
    }
    let ana = account(&bench, "ana");
    let query = |after, before, order, limit| HistoryQuery { accounts: vec![ana], after, before, order, limit };
    assert_eq!(numbers(&bench, &query(0, u64::MAX, Order::Ascending, 10_000)), about_ana);
    let newest_first: Vec<u64> = about_ana.iter().rev().copied().collect();
    assert_eq!(numbers(&bench, &query(0, u64::MAX, Order::Descending, 10_000)), newest_first);
    for (at, limit) in [(0usize, 1usize), (1, 64), (63, 100), (64, 7), (65, 3), (128, 200), (400, 64), (699, 5)] {
        let expected: Vec<u64> = about_ana[at + 1..].iter().copied().take(limit).collect();
        assert_eq!(numbers(&bench, &query(about_ana[at], u64::MAX, Order::Ascending, limit)), expected, "after {at}");
        let expected: Vec<u64> = about_ana[..at].iter().rev().copied().take(limit).collect();
        assert_eq!(numbers(&bench, &query(0, about_ana[at], Order::Descending, limit)), expected, "before {at}");
        let between = query(about_ana[at / 2], about_ana[at], Order::Ascending, limit);
        let expected: Vec<u64> =
            about_ana[..at].iter().copied().filter(|n| *n > about_ana[at / 2]).take(limit).collect();
        assert_eq!(numbers(&bench, &between), expected, "between {} and {at}", at / 2);
    }
}

#[test]
fn balance_and_lots_of_the_past_are_those_of_then() {
    let bench = Bench::with(|options| options.test_clock = true);
    bench.users(&["ana", "bob"]);
    let mut then = Vec::new();
    for round in 0..150u64 {
        let now = bench.engine().advance_clock(1).unwrap();
        let marks = Marks {
            expires_at: (round % 3 != 0).then_some(now + 40_000_000),
            priority: 40 + (round % 20) as u8,
            category: if round % 2 == 0 { Category::Promotional } else { Category::Paid },
        };
        bench.ask(Operation::Grant { user: "ana", coin: "toco", amount: 15 + round % 4, marks, lot: false });
        bench.ask(Operation::Spend { user: "ana", coin: "toco", amount: 7, to: None, mode: Mode::UpTo });
        bench.ask(Operation::Transfer { from: "ana", to: "bob", coin: "toco", amount: 3 });
        let hold = Operation::Hold {
            user: "ana",
            coin: "toco",
            amount: 2,
            until: tocos_ledger::Until::InSeconds(30),
            to: None,
        };
        let event = bench.ask(hold).event;
        let seen = bench.engine().read(|ledger, now| {
            let user = ledger.find_user("ana").unwrap();
            let coin = ledger.require_coin("toco").unwrap();
            let account = ledger.state().account(ledger.state().account_of(user, coin).unwrap());
            (account.balance(now), account.lots(now).collect::<Vec<_>>())
        });
        then.push((event, seen.unwrap().value));
    }
    let (id, head) = account(&bench, "ana");
    for (event, (balance, lots)) in then {
        let moment = bench.engine().moment_of_event(event).unwrap();
        let past = bench.engine().account_at(id, head, moment).unwrap().unwrap();
        assert_eq!(past.balance, balance, "balance after event {event}");
        assert_eq!(past.lots, lots, "lots after event {event}");
    }
    let before_all = bench.engine().moment_of_event(1).unwrap();
    assert_eq!(bench.engine().account_at(id, head, before_all).unwrap(), None);
}

#[test]
fn a_time_leads_to_the_last_event_by_then() {
    let bench = Bench::with(|options| options.test_clock = true);
    let mut times = Vec::new();
    for user in ["a", "b", "c", "d", "e"] {
        let now = bench.engine().advance_clock(10).unwrap();
        let event = bench.ask(Operation::PutUser { user, name: None }).event;
        times.push((now, event));
    }
    for (at, event) in times {
        assert_eq!(bench.engine().last_event_at(at).unwrap(), event);
        assert_eq!(bench.engine().last_event_at(at - 1).unwrap(), event - 1);
    }
}
