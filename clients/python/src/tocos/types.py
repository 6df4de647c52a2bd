"""The types of the API's requests and responses, made by `generate.py` from its OpenAPI document. Not edited by hand.

They are dictionaries as they come, so that what a newer service adds is there too.
"""

from __future__ import annotations

from typing import Any, Literal

from typing_extensions import NotRequired, TypeAlias, TypedDict


class UserEvent(TypedDict):
    user: str
    name: str | None
    created: bool
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["user"]
    at: str


class UserClosedEvent(TypedDict):
    user: str
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["user_closed"]
    at: str


class CoinEvent(TypedDict):
    coin: str
    decimals: int
    created: bool
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["coin"]
    at: str


class LimitsEvent(TypedDict):
    user: str
    coin: str
    floor: int
    ceiling: int
    frozen: bool
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["limits"]
    at: str


class ThresholdsEvent(TypedDict):
    coin: str
    thresholds: list[int] | None
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    user: NotRequired[str]
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["thresholds"]
    at: str


class SpendLimitEvent(TypedDict):
    coin: str
    amount: int | None
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    user: NotRequired[str]
    per: NotRequired[Literal["day", "month", "hours"]]
    hours: NotRequired[int]
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["spend_limit"]
    at: str


class ScheduleEvent(TypedDict):
    schedule: str
    user: str
    coin: str
    amount: int
    anchor: str
    priority: int
    category: Literal["paid", "promotional"]
    next_at: str
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    every_days: NotRequired[int]
    every_months: NotRequired[int]
    starts_at: NotRequired[str]
    ends_at: NotRequired[str]
    occurrences: NotRequired[int]
    expires: NotRequired[Literal["never", "at_next"]]
    expires_after_s: NotRequired[int]
    rollover_max: NotRequired[int]
    rollover_expires: NotRequired[Literal["never", "at_next"]]
    rollover_expires_after_s: NotRequired[int]
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["schedule"]
    at: str


class ScheduleDeletedEvent(TypedDict):
    schedule: str
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["schedule_deleted"]
    at: str


class SchedulePausedEvent(TypedDict):
    schedule: str
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["schedule_paused"]
    at: str


class ScheduleResumedEvent(TypedDict):
    schedule: str
    next_occurrence: int | None
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["schedule_resumed"]
    at: str


class ExtendEvent(TypedDict):
    hold: int
    state: Literal["open"]
    user: str
    coin: str
    expires_at: str
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["extend"]
    at: str


class KeyEvent(TypedDict):
    id: int
    name: str
    right: Literal["read", "spend", "grant", "admin"]
    expires_at: str | None
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["key"]
    at: str


class NewKey(TypedDict):
    id: int
    name: str
    right: Literal["read", "spend", "grant", "admin"]
    expires_at: str | None
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["key"]
    at: str
    secret: NotRequired[str]
    """The secret that clients send. Returned only once, and not in a dry run."""


class KeyRevokedEvent(TypedDict):
    id: int
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["key_revoked"]
    at: str


class LeaderEvent(TypedDict):
    epoch: int
    node: str
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["leader"]
    at: str


class WebhookEvent(TypedDict):
    webhook: str
    url: str
    kinds: (
        list[
            Literal[
                "user",
                "user_closed",
                "coin",
                "limits",
                "extend",
                "key",
                "key_revoked",
                "leader",
                "thresholds",
                "spend_limit",
                "schedule",
                "schedule_deleted",
                "schedule_paused",
                "schedule_resumed",
                "grant",
                "spend",
                "transfer",
                "hold",
                "capture",
                "release",
                "hold_expired",
                "expire",
                "reverse",
                "rollover",
                "adjustment",
                "webhook",
                "webhook_deleted",
                "webhook_rotated",
                "webhook_failing",
                "webhook_disabled",
                "webhook_enabled",
                "webhook_redelivered",
            ]
        ]
        | None
    )
    coins: list[str] | None
    user_prefix: str | None
    crossed_only: bool
    batch: int
    from_event: int
    created: bool
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["webhook"]
    at: str


class NewWebhook(TypedDict):
    webhook: str
    url: str
    kinds: (
        list[
            Literal[
                "user",
                "user_closed",
                "coin",
                "limits",
                "extend",
                "key",
                "key_revoked",
                "leader",
                "thresholds",
                "spend_limit",
                "schedule",
                "schedule_deleted",
                "schedule_paused",
                "schedule_resumed",
                "grant",
                "spend",
                "transfer",
                "hold",
                "capture",
                "release",
                "hold_expired",
                "expire",
                "reverse",
                "rollover",
                "adjustment",
                "webhook",
                "webhook_deleted",
                "webhook_rotated",
                "webhook_failing",
                "webhook_disabled",
                "webhook_enabled",
                "webhook_redelivered",
            ]
        ]
        | None
    )
    coins: list[str] | None
    user_prefix: str | None
    crossed_only: bool
    batch: int
    from_event: int
    created: bool
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["webhook"]
    at: str
    secret: NotRequired[str]
    """The secret that signs requests. Returned only once, only if the service made it, and not in a dry run."""


