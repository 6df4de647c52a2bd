//! Users: making, closing, looking at one, and the list of all with their coins.

use bytes::Bytes;
use http::StatusCode;
use tocos_engine::{Engine, Moment, PastAccount};
use tocos_ledger::{AccountId, CoinId, Ledger, Micros, Operation, Refusal, Right, State, UserId};

use super::cursor::{self, List};
use crate::app::App;
use crate::app::list_cache::{Basis, CachedPage, Query};
use crate::json::Writer;
use crate::rendering::{self, Code, Media, Problem, Response};
use crate::routing::{
    AsyncRequest, Endpoint, FieldType, Fields, METADATA, Outcome, REFERENCE, Run, SyncRequest, Write, from_disk,
    in_path, optional, read, read_durable, read_names, read_settled, read_user, read_user_durable, required,
    wait_durable,
};
use tocos_http::ResponseBody;

const NAME: crate::routing::Field =
    optional("name", FieldType::Name, "The display name: at most 256 bytes of UTF-8, no control characters.");

pub(crate) static CREATE: Write = Write {
    op: None,
    right: Right::Grant,
    fields: &[required("id", FieldType::User, "The user's id, which you choose."), NAME, METADATA, REFERENCE],
    operation: |fields| Ok(Operation::PutUser { user: fields.the_text("id"), name: fields.text("name") }),
    summary: "Create or replace a user, with the id in the body",
    about: "Creates a user, or replaces the name and metadata of an existing one.",
    schema: "UserEvent",
    refusals: &[Code::UserClosed],
    statuses: &[201, 200],
};

pub(crate) static PUT: Write = Write {
    op: Some("user"),
    right: Right::Grant,
    fields: &[in_path("user", FieldType::User, "The user's id, which you choose."), NAME, METADATA, REFERENCE],
    operation: |fields| Ok(Operation::PutUser { user: fields.the_text("user"), name: fields.text("name") }),
    summary: "Create or replace a user",
    about: "Creates a user, or replaces the name and metadata of an existing one.",
    schema: "UserEvent",
    refusals: &[Code::UserClosed],
    statuses: &[201, 200],
};

pub(crate) static CLOSE: Write = Write {
    op: Some("user_close"),
    right: Right::Admin,
    fields: &[in_path("user", FieldType::User, "The user's id."), METADATA, REFERENCE],
    operation: |fields| Ok(Operation::CloseUser { user: fields.the_text("user") }),
    summary: "Close a user permanently",
    about: "Closes a user permanently. The user must have no coins and no open holds.",
    schema: "UserClosedEvent",
    refusals: &[Code::UserNotFound, Code::UserClosed, Code::UserNotEmpty],
    statuses: &[200],
};

pub(crate) static LIST: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[
        optional("coin", FieldType::Coin, "Only users with an account of this coin, and only that account."),
        optional("prefix", FieldType::Prefix, "Only users whose id begins with this."),
        optional("closed", FieldType::Bool, "Whether to include closed users. Default: false."),
        optional("limit", FieldType::Integer(1, 1_000), "The maximum number of entries. Default: 100."),
        optional("cursor", FieldType::Cursor, "The `next_cursor` of the previous page."),
    ],
    body: &[],
    run: Run::Cached(kept_list, |request| Box::pin(list(request))),
    summary: "List users and their coins",
    about: "Lists users and their coins, ordered by id.",
    schema: "UserList",
    refusals: &[Code::CoinNotFound],
};

pub(crate) static GET: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[
        in_path("user", FieldType::User, "The user's id."),
        optional(
            "at",
            FieldType::Moment,
            "An event number or a time: returns the coins and lots as they were after that event or at that time.",
        ),
    ],
    body: &[],
    run: Run::Cached(get_now, |request| Box::pin(get(request))),
    summary: "Get a user with their accounts and lots",
    about: "Returns a user with their accounts and lots, now or at any time in the past.",
    schema: "User",
    refusals: &[Code::UserNotFound, Code::EventNotFound],
};

/// Users that are looked at before the ledger is let go for a moment.
const LOOKED_AT_MAX: usize = 256;
/// The most users that one page reads, however few of them match: it then ends early, with a cursor.
const LOOKED_AT_FOR_PAGE_MAX: usize = 65_536;

