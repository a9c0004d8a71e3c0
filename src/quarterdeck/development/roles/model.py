"""A role as data: its competencies with targets, its measures, responsibilities, decisions, and the sentence behind each entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from quarterdeck.vocabulary.errors import NotFound

WEIGHTS = {"foundation": 1.0, "functional": 0.9, "regulation": 0.8, "emerging": 0.7}
OTHER_WEIGHT = 0.6


@dataclass(frozen=True, slots=True)
class Level:
    """One step of the common scale, with its behavioural anchor."""

    n: int
    name: str
    anchor: str


@dataclass(frozen=True, slots=True)
class Group:
    """Competencies that belong together; `kind` sets the weight."""

    id: str
    name: str
    kind: str

    @property
    def weight(self) -> float:
        """Weight of the group's competencies in priorities."""
        return WEIGHTS.get(self.kind, OTHER_WEIGHT)


@dataclass(frozen=True, slots=True)
class Competency:
    """One competency with its target on the scale, the word that set the target, and what it is tied to."""

    id: str
    group: str
    name: str
    word: str
    target: int
    stages: Mapping[str, int] = field(default_factory=dict)
    kpi: tuple[str, ...] = ()
    resp: tuple[str, ...] = ()
    jtf: tuple[int, ...] = ()
    nos: tuple[str, ...] = ()
    cmi: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    sentence: str = ""
    override_reason: str = ""


@dataclass(frozen=True, slots=True)
class Job:
    """A kind of real work that may become evidence; `per_year` is how often an occasion comes."""

    id: str
    name: str
    room: str
    per_year: float


@dataclass(frozen=True, slots=True)
class Milestone:
    """Something the role profile asks to prepare: now, in 6 or 12 months, always, or quickly."""

    group: str
    due: str
    name: str


@dataclass(frozen=True)
class RoleModel:
    """A role with everything the four phases need."""

    id: str
    version: str
    role: str
    scale: tuple[Level, ...]
    groups: tuple[Group, ...]
    competencies: tuple[Competency, ...]
    kpis: Mapping[str, str] = field(default_factory=dict)
    quantitative: tuple[str, ...] = ()
    measures: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # by KPI: the product's measures that show it
    responsibilities: Mapping[str, str] = field(default_factory=dict)
    jobs: tuple[Job, ...] = ()
    milestones: tuple[Milestone, ...] = ()
    evidence_weights: Mapping[str, float] = field(default_factory=dict)
    career: Mapping[str, object] = field(default_factory=dict)
    status: str = "confirmed"

    def get(self, competency: str) -> Competency:
        """The competency of that id. Raises NotFound."""
        for candidate in self.competencies:
            if candidate.id == competency:
                return candidate
        raise NotFound("Unknown competency", thing=competency, allowed=[c.id for c in self.competencies])

    def group_of(self, competency: str) -> Group:
        """The group a competency belongs to."""
        wanted = self.get(competency).group
        return next(group for group in self.groups if group.id == wanted)

    def job(self, job: str) -> Job:
        """The kind of work of that id. Raises NotFound."""
        for candidate in self.jobs:
            if candidate.id == job:
                return candidate
        raise NotFound("Unknown kind of work", thing=job, allowed=[j.id for j in self.jobs])


@dataclass(frozen=True, slots=True)
class Standard:
    """A code of an occupational standard, its title, and whether both were confirmed in a public source."""

    framework: str
    code: str
    title: str
    verified: bool
    checked_on: str = ""
