"""Detectors, "what needs me" and blast radius on a small portfolio with a silent site and a trial above its budget."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from world import CUT, NOW, SILENT, build_world, make_tables

from builders import build_snapshot
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.record.database import Record, open_record_at
from quarterdeck.record.models.base import Decision
from quarterdeck.record.models.risks import MatterChoice
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.risks import actions, blast_radius, needs_me, settling
from quarterdeck.risks.detectors import market
from quarterdeck.risks.detectors.limits import read_limits
from quarterdeck.risks.findings import findings
from quarterdeck.risks.indicators import load_indicators, read_indicator
from quarterdeck.risks.inspection import rank_sites
from quarterdeck.risks.kri import as_reading, assess_snapshot, find_earlier, get_board
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.money import Money
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.verdict import Verdict


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The small portfolio, built once: a snapshot never changes."""
    return build_world(tmp_path_factory.mktemp("world"))


def test_the_silent_site_is_found_with_its_cost(world: Snapshot) -> None:
    found = {f.id: f for f in findings(world)}
    finding = found[f"under_reporting/site/{SILENT}"]
    assert finding.verdict is Verdict.CONCERN
    assert finding.consequence.money is not None
    assert finding.consequence.money.amount > 0
    assert not finding.consequence.reversible
    assert finding.facts["reported"] == 0


def test_a_mended_portfolio_has_no_such_finding(tmp_path: Path) -> None:
    assert not [f for f in findings(build_world(tmp_path, silent=False)) if f.id.startswith("under_reporting/")]


def test_the_overspent_trial_is_found_and_the_other_is_not(world: Snapshot) -> None:
    found = {f.id for f in findings(world)}
    assert "budget/study/T2" in found
    assert "budget/study/T1" not in found


def test_an_empty_installation_finds_nothing(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "T1"}]})
    assert findings(snapshot) == []


def test_the_number_assessed_is_always_said(world: Snapshot) -> None:
    finding = next(f for f in findings(world) if f.id == "quality/portfolio/coverage")
    assert "assessed" in finding.headline
    assert "flagged of" in str(finding.facts["coverage"])


def test_a_wrong_exchange_rate_is_found_in_its_quarter(tmp_path: Path) -> None:
    rates = [
        {"rate_dt": date(2025, m, 28), "from_currency": "USD", "to_currency": "GBP", "rate": Decimal("0.8"), "rate_type": "month_end"}
        for m in range(1, 13)
    ]
    rates[4]["rate"] = Decimal("1.25")
    found = [f for f in findings(build_world(tmp_path, more={"fx_rate": rates})) if f.id.startswith("rates/")]
    assert [f.id for f in found] == ["rates/quarter/2025-Q2/USD-GBP"]
    assert "inverted" in found[0].cause


def test_a_feed_that_stopped_is_found(tmp_path: Path) -> None:
    documents = [{"tmf_item_id": "1", "study_id": "T1", "expected_dt": date(2026, 1, 1), "received_dt": date(2026, 1, 2), "tmf_zone": 5}]
    tables = {"tmf_document": documents, "study": [{"study_id": "T1"}]}
    assert [f for f in findings(build_snapshot(tmp_path, tables, data_cut=CUT)) if f.id.startswith("feed/")]


def test_a_limit_is_watched_and_its_deviation_recorded(tmp_path: Path) -> None:
    tables = make_tables()
    limits = [
        {
            "qtl_id": "Q1",
            "study_id": "T1",
            "parameter": "early_discontinuation",
            "expected_rate": Decimal("0.05"),
            "limit": Decimal("0.1"),
            "justification": "earlier trials",
        }
    ]
    for row in tables["subject"]:
        if row["study_id"] == "T1" and row["subject_id"].endswith(("1", "2", "3")):
            row["study_disc_dt"] = date(2026, 1, 1)
    snapshot = build_snapshot(tmp_path, tables | {"qtl": limits}, data_cut=CUT)
    (status,) = read_limits(snapshot)
    assert (status.events, status.participants, status.is_breached) == (18, 60, True)
    assert status.projected is not None
    assert status.projected[1] < status.projected[0] < status.projected[2]
    assert [f for f in findings(snapshot) if f.id == "limit/study/T1/Q1"]
    record = open_record_at(f"sqlite:///{tmp_path / 'r.sqlite'}")
    line = actions.record_deviation(record, SINGLE_USER, snapshot, "Q1", True, "Visits are too long.", "The protocol was amended.", NOW)
    assert "18" not in line
    assert "30.0% of 60 participants" in line
    assert "systemic" in line


