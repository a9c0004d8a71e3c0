"""Sections about forecasts, and about the systems that learn or generate (the AI register)."""

from __future__ import annotations

from quarterdeck.papers.claims import Line, plain, quoted
from quarterdeck.papers.compose.drafting import Drafting, scope_line
from quarterdeck.papers.model import Section, Table
from quarterdeck.papers.template import SectionPlan


def compose_forecasts(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """Sealed forecasts about the subject: what, the middle, the interval."""
    provider = drafting.facts.providers.get("forecast")
    facts = [f for f in provider.facts() if drafting.about.level == "portfolio" or f.scope == drafting.about] if provider else []
    facts = [f for f in facts if f.interval is not None][: int(plan.options.get("limit", 8))]
    if not facts:
        drafting.lack(plan.id, plan.topic, "no forecast of this snapshot is sealed")
        return None
    rows = tuple(
        (scope_line(drafting, f.scope), quoted(f"{f.id}#what", str(f.parts["what"][0])), drafting.cell(f.id), drafting.cell(f.id, "range"))
        for f in facts
    )
    table = Table(
        plain("Sealed forecasts; their errors are scored when the truth is known"),
        ("Where", "What", "Expected", "Interval"),
        rows,
        frozenset({2, 3}),
        (1, 2, 1, 1.6),
    )
    return Section(plan.id, plain(plan.topic), (table,), (), plan.annex)


def compose_systems(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """The section on AI and ML systems in use that an inspection dossier asks for."""
    provider = drafting.facts.providers.get("system")
    facts = list(provider.facts()) if provider else []
    if not facts:
        drafting.lack(plan.id, plan.topic, "the register of systems holds no entry")
        return None
    names = ("purpose", "risk_class", "oversight", "validation", "limits")
    rows = tuple(
        (
            drafting.cell(f.id, "name"),
            *(quoted(f"{f.id}#{name}", str(f.parts[name][0])) if name in f.parts else Line("not stated") for name in names),
        )
        for f in facts
    )
    table = Table(
        plain("Every system in use that learns from data or generates text"),
        ("System", "Purpose", "Risk class", "Human oversight", "Validation", "Known limits"),
        rows,
        frozenset(),
        (1, 1.4, 0.8, 1.3, 1.6, 1.4),
    )
    checked = tuple(
        (
            drafting.cell(f.id, "name"), drafting.cell(f"{f.id}#owner", "text", otherwise="not stated"), drafting.cell(f"{f.id}#version", "text", otherwise="not stated"),
            drafting.cell(f"{f.id}#data", "text", otherwise="not stated"), drafting.cell(f"{f.id}#bias", "text", otherwise="it judges no person, site or vendor"),
            drafting.cell(f"{f.id}#review_date", "day", otherwise="not set"),
        )
        for f in facts
    )  # fmt: skip
    headers = ("System", "Owner", "Version", "Training or calibration data", "Bias checks", "Next review")
    kept = Table(
        plain("Who answers for each, what it rests on, and whether it treats groups alike"),
        headers,
        checked,
        frozenset(),
        (1, 0.9, 0.6, 1.3, 2.8, 0.7),
    )
    return Section(plan.id, plain(plan.topic), (table, kept), (), plan.annex)
