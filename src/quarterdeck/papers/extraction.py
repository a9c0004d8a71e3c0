"""Finds in plain text what must have a source: numbers, quantities, money, dates, names, quotations, citations, guidance titles."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from quarterdeck.vocabulary.wording import MONTHS, SYMBOLS

# Kinds in order of precedence: where two patterns overlap, the earlier one owns the text.
KINDS = ("quotation", "citation", "guidance", "name", "date", "money", "share", "quantity", "number")

UNITS = [
    "day",
    "week",
    "month",
    "year",
    "quarter",
    "hour",
    "minute",
    "trial",
    "study",
    "studies",
    "site",
    "country",
    "countries",
    "participant",
    "patient",
    "subject",
    "person",
    "people",
    "visit",
    "query",
    "queries",
    "page",
    "finding",
    "audit",
    "inspection",
    "major",
    "critical",
    "minor",
    "invoice",
    "order",
    "amendment",
    "deviation",
    "event",
    "document",
    "vendor",
    "supplier",
    "supplier",
    "monitor",
    "investigator",
    "response",
    "member",
    "staff",
    "row",
    "file",
    "milestone",
    "task",
    "action",
    "risk",
    "opportunity",
    "opportunities",
    "issue",
    "decision",
    "option",
    "slide",
    "word",
    "target",
    "measure",
    "FTE",
    "fte",
    "times",
    "fold",
    "points",
    "point",
    "criticals",
    "majors",
    "units",
    "unit",
    "reading",
    "signal",
    "change",
    "contract",
    "CAPA",
    "CAPAs",
    "report",
    "queries",
    "role",
    "roles",
    "item",
    "paper",
    "question",
]

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_SIGN = r"(?:(?<![\w.,])[−\-+])?"
_MONTH = "|".join([*MONTHS, *(month[:3] for month in MONTHS), "Sept"])
_SYMBOL = "|".join(re.escape(s.strip()) for s in sorted({*SYMBOLS.values(), "$", "¥"}, key=len, reverse=True))
_SCALE = r"(?:[ \u00a0]?(?:thousand|million|billion|bn|mn|m|k)\b)?"
_UNIT = "|".join(sorted({u for unit in UNITS for u in (unit, f"{unit}s")}, key=len, reverse=True))
_WORDS = [
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "twenty",
    "thirty",
    "forty",
    "fifty",
    "hundred",
    "dozen",
    "half",
]
_WORD_VALUES = dict(zip(_WORDS, (2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 20, 30, 40, 50, 100, 12, 0.5), strict=True))

_PATTERNS: tuple[tuple[str, str], ...] = (
    ("quotation", r"“[^”]{3,600}”|(?<!\w)\"[^\"\n]{3,600}\"(?!\w)|(?<!\w)‘[^’\n]{12,600}’(?!\w)"),
    (
        "citation",
        r"https?://[^\s)\]>,;]+[^\s)\]>,;.]|\bdoi:\s?10\.\d{4,9}/[^\s)\],;]+|\b10\.\d{4,9}/[^\s)\],;]+|\bNCT\d{8}\b|\b\d{4}-5\d{5}-\d{2}(?:-\d{2})?\b",
    ),
    (
        "citation",
        r"\((?:[^()]*[A-Z][^()]{1,90}?),? (?:19|20)\d{2}[a-z]?\)|\b[A-Z][A-Za-z’'-]+(?: et al\.?| and [A-Z][A-Za-z’'-]+)?,? \((?:19|20)\d{2}[a-z]?\)|\bpublished by [^.;]{3,80}, (?:19|20)\d{2}\b",
    ),
    (
        "guidance",
        r"\bICH[ \u00a0]?(?:[EQMS]\d{1,2}[A-F]?(?:\(R\d\))?)|\b[EQM]\d{1,2}[A-F]?\(R\d\)|\b21[ \u00a0]CFR(?: Parts?)?[ \u00a0]?\d+(?:\.\d+)?(?:/\d+)*|"
        r"\b(?:Commission )?(?:Implementing |Delegated )?(?:Regulation|Directive)[ \u00a0]\((?:EU|EC)\)[ \u00a0](?:No[ .\u00a0]+)?\d+/\d+|\bDirective[ \u00a0]\d+/\d+/E[CU]|"
        r"\bEMA/[A-Z0-9/]{4,40}|\bFDA-\d{4}-[A-Z]-\d{4}|\b(?:EU )?(?:GMP )?Annex[ \u00a0]\d{1,2}\b|\bS\.?I\.? \d{4}/\d+|"
        r"\b(?:Guidance|Guideline|Reflection [Pp]aper|Recommendation [Pp]aper|Q&A|Position [Pp]aper)s? (?:for [Ii]ndustry|on|for)\b:? [A-Z][^.;:()\n]{6,140}",
    ),
    (
        "date",
        rf"\b\d{{1,2}}(?:st|nd|rd|th)?[ \u00a0](?:{_MONTH})\b\.?(?:[ \u00a0,]+\d{{4}}\b)?(?:, \d{{2}}:\d{{2}}(?: UTC)?)?|\b(?:{_MONTH})\.?[ \u00a0]\d{{1,2}},[ \u00a0]\d{{4}}\b|"
        rf"\b\d{{4}}-\d{{2}}-\d{{2}}(?:T[\d:]+Z?)?\b|\b\d{{1,2}}[/.]\d{{1,2}}[/.]\d{{2,4}}\b|\bQ[1-4](?:[ \u00a0/-]\d{{4}})?(?: \((?:{_MONTH}) to (?:{_MONTH})\))?|\b(?:{_MONTH})[ \u00a0]\d{{4}}\b|\b(?:19|20)\d{{2}}\b(?![\d,.]\d|[ \u00a0]?%)|\b\d{{2}}:\d{{2}}(?: UTC)?\b",
    ),
    (
        "money",
        rf"{_SIGN}(?:{_SYMBOL})[ \u00a0]?{_NUMBER}{_SCALE}|{_SIGN}\b(?:GBP|EUR|USD|JPY|CHF|CAD|AUD|CNY|SEK|DKK|NOK|PLN|INR|BRL)[ \u00a0]?{_NUMBER}{_SCALE}|{_SIGN}{_NUMBER}{_SCALE}[ \u00a0]?(?:GBP|EUR|USD|CHF|pounds|euros?|dollars|£|€)(?!\w)",
    ),
    ("share", rf"{_SIGN}{_NUMBER}[ \u00a0]?(?:%|per cent\b|percent\b|percentage points?\b|pp\b)"),
    ("quantity", rf"{_SIGN}{_NUMBER}(?:[ \u00a0-](?:{_UNIT}))\b"),
    ("quantity", rf"\b(?:{'|'.join(_WORDS)})[ \u00a0-](?:{_UNIT})\b"),
    ("number", rf"{_SIGN}(?<![\w.]){_NUMBER}(?:e[−-]?\d+)?(?:[×x](?!\w))?{_SCALE}"),
    ("number", rf"\b(?:{'|'.join(_WORDS)})\b(?= of )"),
    ("number", r"\d+"),
)
_TYPOGRAPHY = {ord(c): plain for c, plain in zip("’‘“”−–—\u00ad", ("'", "'", '"', '"', "-", "-", "-", ""), strict=True)}
_COMPILED = tuple((kind, re.compile(pattern)) for kind, pattern in _PATTERNS)


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of text that needs a source. `value` is a float, an ISO date or the text itself; `unit` as `Reading.unit` names it."""

    kind: str
    text: str
    start: int
    end: int

    @property
    def value(self) -> float | str:
        """What the token says, comparable with a stored value."""
        return read_value(self.kind, self.text)[0]

    @property
    def unit(self) -> str:
        """The unit it is said in; empty for a bare number."""
        return read_value(self.kind, self.text)[1]

    @property
    def resolution(self) -> float:
        """Half of the last digit shown: two values closer than this read the same."""
        return _resolution(self.text)


