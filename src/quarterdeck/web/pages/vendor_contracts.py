"""Pages of the contracts: what each pays for and what delay earns; change orders matched line by line, up to the position note."""

from __future__ import annotations

import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter, Request
from fastapi.responses import Response
from starlette.datastructures import UploadFile

from quarterdeck.charts.base import Chart
from quarterdeck.charts.dots import Dot, Dots
from quarterdeck.vendors import actions
from quarterdeck.vendors.change_orders import LARGEST_FILE, measure_year_effect, read_lines, review_change_order
from quarterdeck.vendors.contracts import Contract, get_contract, measure_burn, price_delay, price_exit, read_contracts, split_value
from quarterdeck.vendors.negotiation import Outlook, Position, prepare_position
from quarterdeck.vendors.queries import read_vendor_names
from quarterdeck.vendors.review import read_slips
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.money import Money
from quarterdeck.vocabulary.plain import to_plain
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()


@router.get("/vendors/contracts")
def show_contracts(view: View = permit("portfolio.read")) -> Response:
    """Every contract with units: how it pays, what delay earns, work against money."""
    names = read_vendor_names(view.snapshot)
    rows = [_contract_row(contract, names, view.today) for contract in read_contracts(view.snapshot) if contract.units]
    rows.sort(key=lambda row: -float(row["time"]))
    columns = [
        Column("contract", "Contract"), Column("vendor", "Vendor"), Column("trial", "Trial"), Column("time", "Paid by time", "share", True), Column("month", "A month of slip earns", is_number=True),
        Column("done", "Work done", "share", True), Column("invoiced", "Invoiced", "share", True), Column("state", "State"),
    ]  # fmt: skip
    heavy = sum(float(row["time"]) >= 0.65 for row in rows)
    return view.page(
        "vendors/contracts.html", finding=f"{wording.of(heavy, len(rows))} contracts pay two thirds or more by the month" if rows else "No contract with units was loaded yet",
        tables=[Table("contracts", "Contracts, the most paid by time first", columns, rows, empty="Load `contract` and `deliverable` to see what each contract pays for.", size=30)], cites=[heavy, len(rows)],
    )  # fmt: skip


def _contract_row(contract: Contract, names: dict[str, str], today: date) -> dict[str, Any]:
    burn = measure_burn(contract)
    return {
        "contract": Cell(contract.id, contract.id, href=f"/vendors/contracts/{contract.id}"),
        "vendor": Cell(contract.vendor_id, names.get(contract.vendor_id, contract.vendor_id), href=f"/vendors/{contract.vendor_id}"),
        "trial": Cell(contract.study_id, contract.study_id, href=f"/trials/{contract.study_id}") if contract.study_id else "no trial",
        "time": split_value(contract).time,
        "month": wording.money(price_delay(contract).per_month),
        "done": burn.work_share,
        "invoiced": burn.invoiced_share,
        "state": "ended" if contract.end and contract.end < today else "running",
    }


@router.get("/vendors/contracts/{contract_id}")
def show_contract(contract_id: str, view: View = permit("portfolio.read")) -> Response:
    """One contract: split, delay incentive, levers priced by simulation, units."""
    contract = get_contract(view.snapshot, contract_id)
    split, incentive, burn = split_value(contract), price_delay(contract), measure_burn(contract)
    position = prepare_position(contract, Outlook(read_slips(view.snapshot, contract.vendor_id)), view.today) if contract.units else None
    exit_cost = price_exit(contract, view.today)
    units = [
        {"unit": unit.name, "paid": unit.paid_by.replace("_", "-"), "planned": float(unit.planned), "actual": float(unit.actual), "price": float(unit.price), "value": float(unit.planned_value)}
        for unit in contract.units
    ]  # fmt: skip
    columns = [
        Column("unit", "Unit"), Column("paid", "Paid by"), Column("planned", "Planned", "number", True), Column("actual", "Done", "number", True), Column("price", "Price", contract.currency, True),
        Column("value", "Planned value", contract.currency, True),
    ]  # fmt: skip
    tables = [Table("units", "Units of the contract", columns, units, empty="No units were loaded for this contract.")]
    charts: dict[str, Chart] = {}
    if position:
        tables.append(_lever_table(position))
        charts["levers"] = _lever_chart(position)
    shares = [split.time, split.unit, split.fixed, split.pass_through, incentive.share_of_value, burn.work_share, burn.invoiced_share]
    cites = [*(words for x in shares for words in (wording.share(x, 0), wording.share(x)))]
    cites += [wording.money(money) for money in (incentive.per_month, burn.accrual, exit_cost)]
    return view.page(
        "vendors/contract.html", finding=f"A month of slip earns {read_vendor_names(view.snapshot).get(contract.vendor_id, contract.vendor_id)} {wording.money(incentive.per_month)}", contract=contract, split=split,
        incentive=incentive, burn=burn, exit_cost=exit_cost, position=position, reviews=actions.read_change_orders(view.record, contract_id), tables=tables, charts=charts,
        cites=[*cites, *(wording.money(money) for _, money in incentive.carried_by), *(name for name, _ in incentive.carried_by), *(position.assumptions if position else ()), contract_id, contract.study_id,
               contract.inflation_clause, contract.notice_days or 0, *( [position.expected_slip] if position else [])],
    )  # fmt: skip


