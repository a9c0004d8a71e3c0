"""Pages of development: one thing at a time, agenda first, what counts before the task."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.development import actions
from quarterdeck.development.deliver.with_model import suggest_quotes
from quarterdeck.development.demonstrate.amounts import QUANTITIES, read_experience
from quarterdeck.development.discover.answers import to_plain_score
from quarterdeck.development.discover.choose import next_item, progress, weeks_to_next_round
from quarterdeck.development.discover.heat_map import Cell as MapCell
from quarterdeck.development.discover.heat_map import build_cells, explain, strengths
from quarterdeck.development.discover.items import get_item
from quarterdeck.development.discover.rubrics import get_rubric, score_interview
from quarterdeck.development.discuss.accommodations import load_switches, page_behaviours, plan_settings, starting_set
from quarterdeck.development.discuss.kpis import kpis_off
from quarterdeck.development.discuss.priorities import rank, time_to_competency
from quarterdeck.development.learner import (
    SHARED,
    get_profile,
    read_assessment,
    read_contests,
    read_conversations,
    read_current_plan,
    read_due_cards,
    read_story,
)
from quarterdeck.development.planning import work_out
from quarterdeck.methods.free_text import split_sentences
from quarterdeck.record.accounts import has_accounts
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.web.navigation import Entry, Hit
from quarterdeck.web.preferences import set_preferences
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
NAVIGATION = (
    Entry("Development", "/development", "Development", "What is my next step?"),
    Entry("Assessment", "/development/assessment", "Development", "Where do I stand?"),
    Entry("Map", "/development/map", "Development", "Which gaps matter most?"),
    Entry("Plan", "/development/plan", "Development", "What do I do this week?"),
    Entry("Practise", "/development/practise", "Development", "Which conversation do I rehearse?"),
    Entry("Portfolio", "/development/portfolio", "Development", "What can I show?"),
    Entry("Team", "/development/team", "Development", "Who could step in?"),
    Entry("Support", "/development/support", "Development", "How do I work best?"),
)
# Switches of this room that are also switches of all pages.
READING = {"spaced": ("reading", "spaced", "ordinary"), "calm": ("theme", "calm", "device"), "quiet": ("quiet", "on", "off"), "short_text": ("chunks", "short", "ordinary"), "text_view": ("view", "text", "full")}  # fmt: skip
DICTATION = " (Windows key and H, or the microphone of your keyboard; spelling is never scored)"
NOTE = "Answers will meet evidence later: people's ratings of themselves agree only loosely with what they do. This is a first map."


def support(view: View, has_form: bool = False) -> dict[str, Any]:
    """What every page of this room knows about how the person works: profile, switches, behaviours.

    The plain-text view leaves out forms, so a page that is all form stays itself; such pages hold no tables.
    """
    profile = get_profile(view.record, view.actor.id)
    if has_form:
        view.preferences = replace(view.preferences, view="full")
    on = page_behaviours(profile.switches)
    return {"profile": profile, "on": on, "dictation": DICTATION if "voice" in on else ""}


@router.get("/development")
def show_start(view: View = permit("page.read", any_scope=True)) -> Response:
    """The one next action, and what is behind it."""
    now = view.now()
    plan = read_current_plan(view.record, view.actor.id)
    cards = read_due_cards(view.record, view.actor.id, now)
    conversations = read_conversations(view.record, view.actor.id)
    open_ones = [c for c in conversations if c["status"] in ("running", "paused")]
    assessment = read_assessment(view.record, view.actor.id, now)
    upcoming = plan.upcoming(now.date()) if plan else ()
    if open_ones:
        action = ("Go on where you stopped", f"/development/conversations/{open_ones[-1]['id']}", open_ones[-1]["title"])
    elif not progress(assessment).questions:
        was_asked = any(a.value is None for a in assessment.answers)
        start, before = (
            ("See where you stand now", "What you answered before still counts, with less weight. ")
            if was_asked
            else ("Start the assessment", "")
        )
        action = (start, "/development/assessment", f"{before}Under twenty minutes, in one go or in parts.")
    elif plan is None and next_item(assessment) is not None:
        asked = wording.plural(progress(assessment).questions, "answer")
        action = ("Go on with the assessment", "/development/assessment", f"{asked} kept. You may also make a plan from what is known.")
    elif plan is None:
        action = ("Make a plan for twelve weeks", "/development/plan", "It stays inside your free hours.")
    elif cards:
        action = ("Review what is due", "/development/reviews", wording.plural(len(cards), "short card"))
    elif upcoming:
        action = ("Practise", f"/development/plan/{upcoming[0].id}", upcoming[0].title)
    else:
        action = ("Choose a conversation", "/development/practise", "Forty are ready.")
    done = sum(e.status == "done" for e in plan.sessions) if plan else 0
    whole = len(plan.sessions) if plan else 0
    return view.page(
        "development/index.html", finding=f"Your next step: {action[0][0].lower()}{action[0][1:]}", needs_facts=False, action=action, done=done, whole=whole,
        cards=len(cards), upcoming=upcoming[:3], conversations=conversations[-5:][::-1], cites=[done, whole, len(cards), action[2], *(wording.day(e.start) for e in upcoming[:3] if e.start), *(e.title for e in upcoming[:3]), *(c["title"] for c in conversations)], **support(view),
    )  # fmt: skip


@router.get("/development/assessment")
def show_assessment(view: View = permit("page.read", any_scope=True)) -> Response:
    """One question at a time; the answer is kept at once, and can be undone."""
    assessment = read_assessment(view.record, view.actor.id, view.now())
    item = next_item(assessment)
    state = progress(assessment)
    minutes_left = max(1, round(state.seconds_left / 60))
    cites = [state.questions, minutes_left, state.most, state.part, state.parts, NOTE, *((item.text, *item.choices) if item else ())]
    if item is None or view.request.query_params.get("end"):
        cells = build_cells(assessment)
        again = "" if item else wording.day(view.now() + timedelta(weeks=weeks_to_next_round(assessment)))
        found = f"Your map is ready: {say_gaps(cells)}" if any(c.answers for c in cells) else say_gaps(cells)
        return view.page(
            "development/assessed.html", finding=found, needs_facts=False, strong=strengths(cells), again=again, can_undo=bool(state.questions),
            cites=[found, again, *cites, *(c.name for c in strengths(cells))], **support(view, has_form=True),
        )  # fmt: skip
    rubric = get_rubric(item.rubric) if item.rubric else None
    return view.page(
        "development/question.html", finding="One question", needs_facts=False, item=item, state=state, minutes_left=minutes_left, rubric=rubric,
        note=NOTE, is_first=not assessment.answers, cites=[*cites, *((e.what for e in rubric.elements) if rubric else ()), rubric.probe if rubric else ""], **support(view, has_form=True),
    )  # fmt: skip


@router.post("/development/assessment/answer")
def answer(
    item: Annotated[str, Form()], outcome: Annotated[str, Form()] = "", sure: Annotated[str, Form()] = "yes", text: Annotated[str, Form()] = "",
    view: View = permit("development.answer", any_scope=True),
) -> Response:  # fmt: skip
    """Keep an answer; an interview answer leads to what was found in it."""
    if text.strip():
        actions.answer_item(view.record, view.actor, item, None, True, view.now(), text)
        return view.redirect(f"/development/assessment/found?item={item}")
    if outcome not in ("", "none") and not outcome.isdigit():
        raise BadInput("There is no such answer", thing=outcome[:20], allowed="one of the choices")
    actions.answer_item(view.record, view.actor, item, None if outcome in ("", "none") else int(outcome), sure == "yes", view.now())
    return view.redirect("/development/assessment")


@router.post("/development/assessment/undo")
def undo(view: View = permit("development.answer", any_scope=True)) -> Response:
    """Take back the last answer."""
    actions.undo_answer(view.record, view.actor, view.now())
    return view.redirect("/development/assessment")


@router.get("/development/assessment/found")
def show_found(item: str, view: View = permit("page.read", any_scope=True)) -> Response:
    """What was found in an interview answer; for each missing element: is it here?"""
    question = get_item(read_assessment(view.record, view.actor.id, view.now()).role, item)
    story = read_story(view.record, view.actor.id, item)
    text = story.get("text", "")
    score = score_interview(question.rubric, text, story.get("claims"))
    plain = to_plain_score(question.rubric, score)
    sentences = [s.text for s in split_sentences(text)]
    lacking = {n["id"]: get_rubric(question.rubric).get(n["id"]).what for n in plain["not_found"]}
    suggested = suggest_quotes(view.settings, view.record, view.actor, text, lacking, view.now())
    suggested = {e: next((s for s in sentences if quote in s or s in quote), "") for e, quote in suggested.items()}
    return view.page(
        "development/found.html", finding=f"Found: {wording.of(len(plain['found']), len(get_rubric(question.rubric).elements))} elements", needs_facts=False,
        item=question, plain=plain, rubric=get_rubric(question.rubric), sentences=sentences, suggested=suggested, is_probed=bool(story.get("more")), cites=[text, get_rubric(question.rubric).probe, len(plain["found"]), len(get_rubric(question.rubric).elements), *(e.what for e in get_rubric(question.rubric).elements)], **support(view, has_form=True),
    )  # fmt: skip


@router.post("/development/assessment/claim")
async def claim(view: View = permit("development.answer", any_scope=True)) -> Response:
    """The second turn: own sentences mapped to elements that were not found."""
    form = await view.request.form()
    item = str(form.get("item", ""))
    story = read_story(view.record, view.actor.id, item)
    if not story:
        raise BadInput("There is no answer to this question yet", thing=item[:80])
    claims = {key.removeprefix("claim-"): str(value) for key, value in form.items() if key.startswith("claim-") and value}
    more = str(form.get("more", "")).strip()
    actions.answer_item(view.record, view.actor, item, None, True, view.now(), story.get("text", ""), claims or story.get("claims"), more)
    return view.redirect(f"/development/assessment/found?item={item}" if more else "/development/assessment")


@router.get("/development/map")
def show_map(view: View = permit("page.read", any_scope=True)) -> Response:
    """The heat map: expected gap by competency, in one hue, with interval and number of answers."""
    assessment = read_assessment(view.record, view.actor.id, view.now())
    cells = build_cells(assessment, read_contests(view.record, view.actor.id))
    groups = {g.id: g.name for g in assessment.role.groups}
    off = kpis_off(view.snapshot, assessment.role) if view.has_facts else ()
    first = rank(assessment, off)[:5] if any(c.answers for c in cells) else []
    return view.page(
        "development/map.html", finding=say_gaps(cells), needs_facts=False,
        tables=[_priority_table(first, assessment, view), _cell_table(cells, groups)], groups=by_group(cells, groups), strong=strengths(cells), off=off,
        kpis=assessment.role.kpis, cites=[*cites_of(cells), say_gaps(cells), 80, 20, 0.25, 1, *(c.name for c in strengths(cells)), *assessment.role.kpis.values()], **support(view),
    )  # fmt: skip


@router.get("/development/map/{competency}")
def show_cell(competency: str, view: View = permit("page.read", any_scope=True)) -> Response:
    """Why a cell stands where it stands, how long it may take, and the form to contest it."""
    assessment = read_assessment(view.record, view.actor.id, view.now())
    role = assessment.role
    model = role.get(competency)
    contests = read_contests(view.record, view.actor.id)
    cell = next(c for c in build_cells(assessment, contests) if c.competency == competency)
    why = explain(assessment, competency)
    time = time_to_competency(assessment, model, 2.0, view.settings.random_seed)
    answers = Table(
        "answers", "Answers behind this cell", [Column("question", "Question"), Column("answer", "Answer"), Column("moved", "Moved the level by", is_number=True)],
        _answer_rows(why, bool(assessment.steps)),
        empty="No question was asked yet, about this or anything else: the level is where everybody starts.",
    )  # fmt: skip
    weeks = [None if p is None else round(p) for p in (time.p20, time.p50, time.p80)]
    return view.page(
        "development/cell.html", finding=f"{model.name}: level {cell.level:.1f} against a target of {model.target}", needs_facts=False, tables=[answers], cell=cell,
        model=model, why=why, weeks=weeks, time=time, contest=contests.get(competency, ""), jobs=[role.job(j).name for j in model.jobs],
        cites=[f"{cell.level:.1f}", model.target, f"{cell.interval.low:.1f} {cell.interval.high:.1f}", 80, cell.answers, 2, 20, 50, *weeks, why["prior"], why["target"], contests.get(competency, ""), "half between 0 and 5"], **support(view),
    )  # fmt: skip


def _answer_rows(why: dict[str, Any], was_anything_asked: bool) -> list[dict[str, Any]]:
    """What each answer moved; with what answers to other questions moved, the rows lead from the start to the level shown."""
    rows = [{"question": a["question"], "answer": a["answer"], "moved": wording.number(float(a["moved"]), 2, True)} for a in why["answers"]]
    if was_anything_asked:
        rows.append(
            {"question": "All questions about other competencies", "answer": "", "moved": wording.number(why["elsewhere"], 2, True)}
        )
    return rows


@router.post("/development/map/{competency}/contest")
def contest(competency: str, reason: Annotated[str, Form()], view: View = permit("development.answer", any_scope=True)) -> Response:
    """Flag the cell, with the person's reason."""
    actions.contest_cell(view.record, view.actor, competency, reason[:2000], view.now())
    return view.redirect(f"/development/map/{competency}")


