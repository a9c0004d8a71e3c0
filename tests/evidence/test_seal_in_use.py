"""Facts that were rewritten with care are refused where they would leave the house: in a paper, its check, and a server."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest
from typer.testing import CliRunner

from builders import build_snapshot
from quarterdeck.cli.main import app
from quarterdeck.vocabulary.errors import IntegrityBroken


@pytest.mark.parametrize(
    "words", [["paper", "weekly-brief", "--out", "papers"], ["verify-paper", "-"], ["serve", "--port", "0"]], ids=lambda w: w[0]
)
def test_rewritten_facts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.chdir(tmp_path)
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "A", "num_plan_subj": 100}]})
    path = snapshot.part_path(snapshot.tables["study"])
    duckdb.sql(f"COPY (SELECT * REPLACE (300 AS num_plan_subj) FROM read_parquet('{path}')) TO '{path}.new' (FORMAT parquet)")
    Path(f"{path}.new").replace(path)
    said = CliRunner().invoke(app, [*words, "--home", str(tmp_path / "home")], input="A plans 300 participants.")
    assert isinstance(said.exception, IntegrityBroken)
    assert "study: its part was changed after it was sealed" in str(said.exception)
    assert not list(tmp_path.glob("papers/*"))
