"""Enrolment and milestones: which trials will miss their plan, which are ahead of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from scipy.stats import nbinom

from quarterdeck.measures.evaluate import evaluate
from quarterdeck.risks.portfolio import days_between, read_daily_cost, read_exchange, read_leaders, read_running
from quarterdeck.risks.queries import read_rows
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import NotFound
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.reading import Reading, Scope
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

LEAST_DAYS = 75  # before that a trial's pace says little
LEAST_PLANNED = 15
PROBABLE = 0.8
LATE_DAYS = 60.0
BEHIND, AHEAD = 0.65, 1.1  # enrolled over planned by now
EARLY_DAYS = 21.0
UNLIKELY_TO_MISS = 0.3  # an opportunity may be named on weaker evidence than a concern
LONGEST_DELAY = 730.0
MILESTONES = """
SELECT study_id, milestone_type, country, coalesce(baseline_finish, planned_finish) AS due, forecast_finish FROM milestone
WHERE actual_finish IS NULL AND coalesce(complete, false) = false AND coalesce(baseline_finish, planned_finish) + 30 < $cut ORDER BY due
"""


def detect(snapshot: Snapshot) -> list[Finding]:
    """Trials behind and ahead, and milestones overdue."""
    against_plan = {reading.scope.key: reading for reading in evaluate("enrolment_against_plan", snapshot, "study")}
    found = []
    for study, row in read_running(snapshot).items():
        finding = _judge_trial(snapshot, row, against_plan.get(study))
        if finding:
            found.append(finding)
    return found + _find_overdue(snapshot)


def judge_pace(row: dict[str, Any], by_now: Reading | None, today: Any) -> tuple[float, float, float] | None:
    """(enrolled over planned by now, probability of missing the planned end, days late at the present pace); None where it cannot be said.

    What was planned by now is the measure's. The pace is that of the last half year; what is still to come is negative binomial, as a
    gamma rate gives it.
    """
    target, end, first = row["num_plan_subj"], row["est_lpfv"], row["first_in"] or row["est_fpfv"]
    enrolled = int(row["enrolled"] or 0)
    if not target or not end or not first or row["act_lpfv"] or enrolled >= target or (days_between(first, today) or 0) < LEAST_DAYS:
        return None
    if by_now is None or by_now.value is None or (by_now.denominator or 0.0) < LEAST_PLANNED:
        return None
    window = min(182, (today - first).days)
    rate = ((row["recent"] or 0) + 0.5) / window
    missing = target - enrolled
    left = max((end - today).days, 0)
    shape = (row["recent"] or 0) + 0.5
    chance = float(nbinom.cdf(missing - 1, shape, window / (window + left))) if left else 1.0
    return by_now.value, chance, min(missing / rate - left, LONGEST_DELAY)


def _judge_trial(snapshot: Snapshot, row: dict[str, Any], by_now: Reading | None) -> Finding | None:
    pace = judge_pace(row, by_now, snapshot.data_cut)
    if pace is None:
        return None
    progress, chance, late = pace
    # The forecast knows of sites that will open, of ageing and of screening; the pace alone stands in where there is none.
    chance, late = _read_forecast(snapshot, row["study_id"]) or (chance, late)
    if chance >= PROBABLE and late >= LATE_DAYS and progress <= BEHIND:
        return _describe_late(snapshot, row, progress, chance, late)
    if progress >= AHEAD and late <= -EARLY_DAYS and chance <= UNLIKELY_TO_MISS:
        return _describe_ahead(snapshot, row, progress, late)
    return None


def _describe_late(snapshot: Snapshot, row: dict[str, Any], progress: float, chance: float, late: float) -> Finding:
    study = row["study_id"]
    cost = late * read_daily_cost(snapshot).get(study, 0.0)
    is_capped = late >= LONGEST_DELAY
    words = f"more than {wording.duration(late)}" if is_capped else wording.duration(late)
    return Finding(
        id=f"enrolment/study/{study}", source="risks", scope=Scope("study", study),
        headline=f"{study} has {wording.share(progress)} of the participants its plan has by now and heads for {words} late",
        verdict=Verdict.CONCERN, cause="Open and planned sites together recruit more slowly than the plan needs",
        suggested_action="Decide on more sites, other countries or a new plan", owner=read_leaders(snapshot).get(study, ""), href=f"/trials/{study}",
        consequence=Consequence(chance, round(late), read_exchange(snapshot).money(cost), float(row["num_plan_subj"] - row["enrolled"]), True),
        facts={"trial": study, "enrolled": row["enrolled"], "target": row["num_plan_subj"], "share of plan": wording.share(progress), "late": words},
        snapshot=snapshot.id,
    )  # fmt: skip


def _describe_ahead(snapshot: Snapshot, row: dict[str, Any], progress: float, late: float) -> Finding:
    study = row["study_id"]
    saved = -late * read_daily_cost(snapshot).get(study, 0.0)
    return Finding(
        id=f"ahead/study/{study}", source="risks", scope=Scope("study", study),
        headline=f"{study} has {wording.share(progress)} of the participants its plan has by now and could finish {wording.duration(-late)} early",
        verdict=Verdict.BETTER, cause="Open and planned sites together recruit faster than the plan needs",
        suggested_action="Bring the later milestones forward, or move sites that are not needed to a trial that is late",
        owner=read_leaders(snapshot).get(study, ""), href=f"/trials/{study}", opportunity=True,
        consequence=Consequence(0.8, round(-late), read_exchange(snapshot).money(saved), None, True),
        facts={"trial": study, "enrolled": row["enrolled"], "target": row["num_plan_subj"], "share of plan": wording.share(progress), "early": wording.duration(-late)},
        snapshot=snapshot.id,
    )  # fmt: skip


def _find_overdue(snapshot: Snapshot) -> list[Finding]:
    running, overdue = read_running(snapshot), dict[str, list[dict[str, Any]]]()
    for row in read_rows(snapshot, MILESTONES):
        if row["study_id"] in running:
            overdue.setdefault(row["study_id"], []).append(row)
    found = []
    for study, rows in sorted(overdue.items()):
        days = (snapshot.data_cut - rows[0]["due"]).days
        name = str(rows[0]["milestone_type"]).replace("_", " ")
        found.append(Finding(
            id=f"milestones/study/{study}", source="risks", scope=Scope("study", study),
            headline=f"{study} has {wording.plural(len(rows), 'milestone')} overdue, the oldest ({name}) by {wording.duration(days)}",
            verdict=Verdict.CONCERN if days > 90 else Verdict.ORDINARY,
            cause="The planned date has passed and nothing says that it was reached",
            suggested_action="Confirm the date reached, or agree a new one with its reason", owner=read_leaders(snapshot).get(study, ""), href=f"/trials/{study}",
            consequence=Consequence(1.0, float(min(days, 180)), read_exchange(snapshot).money(0.25 * min(days, 180) * read_daily_cost(snapshot).get(study, 0.0)), None, True),
            facts={"trial": study, "overdue": len(rows), "oldest": name, "since": wording.duration(days)}, snapshot=snapshot.id,
        ))  # fmt: skip
    return found


def _read_forecast(snapshot: Snapshot, study: str) -> tuple[float, float] | None:
    """(probability of missing the planned last participant, days late at the median) as forecast; None where there is no forecast."""
    from quarterdeck.forecasts.findings import SEED
    from quarterdeck.forecasts.trial import forecast_trial

    try:
        forecast = forecast_trial(snapshot, study, SEED)
    except NotFound:
        return None
    milestone = forecast.milestone("last_participant_in")
    if forecast.reason or milestone is None or milestone.p_by_plan is None:
        return None
    slip = milestone.slip_days
    return 1 - milestone.p_by_plan, LONGEST_DELAY if slip is None else min(slip, LONGEST_DELAY)
