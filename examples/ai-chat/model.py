"""The model that answers: any service with the widespread route `/chat/completions`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Protocol

import httpx

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


class Model(Protocol):
    """What the app needs of a model."""

    def answer(self, prompt: str, *, tokens_max: int) -> AsyncIterator[str]:
        """The answer, token by token."""
        ...


class CompletionsModel:
    """A model behind `/chat/completions`, streamed."""

    def __init__(self, url: str, key: str, model: str, *, transport: httpx.AsyncBaseTransport | None = None) -> None:
        self._http = httpx.AsyncClient(base_url=url, headers={"authorization": f"Bearer {key}"}, timeout=60, transport=transport)
        self._model = model

    async def answer(self, prompt: str, *, tokens_max: int) -> AsyncIterator[str]:
        """The answer, part by part; these services send a token in each."""
        body = {
            "model": self._model,
            "messages": [{"role": "user", "content": prompt}],
            "max_tokens": tokens_max,
            "stream": True,
        }
        async with self._http.stream("POST", "/chat/completions", json=body) as response:
            response.raise_for_status()
            async for line in response.aiter_lines():
                data = line.removeprefix("data:").strip()
                if not line.startswith("data:"):
                    continue
                if data == "[DONE]":
                    return
                for choice in json.loads(data)["choices"]:
                    if text := choice["delta"].get("content"):
                        yield text
        raise ConnectionError("the model's answer ended before its end")
