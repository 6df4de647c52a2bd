//! The one shape of everything that is not a success (RFC 9457).

use http::StatusCode;
use http::header::{ACCEPT_ENCODING, ALLOW, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use tocos_http::Error;
use tocos_ledger::Refusal;

use super::code::Code;
use super::response::Media;
use crate::json::{Writer, rfc3339_text};

/// A value beside the fields that every problem has.
#[derive(Clone, Debug, PartialEq)]
enum More {
    Text(String),
    Integer(i64),
}

/// Why a request was not applied.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Problem {
    pub code: Code,
    status: StatusCode,
    detail: String,
    more: Vec<(&'static str, More)>,
    /// Seconds after which asking again makes sense.
    pub retry_after_s: Option<u32>,
    /// The methods that the route does have.
    pub allow: Option<String>,
    /// The encodings that bodies may have.
    pub accept_encoding: Option<&'static str>,
    /// The rest of the request was not read: the connection can't be used again.
    pub closes: bool,
}

impl Problem {
    /// `detail` is a sentence: what, where, what to do.
    pub(crate) fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            status: code.status(),
            detail: detail.into(),
            more: Vec::new(),
            retry_after_s: None,
            allow: None,
            accept_encoding: None,
            closes: false,
        }
    }

    /// A field of the request is wrong.
    pub(crate) fn invalid(field: impl Into<String>, reason: impl std::fmt::Display) -> Self {
        let field = field.into();
        Self::new(Code::InvalidRequest, format!("{field}: {reason}.")).with_text("field", field)
    }

    pub(crate) fn with_text(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.more.push((name, More::Text(value.into())));
        self
    }

    pub(crate) fn with_integer(mut self, name: &'static str, value: i64) -> Self {
        self.more.push((name, More::Integer(value)));
        self
    }

    /// The same code with a status of its own.
    pub(crate) fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    pub(crate) fn retry_after_s(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Says which encodings a body may have.
    pub(crate) fn accepting_encodings(mut self, encodings: &'static str) -> Self {
        self.accept_encoding = Some(encodings);
        self
    }

    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    pub(crate) fn status(&self) -> StatusCode {
        self.status
    }

    /// Writes it as JSON; in a batch with the place of the operation, counted from 0.
    pub(crate) fn write(&self, out: &mut Writer, operation: Option<usize>) {
        out.raw("{");
        if let Some(operation) = operation {
            out.raw("\"operation\":");
            out.integer(operation);
            out.raw(",");
        }
        out.raw("\"type\":\"urn:tocos:problem:");
        out.raw(self.code.as_str());
        out.raw("\",\"title\":");
        out.word(self.code.title());
        out.raw(",\"status\":");
        out.integer(self.status.as_u16());
        out.raw(",\"detail\":");
        out.text(&self.detail);
        out.raw(",\"code\":");
        out.word(self.code.as_str());
        out.raw(",\"retryable\":");
        out.bool(self.code.is_retryable());
        for (name, value) in &self.more {
            out.raw(",");
            out.word(name);
            out.raw(":");
            match value {
                More::Text(text) => out.text(text),
                More::Integer(value) => out.integer(*value),
            }
        }
        out.raw("}");
    }

    /// As the server sends it.
    pub(crate) fn to_http(&self) -> tocos_http::Response {
        let mut json = Writer::with_capacity(256);
        self.write(&mut json, None);
        let mut response = tocos_http::Response::new(self.status, Media::Problem.as_str(), json.into_bytes());
        response.closes = self.closes;
        let mut add = |name: HeaderName, value: HeaderValue| response.headers.push((name, value));
        if let Some(seconds) = self.retry_after_s {
            add(RETRY_AFTER, HeaderValue::from(seconds));
        }
        if let Some(allow) = self.allow.as_deref().and_then(|allow| HeaderValue::from_str(allow).ok()) {
            add(ALLOW, allow);
        }
        if let Some(encodings) = self.accept_encoding {
            add(ACCEPT_ENCODING, HeaderValue::from_static(encodings));
        }
        if self.code == Code::Unauthenticated {
            add(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}

/// What the server found wrong with a request or a connection.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let closes = error.leaves_unread();
        let mut problem = match error {
            Error::HeaderRepeated(name) => Self::invalid(name, "this header occurs more than once; send it once"),
            Error::HostMissing => Self::invalid("Host", "HTTP/1.1 requires this header, and it is missing"),
            Error::HostInvalid => Self::invalid("Host", "this is not a host with an optional port"),
            Error::BodyEncoded => {
                Self::invalid("Content-Encoding", "encoded bodies are not supported; send the body without an encoding")
                    .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE)
                    .accepting_encodings("identity")
            }
            Error::BodyTooLarge { bytes_max } => Self::new(
                Code::PayloadTooLarge,
                format!("The body has more than {bytes_max} bytes, the maximum of this route. Send less at once."),
            ),
            Error::BodyTooSlow => Self::new(
                Code::RequestTimeout,
                "The rest of the body did not arrive in time, and nothing was applied. Retry.",
            ),
            Error::BodyIncomplete { reason } => Self::invalid("body", format_args!("it ended early: {reason}")),
            Error::TooManyBodies => Self::new(
                Code::TooManyRequests,
                "Too many large bodies are being sent at the moment. Retry in a moment.",
            )
            .retry_after_s(1),
            Error::TooManyConnections => Self::new(
                Code::TooManyRequests,
                "The service has reached its maximum number of connections. Retry in a moment.",
            )
            .retry_after_s(1),
            Error::ResponseUnsized => Self::new(
                Code::InternalError,
                "The service made a response of unknown length for a plain request. Please report it, with the path.",
            ),
        };
        problem.closes = closes;
        problem
    }
}

