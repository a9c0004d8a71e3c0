"""Burn against progress: cost and schedule indices from units done, and the estimate at completion, by trial and for the portfolio."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from quarterdeck.measures.judge import derive_verdict
from quarterdeck.measures.special.added import Added
from quarterdeck.measures.special.money import Books, Line, Work, read_books
from quarterdeck.measures.start import start_reading
from quarterdeck.methods.earned_value import get_earned_value
from quarterdeck.vocabulary.verdict import NotAssessed

if TYPE_CHECKING:
    from quarterdeck.measures.model import Definition
    from quarterdeck.measures.source import Source
    from quarterdeck.vocabulary.reading import Reading

INDEX = {"cpi": "CPI", "spi": "SPI"}
# Below this share of the work done the cost index still swings (PMI's rule of thumb); it is shown, and said to be early.
EARLY = 0.20


@dataclass(frozen=True, slots=True)
class Progress:
    """One trial: approved budget without contingency and its estimate at the end; and of the work whose units are known, `measured`, the
    approved budget, what was planned of it to date, and spent.

    `done` is the share of planned units done, by value; None where no deliverables are known.
    """

    study: str
    budget: float
    at_end: float
    measured: float
    planned: float
    spent: float
    done: float | None
    n_lines: int

    @property
    def earned(self) -> float:
        """Budget of the work done."""
        return (self.done or 0.0) * self.measured


def evaluate_earned_value(definition: Definition, source: Source, level: str) -> list[Reading]:
    """CPI, SPI or the estimate at completion, as the option `index` chooses."""
    books = read_books(definition, source)
    trials = build_progress(books)
    if level == "portfolio":
        return [_read(definition, source, level, "", list(trials.values()), books)]
    return [_read(definition, source, level, study, [trial], books) for study, trial in sorted(trials.items())]


def list_progress(definition: Definition, source: Source, level: str, key: str) -> list[Added]:
    """Each deliverable adds the budget of its work done on top; each budget line what was spent or planned of it below (for the estimate: both)."""
    index = str(definition.method.options.get("index", "cpi"))
    books = read_books(definition, source)
    added: list[Added] = []
    for study, (lines, works) in _by_trial(books).items():
        if key in ("", study):
            added += _add_estimate(lines) if index == "eac" else _add_index(lines, works, index)
    return added


def _add_estimate(lines: list[Line]) -> list[Added]:
    return [Added("budget_line", line.row, line.spent if line.is_due else line.forecast, line.approved) for line in lines]


def _add_index(lines: list[Line], works: list[Work], index: str) -> list[Added]:
    planned = sum(work.planned for work in works)
    if not planned:
        return []
    measured = _get_measured(lines, works)
    price = sum(line.approved for line in measured) / planned  # budget of a unit of planned value
    earned = zip(works, _get_values_done(works), strict=True)
    due = [line for line in measured if line.is_due]
    amounts = [line.spent for line in due] if index == "cpi" else _phase(measured, due)
    return [
        *(Added("deliverable", work.row, price * done, 0.0) for work, done in earned),
        *(Added("budget_line", line.row, 0.0, amount) for line, amount in zip(due, amounts, strict=True)),
    ]


def build_progress(books: Books) -> dict[str, Progress]:
    """Each trial's progress."""
    return {study: _build(study, lines, works) for study, (lines, works) in _by_trial(books).items()}


def _by_trial(books: Books) -> dict[str, tuple[list[Line], list[Work]]]:
    """The lines (without contingency) and the work of each trial that has a budget."""
    found: dict[str, tuple[list[Line], list[Work]]] = {study: ([], []) for study in sorted({line.study for line in books.lines})}
    for line in books.lines:
        if line.category != "contingency":
            found[line.study][0].append(line)
    for work in books.works:
        if work.study in found:
            found[work.study][1].append(work)
    return found


def _build(study: str, lines: list[Line], works: list[Work]) -> Progress:
    measured = _get_measured(lines, works)
    due = [line for line in lines if line.is_due]
    return Progress(
        study=study,
        budget=sum(line.approved for line in lines),
        at_end=sum(line.spent for line in due) + sum(line.forecast for line in lines if not line.is_due),
        measured=sum(line.approved for line in measured),
        planned=_plan_to_date(measured),
        spent=sum(line.spent for line in measured if line.is_due),
        done=_share_done(works),
        n_lines=len(lines),
    )


def _get_measured(lines: list[Line], works: list[Work]) -> list[Line]:
    # Units say how far the work of their own contract is, and nothing of grants or own staff.
    vendors = {work.vendor for work in works} - {""}
    return [line for line in lines if line.vendor in vendors] or lines


