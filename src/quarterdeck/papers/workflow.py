"""The life of a paper as a table of moves: draft, review, approved by signature, issued and sealed, withdrawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.data_files import read_yaml
from quarterdeck.vocabulary.errors import BadInput, NotPermitted

if TYPE_CHECKING:
    from quarterdeck.record.database import Record

NEEDS = (
    "check_clean",
    "required_evidence",
    "second_reader",
    "machine_text_accepted",
    "signature",
    "unchanged_since_signature",
    "latest_snapshot",
    "reason",
)


@dataclass(frozen=True, slots=True)
class Move:
    """One allowed change of state: the permission says who may, `sources` and `needs` say when."""

    name: str
    sources: tuple[str, ...]
    target: str
    permission: str
    needs: tuple[str, ...]


@cache
def load_moves() -> dict[str, Move]:
    """All moves by name, from transitions.yaml. Unknown states, keys and needs are refused by name."""
    content = read_yaml(Path(__file__).with_name("transitions.yaml"))
    states = set(content["states"])
    moves = {}
    for name, entry in content["moves"].items():
        if unknown := set(entry) - {"from", "to", "permission", "needs"}:
            raise BadInput(
                "Unknown key in transitions.yaml", thing=f"{name}: {', '.join(sorted(unknown))}", allowed="from, to, permission, needs"
            )
        if unknown := {*entry["from"], entry["to"]} - states:
            raise BadInput("Unknown state in transitions.yaml", thing=f"{name}: {', '.join(sorted(unknown))}", allowed=sorted(states))
        if unknown := set(entry["needs"]) - set(NEEDS):
            raise BadInput("Unknown condition in transitions.yaml", thing=f"{name}: {', '.join(sorted(unknown))}", allowed=NEEDS)
        moves[name] = Move(name, tuple(entry["from"]), entry["to"], entry["permission"], tuple(entry["needs"]))
    return moves


@cache
def load_states() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """All states, and those in which a paper is sealed."""
    content = read_yaml(Path(__file__).with_name("transitions.yaml"))
    return tuple(content["states"]), tuple(content["sealed"])


def check_move(name: str, state: str) -> Move:
    """The move, if this state allows it. Raises NotPermitted that says what is allowed now."""
    move = load_moves()[name]
    if state not in move.sources:
        now = [m.name for m in load_moves().values() if state in m.sources]
        raise NotPermitted(f"A paper in state {state} cannot take this step", thing=name, allowed=now or ["nothing: it is sealed"])
    return move


def moves_from(state: str) -> list[Move]:
    """What may happen next."""
    return [move for move in load_moves().values() if state in move.sources]


def read_states(record: Record) -> dict[str, str]:
    """The state of every paper the record knows."""
    from sqlalchemy import select

    from quarterdeck.record.models.papers import PaperRecord

    with record.session() as session:
        return {paper.id: paper.state for paper in session.scalars(select(PaperRecord))}
