//! JSON as the API reads and writes it: strict in, compact out, without copies where text needs none.

mod canonical;
mod reader;
mod time;
mod writer;

pub(crate) use canonical::canonical_object;
pub(crate) use reader::{Reader, Syntax, Token};
pub(crate) use time::{parse_rfc3339, rfc3339_text};
pub(crate) use writer::Writer;

#[cfg(test)]
mod tests;