@router.get("/development/support")
def show_support(view: View = permit("page.read", any_scope=True)) -> Response:
    """Accommodations as single switches, the hours that are free, and what is shared."""
    switches = list(load_switches().values())
    own = support(view, has_form=True)
    return view.page(
        "development/support.html", finding="How you work best, switch by switch", needs_facts=False, switches=switches, shared=SHARED, has_accounts=has_accounts(view.record), account=view.actor.id,
        cites=[view.actor.id, "2,000,000", 2, 10, 20, 40, "4 of 12", *(s.what for s in switches), *own["profile"].windows], **own,
    )  # fmt: skip


@router.post("/development/support")
async def keep_support(view: View = permit("development.profile", any_scope=True)) -> Response:
    """Keep switches, hours, sharing and experience; reading switches reach every page."""
    form = await view.request.form()
    old = get_profile(view.record, view.actor.id)
    start = str(form.get("start", ""))
    chosen = [str(v) for v in form.getlist("switch")] if not start else sorted({*old.switches, *starting_set(start)})
    windows = [line.strip() for line in str(form.get("windows", "")).splitlines() if line.strip()] or list(old.windows)
    profile = replace(
        old, windows=tuple(windows), switches=tuple(chosen), zone=str(form.get("zone", "")) or old.zone,
        owner_id=str(form["owner_id"]).strip() if "owner_id" in form and not has_accounts(view.record) else old.owner_id,
        experience=read_experience({name: str(form[name]) for name in QUANTITIES if name in form}, old.experience),
        sharing=tuple(str(v) for v in form.getlist("share")) if not start else old.sharing,
        successor_for=tuple(line.strip() for line in str(form.get("successor_for", "")).splitlines() if line.strip()) if not start else old.successor_for,
    )  # fmt: skip
    actions.keep_profile(view.record, view.actor, profile, view.now())
    if plan_settings(old.switches) != plan_settings(chosen) and read_current_plan(view.record, view.actor.id) is not None:
        snapshot = view.snapshot if view.has_facts else None
        actions.keep_plan(view.record, view.actor, work_out(view.record, view.actor.id, view.now(), snapshot), view.now())
    set_preferences(
        view.record,
        view.actor.id,
        **{
            name: on if switch in chosen else off
            for switch, (name, on, off) in READING.items()
            if switch in chosen or switch in old.switches
        },
    )
    return view.redirect("/development/support")


