"""Commands about rules: what changed, what it says by when, which trials it touches, and what to do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli.common import AsOfOption, HomeOption, JsonOption, get_settings, print_json, print_table

if TYPE_CHECKING:
    from quarterdeck.record.database import Record
    from quarterdeck.regulation.applicability import Trial
    from quarterdeck.regulation.knowledge import Change
    from quarterdeck.vocabulary.settings import Settings

app = typer.Typer(no_args_is_help=True, help="Rules: sources, documents, dates, relevance, search, and which trials a change touches.")
FileArgument = Annotated[Path, typer.Argument(help="A file: txt, html, pdf, json, xml (also .gz), md, csv or jsonl.")]
TodayOption = Annotated[
    str | None, typer.Option("--today", help="The day to judge for, YYYY-MM-DD. Default: the day of the snapshot, else today.")
]


def register(main: typer.Typer) -> None:
    """Adds `regulation` to the command line."""
    main.add_typer(app, name="regulation")


@app.command()
def dates(
    file: FileArgument,
    published: Annotated[str | None, typer.Option(help="Publication day, for deadlines counted from it.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Comment deadlines, effective dates, meetings and terms that a document states, each with its phrase and place."""
    from quarterdeck.regulation.answers import answer_dates

    answer = answer_dates(file, _read_day(published))
    if as_json:
        print_json(answer)
        return
    rows = [
        (document["id"], fact["kind"], fact["date"] or fact.get("computed") or "not a day", fact.get("expression") or fact["phrase"][:70])
        for document in answer["documents"]
        for fact in document["dates"]
    ]
    print_table(("document", "kind", "date", "words"), rows) if rows else typer.echo("The file states no date of these kinds.")
    print_problems(answer["problems"])


@app.command()
def relevance(file: FileArgument, as_json: JsonOption = False) -> None:
    """How far each document concerns the conduct of clinical trials: grade 0 to 2, band in, review or out."""
    from quarterdeck.regulation.answers import answer_relevance

    rows = answer_relevance(file)
    if as_json:
        print_json(rows)
        return
    print_table(
        ("id", "band", "grade", "score", "title"), [(r["id"], r["band"], r["grade"], f"{r['score']:.2f}", r["title"][:80]) for r in rows]
    )


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What you look for, in your own words.")] = "",
    corpus: Annotated[
        Path | None, typer.Option(help="Search a plain file (JSON lines or any payload) instead of the stored documents.")
    ] = None,
    queries: Annotated[
        Path | None, typer.Option(help="Many questions: JSON lines with `query`; the answer is a list in their order.")
    ] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many documents.")] = 10,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Documents that answer a question, best first, over everything that was imported and the seed changes."""
    from quarterdeck.regulation.answers import build_index, read_files, read_queries, search_row, split_hits
    from quarterdeck.vocabulary.errors import BadInput

    if not query and queries is None:
        raise BadInput("Nothing was asked", allowed="a question, or --queries FILE")
    index = build_index(read_files([corpus])[0]) if corpus else _open_index(home)
    if queries is not None:
        asked = read_queries(queries)
        answers = [
            {**row, "results": [search_row(n, hit) for n, hit in enumerate(index.search(str(row["query"]), limit), 1)]} for row in asked
        ]
        print_json([{**answer, "ids": [result["id"] for result in answer["results"]]} for answer in answers])
        return
    hits, known = split_hits(index, query, limit)
    if as_json:
        results = [search_row(n, hit) for n, hit in enumerate(hits, 1)]
        print_json(
            {
                "query": query,
                "ids": [hit.id for hit in hits],
                "results": results,
                "changes": [search_row(n, hit) for n, hit in enumerate(known, 1)],
            }
        )
        return
    for hit in known:
        typer.echo(f"A change that we follow: {hit.title} ({hit.id.removeprefix('change:')})")
    if not hits:
        typer.echo(
            f"Nothing was found among {len(index):,} documents. Try other words, or import more: quarterdeck regulation import PATH."
        )
        return
    print_table(
        ("rank", "id", "published", "title"), [(n, hit.id, hit.published or "not stated", hit.title[:90]) for n, hit in enumerate(hits, 1)]
    )


