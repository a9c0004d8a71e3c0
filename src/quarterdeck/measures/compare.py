"""What changed between two snapshots: readings whose verdict, value or chance moved by more than their own uncertainty."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from quarterdeck.measures.catalogue import load_definitions
from quarterdeck.measures.evaluate import Choices, evaluate
from quarterdeck.vocabulary.reading import Reading, Scope
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

# A chance that moves by this much is news even where the verdict is the same.
NOTABLE_CHANCE = 0.10
ORDER = ("now a concern", "no longer a concern", "chance moved", "value moved", "now assessed", "no longer assessed")


@dataclass(frozen=True, slots=True)
class Change:
    """One reading then and now, and in a word what changed."""

    measure: str
    scope: Scope
    kind: str
    before: Reading | None
    after: Reading | None

    @property
    def difference(self) -> float | None:
        """Now less then, in the measure's unit."""
        values = [reading.value if reading else None for reading in (self.before, self.after)]
        return None if values[0] is None or values[1] is None else values[1] - values[0]


def compare(
    before: Snapshot, after: Snapshot, levels: Sequence[str] = ("portfolio", "study"), choices: Choices | None = None
) -> list[Change]:
    """Notable changes of all measures at these levels, gravest kind first. The same snapshot twice gives none."""
    if before.id == after.id:
        return []
    found: list[Change] = []
    for definition in load_definitions().values():
        for level in (level for level in definition.levels if level in levels):
            old, new = ({r.scope: r for r in evaluate(definition.id, snapshot, level, choices)} for snapshot in (before, after))
            for scope in sorted(set(old) | set(new), key=lambda scope: scope.key):
                kind = name_change(old.get(scope), new.get(scope))
                if kind:
                    found.append(Change(definition.id, scope, kind, old.get(scope), new.get(scope)))
    return sorted(found, key=lambda change: (ORDER.index(change.kind), change.measure, str(change.scope)))


def name_change(before: Reading | None, after: Reading | None) -> str:
    """The kind of change, '' where there is nothing to say."""
    was, now = (reading is not None and reading.is_assessed for reading in (before, after))
    if was != now:
        return "now assessed" if now else "no longer assessed"
    if before is None or after is None or not now:
        return ""
    concern = [reading.verdict is Verdict.CONCERN for reading in (before, after)]
    if concern[0] != concern[1]:
        return "now a concern" if concern[1] else "no longer a concern"
    if before.p_target is not None and after.p_target is not None and abs(after.p_target - before.p_target) >= NOTABLE_CHANCE:
        return "chance moved"
    if before.interval is not None and after.value is not None and after.value not in before.interval:
        return "value moved"
    return ""
