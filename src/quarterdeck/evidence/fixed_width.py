"""Texts of one length, such as identifiers of participants, told apart by arithmetic: nothing has to remember each.

Such a text is a number. Its digits are its bytes, each counted from the least that stands at that place in any row. Where there are not many
more such numbers than rows, a flag for each says which occur. A hash table of as many texts misses the processor's cache at each row, and
takes eight times as long.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

SPARE = 4  # numbers there may be for each row

Letters = np.ndarray[Any, np.dtype[np.uint8]]  # a row for each text, a column for each byte
Integers = np.ndarray[Any, np.dtype[np.signedinteger[Any]]]


def number_texts(column: Any) -> Any | None:
    """An Arrow column of text as a DictionaryArray with its distinct values in order.

    None where a row has no text, where texts are not of one length, or where there may be too many.
    """
    import pyarrow as pa

    chunks = [chunk for chunk in column.chunks if len(chunk)]
    if column.null_count or not chunks:
        return None
    pieces = list(map(_letters, chunks))
    bounds = _find_bounds(pieces, SPARE * len(column))
    if bounds is None:
        return None
    low, spans = bounds
    size = math.prod(spans)
    numbers = [_number(piece, low, spans, size) for piece in pieces]
    is_there = np.zeros(size, bool)
    for part in numbers:
        is_there[part] = True
    found = np.flatnonzero(is_there)
    codes = np.empty(size, np.min_scalar_type(-len(found)))
    codes[found] = np.arange(len(found))
    return pa.DictionaryArray.from_arrays(pa.array(codes).take(pa.array(np.concatenate(numbers))), _texts(found, low, spans))


def _letters(texts: Any) -> Letters:
    """The bytes of each text; no columns where texts are not of one length."""
    _, offsets, content = texts.buffers()
    starts = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    width = int(starts[1] - starts[0])
    if not width or bool((starts[1:] - starts[:-1] != width).any()):
        return np.empty((len(texts), 0), np.uint8)
    return np.frombuffer(content, np.uint8, len(texts) * width, int(starts[0])).reshape(-1, width)


def _find_bounds(pieces: Iterable[Letters], most: int) -> tuple[list[int], list[int]] | None:
    """The least byte at each place, and how many there are from it to the greatest; None where that makes more than `most` numbers."""
    low, high = np.zeros(0, np.uint8), np.zeros(0, np.uint8)
    for piece in pieces:
        width = piece.shape[1]
        if not width or len(low) not in (0, width):
            return None
        # By place: along rows of a few bytes NumPy takes six times as long.
        least, greatest = (np.array([find(piece[:, place]) for place in range(width)]) for find in (np.min, np.max))
        low = np.minimum(low, least) if len(low) else least
        high = np.maximum(high, greatest) if len(high) else greatest
        spans = (high.astype(int) - low + 1).tolist()
        if math.prod(spans) > most:
            return None
    return low.tolist(), spans


def _number(letters: Letters, low: Sequence[int], spans: Sequence[int], size: int) -> Integers:
    numbers = np.zeros(len(letters), np.min_scalar_type(-size - 1))
    for place, span in enumerate(spans):
        if span > 1:
            numbers *= span
            numbers += letters[:, place] - np.uint8(low[place])
    return numbers


def _texts(numbers: Integers, low: Sequence[int], spans: Sequence[int]) -> Any:
    """The texts again, in order, from their numbers."""
    import pyarrow as pa

    letters = np.empty((len(numbers), len(low)), np.uint8)
    rest = numbers
    for place in reversed(range(len(low))):
        rest, digit = np.divmod(rest, spans[place])
        letters[:, place] = digit + low[place]
    starts = np.arange(len(numbers) + 1, dtype=np.int32) * np.int32(len(low))
    return pa.StringArray.from_buffers(len(numbers), pa.py_buffer(starts), pa.py_buffer(letters))
