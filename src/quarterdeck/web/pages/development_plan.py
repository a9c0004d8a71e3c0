"""Pages of the plan: week by week, one session at a time, and what changes it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.development import actions
from quarterdeck.development.deliver.scenario import get_scenario, load_types
from quarterdeck.development.deliver.score import next_level
from quarterdeck.development.discuss.agenda import build_agenda
from quarterdeck.development.discuss.calendar import render_calendar
from quarterdeck.development.discuss.conversations import checkpoints_for, pick_unseen
from quarterdeck.development.discuss.hours import monday_of
from quarterdeck.development.discuss.plan import CHECKPOINT_LEVEL, PASS_MARK, Entry, Plan
from quarterdeck.development.learner import get_profile, read_conversations, read_current_plan, read_role, read_seen
from quarterdeck.development.planning import work_out
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.web.pages.development import support
from quarterdeck.web.tables import Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
STATUS_WORDS = {"planned": "open", "done": "done", "missed": "not held; planned again", "dropped": "dropped"}


@dataclass(frozen=True, slots=True)
class Week:
    """One week of the page: its heading, its entries, and whether it is the present one."""

    heading: str
    entries: tuple[Entry, ...]
    is_here: bool


@router.get("/development/plan")
def show_plan(view: View = permit("page.read", any_scope=True)) -> Response:
    """The weeks, each with its sessions, its task and its milestones; what did not fit is said."""
    plan, own = read_current_plan(view.record, view.actor.id), support(view)
    role = read_role(view.record, view.actor.id)
    if plan is None:
        own = support(view, has_form=True)
        return view.page(
            "development/no_plan.html", finding="There is no plan yet", needs_facts=False, cites=[12, *own["profile"].windows, 1, 2], **own
        )
    today = view.now().date()
    done = sum(e.status == "done" for e in plan.sessions)
    upcoming = plan.upcoming(today)
    past = [e for e in plan.sessions if e.status == "planned" and e.start is not None and e.start.date() < today]
    weeks = to_weeks(plan, today)
    shown = [e for week in weeks for e in week.entries]
    words = {e.id: say_status(e) for e in shown}
    names = [role.get(c).name for c in plan.focus]
    return view.page(
        "development/plan.html", finding=f"{wording.of(done, len(plan.sessions))} sessions are done, {wording.plural(len(plan.focus), 'competency', 'competencies')} in focus", needs_facts=False,
        tables=[_plan_table(plan)], plan=plan, weeks=weeks, words=words, next=upcoming[0] if upcoming else None, past=past, done=done, is_over=plan.end <= today, focus=names,
        left=len(plan.not_fitted), pass_mark=PASS_MARK, whens={e.id: say_when(e) for e in shown},
        cites=[done, len(plan.sessions), len(plan.focus), len(plan.not_fitted), len(past), 12, wording.share(PASS_MARK, 0), *plan.notes, *names, *words.values(), *(w.heading for w in weeks), *(f"{e.title} {say_when(e)} {e.minutes}" for e in shown)], **own,
    )  # fmt: skip


@router.post("/development/plan")
def remake_plan(new: Annotated[str, Form()] = "", view: View = permit("development.plan", any_scope=True)) -> Response:
    """A first plan from next Monday; else the rest of the present one from today; else twelve new weeks. Done marks stay."""
    now = view.now()
    snapshot = view.snapshot if view.has_facts else None
    actions.keep_plan(view.record, view.actor, work_out(view.record, view.actor.id, now, snapshot, is_new=bool(new)), now)
    return view.redirect("/development/plan")


@router.get("/development/plan.ics")
def plan_calendar(view: View = permit("page.read", any_scope=True)) -> Response:
    """The plan for a calendar: neutral titles, stable identifiers."""
    plan = _get_plan(view)
    content = render_calendar(plan, get_profile(view.record, view.actor.id).zone, view.now(), str(view.request.base_url).rstrip("/"))
    return Response(
        content, media_type="text/calendar; charset=utf-8", headers={"content-disposition": 'attachment; filename="development.ics"'}
    )


@router.get("/development/plan/{entry_id}")
def show_entry(entry_id: str, view: View = permit("page.read", any_scope=True)) -> Response:
    """One session before its first word: agenda, what counts, and how it is held; or that no conversation exists for it."""
    entry = _get_entry(_get_plan(view), entry_id)
    own = support(view, has_form=True)
    name = pick_now(view, entry)
    scenario = get_scenario(name) if name else None
    kind = load_types()[scenario.type] if scenario else None
    agenda = build_agenda(scenario) if scenario else ()
    open_one = next(
        (c for c in read_conversations(view.record, view.actor.id) if c["entry"] == entry.id and c["status"] in ("running", "paused")), None
    )
    return view.page(
        "development/plan_session.html", finding=entry.title, needs_facts=False, entry=entry, when=say_when(entry), state=say_status(entry), scenario=scenario, kind=kind, agenda=agenda, steps=len(agenda),
        minutes=kind.minutes if kind else entry.minutes, level=level_of(view, entry, name), pass_mark=PASS_MARK, open_one=open_one,
        cites=[entry.title, entry.minutes, say_when(entry), say_status(entry), wording.share(PASS_MARK, 0), len(agenda), 1, 2, 3, *(f"{step.name} {step.minutes}" for step in agenda), *((kind.minutes, kind.goal, *kind.rubric, scenario.title) if kind and scenario else ())], **own,
    )  # fmt: skip


@router.post("/development/plan/{entry_id}/begin")
def begin_entry(entry_id: str, view: View = permit("development.converse", any_scope=True)) -> Response:
    """Open the conversation of a session; a checkpoint at level 3, with one that was not held yet where there is one."""
    entry = _get_entry(_get_plan(view), entry_id)
    name = pick_now(view, entry)
    if not name:
        raise BadInput("No conversation exists for this session", thing=entry.title, next_step="Use the time for your own work on it.")
    now = view.now()
    identifier, _ = actions.open_conversation(
        view.record, view.actor, get_scenario(name), now, level_of(view, entry, name), int(now.timestamp()) % 100_000, entry.id
    )
    return view.redirect(f"/development/conversations/{identifier}")


@router.post("/development/plan/{entry_id}/{status}")
def mark(entry_id: str, status: str, view: View = permit("development.plan", any_scope=True)) -> Response:
    """Mark an entry as done or planned."""
    actions.mark_entry(view.record, view.actor, _get_plan(view), entry_id, status, view.now())
    return view.redirect("/development/plan")


def to_weeks(plan: Plan, today: date) -> list[Week]:
    """The entries by week; the present week is marked, else the first one that is still to come."""
    by_week: dict[int, list[Entry]] = {}
    for entry in plan.entries:
        if entry.status != "dropped":
            by_week.setdefault(entry.week, []).append(entry)
    monday = monday_of(plan.start)
    here = next((w for w in sorted(by_week) if monday + timedelta(weeks=w + 1) > today), None)
    return [Week(_heading(week, plan, monday), tuple(entries), week == here) for week, entries in sorted(by_week.items())]


def say_when(entry: Entry) -> str:
    """When an entry is, in words."""
    if entry.start is None:
        return "in this week"
    return f"{entry.start:%A} {wording.day(entry.start)}, {entry.start:%H:%M}" if entry.minutes else f"by {wording.day(entry.start)}"


def say_status(entry: Entry) -> str:
    """What became of an entry, in words; a checkpoint with its result."""
    if entry.result is None or entry.status != "done":
        return STATUS_WORDS[entry.status]
    unaided = f"{wording.share(entry.result, 0)} without help"
    if entry.kind != "checkpoint":
        return f"done, {unaided}"
    return f"passed, {unaided}" if entry.is_passed else f"held, {unaided}; {wording.share(PASS_MARK, 0)} is a pass"


def pick_now(view: View, entry: Entry) -> str:
    """The conversation of an entry; for a checkpoint one that was not held meanwhile, where there is one."""
    if entry.kind != "checkpoint":
        return entry.scenario
    role, seen = read_role(view.record, view.actor.id), read_seen(view.record, view.actor.id)
    return entry.scenario if entry.scenario not in seen else pick_unseen(checkpoints_for(role, entry.competency), seen)


def level_of(view: View, entry: Entry, name: str) -> int:
    """The level a session is held at: the highest for a checkpoint, else what earlier ones of the type suggest."""
    if entry.kind == "checkpoint" or not name:
        return CHECKPOINT_LEVEL
    scenario = get_scenario(name)
    held = [c for c in read_conversations(view.record, view.actor.id) if c["type"] == scenario.type and c["status"] == "ended"]
    return next_level(scenario.level, [c["unaided"] for c in held])


def _heading(week: int, plan: Plan, monday: date) -> str:
    day = wording.day(monday + timedelta(weeks=week))
    if week < 0:
        return f"Before, week of {day}"
    return f"Week {week + 1}, from {day}" if week < plan.weeks else f"Later, week of {day}"


def _get_plan(view: View) -> Plan:
    plan = read_current_plan(view.record, view.actor.id)
    if plan is None:
        raise NotFound("There is no plan yet", thing="your plan", next_step="Make one first.")
    return plan


def _get_entry(plan: Plan, entry_id: str) -> Entry:
    entry = next((e for e in plan.entries if e.id == entry_id and e.kind in ("session", "checkpoint") and e.status != "dropped"), None)
    if entry is None:
        raise NotFound("Unknown session of the plan", thing=entry_id)
    return entry


def _plan_table(plan: Plan) -> Table:
    columns: Sequence[Column] = [
        Column("week", "Week", is_number=True),
        Column("when", "When"),
        Column("what", "What"),
        Column("minutes", "Minutes", is_number=True),
        Column("status", "Status"),
    ]
    rows: list[dict[str, Any]] = [
        {"week": e.week + 1, "when": say_when(e), "what": e.title, "minutes": e.minutes or "none fixed", "status": say_status(e)}
        for e in plan.entries
        if e.status != "dropped"
    ]
    return Table("plan", "The plan, week by week", columns, rows)


def paths(snapshot: Snapshot) -> list[str]:
    """Pages to prepare, walk and measure."""
    return ["/development/plan"]
