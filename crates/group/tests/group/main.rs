//! The protocol of a group over the shared log in memory: rows of faults, one by one, and a seeded simulation.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on says so by panicking")]

mod failures;
mod frames;
mod model;
mod nodes;
mod recorder;
mod simulation;
mod wrapped;
