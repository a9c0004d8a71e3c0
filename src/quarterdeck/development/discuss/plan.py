"""A development plan: twelve weeks of sessions inside the person's free hours, one task on real work a week, checkpoints, milestones."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import Any

from quarterdeck.development.discover.assess import Assessment
from quarterdeck.development.discuss.accommodations import block_minutes, is_on
from quarterdeck.development.discuss.conversations import checkpoints_for, conversations_for, pick_unseen
from quarterdeck.development.discuss.hours import Busy, Window, fixed_order, free_slots, monday_of, read_windows, week_of
from quarterdeck.development.discuss.priorities import CYCLE_WEEKS, Priority, hours_between, rank
from quarterdeck.development.roles.model import RoleModel
from quarterdeck.methods.list_schedule import PER_WEEK, Topic, schedule

__all__ = ["Busy", "Entry", "Plan", "Window", "free_slots", "from_content", "make_plan", "read_windows", "renew", "replan", "to_content"]

FOCUS = 4
CHECKPOINT_EVERY = 4
PASS_MARK = 0.6
CHECKPOINT_LEVEL = 3
PRACTICE_SHARE = 0.5  # of the hours to the next level; the rest is work itself
FAR = datetime.combine(date.max, time())
DUE_WEEKS = {"now": 0, "quick": 4, "m6": 26, "m12": 52}
TIMED = ("session", "checkpoint")


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the plan. `kind`: session, checkpoint, task, milestone. `status`: planned, done, missed, dropped.

    `scenario` is empty where no conversation exists for the competency; `result` is the unaided share of a conversation that was held.
    """

    id: str
    kind: str
    competency: str
    title: str
    start: datetime | None
    minutes: int
    week: int
    scenario: str = ""
    job: str = ""
    status: str = "planned"
    sequence: int = 0
    result: float | None = None

    @property
    def is_passed(self) -> bool:
        """Whether a checkpoint was passed without help."""
        return self.kind == "checkpoint" and self.result is not None and self.result >= PASS_MARK


