"""Batches against their contracts: every row is either good, or in quarantine with the reason. Nothing is repaired on the way.

All work is done in DuckDB, on whole columns. Three stages follow one another: each row by itself (`check_batch`), rows among each other
(`part_duplicates`), rows against other tables (`part_orphans`, in the load, since it needs the snapshot before).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from quarterdeck.evidence.batch import PLAIN, Batch, ColumnRule
from quarterdeck.evidence.contracts import LINEAGE, Column, Contract, get_contract, referenced_key
from quarterdeck.evidence.quarantine import QUARANTINE_TYPES
from quarterdeck.evidence.snapshot import quote
from quarterdeck.evidence.values import FIRST_YEAR, LAST_YEAR, bare, cleaned, is_missing, is_serial, reason_of, text, typed
from quarterdeck.evidence.workbench import Workbench
from quarterdeck.vocabulary.wording import plural


@dataclass(frozen=True, slots=True)
class Checked:
    """A batch after its check: `relation` holds the good rows, typed, with lineage; `given` = good + quarantined."""

    batch: Batch
    relation: str
    given: int
    quarantined: int
    notices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which a row can break its contract, as SQL over the checked relation."""

    kind: str
    column: str
    condition: str
    reason: str
    value: str


def create_quarantine(workbench: Workbench) -> None:
    """The table of rows that break a contract, empty."""
    columns = ", ".join(f"{quote(name)} {kind}" for name, kind in QUARANTINE_TYPES.items())
    workbench.execute(f"CREATE TABLE _quarantine ({columns})")


def check_batch(workbench: Workbench, batch: Batch, today: date) -> Checked:
    """Types each row, and moves those that break the contract to `_quarantine`. `today` is when the load takes place.

    Raises nothing for bad rows: that is what quarantine is for.
    """
    contract = get_contract(batch.table)
    described = {row[0]: row[1] for row in workbench.execute(f"DESCRIBE {batch.relation}").fetchall()}
    present = [
        column for column in contract.columns if column.name in described or batch.rules.get(column.name, PLAIN).constant is not None
    ]
    is_text = {
        c.name: (described.get(c.name, "VARCHAR") == "VARCHAR" and c.duckdb_type != "VARCHAR") or _needs_reading(c, batch) for c in present
    }
    problems = _problems(contract, present, is_text, today, batch.rules)
    bad = " OR ".join(f"COALESCE({problem.condition}, false)" for problem in problems) or "false"
    # Names of countries and currencies are looked up by joins, after which the place of a row no longer tells its line.
    is_by_place = "_above" in described and not any(column.type in ("country", "currency") for column in present)
    lineage = _lineage(batch, described)
    rows = _typed_select(batch, present, is_text, {"_line": "_above"} if is_by_place else lineage)
    serials = _serial_columns(present, is_text, batch)
    if not any(is_text.values()) and bad == "false" and not is_by_place:
        relation = workbench.name("typed")
        workbench.execute(f"CREATE VIEW {relation} AS {rows}")
        given = workbench.scalar(f"SELECT count(*) FROM {relation}")
        return Checked(batch, _good_view(workbench, contract, present, relation, ", ".join(LINEAGE)), given, 0)
    relation, n_serial = _read_once(workbench, rows, bad, serials)
    given, n_bad = workbench.execute(f"SELECT count(*), count(*) FILTER (_is_bad) FROM {relation}").fetchall()[0]
    if n_bad:
        again = _typed_select(batch, present, is_text, lineage)
        _quarantine_problems(workbench, batch, contract, f"({again})", problems, bad, is_text)
    kept = _lineage_by_place(workbench, batch, lineage) if is_by_place else ", ".join(LINEAGE)
    good_rows = _good_view(workbench, contract, present, relation, kept, " WHERE NOT _is_bad" if n_bad else "")
    return Checked(batch, good_rows, given, n_bad, tuple(_serial_notices(contract, n_serial)))


def _lineage(batch: Batch, described: Collection[str]) -> dict[str, str]:
    """SQL over the batch for each column of lineage."""
    source = f"COALESCE(_source, {text(batch.source)})" if "_source" in described else text(batch.source)
    line = "row_number() OVER () + _above" if "_above" in described else "_line::BIGINT"
    return {"_source": source, "_file": "_file", "_sheet": "_sheet", "_line": line}


