"""The ledger's page: sealed forecasts against what happened, plans that scenarios became, human figures."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.charts.dots import Dot, Dots
from quarterdeck.forecasts import ledger
from quarterdeck.forecasts.model import MILESTONE_WORDS
from quarterdeck.forecasts.scores import LedgerSummary, describe_trust, score_entries, summarise
from quarterdeck.scenarios.actions import read_kept
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

router = APIRouter()


@router.get("/forecasts/ledger")
def show_ledger(view: View = permit("portfolio.read")) -> Response:
    """Sealed forecasts against what happened."""
    entries = ledger.read_entries(view.record)
    scores = score_entries(entries, view.snapshot)
    kinds = sorted({s.entry.what for s in scores})
    summaries = [summarise(scores, kind) for kind in ["", *kinds]]
    whole = summaries[0]
    inside, decided = whole.coverage[0.9]
    finding = (
        f"{wording.of(inside, decided)} sealed forecasts that have come due lay within their 90% interval"
        if decided
        else f"{wording.plural(len(entries), 'forecast')} sealed, none has come due yet"
    )
    trust = describe_trust(scores, "")
    charts: dict[str, Any] = {"coverage": _coverage_chart(whole)} if decided else {}
    return view.page(
        "forecasts/ledger.html",
        finding=finding,
        tables=[_record_table(summaries), _plan_table(view, entries), _entry_table(view, entries)],
        charts=charts,
        trust=trust,
        may_seal=view.may("forecast.seal"),
        n_entries=len(entries),
        cites=[inside, decided, len(entries), trust, finding, 50, 80, 90],
    )


@router.post("/forecasts/ledger/seal")
def seal(view: View = permit("forecast.seal")) -> Response:
    """Seal all forecasts of the facts that are shown."""
    ledger.seal_forecasts(view.record, view.actor, view.snapshot, view.settings.random_seed, view.now())
    return view.redirect("/forecasts/ledger")


@router.post("/forecasts/ledger/override")
def override(
    forecast_id: Annotated[str, Form()],
    value: Annotated[float, Form()],
    reason: Annotated[str, Form()],
    view: View = permit("forecast.override"),
) -> Response:
    """A person's own figure against a sealed forecast."""
    ledger.record_override(view.record, view.actor, forecast_id, value, reason, view.now())
    return view.redirect("/forecasts/ledger")


def _coverage_chart(whole: LedgerSummary) -> Dots:
    dots = tuple(
        Dot(f"{100 * level:.0f}% intervals", inside / n, verdict=Verdict.ORDINARY) for level, (inside, n) in whole.coverage.items() if n
    )
    return Dots(
        title="Reliability: share of outcomes inside their interval",
        sentence="For 50%, 80% and 90% intervals, the share of outcomes that fell inside. Each should lie near its own level.",
        unit="share",
        dots=dots,
        reference=0.9,
        reference_label="Aim of the 90% interval",
        row_label="Interval",
    )


def _plan_table(view: View, entries: Sequence[ledger.Entry]) -> Table:
    """Forecasts that were sealed when a scenario became the plan, beside the decision that made it so."""
    kept = {k.id: (k.name, decision) for k, decision in read_kept(view.record) if decision}
    rows = []
    for e in sorted((e for e in entries if e.scenario in kept), key=lambda e: (e.study_id, e.scenario, _place(e.what))):
        name, decision = kept[e.scenario]
        rows.append(
            {
                "trial": Cell(e.study_id, e.study_id, href=view.href(f"/scenarios/{e.study_id}")),
                "plan": Cell(name, name, href=view.href("/decisions"), sub=f"decision {decision}"),
                "what": ledger.what_words(e.what),
                "median": _quantile_words(e, 0.5),
                "range": f"{_quantile_words(e, 0.05)} to {_quantile_words(e, 0.95)}",
                "seal": e.id[:12],
            }
        )
    columns = [
        Column("trial", "Trial"),
        Column("what", "Forecast of"),
        Column("median", "Median"),
        Column("range", "90% interval"),
        Column("plan", "Scenario that became the plan"),
        Column("seal", "Seal"),
    ]
    empty = "No scenario has become the plan yet. Play one through under Scenarios."
    note = "Sealed with the decision and scored like any other forecast; the trial's forecast as it ran before stays in the table below."
    return Table("plans", "Plans and what they promise", columns, rows, empty=empty, note=note if rows else "")


def _quantile_words(e: ledger.Entry, p: float) -> str:
    value = e.quantiles.get(p)
    if value is None:
        return "not reached"
    if e.unit == "date":
        return wording.day(e.data_cut + timedelta(days=value))
    # The kind of forecast says already that participants are counted.
    return wording.in_unit(value, e.unit) if len(e.unit) == 3 else wording.number(round(value))


def _place(what: str) -> tuple[int, int]:
    """Dates in the order in which they come, then cost, then numbers enrolled by how far ahead."""
    if what in MILESTONE_WORDS:
        return 0, list(MILESTONE_WORDS).index(what)
    return (1, 0) if what == "cost_at_lock" else (2, int(what.split("_")[1]))


def _record_table(summaries: Sequence[LedgerSummary]) -> Table:
    columns = [
        Column("what", "Forecast of"),
        Column("scored", "Scored", is_number=True),
        Column("pending", "Not yet", is_number=True),
        *(Column(f"in{p}", f"In {p}%") for p in (50, 80, 90)),
        *(Column(k, f"Skill against {k}") for k in ("plan", "straight line", "vendor", "override")),
    ]
    rows = []
    for s in summaries:
        row: dict[str, object] = {"what": ledger.what_words(s.what), "scored": s.scored, "pending": s.pending}
        row |= {f"in{100 * p:.0f}": wording.of(i, n) if n else "not yet due" for p, (i, n) in s.coverage.items()}
        row |= {k: "nothing to compare" if v is None else wording.number(v, 2, signed=True) for k, v in s.skill.items()}
        rows.append(row)
    note = "Skill is 1 less our error over theirs: above 0 we were closer. What has not happened yet counts against an interval once it has passed."
    return Table(
        "record",
        "The record, by kind of forecast",
        columns,
        rows if summaries[0].scored + summaries[0].pending else [],
        empty="Nothing has come due.",
        note=note,
    )


def _entry_table(view: View, entries: Sequence[ledger.Entry]) -> Table:
    rows = []
    for e in entries:
        rows.append(
            {
                "trial": Cell(e.study_id, e.study_id, href=view.href(f"/forecasts/{e.study_id}")),
                "what": ledger.what_words(e.what),
                "made": wording.day(e.data_cut),
                "median": _quantile_words(e, 0.5),
                "basis": "a scenario that became the plan" if e.scenario else "the trial as it runs",
                "overrides": wording.plural(len(e.overrides), "override") if e.overrides else "none",
                "seal": e.id[:12],
            }
        )
    columns = [
        Column("trial", "Trial"),
        Column("what", "Forecast of"),
        Column("made", "Facts of"),
        Column("median", "Median"),
        Column("basis", "Made for"),
        Column("overrides", "Human figures"),
        Column("seal", "Seal"),
    ]
    return Table(
        "entries",
        "Sealed forecasts",
        columns,
        rows,
        empty="No forecast has been sealed. Seal them here, or with `quarterdeck forecast --seal`.",
        size=50,
    )
