"""The board pack: deck, paper and PDF of one snapshot, read back and checked before they are handed over."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from quarterdeck.evidence.store import Store
from quarterdeck.papers.actions import register_draft
from quarterdeck.papers.check import CheckResult
from quarterdeck.papers.desk import Desk, open_desk
from quarterdeck.papers.readers.read import read_bytes
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import FindingsRemain
from quarterdeck.vocabulary.settings import Settings

# The deck is spoken to, the paper is read: one template each, and the paper also as PDF.
PACK = (("board-deck", ("pptx",)), ("board-paper", ("docx", "pdf", "xlsx")))


def write_board_pack(
    settings: Settings,
    out: Path,
    as_of: str | None = None,
    now: datetime | None = None,
    pptx_template: Path | None = None,
    variant: str = "standard",
    advance: Callable[[str], None] = lambda note: None,
) -> list[Path]:
    """Write the pack into `out` and keep it in the installation. Raises FindingsRemain where the check finds anything in a finished file."""
    from quarterdeck.record.database import open_record

    record = open_record(settings)
    try:
        return write_pack(open_desk(settings, as_of, record, now), out, pptx_template, variant, advance)
    finally:
        record.close()


def write_pack(
    desk: Desk, out: Path, pptx_template: Path | None = None, variant: str = "standard", advance: Callable[[str], None] = lambda note: None
) -> list[Path]:
    """The same on an open desk."""
    out.mkdir(parents=True, exist_ok=True)
    written: list[Path] = []
    for template, formats in PACK:
        advance(f"Drafting the {template.replace('-', ' ')}")
        paper = desk.draft(template, variant=variant)
        for file_format in formats:
            advance(f"Writing {template}.{file_format}")
        rendered = desk.render(paper, formats, pptx_template)
        if desk.record is not None:
            register_draft(desk.record, SINGLE_USER, paper, desk, rendered.content_hash)
        for file_format, content in rendered.files.items():
            path = out / f"{template}.{file_format}"
            refuse_findings(desk.check(read_bytes(content, path.name), path.name))
            path.write_bytes(content)
            written.append(path)
    advance("Done")
    return written


def keep_last_figures(settings: Settings) -> str:
    """Keep the board papers' figures as the snapshot before the newest gives them; its day in words, or "" where there is none."""
    store = Store(settings.evidence_dir, settings.choices)
    if len(taken := store.snapshots()) < 2:
        return ""
    earlier = store.open(taken[-2].id)
    desk = Desk(settings, earlier, earlier.taken_at, is_latest=False)
    for template, _ in PACK:
        desk.keep_figures(template)
    return wording.day(earlier.data_cut)


def refuse_findings(result: CheckResult) -> None:
    """Raises FindingsRemain that names the first finding and counts the others."""
    if not result.is_clean:
        first = result.errors[0]
        others = f" and {len(result.errors) - 1} more" if len(result.errors) > 1 else ""
        raise FindingsRemain(
            "The check found something in a finished paper",
            thing=f"{result.file}, {first.place}: {first.kind}, {first.found!r}{others}",
            next_step=first.message,
        )