class WebhookDeletedEvent(TypedDict):
    webhook: str
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["webhook_deleted"]
    at: str


class WebhookRotatedEvent(TypedDict):
    webhook: str
    keep_s: int
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["webhook_rotated"]
    at: str


class RotatedWebhook(TypedDict):
    webhook: str
    keep_s: int
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["webhook_rotated"]
    at: str
    secret: NotRequired[str]
    """The secret that signs requests. Returned only once, only if the service made it, and not in a dry run."""


class WebhookDisabledEvent(TypedDict):
    webhook: str
    reason: Literal["requested", "gone", "failing"]
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["webhook_disabled"]
    at: str


class WebhookEnabledEvent(TypedDict):
    webhook: str
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["webhook_enabled"]
    at: str


class WebhookRedeliveredEvent(TypedDict):
    webhook: str
    from_event: int
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["webhook_redelivered"]
    at: str


class WebhookFailingEvent(TypedDict):
    webhook: str
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["webhook_failing"]
    at: str


class WebhookProgressEvent(TypedDict):
    webhook: str
    through: int
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["webhook_progress"]
    at: str


class Balance(TypedDict):
    total: int
    held: int
    available: int


class Lot(TypedDict):
    grant: int | None
    """The number of the grant event; null for plain coins."""
    amount: int
    expires_at: NotRequired[str | None]
    priority: NotRequired[int]
    category: NotRequired[Literal["paid", "promotional"]]


class Crossing(TypedDict):
    user: str
    threshold: int
    direction: Literal["down", "up"]


class SpendLimit(TypedDict):
    amount: int
    per: Literal["day", "month", "hours"]
    hours: NotRequired[int]


class Spending(TypedDict):
    amount: int
    per: Literal["day", "month", "hours"]
    of: Literal["account", "coin"]
    used: int
    left: int
    resets_at: str | None
    hours: NotRequired[int]


class Coin(TypedDict):
    code: str
    decimals: int
    issued: int
    spent: int
    expired: int
    outstanding: int
    held: int
    thresholds: NotRequired[list[int]]
    spend_limit: NotRequired[SpendLimit]


class Hold(TypedDict):
    id: int
    state: Literal["open", "captured", "released", "expired"]
    user: str
    coin: str
    amount: int
    held: int
    captured: int
    created_at: str
    lots: list[Lot]
    expires_at: NotRequired[str]
    to: NotRequired[str]
    ended_at: NotRequired[str]


class Grant(TypedDict):
    event: int
    kind: Literal["grant", "rollover"]
    user: str
    coin: str
    amount: int
    expires_at: str | None
    priority: int
    category: Literal["paid", "promotional"]
    followed: bool
    created_at: str
    left: NotRequired[int]
    held: NotRequired[int]
    spent: NotRequired[int]
    moved_on: NotRequired[int]
    expired: NotRequired[int]
    reversed: NotRequired[int]
    added: NotRequired[int]
    schedule: NotRequired[str]
    reference: NotRequired[str]


class Schedule(TypedDict):
    id: str
    user: str
    coin: str
    amount: int
    anchor: str
    priority: int
    category: Literal["paid", "promotional"]
    paused: bool
    next_at: str | None
    last_at: str | None
    every_days: NotRequired[int]
    every_months: NotRequired[int]
    starts_at: NotRequired[str]
    ends_at: NotRequired[str]
    occurrences: NotRequired[int]
    expires: NotRequired[Literal["never", "at_next"]]
    expires_after_s: NotRequired[int]
    rollover_max: NotRequired[int]
    rollover_expires: NotRequired[Literal["never", "at_next"]]
    rollover_expires_after_s: NotRequired[int]


class Occurrence(TypedDict):
    occurrence: int
    at: str
    amount: int
    expires_at: str | None


class Preview(TypedDict):
    occurrences: list[Occurrence]


class Version(TypedDict):
    name: Literal["tocos"]
    version: str
    commit: str


class OwnKey(TypedDict):
    id: int | None
    name: str
    right: Literal["read", "spend", "grant", "admin"]
    expires_at: str | None


class Expiring(TypedDict):
    coin: str
    within_7_days: int
    within_30_days: int


class RefusalCount(TypedDict):
    code: str
    count: int


RefusalsByTime = TypedDict(
    "RefusalsByTime",
    {
        "from": str,
        "span_s": int,
        "counts": list[int],
    },
)


class ArchiveStatus(TypedDict):
    lag_s: float
    lag_bytes: int
    last_success_at: str | None
    failures: int


class TestClock(TypedDict):
    now: str


class Clock(TypedDict):
    ledger_time: str
    """The time of the last event. Everything that expires up to then has expired."""
    system_time: str
    plausible: bool
    """Whether the ledger follows the system clock. If false, nothing is written and nothing expires."""
    ledger_ahead_s: int


class OpenApi(TypedDict):
    pass


Page: TypeAlias = str


