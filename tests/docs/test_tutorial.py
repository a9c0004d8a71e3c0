"""The tutorial runs as it is written: its files are made, its commands run in order, and what it promises is seen."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from quarterdeck.cli.main import app

TUTORIAL = Path(__file__).resolve().parents[2] / "docs" / "tutorial.md"
BLOCK = re.compile(r"(?P<before>[^\n]*)\n```[a-z]*\n(?P<content>.*?)```", re.DOTALL)
NAMED = re.compile(r"^(?:Make|and) `([\w./-]+)`:")


def blocks() -> Iterator[tuple[str, str]]:
    """(name of a file or "", content) of each block, in order."""
    for found in BLOCK.finditer(TUTORIAL.read_text(encoding="utf-8")):
        named = NAMED.search(found["before"]) or re.search(r"Make `([\w./-]+)`:", found["before"])
        yield (named[1] if named else "", found["content"])


@pytest.fixture
def followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What each command said that works on one's own files, by command."""
    monkeypatch.chdir(tmp_path)
    runner, said = CliRunner(), {}
    for name, content in blocks():
        if name:
            Path(name).parent.mkdir(parents=True, exist_ok=True)
            Path(name).write_text(content, encoding="utf-8")
            continue
        for line in content.splitlines():
            if not line.startswith("quarterdeck ") or "my-home" not in line:
                continue
            if line.startswith("quarterdeck load corrections"):
                exported = Path("corrections/site.csv")
                exported.write_text(exported.read_text(encoding="utf-8-sig").replace("31/02/2026", "2026-02-28", 1), encoding="utf-8")
            if "61a1" in line:
                older = json.loads(runner.invoke(app, ["snapshots", "--home", "my-home", "--json"]).stdout)[0]["id"]
                line = line.replace("61a1", older[:4])
            answer = runner.invoke(app, shlex.split(line)[1:])
            assert answer.exit_code == 0, f"{line}\n{answer.output}"
            said[re.sub(r" diff \w+ ", " diff ", line)] = answer.stdout
    return said


def test_the_tutorial_does_what_it_says(followed: dict[str, str]) -> None:
    assert "there is no such day" in followed["quarterdeck quarantine --home my-home"]
    assert re.search(r"site +1 +1 +0", followed["quarterdeck load corrections --home my-home"])
    assert re.search(r"site +1 +0 +0", followed["quarterdeck diff --home my-home"])
    assert re.search(r"site +1 +1 +0", followed["quarterdeck load my-ctms --mapping ctms.yaml --home my-home"])
    assert "not collected" in followed["quarterdeck readings --home my-home"]
