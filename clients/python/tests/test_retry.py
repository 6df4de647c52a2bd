"""When an operation is sent again: each rule by itself, without a network."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import httpx
import pytest

import tocos
from tocos._call import Call, write
from tocos._retry import Again, Attempts, Retry
from tocos.errors import ConnectionFailed, InsufficientFunds, Problem, Refused, TocosError, Unavailable, UnexpectedResponse

READ = Call("GET", "/v1/users")
WRITE = write("POST", "/v1/grants", body={}, idempotency_key=None, dry_run=False)
KEYLESS = Call("POST", "/v1/test-clock/advance", safe=False)


class Clock:
    """Time that passes when told."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def attempts(call: Call, retry: Retry | None = None, clock: Clock | None = None, jitter: float = 1.0) -> Attempts:
    begun = Attempts(call, retry or Retry(), 10.0, now=clock or Clock(), jitter=lambda: jitter)
    begun.begin()
    return begun


def problem(code: str, status: int, headers: dict[str, str] | None = None) -> tuple[httpx.Response, bytes]:
    named = {"code": code, "status": status, "retryable": status in (408, 429, 503), "detail": f"it is {code}"}
    head = {"content-type": "application/problem+json", **(headers or {})}
    return httpx.Response(status, headers=head), json.dumps(named).encode()


def page(status: int) -> tuple[httpx.Response, bytes]:
    return httpx.Response(status, headers={"content-type": "text/html"}), b"<html>"


@pytest.mark.parametrize("status", [408, 429, 502, 503, 504])
@pytest.mark.parametrize("call", [READ, WRITE])
def test_what_passes_is_tried_again(status: int, call: Call) -> None:
    assert isinstance(attempts(call).answered(*page(status)), Again)


@pytest.mark.parametrize("status", [301, 400, 401, 402, 403, 404, 405, 409, 413, 415, 500, 501])
@pytest.mark.parametrize("call", [READ, WRITE])
def test_what_is_definite_is_not_tried_again(status: int, call: Call) -> None:
    with pytest.raises(UnexpectedResponse):
        attempts(call).answered(*page(status))
    with pytest.raises(Refused):
        attempts(call).answered(*problem("something_new", status))


@pytest.mark.parametrize("code", sorted(Problem.by_code))
def test_each_code_is_tried_again_if_the_service_says_that_it_may_pass(code: str) -> None:
    status = {"request_timeout": 408, "too_many_requests": 429}.get(code, 503)
    if issubclass(Problem.by_code[code], Unavailable):
        assert isinstance(attempts(WRITE).answered(*problem(code, status)), Again)
    else:
        with pytest.raises(Problem.by_code[code]):
            attempts(WRITE).answered(*problem(code, 409))


@pytest.mark.parametrize("error", [httpx.ReadError("x"), httpx.ReadTimeout("x"), httpx.RemoteProtocolError("x"), httpx.WriteError("x")])
def test_a_write_without_a_key_is_not_tried_again_if_it_may_have_been_applied(error: Exception) -> None:
    assert attempts(WRITE).broken(error) > 0
    with pytest.raises(ConnectionFailed) as failure:
        attempts(KEYLESS).broken(error)
    assert failure.value.maybe_applied
    assert failure.value.__cause__ is error


@pytest.mark.parametrize("error", [httpx.ConnectError("x"), httpx.ConnectTimeout("x"), httpx.PoolTimeout("x")])
def test_a_write_without_a_key_is_tried_again_if_it_was_never_sent(error: Exception) -> None:
    assert attempts(KEYLESS).broken(error) > 0


def test_a_write_without_a_key_is_tried_again_if_the_service_says_that_nothing_was_applied() -> None:
    assert isinstance(attempts(KEYLESS).answered(*problem("recovering", 503)), Again)
    for code in ("outcome_unknown", "storage_unavailable", "shutting_down"):
        with pytest.raises(Unavailable) as refused:
            attempts(KEYLESS).answered(*problem(code, 503))
        assert refused.value.maybe_applied


def test_waits_double_up_to_a_bound_and_lie_anywhere_below() -> None:
    retry = Retry(deadline_s=1000, backoff_s=0.1, backoff_max_s=1.0)
    for jitter in (0.0, 0.5, 1.0):
        tried = attempts(WRITE, retry, jitter=jitter)
        waits = []
        for _ in range(6):
            waits.append(tried.broken(httpx.ReadError("x")))
            tried.begin()
        assert waits == pytest.approx([jitter * bound for bound in (0.1, 0.2, 0.4, 0.8, 1.0, 1.0)])


