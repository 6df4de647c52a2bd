"""The app, served by uvicorn, on a real ledger; model and payments are stubs."""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import httpx
import pytest
import tocos
import uvicorn
from service import Service

from app import TOKENS_MAX, create_app, from_environment
from model import CompletionsModel

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
NUMBERS = itertools.count(1)


class StubModel:
    """Says some words; fails or stops where it is told."""

    def __init__(self) -> None:
        self.words = 30
        self.fails_after: int | None = None
        self.waits_after: int | None = None
        self.closed = asyncio.Event()

    async def answer(self, prompt: str, *, tokens_max: int) -> AsyncIterator[str]:
        assert prompt
        assert tokens_max == TOKENS_MAX
        try:
            for number in range(self.words):
                if number == self.fails_after:
                    raise RuntimeError("out of memory")
                if number == self.waits_after:
                    await asyncio.sleep(60)
                yield f"word {number} "
        finally:
            self.closed.set()


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    service = Service(tmp_path_factory.mktemp("chat"))
    service.start()
    yield service
    service.stop()
    service.verify()


@pytest.fixture(scope="module")
def ledger(service: Service) -> Iterator[tocos.Client]:
    with tocos.Client(service.url, service.key) as ledger:
        yield ledger


@pytest.fixture
def user() -> str:
    return f"user-{next(NUMBERS)}"


@pytest.fixture
async def model() -> StubModel:
    return StubModel()


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an app that is served over real sockets."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="warning", ws="none", timeout_graceful_shutdown=5))
    running = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=10) as client:
            yield client
    finally:
        server.should_exit = True
        await running


@pytest.fixture
async def chat(service: Service, model: StubModel) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(tocos.AsyncClient(service.url, service.key), model, tocos.Webhook(SECRET))
    async with served(app) as client:
        yield client


def payment(user: str, coins: int, identity: str = "") -> tuple[bytes, str]:
    identity = identity or f"pay_{user}"
    event = {"type": "payment.succeeded", "data": {"id": identity, "user": user, "coins": coins}}
    return json.dumps(event).encode(), f"msg_{next(NUMBERS)}"


async def pay(chat: httpx.AsyncClient, body: bytes, message: str, secret: str = SECRET) -> int:
    headers = tocos.Webhook(secret).sign(body, id=message)
    return (await chat.post("/payments", content=body, headers=headers)).status_code


async def ask(chat: httpx.AsyncClient, user: str) -> tuple[int, list[tuple[str, Any]]]:
    response = await chat.post("/chat", json={"prompt": "Why?"}, headers={"X-User": user})
    events = [(name, json.loads(data)) for name, data in re.findall(r"event: (\w+)\ndata: (.*)\n\n", response.text)]
    return response.status_code, events


def coins(ledger: tocos.Client, user: str) -> tuple[int, int]:
    """What a user has, and how much of it is held."""
    account = ledger.get_user(user)["accounts"][0]
    return account["total"], account["held"]


async def test_an_answer_costs_what_it_took(chat: httpx.AsyncClient, ledger: tocos.Client, user: str) -> None:
    assert await pay(chat, *payment(user, 600)) == 204
    status, events = await ask(chat, user)
    assert status == 200
    assert [name for name, _ in events] == ["token"] * 30 + ["done"]
    assert events[-1][1] == {"cost": 30, "available": 570}
    assert coins(ledger, user) == (570, 0)
    assert (await chat.get("/balance", headers={"X-User": user})).json() == {"available": 570}


async def test_an_answer_ends_where_the_coins_that_are_reserved_end(
    chat: httpx.AsyncClient, model: StubModel, ledger: tocos.Client, user: str
) -> None:
    await pay(chat, *payment(user, 600))
    model.words = TOKENS_MAX * 2
    assert (await ask(chat, user))[1][-1] == ("done", {"cost": TOKENS_MAX, "available": 100})
    assert coins(ledger, user) == (100, 0)


async def test_an_answer_of_nothing_costs_nothing(chat: httpx.AsyncClient, model: StubModel, ledger: tocos.Client, user: str) -> None:
    await pay(chat, *payment(user, 600))
    model.words = 0
    assert (await ask(chat, user))[1] == [("done", {"cost": 0, "available": 600})]
    assert coins(ledger, user) == (600, 0)


async def test_too_few_coins_are_402_before_the_model_is_asked(
    chat: httpx.AsyncClient, model: StubModel, ledger: tocos.Client, user: str
) -> None:
    response = await chat.post("/chat", json={"prompt": "Why?"}, headers={"X-User": user})
    assert (response.status_code, response.json()["available"]) == (402, 0)
    assert (await chat.get("/balance", headers={"X-User": user})).json() == {"available": 0}
    await pay(chat, *payment(user, 499))
    response = await chat.post("/chat", json={"prompt": "Why?"}, headers={"X-User": user})
    assert (response.status_code, response.json()["available"], response.json()["needed"]) == (402, 499, 500)
    assert not model.closed.is_set()
    assert coins(ledger, user) == (499, 0)


async def test_coins_are_reserved_while_the_answer_comes(
    chat: httpx.AsyncClient, model: StubModel, ledger: tocos.Client, user: str
) -> None:
    await pay(chat, *payment(user, 600))
    model.waits_after = 5
    async with chat.stream("POST", "/chat", json={"prompt": "Why?"}, headers={"X-User": user}) as response:
        lines = response.aiter_lines()
        assert await anext(lines) == "event: token"
        assert coins(ledger, user) == (600, 500)
        # A second answer at the same time would need coins that are not there.
        assert (await ask(chat, user))[0] == 402


