"""The parts of a trial's page that hang on the facts only: for each a sentence, pictures and tables."""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from typing import TYPE_CHECKING, Any

from quarterdeck.charts.base import Chart
from quarterdeck.people.model import role_name
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web import trial_charts
from quarterdeck.web.countries import country_name
from quarterdeck.web.matters import forecast_of, readings_of
from quarterdeck.web.portfolio import TrialFacts, read_plan_by_now, read_portfolio
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.trial_money import add_money

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.forecasts.model import TrialForecast


def build_parts(snapshot: Snapshot, trial: TrialFacts, seed: int) -> dict[str, Any]:
    """Sentences, charts and tables of a trial that hang on the facts only."""
    charts: dict[str, Chart] = {}
    tables: list[Table] = []
    cites: list[object] = []
    parts: dict[str, Any] = {"charts": charts, "tables": tables, "cites": cites, "forecast": forecast_of(snapshot, trial.id, seed)}
    _add_enrolment(snapshot, trial, parts)
    _add_milestones(snapshot, trial, parts)
    add_money(snapshot, trial, parts)
    _add_quality(snapshot, trial, parts)
    _add_documents(snapshot, trial, parts)
    _add_people(snapshot, trial, parts)
    return parts


def _plan_in_words(snapshot: Snapshot, trial: TrialFacts) -> str:
    """What the plan had by now, from the measure; on the day of the last counts, which may lie before that of the participants."""
    reading = read_plan_by_now(snapshot, trial.id)
    if reading is None or reading.numerator is None or reading.denominator is None:
        return "; the plan by now is too small or unknown." if trial.plan else "; no plan by month was loaded."
    share, planned = wording.share(reading.value or 0.0), wording.number(round(reading.denominator))
    if trial.counted_on is None:
        return f"; the plan had {planned} by now ({share})."
    return f"; on {wording.day(trial.counted_on)} it had {wording.number(round(reading.numerator))} of the {planned} planned by then ({share})."


def _add_enrolment(snapshot: Snapshot, trial: TrialFacts, parts: dict[str, Any]) -> None:
    sentence = (
        f"{wording.number(trial.enrolled)} of {wording.number(trial.planned)} participants are enrolled"
        if trial.planned
        else f"{wording.plural(trial.enrolled, 'participant')} {'is' if trial.enrolled == 1 else 'are'} enrolled"
    )
    by_now = _plan_in_words(snapshot, trial)
    sentence += by_now + last_in_words(parts["forecast"])
    parts["enrolment_sentence"] = sentence
    parts["cites"] += [trial.enrolled, trial.planned or 0, by_now, last_in_words(parts["forecast"])]
    parts["charts"]["enrolment"] = trial_charts.enrolment_chart(
        trial.name, sentence, trial.points, trial.plan, trial.planned, snapshot.data_cut, parts["forecast"]
    )
    by_country: dict[str, list[Any]] = defaultdict(list)
    for site in read_portfolio(snapshot).by_study.get(trial.id, []):
        by_country[site.row["country"] or ""].append(site)
    rows = [
        {
            "country": Cell(code, country_name(code), href=f"/trials/{trial.id}/countries/{code}") if code else "country not stated", "sites": len(sites),
            "open": sum(s.row["site_active_dt"] is not None and s.row["closed_dt"] is None for s in sites), "enrolled": sum(s.enrolled for s in sites),
            "planned": sum(s.row["num_plan_subj"] or 0 for s in sites),
        }
        for code, sites in sorted(by_country.items(), key=lambda item: -sum(s.enrolled for s in item[1]))
    ]  # fmt: skip
    columns = [
        Column("country", "Country"),
        Column("sites", "Sites", is_number=True),
        Column("open", "Open", is_number=True),
        Column("enrolled", "Enrolled", is_number=True),
        Column("planned", "Planned by sites", is_number=True),
    ]
    parts["tables"].append(Table("countries", "Countries, the largest first", columns, rows, empty="No site of this trial was loaded yet."))
    panels = trial_charts.country_panels(
        trial.name,
        {country_name(code): trial_charts.merge_points(s.points for s in sites) for code, sites in by_country.items()},
        "Enrolment by country, the six largest on equal axes.",
    )
    if panels is not None:
        parts["charts"]["countries"] = panels


