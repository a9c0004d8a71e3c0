"""Sections about forecasts, and about the systems that learn or generate (the AI register)."""

from __future__ import annotations

from quarterdeck.papers.claims import Line, plain, quoted
from quarterdeck.papers.compose.drafting import Drafting, scope_line
from quarterdeck.papers.forecast_facts import ForecastProvider
from quarterdeck.papers.model import Paragraph, Section, Table
from quarterdeck.papers.template import SectionPlan


def compose_forecasts(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """Forecasts about the subject, as this snapshot gives them: what, the middle, the interval."""
    provider = drafting.facts.providers.get("forecast")
    study = drafting.about.key if drafting.about.level == "study" else ""
    found = [f for f in provider.of(study) if f.interval is not None] if isinstance(provider, ForecastProvider) else []
    if not found:
        drafting.lack(plan.id, plan.topic, "no trial of this snapshot has a forecast")
        return None
    facts = found[: int(plan.options.get("limit", 8))]
    rows = tuple(
        (scope_line(drafting, f.scope), quoted(f"{f.id}#what", str(f.parts["what"][0])), drafting.cell(f.id), drafting.cell(f.id, "range"))
        for f in facts
    )
    table = Table(
        plain("Forecasts of this snapshot, made for this paper; the ledger scores those that were sealed in it"),
        ("Where", "What", "Expected", "Interval"),
        rows,
        frozenset({2, 3}),
        (1, 2, 1, 1.6),
    )
    total = f"forecast:count/{study}" if study else "forecast:count"
    cut = drafting.cut(plan, [f.id for f in facts], total, "forecasts are shown, those least likely to hold their plan first")
    return Section(plan.id, plain(plan.topic), (*(Paragraph(line) for line in cut), table), (), plan.annex)


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
