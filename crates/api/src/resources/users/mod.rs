//! Users: making, closing, looking at one, and the lists of them with their coins.

mod created;
mod found;
mod list;
mod named;
mod order;
mod ranked;
mod summaries;

use tocos_engine::{Engine, Moment, PastAccount};
use tocos_ledger::{AccountId, Ledger, Micros, Operation, Refusal, Right, State, UserId};

use crate::json::Writer;
use crate::rendering::{self, Code, Problem, Response};
use crate::routing::{
    AsyncRequest, Endpoint, FieldType, Fields, METADATA, Outcome, REFERENCE, Run, SyncRequest, Write, from_disk,
    in_path, optional, read_durable, read_user, read_user_durable, required,
};

pub(crate) use list::LIST;

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
