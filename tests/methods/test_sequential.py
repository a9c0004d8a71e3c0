"""The anytime-valid limit test holds its false alarms however often one looks."""

from __future__ import annotations

import numpy as np
import pytest

from quarterdeck.methods.sequential import log_e_value, project_share, watch_limit


def alarms(rate: float, participants: int, studies: int = 1500) -> float:
    rng = np.random.default_rng(4)
    return float(np.mean([watch_limit((rng.random(participants) < rate).astype(int), 0.03, 0.06).is_alarm for _ in range(studies)]))


def test_false_alarms_stay_below_alpha_with_a_look_after_every_participant() -> None:
    assert alarms(0.03, 1000) < 0.05


def test_a_doubled_rate_is_seen_in_a_thousand_participants() -> None:
    assert alarms(0.06, 1000, 400) > 0.9


def test_the_alarm_names_the_participant_at_whom_it_came() -> None:
    result = watch_limit(np.ones(10, dtype=int), 0.03, 0.06)
    assert result.alarm_at == 5  # 2^5 = 32 is the first above 20


def test_an_empty_trial_gives_no_alarm() -> None:
    assert not watch_limit(np.array([], dtype=int), 0.03, 0.06).is_alarm


def test_limits_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(ValueError, match="p0 < p1"):
        log_e_value(np.array([1.0]), np.array([2.0]), 0.06, 0.03)


def test_the_projection_closes_on_what_is_known_as_the_trial_fills() -> None:
    early, late = project_share(3, 100, 1000), project_share(30, 1000, 1000)
    assert early[2] - early[1] > 0.03
    assert late == pytest.approx((0.03, 0.03, 0.03))
