"""What commands share: the options that mean the same everywhere, and how an answer is shown."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.vocabulary.plain import to_plain

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.vocabulary.settings import Settings

HomeOption = Annotated[
    Path | None, typer.Option("--home", help="The folder that holds evidence and record. Default: QUARTERDECK_HOME, else quarterdeck-home.")
]
AsOfOption = Annotated[str | None, typer.Option("--as-of", help="Read an earlier snapshot: its id (or first letters), or a date.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Answer as JSON on standard output.")]


def get_settings(home: Path | None) -> Settings:
    """The settings of the chosen installation."""
    from quarterdeck.vocabulary.settings import read_settings

    return read_settings(home)


def open_snapshot(home: Path | None, as_of: str | None = None) -> Snapshot:
    """The snapshot that a reading command works on."""
    from quarterdeck.evidence.store import Store

    settings = get_settings(home)
    return Store(settings.evidence_dir, settings.choices).open(as_of)


def print_json(value: Any) -> None:
    """One JSON document on standard output."""
    typer.echo(json.dumps(to_plain(value), ensure_ascii=False, indent=2, allow_nan=False))


def print_table(headers: Sequence[str], rows: Iterable[Sequence[object]], title: str = "") -> None:
    """A plain table in aligned columns; a missing value must already be a word. Long cells are cut only on a terminal."""
    cells = [[str(cell) for cell in row] for row in rows]
    widths = [max(len(head), *(len(row[i]) for row in cells), 0) if cells else len(head) for i, head in enumerate(headers)]
    if title:
        typer.echo(title)
    for row in (list(headers), ["-" * width for width in widths], *cells):
        typer.echo("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


@contextmanager
def progress(description: str, total: float | None) -> Iterator[Any]:
    """A progress bar on standard error for work over a second; yields `advance(amount=1, note="")`. Silent where nobody watches.

    `total` is None where nothing can be counted: the bar then only moves.
    """
    if not sys.stderr.isatty():
        yield lambda amount=1, note="": None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    counted = (TextColumn("{task.completed:,.0f} of {task.total:,.0f}"), TimeRemainingColumn()) if total is not None else ()
    with Progress(TextColumn("{task.description}"), BarColumn(), *counted, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda amount=1, note="": bar.update(task, advance=amount, description=note or description)
