"""Commands about rules: what changed, what it says by when, which trials it touches, and what to do."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli.common import AsOfOption, HomeOption, JsonOption, get_settings, print_json, print_table

if TYPE_CHECKING:
    from quarterdeck.regulation.applicability import Trial
    from quarterdeck.regulation.knowledge import Change

app = typer.Typer(no_args_is_help=True, help="Rules: sources, documents, dates, relevance, search, and which trials a change touches.")
FileArgument = Annotated[Path, typer.Argument(help="A file: txt, html, pdf, json, xml (also .gz), md, csv or jsonl.")]
TodayOption = Annotated[str | None, typer.Option("--today", help="The day to judge for, YYYY-MM-DD. Default: the day of the snapshot, else today.")]


def register(main: typer.Typer) -> None:
    """Adds `regulation` to the command line."""
    main.add_typer(app, name="regulation")


@app.command()
def dates(file: FileArgument, published: Annotated[str | None, typer.Option(help="Publication day, for deadlines counted from it.")] = None, as_json: JsonOption = False) -> None:
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
    _print_problems(answer["problems"])


@app.command()
def relevance(file: FileArgument, as_json: JsonOption = False) -> None:
    """How far each document concerns the conduct of clinical trials: grade 0 to 2, band in, review or out."""
    from quarterdeck.regulation.answers import answer_relevance

    rows = answer_relevance(file)
    if as_json:
        print_json(rows)
        return
    print_table(("id", "band", "grade", "score", "title"), [(r["id"], r["band"], r["grade"], f"{r['score']:.2f}", r["title"][:80]) for r in rows])


@app.command()
def search(
    query: Annotated[str, typer.Argument(help="What you look for, in your own words.")] = "",
    corpus: Annotated[Path | None, typer.Option(help="Search a plain file (JSON lines or any payload) instead of the stored documents.")] = None,
    queries: Annotated[Path | None, typer.Option(help="Many questions: JSON lines with `query`; the answer is a list in their order.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=200, help="How many documents.")] = 10,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """Documents that answer a question, best first, over everything that was imported and the seed changes."""
    from quarterdeck.regulation.answers import build_index, read_files, read_queries, search_row
    from quarterdeck.vocabulary.errors import BadInput

    if not query and queries is None:
        raise BadInput("Nothing was asked", allowed="a question, or --queries FILE")
    index = build_index(read_files([corpus])[0]) if corpus else _open_index(home)
    if queries is not None:
        asked = read_queries(queries)
        answers = [{**row, "results": [search_row(n, hit) for n, hit in enumerate(index.search(str(row["query"]), limit), 1)]} for row in asked]
        print_json([{**answer, "ids": [result["id"] for result in answer["results"]]} for answer in answers])
        return
    hits = index.search(query, limit)
    if as_json:
        print_json({"query": query, "ids": [hit.id for hit in hits], "results": [search_row(n, hit) for n, hit in enumerate(hits, 1)]})
        return
    if not hits:
        typer.echo(f"Nothing was found among {len(index):,} documents. Try other words, or import more: quarterdeck regulation import PATH.")
        return
    print_table(("rank", "id", "published", "title"), [(n, hit.id, hit.published or "not stated", hit.title[:90]) for n, hit in enumerate(hits, 1)])


@app.command()
def applies(
    change: Annotated[str, typer.Option("--change", help="The id of a change, or `all`.")],
    trials: Annotated[Path | None, typer.Option(help="Judge trials from a plain JSON file instead of the evidence.")] = None,
    trial: Annotated[str | None, typer.Option(help="Only this trial.")] = None,
    silence: Annotated[str, typer.Option(help="How an attribute that is not given reads: question, no, or file (as the file declares, else question).")] = "file",
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
        print_json({"change": only.id if only else "all", "title": only.title if only else "All changes", "today": day, "reading": reading, "trials": rows, "not_read": unread})
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
    from quarterdeck.cli.common import to_plain

    plain: dict[str, Any] = to_plain(value)
    return plain


def _get_changes(change: str) -> list[Change]:
    from quarterdeck.regulation.knowledge import get_change, load_changes

    return list(load_changes().values()) if change == "all" else [get_change(change)]


def _get_trials(path: Path | None, home: Path | None, as_of: str | None, today: str | None) -> tuple[list[Trial], bool | None, date, dict[str, Any]]:
    from quarterdeck.regulation.trials import read_trials_file

    if path is not None:
        read = read_trials_file(path)
        return list(read.trials), read.closed_world, _read_day(today) or date.today(), dict(read.unread)  # noqa: DTZ011  the user's own day
    from quarterdeck.cli.common import open_snapshot
    from quarterdeck.regulation.portfolio import derive_trials

    snapshot = open_snapshot(home, as_of)
    return list(derive_trials(snapshot)), None, _read_day(today) or snapshot.data_cut, {}


def _open_index(home: Path | None) -> Any:
    from quarterdeck.record.database import open_record
    from quarterdeck.regulation.queries import open_index

    settings = get_settings(home)
    record = open_record(settings)
    try:
        return open_index(record, settings)
    finally:
        record.close()


def _read_day(text: str | None) -> date | None:
    from quarterdeck.vocabulary.errors import BadInput

    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("A day cannot be read", thing=text, allowed="YYYY-MM-DD") from error


def _print_problems(problems: list[str]) -> None:
    for problem in problems[:10]:
        typer.echo(f"Not read: {problem}", err=True)
    if len(problems) > 10:
        typer.echo(f"… and {len(problems) - 10} more.", err=True)


