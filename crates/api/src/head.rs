//! What this service reads of a request's head, whoever took it from the wire.

use std::str;

use hyper::Method;
use hyper::header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN};
use hyper::http::request::Parts;

use crate::app::RequestIds;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The target and the values of the headers that mean something here. Of a header that is there twice the first counts.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Head<'a> {
    pub method: &'a Method,
    pub path: &'a str,
    pub query: Option<&'a str>,
    /// The host that is asked, and its port: of the target if that names one, else of the header.
    pub authority: Option<&'a [u8]>,
    pub origin: Option<&'a [u8]>,
    pub authorization: Option<&'a [u8]>,
    pub content_type: Option<&'a [u8]>,
    pub idempotency_key: Option<&'a [u8]>,
    pub request_id: Option<&'a [u8]>,
}

impl<'a> Head<'a> {
    pub(crate) fn of(parts: &'a Parts) -> Self {
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
        }
    }
}

fn value<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a [u8]> {
    headers.get(name).map(HeaderValue::as_bytes)
}

/// A header's value as text, if it is made of characters that can be seen.
pub(crate) fn visible(value: &[u8]) -> Option<&str> {
    let is_visible = value.iter().all(|byte| (0x20..0x7f).contains(byte) || *byte == b'\t');
    str::from_utf8(value).ok().filter(|_| is_visible)
}

const REQUEST_ID_LENGTH_MAX: usize = 64;

/// What a request is called in its answer, in the service's log and in traces.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequestId {
    bytes: [u8; REQUEST_ID_LENGTH_MAX],
    length: usize,
}

impl RequestId {
    /// The client's name for its request, or one of ours.
    pub(crate) fn of(given: Option<&[u8]>, ids: &RequestIds) -> Self {
        let is_fit = |id: &&[u8]| {
            (1..=REQUEST_ID_LENGTH_MAX).contains(&id.len()) && id.iter().all(|byte| (0x20..0x7f).contains(byte))
        };
        given.filter(is_fit).map_or_else(|| Self::from(&ids.next()), Self::from)
    }

    fn from(id: &[u8]) -> Self {
        let mut bytes = [0; REQUEST_ID_LENGTH_MAX];
        bytes[..id.len()].copy_from_slice(id);
        Self { bytes, length: id.len() }
    }

    pub(crate) fn as_str(&self) -> &str {
        // Made of ASCII alone.
        str::from_utf8(&self.bytes[..self.length]).unwrap_or("-")
    }

    pub(crate) fn header_value(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.bytes[..self.length]).unwrap_or(HeaderValue::from_static("-"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(given: Option<&[u8]>) -> String {
        RequestId::of(given, &RequestIds::new()).as_str().to_owned()
    }

    #[test]
    fn a_request_keeps_the_name_it_came_with() {
        assert_eq!(id(Some(b"order 7")), "order 7");
        assert_eq!(id(Some(&[b'x'; 64])), "x".repeat(64));
    }

    #[test]
    fn a_name_that_is_none_is_replaced() {
        for given in [None, Some(&b""[..]), Some(&[b'x'; 65][..]), Some(b"tab\there"), Some("caf\u{e9}".as_bytes())] {
            let id = id(given);
            assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        }
    }

    #[test]
    fn text_is_what_can_be_seen() {
        assert_eq!(visible(b"a\tb ~"), Some("a\tb ~"));
        for hidden in [&b"\x7f"[..], b"\x1f", "\u{e9}".as_bytes(), b"\xff"] {
            assert_eq!(visible(hidden), None);
        }
    }
}
