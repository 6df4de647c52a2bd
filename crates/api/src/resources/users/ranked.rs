//! The users in an order for which all of them are looked at: by balance, from the last id to the first, and those who are
//! found by a part of their names in any order but that of their creation.
//!
//! Nothing is kept in order for this: balances change with each write, and writes come first. A page is made by one pass over
//! the accounts, or users, in which the first so many are remembered. The ledger is let go between
//! short looks, and for longer than a look takes, so that writers hardly notice. What is shown of a
//! balance is what the pass saw, so a page is in order by what it shows.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use tocos_engine::{AsOf, Engine, Unavailable};
use tocos_ledger::{AccountId, CoinId, Ledger, Micros, State, UserId};

use super::super::cursor::not_of_this_list;
use super::found;
use super::order::{By, Last, Order};
use super::summaries::{LOOKED_AT_MAX, Summaries, coin, page};
use crate::rendering::{Code, Problem, Response};
use crate::routing::{AsyncRequest, Fields, read_settled, unavailable_problem, wait_durable};

/// Rows that are looked at before the ledger is let go. One takes some ns here, since nothing is put into words.
const LOOKED_AT_ONCE: usize = 1_024;
/// For how long the ledger is let go. The system makes some 60 us of it, several times as long as a look.
const PAUSE: Duration = Duration::from_micros(1);

/// By what a user stands where it does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Rank<'a> {
    /// The number, or the balance; negated where the greatest comes first.
    Number(i64),
    Id(Cow<'a, str>),
    IdFromLast(Reverse<Cow<'a, str>>),
}

/// A user's place in the list. Of those who are equal the oldest comes first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place<'a> {
    rank: Rank<'a>,
    user: UserId,
}

impl Place<'_> {
    fn into_owned(self) -> Place<'static> {
        let rank = match self.rank {
            Rank::Number(number) => Rank::Number(number),
            Rank::Id(id) => Rank::Id(Cow::Owned(id.into_owned())),
            Rank::IdFromLast(Reverse(id)) => Rank::IdFromLast(Reverse(Cow::Owned(id.into_owned()))),
        };
        Place { rank, user: self.user }
    }

    fn last(&self) -> Last {
        let value = match &self.rank {
            Rank::Number(number) => number.to_string(),
            Rank::Id(id) | Rank::IdFromLast(Reverse(id)) => id.to_string(),
        };
        Last { user: self.user.0, value }
    }

    fn of_last(last: Last, order: Order) -> Result<Place<'static>, Problem> {
        let rank = match (order.by, order.is_descending) {
            (By::Id, false) => Rank::Id(Cow::Owned(last.value)),
            (By::Id, true) => Rank::IdFromLast(Reverse(Cow::Owned(last.value))),
            _ => Rank::Number(last.value.parse().map_err(|_| not_of_this_list())?),
        };
        Ok(Place { rank, user: UserId(last.user) })
    }
}

/// The first so many places behind one, of any number of them.
#[derive(Debug)]
struct First {
    most: usize,
    behind: Option<Place<'static>>,
    kept: Vec<Place<'static>>,
    /// The last that is one of them so far, once there are enough.
    bound: Option<Place<'static>>,
}

impl First {
    fn new(most: usize, behind: Option<Place<'static>>) -> Self {
        Self { most, behind, kept: Vec::new(), bound: None }
    }

    /// Whether a place may be one of them.
    fn may_have(&self, place: &Place<'_>) -> bool {
        self.behind.as_ref().is_none_or(|behind| place > behind)
            && self.bound.as_ref().is_none_or(|bound| place < bound)
    }

    fn put(&mut self, place: Place<'static>) {
        self.kept.push(place);
        // Seldom, so that it takes nothing of one place.
        if self.kept.len() >= 2 * self.most {
            self.prune();
        }
    }

    fn prune(&mut self) {
        if self.kept.len() > self.most {
            let (_, bound, _) = self.kept.select_nth_unstable(self.most - 1);
            self.bound = Some(bound.clone());
            self.kept.truncate(self.most);
        }
    }

    fn into_ordered(mut self) -> Vec<Place<'static>> {
        self.prune();
        self.kept.sort_unstable();
        self.kept
    }
}

/// A pass over all who may be in the list.
#[derive(Debug)]
struct Pass {
    order: Order,
    coin: Option<CoinId>,
    with_closed: bool,
    prefix: String,
    /// Those who were found, if that is what was requested.
    found: Option<Vec<UserId>>,
    /// How many rows there were when it began.
    rows: usize,
    first: First,
}

