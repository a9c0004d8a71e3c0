"""Change-order forensics: each line matched to the contract, its price to precedents, its cause to whoever assumed it; what may be disputed."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING

from quarterdeck.methods.phrase_matching import match_phrases
from quarterdeck.vendors.contracts import Contract, Unit, read_budget_rates
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.money import Money

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

SURE_MATCH, WEAK_MATCH = 0.62, 0.38
PRICE_TOLERANCE = Decimal("0.02")
LARGEST_FILE = 20 * 2**20
# What words of a justification say about the cause, and who carried that assumption when the contract was signed.
CAUSES = (
    ("protocol_amendment", ("amendment", "protocol version", "new assessment", "new endpoint"), "sponsor"),
    (
        "vendor_error",
        ("rework", "re-work", "error", "correction", "retrain", "turnover", "replacement of", "handover", "re-training"),
        "vendor",
    ),
    ("timeline", ("extension", "extended", "delay", "longer", "additional month", "prolong"), "whoever caused the delay"),
    ("country_site_mix", ("additional site", "additional countr", "new countr", "new site", "site replacement"), "sponsor"),
    ("inflation_fx", ("inflation", "cpi", "exchange", "currency", "rate increase"), "contract clause"),
    ("scope_add", ("additional", "new task", "request", "scope", "sponsor request"), "sponsor"),
)
COLUMNS = {
    "description": ("description", "task", "activity", "item", "line", "service"),
    "quantity": ("quantity", "qty", "units", "number of units", "additional units"),
    "unit_price": ("unit_price", "unit price", "price", "rate", "unit cost"),
    "amount": ("amount", "total", "value", "cost", "total cost"),
    "reason": ("reason", "justification", "rationale", "cause", "comment"),
    "currency": ("currency", "ccy"),
}


@dataclass(frozen=True, slots=True)
class Line:
    """One line as the vendor wrote it. `source_line` is its line in the file."""

    source_line: int
    description: str
    quantity: Decimal
    unit_price: Decimal
    amount: Decimal
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Objection:
    """Why part of a line may be disputed, and how much of it (in the contract's currency)."""

    kind: str
    words: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class MatchedLine:
    """A line with the contract unit it speaks of, the cause, the precedent price and the objections. Disputable never exceeds the amount."""

    line: Line
    unit: Unit | None
    likeness: float
    cause: str
    assumed_by: str
    precedent: Decimal | None
    n_precedents: int
    objections: tuple[Objection, ...]

    @property
    def disputable(self) -> Decimal:
        """The part of the line that may be disputed."""
        return min(self.line.amount, sum((o.amount for o in self.objections), Decimal(0))) if self.line.amount > 0 else Decimal(0)


@dataclass(frozen=True, slots=True)
class Review:
    """A change order as a whole. `effect_on_value` is its share of the contract's value."""

    contract_id: str
    currency: str
    lines: tuple[MatchedLine, ...]
    total: Money
    disputable: Money
    disputable_share: float
    effect_on_value: float
    by_cause: tuple[tuple[str, Money], ...]
    notices: tuple[str, ...] = ()


def read_lines(path: Path) -> tuple[list[Line], str, list[str]]:
    """Lines, currency ('' if not stated) and notices of a CSV or XLSX file.

    Raises NotFound, or BadInput naming line, column and value that cannot be read.
    """
    if not path.exists():
        raise NotFound("There is no such file", thing=str(path))
    if path.stat().st_size > LARGEST_FILE:
        raise BadInput("The file is too large for a change order", thing=path.name, allowed=f"{LARGEST_FILE // 2**20} MiB")
    rows = _read_workbook(path) if path.suffix.lower() in (".xlsx", ".xlsm", ".xls", ".ods") else _read_csv(path)
    if not rows:
        raise BadInput("The file has no rows", thing=path.name)
    found = _find_columns([cell.strip().lower() for cell in rows[0]])
    if "description" not in found or ("amount" not in found and not {"quantity", "unit_price"} <= set(found)):
        raise BadInput(
            "The columns of a change order were not found", thing=f"{path.name}: {', '.join(rows[0])}",
            allowed="description, and amount or quantity with unit price; optionally reason, currency",
        )  # fmt: skip
    lines, notices, currencies = [], [], set()
    for number, row in enumerate(rows[1:], start=2):
        cells = {name: row[position].strip() if position < len(row) else "" for name, position in found.items()}
        if not any(cells.values()):
            continue
        if not cells["description"] or cells["description"].lower().startswith(("total", "subtotal", "sub-total")):
            notices.append(f"Line {number} is a total or has no description and was not counted.")
            continue
        lines.append(_make_line(path.name, number, cells))
        currencies |= {cells["currency"].upper()} - {""} if "currency" in cells else set()
    if len(currencies) > 1:
        raise BadInput("A change order has one currency", thing=f"{path.name}: {', '.join(sorted(currencies))}")
    return lines, next(iter(currencies), ""), notices


def review_change_order(contract: Contract, lines: Sequence[Line], others: Sequence[Contract] = (), currency: str = "") -> Review:
    """Match each line to a unit of the contract and to precedent prices in `others`; state what may be disputed and why.

    Raises BadInput where the change order is in another currency than its contract.
    """
    if currency and currency != contract.currency:
        raise BadInput(
            "The change order is not in the contract's currency", thing=f"{currency}, contract {contract.id} in {contract.currency}"
        )
    units = list(contract.units)
    positions, likeness = match_phrases([line.description for line in lines], [unit.name for unit in units])
    prior = [
        unit
        for other in others
        if other.currency == contract.currency and other.id != contract.id
        for unit in other.units
        if unit.price > 0
    ]
    near, near_likeness = match_phrases([line.description for line in lines], [unit.name for unit in prior])
    names = [unit.name for unit in prior]
    remaining = {unit.id: max(Decimal(0), unit.planned - unit.actual) for unit in units}
    seen: set[tuple[str, Decimal, Decimal]] = set()
    matched = []
    for i, line in enumerate(lines):
        unit = units[positions[i]] if units and likeness[i] >= WEAK_MATCH else None
        prices = [u.price for u, name in zip(prior, names, strict=True) if near_likeness[i] >= SURE_MATCH and name == names[near[i]]]
        cause, assumed_by = find_cause(line)
        precedent = median(prices) if prices else None
        key = (line.description.lower(), line.quantity, line.amount)
        objections = _object(line, unit, float(likeness[i]), cause, precedent, len(prices), remaining, key in seen)
        seen.add(key)
        matched.append(MatchedLine(line, unit, float(likeness[i]), cause, assumed_by, precedent, len(prices), objections))
    return _sum_up(contract, matched)


def measure_year_effect(snapshot: Snapshot, contract: Contract, amount: Money, base: str) -> float | None:
    """The amount as a share of the trial's approved budget of the current year; None where that budget or a rate is not loaded."""
    rates = read_budget_rates(snapshot, base) | {base: Decimal(1)}
    rows = snapshot.query(
        "SELECT currency, sum(budget_current) AS amount FROM budget_line WHERE study_id = $1 AND year(period) = year($2::DATE) GROUP BY 1",
        [contract.study_id, snapshot.data_cut],
    ).to_pylist()
    if amount.currency not in rates or any(row["currency"] not in rates for row in rows):
        return None
    budget = sum((Decimal(str(row["amount"] or 0)) * rates[row["currency"]] for row in rows), Decimal(0))
    return float(amount.amount * rates[amount.currency] / budget) if budget else None


def find_cause(line: Line) -> tuple[str, str]:
    """Cause code and who carried the assumption, from the words of the justification, then of the description."""
    for text in (line.reason.lower(), line.description.lower()):
        for cause, words, assumed_by in CAUSES:
            if text and any(word in text for word in words):
                return cause, assumed_by
    return "other", "not stated"


def _object(
    line: Line,
    unit: Unit | None,
    likeness: float,
    cause: str,
    precedent: Decimal | None,
    n: int,
    remaining: dict[str, Decimal],
    is_repeat: bool,
) -> tuple[Objection, ...]:
    """Each objection covers a part of the amount that no earlier one covers, so that parts add up to no more than the line."""
    left, found = line.amount, []

    def add(kind: str, words: str, amount: Decimal) -> None:
        nonlocal left
        part = max(Decimal(0), min(left, amount)).quantize(Decimal("0.01"))
        if part > 0:
            found.append(Objection(kind, words, part))
            left -= part

    if is_repeat:
        add("repeated", "the same line stands in the change order before", line.amount)
    stated = (line.quantity * line.unit_price).quantize(Decimal("0.01"))
    if line.quantity and line.unit_price and abs(stated - line.amount) > max(Decimal(1), abs(line.amount) * Decimal("0.001")):
        add("arithmetic", f"quantity times price is {stated:,.2f}, not {line.amount:,.2f}", line.amount - stated)
    if cause == "vendor_error":
        add("cause", "the justification names work that the vendor has to do again", left)
    if unit is not None and unit.price > 0 and line.unit_price > unit.price * (1 + PRICE_TOLERANCE) and likeness >= SURE_MATCH:
        add(
            "price",
            f"the contract price of '{unit.name}' is {unit.price:,.2f}, not {line.unit_price:,.2f}",
            (line.unit_price - unit.price) * line.quantity,
        )
    elif precedent is not None and line.unit_price > precedent * (1 + 5 * PRICE_TOLERANCE):
        add(
            "precedent",
            f"the middle price of {n} earlier contract lines is {precedent:,.2f}",
            (line.unit_price - precedent) * line.quantity,
        )
    if unit is not None and likeness >= SURE_MATCH and unit.paid_by == "unit" and remaining[unit.id] > 0 and line.quantity > 0:
        covered = min(line.quantity, remaining[unit.id])
        remaining[unit.id] -= covered
        price = min(line.unit_price or unit.price, unit.price) or line.unit_price
        add("in contract", f"{covered:,.0f} units of '{unit.name}' are still unused in the contract", covered * price)
    return tuple(found)


def _sum_up(contract: Contract, matched: list[MatchedLine]) -> Review:
    total = sum((entry.line.amount for entry in matched), Decimal(0))
    disputable = sum((entry.disputable for entry in matched), Decimal(0))
    causes: dict[str, Decimal] = {}
    for entry in matched:
        causes[entry.cause] = causes.get(entry.cause, Decimal(0)) + entry.line.amount
    unmatched = sum(entry.unit is None for entry in matched)
    notices = (
        (f"{unmatched} of {len(matched)} lines match no unit of the contract: new work, or other words for old work.",) if unmatched else ()
    )
    return Review(
        contract.id,
        contract.currency,
        tuple(matched),
        contract.money(total),
        contract.money(disputable),
        float(disputable / total) if total else 0.0,
        float(total / contract.value) if contract.value else 0.0,
        tuple((cause, contract.money(amount)) for cause, amount in sorted(causes.items(), key=lambda item: -item[1])),
        notices,
    )


def _find_columns(header: list[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name, spellings in COLUMNS.items():
        for spelling in spellings:
            if name not in found and spelling in header:
                found[name] = header.index(spelling)
    return found


def _make_line(file: str, number: int, cells: dict[str, str]) -> Line:
    quantity = _read_number(file, number, "quantity", cells.get("quantity", ""))
    price = _read_number(file, number, "unit price", cells.get("unit_price", ""))
    amount = _read_number(file, number, "amount", cells.get("amount", ""))
    if amount is None:
        amount = ((quantity or Decimal(0)) * (price or Decimal(0))).quantize(Decimal("0.01"))
    if price is None and quantity:
        price = amount / quantity
    return Line(number, cells["description"], quantity or Decimal(0), price or Decimal(0), amount, cells.get("reason", ""))


def _read_number(file: str, line: int, column: str, text: str) -> Decimal | None:
    plain = text.replace(",", "").replace("£", "").replace("€", "").replace("$", "").replace("−", "-").strip()
    if plain == "":
        return None
    try:
        value = Decimal(plain)
    except InvalidOperation as error:
        raise BadInput("This is not an amount", thing=f"{file} line {line}, {column}: {text!r}") from error
    if not value.is_finite():
        raise BadInput("This is not an amount", thing=f"{file} line {line}, {column}: {text!r}")
    return value


def _read_csv(path: Path) -> list[list[str]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError:
        text = path.read_text(encoding="cp1252", errors="replace")
    try:
        dialect: type[csv.Dialect] | csv.Dialect = csv.Sniffer().sniff(text[:4096], delimiters=",;\t|")
    except csv.Error:
        dialect = csv.excel
    return [row for row in csv.reader(text.splitlines(), dialect) if row]


def _read_workbook(path: Path) -> list[list[str]]:
    from python_calamine import CalamineWorkbook

    try:
        sheet = CalamineWorkbook.from_path(str(path)).get_sheet_by_index(0)
    except Exception as error:  # calamine raises many kinds for damaged files
        raise BadInput("The workbook cannot be read", thing=f"{path.name}: {error}", next_step="Save it again as XLSX or CSV.") from error
    return [[_cell(value) for value in row] for row in sheet.to_python() if any(cell not in ("", None) for cell in row)]


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return "" if value is None else str(value)
