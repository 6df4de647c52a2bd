//! `tocos export`: the list of users and their coins, in a form that `tocos import` reads, or all events as a journal.

mod journal;

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, anyhow};
use clap::{Args, ValueEnum};
use tocos_copy::journal::Format as JournalFormat;

use self::journal::Span;
use crate::client::{Client, Request};
use crate::list::{Format, ListWriter, WrittenRow, check_csv_columns};
use crate::response::{CoinList, UserPage};
use crate::session::{ConnectionArgs, parse};
use crate::terminal::note;
use crate::time::{instant, micros};
use crate::usage::Usage;

const PAGE: u16 = 1000;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ExportFormat {
    /// The list as one JSON array of users
    Json,
    /// The list with one JSON object a line
    Ndjson,
    /// The list as comma separated values
    Csv,
    /// All events as a journal for hledger
    Hledger,
    /// All events as a journal for beancount
    Beancount,
}

impl ExportFormat {
    /// By the end of a file's name.
    fn from_name(name: &str) -> Option<Self> {
        let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
        match ending.as_deref() {
            Some("journal" | "hledger") => Some(Self::Hledger),
            Some("beancount" | "bean") => Some(Self::Beancount),
            _ => Format::from_name(name).map(|format| match format {
                Format::Json => Self::Json,
                Format::Ndjson => Self::Ndjson,
                Format::Csv => Self::Csv,
            }),
        }
    }
}

/// Write the list of users and their coins in a form that import reads, or all events as a journal
///
/// The list contains ids, names and totals. It does not contain metadata, limits, holds (held coins count
/// as the user's), the expiry, priority and category of lots, closed users or the history. Empty accounts
/// are omitted.
#[derive(Args, Debug)]
pub(crate) struct ExportArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// The format [default: by the file extension of --out, else json]
    #[arg(long, value_enum)]
    format: Option<ExportFormat>,
    /// For journals: the first instant; what was before is in opening balances
    #[arg(long, value_name = "TIME", value_parser = instant)]
    from: Option<String>,
    /// For journals: the end, which is not part of it
    #[arg(long, value_name = "TIME", value_parser = instant)]
    until: Option<String>,
    /// Write to this file atomically [default: stdout]
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Write an apostrophe before ids and names that a spreadsheet would take for a formula; for reading, not for import
    #[arg(long)]
    for_spreadsheets: bool,
}

impl ExportArgs {
    /// Asks for page after page and writes each row as it comes.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let session = self.connection.session()?;
        let named = self.out.as_deref().and_then(|path| ExportFormat::from_name(&path.to_string_lossy()));
        let format = self.format.or(named).unwrap_or(ExportFormat::Json);
        if self.for_spreadsheets && format != ExportFormat::Csv {
            return Err(anyhow!("--for-spreadsheets goes with CSV; add --format csv"));
        }
        let list = |format| What::List(Written { format, guards_formulas: self.for_spreadsheets });
        let what = match format {
            ExportFormat::Json => list(Format::Json),
            ExportFormat::Ndjson => list(Format::Ndjson),
            ExportFormat::Csv => list(Format::Csv),
            ExportFormat::Hledger => What::Journal(self.span(JournalFormat::Hledger)?),
            ExportFormat::Beancount => What::Journal(self.span(JournalFormat::Beancount)?),
        };
        if let (What::List(_), Some(_)) = (&what, self.from.as_ref().or(self.until.as_ref())) {
            return Err(Usage("--from and --until go with --format hledger and beancount".to_owned()).into());
        }
        match &self.out {
            None => {
                write_out(&session.client, what, BufWriter::new(io::stdout().lock()))?;
            }
            Some(path) => {
                let count = write_file(&session.client, what, path)?;
                let things = if matches!(what, What::List(_)) { "users" } else { "events" };
                note(&format!("{count} {things} written to {}", path.display()));
            }
        }
        Ok(())
    }

    fn span(&self, format: JournalFormat) -> anyhow::Result<Span> {
        let (from, until) = (self.from.as_deref().and_then(micros), self.until.as_deref().and_then(micros));
        if from.zip(until).is_some_and(|(from, until)| until <= from) {
            return Err(Usage("--until is after --from".to_owned()).into());
        }
        Ok(Span { format, from, until })
    }
}

/// What is written.
#[derive(Clone, Copy)]
enum What {
    List(Written),
    Journal(Span),
}

fn write_out<W: Write>(client: &Client, what: What, output: W) -> anyhow::Result<(u64, W)> {
    match what {
        What::List(written) => write_list(client, written, output),
        What::Journal(span) => journal::write(client, span, output),
    }
}

/// How the list is written.
#[derive(Clone, Copy)]
struct Written {
    format: Format,
    /// Nothing in it is a formula to a spreadsheet.
    guards_formulas: bool,
}

/// Writes beside the file and gives it its name when it is whole.
fn write_file(client: &Client, what: What, path: &Path) -> anyhow::Result<u64> {
    let mut name = path.file_name().ok_or_else(|| anyhow!("{} is not a file name", path.display()))?.to_owned();
    name.push(".part");
    let part = path.with_file_name(name);
    let file = File::create(&part).with_context(|| format!("{} can't be written", part.display()))?;
    let written = write_out(client, what, BufWriter::new(file)).and_then(|(count, output)| {
        output.get_ref().sync_all()?;
        fs::rename(&part, path)?;
        Ok(count)
    });
    if written.is_err() {
        // What is left of a list that is not whole would only mislead.
        drop(fs::remove_file(&part));
    }
    written.with_context(|| format!("{} was not written", path.display()))
}

fn write_list<W: Write>(client: &Client, written: Written, output: W) -> anyhow::Result<(u64, W)> {
    let coins = if written.format == Format::Csv { csv_columns(client)? } else { Vec::new() };
    let mut writer = ListWriter::new(written.format, output, &coins)?;
    if written.guards_formulas {
        writer.guard_formulas();
    }
    let (mut count, mut below_zero) = (0, 0_u64);
    let mut cursor: Option<String> = None;
    loop {
        let request = Request::get("/v1/users").query("limit", PAGE).query_if("cursor", cursor.as_deref());
        let page: UserPage = parse(&client.send(&request)?)?;
        for user in &page.users {
            let coins: BTreeMap<String, i64> = user
                .coins
                .iter()
                .filter(|(_, amount)| **amount != 0)
                .map(|(coin, amount)| (coin.clone(), *amount))
                .collect();
            below_zero += coins.values().map(|amount| u64::from(*amount < 0)).sum::<u64>();
            writer.row(&WrittenRow { id: &user.id, name: user.name.as_deref(), coins: &coins })?;
            count += 1;
        }
        cursor = page.next_cursor;
        if cursor.is_none() {
            break;
        }
    }
    let output = writer.finish()?;
    if below_zero > 0 {
        note(&format!("{below_zero} accounts are below zero; import refuses their rows"));
    }
    Ok((count, output))
}

fn csv_columns(client: &Client) -> anyhow::Result<Vec<String>> {
    let list: CoinList = parse(&client.send(&Request::get("/v1/coins"))?)?;
    let coins: Vec<String> = list.coins.into_iter().map(|coin| coin.code).collect();
    check_csv_columns(&coins).map_err(|reason| anyhow!(reason))?;
    Ok(coins)
}
