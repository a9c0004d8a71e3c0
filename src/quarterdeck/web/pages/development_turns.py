"""What a conversation page shows of one session: whose voice a line is, what an offer is worth, and which words were begun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.development.deliver import negotiate
from quarterdeck.development.deliver.engine import COACH, LEARNER, Session
from quarterdeck.development.deliver.scenario import load_types
from quarterdeck.web.tables import Column, Table

COACHING_LINES = ("brief", "hint", "prompt", "told", "praise", "note")  # in older logs the partner spoke them
OFFERING = "offer"


def voices(session: Session) -> list[dict[str, Any]]:
    """The lines that stand, each with its speaker: you, the other person, or the coach. What was taken back is in the transcript only."""
    partner = load_types()[session.scenario.type].partner
    lines = []
    for entry in session.state["log"]:
        if entry.get("undone") or not (entry.get("text") or entry.get("offer")):
            continue
        is_coach = entry["who"] == COACH or entry.get("kind") in COACHING_LINES
        speaker = "You" if entry["who"] == LEARNER else "Coach" if is_coach else partner
        lines.append({**entry, "speaker": speaker, "is_coach": is_coach})
    return lines


def describe_offers(session: Session, asked: str) -> dict[str, Any]:
    """The points of every option for the learner, the counter-offer with its worth, and the choices that the last words named.

    `asked` is "last" where the learner said that the last turn was an offer.
    """
    scenario, counter = session.scenario, session.state.get("counter")
    if not scenario.issues:
        return {"points": None, "counter": None, "walkaway": 0, "named": {}, "words": "", "may_have_offered": False}
    last: Mapping[str, Any] = next((e for e in reversed(session.state["log"]) if e["who"] == LEARNER and not e.get("undone")), {})
    named = negotiate.read_choices(scenario, last.get("text", ""))
    missed = bool(last) and not last.get("offer") and bool(named or OFFERING in last.get("moves", ()))
    return {
        "points": table_of_points(session),
        "counter": (negotiate.describe(scenario, counter), _worth(session, counter)) if counter else None,
        "walkaway": scenario.reservation["you"],
        "named": named if asked == "last" else dict(counter or {}),
        "words": last.get("text", "") if asked == "last" and missed else "",
        "may_have_offered": missed,
    }


def table_of_points(session: Session) -> Table:
    """One row an option: the issue, the choice, its points for the learner in this run."""
    factors = session.state["factors"]
    columns = [Column("issue", "Issue"), Column("choice", "Choice"), Column("points", "Points for you", is_number=True)]
    rows = [
        {"issue": issue.name, "choice": option.label, "points": negotiate.points(option.you, factors[issue.id][0])}
        for issue in session.scenario.issues
        for option in issue.options
    ]
    walkaway = session.scenario.reservation["you"]
    note = f"Add one choice for each issue. Below {walkaway:g} points together you do better without a deal. What they need, you learn by asking."
    return Table("points", "What each choice is worth to you", columns, rows, note=note, size=40)


def _worth(session: Session, package: Mapping[str, str]) -> int:
    factors = session.state["factors"]
    return sum(
        negotiate.points(option.you, factors[issue.id][0])
        for issue in session.scenario.issues
        for option in issue.options
        if option.id == package[issue.id]
    )
