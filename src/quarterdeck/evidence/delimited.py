"""Delimited text of any common encoding and separator, read into the workbench with the line each row stands on.

The careful reader is Python's csv module: it takes everything, and says which lines have too many or too few fields. Files in good form are
read by a quick one, Arrow's (see `columns`), or where they are huge by DuckDB's, which may spill to disk: there line numbers follow from row
numbers (no field holds a line break, no line is malformed), which a count of the file's lines proves.
"""

from __future__ import annotations

import codecs
import csv
import io
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from quarterdeck.evidence.headers import LOOKED_AT, find_header_row
from quarterdeck.vocabulary.errors import BadInput

if TYPE_CHECKING:
    import duckdb

SAMPLE = 1 << 16
CHUNK = 1 << 20
DELIMITERS = ",;\t|"
UTF8 = ("utf-8", "utf-8-sig")
LEGACY = ("cp1252", "shift_jis", "gb18030", "latin-1")
BATCH_ROWS = 50_000
EXPORT_TABLE = "Export the table itself, as CSV or XLSX."
OTHER_KINDS = (  # how other files begin that people rename
    (b"%PDF", "a PDF", EXPORT_TABLE),
    (b"PK\x03\x04", "a workbook or an archive", "Give it its own ending: .xlsx or .zip."),
    (b"\xd0\xcf\x11\xe0", "an old Office document", "Give it its own ending, .xls, or save it as XLSX."),
    (b"PAR1", "a Parquet file", "Give it its own ending: .parquet."),
    (b"\x1f\x8b", "a gzip archive", "Give it its own ending: .csv.gz."),
    (b"\x89PNG", "a picture", EXPORT_TABLE),
    (b"\xff\xd8\xff", "a picture", EXPORT_TABLE),
    (b"<!doctype html", "a web page", EXPORT_TABLE),
    (b"<html", "a web page", EXPORT_TABLE),
    (b"{\\rtf", "a text document", EXPORT_TABLE),
)


@dataclass(frozen=True, slots=True)
class Dialect:
    """How a file is written: encoding, separator, headers, and its number of line breaks."""

    encoding: str
    delimiter: str
    header: tuple[str, ...]
    header_row: int
    breaks: int
    ends_in_break: bool

    @property
    def lines(self) -> int:
        """Lines as an editor counts them."""
        return self.breaks + (not self.ends_in_break)


@dataclass(frozen=True, slots=True)
class Malformed:
    """A line whose number of fields is not that of the header."""

    line: int
    fields: int
    text: str
    wanted: int = 0
    is_below_header: bool = False

    @property
    def reason(self) -> str:
        """Why it cannot be read."""
        if not self.fields:
            return "a quotation mark opens here and is never closed"
        there = f"{self.fields} {'field' if self.fields == 1 else 'fields'}"
        if not self.wanted:
            return f"{there}, which is not the number of columns in the header"
        two_rows = "; if the headers stand in two rows, name the lower one as `header_row` in a mapping" if self.is_below_header else ""
        return f"{there} where the header has {self.wanted}{two_rows}"


def sniff(path: Path, encoding: str = "", delimiter: str = "", header_row: int = 1, stem: str = "", name: str = "") -> Dialect:
    """How the file is written. With `header_row` 0 the headers are looked for; `stem` may name their table, `name` the file in messages.

    Raises BadInput where it is empty or not text.
    """
    name = name or path.name
    if path.stat().st_size == 0:
        raise BadInput("The file is empty", thing=name, next_step="Export it again, or leave it out.")
    with path.open("rb") as handle:
        sample = handle.read(SAMPLE)
    refuse_other_kinds(sample, name)
    breaks, last, is_utf8 = _survey(path)
    encoding = encoding or _encoding(path, sample, is_utf8)
    if encoding.startswith("utf-16"):
        breaks = 0  # not counted in characters: the careful reader takes it
    lines = _first_lines(path, encoding, max(header_row, LOOKED_AT))
    if any("\0" in line for line in lines):
        raise BadInput("The file is not text", thing=name, allowed="CSV, XLSX, Parquet, or archives of them")
    header_row = header_row or find_header_row([_split(line, delimiter) for line in lines], [stem])
    head = lines[header_row - 1] if header_row <= len(lines) else ""
    delimiter = delimiter or _delimiter(head)
    header = next(csv.reader([head], delimiter=delimiter), [])
    if not any(title.strip() for title in header):
        raise BadInput(
            "The header line is blank",
            thing=f"{name} line {header_row}",
            next_step="Take out the lines above the headers, or name header_row in a mapping.",
        )
    return Dialect(encoding, delimiter, distinct([title.strip() for title in header]), header_row, breaks, last == b"\n")


