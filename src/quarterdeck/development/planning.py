"""Working out a person's plan from what the record holds: one way for the page and the command, so that both plan the same."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from quarterdeck.development.discuss.hours import Busy, read_windows
from quarterdeck.development.discuss.kpis import kpis_off
from quarterdeck.development.discuss.plan import Plan, Terms, make_plan, renew, replan
from quarterdeck.development.learner import get_profile, read_assessment, read_plan, read_seen
from quarterdeck.record.database import Record

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot


def work_out(
    record: Record,
    person: str,
    now: datetime,
    snapshot: Snapshot | None = None,
    busy: Sequence[Busy] = (),
    first_day: date | None = None,
    is_new: bool = False,
) -> Plan:
    """A first plan from next Monday; else the rest of the present one from today; else, once it is over or asked for, twelve new weeks.

    Nothing is kept here. What was done is never lost.
    """
    assessment, profile, old = read_assessment(record, person, now), get_profile(record, person), read_plan(record, person)
    off = kpis_off(snapshot, assessment.role) if snapshot is not None else ()
    terms = Terms(read_windows(profile.windows), profile.switches, busy, off, read_seen(record, person))
    if old is None:
        return make_plan(
            assessment, person, first_day or next_monday(now.date()), terms.windows, terms.switches, busy, off, seen=terms.seen
        )
    if is_new or old.end <= now.date() or old.role not in ("", assessment.role.id):
        return renew(old, assessment, first_day or next_monday(now.date()), terms)
    return replan(old, assessment, first_day or now.date(), terms.windows, terms.switches, busy, off, terms.seen)


def next_monday(today: date) -> date:
    """Today if it is a Monday, else the next one."""
    return today + timedelta(days=-today.weekday() % 7)