def _lineage_by_place(workbench: Workbench, batch: Batch, lineage: Mapping[str, str]) -> str:
    """SQL over the table of typed rows. They come from one file, whose name need not be repeated in every row."""
    file, sheet = workbench.execute(f"SELECT _file, _sheet FROM {batch.relation} LIMIT 1").fetchall()[0]
    return f"{lineage['_source']} AS _source, {text(file)} AS _file, {text(sheet)} AS _sheet, rowid + 1 + _line AS _line"


def _read_once(workbench: Workbench, rows: str, bad: str, serials: dict[str, str]) -> tuple[str, dict[str, int]]:
    """A table of typed rows with `_is_bad`, and how many values of each date column were serial numbers.

    The text as it came is not kept: only rows that break the contract are read again, for their place in quarantine.
    """
    relation = workbench.name("typed")
    flags = "".join(f", {condition} AS {quote('_serial_' + name)}" for name, condition in serials.items())
    workbench.execute(
        f"CREATE TABLE {relation} AS SELECT COLUMNS(lambda name: NOT starts_with(name, '_raw_')), {bad} AS _is_bad{flags} FROM ({rows})"
    )
    if not serials:
        return relation, {}
    counts = ", ".join(f"count(*) FILTER ({quote('_serial_' + name)})" for name in serials)
    return relation, dict(zip(serials, workbench.execute(f"SELECT {counts} FROM {relation}").fetchall()[0], strict=True))


def _good_view(workbench: Workbench, contract: Contract, present: Sequence[Column], relation: str, lineage: str, where: str = "") -> str:
    good = workbench.name("good")
    columns = [quote(c.name) if c in present else f"NULL::{c.duckdb_type} AS {quote(c.name)}" for c in contract.columns]
    workbench.execute(f"CREATE VIEW {good} AS SELECT {', '.join(columns)}, {lineage} FROM {relation}{where}")
    return good


def part_duplicates(workbench: Workbench, contract: Contract, checked: Sequence[Checked]) -> str:
    """The good rows of one table with each key once; the others go to quarantine.

    Of identical repeats the first stays. Rows that differ under one key are all set aside, for none can be trusted, unless the source is a
    log whose later rows replace earlier ones.
    """
    union = " UNION ALL BY NAME ".join(f"SELECT * FROM {entry.relation}" for entry in checked)
    if len(checked) == 1 and is_in_order(workbench, contract, checked[0].relation):
        return checked[0].relation
    keys = ", ".join(quote(name) for name in contract.key)
    together = workbench.name("together")
    workbench.execute(f"CREATE VIEW {together} AS {union}")
    # Equal keys have equal hashes, so this never misses a duplicate; a chance collision only costs the slower way.
    row = workbench.execute(f"SELECT count(*), count(DISTINCT hash({keys})) FROM {together}").fetchone()
    if row is None or row[0] == row[1]:
        return together
    keep_last = any(entry.batch.keep_last for entry in checked)
    return _separate_duplicates(workbench, contract, together, keep_last)


def is_in_order(workbench: Workbench, contract: Contract, relation: str) -> bool:
    """Whether each row's key is greater than the one before: then no key repeats, and nothing needs sorting. Most listings come so."""
    if relation not in workbench.in_order:
        workbench.in_order[relation] = _is_in_order(workbench, contract, relation)
    return workbench.in_order[relation]


def _is_in_order(workbench: Workbench, contract: Contract, relation: str) -> bool:
    keys = ", ".join(quote(name) for name in contract.key)
    before = ", ".join(f"lag({quote(name)}) OVER () AS {quote('_before_' + name)}" for name in contract.key)
    earlier = ", ".join(quote("_before_" + name) for name in contract.key)
    sample = f"SELECT {keys}, {before} FROM (SELECT {keys} FROM {relation} {{limit}})"
    for limit in ("LIMIT 10000", ""):  # most files that are not in order show it soon
        first = quote("_before_" + contract.key[0])
        if workbench.scalar(f"SELECT count(*) FROM ({sample.format(limit=limit)}) WHERE {first} IS NOT NULL AND ({earlier}) >= ({keys})"):
            return False
    return True


