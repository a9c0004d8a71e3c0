"""Rules as scenarios: what a change of the rules, as the regulation room judged it, does to the trials it touches, in days and money."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.facts import read_facts
from quarterdeck.measures.rates_of_exchange import read_rates
from quarterdeck.regulation.applicability import Judgement, expand_groups
from quarterdeck.regulation.findings import derive_impacts
from quarterdeck.regulation.implications import Impact, get_levers, load_day_rate
from quarterdeck.regulation.knowledge import Change
from quarterdeck.regulation.model import Outcome
from quarterdeck.scenarios.model import LeverUse
from quarterdeck.vocabulary.errors import BadInput, NotFound

LEVER = "regulatory_change"
TOUCHING = (Outcome.APPLIES, Outcome.WATCH)
IN_FORCE = ("effective", "applies_from", "expected")
Answers = Mapping[tuple[str, str], str]


@dataclass(frozen=True, slots=True)
class RuleEffect:
    """What a rule does to one trial: days of start-up (low, high; negative is sooner) in some countries from a day on, and its work's cost.

    `amount` is the cost (low, high) in the trials' base currency. `because` is the verdict's own reason.
    """

    change: Change
    study_id: str
    verdict: Outcome
    because: str
    days: tuple[float, float]
    countries: tuple[str, ...]
    start: date | None
    amount: tuple[float, float]

    @property
    def use(self) -> LeverUse:
        """The effect as a lever, at the middle of its ranges."""
        return LeverUse(
            LEVER,
            {
                "rule": self.change.id,
                "days": sum(self.days) / 2,
                "country": ", ".join(self.countries),
                "start": self.start.isoformat() if self.start else "",
                "cost": 0.0,
                "amount": round(sum(self.amount) / 2, 2),
            },
        )


def read_effects(snapshot: Snapshot, answers: Answers | None = None) -> list[RuleEffect]:
    """Every rule's effect on every running trial that it touches or may come to touch, in the order of rules, then trials."""
    running = {study.study_id for study in read_facts(snapshot).studies if not study.is_over}
    return [
        _effect(snapshot, impact, judgement)
        for impact in derive_impacts(snapshot, answers)
        for judgement in impact.judgements
        if judgement.verdict in TOUCHING and judgement.trial in running
    ]


def resolve_rules(uses: Sequence[LeverUse], snapshot: Snapshot, study_id: str, answers: Answers | None = None) -> tuple[LeverUse, ...]:
    """The levers with every rule that was only named filled in from its verdict for this trial.

    Raises NotFound for an unknown rule, BadInput with the reason where it does not touch the trial or a question about it is open.
    """
    return tuple(get_effect(snapshot, str(use.values["rule"]), study_id, answers).use if is_named_rule(use) else use for use in uses)


def is_named_rule(use: LeverUse) -> bool:
    """Whether a lever only names a rule, its days and money still to be filled in."""
    return use.lever == LEVER and bool(use.values.get("rule")) and "days" not in use.values


def get_effect(snapshot: Snapshot, change_id: str, study_id: str, answers: Answers | None = None) -> RuleEffect:
    """One rule's effect on one trial. Raises as `resolve_rules`."""
    impacts = {impact.change.id: impact for impact in derive_impacts(snapshot, answers)}
    impact = impacts.get(change_id)
    if impact is None:
        raise NotFound("No such rule", thing=change_id, allowed=sorted(impacts))
    judgement = impact.judgement(study_id)
    if judgement is None:
        raise NotFound("No such trial in this snapshot", thing=study_id)
    if judgement.verdict is Outcome.NEEDS_REVIEW:
        raise BadInput(
            "Whether the rule touches this trial hangs on an answer",
            thing=f"{change_id}, {study_id}",
            next_step=f"Answer it under Regulation, Questions: {'; '.join(judgement.questions) or judgement.because}",
        )
    if judgement.verdict is Outcome.NOT_APPLICABLE:
        why = "; ".join(judgement.why_not) or judgement.because
        raise BadInput("The rule does not touch this trial", thing=f"{change_id}, {study_id}", next_step=why)
    return _effect(snapshot, impact, judgement)


def _effect(snapshot: Snapshot, impact: Impact, judgement: Judgement) -> RuleEffect:
    study = judgement.trial
    levers = [lever for trial, lever in get_levers([impact]) if trial == study]
    days = (levers[0].start_up_days_low, levers[0].start_up_days_high) if levers else (0.0, 0.0)
    places = expand_groups((levers[0].country,), snapshot.data_cut) if levers else set()
    begins = sorted(d.first for d in impact.change.dates if d.kind in IN_FORCE)
    coming = [day for day in begins if day > snapshot.data_cut]
    start = coming[0] if coming and coming == begins else None  # in force already: from now on
    return RuleEffect(
        impact.change,
        study,
        judgement.verdict,
        judgement.because,
        days,
        tuple(sorted(code for code in places if len(code) == 2 and code not in ("EU",))),
        start,
        _amount(snapshot, impact, study),
    )


def _amount(snapshot: Snapshot, impact: Impact, study: str) -> tuple[float, float]:
    """Cost of the work proposed for the trial, and its share of the work done once for all, in the base currency."""
    touched = max(len(impact.trials(Outcome.APPLIES)), 1)
    rates, currency = load_day_rate(), read_facts(snapshot).currency
    rate = read_rates(snapshot).get_rate("GBP", currency, snapshot.data_cut)
    if rate is None:
        raise BadInput(
            "Rules are costed in pounds, and no rate of exchange is loaded", thing=f"GBP to {currency}", next_step="Load `fx_rate`."
        )
    total = [0.0, 0.0]
    for proposal in impact.proposals:
        if proposal.trial in (study, ""):
            share = 1.0 if proposal.trial else 1.0 / touched
            for end in (0, 1):
                total[end] += share * (proposal.template.effort_days[end] * rates[end] + proposal.template.cost_gbp[end])
    return total[0] * rate, total[1] * rate
