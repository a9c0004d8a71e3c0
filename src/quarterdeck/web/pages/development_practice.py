"""Pages of plan, practice and evidence: a week, a calm conversation, a portfolio."""

from __future__ import annotations

import tempfile
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.development import actions
from quarterdeck.development.deliver.engine import current_state
from quarterdeck.development.deliver.generate import KINDS, find_session
from quarterdeck.development.deliver.scenario import load_scenarios, load_types
from quarterdeck.development.deliver.score import next_level, score_session
from quarterdeck.development.demonstrate import debriefs
from quarterdeck.development.demonstrate.evidence import KINDS as EVIDENCE_KINDS
from quarterdeck.development.demonstrate.evidence import PERFORMANCE, Item
from quarterdeck.development.demonstrate.export import export, progress_of
from quarterdeck.development.demonstrate.portfolio import transcript
from quarterdeck.development.demonstrate.readiness import PART_NAMES, judge_units, sentence_of
from quarterdeck.development.discuss.accommodations import is_on
from quarterdeck.development.discuss.calendar import render_calendar
from quarterdeck.development.discuss.kpis import kpis_off, kpis_on_target
from quarterdeck.development.discuss.plan import make_plan, read_windows, replan
from quarterdeck.development.learner import (
    count_company,
    get_profile,
    read_assessment,
    read_conversations,
    read_due_cards,
    read_items,
    read_matrix,
    read_plan,
    read_role,
    read_session,
)
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.web.pages.development import support
from quarterdeck.web.pages.development_team import matrix_table
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
MOODS = ((7, "very tense"), (5, "tense"), (3, "guarded"), (0, "calm"))


@router.get("/development/plan")
def show_plan(view: View = permit("page.read", any_scope=True)) -> Response:
    """The weeks, one row a session; what did not fit is said."""
    plan = read_plan(view.record, view.actor.id)
    own = support(view)
    if plan is None:
        own = support(view, has_form=True)
        return view.page(
            "development/no_plan.html", finding="There is no plan yet", needs_facts=False, cites=[12, *own["profile"].windows, 1, 2], **own
        )
    role = read_role(view.record, view.actor.id)
    live = [e for e in plan.entries if e.status != "dropped"]
    sessions = [e for e in live if e.kind in ("session", "checkpoint")]
    done = sum(e.status == "done" for e in sessions)
    upcoming = [e for e in sessions if e.status == "planned"]
    columns = [
        Column("week", "Week", is_number=True),
        Column("when", "When"),
        Column("what", "What"),
        Column("minutes", "Minutes", is_number=True),
        Column("status", "Status"),
    ]
    rows = [
        {"week": e.week + 1, "when": f"{wording.day(e.start)}, {e.start:%H:%M}" if e.start and e.minutes else "this week" if e.kind == "task" else wording.day(e.start) if e.start else "any time",
         "what": Cell(e.id, e.title, href=f"/development/practise/{e.scenario}") if e.scenario else e.title, "minutes": e.minutes or "none fixed", "status": e.status}
        for e in live
    ]  # fmt: skip
    return view.page(
        "development/plan.html", finding=f"{wording.of(done, len(sessions))} sessions are done, {wording.plural(len(plan.focus), 'competency', 'competencies')} in focus", needs_facts=False,
        tables=[Table("plan", "The plan, week by week", columns, rows)], plan=plan, next=upcoming[0] if upcoming else None, sessions=sessions, done=done,
        focus=[role.get(c).name for c in plan.focus], left=len(plan.not_fitted), cites=[done, len(sessions), len(plan.focus), len(plan.not_fitted), 12, 0.6, *plan.notes, *(e.title for e in live), *(role.get(c).name for c in plan.focus)], **own,
    )  # fmt: skip


