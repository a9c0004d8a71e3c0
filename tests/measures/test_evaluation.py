"""Evaluation: levels agree with one another and with the rows behind them; history and comparison follow the dates."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from builders import build_snapshot
from measures.engines import CUT, draw_tables
from measures.memory import build_memory_snapshot
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.measures.catalogue import get_definition, load_definitions
from quarterdeck.measures.compare import compare
from quarterdeck.measures.evaluate import Choices, Source, evaluate, evaluate_all, rows_behind
from quarterdeck.measures.findings import findings
from quarterdeck.measures.history import fit_control_chart, get_periods, history
from quarterdeck.measures.methods import METHODS
from quarterdeck.measures.special import SPECIAL
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.period import Period
from quarterdeck.vocabulary.verdict import NotAssessed, Verdict

PLAIN = [d.id for d in load_definitions().values() if METHODS[d.method.name].estimator and d.query != "enrolment_counts"]


SPECIAL_ONES = [name for name, definition in load_definitions().items() if definition.method.name in SPECIAL]


@pytest.fixture(scope="module")
def drawn() -> Iterator[Snapshot]:
    """Random rows in every table: no story, all the gaps."""
    return build_memory_snapshot(draw_tables(42, 60), CUT)  # type: ignore[return-value]


@pytest.mark.parametrize("measure", PLAIN)
def test_a_reading_equals_the_slow_sum_of_its_rows(measure: str, drawn: Snapshot) -> None:
    definition = get_definition(measure)
    for level in definition.levels:
        for reading in evaluate(measure, drawn, level):
            if reading.denominator is None or (reading.not_assessed and reading.not_assessed is NotAssessed.NOT_COLLECTED):
                continue
            rows = rows_behind(reading, drawn)
            assert len(rows) == (reading.provenance.n_rows if reading.provenance else 0)
            assert sum(row.denominator for row in rows) == pytest.approx(reading.denominator)
            if definition.method.name in ("share", "rate", "ratio"):
                assert sum(row.numerator for row in rows) == pytest.approx(reading.numerator)
            assert all(row.source.file and row.source.line > 1 for row in rows)


@pytest.mark.parametrize("measure", load_definitions())
def test_the_rows_behind_a_reading_add_up_to_its_numerator_and_denominator(measure: str, drawn: Snapshot) -> None:
    check_sums(measure, drawn)


@pytest.mark.parametrize("measure", SPECIAL_ONES)
def test_the_rows_behind_a_worked_example_add_up(measure: str) -> None:
    checked = 0
    for example in get_definition(measure).examples:
        checked += check_sums(measure, build_memory_snapshot(example.tables, example.data_cut))
    assert checked


def check_sums(measure: str, snapshot: Snapshot) -> int:
    """How many readings have a numerator and a denominator; those of their rows must sum to them."""
    count = 0
    for level in get_definition(measure).levels:
        for reading in evaluate(measure, snapshot, level):
            if reading.numerator is None or reading.denominator is None:
                continue
            rows = rows_behind(reading, snapshot)
            count += 1
            assert sum(row.numerator for row in rows) == pytest.approx(reading.numerator, abs=1e-6), reading.scope
            assert sum(row.denominator for row in rows) == pytest.approx(reading.denominator, abs=0.006), reading.scope
            assert all(row.source.file and row.source.line > 1 for row in rows)
    return count


def test_nothing_stands_behind_a_reading_that_is_hidden_to_protect_people(drawn: Snapshot) -> None:
    hidden = [r for r in evaluate_all(drawn) if r.not_assessed is NotAssessed.SUPPRESSED]
    assert hidden
    assert not any(rows_behind(reading, drawn) for reading in hidden)


def test_every_measure_reads_at_every_level_without_failing(drawn: Snapshot) -> None:
    readings = evaluate_all(drawn)
    assert {reading.measure for reading in readings} == set(load_definitions())
    for reading in readings:
        assert reading.p_target is None or 0 <= reading.p_target <= 1
        assert reading.interval is None or reading.value is None or reading.value in reading.interval
        assert reading.is_assessed or reading.not_assessed


def test_an_empty_snapshot_says_not_collected_and_not_nought() -> None:
    readings = evaluate_all(build_memory_snapshot({}, CUT))
    assert {reading.not_assessed for reading in readings} == {NotAssessed.NOT_COLLECTED}
    assert {reading.measure for reading in readings} == set(load_definitions())


def test_a_level_the_measure_lacks_is_refused_with_those_it_has(drawn: Snapshot) -> None:
    with pytest.raises(BadInput, match="portfolio, team"):
        evaluate("regrettable_attrition", drawn, "site")


def test_without_any_participants_loaded_nobody_knows_that_none_is_enrolled() -> None:
    trial = {"study": [{"study_id": "S1", "num_plan_subj": 100}, {"study_id": "S2", "num_plan_subj": 50}]}
    assert evaluate("enrolment_progress", build_memory_snapshot(trial, CUT))[0].not_assessed is NotAssessed.NOT_COLLECTED
    with_one = trial | {"subject": [{"study_id": "S1", "subject_id": "a", "site_id": "1", "enroll_dt": date(2026, 1, 1)}]}
    assert [r.value for r in evaluate("enrolment_progress", build_memory_snapshot(with_one, CUT))] == [0.01, 0.0]


def test_a_source_that_never_fills_a_column_is_not_late_but_not_collected() -> None:
    reports = [{"mv_id": f"V{i}", "study_id": "S1", "site_id": "1", "report_due_dt": date(2026, 5, 1)} for i in range(9)]
    tables = {"study": [{"study_id": "S1"}], "monitoring_visit": reports}
    assert evaluate("monitoring_report_timeliness", build_memory_snapshot(tables, CUT))[0].not_assessed is NotAssessed.NOT_COLLECTED
    reports[0] = reports[0] | {"report_submitted_dt": date(2026, 5, 1)}
    assert evaluate("monitoring_report_timeliness", build_memory_snapshot(tables, CUT))[0].value == pytest.approx(1 / 9)


def build_queries(n: int = 40) -> dict[str, list[dict[str, Any]]]:
    """One query opened every tenth day from 1 July 2025, closed after five days but for the last three."""
    opened = [date(2025, 7, 1) + timedelta(days=9 * i) for i in range(n)]
    queries = [
        {
            "query_id": f"Q{i:03d}",
            "study_id": "S1",
            "subject_id": "a",
            "opened_ts": day,
            "closed_ts": None if i >= n - 3 else day + timedelta(days=5),
        }
        for i, day in enumerate(opened)
    ]
    return {"study": [{"study_id": "S1"}], "subject": [{"study_id": "S1", "subject_id": "a", "site_id": "1"}], "query": queries}


def test_history_of_a_state_is_what_was_open_then() -> None:
    snapshot = build_memory_snapshot(build_queries(), CUT)
    months = [Period.month(2025, 7), Period.month(2026, 6)]
    then, now = history("query_age", snapshot, "study", months)
    assert then.as_of == date(2025, 7, 31)
    assert then.denominator == 1  # opened on 28 July, closed five days later
    assert now.denominator == 3


def test_history_of_a_flow_counts_each_month_by_itself() -> None:
    snapshot = build_memory_snapshot(build_queries(), CUT)
    months = get_periods("month", 12, CUT)
    found = history("query_cycle_time", snapshot, "study", months)
    assert [reading.period for reading in found] == months
    assert sum(reading.denominator or 0 for reading in found) == 40
    assert len(rows_behind(found[0], snapshot)) == found[0].denominator
    chart = fit_control_chart(found)
    assert chart is not None
    assert chart.centre == 5


def test_whole_quarters_end_by_the_day() -> None:
    assert get_periods("quarter", 2, date(2026, 8, 15)) == [Period.quarter(2026, 1), Period.quarter(2026, 2)]
    assert get_periods("month", 1, date(2026, 6, 30)) == [Period.month(2026, 6)]


def test_comparing_two_loads_names_what_became_a_concern(tmp_path: Path) -> None:
    reports = [
        {"mv_id": f"V{i}", "study_id": "S1", "site_id": "1", "report_due_dt": date(2026, 5, 1), "report_submitted_dt": date(2026, 4, 30)}
        for i in range(40)
    ]
    base: dict[str, Any] = {"study": [{"study_id": "S1"}], "site": [{"study_id": "S1", "site_id": "1"}]}
    before = build_snapshot(tmp_path, base | {"monitoring_visit": reports}, data_cut=date(2026, 5, 31))
    late = [row | {"mv_id": f"L{i}", "report_submitted_dt": date(2026, 5, 20)} for i, row in enumerate(reports)]
    after = build_snapshot(tmp_path, base | {"monitoring_visit": reports + late}, data_cut=date(2026, 6, 30))
    changes = [change for change in compare(before, after) if change.measure == "monitoring_report_timeliness"]
    assert {(change.kind, str(change.scope)) for change in changes} == {("now a concern", "portfolio"), ("now a concern", "study S1")}
    assert changes[0].difference == pytest.approx(-0.5)
    assert compare(after, after) == []


def build_line(
    study: str, month: int, budget: float, spent: float | None, forecast: float, currency: str = "GBP", baseline: float | None = None
) -> dict[str, Any]:
    return {
        "study_id": study, "wbs": "w", "period": Period.month(2026, month).last, "currency": currency, "cost_category": "cro_fees",
        "budget_baseline": budget if baseline is None else baseline, "budget_current": budget, "actual": spent, "accrual": None if spent is None else 0, "forecast": forecast,
    }  # fmt: skip


AMOUNTS = st.integers(1, 100_000)


@settings(deadline=None, max_examples=20)
@given(st.lists(st.tuples(AMOUNTS, AMOUNTS, AMOUNTS, AMOUNTS, st.sampled_from(["GBP", "USD"])), min_size=1, max_size=6))
def test_the_bridge_always_sums_exactly(rows: list[tuple[int, int, int, int, str]]) -> None:
    lines = [build_line(f"S{i}", 4, b / 7, s / 3, f, c, baseline=o / 11) for i, (b, s, f, o, c) in enumerate(rows)]
    lines += [build_line(f"S{i}", 8, b / 7, None, f / 3, c) for i, (b, _, f, _, c) in enumerate(rows)]
    rates = [
        {"rate_dt": date(2026, 1, 1), "from_currency": "USD", "to_currency": "GBP", "rate": 0.79, "rate_type": "budget"},
        {"rate_dt": date(2026, 4, 30), "from_currency": "USD", "to_currency": "GBP", "rate": 0.75, "rate_type": "month_end"},
    ]
    snapshot = build_memory_snapshot({"budget_line": lines, "fx_rate": rates}, CUT)
    (reading,) = evaluate("budget_variance_quarter", snapshot, "portfolio", Choices(currency="GBP"))
    cents = {
        name.removeprefix("bridge_"): round(100 * float(amount or 0))
        for name, amount in reading.details.items()
        if name.startswith("bridge_")
    }
    assert cents["baseline"] + cents["scope"] == cents["approved"]
    assert cents["approved"] + cents["price"] + cents["volume"] + cents["timing"] == cents["spent"]
    assert cents["spent"] + cents["exchange"] == cents["total"]
    assert cents["spent"] == pytest.approx(
        100
        * sum(
            float(line["actual"]) * (0.79 if line["currency"] == "USD" and len({r[4] for r in rows}) > 1 else 1)
            for line in lines
            if line["actual"] is not None
        ),
        abs=2,
    )


def test_a_currency_without_a_budget_rate_is_named_and_nothing_is_guessed() -> None:
    snapshot = build_memory_snapshot({"budget_line": [build_line("A", 4, 10, 10, 10), build_line("B", 4, 10, 10, 10, "JPY")]}, CUT)
    (reading,) = evaluate("budget_variance_quarter", snapshot, "portfolio")
    assert reading.not_assessed is NotAssessed.NOT_COLLECTED
    assert reading.reason == "no budget rate from JPY to GBP"


def test_the_chance_of_a_year_with_all_to_come_is_that_of_the_method() -> None:
    """Twenty equal trials, nothing spent, no history: the published error and correlation decide."""
    lines = [build_line(f"S{i:02d}", 7, 100, None, 100) for i in range(20)]
    snapshot = build_memory_snapshot({"budget_line": lines}, date(2026, 6, 30))
    (reading,) = evaluate("budget_variance_year", snapshot, "portfolio")
    assert reading.p_target == pytest.approx(0.67, abs=0.005)
    assert reading.not_assessed is NotAssessed.NOT_YET_DUE


def test_inverted_month_end_rates_are_told() -> None:
    rates = [
        {"rate_dt": date(2026, 1, 1), "from_currency": "USD", "to_currency": "GBP", "rate": 0.79, "rate_type": "budget"},
        {"rate_dt": date(2026, 4, 30), "from_currency": "USD", "to_currency": "GBP", "rate": 1.26, "rate_type": "month_end"},
        {"rate_dt": date(2026, 1, 31), "from_currency": "USD", "to_currency": "GBP", "rate": 0.80, "rate_type": "month_end"},
    ]
    (found,) = findings(build_memory_snapshot({"fx_rate": rates}, CUT))
    assert "inverted" in found.cause
    assert "Q2 2026" in found.headline


def test_the_fiscal_year_starts_where_the_settings_say() -> None:
    lines = [build_line("A", 2, 100, 150, 150), build_line("A", 5, 100, 100, 100)]
    snapshot = build_memory_snapshot({"budget_line": lines}, CUT)
    calendar, april = (
        evaluate("budget_variance_year", snapshot, "portfolio", Choices(fiscal_year_start_month=month))[0] for month in (1, 4)
    )
    assert calendar.value == pytest.approx(0.25)
    assert april.value == pytest.approx(0.0)


def test_findings_are_stable_and_of_concern(drawn: Snapshot) -> None:
    found = findings(drawn)
    assert found == findings(drawn)
    assert len({finding.id for finding in found}) == len(found)
    assert {finding.verdict for finding in found} <= {Verdict.CONCERN}


def test_the_same_source_at_an_earlier_day_knows_less() -> None:
    snapshot = build_memory_snapshot(build_queries(), CUT)
    source = Source.of(snapshot).at(date(2025, 7, 31))
    assert source.cut == date(2025, 7, 31)
    assert Source.of(snapshot).at(date(2030, 1, 1)).cut == CUT


@pytest.mark.shared_data
def test_raw_clindata_reads_with_lineage_down_to_file_and_line(shared_data: Path, tmp_path: Path) -> None:
    import gzip
    from datetime import UTC, datetime

    from quarterdeck.connectors.load import load_paths
    from quarterdeck.evidence.store import Store

    folder = shared_data / "extracts" / "clindata"
    store = Store(tmp_path / "evidence")
    names = ("rawplus_dm", "rawplus_enroll", "ctms_site", "ctms_study", "rawplus_studcomp", "ctms_protdev", "rawplus_visdt")
    load_paths(store, [folder / f"{name}.csv.gz" for name in names], now=datetime(2026, 1, 1, tzinfo=UTC), actor="tests")
    snapshot = store.open()
    (failure,) = evaluate("screen_failure", snapshot, "portfolio")
    assert (failure.numerator, failure.denominator) == (1086, 2387)
    (left,) = evaluate("study_discontinuation", snapshot, "portfolio")
    assert (left.numerator, left.denominator) == (122, 1301)
    row = next(row for row in rows_behind(failure, snapshot) if row.numerator)
    with gzip.open(folder / Path(row.source.file).name, "rt", encoding="utf-8") as file:
        line = file.read().splitlines()[row.source.line - 1]
    assert row.key[1] in line
