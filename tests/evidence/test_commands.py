"""The commands of the evidence, as a person types them."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from quarterdeck.cli.main import app

SITE = "study_id,site_id,country\nA,1,GB\nA,2,Nowhere\n"


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> object:
    monkeypatch.setenv("QUARTERDECK_HOME", str(tmp_path / "home"))
    (tmp_path / "site.csv").write_text(SITE, encoding="utf-8")
    runner = CliRunner()

    def invoke(*words: object) -> Result:
        return runner.invoke(app, [str(word) for word in words], catch_exceptions=False)

    return invoke


def test_load_then_read_back(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    answer = json.loads(run("load", tmp_path / "site.csv", "--cut", "2026-06-30", "--json").stdout)
    assert (answer["given"], answer["loaded"], answer["quarantined"], answer["data_cut"]) == (2, 1, 1, "2026-06-30")
    (snapshot,) = json.loads(run("snapshots", "--json").stdout)
    assert snapshot["id"] == answer["snapshot"]
    (row,) = json.loads(run("quarantine", "--json").stdout)["rows"]
    assert (row["_file"], row["_line"], row["column_name"], row["value"]) == ("site.csv", 3, "country", "Nowhere")
    (found,) = json.loads(run("lineage", "site", "A", "1", "--json").stdout)
    assert found["row"] == {"file": "site.csv", "line": 2, "sheet": ""}
    assert json.loads(run("verify", "--json").stdout)["problems"] == []
    assert "site.csv, line 2" in run("lineage", "site", "A", "1").stdout
    assert "Nowhere" in run("quarantine").stdout


def test_dry_run_diff_feeds_and_export(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert "This would load" in run("load", tmp_path / "site.csv", "--dry-run").stdout
    first = json.loads(run("load", tmp_path / "site.csv", "--json").stdout)["snapshot"]
    (tmp_path / "site.csv").write_text(SITE.replace("GB", "FR"), encoding="utf-8")
    run("load", tmp_path / "site.csv")
    (change,) = json.loads(run("diff", first[:8], "--json").stdout)
    assert change["examples"][0]["columns"] == [["country", "GB", "FR"]]
    assert json.loads(run("feeds", "--json").stdout)[0]["source"] == "folder"
    assert run("export-table", "site", "--out", tmp_path / "out.csv", "--as-of", first[:8]).exit_code == 0
    assert "GB" in (tmp_path / "out.csv").read_text(encoding="utf-8-sig")
    assert run("quarantine", "--export", tmp_path / "fix").exit_code == 0
    assert run("watch", tmp_path / "fix", "--rounds", 2, "--interval", 0).exit_code == 0


def test_a_question_to_the_quarantine_that_finds_nothing_says_how_much_there_is(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    run("load", tmp_path / "site.csv")
    said = run("quarantine", "--table", "site", "--kind", "fax").stdout
    assert "No row in quarantine has table “site” and kind “fax”; 1 row in all." in said


def test_contracts_templates_and_connectors(run, tmp_path: Path) -> None:  # type: ignore[no-untyped-def]
    assert len(json.loads(run("contracts", "--json").stdout)) == 39
    assert "subject.race_ethnicity" in run("contracts", "--privacy", "special").stdout
    assert run("templates", "--out", tmp_path / "t", "--kind", "csv", "--table", "site").exit_code == 0
    assert (tmp_path / "t" / "csv" / "site.csv").exists()
    assert {"ctgov", "edc_raw", "folder"} <= {entry["name"] for entry in json.loads(run("connectors", "--json").stdout)}


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["load", "nowhere.csv"], 4, "no such file"),
        (["load", "site.csv", "--cut", "yesterday"], 3, "yesterday"),
        (["load", "site.csv", "--connector", "fax"], 4, "fax"),
        (["snapshots", "--home", "empty", "--json"], 0, ""),
        (["quarantine", "--home", "empty"], 4, "quarterdeck load"),
        (["contracts", "sites"], 4, "budget_line"),
        (["pull", "ctgov", "NCT00000001"], 6, "offline"),
    ],
)
def test_mistakes_give_a_message_an_exit_code_and_no_traceback(tmp_path: Path, words: list[str], code: int, says: str) -> None:
    (tmp_path / "site.csv").write_text(SITE, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-c", "from quarterdeck.cli.main import main; main()", *words],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == code
    assert says in done.stderr
    assert "Traceback" not in done.stderr
