//! Responses of success.

use bytes::Bytes;
use http::StatusCode;
use http::header::{
    CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, HeaderName, HeaderValue, REFERRER_POLICY,
    X_CONTENT_TYPE_OPTIONS, X_FRAME_OPTIONS,
};
use tocos_http::ResponseBody;

use crate::json::Writer;

/// The console's page loads its own files alone, and talks to this service alone.
const POLICY: HeaderValue = HeaderValue::from_static(
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; \
     form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'",
);

const REPLAYED: HeaderName = HeaderName::from_static("idempotency-replayed");

/// What a response's body is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Media {
    Json,
    Problem,
    Html,
    Metrics,
    Events,
    /// The console's page.
    Console,
    /// Its script, packed with gzip, under a name that changes with it.
    Script,
    /// Likewise its styles.
    Style,
}

impl Media {
    /// What is said of a body whose kind is not known here.
    pub(crate) const UNKNOWN: &'static str = "application/octet-stream";

    const ALL: [Self; 8] =
        [Self::Json, Self::Problem, Self::Html, Self::Metrics, Self::Events, Self::Console, Self::Script, Self::Style];

    /// The kind with this name.
    pub(crate) fn of(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|media| media.as_str() == name)
    }

    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Problem => "application/problem+json",
            Self::Html | Self::Console => "text/html; charset=utf-8",
            Self::Metrics => "text/plain; version=0.0.4; charset=utf-8",
            Self::Events => "text/event-stream",
            Self::Script => "text/javascript; charset=utf-8",
            Self::Style => "text/css; charset=utf-8",
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
        match media {
            Media::Events => headers.push((CACHE_CONTROL, HeaderValue::from_static("no-store"))),
            Media::Console => headers.extend([
                (CACHE_CONTROL, HeaderValue::from_static("no-cache")),
                (CONTENT_SECURITY_POLICY, POLICY),
                (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
                (X_FRAME_OPTIONS, HeaderValue::from_static("DENY")),
                (REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
            ]),
            Media::Script | Media::Style => headers.extend([
                (CACHE_CONTROL, HeaderValue::from_static("public, max-age=31536000, immutable")),
                (CONTENT_ENCODING, HeaderValue::from_static("gzip")),
                (X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
            ]),
            Media::Json | Media::Problem | Media::Html | Media::Metrics => {}
        }
        tocos_http::Response { status, content_type: media.as_str(), headers, number: None, body, closes: false }
    }
}
