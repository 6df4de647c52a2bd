"""A chat whose answers cost coins.

Coins are reserved before an answer is begun, what it took is captured when it is complete, and they are released when it fails or its
reader goes away. A payment's webhook grants coins, once, however often it is delivered.
"""

from __future__ import annotations

import json
import os
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Annotated, Any

import anyio
import tocos
from fastapi import FastAPI, Header, HTTPException, Request
from fastapi.responses import JSONResponse, Response, StreamingResponse
from pydantic import BaseModel, Field

from model import CompletionsModel, Model

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

COIN = "toco"
TOKENS_MAX = 500
"""An answer has at most so many tokens. Each costs a coin."""
ANSWER_S_MAX = 300
"""A hold ends by itself after this time, should the app die during an answer."""

# Who signs people in stands in front of this app, and sets this header.
User = Annotated[str, Header(alias="X-User")]


class Question(BaseModel):
    """What is asked."""

    prompt: str = Field(min_length=1, max_length=10_000)


class Answer(StreamingResponse):
    """A stream inside a hold: whatever ends it, what was not captured is released."""

    def __init__(self, hold: tocos.AsyncHold, model: Model, prompt: str) -> None:
        super().__init__(self.parts(hold, model, prompt), media_type="text/event-stream")
        self.hold = hold

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Sends the answer. It ends early if the reader goes away."""
        async with self.hold:
            try:
                await super().__call__(scope, receive, send)
            finally:
                # The model's stream is closed too, now and not when it is collected.
                with anyio.CancelScope(shield=True):
                    await self.body_iterator.aclose()  # type: ignore[attr-defined]

    @staticmethod
    async def parts(hold: tocos.AsyncHold, model: Model, prompt: str) -> AsyncIterator[str]:
        """The tokens as they come, and then what they cost."""
        cost = 0
        try:
            async for token in model.answer(prompt, tokens_max=hold.amount):
                cost += 1
                yield sse("token", text=token)
                if cost == hold.amount:
                    break
        except Exception:  # noqa: BLE001
            # The response has begun, so its status can't say it. If the service is away too, the hold is released later.
            with suppress(tocos.TocosError):
                await hold.release()
            yield sse("failed", detail="The model failed. Nothing was charged.")
            return
        try:
            ended = await hold.capture(cost) if cost else await hold.release()
        except tocos.TocosError:
            yield sse("failed", detail="The answer is complete, and could not be charged.")
            return
        yield sse("done", cost=cost, available=ended["balances"][ended["user"]]["available"])


def sse(event: str, **data: Any) -> str:
    """One server-sent event."""
    return f"event: {event}\ndata: {json.dumps(data, ensure_ascii=False)}\n\n"


def create_app(ledger: tocos.AsyncClient, model: Model, payments: tocos.Webhook) -> FastAPI:  # noqa: C901
    """The app, on a ledger, a model, and the secret that webhooks of payments are signed with."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with ledger:
            yield

    app = FastAPI(title="Chat", lifespan=lifespan)

    @app.post("/chat")
    async def chat(question: Question, user: User) -> Response:
        hold = await ledger.hold(user, COIN, TOKENS_MAX, timeout_s=ANSWER_S_MAX)
        return Answer(hold, model, question.prompt)

    @app.get("/balance")
    async def balance(user: User) -> dict[str, int]:
        try:
            accounts = (await ledger.get_user(user))["accounts"]
        except tocos.errors.UserNotFound:
            accounts = []
        return {"available": sum(account["available"] for account in accounts if account["coin"] == COIN)}

    @app.post("/payments", status_code=204)
    async def paid(request: Request) -> None:
        try:
            event = payments.verify(await request.body(), request.headers)
        except tocos.WebhookInvalid as error:
            raise HTTPException(400, str(error)) from None
        if event["type"] != "payment.succeeded":
            return
        payment = event["data"]
        try:
            await grant(ledger, payment)
        except tocos.errors.UserNotFound:
            # The first payment comes before anything else.
            await ledger.put_user(payment["user"])
            await grant(ledger, payment)

    @app.exception_handler(tocos.InsufficientFunds)
    async def not_enough(_: Request, error: tocos.InsufficientFunds) -> JSONResponse:
        return JSONResponse({"detail": "Not enough coins.", "available": error.available, "needed": error.needed}, 402)

    @app.exception_handler(tocos.errors.UserNotFound)
    async def never_paid(_: Request, __: tocos.errors.UserNotFound) -> JSONResponse:
        return JSONResponse({"detail": "Not enough coins.", "available": 0, "needed": TOKENS_MAX}, 402)

    @app.exception_handler(tocos.Unavailable)
    @app.exception_handler(tocos.ConnectionFailed)
    async def away(_: Request, __: tocos.TocosError) -> JSONResponse:
        # The sender of a webhook repeats it, under the same payment.
        return JSONResponse({"detail": "Coins can't be counted at the moment. Try again."}, 503, {"retry-after": "5"})

    return app


async def grant(ledger: tocos.AsyncClient, payment: dict[str, Any]) -> None:
    """Grants what was paid for. The payment's id is the key: the same payment grants once, for ever."""
    name = f"payment/{payment['id']}"
    await ledger.grant(payment["user"], COIN, payment["coins"], reference=name, idempotency_key=name)


def from_environment() -> FastAPI:
    """The app as README.md starts it."""
    model = CompletionsModel(os.environ["MODEL_URL"], os.environ["MODEL_KEY"], os.environ["MODEL"])
    return create_app(tocos.AsyncClient(), model, tocos.Webhook(os.environ["PAYMENTS_SECRET"]))
