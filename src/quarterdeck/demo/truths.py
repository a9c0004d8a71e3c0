"""The planted truths: which trial, site, investigator, vendor, quarter and feed are bad, chosen by rule so that every seed has them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.sites import Sites
from quarterdeck.demo.studies import AHEAD, BREACHING, FAILING

SLIPPING_VENDOR = "V03"
WRONG_RATE_QUARTER = ("2026-04-30", "2026-05-31", "2026-06-30")
LATE_FEED = "etmf"
LATE_BY_DAYS = 47
BAD_INVESTIGATOR = "INV-777001"
UNDER_REPORTING_SHARE = 0.06  # of the events that the site ought to report
BAD_INVESTIGATOR_FACTOR = 4.5  # on deviations, data lag and queries


@dataclass(frozen=True, slots=True)
class Plants:
    """Where the truths were planted in this portfolio. Site keys are `study_id/site_id`."""

    failing_study: str
    breaching_study: str
    ahead_study: str
    under_reporting_site: str
    bad_investigator_sites: tuple[str, ...]


def plant_truths(options: DemoOptions, portfolio: list[Sites]) -> Plants:
    """Choose the site that under-reports (a large one, in a large trial) and three trials that share one investigator."""
    running = [sites for sites in portfolio if _is_running(options, sites)]
    by_exposure = sorted(running if len(running) >= 5 else portfolio, key=_expected_participants, reverse=True)
    host = next(sites for sites in by_exposure if sites.study.index not in (FAILING, BREACHING, AHEAD))
    under = f"{host.study.id}/{host.id[_largest_site(host)]}"
    shared = [sites for sites in by_exposure if sites is not host and sites.study.index != FAILING][:3]
    bad = []
    for sites in shared:
        position = _largest_site(sites)
        sites.investigator[position] = BAD_INVESTIGATOR
        sites.organisation[position] = "ORG-PL-077"
        bad.append(f"{sites.study.id}/{sites.id[position]}")
    study = {sites.study.index: sites.study.id for sites in portfolio}
    return Plants(study[FAILING], study[BREACHING], study[AHEAD], under, tuple(bad))


def factor_for(sites: Sites, plants: Plants, which: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """A factor per site: 1 but for the planted ones. `which` is 'events' or 'discipline'."""
    keys = [f"{sites.study.id}/{site}" for site in sites.id]
    if which == "events":
        return np.array([UNDER_REPORTING_SHARE if key == plants.under_reporting_site else 1.0 for key in keys])
    return np.array([BAD_INVESTIGATOR_FACTOR if key in plants.bad_investigator_sites else 1.0 for key in keys])


def describe_truths(plants: Plants) -> list[dict[str, object]]:
    """The truths as the truth file lists them: a kind, the scope, and what a reader should find."""
    return [
        _truth("failing_trial", "study", plants.failing_study, "recruits at 38% of the planned rate; its sites opened late"),
        _truth("under_reporting_site", "site", plants.under_reporting_site, "reports 6% of its adverse events"),
        _truth(
            "slipping_vendor",
            "vendor",
            SLIPPING_VENDOR,
            "opens sites 48 days late, is paid 72% by the month, files avoidable change orders",
        ),
        _truth(
            "bad_investigator",
            "investigator",
            BAD_INVESTIGATOR,
            "4.5 times the deviations and data lag",
            sites=list(plants.bad_investigator_sites),
        ),
        _truth("budget_breach", "study", plants.breaching_study, "spends 22% above its approved budget"),
        _truth(
            "wrong_exchange_rates", "quarter", "2026-Q2", "month-end rates from US dollars are inverted", rates=list(WRONG_RATE_QUARTER)
        ),
        _truth("late_feed", "source", LATE_FEED, f"the newest extract is {LATE_BY_DAYS} days old"),
        _truth("trial_ahead", "study", plants.ahead_study, "recruits at 165% of the planned rate", opportunity=True),
    ]


def _truth(kind: str, level: str, key: str, what: str, **more: object) -> dict[str, object]:
    return {"kind": kind, "scope": {"level": level, "key": key}, "what": what, **more}


def _is_running(options: DemoOptions, sites: Sites) -> bool:
    """Recruiting for the better part of a year, and not yet at its planned last visit: a truth nobody can act on is no plant."""
    return (options.today - sites.study.first_visit).days > 200 and sites.study.last_visit > options.today


def _expected_participants(sites: Sites) -> float:
    return float(sites.daily_rate[~np.isnat(sites.active)].max(initial=0.0))


def _largest_site(sites: Sites) -> int:
    rate = np.where(np.isnat(sites.active), -1.0, sites.daily_rate)
    return int(np.argmax(rate))