def _plan_to_date(lines: Sequence[Line]) -> float:
    """What is approved now, in the months in which it was first planned: a budget phased anew follows the work, and then nothing is ever late.

    Where no first approval is known, in its own months.
    """
    return sum(_phase(lines, [line for line in lines if line.is_due]))


def _phase(lines: Sequence[Line], due: Sequence[Line]) -> list[float]:
    """What `_plan_to_date` says of each line that is due."""
    first = sum(line.baseline for line in lines)
    approved = sum(line.approved for line in lines)
    return [approved * line.baseline / first if first else line.approved for line in due]


def _share_done(works: Sequence[Work]) -> float | None:
    """Share of the planned units done, by value; units beyond plan are spent, not earned.

    Months pass whether or not work is done: they earn no more than the units beside them.
    """
    planned = sum(work.planned for work in works)
    return sum(_get_values_done(works)) / planned if planned else None


def _get_values_done(works: Sequence[Work]) -> list[float]:
    """What each piece of work counts for in `_share_done`, as value."""
    done = [min(work.done, work.planned) for work in works]
    units, passed = (sum(value for work, value in zip(works, done, strict=True) if work.is_time == is_time) for is_time in (False, True))
    of_units, of_months = (sum(work.planned for work in works if work.is_time == is_time) for is_time in (False, True))
    most = min(passed, of_months * units / of_units) if of_units else passed
    return [value * most / passed if work.is_time and passed else value for work, value in zip(works, done, strict=True)]


def _read(definition: Definition, source: Source, level: str, key: str, trials: list[Progress], books: Books) -> Reading:
    index = str(definition.method.options.get("index", "cpi"))
    unit = books.currency if index == "eac" else definition.unit
    base = start_reading(definition, source, level, key, sum(trial.n_lines for trial in trials), unit)
    if books.without_rate:
        return replace(base, not_assessed=NotAssessed.NOT_COLLECTED, reason=f"no budget rate from {', '.join(books.without_rate)}")
    if index == "eac":
        return _read_estimate(base, trials)
    known = [trial for trial in trials if trial.done is not None]
    if not known:
        reason = "no deliverables with planned units and price" if trials else "no budget lines"
        return replace(base, not_assessed=NotAssessed.NOT_COLLECTED, reason=reason)
    budget, planned, earned, spent = (sum(getattr(t, name) for t in known) for name in ("measured", "planned", "earned", "spent"))
    found = get_earned_value(budget, planned, earned, spent)
    value = found[INDEX[index]]
    base = replace(
        base,
        numerator=earned,
        denominator=spent if index == "cpi" else planned,
        details={"BAC": budget, "PV": planned, "EV": earned, "AC": spent, **found, "currency": books.currency}
        | {
            "share_done": earned / budget if budget else None,
            "trials": float(len(known)),
            "trials_without_progress": float(len(trials) - len(known)),
        },
    )
    if value is None:
        return replace(base, not_assessed=NotAssessed.UNDEFINED, reason="nothing spent yet" if index == "cpi" else "nothing planned yet")
    is_early = budget > 0 and earned / budget < EARLY
    return replace(
        base,
        value=value,
        not_assessed=None,
        reason="early: under 20% of the work is done, the index still swings" if is_early else "",
        verdict=derive_verdict(definition.target, value, None),
        drivers=_find_drivers(known, index, base.denominator or 1.0),
    )


def _read_estimate(base: Reading, trials: list[Progress]) -> Reading:
    budget = sum(trial.budget for trial in trials)
    if not trials or budget <= 0:
        return replace(base, not_assessed=NotAssessed.NOT_COLLECTED, reason="no budget lines")
    at_end = sum(trial.at_end for trial in trials)
    pushes = sorted((trial.budget - trial.at_end, trial.study) for trial in trials)
    details: dict[str, float | str | None] = {
        "BAC": budget,
        "variance_at_completion": at_end - budget,
        "variance_share": at_end / budget - 1,
    }
    told = tuple((study, -push) for push, study in pushes[:3] if push < 0)
    return replace(base, value=at_end, not_assessed=None, numerator=at_end, denominator=budget, details=details, drivers=told)


def _find_drivers(trials: list[Progress], index: str, whole: float) -> tuple[tuple[str, float], ...]:
    """Trials whose earned value falls furthest short of what they spent (cost) or should have done (schedule), as parts of the index."""
    pushes = sorted(((t.earned - (t.spent if index == "cpi" else t.planned)) / whole, t.study) for t in trials)
    return tuple((study, push) for push, study in pushes[:3] if push < 0)
