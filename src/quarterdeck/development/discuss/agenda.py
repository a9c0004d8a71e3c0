"""The agenda of a conversation: its steps with minutes, which is held now and which are done."""

from __future__ import annotations

import re
from dataclasses import dataclass

from quarterdeck.development.deliver.scenario import Scenario, load_types


@dataclass(frozen=True, slots=True)
class Step:
    """One step. `state`: done, now, to come."""

    name: str
    minutes: int
    state: str


def build_agenda(scenario: Scenario, at: str = "") -> tuple[Step, ...]:
    """The steps of a conversation that stands at this state; before it begins, all are to come. Minutes are a guide: nothing is timed."""
    asked = [state.id for state in scenario.states.values() if state.kind.startswith("ask")]
    order = list(scenario.states)
    place = order.index(at) if at in order else len(order) if at else -1
    minutes = max(1, round(load_types()[scenario.type].minutes / max(1, len(asked))))
    return tuple(Step(_words(name), minutes, _state(order.index(name), place, at, name)) for name in asked)


def _state(own: int, place: int, at: str, name: str) -> str:
    return "now" if name == at else "done" if own < place else "to come"


def _words(name: str) -> str:
    plain = re.sub(r"^q(\d)", r"question \1", name).replace("_", " ")
    return plain[0].upper() + plain[1:]
