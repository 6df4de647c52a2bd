"""What tests share: a service, clients of both kinds, and users with coins."""

from __future__ import annotations

import contextlib
import inspect
import itertools
from typing import TYPE_CHECKING, Any

import httpx
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
    service.verify()


@pytest.fixture
def proxy(service: Service) -> Iterator[Proxy]:
    with proxied(service) as proxy:
        yield proxy


def plain(kind: type[httpx.Client | httpx.AsyncClient]) -> Any:
    """A client of httpx that does not load the certificates of the world, which takes longer than most tests."""
    return kind(verify=False)


@pytest.fixture(scope="session")
def client(service: Service) -> Iterator[tocos.Client]:
    """A client without anything in between."""
    with tocos.Client(service.url, service.key, retry=QUICK) as client:
        yield client


@pytest.fixture
async def aclient(service: Service) -> AsyncIterator[tocos.AsyncClient]:
    async with plain(httpx.AsyncClient) as http:
        yield tocos.AsyncClient(service.url, service.key, retry=QUICK, http=http)


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


@contextlib.contextmanager
def client_of(url: str, key: str | None, retry: tocos.Retry = QUICK, **options: Any) -> Iterator[tocos.Client]:
    """A synchronous client."""
    with plain(httpx.Client) as http:
        yield tocos.Client(url, key, retry=retry, http=http, **options)


@contextlib.asynccontextmanager
async def either_of(kind: str, url: str, key: str, **options: Any) -> AsyncIterator[Any]:
    """A client of one kind."""
    if kind == "sync":
        with client_of(url, key, **options) as client:
            yield Either(client)
    else:
        async with plain(httpx.AsyncClient) as http:
            yield Either(tocos.AsyncClient(url, key, retry=QUICK, http=http, **options))


@pytest.fixture(params=["sync", "async"])
async def either(request: pytest.FixtureRequest, service: Service) -> AsyncIterator[Any]:
    """A client of either kind."""
    async with either_of(request.param, service.url, service.key) as client:
        yield client


@pytest.fixture(params=["sync", "async"])
async def troubled(request: pytest.FixtureRequest, proxy: Proxy) -> AsyncIterator[Any]:
    """A client of either kind behind the proxy."""
    async with either_of(request.param, proxy.url, proxy.service.key) as client:
        yield client


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


def until(client: Any, fault: str) -> Any:
    """The client, with no more patience than a fault takes."""
    return client.with_options(timeout_s=0.15) if fault in ("slow", "drip") else client


def total(client: tocos.Client, user: str) -> int:
    """What a user has of toco, held coins included."""
    return client.get_user(user)["coins"].get("toco", 0)
