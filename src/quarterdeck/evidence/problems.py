"""The ways in which a row can break its contract, as SQL over typed columns, with the reasons that people read."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from quarterdeck.evidence.batch import PLAIN, ColumnRule
from quarterdeck.evidence.contracts import Column, Contract
from quarterdeck.evidence.snapshot import quote
from quarterdeck.evidence.values import FIRST_YEAR, LAST_YEAR, is_missing, reason_of, text


@dataclass(frozen=True, slots=True)
class Problem:
    """One way in which a row can break its contract, as SQL over the checked relation."""

    kind: str
    column: str
    condition: str
    reason: str
    value: str


def find_problems(
    contract: Contract, present: Sequence[Column], is_text: Mapping[str, bool], today: date, rules: Mapping[str, ColumnRule]
) -> list[Problem]:
    """All ways in which a row with these columns can break the contract. Conditions look at typed columns, and at `_raw_` ones where `is_text`."""
    names = {column.name for column in present}
    problems = [
        Problem("missing_key", key, "true", text("the key has no value"), "NULL")
        for key in contract.key
        if key not in names and not contract.column(key).may_be_empty
    ]
    for column in present:
        problems += column_problems(column, is_text[column.name], today, rules.get(column.name, PLAIN))
    return problems + row_problems(contract, names)


def one_condition(problems: Sequence[Problem]) -> str:
    """Whether a row has any of the problems, as SQL."""
    return " OR ".join(f"COALESCE({problem.condition}, false)" for problem in problems) or "false"


def row_problems(contract: Contract, names: Collection[str]) -> list[Problem]:
    """Ways in which one column of a row can contradict another."""
    problems = []
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
    return problems + _currency_problems(contract, names)


def column_problems(column: Column, is_text: bool, today: date, rule: ColumnRule) -> list[Problem]:
    """Ways in which a value of one column can break the contract by itself."""
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


def _currency_problems(contract: Contract, names: Collection[str]) -> list[Problem]:
    amounts = [column.name for column in contract.columns if column.type == "money" and column.name in names]
    if not amounts or "currency" not in contract.column_names:
        return []
    some = " OR ".join(f"{quote(name)} IS NOT NULL" for name in amounts)
    condition = f"({some})" + (" AND currency IS NULL" if "currency" in names else "")
    if "currency" in names:
        condition += f" AND {is_missing(contract.column('currency'), '_raw_currency')}"
    return [Problem("missing_currency", amounts[0], condition, text("an amount without a currency"), f"{quote(amounts[0])}::VARCHAR")]
