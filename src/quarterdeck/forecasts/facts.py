"""Facts of every trial that a forecast rests on, read from one snapshot in one pass."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.forecasts.event_facts import EventFacts, read_arms, read_events
from quarterdeck.vocabulary.errors import NotFound

PENDING = ("identified", "selected", "qualified", "initiated")
OVER = ("locked", "reported", "terminated")
MONTH_DAYS = 30.4375


@dataclass(frozen=True, slots=True)
class SiteFacts:
    """One site. Dates as recorded; `months` are participants by month window, oldest first."""

    site_id: str
    country: str
    status: str
    selected: date | None
    contract: date | None
    activated: date | None
    closed: date | None
    enrolled: int
    months: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CountryFacts:
    """Approval dates of one country of a trial."""

    country: str
    submitted: date | None
    approved: date | None
    ethics_submitted: date | None
    ethics_approved: date | None


@dataclass(frozen=True, slots=True)
class BudgetFacts:
    """Money of one trial in the base currency.

    `baseline_share` is the part of the first approved budget that its phasing puts before the data cut; `monthly_fee_share` the part of
    the CRO's contract that is paid by the month, None where no contract lists its units.
    """

    currency: str
    approved: float
    baseline: float
    contingency: float
    spent: float
    accrued: float
    by_category: dict[str, tuple[float, float]]  # category -> (approved, spent incl. accrual)
    monthly: tuple[tuple[date, float, float], ...]  # period end, approved, spent
    foreign_share: float
    vendor: str
    baseline_share: float = 0.0
    monthly_fee_share: float | None = None


@dataclass(frozen=True, slots=True)
class StudyFacts:
    """One trial as known in the snapshot."""

    study_id: str
    row: dict[str, Any]
    sites: tuple[SiteFacts, ...]
    countries: dict[str, CountryFacts]
    milestones: dict[str, tuple[date | None, date | None, date | None]]  # type -> (baseline, planned, actual)
    screened: int
    screen_failed: int
    budget: BudgetFacts | None
    change_orders: tuple[float, ...]
    events: EventFacts | None = None
    arms: tuple[tuple[int, int], ...] = ()  # cap and enrolled by arm, where arms are capped

    @property
    def target(self) -> int:
        """Participants wanted."""
        return int(self.row["num_plan_subj"] or 0)

    @property
    def enrolled(self) -> int:
        """Participants enrolled by the data cut."""
        return sum(site.enrolled for site in self.sites)

    @property
    def is_over(self) -> bool:
        """Locked, reported or stopped: nothing to forecast."""
        return self.row["status"] in OVER or self.row["db_lock_dt"] is not None

    @property
    def recruitment_ended(self) -> date | None:
        """When recruitment ended, if it has."""
        last: date | None = self.row["act_lpfv"]
        return last


@dataclass(frozen=True, slots=True)
class PortfolioFacts:
    """All trials, the day the facts end, and the base currency."""

    today: date
    snapshot: str
    currency: str
    first_day: date
    studies: tuple[StudyFacts, ...]

    def study(self, study_id: str) -> StudyFacts:
        """The trial of this id. Raises NotFound with those there are."""
        for study in self.studies:
            if study.study_id == study_id:
                return study
        raise NotFound("No such trial in this snapshot", thing=study_id, allowed=[s.study_id for s in self.studies])

    def month_of(self, day: date) -> int:
        """Index of the month window that holds a day; windows end with the data cut."""
        return self.n_months - 1 - int((self.today - day).days // MONTH_DAYS)

    @property
    def n_months(self) -> int:
        """Month windows from the first activation to the data cut."""
        return int((self.today - self.first_day).days // MONTH_DAYS) + 1


def read_facts(snapshot: Snapshot) -> PortfolioFacts:
    """The facts, kept with the snapshot."""
    return snapshot.cached("forecasts.facts", lambda: _read(snapshot))


def _read(snapshot: Snapshot) -> PortfolioFacts:
    studies = snapshot.query("SELECT * EXCLUDE (_source, _file, _sheet, _line) FROM study ORDER BY study_id").to_pylist()
    sites = snapshot.query("SELECT * FROM site ORDER BY study_id, site_id").to_pylist()
    first = min((s["site_active_dt"] for s in sites if s["site_active_dt"]), default=snapshot.data_cut)
    frame = PortfolioFacts(snapshot.data_cut, snapshot.id, _base_currency(studies), first, ())
    counts = _counts(snapshot, frame)
    tables = _Tables(snapshot)
    currency = frame.currency
    budgets = _budgets(snapshot, currency)
    events, arms = read_events(snapshot, studies), read_arms(snapshot, studies)
    found = []
    for row in studies:
        study_id = row["study_id"]
        mine = tuple(_site(s, counts.get((study_id, s["site_id"]))) for s in sites if s["study_id"] == study_id)
        screened, failed = tables.screening.get(study_id, (0, 0))
        found.append(
            StudyFacts(
                study_id,
                row,
                mine,
                tables.countries.get(study_id, {}),
                tables.milestones.get(study_id, {}),
                screened,
                failed,
                budgets.get(study_id),
                tables.change_orders.get(study_id, ()),
                events.get(study_id),
                arms.get(study_id, ()),
            )
        )
    return PortfolioFacts(frame.today, frame.snapshot, currency, first, tuple(found))


def _base_currency(studies: list[dict[str, Any]]) -> str:
    named = [s["base_currency"] for s in studies if s["base_currency"]]
    return max(set(named), key=lambda c: (named.count(c), c)) if named else "GBP"


def _site(row: dict[str, Any], months: NDArray[np.float64] | None) -> SiteFacts:
    counts = np.zeros(1) if months is None else months
    return SiteFacts(
        row["site_id"],
        row["country"] or "",
        row["site_status"] or "",
        row["selected_dt"],
        row["contract_executed_dt"],
        row["site_active_dt"],
        row["closed_dt"],
        int(counts.sum()),
        counts,
    )


def _counts(snapshot: Snapshot, frame: PortfolioFacts) -> dict[tuple[str, str], NDArray[np.float64]]:
    """Participants by site and month window: randomised where dates of it are given, else enrolled."""
    rows = snapshot.query(
        """SELECT study_id, site_id, coalesce(rand_dt, enroll_dt) AS day, count(*) AS n FROM subject
           WHERE coalesce(rand_dt, enroll_dt) <= ? AND site_id IS NOT NULL GROUP BY 1, 2, 3""",
        [frame.today],
    ).to_pylist()
    found: dict[tuple[str, str], NDArray[np.float64]] = {}
    for row in rows:
        months = found.setdefault((row["study_id"], row["site_id"]), np.zeros(frame.n_months))
        months[max(0, frame.month_of(row["day"]))] += row["n"]
    return found


class _Tables:
    """Small tables, by study."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.countries: dict[str, dict[str, CountryFacts]] = {}
        for r in snapshot.query("SELECT * FROM study_country ORDER BY study_id, country").to_pylist():
            facts = CountryFacts(
                r["country"], r["reg_submission_dt"], r["reg_approval_dt"], r["ethics_submission_dt"], r["ethics_approval_dt"]
            )
            self.countries.setdefault(r["study_id"], {})[r["country"]] = facts
        self.milestones: dict[str, dict[str, tuple[date | None, date | None, date | None]]] = {}
        for r in snapshot.query("SELECT * FROM milestone WHERE site_id IS NULL AND country IS NULL ORDER BY milestone_id").to_pylist():
            self.milestones.setdefault(r["study_id"], {})[r["milestone_type"]] = (
                r["baseline_finish"],
                r["planned_finish"],
                r["actual_finish"],
            )
        self.screening = {
            r["study_id"]: (r["screened"], r["failed"])
            for r in snapshot.query(
                "SELECT study_id, count(*) FILTER (WHERE screen_fail_dt IS NOT NULL OR coalesce(rand_dt, enroll_dt) IS NOT NULL) AS screened,"
                " count(screen_fail_dt) AS failed FROM subject GROUP BY 1"
            ).to_pylist()
        }
        self.change_orders: dict[str, tuple[float, ...]] = {}
        for r in snapshot.query(
            """SELECT c.study_id, o.value FROM change_order o JOIN contract c USING (contract_id)
               WHERE o.status = 'executed' AND o.value IS NOT NULL
                 AND coalesce(o.reason_code, '') <> 'timeline'  -- what delay costs is in the months of the forecast already AND c.study_id IS NOT NULL ORDER BY 1, o.co_id"""
        ).to_pylist():
            self.change_orders[r["study_id"]] = (*self.change_orders.get(r["study_id"], ()), float(r["value"]))