impl Pass {
    fn begin(&mut self, state: &State) {
        self.rows = match (&self.found, self.order.by) {
            (Some(found), _) => found.len(),
            (None, By::Balance) => state.account_count(),
            (None, _) => state.user_count(),
        };
    }

    fn look(&mut self, state: &State, now: Micros, rows: Range<usize>) {
        for row in rows {
            let Some(place) = self.place(state, now, row).filter(|place| self.first.may_have(place)) else { continue };
            if self.wants(state, place.user) {
                let place = place.into_owned();
                self.first.put(place);
            }
        }
    }

    /// The place of the user in this row. Rows may be gone, where they were lost with the lead.
    fn place<'s>(&self, state: &'s State, now: Micros, row: usize) -> Option<Place<'s>> {
        let (user, account) = match (&self.found, self.order.by) {
            (None, By::Balance) => {
                // Accounts and users are numbered in u32, so the casts are exact.
                let id = (row < state.account_count()).then_some(AccountId(row as u32))?;
                let account = state.account(id);
                (account.user, (Some(account.coin) == self.coin).then_some(account))
            }
            (None, _) => {
                let row = self.place_from_newest(row);
                ((row < state.user_count()).then_some(UserId(row as u32))?, None)
            }
            (Some(found), by) => {
                let user =
                    *found.get(self.place_from_newest(row)).filter(|user| (user.0 as usize) < state.user_count())?;
                let coin = self.coin.filter(|_| by == By::Balance);
                (user, coin.and_then(|coin| state.account_of(user, coin)).map(|account| state.account(account)))
            }
        };
        let number = |number: i64| Rank::Number(if self.order.is_descending { -number } else { number });
        let id = || Cow::Borrowed(state.user(user).id.as_str());
        let rank = match self.order.by {
            By::Balance => number(account?.balance(now).total),
            By::Created => number(i64::from(user.0)),
            By::Id if self.order.is_descending => Rank::IdFromLast(Reverse(id())),
            By::Id => Rank::Id(id()),
        };
        Some(Place { rank, user })
    }

    /// Where the last ids or the newest users are wanted, they are looked at first: ids often grow with time, and who comes behind those
    /// that are kept is passed over.
    fn place_from_newest(&self, row: usize) -> usize {
        if self.order.is_descending { self.rows - 1 - row } else { row }
    }

    fn wants(&self, state: &State, user: UserId) -> bool {
        let has = |coin| self.order.by == By::Balance || state.account_of(user, coin).is_some();
        let row = state.user(user);
        (self.with_closed || !row.closed) && row.id.starts_with(&self.prefix) && self.coin.is_none_or(has)
    }

    /// Goes over everybody, on a thread that may take its time.
    fn run(&mut self, engine: &Engine) -> Result<AsOf, Unavailable> {
        let mut seen = engine.read(|ledger, _| self.begin(ledger.state()))?.seen;
        for from in (0..self.rows).step_by(LOOKED_AT_ONCE) {
            let rows = from..self.rows.min(from + LOOKED_AT_ONCE);
            let looked = engine.read(|ledger, now| self.look(ledger.state(), now, rows))?.seen;
            if !looked.is_of_one_history_with(seen) {
                return Err(Unavailable::LeadershipLost);
            }
            seen = looked;
            std::thread::sleep(PAUSE);
        }
        Ok(seen)
    }
}

/// A page of the users, or of those whose id or name contains `part`, in this order.
pub(super) async fn list(
    request: &AsyncRequest,
    fields: &Fields<'_>,
    order: Order,
    part: Option<&str>,
) -> Result<Response, Problem> {
    let behind = Last::of(fields)?.map(|last| Place::of_last(last, order)).transpose()?;
    let wanted = part.map(found::wanted).transpose()?;
    let coin = coin(request, fields.text("coin")).await?;
    let limit = fields.number("limit").unwrap_or(100) as usize;
    let with_closed = fields.flag("closed").unwrap_or(false);
    let found = match &wanted {
        Some(wanted) => Some(found::all(request, wanted).await?),
        None => None,
    };
    // All that is due has been done, as in every list.
    read_settled(&request.app, |_, _| ()).await?;
    let prefix = fields.text("prefix").unwrap_or_default().to_owned();
    // One more than fit, since that one says that there are more.
    let first = First::new(limit + 1, behind);
    let (mut places, seen) = pass(request, Pass { order, coin, with_closed, prefix, found, rows: 0, first }).await?;
    wait_durable(request, seen).await?;
    let is_full = places.len() > limit;
    places.truncate(limit);
    let mut users = Summaries::new(coin, with_closed, places.len());
    let mut text = String::new();
    for some in places.chunks(LOOKED_AT_MAX) {
        let put_some = |ledger: &Ledger, now| {
            for place in some {
                let user = place.user;
                let still_matches =
                    |state: &State| wanted.as_ref().is_none_or(|part| found::matches(state, user, part, &mut text));
                put(&mut users, ledger.state(), now, place, order, still_matches);
            }
        };
        let seen = read_settled(&request.app, put_some).await?.seen;
        wait_durable(request, seen).await?;
    }
    let last = places.last().filter(|_| is_full).map(Place::last);
    Ok(page(users.finish(last.map(|last| last.cursor(fields)).as_deref())))
}

