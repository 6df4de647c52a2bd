//! The head of a plain request: HTTP/1.1, a body of known length if any, no special handling of the connection.

use hyper::Method;
use hyper::http::request::{Builder, Parts};

use crate::head::{Head, is_forwarding, is_host};

/// Headers that a plain request has at most.
pub const LINES_MAX: usize = 32;

/// The lines of a head; the buffer that [`parse`] needs.
pub type Lines<'b> = [httparse::Header<'b>; LINES_MAX];

/// What the bytes that have come are the beginning of.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "it is taken apart where it is made, and a box would be an allocation for each request"
)]
pub enum Parsed<'h, 'b> {
    /// The head is not complete yet.
    Partial,
    /// Something that is hyper's to read or to refuse.
    Other,
    /// A plain request.
    Plain(Plain<'h, 'b>),
}

/// A request of HTTP/1.1 with a body of known length, if any, and without wishes about the connection.
#[derive(Debug)]
pub struct Plain<'h, 'b> {
    /// Its head.
    pub head: Head<'b>,
    /// Length of the head.
    pub head_bytes: usize,
    /// Length of the body behind it.
    pub body_bytes: usize,
    target: &'b str,
    lines: &'h [httparse::Header<'b>],
}

/// Room for the lines of a head.
#[must_use]
pub const fn no_lines<'b>() -> Lines<'b> {
    [httparse::EMPTY_HEADER; LINES_MAX]
}

/// Reads as much of a head as there is.
pub fn parse<'h, 'b>(bytes: &'b [u8], lines: &'h mut Lines<'b>) -> Parsed<'h, 'b> {
    let mut request = httparse::Request::new(lines);
    let head_bytes = match request.parse(bytes) {
        Ok(httparse::Status::Complete(head_bytes)) => head_bytes,
        Ok(httparse::Status::Partial) => return Parsed::Partial,
        Err(_) => return Parsed::Other,
    };
    plain(request, head_bytes).map_or(Parsed::Other, Parsed::Plain)
}

fn plain<'h, 'b>(request: httparse::Request<'h, 'b>, head_bytes: usize) -> Option<Plain<'h, 'b>> {
    let httparse::Request { method, path, version, headers } = request;
    let lines: &'h [httparse::Header<'b>] = headers;
    let method = match method? {
        "GET" => &Method::GET,
        "POST" => &Method::POST,
        "PUT" => &Method::PUT,
        _ => return None,
    };
    let target = path?;
    if version != Some(1) || !target.starts_with('/') || !target.bytes().all(|byte| PLAIN[usize::from(byte)]) {
        return None;
    }
    let (path, query) = match target.split_once('?') {
        Some((path, query)) => (path, Some(query)),
        None => (target, None),
    };
    let mut head = Head {
        method,
        path,
        query,
        authority: None,
        origin: None,
        authorization: None,
        content_type: None,
        idempotency_key: None,
        request_id: None,
        min_event: None,
        read_from: None,
        forwarded_by: None,
        is_forwarded: false,
    };
    let mut body_bytes = None;
    for line in lines {
        let is = |name: &str| line.name.eq_ignore_ascii_case(name);
        // By length first: it distinguishes most headers, and most are ignored here.
        let place = match line.name.len() {
            4 if is("host") => &mut head.authority,
            6 if is("origin") => &mut head.origin,
            6 if is("expect") => return None,
            7 if is("upgrade") => return None,
            10 if is("connection") && !line.value.eq_ignore_ascii_case(b"keep-alive") => return None,
            10 if is("tocos-read") => &mut head.read_from,
            12 if is("content-type") => &mut head.content_type,
            12 if is("x-request-id") => &mut head.request_id,
            13 if is("authorization") => &mut head.authorization,
            14 if is("content-length") => {
                if body_bytes.replace(length(line.value)?).is_some() {
                    return None;
                }
                continue;
            }
            15 if is("idempotency-key") => &mut head.idempotency_key,
            15 if is("tocos-min-event") => &mut head.min_event,
            15 if is("tocos-forwarded") => &mut head.forwarded_by,
            16 if is("content-encoding") => return None,
            17 if is("transfer-encoding") => return None,
            _ => {
                head.is_forwarded |= is_forwarding(line.name);
                continue;
            }
        };
        // What is wrong with a head is said in one place, for both ways.
        if place.replace(line.value).is_some() {
            return None;
        }
    }
    if !head.authority.is_some_and(is_host) {
        return None;
    }
    Some(Plain { head, head_bytes, body_bytes: body_bytes.unwrap_or(0), target, lines })
}

/// The bytes of targets that hyper takes as they are and that mean nothing but themselves.
const PLAIN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128 {
        table[byte as usize] = (byte as u8).is_ascii_alphanumeric()
            || matches!(
                byte as u8,
                b'/' | b'?' | b'-' | b'.' | b'_' | b'~' | b'%' | b':' | b'@' | b'!' | b'$' | b'&' | b'\'' | b'(' | b')'
            )
            || matches!(byte as u8, b'*' | b'+' | b',' | b';' | b'=');
        byte += 1;
    }
    table
};

/// The length of a body, if it is nothing but digits.
fn length(value: &[u8]) -> Option<usize> {
    if value.is_empty() {
        return None;
    }
    value.iter().try_fold(0_usize, |length, byte| {
        let digit = byte.is_ascii_digit().then(|| usize::from(byte - b'0'))?;
        length.checked_mul(10)?.checked_add(digit)
    })
}