def read_delimited(
    connection: duckdb.DuckDBPyConnection, path: Path, dialect: Dialect, table: str, wanted: Sequence[int], is_huge: bool = False
) -> list[Malformed]:
    """The rows as text columns `c0`, `c1`, ... (only the `wanted` ones) in `table`; with `_line` where it does not follow from the row's place.

    Returns the malformed lines, which are not in it.
    """
    if is_huge and dialect.encoding in UTF8 and _read_fast(connection, path, dialect, table, wanted):
        return []
    return _read_careful(connection, path, dialect, table, wanted)


def _survey(path: Path) -> tuple[int, bytes, bool]:
    """Line breaks (0 where some are of the old kind, a carriage return alone), last byte, and whether all of it is UTF-8."""
    breaks, last, is_utf8, is_old = 0, b"", True, False
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as handle:
        while chunk := handle.read(CHUNK) + handle.readline():
            breaks += chunk.count(b"\n")
            is_old = is_old or (b"\r" in chunk and chunk.count(b"\r") != chunk.count(b"\r\n"))
            last = chunk[-1:]
            if is_utf8 and not (chunk.isascii() and decoder.getstate()[0] == b""):
                try:
                    decoder.decode(chunk)
                except UnicodeDecodeError:
                    is_utf8 = False
    return 0 if is_old else breaks, last, is_utf8 and decoder.getstate()[0] == b""


def _encoding(path: Path, sample: bytes, is_utf8: bool) -> str:
    for mark, name in ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16")):
        if sample.startswith(mark):
            return name
    if sample[1::2].count(0) > len(sample) // 4:
        return "utf-16-le"
    if sample[::2].count(0) > len(sample) // 4:
        return "utf-16-be"
    if is_utf8:
        return "utf-8"
    content = path.read_bytes()
    for name in LEGACY:
        try:
            decoded = content.decode(name)
        except UnicodeDecodeError:
            continue
        if name != "cp1252" or not _looks_mistaken(decoded):
            return name
    return "latin-1"


def _looks_mistaken(decoded: str) -> bool:
    """Whether text read as Western shows runs of symbols where letters should be, as East Asian text does."""
    strange = sum(1 for letter in decoded if "\x80" <= letter <= "\xbf" or letter in "ƒ†‡ˆ‰Š‹Œ")
    letters = sum(1 for letter in decoded if letter >= "\x80")
    return letters > 20 and strange > letters * 0.45


def refuse_other_kinds(start: bytes, name: str) -> None:
    """Raises BadInput where a file that is called a table of text begins like something else."""
    for mark, kind, instead in OTHER_KINDS:
        if start.lstrip(b"\xef\xbb\xbf \r\n\t")[: len(mark)].lower() == mark.lower():
            raise BadInput(f"The content is {kind}, not a table of text", thing=name, next_step=instead)


def _first_lines(path: Path, encoding: str, count: int) -> list[str]:
    try:
        with path.open(encoding=encoding, newline="") as handle:
            reader = io.StringIO(handle.read(SAMPLE), newline=None)
            return [line.rstrip("\r\n") for _, line in zip(range(count), reader, strict=False)]
    except UnicodeError as error:
        raise BadInput("The encoding does not fit the file", thing=f"{path.name}: {encoding}") from error


def _split(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line], delimiter=delimiter or _delimiter(line)), [])


def _delimiter(head: str) -> str:
    outside = "".join(head.split('"')[::2])
    return max(DELIMITERS, key=lambda mark: (outside.count(mark), -DELIMITERS.index(mark)))


def distinct(header: list[str]) -> tuple[str, ...]:
    """Each name once: a repeated header gets a number, so that no column is silently taken for another."""
    seen: dict[str, int] = {}
    names = []
    for position, name in enumerate(header, start=1):
        name = name or f"column {position}"
        seen[name] = seen.get(name, 0) + 1
        names.append(name if seen[name] == 1 else f"{name} ({seen[name]})")
    return tuple(names)


def scan(path: Path, dialect: Dialect) -> str:
    """SQL that reads the file's columns as text `c0`, `c1`, ..., with DuckDB's own reader."""
    columns = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(dialect.header)))
    location = str(path).replace("'", "''")
    return (
        f"read_csv('{location}', auto_detect=false, header=false, skip={dialect.header_row}, delim={_literal(dialect.delimiter)}, "
        f"quote='\"', escape='\"', columns={{{columns}}}, strict_mode=true, max_line_size=4194304)"
    )


