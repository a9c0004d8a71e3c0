"""What a conversation page shows of one session: whose voice a line is, what an offer is worth, and which words were begun."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from quarterdeck.development.deliver import negotiate
from quarterdeck.development.deliver.engine import COACH, LEARNER, Session
from quarterdeck.development.deliver.moves import is_help_request
from quarterdeck.development.deliver.scenario import Issue, Option, load_types
from quarterdeck.vocabulary import wording
from quarterdeck.web.tables import Column, Table

COACHING_LINES = ("brief", "hint", "prompt", "told", "praise", "note")  # in older logs the partner spoke them
OFFERING = "offer"


def voices(session: Session) -> list[dict[str, Any]]:
    """The lines that stand, each with its speaker: you, the other person, or the coach. What was taken back is in the transcript only."""
    partner = load_types()[session.scenario.type].partner
    lines = []
    for entry in session.state["log"]:
        if entry.get("undone") or _is_only_asked(entry) or not (entry.get("text") or entry.get("offer")):
            continue
        is_coach = entry["who"] == COACH or entry.get("kind") in COACHING_LINES
        speaker = "You" if entry["who"] == LEARNER else "Coach" if is_coach else partner
        offered = negotiate.describe(session.scenario, entry["offer"]) if entry.get("offer") else ""
        lines.append({**entry, "speaker": speaker, "is_coach": is_coach, "offered": offered})
    return lines


def _is_only_asked(entry: Mapping[str, Any]) -> bool:
    # A hint, a pause, leaving: the coach's answer says it, and the other person's last words stay in sight.
    return entry["who"] == LEARNER and (bool({"stop", "pause"} & set(entry.get("moves", ()))) or is_help_request(entry["text"]))


def describe_offers(session: Session, asked: str) -> dict[str, Any]:
    """The points of every option for the learner, the counter-offer with its worth, and the choices that the last words named.

    `asked` is "last" where the learner said that the last turn was an offer.
    """
    scenario, counter = session.scenario, session.state.get("counter")
    if not scenario.issues:
        return {"points": None, "choices": {}, "counter": None, "walkaway": 0, "named": {}, "words": "", "may_have_offered": False}
    last: Mapping[str, Any] = next((e for e in reversed(session.state["log"]) if e["who"] == LEARNER and not e.get("undone")), {})
    named = negotiate.read_choices(scenario, last.get("text", ""))
    missed = bool(last) and not last.get("offer") and bool(named or OFFERING in last.get("moves", ()))
    return {
        "points": table_of_points(session),
        "choices": {
            i.id: [(o.id, f"{o.label} ({wording.plural(_points(session, i, o), 'point')})") for o in i.options] for i in scenario.issues
        },
        "counter": (negotiate.describe(scenario, counter), _worth(session, counter)) if counter else None,
        "walkaway": scenario.reservation["you"],
        "named": named if asked == "last" else dict(counter or {}),
        "words": last.get("text", "") if asked == "last" and missed else "",
        "may_have_offered": missed,
    }


def table_of_points(session: Session) -> Table:
    """One row an option: the issue, the choice, its points for the learner in this run."""
    columns = [Column("issue", "Issue"), Column("choice", "Choice"), Column("points", "Points for you", is_number=True)]
    rows = [
        {"issue": issue.name, "choice": option.label, "points": _points(session, issue, option)}
        for issue in session.scenario.issues
        for option in issue.options
    ]
    walkaway = session.scenario.reservation["you"]
    note = f"Add one choice for each issue. Below {walkaway:g} points together you do better without a deal. What they need, you learn by asking."
    return Table("points", "What each choice is worth to you", columns, rows, note=note, size=40)


def _worth(session: Session, package: Mapping[str, str]) -> int:
    return sum(_points(session, issue, o) for issue in session.scenario.issues for o in issue.options if o.id == package[issue.id])


def _points(session: Session, issue: Issue, option: Option) -> int:
    return negotiate.points(option.you, session.state["factors"][issue.id][0])
