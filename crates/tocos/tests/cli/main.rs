//! The real binary, driven as a user drives it: a real server on a port of its own, and the commands
//! that are its clients.

#![expect(clippy::unwrap_used, reason = "a test that can't go on says so by panicking")]

mod archive;
mod authorities;
mod clock;
mod commands;
mod crash;
mod demo;
mod export;
mod first_key;
mod group;
mod import;
mod list_server;
mod offline;
mod readme;
mod recipes;
mod recovering;
mod responses;
mod room;
mod serve;
mod server;
mod traces;
