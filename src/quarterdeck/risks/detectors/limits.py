"""Quality tolerance limits of each trial, watched with a test that may be looked at as often as one likes."""

from __future__ import annotations

from dataclasses import dataclass
from math import exp
from typing import TYPE_CHECKING, Any

import numpy as np

from quarterdeck.methods.sequential import ToleranceTest, project_share, watch_limit
from quarterdeck.risks.portfolio import read_exchange, read_leaders, read_running, read_trials
from quarterdeck.risks.queries import read_rows
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

ALPHA = 0.05
# What each parameter of the `qtl` table counts: one row a participant, in the order in which it became known.
EVENTS = {
    "eligibility": "EXISTS (SELECT 1 FROM eligibility_violation v WHERE v.study_id = s.study_id AND v.subject_id = s.subject_id)",
    "ineligible_enrolled": "EXISTS (SELECT 1 FROM eligibility_violation v WHERE v.study_id = s.study_id AND v.subject_id = s.subject_id)",
    "early_discontinuation": "coalesce(study_disc_dt <= $cut, false)",
    "study_discontinuation": "coalesce(study_disc_dt <= $cut, false)",
    "treatment_discontinuation": "coalesce(treatment_disc_dt <= $cut, false)",
    "important_deviation": "EXISTS (SELECT 1 FROM protocol_deviation d WHERE d.study_id = s.study_id AND d.subject_id = s.subject_id AND d.deemedimportant)",
    "lost_to_follow_up": "coalesce(study_disc_dt <= $cut AND study_disc_reason ILIKE '%lost%', false)",
}
ALIASES = {
    "eligibility_violation": "eligibility",
    "ineligible_participants": "eligibility",
    "important_protocol_deviation": "important_deviation",
    "discontinuation": "study_discontinuation",
}


@dataclass(frozen=True, slots=True)
class LimitStatus:
    """One tolerance limit now: its definition, what was counted, the test and the projection to the end of the trial."""

    definition: dict[str, Any]
    events: int
    participants: int
    test: ToleranceTest | None
    projected: tuple[float, float, float] | None
    reason: str = ""

    @property
    def rate(self) -> float | None:
        """Share so far."""
        return self.events / self.participants if self.participants else None

    @property
    def is_breached(self) -> bool:
        """Whether the test has given its alarm."""
        return bool(self.test and self.test.is_alarm)


def read_limits(snapshot: Snapshot) -> list[LimitStatus]:
    """Every limit of every trial, assessed or with the reason why not. Kept with the snapshot."""
    return snapshot.cached(
        "risks.limits", lambda: [_assess(snapshot, row) for row in read_rows(snapshot, "SELECT * FROM qtl ORDER BY study_id, qtl_id")]
    )


def detect(snapshot: Snapshot) -> list[Finding]:
    """A finding for each limit whose test gave its alarm."""
    running = read_running(snapshot)
    return [
        _describe(snapshot, status) for status in read_limits(snapshot) if status.is_breached and status.definition["study_id"] in running
    ]


def _assess(snapshot: Snapshot, row: dict[str, Any]) -> LimitStatus:
    parameter = ALIASES.get(row["parameter"] or "", row["parameter"] or "")
    expected, limit = float(row["expected_rate"] or 0), float(row["limit"] or 0)
    if parameter not in EVENTS:
        return LimitStatus(row, 0, 0, None, None, "no count is known for this parameter")
    if not 0 < expected < limit < 1:
        return LimitStatus(row, 0, 0, None, None, "the limit does not lie above the expected rate")
    sql = (
        f"SELECT {EVENTS[parameter]} AS event FROM subject s WHERE study_id = $study AND coalesce(enroll_dt, rand_dt) <= $cut "
        "ORDER BY coalesce(enroll_dt, rand_dt), subject_id"
    )
    events = np.array([int(r["event"]) for r in read_rows(snapshot, sql, study=row["study_id"])], dtype=np.int64)
    if len(events) == 0:
        return LimitStatus(row, 0, 0, None, None, "not yet due: nobody is enrolled")
    planned = float(read_trials(snapshot).get(row["study_id"], {}).get("num_plan_subj") or len(events))
    return LimitStatus(
        row,
        int(events.sum()),
        len(events),
        watch_limit(events, expected, limit, ALPHA),
        project_share(float(events.sum()), len(events), planned),
    )


def _describe(snapshot: Snapshot, status: LimitStatus) -> Finding:
    row, study = status.definition, status.definition["study_id"]
    name = str(row["parameter"]).replace("_", " ")
    seen, limit, expected = wording.share(status.rate or 0), wording.share(float(row["limit"])), wording.share(float(row["expected_rate"]))
    evidence = wording.number(exp(min(status.test.highest, 20)), 0) if status.test else ""
    return Finding(
        id=f"limit/study/{study}/{row['qtl_id']}", source="risks", scope=Scope("study", study),
        headline=f"{study} is outside its tolerance for {name}: {seen} of {wording.number(status.participants)} participants, where {expected} was expected",
        verdict=Verdict.CONCERN, cause=f"The rate fits the limit of {limit} better than what was expected, at evidence of {evidence} to 1",
        suggested_action="Evaluate whether the cause is systemic, and record the deviation and what is done (ICH E6(R3) 3.10.1)",
        owner=read_leaders(snapshot).get(study, ""), href=f"/risks/limits?study={study}",
        consequence=Consequence(0.9, 15.0, read_exchange(snapshot).money(0), float(status.events), False),
        facts={"trial": study, "parameter": name, "events": status.events, "participants": status.participants, "rate": seen, "limit": limit, "expected": expected, "evidence": evidence},
        snapshot=snapshot.id,
    )  # fmt: skip
