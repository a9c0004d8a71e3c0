"""`quarterdeck demo`: an invented portfolio, loaded like anyone's extracts, with its board pack."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from quarterdeck.cli.common import JsonOption, print_json

if TYPE_CHECKING:
    from quarterdeck.vocabulary.settings import Settings


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command("demo")(run_demo)


def run_demo(
    out: Annotated[Path, typer.Option("--out", help="Where everything is written. An earlier demo there is replaced.")] = Path(
        "quarterdeck-demo"
    ),
    trials: Annotated[int, typer.Option("--trials", help="Number of trials, 12 to 500.")] = 24,
    scale: Annotated[
        float, typer.Option("--scale", help="Participants per trial, as a multiple. 20 with 100 trials makes over 10 million events.")
    ] = 1.0,
    seed: Annotated[int | None, typer.Option("--seed", help="Another seed, another portfolio with the same planted truths.")] = None,
    snapshots: Annotated[int, typer.Option("--snapshots", help="Extract days to load: today and the month ends before it.")] = 3,
    serve: Annotated[bool, typer.Option("--serve/--no-serve", help="Open the deck in a browser server at the end.")] = True,
    board: Annotated[bool, typer.Option("--board/--no-board", help="Write the board pack.")] = True,
    as_json: JsonOption = False,
) -> None:
    """Make an invented portfolio of trials, load its extracts, and write the board pack. Everything in it is invented."""
    from quarterdeck.demo.options import DEFAULT_SEED, DemoOptions
    from quarterdeck.demo.run import clear_demo, make_demo
    from quarterdeck.evidence.store import Store
    from quarterdeck.vocabulary.settings import FILE_NAME, Settings

    start = time.perf_counter()
    options = DemoOptions(trials=trials, scale=scale, seed=DEFAULT_SEED if seed is None else seed, snapshots=snapshots)
    clear_demo(out)
    settings = Settings(home=out / "home", organisation="Harbour Therapeutics (invented)")
    settings.home.mkdir(parents=True)
    (settings.home / FILE_NAME).write_text(f'organisation = "{settings.organisation}"\n', encoding="utf-8")

    def say(line: str) -> None:
        typer.echo(f"[{time.perf_counter() - start:5.1f} s] {line}", err=True)

    result = make_demo(options, out, Store(settings.evidence_dir, settings.choices), say)
    last = result.loads[-1]
    pack: list[Path] = []
    if board:
        if last_issue := _keep_last_figures(settings):
            say(f"Kept the figures of {last_issue}, so that the pack can say what changed")
        say("Writing the board pack")
        pack = _write_board_pack(settings, out / "pack")
    say("Done")
    answer = {
        "home": settings.home,
        "snapshot": last.snapshot.id if last.snapshot else "",
        "rows_given": last.given,
        "rows_loaded": last.loaded,
        "rows_quarantined": last.quarantined,
        "truth": result.written.truth,
        "pack": pack,
    }
    if as_json:
        print_json(answer)
    else:
        _describe(out, answer)
    if serve:
        from quarterdeck.cli.web import serve as serve_deck

        serve_deck(home=settings.home)


def _keep_last_figures(settings: Settings) -> str:
    from quarterdeck.papers.board import keep_last_figures

    return keep_last_figures(settings)


def _write_board_pack(settings: Settings, folder: Path) -> list[Path]:
    from quarterdeck.papers.board import write_board_pack

    return write_board_pack(settings, folder)


def _describe(out: Path, answer: dict[str, object]) -> None:
    typer.echo(f"{answer['rows_loaded']:,} rows loaded, {answer['rows_quarantined']:,} in quarantine (planted: see {answer['truth']}).")
    typer.echo(f"Evidence: {answer['home']}    Extracts: {out / 'extracts'}")
    for path in answer["pack"]:  # type: ignore[attr-defined]
        typer.echo(f"Board pack: {path}")
    typer.echo(f"Open the deck:  quarterdeck serve --home {answer['home']}")
    typer.echo(f"Read a measure: quarterdeck measures --home {answer['home']}")
