//! Coins reserved, captured, released.

mod list;

use tocos_engine::{Engine, EventError, HistoryQuery, Order};
use tocos_ledger::{
    AccountId, Amount, Excess, Fact, HOLD_TIMEOUT_S_DEFAULT, HOLD_TIMEOUT_S_MAX, Hold, LotAmount, Micros, Movement,
    MovementKind, Operation, Refusal, Right, State, Until, UserId,
};

use crate::json::Writer;
use crate::rendering::{self, Code, Problem, Response};
use crate::routing::{
    AsyncRequest, Endpoint, FieldType, METADATA, REFERENCE, Run, Write, from_disk, in_path, optional, read_durable,
    read_names, required,
};

pub(crate) use list::LIST;

pub(crate) static HOLD: Write = Write {
    op: Some("hold"),
    right: Right::Spend,
    fields: &[
        required("user", FieldType::User, "The user whose coins are reserved."),
        required("coin", FieldType::Coin, "The coin's code."),
        required("amount", FieldType::Amount, "The amount, in the coin's smallest unit."),
        optional("expires_at", FieldType::Time, "When the hold expires; at most 400 days from now."),
        optional(
            "timeout_s",
            FieldType::Integer(1, HOLD_TIMEOUT_S_MAX as i64),
            "The expiry in seconds from now. Default, without `expires_at`: 900.",
        ),
        optional(
            "to",
            FieldType::User,
            "The user who receives the captured coins. If omitted, captured coins are spent.",
        ),
        METADATA,
        REFERENCE,
    ],
    operation: |fields| {
        let until = match (fields.instant("expires_at"), fields.integer("timeout_s")) {
            (Some(_), Some(_)) => {
                return Err(Problem::invalid("timeout_s", "a hold takes expires_at or timeout_s, not both"));
            }
            (Some(at), None) => Until::At(at),
            (None, timeout_s) => {
                let timeout_s = timeout_s.and_then(|timeout_s| u32::try_from(timeout_s).ok());
                Until::InSeconds(timeout_s.unwrap_or(HOLD_TIMEOUT_S_DEFAULT))
            }
        };
        Ok(Operation::Hold {
            user: fields.the_text("user"),
            coin: fields.the_text("coin"),
            amount: fields.the_number("amount"),
            until,
            to: fields.text("to"),
        })
    },
    summary: "Reserve coins",
    about: "Reserves coins until they are captured or released, or the hold expires. The `id` in the response identifies the hold.",
    schema: "HoldEvent",
    refusals: &[
        Code::SpendLimitReached,
        Code::InsufficientFunds,
        Code::UserNotFound,
        Code::CoinNotFound,
        Code::AccountFrozen,
        Code::UserClosed,
    ],
    statuses: &[201],
};

pub(crate) static CAPTURE: Write = Write {
    op: Some("capture"),
    right: Right::Spend,
    fields: &[
        in_path("hold", FieldType::Event, "The hold's id."),
        optional("amount", FieldType::Amount, "The amount to capture. Default: everything held."),
        optional("final", FieldType::Bool, "Whether to release the rest and end the hold. Default: true."),
        optional(
            "excess",
            FieldType::Word(&["reject", "take_available"]),
            "What to do if the amount is more than is held: `reject` refuses the capture, `take_available` takes the missing coins from the available ones, as many as there are. Default: `reject`.",
        ),
        METADATA,
        REFERENCE,
    ],
    operation: |fields| {
        let takes_available = fields.text("excess") == Some("take_available");
        Ok(Operation::Capture {
            hold: fields.the_number("hold"),
            amount: fields.number("amount"),
            last: fields.flag("final").unwrap_or(true),
            excess: if takes_available { Excess::TakeAvailable } else { Excess::Reject },
        })
    },
    summary: "Capture a hold",
    about: "Takes held coins: spends them, or pays them to the user given when the hold was created.",
    schema: "CaptureEvent",
    refusals: &[
        Code::InsufficientFunds,
        Code::HoldNotFound,
        Code::HoldEnded,
        Code::HoldAmountExceeded,
        Code::AboveCeiling,
        Code::AccountFrozen,
        Code::UserClosed,
    ],
    statuses: &[201],
};

pub(crate) static RELEASE: Write = Write {
    op: Some("release"),
    right: Right::Spend,
    fields: &[in_path("hold", FieldType::Event, "The hold's id."), METADATA, REFERENCE],
    operation: |fields| Ok(Operation::Release { hold: fields.the_number("hold") }),
    summary: "Release a hold",
    about: "Makes all held coins available again and ends the hold.",
    schema: "ReleaseEvent",
    refusals: &[Code::HoldNotFound, Code::HoldEnded],
    statuses: &[201],
};

pub(crate) static EXTEND: Write = Write {
    op: Some("extend"),
    right: Right::Spend,
    fields: &[
        in_path("hold", FieldType::Event, "The hold's id."),
        required(
            "expires_at",
            FieldType::Time,
            "The new expiry of the hold; later than the current one, at most 400 days from now.",
        ),
        METADATA,
        REFERENCE,
    ],
    operation: |fields| {
        let expires_at = fields.instant("expires_at").unwrap_or_default();
        Ok(Operation::Extend { hold: fields.the_number("hold"), expires_at })
    },
    summary: "Extend a hold",
    about: "Sets a later expiry for a hold.",
    schema: "ExtendEvent",
    refusals: &[Code::HoldNotFound, Code::HoldEnded],
    statuses: &[201],
};

