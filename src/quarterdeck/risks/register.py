"""The register as a whole: exceedance curves for money and days, tornado, value of mitigations, and how good its probabilities were."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import select

from quarterdeck.methods import quantified_risk as quant
from quarterdeck.record.models.risks import RegisterHistory, RegisterItem
from quarterdeck.vocabulary.errors import BadInput, NotFound

if TYPE_CHECKING:
    from quarterdeck.record.database import Record
    from quarterdeck.record.permissions import Actor

DRAWS = 100_000
LIVE = ("open", "treating", "accepted", "reopened")
# Two points of the tolerance curve until the organisation sets its own: a tenth of the time 1 million, once in a hundred 10 million.
TOLERANCE = ((1e6, 0.10), (1e7, 0.01))
COLUMNS = (
    "id", "kind", "title", "cause", "event", "effect", "scope_level", "scope_id", "category", "ctq_factor", "owner", "status", "probability",
    "impact_participant_safety", "impact_data_reliability", "impact_time", "impact_cost", "detectability", "strength_of_knowledge", "p_annual",
    "cost_p05", "cost_p95", "days_p05", "days_p95", "currency", "correlation_group", "treatment", "treatment_cost", "residual_p_annual",
    "residual_cost_p05", "residual_cost_p95", "residual_days_p05", "residual_days_p95", "next_review",
)  # fmt: skip
WHOLE = ("probability", "impact_participant_safety", "impact_data_reliability", "impact_time", "impact_cost", "detectability")
DECIMAL = tuple(name for name in COLUMNS if name.endswith(("_p05", "_p95", "p_annual", "treatment_cost")))


@dataclass(frozen=True)
class Quantified:
    """The quantified register in one currency: draws, summaries, curves, tornado and mitigations. Items in other currencies are named."""

    currency: str
    items: tuple[str, ...]
    money: quant.Summary
    days: quant.Summary
    levels: NDArray[np.float64]
    above: NDArray[np.float64]
    day_levels: NDArray[np.float64]
    day_above: NDArray[np.float64]
    tolerated: NDArray[np.float64]
    tornado: tuple[tuple[str, float, float], ...]
    mitigations: tuple[tuple[str, float], ...]
    left_out: tuple[str, ...]

    @property
    def is_above_tolerance(self) -> bool:
        """Whether the curve of money crosses the tolerance curve anywhere."""
        return bool(np.any((self.above > self.tolerated) & (self.levels > 0)))


@dataclass(frozen=True, slots=True)
class ProbabilityScore:
    """How good closed probabilities were, for one owner or category: Brier score, the same for always saying the base rate, reliability."""

    who: str
    closed: int
    brier: float
    brier_of_base_rate: float
    mean_stated: float
    share_happened: float


def read_items(record: Record, live_only: bool = False) -> list[RegisterItem]:
    """Items in order of id."""
    with record.session() as session:
        query = select(RegisterItem).order_by(RegisterItem.id)
        return list(session.scalars(query.where(RegisterItem.status.in_(LIVE)) if live_only else query))


def read_item(record: Record, item_id: str) -> tuple[RegisterItem, list[RegisterHistory]]:
    """One item with its history. Raises NotFound."""
    with record.session() as session:
        item = session.get(RegisterItem, item_id)
        if item is None:
            raise NotFound("The register has no such item", thing=item_id)
        return item, list(session.scalars(select(RegisterHistory).where(RegisterHistory.item_id == item_id).order_by(RegisterHistory.seq)))


def quantify(items: Sequence[RegisterItem], seed: int, currency: str, draws: int = DRAWS) -> Quantified | None:
    """The quantified picture of the live risks and opportunities; None where nothing is quantified. What has happened is not in it."""
    live = [
        i for i in items if i.status in LIVE and i.kind in ("risk", "opportunity") and i.p_annual is not None and (i.cost_p05 or i.days_p05)
    ]
    left_out = tuple(i.id for i in live if i.cost_p05 is not None and i.currency != currency)
    chosen = [i for i in live if i.id not in left_out]
    if not chosen:
        return None
    risks = [as_quantified(item) for item in chosen]
    drawn = quant.simulate(risks, draws, seed)
    levels, above = quant.derive_exceedance(drawn.cost)
    day_levels, day_above = quant.derive_exceedance(drawn.days)
    titles = {item.id: item.title for item in chosen}
    tornado = tuple((titles[name], money, days) for name, money, days in quant.derive_tornado(risks))
    mitigations = [(i.title, value) for i in chosen if (value := value_of_treatment(i)) is not None]
    return Quantified(
        currency, tuple(titles), quant.summarise(drawn.cost), quant.summarise(drawn.days), levels, above, day_levels, day_above,
        quant.tolerance_at(levels, *TOLERANCE), tornado, tuple(sorted(mitigations, key=lambda m: -m[1])), left_out,
    )  # fmt: skip


def as_quantified(item: RegisterItem, residual: bool = False) -> quant.QuantifiedRisk:
    """An item as the method takes it, inherent or residual (what is not given for the residual stays as it is)."""

    def size(stem: str) -> quant.Severity | None:
        low, high = getattr(item, f"{stem}_p05"), getattr(item, f"{stem}_p95")
        if residual and getattr(item, f"residual_{stem}_p05") is not None:
            low, high = getattr(item, f"residual_{stem}_p05"), getattr(item, f"residual_{stem}_p95")
        return quant.Severity.from_percentiles(low, high) if low and high else None

    p = item.residual_p_annual if residual and item.residual_p_annual is not None else item.p_annual
    return quant.QuantifiedRisk(item.id, float(p or 0), size("cost"), size("days"), item.kind == "opportunity", item.correlation_group)


def value_of_treatment(item: RegisterItem) -> float | None:
    """What the treatment saves on average, less its price; None where no residual is stated."""
    if item.residual_p_annual is None and item.residual_cost_p05 is None:
        return None
    return quant.value_of_mitigation(as_quantified(item), as_quantified(item, residual=True), item.treatment_cost or 0.0)


def rank_qualitatively(item: RegisterItem, formula: int = 3) -> float | None:
    """Score 0 to 10 with the largest of the four impacts; None where levels are missing."""
    impacts = [v for v in (item.impact_participant_safety, item.impact_data_reliability, item.impact_time, item.impact_cost) if v]
    return quant.score_matrix(formula, max(impacts), item.probability) if impacts and item.probability else None


def priority_number(item: RegisterItem) -> int | None:
    """Probability x largest impact x detectability (1 to 125)."""
    impacts = [v for v in (item.impact_participant_safety, item.impact_data_reliability, item.impact_time, item.impact_cost) if v]
    return item.probability * max(impacts) * item.detectability if impacts and item.probability and item.detectability else None


def score_probabilities(items: Sequence[RegisterItem], by: str = "owner") -> list[ProbabilityScore]:
    """Brier scores of items whose outcome is known, by owner or category, and over all."""
    if by not in ("owner", "category"):
        raise BadInput("Probabilities are scored by owner or by category", thing=by)
    groups: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for item in items:
        if item.outcome is not None and item.p_annual is not None and item.status != "rejected":
            pair = (float(item.p_annual), float(item.outcome))
            groups["all"].append(pair)
            groups[getattr(item, by) or "nobody"].append(pair)
    return [_score(who, pairs) for who, pairs in sorted(groups.items(), key=lambda g: (g[0] != "all", g[0]))]


def bin_reliability(items: Sequence[RegisterItem], bins: int = 5) -> list[tuple[float, float, int]]:
    """(mean probability stated, share that happened, items) by fifth of the scale; empty fifths are left out."""
    pairs = [
        (float(i.p_annual), float(i.outcome)) for i in items if i.outcome is not None and i.p_annual is not None and i.status != "rejected"
    ]
    found = []
    for k in range(bins):
        mine = [(p, o) for p, o in pairs if k / bins <= p < (k + 1) / bins or (k == bins - 1 and p == 1)]
        if mine:
            found.append((sum(p for p, _ in mine) / len(mine), sum(o for _, o in mine) / len(mine), len(mine)))
    return found


def _score(who: str, pairs: list[tuple[float, float]]) -> ProbabilityScore:
    n, rate = len(pairs), sum(o for _, o in pairs) / len(pairs)
    return ProbabilityScore(
        who, n, sum((p - o) ** 2 for p, o in pairs) / n, sum((rate - o) ** 2 for _, o in pairs) / n, sum(p for p, _ in pairs) / n, rate
    )


def write_workbook(items: Sequence[RegisterItem], path: Path) -> None:
    """The register as XLSX, one row an item; cells that look like formulas are written as text."""
    from openpyxl import Workbook
    from openpyxl.styles import Font

    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Register"
    sheet.append(list(COLUMNS))
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    sheet.freeze_panes = "D2"
    for row, item in enumerate(items, start=2):
        for column, name in enumerate(COLUMNS, start=1):
            value = getattr(item, name)
            cell = sheet.cell(row, column)
            cell.value = value
            if isinstance(value, str):
                cell.data_type = "s"
    book.save(path)


def read_workbook(path: Path) -> list[dict[str, Any]]:
    """Rows of a register workbook as values for `actions.raise_item`, checked. Raises BadInput that names row and column."""
    from openpyxl import load_workbook

    from quarterdeck.risks.actions import check_item

    if not path.is_file():
        raise NotFound("There is no such file", thing=str(path))
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception as error:  # openpyxl raises whatever its zip and XML readers raise
        raise BadInput("The workbook cannot be read", thing=f"{path}: {error}", allowed="XLSX") from error
    rows = list(book[book.sheetnames[0]].iter_rows(values_only=True))
    header = [str(name or "").strip() for name in rows[0]] if rows else []
    if unknown := [name for name in header if name and name not in COLUMNS]:
        raise BadInput("Unknown columns in the register workbook", thing=f"{path}: {', '.join(unknown)}", allowed=COLUMNS)
    found = []
    for line, row in enumerate(rows[1:], start=2):
        values = {
            name: _read_cell(name, cell, line, path) for name, cell in zip(header, row, strict=False) if name and cell not in (None, "")
        }
        if values:
            try:
                found.append(check_item(values))
            except BadInput as error:
                raise BadInput("A row of the register cannot be used", thing=f"{path.name} row {line}: {error.message}") from error
    return found


def import_workbook(record: Record, actor: Actor, path: Path, now: datetime) -> tuple[int, int]:
    """Raise items that are new and change those that are known (by id). Returns how many were raised and changed."""
    from quarterdeck.risks.actions import change_item, raise_item

    known = {item.id for item in read_items(record)}
    raised = changed = 0
    for values in read_workbook(path):
        if values.get("id") in known:
            fields = {name: value for name, value in values.items() if name not in ("id", "status")}
            changed += bool(change_item(record, actor, values["id"], fields, f"imported from {path.name}", now))
        else:
            raise_item(record, actor, {**values, "status": "open"}, f"imported from {path.name}", now)
            raised += 1
    return raised, changed


def due_for_review(items: Sequence[RegisterItem], today: date) -> list[RegisterItem]:
    """Live items whose review is overdue or whose acceptance has run out."""
    return [
        i
        for i in items
        if i.status in LIVE and ((i.next_review and i.next_review < today) or (i.accepted_until and i.accepted_until < today))
    ]


def _read_cell(name: str, cell: Any, line: int, path: Path) -> Any:
    try:
        if name in WHOLE:
            return int(cell)
        if name in DECIMAL:
            return float(cell)
        if name == "next_review":
            return cell.date() if hasattr(cell, "date") else date.fromisoformat(str(cell))
    except (TypeError, ValueError) as error:
        raise BadInput("A cell cannot be read", thing=f"{path.name} row {line}, {name}: {cell!r}") from error
    return str(cell).strip()
