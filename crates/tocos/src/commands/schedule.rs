//! `tocos schedule put|show|list|preview|pause|resume|delete`: grants that are made by themselves.

use clap::{Args, Subcommand};
use serde::Deserialize;

use super::amount;
use crate::client::{Request, encoded};
use crate::response::Decimals;
use crate::session::{ConnectionArgs, Fields, WriteArgs, parse};
use crate::table::{Side, Table};
use crate::terminal::print;
use crate::time::instant;
use crate::usage::Usage;

/// Grants that are made by themselves, once or again and again
#[derive(Args, Debug)]
pub(crate) struct ScheduleArgs {
    #[command(subcommand)]
    command: ScheduleCommand,
}

#[derive(Debug, Subcommand)]
enum ScheduleCommand {
    /// Create a schedule, or replace what it does from its next occurrence on
    Put(Box<Put>),
    /// Show what a schedule does, and when it does so next
    Show(Named),
    /// List schedules
    List(List),
    /// List the next occurrences of a schedule
    Preview(Preview),
    /// Skip occurrences until it is resumed
    Pause(Change),
    /// Go on with the first occurrence from now on
    Resume(Change),
    /// End a schedule; the coins that it granted stay
    Delete(Change),
}

#[derive(Args, Debug)]
struct Put {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The schedule's id, which you choose
    schedule: String,
    /// The receiver
    user: String,
    /// What each occurrence grants, in the coin's smallest unit
    #[arg(value_parser = amount, allow_negative_numbers = true)]
    amount: u64,
    /// Which coin
    #[arg(long, default_value = "toco")]
    coin: String,
    /// Days of 24 hours between occurrences; without this and --every-months there is one occurrence
    #[arg(long, value_name = "DAYS", conflicts_with = "every_months")]
    every_days: Option<u16>,
    /// Months of the calendar in UTC between occurrences
    #[arg(long, value_name = "MONTHS")]
    every_months: Option<u16>,
    /// The time from which occurrences are counted (RFC 3339) [default: --starts-at, else now, else the one it has]
    #[arg(long, value_name = "TIME", value_parser = instant)]
    anchor: Option<String>,
    /// No occurrence before this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = instant)]
    starts_at: Option<String>,
    /// No occurrence at or after this time (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = instant)]
    ends_at: Option<String>,
    /// How many occurrences, counted from the anchor
    #[arg(long, value_name = "COUNT")]
    occurrences: Option<u32>,
    /// When the coins expire: at_next is the time of the next occurrence [default: never]
    #[arg(long, value_parser = ["never", "at_next"], conflicts_with = "expires_after_s")]
    expires: Option<String>,
    /// The coins expire so many seconds after their occurrence
    #[arg(long, value_name = "SECONDS")]
    expires_after_s: Option<u32>,
    /// 0 to 100; coins with a lower one are taken first [default: 50]
    #[arg(long, value_parser = clap::value_parser!(u8).range(0..=100))]
    priority: Option<u8>,
    /// Promotional coins are taken before paid ones [default: paid]
    #[arg(long, value_parser = ["paid", "promotional"])]
    category: Option<String>,
    /// At most so much of what is left goes on at the next occurrence; needs --expires at_next
    #[arg(long, value_name = "AMOUNT", value_parser = amount, allow_negative_numbers = true)]
    rollover_max: Option<u64>,
    /// When what goes on expires [default: at_next]
    #[arg(long, value_parser = ["never", "at_next"], conflicts_with = "rollover_expires_after_s", requires = "rollover_max")]
    rollover_expires: Option<String>,
    /// What goes on expires so many seconds after the occurrence that comes
    #[arg(long, value_name = "SECONDS", requires = "rollover_max")]
    rollover_expires_after_s: Option<u32>,
    /// When a change takes effect: now also changes what the last occurrence granted [default: at_next]
    #[arg(long, value_parser = ["at_next", "now"])]
    takes_effect: Option<String>,
}

#[derive(Args, Debug)]
struct Named {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The schedule's id
    schedule: String,
}

#[derive(Args, Debug)]
struct List {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Only the schedules of this user
    #[arg(long)]
    user: Option<String>,
}

#[derive(Args, Debug)]
struct Preview {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The schedule's id
    schedule: String,
    /// How many occurrences, at most 1,000
    #[arg(long, default_value_t = 12)]
    count: u32,
}

#[derive(Args, Debug)]
struct Change {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The schedule's id
    schedule: String,
}

#[derive(Deserialize)]
struct Schedule {
    id: String,
    user: String,
    coin: String,
    amount: i64,
    #[serde(default)]
    every_days: Option<u16>,
    #[serde(default)]
    every_months: Option<u16>,
    #[serde(default)]
    expires: Option<String>,
    #[serde(default)]
    expires_after_s: Option<u32>,
    #[serde(default)]
    rollover_max: Option<i64>,
    paused: bool,
    next_at: Option<String>,
    last_at: Option<String>,
}

#[derive(Deserialize)]
struct SchedulePage {
    schedules: Vec<Schedule>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Occurrences {
    occurrences: Vec<Occurrence>,
}

#[derive(Deserialize)]
struct Occurrence {
    occurrence: u32,
    at: String,
    amount: i64,
    expires_at: Option<String>,
}

impl ScheduleArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            ScheduleCommand::Put(args) => args.run(),
            ScheduleCommand::Show(args) => args.run(),
            ScheduleCommand::List(args) => args.run(),
            ScheduleCommand::Preview(args) => args.run(),
            ScheduleCommand::Pause(args) => args.post("pause"),
            ScheduleCommand::Resume(args) => args.post("resume"),
            ScheduleCommand::Delete(args) => args.delete(),
        }
    }
}