def part_orphans(workbench: Workbench, contract: Contract, relation: str, known: dict[str, str]) -> str:
    """The rows whose references are found; the others go to quarantine.

    `known` gives, by table, the relation of all rows there will be. A table without any rows is not consulted: it was never loaded.
    """
    conditions: list[tuple[Column, str]] = []
    for column in contract.columns:
        there = known.get(column.references) if column.references else None
        if there is None:
            continue
        pairs = referenced_key(contract, column)
        match = " AND ".join(f"there.{quote(b)} = here.{quote(a)}" for a, b in pairs)
        asked = " AND ".join(f"here.{quote(a)} IS NOT NULL AND here.{quote(a)}::VARCHAR <> ''" for a, _ in pairs)
        conditions.append((column, f"{asked} AND NOT EXISTS (SELECT 1 FROM {there} there WHERE {match})"))
    for column, condition in conditions:
        count = workbench.scalar(f"SELECT count(*) FROM {relation} here WHERE {condition}")
        if not count:
            continue
        orphans = workbench.name("orphans")
        workbench.execute(f"CREATE TABLE {orphans} AS SELECT * FROM {relation} here WHERE {condition}")
        why = f"there is no such {column.references.replace('_', ' ')}"
        quarantine_rows(workbench, contract, orphans, "orphan", column.name, text(why))
        kept = workbench.name("kept")
        keys = " AND ".join(f"o.{quote(key)} = here.{quote(key)}" for key in contract.key)
        workbench.execute(f"CREATE VIEW {kept} AS SELECT * FROM {relation} here WHERE NOT EXISTS (SELECT 1 FROM {orphans} o WHERE {keys})")
        relation = kept
    return relation


def quarantine_rows(workbench: Workbench, contract: Contract, relation: str, kind: str, column: str, why: str) -> None:
    """Typed rows to quarantine, for one reason (SQL)."""
    row_json = _json({name: _as_text(contract.column(name), quote(name)) for name in contract.column_names})
    workbench.execute(
        f"INSERT INTO _quarantine BY NAME SELECT {text(contract.name)} AS table_name, {', '.join(LINEAGE)}, {text(kind)} AS kind, "
        f"{text(column)} AS column_name, {_as_text(contract.column(column), quote(column))} AS value, {why} AS reason, 1 AS n_problems, "
        f"{row_json} AS row_json FROM {relation}"
    )


def _needs_reading(column: Column, batch: Batch) -> bool:
    """Text for a text column passes through the reader too where it must be one of a list, or a rule changes it."""
    return bool(column.codes) or column.type in ("country", "currency", "list") or not batch.rules.get(column.name, PLAIN).is_plain


def _typed_select(batch: Batch, present: Sequence[Column], is_text: dict[str, bool], lineage: Mapping[str, str]) -> str:
    """SQL for the batch with typed columns, `_raw_<name>` beside those that were read from text, and lineage."""
    raws, columns = [], []
    for column in present:
        rule = batch.rules.get(column.name, PLAIN)
        source = text(rule.constant) if rule.constant is not None else quote(column.name)
        if is_text[column.name]:
            raws.append(f"{cleaned(column, source, rule)} AS {quote('_raw_' + column.name)}")
            value = typed(column, quote("_raw_" + column.name), rule)
            columns.append(quote("_raw_" + column.name))
        elif column.duckdb_type == "VARCHAR":
            raws.append(source + f" AS {quote(column.name)}" if rule.constant is not None else source)
            value = bare(quote(column.name))
        else:
            raws.append(source)
            value = f"{quote(column.name)}::{column.duckdb_type}"
        columns.append(f"{f'COALESCE({value}, {text(str())})' if column.may_be_empty else value} AS {quote(column.name)}")
    inner = f"SELECT {', '.join(raws)}, {', '.join(f'{value} AS {name}' for name, value in lineage.items())} FROM {batch.relation}"
    return f"SELECT {', '.join(columns)}, {', '.join(lineage)} FROM ({inner})"


