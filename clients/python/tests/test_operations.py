"""Each operation of the API, by both clients, on the real service."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
from conftest import NUMBERS, Either, either_of, rich
from service import Service

import tocos
from tocos import errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

LATER = datetime.now(timezone.utc) + timedelta(days=30)


def new(word: str = "user") -> str:
    return f"{word}-{next(NUMBERS)}"


async def test_users(either: Any) -> None:
    user = new()
    made = await either.create_user(user, name="Ana", metadata={"plan": "pro"}, reference="signup 1")
    assert (made["kind"], made["created"], made["name"], made["metadata"], made["reference"]) == (
        *("user", True, "Ana"),
        *({"plan": "pro"}, "signup 1"),
    )
    assert (await either.put_user(user, name="Бобан"))["created"] is False
    await either.grant(user, "toco", 5)
    found = await either.get_user(user)
    assert (found["name"], found["coins"], found["accounts"][0]["available"]) == ("Бобан", {"toco": 5}, 5)
    assert (await either.get_user(user, at=made["event"]))["coins"] == {}
    assert (await either.get_user(user, at=tocos.parse_time(made["at"])))["coins"] == {}
    with pytest.raises(errors.UserNotEmpty) as refused:
        await either.close_user(user)
    assert (refused.value.user, refused.value.coin, refused.value.total) == (user, "toco", 5)
    await either.spend(user, "toco", 5)
    assert (await either.close_user(user))["kind"] == "user_closed"
    assert (await either.get_user(user))["closed"] is True


@pytest.mark.parametrize("user", ["auth0|5f7c8ec7", "ana@example.com", "50% & + =", "Жанна д'Арк", "a:b;c,d", "%2F", "a\\b"])
async def test_users_of_any_name(either: Any, user: str) -> None:
    await either.put_user(user, name="x")
    await either.grant(user, "toco", 1)
    assert (await either.get_user(user))["id"] == user
    assert [one["id"] for one in await either.list_users(id=[user])] == [user]
    assert [entry["kind"] for entry in await either.list_history(user, limit=1)][:1] == ["grant"]


@pytest.mark.parametrize("user", ["", ".", ".."])
async def test_ids_that_would_lead_to_another_route_are_refused_here(either: Any, user: str) -> None:
    with pytest.raises(ValueError, match="is not an id"):
        await either.get_user(user)


async def test_limits_and_thresholds(either: Any, user: str) -> None:
    assert (await either.put_limits(user, "toco", floor=-50, ceiling=2000, frozen=False))["floor"] == -50
    with pytest.raises(errors.AboveCeiling) as above:
        await either.grant(user, "toco", 1001)
    assert (above.value.ceiling, above.value.coin) == (2000, "toco")
    limit = await either.put_spend_limit(user, "toco", amount=100, per="hours", hours=5)
    assert (limit["amount"], limit["per"], limit["hours"]) == (100, "hours", 5)
    with pytest.raises(errors.SpendLimitReached) as reached:
        await either.spend(user, "toco", 101)
    assert (reached.value.left, reached.value.needed) == (100, 101)
    assert (await either.put_spend_limit(user, "toco"))["amount"] is None
    assert (await either.put_thresholds(user, "toco", thresholds=[10, 500]))["thresholds"] == [10, 500]
    assert "crossed" in await either.spend(user, "toco", 600)
    await either.put_limits(user, "toco", frozen=True)
    with pytest.raises(errors.AccountFrozen):
        await either.spend(user, "toco", 1)


async def test_coins(either: Any) -> None:
    coin = new("c")
    assert (await either.put_coin(coin, decimals=2))["decimals"] == 2
    await either.put_coin_spend_limit(coin, amount=10, per="day")
    await either.put_coin_thresholds(coin, thresholds=[5])
    assert (await either.get_coin(coin))["outstanding"] == 0
    assert {"toco", coin} <= {one["code"] for one in await either.list_coins()}
    with pytest.raises(errors.CoinNotFound) as missing:
        await either.get_coin("nothing")
    assert missing.value.coin == "nothing"


async def test_grants_and_what_became_of_them(either: Any, client: tocos.Client) -> None:
    user = rich(client, 0)
    granted = await either.grant(
        *(user, "toco", 100), expires_at=LATER, priority=10, category="promotional", reference="gift", metadata={"a": [1]}
    )
    assert tocos.parse_time(granted["expires_at"]) == LATER
    assert (granted["priority"], granted["category"], granted["metadata"]) == (10, "promotional", {"a": [1]})
    for _ in range(3):
        await either.spend(user, "toco", 10)
    found = await either.get_grant(granted["event"])
    assert (found["left"], found["spent"]) == (70, 30)
    uses = await either.list_grant_uses(granted["event"], limit=2)
    assert [use["spent"] for use in uses] == [10, 10, 10]
    assert (await either.grant(user, "toco", 1, lot=True))["lots"][0]["grant"]


async def test_spends_transfers_and_reversals(either: Any, client: tocos.Client, user: str) -> None:
    other = rich(client, 0)
    paid = await either.spend(user, "toco", 100, to=other)
    assert paid["balances"][other]["available"] == 100
    moved = await either.transfer(user, other, "toco", 50, reference="order 1")
    assert (moved["from"], moved["to"], moved["balances"][user]["available"]) == (user, other, 850)
    assert (await either.spend(user, "toco", 10_000, mode="up_to"))["amount"] == 850
    undone = await either.reverse(moved["event"], amount=20)
    assert (undone["of"], undone["amount"], undone["remaining"]) == (moved["event"], 20, 30)
    with pytest.raises(errors.AlreadyReversed) as refused:
        await either.reverse(moved["event"], amount=31)
    assert (refused.value.event, refused.value.remaining) == (moved["event"], 30)
    assert (await either.reverse(moved["event"], mode="up_to", debt=True))["remaining"] == 0


async def test_batches(either: Any, client: tocos.Client, user: str) -> None:
    outcome = await either.batch(
        [
            {"op": "grant", "user": user, "coin": "toco", "amount": 10, "expires_at": tocos.parse_time("2099-01-01T00:00:00Z")},
            {"op": "spend", "user": "nobody", "coin": "toco", "amount": 1},
        ]
    )
    assert (outcome["applied"], outcome["refused"]) == (1, 1)
    refused = tocos.Problem.of(outcome["results"][0])
    assert isinstance(refused, errors.UserNotFound)
    assert (refused.user, refused.operation) == ("nobody", 1)
    with pytest.raises(tocos.InsufficientFunds) as whole:
        await either.batch(
            [
                {"op": "grant", "user": user, "coin": "toco", "amount": 10},
                {"op": "spend", "user": user, "coin": "toco", "amount": 1_000_000},
            ],
            atomic=True,
        )
    assert whole.value.operation == 1
    assert client.get_user(user)["coins"] == {"toco": 1010}
    everything = await either.batch([{"op": "grant", "user": user, "coin": "toco", "amount": 10}], results="all", dry_run=True)
    assert everything["results"][0]["kind"] == "grant"


async def test_dry_runs_change_nothing_and_use_up_no_key(either: Any, client: tocos.Client, user: str) -> None:
    before = client.list_events(limit=1000).all()[-1]["event"]
    assert (await either.spend(user, "toco", 100, dry_run=True))["balances"][user]["available"] == 900
    assert (await either.grant(user, "toco", 1, dry_run=True, idempotency_key=f"dry {user}"))["amount"] == 1
    hold = await either.hold(user, "toco", 100, dry_run=True)
    assert hold.ended
    assert (await either.create_key("read", dry_run=True))["right"] == "read"
    with pytest.raises(tocos.InsufficientFunds):
        await either.spend(user, "toco", 5000, dry_run=True)
    assert client.list_events(after=before).all() == []
    assert (await either.grant(user, "toco", 2, idempotency_key=f"dry {user}"))["amount"] == 2


async def test_a_key_of_the_callers_own(either: Any, user: str) -> None:
    key = f"order {user}"
    first = await either.spend(user, "toco", 10, idempotency_key=key)
    assert await either.spend(user, "toco", 10, idempotency_key=key) == first
    with pytest.raises(errors.IdempotencyKeyReused) as refused:
        await either.spend(user, "toco", 11, idempotency_key=key)
    assert (refused.value.field, refused.value.event) == ("amount", first["event"])
    assert [event["event"] for event in await either.list_events(idempotency_key=key)] == [first["event"]]
    with pytest.raises(ValueError, match="printable ASCII"):
        await either.spend(user, "toco", 10, idempotency_key="ключ")


async def test_schedules(either: Any, user: str) -> None:
    name = new("plan")
    starts = datetime(2098, 1, 31, tzinfo=timezone.utc)
    made = await either.put_schedule(
        *(name, user, "toco", 500), every_months=1, starts_at=starts, expires="at_next", rollover_max=100, rollover_expires="at_next"
    )
    assert tocos.parse_time(made["next_at"]) == starts
    assert (await either.get_schedule(name))["amount"] == 500
    assert len(await either.preview_schedule(name, count=3)) == 3
    assert [one["id"] for one in await either.list_schedules(user=user)] == [name]
    assert (await either.pause_schedule(name))["kind"] == "schedule_paused"
    assert (await either.resume_schedule(name))["kind"] == "schedule_resumed"
    assert len(await either.list_events(schedule=name)) == 3
    assert (await either.delete_schedule(name))["kind"] == "schedule_deleted"
    with pytest.raises(errors.ScheduleNotFound) as missing:
        await either.get_schedule(name)
    assert missing.value.schedule == name


async def test_history_search_and_events(either: Any, user: str) -> None:
    for amount in (1, 2, 3):
        await either.spend(user, "toco", amount, reference=f"of {user}")
    assert [entry["amount"] for entry in await either.list_history(user, kind="spend", limit=2)] == [-3, -2, -1]
    assert [entry["amount"] for entry in await either.list_history(user, order="asc", coin="toco")] == [1000, -1, -2, -3]
    assert await either.list_history(user, until=datetime(2000, 1, 1, tzinfo=timezone.utc)) == []
    named = await either.list_events(reference=f"of {user}", limit=2)
    assert [event["amount"] for event in named] == [1, 2, 3]
    assert await either.get_event(named[0]["event"]) == named[0]
    assert [one["id"] for one in await either.list_users(q=user.upper())][:1] == [user]
    assert await either.list_users(id=[]) == []
    with pytest.raises(errors.EventNotFound):
        await either.get_event(9_000_000)


@pytest.mark.parametrize("by", ["total", "category", "month", "day"])
async def test_the_liability_report(either: Any, by: str) -> None:
    report = await either.report_liability("toco", by=by)
    assert report["check"]["equal"] is True
    assert report["by"] == by
    begun = await either.report_liability("toco", from_=report["from"], until=tocos.parse_time(report["until"]))
    assert begun["totals"]["closing"] == report["totals"]["closing"]


async def test_keys(either: Any, service: Service) -> None:
    made = await either.create_key("read", name="reader", expires_at=LATER)
    async with either_of("sync", service.url, made["secret"]) as reader:
        assert (await reader.get_own_key())["id"] == made["id"]
        with pytest.raises(errors.Forbidden) as forbidden:
            await reader.grant("ana", "toco", 1)
        assert not forbidden.value.maybe_applied
        assert made["id"] in {key["id"] for key in await either.list_keys()}
        await either.revoke_key(made["id"])
        with pytest.raises(errors.Unauthenticated):
            await reader.get_own_key()
    assert made["secret"] not in repr(reader.client)


async def test_the_service_itself(either: Any) -> None:
    assert (await either.get_version())["name"] == "tocos"
    assert (await either.get_openapi())["openapi"].startswith("3.1")
    assert "open_holds" in str(await either.get_status())
    assert (await either.get_cluster())["role"] == "alone"
    assert (await either.get_clock())["plausible"] is True
    assert (await either.accept_clock())["plausible"] is True
    with pytest.raises(errors.NoSuccessor):
        await either.hand_over()


async def test_reads_after_an_event(either: Any, user: str) -> None:
    event = (await either.spend(user, "toco", 1))["event"]
    assert either.last_event >= event
    assert (await either.with_options(min_event=either.last_event, leader=True).get_user(user))["coins"] == {"toco": 999}


def test_an_event_that_does_not_come(client: tocos.Client, user: str) -> None:
    with pytest.raises(errors.Behind) as behind:
        client.with_options(min_event=9_000_000, deadline_s=0).get_user(user)
    assert behind.value.min_event == 9_000_000


async def test_any_route(either: Any, user: str) -> None:
    event = await either.request("POST", "/v1/spends", body={"user": user, "coin": "toco", "amount": 1}, query={"dry_run": True})
    assert event["kind"] == "spend"
    assert (await either.request("GET", f"/v1/users/{user}"))["coins"] == {"toco": 1000}
    assert (await either.request("POST", "/v1/spends", body={"user": user, "coin": "toco", "amount": 1}))["idempotency_key"]


async def test_what_is_not_valid(either: Any, user: str) -> None:
    with pytest.raises(errors.InvalidRequest) as invalid:
        await either.grant(user, "toco", -1)
    assert invalid.value.field == "amount"
    with pytest.raises(ValueError, match="no time zone"):
        await either.grant(user, "toco", 1, expires_at=datetime(2098, 1, 1))  # noqa: DTZ001
    with pytest.raises(ValueError, match="not JSON compliant"):
        await either.grant(user, "toco", 1, metadata={"x": float("nan")})
    with pytest.raises(TypeError, match="can't be sent as JSON"):
        await either.grant(user, "toco", 1, metadata={"x": object()})


def test_a_url_and_a_key_from_the_environment(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOCOS_URL", service.url + "/")
    monkeypatch.setenv("TOCOS_KEY", service.key)
    with tocos.Client() as client:
        assert client.get_own_key()["right"] == "admin"
    with pytest.raises(ValueError, match="is not a URL"):
        tocos.Client("localhost:8080")


@pytest.fixture(scope="module")
def timed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service whose time moves by request."""
    service = Service(tmp_path_factory.mktemp("timed"), ("--test-clock",))
    service.start()
    yield service
    service.stop()


@pytest.fixture(params=["sync", "async"])
async def in_time(request: pytest.FixtureRequest, timed: Service) -> AsyncIterator[Either]:
    async with either_of(request.param, timed.url, timed.key) as client:
        yield client


async def test_time_passes(in_time: Any) -> None:
    user = new()
    await in_time.put_user(user)
    await in_time.grant(user, "toco", 100)
    hold = await in_time.hold(user, "toco", 60, timeout_s=60)
    await hold.extend(tocos.parse_time(hold.expires_at) + timedelta(seconds=60))
    await in_time.advance_test_clock(119)
    assert (await in_time.get_hold(hold.id))["state"] == "open"
    await in_time.advance_test_clock(1)
    with pytest.raises(errors.HoldEnded) as ended:
        await hold.capture(1)
    assert (ended.value.hold, ended.value.ended_as) == (hold.id, "expired")