@router.post("/development/plan")
def remake_plan(again: Annotated[str, Form()] = "", view: View = permit("development.plan", any_scope=True)) -> Response:
    """A first plan from next Monday, or the old one planned again from today."""
    now, profile = view.now(), get_profile(view.record, view.actor.id)
    assessment, windows = read_assessment(view.record, view.actor.id, now), read_windows(profile.windows)
    off = view.snapshot.cached("development.kpis_off", lambda: kpis_off(view.snapshot)) if view.has_facts else ()
    old = read_plan(view.record, view.actor.id)
    if again and old is not None:
        plan = replan(old, assessment, now.date(), windows, profile.switches, (), off)
    else:
        monday = now.date() + timedelta(days=-now.weekday() % 7)
        plan = make_plan(assessment, view.actor.id, monday, windows, profile.switches, (), off, sequence=old.sequence + 1 if old else 0)
    actions.keep_plan(view.record, view.actor, plan, now)
    return view.redirect("/development/plan")


@router.post("/development/plan/{entry_id}/{status}")
def mark(entry_id: str, status: str, view: View = permit("development.plan", any_scope=True)) -> Response:
    """Mark an entry as done or planned."""
    plan = read_plan(view.record, view.actor.id)
    if plan is None:
        raise NotFound("There is no plan yet", thing=entry_id, next_step="Make one first.")
    actions.mark_entry(view.record, view.actor, plan, entry_id, status, view.now())
    return view.redirect("/development/plan")


@router.get("/development/plan.ics")
def plan_calendar(view: View = permit("page.read", any_scope=True)) -> Response:
    """The plan for a calendar: neutral titles, stable identifiers."""
    plan = read_plan(view.record, view.actor.id)
    if plan is None:
        raise NotFound("There is no plan yet", thing="plan.ics", next_step="Make one first.")
    content = render_calendar(plan, get_profile(view.record, view.actor.id).zone, view.now(), str(view.request.base_url).rstrip("/"))
    return Response(
        content, media_type="text/calendar; charset=utf-8", headers={"content-disposition": 'attachment; filename="development.ics"'}
    )


@router.get("/development/practise")
def show_practice(view: View = permit("page.read", any_scope=True)) -> Response:
    """All conversations by type, and those built from the own portfolio."""
    scenarios, types = load_scenarios(), load_types()
    held = read_conversations(view.record, view.actor.id)
    best = {
        c["scenario_id"]: max(x["unaided"] for x in held if x["scenario_id"] == c["scenario_id"]) for c in held if c["status"] == "ended"
    }
    columns = [
        Column("title", "Conversation"),
        Column("type", "Type"),
        Column("minutes", "Minutes", is_number=True),
        Column("level", "Level", is_number=True),
        Column("for", "For"),
        Column("best", "Best unaided"),
    ]
    rows = [
        {"title": Cell(s.id, s.title, href=f"/development/practise/{s.id}"), "type": types[s.type].name, "minutes": types[s.type].minutes, "level": s.level, "for": ", ".join(s.competencies),
         "best": wording.share(best[s.id], 0) if s.id in best else "not held yet"}
        for s in scenarios.values()
    ]  # fmt: skip
    open_ones = [c for c in held if c["status"] in ("running", "paused")]
    return view.page(
        "development/practise.html", finding=f"{wording.plural(len(rows), 'conversation')} to rehearse, in {wording.plural(len(types), 'type')}", needs_facts=False,
        tables=[Table("conversations", "Conversations", columns, rows, size=100)], kinds=KINDS, has_own=view.has_facts, open=open_ones, cites=[len(rows), len(types), *(c["title"] for c in open_ones)], **support(view),
    )  # fmt: skip


@router.get("/development/practise/{scenario_id}")
def show_scenario(scenario_id: str, view: View = permit("page.read", any_scope=True)) -> Response:
    """Agenda and what counts, before the first word."""
    scenario = find_session(scenario_id, view.snapshot if view.has_facts else None)
    kind = load_types()[scenario.type]
    held = [c for c in read_conversations(view.record, view.actor.id) if c["type"] == scenario.type and c["status"] == "ended"]
    level = next_level(scenario.level, [c["unaided"] for c in held])
    asked = [s for s in scenario.states.values() if s.kind.startswith("ask")]
    minutes = kind.minutes
    return view.page(
        "development/scenario.html", finding=scenario.title, needs_facts=False, scenario=scenario, scenario_id=scenario_id, kind=kind, level=level, steps=len(asked), minutes=minutes,
        cites=[len(asked), minutes, level, 1, 2, 3, kind.max_turns, *kind.rubric, scenario.brief if not scenario.figures else "", kind.goal], **support(view, has_form=True),
    )  # fmt: skip


