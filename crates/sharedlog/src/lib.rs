//! A log that several machines share: frames in order, each chained to the one before by its hash, and a lease that says
//! who should append.
//!
//! Safety is the chain alone: an append succeeds only where the frame before it has the hash that it was built on. The
//! lease only keeps two nodes from trying at the same time. This crate knows bytes, hashes and numbers; it does not
//! interpret frames.
//!
//! - [`SharedLog`]: what every such log can do.
//! - [`frame`], [`lease`], [`member`], [`fault`]: what goes in and comes out.
//! - [`memory`]: one in memory for simulations, which fails on request.
//! - [`postgres`]: one in PostgreSQL.

pub mod fault;
pub mod frame;
pub mod lease;
pub mod member;
pub mod memory;
pub mod postgres;
pub mod shared_log;

pub use fault::Fault;
pub use frame::{Appended, Hash, Head, Identity, NewFrame, Read, Stored};
pub use lease::{Candidate, Lease};
pub use member::{Announced, Announcement, Member};
pub use shared_log::{Appending, Durability, SharedLog};