class Webhook(TypedDict):
    id: str
    url: str
    kinds: (
        list[
            Literal[
                "user",
                "user_closed",
                "coin",
                "limits",
                "extend",
                "key",
                "key_revoked",
                "leader",
                "thresholds",
                "spend_limit",
                "schedule",
                "schedule_deleted",
                "schedule_paused",
                "schedule_resumed",
                "grant",
                "spend",
                "transfer",
                "hold",
                "capture",
                "release",
                "hold_expired",
                "expire",
                "reverse",
                "rollover",
                "adjustment",
                "webhook",
                "webhook_deleted",
                "webhook_rotated",
                "webhook_failing",
                "webhook_disabled",
                "webhook_enabled",
                "webhook_redelivered",
            ]
        ]
        | None
    )
    coins: list[str] | None
    user_prefix: str | None
    crossed_only: bool
    batch: int
    through: int
    """All events through this one were delivered, or are not for it."""
    pending_events: int
    enabled: bool
    disabled_reason: Literal["requested", "gone", "failing"] | None
    disabled_at: str | None
    failing_since: str | None
    old_secret_until: str | None
    created_at: str


class WebhookList(TypedDict):
    webhooks: list[Webhook]


class WebhookDelivery(TypedDict):
    at: str
    message: str
    """The request's `webhook-id`."""
    first_event: int | None
    last_event: int | None
    events: int
    delivered: bool
    status: int | None
    took_ms: int
    answer: str
    """The first 1,024 bytes of the answer's body."""
    error: str | None


class WebhookDeliveryList(TypedDict):
    deliveries: list[WebhookDelivery]


class UserSummary(TypedDict):
    id: str
    name: str | None
    coins: dict[str, int]
    """Totals by coin."""


class HistoryEntry(TypedDict):
    event: int
    kind: Literal[
        "grant",
        "spend",
        "transfer",
        "hold",
        "capture",
        "release",
        "hold_expired",
        "expire",
        "reverse",
        "limits",
        "thresholds",
        "spend_limit",
        "rollover",
        "adjustment",
    ]
    coin: str
    amount: int
    """The change of the total."""
    held: int
    """The change of the held amount."""
    balance: Balance
    counterpart: str | None
    lots: list[Lot]
    at: str
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]


class Key(TypedDict):
    id: int
    name: str
    right: Literal["read", "spend", "grant", "admin"]
    created_at: str
    expires_at: str | None
    revoked_at: str | None


class EventRange(TypedDict):
    first: int
    last: int


class UserList(TypedDict):
    users: list[UserSummary]
    next_cursor: str | None
    """Pass it as `cursor` to get the next page; null on the last page."""


class History(TypedDict):
    entries: list[HistoryEntry]
    next_cursor: str | None
    """Pass it as `cursor` to get the next page; null on the last page."""


class HoldList(TypedDict):
    holds: list[Hold]
    next_cursor: str | None
    """Pass it as `cursor` to get the next page; null on the last page."""


class ScheduleList(TypedDict):
    schedules: list[Schedule]
    next_cursor: str | None
    """Pass it as `cursor` to get the next page; null on the last page."""


class CoinList(TypedDict):
    coins: list[Coin]


class KeyList(TypedDict):
    keys: list[Key]


class Batch(TypedDict):
    applied: int
    refused: int
    replayed: int
    events: EventRange | None
    results: list[dict[str, Any]]
    """Events and problems. `replayed` marks an event of an earlier request; `operation` is the index of the operation that was refused."""


class Problem(TypedDict):
    type: str
    title: str
    status: int
    detail: str
    """Explains the problem and what to do about it."""
    code: Literal[
        "invalid_request",
        "unauthenticated",
        "insufficient_funds",
        "forbidden",
        "not_found",
        "user_not_found",
        "coin_not_found",
        "hold_not_found",
        "event_not_found",
        "schedule_not_found",
        "webhook_not_found",
        "key_not_found",
        "method_not_allowed",
        "request_timeout",
        "idempotency_key_reused",
        "hold_ended",
        "hold_amount_exceeded",
        "already_reversed",
        "not_reversible",
        "above_ceiling",
        "spend_limit_reached",
        "account_frozen",
        "user_closed",
        "user_not_empty",
        "supply_exhausted",
        "no_successor",
        "payload_too_large",
        "too_many_requests",
        "internal_error",
        "storage_unavailable",
        "storage_full",
        "archive_unavailable",
        "clock_implausible",
        "not_leader",
        "outcome_unknown",
        "behind",
        "diverged",
        "recovering",
        "shutting_down",
    ]
    """`invalid_request`: The request is not valid; `unauthenticated`: No valid API key; `insufficient_funds`: Not enough coins; `forbidden`: Not allowed; `not_found`: No such route; `user_not_found`: No such user; `coin_not_found`: No such coin; `hold_not_found`: No such hold; `event_not_found`: No such event; `schedule_not_found`: No such schedule; `webhook_not_found`: No such webhook; `key_not_found`: No such API key; `method_not_allowed`: Method not allowed; `request_timeout`: The request took too long to arrive; `idempotency_key_reused`: The idempotency key was used for another request; `hold_ended`: The hold has ended; `hold_amount_exceeded`: The amount is more than is held; `already_reversed`: The amount is more than is left to reverse; `not_reversible`: The event is not reversible; `above_ceiling`: Above the account's ceiling; `spend_limit_reached`: The account's spending limit is reached; `account_frozen`: The account is frozen; `user_closed`: The user is closed; `user_not_empty`: The user still has coins; `supply_exhausted`: The supply of this coin is exhausted; `no_successor`: No other node can lead; `payload_too_large`: The body is too large; `too_many_requests`: Too many requests; `internal_error`: Internal error; `storage_unavailable`: The storage is not available; `storage_full`: The disk is full; `archive_unavailable`: The archive is not available; `clock_implausible`: The system's clock is implausible; `not_leader`: No leader at the moment; `outcome_unknown`: The request may or may not have been applied; `behind`: The event is not there yet; `diverged`: The group went on without this node; `recovering`: The service is starting; `shutting_down`: The service is shutting down"""
    retryable: bool
    """Whether the same request may succeed later."""
    field: NotRequired[str]
    """The field of the request that is wrong."""


