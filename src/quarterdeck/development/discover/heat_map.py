"""The skills-gap heat map: one cell per competency with its expected gap, interval, number of answers, and why it stands where it stands."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from quarterdeck.development.discover.assess import Assessment
from quarterdeck.development.discover.items import get_items
from quarterdeck.methods.assessment import PRIOR_MEAN, expected_gap
from quarterdeck.vocabulary.interval import Interval

STEPS = ((0.25, "met"), (0.75, "small"), (1.5, "medium"), (float("inf"), "large"))
UNSURE_HALF_WIDTH = 0.9
Z80 = 1.2816


@dataclass(frozen=True, slots=True)
class Cell:
    """A competency on the map. `is_hatched` where the interval is wide or nothing was asked; `is_contested` where the person objects."""

    competency: str
    group: str
    name: str
    word: str
    target: int
    level: float
    interval: Interval
    gap: float
    size: str
    answers: int
    is_hatched: bool
    is_contested: bool


def build_cells(assessment: Assessment, contested: Collection[str] = ()) -> list[Cell]:
    """All cells in the order of the role."""
    cells = []
    asked = [s.answer.competency for s in assessment.steps if s.answer.outcome is not None or s.answer.value is not None]
    for at, competency in enumerate(assessment.role.competencies):
        mean, sd = float(assessment.belief.mean[at]), assessment.belief.sd(at)
        level = min(5.0, max(0.0, mean))
        gap = expected_gap(competency.target, mean, sd)
        count = asked.count(competency.id)
        low, high = min(5.0, max(0.0, mean - Z80 * sd)), max(0.0, min(5.0, mean + Z80 * sd))
        cells.append(
            Cell(
                competency.id, competency.group, competency.name, competency.word, competency.target, round(level, 2),
                Interval(round(low, 2), round(high, 2), 0.8), round(gap, 3), size_of(gap), count,
                Z80 * sd > UNSURE_HALF_WIDTH or count == 0, competency.id in contested,
            )
        )  # fmt: skip
    return cells


def size_of(gap: float) -> str:
    """met, small, medium or large.

    >>> size_of(0.3)
    'small'
    """
    return next(word for bound, word in STEPS if gap <= bound)


def strengths(cells: Collection[Cell], most: int = 5) -> list[Cell]:
    """Competencies most surely at or above their target."""
    met = [c for c in cells if c.size in ("met", "small") and c.answers]
    return sorted(met, key=lambda c: (c.gap, -c.level))[:most]


def explain(assessment: Assessment, competency: str) -> dict[str, object]:
    """Why a cell stands: its answers with what each moved, and what would change it most."""
    items = get_items(assessment.role)
    moved = []
    for step in assessment.steps:
        if step.answer.competency != competency:
            continue
        item = items.get(step.answer.item_id)
        outcome = step.answer.outcome
        words = "not my job" if outcome is None and step.answer.value is None else f"level {step.answer.value}" if step.answer.value is not None else (
            item.choices[outcome] if item is not None and item.choices and outcome is not None else f"band {outcome}"
        )  # fmt: skip
        moved.append(
            {
                "question": item.text if item else step.answer.item_id,
                "kind": step.answer.kind,
                "answer": words,
                "moved": round(step.after - step.before, 2),
            }
        )
    competency_model = assessment.role.get(competency)
    alone = sum(step.after - step.before for step in assessment.steps if step.answer.competency == competency)
    return {
        "competency": competency,
        "answers": moved,
        "elsewhere": round(float(assessment.belief.mean[assessment.place(competency)]) - PRIOR_MEAN - alone, 2),
        "prior": "Before any answer every competency starts at level 3, and what you answer elsewhere moves it too.",
        "would_change": f"An issued piece of work of these kinds would weigh most: {', '.join(competency_model.jobs) or 'a decision'}. Then a check or an interview answer.",
        "target": f"Level {competency_model.target}, because the role says “{competency_model.word}”.",
    }
