"""`quarterdeck board`, `paper`, `papers`, `verify-paper`, `ai-register`: papers whose every number is bound and checked."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from quarterdeck.cli.common import AsOfOption, HomeOption, JsonOption, get_settings, print_json, print_table, progress

if TYPE_CHECKING:
    from quarterdeck.papers.check import CheckResult

OutOption = Annotated[Path, typer.Option("--out", help="The folder to write into; made if need be.")]
TemplateOption = Annotated[Path | None, typer.Option("--pptx-template", help="A corporate PPTX with layouts named Opening and Finding.")]
SpacedOption = Annotated[bool, typer.Option("--spaced", help="The dyslexia-friendly variant: larger spaced type on cream.")]


def register(app: typer.Typer) -> None:
    """Adds the commands of papers."""
    app.command("board")(write_board)
    app.command("paper")(write_paper)
    app.command("papers")(show_papers)
    app.command("verify-paper")(verify_paper)
    app.command("ai-register")(show_ai_register)


def write_board(
    out: OutOption = Path("board-pack"),
    pptx_template: TemplateOption = None,
    spaced: SpacedOption = False,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write the board pack: PPTX, DOCX, PDF and an XLSX annex, each read back and checked."""
    from quarterdeck.papers.board import PACK, write_board_pack

    steps = sum(1 + len(formats) for _, formats in PACK) + 1
    with progress("Board pack", steps) as advance:
        paths = write_board_pack(
            get_settings(home), out, as_of, None, pptx_template, "spaced" if spaced else "standard", lambda note: advance(1, note)
        )
    if as_json:
        print_json({"files": paths})
        return
    for path in paths:
        typer.echo(f"Written and checked: {path}")


