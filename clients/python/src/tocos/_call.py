"""A request before it is sent: pure, the same for both clients."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Any, Literal
from urllib.parse import quote, urlencode

from typing_extensions import TypeAlias

Time: TypeAlias = datetime | str
"""A time with a zone, or RFC 3339."""

# A list of the API whose page is asked for by `cursor`, or by the number of an event.
Cursor: TypeAlias = str | int


@dataclass(frozen=True)
class Call:
    """One operation. However often it is sent, its key is the same."""

    method: Literal["GET", "PUT", "POST", "DELETE"]
    path: str
    query: tuple[tuple[str, str], ...] = ()
    body: bytes | None = None
    idempotency_key: str | None = None
    safe: bool = True
    """Whether it can be sent again when it may have been applied: a read, a dry run, or a write under a key."""
    timeout_s: float | None = None
    """How long a response may take, if not as long as the client's."""

    @property
    def is_write(self) -> bool:
        """Whether it may change something."""
        return self.method != "GET"

    @property
    def target(self) -> str:
        """Path and query, as they are sent."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


def read(path: str, *, timeout_s: float | None = None, **query: Any) -> Call:
    """A read."""
    return Call("GET", path, parameters(query), timeout_s=timeout_s)


def write(
    method: Literal["PUT", "POST", "DELETE"],
    path: str,
    *,
    idempotency_key: str | None,
    dry_run: bool,
    body: Mapping[str, Any] | None = None,
) -> Call:
    """A write, under the key that is given or one of its own."""
    if idempotency_key is None and not dry_run:
        idempotency_key = str(uuid.uuid4())
    elif idempotency_key is not None and not (idempotency_key.isascii() and idempotency_key.isprintable()):
        raise ValueError("an idempotency key is printable ASCII")
    encoded = None if body is None else encode(body)
    return Call(method, path, parameters({"dry_run": dry_run or None}), encoded, idempotency_key)


def path(template: str, *values: str | int) -> str:
    """A path with its parameters, escaped."""
    escaped = []
    for value in values:
        text = str(value)
        # Such a segment would lead to another route.
        if text in ("", ".", ".."):
            raise ValueError(f"{text!r} is not an id")
        escaped.append(quote(text, safe=""))
    return template.format(*escaped)


def parameters(query: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Parameters of a query, without those that are not given. A list is a parameter that is repeated."""
    pairs: list[tuple[str, str]] = []
    for name, value in query.items():
        if value is None:
            continue
        values = value if isinstance(value, Sequence) and not isinstance(value, str) else [value]
        # `from` is a word of the language.
        pairs += [(name.rstrip("_"), _text(one)) for one in values]
    return tuple(pairs)


def _text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return rfc3339(value) if isinstance(value, datetime) else str(value)


def encode(body: Mapping[str, Any]) -> bytes:
    """A body of JSON, without the fields that are not given."""
    given = {name: value for name, value in body.items() if value is not None}
    return json.dumps(given, ensure_ascii=False, allow_nan=False, separators=(",", ":"), default=_encoded).encode()


def _encoded(value: Any) -> Any:
    if isinstance(value, datetime):
        return rfc3339(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} can't be sent as JSON: {value!r}")


def rfc3339(moment: datetime) -> str:
    """A time as the API takes it."""
    if moment.tzinfo is None:
        raise ValueError(f"{moment!r} has no time zone; use datetime.now(timezone.utc) or .astimezone()")
    return moment.astimezone(timezone.utc).isoformat(timespec="microseconds").replace("+00:00", "Z")


def parse_time(text: str) -> datetime:
    """A time of a response, as a datetime in UTC."""
    return datetime.fromisoformat(text.replace("Z", "+00:00"))
