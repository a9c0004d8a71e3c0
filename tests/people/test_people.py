"""People: load, capacity and dependency as they are; the risk of leaving by team only, and small teams hidden."""

from __future__ import annotations

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.measures.special.suppression import choose_suppressed
from quarterdeck.people.analysis import derive_capacity, derive_team_risks, derive_workloads, find_dependencies
from quarterdeck.people.findings import findings
from quarterdeck.vocabulary.verdict import NotAssessed, Verdict

sys.path.insert(0, str(Path(__file__).parents[1]))
from measures.memory import build_memory_snapshot

CUT, JUNE = date(2026, 6, 30), date(2026, 6, 30)


def build(people: list[dict[str, Any]], work: list[dict[str, Any]], **tables: Any) -> Snapshot:
    staff = [{"employment": "employee", "hire_dt": date(2020, 1, 1), "fte": 1.0, "role": "cra"} | person for person in people]
    allocation = [
        {"role": "cra", "period": JUNE, "fte_planned": 1.0, "fte_actual": 1.0, "study_id": "S1", "sites_assigned": 8} | row for row in work
    ]
    return build_memory_snapshot({"staff": staff, "allocation": allocation, **tables}, CUT)


def test_a_monitor_with_far_more_sites_than_the_mean_is_a_concern() -> None:
    people = [{"person_id": f"P{i}"} for i in range(6)]
    work = [{"person_id": f"P{i}", "sites_assigned": 40 if i == 0 else 8} for i in range(6)]
    first, *rest = derive_workloads(build(people, work))
    assert (first.person, first.sites_per_fte, first.verdict) == ("P0", 40, Verdict.CONCERN)
    assert {w.verdict for w in rest} == {Verdict.ORDINARY}


def test_more_time_used_than_a_person_has_is_a_concern() -> None:
    (found,) = derive_workloads(build([{"person_id": "P1", "fte": 0.5}], [{"person_id": "P1", "fte_actual": 0.8}]))
    assert found.load == pytest.approx(1.6)
    assert found.verdict is Verdict.CONCERN


def test_visits_and_overdue_reports_count_for_the_monitor() -> None:
    visits = [
        {"mv_id": "V1", "cra_id": "P1", "start_dt": date(2026, 6, 1), "report_due_dt": date(2026, 6, 15)},
        {
            "mv_id": "V2",
            "cra_id": "P1",
            "start_dt": date(2026, 1, 1),
            "report_due_dt": date(2026, 1, 15),
            "report_submitted_dt": date(2026, 1, 10),
        },
    ]
    (found,) = derive_workloads(build([{"person_id": "P1"}], [{"person_id": "P1"}], monitoring_visit=visits))
    assert (found.visits_90_days, found.reports_overdue) == (1, 1)


def test_capacity_counts_who_is_still_there() -> None:
    people = [{"person_id": "P1"}, {"person_id": "P2", "leave_dt": date(2026, 7, 15)}]
    later = [{"person_id": p, "period": date(2026, 7, 31)} for p in ("P1", "P2")]
    june, july = derive_capacity(build(people, [{"person_id": "P1"}, {"person_id": "P2"}, *later]))
    assert (june.employed, june.gap) == (2.0, 0.0)
    assert (july.employed, july.gap) == (1.0, -1.0)


def test_a_trial_that_rests_on_one_person_is_named_and_a_shared_one_is_not() -> None:
    people = [{"person_id": "P1"}, {"person_id": "P2"}]
    work = [{"person_id": "P1", "study_id": "ALONE"}, *[{"person_id": p, "study_id": "SHARED"} for p in ("P1", "P2")]]
    (found,) = find_dependencies(build(people, work))
    assert (found.study, found.person, found.share) == ("ALONE", "P1", 1.0)


def test_work_still_held_by_someone_who_left_comes_first() -> None:
    people = [{"person_id": "P1"}, {"person_id": "P2", "leave_dt": date(2026, 6, 10)}]
    work = [{"person_id": "P1", "study_id": "A"}, {"person_id": "P2", "study_id": "B"}]
    assert [(d.study, d.has_left) for d in find_dependencies(build(people, work))] == [("B", True), ("A", False)]


def build_teams(sizes: dict[str, int], lost: dict[str, int]) -> Snapshot:
    people: list[dict[str, Any]] = []
    for team, size in sizes.items():
        people += [{"person_id": f"{team}{i}", "manager_id": team} for i in range(size)]
        leave = {"leave_dt": CUT - timedelta(days=90), "leave_type": "voluntary", "regrettable": True}
        people += [{"person_id": f"{team}x{i}", "manager_id": team, **leave} for i in range(lost.get(team, 0))]
    return build(people, [])


def test_small_teams_are_hidden_and_so_is_the_one_that_subtraction_would_tell() -> None:
    risks = {risk.team: risk for risk in derive_team_risks(build_teams({"A": 3, "B": 6, "C": 12}, {"A": 2}))}
    assert risks["A"].not_assessed is risks["B"].not_assessed is NotAssessed.SUPPRESSED
    assert risks["A"].rate is None
    assert risks["C"].chance_of_loss is not None


def test_a_team_that_lost_more_is_riskier_but_shrunk_to_the_whole() -> None:
    calm, losing = derive_team_risks(build_teams({"A": 10, "B": 10}, {"B": 4}))
    assert calm.rate is not None
    assert losing.rate is not None
    assert 0 < calm.rate < losing.rate < 4 / 33


def test_findings_name_monitors_for_load_and_never_for_leaving() -> None:
    people = [{"person_id": f"P{i}", "manager_id": "M"} for i in range(8)]
    work = [{"person_id": "P0", "sites_assigned": 90}, *[{"person_id": f"P{i}", "sites_assigned": 8} for i in range(1, 8)]]
    found = findings(build(people, work))
    assert any(finding.scope.level == "person" and "P0" in finding.headline for finding in found)
    assert not any(finding.id.startswith("people.attrition/person") for finding in found)


def test_nothing_loaded_gives_nothing() -> None:
    assert findings(build_memory_snapshot({}, CUT)) == []


def test_two_small_groups_hide_each_other() -> None:
    assert choose_suppressed({"a": 3, "b": 4, "c": 12}, 5) == {"a", "b"}
    assert choose_suppressed({"a": 0, "b": 9}, 5) == set()
