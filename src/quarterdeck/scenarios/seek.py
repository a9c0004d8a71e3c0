"""Goal seeking: how much of one lever makes a date likely enough."""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import date

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.facts import MONTH_DAYS
from quarterdeck.methods.goal_seek import least_count, probability_by_month
from quarterdeck.scenarios.model import LeverUse
from quarterdeck.scenarios.prepare import apply_uses, open_draft
from quarterdeck.vocabulary.errors import BadInput

MOST_SITES = 400


@dataclass(frozen=True, slots=True)
class SoughtSites:
    """How many sites make P(last participant in by `by`) at least `wanted`; None where no number up to 400 does."""

    study_id: str
    by: date
    wanted: float
    country: str
    sites: int | None
    p_now: float
    p_then: float
    curve: tuple[tuple[int, float], ...]
    milliseconds: float


def seek_sites(snapshot: Snapshot, study_id: str, by: date, wanted: float, country: str = "", start: str = "") -> SoughtSites:
    """The least number of added sites. Raises BadInput for a date that has passed or a chance outside 0..1."""
    draft = open_draft(snapshot, study_id)
    if by <= draft.today:
        raise BadInput("The date has passed", thing=str(by), allowed=f"after {draft.today}")
    if not 0 < wanted < 1:
        raise BadInput("The chance lies between 0 and 1", thing=str(wanted))
    months = (by - draft.today).days / MONTH_DAYS
    began = time.perf_counter()
    known: dict[int, float] = {}

    def probability(count: int) -> float:
        if count not in known:
            use = LeverUse("add_sites", {"count": count, "country": country, "start": start})
            known[count] = probability_by_month(apply_uses(draft, (use,)).recruitment, months)
        return known[count]

    sites = least_count(probability, wanted, MOST_SITES)
    spent = 1000 * (time.perf_counter() - began)
    then = probability(sites if sites is not None else MOST_SITES)
    return SoughtSites(study_id, by, wanted, country, sites, probability(0), then, tuple(sorted(known.items())), spent)
