"""The states of an assessment and the steps between them, as a table: who may is in permissions, when may is here."""

from __future__ import annotations

from dataclasses import dataclass

from quarterdeck.vocabulary.errors import NotPermitted

STATES = {"triage": "to be looked at", "assess": "being assessed", "act": "actions under way", "close": "closed"}


@dataclass(frozen=True, slots=True)
class Step:
    """A step: from, to, the permission it needs, and whether it needs a signature and no open action."""

    name: str
    before: str
    after: str
    permission: str
    is_signed: bool = False
    words: str = ""


STEPS = (
    Step("assess", "triage", "assess", "regulation.assess", words="Start the assessment"),
    Step("dismiss", "triage", "close", "regulation.decide", is_signed=True, words="Close: nothing to do"),
    Step("act", "assess", "act", "regulation.decide", is_signed=True, words="Decide and act"),
    Step("settle", "assess", "close", "regulation.decide", is_signed=True, words="Close: no action needed"),
    Step("close", "act", "close", "regulation.decide", is_signed=True, words="Close: actions done"),
    Step("reopen", "close", "assess", "regulation.assess", words="Open again"),
)


def get_steps(state: str) -> tuple[Step, ...]:
    """The steps that lead on from a state."""
    return tuple(step for step in STEPS if step.before == state)


def get_step(state: str, name: str) -> Step:
    """The step of that name from that state. Raises NotPermitted with the steps that are open."""
    found = next((step for step in STEPS if step.before == state and step.name == name), None)
    if found is None:
        raise NotPermitted(
            "This step is not open", thing=f"{name} from '{STATES.get(state, state)}'", allowed=[step.name for step in get_steps(state)]
        )
    return found
