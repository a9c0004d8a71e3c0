"""Large files as columns of distinct values: each quick way gives what its slow twin gives, or steps aside."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from quarterdeck.connectors.load import load_paths
from quarterdeck.evidence import ordering, parts, workbench
from quarterdeck.evidence.arrivals import unpack
from quarterdeck.evidence.columns import as_table, decode, read_columns, repeat
from quarterdeck.evidence.delimited import _read_careful, sniff
from quarterdeck.evidence.fixed_width import number_texts
from quarterdeck.evidence.ordering import sort_by_key
from quarterdeck.evidence.parts import write_part
from quarterdeck.evidence.seal import hash_file
from quarterdeck.evidence.store import Store

NOW = datetime(2026, 7, 1, tzinfo=UTC)
FIELD = st.text(alphabet=st.sampled_from(list("ab1 ,;\"'\n\r\té=")), max_size=5)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(FIELD, min_size=2, max_size=3), max_size=8), st.sampled_from(["\n", "\r\n"]), st.booleans())
def test_columns_hold_what_the_careful_reader_gives_or_step_aside(
    tmp_path: Path, table: list[list[str]], ending: str, is_quoted: bool
) -> None:
    path = tmp_path / "twin.csv"
    with path.open("w", newline="", encoding="utf-8") as handle:
        writer = csv.writer(handle, lineterminator=ending, quoting=csv.QUOTE_ALL if is_quoted else csv.QUOTE_MINIMAL)
        writer.writerows([["a", "b"], *table])
    dialect = sniff(path)
    content = read_columns(path, dialect, [0, 1])
    if content is not None:
        connection = duckdb.connect()
        assert _read_careful(connection, path, dialect, "careful", [0, 1]) == []
        careful = connection.execute("SELECT c0, c1, _line FROM careful WHERE COALESCE(c0, c1) IS NOT NULL").fetchall()
        assert [tuple(row.values()) for row in decode(content).to_pylist()] == careful


@pytest.mark.parametrize("body", ["1,a\r2,b\n\n", '1,"a\nb"\n', "1,a\n\n2,b\n", "1\n", "1,a,b\n", "1,a\n" * 30 + "1,a\0\n", ""])
def test_a_file_whose_lines_do_not_follow_from_places_is_left_to_the_careful_reader(tmp_path: Path, body: str) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"x,y\n" + body.encode())
    assert read_columns(path, sniff(path), [0, 1]) is None


def test_columns_of_few_and_of_many_distinct_values_are_read_alike(tmp_path: Path) -> None:
    rows = [(f"S{n % 3}", f"é{n * 7919 % 300_007}" if n % 5 else "") for n in range(200_000)]
    path = tmp_path / "a.csv"
    path.write_text("few,many\n" + "".join(f"{few},{many}\n" for few, many in rows), encoding="utf-8")
    content = read_columns(path, sniff(path), [0, 1])
    assert content is not None
    assert [str(content.schema.field(name).type.index_type) for name in ("c0", "c1")] == ["int8", "int32"]
    found = decode(content)
    assert list(zip(found["c0"].to_pylist(), found["c1"].to_pylist(), strict=True)) == [(few, many or None) for few, many in rows]
    assert found["_line"].to_pylist() == list(range(2, 200_002))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.text(alphabet="abAé0189", min_size=1, max_size=3), min_size=1, max_size=60), st.integers(0, 30), st.integers(0, 30))
def test_texts_told_apart_by_arithmetic_are_those_given_or_it_steps_aside(texts: list[str], cut: int, hidden: int) -> None:
    whole = pa.array([*texts[:hidden], *texts], pa.string())[min(hidden, len(texts)) :]  # its bytes begin within those of another
    column = pa.chunked_array([whole[:cut], whole[cut:]])
    found = number_texts(column)
    if found is not None:
        assert found.to_pylist() == texts
        assert found.dictionary.to_pylist() == sorted(set(texts), key=str.encode)
        found.validate(full=True)
    elif len({len(text.encode()) for text in texts}) == 1:
        assert len(set(texts)) > 1


def test_identifiers_of_one_length_are_told_apart_by_arithmetic() -> None:
    names = [f"P-{n * 7919 % 1000:04}" for n in range(2000)]
    found = number_texts(pa.chunked_array([names[:700], [], names[700:]]))
    assert found is not None
    assert found.to_pylist() == names
    assert len(found.dictionary) == 1000


@pytest.mark.parametrize("names", [["a1", "a2", None], ["a1", "a22"], ["", ""], ["aaaa", "zzzz"], []])
def test_texts_that_arithmetic_cannot_tell_apart_are_left(names: list[str | None]) -> None:
    assert number_texts(pa.chunked_array([pa.array(names, pa.string())])) is None


def coded(values: list[Any], kind: pa.DataType) -> pa.DictionaryArray:
    """Values as `read_columns` holds them."""
    return pa.array(values, kind).dictionary_encode(null_encoding="encode")


KEYS = st.tuples(st.text(alphabet="aAé1 ~", max_size=3), st.dates(date(1900, 1, 1), date(1900, 1, 9)), st.integers(-2, 2))


OWNED = st.integers(-40, 40).map(lambda number: ("aAé1 ~"[number % 6], date(1900, 1, 1 + number % 3), number))


@settings(max_examples=150, deadline=None)
@given(st.lists(st.one_of(KEYS, OWNED), min_size=1, max_size=30) | st.lists(OWNED, min_size=1, max_size=30), st.sampled_from([2**63, 2**8]))
def test_rows_are_ordered_as_duckdb_orders_them_unless_a_key_repeats(keys: list[tuple[str, date, int]], most: int) -> None:
    kinds = {"text": pa.string(), "day": pa.date32(), "number": pa.int64()}
    columns = {name: coded([key[i] for key in keys], kind) for i, (name, kind) in enumerate(kinds.items())}
    content = as_table(columns | {"_line": pa.array(range(len(keys)), pa.int64())})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ordering, "MOST", most)  # with few numbers to give, other ways are taken
        ordered = sort_by_key(content, list(kinds))
    if len(set(keys)) < len(keys):
        assert ordered is None
    elif ordered is None:
        assert most == 2**8
    else:
        plain = decode(content)
        expected = duckdb.sql("SELECT * FROM plain ORDER BY text, day, number").to_arrow_table()
        assert decode(ordered).to_pylist() == expected.to_pylist()
        assert plain.num_rows == ordered.num_rows


ROW = st.tuples(
    st.sampled_from(["a", "b", "é", "", None]),
    st.sampled_from([date(2025, 1, 1), date(2026, 3, 14), None]),
    st.sampled_from([Decimal("1.5000"), Decimal("-2.2500"), None]),
    st.sampled_from([["x", "y"], [], None]),
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, min_size=1, max_size=40), st.integers(1, 12))
def test_the_bytes_of_a_part_follow_from_its_rows_alone(tmp_path: Path, rows: list[Any], batch: int) -> None:
    kinds = {"name": pa.string(), "day": pa.date32(), "amount": pa.decimal128(18, 4)}
    plain = pa.table(
        {name: pa.array([row[i] for row in rows], kind) for i, (name, kind) in enumerate(kinds.items())}
        | {"tags": pa.array([row[3] for row in rows], pa.list_(pa.string())), "_line": pa.array(range(len(rows)), pa.int64())}
    )
    plain = plain.add_column(4, "_file", pa.array(["visit.csv"] * len(rows)))
    held = as_table({name: coded([row[i] for row in rows][::-1], kind)[::-1] for i, (name, kind) in enumerate(kinds.items())})
    held = (
        held.append_column("tags", plain["tags"])
        .append_column("_file", repeat("visit.csv", len(rows)))
        .append_column("_line", plain["_line"])
    )
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(parts, "GROUP", 16)
        for number, content in enumerate((plain, held, plain.to_reader(batch), duckdb.sql("SELECT * FROM plain").to_arrow_reader(2048))):
            assert write_part(content, tmp_path / f"{number}.parquet") == len(rows)
    digests = {hash_file(tmp_path / f"{number}.parquet") for number in range(4)}
    assert len(digests) == 1
    assert pq.read_table(tmp_path / "0.parquet").to_pylist() == plain.to_pylist()


VALUES = {
    "invoice_id": ["1", "2", "3", " 2 ", ""],
    "vendor_id": ["V1", "V2 ", "", "=1+1"],
    "amount": ["5", "12.50", "twelve", "", "-1", "1,000"],
    "currency": ["EUR", "eur", "ZZZ", "", "NA"],
    "received_dt": ["2025-01-01", "45658", "31/12/2025", "2025-02-30", "1066-10-14", "2062-01-01", ""],
    "paid_dt": ["2024-12-31", "2025-06-01", ""],
    "status": ["paid", "PAID", "nonsense", ""],
}


def load_both_ways(tmp_path: Path, content: str) -> list[tuple[Any, ...]]:
    """What the snapshot holds, with the file held in memory and row by row."""
    found = []
    for large in (0, workbench.LARGE):
        folder = tmp_path / str(large)
        folder.mkdir()
        (folder / "invoice.csv").write_text(content, encoding="utf-8")
        store = Store(folder / "evidence")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(workbench, "LARGE", large)
            result = load_paths(store, [folder / "invoice.csv"], NOW)
        snapshot = store.open()
        tables = [snapshot.query(f"SELECT * FROM {name} ORDER BY ALL").to_pylist() for name in ("invoice", "quarantine")]
        found.append((tables, snapshot.tables, result.given, result.loaded, result.quarantined, result.notices))
    return found


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(*(st.sampled_from(values) for values in VALUES.values())), min_size=1, max_size=14))
def test_judging_distinct_values_gives_what_judging_row_by_row_gives(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, ...]]
) -> None:
    buffer = io.StringIO()
    csv.writer(buffer, lineterminator="\n").writerows([tuple(VALUES), *rows])
    held, by_row = load_both_ways(tmp_path_factory.mktemp("both"), buffer.getvalue())
    assert held == by_row
    assert held[2] == held[3] + held[4]


def test_the_digest_of_an_arrival_is_that_of_the_file(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes(b"x\n1\n" * 100_000)
    (arrival,) = unpack([tmp_path / "a.csv"], tmp_path)
    assert arrival.sha256 == hash_file(tmp_path / "a.csv")
