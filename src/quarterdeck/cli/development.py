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


@role.command("import")
def import_role(
    document: Annotated[Path, typer.Argument(help="A job description: .txt, .md, .docx, .pdf or .html.")],
    output: Annotated[Path | None, typer.Option("--output", help="Also write the proposal to this file, to be corrected and confirmed.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Read a job description into a proposed role model, with the sentence behind each entry. A person confirms it."""
    import json

    from quarterdeck.development.roles.propose import propose_role

    proposal = propose_role(document)
    if output is not None:
        output.write_text(json.dumps(proposal, ensure_ascii=False, indent=2) + "\n", encoding="utf-8")
    if as_json:
        print_json(proposal)
        return
    typer.echo(f"Proposed role model: {proposal['role']}")
    print_table(
        ("id", "competency", "target", "word", "line", "sentence"),
        [(c["id"], c["name"], c["target"], c["word"], c["line"], c["sentence"][:90]) for c in proposal["competencies"]],
    )
    for part in ("purpose", "metrics", "traits", "responsibilities", "decision_authority", "emerging_skills", "qualifications", "neurodiversity"):
        typer.echo(f"{part.replace('_', ' ')}: {len(proposal[part])}")
    if proposal["missing_parts"]:
        typer.echo(f"Not found in the document: {', '.join(proposal['missing_parts'])}.")
    typer.echo("Nothing counts until a named person confirms it: quarterdeck development role confirm FILE.json")


@role.command("list")
def list_roles(home: HomeOption = None, as_json: JsonOption = False) -> None:
    """The role models there are, and who confirmed them."""
    from quarterdeck.cli.common import get_settings
    from quarterdeck.development.roles.library import list_role_models
    from quarterdeck.record.database import open_record

    roles = list_role_models(open_record(get_settings(home)))
    if as_json:
        print_json(roles)
        return
    print_table(("id", "role", "competencies", "status"), [(r["id"], r["role"], r["competencies"], r["status"]) for r in roles])


@role.command("confirm")
def confirm_role(
    proposal: Annotated[Path, typer.Argument(help="The proposal (JSON) that `role import --output` wrote, corrected where need be.")],
    reason: Annotated[str, typer.Option("--reason", help="What you checked.")],
    home: HomeOption = None,
) -> None:
    """Confirm a proposed role model in your own name. From then on it can be used for assessment and plans."""
    from quarterdeck.cli.common import get_settings
    from quarterdeck.development.roles.library import confirm_role_model, read_proposal
    from quarterdeck.record.database import open_record
    from quarterdeck.record.permissions import SINGLE_USER

    confirmed = confirm_role_model(open_record(get_settings(home)), SINGLE_USER, read_proposal(proposal), reason)
    typer.echo(f"Confirmed: {confirmed.role}, {len(confirmed.competencies)} competencies.")
