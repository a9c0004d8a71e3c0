"""The loop as tables: states, transitions, who may, and what each move needs. Pages, tests and diagrams are derived from them."""

from __future__ import annotations

from dataclasses import dataclass

from quarterdeck.vocabulary.errors import NotPermitted


@dataclass(frozen=True, slots=True)
class Transition:
    """A move that may be made. `permission` is the action that record/permissions names; `needs` are fields that must be filled."""

    before: str
    after: str
    permission: str
    needs: tuple[str, ...] = ("reason",)


SIGNAL_STATES = {
    "new": "Nobody has looked yet",
    "under_review": "Somebody is looking",
    "false_positive": "Chance, or an error of the data",
    "explained": "True, and as it should be",
    "confirmed": "True, and a cause is known",
    "escalated": "Beyond the team",
    "action": "Something is being done",
    "done": "Done, its effect not yet known",
    "measured": "The effect was measured",
    "closed": "Closed",
    "reopened": "Came back, or the action did not help",
}
SIGNAL_TRANSITIONS = (
    Transition("new", "under_review", "signal.triage"),
    Transition("new", "false_positive", "signal.triage"),
    Transition("new", "explained", "signal.triage"),
    Transition("under_review", "false_positive", "signal.triage"),
    Transition("under_review", "explained", "signal.triage"),
    Transition("under_review", "confirmed", "signal.triage", ("reason", "root_cause")),
    Transition("under_review", "escalated", "signal.triage", ("reason", "root_cause")),
    Transition("escalated", "confirmed", "signal.triage"),
    Transition("escalated", "action", "signal.act", ("reason", "action")),
    Transition("confirmed", "escalated", "signal.triage"),
    Transition("confirmed", "action", "signal.act", ("reason", "action")),
    Transition("action", "done", "signal.act"),
    Transition("done", "measured", "signal.measure", ("reason", "effect")),
    Transition("measured", "closed", "signal.close"),
    Transition("measured", "reopened", "signal.close"),
    Transition("false_positive", "closed", "signal.close"),
    Transition("explained", "closed", "signal.close"),
    Transition("false_positive", "reopened", "signal.triage"),
    Transition("explained", "reopened", "signal.triage"),
    Transition("closed", "reopened", "signal.close"),
    Transition("reopened", "under_review", "signal.triage"),
    Transition("reopened", "action", "signal.act", ("reason", "action")),
)
REGISTER_STATES = {
    "draft": "Being written",
    "open": "Open, nothing agreed",
    "treating": "Being treated",
    "accepted": "Accepted for a time",
    "materialised": "It happened",
    "closed": "Over",
    "rejected": "Not taken up",
    "reopened": "Open again",
}
REGISTER_TRANSITIONS = (
    Transition("draft", "open", "register.raise"),
    Transition("draft", "rejected", "register.raise"),
    Transition("open", "treating", "register.raise"),
    Transition("open", "accepted", "register.accept", ("reason", "accepted_until")),
    Transition("open", "rejected", "register.raise"),
    Transition("open", "materialised", "register.close"),
    Transition("open", "closed", "register.close"),
    Transition("treating", "accepted", "register.accept", ("reason", "accepted_until")),
    Transition("treating", "materialised", "register.close"),
    Transition("treating", "closed", "register.close"),
    Transition("accepted", "reopened", "register.raise"),
    Transition("accepted", "materialised", "register.close"),
    Transition("accepted", "closed", "register.close"),
    Transition("reopened", "treating", "register.raise"),
    Transition("reopened", "accepted", "register.accept", ("reason", "accepted_until")),
    Transition("reopened", "materialised", "register.close"),
    Transition("reopened", "closed", "register.close"),
    Transition("rejected", "reopened", "register.raise"),
)
CONFIRMED = ("confirmed", "escalated", "action", "done", "measured")


def find_transition(table: tuple[Transition, ...], before: str, after: str) -> Transition:
    """The move from one state to another. Raises NotPermitted that names the moves there are."""
    for transition in table:
        if (transition.before, transition.after) == (before, after):
            return transition
    there = [t.after.replace("_", " ") for t in table if t.before == before]
    raise NotPermitted(
        "This move is not possible in this state",
        thing=f"{before.replace('_', ' ')} to {after.replace('_', ' ')}",
        allowed=there or "none: this is an end",
    )


def next_states(table: tuple[Transition, ...], before: str) -> list[Transition]:
    """The moves that can be made from here, in the order of the table."""
    return [transition for transition in table if transition.before == before]