@router.post("/development/practise/{scenario_id}")
def begin(
    scenario_id: str,
    level: Annotated[int, Form()] = 1,
    artefact: Annotated[str, Form()] = "",
    view: View = permit("development.converse", any_scope=True),
) -> Response:
    """Open the conversation."""
    scenario = find_session(scenario_id, view.snapshot if view.has_facts else None)
    if level not in (1, 2, 3):
        raise BadInput("There is no such level", thing=str(level), allowed="1, 2 or 3")
    now = view.now()
    identifier, _ = actions.open_conversation(view.record, view.actor, scenario, now, level, int(now.timestamp()) % 100_000)
    return view.redirect(f"/development/conversations/{identifier}" + (f"?artefact={artefact}" if artefact else ""))


@router.get("/development/conversations/{conversation_id}")
def show_conversation(conversation_id: str, view: View = permit("page.read", any_scope=True)) -> Response:
    """The conversation: what was said last, the one field, and a way to pause."""
    session = read_session(view.record, view.actor.id, conversation_id)
    own = support(view, has_form=True)
    here = current_state(session)
    kind = load_types()[session.scenario.type]
    log = [entry for entry in session.state["log"] if entry.get("text") or entry.get("offer")]
    asked = [name for name, s in session.scenario.states.items() if s.kind.startswith("ask")]
    step = asked.index(here.id) + 1 if here and here.id in asked else len(asked)
    tension = session.state["variables"].get("tension", 0.0)
    mood = next(word for bound, word in MOODS if tension >= bound)
    show_mood = session.scenario.type in ("roleplay", "negotiation") and (
        session.state["level"] == 1 or is_on(own["profile"].switches, "conversation", "mood")
    )
    result = score_session(session)
    artefact = view.request.query_params.get("artefact", "")
    company = _company(view, conversation_id) if "company" in own["on"] else {}
    texts = [entry["text"] for entry in log]
    return view.page(
        "development/conversation.html", finding=session.scenario.title, needs_facts=False, identifier=conversation_id, session=session, log=log, here=here, kind=kind, step=step, steps=len(asked),
        mood=mood if show_mood else "", result=result, artefact=artefact, cites=[*company.values(), step, len(asked), kind.minutes, result.score, wording.share(result.score, 0), wording.share(result.unaided, 0), *texts, *kind.rubric,
        *(e["what"] + e["told"] + e["sentence"] for e in result.elements), *own["profile"].parked, *(f"{i.name} {o.label}" for i in session.scenario.issues for o in i.options)], **company, **own,
    )  # fmt: skip


def _company(view: View, conversation_id: str) -> dict[str, Any]:
    """Since when, how many own turns, and how many others who asked for company practise now."""
    row = next(c for c in read_conversations(view.record, view.actor.id) if c["id"] == conversation_id)
    turns = sum(entry["who"] == "learner" for entry in row["log"])
    return {"began": row["started_at"], "turns": turns, "company": count_company(view.record, view.actor.id, view.now())}


@router.post("/development/conversations/{conversation_id}")
async def say(conversation_id: str, view: View = permit("development.converse", any_scope=True)) -> Response:
    """One turn; or a thought for later; or pause."""
    form = await view.request.form()
    artefact = str(form.get("artefact", ""))
    back = f"/development/conversations/{conversation_id}" + (f"?artefact={artefact}" if artefact else "")
    now = view.now()
    if thought := str(form.get("park", "")).strip():
        actions.park(view.record, view.actor, thought[:500], now)
        return view.redirect(f"{back}#say")
    session = read_session(view.record, view.actor.id, conversation_id)
    text = "pause" if form.get("pause") else str(form.get("text", ""))[:8000]
    offer = {i.id: str(form.get(f"offer-{i.id}", "")) for i in session.scenario.issues} if form.get("offer") else None
    if offer is not None and any(offer[i.id] not in {o.id for o in i.options} for i in session.scenario.issues):
        raise BadInput("An offer names one choice for every issue", thing=session.scenario.title)
    actions.speak(view.record, view.actor, conversation_id, text or ("We offer this package." if offer else ""), now, offer, view.settings)
    return view.redirect(f"{back}#say")


