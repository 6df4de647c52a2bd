"""Coins that are reserved until a price is known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

# async:
from tocos._async.pending import PendingHold, finishing

# sync:
from tocos._async.transport import AsyncPages, AsyncTransport
from tocos._call import path, read, write
from tocos._retry import log
from tocos.errors import HoldEnded, TocosError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import TracebackType

    from typing_extensions import Self

    from tocos import types
    from tocos._call import Cursor, Time


class AsyncHold:
    """An open hold. As a context it is released when it is left, unless it was captured or released inside.

    It is kept if a capture inside may have been applied and its outcome is not known (`TocosError.maybe_applied`): the same capture
    under the error's `idempotency_key` finds out. Otherwise it ends by itself at `expires_at`.
    """

    def __init__(self, client: Holds, event: types.HoldEvent, *, dry_run: bool = False) -> None:
        self._client = client
        self.event = event
        """What the service said when the hold was made."""
        self.id = event.get("id", 0)
        self.amount = event["amount"]
        self.held = event["held"]
        """How much is still held."""
        self.expires_at = event["expires_at"]
        self.ended = dry_run
        """Whether it was captured or released here."""
        self._unknown = False

    async def capture(
        self,
        amount: int | None = None,
        *,
        final: bool | None = None,
        excess: Literal["reject", "take_available"] | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.CaptureEvent:
        """Takes `amount` of what is held, or all of it, and releases the rest; with `final=False` the rest stays held."""
        try:
            event = await self._client.capture_hold(
                self.id,
                amount,
                final=final,
                excess=excess,
                metadata=metadata,
                reference=reference,
                idempotency_key=idempotency_key,
            )
        except TocosError as error:
            self._unknown = error.maybe_applied
            raise
        self._unknown = False
        self.held = event["held"]
        self.ended = event["state"] != "open"
        return event

    async def release(
        self,
        *,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
    ) -> types.ReleaseEvent:
        """Returns what is held."""
        event = await self._client.release_hold(self.id, metadata=metadata, reference=reference, idempotency_key=idempotency_key)
        self.held = 0
        self.ended = True
        return event

    async def extend(self, expires_at: Time, *, idempotency_key: str | None = None) -> types.ExtendEvent:
        """Sets a later `expires_at`."""
        event = await self._client.extend_hold(self.id, expires_at, idempotency_key=idempotency_key)
        self.expires_at = event["expires_at"]
        return event

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if self.ended or self._unknown:
            return
        try:
            # async:
            await finishing(self.release, self._client)
            # sync: self.release()
        except HoldEnded:
            # It has expired, or was ended by its number.
            self.ended = True
        except TocosError as failure:
            if error is None:
                raise
            # What happened inside says more; and the hold ends by itself.
            log.warning("the hold %d could not be released, and ends at %s: %s", self.id, self.expires_at, failure)

    def __repr__(self) -> str:
        return f"<hold {self.id}: {self.held} of {self.amount} held, {'ended' if self.ended else 'open'}>"


class Holds(AsyncTransport):
    """Coins that are reserved until a price is known."""

    def hold(
        self,
        user: str,
        coin: str,
        amount: int,
        *,
        expires_at: Time | None = None,
        timeout_s: int | None = None,
        to: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> PendingHold:
        """Reserves coins: `with client.hold(...) as hold: ... hold.capture(137)`. (`POST /v1/holds`)"""
        body = {
            "user": user,
            "coin": coin,
            "amount": amount,
            "expires_at": expires_at,
            "timeout_s": timeout_s,
            "to": to,
            "metadata": metadata,
            "reference": reference,
        }
        call = write("POST", "/v1/holds", body=body, idempotency_key=idempotency_key, dry_run=dry_run)
        # async:
        return PendingHold(self, call, lambda event: AsyncHold(self, event, dry_run=dry_run), dry_run=dry_run)
        # sync: return Hold(self, self._run(call), dry_run=dry_run)

    def list_holds(
        self,
        *,
        user: str | None = None,
        coin: str | None = None,
        state: Literal["open"] | None = None,
        limit: int | None = None,
    ) -> AsyncPages[types.Hold]:
        """The open holds, the oldest first. (`GET /v1/holds`)"""

        async def fetch(cursor: Cursor | None) -> tuple[list[types.Hold], Cursor | None]:
            page = await self._run(read("/v1/holds", user=user, coin=coin, state=state, limit=limit, cursor=cursor))
            return page["holds"], page["next_cursor"]

        return AsyncPages(fetch)

    async def get_hold(self, hold: int) -> types.Hold:
        """A hold and its state. (`GET /v1/holds/{hold}`)"""
        found: types.Hold = await self._run(read(path("/v1/holds/{}", hold)))
        return found

    async def capture_hold(
        self,
        hold: int,
        amount: int | None = None,
        *,
        final: bool | None = None,
        excess: Literal["reject", "take_available"] | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.CaptureEvent:
        """Takes held coins, by default all, and releases the rest unless `final=False`. (`POST /v1/holds/{hold}/capture`)"""
        body = {"amount": amount, "final": final, "excess": excess, "metadata": metadata, "reference": reference}
        target = path("/v1/holds/{}/capture", hold)
        event: types.CaptureEvent = await self._run(write("POST", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    async def release_hold(
        self,
        hold: int,
        *,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.ReleaseEvent:
        """Returns what is held. (`POST /v1/holds/{hold}/release`)"""
        body = {"metadata": metadata, "reference": reference}
        target = path("/v1/holds/{}/release", hold)
        event: types.ReleaseEvent = await self._run(write("POST", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    async def extend_hold(
        self,
        hold: int,
        expires_at: Time,
        *,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.ExtendEvent:
        """Sets a later `expires_at`. (`POST /v1/holds/{hold}/extend`)"""
        body = {"expires_at": expires_at, "metadata": metadata, "reference": reference}
        target = path("/v1/holds/{}/extend", hold)
        event: types.ExtendEvent = await self._run(write("POST", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event
