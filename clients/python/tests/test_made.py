"""What is made from the API's document is up to date, and what is written by hand leaves nothing of it out."""

from __future__ import annotations

import inspect
import json
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import pytest

import tocos
from tocos._async.webhooks import EventKind
from tocos.errors import Problem, Refused, Unavailable

HERE = Path(__file__).resolve().parent.parent
ROOT = HERE.parent.parent
DOCUMENT = json.loads((ROOT / "crates/api/openapi.json").read_text())

# A page for people.
NOT_OFFERED = {("GET", "/docs")}
# What `with_options` says for all reads, and what the lists do by themselves.
ELSEWHERE = {"Tocos-Min-Event", "Tocos-Read", "cursor"}


def test_types_and_the_synchronous_client_are_what_generate_makes() -> None:
    done = subprocess.run([sys.executable, HERE / "generate.py", "--check"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def operations() -> dict[tuple[str, str], dict[str, Any]]:
    """The operations of the document."""
    return {
        (verb.upper(), path): operation
        for path, verbs in DOCUMENT["paths"].items()
        for verb, operation in verbs.items()
        if (verb.upper(), path) not in NOT_OFFERED
    }


def offered(kind: type) -> dict[tuple[str, str], set[str]]:
    """The operations of a client with the names of their parameters, by the route that each method's text ends with."""
    found: dict[tuple[str, str], set[str]] = {}
    for name, method in inspect.getmembers(kind, inspect.isfunction):
        route = re.search(r"\(`([A-Z]+) (/\S*)`\)", method.__doc__ or "")
        if route and not name.startswith("_"):
            names = {one.rstrip("_") for one in inspect.signature(method).parameters} - {"self"}
            found.setdefault((route[1], route[2]), set()).update(names)
    return found


@pytest.mark.parametrize("kind", [tocos.Client, tocos.AsyncClient])
def test_every_operation_is_offered_with_all_its_fields(kind: type) -> None:
    assert len(operations()) > 45
    has = offered(kind)
    assert set(has) == set(operations())
    for route, operation in operations().items():
        wanted = {parameter["name"] for parameter in operation.get("parameters", [])} - ELSEWHERE
        wanted = {"idempotency_key" if name == "Idempotency-Key" else name for name in wanted}
        schema = operation.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
        if "$ref" in schema:
            schema = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
        wanted |= set(schema.get("properties", {}))
        missing = wanted - has[route]
        assert not missing, f"{route} lacks {missing}"


def test_a_webhook_may_have_each_kind_of_the_document() -> None:
    body = DOCUMENT["paths"]["/v1/webhooks/{webhook}"]["put"]["requestBody"]["content"]["application/json"]["schema"]
    assert list(get_args(EventKind)) == body["properties"]["kinds"]["items"]["enum"]


def test_both_clients_have_the_same_methods() -> None:
    def of(kind: type) -> set[str]:
        return {name for name in dir(kind) if not name.startswith("_")} - {"aclose", "close"}

    assert of(tocos.Client) == of(tocos.AsyncClient)


def codes_in_rust() -> set[str]:
    """The codes that the service knows, from where it lists them."""
    text = (ROOT / "crates/api/src/rendering/code.rs").read_text()
    listed = re.search(r"const ALL: \[Self; (\d+)\] = \[(.*?)\];", text, re.DOTALL)
    assert listed
    names = re.findall(r"Self::(\w+)", listed[2])
    assert len(names) == int(listed[1])
    return {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in names}


def test_each_code_has_its_class() -> None:
    schema = DOCUMENT["components"]["schemas"]["Problem"]["properties"]["code"]
    assert set(Problem.by_code) == set(schema["enum"]) == codes_in_rust()
    for code, kind in Problem.by_code.items():
        assert kind.__name__ == "".join(part.capitalize() for part in code.split("_"))


def test_classes_are_retryable_as_the_service_says() -> None:
    text = (ROOT / "crates/api/src/rendering/code.rs").read_text()
    body = text[text.index("fn is_retryable") :]
    retryable = {re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower() for name in re.findall(r"Self::(\w+)", body)}
    assert len(retryable) > 8
    for code, kind in Problem.by_code.items():
        assert issubclass(kind, Unavailable if code in retryable else Refused), code


def test_classes_have_the_members_that_the_ledger_gives() -> None:
    text = (ROOT / "crates/api/src/rendering/problem.rs").read_text()
    arms = re.split(r"(?=Refusal::\w+ \{)", text[text.index("match refusal") :])[1:]
    members = {}
    for arm in arms:
        code = re.search(r"with\(Code::(\w+)\)", arm)
        assert code
        members[code[1]] = set(re.findall(r'\.with_(?:text|integer)\("(\w+)"', arm))
    assert len(members) > 15
    for kind in Problem.by_code.values():
        if kind.__name__ in members:
            assert kind.members() == members[kind.__name__], kind
