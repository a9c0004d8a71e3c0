"""Text to typed values, as SQL: what each type accepts, and nothing else. A value is read as it is written or refused, never guessed.

Accepted without a mapping: ISO 8601 dates and instants (an offset is turned into UTC), 05-Jan-2026, Excel serial numbers in date columns,
whole numbers such as 12 or 12.0, decimals with a point, yes/no in the usual spellings, codes in any case, countries and currencies by ISO
code or English name. Refused without a mapping: 03/04/2026 (ambiguous), 2026-03 (partial), 1,234 (whose comma?), 12 weeks (unit).
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from quarterdeck.evidence.batch import PLAIN, ColumnRule
from quarterdeck.evidence.contracts import Column
from quarterdeck.evidence.snapshot import quote

MISSING = ("NA", "N/A", "NULL", "NaN", "NaT", "#N/A", ".", "-")  # in columns that are not text; text may well be "NA"
FIRST_YEAR, LAST_YEAR = 1900, 2100
SERIAL_RANGE = (10_000, 80_000)  # Excel serial numbers of 1927 to 2119
EXCEL_EPOCH = {"excel": "1899-12-30", "excel1904": "1904-01-01"}
YES, NO = ("true", "t", "yes", "y", "1"), ("false", "f", "no", "n", "0")
WHOLE = r"[+-]?[0-9]{1,18}(\.0*)?"
DECIMAL = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)([eE][+-]?[0-9]{1,2})?"
THOUSANDS = r"[+-]?[1-9][0-9]{0,2}(\.[0-9]{3})+"  # 50.000, where a point may part thousands
NUMBERS = ("integer", "decimal", "money", "rate")
SCALE = {"money": 4, "rate": 8}  # decimals that a column keeps
EXACT = r"[+-]?([0-9]+\.?[0-9]*|\.[0-9]+)"
ISO_INSTANT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,9})?)?"
OFFSET = r"(Z|[+-][0-9]{2}:?[0-9]{2})"
NAMED_MONTH = r"[0-9]{1,2}[- ][A-Za-z]{3}[- ][0-9]{4}"


def text(value: str) -> str:
    """A value as a SQL literal."""
    return "'" + value.replace("'", "''") + "'"


def bare(raw: str) -> str:
    """The text without surrounding blanks, NULL where nothing is left. Few values have any, and asking is quicker than trimming."""
    return f"CASE WHEN {raw} LIKE ' %' OR {raw} LIKE '% ' OR {raw} = '' THEN NULLIF(trim({raw}), '') ELSE {raw} END"


def cleaned(column: Column, raw: str, rule: ColumnRule = PLAIN) -> str:
    """The raw text without surrounding blanks; empty values, and those the mapping calls missing, as NULL."""
    trimmed = bare(raw)
    return f"CASE WHEN NOT {one_of(f'trim({raw})', rule.missing)} THEN {trimmed} END" if rule.missing else trimmed


def is_missing(column: Column, value: str) -> str:
    """Whether a cleaned value stands for no value. Asked only of values that cannot be read, for asking all of them is slow."""
    if column.type in ("text", "country", "list") and not column.codes:
        return f"{value} IS NULL"
    return f"({value} IS NULL OR {one_of(value, MISSING)})"


def one_of(value: str, allowed: Iterable[str]) -> str:
    """Whether a value is in a list. As a CASE: DuckDB turns IN and list_contains over constants into joins, which lose the order of rows."""
    branches = " ".join(f"WHEN {text(entry)} THEN true" for entry in allowed)
    return f"CASE {value} {branches} ELSE false END" if branches else "false"


def typed(column: Column, value: str, rule: ColumnRule = PLAIN) -> str:
    """The typed value of a cleaned text expression, NULL where it cannot be read."""
    if rule.codes and column.type not in ("boolean",):
        value = translated(value, rule.codes)
    if column.codes:
        return _code(column, value)
    reader = {
        "text": lambda: value,
        "integer": lambda: _whole(value, rule),
        "decimal": lambda: _number(value, rule, DECIMAL, "DOUBLE"),
        "money": lambda: _number(value, rule, EXACT, column.duckdb_type),
        "rate": lambda: _number(value, rule, EXACT, column.duckdb_type),
        "date": lambda: _date(value, rule),
        "timestamp": lambda: _instant(value, rule),
        "boolean": lambda: _flag(value, rule),
        "list": lambda: f"list_filter(list_transform(string_split({value}, ';'), lambda x: trim(x)), lambda x: x <> '')",
        "country": lambda: _name(value, "_countries"),
        "currency": lambda: _name(value, "_currencies"),
    }
    return reader[column.type]()


def translated(value: str, codes: dict[str, str]) -> str:
    """Source values to ours; a value without translation stays, and is refused later if it is no code."""
    branches = " ".join(f"WHEN {text(source.strip().lower())} THEN {text(target)}" for source, target in sorted(codes.items()))
    return f"CASE lower({value}) {branches} ELSE {value} END"


def reason(column: Column) -> str:
    """Why a value of this column cannot be read, and what may stand there, in words."""
    if column.codes:
        return f"not one of the allowed codes: {', '.join(column.codes)}"
    return {
        "integer": "not a whole number",
        "decimal": "not a number",
        "money": "not an amount: digits with a decimal point, the currency in its own column",
        "rate": "not a rate",
        "date": "not a date: write it as 2026-03-14, or name date_format in a mapping",
        "timestamp": "not an instant: write it as 2026-03-14T09:30Z, or name date_format in a mapping",
        "boolean": "not yes or no",
        "country": "not a country: an ISO 3166-1 code or an English name",
        "currency": "not a currency: an ISO 4217 code",
    }.get(column.type, "cannot be read")


def reason_of(column: Column, value: str, rule: ColumnRule = PLAIN) -> str:
    """The same as SQL, which looks at the value: a date may be ambiguous, partial, or no day at all."""
    if column.type in NUMBERS:
        return _reason_of_number(column, value, rule)
    if column.type not in ("date", "timestamp"):
        return text(reason(column))
    if rule.date_format:
        return text(f"does not fit the date_format of the mapping: {', '.join(rule.date_format)}")
    with_signs = "[0-9]{1,2}[/.-][0-9]{1,2}[/.-][0-9]{4}"
    plain = f"regexp_replace({value}, '[/.-]', '/', 'g')"
    readings = [f"try_strptime({plain}, {text(pattern)})" for pattern in ("%d/%m/%Y", "%m/%d/%Y")]
    days_first, months_first = (f"{reading} IS NOT NULL" for reading in readings)
    first, second = (f"{reading}::DATE::VARCHAR" for reading in readings)
    return (
        f"CASE WHEN regexp_full_match({value}, {text(with_signs)}) THEN CASE "
        f"WHEN {first} <> {second} THEN 'day or month first? Write ' || {first} || ' or ' || {second} || ', or name date_format in a mapping' "
        f"WHEN {first} = {second} THEN 'write it as ' || {first} || ', or name date_format in a mapping' "
        f"WHEN {days_first} OR {months_first} THEN {text(reason(column))} ELSE 'there is no such day' END "
        f"WHEN regexp_full_match({value}, '[0-9]{{4}}(-[0-9]{{2}})?') THEN 'a date without its day: write the day, or name partial in a mapping' "
        f"WHEN regexp_full_match({value}, '[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}') THEN 'there is no such day' "
        f"WHEN starts_with({value}, '#') OR starts_with({value}, '=') THEN 'an error or a formula without its value: correct it in the spreadsheet' "
        f"ELSE {text(reason(column))} END"
    )


def _reason_of_number(column: Column, value: str, rule: ColumnRule) -> str:
    """Whose comma, point or blank is it? Only the sender knows, so the way out is named."""
    if rule.decimal or rule.thousands:
        stated = ", ".join(f"{name} {sign!r}" for name, sign in (("decimal", rule.decimal), ("thousands", rule.thousands)) if sign)
        return text(f"{reason(column)}; the mapping says: {stated}")
    doubt = 'does a point part thousands here, or decimals? State `decimal: ","` and `thousands: "."` in a mapping, or `decimal: "."`'
    sign = f"{reason(column)}. Where a comma or a blank is a sign of your numbers, state `decimal:` and `thousands:` in a mapping"
    return (
        f"CASE WHEN {str(rule.doubts_point).lower()} AND regexp_full_match({value}, {text(THOUSANDS)}) THEN {text(doubt)} "
        f"WHEN regexp_full_match({value}, '[+-]?[0-9][0-9., \u00a0\u202f'']*') AND NOT regexp_full_match({value}, '[+-]?[0-9.]*') THEN {text(sign)} "
        f"ELSE {text(reason(column))} END"
    )


def _code(column: Column, value: str) -> str:
    plain = {_normal(code): code for code in column.codes}
    branches = " ".join(f"WHEN {text(key)} THEN {text(code)}" for key, code in plain.items())
    normal = f"trim(regexp_replace(lower({value}), '[^a-z0-9]+', '_', 'g'), '_')"
    return f"CASE WHEN {one_of(value, column.codes)} THEN {value} ELSE CASE {normal} {branches} END END"


def _normal(code: str) -> str:
    return re.sub("[^a-z0-9]+", "_", code.lower()).strip("_")


def _separators(value: str, rule: ColumnRule) -> str:
    if rule.thousands:
        value = f"replace({value}, {text(rule.thousands)}, '')"
    return value if rule.decimal in ("", ".") else f"replace({value}, {text(rule.decimal)}, '.')"


def _certain(value: str, rule: ColumnRule) -> str:
    """The value, or NULL where its point may part thousands."""
    return f"CASE WHEN NOT regexp_full_match({value}, {text(THOUSANDS)}) THEN {value} END" if rule.doubts_point else value


def _whole(value: str, rule: ColumnRule) -> str:
    """DuckDB alone would read 12.5 as 13, 0x10 as 16 and 1_0 as 10; here a number must be written as one."""
    value = _certain(_separators(value, rule), rule)
    if rule.multiply is not None:
        product = f"{_number(value, rule, DECIMAL, 'DOUBLE')}"
        return f"CASE WHEN abs({product} - round({product})) < 1e-6 THEN TRY_CAST(round({product}) AS BIGINT) END"
    as_written = f"TRY_CAST({value} AS BIGINT)"
    spelled = f"CASE WHEN regexp_full_match({value}, {text(WHOLE)}) THEN TRY_CAST(TRY_CAST({value} AS DECIMAL(38,4)) AS BIGINT) END"
    return f"CASE WHEN {as_written}::VARCHAR = {value} THEN {as_written} ELSE {spelled} END"


def _number(value: str, rule: ColumnRule, pattern: str, kind: str) -> str:
    value = _certain(_separators(value, rule), rule)
    number = f"CASE WHEN regexp_full_match({value}, {text(pattern)}) THEN TRY_CAST({value} AS {kind}) END"
    if rule.multiply is None:
        return number
    factor = f"{rule.multiply!r}::{'DOUBLE' if kind == 'DOUBLE' else 'DECIMAL(18,8)'}"
    return f"TRY_CAST(({number}) * {factor} AS {kind})"


def is_rounded(column: Column, value: str, rule: ColumnRule) -> str:
    """Whether a cleaned amount or rate has more decimals than its column keeps. What a computer's arithmetic adds (12.300000000000001) is none."""
    value, scale = _separators(value, rule), SCALE[column.type]
    point = f"strpos({value}, '.')"
    kept = f"{quote(column.name)}::DOUBLE"
    more = f"COALESCE(abs(TRY_CAST({value} AS DOUBLE) - {kept}) > 1e-14 * abs({kept}), false)"
    return f"CASE WHEN {point} > 0 AND length({value}) - {point} > {scale} THEN {more} ELSE false END"


