//! The list of users and their coins, by id or in another order; which users a request is about may also be said by their ids or by a part of their names.

use bytes::Bytes;
use tocos_ledger::{AccountId, CoinId, Ledger, Micros, Right, State};

use super::super::cursor::{self, List};
use super::order::{By, Order, WORDS};
use super::summaries::{LOOKED_AT_FOR_PAGE_MAX, LOOKED_AT_MAX, Summaries, coin, page};
use super::{created, found, named, ranked};
use crate::app::App;
use crate::app::list_cache::{Basis, CachedPage, Query};
use crate::rendering::{Code, Problem, Response};
use crate::routing::{
    AsyncRequest, Endpoint, FieldType, Fields, Outcome, Run, SyncRequest, optional, read, read_settled, wait_durable,
};

/// Ids that one request names at most.
const IDS_MAX: usize = 1_000;

pub(crate) static LIST: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[
        optional(
            "id",
            FieldType::Users(IDS_MAX),
            "Only these users, in the order in which they are named; ids that no user has are left out. May be repeated, up to 1,000 times. Not together with `q`, `prefix`, `order` and `cursor`; `limit` has no effect.",
        ),
        optional(
            "q",
            FieldType::Part,
            "Only users whose id or name contains this; upper and lower case and accents make no difference. Not together with `prefix`.",
        ),
        optional(
            "order",
            FieldType::Word(WORDS),
            "By id, by creation, or by balance, which is the total of `coin` and needs it; with `-` the greatest first. Of users with the same balance the oldest comes first. Default: `id`, with `q` `created`.",
        ),
        optional("coin", FieldType::Coin, "Only users with an account of this coin, and only that account."),
        optional("prefix", FieldType::Prefix, "Only users whose id begins with this."),
        optional("closed", FieldType::Bool, "Whether to include closed users. Default: false."),
        optional("limit", FieldType::Integer(1, 1_000), "The maximum number of entries. Default: 100."),
        optional(
            "cursor",
            FieldType::Cursor,
            "The `next_cursor` of the previous page, which had the same `order`, `coin` and `q`.",
        ),
    ],
    body: &[],
    run: Run::Cached(kept_list, |request| Box::pin(list(request))),
    summary: "List users and their coins",
    about: "Lists users and their coins, ordered by id unless `order` says otherwise; with `q` those who are found, with `id` those who are named.",
    schema: "UserList",
    refusals: &[Code::CoinNotFound],
};

/// A page that is being filled.
struct Page<'q> {
    query: &'q Query<'q>,
    users: Summaries,
    looked_at: usize,
    /// The user to go on with, when the ledger was let go for a moment.
    resume: Option<String>,
    last: Option<String>,
    basis: Option<Basis>,
    end: End,
}

/// Whether a page is done.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    NotYet,
    /// There are no more users.
    OfList,
    /// There are more.
    OfPage,
}

/// A page that was made before.
fn kept_list(asked: &SyncRequest<'_>) -> Option<Outcome> {
    let fields = asked.fields(LIST.query).ok()?;
    let is_by_id = fields.text("order").is_none_or(|order| order == "id");
    if !is_by_id || fields.text("q").is_some() || fields.texts("id").is_some() {
        return None;
    }
    let kept = asked.app.list_cache.find(&query(&fields).ok()?)?;
    let holds = still_holds(asked.app, &kept).ok()?;
    holds.then(|| Outcome { seen: Some(kept.as_of()), response: Ok(page(kept.body())) })
}

fn still_holds(app: &App, kept: &CachedPage) -> Result<bool, Problem> {
    let looked = read(app, |ledger, now| kept.still_holds(ledger, now))?;
    Ok(looked.value && looked.seen.is_of_one_history_with(kept.as_of()))
}

