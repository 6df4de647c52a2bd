"""Holds as contexts: whatever happens inside, nothing stays reserved that will not be taken."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import anyio
import httpx
import pytest
from conftest import QUICK, client_of, plain, rich, total

import tocos
from tocos import errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from service import Proxy


class Mishap(Exception):
    """What may happen inside."""


def held(client: tocos.Client, user: str) -> int:
    return client.get_user(user)["accounts"][0]["held"]


def test_a_capture_takes_and_releases_the_rest(client: tocos.Client, user: str) -> None:
    with client.hold(user, "toco", 500, timeout_s=60, reference="call") as hold:
        assert held(client, user) == hold.held == 500
        captured = hold.capture(137)
        assert captured["released"] == 363
        assert hold.ended
    assert (total(client, user), held(client, user)) == (863, 0)
    assert client.get_hold(hold.id)["state"] == "captured"


def test_captures_in_parts(client: tocos.Client, user: str) -> None:
    with client.hold(user, "toco", 500) as hold:
        hold.capture(100, final=False)
        hold.capture(50, final=False)
        assert (hold.held, hold.ended) == (350, False)
    assert (total(client, user), held(client, user)) == (850, 0)


def test_leaving_without_a_capture_releases(client: tocos.Client, user: str) -> None:
    with client.hold(user, "toco", 500) as hold:
        pass
    assert (total(client, user), held(client, user)) == (1000, 0)
    assert hold.ended
    assert client.get_hold(hold.id)["state"] == "released"


def test_an_error_releases_and_is_raised(client: tocos.Client, user: str) -> None:
    with pytest.raises(Mishap), client.hold(user, "toco", 500):
        raise Mishap
    assert (total(client, user), held(client, user)) == (1000, 0)


def test_a_refused_capture_releases(client: tocos.Client, user: str) -> None:
    with pytest.raises(errors.HoldAmountExceeded) as refused, client.hold(user, "toco", 500) as hold:
        hold.capture(501)
    assert refused.value.held == 500
    assert (total(client, user), held(client, user)) == (1000, 0)


def test_a_hold_that_was_ended_elsewhere_is_left_quietly(client: tocos.Client, user: str) -> None:
    with client.hold(user, "toco", 500) as hold:
        client.capture_hold(hold.id, 20)
    assert (total(client, user), held(client, user)) == (980, 0)


def test_a_dry_run_is_left_quietly(client: tocos.Client, user: str) -> None:
    with client.hold(user, "toco", 500, dry_run=True) as hold:
        assert hold.ended
    with pytest.raises(tocos.InsufficientFunds):
        client.hold(user, "toco", 5000, dry_run=True)


def test_nothing_is_held_when_there_is_not_enough(client: tocos.Client, user: str) -> None:
    with pytest.raises(tocos.InsufficientFunds), client.hold(user, "toco", 1001):
        pytest.fail("not reached")
    assert held(client, user) == 0


def test_a_capture_whose_outcome_is_unknown_is_not_undone(proxy: Proxy, client: tocos.Client, user: str) -> None:
    with (
        client_of(proxy.url, proxy.service.key) as troubled,
        pytest.raises(tocos.ConnectionFailed) as failure,
        troubled.hold(user, "toco", 500) as hold,
    ):
        # It is lost before the service has it.
        proxy.faults.append("dropped")
        hold._client = troubled.with_options(deadline_s=0)
        hold.capture(137)
    assert failure.value.maybe_applied
    # The work was done, so its coins are still reserved: the same capture finds out, and takes them.
    assert held(client, user) == 500
    client.capture_hold(hold.id, 137, idempotency_key=failure.value.idempotency_key)
    assert (total(client, user), held(client, user)) == (863, 0)


def test_a_service_that_went_away_does_not_hide_what_happened_inside(proxy: Proxy, user: str, caplog: pytest.LogCaptureFixture) -> None:
    with client_of(proxy.url, proxy.service.key, tocos.Retry(deadline_s=0.1)) as troubled:
        with pytest.raises(Mishap), troubled.hold(user, "toco", 500):
            proxy.faults.extend(["dropped"] * 1000)
            raise Mishap
        assert "could not be released, and ends at" in caplog.text
        proxy.faults.clear()
        with pytest.raises(tocos.ConnectionFailed), troubled.hold(user, "toco", 500):
            proxy.faults.extend(["dropped"] * 1000)


async def test_it_is_awaited_or_entered(aclient: tocos.AsyncClient, client: tocos.Client, user: str) -> None:
    async with aclient.hold(user, "toco", 500) as hold:
        assert held(client, user) == 500
        await hold.capture(137)
    assert (total(client, user), held(client, user)) == (863, 0)
    later = await aclient.hold(user, "toco", 100)
    async with later:
        assert held(client, user) == 100
    with pytest.raises(Mishap):
        async with aclient.hold(user, "toco", 500):
            raise Mishap
    assert (total(client, user), held(client, user)) == (863, 0)


async def test_a_cancelled_task_releases(aclient: tocos.AsyncClient, client: tocos.Client, user: str) -> None:
    entered = asyncio.Event()

    async def work() -> None:
        async with aclient.hold(user, "toco", 500):
            entered.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await entered.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert held(client, user) == 0


async def test_a_cancelled_scope_releases(aclient: tocos.AsyncClient, client: tocos.Client, user: str) -> None:
    with anyio.move_on_after(0.2):
        async with aclient.hold(user, "toco", 500) as hold:
            await anyio.sleep(60)
    assert client.get_hold(hold.id)["state"] == "released"


async def test_a_stream_that_is_closed_releases(aclient: tocos.AsyncClient, client: tocos.Client, user: str) -> None:
    async def stream() -> AsyncIterator[int]:
        async with aclient.hold(user, "toco", 500):
            for number in range(10):
                yield number

    begun: Any = stream()
    assert await begun.__anext__() == 0
    assert held(client, user) == 500
    await begun.aclose()
    assert held(client, user) == 0


@pytest.mark.parametrize("fault", ["slow", None])
async def test_a_hold_that_is_cancelled_while_it_is_made_is_not_left(proxy: Proxy, client: tocos.Client, fault: str | None) -> None:
    user = rich(client)
    proxy.faults.append(fault)
    async with plain(httpx.AsyncClient) as http:
        troubled = tocos.AsyncClient(proxy.url, proxy.service.key, retry=QUICK, http=http)
        with anyio.move_on_after(0.05 if fault else 0.0005) as scope:
            await troubled.hold(user, "toco", 500)
        assert scope.cancelled_caught
    assert (total(client, user), held(client, user)) == (1000, 0)
    assert [event["kind"] for event in client.list_history(user, kind="release")] == ["release"]


def test_a_client_works_on_trio(proxy: Proxy, client: tocos.Client, user: str) -> None:
    async def work() -> None:
        async with plain(httpx.AsyncClient) as http:
            troubled = tocos.AsyncClient(proxy.url, proxy.service.key, retry=QUICK, http=http)
            proxy.faults.append("cut")
            with anyio.move_on_after(0.3):
                async with troubled.hold(user, "toco", 500):
                    await anyio.sleep(60)

    anyio.run(work, backend="trio")
    assert (total(client, user), held(client, user)) == (1000, 0)
