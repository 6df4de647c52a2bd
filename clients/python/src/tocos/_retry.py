"""When an operation is sent again, and when it is over: pure, the same for both clients.

An operation is sent again only if that can't apply it twice: it is a read, or all its attempts carry one idempotency key, or it
is certain that the attempt did nothing.
"""

from __future__ import annotations

import email.utils
import json
import logging
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import httpx

from tocos.errors import ConnectionFailed, Problem, TocosError, UnexpectedResponse

if TYPE_CHECKING:
    from collections.abc import Callable

    from tocos._call import Call

log = logging.getLogger("tocos")
monotonic = time.monotonic

STATUSES = frozenset({408, 429, 502, 503, 504})
"""What may be otherwise a moment later. Everything else is a definite refusal."""

NOTHING_APPLIED = frozenset(
    {
        "too_many_requests",
        "storage_full",
        "archive_unavailable",
        "clock_implausible",
        "not_leader",
        "recovering",
        "request_timeout",
    }
)
"""The codes that may be retried and say that nothing was applied."""

NEVER_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True)
class Retry:
    """How long an operation is tried. Between attempts the client waits as long as the service asks by `Retry-After`; else a time
    between 0 and `backoff_s`, doubled after each attempt up to `backoff_max_s`.
    """

    deadline_s: float = 30.0
    """From the first attempt to the last one's end. 0: one attempt only."""
    backoff_s: float = 0.1
    backoff_max_s: float = 5.0


class Cut(Exception):
    """A response that ended before its end, or came too slowly."""


@dataclass
class Attempts:
    """The attempts of one operation."""

    call: Call
    retry: Retry
    timeout_s: float
    now: Callable[[], float] = monotonic
    jitter: Callable[[], float] = random.random
    number: int = field(default=0, init=False)
    maybe_applied: bool = field(default=False, init=False)
    """Whether an earlier attempt may have been applied."""

    def __post_init__(self) -> None:
        self.ends = self.now() + self.retry.deadline_s

    def begin(self) -> float:
        """Begins an attempt: how long it may take, in seconds."""
        self.number += 1
        timeout_s = self.timeout_s if self.call.timeout_s is None else max(self.timeout_s, self.call.timeout_s)
        left = self.ends - self.now()
        # With no time for retries the first attempt still has its own.
        return timeout_s if self.number == 1 and self.retry.deadline_s <= 0 else max(min(timeout_s, left), 0.001)

    def broken(self, error: Exception) -> float:
        """No response came: how long to wait before the next attempt; raises if there is none."""
        never_sent = isinstance(error, NEVER_SENT)
        self.maybe_applied |= self.call.is_write and not never_sent
        what = str(error) or type(error).__name__
        failure = ConnectionFailed(f"{self.call.method} {self.call.path} got no response, in {self._attempts()}: {what}")
        failure.__cause__ = error
        return self._next(failure, may=self.call.safe or never_sent)

    def answered(self, response: httpx.Response, body: bytes) -> Any | float:
        """A response came: what it says, or how long to wait before the next attempt (as `Again`); raises what it refuses."""
        status = response.status_code
        if response.is_success:
            try:
                return json.loads(body)
            except ValueError as error:
                if "json" in response.headers.get("content-type", ""):
                    return Again(self.broken(Cut(f"the response is not whole: {error}")))
                self.maybe_applied |= self.call.is_write
                raise self._named(UnexpectedResponse(status, body.decode(errors="replace"))) from None
        failure = refusal(response, body)
        code = failure.code if isinstance(failure, Problem) else ""
        certainly_not = status in (408, 429) or code in NOTHING_APPLIED
        if status in STATUSES:
            self.maybe_applied |= self.call.is_write and not certainly_not
            return Again(self._next(failure, may=self.call.safe or certainly_not, after_s=retry_after_s(response)))
        if status >= 500:  # noqa: PLR2004
            self.maybe_applied |= self.call.is_write
        elif code and status in (402, 404, 409) and code != "not_found":
            # The ledger looks for the key before it refuses: what an earlier attempt did would have been found.
            self.maybe_applied = False
        raise self._named(failure)

    def _next(self, failure: TocosError, *, may: bool, after_s: float | None = None) -> float:
        bound = min(self.retry.backoff_max_s, self.retry.backoff_s * 2 ** min(self.number - 1, 30))
        delay: float = self.jitter() * bound
        if after_s is not None:
            # Everyone was told the same moment.
            delay = after_s + self.jitter() * self.retry.backoff_s
        if not may or self.now() + delay >= self.ends:
            raise self._named(failure)
        log.info("%s %s: attempt %d in %.3f s, after: %s", self.call.method, self.call.path, self.number + 1, delay, failure)
        return delay

    def _named(self, failure: TocosError) -> TocosError:
        failure.idempotency_key = self.call.idempotency_key
        failure.maybe_applied = self.maybe_applied
        return failure

    def _attempts(self) -> str:
        return "1 attempt" if self.number == 1 else f"{self.number} attempts"


@dataclass(frozen=True)
class Again:
    """There is another attempt, after `delay_s`."""

    delay_s: float


def refusal(response: httpx.Response, body: bytes) -> TocosError:
    """The error that a response of no success is."""
    try:
        problem = json.loads(body)
    except ValueError:
        problem = None
    if isinstance(problem, dict) and isinstance(problem.get("code"), str):
        return Problem.of(problem, request_id=response.headers.get("x-request-id"))
    return UnexpectedResponse(response.status_code, body.decode(errors="replace"))


def retry_after_s(response: httpx.Response) -> float | None:
    """How long the service asks to wait: a number of seconds, or a time."""
    value = response.headers.get("retry-after", "").strip()
    if value.isascii() and value.isdigit():
        return float(value)
    try:
        return max(email.utils.parsedate_to_datetime(value).timestamp() - time.time(), 0.0) if value else None
    except ValueError:
        return None
