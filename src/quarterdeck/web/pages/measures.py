"""Every measure: its definition, where it stands, its history as a control chart, its benchmarks and worked examples."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import Response

from quarterdeck.charts.base import Chart
from quarterdeck.charts.control_chart import ControlChart, Step
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web import trial_charts
from quarterdeck.web.matters import reading_of, readings_of
from quarterdeck.web.navigation import Entry, Hit
from quarterdeck.web.outlook import say_outlook
from quarterdeck.web.pages.bridge import bullet_of, probability_sentence
from quarterdeck.web.tables import Cell, Column, Table, words
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.measures.benchmarks import Benchmark
    from quarterdeck.measures.model import Definition

router = APIRouter()
NAVIGATION = (Entry("Measures", "/measures", "Bridge", "What is measured, how, and where does it stand?"),)
PERIODS, QUARTERS = 18, 8  # in a history
LEVEL_WORDS = {
    "study": "Trial",
    "vendor": "Vendor",
    "team": "Team",
    "person": "Person",
    "country": "Country",
    "site": "Site",
    "investigator": "Investigator",
    "portfolio": "Portfolio",
}


@router.get("/measures")
def show_measures(view: View = permit("portfolio.read")) -> Response:
    """All measures with the portfolio's reading."""
    from quarterdeck.measures.catalogue import load_definitions

    rows = []
    for definition in load_definitions().values():
        reading = reading_of(view.snapshot, definition.id)
        rows.append(
            {
                "name": Cell(definition.name, href=f"/measures/{definition.id}", sub=definition.question),
                "value": reading or "only below the portfolio",
                "target": definition.target.in_words(definition.unit) if definition.target else "none set",
                "chance": Cell(reading.p_target, say_outlook(reading) or wording.chance(reading.p_target))
                if reading and reading.p_target is not None
                else (say_outlook(reading) if reading else "") or "not assessed",
                "verdict": reading.verdict if reading and reading.verdict else "not judged",
                "owner": definition.owner,
            }
        )
    rows.sort(key=lambda row: 0 if row["verdict"] is Verdict.CONCERN else 1)
    worried, assessed = (
        sum(row["verdict"] is Verdict.CONCERN for row in rows),
        sum(isinstance(row["value"], Reading) and row["value"].is_assessed for row in rows),
    )
    finding = (
        f"{wording.of(worried, len(rows))} measures are a concern"
        if worried
        else f"None of {wording.plural(len(rows), 'measure')} is a concern"
    )
    columns = [
        Column("name", "Measure"), Column("value", "Portfolio", is_number=True), Column("target", "Target"), Column("chance", "Against it"), Column("verdict", "Verdict"), Column("owner", "Owner"),
    ]  # fmt: skip
    return view.page(
        "measures/index.html",
        finding=finding,
        tables=[Table("measures", "Measures, concerns first", columns, rows, size=100)],
        assessed=assessed,
        total=len(rows),
        cites=[worried, len(rows), assessed],
    )


@router.get("/measures/{measure_id}")
def show_measure(measure_id: str, view: View = permit("portfolio.read")) -> Response:
    """One measure: question, formula, history, breakdown, benchmarks, examples."""
    from quarterdeck.measures.catalogue import get_definition

    definition = get_definition(measure_id)
    reading = reading_of(view.snapshot, measure_id)
    charts: dict[str, Chart] = {}
    if reading is not None and (bullet := bullet_of(definition.name, reading)) is not None:
        charts["bullet"] = bullet
    history = view.snapshot.cached(("web.history", measure_id), lambda: history_chart(view.snapshot, definition))
    if history is not None:
        charts["history"] = history
    level = next((entry for entry in ("study", "vendor", "team") if entry in definition.levels), "")
    readings = readings_of(view.snapshot, measure_id, level) if level else {}
    if (dots := _dots(definition, level, readings)) is not None:
        charts["breakdown"] = dots
    finding = (
        f"{definition.name} is {words(reading)}"
        if reading is not None and reading.is_assessed
        else f"{definition.name} is not assessed for the portfolio"
    )
    return view.page(
        "measures/measure.html", finding=finding, definition=definition, reading=reading, charts=charts, history=history, level=LEVEL_WORDS.get(level, ""), spread=_spread(level, readings),
        probability=probability_sentence(reading) if reading else "", tables=[_breakdown(view, definition, level, readings), benchmark_table(definition), *_examples(definition)],
        readings=[*([reading] if reading else []), *readings.values()], examples=[example.name for example in definition.examples],
        cites=[str(value) for value in (definition.question, definition.why, definition.numerator, definition.denominator, definition.limits, definition.minimum, definition.version, definition.hash, definition.name,
               definition.reviewed, definition.review_due, 100 * definition.method.level, definition.target and definition.target.in_words(definition.unit), definition.target and definition.target.source,
               definition.target and definition.target.horizon, *(f"{k} {v}" for k, v in definition.parameters.items()), *(e.name for e in definition.examples))] + [definition.reviewed, definition.review_due, *_counts(history), _spread(level, readings)],
    )  # fmt: skip