def extract_tokens(text: str, names: Iterable[str] = ()) -> list[Token]:
    """Tokens in reading order, none overlapping another. `names` are the proper names that the evidence base knows.

    >>> [(t.kind, t.text) for t in extract_tokens("By 3 May 2026, 12 sites cost £1.2 million (4.5%).")]
    [('date', '3 May 2026'), ('quantity', '12 sites'), ('money', '£1.2 million'), ('share', '4.5%')]
    """
    taken = bytearray(len(text))
    found: list[Token] = []
    known = tuple(sorted({name for name in names if name}))
    for kind, pattern in _patterns_with(known):
        for match in pattern.finditer(text):
            start, end = match.span()
            if start == end or any(taken[start:end]):
                continue
            taken[start:end] = b"\x01" * (end - start)
            found.append(Token(kind, match.group(), start, end))
    return sorted(found, key=lambda token: token.start)


def read_value(kind: str, text: str) -> tuple[float | str, str]:
    """The value and unit that a token's text states: ('2.1%' -> 0.021, 'share'), ('£1.2 million' -> 1200000.0, 'GBP')."""
    if kind == "date":
        return _read_date(text), "date"
    if kind in ("name", "citation", "guidance", "quotation"):
        return squeeze(text), kind
    lower = text.lower().replace("\u00a0", " ")
    amount = _read_amount(lower)
    if kind == "money":
        return amount, _currency(text)
    if kind == "share":
        return amount / 100, "share"
    if kind == "quantity":
        return amount, _singular(re.split(r"[ -]", lower.lstrip("-−+"))[-1])
    return amount, ""


