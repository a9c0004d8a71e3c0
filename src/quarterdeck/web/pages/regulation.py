"""Pages about rules: what applies, one change with its trials, what comes, the map of changes by trial, the compliance map, a document."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.assistant.model import is_configured
from quarterdeck.charts.heat_map import HeatCell, HeatMap
from quarterdeck.charts.timeline import Milestone, Timeline
from quarterdeck.regulation.comparison import compare_paragraphs, compare_texts
from quarterdeck.regulation.compliance import derive_coverage
from quarterdeck.regulation.findings import derive_impacts, findings
from quarterdeck.regulation.foresight import (
    WEIGHT,
    Event,
    derive_heat_map,
    derive_readiness,
    derive_recent,
    derive_timeline,
    write_calendar,
)
from quarterdeck.regulation.implications import Impact, load_day_rate
from quarterdeck.regulation.knowledge import CLASSES, LANES, Change, get_change, load_actions, load_changes
from quarterdeck.regulation.model import CERTAINTIES, Outcome
from quarterdeck.regulation.obligations import find_obligations
from quarterdeck.regulation.provisions import split_provisions
from quarterdeck.regulation.queries import get_document, list_actions, list_answers, list_assessments, list_documents, list_versions
from quarterdeck.regulation.sources import load_sources
from quarterdeck.regulation.states import STATES, get_steps
from quarterdeck.regulation.stories import build_stories
from quarterdeck.regulation.summaries import summarise
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import NotFound
from quarterdeck.web.navigation import Entry, Hit
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.papers.short_summary import ShortSummary

router = APIRouter()
NAVIGATION = (
    Entry("Regulation", "/regulation", "Regulation", "Which rules touch which trials, from when, and what to do?"),
    Entry("What comes", "/regulation/timeline", "Regulation", "What comes in the next 36 months, and how sure is it?"),
    Entry("Changes by trial", "/regulation/map", "Regulation", "Where do rules and trials meet?"),
    Entry("Compliance map", "/regulation/compliance", "Regulation", "Which control and which evidence answers each clause?"),
)
OWED = (Outcome.APPLIES, Outcome.WATCH, Outcome.NEEDS_REVIEW)


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
        tables=[_changes_table(impacts), _events_table("recent", "What has just come", recent), _readiness_table(impacts, states, view)],
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
            _dates_table(change),
            _conflicts_table(change),
            _verdicts_table(impact),
            _actions_table(impact, view),
            _sources_table(change),
            _documents_table(change, view),
        ],
        cites=[*texts, *impact.effort_days, *impact.cost_gbp, len(touched), *(str(a.decision) for a in assessments)],
        change=change,
        impact=impact,
        stage=CLASSES[change.stage],
        certainty=CERTAINTIES[change.certainty],
        assessments=[(a, STATES[a.state], get_steps(a.state)) for a in assessments],
        open_proposals=_open_proposals(impact, view),
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
            charts[lane] = _lane_chart(label, mine, view.today)
    title = f"{wording.plural(len(events), 'date')} of the rules lie ahead; {wording.plural(len(exact), 'is', 'are')} known to the day"
    return view.page(
        "regulation/timeline.html",
        finding=title,
        tables=[_events_table("events", "What comes", events)],
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


@router.get("/regulation/document")
def show_document(id: str, view: View = permit("portfolio.read")) -> Response:
    """One document: summary with its basis, dates with phrases, obligations, and what differs from the version before."""
    return _document_page(view, id)


@router.post("/regulation/document")
def shorten_document(id: Annotated[str, Form()], view: View = permit("model.call")) -> Response:
    """The same page with the extract in fewer words, where a language model is set and its words stand the check."""
    from quarterdeck.papers.short_summary import shorten_summary

    return _document_page(view, id, shorten_summary(get_document(view.record, id), view.settings, view.record, view.actor, view.deck.now()))


def _document_page(view: View, id: str, short: ShortSummary | None = None) -> Response:
    document = get_document(view.record, id)
    versions = list_versions(view.record, id)
    summary = summarise(document)
    duties = [o for p in split_provisions(document.text[:150_000]) for o in find_obligations(p.text, p.path)]
    dates = [
        {
            "kind": f.kind.replace("_", " "),
            "day": f.date or f.computed or "not a day",
            "words": f.expression or f.phrase,
            "basis": f"{f.basis}{'; ' + f.formula if f.formula else ''}",
            "certainty": CERTAINTIES[f.certainty],
        }
        for f in document.dates
    ]
    tables = [
        Table(
            "dates",
            "Dates it states",
            [
                Column("kind", "Kind"),
                Column("day", "Day"),
                Column("words", "Words"),
                Column("basis", "Basis"),
                Column("certainty", "Certainty"),
            ],
            dates,
            empty="It states no date of a kind that is tracked.",
        ),
        Table(
            "obligations",
            "Who must do what",
            [
                Column("provision", "Where"),
                Column("actor", "Who"),
                Column("modality", "Force"),
                Column("action", "What"),
                Column("limit", "Within"),
            ],
            [
                {
                    "provision": o.provision,
                    "actor": o.actor,
                    "modality": o.modality.replace("_", " "),
                    "action": o.action,
                    "limit": o.time_limit or "not stated",
                }
                for o in duties
            ],
            empty="No obligation was found in its text.",
            size=25,
        ),
        _differences_table(versions),
        _story_table(view, id),
    ]
    source = next((s for s in load_sources().values() if s.authority and s.authority in document.authority), None)
    return view.page(
        "regulation/document.html",
        finding=document.title,
        tables=tables,
        cites=[
            document.title,
            summary.text,
            *((short.note, *(quoted.text for quoted in short.sentences)) if short else ()),
            document.authority,
            document.id,
            document.url,
            *document.notes,
            len(versions),
            document.published,
            source.attribution if source else "",
        ],
        document=document,
        summary=summary,
        short=short,
        may_shorten=is_configured(view.settings) and view.may("model.call"),
        versions=len(versions),
        attribution=source.attribution if source else "Name the source where this is shown.",
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


def _changes_table(impacts: Sequence[Impact]) -> Table:
    order = {"high": 0, "medium": 1, "low": 2}
    ranked = sorted(impacts, key=lambda i: (not i.trials(Outcome.APPLIES), order[i.change.severity], i.change.id))
    rows = [
        {
            "title": Cell(i.change.title, href=f"/regulation/changes/{i.change.id}", sub=i.change.authority),
            "stage": CLASSES[i.change.stage],
            "certainty": CERTAINTIES[i.change.certainty],
            "applies": len(i.trials(Outcome.APPLIES)),
            "watch": len(i.trials(Outcome.WATCH)),
            "asks": len(i.trials(Outcome.NEEDS_REVIEW)),
            "effort": _range(i.effort_days, "days") if i.trials(Outcome.APPLIES) else "none now",
            "cost": f"{wording.money(i.cost_gbp[0], 'GBP')} to {wording.money(i.cost_gbp[1], 'GBP')}" if i.cost_gbp[1] else "none now",
        }
        for i in ranked
    ]
    columns = [
        Column("title", "Change"), Column("stage", "Stage"), Column("certainty", "Certainty"), Column("applies", "Applies to", is_number=True), Column("watch", "To watch", is_number=True),
        Column("asks", "Needs an answer", is_number=True), Column("effort", "Work"), Column("cost", "Cost"),
    ]  # fmt: skip
    return Table("changes", "Changes of the rules, those that apply first", columns, rows, size=25)


def _readiness_table(impacts: Sequence[Impact], states: dict[tuple[str, str], str], view: View) -> Table:
    open_actions: dict[str, int] = {}
    for action in list_actions(view.record):
        if action.state == "accepted":
            open_actions[action.change_id] = open_actions.get(action.change_id, 0) + 1
    rows = [
        {
            "title": Cell(r.title, href=f"/regulation/changes/{r.change}"),
            "assessed": wording.of(r.assessed, r.affected),
            "closed": wording.of(r.closed, r.affected),
            "open": r.actions_open,
            "next": r.next_date or "no date ahead",
        }
        for r in derive_readiness(impacts, states, open_actions, view.today)
        if r.affected
    ]
    columns = [
        Column("title", "Change"),
        Column("assessed", "Trials assessed"),
        Column("closed", "Closed"),
        Column("open", "Actions open", is_number=True),
        Column("next", "Next date"),
    ]
    return Table("readiness", "How ready we are", columns, rows, empty="No change touches a trial yet.", size=15)


def _events_table(name: str, caption: str, events: Sequence[Event]) -> Table:
    rows = [
        {
            "when": e.low if e.low == e.high else f"{wording.day(e.low)} to {wording.day(e.high)}",
            "what": e.say,
            "title": Cell(e.title, href=f"/regulation/changes/{e.change}"),
            "stage": CLASSES[e.stage],
            "certainty": CERTAINTIES[e.certainty],
            "region": e.region or "everywhere",
        }
        for e in events
    ]
    columns = [
        Column("when", "When"),
        Column("what", "What"),
        Column("title", "Change"),
        Column("stage", "Stage"),
        Column("certainty", "Certainty"),
        Column("region", "Where"),
    ]
    return Table(name, caption, columns, rows, empty="No date lies in this time.")


def _dates_table(change: Change) -> Table:
    rows = [
        {
            "what": d.say,
            "when": d.first if d.is_exact else f"{wording.day(d.first)} to {wording.day(d.last)}",
            "where": d.region or "everywhere",
            "certainty": CERTAINTIES[d.certainty],
            "computed": d.computed or "as printed",
        }
        for d in change.dates
    ]
    return Table(
        "dates",
        "Dates, each with its certainty",
        [
            Column("what", "What"),
            Column("when", "When"),
            Column("where", "Where"),
            Column("certainty", "Certainty"),
            Column("computed", "How"),
        ],
        rows,
    )


def _conflicts_table(change: Change) -> Table:
    rows = [
        {"about": conflict.about, "value": value, "source": source, "certainty": CERTAINTIES[certainty]}
        for conflict in change.conflicts
        for value, source, certainty in conflict.values
    ]
    columns = [Column("about", "About"), Column("value", "What is said"), Column("source", "By whom"), Column("certainty", "Certainty")]
    return Table("conflicts", "Where sources disagree", columns, rows, empty="The sources agree.")


def _verdicts_table(impact: Impact) -> Table:
    order = {Outcome.APPLIES: 0, Outcome.NEEDS_REVIEW: 1, Outcome.WATCH: 2, Outcome.NOT_APPLICABLE: 3}
    rows = [
        {
            "trial": Cell(j.trial, href=f"/trials/{j.trial}"),
            "verdict": j.verdict.word,
            "because": " ".join([j.because, *j.transitions]),
            "facts": "; ".join(j.matched_facts if j.verdict is not Outcome.NOT_APPLICABLE else j.why_not) or "none",
            "ask": " ".join(j.questions) or "nothing",
        }
        for j in sorted(impact.judgements, key=lambda j: (order[j.verdict], j.trial))
    ]
    columns = [
        Column("trial", "Trial"),
        Column("verdict", "Verdict"),
        Column("because", "Why"),
        Column("facts", "Facts"),
        Column("ask", "To ask"),
    ]
    return Table(
        "verdicts",
        f"Verdicts by rule {impact.change.rule.id}",
        columns,
        rows,
        empty="No trial was loaded yet. Load `study` and `study_country`.",
        size=30,
    )


def _actions_table(impact: Impact, view: View) -> Table:
    states = {(a.template, a.trial): a for a in list_actions(view.record, impact.change.id)}
    rows = []
    for p in impact.proposals:
        known = states.get((p.template.id, p.trial))
        rows.append(
            {
                "action": Cell(p.template.title, sub=p.template.text),
                "trial": p.trial or "once for all",
                "document": p.template.document.replace("_", " "),
                "owner": known.owner if known else p.template.owner_role,
                "due": (known.due if known else None) or p.due,
                "effort": _range(p.template.effort_days, "days"),
                "state": known.state if known else "proposed",
            }
        )
    columns = [
        Column("action", "Action"),
        Column("trial", "Trial"),
        Column("document", "Lands in"),
        Column("owner", "Owner"),
        Column("due", "By"),
        Column("effort", "Work"),
        Column("state", "State"),
    ]
    return Table("actions", "What to do", columns, rows, empty="Nothing needs to be done now.", size=30)


def _open_proposals(impact: Impact, view: View) -> list[tuple[str, str]]:
    decided = {(a.template, a.trial) for a in list_actions(view.record, impact.change.id)}
    return [
        (p.key, f"{p.template.title}{f', {p.trial}' if p.trial else ''}")
        for p in impact.proposals
        if (p.template.id, p.trial) not in decided
    ]


def _sources_table(change: Change) -> Table:
    rows = [{"name": s.name, "certainty": CERTAINTIES[s.certainty], "url": s.url or "no address"} for s in change.sources]
    return Table("sources", "Sources", [Column("name", "Source"), Column("certainty", "Certainty"), Column("url", "Address")], rows)


def _documents_table(change: Change, view: View) -> Table:
    rows = []
    for number in change.documents:
        try:
            document = get_document(view.record, f"fr:{number}")
        except NotFound:
            continue
        rows.append(
            {
                "title": Cell(document.title, href=f"/regulation/document?id={document.id}"),
                "kind": document.kind.replace("_", " "),
                "published": document.published or "not stated",
            }
        )
    columns = [Column("title", "Document"), Column("kind", "Kind"), Column("published", "Published")]
    return Table(
        "documents", "Documents taken in", columns, rows, empty="None of its documents was taken in yet. Import them, or let the watch ask."
    )


def _differences_table(versions: Sequence[tuple[int, object, str]]) -> Table:
    rows: list[dict[str, object]] = []
    note = ""
    if len(versions) > 1:
        before, after = versions[-2][2], versions[-1][2]
        result = compare_texts(before, after) if len(before) > 4000 else compare_paragraphs(before.split("\n\n"), after.split("\n\n"))
        rows = [
            {
                "path": d.path,
                "kind": d.kind,
                "before": d.before.text[:400] if d.before else "not there",
                "after": d.after.text[:400] if d.after else "not there",
            }
            for d in result.substantive
        ]
        quiet = result.counts["editorial"] + result.counts["punctuation"]
        note = f"{wording.plural(quiet, 'editorial difference')} not shown."
    columns = [Column("path", "Where"), Column("kind", "Kind"), Column("before", "Before"), Column("after", "After")]
    empty = "Nothing of substance differs from the version before." if len(versions) > 1 else "There is one version only."
    return Table("differences", "What changed since the version before", columns, rows, empty=empty, note=note, size=30)


def _story_table(view: View, document_id: str) -> Table:
    stories = build_stories(list_documents(view.record, ("in", "review"), 3000))
    story = next((s for s in stories if any(d.id == document_id for d in s.documents)), None)
    how = {r.document: r.kind.replace("_", " ") for r in story.relations} if story else {}
    rows = [
        {
            "title": Cell(d.title, href=f"/regulation/document?id={d.id}"),
            "published": d.published or "not stated",
            "how": how.get(d.id, "begins it"),
        }
        for d in (story.documents if story else ())
    ]
    columns = [Column("title", "Document"), Column("published", "Published"), Column("how", "In relation to the one before")]
    return Table("story", "The story it belongs to", columns, rows, empty="It stands alone among the documents taken in.")


def _lane_chart(label: str, events: Sequence[Event], today: date) -> Timeline:
    milestones = tuple(
        Milestone(
            label=f"{e.say[:1].upper()}{e.say[1:]} ({e.change})",
            likely=e.low if e.low == e.high else max(e.low, today) + (e.high - max(e.low, today)) / 2,
            low=None if e.low == e.high else max(e.low, today),
            high=None if e.low == e.high else e.high,
        )
        for e in events
    )
    return Timeline(
        title=f"{label}: {wording.plural(len(events), 'date')} ahead",
        sentence=f"{label}, soonest first; whiskers where only a month, a quarter or a year is known.",
        method="Dates and their certainty are in the table; nothing is drawn that a source does not state.",
        milestones=milestones,
        today=today,
    )


def _range(pair: tuple[float, float], unit: str) -> str:
    return f"{wording.number(pair[0])} to {wording.number(pair[1])} {unit}"