@router.get("/development/conversations/{conversation_id}/transcript")
def show_transcript(conversation_id: str, view: View = permit("page.read", any_scope=True)) -> Response:
    """The transcript, unedited: it is the learner's."""
    found = [c for c in read_conversations(view.record, view.actor.id) if c["id"] == conversation_id]
    if not found:
        raise NotFound("Unknown conversation", thing=conversation_id)
    return Response(
        transcript(found[0]),
        media_type="text/plain; charset=utf-8",
        headers={"content-disposition": f'attachment; filename="{conversation_id}.txt"'},
    )


@router.post("/development/conversations/{conversation_id}/evidence")
async def map_evidence(conversation_id: str, view: View = permit("development.evidence", any_scope=True)) -> Response:
    """Turn an ended debrief about a real artefact into a work product, for the competencies that the learner chose."""
    form = await view.request.form()
    session = read_session(view.record, view.actor.id, conversation_id)
    artefact = str(form.get("artefact", ""))
    proposal = next((p for p in _proposals(view) if p.artefact == artefact), None)
    if session.scenario.type != "debrief" or proposal is None:
        raise BadInput(
            "Only a debrief about a finished piece of work becomes evidence",
            thing=artefact or session.scenario.title,
            next_step="Begin from “Proposed from your work”.",
        )
    item = debriefs.to_item(proposal, session.state, [str(v) for v in form.getlist("competency")], conversation_id)
    actions.add_evidence(view.record, view.actor, item, view.now())
    return view.redirect("/development/portfolio")


@router.get("/development/reviews")
def show_reviews(view: View = permit("page.read", any_scope=True)) -> Response:
    """One card at a time."""
    cards = read_due_cards(view.record, view.actor.id, view.now())
    card = cards[0] if cards else None
    scenarios = load_scenarios()
    title = scenarios[card.content["scenario"]].title if card and card.content["scenario"] in scenarios else "your own portfolio"
    return view.page(
        "development/reviews.html", finding=f"{wording.plural(len(cards), 'short card')} to review" if cards else "Nothing is due for review", needs_facts=False, card=card, title=title,
        cites=[len(cards), *((card.content["what"], card.content["prompt"], card.content["told"]) if card else ()), title], **support(view, has_form=True),
    )  # fmt: skip


@router.post("/development/reviews")
def review(
    card: Annotated[str, Form()], credit: Annotated[float, Form()], view: View = permit("development.converse", any_scope=True)
) -> Response:
    """How it went: unaided 1, with a hint 0.7, not 0."""
    actions.review_card(view.record, view.actor, card, min(1.0, max(0.0, credit)), view.now())
    return view.redirect("/development/reviews")


@router.get("/development/portfolio")
def show_portfolio(view: View = permit("page.read", any_scope=True)) -> Response:
    """Matrix, proposed evidence, readiness, progression with its parts, and the download."""
    now = view.now()
    matrix, items = read_matrix(view.record, view.actor.id, now), read_items(view.record, view.actor.id)
    units = judge_units(read_role(view.record, view.actor.id), matrix)
    kpis = view.snapshot.cached("development.kpis_on", lambda: kpis_on_target(view.snapshot)) if view.has_facts else {}
    score = progress_of(view.record, view.actor.id, now, view.settings.random_seed, kpis)
    shown = [r for r in matrix if r.status in ("evidenced", "assessed")]
    proposals = _proposals(view)
    role = read_role(view.record, view.actor.id)
    return view.page(
        "development/portfolio.html", finding=f"{wording.of(len(shown), len(matrix))} competencies are evidenced or assessed", needs_facts=False,
        tables=[matrix_table(matrix), _item_table(items), _unit_table(units), _part_table(score.parts)], score=score, sentence=sentence_of(units), proposals=proposals[:20],
        kinds=[(k, k.replace("_", " ")) for k in EVIDENCE_KINDS if k != "practice"], competencies=[(c.id, c.name) for c in role.competencies], today=now.date(),
        cites=[len(shown), len(matrix), score.score, f"{score.score:.0f}", 100, 80, wording.interval(score.interval), wording.share(score.coverage, 0), sentence_of(units), 3, *(p.title for p in proposals), *(wording.day(p.happened_on) for p in proposals)], **support(view),
    )  # fmt: skip


