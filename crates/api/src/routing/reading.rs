//! Reading the ledger and its log, and waiting until everything that a response depends on is durable.

use std::time::{Duration, Instant};

use tocos_engine::{AsOf, Brought, EventError, Seen, Unavailable};
use tocos_ledger::{Ledger, Micros, Refusal};

use super::request::AsyncRequest;
use crate::app::App;
use crate::json::rfc3339_text;
use crate::rendering::{Code, Problem};

/// How long one who waits for an event pauses where this node lost the lead of its group, before it goes on as a follower's.
const AFTER_LOST_LEAD: Duration = Duration::from_millis(20);

/// How soon a reader looks again while the ledger is catching up with what is due, and how long.
const CATCHING_UP: Duration = Duration::from_millis(5);
const CATCHING_UP_MAX: Duration = Duration::from_secs(30);

/// Waits until everything that a response depends on is durable, and notes that it depends on it.
pub(crate) async fn wait_durable(request: &AsyncRequest, seen: AsOf) -> Result<(), Problem> {
    let durable = request.app.engine.durable(seen).await;
    durable.map_err(|unavailable| unavailable_problem(&unavailable))?;
    request.noted.note(seen.event);
    Ok(())
}

/// Ready when this event is durable, whoever leads the group then.
pub(crate) async fn reached(app: &App, event: u64) -> Result<(), Problem> {
    loop {
        match app.engine.durable_event_reached(event).await {
            Ok(()) => return Ok(()),
            // Another event will have that number.
            Err(Unavailable::LeadershipLost) => tokio::time::sleep(AFTER_LOST_LEAD).await,
            Err(unavailable) => return Err(unavailable_problem(&unavailable)),
        }
    }
}

/// Reads from the ledger, briefly, under its lock, when all that is due has been done. The result is returned when everything in it is durable.
pub(crate) async fn read_durable<R>(
    request: &AsyncRequest,
    read: impl FnOnce(&Ledger, Micros) -> R,
) -> Result<R, Problem> {
    let seen = read_settled(&request.app, read).await?;
    wait_durable(request, seen.seen).await?;
    Ok(seen.value)
}

/// The same as soon as what is due of one user has been done.
pub(crate) async fn read_user_durable<R>(
    request: &AsyncRequest,
    user: &str,
    read: impl FnOnce(&Ledger, Micros) -> R,
) -> Result<R, Problem> {
    let seen = read_user(&request.app, user, read)?;
    wait_durable(request, seen.seen).await?;
    Ok(seen.value)
}

/// Reads what nothing that is due changes, such as names. The result is returned when everything in it is durable.
pub(crate) async fn read_names<R>(
    request: &AsyncRequest,
    read: impl FnOnce(&Ledger, Micros) -> R,
) -> Result<R, Problem> {
    let seen = self::read(&request.app, read)?;
    wait_durable(request, seen.seen).await?;
    Ok(seen.value)
}

/// Reads when all that is due has been done, and leaves waiting for the disk to the caller.
pub(crate) async fn read_settled<R>(app: &App, read: impl FnOnce(&Ledger, Micros) -> R) -> Result<Seen<R>, Problem> {
    let mut read = Some(read);
    let given_up = Instant::now() + CATCHING_UP_MAX;
    loop {
        let looked = app.engine.read_settled(|ledger, now| read.take().map(|read| read(ledger, now)));
        match looked {
            Ok(Seen { value: Some(value), seen }) => return Ok(Seen { value, seen }),
            Err(unavailable) if unavailable != Unavailable::CatchingUp || Instant::now() >= given_up => {
                return Err(unavailable_problem(&unavailable));
            }
            Ok(_) | Err(_) => tokio::time::sleep(CATCHING_UP).await,
        }
    }
}

/// Reads when what is due of one user has been done.
pub(crate) fn read_user<R>(app: &App, user: &str, read: impl FnOnce(&Ledger, Micros) -> R) -> Result<Seen<R>, Problem> {
    app.engine.read_user(user, read).map_err(|unavailable| unavailable_problem(&unavailable))
}

/// Reads whatever may still be due.
pub(crate) fn read<R>(app: &App, read: impl FnOnce(&Ledger, Micros) -> R) -> Result<Seen<R>, Problem> {
    app.engine.read(read).map_err(|unavailable| unavailable_problem(&unavailable))
}

