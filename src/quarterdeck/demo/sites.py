"""Sites and countries of the demo: selected, approved, contracted, activated, closed; with the hidden rate of each site."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quarterdeck.demo.known import NO_DAY, Array, Columns, Draft, days, is_set
from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.places import COUNTRY, VENDOR
from quarterdeck.demo.studies import FAILING, Study

NEVER_ACTIVATED = 0.11  # Tufts CSDD 2018
SITE_SHAPE = 1.4  # gamma shape of site rates
DAYS_A_MONTH = 30.4375


@dataclass(frozen=True, slots=True)
class Sites:
    """The sites of one trial as parallel arrays. `daily_rate` is hidden truth; a site that never opens has no activation date."""

    study: Study
    id: Array
    country: Array
    investigator: Array
    organisation: Array
    planned_active: npt.NDArray[np.datetime64]
    active: npt.NDArray[np.datetime64]
    approval: npt.NDArray[np.datetime64]
    ethics: npt.NDArray[np.datetime64]
    selected: npt.NDArray[np.datetime64]
    contract: npt.NDArray[np.datetime64]
    daily_rate: npt.NDArray[np.float64]
    n_planned: npt.NDArray[np.int64]
    country_approval: Mapping[str, np.datetime64]


def simulate_sites(options: DemoOptions, study: Study) -> Sites:
    """Start-up of each site: its country's approval, its own contract, its vendor's pace."""
    rng = options.stream("sites", study.id)
    n = study.n_sites
    weights = np.array([COUNTRY[code].weight for code in study.countries])
    country = np.sort(rng.choice(np.array(study.countries), n, p=weights / weights.sum()))
    approved = np.datetime64(study.approved, "D")
    slip = VENDOR[study.vendor_id].startup_days + (45 if study.index == FAILING else 0)

    approval_by_country = {
        code: approved + np.timedelta64(round(COUNTRY[code].approval_days * rng.lognormal(0, 0.18)), "D") for code in study.countries
    }
    approval = days([approval_by_country[code] for code in country])
    ethics = approval + rng.integers(-15, 25, n).astype("timedelta64[D]")
    first_visit = np.datetime64(study.first_visit, "D")
    planned = first_visit + np.round(study.recruitment_days * 0.45 * rng.beta(1.1, 2.2, n)).astype("timedelta64[D]")
    delay = rng.lognormal(2.9, 0.75, n) - 12 + slip * rng.lognormal(0, 0.3, n)
    ready = np.maximum(planned + np.round(delay).astype("timedelta64[D]"), np.maximum(approval, ethics) + np.timedelta64(12, "D"))
    active = np.where(rng.random(n) < NEVER_ACTIVATED, NO_DAY, ready)
    if n <= 4 or np.isnat(active).all():
        active = ready

    open_days = np.maximum((np.datetime64(study.last_participant_in, "D") - planned).astype(int), 30)
    relative = np.array([COUNTRY[code].rate for code in country])
    planned_daily = study.n_participants / float((open_days * relative).sum()) * relative
    rate = planned_daily / (1 - NEVER_ACTIVATED) * study.rate_factor * rng.gamma(SITE_SHAPE, 1 / SITE_SHAPE, n)
    return Sites(
        study=study,
        id=np.array([f"{index + 1:04d}" for index in range(n)]),
        country=country,
        investigator=np.array([f"INV-{study.number:03d}{index + 1:03d}" for index in range(n)]),
        organisation=np.array([f"ORG-{code}-{rng.integers(1, 40):03d}" for code in country]),
        planned_active=planned,
        active=active,
        approval=approval,
        ethics=ethics,
        selected=planned - rng.integers(120, 210, n).astype("timedelta64[D]"),
        contract=np.minimum(ready - rng.integers(10, 30, n).astype("timedelta64[D]"), ready),
        daily_rate=rate,
        n_planned=np.maximum(1, np.round(planned_daily * open_days)).astype(np.int64),
        country_approval=approval_by_country,
    )


def draft_site(sites: Sites, closed: npt.NDArray[np.datetime64]) -> Draft:
    """The `site` table of one trial. `closed` is the day on which each site closed."""
    n = len(sites.id)

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        dropped = np.isnat(sites.active) & (sites.planned_active + np.timedelta64(150, "D") < day)
        seen["site_status"] = np.select(
            [
                is_set(seen["closed_dt"]),
                dropped,
                is_set(seen["site_active_dt"]),
                is_set(seen["initiation_dt"]),
                is_set(seen["qualification_dt"]),
                is_set(seen["selected_dt"]),
            ],
            ["closed", "dropped", "active", "initiated", "qualified", "selected"],
            "identified",
        )
        return seen

    columns: Columns = {
        "study_id": np.full(n, sites.study.id),
        "site_id": sites.id,
        "investigator_id": sites.investigator,
        "organization_id": sites.organisation,
        "country": sites.country,
        "selected_dt": sites.selected,
        "qualification_dt": sites.selected + np.timedelta64(35, "D"),
        "contract_executed_dt": sites.contract,
        "ethics_approval_dt": sites.ethics,
        "initiation_dt": sites.active - np.timedelta64(7, "D"),
        "site_active_dt": sites.active,
        "closed_dt": closed,
        "num_plan_subj": sites.n_planned,
        "vendor_id": np.full(n, sites.study.vendor_id),
    }
    actual = tuple(name for name in columns if name.endswith("_dt"))
    return Draft("site", columns, np.full(n, np.datetime64(sites.study.approved, "D")), actual, finish)


def draft_study_country(sites: Sites) -> Draft:
    """The `study_country` table of one trial."""
    codes = sorted(sites.country_approval)
    approval = days([sites.country_approval[code] for code in codes])
    submitted = np.full(len(codes), np.datetime64(sites.study.approved, "D")) + np.timedelta64(14, "D")
    per_country = {code: sites.country == code for code in codes}

    def finish(seen: Columns, day: np.datetime64) -> Columns:
        seen["status"] = np.where(
            is_set(seen["reg_approval_dt"]), "approved", np.where(is_set(seen["reg_submission_dt"]), "submitted", "planned")
        )
        return seen

    columns: Columns = {
        "study_id": np.full(len(codes), sites.study.id),
        "country": np.array(codes),
        "reg_submission_dt": np.minimum(submitted, approval),
        "reg_approval_dt": approval,
        "ethics_submission_dt": np.minimum(submitted, approval),
        "ethics_approval_dt": approval + np.timedelta64(5, "D"),
        "num_plan_site": np.array([int(per_country[code].sum()) for code in codes]),
        "num_plan_subj": np.array([int(sites.n_planned[per_country[code]].sum()) for code in codes]),
    }
    return Draft(
        "study_country",
        columns,
        np.full(len(codes), np.datetime64(sites.study.approved, "D")),
        tuple(c for c in columns if c.endswith("_dt")),
        finish,
    )
