"""The commands of the room answer in words and in JSON, and say why when they cannot."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner
from world import build_world

from quarterdeck.cli.main import app
from quarterdeck.vocabulary.errors import QuarterdeckError


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("commands")
    build_world(folder)
    return folder / "home"


def ask(home: Path, *words: str) -> Any:
    result = CliRunner().invoke(app, [*words, "--home", str(home), "--json"], catch_exceptions=False)
    assert result.exit_code == 0
    return json.loads(result.stdout)


def say(home: Path, *words: str) -> str:
    result = CliRunner().invoke(app, [*words, "--home", str(home)], catch_exceptions=False)
    assert result.exit_code == 0
    return result.stdout


def test_risks_are_ordered_by_expected_cost(home: Path) -> None:
    found = [row for row in ask(home, "risks") if not row["finding"]["opportunity"]]
    costs = [row["expected_cost"] for row in found]
    assert costs == sorted(costs, reverse=True)
    assert "under_reporting/site/T1/S1" in {row["finding"]["id"] for row in found}
    assert "Site S1 of T1" in say(home, "risks")


def test_what_needs_me_is_three_to_seven(home: Path) -> None:
    matters = ask(home, "needs-me")
    assert 1 <= len(matters) <= 7
    assert all(m["why"] for m in matters)
    assert "Doing nothing:" in say(home, "needs-me")


def test_a_blast_radius_is_told(home: Path) -> None:
    assert ask(home, "blast-radius", "vendor", "V1")["sites"] == 12
    assert "Northwind" in say(home, "blast-radius", "vendor", "V1")


def test_signals_are_opened_listed_and_moved(home: Path) -> None:
    opened = ask(home, "signals", "open")
    assert opened
    CliRunner().invoke(
        app, ["signals", "move", opened[0], "under_review", "--reason", "looks odd", "--home", str(home)], catch_exceptions=False
    )
    assert {s["id"]: s["state"] for s in ask(home, "signals", "list")}[opened[0]] == "under_review"
    assert [m["after"] for m in ask(home, "signals", "show", opened[0])["moves"]] == ["new", "under_review"]
    assert ask(home, "signals", "figures")["figures"]["opened"] == len(opened)
    refused = CliRunner().invoke(app, ["signals", "move", opened[0], "closed", "--reason", "no", "--home", str(home)])
    assert isinstance(refused.exception, QuarterdeckError)
    assert "not possible" in str(refused.exception)


def test_the_register_is_exported_imported_quantified_and_scored(home: Path, tmp_path: Path) -> None:
    from openpyxl import Workbook

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["id", "kind", "title", "cause", "event", "effect", "category", "p_annual", "cost_p05", "cost_p95", "currency", "owner"])
    sheet.append(
        ["R1", "risk", "Comparator runs out", "one supplier", "a batch fails", "dosing stops", "supply", 0.2, 100000, 900000, "GBP", "P1"]
    )
    book.save(tmp_path / "register.xlsx")
    assert "1 items raised" in say(home, "register", "import", str(tmp_path / "register.xlsx"))
    assert ask(home, "register", "quantify", "--draws", "2000")["items"] == ["R1"]
    assert "1 items written" in say(home, "register", "export", str(tmp_path / "out.xlsx"))
    assert "closed" in say(home, "register", "close", "R1", "--did-not-happen", "--reason", "second supplier")
    assert ask(home, "register", "scores")["scores"][0]["brier"] == pytest.approx(0.04)
    assert ask(home, "register", "list")[0]["status"] == "closed"
    assert "No live item" in say(home, "register", "quantify")
