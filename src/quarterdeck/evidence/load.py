"""One load: checked batches merged onto the latest snapshot and sealed as the next, or nothing at all.

Rows are added or replaced by key. Where a source says that its extract is full, rows of that source which are no longer in it vanish; a row
whose new version is in quarantine keeps its last good version. Reading and checking happen before the lock is taken; merging and publishing
while it is held, so two loads at once take turns and neither loses rows.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path

from quarterdeck.evidence.batch import Batch, SourceExtract
from quarterdeck.evidence.contracts import LINEAGE, Contract, get_contract, load_contracts
from quarterdeck.evidence.currencies import find_mixed_currencies
from quarterdeck.evidence.duplicates import part_duplicates
from quarterdeck.evidence.ingest import Checked, check_batch, create_quarantine, part_orphans
from quarterdeck.evidence.judging import check
from quarterdeck.evidence.manifest import FileLoaded, SnapshotInfo
from quarterdeck.evidence.months import part_months
from quarterdeck.evidence.outside import find_outside
from quarterdeck.evidence.parts import GROUP, write_part
from quarterdeck.evidence.quarantine import QUARANTINE_TYPES
from quarterdeck.evidence.sealing import derive_cut, name_engine, seal_parts, seal_quarantine
from quarterdeck.evidence.snapshot import Snapshot, quote
from quarterdeck.evidence.store import Store
from quarterdeck.evidence.values import text
from quarterdeck.evidence.workbench import Workbench
from quarterdeck.vocabulary.wording import of

READMITTED = "readmitted"
MOST_LOST = 1 / 3  # of a source's rows in a table; a full extract that loses more may have come cut short

Report = Callable[[str], None]


@dataclass(slots=True)
class Count:
    """What became of the rows of one table in one load. Always: given = loaded + quarantined."""

    given: int = 0
    loaded: int = 0
    quarantined: int = 0
    readmitted: int = 0
    vanished: int = 0


@dataclass(slots=True)
class LoadResult:
    """What a load did, or would do. `snapshot` is the latest one afterwards; `is_new` says whether this load made it."""

    snapshot: SnapshotInfo | None = None
    is_new: bool = False
    is_dry_run: bool = False
    tables: dict[str, Count] = field(default_factory=dict)
    files: list[FileLoaded] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    rejects: list[dict[str, object]] = field(default_factory=list)
    proposal: str = ""

    @property
    def given(self) -> int:
        """Rows given, over all tables."""
        return sum(count.given for count in self.tables.values())

    @property
    def loaded(self) -> int:
        """Rows loaded, over all tables."""
        return sum(count.loaded for count in self.tables.values())

    @property
    def quarantined(self) -> int:
        """Rows in quarantine, over all tables."""
        return sum(count.quarantined for count in self.tables.values())


def seal(
    store: Store,
    workbench: Workbench,
    extracts: Sequence[SourceExtract],
    now: datetime,
    cut: date | None = None,
    actor: str = "",
    reason: str = "",
    dry_run: bool = False,
    report: Report = lambda note: None,
) -> LoadResult:
    """Checks what the connectors extracted, merges it and publishes a snapshot; on a dry run it only counts.

    `now` is when the load takes place (UTC). `cut` overrides the data cut of these sources.
    """
    create_quarantine(workbench)
    checked = []
    for extract in extracts:
        for batch in extract.batches:
            report(f"checking {batch.table}")
            checked.append(check(workbench, batch, now.date()))
            _quarantine_malformed(workbench, checked[-1].batch)
    result = LoadResult(is_dry_run=dry_run, notices=[notice for extract in extracts for notice in extract.notices])
    result.notices += [notice for entry in checked for notice in entry.notices]
    for entry in checked:
        result.tables.setdefault(entry.batch.table, Count()).given += entry.given + len(entry.batch.malformed)
    with nullcontext() if dry_run else store.writing():  # a dry run publishes nothing, so it takes no turn
        merge = _Merge(store, workbench, extracts, checked, result, now, report)
        merge.run()
        result.snapshot = store.latest()
        if not dry_run:
            _publish(store, workbench, extracts, merge, result, now, cut, actor, reason)
    return result


class _Merge:
    """The tables of the next snapshot, staged one after another in the order in which they refer to one another."""

    def __init__(
        self,
        store: Store,
        workbench: Workbench,
        extracts: Sequence[SourceExtract],
        checked: Sequence[Checked],
        result: LoadResult,
        now: datetime,
        report: Report,
    ) -> None:
        self.store, self.workbench, self.extracts, self.result, self.report = store, workbench, extracts, result, report
        self.parent = store.latest()
        if self.parent is not None:
            Snapshot(self.parent, store.parts_dir).check_seal()  # rows that were changed must not be sealed anew
        self.staged: dict[str, Path] = {}  # tables that change, as Parquet in the staging folder
        self.fresh: dict[str, str] = {}  # relation of the rows this load brings, per table
        self.by_table: dict[str, list[Checked]] = {}
        for entry in [*checked, *self._readmitted(checked, now)]:
            self.by_table.setdefault(entry.batch.table, []).append(entry)

    def run(self) -> None:
        """Stages every table that changes, and settles what the parent's quarantine keeps."""
        known = {name: self._parent_rows(name) for name in (self.parent.tables if self.parent else {})}
        full = {(extract.source, batch.table) for extract in self.extracts if extract.extent == "full" for batch in extract.batches}
        for name in in_order_of_reference():
            if name not in self.by_table:
                continue
            self.report(f"merging {name}")
            whole = [source for source, table in full if table == name]
            fresh = self._fresh_rows(get_contract(name), known, whole)
            self._stage(get_contract(name), fresh, known.get(name, ""), whole)
            known[name] = f"read_parquet({text(str(self.staged[name]))})" if name in self.staged else known.get(name, "")
            known = {table: rows for table, rows in known.items() if rows}
        self.result.files = _count_files(self.workbench, self.extracts, self.staged)
        self.result.rejects = _first_rejects(self.workbench)
        self._settle_quarantine()
        self.result.notices += find_mixed_currencies(self.workbench, known, self.by_table)
        self.result.notices += find_outside(self.workbench, known, self.by_table)

    def _fresh_rows(self, contract: Contract, known: dict[str, str], full: Sequence[str]) -> str:
        entries = self.by_table[contract.name]
        count = self.result.tables.setdefault(contract.name, Count())
        relation = part_duplicates(self.workbench, contract, entries)
        relation = part_months(self.workbench, contract, relation, known.get(contract.name, ""), full)
        relation = part_orphans(self.workbench, contract, relation, known)
        where = f"table_name = {text(contract.name)}"
        again = "0"
        if self.workbench.scalar("SELECT count(*) FROM _readmitted_lines"):
            again = f"count(*) FILTER (EXISTS (SELECT 1 FROM _readmitted_lines r WHERE {_same_line('r', 'q')} AND r.table_name = {text(contract.name)}))"
        for attribute, rows in (("quarantined", f"_quarantine q WHERE {where}"), ("loaded", f"{relation} q")):
            row = self.workbench.execute(f"SELECT count(*), {again} FROM {rows}").fetchall()[0]
            setattr(count, attribute, row[0] - row[1])
            if attribute == "loaded":
                count.readmitted = row[1]
        return relation

    def _stage(self, contract: Contract, fresh: str, parent: str, full: Sequence[str]) -> None:
        names = ", ".join(quote(name) for name in (*contract.column_names, *LINEAGE))
        order = ", ".join(quote(name) for name in contract.key)
        rows = f"SELECT {names} FROM {fresh}"
        if parent:
            same = " AND ".join(f"n.{quote(key)} = p.{quote(key)}" for key in contract.key)
            kept = f"NOT EXISTS (SELECT 1 FROM {fresh} n WHERE {same})"
            if full:
                kept += f" AND NOT ({self._vanishes(contract, full)})"
                vanished = self.workbench.scalar(
                    f"SELECT count(*) FROM {parent} p WHERE NOT EXISTS (SELECT 1 FROM {fresh} n WHERE {same}) AND {self._vanishes(contract, full)}"
                )
                self.result.tables[contract.name].vanished = vanished
                self._warn_of_loss(contract.name, parent, full, vanished)
            present = {row[0] for row in self.workbench.execute(f"DESCRIBE SELECT * FROM {parent}").fetchall()}
            types = {column.name: column.duckdb_type for column in contract.columns}
            older = ", ".join(quote(n) if n in present else f"NULL::{types[n]} AS {quote(n)}" for n in (*contract.column_names, *LINEAGE))
            rows += f" UNION ALL SELECT {older} FROM {parent} p WHERE {kept}"
        path = self.workbench.staging / f"{contract.name}.parquet"
        # What is held in memory is in order already: see part_duplicates.
        held = None if parent else self.workbench.held.get(fresh)
        content = self.workbench.relation(f"{rows} ORDER BY {order}").to_arrow_reader(GROUP) if held is None else held
        if write_part(content, path):
            self.staged[contract.name] = path

    def _warn_of_loss(self, table: str, parent: str, full: Sequence[str], vanished: int) -> None:
        """Says, before all else, where a full extract takes out so much that it may have come empty or cut short."""
        assert self.parent is not None
        before = self.workbench.scalar(f"SELECT count(*) FROM {parent} WHERE _source IN ({', '.join(map(text, full))})")
        if vanished > before * MOST_LOST:
            self.result.notices.insert(
                0,
                f"WARNING: {table} loses {of(vanished, before)} rows of {', '.join(full)}, because the full extract no longer has them. If it came "
                f"empty or cut short, load it again whole: they come back. What was there before: `--as-of {self.parent.short_id}`",
            )

    def _vanishes(self, contract: Contract, sources: Sequence[str]) -> str:
        """Rows of a source whose extract is full, unless their new version is in quarantine: then the last good version stays."""
        listed = ", ".join(map(text, sources))
        key = _key_text("p", contract)
        return f"p._source IN ({listed}) AND {key} NOT IN (SELECT {_json_key('row_json', contract)} FROM _quarantine WHERE table_name = {text(contract.name)} AND row_json IS NOT NULL)"

    def _parent_rows(self, table: str) -> str:
        assert self.parent is not None
        path = self.store.parts_dir / f"{self.parent.tables[table].sha256}.parquet"
        return f"read_parquet({text(str(path))})"

    def _readmitted(self, checked: Sequence[Checked], now: datetime) -> list[Checked]:
        """Orphans of earlier loads, tried again: what they refer to may have arrived. Rows with their key in this load replace them."""
        self.workbench.execute("CREATE TABLE _readmitted_lines (_file VARCHAR, _sheet VARCHAR, _line BIGINT, table_name VARCHAR)")
        self.workbench.execute(f"CREATE TABLE _before AS SELECT * FROM {self._parent_quarantine()}")
        self._drop_superseded(checked)
        entries = []
        for (table,) in self.workbench.execute("SELECT DISTINCT table_name FROM _before WHERE kind = 'orphan' ORDER BY 1").fetchall():
            contract = get_contract(table)
            columns = ", ".join(f"json_extract_string(row_json, '$.' || {text(quote(n))}) AS {quote(n)}" for n in contract.column_names)
            waiting = self.workbench.name("waiting")
            fresh = " UNION ALL BY NAME ".join(
                f"SELECT {', '.join(map(quote, contract.key))} FROM {c.relation}" for c in checked if c.batch.table == table
            )
            unless = f"AND {_json_key('row_json', contract)} NOT IN (SELECT {_key_text('x', contract)} FROM ({fresh}) x)" if fresh else ""
            self.workbench.execute(
                f"CREATE TABLE {waiting} AS SELECT {columns}, {', '.join(LINEAGE)} FROM _before WHERE kind = 'orphan' AND table_name = {text(table)} {unless}"
            )
            self.workbench.execute(f"INSERT INTO _readmitted_lines SELECT _file, _sheet, _line, {text(table)} FROM {waiting}")
            entries.append(check_batch(self.workbench, Batch(table, waiting, READMITTED, is_correction=True), now.date()))
        self.workbench.execute("DELETE FROM _before WHERE kind = 'orphan'")
        return entries

    def _parent_quarantine(self) -> str:
        if self.parent is None or self.parent.quarantine is None:
            return "_quarantine WHERE false"
        return f"read_parquet({text(str(self.store.parts_dir / f'{self.parent.quarantine.sha256}.parquet'))})"

    def _drop_superseded(self, checked: Sequence[Checked]) -> None:
        """Entries of files that this load brings again, and of lines that it corrects, are judged anew."""
        for extract in self.extracts:
            if extract.extent == "full":
                tables = sorted({batch.table for batch in extract.batches})
                self.workbench.execute(
                    f"DELETE FROM _before WHERE _source = {text(extract.source)} AND table_name IN ({', '.join(map(text, tables))})"
                )
            names = sorted({file.name for file in extract.files if file.used and not file.is_correction})
            if names:
                self.workbench.execute(
                    f"DELETE FROM _before WHERE _source = {text(extract.source)} AND _file IN ({', '.join(map(text, names))})"
                )
        for entry in checked:
            if entry.batch.is_correction:
                lines = f"SELECT 1 FROM {entry.batch.relation} c WHERE {_same_line('c', 'b')}"
                self.workbench.execute(f"DELETE FROM _before b WHERE table_name = {text(entry.batch.table)} AND EXISTS ({lines})")

    def _settle_quarantine(self) -> None:
        """What the parent's quarantine keeps: rows whose key has now arrived in good order have left it."""
        for name, entries in self.by_table.items():
            contract = get_contract(name)
            arrived = " UNION ALL ".join(f"SELECT {_key_text('x', contract)} FROM {entry.relation} x" for entry in entries)
            if self.workbench.scalar(f"SELECT count(*) FROM _before WHERE table_name = {text(name)}"):
                self.workbench.execute(
                    f"DELETE FROM _before WHERE table_name = {text(name)} AND row_json IS NOT NULL AND {_json_key('row_json', contract)} IN ({arrived})"
                )
        self.workbench.execute("INSERT INTO _quarantine BY NAME SELECT * FROM _before")


