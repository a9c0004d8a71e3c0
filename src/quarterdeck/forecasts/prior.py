"""What registries say of a trial that has enrolled nobody: its duration from its design alone, beside the plan-based forecast."""

from __future__ import annotations

import re

import numpy as np

from quarterdeck.forecasts.design import AREAS, Design, forecast_design
from quarterdeck.forecasts.facts import MONTH_DAYS, StudyFacts
from quarterdeck.forecasts.model import DesignPrior
from quarterdeck.methods.portfolio import TrialFuture

PHASES = {"P1": "1", "P1/P2": "1/2", "P2": "2", "P2/P3": "2/3", "P3": "3", "P4": "4"}
ENDS = (0.1, 0.5, 0.9)  # the design's interval is of 80 %, so the plan's beside it is too
STEM = 6  # letters by which an area is recognised: Cardiology and Cardiovascular


def design_prior(study: StudyFacts, future: TrialFuture) -> DesignPrior | None:
    """The prior of a planned trial; None as soon as somebody is enrolled, because then the trial speaks for itself."""
    if study.enrolled or study.recruitment_ended is not None:
        return None
    design = read_design(study)
    found = forecast_design(design)
    return DesignPrior(found.duration, found.duration_low, found.duration_high, found.termination_risk, _known(design), _plan_based(future))


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
