//! Events: single ones, and what comes after a number.

use tocos_ledger::{Mode, Operation, Right, Taking};

use crate::json::Writer;
use crate::rendering::{self, Code, Problem, Response};
use crate::routing::{
    AsyncRequest, Endpoint, FieldType, METADATA, REFERENCE, Run, Write, event_problem, from_disk, in_path, optional,
    read_names,
};

pub(crate) static REVERSE: Write = Write {
    op: Some("reverse"),
    right: Right::Grant,
    fields: &[
        in_path("event", FieldType::Event, "The number of the event to reverse."),
        optional("amount", FieldType::Amount, "The amount to reverse. Default: everything that is not reversed yet."),
        optional("renew_expires_at", FieldType::Time, "The new expiry of returned coins whose lot has expired."),
        optional(
            "mode",
            FieldType::Word(&["exact", "up_to"]),
            "up_to takes what is left to reverse and still there, possibly nothing, instead of being refused. Default: exact.",
        ),
        optional(
            "debt",
            FieldType::Bool,
            "Take also what is no longer there: it is owed in plain coins, whatever the floor. Default: false.",
        ),
        METADATA,
        REFERENCE,
    ],
    operation: |fields| {
        Ok(Operation::Reverse {
            event: fields.the_number("event"),
            // The engine reads it from the log.
            original: None,
            amount: fields.number("amount"),
            renew_expires_at: fields.instant("renew_expires_at"),
            taking: Taking {
                mode: if fields.text("mode") == Some("up_to") { Mode::UpTo } else { Mode::Exact },
                debt: fields.flag("debt").unwrap_or(false),
            },
        })
    },
    summary: "Reverse an event",
    about: "Returns the coins of a grant, spend, transfer, capture or expiry to where they came from. Reversing an expiry requires `renew_expires_at`. For a chargeback, `mode: up_to` takes what is still there, and `debt: true` lets the rest be owed.",
    schema: "ReverseEvent",
    refusals: &[
        Code::InsufficientFunds,
        Code::EventNotFound,
        Code::AlreadyReversed,
        Code::NotReversible,
        Code::AboveCeiling,
        Code::AccountFrozen,
        Code::UserClosed,
    ],
    statuses: &[201],
};

pub(crate) static GET: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[in_path("event", FieldType::Event, "The event number.")],
    body: &[],
    run: Run::Async(|request| Box::pin(get(request))),
    summary: "Get an event",
    about: "Returns an event by its number.",
    schema: "Event",
    refusals: &[Code::EventNotFound],
};

async fn get(request: AsyncRequest) -> Result<Response, Problem> {
    let number = request.fields(GET.query)?.the_number("event");
    let engine = request.app.engine.clone();
    let stored = from_disk(move || engine.event(number)).await?;
    let event = stored.decode().map_err(|error| event_problem(&error))?;
    let out = read_names(&request, |ledger, _| {
        let mut out = Writer::with_capacity(512);
        rendering::event(&mut out, &event, ledger.state());
        out
    });
    Ok(Response::ok(out.await?))
}
