//! Schedules: grants that are to be made, one or again and again.

use tocos_ledger::{
    EVERY_DAYS_MAX, EVERY_MONTHS_MAX, EXPIRES_AFTER_S_MAX, Every, Lasting, Ledger, Operation, Plan, Refusal, Right,
    Rollover, Schedule, State,
};

use super::cursor::{self, List};
use super::grants::{CATEGORY, PRIORITY, category, priority};
use crate::json::Writer;
use crate::rendering::{self, Code, Problem, Response};
use crate::routing::{
    AsyncRequest, EXACT_MAX, Endpoint, Field, FieldType, Fields, METADATA, REFERENCE, Run, Write, in_path, optional,
    read_durable, required,
};

/// Occurrences that a preview has at most.
const PREVIEW_MAX: i64 = 1_000;

const SCHEDULE: Field = in_path("schedule", FieldType::Schedule, "The schedule's id, which you choose.");

pub(crate) static PUT: Write = Write {
    op: Some("schedule"),
    right: Right::Grant,
    fields: &[
        SCHEDULE,
        required("user", FieldType::User, "The receiver. A schedule stays with its user."),
        required("coin", FieldType::Coin, "The coin's code. A schedule stays with its coin."),
        required("amount", FieldType::Amount, "What each occurrence grants, in the coin's smallest unit."),
        optional(
            "every_days",
            FieldType::Integer(1, EVERY_DAYS_MAX as i64),
            "The time between occurrences, in days of 24 hours. Without `every_days` and `every_months` there is one occurrence.",
        ),
        optional(
            "every_months",
            FieldType::Integer(1, EVERY_MONTHS_MAX as i64),
            "The time between occurrences, in months of the calendar in UTC. A month that has no such day has its occurrence on its last day.",
        ),
        optional(
            "anchor",
            FieldType::Time,
            "From where occurrences are counted: occurrence 0 is at the anchor. Default: `starts_at`, else now; for an existing schedule the anchor that it has.",
        ),
        optional("starts_at", FieldType::Time, "No occurrence is before this time."),
        optional("ends_at", FieldType::Time, "No occurrence is at or after this time."),
        optional(
            "occurrences",
            FieldType::Integer(1, u32::MAX as i64),
            "No occurrence has this number or a higher one, counted from 0 at the anchor.",
        ),
        optional(
            "expires",
            FieldType::Word(&["never", "at_next"]),
            "When the coins of an occurrence expire: `at_next` is the time of the next occurrence. Default: `never`.",
        ),
        optional(
            "expires_after_s",
            FieldType::Integer(1, EXPIRES_AFTER_S_MAX as i64),
            "The coins of an occurrence expire so many seconds after it.",
        ),
        PRIORITY,
        CATEGORY,
        optional(
            "rollover_max",
            FieldType::Integer(1, EXACT_MAX),
            "How much of what is left of an occurrence goes on when the next one comes. Needs `expires: at_next`. Default: nothing.",
        ),
        optional(
            "rollover_expires",
            FieldType::Word(&["never", "at_next"]),
            "When what goes on expires: `at_next` is the occurrence after that. Default: `at_next`.",
        ),
        optional(
            "rollover_expires_after_s",
            FieldType::Integer(1, EXPIRES_AFTER_S_MAX as i64),
            "What goes on expires so many seconds after the occurrence that comes.",
        ),
        optional(
            "takes_effect",
            FieldType::Word(&["at_next", "now"]),
            "When a change of an existing schedule takes effect: with `now` also what its last occurrence granted follows the amount: what is missing is added to its coins, what is too much is taken from those that are left. Default: `at_next`.",
        ),
        METADATA,
        REFERENCE,
    ],
    operation: |fields| {
        Ok(Operation::PutSchedule {
            schedule: fields.the_text("schedule"),
            user: fields.the_text("user"),
            coin: fields.the_text("coin"),
            plan: plan(fields)?,
        })
    },
    summary: "Create or replace a schedule",
    about: "Creates a schedule that grants coins to a user by itself, once or again and again, or replaces what an existing one does from its next occurrence on.",
    schema: "ScheduleEvent",
    refusals: &[Code::UserNotFound, Code::CoinNotFound, Code::UserClosed, Code::AccountFrozen],
    statuses: &[201, 200],
};

