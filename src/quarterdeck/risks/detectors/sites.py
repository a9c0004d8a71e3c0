"""Places: sites that recruit nobody, and sites and countries that are worth more participants."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from quarterdeck.evidence.codes import load_country_names
from quarterdeck.risks.cells import Cell
from quarterdeck.risks.kri import as_reading, get_board
from quarterdeck.risks.portfolio import read_leaders, read_running
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

ENROLMENT, SILENT = "op03", "op02"
LEAST_RATIO = 2.0
MANY_SILENT = 0.25


def detect(snapshot: Snapshot) -> list[Finding]:
    """One finding a trial for places worth more, one for silent sites."""
    running, board = read_running(snapshot), get_board(snapshot)
    stars: dict[str, list[Cell]] = defaultdict(list)
    for cell in [*board.cells["site"], *board.cells["country"]]:
        if (
            cell.indicator == ENROLMENT
            and cell.study in running
            and (cell.q_value or 1) <= 0.05
            and (cell.score or 0) > 0
            and (cell.ratio or 0) >= LEAST_RATIO
        ):
            stars[cell.study].append(cell)
    found = [_describe_stars(snapshot, study, cells) for study, cells in sorted(stars.items())]
    for cell in board.cells["study"]:
        if (
            cell.indicator == SILENT
            and cell.group in running
            and (cell.metric or 0) >= MANY_SILENT
            and (cell.numerator or 0) >= 5
            and (cell.score or 0) >= 2
        ):
            found.append(_describe_silent(snapshot, cell))
    return found


def _describe_stars(snapshot: Snapshot, study: str, cells: list[Cell]) -> Finding:
    best = max(cells, key=lambda c: c.score or 0)
    ratio = wording.number(best.ratio or 0, 1)
    country = load_country_names().get(best.group, "")
    where = f"{country} in {study}" if country else f"Site {best.group} of {study}"
    return Finding(
        id=f"more_places/study/{study}", source="risks", scope=Scope("study", study),
        headline=f"{where} enrols {ratio} times what the other places would lead one to expect",
        verdict=Verdict.BETTER, cause="It recruits beyond chance against its own plan", suggested_action="Offer it more places, and ask what it does",
        owner=read_leaders(snapshot).get(study, ""), href=f"/trials/{study}", opportunity=True,
        consequence=Consequence(0.6, None, None, max((best.numerator or 0) - (best.expected or 0), 0.0), True),
        facts={"trial": study, "place": country or best.group, "ratio": ratio, "places": len(cells)}, snapshot=snapshot.id,
        readings=(as_reading(best, "country" if country else "site", snapshot.id),),
    )  # fmt: skip


def _describe_silent(snapshot: Snapshot, cell: Cell) -> Finding:
    return Finding(
        id=f"silent_sites/study/{cell.group}", source="risks", scope=Scope("study", cell.group),
        headline=f"{wording.of(cell.numerator or 0, cell.denominator or 0)} sites of {cell.group} have enrolled nobody 90 days after activation",
        verdict=Verdict.CONCERN, cause="Sites cost money and attention whether they recruit or not", suggested_action="Decide site by site: help, or close",
        owner=read_leaders(snapshot).get(cell.group, ""), href=f"/trials/{cell.group}", consequence=Consequence(0.6, 10.0, None, None, True), facts={"trial": cell.group, "silent": cell.numerator or 0, "of": cell.denominator or 0, "days": 90}, snapshot=snapshot.id,
        readings=(as_reading(cell, "study", snapshot.id),),
    )  # fmt: skip