def in_order_of_reference() -> list[str]:
    """All tables, each after the tables it refers to."""
    order: list[str] = []

    def visit(contract: Contract) -> None:
        if contract.name in order:
            return
        for column in contract.columns:
            if column.references and column.references != contract.name:
                visit(get_contract(column.references))
        order.append(contract.name)

    for contract in load_contracts().values():
        visit(contract)
    return order


def _same_line(one: str, other: str) -> str:
    return f"{one}._file = {other}._file AND {one}._sheet = {other}._sheet AND {one}._line = {other}._line"


def _key_text(alias: str, contract: Contract) -> str:
    return "concat_ws(chr(31), " + ", ".join(f"COALESCE({alias}.{quote(key)}::VARCHAR, '')" for key in contract.key) + ")"


def _json_key(document: str, contract: Contract) -> str:
    parts = ", ".join(f"COALESCE(json_extract_string({document}, {text('$.' + quote(key))}), '')" for key in contract.key)
    return f"concat_ws(chr(31), {parts})"


def _quarantine_malformed(workbench: Workbench, batch: Batch) -> None:
    for file, sheet, entry in batch.malformed:
        row = dict.fromkeys(QUARANTINE_TYPES) | {
            "table_name": batch.table,
            "_source": batch.source,
            "_file": file,
            "_sheet": sheet,
            "_line": entry.line,
            "kind": "structure",
            "value": entry.text,
            "reason": entry.reason,
            "n_problems": 1,
        }
        workbench.execute(f"INSERT INTO _quarantine VALUES ({', '.join('?' for _ in row)})", list(row.values()))