def _problems(
    contract: Contract, present: Sequence[Column], is_text: dict[str, bool], today: date, rules: Mapping[str, ColumnRule]
) -> list[Problem]:
    names = {column.name for column in present}
    problems = [
        Problem("missing_key", key, "true", text("the key has no value"), "NULL")
        for key in contract.key
        if key not in names and not contract.column(key).may_be_empty
    ]
    for column in present:
        problems += _column_problems(column, is_text[column.name], today, rules.get(column.name, PLAIN))
    for chain in contract.order:
        known = [name for name in chain if name in names]
        for i, first in enumerate(known):
            for second in known[i + 1 :]:
                condition = f"{quote(first)}::DATE > {quote(second)}::DATE"
                why = f"'lies before ' || {text(first)} || ' (' || {quote(first)}::DATE::VARCHAR || ')'"
                problems.append(Problem("date_order", second, condition, why, f"{quote(second)}::VARCHAR"))
    for part, whole in contract.part_of:
        if part in names and whole in names:
            why = f"'is more than ' || {text(whole)} || ' (' || {quote(whole)}::VARCHAR || ')'"
            problems.append(Problem("part_of", part, f"{quote(part)} > {quote(whole)}", why, f"{quote(part)}::VARCHAR"))
    problems += _currency_problems(contract, names)
    return problems


def _column_problems(column: Column, is_text: bool, today: date, rule: ColumnRule) -> list[Problem]:
    name, raw = quote(column.name), quote("_raw_" + column.name)
    value = raw if is_text else f"{name}::VARCHAR"
    problems = []
    if is_text:
        kind = "code" if column.codes or column.type in ("country", "currency") else "type"
        unread = f"{name} IS {'NULL' if not column.may_be_empty else not_empty(name)}"
        wrong = f"CASE WHEN {unread} THEN NOT {is_missing(column, raw)} ELSE false END"  # a CASE asks the second only where the first holds
        problems.append(Problem(kind, column.name, wrong, reason_of(column, raw, rule), raw))
    if column.is_key and not column.may_be_empty:
        missing = f"{name} IS NULL" + (f" AND {is_missing(column, raw)}" if is_text else "")
        problems.append(Problem("missing_key", column.name, missing, text("the key has no value"), value))
    for bound, sign, words in ((column.minimum, "<", "less than"), (column.maximum, ">", "more than")):
        if bound is not None:
            problems.append(Problem("range", column.name, f"{name} {sign} {bound:g}", text(f"{words} {bound:g}"), value))
    if column.type in ("date", "timestamp"):
        outside = f"{name} < DATE '{FIRST_YEAR}-01-01' OR {name} >= DATE '{LAST_YEAR + 1}-01-01'"
        problems.append(
            Problem("range", column.name, outside, text(f"no date of the trade lies outside {FIRST_YEAR} to {LAST_YEAR}"), value)
        )
        if not column.is_planned:
            future = f"{name}::DATE > DATE '{today.isoformat()}' + 1 AND NOT ({outside})"
            problems.append(Problem("range", column.name, future, text("lies in the future, which an actual date cannot"), value))
    return problems


def not_empty(name: str) -> str:
    """A column that may be empty holds '' where its text could not be read."""
    return f"NULL OR {name} = ''"


def _currency_problems(contract: Contract, names: set[str]) -> list[Problem]:
    amounts = [column.name for column in contract.columns if column.type == "money" and column.name in names]
    if not amounts or "currency" not in contract.column_names:
        return []
    some = " OR ".join(f"{quote(name)} IS NOT NULL" for name in amounts)
    condition = f"({some})" + (" AND currency IS NULL" if "currency" in names else "")
    if "currency" in names:
        condition += f" AND {is_missing(contract.column('currency'), '_raw_currency')}"
    return [Problem("missing_currency", amounts[0], condition, text("an amount without a currency"), f"{quote(amounts[0])}::VARCHAR")]


def _quarantine_problems(
    workbench: Workbench, batch: Batch, contract: Contract, relation: str, problems: Sequence[Problem], bad: str, is_text: dict[str, bool]
) -> None:
    """One quarantine row per bad row: its first problem, and how many it has."""
    entries = ", ".join(
        f"CASE WHEN COALESCE({p.condition}, false) THEN {{'kind': {text(p.kind)}, 'column_name': {text(p.column)}, 'value': {p.value}, 'reason': {p.reason}}} END"
        for p in problems
    )
    values = {}
    for column in contract.columns:
        if column.name in is_text:
            shown = _as_text(column, quote(column.name))
            values[column.name] = f"COALESCE({shown}, {quote('_raw_' + column.name)})" if is_text[column.name] else shown
            if is_text[column.name] and column.may_be_empty:
                values[column.name] = f"COALESCE(NULLIF({shown}, ''), {quote('_raw_' + column.name)})"
    found = f"SELECT *, list_filter([{entries}], lambda x: x IS NOT NULL) AS _problems FROM {relation} WHERE {bad}"
    workbench.execute(
        f"INSERT INTO _quarantine BY NAME SELECT {text(contract.name)} AS table_name, {', '.join(LINEAGE)}, _problems[1].kind AS kind, "
        f"_problems[1].column_name AS column_name, _problems[1].value AS value, _problems[1].reason AS reason, len(_problems) AS n_problems, "
        f"{_json(values)} AS row_json FROM ({found})"
    )


