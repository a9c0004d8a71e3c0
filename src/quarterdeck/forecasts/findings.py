"""What the forecasts want a director to see: milestones that will slip, budgets that will not hold, trials that will end early."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.model import MilestoneForecast, TrialForecast
from quarterdeck.forecasts.portfolio import forecast_portfolio
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.money import Money
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.verdict import Verdict

SEED = 20261122
LATE_DAYS, LATE_CHANCE = 60.0, 0.10  # a slip worth a director's time: two months, and the plan is very unlikely
OVER_SHARE, OVER_CHANCE = 0.10, 0.80
EARLY_DAYS, EARLY_CHANCE = 30.0, 0.90
ACTIONS = {
    "sites late": "Open pending sites sooner, or add sites where approval is quick.",
    "rates low": "Ask the slowest sites what stops them; compare adding sites with easing eligibility.",
    "screening": "Look at the reasons of screen failure before adding sites.",
    "drift": "Expect sites to slow; plan sites for the second half now.",
    "approvals": "Chase the approvals that sites wait for.",
}


def findings(snapshot: Snapshot, seed: int | None = None) -> list[Finding]:
    """Findings of all trials and of the portfolio by the installation's seed or another one, kept with the snapshot."""
    chosen = snapshot.choices.random_seed if seed is None else seed
    return snapshot.cached(("forecasts.findings", chosen), lambda: _find(snapshot, chosen))


def _find(snapshot: Snapshot, seed: int) -> list[Finding]:
    portfolio = forecast_portfolio(snapshot, seed)
    found: list[Finding] = []
    for trial in portfolio.trials:
        found += [f for f in (_late(trial), _early(trial), _over(trial)) if f is not None]
    for target in portfolio.targets:
        # What a measure says of its own target is a finding of the measures already.
        if not target.measure and target.probability is not None and target.probability < 0.4:
            found.append(
                Finding(
                    f"forecasts/target/{target.target}",
                    "forecasts",
                    Scope(),
                    f"A target of the role will probably be missed: {target.question} Chance {wording.chance(target.probability)}.",
                    Verdict.CONCERN,
                    cause=target.detail,
                    href="/forecasts",
                    facts={"probability": target.probability, "horizon": str(target.horizon)},
                    snapshot=portfolio.snapshot,
                )
            )
    return found


def _late(trial: TrialForecast) -> Finding | None:
    m = trial.milestone("last_participant_in")
    if m is None or m.planned is None or m.p_by_plan is None or m.actual is not None or m.p_by_plan > LATE_CHANCE:
        return None
    slip = m.slip_days
    if slip is not None and slip < LATE_DAYS:
        return None
    return Finding(
        f"forecasts/late/{trial.study_id}",
        "forecasts",
        Scope("study", trial.study_id),
        _late_words(trial.study_id, m, slip),
        Verdict.CONCERN,
        cause=_cause(trial),
        suggested_action=ACTIONS.get(trial.drivers[0][0], "") if trial.drivers else "",
        href=f"/forecasts/{trial.study_id}",
        consequence=Consequence(1 - m.p_by_plan, slip, _delay_cost(trial, slip), float(max(trial.target - trial.enrolled, 0))),
        facts=_facts(m, slip) | {"enrolled": trial.enrolled, "target": trial.target},
        snapshot=trial.snapshot,
    )


def _late_words(study: str, m: MilestoneForecast, slip: float | None) -> str:
    if slip is None or m.median is None:
        return f"{study} will probably not enrol its last participant within ten years at the present pace."
    return f"{study} will enrol its last participant {wording.late(slip)}, in {wording.month(m.median)} (planned {wording.month(_planned(m))})."


def _early(trial: TrialForecast) -> Finding | None:
    m = trial.milestone("last_participant_in")
    if m is None or m.planned is None or m.p_by_plan is None or m.actual is not None or m.median is None:
        return None
    slip = m.slip_days
    if slip is None or slip > -EARLY_DAYS or m.p_by_plan < EARLY_CHANCE:
        return None
    return Finding(
        f"forecasts/early/{trial.study_id}",
        "forecasts",
        Scope("study", trial.study_id),
        f"{trial.study_id} will enrol its last participant {wording.late(slip)}: resources can move.",
        Verdict.BETTER,
        suggested_action="Bring database lock forward, and lend its monitors to a late trial.",
        href=f"/forecasts/{trial.study_id}",
        consequence=Consequence(m.p_by_plan, slip, None, None),
        facts=_facts(m, slip),
        opportunity=True,
        snapshot=trial.snapshot,
    )


def _over(trial: TrialForecast) -> Finding | None:
    money = trial.money
    if money is None or money.p_over < OVER_CHANCE or money.quantiles[0.5] < money.approved * (1 + OVER_SHARE):
        return None
    over = money.quantiles[0.5] - money.approved
    most = max(money.bridge, key=lambda step: step[1])
    return Finding(
        f"forecasts/over/{trial.study_id}",
        "forecasts",
        Scope("study", trial.study_id),
        f"{trial.study_id} will cost {wording.money(over, money.currency)} more than approved ({wording.share(over / money.approved, 0)}).",
        Verdict.CONCERN,
        cause=f"Most of it: {most[0].lower()} ({wording.money(most[1], money.currency, signed=True)}).",
        suggested_action="Decide on contingency, scope or the end date before the next change order.",
        href=f"/forecasts/{trial.study_id}",
        consequence=Consequence(money.p_over, None, Money(Decimal(round(over)), money.currency), None),
        facts={
            "over": over,
            "over_share": over / money.approved,
            "approved": money.approved,
            "median": money.quantiles[0.5],
            "largest_step": most[1],
            "p_over": money.p_over,
        },
        snapshot=trial.snapshot,
    )


def _cause(trial: TrialForecast) -> str:
    if not trial.drivers:
        return ""
    parts = [f"{name} ({wording.duration(days)})" for name, days in trial.drivers if days > 0][:3]
    return f"What it would gain at plan, one at a time: {wording.listing(parts)}." if parts else ""


def _delay_cost(trial: TrialForecast, slip: float | None) -> Money | None:
    if trial.money is None or slip is None:
        return None
    late = next((amount for name, amount in trial.money.bridge if name.startswith("Longer")), 0.0)
    return Money(Decimal(round(max(late, 0.0))), trial.money.currency)


def _facts(m: MilestoneForecast, slip: float | None) -> dict[str, float | str]:
    facts: dict[str, float | str] = {"milestone": m.milestone, "planned": str(m.planned), "median": str(m.median)}
    if slip is not None:
        facts["slip_days"] = slip
    if m.p_by_plan is not None:
        facts["p_by_plan"] = m.p_by_plan
    return facts


def _planned(m: MilestoneForecast) -> date:
    assert m.planned is not None
    return m.planned