def _lever_table(position: Position) -> Table:
    currency = position.incentive.per_month.currency
    rows = [
        {"ask": lever.ask, "value": float(lever.value.amount), "range": f"{wording.money(lever.interval.low, currency)} to {wording.money(lever.interval.high, currency)}", "give": lever.give, "evidence": lever.evidence}
        for lever in position.levers
    ]  # fmt: skip
    columns = [
        Column("ask", "Ask"),
        Column("value", "Worth to us", currency, True),
        Column("range", "80% interval"),
        Column("give", "May be given for it"),
        Column("evidence", "Rests on"),
    ]
    return Table("levers", "Levers, the most valuable first", columns, rows, note="The levers overlap, so their values do not add up.")


def _lever_chart(position: Position) -> Dots:
    currency = position.incentive.per_month.currency
    dots = tuple(Dot(lever.name, float(lever.value.amount), lever.interval.low, lever.interval.high) for lever in position.levers)
    best = position.levers[0]
    return Dots(
        title=f"The {best.name} is worth most", sentence=f"What each lever saves us, with 80% intervals; the {best.name} comes first at {wording.money(best.value)}.", unit=currency, dots=dots, level=0.8,
        row_label="Lever", value_label="Worth to us", method="Each lever is priced on this contract under the same draws of slip, inflation and turnover.",
    )  # fmt: skip


@router.get("/vendors/change-orders")
def show_change_orders(view: View = permit("portfolio.read")) -> Response:
    """The upload, and the reviews made so far."""
    rows = [
        {
            "id": Cell(entry.id, entry.file_name, href=f"/vendors/change-orders/{entry.id}"), "contract": Cell(entry.contract_id, entry.contract_id, href=f"/vendors/contracts/{entry.contract_id}"),
            "total": wording.money(_money(entry.result["total"])), "disputable": wording.money(_money(entry.result["disputable"])), "share": entry.result["disputable_share"], "when": entry.reviewed_at.date(),
        }
        for entry in actions.read_change_orders(view.record)
    ]  # fmt: skip
    columns = [
        Column("id", "File"),
        Column("contract", "Contract"),
        Column("total", "Asked for", is_number=True),
        Column("disputable", "Disputable", is_number=True),
        Column("share", "Share", "share", True),
        Column("when", "Reviewed"),
    ]
    options = [
        (c.id, f"{c.id} ({read_vendor_names(view.snapshot).get(c.vendor_id, c.vendor_id)}, {c.study_id})")
        for c in read_contracts(view.snapshot)
        if c.units
    ]
    title = f"{wording.plural(len(rows), 'change order')} reviewed" if rows else "No change order was reviewed yet"
    return view.page(
        "vendors/change_orders.html",
        finding=title,
        options=options,
        tables=[Table("reviews", "Change orders reviewed", columns, rows, empty="Upload one below.")],
        cites=[len(rows)],
    )


