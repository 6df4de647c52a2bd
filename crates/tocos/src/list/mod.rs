//! Lists of users and their coins in files: JSON arrays, one JSON object a line, and CSV, read and
//! written as streams. It defines rows and which of them are bad; it uses neither the API, the
//! network nor the terminal.

mod csv;
mod detect;
mod json;
mod loose;
mod row;
mod split;
mod write;

use std::collections::BTreeMap;
use std::fmt;
use std::io;

pub(crate) use self::detect::open;
pub(crate) use self::row::check_coin;
pub(crate) use self::write::{ListWriter, WrittenRow, check_csv_columns};

/// The longest text of one row, in bytes. Longer ones are bad rows; none is ever held whole.
pub(crate) const ROW_BYTES_MAX: usize = 1024 * 1024;

/// How many different names of ignored fields are remembered for the summary.
const IGNORED_NAMES_MAX: usize = 12;

/// How a file writes the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Format {
    /// One JSON array of users, or an object with such an array as `users`.
    Json,
    /// One JSON object a line.
    Ndjson,
    /// Comma separated, the first line names the columns.
    Csv,
}

impl Format {
    /// What the end of a file's name (or of an address's path) says, if anything.
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        let ending = name.rsplit_once('.')?.1.to_ascii_lowercase();
        match ending.as_str() {
            "json" => Some(Self::Json),
            "ndjson" | "jsonl" => Some(Self::Ndjson),
            "csv" | "tsv" => Some(Self::Csv),
            _ => None,
        }
    }
}

/// The position of a row in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Its first line, counted from 1.
    Line(u64),
    /// Item of a JSON array, counted from 0, and its first line.
    Item { index: u64, line: u64 },
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Line(line) => write!(f, "line {line}"),
            Self::Item { index, line } => write!(f, "item {index} (line {line})"),
        }
    }
}

/// One user of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Row {
    /// Where it stands.
    pub place: Place,
    /// The user's id, checked.
    pub id: String,
    /// The display name, checked.
    pub name: Option<String>,
    /// Coin code and amount in the coin's smallest unit, both checked, no code twice; 0 is possible.
    pub coins: Vec<(String, u64)>,
}

/// A row that can't be taken, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BadRow {
    /// Where it stands.
    pub place: Place,
    /// A sentence without its full stop.
    pub reason: String,
}

impl fmt::Display for BadRow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.reason)
    }
}

/// Why a list can't be read any further: unlike after a bad row, the next row can't be found.
#[derive(Debug)]
pub(crate) enum ListError {
    /// The file or connection broke.
    Io(io::Error),
    /// It is not a list of users.
    Broken(BadRow),
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "the list can't be read further: {error}"),
            Self::Broken(bad) => write!(f, "{bad}"),
        }
    }
}

impl std::error::Error for ListError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io(error) => Some(error),
            Self::Broken(_) => None,
        }
    }
}

impl From<io::Error> for ListError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

fn broken(place: Place, reason: impl Into<String>) -> ListError {
    ListError::Broken(BadRow { place, reason: reason.into() })
}

/// How to understand a file.
#[derive(Clone, Debug)]
pub(crate) struct ReadOptions {
    /// The format, or `None` to detect it from the first bytes.
    pub format: Option<Format>,
    /// Which coin a bare number means.
    pub coin: String,
    /// Columns or fields to leave out without a word.
    pub ignore: Vec<String>,
    /// The column or field that holds the id.
    pub id_column: String,
    /// The one that holds the name.
    pub name_column: String,
    /// The one that holds the coins.
    pub coins_column: String,
}

impl ReadOptions {
    /// A list as `tocos export` writes it.
    pub(crate) fn new(format: Option<Format>, coin: String, ignore: Vec<String>) -> Self {
        let [id_column, name_column, coins_column] = ["id", "name", "coins"].map(str::to_owned);
        Self { format, coin, ignore, id_column, name_column, coins_column }
    }

    /// # Errors
    /// One column is to hold two things.
    pub(crate) fn check(&self) -> Result<(), String> {
        let flags = [
            ("--id-column", &self.id_column),
            ("--name-column", &self.name_column),
            ("--coins-column", &self.coins_column),
        ];
        for (at, (flag, column)) in flags.iter().enumerate() {
            if let Some((other, _)) = flags[..at].iter().find(|(_, earlier)| earlier == column) {
                return Err(format!(
                    "{other} and {flag} both name `{column}`, and a column holds one thing; name another with one of them"
                ));
            }
        }
        Ok(())
    }

    /// Whether a flag names a column.
    fn names_columns(&self) -> bool {
        (&*self.id_column, &*self.name_column, &*self.coins_column) != ("id", "name", "coins")
    }
}

/// What was noticed about a file besides its rows.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// Fields that no user has, with how many rows had them.
    pub ignored_fields: BTreeMap<String, u64>,
    /// Columns that are read as coins by their names, where other columns were given names with flags.
    pub coin_columns: Vec<String>,
    /// The list says that it goes on behind a cursor: this file is one page of it.
    pub next_page_exists: bool,
}

impl Notes {
    fn ignored(&mut self, field: String) {
        if let Some(count) = self.ignored_fields.get_mut(&field) {
            *count += 1;
        } else if self.ignored_fields.len() < IGNORED_NAMES_MAX {
            self.ignored_fields.insert(field, 1);
        }
    }
}

/// Reads the rows of a list one by one.
pub(crate) trait Rows {
    /// The next row, good or bad; `None` at the end of the list.
    fn next_row(&mut self) -> Result<Option<Result<Row, BadRow>>, ListError>;

    /// What was noticed so far.
    fn notes(&self) -> &Notes;
}

#[cfg(test)]
mod tests;
