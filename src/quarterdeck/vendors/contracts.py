"""What a contract pays for: fixed, units, time and pass-through; what the vendor earns from delay; work done against money paid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from quarterdeck.measures.rates_of_exchange import BUDGET, read_rates
from quarterdeck.vocabulary.errors import NotFound
from quarterdeck.vocabulary.money import Money
from quarterdeck.vocabulary.payment import way_of_paying

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

DAYS_A_MONTH = Decimal("30.4375")


@dataclass(frozen=True, slots=True)
class Unit:
    """One priced line of a contract. Amounts in the contract's currency."""

    id: str
    name: str
    unit_type: str
    planned: Decimal
    actual: Decimal
    price: Decimal
    due: date | None = None
    delivered: date | None = None

    @property
    def paid_by(self) -> str:
        """time, fixed, pass_through or unit."""
        return way_of_paying(self.unit_type)

    @property
    def planned_value(self) -> Decimal:
        """Planned units at their price."""
        return self.planned * self.price

    @property
    def actual_value(self) -> Decimal:
        """Units done at their price: what the work so far is worth under the contract."""
        return self.actual * self.price


@dataclass(frozen=True, slots=True)
class Contract:
    """A contract with its units, its invoices so far and the months it was planned to run."""

    id: str
    vendor_id: str
    study_id: str
    currency: str
    value: Decimal
    start: date | None
    end: date | None
    units: tuple[Unit, ...]
    invoiced: Decimal = Decimal(0)
    notice_days: int | None = None
    inflation_clause: str = ""
    contract_type: str = ""

    @property
    def planned_months(self) -> Decimal:
        """Length of the plan in months of 30.4375 days."""
        if self.start is None or self.end is None:
            return Decimal(0)
        return Decimal((self.end - self.start).days) / DAYS_A_MONTH

    def money(self, amount: Decimal) -> Money:
        """An amount in the contract's currency."""
        return Money(amount.quantize(Decimal("0.01")), self.currency)


@dataclass(frozen=True, slots=True)
class Split:
    """Shares of the planned value by way of paying; they add to 1."""

    time: float
    unit: float
    fixed: float
    pass_through: float


@dataclass(frozen=True, slots=True)
class DelayIncentive:
    """What the vendor earns for each month of slip, and which units carry it. `share_of_value` is per month, of the contract value."""

    per_month: Money
    share_of_value: float
    carried_by: tuple[tuple[str, Money], ...]


def split_value(contract: Contract) -> Split:
    """Fixed / unit / time / pass-through shares of the planned value.

    >>> u = lambda t, v: Unit(t, t, t, Decimal(1), Decimal(0), Decimal(v))
    >>> split_value(Contract("C", "V", "S", "GBP", Decimal(100), None, None, (u("month", 60), u("unit", 40)))).time
    0.6
    """
    total = sum((unit.planned_value for unit in contract.units), Decimal(0))
    part = dict.fromkeys(("time", "unit", "fixed", "pass_through"), Decimal(0))
    for unit in contract.units:
        part[unit.paid_by] += unit.planned_value
    return Split(**{way: float(value / total) if total else 0.0 for way, value in part.items()})


def price_delay(contract: Contract) -> DelayIncentive:
    """Pounds (or other currency) per month of slip: each time unit's planned units a month at its price.

    A unit named per site and month is planned for the whole trial, so its planned units spread over the planned months already count sites.
    """
    months = contract.planned_months
    carried = []
    for unit in contract.units:
        if unit.paid_by == "time" and months > 0:
            carried.append((unit.name, contract.money(unit.planned / months * unit.price)))
    total = sum((money.amount for _, money in carried), Decimal(0))
    value = sum((unit.planned_value for unit in contract.units), Decimal(0))
    return DelayIncentive(
        contract.money(total), float(total / value) if value else 0.0, tuple(sorted(carried, key=lambda item: -item[1].amount))
    )


@dataclass(frozen=True, slots=True)
class Burn:
    """Money against work. `accrual` is work done and not invoiced (negative: invoiced ahead of work). Shares of the contract's value."""

    work_done: Money
    invoiced: Money
    accrual: Money
    work_share: float
    invoiced_share: float


def measure_burn(contract: Contract) -> Burn:
    """Units done at contract prices against invoices."""
    done = sum((unit.actual_value for unit in contract.units), Decimal(0))
    planned = sum((unit.planned_value for unit in contract.units), Decimal(0)) or Decimal(1)
    return Burn(
        contract.money(done),
        contract.money(contract.invoiced),
        contract.money(done - contract.invoiced),
        float(done / planned),
        float(contract.invoiced / planned),
    )


