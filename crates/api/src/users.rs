//! Users: making, closing, looking at one, and the list of all with their coins.

use bytes::Bytes;
use hyper::StatusCode;
use tocos_engine::{Engine, Moment, PastAccount};
use tocos_ledger::{AccountId, CoinId, Ledger, Micros, Operation, Refusal, Right, State, UserId};

use crate::answer::{Answer, AnswerBody, Media};
use crate::cursor::{self, List};
use crate::fields::{Fields, METADATA, in_path, optional, required};
use crate::json::Writer;
use crate::kind::Kind;
use crate::pages::{Basis, Query};
use crate::problem::{Code, Problem};
use crate::render;
use crate::request::{Asked, Call, Decided, from_disk, look, read, settled};
use crate::route::{Endpoint, Run};
use crate::write::Write;

const NAME: crate::fields::Field =
    optional("name", Kind::Name, "A name for people; at most 256 bytes of UTF-8, no control characters.");

pub(crate) static CREATE: Write = Write {
    op: None,
    right: Right::Grant,
    fields: &[required("id", Kind::User, "The user's id, chosen by you."), NAME, METADATA],
    operation: |fields| Ok(Operation::PutUser { user: fields.the_text("id"), name: fields.text("name") }),
    about: "Makes a user, or replaces name and metadata of one.",
    answer: "UserEvent",
    refusals: &[Code::UserClosed],
    statuses: &[201, 200],
};

pub(crate) static PUT: Write = Write {
    op: Some("user"),
    right: Right::Grant,
    fields: &[in_path("user", Kind::User, "The user's id, chosen by you."), NAME, METADATA],
    operation: |fields| Ok(Operation::PutUser { user: fields.the_text("user"), name: fields.text("name") }),
    about: "Makes a user, or replaces name and metadata of one.",
    answer: "UserEvent",
    refusals: &[Code::UserClosed],
    statuses: &[201, 200],
};

pub(crate) static CLOSE: Write = Write {
    op: Some("user_close"),
    right: Right::Admin,
    fields: &[in_path("user", Kind::User, "The user."), METADATA],
    operation: |fields| Ok(Operation::CloseUser { user: fields.the_text("user") }),
    about: "Closes a user without coins and open holds, for good.",
    answer: "UserClosedEvent",
    refusals: &[Code::UserNotFound, Code::UserClosed, Code::UserNotEmpty],
    statuses: &[200],
};

pub(crate) static LIST: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[
        optional("coin", Kind::Coin, "Only users who have an account of this coin, and only that."),
        optional("prefix", Kind::Prefix, "Only users whose ids begin so."),
        optional("closed", Kind::Bool, "Closed users too; they are left out without."),
        optional("limit", Kind::Integer(1, 1_000), "At most so many; 100 without."),
        optional("cursor", Kind::Cursor, "Where to go on: the next_cursor of the page before."),
    ],
    body: &[],
    run: Run::AtOnceOrLater(kept_list, |call| Box::pin(list(call))),
    about: "The users and their coins, in the order of their ids.",
    answer: "Users",
    refusals: &[Code::CoinNotFound],
};

pub(crate) static GET: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[
        in_path("user", Kind::User, "The user."),
        optional("at", Kind::Moment, "Coins and lots as they were after this event, or at this time."),
    ],
    body: &[],
    run: Run::AtOnceOrLater(get_now, |call| Box::pin(get(call))),
    about: "A user with accounts and lots, now or at any moment in the past.",
    answer: "User",
    refusals: &[Code::UserNotFound, Code::EventNotFound],
};

/// Users that are looked at before the ledger is let go for a moment.
const LOOKED_AT_MAX: usize = 256;
/// Users that one page may look at, however few of them are wanted: it then ends early, with a cursor.
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
fn kept_list(asked: &Asked<'_>) -> Option<Decided> {
    let fields = asked.fields(LIST.query).ok()?;
    let kept = asked.app.pages.find(&query(&fields).ok()?)?;
    let holds = read(asked.app, |ledger, now| kept.still_holds(ledger, now)).ok()?.value;
    holds.then(|| Decided { seen: kept.event(), outcome: Ok(page(kept.body())) })
}

