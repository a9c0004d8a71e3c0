"""How a reading stands against its target today, and how likely it is to meet it: the words beside a verdict, the same on every page."""

from __future__ import annotations

from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.reading import Reading


def say_outlook(reading: Reading) -> str:
    """'within now; 47% to end within', 'met now; 53% to be met', 'missed'. Empty without a target or a value.

    A verdict on a target that lies ahead follows the chance, not today's value: the words say both.
    """
    from quarterdeck.measures.catalogue import load_definitions
    from quarterdeck.measures.model import Comparison

    definition = load_definitions().get(reading.measure)
    if reading.value is None or definition is None or definition.target is None:
        return ""
    is_band = definition.target.comparison is Comparison.WITHIN
    is_met = definition.target.is_met_by(reading.value)
    now = ("within" if is_met else "outside") if is_band else ("met" if is_met else "missed")
    if reading.p_target is None:
        return now
    return f"{now} now; {wording.chance(reading.p_target)} to {'end within' if is_band else 'be met'}"
