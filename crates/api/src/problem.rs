//! The one shape of everything that is not a success (RFC 9457), and the one place that gives refusals their status.

use hyper::StatusCode;
use tocos_ledger::Refusal;

use crate::json::Writer;

/// The stable names of what can be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Code {
    InvalidRequest,
    Unauthenticated,
    Forbidden,
    InsufficientFunds,
    NotFound,
    UserNotFound,
    CoinNotFound,
    HoldNotFound,
    EventNotFound,
    KeyNotFound,
    MethodNotAllowed,
    RequestTimeout,
    IdempotencyKeyReused,
    HoldEnded,
    HoldAmountExceeded,
    AlreadyReversed,
    NotReversible,
    AboveCeiling,
    AccountFrozen,
    UserClosed,
    UserNotEmpty,
    SupplyExhausted,
    PayloadTooLarge,
    TooManyRequests,
    StorageUnavailable,
    Recovering,
    ShuttingDown,
    InternalError,
}

impl Code {
    /// Every code, for the documentation.
    pub(crate) const ALL: [Self; 28] = [
        Self::InvalidRequest,
        Self::Unauthenticated,
        Self::InsufficientFunds,
        Self::Forbidden,
        Self::NotFound,
        Self::UserNotFound,
        Self::CoinNotFound,
        Self::HoldNotFound,
        Self::EventNotFound,
        Self::KeyNotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::IdempotencyKeyReused,
        Self::HoldEnded,
        Self::HoldAmountExceeded,
        Self::AlreadyReversed,
        Self::NotReversible,
        Self::AboveCeiling,
        Self::AccountFrozen,
        Self::UserClosed,
        Self::UserNotEmpty,
        Self::SupplyExhausted,
        Self::PayloadTooLarge,
        Self::TooManyRequests,
        Self::InternalError,
        Self::StorageUnavailable,
        Self::Recovering,
        Self::ShuttingDown,
    ];

    /// The word, the status, and a title in a few words.
    const fn facts(self) -> (&'static str, StatusCode, &'static str) {
        match self {
            Self::InvalidRequest => ("invalid_request", StatusCode::BAD_REQUEST, "The request is not valid"),
            Self::Unauthenticated => ("unauthenticated", StatusCode::UNAUTHORIZED, "No valid API key"),
            Self::InsufficientFunds => ("insufficient_funds", StatusCode::PAYMENT_REQUIRED, "Not enough coins"),
            Self::Forbidden => ("forbidden", StatusCode::FORBIDDEN, "Not allowed"),
            Self::NotFound => ("not_found", StatusCode::NOT_FOUND, "No such route"),
            Self::UserNotFound => ("user_not_found", StatusCode::NOT_FOUND, "No such user"),
            Self::CoinNotFound => ("coin_not_found", StatusCode::NOT_FOUND, "No such coin"),
            Self::HoldNotFound => ("hold_not_found", StatusCode::NOT_FOUND, "No such hold"),
            Self::EventNotFound => ("event_not_found", StatusCode::NOT_FOUND, "No such event"),
            Self::KeyNotFound => ("key_not_found", StatusCode::NOT_FOUND, "No such API key"),
            Self::MethodNotAllowed => ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            Self::RequestTimeout => ("request_timeout", StatusCode::REQUEST_TIMEOUT, "The request came too slowly"),
            Self::IdempotencyKeyReused => {
                ("idempotency_key_reused", StatusCode::CONFLICT, "The idempotency key names another request")
            }
            Self::HoldEnded => ("hold_ended", StatusCode::CONFLICT, "The hold has ended"),
            Self::HoldAmountExceeded => ("hold_amount_exceeded", StatusCode::CONFLICT, "More than is held"),
            Self::AlreadyReversed => ("already_reversed", StatusCode::CONFLICT, "Not that much left to reverse"),
            Self::NotReversible => ("not_reversible", StatusCode::CONFLICT, "Not reversible"),
            Self::AboveCeiling => ("above_ceiling", StatusCode::CONFLICT, "Above the account's ceiling"),
            Self::AccountFrozen => ("account_frozen", StatusCode::CONFLICT, "The account is frozen"),
            Self::UserClosed => ("user_closed", StatusCode::CONFLICT, "The user is closed"),
            Self::UserNotEmpty => ("user_not_empty", StatusCode::CONFLICT, "The user still has coins"),
            Self::SupplyExhausted => ("supply_exhausted", StatusCode::CONFLICT, "No more of this coin"),
            Self::PayloadTooLarge => ("payload_too_large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::TooManyRequests => ("too_many_requests", StatusCode::TOO_MANY_REQUESTS, "Too much at once"),
            Self::InternalError => ("internal_error", StatusCode::INTERNAL_SERVER_ERROR, "Something broke here"),
            Self::StorageUnavailable => {
                ("storage_unavailable", StatusCode::SERVICE_UNAVAILABLE, "The storage is not available")
            }
            Self::Recovering => ("recovering", StatusCode::SERVICE_UNAVAILABLE, "The service is starting"),
            Self::ShuttingDown => ("shutting_down", StatusCode::SERVICE_UNAVAILABLE, "The service is shutting down"),
        }
    }

    pub(crate) const fn as_str(self) -> &'static str {
        self.facts().0
    }

    pub(crate) const fn status(self) -> StatusCode {
        self.facts().1
    }

    pub(crate) const fn title(self) -> &'static str {
        self.facts().2
    }

    /// Whether the same request may succeed later, unchanged.
    pub(crate) const fn is_retryable(self) -> bool {
        matches!(
            self,
            Self::RequestTimeout
                | Self::TooManyRequests
                | Self::StorageUnavailable
                | Self::Recovering
                | Self::ShuttingDown
        )
    }
}

/// A value beside the fields that every problem has.
#[derive(Clone, Debug, PartialEq)]
enum More {
    Text(String),
    Integer(i64),
}

/// Why a request was not carried out.
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

    /// The rest of the request stays unread.
    pub(crate) fn closing(mut self) -> Self {
        self.closes = true;
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