/// Reads from the log, on a thread that may wait for the disk.
pub(crate) async fn from_disk<R: Send + 'static>(
    read: impl FnOnce() -> Result<R, EventError> + Send + 'static,
) -> Result<R, Problem> {
    match tokio::task::spawn_blocking(read).await {
        Ok(Ok(value)) => Ok(value),
        Ok(Err(error)) => Err(event_problem(&error)),
        Err(_panicked) => Err(Problem::new(Code::InternalError, "Reading the log failed. See the service's log.")),
    }
}

/// An event could not be read.
pub(crate) fn event_problem(error: &EventError) -> Problem {
    match error {
        EventError::NotFound { event } => Problem::from(&Refusal::EventNotFound { event: *event }),
        EventError::Unreadable { .. } => Problem::new(Code::StorageUnavailable, format!("{error}.")),
        EventError::Tables { cause } => Problem::new(Code::StorageUnavailable, cause.clone()).retry_after_s(2),
        EventError::Elsewhere { .. } | EventError::Unreachable { .. } => {
            let detail = format!("{}.", in_capital(&error.to_string()));
            Problem::new(Code::ArchiveUnavailable, detail).retry_after_s(10)
        }
    }
}

fn in_capital(text: &str) -> String {
    let mut rest = text.chars();
    rest.next().map(|first| first.to_uppercase().chain(rest).collect()).unwrap_or_default()
}

/// Why an operation was not decided.
#[derive(Debug)]
pub(crate) enum Undecided {
    /// It rests on these events, which are in the archive. Nothing was done: bring them, and decide again.
    Elsewhere(Vec<u64>),
    /// For good.
    Problem(Problem),
}

impl From<Problem> for Undecided {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

impl Undecided {
    pub(crate) fn of(unavailable: Unavailable) -> Self {
        match unavailable {
            Unavailable::Elsewhere { events } => Self::Elsewhere(events),
            unavailable => Self::Problem(unavailable_problem(&unavailable)),
        }
    }
}

/// How often events are brought for one request. Each time brings all that is known to be needed, so it takes two or three.
const ROUNDS_MAX: usize = 8;

/// What was brought for a request, at hand until this is dropped.
#[derive(Debug, Default)]
pub(crate) struct Supply {
    brought: Vec<Brought>,
}

impl Supply {
    /// Brings what deciding rests on, on a thread that may wait for the archive; or gives the problem that remains.
    pub(crate) async fn fetch(&mut self, app: &App, undecided: Undecided) -> Result<(), Problem> {
        let events = match undecided {
            Undecided::Problem(problem) => return Err(problem),
            Undecided::Elsewhere(events) => events,
        };
        if self.brought.len() == ROUNDS_MAX {
            return Err(unavailable_problem(&Unavailable::Elsewhere { events }));
        }
        let engine = app.engine.clone();
        self.brought.push(from_disk(move || engine.bring(&events)).await?);
        Ok(())
    }
}

/// The ledger is unavailable.
pub(crate) fn unavailable_problem(unavailable: &Unavailable) -> Problem {
    let problem = |code: Code| Problem::new(code, unavailable.to_string());
    match unavailable {
        Unavailable::Storage { .. } | Unavailable::Tables { .. } => problem(Code::StorageUnavailable).retry_after_s(2),
        Unavailable::CatchingUp => problem(Code::Recovering).retry_after_s(1),
        Unavailable::Full { .. } => problem(Code::StorageFull).retry_after_s(10),
        Unavailable::Elsewhere { .. } => problem(Code::ArchiveUnavailable).retry_after_s(2),
        Unavailable::NotLeader => problem(Code::NotLeader).retry_after_s(1),
        Unavailable::LeadershipLost => problem(Code::OutcomeUnknown).retry_after_s(1),
        Unavailable::ShuttingDown => problem(Code::ShuttingDown).retry_after_s(2),
        Unavailable::Clock { ledger, system } => problem(Code::ClockImplausible)
            .with_text("ledger_time", rfc3339_text(*ledger))
            .with_text("system_time", rfc3339_text(*system))
            .retry_after_s(60),
    }
}
