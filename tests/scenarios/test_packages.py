"""Packages fit the trial: sizes follow its sites and its missing participants, cost stays within its budget, and an early trial gets none."""

from __future__ import annotations

import inspect
from dataclasses import replace
from datetime import timedelta

import pytest

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.trial import forecast_trial
from quarterdeck.risks.needs_me import expected_cost
from quarterdeck.scenarios import choose
from quarterdeck.scenarios.model import Draft
from quarterdeck.scenarios.packages import MOST_OF_BUDGET, campaign, count_sites, is_affordable, standard_packages
from quarterdeck.scenarios.prepare import apply_uses, open_draft
from quarterdeck.scenarios.standard import STANDARD, standard_scenarios
from quarterdeck.vocabulary import worth
from quarterdeck.vocabulary.finding import Consequence
from trial_builders import build_trial

SEED = 1


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """One trial, sealed once: a snapshot never changes."""
    return build_trial(tmp_path_factory.mktemp("packages"))


def small(draft: Draft) -> Draft:
    """The trial with three sites, 32 participants to find and a budget of 748,875."""
    draft = replace(draft, open_countries=draft.open_countries[:3], planned_countries=())
    return draft.recruit(target=draft.recruitment.enrolled + 32).spend(budget=748_875.0)


def test_a_trial_of_three_sites_is_offered_one_more_and_not_twenty(trial: Snapshot) -> None:
    names = [package.name for package in standard_packages(small(open_draft(trial, "T1")))]
    assert names == ["1 more site", "Recruitment campaign", "Home nursing for a third of visits", "1 more site and a campaign"]


@pytest.mark.parametrize(("sites", "share", "count"), [(0, 0.1, 1), (3, 0.2, 1), (100, 0.1, 10), (100, 0.2, 20)])
def test_sites_are_added_as_a_share_of_those_there(trial: Snapshot, sites: int, share: float, count: int) -> None:
    draft = replace(open_draft(trial, "T1"), open_countries=("GB",) * sites, planned_countries=())
    assert count_sites(draft, share) == count


def test_a_campaign_costs_what_the_missing_participants_ask_for(trial: Snapshot) -> None:
    assert campaign(small(open_draft(trial, "T1"))).values["cost"] == 32_000


def test_no_package_costs_more_than_its_share_of_the_approved_budget(trial: Snapshot) -> None:
    draft = small(open_draft(trial, "T1"))
    assert not is_affordable(draft, 800_000.0)
    assert is_affordable(draft, MOST_OF_BUDGET * 748_875.0)
    offered = {option.name: option.cost for option in choose.weigh_options(trial, SEED, replicates=200)}
    budget, costs = open_draft(trial, "T1").money.budget, [package_cost(trial, name) for name in offered]
    assert all(cost <= MOST_OF_BUDGET * budget for cost in costs) or budget <= 0


def package_cost(trial: Snapshot, name: str) -> float:
    draft = open_draft(trial, "T1")
    package = next(p for p in standard_packages(draft) if p.name == name)
    return apply_uses(draft, package.uses).money.spent - draft.money.spent


def test_nothing_is_offered_for_a_trial_that_its_forecast_has_early(trial: Snapshot, monkeypatch: pytest.MonkeyPatch) -> None:
    late = {option.study_id for option in choose.weigh_options(trial, SEED, replicates=200)}
    forecast = forecast_trial(trial, "T1", SEED)
    early = [
        replace(m, planned=m.median + timedelta(days=60)) if m.milestone == "last_participant_in" and m.median else m
        for m in forecast.milestones
    ]
    monkeypatch.setattr(choose, "forecast_trial", lambda *_: replace(forecast, milestones=tuple(early)))
    assert (late, choose.weigh_options(trial, SEED, replicates=200)) == ({"T1"}, [])


def test_a_day_is_worth_the_same_in_the_ranking_and_in_the_choice() -> None:
    assert inspect.signature(choose.weigh_options).parameters["day_value"].default == worth.DAY
    assert expected_cost(Consequence(probability=1.0, days=1)) == worth.DAY


def test_the_standard_options_of_a_paper_fit_the_trial_too(trial: Snapshot) -> None:
    scenarios = standard_scenarios(small(open_draft(trial, "T1")))
    assert tuple(scenario.name for scenario in scenarios) == STANDARD
    assert [scenario.uses[0].values for scenario in scenarios[:2]] == [{"count": 1}, {"change": 0.15, "cost": 32_000}]
