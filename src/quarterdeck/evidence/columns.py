"""A large delimited file in memory, column by column: its distinct values once, and for each row the place of its value among them.

Few columns of an extract hold many distinct values, so whatever is asked of a value is asked thousands of times and not millions.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from quarterdeck.evidence.delimited import Dialect

BLOCK = 8 * 2**20  # bytes that one thread reads at a time; a longer line is left to the careful reader
UTF8 = ("utf-8", "utf-8-sig")


def read_columns(path: Path, dialect: Dialect, chosen: Sequence[int]) -> Any | None:
    """An Arrow table of the `chosen` columns as text, `c0`, `c1`, ... and `_line`; blank rows are left out.

    None where a row's place would not tell its line (a field holds a line break, a line is blank or malformed), or nothing is there.
    """
    import pyarrow as pa
    from pyarrow import csv

    if dialect.encoding not in UTF8:
        return None
    names = [f"c{i}" for i in range(len(dialect.header))]
    text = pa.dictionary(pa.int32(), pa.string())
    reading = csv.ReadOptions(block_size=BLOCK, skip_rows=dialect.header_row, column_names=names)
    wanted = [names[i] for i in chosen]
    converting = csv.ConvertOptions(
        column_types=dict.fromkeys(names, text), include_columns=wanted, strings_can_be_null=True, null_values=[""]
    )
    try:
        content = csv.read_csv(path, reading, csv.ParseOptions(delimiter=dialect.delimiter), converting)
    except pa.ArrowInvalid:
        return None
    if content.num_rows == 0 or content.num_rows != dialect.lines - dialect.header_row:
        return None
    content = content.unify_dictionaries().combine_chunks()
    if any(_holds_break(whole(content, name).dictionary) for name in wanted):
        return None
    lines = np.arange(content.num_rows, dtype=np.int64) + dialect.header_row + 1
    content = content.append_column("_line", pa.array(lines))
    return _without_blank(content, wanted) if len(wanted) == len(names) else content


def whole(content: Any, name: str) -> Any:
    """One column of a table, in one piece."""
    column = content[name]
    return column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()


def codes_of(column: Any) -> np.ndarray[Any, Any]:
    """For each row the place of its value among the distinct ones; a row without a value has the place behind the last."""
    import pyarrow.compute as pc

    indices = column.indices
    if indices.null_count:
        indices = pc.fill_null(indices, len(column.dictionary))
    return np.asarray(indices)


def repeat(value: Any, rows: int) -> Any:
    """A column in which each row holds one value: a text, or the one value of an Arrow array."""
    import pyarrow as pa

    distinct = pa.array([value], pa.string()) if isinstance(value, str) else value
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), distinct)


def as_table(columns: dict[str, Any]) -> Any:
    """An Arrow table of these columns."""
    import pyarrow as pa

    return pa.table(columns)


def _holds_break(values: Any) -> bool:
    """Whether text holds a line break, or a NUL, which the careful reader makes visible."""
    letters = values.buffers()[2]
    content = letters.to_pybytes() if letters is not None else b""
    return any(mark in content for mark in (b"\n", b"\r", b"\0"))


def _without_blank(content: Any, names: Sequence[str]) -> Any:
    """Spreadsheets export empty rows as a line of separators: no row was given there."""
    if not names or any(content[name].null_count == 0 for name in names):
        return content
    filled = np.zeros(content.num_rows, bool)
    for name in names:
        filled |= np.asarray(content[name].combine_chunks().is_valid())
    return content.filter(filled)


def decode(content: Any) -> Any:
    """The table with each row's own values in place of codes, every column in one piece."""
    import pyarrow as pa

    columns = {name: whole(content, name) for name in content.column_names}
    return pa.table(
        {name: column.dictionary_decode() if pa.types.is_dictionary(column.type) else column for name, column in columns.items()}
    )
