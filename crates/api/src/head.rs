//! What this service reads of a request's head, whoever took it from the wire.

use std::str;

use hyper::header::{
    AUTHORIZATION, CONTENT_ENCODING, CONTENT_TYPE, FORWARDED, HOST, HeaderMap, HeaderName, HeaderValue, ORIGIN, VIA,
};
use hyper::http::request::Parts;
use hyper::{Method, StatusCode, Version};

use crate::app::RequestIds;
use crate::problem::Problem;

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
pub(crate) const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");

/// The target and the values of the headers that mean something here. [`check`] refuses one that is there twice.
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
    /// A header says that a proxy passed the request on.
    pub is_forwarded: bool,
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
            is_forwarded: parts.headers.keys().any(|name| is_forwarding(name.as_str())),
        }
    }
}

/// Whether a header of this name, whose letters are small or large, is set by proxies.
pub(crate) fn is_forwarding(name: &str) -> bool {
    const PREFIX: &[u8] = b"x-forwarded-";
    // By the first letter first: most headers are told apart by it.
    match name.as_bytes().first().map(u8::to_ascii_lowercase) {
        Some(b'f') => name.eq_ignore_ascii_case(FORWARDED.as_str()),
        Some(b'v') => name.eq_ignore_ascii_case(VIA.as_str()),
        Some(b'x') => {
            name.as_bytes().get(..PREFIX.len()).is_some_and(|start| start.eq_ignore_ascii_case(PREFIX))
                || name.eq_ignore_ascii_case("x-real-ip")
        }
        _ => false,
    }
}

/// Headers that are read as one value, with their names as documents write them.
const READ_AS_ONE: [(HeaderName, &str); 6] = [
    (HOST, "Host"),
    (AUTHORIZATION, "Authorization"),
    (CONTENT_TYPE, "Content-Type"),
    (IDEMPOTENCY_KEY, "Idempotency-Key"),
    (ORIGIN, "Origin"),
    (REQUEST_ID, "X-Request-Id"),
];

/// What is wrong with a head, whatever it asks for.
///
/// # Errors
/// A header that is read as one value is there twice (400); HTTP/1.1 without a `Host`, or with one that is no host
/// (400, RFC 9112, 3.2); an encoded body (415, RFC 9110, 15.5.16).
pub(crate) fn check(parts: &Parts) -> Result<(), Problem> {
    for (name, shown) in &READ_AS_ONE {
        if parts.headers.get_all(name).iter().nth(1).is_some() {
            return Err(Problem::invalid(*shown, "this header is there twice; send it once").closing());
        }
    }
    match parts.headers.get(HOST) {
        None if parts.version == Version::HTTP_11 => {
            return Err(Problem::invalid("Host", "HTTP/1.1 takes this header, and it is missing").closing());
        }
        Some(host) if !is_host(host.as_bytes()) => {
            return Err(Problem::invalid("Host", "this is no host, with or without a port").closing());
        }
        _ => {}
    }
    let is_encoded = |value: &HeaderValue| !value.as_bytes().eq_ignore_ascii_case(b"identity");
    if parts.headers.get_all(CONTENT_ENCODING).iter().any(is_encoded) {
        return Err(Problem::invalid("Content-Encoding", "bodies are taken as they are; send it without an encoding")
            .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
            .accepting_encodings("identity"));
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