/// Makes the pass when those before it are done: one at a time takes no more than one processor from the writes.
async fn pass(request: &AsyncRequest, mut pass: Pass) -> Result<(Vec<Place<'static>>, AsOf), Problem> {
    let turn = Arc::clone(&request.app.passes).lock_owned().await;
    let engine = request.app.engine.clone();
    let passed = tokio::task::spawn_blocking(move || {
        let seen = pass.run(&engine);
        drop(turn);
        seen.map(|seen| (pass.first.into_ordered(), seen))
    });
    match passed.await {
        Ok(passed) => passed.map_err(|unavailable| unavailable_problem(&unavailable)),
        Err(_panicked) => Err(Problem::new(Code::InternalError, "Ordering the users failed. See the service's log.")),
    }
}

/// Adds the user at this place, who may have been renamed since the pass, or closed.
fn put(
    users: &mut Summaries,
    state: &State,
    now: Micros,
    place: &Place<'_>,
    order: Order,
    still_matches: impl FnOnce(&State) -> bool,
) {
    if (place.user.0 as usize) >= state.user_count() || !still_matches(state) {
        return;
    }
    match &place.rank {
        Rank::Number(number) if order.by == By::Balance => {
            users.put_with_total(state, place.user, if order.is_descending { -number } else { *number });
        }
        _ => {
            users.put(state, place.user, now, &mut Vec::new());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn place(number: i64, user: u32) -> Place<'static> {
        Place { rank: Rank::Number(number), user: UserId(user) }
    }

    fn first(most: usize, behind: Option<Place<'static>>, of: &[(i64, u32)]) -> Vec<(i64, u32)> {
        let mut first = First::new(most, behind);
        for (number, user) in of {
            let place = place(*number, *user);
            if first.may_have(&place) {
                first.put(place);
            }
        }
        let number = |place: &Place<'_>| match place.rank {
            Rank::Number(number) => (number, place.user.0),
            _ => panic!("only numbers were put"),
        };
        first.into_ordered().iter().map(number).collect()
    }

    #[test]
    fn the_first_of_many_are_what_sorting_all_of_them_gives() {
        // Many are equal, and they come in no order.
        let all: Vec<(i64, u32)> = (0..2_000u32).map(|user| (i64::from(user * 7_919 % 61) - 30, user)).collect();
        let mut sorted = all.clone();
        sorted.sort_unstable();
        for most in [1, 2, 7, 1_001, 2_000, 5_000] {
            assert_eq!(first(most, None, &all), sorted[..most.min(2_000)], "{most}");
            for behind in [0, 1, 999, 1_998, 1_999] {
                let (number, user) = sorted[behind];
                let expected: Vec<_> = sorted[behind + 1..].iter().copied().take(most).collect();
                assert_eq!(first(most, Some(place(number, user)), &all), expected, "{most} behind {behind}");
            }
        }
    }

    #[test]
    fn the_last_place_of_a_page_comes_back_from_its_cursor() {
        let order = |by, is_descending| Order { by, is_descending };
        for (order, rank) in [
            (order(By::Balance, true), Rank::Number(-9_007_199_254_740_991)),
            (order(By::Balance, false), Rank::Number(-5)),
            (order(By::Created, true), Rank::Number(-7)),
            (order(By::Id, false), Rank::Id("a.b.c".into())),
            (order(By::Id, true), Rank::IdFromLast(Reverse("żółć".into()))),
        ] {
            let place = Place { rank, user: UserId(7) };
            assert_eq!(Place::of_last(place.last(), order).unwrap(), place);
        }
        let nonsense = Last { user: 1, value: "many".to_owned() };
        assert!(Place::of_last(nonsense, order(By::Balance, false)).is_err());
    }
}