fn path(schedule: &str) -> String {
    format!("/v1/schedules/{}", encoded(schedule))
}

impl Put {
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let fields = Fields::new()
            .with("user", self.user)
            .with("coin", self.coin)
            .with("amount", self.amount)
            .with_if("every_days", self.every_days)
            .with_if("every_months", self.every_months)
            .with_if("anchor", self.anchor)
            .with_if("starts_at", self.starts_at)
            .with_if("ends_at", self.ends_at)
            .with_if("occurrences", self.occurrences)
            .with_if("expires", self.expires)
            .with_if("expires_after_s", self.expires_after_s)
            .with_if("priority", self.priority)
            .with_if("category", self.category)
            .with_if("rollover_max", self.rollover_max)
            .with_if("rollover_expires", self.rollover_expires)
            .with_if("rollover_expires_after_s", self.rollover_expires_after_s)
            .with_if("takes_effect", self.takes_effect.as_deref());
        let response = session.write(Request::put(path(&self.schedule)), fields, &self.write)?;
        session.show_event(&response, self.write.dry_run)
    }
}

impl Named {
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let response = session.send(&Request::get(path(&self.schedule)))?;
        session.show(&response, |schedule: &Schedule| shown(schedule, session.decimals()))
    }
}

impl Preview {
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let request = Request::get(format!("{}/preview", path(&self.schedule))).query("count", self.count);
        session.show(&session.send(&request)?, |preview: &Occurrences| {
            if preview.occurrences.is_empty() {
                return "nothing: it is paused\n".to_owned();
            }
            let columns =
                [("occurrence", Side::Right), ("at", Side::Left), ("amount", Side::Right), ("expires", Side::Left)];
            let mut table = Table::new(columns);
            for each in &preview.occurrences {
                let expires = each.expires_at.clone().unwrap_or_default();
                table.row(vec![each.occurrence.to_string(), each.at.clone(), each.amount.to_string(), expires]);
            }
            table.text()
        })
    }
}

impl Change {
    fn post(self, what: &str) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let request = Request::post(format!("{}/{what}", path(&self.schedule)));
        let response = session.write(request, Fields::new(), &self.write)?;
        session.show_event(&response, self.write.dry_run)
    }

    fn delete(self) -> anyhow::Result<()> {
        if self.write.metadata.is_some() || self.write.reference.is_some() {
            return Err(Usage("--metadata, --reference: a deletion has none".to_owned()).into());
        }
        let session = self.connection.session()?;
        let response = session.write_request(Request::delete(path(&self.schedule)), &self.write)?;
        session.show_event(&response, self.write.dry_run)
    }
}

impl List {
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let request = Request::get("/v1/schedules").query("limit", 1_000).query_if("user", self.user);
        let mut next = session.send(&request)?;
        if session.json {
            return session.show(&next, |_: &SchedulePage| String::new());
        }
        let left = ["id", "user", "amount", "every", "next", "rollover"].map(|name| (name, Side::Left));
        let mut table = Table::new(left);
        let mut count = 0;
        loop {
            let page: SchedulePage = parse(&next)?;
            for schedule in &page.schedules {
                count += 1;
                let amount = session.decimals().coins(&schedule.coin, schedule.amount);
                let rollover = schedule.rollover_max.map(|max| max.to_string()).unwrap_or_default();
                let next_at = schedule.next_at.clone().unwrap_or_else(|| "paused".to_owned());
                table.row(vec![schedule.id.clone(), schedule.user.clone(), amount, every(schedule), next_at, rollover]);
            }
            let Some(cursor) = page.next_cursor else { break };
            next = session.send(&request.clone().query("cursor", cursor))?;
        }
        print(&if count == 0 { "no schedules\n".to_owned() } else { table.text() })?;
        Ok(())
    }
}

fn every(schedule: &Schedule) -> String {
    let some = |count: u16, unit: &str| if count == 1 { unit.to_owned() } else { format!("{count} {unit}s") };
    match (schedule.every_days, schedule.every_months) {
        (Some(days), _) => some(days, "day"),
        (_, Some(months)) => some(months, "month"),
        (None, None) => "once".to_owned(),
    }
}

fn shown(schedule: &Schedule, decimals: &Decimals) -> String {
    let mut text =
        format!("schedule {} of {}{}\n", schedule.id, schedule.user, if schedule.paused { ": paused" } else { "" });
    let mut line = |name: &str, value: &str| text.push_str(&format!("  {name:<9} {value}\n"));
    line("amount", &decimals.coins(&schedule.coin, schedule.amount));
    line("every", &every(schedule));
    match (schedule.expires.as_deref(), schedule.expires_after_s) {
        (_, Some(seconds)) => line("expires", &format!("after {seconds} s")),
        (Some("at_next"), None) => line("expires", "at the next occurrence"),
        _ => line("expires", "never"),
    }
    if let Some(max) = schedule.rollover_max {
        line("rollover", &decimals.coins(&schedule.coin, max));
    }
    for (name, at) in [("last", &schedule.last_at), ("next", &schedule.next_at)] {
        if let Some(at) = at {
            line(name, at);
        }
    }
    text
}
