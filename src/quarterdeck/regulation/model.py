"""Frozen values of this room: dates with their phrase and span, documents, provisions, obligations, verdicts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from quarterdeck.vocabulary.errors import BadInput

# S official source or verbatim text; T trade or law page; M general knowledge that nobody has checked yet.
CERTAINTIES = {"S": "official source", "T": "trade or law page", "M": "no source checked"}
BINDING = ("law", "guideline", "guidance", "draft", "proposal", "voluntary", "signal")
DATE_KINDS = (
    "comment_close",
    "effective",
    "applies_from",
    "applicable_until",
    "transition_start",
    "transition_end",
    "election_deadline",
    "meeting",
    "expected",
    "published",
    "adopted",
)


@dataclass(frozen=True, slots=True)
class Span:
    """Where a phrase stands in a text: first character and the one after the last."""

    start: int
    end: int

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise BadInput("A span ends before it starts", thing=f"{self.start} to {self.end}")

    def of(self, text: str) -> str:
        """The words themselves."""
        return text[self.start : self.end]


@dataclass(frozen=True, slots=True)
class DateFact:
    """A typed date as a document states it.

    `date` is None where the document states only an expression ("within 30 days of publication");
    `computed` and `formula` then show what follows from a known publication date, and nothing is invented otherwise.
    `until` is the last day of an event of several days. `basis` is printed, field (a structured field of the source) or expression.
    """

    kind: str
    date: dt.date | None
    phrase: str
    span: Span
    certainty: str = "S"
    basis: str = "printed"
    until: dt.date | None = None
    expression: str = ""
    computed: dt.date | None = None
    formula: str = ""
    time: str = ""


@dataclass(frozen=True, slots=True)
class Provision:
    """The smallest addressable piece of a text: '312.32(c)(1)', 'art 62(4)', 'paragraph 12'."""

    path: str
    text: str
    span: Span
    heading: str = ""


@dataclass(frozen=True, slots=True)
class Document:
    """One publication of an authority, in one version, whatever channel brought it."""

    id: str
    title: str
    text: str = ""
    authority: str = ""
    jurisdictions: tuple[str, ...] = ()
    kind: str = "notice"  # law, final_rule, proposed_rule, draft, guidance, consultation, notice, alert, inspection, trial_record
    published: date | None = None
    url: str = ""
    native_id: str = ""
    docket: tuple[str, ...] = ()
    rin: str = ""
    celex: str = ""
    cfr_parts: tuple[str, ...] = ()
    language: str = "en"
    status: str = ""
    abstract: str = ""
    updated: date | None = None
    dates: tuple[DateFact, ...] = ()
    withdrawn: bool = False
    corrects: str = ""
    notes: tuple[str, ...] = ()
    extra: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Obligation:
    """Who must, should, may or must not do what, when and within which limit, with the words it rests on."""

    actor: str
    modality: str  # must, should, may, must_not
    action: str
    trigger: str
    time_limit: str
    span: Span
    sentence: str
    provision: str = ""


class Outcome(StrEnum):
    """What a rule says about one trial. A missing attribute can only lead to NEEDS_REVIEW, never to NOT_APPLICABLE."""

    APPLIES = "applies"
    WATCH = "watch"
    NOT_APPLICABLE = "not_applicable"
    NEEDS_REVIEW = "needs_review"

    @property
    def word(self) -> str:
        """The verdict in words."""
        return {"applies": "applies", "watch": "to watch", "not_applicable": "does not apply", "needs_review": "needs an answer"}[
            self.value
        ]
