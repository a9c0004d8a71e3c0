"""Redaction before a transcript is kept for others: participants, sites, people, addresses are replaced by what they are."""

from __future__ import annotations

import re

# What may follow "participant" with a capital and is no name: documents, rights and bodies of the trade.
NOT_A_NAME = (
    "Access|Advisory|Advocacy|Affairs|And|Assistance|Burden|Card|Centric|Centred|Compliance|Consent|Data|Diary|Dropout|Education|Engagement|Enrolment|"
    "Experience|Feedback|Group|Guide|Handbook|Help|History|Identification|Identifier|Information|Insights?|Involvement|Journey|Leaflet|Level|Line|List|"
    "Matter|Narratives?|Number|Organi[sz]ations?|Outcomes?|Panel|Partners?|Pathway|Payments?|Population|Preferences?|Privacy|Profile|Protection|Public|"
    "Recruitment|Registry|Relations|Reported|Reports?|Representatives?|Retention|Rights|Safety|Screening|Services?|Status|Stipend|Support|Surveys?|"
    "Dr|Prof|Professor|Mr|Mrs|Ms|Sister|Nurse|Travel|Voice|Visits?|Welfare|The|This|That|In|On|At|For|From|With|Was|Is|Has|Who|When|We|Our|Phase|Protocol|January|February|March|April|May|"
    "June|July|August|September|October|November|December"
)
CAPITAL, LETTER = "A-ZÀ-ÖØ-Þ", r"[^\W\d_]"
WORD = rf"[{CAPITAL}](?:{LETTER}|['’-](?={LETTER}))*[a-zß-öø-ÿ](?![A-Z])\b"
NAME = rf"(?!(?:{NOT_A_NAME})\b)(?:[{CAPITAL}]\.(?:\s?[{CAPITAL}]\.)*(?:\s?{WORD})?|{WORD})(?:\s+(?:(?:de|da|del|di|du|van|von|der|den|el|al|bin|la|le)\s+)*(?:[{CAPITAL}]\.|{WORD}))*"

PATTERNS = (
    (re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]+\b"), "[address]"),
    (re.compile(r"\b[A-Z]{2,5}-\d{2,5}/\d{2,5}(?:[-/]\d{1,5})?\b"), "[site]"),
    (re.compile(r"\b(participant|patient|subject)\s+(?:no\.?\s*)?[A-Z]{0,4}[-]?\d{2,}(?:-\d+)*\b", re.I), r"\1 [number]"),
    (re.compile(r"\b(site|centre|center)\s+(?:no\.?\s*)?\d{2,}\b", re.I), r"\1 [number]"),
    (re.compile(r"\b\d{3,4}-\d{3,5}\b"), "[number]"),
    (re.compile(r"\b(Dr|Prof|Professor|Mr|Mrs|Ms|Sister|Nurse)\.?\s+[A-Z][\w'’-]+(?:\s+[A-Z][\w'’-]+)?"), r"\1 [name]"),
    (
        re.compile(
            rf"\b((?:(?i:participant|patient)s?:?|(?i:subject)s?)(?:,|\s+\[number\],?)?(?:\s+(?:is|was))?(?:\s+(?:named|called))?\s*[(“\"]?)(?<=[\s(“\"]){NAME}(?:\s+and\s+{NAME})?"
        ),
        r"\1[name]",
    ),
    (re.compile(r"(?<!\w)\+?\d[\d ()-]{8,}\d(?!\w)"), "[telephone]"),
    (re.compile(r"\b(born|date of birth)[^.]{0,12}\d{1,2}[./ ]\w+[./ ]\d{2,4}", re.I), r"\1 [date]"),
)


def redact(text: str) -> tuple[str, int]:
    """The text with identifying parts replaced, and how many were. A name after "participant", "patient" or "subject" goes if it has a capital.

    >>> redact("Dr Silva at site 104 called participant John Doe.")
    ('Dr [name] at site [number] called participant [name].', 3)
    """
    count = 0
    for pattern, replacement in PATTERNS:
        text, n = pattern.subn(replacement, text)
        count += n
    return text, count
