"""The seal of a part: its name is the SHA-256 of its bytes, so whether it is still what was sealed can be asked at any time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from pathlib import Path

from quarterdeck.evidence.manifest import PartInfo
from quarterdeck.vocabulary.errors import IntegrityBroken
from quarterdeck.vocabulary.wording import plural


def hash_file(path: Path) -> str:
    """SHA-256 of a file's bytes."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()


def find_damage(parts_dir: Path, part: PartInfo) -> str:
    """What is wrong with a part, in words that follow its table's name; empty where it is as it was sealed."""
    path = parts_dir / f"{part.sha256}.parquet"
    if not path.is_file():
        return "its part is missing"
    try:
        return "" if hash_file(path) == part.sha256 else "its part was changed after it was sealed"
    except OSError as error:
        return f"its part cannot be read ({error.strerror})"


def broken_seal(problems: Iterable[str]) -> IntegrityBroken:
    """The error that names the first problem and counts the others."""
    first, *others = problems
    more = f" and {plural(len(others), 'more problem')}" if others else ""
    return IntegrityBroken(
        "The evidence is not as it was sealed",
        thing=f"{first}{more}",
        next_step="Restore it from the backup; `quarterdeck verify` names all that differs.",
    )
