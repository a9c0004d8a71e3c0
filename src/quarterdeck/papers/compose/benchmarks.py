"""Sections that set own figures beside published ones: publisher, period and population always shown; superseded ones never."""

from __future__ import annotations

import re

from quarterdeck.papers.claims import Line, plain, quoted
from quarterdeck.papers.compose.drafting import Drafting
from quarterdeck.papers.facts import Fact
from quarterdeck.papers.model import Section, Table
from quarterdeck.papers.template import SectionPlan

_ONE_FIGURE = re.compile(r"[^\d]*\d[\d.,]*")


def compose_benchmarks(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """Published figures that a template names by id or whose metric holds one of its words."""
    words = [word.lower() for word in plan.options.get("about", [])]
    ids = set(plan.options.get("ids", []))
    chosen: list[Fact] = []
    for fact in drafting.facts.facts():
        if not fact.id.startswith("benchmark:") or not fact.value:
            continue
        if fact.id.partition(":")[2] in ids or any(word in fact.label.lower() for word in words):
            if fact.status == "current":
                chosen.append(fact)
            else:
                drafting.lack(plan.id, "Published figures", f"some are {fact.status} and may not be cited")
    if not chosen:
        drafting.lack(plan.id, plan.topic, "no current published figure fits")
        return None
    rows = tuple(
        (quoted(f"{f.id}#metric", _part(f, "metric")), quoted(f.id, str(f.value)) + _unit(f), quoted(f"{f.id}#population", _part(f, "population")) if _part(f, "population") else Line("not stated"),
         quoted(f"{f.id}#publisher", _part(f, "publisher")) + (Line(", ") + quoted(f"{f.id}#period", _part(f, "period")) if _part(f, "period") else Line("")))
        for f in chosen[: int(plan.options.get("limit", 5))]
    )  # fmt: skip
    table = Table(
        plain("Published figures; their populations differ from ours"),
        ("What was measured", "Published figure", "Population", "Publisher and year"),
        rows,
        frozenset(),
        (2, 1.2, 1.2, 1.6),
    )
    return Section(plan.id, plain(plan.topic), (table,), (), plan.annex)


def _part(fact: Fact, name: str) -> str:
    return str(fact.parts[name][0]) if name in fact.parts else ""


def _unit(fact: Fact) -> Line:
    """A plain count has no unit; a sign stands at its figure, and is named behind several figures."""
    unit = _part(fact, "unit")
    if unit in ("", "count", "number"):
        return Line("")
    stated = quoted(f"{fact.id}#unit", unit)
    if unit != "%":
        return Line(" ") + stated
    return stated if _ONE_FIGURE.fullmatch(str(fact.value)) else Line(", in ") + stated