class ClusterLeader(TypedDict):
    node: str
    url: str
    epoch: int


class ClusterMember(TypedDict):
    node: str
    url: str
    last_event: int
    seen_ago_s: float
    """How long ago the node said so."""


class Handover(TypedDict):
    leader: ClusterLeader


class LiabilityTotals(TypedDict):
    opening: int
    """What users had at the beginning, held coins included."""
    granted: int
    """What was granted. Adds."""
    spent: int
    """What was spent or captured, but not to another user. Subtracts."""
    expired: int
    """What expired. Subtracts."""
    reversed: int
    """What reversals changed on balance; below 0 where grants were taken back. Adds."""
    closing: int
    """What users had at the end."""
    held: int
    """What of `closing` was held by open holds."""


class LiabilityOfCategory(TypedDict):
    category: Literal["paid", "promotional"]
    opening: int
    """What users had at the beginning, held coins included."""
    granted: int
    """What was granted. Adds."""
    spent: int
    """What was spent or captured, but not to another user. Subtracts."""
    expired: int
    """What expired. Subtracts."""
    reversed: int
    """What reversals changed on balance; below 0 where grants were taken back. Adds."""
    converted: int
    """What came from the other category, since coins that are paid to a user become plain ones. Adds."""
    closing: int
    """What users had at the end."""
    held: int
    """What of `closing` was held by open holds."""


LiabilityOfMonth = TypedDict(
    "LiabilityOfMonth",
    {
        "month": str,
        "from": str,
        "until": str,
        "opening": int,
        "granted": int,
        "spent": int,
        "expired": int,
        "reversed": int,
        "closing": int,
        "held": int,
    },
)


LiabilityOfDay = TypedDict(
    "LiabilityOfDay",
    {
        "day": str,
        "from": str,
        "until": str,
        "opening": int,
        "granted": int,
        "spent": int,
        "expired": int,
        "reversed": int,
        "closing": int,
        "held": int,
    },
)


class LiabilityCategoryCheck(TypedDict):
    category: Literal["paid", "promotional"]
    balances: int
    """The sum of all accounts at the event, held coins included."""
    counted: int
    """What the events of the log up to then come to."""
    equal: bool


class LiabilityCheck(TypedDict):
    balances: int
    """The sum of all accounts at the event, held coins included."""
    counted: int
    """What the events of the log up to then come to."""
    equal: bool
    categories: NotRequired[list[LiabilityCategoryCheck]]


LiabilityByTotal = TypedDict(
    "LiabilityByTotal",
    {
        "coin": str,
        "from": str,
        "until": str,
        "by": Literal["total"],
        "event": int,
        "rows": list[LiabilityTotals],
        "totals": LiabilityTotals,
        "check": LiabilityCheck,
    },
)


LiabilityByCategory = TypedDict(
    "LiabilityByCategory",
    {
        "coin": str,
        "from": str,
        "until": str,
        "by": Literal["category"],
        "event": int,
        "rows": list[LiabilityOfCategory],
        "totals": LiabilityTotals,
        "check": LiabilityCheck,
    },
)


LiabilityByMonth = TypedDict(
    "LiabilityByMonth",
    {
        "coin": str,
        "from": str,
        "until": str,
        "by": Literal["month"],
        "event": int,
        "rows": list[LiabilityOfMonth],
        "totals": LiabilityTotals,
        "check": LiabilityCheck,
    },
)


LiabilityByDay = TypedDict(
    "LiabilityByDay",
    {
        "coin": str,
        "from": str,
        "until": str,
        "by": Literal["day"],
        "event": int,
        "rows": list[LiabilityOfDay],
        "totals": LiabilityTotals,
        "check": LiabilityCheck,
    },
)


LiabilityReport: TypeAlias = LiabilityByTotal | LiabilityByCategory | LiabilityByMonth | LiabilityByDay


