"""Nothing is done twice: a proxy fails, before or after the service did the work, and the ledger says what was done."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest
from conftest import QUICK, rich, total, until
from service import AFTER, FAULTS, Proxy, Service, proxied

import tocos

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path


async def grant(client: Any, user: str, _: str) -> Any:
    return await client.grant(user, "toco", 100)


async def spend(client: Any, user: str, _: str) -> Any:
    return await client.spend(user, "toco", 100)


async def transfer(client: Any, user: str, other: str) -> Any:
    return await client.transfer(user, other, "toco", 100)


async def batch(client: Any, user: str, other: str) -> Any:
    moves: list[Any] = [{"op": "transfer", "from": user, "to": other, "coin": "toco", "amount": 50}] * 2
    return await client.batch(moves)


async def atomic_batch(client: Any, user: str, other: str) -> Any:
    moves: list[Any] = [{"op": "transfer", "from": user, "to": other, "coin": "toco", "amount": 50}] * 2
    return await client.batch(moves, atomic=True)


# Each with what the two users have afterwards if it was done once, of 1,000 and 0.
OPERATIONS: dict[str, tuple[Callable[[Any, str, str], Awaitable[Any]], int, int]] = {
    "grant": (grant, 1100, 0),
    "spend": (spend, 900, 0),
    "transfer": (transfer, 900, 100),
    "batch": (batch, 900, 100),
    "atomic batch": (atomic_batch, 900, 100),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("operation", OPERATIONS)
async def test_a_write_is_done_once(troubled: Any, proxy: Proxy, client: tocos.Client, fault: str, operation: str) -> None:
    user, other = rich(client), rich(client, 0)
    perform, left, received = OPERATIONS[operation]
    issued = client.get_coin("toco")
    proxy.faults.extend([fault, fault])
    await perform(until(troubled, fault), user, other)
    assert (total(client, user), total(client, other)) == (left, received)
    # And in the sums of the coin, which count what is not any user's too.
    now = client.get_coin("toco")
    assert now["outstanding"] - issued["outstanding"] == left + received - 1000
    # On a busy machine an attempt without a fault may be too slow too.
    assert [seen.fault for seen in proxy.seen][:3] == [fault, fault, None]
    assert len({seen.key for seen in proxy.seen}) == 1


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_hold_is_made_once_and_captured_once(troubled: Any, proxy: Proxy, client: tocos.Client, user: str, fault: str) -> None:
    proxy.faults.extend([fault, fault])
    hold = await until(troubled, fault).hold(user, "toco", 500)
    assert [one["held"] for one in client.list_holds(user=user)] == [500]
    proxy.faults.extend([fault, fault])
    captured = await hold.capture(137)
    assert (captured["amount"], captured["released"]) == (137, 363)
    account = client.get_user(user)["accounts"][0]
    assert (account["total"], account["held"], account["available"]) == (863, 0, 863)
    attempts = Counter(seen.key for seen in proxy.seen)
    assert len(attempts) == 2
    assert min(attempts.values()) >= 3


@pytest.mark.parametrize("fault", FAULTS)
async def test_a_read_comes_through(troubled: Any, proxy: Proxy, user: str, fault: str) -> None:
    proxy.faults.extend([fault, fault])
    assert (await until(troubled, fault).get_user(user))["coins"] == {"toco": 1000}
    assert {seen.key for seen in proxy.seen} == {None}


async def test_a_definite_refusal_is_not_repeated(troubled: Any, proxy: Proxy, user: str) -> None:
    with pytest.raises(tocos.InsufficientFunds) as refused:
        await troubled.spend(user, "toco", 5000)
    assert (refused.value.available, refused.value.needed, refused.value.user, refused.value.coin) == (1000, 5000, user, "toco")
    assert len(proxy.seen) == 1


async def test_two_operations_have_two_keys(troubled: Any, proxy: Proxy, client: tocos.Client, user: str) -> None:
    await troubled.spend(user, "toco", 10)
    await troubled.spend(user, "toco", 10)
    assert total(client, user) == 980
    assert len({seen.key for seen in proxy.seen}) == 2


async def test_retry_after_is_waited_for(troubled: Any, proxy: Proxy, user: str) -> None:
    proxy.retry_after = "1"
    proxy.faults.append("503 before")
    begun = time.monotonic()
    await troubled.spend(user, "toco", 10)
    assert 1.0 <= time.monotonic() - begun < 10


@pytest.mark.parametrize("fault", AFTER)
async def test_an_unknown_outcome_is_said_and_found_out_by_the_key(
    troubled: Any, proxy: Proxy, client: tocos.Client, user: str, fault: str
) -> None:
    proxy.faults.append(fault)
    with pytest.raises(tocos.TocosError) as failure:
        await until(troubled, fault).with_options(deadline_s=0).spend(user, "toco", 100)
    assert failure.value.maybe_applied
    assert failure.value.idempotency_key
    # The service may still be at it.
    ends = time.monotonic() + 10
    while total(client, user) != 900 and time.monotonic() < ends:
        time.sleep(0.05)
    assert total(client, user) == 900
    await troubled.spend(user, "toco", 100, idempotency_key=failure.value.idempotency_key)
    assert total(client, user) == 900


async def test_the_deadline_bounds_all_attempts(troubled: Any, proxy: Proxy, client: tocos.Client, user: str) -> None:
    proxy.faults.extend(["lost"] * 10_000)
    begun = time.monotonic()
    with pytest.raises(tocos.ConnectionFailed):
        await troubled.with_options(deadline_s=0.5).spend(user, "toco", 100)
    assert time.monotonic() - begun < 5
    assert len(proxy.seen) > 2
    proxy.faults.clear()
    assert total(client, user) == 900


async def test_a_service_that_is_away_says_so(either: Any) -> None:
    either.client.url = "http://127.0.0.1:9"
    with pytest.raises(tocos.ConnectionFailed) as failure:
        await either.with_options(deadline_s=0.2).grant("ana", "toco", 1)
    assert not failure.value.maybe_applied


async def test_a_key_whose_secret_was_lost_is_named(troubled: Any, proxy: Proxy, client: tocos.Client) -> None:
    proxy.faults.append("cut")
    with pytest.raises(tocos.errors.KeySecretLost) as failure:
        await troubled.create_key("read", name="lost")
    keys = {key["id"]: key for key in client.list_keys()}
    assert keys[failure.value.id]["name"] == "lost"
    client.revoke_key(failure.value.id)


def test_a_storm_of_faults_moves_each_coin_once(service: Service, client: tocos.Client) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")
    chance = random.Random(seed)
    kinds = [None, None, *(fault for fault in FAULTS if fault not in ("slow", "drip"))]
    users = [rich(client) for _ in range(4)]
    pairs = [chance.sample(users, 2) for _ in range(200)]
    moves = [(sender, receiver, chance.randint(1, 20)) for sender, receiver in pairs]
    with proxied(service) as proxy, tocos.Client(proxy.url, service.key, retry=QUICK, timeout_s=5) as troubled:
        proxy.faults.extend(chance.choice(kinds) for _ in range(5000))
        failures: list[BaseException] = []

        def work(mine: list[tuple[str, str, int]]) -> None:
            try:
                for sender, receiver, amount in mine:
                    troubled.transfer(sender, receiver, "toco", amount)
            except BaseException as error:  # noqa: BLE001
                failures.append(error)

        threads = [threading.Thread(target=work, args=(moves[start::8],)) for start in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert not failures, failures
        assert len(proxy.seen) > 400
    expected = dict.fromkeys(users, 1000)
    for sender, receiver, amount in moves:
        expected[sender] -= amount
        expected[receiver] += amount
    assert {user: total(client, user) for user in users} == expected


def test_writes_go_on_over_a_kill_of_the_service(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.start()
    port = int(service.url.rpartition(":")[2])
    with tocos.Client(service.url, service.key, retry=QUICK) as client:
        user = rich(client, 0)
        done = threading.Event()

        def work() -> None:
            for _ in range(300):
                client.grant(user, "toco", 1)
            done.set()

        thread = threading.Thread(target=work)
        thread.start()
        for _ in range(3):
            done.wait(0.15)
            service.stop(kill=True)
            service.start(port=port)
        thread.join()
        assert done.is_set()
        assert total(client, user) == 300
    service.stop()
    service.verify()