def test_a_limit_that_cannot_be_counted_says_why(tmp_path: Path) -> None:
    limits = [{"qtl_id": "Q1", "study_id": "T1", "parameter": "moon_phase", "expected_rate": Decimal("0.05"), "limit": Decimal("0.1")}]
    assert read_limits(build_world(tmp_path, more={"qtl": limits}))[0].reason == "no count is known for this parameter"


def test_persistence_counts_over_snapshots_by_date(tmp_path: Path) -> None:
    for month in (4, 5):
        build_world(tmp_path, cut=date(2026, month, 28))
    now = build_world(tmp_path)
    assert [s.data_cut.month for s in find_earlier(now)] == [5, 4]
    cell = next(c for c in get_board(now).by_site["T1", "S1"] if c.indicator == "kri0001c")
    assert cell.snapshots_flagged == 3
    assert (
        next(c for c in assess_snapshot(now).cells["site"] if (c.study, c.group, c.indicator) == ("T1", "S1", "kri0001c")).snapshots_flagged
        == 1
    )


def test_a_cell_becomes_a_reading_with_its_reason_or_value(world: Snapshot) -> None:
    for cell in get_board(world).cells["site"]:
        reading = as_reading(cell, "site", world.id)
        assert (reading.value is None) == (cell.score is None or (cell.ratio is None and reading.unit == "ratio"))


def test_pooling_names_who_is_bad_in_several_trials(tmp_path: Path) -> None:
    tables = make_tables(silent=False)
    deviations = [
        {"pd_id": f"{study}-{site}-{i}", "study_id": study, "site_id": site, "subject_id": f"{site}-{i % 10}", "deemedimportant": False, "deviation_dt": date(2025, 6, 1)}
        for study in ("T1", "T2") for site in ("S1", "S2", "S3", "S4", "S5", "S6") for i in range(40 if site == "S3" else 4)
    ]  # fmt: skip
    board = get_board(build_snapshot(tmp_path, tables | {"protocol_deviation": deviations}, data_cut=CUT))
    worst = next(p for p in board.pooled if p.level == "investigator")
    assert (worst.key, worst.indicator, len(worst.trials)) == ("I-S3", "kri0003", 2)
    assert worst.ratio > 3


def test_sites_are_ranked_for_inspection_by_what_a_regulator_asks(world: Snapshot) -> None:
    sites = rank_sites(world)
    assert len(sites) == 12
    assert all(0 <= site.score <= 100 for site in sites)


def finding(identifier: str, money: int, probability: float = 1.0, scope: Scope = Scope(), **more: object) -> Finding:
    return Finding(
        identifier,
        "risks",
        scope,
        identifier,
        Verdict.CONCERN,
        consequence=Consequence(probability, None, Money(Decimal(money), "GBP"), **more),
    )  # type: ignore[arg-type]


def test_matters_are_ranked_by_the_expected_cost_of_doing_nothing() -> None:
    matters = needs_me.rank(
        [
            finding("small", 50_000),
            finding("likely", 400_000, 0.9),
            finding("unlikely", 900_000, 0.1),
            finding("for good", 300_000, 0.9, reversible=False),
        ]
    )
    assert [m.finding.id for m in matters] == ["for good", "likely", "unlikely", "small"]


def test_at_most_seven_and_at_least_three_are_shown() -> None:
    assert len(needs_me.rank([finding(f"f{i}", 100_000) for i in range(20)])) == 7
    assert len(needs_me.rank([finding(f"f{i}", 10) for i in range(20)])) == 3