impl Plain<'_, '_> {
    /// The head as hyper would have it, for those who keep it.
    #[must_use]
    pub fn parts(&self) -> Option<Parts> {
        let request = Builder::new().method(self.head.method).uri(self.target);
        let request = self.lines.iter().fold(request, |request, line| request.header(line.name, line.value));
        Some(request.body(()).ok()?.into_parts().0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is made of these bytes, with the head as hyper would have it.
    fn parsed(bytes: &[u8]) -> Result<(String, usize, usize), bool> {
        let mut lines = [httparse::EMPTY_HEADER; LINES_MAX];
        match parse(bytes, &mut lines) {
            Parsed::Plain(plain) => {
                let parts = plain.parts().expect("hyper takes what is plain");
                let (ours, hypers) = (format!("{:?}", plain.head), format!("{:?}", Head::of(&parts)));
                assert_eq!(ours, hypers);
                assert_eq!(crate::head::check(&parts), Ok(()));
                Ok((ours, plain.head_bytes, plain.body_bytes))
            }
            Parsed::Partial => Err(true),
            Parsed::Other => Err(false),
        }
    }

    fn line() -> impl Strategy<Value = String> {
        let name = prop_oneof![
            4 => prop::sample::select(vec![
                "origin", "Authorization", "X-Forwarded-For", "via", "content-type", "Idempotency-Key", "x-request-id", "X-Other",
                "connection", "accept", "Tocos-Min-Event", "tocos-read", "Tocos-Forwarded",
            ]),
            1 => prop::sample::select(vec!["content-length", "transfer-encoding", "expect", "upgrade", "bad name", ""]),
        ];
        let value = prop_oneof!["[0-9]{0,3}", "[ -~]{0,12}", "keep-alive", "[ -~\u{e9}\t]{0,6}"];
        (name, "[ \t]{0,2}", value).prop_map(|(name, space, value)| format!("{name}:{space}{value}\r\n"))
    }

    fn request() -> impl Strategy<Value = Vec<u8>> {
        let method = prop_oneof![4 => "GET|POST|PUT", 1 => "HEAD|PATCH|get|[A-Z]{0,4}"];
        let target = prop_oneof![
            4 => "/[a-z0-9/%.:~-]{0,12}(\\?[a-z=&%+]{0,8})?",
            1 => "[ -~]{0,10}",
        ];
        let version = prop_oneof![9 => Just("HTTP/1.1"), 1 => Just("HTTP/1.0")];
        let host = prop_oneof![9 => "host: [a-z0-9:.]{0,6}\r\n", 1 => "host: [ -~]{0,6}\r\n", 1 => ""];
        (method, target, version, host, prop::collection::vec(line(), 0..6), "[ -~]{0,8}").prop_map(
            |(method, target, version, host, lines, rest)| {
                format!("{method} {target} {version}\r\n{host}{}\r\n{rest}", lines.concat()).into_bytes()
            },
        )
    }

    proptest! {
        #[test]
        fn a_plain_head_says_what_hyper_reads_and_no_part_of_it_is_plain(bytes in request()) {
            if let Ok((head, head_bytes, body_bytes)) = parsed(&bytes) {
                for end in 0..head_bytes {
                    prop_assert_eq!(parsed(&bytes[..end]), Err(true), "{} bytes of it", end);
                }
                prop_assert_eq!(parsed(&bytes[..head_bytes]), Ok((head, head_bytes, body_bytes)));
            }
        }

        #[test]
        fn bytes_of_any_kind_are_read_without_a_panic(mut bytes in request(), at in any::<prop::sample::Index>(), byte: u8) {
            let at = at.index(bytes.len());
            bytes[at] = byte;
            let _any = parsed(&bytes);
        }
    }

    #[test]
    fn what_is_asked_of_the_connection_or_of_the_body_is_not_plain() {
        let ask = |lines: &str| {
            parsed(format!("POST /v1/spends HTTP/1.1\r\nhost: a\r\n{lines}\r\n").as_bytes()).map(|ok| ok.2)
        };
        assert_eq!(ask(""), Ok(0));
        assert_eq!(ask("content-length: 17\r\nconnection: Keep-Alive\r\n"), Ok(17));
        for lines in [
            "connection: close\r\n",
            "connection: keep-alive, upgrade\r\n",
            "expect: 100-continue\r\n",
            "upgrade: h2c\r\n",
            "transfer-encoding: chunked\r\n",
            "content-length: 1\r\nContent-Length: 1\r\n",
            "content-length:\r\n",
            "content-length: -1\r\n",
            "content-length: 0x10\r\n",
            "content-length: 99999999999999999999\r\n",
            "host : a\r\n",
            "Host: a\r\n",
            "origin: a\r\norigin: a\r\n",
            "tocos-min-event: 1\r\nTocos-Min-Event: 1\r\n",
            "tocos-read: leader\r\ntocos-read: leader\r\n",
            "content-encoding: gzip\r\n",
            "x: y\r\n z\r\n",
        ] {
            assert_eq!(ask(lines), Err(false), "{lines}");
        }
        assert_eq!(ask(&"x: y\r\n".repeat(LINES_MAX - 1)), Ok(0));
        assert_eq!(ask(&"x: y\r\n".repeat(LINES_MAX)), Err(false));
    }
}
