//! Where the coins of a grant went.

use std::sync::Arc;

use tocos_engine::{Engine, EventError, StoredEvent};
use tocos_ledger::{Event, GrantUse, Granted, Mention, Right, State};

use crate::json::Writer;
use crate::rendering::{self, Code, Problem, Response};
use crate::routing::{
    AsyncRequest, EXACT_MAX, Endpoint, Field, FieldType, Run, event_problem, from_disk, in_path, optional, read,
    read_user_durable,
};

const EVENT: Field = in_path("event", FieldType::Event, "The number of the grant, or of a rollover.");

pub(crate) static GET: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[EVENT],
    body: &[],
    run: Run::Async(|request| Box::pin(get(request))),
    summary: "Get a grant and where its coins are",
    about: "Returns a grant and where its coins are: `left` in the account, `held` by holds, `spent`, `moved_on` to other users or rolled over, `expired`, `reversed`; together they are `amount` and what was `added` since by a change of its schedule. Plain coins can't be followed (`followed` is false): grant them with `lot`.",
    schema: "Grant",
    refusals: &[Code::EventNotFound],
};

pub(crate) static USES: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[
        EVENT,
        optional("after", FieldType::Integer(0, EXACT_MAX), "Only events with a number greater than this. Default: 0."),
        optional("limit", FieldType::Integer(1, 1_000), "The maximum number of uses. Default: 100."),
    ],
    body: &[],
    run: Run::Async(|request| Box::pin(uses(request))),
    summary: "List the events that used a grant's coins",
    about: "Lists the events that changed where a grant's coins are, in order, each with what it changed.",
    schema: "GrantUseList",
    refusals: &[Code::EventNotFound],
};

/// Events that are looked at before one page ends, however few of them changed anything.
const LOOKED_AT_MAX: usize = 20_000;
/// Events that are read at once.
const READ_AT_ONCE: usize = 1_000;

/// A grant, and the event as of which it is looked at.
struct Looked {
    stored: StoredEvent,
    granted: Granted,
    last: u64,
}

/// Looks a grant up, when what is due of its user has been done: coins that are over have expired.
async fn look_up(request: &AsyncRequest, number: u64) -> Result<Looked, Problem> {
    let engine = request.app.engine.clone();
    let stored = from_disk(move || engine.event(number)).await?;
    let event = stored.decode().map_err(|error| event_problem(&error))?;
    let Some(granted) = Granted::by(&event) else {
        let detail = format!("Event {number} is of the kind {}, and not a grant.", event.kind());
        return Err(Problem::new(Code::EventNotFound, detail).with_integer("event", number as i64));
    };
    let user = read(&request.app, |ledger, _| {
        let state = ledger.state();
        state.user(state.account(granted.account).user).id.clone()
    });
    let user = user?.value;
    let last = read_user_durable(request, &user, |ledger, _| ledger.state().last_event()).await?;
    drop(event);
    Ok(Looked { stored, granted, last })
}

async fn get(request: AsyncRequest) -> Result<Response, Problem> {
    let number = request.fields(GET.query)?.the_number("event");
    let Looked { stored, granted, last } = look_up(&request, number).await?;
    // A grant that very much was spent of takes its time: one at a time.
    let turn = Arc::clone(&request.app.walks).lock_owned().await;
    let engine = request.app.engine.clone();
    let used = from_disk(move || {
        let _turn = turn;
        used(&engine, &granted, last)
    });
    let used = used.await?;
    let event = stored.decode().map_err(|error| event_problem(&error))?;
    let out = read(&request.app, |ledger, _| tell(&event, &granted, &used, ledger.state()));
    Ok(Response::ok(out?.value))
}

/// What all events up to event `last` changed.
fn used(engine: &Engine, granted: &Granted, last: u64) -> Result<GrantUse, EventError> {
    let mut sum = granted.at_first();
    let mut after = 0;
    while !granted.lot.is_plain() {
        let found = engine.events_with(Mention::Grant(granted.lot.grant), (after, last), READ_AT_ONCE)?;
        for stored in &found {
            sum.add(&granted.used_by(&stored.decode()?));
        }
        match found.last() {
            Some(stored) if found.len() == READ_AT_ONCE => after = stored.number,
            _ => break,
        }
    }
    Ok(sum)
}

