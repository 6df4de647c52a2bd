//! The binary: `tocos serve`, and the commands that are clients of its API.
//!
//! `cli` knows which commands there are, `commands` has a file for each. `settings` and `service` are what
//! `serve` is made of; `restoring` makes a data directory from an archive;
//! `session` and `client` talk to a server; `list` reads and writes files of users; `response`,
//! `describe` and `table` put responses into words; `exit` turns the outcome into an exit code.

mod archiving;
mod cli;
mod client;
mod commands;
mod describe;
mod exit;
mod first_key;
mod group;
mod list;
mod notify;
mod response;
mod restoring;
mod room;
mod service;
mod session;
mod settings;
mod table;
mod terminal;
mod time;
mod traces;
mod usage;

use std::process::ExitCode;

fn main() -> ExitCode {
    exit::code(cli::run())
}
