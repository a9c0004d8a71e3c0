"""Hard-question rehearsal: the weakest claims of a paper as the ten likely questions, each with an answer from the evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from quarterdeck.papers.claims import Line, Slot
from quarterdeck.papers.facts import Fact, FactBase
from quarterdeck.papers.model import Paper
from quarterdeck.vocabulary.errors import QuarterdeckError
from quarterdeck.vocabulary.interval import Interval

HOW_MANY = 10
KINDS = ("widest interval", "biggest change", "in the balance", "contested benchmark", "oldest data", "small numbers", "missing")


@dataclass(frozen=True, slots=True)
class HardQuestion:
    """A question a board member would ask, why it is weak ground, and the answer, bound to facts."""

    question: Line
    answer: Line
    kind: str
    fact: str
    weakness: float


def rehearse(paper: Paper, facts: FactBase, previous: Mapping[str, Any] | None = None) -> list[HardQuestion]:
    """The ten weakest points, no more than three of a kind, weakest first."""
    ids = dict.fromkeys(bound.fact.split("#")[0] for _, line in paper.lines() for bound in line.bounds)
    known = [fact for fact_id in ids if (fact := facts.find(fact_id)) is not None]
    found = [q for fact in known for q in _about(fact, facts)]
    found += _changed(known, facts, previous)
    found += [q for entry in paper.missing if (q := _about_gap(entry.what, entry.why))]
    return _spread(found)


def _spread(found: Iterable[HardQuestion]) -> list[HardQuestion]:
    ranked = sorted(found, key=lambda q: (-q.weakness, q.kind, q.fact))
    first: list[HardQuestion] = []
    rest: list[HardQuestion] = []
    counted, asked = dict.fromkeys(KINDS, 0), set()
    for question in ranked:
        if question.question.text in asked:
            continue
        asked.add(question.question.text)
        counted[question.kind] += 1
        (first if counted[question.kind] <= 3 else rest).append(question)
    return (first + rest)[:HOW_MANY]


def _about(fact: Fact, facts: FactBase) -> list[HardQuestion]:
    found = []
    if fact.id.startswith("reading:") and isinstance(fact.interval, Interval) and isinstance(fact.value, float | int):
        width = fact.interval.width / max(abs(float(fact.value)), 1e-9)
        found.append(
            _ask(
                facts, fact, "widest interval", min(width, 3.0), "How sure are you of {value} for {what}?",
                "The value lies {interval}. What narrows it is more data, not another method; we would act the same at either end only if both ends lie on one side of the target.", value=Slot(fact.id), interval=Slot(fact.id, "interval"),
            )
        )  # fmt: skip
        if (p := fact.parts.get("p_target")) and isinstance(p[0], float | int):
            doubt = 1 - 2 * abs(float(p[0]) - 0.5)
            found.append(
                _ask(
                    facts, fact, "in the balance", doubt, "Will {what} meet its target, yes or no?", "The chance is {p}. That is a probability, and we will score it when the period has ended.",
                    p=Slot(f"{fact.id}#p_target", "chance"),
                )
            )  # fmt: skip
        if (n := fact.parts.get("denominator")) and 0 < float(n[0]) < 30:  # type: ignore[arg-type]
            found.append(
                _ask(
                    facts, fact, "small numbers", 1 - float(n[0]) / 30, "Is {n} enough to say anything about {what}?",  # type: ignore[arg-type]
                    "It is few, and the interval says so: {interval}.", n=Slot(f"{fact.id}#denominator", "number"), interval=Slot(fact.id, "interval"),
                )
            )  # fmt: skip
        if isinstance(fact.as_of, date) and (days := (facts.state.data_cut - fact.as_of).days) > 30:
            found.append(
                _ask(
                    facts,
                    fact,
                    "oldest data",
                    min(days / 180, 2.0),
                    "How old are the data behind {what}?",
                    "They stand for {day}.",
                    day=Slot(f"{fact.id}#as_of", "day"),
                )
            )
    if fact.id.startswith("benchmark:") and fact.status != "current":
        found.append(
            _ask(
                facts,
                fact,
                "contested benchmark",
                1.5,
                "Is the published figure for {what} still accepted?",
                "It is contested; we show it for orientation and decide on our own data.",
            )
        )
    return [q for q in found if q]


def _changed(known: Iterable[Fact], facts: FactBase, previous: Mapping[str, Any] | None) -> list[HardQuestion]:
    if previous is None:
        return []
    before = {key.split("@")[0]: entry for key, entry in previous["facts"].items()}
    found = []
    for fact in known:
        old = before.get(fact.id.split("@")[0])
        if (
            old is None
            or not isinstance(fact.value, float | int)
            or not isinstance(old["value"], float | int)
            or not fact.id.startswith("reading:")
        ):
            continue
        size = abs(float(fact.value) - old["value"]) / max(abs(old["value"]), abs(float(fact.value)), 1e-9)
        if size > 0.02:
            question = _ask(
                facts,
                fact,
                "biggest change",
                2 * size,
                "Why has {what} moved since the last issue?",
                "It is now {value}. What moved it most stands in the section about it, and the comparison with the last issue gives both values.",
                value=Slot(fact.id),
            )
            found += [question] if question else []
    return found


def _about_gap(what: str, why: str) -> HardQuestion | None:
    if any(c.isdigit() for c in what + why):
        return None
    return HardQuestion(
        Line(f"Why does the paper say nothing about {what[:1].lower()}{what[1:]}?"), Line(f"Because {why}."), "missing", "", 0.3
    )


def _ask(facts: FactBase, fact: Fact, kind: str, weakness: float, question: str, answer: str, /, **slots: Slot) -> HardQuestion | None:
    from quarterdeck.papers.claims import claim

    try:
        named = {"what": Slot(_name_of(fact, facts), "name")}
        asked = {key: slot for key, slot in (slots | named).items() if f"{{{key}}}" in question}
        told = {key: slot for key, slot in (slots | named).items() if f"{{{key}}}" in answer}
        return HardQuestion(_cut(claim(facts, question, "", **asked)), _cut(claim(facts, answer, "", **told)), kind, fact.id, weakness)
    except QuarterdeckError:
        return None


def _cut(line: Line) -> Line:
    marker = " The true value lies "
    if marker not in line.text or line.text.index(marker) < 3:
        return line
    cut = line.text.index(marker)
    return Line(line.text[:cut], tuple(b for b in line.bounds if b.end <= cut), line.claim, line.author)


def _name_of(fact: Fact, facts: FactBase) -> str:
    measure = f"measure:{fact.id.partition(':')[2].split('/')[0]}"
    if fact.scope.level != "portfolio" and f"scope:{fact.scope.level}/{fact.scope.key}" in facts:
        return f"scope:{fact.scope.level}/{fact.scope.key}"
    return measure if measure in facts else fact.id
