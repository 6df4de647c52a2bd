//! Delivers events to endpoints: in order, at least once, signed as Standard Webhooks has it.
//!
//! - [`Delivery`] starts and ends it, on a thread of its own.
//! - `pump` delivers to one endpoint. An endpoint is a place in the log: what was not delivered is read again, never kept.
//! - `sending` resolves, connects, signs and sends; `address` says which addresses may be connected to.
//! - `attempts` keeps the last deliveries, for people to look at, and counts all of them.
//! - [`Source`] is what the crate knows of the ledger: where each endpoint stands, and pages of events as JSON.

mod address;
mod attempts;
mod backoff;
mod dispatch;
mod message;
mod options;
mod pump;
mod sending;
mod signature;
mod source;
mod target;

pub use address::{AddressPolicy, Range};
pub use attempts::{Attempt, Attempts, Figures};
pub use backoff::Patience;
pub use dispatch::Delivery;
pub use options::Options;
pub use sending::{Answer, HttpSender, Post, Sender};
pub use signature::{SECRET_PREFIX, secret_from_text, secret_text, sign};
pub use source::{Endpoint, Item, Page, Report, Source, Why};
pub use target::{Target, TargetError};
