"""Paper templates as data: audience, the question answered, length cap, sections, required evidence. The loader refuses unknown keys."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from quarterdeck.data_files import parse_yaml
from quarterdeck.papers.extraction import extract_tokens
from quarterdeck.papers.guidance import guidance_ids
from quarterdeck.vocabulary.errors import BadInput, NotFound

FOLDER = Path(__file__).with_name("templates")
ABOUT = ("portfolio", "study", "vendor")
KEYS = {
    "id",
    "name",
    "audience",
    "question",
    "about",
    "formats",
    "cap",
    "second_reader",
    "max_age_days",
    "required",
    "answer",
    "answer_sections",
    "sections",
    "free_form",
    "order",
    "targets",
    "rests_on",
}
CAP_KEYS = {"words", "slides"}
FORMATS = ("pptx", "docx", "pdf", "html", "xlsx")
REQUIRABLE = ("readings", "targets", "findings", "records", "decisions", "key_points", "previous")
RESTS_ON = ("", "review", "selection")
ANSWERS = (
    "targets", "findings", "both", "matters", "sections", "money", "rescue", "decision", "review", "position", "standing", "selection", "none",
)  # fmt: skip
SECTION_KEYS = {"id", "kind", "topic", "annex"}


@dataclass(frozen=True, slots=True)
class SectionPlan:
    """One section: the kind names a composer, the options are its own."""

    id: str
    kind: str
    topic: str
    annex: bool = False
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Template:
    """A kind of paper. `cap_words` counts prose; `second_reader` asks for another pair of eyes before approval."""

    id: str
    name: str
    audience: str
    question: str
    about: str
    formats: tuple[str, ...]
    cap_words: int
    cap_slides: int
    second_reader: bool
    max_age_days: int
    required: tuple[str, ...]
    answer: str
    answer_sections: tuple[str, ...]  # whose headings are the answer, or follow it
    sections: tuple[SectionPlan, ...]
    free_form: bool
    targets: tuple[str, ...]
    rests_on: str  # the kind of record it is about: one reviewed change order, one selection
    hash: str

    def limits(self) -> dict[str, Any]:
        """What the check holds a finished file against."""
        return {"cap_words": self.cap_words, "cap_slides": self.cap_slides, "answer": not self.free_form}


@cache
def load_templates() -> dict[str, Template]:
    """All templates by id, in the order their files state."""
    from quarterdeck.papers.compose.kinds import KINDS

    entries = [_read(path, {name: kind.options for name, kind in KINDS.items()}) for path in FOLDER.glob("*.yaml")]
    return {template.id: template for _, template in sorted(entries, key=lambda entry: (entry[0], entry[1].id))}


def get_template(template_id: str) -> Template:
    """One template. Raises NotFound that lists what there is."""
    templates = load_templates()
    if template_id not in templates:
        raise NotFound("No such paper", thing=template_id, allowed=list(templates))
    return templates[template_id]


def _read(path: Path, kinds: Mapping[str, frozenset[str]]) -> tuple[int, Template]:
    text = path.read_text(encoding="utf-8")
    content = parse_yaml(text)
    _allow(path, "template", set(content), KEYS)
    _allow(path, "about", {content["about"]}, ABOUT)
    _allow(path, "formats", set(content["formats"]), FORMATS)
    _allow(path, "cap", set(content["cap"]), CAP_KEYS)
    _allow(path, "rests_on", {content.get("rests_on", "")}, RESTS_ON)
    _allow(path, "answer", {content.get("answer", "targets")}, ANSWERS)
    _allow(path, "required", set(content.get("required", [])), REQUIRABLE)
    if content["id"] != path.stem:
        raise BadInput("A template's id must be its file name", thing=f"{path.name}: {content['id']}")
    template = Template(
        content["id"], content["name"], content["audience"], content["question"], content["about"], tuple(content["formats"]), int(content["cap"].get("words", 0)), int(content["cap"].get("slides", 0)),
        bool(content.get("second_reader", False)), int(content.get("max_age_days", 60)), tuple(content.get("required", [])), content.get("answer", "targets"), tuple(content.get("answer_sections", [])),
        tuple(_section(path, entry, kinds) for entry in content["sections"]), bool(content.get("free_form", False)), tuple(content.get("targets", [])), content.get("rests_on", ""), hashlib.sha256(text.encode()).hexdigest(),
    )  # fmt: skip
    _allow(path, "answer_sections", set(template.answer_sections), {section.id for section in template.sections})
    for words in (template.name, template.question):
        _refuse_numbers(path, words)
    return int(content.get("order", 99)), template


def _section(path: Path, entry: Mapping[str, Any], kinds: Mapping[str, frozenset[str]]) -> SectionPlan:
    _allow(path, f"kind of section {entry.get('id')}", {entry["kind"]}, kinds)
    options = {key: value for key, value in entry.items() if key not in SECTION_KEYS}
    _allow(path, f"section {entry['id']}", set(options), kinds[entry["kind"]])
    _refuse_numbers(path, entry["topic"])
    return SectionPlan(entry["id"], entry["kind"], entry["topic"], bool(entry.get("annex", False)), options)


def _allow(path: Path, what: str, found: set[Any], allowed: Any) -> None:
    if unknown := found - set(allowed):
        raise BadInput(
            f"Unknown value in a paper template ({what})",
            thing=f"{path.name}: {', '.join(sorted(map(str, unknown)))}",
            allowed=sorted(allowed),
        )


def _refuse_numbers(path: Path, words: str) -> None:
    for token in extract_tokens(words):
        if not (token.kind == "guidance" and token.value in guidance_ids()):
            raise BadInput(
                "A template's own words state a value",
                thing=f"{path.name}: {token.text!r} in {words!r}",
                next_step="Values come from facts only.",
            )
