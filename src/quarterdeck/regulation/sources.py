"""Sources as data files: where an authority publishes, how it is asked, which parser reads it, and what must be said about its licence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from quarterdeck.regulation.loading import HERE, check_keys, check_value, read_yaml
from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers import NAMES

SOURCES = HERE / "sources"
_REQUIRED = ("title", "authority", "jurisdiction", "parser", "licence", "attribution")
_OPTIONAL = (
    "address",
    "seconds_between_requests",
    "alarm_days",
    "key_environment",
    "key_header",
    "user_environment",
    "user_header",
    "method",
    "body",
    "accept",
)
# Which source a payload from a file belongs to, by parser and, where that is not enough, by authority.
_BY_PARSER = {
    "federal_register_xml": "federal-register-issues",
    "federal_register_toc": "federal-register-issues",
    "federal_register_api": "federal-register",
    "regulations_gov": "regulations-gov",
    "ecfr": "ecfr",
    "fda_guidance_catalogue": "fda-guidance",
    "fda_dashboard": "fda-inspections",
    "govuk": "govuk-mhra",
    "legislation": "legislation-uk",
    "cellar": "cellar",
    "ema_documents": "ema-documents",
    "ctis": "ctis",
    "clinicaltrials_gov": "clinicaltrials-gov",
    "fda_inspections": "fda-inspection-files",
    "corpus": "collections",
    "feed": "pasted",
    "page": "pasted",
}


@dataclass(frozen=True, slots=True)
class Source:
    """A source. One without an address is fed by hand. `alarm_days` of silence raise an alarm."""

    id: str
    title: str
    authority: str
    jurisdiction: str
    parser: str
    licence: str
    attribution: str
    address: str = ""
    seconds_between_requests: float = 2.0
    alarm_days: int = 0
    key_environment: str = ""
    key_header: str = ""
    user_environment: str = ""
    user_header: str = ""
    method: str = "GET"
    body: dict[str, Any] = field(default_factory=dict)
    accept: str = ""

    def get_address(self, since: date) -> str:
        """The address to ask for what is new since a day."""
        return (
            self.address.replace("{since}", since.isoformat())
            .replace("{year}", f"{since:%Y}")
            .replace("{month}", f"{since:%m}")
            .replace("{day}", f"{since:%d}")
        )


@cache
def load_sources() -> dict[str, Source]:
    """All sources by id. Raises BadInput for unknown keys or parsers."""
    sources = {}
    for path in sorted(SOURCES.glob("*.yaml")):
        entry = check_keys(read_yaml(path), path.name, _REQUIRED, _OPTIONAL)
        check_value(entry["parser"], path.name, NAMES)
        check_value(entry.get("method", "GET"), path.name, ("GET", "POST"))
        sources[path.stem] = Source(id=path.stem, **entry)
    return sources


def guess_source(parser: str, documents: Sequence[Document]) -> str:
    """The source that a payload from a file belongs to."""
    if parser == "regulation_markdown":
        places = Counter(place for document in documents for place in document.jurisdictions)
        return "us-texts" if places.get("US") else "legislation-uk" if places.get("GB") else "eu-texts" if places.get("EU") else "pasted"
    return _BY_PARSER.get(parser, "pasted")