async fn list(call: Call) -> Result<Answer, Problem> {
    let fields = call.fields(LIST.query)?;
    let query = query(&fields)?;
    let app = &call.app;
    if let Some(kept) = app.pages.find(&query)
        && read(app, |ledger, now| kept.still_holds(ledger, now))?.value
    {
        settled(app.engine.durable(kept.event())).await?;
        return Ok(page(kept.body()));
    }
    let coin = match query.coin.as_deref() {
        Some(code) => Some(look(app, |ledger, _| ledger.require_coin(code)).await?.map_err(|e| Problem::from(&e))?),
        None => None,
    };
    let mut filling = Page::new(&query, coin);
    let seen = loop {
        let seen = read(app, |ledger, now| filling.fill(ledger, now))?.seen;
        if filling.end != End::NotYet {
            break seen;
        }
        settled(app.engine.durable(seen)).await?;
    };
    let (body, basis) = filling.finish();
    if let Some(basis) = basis {
        app.pages.keep(query, basis, &body);
    }
    settled(app.engine.durable(seen)).await?;
    Ok(page(body))
}

/// Which page is asked for.
fn query<'q>(fields: &'q Fields<'_>) -> Result<Query<'q>, Problem> {
    let cursor = fields.text("cursor").map(|cursor| cursor::decode(List::Users, cursor)).transpose()?;
    let prefix = fields.text("prefix").unwrap_or_default();
    // Ids have no character below '-', so this is right behind the user of the cursor.
    let behind = cursor.map(|last| format!("{last}!")).filter(|behind| behind.as_str() > prefix);
    Ok(Query {
        prefix: prefix.into(),
        coin: fields.text("coin").map(Into::into),
        with_closed: fields.flag("closed").unwrap_or(false),
        limit: fields.number("limit").unwrap_or(100) as usize,
        from: behind.unwrap_or_else(|| prefix.to_owned()),
    })
}

/// A page as an answer.
fn page(body: Bytes) -> Answer {
    Answer { status: StatusCode::OK, media: Media::Json, body: AnswerBody::Whole(body), replayed: false }
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
        out.word(&user.id);
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
            Some(last) => self.out.word(&cursor::encode(List::Users, &last)),
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
        out.word(&state.coin(state.account(account).coin).code);
        out.raw(":");
        out.integer(total);
    }
    out.raw("}");
}

/// A user as of now.
fn get_now(asked: &Asked<'_>) -> Option<Decided> {
    let fields = asked.fields(GET.query).ok()?;
    if fields.number("at").is_some() || fields.instant("at").is_some() {
        return None;
    }
    let look = |ledger: &Ledger, now| {
        let user = ledger.require_user(fields.the_text("user")).ok()?;
        Some(details_now(ledger.state(), user, now))
    };
    let looked = read(asked.app, look).ok()?;
    Some(Decided { seen: looked.seen, outcome: Ok(Answer::ok(looked.value?)) })
}

async fn get(call: Call) -> Result<Answer, Problem> {
    let fields = call.fields(GET.query)?;
    let moment = moment(&call, &fields).await?;
    let (user, heads) = look(&call.app, |ledger, _| heads(ledger, fields.the_text("user")))
        .await?
        .map_err(|refusal| Problem::from(&refusal))?;
    let past = match moment {
        None => None,
        Some(moment) => {
            let engine = call.app.engine.clone();
            let accounts = from_disk(move || past_accounts(&engine, &heads, moment)).await?;
            Some((moment, accounts))
        }
    };
    let out = look(&call.app, |ledger, now| {
        let state = ledger.state();
        match &past {
            None => Some(details_now(state, user, now)),
            Some((moment, _)) if state.profile(user).created_at > moment.at => None,
            Some((_, accounts)) => Some(details(state, user, accounts.clone())),
        }
    });
    match out.await? {
        Some(out) => Ok(Answer::ok(out)),
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
    details(state, user, now_accounts.collect())
}

/// The moment in the past that is asked for.
async fn moment(call: &Call, fields: &Fields<'_>) -> Result<Option<Moment>, Problem> {
    let engine = call.app.engine.clone();
    match (fields.number("at"), fields.instant("at")) {
        (Some(event), _) => from_disk(move || engine.moment_of_event(event)).await.map(Some),
        (_, Some(at)) => {
            let now = look(&call.app, |_, now| now).await?;
            // What has not happened yet can't be looked at.
            if at > now {
                return Err(Problem::invalid("at", "this time has not come yet"));
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

fn details(state: &State, id: UserId, accounts: PastAccounts) -> Writer {
    let (user, profile) = (state.user(id), state.profile(id));
    let mut out = Writer::with_capacity(512);
    out.raw("{\"id\":");
    out.word(&user.id);
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
        render::user_account(&mut out, state, state.account(account), past.balance, past.lots);
    }
    out.raw("]}");
    out
}

#[cfg(test)]
mod tests;
