"""Lists page by page, and the feed of events over breaks."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import pytest
from conftest import NUMBERS, QUICK, client_of, rich, total
from service import Service

import tocos

if TYPE_CHECKING:
    from pathlib import Path

    from service import Proxy


def test_a_list_is_fetched_page_by_page_while_it_is_read(proxy: Proxy, client: tocos.Client) -> None:
    prefix = f"page-{next(NUMBERS)}-"
    names = [f"{prefix}{number:02}" for number in range(25)]
    client.batch([{"op": "user", "user": name} for name in names])
    with client_of(proxy.url, proxy.service.key) as counted:
        users = counted.list_users(prefix=prefix, limit=10)
        assert not proxy.seen
        walk = iter(users)
        assert next(walk)["id"] == names[0]
        assert len(proxy.seen) == 1
        assert [user["id"] for user in users] == names
        assert [len(page) for page in users.pages()][:2] == [10, 10]
        # A list can be read again, and a break in the middle is no end.
        proxy.faults.extend([None, "cut", "503 before", None])
        assert len(users.all()) == 25


async def test_an_asynchronous_list(aclient: tocos.AsyncClient, client: tocos.Client) -> None:
    user = rich(client)
    for _ in range(5):
        client.hold(user, "toco", 10)
    assert len([hold async for hold in aclient.list_holds(user=user, limit=2)]) == 5
    assert [len(page) async for page in aclient.list_holds(user=user, limit=2).pages()][:2] == [2, 2]
    assert len(await aclient.list_holds(user=user, state="open", coin="toco").all()) == 5


def test_events_up_to_now(client: tocos.Client, user: str) -> None:
    last = client.spend(user, "toco", 1)["event"]
    events = client.list_events(limit=7).all()
    assert [event["event"] for event in events] == list(range(1, events[-1]["event"] + 1))
    assert events[-1]["event"] >= last
    assert client.list_events(after=events[-1]["event"]).all() == []


def test_only_events_that_crossed_a_threshold(client: tocos.Client, user: str) -> None:
    client.put_thresholds(user, "toco", thresholds=[950, 900])
    after = client.spend(user, "toco", 10)["event"]
    crossing = [client.spend(user, "toco", 50)["event"], client.spend(user, "toco", 50)["event"]]
    client.spend(user, "toco", 1)
    assert [event["event"] for event in client.list_events(after=after, crossed=True, limit=1)] == crossing
    feed = client.feed(after, crossed=True, limit=1)
    assert [next(feed)["event"], next(feed)["event"]] == crossing


@pytest.mark.parametrize("fault", ["dropped", "lost", "cut", "502 after", "503 before", "429 before", "not whole"])
async def test_the_feed_goes_on_where_it_was(troubled: Any, proxy: Proxy, client: tocos.Client, user: str, fault: str) -> None:
    after = client.get_user(user) and client.last_event
    spent = [client.spend(user, "toco", 1)["event"] for _ in range(6)]
    proxy.faults.extend([fault, None, fault, fault, None, fault, None] * 3)
    seen = []
    if isinstance(troubled.client, tocos.Client):
        for event in troubled.client.feed(after, limit=2, wait_s=1):
            seen.append(event["event"])
            if len(seen) == 6:
                break
    else:
        async for event in troubled.client.feed(after, limit=2, wait_s=1):
            seen.append(event["event"])
            if len(seen) == 6:
                break
    assert seen == spent


def test_the_feed_waits_for_what_is_next(client: tocos.Client, user: str) -> None:
    after = client.spend(user, "toco", 1)["event"]
    timer = threading.Timer(0.4, lambda: client.spend(user, "toco", 2))
    begun = time.monotonic()
    timer.start()
    event = next(client.feed(after, wait_s=20))
    assert 0.3 < time.monotonic() - begun < 10
    assert event["event"] == after + 1
    timer.join()


def test_the_feed_outlasts_a_wait_that_brings_nothing(client: tocos.Client, user: str) -> None:
    after = client.spend(user, "toco", 1)["event"]
    timer = threading.Timer(1.5, lambda: client.spend(user, "toco", 2))
    timer.start()
    assert next(client.feed(after, wait_s=1))["event"] == after + 1
    timer.join()


def test_the_feed_outlasts_a_service_that_is_away(tmp_path: Path) -> None:
    service = Service(tmp_path)
    service.start()
    port = int(service.url.rpartition(":")[2])
    brief = tocos.Retry(deadline_s=0.2, backoff_s=0.01, backoff_max_s=0.05)
    with tocos.Client(service.url, service.key, retry=QUICK) as client:
        user = rich(client, 0)
        feed = client.with_options(retry=brief).feed(wait_s=1)
        last = client.grant(user, "toco", 1)["event"]
        assert [next(feed)["event"] for _ in range(last)] == list(range(1, last + 1))
        service.stop(kill=True)
        timer = threading.Timer(1.0, lambda: service.start(port=port))
        timer.start()
        grant = threading.Timer(1.2, lambda: client.grant(user, "toco", 2))
        grant.start()
        assert next(feed)["event"] == last + 1
        timer.join()
        grant.join()
        assert total(client, user) == 3
    service.stop()


def test_the_feed_gives_up_when_told_and_at_a_definite_refusal(service: Service) -> None:
    brief = tocos.Retry(deadline_s=0.05, backoff_s=0.01, backoff_max_s=0.02)
    with client_of("http://127.0.0.1:9", None, brief) as away, pytest.raises(tocos.ConnectionFailed):
        next(away.feed(wait_s=1, give_up_after_s=0.2))
    with (
        client_of(service.url, "tocos_wrong", brief) as stranger,
        pytest.raises(tocos.errors.Unauthenticated),
    ):
        next(stranger.feed(wait_s=1))
