"""Which table a file fills and which header is which column: certain matches are used, likely ones are only proposed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from importlib.resources import files

from quarterdeck.data_files import read_yaml
from quarterdeck.evidence.contracts import Contract, load_contracts

LIKELY = 0.72  # similarity of names from which a match is worth proposing
SUFFIX = re.compile(r"__(v|c|ctms|sys)$")


@dataclass(frozen=True, slots=True)
class Match:
    """Headers of one file against one table: certain ones, likely ones, and those without a place."""

    table: str
    certain: dict[str, str]  # our column -> header
    likely: dict[str, str]
    ignored: tuple[str, ...]

    @property
    def missing_keys(self) -> tuple[str, ...]:
        """Key columns no header was found for with certainty."""
        contract = load_contracts()[self.table]
        return tuple(key for key in contract.key if key not in self.certain and not contract.column(key).may_be_empty)


def normal(name: str) -> str:
    """A name without case, punctuation, or the endings that systems add.

    >>> normal("Site No.")
    'site_no'
    """
    return re.sub(r"[^a-z0-9]+", "_", SUFFIX.sub("", name.strip().lower())).strip("_")


def find_table(stem: str, headers: Sequence[str]) -> str:
    """The table whose name the file or sheet bears (plural, prefix, suffix and date allowed), or whose columns its headers are; else ''."""
    contracts = load_contracts()
    name = normal(stem)
    names = sorted(contracts, key=len, reverse=True)
    for candidate in names:
        if name in (candidate, *_plurals(candidate)):
            return candidate
    known = {normal(header) for header in headers}
    fits = [c for c in names if re.search(rf"(^|_)({'|'.join([c, *_plurals(c)])})(_|$)", name)]
    fits = [c for c in fits if _is_plausible(contracts[c], known)]
    if fits:
        return fits[0]
    whole = [c for c in contracts.values() if set(c.key) <= known and len(known & set(c.column_names)) >= max(3, 0.6 * len(known))]
    best = sorted(whole, key=lambda c: (-len(known & set(c.column_names)), len(c.columns)))
    return best[0].name if best else ""


def match_headers(table: str, headers: Sequence[str]) -> Match:
    """Each header against the columns of a table."""
    contract = load_contracts()[table]
    certain: dict[str, str] = {}
    for header in headers:
        name = normal(header)
        if name in contract.column_names and name not in certain:
            certain[name] = header
    rest = [header for header in headers if header not in certain.values() and not header.startswith("_")]
    likely = _likely(contract, [column for column in contract.column_names if column not in certain], rest)
    return Match(table, certain, likely, tuple(rest))


def propose_table(headers: Sequence[str]) -> str:
    """The table that most headers could belong to: a proposal, never used unasked."""
    scores = {}
    for name, contract in load_contracts().items():
        match = match_headers(name, headers)
        keys = sum(key in match.certain or key in match.likely for key in contract.key) / len(contract.key)
        scores[name] = (len(match.certain) + 0.8 * len(match.likely)) / max(len(headers), 1) + 0.5 * keys
    return max(sorted(scores), key=lambda name: scores[name])


@cache
def load_synonyms() -> dict[str, tuple[str, ...]]:
    """What other systems call our columns, in normal form."""
    content = read_yaml(files(__package__).joinpath("lists", "synonyms.yaml"))
    return {column: tuple(normal(word) for word in words) for column, words in content.items()}


def _likely(contract: Contract, columns: Iterable[str], headers: Sequence[str]) -> dict[str, str]:
    pairs = sorted(
        ((_similarity(column, normal(header)), column, header) for column in columns for header in headers),
        key=lambda p: (-p[0], p[1], p[2]),
    )
    chosen: dict[str, str] = {}
    for score, column, header in pairs:
        if score >= LIKELY and column not in chosen and header not in chosen.values():
            chosen[column] = header
    return chosen


def _similarity(column: str, header: str) -> float:
    if header in load_synonyms().get(column, ()):
        return 1.0
    bare, other = re.sub(r"_(dt|ts|id|yn|date)$", "", column), re.sub(r"_(dt|ts|id|yn|date|number|no|code)$", "", header)
    if bare == other:
        return 0.95
    return SequenceMatcher(None, column, header).ratio()


def _is_plausible(contract: Contract, known: set[str]) -> bool:
    return any(key in known for key in contract.key) or len(known & set(contract.column_names)) >= 2


def _plurals(name: str) -> tuple[str, ...]:
    return (f"{name}s", f"{name[:-1]}ies" if name.endswith("y") else f"{name}es")
