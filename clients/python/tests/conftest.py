"""What tests share: a service, clients of both kinds, and users with coins."""

from __future__ import annotations

import inspect
import itertools
from typing import TYPE_CHECKING, Any

import pytest
from service import Proxy, Service, proxied

import tocos

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

NUMBERS = itertools.count(1)
QUICK = tocos.Retry(deadline_s=20, backoff_s=0.01, backoff_max_s=0.1)


@pytest.fixture(scope="session")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One service for all tests; the ledger is whole when they are over."""
    service = Service(tmp_path_factory.mktemp("service"))
    service.start()
    yield service
    service.stop()
    assert "intact" in service.verify()


@pytest.fixture
def proxy(service: Service) -> Iterator[Proxy]:
    with proxied(service) as proxy:
        yield proxy


@pytest.fixture
def client(service: Service) -> Iterator[tocos.Client]:
    """A client without anything in between."""
    with tocos.Client(service.url, service.key, retry=QUICK) as client:
        yield client


@pytest.fixture
async def aclient(service: Service) -> AsyncIterator[tocos.AsyncClient]:
    async with tocos.AsyncClient(service.url, service.key, retry=QUICK) as client:
        yield client


class Either:
    """A client of either kind whose operations are awaited, so that one test is for both."""

    def __init__(self, client: Any) -> None:
        self.client = client

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.client, name)
        if name == "with_options":
            return lambda **options: Either(method(**options))

        async def awaited(*arguments: Any, **named: Any) -> Any:
            outcome = method(*arguments, **named)
            if isinstance(outcome, (tocos.Pages, tocos.AsyncPages)):
                outcome = outcome.all()
            if isinstance(outcome, tocos.Hold):
                return Either(outcome)
            outcome = await outcome if inspect.isawaitable(outcome) else outcome
            return Either(outcome) if isinstance(outcome, tocos.AsyncHold) else outcome

        return awaited if inspect.isroutine(method) else method

    async def close(self) -> None:
        closed = self.client.close() if isinstance(self.client, tocos.Client) else self.client.aclose()
        if inspect.isawaitable(closed):
            await closed


@pytest.fixture(params=["sync", "async"])
async def either(request: pytest.FixtureRequest, service: Service) -> AsyncIterator[Any]:
    """A client of either kind."""
    kind = tocos.Client if request.param == "sync" else tocos.AsyncClient
    client = Either(kind(service.url, service.key, retry=QUICK))
    yield client
    await client.close()


@pytest.fixture(params=["sync", "async"])
async def troubled(request: pytest.FixtureRequest, proxy: Proxy) -> AsyncIterator[Any]:
    """A client of either kind behind the proxy."""
    kind = tocos.Client if request.param == "sync" else tocos.AsyncClient
    client = Either(kind(proxy.url, proxy.service.key, retry=QUICK, timeout_s=0.3))
    yield client
    await client.close()


@pytest.fixture
def user(client: tocos.Client) -> str:
    """A user with 1,000 toco, whom no other test has."""
    return rich(client)


def rich(client: tocos.Client, amount: int = 1000) -> str:
    """A new user with coins."""
    name = f"user-{next(NUMBERS)}"
    client.put_user(name)
    if amount:
        client.grant(name, "toco", amount)
    return name


def total(client: tocos.Client, user: str) -> int:
    """What a user has of toco, held coins included."""
    return client.get_user(user)["coins"].get("toco", 0)
