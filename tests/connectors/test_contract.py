"""One contract that every connector keeps, built in or from elsewhere."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from quarterdeck.connectors.discovery import get_connector, load_connectors
from quarterdeck.connectors.load import load_paths
from quarterdeck.connectors.protocol import Connector
from quarterdeck.evidence.arrivals import unpack
from quarterdeck.evidence.contracts import get_contract
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.errors import QuarterdeckError

NOW = datetime(2026, 7, 1, tzinfo=UTC)
every_connector = pytest.mark.parametrize("name", sorted(load_connectors()))


@pytest.fixture
def sample(name: str, tmp_path: Path) -> Path:
    folder = tmp_path / "sample"
    folder.mkdir()
    get_connector(name).sample(folder)
    return folder


@every_connector
def test_it_says_what_it_is(name: str) -> None:
    connector = get_connector(name)
    assert isinstance(connector, Connector)
    assert connector.name == name
    assert connector.title
    assert connector.note.endswith(".")


@every_connector
def test_it_recognises_its_own_sample_and_is_the_one_chosen_for_it(name: str, sample: Path, tmp_path: Path) -> None:
    arrivals = unpack([sample], tmp_path)
    assert get_connector(name).recognise(arrivals) == arrivals
    result = load_paths(Store(tmp_path / "evidence"), [sample], NOW)
    assert result.snapshot
    assert {entry["connector"] for entry in result.snapshot.sources.values()} == {name}


@every_connector
def test_its_sample_loads_whole_with_lineage_to_a_line_that_exists(name: str, sample: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "evidence")
    result = load_paths(store, [sample], NOW, connector=name)
    assert result.loaded > 0
    assert result.given == result.loaded + result.quarantined
    assert result.quarantined == 0
    snapshot = store.open()
    lines = {file.name: len(Path(file.location).read_text(encoding="utf-8").splitlines()) for file in snapshot.info.files}
    for table in snapshot.tables:
        for row in snapshot.query(f'SELECT DISTINCT _file, _line, _source FROM "{table}"').to_pylist():
            assert 1 <= row["_line"] <= lines.get(row["_file"], 10**6)
            assert row["_source"]


@every_connector
def test_the_same_sample_again_is_the_same_snapshot(name: str, sample: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "evidence")
    ids = {load_paths(store, [sample], NOW, connector=name).snapshot.id for _ in range(2)}  # type: ignore[union-attr]
    assert len(ids) == 1


@every_connector
def test_a_dry_run_leaves_no_trace(name: str, sample: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "evidence")
    result = load_paths(store, [sample], NOW, connector=name, dry_run=True)
    assert result.loaded > 0
    assert store.latest() is None
    assert not store.archive_dir.exists()


@every_connector
def test_damaged_files_give_a_message_or_nothing_never_a_crash(name: str, sample: Path, tmp_path: Path) -> None:
    for path in sample.iterdir():
        content = path.read_bytes()
        path.write_bytes(content[: len(content) // 2] + b"\x00<<<{{{" + content[len(content) // 3 :])
    try:
        result = load_paths(Store(tmp_path / "evidence"), [sample], NOW, connector=name)
    except QuarterdeckError as error:
        assert error.message  # noqa: PT017 - either outcome is right
    else:
        assert result.given == result.loaded + result.quarantined


@every_connector
def test_it_fills_only_columns_of_the_contracts(name: str, sample: Path, tmp_path: Path) -> None:
    store = Store(tmp_path / "evidence")
    load_paths(store, [sample], NOW, connector=name)
    for table in store.open().tables:
        columns = {row["column_name"] for row in store.open().query(f'DESCRIBE "{table}"').to_pylist()}
        assert columns == {*get_contract(table).column_names, "_source", "_file", "_sheet", "_line"}
