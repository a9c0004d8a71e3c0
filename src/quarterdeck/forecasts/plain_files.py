"""Reads a file of sites and a case file for an analyst without a portfolio; what cannot be right is refused with its reason."""

from __future__ import annotations

import csv
import json
import math
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

from quarterdeck.vocabulary.errors import BadInput, NotFound

DELAYS = ("open_delay_after_cutoff_tri_min", "open_delay_after_cutoff_tri_mode", "open_delay_after_cutoff_tri_max")
COLUMNS = ("site_id", "country", "open_day", "close_day", "enrolled", "exposure_days", "site_cap", *DELAYS)
REQUIRED = ("site_id", "open_day", "enrolled")
ROUNDING = 1.0  # days by which an exposure may exceed the calendar


@dataclass(frozen=True, slots=True)
class PlainSite:
    """One row of the file. Days count from study start; None = not known or none."""

    site_id: str
    country: str
    open_day: float | None
    close_day: float | None
    enrolled: int
    exposure: float
    cap: int | None
    delay: tuple[float, float, float] | None


@dataclass(frozen=True, slots=True)
class PlainCase:
    """Everything a forecast from plain files needs."""

    sites: tuple[PlainSite, ...]
    target: int
    cutoff: float
    start: date | None = None
    holds: tuple[tuple[float, float], ...] = ()
    country_caps: dict[str, int] = field(default_factory=dict)
    given: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()


def read_case_file(path: Path) -> dict[str, Any]:
    """The JSON object of a case file."""
    if not path.is_file():
        raise NotFound("No such case file", thing=str(path))
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise BadInput("The case file is not JSON", thing=f"{path}: {error}") from error
    if not isinstance(found, dict):
        raise BadInput("The case file must hold one JSON object", thing=str(path))
    return found


def read_plain_case(sites: Path, target: int | None, cutoff: str | None, case: dict[str, Any], start: date | None) -> PlainCase:
    """The case from the file of sites and options; an option wins over the case file. Raises BadInput with line and reason."""
    rows = _read_rows(sites)
    n_target = _whole(target if target is not None else case.get("n_target"), "target (--target, or n_target in the case)")
    if n_target <= 0:
        raise BadInput("The target must be at least 1 participant", thing=str(n_target))
    given_cutoff = cutoff if cutoff is not None else case.get("cutoff_day")
    if given_cutoff is None:
        raise BadInput("There is no cut-off", next_step="Give --cutoff as a day number or a date, or cutoff_day in the case.")
    cutoff_date, cutoff_day = _read_cutoff(str(given_cutoff))
    dated = any(_is_date(row["open_day"]) for _, row in rows)
    origin = start or _origin_of(rows, dated, cutoff_date)
    if cutoff_date is not None:
        if origin is None:
            raise BadInput(
                "A date as cut-off needs dates in open_day, or the study start",
                thing=str(cutoff_date),
                next_step="Add --start YYYY-MM-DD (day 0).",
            )
        cutoff_day = float((cutoff_date - origin).days)
    assert cutoff_day is not None
    holds = _read_holds(case.get("trial_pauses") or [])
    found = tuple(_read_site(line, row, cutoff_day, holds, origin, sites) for line, row in rows)
    _check_together(found, cutoff_day)
    caps = {str(c): _whole(v, f"country cap of {c}") for c, v in (case.get("country_caps") or {}).items()}
    return PlainCase(found, n_target, cutoff_day, origin if dated or cutoff_date or start else None, holds, caps, _given(case))


def _read_rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    if not path.is_file():
        raise NotFound("No such file of sites", thing=str(path))
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            rows = [(i, {k: (v or "").strip() for k, v in row.items() if isinstance(k, str)}) for i, row in enumerate(reader, 2)]
            missing = [name for name in REQUIRED if name not in (reader.fieldnames or ())]
    except UnicodeDecodeError as error:
        raise BadInput("The file of sites is not UTF-8 text", thing=str(path)) from error
    if missing:
        raise BadInput("Columns are missing", thing=f"{', '.join(missing)} in {path}", allowed=COLUMNS)
    if not rows:
        raise BadInput("The file of sites has no rows", thing=str(path))
    return rows


