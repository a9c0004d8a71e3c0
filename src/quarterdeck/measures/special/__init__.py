"""Measures with an evaluation of their own: the four targets of the role, and earned value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quarterdeck.measures.special import amounts, attrition, audits, budget, cycle_time, earned_value, engagement

if TYPE_CHECKING:
    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source
    from quarterdeck.measures.special.added import Added
    from quarterdeck.vocabulary.reading import Reading

SpecialEvaluator = Callable[["Definition", "Source", str], "list[Reading]"]
RowLister = Callable[["Definition", "Source", str, str], "list[Added]"]


@dataclass(frozen=True)
class Special:
    """An evaluator, what the rows of a reading (of a level and a key) add to it, and the options a definition may give both."""

    evaluate: SpecialEvaluator
    list_rows: RowLister
    options: tuple[str, ...]


SPECIAL: Mapping[str, Special] = {
    "amount_share": Special(amounts.evaluate_amounts, amounts.list_amounts, ()),
    "attrition": Special(attrition.evaluate_attrition, attrition.list_staff, ("days",)),
    "audit_findings": Special(audits.evaluate_audits, audits.list_audits, ("days",)),
    "budget_variance": Special(budget.evaluate_budget, budget.list_due_lines, ("span", "against", "error_per_trial", "correlation")),
    "cycle_time": Special(cycle_time.evaluate_cycle_time, cycle_time.list_year, ("treatment", "days")),
    "cycle_time_change": Special(cycle_time.evaluate_change, cycle_time.list_two_years, ("treatment", "days")),
    "earned_value": Special(earned_value.evaluate_earned_value, earned_value.list_progress, ("index",)),
    "engagement": Special(engagement.evaluate_engagement, engagement.list_cells, ()),
}
