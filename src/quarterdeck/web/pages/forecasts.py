"""Pages of the forecasts: what will happen to the portfolio and to each trial, and how well we have said so before."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.charts.dots import Dot, Dots
from quarterdeck.charts.fan import Band, Fan
from quarterdeck.charts.timeline import Milestone, Timeline
from quarterdeck.charts.waterfall import Waterfall
from quarterdeck.forecasts import ledger
from quarterdeck.forecasts.facts import read_facts
from quarterdeck.forecasts.findings import findings
from quarterdeck.forecasts.model import LEVELS, DesignPrior, MoneyForecast, PortfolioForecast, TrialForecast
from quarterdeck.forecasts.portfolio import forecast_portfolio
from quarterdeck.forecasts.trial import forecast_trial
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web.navigation import Entry, Hit
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
NAVIGATION = (
    Entry("Forecasts", "/forecasts", "Forecasts", "When will each trial end, at what cost, and how sure are we?"),
    Entry("Ledger", "/forecasts/ledger", "Forecasts", "How good were our forecasts?"),
)
LATE_DAYS = 60.0
METHOD = "10,000 joint futures per trial: rates by site with ageing, drift and start-up times learnt from this portfolio. docs/evaluation/forecasts.md says how well it does."


@router.get("/forecasts")
def show_portfolio(view: View = permit("portfolio.read")) -> Response:
    """All trials on one timeline, the targets of the role, money and capacity."""
    whole = forecast_portfolio(view.snapshot, view.settings.random_seed, fiscal_year_start=view.settings.fiscal_year_start_month)
    running = [t for t in whole.trials if not t.reason]
    late = [t for t in running if (slip := _slip(t)) is None or slip >= LATE_DAYS]
    finding = f"{wording.of(len(late), len(running))} running trials will enrol their last participant two months late or more"
    money = _portfolio_money_words(whole)
    charts: dict[str, Any] = {"timeline": _portfolio_timeline(whole, running)} if running else {}
    return view.page(
        "forecasts/index.html",
        finding=finding if running else "There is no running trial to forecast",
        tables=[_trial_table(view, running), _target_table(whole), _capacity_table(whole)],
        charts=charts,
        findings=findings(view.snapshot, view.settings.random_seed),
        money=money,
        running=running,
        cites=[len(late), len(running), money, finding],
    )


@router.get("/forecasts/ledger")
def show_ledger(view: View = permit("portfolio.read")) -> Response:
    """Sealed forecasts against what happened."""
    entries = ledger.read_entries(view.record)
    scores = ledger.score_entries(entries, view.snapshot)
    kinds = sorted({s.entry.what for s in scores})
    summaries = [ledger.summarise(scores, kind) for kind in ["", *kinds]]
    whole = summaries[0]
    inside, decided = whole.coverage[0.9]
    finding = (
        f"{wording.of(inside, decided)} sealed forecasts that have come due lay within their 90% interval"
        if decided
        else f"{wording.plural(len(entries), 'forecast')} sealed, none has come due yet"
    )
    trust = ledger.describe_trust(scores, "")
    charts: dict[str, Any] = {"coverage": _coverage_chart(whole)} if decided else {}
    return view.page(
        "forecasts/ledger.html",
        finding=finding,
        tables=[_record_table(summaries), _entry_table(view, entries)],
        charts=charts,
        trust=trust,
        may_seal=view.may("forecast.seal"),
        n_entries=len(entries),
        cites=[inside, decided, len(entries), trust, finding, 50, 80, 90],
    )


@router.post("/forecasts/ledger/seal")
def seal(view: View = permit("forecast.seal")) -> Response:
    """Seal all forecasts of the facts that are shown."""
    ledger.seal_forecasts(view.record, view.actor, view.snapshot, view.settings.random_seed, view.deck.now())
    return view.redirect("/forecasts/ledger")


@router.post("/forecasts/ledger/override")
def override(
    forecast_id: Annotated[str, Form()],
    value: Annotated[float, Form()],
    reason: Annotated[str, Form()],
    view: View = permit("forecast.override"),
) -> Response:
    """A person's own figure against a sealed forecast."""
    ledger.record_override(view.record, view.actor, forecast_id, value, reason, view.deck.now())
    return view.redirect("/forecasts/ledger")


