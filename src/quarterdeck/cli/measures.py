"""`quarterdeck measures`, `measure`, `readings`, `benchmarks`: what is measured, how, and what it reads now."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli.common import AsOfOption, HomeOption, JsonOption, open_snapshot, print_json, print_table, progress

if TYPE_CHECKING:
    from quarterdeck.measures.model import Definition
    from quarterdeck.vocabulary.reading import Reading

LevelOption = Annotated[str | None, typer.Option("--level", help="portfolio, study, country, site, investigator, vendor, person or team.")]


def register(app: typer.Typer) -> None:
    """Adds the commands."""
    app.command("measures")(list_measures)
    app.command("measure")(show_measure)
    app.command("readings")(list_readings)
    app.command("benchmarks")(list_benchmarks)


def list_measures(home: HomeOption = None, as_of: AsOfOption = None, as_json: JsonOption = False) -> None:
    """List every measure with its question, target, levels and owner. They are the same for every snapshot."""
    from quarterdeck.measures.catalogue import load_definitions

    definitions = list(load_definitions().values())
    if as_json:
        print_json([_describe(definition) for definition in definitions])
        return
    rows = [(d.id, d.name, d.target.in_words(d.unit) if d.target else "no fixed target", ", ".join(d.levels)) for d in definitions]
    print_table(("id", "measure", "target", "levels"), rows, f"{len(rows)} measures. One in full: quarterdeck measure ID")


def show_measure(
    measure: Annotated[str, typer.Argument(help="Identifier of the measure, as `quarterdeck measures` lists it.")],
    level: LevelOption = None,
    rows: Annotated[bool, typer.Option("--rows", help="Also list the rows behind each reading, with file and line.")] = False,
    key: Annotated[str | None, typer.Option("--key", help="Only this trial, site (trial/site), vendor, ...")] = None,
    trend: Annotated[int, typer.Option("--history", help="Also the last so many whole months.")] = 0,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show one measure: its definition, its readings, and (with --rows) the file and line of every row behind them."""
    from quarterdeck.forecasts.chances import read_measure
    from quarterdeck.measures.catalogue import get_definition
    from quarterdeck.measures.evaluate import rows_behind
    from quarterdeck.measures.history import get_periods, history

    definition = get_definition(measure)
    chosen = level or ("study" if "study" in definition.levels else definition.levels[0])
    snapshot = open_snapshot(home, as_of)
    readings = [r for r in read_measure(measure, snapshot, chosen) if key is None or r.scope.key == key]
    behind = {reading.id: rows_behind(reading, snapshot) for reading in readings} if rows else {}
    months = get_periods("month", trend, snapshot.data_cut) if trend else []
    past = [r for r in history(measure, snapshot, chosen, months) if key is None or r.scope.key == key] if trend else []
    if as_json:
        benchmarks = _find_benchmarks(definition)
        print_json(
            {"definition": _describe(definition), "snapshot": snapshot.id, "data_cut": snapshot.data_cut, "level": chosen}
            | {"readings": [_plain(reading) | ({"rows": behind[reading.id]} if rows else {}) for reading in readings]}
            | {"history": [_plain(reading) for reading in past], "benchmarks": benchmarks}
        )
        return
    _print_definition(definition)
    _print_readings(readings, f"As known on {snapshot.data_cut}, by {chosen}")
    if past:
        _print_readings(past, "Month by month", with_period=True)
    for reading in readings if rows else []:
        lines = [
            (row.table, "/".join(row.key), f"{row.numerator:g}", f"{row.denominator:g}", str(row.source)) for row in behind[reading.id]
        ]
        print_table(("table", "row", "adds to top", "to bottom", "file and line"), lines, f"\nRows behind {reading.scope}: {len(lines)}")


