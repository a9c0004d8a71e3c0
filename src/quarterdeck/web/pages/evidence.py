"""The evidence: where facts come from, how fresh they are, what changed, what was set aside, and what every table means."""

from __future__ import annotations

import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import Response

from quarterdeck.connectors.discovery import load_connectors
from quarterdeck.evidence.contracts import get_contract, load_contracts
from quarterdeck.evidence.quarantine import KINDS, export_quarantine, read_quarantine
from quarterdeck.evidence.snapshot import quote
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import NotFound
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web.navigation import Entry, Hit
from quarterdeck.web.sources import Source, read_sources, split_key
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.manifest import SnapshotInfo
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
NAVIGATION = (
    Entry("Evidence", "/evidence", "Evidence", "Where do the facts come from, and how fresh are they?"),
    Entry("Snapshots", "/evidence/snapshots", "Evidence", "What was known when?"),
    Entry("Quarantine", "/evidence/quarantine", "Evidence", "Which rows were set aside, and why?"),
    Entry("Contracts", "/evidence/contracts", "Evidence", "What does each table and column mean?"),
    Entry("Upload", "/evidence/upload", "Evidence", "How do I bring new facts?"),
)
HIDDEN = "hidden to protect people"


@router.get("/evidence")
def show_evidence(view: View = permit("portfolio.read")) -> Response:
    """Sources with freshness, tables with rows, and what waits in quarantine."""
    info = view.snapshot.info
    sources = read_sources(view.snapshot)
    late = [source for source in sources if source.is_late]
    set_aside = info.quarantine.rows if info.quarantine else 0
    columns = [
        Column("source", "Source"), Column("cut", "Facts up to"), Column("arrived", "Last new facts"), Column("age", "Age", "days", is_number=True), Column("rhythm", "Expected every", is_number=True), Column("state", "Freshness"),
    ]  # fmt: skip
    finding = (
        f"{len(late)} of {wording.plural(len(sources), 'source')} {'is' if len(late) == 1 else 'are'} out of date"
        if late
        else f"All {wording.plural(len(sources), 'source')} are as fresh as expected"
    )
    return view.page(
        "evidence/index.html",
        finding=finding,
        tables=[
            Table(
                "sources",
                "Sources, the latest facts of each",
                columns,
                [_source_row(source) for source in sources],
                empty="No source is named in this snapshot.",
            ),
            _tables(info),
        ],
        set_aside=set_aside,
        rows=info.rows,
        held=len(info.tables),
        late=[source.name for source in late],
        cites=[len(late), len(sources), set_aside, info.rows, len(info.tables)],
    )


@router.get("/evidence/snapshots")
def show_snapshots(view: View = permit("portfolio.read")) -> Response:
    """All snapshots, the newest first."""
    infos = list(reversed(view.deck.store.snapshots()))
    columns = [
        Column("taken", "Taken"), Column("cut", "Facts as at"), Column("by", "By"), Column("why", "Why"), Column("rows", "Rows", is_number=True),
        Column("aside", "In quarantine", is_number=True), Column("change", "What changed", is_sortable=False),
    ]  # fmt: skip
    rows = [
        {
            "taken": Cell(info.taken_at, href=f"/evidence/snapshots/{info.id}", sub=info.short_id), "cut": info.data_cut, "by": info.actor or "not stated",
            "why": info.reason or "not stated", "rows": info.rows, "aside": info.quarantine.rows if info.quarantine else 0,
            "change": Cell(info.parent, "Since the one before", href=f"/evidence/diff?a={info.parent}&b={info.id}") if info.parent else "the first",
        }
        for info in infos
    ]  # fmt: skip
    finding = f"The facts were sealed {wording.plural(len(infos), 'time')}"
    return view.page(
        "evidence/snapshots.html",
        finding=finding,
        tables=[Table("snapshots", "Snapshots, the newest first", columns, rows)],
        cites=[len(infos)],
    )


