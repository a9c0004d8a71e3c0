"""Arms that fill up: exact against counting arrivals one by one, and never faster than without caps."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from quarterdeck.methods.arm_caps import arm_shares, needs_with_caps


def admit_one_by_one(arms: list[tuple[int, int]], count: int, rng: np.random.Generator) -> float:
    """The slow twin: arrivals in order, each to an arm by its share, turned away where it is full."""
    shares, places = arm_shares(arms), [cap - had for cap, had in arms]
    clock, admitted = 0.0, 0
    while admitted < count:
        clock += rng.exponential()
        arm = rng.choice(len(arms), p=shares / shares.sum())
        if places[arm] > 0:
            places[arm] -= 1
            admitted += 1
    return clock


def test_admissions_agree_with_counting_one_by_one() -> None:
    arms = [(12, 4), (30, 6)]
    fast = needs_with_caps(arms, [20, 32], np.random.default_rng(1), 4000)
    slow = np.array([admit_one_by_one(arms, 32, np.random.default_rng([2, i])) for i in range(1500)])
    assert fast[:, 1].mean() == pytest.approx(slow.mean(), rel=0.03)
    assert (fast[:, 0] <= fast[:, 1]).all()


def test_more_than_the_caps_hold_is_never_reached() -> None:
    assert np.isinf(needs_with_caps([(5, 5), (6, 2)], [5], np.random.default_rng(1), 10)).all()


@given(st.lists(st.tuples(st.integers(1, 40), st.integers(0, 20)), min_size=1, max_size=4), st.integers(1, 20))
def test_caps_never_speed_recruitment_up(arms: list[tuple[int, int]], count: int) -> None:
    arms = [(cap, min(had, cap)) for cap, had in arms]
    capped = needs_with_caps(arms, [count], np.random.default_rng(3), 400)[:, 0]
    assert capped.mean() >= 0.85 * count  # without caps it is a sum of `count` unit exponentials


def test_shares_add_up_and_lean_on_what_was_enrolled() -> None:
    shares = arm_shares([(100, 80), (100, 20)])
    assert shares.sum() == pytest.approx(1.0)
    assert shares[0] > 0.7