@router.get("/forecasts/{study_id}")
def show_trial(study_id: str, view: View = permit("page.read")) -> Response:
    """One trial: fan, milestones, drivers, money, trust."""
    trial = forecast_trial(view.snapshot, study_id, view.settings.random_seed)
    scores = ledger.score_entries(ledger.read_entries(view.record), view.snapshot)
    trust = ledger.describe_trust(scores, "last_participant_in")
    entries = [e for e in ledger.read_entries(view.record, study_id) if e.unit in ("date", "participants")]
    charts = _trial_charts(view, trial)
    sentences = _trial_sentences(trial)
    return view.page(
        "forecasts/trial.html",
        finding=_trial_finding(trial),
        tables=[_milestone_table(trial), _driver_table(trial), *_money_tables(trial), _wait_table(trial), *_design_tables(trial.design)],
        charts=charts,
        findings=[f for f in findings(view.snapshot, view.settings.random_seed) if f.scope.key == study_id],
        trial=trial,
        trust=trust,
        sentences=sentences,
        entries=entries[-30:],
        may_override=view.may("forecast.override"),
        what_words=ledger.what_words,
        cites=[trust, trial.evidence, trial.reason, *sentences.values(), _trial_finding(trial), *trial.exclusions, study_id, METHOD],
    )


def paths(snapshot: Snapshot) -> list[str]:
    """Every page there is."""
    return ["/forecasts", "/forecasts/ledger", *(f"/forecasts/{s.study_id}" for s in read_facts(snapshot).studies)]


def search(view: View, words: str) -> list[Hit]:
    """Trials by name."""
    return [
        Hit(f"Forecast of {s.study_id}", f"/forecasts/{s.study_id}", "Forecast")
        for s in read_facts(view.snapshot).studies
        if words in s.study_id.lower() and view.may_read_study(s.study_id)
    ]


def _slip(trial: TrialForecast) -> float | None:
    m = trial.milestone("last_participant_in")
    return 0.0 if m is None else m.slip_days


def _trial_finding(trial: TrialForecast) -> str:
    if trial.reason:
        return f"{trial.study_id} needs no forecast"
    m = trial.milestone("last_participant_in")
    if m is None or m.actual is not None:
        lock = trial.milestone("database_lock")
        when = "an unknown day" if lock is None or lock.median is None else wording.month(lock.median)
        return f"{trial.study_id} has enrolled its last participant; its database will lock about {when}"
    if m.median is None or m.slip_days is None:
        return f"{trial.study_id} is not likely to enrol its last participant within ten years"
    return f"{trial.study_id} will enrol its last participant {wording.late(m.slip_days)}, about {wording.month(m.median)}"


def _trial_sentences(trial: TrialForecast) -> dict[str, str]:
    found = {"evidence": f"{trial.evidence[:1].upper()}{trial.evidence[1:]}."} if trial.evidence else {}
    m = trial.milestone("last_participant_in")
    if m is not None and m.planned is not None and m.p_by_plan is not None:
        found["plan"] = (
            f"It is {wording.likelihood(m.p_by_plan)} ({wording.chance(m.p_by_plan)}) that the last participant is in by the plan, "
            f"{wording.day(m.planned)}."
        )
    if m is not None and m.quantiles:
        low, high = m.quantiles[0.05], m.quantiles[0.95]
        words = ["not reached within ten years" if d is None else wording.day(d) for d in (low, high)]
        found["interval"] = f"With 90% probability it is between {words[0]} and {words[1]}."
    if trial.money is not None:
        found["money"] = _money_words(trial.money)
    if trial.design is not None:
        found["design"] = (
            f"Learnt from registered trials, knowing only its {wording.listing(trial.design.known)}. Nobody is enrolled yet, so this is a second "
            f"opinion beside the plan, not a part of it. Risk of being stopped early: {wording.chance(trial.design.termination_risk)}, "
            "relative to the trials it was learnt from."
        )
    return found