def _json(values: dict[str, str]) -> str:
    """A JSON object of text values, empty ones left out of sight by null."""
    return "json_object(" + ", ".join(f"{text(name)}, {value}" for name, value in values.items()) + ")::VARCHAR"


def _as_text(column: Column, value: str) -> str:
    return f"array_to_string({value}, ';')" if column.type == "list" else f"{value}::VARCHAR"


def _serial_columns(present: Sequence[Column], is_text: dict[str, bool], batch: Batch) -> dict[str, str]:
    """By date column read from text without a stated format: whether a value was an Excel serial number, as SQL."""
    dates = [c for c in present if c.type in ("date", "timestamp") and is_text[c.name] and not batch.rules.get(c.name, PLAIN).date_format]
    raws = {c.name: quote("_raw_" + c.name) for c in dates}
    return {name: f"length({raw}) <> 10 AND {quote(name)} IS NOT NULL AND {is_serial(raw)}" for name, raw in raws.items()}


def _serial_notices(contract: Contract, counts: Mapping[str, int]) -> list[str]:
    return [
        f"{contract.name}.{name}: {plural(count, 'Excel serial number')} read as {'a date' if count == 1 else 'dates'}"
        for name, count in counts.items()
        if count
    ]


def _separate_duplicates(workbench: Workbench, contract: Contract, together: str, keep_last: bool) -> str:
    keys = ", ".join(quote(name) for name in contract.key)
    values = ", ".join(quote(name) for name in contract.column_names)
    order = "_file DESC, _sheet DESC, _line DESC" if keep_last else "_file, _sheet, _line"
    ranked = workbench.name("ranked")
    # Only rows whose key occurs more than once are ranked: they are few.
    repeated = f"SELECT {keys} FROM {together} GROUP BY {keys} HAVING count(*) > 1"
    same = " AND ".join(f"r.{quote(key)} = t.{quote(key)}" for key in contract.key)
    workbench.execute(
        f"CREATE TABLE {ranked} AS SELECT t.*, count(DISTINCT hash({', '.join('t.' + quote(n) for n in contract.column_names)})) OVER key AS _versions, "
        f"row_number() OVER (key ORDER BY {order}) AS _rank, first_value(_file || ' line ' || _line) OVER (key ORDER BY {order}) AS _first "
        f"FROM {together} t JOIN ({repeated}) r ON {same} WINDOW key AS (PARTITION BY {', '.join('t.' + quote(k) for k in contract.key)})"
    )
    repeat = "_versions = 1 AND _rank > 1" if not keep_last else "_rank > 1"
    column = contract.key[-1]
    why = "'the same row stands in ' || _first" if not keep_last else "'replaced by ' || _first"
    quarantine_rows(workbench, contract, f"(SELECT * FROM {ranked} WHERE {repeat})", "repeat", column, why)
    if not keep_last:
        conflict = "'another row with this key differs: see ' || _first || ' and ' || (_versions - 1) || ' more'"
        quarantine_rows(workbench, contract, f"(SELECT * FROM {ranked} WHERE _versions > 1)", "duplicate", column, conflict)
    kept = "_rank = 1" if keep_last else "_versions = 1 AND _rank = 1"
    single = workbench.name("single")
    workbench.execute(
        f"CREATE VIEW {single} AS SELECT {values}, {', '.join(LINEAGE)} FROM {together} t "
        f"WHERE NOT EXISTS (SELECT 1 FROM {ranked} r WHERE {same}) UNION ALL SELECT {values}, {', '.join(LINEAGE)} FROM {ranked} WHERE {kept}"
    )
    return single
