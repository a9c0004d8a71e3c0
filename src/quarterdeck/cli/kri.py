"""`quarterdeck kri`: scores and flags of a plain file of counts, for an analyst without a portfolio."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli.common import JsonOption, print_json, print_table

if TYPE_CHECKING:
    from quarterdeck.risks.cells import Cell


class Kind(StrEnum):
    """What was counted."""

    BINARY = "binary"
    RATE = "rate"
    CUMULATIVE = "cumulative"
    IDENTITY = "identity"


class Mode(StrEnum):
    """Which statistics."""

    GSM = "gsm"
    ROBUST = "robust"


class AccrualOn(StrEnum):
    """What must reach the accrual threshold."""

    NONE = "none"
    NUMERATOR = "numerator"
    DENOMINATOR = "denominator"
    DIFFERENCE = "difference"


def register(app: typer.Typer) -> None:
    """Add the command."""
    app.command("kri")(kri)


def kri(
    counts: Annotated[
        Path,
        typer.Argument(
            help="CSV: GroupID, Numerator, Denominator[, StudyID, SnapshotDate, MetricID]; cumulative: study, site, patient, visit, count."
        ),
    ],
    kind: Annotated[Kind, typer.Option("--type", help="What was counted.")] = Kind.RATE,
    mode: Annotated[Mode, typer.Option(help="robust judges each group by the others; gsm gives the reference's scores.")] = Mode.ROBUST,
    cuts: Annotated[str, typer.Option(help="Cuts of the score, rising, separated by commas.")] = "-3,-2,2,3",
    flags: Annotated[str, typer.Option(help="Flag of each interval between the cuts.")] = "-2,-1,0,1,2",
    accrual: Annotated[float, typer.Option(help="A group below this is not assessed.")] = 0.0,
    accrual_on: Annotated[AccrualOn, typer.Option(help="What must reach the accrual threshold.")] = AccrualOn.NONE,
    as_json: JsonOption = False,
) -> None:
    """Which groups differ from the others beyond chance? One row per group, with its reason where it was not assessed."""
    from quarterdeck.risks.cells import Rule
    from quarterdeck.risks.count_files import assess_count_file, assess_cumulative_file

    rule = Rule(_numbers("--cuts", cuts), tuple(int(v) for v in _numbers("--flags", flags)), accrual, accrual_on.value)
    if kind is Kind.CUMULATIVE:
        cells = assess_cumulative_file(counts, mode.value, rule)
    else:
        cells = assess_count_file(counts, kind.value, mode.value, rule)
    if as_json:
        print_json([as_row(cell) for cell in cells])
    else:
        _show(cells)


def as_row(cell: Cell) -> dict[str, Any]:
    """A cell as the JSON answer has it."""
    row: dict[str, Any] = {"study": cell.study} if cell.study else {}
    if cell.snapshot_date:
        row["snapshot_date"] = cell.snapshot_date
    if cell.indicator:
        row["metric_id"] = cell.indicator
    names = (
        "group", "numerator", "denominator", "metric", "expected", "ratio", "ratio_low", "ratio_high", "score", "p_value", "q_value",
        "flag", "not_assessed_reason", "signal", "snapshots_flagged", "previous_score",
    )  # fmt: skip
    return row | {name: getattr(cell, name) for name in names}


def _show(cells: list[Cell]) -> None:
    from quarterdeck.risks.cells import state_coverage
    from quarterdeck.vocabulary.wording import number

    def word(value: float | None, decimals: int | None = 2) -> str:
        return "–" if value is None else number(value, decimals)

    flagged = sorted((c for c in cells if c.flag), key=lambda c: -abs(c.score or 0))
    typer.echo(f"{state_coverage(cells)}.")
    if flagged:
        print_table(
            ["group", "study", "snapshot", "numerator", "denominator", "expected", "ratio", "score", "q", "flag", "signal"],
            [
                [
                    c.group, c.study or "–", c.snapshot_date or "–", word(c.numerator, None), word(c.denominator, None), word(c.expected, 1),
                    word(c.ratio), word(c.score), word(c.q_value, 3), f"{c.flag:+d}", "yes" if c.signal else "no",
                ]
                for c in flagged
            ],
        )  # fmt: skip
    reasons = sorted({c.not_assessed_reason for c in cells if c.not_assessed_reason})
    for reason in reasons:
        typer.echo(f"Not assessed ({reason}): {', '.join(c.group or '(no name)' for c in cells if c.not_assessed_reason == reason)}")


def _numbers(option: str, text: str) -> tuple[float, ...]:
    from quarterdeck.vocabulary.errors import BadInput

    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise BadInput("The option holds something that is not a number", thing=f"{option} {text}") from error
