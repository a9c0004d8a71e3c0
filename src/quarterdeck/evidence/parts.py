"""Parts as they are written: Parquet whose bytes follow from the rows and their order alone, whatever the rows came from."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np

from quarterdeck.evidence.columns import as_table, decode, whole

GROUP = 122_880  # rows; a multiple of DuckDB's vectors, which read them side by side
FEW = 256  # distinct values
COMPRESSION = {"compression": "zstd", "compression_level": 1}


def write_part(content: Any, path: Path) -> int:
    """Writes an Arrow table, or what an Arrow reader gives, and returns the number of rows."""
    import pyarrow.parquet as pq

    names = content.schema.names
    options: dict[str, Any] = {
        **COMPRESSION,
        "use_dictionary": [name for name in names if name != "_line"],
        "column_encoding": {"_line": "DELTA_BINARY_PACKED"} if "_line" in names else None,
        "store_schema": False,
        "max_rows_per_page": GROUP,
    }
    few = _find_few(content)
    rows = 0
    # Values are laid out by one thread while another encodes them.
    with pq.ParquetWriter(path, _plain(content.schema, few), **options) as writer:
        for group in _ahead(_groups(content, few)):
            writer.write_table(group, row_group_size=GROUP)
            rows += group.num_rows
    return rows


def _find_few(content: Any) -> list[str]:
    """Text columns of few distinct values: the writer takes their codes instead of looking at each row's text, and writes the same bytes."""
    import pyarrow as pa

    coded = [f.name for f in content.schema if pa.types.is_dictionary(f.type) and pa.types.is_string(f.type.value_type)]
    distinct = {name: whole(content, name).dictionary for name in coded} if isinstance(content, pa.Table) else {}
    return [name for name, values in distinct.items() if len(values) <= FEW and not values.null_count]


def _as_seen(column: Any) -> Any:
    """The column with only those distinct values that it holds, in the order in which the writer would find them in its rows."""
    import pyarrow as pa

    values = column.dictionary
    if len(values) == 1:
        return pa.DictionaryArray.from_arrays(pa.array(np.zeros(len(column), np.int32)), values)
    seen = column.indices.unique()
    places = np.zeros(len(values), np.int32)
    places[np.asarray(seen)] = np.arange(len(seen))
    return pa.DictionaryArray.from_arrays(pa.array(places).take(column.indices), values.take(seen))


def _plain(schema: Any, few: Collection[str]) -> Any:
    """The schema with values in place of codes. Every column may be empty, or one content would have two forms."""
    import pyarrow as pa

    types = {field.name: field.type.value_type if pa.types.is_dictionary(field.type) else field.type for field in schema}
    return pa.schema(types | dict.fromkeys(few, pa.dictionary(pa.int32(), pa.string())))


def _groups(content: Any, few: Collection[str]) -> Iterator[Any]:
    """Tables of as many rows as a row group holds, the last of fewer, every column in one piece."""
    import pyarrow as pa

    if isinstance(content, pa.Table):
        for start in range(0, content.num_rows, GROUP):
            group = decode(content.slice(start, GROUP), few)
            yield as_table({name: _as_seen(whole(group, name)) if name in few else group[name] for name in group.column_names})
        return
    waiting = content.schema.empty_table()
    for batch in content:
        waiting = pa.concat_tables([waiting, pa.Table.from_batches([batch])])
        while waiting.num_rows >= GROUP:
            yield decode(waiting.slice(0, GROUP))
            waiting = waiting.slice(GROUP)
    if waiting.num_rows:
        yield decode(waiting)


def _ahead(groups: Iterator[Any]) -> Iterator[Any]:
    """The same, with the next one being made while this one is used."""
    with ThreadPoolExecutor(1) as maker:
        coming = maker.submit(next, groups, None)
        while (group := coming.result()) is not None:
            coming = maker.submit(next, groups, None)
            yield group
