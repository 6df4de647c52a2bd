//! Writes a list of users, row by row, in the formats that can be read back.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Serialize;

use super::Format;

/// One user as the list writes it.
#[derive(Debug, Serialize)]
pub(crate) struct WrittenRow<'a> {
    pub id: &'a str,
    pub name: Option<&'a str>,
    pub coins: &'a BTreeMap<String, i64>,
}

/// Writes rows in one format.
pub(crate) struct ListWriter<W: Write> {
    kind: Kind<W>,
    rows: u64,
    guards_formulas: bool,
}

enum Kind<W: Write> {
    Json(W),
    Ndjson(W),
    Csv { writer: Box<::csv::Writer<W>>, coins: Vec<String> },
}

/// Says why these coins can't be columns of a CSV file, if they can't: a coin may be called like
/// another column.
pub(crate) fn check_csv_columns(coins: &[String]) -> Result<(), String> {
    match coins.iter().find(|coin| matches!(coin.as_str(), "id" | "name" | "coins")) {
        None => Ok(()),
        Some(coin) => Err(format!(
            "CSV can't carry a coin called `{coin}`: a column of that name means something else; use json or ndjson"
        )),
    }
}

impl<W: Write> ListWriter<W> {
    /// Begins a list. `coins` are the columns of CSV; the other formats need none.
    pub(crate) fn new(format: Format, mut output: W, coins: &[String]) -> io::Result<Self> {
        let kind = match format {
            Format::Json => {
                output.write_all(b"[")?;
                Kind::Json(output)
            }
            Format::Ndjson => Kind::Ndjson(output),
            Format::Csv => {
                let mut writer = Box::new(::csv::Writer::from_writer(output));
                let header = ["id", "name"].into_iter().chain(coins.iter().map(String::as_str));
                writer.write_record(header).map_err(io::Error::from)?;
                Kind::Csv { writer, coins: coins.to_vec() }
            }
        };
        Ok(Self { kind, rows: 0, guards_formulas: false })
    }

    /// From now on cells of CSV that a spreadsheet would take for a formula begin with an apostrophe
    /// (<https://owasp.org/www-community/attacks/CSV_Injection>).
    pub(crate) fn guard_formulas(&mut self) {
        self.guards_formulas = true;
    }

    /// Writes one user.
    ///
    /// # Errors
    /// Besides what writing may meet: a coin that is no column of this CSV.
    pub(crate) fn row(&mut self, row: &WrittenRow<'_>) -> io::Result<()> {
        match &mut self.kind {
            Kind::Json(output) => {
                output.write_all(if self.rows == 0 { b"\n" } else { b",\n" })?;
                serde_json::to_writer(output, row)?;
            }
            Kind::Ndjson(output) => {
                serde_json::to_writer(&mut *output, row)?;
                output.write_all(b"\n")?;
            }
            Kind::Csv { writer, coins } => {
                if let Some(coin) = row.coins.keys().find(|coin| !coins.contains(coin)) {
                    return Err(io::Error::other(format!(
                        "the coin `{coin}` came into being during the export and has no column; export again"
                    )));
                }
                for cell in [row.id, row.name.unwrap_or_default()] {
                    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']);
                    if self.guards_formulas && is_formula {
                        writer.write_field(format!("'{cell}")).map_err(io::Error::from)?;
                    } else {
                        writer.write_field(cell).map_err(io::Error::from)?;
                    }
                }
                for coin in coins {
                    let amount = row.coins.get(coin).map(i64::to_string).unwrap_or_default();
                    writer.write_field(amount).map_err(io::Error::from)?;
                }
                writer.write_record(None::<&[u8]>).map_err(io::Error::from)?;
            }
        }
        self.rows += 1;
        Ok(())
    }

    /// Ends the list and gives back what it was written to, flushed.
    pub(crate) fn finish(self) -> io::Result<W> {
        let mut output = match self.kind {
            Kind::Json(mut output) => {
                output.write_all(if self.rows == 0 { b"]\n" } else { b"\n]\n" })?;
                output
            }
            Kind::Ndjson(output) => output,
            Kind::Csv { writer, .. } => writer.into_inner().map_err(|error| io::Error::other(error.to_string()))?,
        };
        output.flush()?;
        Ok(output)
    }
}
