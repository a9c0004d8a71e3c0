"""How fast measures are: five of them on 20 million event rows against hand-written SQL, and raw listings to all readings.

Run `python benchmarks/measures.py` (or with --smoke for a hundredth of the rows). Both sides run in the same process on the
same sealed parts, in turn, from a cold measure cache; medians of the repetitions are compared. What counts as "the same
question" is the count or the median per site. The measure's side also fits intervals and builds one reading per site.
Source verification is asked about twice, the second time with sites where no page must be verified or none says whether it must:
such a site has no row in the hand-written answer, and a reading that says why it has no value. A hand-written answer that tells
as much is compared, too.
The SQL of a measure is compiled once per process, whatever the snapshot and the day, so that falls into the warm-up; what it
takes is stated beside. Processor time is given too: on a busy machine it says more than the clock.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import duckdb

from quarterdeck.evidence.contracts import LINEAGE_TYPES, get_contract
from quarterdeck.evidence.manifest import SnapshotInfo
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.evidence.store import Store

CUT = date(2026, 6, 30)
TRIALS, SITES, SUBJECTS = 100, 40, 50  # sites per trial, participants per site
ROWS = {"visit": 6_000_000, "data_page": 8_000_000, "query": 6_000_000}
SILENT = 5  # percent of sites, in the second question about source verification: nothing must be verified there, or it is not said
SHARED = Path(os.environ.get("QUARTERDECK_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))

WHO = "'S' || lpad((i // {per} // 2000)::VARCHAR, 3, '0') AS study_id, lpad((i // {per} % 2000)::VARCHAR, 5, '0') AS subject_id"
DRAW = {
    "visit": """
        SELECT {who}, lpad((i % {per})::VARCHAR, 4, '0') AS visit, DATE '2024-01-01' + (i * 7919 % 900)::INTEGER AS planned_dt,
               planned_dt + 7 AS window_end_dt, CASE WHEN i % 17 = 0 THEN NULL ELSE planned_dt + (i * 104729 % 9)::INTEGER END AS visit_dt,
               CASE WHEN i % 17 = 0 THEN 'missed' ELSE 'performed' END AS visit_status""",
    "data_page": """
        SELECT {who}, lpad((i % {per} // 10)::VARCHAR, 4, '0') AS visit, 'F' || (i % 10) AS form,
               DATE '2024-01-01' + (i * 7919 % 900)::INTEGER AS visit_date, (i * 104729 % 41)::BIGINT AS data_entry_lag,
               visit_date::TIMESTAMP + to_days((i * 104729 % 41)::INTEGER) AS first_entered_ts, {required} AS sdv_required,
               CASE WHEN i % 5 > 0 THEN first_entered_ts + INTERVAL 20 DAY END AS sdv_done_ts""",
    "query": """
        SELECT 'Q' || lpad(i::VARCHAR, 9, '0') AS query_id, {who}, DATE '2024-01-01'::TIMESTAMP + to_hours((i * 7919 % 20000)::INTEGER) AS opened_ts,
               CASE WHEN i % 11 > 0 THEN opened_ts + to_hours((i * 104729 % 700)::INTEGER) END AS closed_ts,
               CASE WHEN i % 11 > 0 THEN 'Closed' ELSE 'Open' END AS querystatus""",
}
# Silent sites are scattered over all trials; every other one does not say whether pages must be verified.
PLACE = f"(i // {{per}} // {SUBJECTS})"
REQUIRED = {
    0: "i % 3 = 0",
    SILENT: f"CASE WHEN {PLACE} * 7919 % 1009 >= {1009 * SILENT // 100} THEN i % 3 = 0 WHEN {PLACE} % 2 = 0 THEN FALSE END",
}
SITE = "LEFT JOIN subject s USING (study_id, subject_id)"
BY_HAND = {
    "data_entry_lag": f"""
        SELECT study_id, site_id, count(*), median(data_entry_lag) FROM data_page {SITE}
        WHERE data_entry_lag IS NOT NULL AND first_entered_ts::DATE <= DATE '2026-06-30' GROUP BY ALL""",
    "sdv_backlog": f"""
        SELECT study_id, site_id, count(*), count(*) FILTER (WHERE sdv_done_ts IS NULL OR sdv_done_ts >= TIMESTAMP '2026-07-01') FROM data_page {SITE}
        WHERE sdv_required AND first_entered_ts::DATE <= DATE '2026-06-30' GROUP BY ALL""",
    "missed_visits": f"""
        SELECT study_id, site_id, count(*), count(*) FILTER (WHERE visit_status IN ('missed', 'out_of_window') OR visit_dt IS NULL
               OR visit_dt > window_end_dt OR visit_dt < window_start_dt) FROM visit {SITE}
        WHERE coalesce(visit_status, '') <> 'unscheduled' AND (coalesce(window_end_dt, planned_dt) < DATE '2026-06-30' OR visit_dt <= DATE '2026-06-30')
        GROUP BY ALL""",
    "protocol_deviations_per_100_visits": f"""
        WITH v AS (SELECT study_id, site_id, count(*) AS n FROM visit {SITE}
                   WHERE visit_dt <= DATE '2026-06-30' AND coalesce(visit_status, '') <> 'missed' GROUP BY ALL),
             d AS (SELECT study_id, site_id, count(*) AS n FROM protocol_deviation GROUP BY ALL)
        SELECT v.study_id, v.site_id, v.n, coalesce(d.n, 0) FROM v LEFT JOIN d USING (study_id, site_id)""",
    "query_cycle_time": f"""
        WITH t AS (SELECT study_id, site_id, coalesce(date_diff('day', opened_ts, closed_ts), date_diff('day', opened_ts::DATE, DATE '2026-06-30')) AS days,
                          count(*) FILTER (WHERE closed_ts IS NOT NULL) AS events, count(*) AS n
                   FROM query {SITE} WHERE opened_ts < TIMESTAMP '2026-07-01' AND coalesce(querystatus, '') <> 'Cancelled' GROUP BY ALL),
             r AS (SELECT *, sum(n) OVER (PARTITION BY study_id, site_id ORDER BY days DESC) AS at_risk FROM t),
             k AS (SELECT *, exp(sum(ln(greatest(1 - events / at_risk, 1e-12))) OVER (PARTITION BY study_id, site_id ORDER BY days)) AS surviving FROM r)
        SELECT study_id, site_id, sum(n), min(days) FILTER (WHERE surviving <= 0.5 + 1e-9) FROM k GROUP BY ALL""",
}

# The hand-written answer that also tells sites where nothing is due from sites that do not say what must be verified.
WITH_REASONS = {
    "sdv_backlog": f"""
        WITH p AS (SELECT study_id, site_id, sdv_required, sdv_required AND first_entered_ts::DATE <= DATE '2026-06-30' AS due,
                          sdv_done_ts IS NULL OR sdv_done_ts >= TIMESTAMP '2026-07-01' AS open FROM data_page {SITE})
        SELECT study_id, site_id, count(*) FILTER (WHERE due), count(*) FILTER (WHERE due AND open), count(*), count(sdv_required) FROM p GROUP BY ALL""",
}


def build_events(folder: Path, share: float, silent: int = 0, names: Collection[str] = ()) -> Snapshot:
    """A sealed snapshot of `share` of the 20 million rows (of some tables), written straight into parts sorted by key."""
    store = Store(folder / "evidence")
    with store.writing(), store.staging() as staged:
        connection = duckdb.connect()
        parts = {}
        for name, sql in _list_tables(share, silent).items():
            if names and name not in names:
                continue
            contract = get_contract(name)
            types = {column.name: column.duckdb_type for column in contract.columns} | LINEAGE_TYPES
            connection.execute(f"CREATE OR REPLACE TABLE one ({', '.join(f'{column} {kind}' for column, kind in types.items())})")
            connection.execute(
                f"INSERT INTO one BY NAME SELECT * EXCLUDE (i), 'bench' AS _source, '{name}.csv' AS _file, '' AS _sheet, i + 2 AS _line FROM ({sql}) AS t"
            )
            target = staged / f"{name}.parquet"
            connection.execute(f"COPY (SELECT * FROM one) TO '{target}' (FORMAT parquet)")
            parts[name] = store.add_part(target, connection.execute("SELECT count(*) FROM one").fetchone()[0])
        store.publish(SnapshotInfo("", "", datetime(2026, 7, 1, tzinfo=UTC), CUT, "benchmark", "synthetic events", parts))
    return store.open()


def _list_tables(share: float, silent: int) -> dict[str, str]:
    people = TRIALS * SITES * SUBJECTS
    site = "lpad((i % 2000 // 50)::VARCHAR, 3, '0')"
    study = "'S' || lpad((i // 2000)::VARCHAR, 3, '0')"
    tables = {
        "study": f"SELECT 'S' || lpad(i::VARCHAR, 3, '0') AS study_id FROM range({TRIALS}) r(i)",
        "site": f"SELECT 'S' || lpad((i // {SITES})::VARCHAR, 3, '0') AS study_id, lpad((i % {SITES})::VARCHAR, 3, '0') AS site_id FROM range({TRIALS * SITES}) r(i)",
        "subject": f"SELECT {study} AS study_id, lpad((i % 2000)::VARCHAR, 5, '0') AS subject_id, {site} AS site_id FROM range({people}) r(i)",
        "protocol_deviation": f"SELECT 'D' || lpad(i::VARCHAR, 7, '0') AS pd_id, {study} AS study_id, {site} AS site_id FROM range({people}) r(i)",
    }
    for name, rows in ROWS.items():
        per = max(int(rows * share) // people, 1)
        words = {"who": WHO.format(per=per), "per": per, "required": REQUIRED[silent].format(per=per)}
        tables[name] = f"{DRAW[name].format(**words)} FROM range({per * people}) r(i)"
    return {name: _with_row(sql) for name, sql in tables.items()}


def _with_row(sql: str) -> str:
    """The row number rides along to become the line of the file."""
    head, tail = sql.strip().split("SELECT ", 1)
    return f"{head}SELECT i, {tail}"


def compare_measures(snapshot: Snapshot, by_hand: Mapping[str, str], repetitions: int) -> Iterator[tuple[str, float, Took, Took]]:
    """(measure, seconds to compile its SQL, as a measure, by hand), medians of the repetitions, the two taken in turn."""
    from quarterdeck.measures.catalogue import load_definitions
    from quarterdeck.measures.evaluate import Source, evaluate_from

    for name, sql in by_hand.items():
        definition = load_definitions()[name]
        snapshot.query(sql)  # both sides find the files in memory and the libraries loaded
        compiling = take_time(lambda: compile_sums(definition, Source.of(snapshot))).wall  # noqa: B023
        evaluate_from(definition, Source.of(snapshot), "site")
        ours, theirs = [], []
        for _ in range(repetitions):
            snapshot._kept.clear()
            ours.append(take_time(lambda: evaluate_from(definition, Source.of(snapshot), "site")))  # noqa: B023
            theirs.append(take_time(lambda: snapshot.query(sql)))  # noqa: B023
        check_equal(snapshot, definition, sql)
        yield name, compiling, get_median(ours), get_median(theirs)


def compile_sums(definition: Any, source: Any) -> None:
    """The first look at a measure's SQL, which compiles it for good."""
    from quarterdeck.measures import sql
    from quarterdeck.measures.methods import METHODS
    from quarterdeck.measures.sums import pays_in_steps

    if pays_in_steps(source, definition):
        for get in (sql.get_counted, sql.get_presence, sql.get_limited):
            get(definition.query, definition.parameters, CUT)
    else:
        sql.get_sums(definition.query, definition.parameters, CUT, with_values=METHODS[definition.method.name].with_values)


def check_equal(snapshot: Snapshot, definition: Any, sql: str) -> None:
    """Both sides must have answered the same question: the same sites, and the same totals; a measure has a reason for every other site."""
    from quarterdeck.measures.evaluate import Source, evaluate_from

    readings = evaluate_from(definition, Source.of(snapshot), "site")
    rows = [list(row.values()) for row in snapshot.query(sql).to_pylist()]
    by_site = {f"{row[0]}/{row[1]}": row for row in rows if row[2]}
    assert len(readings) == TRIALS * SITES
    assert by_site.keys() == {reading.scope.key for reading in readings if reading.denominator}, definition.id
    for reading in readings:
        if reading.scope.key not in by_site:
            assert reading.not_assessed, (definition.id, reading)
            continue
        row = by_site[reading.scope.key]
        assert reading.denominator == row[2], (definition.id, reading)
        if definition.method.name in ("median", "survival_median"):
            assert reading.value is None or reading.value == row[3], (definition.id, reading.value, row)
        else:
            assert reading.numerator == row[3], (definition.id, reading.numerator, row)


def time_clindata(folder: Path) -> tuple[float, float, int, int] | None:
    """Seconds to load the raw listings, seconds to all readings, readings with a value, measures with one. None where the data are absent."""
    source = SHARED / "extracts" / "clindata"
    if not source.is_dir():
        return None
    from quarterdeck.connectors.load import load_paths
    from quarterdeck.measures.evaluate import evaluate_all

    store = Store(folder / "clindata")
    load = take_time(lambda: load_paths(store, [source], now=datetime(2026, 1, 1, tzinfo=UTC), actor="benchmark")).wall
    found: list[Any] = []
    reading = take_time(lambda: found.extend(evaluate_all(store.open()))).wall
    assessed = [entry for entry in found if entry.is_assessed]
    return load, reading, len(assessed), len({entry.measure for entry in assessed})


class Took(NamedTuple):
    """Seconds of wall clock, and of processor time of all threads."""

    wall: float
    processor: float


def take_time(work: Callable[[], Any]) -> Took:
    """What it took."""
    start, processor = time.perf_counter(), time.process_time()
    work()
    return Took(time.perf_counter() - start, time.process_time() - processor)


def get_median(taken: list[Took]) -> Took:
    """The median of each."""
    return Took(median(took.wall for took in taken), median(took.processor for took in taken))


def main(smoke: bool = False) -> None:
    """Prints both tables."""
    share, repetitions = (0.01, 1) if smoke else (1.0, 5)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        snapshot = build_events(folder, share)
        rows = sum(snapshot.tables[table].rows for table in ROWS)
        print(f"{rows:,} event rows, {TRIALS * SITES:,} sites; medians of {repetitions}; load average {os.getloadavg()[0]:.1f}")
        print(
            f"{'measure':<44}{'measure s':>10}{'by hand s':>10}{'ratio':>7}{'processor s':>12}{'by hand s':>10}{'ratio':>7}{'compile s':>10}"
        )
        print_rows(compare_measures(snapshot, BY_HAND, repetitions))
        silent = build_events(folder / "silent", share, SILENT, ("study", "site", "subject", "data_page"))
        print_rows(compare_measures(silent, {"sdv_backlog": BY_HAND["sdv_backlog"]}, repetitions), f", {SILENT}% of sites silent")
        print_rows(compare_measures(silent, WITH_REASONS, repetitions), ", the reasons by hand too")
        print(f"load average {os.getloadavg()[0]:.1f}")
        if (clindata := time_clindata(folder)) is not None:
            load, reading, readings, measures = clindata
            print(
                f"raw clindata: load {load:.1f} s + readings {reading:.1f} s = {load + reading:.1f} s; {readings:,} readings of {measures} measures"
            )


def print_rows(found: Iterator[tuple[str, float, Took, Took]], what: str = "") -> None:
    """One line per measure."""
    for measure, compiling, ours, theirs in found:
        clock = f"{ours.wall:>10.3f}{theirs.wall:>10.3f}{ours.wall / theirs.wall:>7.2f}"
        work = f"{ours.processor:>12.3f}{theirs.processor:>10.3f}{ours.processor / theirs.processor:>7.2f}"
        print(f"{measure + what:<44}{clock}{work}{compiling:>10.3f}", flush=True)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--smoke", action="store_true")
    main(parser.parse_args().smoke)
