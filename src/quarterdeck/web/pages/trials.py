"""All trials, worst first, with filters and saved views."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated
from urllib.parse import parse_qsl, urlencode

from fastapi import APIRouter, Form
from fastapi.responses import Response
from sqlalchemy import delete, select

from quarterdeck.record.models.accounts import SavedView
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.finding import Finding
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web.matters import concerns, findings_of, forecast_of, gather_findings, reading_of, study_of
from quarterdeck.web.navigation import Entry, Hit
from quarterdeck.web.portfolio import TrialFacts, read_plan_by_now, read_portfolio
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.trial_charts import enrolment_spark
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
NAVIGATION = (Entry("Trials", "/trials", "Trials", "Which trials need attention first?"),)
FILTERS: dict[str, tuple[str, Callable[[TrialFacts], tuple[str, ...]]]] = {
    "programme": ("Programme", lambda trial: (trial.programme,)),
    "phase": ("Phase", lambda trial: (trial.phase,)),
    "area": ("Area", lambda trial: (trial.area,)),
    "status": ("Status", lambda trial: (trial.status,)),
    "country": ("Country", lambda trial: trial.countries),
    "vendor": ("Vendor", lambda trial: tuple(name for _, name in trial.vendors)),
}


@router.get("/trials")
def show_trials(view: View = permit("page.read", any_scope=True)) -> Response:
    """The trials that the filters leave, those with most to worry about first."""
    readable = [trial for trial in read_portfolio(view.snapshot).trials.values() if view.may_read_study(trial.id)]
    chosen = {name: value for name in FILTERS if (value := view.request.query_params.get(name, ""))}
    trials = [trial for trial in readable if all(value in FILTERS[name][1](trial) for name, value in chosen.items())]
    matters = by_study(gather_findings(view))
    ranked = sorted(trials, key=lambda trial: rank(view, trial, matters.get(trial.id, [])))
    waiting = [trial for trial in trials if matters.get(trial.id)]
    finding = (
        f"{wording.of(len(waiting), len(trials))} trials have something to look into"
        if waiting
        else f"None of {wording.plural(len(trials), 'trial')} has anything to look into"
    )
    return view.page(
        "trials/index.html", finding=finding, tables=[trial_table(view, ranked, matters)], options=_options(readable, chosen), chosen=chosen, saved=_saved(view), query=urlencode(chosen),
        cites=[len(waiting), len(trials), len(readable)], n_all=len(readable),
    )  # fmt: skip


@router.post("/trials/views")
def save_view(
    name: Annotated[str, Form()], query: Annotated[str, Form()] = "", view: View = permit("preference.set", any_scope=True)
) -> Response:
    """Keeps the present filters under a name, for this person."""
    if not name.strip() or len(name) > 80:
        raise BadInput("A saved view needs a name", thing=name[:80], allowed="up to 80 characters")
    kept = urlencode([(key, value) for key, value in parse_qsl(query[:2000]) if key in FILTERS])
    with view.record.transaction() as session:
        session.add(SavedView(person_id=view.actor.id, page="/trials", name=name.strip(), query=kept))
    return view.redirect(f"/trials?{kept}")


@router.post("/trials/views/{view_id}/forget")
def forget_view(view_id: int, view: View = permit("preference.set", any_scope=True)) -> Response:
    """Removes one of one's own saved views."""
    with view.record.transaction() as session:
        session.execute(delete(SavedView).where(SavedView.id == view_id, SavedView.person_id == view.actor.id))
    return view.redirect("/trials")


def trial_table(view: View, trials: list[TrialFacts], matters: dict[str, list[Finding]], size: int = 0) -> Table:
    """Trials as rows: enrolment with its last months, plan, what needs attention."""
    columns = [
        Column("trial", "Trial"), Column("enrolled", "Enrolled", is_number=True), Column("months", "Last 12 months", is_sortable=False), Column("plan", "Against plan", is_number=True),
        Column("sites", "Sites open", is_number=True), Column("end", "Last participant likely"), Column("matters", "To look into"), Column("verdict", "Verdict"),
    ]  # fmt: skip
    return Table(
        "trials",
        "Trials, the most urgent first",
        columns,
        [_row(view, trial, matters.get(trial.id, [])) for trial in trials],
        empty="No trial fits these filters. Choose others.",
        size=size,
    )


def by_study(findings: tuple[Finding, ...]) -> dict[str, list[Finding]]:
    """Concerns by trial."""
    found: dict[str, list[Finding]] = {}
    for finding in concerns(findings):
        if study := study_of(finding.scope):
            found.setdefault(study, []).append(finding)
    return found


