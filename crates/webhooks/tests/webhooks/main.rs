//! The delivery with a ledger and endpoints that are made up, on time that tests move; and its requests over real sockets.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

mod delivering;
mod sending;
mod world;
