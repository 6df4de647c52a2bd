"""What can go wrong, as exceptions: one class for each code of the API's problems.

TocosError
  ConnectionFailed        no complete response came
  UnexpectedResponse      a response that is not the service's
  KeySecretLost           an API key was made, and its secret was lost on the way
  WebhookSecretLost       a secret of a webhook was made, and was lost on the way
  Problem                 the service said no
    Refused               and will again, whoever asks the same: do something else
    Unavailable           and may not later: this was retried already, until the deadline
  WebhookInvalid          a webhook that the service did not send, or not lately
"""

from __future__ import annotations

from typing import Any, ClassVar, get_type_hints


class TocosError(Exception):
    """Whatever this package raises on purpose."""

    idempotency_key: str | None = None
    """The key of the write, if it was one. The same write under this key gives its outcome, and is applied at most once."""
    maybe_applied: bool = False
    """Whether the write may have been applied although this was raised."""


class ConnectionFailed(TocosError):
    """No complete response came before the deadline: no connection, a cut, or too slow. `__cause__` says what happened last."""


class UnexpectedResponse(TocosError):
    """A response that the service does not give, such as the page of a proxy."""

    def __init__(self, status: int, body: str) -> None:
        super().__init__(f"the response is not one of Tocos: {status} {body[:200]!r}; is this the URL of the service?")
        self.status = status
        self.body = body


class KeySecretLost(TocosError):
    """An API key was made, but the response that had its secret was cut. The secret is shown once only: revoke `id`, make another."""

    def __init__(self, id: int) -> None:
        super().__init__(f"the API key {id} was made, and its secret was lost on the way; revoke it and make another one")
        self.id = id


class WebhookSecretLost(TocosError):
    """A secret of a webhook was made, but the response that had it was cut. It is shown once only: rotate the secret of `webhook`.

    With a `secret` of your own this does not happen. After a rotation that was lost, the next one keeps the lost secret beside the new
    one, and no older one: give the receiver the new one at once.
    """

    def __init__(self, webhook: str) -> None:
        super().__init__(f"the secret of the webhook {webhook} was made, and was lost on the way; rotate it")
        self.webhook = webhook


class WebhookInvalid(TocosError):
    """A webhook whose signature, time or form is wrong. Answer it with 400, and do nothing that it says."""


class Problem(TocosError):
    """A refusal of the service. Codes that this version does not know are of this class, or of `Refused` or `Unavailable`."""

    code: str = ""
    """The stable name of what is wrong."""

    by_code: ClassVar[dict[str, type[Problem]]] = {}
    """The class of each code."""

    def __init_subclass__(cls, *, code: str | None = None) -> None:
        super().__init_subclass__()
        if code is not None:
            cls.code = code
            Problem.by_code[code] = cls

    def __init__(self, problem: dict[str, Any], *, request_id: str | None = None) -> None:
        super().__init__(problem.get("detail") or problem.get("title") or problem.get("code") or "refused")
        self.problem = problem
        """The whole problem, as the service sent it."""
        self.code = problem.get("code", "")
        self.status: int = problem.get("status", 0)
        self.title: str = problem.get("title", "")
        self.detail: str = problem.get("detail", "")
        self.retryable: bool = problem.get("retryable", False)
        self.operation: int | None = problem.get("operation")
        """In a batch: the position of the operation that was refused, counted from 0."""
        self.request_id = request_id
        """The id under which the service's log knows the request."""
        for name in self.members():
            setattr(self, name, problem.get(name))

    @classmethod
    def members(cls) -> set[str]:
        """The members of the problem that are attributes of this class."""
        return set(get_type_hints(cls)) - set(get_type_hints(Problem))

    @staticmethod
    def of(problem: dict[str, Any], *, request_id: str | None = None) -> Problem:
        """The exception for a problem, such as one in the results of a batch."""
        unknown = Unavailable if problem.get("retryable") else Refused
        return Problem.by_code.get(problem.get("code", ""), unknown)(problem, request_id=request_id)


class Refused(Problem):
    """The same request will be refused again."""


class Unavailable(Problem):
    """The same request may succeed later. It was retried already, as long as the deadline allowed."""


class InvalidRequest(Refused, code="invalid_request"):
    """The request is not valid. `field` names what is wrong."""

    field: str | None


class Unauthenticated(Refused, code="unauthenticated"):
    """No valid API key."""