def _add_milestones(snapshot: Snapshot, trial: TrialFacts, parts: dict[str, Any]) -> None:
    rows = milestones_of(snapshot, trial, parts["forecast"])
    late = [row for row in rows if row["verdict"] is Verdict.CONCERN and row["actual"] is None]
    pending = [row for row in rows if row["actual"] is None]
    sentence = (
        f"{wording.of(len(late), len(pending))} milestones still to come are likely to be late."
        if pending and any(row["likely"] for row in rows)
        else f"{wording.of(len(rows) - len(pending), len(rows))} milestones are done."
    )
    if not rows:
        sentence = "No milestone of this trial was loaded yet."
    parts["milestone_sentence"] = sentence
    parts["cites"] += [len(late), len(pending), len(rows), len(rows) - len(pending)]
    if rows:
        parts["charts"]["milestones"] = trial_charts.milestone_chart(trial.name, sentence, rows, snapshot.data_cut)
    shown = [
        {
            "label": row["label"], "planned": row["planned"] or "not planned", "likely": "done" if row["actual"] else row["likely"] or "not forecast", "actual": row["actual"] or "not yet",
            "late": Cell(row["late"], wording.late(row["late"])) if row["late"] is not None else "not known", "verdict": row["verdict"],
        }
        for row in rows
    ]  # fmt: skip
    columns = [
        Column("label", "Milestone"),
        Column("planned", "Planned"),
        Column("likely", "Likely"),
        Column("actual", "Done"),
        Column("late", "Against plan", is_number=True),
        Column("verdict", "Verdict"),
    ]
    parts["tables"].append(
        Table("milestones", "Milestones in order of plan", columns, shown, empty="No milestone of this trial was loaded yet.")
    )


def last_in_words(forecast: TrialForecast | None) -> str:
    """When the last participant is likely to enrol, with the likely range in the same breath; empty without forecast."""
    milestone = forecast.milestone("last_participant_in") if forecast else None
    if milestone is None or milestone.actual is not None or milestone.median is None:
        return ""
    low, high = milestone.quantiles.get(0.1), milestone.quantiles.get(0.9)
    slip = f", {wording.late(milestone.slip_days)}" if milestone.slip_days is not None else ""
    between = f" It is very likely between {wording.month(low)} and {wording.month(high)} (80% range)." if low and high else ""
    return f" The last participant is likely to enrol in {wording.month(milestone.median)}{slip}.{between.replace('very likely', 'likely')}"


def milestones_of(snapshot: Snapshot, trial: TrialFacts, forecast: TrialForecast | None = None) -> list[dict[str, Any]]:
    """The trial's milestones with planned, done and likely dates: from the forecast, else as loaded, else from the trial's own row."""
    if forecast is not None and forecast.milestones:
        entries = [(m.label, m.planned, m.actual, m.median, m.quantiles.get(0.1), m.quantiles.get(0.9)) for m in forecast.milestones]
    else:
        entries = list(_loaded_milestones(snapshot, trial))
    milestones = []
    for label, planned, actual, likely, low, high in entries:
        if planned is None and actual is None and likely is None:
            continue
        reached = actual or likely
        late = (
            (reached - planned).days
            if reached and planned
            else (snapshot.data_cut - planned).days
            if planned and planned < snapshot.data_cut
            else None
        )
        verdict = Verdict.ORDINARY if late is None or abs(late) <= 14 else Verdict.CONCERN if late > 0 else Verdict.BETTER
        milestones.append(
            {
                "label": label,
                "planned": planned,
                "actual": actual,
                "likely": None if actual else likely,
                "low": None if actual else low,
                "high": None if actual else high,
                "late": late,
                "verdict": verdict,
            }
        )
    return milestones


def _loaded_milestones(
    snapshot: Snapshot, trial: TrialFacts
) -> list[tuple[str, date | None, date | None, date | None, date | None, date | None]]:
    sql = "SELECT * FROM milestone WHERE study_id = ? AND coalesce(country, '') = '' AND coalesce(site_id, '') = '' ORDER BY coalesce(planned_finish, baseline_finish, actual_finish), milestone_id"
    found = [
        (r["milestone_type"] or r["milestone_id"], r["planned_finish"] or r["baseline_finish"], r["actual_finish"], r["forecast_finish"])
        for r in snapshot.query(sql, [trial.id]).to_pylist()
    ]
    row = trial.row
    found = found or [
        ("Protocol approved", None, row["protocol_approved_dt"], None), ("First participant", row["est_fpfv"], row["act_fpfv"], None), ("Last participant", row["est_lpfv"], row["act_lpfv"], None),
        ("Last visit", row["est_lplv"], row["act_lplv"], None), ("Database lock", row["est_db_lock_dt"], row["db_lock_dt"], None),
    ]  # fmt: skip
    labels: dict[str, int] = defaultdict(int)
    entries: list[tuple[str, date | None, date | None, date | None, date | None, date | None]] = []
    for name, planned, actual, likely in found:
        label = str(name).replace("_", " ").capitalize()
        labels[label] += 1
        entries.append((label if labels[label] == 1 else f"{label} ({labels[label]})", planned, actual, likely, None, None))
    return entries


