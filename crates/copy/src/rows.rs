//! Rows in the binary form of PostgreSQL's `COPY`, as the tables have their columns.

use std::borrow::Cow;

use bytes::{BufMut as _, Bytes, BytesMut};

use crate::instant::to_postgres;

/// What binary `COPY` begins with: a signature, no flags, no extension.
pub(crate) const COPY_HEADER: &[u8] = b"PGCOPY\n\xff\r\n\0\0\0\0\0\0\0\0\0";

/// Rows in the binary form of `COPY`.
#[derive(Debug)]
pub(crate) struct Rows {
    bytes: BytesMut,
    pub count: usize,
}

impl Default for Rows {
    fn default() -> Self {
        Self { bytes: BytesMut::from(COPY_HEADER), count: 0 }
    }
}

impl Rows {
    /// Begins a row of so many columns.
    pub(crate) fn row(&mut self, columns: i16) {
        self.bytes.put_i16(columns);
        self.count += 1;
    }

    pub(crate) fn null(&mut self) {
        self.bytes.put_i32(-1);
    }

    pub(crate) fn bool(&mut self, value: bool) {
        self.bytes.put_i32(1);
        self.bytes.put_u8(u8::from(value));
    }

    pub(crate) fn int2(&mut self, value: i16) {
        self.bytes.put_i32(2);
        self.bytes.put_i16(value);
    }

    pub(crate) fn int8(&mut self, value: i64) {
        self.bytes.put_i32(8);
        self.bytes.put_i64(value);
    }

    pub(crate) fn int8_or_null(&mut self, value: Option<i64>) {
        match value {
            Some(value) => self.int8(value),
            None => self.null(),
        }
    }

    /// A time in microseconds since 1970.
    pub(crate) fn at(&mut self, at_us: i64) {
        self.int8(to_postgres(at_us));
    }

    pub(crate) fn at_or_null(&mut self, at_us: Option<i64>) {
        self.int8_or_null(at_us.map(to_postgres));
    }

    /// A text without the character 0.
    pub(crate) fn text(&mut self, text: &str) {
        self.bytes.put_i32(text.len() as i32);
        self.bytes.put_slice(text.as_bytes());
    }

    pub(crate) fn text_or_null(&mut self, text: Option<&str>) {
        match text {
            Some(text) if text.contains('\0') => self.text(&storable(text)),
            Some(text) => self.text(text),
            None => self.null(),
        }
    }

    /// A `jsonb`: a version, and the text.
    pub(crate) fn jsonb_or_null(&mut self, text: Option<&str>) {
        match text {
            Some(text) => {
                self.bytes.put_i32(text.len() as i32 + 1);
                self.bytes.put_u8(1);
                self.bytes.put_slice(text.as_bytes());
            }
            None => self.null(),
        }
    }

    /// All of them, to be sent.
    pub(crate) fn finish(mut self) -> Bytes {
        self.bytes.put_i16(-1);
        self.bytes.freeze()
    }
}

/// The values of the next row of what `COPY` sent, without the header; nothing at the end, or where it is not that form.
pub(crate) fn next_row<'a>(bytes: &mut &'a [u8]) -> Option<Vec<Option<&'a [u8]>>> {
    let columns = i16::from_be_bytes(*bytes.split_first_chunk()?.0);
    *bytes = &bytes[2..];
    (0..u16::try_from(columns).ok()?)
        .map(|_| {
            let (length, rest) = bytes.split_first_chunk()?;
            *bytes = rest;
            let Ok(length) = usize::try_from(i32::from_be_bytes(*length)) else { return Some(None) };
            let (value, rest) = bytes.split_at_checked(length)?;
            *bytes = rest;
            Some(Some(value))
        })
        .collect()
}

/// PostgreSQL has no character 0 in its texts.
pub(crate) fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}

/// The same in JSON, where it is written as an escape.
pub(crate) fn storable_json(text: &str) -> Cow<'_, str> {
    if !text.contains("\\u0000") {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        // An escape is a backslash and the next character; the four digits of \u are none of either.
        let length = 1 + rest[at + 1..].chars().next().map_or(0, char::len_utf8);
        let is_zero = rest[at..].starts_with("\\u0000");
        out.push_str(if is_zero { "\\ufffd" } else { &rest[at..at + length] });
        rest = &rest[at + if is_zero { 6 } else { length }..];
    }
    out.push_str(rest);
    Cow::Owned(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_escape_of_character_0_is_replaced() {
        assert_eq!(storable_json(r#"{"a":"x\\u0000\u0000\n\\\u0000"}"#), r#"{"a":"x\\u0000\ufffd\n\\\ufffd"}"#);
        assert_eq!(storable_json(r#"{"a":"б\u00001"}"#), r#"{"a":"б\ufffd1"}"#);
        assert_eq!(storable_json(r#"{"a":"\u0001"}"#), r#"{"a":"\u0001"}"#);
        assert_eq!(storable("a\u{0}b"), "a\u{fffd}b");
    }

    #[test]
    fn rows_are_read_as_they_were_written() {
        let mut rows = Rows::default();
        rows.row(3);
        rows.int8(7);
        rows.null();
        rows.text("x");
        let bytes = rows.finish();
        let mut left = &bytes[COPY_HEADER.len()..];
        let seven = 7_i64.to_be_bytes();
        assert_eq!(next_row(&mut left), Some(vec![Some(&seven[..]), None, Some(&b"x"[..])]));
        assert_eq!(next_row(&mut left), None);
        assert_eq!(next_row(&mut &bytes[COPY_HEADER.len()..COPY_HEADER.len() + 9]), None);
    }
}
