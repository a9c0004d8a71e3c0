"""What an evaluation works on: one snapshot, the day up to which facts count, and the choices of the installation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import date
from typing import TYPE_CHECKING, Any

from quarterdeck.measures import sql, sums
from quarterdeck.measures.aggregate import drop_unfilled
from quarterdeck.measures.sql import RowQuery
from quarterdeck.vocabulary.choices import Choices
from quarterdeck.vocabulary.period import Period

__all__ = ["Choices", "Source"]

if TYPE_CHECKING:
    import pyarrow as pa

    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.measures.model import Definition


@dataclass(frozen=True)
class Source:
    """A snapshot read up to a day. `period` narrows measures that look at a stretch of time."""

    snapshot: Snapshot
    cut: date
    choices: Choices = field(default_factory=Choices)
    period: Period | None = None

    @staticmethod
    def of(snapshot: Snapshot, choices: Choices | None = None) -> Source:
        """Everything known in a snapshot, with the choices of the installation that opened it or with others."""
        return Source(snapshot, snapshot.data_cut, choices or snapshot.choices)

    def at(self, cut: date, period: Period | None = None) -> Source:
        """The same up to an earlier day."""
        return replace(self, cut=min(cut, self.snapshot.data_cut), period=period)

    def has_rows(self, definition: Definition) -> bool:
        """Whether any table that the query needs holds a row."""
        from quarterdeck.measures.queries import QUERIES

        return all(name in self.snapshot.tables and self.snapshot.tables[name].rows for name in QUERIES[definition.query].needs)

    def get_rows(self, definition: Definition) -> list[RowQuery]:
        """The queries for the facts of a definition row by row, one per table."""
        return sql.get_rows(definition.query, definition.parameters, self.cut)

    def read_sums(self, definition: Definition, with_values: bool, monthly: bool = False, level: str = "") -> pa.Table:
        """The facts of a definition summed up as `build_aggregate` says, less trials that do not collect it, kept with the snapshot.

        With a level, rows that belong to nothing there may be left out.
        """
        key = ("measures", "sums", definition.hash, self.cut, monthly)
        if with_values or monthly or not sums.pays_in_steps(self, definition):
            return self.snapshot.cached(key, lambda: drop_unfilled(sums.ask_at_once(self, definition, with_values, monthly)))
        answer = self.snapshot.cached((*key, "in steps"), lambda: drop_unfilled(sums.ask_in_steps(self, definition)))
        if level and level not in sums.WITHOUT_SITES:
            return answer
        return self.snapshot.cached(key, lambda: drop_unfilled(sums.add_strangers(self, definition, answer)))

    def read_rows(self, definition: Definition, table: str = "") -> list[dict[str, Any]]:
        """The facts of a definition row by row (of one table where its query reads several), kept with the snapshot."""
        key = ("measures", "rows", definition.query, tuple(definition.parameters.items()), self.cut, table)

        def read() -> list[dict[str, Any]]:
            queries = [query for query in self.get_rows(definition) if not table or query.table == table]
            return [row for query in queries for row in self.snapshot.query(query.sql).to_pylist()]

        return self.snapshot.cached(key, read)
