"""What the API asks of a request beyond what a schema can say, done to the requests that schemathesis makes up to be valid.

Nothing is left out: every operation is asked, with every check on. A request that is made up to be invalid is sent as it is,
but for batches, see below.
"""

import base64
import datetime
import itertools
import re
import unicodedata

import schemathesis
from hypothesis import strategies
from schemathesis import GenerationMode

PRINTABLE = strategies.characters(
    max_codepoint=0x2FFF, exclude_categories=("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp", "Zs"), exclude_characters="@/?#.\u034f\u115f\u1160\u17b4\u17b5\u180b\u180c\u180d\u180f\u2800"
)
USER_IDS = strategies.text(PRINTABLE, min_size=1, max_size=40).map(lambda text: unicodedata.normalize("NFC", text))
schemathesis.openapi.format("tocos-user-id", strategies.sampled_from(["ana", "bob", "a\"b\\c d'"]) | USER_IDS)
# Names that no server has: a test is sent, and fails.
URLS = ["https://name.invalid/hook", "https://name.invalid:8443/a?b=c", "https://[2606:4700::1111]:9/"]
schemathesis.openapi.format("tocos-webhook-url", strategies.sampled_from(URLS))
SECRETS = strategies.binary(min_size=24, max_size=64).map(lambda secret: "whsec_" + base64.b64encode(secret).decode())
schemathesis.openapi.format("tocos-webhook-secret", SECRETS)
schemathesis.openapi.format("tocos-reference", strategies.text(PRINTABLE, min_size=1, max_size=40))

FUTURE = datetime.timedelta(days=100)


def soon():
    """Within the 400 days that a hold may last, on the clock of a new ledger."""
    return (datetime.datetime.now(datetime.timezone.utc) + FUTURE).strftime("%Y-%m-%dT%H:%M:%SZ")


def repaired(fields):
    """The fields of an operation, kept to the rules that span fields, or depend on the time."""
    fixed = {}
    for name, value in fields.items():
        if isinstance(value, float) and value.is_integer():
            # In JSON Schema 5.0 is an integer; here amounts are never written as floats.
            value = int(value)
        if isinstance(value, list):
            value = [int(one) if isinstance(one, float) and one.is_integer() else one for one in value]
        if name in ("expires_at", "renew_expires_at") and isinstance(value, str):
            # What expires does so in the future.
            value = soon()
        fixed[name] = value
    for giver in ("from", "user"):
        if fixed.get("to") is not None and fixed.get("to") == fixed.get(giver):
            # Nobody pays themselves.
            fixed["to"] = "somebody-else"
    if "per" in fixed or "hours" in fixed:
        # A window of hours says how many, no other does, and a limit that is removed has none.
        if fixed.get("hours") is not None:
            fixed["per"] = "hours"
        elif fixed.get("per") == "hours":
            fixed["hours"] = 24
        if fixed.get("amount") is None:
            fixed.pop("per", None)
            fixed.pop("hours", None)
    if SCHEDULE_FIELDS & fixed.keys():
        schedule(fixed)
    if isinstance(fixed.get("url"), str) and fixed["url"] not in URLS:
        # What the pattern allows may be no URL, or one of this machine.
        fixed["url"] = URLS[0]
    if isinstance(fixed.get("secret"), str):
        # Any secret is as good, and not all that the pattern allows is Base64 of 24 to 64 bytes.
        fixed["secret"] = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    if "user_prefix" in fixed and fixed["user_prefix"] == "":
        # No prefix is left out.
        fixed["user_prefix"] = "a"
    if fixed.get("from_event") is not None and "url" in fixed:
        # A new webhook begins with an event that is there, or with the next one.
        fixed["from_event"] = 1
    if fixed.get("timeout_s") is not None and "amount" in fixed:
        # A hold ends at a time or after a time, not both.
        fixed.pop("expires_at", None)
    return fixed


SCHEDULE_FIELDS = {
    "every_days", "every_months", "anchor", "starts_at", "ends_at", "occurrences", "expires", "expires_after_s",
    "rollover_max", "rollover_expires", "rollover_expires_after_s", "takes_effect",
}


def schedule(fixed):
    """A schedule has one kind of period, coins that expire in one way, and an occurrence that is still to come."""
    # Of coins that are no lot of their own nothing can be taken back now.
    fixed.pop("takes_effect", None)
    for name in ("anchor", "starts_at", "ends_at", "occurrences"):
        fixed.pop(name, None)
    if fixed.get("every_days") is not None:
        fixed.pop("every_months", None)
    is_once = fixed.get("every_days") is None and fixed.get("every_months") is None
    if fixed.get("rollover_max") is None or is_once:
        for name in ("rollover_max", "rollover_expires", "rollover_expires_after_s"):
            fixed.pop(name, None)
    elif fixed.get("rollover_expires") is not None:
        fixed.pop("rollover_expires_after_s", None)
    if fixed.get("rollover_max") is not None:
        fixed["expires"] = "at_next"
    elif is_once and fixed.get("expires") == "at_next":
        fixed["expires"] = "never"
    if fixed.get("expires") is not None:
        fixed.pop("expires_after_s", None)


