"""What is weighed for a trial in trouble where nobody has played anything through yet: four standard options on common futures."""

from __future__ import annotations

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.scenarios.model import LeverUse, Scenario
from quarterdeck.scenarios.prepare import check_scenario, open_draft
from quarterdeck.scenarios.run import REPLICATES, Comparison, run_scenarios
from quarterdeck.vocabulary.errors import BadInput

# Sizes are those of the packages of portfolio choice where there is one. Lighter eligibility and fewer visits change the protocol,
# so each carries the amendment it needs.
STANDARD = (
    Scenario("more-sites", (LeverUse("add_sites", {"count": 10}),)),
    Scenario("campaign", (LeverUse("change_rate", {"change": 0.15, "cost": 300_000.0}),)),
    Scenario("eligibility", (LeverUse("eligibility", {"eased": 0.2}), LeverUse("amendment"))),
    Scenario("fewer-visits", (LeverUse("visits", {"change": -2}), LeverUse("amendment"))),
)


def compare_standard(snapshot: Snapshot, study_id: str, seed: int, replicates: int = REPLICATES) -> Comparison:
    """The baseline and the standard options of one trial, once a snapshot and seed.

    Raises NotFound for an unknown trial, BadInput where the trial is over or has all its participants.
    """

    def run() -> Comparison:
        if open_draft(snapshot, study_id).recruitment.needed <= 0:
            raise BadInput("Nothing is left to recruit", thing=study_id, next_step="it has all its participants")
        return run_scenarios(snapshot, study_id, [check_scenario(scenario) for scenario in STANDARD], seed, replicates)

    return snapshot.cached(("scenarios.standard", study_id, seed, replicates), run)
