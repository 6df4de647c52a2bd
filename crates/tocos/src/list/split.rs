//! Cuts a stream of JSON into the texts of its values without holding more than one of them. It only
//! counts brackets and quotes: whether a text is JSON is for the parser to say, so that one bad value
//! does not spoil those behind it.

use std::io::{self, BufRead};

/// What `value` found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Cut {
    /// The whole text is in the buffer.
    Whole,
    /// The text is longer than allowed; it was skipped.
    TooLong,
    /// The stream ended inside the value.
    Ended,
}

/// A stream of JSON, read byte by byte.
pub(super) struct Splitter<R> {
    input: R,
    line: u64,
    bytes_max: usize,
}

impl<R: BufRead> Splitter<R> {
    pub(super) fn new(input: R, bytes_max: usize) -> Self {
        Self { input, line: 1, bytes_max }
    }

    /// The line of the byte that comes next, counted from 1.
    pub(super) fn line(&self) -> u64 {
        self.line
    }

    /// Skips white space and returns the next byte, without consuming it.
    pub(super) fn peek(&mut self) -> io::Result<Option<u8>> {
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            let blank = buffer.iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            let next = buffer.get(blank).copied();
            self.line += lines_in(&buffer[..blank]);
            self.input.consume(blank);
            if next.is_some() {
                return Ok(next);
            }
        }
    }

    /// Skips white space and takes the next byte if it is `wanted`.
    pub(super) fn take(&mut self, wanted: u8) -> io::Result<bool> {
        let found = self.peek()? == Some(wanted);
        if found {
            self.input.consume(1);
        }
        Ok(found)
    }

    /// Puts the text of the next value into `text`: all up to the `,` or `:` or closing bracket behind it,
    /// which stays in the stream.
    pub(super) fn value(&mut self, text: &mut Vec<u8>) -> io::Result<Cut> {
        text.clear();
        let mut scan = Scan::default();
        let mut too_long = false;
        loop {
            let buffer = self.input.fill_buf()?;
            if buffer.is_empty() {
                return Ok(Cut::Ended);
            }
            let end = buffer.iter().position(|byte| scan.ends_before(*byte));
            let part = &buffer[..end.unwrap_or(buffer.len())];
            if text.len() + part.len() > self.bytes_max {
                too_long = true;
            }
            if !too_long {
                text.extend_from_slice(part);
            }
            self.line += lines_in(part);
            let taken = part.len();
            self.input.consume(taken);
            if end.is_some() {
                return Ok(if too_long { Cut::TooLong } else { Cut::Whole });
            }
        }
    }
}

/// Where in a value the scan is.
#[derive(Default)]
struct Scan {
    depth: u32,
    in_string: bool,
    escaped: bool,
}

impl Scan {
    /// Moves over `byte`, unless the value ends before it.
    fn ends_before(&mut self, byte: u8) -> bool {
        if self.in_string {
            if self.escaped {
                self.escaped = false;
            } else if byte == b'\\' {
                self.escaped = true;
            } else if byte == b'"' {
                self.in_string = false;
            }
            return false;
        }
        match byte {
            b'"' => self.in_string = true,
            b'{' | b'[' => self.depth = self.depth.saturating_add(1),
            b'}' | b']' if self.depth == 0 => return true,
            b'}' | b']' => self.depth -= 1,
            b',' | b':' if self.depth == 0 => return true,
            _ => {}
        }
        false
    }
}

fn lines_in(bytes: &[u8]) -> u64 {
    bytes.iter().map(|byte| u64::from(*byte == b'\n')).sum()
}
