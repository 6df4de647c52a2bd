"""API keys, the clock, the group of nodes, and the service itself."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Literal

from tocos._async.transport import AsyncTransport
from tocos._call import Call, encode, parameters, path, read, write
from tocos.errors import KeySecretLost

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocos import types
    from tocos._call import Time


class Administration(AsyncTransport):
    """API keys, the clock, the group of nodes, and the service itself."""

    async def create_key(
        self,
        right: Literal["read", "spend", "grant", "admin"],
        *,
        name: str | None = None,
        expires_at: Time | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.NewKey:
        """Makes an API key; its `secret` is shown this once. (`POST /v1/keys`)"""
        body = {"right": right, "name": name, "expires_at": expires_at}
        made: types.NewKey = await self._run(write("POST", "/v1/keys", body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        if "secret" not in made and not dry_run and idempotency_key is None:
            # An attempt whose response was lost had made it.
            raise KeySecretLost(made["id"])
        return made

    async def list_keys(self) -> list[types.Key]:
        """The API keys, without their secrets. (`GET /v1/keys`)"""
        keys: list[types.Key] = (await self._run(read("/v1/keys")))["keys"]
        return keys

    async def get_own_key(self) -> types.OwnKey:
        """The key that this client sends. (`GET /v1/keys/self`)"""
        key: types.OwnKey = await self._run(read("/v1/keys/self"))
        return key

    async def revoke_key(self, id: int, *, idempotency_key: str | None = None, dry_run: bool = False) -> types.Event:
        """Revokes an API key. (`POST /v1/keys/{id}/revoke`)"""
        target = path("/v1/keys/{}/revoke", id)
        event: types.Event = await self._run(write("POST", target, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    async def get_clock(self) -> types.Clock:
        """The ledger's time and the system's. (`GET /v1/clock`)"""
        clock: types.Clock = await self._run(read("/v1/clock"))
        return clock

    async def accept_clock(self, *, system_time: Time | None = None) -> types.Clock:
        """Accepts a clock that is implausible. (`POST /v1/clock/accept`)"""
        call = Call("POST", "/v1/clock/accept", body=encode({"system_time": system_time}), safe=False)
        clock: types.Clock = await self._run(call)
        return clock

    async def advance_test_clock(self, seconds: int) -> types.TestClock:
        """Lets time pass in a ledger with a test clock. (`POST /v1/test-clock/advance`)"""
        call = Call("POST", "/v1/test-clock/advance", body=encode({"seconds": seconds}), safe=False)
        clock: types.TestClock = await self._run(call)
        return clock

    async def get_cluster(self) -> types.Cluster:
        """The group of nodes: who leads, and how far each is. (`GET /v1/cluster`)"""
        cluster: types.Cluster = await self._run(read("/v1/cluster"))
        return cluster

    async def hand_over(self) -> types.Handover:
        """Hands the lead to another node. (`POST /v1/cluster/handover`)"""
        lead: types.Handover = await self._run(Call("POST", "/v1/cluster/handover", safe=False))
        return lead

    async def get_status(self) -> types.Status:
        """Open holds, what expires soon, refusals, the archive. (`GET /v1/status`)"""
        status: types.Status = await self._run(read("/v1/status"))
        return status

    async def get_version(self) -> types.Version:
        """The service's version. (`GET /version`)"""
        version: types.Version = await self._run(read("/version"))
        return version

    async def get_openapi(self) -> types.OpenApi:
        """The service's OpenAPI document. (`GET /openapi.json`)"""
        document: types.OpenApi = await self._run(read("/openapi.json"))
        return document

    async def request(
        self,
        method: Literal["GET", "PUT", "POST", "DELETE"],
        path: str,
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """Any operation, such as one that is newer than this package; retried like the others, writes under a key."""
        if method == "GET":
            return await self._run(read(path, **(query or {})))
        call = write(method, path, body=body, idempotency_key=idempotency_key, dry_run=False)
        return await self._run(replace(call, query=parameters(query or {})))
