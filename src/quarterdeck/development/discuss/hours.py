"""Free hours of a week: the windows a person names, the blocks that fit into them, and the same order of topics each week."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from quarterdeck.methods.list_schedule import PER_WEEK, Topic
from quarterdeck.vocabulary.errors import BadInput

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")


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


def read_windows(texts: Sequence[str]) -> tuple[Window, ...]:
    """Free hours from words such as "Tuesday 12:30 40". Raises BadInput."""
    windows = []
    for text in texts:
        parts = text.split()
        if len(parts) != 3 or parts[0].lower() not in DAYS or not parts[2].isdigit() or not _is_clock(parts[1]):
            raise BadInput("Free time cannot be read", thing=text, allowed="day start minutes, e.g. Tuesday 12:30 40")
        windows.append(Window(DAYS.index(parts[0].lower()), parts[1], int(parts[2])))
    return tuple(sorted(windows, key=lambda w: (w.day, w.start)))


def free_slots(first_day: date, weeks: int, windows: Sequence[Window], busy: Sequence[Busy], minutes: int) -> list[datetime]:
    """Starts of blocks from a day on, over so many weeks: blocks fill each window one after another and do not touch busy time."""
    monday = monday_of(first_day)
    slots = []
    for week in range(weeks):
        for window in windows:
            day = monday + timedelta(days=7 * week + window.day)
            at = datetime.fromisoformat(f"{day.isoformat()}T{window.start}:00")
            end = at + timedelta(minutes=window.minutes)
            while at + timedelta(minutes=minutes) <= end:
                if day >= first_day and not any(b.start < at + timedelta(minutes=minutes) and at < b.end for b in busy):
                    slots.append(at)
                at += timedelta(minutes=minutes)
    return sorted(slots)


def fixed_order(topics: Sequence[Topic], slots: Sequence[datetime]) -> list[int | None]:
    """For each slot the position of its topic: the same day and time holds the same topic every week, until its sessions are done.

    A topic that still waits takes a place before a second one is given away; none holds more than two places a week.
    """
    left = [topic.sessions for topic in topics]
    places: dict[tuple[int, time], int] = {}
    chosen: list[int | None] = []
    for slot in slots:
        place = (slot.weekday(), slot.time())
        at: int | None = places.pop(place, None)
        if at is None or not left[at]:
            holds = [sum(left[n] > 0 and other == n for other in places.values()) for n in range(len(topics))]
            at = min((n for n in range(len(topics)) if left[n] and holds[n] < PER_WEEK), key=lambda n: (holds[n], n), default=None)
        if at is not None:
            places[place] = at
            left[at] -= 1
        chosen.append(at)
    return chosen


def monday_of(day: date) -> date:
    """The Monday of its week."""
    return day - timedelta(days=day.weekday())


def week_of(day: date, monday: date) -> int:
    """Whole weeks since a Monday, from 0; negative before it."""
    return (day - monday).days // 7


def _is_clock(text: str) -> bool:
    try:
        datetime.strptime(text, "%H:%M")  # noqa: DTZ007  a time of day, no instant
    except ValueError:
        return False
    return True
