"""Decisions of the record as facts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from quarterdeck.papers.facts import Fact, Value


class DecisionProvider:
    """Decisions of the record, with who took them and when."""

    prefix = "decision"

    def __init__(self, decisions: Sequence[Any], people: Mapping[str, str]) -> None:
        self._facts = {d.id: _decision_fact(d, people) for d in decisions}

    def find(self, key: str) -> Fact | None:
        """One decision: its outcome."""
        return self._facts.get(key)

    def facts(self) -> Iterable[Fact]:
        """All of them, newest first."""
        return self._facts.values()


def _decision_fact(decision: Any, people: Mapping[str, str]) -> Fact:
    parts: dict[str, tuple[Value, str]] = {
        "question": (decision.question, "text"), "reason": (decision.reason, "text"), "by": (people.get(decision.decided_by, decision.decided_by), "name"),
        "decided_at": (decision.decided_at, "date"), "subject": (decision.subject_id, "name"),
    }  # fmt: skip
    return Fact(
        f"decision:{decision.id}",
        decision.question,
        decision.outcome,
        "text",
        parts=parts,
        snapshot=decision.snapshot,
        source="the record of decisions",
    )