def test_many_attempts_do_not_overflow() -> None:
    tried = attempts(WRITE, Retry(deadline_s=1e9))
    tried.number = 100_000
    assert tried.broken(httpx.ReadError("x")) == 5.0


def waited(outcome: Any) -> float:
    assert isinstance(outcome, Again)
    return outcome.delay_s


def test_retry_after_is_honoured_in_seconds_and_as_a_time() -> None:
    assert 7.0 <= waited(attempts(WRITE).answered(*problem("recovering", 503, {"retry-after": "7"}))) <= 7.1
    soon = format_datetime(datetime.now(timezone.utc) + timedelta(seconds=9), usegmt=True)
    assert 7.5 <= waited(attempts(WRITE).answered(*problem("recovering", 503, {"retry-after": soon}))) <= 9.1
    past = format_datetime(datetime.now(timezone.utc) - timedelta(seconds=9), usegmt=True)
    assert waited(attempts(WRITE).answered(*problem("recovering", 503, {"retry-after": past}))) <= 0.1
    assert waited(attempts(WRITE).answered(*problem("recovering", 503, {"retry-after": "soon"}))) <= 0.1


def test_a_wait_beyond_the_deadline_is_not_begun() -> None:
    with pytest.raises(tocos.errors.Recovering) as refused:
        attempts(WRITE, Retry(deadline_s=5)).answered(*problem("recovering", 503, {"retry-after": "6"}))
    assert refused.value.idempotency_key == WRITE.idempotency_key
    assert not refused.value.maybe_applied


def test_attempts_end_with_the_deadline_and_are_never_longer_than_what_is_left() -> None:
    clock = Clock()
    tried = attempts(WRITE, Retry(deadline_s=15), clock)
    clock.now += 10
    tried.broken(httpx.ReadTimeout("x"))
    assert tried.begin() == pytest.approx(5.0)
    clock.now += 5
    with pytest.raises(ConnectionFailed) as failure:
        tried.broken(httpx.ReadTimeout("x"))
    assert "2 attempts" in str(failure.value)


def test_with_no_deadline_there_is_one_attempt() -> None:
    tried = Attempts(WRITE, Retry(deadline_s=0), 10.0, now=Clock(), jitter=lambda: 0.0)
    assert tried.begin() == 10.0
    with pytest.raises(ConnectionFailed):
        tried.broken(httpx.ConnectError("x"))


@pytest.mark.parametrize(
    ("code", "status", "maybe"),
    [
        # The ledger would have found what the first attempt did.
        ("insufficient_funds", 402, False),
        ("user_not_found", 404, False),
        ("hold_ended", 409, False),
        # These are said before the ledger is asked.
        ("unauthenticated", 401, True),
        ("forbidden", 403, True),
        ("not_found", 404, True),
        ("internal_error", 500, True),
    ],
)
def test_a_refusal_after_a_lost_response_says_whether_the_write_may_have_been_applied(code: str, status: int, maybe: bool) -> None:
    tried = attempts(WRITE)
    tried.broken(httpx.ReadError("x"))
    tried.begin()
    with pytest.raises(TocosError) as refused:
        tried.answered(*problem(code, status))
    assert refused.value.maybe_applied is maybe


def test_a_refusal_at_once_was_not_applied() -> None:
    with pytest.raises(InsufficientFunds) as refused:
        attempts(WRITE).answered(*problem("insufficient_funds", 402))
    assert not refused.value.maybe_applied


def test_a_read_is_never_applied() -> None:
    with pytest.raises(ConnectionFailed) as failure:
        attempts(READ, Retry(deadline_s=0)).broken(httpx.ReadError("x"))
    assert not failure.value.maybe_applied
    assert failure.value.idempotency_key is None


def test_json_that_is_not_whole_is_tried_again_and_another_page_is_not() -> None:
    broken = httpx.Response(201, headers={"content-type": "application/json"})
    assert isinstance(attempts(WRITE).answered(broken, b'{"event":1,"ki'), Again)
    with pytest.raises(UnexpectedResponse, match="is this the URL of the service") as unexpected:
        attempts(WRITE).answered(*page(200))
    assert unexpected.value.maybe_applied
