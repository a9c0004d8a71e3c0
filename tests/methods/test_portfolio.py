"""Portfolio simulation, networks, stage times and event-driven trials: twins, invariances, published peers."""

from __future__ import annotations

import csv
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from quarterdeck.methods.completion import CompletionLaw, Sites
from quarterdeck.methods.conformal import conformal_offsets, kaplan_meier_weights
from quarterdeck.methods.gamma_table import gamma_from_normal
from quarterdeck.methods.monte_carlo import keyed_stream
from quarterdeck.methods.network import Activity, deterministic_finish, run_network
from quarterdeck.methods.portfolio import (
    Finish,
    Money,
    Recruitment,
    Shared,
    TrialInput,
    draw_shared,
    simulate_portfolio,
    simulate_recruitment,
    simulate_trial,
)
from quarterdeck.methods.stage_times import StageLaw, draw_pert, fit_stage, gamma_as_log_normal, remaining_time
from quarterdeck.methods.time_to_event import (
    aic_weights,
    draw_enrolment,
    fit_enrolment,
    fit_survival,
    simulate_event_trial,
)
from quarterdeck.vocabulary.errors import BadInput


def build_recruitment(**changes: object) -> Recruitment:
    base = Recruitment(
        120, 40, np.full(20, 3.0), np.full(20, 6.0), np.full(20, 6.0), np.full(20, np.inf), np.array([2.0, 4.0, 5.0]), np.ones(3), 1.4, 0.5
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def still(replicates: int = 20_000) -> Shared:
    """Shared draws without any common drift, to compare with closed forms."""
    shared = draw_shared(1, replicates)
    return replace(shared, drift=np.zeros_like(shared.drift))


def median(name: str, recruitment: Recruitment) -> float:
    return float(np.median(simulate_recruitment(name, recruitment, draw_shared(5, 4000))[1.0]))


@pytest.mark.parametrize("shape", [0.4, 2.0, 30.0, 500.0])
def test_gammas_from_normals_have_the_moments_of_gammas(shape: float) -> None:
    draws = gamma_from_normal(keyed_stream(1, "z").standard_normal(200_000), shape)
    assert draws.mean() == pytest.approx(shape, rel=0.02)
    assert draws.var() == pytest.approx(shape, rel=0.05)


def test_superposition_agrees_with_the_exact_law(monkeypatch: pytest.MonkeyPatch) -> None:
    from quarterdeck.methods import portfolio

    monkeypatch.setattr(portfolio, "_walk", lambda rng, size: np.zeros((size, len(portfolio.KNOT_MONTHS))))
    r = build_recruitment(planned_opening=np.zeros(0), planned_chance=np.zeros(0))
    sample = simulate_recruitment("A", r, still())[1.0]
    sites = Sites(
        r.open_shape, r.open_rate, np.zeros(20), np.full(20, np.inf), np.full(20, np.inf), np.zeros(20, np.int64), np.full((20, 3), np.nan)
    )
    law = CompletionLaw(r.needed, [(1.0, sites)])
    for p in (0.1, 0.5, 0.9):
        assert np.quantile(sample, p) == pytest.approx(law.quantile(p), rel=0.02)


def test_the_same_seed_gives_the_same_bytes() -> None:
    trials = [TrialInput(name, build_recruitment()) for name in "AB"]
    one, other = simulate_portfolio(trials, 7, 500), simulate_portfolio(trials, 7, 500)
    assert all(np.array_equal(a.lock, b.lock) and np.array_equal(a.cost, b.cost) for a, b in zip(one, other, strict=True))


def test_another_trial_in_the_portfolio_changes_no_draw() -> None:
    alone = simulate_portfolio([TrialInput("A", build_recruitment())], 7, 500)[0]
    joined = simulate_portfolio([TrialInput("B", build_recruitment()), TrialInput("A", build_recruitment())], 7, 500)[1]
    assert np.array_equal(alone.lock, joined.lock)


def test_trials_of_one_portfolio_slip_together() -> None:
    a, b = simulate_portfolio([TrialInput(name, build_recruitment()) for name in "AB"], 7, 4000)
    assert np.corrcoef(a.last_participant_in, b.last_participant_in)[0, 1] > 0.05


def test_more_sites_a_higher_rate_or_a_smaller_target_never_delay() -> None:
    base = median("A", build_recruitment())
    more = build_recruitment(planned_opening=np.array([2.0, 4.0, 5.0, 5.0]), planned_chance=np.ones(4))
    assert median("A", more) <= base
    assert median("A", build_recruitment(rate_factor=1.2)) < base
    assert median("A", build_recruitment(target=100)) < base


def test_a_hold_delays_by_about_its_length() -> None:
    assert median("A", build_recruitment(holds=((1.0, 3.0),))) - median("A", build_recruitment()) == pytest.approx(2.0, abs=0.3)


def test_milestones_come_in_order() -> None:
    reached = simulate_recruitment("A", build_recruitment(), draw_shared(5, 2000))
    assert list(reached) == [0.5, 0.75, 1.0]
    assert (reached[0.5] <= reached[0.75]).all()
    assert (reached[0.75] <= reached[1.0]).all()


def test_a_trial_that_cannot_recruit_is_never_done_and_its_cost_stays_finite() -> None:
    stuck = build_recruitment(open_closing=np.full(20, 0.5), planned_opening=np.zeros(0), planned_chance=np.zeros(0))
    future = simulate_trial(TrialInput("A", stuck, Finish(), Money(fixed_month=1e5)), draw_shared(1, 200))
    assert np.isinf(future.lock).all()
    assert np.isfinite(future.cost).all()


def test_a_later_lock_costs_more() -> None:
    money = Money(spent=1e6, fixed_month=1e5, site_month=500, participant=1e4)
    cheap, dear = (
        simulate_trial(TrialInput("A", r, Finish(), money), draw_shared(1, 2000)).cost.mean()
        for r in (build_recruitment(), build_recruitment(rate_factor=0.6))
    )
    assert dear > cheap > 1e6


def test_merging_paths_finish_later_than_their_medians_say() -> None:
    rng = keyed_stream(1, "net")
    paths = [Activity(name, rng.gamma(4, 10, 5000)) for name in ("a", "b", "c")]
    activities = [*paths, Activity("end", np.zeros(5000), ("a", "b", "c"))]
    future = run_network(activities, "end")
    assert np.median(future.finish["end"]) > deterministic_finish(activities, "end")
    assert sum(future.criticality[n] for n in "abc") == pytest.approx(1.0)


def test_a_circle_of_activities_is_refused_by_name() -> None:
    with pytest.raises(BadInput, match="circle"):
        run_network([Activity("a", np.ones(2), ("b",)), Activity("b", np.ones(2), ("a",))], "a")


def test_a_stage_that_has_lasted_long_will_last_longer_than_a_fresh_one_in_all() -> None:
    law, z = StageLaw(60, 0.5), keyed_stream(1, "z").standard_normal(20_000)
    waited = remaining_time(law, 90.0, z)
    assert (waited >= 0).all()
    fresh = remaining_time(law, 0.0, z)
    assert np.median(waited) == pytest.approx(np.median(fresh[fresh > 90]) - 90, rel=0.08)


def test_unfinished_cases_lengthen_the_fitted_stage() -> None:
    prior = StageLaw(50, 0.5)
    done = np.array([30.0, 40, 50, 45, 60])
    assert fit_stage(done, np.array([100.0, 120, 140]), prior).median > fit_stage(done, np.zeros(0), prior).median


def test_a_published_gamma_keeps_its_mean() -> None:
    law = gamma_as_log_normal(10.4, 19.9)
    assert law.median * np.exp(law.spread**2 / 2) == pytest.approx(10.4 * 19.9)


def test_an_elicited_range_stays_within_its_ends() -> None:
    draws = draw_pert(10, 20, 60, keyed_stream(1, "pert"), 5000)
    assert draws.min() >= 10
    assert draws.max() <= 60
    assert draws.mean() == pytest.approx((10 + 4 * 20 + 60) / 6, rel=0.03)


def test_conformal_intervals_cover_new_cases() -> None:
    rng = keyed_stream(1, "conformal")
    low, high = conformal_offsets(rng.standard_t(3, 500), 0.8)
    fresh = rng.standard_t(3, 20_000)
    assert np.mean((low <= fresh) & (fresh <= high)) == pytest.approx(0.8, abs=0.04)


def test_censoring_weights_recover_the_mean() -> None:
    rng = keyed_stream(1, "censor")
    t, c = rng.gamma(4, 10, 20_000), rng.uniform(10, 150, 20_000)
    weights = kaplan_meier_weights(np.minimum(t, c), t <= c)
    assert np.average(np.minimum(t, c), weights=weights) == pytest.approx(40, rel=0.03)


def read_participants(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, int]:
    rows = list(csv.DictReader(path.read_text().splitlines()))
    start = date.fromisoformat(rows[0]["trialsdt"])
    days = np.array([(date.fromisoformat(r["randdt"]) - start).days + 1 for r in rows], dtype=float)
    event, dropout = (np.array([float(r[k]) == 1 for r in rows]) for k in ("event", "dropout"))
    cutoff = (date.fromisoformat(rows[0]["cutoffdt"]) - start).days + 1
    return days, np.array([float(r["time"]) for r in rows]), event, dropout, cutoff


@pytest.mark.shared_data
@pytest.mark.parametrize(
    ("name", "cuts", "aic", "expected"),
    [("poisson", (), 666.275, 489), ("time-decay", (), 609.0973, 436), ("piecewise", (140.0,), 629.0583, 459)],
)
def test_enrolment_fits_agree_with_the_reference_package(
    shared_data: Path, name: str, cuts: tuple[float, ...], aic: float, expected: float
) -> None:
    days, _, _, _, cutoff = read_participants(shared_data / "enrolment/E01_eventPred_reference/interimData1.csv")
    fit = fit_enrolment(name, days, days.max(), cuts)
    assert fit.aic == pytest.approx(aic, abs=0.01)
    last = draw_enrolment(fit, cutoff, 300 - len(days), keyed_stream(1, name), 4000)[:, -1]
    assert np.median(last) == pytest.approx(expected, abs=2)


@pytest.mark.shared_data
def test_the_day_of_the_two_hundredth_event_agrees_with_the_reference_package(shared_data: Path) -> None:
    days, time, event, dropout, _ = read_participants(shared_data / "enrolment/E01_eventPred_reference/interimData2.csv")
    at_risk = ~event & ~dropout
    law, lost = fit_survival("weibull", time, event), fit_survival("exponential", time, dropout)
    enrolled = np.repeat(days[at_risk][None], 3000, 0)
    day = simulate_event_trial(enrolled, law, lost, 200, keyed_stream(2, "e"), time[at_risk], (days + time - 1)[event])
    assert np.median(day) == pytest.approx(1104, abs=8)
    assert aic_weights([fit_survival(n, time, event) for n in ("exponential", "weibull")]).sum() == pytest.approx(1.0)
