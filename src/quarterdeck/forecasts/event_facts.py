"""Facts that only some trials have: events of an event-driven trial, and arms that may fill up."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.vocabulary.errors import BadInput

MONTH_DAYS = 30.4375
STILL_FOLLOWED_DAYS = 183  # since the last contact: longer, and the participant is taken as no longer followed


@dataclass(frozen=True, slots=True)
class EventFacts:
    """An event-driven trial's participants: months from randomisation to event, drop-out or data cut, and which of them it was."""

    wanted: int
    time: NDArray[np.float64]
    happened: NDArray[np.bool_]
    dropped: NDArray[np.bool_]
    at_risk: NDArray[np.bool_]

    @property
    def so_far(self) -> int:
        """Events by the data cut."""
        return int(self.happened.sum())


def read_events(snapshot: Snapshot, studies: list[dict[str, Any]]) -> dict[str, EventFacts]:
    """Event-driven trials with their participants. Those not heard of for half a year count until their last contact."""
    wanted = {s["study_id"]: int(s["target_events"]) for s in studies if s["target_events"]}
    if not wanted:
        return {}
    rows = snapshot.query(
        """SELECT study_id, coalesce(rand_dt, enroll_dt) AS start, event_dt, death_dt, study_disc_dt, last_contact_dt FROM subject
           WHERE coalesce(rand_dt, enroll_dt) <= ? ORDER BY study_id, subject_id""",
        [snapshot.data_cut],
    ).to_pylist()
    return {study: _events([r for r in rows if r["study_id"] == study], count, snapshot.data_cut) for study, count in wanted.items()}


def read_arms(snapshot: Snapshot, studies: list[dict[str, Any]]) -> dict[str, tuple[tuple[int, int], ...]]:
    """(cap, enrolled) of each arm, for trials that state caps. Raises BadInput for a cap that cannot be read."""
    stated = {s["study_id"]: [read_cap(s["study_id"], text) for text in s["arm_caps"]] for s in studies if s["arm_caps"]}
    if not stated:
        return {}
    rows = snapshot.query(
        "SELECT study_id, arm, count(*) AS n FROM subject WHERE coalesce(rand_dt, enroll_dt) <= ? AND arm IS NOT NULL GROUP BY ALL",
        [snapshot.data_cut],
    ).to_pylist()
    had = {(r["study_id"], r["arm"]): int(r["n"]) for r in rows}
    return {study: tuple((cap, had.get((study, arm), 0)) for arm, cap in caps) for study, caps in stated.items()}


def read_cap(study_id: str, text: str) -> tuple[str, int]:
    """One arm and its cap.

    >>> read_cap("T1", "A=120")
    ('A', 120)
    """
    arm, _, number = text.partition("=")
    if not number.strip().isdigit() or not arm.strip():
        raise BadInput("A cap by arm cannot be read", thing=f"study.arm_caps of {study_id}: {text!r}", allowed="ARM=NUMBER, as A=120;B=60")
    return arm.strip(), int(number)


def _events(rows: list[dict[str, Any]], wanted: int, today: date) -> EventFacts:
    happened, dropped, followed, ends = [], [], [], []
    for row in rows:
        event = row["event_dt"] if row["event_dt"] is not None and row["event_dt"] <= today else None
        left = min((d for d in (row["study_disc_dt"], row["death_dt"]) if d is not None and d <= today), default=None)
        heard = row["last_contact_dt"]
        silent = heard is not None and (today - heard).days > STILL_FOLLOWED_DAYS
        happened.append(event is not None)
        dropped.append(event is None and left is not None)
        followed.append(event is None and left is None and not silent)
        ends.append(event or left or (heard if silent else today))
    months = [max((end - row["start"]).days, 0.5) / MONTH_DAYS for end, row in zip(ends, rows, strict=True)]
    return EventFacts(wanted, np.array(months, dtype=float), *(np.array(flags, dtype=bool) for flags in (happened, dropped, followed)))