def _count_files(workbench: Workbench, extracts: Sequence[SourceExtract], staged: dict[str, Path]) -> list[FileLoaded]:
    held: dict[tuple[str, str], int] = {}
    for path in staged.values():
        for file, sheet, rows in workbench.execute(
            f"SELECT _file, _sheet, count(*) FROM read_parquet({text(str(path))}) GROUP BY ALL"
        ).fetchall():
            held[file, sheet] = held.get((file, sheet), 0) + rows
    asides = {
        (file, sheet): rows
        for file, sheet, rows in workbench.execute("SELECT _file, _sheet, count(*) FROM _quarantine GROUP BY ALL").fetchall()
    }
    return [
        FileLoaded(
            name=file.name,
            sheet=file.sheet,
            sha256=file.sha256,
            size=file.size,
            location=file.location,
            given=file.given,
            loaded=held.get((file.name, file.sheet), 0),
            quarantined=asides.get((file.name, file.sheet), 0),
            tables=file.tables,
            ignored=file.ignored,
            source=extract.source,
        )
        for extract in extracts
        for file in extract.files
    ]


def _first_rejects(workbench: Workbench, limit: int = 200) -> list[dict[str, object]]:
    names = [name for name in QUARANTINE_TYPES if name != "row_json"]
    rows = workbench.execute(
        f"SELECT {', '.join(names)} FROM _quarantine WHERE _line IS NOT NULL ORDER BY table_name, _file, _sheet, _line LIMIT {limit}"
    ).fetchall()
    return [dict(zip(names, row, strict=True)) for row in rows]