@router.get("/evidence/snapshots/{snapshot_id}")
def show_snapshot(snapshot_id: str, view: View = permit("page.read", any_scope=True)) -> Response:
    """One snapshot: its tables, files and notices."""
    info = view.deck.store.open(snapshot_id).info
    columns = [
        Column("name", "File"), Column("tables", "Tables"), Column("given", "Rows given", is_number=True), Column("loaded", "Held now", is_number=True),
        Column("aside", "In quarantine", is_number=True), Column("sha", "SHA-256"),
    ]  # fmt: skip
    rows = [
        {
            "name": file.name,
            "tables": ", ".join(file.tables) or "none",
            "given": file.given,
            "loaded": file.loaded,
            "aside": file.quarantined,
            "sha": file.sha256[:16],
        }
        for file in info.files
    ]
    files = Table("files", "Files of this load", columns, rows, empty="This snapshot names no files.")
    finding = (
        f"{wording.plural(info.rows, 'row')} in {wording.plural(len(info.tables), 'table')}, sealed on {wording.moment(info.taken_at)}"
    )
    return view.page(
        "evidence/snapshot.html",
        finding=finding,
        tables=[_tables(info), files],
        info=info,
        cites=[info.rows, len(info.tables), info.taken_at, info.data_cut, info.actor, info.reason, info.parent[:12], *info.notices],
    )


@router.get("/evidence/diff")
def show_difference(a: str, b: str, view: View = permit("portfolio.read")) -> Response:
    """What changed between two snapshots, per table, then row by row."""
    older, newer = view.deck.store.open(a), view.deck.store.open(b)
    counts = newer.cached(("web.diff", older.id), lambda: _differences(older, newer))
    columns = [
        Column("table", "Table"),
        Column("added", "Added", is_number=True),
        Column("changed", "Changed", is_number=True),
        Column("gone", "Gone", is_number=True),
    ]
    rows = [
        {"table": Cell(name, href=f"/evidence/diff/{name}?a={older.id}&b={newer.id}"), "added": added, "changed": changed, "gone": gone}
        for name, (added, changed, gone) in counts.items()
    ]
    added, changed, gone = (sum(count[i] for count in counts.values()) for i in range(3))
    finding = (
        f"{wording.number(added)} rows added, {wording.number(changed)} changed, {wording.number(gone)} gone"
        if counts
        else "Nothing changed between these facts"
    )
    table = Table("changes", "Changes by table", columns, rows, empty="The two snapshots hold the same rows.")
    return view.page(
        "evidence/diff.html",
        finding=finding,
        tables=[table],
        older=older.info,
        newer=newer.info,
        cites=[added, changed, gone, older.info.taken_at, newer.info.taken_at],
    )


@router.get("/evidence/diff/{table}")
def show_changed_rows(table: str, a: str, b: str, view: View = permit("portfolio.read")) -> Response:
    """The rows of one table that differ, with what was and what is."""
    older, newer = view.deck.store.open(a), view.deck.store.open(b)
    contract = get_contract(table)
    hidden = {column.name for column in contract.columns if column.privacy == "special"}
    rows = [
        {
            "key": Cell("/".join(key), href=f"/evidence/rows/{table}?key={'/'.join(key)}"),
            "column": column,
            "was": HIDDEN if column in hidden else was,
            "is": HIDDEN if column in hidden else now,
        }
        for key, column, was, now in newer.cached(("web.diff.rows", older.id, table), lambda: _changed_rows(older, newer, table))
    ]
    columns = [Column("key", " / ".join(contract.key)), Column("column", "Column"), Column("was", "Was"), Column("is", "Is now")]
    finding = f"{wording.plural(len(rows), 'difference')} in {table.replace('_', ' ')}"
    return view.page(
        "evidence/diff_rows.html", finding=finding, tables=[Table("rows", "Differences", columns, rows, empty="No row differs.", note="At most 2,000 are shown.")],
        older=older.info, newer=newer.info, table=table, cites=[len(rows), 2000, older.info.taken_at, newer.info.taken_at],
    )  # fmt: skip