def squeeze(text: str) -> str:
    """Text without case, spaces and typographic variety: what must be equal for two mentions to be the same."""
    plain = text.translate(_TYPOGRAPHY)
    return re.sub(r"\s+", "", plain).casefold()


@lru_cache(maxsize=32)
def _patterns_with(names: tuple[str, ...]) -> tuple[tuple[str, re.Pattern[str]], ...]:
    if not names:
        return _COMPILED
    longest_first = sorted(names, key=lambda name: (-len(name), name))
    pattern = re.compile(r"(?<![\w-])(?:" + "|".join(re.escape(name) for name in longest_first) + r")(?![\w-])")
    position = next(i for i, (kind, _) in enumerate(_COMPILED) if kind == "date")
    return (*_COMPILED[:position], ("name", pattern), *_COMPILED[position:])


def _read_amount(lower: str) -> float:
    match = re.search(r"([−+-]?)\D{0,6}?(\d[\d,]*(?:\.\d+)?(?:e[−-]?\d+)?)[ ]?(thousand|million|billion|bn|mn|m|k)?(?![a-z])", lower)
    if match is None:
        word = next((w for w in re.split(r"[ -]", lower) if w in _WORD_VALUES), "")
        return _WORD_VALUES.get(word, float("nan"))
    scale = {"thousand": 1e3, "k": 1e3, "million": 1e6, "m": 1e6, "mn": 1e6, "billion": 1e9, "bn": 1e9}.get(match.group(3) or "", 1.0)
    return (-1 if match.group(1) in "−-" and match.group(1) else 1) * float(match.group(2).replace(",", "").replace("−", "-")) * scale


def _resolution(text: str) -> float:
    match = re.search(r"\d[\d,]*(?:\.(\d+))?", text)
    if match is None:
        return 0.5
    lower = text.lower()
    scale = next((s for word, s in (("billion", 1e9), ("bn", 1e9), ("million", 1e6), ("thousand", 1e3)) if word in lower), 1.0)
    if re.search(r"\d ?m\b", lower):
        scale = 1e6
    if re.search(r"\d ?k\b", lower):
        scale = 1e3
    return 0.5 * scale * 10.0 ** -len(match.group(1) or "") * (0.01 if "%" in text or "per cent" in lower or "percent" in lower else 1)


def _currency(text: str) -> str:
    for code, symbol in sorted(SYMBOLS.items(), key=lambda pair: -len(pair[1])):
        if symbol.strip() in text:
            return code
    match = re.search(r"[A-Z]{3}", text)
    words = {"pounds": "GBP", "euro": "EUR", "euros": "EUR", "dollars": "USD", "$": "USD", "¥": "JPY"}
    return match.group() if match else next((code for word, code in words.items() if word in text), "")


def _singular(unit: str) -> str:
    irregular = {
        "studies": "trial",
        "study": "trial",
        "countries": "country",
        "queries": "query",
        "people": "person",
        "opportunities": "opportunity",
        "patient": "participant",
        "patients": "participant",
    }
    return irregular.get(unit, unit[:-1] if unit.endswith("s") and unit not in ("times",) else unit)


def _read_date(text: str) -> str:
    """ISO day, month or year; the text itself for periods and times."""
    plain = text.replace("\u00a0", " ").replace(",", " ").replace(".", ".")
    months = {name[:3].lower(): i + 1 for i, name in enumerate(MONTHS)}
    if match := re.match(r"(\d{1,2})(?:st|nd|rd|th)? ([A-Za-z]+)\.?\s+(\d{4})", plain):
        return _iso(int(match.group(3)), months.get(match.group(2)[:3].lower(), 0), int(match.group(1)), text)
    if match := re.match(r"([A-Za-z]+)\.? (\d{1,2})\s+(\d{4})", plain):
        return _iso(int(match.group(3)), months.get(match.group(1)[:3].lower(), 0), int(match.group(2)), text)
    if match := re.match(r"(\d{4})-(\d{2})-(\d{2})", plain):
        return _iso(int(match.group(1)), int(match.group(2)), int(match.group(3)), text)
    if match := re.match(r"(\d{1,2})[/.](\d{1,2})[/.](\d{4})$", plain):
        return _iso(int(match.group(3)), int(match.group(2)), int(match.group(1)), text)
    if match := re.match(r"([A-Za-z]+) (\d{4})$", plain):
        return f"{match.group(2)}-{months.get(match.group(1)[:3].lower(), 0):02d}"
    return squeeze(text)


def _iso(year: int, month: int, day_of_month: int, text: str) -> str:
    try:
        return date(year, month, day_of_month).isoformat()
    except ValueError:
        return f"impossible:{squeeze(text)}"
