//! Looking up ahead changes no response, whatever the operations between do.

use crate::request::{Ask, Op, START};
use proptest::prelude::*;
use tocos_ledger::{Decision, Ledger, Marks, Mode, Recalled, Request, STAGED_AT_ONCE};

/// A request about two of six users, some of whom exist, some of whom a request before it in the group makes.
fn ask() -> impl Strategy<Value = Ask> {
    (0..5u8, 0..6u8, 0..6u8, proptest::option::of(0..4u8)).prop_map(|(kind, one, other, key)| {
        let (user, coin) = (format!("user{one}"), "toco".to_owned());
        let other = format!("user{other}");
        let op = match kind {
            0 => Op::PutUser { user, name: None },
            1 => Op::Grant { user, coin, amount: 5, marks: Marks::PLAIN, lot: false },
            2 => Op::Transfer { from: user, to: other, coin, amount: 2 },
            3 => Op::Spend { user, coin, amount: 1, to: Some(other), mode: Mode::Exact },
            _ => Op::CloseUser { user },
        };
        Ask { key: key.map(|key| format!("key{key}")), ..Ask::of(op) }
    })
}

proptest! {
    #[test]
    fn what_was_found_ahead_gives_the_answers_that_searching_gives(
        groups in prop::collection::vec(prop::collection::vec(ask(), 1..=STAGED_AT_ONCE), 1..8)
    ) {
        let mut ledger = Ledger::new([3; 16]);
        let mut done = 0;
        for asks in &groups {
            let requests: Vec<Request<'_>> = asks.iter().map(|ask| ask.request(None)).collect();
            let staged = ledger.stage(&requests, None);
            for (request, staged) in requests.iter().zip(&staged) {
                let searched = ledger.decide(request, START);
                prop_assert_eq!(&ledger.decide_recalled(request, staged, &Recalled::default(), START), &searched);
                if let Ok(Decision::Do(event)) = searched {
                    ledger.apply(&event).unwrap();
                    done += 1;
                }
            }
        }
        prop_assert_eq!(ledger.state().last_event(), done);
    }
}
