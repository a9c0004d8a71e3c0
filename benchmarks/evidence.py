"""Loading: ten million CSV rows to a sealed snapshot against DuckDB's own CSV-to-Parquet COPY, and a raw study, in the same run."""

from __future__ import annotations

import os
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROWS, SMOKE_ROWS = 10_000_000, 200_000
REPEATS, SMOKE_REPEATS = 3, 1
MOST_RATIO = 2.0
NOW = datetime(2026, 7, 1, tzinfo=UTC)
SHARED = Path(os.environ.get("QUARTERDECK_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
ORDERS = {"in order of key, as listings come": "1, 2, 3", "in order of entry, keys at random": "hash(n)"}


def main(smoke: bool = False) -> None:
    """Prints medians, the ratio and the peak of memory. A smoke run proves that it runs, with few rows."""
    rows, repeats = (SMOKE_ROWS, SMOKE_REPEATS) if smoke else (ROWS, REPEATS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for label, order in ORDERS.items():
            source = folder / "visit.csv"
            write_visits(source, rows, order)
            print(f"visit.csv {label}: {rows:,} rows, {source.stat().st_size / 1e6:,.0f} MB, {os.cpu_count()} cores")
            compare(source, folder, repeats)
        print(f"peak memory of this process      {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:8.2f} GiB (to reach: under 4)")
        study = SHARED / "extracts" / "clindata"
        if study.is_dir() and not smoke:
            raw = [seconds(lambda n=number: load(study, folder / f"study{n}")) for number in range(repeats)]
            print(f"raw study, 20 listings           {show(raw)}")


def compare(source: Path, folder: Path, repeats: int) -> None:
    """Both ways in turns, so that a busy moment of the machine meets both."""
    copies: list[tuple[float, float]] = []
    loads: list[tuple[float, float]] = []
    for _ in range(repeats):
        copies.append(seconds(lambda: copy_with_duckdb(source, folder / "copy.parquet")))
        loads.append(seconds(lambda: load(source, folder / "evidence")))
        shutil.rmtree(folder / "evidence")
    print(f"  DuckDB COPY, CSV to Parquet    {show(copies)}")
    print(f"  load to a sealed snapshot      {show(loads)}")
    wall, cpu = (statistics.median(run[i] for run in loads) / statistics.median(run[i] for run in copies) for i in (0, 1))
    print(f"  ratio                          {wall:8.2f}   of wall time (to reach: at most {MOST_RATIO:g}), {cpu:.2f} of processor time")


def show(runs: list[tuple[float, float]]) -> str:
    """Median seconds of wall and processor time, and all of them."""
    wall, cpu = (statistics.median(run[i] for run in runs) for i in (0, 1))
    return f"{wall:8.2f} s (processor {cpu:.2f} s; all: {', '.join(f'{run[0]:.2f}' for run in runs)})"


def write_visits(path: Path, rows: int, order: str) -> None:
    """Visits as an EDC would list them."""
    import duckdb

    duckdb.execute(
        f"""COPY (SELECT 'STUDY-' || lpad((n // 20 % 100)::VARCHAR, 3, '0') AS study_id, 'P' || lpad((n // 2000 * 100 + n // 20 % 100)::VARCHAR, 7, '0') AS subject_id,
            'Week ' || lpad((n % 20)::VARCHAR, 2, '0') AS visit, (n % 20)::DOUBLE AS visit_num, DATE '2020-01-01' + (n % 1500)::INTEGER AS planned_dt,
            DATE '2020-01-03' + (n % 1500)::INTEGER AS visit_dt, ['performed', 'missed', 'unscheduled'][1 + n % 3] AS visit_status,
            ['on_site', 'remote'][1 + n % 2] AS visit_mode FROM range({rows}) t(n) ORDER BY {order}) TO '{path}' (HEADER)"""
    )


def copy_with_duckdb(source: Path, target: Path) -> None:
    """The alternative: types known, nothing checked, nothing sorted, no lineage."""
    import duckdb

    with duckdb.connect() as connection:
        connection.execute(f"COPY (SELECT * FROM read_csv('{source}')) TO '{target}' (FORMAT parquet)")


def load(source: Path, directory: Path) -> None:
    """Ours: checked, sorted by key, with lineage, hashed and sealed."""
    from quarterdeck.connectors.load import load_paths
    from quarterdeck.evidence.store import Store

    result = load_paths(Store(directory), [source], NOW)
    assert result.snapshot, "nothing was loaded"


def seconds(work: Callable[[], None]) -> tuple[float, float]:
    """Wall-clock and processor time of one run."""
    start, used = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - start, time.process_time() - used


if __name__ == "__main__":
    main("--smoke" in sys.argv)