def say_gaps(cells: Sequence[MapCell]) -> str:
    """The headline of a map. What was never asked about is a guess, and no gap."""
    asked = [c for c in cells if c.answers]
    if not asked:
        return "Nothing is known yet: no question was answered"
    large = sum(c.size == "large" for c in asked)
    return f"{wording.of(large, len(asked))} competencies asked about have a large expected gap"


def by_group(cells: Sequence[MapCell], groups: dict[str, str]) -> list[tuple[str, list[MapCell]]]:
    """The heat map of one person: group by group in the order of the role."""
    found = [(name, [c for c in cells if c.group == group]) for group, name in groups.items()]
    return [(name, mine) for name, mine in found if mine]


def cites_of(cells: Sequence[MapCell]) -> list[str]:
    """The numbers that the map prints."""
    return [f"{c.level:.1f} {c.target} {c.interval.low:.1f} {c.interval.high:.1f} {c.answers}" for c in cells] + ["0 5 8 10"]


def _priority_table(first: list[Any], assessment: Any, view: View) -> Table:
    columns = [
        Column("competency", "Competency"),
        Column("weight", "Weight", is_number=True),
        Column("gap", "Expected gap", is_number=True),
        Column("kpis", "KPIs off target", is_number=True),
        Column("value", "Priority", is_number=True),
        Column("time", "Weeks to the target at two hours a week"),
    ]
    rows = []
    for p in first:
        model = assessment.role.get(p.competency)
        time = time_to_competency(assessment, model, 2.0, view.settings.random_seed)
        words = " to ".join("over three years" if t is None else wording.number(round(t)) for t in (time.p20, time.p80))
        rows.append({"competency": Cell(p.competency, model.name, href=f"/development/map/{p.competency}"), "weight": round(p.weight, 2), "gap": round(p.gap, 2), "kpis": len(p.kpis_off), "value": round(p.value, 2), "time": words})  # fmt: skip
    return Table(
        "priorities",
        "What to begin with: weight × gap × KPIs",
        columns,
        rows,
        note="Priority = weight × expected gap × (1 + 0.25 for each linked KPI off target). The weeks are the 20th to 80th percentile.",
        empty="Nothing was asked yet, so nothing comes first.",
    )


