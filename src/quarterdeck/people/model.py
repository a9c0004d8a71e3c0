"""What the room says about people: workload, capacity, dependency on one person, and the risk of leaving, by team only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.verdict import NotAssessed, Verdict


@dataclass(frozen=True, slots=True)
class Workload:
    """One monitor in the last month known. `load` is full-time equivalents used over those the person has.

    `chance_heavier` is P(sites per full-time equivalent above the function's own mean by more than a quarter).
    """

    person: str
    month: date
    fte: float
    used: float
    sites: int
    trials: int
    visits_90_days: int
    reports_overdue: int
    sites_per_fte: float | None
    load: float | None
    chance_heavier: float | None
    verdict: Verdict


@dataclass(frozen=True, slots=True)
class Capacity:
    """One role in one month: full-time equivalents planned and used in trials, and employed."""

    role: str
    month: date
    planned: float
    used: float
    employed: float

    @property
    def gap(self) -> float:
        """Employed less planned; negative is a shortage."""
        return self.employed - self.planned


@dataclass(frozen=True, slots=True)
class Dependency:
    """A trial whose work in one role rests on one person. `share` is that person's part of the full-time equivalents."""

    study: str
    role: str
    person: str
    share: float
    people: int
    sites: int
    has_left: bool


@dataclass(frozen=True, slots=True)
class TeamRisk:
    """The chance that a team loses someone it would have kept within twelve months.

    Shrunk towards the whole function, because a team's own record is short. A team below the smallest cell has a reason instead.
    """

    team: str
    headcount: float | None
    rate: float | None
    interval: Interval | None
    chance_of_loss: float | None
    overloaded_share: float | None
    new_share: float | None
    not_assessed: NotAssessed | None = None


def role_name(role: str | None) -> str:
    """A role in words.

    >>> role_name("cra")
    'Monitor'
    """
    return {
        "cra": "Monitor",
        "cta": "Trial assistant",
        "com": "Operations manager",
        "cpm": "Project manager",
        "ssu": "Start-up specialist",
        "dm": "Data manager",
        "director": "Director",
    }.get(role or "", (role or "other").capitalize())
