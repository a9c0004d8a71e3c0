"""One site of a trial, one country of a trial, and one country over all trials."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import Response

from quarterdeck.charts.base import Chart
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import NotFound
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web import trial_charts
from quarterdeck.web.countries import country_name, country_names
from quarterdeck.web.matters import concerns, gather_findings, readings_about
from quarterdeck.web.navigation import Entry, Hit
from quarterdeck.web.pages.trial import reading_table, site_table
from quarterdeck.web.portfolio import SiteFacts, get_site, get_trial, read_portfolio
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
NAVIGATION = (Entry("Countries", "/countries", "Trials", "Where do trials run, and how well?"),)
STEPS = (
    ("Selected", "selected_dt"), ("Qualified", "qualification_dt"), ("Contract executed", "contract_executed_dt"), ("Ethics approval", "ethics_approval_dt"), ("Initiated", "initiation_dt"),
    ("Open", "site_active_dt"), ("Closed", "closed_dt"),
)  # fmt: skip


@router.get("/trials/{study_id}/sites/{site_id}")
def show_site(study_id: str, site_id: str, view: View = permit("page.read")) -> Response:
    """One site: enrolment, measures, its way to opening, findings."""
    site, trial = get_site(view.snapshot, study_id, site_id), get_trial(view.snapshot, study_id)
    readings = readings_about(view.snapshot, "site", site.key)
    found = [finding for finding in gather_findings(view) if finding.scope.level == "site" and finding.scope.key == site.key]
    sentence = _site_sentence(site)
    chart = trial_charts.enrolment_chart(f"site {site_id}", sentence, site.points, (), site.row["num_plan_subj"], view.today)
    charts: dict[str, Chart] = {"enrolment": chart} if site.points else {}
    steps = [{"step": label, "date": site.row[name] or "not yet"} for label, name in STEPS if label != "Closed" or site.row[name]]
    urgent = concerns(found)
    return view.page(
        "trials/site.html", finding=urgent[0].headline.rstrip('.') if urgent else f"Site {site_id}: {sentence.rstrip('.')}", site=site, trial=trial, sentence=sentence, urgent=urgent, country=country_name(site.row["country"]), measured=measured(readings),
        tables=[reading_table(view.snapshot, "measures", "Measures of this site", readings), Table("steps", "The way to opening", [Column("step", "Step"), Column("date", "Date")], steps)],
        charts=charts, readings=readings.values(), findings=found,
        cites=[site.enrolled, site.screened, site.failed, site.row["num_plan_subj"] or 0, site_id, study_id, trial.name, measured(readings), *(text for f in found for text in (f.headline, f.cause, f.suggested_action))],
    )  # fmt: skip


@router.get("/trials/{study_id}/countries/{country}")
def show_trial_country(study_id: str, country: str, view: View = permit("page.read")) -> Response:
    """One country of a trial: enrolment, measures, sites."""
    trial = get_trial(view.snapshot, study_id)
    sites = [site for site in read_portfolio(view.snapshot).by_study.get(study_id, []) if site.row["country"] == country]
    if not sites:
        raise NotFound("The trial has no site in this country in these facts", thing=f"{study_id}, {country}")
    name, readings = country_name(country), readings_about(view.snapshot, "country", f"{study_id}/{country}")
    points = trial_charts.merge_points(site.points for site in sites)
    enrolled, planned = sum(site.enrolled for site in sites), sum(site.row["num_plan_subj"] or 0 for site in sites)
    sentence = (
        f"{wording.number(enrolled)} of {wording.number(planned)} participants are enrolled at {wording.plural(len(sites), 'site')}."
        if planned
        else f"{wording.plural(enrolled, 'participant')} enrolled at {wording.plural(len(sites), 'site')}."
    )
    charts: dict[str, Chart] = (
        {"enrolment": trial_charts.enrolment_chart(f"{trial.name} in {name}", sentence, points, (), planned or None, view.today)}
        if points
        else {}
    )
    found = [
        f
        for f in gather_findings(view)
        if f.scope.key == f"{study_id}/{country}" or (f.scope.level == "site" and f.scope.key in {site.key for site in sites})
    ]
    return view.page(
        "trials/country.html", finding=f"{trial.name} in {name}: {sentence.rstrip('.')}", trial=trial, name=name, urgent=concerns(found), sentence=sentence, measured=measured(readings),
        tables=[reading_table(view.snapshot, "measures", f"Measures in {name}", readings), site_table(view, study_id, country), _approvals(view, study_id, country)],
        charts=charts, readings=readings.values(), findings=found, cites=[enrolled, planned, len(sites), trial.name, measured(readings), *(text for f in found for text in (f.headline, f.cause, f.suggested_action))],
    )  # fmt: skip


@router.get("/countries")
def show_countries(view: View = permit("page.read", any_scope=True)) -> Response:
    """Every country with its trials, sites and participants."""
    rows = []
    for code, sites in read_portfolio(view.snapshot).by_country.items():
        mine = [site for site in sites if view.may_read_study(site.study_id)]
        if mine:
            opened = [site for site in mine if site.row["site_active_dt"]]
            rows.append(
                {
                    "country": Cell(country_name(code), href=f"/countries/{code}"), "trials": len({site.study_id for site in mine}), "sites": len(mine), "open": len(opened),
                    "none": sum(site.enrolled == 0 for site in opened), "enrolled": sum(site.enrolled for site in mine),
                }
            )  # fmt: skip
    rows.sort(key=lambda row: -int(str(row["enrolled"])))
    columns = [
        Column("country", "Country"), Column("trials", "Trials", is_number=True), Column("sites", "Sites", is_number=True), Column("open", "Opened", is_number=True),
        Column("none", "Opened and nobody enrolled", is_number=True), Column("enrolled", "Enrolled", is_number=True),
    ]  # fmt: skip
    n_sites = sum(int(str(row["sites"])) for row in rows)
    finding = f"Trials run in {wording.plural(len(rows), 'country', 'countries')} at {wording.plural(n_sites, 'site')}"
    return view.page(
        "trials/countries.html",
        finding=finding,
        tables=[Table("countries", "Countries, most participants first", columns, rows, empty="No site was loaded yet.")],
        cites=[len(rows), n_sites],
    )


@router.get("/countries/{country}")
def show_country(country: str, view: View = permit("page.read", any_scope=True)) -> Response:
    """One country over all trials that the reader may see."""
    sites = [site for site in read_portfolio(view.snapshot).by_country.get(country, []) if view.may_read_study(site.study_id)]
    if not sites:
        raise NotFound("No trial has a site in this country in these facts", thing=country)
    portfolio, name = read_portfolio(view.snapshot), country_name(country)
    by_study: dict[str, list[SiteFacts]] = {}
    for site in sites:
        by_study.setdefault(site.study_id, []).append(site)
    rows = [
        {
            "trial": Cell(study_id, portfolio.trials[study_id].name if study_id in portfolio.trials else study_id, href=f"/trials/{study_id}/countries/{country}"), "sites": len(own),
            "open": sum(s.row["site_active_dt"] is not None and s.row["closed_dt"] is None for s in own), "enrolled": sum(s.enrolled for s in own), "screened": sum(s.screened for s in own),
        }
        for study_id, own in sorted(by_study.items())
    ]  # fmt: skip
    columns = [
        Column("trial", "Trial"),
        Column("sites", "Sites", is_number=True),
        Column("open", "Open", is_number=True),
        Column("enrolled", "Enrolled", is_number=True),
        Column("screened", "Screened", is_number=True),
    ]
    enrolled = sum(site.enrolled for site in sites)
    points = trial_charts.merge_points(site.points for site in sites)
    sentence = f"{wording.plural(enrolled, 'participant')} enrolled at {wording.plural(len(sites), 'site')} of {wording.plural(len(by_study), 'trial')}."
    charts: dict[str, Chart] = {"enrolment": trial_charts.enrolment_chart(name, sentence, points, (), None, view.today)} if points else {}
    return view.page(
        "trials/country_all.html",
        finding=f"{name}: {sentence.rstrip('.')}",
        tables=[Table("trials", f"Trials in {name}", columns, rows)],
        charts=charts,
        sentence=sentence,
        name=name,
        cites=[enrolled, len(sites), len(by_study)],
    )


def paths(snapshot: Snapshot) -> list[str]:
    """The countries, and the largest site and country of each trial: others are alike."""
    portfolio = read_portfolio(snapshot)
    largest = [max(sites, key=lambda site: site.enrolled) for sites in portfolio.by_study.values()]
    pages = ["/countries", *(f"/countries/{code}" for code in sorted(portfolio.by_country)[:3])]
    for site in largest:
        pages.append(f"/trials/{site.study_id}/sites/{site.site_id}")
        if site.row["country"]:
            pages.append(f"/trials/{site.study_id}/countries/{site.row['country']}")
    return pages


def search(view: View, wanted: str) -> list[Hit]:
    """Sites by number, and countries by name."""
    if not view.has_facts:
        return []
    portfolio = read_portfolio(view.snapshot)
    sites = [
        Hit(
            f"Site {site.site_id} of {site.study_id}",
            f"/trials/{site.study_id}/sites/{site.site_id}",
            "Site",
            country_name(site.row["country"]),
        )
        for site in portfolio.sites.values()
        if (wanted in site.site_id.lower() or wanted == (site.row["investigator_id"] or "").lower()) and view.may_read_study(site.study_id)
    ]
    countries = [
        Hit(name, f"/countries/{code}", "Country")
        for code, name in country_names().items()
        if wanted in name.lower() and code in portfolio.by_country
    ]
    return [*countries[:10], *sites[:20]]


def _site_sentence(site: SiteFacts) -> str:
    planned = site.row["num_plan_subj"]
    enrolled = (
        f"{wording.number(site.enrolled)} of {wording.number(planned)} participants are enrolled"
        if planned
        else f"{wording.plural(site.enrolled, 'participant')} {'is' if site.enrolled == 1 else 'are'} enrolled"
    )
    return (
        f"{enrolled}, {wording.number(site.failed)} of {wording.number(site.screened)} screened failed."
        if site.screened
        else f"{enrolled}."
    )


def _approvals(view: View, study_id: str, country: str) -> Table:
    found = view.snapshot.query("SELECT * FROM study_country WHERE study_id = ? AND country = ?", [study_id, country]).to_pylist()
    steps = (
        ("Regulator: submitted", "reg_submission_dt"),
        ("Regulator: approved", "reg_approval_dt"),
        ("Ethics: submitted", "ethics_submission_dt"),
        ("Ethics: approved", "ethics_approval_dt"),
    )
    rows = [{"step": label, "date": found[0][name] or "not yet"} for label, name in steps] if found else []
    return Table(
        "approvals",
        "Approvals",
        [Column("step", "Step"), Column("date", "Date")],
        rows,
        empty="No approval of this country was loaded yet.",
    )


__all__ = ["Verdict", "router"]


def measured(readings: Mapping[str, Reading]) -> str:
    """How many of the measures that have a value are a concern, as a heading."""
    known = [reading for reading in readings.values() if reading.is_assessed]
    bad = sum(reading.verdict is Verdict.CONCERN for reading in known)
    if not known:
        return "No measure has a value here yet"
    if not bad:
        return f"None of {wording.plural(len(known), 'measure')} is a concern"
    return f"{wording.of(bad, len(known))} measures {'is' if bad == 1 else 'are'} a concern"
