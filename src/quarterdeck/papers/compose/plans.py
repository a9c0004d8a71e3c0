"""The section that states a scenario which became the plan: what was decided, by whom and why, and what its sealed forecast promises."""

from __future__ import annotations

from quarterdeck.papers.claims import Slot, plain, quoted
from quarterdeck.papers.compose.drafting import Drafting
from quarterdeck.papers.model import Block, Paragraph, Section, Table
from quarterdeck.papers.template import SectionPlan

SHOWN = ("last_participant_in", "last_participant_last_visit", "database_lock", "cost_at_lock")


def compose_plan(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """The newest plan of the trial that the paper is about, with the forecast sealed when it was decided."""
    study = drafting.about.key
    decided = drafting.facts.find(f"plan:{study}")
    if decided is None:
        drafting.lack(plan.id, plan.topic, "no scenario of this trial has become the plan")
        return None
    blocks: list[Block] = []
    line = drafting.say(
        "{by} decided on {day}, and the forecast made for the decision was sealed with it: the last participant is expected by {date}.",
        f"{plan.id}/decided",
        by=Slot(f"plan:{study}#by", "name"),
        day=Slot(f"plan:{study}#decided_at", "day"),
        date=Slot(f"plan:{study}/last_participant_in", "day"),
    )
    if line is not None:
        blocks.append(Paragraph(line))
    blocks.append(
        Table(
            plain("The decision as recorded"),
            ("Decision", "Reason", "Change of the last participant in"),
            (
                (
                    quoted(decided.id, str(decided.value)),
                    quoted(f"{decided.id}#reason", str(decided.parts["reason"][0])),
                    drafting.cell(f"{decided.id}#days", "signed"),
                ),
            ),
            frozenset({2}),
            (2.2, 2.2, 1.2),
        )
    )
    rows = tuple(
        (
            quoted(f"plan:{study}/{what}#what", what.replace("_", " ")),
            drafting.cell(f"plan:{study}/{what}"),
            drafting.cell(f"plan:{study}/{what}", "range"),
            drafting.cell(f"plan:{study}/{what}#seal", "name"),
        )
        for what in SHOWN
        if f"plan:{study}/{what}" in drafting.facts
    )
    if rows:
        blocks.append(
            Table(
                plain("What the plan promises, sealed in the ledger and scored when the truth is known"),
                ("What", "Expected", "Interval", "Seal"),
                rows,
                frozenset({1, 2}),
                (1.8, 1.2, 2, 1),
            )
        )
    return Section(plan.id, plain(plan.topic), tuple(blocks), (), plan.annex)
