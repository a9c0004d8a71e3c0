"""Plain files of counts: read, assess, and hand back cells; whatever is wrong with a row becomes a reason, not a crash."""

from __future__ import annotations

import csv
import gzip
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from math import isfinite
from pathlib import Path

import numpy as np

from quarterdeck.risks.cells import Cell, Count, Rule, assess_counts, assess_cumulative, control_noise
from quarterdeck.vocabulary.errors import BadInput, NotFound

COUNT_COLUMNS = ("GroupID", "Numerator", "Denominator")
OPTIONAL_COLUMNS = ("StudyID", "SnapshotDate", "MetricID")
CUMULATIVE_COLUMNS = ("study", "site", "patient", "visit", "count")
Row = dict[str, str]


def assess_count_file(path: Path, kind: str, mode: str, rule: Rule = Rule()) -> list[Cell]:
    """Cells of a file with columns GroupID, Numerator, Denominator and optionally StudyID, SnapshotDate, MetricID."""
    families: dict[tuple[str, date | None, str], list[Count]] = {}
    for line, row in enumerate(_read(path, COUNT_COLUMNS, OPTIONAL_COLUMNS), start=2):
        key = (row.get("StudyID", ""), _read_date(row.get("SnapshotDate", ""), f"{path.name} line {line}"), row.get("MetricID", ""))
        families.setdefault(key, []).append(_read_count(row))
    cells: list[Cell] = []
    for (study, taken, indicator), counts in families.items():
        found = assess_counts(counts, kind, mode, rule)
        cells += [_placed(cell, study, taken, indicator) for cell in found]
    return control_noise(cells)


def assess_cumulative_file(path: Path, mode: str, rule: Rule = Rule()) -> list[Cell]:
    """Cells of a file with columns site, patient, visit, count (cumulative) and optionally study, SnapshotDate.

    Mode `gsm` judges events per visit reached, as the reference's funnel would.
    """
    families: dict[tuple[str, date | None], list[Row]] = {}
    for line, row in enumerate(_read(path, CUMULATIVE_COLUMNS[1:], ("study", "SnapshotDate")), start=2):
        key = (row.get("study", ""), _read_date(row.get("SnapshotDate", ""), f"{path.name} line {line}"))
        families.setdefault(key, []).append(row)
    cells: list[Cell] = []
    for (study, taken), rows in families.items():
        cells += [_placed(cell, study, taken, "") for cell in _assess_patients(rows, mode, rule)]
    return control_noise(cells)


def _placed(cell: Cell, study: str, taken: date | None, indicator: str) -> Cell:
    return replace(cell, study=study, snapshot_date=taken, indicator=indicator)


def _assess_patients(rows: Sequence[Row], mode: str, rule: Rule) -> list[Cell]:
    problems: dict[str, str] = {}
    good: list[tuple[str, str, float, float]] = []
    for row in rows:
        problem, visit, count = _read_visit(row)
        if problem:
            problems.setdefault(row["site"], problem)
        else:
            good.append((row["site"], row["patient"], visit, count))
    groups = list(dict.fromkeys(entry[0] for entry in good))
    cells: list[Cell] = []
    if good:
        numbers, people, visits, totals = _number(groups, good)
        if mode == "gsm":
            cells = _assess_per_visit(groups, numbers, people, visits, totals, rule)
        else:
            cells = assess_cumulative(groups, numbers, people, visits, totals, rule)
    return cells + [Cell(group, not_assessed_reason=why) for group, why in problems.items() if group not in groups]


