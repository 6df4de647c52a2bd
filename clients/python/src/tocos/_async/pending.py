"""Holds of the asynchronous client: made when they are awaited or entered, and never left behind by a task that is cancelled."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

import anyio

from tocos._retry import log
from tocos.errors import TocosError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Generator
    from types import TracebackType

    from tocos import types
    from tocos._async.holds import AsyncHold, Holds
    from tocos._call import Call

T = TypeVar("T")


async def finishing(work: Callable[[], Awaitable[T]], client: Holds) -> T:
    """Finishes something although the task is being cancelled, within the client's deadline."""
    options = client._options  # noqa: SLF001
    with anyio.CancelScope(shield=True, deadline=anyio.current_time() + options.retry.deadline_s + options.timeout_s):
        return await work()
    raise TocosError("there was not enough time to release the hold")


class PendingHold:
    """A hold that is made by `await` or `async with`."""

    def __init__(self, client: Holds, call: Call, made: Callable[[types.HoldEvent], AsyncHold], *, dry_run: bool) -> None:
        self._client = client
        self._call = call
        self._made = made
        self._dry_run = dry_run
        self._hold: AsyncHold | None = None

    def __await__(self) -> Generator[Any, Any, AsyncHold]:
        return self._make().__await__()

    async def __aenter__(self) -> AsyncHold:
        self._hold = await self._make()
        return self._hold

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self._hold is not None:
            await self._hold.__aexit__(kind, error, trace)

    async def _make(self) -> AsyncHold:
        try:
            event = await self._client._run(self._call)  # noqa: SLF001
        except anyio.get_cancelled_exc_class():
            if not self._dry_run:
                await finishing(self._unmake, self._client)
            raise
        return self._made(event)

    async def _unmake(self) -> None:
        """Releases a hold that may have been made while the task was cancelled: the same request under the same key names it."""
        try:
            event = await self._client._run(self._call)  # noqa: SLF001
            await self._client.release_hold(event["id"])
        except TocosError as error:
            log.warning("a hold that was cancelled while it was made may be there until it expires: %s", error)
