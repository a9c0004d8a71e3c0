"""Finds calendar dates in regulators' prose, American, British and ISO, with ranges and lists of days kept together as one mention."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

MONTHS = {
    name: number
    for number, names in enumerate(
        (
            ("january", "jan"),
            ("february", "feb"),
            ("march", "mar"),
            ("april", "apr"),
            ("may",),
            ("june", "jun"),
            ("july", "jul"),
            ("august", "aug"),
            ("september", "sept", "sep"),
            ("october", "oct"),
            ("november", "nov"),
            ("december", "dec"),
        ),
        start=1,
    )
    for name in names
}
_MONTH = r"(?:" + "|".join(sorted(MONTHS, key=len, reverse=True)) + r")\b\.?"
_WEEKDAY = r"(?:(?:Mon|Tues|Wednes|Thurs|Fri|Satur|Sun)day|Mon|Tue|Wed|Thu|Fri|Sat|Sun)\b\.?,?\s+"
_DAY = r"\d{1,2}(?:st|nd|rd|th)?"
_JOIN = r"\s*(?:-|–|—|\bthrough\b|\bto\b|\band\b|&|,\s*and\b|,)\s*"
_FLAGS = re.IGNORECASE

# Month first: "May 16, 2016", "May 9-11, 2016", "June 2 and 3, 2016", "June 15" (the year follows later).
_AMERICAN = re.compile(
    rf"(?:{_WEEKDAY})?(?P<month>{_MONTH})\s+(?P<days>{_DAY}(?:{_JOIN}(?:{_WEEKDAY})?{_DAY}(?![\d:]|\s*[ap]\.?m))*)(?:\s*,?\s+(?P<year>(?:19|20)\d\d)\b)?",
    _FLAGS,
)
# Day first: "28th April 2025", "4 and 5 May 2026", "3 May".
_BRITISH = re.compile(
    rf"(?:{_WEEKDAY})?(?:the\s+)?(?P<days>{_DAY}(?:{_JOIN}{_DAY})*)\s+(?:day of\s+)?(?P<month>{_MONTH})(?:,?\s+(?P<year>(?:19|20)\d\d)\b)?",
    _FLAGS,
)
_ISO = re.compile(r"(?<![\d-])(?P<y>(?:19|20)\d\d)-(?P<m>\d\d)-(?P<d>\d\d)(?![\d-])")
_SLASHES = re.compile(r"(?<![\d/])(?P<a>\d{1,2})/(?P<b>\d{1,2})/(?P<y>(?:19|20)?\d\d)(?![\d/])")


@dataclass(frozen=True, slots=True)
class Mention:
    """A date or a run of days as it stands in the text. `has_year` is False where the year was taken from a later date."""

    start: int
    end: int
    first: date
    last: date | None
    has_weekday: bool
    has_year: bool


def find_mentions(text: str, day_first: bool = False) -> list[Mention]:
    """All dates of a text in order. A date without a year takes the year of the next one within 60 characters, else it is left out.

    `day_first` decides how 5/4/2026 is read; a number above 12 decides by itself.
    """
    found = [*_slashes(text, day_first), *_iso(text)]
    for pattern in (_AMERICAN, _BRITISH):
        found += [parsed for match in pattern.finditer(text) if (parsed := _written(match, text)) is not None]
    found.sort(key=lambda mention: (mention[0], -mention[1]))
    kept: list[tuple[int, int, int | None, int, list[int], bool]] = []
    for candidate in found:
        if not kept or candidate[0] >= kept[-1][1]:
            kept.append(candidate)
        elif candidate[2] is not None and kept[-1][2] is None:  # "4 May 2026" over "May 20"
            kept[-1] = candidate
    mentions: list[Mention] = []
    year_after: tuple[int, int] | None = None  # (position, year)
    for start, end, year, month, days, weekday in reversed(kept):
        used = year if year is not None else year_after[1] if year_after and year_after[0] - end <= 60 else None
        if used is None:
            continue
        year_after = (start, used)
        if mention := _build(start, end, used, month, days, weekday, year is not None):
            mentions.append(mention)
    return mentions[::-1]


def _build(start: int, end: int, year: int, month: int, days: list[int], weekday: bool, has_year: bool) -> Mention | None:
    try:
        first = date(year, month, days[0])
        last = date(year, month, days[-1]) if len(days) > 1 else None
    except ValueError:
        return None
    return Mention(start, end, first, last if last and last > first else None, weekday, has_year)


def _written(match: re.Match[str], text: str) -> tuple[int, int, int | None, int, list[int], bool] | None:
    month_word = match["month"].rstrip(".")
    if month_word.lower() in ("may", "march", "mar", "sep", "dec", "jan") and not month_word[0].isupper():
        return None
    days = [int(day) for day in re.findall(r"\d{1,2}", match["days"])]
    if not all(1 <= day <= 31 for day in days):
        return None
    year = int(match["year"]) if match["year"] else None
    weekday = bool(re.match(_WEEKDAY, match[0], _FLAGS))
    # "CFR 63 May 2016" or "section 5 March" without a year is too weak to be a date.
    if (
        year is None
        and match.re is _BRITISH
        and not weekday
        and re.search(r"(?:section|part|no\.?|rule|article)\s*$", text[: match.start()], _FLAGS)
    ):
        return None
    return match.start(), match.end(), year, MONTHS[month_word.lower()], days, weekday


def _iso(text: str) -> list[tuple[int, int, int | None, int, list[int], bool]]:
    return [(m.start(), m.end(), int(m["y"]), int(m["m"]), [int(m["d"])], False) for m in _ISO.finditer(text) if 1 <= int(m["m"]) <= 12]


def _slashes(text: str, day_first: bool) -> list[tuple[int, int, int | None, int, list[int], bool]]:
    found: list[tuple[int, int, int | None, int, list[int], bool]] = []
    for m in _SLASHES.finditer(text):
        a, b, year = int(m["a"]), int(m["b"]), int(m["y"])
        month, day = (b, a) if (day_first and b <= 12) or a > 12 else (a, b)
        if 1 <= month <= 12:
            found.append((m.start(), m.end(), year + 2000 if year < 100 else year, month, [day], False))
    return found
