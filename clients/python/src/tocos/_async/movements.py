"""Grants, spends, transfers, reversals, and batches of operations."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from tocos._async.transport import AsyncPages, AsyncTransport
from tocos._call import path, read, write

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocos import types
    from tocos._call import Cursor, Time


class Movements(AsyncTransport):
    """Grants, spends, transfers, reversals, and batches of operations."""

    async def grant(
        self,
        user: str,
        coin: str,
        amount: int,
        *,
        expires_at: Time | None = None,
        priority: int | None = None,
        category: Literal["paid", "promotional"] | None = None,
        lot: bool | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.GrantEvent:
        """Issues new coins to a user. (`POST /v1/grants`)"""
        body = {
            "user": user,
            "coin": coin,
            "amount": amount,
            "expires_at": expires_at,
            "priority": priority,
            "category": category,
            "lot": lot,
            "metadata": metadata,
            "reference": reference,
        }
        call = write("POST", "/v1/grants", body=body, idempotency_key=idempotency_key, dry_run=dry_run)
        event: types.GrantEvent = await self._run(call)
        return event

    async def get_grant(self, event: int) -> types.Grant:
        """Where the coins of a grant or a rollover are. (`GET /v1/grants/{event}`)"""
        found: types.Grant = await self._run(read(path("/v1/grants/{}", event)))
        return found

    def list_grant_uses(self, event: int, *, after: int | None = None, limit: int | None = None) -> AsyncPages[types.GrantUse]:
        """The events that used a grant's coins, each with what it changed. (`GET /v1/grants/{event}/uses`)"""

        async def fetch(cursor: Cursor | None) -> tuple[list[types.GrantUse], Cursor | None]:
            query: dict[str, Any] = {"after": after if cursor is None else cursor, "limit": limit}
            page = await self._run(read(path("/v1/grants/{}/uses", event), **query))
            return page["uses"], page["next_after"]

        return AsyncPages(fetch)

    async def spend(
        self,
        user: str,
        coin: str,
        amount: int,
        *,
        to: str | None = None,
        mode: Literal["exact", "up_to"] | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.SpendEvent:
        """Spends a user's coins, or pays them `to` another; with `up_to` takes less if there is less. (`POST /v1/spends`)"""
        body = {
            "user": user,
            "coin": coin,
            "amount": amount,
            "to": to,
            "mode": mode,
            "metadata": metadata,
            "reference": reference,
        }
        call = write("POST", "/v1/spends", body=body, idempotency_key=idempotency_key, dry_run=dry_run)
        event: types.SpendEvent = await self._run(call)
        return event

    async def transfer(
        self,
        from_: str,
        to: str,
        coin: str,
        amount: int,
        *,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.TransferEvent:
        """Moves coins from user to user; they keep expiry, priority and category. (`POST /v1/transfers`)"""
        body = {
            "from": from_,
            "to": to,
            "coin": coin,
            "amount": amount,
            "metadata": metadata,
            "reference": reference,
        }
        call = write("POST", "/v1/transfers", body=body, idempotency_key=idempotency_key, dry_run=dry_run)
        event: types.TransferEvent = await self._run(call)
        return event

    async def reverse(
        self,
        event: int,
        *,
        amount: int | None = None,
        renew_expires_at: Time | None = None,
        mode: Literal["exact", "up_to"] | None = None,
        debt: bool | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.ReverseEvent:
        """Moves coins of a grant, spend, transfer, capture or expiry back. (`POST /v1/events/{event}/reverse`)"""
        body = {
            "amount": amount,
            "renew_expires_at": renew_expires_at,
            "mode": mode,
            "debt": debt,
            "metadata": metadata,
            "reference": reference,
        }
        target = path("/v1/events/{}/reverse", event)
        reversal: types.ReverseEvent = await self._run(write("POST", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return reversal

    async def batch(
        self,
        operations: Sequence[types.BatchOperation],
        *,
        atomic: bool | None = None,
        results: Literal["refusals", "all"] | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.Batch:
        """Up to 10,000 operations: all or none if `atomic`, else each by itself. (`POST /v1/batch`)

        Without `atomic` nothing is raised for an operation that is refused: `refused` counts them, and `results` has their
        problems, of which `Problem.of` makes exceptions.
        """
        body = {"operations": list(operations), "atomic": atomic, "results": results}
        call = write("POST", "/v1/batch", body=body, idempotency_key=idempotency_key, dry_run=dry_run)
        outcome: types.Batch = await self._run(call)
        return outcome
