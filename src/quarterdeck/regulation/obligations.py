"""Finds who must, should, may or must not do what, when, and within which limit, with the words it rests on. "Should" stays apart from "must"."""

from __future__ import annotations

import re

from quarterdeck.regulation.model import Obligation, Span

_MODAL = re.compile(
    r"\b(?P<modal>(?:shall|must|may|should|will)\s+(?:also\s+|only\s+)?not\b|(?:is|are)\s+(?:not\s+permitted|prohibited\s+from|forbidden)(?:\s+to)?|may\s+not|cannot"
    r"|shall|must|should|(?:is|are)\s+(?:required|responsible|obliged|expected)\s+(?:to|for)|(?:has|have)\s+to|needs?\s+to|recommends?\s+that)\b",
    re.IGNORECASE,
)
_ACTORS = (
    "sponsor-investigator",
    "sponsor",
    "clinical investigator",
    "principal investigator",
    "investigator",
    "IRB",
    "institutional review board",
    "ethics committee",
    "institution",
    "applicant",
    "manufacturer",
    "Member State",
    "member states",
    "competent authority",
    "licensing authority",
    "notified body",
    "FDA",
    "Commission",
    "legal representative",
    "monitor",
    "data monitoring committee",
    "DMC",
    "contract research organization",
    "service provider",
    "holder",
    "person",
    "party",
    "agency",
    "coordinator",
    "Commissioner",
    "contact person",
    "personnel",
    "subject",
    "participant",
    "device",
    "study",
    "site",
    "facility",
    "reviewer",
    "user",
    "establishment",
    "entity",
    "we",
    "you",
)
_ACTOR = re.compile(
    r"\b(?:(?:the|a|an|each|every|any|all|no|such|that|those|other)\s+)?(?:[a-z]+\s+){0,2}?(?P<actor>"
    + "|".join(re.escape(a) for a in sorted(_ACTORS, key=len, reverse=True))
    + r")(?:s|es|ies)?\b",
    re.IGNORECASE,
)
_LIMIT = re.compile(
    r"\b(?:(?:as soon as (?:possible|practicable)[^.;,]{0,40}?(?:no|not) later than|(?:no|not) later than|no(?:t)? (?:more|less|longer) than|within|at least|not to exceed|for a period of|for)\s+"
    r"(?:the\s+)?(?:\d+|one|two|three|four|five|six|seven|ten|twelve|fifteen|thirty|sixty|ninety)(?:[- ](?:calendar|working|business))?[- ]?(?:hours?|days?|weeks?|months?|years?)\b"
    r"|(?:\d+|one|two|three|five|six|seven|ten|fifteen|thirty)[- ](?:(?:calendar|working|business)[- ])?(?:hours?|days?|weeks?|months?|years?)\s+(?:after|before|from|of|following|prior to)\b"
    r"|immediately\b|promptly\b|without (?:undue )?delay\b|as soon as (?:possible|practicable)\b|annually\b|at (?:yearly|6-month|12-month|regular) intervals?\b|each year\b)"
    r"(?:\s+(?:after|before|of|from|following|prior to)\s+[^.;,()]{3,90})?",
    re.IGNORECASE,
)
_TRIGGER = re.compile(
    r"(?:^|,\s*|\b)(?P<trigger>(?:if|when|where|unless|whenever|once|upon|after|before|prior to|in the event (?:of|that)|in case of|except (?:when|where|as))\b[^.;]{5,160}?)(?=,|;|\.|$)",
    re.IGNORECASE,
)
_SENTENCE = re.compile(r"[^.;:]+(?:\.(?=\d|\s*[a-z(])[^.;:]*)*[.;:]?")
_PROHIBIT = re.compile(r"\bnot\b|cannot|prohibited|forbidden", re.IGNORECASE)
_NOT_DUTY = re.compile(
    r"\b(?:shall|will) (?:be construed|mean|be deemed|include)\b|\bshould be (?:noted|aware)\b|\bmay not be (?:the case|known|possible)\b|\bcannot be\b|\b(?:shall|will) have an opportunity\b",
    re.IGNORECASE,
)


