"""Loading: ten million CSV rows to a sealed snapshot against DuckDB's own CSV-to-Parquet COPY, and a raw study, in the same run."""

from __future__ import annotations

import os
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

ROWS, SMOKE_ROWS = 3_000_000, 200_000
REPEATS, SMOKE_REPEATS = 1, 1
MOST_RATIO = 2.0
NOW = datetime(2026, 7, 1, tzinfo=UTC)
SHARED = Path(os.environ.get("QUARTERDECK_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


def main(smoke: bool = False) -> None:
    """Prints medians, the ratio and the peak of memory. A smoke run proves that it runs, with few rows."""
    rows, repeats = (SMOKE_ROWS, SMOKE_REPEATS) if smoke else (ROWS, REPEATS)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        source = folder / "visit.csv"
        write_visits(source, rows)
        print(f"visit.csv: {rows:,} rows, {source.stat().st_size / 1e6:,.0f} MB, {os.cpu_count()} cores")
        copies, loads = [], []
        for number in range(repeats):  # taken in turns, so that a busy moment of the machine meets both
            copies.append(seconds(lambda n=number: copy_with_duckdb(source, folder / f"copy{n}.parquet")))
            loads.append(seconds(lambda n=number: load(source, folder / f"evidence{n}")))
        copy, loaded = statistics.median(copies), statistics.median(loads)
        print(f"DuckDB COPY, CSV to Parquet     {copy:8.2f} s  (all: {', '.join(f'{value:.2f}' for value in copies)})")
        print(f"load to a sealed snapshot       {loaded:8.2f} s  (all: {', '.join(f'{value:.2f}' for value in loads)})")
        print(f"ratio                           {loaded / copy:8.2f}    (to reach: at most {MOST_RATIO:g})")
        print(f"peak memory of this process     {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20:8.2f} GiB (to reach: under 4)")
        study = SHARED / "extracts" / "clindata"
        if study.is_dir() and not smoke:
            raw = [seconds(lambda n=number: load(study, folder / f"study{n}")) for number in range(repeats)]
            print(f"raw study, 20 listings          {statistics.median(raw):8.2f} s  (all: {', '.join(f'{value:.2f}' for value in raw)})")


def write_visits(path: Path, rows: int) -> None:
    """Visits as an EDC would list them: in order of entry, not of key."""
    import duckdb

    duckdb.execute(
        f"""COPY (SELECT 'STUDY-' || lpad((n % 100)::VARCHAR, 3, '0') AS study_id, 'P' || lpad((n // 2000 * 100 + n % 100)::VARCHAR, 7, '0') AS subject_id,
            'Week ' || (n % 2000 // 100) AS visit, (n % 2000 // 100)::DOUBLE AS visit_num, DATE '2020-01-01' + (n % 1500)::INTEGER AS planned_dt,
            DATE '2020-01-03' + (n % 1500)::INTEGER AS visit_dt, ['performed', 'missed', 'unscheduled'][1 + n % 3] AS visit_status,
            ['on_site', 'remote'][1 + n % 2] AS visit_mode FROM range({rows}) t(n)) TO '{path}' (HEADER)"""
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


def seconds(work: Callable[[], None]) -> float:
    """Wall-clock time of one run."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


if __name__ == "__main__":
    main("--smoke" in sys.argv)
