"""Every paper on the demo at its full size, in every format: written, read back, clean, and readable."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.run import make_demo
from quarterdeck.evidence.store import Store
from quarterdeck.papers.board import PACK, write_pack
from quarterdeck.papers.desk import Desk, open_desk
from quarterdeck.papers.keypoints import draft_points
from quarterdeck.papers.readers.pieces import ReadDocument
from quarterdeck.papers.readers.read import read_bytes
from quarterdeck.papers.template import FORMATS, Template, get_template, load_templates
from quarterdeck.record.database import open_record
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings
from vendor_records import fill_vendor_record

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
POINTS = ("Enrolment of QD-007 needs your attention", "Please approve back-up sites for QD-007")
# What a reader must never meet: a value that was not put into words.
RAW = re.compile(r"\b(?:nan|None|null|undefined|NaT|Decimal\(|\w+_\w+)\b|[{}]")


@pytest.fixture(scope="module")
def demo_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The demo as `quarterdeck demo` makes it, with its newest day only."""
    if ready := os.environ.get("QUARTERDECK_TEST_DEMO"):  # made once by hand, where one runs this test again and again
        return Path(ready)
    out = tmp_path_factory.mktemp("demo")
    settings = Settings(home=out / "home")
    make_demo(DemoOptions(snapshots=1), out, Store(settings.evidence_dir))
    return settings.home


@pytest.mark.timeout(900)
def test_every_paper_and_the_board_pack_of_the_full_demo_are_clean_in_every_format(demo_home: Path, tmp_path: Path) -> None:
    # One test, because the facts of a demo this large take longer to gather than all papers to write.
    settings = Settings(home=tmp_path / "home", organisation="Harbour Therapeutics (invented)")
    settings.evidence_dir.parent.mkdir(parents=True, exist_ok=True)
    settings.evidence_dir.symlink_to(demo_home / "evidence")
    record = open_record(settings)
    desk = open_desk(settings, None, record, NOW)
    assert desk.snapshot.tables["study"].rows == 24
    problems = [problem for template in load_templates().values() for problem in problems_of(desk, template)]
    # The same papers of the vendor room once its record holds a reviewed change order, promises, a meeting and a selection.
    basis = fill_vendor_record(record, desk.snapshot, "V03", tmp_path, NOW)
    desk = open_desk(settings, None, record, NOW + timedelta(minutes=1))
    for template_id in ("change-order", "negotiation-brief", "vendor-review", "vendor-selection"):
        problems += problems_of(desk, get_template(template_id), Scope("vendor", "V03"), formats=("docx", "pptx"))
    problems += problems_of(desk, get_template("email"), basis=basis["meeting"], formats=("docx",))
    files = write_pack(desk, tmp_path / "pack")
    assert len(files) == sum(len(formats) for _, formats in PACK)
    record.close()
    assert problems == []


def problems_of(desk: Desk, template: Template, about: Scope = Scope(), basis: str = "", formats: tuple[str, ...] = FORMATS) -> list[str]:
    """What is wrong with one paper's files, each as a line."""
    points = draft_points(POINTS, desk.facts()).lines if template.free_form else ()
    rendered = desk.render(desk.draft(template.id, about, points, basis=basis), formats, points=points)
    problems = []
    for file_format, content in rendered.files.items():
        name = f"{template.id}.{file_format}"
        document = read_bytes(content, name)
        result = desk.check(document, name)
        problems += [f"{name}, {f.place}: {f.kind} {f.found!r}, {f.message}" for f in result.errors]
        problems += [f"{name}: raw words {words!r}" for words in raw_words(document)]
    return problems


def raw_words(document: ReadDocument) -> set[str]:
    """Values that nobody put into words; the sheet of sources names facts by their identifiers and may."""
    texts = (piece.text for piece in document.pieces if "Sources" not in piece.place and "properties" not in piece.place)
    return {match.group() for text in texts for match in RAW.finditer(text)}