/// What a request says that the schedule is to do. The list of fields bounds the numbers.
fn plan(fields: &Fields<'_>) -> Result<Plan, Problem> {
    let every = match (fields.integer("every_days"), fields.integer("every_months")) {
        (Some(_), Some(_)) => {
            return Err(Problem::invalid("every_months", "a period is of days or of months, not of both"));
        }
        (Some(days), None) => Every::Days(days as u16),
        (None, Some(months)) => Every::Months(months as u16),
        (None, None) => Every::Once,
    };
    let rollover_lasting = lasting(fields, "rollover_expires", "rollover_expires_after_s")?;
    let rollover = match (fields.number("rollover_max"), rollover_lasting) {
        (Some(max), lasting) => Some(Rollover { max, lasting: lasting.unwrap_or(Lasting::AtNext) }),
        (None, Some(_)) => return Err(Problem::invalid("rollover_max", "without it nothing rolls over")),
        (None, None) => None,
    };
    Ok(Plan {
        amount: fields.the_number("amount"),
        every,
        anchor: fields.instant("anchor"),
        starts_at: fields.instant("starts_at"),
        ends_at: fields.instant("ends_at"),
        occurrences: fields.integer("occurrences").map(|count| count as u32),
        lasting: lasting(fields, "expires", "expires_after_s")?.unwrap_or(Lasting::Never),
        priority: priority(fields),
        category: category(fields),
        rollover,
        now: fields.text("takes_effect") == Some("now"),
    })
}

fn lasting(
    fields: &Fields<'_>,
    expires: &'static str,
    expires_after_s: &'static str,
) -> Result<Option<Lasting>, Problem> {
    Ok(match (fields.text(expires), fields.integer(expires_after_s)) {
        (Some(_), Some(_)) => {
            return Err(Problem::invalid(expires_after_s, format_args!("it goes without {expires}")));
        }
        (_, Some(seconds)) => Some(Lasting::After(seconds as u32)),
        (Some("at_next"), None) => Some(Lasting::AtNext),
        (Some(_), None) => Some(Lasting::Never),
        (None, None) => None,
    })
}

pub(crate) static DELETE: Write = Write {
    op: Some("schedule_delete"),
    right: Right::Grant,
    fields: &[SCHEDULE, METADATA, REFERENCE],
    operation: |fields| Ok(Operation::EndSchedule { schedule: fields.the_text("schedule") }),
    summary: "Delete a schedule",
    about: "Ends a schedule. The coins that it granted stay.",
    schema: "ScheduleDeletedEvent",
    refusals: &[Code::ScheduleNotFound],
    statuses: &[200],
};

pub(crate) static PAUSE: Write = Write {
    op: Some("schedule_pause"),
    right: Right::Grant,
    fields: &[SCHEDULE, METADATA, REFERENCE],
    operation: |fields| Ok(Operation::PauseSchedule { schedule: fields.the_text("schedule") }),
    summary: "Pause a schedule",
    about: "Skips the occurrences of a schedule until it is resumed.",
    schema: "SchedulePausedEvent",
    refusals: &[Code::ScheduleNotFound],
    statuses: &[200],
};

pub(crate) static RESUME: Write = Write {
    op: Some("schedule_resume"),
    right: Right::Grant,
    fields: &[SCHEDULE, METADATA, REFERENCE],
    operation: |fields| Ok(Operation::ResumeSchedule { schedule: fields.the_text("schedule") }),
    summary: "Resume a schedule",
    about: "Goes on with the first occurrence from now on. A schedule that has none left is over.",
    schema: "ScheduleResumedEvent",
    refusals: &[Code::ScheduleNotFound],
    statuses: &[200],
};

pub(crate) static GET: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[in_path("schedule", FieldType::Schedule, "The schedule's id.")],
    body: &[],
    run: Run::Async(|request| Box::pin(get(request))),
    summary: "Get a schedule",
    about: "Returns what a schedule does, and when it does so next. One that is over is not found.",
    schema: "Schedule",
    refusals: &[Code::ScheduleNotFound],
};

pub(crate) static PREVIEW: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[
        in_path("schedule", FieldType::Schedule, "The schedule's id."),
        optional("count", FieldType::Integer(1, PREVIEW_MAX), "How many occurrences to list. Default: 12."),
    ],
    body: &[],
    run: Run::Async(|request| Box::pin(preview(request))),
    summary: "List the next occurrences of a schedule",
    about: "Lists what a schedule does next, if nothing is changed. A paused schedule does nothing.",
    schema: "Preview",
    refusals: &[Code::ScheduleNotFound],
};

