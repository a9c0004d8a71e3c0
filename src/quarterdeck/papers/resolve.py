"""Resolves what a text states to stored values: the same value, the same unit, and words that say what it is."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from quarterdeck.papers.extraction import Token, extract_tokens, squeeze
from quarterdeck.papers.facts import Fact, Value
from quarterdeck.papers.guidance import load_guidance
from quarterdeck.vocabulary.period import Period

_EVERYDAY = frozenset(
    [
        "the",
        "and",
        "for",
        "with",
        "from",
        "that",
        "this",
        "than",
        "have",
        "been",
        "were",
        "will",
        "would",
        "could",
        "their",
        "there",
        "which",
        "while",
        "about",
        "into",
        "over",
        "under",
        "between",
        "after",
        "before",
        "more",
        "most",
        "less",
        "each",
        "other",
        "interval",
        "portfolio",
        "trial",
        "study",
        "site",
        "value",
        "number",
        "level",
        "date",
        "true",
        "lies",
    ]
)


@dataclass(frozen=True, slots=True)
class Resolution:
    """How a token fared. `verdict` is resolved, weak, unresolved, wrong unit, fabricated, superseded; `fact` what it resolved to."""

    verdict: str
    fact: str = ""
    message: str = ""


class Resolver:
    """Stored values by what they would read as. Build once per fact base."""

    def __init__(self, facts: Iterable[Fact]) -> None:
        self._numbers: list[tuple[float, str, Fact, str]] = []
        self._texts: dict[str, Fact] = {}
        self._dates: defaultdict[str, list[Fact]] = defaultdict(list)
        self.names: dict[str, str] = {}
        for fact in facts:
            self._keep(fact)
            for name, (value, unit) in fact.parts.items():
                self._keep_value(fact, value, unit, f"{fact.id}#{name}")
            if fact.interval is not None:
                for end in (fact.interval.low, fact.interval.high):
                    if end is not None:
                        self._keep_value(fact, end, fact.unit, fact.id)
        self._numbers.sort(key=lambda entry: entry[0])

    def resolve(self, token: Token, sentence: str, about: str = "") -> Resolution:
        """One token in its sentence. `about` is the heading or title above, which may name what is spoken of."""
        if token.kind == "guidance":
            return self._resolve_guidance(token)
        if token.kind in ("name", "citation", "quotation"):
            return self._resolve_text(token)
        if token.kind == "date":
            return self._resolve_date(token, f"{about} {sentence}")
        return self._resolve_number(token, f"{about} {sentence}")

    def _resolve_guidance(self, token: Token) -> Resolution:
        known = load_guidance().get(squeeze(token.text)) or load_guidance().get(squeeze(f"ICH {token.text}"))
        if known is None:
            if fact := self._texts.get(squeeze(token.text)):
                return Resolution("resolved", fact.id)
            return Resolution("fabricated", "", "no guidance or law of this name is known")
        if known.status == "superseded":
            return Resolution("superseded", f"guidance:{known.designation}", f"replaced by {known.replaced_by}")
        return Resolution("resolved", f"guidance:{known.designation}")

    def _resolve_text(self, token: Token) -> Resolution:
        plain = squeeze(token.text).strip("\"'()")
        if fact := self._texts.get(plain):
            return self._with_status(fact)
        inside = next((f for text, f in self._texts.items() if len(plain) > 11 and plain in text), None)
        if inside:
            return self._with_status(inside)
        if token.kind == "citation":
            named = next((f for text, f in self._texts.items() if f.id.startswith("benchmark:") and len(text) > 5 and text in plain), None)
            if named is not None:
                return self._with_status(named)
            return Resolution("fabricated", "", "this source is not in the evidence base")
        return Resolution(
            "fabricated" if token.kind == "quotation" else "unresolved",
            "",
            "these words are not stored anywhere" if token.kind == "quotation" else "this name is not in the evidence base",
        )

    def _resolve_date(self, token: Token, context: str) -> Resolution:
        found = self._dates.get(str(token.value), [])
        if not found:
            return Resolution("unresolved", "", "no stored date reads like this")
        return self._best(found, [f.id for f in found], context)

    def _resolve_number(self, token: Token, context: str) -> Resolution:
        value = token.value
        if not isinstance(value, float | int) or value != value:
            return Resolution("unresolved", "", "the number cannot be read")
        near = [
            (fact, fact_id, unit)
            for stored, unit, fact, fact_id in self._numbers
            if abs(stored - value) <= token.resolution * (1 + 1e-9) + 1e-12
        ]
        same = [(fact, fact_id) for fact, fact_id, unit in near if _units_agree(unit, token)]
        if same:
            return self._best([fact for fact, _ in same], [fact_id for _, fact_id in same], context)
        if near:
            best = self._best([fact for fact, _, _ in near], [i for _, i, _ in near], context)
            unit = next(u for _, i, u in near if i == best.fact)
            if best.verdict == "resolved":
                return Resolution("wrong unit", best.fact, f"the stored value is in {unit or 'plain numbers'}")
        return Resolution("unresolved", "", "no stored value reads like this")

    def _best(self, facts: list[Fact], ids: list[str], context: str) -> Resolution:
        words = _content_words(context)
        scored = sorted(
            (
                (len(words & _content_words(f"{fact.label} {fact.scope.key} {fact_id}")), -i)
                for i, (fact, fact_id) in enumerate(zip(facts, ids, strict=True))
            ),
            reverse=True,
        )
        score, position = scored[0]
        fact, fact_id = facts[-position], ids[-position]
        if score == 0:
            return Resolution("weak", fact_id, f"the value occurs, but for something else: {fact.label}")
        return self._with_status(fact, fact_id)

    def _with_status(self, fact: Fact, fact_id: str = "") -> Resolution:
        if fact.status in ("superseded", "stale"):
            return Resolution(fact.status, fact_id or fact.id, f"{fact.label} is {fact.status}")
        return Resolution("resolved", fact_id or fact.id)

    def _keep(self, fact: Fact) -> None:
        self._keep_value(fact, fact.value, fact.unit, fact.id)

    def _keep_value(self, fact: Fact, value: Value, unit: str, fact_id: str) -> None:
        if isinstance(value, bool):
            return
        if isinstance(value, float | int):
            self._numbers.append((float(value), unit, fact, fact_id))
        elif isinstance(value, datetime | date):
            self._keep_date(fact, value)
        elif isinstance(value, Period):
            self._keep_date(fact, value.first)
            self._keep_date(fact, value.last)
            self._dates[squeeze(Fact("", "", value).shown("period"))].append(fact)
        elif isinstance(value, str) and value:
            self._keep_text(fact, value, unit, fact_id)

    def _keep_text(self, fact: Fact, value: str, unit: str, fact_id: str) -> None:
        self._texts.setdefault(squeeze(value), fact)
        if unit == "name":
            self.names.setdefault(value, fact_id)
        for token in extract_tokens(value):
            if token.kind == "date":
                self._dates[str(token.value)].append(fact)
            elif isinstance(token.value, float | int):
                self._numbers.append((float(token.value), token.unit, fact, fact_id))
            elif token.kind in ("citation", "guidance"):
                self._texts.setdefault(squeeze(token.text), fact)

    def _keep_date(self, fact: Fact, value: date | datetime) -> None:
        day = value.date() if isinstance(value, datetime) else value
        for key in (day.isoformat(), f"{day:%Y-%m}", f"{day.year}"):
            self._dates[key].append(fact)


def _units_agree(unit: str, token: Token) -> bool:
    said = token.unit
    if token.kind == "share":
        return unit in ("share", "probability", "%") or "%" in unit
    if token.kind == "money":
        return unit == said
    if token.kind == "quantity":
        base = unit.rstrip("s") if unit not in ("", "number") else ""
        return base == "" or base == said or said in unit or (said in ("week", "month", "year") and base == "day")
    return unit not in ("share", "probability") and not (len(unit) == 3 and unit.isupper())


def _content_words(text: str) -> frozenset[str]:
    words = re.findall(r"[A-Za-z][A-Za-z0-9-]{3,}|[A-Z]{2,}-?\d+", text)
    return frozenset(stem for word in words if (stem := word.lower().rstrip("s")) not in _EVERYDAY)


def names_in(facts: Mapping[str, str]) -> tuple[str, ...]:
    """Names to look for in a text: those of two letters or fewer would be found everywhere."""
    return tuple(sorted(name for name in facts if len(name) > 2 and not name.isdigit()))