@app.command()
def applies(
    change: Annotated[str, typer.Option("--change", help="The id of a change, or `all`.")],
    trials: Annotated[Path | None, typer.Option(help="Judge trials from a plain JSON file instead of the evidence.")] = None,
    trial: Annotated[str | None, typer.Option(help="Only this trial.")] = None,
    silence: Annotated[
        str, typer.Option(help="How an attribute that is not given reads: question, no, or file (as the file declares, else question).")
    ] = "file",
    today: TodayOption = None,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Which trials a change touches: applies, watch, not_applicable or needs_review, with facts, rule and questions."""
    from quarterdeck.regulation.answers import answer_applies
    from quarterdeck.vocabulary.errors import BadInput, NotFound

    if silence not in ("question", "no", "file"):
        raise BadInput("An unknown reading of silence", thing=silence, allowed="question, no, file")
    chosen = _get_changes(change)
    known, declared, day, unread = _get_trials(trials, home, as_of, today)
    if trial:
        known = [entry for entry in known if entry.id == trial]
        if not known:
            raise NotFound("There is no such trial", thing=trial)
    closed = silence == "no" or (silence == "file" and bool(declared))
    rows = answer_applies(chosen, known, day, closed)
    if as_json:
        reading = "silence means no (closed world)" if closed else "silence is a question (open world)"
        only = chosen[0] if len(chosen) == 1 else None
        print_json(
            {
                "change": only.id if only else "all",
                "title": only.title if only else "All changes",
                "today": day,
                "reading": reading,
                "trials": rows,
                "not_read": unread,
            }
        )
        return
    for row in rows:
        typer.echo(f"{row['change']}  {row['trial']}  {row['verdict'].word}: {row['because']}")
        for text in (*row["transitions"], *(f"Ask: {question}" for question in row["questions"])):
            typer.echo(f"    {text}")


@app.command()
def changes(as_json: JsonOption = False) -> None:
    """The changes this installation knows, with stage, certainty and dates; conflicting sources are shown as conflicts."""
    from quarterdeck.regulation.knowledge import CLASSES, load_changes

    known = load_changes().values()
    if as_json:
        print_json([{**{k: v for k, v in _plain(c).items() if k != "rule"}, "rule": c.rule.id, "certainty": c.certainty} for c in known])
        return
    print_table(("id", "stage", "certainty", "title"), [(c.id, CLASSES[c.stage], c.certainty, c.title[:80]) for c in known])


def _plain(value: Any) -> dict[str, Any]:
    from quarterdeck.vocabulary.plain import to_plain

    plain: dict[str, Any] = to_plain(value)
    return plain


def _get_changes(change: str) -> list[Change]:
    from quarterdeck.regulation.knowledge import get_change, load_changes

    return list(load_changes().values()) if change == "all" else [get_change(change)]


def _get_trials(
    path: Path | None, home: Path | None, as_of: str | None, today: str | None
) -> tuple[list[Trial], bool | None, date, dict[str, Any]]:
    from quarterdeck.regulation.trials import read_trials_file

    if path is not None:
        read = read_trials_file(path)
        return list(read.trials), read.closed_world, _read_day(today) or date.today(), dict(read.unread)  # noqa: DTZ011  the user's own day
    from quarterdeck.cli.common import open_snapshot
    from quarterdeck.regulation.portfolio import derive_trials
    from quarterdeck.regulation.queries import list_answers

    snapshot = open_snapshot(home, as_of)
    with open_room(home) as (record, _):
        answers = list_answers(record)
    return list(derive_trials(snapshot, answers)), None, _read_day(today) or snapshot.data_cut, {}


def _open_index(home: Path | None) -> Any:
    from quarterdeck.regulation.queries import open_index

    with open_room(home) as (record, settings):
        return open_index(record, settings)


def _read_day(text: str | None) -> date | None:
    from quarterdeck.vocabulary.errors import BadInput

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("A day cannot be read", thing=text, allowed="YYYY-MM-DD") from error


def print_problems(problems: list[str]) -> None:
    """The first ten things that could not be read."""
    for problem in problems[:10]:
        typer.echo(f"Not read: {problem}", err=True)
    if len(problems) > 10:
        typer.echo(f"… and {len(problems) - 10} more.", err=True)


@app.command()
def compare(before: FileArgument, after: FileArgument, as_json: JsonOption = False) -> None:
    """What differs between two versions of a text (or two issues of the Federal Register), by provision; editorial changes are only counted."""
    from quarterdeck.regulation.editions import compare_files

    answer = compare_files(before, after)
    if as_json:
        print_json(answer)
        return
    counts = answer["counts"]
    typer.echo(
        f"{sum(counts.values()):,} provisions: {counts['editorial'] + counts['punctuation']:,} editorial differences, {len(answer['differences']):,} to read."
    )
    for row in answer["differences"]:
        typer.echo(f"{row['kind']:10} {row['path']}\n    - {row['before'] or 'not there'}\n    + {row['after'] or 'not there'}")


@app.command()
def obligations(file: FileArgument, as_json: JsonOption = False) -> None:
    """Who must, should or must not do what, when and within which limit, by provision."""
    from quarterdeck.regulation.answers import read_files
    from quarterdeck.regulation.obligations import find_obligations
    from quarterdeck.regulation.provisions import split_provisions

    rows = [
        {"document": document.id, **_plain(obligation)}
        for document in read_files([file])[0]
        for provision in split_provisions(document.text)
        for obligation in find_obligations(provision.text, provision.path)
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ("provision", "actor", "modality", "action", "limit"),
        [(r["provision"], r["actor"], r["modality"], r["action"][:80], r["time_limit"] or "none stated") for r in rows],
    )


@app.command()
def impact(
    change: Annotated[str, typer.Option("--change", help="The id of a change, or `all`.")] = "all",
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """What a change means: trials touched, work proposed, effort in days and cost as ranges, and the lever for forecasts."""
    from quarterdeck.cli.common import open_snapshot
    from quarterdeck.regulation.implications import assess_all
    from quarterdeck.regulation.model import Outcome
    from quarterdeck.regulation.portfolio import derive_trials
    from quarterdeck.regulation.queries import list_answers

    snapshot = open_snapshot(home, as_of)
    with open_room(home) as (record, _):
        answers = list_answers(record)
    impacts = assess_all(_get_changes(change), derive_trials(snapshot, answers), snapshot.data_cut)
    if as_json:
        print_json(
            [
                {
                    "change": i.change.id,
                    "title": i.change.title,
                    "applies": i.trials(Outcome.APPLIES),
                    "watch": i.trials(Outcome.WATCH),
                    "needs_review": i.trials(Outcome.NEEDS_REVIEW),
                    "effort_days": i.effort_days,
                    "cost_gbp": i.cost_gbp,
                    "proposals": i.proposals,
                    "levers": i.levers,
                }
                for i in impacts
            ]
        )
        return
    print_table(
        ("change", "applies", "watch", "needs an answer", "days of work", "cost, GBP"),
        [
            (
                i.change.id,
                len(i.trials(Outcome.APPLIES)),
                len(i.trials(Outcome.WATCH)),
                len(i.trials(Outcome.NEEDS_REVIEW)),
                f"{i.effort_days[0]:.0f} to {i.effort_days[1]:.0f}",
                f"{i.cost_gbp[0]:,.0f} to {i.cost_gbp[1]:,.0f}",
            )
            for i in impacts
        ],
    )


@app.command()
def timeline(
    months: Annotated[int, typer.Option(min=1, max=120, help="How far ahead.")] = 36, today: TodayOption = None, as_json: JsonOption = False
) -> None:
    """What comes, by certainty: dates known to the day, and spans where only a month, quarter or year is known."""
    from quarterdeck.regulation.foresight import derive_timeline
    from quarterdeck.regulation.knowledge import CLASSES, load_changes

    events = derive_timeline(load_changes().values(), _read_day(today) or date.today(), months)  # noqa: DTZ011  the user's own day
    if as_json:
        print_json(events)
        return
    print_table(
        ("from", "to", "stage", "certainty", "what", "change"),
        [(e.low, e.high, CLASSES[e.stage], e.certainty, e.say, e.title[:60]) for e in events],
    )


@app.command()
def calendar(
    out: Annotated[Path, typer.Option("--out", help="The file to write.")] = Path("regulation.ics"),
    today: TodayOption = None,
    home: HomeOption = None,
) -> None:
    """A calendar file of deadlines, with reminders before consultations close and for actions that were accepted."""
    from quarterdeck.regulation.foresight import derive_timeline, write_calendar
    from quarterdeck.regulation.knowledge import load_actions, load_changes
    from quarterdeck.regulation.queries import list_actions

    day = _read_day(today) or date.today()  # noqa: DTZ011  the user's own day
    with open_room(home) as (record, _):
        accepted = [
            (f"action-{a.id}", f"{load_actions()[a.template].title}{f' ({a.trial})' if a.trial else ''}", a.due)
            for a in list_actions(record)
            if a.state == "accepted" and a.due and a.template in load_actions()
        ]
    out.write_bytes(write_calendar(derive_timeline(load_changes().values(), day), day, accepted))
    typer.echo(f"Wrote {out}.")


@app.command()
def digest(home: HomeOption = None, as_of: AsOfOption = None) -> None:
    """The digest: what applies now, what comes within 90 days, and which new documents wait."""
    from quarterdeck.cli.common import open_snapshot
    from quarterdeck.regulation.findings import derive_impacts
    from quarterdeck.regulation.foresight import derive_timeline, draft_digest
    from quarterdeck.regulation.knowledge import load_changes
    from quarterdeck.regulation.queries import list_answers, list_inbox

    snapshot = open_snapshot(home, as_of)
    with open_room(home) as (record, _):
        inbox, answers = list_inbox(record, snapshot.data_cut, 15), list_answers(record)
    events = derive_timeline(load_changes().values(), snapshot.data_cut)
    typer.echo(draft_digest(derive_impacts(snapshot, answers), events, [(r.id, r.title, r.band) for r in inbox], snapshot.data_cut))


@app.command()
def compliance(
    r2: Annotated[str, typer.Option("--r2", help="A section of E6(R2): where it went in E6(R3).")] = "",
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """The compliance map: clause, control, and the evidence that shows it."""
    from quarterdeck.cli.common import open_snapshot
    from quarterdeck.regulation.compliance import derive_coverage, map_r2
    from quarterdeck.vocabulary.errors import NotFound

    if r2:
        clauses = map_r2(r2)
        if as_json:
            print_json(clauses)
        else:
            print_table(("E6(R2)", "E6(R3)", "about"), [(r2, c.clause, c.about) for c in clauses]) if clauses else typer.echo(
                f"E6(R2) {r2} is not in the map."
            )
        return
    try:
        snapshot = open_snapshot(home, as_of)
    except NotFound:
        snapshot = None  # the map can be read before anything was loaded
    rows = derive_coverage(snapshot)
    if as_json:
        print_json([{**_plain(c.clause), "rows": c.rows, "elsewhere": c.elsewhere, "state": c.state} for c in rows])
        return
    print_table(
        ("instrument", "clause", "control", "evidence"), [(c.clause.title[:40], c.clause.clause, c.clause.control, c.state) for c in rows]
    )


@contextmanager
def open_room(home: Path | None) -> Iterator[tuple[Record, Settings]]:
    """The record and the settings of an installation."""
    from quarterdeck.record.database import open_record

    settings = get_settings(home)
    record = open_record(settings)
    try:
        yield record, settings
    finally:
        record.close()