def price_exit(contract: Contract, today: date) -> Money:
    """What leaving now would cost under the notice clause: the time units of the notice period, and work done but not yet invoiced."""
    notice = Decimal(contract.notice_days or 0) / DAYS_A_MONTH
    left = Decimal(0) if contract.end is None else Decimal(max(0, (contract.end - today).days)) / DAYS_A_MONTH
    return contract.money(
        price_delay(contract).per_month.amount * min(notice, left) + max(Decimal(0), measure_burn(contract).accrual.amount)
    )


def read_contracts(snapshot: Snapshot, vendor_id: str | None = None) -> list[Contract]:
    """All contracts, or one vendor's, with units and invoices."""
    return [c for c in snapshot.cached("vendor contracts", lambda: _read_contracts(snapshot)) if vendor_id in (None, c.vendor_id)]


def get_contract(snapshot: Snapshot, contract_id: str) -> Contract:
    """One contract. Raises NotFound."""
    for contract in read_contracts(snapshot):
        if contract.id == contract_id:
            return contract
    raise NotFound("There is no such contract", thing=contract_id, next_step="See `quarterdeck vendors contracts`.")


def _read_contracts(snapshot: Snapshot) -> list[Contract]:
    units: dict[str, list[Unit]] = {}
    for row in snapshot.query("SELECT * FROM deliverable ORDER BY deliverable_id").to_pylist():
        units.setdefault(str(row["contract_id"]), []).append(_read_unit(row))
    invoiced = {
        str(row["contract_id"]): Decimal(str(row["amount"]))
        for row in snapshot.query(
            "SELECT p.contract_id, sum(i.amount) AS amount FROM invoice i JOIN purchase_order p USING (po_number)"
            " WHERE i.status <> 'rejected' AND i.currency = p.currency GROUP BY 1"
        ).to_pylist()
    }
    rows = snapshot.query("SELECT * FROM contract ORDER BY contract_id").to_pylist()
    return [_read_contract(row, units.get(str(row["contract_id"]), []), invoiced.get(str(row["contract_id"]), Decimal(0))) for row in rows]


def _read_unit(row: dict[str, Any]) -> Unit:
    def amount(name: str) -> Decimal:
        return Decimal(str(row[name])) if row[name] is not None else Decimal(0)

    return Unit(
        str(row["deliverable_id"]),
        str(row["name"] or ""),
        str(row["unit_type"] or ""),
        amount("planned_units"),
        amount("actual_units"),
        amount("unit_price"),
        row["due_dt"],
        row["delivered_dt"],
    )


def _read_contract(row: dict[str, Any], units: Sequence[Unit], invoiced: Decimal) -> Contract:
    return Contract(
        id=str(row["contract_id"]),
        vendor_id=str(row["vendor_id"] or ""),
        study_id=str(row["study_id"] or ""),
        currency=str(row["currency"] or "GBP"),
        value=Decimal(str(row["value"] or 0)),
        start=row["start_dt"],
        end=row["end_dt"],
        units=tuple(units),
        invoiced=invoiced,
        notice_days=row["termination_notice"],
        inflation_clause=str(row["inflation_clause"] or ""),
        contract_type=str(row["contract_type"] or ""),
    )


@dataclass(frozen=True, slots=True)
class Concentration:
    """Share of one vendor in the open contract value, in one base currency, and the Herfindahl index of the portfolio."""

    vendor_id: str
    value: Money
    share: float
    trials: int


def measure_concentration(
    contracts: Sequence[Contract], rates: dict[str, Decimal], base: str, today: date
) -> tuple[list[Concentration], float]:
    """Vendors by share of open contract value. `rates` are units of `base` for one unit of each currency; a currency without one is left out."""
    values: dict[str, Decimal] = {}
    trials: dict[str, set[str]] = {}
    for contract in contracts:
        rate = Decimal(1) if contract.currency == base else rates.get(contract.currency)
        if rate is None or (contract.end is not None and contract.end < today):
            continue
        values[contract.vendor_id] = values.get(contract.vendor_id, Decimal(0)) + contract.value * rate
        trials.setdefault(contract.vendor_id, set()).add(contract.study_id)
    total = sum(values.values(), Decimal(0))
    if not total:
        return [], 0.0
    found = [Concentration(v, Money(a.quantize(Decimal("0.01")), base), float(a / total), len(trials[v])) for v, a in values.items()]
    return sorted(found, key=lambda item: -item.share), float(sum(item.share**2 for item in found))


def read_budget_rates(snapshot: Snapshot, base: str) -> dict[str, Decimal]:
    """The budget rate of each currency into `base` at the data cut, as the measures convert it."""
    rates = read_rates(snapshot)
    known = {currency: rates.get_rate(currency, base, snapshot.data_cut, BUDGET) for currency in rates.currencies}
    return {currency: Decimal(str(rate)) for currency, rate in known.items() if rate is not None and currency != base}
