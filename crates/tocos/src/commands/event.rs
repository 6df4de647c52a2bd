//! `tocos event N` and `tocos events`: what the ledger did, in order.

use std::time::Duration;

use anyhow::Context;
use clap::Args;

use super::page_limit;
use crate::client::Request;
use crate::describe::{Done, sentence, written};
use crate::response::{Event, EventPage};
use crate::session::{ConnectionArgs, Session, parse};
use crate::terminal::{print, print_bytes};

/// How long the server may keep a question for new events open.
const WAIT: Duration = Duration::from_secs(25);
/// How long to go on asking a server that went away while its events are being followed.
const PATIENCE: Duration = Duration::from_secs(300);

/// Show one event
#[derive(Args, Debug)]
pub(crate) struct EventArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The event's number
    event: u64,
}

/// Show events in order, and new ones as they come
#[derive(Args, Debug)]
pub(crate) struct EventsArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Start after this event number
    #[arg(long, value_name = "EVENT", default_value = "0")]
    after: u64,
    /// The maximum number of events [default: all]
    #[arg(long)]
    limit: Option<u64>,
    /// Events that the server sends at once, at most 1000
    #[arg(long, value_parser = page_limit, default_value = "1000", hide = true)]
    page: u16,
    /// Only the event that this idempotency key names
    #[arg(long, value_name = "KEY", group = "found_by", conflicts_with = "follow")]
    idempotency_key: Option<String>,
    /// Only events with this reference
    #[arg(long, value_name = "TEXT", group = "found_by", conflicts_with = "follow")]
    reference: Option<String>,
    /// Only events of this schedule: its changes, its occurrences, what rolled over
    #[arg(long, value_name = "ID", group = "found_by", conflicts_with = "follow")]
    schedule: Option<String>,
    /// Wait for new events and show them, until interrupted
    #[arg(long)]
    follow: bool,
}

impl EventArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let response = session.send(&Request::get(format!("/v1/events/{}", self.event)))?;
        session.show(&response, |event: &Event| {
            let at = event.at.as_deref().unwrap_or_default();
            format!("{at}  {}", written(event, session.decimals(), Done::Now))
        })
    }
}

impl EventsArgs {
    /// Asks for events, again and again, and prints each on a line.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let mut session = self.connection.session()?;
        if self.follow {
            session.client = session.client.patient(PATIENCE, |_, _| {});
        }
        let (mut after, mut left) = (self.after, self.limit.unwrap_or(u64::MAX));
        while left > 0 {
            let page = self.page(&session, after, left)?;
            if page.events.is_empty() && !self.follow {
                break;
            }
            for raw in &page.events {
                after = show(&mut session, raw.get())?;
                left -= 1;
            }
            after = page.next_after.unwrap_or(after);
            if after >= page.last_event && !self.follow {
                break;
            }
        }
        Ok(())
    }

    fn page(&self, session: &Session, after: u64, left: u64) -> anyhow::Result<EventPage> {
        let mut request = Request::get("/v1/events").query("after", after).query("limit", left.min(self.page.into()));
        let found_by =
            [("idempotency_key", &self.idempotency_key), ("reference", &self.reference), ("schedule", &self.schedule)];
        for (name, value) in found_by {
            if let Some(value) = value {
                request = request.query(name, value);
            }
        }
        if self.follow {
            request = request.query("wait_s", WAIT.as_secs()).timeout(WAIT + Duration::from_secs(30));
        }
        parse(&session.send(&request)?)
    }
}

/// Prints one event on a line and returns its number.
fn show(session: &mut Session, raw: &str) -> anyhow::Result<u64> {
    let event: Event = serde_json::from_str(raw).context("an event is not what this version of tocos expects")?;
    if event.kind == "coin" {
        session.forget_decimals();
    }
    if session.json {
        print_bytes(raw.as_bytes())?;
    } else {
        let at = event.at.as_deref().unwrap_or_default();
        print(&format!("{:>8}  {at}  {}\n", event.event, sentence(&event, session.decimals())))?;
    }
    Ok(event.event)
}
