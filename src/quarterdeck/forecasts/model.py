"""What a forecast is: values that pages, papers, the ledger and scenarios share."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date

LEVELS = (0.05, 0.10, 0.25, 0.50, 0.75, 0.90, 0.95)
MILESTONE_WORDS = {
    "first_site_active": "First site active",
    "first_participant_in": "First participant in",
    "enrolled_25_percent": "25% enrolled",
    "enrolled_50_percent": "50% enrolled",
    "enrolled_75_percent": "75% enrolled",
    "last_participant_in": "Last participant in",
    "target_events": "Last event needed",
    "last_participant_last_visit": "Last participant, last visit",
    "database_lock": "Database lock",
}


@dataclass(frozen=True, slots=True)
class MilestoneForecast:
    """One milestone: planned, and the dates by probability (None: not reached within ten years with that probability)."""

    milestone: str
    planned: date | None
    actual: date | None
    quantiles: dict[float, date | None] = field(default_factory=dict)
    p_by_plan: float | None = None
    p_ever: float | None = None
    criticality: float | None = None

    @property
    def label(self) -> str:
        """The milestone in words."""
        return MILESTONE_WORDS.get(self.milestone, self.milestone.replace("_", " "))

    @property
    def median(self) -> date | None:
        """The date that is as likely missed as met."""
        return self.quantiles.get(0.5)

    @property
    def slip_days(self) -> float | None:
        """Median less plan, in days; of what has happened, actual less plan."""
        later = self.actual or self.median
        return None if later is None or self.planned is None else float((later - self.planned).days)


@dataclass(frozen=True, slots=True)
class MoneyForecast:
    """Cost at database lock in one currency. `p_within` = P(|cost / approved - 1| <= 5 %)."""

    currency: str
    approved: float
    contingency: float
    spent: float
    accrued: float
    quantiles: dict[float, float]
    mean: float
    p_within: float
    p_over: float
    contingency_needed: float  # beyond the approved budget, to be safe with 80 %
    phasing: tuple[tuple[date, float, float, float], ...]  # month end, 10 %, median, 90 % of cumulative cost
    bridge: tuple[tuple[str, float], ...]  # steps from approved to the mean forecast
    earned: dict[str, float | None]


@dataclass(frozen=True, slots=True)
class DesignPrior:
    """From its design alone: days from start to primary completion with an 80 % interval, learnt from registered trials.

    `plan_based` are 10 %, median and 90 % of the same span (first participant in to last visit) by the plan as the portfolio corrects it;
    `weight` is the design's part in the forecast, which lies between the two: the more precise of them counts for more.
    """

    duration: float
    duration_low: float
    duration_high: float
    termination_risk: float
    known: tuple[str, ...]
    plan_based: tuple[float | None, float | None, float | None]
    weight: float = 0.0


@dataclass(frozen=True, slots=True)
class EventForecast:
    """An event-driven trial: events wanted and had, participants at risk, the laws by name with their AIC weights, and the chance of
    having the events by the planned last visit. `low_evidence`: too few events, so the plan's own hazard drives it."""

    wanted: int
    so_far: int
    at_risk: int
    laws: tuple[tuple[str, float], ...]
    low_evidence: bool
    p_by_plan: float | None
    p_ever: float


@dataclass(frozen=True, slots=True)
class TrialForecast:
    """One trial, or the reason why there is none (`reason` not empty)."""

    study_id: str
    snapshot: str
    today: date
    status: str
    target: int
    enrolled: int
    reason: str = ""
    evidence: str = ""
    milestones: tuple[MilestoneForecast, ...] = ()
    fan: tuple[tuple[date, tuple[float, ...]], ...] = ()  # day, quantiles at LEVELS
    history: tuple[tuple[date, float], ...] = ()
    money: MoneyForecast | None = None
    no_money: str = ""  # why the cost of a running trial is not forecast
    drivers: tuple[tuple[str, float], ...] = ()  # what, days of the slip of the last participant in
    criticality: tuple[tuple[str, float], ...] = ()
    exclusions: tuple[str, ...] = ()
    design: DesignPrior | None = None  # only while nobody is enrolled
    events: EventForecast | None = None  # only of event-driven trials
    seed: int = 0
    replicates: int = 0

    def milestone(self, name: str) -> MilestoneForecast | None:
        """One milestone by its type."""
        return next((m for m in self.milestones if m.milestone == name), None)


@dataclass(frozen=True, slots=True)
class TargetForecast:
    """The probability that a target of the role will be met, or why it cannot be said.

    Either `horizon` is the day by which, or `until` says it in words. `measure` is the one it was taken from; empty where simulated.
    """

    target: str
    question: str
    probability: float | None
    horizon: date | None
    detail: str
    reason: str = ""
    source: str = "Joint futures of all trials"
    until: str = ""
    measure: str = ""
    ends: tuple[float, float, float] | None = None  # 5 %, median and 95 % of what the target is about, where it is simulated


@dataclass(frozen=True, slots=True)
class CapacityForecast:
    """Open sites of one vendor, or of all, now and at their peak in the coming year."""

    who: str
    sites_now: float
    sites_peak: float
    peak_month: date
    monitors: float | None = None

    @property
    def pressure(self) -> float | None:
        """Peak over now."""
        return self.sites_peak / self.sites_now if self.sites_now else None


@dataclass(frozen=True, slots=True)
class PortfolioForecast:
    """All trials together: totals come from joint replicates, never from added intervals."""

    snapshot: str
    today: date
    currency: str
    trials: tuple[TrialForecast, ...]
    approved: float
    quantiles: dict[float, float]
    added_bands: tuple[float, float]  # what adding the trials' own 5 and 95 % points would claim
    p_within: float
    p_over: float
    contingency_needed: float
    targets: tuple[TargetForecast, ...]
    capacity: tuple[CapacityForecast, ...]
    seed: int
    replicates: int

    @property
    def running(self) -> tuple[TrialForecast, ...]:
        """Trials with a forecast."""
        return tuple(trial for trial in self.trials if not trial.reason)

    @property
    def unpriced(self) -> dict[str, tuple[str, ...]]:
        """Running trials that the amounts leave out, by reason."""
        found: dict[str, tuple[str, ...]] = {}
        for trial in self.running:
            if trial.money is None:
                found[trial.no_money] = (*found.get(trial.no_money, ()), trial.study_id)
        return found