def _cell_table(cells: list[MapCell], groups: dict[str, str]) -> Table:
    columns = [
        Column("competency", "Competency"),
        Column("group", "Group"),
        Column("target", "Target", is_number=True),
        Column("level", "Level", is_number=True),
        Column("interval", "80% interval"),
        Column("gap", "Gap"),
        Column("answers", "Answers", is_number=True),
    ]
    rows = [
        {"competency": Cell(c.competency, c.name, href=f"/development/map/{c.competency}"), "group": groups[c.group], "target": Cell(c.target, f"{c.target}", sub=f"“{c.word}”"), "level": f"{c.level:.1f}",
         "interval": f"{c.interval.low:.1f} to {c.interval.high:.1f}", "gap": (c.size if c.answers else "not asked yet") + (", contested" if c.is_contested else ", wide" if c.is_hatched else ""), "answers": c.answers}
        for c in cells
    ]  # fmt: skip
    return Table("cells", "All competencies", columns, rows)


def search(view: View, words: str) -> list[Hit]:
    """Conversations and competencies by name."""
    from quarterdeck.development.deliver.scenario import load_scenarios
    from quarterdeck.development.learner import read_role

    hits = [Hit(s.title, f"/development/practise/{s.id}", "Conversation") for s in load_scenarios().values() if words in s.title.lower()]
    return hits + [
        Hit(c.name, f"/development/map/{c.id}", "Competency")
        for c in read_role(view.record, view.actor.id).competencies
        if words in c.name.lower()
    ]


def paths(snapshot: Snapshot) -> list[str]:
    """Pages to prepare, walk and measure."""
    return ["/development", "/development/assessment", "/development/map", "/development/map/T4", "/development/support"]
