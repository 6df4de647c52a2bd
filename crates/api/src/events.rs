//! Events: single ones, and what comes after a number.

use tocos_ledger::{Operation, Right};

use crate::answer::Answer;
use crate::fields::{METADATA, in_path, optional};
use crate::json::Writer;
use crate::kind::Kind;
use crate::problem::{Code, Problem};
use crate::render;
use crate::request::{Call, event_problem, from_disk, look};
use crate::route::{Endpoint, Run};
use crate::write::Write;

pub(crate) static REVERSE: Write = Write {
    op: Some("reverse"),
    right: Right::Grant,
    fields: &[
        in_path("event", Kind::Event, "The event whose coins go back."),
        optional("amount", Kind::Amount, "How many; all that is left to reverse without."),
        optional("renew_expires_at", Kind::Time, "New expiry for coins whose lot has expired meanwhile."),
        METADATA,
    ],
    operation: |fields| {
        Ok(Operation::Reverse {
            event: fields.the_number("event"),
            // The engine reads it from the log.
            original: None,
            amount: fields.number("amount"),
            renew_expires_at: fields.instant("renew_expires_at"),
        })
    },
    about: "Moves the coins of a grant, spend, transfer or capture back to the lots they came from.",
    answer: "ReverseEvent",
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
    query: &[in_path("event", Kind::Event, "Its number.")],
    body: &[],
    run: Run::Later(|call| Box::pin(get(call))),
    about: "An event by its number.",
    answer: "Event",
    refusals: &[Code::EventNotFound],
};

async fn get(call: Call) -> Result<Answer, Problem> {
    let number = call.fields(GET.query)?.the_number("event");
    let engine = call.app.engine.clone();
    let stored = from_disk(move || engine.event(number)).await?;
    let event = stored.decode().map_err(|error| event_problem(&error))?;
    let out = look(&call.app, |ledger, _| {
        let mut out = Writer::with_capacity(512);
        render::event(&mut out, &event, ledger.state());
        out
    });
    Ok(Answer::ok(out.await?))
}
