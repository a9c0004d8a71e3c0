"""One load of several sources, each with its own mapping, is one snapshot."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime
from pathlib import Path

import pytest
from typer.testing import CliRunner

from quarterdeck.cli.main import app
from quarterdeck.connectors.load import load_paths
from quarterdeck.evidence.mapping import read_mappings
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.errors import BadInput, NotFound

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
CTMS = "source: ctms\nrhythm: 7 days\nfiles:\n  - {match: 'sites*.csv', table: site, columns: {study_id: Protocol, site_id: Site No}}\n"
FINANCE = "source: finance\nfiles:\n  - {match: 'trials*.csv', table: study, columns: {study_id: Project}}\n"
SITES, TRIALS = "Protocol;Site No;Country\nABC-1;101;GB\n", "Project,Phase\nABC-1,P3\n"


def write(path: Path, content: str) -> Path:
    """The file, with its folders."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


def extracts(tmp_path: Path, sites: str = "ctms/sites.csv", trials: str = "finance/trials.csv") -> Path:
    """Extracts of two systems."""
    write(tmp_path / "in" / sites, SITES)
    write(tmp_path / "in" / trials, TRIALS)
    return tmp_path / "in"


def mappings(tmp_path: Path) -> Path:
    """A folder of their two mappings."""
    write(tmp_path / "mappings" / "ctms.yaml", CTMS)
    write(tmp_path / "mappings" / "finance.yaml", FINANCE)
    return tmp_path / "mappings"


@pytest.mark.parametrize(("sites", "trials"), [("ctms/sites.csv", "finance/trials.csv"), ("sites.csv", "trials.csv")])
def test_a_folder_of_mappings_reads_a_folder_of_sources_into_one_snapshot(tmp_path: Path, sites: str, trials: str) -> None:
    store = Store(tmp_path / "evidence")
    result = load_paths(store, [extracts(tmp_path, sites, trials)], NOW, mapping=read_mappings([mappings(tmp_path)]))
    assert (result.given, result.loaded) == (2, 2)
    assert len(store.snapshots()) == 1
    assert set(store.snapshots()[0].sources) == {"ctms", "finance"}


def test_the_folder_decides_where_two_mappings_fit_one_name(tmp_path: Path) -> None:
    both = mappings(tmp_path)
    write(both / "finance.yaml", FINANCE + "  - {match: 'sites*.csv', table: site, columns: {study_id: Other}}\n")
    result = load_paths(Store(tmp_path / "evidence"), [extracts(tmp_path)], NOW, mapping=read_mappings([both]))
    assert result.loaded == 2


def test_a_file_that_two_mappings_fit_is_refused_by_name(tmp_path: Path) -> None:
    both = mappings(tmp_path)
    write(both / "finance.yaml", FINANCE + "  - {match: 'sites*.csv', table: site, columns: {study_id: Other}}\n")
    with pytest.raises(BadInput, match=r"sites\.csv: ctms, finance"):
        load_paths(Store(tmp_path / "evidence"), [extracts(tmp_path, "sites.csv", "trials.csv")], NOW, mapping=read_mappings([both]))


def test_a_mapping_that_lies_beside_the_files_is_used(tmp_path: Path) -> None:
    folder = extracts(tmp_path)
    write(folder / "ctms" / "mapping.yaml", CTMS.replace("source: ctms\n", ""))
    write(folder / "finance" / "mapping.yaml", FINANCE)
    store = Store(tmp_path / "evidence")
    assert load_paths(store, [folder], NOW).loaded == 2
    assert set(store.snapshots()[0].sources) == {"ctms", "finance"}


def test_a_mapping_in_an_archive_is_used_too(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "all.zip", "w") as archive:
        archive.writestr("ctms/sites.csv", SITES)
        archive.writestr("ctms/mapping.yaml", CTMS)
        archive.writestr("study.csv", "study_id,phase\nABC-1,P3\n")
    store = Store(tmp_path / "evidence")
    assert load_paths(store, [tmp_path / "all.zip"], NOW).loaded == 2
    assert set(store.snapshots()[0].sources) == {"ctms", "folder"}


def test_two_mappings_of_one_source_are_refused(tmp_path: Path) -> None:
    write(tmp_path / "m" / "a.yaml", CTMS)
    write(tmp_path / "m" / "b.yaml", CTMS)
    with pytest.raises(BadInput, match="Two mappings are for one source"):
        read_mappings([tmp_path / "m"])


def test_a_mapping_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="no such mapping"):
        read_mappings([tmp_path / "nothing.yaml"])


def test_the_command_takes_a_folder_of_mappings(tmp_path: Path) -> None:
    options = ["--mapping", str(mappings(tmp_path)), "--home", str(tmp_path / "home"), "--json"]
    answer = CliRunner().invoke(app, ["load", str(extracts(tmp_path)), *options])
    assert answer.exit_code == 0, answer.output
    assert json.loads(answer.stdout)["loaded"] == 2


def test_watching_in_json_prints_one_object_per_line(tmp_path: Path) -> None:
    folder = extracts(tmp_path)
    write(folder / "ctms" / "mapping.yaml", CTMS)
    write(folder / "broken.csv", "")
    command = ["watch", str(folder), "--rounds", "2", "--interval", "0.01", "--home", str(tmp_path / "home"), "--json"]
    lines = [json.loads(line) for line in CliRunner().invoke(app, command).stdout.splitlines()]
    assert {line["event"] for line in lines} == {"loaded", "failed"}
    assert [line["entry"] for line in lines if line["event"] == "loaded"] == ["ctms"]
