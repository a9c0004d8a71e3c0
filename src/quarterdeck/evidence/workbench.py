"""The workbench of one load: a DuckDB in memory, and a staging folder, in which files become relations of text with their lines."""

from __future__ import annotations

import itertools
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zipfile import is_zipfile

from quarterdeck.evidence.arrivals import Arrival
from quarterdeck.evidence.codes import load_countries, load_currencies
from quarterdeck.evidence.columns import as_table, decode, read_columns, repeat
from quarterdeck.evidence.delimited import LEGACY, Malformed, distinct, read_delimited, sniff
from quarterdeck.evidence.formulas import read_broken_cells
from quarterdeck.evidence.headers import LOOKED_AT, find_header_row
from quarterdeck.evidence.snapshot import quote
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.wording import plural

if TYPE_CHECKING:
    import duckdb

MEMORY_LIMIT = "3GB"  # of DuckDB; beyond it, work spills to the staging folder
LARGE = 64 * 2**20  # bytes; in a smaller file, asking each row costs less than finding the distinct values
LARGEST = 2 * 2**30  # bytes; a larger file becomes a table of DuckDB, which may spill to disk
DELIMITED = (".csv", ".txt", ".tsv", ".psv", ".dat", "")
SPREADSHEETS = (".xlsx", ".xlsm", ".xlsb", ".xls", ".ods")
PARQUET = (".parquet", ".pq")
READABLE = (*DELIMITED, *SPREADSHEETS, *PARQUET)


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table of cells: a delimited file, a Parquet file, or a sheet of a workbook. `relation` has a column per header, and `_line`."""

    arrival: Arrival
    sheet: str
    header: tuple[str, ...]
    relation: str
    rows: int
    malformed: tuple[Malformed, ...] = ()
    notes: tuple[str, ...] = ()  # what a person should know of how it was read
    header_row: int = 1
    delimiter: str = ""  # of a delimited file

    @property
    def name(self) -> str:
        """What a person would call it."""
        return f"{self.arrival.name}{f', sheet {self.sheet}' if self.sheet else ''}"


class Workbench:
    """Reads files into relations. All relations are temporary; nothing here is evidence yet."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, staging: Path) -> None:
        self.connection = connection
        self.staging = staging
        self.held: dict[str, Any] = {}  # relations that lie in memory as columns of distinct values (see `columns`), as Arrow tables
        self._numbers = itertools.count(1)

    def execute(self, sql: str, params: object = None) -> duckdb.DuckDBPyConnection:
        """Runs SQL."""
        return self.connection.execute(sql, params)

    def scalar(self, sql: str) -> Any:
        """The single value of a query."""
        # Fetched to the end: DuckDB 2 refuses to register a relation while a result is unfinished.
        rows = self.connection.execute(sql).fetchall()
        return rows[0][0] if rows else None

    def relation(self, sql: str) -> duckdb.DuckDBPyRelation:
        """A query, to be had as Arrow."""
        return self.connection.sql(sql)

    def name(self, stem: str) -> str:
        """A relation name that is not taken."""
        return f"_{stem}_{next(self._numbers)}"

    def read(
        self,
        arrival: Arrival,
        encoding: str = "",
        delimiter: str = "",
        header_row: int = 1,
        only: Collection[str] | None = None,
    ) -> list[Sheet]:
        """The sheets of one file; of a delimited one, `only` the named columns where more are not needed.

        With `header_row` 0 the headers are looked for, below titles that stand above them. Raises BadInput where it cannot be read.
        """
        if arrival.suffix in SPREADSHEETS:
            return list(self._read_workbook(arrival, header_row))
        if arrival.suffix in PARQUET:
            return [self._read_parquet(arrival)]
        dialect = sniff(arrival.path, encoding, delimiter, header_row, arrival.stem, arrival.name)
        raw = self.name("raw")
        wanted = [i for i, name in enumerate(dialect.header) if only is None or name in only]
        malformed: list[Malformed] = []
        if arrival.size <= LARGEST and (content := read_columns(arrival.path, dialect, wanted)) is not None:
            raw = self.hold(content, "raw") if arrival.size > LARGE else self.from_arrow(decode(content), "raw")
        else:
            malformed = read_delimited(self.connection, arrival.path, dialect, raw, wanted, is_huge=arrival.size > LARGEST)
        sheet = self._sheet(arrival, "", dialect.header, raw, malformed, dialect.header_row, wanted, header_row == 0)
        notes = (_name_encoding(arrival, dialect.encoding),) if not encoding and dialect.encoding in LEGACY else ()
        return [replace(sheet, delimiter=dialect.delimiter, notes=(*sheet.notes, *notes))]

    def from_rows(self, columns: Sequence[str], rows: Iterable[Mapping[str, Any]], stem: str = "rows") -> str:
        """A relation of text from rows in memory; `_line` is an integer."""
        import pyarrow as pa

        rows = list(rows)
        arrays = {name: pa.array([_as_text(row.get(name)) for row in rows], pa.string()) for name in columns if name != "_line"}
        if "_line" in columns:
            arrays["_line"] = pa.array([row.get("_line", 0) for row in rows], pa.int64())
        return self.from_arrow(pa.table(arrays), stem)

    def from_arrow(self, content: Any, stem: str = "arrow") -> str:
        """A relation from an Arrow table."""
        relation = self.name(stem)
        self.connection.register("_arrow", content)
        self.connection.execute(f"CREATE TABLE {relation} AS SELECT * FROM _arrow")
        self.connection.unregister("_arrow")
        return relation

    def hold(self, content: Any, stem: str) -> str:
        """A relation that is an Arrow table, of which nothing is copied."""
        relation = self.name(stem)
        self.connection.register(relation, content)
        self.held[relation] = content
        return relation

    def release(self, relation: str) -> None:
        """Lets go of a relation that was held."""
        self.connection.unregister(relation)
        del self.held[relation]

    def pick(self, sheet: Sheet, columns: Mapping[str, str]) -> str:
        """A relation of columns of a sheet (new name: header) with their lineage."""
        where = {"_file": sheet.arrival.name, "_sheet": sheet.sheet}
        if (content := self.held.get(sheet.relation)) is not None:
            chosen = {name: content[header] for name, header in columns.items()}
            repeated = {name: repeat(value, content.num_rows) for name, value in where.items()}
            return self.hold(as_table(chosen | repeated | {"_line": content["_line"]}), "mapped")
        picked = [f"{quote(header)} AS {quote(name)}" for name, header in columns.items()]
        picked += [f"{_literal(value)} AS {name}" for name, value in where.items()]
        relation = self.name("mapped")
        self.connection.execute(f"CREATE VIEW {relation} AS SELECT {', '.join(picked)}, _line FROM {sheet.relation}")
        return relation

    def _sheet(
        self,
        arrival: Arrival,
        sheet: str,
        header: tuple[str, ...],
        raw: str,
        malformed: Sequence[Malformed],
        header_row: int,
        wanted: Sequence[int] | None = None,
        searched: bool = False,
    ) -> Sheet:
        there = list(range(len(header)) if wanted is None else wanted)
        # A header of the file named _line is that of an exported quarantine; it is offered as `_line given`.
        names = {f"c{i}": header[i] if header[i] != "_line" else "_line given" for i in there}
        if (content := self.held.get(raw)) is not None:
            relation = self.hold(content.select([*names, "_line"]).rename_columns([*names.values(), "_line"]), "sheet")
        else:
            relation = self._view_of(raw, names, header_row, is_whole=len(there) == len(header))
        rows = self.scalar(f"SELECT count(*) FROM {relation}")
        notes = (_name_rows_above(arrival, sheet, header_row),) if searched and header_row > 1 else ()
        return Sheet(arrival, sheet, header, relation, rows, tuple(malformed), notes, header_row)

    def _view_of(self, raw: str, names: Mapping[str, str], header_row: int, is_whole: bool) -> str:
        described = {row[0] for row in self.connection.execute(f"DESCRIBE {raw}").fetchall()}
        line = "_line" if "_line" in described else f"rowid + {header_row + 1} AS _line"
        columns = [f"{column} AS {quote(name)}" for column, name in names.items()]
        # Spreadsheets export empty rows as a line of separators: no row was given there.
        some = f"WHERE COALESCE({', '.join(names)}) IS NOT NULL" if is_whole else ""
        relation = self.name("sheet")
        self.connection.execute(f"CREATE VIEW {relation} AS SELECT {', '.join([*columns, line])} FROM {raw} {some}")
        return relation

    def _read_parquet(self, arrival: Arrival) -> Sheet:
        path = str(arrival.path).replace("'", "''")
        try:
            described = self.connection.execute(f"DESCRIBE SELECT * FROM read_parquet('{path}')").fetchall()
        except Exception as error:  # what the engine says of it quotes our own query
            raise BadInput("The Parquet file is damaged or cut short", thing=arrival.name, next_step="Export it again.") from error
        header = tuple(row[0] for row in described)
        columns = ", ".join(f"{_parquet_text(name, kind)} AS {quote(name)}" for name, kind, *_ in described if name != "_line")
        relation = self.name("sheet")
        self.connection.execute(
            f"CREATE VIEW {relation} AS SELECT {columns}, file_row_number + 1 AS _line FROM read_parquet('{path}', file_row_number=true)"
        )
        return Sheet(arrival, "", header, relation, self.scalar(f"SELECT count(*) FROM read_parquet('{path}')"))

    def _read_workbook(self, arrival: Arrival, header_row: int) -> Iterator[Sheet]:
        from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

        if arrival.size == 0:
            raise BadInput("The file is empty", thing=arrival.name, next_step="Export it again, or leave it out.")
        if arrival.suffix in (".xlsx", ".xlsm") and not is_zipfile(arrival.path):
            raise BadInput("The content is not a workbook", thing=arrival.name, next_step="Give it its own ending, or save it as XLSX.")
        try:
            book = CalamineWorkbook.from_path(str(arrival.path))
            contents = [(name, book.get_sheet_by_name(name).to_python(skip_empty_area=False)) for name in book.sheet_names]
        except (CalamineError, OSError) as error:
            raise BadInput("The workbook cannot be read", thing=f"{arrival.name}: {error}", next_step="Save it again as XLSX.") from error
        hidden = {sheet.name for sheet in book.sheets_metadata if sheet.visible != SheetVisibleEnum.Visible}
        broken = read_broken_cells(arrival.path)
        for name, cells in contents:
            for (row, column), shown in broken.get(name, {}).items():
                if row <= len(cells) and column <= len(cells[row - 1]):
                    cells[row - 1][column - 1] = shown
            own = header_row or find_header_row([[_as_text(cell) or "" for cell in row] for row in cells[:LOOKED_AT]], [name, arrival.stem])
            if sheet := self._read_cells(arrival, name, cells, own, header_row == 0):
                said = (f"{sheet.name}: this sheet is hidden in the workbook, and is read like the others",) if name in hidden else ()
                yield replace(sheet, notes=(*sheet.notes, *said, *_name_broken(sheet, broken.get(name, {}))))

    def _read_cells(self, arrival: Arrival, name: str, cells: list[list[Any]], header_row: int, searched: bool = False) -> Sheet | None:
        import pyarrow as pa

        if len(cells) < header_row or not any(str(cell).strip() for cell in cells[header_row - 1]):
            return None
        titles = [str(cell).strip() for cell in cells[header_row - 1]]
        while titles and not titles[-1]:
            titles.pop()
        header = distinct(titles)
        body = [(line, row) for line, row in enumerate(cells[header_row:], header_row + 1) if any(_as_text(cell) for cell in row)]
        width = len(header)
        malformed = [
            Malformed(
                line,
                len([c for c in row if _as_text(c)]),
                " | ".join(_as_text(cell) or "" for cell in row)[:10_000],
                width,
                line == header_row + 1,
            )
            for line, row in body
            if any(_as_text(cell) for cell in row[width:])
        ]
        wrong = {entry.line for entry in malformed}
        body = [(line, row) for line, row in body if line not in wrong]
        columns = {f"c{i}": pa.array([_as_text(row[i]) if i < len(row) else None for _, row in body], pa.string()) for i in range(width)}
        raw = self.from_arrow(pa.table(columns | {"_line": pa.array([line for line, _ in body], pa.int64())}), "raw")
        return self._sheet(arrival, name, header, raw, malformed, header_row, searched=searched)