def _budgets(snapshot: Snapshot, base: str) -> dict[str, BudgetFacts]:
    rows = snapshot.query(
        """SELECT study_id, cost_category, currency, period, max(vendor_id) AS vendor, sum(budget_current) AS approved,
                  sum(budget_baseline) AS baseline, sum(actual) AS actual, sum(accrual) AS accrual
           FROM budget_line GROUP BY ALL ORDER BY study_id, cost_category, currency, period"""
    ).to_pylist()
    rates = _budget_rates(snapshot, base)
    found: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        rate = rates.get(row["currency"])
        if rate is not None:  # an amount without a rate cannot be added; the finding about missing rates is the measures' matter
            found.setdefault(row["study_id"], []).append(
                row | {k: float(row[k] or 0) * rate for k in ("approved", "baseline", "actual", "accrual")}
            )
    fees = _monthly_fees(snapshot)
    return {study: _budget(lines, base, snapshot.data_cut, fees.get(study)) for study, lines in found.items()}


def _budget(lines: list[dict[str, Any]], base: str, today: date, monthly_fee_share: float | None) -> BudgetFacts:
    work = [line for line in lines if line["cost_category"] != "contingency"]
    categories = sorted({line["cost_category"] for line in work})
    spent = {c: sum(x["actual"] + x["accrual"] for x in work if x["cost_category"] == c) for c in categories}
    approved = {c: sum(x["approved"] for x in work if x["cost_category"] == c) for c in categories}
    whole = sum(approved.values())
    periods = sorted({line["period"] for line in work})
    monthly = tuple(
        (p, sum(x["approved"] for x in work if x["period"] == p), sum(x["actual"] + x["accrual"] for x in work if x["period"] == p))
        for p in periods
    )
    vendors = [line["vendor"] for line in work if line["cost_category"] == "cro_fees" and line["vendor"]]
    foreign = sum(line["approved"] for line in work if line["currency"] != base)
    return BudgetFacts(
        base,
        whole,
        sum(line["baseline"] for line in work),
        sum(line["approved"] for line in lines if line["cost_category"] == "contingency"),
        sum(line["actual"] for line in work),
        sum(line["accrual"] for line in work),
        {c: (approved[c], spent[c]) for c in categories},
        monthly,
        foreign / whole if whole else 0.0,
        max(set(vendors), key=lambda v: (vendors.count(v), v)) if vendors else "",
        _baseline_share(work, today),
        monthly_fee_share,
    )


