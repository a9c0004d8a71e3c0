"""What a change means for trials: verdicts, proposals from the action library, effort and cost as ranges, and the lever for forecasts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from quarterdeck.regulation.applicability import Judgement, Trial, judge_trial
from quarterdeck.regulation.knowledge import ActionTemplate, Change, Lever, load_actions
from quarterdeck.regulation.loading import HERE, check_keys, read_yaml
from quarterdeck.regulation.model import Outcome


@dataclass(frozen=True, slots=True)
class Proposal:
    """One piece of work for one trial (or once for the organisation), with who, by when, and the sources it rests on."""

    template: ActionTemplate
    trial: str  # empty: once for the organisation
    due: date
    citations: tuple[str, ...]

    @property
    def key(self) -> str:
        """Stable name within its change."""
        return f"{self.template.id}:{self.trial}" if self.trial else self.template.id


@dataclass(frozen=True, slots=True)
class Impact:
    """What a change means for the portfolio on one day. Costs are in GBP; effort in days of work."""

    change: Change
    judgements: tuple[Judgement, ...]
    proposals: tuple[Proposal, ...]
    effort_days: tuple[float, float]
    cost_gbp: tuple[float, float]
    levers: tuple[tuple[str, Lever], ...]  # (trial, lever)

    def trials(self, *outcomes: Outcome) -> tuple[str, ...]:
        """Trials with one of these verdicts."""
        return tuple(j.trial for j in self.judgements if j.verdict in outcomes)

    def judgement(self, trial: str) -> Judgement | None:
        """The verdict for one trial."""
        return next((j for j in self.judgements if j.trial == trial), None)


def assess_impact(change: Change, trials: Sequence[Trial], today: date) -> Impact:
    """The impact of one change. Actions are proposed for trials to which it applies, and prepared (not costed per trial) where it is watched."""
    judgements = tuple(judge_trial(change.rule, trial, today) for trial in trials)
    touched = [j.trial for j in judgements if j.verdict is Outcome.APPLIES]
    proposals = tuple(_propose(change, touched, today))
    days = (sum(p.template.effort_days[0] for p in proposals), sum(p.template.effort_days[1] for p in proposals))
    low_rate, high_rate = load_day_rate()
    cost = (
        days[0] * low_rate + sum(p.template.cost_gbp[0] for p in proposals),
        days[1] * high_rate + sum(p.template.cost_gbp[1] for p in proposals),
    )
    relevant = {j.trial for j in judgements if j.verdict in (Outcome.APPLIES, Outcome.WATCH)}
    levers = tuple((trial.id, change.lever) for trial in trials if change.lever and trial.id in relevant and _is_starting(trial))
    return Impact(change, judgements, proposals, days, cost, levers)


def assess_all(changes: Iterable[Change], trials: Sequence[Trial], today: date) -> tuple[Impact, ...]:
    """The impact of every change, in the order given."""
    return tuple(assess_impact(change, trials, today) for change in changes)


def get_levers(impacts: Iterable[Impact]) -> tuple[tuple[str, Lever], ...]:
    """(trial, lever) pairs for the forecasts and scenarios: days of start-up by country, low to high, negative is sooner."""
    return tuple(pair for impact in impacts for pair in impact.levers)


@cache
def load_day_rate() -> tuple[float, float]:
    """What a day of work costs, low and high, in GBP: an assumption stated beside every cost."""
    entry = check_keys(read_yaml(HERE / "rules" / "rates.yaml"), "rates.yaml", ("day_rate_gbp",))
    low, high = entry["day_rate_gbp"]
    return float(low), float(high)


def _propose(change: Change, touched: Sequence[str], today: date) -> Iterable[Proposal]:
    citations = tuple(f"{source.name} ({source.certainty})" for source in change.sources)
    library = load_actions()
    for name in change.actions:
        template = library[name]
        due = today + timedelta(days=template.due_days)
        if template.per == "organisation":
            if touched:
                yield Proposal(template, "", due, citations)
        else:
            yield from (Proposal(template, trial, due, citations) for trial in touched)


def _is_starting(trial: Trial) -> bool:
    return str(trial.facts.get("status", "")) in ("planned", "start_up")
