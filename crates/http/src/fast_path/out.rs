//! Responses as bytes.

use std::io::Write;
use std::time::{Duration, Instant, SystemTime};

use httpdate::HttpDate;
use hyper::StatusCode;

use crate::error::Error;
use crate::request_id::RequestId;
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
        self.begin(response.status, now);
        let out = &mut self.bytes;
        // Names and separators of the headers that every response has are written together: each write has a cost.
        out.extend_from_slice(b"\r\nx-request-id: ");
        out.extend_from_slice(id.as_bytes());
        out.extend_from_slice(b"\r\ncontent-type: ");
        out.extend_from_slice(response.content_type.as_bytes());
        if let Some((name, number)) = response.number {
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(name.as_bytes());
            out.extend_from_slice(b": ");
            let mut digits = itoa::Buffer::new();
            out.extend_from_slice(digits.format(number).as_bytes());
        }
        for (name, value) in &response.headers {
            out.extend_from_slice(b"\r\n");
            out.extend_from_slice(name.as_str().as_bytes());
            out.extend_from_slice(b": ");
            out.extend_from_slice(value.as_bytes());
        }
        out.extend_from_slice(if response.closes {
            b"\r\nconnection: close\r\ncontent-length: "
        } else {
            b"\r\ncontent-length: "
        });
        let mut length = itoa::Buffer::new();
        out.extend_from_slice(length.format(body.len()).as_bytes());
        out.extend_from_slice(b"\r\n\r\n");
        out.extend_from_slice(&body);
        Ok(())
    }

    /// What has been put down.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The status and the date.
    fn begin(&mut self, status: StatusCode, now: Instant) {
        let out = &mut self.bytes;
        match status {
            StatusCode::OK => out.extend_from_slice(b"HTTP/1.1 200 OK\r\ndate: "),
            StatusCode::CREATED => out.extend_from_slice(b"HTTP/1.1 201 Created\r\ndate: "),
            other => {
                out.extend_from_slice(b"HTTP/1.1 ");
                out.extend_from_slice(other.as_str().as_bytes());
                out.push(b' ');
                out.extend_from_slice(other.canonical_reason().unwrap_or_default().as_bytes());
                out.extend_from_slice(b"\r\ndate: ");
            }
        }
        out.extend_from_slice(self.date.at(now));
    }

    /// Says that the connection ends with this response, which is there already.
    pub(super) fn say_close(&mut self) {
        if let Some(at) = self.bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            self.bytes.splice(at + 2..at + 2, CLOSE.iter().copied());
        }
    }
}