@router.post("/vendors/change-orders")
async def upload_change_order(request: Request, view: View = permit("vendor.change_order")) -> Response:
    """Match an uploaded change order to its contract and keep the review. A refusal keeps nothing."""
    async with request.form(max_files=1) as form:
        file, contract_id = form.get("file"), str(form.get("contract", ""))
        if not isinstance(file, UploadFile) or not file.filename:
            raise BadInput("No file was chosen", next_step="Choose a CSV or XLSX file.")
        name, content = Path(file.filename).name, await file.read(LARGEST_FILE + 1)
    suffix = Path(name).suffix.lower()
    if suffix not in (".csv", ".txt", ".xlsx", ".xlsm", ".ods"):
        raise BadInput("This kind of file cannot be read as a change order", thing=name, allowed=".csv, .xlsx, .ods")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"change-order{suffix}"
        path.write_bytes(content)
        lines, currency, notices = read_lines(path)
        contract = get_contract(view.snapshot, contract_id)
        review = review_change_order(contract, lines, read_contracts(view.snapshot), currency)
        kept = Path(folder) / name
        path.rename(kept)
        year = measure_year_effect(view.snapshot, contract, review.total, view.settings.base_currency)
        result = {**to_plain(review), "file_notices": notices, "effect_on_year": year}
        review_id = actions.record_change_order(view.record, view.actor, review, kept, result, view.snapshot.id, view.now())
    return view.redirect(f"/vendors/change-orders/{review_id}")


@router.get("/vendors/change-orders/{review_id}")
def show_change_order(review_id: str, view: View = permit("portfolio.read")) -> Response:
    """One review: what may be disputed, line by line, and the position note's figures."""
    found = [entry for entry in actions.read_change_orders(view.record) if entry.id == review_id]
    if not found:
        raise NotFound("There is no such change-order review", thing=review_id)
    entry, result = found[0], found[0].result
    total, disputable = _money(result["total"]), _money(result["disputable"])
    year = result.get("effect_on_year")
    vendor = next((c.vendor_id for c in read_contracts(view.snapshot) if c.id == entry.contract_id), "") if view.has_facts else ""
    return view.page(
        "vendors/change_order.html", finding=f"{wording.money(disputable)} of {wording.money(total)} may be disputed", entry=entry, result=result, total=total, disputable=disputable, year=year, vendor=vendor,
        causes=[(str(cause).replace("_", " "), _money(money)) for cause, money in result["by_cause"]], tables=[_line_table(result)],
        cites=[total, disputable, result["disputable_share"], result["effect_on_value"], *([year] if year is not None else []), *(_money(m) for _, m in result["by_cause"]), *result["notices"], *result["file_notices"],
               entry.file_name, entry.contract_id, entry.id],
    )  # fmt: skip


def _line_table(result: dict[str, Any]) -> Table:
    currency = str(result["currency"])
    rows = [
        {
            "line": line["line"]["source_line"], "asked": line["line"]["description"], "unit": line["unit"]["name"] if line["unit"] else "no unit of the contract", "cause": str(line["cause"]).replace("_", " "),
            "by": line["assumed_by"], "amount": line["line"]["amount"], "price": line["line"]["unit_price"], "agreed": line["unit"]["price"] if line["unit"] else "no unit of the contract",
            "before": line["precedent"] if line["precedent"] is not None else "no precedent", "disputable": min(line["line"]["amount"], sum(o["amount"] for o in line["objections"])),
            "why": "; ".join(o["words"] for o in line["objections"]) or "nothing found against it",
        }
        for line in result["lines"]
    ]  # fmt: skip
    columns = [
        Column("line", "Line", is_number=True), Column("asked", "Asked for"), Column("unit", "Contract unit"), Column("cause", "Cause"), Column("by", "Assumed by"), Column("amount", "Amount", currency, True),
        Column("disputable", "Disputable", currency, True), Column("why", "Why"), Column("price", "Price asked", currency, True), Column("agreed", "Price in the contract", currency, True),
        Column("before", "Middle price before", currency, True),
    ]  # fmt: skip
    return Table("lines", "Line by line", columns, rows, size=50)


def _money(value: dict[str, Any]) -> Any:

    return Money(Decimal(str(value["amount"])), str(value["currency"]))


def paths(snapshot: Snapshot) -> list[str]:
    """Every page of contracts and change orders."""
    return ["/vendors/contracts", "/vendors/change-orders", *(f"/vendors/contracts/{c.id}" for c in read_contracts(snapshot) if c.units)]
