"""Is what was sealed still what lies there? Every manifest against its id, every part against its name, the chain to its beginning."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from quarterdeck.evidence.manifest import PartInfo, read_manifest
from quarterdeck.evidence.store import Store, hash_file


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
        path = store.snapshots_dir / f"{wanted}.json"
        if not path.exists():
            problems.append(f"snapshot {wanted[:12]}: its manifest is missing")
            break
        info = read_manifest(path.read_bytes())
        if info.id != wanted:
            problems.append(f"snapshot {wanted[:12]}: its manifest was changed after it was sealed")
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

    path = store.parts_dir / f"{part.sha256}.parquet"
    if not path.exists():
        return "its part is missing"
    if hash_file(path) != part.sha256:
        return "its part was changed after it was sealed"
    rows = pq.ParquetFile(path).metadata.num_rows
    return "" if rows == part.rows else f"its part holds {rows:,} rows, not {part.rows:,}"
