"""Grants that are made by themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from tocos._call import path, read, write
from tocos._sync.transport import Pages, Transport

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tocos import types
    from tocos._call import Cursor, Time


class Schedules(Transport):
    """Grants that are made by themselves."""

    def list_schedules(self, *, user: str | None = None, limit: int | None = None) -> Pages[types.Schedule]:
        """The schedules, by id. (`GET /v1/schedules`)"""

        def fetch(cursor: Cursor | None) -> tuple[list[types.Schedule], Cursor | None]:
            page = self._run(read("/v1/schedules", user=user, limit=limit, cursor=cursor))
            return page["schedules"], page["next_cursor"]

        return Pages(fetch)

    def get_schedule(self, schedule: str) -> types.Schedule:
        """A schedule. (`GET /v1/schedules/{schedule}`)"""
        found: types.Schedule = self._run(read(path("/v1/schedules/{}", schedule)))
        return found

    def put_schedule(
        self,
        schedule: str,
        user: str,
        coin: str,
        amount: int,
        *,
        every_days: int | None = None,
        every_months: int | None = None,
        anchor: Time | None = None,
        starts_at: Time | None = None,
        ends_at: Time | None = None,
        occurrences: int | None = None,
        expires: Literal["never", "at_next"] | None = None,
        expires_after_s: int | None = None,
        priority: int | None = None,
        category: Literal["paid", "promotional"] | None = None,
        rollover_max: int | None = None,
        rollover_expires: Literal["never", "at_next"] | None = None,
        rollover_expires_after_s: int | None = None,
        takes_effect: Literal["at_next", "now"] | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.ScheduleEvent:
        """Makes a schedule, or replaces it. (`PUT /v1/schedules/{schedule}`)"""
        body = {
            "user": user,
            "coin": coin,
            "amount": amount,
            "every_days": every_days,
            "every_months": every_months,
            "anchor": anchor,
            "starts_at": starts_at,
            "ends_at": ends_at,
            "occurrences": occurrences,
            "expires": expires,
            "expires_after_s": expires_after_s,
            "priority": priority,
            "category": category,
            "rollover_max": rollover_max,
            "rollover_expires": rollover_expires,
            "rollover_expires_after_s": rollover_expires_after_s,
            "takes_effect": takes_effect,
            "metadata": metadata,
            "reference": reference,
        }
        target = path("/v1/schedules/{}", schedule)
        event: types.ScheduleEvent = self._run(write("PUT", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    def delete_schedule(self, schedule: str, *, idempotency_key: str | None = None, dry_run: bool = False) -> types.ScheduleDeletedEvent:
        """Ends a schedule; what it granted stays. (`DELETE /v1/schedules/{schedule}`)"""
        target = path("/v1/schedules/{}", schedule)
        event: types.ScheduleDeletedEvent = self._run(write("DELETE", target, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    def pause_schedule(
        self,
        schedule: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.SchedulePausedEvent:
        """Skips occurrences from now on. (`POST /v1/schedules/{schedule}/pause`)"""
        body = {"metadata": metadata, "reference": reference}
        target = path("/v1/schedules/{}/pause", schedule)
        event: types.SchedulePausedEvent = self._run(write("POST", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    def resume_schedule(
        self,
        schedule: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.ScheduleResumedEvent:
        """Goes on with the next occurrence. (`POST /v1/schedules/{schedule}/resume`)"""
        body = {"metadata": metadata, "reference": reference}
        target = path("/v1/schedules/{}/resume", schedule)
        event: types.ScheduleResumedEvent = self._run(write("POST", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    def preview_schedule(self, schedule: str, *, count: int | None = None) -> list[types.Occurrence]:
        """The next occurrences. (`GET /v1/schedules/{schedule}/preview`)"""
        found: types.Preview = self._run(read(path("/v1/schedules/{}/preview", schedule), count=count))
        return found["occurrences"]
