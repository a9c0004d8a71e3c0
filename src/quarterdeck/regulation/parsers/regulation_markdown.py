"""Laws and guidance as Markdown with a front matter: CFR parts, articles of the MDR, MDCG and FDA guidance, UK instruments."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from quarterdeck.data_files import parse_yaml
from quarterdeck.regulation.dates import extract_dates
from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import TEXT_LIMIT, Parsed, Payload, clean, read_day, slug

_FRONT = re.compile(r"^(?:<!--.*?-->\s*)?---\s*\n(.*?)\n---\s*\n", re.DOTALL)


def matches(payload: Payload) -> bool:
    """Text with a front matter that names a source or an identifier."""
    front = _FRONT.match(payload.head)
    return bool(front and re.search(r"^(?:source|title|identifier)\s*:", front[1], re.MULTILINE))


def parse(payload: Payload) -> Parsed:
    """One document; page numbers and blank lines left by the conversion are dropped."""
    front = _FRONT.match(payload.text)
    assert front is not None
    content = parse_yaml(front[1]) or {}
    source = content["source"] if isinstance(content.get("source"), dict) else content
    text = tidy(payload.text[front.end() :])
    family, name = clean(source.get("family") or "").upper(), payload.name.rpartition("/")[2].rpartition(".")[0]
    return Parsed([_describe(family, _Found(source, name, text))])


def tidy(text: str) -> str:
    """Pieces of lines joined where the conversion broke them, page numbers gone."""
    lines = [line.strip() for line in text.split("\n")]
    lines = [line for line in lines if not re.fullmatch(r"\d{1,3}", line)]
    joined = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    return joined.strip()[:TEXT_LIMIT]


@dataclass(frozen=True, slots=True)
class _Found:
    """A text with what its front matter says of it."""

    source: dict[str, object]
    name: str
    text: str

    def say(self, key: str) -> str:
        """A value of the front matter."""
        return clean(self.source.get(key))

    @property
    def title(self) -> str:
        """As the front matter gives it, else the name of the file."""
        return clean(self.source.get("chunk_title") or self.source.get("title") or self.name)


def _describe(family: str, found: _Found) -> Document:
    if found.say("instrument") == "21 CFR":
        return _cfr_part(found)
    if found.say("instrument") == "MDR":
        return _mdr_article(found)
    if "MDCG" in family or found.name.lower().startswith(("mdcg", "md_mdcg")):
        return _mdcg_guidance(found)
    if found.say("identifier").startswith("uksi"):
        return _uk_instrument(found)
    return _fda_guidance(found)


def _cfr_part(found: _Found) -> Document:
    part = re.sub(r"\D", "", found.say("chunk_id"))
    future = re.search(r"EFF\.?\s*(\d{1,2})-(\d{1,2})-(\d\d)", found.title)
    day = date(2000 + int(future[3]), int(future[1]), int(future[2])) if future else None
    return Document(
        id=f"cfr:21:{part}{'@' + day.isoformat() if day else ''}",
        native_id=part,
        title=f"21 CFR part {part}: {found.title}",
        text=found.text,
        authority="FDA",
        jurisdictions=("US",),
        kind="law",
        cfr_parts=(f"21 CFR Part {part}",),
        status="not yet in force in this edition" if day else "in force",
        url=f"https://www.ecfr.gov/current/title-21/part-{part}",
    )


def _mdr_article(found: _Found) -> Document:
    chunk = found.say("chunk_id")
    return Document(
        id=f"celex:32017R0745:{slug(chunk)}",
        native_id=chunk,
        title=f"Regulation (EU) 2017/745, {chunk}: {found.title}",
        text=found.text,
        celex="32017R0745",
        authority="European Union",
        jurisdictions=("EU", "EEA"),
        kind="law",
        url="http://data.europa.eu/eli/reg/2017/745/oj",
    )


def _mdcg_guidance(found: _Found) -> Document:
    return Document(
        id=f"mdcg:{slug(found.name)}",
        native_id=found.name,
        title=_title_from(found.text, found.title),
        text=found.text,
        authority="MDCG",
        jurisdictions=("EU", "EEA"),
        kind="guidance",
    )


def _uk_instrument(found: _Found) -> Document:
    return Document(
        id=f"uklaw:{found.say('identifier')}",
        native_id=found.say("identifier"),
        title=found.title,
        text=found.text,
        authority="UK Parliament",
        jurisdictions=("GB",),
        kind="law",
        published=read_day(found.source.get("publication_date")),
        url=found.say("source"),
        dates=tuple(extract_dates(found.text, day_first=True)),
    )


def _fda_guidance(found: _Found) -> Document:
    docket = re.findall(r"FDA-\d{4}-[A-Z]-\d{4}", found.say("docket"))
    is_fda = "FDA" in found.say("instrument")
    return Document(
        id=f"fda-text:{slug(found.name)}",
        native_id=found.name,
        title=found.title,
        text=found.text,
        authority="FDA" if is_fda else found.say("authority"),
        jurisdictions=("US",) if docket or is_fda else (),
        kind="guidance",
        docket=tuple(docket),
    )


def _title_from(text: str, fallback: str) -> str:
    lines = [
        line
        for line in text.split("\n")[:30]
        if len(line) > 15 and not re.match(r"(?i)medical device coordination|medical devices$|document$", line)
    ]
    return lines[0][:200] if lines else fallback