BatchTransfer = TypedDict(
    "BatchTransfer",
    {
        "from": str,
        "to": str,
        "coin": str,
        "amount": int,
        "metadata": NotRequired[dict[str, Any] | None],
        "reference": NotRequired[str | None],
        "op": Literal["transfer"],
        "idempotency_key": NotRequired[str | None],
    },
)


class BatchGrant(TypedDict):
    """Issues new coins to a user."""

    user: str
    """The receiver."""
    coin: str
    """The coin's code."""
    amount: int
    """The amount, in the coin's smallest unit."""
    expires_at: NotRequired[str | None]
    """The time from which the unspent coins of this grant expire. If omitted, they never expire."""
    priority: NotRequired[int | None]
    """Coins with a lower priority are spent first. Default: 50."""
    category: NotRequired[Literal["paid", "promotional"] | None]
    """With equal priority and expiry, promotional coins are spent before paid ones."""
    lot: NotRequired[bool | None]
    """Keep these coins as a lot of their own even if they never expire and have default priority and category, so that they can be followed. Default: false."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["grant"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchSpend(TypedDict):
    """Spends a user's coins, or pays them to another user. Lots are consumed in order: lower priority first, then earlier expiry."""

    user: str
    """The payer."""
    coin: str
    """The coin's code."""
    amount: int
    """The amount, in the coin's smallest unit."""
    to: NotRequired[str | None]
    """The payee. If omitted, the coins are spent."""
    mode: NotRequired[Literal["exact", "up_to"] | None]
    """`up_to` takes the available coins, possibly none, if there are fewer than the amount. Default: `exact`."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["spend"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchHold(TypedDict):
    """Reserves coins until they are captured or released, or the hold expires. The `id` in the response identifies the hold."""

    user: str
    """The user whose coins are reserved."""
    coin: str
    """The coin's code."""
    amount: int
    """The amount, in the coin's smallest unit."""
    expires_at: NotRequired[str | None]
    """When the hold expires; at most 400 days from now."""
    timeout_s: NotRequired[int | None]
    """The expiry in seconds from now. Default, without `expires_at`: 900."""
    to: NotRequired[str | None]
    """The user who receives the captured coins. If omitted, captured coins are spent."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["hold"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchCapture(TypedDict):
    """Takes held coins: spends them, or pays them to the user given when the hold was created."""

    hold: int
    """The hold's id."""
    amount: NotRequired[int | None]
    """The amount to capture. Default: everything held."""
    final: NotRequired[bool | None]
    """Whether to release the rest and end the hold. Default: true."""
    excess: NotRequired[Literal["reject", "take_available"] | None]
    """What to do if the amount is more than is held: `reject` refuses the capture, `take_available` takes the missing coins from the available ones, as many as there are. Default: `reject`."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["capture"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchRelease(TypedDict):
    """Makes all held coins available again and ends the hold."""

    hold: int
    """The hold's id."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["release"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchExtend(TypedDict):
    """Sets a later expiry for a hold."""

    hold: int
    """The hold's id."""
    expires_at: str
    """The new expiry of the hold; later than the current one, at most 400 days from now."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["extend"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchUser(TypedDict):
    """Creates a user, or replaces the name and metadata of an existing one."""

    user: str
    """The user's id, which you choose."""
    name: NotRequired[str | None]
    """The display name: at most 256 bytes of UTF-8, no control characters."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["user"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchUserClose(TypedDict):
    """Closes a user permanently. The user must have no coins and no open holds."""

    user: str
    """The user's id."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["user_close"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchCoin(TypedDict):
    """Creates a coin, or replaces the decimals of an existing one."""

    coin: str
    """The coin's code."""
    decimals: NotRequired[int | None]
    """The number of decimal places shown to people. Default: 0."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["coin"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchLimits(TypedDict):
    """Replaces floor, ceiling and frozen of an account. Omitted fields are reset to their defaults."""

    user: str
    """The id of the account's user."""
    coin: str
    """The coin's code."""
    floor: NotRequired[int | None]
    """The lowest available balance allowed; negative for a credit line. Default: 0."""
    ceiling: NotRequired[int | None]
    """The highest total allowed. Default: 2^53-1."""
    frozen: NotRequired[bool | None]
    """Whether the account is frozen: it can receive coins, but none can be taken from it. Default: false."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["limits"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchSpendLimit(TypedDict):
    """Replaces the limit on what may be spent of an account within a day, a month, or a number of hours. Open holds count as spent."""

    user: str
    """The id of the account's user."""
    coin: str
    """The coin's code."""
    amount: NotRequired[int | None]
    """The most that may be spent, paid, transferred away, captured and held within the window. If omitted, the limit is removed, and the coin's counts if it has one."""
    per: NotRequired[Literal["day", "month", "hours"] | None]
    """The window: a day or month of the calendar in UTC, or the last `hours`. Default: `hours` if that field is given, else `day`."""
    hours: NotRequired[int | None]
    """The length of a rolling window."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["spend_limit"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchCoinSpendLimit(TypedDict):
    """Replaces the spending limit of all accounts of this coin that have none of their own. It counts for each of them by itself."""

    coin: str
    """The coin's code."""
    amount: NotRequired[int | None]
    """The most that may be spent, paid, transferred away, captured and held within the window. If omitted, the limit is removed, and the coin's counts if it has one."""
    per: NotRequired[Literal["day", "month", "hours"] | None]
    """The window: a day or month of the calendar in UTC, or the last `hours`. Default: `hours` if that field is given, else `day`."""
    hours: NotRequired[int | None]
    """The length of a rolling window."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["coin_spend_limit"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


Threshold: TypeAlias = int


class BatchThresholds(TypedDict):
    """Replaces the amounts of available coins whose crossing is told: the event that crosses one has it in `crossed`."""

    user: str
    """The id of the account's user."""
    coin: str
    """The coin's code."""
    thresholds: NotRequired[list[Threshold] | None]
    """Up to 10 amounts of available coins, in any order; they may be negative. If omitted, the coin's count; `[]` stands for none at all."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["thresholds"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchCoinThresholds(TypedDict):
    """Replaces the thresholds of all accounts of this coin that have none of their own."""

    coin: str
    """The coin's code."""
    thresholds: NotRequired[list[Threshold] | None]
    """Up to 10 amounts of available coins, in any order; they may be negative. If omitted, the coin's count; `[]` stands for none at all."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["coin_thresholds"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchReverse(TypedDict):
    """Returns the coins of a grant, spend, transfer, capture or expiry to where they came from. Reversing an expiry requires `renew_expires_at`. For a chargeback, `mode: up_to` takes what is still there, and `debt: true` lets the rest be owed."""

    event: int
    """The number of the event to reverse."""
    amount: NotRequired[int | None]
    """The amount to reverse. Default: everything that is not reversed yet."""
    renew_expires_at: NotRequired[str | None]
    """The new expiry of returned coins whose lot has expired."""
    mode: NotRequired[Literal["exact", "up_to"] | None]
    """up_to takes what is left to reverse and still there, possibly nothing, instead of being refused. Default: exact."""
    debt: NotRequired[bool | None]
    """Take also what is no longer there: it is owed in plain coins, whatever the floor. Default: false."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["reverse"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchSchedule(TypedDict):
    """Creates a schedule that grants coins to a user by itself, once or again and again, or replaces what an existing one does from its next occurrence on."""

    schedule: str
    """The schedule's id, which you choose."""
    user: str
    """The receiver. A schedule stays with its user."""
    coin: str
    """The coin's code. A schedule stays with its coin."""
    amount: int
    """What each occurrence grants, in the coin's smallest unit."""
    every_days: NotRequired[int | None]
    """The time between occurrences, in days of 24 hours. Without `every_days` and `every_months` there is one occurrence."""
    every_months: NotRequired[int | None]
    """The time between occurrences, in months of the calendar in UTC. A month that has no such day has its occurrence on its last day."""
    anchor: NotRequired[str | None]
    """From where occurrences are counted: occurrence 0 is at the anchor. Default: `starts_at`, else now; for an existing schedule the anchor that it has."""
    starts_at: NotRequired[str | None]
    """No occurrence is before this time."""
    ends_at: NotRequired[str | None]
    """No occurrence is at or after this time."""
    occurrences: NotRequired[int | None]
    """No occurrence has this number or a higher one, counted from 0 at the anchor."""
    expires: NotRequired[Literal["never", "at_next"] | None]
    """When the coins of an occurrence expire: `at_next` is the time of the next occurrence. Default: `never`."""
    expires_after_s: NotRequired[int | None]
    """The coins of an occurrence expire so many seconds after it."""
    priority: NotRequired[int | None]
    """Coins with a lower priority are spent first. Default: 50."""
    category: NotRequired[Literal["paid", "promotional"] | None]
    """With equal priority and expiry, promotional coins are spent before paid ones."""
    rollover_max: NotRequired[int | None]
    """How much of what is left of an occurrence goes on when the next one comes. Needs `expires: at_next`. Default: nothing."""
    rollover_expires: NotRequired[Literal["never", "at_next"] | None]
    """When what goes on expires: `at_next` is the occurrence after that. Default: `at_next`."""
    rollover_expires_after_s: NotRequired[int | None]
    """What goes on expires so many seconds after the occurrence that comes."""
    takes_effect: NotRequired[Literal["at_next", "now"] | None]
    """When a change of an existing schedule takes effect: with `now` also what its last occurrence granted follows the amount: what is missing is added to its coins, what is too much is taken from those that are left. Default: `at_next`."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["schedule"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchScheduleDelete(TypedDict):
    """Ends a schedule. The coins that it granted stay."""

    schedule: str
    """The schedule's id, which you choose."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["schedule_delete"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchSchedulePause(TypedDict):
    """Skips the occurrences of a schedule until it is resumed."""

    schedule: str
    """The schedule's id, which you choose."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["schedule_pause"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class BatchScheduleResume(TypedDict):
    """Goes on with the first occurrence from now on. A schedule that has none left is over."""

    schedule: str
    """The schedule's id, which you choose."""
    metadata: NotRequired[dict[str, Any] | None]
    """A JSON object of your own, stored with the event; at most 8,192 bytes in compact form."""
    reference: NotRequired[str | None]
    """What you call it, such as the number of an order: 1 to 255 printable characters. `GET /v1/events?reference=` finds its events, of which there may be many."""
    op: Literal["schedule_resume"]
    idempotency_key: NotRequired[str | None]
    """Identifies this operation permanently: it is applied at most once."""


