"""Rows held in memory in the order of their key. The order of distinct values is worked out once, and rows are then ordered as numbers."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from quarterdeck.evidence.columns import as_table, codes_of, whole

Numbers = np.ndarray[Any, np.dtype[np.signedinteger[Any]]]
MOST = 2**63
STRETCH = 2**18  # rows
SPARE = 4  # numbers there may be for each row, for each number to have a place of its own


def sort_by_key(content: Any, key: Sequence[str]) -> Any | None:
    """The rows of an Arrow table in order of key, the table itself where they came so. Key columns hold distinct values, and no NULL.

    None where a key repeats, or where the keys are too many to be numbered.
    """
    numbered = _number(content, key)
    if numbered is None:
        return None
    numbers, size = numbered
    if bool((numbers[1:] > numbers[:-1]).all()):
        return content
    order = _place(numbers, size) if size <= SPARE * len(numbers) else _sort(numbers)
    return None if order is None else _take(content, order)


def _number(content: Any, key: Sequence[str]) -> tuple[Numbers, int] | None:
    """A number for each row, and how many there may be: a greater key has a greater number, equal keys have the same."""
    numbers: Numbers = np.zeros(1, np.int32)  # one for all rows until a column tells them apart
    size = 1
    for name in key:
        column = whole(content, name)
        ranks = _rank(column.dictionary)
        if size > 1 and (owners := _find_owners(numbers, column)) is not None:
            # Each participant is in one study, so in order of study and participant the participant alone tells a row's number.
            ranks[np.lexsort((ranks, owners))] = np.arange(len(ranks))
            numbers, size = _by_row(ranks, column), len(ranks)
            continue
        size *= len(ranks)
        if size >= MOST:
            return None
        scaled = np.multiply(numbers, len(ranks), dtype=np.int32 if size < 2**31 else np.int64)
        numbers = scaled + _by_row(ranks, column) if size > len(ranks) else _by_row(ranks, column)
    return numbers, size


def _rank(values: Any) -> Numbers:
    import pyarrow.compute as pc

    ranks = np.empty(len(values), np.int32)
    ranks[np.asarray(pc.array_sort_indices(values))] = np.arange(len(values))
    return ranks


def _by_row(of_values: Numbers, column: Any) -> Numbers:
    import pyarrow as pa

    return np.asarray(pa.array(of_values).take(column.indices))


def _find_owners(numbers: Numbers, column: Any) -> Numbers | None:
    """For each distinct value of a column the one number that its rows have; None where rows of one value have several."""
    codes = codes_of(column)
    owners = np.zeros(len(column.dictionary), numbers.dtype)
    for rows in (slice(STRETCH), slice(None)):
        _put(owners, codes[rows], numbers[rows])
        if bool((_by_row(owners, column[rows]) != numbers[rows]).any()):
            return None
    return owners


def _put(target: Numbers, places: Numbers, values: Numbers) -> None:
    """Writes values to their places. NumPy widens places to eight bytes for it: a stretch at a time, these stay in the cache."""
    for start in range(0, len(places), STRETCH):
        rows = slice(start, start + STRETCH)
        target[places[rows]] = values[rows]


def _place(numbers: Numbers, size: int) -> Numbers | None:
    """The places of the rows in order, where there is room for each number; None where one repeats."""
    places = np.full(size, -1, np.int32)
    _put(places, numbers, np.arange(len(numbers), dtype=np.int32))
    order = places[places >= 0]
    return order if len(order) == len(numbers) else None


def _sort(numbers: Numbers) -> Numbers | None:
    """The same for numbers of any size. Sorting a number and its place as one is twice as quick as sorting places by number."""
    bits = len(numbers).bit_length()
    if int(numbers.max()) >= MOST >> bits:
        order = np.argsort(numbers, kind="stable")
        return None if _repeats(numbers[order]) else order
    joined = numbers.astype(np.int64) << bits
    joined |= np.arange(len(numbers))
    joined.sort()
    return None if _repeats(joined >> bits) else joined & ((1 << bits) - 1)


def _repeats(numbers: Numbers) -> bool:
    return bool((numbers[1:] == numbers[:-1]).any())


def _take(content: Any, order: Numbers) -> Any:
    import pyarrow as pa

    rows = pa.array(order)

    def take(name: str) -> Any:
        column = whole(content, name)
        is_constant = pa.types.is_dictionary(column.type) and len(column.dictionary) == 1
        return column if is_constant else column.take(rows)

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return as_table(dict(zip(content.column_names, pool.map(take, content.column_names), strict=True)))
