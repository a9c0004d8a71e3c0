"""The `quarterdeck` command: collects the commands of every module in this folder, and turns errors into messages and exit codes."""

from __future__ import annotations

import sys
from importlib import import_module
from pkgutil import iter_modules

import typer

from quarterdeck import __version__, cli
from quarterdeck.vocabulary.errors import QuarterdeckError

app = typer.Typer(
    name="quarterdeck",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="What needs me, what will happen, what could we do, and the paper that says so: from the extracts you already have.",
    epilog="Exit codes: 0 done; 1 a check found something; 2 wrong usage; 3 bad input; 4 not found; 5 integrity broken; 6 not permitted; "
    "7 an optional part is missing; 8 busy or out of reach.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"quarterdeck {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: bool = typer.Option(False, "--version", callback=_show_version, is_eager=True, help="Show the version and stop."),
) -> None:
    pass


# Each module offers `register(app)`. Sorted by name, so that the order of help never depends on the file system.
for _name in sorted(module.name for module in iter_modules(cli.__path__)):
    if _name not in ("main", "common"):
        import_module(f"quarterdeck.cli.{_name}").register(app)


def main() -> None:
    """Entry point of the installed command. A user's mistake shows its message, never a traceback."""
    try:
        app()
    except QuarterdeckError as error:
        typer.echo(f"Error: {error.message}", err=True)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        typer.echo("Stopped. Nothing half-done was kept.", err=True)
        sys.exit(130)
    except BrokenPipeError:
        sys.exit(0)
