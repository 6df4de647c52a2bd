//! Responses: a status, a body, and the headers that go with them.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::StatusCode;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue};
use tokio::sync::mpsc;

use crate::request_id::{REQUEST_ID, RequestId};

/// What a client gets. `Content-Type`, `Content-Length`, `Date`, `Connection` and `X-Request-Id` are added by the server.
#[derive(Debug)]
pub struct Response {
    /// Its status.
    pub status: StatusCode,
    /// What the body is.
    pub content_type: &'static str,
    /// Further headers.
    pub headers: Vec<(HeaderName, HeaderValue)>,
    /// A further header whose value is a number: its name, in small letters, and the number. It takes no memory of its own.
    pub number: Option<(&'static str, u64)>,
    /// The body.
    pub body: ResponseBody,
    /// The connection ends with this response, as the rest of the request was not read.
    pub closes: bool,
}

impl Response {
    /// A response without further headers.
    #[must_use]
    pub fn new(status: StatusCode, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        let body = ResponseBody::Whole(body.into());
        Self { status, content_type, headers: Vec::new(), number: None, body, closes: false }
    }

    /// As hyper sends it.
    pub(crate) fn into_hyper(self, id: &RequestId) -> hyper::Response<ResponseBody> {
        let mut response = hyper::Response::new(self.body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(REQUEST_ID, id.header_value());
        if self.closes {
            headers.insert(CONNECTION, HeaderValue::from_static("close"));
        }
        if let Some((name, number)) = self.number {
            headers.insert(HeaderName::from_static(name), HeaderValue::from(number));
        }
        headers.extend(self.headers);
        response
    }
}

/// A body that is there as a whole, or comes in chunks.
#[derive(Debug)]
pub enum ResponseBody {
    /// All of it.
    Whole(Bytes),
    /// Chunks, until the sender is dropped.
    Chunks(mpsc::Receiver<Bytes>),
}

impl Body for ResponseBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Chunks(chunks) => chunks.poll_recv(context).map(|chunk| chunk.map(|chunk| Ok(Frame::data(chunk)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Chunks(_) => SizeHint::default(),
        }
    }
}
