"""`quarterdeck development`: the director's own growth, from the command line."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from quarterdeck.cli.common import HomeOption, JsonOption, print_json, print_table

development = typer.Typer(
    no_args_is_help=True,
    help="Discover, discuss, deliver, demonstrate: competence, plan, practice and evidence. Quarterdeck is not an awarding organisation "
    "or approved centre; award decisions belong to one.",
)
role = typer.Typer(no_args_is_help=True, help="Role models: competencies with targets, as data.")
development.add_typer(role, name="role")


def register(app: typer.Typer) -> None:
    """Put the commands under `quarterdeck development`."""
    app.add_typer(development, name="development")


@development.command("score")
def score_answers(
    answers: Annotated[Path, typer.Argument(help="A YAML file: answers: [{id, question, text, claims?}].")], as_json: JsonOption = False
) -> None:
    """Score interview answers: what was found, with the sentence that shows it. This steers; it certifies nothing."""
    from quarterdeck.development.discover.answers import NOTE, score_file

    scores = score_file(answers)
    if as_json:
        print_json(scores)
        return
    print_table(
        ("answer", "question", "x", "band", "found", "not found"),
        [
            (name, s["question"], f"{s['x']:.2f}", s["band"], ", ".join(s["found"]) or "nothing", ", ".join(n["id"] for n in s["not_found"]) or "nothing")
            for name, s in scores.items()
        ],
    )
    typer.echo(NOTE)
