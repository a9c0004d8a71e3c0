"""Tables and the timeline chart of the pages about rules."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from quarterdeck.charts.timeline import Milestone, Timeline
from quarterdeck.regulation.foresight import (
    Event,
    derive_readiness,
)
from quarterdeck.regulation.implications import Impact
from quarterdeck.regulation.knowledge import CLASSES, Change
from quarterdeck.regulation.model import CERTAINTIES, Outcome
from quarterdeck.regulation.queries import get_document, list_actions, list_proposals
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import NotFound
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View

if TYPE_CHECKING:
    pass

OWED = (Outcome.APPLIES, Outcome.WATCH, Outcome.NEEDS_REVIEW)


def changes_table(impacts: Sequence[Impact]) -> Table:
    """Changes with how many trials each touches, and work and money."""
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


def readiness_table(impacts: Sequence[Impact], states: dict[tuple[str, str], str], view: View) -> Table:
    """How ready we are for each change."""
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


def events_table(name: str, caption: str, events: Sequence[Event]) -> Table:
    """Dated events of changes."""
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


def dates_table(change: Change) -> Table:
    """Dates of one change with certainty and words."""
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


def conflicts_table(change: Change) -> Table:
    """What sources disagree about."""
    rows = [
        {"about": conflict.about, "value": value, "source": source, "certainty": CERTAINTIES[certainty]}
        for conflict in change.conflicts
        for value, source, certainty in conflict.values
    ]
    columns = [Column("about", "About"), Column("value", "What is said"), Column("source", "By whom"), Column("certainty", "Certainty")]
    return Table("conflicts", "Where sources disagree", columns, rows, empty="The sources agree.")


def verdicts_table(impact: Impact) -> Table:
    """Every trial's verdict with its reason."""
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


def actions_table(impact: Impact, view: View) -> Table:
    """Proposed actions and what was decided."""
    states = {(a.template, a.trial): a for a in list_actions(view.record, impact.change.id)}
    rows = []
    for p in list_proposals(view.record, impact):
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


def open_proposals(impact: Impact, view: View) -> list[tuple[str, str]]:
    """Actions that are neither done nor rejected, as options of a form."""
    over = {(a.template, a.trial) for a in list_actions(view.record, impact.change.id) if a.state in ("done", "rejected")}
    return [
        (p.key, f"{p.template.title}{f', {p.trial}' if p.trial else ''}")
        for p in list_proposals(view.record, impact)
        if (p.template.id, p.trial) not in over
    ]


def sources_table(change: Change) -> Table:
    """What a change rests on."""
    rows = [{"name": s.name, "certainty": CERTAINTIES[s.certainty], "url": s.url or "no address"} for s in change.sources]
    return Table("sources", "Sources", [Column("name", "Source"), Column("certainty", "Certainty"), Column("url", "Address")], rows)


def documents_table(change: Change, view: View) -> Table:
    """Documents that were taken in and belong to a change."""
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


def _range(pair: tuple[float, float], unit: str) -> str:
    return f"{wording.number(pair[0])} to {wording.number(pair[1])} {unit}"


def lane_chart(label: str, events: Sequence[Event], today: date) -> Timeline:
    """One lane of the foresight timeline."""
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
