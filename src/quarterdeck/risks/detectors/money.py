"""Money: budgets that will be broken, contingency and units not needed, rates of exchange that cannot be right."""

from __future__ import annotations

from collections import defaultdict
from math import log
from statistics import median
from typing import TYPE_CHECKING, Any

from quarterdeck.risks.portfolio import read_exchange, read_leaders, read_running, read_trials
from quarterdeck.risks.queries import read_rows
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

TOLERANCE = 0.05  # of the approved budget: what a director answers for
OVERSPENT = 0.18  # to date: a forecast that falls back to the budget from here on is a hope
LEAST_SPENT = 0.05
WRONG_RATE = 0.2  # on the log scale against the months around it
BUDGETS = """
SELECT study_id, currency, cost_category = 'contingency' AS is_contingency,
  sum(coalesce(budget_current, budget_baseline, 0)) AS budget, sum(CASE WHEN period <= $cut THEN coalesce(actual, 0) ELSE 0 END) AS spent,
  sum(CASE WHEN period <= $cut THEN coalesce(actual, 0) ELSE coalesce(forecast, 0) END) AS at_completion,
  sum(CASE WHEN period <= $cut THEN coalesce(budget_current, budget_baseline, 0) ELSE 0 END) AS budget_to_date
FROM budget_line GROUP BY ALL
"""
UNITS = """
SELECT d.study_id, c.vendor_id, d.currency, sum(greatest(d.planned_units - d.actual_units, 0) * d.unit_price) AS left_over
FROM deliverable d JOIN contract c USING (contract_id) JOIN study s ON s.study_id = d.study_id
WHERE s.status IN ('close_out', 'locked', 'reported') AND c.status IS DISTINCT FROM 'closed' AND d.planned_units > d.actual_units GROUP BY ALL
"""
RATES = "SELECT from_currency AS source, to_currency AS target, rate_dt, rate FROM fx_rate WHERE rate_type <> 'budget' AND rate > 0 AND rate_dt <= $cut ORDER BY ALL"


def detect(snapshot: Snapshot) -> list[Finding]:
    """Findings about money, opportunities among them."""
    totals = _total(snapshot)
    found = [finding for study, row in sorted(totals.items()) if (finding := _judge_budget(snapshot, study, row))]
    found += [finding for study, row in sorted(totals.items()) if (finding := _judge_contingency(snapshot, study, row))]
    return [*found, *_find_wrong_rates(snapshot), *_find_units(snapshot)]


def _total(snapshot: Snapshot) -> dict[str, dict[str, float]]:
    exchange = read_exchange(snapshot)
    totals: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
    for row in read_rows(snapshot, BUDGETS):
        for name in ("budget", "spent", "at_completion", "budget_to_date"):
            value = exchange.convert(row[name] or 0, row["currency"])
            if value is not None:
                totals[row["study_id"]][f"{'contingency_' if row['is_contingency'] else ''}{name}"] += value
    return totals


def _judge_budget(snapshot: Snapshot, study: str, row: dict[str, float]) -> Finding | None:
    budget, spent = row["budget"], row["spent"]
    if study not in read_running(snapshot) or budget <= 0 or spent < LEAST_SPENT * budget:
        return None
    at_end, so_far = row["at_completion"] / budget - 1, spent / row["budget_to_date"] - 1 if row["budget_to_date"] else 0.0
    over = max(at_end, 0) * budget - row["contingency_budget"]
    if at_end <= TOLERANCE and not (so_far >= OVERSPENT and at_end > TOLERANCE / 2):
        return None
    exchange = read_exchange(snapshot)
    money, percent = exchange.money(at_end * budget), wording.share(at_end, 0)
    return Finding(
        id=f"budget/study/{study}", source="risks", scope=Scope("study", study),
        headline=f"By its books {study} heads for {wording.money(money)} ({percent}) above its approved budget",
        verdict=Verdict.CONCERN, cause=f"Spending to date is {wording.share(so_far, 0)} above the budget to date",
        suggested_action="Ask for a re-forecast, and decide: less scope, contingency, or a new budget", owner=read_leaders(snapshot).get(study, ""),
        href=f"/trials/{study}", consequence=Consequence(0.9 if so_far > TOLERANCE else 0.6, None, money, None, over <= 0),
        facts={"trial": study, "over": wording.money(money), "share": percent, "to date": wording.share(so_far, 0)}, snapshot=snapshot.id,
    )  # fmt: skip


