//! The single writer, and reads of what it wrote.
//!
//! Callers submit operations from any thread. Each is decided immediately, in memory, under a short lock, and its event
//! is added to a frame. One thread writes and syncs frames while the next one is filled. A response may be sent only
//! when its event is durable: callers await [`Engine::durable`]. A read uses memory, so it waits likewise.
//!
//! This crate must not contain HTTP, JSON, rules (those are in `ledger`), or the format of bytes on the disk (that is
//! in `journal`).

mod as_of;
mod at_once;
mod clock;
mod commit;
mod durable;
mod engine;
mod error;
mod flow;
mod history;
mod job;
mod loading;
mod lookup;
mod member;
mod merging;
mod nearby;
mod open;
mod opening;
mod past;
mod recent;
mod report;
mod shared;
mod snapshot;
mod stats;
mod stored;
mod sweeping;
mod tables;
mod throttle;
mod verify;
mod writer;

#[cfg(test)]
mod simulation;

pub use as_of::AsOf;
pub use clock::{ClockOptions, ClockReport, NotATestClock, OtherTime};
pub use durable::Durable;
pub use engine::{Brought, Engine, Seen};
pub use error::{BatchRejection, EventError, OpenFailure, Rejection, Unavailable};
pub use history::{HistoryEntry, HistoryQuery, Order};
pub use member::{FollowError, Member};
pub use open::{EngineOptions, MemberOptions, OpenReport};
pub use opening::{Opening, OpeningProgress, Stage};
pub use past::{Moment, PastAccount};
pub use report::{Liability, LiabilityQuery, LiabilitySpan, ReportBasis, ReportError, SpanFlows, Step, There};
pub use stats::{Histogram, Stats};
pub use stored::StoredEvent;
pub use tables::{TableOptions, filter_bits_per_key};
pub use tocos_journal::{Space, space};
pub use verify::{VerifyFailure, VerifyReport, verify, verify_here, verify_on};
pub use writer::{Batch, Submitted};
