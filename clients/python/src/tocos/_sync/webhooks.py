"""Webhooks: the URLs that the service delivers events to. What arrives there is verified by `tocos.Webhook`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from tocos._call import Call, path, read, write
from tocos._sync.transport import Transport
from tocos.errors import WebhookSecretLost

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tocos import types

EventKind = Literal[
    "user",
    "user_closed",
    "coin",
    "limits",
    "extend",
    "key",
    "key_revoked",
    "leader",
    "thresholds",
    "spend_limit",
    "schedule",
    "schedule_deleted",
    "schedule_paused",
    "schedule_resumed",
    "grant",
    "spend",
    "transfer",
    "hold",
    "capture",
    "release",
    "hold_expired",
    "expire",
    "reverse",
    "rollover",
    "adjustment",
    "webhook",
    "webhook_deleted",
    "webhook_rotated",
    "webhook_failing",
    "webhook_disabled",
    "webhook_enabled",
    "webhook_redelivered",
]

# The service waits 15 s for an endpoint.
TEST_TIMEOUT_S = 20.0


class Webhooks(Transport):
    """Webhooks: the URLs that the service delivers events to."""

    def list_webhooks(self) -> list[types.Webhook]:
        """The webhooks and how far their deliveries have come, by id, without their secrets. (`GET /v1/webhooks`)"""
        webhooks: list[types.Webhook] = (self._run(read("/v1/webhooks")))["webhooks"]
        return webhooks

    def get_webhook(self, webhook: str) -> types.Webhook:
        """A webhook and how far its deliveries have come, without its secret. (`GET /v1/webhooks/{webhook}`)"""
        found: types.Webhook = self._run(read(path("/v1/webhooks/{}", webhook)))
        return found

    def put_webhook(
        self,
        webhook: str,
        url: str,
        *,
        kinds: Sequence[EventKind] | None = None,
        coins: Sequence[str] | None = None,
        user_prefix: str | None = None,
        crossed_only: bool | None = None,
        batch: int | None = None,
        secret: str | None = None,
        from_event: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.NewWebhook:
        """Makes a webhook, or replaces its URL, filter and batch. (`PUT /v1/webhooks/{webhook}`)

        A new webhook without a `secret` of yours gets one, which is shown this once. What exists keeps its secret, and stays where it is.
        """
        body = {
            "url": url,
            "kinds": kinds,
            "coins": coins,
            "user_prefix": user_prefix,
            "crossed_only": crossed_only,
            "batch": batch,
            "secret": secret,
            "from_event": from_event,
            "metadata": metadata,
            "reference": reference,
        }
        target = path("/v1/webhooks/{}", webhook)
        made: types.NewWebhook = self._run(write("PUT", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        if made["created"] and secret is None and "secret" not in made and not dry_run and idempotency_key is None:
            # An attempt whose response was lost had made it.
            raise WebhookSecretLost(webhook)
        return made

    def delete_webhook(self, webhook: str, *, idempotency_key: str | None = None, dry_run: bool = False) -> types.WebhookDeletedEvent:
        """Deletes a webhook; nothing more is delivered to it. (`DELETE /v1/webhooks/{webhook}`)"""
        target = path("/v1/webhooks/{}", webhook)
        event: types.WebhookDeletedEvent = self._run(write("DELETE", target, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    def rotate_webhook_secret(
        self,
        webhook: str,
        *,
        secret: str | None = None,
        keep_s: int | None = None,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.RotatedWebhook:
        """Replaces the secret that signs requests. (`POST /v1/webhooks/{webhook}/rotate-secret`)

        Without a `secret` of yours one is made, and is shown this once. The one before signs beside it for `keep_s`, a day if None.
        """
        body = {"secret": secret, "keep_s": keep_s, "metadata": metadata, "reference": reference}
        target = path("/v1/webhooks/{}/rotate-secret", webhook)
        made: types.RotatedWebhook = self._run(write("POST", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        if secret is None and "secret" not in made and not dry_run and idempotency_key is None:
            # An attempt whose response was lost had made it.
            raise WebhookSecretLost(webhook)
        return made

    def disable_webhook(
        self,
        webhook: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.WebhookDisabledEvent:
        """Delivers nothing until the webhook is switched on again; it stays where it is. (`POST /v1/webhooks/{webhook}/disable`)"""
        body = {"metadata": metadata, "reference": reference}
        target = path("/v1/webhooks/{}/disable", webhook)
        event: types.WebhookDisabledEvent = self._run(write("POST", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    def enable_webhook(
        self,
        webhook: str,
        *,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.WebhookEnabledEvent:
        """Goes on with deliveries where they were, at once, also if they were failing. (`POST /v1/webhooks/{webhook}/enable`)"""
        body = {"metadata": metadata, "reference": reference}
        target = path("/v1/webhooks/{}/enable", webhook)
        event: types.WebhookEnabledEvent = self._run(write("POST", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    def redeliver_webhook(
        self,
        webhook: str,
        from_event: int,
        *,
        metadata: Mapping[str, Any] | None = None,
        reference: str | None = None,
        idempotency_key: str | None = None,
        dry_run: bool = False,
    ) -> types.WebhookRedeliveredEvent:
        """Goes on with deliveries from an event on, an earlier or a later one. (`POST /v1/webhooks/{webhook}/redeliver`)"""
        body = {"from_event": from_event, "metadata": metadata, "reference": reference}
        target = path("/v1/webhooks/{}/redeliver", webhook)
        event: types.WebhookRedeliveredEvent = self._run(write("POST", target, body=body, idempotency_key=idempotency_key, dry_run=dry_run))
        return event

    def test_webhook(self, webhook: str) -> types.WebhookDelivery:
        """Sends a request of type `ping` now, and says what came of it: `delivered`. (`POST /v1/webhooks/{webhook}/test`)"""
        call = Call("POST", path("/v1/webhooks/{}/test", webhook), safe=False, timeout_s=TEST_TIMEOUT_S)
        outcome: types.WebhookDelivery = self._run(call)
        return outcome

    def list_webhook_deliveries(self, webhook: str) -> list[types.WebhookDelivery]:
        """The last 50 requests since the start of the service, the newest first. (`GET /v1/webhooks/{webhook}/deliveries`)"""
        found: types.WebhookDeliveryList = self._run(read(path("/v1/webhooks/{}/deliveries", webhook)))
        return found["deliveries"]
