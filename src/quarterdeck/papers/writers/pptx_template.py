"""Makes the 16:9 template of the decks: two layouts, our colours and type. A corporate template with the same layout names replaces it.

A replacement needs a layout named "Finding" with a title and a body placeholder, and one named "Opening" with a title and a subtitle.
"""

from __future__ import annotations

from io import BytesIO
from typing import Any

from pptx import Presentation
from pptx.oxml.ns import qn
from pptx.util import Cm, Pt

from quarterdeck.papers.writers.look import OFFICE_FONT, SPACED_FONT, colours

WIDTH, HEIGHT = Cm(33.867), Cm(19.05)
LEFT, RIGHT = Cm(1.7), Cm(1.7)
OPENING, FINDING = "Opening", "Finding"
_KEPT = {0: OPENING, 1: FINDING}  # position in python-pptx's default template: title slide, title and content


def make_template(variant: str = "standard") -> bytes:
    """The template as a PPTX without slides."""
    deck = Presentation()
    deck.slide_width, deck.slide_height = WIDTH, HEIGHT
    _drop_layouts(deck)
    _set_theme(deck, variant)
    _place_master(deck, variant)
    for position, name in _KEPT.items():
        layout = deck.slide_layouts[position]
        layout.name = name
        _place_layout(layout, name)
    stream = BytesIO()
    deck.save(stream)
    return stream.getvalue()


def _drop_layouts(deck: Any) -> None:
    for layout in list(deck.slide_layouts)[len(_KEPT) :]:
        deck.slide_layouts.remove(layout)


def _place_layout(layout: Any, name: str) -> None:
    inner = WIDTH - LEFT - RIGHT
    for shape in list(layout.placeholders):
        kind = shape.placeholder_format.type
        idx = shape.placeholder_format.idx
        if idx == 0:
            _put(shape, LEFT, Cm(5.2) if name == OPENING else Cm(1.0), inner, Cm(4.4) if name == OPENING else Cm(2.5))
        elif idx == 1:
            _put(shape, LEFT, Cm(9.9) if name == OPENING else Cm(3.5), inner, Cm(5) if name == OPENING else Cm(2.3))
        else:
            _place_furniture(shape, kind)


def _place_furniture(shape: Any, kind: Any) -> None:
    if "SLIDE_NUMBER" in str(kind):
        _put(shape, WIDTH - RIGHT - Cm(2), Cm(18.0), Cm(2), Cm(0.7))
    elif "FOOTER" in str(kind):
        _put(shape, LEFT, Cm(18.0), Cm(26), Cm(0.7))
    else:
        shape._element.getparent().remove(shape._element)


def _place_master(deck: Any, variant: str) -> None:
    master = deck.slide_master
    inner = WIDTH - LEFT - RIGHT
    for shape in list(master.placeholders):
        kind = str(shape.placeholder_format.type)
        if "TITLE" in kind:
            _put(shape, LEFT, Cm(1.0), inner, Cm(2.5))
        elif "BODY" in kind:
            _put(shape, LEFT, Cm(3.5), inner, Cm(13))
        else:
            _place_furniture(shape, kind)
    _style_master(master, variant)


def _style_master(master: Any, variant: str) -> None:
    styles = master._element.find(qn("p:txStyles"))
    spaced = variant == "spaced"
    for tag, size, bold in (("p:titleStyle", 26, True), ("p:bodyStyle", 18 if spaced else 16, False)):
        for i, level in enumerate(styles.find(qn(tag))):
            if not level.tag.endswith("pPr"):
                continue
            level.set("algn", "l")
            if tag == "p:bodyStyle":
                level.set("marL", "0" if i == 0 else "228600")
                level.set("indent", "0" if i == 0 else "-228600")
                _set_bullet(level, none=i == 0)
            run = level.find(qn("a:defRPr"))
            run.set("sz", str((size - 2 * min(i, 1)) * 100))
            run.set("b", "1" if bold else "0")
            if spaced:
                run.set("spc", "60")
    for shape in master.placeholders:
        body = shape.text_frame._txBody.find(qn("a:bodyPr"))
        body.set("lIns", "0")
        body.set("rIns", "0")
        if "TITLE" in str(shape.placeholder_format.type):
            body.set("anchor", "t")
        for run in shape._element.iter(qn("a:defRPr")):
            if any(word in str(shape.placeholder_format.type) for word in ("FOOTER", "SLIDE_NUMBER")):
                run.set("sz", str(Pt(9).pt * 100).split(".")[0])


def _set_bullet(level: Any, none: bool) -> None:
    for tag in ("a:buNone", "a:buChar", "a:buAutoNum", "a:buFont"):
        for element in level.findall(qn(tag)):
            level.remove(element)
    element = level.makeelement(qn("a:buNone" if none else "a:buChar"), {} if none else {"char": "•"})
    run = level.find(qn("a:defRPr"))
    level.insert(list(level).index(run), element)


def _put(shape: Any, left: int, top: int, width: int, height: int) -> None:
    shape.left, shape.top, shape.width, shape.height = left, top, width, height


def _set_theme(deck: Any, variant: str) -> None:
    from lxml import etree  # type: ignore[import-untyped]

    part = next(rel.target_part for rel in deck.slide_master.part.rels.values() if rel.reltype.endswith("/theme"))
    theme = etree.fromstring(part.blob)
    colour = colours(variant)
    values = {
        "dk1": colour["ink"], "lt1": colour["paper"], "dk2": colour["ink_2"], "lt2": colour["panel"], "accent1": colour["series_1"], "accent2": colour["series_2"],
        "accent3": colour["series_3"], "accent4": colour["series_4"], "accent5": colour["context"], "accent6": colour["concern"], "hlink": "0B5A9E", "folHlink": colour["ink_2"],
    }  # fmt: skip
    for name, value in values.items():
        element = theme.find(f".//{qn('a:clrScheme')}/{qn('a:' + name)}")
        for child in list(element):
            element.remove(child)
        etree.SubElement(element, qn("a:srgbClr"), val=value)
    for element in theme.iter(qn("a:latin")):
        element.set("typeface", SPACED_FONT if variant == "spaced" else OFFICE_FONT)
    part._blob = etree.tostring(theme, xml_declaration=True, encoding="UTF-8", standalone=True)
