"""The numbers of a case: drawn by the seed, so that every run differs, and the answers worked out by named methods."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from quarterdeck.development.deliver.scenario import Figure, Scenario
from quarterdeck.vocabulary import wording

TOLERANCE = 0.05


def draw_figures(scenario: Scenario, seed: int) -> dict[str, float]:
    """Every figure of the scenario for this seed, given ones first."""
    rng = np.random.Generator(np.random.Philox(seed))
    values: dict[str, float] = {}
    for figure in scenario.figures.values():
        if not figure.method:
            low, high = figure.between
            steps = round((high - low) / figure.step)
            values[figure.id] = low + figure.step * float(rng.integers(0, steps + 1)) if steps > 0 else low
    for figure in scenario.figures.values():
        if figure.method:
            values[figure.id] = work_out(figure, values)
    return values


def work_out(figure: Figure, values: Mapping[str, float]) -> float:
    """The value of an asked figure: sum, difference, product, ratio, or share (ratio in percent)."""
    numbers = [values[name] for name in figure.of]
    if figure.method == "sum":
        return float(sum(numbers))
    if figure.method == "difference":
        return numbers[0] - sum(numbers[1:])
    if figure.method == "product":
        return float(np.prod(numbers))
    ratio = numbers[0] / numbers[1]
    return 100 * ratio if figure.method == "share" else ratio


def describe_method(figure: Figure) -> str:
    """How an asked figure is worked out, in words: "Divide dropped by enrolled, then multiply by 100." """
    first, rest = figure.of[0].replace("_", " "), " and ".join(name.replace("_", " ") for name in figure.of[1:])
    how = {
        "sum": f"Add {first} and {rest}.",
        "difference": f"Take {rest} away from {first}.",
        "product": f"Multiply {first} by {rest}.",
        "ratio": f"Divide {first} by {rest}.",
        "share": f"Divide {first} by {rest}, then multiply by 100.",
    }[figure.method]
    return f"{how} The numbers stand in the exhibits; within 5% is right."


def fill(text: str, values: Mapping[str, float], words: Mapping[str, str] | None = None) -> str:
    """The text with {figure} replaced, in British form."""
    for name, value in values.items():
        text = text.replace("{" + name + "}", wording.number(round(value, 1)))
    for name, word in (words or {}).items():
        text = text.replace("{" + name + "}", word)
    return text


def is_right(given: float, wanted: float) -> bool:
    """Whether an answer lies within 5% of the right one."""
    return abs(given - wanted) <= TOLERANCE * max(abs(wanted), 1e-9)
