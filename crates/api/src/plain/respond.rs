//! Answers as bytes.

use std::io::Write;
use std::time::{Duration, Instant, SystemTime};

use httpdate::HttpDate;
use hyper::StatusCode;
use hyper::header::{CONTENT_LENGTH, HeaderName};

use crate::answer::{Answer, AnswerBody, problem_response};
use crate::head::{REQUEST_ID, RequestId};
use crate::problem::{Code, Problem};

/// The date of answers, which is written anew once a second.
#[derive(Debug, Default)]
pub(super) struct Date {
    text: Vec<u8>,
    until: Option<Instant>,
}

impl Date {
    #[expect(clippy::disallowed_methods, reason = "what the answer says of itself, nothing of the ledger")]
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

/// An answer being put together, to be sent in one piece.
#[derive(Debug, Default)]
pub(super) struct Out {
    pub bytes: Vec<u8>,
    pub date: Date,
}

/// Room that is kept for the next answer of a connection: a page of a list fits in.
const KEPT_BYTES: usize = 16 * 1024;

impl Out {
    pub(super) fn clear(&mut self) {
        self.bytes.clear();
        self.bytes.shrink_to(KEPT_BYTES);
    }

    /// Puts down an answer.
    ///
    /// # Errors
    /// It has no length: such answers are hyper's to give.
    pub(super) fn answer(&mut self, answer: Answer, id: &RequestId, now: Instant) -> Result<(), Problem> {
        let headers = answer.headers();
        let AnswerBody::Whole(body) = answer.body else {
            return Err(Problem::new(
                Code::InternalError,
                "The service made an answer of unknown length for a plain request. Please report it, with the path.",
            ));
        };
        self.begin(answer.status, id, now);
        for (name, value) in headers {
            self.line(&name, value.as_bytes());
        }
        self.end(&body);
        Ok(())
    }

    /// Puts down a problem.
    pub(super) fn problem(&mut self, problem: &Problem, id: &RequestId, now: Instant) {
        let (head, body) = problem_response(problem).into_parts();
        self.begin(head.status, id, now);
        for (name, value) in &head.headers {
            self.line(name, value.as_bytes());
        }
        let AnswerBody::Whole(body) = body else { return };
        self.end(&body);
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

    /// Says that the connection ends with this answer, which is there already.
    pub(super) fn say_close(&mut self) {
        const CLOSE: &[u8] = b"connection: close\r\n";
        if let Some(at) = self.bytes.windows(4).position(|four| four == b"\r\n\r\n") {
            self.bytes.splice(at + 2..at + 2, CLOSE.iter().copied());
        }
    }
}
