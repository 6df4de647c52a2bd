//! Responses as bytes.

use std::io::Write;
use std::time::{Duration, Instant, SystemTime};

use httpdate::HttpDate;
use hyper::StatusCode;
use hyper::header::{CONTENT_LENGTH, CONTENT_TYPE, HeaderName};

use crate::error::Error;
use crate::request_id::{REQUEST_ID, RequestId};
use crate::response::{Response, ResponseBody};

/// The date of responses, which is written anew once a second.
#[derive(Debug, Default)]
struct Date {
    text: Vec<u8>,
    until: Option<Instant>,
}

impl Date {
    #[expect(clippy::disallowed_methods, reason = "what a response says of itself")]
    fn at(&mut self, now: Instant) -> &[u8] {
        if self.until.is_none_or(|until| until <= now) {
            let time = SystemTime::now();
            let since = time.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
            self.until = Some(now + Duration::from_secs(1) - Duration::from_nanos(u64::from(since.subsec_nanos())));
            self.text.clear();
            // Writing into memory does not fail.
            let _written = write!(self.text, "{}", HttpDate::from(time));
        }
        &self.text
    }
}

/// A response being put together, to be sent in one write.
#[derive(Debug, Default)]
pub(crate) struct Out {
    bytes: Vec<u8>,
    date: Date,
}

/// Says that the connection ends.
const CLOSE: &[u8] = b"connection: close\r\n";

/// Room that is kept for the next response of a connection: a page of a list fits in.
const KEPT_BYTES: usize = 16 * 1024;

impl Out {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
    }

    /// Puts down a response.
    ///
    /// # Errors
    /// It has no length: such responses are hyper's to give. Nothing was put down then.
    pub(crate) fn put(&mut self, response: Response, id: &RequestId, now: Instant) -> Result<(), Error> {
        let ResponseBody::Whole(body) = response.body else { return Err(Error::ResponseUnsized) };
        self.begin(response.status, id, now);
        self.line(&CONTENT_TYPE, response.content_type.as_bytes());
        for (name, value) in &response.headers {
            self.line(name, value.as_bytes());
        }
        if response.closes {
            self.bytes.extend_from_slice(CLOSE);
        }
        self.end(&body);
        Ok(())
    }

    /// What has been put down.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    fn begin(&mut self, status: StatusCode, id: &RequestId, now: Instant) {
        let out = &mut self.bytes;
        out.extend_from_slice(b"HTTP/1.1 ");
        out.extend_from_slice(status.as_str().as_bytes());
        out.push(b' ');
        out.extend_from_slice(status.canonical_reason().unwrap_or_default().as_bytes());
        out.extend_from_slice(b"\r\ndate: ");
        out.extend_from_slice(self.date.at(now));
        out.extend_from_slice(b"\r\n");
        self.line(&REQUEST_ID, id.as_str().as_bytes());
    }

    fn line(&mut self, name: &HeaderName, value: &[u8]) {
        let out = &mut self.bytes;
        out.extend_from_slice(name.as_str().as_bytes());
        out.extend_from_slice(b": ");
        out.extend_from_slice(value);
        out.extend_from_slice(b"\r\n");
    }

    fn end(&mut self, body: &[u8]) {
        let mut length = itoa::Buffer::new();
        self.line(&CONTENT_LENGTH, length.format(body.len()).as_bytes());
        self.bytes.extend_from_slice(b"\r\n");
        self.bytes.extend_from_slice(body);
    }

    /// Says that the connection ends with this response, which is there already.
    pub(super) fn say_close(&mut self) {
        if let Some(at) = self.bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            self.bytes.splice(at + 2..at + 2, CLOSE.iter().copied());
        }
    }
}