def choose(query):
    """Users are chosen in one way, what is searched for has a character that people see, and a balance is of a coin."""
    if query.get("id"):
        query.pop("q", None)
        query.pop("order", None)
    if str(query.get("order")).endswith("balance") and query.get("coin") is None:
        query.pop("order", None)
    if query.get("id") or query.get("q") is not None:
        query.pop("prefix", None)
    if query.get("q") is not None:
        query["q"] = "a" + str(query["q"])[1:]


def find(query):
    """Events are found by one thing at a time, and then neither waited for nor filtered."""
    found_by = [name for name in ("idempotency_key", "reference", "schedule") if query.get(name) is not None]
    for name in found_by[1:] + (["crossed"] if found_by else []):
        query.pop(name, None)


@schemathesis.hook
def map_case(context, case):
    if case.meta is None:
        return case
    if case.meta.generation.mode != GenerationMode.POSITIVE:
        if case.operation.path == "/v1/batch" and isinstance(case.body, dict) and not case.body.get("atomic"):
            # An operation that makes no sense is refused by itself; with the whole batch only where that is atomic.
            case.body["atomic"] = True
        names = {name.lower() for name in case.headers or {}}
        if "x-schemathesis-unknown-property" in names and names & {"tocos-min-event", "tocos-read"}:
            # A header that is not known is no fault; this is one.
            case.headers["Tocos-Min-Event"] = "no-number"
        for name, value in list((case.headers or {}).items()):
            if name.lower() == "tocos-min-event" and str(value).isascii() and str(value).isdigit() and int(value) < 1 << 53:
                # What is invalid is something else; that event would be waited for first.
                case.headers[name] = "0"
        return case
    for name in list(case.headers or {}):
        if name.lower() == "tocos-min-event":
            # Waiting for an event that nobody makes is slow, not wrong.
            case.headers[name] = "0"
    if isinstance(case.body, dict):
        case.body = repaired(case.body)
        if "seconds" in case.body:
            # Leaps of years would leave the times above behind.
            case.body["seconds"] = 1
        operations = case.body.get("operations")
        if isinstance(operations, list):
            case.body["operations"] = [repaired(op) if isinstance(op, dict) else op for op in operations]
            if case.body.get("atomic") and "idempotency-key" in {name.lower() for name in case.headers or {}}:
                # An atomic batch under a key is one whole: its operations have no keys of their own.
                for op in case.body["operations"]:
                    if isinstance(op, dict):
                        op.pop("idempotency_key", None)
            # These stand in the body of a JSON batch, and in the query of one in lines.
            for name in ("atomic", "results"):
                (case.query or {}).pop(name, None)
    query = case.query or {}
    if case.operation.path == "/v1/users":
        choose(query)
    if case.operation.path == "/v1/events":
        find(query)
    if case.operation.path == "/v1/reports/liability":
        # A span ends after it begins, and has ended.
        if query.get("from") is not None or query.get("until") is not None:
            query["from"] = "2000-01-01T00:00:00Z"
        if query.get("until") is not None:
            query["until"] = "2001-01-01T00:00:00Z"
    # A cursor is what an answer gave.
    query.pop("cursor", None)
    # Waiting in vain is slow, not wrong.
    query.pop("wait_s", None)
    if isinstance(query.get("at"), str) and "T" in query["at"]:
        # The future can't be looked at.
        query["at"] = "2000-01-01T00:00:00Z"
    if str((case.path_parameters or {}).get("id")) == "1":
        # The last admin key stays, and it is the one that asks.
        case.path_parameters["id"] = 2
    return case


LATER = itertools.count(1)


@schemathesis.hook
def before_call(context, case, kwargs):
    """A hold is extended to a later time, and the time that an answer gave for it is the one that it has."""
    if case.operation.path != "/v1/holds/{hold}/extend" or not isinstance(case.body, dict):
        return
    expires_at = case.body.get("expires_at")
    if isinstance(expires_at, str) and re.fullmatch(r"[0-9-]{10}T[0-9:]{8}\.[0-9]{6}Z", expires_at):
        later = datetime.datetime.now(datetime.timezone.utc) + FUTURE + datetime.timedelta(minutes=next(LATER))
        case.body["expires_at"] = later.strftime("%Y-%m-%dT%H:%M:%SZ")