def list_readings(
    level: LevelOption = None,
    measure: Annotated[str | None, typer.Option("--measure", help="Only this measure.")] = None,
    concerns: Annotated[bool, typer.Option("--concerns", help="Only readings that are a concern.")] = False,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate every measure on a snapshot. Without --level: the portfolio, or the coarsest level of each measure."""
    from quarterdeck.forecasts.chances import read_measure
    from quarterdeck.measures.catalogue import get_definition, load_definitions
    from quarterdeck.vocabulary.verdict import Verdict

    snapshot = open_snapshot(home, as_of)
    definitions = [get_definition(measure)] if measure else list(load_definitions().values())
    readings: list[Reading] = []
    with progress("Evaluating measures", len(definitions)) as advance:
        for definition in definitions:
            chosen = definition.levels if level == "all" else [level or definition.levels[0]]
            for name in (name for name in chosen if name in definition.levels):
                readings += read_measure(definition.id, snapshot, name)
            advance(1, definition.name)
    if concerns:
        readings = [reading for reading in readings if reading.verdict is Verdict.CONCERN]
    if as_json:
        print_json({"snapshot": snapshot.id, "data_cut": snapshot.data_cut, "readings": [_plain(reading) for reading in readings]})
        return
    _print_readings(readings, f"{len(readings)} readings as known on {snapshot.data_cut}", with_measure=True)


def list_benchmarks(
    name: Annotated[str | None, typer.Argument(help="One benchmark in full.")] = None,
    area: Annotated[str | None, typer.Option("--area", help="Only this area; 'registry' lists the quantiles of completed trials.")] = None,
    as_json: JsonOption = False,
) -> None:
    """List public figures with source, grade and status. Superseded, unverified and folklore figures cannot be cited."""
    from quarterdeck.measures.benchmarks import load_benchmarks
    from quarterdeck.vocabulary.errors import NotFound

    library = load_benchmarks()
    if name is not None and name not in library:
        raise NotFound("Unknown benchmark", thing=name, next_step="List them with: quarterdeck benchmarks")
    areas = sorted({entry.area for entry in library.values()})
    if area is not None and area not in areas:
        raise NotFound("Unknown area", thing=area, allowed=areas)
    chosen = [
        entry
        for entry in library.values()
        if (name in (None, entry.id)) and (area == entry.area or (area is None and (name or entry.area != "registry")))
    ]
    if as_json:
        from quarterdeck.vocabulary.plain import to_plain

        print_json([to_plain(entry) | {"is_citable": entry.is_citable, "citation": entry.citation} for entry in chosen])
        return
    rows = [(e.id, e.name, f"{e.value} {e.unit}", e.period, e.grade, e.status, "yes" if e.is_citable else "no") for e in chosen]
    print_table(("id", "what", "value", "period", "grade", "status", "citable"), rows)


def _describe(definition: Definition) -> dict[str, Any]:
    from quarterdeck.vocabulary.plain import to_plain

    kept = {key: value for key, value in to_plain(definition).items() if key != "examples"}
    return kept | {
        "target_in_words": definition.target.in_words(definition.unit) if definition.target else None,
        "examples": len(definition.examples),
    }


def _find_benchmarks(definition: Definition) -> list[dict[str, Any]]:
    from quarterdeck.measures.benchmarks import load_benchmarks
    from quarterdeck.vocabulary.plain import to_plain

    library = load_benchmarks()
    return [to_plain(library[name]) | {"is_citable": library[name].is_citable} for name in definition.benchmarks]


def _plain(reading: Reading) -> dict[str, Any]:
    from quarterdeck.vocabulary.plain import to_plain

    plain: dict[str, Any] = to_plain(reading)
    return {"id": reading.id} | plain | {"in_words": _say(reading)}


def _say(reading: Reading) -> str:
    from quarterdeck.vocabulary import wording

    if reading.value is None:
        return str(reading.not_assessed) + (f": {reading.reason}" if reading.reason else "")
    return wording.in_unit(reading.value, reading.unit)


def _print_definition(definition: Definition) -> None:
    from quarterdeck.measures.benchmarks import load_benchmarks
    from quarterdeck.vocabulary import wording

    target = definition.target
    lines = [
        definition.name,
        definition.question,
        "",
        definition.why,
        "",
        f"Top     {definition.numerator}",
        f"Bottom  {definition.denominator}",
    ]
    if target:
        lines += [
            f"Target  {target.in_words(definition.unit)} ({target.source}); the chance is for: {target.horizon[0].lower()}{target.horizon[1:]}"
        ]
    lines += [
        f"Method  {definition.method.name.replace('_', ' ')}, {100 * definition.method.level:.0f}% interval; at least {wording.number(definition.minimum)} to show"
    ]
    lines += [f"Limits  {definition.limits}"] if definition.limits else []
    lines += [
        f"Owner   {definition.owner}. Author {definition.author}; checked by: {definition.checker}; review due {wording.day(definition.review_due)}"
    ]
    library = load_benchmarks()
    for name in definition.benchmarks:
        entry = library[name]
        lines.append(f"Beside  {entry.name}: {entry.value} {entry.unit}. {entry.citation}")
    typer.echo("\n".join(lines))


def _print_readings(readings: list[Reading], title: str, with_measure: bool = False, with_period: bool = False) -> None:
    from quarterdeck.vocabulary import wording

    rows = []
    for reading in readings:
        interval = "" if reading.interval is None else wording.interval(reading.interval, reading.unit)
        counts = (
            ""
            if reading.numerator is None or reading.denominator is None
            else f"{wording.number(reading.numerator)} of {wording.number(reading.denominator)}"
        )
        verdict = f"{reading.verdict.shape} {reading.verdict.word}" if reading.verdict else ""
        chance = "" if reading.p_target is None else wording.chance(reading.p_target)
        drivers = "; ".join(f"{name} {wording.in_unit(push, reading.unit, signed=True)}" for name, push in reading.drivers)
        when = wording.period(reading.period) if reading.period else wording.day(reading.as_of) if reading.as_of else ""
        lead = ([reading.measure] if with_measure else []) + ([when] if with_period else [])
        rows.append(
            (*lead, reading.scope.key or reading.scope.level, _say(reading), interval, counts, reading.target, chance, verdict, drivers)
        )
    lead = (["measure"] if with_measure else []) + (["when"] if with_period else [])
    print_table((*lead, "of", "reading", "interval", "counts", "target", "chance", "verdict", "driven by"), rows, f"\n{title}")
    for reading in readings:
        if codes := reading.details.get("not_in_study_table"):
            typer.echo(f"Note: {reading.measure} counts {codes}, not in the study table.")
