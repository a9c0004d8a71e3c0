"""Which things there are at each level, and which thing a row of facts belongs to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from quarterdeck.vocabulary.reading import Scope

if TYPE_CHECKING:
    import pyarrow as pa

    from quarterdeck.evidence.snapshot import Snapshot

Texts = NDArray[np.object_]
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
class Register:
    """What the snapshot knows of its sites: facts per (study, site), as text."""

    sites: dict[str, dict[str, str]]

    def get(self, fact: str, keys: Texts) -> Texts:
        """One fact for each 'study/site' key; None where the site is unknown."""
        known = self.sites
        return np.array([known.get(key, {}).get(fact) for key in keys] or [], dtype=object)


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


def derive_keys(answer: pa.Table, level: str, register: Register) -> Texts:
    """The key of the thing each row belongs to at a level; None where it belongs to none."""
    n = answer.num_rows
    if level == "portfolio":
        return np.full(n, "", dtype=object)
    own = OWN_COLUMN.get(level)
    if own and own in answer.column_names:
        return _texts(answer, own)
    sites = _join(_texts(answer, "study_id"), _texts(answer, "site_id"))
    if level == "site":
        return sites
    if level == "country":
        found = register.get("country", sites)
        country = np.where(found == None, _texts(answer, "country"), found)  # noqa: E711
        return _join(_texts(answer, "study_id"), country)
    if level in SITE_FACTS:
        return register.get(SITE_FACTS[level], sites)
    return np.full(n, None, dtype=object)


def derive_clusters(answer: pa.Table, level: str, register: Register) -> Texts:
    """What cases of a thing come in: trials within the portfolio, sites within all else."""
    finer = "study" if level == "portfolio" else "site"
    keys = derive_keys(answer, finer, register)
    return np.where(keys == None, "", keys)  # noqa: E711


def choose_grain(answer: pa.Table, level: str) -> NDArray[np.bool_]:
    """For tables that hold totals beside their parts: which rows to use, so that nothing is counted twice.

    The portfolio and a trial use the trial's own row if there is one, else its countries, else its sites; a country its
    own row, else its sites; a site its own.
    """
    if "grain" not in answer.column_names:
        return np.ones(answer.num_rows, dtype=bool)
    grain, study, country = (_texts(answer, name) for name in ("grain", "study_id", "country"))
    if level in ("site", "investigator", "vendor"):
        return np.asarray(grain == "site", dtype=bool)
    order = ("country", "site") if level == "country" else ("study", "country", "site")
    unit = _join(study, country) if level == "country" else study
    best: dict[Any, int] = {}
    rank = np.array([order.index(g) if g in order else 9 for g in grain])
    for key, value in zip(unit, rank, strict=True):
        best[key] = min(value, best.get(key, 9))
    return np.array([r < 9 and r == best[key] for key, r in zip(unit, rank, strict=True)], dtype=bool)


def get_scope(level: str, key: str) -> Scope:
    """The scope of a reading."""
    return Scope(level, key)


def _texts(answer: pa.Table, column: str) -> Texts:
    if column not in answer.column_names:
        return np.full(answer.num_rows, None, dtype=object)
    return np.array([value or None for value in answer.column(column).to_pylist()], dtype=object)


def _join(first: Texts, second: Texts) -> Texts:
    return np.array(
        [f"{a}/{b}" if a is not None and b is not None else None for a, b in zip(first, second, strict=True)] or [], dtype=object
    )
