"""The compliance map: from clause to control to the evidence that shows it, with E6(R2) references led to E6(R3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from quarterdeck.regulation.loading import HERE, check_keys, check_value, read_yaml

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

MAP = HERE / "compliance_map.yaml"


@dataclass(frozen=True, slots=True)
class Clause:
    """A clause, its control and its evidence. `r2` says where E6(R2) had the matter."""

    instrument: str
    title: str
    change: str
    clause: str
    about: str
    control: str
    evidence: tuple[str, ...]
    owner: str
    r2: str = ""


@dataclass(frozen=True, slots=True)
class Coverage:
    """A clause with what the evidence base holds for it: rows by table, and what lives elsewhere."""

    clause: Clause
    rows: tuple[tuple[str, int], ...]
    elsewhere: tuple[str, ...]

    @property
    def state(self) -> str:
        """shown: rows in every table named; partly; elsewhere: kept outside the tables; missing."""
        filled = sum(count > 0 for _, count in self.rows)
        if not self.rows:
            return "elsewhere"
        return "shown" if filled == len(self.rows) else "partly" if filled else "missing"


@cache
def load_clauses() -> tuple[Clause, ...]:
    """All clauses in the order of the map."""
    content = check_keys(read_yaml(MAP), MAP.name, ("instruments", "clauses"))
    instruments = content["instruments"]
    clauses = []
    for number, entry in enumerate(content["clauses"], 1):
        where = f"{MAP.name}, clause {number}"
        entry = check_keys(entry, where, ("instrument", "clause", "about", "control", "evidence", "owner"), ("r2",))
        check_value(entry["instrument"], where, instruments)
        instrument = instruments[entry["instrument"]]
        clauses.append(
            Clause(
                entry["instrument"],
                instrument["title"],
                instrument["change"],
                entry["clause"],
                entry["about"],
                entry["control"],
                tuple(map(str, entry["evidence"])),
                entry["owner"],
                entry.get("r2", ""),
            )
        )
    return tuple(clauses)


def derive_coverage(snapshot: Snapshot | None) -> list[Coverage]:
    """Every clause with the rows that the snapshot holds for it."""
    counts = {name: part.rows for name, part in snapshot.tables.items()} if snapshot else {}
    return [
        Coverage(
            clause,
            tuple((name, counts.get(name, 0)) for name in clause.evidence if not name.startswith("record:")),
            tuple(name.removeprefix("record:") for name in clause.evidence if name.startswith("record:")),
        )
        for clause in load_clauses()
    ]


def map_r2(reference: str) -> list[Clause]:
    """Where a section of E6(R2) went in E6(R3): '5.18.3' leads to the clause that took over 5.18. Empty where nothing matches.

    >>> [clause.clause for clause in map_r2("5.18.3")]
    ['Annex 1, 3.11.4']
    """
    asked = re.sub(r"[^\d.]", "", reference).strip(".")
    best: list[tuple[int, Clause]] = []
    for clause in load_clauses():
        for section in _sections(clause.r2):
            if asked and (asked == section or asked.startswith(section + ".") or section.startswith(asked + ".")):
                best.append((len(section), clause))
    longest = max((length for length, _ in best), default=0)
    return list(dict.fromkeys(clause for length, clause in best if length == longest or asked == ""))


def _sections(text: str) -> list[str]:
    sections = []
    for piece in text.split(","):
        numbers = re.findall(r"\d+(?:\.\d+)*", piece)
        if " to " in piece and len(numbers) == 2 and numbers[0].count(".") == numbers[1].count("."):
            head, first = numbers[0].rpartition(".")[::2]
            sections += [f"{head}.{n}" if head else str(n) for n in range(int(first), int(numbers[1].rpartition(".")[2]) + 1)]
        else:
            sections += numbers
    return sections
