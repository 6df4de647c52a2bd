//! Opens a list, and detects its format from its first bytes if none was given.

use std::io::{BufRead, BufReader, Cursor, Read};

use super::csv::CsvRows;
use super::json::{ArrayRows, LineRows};
use super::split::{Cut, Splitter};
use super::{Format, ListError, Place, ReadOptions, Rows, broken};

/// How much of a file is read to detect its format.
const START_BYTES: u64 = 64 * 1024;
const READ_BYTES: usize = 256 * 1024;

/// Opens the list that `input` holds.
pub(crate) fn open(mut input: Box<dyn Read>, options: ReadOptions) -> Result<Box<dyn Rows>, ListError> {
    let mut start = Vec::new();
    input.by_ref().take(START_BYTES).read_to_end(&mut start)?;
    if start.starts_with(&[0xFF, 0xFE]) || start.starts_with(&[0xFE, 0xFF]) {
        return Err(broken(Place::Line(1), "the file is written in UTF-16; save it as UTF-8"));
    }
    // Some editors begin a file with a mark that is no part of it.
    let start = start.strip_prefix(b"\xEF\xBB\xBF").map(<[u8]>::to_vec).unwrap_or(start);
    let kind = kind(&start, options.format);
    let input = BufReader::with_capacity(READ_BYTES, Cursor::new(start).chain(input));
    Ok(match kind {
        Format::Json => Box::new(ArrayRows::new(input, options)),
        Format::Ndjson => Box::new(LineRows::new(input, options)),
        Format::Csv => Box::new(CsvRows::new(input, &options)?),
    })
}

fn kind(start: &[u8], said: Option<Format>) -> Format {
    match (said, start.trim_ascii_start().first()) {
        (Some(Format::Csv), _) => Format::Csv,
        (Some(Format::Ndjson), _) => Format::Ndjson,
        // A file called .json may well hold one object a line.
        (_, Some(b'{')) if !has_member_users(start) => Format::Ndjson,
        (Some(Format::Json), _) | (None, Some(b'{' | b'[')) => Format::Json,
        (None, _) => Format::Csv,
    }
}

/// Whether the object that begins here has a member `users` that is an array.
fn has_member_users(start: &[u8]) -> bool {
    let mut input = Splitter::new(start, start.len());
    scan_for_users(&mut input).unwrap_or(false)
}

fn scan_for_users<R: BufRead>(input: &mut Splitter<R>) -> std::io::Result<bool> {
    let mut text = Vec::new();
    if !input.take(b'{')? {
        return Ok(false);
    }
    loop {
        input.peek()?;
        if input.value(&mut text)? != Cut::Whole || !input.take(b':')? {
            return Ok(false);
        }
        let is_users = text.trim_ascii() == b"\"users\"";
        if is_users && input.peek()? == Some(b'[') {
            return Ok(true);
        }
        if input.value(&mut text)? != Cut::Whole || !input.take(b',')? {
            return Ok(false);
        }
    }
}
