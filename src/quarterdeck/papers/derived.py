"""Values computed from facts by a named function, so that the check can compute them again: sums, differences, counts."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from quarterdeck.papers.facts import Fact

if TYPE_CHECKING:
    from quarterdeck.papers.facts import FactBase

FUNCTIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": lambda values: float(sum(values)),
    "difference": lambda values: values[0] - values[1],
    "ratio": lambda values: values[0] / values[1],
    "count": lambda values: float(len(values)),
    "largest": max,
    "smallest": min,
    "complement": lambda values: 1 - values[0],
    "size": lambda values: abs(values[0]),
}


def derived_id(function: str, ids: Sequence[str]) -> str:
    """The id of a derived fact.

    >>> derived_id("difference", ["reading:a", "reading:b"])
    'derived:["difference", "reading:a", "reading:b"]'
    """
    return "derived:" + json.dumps([function, *ids], ensure_ascii=False)


def derive(facts: FactBase, key: str) -> Fact | None:
    """Compute the derived fact again. None where an operand is missing or the units do not match."""
    try:
        function, *ids = json.loads(key)
        operands = [facts.find(fact_id) for fact_id in ids]
        if function not in FUNCTIONS or any(operand is None for operand in operands):
            return None
        known = [operand for operand in operands if operand is not None]
        return _compute(f"derived:{key}", function, known)
    except (ValueError, TypeError, ZeroDivisionError, IndexError):
        return None


def _compute(fact_id: str, function: str, operands: list[Fact]) -> Fact | None:
    units = {operand.unit for operand in operands}
    if function == "count":
        return Fact(fact_id, "how many", float(len(operands)), "number", source="counted from the listed facts")
    if len(units) != 1:
        return None
    value = FUNCTIONS[function]([float(operand.value) for operand in operands])  # type: ignore[arg-type]
    unit = "ratio" if function == "ratio" else units.pop()
    first = operands[0]
    return Fact(
        fact_id,
        f"{function} of {len(operands)} facts",
        value,
        unit,
        scope=first.scope,
        as_of=first.as_of,
        snapshot=first.snapshot,
        source=f"{function} of " + "; ".join(o.label for o in operands[:6]),
    )