def _serial(value: str, epoch: str) -> str:
    low, high = SERIAL_RANGE
    number = f"TRY_CAST(floor(TRY_CAST({value} AS DOUBLE)) AS INTEGER)"
    inside = f"regexp_full_match({value}, '[0-9]{{5}}([.][0-9]+)?') AND {number} BETWEEN {low} AND {high}"
    return f"CASE WHEN {inside} THEN (DATE '{epoch}' + {number})::DATE END"


def is_serial(value: str) -> str:
    """Whether a cleaned value in a date column is an Excel serial number."""
    return f"regexp_full_match({value}, '[0-9]{{5}}([.][0-9]+)?')"


def _date(value: str, rule: ColumnRule) -> str:
    patterns = [pattern for pattern in rule.date_format if pattern not in EXCEL_EPOCH]
    epochs = [EXCEL_EPOCH[pattern] for pattern in rule.date_format if pattern in EXCEL_EPOCH]
    readers = []
    if patterns:
        readers.append(f"TRY_CAST(try_strptime({value}, [{', '.join(map(text, patterns))}]) AS DATE)")
    readers += [_serial(value, epoch) for epoch in epochs]
    if not rule.date_format:
        readers = [
            f"CASE WHEN length({value}) = 10 THEN CASE WHEN {value} LIKE '____-__-__' THEN TRY_CAST({value} AS DATE) END "
            f"WHEN regexp_full_match({value}, {text(ISO_INSTANT + OFFSET + '?')}) THEN TRY_CAST(substr({value}, 1, 10) AS DATE) "
            f"WHEN regexp_full_match({value}, '[0-9]{{8}}') THEN TRY_CAST(try_strptime({value}, '%Y%m%d') AS DATE) "
            f"WHEN regexp_full_match({value}, {text(NAMED_MONTH)}) THEN TRY_CAST(try_strptime(replace({value}, ' ', '-'), '%d-%b-%Y') AS DATE) "
            f"ELSE {_serial(value, EXCEL_EPOCH['excel'])} END"
        ]
    if rule.partial:
        readers.append(_partial(value, rule.partial))
    return f"COALESCE({', '.join(readers)})" if len(readers) > 1 else readers[0]


