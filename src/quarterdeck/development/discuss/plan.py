"""A development plan: twelve weeks of sessions inside the person's free hours, one task on real work a week, checkpoints, milestones."""

from __future__ import annotations

from collections.abc import Mapping, Sequence, Set
from dataclasses import asdict, dataclass, field
from datetime import date, datetime, time, timedelta
from math import ceil
from typing import Any

from quarterdeck.development.deliver.scenario import load_scenarios
from quarterdeck.development.discover.assess import Assessment
from quarterdeck.development.discuss.accommodations import block_minutes, is_on
from quarterdeck.development.discuss.priorities import CYCLE_WEEKS, Priority, hours_between, rank
from quarterdeck.development.roles.model import RoleModel
from quarterdeck.methods.list_schedule import Topic, schedule
from quarterdeck.vocabulary.errors import BadInput

FOCUS = 4
CHECKPOINT_EVERY = 4
PASS_MARK = 0.6
PRACTICE_SHARE = 0.5  # of the hours to the next level; the rest is work itself
FAR = datetime.combine(date.max, time())
DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DUE_WEEKS = {"now": 0, "quick": 4, "m6": 26, "m12": 52}


@dataclass(frozen=True, slots=True)
class Window:
    """Free time that comes back every week: day 0 is Monday, from "12:30", minutes."""

    day: int
    start: str
    minutes: int


@dataclass(frozen=True, slots=True)
class Busy:
    """Time that is taken."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry of the plan. `kind`: session, checkpoint, task, milestone. `status`: planned, done, missed, dropped."""

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


@dataclass(frozen=True)
class Plan:
    """The plan, what is in focus and what did not fit, each with its reason in numbers."""

    person: str
    start: date
    weeks: int
    entries: tuple[Entry, ...]
    focus: tuple[str, ...]
    not_fitted: tuple[str, ...]
    priorities: tuple[dict[str, Any], ...]
    sequence: int = 0
    notes: tuple[str, ...] = field(default=())


def read_windows(texts: Sequence[str]) -> tuple[Window, ...]:
    """Free hours from words such as "Tuesday 12:30 40". Raises BadInput."""
    windows = []
    for text in texts:
        parts = text.split()
        if len(parts) != 3 or parts[0].lower() not in DAYS or not parts[2].isdigit() or not _is_clock(parts[1]):
            raise BadInput("Free time cannot be read", thing=text, allowed="day start minutes, e.g. Tuesday 12:30 40")
        windows.append(Window(DAYS.index(parts[0].lower()), parts[1], int(parts[2])))
    return tuple(sorted(windows, key=lambda w: (w.day, w.start)))


def make_plan(
    assessment: Assessment,
    person: str,
    start: date,
    windows: Sequence[Window],
    switches: Sequence[str] = (),
    busy: Sequence[Busy] = (),
    kpis_off: Sequence[str] = (),
    weeks: int = CYCLE_WEEKS,
    sequence: int = 0,
    done: Mapping[str, int] | None = None,
) -> Plan:
    """A plan from the assessment. `done` counts sessions already held per competency; nothing is blamed, the rest is planned again."""
    priorities = rank(assessment, kpis_off)
    minutes = block_minutes(switches)
    slots = free_slots(start, weeks, windows, busy, minutes)
    first_monday = start - timedelta(days=start.weekday())
    focus, topics, left_out = _choose(assessment, priorities, len(slots), minutes, done or {})
    chosen = schedule(topics, [_week(slot, first_monday) for slot in slots])
    if is_on(switches, "plan", "fixed_order"):
        chosen = sorted(chosen, key=lambda at: (at is None, at))
    entries = _sessions(assessment.role, slots, chosen, topics, minutes, first_monday)
    entries += _tasks(assessment.role, focus, first_monday, weeks)
    entries += _milestones(assessment.role, start, weeks)
    entries.sort(key=lambda e: (e.start is None, e.start or FAR, e.week, e.id))
    return Plan(
        person, start, weeks, tuple(entries), tuple(focus), tuple(left_out),
        tuple({**asdict(p), "value": round(p.value, 3)} for p in priorities), sequence,
    )  # fmt: skip


