"""Drafts a paper: a template and a fact base in, a document model out. Deterministic; no language model is needed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from quarterdeck.papers.claims import Line, Slot, claim, plain, unbound_tokens
from quarterdeck.papers.compose.drafting import Drafting, headline, reading_id
from quarterdeck.papers.compose.kinds import KINDS
from quarterdeck.papers.compose.matters import count_of, noun_of
from quarterdeck.papers.compose.measures import target_readings
from quarterdeck.papers.compose.money import answer_cost
from quarterdeck.papers.compose.options import answer_options
from quarterdeck.papers.compose.purchases import answer_review, answer_selection
from quarterdeck.papers.compose.vendors import answer_position, answer_standing
from quarterdeck.papers.derived import derived_id
from quarterdeck.papers.facts import FactBase
from quarterdeck.papers.model import Paper, Section
from quarterdeck.papers.strength import outlook
from quarterdeck.papers.template import Template
from quarterdeck.risks.needs_me import MOST
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.verdict import Verdict


def draft_paper(
    template: Template,
    facts: FactBase,
    about: Scope = Scope(),
    previous: Mapping[str, Any] | None = None,
    points: Sequence[Line] = (),
    variant: str = "standard",
    title: str = "",
    basis: str = "",
) -> Paper:
    """The paper as values. Sections whose evidence is absent are left out and named in `Paper.missing`. `basis` is the record the paper rests on.

    Raises BadInput where the template needs a subject and none is given, and where a line states something unbound.
    """
    if template.about != "portfolio" and about.level != template.about:
        raise BadInput(
            "This paper is about one thing, and none was named",
            thing=template.id,
            allowed=f"--about {template.about}:ID",
            next_step="Name it.",
        )
    drafting = Drafting(facts, template, about, previous, points, basis)
    _refuse_silence(drafting)
    answer = () if template.answer == "sections" else _answer(drafting)
    drafting.written += [("front", line) for line in answer]
    sections: dict[str, Section] = {}
    for is_last in (False, True):
        for plan in template.sections:
            if KINDS[plan.kind].is_last == is_last and (section := KINDS[plan.kind].compose(drafting, plan)) is not None:
                sections[plan.id] = section
                drafting.written += [(plan.id, line) for line in _lines(section)]
    if template.answer == "sections":
        answer = _headings(drafting, sections) or _answer(drafting)
    elif template.answer_sections:
        answer += _headings(drafting, sections)
    ordered = tuple(sections[plan.id] for plan in template.sections if plan.id in sections)
    paper = Paper(
        paper_id(template, facts, about, points, variant, basis), template.id, _title(drafting, title), _subtitle(drafting), template.question, template.audience, answer, ordered,
        tuple(drafting.missing), facts.state.id, variant, _footer(drafting), about, basis,
    )  # fmt: skip
    _refuse_unbound(paper)
    return paper


def paper_id(template: Template, facts: FactBase, about: Scope, points: Sequence[Line], variant: str = "standard", basis: str = "") -> str:
    """Stable for equal content: the same template, snapshot, subject, points and record it rests on give the same paper."""
    content = json.dumps([template.hash, facts.state.id, str(about), [line.text for line in points], variant, *([basis] if basis else [])])
    return f"{template.id}-{facts.state.data_cut:%Y%m%d}-{hashlib.sha256(content.encode()).hexdigest()[:8]}"


def _lines(section: Section) -> list[Line]:
    from quarterdeck.papers.model import block_lines

    return [section.heading, *(line for block in section.blocks for line in block_lines(block)), *section.notes]


def _title(drafting: Drafting, title: str) -> Line:
    if title:
        return plain(title)
    if drafting.about.level != "portfolio":
        return claim(drafting.facts, f"{drafting.template.name}: {{subject}}", "", subject=drafting.subject)
    return plain(drafting.template.name)


def _subtitle(drafting: Drafting) -> Line:
    return claim(
        drafting.facts,
        "{organisation}, for " + _lower(drafting.template.audience) + ". Data as of {day}.",
        "",
        organisation="context:organisation",
        day=Slot("context:data_cut", "day"),
    )


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:] if not text[:2].isupper() else text


def _footer(drafting: Drafting) -> Line:
    return claim(
        drafting.facts, "{organisation}. Data as of {day}. Snapshot {snapshot}.", "",
        organisation="context:organisation", day=Slot("context:data_cut", "day"), snapshot="context:snapshot",
    )  # fmt: skip


def _answer(drafting: Drafting) -> tuple[Line, ...]:
    """The answer to the template's question, from what it rests on; where that holds nothing, the findings answer."""
    if drafting.template.answer == "none":
        return ()
    lines = [line for answer in ANSWERS[drafting.template.answer] for line in answer(drafting)]
    if not any(lines):
        lines = _findings_in_words(drafting)
    if not any(lines):
        lines.append(
            drafting.say(
                "Nothing in the snapshot of {day} calls for a decision on {subject}.",
                "front/answer",
                day=Slot("context:data_cut", "day"),
                subject=drafting.subject,
            )
        )
    return tuple(line for line in lines if line)


