"""Levers, grammar, comparison, goal seeking, choice, promotion, executors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, date, datetime

import numpy as np
import pytest
from sqlalchemy import select

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.ledger import read_entries, seal_forecasts
from quarterdeck.methods.goal_seek import least_count, probability_by_month
from quarterdeck.methods.portfolio import draw_shared, simulate_recruitment, simulate_trial
from quarterdeck.record.audit import verify_chain
from quarterdeck.record.database import open_record
from quarterdeck.record.models.base import Decision
from quarterdeck.record.permissions import MACHINE, SINGLE_USER
from quarterdeck.scenarios.actions import keep_scenario, promote_scenario, read_kept
from quarterdeck.scenarios.choose import Option, choose_options, trace_frontier, value_information
from quarterdeck.scenarios.executor import Here, LocalProcesses, run_grid
from quarterdeck.scenarios.grammar import FORMS, parse_scenario
from quarterdeck.scenarios.levers import get_lever, load_levers
from quarterdeck.scenarios.model import LeverUse, Scenario, check_values
from quarterdeck.scenarios.prepare import apply_uses, describe_use, open_draft
from quarterdeck.scenarios.run import run_scenarios
from quarterdeck.scenarios.seek import seek_sites
from quarterdeck.vocabulary.errors import BadInput, NotFound, NotPermitted
from quarterdeck.vocabulary.settings import Settings
from trial_builders import TODAY, build_trial

NOW = datetime(2026, 7, 1, 9, tzinfo=UTC)
# Two sizes of each lever's first value, smaller first, to see the promised direction.
SIZES: Mapping[str, tuple[Mapping[str, float | str], Mapping[str, float | str]]] = {
    "add_sites": ({"count": 2}, {"count": 15}),
    "close_sites": ({"count": 1}, {"count": 6}),
    "change_rate": ({"change": 0.05}, {"change": 0.4}),
    "eligibility": ({"eased": 0.1}, {"eased": 0.6}),
    "visits": ({"change": -2}, {"change": 4}),
    "decentralise": ({"share": 0.1}, {"share": 0.9}),
    "approval_delay": ({"days": 10}, {"days": 200}),
    "regulatory_change": ({"days": 10}, {"days": 200}),
    "vendor_switch": ({"months": 1}, {"months": 8}),
    "amendment": ({"days": 60}, {"days": 700}),
    "pause": ({"months": 1}, {"months": 6}),
    "staff": ({"change": 0.1}, {"change": 1.0}),
    "shock": ({"hit": 0.1}, {"hit": 0.9}),
    "target": ({"change": 5}, {"change": 60}),
    "exchange_rate": ({"change": 0.05}, {"change": 0.3}),
    "move_sites": ({"count": 1, "to_country": "ES"}, {"count": 4, "to_country": "ES"}),
}


@pytest.fixture(scope="module")
def trial(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """One trial, sealed once: a snapshot never changes."""
    return build_trial(tmp_path_factory.mktemp("trial"))


def median_months(trial: Snapshot, use: LeverUse) -> float:
    changed = apply_uses(open_draft(trial, "T1"), (use,)).trial
    return float(np.median(simulate_recruitment("T1", changed.recruitment, draw_shared(3, 1500))[1.0]))


@pytest.mark.parametrize("lever", sorted(load_levers()))
def test_a_larger_value_moves_the_trial_as_the_lever_says(trial: Snapshot, lever: str) -> None:
    small, large = (median_months(trial, LeverUse(lever, values)) for values in SIZES[lever])
    direction = get_lever(lever).direction
    if direction == "later":
        assert large > small
    elif direction == "earlier":
        assert large < small
    else:
        assert direction == "either"


@pytest.mark.parametrize("lever", sorted(load_levers()))
def test_every_lever_describes_itself_and_says_what_it_rests_on(lever: str) -> None:
    assert len(describe_use(LeverUse(lever, SIZES[lever][1]))) > 5
    assert get_lever(lever).basis


def test_a_lever_without_effect_changes_nothing_at_all(trial: Snapshot) -> None:
    comparison = run_scenarios(trial, "T1", [Scenario("same", (LeverUse("change_rate", {"change": 0.0}),))], 5, 500)
    assert comparison.results[1].days.mean == 0.0
    assert comparison.results[1].days.error == 0.0


def test_common_luck_makes_differences_far_surer_than_their_parts(trial: Snapshot) -> None:
    result = run_scenarios(trial, "T1", [Scenario("more", (LeverUse("add_sites", {"count": 10}),))], 5, 2000).results[1]
    days = [(d - TODAY).days for d in (result.last_participant_in[0.05], result.last_participant_in[0.95]) if d]
    assert result.days.mean < 0
    assert result.days.error * np.sqrt(2000) < (days[1] - days[0]) / 2


def test_a_wrong_value_is_named_with_its_bounds() -> None:
    with pytest.raises(BadInput, match="pause: months"):
        check_values(get_lever("pause"), {"months": 99})
    with pytest.raises(NotFound, match="add_sites"):
        get_lever("teleport")


def test_the_example_of_the_brief_is_read_as_two_levers() -> None:
    uses = parse_scenario("add 10 sites in Spain from March and cut visits by 2", date(2026, 11, 20))
    assert uses[0] == LeverUse("add_sites", {"count": 10.0, "country": "ES", "start": "2027-03-01"})
    assert uses[1] == LeverUse("visits", {"change": -2.0})


@pytest.mark.parametrize("form", [part.split("(")[0].strip() for form in FORMS for part in form.split(" / ")])
def test_every_form_that_help_lists_can_be_read_and_shown_back(form: str) -> None:
    text = f"{form} up by 10%" if form == "the euro" else form
    use = parse_scenario(text, TODAY)[0]
    named = {"days": 30.0} if "rule" in use.values else {}  # a known rule's days come from its verdict for a trial
    assert describe_use(LeverUse(use.lever, {**use.values, **named}))


@pytest.mark.parametrize("text", ["build a bridge", "", "add sites", "add 10 sites in Atlantis", "add 3 sites from 31 February 2027"])
def test_what_cannot_be_read_is_refused_and_not_guessed(text: str) -> None:
    with pytest.raises(BadInput):
        parse_scenario(text, TODAY)


def test_the_saddlepoint_law_agrees_with_the_simulated_trial(trial: Snapshot) -> None:
    recruitment = open_draft(trial, "T1").recruitment
    shared = draw_shared(3, 20_000)
    sample = simulate_recruitment("T1", recruitment, shared)[1.0]
    for month in (6.0, 10.0, 14.0):
        assert probability_by_month(recruitment, month) == pytest.approx(float((sample <= month).mean()), abs=0.06)


def test_more_sites_make_a_date_likelier_and_the_least_number_is_found(trial: Snapshot) -> None:
    found = seek_sites(trial, "T1", date(2027, 6, 30), 0.8)
    assert found.sites is not None
    assert found.p_then >= 0.8
    assert [p for _, p in found.curve] == sorted(p for _, p in found.curve)


def test_a_date_that_no_number_of_sites_reaches_is_said_so(trial: Snapshot) -> None:
    assert seek_sites(trial, "T1", date(2026, 7, 20), 0.9).sites is None
    with pytest.raises(BadInput, match="passed"):
        seek_sites(trial, "T1", date(2026, 1, 1), 0.9)


def test_bisection_finds_what_a_walk_finds() -> None:
    def chance(n: int) -> float:
        return 1 - 0.9 ** (n + 1)

    assert least_count(chance, 0.8, 100) == next(n for n in range(100) if chance(n) >= 0.8)
    assert least_count(chance, 0.999999, 10) is None


def options() -> list[Option]:
    rng = np.random.default_rng(2)
    return [
        Option(f"T{i // 2}", f"p{i % 2}", float(c), float(p), float(g), 10.0)
        for i, (c, p, g) in enumerate(rng.uniform((1, 1, 5), (10, 3, 40), (8, 3)))
    ]


def best_by_trying_all(found: list[Option], budget: float, people: float) -> float:
    best = 0.0
    for mask in range(2 ** len(found)):
        chosen = [o for i, o in enumerate(found) if mask >> i & 1]
        fits = sum(o.cost for o in chosen) <= budget and sum(o.people for o in chosen) <= people
        if fits and len({o.study_id for o in chosen}) == len(chosen):
            best = max(best, sum(o.gain - o.cost for o in chosen))
    return best


def test_the_chosen_set_is_the_best_of_all_sets() -> None:
    for budget, people in ((10.0, 20.0), (20.0, 4.0), (0.0, 10.0)):
        choice = choose_options(options(), budget, people)
        assert choice.gain == pytest.approx(best_by_trying_all(options(), budget, people))
        assert choice.cost <= budget + 1e-9


def test_the_frontier_rises_with_the_budget() -> None:
    gains = [choice.gain for choice in trace_frontier(options())]
    assert gains == sorted(gains)
    assert gains[0] == 0.0


def test_knowing_more_is_never_worth_less_than_nothing_and_part_never_more_than_all() -> None:
    rng = np.random.default_rng(1)
    cause, noise = rng.normal(size=4000), rng.normal(size=4000)
    value = value_information({"a": cause, "b": 0.2 * noise}, {"cause": cause, "other": rng.normal(size=4000)})
    assert value.everything >= value.by_cause["cause"] > value.by_cause["other"] >= 0


def test_a_kept_scenario_becomes_the_plan_with_its_decision(trial: Snapshot, settings: Settings) -> None:
    comparison = run_scenarios(trial, "T1", [Scenario("more sites", (LeverUse("add_sites", {"count": 10}),))], 5, 300)
    record = open_record(settings)
    kept = keep_scenario(record, SINGLE_USER, comparison, "more sites", NOW)
    assert keep_scenario(record, SINGLE_USER, comparison, "more sites", NOW) == kept
    decision = promote_scenario(record, SINGLE_USER, kept, "The trial is late and Spain is quick.", NOW, lambda _: trial)
    with record.session() as session:
        row = session.scalars(select(Decision).where(Decision.id == decision)).one()
    assert "10 sites" in row.outcome
    assert read_kept(record, "T1")[0][1] == decision
    assert verify_chain(record) >= 3
    record.close()


def test_a_plan_seals_its_own_forecast_beside_the_one_of_the_trial_as_it_runs(trial: Snapshot, settings: Settings) -> None:
    comparison = run_scenarios(trial, "T1", [Scenario("more sites", (LeverUse("add_sites", {"count": 10}),))], 5)
    record = open_record(settings)
    seal_forecasts(record, SINGLE_USER, trial, 5, NOW, ["T1"])
    kept = keep_scenario(record, SINGLE_USER, comparison, "more sites", NOW)
    promote_scenario(record, SINGLE_USER, kept, "The trial is late.", NOW, lambda _: trial)
    entries = {bool(e.scenario): e for e in read_entries(record, "T1") if e.what == "last_participant_in"}
    assert entries[True].scenario == kept
    promised = comparison.results[1].last_participant_in[0.5]
    assert promised is not None
    assert entries[True].quantiles[0.5] == (promised - trial.data_cut).days
    assert entries[True].quantiles[0.5] < entries[False].quantiles[0.5]  # type: ignore[operator]
    assert entries[True].id != entries[False].id
    record.close()


def test_a_machine_may_not_promote_and_nobody_may_twice(trial: Snapshot, settings: Settings) -> None:
    comparison = run_scenarios(trial, "T1", [Scenario("x", (LeverUse("pause", {"months": 1}),))], 5, 300)
    record = open_record(settings)
    kept = keep_scenario(record, SINGLE_USER, comparison, "x", NOW)
    with pytest.raises(NotPermitted):
        promote_scenario(record, MACHINE, kept, "Because.", NOW, lambda _: trial)
    promote_scenario(record, SINGLE_USER, kept, "Because.", NOW, lambda _: trial)
    with pytest.raises(BadInput, match="already"):
        promote_scenario(record, SINGLE_USER, kept, "Again.", NOW, lambda _: trial)
    record.close()


def test_local_processes_give_the_same_bytes_as_one(trial: Snapshot) -> None:
    draft = open_draft(trial, "T1")
    cases = {(s, f"T{i}"): replace(draft.trial, name=f"T{i}") for s in ("a", "b") for i in range(4)}
    assert run_grid(cases, 3, 300, Here()).digest == run_grid(cases, 3, 300, LocalProcesses(2)).digest


def test_one_trial_is_the_same_alone_and_in_a_grid(trial: Snapshot) -> None:
    inputs = open_draft(trial, "T1").trial
    grid = run_grid({("a", "T1"): inputs}, 3, 300, Here())
    alone = simulate_trial(inputs, draw_shared(3, 300))
    assert grid.results["a", "T1"].lock[2] == np.sort(alone.lock)[150]