def test_findings_about_one_trial_are_one_matter() -> None:
    scope = Scope("study", "T1")
    (matter,) = needs_me.rank([finding("a", 100_000, scope=scope), finding("b", 50_000, scope=scope)])
    assert [f.id for f in matter.also] == ["b"]


TRIAL = Scope("study", "T1")


def choose(record: Record, choice: str, found: list[Finding], **more: Any) -> None:
    (matter,) = needs_me.derive_matters(found)
    settling.choose_matter(record, SINGLE_USER, matter, choice, "after the board", "snap", NOW, **more)


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return open_record_at(f"sqlite:///{tmp_path / 'r.sqlite'}")


def test_what_was_snoozed_comes_back_on_its_day(record: Record) -> None:
    choose(record, "snooze", [finding("a", 100_000)], until=NOW.date() + timedelta(days=7))
    choices = needs_me.read_choices(record)
    assert needs_me.rank([finding("a", 100_000)], choices, NOW.date() + timedelta(days=6)) == []
    assert needs_me.rank([finding("a", 100_000)], choices, NOW.date() + timedelta(days=7))[0].came_back


def test_accepting_a_matter_settles_its_subject_under_every_sum(record: Record) -> None:
    both = [finding("over", 6_400_000, scope=TRIAL), finding("heads for", 2_500_000, scope=TRIAL)]
    choose(record, "accept", both)
    choices = needs_me.read_choices(record)
    assert needs_me.rank(both, choices, NOW.date()) == []
    assert needs_me.rank(both[1:], choices, NOW.date()) == []  # also when the finding that stood first is gone
    assert [matter.subject for matter, _ in needs_me.list_settled(both, choices, NOW.date())] == ["study/T1"]


def test_a_settled_matter_comes_back_when_doing_nothing_costs_half_as_much_again(record: Record) -> None:
    choose(record, "accept", [finding("over", 100_000, scope=TRIAL)])
    choices = needs_me.read_choices(record)
    assert needs_me.rank([finding("over", 150_000, scope=TRIAL)], choices, NOW.date()) == []
    assert needs_me.rank([finding("over", 151_000, scope=TRIAL)], choices, NOW.date())[0].came_back


def test_an_acceptance_ends_within_a_year(record: Record) -> None:
    choose(record, "accept", [finding("a", 100_000)])
    assert needs_me.rank([finding("a", 100_000)], needs_me.read_choices(record), NOW.date() + timedelta(days=366))[0].came_back


def test_a_choice_of_an_older_record_settles_the_matter_of_its_finding(record: Record) -> None:
    old = MatterChoice(finding_id="over", choice="accept", until=None, cost=None, subject="")
    found = [finding("over", 100_000, scope=TRIAL), finding("late", 50_000, scope=TRIAL)]
    assert needs_me.rank(found, {"over": old}, NOW.date()) == []


def test_a_choice_about_a_matter_is_a_decision_on_record(record: Record) -> None:
    choose(record, "delegate", [finding("over", 100_000, scope=TRIAL)], to="P012")
    with record.session() as session:
        (decision,) = session.scalars(select(Decision)).all()
    assert (decision.subject_id, decision.outcome[:17]) == ("study/T1", "Delegated to P012")


@pytest.mark.parametrize(("choice", "more"), [("delegate", {}), ("snooze", {}), ("shout", {}), ("accept", {"until": NOW.date()})])
def test_a_choice_needs_what_it_needs(record: Record, choice: str, more: dict[str, Any]) -> None:
    with pytest.raises(BadInput):
        choose(record, choice, [finding("a", 100_000)], **more)