async def test_a_reader_who_goes_away_pays_nothing(chat: httpx.AsyncClient, model: StubModel, ledger: tocos.Client, user: str) -> None:
    await pay(chat, *payment(user, 600))
    model.waits_after = 5
    async with chat.stream("POST", "/chat", json={"prompt": "Why?"}, headers={"X-User": user}) as response:
        assert await anext(response.aiter_lines()) == "event: token"
        assert coins(ledger, user) == (600, 500)
    # Gone in the middle, and the model is told so.
    await asyncio.wait_for(model.closed.wait(), 5)
    for _ in range(100):
        if coins(ledger, user) == (600, 0):
            break
        await asyncio.sleep(0.05)
    assert coins(ledger, user) == (600, 0)
    assert [event["kind"] for event in ledger.list_history(user, limit=10)][:2] == ["release", "hold"]


async def test_a_model_that_fails_midway_costs_nothing(chat: httpx.AsyncClient, model: StubModel, ledger: tocos.Client, user: str) -> None:
    await pay(chat, *payment(user, 600))
    model.fails_after = 7
    status, events = await ask(chat, user)
    assert (status, [name for name, _ in events]) == (200, ["token"] * 7 + ["failed"])
    assert coins(ledger, user) == (600, 0)


async def test_a_webhook_that_comes_twice_grants_once(chat: httpx.AsyncClient, ledger: tocos.Client, user: str) -> None:
    body, message = payment(user, 600)
    assert [await pay(chat, body, message) for _ in range(2)] == [204, 204]
    # Under another message, at the same time.
    assert await asyncio.gather(*(pay(chat, body, f"{message}-{number}") for number in range(5))) == [204] * 5
    assert coins(ledger, user) == (600, 0)
    assert await pay(chat, *payment(user, 10, f"pay_2_{user}")) == 204
    assert coins(ledger, user) == (610, 0)
    assert len(ledger.list_events(reference=f"payment/pay_{user}").all()) == 1


async def test_a_webhook_of_someone_else_grants_nothing(chat: httpx.AsyncClient, ledger: tocos.Client, user: str) -> None:
    body, message = payment(user, 600)
    assert await pay(chat, body, message, "whsec_c29tZW9uZSBlbHNl") == 400
    assert (await chat.post("/payments", content=body)).status_code == 400
    old = tocos.Webhook(SECRET).sign(body, id=message, timestamp=1_700_000_000)
    assert (await chat.post("/payments", content=body, headers=old)).status_code == 400
    with pytest.raises(tocos.errors.UserNotFound):
        ledger.get_user(user)


async def test_other_events_of_payments_are_taken_and_change_nothing(chat: httpx.AsyncClient, user: str) -> None:
    body = json.dumps({"type": "payment.failed", "data": {"user": user}}).encode()
    assert await pay(chat, body, "msg_other") == 204


async def test_a_ledger_that_is_away_is_503(model: StubModel, user: str) -> None:
    away = tocos.AsyncClient("http://127.0.0.1:9", retry=tocos.Retry(deadline_s=0.1))
    async with served(create_app(away, model, tocos.Webhook(SECRET))) as chat:
        response = await chat.post("/chat", json={"prompt": "Why?"}, headers={"X-User": user})
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        # So the webhook is sent again.
        assert await pay(chat, *payment(user, 600)) == 503


async def test_the_model_over_http() -> None:
    def respond(request: httpx.Request) -> httpx.Response:
        asked = json.loads(request.content)
        assert (request.headers["authorization"], asked["max_tokens"], asked["stream"]) == ("Bearer k", 5, True)
        assert request.url == "https://model.example/v1/chat/completions"
        parts = [{"choices": [{"delta": {"content": word}}]} for word in ("So ", "", "it ", "is.")]
        lines = [f"data: {json.dumps(part)}\n\n" for part in parts]
        ends = [] if asked["messages"][0]["content"] == "cut" else ["data: [DONE]\n\n"]
        return httpx.Response(200, text="".join([": a comment\n\n", *lines, *ends]))

    model = CompletionsModel("https://model.example/v1", "k", "m", transport=httpx.MockTransport(respond))
    assert [word async for word in model.answer("Why?", tokens_max=5)] == ["So ", "it ", "is."]
    with pytest.raises(ConnectionError):
        [word async for word in model.answer("cut", tokens_max=5)]


async def test_the_app_as_the_readme_starts_it(service: Service, monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    names = {"TOCOS_URL": service.url, "TOCOS_KEY": service.key, "PAYMENTS_SECRET": SECRET}
    for name, value in {**names, "MODEL_URL": "http://127.0.0.1:9", "MODEL_KEY": "k", "MODEL": "m"}.items():
        monkeypatch.setenv(name, value)
    async with served(from_environment()) as chat:
        assert await pay(chat, *payment(user, 600)) == 204
        # There is no model at that address.
        assert [name for name, _ in (await ask(chat, user))[1]] == ["failed"]
        assert (await chat.get("/balance", headers={"X-User": user})).json() == {"available": 600}