@router.post("/development/evidence")
async def add_evidence(view: View = permit("development.evidence", any_scope=True)) -> Response:
    """An item that the learner enters: redacted, and authentic only once a witness confirms it."""
    form = await view.request.form()
    try:
        day = date.fromisoformat(str(form.get("happened_on", "")))
    except ValueError as error:
        raise BadInput(
            "The day cannot be read", thing=str(form.get("happened_on", ""))[:40], allowed="a date such as 2026-05-01"
        ) from error
    item = Item(
        id="", kind=str(form.get("kind", "")), title=str(form.get("title", ""))[:200], happened_on=day, competencies=tuple(str(v) for v in form.getlist("competency")),
        criteria=tuple(c.strip() for c in str(form.get("criteria", "")).split(",") if c.strip()), own_action=str(form.get("own_action", ""))[:4000], result=str(form.get("result", ""))[:2000],
        is_confirmed=True, written_by_model=bool(form.get("by_model")), artefact=str(form.get("artefact", ""))[:200],
    )  # fmt: skip
    if not item.title.strip() or not item.competencies:
        raise BadInput("Evidence needs a title and at least one competency", thing=item.title or "no title")
    if item.kind in PERFORMANCE and not item.own_action.strip():
        raise BadInput("Work needs your own action", thing=item.title, next_step="Say what you did yourself.")
    actions.add_evidence(view.record, view.actor, item, view.now())
    return view.redirect("/development/portfolio")


@router.get("/development/portfolio.zip")
def download_portfolio(view: View = permit("development.export", any_scope=True)) -> Response:
    """The portfolio as one zip, to be checked with `quarterdeck development verify`."""
    with tempfile.TemporaryDirectory() as folder:
        path = export(view.record, view.actor, view.settings, Path(folder) / "portfolio.zip", view.now())
        content = path.read_bytes()
    return Response(content, media_type="application/zip", headers={"content-disposition": 'attachment; filename="portfolio.zip"'})


def _proposals(view: View) -> list[debriefs.Proposal]:
    role, profile = read_role(view.record, view.actor.id), get_profile(view.record, view.actor.id)
    snapshot = view.snapshot if view.has_facts else None
    return debriefs.propose_debriefs(view.record, view.actor.id, role, read_items(view.record, view.actor.id), snapshot, profile.owner_id)


def _item_table(items: list[Item]) -> Table:
    columns = [
        Column("when", "Day"),
        Column("title", "What"),
        Column("kind", "Kind"),
        Column("weight", "Weight", is_number=True),
        Column("for", "For"),
    ]
    rows = [
        {
            "when": i.happened_on,
            "title": Cell(i.id, i.title, sub="text drafted by a model, does not count" if i.written_by_model else ""),
            "kind": i.kind.replace("_", " "),
            "weight": i.weight,
            "for": ", ".join(i.competencies),
        }
        for i in items
    ]
    return Table(
        "items", "Evidence and practice", columns, rows, empty="Nothing yet. Practise a conversation, or add a finished piece of work."
    )


def _unit_table(units: list[Any]) -> Table:
    columns = [
        Column("code", "Unit"),
        Column("title", "Title"),
        Column("verified", "Code confirmed"),
        Column("readiness", "Readiness", "share", is_number=True),
    ]
    return Table(
        "units",
        "Units of occupational standards",
        columns,
        [{"code": u.code, "title": u.title, "verified": u.verified, "readiness": u.readiness} for u in units],
    )


def _part_table(parts: Any) -> Table:
    return Table(
        "parts",
        "Parts of the career progression score",
        [Column("part", "Part"), Column("value", "Value")],
        [{"part": PART_NAMES[k], "value": "not known" if v is None else wording.share(v, 0)} for k, v in parts.items()],
    )


def paths(snapshot: Snapshot) -> list[str]:
    """Pages to prepare, walk and measure."""
    return [
        "/development/plan",
        "/development/practise",
        "/development/practise/board-late-trial",
        "/development/reviews",
        "/development/portfolio",
    ]
