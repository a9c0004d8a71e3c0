"""The demo: repeatable, of the promised size, with its truths written beside it, and loaded by the users' door."""

from __future__ import annotations

import hashlib
import json
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from quarterdeck.demo.extracts import cuts_of
from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.portfolio import draft_trials, simulate_world
from quarterdeck.demo.run import clear_demo, make_demo
from quarterdeck.demo.sites import NEVER_ACTIVATED
from quarterdeck.demo.truths import SLIPPING_VENDOR
from quarterdeck.demo.write import write_demo
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.errors import BadInput

SMALL = DemoOptions(trials=12, scale=0.2, snapshots=2)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Store]:
    out = tmp_path_factory.mktemp("demo")
    store = Store(out / "home" / "evidence")
    make_demo(SMALL, out, store)
    return out, store


def digest(folder: Path) -> str:
    # Workbooks are left out: their zip members carry the time of writing.
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.suffix != ".xlsx")
    return hashlib.sha256(b"".join(path.read_bytes() for path in files)).hexdigest()


def test_the_same_seed_writes_the_same_bytes_and_another_seed_does_not(tmp_path: Path) -> None:
    for name, options in (("a", SMALL), ("b", SMALL), ("c", DemoOptions(trials=12, scale=0.2, snapshots=2, seed=7))):
        write_demo(options, tmp_path / name)
    assert digest(tmp_path / "a") == digest(tmp_path / "b") != digest(tmp_path / "c")


def test_by_default_it_is_a_portfolio_of_the_promised_size() -> None:
    options = DemoOptions()
    world, courses = simulate_world(options), []  # type: ignore[var-annotated]
    enrolled = sum(
        int((draft.known(options.today)["enrollyn"] == "Y").sum())
        for drafts in draft_trials(world, courses)
        for draft in drafts
        if draft.table == "subject"
    )
    screened_and_enrolled = enrolled / 0.72
    assert len(world.studies) == 24
    assert 800 <= sum(study.n_sites for study in world.studies) <= 1000
    assert 8_000 <= screened_and_enrolled <= 10_500  # about nine thousand participants, screening included
    assert len({country for study in world.studies for country in study.countries}) == 25


@pytest.mark.parametrize("seed", [1, 2, 3, 4, 5])
def test_every_seed_has_every_planted_truth(seed: int) -> None:
    plants = simulate_world(DemoOptions(seed=seed)).plants
    assert plants.failing_study == "QD-007"
    assert plants.under_reporting_site.count("/") == 1
    assert len({site.split("/")[0] for site in plants.bad_investigator_sites}) == 3


def test_about_one_site_in_nine_is_never_activated() -> None:
    sites = [site for seed in range(4) for site in simulate_world(DemoOptions(seed=seed)).sites]
    never = np.concatenate([np.isnat(site.active) for site in sites if len(site.id) > 4])
    assert never.mean() == pytest.approx(NEVER_ACTIVATED, abs=0.02)


def test_no_row_knows_the_future(demo: tuple[Path, Store]) -> None:
    _, store = demo
    snapshot = store.open()
    for table, column in (
        ("subject", "enroll_dt"),
        ("site", "site_active_dt"),
        ("visit", "visit_dt"),
        ("study", "db_lock_dt"),
        ("invoice", "paid_dt"),
    ):
        latest = snapshot.query(f"SELECT max({column}) AS d FROM {table}").to_pylist()[0]["d"]
        assert latest is None or latest <= SMALL.today, table


def test_an_earlier_snapshot_knows_less(demo: tuple[Path, Store]) -> None:
    _, store = demo
    first, last = (store.open(info.id) for info in store.snapshots())
    assert first.data_cut == date(2026, 10, 31)
    assert first.tables["subject"].rows < last.tables["subject"].rows


def test_the_spoilt_rows_and_only_those_and_their_dependants_wait_in_quarantine(demo: tuple[Path, Store]) -> None:
    out, store = demo
    planted = {(row["file"], row["line"]) for row in json.loads((out / "truth.json").read_text())["dirty_rows"]}
    waiting = store.open().query("SELECT _file, _line, kind FROM quarantine").to_pylist()
    found = {(row["_file"], row["_line"]) for row in waiting}
    assert planted <= found
    assert all(row["kind"] in ("orphan", "duplicate") for row in waiting if (row["_file"], row["_line"]) not in planted)


def test_rows_lead_to_the_file_and_line_they_came_from(demo: tuple[Path, Store]) -> None:
    out, store = demo
    row = store.open().query("SELECT study_id, site_id, _file, _line FROM site ORDER BY study_id DESC, site_id LIMIT 1").to_pylist()[0]
    line = (out / "extracts" / SMALL.today.isoformat() / row["_file"]).read_text(encoding="utf-8").splitlines()[row["_line"] - 1]
    assert f'"{row["study_id"]}","{row["site_id"]}"' in line


def test_loading_the_same_extracts_again_changes_nothing(demo: tuple[Path, Store]) -> None:
    from datetime import UTC, datetime

    from quarterdeck.demo.run import _load_day

    out, store = demo
    before = store.current_id()
    _load_day(store, out / "extracts" / SMALL.today.isoformat(), out / "mappings", datetime(2026, 11, 20, 18, tzinfo=UTC))
    assert store.current_id() == before


def test_the_truth_file_names_every_truth(demo: tuple[Path, Store]) -> None:
    out, _ = demo
    kinds = {truth["kind"] for truth in json.loads((out / "truth.json").read_text())["truths"]}
    assert kinds == {
        "failing_trial", "under_reporting_site", "slipping_vendor", "bad_investigator", "budget_breach", "wrong_exchange_rates", "late_feed", "trial_ahead",
    }  # fmt: skip


def test_the_slipping_vendor_opens_sites_later(demo: tuple[Path, Store]) -> None:
    _, store = demo
    rows = store.open().query(
        "SELECT vendor_id = ? AS slipping, avg(site_active_dt - selected_dt) AS days FROM site WHERE site_active_dt IS NOT NULL GROUP BY 1",
        [SLIPPING_VENDOR],
    )
    days = {row["slipping"]: row["days"] for row in rows.to_pylist()}
    assert days[True] > days[False] + 20


def test_a_folder_that_is_no_demo_is_never_replaced(tmp_path: Path) -> None:
    (tmp_path / "my-thesis.docx").write_text("precious")
    with pytest.raises(BadInput, match="not a demo folder"):
        clear_demo(tmp_path)
    assert (tmp_path / "my-thesis.docx").exists()


@pytest.mark.parametrize("options", [{"trials": 3}, {"scale": 0.0}, {"snapshots": 0}])
def test_impossible_sizes_are_refused(options: dict[str, float]) -> None:
    with pytest.raises(BadInput):
        DemoOptions(**options)  # type: ignore[arg-type]


def test_extract_days_are_month_ends_and_today() -> None:
    assert cuts_of(date(2026, 3, 1), 3) == [date(2026, 1, 31), date(2026, 2, 28), date(2026, 3, 1)]