@router.get("/evidence/quarantine")
def show_quarantine(view: View = permit("quarantine.read")) -> Response:
    """Rows that broke their contract, with file, line and reason; the export holds the whole row."""
    rows = view.snapshot.cached("web.quarantine", lambda: _quarantine_rows(view.snapshot))
    by_kind = view.snapshot.cached(
        "web.quarantine.kinds",
        lambda: view.snapshot.query("SELECT kind, count(*) AS n FROM quarantine GROUP BY kind ORDER BY n DESC").to_pylist(),
    )
    columns = [
        Column("where", "File and line"), Column("table", "Table"), Column("column", "Column"), Column("value", "Value"), Column("reason", "Why"), Column("row", "Row", is_sortable=False),
    ]  # fmt: skip
    kinds = Table(
        "kinds",
        "Reasons, the most frequent first",
        [Column("kind", "Reason"), Column("n", "Rows", is_number=True)],
        [{"kind": Cell(k["kind"], KINDS.get(k["kind"], k["kind"]).capitalize()), "n": k["n"]} for k in by_kind],
    )
    total = sum(int(k["n"]) for k in by_kind)
    correctable = view.snapshot.cached("web.quarantine.files", lambda: _correctable(view.snapshot))
    finding = (
        f"{wording.plural(total, 'row')} {'is' if total == 1 else 'are'} set aside until corrected" if total else "No row is set aside"
    )
    table = Table("quarantine", "Rows in quarantine", columns, rows, empty="Every row that was given kept its contract.")
    return view.page(
        "evidence/quarantine.html", finding=finding, tables=[table, kinds], total=total, correctable=correctable, cites=[total]
    )


@router.get("/evidence/quarantine/files/{table}")
def download_quarantine(table: str, view: View = permit("quarantine.read")) -> Response:
    """The rows of one table as a file to correct and upload: only those rows load again. Raises NotPermitted where they hold health data."""
    get_contract(table)
    with TemporaryDirectory() as folder:
        written = export_quarantine(view.snapshot, Path(folder), table)
        if not written:
            raise NotFound("No row of this table is to be corrected", thing=table, next_step="Look at the list of the quarantine.")
        content = written[0].read_bytes()
    disposition = f'attachment; filename="{table}.csv"'
    return Response(content, media_type="text/csv; charset=utf-8", headers={"content-disposition": disposition})


@router.get("/evidence/contracts")
def show_contracts(view: View = permit("page.read", any_scope=True)) -> Response:
    """All tables that can be loaded, with what they hold."""
    held = view.snapshot.tables if view.has_facts else {}
    columns = [
        Column("table", "Table"),
        Column("note", "What it holds"),
        Column("columns", "Columns", is_number=True),
        Column("key", "Key"),
        Column("rows", "Rows held", is_number=True),
    ]
    rows = [
        {
            "table": Cell(c.name, href=f"/evidence/contracts/{c.name}"),
            "note": c.note or "described by its columns",
            "columns": len(c.columns),
            "key": ", ".join(c.key),
            "rows": held[c.name].rows if c.name in held else 0,
        }
        for c in load_contracts().values()
    ]
    finding = f"{wording.plural(len(rows), 'table')} can be loaded, and {len(held)} {'is' if len(held) == 1 else 'are'} filled"
    return view.page(
        "evidence/contracts.html",
        finding=finding,
        tables=[Table("contracts", "Contracts", columns, rows, size=50)],
        needs_facts=False,
        cites=[len(rows), len(held)],
    )


@router.get("/evidence/contracts/{table}")
def show_contract(table: str, view: View = permit("page.read", any_scope=True)) -> Response:
    """One contract: every column with type, unit, codes, privacy and meaning."""
    contract = get_contract(table)
    columns = [
        Column("name", "Column"), Column("type", "Type"), Column("needed", "May be missing"), Column("refers", "Refers to"), Column("codes", "Allowed values"), Column("privacy", "Privacy"), Column("note", "Meaning"),
    ]  # fmt: skip
    rows = [
        {
            "name": Cell(c.name, sub="part of the key" if c.is_key else ""), "type": f"{c.type}{f', {c.unit}' if c.unit else ''}", "needed": "yes" if c.is_nullable else "no",
            "refers": c.references or "nothing", "codes": ", ".join(c.codes) or "any", "privacy": c.privacy, "note": c.note or "as its name says",
        }
        for c in contract.columns
    ]  # fmt: skip
    finding = f"{contract.name.replace('_', ' ').capitalize()}: {wording.plural(len(rows), 'column')}"
    return view.page(
        "evidence/contract.html",
        finding=finding,
        tables=[Table("columns", "Columns", columns, rows, size=100)],
        contract=contract,
        needs_facts=False,
        cites=[len(rows)],
    )


