"""Pages of plan and practice: a week, a calm conversation, a review."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.development import actions
from quarterdeck.development.deliver.back import can_take_back
from quarterdeck.development.deliver.engine import current_state
from quarterdeck.development.deliver.generate import KINDS, find_session
from quarterdeck.development.deliver.scenario import load_scenarios, load_types
from quarterdeck.development.deliver.score import next_level, score_session
from quarterdeck.development.demonstrate.portfolio import transcript
from quarterdeck.development.discuss.accommodations import is_on
from quarterdeck.development.discuss.agenda import build_agenda
from quarterdeck.development.discuss.conversations import competencies_of
from quarterdeck.development.learner import (
    count_company,
    read_conversations,
    read_due_cards,
    read_role,
    read_session,
)
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.web.pages.development import support
from quarterdeck.web.pages.development_portfolio import describe_work, find_proposal
from quarterdeck.web.pages.development_turns import describe_offers, voices
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
BUTTONS = {"pause": "pause", "leave": "stop", "hint": "hint", "accept": "We accept your offer."}
KEEPS_DRAFT = ("pause", "stop", "hint")
MOODS = ((7, "very tense"), (5, "tense"), (3, "guarded"), (0, "calm"))


@router.get("/development/practise")
def show_practice(view: View = permit("page.read", any_scope=True)) -> Response:
    """All conversations by type, and those built from the own portfolio."""
    scenarios, types = load_scenarios(), load_types()
    role = read_role(view.record, view.actor.id)
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
        {"title": Cell(s.id, s.title, href=f"/development/practise/{s.id}"), "type": types[s.type].name, "minutes": types[s.type].minutes, "level": s.level, "for": ", ".join(competencies_of(role, s)) or "another role",
         "best": "not held yet" if s.id not in best else wording.share(best[s.id], 0) if types[s.type].scored else "held, no score"}
        for s in scenarios.values()
    ]  # fmt: skip
    open_ones = [c for c in held if c["status"] in ("running", "paused", "left")]
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
    identifier, _ = actions.open_conversation(
        view.record,
        view.actor,
        scenario,
        now,
        level,
        int(now.timestamp()) % 100_000,
        artefact=find_proposal(view, artefact).artefact if artefact else "",
    )
    return view.redirect(f"/development/conversations/{identifier}")


@router.get("/development/conversations/{conversation_id}")
def show_conversation(conversation_id: str, view: View = permit("page.read", any_scope=True)) -> Response:
    """The conversation: what was said last, the one field, and a way to pause."""
    session = read_session(view.record, view.actor.id, conversation_id)
    own = support(view, has_form=True)
    here = current_state(session)
    kind = load_types()[session.scenario.type]
    log = voices(session)
    offers = describe_offers(session, view.request.query_params.get("offer", ""))
    asked = [name for name, s in session.scenario.states.items() if s.kind.startswith("ask")]
    agenda = build_agenda(session.scenario, session.state["at"]) if "agenda" in own["on"] else ()
    step = asked.index(here.id) + 1 if here and here.id in asked else len(asked)
    tension = session.state["variables"].get("tension", 0.0)
    mood = next(word for bound, word in MOODS if tension >= bound)
    show_mood = session.scenario.type in ("roleplay", "negotiation") and (
        session.state["level"] == 1 or is_on(own["profile"].switches, "conversation", "mood")
    )
    result = score_session(session)
    work, choices = describe_work(view, session)
    company = _company(view, conversation_id) if "company" in own["on"] else {}
    texts = [entry["text"] for entry in log]
    said_of = wording.of(sum(bool(e["sentence"]) for e in result.elements), len(result.elements))
    return view.page(
        "development/conversation.html", finding=session.scenario.title, needs_facts=False, identifier=conversation_id, session=session, log=log, here=here, kind=kind, step=step, steps=len(asked), agenda=agenda,
        mood=mood if show_mood else "", result=result, offers=offers, can_undo=can_take_back(session), said_of=said_of, tables=[offers["points"]] if offers["points"] else [], work=work, choices=choices, cites=[*(f"{a.name} {a.minutes}" for a in agenda), *(offers["counter"] or ()), offers["walkaway"], said_of, work, *(name for _, name in choices), *company.values(), step, len(asked), kind.minutes, result.score, wording.share(result.score, 0), wording.share(result.unaided, 0), *texts, *kind.rubric,
        *(e["what"] + e["told"] + e["sentence"] for e in result.elements), *own["profile"].parked, *(label for choices_of in offers["choices"].values() for _, label in choices_of), *(line["offered"] for line in log)], **company, **own,
    )  # fmt: skip


def _company(view: View, conversation_id: str) -> dict[str, Any]:
    """Since when, how many own turns, and how many others who asked for company practise now."""
    row = next(c for c in read_conversations(view.record, view.actor.id) if c["id"] == conversation_id)
    turns = sum(entry["who"] == "learner" for entry in row["log"])
    return {"began": row["started_at"], "turns": turns, "company": count_company(view.record, view.actor.id, view.now())}


@router.post("/development/conversations/{conversation_id}")
async def say(conversation_id: str, view: View = permit("development.converse", any_scope=True)) -> Response:
    """One turn; or a hint, a pause, a step back, an acceptance, a way back in; or a thought for later."""
    form = await view.request.form()
    back = f"/development/conversations/{conversation_id}"
    now = view.now()
    if thought := str(form.get("park", "")).strip():
        actions.park(view.record, view.actor, thought[:500], now)
        return view.redirect(back)
    if form.get("resume"):
        actions.go_on_with(view.record, view.actor, conversation_id, now)
        return view.redirect(back)
    session = read_session(view.record, view.actor.id, conversation_id)
    written = str(form.get("text", ""))[:8000]
    offer = {i.id: str(form.get(f"offer-{i.id}", "")) for i in session.scenario.issues} if form.get("offer") else None
    if offer is not None and any(offer[i.id] not in {o.id for o in i.options} for i in session.scenario.issues):
        raise BadInput("An offer names one choice for every issue", thing=session.scenario.title)
    if form.get("undo") or form.get("instead"):
        actions.take_turn_back(view.record, view.actor, conversation_id, now)
    if not form.get("undo"):
        button = next((words for name, words in BUTTONS.items() if form.get(name)), "")
        text = button or written or ("We offer this package." if offer else "")
        draft = written if button in KEEPS_DRAFT else ""
        actions.speak(view.record, view.actor, conversation_id, text, now, offer, view.settings, draft)
    return view.redirect(back)


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


def paths(snapshot: Snapshot) -> list[str]:
    """Pages to prepare, walk and measure."""
    return [
        "/development/practise",
        "/development/practise/board-late-trial",
        "/development/reviews",
    ]
