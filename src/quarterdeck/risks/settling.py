"""What people choose to do about a matter: each choice is a decision on record and settles the subject until its day or a material change."""

from __future__ import annotations

import secrets
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING

from quarterdeck.record.audit import Act, write
from quarterdeck.record.models.base import Decision
from quarterdeck.record.models.risks import MatterChoice
from quarterdeck.risks.actions import ACCEPTANCE_DAYS
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from quarterdeck.record.database import Record
    from quarterdeck.record.permissions import Actor
    from quarterdeck.risks.needs_me import Matter

CHOICES = {"delegate": "Delegated to {to}, until {until}", "accept": "Accepted until {until}", "snooze": "Put off until {until}"}


def choose_matter(
    record: Record,
    actor: Actor,
    matter: Matter,
    choice: str,
    reason: str,
    snapshot: str,
    now: datetime,
    to: str = "",
    until: date | None = None,
) -> str:
    """Delegates, accepts or puts off a matter; without a day it comes back after a year. Returns the decision in words. Raises BadInput."""
    if choice not in CHOICES:
        raise BadInput("Unknown choice", thing=choice, allowed=list(CHOICES))
    if not reason.strip():
        raise BadInput("A choice needs its reason", thing=matter.finding.headline, next_step="Say in one sentence why.")
    if choice == "delegate" and not to.strip():
        raise BadInput("To whom is it delegated?", thing=matter.finding.headline)
    last = _last_day(choice, until, now.date())
    outcome = CHOICES[choice].format(to=to.strip(), until=wording.day(last))
    act = Act("matter.choose", "matter", matter.subject, reason, detail={"choice": choice, "to": to, "until": str(last)})
    with write(record, actor, act, now) as session:
        session.add(Decision(
            id=secrets.token_hex(8), subject_type="matter", subject_id=matter.subject, question=matter.finding.headline, outcome=outcome, reason=reason,
            snapshot=snapshot, evidence=[finding.id for finding in (matter.finding, *matter.also)], decided_by=actor.id, decided_at=now,
        ))  # fmt: skip
        settle(session, actor, matter, choice, reason, snapshot, now, last, to)
    return outcome


def settle(
    session: Session,
    actor: Actor,
    matter: Matter,
    choice: str,
    reason: str,
    snapshot: str,
    now: datetime,
    until: date | None = None,
    to: str = "",
) -> None:
    """Takes the subject of a matter off the list, in a transaction that records the decision; for a year where no day is given."""
    session.add(MatterChoice(
        finding_id=matter.finding.id[:200], subject=matter.subject, cost=matter.cost, choice=choice, reason=reason, delegate_to=to,
        until=until or now.date() + timedelta(days=ACCEPTANCE_DAYS), snapshot=snapshot, chosen_by=actor.id, chosen_at=now,
    ))  # fmt: skip


def _last_day(choice: str, until: date | None, today: date) -> date:
    latest = today + timedelta(days=ACCEPTANCE_DAYS)
    if choice == "snooze" and until is None:
        raise BadInput("On which day does it come back?", thing="no day was given", next_step="Give a day within a year.")
    if until is not None and not today < until <= latest:
        raise BadInput("The day does not fit", thing=wording.day(until), allowed=f"after today and until {wording.day(latest)}")
    return until or latest


def find_matter(matters: list[Matter], finding_id: str) -> Matter | None:
    """The matter that a finding belongs to; None where it asks for nothing."""
    return next((m for m in matters if finding_id in (m.finding.id, *(other.id for other in m.also))), None)
