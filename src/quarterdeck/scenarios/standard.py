"""What is weighed for a trial in trouble where nobody has played anything through yet: four standard options on common futures."""

from __future__ import annotations

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.scenarios.model import Draft, LeverUse, Scenario
from quarterdeck.scenarios.packages import FEW, add_sites, campaign, count_sites
from quarterdeck.scenarios.prepare import check_scenario, open_draft
from quarterdeck.scenarios.run import REPLICATES, Comparison, run_scenarios
from quarterdeck.vocabulary.errors import BadInput

STANDARD = ("more-sites", "campaign", "eligibility", "fewer-visits")


def standard_scenarios(draft: Draft) -> tuple[Scenario, ...]:
    """The standard options in sizes that fit the trial, in the order of `STANDARD`.

    Sizes are those of the packages of portfolio choice where there is one. Lighter eligibility and fewer visits change the protocol,
    so each carries the amendment it needs.
    """
    uses = (
        (add_sites(count_sites(draft, FEW)),),
        (campaign(draft),),
        (LeverUse("eligibility", {"eased": 0.2}), LeverUse("amendment")),
        (LeverUse("visits", {"change": -2}), LeverUse("amendment")),
    )
    return tuple(Scenario(name, levers) for name, levers in zip(STANDARD, uses, strict=True))


def compare_standard(snapshot: Snapshot, study_id: str, seed: int, replicates: int = REPLICATES) -> Comparison:
    """The baseline and the standard options of one trial, once a snapshot and seed.

    Raises NotFound for an unknown trial, BadInput where the trial is over or has all its participants.
    """

    def run() -> Comparison:
        draft = open_draft(snapshot, study_id)
        if draft.recruitment.needed <= 0:
            raise BadInput("Nothing is left to recruit", thing=study_id, next_step="it has all its participants")
        return run_scenarios(snapshot, study_id, [check_scenario(scenario) for scenario in standard_scenarios(draft)], seed, replicates)

    return snapshot.cached(("scenarios.standard", study_id, seed, replicates), run)
