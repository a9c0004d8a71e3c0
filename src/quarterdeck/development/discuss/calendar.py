"""The plan as iCalendar: stable identifiers, rising sequence numbers, cancelled sessions, neutral titles (calendars are shared)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from icalendar import Alarm, Calendar, Event

from quarterdeck.development.discuss.plan import Busy, Entry, Plan
from quarterdeck.vocabulary.errors import BadInput

DOMAIN = "development.quarterdeck"
TITLES = {"session": "Development time", "checkpoint": "Development checkpoint"}
ALARM_MINUTES = 10


def render_calendar(plan: Plan, zone: str, stamp: datetime, base_url: str = "") -> bytes:
    """An .ics with every session and checkpoint. Times carry the zone, with its VTIMEZONE. `stamp` is when the file was made."""
    calendar = Calendar()
    calendar.add("prodid", "-//Quarterdeck//Development//EN")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("calscale", "GREGORIAN")
    for entry in plan.entries:
        if entry.start is not None and entry.kind in TITLES and entry.status != "missed":
            calendar.add_component(_event(plan, entry, ZoneInfo(zone), stamp, base_url))
    last = plan.start + timedelta(weeks=plan.weeks + 26)
    calendar.add_missing_timezones(first_date=plan.start - timedelta(days=366), last_date=last)
    return bytes(calendar.to_ical())


def read_busy(content: bytes) -> list[Busy]:
    """Busy time from a person's own calendar file, in local time. Raises BadInput."""
    try:
        calendar = Calendar.from_ical(content)
    except ValueError as error:
        raise BadInput("The calendar cannot be read", thing=str(error)) from error
    busy = []
    for event in calendar.walk("VEVENT"):
        start, end = event.get("dtstart"), event.get("dtend")
        if start is None or not isinstance(start.dt, datetime) or str(event.get("transp", "")) == "TRANSPARENT":
            continue
        finish = (
            end.dt if end is not None else start.dt + event.get("duration").dt if event.get("duration") else start.dt + timedelta(hours=1)
        )
        busy.append(Busy(start.dt.replace(tzinfo=None), finish.replace(tzinfo=None)))
    return busy


def _event(plan: Plan, entry: Entry, zone: ZoneInfo, stamp: datetime, base_url: str) -> Event:
    assert entry.start is not None
    event = Event()
    event.add("uid", f"{plan.person}-{(plan.origin or plan.start).isoformat()}-{entry.id}@{DOMAIN}")
    event.add("dtstamp", stamp.astimezone(UTC))
    start = entry.start.replace(tzinfo=zone)
    event.add("dtstart", start)
    event.add("dtend", start + timedelta(minutes=entry.minutes))
    event.add("summary", TITLES[entry.kind])
    event.add("sequence", entry.sequence)
    event.add("status", "CANCELLED" if entry.status == "dropped" else "CONFIRMED")
    link = f"{base_url}/development/plan/{entry.id}"
    event.add("description", f"Next action: open {link} and start. {entry.minutes} minutes. You can pause at any time.")
    if entry.status != "dropped":
        alarm = Alarm()
        alarm.add("action", "DISPLAY")
        alarm.add("description", TITLES[entry.kind])
        alarm.add("trigger", timedelta(minutes=-ALARM_MINUTES))
        event.add_component(alarm)
    return event
