//! `tocos hold create|list|show|capture|release|extend`: reserve coins now, take them later.

use clap::{Args, Subcommand};
use jiff::Span;
use serde::Deserialize;

use super::amount;
use super::pages::PageArgs;
use crate::client::Request;
use crate::describe::lot;
use crate::response::{Decimals, Hold};
use crate::session::{ConnectionArgs, Fields, WriteArgs};
use crate::table::{Side, Table};
use crate::time::{after, instant, span};

/// Reserve coins now and take them later
#[derive(Args, Debug)]
pub(crate) struct HoldArgs {
    #[command(subcommand)]
    command: HoldCommand,
}

#[derive(Debug, Subcommand)]
enum HoldCommand {
    /// Reserve coins of a user; by default for 15 minutes
    Create(Create),
    /// List open holds, the oldest first
    List(List),
    /// Show a hold and its state
    Show(Show),
    /// Take all or some of the held coins, and release the rest
    Capture(Capture),
    /// Release all held coins
    Release(Release),
    /// Extend a hold: set a later expiry
    Extend(Extend),
}

#[derive(Args, Debug)]
struct Create {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// Whose coins
    user: String,
    /// The amount, in the coin's smallest unit
    #[arg(value_parser = amount, allow_negative_numbers = true)]
    amount: u64,
    /// Which coin
    #[arg(long, default_value = "toco")]
    coin: String,
    /// The time at which it expires (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = instant, conflicts_with = "timeout")]
    expires_at: Option<String>,
    /// Seconds until it expires, at most 400 days [default: 900]
    #[arg(long, value_name = "SECONDS")]
    timeout: Option<u64>,
    /// The user who receives the captured coins; if omitted, they are spent
    #[arg(long, value_name = "USER")]
    to: Option<String>,
}

#[derive(Args, Debug)]
struct List {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// Only holds of this user's coins
    #[arg(long)]
    user: Option<String>,
    /// Only holds of this coin
    #[arg(long)]
    coin: Option<String>,
    #[command(flatten)]
    pages: PageArgs,
}

#[derive(Deserialize)]
struct HoldPage {
    holds: Vec<Hold>,
}

#[derive(Args, Debug)]
struct Show {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The hold's number
    hold: u64,
}

#[derive(Args, Debug)]
struct Capture {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The hold's number
    hold: u64,
    /// The amount [default: everything held]
    #[arg(long, value_parser = amount, allow_negative_numbers = true)]
    amount: Option<u64>,
    /// Keep the rest held, for further captures
    #[arg(long)]
    keep_open: bool,
    /// If more is requested than is held: reject it, or take the rest from the available coins [default: reject]
    #[arg(long, value_parser = ["reject", "take_available"])]
    excess: Option<String>,
}

#[derive(Args, Debug)]
struct Release {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The hold's number
    hold: u64,
}

#[derive(Args, Debug)]
struct Extend {
    #[command(flatten)]
    connection: ConnectionArgs,
    #[command(flatten)]
    write: WriteArgs,
    /// The hold's number
    hold: u64,
    /// The new expiry, later than the current one (RFC 3339)
    #[arg(long, value_name = "TIME", value_parser = instant, required_unless_present = "expires_in", conflicts_with = "expires_in")]
    expires_at: Option<String>,
    /// The same, counted from now by this machine's clock: 30m, 12h, 7d
    #[arg(long, value_name = "SPAN", value_parser = span)]
    expires_in: Option<Span>,
}

impl HoldArgs {
    /// Asks and prints the response.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        match self.command {
            HoldCommand::Create(args) => args.run(),
            HoldCommand::List(args) => args.run(),
            HoldCommand::Show(args) => args.run(),
            HoldCommand::Capture(args) => args.run(),
            HoldCommand::Release(args) => args.run(),
            HoldCommand::Extend(args) => args.run(),
        }
    }
}

impl Create {
    fn run(self) -> anyhow::Result<()> {
        let fields = Fields::new()
            .with("user", self.user)
            .with("coin", self.coin)
            .with("amount", self.amount)
            .with_if("expires_at", self.expires_at)
            .with_if("timeout_s", self.timeout)
            .with_if("to", self.to);
        send(&self.connection, "/v1/holds".to_owned(), fields, &self.write)
    }
}

impl List {
    /// Asks for pages and prints each as it comes.
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        self.pages.show(&session, &self.request(), |page: &HoldPage, is_first| {
            match page.holds.is_empty() && is_first {
                true => "no open holds\n".to_owned(),
                false => holds_table(page, session.decimals()),
            }
        })
    }

    fn request(&self) -> Request {
        Request::get("/v1/holds").query_if("user", self.user.as_deref()).query_if("coin", self.coin.as_deref())
    }
}

fn holds_table(page: &HoldPage, decimals: &Decimals) -> String {
    let (left, right) = (Side::Left, Side::Right);
    let columns = [("id", right), ("user", left), ("held", left), ("to", left), ("created", left), ("ends", left)];
    let mut table = Table::new(columns);
    for hold in &page.holds {
        table.row(vec![
            hold.id.to_string(),
            hold.user.clone(),
            decimals.coins(&hold.coin, hold.held),
            hold.to.clone().unwrap_or_default(),
            hold.created_at.clone().unwrap_or_default(),
            hold.expires_at.clone().unwrap_or_default(),
        ]);
    }
    table.text()
}

impl Show {
    fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let response = session.send(&Request::get(format!("/v1/holds/{}", self.hold)))?;
        session.show(&response, |hold: &Hold| hold_text(hold, session.decimals()))
    }
}

impl Capture {
    fn run(self) -> anyhow::Result<()> {
        let fields = Fields::new()
            .with_if("amount", self.amount)
            .with_if("final", self.keep_open.then_some(false))
            .with_if("excess", self.excess);
        send(&self.connection, format!("/v1/holds/{}/capture", self.hold), fields, &self.write)
    }
}

impl Release {
    fn run(self) -> anyhow::Result<()> {
        send(&self.connection, format!("/v1/holds/{}/release", self.hold), Fields::new(), &self.write)
    }
}

impl Extend {
    fn run(self) -> anyhow::Result<()> {
        let expires_at = match self.expires_in {
            Some(span) => Some(after(span)?),
            None => self.expires_at,
        };
        let fields = Fields::new().with_if("expires_at", expires_at);
        send(&self.connection, format!("/v1/holds/{}/extend", self.hold), fields, &self.write)
    }
}

fn send(connection: &ConnectionArgs, path: String, fields: Fields, write: &WriteArgs) -> anyhow::Result<()> {
    let session = connection.session()?;
    let response = session.write(Request::post(path), fields, write)?;
    session.show_event(&response, write.dry_run)
}

fn hold_text(hold: &Hold, decimals: &Decimals) -> String {
    let amount = |amount| decimals.coins(&hold.coin, amount);
    let mut text = format!("hold {} of {}: {}\n", hold.id, hold.user, hold.state);
    let mut line = |name: &str, value: String| text.push_str(&format!("  {name:<9} {value}\n"));
    line("amount", amount(hold.amount));
    line("held", amount(hold.held));
    line("captured", amount(hold.captured));
    let times =
        [("created", &hold.created_at), ("ends", &hold.expires_at), ("ended", &hold.ended_at), ("to", &hold.to)];
    for (name, value) in times {
        if let Some(value) = value {
            line(name, value.clone());
        }
    }
    for each in hold.lots.iter().filter(|lot| lot.grant.is_some()) {
        line("lot", lot(each, &hold.coin, decimals));
    }
    text
}
