"""Back-test of the enrolment method on a file of monthly counts by site: reads it, forecasts at rolling origins, scores."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from quarterdeck.methods.enrolment_backtest import MonthlyRecord, rolling_forecasts
from quarterdeck.methods.monte_carlo import QUANTILES
from quarterdeck.methods.scoring import coverage, median_ratio, pinball_loss
from quarterdeck.vocabulary.errors import BadInput, NotFound

HORIZONS = (3, 6, 12)
FIRST_ORIGIN, ORIGIN_STEP = 24, 3
LEAST_PARTICIPANTS = 100  # a trial with fewer in the whole file is not asked for
COLUMNS = ("country", "origin", "h", "q05", "q10", "q25", "q50", "q75", "q90", "q95")


@dataclass(frozen=True, slots=True)
class BacktestResult:
    """`rows` under COLUMNS, the actual counts beside them, and scores by horizon."""

    rows: list[tuple[str | int | float, ...]]
    actual: list[int]
    scores: dict[int, dict[str, float]]


def read_record(path: Path) -> MonthlyRecord:
    """The record of a file with site_id, country, month and n. A site's name counts within its country."""
    if not path.is_file():
        raise NotFound("No such file of monthly counts", thing=str(path))
    with path.open(newline="", encoding="utf-8-sig") as file:
        reader = csv.DictReader(file)
        missing = [c for c in ("site_id", "country", "month", "n") if c not in (reader.fieldnames or ())]
        if missing:
            raise BadInput("Columns are missing", thing=f"{', '.join(missing)} in {path}", allowed="site_id, country, month, n")
        rows = [_read_row(path, line, row) for line, row in enumerate(reader, 2)]
    if not rows:
        raise BadInput("The file has no counts", thing=str(path))
    return _assemble(rows)


def run_backtest(record: MonthlyRecord, months: int | None, seed: int, replicates: int) -> BacktestResult:
    """Forecasts for every trial, origin and horizon that the rule asks for, and their scores."""
    end = months or record.counts.shape[1]
    origins = list(range(FIRST_ORIGIN, end - min(HORIZONS) + 1, ORIGIN_STEP))
    if not origins:
        raise BadInput("The record is too short for a back-test", thing=f"{end} months", next_step="It needs at least 27.")
    enough = [record.counts[record.trial == t].sum() >= LEAST_PARTICIPANTS for t in range(len(record.names))]
    rows: list[tuple[str | int | float, ...]] = []
    actual: list[int] = []
    for (trial, origin, horizon), q in sorted(rolling_forecasts(record, origins, HORIZONS, seed, replicates).items()):
        if enough[trial] and origin + horizon <= end:
            rows.append((record.names[trial], origin, horizon, *np.round(q, 3).tolist()))
            actual.append(int(record.counts[record.trial == trial, origin : origin + horizon].sum()))
    return BacktestResult(rows, actual, {h: _score(rows, actual, h) for h in HORIZONS if any(r[2] == h for r in rows)})


def write_forecasts(path: Path, result: BacktestResult) -> None:
    """The forecasts as CSV."""
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(COLUMNS)
        writer.writerows(result.rows)


def _score(rows: list[tuple[str | int | float, ...]], actual: list[int], horizon: int) -> dict[str, float]:
    mine = [i for i, row in enumerate(rows) if row[2] == horizon]
    q = np.array([rows[i][3:] for i in mine], dtype=float)
    y = np.array([actual[i] for i in mine], dtype=float)
    used = [0, 2, 3, 4, 6]
    losses = np.mean([pinball_loss(q[:, j], y, QUANTILES[j]) for j in used], axis=0)
    ratio = q[:, 3] / np.maximum(y, 1)
    return {
        "n": len(mine),
        "cov50": coverage(q[:, 2], q[:, 4], y),
        "cov80": coverage(q[:, 1], q[:, 5], y),
        "cov90": coverage(q[:, 0], q[:, 6], y),
        "median_ratio": median_ratio(q[:, 3], y),
        "MdAPE": float(np.median(np.abs(ratio - 1))),
        "rel_pinball5": float(losses.sum() / y.sum()),
    }


def _read_row(path: Path, line: int, row: dict[str, str]) -> tuple[str, str, int, int]:
    try:
        month, n = int(row["month"]), int(row["n"])
    except (ValueError, TypeError) as error:
        raise BadInput("Month and n must be whole numbers", thing=f"{path.name} line {line}: {row}") from error
    if month < 0 or n < 0:
        raise BadInput("Month and n must not be negative", thing=f"{path.name} line {line}: month {month}, n {n}")
    return row["country"], row["site_id"], month, n


def _assemble(rows: list[tuple[str, str, int, int]]) -> MonthlyRecord:
    names = sorted({row[0] for row in rows})
    sites = sorted({row[:2] for row in rows})
    where = {site: i for i, site in enumerate(sites)}
    counts = np.zeros((len(sites), 1 + max(row[2] for row in rows)))
    for country, site, month, n in rows:
        counts[where[country, site], month] += n
    return MonthlyRecord.build(names, np.array([names.index(country) for country, _ in sites]), counts)
