"""Laws and guidance as Markdown with a front matter: CFR parts, articles of the MDR, MDCG and FDA guidance, UK instruments."""

from __future__ import annotations

import re
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
    document = _describe(family, source, name, text)
    return Parsed([document])


def tidy(text: str) -> str:
    """Pieces of lines joined where the conversion broke them, page numbers gone."""
    lines = [line.strip() for line in text.split("\n")]
    lines = [line for line in lines if not re.fullmatch(r"\d{1,3}", line)]
    joined = re.sub(r"\n{3,}", "\n\n", "\n".join(lines))
    return joined.strip()[:TEXT_LIMIT]


def _describe(family: str, source: dict[str, object], name: str, text: str) -> Document:
    title = clean(source.get("chunk_title") or source.get("title") or name)
    chunk = clean(source.get("chunk_id"))
    if clean(source.get("instrument")) == "21 CFR":
        part = re.sub(r"\D", "", chunk)
        future = re.search(r"EFF\.?\s*(\d{1,2})-(\d{1,2})-(\d\d)", title)
        day = date(2000 + int(future[3]), int(future[1]), int(future[2])) if future else None
        return Document(
            id=f"cfr:21:{part}{'@' + day.isoformat() if day else ''}",
            native_id=part,
            title=f"21 CFR part {part}: {title}",
            text=text,
            authority="FDA",
            jurisdictions=("US",),
            kind="law",
            cfr_parts=(f"21 CFR Part {part}",),
            status="not yet in force in this edition" if day else "in force",
            url=f"https://www.ecfr.gov/current/title-21/part-{part}",
        )
    if clean(source.get("instrument")) == "MDR":
        return Document(
            id=f"celex:32017R0745:{slug(chunk)}",
            native_id=chunk,
            title=f"Regulation (EU) 2017/745, {chunk}: {title}",
            text=text,
            celex="32017R0745",
            authority="European Union",
            jurisdictions=("EU", "EEA"),
            kind="law",
            url="http://data.europa.eu/eli/reg/2017/745/oj",
        )
    if "MDCG" in family or name.lower().startswith(("mdcg", "md_mdcg")):
        return Document(
            id=f"mdcg:{slug(name)}",
            native_id=name,
            title=_title_from(text, title),
            text=text,
            authority="MDCG",
            jurisdictions=("EU", "EEA"),
            kind="guidance",
        )
    if str(source.get("identifier", "")).startswith("uksi"):
        return Document(
            id=f"uklaw:{source['identifier']}",
            native_id=clean(source["identifier"]),
            title=title,
            text=text,
            authority="UK Parliament",
            jurisdictions=("GB",),
            kind="law",
            published=read_day(source.get("publication_date")),
            url=clean(source.get("source")),
            dates=tuple(extract_dates(text, day_first=True)),
        )
    docket = re.findall(r"FDA-\d{4}-[A-Z]-\d{4}", clean(source.get("docket")))
    return Document(
        id=f"fda-text:{slug(name)}",
        native_id=name,
        title=title,
        text=text,
        authority="FDA" if "FDA" in clean(source.get("instrument")) else clean(source.get("authority")),
        jurisdictions=("US",) if docket or "FDA" in clean(source.get("instrument")) else (),
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