pub(crate) static LIST: Endpoint = Endpoint {
    right: Some(Right::Read),
    query: &[
        optional("user", FieldType::User, "Only the schedules of this user."),
        optional("limit", FieldType::Integer(1, 1_000), "The maximum number of entries. Default: 100."),
        optional("cursor", FieldType::Cursor, "The `next_cursor` of the previous page."),
    ],
    body: &[],
    run: Run::Async(|request| Box::pin(list(request))),
    summary: "List schedules",
    about: "Lists the schedules that go on, ordered by id.",
    schema: "ScheduleList",
    refusals: &[Code::UserNotFound],
};

/// The schedule that a request names, as `read` shows it.
async fn look(
    request: &AsyncRequest,
    id: &str,
    read: impl FnOnce(&Schedule, &State) -> Writer,
) -> Result<Response, Problem> {
    let found = read_durable(request, |ledger, _| {
        let state = ledger.state();
        state.schedule_by_id(id).map(|(_, schedule)| read(schedule, state))
    });
    match found.await? {
        Some(out) => Ok(Response::ok(out)),
        None => Err(Problem::from(&Refusal::ScheduleNotFound { schedule: id.into() })),
    }
}

async fn get(request: AsyncRequest) -> Result<Response, Problem> {
    let fields = request.fields(GET.query)?;
    look(&request, fields.the_text("schedule"), |schedule, state| {
        let mut out = Writer::with_capacity(512);
        rendering::schedule(&mut out, schedule, state);
        out
    })
    .await
}

async fn preview(request: AsyncRequest) -> Result<Response, Problem> {
    let fields = request.fields(PREVIEW.query)?;
    let count = fields.number("count").unwrap_or(12) as usize;
    look(&request, fields.the_text("schedule"), |schedule, _| {
        let mut out = Writer::with_capacity(64 + count * 96);
        out.raw("{\"occurrences\":[");
        for (at, (number, due_at)) in schedule.upcoming().take(count).enumerate() {
            out.raw(if at == 0 { "" } else { "," });
            rendering::occurrence(&mut out, schedule, number, due_at);
        }
        out.raw("]}");
        out
    })
    .await
}

async fn list(request: AsyncRequest) -> Result<Response, Problem> {
    let fields = request.fields(LIST.query)?;
    let limit = fields.number("limit").unwrap_or(100) as usize;
    let last = fields.text("cursor").map(|cursor| cursor::decode(List::Schedules, cursor)).transpose()?;
    let out = read_durable(&request, |ledger, _| page(ledger, fields.text("user"), last.as_deref(), limit));
    Ok(Response::ok(out.await?.map_err(|refusal| Problem::from(&refusal))?))
}

/// Schedules behind `last`, and where the list goes on.
fn page(ledger: &Ledger, user: Option<&str>, last: Option<&str>, limit: usize) -> Result<Writer, Refusal> {
    let state = ledger.state();
    // Ids have no control characters, so this is right behind the last.
    let from = last.map(|last| format!("{last}\0")).unwrap_or_default();
    let mut found: Vec<&Schedule> = match user {
        Some(user) => {
            let user = ledger.require_user(user)?;
            let mut of_user: Vec<&Schedule> = state.schedules_of(user).map(|(_, schedule)| &**schedule).collect();
            of_user.retain(|schedule| schedule.id.as_str() >= from.as_str());
            of_user.sort_unstable_by(|one, other| one.id.cmp(&other.id));
            of_user
        }
        None => state.schedules_from(&from).take(limit + 1).map(|(_, schedule)| schedule).collect(),
    };
    let goes_on = found.len() > limit;
    found.truncate(limit);
    let mut out = Writer::with_capacity(64 + found.len() * 384);
    out.raw("{\"schedules\":[");
    for (at, schedule) in found.iter().enumerate() {
        out.raw(if at == 0 { "" } else { "," });
        rendering::schedule(&mut out, schedule, state);
    }
    out.raw("],\"next_cursor\":");
    match found.last().filter(|_| goes_on) {
        Some(last) => out.plain(&cursor::encode(List::Schedules, &last.id)),
        None => out.raw("null"),
    }
    out.raw("}");
    Ok(out)
}