def _add_quality(snapshot: Snapshot, trial: TrialFacts, parts: dict[str, Any]) -> None:
    sites = [
        reading
        for key, reading in readings_of(snapshot, "protocol_deviations_per_100_visits", "site").items()
        if key.startswith(f"{trial.id}/")
    ]
    funnel = trial_charts.deviation_funnel(trial.name, sites)
    parts["quality_sentence"] = funnel.sentence if funnel else "There are too few sites with visits to compare."
    if funnel:
        parts["charts"]["quality"] = funnel


def _add_documents(snapshot: Snapshot, trial: TrialFacts, parts: dict[str, Any]) -> None:
    whole = readings_of(snapshot, "tmf_completeness", "study").get(trial.id)
    prefix = f"{trial.id}/"
    countries = {
        key.removeprefix(prefix): reading
        for key, reading in readings_of(snapshot, "tmf_completeness", "country").items()
        if key.startswith(prefix) and reading.is_assessed
    }
    if whole is None or whole.value is None:
        parts["document_sentence"] = (
            f"How complete the trial master file is cannot be said: {whole.not_assessed if whole else 'no document was loaded'}."
        )
    else:
        parts["document_sentence"] = f"{wording.share(whole.value)} of the documents that are due are in the trial master file."
    chart = trial_charts.share_dots(
        f"Documents of {trial.name} by country",
        parts["document_sentence"],
        countries,
        {code: country_name(code) for code in countries},
        "Country",
    )
    if chart:
        parts["charts"]["documents"] = chart
    sql = (
        "SELECT tmf_zone, count(*) FILTER (status <> 'not_applicable') AS expected, count(finalized_dt) AS final, count(*) FILTER (status = 'missing' OR (finalized_dt IS NULL AND expected_dt < ?)) AS overdue, "
        "count(*) FILTER (quality_issue) AS issues FROM tmf_document WHERE study_id = ? GROUP BY tmf_zone ORDER BY overdue DESC, tmf_zone"
    )
    rows = [
        {
            "zone": f"Zone {row['tmf_zone']}" if row["tmf_zone"] is not None else "zone not stated",
            "expected": row["expected"],
            "final": row["final"],
            "overdue": row["overdue"],
            "issues": row["issues"],
        }
        for row in snapshot.query(sql, [snapshot.data_cut, trial.id]).to_pylist()
    ]
    columns = [
        Column("zone", "Zone"),
        Column("expected", "Expected", is_number=True),
        Column("final", "Final", is_number=True),
        Column("overdue", "Overdue", is_number=True),
        Column("issues", "With a quality issue", is_number=True),
    ]
    parts["tables"].append(
        Table(
            "zones", "Documents by zone of the trial master file", columns, rows, empty="No document of this trial was loaded yet.", size=50
        )
    )


def _add_people(snapshot: Snapshot, trial: TrialFacts, parts: dict[str, Any]) -> None:
    sql = "SELECT role, period, sum(fte_planned) AS planned, sum(fte_actual) AS actual, count(DISTINCT person_id) AS people, sum(sites_assigned) AS sites FROM allocation WHERE study_id = ? AND period <= ? GROUP BY ALL ORDER BY role, period"
    series: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in snapshot.query(sql, [trial.id, snapshot.data_cut]).to_pylist():
        series[row["role"]].append(row)
    rows = []
    for role, months in sorted(series.items()):
        last = months[-1]
        rows.append(
            {
                "role": role_name(role),
                "people": last["people"],
                "planned": float(last["planned"] or 0),
                "actual": float(last["actual"] or 0),
                "sites": last["sites"] or "none",
                "month": Cell(last["period"], wording.month(last["period"])),
            }
        )
    columns = [
        Column("role", "Role"),
        Column("people", "People", is_number=True),
        Column("planned", "Planned FTE", is_number=True),
        Column("actual", "Actual FTE", is_number=True),
        Column("sites", "Sites assigned", is_number=True),
        Column("month", "Month"),
    ]
    parts["tables"].append(Table("people", "People by role, latest month", columns, rows, empty="Nobody was allocated to this trial yet."))
    actual, planned, people = sum(row["actual"] for row in rows), sum(row["planned"] for row in rows), sum(row["people"] for row in rows)
    parts["people_sentence"] = (
        f"{wording.number(actual, 1)} of {wording.number(planned, 1)} planned full-time equivalents work on it, {wording.plural(people, 'person', 'people')} in {wording.plural(len(rows), 'role')}."
        if rows
        else "Nobody was allocated to this trial yet."
    )
    parts["cites"] += [wording.number(actual, 1), wording.number(planned, 1), people, len(rows)]
    chart = trial_charts.people_panels(
        trial.name,
        {role_name(role): (_points(months, "actual"), _points(months, "planned")) for role, months in series.items()},
        parts["people_sentence"],
    )
    if chart:
        parts["charts"]["people"] = chart


def _points(months: list[dict[str, Any]], name: str) -> tuple[tuple[date, float], ...]:
    return tuple((row["period"], float(row[name] or 0)) for row in months)