def _money_words(money: MoneyForecast) -> str:
    amounts = {p: wording.money(v, money.currency) for p, v in money.quantiles.items()}
    return (
        f"Cost at database lock: {amounts[0.5]}, between {amounts[0.05]} and {amounts[0.95]} (90% interval), against "
        f"{wording.money(money.approved, money.currency)} approved. Within 5% of it: {wording.chance(money.p_within)}. Above it: "
        f"{wording.chance(money.p_over)}. To be safe with 80%, contingency of {wording.money(money.contingency_needed, money.currency)} is needed."
    )


def _portfolio_money_words(whole: PortfolioForecast) -> str:
    if not whole.approved:
        return "No budget was loaded."
    q = {p: wording.money(v, whole.currency) for p, v in whole.quantiles.items()}
    low, high = (wording.money(v, whole.currency) for v in whole.added_bands)
    return (
        f"All running trials together cost {q[0.5]} at their locks, between {q[0.05]} and {q[0.95]} (90% interval), against "
        f"{wording.money(whole.approved, whole.currency)} approved. Adding the trials' own intervals would claim {low} to {high}."
    )


def _portfolio_timeline(whole: PortfolioForecast, running: Sequence[TrialForecast]) -> Timeline:
    rows = []
    for trial in running:
        m = trial.milestone("last_participant_in")
        if m is None:
            continue
        verdict = Verdict.CONCERN if (m.slip_days or 0) >= LATE_DAYS or m.median is None else Verdict.ORDINARY
        rows.append(
            Milestone(
                trial.study_id, m.planned, m.actual, None if m.actual else m.median, m.quantiles.get(0.05), m.quantiles.get(0.95), verdict
            )
        )
    return Timeline(
        title="Last participant in, trial by trial",
        sentence="For each running trial the planned and the likely date of its last participant, with the 90% interval as whiskers.",
        method=METHOD,
        milestones=tuple(rows),
        today=whole.today,
    )


def _trial_charts(view: View, trial: TrialForecast) -> dict[str, Any]:
    if trial.reason:
        return {}
    found: dict[str, Any] = {"milestones": _milestone_chart(trial)}
    if len(trial.fan) > 1:
        found["fan"] = _enrolment_fan(view, trial)
    if trial.money is not None:
        found["cost"] = _cost_fan(trial, trial.money)
        found["bridge"] = Waterfall(
            title="From the approved budget to the forecast",
            sentence="What lifts or lowers the mean cost at database lock above or below the approved budget, step by step.",
            method="The last step takes what no other step explains, so that the steps add up.",
            unit=trial.money.currency,
            start=("Approved", trial.money.approved),
            steps=trial.money.bridge,
            end_label="Forecast",
        )
    return found