def _number(groups: Sequence[str], rows: Sequence[tuple[str, str, float, float]]) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    numbers = {group: i for i, group in enumerate(groups)}
    people: dict[tuple[str, str], int] = {}
    site = np.array([numbers[row[0]] for row in rows])
    patient = np.array([people.setdefault((row[0], row[1]), len(people)) for row in rows])
    visit = np.unique(np.array([row[2] for row in rows]), return_inverse=True)[1]
    count = np.array([row[3] for row in rows])
    # A patient's visit given twice counts once, with the larger count; a cumulative count never falls.
    order = np.lexsort((count, visit, patient))
    site, patient, visit, count = site[order], patient[order], visit[order], count[order]
    last = np.r_[(patient[1:] != patient[:-1]) | (visit[1:] != visit[:-1]), True]
    site, patient, visit, count = site[last], patient[last], visit[last], count[last]
    starts = np.flatnonzero(np.r_[True, patient[1:] != patient[:-1]])
    for first, end in zip(starts, np.r_[starts[1:], len(patient)], strict=True):
        count[first:end] = np.maximum.accumulate(count[first:end])
    return site, patient, visit, count


def _assess_per_visit(
    groups: Sequence[str], site: np.ndarray, patient: np.ndarray, visit: np.ndarray, count: np.ndarray, rule: Rule
) -> list[Cell]:
    last = np.r_[patient[1:] != patient[:-1], True]
    events = np.bincount(site[last], count[last], len(groups))
    visits = np.bincount(site[last], visit[last] + 1, len(groups))
    return assess_counts([Count(g, float(e), float(v)) for g, e, v in zip(groups, events, visits, strict=True)], "rate", "gsm", rule)


def _read_visit(row: Row) -> tuple[str, float, float]:
    visit, count = _read_number(row["visit"]), _read_number(row["count"])
    if not row["site"] or not row["patient"] or visit is None or count is None:
        return "not collected", 0, 0
    if isinstance(visit, str) or isinstance(count, str):
        return f"not a number: {visit if isinstance(visit, str) else count}", 0, 0
    if count < 0 or not isfinite(count) or not isfinite(visit):
        return "a count is below 0 or not a usable number", 0, 0
    return "", visit, count


def _read_count(row: Row) -> Count:
    values = {name: _read_number(row[name]) for name in ("Numerator", "Denominator")}
    for name, value in values.items():
        if isinstance(value, str):
            return Count(row["GroupID"], None, None, f"the {name.lower()} is not a number: {value}")
    x, n = values["Numerator"], values["Denominator"]
    return Count(row["GroupID"], None if isinstance(x, str) else x, None if isinstance(n, str) else n)


def _read_number(text: str) -> float | str | None:
    if text.strip().upper() in ("", "NA", "NULL", "."):
        return None
    try:
        return float(text)
    except ValueError:
        return text


def _read_date(text: str, where: str) -> date | None:
    if not text.strip():
        return None
    try:
        return datetime.fromisoformat(text.strip()).date()
    except ValueError as error:
        raise BadInput("The snapshot date cannot be read", thing=f"{where}: {text!r}", allowed="YYYY-MM-DD") from error


def _read(path: Path, needed: Iterable[str], optional: Iterable[str]) -> list[Row]:
    if not path.is_file():
        raise NotFound("There is no such file", thing=str(path))
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rt", encoding="utf-8-sig", newline="") as stream:
            reader = csv.DictReader(stream)
            names = _match(path, reader.fieldnames or [], tuple(needed), tuple(optional))
            return [{name: (row.get(column) or "").strip() for name, column in names.items()} for row in reader]
    except (UnicodeDecodeError, csv.Error, OSError) as error:
        raise BadInput("The file cannot be read as CSV", thing=f"{path}: {error}", allowed="comma-separated text in UTF-8") from error


def _match(path: Path, header: Sequence[str], needed: tuple[str, ...], optional: tuple[str, ...]) -> Mapping[str, str]:
    there = {column.strip().lower(): column for column in header}
    if missing := [name for name in needed if name.lower() not in there]:
        raise BadInput(
            "The file lacks columns", thing=f"{path}: {', '.join(missing)}", allowed=f"{', '.join(needed)}; also {', '.join(optional)}"
        )
    return {name: there[name.lower()] for name in (*needed, *optional) if name.lower() in there}