def _headings(drafting: Drafting, sections: Mapping[str, Section]) -> tuple[Line, ...]:
    """What the sections that bear the answer found: how many findings, and each section's heading."""
    lines: list[Line | None] = []
    for plan in drafting.template.sections:
        if plan.id not in drafting.template.answer_sections or plan.id not in sections:
            continue
        if plan.kind == "findings" and len(drafting.findings(plan)) > 1:
            lines.append(
                drafting.say(
                    "{count} in this snapshot; the gravest follows.",
                    f"front/{plan.id}-count",
                    count=Slot(count_of(drafting, plan), "count", noun_of(plan)),
                )
            )
        heading = sections[plan.id].heading
        lines.append(Line(heading.text, heading.bounds, f"front/{plan.id}"))
    return tuple(line for line in lines if line)


def _targets_in_words(drafting: Drafting) -> list[Line | None]:
    readings = target_readings(drafting)
    if not readings:
        return []
    worst, best = readings[0], readings[-1]
    low, high = reading_id(worst, "p_target"), reading_id(best, "p_target")
    lines = [
        drafting.say(
            f"{{measure}}: {outlook(worst.p_target or 0)}. The chance of meeting the target is {{p}}.",
            "front/answer",
            low,
            measure=f"measure:{worst.measure}",
            p=Slot(low, "chance"),
        )
    ]
    if len(readings) > 1 and drafting.about.level == "portfolio":  # of one trial, only what is worst answers for it
        lines.append(
            drafting.say(
                f"Best placed: {{measure}}, {outlook(best.p_target or 0)} at {{p}}.",
                "front/best",
                high,
                measure=f"measure:{best.measure}",
                p=Slot(high, "chance"),
            )
        )
    return lines


def _matters_in_words(drafting: Drafting) -> list[Line | None]:
    """How many matters need somebody, and the costliest of them."""
    if drafting.about.level != "portfolio":
        return _findings_in_words(drafting)
    matters = drafting.facts.matters(MOST)
    if not matters:
        return []
    ids = [f"finding:{m.finding.id}" for m in matters]
    count = drafting.say(
        "{count} a decision; the costliest of doing nothing follows.",
        "front/matters",
        count=Slot(derived_id("count", ids), "count", "matter needs|matters need"),
    )
    lead = headline(matters[0].finding)
    return [count, Line(lead.text, lead.bounds, "front/gravest")]


def _findings_in_words(drafting: Drafting) -> list[Line | None]:
    about = "" if drafting.about.level == "portfolio" else f"&key={drafting.about.key}"
    tally = f"tally:findings?verdict=concern{about}"
    if tally not in drafting.facts:
        return []
    from quarterdeck.papers.providers.findings import finding_fits

    where = {"verdict": "concern"} | ({"key": drafting.about.key} if about else {})
    first = next((f for f in drafting.facts.findings if finding_fits(f, where) and f.verdict is Verdict.CONCERN), None)
    if first is None:
        return []
    count = drafting.say(
        "{count} in this snapshot; the gravest follows.",
        "front/concerns",
        count=Slot(tally, "count", "matter of concern|matters of concern"),
    )
    lead = headline(first)
    return [count, Line(lead.text, lead.bounds, "front/gravest")]


def _answer_decision(drafting: Drafting) -> list[Line | None]:
    """What was decided about the subject, newest first; without a decision, that there is none."""
    taken = [f for f in drafting.facts.facts() if f.id.startswith("decision:") and f.parts["subject"][0] == drafting.about.key]
    if not taken:
        return [drafting.no_basis("no decision on {subject} is recorded")]
    newest = max(taken, key=lambda fact: str(fact.parts["decided_at"][0]))
    slots = {"day": Slot(f"{newest.id}#decided_at", "day"), "question": Slot(f"{newest.id}#question", "text")}
    return [drafting.say("{question} Decided on {day}: {outcome}.", "front/answer", outcome=Slot(newest.id, "text"), **slots)]


def _refuse_silence(drafting: Drafting) -> None:
    """A paper that is nothing but its author's words cannot be written without them."""
    if drafting.template.answer == "none" and not drafting.points and not drafting.basis:
        raise BadInput(
            "This paper says what you give it, and no key points were given",
            thing=drafting.template.id,
            next_step="Give them: --points FILE on the command line, or the field for key points on the page Papers.",
        )


# What answers each paper's question, in order; where nothing comes of it, the findings answer.
ANSWERS: dict[str, tuple[Callable[[Drafting], list[Line | None]], ...]] = {
    "targets": (_targets_in_words,),
    "findings": (_findings_in_words,),
    "sections": (_findings_in_words,),
    "both": (_targets_in_words, _matters_in_words),
    "matters": (_matters_in_words,),
    "money": (answer_cost, _targets_in_words, _matters_in_words),
    "rescue": (answer_options, _targets_in_words, answer_cost),
    "decision": (_answer_decision,),
    "review": (answer_review,),
    "position": (answer_position,),
    "standing": (answer_standing,),
    "selection": (answer_selection,),
}


def _refuse_unbound(paper: Paper) -> None:
    for section, line in paper.lines():
        if line.author == "template" and (free := unbound_tokens(line)):
            raise BadInput(
                "A drafted line states something that no fact is bound to",
                thing=f"{paper.template}, {section}: {', '.join(free)} in {line.text!r}",
                next_step="This is a fault of the composer.",
            )
