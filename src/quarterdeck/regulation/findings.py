"""Findings about rules for Bridge and papers: which changes apply now, what comes within 90 days, and which answers are missing."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from quarterdeck.regulation.implications import Impact, assess_all
from quarterdeck.regulation.knowledge import load_changes
from quarterdeck.regulation.model import Outcome
from quarterdeck.regulation.portfolio import Answers, derive_trials
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.finding import Finding
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

SHOWN = 8  # changes that get a finding of their own; the rest stay on the page
RECENT_DAYS = 400  # a duty older than this is standing practice, not news


def derive_impacts(snapshot: Snapshot, answers: Answers | None = None) -> tuple[Impact, ...]:
    """The impact of every known change on the trials of a snapshot."""
    key = ("regulation.impacts", tuple(sorted((answers or {}).items())))
    found: tuple[Impact, ...] = snapshot.cached(
        key, lambda: assess_all(load_changes().values(), derive_trials(snapshot, answers), snapshot.data_cut)
    )
    return found


def findings(snapshot: Snapshot, answers: Answers | None = None) -> list[Finding]:
    """The most pressing changes first: severity, then how many trials; then one finding about missing answers."""
    impacts = derive_impacts(snapshot, answers)
    if not any(impact.judgements for impact in impacts):
        return []
    pressing = [
        impact for impact in impacts if impact.trials(Outcome.APPLIES) and (_is_recent(impact, snapshot) or impact.change.opportunity)
    ]
    pressing.sort(key=lambda i: (("high", "medium", "low").index(i.change.severity), -len(i.trials(Outcome.APPLIES)), i.change.id))
    found = [_change_finding(impact, snapshot) for impact in pressing[:SHOWN]]
    if unknown := _questions_finding(impacts, snapshot):
        found.append(unknown)
    return found


def _is_recent(impact: Impact, snapshot: Snapshot) -> bool:
    newest = max(
        (d.first for d in impact.change.dates if d.kind in ("effective", "applies_from", "published", "election_deadline")), default=None
    )
    return newest is not None and newest >= snapshot.data_cut - timedelta(days=RECENT_DAYS)


def _change_finding(impact: Impact, snapshot: Snapshot) -> Finding:
    change, trials = impact.change, impact.trials(Outcome.APPLIES)
    low, high = impact.effort_days
    first = impact.proposals[0] if impact.proposals else None
    total = len(impact.judgements)
    headline = (
        f"{change.title}: an opportunity for {wording.of(len(trials), total)} trials"
        if change.opportunity
        else f"{change.title}: applies to {wording.of(len(trials), total)} trials"
    )
    return Finding(
        id=f"regulation.change/portfolio/{change.id}",
        source="regulation",
        scope=Scope(),
        headline=headline,
        verdict=Verdict.BETTER if change.opportunity else Verdict.CONCERN if change.severity == "high" else Verdict.ORDINARY,
        cause=change.implications[0],
        suggested_action=f"{first.template.title}, by {wording.day(first.due)}" if first else "",
        owner=first.template.owner_role if first else "",
        href=f"/regulation/changes/{change.id}",
        # What acting costs is a fact; what doing nothing costs is not known, so no consequence is priced.
        facts={
            "trials": len(trials),
            "of": total,
            "effort_days_low": low,
            "effort_days_high": high,
            "cost_gbp_low": impact.cost_gbp[0],
            "cost_gbp_high": impact.cost_gbp[1],
            "certainty": change.certainty,
            "title": change.title,
            "due": first.due.isoformat() if first else "",
        },
        opportunity=change.opportunity,
        snapshot=snapshot.id,
    )


def _questions_finding(impacts: tuple[Impact, ...], snapshot: Snapshot) -> Finding | None:
    asked = {(j.trial, name) for i in impacts for j in i.judgements for name in j.missing_facts if j.verdict is Outcome.NEEDS_REVIEW}
    if not asked:
        return None
    trials = {trial for trial, _ in asked}
    names = sorted({name for _, name in asked})
    return Finding(
        id="regulation.questions/portfolio/",
        source="regulation",
        scope=Scope(),
        headline=f"{wording.plural(len(names), 'question')} about {wording.plural(len(trials), 'trial')} must be answered before every rule can be judged",
        verdict=Verdict.ORDINARY,
        cause="The evidence is silent on: " + wording.listing([name.replace("_", " ") for name in names]) + ".",
        suggested_action="Answer the questions once for all trials, then for the exceptions",
        owner="director",
        href="/regulation/questions",
        facts={"questions": len(names), "trials": len(trials)},
        snapshot=snapshot.id,
    )
