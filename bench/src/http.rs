//! Just enough HTTP/1.1 to ask and to be answered on one connection. It costs little, so that what is measured is the
//! server.

use anyhow::{Context, Result, bail};
use std::io::Write;

/// An answer at the front of a buffer.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Where its body lies in the buffer.
    pub(crate) body: std::ops::Range<usize>,
}

/// The answer at the front of `buffer`, if all of it is there.
pub(crate) fn parse_answer(buffer: &[u8]) -> Result<Option<Answer>> {
    let Some(head) = buffer.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let text = std::str::from_utf8(&buffer[..head]).context("the answer's head is not text")?;
    let mut lines = text.split("\r\n");
    let status = lines.next().and_then(|line| line.split(' ').nth(1)).context("the answer has no status")?;
    let status = status.parse().with_context(|| format!("the answer's status is {status}"))?;
    let length = lines.find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>())
    });
    let Some(length) = length else { bail!("an answer without content-length can't be measured:\n{text}") };
    let (start, end) = (head + 4, head + 4 + length.context("the answer's content-length is no number")?);
    Ok((buffer.len() >= end).then_some(Answer { status, body: start..end }))
}

/// Writes requests for one server.
#[derive(Clone)]
pub(crate) struct Asker {
    pub(crate) host: String,
    pub(crate) key: Option<String>,
}

impl Asker {
    /// Writes a request without a body.
    pub(crate) fn get(&self, out: &mut Vec<u8>, path: &str) {
        self.head(out, "GET", path);
        out.extend_from_slice(b"\r\n");
    }

    /// Writes a request with a body.
    pub(crate) fn send(&self, out: &mut Vec<u8>, method: &str, path: &str, kind: &str, key: Option<&str>, body: &[u8]) {
        self.head(out, method, path);
        put(out, format_args!("content-type: {kind}\r\ncontent-length: {}\r\n", body.len()));
        if let Some(key) = key {
            put(out, format_args!("idempotency-key: {key}\r\n"));
        }
        out.extend_from_slice(b"\r\n");
        out.extend_from_slice(body);
    }

    fn head(&self, out: &mut Vec<u8>, method: &str, path: &str) {
        put(out, format_args!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.host));
        if let Some(key) = &self.key {
            put(out, format_args!("authorization: Bearer {key}\r\n"));
        }
    }
}

/// Writing to memory can't fail.
pub(crate) fn put(out: &mut Vec<u8>, text: std::fmt::Arguments<'_>) {
    let _in_memory = out.write_fmt(text);
}