class GrantEvent(TypedDict):
    user: str
    expires_at: str | None
    priority: int
    category: Literal["paid", "promotional"]
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    lot: NotRequired[bool]
    schedule: NotRequired[str]
    occurrence: NotRequired[int]
    due_at: NotRequired[str]
    scheduled: NotRequired[int]
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["grant"]
    at: str
    coin: str
    amount: int
    lots: list[Lot]
    balances: dict[str, Balance]
    """The balance of each user involved, after this event."""
    crossed: NotRequired[list[Crossing]]
    """The thresholds that were crossed, if any were."""


class SpendEvent(TypedDict):
    user: str
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    to: NotRequired[str]
    requested: NotRequired[int]
    mode: NotRequired[Literal["up_to"]]
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["spend"]
    at: str
    coin: str
    amount: int
    lots: list[Lot]
    balances: dict[str, Balance]
    """The balance of each user involved, after this event."""
    crossed: NotRequired[list[Crossing]]
    """The thresholds that were crossed, if any were."""


TransferEvent = TypedDict(
    "TransferEvent",
    {
        "from": str,
        "to": str,
        "metadata": NotRequired[dict[str, Any]],
        "reference": NotRequired[str],
        "idempotency_key": NotRequired[str],
        "by": NotRequired[int],
        "event": int,
        "kind": Literal["transfer"],
        "at": str,
        "coin": str,
        "amount": int,
        "lots": list[Lot],
        "balances": dict[str, Balance],
        "crossed": NotRequired[list[Crossing]],
    },
)


