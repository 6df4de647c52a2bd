//! Answers: a status, a body, and what goes with them.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::header::{
    ACCEPT_ENCODING, ALLOW, CACHE_CONTROL, CONNECTION, CONTENT_TYPE, HeaderName, HeaderValue, RETRY_AFTER,
    WWW_AUTHENTICATE,
};
use hyper::{Response, StatusCode};
use tokio::sync::mpsc;

use crate::json::Writer;
use crate::problem::{Code, Problem};

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What an answer's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    Problem,
    Html,
    Metrics,
    Events,
}

impl Media {
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Problem => "application/problem+json",
            Self::Html => "text/html; charset=utf-8",
            Self::Metrics => "text/plain; version=0.0.4; charset=utf-8",
            Self::Events => "text/event-stream",
        }
    }
}

/// An answer of success.
#[derive(Debug)]
pub(crate) struct Answer {
    pub status: StatusCode,
    pub media: Media,
    pub body: AnswerBody,
    /// It is the answer that an earlier request with the same key got.
    pub replayed: bool,
}

impl Answer {
    pub(crate) fn json(status: StatusCode, json: Writer) -> Self {
        Self { status, media: Media::Json, body: AnswerBody::Whole(json.into_bytes()), replayed: false }
    }

    pub(crate) fn ok(json: Writer) -> Self {
        Self::json(StatusCode::OK, json)
    }

    pub(crate) fn fixed(media: Media, body: &'static str) -> Self {
        let body = AnswerBody::Whole(Bytes::from_static(body.as_bytes()));
        Self { status: StatusCode::OK, media, body, replayed: false }
    }

    /// What stands above the body, but for its length.
    pub(crate) fn headers(&self) -> impl Iterator<Item = (HeaderName, &'static str)> + use<> {
        let replayed = self.replayed.then_some((REPLAYED, "true"));
        let not_kept = (self.media == Media::Events).then_some((CACHE_CONTROL, "no-store"));
        [(CONTENT_TYPE, self.media.as_str())].into_iter().chain(replayed).chain(not_kept)
    }

    pub(crate) fn into_response(self) -> Response<AnswerBody> {
        let headers = self.headers();
        let mut response = Response::new(self.body);
        *response.status_mut() = self.status;
        for (name, value) in headers {
            response.headers_mut().insert(name, HeaderValue::from_static(value));
        }
        response
    }
}

/// A problem as an answer.
pub(crate) fn problem_response(problem: &Problem) -> Response<AnswerBody> {
    let mut json = Writer::with_capacity(256);
    problem.write(&mut json, None);
    let mut response = Response::new(AnswerBody::Whole(json.into_bytes()));
    *response.status_mut() = problem.status();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(Media::Problem.as_str()));
    if let Some(seconds) = problem.retry_after_s {
        headers.insert(RETRY_AFTER, HeaderValue::from(seconds));
    }
    if let Some(allow) = problem.allow.as_deref().and_then(|allow| HeaderValue::from_str(allow).ok()) {
        headers.insert(ALLOW, allow);
    }
    if let Some(encodings) = problem.accept_encoding {
        headers.insert(ACCEPT_ENCODING, HeaderValue::from_static(encodings));
    }
    if problem.code == Code::Unauthenticated {
        headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    if problem.closes {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// A body that is there as a whole, or comes piece by piece.
#[derive(Debug)]
pub(crate) enum AnswerBody {
    Whole(Bytes),
    Pieces(mpsc::Receiver<Bytes>),
}

impl Body for AnswerBody {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        match self.get_mut() {
            Self::Whole(bytes) if bytes.is_empty() => Poll::Ready(None),
            Self::Whole(bytes) => Poll::Ready(Some(Ok(Frame::data(std::mem::take(bytes))))),
            Self::Pieces(pieces) => pieces.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece)))),
        }
    }

    fn is_end_stream(&self) -> bool {
        matches!(self, Self::Whole(bytes) if bytes.is_empty())
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Whole(bytes) => SizeHint::with_exact(bytes.len() as u64),
            Self::Pieces(_) => SizeHint::default(),
        }
    }
}