def _baseline_share(work: list[dict[str, Any]], today: date) -> float:
    """By the first approval; where there was none, by the present one."""
    column = "baseline" if any(line["baseline"] for line in work) else "approved"
    whole = sum(line[column] for line in work)
    return sum(line[column] for line in work if line["period"] <= today) / whole if whole else 0.0


def _monthly_fees(snapshot: Snapshot) -> dict[str, float]:
    """Part of each trial's CRO contract that is paid by the month or at fixed milestones, from the units that it lists.

    Months of site management are left out: they go with site-months.
    """
    rows = snapshot.query(
        """SELECT d.study_id, sum(d.planned_units * d.unit_price) AS whole,
                  sum(d.planned_units * d.unit_price) FILTER (WHERE d.unit_type = 'milestone'
                    OR (d.unit_type = 'month' AND NOT contains(lower(d.name), 'site'))) AS fixed
           FROM deliverable d JOIN vendor v ON v.vendor_id = (SELECT max(c.vendor_id) FROM contract c WHERE c.contract_id = d.contract_id)
           WHERE v.vendor_type = 'cro' GROUP BY 1 HAVING count(*) FILTER (WHERE d.unit_type = 'month') > 0"""
    ).to_pylist()
    return {row["study_id"]: float(row["fixed"] or 0) / float(row["whole"]) for row in rows if row["whole"]}


def _budget_rates(snapshot: Snapshot, base: str) -> dict[str, float]:
    """Units of the base currency for one unit: the latest budget rate, which is stated and agreed, else the latest of any kind."""
    rates = {base: 1.0}
    rows = snapshot.query(
        "SELECT from_currency, to_currency, rate, rate_type FROM fx_rate WHERE rate > 0 ORDER BY (rate_type = 'budget'), rate_dt"
    ).to_pylist()
    for row in rows:
        if row["to_currency"] == base:
            rates[row["from_currency"]] = float(row["rate"])
        elif row["from_currency"] == base:
            rates.setdefault(row["to_currency"], 1 / float(row["rate"]))
    return rates