def history_chart(snapshot: Snapshot, definition: Definition) -> ControlChart | None:
    """The portfolio's reading period by period, with the limits of ordinary variation."""
    from quarterdeck.measures.history import fit_control_chart, get_periods, history

    if definition.history == "none" or "portfolio" not in definition.levels:
        return None
    kind, count = ("quarter", QUARTERS) if definition.method.options.get("span") == "quarter" else ("month", PERIODS)
    readings = history(definition.id, snapshot, periods=get_periods(kind, count, snapshot.data_cut))
    known = [reading for reading in readings if reading.value is not None]
    fitted = fit_control_chart(readings)
    if fitted is None or len(known) < 6:
        return None
    fired = dict(fitted.signals)
    steps = []
    for index, reading in enumerate(known):
        day = min(reading.period.last if reading.period else snapshot.data_cut, reading.as_of or snapshot.data_cut)
        value = float(fitted.values[index])
        worse = (value > fitted.centre) == (definition.direction.value == "lower")
        verdict = Verdict.ORDINARY if index not in fired else Verdict.CONCERN if worse else Verdict.BETTER
        steps.append(
            Step(day, value, float(fitted.centre), float(fitted.low[index]), float(fitted.high[index]), fired.get(index, ""), verdict)
        )
    sentence = (
        f"{wording.of(len(fired), len(steps))} {kind}s {'lies' if len(fired) == 1 else 'lie'} outside ordinary variation."
        if fired
        else f"All {len(steps)} {kind}s lie within ordinary variation."
    )
    return ControlChart(
        title=f"{definition.name} over time", sentence=sentence, unit=definition.unit, steps=tuple(steps), target=definition.target.value if definition.target else None, source=trial_charts.SOURCE,
        method=f"Each {kind} is worked out from the dates of events in these facts. The band holds ordinary variation; a point outside it, or eight on one side of the centre, is a signal.",
    )  # fmt: skip


def _spread(level: str, readings: Mapping[str, Reading]) -> str:
    """Where it differs, as a heading."""
    known = [reading for reading in readings.values() if reading.is_assessed]
    bad = sum(reading.verdict is Verdict.CONCERN for reading in known)
    what = {"study": "trials", "vendor": "vendors", "team": "teams"}.get(level, "things")
    if not bad:
        return f"Where it differs between {what}"
    return f"{wording.of(bad, len(known))} {what} {'is' if bad == 1 else 'are'} a concern"


def _counts(history: ControlChart | None) -> list[int]:
    """How many periods the history has, and how many of them are signals."""
    return [len(history.steps), sum(bool(step.signal) for step in history.steps)] if history else []


def benchmark_table(definition: Definition) -> Table:
    """Published figures beside one's own, with population, period, grade and whether they still hold."""
    from quarterdeck.measures.benchmarks import load_benchmarks

    columns = [
        Column("what", "Published figure"), Column("value", "Value"), Column("period", "Period"), Column("grade", "Grade"), Column("status", "Status"), Column("source", "Source"),
    ]  # fmt: skip
    library = load_benchmarks()
    rows = [_benchmark_row(library[name]) for name in definition.benchmarks if name in library]
    return Table(
        "benchmarks", "What others report", columns, rows, empty="No published figure is attached to this measure.",
        note="Grade A: a primary source with its method; B: primary without, or reliable secondary; C: an interested party or a thin source; D: folklore." if rows else "",
    )  # fmt: skip


