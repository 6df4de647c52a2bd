//! Reading the ledger and its log, and waiting until everything that a response depends on is durable.

use tocos_engine::{Durable, EventError, Seen, Unavailable};
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
    }
}

/// The ledger is unavailable.
pub(crate) fn unavailable_problem(unavailable: &Unavailable) -> Problem {
    let problem = |code: Code| Problem::new(code, unavailable.to_string());
    match unavailable {
        Unavailable::Storage { .. } | Unavailable::Tables { .. } => problem(Code::StorageUnavailable).retry_after_s(2),
        Unavailable::Full { .. } => problem(Code::StorageFull).retry_after_s(10),
        Unavailable::ShuttingDown => problem(Code::ShuttingDown).retry_after_s(2),
        Unavailable::Clock { ledger, system } => problem(Code::ClockImplausible)
            .with_text("ledger_time", rfc3339_text(*ledger))
            .with_text("system_time", rfc3339_text(*system))
            .retry_after_s(60),
    }
}
