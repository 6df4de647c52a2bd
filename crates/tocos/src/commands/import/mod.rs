//! `tocos import FILE|URL|-`: brings users and their coins into a ledger. Rows come in as a stream and go
//! out in chunks; every operation has a key made from the label, the user and the coin, so that an import
//! that was interrupted is simply run again: what is there already stays as it is.

mod apply;
mod report;
mod source;

use std::io::Read;
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::{ProgressBar, ProgressStyle};

use self::apply::{CHUNK_OPERATIONS, CHUNK_USERS, Importer};
pub(crate) use self::report::Summary;
use crate::client::{Client, ClientError};
use crate::exit::AlreadyTold;
use crate::list::{self, Format, ListError, ReadOptions, Row, check_coin};
use crate::session::ConnectionArgs;
use crate::terminal::{note, print};
use crate::usage::Usage;

/// Import users and their coins into the ledger
///
/// Reads a JSON array of {"id","name","coins"}, an object with such an array as "users", one such object
/// a line (NDJSON), or CSV with a header (id,name,coins or id,name and a column for each coin). "coins" is
/// a whole number (of the coin that --coin names) or an object by coin; an id may be a number.
///
/// Run it again after an interruption: it continues, and grants nothing twice. Under one --label, each user
/// gets each coin at most once. Users who exist already keep their name and metadata.
#[derive(Args, Debug)]
pub(crate) struct ImportArgs {
    #[command(flatten)]
    connection: ConnectionArgs,
    /// A file, an address (http:// or https://), or - for stdin
    #[arg(value_name = "FILE|URL|-")]
    source: String,
    /// The format [default: detected from the first bytes]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Which coin a bare number means
    #[arg(long, default_value = "toco", value_parser = coin_code)]
    coin: String,
    /// The label of this import: under one label each user gets each coin at most once
    #[arg(long, default_value = "import", value_parser = label)]
    label: String,
    /// Give users who exist already the names of the list
    #[arg(long)]
    update_names: bool,
    /// At a row that can't be imported: stop after the rows before it, or report it and continue
    #[arg(long, value_enum, default_value = "stop")]
    on_error: OnError,
    /// A column or field to ignore; may be given several times
    #[arg(long, value_name = "NAME")]
    ignore: Vec<String>,
    /// The column or field that holds the id
    #[arg(long, value_name = "NAME", default_value = "id")]
    id_column: String,
    /// The column or field that holds the display name
    #[arg(long, value_name = "NAME", default_value = "name")]
    name_column: String,
    /// The column or field that holds the coins
    #[arg(long, value_name = "NAME", default_value = "coins")]
    coins_column: String,
    /// How long to retry when the server is unreachable or busy
    #[arg(long, value_name = "SECONDS", default_value = "60")]
    retry_for: u64,
    /// Read and check the whole list, and send nothing
    #[arg(long)]
    check: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum OnError {
    /// Stop, with exit code 1
    Stop,
    /// Report the row and continue
    Skip,
}

fn coin_code(text: &str) -> Result<String, String> {
    check_coin(text).map(|()| text.to_owned())
}

fn label(text: &str) -> Result<String, String> {
    let good = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if (1..=64).contains(&text.len()) && text.bytes().all(good) {
        Ok(text.to_owned())
    } else {
        Err("a label has 1 to 64 of A-Z a-z 0-9 . _ -".to_owned())
    }
}

impl ImportArgs {
    /// Reads, sends and sums up.
    pub(crate) fn run(self) -> anyhow::Result<()> {
        let retry_for = Duration::from_secs(self.retry_for);
        let source = source::open(&self.source, self.connection.ca_file.as_deref())?;
        let format = self.format.or_else(|| Format::from_name(&source.name));
        let options = ReadOptions {
            id_column: self.id_column,
            name_column: self.name_column,
            coins_column: self.coins_column,
            ..ReadOptions::new(format, self.coin, self.ignore)
        };
        options.check().map_err(Usage)?;
        let bar = progress_bar(source.length);
        let told = bar.clone();
        let mut session = self.connection.session()?;
        session.client = session.client.patient(retry_for, move |error, delay| {
            told.suspend(|| note(&format!("{}; asking again in {:.1} s", short(error), delay.as_secs_f64())));
        });
        let input = Box::new(bar.wrap_read(source.input));
        let plan =
            Plan { label: self.label, update_names: self.update_names, on_error: self.on_error, check: self.check };
        let (summary, outcome) = plan.import(&session.client, input, options, &bar);
        bar.finish_and_clear();
        print(&if session.json { summary.json()? } else { summary.text(plan.check) })?;
        outcome
    }
}

fn short(error: &ClientError) -> String {
    match error {
        ClientError::Unreachable { reason, .. } => format!("no answer: {reason}"),
        ClientError::Untrusted { .. } => error.to_string(),
        ClientError::Refused(problem) | ClientError::Unavailable(problem) => problem.title.clone(),
    }
}

fn progress_bar(length: Option<u64>) -> ProgressBar {
    let (bar, template) = match length {
        Some(length) => (ProgressBar::new(length), "{bar:40} {percent:>3} %  {bytes}/{total_bytes}  {msg}  {eta} left"),
        None => (ProgressBar::no_length(), "{spinner}  {bytes}  {msg}  {elapsed}"),
    };
    match ProgressStyle::with_template(template) {
        Ok(style) => bar.with_style(style),
        Err(_) => bar,
    }
}

/// How to import, with the input left out.
pub(crate) struct Plan {
    /// Part of the key of each operation.
    pub label: String,
    /// Users who exist already get the list's names.
    pub update_names: bool,
    /// What to do about rows that can't be taken.
    pub on_error: OnError,
    /// Only read and check.
    pub check: bool,
}

impl Plan {
    /// Imports a list. What was done is in the summary, however it ended.
    pub(crate) fn import(
        &self,
        client: &Client,
        input: Box<dyn Read>,
        options: ReadOptions,
        bar: &ProgressBar,
    ) -> (Summary, anyhow::Result<()>) {
        let mut importer = Importer::new(client, self, bar);
        let outcome = self.feed(&mut importer, input, options);
        (importer.summary, outcome)
    }

    fn feed(&self, importer: &mut Importer<'_>, input: Box<dyn Read>, options: ReadOptions) -> anyhow::Result<()> {
        if !self.check {
            importer.look_at_coins()?;
        }
        let mut rows = list::open(input, options)?;
        let mut chunk: Vec<Row> = Vec::new();
        let mut operations = 0;
        let end = loop {
            match rows.next_row() {
                Ok(Some(Ok(row))) => {
                    operations += 1 + row.coins.len();
                    chunk.push(row);
                }
                Ok(Some(Err(bad))) => {
                    importer.bad_row(&bad);
                    if self.on_error == OnError::Stop {
                        break Err(AlreadyTold.into());
                    }
                }
                Ok(None) => break Ok(()),
                Err(ListError::Io(error)) => break Err(ListError::Io(error).into()),
                Err(error) => break Err(anyhow::Error::from(error).context("the list is broken")),
            }
            if chunk.len() >= CHUNK_USERS || operations >= CHUNK_OPERATIONS {
                importer.take(&mut chunk)?;
                operations = 0;
            }
        };
        importer.take(&mut chunk)?;
        importer.summary.notice(rows.notes());
        importer.summary.complete = end.is_ok();
        if importer.summary.next_page_exists {
            // What is missing must not be missed.
            return end.and(Err(AlreadyTold.into()));
        }
        end
    }
}