async fn list(request: AsyncRequest) -> Result<Response, Problem> {
    let fields = request.fields(LIST.query)?;
    if let Some(ids) = fields.texts("id") {
        refuse_beside(&fields, "id", &["q", "prefix", "order", "cursor"])?;
        return named::list(&request, &fields, ids).await;
    }
    let order = Order::of(&fields)?;
    if let Some(part) = fields.text("q") {
        refuse_beside(&fields, "q", &["prefix"])?;
        return match order.unwrap_or(Order::OLDEST_FIRST) {
            Order::OLDEST_FIRST => found::list(&request, &fields, part).await,
            order => ranked::list(&request, &fields, order, Some(part)).await,
        };
    }
    match order.unwrap_or(Order::BY_ID) {
        Order::BY_ID => {}
        order if order.by == By::Created => return created::list(&request, &fields, order).await,
        order => return ranked::list(&request, &fields, order, None).await,
    }
    let query = query(&fields)?;
    let app = &request.app;
    if let Some(kept) = app.list_cache.find(&query)
        && still_holds(app, &kept)?
    {
        wait_durable(&request, kept.as_of()).await?;
        return Ok(page(kept.body()));
    }
    let coin = coin(&request, query.coin.as_deref()).await?;
    let mut filling = Page::new(&query, coin);
    let seen = loop {
        let seen = read_settled(app, |ledger, now| filling.fill(ledger, now)).await?.seen;
        if filling.end != End::NotYet {
            break seen;
        }
        wait_durable(&request, seen).await?;
    };
    let (body, basis) = filling.finish();
    if let Some(basis) = basis {
        app.list_cache.keep(query, basis, seen, &body);
    }
    wait_durable(&request, seen).await?;
    Ok(page(body))
}

/// Parameters that choose users in another way can't come with `chosen`.
fn refuse_beside(fields: &Fields<'_>, chosen: &str, others: &[&'static str]) -> Result<(), Problem> {
    match others.iter().find(|other| fields.text(other).is_some()) {
        Some(other) => Err(Problem::invalid(*other, format_args!("it can't be combined with {chosen}"))),
        None => Ok(()),
    }
}

/// Which page is requested.
fn query<'q>(fields: &'q Fields<'_>) -> Result<Query<'q>, Problem> {
    let cursor = fields.text("cursor").map(|cursor| cursor::decode(List::Users, cursor)).transpose()?;
    let prefix = fields.text("prefix").unwrap_or_default();
    // Ids have no control characters, so this is right behind the user of the cursor.
    let behind = cursor.map(|last| format!("{last}\0")).filter(|behind| behind.as_str() > prefix);
    Ok(Query {
        prefix: prefix.into(),
        coin: fields.text("coin").map(Into::into),
        with_closed: fields.flag("closed").unwrap_or(false),
        limit: fields.number("limit").unwrap_or(100) as usize,
        from: behind.unwrap_or_else(|| prefix.to_owned()),
    })
}

impl<'q> Page<'q> {
    fn new(query: &'q Query<'q>, coin: Option<CoinId>) -> Self {
        let users = Summaries::new(coin, query.with_closed, query.limit);
        Self { query, users, looked_at: 0, resume: None, last: None, basis: None, end: End::NotYet }
    }

    /// Looks at some more users.
    fn fill(&mut self, ledger: &Ledger, now: Micros) {
        let state = ledger.state();
        let mut basis = self.basis.take().unwrap_or_else(|| Basis::at(state.last_event()));
        basis.is_timeless &= !ledger.is_due(now);
        self.end = self.add_users(state, now, &mut basis.accounts);
        self.basis = Some(basis);
    }

    fn add_users(&mut self, state: &State, now: Micros, shown: &mut Vec<AccountId>) -> End {
        let resume = self.resume.take();
        let start = resume.as_deref().unwrap_or(&self.query.from);
        for (looked_at, id) in state.users_from(start).enumerate() {
            let user = state.user(id);
            if !user.id.starts_with(&*self.query.prefix) {
                break;
            }
            if self.users.count() == self.query.limit || self.looked_at == LOOKED_AT_FOR_PAGE_MAX {
                return End::OfPage;
            }
            if looked_at == LOOKED_AT_MAX {
                self.resume = Some(user.id.to_string());
                return End::NotYet;
            }
            self.looked_at += 1;
            self.users.put(state, id, now, shown);
            if self.users.count() == self.query.limit || self.looked_at == LOOKED_AT_FOR_PAGE_MAX {
                self.last = Some(user.id.to_string());
            }
        }
        End::OfList
    }

    /// The page as JSON, and what it was made from.
    fn finish(self) -> (Bytes, Option<Basis>) {
        let last = self.last.filter(|_| self.end == End::OfPage);
        let cursor = last.map(|last| cursor::encode(List::Users, &last));
        (self.users.finish(cursor.as_deref()), self.basis)
    }
}

#[cfg(test)]
mod tests;
