"""The table of section kinds: the composer of each and the options a template may give it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from quarterdeck.papers.compose.benchmarks import compose_benchmarks
from quarterdeck.papers.compose.changes import compose_changes
from quarterdeck.papers.compose.drafting import Drafting
from quarterdeck.papers.compose.matters import (
    compose_asks,
    compose_decisions,
    compose_findings,
    compose_missing,
    compose_points,
    compose_ranked,
    compose_signature,
    compose_sources,
    compose_text,
)
from quarterdeck.papers.compose.measures import compose_measure, compose_overview, compose_targets
from quarterdeck.papers.compose.money import compose_cost_at_end
from quarterdeck.papers.compose.options import compose_options
from quarterdeck.papers.compose.plans import compose_plan
from quarterdeck.papers.compose.purchases import (
    compose_change_order,
    compose_letter,
    compose_oversight,
    compose_prices,
    compose_selection,
    compose_weights,
)
from quarterdeck.papers.compose.records import compose_records
from quarterdeck.papers.compose.register import compose_register
from quarterdeck.papers.compose.systems import compose_forecasts, compose_systems
from quarterdeck.papers.compose.vendors import compose_levers, compose_meeting, compose_promises, compose_scorecard
from quarterdeck.papers.model import Section
from quarterdeck.papers.template import SectionPlan


@dataclass(frozen=True, slots=True)
class Kind:
    """A composer, its options, and whether it needs the other sections first."""

    compose: Callable[[Drafting, SectionPlan], Section | None]
    options: frozenset[str] = frozenset()
    is_last: bool = False


KINDS: dict[str, Kind] = {
    "targets": Kind(compose_targets, frozenset({"limit"})),
    "measure": Kind(compose_measure, frozenset({"measures", "by", "limit"})),
    "overview": Kind(compose_overview, frozenset({"measures", "by", "limit", "columns"})),
    "findings": Kind(compose_findings, frozenset({"sources", "detectors", "verdict", "level", "limit", "opportunity", "remark"})),
    "matters": Kind(compose_ranked, frozenset({"limit", "actions"})),
    "asks": Kind(compose_asks, frozenset({"sources", "detectors", "limit"})),
    "records": Kind(compose_records, frozenset({"table", "columns", "where", "limit", "newest_by", "noun", "in_unit"})),
    "decisions": Kind(compose_decisions, frozenset({"limit"})),
    "benchmarks": Kind(compose_benchmarks, frozenset({"ids", "about", "limit"})),
    "plan": Kind(compose_plan),
    "cost_at_end": Kind(compose_cost_at_end, frozenset({"limit"})),
    "options": Kind(compose_options, frozenset({"limit"})),
    "register": Kind(compose_register, frozenset({"table", "columns", "limit", "newest_by", "noun"})),
    "forecasts": Kind(compose_forecasts, frozenset({"limit"})),
    "systems": Kind(compose_systems),
    "scorecard": Kind(compose_scorecard, frozenset({"group", "limit"})),
    "promises": Kind(compose_promises, frozenset({"limit"})),
    "levers": Kind(compose_levers, frozenset({"limit", "chart"})),
    "change_order": Kind(compose_change_order, frozenset({"limit"})),
    "prices": Kind(compose_prices, frozenset({"limit"})),
    "letter": Kind(compose_letter, frozenset({"lines"})),
    "selection": Kind(compose_selection),
    "weights": Kind(compose_weights),
    "oversight": Kind(compose_oversight),
    "meeting": Kind(compose_meeting),
    "text": Kind(compose_text, frozenset({"lines", "style"})),
    "points": Kind(compose_points, frozenset({"style"})),
    "signature": Kind(compose_signature),
    "changes": Kind(compose_changes, frozenset({"limit"}), is_last=True),
    "missing": Kind(compose_missing, frozenset({"limit"}), is_last=True),
    "sources": Kind(compose_sources, is_last=True),
}
