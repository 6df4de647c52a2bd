//! Reading the ledger and its log, and waiting until everything that a response depends on is durable.

use tocos_engine::{Brought, Durable, EventError, Seen, Unavailable};
use tocos_ledger::{Ledger, Micros, Refusal};

use crate::app::App;
use crate::json::rfc3339_text;
use crate::rendering::{Code, Problem};

/// Waits until everything that a response depends on is durable.
pub(crate) async fn wait_durable(durable: Durable) -> Result<(), Problem> {
    durable.await.map_err(|unavailable| unavailable_problem(&unavailable))
}

/// Reads from the ledger, briefly, under its lock. The result is returned when everything in it is durable.
pub(crate) async fn read_durable<R>(app: &App, read: impl FnOnce(&Ledger, Micros) -> R) -> Result<R, Problem> {
    let seen = self::read(app, read)?;
    wait_durable(app.engine.durable(seen.seen)).await?;
    Ok(seen.value)
}

/// Reads likewise, and leaves the waiting to the caller.
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
        Unavailable::Full { .. } => problem(Code::StorageFull).retry_after_s(10),
        Unavailable::Elsewhere { .. } => problem(Code::ArchiveUnavailable).retry_after_s(2),
        Unavailable::ShuttingDown => problem(Code::ShuttingDown).retry_after_s(2),
        Unavailable::Clock { ledger, system } => problem(Code::ClockImplausible)
            .with_text("ledger_time", rfc3339_text(*ledger))
            .with_text("system_time", rfc3339_text(*system))
            .retry_after_s(60),
    }
}
