//! A user's history: what happened to each account, with the balance after it.

use tocos_engine::{Engine, EventError, HistoryEntry, HistoryQuery, Order};
use tocos_ledger::{AccountId, Ledger, Micros, Refusal, Right};

use super::cursor::{self, List};
use crate::json::Writer;
use crate::rendering::{self, Code, Problem, Response};
use crate::routing::{
    AsyncRequest, Endpoint, FieldType, Fields, Run, event_problem, from_disk, in_path, optional, read_names,
    read_user_durable,
};

/// The kinds of events that touch accounts.
pub(crate) const KINDS: &[&str] = &[
    "grant",
    "spend",
    "transfer",
    "hold",
    "capture",
    "release",
    "hold_expired",
    "expire",
    "reverse",
    "limits",
    "thresholds",
    "spend_limit",
    "rollover",
    "adjustment",
];

pub(crate) static GET: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[
        in_path("user", FieldType::User, "The user's id."),
        optional("coin", FieldType::Coin, "Only events of this coin."),
        optional("after", FieldType::Event, "Only events with a number greater than this."),
        optional("before", FieldType::Event, "Only events with a number less than this."),
        optional("kind", FieldType::Word(KINDS), "Only events of this kind."),
        optional("from", FieldType::Time, "Only events at or after this time."),
        optional("until", FieldType::Time, "Only events before this time."),
        optional(
            "order",
            FieldType::Word(&["desc", "asc"]),
            "`asc` lists the oldest events first, `desc` the newest. Default: `desc`.",
        ),
        optional("limit", FieldType::Integer(1, 1_000), "The maximum number of entries. Default: 100."),
        optional("cursor", FieldType::Cursor, "The `next_cursor` of the previous page."),
    ],
    body: &[],
    run: Run::Async(|request| Box::pin(get(request))),
    summary: "List the events of a user's accounts",
    about: "Lists the events of a user's accounts, with the balance after each event.",
    schema: "History",
    refusals: &[Code::UserNotFound, Code::CoinNotFound],
};

/// The most entries that one page reads, however few of them match: it then ends early, with a cursor.
const LOOKED_AT_MAX: usize = 20_000;
/// Entries that are put into words before the ledger is let go for a moment.
const RENDERED_AT_ONCE: usize = 128;

/// What is requested, apart from the accounts.
#[derive(Clone, Debug)]
struct Wanted {
    kind: Option<String>,
    from: Option<Micros>,
    until: Option<Micros>,
    after: u64,
    before: u64,
    order: Order,
    limit: usize,
}

impl Wanted {
    fn new(fields: &Fields<'_>) -> Result<Self, Problem> {
        let order = if fields.text("order") == Some("asc") { Order::Ascending } else { Order::Descending };
        let mut after = fields.number("after").unwrap_or(0);
        let mut before = fields.number("before").unwrap_or(u64::MAX);
        if let Some(cursor) = fields.text("cursor") {
            let last = cursor::decode(List::History, cursor)?;
            let last: u64 =
                last.parse().map_err(|_| Problem::invalid("cursor", "this is not a next_cursor of a history"))?;
            match order {
                Order::Ascending => after = after.max(last),
                Order::Descending => before = before.min(last),
            }
        }
        Ok(Self {
            kind: fields.text("kind").map(str::to_owned),
            from: fields.instant("from"),
            until: fields.instant("until"),
            after,
            before,
            order,
            limit: fields.number("limit").unwrap_or(100) as usize,
        })
    }
}

/// The entries of a page, and whether there may be more behind them.
struct Found {
    entries: Vec<HistoryEntry>,
    goes_on_at: Option<u64>,
}