def _judge_contingency(snapshot: Snapshot, study: str, row: dict[str, float]) -> Finding | None:
    left = row["contingency_budget"] - row["contingency_spent"]
    trial = read_trials(snapshot).get(study, {})
    if trial.get("status") not in ("close_out", "follow_up") or left <= 0 or row["at_completion"] > row["budget"] * (1 + TOLERANCE):
        return None
    money = read_exchange(snapshot).money(left)
    return _opportunity(
        snapshot, f"contingency/study/{study}", Scope("study", study), f"{study} will not need its contingency of {wording.money(money)}",
        "The trial is near its end within its budget", "Give the contingency back, or to a trial that needs it", money, {"trial": study, "left": wording.money(money)},
    )  # fmt: skip


def _find_units(snapshot: Snapshot) -> list[Finding]:
    exchange, left = read_exchange(snapshot), defaultdict[tuple[str, str], float](float)
    for row in read_rows(snapshot, UNITS):
        left[row["study_id"], row["vendor_id"] or ""] += exchange.convert(row["left_over"] or 0, row["currency"]) or 0.0
    found = []
    for (study, vendor), amount in sorted(left.items()):
        if amount > 25_000:
            money = exchange.money(amount)
            found.append(_opportunity(
                snapshot, f"units/study/{study}/{vendor}", Scope("study", study), f"{wording.money(money)} of units that {vendor} will not deliver in {study} can be released",
                "The trial is over and the contract is still open", "Reconcile and close the contract", money, {"trial": study, "vendor": vendor, "left": wording.money(money)},
            ))  # fmt: skip
    return found


def _opportunity(
    snapshot: Snapshot, identifier: str, scope: Scope, headline: str, cause: str, action: str, money: Any, facts: dict[str, float | str]
) -> Finding:
    return Finding(
        identifier, "risks", scope, headline, Verdict.BETTER, cause, action, read_leaders(snapshot).get(scope.key, ""), f"/trials/{scope.key}",
        Consequence(0.8, None, money, None, True), (), facts, True, snapshot.id,
    )  # fmt: skip


def _find_wrong_rates(snapshot: Snapshot) -> list[Finding]:
    series: dict[tuple[str, str], list[tuple[Any, float]]] = defaultdict(list)
    for row in read_rows(snapshot, RATES):
        series[row["source"], row["target"]].append((row["rate_dt"], float(row["rate"])))
    found = []
    for (source, target), points in sorted(series.items()):
        wrong = [
            (day, rate, _typical(points, i)) for i, (day, rate) in enumerate(points) if abs(log(rate / _typical(points, i))) > WRONG_RATE
        ]
        quarters = sorted({f"{day.year}-Q{(day.month + 2) // 3}" for day, _, _ in wrong})
        for quarter in quarters:
            mine = [entry for entry in wrong if f"{entry[0].year}-Q{(entry[0].month + 2) // 3}" == quarter]
            found.append(_describe_rates(snapshot, source, target, quarter, mine))
    return found


def _typical(points: list[tuple[Any, float]], i: int) -> float:
    around = [rate for _, rate in points[max(0, i - 8) : i + 9]]
    return median(around)


def _describe_rates(snapshot: Snapshot, source: str, target: str, quarter: str, wrong: list[tuple[Any, float, float]]) -> Finding:
    day, rate, typical = wrong[0]
    is_inverse = abs(log(rate * typical)) < WRONG_RATE
    exchange = read_exchange(snapshot)
    spent = sum(exchange.convert(row["spent"], source) or 0 for row in _spent_in(snapshot, source, wrong[0][0], wrong[-1][0]))
    money = exchange.money(abs(rate / typical - 1) * spent)
    seen, usual = wording.number(rate, 3), wording.number(typical, 3)
    return Finding(
        id=f"rates/quarter/{quarter}/{source}-{target}", source="risks", scope=Scope("portfolio", ""),
        headline=f"{wording.plural(len(wrong), 'rate')} from {source} to {target} in {quarter} cannot be right: {seen} where {usual} is usual",
        verdict=Verdict.CONCERN, cause="The rate was inverted" if is_inverse else "The rate is far from the months around it",
        suggested_action="Correct the rates at their source, load again, and restate the quarter", owner="", href="/evidence",
        consequence=Consequence(0.95, None, money, None, True),
        facts={"quarter": quarter, "pair": f"{source} to {target}", "rates": len(wrong), "seen": seen, "usual": usual, "first": wording.day(day)},
        snapshot=snapshot.id,
    )  # fmt: skip


def _spent_in(snapshot: Snapshot, currency: str, first: Any, last: Any) -> list[dict[str, Any]]:
    sql = "SELECT coalesce(sum(actual), 0) AS spent FROM budget_line WHERE currency = $currency AND period BETWEEN $first AND $last"
    return read_rows(snapshot, sql, currency=currency, first=first, last=last)
