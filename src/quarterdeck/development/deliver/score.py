"""The score of a conversation by its rubric, every part visible. Practice is not evidence of performance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from quarterdeck.development.deliver import negotiate
from quarterdeck.development.deliver.engine import Session
from quarterdeck.development.deliver.scenario import load_types

UP, DOWN = 0.7, 0.3


@dataclass(frozen=True, slots=True)
class Result:
    """What a session came to: score and unaided share from 0 to 1, the parts, and per element its credit and the sentence that showed it."""

    score: float
    unaided: float
    parts: dict[str, float]
    elements: tuple[dict[str, Any], ...]
    misconceptions: tuple[str, ...]
    marks: tuple[str, ...]
    note: str = "Practice is not evidence of performance. It counts for learning."


def score_session(session: Session) -> Result:
    """The result of a session, ended or not."""
    kind = load_types()[session.scenario.type]
    parts = {name: _part(name, session) for name in kind.score}
    total = sum(weight * parts[name] for name, weight in kind.score.items())
    if session.scenario.type == "negotiation" and not session.state["deal"]:
        total = 0.2 * parts["interests"] * 0.5
    return Result(
        score=round(max(0.0, min(1.0, total)), 4),
        unaided=round(_unaided(session), 4),
        parts={name: round(value, 4) for name, value in parts.items()},
        elements=tuple(
            {
                "id": e.id,
                "what": e.what,
                "credit": session.state["credit"].get(e.id, 0.0),
                "sentence": session.state["sentence"].get(e.id, ""),
                "told": e.told,
            }
            for e in session.scenario.expectations.values()
        ),
        misconceptions=tuple(session.state["misconceptions"]),
        marks=tuple(session.state["marks"]),
    )


def next_level(level: int, unaided: Sequence[float]) -> int:
    """The level of the next session of a type: up after two at .7 or more unaided, down after two below .3. The learner may override."""
    last = list(unaided)[-2:]
    if len(last) == 2 and min(last) >= UP:
        return min(3, level + 1)
    if len(last) == 2 and max(last) < DOWN:
        return max(1, level - 1)
    return level


def _part(name: str, session: Session) -> float:
    state, scenario = session.state, session.scenario
    if name == "elements":
        weights = {key: e.weight for key, e in scenario.expectations.items()}
        total = sum(weights.values())
        return sum(weights[key] * state["credit"].get(key, 0.0) for key in weights) / total if total else 0.0
    if name == "marks":
        return float(min(4, len(set(state["marks"]))))
    if name == "figures":
        asked = [f for f in scenario.figures.values() if f.method]
        return sum(bool(state["figures_right"].get(f.id)) for f in asked) / len(asked) if asked else _part("elements", session)
    if name in ("facts", "interests"):
        return len(state["facts"]) / len(scenario.facts) if scenario.facts else 0.0
    if name == "commitment":
        return float("commitment" in state["marks"])
    if name == "calm":
        heard = bool(state["facts"]) and "walkout" not in state["marks"]
        return float(max(0.0, 1 - state["variables"].get("tension", 0) / 8) ** 0.5) if heard else 0.0
    if name == "order":
        return _order(session)
    if name == "clock":
        clocks = [e for e in scenario.expectations.values() if e.by_turn]
        met = sum(state["credit"].get(e.id, 0) > 0 and state["found_turn"].get(e.id, 99) <= e.by_turn for e in clocks)
        return met / len(clocks) if clocks else _part("elements", session)
    if state["deal"] is None:
        return 0.0
    factors = {k: (v[0], v[1]) for k, v in state["factors"].items()}
    judged = negotiate.judge(scenario, state["deal"], factors)
    return (
        min(1.0, judged["share"] / 0.6) if name == "share" else judged[name]
    )  # six tenths of the zone is a full mark: more strains the relation


def _order(session: Session) -> float:
    ordered = [e for e in session.scenario.expectations.values() if e.order]
    done = [e for e in ordered if session.state["credit"].get(e.id, 0) > 0]
    pairs = [(a, b) for a in ordered for b in ordered if a.order < b.order]
    if not pairs or not done:
        return 0.0
    turns = session.state["found_turn"]
    right = sum(a.id in turns and b.id in turns and turns[a.id] <= turns[b.id] for a, b in pairs)
    return float(right) / len(pairs)


def _unaided(session: Session) -> float:
    state, scenario = session.state, session.scenario
    if scenario.type in ("roleplay", "negotiation"):
        return score_parts_only(session)
    full = [key for key in scenario.expectations if state["credit"].get(key, 0.0) >= 0.9]
    return len(full) / len(scenario.expectations) if scenario.expectations else 0.0


def score_parts_only(session: Session) -> float:
    """The score of types that give no help: everything in them is unaided."""
    kind = load_types()[session.scenario.type]
    if session.scenario.type == "negotiation" and not session.state["deal"]:
        return 0.0
    return max(0.0, sum(weight * _part(name, session) for name, weight in kind.score.items()))
