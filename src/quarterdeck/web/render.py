"""Templates: one environment, the wording filters, and addresses of static files that change with their content."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape

from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.web import tables

HERE = Path(__file__).parent
STATIC = HERE / "static"


@cache
def environment() -> Environment:
    """The one environment: everything escaped, an unknown name is an error."""
    env = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=False,
        lstrip_blocks=True,
        auto_reload=False,
    )
    for name in (
        "number",
        "share",
        "chance",
        "likelihood",
        "money",
        "day",
        "moment",
        "month",
        "period",
        "plural",
        "of",
        "duration",
        "late",
        "in_unit",
        "interval",
        "listing",
    ):
        env.filters[name] = getattr(wording, name)
    env.filters["words"] = tables.words
    env.filters["reading"] = reading_in_words
    env.filters["capital"] = lambda text: str(text)[:1].upper() + str(text)[1:]
    env.filters["as_is"] = Markup  # HTML that our own templates made
    env.filters["sentence_chunks"] = sentence_chunks
    env.globals["static"] = static_address
    env.globals["anchor"] = anchor
    return env


def render(template: str, context: Mapping[str, Any]) -> str:
    """The finished page."""
    return environment().get_template(template).render(context)


def reading_in_words(reading: Reading) -> str:
    """A reading's value, or the reason why there is none."""
    return tables.words(reading)


def sentence_chunks(text: str, sentences: int) -> list[str]:
    """Prose in pieces of so many sentences, for readers who chose short chunks."""
    parts = re.split(r"(?<=[.!?])\s+(?=[A-Z0-9£€“'])", text.strip())
    return [" ".join(parts[i : i + sentences]) for i in range(0, len(parts), sentences)]


def anchor(text: str) -> str:
    """A heading as a fragment of an address."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-") or "part"


@cache
def static_address(path: str) -> str:
    """Where a static file is served; the digest lets browsers keep it for good."""
    digest = hashlib.sha256((STATIC / path).read_bytes()).hexdigest()[:12]
    return f"/static/{path}?v={digest}"


def prose(text: str) -> Markup:
    """Text as paragraphs: an empty line begins a new one."""
    return Markup("").join(Markup("<p>{}</p>").format(escape(part)) for part in re.split(r"\n\s*\n", text.strip()) if part)