def _read_site(
    line: int, row: dict[str, str], cutoff: float, holds: tuple[tuple[float, float], ...], origin: date | None, path: Path
) -> PlainSite:
    where = f"{path.name} line {line}, site {row['site_id'] or '(no name)'}"
    opened = _day(row["open_day"], "open_day", where, origin)
    closed = _day(row.get("close_day", ""), "close_day", where, origin)
    enrolled = _whole(_number(row["enrolled"] or "0", "enrolled", where), f"enrolled in {where}")
    if enrolled < 0:
        raise BadInput("A number of participants is negative", thing=f"enrolled = {enrolled} in {where}")
    if opened is not None and closed is not None and closed < opened:
        raise BadInput("The site closed before it opened", thing=f"{where}: open_day {opened:g}, close_day {closed:g}")
    written = row.get("exposure_days", "")
    computed = _open_days(opened, closed, cutoff, holds)
    exposure = _number(written, "exposure_days", where) if written else computed
    if exposure < 0:
        raise BadInput("Exposure is negative", thing=f"exposure_days = {exposure:g} in {where}")
    if opened is not None and exposure > max(0.0, min(cutoff, closed if closed is not None else cutoff) - opened) + ROUNDING:
        raise BadInput(
            "Exposure is longer than the site can have been open by the cut-off",
            thing=f"{where}: exposure_days {exposure:g}, open_day {opened:g}, cut-off {cutoff:g}",
            next_step="Check the cut-off and the opening; the cut-off may lie before the data.",
        )
    if enrolled and exposure <= 0:
        before = opened is not None and opened > cutoff
        raise BadInput(
            "The cut-off lies before the data: participants at a site that is not open yet" if before else "Participants without open time",
            thing=f"{where}: enrolled {enrolled}, exposure 0",
        )
    cap = _whole(_number(row["site_cap"], "site_cap", where), f"site_cap in {where}") if row.get("site_cap") else None
    if cap is not None and enrolled > cap:
        raise BadInput("More participants than the cap allows", thing=f"{where}: enrolled {enrolled}, site_cap {cap}")
    return PlainSite(row["site_id"], row.get("country", ""), opened, closed, enrolled, exposure, cap, _read_delay(row, where))


def _read_delay(row: dict[str, str], where: str) -> tuple[float, float, float] | None:
    texts = [row.get(name, "") for name in DELAYS]
    if not any(texts):
        return None
    low, mode, high = (_number(text, name, where) for text, name in zip(texts, DELAYS, strict=True))
    if not 0 <= low <= mode <= high:
        raise BadInput("An opening delay needs 0 <= least <= most likely <= greatest", thing=f"{where}: {low:g}, {mode:g}, {high:g}")
    return low, mode, high


def _check_together(sites: tuple[PlainSite, ...], cutoff: float) -> None:
    names = [site.site_id for site in sites]
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise BadInput("A site occurs twice", thing=", ".join(repeated[:5]))
    if cutoff < 0:
        raise BadInput("The cut-off lies before the data (before day 0, the study start)", thing=f"cut-off {cutoff:g}")


def _open_days(opened: float | None, closed: float | None, cutoff: float, holds: tuple[tuple[float, float], ...]) -> float:
    if opened is None:
        return 0.0
    end = min(cutoff, closed if closed is not None else cutoff)
    lost = sum(max(0.0, min(end, b) - max(opened, a)) for a, b in holds)
    return max(0.0, end - opened - lost)


def _read_holds(given: object) -> tuple[tuple[float, float], ...]:
    if not isinstance(given, list):
        raise BadInput("trial_pauses must be a list of [start_day, end_day]", thing=str(given))
    holds = []
    for pair in given:
        if not isinstance(pair, list) or len(pair) != 2 or not all(isinstance(x, int | float) for x in pair) or pair[1] < pair[0]:
            raise BadInput("A pause needs [start_day, end_day] in rising order", thing=str(pair))
        holds.append((float(pair[0]), float(pair[1])))
    merged: list[tuple[float, float]] = []
    for first, last in sorted(holds):  # overlapping pauses are one pause
        if merged and first <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(last, merged[-1][1]))
        else:
            merged.append((first, last))
    return tuple(merged)


def _given(case: dict[str, Any]) -> tuple[float, float] | None:
    given = case.get("given_parameters")
    if given is None:
        return None
    if not isinstance(given, dict) or set(given) != {"alpha", "beta"}:
        raise BadInput("given_parameters needs alpha and beta", thing=str(given))
    return float(given["alpha"]), float(given["beta"])


def _read_cutoff(text: str) -> tuple[date | None, float | None]:
    if _is_date(text):
        return date.fromisoformat(text), None
    try:
        value = float(text)
    except ValueError as error:
        raise BadInput("The cut-off cannot be read", thing=repr(text), allowed="a day number, or a date as YYYY-MM-DD") from error
    if not math.isfinite(value):
        raise BadInput("The cut-off must be finite", thing=text)
    return None, value


def _origin_of(rows: list[tuple[int, dict[str, str]]], dated: bool, cutoff: date | None) -> date | None:
    if not dated:
        return None
    days = [date.fromisoformat(row["open_day"]) for _, row in rows if _is_date(row["open_day"])]
    first = min(days)
    if cutoff is not None and cutoff < first and any(row["enrolled"] not in ("", "0") for _, row in rows):
        raise BadInput("The cut-off lies before the data", thing=f"cut-off {cutoff}, first opening {first}")
    return min(first, cutoff) if cutoff else first


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return "-" in text


def _day(text: str, column: str, where: str, origin: date | None) -> float | None:
    if not text:
        return None
    if _is_date(text):
        assert origin is not None
        return float((date.fromisoformat(text) - origin).days)
    return _number(text, column, where)


def _number(text: str, column: str, where: str) -> float:
    try:
        value = float(text)
    except ValueError as error:
        raise BadInput("Not a number", thing=f"{column} = {text!r} in {where}") from error
    if not math.isfinite(value):
        raise BadInput("Not a finite number", thing=f"{column} = {text!r} in {where}")
    return value


def _whole(value: object, what: str) -> int:
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        raise BadInput("A whole number is needed", thing=f"{what}: {value!r}")
    return int(value)
