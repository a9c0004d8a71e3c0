"""A reading: the one result shape of every measure. Pages, charts, papers and the register consume readings, never raw numbers."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date

from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.period import Period
from quarterdeck.vocabulary.provenance import Provenance
from quarterdeck.vocabulary.verdict import NotAssessed, Verdict


@dataclass(frozen=True, slots=True)
class Scope:
    """What a reading is about: a level of the portfolio and the thing's own identifier.

    `level` is one of portfolio, programme, study, country, site, investigator, organisation, vendor, person, team.
    A site's `key` is `study_id/site_id`, a study country's `study_id/country`.
    """

    level: str = "portfolio"
    key: str = ""

    def __str__(self) -> str:
        return self.level if not self.key else f"{self.level} {self.key}"


@dataclass(frozen=True, slots=True)
class Reading:
    """One measure, for one scope, as known in one snapshot.

    `value` is in `unit` (a share is 0..1 with unit "share"; money in the unit's currency code; durations in "days").
    Either `value` is there, or `not_assessed` says why it is not: never both, never neither.
    `p_target` is the probability that the target will be met, with the horizon the definition states.
    `drivers` are (what, contribution in `unit`) pairs, largest first.
    """

    measure: str
    scope: Scope
    unit: str
    value: float | None = None
    interval: Interval | None = None
    numerator: float | None = None
    denominator: float | None = None
    verdict: Verdict | None = None
    not_assessed: NotAssessed | None = None
    reason: str = ""
    target: str = ""
    p_target: float | None = None
    drivers: tuple[tuple[str, float], ...] = ()
    period: Period | None = None
    as_of: date | None = None
    snapshot: str = ""
    definition: str = ""
    provenance: Provenance | None = None
    details: dict[str, float | str | None] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if (self.value is None) == (self.not_assessed is None):
            raise BadInput(
                "A reading has a value or the reason why it has none",
                thing=f"{self.measure} for {self.scope}",
                next_step="Give one of the two.",
            )

    @property
    def id(self) -> str:
        """Stable name of this reading within its snapshot, as papers and pages cite it."""
        period = f"@{self.period.first}..{self.period.last}" if self.period else ""
        return f"{self.measure}/{self.scope.level}/{self.scope.key}{period}"

    @property
    def is_assessed(self) -> bool:
        """Whether there is a value."""
        return self.value is not None

    def judged(self, verdict: Verdict) -> Reading:
        """The same reading with a verdict."""
        return replace(self, verdict=verdict)
