"""What changed since the last issue: claims compared by name, each move with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from quarterdeck.papers.claims import Line, Slot, plain, quoted
from quarterdeck.papers.compose.drafting import INTERVAL, Drafting, without_interval
from quarterdeck.papers.model import Block, Paragraph, Section, Table
from quarterdeck.papers.template import SectionPlan

KINDS = ("contradicted", "moved", "new", "dropped", "unchanged")


@dataclass(frozen=True, slots=True)
class ClaimChange:
    """One claim in two issues. `fact` is the value that moved; `reason` says why, as far as the manifests tell."""

    kind: str
    claim: str
    before: str
    now: str
    fact: str = ""
    reason: str = ""
    size: float = 0.0


def compare_claims(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[ClaimChange]:
    """Claims of two manifests: contradicted and moved first, by size of the move."""
    old = {claim["claim"]: claim for claim in before["claims"] if claim["claim"]}
    new = {claim["claim"]: claim for claim in now["claims"] if claim["claim"]}
    covers = before.get("covers")  # an earlier issue of which only the figures were kept says nothing of the other sections
    changes = [_compare(old[name], claim, before, now) for name, claim in new.items() if name in old]
    changes += [
        ClaimChange("new", name, "", claim["text"], _primary(claim), "not in the last issue")
        for name, claim in new.items()
        if name not in old and (covers is None or claim["section"] in covers)
    ]
    changes += [
        ClaimChange("dropped", name, claim["text"], "", _primary(claim), _why_dropped(claim, now))
        for name, claim in old.items()
        if name not in new
    ]
    return sorted(changes, key=lambda c: (KINDS.index(c.kind), -c.size, c.claim))


def _compare(before: Mapping[str, Any], now: Mapping[str, Any], old: Mapping[str, Any], new: Mapping[str, Any]) -> ClaimChange:
    name = str(now["claim"])
    fact = _primary(now)
    old_fact = _matching(before, fact)
    a, b = old["facts"].get(old_fact), new["facts"].get(fact)
    if before["text"] == now["text"] or a is None or b is None or a["value"] == b["value"]:
        kind = "unchanged" if before["text"] == now["text"] else "moved"
        return ClaimChange(
            kind, name, before["text"], now["text"], fact, "" if kind == "unchanged" else "what it says of the same figure has changed"
        )
    size = _size(a["value"], b["value"])
    kind = "contradicted" if _outside(a, b) else "moved"
    reason = (
        "the definition of the measure has changed"
        if a["definition"] != b["definition"]
        else "outside the interval given last time"
        if kind == "contradicted"
        else "new data"
    )
    return ClaimChange(kind, name, before["text"], now["text"], fact, reason, size)


def _primary(claim: Mapping[str, Any]) -> str:
    """The fact a claim is about: its first reading, forecast or finding, else its first fact."""
    ids = [value[0] for value in claim["facts"]]
    return next(
        (i for i in ids if i.startswith(("reading:", "forecast:", "derived:", "tally:", "count:")) and "#" not in i), ids[0] if ids else ""
    )


def _matching(claim: Mapping[str, Any], fact: str) -> str:
    ids = [value[0] for value in claim["facts"]]
    return next((i for i in ids if i.split("@")[0] == fact.split("@")[0]), _primary(claim))


def _outside(before: Mapping[str, Any], now: Mapping[str, Any]) -> bool:
    ends = before.get("interval")
    value = now["value"]
    if not ends or isinstance(value, str) != isinstance(ends[0], str):
        return False
    return bool(value < ends[0] or (ends[1] is not None and value > ends[1]))


def _size(before: Any, now: Any) -> float:
    if isinstance(before, float | int) and isinstance(now, float | int):
        return abs(now - before) / max(abs(before), abs(now), 1e-12)
    return 1.0


def _why_dropped(claim: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    section = str(claim["section"])
    reason = next((m["why"] for m in now.get("missing", []) if m["section"] == section), "")
    return reason or "no longer among the matters shown"


def compose_changes(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """The section "what changed since the last issue"; composed last, from the claims of all other sections."""
    if drafting.previous is None:
        line = plain(
            "This is the first issue: there is nothing to compare it with. The next one will say what moved, what is new, what was dropped and what was contradicted."
        )
        return Section(plan.id, plain(plan.topic), (Paragraph(line),), (), plan.annex)
    from quarterdeck.papers.manifest import claim_as_json, fact_as_json

    claims = [claim_as_json(section, line) for section, line in drafting.written if line.claim and line.bounds]
    ids = {value[0] for claim in claims for value in claim["facts"]}
    now = {"claims": claims, "facts": {i: fact_as_json(drafting.facts.fact(i)) for i in ids}, "missing": []}
    known = {"front", *(section.id for section in drafting.template.sections)}  # what the paper no longer speaks of may not come back here
    changes = [
        c
        for c in compare_claims(drafting.previous, now)
        if c.kind != "unchanged"
        and not c.claim.endswith(("/heading", "/drivers"))
        and c.claim.partition("/")[0] in known
        and _reads_otherwise(c)
    ]
    return _section(drafting, plan, _once_a_figure(changes))


def _reads_otherwise(change: ClaimChange) -> bool:
    """Whether the two cells would differ: a move below the last digit that is printed is no news."""
    return change.before.partition(INTERVAL)[0] != change.now.partition(INTERVAL)[0]


def _once_a_figure(changes: list[ClaimChange]) -> list[ClaimChange]:
    """A figure that several sentences show has moved once."""
    seen: set[str] = set()
    kept = []
    for change in changes:
        if not change.fact or change.fact not in seen:
            kept.append(change)
        seen.add(change.fact)
    return kept


def _section(drafting: Drafting, plan: SectionPlan, changes: list[ClaimChange]) -> Section:
    paper = str(drafting.previous["paper"]) if drafting.previous else ""
    cut = Slot(f"previous:{paper}|data_cut", "day")
    if drafting.previous and "covers" in drafting.previous:
        lead = drafting.say("Compared with the figures of {cut}; the findings of that day were not kept.", "", cut=cut)
    else:
        day = Slot(f"previous:{paper}|made_at", "day")
        lead = drafting.say("Compared with the issue of {day}, whose data stood for {cut}.", "", day=day, cut=cut)
    blocks: list[Block] = [Paragraph(lead)] if lead else []
    if not changes:
        return Section(plan.id, plain("Nothing that the last issue said has changed"), tuple(blocks), (), plan.annex)
    rows = tuple(_row(drafting, change, paper) for change in changes[: int(plan.options.get("limit", 8))])
    blocks.append(
        Table(
            plain("What moved, what is new, what was dropped, what was contradicted"),
            ("Then", "Now", "What happened", "Why"),
            rows,
            frozenset(),
            (2.6, 2.6, 0.9, 1.3),
        )
    )
    heading = plain("What changed since the last issue")
    contradicted = [c for c in changes if c.kind == "contradicted"]
    if contradicted:
        heading = plain("The last issue is contradicted where a value left the interval it gave")
    return Section(plan.id, heading, tuple(blocks), (), plan.annex)


def _row(drafting: Drafting, change: ClaimChange, paper: str) -> tuple[Line, ...]:
    said = change.before.partition(INTERVAL)[0]
    before = quoted(f"previous:{paper}|claim:{change.claim}", said) if said else Line("not said")
    written = next((line for _, line in drafting.written if line.claim == change.claim), None)
    now = without_interval(Line(written.text, written.bounds)) if written is not None and change.now else Line("no longer said")
    return (before, now, Line(change.kind), Line(change.reason))
