"""A plain CSV for a comparison, for an analyst without a portfolio: vendor, study, numerator and denominator or value, and covariates."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from quarterdeck.methods.hierarchical import Family, Floats
from quarterdeck.vendors.catalogue import load_metrics
from quarterdeck.vendors.comparison import Comparison, compare_vendors
from quarterdeck.vocabulary.errors import BadInput, NotFound

KINDS: dict[str, Family] = {"share": "binomial", "rate": "poisson", "days": "lognormal", "value": "lognormal"}
OWN = ("vendor", "study", "numerator", "denominator", "value")
MISSING = ("", "na", "nan", "null", "none")


@dataclass(frozen=True, slots=True)
class PlainRows:
    """What the file holds. `size` is None where the file has values instead of numerator and denominator."""

    vendor: list[str]
    study: list[str]
    y: Floats
    size: Floats | None
    covariates: dict[str, list[str]]
    notices: list[str]


def compare_file(
    path: Path, metric: str, kind: str | None = None, direction: str | None = None, currency_column: str = "currency"
) -> Comparison:
    """Compare the vendors of a file. A metric of the catalogue brings its kind and direction; another name needs no more than the columns.

    Without `kind`, whole numerators up to whole denominators are shares, other counts rates, values durations or amounts.
    Raises BadInput with line numbers where a value cannot be read, where a share's numerator exceeds its denominator, or where values stand in
    several currencies.
    """
    rows = read_rows(path)
    known = load_metrics().get(metric)
    notices = list(rows.notices)
    if known is None and kind is None:
        notices.append(f"{metric} is not in the catalogue: its kind was read from the columns.")
    if kind is not None and kind not in KINDS:
        raise NotFound("Unknown kind of metric", thing=kind, allowed=sorted(KINDS))
    family = (
        KINDS[kind] if kind else (known.family if known and (known.family == "lognormal") == (rows.size is None) else _infer_family(rows))
    )
    if (family == "lognormal") != (rows.size is None):
        raise BadInput(
            "The columns do not fit the kind of metric",
            thing=f"{path.name}, {metric}",
            allowed="numerator and denominator for shares and rates; value for days and amounts",
        )
    _check_counts(path, rows, family)
    _check_currency(path, rows, currency_column)
    if direction is None and known is None:
        notices.append("Lower was taken to be better; --direction higher says otherwise.")
    higher = direction == "higher" if direction else bool(known and known.higher_is_better)
    result = compare_vendors(metric, rows.vendor, rows.study, rows.y, rows.size, rows.covariates, family, higher)
    return Comparison(**{**{name: getattr(result, name) for name in Comparison.__slots__}, "notices": (*notices, *result.notices)})


def read_rows(path: Path) -> PlainRows:
    """The file's rows. Raises BadInput for a missing file or column, or a value that is no number, with its line."""
    if not path.exists():
        raise NotFound("There is no such file", thing=str(path))
    try:
        with path.open(newline="", encoding="utf-8-sig") as handle:
            reader = csv.DictReader(handle)
            header = [name.strip().lower() for name in reader.fieldnames or ()]
            records = [{key: (value or "").strip() for key, value in zip(header, row.values(), strict=False)} for row in reader]
    except UnicodeDecodeError as error:
        raise BadInput("The file is not text in UTF-8", thing=str(path), next_step="Save it as CSV UTF-8.") from error
    has_value = "value" in header and "numerator" not in header
    needed = ("vendor", "value") if has_value else ("vendor", "numerator", "denominator")
    if missing := [name for name in needed if name not in header]:
        raise BadInput(
            "Columns are missing",
            thing=f"{path.name}: {', '.join(missing)}",
            allowed="vendor, study, numerator, denominator or value, covariates",
        )
    if not records:
        raise BadInput("The file has no rows", thing=str(path))
    y = _numbers(path, records, "value" if has_value else "numerator")
    size = None if has_value else _numbers(path, records, "denominator")
    names = [name for name in header if name not in OWN and name]
    notices = [] if "study" in header else ["There is no column study: each row was taken for a trial of its own."]
    return PlainRows(
        [record["vendor"] for record in records],
        [record.get("study", "") or f"row {i}" for i, record in enumerate(records)],
        y,
        size,
        {name: [record[name] for record in records] for name in names},
        notices,
    )


def _numbers(path: Path, records: list[dict[str, str]], column: str) -> Floats:
    numbers = np.full(len(records), np.nan)
    for i, record in enumerate(records):
        text = record[column]
        if text.lower() in MISSING:
            continue
        try:
            numbers[i] = float(text)
        except ValueError as error:
            raise BadInput("This is not a number", thing=f"{path.name} line {i + 2}, {column}: {text!r}") from error
    return numbers


def _infer_family(rows: PlainRows) -> Family:
    if rows.size is None:
        return "lognormal"
    both = np.isfinite(rows.y) & np.isfinite(rows.size)
    whole = bool((rows.y[both] % 1 == 0).all() and (rows.size[both] % 1 == 0).all())
    return "binomial" if whole and bool((rows.y[both] <= rows.size[both]).all()) else "poisson"


def _check_counts(path: Path, rows: PlainRows, family: Family) -> None:
    for name, values in (("value" if rows.size is None else "numerator", rows.y), ("denominator", rows.size)):
        if values is not None and (wrong := np.flatnonzero(values < 0)).size:
            raise BadInput("A count or duration cannot be negative", thing=f"{path.name} line {wrong[0] + 2}, {name}: {values[wrong[0]]:g}")
    if family == "binomial" and rows.size is not None and (wrong := np.flatnonzero(rows.y > rows.size)).size:
        raise BadInput(
            "A share has more in its numerator than in its denominator",
            thing=f"{path.name} line {wrong[0] + 2}",
            next_step="If it is a rate, say so: --kind rate.",
        )


def _check_currency(path: Path, rows: PlainRows, column: str) -> None:
    currencies = sorted({value for value in rows.covariates.pop(column, []) if value})
    if rows.size is None and len(currencies) > 1:
        raise BadInput(
            "Amounts in several currencies cannot be compared",
            thing=f"{path.name}: {', '.join(currencies)}",
            next_step="Convert them at one stated rate first.",
        )
