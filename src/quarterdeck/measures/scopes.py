"""Which things there are at each level, and which thing a row of facts belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa

    from quarterdeck.evidence.snapshot import Snapshot

SITE_FACTS = {"country": "country", "investigator": "investigator_id", "vendor": "vendor_id"}
OWN_COLUMN = {"portfolio": "", "study": "study_id", "vendor": "vendor_id", "person": "person_id", "team": "team_id"}
REGISTER = {
    "study": "SELECT study_id FROM study",
    "site": "SELECT study_id || '/' || site_id FROM site",
    "country": "SELECT DISTINCT study_id || '/' || country FROM site WHERE country IS NOT NULL",
    "investigator": "SELECT DISTINCT investigator_id FROM site WHERE investigator_id IS NOT NULL",
    "vendor": "SELECT vendor_id FROM vendor",
}


@dataclass(frozen=True)
class Keys:
    """Which thing each row belongs to: its place among `names`, which are in order; -1 where it belongs to none."""

    names: list[str]
    place: NDArray[np.intp]

    def take(self, use: NDArray[np.bool_]) -> Keys:
        """The keys of some of the rows."""
        return Keys(self.names, self.place[use])

    def rename(self, names: Sequence[str | None]) -> Keys:
        """The same rows with another name for each name; several may become one, and None or '' is none."""
        order = sorted({name for name in names if name})
        number = {name: i for i, name in enumerate(order)}
        # The last entry is found from the place of none, which is -1.
        moved = np.array([number[name] if name else -1 for name in names] + [-1], dtype=np.intp)
        return Keys(order, moved[self.place])


@dataclass(frozen=True)
class Register:
    """What the snapshot knows of its sites: facts per (study, site), as text."""

    sites: dict[str, dict[str, str]]

    def get(self, fact: str, keys: Keys) -> Keys:
        """One fact for each 'study/site' key; none where the site is unknown."""
        return keys.rename([self.sites.get(name, {}).get(fact) for name in keys.names])


def read_register(snapshot: Snapshot) -> Register:
    """The register of sites of a snapshot, kept with it."""

    def read() -> Register:
        rows = snapshot.query("SELECT study_id, site_id, country, investigator_id, vendor_id FROM site").to_pylist()
        return Register({f"{row['study_id']}/{row['site_id']}": row for row in rows})

    return snapshot.cached(("measures", "register"), read)


def list_keys(snapshot: Snapshot, level: str) -> list[str]:
    """Keys of all things the register knows at a level, in order; one empty key for the portfolio."""
    if level == "portfolio":
        return [""]
    if level not in REGISTER:
        return []
    column = snapshot.cached(("measures", "keys", level), lambda: snapshot.query(REGISTER[level]).column(0).to_pylist())
    return sorted(str(key) for key in column if key)


def derive_keys(answer: pa.Table, level: str, snapshot: Snapshot) -> Keys:
    """The key of the thing each row belongs to at a level."""
    if level == "portfolio":
        return Keys([""], np.zeros(answer.num_rows, dtype=np.intp))
    own = OWN_COLUMN.get(level)
    if own and own in answer.column_names:
        return _read_keys(answer, own)
    sites = _join(_read_keys(answer, "study_id"), _read_keys(answer, "site_id"))
    if level == "site":
        return sites
    register = read_register(snapshot)
    if level == "country":
        country = _choose_known(register.get("country", sites), _read_keys(answer, "country"))
        return _join(_read_keys(answer, "study_id"), country)
    if level in SITE_FACTS:
        return register.get(SITE_FACTS[level], sites)
    return Keys([], np.full(answer.num_rows, -1, dtype=np.intp))


def derive_clusters(answer: pa.Table, level: str, snapshot: Snapshot) -> Keys:
    """What cases of a thing come in: trials within the portfolio, sites within all else. Those of none are one cluster, ''."""
    keys = derive_keys(answer, "study" if level == "portfolio" else "site", snapshot)
    return Keys(["", *keys.names], keys.place + 1)


def choose_grain(answer: pa.Table, level: str) -> NDArray[np.bool_]:
    """For tables that hold totals beside their parts: which rows to use, so that nothing is counted twice.

    The portfolio and a trial use the trial's own row if there is one, else its countries, else its sites; a country its
    own row, else its sites; a site its own.
    """
    if "grain" not in answer.column_names:
        return np.ones(answer.num_rows, dtype=bool)
    grain, study, country = (_texts(answer, name) for name in ("grain", "study_id", "country"))
    if level in ("site", "investigator", "vendor"):
        return np.array([g == "site" for g in grain], dtype=bool)
    order = ("country", "site") if level == "country" else ("study", "country", "site")
    unit = list(zip(study, country, strict=True)) if level == "country" else study
    best: dict[Any, int] = {}
    rank = [order.index(g) if g in order else 9 for g in grain]
    for key, value in zip(unit, rank, strict=True):
        best[key] = min(value, best.get(key, 9))
    return np.array([r < 9 and r == best[key] for key, r in zip(unit, rank, strict=True)], dtype=bool)


def _read_keys(answer: pa.Table, column: str) -> Keys:
    import pyarrow as pa

    if column not in answer.column_names:
        return Keys([], np.full(answer.num_rows, -1, dtype=np.intp))
    # Text is slow to handle row by row, so it is numbered where it lies and each name is looked at once.
    coded = answer.column(column).cast(pa.string()).combine_chunks().dictionary_encode()
    place = coded.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.intp)
    names = coded.dictionary.to_pylist()
    return Keys(names, place).rename(names)


def _join(first: Keys, second: Keys) -> Keys:
    """'first/second' where a row has both."""
    width = max(len(second.names), 1)
    pair = np.where((first.place < 0) | (second.place < 0), -1, first.place * width + second.place)
    pairs, place = _find_distinct(pair, len(first.names) * width)
    names = [f"{first.names[number // width]}/{second.names[number % width]}" for number in pairs.tolist()]
    return Keys(names, place).rename(names)


def _find_distinct(numbers: NDArray[np.intp], limit: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """The distinct whole numbers from 0 to `limit`, in order, and the place of each among them; -1 stays -1."""
    if limit > 8 * len(numbers):
        distinct, place = np.unique(numbers, return_inverse=True)
        n_none = int(np.searchsorted(distinct, 0))
        return distinct[n_none:], place - n_none
    distinct = np.flatnonzero(np.bincount(numbers + 1, minlength=limit + 1)[1:])
    places = np.full(limit + 1, -1, dtype=np.intp)
    places[distinct] = np.arange(len(distinct))
    return distinct, places[numbers]


def _choose_known(first: Keys, second: Keys) -> Keys:
    """The first where there is one, else the second."""
    other = np.where(second.place < 0, -1, second.place + len(first.names))
    names = first.names + second.names
    return Keys(names, np.where(first.place < 0, other, first.place)).rename(names)


def _texts(answer: pa.Table, column: str) -> list[str | None]:
    return [value or None for value in answer.column(column).to_pylist()]
