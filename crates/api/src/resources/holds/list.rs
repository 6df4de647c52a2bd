//! The list of open holds.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tocos_engine::{Engine, EventError};
use tocos_ledger::{AccountId, CoinId, Hold, Ledger, Refusal, Right, State};

use super::super::cursor::{self, List, not_of_this_list};
use super::{Names, open_hold, tell};
use crate::json::Writer;
use crate::rendering::{Code, Problem, Response};
use crate::routing::{
    AsyncRequest, Endpoint, FieldType, Fields, Run, from_disk, optional, read_settled, read_user, wait_durable,
};

pub(crate) static LIST: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[
        optional("user", FieldType::User, "Only holds of this user's coins."),
        optional("coin", FieldType::Coin, "Only holds of this coin."),
        optional("state", FieldType::Word(&["open"]), "Only open holds are listed. Default: `open`."),
        optional("limit", FieldType::Integer(1, 1_000), "The maximum number of entries. Default: 100."),
        optional("cursor", FieldType::Cursor, "The `next_cursor` of the previous page."),
    ],
    body: &[],
    run: Run::Async(|request| Box::pin(list(request))),
    summary: "List open holds",
    about: "Lists the open holds, the oldest first.",
    schema: "HoldList",
    refusals: &[Code::UserNotFound, Code::CoinNotFound],
};

/// Holds and lots that are looked at before the ledger is let go for a moment.
const LOOKED_AT_MAX: usize = 256;
/// The most holds that one page looks at, however few of them are of its coin: it then ends early, with a cursor.
const LOOKED_AT_FOR_PAGE_MAX: usize = 65_536;

/// A page that is being filled.
struct Page<'q> {
    user: Option<&'q str>,
    coin: Option<&'q str>,
    limit: usize,
    /// The hold that was looked at last.
    last: u64,
    looked_at: usize,
    holds: Vec<(u64, Hold, Names)>,
    end: End,
}

/// Whether a page is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    NotYet,
    /// There are no more holds.
    OfList,
    /// There are more.
    OfPage,
}

async fn list(request: AsyncRequest) -> Result<Response, Problem> {
    let fields = request.fields(LIST.query)?;
    let mut page = Page::new(&fields)?;
    while page.end == End::NotYet {
        let looked = match page.user {
            Some(user) => read_user(&request.app, user, |ledger, _| page.fill(ledger))?,
            None => read_settled(&request.app, |ledger, _| page.fill(ledger)).await?,
        };
        wait_durable(&request, looked.seen).await?;
        looked.value.map_err(|refusal| Problem::from(&refusal))?;
    }
    let cursor = (page.end == End::OfPage).then(|| cursor::encode(List::Holds, &page.last.to_string()));
    let (engine, holds) = (request.app.engine.clone(), page.holds);
    Ok(Response::ok(from_disk(move || written(&engine, holds, cursor.as_deref())).await?))
}

impl<'q> Page<'q> {
    fn new(fields: &'q Fields<'_>) -> Result<Self, Problem> {
        let last = match fields.text("cursor") {
            Some(cursor) => cursor::decode(List::Holds, cursor)?.parse().map_err(|_| not_of_this_list())?,
            None => 0,
        };
        Ok(Self {
            user: fields.text("user"),
            coin: fields.text("coin"),
            limit: fields.number("limit").unwrap_or(100) as usize,
            last,
            looked_at: 0,
            holds: Vec::new(),
            end: End::NotYet,
        })
    }

    /// Looks at some more holds.
    fn fill(&mut self, ledger: &Ledger) -> Result<(), Refusal> {
        let state = ledger.state();
        let user = self.user.map(|user| ledger.require_user(user)).transpose()?;
        let coin = self.coin.map(|coin| ledger.require_coin(coin)).transpose()?;
        let is_wanted = |account: &AccountId| coin.is_none_or(|coin: CoinId| state.account(*account).coin == coin);
        self.end = match user {
            Some(user) => {
                let accounts: Vec<AccountId> = state.accounts_of(user).filter(is_wanted).collect();
                let ids = open_holds_of(state, &accounts, self.last);
                self.add(state, ids.filter_map(|id| Some((id, state.hold(id)?))), |_| true)
            }
            None => self.add(state, state.open_holds_after(self.last), is_wanted),
        };
        Ok(())
    }

    fn add<'s>(
        &mut self,
        state: &State,
        holds: impl Iterator<Item = (u64, &'s Hold)>,
        is_wanted: impl Fn(&AccountId) -> bool,
    ) -> End {
        let mut looked_at = 0;
        for (id, hold) in holds {
            if self.holds.len() == self.limit || self.looked_at >= LOOKED_AT_FOR_PAGE_MAX {
                return End::OfPage;
            }
            if looked_at >= LOOKED_AT_MAX {
                return End::NotYet;
            }
            self.last = id;
            self.looked_at += 1;
            looked_at += 1;
            if is_wanted(&hold.account) {
                looked_at += hold.lots.len();
                self.holds.push((id, hold.clone(), Names::of(state, hold.account, hold.to)));
            }
        }
        End::OfList
    }
}

/// The open holds of several accounts with numbers above `after`, the oldest first.
fn open_holds_of(state: &State, accounts: &[AccountId], after: u64) -> impl Iterator<Item = u64> {
    let mut of_each: Vec<_> = accounts.iter().map(|account| state.open_holds_of(*account, after)).collect();
    let firsts = of_each.iter_mut().enumerate();
    let mut next: BinaryHeap<_> = firsts.filter_map(|(at, ids)| Some(Reverse((ids.next()?, at)))).collect();
    std::iter::from_fn(move || {
        let Reverse((id, at)) = next.pop()?;
        next.extend(of_each[at].next().map(|id| Reverse((id, at))));
        Some(id)
    })
}

/// The page as JSON. When each hold was made is in the log.
fn written(engine: &Engine, holds: Vec<(u64, Hold, Names)>, next_cursor: Option<&str>) -> Result<Writer, EventError> {
    let mut out = Writer::with_capacity(64 + holds.len() * 384);
    out.raw("{\"holds\":[");
    for (at, (id, hold, names)) in holds.into_iter().enumerate() {
        out.raw(if at == 0 { "" } else { "," });
        tell(&mut out, id, &open_hold(engine, id, hold)?, &names);
    }
    out.raw("],\"next_cursor\":");
    match next_cursor {
        Some(cursor) => out.plain(cursor),
        None => out.raw("null"),
    }
    out.raw("}");
    Ok(out)
}
