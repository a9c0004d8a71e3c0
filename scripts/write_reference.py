"""Writes docs/reference from the product itself: commands, settings, measures, connectors, tables, permissions. `--check` only compares."""

from __future__ import annotations

import argparse
import dataclasses
import inspect
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import typer

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "docs" / "reference"
SETTINGS = {
    "home": "The folder that holds evidence, record and settings file.",
    "database_url": "SQLAlchemy address of the record. Empty: SQLite at `home/record.sqlite`. PostgreSQL needs the `postgres` extra.",
    "organisation": "Name shown on papers.",
    "base_currency": "ISO 4217 code in which the portfolio is added up, at stated rates.",
    "fiscal_year_start_month": "1 to 12. Budget years and quarters start with this month.",
    "minimum_cell": "No survey result, and no figure about staff, below this many people.",
    "random_seed": "Seed of simulations. Every forecast keeps the seed it was made with.",
    "offline": "While true, no request leaves the machine.",
    "language_model": "Empty: none. Else a model name for the `llm` extra; its words pass the same checks as everyone's.",
    "language_model_url": "Address of an OpenAI-compatible service, for a model of your own.",
    "language_model_budget": "Greatest cost of model calls in a day, in US dollars.",
}


def write_commands() -> str:
    """Every command with its help, arguments and options."""
    from quarterdeck.cli.main import app

    root = typer.main.get_command(app)
    lines = ["# Commands", "", "`quarterdeck COMMAND --help` says the same on the terminal.", ""]
    for path, command in _walk(root, ()):
        lines += [f"## quarterdeck {' '.join(path)}", "", inspect.cleandoc(command.help or ""), ""]
        rows = [_describe(parameter) for parameter in command.params if parameter.name != "help"]
        if rows:
            lines += ["| argument or option | meaning |", "|---|---|", *rows, ""]
    return "\n".join(lines)


def _walk(command: click.Command, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name in sorted(children):
        yield from _walk(children[name], (*path, name))


def _describe(parameter: click.Parameter) -> str:
    named = ", ".join(f"`{name}`" for name in (*parameter.opts, *parameter.secondary_opts))
    shown = named if parameter.param_type_name == "option" else f"`{str(parameter.name).upper()}`"
    text = " ".join((getattr(parameter, "help", None) or "").split()).replace("|", "/")
    return f"| {shown} | {text} |"


def write_settings() -> str:
    """Every setting with its default and meaning. A setting without a sentence here fails the run."""
    from quarterdeck.vocabulary.settings import FILE_NAME, Settings

    lines = [
        "# Settings",
        "",
        f"In `{FILE_NAME}` in the home folder, or in the environment as `QUARTERDECK_` and the name in capitals.",
        "",
    ]
    lines += ["| setting | default | meaning |", "|---|---|---|"]
    for field in dataclasses.fields(Settings):
        lines.append(f"| `{field.name}` | `{getattr(Settings(), field.name)}` | {SETTINGS[field.name]} |")
    return "\n".join([*lines, ""])


def write_tables() -> str:
    """Every table contract."""
    from quarterdeck.evidence.contracts import load_contracts

    lines = ["# Tables", "", "The canonical tables. Privacy classes: open, commercial, personal, pseudonymous, special.", ""]
    for contract in load_contracts().values():
        lines += [f"## {contract.name}", "", contract.note, "", f"Key: {', '.join(contract.key)}", ""]
        lines += ["| column | type | unit or codes | privacy | meaning |", "|---|---|---|---|---|"]
        for column in contract.columns:
            allowed = ", ".join(column.codes) or column.unit
            lines.append(f"| `{column.name}` | {column.type} | {allowed} | {column.privacy} | {column.note.replace('|', '/')} |")
        lines.append("")
    return "\n".join(lines)


def write_measures() -> str:
    """Every measure definition, in words."""
    from quarterdeck.measures.catalogue import load_definitions

    lines = ["# Measures", "", "One file each in `src/quarterdeck/measures/definitions`, with worked examples that the tests run.", ""]
    for name, definition in sorted(load_definitions().items()):
        lines += [f"## {name}", ""]
        for field in dataclasses.fields(definition):
            value = getattr(definition, field.name)
            if isinstance(value, str) and value and field.name not in ("id", "hash"):
                lines.append(f"- **{field.name.replace('_', ' ')}**: {' '.join(value.split())}")
        lines.append("")
    return "\n".join(lines)


def write_permissions() -> str:
    """The permission table, as sentences."""
    from quarterdeck.record.permissions import load_permissions

    lines = ["# Permissions", "", "| action | who may | roles | a machine may |", "|---|---|---|---|"]
    for action, entry in sorted(load_permissions().items()):
        lines.append(f"| `{action}` | {entry.sentence} | {', '.join(sorted(entry.roles))} | {'no' if entry.human_only else 'yes'} |")
    return "\n".join([*lines, ""])


def write_connectors() -> str:
    """Every connector with the first paragraph of its documentation."""
    from quarterdeck.connectors.discovery import load_connectors

    lines = ["# Connectors", "", "| connector | reads |", "|---|---|"]
    for name, connector in sorted(load_connectors().items()):
        lines.append(f"| `{name}` | {connector.title}. {connector.note} |")
    return "\n".join([*lines, ""])


def write_decisions() -> str:
    """The index of decisions, in order of their numbers, each by its own title."""
    lines = [
        "# Decisions that are costly to change",
        "",
        "Half a page each: what was decided, why, what it costs. Newer ones supersede older ones by saying so.",
        "",
    ]
    for path in sorted((FOLDER.parent / "decisions").glob("[0-9]*.md")):
        title = path.read_text(encoding="utf-8").splitlines()[0].lstrip("# ").lstrip("0123456789. ")
        lines.append(f"- [{title}]({path.name})")
    return "\n".join([*lines, ""])


PAGES = {
    "../decisions/README.md": write_decisions,
    "commands.md": write_commands,
    "settings.md": write_settings,
    "tables.md": write_tables,
    "measures.md": write_measures,
    "permissions.md": write_permissions,
    "connectors.md": write_connectors,
}


def main() -> None:
    """Write all pages, or with --check name those that are out of date."""
    ask = argparse.ArgumentParser(description=__doc__)
    ask.add_argument("--check", action="store_true")
    only_check = ask.parse_args().check
    stale = []
    for name, write in PAGES.items():
        path, text = FOLDER / name, write()
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(name)
            if not only_check:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    if only_check and stale:
        sys.exit(f"Out of date: {', '.join(stale)}. Run `make reference`.")


if __name__ == "__main__":
    main()
