//! What a request is called: the client's `X-Request-Id`, or a name of this process.

use std::str;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::header::{HeaderName, HeaderValue};

pub(crate) const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

const LENGTH_MAX: usize = 64;

/// What a request is called in its response, in logs and in traces: 1 to 64 printable ASCII characters.
#[derive(Clone, Copy, Debug)]
pub struct RequestId {
    bytes: [u8; LENGTH_MAX],
    length: usize,
}

impl RequestId {
    /// The client's name for its request, or one of ours.
    pub(crate) fn of(given: Option<&[u8]>, ids: &RequestIds) -> Self {
        let is_fit =
            |id: &&[u8]| (1..=LENGTH_MAX).contains(&id.len()) && id.iter().all(|byte| (0x20..0x7f).contains(byte));
        match given.filter(is_fit) {
            Some(given) => Self::from(given),
            None => Self::from(&ids.next()),
        }
    }

    fn from(id: &[u8]) -> Self {
        let mut bytes = [0; LENGTH_MAX];
        bytes[..id.len()].copy_from_slice(id);
        Self { bytes, length: id.len() }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Made of ASCII alone.
        str::from_utf8(&self.bytes[..self.length]).unwrap_or("-")
    }

    /// The id as the value of a header.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    pub(crate) fn header_value(&self) -> HeaderValue {
        HeaderValue::from_bytes(&self.bytes[..self.length]).unwrap_or(HeaderValue::from_static("-"))
    }
}

/// Names for requests that come without.
#[derive(Debug)]
pub(crate) struct RequestIds {
    next: AtomicU64,
}

impl RequestIds {
    pub(crate) fn new() -> Self {
        let mut start = [0; 8];
        // Without random bytes ids begin at 0 with each start: a nuisance in logs, no more.
        let _random = getrandom::fill(&mut start);
        Self { next: AtomicU64::new(u64::from_le_bytes(start)) }
    }

    /// Sixteen hexadecimal digits, different for every request of this process.
    fn next(&self) -> [u8; 16] {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let [high, low] = [id >> 32, id & 0xffff_ffff].map(hex);
        (u128::from(high) << 64 | u128::from(low)).to_be_bytes()
    }
}

/// The eight hexadecimal digits of a number below 2^32, all at once, the first in the highest byte.
const fn hex(number: u64) -> u64 {
    const EACH: u64 = u64::MAX / 255;
    // Apart into a digit a byte.
    let apart = (number << 16 | number) & 0x0000_ffff_0000_ffff;
    let apart = (apart << 8 | apart) & 0x00ff_00ff_00ff_00ff;
    let digits = (apart << 4 | apart) & (EACH * 0xf);
    // 1 in each byte whose digit is 10 or more: these are letters, 39 beyond the digit in ASCII.
    let letters = (digits + EACH * 6) >> 4 & EACH;
    digits + EACH * b'0' as u64 + letters * 39
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
    fn digits_are_those_that_everybody_writes() {
        for number in (0..0xffff_ffff_u64).step_by(999_331).chain([0x0123_4567, 0x89ab_cdef, 0xffff_ffff]) {
            assert_eq!(hex(number).to_be_bytes(), *format!("{number:08x}").as_bytes());
        }
        let ids = RequestIds { next: AtomicU64::new(0x0123_4567_89ab_cdef) };
        assert_eq!(&ids.next(), b"0123456789abcdef");
    }

    #[test]
    fn a_name_that_is_none_is_replaced() {
        for given in [None, Some(&b""[..]), Some(&[b'x'; 65][..]), Some(b"tab\there"), Some("caf\u{e9}".as_bytes())] {
            let id = id(given);
            assert!(id.len() == 16 && id.bytes().all(|byte| byte.is_ascii_hexdigit()), "{id}");
        }
    }
}