def _partial(value: str, partial: str) -> str:
    """A month (2026-03) or a year (2026) as one day of it. SDTM's unknown parts (2026-UN-UN, 2026-03-UNK) count as left out."""
    bare = f"regexp_replace({value}, '(-(UN|UNK|--|XX))+$', '')"
    month, year = f"TRY_CAST({bare} || '-01' AS DATE)", f"TRY_CAST({bare} || '-01-01' AS DATE)"
    chosen = {
        "first": (month, year),
        "middle": (f"({month} + 14)", f"({year} + INTERVAL 6 MONTH)"),
        "last": (f"last_day({month})", f"({year} + INTERVAL 12 MONTH - INTERVAL 1 DAY)"),
    }[partial]
    return (
        f"CASE WHEN regexp_full_match({bare}, '[0-9]{{4}}-[0-9]{{2}}') THEN {chosen[0]}::DATE "
        f"WHEN regexp_full_match({bare}, '[0-9]{{4}}') THEN {chosen[1]}::DATE END"
    )


def _instant(value: str, rule: ColumnRule) -> str:
    if any(pattern not in EXCEL_EPOCH for pattern in rule.date_format):
        patterns = ", ".join(text(pattern) for pattern in rule.date_format if pattern not in EXCEL_EPOCH)
        return f"try_strptime({value}, [{patterns}])"
    offset = f"regexp_extract({value}, '([+-][0-9]{{2}}):?([0-9]{{2}})$', 0)"
    minutes = f"(TRY_CAST(substr({offset}, 1, 1) || '1' AS INTEGER) * (TRY_CAST(substr({offset}, 2, 2) AS INTEGER) * 60 + TRY_CAST(right({offset}, 2) AS INTEGER)))"
    local = f"TRY_CAST(regexp_replace({value}, {text(OFFSET + '$')}, '') AS TIMESTAMP)"
    serial = f"(DATE '{EXCEL_EPOCH['excel']}' + to_microseconds(TRY_CAST(round(TRY_CAST({value} AS DOUBLE) * 86400) AS BIGINT) * 1000000))::TIMESTAMP"
    return (
        f"CASE WHEN regexp_full_match({value}, {text(ISO_INSTANT)}) THEN TRY_CAST({value} AS TIMESTAMP) "
        f"WHEN regexp_full_match({value}, {text(ISO_INSTANT + 'Z')}) THEN {local} "
        f"WHEN regexp_full_match({value}, {text(ISO_INSTANT + OFFSET)}) THEN {local} - to_minutes({minutes}) "
        f"WHEN {is_serial(value)} THEN {serial} "
        f"ELSE {_date(value, ColumnRule(partial=rule.partial))}::TIMESTAMP END"
    )


def _flag(value: str, rule: ColumnRule) -> str:
    codes = {source.strip().lower(): target for source, target in rule.codes.items()}
    yes = [*YES, *(source for source, target in codes.items() if target.lower() in YES)]
    no = [*NO, *(source for source, target in codes.items() if target.lower() in NO)]
    return f"CASE WHEN {one_of(f'lower({value})', yes)} THEN true WHEN {one_of(f'lower({value})', no)} THEN false END"


def _name(value: str, list_table: str) -> str:
    return f"(SELECT any_value(code) FROM {list_table} WHERE spelling = lower({value}))"
