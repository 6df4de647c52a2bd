//! Responses of success.

use bytes::Bytes;
use http::StatusCode;
use http::header::{CACHE_CONTROL, HeaderName, HeaderValue};
use tocos_http::ResponseBody;

use crate::json::Writer;

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What a response's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    Problem,
    Html,
    Metrics,
    Events,
}

impl Media {
    /// What is said of a body whose kind is not known here.
    pub(crate) const UNKNOWN: &'static str = "application/octet-stream";

    /// The kind with this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        [Self::Json, Self::Problem, Self::Html, Self::Metrics, Self::Events]
            .into_iter()
            .find(|media| media.as_str() == name)
    }

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

/// A response of success.
#[derive(Debug)]
pub(crate) struct Response {
    pub status: StatusCode,
    pub media: Media,
    pub body: ResponseBody,
    /// An earlier request with the same idempotency key got the same.
    pub replayed: bool,
}

impl Response {
    pub(crate) fn new(status: StatusCode, media: Media, body: impl Into<Bytes>) -> Self {
        Self { status, media, body: ResponseBody::Whole(body.into()), replayed: false }
    }

    pub(crate) fn json(status: StatusCode, json: Writer) -> Self {
        Self::new(status, Media::Json, json.into_bytes())
    }

    pub(crate) fn ok(json: Writer) -> Self {
        Self::json(StatusCode::OK, json)
    }

    /// As the server sends it.
    pub(crate) fn into_http(self) -> tocos_http::Response {
        let Self { status, media, body, replayed } = self;
        let mut headers = Vec::new();
        if replayed {
            headers.push((REPLAYED, HeaderValue::from_static("true")));
        }
        if media == Media::Events {
            headers.push((CACHE_CONTROL, HeaderValue::from_static("no-store")));
        }
        tocos_http::Response { status, content_type: media.as_str(), headers, number: None, body, closes: false }
    }
}
