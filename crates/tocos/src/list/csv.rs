//! Lists as CSV: `id,name,coins`, or `id,name` and a column for each coin. The separator is a comma,
//! or the semicolon or tab that some spreadsheets write.

use std::cell::Cell;
use std::io::{self, BufRead, Read};
use std::rc::Rc;

use ::csv::{ByteRecord, ReaderBuilder};

use super::loose::shortened;
use super::row::{amount_from_text, check_coin, check_id, check_name};
use super::{BadRow, ListError, Notes, Place, ROW_BYTES_MAX, ReadOptions, Row, Rows, broken};

/// What a column holds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Column {
    Id,
    Name,
    Coin(String),
    Ignored,
}

/// Rows of CSV, one a record.
pub(super) struct CsvRows<R> {
    reader: ::csv::Reader<Metered<R>>,
    record_bytes: Rc<Cell<usize>>,
    columns: Vec<Column>,
    notes: Notes,
    record: ByteRecord,
}

impl<R: BufRead> CsvRows<R> {
    /// Reads the header; it decides what the columns mean.
    pub(super) fn new(mut input: R, options: &ReadOptions) -> Result<Self, ListError> {
        let delimiter = delimiter(input.fill_buf()?);
        let record_bytes = Rc::new(Cell::new(0));
        let reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .delimiter(delimiter)
            .from_reader(Metered { input, record_bytes: Rc::clone(&record_bytes) });
        let mut rows =
            Self { reader, record_bytes, columns: Vec::new(), notes: Notes::default(), record: ByteRecord::new() };
        if !rows.next_record()? {
            return Err(broken(Place::Line(1), "the file is empty; its first line names the columns, id,name,coins"));
        }
        let place = Place::Line(rows.line());
        rows.columns = columns(&rows.record, options).map_err(|reason| broken(place, reason))?;
        if options.names_columns() && !rows.record.iter().any(|cell| cell == options.coins_column.as_bytes()) {
            let codes = rows.columns.iter().filter_map(|column| match column {
                Column::Coin(code) => Some(code.clone()),
                _ => None,
            });
            rows.notes.coin_columns = codes.collect();
        }
        Ok(rows)
    }

    fn next_record(&mut self) -> Result<bool, ListError> {
        self.record_bytes.set(0);
        let line = self.reader.position().line();
        self.reader.read_byte_record(&mut self.record).map_err(|error| match error.into_kind() {
            ::csv::ErrorKind::Io(error) if error.kind() == io::ErrorKind::InvalidData => broken(
                Place::Line(line),
                format!("a row longer than {ROW_BYTES_MAX} bytes begins here or below; is a quote not closed?"),
            ),
            ::csv::ErrorKind::Io(error) => ListError::Io(error),
            _ => ListError::Io(io::Error::other("the CSV can't be read")),
        })
    }

    /// The first line of the record read last.
    fn line(&self) -> u64 {
        self.record.position().map_or(1, ::csv::Position::line)
    }

    fn row(&self, place: Place) -> Result<Row, String> {
        if self.record.len() != self.columns.len() {
            return Err(format!("the row has {} cells, the header has {}", self.record.len(), self.columns.len()));
        }
        let (mut id, mut name, mut coins) = (String::new(), None, Vec::new());
        for (number, (cell, column)) in self.record.iter().zip(&self.columns).enumerate() {
            if *column == Column::Ignored {
                continue;
            }
            let text = std::str::from_utf8(cell)
                .map_err(|error| format!("not UTF-8: byte {} of cell {}", error.valid_up_to(), number + 1))?;
            match column {
                Column::Id => text.trim().clone_into(&mut id),
                Column::Name => name = (!text.is_empty()).then(|| text.to_owned()),
                Column::Coin(code) => {
                    // An empty cell means: no account of this coin, as in a list where each has other coins.
                    if !text.trim().is_empty() {
                        coins.push((code.clone(), amount_from_text(code, text)?));
                    }
                }
                Column::Ignored => {}
            }
        }
        check_id(&id)?;
        check_name(name.as_deref())?;
        Ok(Row { place, id, name, coins })
    }
}

impl<R: BufRead> Rows for CsvRows<R> {
    fn next_row(&mut self) -> Result<Option<Result<Row, BadRow>>, ListError> {
        if !self.next_record()? {
            return Ok(None);
        }
        let place = Place::Line(self.line());
        Ok(Some(self.row(place).map_err(|reason| BadRow { place, reason })))
    }

    fn notes(&self) -> &Notes {
        &self.notes
    }
}

/// The separator that the first line uses most.
fn delimiter(start: &[u8]) -> u8 {
    let header = start.split(|byte| *byte == b'\n').next().unwrap_or_default();
    let count = |wanted: u8| header.iter().filter(|byte| **byte == wanted).count();
    let mut best = b',';
    for candidate in [b';', b'\t'] {
        if count(candidate) > count(best) {
            best = candidate;
        }
    }
    best
}

fn columns(header: &ByteRecord, options: &ReadOptions) -> Result<Vec<Column>, String> {
    let mut names = Vec::with_capacity(header.len());
    for cell in header {
        let name = std::str::from_utf8(cell).map_err(|_| "the header is not UTF-8".to_owned())?.trim();
        if names.contains(&name) {
            return Err(format!("the header names the column `{}` twice", shortened(name)));
        }
        names.push(name);
    }
    let (id, name, coins) = (&*options.id_column, &*options.name_column, &*options.coins_column);
    let header = || shortened(&names.join(","));
    for (wanted, usual, flag) in
        [(id, "id", "--id-column"), (name, "name", "--name-column"), (coins, "coins", "--coins-column")]
    {
        if wanted != usual && !names.contains(&wanted) {
            return Err(format!("{flag} names `{wanted}`, and no column of \"{}\" is called so", header()));
        }
    }
    if !names.contains(&id) {
        return Err(format!(
            "the first line of CSV names the columns, and none of \"{}\" is `{id}`; say which one holds the id with --id-column, and \
             likewise --name-column and --coins-column",
            header()
        ));
    }
    let one_coin = names.contains(&coins);
    let columns: Vec<Column> = names
        .iter()
        .map(|column| match *column {
            column if column == id => Ok(Column::Id),
            column if column == name => Ok(Column::Name),
            column if options.ignore.iter().any(|ignored| ignored == column) => Ok(Column::Ignored),
            column if column == coins => Ok(Column::Coin(options.coin.clone())),
            column if one_coin => Err(format!(
                "besides `{coins}` there is a column `{}`; leave it out with --ignore, name the column of names with \
                 --name-column, or name each coin's column by its code",
                shortened(column)
            )),
            code => check_coin(code).map(|()| Column::Coin(code.to_owned())).map_err(|reason| {
                format!(
                    "a column besides {id} and {name} is a coin: {reason}; leave it out with --ignore, or say what it holds with \
                     --name-column or --coins-column"
                )
            }),
        })
        .collect::<Result<_, _>>()?;
    if !columns.iter().any(|column| matches!(column, Column::Coin(_))) {
        return Err(format!(
            "the header names no column for coins: `{coins}`, or one for each coin; --coins-column names another"
        ));
    }
    Ok(columns)
}

/// Stops a record that grows without end, as one with a quote that is never closed does.
struct Metered<R> {
    input: R,
    record_bytes: Rc<Cell<usize>>,
}

impl<R: Read> Read for Metered<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.record_bytes.get() > ROW_BYTES_MAX {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "a row without end"));
        }
        let count = self.input.read(buffer)?;
        self.record_bytes.set(self.record_bytes.get() + count);
        Ok(count)
    }
}
