"""Pages of the risks: what needs me, who stands out in several trials, what a regulator would see, what hangs on what, the market."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

from fastapi import APIRouter, Form
from fastapi.responses import Response
from sqlalchemy import select

from quarterdeck.record.models.base import Decision, Person
from quarterdeck.risks import register
from quarterdeck.risks.blast_radius import KINDS, find_blast_radius, list_things
from quarterdeck.risks.detectors.oversight import ZONES, read_readiness
from quarterdeck.risks.indicators import load_indicators
from quarterdeck.risks.inspection import rank_sites
from quarterdeck.risks.kri import get_board
from quarterdeck.risks.needs_me import derive_matters, list_settled, read_choices
from quarterdeck.risks.settling import choose_matter, find_matter
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import NotFound
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web.matters import gather_findings, gather_matters
from quarterdeck.web.navigation import Entry, Hit
from quarterdeck.web.risk_tables import SIGNAL_LIMIT, plain_page, read_date
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from collections.abc import Sequence

    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.vocabulary.finding import Finding

router = APIRouter()
SHOWN = 5  # opportunities beside the matters; the page of everything that was found has them all
WORDS = {"delegate": "Delegated", "accept": "Accepted", "snooze": "Put off", "decide": "Decided on"}
NAVIGATION = (
    Entry("Risks", "/risks", "Risks", "What needs me, and what does doing nothing cost?"),
    Entry("Indicators", "/risks/indicators", "Risks", "Which sites and countries differ beyond chance?"),
    Entry("Repeat offenders", "/risks/pooled", "Risks", "Who or what stands out in several trials?"),
    Entry("Signals", "/risks/signals", "Risks", "What became of each signal, and did the action help?"),
    Entry("Register", "/risks/register", "Risks", "What could happen, how much is at stake, and were we right?"),
    Entry("Tolerance limits", "/risks/limits", "Risks", "Which trials leave what was agreed beforehand?"),
    Entry("Inspection", "/risks/inspection", "Risks", "Which sites would a regulator choose, and is the file ready?"),
    Entry("Blast radius", "/risks/blast-radius", "Risks", "What hangs on a vendor, site, country, person or system?"),
)


@router.get("/risks")
def show_needs_me(settled: str = "", view: View = permit("portfolio.read")) -> Response:
    """Three to seven matters with their choices, what was settled, and the opportunities."""
    found = gather_findings(view)
    matters = gather_matters(view)
    table, done = _settled(view, found), _confirmation(view, settled)
    waiting = len(gather_matters(view, len(found))) - len(matters)
    opportunities = sorted((f for f in found if f.opportunity), key=lambda f: f.id)
    title = (
        f"{wording.plural(len(matters), 'matter')} {'needs' if len(matters) == 1 else 'need'} you"
        if matters
        else "Nothing needs you in these facts"
    )
    shown = [f for m in matters for f in (m.finding, *m.also)]
    texts = [text for f in (*shown, *opportunities) for text in (f.headline, f.cause, f.suggested_action, f.owner)]
    return view.page(
        "risks/needs_me.html", finding=title, findings=[*shown, *opportunities], tables=[table] if table.rows else [], matters=matters, waiting=waiting, done=done,
        opportunities=opportunities[:SHOWN], n_opportunities=len(opportunities), may_choose=view.may("matter.choose"),
        cites=[len(matters), waiting, len(opportunities), *done.values(), *texts, *(m.why for m in matters), *(len(m.also) for m in matters), *range(1, len(matters) + 1)],
    )  # fmt: skip


@router.post("/risks/choose")
def choose(
    finding: Annotated[str, Form()], choice: Annotated[str, Form()], reason: Annotated[str, Form()] = "", to: Annotated[str, Form()] = "",
    until: Annotated[str, Form()] = "", view: View = permit("matter.choose"),
) -> Response:  # fmt: skip
    """Delegate, accept or snooze a matter: its subject is settled, and the page says so."""
    matter = find_matter(derive_matters(gather_findings(view)), finding)
    if matter is None:
        raise NotFound("No such matter needs anybody in these facts", thing=finding, next_step="Look at the list again.")
    choose_matter(
        view.record, view.actor, matter, choice, reason[:4000], view.snapshot.id, view.now(), to[:120], read_date(until) if until else None
    )
    return view.redirect(view.href("/risks", settled=matter.subject))


def _confirmation(view: View, subject: str) -> dict[str, str]:
    """What was decided last about the subject that a choice has just settled, in words; nothing where there is none."""
    choice = read_choices(view.record).get(subject)
    if choice is None:
        return {}
    with view.record.session() as session:
        newest = (
            select(Decision).where(Decision.subject_type == "matter", Decision.subject_id == subject).order_by(Decision.decided_at.desc())
        )
        decision = session.scalars(newest).first()
    return {"headline": decision.question.rstrip("."), "outcome": decision.outcome} if decision else {}


def _settled(view: View, found: Sequence[Finding]) -> Table:
    """What is off the list: who decided, what, when, and on which day it comes back."""
    settled = list_settled(found, read_choices(view.record), view.today)
    with view.record.session() as session:
        names = {person.id: person.name for person in session.scalars(select(Person))}
    rows = [
        {
            "matter": Cell(m.finding.headline.rstrip("."), href=view.href("/finding", id=m.finding.id)), "decided": WORDS.get(c.choice, c.choice) + (f" to {c.delegate_to}" if c.delegate_to else ""),
            "reason": c.reason, "by": names.get(c.chosen_by, c.chosen_by), "on": c.chosen_at, "until": c.until or "no day was set",
        }
        for m, c in settled
    ]  # fmt: skip
    columns = [
        Column("matter", "Matter"),
        Column("decided", "Decided"),
        Column("reason", "Because"),
        Column("by", "By"),
        Column("on", "Decided on"),
        Column("until", "Comes back on"),
    ]
    return Table(
        "settled",
        "Settled matters",
        columns,
        rows,
        note="A matter comes back sooner if doing nothing is expected to cost half as much again.",
    )


@router.get("/risks/pooled")
def show_pooled(view: View = permit("portfolio.read")) -> Response:
    """Investigators, organisations, countries, vendors and monitors over all their trials."""
    pooled = [p for p in get_board(view.snapshot).pooled if p.q <= SIGNAL_LIMIT]
    rows = [
        {
            "who": Cell(p.key, f"{p.level} {p.key}", href=f"/risks/blast-radius?kind={'person' if p.level == 'monitor' else p.level}&key={p.key}"),
            "what": load_indicators()[p.indicator].name, "trials": len(p.trials), "sites": p.sites, "ratio": Cell(p.ratio, wording.number(p.ratio, 2)),
            "z": Cell(abs(p.z), wording.number(p.z, 1, signed=True)), "verdict": Verdict.CONCERN if load_indicators()[p.indicator].worries(1 if p.z > 0 else -1) else Verdict.BETTER,
        }
        for p in pooled[:100]
    ]  # fmt: skip
    columns = [
        Column("who", "Who"),
        Column("what", "Indicator"),
        Column("trials", "Trials", is_number=True),
        Column("sites", "Sites", is_number=True),
        Column("ratio", "Observed to expected", is_number=True),
        Column("z", "Score", is_number=True),
        Column("verdict", "Verdict"),
    ]
    people = len({p.key for p in pooled if p.level == "investigator"})
    title = f"{wording.plural(people, 'investigator')} {'stands' if people == 1 else 'stand'} out in more than one trial"
    text = "Scores of a person's or place's sites are added over trials, weighted by the root of what was expected; the mean of scores is never taken. Listed is what passes false-discovery control at 5%."
    return plain_page(
        view,
        title,
        [text],
        [
            Table(
                "pooled", "Over all trials, the most surprising first", columns, rows, empty="Nobody stands out in several trials.", size=25
            )
        ],
        cites=[people, 5],
    )


@router.get("/risks/inspection")
def show_inspection(study: str = "", view: View = permit("portfolio.read")) -> Response:
    """Sites in the order in which a regulator might choose them, and readiness of the file by zone."""
    sites = [s for s in rank_sites(view.snapshot) if not study or s.study == study]
    first = sorted(sites, key=lambda s: -s.score)[:200]
    rows = [
        {"site": Cell(f"{s.study}/{s.site}", f"{s.site} of {s.study}", href=f"/risks/sites/{s.study}/{s.site}"), "score": Cell(s.score, wording.number(s.score, 0)), "why": wording.listing(list(s.reasons)), "enrolled": s.inputs["enrolled"],
         "serious": s.inputs["serious"], "deviations": s.inputs["deviations"], "left": s.inputs["discontinued"], "audited": s.audited or "never"}
        for s in first
    ]  # fmt: skip
    columns = [
        Column("site", "Site"),
        Column("score", "Score", is_number=True),
        Column("why", "Highest in"),
        Column("enrolled", "Enrolled", is_number=True),
        Column("serious", "Serious events", is_number=True),
        Column("deviations", "Important deviations", is_number=True),
        Column("left", "Left the trial", is_number=True),
        Column("audited", "Last audited"),
    ]
    zones = [
        {"trial": r["study_id"], "zone": f"{r['zone']}: {ZONES.get(int(r['zone']), 'other')}", "due": r["due"], "ready": r["ready"] / r["due"]}
        for r in sorted(read_readiness(view.snapshot), key=lambda r: r["ready"] / r["due"]) if not study or r["study_id"] == study
    ]  # fmt: skip
    never = sum(s.audited is None for s in first[:10])
    title = (
        f"{wording.of(never, min(10, len(first)))} sites that a regulator would choose first were never audited"
        if first
        else "No site has participants yet"
    )
    text = "The regulator's own choice is not public; its inputs are: enrolment, discontinuations, serious events, deaths, deviations, screen failures and new investigators. Each counts by its rank within the trial, enrolment most."
    tables = [
        Table("sites", "Sites, the likeliest first", columns, rows, empty="Load participants first.", size=25),
        Table(
            "zones",
            "The master file by zone, the least ready first",
            [
                Column("trial", "Trial"),
                Column("zone", "Zone"),
                Column("due", "Due", is_number=True),
                Column("ready", "Ready", "share", is_number=True),
            ],
            zones,
            empty="Load the master file's index.",
            size=25,
        ),
    ]
    return plain_page(view, title, [text], tables, cites=[never, 10, len(first)])


@router.get("/risks/blast-radius")
def show_blast_radius(kind: str = "", key: str = "", view: View = permit("portfolio.read")) -> Response:
    """What hangs on a thing, or the things one may ask about."""
    things = list_things(view.snapshot)
    if not key:
        rows = [
            {"thing": Cell(k, words, href=f"/risks/blast-radius?kind={group}&key={k}"), "kind": group}
            for group, mine in things.items()
            for k, words in mine
        ]
        table = Table(
            "things",
            "Things to ask about",
            [Column("thing", "Thing"), Column("kind", "Kind")],
            rows,
            empty="Nothing was loaded yet.",
            size=40,
        )
        title = f"{wording.plural(len(rows), 'thing')} can be asked what hangs on them"
        return view.page(
            "risks/blast_radius.html", finding=title, tables=[table], radius=None, kinds=[(k, k) for k in KINDS], cites=[len(rows), title]
        )
    radius = find_blast_radius(view.snapshot, kind, key)
    milestones = [{"trial": s, "what": m.replace("_", " "), "due": d} for s, m, d in radius.milestones]
    clocks = [{"trial": s, "event": e, "due": d} for s, e, d in radius.clocks]
    trials = [{"trial": Cell(t, href=f"/trials/{t}"), "state": "running" if t in radius.running else "over"} for t in radius.trials]
    tables = [
        Table("trials", "Trials", [Column("trial", "Trial"), Column("state", "State")], trials, empty="No trial.", size=25),
        Table("milestones", "Milestones due within half a year", [Column("trial", "Trial"), Column("what", "Milestone"), Column("due", "Due")], milestones, empty="No milestone is due."),
        Table("clocks", "Reporting clocks that run", [Column("trial", "Trial"), Column("event", "Event"), Column("due", "Report by")], clocks, empty="No clock runs."),
    ]  # fmt: skip
    title = f"{wording.plural(len(radius.running), 'running trial')} and {wording.money(radius.money)} hang on {radius.name}"
    return view.page(
        "risks/blast_radius.html", finding=title, tables=tables, radius=radius, kinds=[(k, k) for k in KINDS],
        cites=[title, len(radius.running), radius.sites, radius.participants, wording.money(radius.money), wording.money(radius.daily_cost), key, radius.name],
    )  # fmt: skip


@router.get("/risks/market")
def show_market(view: View = permit("portfolio.read")) -> Response:
    """What competitors' trials did lately."""
    found = [f for f in gather_findings(view) if f.id.startswith("market/")]
    title = f"{wording.plural(len(found), 'kind')} of news from competing trials" if found else "No news from competing trials"
    text = "Put snapshots or change feeds of ClinicalTrials.gov into the folder market of the installation; the how-to page of the risks says how. Source: ClinicalTrials.gov, U.S. National Library of Medicine."
    rows = [{"what": f.headline, "cause": f.cause, "verdict": f.verdict} for f in found]
    return plain_page(
        view,
        title,
        [text],
        [
            Table(
                "market",
                "News",
                [Column("what", "What"), Column("cause", "For whom"), Column("verdict", "Verdict")],
                rows,
                empty="No registry facts were given.",
            )
        ],
        cites=[len(found), *(t for f in found for t in (f.headline, f.cause))],
    )


def paths(snapshot: Snapshot) -> list[str]:
    """Every page, with one example of each kind."""
    fixed = [entry.href for entry in NAVIGATION]
    fixed.append("/risks/market")
    if snapshot.tables.get("site"):
        fixed.append("/risks/history")
        worst = get_board(snapshot).site_scores[:1]
        fixed += [f"/risks/sites/{s.study}/{s.site}" for s in worst]
        fixed += [f"/number?id={quote(f'{s.worst}/site/{s.study}/{s.site}', safe='')}" for s in worst if s.worst]
        fixed += [
            f"/risks/blast-radius?kind={kind}&key={mine[0][0]}"
            for kind, mine in list_things(snapshot).items()
            if mine and kind in ("vendor", "country")
        ]
    return fixed


def search(view: View, wanted: str) -> list[Hit]:
    """Indicators and register items by their words."""
    found = [
        Hit(i.name, f"/risks/indicators?indicator={key}", "Indicator", i.question)
        for key, i in load_indicators().items()
        if wanted in i.name.lower()
    ]
    found += [
        Hit(item.title, f"/risks/register/{item.id}", "Register")
        for item in register.read_items(view.record)
        if wanted in item.title.lower()
    ]
    return found[:10]
