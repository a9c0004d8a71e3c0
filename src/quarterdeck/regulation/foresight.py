"""What comes in the next 36 months, by certainty; the map of changes by trial; how ready we are; the calendar file and the digest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from quarterdeck.regulation.implications import Impact
from quarterdeck.regulation.knowledge import CLASSES, Change, ChangeDate
from quarterdeck.regulation.model import Outcome
from quarterdeck.vocabulary import wording

HORIZON_MONTHS = 36
REMINDERS = (30, 14, 5)  # days before a consultation closes
WEIGHT = {Outcome.APPLIES: 3, Outcome.NEEDS_REVIEW: 2, Outcome.WATCH: 1, Outcome.NOT_APPLICABLE: 0}
DEADLINE_KINDS = ("comment_close", "election_deadline", "transition_end", "effective", "applies_from", "expected")


@dataclass(frozen=True, slots=True)
class Event:
    """A date of a change on the timeline; `low` and `high` differ where the day is not known."""

    change: str
    title: str
    lane: str
    stage: str
    kind: str
    say: str
    low: date
    high: date
    certainty: str
    region: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class Readiness:
    """How far a change has been dealt with: affected trials, of which assessed and closed; open actions; days left."""

    change: str
    title: str
    affected: int
    questions: int
    assessed: int
    closed: int
    actions_open: int
    next_date: date | None
    next_say: str


def derive_timeline(changes: Iterable[Change], today: date, months: int = HORIZON_MONTHS) -> list[Event]:
    """Dates of all changes from today to the horizon, and expected spans that reach into it, soonest first."""
    end = add_months(today, months)
    events = [
        Event(
            c.id,
            c.title,
            c.lane,
            c.stage,
            d.kind,
            d.say,
            d.first,
            d.last,
            d.certainty,
            d.region,
            next((s.url for s in c.sources if s.url), ""),
        )
        for c in changes
        for d in c.dates
        if d.last >= today and d.first <= end
    ]
    return sorted(events, key=lambda event: (event.low, event.change))


def derive_recent(changes: Iterable[Change], today: date, days: int = 240) -> list[Event]:
    """Dates of the last months: what has just come into force or been published."""
    start = today - timedelta(days=days)
    events = [
        Event(c.id, c.title, c.lane, c.stage, d.kind, d.say, d.first, d.last, d.certainty, d.region)
        for c in changes
        for d in c.dates
        if start <= d.first <= d.last < today
    ]
    return sorted(events, key=lambda event: event.low, reverse=True)


def derive_heat_map(impacts: Sequence[Impact]) -> tuple[list[str], list[str], dict[tuple[str, str], Outcome]]:
    """Changes, trials and the verdict of each pair; changes that touch no trial at all are left out."""
    cells = {(impact.change.id, j.trial): j.verdict for impact in impacts for j in impact.judgements}
    rows = [i.change.id for i in impacts if any(j.verdict is not Outcome.NOT_APPLICABLE for j in i.judgements)]
    rows.sort(key=lambda change: -sum(WEIGHT[v] for (c, _), v in cells.items() if c == change))
    columns = list(dict.fromkeys(trial for _, trial in cells))
    return rows, columns, cells


def derive_readiness(
    impacts: Sequence[Impact], states: Mapping[tuple[str, str], str], open_actions: Mapping[str, int], today: date
) -> list[Readiness]:
    """Readiness of each change that touches a trial. `states` gives the state of the assessment by (change, trial)."""
    found = []
    for impact in impacts:
        affected = impact.trials(Outcome.APPLIES, Outcome.WATCH)
        questions = impact.trials(Outcome.NEEDS_REVIEW)
        if not affected and not questions:
            continue
        known = [states.get((impact.change.id, trial), states.get((impact.change.id, ""), "")) for trial in affected]
        upcoming = next_date(impact.change, today)
        found.append(
            Readiness(
                impact.change.id,
                impact.change.title,
                len(affected),
                len(questions),
                sum(s in ("assess", "act", "close") for s in known),
                sum(s == "close" for s in known),
                open_actions.get(impact.change.id, 0),
                upcoming.first if upcoming else None,
                upcoming.say if upcoming else "no date ahead",
            )
        )
    return found


def next_date(change: Change, today: date) -> ChangeDate | None:
    """The next date of a change, if one is ahead."""
    return min((d for d in change.dates if d.first >= today), key=lambda d: d.first, default=None)


def add_months(day: date, months: int) -> date:
    """The same day some months later; the last day of a shorter month."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    for number in (day.day, 30, 29, 28):
        try:
            return date(year, month + 1, number)
        except ValueError:
            continue
    raise AssertionError("every month has 28 days")


