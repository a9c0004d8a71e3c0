"""A large delimited file in memory, column by column: its distinct values once, and for each row the place of its value among them.

Few columns of an extract hold many distinct values, so whatever is asked of a value is asked thousands of times and not millions.
A column is an Arrow DictionaryArray without gaps: where a row has no value, its code leads to a distinct value that is NULL.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from quarterdeck.evidence.delimited import UTF8, Dialect
from quarterdeck.evidence.fixed_width import number_texts

BLOCK = 8 * 2**20  # bytes that one thread reads at a time; a longer line is left to the careful reader
SAMPLE = 2**20  # bytes that show which columns hold many distinct values
BREAKS = (b"\n", b"\r", b"\0")  # within a value; the careful reader knows what to do with them

Codes = np.ndarray[Any, np.dtype[np.signedinteger[Any]]]


def read_columns(path: Path, dialect: Dialect, chosen: Sequence[int]) -> Any | None:
    """An Arrow table of the `chosen` columns as text, `c0`, `c1`, ... and `_line`; rows without any value are left out.

    None where a row's place would not tell its line (a field holds a line break, a line is blank or malformed), or nothing is there.
    """
    import pyarrow as pa

    if dialect.encoding not in UTF8:
        return None
    names = [f"c{i}" for i in range(len(dialect.header))]
    few = dict.fromkeys((names[i] for i in chosen), pa.dictionary(pa.int32(), pa.string()))
    try:
        sample = _read(pa.BufferReader(_first_lines(path)), dialect, names, few)
        # Where most values differ, each block would hold its own many: they are made distinct at the end.
        many = {name: pa.string() for name in few if 2 * len(sample[name].unique()) > len(sample)}
        read = _read(path, dialect, names, few | many)
    except pa.ArrowInvalid:
        return None
    rows = read.num_rows
    if rows == 0 or rows != dialect.lines - dialect.header_row:
        return None
    with ThreadPoolExecutor(os.cpu_count()) as pool:  # more would only wait for one another
        columns = dict(zip(few, pool.map(lambda name: _in_one_piece(read[name]), few), strict=True))
    if any(_holds_break(column.dictionary) for column in columns.values()):
        return None
    content = as_table(columns | {"_line": np.arange(dialect.header_row + 1, dialect.header_row + 1 + rows)})
    return _without_blank(content, list(few)) if len(few) == len(names) else content


def whole(content: Any, name: str) -> Any:
    """One column of a table, in one piece."""
    import pyarrow as pa

    column = content[name]
    if column.num_chunks == 1:
        return column.chunk(0)
    return column.combine_chunks() if len(column) else pa.nulls(0, column.type)  # Arrow cannot combine no pieces of every type


def codes_of(column: Any) -> Codes:
    """For each row the place of its value among the distinct ones."""
    return np.asarray(column.indices)


def repeat(value: Any, rows: int) -> Any:
    """A column in which each row holds one value: a text, or the one value of an Arrow array."""
    import pyarrow as pa

    distinct = pa.array([value], pa.string()) if isinstance(value, str) else value
    return pa.DictionaryArray.from_arrays(pa.array(np.zeros(rows, np.int8)), distinct)


def as_table(columns: Mapping[str, Any]) -> Any:
    """An Arrow table of these columns."""
    import pyarrow as pa

    return pa.table(dict(columns))


def decode(content: Any, but: Collection[str] = ()) -> Any:
    """The table with each row's own values in place of codes, every column in one piece; columns of these names stay as they are."""
    import pyarrow as pa

    columns = {name: whole(content, name) for name in content.column_names}
    coded = {name for name, column in columns.items() if name not in but and pa.types.is_dictionary(column.type)}
    return as_table({name: column.dictionary_decode() if name in coded else column for name, column in columns.items()})


def _first_lines(path: Path) -> bytes:
    with path.open("rb") as handle:
        return handle.read(SAMPLE) + handle.readline()


def _read(source: Any, dialect: Dialect, names: Sequence[str], types: Mapping[str, Any]) -> Any:
    from pyarrow import csv

    return csv.read_csv(
        source,
        csv.ReadOptions(block_size=BLOCK, skip_rows=dialect.header_row, column_names=names),
        csv.ParseOptions(delimiter=dialect.delimiter),
        csv.ConvertOptions(column_types=dict(types), include_columns=list(types), strings_can_be_null=True, null_values=[""]),
    )


def _in_one_piece(read: Any) -> Any:
    """A column that was read in blocks, with one list of distinct values and codes as short as they can be."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if pa.types.is_dictionary(read.type):
        chunks = read.chunks
    elif (numbered := number_texts(read)) is not None:
        return numbered
    else:
        chunks = _encode(read)
    places = _unify([chunk.dictionary for chunk in chunks])
    distinct = places.chunk(0).dictionary
    if read.null_count:
        distinct = pa.concat_arrays([distinct, pa.nulls(1, pa.string())])
    codes: Codes = np.empty(len(read), np.min_scalar_type(-len(distinct)))
    short, start = pa.from_numpy_dtype(codes.dtype), 0
    for chunk, place in zip(chunks, places.chunks, strict=True):
        own = place.indices.cast(short).take(chunk.indices)
        codes[start : start + len(chunk)] = np.asarray(pc.fill_null(own, len(distinct) - 1) if own.null_count else own)
        start += len(chunk)
    return pa.DictionaryArray.from_arrays(pa.array(codes), distinct)


def _encode(texts: Any) -> list[Any]:
    """Two halves of a column with distinct values of their own, made side by side."""
    import pyarrow as pa

    with ThreadPoolExecutor(2) as pool:
        middle = len(texts) // 2
        coded = list(pool.map(lambda half: half.dictionary_encode(), (texts.slice(0, middle), texts.slice(middle))))
    halves = [half for half in coded if len(half)]
    return [
        pa.DictionaryArray.from_arrays(pa.concat_arrays([chunk.indices for chunk in half.chunks]), half.chunk(0).dictionary)
        for half in halves
    ]


def _unify(dictionaries: Sequence[Any]) -> Any:
    """For each of these lists of distinct values the places of its values in one list of all: a chunked DictionaryArray."""
    import pyarrow as pa

    every = [pa.DictionaryArray.from_arrays(pa.array(np.arange(len(values), dtype=np.int32)), values) for values in dictionaries]
    return pa.chunked_array(every).unify_dictionaries()


def _holds_break(values: Any) -> bool:
    letters = values.buffers()[2]
    content = letters.to_pybytes() if letters is not None else b""
    return any(mark in content for mark in BREAKS)


def _without_blank(content: Any, names: Sequence[str]) -> Any:
    """Spreadsheets export empty rows as a line of separators: no row was given there."""
    columns = [whole(content, name) for name in names]
    if any(column.dictionary.null_count == 0 for column in columns):
        return content
    is_filled = np.zeros(content.num_rows, bool)
    for column in columns:
        is_filled |= codes_of(column) != len(column.dictionary) - 1
    return content.filter(is_filled)