pub(crate) static GET: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[in_path("hold", FieldType::Event, "The hold's id.")],
    body: &[],
    run: Run::Async(|request| Box::pin(get(request))),
    summary: "Get a hold",
    about: "Returns a hold: its state, and the amounts held and captured.",
    schema: "Hold",
    refusals: &[Code::HoldNotFound],
};

/// What is known about a hold.
struct Told {
    state: &'static str,
    account: AccountId,
    amount: Amount,
    captured: Amount,
    to: Option<UserId>,
    created_at: Micros,
    expires_at: Option<Micros>,
    ended_at: Option<Micros>,
    lots: Vec<LotAmount>,
}

/// Who and what a hold is about, in the words of clients.
struct Names {
    user: String,
    coin: String,
    to: Option<String>,
}

impl Names {
    fn of(state: &State, account: AccountId, to: Option<UserId>) -> Self {
        let account = state.account(account);
        Self {
            user: state.user(account.user).id.to_string(),
            coin: state.coin(account.coin).code.to_string(),
            to: to.map(|to| state.user(to).id.to_string()),
        }
    }
}

async fn get(request: AsyncRequest) -> Result<Response, Problem> {
    let id = request.fields(GET.query)?.the_number("hold");
    let open = read_durable(&request, |ledger, _| ledger.state().hold(id).cloned()).await?;
    let engine = request.app.engine.clone();
    let told = match open {
        Some(hold) => Some(from_disk(move || open_hold(&engine, id, hold)).await?),
        None => from_disk(move || ended_hold(&engine, id)).await?,
    };
    let told = told.ok_or_else(|| Problem::from(&Refusal::HoldNotFound { hold: id }))?;
    let names = read_names(&request, |ledger, _| Names::of(ledger.state(), told.account, told.to)).await?;
    let mut out = Writer::with_capacity(384);
    tell(&mut out, id, &told, &names);
    Ok(Response::ok(out))
}

fn open_hold(engine: &Engine, id: u64, hold: Hold) -> Result<Told, EventError> {
    Ok(Told {
        state: "open",
        account: hold.account,
        amount: hold.amount,
        captured: hold.captured,
        to: hold.to,
        created_at: engine.event(id)?.at,
        expires_at: Some(hold.expires_at),
        ended_at: None,
        lots: hold.lots,
    })
}

/// A hold that has ended is only in the log any more.
fn ended_hold(engine: &Engine, id: u64) -> Result<Option<Told>, EventError> {
    let Some((ended_as, by)) = engine.ended_hold(id)? else { return Ok(None) };
    let made = engine.event(id)?;
    let not_a_hold = || EventError::Unreadable { event: id, reason: "it should have made a hold".to_owned() };
    let event = made.decode()?;
    let Fact::Moved(movement) = &event.fact else { return Err(not_a_hold()) };
    let MovementKind::Hold(terms) = movement.kind else { return Err(not_a_hold()) };
    let account = movement.a.account;
    Ok(Some(Told {
        state: ended_as.as_str(),
        account,
        amount: movement.amount,
        captured: captured(engine, id, account, by)?,
        to: terms.to,
        created_at: made.at,
        expires_at: None,
        ended_at: Some(engine.event(by)?.at),
        lots: Vec::new(),
    }))
}

/// What was captured from a hold: the sum over the account's events from its making to its end.
fn captured(engine: &Engine, id: u64, account: AccountId, ended_by: u64) -> Result<Amount, EventError> {
    const AT_ONCE: usize = 1_000;
    let mut before = ended_by + 1;
    let mut captured = 0;
    loop {
        let query = HistoryQuery {
            accounts: vec![(account, ended_by)],
            after: id,
            before,
            order: Order::Descending,
            limit: AT_ONCE,
        };
        let entries = engine.history(&query)?;
        for entry in &entries {
            if let Fact::Moved(movement) = &entry.event.decode()?.fact {
                captured += captured_by(movement, id);
            }
        }
        match entries.last() {
            Some(last) if entries.len() == AT_ONCE => before = last.event.number,
            _ => return Ok(captured),
        }
    }
}

/// How much of what a hold held this movement took; an excess came from elsewhere.
fn captured_by(movement: &Movement, id: u64) -> Amount {
    use tocos_ledger::Place;
    match movement.kind {
        MovementKind::Capture(terms) if terms.hold == id => {
            movement.legs.amount(Place::Hold, Place::Spent) + movement.legs.amount(Place::Hold, Place::B)
        }
        _ => 0,
    }
}

fn tell(out: &mut Writer, id: u64, told: &Told, names: &Names) {
    out.raw("{\"id\":");
    out.integer(id);
    out.raw(",\"state\":");
    out.word(told.state);
    out.raw(",\"user\":");
    out.text(&names.user);
    out.raw(",\"coin\":");
    out.plain(&names.coin);
    out.raw(",\"amount\":");
    out.integer(told.amount);
    out.raw(",\"held\":");
    out.integer(told.lots.iter().map(|part| part.amount).sum::<Amount>());
    out.raw(",\"captured\":");
    out.integer(told.captured);
    if let Some(expires_at) = told.expires_at {
        out.raw(",\"expires_at\":");
        out.time(expires_at);
    }
    if let Some(to) = &names.to {
        out.raw(",\"to\":");
        out.text(to);
    }
    out.raw(",\"created_at\":");
    out.time(told.created_at);
    if let Some(ended_at) = told.ended_at {
        out.raw(",\"ended_at\":");
        out.time(ended_at);
    }
    out.raw(",\"lots\":");
    rendering::lots(out, told.lots.iter().copied());
    out.raw("}");
}