def _benchmark_row(entry: Benchmark) -> dict[str, Any]:
    unit = entry.unit if entry.unit not in ("%", "count", "number", "share") else ""
    value = (
        f"{entry.value}%"
        if entry.unit == "%" and entry.value.replace(".", "").isdigit()
        else f"{entry.value} {entry.unit if entry.unit == '%' else unit}".strip()
    )
    people = entry.population if entry.n is None or str(entry.n) in entry.population else f"{entry.population}, n = {entry.n:,}"
    return {
        "what": Cell(entry.name, sub=people),
        "value": value,
        "period": entry.period,
        "grade": entry.grade,
        "status": Cell(entry.status, sub="" if entry.is_citable else "may not be cited"),
        "source": Cell(entry.publisher, sub=entry.note),
    }


def _dots(definition: Definition, level: str, readings: Mapping[str, Reading]) -> Chart | None:
    assessed = {key: reading for key, reading in readings.items() if reading.is_assessed}
    if len(assessed) < 2:
        return None
    worried = [reading for reading in assessed.values() if reading.verdict is Verdict.CONCERN]
    sentence = (
        f"{wording.of(len(worried), len(assessed))} are a concern. The fourteen lowest are drawn."
        if len(assessed) > 14
        else f"{wording.of(len(worried), len(assessed))} are a concern."
    )
    return trial_charts.share_dots(f"{definition.name} by {LEVEL_WORDS[level].lower()}", sentence, assessed, {}, LEVEL_WORDS[level])


def _breakdown(view: View, definition: Definition, level: str, readings: Mapping[str, Reading]) -> Table:
    label = LEVEL_WORDS.get(level, "Thing")
    rows = [
        {
            "thing": Cell(key, href=f"/trials/{key}") if level == "study" else key,
            "value": reading,
            "interval": wording.interval(reading.interval, reading.unit).split(" (")[0] if reading.interval else "not assessed",
            "outlook": say_outlook(reading) or "not judged",
            "verdict": reading.verdict or "not judged",
        }
        for key, reading in sorted(readings.items(), key=lambda item: (item[1].verdict is not Verdict.CONCERN, item[0]))
    ]
    columns = [
        Column("thing", label),
        Column("value", "Value", is_number=True),
        Column("interval", "Likely range"),
        Column("outlook", "Against the target"),
        Column("verdict", "Verdict"),
    ]
    return Table(
        "breakdown",
        f"By {label.lower()}, concerns first",
        columns,
        rows,
        empty="The measure is of the portfolio only, or nothing was loaded for it.",
    )


def _examples(definition: Definition) -> list[Table]:
    """The worked examples: what goes in and what comes out."""
    tables = []
    for number, example in enumerate(definition.examples, start=1):
        for name, rows in example.tables.items():
            keys = list(dict.fromkeys(key for row in rows for key in row))
            columns = [Column(key, key.replace("_", " "), is_sortable=False) for key in keys]
            shown = [{key: _plain(row.get(key)) for key in keys} for row in rows]
            tables.append(Table(f"example-{number}-{name}", f"In: {name.replace('_', ' ')}", columns, shown, size=50))
        keys = list(dict.fromkeys(key for row in example.readings for key in row))
        columns = [Column(key, key.replace("_", " "), is_sortable=False) for key in keys]
        tables.append(
            Table(
                f"example-{number}-out", "Out", columns, [{key: _plain(row.get(key)) for key in keys} for row in example.readings], size=50
            )
        )
    return tables


def _plain(value: object) -> object:
    if value is None:
        return "not given"
    if value == "":
        return "all"
    return value if isinstance(value, str | int | float | date) else str(value)


def paths(snapshot: Snapshot) -> list[str]:
    """Every measure, and where the first figures come from."""
    from urllib.parse import quote

    from quarterdeck.measures.catalogue import load_definitions

    pages = ["/measures", *(f"/measures/{measure}" for measure in load_definitions())]
    for measure in ("regrettable_attrition", "major_findings_per_audit", "budget_variance_year"):
        if (reading := reading_of(snapshot, measure)) is not None:
            pages.append(f"/number?id={quote(reading.id, safe='')}")
    return pages


def search(view: View, wanted: str) -> list[Hit]:
    """Measures by name and question."""
    from quarterdeck.measures.catalogue import load_definitions

    return [
        Hit(d.name, f"/measures/{d.id}", "Measure", d.question)
        for d in load_definitions().values()
        if wanted in d.name.lower() or wanted in d.question.lower() or wanted in d.id
    ]