def _enrolment_fan(view: View, trial: TrialForecast) -> Fan:
    study = read_facts(view.snapshot).study(trial.study_id)
    bands = tuple(
        Band(level, tuple((day, values[LEVELS.index(low)], values[LEVELS.index(high)]) for day, values in trial.fan))
        for level, low, high in ((0.9, 0.05, 0.95), (0.5, 0.25, 0.75))
    )
    plan = []
    first, last = study.row["est_fpfv"], study.row["est_lpfv"]
    if first and last and last > first:
        step = max((last - first).days // 12, 1)
        plan = [
            (day, ledger.planned_count(study, day) or 0.0)
            for day in (first + timedelta(days=i) for i in range(0, (last - first).days + 1, step))
        ]
    return Fan(
        title="Participants enrolled",
        sentence="Participants enrolled so far, the plan, and the likely course with its 50% and 90% ranges.",
        method=METHOD,
        unit="participants",
        history=trial.history,
        middle=tuple((day, values[LEVELS.index(0.5)]) for day, values in trial.fan),
        bands=bands,
        plan=tuple(plan),
        # Where the median reaches the target, its own label says the number; two on one spot cannot be read.
        target=None if trial.fan[-1][1][LEVELS.index(0.5)] >= trial.target else float(trial.target),
        value_label="Participants",
    )


def _cost_fan(trial: TrialForecast, money: MoneyForecast) -> Fan:
    return Fan(
        title="Cost until database lock",
        sentence="Cost so far and its likely course with the 80% range, against the approved budget.",
        method="Each joint future spreads its remaining cost over its own time to lock.",
        unit=money.currency,
        history=((trial.today, money.spent + money.accrued),),
        middle=tuple((day, middle) for day, _, middle, _ in money.phasing),
        bands=(Band(0.8, tuple((day, low, high) for day, low, _, high in money.phasing)),),
        target=money.approved,
        target_label="Approved",
        value_label="Cost",
    )


def _milestone_chart(trial: TrialForecast) -> Timeline:
    rows = tuple(
        Milestone(
            m.label,
            m.planned,
            m.actual,
            None if m.actual else m.median,
            m.quantiles.get(0.05),
            m.quantiles.get(0.95),
            Verdict.CONCERN if (m.slip_days or 0) >= LATE_DAYS else Verdict.ORDINARY,
        )
        for m in trial.milestones
    )
    return Timeline(
        title="Milestones: planned, done and likely",
        sentence="Each milestone's planned date, and its actual or likely date with the 90% interval.",
        method=METHOD,
        milestones=rows,
        today=trial.today,
    )


def _coverage_chart(whole: ledger.LedgerSummary) -> Dots:
    dots = tuple(
        Dot(f"{100 * level:.0f}% intervals", inside / n, verdict=Verdict.ORDINARY) for level, (inside, n) in whole.coverage.items() if n
    )
    return Dots(
        title="Reliability: share of outcomes inside their interval",
        sentence="For 50%, 80% and 90% intervals, the share of outcomes that fell inside. Each should lie near its own level.",
        unit="share",
        dots=dots,
        reference=0.9,
        reference_label="Aim of the 90% interval",
        row_label="Interval",
    )


def _trial_table(view: View, running: Sequence[TrialForecast]) -> Table:
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
                "plan": _day(m.planned if m else None, "not planned"),
                "likely": _day((m.actual or m.median) if m else None, "not reached"),
                "range": _range(t),
                "by_plan": "no plan" if m is None or m.p_by_plan is None else wording.chance(m.p_by_plan),
                "cost": "no budget"
                if t.money is None
                else f"{wording.money(t.money.quantiles[0.5], t.money.currency)} of {wording.money(t.money.approved, t.money.currency)}",
            }
        )
    return Table("trials", "Running trials", columns, rows, empty="No trial is running. Load `study` and `site`.")


def _range(trial: TrialForecast) -> str:
    m = trial.milestone("last_participant_in")
    if m is None or not m.quantiles:
        return "reached"
    return f"{_day(m.quantiles[0.05], 'not reached')} to {_day(m.quantiles[0.95], 'not reached')}"


def _day(day: date | None, missing: str) -> str:
    return missing if day is None else wording.day(day)


def _target_table(whole: PortfolioForecast) -> Table:
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


def _capacity_table(whole: PortfolioForecast) -> Table:
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


