"""A claim is a sentence with typed slots bound to facts. Rendering it is deterministic, and refuses what the facts do not carry."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from string import Formatter

from quarterdeck.papers.extraction import extract_tokens
from quarterdeck.papers.facts import Fact, FactBase
from quarterdeck.papers.guidance import guidance_ids
from quarterdeck.papers.strength import find_strengths
from quarterdeck.vocabulary.errors import BadInput, QuarterdeckError

CITABLE = ("current",)


class ClaimRefused(QuarterdeckError):
    """The facts do not carry this sentence."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Slot:
    """What fills a place in a sentence: a fact's id and the form it is shown in. `noun` is for form count ("site" or "query|queries")."""

    fact: str
    form: str = "value"
    noun: str = ""


@dataclass(frozen=True, slots=True)
class Bound:
    """A stretch of a line that shows a fact."""

    start: int
    end: int
    fact: str
    form: str
    noun: str = ""
    kind: str = "number"


@dataclass(frozen=True, slots=True)
class Line:
    """A sentence or cell as rendered, with what each stretch is bound to. `claim` names it across issues of a paper.

    `author` is "template", "person" or "machine" (a language model; marked until accepted).
    """

    text: str
    bounds: tuple[Bound, ...] = ()
    claim: str = ""
    author: str = "template"

    def __add__(self, other: Line) -> Line:
        shift = len(self.text)
        moved = tuple(replace(b, start=b.start + shift, end=b.end + shift) for b in other.bounds)
        return Line(self.text + other.text, self.bounds + moved, self.claim or other.claim, self.author)


def claim(facts: FactBase, pattern: str, name: str = "", likely: str = "", /, **slots: Slot | str) -> Line:
    """Render a sentence. `{slot}` places are filled from facts; `likely` is the id of the probability behind words of strength.

    An estimate whose interval no slot shows gets it in a sentence of its own. Raises ClaimRefused for a superseded fact,
    a word of strength without a probability that allows it, or a number in the pattern itself.
    """
    chosen = {key: slot if isinstance(slot, Slot) else Slot(slot) for key, slot in slots.items()}
    line = _fill(facts, pattern, chosen)
    _refuse_bare_numbers(pattern, facts)
    _refuse_unusable(facts, chosen.values())
    _refuse_strength(facts, line.text, likely)
    return replace(line + _missing_intervals(facts, chosen.values(), line), claim=name)


def plain(text: str) -> Line:
    """A line of the template's own words: no number, date or name may stand in it."""
    return Line(text)


def shown(facts: FactBase, fact_id: str, form: str = "value", noun: str = "") -> Line:
    """A line that is one fact alone: a cell of a table."""
    fact = facts.fact(fact_id)
    text = fact.shown(form, noun)
    return Line(text, (Bound(0, len(text), fact_id, form, noun, _kind(fact, form)),) if text else ())


def quoted(fact_id: str, text: str) -> Line:
    """Stored text as it stands, bound as a whole to the fact that holds it (a finding's headline, a recorded reason)."""
    return Line(text, (Bound(0, len(text), fact_id, "text", "", "text"),) if text else ())


def joined(lines: Iterable[Line], separator: str = " ") -> Line:
    """Lines one after the other."""
    result: Line | None = None
    for line in lines:
        if line.text:
            result = line if result is None else result + Line(separator) + line
    return result or Line("")


def given(text: str) -> Line:
    """Words that a person typed. Their numbers stay unbound until the check resolves them."""
    return Line(text, (), "", "person")


def _fill(facts: FactBase, pattern: str, slots: dict[str, Slot]) -> Line:
    text, bounds = "", []
    for literal, name, _, _ in Formatter().parse(pattern):
        text += literal
        if name is None:
            continue
        if name not in slots:
            raise BadInput("A sentence has a place that nothing fills", thing=f"{{{name}}} in {pattern!r}", allowed=sorted(slots))
        slot = slots[name]
        fact = facts.fact(slot.fact)
        words = fact.shown(slot.form, slot.noun)
        if words:
            bounds.append(Bound(len(text), len(text) + len(words), slot.fact, slot.form, slot.noun, _kind(fact, slot.form)))
        text += words
    return Line(text, tuple(bounds))


def _kind(fact: Fact, form: str) -> str:
    if fact.unit in ("name", "guidance", "citation", "text"):
        return fact.unit
    return "date" if fact.unit == "date" or form in ("day", "month", "period", "moment") else "number"


def _refuse_bare_numbers(pattern: str, facts: FactBase) -> None:
    literal = "".join(part for part, *_ in Formatter().parse(pattern))
    known = guidance_ids()
    for token in extract_tokens(literal):
        if not (token.kind == "guidance" and token.value in known):
            raise ClaimRefused(
                "A sentence states something that no fact is bound to",
                thing=f"{token.text!r} in {pattern!r}",
                next_step="Bind it to a fact.",
            )


def _refuse_unusable(facts: FactBase, slots: Iterable[Slot]) -> None:
    for slot in slots:
        fact = facts.fact(slot.fact)
        if fact.status not in CITABLE and slot.fact.startswith("benchmark:"):
            raise ClaimRefused(
                "A benchmark cannot be cited any more", thing=f"{fact.label} ({fact.status})", next_step="Use the figure that replaced it."
            )


def _refuse_strength(facts: FactBase, text: str, likely: str) -> None:
    for strength, _, _ in find_strengths(text):
        if not likely:
            raise ClaimRefused(
                "A word of strength stands without a probability",
                thing=f"{strength.phrase!r} in {text!r}",
                next_step="Bind the probability, or say less.",
            )
        probability = float(facts.fact(likely).value)  # type: ignore[arg-type]
        if not strength.allows(probability):
            raise ClaimRefused(
                "The probability does not carry this word",
                thing=f"{strength.phrase!r} at {probability:.2f}",
                allowed=f"{strength.at_least} to {strength.at_most}",
            )


def _missing_intervals(facts: FactBase, slots: Iterable[Slot], line: Line) -> Line:
    slots = list(slots)
    stated = {slot.fact for slot in slots if slot.form in ("interval", "range")}
    result = Line("")
    for slot in slots:
        fact = facts.fact(slot.fact)
        if fact.interval is None or slot.fact in stated or slot.form in ("interval", "range"):
            continue
        stated.add(slot.fact)
        lead = " The true value lies " if not result.text else " and "
        result = result + Line(lead) + shown(facts, slot.fact, "interval")
    return result + Line(".") if result.text else result


def check_bounds(line: Line) -> None:
    """Every bound stretch lies inside the line and none overlaps. Raises BadInput; used by tests and when a draft is read back."""
    last = 0
    for bound in sorted(line.bounds, key=lambda b: b.start):
        if not last <= bound.start < bound.end <= len(line.text):
            raise BadInput("A line is bound out of order", thing=f"{line.text!r} at {bound.start}")
        last = bound.end


def unbound_tokens(line: Line, names: Sequence[str] = ()) -> list[str]:
    """What a line states without a source."""
    known = guidance_ids()
    free = []
    bound = bytearray(len(line.text))
    for stretch in line.bounds:
        bound[stretch.start : stretch.end] = b"\x01" * (stretch.end - stretch.start)
    for token in extract_tokens(line.text, names):
        marks = [bound[i] for i in range(token.start, token.end) if not line.text[i].isspace()]
        partly = any(marks) and token.kind in ("quantity", "quotation", "citation")  # the unit or the quotation mark is the sentence's own
        if not all(marks) and not partly and not (token.kind == "guidance" and token.value in known):
            free.append(token.text)
    return free
