//! `tocos clock`: the ledger's time beside the system's, and what operators do about it.

use clap::{Args, Subcommand};
use jiff::{Span, SpanRelativeTo, Unit};
use serde::Deserialize;
use serde_json::json;

use crate::client::Request;
use crate::session::{ConnectionArgs, parse};
use crate::time::{instant, span};

/// Show the ledger's time, accept an implausible clock, or advance a test clock
#[derive(Args, Debug)]
pub(crate) struct ClockArgs {
    #[command(subcommand)]
    command: ClockCommand,
}

#[derive(Debug, Subcommand)]
enum ClockCommand {
    /// Show the ledger's time and the system clock
    Show(Show),
    /// Accept the system clock after `clock_implausible`: everything due by then expires permanently
    Accept(Accept),
    /// Move the time forward; only a server started with --test-clock does that
    Advance(Advance),
}

#[derive(Args, Debug)]
struct Show {
    #[command(flatten)]
    connection: ConnectionArgs,
}

#[derive(Args, Debug)]
struct Accept {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The expected system time, within a minute [default: the current system time]
    #[arg(long, value_name = "TIME", value_parser = instant)]
    system_time: Option<String>,
}

#[derive(Args, Debug)]
struct Advance {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// By how much: 90s, 30m, 12h, 30d (a day has 24 hours)
    #[arg(value_parser = span)]
    by: Span,
}

#[derive(Deserialize)]
struct Now {
    now: String,
}

#[derive(Deserialize)]
struct Clock {
    ledger_time: String,
    system_time: String,
    plausible: bool,
    ledger_ahead_s: i64,
}

impl Clock {
    fn text(&self) -> String {
        let word = match (self.plausible, self.ledger_ahead_s) {
            (false, _) => "implausible: nothing is written or expired until it is right, or accepted".to_owned(),
            (true, 0..=60) => "followed".to_owned(),
            (true, ahead_s) => format!("followed; the ledger is {ahead_s} s ahead and waits for it"),
        };
        format!("ledger  {}\nsystem  {}\nclock   {word}\n", self.ledger_time, self.system_time)
    }
}

impl ClockArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            ClockCommand::Show(args) => {
                let session = args.connection.session()?;
                let response = session.send(&Request::get("/v1/clock"))?;
                session.show(&response, Clock::text)
            }
            ClockCommand::Accept(args) => args.run(),
            ClockCommand::Advance(args) => args.run(),
        }
    }
}

impl Accept {
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let seen = match self.system_time {
            Some(seen) => seen,
            None => parse::<Clock>(&session.send(&Request::get("/v1/clock"))?)?.system_time,
        };
        let request = Request::post("/v1/clock/accept").json(&json!({ "system_time": seen }));
        let response = session.send(&request)?;
        session.show(&response, Clock::text)
    }
}

impl Advance {
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let seconds = self.by.total((Unit::Second, SpanRelativeTo::days_are_24_hours()))?.round() as u64;
        // Sent once: a second time would move the clock twice.
        let request = Request::post("/v1/test-clock/advance").json(&json!({ "seconds": seconds })).once();
        let response = session.send(&request)?;
        session.show(&response, |now: &Now| format!("it is now {}\n", now.now))
    }
}
