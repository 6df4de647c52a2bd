//! `tocos clock advance`: move the time of a ledger that was started with a test clock.

use clap::{Args, Subcommand};
use jiff::{Span, SpanRelativeTo, Unit};
use serde::Deserialize;
use serde_json::json;

use crate::client::Request;
use crate::session::ConnectionArgs;
use crate::time::span;

/// Move the time of a ledger with a test clock
#[derive(Args, Debug)]
pub(crate) struct ClockArgs {
    #[command(subcommand)]
    command: ClockCommand,
}

#[derive(Debug, Subcommand)]
enum ClockCommand {
    /// Move the time forward; only a server started with --test-clock does that
    Advance(Advance),
}

#[derive(Args, Debug)]
struct Advance {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// How far: 90s, 30m, 12h, 30d (a day has 24 hours)
    #[arg(value_parser = span)]
    by: Span,
}

#[derive(Deserialize)]
struct Now {
    now: String,
}

impl ClockArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let ClockCommand::Advance(args) = self.command;
        let session = args.connection.session()?;
        let seconds = args.by.total((Unit::Second, SpanRelativeTo::days_are_24_hours()))?.round() as u64;
        // Sent once: a second time would move the clock twice.
        let request = Request::post("/v1/test-clock/advance").json(&json!({ "seconds": seconds })).once();
        let response = session.send(&request)?;
        session.show(&response, |now: &Now| format!("it is now {}\n", now.now))
    }
}
