"""Webhooks by both clients, and what the real service delivers to a receiver."""

from __future__ import annotations

import base64
import contextlib
import queue
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING, Any

import pytest
from conftest import NUMBERS, client_of, either_of, rich
from service import Server, Service, proxied, send

import tocos
from tocos import errors

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

SECRET = "whsec_" + base64.b64encode(bytes(range(32))).decode()


@dataclass
class Receiver:
    """What arrived at a URL, in order: body and headers."""

    arrived: queue.Queue[tuple[bytes, dict[str, str]]] = field(default_factory=queue.Queue)
    status: int = 204
    url: str = ""

    def next(self, *secrets: str) -> tuple[str, Any]:
        """The next request as the client verifies it: its id and its content."""
        body, headers = self.arrived.get(timeout=30)
        return headers["webhook-id"], tocos.Webhook(*secrets).verify(body, headers)


@contextlib.contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver of webhooks."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            receiver.arrived.put((body, dict(self.headers.items())))
            send(self, receiver.status, {}, b"")

        def log_message(self, *_: object) -> None:
            """Quiet."""

    server = Server(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as receiver:
        yield receiver


@pytest.fixture(scope="module")
def delivering(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """A service that may deliver to this machine. It has a ledger of its own, since deliveries are events too."""
    service = Service(tmp_path_factory.mktemp("delivering"), ("--webhooks-allow-private", "127.0.0.1"))
    service.start()
    yield service
    service.stop()
    service.verify()


@pytest.fixture
def direct(delivering: Service) -> Iterator[tocos.Client]:
    with client_of(delivering.url, delivering.key) as client:
        yield client


@pytest.fixture(params=["sync", "async"])
async def hooks(request: pytest.FixtureRequest, delivering: Service) -> AsyncIterator[Any]:
    """A client of either kind."""
    async with either_of(request.param, delivering.url, delivering.key) as client:
        yield client


def new() -> str:
    return f"hook-{next(NUMBERS)}"


async def test_webhooks(hooks: Any, receiver: Receiver) -> None:
    name = new()
    made = await hooks.put_webhook(
        *(name, receiver.url), kinds=["grant", "spend"], coins=[], user_prefix="user-", crossed_only=True, batch=10, reference="ours"
    )
    assert (made["kind"], made["created"], made["batch"], made["reference"]) == ("webhook", True, 10, "ours")
    assert made["secret"].startswith("whsec_")
    found = await hooks.get_webhook(name)
    assert (found["id"], found["url"], found["kinds"], found["crossed_only"]) == (name, receiver.url, ["grant", "spend"], True)
    assert (found["user_prefix"], found["enabled"], found["old_secret_until"]) == ("user-", True, None)
    assert name in {one["id"] for one in await hooks.list_webhooks()}
    again = await hooks.put_webhook(name, receiver.url, metadata={"of": "shop"})
    assert (again["created"], again["kinds"], again["metadata"], "secret" in again) == (False, None, {"of": "shop"}, False)
    rotated = await hooks.rotate_webhook_secret(name, keep_s=60)
    assert (rotated["kind"], rotated["keep_s"]) == ("webhook_rotated", 60)
    assert rotated["secret"] != made["secret"]
    assert (await hooks.get_webhook(name))["old_secret_until"] is not None
    off = await hooks.disable_webhook(name, reference="maintenance")
    assert (off["kind"], off["reason"], off["reference"]) == ("webhook_disabled", "requested", "maintenance")
    assert (await hooks.get_webhook(name))["disabled_reason"] == "requested"
    moved = await hooks.redeliver_webhook(name, off["event"])
    assert (moved["kind"], moved["from_event"]) == ("webhook_redelivered", off["event"])
    assert (await hooks.enable_webhook(name))["kind"] == "webhook_enabled"
    assert (await hooks.get_webhook(name))["enabled"] is True
    assert (await hooks.delete_webhook(name))["kind"] == "webhook_deleted"
    for operation in (
        *(hooks.get_webhook, hooks.delete_webhook, hooks.rotate_webhook_secret, hooks.disable_webhook, hooks.enable_webhook),
        *(hooks.test_webhook, hooks.list_webhook_deliveries),
    ):
        with pytest.raises(errors.WebhookNotFound) as missing:
            await operation(name)
        assert missing.value.webhook == name


async def test_what_the_service_delivers_is_what_the_client_verifies(hooks: Any, receiver: Receiver, direct: tocos.Client) -> None:
    name, user = new(), rich(direct, 0)
    secret = (await hooks.put_webhook(name, receiver.url, kinds=["grant", "spend"], user_prefix=user))["secret"]
    granted = await hooks.grant(user, "toco", 5, metadata={"for": "Бобан"})
    identity, message = receiver.next(secret)
    assert identity == f"{name}-{granted['event']}"
    assert (message["type"], message["data"]) == ("event.grant", await hooks.get_event(granted["event"]))
    spent = await hooks.spend(user, "toco", 1)
    body, headers = receiver.arrived.get(timeout=30)
    with pytest.raises(tocos.WebhookInvalid, match="no signature"):
        tocos.Webhook(SECRET).verify(body, headers)
    assert tocos.Webhook(secret).verify(body, headers)["data"]["event"] == spent["event"]
    # What is delivered again has the same ids.
    await hooks.redeliver_webhook(name, granted["event"])
    assert [receiver.next(secret)[0] for _ in range(2)] == [identity, f"{name}-{spent['event']}"]
    # While one secret replaces another, either is right.
    replaced = (await hooks.rotate_webhook_secret(name))["secret"]
    outcome = await hooks.test_webhook(name)
    assert (outcome["delivered"], outcome["status"]) == (True, 204)
    body, headers = receiver.arrived.get(timeout=30)
    for one in (secret, replaced):
        assert tocos.Webhook(one).verify(body, headers)["type"] == "ping"
    await hooks.rotate_webhook_secret(name, secret=SECRET, keep_s=0)
    await hooks.test_webhook(name)
    body, headers = receiver.arrived.get(timeout=30)
    assert tocos.Webhook(SECRET).verify(body, headers)["type"] == "ping"
    for one in (secret, replaced):
        with pytest.raises(tocos.WebhookInvalid, match="no signature"):
            tocos.Webhook(one).verify(body, headers)
    assert {one["delivered"] for one in await hooks.list_webhook_deliveries(name)} == {True}
    await hooks.delete_webhook(name)


async def test_batches_of_events_from_an_event_on(hooks: Any, receiver: Receiver, direct: tocos.Client) -> None:
    name, user = new(), rich(direct, 0)
    events = [direct.grant(user, "toco", 1)["event"] for _ in range(5)]
    await hooks.put_webhook(name, receiver.url, secret=SECRET, kinds=["grant"], user_prefix=user, batch=3, from_event=events[0])
    messages = [receiver.next(SECRET)[1] for _ in range(2)]
    assert [message["type"] for message in messages] == ["events", "events"]
    assert [[event["event"] for event in message["data"]] for message in messages] == [events[:3], events[3:]]
    await hooks.delete_webhook(name)


async def test_a_receiver_that_refuses_is_reported(hooks: Any, receiver: Receiver) -> None:
    name = new()
    receiver.status = 500
    await hooks.put_webhook(name, receiver.url, secret=SECRET, kinds=["coin"])
    outcome = await hooks.test_webhook(name)
    assert (outcome["delivered"], outcome["status"]) == (False, 500)
    assert (await hooks.list_webhook_deliveries(name))[0]["message"] == outcome["message"]
    await hooks.delete_webhook(name)


async def test_dry_runs_make_no_webhook(hooks: Any, receiver: Receiver) -> None:
    name = new()
    assert "secret" not in await hooks.put_webhook(name, receiver.url, dry_run=True)
    with pytest.raises(errors.WebhookNotFound):
        await hooks.get_webhook(name)
    await hooks.put_webhook(name, receiver.url, secret=SECRET, kinds=["coin"])
    assert "secret" not in await hooks.rotate_webhook_secret(name, dry_run=True)
    await hooks.disable_webhook(name, dry_run=True)
    await hooks.delete_webhook(name, dry_run=True)
    assert (await hooks.get_webhook(name))["enabled"] is True
    await hooks.delete_webhook(name)


async def test_addresses_that_are_not_public_are_refused(either: Any, receiver: Receiver) -> None:
    for url in (receiver.url, "https://10.0.0.1/hook"):
        with pytest.raises(errors.InvalidRequest) as refused:
            await either.put_webhook(new(), url)
        assert refused.value.field == "url"


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_a_webhook_whose_secret_was_lost_is_named(kind: str, delivering: Service, receiver: Receiver, direct: tocos.Client) -> None:
    name = new()
    with proxied(delivering) as proxy:
        async with either_of(kind, proxy.url, delivering.key) as troubled:
            proxy.faults.append("cut")
            with pytest.raises(errors.WebhookSecretLost) as failure:
                await troubled.put_webhook(name, receiver.url, kinds=["coin"])
            assert failure.value.webhook == name
            # What exists keeps its secret, and what is given is known: nothing is lost.
            proxy.faults.extend(["cut", None, "cut", None])
            assert (await troubled.put_webhook(name, receiver.url, kinds=["grant"], crossed_only=True))["created"] is False
            await troubled.rotate_webhook_secret(name, secret=SECRET)
            proxy.faults.append("cut")
            with pytest.raises(errors.WebhookSecretLost) as failure:
                await troubled.rotate_webhook_secret(name)
            assert failure.value.webhook == name
            secret = (await troubled.rotate_webhook_secret(name))["secret"]
    direct.test_webhook(name)
    body, headers = receiver.arrived.get(timeout=30)
    assert tocos.Webhook(secret).verify(body, headers)["type"] == "ping"
    # Beside the new one signs the lost one, not the one before that.
    with pytest.raises(tocos.WebhookInvalid, match="no signature"):
        tocos.Webhook(SECRET).verify(body, headers)
    direct.delete_webhook(name)


@pytest.mark.parametrize("kind", ["sync", "async"])
async def test_a_test_that_may_have_been_sent_is_not_repeated(
    kind: str, delivering: Service, receiver: Receiver, direct: tocos.Client
) -> None:
    name = new()
    direct.put_webhook(name, receiver.url, secret=SECRET, kinds=["coin"])
    with proxied(delivering) as proxy:
        async with either_of(kind, proxy.url, delivering.key) as troubled:
            proxy.faults.append("lost")
            with pytest.raises(tocos.ConnectionFailed) as failure:
                await troubled.test_webhook(name)
            assert failure.value.maybe_applied
            proxy.faults.append("503 before")
            assert (await troubled.test_webhook(name))["delivered"]
    assert receiver.arrived.qsize() == 2
    direct.delete_webhook(name)