def find_obligations(text: str, provision: str = "", offset: int = 0) -> list[Obligation]:
    """Obligations of a passage, one per modal verb. `offset` is added to the spans.

    The actor is the last noun of an actor before the verb in its sentence; of a passive, the noun after "by"; else "not stated".

    >>> o = find_obligations("The sponsor must report to the FDA within 15 calendar days.")[0]
    >>> (o.actor, o.modality, o.time_limit)
    ('sponsor', 'must', 'within 15 calendar days')
    """
    found = []
    for sentence in _SENTENCE.finditer(text):
        words = sentence[0]
        modals = list(_MODAL.finditer(words))
        for number, modal in enumerate(modals):
            end = (
                modals[number + 1].start()
                if number + 1 < len(modals) and " and " not in words[modal.end() : modals[number + 1].start()][-40:]
                else len(words)
            )
            if _NOT_DUTY.search(words[modal.start() : modal.start() + 40]):
                continue
            action = re.sub(r"\s+", " ", words[modal.end() : end]).strip(" .;:,")
            if len(action) < 4:
                continue
            limit = _LIMIT.search(words[modal.start() :]) or _LIMIT.search(words[: modal.start()])
            trigger = _TRIGGER.search(words)
            found.append(
                Obligation(
                    actor=_actor(words[: _subject_end(words, modals, number)], action),
                    modality=_modality(modal["modal"]),
                    action=action[:300],
                    trigger=re.sub(r"\s+", " ", trigger["trigger"]).strip() if trigger else "",
                    time_limit=re.sub(r"\s+", " ", limit[0]).strip() if limit else "",
                    span=Span(offset + sentence.start() + modal.start(), offset + sentence.start() + end),
                    sentence=re.sub(r"\s+", " ", words).strip(),
                    provision=provision,
                )
            )
    return found


def _subject_end(words: str, modals: list[re.Match[str]], number: int) -> int:
    """Where the part of a sentence that names the subject ends: "A shall notify B, and shall do so" speaks of A twice."""
    before = words[: modals[number].start()]
    return modals[0].start() if number and re.search(r"\b(?:and|or)\s*$", before) else modals[number].start()


def _modality(words: str) -> str:
    lower = words.lower()
    if _PROHIBIT.search(lower):
        return "should_not" if lower.startswith("should") else "must_not"
    if lower.startswith(("should", "recommend")) or "expected" in lower:
        return "should"
    return "may" if lower.startswith("may") else "must"


def _actor(before: str, action: str) -> str:
    passive = re.match(r"(?:also |then |promptly )?be\s+\w+(?:ed|en|t|wn|de|ld)\b", action)
    if passive:
        by = re.search(r"\bby\s+(?:the\s+|an?\s+)?(?P<who>[a-zA-Z-]+(?:\s+[a-zA-Z-]+)?)", action)
        if by and (known := _ACTOR.search(by["who"])):
            return _name(known["actor"])
    # The subject stands nearest before the verb, but not inside a relative clause ("a sponsor who ... must").
    actors = [a for a in _ACTOR.finditer(before) if not re.match(r"subject\s+to\b", before[a.start("actor") :], re.IGNORECASE)]
    if not actors:
        return "not stated"
    relative = re.search(r"\b(?:who|that|which|whose)\b", before)
    if relative:
        ahead = [a for a in actors if a.start() < relative.start()]
        actors = ahead or actors
    main = [
        a
        for a in actors
        if not re.search(
            r"\b(?:to|by|from|of|for|with|under)\s+(?:the\s+|a\s+|an\s+|each\s+|any\s+)?$", before[: a.start("actor")], re.IGNORECASE
        )
    ]
    if passive and (not main or len(before[main[-1].end() :].split()) > 1):
        return "not stated"  # what is done to something is not owed by whoever was named last
    return _name((main or actors)[-1]["actor"])


def _name(word: str) -> str:
    return word if word.isupper() else word.lower()
