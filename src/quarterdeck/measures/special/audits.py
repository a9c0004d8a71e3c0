"""Critical and major findings per audit, and the chance that the next audit meets the target."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from datetime import timedelta
from math import ceil
from typing import TYPE_CHECKING, Any

import numpy as np

from quarterdeck.measures.judge import derive_outlook
from quarterdeck.measures.model import Comparison
from quarterdeck.measures.special.added import Added, choose_rows
from quarterdeck.measures.start import start_reading
from quarterdeck.methods import rates
from quarterdeck.methods.targets import get_chance_of_clean_audit
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.period import Period
from quarterdeck.vocabulary.verdict import NotAssessed

if TYPE_CHECKING:
    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source
    from quarterdeck.vocabulary.reading import Reading

KEYS = {"study": "study_id", "vendor": "vendor_id"}


def evaluate_audits(definition: Definition, source: Source, level: str) -> list[Reading]:
    """Mean findings per audit reported in the last year; `p_target` is for the next audit, the rate known only from these."""
    rows, period = _read(definition, source)
    source = replace(source, period=period)
    groups: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for row in rows:
        key = "" if level == "portfolio" else row[KEYS[level]]
        if key is not None:
            groups[key].append(row)
    if level == "portfolio" and not groups:
        groups[""] = []
    return [_read_group(definition, source, level, key, groups[key]) for key in sorted(groups)]


def list_audits(definition: Definition, source: Source, level: str, key: str) -> list[Added]:
    """Each audit adds one, and its critical and major findings."""
    (query,) = source.get_rows(definition)
    rows = choose_rows(_read(definition, source)[0], level, key, KEYS.get(level, ""))
    return [Added(query.table, row, float(row["numerator"]), 1.0) for row in rows]


def _read(definition: Definition, source: Source) -> tuple[list[dict[str, Any]], Period]:
    days = int(definition.method.options.get("days", 365))
    period = source.period or Period(source.cut - timedelta(days=days - 1), source.cut)
    rows = [row for row in source.read_rows(definition) if row["collected"] and row["denominator"] and row["happened"] in period]
    return rows, period


def _read_group(definition: Definition, source: Source, level: str, key: str, rows: list[dict[str, Any]]) -> Reading:
    base = start_reading(definition, source, level, key, len(rows))
    if not rows:
        is_empty = not source.has_rows(definition)
        return replace(
            base, not_assessed=NotAssessed.NOT_COLLECTED if is_empty else definition.empty, reason="no audit report in the period"
        )
    count, n = sum(row["numerator"] for row in rows), len(rows)
    base = replace(base, numerator=float(count), denominator=float(n))
    if n < definition.minimum:
        return replace(base, not_assessed=NotAssessed.TOO_FEW, reason=f"{n} of at least {definition.minimum:g} audits needed")
    counts = np.array([row["numerator"] for row in rows])
    spread = rates.get_dispersion(counts, np.ones(n), np.zeros(n, dtype=int), 1)
    low, high = rates.get_exact_interval(count, n, definition.method.level, spread)
    chance = _get_chance(definition, count, n)
    return replace(
        base,
        value=count / n,
        not_assessed=None,
        interval=Interval(float(low[0]), float(high[0]), definition.method.level),
        p_target=chance,
        verdict=derive_outlook(chance),
        drivers=_find_drivers(rows, n),
        details=_derive_details(rows, n, float(spread[0])),
    )


def _get_chance(definition: Definition, count: float, n: int) -> float | None:
    if definition.target is None:
        return None
    most = definition.target.value
    allowed = ceil(most) - 1 if definition.target.comparison is Comparison.BELOW else int(most)
    return rates.get_predictive_chance_at_most(allowed, count, n)


def _derive_details(rows: list[dict[str, Any]], n: int, spread: float) -> dict[str, float | str | None]:
    critical, major = (sum(row[name] for row in rows) for name in ("own_critical", "own_major"))
    predicted = rates.get_predictive_chance_at_most(1, major, n) * rates.get_predictive_chance_at_most(0, critical, n)
    return {
        "critical_per_audit": critical / n,
        "major_per_audit": major / n,
        "chance_clean_audit": predicted,
        "chance_clean_audit_at_these_rates": get_chance_of_clean_audit(major / n, critical / n),
        "dispersion": spread,
    }


def _find_drivers(rows: list[dict[str, Any]], n: int) -> tuple[tuple[str, float], ...]:
    worst = sorted((row for row in rows if row["numerator"]), key=lambda row: (-row["numerator"], row["key_audit_id"]))
    return tuple((f"audit {row['key_audit_id']}", row["numerator"] / n) for row in worst[:3])