def _publish(
    store: Store,
    workbench: Workbench,
    extracts: Sequence[SourceExtract],
    merge: _Merge,
    result: LoadResult,
    now: datetime,
    cut: date | None,
    actor: str,
    reason: str,
) -> None:
    parent = merge.parent
    parts = seal_parts(store, workbench, parent, merge.staged, merge.by_table)
    sources = {name: dict(entry) for name, entry in (parent.sources if parent else {}).items()}
    cuts = [date.fromisoformat(str(entry["cut"])) for entry in sources.values()]
    for extract in extracts:
        chosen = cut or extract.cut or derive_cut(workbench, parts, store, extract, sources) or (max(cuts) if cuts else now.date())
        sources[extract.source] = {
            "connector": extract.connector,
            "extent": extract.extent,
            "cut": chosen.isoformat(),
            "rhythm_days": extract.rhythm_days,
            "loaded_at": now.astimezone(UTC).isoformat(),
        }
    info = SnapshotInfo(
        id="",
        parent="",
        taken_at=now.astimezone(UTC),
        data_cut=max(date.fromisoformat(str(entry["cut"])) for entry in sources.values()),
        actor=actor,
        reason=reason,
        tables=parts,
        quarantine=seal_quarantine(store, workbench),
        sources=sources,
        files=tuple(result.files),
        notices=tuple(result.notices),
        engine=name_engine(),
    )
    published = store.publish(info)
    result.is_new = parent is None or published.id != parent.id
    result.snapshot = published