class Forbidden(Refused, code="forbidden"):
    """The API key does not have the right."""


class InsufficientFunds(Refused, code="insufficient_funds"):
    """Not enough coins."""

    available: int
    needed: int
    user: str
    coin: str


class NotFound(Refused, code="not_found"):
    """No such route. What is asked for was not found: the classes below."""


class UserNotFound(Refused, code="user_not_found"):
    """No such user."""

    user: str


class CoinNotFound(Refused, code="coin_not_found"):
    """No such coin."""

    coin: str


class HoldNotFound(Refused, code="hold_not_found"):
    """No such hold."""

    hold: int


class EventNotFound(Refused, code="event_not_found"):
    """No such event."""

    event: int


class ScheduleNotFound(Refused, code="schedule_not_found"):
    """No such schedule."""

    schedule: str


class WebhookNotFound(Refused, code="webhook_not_found"):
    """No such webhook."""

    webhook: str


class KeyNotFound(Refused, code="key_not_found"):
    """No such API key."""

    key: int


class MethodNotAllowed(Refused, code="method_not_allowed"):
    """The route does not have this method."""


class RequestTimeout(Unavailable, code="request_timeout"):
    """The request took too long to arrive; nothing was applied."""


class IdempotencyKeyReused(Refused, code="idempotency_key_reused"):
    """The idempotency key was used for another request, `event`. `field` names what differs."""

    field: str | None
    event: int | None


class HoldEnded(Refused, code="hold_ended"):
    """The hold was captured, released, or has expired: `ended_as`."""

    hold: int
    ended_as: str


class HoldAmountExceeded(Refused, code="hold_amount_exceeded"):
    """More than is held."""

    hold: int
    held: int


class AlreadyReversed(Refused, code="already_reversed"):
    """More than is left to reverse."""

    event: int
    remaining: int


class NotReversible(Refused, code="not_reversible"):
    """An event of a kind that can't be reversed."""

    event: int
    kind: str


class AboveCeiling(Refused, code="above_ceiling"):
    """The account would have more than its ceiling."""

    user: str
    coin: str
    ceiling: int
    total: int


class SpendLimitReached(Refused, code="spend_limit_reached"):
    """The account's spending limit is reached. `left` may still be spent, until `resets_at` if that is known."""

    user: str
    coin: str
    left: int
    needed: int
    resets_at: str | None


class AccountFrozen(Refused, code="account_frozen"):
    """The account is frozen."""

    user: str
    coin: str


class UserClosed(Refused, code="user_closed"):
    """The user is closed."""

    user: str


class UserNotEmpty(Refused, code="user_not_empty"):
    """A user with coins or open holds can't be closed."""

    user: str
    coin: str
    total: int


class SupplyExhausted(Refused, code="supply_exhausted"):
    """The coin can't be issued any further."""

    coin: str
    remaining: int


class NoSuccessor(Refused, code="no_successor"):
    """No other node of the group can lead."""


class PayloadTooLarge(Refused, code="payload_too_large"):
    """The body is too large."""


class TooManyRequests(Unavailable, code="too_many_requests"):
    """Too many requests."""


class InternalError(Refused, code="internal_error"):
    """Something is wrong with the service or its data; its log says what. A write may have been applied."""


class StorageUnavailable(Unavailable, code="storage_unavailable"):
    """The storage has failed. A write may have been applied."""


class StorageFull(Unavailable, code="storage_full"):
    """The disk is full; nothing was applied."""


class ArchiveUnavailable(Unavailable, code="archive_unavailable"):
    """An old part of the log could not be fetched from the archive; nothing was applied."""


class ClockImplausible(Unavailable, code="clock_implausible"):
    """The system's clock is implausible; nothing was applied."""

    ledger_time: str
    system_time: str


class NotLeader(Unavailable, code="not_leader"):
    """The group has no leader at the moment; nothing was applied."""


class OutcomeUnknown(Unavailable, code="outcome_unknown"):
    """The leader was lost before its response was complete. A write may have been applied."""


class Behind(Unavailable, code="behind"):
    """The event that was waited for did not come in time."""

    event: int
    min_event: int


class Diverged(Unavailable, code="diverged"):
    """The group went on without events that this node has; nothing was applied."""


class Recovering(Unavailable, code="recovering"):
    """The service is starting; nothing was applied."""


class ShuttingDown(Unavailable, code="shutting_down"):
    """The service is shutting down. A write may have been applied."""
