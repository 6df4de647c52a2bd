//! What other systems keep of a ledger: its events as the API shows them, as postings, and as tables in PostgreSQL that follow it.
//!
//! This crate knows neither HTTP nor files: who uses it brings a [`Service`] that answers requests. It has no rules of its own. What
//! moved is in the events; what follows from them here is verified against the balances that they name, and a copier stops
//! where the two differ.
//!
//! - [`event`], [`instant`]: events as the API writes them, and its times.
//! - [`postings`]: an event as amounts that add up to zero.
//! - [`journal`]: events as a journal for hledger and beancount.
//! - `lot`, `fold`: the state that follows from events: accounts, lots, holds, schedules.
//! - `rows`, `details`, `batch`: rows on their way into the tables.
//! - `schema`, `store`: the tables, and one transaction for each batch.
//! - [`service`]: what a copy asks of the ledger's service.
//! - [`copier`]: follows the feed. [`check`]: compares the tables with the ledger.

mod batch;
pub mod check;
pub mod copier;
mod details;
pub mod event;
mod fold;
pub mod instant;
pub mod journal;
mod lot;
pub mod postings;
mod rows;
mod schema;
pub mod service;
mod store;
mod trouble;

pub use copier::{Copier, Options};
pub use service::{Reply, Service};
pub use trouble::Trouble;