class HoldEvent(TypedDict):
    id: int
    state: Literal["open"]
    user: str
    held: int
    expires_at: str
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    to: NotRequired[str]
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["hold"]
    at: str
    coin: str
    amount: int
    lots: list[Lot]
    balances: dict[str, Balance]
    """The balance of each user involved, after this event."""
    crossed: NotRequired[list[Crossing]]
    """The thresholds that were crossed, if any were."""


class CaptureEvent(TypedDict):
    hold: int
    state: Literal["open", "captured"]
    user: str
    final: bool
    released: int
    expired: int
    held: int
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    to: NotRequired[str]
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["capture"]
    at: str
    coin: str
    amount: int
    lots: list[Lot]
    balances: dict[str, Balance]
    """The balance of each user involved, after this event."""
    crossed: NotRequired[list[Crossing]]
    """The thresholds that were crossed, if any were."""


class ReleaseEvent(TypedDict):
    hold: int
    state: Literal["released"]
    user: str
    expired: int
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["release"]
    at: str
    coin: str
    amount: int
    lots: list[Lot]
    balances: dict[str, Balance]
    """The balance of each user involved, after this event."""
    crossed: NotRequired[list[Crossing]]
    """The thresholds that were crossed, if any were."""


class HoldExpiredEvent(TypedDict):
    hold: int
    state: Literal["expired"]
    user: str
    expired: int
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["hold_expired"]
    at: str
    coin: str
    amount: int
    lots: list[Lot]
    balances: dict[str, Balance]
    """The balance of each user involved, after this event."""
    crossed: NotRequired[list[Crossing]]
    """The thresholds that were crossed, if any were."""


class ExpireEvent(TypedDict):
    user: str
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["expire"]
    at: str
    coin: str
    amount: int
    lots: list[Lot]
    balances: dict[str, Balance]
    """The balance of each user involved, after this event."""
    crossed: NotRequired[list[Crossing]]
    """The thresholds that were crossed, if any were."""


class RolloverEvent(TypedDict):
    user: str
    schedule: str
    occurrence: int
    due_at: str
    expires_at: str | None
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["rollover"]
    at: str
    coin: str
    amount: int
    lots: list[Lot]
    balances: dict[str, Balance]
    """The balance of each user involved, after this event."""
    crossed: NotRequired[list[Crossing]]
    """The thresholds that were crossed, if any were."""


class AdjustmentEvent(TypedDict):
    user: str
    schedule: str
    due_at: str
    direction: Literal["up", "down"]
    scheduled_before: int
    scheduled: int
    metadata: NotRequired[dict[str, Any]]
    reference: NotRequired[str]
    idempotency_key: NotRequired[str]
    by: NotRequired[int]
    """The id of the API key that made the request."""
    event: int
    """The event number: 1, 2, 3, ..."""
    kind: Literal["adjustment"]
    at: str
    coin: str
    amount: int
    lots: list[Lot]
    balances: dict[str, Balance]
    """The balance of each user involved, after this event."""
    crossed: NotRequired[list[Crossing]]
    """The thresholds that were crossed, if any were."""


