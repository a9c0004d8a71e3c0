"""Sealed snapshots: time travel, verification, two loaders at once, and a loader killed at any moment."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from builders import build_snapshot
from quarterdeck.evidence.diff import compare_snapshots
from quarterdeck.evidence.lineage import read_lineage
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.evidence.store import Store
from quarterdeck.evidence.tables import table
from quarterdeck.evidence.verify import verify_store
from quarterdeck.vocabulary.errors import BadInput, IntegrityBroken, NotFound

LOADER = """
import sys
from datetime import UTC, datetime
from pathlib import Path
from quarterdeck.connectors.load import load_paths
from quarterdeck.evidence.store import Store
print("ready", flush=True)
sys.stdin.readline()
load_paths(Store(Path(sys.argv[1])), [Path(sys.argv[2])], datetime.now(UTC))
"""


def store_of(tmp_path: Path) -> Store:
    return Store(tmp_path / "home" / "evidence")


def start_loader(store: Store, folder: Path) -> subprocess.Popen[str]:
    """A loader in a process of its own, imports done, waiting for the word."""
    process = subprocess.Popen(
        [sys.executable, "-c", LOADER, str(store.directory), str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "ready\n"
    return process


def go(process: subprocess.Popen[str]) -> None:
    assert process.stdin
    process.stdin.write("go\n")
    process.stdin.flush()


def finish(process: subprocess.Popen[str]) -> int:
    """Its exit code, with its pipes closed."""
    with process:
        process.communicate(timeout=120)
    return process.returncode


def write_visits(folder: Path, rows: int, prefix: str = "P") -> None:
    folder.mkdir()
    lines = [f"A,{prefix}{n // 20},V{n % 20},2025-01-{n % 28 + 1:02d}" for n in range(rows)]
    (folder / "visit.csv").write_text("study_id,subject_id,visit,visit_dt\n" + "\n".join(lines) + "\n", encoding="utf-8")


def test_a_snapshot_reads_every_table_typed_also_where_nothing_was_loaded(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "A"}]})
    assert snapshot.query("SELECT count(*) AS n FROM invoice").to_pylist() == [{"n": 0}]
    assert str(snapshot.query("SELECT amount, paid_dt FROM invoice").schema.field("amount").type) == "decimal128(18, 4)"


def test_sql_and_ibis_give_the_same(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"site": [{"study_id": "A", "site_id": str(n), "country": "GB"} for n in range(3)]})
    sites = table("site")
    expression = sites.group_by("country").agg(n=sites.count())
    assert snapshot.execute(expression).to_pylist() == snapshot.query("SELECT country, count(*) AS n FROM site GROUP BY 1").to_pylist()


def test_a_wrong_query_gives_a_message(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="nonsense"):
        build_snapshot(tmp_path, {"study": [{"study_id": "A"}]}).query("SELECT nonsense FROM study")


def test_what_was_computed_is_kept_for_the_snapshot_and_not_for_the_next(tmp_path: Path) -> None:
    calls: list[int] = []
    first = build_snapshot(tmp_path, {"study": [{"study_id": "A"}]})
    for _ in range(2):
        store_of(tmp_path).open().cached("x", lambda: calls.append(1))
    second = build_snapshot(tmp_path, {"study": [{"study_id": "B"}]})
    second.cached("x", lambda: calls.append(2))
    assert calls == [1, 2]
    assert first.id != second.id


def test_earlier_snapshots_are_read_by_date_instant_id_and_first_letters(tmp_path: Path) -> None:
    first = build_snapshot(tmp_path, {"study": [{"study_id": "A"}]}, date(2026, 1, 31), datetime(2026, 2, 1, 9, tzinfo=UTC))
    second = build_snapshot(tmp_path, {"study": [{"study_id": "B"}]}, date(2026, 2, 28), datetime(2026, 3, 1, 9, tzinfo=UTC))
    store = store_of(tmp_path)
    assert store.open("2026-02-01").id == first.id
    assert store.open(date(2026, 3, 1)).id == second.id
    assert store.open(datetime(2026, 3, 1, 8, tzinfo=UTC)).id == first.id
    assert store.open(second.id[:8]).id == second.id
    assert store.open(first.id).query("SELECT study_id FROM study").to_pylist() == [{"study_id": "A"}]
    assert [info.id for info in store.snapshots()] == [first.id, second.id]


@pytest.mark.parametrize("wrong", ["2020-01-01", "ffffffff", "abc"])
def test_a_snapshot_that_is_not_there_is_said(tmp_path: Path, wrong: str) -> None:
    build_snapshot(tmp_path, {"study": [{"study_id": "A"}]})
    with pytest.raises(NotFound):
        store_of(tmp_path).open(wrong)


def test_an_empty_store_names_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="quarterdeck load"):
        Store(tmp_path).open()


def test_equal_content_gives_equal_parts_whatever_the_order_of_rows(tmp_path: Path) -> None:
    rows = [{"study_id": "A", "site_id": str(n)} for n in range(50)]
    one = build_snapshot(tmp_path / "one", {"site": rows})
    loaded = [{**row} for row in rows]
    two = build_snapshot(tmp_path / "two", {"site": loaded})
    assert one.tables["site"] == two.tables["site"]


def test_one_altered_byte_is_found_and_named(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "A"}], "site": [{"study_id": "A", "site_id": "1"}]})
    store = store_of(tmp_path)
    assert verify_store(store).problems == ()
    path = store.parts_dir / f"{snapshot.tables['site'].sha256}.parquet"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    assert verify_store(store).problems == (f"snapshot {snapshot.info.short_id}, site: its part was changed after it was sealed",)


def test_an_altered_manifest_is_found(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "A"}]})
    store = store_of(tmp_path)
    path = store.snapshots_dir / f"{snapshot.id}.json"
    path.write_text(path.read_text(encoding="utf-8").replace('"actor": "tests"', '"actor": "other"'), encoding="utf-8")
    assert "manifest was changed" in verify_store(store).problems[0]
    with pytest.raises(IntegrityBroken):
        store.read_info(snapshot.id)


def test_a_difference_is_told_row_by_row_and_column_by_column(tmp_path: Path) -> None:
    before = build_snapshot(tmp_path, {"site": [{"study_id": "A", "site_id": "1", "country": "GB"}, {"study_id": "A", "site_id": "2"}]})
    after = build_snapshot(tmp_path, {"site": [{"study_id": "A", "site_id": "1", "country": "FR"}, {"study_id": "A", "site_id": "3"}]})
    (change,) = compare_snapshots(before, after)
    assert (change.added, change.removed, change.changed) == (1, 0, 1)
    assert [(row.key, row.kind, row.columns) for row in change.examples] == [
        (("A", "1"), "changed", (("country", "GB", "FR"),)),
        (("A", "3"), "added", ()),
    ]


def test_a_part_sealed_before_a_contract_grew_is_read_and_compared_with_the_new_column_missing(tmp_path: Path) -> None:
    before = build_snapshot(tmp_path, {"site": [{"study_id": "A", "site_id": "1", "country": "GB"}]})
    store = Store(tmp_path / "home" / "evidence")
    with store.writing(), store.staging() as staged:
        older = staged / "site.parquet"
        path = before.part_path(before.tables["site"])
        duckdb.execute(f"COPY (SELECT * EXCLUDE (site_status) FROM read_parquet('{path}')) TO '{older}' (FORMAT parquet)")
        store.publish(replace(before.info, tables={**before.tables, "site": store.add_part(older, 1)}, reason="older"))
    old = store.open()
    assert old.query("SELECT site_status FROM site").to_pylist() == [{"site_status": None}]
    new = build_snapshot(tmp_path, {"site": [{"study_id": "A", "site_id": "1", "country": "GB", "site_status": "active"}]})
    (change,) = compare_snapshots(old, new)
    assert change.examples[0].columns == (("site_status", None, "active"),)


def test_any_row_leads_to_its_file_line_and_load(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"site": [{"study_id": "A", "site_id": "1"}, {"study_id": "A", "site_id": "2"}]})
    (found,) = read_lineage(store_of(tmp_path), snapshot, "site", ("A", "2"))
    assert str(found.row) == "site.csv, line 3"
    assert found.snapshot == snapshot.id
    assert Path(found.location).read_text(encoding="utf-8").splitlines()[found.row.line - 1] == "A,2"
    with pytest.raises(NotFound, match="quarantine"):
        read_lineage(store_of(tmp_path), snapshot, "site", ("A", "9"))


def test_a_snapshot_cannot_be_older_than_its_parent(tmp_path: Path) -> None:
    build_snapshot(tmp_path, {"study": [{"study_id": "A"}]}, taken_at=datetime(2026, 7, 2, tzinfo=UTC))
    with pytest.raises(BadInput, match="older"):
        build_snapshot(tmp_path, {"study": [{"study_id": "B"}]}, taken_at=datetime(2026, 7, 1, tzinfo=UTC))


def test_two_loaders_at_once_lose_nothing(tmp_path: Path) -> None:
    store = store_of(tmp_path)
    write_visits(tmp_path / "one", 3000, "P")
    write_visits(tmp_path / "two", 3000, "Q")
    loaders = [start_loader(store, tmp_path / name) for name in ("one", "two")]
    for loader in loaders:
        go(loader)
    assert [finish(loader) for loader in loaders] == [0, 0]
    assert store.open().query("SELECT count(*) AS n FROM visit").to_pylist() == [{"n": 6000}]
    assert len(store.snapshots()) == 2


def kill_at_random_moments(tmp_path: Path, times: int) -> None:
    """After each kill the last good snapshot is whole; after all, an undisturbed load completes."""
    chance = random.Random(20261122)
    good = build_snapshot(tmp_path, {"study": [{"study_id": "A"}]}, date(2025, 12, 31))
    store = store_of(tmp_path)
    killed = 0
    for number in range(times):
        write_visits(tmp_path / f"visits{number}", 4000, f"R{number}x")
        loader = start_loader(store, tmp_path / f"visits{number}")
        go(loader)
        time.sleep(chance.uniform(0.0, 0.7))
        if loader.poll() is None:
            os.kill(loader.pid, signal.SIGKILL)
            killed += 1
        finish(loader)
        snapshot = store.open()
        assert verify_store(store).problems == ()
        assert good.id in [info.id for info in store.snapshots()]
        assert snapshot.query("SELECT count(*) AS n FROM visit").to_pylist()[0]["n"] % 4000 == 0
    assert killed > 0
    write_visits(tmp_path / "last", 4000, "L")
    loader = start_loader(store, tmp_path / "last")
    go(loader)
    assert finish(loader) == 0
    assert store.open().query("SELECT count(*) AS n FROM visit WHERE subject_id LIKE 'L%'").to_pylist() == [{"n": 4000}]
    assert list(store.staging_dir.glob("*")) == []


def test_killing_the_loader_leaves_the_last_good_snapshot(tmp_path: Path) -> None:
    kill_at_random_moments(tmp_path, 10)


@pytest.mark.slow
def test_killing_the_loader_fifty_times_leaves_the_last_good_snapshot(tmp_path: Path) -> None:
    kill_at_random_moments(tmp_path, 50)


def damage(snapshot: Snapshot, table: str, how: str) -> None:
    """A part lost, its bytes broken, or its rows rewritten with care."""
    path = snapshot.part_path(snapshot.tables[table])
    if how == "lost":
        path.unlink()
    elif how == "broken":
        content = bytearray(path.read_bytes())
        content[8 : len(content) - 8 : 3] = b"\xff" * len(content[8 : len(content) - 8 : 3])
        path.write_bytes(content)
    elif how == "cut short":
        path.write_bytes(path.read_bytes()[:-40])
    else:
        duckdb.sql(f"COPY (SELECT * REPLACE ('B' AS study_id) FROM read_parquet('{path}')) TO '{path}.new' (FORMAT parquet)")
        Path(f"{path}.new").replace(path)


@pytest.mark.parametrize("how", ["lost", "broken", "cut short"])
def test_a_query_over_a_damaged_part_says_what_is_damaged(tmp_path: Path, how: str) -> None:
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "A"}], "site": [{"study_id": "A", "site_id": "1"}]})
    damage(snapshot, "site", how)
    with pytest.raises(IntegrityBroken, match=r"not as it was sealed: snapshot .*, site: its part"):
        snapshot.query("SELECT * FROM site")


def test_the_check_of_the_seal_finds_rows_that_were_rewritten_with_care(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "A"}]})
    damage(snapshot, "study", "rewritten")
    assert snapshot.query("SELECT study_id FROM study").to_pylist() == [{"study_id": "B"}]
    with pytest.raises(IntegrityBroken, match="study: its part was changed"):
        snapshot.check_seal()


def test_the_seal_is_checked_once_for_a_snapshot(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "A"}]})
    snapshot.check_seal()
    damage(snapshot, "study", "rewritten")
    snapshot.check_seal()


def test_rows_that_were_changed_are_not_sealed_anew_by_the_next_load(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "A"}]})
    damage(snapshot, "study", "rewritten")
    with pytest.raises(IntegrityBroken, match="study: its part was changed"):
        build_snapshot(tmp_path, {"study": [{"study_id": "C"}]})
    assert store_of(tmp_path).current_id() == snapshot.id


def test_a_comparison_refuses_a_snapshot_that_was_changed(tmp_path: Path) -> None:
    before = build_snapshot(tmp_path, {"study": [{"study_id": "A"}]})
    after = build_snapshot(tmp_path, {"study": [{"study_id": "C"}]})
    damage(before, "study", "rewritten")
    with pytest.raises(IntegrityBroken, match="study: its part was changed"):
        compare_snapshots(before, after)


@pytest.mark.parametrize("content", [b"", b"\xff\x00nonsense", b"{}"], ids=["empty", "not text", "not an id"])
def test_a_damaged_pointer_or_manifest_is_said(tmp_path: Path, content: bytes) -> None:
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "A"}]})
    store = store_of(tmp_path)
    manifest = store.snapshots_dir / f"{snapshot.id}.json"
    kept = manifest.read_bytes()
    manifest.write_bytes(content)
    with pytest.raises(IntegrityBroken, match="manifest was changed"):
        store.open()
    manifest.write_bytes(kept)
    (store.directory / "current").write_bytes(content)
    with pytest.raises(IntegrityBroken, match="pointer"):
        store.open()
