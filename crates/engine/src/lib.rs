//! The one writer, and the readers' view of what it wrote.
//!
//! Callers hand in operations from any thread. Each is decided at once, in memory, under a short lock, and its event
//! waits in a frame; one thread writes and syncs frames while the next one fills. A response may leave only when its
//! event is durable: callers await [`Engine::durable`]. A read sees memory, so it waits likewise.
//!
//! What may not enter: HTTP, JSON, and anything that knows what the rules are (that is `ledger`) or how bytes lie on
//! the disk (that is `journal`).

mod clock;
mod commit;
mod durable;
mod engine;
mod error;
mod history;
mod open;
mod opening;
mod past;
mod shared;
mod snapshot;
mod stats;
mod stored;
mod tables;
mod throttle;
mod verify;
mod writer;

#[cfg(test)]
mod simulation;

pub use clock::{ClockOptions, ClockReport, NotATestClock, OtherTime};
pub use durable::Durable;
pub use engine::{Engine, Seen};
pub use error::{BatchRejection, EventError, OpenFailure, Rejection, Unavailable};
pub use history::{HistoryEntry, HistoryQuery, Order};
pub use open::{EngineOptions, OpenReport};
pub use opening::{Opening, OpeningProgress, Stage};
pub use past::{Moment, PastAccount};
pub use stats::{Histogram, Stats};
pub use stored::StoredEvent;
pub use tables::TableOptions;
pub use tocos_journal::{Space, space};
pub use verify::{VerifyFailure, VerifyReport, verify};
pub use writer::{Batch, Submitted};