ReverseEvent = TypedDict(
    "ReverseEvent",
    {
        "of": int,
        "of_kind": str,
        "remaining": int,
        "expired": int,
        "metadata": NotRequired[dict[str, Any]],
        "reference": NotRequired[str],
        "idempotency_key": NotRequired[str],
        "by": NotRequired[int],
        "user": NotRequired[str],
        "from": NotRequired[str],
        "to": NotRequired[str],
        "mode": NotRequired[Literal["up_to"]],
        "requested": NotRequired[int],
        "debt": NotRequired[int],
        "event": int,
        "kind": Literal["reverse"],
        "at": str,
        "coin": str,
        "amount": int,
        "lots": list[Lot],
        "balances": dict[str, Balance],
        "crossed": NotRequired[list[Crossing]],
    },
)


class Account(TypedDict):
    coin: str
    total: int
    held: int
    available: int
    floor: int
    ceiling: int
    frozen: bool
    lots: list[Lot]
    thresholds: NotRequired[list[int]]
    spend_limit: NotRequired[Spending]


class User(TypedDict):
    id: str
    name: str | None
    metadata: dict[str, Any] | None
    closed: bool
    created_at: str
    coins: dict[str, int]
    """Totals by coin."""
    accounts: list[Account]


class Status(TypedDict):
    open_holds: int
    oldest_hold_at: str | None
    expiring: list[Expiring]
    refusals: list[RefusalCount]
    refusals_by_time: RefusalsByTime
    archive: ArchiveStatus | None


class Cluster(TypedDict):
    node: str
    """This node's name; empty without a group."""
    role: Literal["alone", "joining", "follower", "candidate", "leader", "handing_over", "diverged", "stopped"]
    """What this node is to its group."""
    epoch: int
    """A number that grows with each change of the leader."""
    leader: ClusterLeader | None
    last_event: int
    """The last event that this node has."""
    tip_event: int
    """The last event of the group that this node knows of."""
    behind_s: float
    """How long ago this node was last level with the group."""
    lease_age_s: float
    """How long ago the leader last renewed its lease, if this node leads."""
    in_flight: int
    """Frames on their way into the shared log."""
    appends: int
    """Frames that the shared log took from this node."""
    healed_frames: int
    """Frames that were appended again because the shared log had lost them."""
    faults: int
    """Times that the shared log could not be reached."""
    rivals: int
    """Times that another leader was seen while this node led."""
    changes: int
    """Changes of the leader that this node saw."""
    synchronous: bool | None
    """Whether the shared log keeps every acknowledged event on more than one machine; null if that is not known."""
    note: str
    """Why, in words: the settings of the shared log, or the last fault."""
    members: list[ClusterMember]


BatchOperation: TypeAlias = (
    BatchTransfer
    | BatchGrant
    | BatchSpend
    | BatchHold
    | BatchCapture
    | BatchRelease
    | BatchExtend
    | BatchUser
    | BatchUserClose
    | BatchCoin
    | BatchLimits
    | BatchSpendLimit
    | BatchCoinSpendLimit
    | BatchThresholds
    | BatchCoinThresholds
    | BatchReverse
    | BatchSchedule
    | BatchScheduleDelete
    | BatchSchedulePause
    | BatchScheduleResume
)


Event: TypeAlias = (
    UserEvent
    | UserClosedEvent
    | CoinEvent
    | LimitsEvent
    | ThresholdsEvent
    | SpendLimitEvent
    | ScheduleEvent
    | ScheduleDeletedEvent
    | SchedulePausedEvent
    | ScheduleResumedEvent
    | GrantEvent
    | SpendEvent
    | TransferEvent
    | HoldEvent
    | CaptureEvent
    | ReleaseEvent
    | HoldExpiredEvent
    | ExtendEvent
    | ExpireEvent
    | RolloverEvent
    | AdjustmentEvent
    | ReverseEvent
    | KeyEvent
    | KeyRevokedEvent
    | LeaderEvent
    | WebhookEvent
    | WebhookDeletedEvent
    | WebhookRotatedEvent
    | WebhookDisabledEvent
    | WebhookEnabledEvent
    | WebhookRedeliveredEvent
    | WebhookFailingEvent
    | WebhookProgressEvent
)


class GrantUse(TypedDict):
    event: Event
    left: NotRequired[int]
    held: NotRequired[int]
    spent: NotRequired[int]
    moved_on: NotRequired[int]
    expired: NotRequired[int]
    reversed: NotRequired[int]
    added: NotRequired[int]


class EventList(TypedDict):
    events: list[Event]
    last_event: int
    next_after: NotRequired[int]


class GrantUseList(TypedDict):
    uses: list[GrantUse]
    next_after: int | None
    """Pass it as `after` to get the next page; null on the last page."""


class BatchRequest(TypedDict):
    atomic: NotRequired[bool | None]
    """Whether the batch is atomic: all operations are applied, or none. If false, each is applied independently. Default: false."""
    results: NotRequired[Literal["refusals", "all"] | None]
    """What `results` in the response contains: only the refused operations, or one entry per operation (`all`). Default: `refusals`."""
    operations: list[BatchOperation]
    """The operations, applied in order."""
