//! Reading an archive: a small ledger whose objects are made by hand, whole and damaged in every way.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

mod faults;
mod log;
mod pruning;
mod restoring;
mod resuming;
mod world;
