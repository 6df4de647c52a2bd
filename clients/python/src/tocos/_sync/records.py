"""What happened: history, events and their feed, reports."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, Literal

from tocos._call import path, read
from tocos._retry import log, monotonic
from tocos._sync.transport import Pages, Transport
from tocos.errors import ConnectionFailed, TocosError, Unavailable, UnexpectedResponse

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tocos import types
    from tocos._call import Cursor, Time

HistoryKind = Literal[
    "grant",
    "spend",
    "transfer",
    "hold",
    "capture",
    "release",
    "hold_expired",
    "expire",
    "reverse",
    "limits",
    "thresholds",
    "spend_limit",
    "rollover",
    "adjustment",
]


class Records(Transport):
    """What happened: history, events and their feed, reports."""

    def list_history(
        self,
        user: str,
        *,
        coin: str | None = None,
        kind: HistoryKind | None = None,
        after: int | None = None,
        before: int | None = None,
        from_: Time | None = None,
        until: Time | None = None,
        order: Literal["desc", "asc"] | None = None,
        limit: int | None = None,
    ) -> Pages[types.HistoryEntry]:
        """What happened to a user's accounts, with the balance after it; the newest first. (`GET /v1/users/{user}/history`)"""

        def fetch(cursor: Cursor | None) -> tuple[list[types.HistoryEntry], Cursor | None]:
            query: dict[str, Any] = {
                "coin": coin,
                "kind": kind,
                "after": after,
                "before": before,
                "from": from_,
                "until": until,
                "order": order,
                "limit": limit,
                "cursor": cursor,
            }
            page = self._run(read(path("/v1/users/{}/history", user), **query))
            return page["entries"], page["next_cursor"]

        return Pages(fetch)

    def list_events(
        self,
        *,
        after: int | None = None,
        limit: int | None = None,
        idempotency_key: str | None = None,
        reference: str | None = None,
        schedule: str | None = None,
        crossed: bool | None = None,
    ) -> Pages[types.Event]:
        """The events up to now in order, or those that name a key, a reference or a schedule. (`GET /v1/events`)"""
        wanted: dict[str, Any] = {"idempotency_key": idempotency_key, "reference": reference, "schedule": schedule, "crossed": crossed}

        def fetch(cursor: Cursor | None) -> tuple[list[types.Event], Cursor | None]:
            since = after if cursor is None else cursor
            page: types.EventList = self._run(read("/v1/events", after=since, limit=limit, **wanted))
            events = page["events"]
            reached = page.get("next_after", events[-1]["event"] if events else page["last_event"])
            return events, reached if reached < page["last_event"] else None

        return Pages(fetch)

    def get_event(self, event: int) -> types.Event:
        """An event. (`GET /v1/events/{event}`)"""
        found: types.Event = self._run(read(path("/v1/events/{}", event)))
        return found

    def feed(
        self,
        after: int = 0,
        *,
        crossed: bool | None = None,
        limit: int = 1000,
        wait_s: int = 30,
        give_up_after_s: float | None = None,
    ) -> Iterator[types.Event]:
        """All events after number `after`, and then each as it comes, without end. (`GET /v1/events`)

        Keep the number of the last event that you are done with, and begin there after a restart: none is missed, none comes twice.
        When the service is away, the feed waits and goes on where it was; after `give_up_after_s` without any response it raises.
        """
        # A response may take as long as it waits for an event, and then as long as any other.
        patient = self.with_options(deadline_s=self._options.retry.deadline_s + wait_s)
        timeout_s = self._options.timeout_s + wait_s
        heard = monotonic()
        while True:
            try:
                page: types.EventList = patient._run(  # noqa: SLF001
                    read("/v1/events", timeout_s=timeout_s, after=after, limit=limit, wait_s=wait_s, crossed=crossed)
                )
            except (ConnectionFailed, Unavailable, UnexpectedResponse) as error:
                if not _passes(error) or (give_up_after_s is not None and monotonic() - heard >= give_up_after_s):
                    raise
                log.warning("the feed of events waits after event %d: %s", after, error)
                time.sleep(self._options.retry.backoff_max_s)
                continue
            heard = monotonic()
            for event in page["events"]:
                after = event["event"]
                yield event
            after = max(after, page.get("next_after", after))

    def report_liability(
        self,
        coin: str,
        *,
        from_: Time | None = None,
        until: Time | None = None,
        by: Literal["total", "category", "month", "day"] | None = None,
    ) -> types.LiabilityReport:
        """What users have of a coin at the ends of a span, and what changed it. (`GET /v1/reports/liability`)"""
        query: dict[str, Any] = {"coin": coin, "from": from_, "until": until, "by": by}
        report: types.LiabilityReport = self._run(read("/v1/reports/liability", **query))
        return report


def _passes(error: TocosError) -> bool:
    """Whether it is of a kind that passes by itself. What a proxy says instead of the service may be."""
    return not isinstance(error, UnexpectedResponse) or error.status >= 500  # noqa: PLR2004
