"""The FDA's catalogue of guidance: one array of rows whose cells are escaped HTML."""

from __future__ import annotations

import html
import re

from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import Parsed, Payload, clean, field_date, read_american_day, slug


def matches(payload: Payload) -> bool:
    """A list of rows with field_issue_datetime or field_docket_number."""
    data = payload.data
    return isinstance(data, list) and bool(data) and isinstance(data[0], dict) and any(k.startswith("field_") for k in data[0])


def parse(payload: Payload) -> Parsed:
    """One document per row; the key is the slug of its landing page."""
    parsed = Parsed(stated=len(payload.data))
    for row in payload.data:
        cell = html.unescape(str(row.get("title") or "")) if isinstance(row, dict) else ""
        if not cell.strip():
            parsed.problem("title", str(row)[:60], "missing; the row is set aside")
            continue
        link = re.search(r'href="([^"]+)"', cell)
        path = link[1] if link else ""
        key = slug(path.rstrip("/").rpartition("/")[2] or clean(cell))
        is_final = "final" in clean(row.get("field_final_guidance_1")).lower()
        closes = read_american_day(clean(row.get("field_comment_close_date")))
        parsed.documents.append(
            Document(
                id=f"fda-guidance:{key}",
                native_id=key,
                title=clean(cell),
                authority="FDA",
                jurisdictions=("US",),
                kind="guidance" if is_final else "draft",
                published=read_american_day(clean(row.get("field_issue_datetime"))),
                updated=read_american_day(clean(row.get("changed"))),
                url=path if path.startswith("http") else f"https://www.fda.gov{path}" if path else "",
                docket=tuple(re.findall(r"FDA-\d{4}-[A-Z]-\d{4}", clean(row.get("field_docket_number")))),
                dates=field_date("comment_close", closes, "field_comment_close_date"),
                extra={"topics": clean(row.get("topics-product") or row.get("field_topics"))},
            )
        )
    return parsed
