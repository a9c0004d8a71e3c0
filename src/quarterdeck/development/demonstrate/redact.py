"""Redaction before a transcript is kept for others: participants, sites, people, addresses are replaced by what they are."""

from __future__ import annotations

import re

PATTERNS = (
    (re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b"), "[address]"),
    (re.compile(r"\b[A-Z]{2,5}-\d{2,5}/\d{2,5}(?:[-/]\d{1,5})?\b"), "[site]"),
    (re.compile(r"\b(participant|patient|subject)\s+(?:no\.?\s*)?[A-Z]{0,4}[-]?\d{2,}(?:-\d+)*\b", re.I), r"\1 [number]"),
    (re.compile(r"\b(site|centre|center)\s+(?:no\.?\s*)?\d{2,}\b", re.I), r"\1 [number]"),
    (re.compile(r"\b\d{3,4}-\d{3,5}\b"), "[number]"),
    (re.compile(r"\b(Dr|Prof|Professor|Mr|Mrs|Ms|Sister|Nurse)\.?\s+[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+)?"), r"\1 [name]"),
    (re.compile(r"(?<!\w)\+?\d[\d ()-]{8,}\d(?!\w)"), "[telephone]"),
    (re.compile(r"\b(born|date of birth)[^.]{0,12}\d{1,2}[./ ]\w+[./ ]\d{2,4}", re.I), r"\1 [date]"),
)


def redact(text: str) -> tuple[str, int]:
    """The text with identifying parts replaced, and how many were.

    >>> redact("Dr Silva at site 104 called.")
    ('Dr [name] at site [number] called.', 2)
    """
    count = 0
    for pattern, replacement in PATTERNS:
        text, n = pattern.subn(replacement, text)
        count += n
    return text, count
