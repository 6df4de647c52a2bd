//! Lists as JSON: an array (bare, or as `users` of an object), or one object a line.

use std::io::{BufRead, Read};

use super::row::from_json;
use super::split::{Cut, Splitter};
use super::{BadRow, ListError, Notes, Place, ROW_BYTES_MAX, ReadOptions, Row, Rows, broken};

/// An array of users, or an object whose `users` is one.
pub(super) struct ArrayRows<R> {
    input: Splitter<R>,
    options: ReadOptions,
    notes: Notes,
    text: Vec<u8>,
    index: u64,
    wrapped: bool,
    stage: Stage,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    Start,
    Items,
    Done,
}

impl<R: BufRead> ArrayRows<R> {
    pub(super) fn new(input: R, options: ReadOptions) -> Self {
        Self {
            input: Splitter::new(input, ROW_BYTES_MAX),
            options,
            notes: Notes::default(),
            text: Vec::new(),
            index: 0,
            wrapped: false,
            stage: Stage::Start,
        }
    }

    fn here(&self) -> Place {
        Place::Line(self.input.line())
    }

    fn broken_here(&self, reason: &str) -> ListError {
        broken(self.here(), reason)
    }

    /// Reads up to the first item. False if there is no array at all.
    fn start(&mut self) -> Result<(), ListError> {
        if self.input.take(b'{')? {
            self.wrapped = true;
            return self.members(true);
        }
        if !self.input.take(b'[')? {
            return Err(self.broken_here("a JSON array of users begins with [ here"));
        }
        self.stage = Stage::Items;
        Ok(())
    }

    /// Reads the members of the object around the array: up to the array `users` when it is still to
    /// come, else to the object's end.
    fn members(&mut self, users_to_come: bool) -> Result<(), ListError> {
        loop {
            if self.input.take(b'}')? {
                if users_to_come {
                    return Err(self.broken_here("the object has no array `users`"));
                }
                return self.nothing_behind();
            }
            if self.input.value(&mut self.text)? != Cut::Whole || !self.input.take(b':')? {
                return Err(self.broken_here("a field name and a : are missing here; is the file cut off?"));
            }
            let name: String = serde_json::from_slice(&self.text)
                .map_err(|_| self.broken_here("a field name in quotes is missing here"))?;
            if name == "users" {
                if !users_to_come {
                    return Err(self.broken_here("the array `users` occurs twice"));
                }
                if !self.input.take(b'[')? {
                    return Err(self.broken_here("`users` is an array of users"));
                }
                self.stage = Stage::Items;
                return Ok(());
            }
            self.input.peek()?;
            if self.input.value(&mut self.text)? == Cut::Ended {
                return Err(self.broken_here("the file ends in the middle of the list; is it cut off?"));
            }
            if name == "next_cursor" && self.text.trim_ascii() != b"null" {
                self.notes.next_page_exists = true;
            }
            self.input.take(b',')?;
        }
    }

    fn nothing_behind(&mut self) -> Result<(), ListError> {
        self.stage = Stage::Done;
        match self.input.peek()? {
            None => Ok(()),
            Some(_) => Err(self.broken_here("something stands behind the end of the list")),
        }
    }

    /// Consumes what follows an item: a comma, or the end of the array.
    fn separator(&mut self) -> Result<(), ListError> {
        if self.input.take(b',')? {
            return Ok(());
        }
        match self.input.peek()? {
            Some(b']') => Ok(()),
            None => Err(self.broken_here("the file ends in the middle of the list; is it cut off?")),
            Some(_) => Err(self.broken_here("a , or ] is missing here")),
        }
    }

    /// Takes the array's end and all behind it.
    fn end(&mut self) -> Result<(), ListError> {
        if !self.wrapped {
            return self.nothing_behind();
        }
        self.input.take(b',')?;
        self.members(false)
    }
}

impl<R: BufRead> Rows for ArrayRows<R> {
    fn next_row(&mut self) -> Result<Option<Result<Row, BadRow>>, ListError> {
        if self.stage == Stage::Start {
            self.start()?;
        }
        if self.stage == Stage::Done {
            return Ok(None);
        }
        if self.input.take(b']')? {
            self.end()?;
            return Ok(None);
        }
        self.input.peek()?;
        let place = Place::Item { index: self.index, line: self.input.line() };
        let row = match self.input.value(&mut self.text)? {
            Cut::Ended => {
                self.stage = Stage::Done;
                return Err(broken(
                    place,
                    "the file ends in the middle of the list, in or behind this item; is it cut off, or a quote or bracket not closed?",
                ));
            }
            Cut::TooLong => Err(BadRow { place, reason: too_long() }),
            Cut::Whole => from_json(&self.text, place, &self.options, &mut self.notes),
        };
        self.index += 1;
        self.separator()?;
        Ok(Some(row))
    }

    fn notes(&self) -> &Notes {
        &self.notes
    }
}

fn too_long() -> String {
    format!("longer than {ROW_BYTES_MAX} bytes")
}

/// One JSON object a line; empty lines are skipped.
pub(super) struct LineRows<R> {
    input: R,
    options: ReadOptions,
    notes: Notes,
    text: Vec<u8>,
    line: u64,
}

impl<R: BufRead> LineRows<R> {
    pub(super) fn new(input: R, options: ReadOptions) -> Self {
        Self { input, options, notes: Notes::default(), text: Vec::new(), line: 0 }
    }

    /// Reads one line into `text`, cut at the longest row; false at the end of the file.
    fn next_line(&mut self) -> Result<bool, ListError> {
        self.text.clear();
        self.line += 1;
        let limit = ROW_BYTES_MAX as u64 + 1;
        Ok(self.input.by_ref().take(limit).read_until(b'\n', &mut self.text)? > 0)
    }

    /// Skips what is left of a line that was cut.
    fn skip_line(&mut self) -> Result<(), ListError> {
        self.input.skip_until(b'\n')?;
        Ok(())
    }
}

impl<R: BufRead> Rows for LineRows<R> {
    fn next_row(&mut self) -> Result<Option<Result<Row, BadRow>>, ListError> {
        while self.next_line()? {
            let place = Place::Line(self.line);
            if self.text.len() > ROW_BYTES_MAX && !self.text.ends_with(b"\n") {
                self.skip_line()?;
                return Ok(Some(Err(BadRow { place, reason: too_long() })));
            }
            let text = self.text.trim_ascii();
            if !text.is_empty() {
                return Ok(Some(from_json(text, place, &self.options, &mut self.notes)));
            }
        }
        Ok(None)
    }

    fn notes(&self) -> &Notes {
        &self.notes
    }
}