@contextmanager
def open_workbench(staging: Path) -> Iterator[Workbench]:
    """A workbench whose spill and temporary files lie in `staging`."""
    import duckdb

    spill = str(staging / "spill").replace("'", "''")
    connection = duckdb.connect(":memory:")
    try:
        connection.execute(f"SET memory_limit='{MEMORY_LIMIT}'; SET temp_directory='{spill}'; SET enable_progress_bar=false")
        for relation, spellings in (("_countries", load_countries()), ("_currencies", load_currencies())):
            connection.execute(f"CREATE TABLE {relation} (spelling VARCHAR, code VARCHAR)")
            pairs = ", ".join(f"({_literal(key)}, {_literal(code)})" for key, code in spellings.items())
            connection.execute(f"INSERT INTO {relation} VALUES {pairs}")
        yield Workbench(connection, staging)
    finally:
        connection.close()


def _name_rows_above(arrival: Arrival, sheet: str, header_row: int) -> str:
    place = f"{arrival.name}{f', sheet {sheet}' if sheet else ''}"
    return f"{place}: the headers stand in row {header_row}; what stands above them was left out"


def _name_encoding(arrival: Arrival, encoding: str) -> str:
    return f"{arrival.name} is not UTF-8: it was read as {encoding}. Where letters look wrong, name its own `encoding` in a mapping"


