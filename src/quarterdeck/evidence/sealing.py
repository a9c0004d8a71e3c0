"""Merged tables on their way into the store: parts under the names of their content, the quarantine, and the cut of each source."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date
from pathlib import Path

from quarterdeck.evidence.batch import SourceExtract
from quarterdeck.evidence.contracts import get_contract
from quarterdeck.evidence.manifest import PartInfo, SnapshotInfo
from quarterdeck.evidence.parts import GROUP, write_part
from quarterdeck.evidence.seal import hash_file
from quarterdeck.evidence.snapshot import quote
from quarterdeck.evidence.store import Store
from quarterdeck.evidence.values import text
from quarterdeck.evidence.workbench import Workbench


def seal_parts(
    store: Store, workbench: Workbench, parent: SnapshotInfo | None, staged: Mapping[str, Path], touched: Collection[str]
) -> dict[str, PartInfo]:
    """The parts of the next snapshot: those of its parent, with each staged table whose content is new in its place."""
    parts = dict(parent.tables) if parent else {}
    for name, path in staged.items():
        rows = workbench.scalar(f"SELECT count(*) FROM read_parquet({text(str(path))})")
        older = parts.get(name)
        if older is None or older.rows != rows or not _is_same_content(workbench, path, store.parts_dir / f"{older.sha256}.parquet"):
            parts[name] = store.add_part(path, rows)
    for name in set(touched) - set(staged):
        parts.pop(name, None)  # a full extract without rows leaves an empty table
    return parts


def derive_cut(
    workbench: Workbench, parts: dict[str, PartInfo], store: Store, extract: SourceExtract, sources: dict[str, dict[str, object]]
) -> date | None:
    """The latest fact, but never before the cut this source had: a correction does not turn time back."""
    latest = _latest_fact(workbench, parts, store, extract)
    before = sources.get(extract.source)
    known = [date.fromisoformat(str(before["cut"]))] if before else []
    return max([*known, *([latest] if latest else [])], default=None)


def _latest_fact(workbench: Workbench, parts: dict[str, PartInfo], store: Store, extract: SourceExtract) -> date | None:
    """The latest date of what has happened, in the rows of this source: planned and due dates do not count."""
    latest: list[date] = []
    for table in sorted({batch.table for batch in extract.batches} & set(parts)):
        facts = [c.name for c in get_contract(table).columns if c.type in ("date", "timestamp") and not c.is_planned]
        if facts:
            columns = ", ".join(f"max({quote(name)})::DATE" for name in facts)
            path = store.parts_dir / f"{parts[table].sha256}.parquet"
            (row,) = workbench.execute(
                f"SELECT {columns} FROM read_parquet({text(str(path))}) WHERE _source = {text(extract.source)}"
            ).fetchall()
            latest += [value for value in row if value is not None]
    return max(latest) if latest else None


def seal_quarantine(store: Store, workbench: Workbench) -> PartInfo | None:
    """The part of all rows in quarantine; None where there are none."""
    rows = workbench.scalar("SELECT count(*) FROM _quarantine")
    if not rows:
        return None
    path = workbench.staging / "quarantine.parquet"
    ordered = "SELECT * FROM _quarantine ORDER BY table_name, _source, _file, _sheet, _line, kind, row_json"
    write_part(workbench.relation(ordered).to_arrow_reader(GROUP), path)
    return store.add_part(path, rows)


def _is_same_content(workbench: Workbench, path: Path, older: Path) -> bool:
    """Whether two parts of equally many rows hold the same rows in the same order, also where another version wrote other bytes."""
    if hash_file(path) == older.stem:
        return True
    here, there = (
        [row[0] for row in workbench.execute(f"DESCRIBE SELECT * FROM read_parquet({text(str(file))})").fetchall()]
        for file in (path, older)
    )
    # A part sealed before its contract grew lacks the newer columns: the same content has nothing in them.
    newer = ", ".join(f"count({quote(name)})" for name in here if name not in there)
    if newer and any(workbench.execute(f"SELECT {newer} FROM read_parquet({text(str(path))})").fetchall()[0]):
        return False
    columns = ", ".join(quote(name) for name in there)
    sums = [
        workbench.execute(
            f"SELECT sum(hash({columns}, file_row_number)::HUGEINT), bit_xor(hash(file_row_number, {columns}))"
            f" FROM read_parquet({text(str(file))}, file_row_number = true)"
        ).fetchall()
        for file in (path, older)
    ]
    return bool(sums[0] == sums[1])


def name_engine() -> str:
    """What wrote the parts."""
    import duckdb

    from quarterdeck import __version__

    return f"quarterdeck {__version__}, DuckDB {duckdb.__version__}"
