//! The head of a request, whichever path read it, and what makes a head invalid.

use std::str;

use hyper::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, VIA,
};
use hyper::http::request::Parts;
use hyper::{Method, Version};

use crate::error::Error;
use crate::request_id::REQUEST_ID;

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const MIN_EVENT: HeaderName = HeaderName::from_static("tocos-min-event");
const READ: HeaderName = HeaderName::from_static("tocos-read");
const FORWARDED_BY: HeaderName = HeaderName::from_static("tocos-forwarded");

/// The target and the values of the headers that services read. None of these headers occurs twice.
#[derive(Clone, Copy, Debug)]
pub struct Head<'a> {
    /// The method.
    pub method: &'a Method,
    /// The path, still escaped.
    pub path: &'a str,
    /// The query, still escaped, without its question mark.
    pub query: Option<&'a str>,
    /// The requested host and its port: of the target if that names one, else of the header.
    pub authority: Option<&'a [u8]>,
    /// `Origin`.
    pub origin: Option<&'a [u8]>,
    /// `Authorization`.
    pub authorization: Option<&'a [u8]>,
    /// `Content-Type`.
    pub content_type: Option<&'a [u8]>,
    /// `Idempotency-Key`.
    pub idempotency_key: Option<&'a [u8]>,
    /// `X-Request-Id`.
    pub request_id: Option<&'a [u8]>,
    /// `Tocos-Min-Event`.
    pub min_event: Option<&'a [u8]>,
    /// `Tocos-Read`.
    pub read_from: Option<&'a [u8]>,
    /// `Tocos-Forwarded`.
    pub forwarded_by: Option<&'a [u8]>,
    /// A header says that a proxy passed the request on.
    pub is_forwarded: bool,
}

impl<'a> Head<'a> {
    /// What hyper read.
    #[must_use]
    pub fn of(parts: &'a Parts) -> Self {
        let value = |name: &HeaderName| value(&parts.headers, name);
        Self {
            method: &parts.method,
            path: parts.uri.path(),
            query: parts.uri.query(),
            authority: parts.uri.authority().map(|authority| authority.as_str().as_bytes()).or_else(|| value(&HOST)),
            origin: value(&ORIGIN),
            authorization: value(&AUTHORIZATION),
            content_type: value(&CONTENT_TYPE),
            idempotency_key: value(&IDEMPOTENCY_KEY),
            request_id: value(&REQUEST_ID),
            min_event: value(&MIN_EVENT),
            read_from: value(&READ),
            forwarded_by: value(&FORWARDED_BY),
            is_forwarded: parts.headers.keys().any(|name| is_forwarding(name.as_str())),
        }
    }
}

/// Whether a header of this name, whose letters are small or large, is set by proxies.
pub(crate) fn is_forwarding(name: &str) -> bool {
    const PREFIX: &[u8] = b"x-forwarded-";
    // By length first: it distinguishes most headers.
    match name.len() {
        3 => name.eq_ignore_ascii_case(VIA.as_str()),
        9 => name.eq_ignore_ascii_case(FORWARDED.as_str()) || name.eq_ignore_ascii_case("x-real-ip"),
        13.. => name.as_bytes().get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX)),
        _ => false,
    }
}

/// Headers that are read as one value, with their names as documents write them.
const READ_AS_ONE: [(HeaderName, &str); 9] = [
    (HOST, "Host"),
    (AUTHORIZATION, "Authorization"),
    (CONTENT_TYPE, "Content-Type"),
    (IDEMPOTENCY_KEY, "Idempotency-Key"),
    (ORIGIN, "Origin"),
    (REQUEST_ID, "X-Request-Id"),
    (MIN_EVENT, "Tocos-Min-Event"),
    (READ, "Tocos-Read"),
    (FORWARDED_BY, "Tocos-Forwarded"),
];

/// Whether a head is valid, independent of what it requests.
///
/// # Errors
/// A header that is read as one value occurs twice; HTTP/1.1 without a `Host`, or with one that is no host; an encoded
/// body.
pub(crate) fn check(parts: &Parts) -> Result<(), Error> {
    for (name, shown) in &READ_AS_ONE {
        if parts.headers.get_all(name).iter().nth(1).is_some() {
            return Err(Error::HeaderRepeated(shown));
        }
    }
    match parts.headers.get(HOST) {
        None if parts.version == Version::HTTP_11 => return Err(Error::HostMissing),
        Some(host) if !is_host(host.as_bytes()) => return Err(Error::HostInvalid),
        _ => {}
    }
    let is_encoded = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if parts.headers.get_all(CONTENT_ENCODING).iter().any(is_encoded) {
        return Err(Error::BodyEncoded);
    }
    Ok(())
}

/// Bytes that names, addresses and ports are made of.
const IN_HOST: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0x21_u8;
    while byte < 0x7f {
        table[byte as usize] =
            !matches!(byte, b'"' | b'#' | b'/' | b'<' | b'>' | b'?' | b'@' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}');
        byte += 1;
    }
    table
};

/// Whether a `Host` is made of the bytes that names, addresses and ports have.
pub(crate) fn is_host(value: &[u8]) -> bool {
    value.iter().all(|byte| IN_HOST[usize::from(*byte)])
}

fn value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    headers.get(name).map(HeaderValue::as_bytes)
}

/// A header's value as text, if it is made of printable ASCII characters, spaces and tabs.
#[must_use]
pub fn visible(value: &[u8]) -> Option<&str> {
    let is_visible = value.iter().all(|byte| (0x20..0x7f).contains(byte) || *byte == b'\t');
    str::from_utf8(value).ok().filter(|_| is_visible)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_what_can_be_seen() {
        assert_eq!(visible(b"a\tb ~"), Some("a\tb ~"));
        for hidden in [&b"\x7f"[..], b"\x1f", "\u{e9}".as_bytes(), b"\xff"] {
            assert_eq!(visible(hidden), None);
        }
    }
}