/// A page that is being filled.
struct Page<'q> {
    query: &'q Query<'q>,
    coin: Option<CoinId>,
    count: usize,
    looked_at: usize,
    /// The user to go on with, when the ledger was let go for a moment.
    resume: Option<String>,
    last: Option<String>,
    basis: Option<Basis>,
    out: Writer,
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
    let query = query(&fields)?;
    let app = &request.app;
    if let Some(kept) = app.list_cache.find(&query)
        && still_holds(app, &kept)?
    {
        wait_durable(&request, kept.as_of()).await?;
        return Ok(page(kept.body()));
    }
    let coin = match query.coin.as_deref() {
        Some(code) => {
            Some(read_names(&request, |ledger, _| ledger.require_coin(code)).await?.map_err(|e| Problem::from(&e))?)
        }
        None => None,
    };
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

/// A page as a response.
fn page(body: Bytes) -> Response {
    Response { status: StatusCode::OK, media: Media::Json, body: ResponseBody::Whole(body), replayed: false }
}

impl<'q> Page<'q> {
    fn new(query: &'q Query<'q>, coin: Option<CoinId>) -> Self {
        let mut out = Writer::with_capacity(64 + query.limit * 64);
        out.raw("{\"users\":[");
        Self { query, coin, count: 0, looked_at: 0, resume: None, last: None, basis: None, out, end: End::NotYet }
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
            if self.count == self.query.limit || self.looked_at == LOOKED_AT_FOR_PAGE_MAX {
                return End::OfPage;
            }
            if looked_at == LOOKED_AT_MAX {
                self.resume = Some(user.id.to_string());
                return End::NotYet;
            }
            self.looked_at += 1;
            self.count += usize::from(self.put(state, id, now, shown));
            if self.count == self.query.limit || self.looked_at == LOOKED_AT_FOR_PAGE_MAX {
                self.last = Some(user.id.to_string());
            }
        }
        End::OfList
    }

    /// Adds a user, if it is one of those wanted, and the accounts to those shown.
    fn put(&mut self, state: &State, id: UserId, now: Micros, shown: &mut Vec<AccountId>) -> bool {
        let user = state.user(id);
        if user.closed && !self.query.with_closed {
            return false;
        }
        let first = shown.len();
        let coin = self.coin;
        shown.extend(
            state.accounts_of(id).filter(|account| coin.is_none_or(|coin| state.account(*account).coin == coin)),
        );
        let accounts = &mut shown[first..];
        if coin.is_some() && accounts.is_empty() {
            return false;
        }
        // They came the oldest last.
        accounts.reverse();
        let out = &mut self.out;
        out.raw(if self.count == 0 { "{\"id\":" } else { ",{\"id\":" });
        out.text(&user.id);
        out.raw(",\"name\":");
        out.text_or_null(state.profile(id).name.as_deref());
        out.raw(",\"coins\":");
        totals(out, state, accounts.iter().map(|account| (*account, state.account(*account).balance(now).total)));
        out.raw("}");
        true
    }

    /// The page as JSON, and what it was made from.
    fn finish(mut self) -> (Bytes, Option<Basis>) {
        self.out.raw("],\"next_cursor\":");
        match self.last.filter(|_| self.end == End::OfPage) {
            Some(last) => self.out.plain(&cursor::encode(List::Users, &last)),
            None => self.out.raw("null"),
        }
        self.out.raw("}");
        (self.out.into_bytes(), self.basis)
    }
}

/// The accounts of a user, the oldest first.
fn accounts(state: &State, user: UserId) -> impl Iterator<Item = AccountId> {
    let mut accounts: Vec<AccountId> = state.accounts_of(user).collect();
    accounts.reverse();
    accounts.into_iter()
}

/// `{"toco":120}`.
fn totals(out: &mut Writer, state: &State, totals: impl Iterator<Item = (AccountId, i64)>) {
    out.raw("{");
    for (at, (account, total)) in totals.enumerate() {
        out.raw(if at == 0 { "" } else { "," });
        out.plain(&state.coin(state.account(account).coin).code);
        out.raw(":");
        out.integer(total);
    }
    out.raw("}");
}

/// A user as of now.
fn get_now(asked: &SyncRequest<'_>) -> Option<Outcome> {
    let fields = asked.fields(GET.query).ok()?;
    if fields.number("at").is_some() || fields.instant("at").is_some() {
        return None;
    }
    let look = |ledger: &Ledger, now| {
        let user = ledger.require_user(fields.the_text("user")).ok()?;
        Some(details_now(ledger.state(), user, now))
    };
    let looked = read_user(asked.app, fields.the_text("user"), look).ok()?;
    Some(Outcome { seen: Some(looked.seen), response: Ok(Response::ok(looked.value?)) })
}

