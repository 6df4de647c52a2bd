//! Events found by the key, the reference or the schedule that they name, instead of by their numbers.

use tocos_engine::{Engine, EventError, StoredEvent};
use tocos_ledger::Mention;

use crate::json::Writer;
use crate::rendering::{self, Problem, Response};
use crate::routing::{AsyncRequest, Field, FieldType, Fields, event_problem, from_disk, optional, read};

pub(super) const IDEMPOTENCY_KEY: Field =
    optional("idempotency_key", FieldType::IdempotencyKey, "Only the event that this key names: one, or none.");
pub(super) const REFERENCE: Field =
    optional("reference", FieldType::Reference, "Only events with this reference of yours.");
pub(super) const SCHEDULE: Field = optional(
    "schedule",
    FieldType::Schedule,
    "Only events of this schedule: its changes, its occurrences, what rolled over.",
);

/// What to find events by.
#[derive(Debug)]
pub(super) enum Wanted {
    Key(String),
    Reference(String),
    Schedule(String),
}

impl Wanted {
    /// What a request wants, if not all events.
    ///
    /// # Errors
    /// It wants two things at once.
    pub(super) fn of(fields: &Fields<'_>) -> Result<Option<Self>, Problem> {
        let text = |field: &Field| fields.text(field.name).map(str::to_owned);
        let all = [
            (IDEMPOTENCY_KEY.name, text(&IDEMPOTENCY_KEY).map(Self::Key)),
            (REFERENCE.name, text(&REFERENCE).map(Self::Reference)),
            (SCHEDULE.name, text(&SCHEDULE).map(Self::Schedule)),
        ];
        let mut given = all.into_iter().filter_map(|(name, wanted)| Some((name, wanted?)));
        let first = given.next();
        if let (Some((first, _)), Some((second, _))) = (&first, given.next()) {
            return Err(Problem::invalid(
                second,
                format_args!("events are found by {first} or by {second}, not by both"),
            ));
        }
        let others = [("wait_s", fields.number("wait_s").is_some()), ("crossed", fields.flag("crossed") == Some(true))];
        let others = others.into_iter().find_map(|(name, is_given)| is_given.then_some(name));
        match (first, others) {
            (Some((name, _)), Some(other)) => {
                Err(Problem::invalid(other, format_args!("events found by {name} can't be waited for or filtered")))
            }
            (first, _) => Ok(first.map(|(_, wanted)| wanted)),
        }
    }

    fn find(&self, engine: &Engine, (after, until): (u64, u64), limit: usize) -> Result<Vec<StoredEvent>, EventError> {
        match self {
            Self::Key(key) => {
                let found = engine.event_of_key(key)?;
                Ok(found.into_iter().filter(|stored| (after + 1..=until).contains(&stored.number)).collect())
            }
            Self::Reference(text) => engine.events_with(Mention::Reference(text), (after, until), limit),
            Self::Schedule(id) => engine.events_with(Mention::Schedule(id), (after, until), limit),
        }
    }
}

/// A page of events behind event `after`.
pub(super) async fn page(
    request: &AsyncRequest,
    wanted: Wanted,
    after: u64,
    limit: usize,
) -> Result<Response, Problem> {
    let engine = request.app.engine.clone();
    let last = engine.durable_event();
    let found = from_disk(move || wanted.find(&engine, (after, last), limit)).await?;
    let is_full = found.len() == limit;
    let events = found.iter().map(StoredEvent::decode).collect::<Result<Vec<_>, _>>();
    let events = events.map_err(|error| event_problem(&error))?;
    let through = events.last().filter(|_| is_full).map_or(last.max(after), |event| event.number);
    let mut out = Writer::with_capacity(64 + events.len() * 384);
    out.raw("{\"events\":[");
    request.noted.note(last);
    // Whoever these events name was there when they were written.
    let rendered = read(&request.app, |ledger, _| {
        for (at, event) in events.iter().enumerate() {
            out.raw(if at == 0 { "" } else { "," });
            rendering::event(&mut out, event, ledger.state());
        }
        out
    });
    let mut out = rendered?.value;
    out.raw("],\"last_event\":");
    out.integer(last);
    out.raw(",\"next_after\":");
    out.integer(through);
    out.raw("}");
    Ok(Response::ok(out))
}
