"""Which conversations belong to a competency. They speak of the work of the shipped role; the same bare code means something else elsewhere."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from quarterdeck.development.deliver.scenario import Scenario, load_scenarios, load_types
from quarterdeck.development.discover.items import DIRECTOR
from quarterdeck.development.roles.model import RoleModel


def conversations_for(role: RoleModel, competency: str) -> tuple[str, ...]:
    """Authored conversations for a competency of a role, without debriefs; none for a role that was imported."""
    if role.id != DIRECTOR:
        return ()
    return tuple(s.id for s in load_scenarios().values() if competency in s.competencies and s.type != "debrief")


def checkpoints_for(role: RoleModel, competency: str) -> tuple[str, ...]:
    """Those of them that can be passed: a kind that promises no score holds no checkpoint."""
    return tuple(s for s in conversations_for(role, competency) if load_types()[load_scenarios()[s].type].scored)


def competencies_of(role: RoleModel, scenario: Scenario) -> tuple[str, ...]:
    """The competencies of this role that a conversation practises."""
    return scenario.competencies if role.id == DIRECTOR else ()


def pick_unseen(own: Sequence[str], seen: Collection[str]) -> str:
    """One that was not held yet, the last first; where all were, the last again."""
    return next((s for s in reversed(own) if s not in seen), own[-1] if own else "")
