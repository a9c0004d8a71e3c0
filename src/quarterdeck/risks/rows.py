"""The rows behind an indicator's reading: each with its table, key, what it added, and the file and line it was read from."""

from __future__ import annotations

from typing import TYPE_CHECKING

from quarterdeck.evidence.contracts import load_contracts
from quarterdeck.measures.rows import RowBehind
from quarterdeck.risks.indicators import get_indicator
from quarterdeck.risks.queries import SITES, SOURCES, Source, read_rows
from quarterdeck.vocabulary.provenance import SourceRow
from quarterdeck.vocabulary.reading import Reading

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

# As the board groups rows: by their own column, and else by their site's.
CHOICES = {
    "site": "r.study_id = $study AND r.site_id = $name",
    "country": "r.study_id = $study AND p.country = $name",
    "study": "r.study_id = $name",
    "vendor": "coalesce(nullif(r.vendor_id, ''), p.vendor_id) = $name",
    "monitor": "coalesce(nullif(r.person_id, ''), p.cra_id) = $name",
}


def read_rows_behind(reading: Reading, snapshot: Snapshot, limit: int = 500) -> list[RowBehind]:
    """The rows that count towards an indicator's reading, those of the numerator first, then by table and key; at most `limit`."""
    rows = read_rows(snapshot, _select(reading), **_place(reading), most=limit)
    return [
        RowBehind(
            row["source_table"], tuple(row["source_key"]), SourceRow(row["_file"] or "unknown", int(row["_line"] or 0), row["_sheet"] or ""),
            row["happened"], row["numerator"] or 0.0, row["denominator"] or 0.0, None,
        )
        for row in rows
    ]  # fmt: skip


def add_rows_behind(reading: Reading, snapshot: Snapshot) -> tuple[int, float, float]:
    """How many rows there are, and their sums: what numerator and denominator must be."""
    sums = "SELECT count(*) AS n, coalesce(sum(numerator), 0) AS x, coalesce(sum(denominator), 0) AS d"
    row = read_rows(snapshot, f"{sums} FROM ({_select(reading, '')})", **_place(reading))[0]
    return row["n"], row["x"], row["d"]


def _select(reading: Reading, end: str = " ORDER BY coalesce(numerator, 0) = 0, source_table, source_key LIMIT $most") -> str:
    sources = SOURCES[get_indicator(reading.measure).query]
    parts = " UNION ALL ".join(source.select(_key(source), lineage=True) for source in sources)
    adds = "(coalesce(r.numerator, 0) <> 0 OR coalesce(r.denominator, 0) <> 0)"
    return (
        f"SELECT r.* FROM ({parts}) r LEFT JOIN ({SITES}) p USING (study_id, site_id) WHERE {adds} AND {CHOICES[reading.scope.level]}{end}"
    )


def _key(source: Source) -> str:
    columns = ", ".join(f"t.{name}::VARCHAR" for name in load_contracts()[source.table].key)
    return f"[{columns}]"


def _place(reading: Reading) -> dict[str, str]:
    study, _, rest = reading.scope.key.partition("/")
    return {"study": study, "name": rest} if reading.scope.level in ("site", "country") else {"name": reading.scope.key}
