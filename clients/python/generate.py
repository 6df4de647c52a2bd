"""Makes what is made: `types.py` from the OpenAPI document, and the synchronous client from the asynchronous one.

python generate.py            writes the files
python generate.py --check    fails if they are not what would be written
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
DOCUMENT = HERE.parent.parent / "crates/api/openapi.json"
PACKAGE = HERE / "src/tocos"

HEAD = '''"""The types of the API's requests and responses, made by `generate.py` from its OpenAPI document. Not edited by hand.

They are dictionaries as they come, so that what a newer service adds is there too.
"""

'''

# What differs between the two clients, as whole words.
WORDS = {
    "async def": "def",
    "async with": "with",
    "async for": "for",
    "await ": "",
    "aclose": "close",
    "__aiter__": "__iter__",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "AsyncIterator": "Iterator",
    "AsyncClient": "Client",
    "AsyncHold": "Hold",
    "PendingHold": "Hold",
    "AsyncPages": "Pages",
    "AsyncTransport": "Transport",
    "anyio.sleep": "time.sleep",
    "import anyio": "import time",
    "_async": "_sync",
    "aiter_bytes": "iter_bytes",
    "asynchronous": "synchronous",
}
# What only `await` needs.
ASYNC_ONLY = {"pending.py"}


def types() -> str:
    """The text of `types.py`."""
    document = json.loads(DOCUMENT.read_text())
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, "openapi.json"), Path(folder, "types.py")
        source.write_text(json.dumps(opened(document)))
        subprocess.run(
            [
                *(sys.executable, "-W", "ignore", "-m", "datamodel_code_generator"),
                *("--input", str(source), "--input-file-type", "openapi", "--openapi-scopes", "schemas"),
                *("--output", str(target), "--output-model-type", "typing.TypedDict"),
                *("--target-python-version", "3.10", "--enum-field-as-literal", "all"),
                *("--use-standard-collections", "--use-union-operator"),
                *("--use-schema-description", "--use-field-description", "--use-single-line-docstring"),
                *("--disable-timestamp", "--disable-future-imports", "--formatters", "builtin"),
            ],
            check=True,
        )
        text = target.read_text()
    # The generator takes its imports from where Python 3.11 has them.
    body, imports = re.subn(r"^from (?:typing|typing_extensions) import .*\n", "", text, flags=re.MULTILINE)
    body = body[body.index("class ") :]
    if imports == 0:
        sys.exit("the generator's imports are not as expected; generate.py must follow")
    imported = "from typing import Any, Literal\n\nfrom typing_extensions import NotRequired, TypeAlias, TypedDict\n"
    return formatted(HEAD + "from __future__ import annotations\n\n" + imported + "\n\n" + body)


def opened(part: Any) -> Any:
    """The document without the promise that nothing is ever added to a response, which closed types would rest on."""
    if isinstance(part, dict):
        return {name: opened(value) for name, value in part.items() if not (name == "additionalProperties" and value is False)}
    return [opened(value) for value in part] if isinstance(part, list) else part


def synchronous(text: str) -> str:
    """A file of the synchronous client: words are replaced, and what stands between `# async:` and `# sync: CODE` by that code."""
    text = re.sub(r"^( *)# async:\n.*?^\1# sync:(?: ([^\n]*))?$", r"\1\2", text, flags=re.MULTILINE | re.DOTALL)
    for word, other in WORDS.items():
        text = re.sub(rf"(?<![A-Za-z]){re.escape(word)}(?![A-Za-z])" if word != "await " else r"\bawait ", other, text)
    return formatted(text)


def formatted(text: str) -> str:
    """As ruff sorts the imports and formats the rest."""
    for command in (["check", "--quiet", "--select", "I", "--fix-only"], ["format", "--quiet"]):
        ruff = [sys.executable, "-m", "ruff", *command, "--stdin-filename", str(PACKAGE / "made.py"), "-"]
        text = subprocess.run(ruff, input=text, text=True, capture_output=True, check=True).stdout
    return text


def files() -> dict[Path, str]:
    """What is made, by path."""
    made = {PACKAGE / "types.py": types()}
    for source in sorted((PACKAGE / "_async").glob("*.py")):
        if source.name not in ASYNC_ONLY:
            made[PACKAGE / "_sync" / source.name] = synchronous(source.read_text())
    return made


def main() -> None:
    """Writes the files, or compares them."""
    arguments = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    arguments.add_argument("--check", action="store_true", help="write nothing; fail if a file would change")
    check = arguments.parse_args().check
    made = files()
    stale = [path for path, text in made.items() if not path.exists() or path.read_text() != text]
    stale += [path for path in sorted((PACKAGE / "_sync").glob("*.py")) if path not in made]
    for path in stale:
        name = path.relative_to(HERE)
        if check:
            print(f"{name} is not what generate.py makes of its sources; run it")
        elif path in made:
            path.write_text(made[path])
            print(f"{name} written")
        else:
            path.unlink()
            print(f"{name} removed")
    if check and stale:
        sys.exit(1)


if __name__ == "__main__":
    main()
