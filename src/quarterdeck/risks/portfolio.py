"""What detectors share: trials, their daily cost, who leads them, and money in one currency. Read once a snapshot."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from quarterdeck.measures.rates_of_exchange import ACTUAL, BUDGET, read_currency, read_rates
from quarterdeck.risks.queries import read_rows
from quarterdeck.vocabulary.money import Money

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

ROLES = {"cpm": "clinical project manager", "com": "clinical operations manager", "director": "director"}
RUNNING = ("start_up", "enrolling", "enrolment_closed", "follow_up", "close_out")
BURN_DAYS = 183  # recent spending is what a day of delay goes on costing

TRIALS = """
WITH enrolled AS (
  SELECT study_id, count(*) AS enrolled, min(coalesce(enroll_dt, rand_dt)) AS first_in,
    count(*) FILTER (coalesce(enroll_dt, rand_dt) > $cut - 182) AS recent,
    count(*) FILTER (coalesce(study_disc_dt > $cut, true) AND coalesce(completed_yn, false) = false) AS in_trial
  FROM subject WHERE coalesce(enroll_dt, rand_dt) <= $cut GROUP BY ALL
), counts AS (
  SELECT study_id, arg_max(actual, period_end) AS counted FROM enrollment_metric
  WHERE period_end <= $cut AND coalesce(country, '') = '' AND coalesce(site_id, '') = ''
    AND metric = (SELECT min(metric) FROM enrollment_metric WHERE metric IN ('total_enrolled', 'total_randomized')) GROUP BY ALL
)
SELECT s.*, coalesce(e.enrolled, p.counted, 0) AS enrolled, e.first_in, e.recent, coalesce(e.in_trial, 0) AS in_trial
FROM study s LEFT JOIN enrolled e USING (study_id) LEFT JOIN counts p USING (study_id) ORDER BY s.study_id
"""
SPENDING = """
SELECT study_id, currency, sum(coalesce(actual, 0)) AS spent FROM budget_line WHERE period > $cut - 183 AND period <= $cut GROUP BY ALL
"""
LEADERS = """
SELECT study_id, arg_max(person_id, (role = 'cpm', period)) AS person, arg_max(role, (role = 'cpm', period)) AS role FROM allocation WHERE role IN ('cpm', 'com', 'director') AND period <= $cut GROUP BY ALL
"""


@dataclass(frozen=True, slots=True)
class Exchange:
    """Rates to one currency as the measures have them: the budget rate at the data cut; only where none was stated, the last actual one."""

    currency: str
    rates: dict[str, float]

    def convert(self, amount: float | Decimal, currency: str | None) -> float | None:
        """The amount in the common currency; None where no rate is known."""
        rate = self.rates.get(currency or self.currency)
        return None if rate is None else float(amount) * rate

    def money(self, amount: float) -> Money:
        """An amount of the common currency, in whole units."""
        return Money(Decimal(round(amount)), self.currency)


def read_trials(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """Trials by id with enrolled, and participants in the trial."""
    return snapshot.cached("risks.trials", lambda: {row["study_id"]: row for row in read_rows(snapshot, TRIALS)})


def read_running(snapshot: Snapshot) -> dict[str, dict[str, Any]]:
    """Trials that are not locked, reported or terminated."""
    return {key: row for key, row in read_trials(snapshot).items() if row["status"] is None or row["status"] in RUNNING}


def read_exchange(snapshot: Snapshot) -> Exchange:
    """Rates to the currency that the measures show amounts in."""
    return snapshot.cached("risks.exchange", lambda: _read_exchange(snapshot))


def read_daily_cost(snapshot: Snapshot) -> dict[str, float]:
    """What a day of each trial has cost lately, in the common currency."""
    return snapshot.cached("risks.daily_cost", lambda: _read_daily_cost(snapshot))


def read_leaders(snapshot: Snapshot) -> dict[str, str]:
    """Who leads each trial, as allocated last: the role in words and the pseudonym, such as "clinical project manager P023"."""
    return snapshot.cached(
        "risks.leaders", lambda: {row["study_id"]: f"{ROLES[row['role']]} {row['person']}" for row in read_rows(snapshot, LEADERS)}
    )


def _read_exchange(snapshot: Snapshot) -> Exchange:
    rates, currency = read_rates(snapshot), read_currency(snapshot)
    known = {other: rates.get_rate(other, currency, snapshot.data_cut, BUDGET + ACTUAL) for other in rates.currencies}
    return Exchange(currency, {other: rate for other, rate in known.items() if rate is not None} | {currency: 1.0})


def _read_daily_cost(snapshot: Snapshot) -> dict[str, float]:
    exchange, cost = read_exchange(snapshot), dict[str, float]()
    for row in read_rows(snapshot, SPENDING):
        value = exchange.convert(row["spent"], row["currency"])
        cost[row["study_id"]] = cost.get(row["study_id"], 0.0) + (value or 0.0) / BURN_DAYS
    return cost


def days_between(first: date | None, last: date | None) -> int | None:
    """Days from one date to the other, where both are known."""
    return (last - first).days if first and last else None
