"""The loop in figures: what was confirmed, what improved, how long it took, which indicators cry wolf."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from statistics import median
from typing import TYPE_CHECKING, Any

from sqlalchemy import select

from quarterdeck.record.models.risks import RiskAction, Signal, SignalMove
from quarterdeck.risks.states import CONFIRMED
from quarterdeck.vocabulary.errors import NotFound

if TYPE_CHECKING:
    from datetime import date

    from quarterdeck.record.database import Record

FIELD_ANCHOR = 0.83  # of 1,111 investigated sites in 159 studies (80 to 85 %), de Viron 2024
WITHOUT_MONITORING = 0.56  # in two studies without statistical monitoring, same source
CRIES_WOLF, LEAST_TRIAGED = 0.5, 5


@dataclass(frozen=True, slots=True)
class LoopFigures:
    """Portfolio figures; None where nothing was there to count."""

    opened: int
    waiting: int
    confirmed: int
    evaluated: int
    improved: int
    by_chance: float | None
    days_to_action: float | None
    overdue_actions: int

    @property
    def share_improved(self) -> float | None:
        """Of the confirmed signals whose effect was measured."""
        return self.improved / self.evaluated if self.evaluated else None


@dataclass(frozen=True, slots=True)
class ThresholdReview:
    """An indicator's triage record: how often it was right, and what that suggests for its cuts."""

    indicator: str
    triaged: int
    false_positives: int
    suggestion: str

    @property
    def share(self) -> float:
        """False positives among the triaged."""
        return self.false_positives / self.triaged


def count_loop(record: Record, today: date) -> LoopFigures:
    """The figures of all signals in the record."""
    with record.session() as session:
        signals = {s.id: s for s in session.scalars(select(Signal))}
        moves = list(session.scalars(select(SignalMove).order_by(SignalMove.id)))
        actions = list(session.scalars(select(RiskAction)))
    confirmed = {m.signal_id for m in moves if m.after in CONFIRMED}
    evaluated = [s for s in signals.values() if s.id in confirmed and s.rationale in ("improved", "unchanged", "worse")]
    lags = [(action.opened_at - signals[action.parent_id].opened_at).days for action in actions if action.parent_id in signals]
    return LoopFigures(
        len(signals), sum(s.state in ("new", "reopened") for s in signals.values()), len(confirmed), len(evaluated),
        sum(s.rationale == "improved" for s in evaluated), _expected_by_chance(evaluated), median(lags) if lags else None,
        sum(action.done_at is None and action.due < today for action in actions),
    )  # fmt: skip


def _expected_by_chance(signals: list[Any]) -> float | None:
    """The share that would improve by regression to the mean alone: a score is part truth, part noise of variance 1.

    For a prior of truths with the variance that the opened scores show beyond noise, the next score is expected at
    baseline x variance / (variance + 1); with its spread, the chance of a fall of 1 or more follows.
    """
    from math import sqrt

    from scipy.special import ndtr

    scores = [s.baseline_score for s in signals if s.baseline_score is not None]
    if not scores:
        return None
    variance = max(sum(z * z for z in scores) / len(scores) - 1, 0.5)
    shrink = variance / (variance + 1)
    # the data of the new snapshot are mostly those of the old one: half of the noise is fresh
    spread = sqrt(shrink * 0.5 + 0.5)
    return float(sum(ndtr((abs(z) * (1 - (1 + shrink) / 2) - 1) / spread) for z in scores) / len(scores))


def review_thresholds(record: Record) -> list[ThresholdReview]:
    """Every indicator with triaged signals, the worst first."""
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    with record.session() as session:
        for signal, after in session.execute(select(Signal, SignalMove.after).join(SignalMove, SignalMove.signal_id == Signal.id)):
            if after in ("false_positive", "explained", "confirmed", "escalated"):
                counts[signal.indicator][0] += 1
                counts[signal.indicator][1] += after == "false_positive"
    reviews = [ThresholdReview(key, n, wrong, _suggest(n, wrong)) for key, (n, wrong) in counts.items()]
    return sorted(reviews, key=lambda r: (-r.share, -r.triaged, r.indicator))


def read_signals(record: Record, state: str = "") -> list[Signal]:
    """Signals, newest first."""
    with record.session() as session:
        query = select(Signal).order_by(Signal.opened_at.desc(), Signal.id)
        return list(session.scalars(query.where(Signal.state == state) if state else query))


def read_signal(record: Record, signal_id: str) -> tuple[Signal, list[SignalMove], list[RiskAction]]:
    """A signal with its moves and actions, oldest first. Raises NotFound."""
    with record.session() as session:
        signal = session.get(Signal, signal_id)
        if signal is None:
            raise NotFound("There is no such signal", thing=signal_id)
        moves = list(session.scalars(select(SignalMove).where(SignalMove.signal_id == signal_id).order_by(SignalMove.id)))
        actions = list(session.scalars(select(RiskAction).where(RiskAction.parent_id == signal_id).order_by(RiskAction.opened_at)))
        return signal, moves, actions


def _suggest(triaged: int, wrong: int) -> str:
    if triaged < LEAST_TRIAGED:
        return "too few to say"
    if wrong / triaged >= CRIES_WOLF:
        return "raise the cut, or look at what feeds it"
    return "keep the cut"