def free_slots(start: date, weeks: int, windows: Sequence[Window], busy: Sequence[Busy], minutes: int) -> list[datetime]:
    """Starts of blocks inside the windows that do not touch busy time; two blocks in a window are five minutes apart."""
    monday = start - timedelta(days=start.weekday())
    slots = []
    for week in range(weeks):
        for window in windows:
            day = monday + timedelta(days=7 * week + window.day)
            at = datetime.fromisoformat(f"{day.isoformat()}T{window.start}:00")
            end = at + timedelta(minutes=window.minutes)
            while at + timedelta(minutes=minutes) <= end:
                if day >= start and not any(b.start < at + timedelta(minutes=minutes) and at < b.end for b in busy):
                    slots.append(at)
                at += timedelta(minutes=minutes + 5)
    return sorted(slots)


def replan(
    plan: Plan,
    assessment: Assessment,
    today: date,
    windows: Sequence[Window],
    switches: Sequence[str] = (),
    busy: Sequence[Busy] = (),
    kpis_off: Sequence[str] = (),
) -> Plan:
    """The plan from today on: what was done stays, what was not is planned again. Changed entries rise in sequence, vanished ones are dropped."""
    done: dict[str, int] = {}
    for entry in plan.entries:
        if entry.kind == "session" and entry.status == "done":
            done[entry.competency] = done.get(entry.competency, 0) + 1
    last_day = plan.start + timedelta(weeks=plan.weeks)
    weeks = max(1, ceil((last_day - today).days / 7))
    fresh = make_plan(assessment, plan.person, today, windows, switches, busy, kpis_off, weeks, plan.sequence + 1, done)
    kept = [e for e in plan.entries if e.status == "done" or (e.start is not None and e.start.date() < today)]
    old_open = {e.id: e for e in plan.entries if e not in kept and e.status == "planned"}
    merged = _merge(old_open, fresh.entries, {e.id for e in kept})
    note = "Replanned from today. What was missed is only planned again."
    return Plan(
        plan.person, plan.start, plan.weeks, (*kept, *merged), fresh.focus, fresh.not_fitted, fresh.priorities, plan.sequence + 1, (note,)
    )


def _merge(old: Mapping[str, Entry], fresh: Sequence[Entry], kept: Set[str]) -> list[Entry]:
    # Sessions keep their identifiers by competency and order, so that a calendar moves an entry instead of doubling it.
    waiting: dict[tuple[str, str], list[Entry]] = {}
    for entry in old.values():
        waiting.setdefault((entry.kind, entry.competency), []).append(entry)
    merged: list[Entry] = []
    for entry in fresh:
        same = waiting.get((entry.kind, entry.competency), [])
        if not same:
            merged.append(Entry(**{**asdict(entry), "id": _fresh_id(entry, {*old, *kept, *(e.id for e in merged)})}))
            continue
        before = same.pop(0)
        changed = (before.start, before.minutes, before.title) != (entry.start, entry.minutes, entry.title)
        merged.append(Entry(**{**asdict(entry), "id": before.id, "sequence": before.sequence + int(changed)}))
    for rest in waiting.values():
        merged += [Entry(**{**asdict(e), "status": "dropped", "sequence": e.sequence + 1}) for e in rest]
    return merged


def _fresh_id(entry: Entry, taken: Set[str]) -> str:
    name, n = entry.id, 2
    while name in taken:
        name, n = f"{entry.id}-{n}", n + 1
    return name


