//! The list of users: a page that is shown again is the page that would be made now.

use std::cell::Cell;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use tocos_engine::AsOf;
use tocos_ledger::{
    Amount, Decision, Excess, MAX_AMOUNT, Marks, Mode, Operation, Request, SECOND_US, SnapshotError, Until,
};

use super::*;
use crate::app::list_cache::ListCache;

const SEED: [u8; 16] = *b"a seed for tests";
const USERS: [&str; 8] = ["ana", "anb", "ann", "bea", "ben", "bob", "cem", "zoe"];

/// A ledger with its time, and the pages of its lists.
struct Desk {
    ledger: Ledger,
    now: Micros,
    pages: ListCache,
}

/// How often a kept page was shown again, and how often it no longer held.
#[derive(Default)]
struct Tally {
    shown_again: Cell<usize>,
    outdated: Cell<usize>,
    /// Nothing but the time kept a page from being shown.
    due: Cell<usize>,
}

impl Desk {
    fn new() -> Self {
        Self { ledger: Ledger::new(SEED), now: 1_000 * SECOND_US, pages: ListCache::default() }
    }

    /// What is due is expired before anything is decided.
    fn sweep(&mut self) {
        while let Some(occasion) = self.ledger.next_occasion(self.now) {
            let event = self.ledger.expire(&occasion, self.now);
            self.ledger.apply(&event).unwrap();
        }
    }

    /// Whether it was done.
    fn ask(&mut self, operation: Operation<'_>) -> bool {
        self.sweep();
        let request = Request { operation, key: None, metadata: None, reference: None, by: 0 };
        match self.ledger.decide(&request, self.now) {
            Ok(Decision::Do(event)) => {
                self.ledger.apply(&event).unwrap();
                true
            }
            Ok(Decision::Known(_)) | Err(_) => false,
        }
    }

    /// The operation must be possible.
    #[track_caller]
    fn must(&mut self, operation: Operation<'_>) {
        let words = format!("{operation:?}");
        assert!(self.ask(operation), "{words}");
    }

    fn user_with(&mut self, user: &str, amount: Amount) {
        self.must(Operation::PutUser { user, name: None });
        self.must(grant(user, "toco", amount, None));
    }

    /// The page as it is made now.
    fn made(&self, query: &Query<'_>) -> Option<(Bytes, Option<Basis>)> {
        let coin = match query.coin.as_deref() {
            Some(code) => Some(self.ledger.require_coin(code).ok()?),
            None => None,
        };
        let mut page = Page::new(query, coin);
        while page.end == End::NotYet {
            page.fill(&self.ledger, self.now);
        }
        Some(page.finish())
    }

    /// Whether a page was kept and still holds.
    fn holds(&self, query: &Query<'_>) -> bool {
        self.pages.find(query).is_some_and(|kept| kept.still_holds(&self.ledger, self.now))
    }

    /// Makes a page and keeps it.
    fn keep(&self, query: &Query<'_>) {
        let (body, basis) = self.made(query).unwrap();
        self.pages.keep(query.clone(), basis.unwrap(), AsOf::NOTHING, &body);
    }

    /// Asks for a page as the API does, and compares what is shown with what would be made.
    fn look(&self, query: &Query<'_>, tally: &Tally) {
        let Some((body, basis)) = self.made(query) else { return };
        let count = |cell: &Cell<usize>| cell.set(cell.get() + 1);
        if let Some(kept) = self.pages.find(query) {
            if kept.still_holds(&self.ledger, self.now) {
                count(&tally.shown_again);
                assert_eq!(kept.body(), body, "{query:?}");
                assert!(kept.as_of().event <= self.ledger.state().last_event());
                return;
            }
            count(if self.ledger.is_due(self.now) { &tally.due } else { &tally.outdated });
        }
        self.pages.keep(query.clone(), basis.unwrap(), AsOf::NOTHING, &body);
    }
}

fn grant<'a>(user: &'a str, coin: &'a str, amount: Amount, expires_at: Option<Micros>) -> Operation<'a> {
    Operation::Grant { user, coin, amount, marks: Marks { expires_at, ..Marks::PLAIN }, lot: false }
}

fn transfer<'a>(from: &'a str, to: &'a str, amount: Amount) -> Operation<'a> {
    Operation::Transfer { from, to, coin: "toco", amount }
}

