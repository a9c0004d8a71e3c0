"""The money of a trial's page: spent against plan and approval in one currency, and what the forecast says of the end."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from quarterdeck.measures.special.money import Books, Line, read_books
from quarterdeck.vocabulary import wording
from quarterdeck.web import trial_charts
from quarterdeck.web.portfolio import Points, TrialFacts
from quarterdeck.web.tables import Cell, Column, Table

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.forecasts.model import MoneyForecast

NOTHING = "No budget line of this trial was loaded yet."
CATEGORIES = {"cro_fees": "CRO fees", "internal_fte": "Own staff"}  # where the code alone does not read well


def add_money(snapshot: Snapshot, trial: TrialFacts, parts: dict[str, Any]) -> None:
    """Sentence, picture and table. All amounts in the currency of the books, at the budget rates that the measures use."""
    books = _read(snapshot)
    lines = [line for line in books.lines if line.study == trial.id]
    sentence, cites = describe(books, lines, parts["forecast"].money if parts["forecast"] else None)
    parts["money_sentence"] = sentence
    parts["cites"] += cites
    spent, approved = add_up(lines)
    if len(approved) > 1:
        parts["charts"]["money"] = trial_charts.spending_chart(trial.name, sentence, spent, approved, approved[-1][1], books.currency)
    parts["tables"].append(_table(snapshot, trial.id, lines, books.currency))


def describe(books: Books, lines: Sequence[Line], forecast: MoneyForecast | None) -> tuple[str, list[object]]:
    """The finding in words, and the values it uses."""
    if not lines:
        return NOTHING, []
    amounts = [
        wording.money(amount, books.currency)
        for amount in (
            sum(line.spent for line in lines if line.is_due),
            sum(line.approved for line in lines if line.is_due),
            sum(line.approved for line in lines),
        )
    ]
    sentence = f"{amounts[0]} is spent or accrued; the plan had {amounts[1]} by now, of {amounts[2]} approved."
    if books.without_rate:
        sentence += f" Amounts without a budget rate are left out ({', '.join(books.without_rate)})."
    if forecast is not None:
        ends = [wording.money(forecast.quantiles[level], forecast.currency) for level in (0.5, 0.1, 0.9)]
        sentence += (
            f" By the forecast the end is {ends[0]} ({ends[1]} to {ends[2]}, 80% range), because it prices the months still to come;"
            " the estimate at completion below is the books' own."
        )
        amounts += [*ends, wording.share(0.8, 0)]
    return sentence, [*amounts, *books.without_rate]


def add_up(lines: Sequence[Line]) -> tuple[Points, Points]:
    """Spent and approved, added up by period; spent ends with the last period that is due."""
    spent: dict[Any, float] = defaultdict(float)
    approved: dict[Any, float] = defaultdict(float)
    for line in lines:
        approved[line.period] += line.approved
        if line.is_due:
            spent[line.period] += line.spent
    return _running(spent), _running(approved)


def _running(amounts: dict[Any, float]) -> Points:
    total, points = 0.0, []
    for period in sorted(amounts):
        total += amounts[period]
        points.append((period, total))
    return tuple(points)


def _read(snapshot: Snapshot) -> Books:
    from quarterdeck.measures.catalogue import load_definitions
    from quarterdeck.measures.source import Source

    return read_books(load_definitions()["estimate_at_completion"], Source.of(snapshot))


def _table(snapshot: Snapshot, study_id: str, lines: Sequence[Line], currency: str) -> Table:
    by_category: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_category[line.category].append(line)
    own = _own_currencies(snapshot, study_id)
    rows = [
        {
            "category": Cell(_in_words(name), sub=f"held in {own[name]}" if own.get(name, currency) != currency else ""),
            **_amounts(group, currency),
        }
        for name, group in sorted(by_category.items(), key=lambda item: -sum(line.approved for line in item[1]))
    ]
    if rows:
        rows.append({"category": Cell("All together"), **_amounts(lines, currency)})
    columns = [
        Column("category", "Category"),
        Column("approved", "Approved", is_number=True),
        Column("planned", "Planned by now", is_number=True),
        Column("spent", "Spent and accrued", is_number=True),
        Column("difference", "Against plan", is_number=True),
    ]
    note = "Other currencies are converted at their budget rates." if any(code != currency for code in own.values()) else ""
    return Table("money", "Budget by category", columns, rows, empty=NOTHING, note=note, size=50)


def _amounts(lines: Sequence[Line], currency: str) -> dict[str, Cell]:
    due = [line for line in lines if line.is_due]
    approved, planned, spent = sum(line.approved for line in lines), sum(line.approved for line in due), sum(line.spent for line in due)
    return {
        "approved": Cell(approved, wording.money(approved, currency)),
        "planned": Cell(planned, wording.money(planned, currency)),
        "spent": Cell(spent, wording.money(spent, currency)),
        "difference": Cell(spent - planned, wording.money(spent - planned, currency, signed=True)),
    }


def _own_currencies(snapshot: Snapshot, study_id: str) -> dict[str, str]:
    sql = (
        "SELECT coalesce(cost_category, 'other') AS category, string_agg(DISTINCT currency, ', ' ORDER BY currency) AS currencies "
        "FROM budget_line WHERE study_id = ? AND currency IS NOT NULL GROUP BY ALL"
    )
    return {row["category"]: row["currencies"] for row in snapshot.query(sql, [study_id]).to_pylist()}


def _in_words(category: str) -> str:
    return CATEGORIES.get(category, category.replace("_", " ").capitalize())