def _read_fast(connection: duckdb.DuckDBPyConnection, path: Path, dialect: Dialect, table: str, chosen: Sequence[int]) -> bool:
    import duckdb

    selected = ", ".join(f"c{i}" for i in chosen)
    try:
        connection.execute(f"CREATE OR REPLACE TABLE {table} AS SELECT {selected} FROM {scan(path, dialect)}")
    except (duckdb.InvalidInputException, duckdb.ConversionException, duckdb.IOException):
        return False
    rows: int = connection.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
    # Only then does the row's place in the table tell its line: a blank line or a line break in a field breaks the count.
    return rows == dialect.lines - dialect.header_row


def _literal(delimiter: str) -> str:
    return "'\\t'" if delimiter == "\t" else f"'{delimiter}'"


def _read_careful(
    connection: duckdb.DuckDBPyConnection, path: Path, dialect: Dialect, table: str, chosen: Sequence[int]
) -> list[Malformed]:
    import pyarrow as pa

    width = len(dialect.header)
    names = [f"c{i}" for i in chosen]
    schema = pa.schema([(name, pa.string()) for name in names] + [("_line", pa.int64())])
    connection.execute(f"CREATE OR REPLACE TABLE {table} ({', '.join(f'{name} VARCHAR' for name in names)}, _line BIGINT)")
    malformed: list[Malformed] = []
    columns: list[list[str | None]] = [[] for _ in names]
    lines: list[int] = []

    def flush() -> None:
        block = pa.table([*(pa.array(column, pa.string()) for column in columns), pa.array(lines, pa.int64())], schema=schema)
        connection.register("_block", block)
        connection.execute(f"INSERT INTO {table} SELECT * FROM _block")
        connection.unregister("_block")
        for column in columns:
            column.clear()
        lines.clear()

    for line, fields in _records(path, dialect, malformed):
        if len(fields) != width:
            text = dialect.delimiter.join(fields)[:10_000]
            malformed.append(Malformed(line, len(fields), text, width, line == dialect.header_row + 1))
            continue
        for column, i in zip(columns, chosen, strict=True):
            column.append(fields[i] or None)
        lines.append(line)
        if len(lines) >= BATCH_ROWS:
            flush()
    flush()
    return malformed


def _records(path: Path, dialect: Dialect, unclosed: list[Malformed]) -> Iterator[tuple[int, list[str]]]:
    """(line it begins on, fields) of each record below the header; blank lines are no records.

    A quotation mark that is never closed, or only by the next one that opens, would swallow the lines between. Such a line is put to
    `unclosed`, and reading goes on below it.
    """
    csv.field_size_limit(16 * 2**20)
    with path.open(encoding=dialect.encoding, newline="", errors="replace") as handle:
        for _ in range(dialect.header_row - 1):
            handle.readline()
        lines = _Lines(handle, dialect.header_row - 1)
        reader = csv.reader(lines, delimiter=dialect.delimiter)
        next(reader, None)
        while True:
            lines.taken.clear()
            first = lines.number + 1
            try:
                fields = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                raise BadInput("The file cannot be read", thing=f"{path.name} line {first}: {error}") from error
            if (len(lines.taken) > 1 or lines.has_ended) and _is_unclosed(lines.taken, dialect.delimiter):
                unclosed.append(Malformed(first, 0, lines.taken[0].rstrip("\r\n")[:10_000]))
                lines.give_back()
                reader = csv.reader(lines, delimiter=dialect.delimiter)
            elif fields and not (len(fields) == 1 and len(dialect.header) > 1 and not fields[0].strip()):
                yield first, fields


def _is_unclosed(lines: Sequence[str], delimiter: str) -> bool:
    """Whether a record on these lines breaks the rules of quotation."""
    try:
        list(csv.reader(lines, delimiter=delimiter, strict=True))
    except csv.Error:
        return True
    return False


class _Lines:
    """The lines of a file, with those taken since the last look, which can be given back but for the first."""

    def __init__(self, source: Iterator[str], number: int) -> None:
        self.number, self.taken, self.has_ended = number, list[str](), False
        self._source, self._back = source, deque[str]()

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._back:
            line = self._back.popleft()
        elif (line := next(self._source, "")) == "":
            self.has_ended = True
            raise StopIteration
        else:
            line = line.replace("\0", "�")
        self.number += 1
        self.taken.append(line)
        return line

    def give_back(self) -> None:
        self._back.extendleft(reversed(self.taken[1:]))
        self.number -= len(self.taken) - 1
        self.has_ended = False
