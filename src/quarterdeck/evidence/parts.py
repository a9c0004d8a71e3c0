"""Parts as they are written: Parquet whose bytes follow from the rows and their order alone, whatever the rows came from."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

from quarterdeck.evidence.columns import decode, whole

GROUP = 122_880  # rows; a multiple of DuckDB's vectors, which read them side by side
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
    }
    alike = _find_alike(content)
    rows = 0
    # Values are laid out by one thread while another encodes them.
    with pq.ParquetWriter(path, _plain(content.schema, alike), **options) as writer:
        for group in _ahead(_groups(content, alike)):
            writer.write_table(group, row_group_size=GROUP)
            rows += group.num_rows
    return rows


def _find_alike(content: Any) -> list[str]:
    """Columns in which all rows hold the same text: as codes they give the same bytes, and are not looked at row by row."""
    import pyarrow as pa

    coded = [f.name for f in content.schema if pa.types.is_dictionary(f.type) and pa.types.is_string(f.type.value_type)]
    distinct = {name: whole(content, name).dictionary for name in coded} if isinstance(content, pa.Table) else {}
    return [name for name, values in distinct.items() if len(values) == 1 and not values.null_count]


def _plain(schema: Any, alike: Collection[str]) -> Any:
    """The schema with values in place of codes. Every column may be empty, or one content would have two forms."""
    import pyarrow as pa

    coded = [field.name for field in schema if pa.types.is_dictionary(field.type) and field.name not in alike]
    return pa.schema([(field.name, field.type.value_type if field.name in coded else field.type) for field in schema])


def _groups(content: Any, alike: Collection[str]) -> Iterator[Any]:
    """Tables of as many rows as a row group holds, the last of fewer, every column in one piece."""
    import pyarrow as pa

    if isinstance(content, pa.Table):
        yield from (decode(content.slice(start, GROUP), alike) for start in range(0, content.num_rows, GROUP))
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
