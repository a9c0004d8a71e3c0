"""PDF through typst: PDF/UA-1, tagged, every picture with its alternative text, the manifest as an attachment."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory

from quarterdeck.papers.model import Block, Figure, Paper, Paragraph, Signature, Table
from quarterdeck.papers.writers.look import FONT_FOLDER, colours, fit_columns, picture_of

ATTACHMENT = "quarterdeck-manifest.json"


def write_pdf(paper: Paper, made_at: datetime, manifest: bytes | None = None) -> bytes:
    """The paper as PDF/UA-1. With `manifest`, that text is attached; the pages are the same with and without."""
    import typst

    with TemporaryDirectory() as folder:
        where = Path(folder)
        source = _source(paper, where)
        if manifest is not None:
            (where / ATTACHMENT).write_bytes(manifest)
            source = f'#pdf.attach("{ATTACHMENT}", mime-type: "application/json", relationship: "data", description: "What every number of this paper is bound to")\n{source}'
        (where / "paper.typ").write_text(source, encoding="utf-8")
        return bytes(
            typst.compile(
                str(where / "paper.typ"),
                root=str(where),
                font_paths=[str(FONT_FOLDER)],
                ignore_system_fonts=paper.variant != "spaced",
                format="pdf",
                pdf_standards="ua-1",
                timestamp=int(made_at.timestamp()),
            )
        )


def _source(paper: Paper, folder: Path) -> str:
    colour = colours(paper.variant)
    spaced = paper.variant == "spaced"
    fonts = '("Atkinson Hyperlegible Next", "Inter")' if spaced else '"Inter"'
    size, leading, tracking = ("13pt", "1.1em", "0.03em") if spaced else ("10pt", "0.72em", "0em")
    parts = [
        f"#set document(title: {_text(paper.title.text)}, author: {_text('Quarterdeck')}, description: {_text(paper.question)}, date: auto)",
        f'#set text(font: {fonts}, size: {size}, lang: "en", region: "GB", hyphenate: false, ligatures: false, tracking: {tracking}, spacing: {"125%" if spaced else "100%"}, fill: rgb("#{colour["ink"]}"))',
        f'#set page(paper: "a4", margin: (x: 2.4cm, top: 2.2cm, bottom: 2.3cm), fill: rgb("#{colour["paper"]}"), footer: context [#set text(size: 8pt, fill: rgb("#{colour["ink_2"]}"), tracking: 0em); #{_text(paper.footer.text)} #h(1fr) #counter(page).display()])',
        f"#set par(leading: {leading}, spacing: 1.1em, justify: false)",
        f'#show heading.where(level: 1): it => block(above: 1.7em, below: 0.8em, sticky: true, text(size: 14pt, weight: 600, fill: rgb("#{colour["ink"]}"), it.body))',
        "#show heading.where(level: 2): it => block(above: 1.2em, below: 0.6em, sticky: true, text(size: 11.5pt, weight: 600, it.body))",
        "#set list(spacing: 0.8em, indent: 0.2em)",
        "#set table.cell(breakable: false)",  # a cell cut by a page's end could not be read back as one statement
        f'#let small(body) = block(text(size: 8pt, fill: rgb("#{colour["ink_2"]}"), body))',
        f'#let caption-line(body) = block(above: 1.2em, below: 0.6em, sticky: true, text(size: 9pt, weight: 600, fill: rgb("#{colour["ink_2"]}"), body))',
        f"#let cell(body) = text(size: {'11pt' if spaced else '8.5pt'}, body)",
        f"#block(below: 1em, text(size: 22pt, weight: 600, {_text(paper.title.text)}))",
        f'#block(below: 1.6em, text(size: 10pt, fill: rgb("#{colour["ink_2"]}"), {_text(paper.subtitle.text)}))'
        if paper.subtitle.text
        else "",
        *(f"#block(below: 1em, text(size: 1.12em, {_text(line.text)}))" for line in paper.answer),
    ]
    for s, section in enumerate(paper.sections):
        parts.append(f"#heading(level: 1, {_text(section.heading.text)})")
        parts += [_block(block, folder, f"{s}-{b}", paper.variant, colour) for b, block in enumerate(section.blocks)]
        parts += [f"#small({_text(note.text)})" for note in section.notes]
    return "\n".join(part for part in parts if part)


def _block(block: Block, folder: Path, name: str, variant: str, colour: dict[str, str]) -> str:
    if isinstance(block, Paragraph):
        return _paragraph(block)
    if isinstance(block, Table):
        return _table(block, colour)
    if isinstance(block, Figure):
        return _figure(block, folder, name, variant, colour)
    assert isinstance(block, Signature)
    return "\n".join(f"#block(above: 1.2em, {_text(line.text)})" for line in block.lines)


def _paragraph(block: Paragraph) -> str:
    text = _text(block.line.text)
    if not block.line.text:
        return ""
    return {
        "bullet": f"- #{text}",
        "small": f"#small({text})",
        "lead": f"#block(text(size: 1.12em, {text}))",
        "quote": f"#quote(block: true, {text})",
    }.get(block.style, f"#par({text})")


def _figure(figure: Figure, folder: Path, name: str, variant: str, colour: dict[str, str]) -> str:
    picture = picture_of(figure, variant)
    parts = []
    if picture is not None:
        (folder / f"{name}.png").write_bytes(picture)
        parts.append(f'#block(above: 1em, image("{name}.png", alt: {_text(figure.alternative.text)}, width: 100%))')
    parts += [f"#caption-line({_text(figure.caption.text)})", _table(figure.table, colour)]
    return "\n".join(parts)


def _table(table: Table, colour: dict[str, str]) -> str:
    head = f"#caption-line({_text(table.caption.text)})" if table.caption.text else ""
    if not table.rows:
        return head
    columns = ", ".join(f"{share:.4f}fr" for share in fit_columns(table, 88))
    align = ", ".join("right" if i in table.numeric else "left" for i in range(len(table.headers)))
    headers = ", ".join(f'cell(text(weight: 600, fill: rgb("#{colour["ink_2"]}"), {_text(header)}))' for header in table.headers)
    cells = ",\n  ".join(f"cell({_text(line.text)})" for row in table.rows for line in row)
    return f'{head}\n#table(columns: ({columns},), align: ({align},), inset: (x: 4pt, y: 4.5pt), stroke: (x, y) => (bottom: 0.5pt + rgb("#{colour["rule"]}")),\n  table.header({headers}),\n  {cells})'


def _text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ") + '"'