def _name_broken(sheet: Sheet, broken: Mapping[tuple[int, int], str]) -> list[str]:
    """What to say of cells without a value: they are read as what a person sees in them, which no number or date accepts."""
    below = {place: shown for place, shown in broken.items() if place[0] > sheet.header_row}
    formulas = [shown for shown in below.values() if shown.startswith("=")]
    notes = []
    if formulas:
        say = f"{plural(len(formulas), 'formula')} without a calculated value, such as {formulas[0]}"
        notes.append(f"{sheet.name}: {say}. Open it in a spreadsheet, save it, and load it again")
    if errors := len(below) - len(formulas):
        first = next(shown for shown in below.values() if not shown.startswith("="))
        notes.append(f"{sheet.name}: {plural(errors, 'cell')} with an error, such as {first}. Correct the formula, save, and load it again")
    return notes


def _literal(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _as_text(value: Any) -> str | None:
    """A cell as a person would type it: 12 for 12.0, ISO for dates, nothing for nothing."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, datetime):
        return value.date().isoformat() if value.time() == time(0) else value.isoformat(timespec="seconds")
    if isinstance(value, date | time):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value.total_seconds() / 86400)
    if isinstance(value, list | tuple):
        return ";".join(str(entry) for entry in value)
    return str(value)


def _parquet_text(name: str, kind: str) -> str:
    column = quote(name)
    if kind.endswith("[]"):
        return f"array_to_string({column}, ';')"
    if kind.startswith("TIMESTAMP WITH TIME ZONE"):
        return f"strftime({column} AT TIME ZONE 'UTC', '%Y-%m-%dT%H:%M:%S')"
    return f"{column}::VARCHAR"
