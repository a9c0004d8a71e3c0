"""Is what was sealed still what lies there? Every manifest against its id, every part against its name, the chain to its beginning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from quarterdeck.evidence.manifest import PartInfo
from quarterdeck.evidence.seal import find_damage
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.errors import IntegrityBroken


@dataclass(frozen=True, slots=True)
class Verification:
    """What was checked and what is wrong; `problems` is empty where all is as it was sealed."""

    snapshots: int
    parts: int
    problems: tuple[str, ...]


def verify_store(store: Store, advance: Callable[[str], None] = lambda note: None) -> Verification:
    """Checks the whole store. A broken link ends the chain, for nothing before it can be reached."""
    problems: list[str] = []
    checked: dict[str, bool] = {}
    count, wanted = 0, store.current_id()
    while wanted:
        try:
            info = store.read_info(wanted)
        except IntegrityBroken as error:
            problems.append(f"snapshot {wanted[:12]}: {error.what[:1].lower()}{error.what[1:]}")
            break
        count += 1
        named = {**info.tables, **({"quarantine": info.quarantine} if info.quarantine else {})}
        for name, part in sorted(named.items()):
            if part.sha256 not in checked:
                advance(f"{wanted[:12]} {name}")
                problem = _check_part(store, part)
                checked[part.sha256] = problem == ""
                if problem:
                    problems.append(f"snapshot {wanted[:12]}, {name}: {problem}")
        wanted = info.parent
    return Verification(count, len(checked), tuple(problems))


def _check_part(store: Store, part: PartInfo) -> str:
    import pyarrow.parquet as pq

    if problem := find_damage(store.parts_dir, part):
        return problem
    rows = pq.ParquetFile(store.parts_dir / f"{part.sha256}.parquet").metadata.num_rows
    return "" if rows == part.rows else f"its part holds {rows:,} rows, not {part.rows:,}"
