"""Puts a trial of a snapshot on the workbench, and applies a scenario's levers to it."""

from __future__ import annotations

from dataclasses import replace

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.facts import MONTH_DAYS, read_facts
from quarterdeck.forecasts.inputs import prepare_all, why_not
from quarterdeck.forecasts.learnt import learn
from quarterdeck.scenarios.levers import get_lever
from quarterdeck.scenarios.model import Draft, LeverUse, Scenario, check_values
from quarterdeck.vocabulary.errors import BadInput

DEFAULT_VISITS = 12.0


def open_draft(snapshot: Snapshot, study_id: str) -> Draft:
    """The trial as forecast. Raises NotFound for an unknown trial, BadInput where there is nothing to forecast."""
    facts = read_facts(snapshot)
    study = facts.study(study_id)
    if reason := why_not(study):
        raise BadInput("There is nothing to play through for this trial", thing=study_id, next_step=reason)
    prepared, learnt = prepare_all(snapshot)[study_id], learn(snapshot)
    r = prepared.trial.recruitment
    pending = prepared.countries[prepared.open_sites :]
    return Draft(
        prepared.trial,
        prepared.countries[: prepared.open_sites],
        (*pending, *("" for _ in range(len(r.planned_opening) - len(pending)))),
        facts.today,
        facts.currency,
        learnt.stages["start_up"].median / MONTH_DAYS,
        r.mean * r.drift.newcomers,
        1 - learnt.never,
        _visits(snapshot, study_id),
    )


def apply_uses(draft: Draft, uses: tuple[LeverUse, ...]) -> Draft:
    """The levers in order. Raises BadInput or NotFound for a wrong lever or value."""
    for use in uses:
        lever = get_lever(use.lever)
        draft = lever.apply(draft, check_values(lever, use.values))
    return draft


def describe_use(use: LeverUse) -> str:
    """A lever with its values in one sentence, as shown back for confirmation."""
    lever = get_lever(use.lever)
    return lever.describe(check_values(lever, use.values))


def describe_scenario(scenario: Scenario) -> str:
    """All levers of a scenario."""
    return "; ".join(describe_use(use) for use in scenario.uses) or "As forecast"


def check_scenario(scenario: Scenario) -> Scenario:
    """The scenario with every value filled in and checked."""
    return replace(scenario, uses=tuple(LeverUse(use.lever, check_values(get_lever(use.lever), use.values)) for use in scenario.uses))


def _visits(snapshot: Snapshot, study_id: str) -> float:
    rows = snapshot.query("SELECT count(DISTINCT visit) AS n FROM visit WHERE study_id = ?", [study_id]).to_pylist()
    return float(rows[0]["n"]) or DEFAULT_VISITS
