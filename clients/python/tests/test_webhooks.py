"""Signatures of webhooks, compared with those of the scheme's own package."""

from __future__ import annotations

import base64
import json
import secrets
import time
from datetime import datetime, timezone

import pytest
import standardwebhooks

import tocos

SECRET = "whsec_" + base64.b64encode(bytes(range(24))).decode()
OTHER = "whsec_" + base64.b64encode(bytes(range(1, 33))).decode()
BODY = '{"event":7,"kind":"grant","user":"Бобан","amount":600}'
NOW = 1_800_000_000


def signed(body: str = BODY, secret: str = SECRET, at: int = NOW, identity: str = "evt_7") -> dict[str, str]:
    """As the scheme's own package signs."""
    signature = standardwebhooks.Webhook(secret).sign(identity, datetime.fromtimestamp(at, timezone.utc), body)
    return {"webhook-id": identity, "webhook-timestamp": str(at), "webhook-signature": signature}


def test_what_the_schemes_package_signs_is_right() -> None:
    hook = tocos.Webhook(SECRET)
    assert hook.verify(BODY, signed(), now=NOW) == json.loads(BODY)
    assert hook.verify(BODY.encode(), {name.title(): value for name, value in signed().items()}, now=NOW)["event"] == 7


def test_what_this_signs_is_right_for_the_schemes_package() -> None:
    for _ in range(50):
        secret = "whsec_" + base64.b64encode(secrets.token_bytes(24 + secrets.randbelow(40))).decode()
        body = json.dumps({"data": secrets.token_urlsafe(secrets.randbelow(200))})
        headers = tocos.Webhook(secret).sign(body, id=f"msg_{secrets.token_hex(8)}")
        assert standardwebhooks.Webhook(secret).verify(body, headers) == json.loads(body)
        assert headers == signed(body, secret, int(headers["webhook-timestamp"]), headers["webhook-id"])


def test_one_right_signature_of_several_is_enough() -> None:
    several = signed()
    several["webhook-signature"] = " ".join(
        ["v1,bm90IHJpZ2h0", "v1a,asymmetric", "v1,???", "nonsense", "", signed(secret=OTHER)["webhook-signature"], "v1,"]
    )
    with pytest.raises(tocos.WebhookInvalid, match="no signature"):
        tocos.Webhook(SECRET).verify(BODY, several, now=NOW)
    assert tocos.Webhook(OTHER).verify(BODY, several, now=NOW)
    assert tocos.Webhook(SECRET, OTHER).verify(BODY, several, now=NOW)


def test_a_sender_with_two_secrets_signs_with_both() -> None:
    headers = tocos.Webhook(SECRET, OTHER).sign(BODY, id="evt_7", timestamp=NOW)
    for secret in (SECRET, OTHER):
        assert tocos.Webhook(secret).verify(BODY, headers, now=NOW)


@pytest.mark.parametrize("change", ["body", "webhook-id", "webhook-timestamp", "webhook-signature", "secret", "version"])
def test_whatever_is_changed_is_noticed(change: str) -> None:
    headers, body, secret = signed(), BODY, SECRET
    if change == "body":
        body = BODY.replace("600", "601")
    elif change == "secret":
        secret = OTHER
    elif change == "version":
        headers["webhook-signature"] = "v2" + headers["webhook-signature"][2:]
    elif change == "webhook-timestamp":
        headers[change] = str(NOW + 1)
    elif change == "webhook-signature":
        headers[change] = headers[change][:-3] + "AA="
    else:
        headers[change] = "evt_8"
    with pytest.raises(tocos.WebhookInvalid, match="no signature"):
        tocos.Webhook(secret).verify(body, headers, now=NOW)


@pytest.mark.parametrize(
    ("away_s", "right"), [(0, True), (299, True), (-299, True), (300, True), (301, False), (-301, False), (1e9, False)]
)
def test_what_is_too_old_or_too_new_is_refused(away_s: float, *, right: bool) -> None:
    if right:
        assert tocos.Webhook(SECRET).verify(BODY, signed(), now=NOW + away_s)
    else:
        with pytest.raises(tocos.WebhookInvalid, match="at most 300 s"):
            tocos.Webhook(SECRET).verify(BODY, signed(), now=NOW + away_s)


def test_the_clock_is_the_systems_and_the_tolerance_is_chosen() -> None:
    assert tocos.Webhook(SECRET).verify(BODY, signed(at=int(time.time())))
    with pytest.raises(tocos.WebhookInvalid):
        tocos.Webhook(SECRET).verify(BODY, signed(at=int(time.time()) - 400))
    assert tocos.Webhook(SECRET, tolerance_s=500).verify(BODY, signed(at=int(time.time()) - 400))


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_a_missing_header_is_named(name: str) -> None:
    headers = signed()
    del headers[name]
    with pytest.raises(tocos.WebhookInvalid, match=name):
        tocos.Webhook(SECRET).verify(BODY, headers, now=NOW)


@pytest.mark.parametrize("timestamp", ["soon", "1e9", "-5", "٣", "99999999999999999999999999", "nan", " 1"])
def test_a_time_that_is_none_is_refused(timestamp: str) -> None:
    with pytest.raises(tocos.WebhookInvalid, match="not a number of seconds"):
        tocos.Webhook(SECRET).verify(BODY, {**signed(), "webhook-timestamp": timestamp}, now=NOW)


def test_a_body_that_is_not_json_is_refused() -> None:
    with pytest.raises(tocos.WebhookInvalid, match="not JSON"):
        tocos.Webhook(SECRET).verify("hello", signed("hello"), now=NOW)


@pytest.mark.parametrize("secret", ["", "whsec_", "whsec_???", "not base64!", "whsec_YWJj\n"])
def test_a_secret_that_is_none_is_refused_at_once(secret: str) -> None:
    with pytest.raises(ValueError, match="secret"):
        tocos.Webhook(secret)


def test_no_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="a secret is needed"):
        tocos.Webhook()