@router.get("/evidence/rows/{table}")
def show_row(table: str, key: str, view: View = permit("page.read", any_scope=True)) -> Response:
    """One row as it was loaded: every value, and the file and line it was read from."""
    contract = get_contract(table)
    parts = split_key(key, len(contract.key))
    where = " AND ".join(f"{quote(name)}::VARCHAR = ?" for name in contract.key)
    found = view.snapshot.query(f"SELECT * FROM {quote(table)} WHERE {where}", parts).to_pylist()
    if not found:
        raise NotFound("There is no such row in these facts", thing=f"{table} {key}")
    row = found[0]
    _check_scope(view, contract.name, row)
    rows = [
        {
            "column": Cell(c.name, sub=c.note),
            "value": HIDDEN if c.privacy == "special" and row[c.name] is not None else row[c.name],
            "meaning": c.unit or c.type,
        }
        for c in contract.columns
    ]
    columns = [Column("column", "Column"), Column("value", "Value"), Column("meaning", "Kind")]
    line = f"{row['_file'] or 'an unknown file'}{', sheet ' + row['_sheet'] if row['_sheet'] else ''}, line {row['_line']}"
    file = next((file for file in view.snapshot.info.files if file.name == row["_file"]), None)
    return view.page(
        "evidence/row.html", finding=f"Line {row['_line']} of {row['_file'] or 'an unknown file'}", tables=[Table("row", f"{table.replace('_', ' ').capitalize()} {key}", columns, rows, size=100)],
        line=line, table=table, row=row, file=file, cites=[line, row["_line"], *(value for value in row.values() if value is not None)],
    )  # fmt: skip


def paths(snapshot: Snapshot) -> list[str]:
    """Pages to prepare, walk and measure."""
    pages = [
        "/evidence",
        "/evidence/snapshots",
        f"/evidence/snapshots/{snapshot.id}",
        "/evidence/quarantine",
        "/evidence/contracts",
        "/evidence/contracts/site",
        "/evidence/upload",
    ]
    if snapshot.info.parent:
        pages.append(f"/evidence/diff?a={snapshot.info.parent}&b={snapshot.id}")
    return pages


def search(view: View, words: str) -> list[Hit]:
    """Tables and columns by name."""
    found = [
        Hit(c.name.replace("_", " "), f"/evidence/contracts/{c.name}", "Table", c.note)
        for c in load_contracts().values()
        if words in c.name.replace("_", " ") or words in c.name
    ]
    return found[:10]


def _source_row(source: Source) -> dict[str, Any]:
    connector = load_connectors().get(source.connector)
    return {
        "source": Cell(source.name, sub=connector.title if connector else source.connector),
        "cut": source.newest,
        "arrived": source.last_arrival or "not known",
        "age": source.age,
        "rhythm": Cell(source.rhythm, wording.plural(source.rhythm, "day")) if source.rhythm is not None else "no rhythm stated",
        "state": Cell(source.state, "Out of date", verdict=Verdict.CONCERN) if source.is_late else Cell(source.state, source.state),
    }


def _tables(info: SnapshotInfo) -> Table:
    columns = [Column("table", "Table"), Column("rows", "Rows", is_number=True), Column("sha", "SHA-256 of the part")]
    rows = [
        {"table": Cell(name, href=f"/evidence/contracts/{name}"), "rows": part.rows, "sha": part.sha256[:16]}
        for name, part in sorted(info.tables.items())
    ]
    return Table("tables", "Tables held", columns, rows, size=50)


def _quarantine_rows(snapshot: Snapshot) -> list[dict[str, Any]]:
    found = snapshot.query("SELECT * FROM quarantine ORDER BY table_name, _file, _sheet, _line LIMIT 20000").to_pylist()
    return [
        {
            "where": Cell(f"{r['_file']}, {r['_sheet'] + ', ' if r['_sheet'] else ''}line {r['_line']}"), "table": r["table_name"], "column": r["column_name"] or "the whole row",
            "value": r["value"] if r["value"] is not None else "empty", "reason": Cell(r["reason"], sub=f"{r['n_problems']} problems in this row" if (r["n_problems"] or 0) > 1 else ""),
            "row": _key_of(r["table_name"], r["row_json"]),
        }
        for r in found
    ]  # fmt: skip


