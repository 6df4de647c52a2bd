"""Users, coins, and the limits of accounts."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from tocos._call import path, read, write
from tocos._sync.transport import Pages, Transport

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocos import types
    from tocos._call import Cursor, Time


class Accounts(Transport):
    """Users, coins, and the limits of accounts."""

    def list_users(
        self,
        *,
        id: Sequence[str] | None = None,
        q: str | None = None,
        coin: str | None = None,
        prefix: str | None = None,
        order: Literal["id", "-id", "created", "-created", "balance", "-balance"] | None = None,
        closed: bool | None = None,
        limit: int | None = None,
    ) -> Pages[types.UserSummary]:
        """The users and their coins, by id or in `order`; those of `id`, or those whose id or name contains `q`. (`GET /v1/users`)"""

        def fetch(cursor: Cursor | None) -> tuple[list[types.UserSummary], Cursor | None]:
            if id is not None and not id:
                # Without any id the service would list all users.
                return [], None
            query: dict[str, Any] = {
                "id": id,
                "q": q,
                "coin": coin,
                "prefix": prefix,
                "order": order,
                "closed": closed,
                "limit": limit,
                "cursor": cursor,
            }
            page = self._run(read("/v1/users", **query))
            return page["users"], page["next_cursor"]

        return Pages(fetch)

    def create_user(
        self,
        id: str,
        *,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.UserEvent:
        """Makes a user, or replaces name and metadata. (`POST /v1/users`)"""
        body = {"id": id, "name": name, "metadata": metadata, "reference": reference}
        call = write("POST", "/v1/users", body=body, idempotency_key=idempotency_key, dry_run=dry_run)
        event: types.UserEvent = self._run(call)
        return event

    def put_user(
        self,
        user: str,
        *,
        name: str | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.UserEvent:
        """Makes a user, or replaces name and metadata. (`PUT /v1/users/{user}`)"""
        body = {"name": name, "metadata": metadata, "reference": reference}
        target = path("/v1/users/{}", user)
        event: types.UserEvent = self._run(write("PUT", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    def get_user(self, user: str, *, at: int | Time | None = None) -> types.User:
        """A user's accounts and lots; as they were after an event or at a time, `at`. (`GET /v1/users/{user}`)"""
        found: types.User = self._run(read(path("/v1/users/{}", user), at=at))
        return found

    def close_user(
        self,
        user: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.UserClosedEvent:
        """Closes a user who has no coins and no open holds, permanently. (`POST /v1/users/{user}/close`)"""
        body = {"metadata": metadata, "reference": reference}
        target = path("/v1/users/{}/close", user)
        event: types.UserClosedEvent = self._run(write("POST", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    def put_limits(
        self,
        user: str,
        coin: str,
        *,
        floor: int | None = None,
        ceiling: int | None = None,
        frozen: bool | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.LimitsEvent:
        """How far an account may owe, how much it may have, whether it is frozen. (`PUT /v1/users/{user}/limits/{coin}`)"""
        body = {"floor": floor, "ceiling": ceiling, "frozen": frozen, "metadata": metadata, "reference": reference}
        target = path("/v1/users/{}/limits/{}", user, coin)
        event: types.LimitsEvent = self._run(write("PUT", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    def put_spend_limit(
        self,
        user: str,
        coin: str,
        *,
        amount: int | None = None,
        per: Literal["day", "month", "hours"] | None = None,
        hours: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.SpendLimitEvent:
        """How much an account may spend in a time; without `amount` no limit. (`PUT /v1/users/{user}/spend-limit/{coin}`)"""
        body = {"amount": amount, "per": per, "hours": hours, "metadata": metadata, "reference": reference}
        target = path("/v1/users/{}/spend-limit/{}", user, coin)
        event: types.SpendLimitEvent = self._run(write("PUT", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    def put_thresholds(
        self,
        user: str,
        coin: str,
        *,
        thresholds: Sequence[int] | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.ThresholdsEvent:
        """Amounts of available coins whose crossing events report; if None, the coin's. (`PUT /v1/users/{user}/thresholds/{coin}`)"""
        body = {"thresholds": thresholds, "metadata": metadata, "reference": reference}
        target = path("/v1/users/{}/thresholds/{}", user, coin)
        event: types.ThresholdsEvent = self._run(write("PUT", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    def list_coins(self) -> list[types.Coin]:
        """The coins: issued, spent, expired, outstanding, held. (`GET /v1/coins`)"""
        coins: list[types.Coin] = (self._run(read("/v1/coins")))["coins"]
        return coins

    def get_coin(self, coin: str) -> types.Coin:
        """A coin: issued, spent, expired, outstanding, held. (`GET /v1/coins/{coin}`)"""
        found: types.Coin = self._run(read(path("/v1/coins/{}", coin)))
        return found

    def put_coin(
        self,
        coin: str,
        *,
        decimals: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.CoinEvent:
        """Makes a coin. (`PUT /v1/coins/{coin}`)"""
        body = {"decimals": decimals, "metadata": metadata, "reference": reference}
        target = path("/v1/coins/{}", coin)
        event: types.CoinEvent = self._run(write("PUT", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    def put_coin_spend_limit(
        self,
        coin: str,
        *,
        amount: int | None = None,
        per: Literal["day", "month", "hours"] | None = None,
        hours: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.SpendLimitEvent:
        """The spending limit of all accounts of a coin that have none of their own. (`PUT /v1/coins/{coin}/spend-limit`)"""
        body = {"amount": amount, "per": per, "hours": hours, "metadata": metadata, "reference": reference}
        target = path("/v1/coins/{}/spend-limit", coin)
        event: types.SpendLimitEvent = self._run(write("PUT", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    def put_coin_thresholds(
        self,
        coin: str,
        *,
        thresholds: Sequence[int] | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.ThresholdsEvent:
        """The thresholds of all accounts of a coin that have none of their own. (`PUT /v1/coins/{coin}/thresholds`)"""
        body = {"thresholds": thresholds, "metadata": metadata, "reference": reference}
        target = path("/v1/coins/{}/thresholds", coin)
        event: types.ThresholdsEvent = self._run(write("PUT", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event