@pytest.mark.parametrize(
    ("kind", "key", "sites"),
    [
        ("vendor", "V1", 12),
        ("site", "T1/S1", 1),
        ("country", "GB", 6),
        ("person", "P1", 12),
        ("investigator", "I-S2", 2),
        ("system", "folder", 12),
    ],
)
def test_a_blast_radius_counts_what_hangs_on_a_thing(world: Snapshot, kind: str, key: str, sites: int) -> None:
    radius = blast_radius.find_blast_radius(world, kind, key)
    assert radius.sites == sites
    assert radius.participants == 10 * sites
    assert radius.money.amount > 0


def test_a_running_clock_hangs_on_its_site(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    serious = [
        {
            "study_id": "T1",
            "subject_id": "S1-0",
            "ae_id": "X",
            "aeser": True,
            "aetoxgr": 3,
            "aest_dt": CUT,
            "site_aware_ts": datetime(2026, 6, 28, tzinfo=UTC).replace(tzinfo=None),
        }
    ]
    radius = blast_radius.find_blast_radius(build_world(tmp_path, more={"adverse_event": serious}), "site", "T1/S1")
    assert radius.clocks == (("T1", "X", date(2026, 7, 13)),)


def test_an_unknown_thing_is_not_found(world: Snapshot) -> None:
    with pytest.raises(NotFound):
        blast_radius.find_blast_radius(world, "vendor", "V99")


def test_indicator_definitions_refuse_what_they_do_not_know() -> None:
    entry = {
        "abbreviation": "A",
        "name": "n",
        "question": "q",
        "query": "adverse_events",
        "numerator": "events",
        "denominator": "days",
        "kind": "rate",
        "concern": "high",
        "category": "safety",
        "levels": ["site"],
    }
    with pytest.raises(BadInput, match=r"x\.yaml, kri1: sql"):
        read_indicator("x.yaml", "kri1", entry | {"sql": "select"})
    with pytest.raises(BadInput, match="Allowed: high, low, both"):
        read_indicator("x.yaml", "kri1", entry | {"concern": "up"})


@pytest.mark.shared_data
def test_the_reference_indicators_are_the_references(shared_data: Path) -> None:
    import csv

    indicators = load_indicators()
    with (shared_data / "kri" / "metrics_meta.csv").open(encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["GroupLevel"] == "Site"]
    assert len(rows) == 12
    for row in rows:
        mine = indicators[row["ID"]]
        assert (mine.abbreviation, mine.kind) == (row["Abbreviation"], row["AnalysisType"])
        assert mine.rule.cuts == tuple(float(v) for v in row["Threshold"].split(","))
        assert mine.rule.flags == tuple(int(v) for v in row["Flag"].split(","))
        assert mine.weights == tuple(float(v) for v in row["RiskScoreWeight"].split(","))
        assert (mine.rule.accrual, mine.rule.accrual_on) == (float(row["AccrualThreshold"]), row["AccrualMetric"].lower())


@pytest.mark.shared_data
def test_the_real_change_feed_gives_stops_starts_and_completions(shared_data: Path) -> None:
    events = market.read_change_feed(shared_data / "registry" / "registry_change_feed_2026.csv")
    kinds = {event.kind for event in events}
    assert kinds == {"plan", "sites", "started", "stopped"}
    assert events == sorted(events, key=lambda e: (e.seen, e.nct, e.kind, e.words))


def test_competitors_that_stop_are_an_opportunity_for_the_same_participants(world: Snapshot) -> None:
    before = {"NCT1": market.Competitor("NCT1", "A rival", "Rival", "RECRUITING", ("Melanoma",), ("France",))}
    after = {"NCT1": market.Competitor("NCT1", "A rival", "Rival", "TERMINATED", ("Melanoma",), ("France", "Spain"))}
    events = market.compare_snapshots(before, after, CUT)
    assert [(e.kind, e.nct) for e in events] == [("stopped", "NCT1"), ("sites", "NCT1")]
    found = {f.id: f for f in market.describe_events(world, events, after)}
    assert found["market/portfolio/stopped"].opportunity
    assert found["market/portfolio/stopped"].verdict is Verdict.BETTER
    assert "T1" in found["market/portfolio/stopped"].cause