def write_calendar(events: Iterable[Event], stamp: date, deadlines: Iterable[tuple[str, str, date]] = ()) -> bytes:
    """An iCalendar file (RFC 5545) of dates that are known to the day, with reminders 30, 14 and 5 days before consultations close.

    `deadlines` are (id, words, day) of our own actions. Spans and expectations are not deadlines and stay out; equal content gives equal bytes.
    """
    from icalendar import Alarm, Calendar
    from icalendar import Event as Entry

    calendar = Calendar()
    calendar.add("prodid", "-//Quarterdeck//Regulation//EN")
    calendar.add("version", "2.0")
    calendar.add("x-wr-calname", "Rules and deadlines")
    entries: list[tuple[str, str, date, bool, Event | None]] = [
        (f"{e.change}-{e.kind}-{e.low}", f"{_words(e.kind)}: {e.title} ({e.say})", e.low, e.kind == "comment_close", e)
        for e in events
        if e.low == e.high
    ]
    entries += [(name, words, day, True, None) for name, words, day in deadlines]
    for name, words, day, is_reminded, event in entries:
        entry = Entry()
        entry.add("uid", f"{name}@quarterdeck")
        entry.add("dtstamp", _midnight(stamp))
        entry.add("dtstart", day)
        entry.add("dtend", day + timedelta(days=1))
        entry.add("summary", words)
        if event is not None:
            entry.add("description", f"Stage: {CLASSES[event.stage]}. Certainty: {event.certainty}.{' ' + event.url if event.url else ''}")
        for days in REMINDERS if is_reminded else ():
            alarm = Alarm()
            alarm.add("action", "DISPLAY")
            alarm.add("description", f"In {days} days: {words}")
            alarm.add("trigger", timedelta(days=-days))
            entry.add_component(alarm)
        calendar.add_component(entry)
    content: bytes = calendar.to_ical()
    return content


def _midnight(day: date) -> object:
    from datetime import UTC, datetime

    return datetime(day.year, day.month, day.day, tzinfo=UTC)


def _words(kind: str) -> str:
    return {
        "comment_close": "Comments close",
        "effective": "In force",
        "applies_from": "Applies",
        "election_deadline": "Last day to choose",
        "transition_end": "Transition ends",
        "expected": "Expected",
        "meeting": "Meeting",
        "published": "Published",
        "adopted": "Adopted",
        "applicable_until": "Ends",
        "transition_start": "Transition starts",
    }[kind]


def draft_digest(
    impacts: Sequence[Impact], timeline: Sequence[Event], new_documents: Sequence[tuple[str, str, str]], today: date, days: int = 90
) -> str:
    """A digest in Markdown: what needs a decision, what comes within `days`, what is new. `new_documents` are (id, title, band)."""
    lines = [f"# Rules: digest of {wording.day(today)}", ""]
    acting = [i for i in impacts if i.trials(Outcome.APPLIES)]
    lines += [
        f"{wording.plural(len(acting), 'change applies', 'changes apply')} to trials of ours; {wording.plural(sum(bool(i.trials(Outcome.NEEDS_REVIEW)) for i in impacts), 'change hangs', 'changes hang')} on an answer.",
        "",
    ]
    lines += ["## Comes within " + wording.duration(days), ""]
    soon = [e for e in timeline if e.low <= today + timedelta(days=days)]
    lines += [
        f"- {wording.day(e.low)}: {_words(e.kind).lower()}: {e.title} ({e.say}; certainty {e.certainty})" for e in soon if e.low == e.high
    ] or ["- No day is known in this time."]
    lines += [
        f"- some time between {wording.day(e.low)} and {wording.day(e.high)}: {e.title} ({e.say}; certainty {e.certainty})"
        for e in soon
        if e.low != e.high
    ]
    lines += ["", "## Applies now", ""]
    for impact in sorted(acting, key=lambda i: (("high", "medium", "low").index(i.change.severity), i.change.id)):
        low, high = impact.effort_days
        touched = impact.trials(Outcome.APPLIES)
        lines.append(
            f"- **{impact.change.title}**: {wording.plural(len(touched), 'trial')}; {wording.number(low, 0)} to {wording.number(high, 0)} days of work. {impact.change.implications[0]}"
        )
    lines += ["", "## New documents to look at", ""]
    lines += [f"- {title} ({identifier}; {band})" for identifier, title, band in new_documents] or ["- None."]
    return "\n".join(lines) + "\n"
