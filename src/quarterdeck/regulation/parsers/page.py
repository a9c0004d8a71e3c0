"""Any other page: HTML, PDF, plain text or pasted text, as one document."""

from __future__ import annotations

import io
import re

from quarterdeck.regulation.dates import extract_dates
from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import TEXT_LIMIT, Parsed, Payload, read_html, slug


def matches(payload: Payload) -> bool:
    """Always: this is the last parser."""
    return True


def parse(payload: Payload) -> Parsed:
    """One document whose title is the page's, or the first line."""
    parsed = Parsed()
    title, text = _read(payload, parsed)
    if not text.strip():
        parsed.problem("text", payload.name, "no text could be read")
        return parsed
    name = payload.name.rpartition("/")[2] or payload.name
    first = next((line.strip() for line in text.split("\n") if line.strip()), name)
    british = bool(re.search(r"\.gov\.uk|\.europa\.eu|mhra|\bEMA\b", payload.name + text[:3000]))
    parsed.documents.append(
        Document(
            id=f"page:{slug(payload.name if '://' in payload.name else name, 120)}",
            native_id=name,
            title=(title or first)[:300],
            text=text[:TEXT_LIMIT],
            url=payload.name if payload.name.startswith(("http://", "https://")) else "",
            dates=tuple(extract_dates(text[:TEXT_LIMIT], day_first=british)),
        )
    )
    return parsed


def _read(payload: Payload, parsed: Parsed) -> tuple[str, str]:
    if payload.content[:5] == b"%PDF-":
        return _read_pdf(payload, parsed)
    if payload.content[:4] in (b"PK\x03\x04", b"\x89PNG", b"\xff\xd8\xff\xe0") or b"\x00" in payload.content[:2000]:
        parsed.problem("payload", payload.name, "not a text, HTML or PDF file")
        return "", ""
    if re.search(r"<(?:html|body|div|p|h1)[\s>]", payload.text[:20000], re.IGNORECASE):
        return read_html(payload.text)
    if payload.head.lstrip().startswith("<"):
        return "", re.sub(r"<[^>]{0,2000}>", " ", payload.text)
    return "", payload.text


def _read_pdf(payload: Payload, parsed: Parsed) -> tuple[str, str]:
    from pypdf import PdfReader
    from pypdf.errors import PyPdfError

    try:
        reader = PdfReader(io.BytesIO(payload.content))
        pages = [page.extract_text() or "" for page in reader.pages[:300]]
        title = str(reader.metadata.title or "") if reader.metadata else ""
    except (PyPdfError, ValueError, KeyError, TypeError, RecursionError) as error:
        parsed.problem("payload", payload.name, f"the PDF cannot be read: {error}")
        return "", ""
    return title.strip(), "\n".join(pages)
