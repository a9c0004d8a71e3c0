"""The pictures of the risks: a funnel of sites, and how likely a loss of each size is."""

from __future__ import annotations

from collections.abc import Sequence
from math import sqrt
from typing import Any

from quarterdeck.charts.exceedance import Exceedance
from quarterdeck.charts.funnel import Funnel, FunnelPoint, Limit
from quarterdeck.risks.cells import Cell as Indicated
from quarterdeck.risks.cells import state_coverage
from quarterdeck.risks.indicators import get_indicator
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.verdict import Verdict


def draw_funnel(study: str, indicator: str, cells: Sequence[Indicated]) -> Funnel | None:
    """The sites of a trial against what chance would keep to; None where no site has an expected count to be held against."""
    definition = get_indicator(indicator)
    known = [c for c in cells if c.score is not None and c.expected is not None]
    if not known:
        return None
    is_share = definition.kind == "binary"
    points = sorted(known, key=lambda c: -abs(c.score or 0))
    doubtful = {c.group for c in points if c.flag and definition.worries(c.flag)}
    dots = tuple(
        FunnelPoint(
            c.group,
            _size(c, is_share),
            (c.metric if is_share else c.ratio) or 0.0,
            Verdict.CONCERN if c.group in doubtful else Verdict.ORDINARY,
        )
        for c in points
    )
    total_x, total_n = sum(c.numerator or 0 for c in known), sum(c.denominator or 0 for c in known)
    centre = total_x / total_n if is_share and total_n else 1.0
    limits = (Limit("95% of chance", tuple(_chance(centre, s, is_share) for s in _grid(max(_size(c, is_share) for c in known)))),)
    worst = wording.listing([f"site {c.group}" for c in points if c.group in doubtful][:3]) if doubtful else "no site"
    sentence = f"{definition.name} in {study}: {worst} {'stands' if len(doubtful) <= 1 else 'stand'} out. {state_coverage(cells)}."
    return Funnel(
        title=f"{definition.name} in {study}", sentence=sentence, unit="share" if is_share else "ratio", points=dots, centre=centre, limits=limits, size_label="Counted" if is_share else "Expected",
        value_label="Share" if is_share else "Observed to expected",
        method="Each site is judged by what the other sites predict, with the spread between sites taken into account; dashed lines show what chance alone would keep to. A site is marked where its robust score is 2 or more on the worrying side.",
        source="the indicator's counts in this snapshot",
    )  # fmt: skip


def _size(cell: Indicated, is_share: bool) -> float:
    return (cell.denominator if is_share else cell.expected) or 0.0


def _grid(top: float) -> list[float]:
    return [max(top, 1.0) * (i + 0.5) / 24 for i in range(25)]


def _chance(centre: float, size: float, is_share: bool) -> tuple[float, float, float]:
    error = sqrt(centre * (1 - centre) / size) if is_share else 1 / sqrt(size)
    low, high = centre - 1.96 * error, centre + 1.96 * error
    return size, max(low, 0.0), min(high, 1.0) if is_share else high


def draw_exceedance(title: str, sentence: str, unit: str, levels: Any, above: Any, tolerated: Any) -> Exceedance:
    points = tuple((float(a), float(c)) for a, c in zip(levels, above, strict=True))
    allowed = tuple((float(a), float(c)) for a, c in zip(levels, tolerated, strict=True)) if tolerated is not None else ()
    method = "Each risk happens or not, with its probability; its size is drawn from the lognormal distribution through its 5th and 95th percentile. Money and days of one event move together, opportunities count as negative losses, and what has happened already is left out."
    return Exceedance(
        title=title,
        sentence=sentence,
        unit=unit,
        points=points,
        tolerated=allowed,
        value_label="Loss in a year" if unit != "days" else "Delay",
        method=method,
        source="the register",
    )
