//! The service as its clients meet it: real servers on ports of their own, each with a ledger of its own.

#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test that can't go on has failed")]

mod app;
mod as_of;
mod bad_input;
mod batch;
mod bounds;
mod client;
mod clock;
mod cluster;
mod coins;
mod console;
mod disk;
mod dry_run;
mod events;
mod forwarding;
mod found;
mod grants;
mod history;
mod holds;
mod http2;
mod idempotency;
mod internal;
mod keys;
mod limits;
mod nodes;
mod openapi;
mod ordered;
mod plain;
mod receiver;
mod recovering;
mod reports;
mod reverse;
mod rules_of_accounts;
mod schedules;
mod search;
mod shutdown;
mod spends;
mod status;
mod storage;
mod test_clock;
mod threads;
mod transfers;
mod users;
mod version;
mod webhooks;
