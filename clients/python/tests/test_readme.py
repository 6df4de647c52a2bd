"""What the READMEs show is what happens on a new ledger."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from service import Service
from test_made import HERE, ROOT

if TYPE_CHECKING:
    from pathlib import Path

TOURS = {"the client's": HERE / "README.md", "the project's": ROOT / "README.md"}
STEPS = {"the client's": 10, "the project's": 1}


@pytest.mark.parametrize("tour", TOURS)
def test_the_tour_prints_what_it_shows(
    tour: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    service = Service(tmp_path)
    service.start()
    monkeypatch.setenv("TOCOS_URL", service.url)
    monkeypatch.setenv("TOCOS_KEY", service.key)
    text = TOURS[tour].read_text().replace("http://localhost:8080", service.url)
    steps = re.findall(r"^```python\n(.*?)^```\n(?:```text\n(.*?)^```$)?", text, re.DOTALL | re.MULTILINE)
    assert len(steps) >= STEPS[tour]
    names: dict[str, object] = {"__name__": "tour"}
    try:
        for code, shown in steps:
            exec(compile(code, str(TOURS[tour]), "exec"), names)
            assert capsys.readouterr().out == shown, code
    finally:
        if hasattr(client := names.get("client"), "close"):
            client.close()
        service.stop()