@dataclass(frozen=True)
class Plan:
    """The plan, what is in focus and what did not fit, each with its reason in numbers.

    `start` is the first day of its week 1; `origin` that of the person's first plan, which keeps calendar identifiers stable.
    """

    person: str
    start: date
    weeks: int
    entries: tuple[Entry, ...]
    focus: tuple[str, ...]
    not_fitted: tuple[str, ...]
    priorities: tuple[dict[str, Any], ...]
    sequence: int = 0
    notes: tuple[str, ...] = field(default=())
    origin: date | None = None
    role: str = ""

    @property
    def end(self) -> date:
        """The Monday after the last week."""
        return monday_of(self.start) + timedelta(weeks=self.weeks)

    @property
    def sessions(self) -> tuple[Entry, ...]:
        """Sessions and checkpoints that count: held, open, or closed as missed and planned again."""
        return tuple(e for e in self.entries if e.kind in TIMED and e.status in ("planned", "done"))

    def upcoming(self, today: date) -> tuple[Entry, ...]:
        """Open sessions from today on, in order of time."""
        return tuple(e for e in self.sessions if e.status == "planned" and e.start is not None and e.start.date() >= today)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a plan is worked out under: free hours, switches, taken hours, KPIs off target, conversations held before."""

    windows: Sequence[Window]
    switches: Sequence[str] = ()
    busy: Sequence[Busy] = ()
    kpis_off: Sequence[str] = ()
    seen: Collection[str] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """Sessions and tasks from a day on, and what they were chosen by."""

    entries: tuple[Entry, ...]
    focus: tuple[str, ...]
    not_fitted: tuple[str, ...]
    priorities: tuple[dict[str, Any], ...]


def make_plan(
    assessment: Assessment,
    person: str,
    start: date,
    windows: Sequence[Window],
    switches: Sequence[str] = (),
    busy: Sequence[Busy] = (),
    kpis_off: Sequence[str] = (),
    weeks: int = CYCLE_WEEKS,
    seen: Collection[str] = (),
) -> Plan:
    """A first plan from the assessment. `seen` are conversations held before, which no checkpoint repeats while there is another."""
    draft = _draft(assessment, start, start, weeks, Terms(windows, switches, busy, kpis_off, seen), ())
    entries = in_order([*draft.entries, *_milestones(assessment.role, start)])
    return Plan(person, start, weeks, entries, draft.focus, draft.not_fitted, draft.priorities, origin=start, role=assessment.role.id)


def replan(
    plan: Plan,
    assessment: Assessment,
    today: date,
    windows: Sequence[Window],
    switches: Sequence[str] = (),
    busy: Sequence[Busy] = (),
    kpis_off: Sequence[str] = (),
    seen: Collection[str] = (),
) -> Plan:
    """The rest of the same weeks from today on: what was done stays, what was not is closed and planned again. Weeks and milestones go on."""
    terms = Terms(windows, switches, busy, kpis_off, seen)
    return _carry_on(
        plan, assessment, plan.start, max(today, plan.start), terms, "Replanned from today. What was missed is only planned again."
    )


def renew(plan: Plan, assessment: Assessment, start: date, terms: Terms) -> Plan:
    """Twelve new weeks from a day on. What was done stays with its mark; calendars move what they hold."""
    return _carry_on(plan, assessment, start, start, terms, "New weeks. What was done before stays.")


def close_held(plan: Plan, scenario: str, entry_id: str, unaided: float | None) -> Plan:
    """The plan after a conversation ended: the session it was begun from is done, else the first open one with this conversation.

    A checkpoint counts only where it was begun as one. `unaided` is None for a kind without score. Nothing fitting: the plan as it was.
    """
    open_ones = [e for e in plan.sessions if e.status == "planned"]
    fitting = [e for e in open_ones if e.id == entry_id] or [e for e in open_ones if e.kind == "session" and e.scenario == scenario]
    if not fitting:
        return plan
    held = replace(fitting[0], status="done", scenario=scenario, result=None if unaided is None else round(unaided, 3))
    return replace(plan, entries=tuple(held if e.id == held.id else e for e in plan.entries))


def in_order(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """Week by week: what has a day by its day, then the task of the week."""
    return tuple(sorted(entries, key=lambda e: (e.week, e.start is None, e.start or FAR, e.id)))


def _carry_on(plan: Plan, assessment: Assessment, start: date, first_day: date, terms: Terms, note: str) -> Plan:
    monday = monday_of(start)
    shift = (monday_of(plan.start) - monday).days // 7
    old = [_close(replace(e, week=e.week + shift), first_day, week_of(first_day, monday)) for e in plan.entries]
    is_same_role = plan.role in ("", assessment.role.id)
    kept = [e for e in old if _stays(e, first_day, is_same_role)]
    waiting = [e for e in old if e.kind in TIMED and e.status == "planned"]
    done = (
        [e for e in kept if e.status == "done" and e.start is not None and e.start.date() >= monday_of(plan.start)] if is_same_role else []
    )
    held = [Busy(e.start, e.start + timedelta(minutes=e.minutes)) for e in kept if e.kind in TIMED and e.status == "done" and e.start]
    draft = _draft(assessment, start, first_day, plan.weeks, replace(terms, busy=(*terms.busy, *held)), done)
    fresh = [e for e in draft.entries if e.kind != "task" or e.week not in {k.week for k in kept if k.kind == "task"}]
    if not is_same_role:
        fresh += _milestones(assessment.role, start)
    merged = _merge(waiting if is_same_role else [], fresh, {e.id for e in old})
    dropped = {e.id for e in waiting} - {e.id for e in merged}
    gone = [replace(e, status="dropped", sequence=e.sequence + 1) for e in waiting if e.id in dropped]
    return Plan(
        plan.person, start, plan.weeks, in_order([*kept, *merged, *gone]), draft.focus, draft.not_fitted, draft.priorities, plan.sequence + 1,
        (note,), plan.origin or plan.start, assessment.role.id,
    )  # fmt: skip


def _close(entry: Entry, first_day: date, week: int) -> Entry:
    # A session whose day is over, or the task of a week that is over, is closed; no mark is lost and nothing is blamed.
    is_over = (
        entry.start is not None and entry.start.date() < first_day if entry.kind in TIMED else entry.kind == "task" and entry.week < week
    )
    return replace(entry, status="missed") if is_over and entry.status == "planned" else entry


def _stays(entry: Entry, first_day: date, is_same_role: bool) -> bool:
    if entry.status == "planned":
        return entry.kind == "milestone" and is_same_role  # their days follow from the first start
    return entry.status != "dropped" or (entry.start is not None and entry.start.date() >= first_day)  # calendars still have to hear of it


def _merge(waiting: Sequence[Entry], fresh: Sequence[Entry], taken: Collection[str]) -> list[Entry]:
    # Sessions keep their identifiers by competency and order, so that a calendar moves an entry instead of doubling it.
    by_topic: dict[tuple[str, str], list[Entry]] = {}
    for entry in waiting:
        by_topic.setdefault((entry.kind, entry.competency), []).append(entry)
    merged: list[Entry] = []
    for entry in fresh:
        if same := by_topic.get((entry.kind, entry.competency), []):
            before = same.pop(0)
            changed = (before.start, before.minutes, before.title) != (entry.start, entry.minutes, entry.title)
            merged.append(replace(entry, id=before.id, sequence=before.sequence + int(changed)))
        else:
            merged.append(replace(entry, id=_fresh_id(entry.id, {*taken, *(e.id for e in merged)})))
    return merged


def _fresh_id(wanted: str, taken: Collection[str]) -> str:
    name, n = wanted, 2
    while name in taken:
        name, n = f"{wanted}-{n}", n + 1
    return name


def _draft(assessment: Assessment, start: date, first_day: date, weeks: int, terms: Terms, done: Sequence[Entry]) -> Draft:
    role, monday, minutes = assessment.role, monday_of(start), block_minutes(terms.switches)
    weeks_left = weeks - week_of(first_day, monday)
    slots = free_slots(first_day, weeks_left, terms.windows, terms.busy, minutes)
    held: dict[str, int] = {}
    for entry in done:
        if entry.kind in TIMED:
            held[entry.competency] = held.get(entry.competency, 0) + 1
    priorities = rank(assessment, terms.kpis_off)
    focus, topics, left_out = _choose(assessment, priorities, len(slots), minutes, held, PER_WEEK * max(1, weeks_left))
    if is_on(terms.switches, "plan", "fixed_order"):
        chosen = fixed_order(topics, slots)
    else:
        chosen = schedule(topics, [week_of(slot.date(), monday) for slot in slots])
    places = [(slot, topics[at].id) for slot, at in zip(slots, chosen, strict=True) if at is not None]
    seen = {*terms.seen, *(e.scenario for e in done)}
    entries = [*_sessions(role, places, minutes, monday, held, seen), *_tasks(role, focus, weeks - weeks_left, weeks)]
    numbers = tuple({**asdict(p), "value": round(p.value, 3)} for p in priorities)
    return Draft(tuple(entries), tuple(focus), tuple(left_out), numbers)


def _choose(
    assessment: Assessment, priorities: Sequence[Priority], slots: int, minutes: int, done: Mapping[str, int], most: int
) -> tuple[list[str], list[Topic], list[str]]:
    role = assessment.role
    open_ones = [p for p in priorities if p.gap > 0.25]
    focus: list[str] = []
    topics: list[Topic] = []
    room = slots
    for priority in open_ones:
        if len(focus) == FOCUS or room <= 0:
            break
        competency = role.get(priority.competency)
        level = float(assessment.belief.mean[assessment.place(priority.competency)])
        goal = min(float(competency.target), level + 1)  # one level per competency and cycle
        wanted = max(2, ceil(PRACTICE_SHARE * 60 * hours_between(level, goal) / minutes)) - done.get(priority.competency, 0)
        needed = min(wanted, most, max(2, ceil(slots / 3)))  # few hours are shared by three, not spent on one
        if needed <= 0:
            continue
        group = role.group_of(priority.competency)
        topics.append(Topic(priority.competency, group.id, priority.value, needed, group.kind == "foundation"))
        focus.append(priority.competency)
        room -= needed
    left_out = [p.competency for p in open_ones if p.competency not in focus]
    return focus, topics, left_out


def _sessions(
    role: RoleModel, places: Sequence[tuple[datetime, str]], minutes: int, monday: date, held: Mapping[str, int], seen: Collection[str]
) -> list[Entry]:
    entries: list[Entry] = []
    counts, used = dict(held), set(seen)
    checkpoints = _checkpoints(role, places, monday, seen)
    for slot, competency in places:
        number = counts[competency] = counts.get(competency, 0) + 1
        is_checkpoint = slot in checkpoints
        kept = set(checkpoints.values()) - used  # what a checkpoint is to bring unseen is not practised before it
        own = [s for s in conversations_for(role, competency) if s not in kept] or conversations_for(role, competency)
        scenario = checkpoints[slot] if is_checkpoint else own[(number - 1) % len(own)] if own else ""
        used.add(scenario)
        words = "Checkpoint, no hints" if is_checkpoint else "Practice" if scenario else "Own work, no conversation exists"
        kind = "checkpoint" if is_checkpoint else "session"
        title = f"{words}: {role.get(competency).name}"
        entries.append(Entry(f"{competency}-{number}", kind, competency, title, slot, minutes, week_of(slot.date(), monday), scenario))
    return entries


def _checkpoints(role: RoleModel, places: Sequence[tuple[datetime, str]], monday: date, seen: Collection[str]) -> dict[datetime, str]:
    # One in every fourth week, with its conversation: where an unseen one exists beside one to practise with, else where one exists at all.
    weeks: dict[int, list[tuple[datetime, tuple[str, ...]]]] = {}
    for slot, competency in places:
        week = week_of(slot.date(), monday)
        if (week + 1) % CHECKPOINT_EVERY == 0 and (own := checkpoints_for(role, competency)):
            weeks.setdefault(week, []).append((slot, own))
    found: dict[datetime, str] = {}
    for able in weeks.values():
        known = {*seen, *found.values()}
        slot, own = next(((slot, own) for slot, own in able if len(own) > 1 and set(own) - known), able[0])
        found[slot] = pick_unseen(own, known)
    return found


def _tasks(role: RoleModel, focus: Sequence[str], first: int, weeks: int) -> list[Entry]:
    tasks = []
    for week in range(first, weeks) if focus else ():
        competency = role.get(focus[week % len(focus)])
        jobs = competency.jobs or ("decision_log",)
        job = role.job(jobs[(week // len(focus)) % len(jobs)])
        title = f"On the job: {_within(job.name)}, with {_within(competency.name)} in mind"
        tasks.append(Entry(f"task-{week + 1}", "task", competency.id, title, None, 0, week, job=job.id))
    return tasks


def _within(name: str) -> str:
    # A name inside a sentence; an abbreviation keeps its capitals.
    return name if name[1:2].isupper() else name[0].lower() + name[1:]


def _milestones(role: RoleModel, start: date) -> list[Entry]:
    entries = []
    for number, milestone in enumerate(role.milestones, 1):
        week = DUE_WEEKS.get(milestone.due)
        if week is not None:
            day = datetime.combine(start + timedelta(weeks=week), time())
            entries.append(Entry(f"milestone-{number}", "milestone", milestone.group, milestone.name, day, 0, week))
    return entries


def to_content(plan: Plan) -> dict[str, Any]:
    """A plan as plain data."""
    content = asdict(plan)
    content["start"], content["origin"] = plan.start.isoformat(), plan.origin.isoformat() if plan.origin else None
    for entry in content["entries"]:
        entry["start"] = entry["start"].isoformat() if entry["start"] else None
    return content


def from_content(content: Mapping[str, Any]) -> Plan:
    """A plan from plain data."""
    entries = tuple(Entry(**{**e, "start": datetime.fromisoformat(e["start"]) if e["start"] else None}) for e in content["entries"])
    lists = {key: tuple(content[key]) for key in ("focus", "not_fitted", "priorities", "notes")}
    start = date.fromisoformat(content["start"])
    origin = date.fromisoformat(content["origin"]) if content.get("origin") else start
    return Plan(
        content["person"], start, content["weeks"], in_order(entries), sequence=content["sequence"], origin=origin,
        role=content.get("role", ""), **lists,
    )  # fmt: skip