/// A refusal of the ledger as a problem: its code and what a client needs to act on it.
impl From<&Refusal> for Problem {
    fn from(refusal: &Refusal) -> Self {
        let with = |code: Code| Self::new(code, refusal.to_string());
        // Numbers of events and amounts are below 2^53.
        let number = |value: u64| i64::try_from(value).unwrap_or(i64::MAX);
        match refusal {
            Refusal::InvalidRequest { field, .. } => with(Code::InvalidRequest).with_text("field", *field),
            Refusal::InsufficientFunds { user, coin, available, needed } => with(Code::InsufficientFunds)
                .with_integer("available", *available)
                .with_integer("needed", number(*needed))
                .with_text("user", &**user)
                .with_text("coin", &**coin),
            Refusal::UserNotFound { user } => with(Code::UserNotFound).with_text("user", &**user),
            Refusal::CoinNotFound { coin } => with(Code::CoinNotFound).with_text("coin", &**coin),
            Refusal::HoldNotFound { hold } => with(Code::HoldNotFound).with_integer("hold", number(*hold)),
            Refusal::EventNotFound { event } => with(Code::EventNotFound).with_integer("event", number(*event)),
            Refusal::ScheduleNotFound { schedule } => {
                with(Code::ScheduleNotFound).with_text("schedule", schedule.as_ref())
            }
            Refusal::WebhookNotFound { webhook } => with(Code::WebhookNotFound).with_text("webhook", webhook.as_ref()),
            Refusal::KeyNotFound { key } => with(Code::KeyNotFound).with_integer("key", i64::from(*key)),
            Refusal::IdempotencyKeyReused { field, event } => {
                with(Code::IdempotencyKeyReused).with_text("field", *field).with_integer("event", number(*event))
            }
            Refusal::HoldEnded { hold, ended_as } => {
                with(Code::HoldEnded).with_integer("hold", number(*hold)).with_text("ended_as", ended_as.as_str())
            }
            Refusal::HoldAmountExceeded { hold, held } => {
                with(Code::HoldAmountExceeded).with_integer("hold", number(*hold)).with_integer("held", number(*held))
            }
            Refusal::AlreadyReversed { event, remaining } => with(Code::AlreadyReversed)
                .with_integer("event", number(*event))
                .with_integer("remaining", number(*remaining)),
            Refusal::NotReversible { event, kind } => {
                with(Code::NotReversible).with_integer("event", number(*event)).with_text("kind", *kind)
            }
            Refusal::AboveCeiling { user, coin, ceiling, total } => with(Code::AboveCeiling)
                .with_text("user", &**user)
                .with_text("coin", &**coin)
                .with_integer("ceiling", number(*ceiling))
                .with_integer("total", *total),
            Refusal::SpendLimitReached { user, coin, left, needed, resets_at } => {
                let problem = with(Code::SpendLimitReached)
                    .with_text("user", &**user)
                    .with_text("coin", &**coin)
                    .with_integer("left", number(*left))
                    .with_integer("needed", number(*needed));
                match resets_at {
                    Some(at) => problem.with_text("resets_at", rfc3339_text(*at)),
                    None => problem,
                }
            }
            Refusal::AccountFrozen { user, coin } => {
                with(Code::AccountFrozen).with_text("user", &**user).with_text("coin", &**coin)
            }
            Refusal::UserClosed { user } => with(Code::UserClosed).with_text("user", &**user),
            Refusal::UserNotEmpty { user, coin, total } => with(Code::UserNotEmpty)
                .with_text("user", &**user)
                .with_text("coin", &**coin)
                .with_integer("total", *total),
            Refusal::SupplyExhausted { coin, remaining } => {
                with(Code::SupplyExhausted).with_text("coin", &**coin).with_integer("remaining", number(*remaining))
            }
        }
    }
}
