"""Pages about rules: what applies, one change with its trials, what comes, the map of changes by trial, the compliance map, a document."""

from __future__ import annotations

from typing import TYPE_CHECKING

from fastapi import APIRouter
from fastapi.responses import Response

from quarterdeck.charts.heat_map import HeatCell, HeatMap
from quarterdeck.regulation.compliance import derive_coverage
from quarterdeck.regulation.findings import derive_impacts, findings
from quarterdeck.regulation.foresight import (
    WEIGHT,
    derive_heat_map,
    derive_recent,
    derive_timeline,
    write_calendar,
)
from quarterdeck.regulation.implications import Impact, load_day_rate
from quarterdeck.regulation.knowledge import CLASSES, LANES, get_change, load_actions, load_changes
from quarterdeck.regulation.model import CERTAINTIES, Outcome
from quarterdeck.regulation.queries import list_actions, list_answers, list_assessments
from quarterdeck.regulation.states import STATES, get_steps
from quarterdeck.vocabulary import wording
from quarterdeck.web.navigation import Entry, Hit
from quarterdeck.web.pages.regulation_tables import (
    OWED,
    actions_table,
    changes_table,
    conflicts_table,
    dates_table,
    documents_table,
    events_table,
    lane_chart,
    open_proposals,
    readiness_table,
    sources_table,
    verdicts_table,
)
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
NAVIGATION = (
    Entry("Regulation", "/regulation", "Regulation", "Which rules touch which trials, from when, and what to do?"),
    Entry("What comes", "/regulation/timeline", "Regulation", "What comes in the next 36 months, and how sure is it?"),
    Entry("Changes by trial", "/regulation/map", "Regulation", "Where do rules and trials meet?"),
    Entry("Compliance map", "/regulation/compliance", "Regulation", "Which control and which evidence answers each clause?"),
)


@router.get("/regulation")
def show_overview(view: View = permit("portfolio.read")) -> Response:
    """What applies now, with work and money; what has just come; what hangs on an answer."""
    impacts = impacts_of(view)
    applying = [i for i in impacts if i.trials(Outcome.APPLIES)]
    asking = [i for i in impacts if i.trials(Outcome.NEEDS_REVIEW)]
    found = findings(view.snapshot, list_answers(view.record))
    recent = derive_recent(load_changes().values(), view.today)
    states = {(a.change_id, a.trial): a.state for a in list_assessments(view.record)}
    title = f"{wording.of(len(applying), len(impacts))} changes of the rules apply to our trials"
    return view.page(
        "regulation/index.html",
        finding=title,
        tables=[changes_table(impacts), events_table("recent", "What has just come", recent), readiness_table(impacts, states, view)],
        findings=found,
        cites=[title, len(asking), *load_day_rate(), *(text for f in found for text in (f.headline, f.cause, f.suggested_action))],
        asking=len(asking),
        found=found,
        rate=load_day_rate(),
    )


@router.get("/regulation/changes/{change_id}")
def show_change(change_id: str, view: View = permit("portfolio.read")) -> Response:
    """One change: dates with certainty, conflicts, sources, trials with verdicts, actions to accept, assessments to sign."""
    change = get_change(change_id)
    impact = next(i for i in impacts_of(view) if i.change.id == change_id)
    touched = impact.trials(*OWED)
    title = f"{change.title}: {wording.of(len(impact.trials(Outcome.APPLIES)), len(impact.judgements))} trials are touched"
    texts = [
        title,
        change.title,
        change.summary,
        *change.implications,
        *change.unknown_dates,
        *(c.view for c in change.conflicts),
        *(c.about for c in change.conflicts),
    ]
    texts += [source.name for source in change.sources] + [change.lever.say if change.lever else ""]
    assessments = list_assessments(view.record, change_id)
    return view.page(
        "regulation/change.html",
        finding=title,
        tables=[
            dates_table(change),
            conflicts_table(change),
            verdicts_table(impact),
            actions_table(impact, view),
            sources_table(change),
            documents_table(change, view),
        ],
        cites=[*texts, *impact.effort_days, *impact.cost_gbp, len(touched), *(str(a.decision) for a in assessments)],
        change=change,
        impact=impact,
        stage=CLASSES[change.stage],
        certainty=CERTAINTIES[change.certainty],
        assessments=[(a, STATES[a.state], get_steps(a.state)) for a in assessments],
        open_proposals=open_proposals(impact, view),
        touched=touched,
        today=view.today,
    )


@router.get("/regulation/timeline")
def show_timeline(view: View = permit("portfolio.read")) -> Response:
    """36 months ahead in three lanes, by certainty; spans where the day is not known."""
    events = derive_timeline(load_changes().values(), view.today)
    exact = [e for e in events if e.low == e.high]
    charts = {}
    for lane, label in LANES.items():
        if mine := [e for e in events if e.lane == lane][:20]:
            charts[lane] = lane_chart(label, mine, view.today)
    title = f"{wording.plural(len(events), 'date')} of the rules lie ahead; {wording.plural(len(exact), 'is', 'are')} known to the day"
    return view.page(
        "regulation/timeline.html",
        finding=title,
        tables=[events_table("events", "What comes", events)],
        charts=charts,
        cites=[title, 36],
        lanes=LANES,
    )


