"""One trial: enrolment, milestones, money, quality, sites, documents, people. Each part is a sentence, then a picture, then a table."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import Response

from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web import trial_charts
from quarterdeck.web.countries import country_name
from quarterdeck.web.matters import concerns, gather_findings, of_study, readings_about, readings_of
from quarterdeck.web.outlook import say_outlook
from quarterdeck.web.portfolio import TrialFacts, get_trial, read_portfolio
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.trial_parts import build_parts
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
QUALITY = (
    "protocol_deviations_per_100_visits", "important_deviations_per_100_visits", "screen_failure", "study_discontinuation", "treatment_discontinuation", "missed_visits",
    "sae_reported_late", "sae_reporting_lag", "data_entry_lag", "query_age", "query_cycle_time", "sdv_backlog", "deviation_reporting_lag", "monitoring_report_timeliness", "major_findings_per_audit",
    "critical_findings_per_audit", "repeat_findings", "capa_overdue",
)  # fmt: skip
DOCUMENTS = ("tmf_completeness", "tmf_timeliness", "tmf_quality")
MONEY = (
    "budget_variance_year",
    "budget_variance_quarter",
    "cost_performance",
    "schedule_performance",
    "estimate_at_completion",
    "change_order_rate",
    "change_orders_preventable",
    "invoices_overdue",
)


@router.get("/trials/{study_id}")
def show_trial(study_id: str, view: View = permit("page.read")) -> Response:
    """The trial's page."""
    trial = get_trial(view.snapshot, study_id)
    seed = view.settings.random_seed
    parts = view.snapshot.cached(("web.trial", study_id, seed), lambda: build_parts(view.snapshot, trial, seed))
    found = of_study(gather_findings(view), study_id)
    urgent = concerns(found)
    finding = (
        urgent[0].headline if urgent and urgent[0].scope.level == "study" else f"{trial.name}: {parts['enrolment_sentence'].rstrip('.')}"
    )
    readings = readings_about(view.snapshot, "study", study_id)
    return view.page(
        "trials/trial.html",
        finding=finding,
        trial=trial,
        parts=parts,
        urgent=urgent,
        tables=[
            *parts["tables"],
            reading_table(view.snapshot, "quality", "Quality measures", readings, QUALITY),
            reading_table(view.snapshot, "documents", "Documents in the trial master file", readings, DOCUMENTS),
            reading_table(view.snapshot, "money_measures", "Money measures", readings, MONEY),
            site_table(view, study_id),
        ],
        charts=parts["charts"],
        readings=readings.values(),
        findings=found,
        cites=[
            trial.planned or 0,
            trial.enrolled,
            trial.id,
            trial.name,
            *parts["cites"],
            *(text for f in found for text in (f.headline, f.cause, f.suggested_action)),
            *_row_texts(trial),
        ],
    )


def reading_table(
    snapshot: Snapshot, name: str, caption: str, readings: Mapping[str, Reading], measures: tuple[str, ...] | None = None
) -> Table:
    """Readings of one thing: value with its way to the source, interval, target, verdict."""
    from quarterdeck.measures.catalogue import load_definitions

    definitions = load_definitions()
    chosen = [measure for measure in (measures or definitions) if measure in readings and measure in definitions]
    rows = []
    for measure in chosen:
        reading, definition = readings[measure], definitions[measure]
        rows.append(
            {
                "measure": Cell(definition.name, href=f"/measures/{measure}"),
                "value": reading,
                "interval": wording.interval(reading.interval, reading.unit).split(" (")[0] if reading.interval else "not assessed",
                "target": definition.target.in_words(definition.unit) if definition.target else "none set",
                "outlook": say_outlook(reading) or "not judged",
                "verdict": reading.verdict or "not judged",
            }
        )
    rows.sort(key=lambda row: {Verdict.CONCERN: 0, Verdict.BETTER: 2}.get(row["verdict"], 1) if isinstance(row["verdict"], Verdict) else 3)
    columns = [
        Column("measure", "Measure"),
        Column("value", "Value", is_number=True),
        Column("interval", "Likely range"),
        Column("target", "Target"),
        Column("outlook", "Against it"),
        Column("verdict", "Verdict"),
    ]
    return Table(name, caption, columns, rows, empty="Nothing was loaded that these measures could be worked out from.", size=50)


def site_table(view: View, study_id: str, country: str = "") -> Table:
    """Sites with enrolment, screening and how many things to look into, the most urgent first."""
    snapshot = view.snapshot
    about: dict[str, int] = defaultdict(int)
    for finding in concerns(of_study(gather_findings(view), study_id)):
        if finding.scope.level == "site":
            about[finding.scope.key] += 1
    sites = [site for site in read_portfolio(snapshot).by_study.get(study_id, []) if not country or site.row["country"] == country]
    deviations = readings_of(snapshot, "protocol_deviations_per_100_visits", "site")
    rows = [
        {
            "site": Cell(
                site.site_id,
                href=f"/trials/{study_id}/sites/{site.site_id}",
                sub=(site.row["site_status"] or "status not stated").replace("_", " "),
            ),
            "country": Cell(
                site.row["country"], country_name(site.row["country"]), href=f"/trials/{study_id}/countries/{site.row['country']}"
            )
            if site.row["country"]
            else "not stated",
            "enrolled": Cell(site.enrolled, f"{wording.number(site.enrolled)} of {wording.number(site.row['num_plan_subj'])}")
            if site.row["num_plan_subj"]
            else site.enrolled,
            "months": Cell("", svg=view.sparkline(trial_charts.enrolment_spark(f"Site {site.site_id}", site.points)))
            if site.points
            else "nobody yet",
            "open": site.row["site_active_dt"] or "not open",
            "deviations": deviations.get(site.key) or "not assessed",
            "matters": Cell(about[site.key], f"{about[site.key]} to look into") if about[site.key] else Cell(0, "nothing"),
        }
        for site in sorted(sites, key=lambda site: (-about[site.key], -site.enrolled, site.site_id))
    ]
    columns = [
        Column("site", "Site"), Column("country", "Country"), Column("enrolled", "Enrolled", is_number=True), Column("months", "Last 12 months", is_sortable=False), Column("open", "Open since"),
        Column("deviations", "Deviations per 100 visits", is_number=True), Column("matters", "To look into", is_number=True),
    ]  # fmt: skip
    return Table("sites", "Sites, the most urgent first", columns, rows, empty="No site of this trial was loaded yet.")


def paths(snapshot: Snapshot) -> list[str]:
    """Every trial's page."""
    return [f"/trials/{study_id}" for study_id in read_portfolio(snapshot).trials]


def _row_texts(trial: TrialFacts) -> list[object]:
    return [
        trial.phase,
        trial.row["protocol_title"] or "",
        trial.row["nct_id"] or "",
        trial.row["protocol_indication"] or "",
        trial.programme,
        len(trial.countries),
        trial.sites,
        trial.sites_active,
        len(trial.vendors),
        *(name for _, name in trial.vendors),
    ]
