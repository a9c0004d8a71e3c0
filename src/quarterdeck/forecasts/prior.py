"""What registries say of a trial that has enrolled nobody: its duration from its design alone, weighed into the plan-based forecast."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from quarterdeck.forecasts.design import AREAS, Design, forecast_design
from quarterdeck.forecasts.facts import MONTH_DAYS, StudyFacts
from quarterdeck.forecasts.model import DesignPrior
from quarterdeck.methods.portfolio import TrialFuture, TrialInput, draw_shared, simulate_trial

PHASES = {"P1": "1", "P1/P2": "1/2", "P2": "2", "P2/P3": "2/3", "P3": "3", "P4": "4"}
WEIGHING = 1000  # joint futures from which the plan's own interval is read
MOST_WEIGHT = 0.5
ENDS = (0.1, 0.5, 0.9)  # the design's interval is of 80 %, so the plan's beside it is too
STEM = 6  # letters by which an area is recognised: Cardiology and Cardiovascular


def weigh_design(study: StudyFacts, trial: TrialInput) -> tuple[TrialInput, DesignPrior | None]:
    """The planned trial with its pace moved towards what trials of its design took, and the prior; as it was once somebody is enrolled.

    Plan and design are two measurements of one log duration; each weighs by its precision, the design never more than half. Its interval
    is the wider by far, so it moves a forecast by weeks, not years.
    """
    if study.enrolled or study.recruitment_ended is not None:
        return trial, None
    design = read_design(study)
    found = forecast_design(design)
    plan_based = _plan_based(simulate_trial(trial, draw_shared(0, WEIGHING)))
    weight, pace = _weigh(plan_based, (found.duration_low, found.duration, found.duration_high), trial.finish.follow_up * MONTH_DAYS)
    prior = DesignPrior(found.duration, found.duration_low, found.duration_high, found.termination_risk, _known(design), plan_based, weight)
    r = trial.recruitment
    return replace(trial, recruitment=replace(r, rate_factor=r.rate_factor * pace)), prior


def _weigh(
    plan: tuple[float | None, float | None, float | None], design: tuple[float, float, float], follow_up: float
) -> tuple[float, float]:
    """(weight of the design, factor on the recruitment rate). No weight where the plan's interval has no end or recruitment no length."""
    low, middle, high = plan
    if low is None or middle is None or high is None or middle <= follow_up:
        return 0.0, 1.0
    own, theirs = (np.log(max(b / a, 1.05)) ** 2 for a, b in ((low, high), (design[0], design[2])))
    weight = float(min(own / (own + theirs), MOST_WEIGHT))
    weighed = middle ** (1 - weight) * design[1] ** weight
    return weight, float(np.clip((middle - follow_up) / max(weighed - follow_up, 0.25 * (middle - follow_up)), 0.4, 2.5))


def read_design(study: StudyFacts) -> Design:
    """The design as far as the tables tell it. What they have no column for (arms, masking, sponsor) stays unknown, as the model allows."""
    row = study.row
    places = {site.country for site in study.sites if site.country} | set(study.countries)
    start = row["est_fpfv"]
    return Design(
        PHASES.get(row["phase"] or "", "NA"),
        find_area(row["therapeutic_area"] or ""),
        participants=float(study.target),
        sites=float(row["num_plan_site"]) if row["num_plan_site"] else None,
        countries=float(len(places)) if places else None,
        title=" ".join(text for text in (row["protocol_title"], row["protocol_indication"]) if text),
        start_year=float(start.year) if start else None,
    )


def find_area(text: str) -> str:
    """The registry's name of a therapeutic area, or empty where none is alike.

    >>> find_area("Cardiology"), find_area("respiratory"), find_area("Dentistry")
    ('Cardiovascular', 'Respiratory & allergy', '')
    """
    stems = {word[:STEM] for word in re.findall(r"[a-z]{5,}", text.lower())}
    return next((area for area in AREAS if stems & {word[:STEM] for word in re.findall(r"[a-z]{5,}", area.lower())}), "")


def _known(design: Design) -> tuple[str, ...]:
    """What of the design was known, in words."""
    found = {
        "phase": design.phase != "NA",
        "therapeutic area": bool(design.area),
        "participants": design.participants is not None,
        "sites": design.sites is not None,
        "countries": design.countries is not None,
        "title": bool(design.title),
        "year": design.start_year is not None,
    }
    return tuple(name for name, is_known in found.items() if is_known)


def _plan_based(future: TrialFuture) -> tuple[float | None, float | None, float | None]:
    """Days from first participant in to the last one's last visit: 10 %, median, 90 % of the joint futures; None beyond reach."""
    first = future.reached.get(0.0)
    if first is None:
        return (None, None, None)
    # Where the end is never reached, so is the duration, whatever the start.
    months = np.sort(np.where(np.isfinite(future.last_visit), future.last_visit - np.where(np.isfinite(first), first, 0.0), np.inf))
    low, middle, high = (float(months[min(int(p * len(months)), len(months) - 1)]) * MONTH_DAYS for p in ENDS)
    return (_finite(low), _finite(middle), _finite(high))


def _finite(days: float) -> float | None:
    return days if np.isfinite(days) else None
