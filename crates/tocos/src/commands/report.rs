//! `tocos report liability`: what is owed to users at the ends of a span, and what changed it.

use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;

use crate::client::Request;
use crate::response::Decimals;
use crate::session::ConnectionArgs;
use crate::table::{Side, Table};
use crate::time::instant;

/// Report what is owed to users
#[derive(Args, Debug)]
pub(crate) struct ReportArgs {
    #[command(subcommand)]
    report: Report,
}

#[derive(Debug, Subcommand)]
enum Report {
    /// What users have of a coin at the beginning and the end of a span, and what changed it
    Liability(Liability),
}

#[derive(Args, Debug)]
struct Liability {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The coin's code
    #[arg(long, default_value = "toco")]
    coin: String,
    /// The beginning of the span (RFC 3339); the ledger's first event by default
    #[arg(long, value_name = "TIME", value_parser = instant)]
    from: Option<String>,
    /// The end of the span (RFC 3339), which is no longer in it; now by default
    #[arg(long, value_name = "TIME", value_parser = instant)]
    until: Option<String>,
    /// What there is a row for
    #[arg(long, value_enum, default_value_t = By::Total)]
    by: By,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum By {
    /// The whole span
    Total,
    /// Paid and promotional coins
    Category,
    /// Each month of the calendar, in UTC
    Month,
    /// Each day, in UTC; 1,200 at most
    Day,
}

impl By {
    fn word(self) -> &'static str {
        match self {
            Self::Total => "total",
            Self::Category => "category",
            Self::Month => "month",
            Self::Day => "day",
        }
    }
}

/// `GET /v1/reports/liability`
#[derive(Debug, Deserialize)]
struct LiabilityReport {
    coin: String,
    from: String,
    until: String,
    event: u64,
    rows: Vec<Row>,
    totals: Row,
    check: Check,
}

/// What was there, what changed it, and what was there then.
#[derive(Debug, Deserialize)]
struct Row {
    #[serde(default)]
    category: Option<String>,
    #[serde(default)]
    month: Option<String>,
    #[serde(default)]
    day: Option<String>,
    opening: i64,
    granted: i64,
    spent: i64,
    expired: i64,
    reversed: i64,
    #[serde(default)]
    converted: Option<i64>,
    closing: i64,
    held: i64,
}

/// The report beside the balances of all accounts.
#[derive(Debug, Deserialize)]
struct Check {
    balances: i64,
}

impl ReportArgs {
    /// Asks for the report and prints it.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let Report::Liability(args) = self.report;
        let session = args.connection.session()?;
        let request = Request::get("/v1/reports/liability")
            .query("coin", &args.coin)
            .query_if("from", args.from.as_deref())
            .query_if("until", args.until.as_deref())
            .query("by", args.by.word());
        let response = session.send(&request)?;
        session.show(&response, |report: &LiabilityReport| shown(report, args.by, session.decimals()))
    }
}

fn shown(report: &LiabilityReport, by: By, decimals: &Decimals) -> String {
    let numbers = ["opening", "granted", "spent", "expired", "reversed"].into_iter();
    let numbers = numbers.chain(matches!(by, By::Category).then_some("converted")).chain(["closing", "held"]);
    let mut table = Table::new(
        [(if matches!(by, By::Month | By::Day) { by.word() } else { "coins" }, Side::Left)]
            .into_iter()
            .chain(numbers.map(|name| (name, Side::Right))),
    );
    let mut add = |name: String, row: &Row| {
        let before = [row.opening, row.granted, row.spent, row.expired, row.reversed].into_iter();
        let converted = matches!(by, By::Category).then(|| row.converted.unwrap_or(0));
        let amounts = before.chain(converted).chain([row.closing, row.held]);
        table.row([name].into_iter().chain(amounts.map(|amount| decimals.amount(&report.coin, amount))).collect());
    };
    for row in &report.rows {
        let name = row.category.as_ref().or(row.month.as_ref()).or(row.day.as_ref());
        add(name.cloned().unwrap_or_else(|| report.coin.clone()), row);
    }
    if !matches!(by, By::Total) {
        add("total".to_owned(), &report.totals);
    }
    format!(
        "{} from {} until {}, as of event {}\n{}all accounts have {}, as the report says\n",
        report.coin,
        report.from,
        report.until,
        report.event,
        table.text(),
        decimals.coins(&report.coin, report.check.balances)
    )
}