def _choose(
    assessment: Assessment, priorities: Sequence[Priority], slots: int, minutes: int, done: Mapping[str, int]
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
        needed = min(wanted, max(2, ceil(slots / 3)))  # few hours are shared by three, not spent on one
        if needed <= 0:
            continue
        group = role.group_of(priority.competency)
        topics.append(Topic(priority.competency, group.id, priority.value, needed, group.kind == "foundation"))
        focus.append(priority.competency)
        room -= needed
    left_out = [p.competency for p in open_ones if p.competency not in focus]
    return focus, topics, left_out


def _sessions(
    role: RoleModel, slots: Sequence[datetime], chosen: Sequence[int | None], topics: Sequence[Topic], minutes: int, monday: date
) -> list[Entry]:
    entries: list[Entry] = []
    counts: dict[str, int] = {}
    checkpoints: set[int] = set()
    for slot, at in zip(slots, chosen, strict=True):
        if at is None:
            continue
        topic = topics[at]
        week = _week(slot, monday)
        number = counts.get(topic.id, 0)
        counts[topic.id] = number + 1
        is_checkpoint = (week + 1) % CHECKPOINT_EVERY == 0 and week not in checkpoints
        if is_checkpoint:
            checkpoints.add(week)
        scenario = pick_scenario(topic.id, number, is_checkpoint)
        kind = "checkpoint" if is_checkpoint else "session"
        title = f"{'Checkpoint, no hints' if is_checkpoint else 'Practice'}: {role.get(topic.id).name}"
        entries.append(Entry(f"{topic.id}-{number + 1}", kind, topic.id, title, slot, minutes, week, scenario))
    return entries


def pick_scenario(competency: str, number: int, is_checkpoint: bool = False) -> str:
    """A conversation for a competency: its own first, in turn, debriefs excluded; a checkpoint takes the last one, unseen by then."""
    own = [s.id for s in load_scenarios().values() if competency in s.competencies and s.type != "debrief"]
    if not own:
        return "coaching-delegate"
    return own[-1] if is_checkpoint else own[number % len(own)]


def _tasks(role: RoleModel, focus: Sequence[str], monday: date, weeks: int) -> list[Entry]:
    tasks = []
    for week in range(weeks):
        if not focus:
            break
        competency = role.get(focus[week % len(focus)])
        jobs = competency.jobs or ("decision_log",)
        job = role.job(jobs[(week // len(focus)) % len(jobs)])
        title = f"On the job: {job.name[0].lower() + job.name[1:]}, with {competency.name[0].lower() + competency.name[1:]} in mind"
        tasks.append(Entry(f"task-{week + 1}", "task", competency.id, title, None, 0, week, job=job.id))
    return tasks


def _milestones(role: RoleModel, start: date, weeks: int) -> list[Entry]:
    entries = []
    for number, milestone in enumerate(role.milestones, 1):
        week = DUE_WEEKS.get(milestone.due)
        if week is not None:
            day = start + timedelta(weeks=week)
            entries.append(
                Entry(f"milestone-{number}", "milestone", milestone.group, milestone.name, datetime.combine(day, time()), 0, week)
            )
    return entries


def _week(slot: datetime, monday: date) -> int:
    return (slot.date() - monday).days // 7


def _is_clock(text: str) -> bool:
    try:
        datetime.strptime(text, "%H:%M")  # noqa: DTZ007  a time of day, no instant
    except ValueError:
        return False
    return True


def to_content(plan: Plan) -> dict[str, Any]:
    """A plan as plain data."""
    content = asdict(plan)
    content["start"] = plan.start.isoformat()
    for entry in content["entries"]:
        entry["start"] = entry["start"].isoformat() if entry["start"] else None
    return content


def from_content(content: Mapping[str, Any]) -> Plan:
    """A plan from plain data."""
    entries = tuple(Entry(**{**e, "start": datetime.fromisoformat(e["start"]) if e["start"] else None}) for e in content["entries"])
    lists = {key: tuple(content[key]) for key in ("focus", "not_fitted", "priorities", "notes")}
    return Plan(content["person"], date.fromisoformat(content["start"]), content["weeks"], entries, sequence=content["sequence"], **lists)