def write_paper(
    template: Annotated[str | None, typer.Argument(help="Which paper; none lists them.")] = None,
    about: Annotated[
        str | None, typer.Option("--about", help="What it is about: study:ID or vendor:ID. Default: the one of most concern.")
    ] = None,
    points: Annotated[Path | None, typer.Option("--points", help="A text file with your key points, one a line.")] = None,
    length: Annotated[str, typer.Option("--length", help="With --points: 30s, 2min or 10min.")] = "2min",
    formats: Annotated[list[str] | None, typer.Option("--format", help="docx, pptx, pdf, html or xlsx; may be repeated.")] = None,
    basis: Annotated[
        str, typer.Option("--basis", help="What of the record it rests on: review:ID, selection:ID or meeting:ID. Default: the newest.")
    ] = "",
    questions: Annotated[bool, typer.Option("--questions", help="Also show the ten hard questions, with answers.")] = False,
    out: OutOption = Path("papers"),
    pptx_template: TemplateOption = None,
    spaced: SpacedOption = False,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Draft one paper and write its files, each read back and checked."""
    if template is None:
        _list_templates(as_json)
        return
    from quarterdeck.papers.write import write_one

    with progress(f"Writing {template}", 4) as advance:
        result = write_one(
            get_settings(home),
            template,
            out,
            about,
            points,
            length,
            formats,
            pptx_template,
            "spaced" if spaced else "standard",
            as_of,
            lambda note: advance(1, note),
            basis=basis,
        )
    if as_json:
        print_json(result | ({} if questions else {"questions": []}))
        return
    for path in result["files"]:
        typer.echo(f"Written and checked: {path}")
    for gap in result["missing"]:
        typer.echo(f"Missing: {gap}")
    for note in result["notes"]:
        typer.echo(f"Note: {note}")
    typer.echo(
        f"Plain-language score: {result['plain_language']['score']} of 100 ({result['plain_language']['words_a_sentence']} words a sentence)"
    )
    if questions:
        for i, question in enumerate(result["questions"], 1):
            typer.echo(f"\n{i}. {question['question']}\n   {question['answer']}")


def _list_templates(as_json: bool) -> None:
    from quarterdeck.papers.template import load_templates

    rows = [(t.id, t.name, t.audience, t.about, ", ".join(t.formats)) for t in load_templates().values()]
    if as_json:
        print_json(
            [
                {
                    "id": t.id,
                    "name": t.name,
                    "audience": t.audience,
                    "question": t.question,
                    "about": t.about,
                    "formats": t.formats,
                    "cap_words": t.cap_words,
                    "cap_slides": t.cap_slides,
                }
                for t in load_templates().values()
            ]
        )
        return
    print_table(("Paper", "Name", "For", "About", "Formats"), rows)


def show_papers(
    recall: Annotated[
        str | None, typer.Option("--recall", help="List what used a source: a file, table, measure, benchmark, fact or snapshot.")
    ] = None,
    compare: Annotated[str | None, typer.Option("--compare", help="Compare this paper with the one before it.")] = None,
    home: HomeOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the papers of this installation; or what a corrected source touches; or what changed since the last issue."""
    from quarterdeck.papers.listing import compare_with_last, list_papers, recall_source

    settings = get_settings(home)
    if recall:
        used = recall_source(settings, recall)
        if as_json:
            print_json(used)
        elif not used:
            typer.echo(f"Nothing in this installation used {recall}.")
        else:
            print_table(
                ("What", "Which", "Made", "State", "Used for"), [(u["kind"], u["id"], u["made_at"], u["state"], u["used"]) for u in used]
            )
        return
    if compare:
        changes = compare_with_last(settings, compare)
        if as_json:
            print_json(changes)
        else:
            print_table(
                ("What happened", "Then", "Now", "Why"),
                [(c["kind"], c["before"] or "not said", c["now"] or "no longer said", c["reason"]) for c in changes],
            )
        return
    papers = list_papers(settings)
    if as_json:
        print_json(papers)
    elif not papers:
        typer.echo("No paper was written yet. Write one with: quarterdeck board")
    else:
        print_table(
            ("Paper", "Title", "Data as of", "Made", "State"),
            [(p["id"], p["title"], p["data_cut"], p["made_at"][:16], p["state"]) for p in papers],
        )


def verify_paper(
    file: Annotated[Path, typer.Argument(help="DOCX, PPTX, PDF, HTML, XLSX or text; '-' reads pasted text from standard input.")],
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Read a finished file back and name every number, date, name, quotation and citation that its source does not carry.

    Exit code 0: nothing found; 1: something found. Works on files edited by hand and on files written elsewhere.
    """
    import sys

    from quarterdeck.papers.desk import check_content, check_path

    settings = get_settings(home)
    with progress("Reading the file back and working out every number again", None):
        result = (
            check_content(sys.stdin.buffer.read(), "pasted.txt", settings, as_of) if str(file) == "-" else check_path(file, settings, as_of)
        )
    if as_json:
        print_json(_result_as_json(result))
    else:
        _show_result(result)
    if not result.is_clean:
        raise typer.Exit(1)


def _result_as_json(result: CheckResult) -> dict[str, Any]:
    return {
        "file": result.file, "format": result.format, "paper": result.paper, "snapshot": result.snapshot, "sealed": result.is_sealed, "clean": result.is_clean, "verdict": "clean" if result.is_clean else "findings",
        "checked": result.checked, "checked_total": sum(result.checked.values()), "resolved": result.resolved, "evidence": result.evidence, "limits": result.limits, "findings": result.findings,
    }  # fmt: skip


def _show_result(result: CheckResult) -> None:
    total = sum(result.checked.values())
    typer.echo(
        f"{result.file}: {total} statements read back ({', '.join(f'{count} {kind}' for kind, count in sorted(result.checked.items()))}); {result.evidence}."
    )
    if result.findings:
        print_table(
            ("Finding", "Weight", "Where", "Reads", "Should read", "Why"),
            [(f.kind, f.severity, f.place, f.found, f.expected or "unknown", f.message) for f in result.findings],
        )
    typer.echo("Nothing false was found." if result.is_clean else f"{len(result.errors)} to correct before this paper can be issued.")


def show_ai_register(
    out: Annotated[Path | None, typer.Option("--out", help="Write the register as this file: .docx, .pdf, .html, .xlsx or .json.")] = None,
    add: Annotated[Path | None, typer.Option("--add", help="A YAML file that describes one of the organisation's own tools.")] = None,
    home: HomeOption = None,
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
) -> None:
    """Every model in use: purpose, owner, data, validation from the product's own ledgers, limits, risk class, oversight, bias checks."""
    from quarterdeck.papers.register_command import add_system, export_register, read_register

    settings = get_settings(home)
    if add:
        typer.echo(f"Entered: {add_system(settings, add)}")
        return
    entries = read_register(settings, as_of)
    if out:
        typer.echo(f"Written and checked: {export_register(settings, out, as_of)}")
    elif as_json:
        print_json(entries)
    else:
        print_table(
            ("System", "Purpose", "Risk class", "Validation", "Review"),
            [(e["name"], e["purpose"], e["risk_class"], e["validation"], e["review_date"] or "not set") for e in entries],
        )