@router.get("/regulation/calendar.ics")
def send_calendar(view: View = permit("portfolio.read")) -> Response:
    """Deadlines for any calendar, with reminders."""
    library = load_actions()
    accepted = [
        (f"action-{a.id}", library[a.template].title, a.due)
        for a in list_actions(view.record)
        if a.state == "accepted" and a.due and a.template in library
    ]
    content = write_calendar(derive_timeline(load_changes().values(), view.today), view.today, accepted)
    return Response(content, media_type="text/calendar", headers={"Content-Disposition": 'attachment; filename="regulation.ics"'})


@router.get("/regulation/map")
def show_map(view: View = permit("portfolio.read")) -> Response:
    """Changes by trial."""
    rows, columns, cells = derive_heat_map(impacts_of(view))
    titles = {c.id: c.title for c in load_changes().values()}
    drawn = [HeatCell(row, column, float(WEIGHT[cells[row, column]])) for row in rows for column in columns]
    total = sum(cells[row, column] is Outcome.APPLIES for row in rows for column in columns)
    title = f"{wording.plural(len(rows), 'change meets', 'changes meet')} {wording.plural(len(columns), 'trial')} in {wording.plural(total, 'place')} where something must be done"
    charts = {}
    if drawn:
        charts["map"] = HeatMap(
            title=title,
            sentence="Strongest: applies (3); then needs an answer (2), to watch (1), does not apply (0).",
            method="Each cell is the verdict of one rule for one trial; the table below has them in words.",
            unit="number",
            cells=tuple(drawn),
            ends=(0.0, 3.0),
            row_label="Change",
            column_label="Trial",
        )
    verdicts = [
        {"change": Cell(row, titles[row], href=f"/regulation/changes/{row}"), **{column: cells[row, column].word for column in columns}}
        for row in rows
    ]
    table = Table(
        "verdicts",
        "Verdicts by change and trial",
        [Column("change", "Change"), *(Column(c, c) for c in columns)],
        verdicts,
        empty="No change touches a trial. Load `study` and `study_country`.",
    )
    return view.page("regulation/map.html", finding=title, tables=[table], charts=charts, cites=[title, 0, 1, 2, 3])


@router.get("/regulation/compliance")
def show_compliance(view: View = permit("portfolio.read")) -> Response:
    """Clause, control, evidence."""
    coverage = derive_coverage(view.snapshot)
    shown = sum(c.state == "shown" for c in coverage)
    words = {"shown": "shown by rows", "partly": "partly shown", "missing": "no rows yet", "elsewhere": "kept outside the tables"}
    rows = [
        {
            "instrument": c.clause.title,
            "clause": c.clause.clause,
            "r2": c.clause.r2 or "not in E6(R2)",
            "about": c.clause.about,
            "control": c.clause.control,
            "evidence": ", ".join(
                [f"{name}: {wording.number(n)} rows" for name, n in c.rows] + [f"{name} (record)" for name in c.elsewhere]
            ),
            "state": words[c.state],
            "owner": c.clause.owner,
        }
        for c in coverage
    ]
    columns = [
        Column(k, label)
        for k, label in (
            ("instrument", "Instrument"),
            ("clause", "Clause"),
            ("about", "About"),
            ("control", "Control"),
            ("evidence", "Evidence"),
            ("state", "State"),
            ("owner", "Owner"),
            ("r2", "In E6(R2)"),
        )
    ]
    title = f"{wording.of(shown, len(coverage))} clauses are shown by rows of the evidence base"
    return view.page(
        "regulation/compliance.html",
        finding=title,
        tables=[Table("clauses", "Clauses, controls and evidence", columns, rows)],
        cites=[title],
    )


def impacts_of(view: View) -> tuple[Impact, ...]:
    """The impact of every change, with the answers on record."""
    return derive_impacts(view.snapshot, list_answers(view.record))


def paths(snapshot: Snapshot) -> list[str]:
    """Every page about rules."""
    return [
        "/regulation",
        "/regulation/timeline",
        "/regulation/map",
        "/regulation/compliance",
        *(f"/regulation/changes/{change}" for change in load_changes()),
    ]


def search(view: View, words: str) -> list[Hit]:
    """Changes whose title or topic holds the words."""
    return [
        Hit(c.title, f"/regulation/changes/{c.id}", "Change of the rules", c.authority)
        for c in load_changes().values()
        if words in f"{c.title} {c.id} {c.authority} {' '.join(c.topics)}".lower()
    ]
