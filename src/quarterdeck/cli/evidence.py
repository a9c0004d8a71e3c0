"""Commands of the evidence: load, quarantine, snapshots, verify, diff, lineage, export-table, watch, feeds, contracts, templates, connectors, pull."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli.common import AsOfOption, HomeOption, JsonOption, get_settings, open_snapshot, print_json, print_table, progress

if TYPE_CHECKING:
    from quarterdeck.connectors.watch import Round
    from quarterdeck.evidence.load import LoadResult
    from quarterdeck.evidence.store import Store

LONGEST_CELL = 200
CutOption = Annotated[
    str | None,
    typer.Option("--cut", help="Data cut of these extracts, such as 2026-06-30. Default: what the source says, else its latest fact."),
]
SpecialOption = Annotated[
    bool, typer.Option("--with-special-category", help="Export health and ethnicity too. Without it they are refused.")
]


def register(app: typer.Typer) -> None:
    """Adds the commands of this module."""
    for command in (load, quarantine, snapshots, verify, diff, lineage, export_table, watch, feeds, contracts, templates, connectors, pull):
        app.command()(command)


def load(
    paths: Annotated[list[Path], typer.Argument(help="Folders, zips, CSV, XLSX or Parquet files.", show_default=False)],
    mapping: Annotated[
        list[Path] | None,
        typer.Option("--mapping", help="YAML file that says how a source's columns are read, or a folder of such files; may be repeated."),
    ] = None,
    connector: Annotated[str, typer.Option("--connector", help="Insist on one connector. Default: each file's own.")] = "",
    cut: CutOption = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would load and propose a mapping; write nothing.")] = False,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Load extracts into the next sealed snapshot. Bad rows go to quarantine; nothing is repaired silently."""
    from datetime import UTC, datetime

    from quarterdeck.connectors.load import load_paths
    from quarterdeck.evidence.mapping import read_mappings

    chosen = read_mappings(mapping or ())
    with progress("Loading", None) as advance:
        result = load_paths(
            _store(home),
            paths,
            now=datetime.now(UTC),
            cut=_read_day(cut),
            mapping=chosen,
            connector=connector,
            actor=_actor(),
            dry_run=dry_run,
            report=lambda note: advance(0, note),
        )
    if as_json:
        print_json(_load_answer(result))
    else:
        _print_load(result, home)


