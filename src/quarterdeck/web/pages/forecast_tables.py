"""Tables of the forecasts: trials, targets, capacity, milestones, drivers, earned value."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import TYPE_CHECKING

from quarterdeck.forecasts.model import DesignPrior, PortfolioForecast, TrialForecast
from quarterdeck.vocabulary import wording
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View

if TYPE_CHECKING:
    pass


def trial_table(view: View, running: Sequence[TrialForecast]) -> Table:
    """Running trials, one a row."""
    columns = [
        Column("trial", "Trial"),
        Column("enrolled", "Enrolled"),
        Column("plan", "Last participant in, planned"),
        Column("likely", "Likely"),
        Column("range", "90% interval"),
        Column("by_plan", "Chance by plan", is_number=True),
        Column("cost", "Cost against approved"),
    ]
    rows = []
    for t in running:
        m = t.milestone("last_participant_in")
        rows.append(
            {
                "trial": Cell(t.study_id, t.study_id, href=view.href(f"/forecasts/{t.study_id}"), sub=t.status.replace("_", " ")),
                "enrolled": wording.of(t.enrolled, t.target),
                "plan": day_words(m.planned if m else None, "not planned"),
                "likely": day_words((m.actual or m.median) if m else None, "not reached"),
                "range": _range(t),
                "by_plan": "no plan" if m is None or m.p_by_plan is None else wording.chance(m.p_by_plan),
                "cost": t.no_money
                if t.money is None
                else f"{wording.money(t.money.quantiles[0.5], t.money.currency)} of {wording.money(t.money.approved, t.money.currency)}",
            }
        )
    return Table("trials", "Running trials", columns, rows, empty="No trial is running. Load `study` and `site`.")


def _range(trial: TrialForecast) -> str:
    m = trial.milestone("last_participant_in")
    if m is None or not m.quantiles:
        return "reached"
    return f"{day_words(m.quantiles[0.05], 'not reached')} to {day_words(m.quantiles[0.95], 'not reached')}"


def day_words(day: date | None, missing: str) -> str:
    """A day, or the word for its absence."""
    return missing if day is None else wording.day(day)


def target_table(whole: PortfolioForecast) -> Table:
    """The targets of the role with the chance of each."""
    rows = [
        {
            "question": t.question,
            "chance": t.reason or wording.chance(t.probability or 0.0),
            "by": t.until if t.horizon is None else wording.day(t.horizon),
            "detail": t.detail or "not assessed",
            "source": Cell(t.source, href=f"/measures/{t.measure}" if t.measure else ""),
        }
        for t in whole.targets
    ]
    columns = [
        Column("question", "Target of the role"),
        Column("chance", "Chance"),
        Column("by", "By"),
        Column("detail", "Why"),
        Column("source", "Where the chance comes from"),
    ]
    return Table("targets", "Will the targets be met?", columns, rows, empty="No targets.")


def capacity_table(whole: PortfolioForecast) -> Table:
    """Open sites to be looked after, by vendor."""
    rows = [
        {
            "who": c.who,
            "now": round(c.sites_now),
            "peak": round(c.sites_peak),
            "when": wording.month(c.peak_month),
            "monitors": "not counted by vendor" if c.monitors is None else wording.number(c.monitors, 1),
        }
        for c in whole.capacity
    ]
    columns = [
        Column("who", "Vendor"),
        Column("now", "Open sites now", is_number=True),
        Column("peak", "Peak in the coming year", is_number=True),
        Column("when", "Month of the peak"),
        Column("monitors", "Monitors (full-time equivalents)"),
    ]
    return Table("capacity", "Open sites to be looked after", columns, rows, empty="No open sites.")


def milestone_table(trial: TrialForecast) -> Table:
    """A trial's milestones."""
    columns = [
        Column("name", "Milestone"),
        Column("planned", "Planned"),
        Column("likely", "Likely or actual"),
        Column("range", "90% interval"),
        Column("by_plan", "Chance by plan"),
    ]
    rows = []
    for m in trial.milestones:
        known = m.actual is not None
        ends = (
            "reached"
            if known
            else f"{day_words(m.quantiles.get(0.05), 'not reached')} to {day_words(m.quantiles.get(0.95), 'not reached')}"
        )
        rows.append(
            {
                "name": m.label,
                "planned": day_words(m.planned, "not planned"),
                "likely": day_words(m.actual or m.median, "not reached"),
                "range": ends if m.quantiles or known else "not forecast",
                "by_plan": "reached" if known else "not assessed" if m.p_by_plan is None else wording.chance(m.p_by_plan),
            }
        )
    return Table("milestones", "Milestones", columns, rows, empty="No milestone was planned.")


def driver_table(trial: TrialForecast) -> Table:
    """What drives a trial's slip."""
    rows = [{"driver": name[:1].upper() + name[1:], "days": f"{wording.number(days, 0, signed=True)} days"} for name, days in trial.drivers]
    columns = [Column("driver", "Cause"), Column("days", "Gained if it were as planned")]
    note = "One cause at a time is set to plan with the same luck; the days overlap and do not add up."
    return Table("drivers", "What drives the slip", columns, rows, empty="Nothing drives a slip of a day or more.", note=note)


def wait_table(trial: TrialForecast) -> Table:
    """What its pending sites wait for."""
    rows = [{"what": name[:1].upper() + name[1:], "share": wording.share(share, 0)} for name, share in trial.criticality]
    columns = [Column("what", "Pending sites wait for"), Column("share", "In this share of futures")]
    return Table("waits", "What pending sites wait for", columns, rows, empty="No site is pending.")


def design_tables(design: DesignPrior | None) -> list[Table]:
    """What the design alone says; none once somebody is enrolled."""
    if design is None:
        return []
    spans = {
        "From its design alone": (design.duration_low, design.duration, design.duration_high),
        "From its plan, as the portfolio corrects it": design.plan_based,
    }
    rows = []
    for source, days in spans.items():
        low, middle, high = ("not reached" if d is None else wording.duration(d) for d in days)
        rows.append({"source": source, "likely": middle, "range": f"{low} to {high}"})
    columns = [Column("source", "Source"), Column("likely", "Start to primary completion"), Column("range", "80% interval")]
    note = "Start is the first participant in. The plan has no primary completion; the last participant's last visit stands for it."
    return [Table("design", "How long such trials take", columns, rows, note=note)]


def money_tables(trial: TrialForecast) -> list[Table]:
    """Earned value beside the forecast; none without a budget."""
    if trial.money is None:
        return []
    shown = {
        "BAC": "Approved budget",
        "PV": "Planned value",
        "EV": "Earned value",
        "AC": "Actual cost",
        "CPI": "Cost performance index",
        "SPI": "Schedule performance index",
        "EAC_cpi": "Estimate at completion by cost index",
        "TCPI_BAC": "Efficiency needed to end on budget",
    }
    rows = []
    for key, label in shown.items():
        value = trial.money.earned.get(key)
        words = (
            "undefined"
            if value is None
            else wording.number(value, 2)
            if key.endswith(("PI", "PI_BAC"))
            else wording.money(value, trial.money.currency)
        )
        rows.append({"figure": label, "value": words})
    note = (
        "Work done here is months, site-months and participants at approved prices, over the whole budget. "
        "The measures of cost and schedule performance count the units of the contracts instead, so the two differ."
    )
    return [Table("earned", "Earned value beside it", [Column("figure", "Figure"), Column("value", "Value")], rows, note=note)]
