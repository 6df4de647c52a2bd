//! A minimal HTTP/1.1 client for one connection. It takes little processor time, since the server is measured.

use anyhow::{Context, Result};
use memchr::memmem;
use std::io::Write;

/// A response at the front of a buffer.
pub(crate) struct Response {
    pub(crate) status: u16,
    /// Where its body lies in the buffer.
    pub(crate) body: std::ops::Range<usize>,
}

/// Where the head at the front of `buffer` ends, empty line included.
pub(crate) fn head_end(buffer: &[u8]) -> Option<usize> {
    memmem::find(buffer, b"\r\n\r\n").map(|at| at + 4)
}

/// The length of the body that a head announces.
pub(crate) fn content_length(head: &[u8]) -> Option<usize> {
    head.split(|byte| *byte == b'\n').find_map(|line| {
        let (name, value) = line.split_at_checked(b"content-length:".len())?;
        let value = name.eq_ignore_ascii_case(b"content-length:").then_some(value)?;
        std::str::from_utf8(value).ok()?.trim().parse().ok()
    })
}

/// The response at the front of `buffer`, if all of it is there.
pub(crate) fn parse_answer(buffer: &[u8]) -> Result<Option<Response>> {
    let Some(start) = head_end(buffer) else { return Ok(None) };
    let head = &buffer[..start];
    let shown = || String::from_utf8_lossy(head).into_owned();
    let status = head.get(9..12).and_then(|status| std::str::from_utf8(status).ok()?.parse().ok());
    let status = status.with_context(|| format!("the answer has no status:\n{}", shown()))?;
    let length = content_length(head);
    let end =
        start + length.with_context(|| format!("an answer without content-length can't be measured:\n{}", shown()))?;
    Ok((buffer.len() >= end).then_some(Response { status, body: start..end }))
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

#[cfg(test)]
mod tests {
    use super::{content_length, head_end, parse_answer};

    #[test]
    fn an_answer_is_there_when_its_body_is() {
        let whole = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\nx: y\r\n\r\n{}HTTP/1.1 2";
        for end in 0..whole.len() {
            let response = parse_answer(&whole[..end]).ok().flatten().map(|response| (response.status, response.body));
            let wanted = if end < 51 { None } else { Some((201, 49..51)) };
            assert_eq!(response, wanted, "{end} bytes");
        }
        assert!(parse_answer(b"HTTP/1.1 200 OK\r\n\r\n").is_err(), "without a length its end can't be known");
        assert_eq!(head_end(b"GET / HTTP/1.1\r\n\r\n"), Some(18));
        assert_eq!(content_length(b"GET / HTTP/1.1\r\n\r\n"), None);
    }
}
