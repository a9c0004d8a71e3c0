"""Sections about what needs someone: findings, what to decide, decisions taken, what changed, what is missing, sources."""

from __future__ import annotations

from quarterdeck.papers.claims import Line, Slot, joined, plain, quoted
from quarterdeck.papers.compose.drafting import Drafting, headline, scope_line
from quarterdeck.papers.derived import derived_id
from quarterdeck.papers.model import Block, Paragraph, Section, Signature, Table
from quarterdeck.papers.template import SectionPlan
from quarterdeck.vocabulary.finding import Finding
from quarterdeck.vocabulary.verdict import Verdict


def compose_findings(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """Findings as a table: what, where, what doing nothing costs, who owns it."""
    findings = drafting.findings(plan)
    if not findings:
        why = "no finding of this kind in this snapshot"
        drafting.lack(plan.id, plan.topic, why)
        return None
    shown = findings[: int(plan.options.get("limit", 7))]
    heading = headline(shown[0])
    count = count_of(drafting, plan)
    blocks: list[Block] = []
    slots = {"count": Slot(count, "count", noun_of(plan))}
    words = "{count} in this snapshot."
    if len(findings) > len(shown):
        words = "{count} in this snapshot; {shown} are shown, the largest first."
        slots["shown"] = Slot(derived_id("count", [f"finding:{f.id}" for f in shown]), "number")
    line = drafting.say(words, f"{plan.id}/count", **slots)
    if line:
        blocks.append(Paragraph(line))
    if remark := str(plan.options.get("remark", "")):
        blocks.append(Paragraph(plain(remark)))
    if len(shown) == 1:
        blocks += [Paragraph(quoted(f"finding:{shown[0].id}#cause", shown[0].cause))] if shown[0].cause else []
    is_gain = all(f.opportunity for f in shown)
    rows = tuple(
        (
            headline(f),
            scope_line(drafting, f.scope),
            (Line("to gain: ") if f.opportunity and not is_gain else Line("")) + _consequence(drafting, f),
            quoted(f"finding:{f.id}#owner", f.owner) if f.owner else Line("not assigned"),
        )
        for f in shown
    )
    blocks.append(
        Table(
            plain(f"What was found, and what {'it could bring' if is_gain else 'doing nothing is expected to cost'}"),
            ("Finding", "Where", "What it could bring" if is_gain else "If nothing is done", "Owner"),
            rows,
            frozenset(),
            (3.7, 1.5, 1.6, 1),
        )
    )
    return Section(plan.id, heading, tuple(blocks), tuple(_finding_note(f, drafting) for f in shown[:5] if f.cause), plan.annex)


def count_of(drafting: Drafting, plan: SectionPlan) -> str:
    """The fact that counts the findings a section asks for."""
    where = drafting.wanted(plan)
    return f"tally:findings{'?' if where else ''}{'&'.join(f'{key}={value}' for key, value in where.items())}"


def noun_of(plan: SectionPlan) -> str:
    """What a section's findings are called, one and several."""
    if plan.options.get("opportunity"):
        return "opportunity|opportunities"
    return "matter of concern|matters of concern" if plan.options.get("verdict") == "concern" else "finding"


def _consequence(drafting: Drafting, finding: Finding) -> Line:
    """What is at stake and how likely. A chance alone says nothing: of what, the finding's own words say."""
    c = finding.consequence
    fact = f"finding:{finding.id}"
    parts = []
    if c.money is not None:
        parts.append(drafting.cell(f"{fact}#money", "money"))
    if c.days is not None:
        parts.append(drafting.cell(f"{fact}#days", "duration"))
    if c.participants:
        parts.append(drafting.cell(f"{fact}#participants", "count", "participant"))
    if not parts:
        return Line("not estimated")
    if c.probability is not None:
        parts.append(drafting.cell(f"{fact}#probability", "chance") + Line(" likely"))
    if not c.reversible:  # why it may rank above what costs more
        parts.append(Line("it cannot be undone"))
    return joined(parts, "; ")


def _finding_note(finding: Finding, drafting: Drafting) -> Line:
    return scope_line(drafting, finding.scope) + Line(": ") + quoted(f"finding:{finding.id}#cause", finding.cause)


def compose_ranked(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """The same list as "What needs me": one matter for each subject, ranked by the expected cost of doing nothing."""
    matters = drafting.facts.matters(int(plan.options.get("limit", 7)))
    if not matters:
        drafting.lack(plan.id, plan.topic, "no matter of concern is open")
        return None
    found = [m.finding for m in matters]
    ids = [f"finding:{f.id}" for f in found]
    heading = drafting.say(
        "{count} a decision, ranked by what doing nothing is expected to cost",
        f"{plan.id}/heading",
        count=Slot(derived_id("count", ids), "count", "matter needs|matters need"),
    )
    with_action = bool(plan.options.get("actions"))
    rows = tuple(
        (
            headline(f), _consequence(drafting, f), *((_action(f),) if with_action else ()), quoted(f"finding:{f.id}#owner", f.owner) if f.owner else Line("nobody yet"),
        )
        for f in found
    )  # fmt: skip
    headers = ("Matter", "If nothing is done", *(("Suggested action",) if with_action else ()), "Owner")
    table = Table(
        plain("One row for each trial, site or vendor; what else was found about it is not counted again"),
        headers,
        rows,
        frozenset(),
        (3, 1.6, *((2.2,) if with_action else ()), 0.9),
    )
    notes = tuple(_finding_note(f, drafting) for f in found[:5] if f.cause)
    return Section(plan.id, heading or plain(plan.topic), (table,), notes, plan.annex)


def _action(finding: Finding) -> Line:
    return quoted(f"finding:{finding.id}#action", finding.suggested_action) if finding.suggested_action else Line("none proposed")


def compose_asks(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """What the reader is asked to decide: the proposed action of each matter of concern."""
    limit = int(plan.options.get("limit", 5))
    if drafting.about.level == "portfolio" and not {"sources", "detectors"} & set(plan.options):
        findings = [m.finding for m in drafting.facts.matters(limit) if m.finding.suggested_action]
    else:
        findings = [f for f in drafting.findings(plan) if f.suggested_action and f.verdict is Verdict.CONCERN][:limit]
    if not findings:
        drafting.lack(plan.id, plan.topic, "no finding proposes an action")
        return None
    rows = tuple(
        (
            quoted(f"finding:{f.id}#action", f.suggested_action),
            headline(f),
            quoted(f"finding:{f.id}#owner", f.owner) if f.owner else Line("to be named"),
        )
        for f in findings
    )
    table = Table(
        plain("Proposed decisions on the gravest matters, with what each rests on"),
        ("Proposed decision", "Because", "Owner"),
        rows,
        frozenset(),
        (2.4, 2.6, 0.9),
    )
    return Section(
        plan.id,
        plain(plan.topic),
        (table,),
        (plain("Each decision taken is recorded with its reason, and the next issue reports its effect."),),
        plan.annex,
    )


def compose_decisions(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """Decisions of the record, newest first."""
    decisions = [f for f in drafting.facts.facts() if f.id.startswith("decision:")][: int(plan.options.get("limit", 6))]
    if not decisions:
        drafting.lack(plan.id, plan.topic, "no decision is recorded yet")
        return None
    rows = tuple(
        (
            quoted(f"{d.id}#question", str(d.parts["question"][0])),
            quoted(d.id, str(d.value)),
            quoted(f"{d.id}#reason", str(d.parts["reason"][0])),
            drafting.cell(f"{d.id}#decided_at", "day"),
        )
        for d in decisions
    )
    return Section(
        plan.id,
        plain(plan.topic),
        (Table(plain("Decisions as recorded"), ("Question", "Decision", "Reason", "Date"), rows, frozenset(), (1.6, 1.6, 2, 1)),),
        (),
        plan.annex,
    )


def compose_missing(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """What this paper would have shown and does not, with the reason. An honest gap is part of the evidence."""
    lines = [Line(f"{entry.what}: {entry.why}.") for entry in drafting.missing if not any(c.isdigit() for c in entry.what + entry.why)]
    lines = list(dict.fromkeys(lines))[: int(plan.options.get("limit", 10))]
    if not lines:
        return None
    return Section(plan.id, plain(plan.topic), tuple(Paragraph(line, "bullet") for line in lines), (), plan.annex)


def compose_sources(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """Where the figures come from: the snapshot, and each measure with its question."""
    line = drafting.say(
        "Every figure was computed from the sealed snapshot {snapshot} of {organisation}, whose data stand for {day}. The check reads this file back and computes each of them again.",
        "", snapshot="context:snapshot", organisation="context:organisation", day=Slot("context:data_cut", "day"),
    )  # fmt: skip
    used = sorted(
        {
            bound.fact.partition(":")[2].partition("/")[0]
            for _, written in drafting.written
            for bound in written.bounds
            if bound.fact.startswith("reading:")
        }
    )
    rows = tuple(
        (drafting.cell(f"measure:{m}", "name"), drafting.cell(f"measure:{m}#question", "text", otherwise="not stated"))
        for m in used
        if f"measure:{m}" in drafting.facts
    )
    blocks: list[Block] = [Paragraph(line)] if line else []
    if rows:
        blocks.append(Table(plain("Measures used"), ("Measure", "The question it answers"), rows, frozenset(), (1, 2)))
    return Section(plan.id, plain(plan.topic), tuple(blocks), (), plan.annex)


def compose_signature(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """Places for the signature; the signed copy carries printed name, time and meaning."""
    if "given:signed_by" in drafting.facts:
        lines = [
            drafting.say(
                "Signed by {name} on {moment}: {meaning}.",
                "",
                name=Slot("given:signed_by", "name"),
                moment=Slot("given:signed_at", "moment"),
                meaning=Slot("given:meaning", "text"),
            )
        ]
        return Section(plan.id, plain(plan.topic), (Signature(tuple(line for line in lines if line)),), (), plan.annex)
    return Section(
        plan.id,
        plain(plan.topic),
        (Signature((Line("Printed name:"), Line("Date and time:"), Line("Meaning of the signature:"))),),
        (),
        plan.annex,
    )


def compose_text(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """The template's own words, with the subject, organisation and day filled in."""
    slots: dict[str, Slot | str] = {
        "organisation": "context:organisation",
        "day": Slot("context:data_cut", "day"),
        "subject": drafting.subject,
    }
    style = plan.options.get("style", "body")
    lines = []
    for pattern in plan.options["lines"]:
        needed = {name: slot for name, slot in slots.items() if f"{{{name}}}" in pattern}
        if (line := drafting.say(pattern, "", **needed)) is not None:
            lines.append(Paragraph(line, style))
    return Section(plan.id, plain(plan.topic), tuple(lines), (), plan.annex) if lines else None


def compose_points(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """The author's own points, in the order the drafter gave them."""
    if not drafting.points:
        drafting.lack(plan.id, plan.topic, "no key points were given")
        return None
    return Section(
        plan.id, plain(plan.topic), tuple(Paragraph(line, plan.options.get("style", "body")) for line in drafting.points), (), plan.annex
    )
