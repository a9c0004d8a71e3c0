"""HTML: one file without anything fetched from elsewhere, headings in order, figures with alternative text and data table."""

from __future__ import annotations

from base64 import b64encode
from html import escape

from quarterdeck.papers.model import Block, Figure, Paper, Paragraph, Table
from quarterdeck.papers.writers.look import colours, picture_of

MANIFEST_ID = "quarterdeck-manifest"


def write_html(paper: Paper, manifest: bytes | None = None) -> bytes:
    """The paper as a page. With `manifest`, it is carried in a data block."""
    body = [f"<h1>{escape(paper.title.text)}</h1>", f'<p class="subtitle">{escape(paper.subtitle.text)}</p>']
    body += [f'<p class="lead">{escape(line.text)}</p>' for line in paper.answer]
    for section in paper.sections:
        body.append(f'<section id="{escape(section.id, quote=True)}"><h2>{escape(section.heading.text)}</h2>')
        body += [_block(block, paper.variant) for block in section.blocks]
        body += [f'<p class="small">{escape(note.text)}</p>' for note in section.notes]
        body.append("</section>")
    text = manifest.decode().replace("</", "<\\/") if manifest else ""
    data = f'<script type="application/json" id="{MANIFEST_ID}">{text}</script>' if text else ""
    return (
        f'<!doctype html>\n<html lang="en-GB"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1">'
        f'<meta name="identifier" content="{escape(paper.id, quote=True)}"><title>{escape(paper.title.text)}</title><style>{_style(paper.variant)}</style></head>\n<body><main>\n'
        + "\n".join(body)
        + f'\n</main>\n<footer><p class="small">{escape(paper.footer.text)}</p></footer>{data}</body></html>\n'
    ).encode()


def _block(block: Block, variant: str) -> str:
    if isinstance(block, Paragraph):
        if not block.line.text:
            return ""
        tag = "blockquote" if block.style == "quote" else "p"
        mark = ' data-author="machine"' if block.line.author == "machine" else ""
        return f'<{tag} class="{block.style}"{mark}>{escape(block.line.text)}</{tag}>'
    if isinstance(block, Table):
        return _table(block)
    if isinstance(block, Figure):
        picture = picture_of(block, variant)
        image = (
            f'<img alt="{escape(block.alternative.text, quote=True)}" src="data:image/png;base64,{b64encode(picture).decode()}">'
            if picture
            else ""
        )
        return f"<figure>{image}<figcaption>{escape(block.caption.text)}</figcaption></figure>{_table(block.table)}"
    return "".join(f'<p class="signature">{escape(line.text)}</p>' for line in block.lines)


def _table(table: Table) -> str:
    if not table.rows:
        return f'<p class="small">{escape(table.caption.text)}</p>' if table.caption.text else ""
    head = "".join(f'<th scope="col"{_align(i, table)}>{escape(header)}</th>' for i, header in enumerate(table.headers))
    rows = "".join(
        "<tr>"
        + "".join(
            f'<th scope="row">{escape(line.text)}</th>' if i == 0 else f"<td{_align(i, table)}>{escape(line.text)}</td>"
            for i, line in enumerate(row)
        )
        + "</tr>"
        for row in table.rows
    )
    caption = f"<caption>{escape(table.caption.text)}</caption>" if table.caption.text else ""
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(table.caption.text or table.headers[0], quote=True)}"><table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>'


def _align(column: int, table: Table) -> str:
    return ' class="n"' if column in table.numeric else ""


def _style(variant: str) -> str:
    c = {name: f"#{value}" for name, value in colours(variant).items()}
    spaced = variant == "spaced"
    font = "'Atkinson Hyperlegible Next',Inter,sans-serif" if spaced else "Inter,Arial,sans-serif"
    letters = "letter-spacing:.03em;word-spacing:.14em;" if spaced else ""
    return (
        f"body{{margin:0;background:{c['paper']};color:{c['ink']};font:{'18px/1.7' if spaced else '16px/1.5'} {font};{letters}}}main,footer{{max-width:46rem;margin:0 auto;padding:2rem 1rem}}"
        f"h1{{font-size:2.1rem;line-height:1.2;margin:0 0 .3rem}}h2{{font-size:1.3rem;margin:2.2rem 0 .6rem}}p,blockquote{{max-width:68ch;margin:.7rem 0}}.subtitle,.small,figcaption,caption,thead th{{color:{c['ink_2']}}}"
        f".lead{{font-size:1.12em}}.small,figcaption,caption{{font-size:.875rem}}caption{{text-align:left;font-weight:600;padding:.4rem 0}}figure{{margin:1.2rem 0}}img{{max-width:100%;height:auto}}"
        f".scroll{{overflow-x:auto}}table{{border-collapse:collapse;width:100%;font-size:.875rem;font-variant-numeric:tabular-nums}}th,td{{text-align:left;vertical-align:top;padding:.4rem .6rem;border-bottom:1px solid {c['rule']};font-weight:400}}thead th{{font-weight:600}}.n{{text-align:right}}"
        f".bullet{{display:list-item;margin-left:1.2rem}}[data-author=machine]{{border-left:3px solid {c['concern']};padding-left:.8rem}}@media print{{main{{max-width:none}}}}"
    )