async fn get(request: AsyncRequest) -> Result<Response, Problem> {
    let fields = request.fields(GET.query)?;
    let wanted = Wanted::new(&fields)?;
    let order = wanted.order;
    let user = fields.the_text("user");
    let accounts = read_user_durable(&request, user, |ledger, _| accounts(ledger, user, fields.text("coin")))
        .await?
        .map_err(|refusal| Problem::from(&refusal))?;
    let engine = request.app.engine.clone();
    let found = from_disk(move || find(&engine, &accounts, &wanted)).await?;
    debug_assert!(found.entries.is_sorted_by_key(|entry| match order {
        Order::Ascending => entry.event.number,
        Order::Descending => u64::MAX - entry.event.number,
    }));
    let mut out = Writer::with_capacity(64 + found.entries.len() * 256);
    out.raw("{\"entries\":[");
    for (at, chunk) in found.entries.chunks(RENDERED_AT_ONCE).enumerate() {
        out.raw(if at == 0 { "" } else { "," });
        render(&request, chunk, &mut out).await?;
    }
    out.raw("],\"next_cursor\":");
    match found.goes_on_at {
        Some(last) => out.plain(&cursor::encode(List::History, &last.to_string())),
        None => out.raw("null"),
    }
    out.raw("}");
    Ok(Response::ok(out))
}

/// The accounts that are wanted, each with its last event.
fn accounts(ledger: &Ledger, user: &str, coin: Option<&str>) -> Result<Vec<(AccountId, u64)>, Refusal> {
    let user = ledger.require_user(user)?;
    let coin = coin.map(|code| ledger.require_coin(code)).transpose()?;
    let state = ledger.state();
    let accounts = state.accounts_of(user).map(|id| (id, state.account(id)));
    let wanted = accounts.filter(|(_, account)| coin.is_none_or(|coin| account.coin == coin));
    Ok(wanted.map(|(id, account)| (id, account.last_event())).collect())
}

/// Reads a page from the log.
fn find(engine: &Engine, accounts: &[(AccountId, u64)], wanted: &Wanted) -> Result<Found, EventError> {
    let mut after = wanted.after;
    let mut before = wanted.before;
    if let Some(from) = wanted.from {
        after = after.max(engine.last_event_at(from - 1)?);
    }
    if let Some(until) = wanted.until {
        before = before.min(engine.last_event_at(until - 1)?.saturating_add(1));
    }
    let mut found = Found { entries: Vec::new(), goes_on_at: None };
    let mut looked_at = 0;
    loop {
        // One more than requested, to find whether there is a next page.
        let limit = if wanted.kind.is_none() { wanted.limit + 1 } else { 1_000 };
        let query = HistoryQuery { accounts: accounts.to_vec(), after, before, order: wanted.order, limit };
        let entries = engine.history(&query)?;
        let is_last = entries.len() < limit;
        looked_at += entries.len();
        for entry in entries {
            let number = entry.event.number;
            match wanted.order {
                Order::Ascending => after = number,
                Order::Descending => before = number,
            }
            if let Some(kind) = &wanted.kind
                && entry.event.decode()?.kind() != kind
            {
                continue;
            }
            if found.entries.len() == wanted.limit {
                found.goes_on_at = found.entries.last().map(|last| last.event.number);
                return Ok(found);
            }
            found.entries.push(entry);
        }
        if is_last {
            return Ok(found);
        }
        if looked_at >= LOOKED_AT_MAX {
            found.goes_on_at = Some(if wanted.order == Order::Ascending { after } else { before });
            return Ok(found);
        }
    }
}

/// Puts some entries into words; names are looked up in the ledger.
async fn render(request: &AsyncRequest, entries: &[HistoryEntry], out: &mut Writer) -> Result<(), Problem> {
    let mut events = Vec::with_capacity(entries.len());
    for entry in entries {
        events.push((entry.account, entry.event.decode().map_err(|error| event_problem(&error))?));
    }
    read_names(request, |ledger, _| {
        for (at, (account, event)) in events.iter().enumerate() {
            out.raw(if at == 0 { "" } else { "," });
            rendering::history_entry(out, *account, event, ledger.state());
        }
    })
    .await
}