fn tell(event: &Event<'_>, granted: &Granted, used: &GrantUse, state: &State) -> Writer {
    let account = state.account(granted.account);
    let mut out = Writer::with_capacity(384);
    out.raw("{\"event\":");
    out.integer(event.number);
    out.raw(",\"kind\":");
    out.word(event.kind());
    out.raw(",\"user\":");
    out.text(&state.user(account.user).id);
    out.raw(",\"coin\":");
    out.plain(&state.coin(account.coin).code);
    out.raw(",\"amount\":");
    out.integer(granted.amount);
    let marks = granted.lot.marks;
    out.raw(",\"expires_at\":");
    out.time_or_null(marks.expires_at);
    out.raw(",\"priority\":");
    out.integer(marks.priority);
    out.raw(",\"category\":");
    out.word(rendering::category_word(marks.category));
    let is_followed = !granted.lot.is_plain();
    out.raw(",\"followed\":");
    out.bool(is_followed);
    if is_followed {
        changes(&mut out, used, |_| true);
    }
    if let Some(schedule) = event.schedule() {
        out.raw(",\"schedule\":");
        out.text(schedule);
    }
    if let Some(reference) = event.client_reference() {
        out.raw(",\"reference\":");
        out.text(reference);
    }
    out.raw(",\"created_at\":");
    out.time(event.at);
    out.raw("}");
    out
}

/// `,"left":5,"held":0,...`.
fn changes(out: &mut Writer, used: &GrantUse, is_wanted: impl Fn(i64) -> bool) {
    let GrantUse { left, held, spent, moved_on, expired, reversed, added } = *used;
    for (name, amount) in [
        (",\"left\":", left),
        (",\"held\":", held),
        (",\"spent\":", spent),
        (",\"moved_on\":", moved_on),
        (",\"expired\":", expired),
        (",\"reversed\":", reversed),
        (",\"added\":", added),
    ] {
        if is_wanted(amount) {
            out.raw(name);
            out.integer(amount);
        }
    }
}

/// Uses of a grant, and the last event that was looked at for them.
struct Found {
    uses: Vec<(StoredEvent, GrantUse)>,
    through: Option<u64>,
}

async fn uses(request: AsyncRequest) -> Result<Response, Problem> {
    let fields = request.fields(USES.query)?;
    let (number, after) = (fields.the_number("event"), fields.number("after").unwrap_or(0));
    let limit = fields.number("limit").unwrap_or(100) as usize;
    let Looked { granted, last, .. } = look_up(&request, number).await?;
    let engine = request.app.engine.clone();
    let found = from_disk(move || find(&engine, &granted, (after, last), limit)).await?;
    let mut events = Vec::with_capacity(found.uses.len());
    for (stored, used) in &found.uses {
        events.push((stored.decode().map_err(|error| event_problem(&error))?, used));
    }
    let mut out = Writer::with_capacity(64 + events.len() * 448);
    out.raw("{\"uses\":[");
    let rendered = read(&request.app, |ledger, _| {
        for (at, (event, used)) in events.iter().enumerate() {
            out.raw(if at == 0 { "{\"event\":" } else { ",{\"event\":" });
            rendering::event(&mut out, event, ledger.state());
            changes(&mut out, used, |amount| amount != 0);
            out.raw("}");
        }
        out
    });
    let mut out = rendered?.value;
    out.raw("],\"next_after\":");
    match found.through {
        Some(through) => out.integer(through),
        None => out.raw("null"),
    }
    out.raw("}");
    Ok(Response::ok(out))
}

fn find(engine: &Engine, granted: &Granted, (after, last): (u64, u64), limit: usize) -> Result<Found, EventError> {
    let mut found = Found { uses: Vec::new(), through: None };
    let (mut after, mut looked_at) = (after, 0);
    let read_at_once = READ_AT_ONCE.min(limit + 1);
    while !granted.lot.is_plain() {
        let stored = engine.events_with(Mention::Grant(granted.lot.grant), (after, last), read_at_once)?;
        let is_last = stored.len() < read_at_once;
        looked_at += stored.len();
        for stored in stored {
            let used = granted.used_by(&stored.decode()?);
            // Coins that were passed on before: others used them.
            if used.is_nothing() {
                after = stored.number;
                continue;
            }
            if found.uses.len() == limit {
                found.through = Some(after);
                return Ok(found);
            }
            after = stored.number;
            found.uses.push((stored, used));
        }
        if is_last {
            break;
        }
        if looked_at >= LOOKED_AT_MAX {
            found.through = Some(after);
            break;
        }
    }
    Ok(found)
}