fn page_of(prefix: &'static str, limit: usize) -> Query<'static> {
    Query { prefix: prefix.into(), coin: None, with_closed: false, limit, from: prefix.to_owned() }
}

fn of_coin(coin: &'static str, limit: usize) -> Query<'static> {
    Query { coin: Some(coin.into()), ..page_of("", limit) }
}

fn queries() -> Vec<Query<'static>> {
    vec![
        page_of("", 100),
        page_of("", 2),
        Query { with_closed: true, ..page_of("", 100) },
        Query { from: "ben!".into(), ..page_of("", 2) },
        page_of("an", 100),
        page_of("an", 1),
        page_of("nobody", 100),
        of_coin("toco", 100),
        of_coin("gold", 1),
        Query { with_closed: true, ..of_coin("gold", 100) },
    ]
}

/// The operation that a row of dice stands for.
fn do_one(desk: &mut Desk, row: [u8; 4]) {
    let [what, first, second, number] = row;
    let user = |die: u8| USERS[usize::from(die) % USERS.len()];
    let coin = if second % 3 == 0 { "gold" } else { "toco" };
    let (a, b, amount) = (user(first), user(second), Amount::from(number % 5));
    let soon = desk.now + SECOND_US * i64::from(number % 4 + 1);
    let hold = desk.ledger.state().open_holds().next().map_or(0, |(id, _)| id);
    let operation = match what % 16 {
        0 | 1 => Operation::PutUser { user: a, name: [None, Some("Ann"), Some("B \"e\" n")][usize::from(second % 3)] },
        2 => Operation::CloseUser { user: a },
        3 => Operation::PutCoin { coin: "gold", decimals: number % 3 },
        4 | 5 => grant(a, coin, amount, None),
        6 | 7 => grant(a, coin, amount, Some(soon)),
        8 => Operation::Spend { user: a, coin, amount: 1_000, to: None, mode: Mode::UpTo },
        9 | 10 => Operation::Transfer { from: a, to: b, coin, amount },
        11 | 12 => {
            Operation::Hold { user: a, coin, amount, until: Until::At(soon), to: (number % 2 == 0).then_some(b) }
        }
        13 => Operation::Capture { hold, amount: Some(amount), last: number % 2 == 0, excess: Excess::TakeAvailable },
        14 => Operation::Release { hold },
        _ => Operation::PutLimits { user: a, coin, floor: -5, ceiling: MAX_AMOUNT, frozen: false },
    };
    let _done_or_refused = desk.ask(operation);
}

fn run(rows: &[(u8, [u8; 4], [u8; 4])], tally: &Tally) {
    let mut desk = Desk::new();
    for user in &USERS[..5] {
        desk.user_with(user, 10);
    }
    for (step, row, other) in rows {
        match step % 16 {
            // Time passes, and nothing has been expired yet.
            0 | 1 => desk.now += SECOND_US,
            2 | 3 => {
                desk.sweep();
                desk.ledger.begin();
                do_one(&mut desk, *row);
                do_one(&mut desk, *other);
                if step % 2 == 0 { desk.ledger.roll_back() } else { desk.ledger.keep() }
            }
            4 => {
                // What is kept does not outlive the process.
                let blocks = desk.ledger.state().blocks().map(Ok::<_, SnapshotError>).collect::<Vec<_>>();
                desk.ledger = Ledger::from_blocks(SEED, blocks.into_iter()).unwrap();
                desk.pages = ListCache::default();
            }
            // Nothing happens between two looks.
            5 => {}
            _ => do_one(&mut desk, *row),
        }
        for query in queries() {
            desk.look(&query, tally);
        }
    }
}

#[test]
fn a_page_that_is_shown_again_is_what_would_be_made_now() {
    let config = Config { cases: 200, failure_persistence: None, ..Config::default() };
    let rows = prop::collection::vec(any::<(u8, [u8; 4], [u8; 4])>(), 1..120);
    let tally = Tally::default();
    TestRunner::new(config)
        .run(&rows, |rows| {
            run(&rows, &tally);
            Ok(())
        })
        .unwrap();
    // A run in which nothing was shown again, or nothing was outdated, would show nothing.
    for count in [&tally.shown_again, &tally.outdated, &tally.due] {
        assert!(count.get() > 500, "{} {} {}", tally.shown_again.get(), tally.outdated.get(), tally.due.get());
    }
}

#[test]
fn a_page_holds_until_something_on_it_changes() {
    type Change = fn(&mut Desk);
    let later = |desk: &Desk| Some(desk.now + SECOND_US);
    let changes: [(&str, Change, bool); 15] = [
        ("nothing", |_| (), true),
        ("coins of others", |desk| desk.must(transfer("yan", "zoe", 1)), true),
        ("a new coin", |desk| desk.must(Operation::PutCoin { coin: "gold", decimals: 0 }), true),
        ("an API key's end is nobody's", |desk| assert!(!desk.ask(Operation::RevokeKey { id: 1 })), true),
        (
            "a batch that is taken back",
            |desk| {
                desk.ledger.begin();
                desk.must(transfer("ana", "zoe", 1));
                desk.must(Operation::PutUser { user: "new", name: None });
                desk.must(Operation::PutUser { user: "ana", name: Some("Ann") });
                desk.ledger.roll_back();
            },
            true,
        ),
        (
            "the same numbers after a batch that is taken back",
            |desk| {
                desk.ledger.begin();
                desk.must(transfer("yan", "zoe", 1));
                desk.ledger.roll_back();
                desk.must(transfer("ana", "zoe", 1));
            },
            false,
        ),
        ("coins", |desk| desk.must(transfer("zoe", "ana", 1)), false),
        ("a name", |desk| desk.must(Operation::PutUser { user: "ana", name: Some("Ann") }), false),
        ("a new user", |desk| desk.must(Operation::PutUser { user: "abe", name: None }), false),
        ("a user is closed", |desk| desk.must(Operation::CloseUser { user: "bob" }), false),
        (
            "an account of another coin",
            |desk| {
                desk.must(Operation::PutCoin { coin: "gold", decimals: 0 });
                desk.must(Operation::PutLimits { user: "ana", coin: "gold", floor: 0, ceiling: 5, frozen: false });
            },
            false,
        ),
        (
            "a captured hold",
            |desk| {
                let hold = desk.ledger.state().open_holds().next().unwrap().0;
                desk.must(Operation::Capture { hold, amount: None, last: true, excess: Excess::Reject });
            },
            false,
        ),
        ("a lot that is due", |desk| desk.now += 10 * SECOND_US, false),
        (
            "a lot that has expired",
            |desk| {
                desk.now += 10 * SECOND_US;
                desk.sweep();
            },
            false,
        ),
        ("time in which nothing is due", |desk| desk.now += SECOND_US, true),
    ];
    for (what, change, holds) in changes {
        let mut desk = Desk::new();
        for user in ["ana", "yan", "zoe"] {
            desk.user_with(user, 10);
        }
        desk.must(Operation::PutUser { user: "bob", name: None });
        let ten_seconds = later(&desk).map(|at| at + 9 * SECOND_US);
        desk.must(grant("ana", "toco", 5, ten_seconds));
        let until = Until::InSeconds(900);
        desk.must(Operation::Hold { user: "ana", coin: "toco", amount: 2, until, to: None });
        let query = page_of("", 2);
        desk.keep(&query);
        change(&mut desk);
        assert_eq!(desk.holds(&query), holds, "{what}");
        desk.look(&query, &Tally::default());
    }
}

#[test]
fn a_page_made_in_several_looks_holds_only_if_nothing_happened_between_them() {
    let mut desk = Desk::new();
    let ids: Vec<String> = (0..600).map(|number| format!("user-{number:03}")).collect();
    for id in &ids {
        desk.user_with(id, 10);
    }
    let query = page_of("", 1_000);
    for (from, holds) in [(None, true), (Some("user-000"), false), (Some("user-599"), false)] {
        let mut page = Page::new(&query, None);
        page.fill(&desk.ledger, desk.now);
        assert!(page.end == End::NotYet);
        if let Some(from) = from {
            desk.must(Operation::Spend { user: from, coin: "toco", amount: 1, to: None, mode: Mode::Exact });
        }
        while page.end == End::NotYet {
            page.fill(&desk.ledger, desk.now);
        }
        let (body, basis) = page.finish();
        desk.pages.keep(query.clone(), basis.unwrap(), AsOf::NOTHING, &body);
        assert_eq!(desk.holds(&query), holds, "{from:?}");
        desk.look(&query, &Tally::default());
    }
}
