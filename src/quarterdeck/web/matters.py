"""What the rooms found and measured, as pages ask for it: gathered once a snapshot, read many times."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from quarterdeck import matters
from quarterdeck.risks.needs_me import MOST, Matter, rank, read_choices
from quarterdeck.vocabulary.errors import NotFound
from quarterdeck.vocabulary.finding import Finding
from quarterdeck.vocabulary.reading import Reading, Scope
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.forecasts.model import TrialForecast
    from quarterdeck.web.view import View

ORDER = {Verdict.CONCERN: 0, Verdict.ORDINARY: 1, Verdict.BETTER: 2}


def gather_findings(view: View) -> tuple[Finding, ...]:
    """All findings of all rooms that the reader may see, gravest first."""
    found = findings_of(view.snapshot)
    return found if view.covers_portfolio else tuple(finding for finding in found if _may_read(view, finding.scope))


def gather_matters(view: View, most: int = MOST) -> list[Matter]:
    """What needs somebody, of all that the reader may see; the whole list where that is the portfolio."""
    return rank(gather_findings(view), read_choices(view.record), view.today, most)


def findings_of(snapshot: Snapshot) -> tuple[Finding, ...]:
    """All findings of all rooms on these facts, gravest first; kept with them."""
    return matters.gather_findings(snapshot)


def forecast_of(snapshot: Snapshot, study_id: str, seed: int) -> TrialForecast | None:
    """The forecast of a trial; None where there is none, because it is over or too little is known."""
    from quarterdeck.forecasts.trial import forecast_trial

    try:
        forecast = forecast_trial(snapshot, study_id, seed)
    except NotFound:
        return None
    return None if forecast.reason else forecast


def of_study(findings: Iterable[Finding], study_id: str) -> list[Finding]:
    """Findings about one trial, its countries and its sites."""
    return [finding for finding in findings if study_of(finding.scope) == study_id]


def study_of(scope: Scope) -> str:
    """The trial a scope belongs to; empty for the portfolio, vendors and people."""
    return scope.key.split("/")[0] if scope.level in ("study", "country", "site") else ""


def concerns(findings: Iterable[Finding]) -> list[Finding]:
    """Those that ask for something."""
    return [finding for finding in findings if finding.verdict is Verdict.CONCERN]


def readings_of(snapshot: Snapshot, measure: str, level: str) -> dict[str, Reading]:
    """One measure's (or risk indicator's) readings at one level by the key of the thing; empty where the measure has no such level. Kept with the snapshot."""

    def compute() -> dict[str, Reading]:
        from quarterdeck.forecasts.chances import read_measure
        from quarterdeck.measures.catalogue import get_definition
        from quarterdeck.risks.indicators import load_indicators
        from quarterdeck.risks.kri import read_readings

        if measure in load_indicators():
            return read_readings(snapshot, measure, level)
        if level not in get_definition(measure).levels:
            return {}
        return {reading.scope.key: reading for reading in read_measure(measure, snapshot, level)}

    return snapshot.cached(("web.readings", measure, level), compute)


def readings_about(snapshot: Snapshot, level: str, key: str = "") -> dict[str, Reading]:
    """Every measure's reading of one thing, by measure."""
    from quarterdeck.measures.catalogue import load_definitions

    found = {measure: readings_of(snapshot, measure, level).get(key) for measure in load_definitions()}
    return {measure: reading for measure, reading in found.items() if reading is not None}


def reading_of(snapshot: Snapshot, measure: str, level: str = "portfolio", key: str = "") -> Reading | None:
    """One reading, where the measure has it."""
    from quarterdeck.measures.catalogue import load_definitions

    return readings_of(snapshot, measure, level).get(key) if measure in load_definitions() else None


def _may_read(view: View, scope: Scope) -> bool:
    study = study_of(scope)
    return bool(study) and view.may_read_study(study)
