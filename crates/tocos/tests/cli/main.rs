//! The real binary, driven as a user drives it: a real server on a port of its own, and the commands
//! that are its clients.

mod answers;
mod commands;
mod demo;
mod export;
mod import;
mod list_server;
mod offline;
mod serve;
mod server;
