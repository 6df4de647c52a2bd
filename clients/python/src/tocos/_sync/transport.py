"""Sends the operations of the synchronous client, again where that is safe."""

from __future__ import annotations

import os
import ssl
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Generic, TypeVar

import httpx

from tocos._retry import Again, Attempts, Cut, Retry
from tocos._version import VERSION

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from typing_extensions import Self, TypeAlias

    from tocos._call import Call, Cursor

T = TypeVar("T")

if TYPE_CHECKING:
    Fetch: TypeAlias = Callable[[Cursor | None], tuple[list[T], Cursor | None]]


@dataclass(frozen=True)
class Options:
    """What can be changed for single operations."""

    retry: Retry
    timeout_s: float
    min_event: int | None = None
    leader: bool = False


class Transport:
    """A connection to a service: its URL, its key, and how patiently it is asked."""

    def __init__(
        self,
        url: str | None = None,
        key: str | None = None,
        *,
        timeout_s: float = 10.0,
        retry: Retry | None = None,
        ca_file: str | None = None,
        http: httpx.Client | None = None,
    ) -> None:
        """`url` and `key` are by default those of the variables TOCOS_URL and TOCOS_KEY, as for the command line.

        `timeout_s` bounds one attempt, and `retry.deadline_s` all of them. `ca_file` has certificates to trust instead of the built-in
        ones. `http` is a client of your own, with proxies or other settings; it stays yours to close.
        """
        url = url or os.environ.get("TOCOS_URL") or "http://127.0.0.1:8080"
        if not url.startswith(("http://", "https://")):
            raise ValueError(f"{url!r} is not a URL that begins with http:// or https://")
        self.url = url.rstrip("/")
        key = key or os.environ.get("TOCOS_KEY")
        self._headers = {"accept": "application/json", "user-agent": f"tocos-python/{VERSION}"}
        if key:
            self._headers["authorization"] = f"Bearer {key}"
        self._owns_http = http is None
        self._http = http or httpx.Client(verify=ssl.create_default_context(cafile=ca_file) if ca_file else True)
        self._options = Options(retry or Retry(), timeout_s)
        self._seen = [0]

    @property
    def last_event(self) -> int:
        """The number of the newest event that a response of this client was as of; 0 before the first."""
        return self._seen[0]

    def with_options(
        self,
        *,
        deadline_s: float | None = None,
        timeout_s: float | None = None,
        retry: Retry | None = None,
        min_event: int | None = None,
        leader: bool | None = None,
    ) -> Self:
        """The same client with other options, over the same connections: `client.with_options(deadline_s=2).spend(...)`.

        `min_event` and `leader` are for reads in a group of nodes: the response waits for that event, or comes from the leader.
        """
        now = self._options
        chosen = retry or now.retry
        other = object.__new__(type(self))
        other.__dict__.update(self.__dict__)
        other._owns_http = False
        other._options = Options(
            replace(chosen, deadline_s=deadline_s) if deadline_s is not None else chosen,
            now.timeout_s if timeout_s is None else timeout_s,
            now.min_event if min_event is None else min_event,
            now.leader if leader is None else leader,
        )
        return other

    def close(self) -> None:
        """Closes the connections."""
        if self._owns_http:
            self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.url!r})"

    def _run(self, call: Call) -> Any:
        """Sends an operation until its outcome is known or the deadline is over."""
        attempts = Attempts(call, self._options.retry, self._options.timeout_s)
        while True:
            timeout_s = attempts.begin()
            try:
                response, body = self._send(call, timeout_s, attempts.now)
            except (httpx.TransportError, Cut) as error:
                delay_s = attempts.broken(error)
            else:
                outcome = attempts.answered(response, body)
                if not isinstance(outcome, Again):
                    self._see(response)
                    return outcome
                delay_s = outcome.delay_s
            time.sleep(delay_s)

    def _send(self, call: Call, timeout_s: float, now: Callable[[], float]) -> tuple[httpx.Response, bytes]:
        """One attempt: the response and its whole body."""
        headers = dict(self._headers)
        if call.body is not None:
            headers["content-type"] = "application/json"
        if call.idempotency_key is not None:
            headers["idempotency-key"] = call.idempotency_key
        if not call.is_write and self._options.min_event is not None:
            headers["tocos-min-event"] = str(self._options.min_event)
        if not call.is_write and self._options.leader:
            headers["tocos-read"] = "leader"
        request = self._http.build_request(call.method, self.url + call.target, content=call.body, headers=headers, timeout=timeout_s)
        ends = now() + timeout_s
        response = self._http.send(request, stream=True, follow_redirects=False)
        try:
            parts = []
            for part in response.iter_bytes():
                parts.append(part)
                # A timeout of httpx bounds each part, not their sum.
                if now() > ends:
                    raise Cut(f"the response is not complete after {timeout_s:g} s")
        finally:
            response.close()
        return response, b"".join(parts)

    def _see(self, response: httpx.Response) -> None:
        event = response.headers.get("tocos-event", "")
        if event.isdigit():
            self._seen[0] = max(self._seen[0], int(event))


class Pages(Generic[T]):
    """A list that is fetched page by page while it is iterated over."""

    def __init__(self, fetch: Fetch[T]) -> None:
        self._fetch = fetch

    def pages(self) -> Iterator[list[T]]:
        """The pages, each a list."""
        cursor: Cursor | None = None
        while True:
            page, cursor = self._fetch(cursor)
            yield page
            if cursor is None:
                return

    def __iter__(self) -> Iterator[T]:
        for page in self.pages():
            for item in page:
                yield item

    def all(self) -> list[T]:
        """The whole list."""
        return [item for page in self.pages() for item in page]