def _milestone_table(trial: TrialForecast) -> Table:
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
        ends = "reached" if known else f"{_day(m.quantiles.get(0.05), 'not reached')} to {_day(m.quantiles.get(0.95), 'not reached')}"
        rows.append(
            {
                "name": m.label,
                "planned": _day(m.planned, "not planned"),
                "likely": _day(m.actual or m.median, "not reached"),
                "range": ends if m.quantiles or known else "not forecast",
                "by_plan": "reached" if known else "not assessed" if m.p_by_plan is None else wording.chance(m.p_by_plan),
            }
        )
    return Table("milestones", "Milestones", columns, rows, empty="No milestone was planned.")


def _driver_table(trial: TrialForecast) -> Table:
    rows = [{"driver": name[:1].upper() + name[1:], "days": f"{wording.number(days, 0, signed=True)} days"} for name, days in trial.drivers]
    columns = [Column("driver", "Cause"), Column("days", "Gained if it were as planned")]
    note = "One cause at a time is set to plan with the same luck; the days overlap and do not add up."
    return Table("drivers", "What drives the slip", columns, rows, empty="Nothing drives a slip of a day or more.", note=note)


def _wait_table(trial: TrialForecast) -> Table:
    rows = [{"what": name[:1].upper() + name[1:], "share": wording.share(share, 0)} for name, share in trial.criticality]
    columns = [Column("what", "Pending sites wait for"), Column("share", "In this share of futures")]
    return Table("waits", "What pending sites wait for", columns, rows, empty="No site is pending.")


def _design_tables(design: DesignPrior | None) -> list[Table]:
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


def _money_tables(trial: TrialForecast) -> list[Table]:
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
    return [Table("earned", "Earned value beside it", [Column("figure", "Figure"), Column("value", "Value")], rows)]


def _record_table(summaries: Sequence[ledger.LedgerSummary]) -> Table:
    columns = [
        Column("what", "Forecast of"),
        Column("scored", "Scored", is_number=True),
        Column("pending", "Not yet", is_number=True),
        *(Column(f"in{p}", f"In {p}%") for p in (50, 80, 90)),
        *(Column(k, f"Skill against {k}") for k in ("plan", "straight line", "vendor", "override")),
    ]
    rows = []
    for s in summaries:
        row: dict[str, object] = {"what": ledger.what_words(s.what), "scored": s.scored, "pending": s.pending}
        row |= {f"in{100 * p:.0f}": wording.of(i, n) if n else "not yet due" for p, (i, n) in s.coverage.items()}
        row |= {k: "nothing to compare" if v is None else wording.number(v, 2, signed=True) for k, v in s.skill.items()}
        rows.append(row)
    note = "Skill is 1 less our error over theirs: above 0 we were closer. What has not happened yet counts against an interval once it has passed."
    return Table(
        "record",
        "The record, by kind of forecast",
        columns,
        rows if summaries[0].scored + summaries[0].pending else [],
        empty="Nothing has come due.",
        note=note,
    )


def _entry_table(view: View, entries: Sequence[ledger.Entry]) -> Table:
    rows = []
    for e in entries:
        middle = e.quantiles.get(0.5)
        if e.unit == "date":
            value = "not reached" if middle is None else wording.day(e.data_cut + timedelta(days=middle))
        else:
            value = "not reached" if middle is None else wording.in_unit(middle if len(e.unit) == 3 else round(middle), e.unit)
        rows.append(
            {
                "trial": Cell(e.study_id, e.study_id, href=view.href(f"/forecasts/{e.study_id}")),
                "what": ledger.what_words(e.what),
                "made": wording.day(e.data_cut),
                "median": value,
                "overrides": wording.plural(len(e.overrides), "override") if e.overrides else "none",
                "seal": e.id[:12],
            }
        )
    columns = [
        Column("trial", "Trial"),
        Column("what", "Forecast of"),
        Column("made", "Facts of"),
        Column("median", "Median"),
        Column("overrides", "Human figures"),
        Column("seal", "Seal"),
    ]
    return Table(
        "entries",
        "Sealed forecasts",
        columns,
        rows,
        empty="No forecast has been sealed. Seal them here, or with `quarterdeck forecast --seal`.",
        size=50,
    )
