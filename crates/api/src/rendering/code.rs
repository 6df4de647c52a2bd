//! The stable names of what can be wrong, and the one place that gives each its status.

use http::StatusCode;

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
    ScheduleNotFound,
    WebhookNotFound,
    KeyNotFound,
    MethodNotAllowed,
    RequestTimeout,
    IdempotencyKeyReused,
    HoldEnded,
    HoldAmountExceeded,
    AlreadyReversed,
    NotReversible,
    AboveCeiling,
    SpendLimitReached,
    AccountFrozen,
    UserClosed,
    UserNotEmpty,
    SupplyExhausted,
    NoSuccessor,
    PayloadTooLarge,
    TooManyRequests,
    StorageUnavailable,
    StorageFull,
    ArchiveUnavailable,
    ClockImplausible,
    NotLeader,
    OutcomeUnknown,
    Behind,
    Diverged,
    Recovering,
    ShuttingDown,
    InternalError,
}

impl Code {
    /// Every code, for the documentation.
    pub(crate) const ALL: [Self; 39] = [
        Self::InvalidRequest,
        Self::Unauthenticated,
        Self::InsufficientFunds,
        Self::Forbidden,
        Self::NotFound,
        Self::UserNotFound,
        Self::CoinNotFound,
        Self::HoldNotFound,
        Self::EventNotFound,
        Self::ScheduleNotFound,
        Self::WebhookNotFound,
        Self::KeyNotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::IdempotencyKeyReused,
        Self::HoldEnded,
        Self::HoldAmountExceeded,
        Self::AlreadyReversed,
        Self::NotReversible,
        Self::AboveCeiling,
        Self::SpendLimitReached,
        Self::AccountFrozen,
        Self::UserClosed,
        Self::UserNotEmpty,
        Self::SupplyExhausted,
        Self::NoSuccessor,
        Self::PayloadTooLarge,
        Self::TooManyRequests,
        Self::InternalError,
        Self::StorageUnavailable,
        Self::StorageFull,
        Self::ArchiveUnavailable,
        Self::ClockImplausible,
        Self::NotLeader,
        Self::OutcomeUnknown,
        Self::Behind,
        Self::Diverged,
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
            Self::ScheduleNotFound => ("schedule_not_found", StatusCode::NOT_FOUND, "No such schedule"),
            Self::WebhookNotFound => ("webhook_not_found", StatusCode::NOT_FOUND, "No such webhook"),
            Self::KeyNotFound => ("key_not_found", StatusCode::NOT_FOUND, "No such API key"),
            Self::MethodNotAllowed => ("method_not_allowed", StatusCode::METHOD_NOT_ALLOWED, "Method not allowed"),
            Self::RequestTimeout => {
                ("request_timeout", StatusCode::REQUEST_TIMEOUT, "The request took too long to arrive")
            }
            Self::IdempotencyKeyReused => {
                ("idempotency_key_reused", StatusCode::CONFLICT, "The idempotency key was used for another request")
            }
            Self::HoldEnded => ("hold_ended", StatusCode::CONFLICT, "The hold has ended"),
            Self::HoldAmountExceeded => {
                ("hold_amount_exceeded", StatusCode::CONFLICT, "The amount is more than is held")
            }
            Self::AlreadyReversed => {
                ("already_reversed", StatusCode::CONFLICT, "The amount is more than is left to reverse")
            }
            Self::NotReversible => ("not_reversible", StatusCode::CONFLICT, "The event is not reversible"),
            Self::AboveCeiling => ("above_ceiling", StatusCode::CONFLICT, "Above the account's ceiling"),
            Self::SpendLimitReached => {
                ("spend_limit_reached", StatusCode::CONFLICT, "The account's spending limit is reached")
            }
            Self::AccountFrozen => ("account_frozen", StatusCode::CONFLICT, "The account is frozen"),
            Self::UserClosed => ("user_closed", StatusCode::CONFLICT, "The user is closed"),
            Self::UserNotEmpty => ("user_not_empty", StatusCode::CONFLICT, "The user still has coins"),
            Self::SupplyExhausted => ("supply_exhausted", StatusCode::CONFLICT, "The supply of this coin is exhausted"),
            Self::NoSuccessor => ("no_successor", StatusCode::CONFLICT, "No other node can lead"),
            Self::PayloadTooLarge => ("payload_too_large", StatusCode::PAYLOAD_TOO_LARGE, "The body is too large"),
            Self::TooManyRequests => ("too_many_requests", StatusCode::TOO_MANY_REQUESTS, "Too many requests"),
            Self::InternalError => ("internal_error", StatusCode::INTERNAL_SERVER_ERROR, "Internal error"),
            Self::StorageUnavailable => {
                ("storage_unavailable", StatusCode::SERVICE_UNAVAILABLE, "The storage is not available")
            }
            Self::StorageFull => ("storage_full", StatusCode::SERVICE_UNAVAILABLE, "The disk is full"),
            Self::ArchiveUnavailable => {
                ("archive_unavailable", StatusCode::SERVICE_UNAVAILABLE, "The archive is not available")
            }
            Self::ClockImplausible => {
                ("clock_implausible", StatusCode::SERVICE_UNAVAILABLE, "The system's clock is implausible")
            }
            Self::NotLeader => ("not_leader", StatusCode::SERVICE_UNAVAILABLE, "No leader at the moment"),
            Self::OutcomeUnknown => {
                ("outcome_unknown", StatusCode::SERVICE_UNAVAILABLE, "The request may or may not have been applied")
            }
            Self::Behind => ("behind", StatusCode::SERVICE_UNAVAILABLE, "The event is not there yet"),
            Self::Diverged => ("diverged", StatusCode::SERVICE_UNAVAILABLE, "The group went on without this node"),
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
                | Self::StorageFull
                | Self::ArchiveUnavailable
                | Self::ClockImplausible
                | Self::NotLeader
                | Self::OutcomeUnknown
                | Self::Behind
                | Self::Diverged
                | Self::Recovering
                | Self::ShuttingDown
        )
    }
}
