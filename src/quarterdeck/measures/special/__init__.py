"""Measures with an evaluation of their own: the four targets of the role, and earned value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quarterdeck.measures.special import amounts, attrition, audits, budget, cycle_time, earned_value, engagement

if TYPE_CHECKING:
    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source
    from quarterdeck.vocabulary.reading import Reading

SpecialEvaluator = Callable[["Definition", "Source", str], "list[Reading]"]


@dataclass(frozen=True)
class Special:
    """An evaluator, and the options a definition may give it."""

    evaluate: SpecialEvaluator
    options: tuple[str, ...]


SPECIAL: Mapping[str, Special] = {
    "amount_share": Special(amounts.evaluate_amounts, ()),
    "attrition": Special(attrition.evaluate_attrition, ("days",)),
    "audit_findings": Special(audits.evaluate_audits, ("days",)),
    "budget_variance": Special(budget.evaluate_budget, ("span", "against", "error_per_trial", "correlation")),
    "cycle_time": Special(cycle_time.evaluate_cycle_time, ("treatment", "days")),
    "cycle_time_change": Special(cycle_time.evaluate_change, ("treatment", "days")),
    "earned_value": Special(earned_value.evaluate_earned_value, ("index",)),
    "engagement": Special(engagement.evaluate_engagement, ()),
}