async fn get(request: AsyncRequest) -> Result<Response, Problem> {
    let fields = request.fields(GET.query)?;
    let moment = moment(&request, &fields).await?;
    let id = fields.the_text("user");
    let (user, heads) = read_user_durable(&request, id, |ledger, _| heads(ledger, id))
        .await?
        .map_err(|refusal| Problem::from(&refusal))?;
    let past = match moment {
        None => None,
        Some(moment) => {
            let engine = request.app.engine.clone();
            let accounts = from_disk(move || past_accounts(&engine, &heads, moment)).await?;
            Some((moment, accounts))
        }
    };
    let out = read_user_durable(&request, id, |ledger, now| {
        let state = ledger.state();
        match &past {
            None => Some(details_now(state, user, now)),
            Some((moment, _)) if state.profile(user).created_at > moment.at => None,
            Some((_, accounts)) => Some(details(state, user, accounts.clone(), None)),
        }
    });
    match out.await? {
        Some(out) => Ok(Response::ok(out)),
        None => Err(Problem::from(&Refusal::UserNotFound { user: fields.the_text("user").into() })),
    }
}

/// A user with the accounts as they are now.
fn details_now(state: &State, user: UserId, now: Micros) -> Writer {
    let now_accounts = accounts(state, user).map(|id| {
        let account = state.account(id);
        let lots = account.lots(now).collect();
        (id, PastAccount { balance: account.balance(now), lots })
    });
    details(state, user, now_accounts.collect(), Some(now))
}

/// The requested time in the past.
async fn moment(request: &AsyncRequest, fields: &Fields<'_>) -> Result<Option<Moment>, Problem> {
    let engine = request.app.engine.clone();
    match (fields.number("at"), fields.instant("at")) {
        (Some(event), _) => from_disk(move || engine.moment_of_event(event)).await.map(Some),
        (_, Some(at)) => {
            let now = read_durable(request, |_, now| now).await?;
            // What has not happened yet can't be looked at.
            if at > now {
                return Err(Problem::invalid("at", "this time is in the future"));
            }
            from_disk(move || engine.moment_at(at)).await.map(Some)
        }
        (None, None) => Ok(None),
    }
}

/// A user and the last events of the accounts.
fn heads(ledger: &Ledger, id: &str) -> Result<(UserId, Vec<(AccountId, u64)>), Refusal> {
    let user = ledger.require_user(id)?;
    let state = ledger.state();
    Ok((user, accounts(state, user).map(|account| (account, state.account(account).last_event())).collect()))
}

type PastAccounts = Vec<(AccountId, PastAccount)>;

fn past_accounts(
    engine: &Engine,
    heads: &[(AccountId, u64)],
    moment: Moment,
) -> Result<PastAccounts, tocos_engine::EventError> {
    let mut accounts = Vec::with_capacity(heads.len());
    for (account, head) in heads {
        if let Some(past) = engine.account_at(*account, *head, moment)? {
            accounts.push((*account, past));
        }
    }
    Ok(accounts)
}

/// What is left of spending limits is known for now alone.
fn details(state: &State, id: UserId, accounts: PastAccounts, now: Option<Micros>) -> Writer {
    let (user, profile) = (state.user(id), state.profile(id));
    let mut out = Writer::with_capacity(512);
    out.raw("{\"id\":");
    out.text(&user.id);
    out.raw(",\"name\":");
    out.text_or_null(profile.name.as_deref());
    out.raw(",\"metadata\":");
    out.raw(profile.metadata.as_deref().unwrap_or("null"));
    out.raw(",\"closed\":");
    out.bool(user.closed);
    out.raw(",\"created_at\":");
    out.time(profile.created_at);
    out.raw(",\"coins\":");
    totals(&mut out, state, accounts.iter().map(|(account, past)| (*account, past.balance.total)));
    out.raw(",\"accounts\":[");
    for (at, (account, past)) in accounts.into_iter().enumerate() {
        out.raw(if at == 0 { "" } else { "," });
        let account = state.account(account);
        let spending = now.and_then(|now| state.spending(account.coin, Some(account), now));
        rendering::user_account(&mut out, state, account, past.balance, past.lots, spending);
    }
    out.raw("]}");
    out
}

#[cfg(test)]
mod tests;
