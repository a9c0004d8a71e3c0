"""The commands on a small installation, as a user runs them."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from builders import build_snapshot
from quarterdeck import matters
from quarterdeck.cli import papers

run = CliRunner()


app = typer.Typer()
papers.register(app)


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the findings of other rooms, which the first test covers and which take their time."""
    monkeypatch.setattr(matters, "_detect", lambda snapshot: [])


@pytest.fixture
def home(tmp_path: Path) -> Path:
    lines = [
        {
            "study_id": f"QD-{i:03d}",
            "wbs": "fees",
            "period": date(2026, month, 28),
            "currency": "GBP",
            "cost_category": "cro_fees",
            "budget_baseline": 100,
            "budget_current": 100,
            "actual": 100 + 7 * i,
            "accrual": 0,
            "forecast": 105,
        }
        for i in (1, 2)
        for month in range(1, 7)
    ]
    studies = [{"study_id": f"QD-{i:03d}", "phase": "P2", "status": "enrolling", "base_currency": "GBP"} for i in (1, 2)]
    build_snapshot(tmp_path, {"study": studies, "budget_line": lines})
    return tmp_path / "home"


def test_the_board_pack_is_written_checked_and_verified(home: Path, tmp_path: Path) -> None:
    result = run.invoke(app, ["board", "--out", str(tmp_path / "pack"), "--home", str(home), "--json"])
    assert result.exit_code == 0, result.output
    files = [Path(name) for name in json.loads(result.stdout)["files"]]
    assert {path.suffix for path in files} == {".pptx", ".docx", ".pdf", ".xlsx"}
    for path in files:
        verified = run.invoke(app, ["verify-paper", str(path), "--home", str(home), "--json"])
        answer = json.loads(verified.stdout)
        assert verified.exit_code == 0, answer["findings"]
        assert answer["clean"]
        assert answer["sealed"]


def test_one_altered_digit_makes_verify_paper_name_it(home: Path, tmp_path: Path, alone: None) -> None:
    from docx import Document

    run.invoke(app, ["board", "--out", str(tmp_path), "--home", str(home)])
    path = tmp_path / "board-paper.docx"
    document = Document(str(path))
    paragraph = next(p for p in document.paragraphs if "30 June 2026" in p.text)
    paragraph.runs[0].text = paragraph.text.replace("30 June", "31 May")
    document.save(str(path))
    result = run.invoke(app, ["verify-paper", str(path), "--home", str(home), "--json"])
    assert result.exit_code == 1
    finding = json.loads(result.stdout)["findings"][0]
    assert (finding["found"], finding["expected"]) == ("31 May 2026", "30 June 2026")
    assert finding["place"].startswith("paragraph")


def test_pasted_text_is_looked_up(home: Path, alone: None) -> None:
    result = run.invoke(app, ["verify-paper", "-", "--home", str(home), "--json"], input="The budget grew by 987.6% under FDA-2031-D-0001.")
    assert result.exit_code == 1
    assert {f["kind"] for f in json.loads(result.stdout)["findings"]} == {"unresolved", "fabricated"}


def test_the_next_pack_says_what_changed(home: Path, tmp_path: Path, alone: None) -> None:
    run.invoke(app, ["board", "--out", str(tmp_path), "--home", str(home)])
    line = {
        "study_id": "QD-001",
        "wbs": "more",
        "period": date(2026, 6, 30),
        "currency": "GBP",
        "cost_category": "lab",
        "budget_baseline": 100,
        "budget_current": 100,
        "actual": 400,
        "accrual": 0,
        "forecast": 400,
    }
    build_snapshot(tmp_path, {"budget_line": [line]}, data_cut=date(2026, 7, 31))
    result = run.invoke(app, ["board", "--out", str(tmp_path / "next"), "--home", str(home)])
    assert result.exit_code == 0, result.output
    from quarterdeck.papers.readers.read import read_document

    text = read_document(tmp_path / "next" / "board-paper.docx").text
    assert "Compared with the issue of" in text
    assert run.invoke(app, ["papers", "--home", str(home), "--json"]).exit_code == 0


def test_papers_lists_templates_and_papers(home: Path, tmp_path: Path, alone: None) -> None:
    assert len(json.loads(run.invoke(app, ["paper", "--json"]).stdout)) == 20
    points = tmp_path / "points.txt"
    points.write_text("- Budget variance needs your attention\n- Please decide on the contingency\n")
    result = run.invoke(
        app,
        [
            "paper",
            "talking-points",
            "--points",
            str(points),
            "--format",
            "docx",
            "--out",
            str(tmp_path),
            "--home",
            str(home),
            "--json",
            "--questions",
        ],
    )
    assert result.exit_code == 0, result.output
    answer = json.loads(result.stdout)
    assert answer["plain_language"]["score"] > 0
    assert answer["questions"]
    listed = json.loads(run.invoke(app, ["papers", "--home", str(home), "--json"]).stdout)
    assert [(p["template"], p["state"]) for p in listed] == [("talking-points", "draft")]
