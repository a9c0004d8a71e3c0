"""Who may do what: a table of sentences (the YAML files here) and one check.

*Who may* is kept here; *when may* (the state of the thing) is a table of transitions in the room that owns the thing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from quarterdeck.data_files import read_yaml
from quarterdeck.vocabulary.errors import BadInput, NotPermitted
from quarterdeck.vocabulary.reading import Scope

ROLES = ("reader", "analyst", "director", "quality", "administrator")
HUMAN_ONLY = "human_only"


@dataclass(frozen=True, slots=True)
class GrantedRole:
    """A role and where it holds: the portfolio, a programme or one trial."""

    role: str
    scope: Scope = Scope()


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts. A machine is never the actor of an acceptance or a signature."""

    id: str
    name: str
    grants: tuple[GrantedRole, ...] = ()
    is_machine: bool = False


@dataclass(frozen=True, slots=True)
class Permission:
    """One sentence: who may do the action. `human_only` actions refuse machines whatever their role."""

    action: str
    sentence: str
    roles: frozenset[str]
    human_only: bool = False


# The one person of an installation without accounts: loopback only, every role, and still a named person in the audit.
SINGLE_USER = Actor("local", "Local user", tuple(GrantedRole(role) for role in ROLES))
MACHINE = Actor("quarterdeck", "Quarterdeck", (GrantedRole("analyst"), GrantedRole("reader")), is_machine=True)


@cache
def load_permissions() -> dict[str, Permission]:
    """All permissions by action, from the YAML files beside this module. Unknown keys and roles are refused by name."""
    permissions: dict[str, Permission] = {}
    for path in sorted(Path(__file__).parent.glob("*.yaml")):
        for action, entry in (read_yaml(path) or {}).items():
            if unknown := set(entry) - {"sentence", "roles", HUMAN_ONLY}:
                raise BadInput(
                    "Unknown key in a permission",
                    thing=f"{path.name}, {action}: {', '.join(sorted(unknown))}",
                    allowed="sentence, roles, human_only",
                )
            if unknown := set(entry["roles"]) - set(ROLES):
                raise BadInput("Unknown role", thing=f"{path.name}, {action}: {', '.join(sorted(unknown))}", allowed=ROLES)
            if action in permissions:
                raise BadInput("A permission is defined twice", thing=f"{action} in {path.name}")
            permissions[action] = Permission(action, entry["sentence"], frozenset(entry["roles"]), bool(entry.get(HUMAN_ONLY, False)))
    return permissions


def is_permitted(actor: Actor, action: str, scope: Scope = Scope()) -> bool:
    """Whether the actor holds a role for the action at this scope. A portfolio grant covers every scope."""
    permission = load_permissions().get(action)
    if permission is None:
        raise BadInput("Unknown action", thing=action, next_step="Add it to record/permissions.")
    if actor.is_machine and permission.human_only:
        return False
    return any(grant.role in permission.roles and _covers(grant.scope, scope) for grant in actor.grants)


def check_permission(actor: Actor, action: str, scope: Scope = Scope()) -> None:
    """Raises NotPermitted, with the sentence that says who may."""
    if not is_permitted(actor, action, scope):
        raise NotPermitted(
            f"{actor.name} may not do this", thing=f"{action} on {scope}", next_step=f"The rule: {load_permissions()[action].sentence}"
        )


def _covers(granted: Scope, asked: Scope) -> bool:
    if granted.level == "portfolio":
        return True
    # A trial's sites and countries carry the trial first in their key: "QD-007/0123".
    return granted == asked or (granted.level == "study" and asked.key.split("/")[0] == granted.key)