def quarantine(
    table: Annotated[str, typer.Option("--table", help="Only this table.")] = "",
    kind: Annotated[str, typer.Option("--kind", help="Only this kind of problem.")] = "",
    file: Annotated[str, typer.Option("--file", help="Only rows of this file.")] = "",
    limit: Annotated[int, typer.Option("--limit", help="Rows to show.")] = 50,
    out: Annotated[Path | None, typer.Option("--export", help="Write one CSV per table here, to correct and load again.")] = None,
    with_special: SpecialOption = False,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the rows that were set aside, with file, line, column, value and reason; or export them to be corrected."""
    from quarterdeck.evidence.quarantine import count_quarantine, export_quarantine, read_quarantine
    from quarterdeck.vocabulary.wording import plural

    snapshot = open_snapshot(home, as_of)
    if out is not None:
        written = export_quarantine(snapshot, out, table, with_special)
        print_json(written) if as_json else typer.echo(
            f"{plural(len(written), 'file')} written to {out}. Correct the cells, then: quarterdeck load {out}{f' --home {home}' if home else ''}"
        )
        return
    rows = read_quarantine(snapshot, table, kind, file, limit)
    if as_json:
        print_json({"snapshot": snapshot.id, "summary": count_quarantine(snapshot), "rows": rows})
        return
    if not rows:
        held = sum(entry["rows"] for entry in count_quarantine(snapshot))
        typer.echo(_say_no_rows(held, {"table": table, "kind": kind, "file": file}))
        return
    summary = [(r["table_name"], r["kind"], r["column_name"] or "whole line", r["rows"], r["reason"]) for r in count_quarantine(snapshot)]
    print_table(("table", "kind", "column", "rows", "first reason"), summary, title="In quarantine")
    typer.echo("")
    cells = [
        (
            r["table_name"],
            _place(r["_file"], r["_sheet"], r["_line"]),
            r["column_name"] or "whole line",
            r["value"] or "empty",
            r["reason"],
            r["n_problems"] or 1,
        )
        for r in rows
    ]
    print_table(
        ("table", "where", "column", "value", "reason", "problems in the row"), [tuple(str(c)[:LONGEST_CELL] for c in row) for row in cells]
    )


def _say_no_rows(held: int, asked: dict[str, str]) -> str:
    """That nothing is set aside, or that none of what is set aside was asked for."""
    from quarterdeck.vocabulary.wording import plural

    chosen = " and ".join(f"{name} “{value}”" for name, value in asked.items() if value)
    if not held or not chosen:
        return "Nothing is in quarantine."
    return f"No row in quarantine has {chosen}; {plural(held, 'row')} in all. List them with `quarterdeck quarantine`."


def snapshots(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """List the sealed snapshots, newest last."""
    from quarterdeck.vocabulary.wording import day, moment, number

    chain = _store(home).snapshots()
    if as_json:
        print_json(chain)
        return
    if not chain:
        typer.echo("There is no snapshot yet. Load extracts with `quarterdeck load PATH`.")
        return
    rows = [
        (
            i.short_id,
            moment(i.taken_at),
            day(i.data_cut),
            len(i.tables),
            number(i.rows),
            number(i.quarantine.rows if i.quarantine else 0),
            i.actor or "not stated",
            i.reason,
        )
        for i in chain
    ]
    print_table(("snapshot", "sealed", "data cut", "tables", "rows", "in quarantine", "by", "why"), rows)


def verify(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """Check that every sealed file and manifest is still as it was sealed. Exit code 5 where one is not."""
    from quarterdeck.evidence.verify import verify_store
    from quarterdeck.vocabulary.errors import IntegrityBroken
    from quarterdeck.vocabulary.wording import plural

    store = _store(home)
    with progress("Verifying", None) as advance:
        found = verify_store(store, lambda note: advance(0, note))
    if as_json:
        print_json(found)
    else:
        for problem in found.problems:
            typer.echo(problem)
    if found.problems:
        raise IntegrityBroken(
            "The evidence is not as it was sealed", thing=plural(len(found.problems), "problem"), next_step="Restore it from the backup."
        )
    if not as_json:
        typer.echo(f"{plural(found.snapshots, 'snapshot')} and {plural(found.parts, 'part')} are as they were sealed.")


def diff(
    before: Annotated[str, typer.Argument(help="Snapshot id, first letters of it, or a date.")],
    after: Annotated[str | None, typer.Argument(help="The same; default the latest.")] = None,
    limit: Annotated[int, typer.Option("--limit", help="Rows to show per table.")] = 10,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """What changed between two snapshots, row by row."""
    from quarterdeck.evidence.diff import compare_snapshots

    store = _store(home)
    changes = compare_snapshots(store.open(before), store.open(after), limit)
    if as_json:
        print_json(changes)
        return
    if not changes:
        typer.echo("Nothing differs.")
        return
    print_table(("table", "added", "removed", "changed"), [(c.table, c.added, c.removed, c.changed) for c in changes])
    for change in changes:
        for row in change.examples:
            cells = "; ".join(f"{name}: {old or 'empty'} -> {new or 'empty'}" for name, old, new in row.columns)
            typer.echo(f"{change.table} {' '.join(row.key)}: {row.kind}{'; ' + cells if cells else ''}")


def lineage(
    table: Annotated[str, typer.Argument(help="A table, such as site.")],
    key: Annotated[list[str], typer.Argument(help="Its key, or the first parts of it.")],
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """From a row to the file and line it was read from."""
    from quarterdeck.evidence.lineage import read_lineage
    from quarterdeck.vocabulary.wording import moment

    found = read_lineage(_store(home), open_snapshot(home, as_of), table, tuple(key))
    if as_json:
        print_json(found)
        return
    rows = [
        (
            " ".join(e.key),
            str(e.row),
            e.source,
            moment(e.loaded_at) if e.loaded_at else "not known",
            e.sha256[:12] or "not known",
            e.location or "not known",
        )
        for e in found
    ]
    print_table(("key", "read from", "source", "loaded", "sha256", "lay at"), rows, title=table)


def export_table(
    table: Annotated[str, typer.Argument(help="A table, such as site.")],
    out: Annotated[Path, typer.Option("--out", help="CSV file to write.")],
    columns: Annotated[str, typer.Option("--columns", help="Only these, separated by commas.")] = "",
    with_special: SpecialOption = False,
    home: HomeOption = None,
    as_of: AsOfOption = None,
) -> None:
    """Write a table as CSV that no spreadsheet runs as formulas. Special-category columns are left out unless asked for."""
    from quarterdeck.evidence.export import export_table as write_table

    rows, left_out = write_table(open_snapshot(home, as_of), table, out, [c.strip() for c in columns.split(",") if c.strip()], with_special)
    typer.echo(f"{rows:,} rows written to {out}." + (f" Left out, special category: {', '.join(left_out)}." if left_out else ""))


def watch(
    folder: Annotated[Path, typer.Argument(help="The folder where extracts arrive: one entry per source.")],
    interval: Annotated[float, typer.Option("--interval", help="Seconds between two looks.")] = 30.0,
    rounds: Annotated[int | None, typer.Option("--rounds", help="Stop after so many looks. Default: never.")] = None,
    home: HomeOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Answer in JSON, one line for each thing that happens.")] = False,
) -> None:
    """Load extracts as they arrive, and say what is late against each source's expected rhythm."""
    from datetime import UTC, datetime

    from quarterdeck.connectors.watch import watch as look
    from quarterdeck.vocabulary.plain import to_plain

    late: tuple[str, ...] = ()
    for seen in look(_store(home), folder, lambda: datetime.now(UTC), interval, rounds):
        now_late = tuple(state.source for state in seen.states if state.is_late)
        for event in _watch_events(seen, now_late != late):
            typer.echo(json.dumps(to_plain(event), ensure_ascii=False, allow_nan=False) if as_json else _say_event(event))
        late = now_late


def _watch_events(seen: Round, is_news: bool) -> list[dict[str, Any]]:
    """What happened in one look, as one flat entry each."""
    events: list[dict[str, Any]] = [
        {"event": "loaded", "entry": path.name, "given": result.given, "loaded": result.loaded, "quarantined": result.quarantined,
         "is_new": result.is_new, "snapshot": result.snapshot.id if result.snapshot else None, "notices": result.notices}
        for path, result in seen.loaded
    ]  # fmt: skip
    events += [{"event": "failed", "entry": path.name, "why": why} for path, why in seen.failed]
    return events + [
        {"event": "late", "source": state.source, "rhythm_days": state.rhythm_days, "last_arrival": state.last_arrival, "days_late": state.days_late}
        for state in seen.states
        if is_news and state.is_late
    ]  # fmt: skip


def _say_event(event: dict[str, Any]) -> str:
    from quarterdeck.vocabulary.wording import day, duration

    if event["event"] == "failed":
        return f"{event['entry']}: {event['why']}"
    if event["event"] == "late":
        return f"{event['source']} is late: expected every {duration(event['rhythm_days'])}, last {day(event['last_arrival'].date())}"
    state = "a new snapshot" if event["is_new"] else "nothing new"
    said = f"{event['entry']}: {event['loaded']:,} rows loaded, {event['quarantined']:,} in quarantine, {state}"
    return "\n".join([said, *(f"  {notice}" for notice in event["notices"])])


def feeds(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """The sources loaded so far: newest fact, last arrival, expected rhythm, and which are out of date.

    The state is by the newest fact against the data cut, as on the pages; `days_late` in JSON is of the arrival, by today's clock.
    """
    from datetime import UTC, datetime

    from quarterdeck.evidence.rhythm import read_rhythms
    from quarterdeck.vocabulary.wording import day, duration, moment
    from quarterdeck.web.sources import read_sources

    store = _store(home)
    states = read_rhythms(store, datetime.now(UTC))
    latest = store.latest()
    known = {source.name: source for source in read_sources(store.open())} if latest else {}
    if as_json:
        print_json(
            [
                {
                    "source": s.source,
                    "newest_fact": known[s.source].newest,
                    "age_days": known[s.source].age,
                    "state": known[s.source].state,
                    **(latest.sources[s.source] if latest else {}),
                    "last_arrival": s.last_arrival,
                    "expected": s.expected,
                    "days_late": s.days_late,
                }
                for s in states
            ]
        )
        return
    if latest is None:
        typer.echo("Nothing is loaded yet. Load extracts with `quarterdeck load PATH`.")
        return
    rows = [
        (
            s.source,
            latest.sources[s.source]["connector"],
            day(known[s.source].newest),
            moment(s.last_arrival),
            duration(s.rhythm_days) if s.rhythm_days else "no rhythm stated",
            day(s.expected) if s.expected else "any day",
            f"{known[s.source].state}: {duration(known[s.source].age)} old" if known[s.source].is_late else known[s.source].state,
        )
        for s in states
    ]
    print_table(("source", "connector", "newest fact", "last arrival", "every", "next expected", "state"), rows)


def contracts(
    table: Annotated[str | None, typer.Argument(help="One table; default all.")] = None,
    privacy: Annotated[
        str, typer.Option("--privacy", help="Only columns of this class: open, commercial, personal, pseudonymous, special.")
    ] = "",
    as_json: JsonOption = False,
) -> None:
    """The tables and columns: types, units, keys, references, allowed codes and privacy classes."""
    from quarterdeck.evidence.contracts import get_contract, load_contracts
    from quarterdeck.evidence.templates import describe_format

    chosen = {table: get_contract(table)} if table else load_contracts()
    if as_json:
        print_json(chosen)
        return
    if table is None and not privacy:
        print_table(
            ("table", "subject", "columns", "key", "what a row is"),
            [(c.name, c.subject, len(c.columns), ", ".join(c.key), c.note) for c in chosen.values()],
        )
        return
    rows = [
        (f"{c.name}.{x.name}", "key" if x.is_key else "", x.references or "", x.privacy, describe_format(x), x.note)
        for c in chosen.values()
        for x in c.columns
        if not privacy or x.privacy == privacy
    ]
    print_table(("column", "key", "refers to", "privacy", "what may stand there", "what it is"), rows)


def templates(
    out: Annotated[Path, typer.Option("--out", help="Folder to write to.")],
    kind: Annotated[str, typer.Option("--kind", help="xlsx, csv or both.")] = "both",
    table: Annotated[list[str] | None, typer.Option("--table", help="Only this table; may be repeated.")] = None,
) -> None:
    """Write documented templates that a person can fill and load."""
    from quarterdeck.evidence.contracts import get_contract
    from quarterdeck.evidence.templates import write_templates
    from quarterdeck.vocabulary.errors import BadInput

    if kind not in ("xlsx", "csv", "both"):
        raise BadInput("Unknown kind of template", thing=kind, allowed="xlsx, csv, both")
    for name in table or ():
        get_contract(name)
    written = write_templates(out, kind, table or ())
    typer.echo(f"{len(written)} files written to {out}. Fill them, then: quarterdeck load {out}")


def connectors(as_json: JsonOption = False) -> None:
    """The source systems whose extracts can be loaded."""
    from quarterdeck.connectors.discovery import load_connectors

    found = [{"name": c.name, "title": c.title, "note": c.note} for c in load_connectors().values()]
    print_json(found) if as_json else print_table(
        ("connector", "source system", "its extracts"), [(c["name"], c["title"], c["note"]) for c in found]
    )


def pull(
    source: Annotated[str, typer.Argument(help="Where from: ctgov.")],
    ids: Annotated[list[str], typer.Argument(help="ClinicalTrials.gov numbers, or a search such as 'multiple sclerosis'.")],
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Fetch records from a public source, keep every version, and load them. Needs `offline = false` in the settings."""
    from datetime import UTC, datetime

    from quarterdeck.connectors.ctgov.pull import pull_records
    from quarterdeck.connectors.load import load_paths
    from quarterdeck.vocabulary.errors import NotFound, NotPermitted

    if source != "ctgov":
        raise NotFound("Nothing can be pulled from there", thing=source, allowed="ctgov")
    settings = get_settings(home)
    if settings.offline:
        raise NotPermitted(
            "This installation sends no request out", thing="offline = true", next_step="Set `offline = false` in quarterdeck.toml."
        )
    store, now = _store(home), datetime.now(UTC)
    with store.staging() as folder:
        pull_records(ids, folder)
        result = load_paths(store, [folder], now, connector="ctgov", actor=_actor())
    print_json(_load_answer(result)) if as_json else _print_load(result, home)


def _store(home: Path | None) -> Store:
    from quarterdeck.evidence.store import Store

    settings = get_settings(home)
    return Store(settings.evidence_dir, settings.choices)


def _actor() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (OSError, KeyError):
        return "not stated"


def _read_day(value: str | None) -> Any:
    from datetime import date

    from quarterdeck.vocabulary.errors import BadInput

    if value is None:
        return None
    try:
        return date.fromisoformat(value)
    except ValueError as error:
        raise BadInput("This is no date", thing=value, allowed="2026-03-14") from error


def _place(file: str, sheet: str | None, line: int) -> str:
    return f"{file}{f', sheet {sheet}' if sheet else ''}, line {line}"


def _load_answer(result: LoadResult) -> dict[str, Any]:
    snapshot = result.snapshot
    return {
        "snapshot": snapshot.id if snapshot else None,
        "is_new": result.is_new,
        "is_dry_run": result.is_dry_run,
        "data_cut": snapshot.data_cut if snapshot else None,
        "given": result.given,
        "loaded": result.loaded,
        "quarantined": result.quarantined,
        "tables": result.tables,
        "files": result.files,
        "notices": result.notices,
        "rejects": result.rejects,
        "proposal": result.proposal,
    }


def _print_load(result: LoadResult, home: Path | None) -> None:
    from quarterdeck.vocabulary.wording import day, number

    rows = [
        (name, number(c.given), number(c.loaded), number(c.quarantined), number(c.readmitted), number(c.vanished))
        for name, c in sorted(result.tables.items())
    ]
    title = "This would load" if result.is_dry_run else "Loaded"
    print_table(("table", "rows given", "loaded", "quarantined", "back from quarantine", "vanished"), rows, title=title)
    for file in result.files:
        if file.ignored and file.tables:
            typer.echo(f"{file.name}{f', sheet {file.sheet}' if file.sheet else ''}: {_say_ignored(file.ignored)}")
    for notice in result.notices:
        typer.echo(notice)
    for reject in result.rejects[:10]:
        where = _place(str(reject["_file"]), str(reject["_sheet"] or ""), int(str(reject["_line"])))
        typer.echo(
            f"set aside: {where}, {reject['column_name'] or 'whole line'} = {str(reject['value'] or 'empty')[:60]}: {reject['reason']}{_say_more(reject)}"
        )
    if len(result.rejects) > 10:
        typer.echo("See all with `quarterdeck quarantine`." if not result.is_dry_run else "Only the first ten are shown.")
    if result.proposal:
        typer.echo("\nA mapping to save, correct and pass with --mapping:\n\n" + result.proposal)
    if result.snapshot and not result.is_dry_run:
        state = "sealed" if result.is_new else "unchanged: these files hold nothing new"
        typer.echo(f"Snapshot {result.snapshot.short_id} {state}, data cut {day(result.snapshot.data_cut)}.")
        if result.quarantined:
            own = f" --home {home}" if home else ""
            typer.echo(f"To correct what was set aside: `quarterdeck quarantine --export DIR{own}`, then `quarterdeck load DIR{own}`.")


def _say_more(reject: dict[str, object]) -> str:
    """The first problem of a row is told; how many others it has."""
    from quarterdeck.vocabulary.wording import plural

    others = int(str(reject["n_problems"] or 1)) - 1
    return f" (and {plural(others, 'more problem')} in this row)" if others > 0 else ""


def _say_ignored(names: tuple[str, ...]) -> str:
    from quarterdeck.vocabulary.wording import plural

    return f"{plural(len(names), 'column')} without a place in the contracts {'was' if len(names) == 1 else 'were'} ignored: {_cut(names)}"


def _cut(names: tuple[str, ...], most: int = 8) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")