def rank(view: View, trial: TrialFacts, found: list[Finding]) -> tuple[float, ...]:
    """Worst first: the trial with the gravest finding, and among those without one, how far enrolment is behind plan."""
    gravest = _gravity(view.snapshot).get(found[0].id, 0) if found else 10**9
    by_now = read_plan_by_now(view.snapshot, trial.id)
    behind = (by_now.value or 0.0) - 1 if by_now else 0.0
    return (gravest, behind if trial.row["status"] in ("enrolling", "start_up", None) else 0.0)


def _gravity(snapshot: Snapshot) -> dict[str, int]:
    return snapshot.cached("web.gravity", lambda: {finding.id: place for place, finding in enumerate(findings_of(snapshot))})


def paths(snapshot: Snapshot) -> list[str]:
    """Pages to prepare, walk and measure."""
    return ["/trials"]


def search(view: View, wanted: str) -> list[Hit]:
    """Trials by number, nickname, product or indication."""
    if not view.has_facts:
        return []
    hits = []
    for trial in read_portfolio(view.snapshot).trials.values():
        text = " ".join(
            str(trial.row[name] or "") for name in ("study_id", "nickname", "product", "protocol_indication", "protocol_title", "nct_id")
        ).lower()
        if wanted in text and view.may_read_study(trial.id):
            hits.append(
                Hit(
                    trial.id if trial.name == trial.id else f"{trial.id} {trial.name}",
                    f"/trials/{trial.id}",
                    "Trial",
                    f"{trial.phase}, {trial.area}, {trial.status}",
                )
            )
    return hits


def _row(view: View, trial: TrialFacts, found: list[Finding]) -> dict[str, object]:
    reading = reading_of(view.snapshot, "enrolment_against_plan", "study", trial.id)
    most = found[0] if found else None
    return {
        "trial": Cell(
            trial.id,
            trial.name,
            href=f"/trials/{trial.id}",
            sub=f"{trial.id + ', ' if trial.name != trial.id else ''}{trial.phase}, {trial.area}",
        ),
        "enrolled": Cell(
            trial.enrolled,
            f"{wording.number(trial.enrolled)} of {wording.number(trial.planned) if trial.planned else 'an unstated number'}",
        ),
        "months": Cell("", svg=view.sparkline(enrolment_spark(trial.name, trial.points, trial.planned))) if trial.points else "nobody yet",
        "plan": reading or "no plan by now",
        "sites": Cell(trial.sites_active, f"{wording.number(trial.sites_active)} of {wording.number(trial.sites)}"),
        "end": _finish(view, trial),
        "matters": Cell(len(found), most.headline, href=f"/trials/{trial.id}", sub=f"and {len(found) - 1} more" if len(found) > 1 else "")
        if most
        else Cell(0, "nothing"),
        "verdict": Verdict.CONCERN if found else Verdict.ORDINARY,
    }


def _finish(view: View, trial: TrialFacts) -> Cell | str:
    """When the last participant enrolled or is likely to, against plan."""
    done, planned = trial.row["act_lpfv"], trial.row["est_lpfv"]
    if done:
        return Cell(done, wording.month(done), sub=f"done, {wording.late((done - planned).days)}" if planned else "done")
    forecast = forecast_of(view.snapshot, trial.id, view.settings.random_seed)
    milestone = forecast.milestone("last_participant_in") if forecast else None
    if milestone is not None and milestone.median is not None:
        return Cell(
            milestone.median,
            wording.month(milestone.median),
            sub=wording.late(milestone.slip_days) if milestone.slip_days is not None else "no plan to compare",
        )
    return Cell(planned, wording.month(planned), sub="as planned; not forecast") if planned else "not planned"


def _options(trials: list[TrialFacts], chosen: dict[str, str]) -> list[tuple[str, str, str, list[tuple[str, str]]]]:
    options = []
    for name, (label, values_of) in FILTERS.items():
        values = sorted({value for trial in trials for value in values_of(trial)})
        options.append((name, label, chosen.get(name, ""), [("", "Any"), *((value, value) for value in values)]))
    return options


def _saved(view: View) -> list[tuple[int, str, str]]:
    with view.record.session() as session:
        rows = session.scalars(
            select(SavedView).where(SavedView.person_id == view.actor.id, SavedView.page == "/trials").order_by(SavedView.name)
        )
        return [(row.id, row.name, f"/trials?{row.query}") for row in rows]