def _correctable(snapshot: Snapshot) -> list[tuple[str, bool]]:
    """The tables with rows to correct, and whether those rows hold health data: such a file is not handed out in the browser."""
    found: dict[str, bool] = {}
    for entry in read_quarantine(snapshot):
        if entry["kind"] != "repeat":
            special = {c.name for c in get_contract(entry["table_name"]).columns if c.privacy == "special"}
            holds = any(value is not None for name, value in entry["row"].items() if name in special)
            found[entry["table_name"]] = found.get(entry["table_name"], False) or holds
    return sorted(found.items())


def _key_of(table: str, row_json: str | None) -> str:
    """The key of a row, as far as it has one. The whole row is in the file to correct, which leaves out nothing and asks who may have it."""
    row = json.loads(row_json) if row_json else {}
    key = [str(row[name]) for name in get_contract(table).key if row.get(name)]
    return " / ".join(key) if key else "cannot be told apart into columns"


def _differences(older: Snapshot, newer: Snapshot) -> dict[str, tuple[int, int, int]]:
    counts = {}
    for name in sorted({*older.tables, *newer.tables}):
        before, after = older.tables.get(name), newer.tables.get(name)
        if before and after and before.sha256 == after.sha256:
            continue
        counts[name] = _count_changes(older, newer, name)
    return {name: count for name, count in counts.items() if any(count)}


def _count_changes(older: Snapshot, newer: Snapshot, table: str) -> tuple[int, int, int]:
    contract = get_contract(table)
    same = " AND ".join(f"o.{quote(k)} IS NOT DISTINCT FROM n.{quote(k)}" for k in contract.key)
    differs = " OR ".join(f"o.{quote(c.name)} IS DISTINCT FROM n.{quote(c.name)}" for c in contract.columns if not c.is_key) or "false"
    old, key = older.rows_of(table), quote(contract.key[0])
    sql = (
        f"SELECT count(*) FILTER (o.{key} IS NULL), count(*) FILTER (o.{key} IS NOT NULL AND n.{key} IS NOT NULL AND ({differs})), "
        f"count(*) FILTER (n.{key} IS NULL) FROM {old} o FULL JOIN {quote(table)} n ON {same}"
    )
    return tuple(column[0].as_py() for column in newer.query(sql).columns)


def _changed_rows(older: Snapshot, newer: Snapshot, table: str, limit: int = 2000) -> list[tuple[tuple[str, ...], str, object, object]]:
    contract = get_contract(table)
    same = " AND ".join(f"o.{quote(k)} IS NOT DISTINCT FROM n.{quote(k)}" for k in contract.key)
    differs = " OR ".join(f"o.{quote(c.name)} IS DISTINCT FROM n.{quote(c.name)}" for c in contract.columns if not c.is_key) or "false"
    key = quote(contract.key[0])
    names = [c.name for c in contract.columns]
    chosen = ", ".join([f"o.{quote(n)} AS {quote('o_' + n)}" for n in names] + [f"n.{quote(n)} AS {quote('n_' + n)}" for n in names])
    sql = f"SELECT {chosen} FROM {older.rows_of(table)} o FULL JOIN {quote(table)} n ON {same} WHERE o.{key} IS NULL OR n.{key} IS NULL OR {differs} LIMIT {limit}"
    changes: list[tuple[tuple[str, ...], str, object, object]] = []
    for row in newer.query(sql).to_pylist():
        is_new, is_gone = row["o_" + contract.key[0]] is None, row["n_" + contract.key[0]] is None
        identity = tuple(str(row[("o_" if is_gone else "n_") + k]) for k in contract.key)
        if is_new or is_gone:
            changes.append((identity, "the whole row", "not there" if is_new else "there", "there" if is_new else "gone"))
            continue
        changes += [(identity, n, _shown(row["o_" + n]), _shown(row["n_" + n])) for n in names if row["o_" + n] != row["n_" + n]]
    return changes[:limit]


def _shown(value: object) -> object:
    return "empty" if value is None else value


def _check_scope(view: View, table: str, row: dict[str, Any]) -> None:
    # A role for one trial sees the rows of that trial only.
    if view.covers_portfolio:
        return
    if row.get("study_id") is None or not view.may_read_study(str(row["study_id"])):
        view.require("portfolio.read")
