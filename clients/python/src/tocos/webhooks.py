"""Webhooks of the Standard Webhooks scheme: is this body from who has the secret, and was it sent lately?"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from typing import TYPE_CHECKING, Any

from tocos.errors import WebhookInvalid

if TYPE_CHECKING:
    from collections.abc import Mapping

TOLERANCE_S = 300


class Webhook:
    """Verifies webhooks that are signed with `secret` (`whsec_...`), or with any of several while one replaces another."""

    def __init__(self, *secrets: str, tolerance_s: float = TOLERANCE_S) -> None:
        if not secrets:
            raise ValueError("a secret is needed")
        self._secrets = [_decoded(secret) for secret in secrets]
        self._tolerance_s = tolerance_s

    def verify(self, body: bytes | str, headers: Mapping[str, str], *, now: float | None = None) -> Any:
        """The body as JSON, if the signature is right and its time is within the tolerance; else raises `WebhookInvalid`.

        `body` is the body as it came: what was parsed and written again has other bytes. A webhook may come more than once;
        its header `webhook-id` is the same each time.
        """
        raw = body.encode() if isinstance(body, str) else body
        named = {name.lower(): value for name, value in headers.items()}
        identity, timestamp, signatures = (_header(named, f"webhook-{name}") for name in ("id", "timestamp", "signature"))
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) <= len("253402300799")):
            raise WebhookInvalid("webhook-timestamp is not a number of seconds")
        age_s = (time.time() if now is None else now) - int(timestamp)
        if abs(age_s) > self._tolerance_s:
            when = f"{age_s:.0f} s old" if age_s > 0 else f"{-age_s:.0f} s ahead"
            raise WebhookInvalid(f"the webhook is {when}; at most {self._tolerance_s:.0f} s are accepted")
        given = [_signature(part) for part in signatures.split(" ")]
        right = [self._mac(secret, identity, timestamp, raw) for secret in self._secrets]
        # All are compared, each in constant time, so that the time taken says nothing.
        if not any([hmac.compare_digest(one, other) for one in given if one is not None for other in right]):  # noqa: C419
            raise WebhookInvalid("no signature of the webhook is right; is this the secret of its endpoint?")
        try:
            return json.loads(raw)
        except ValueError as error:
            raise WebhookInvalid("the body is not JSON") from error

    def sign(self, body: bytes | str, *, id: str, timestamp: int | None = None) -> dict[str, str]:
        """The headers that a sender would send with this body. For tests of what receives webhooks."""
        raw = body.encode() if isinstance(body, str) else body
        seconds = str(int(time.time()) if timestamp is None else timestamp)
        made = [base64.b64encode(self._mac(secret, id, seconds, raw)).decode() for secret in self._secrets]
        signature = " ".join(f"v1,{one}" for one in made)
        return {"webhook-id": id, "webhook-timestamp": seconds, "webhook-signature": signature}

    @staticmethod
    def _mac(secret: bytes, identity: str, timestamp: str, body: bytes) -> bytes:
        return hmac.new(secret, f"{identity}.{timestamp}.".encode() + body, hashlib.sha256).digest()


def _decoded(secret: str) -> bytes:
    try:
        decoded = base64.b64decode(secret.removeprefix("whsec_"), validate=True)
    except (binascii.Error, ValueError) as error:
        raise ValueError("a secret of webhooks is whsec_ and base64") from error
    if not decoded:
        raise ValueError("the secret of webhooks is empty")
    return decoded


def _header(headers: Mapping[str, str], name: str) -> str:
    value = headers.get(name)
    if not value:
        raise WebhookInvalid(f"the header {name} is missing")
    return value


def _signature(part: str) -> bytes | None:
    """The bytes of a signature of version 1; None for what other versions made, and for what is none."""
    version, _, encoded = part.partition(",")
    try:
        return base64.b64decode(encoded, validate=True) if version == "v1" else None
    except (binascii.Error, ValueError):
        return None
