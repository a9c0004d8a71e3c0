"""Types the dates of a regulatory text: which day closes comments, takes effect, ends a term, or is a meeting; nothing is invented.

The kind follows from the words nearest before the date in its own sentence, and from the connector in front of it
("by", "until", "from A to B", "delayed from A to B"). A relative deadline stays an expression; a date that follows
from a known publication date is shown as computed, with the formula.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from quarterdeck.regulation.mentions import Mention, find_mentions
from quarterdeck.regulation.model import DateFact, Span

_I = re.IGNORECASE
_TIME_OF_DAY = (
    r"(?:\d{1,2}(?::\d\d){0,2}\s*(?:a\.?\s?m\b\.?|p\.?\s?m\b\.?|noon|midnight)|(?:12(?::00)?\s+)?noon|midnight|\d{4}\s+hours|\d{1,2}:\d\d)"
)
_ZONE = (
    r"(?:,?\s*(?:A\.l\.t\.|local time)|,?\s*\(?(?:(?:eastern|central|mountain|pacific|alaska|hawaii|atlantic|local|greenwich|british|uk|u\.s\.)[ -]*)+(?:standard|daylight|prevailing|mean|summer)?\s*(?:time)?\)?"
    r"|,?\s*\(?(?:E|C|M|P|AK|H)[SD]?T\b\)?|,?\s*\(?(?:GMT|BST|UTC|CET|CEST)\)?)*"
)
_CLOCK = rf"{_TIME_OF_DAY}{_ZONE}"
_CLOCK_RANGE = re.compile(rf"(?:from|between)?\s*{_CLOCK}\s*(?:to|until|till|through|and|-|–|—)\s*(?:approximately\s+)?{_CLOCK},?", _I)
_CLOCK_ONE = re.compile(rf"(?:at\s+|of\s+|beginning\s+at\s+)?{_CLOCK},?(?:\s+on\b)?", _I)

# Cues: which matter a date belongs to. The order is that of strength where two start at the same place.
_CUES: tuple[tuple[str, re.Pattern[str]], ...] = (
    (
        "background",
        re.compile(
            r"\bpublished\b|(?<!immediately upon )(?<!upon )\bpublication of\b|\bdated\b|\bissued\b|\bcommenced\b|\bbegan\b|\bexpired\b|\bappeared\b|\bclosed on\b|\bwas (?:filed|held|announced|signed|approved)\b"
            r"|\bincorporation by reference\b|\bactual notice (?:will be|is) used\b|\bagenda will be (?:posted|available)|\bwas effective\b|\bdocument of\b|\bamended on\b|\bas amended\b"
            r"|\breceived on\b(?! or before)|\bannounced on\b|\bcompatible with\b|\bended\b|\boriginally\b|\bwere? due\b|(?<!withdrawn )(?<!revoked )(?<!rescinded )(?<!terminated )\bas of\b(?=\s*$)",
            _I,
        ),
    ),
    (
        "other_deadline",
        re.compile(
            r"\bnominations?\b|\bapplications?\b|\bpetition(?:s|ed)?\b|\bregist(?:er|ration|rations)\b|\brequests? (?:to speak|for (?:special |reasonable )?accommodations?|to make|for oral)"
            r"|\baccommodations?\b|\bprotests?\b|\bclaim\b|\bjudicial review\b|\bletters? of intent\b|\bproposals? (?:must|are|should)|\bpresentations?\b|\bRSVP\b|\bnotices? of (?:intent|participation|appearance)"
            r"|\bdraft agenda\b|\bpayments?\b|\binterventions?\b|\bmotions?\b|\babstracts?\b|\bbids?\b|\bgrants?\b|\bmanuscripts?\b|\bplan to attend\b|\bauxiliary aids\b|\bentries\b",
            _I,
        ),
    ),
    (
        "comment_close",
        re.compile(
            r"\bcomment(?:s|ers?)?\b|\bobjections?\b|\bwritten statements?\b|\bscoping period\b|\bconsultation (?:closes|will close|period|ends|runs|is open|deadline)|\bresponses? (?:to (?:this|the) consultation|should|must|are|by)"
            r"|\bfeedback\b|\bviews\b|\bsubmissions? (?:to the docket|will be accepted)|\bclosing date for (?:comments|responses)|\brebuttal comments\b|\breply comments\b|\bwritten (?:input|submissions)\b|\bconsultation\b",
            _I,
        ),
    ),
    (
        "transition_end",
        re.compile(
            r"\btransition(?:al)? (?:period|phase|arrangements?) (?:\w+ )?(?:ends?|expires?|runs?|until|lasts?)|\bend of (?:the )?transition",
            _I,
        ),
    ),
    ("election_deadline", re.compile(r"\belect(?:s|ion|ed)?\b(?=[^.]{0,120}\b(?:by|before|no later than|until)\b)", _I)),
    (
        "expected",
        re.compile(
            r"\b(?:is|are|was) (?:expected|anticipated|planned|scheduled) to (?:be )?(?:publish|adopt|finali|issue|final|enter|take|come)|\bexpected (?:publication|adoption|application|in)\b|\banticipat(?:es|ed) (?:publishing|adoption|issuing)",
            _I,
        ),
    ),
    (
        "applies_from",
        re.compile(r"\bcompliance (?:date|is required|with)|\bcompl(?:y|iance) by\b|\bapplicability date|\bmust comply\b", _I),
    ),
    (
        "term",
        re.compile(
            r"\bperiod of (?:support|performance)\b|\bproject period\b|\bbudget period\b|\bclosure (?:period|dates?)|\bclosed to\b|\b(?:will )?continues? (?:in effect )?(?:through|until)\b|\bvalid (?:through|until)\b|\bexpires?\b|\bterm of\b|\bwill remain in effect\b|\bshall cease\b|\bceases? to (?:apply|have effect)|\brun(?:s|ning)? (?:from|through|until)\b|\bpilot (?:program|programme) (?:will|runs|is)\b|\bwill be conducted\b",
            _I,
        ),
    ),
    (
        "effective",
        re.compile(
            r"\beffective\b|\b(?:withdrawn|revoked|rescinded|terminated|debarred)\b(?=\s+(?:as of|on|effective)\b)|(?<!full )(?<!have )(?<!any )(?<!no )\beffect\b|\bapplicable\b|\bappl(?:y|ies)\b(?=\s+(?:from|on|as of|beginning|starting|to\b))|\bc(?:ome|omes|ame|oming) into (?:force|operation|effect|application)|\benter(?:s|ed)? into force|\bentry into force"
            r"|\btakes? effect|\bin force\b|\bwill be enforced\b|\bis enforced\b|\benforcement\b|\bimplementation date\b|\bdate of (?:application|coming into)",
            _I,
        ),
    ),
    (
        "meeting",
        re.compile(
            r"\bmeet(?:s|ing|ings)?\b|\bhearings?\b|\bworkshops?\b|\bwebinars?\b|\bwill (?:be held|convene|meet)|\bopen to the public\b|\bconferences?\b|\bsymposi(?:um|a)\b|\blistening sessions?\b|\bsessions?\b|\broundtables?\b|\bforum\b|\bbriefing\b|\btown hall",
            _I,
        ),
    ),
)
_DEADLINE = re.compile(
    r"(?:\bby|\bbefore|\buntil|\btill|\bthrough|\bthru|\bno later than|\bnot later than|\bon or before|\bon or by|\bprior to|\bdue(?: on| by| date)?|\bdeadline(?: is| of| for [^.]{1,60})?|\bclos(?:es?|ing)(?: date)?(?: is| on| at)?"
    r"|\bends?(?: on| at)?|\bexpires?(?: on)?|\bat the latest)[\s:,]*(?:close of business|COB|the close of business)?[\s:,]*(?:is\s+|on\s+|of\s+)?$",
    _I,
)
_UNTIL = re.compile(r"(?:\bto|\bthrough|\bthru|\buntil|\btill|\band ending(?: on)?|\bending(?: on)?|-|–|—)[\s,:]*$", _I)
_MOVED = re.compile(
    r"\b(?:delay(?:s|ed|ing)?|postpon(?:es|ed|ing)|extend(?:s|ed|ing)?|stay(?:s|ed)?|chang(?:es|ed|ing)|moved|deferred|revis(?:es|ed|ing)|suspend(?:s|ed|ing)?)\b",
    _I,
)
_ABBREVIATION = re.compile(
    r"(?:\b(?:a\.m|p\.m|U\.S|No|Nos|e\.g|i\.e|Dr|Mr|Ms|St|Inc|Co|Ltd|vs|Jan|Feb|Mar|Apr|Jun|Jul|Aug|Sept|Sep|Oct|Nov|Dec|Mon|Tue|Wed|Thu|Fri|art|Art|sec|Sec|reg|para|EST|EDT)|\b[A-Z])\.$"
)
_RELATIVE = re.compile(
    r"(?P<phrase>(?:within|no later than|not later than|until|a minimum of|at least|for|on or before)?\s*\[?(?:insert (?:the )?date\s+)?(?P<n>\d{1,3}|thirty|sixty|ninety|twelve|six|three)[- ](?:calendar )?(?P<unit>day|month|year)s?"
    r"\s+(?:(?:of|after|from|following|beginning with the day after|commencing with)\s+)(?:the\s+)?(?P<anchor>(?:date of (?:its\s+)?)?(?:publication|the day on which (?:they|it|these Regulations) (?:are|is|were) made|day on which (?:they|it) (?:are|is|were) made)))",
    _I,
)
_NUMBER_WORDS = {"thirty": 30, "sixty": 60, "ninety": 90, "twelve": 12, "six": 6, "three": 3}
_DATES_LABEL = re.compile(r"(?:(?:^|\n)\s*Dates?|(?:^|(?<=[\s.]))(?:DATES?|EFFECTIVE DATES?|COMMENT DATES?|COMMENTS? DUE))\s*:")
_NEXT_LABEL = re.compile(
    r"\n\s*(?:ADDRESSES|FOR FURTHER INFORMATION CONTACT|SUPPLEMENTARY INFORMATION|SUMMARY|AGENCY|ACTION|INSTRUCTIONS)\b\s*:?"
    r"|\s(?:ADDRESSES|FOR FURTHER INFORMATION CONTACT|SUPPLEMENTARY INFORMATION)\s*:"
)


@dataclass(frozen=True, slots=True)
class _Sentence:
    start: int
    text: str


@dataclass(frozen=True, slots=True)
class _Cue:
    kind: str
    start: int


def extract_dates(text: str, published: date | None = None, day_first: bool = False) -> list[DateFact]:
    """Typed dates of a text in order, one for each kind and day.

    Where the text has a DATES paragraph only that paragraph is read, and a bare date line there counts as a meeting.
    Raises nothing: a text without dates gives an empty list.

    >>> [(fact.kind, str(fact.date)) for fact in extract_dates("DATES: Comments must be received by May 16, 2016.")]
    [('comment_close', '2016-05-16')]
    """
    sections = _dates_sections(text)
    made = _made(text, day_first)
    facts: list[DateFact] = []
    for start, section in sections or [(0, text)]:
        facts += _extract_section(section, start, bool(sections), day_first)
        facts += _relative(section, start, published, made)
    return _without_repeats(facts)


def find_conflicts(facts: list[DateFact]) -> dict[str, list[date]]:
    """Kinds of which a document may state one day only, but states several: the days, so that both are shown."""
    conflicts: dict[str, list[date]] = {}
    for kind in ("effective", "comment_close", "transition_end"):
        days = sorted({fact.date for fact in facts if fact.kind == kind and fact.date})
        if len(days) > 1:
            conflicts[kind] = days
    return conflicts


def _dates_sections(text: str) -> list[tuple[int, str]]:
    sections = []
    for match in _DATES_LABEL.finditer(text):
        end = _NEXT_LABEL.search(text, match.end())
        sections.append((match.end(), text[match.end() : end.start() if end else len(text)]))
        break  # a later "DATES:" lies inside this one or quotes another document
    return sections


def _extract_section(section: str, offset: int, is_dates_paragraph: bool, day_first: bool) -> list[DateFact]:
    facts: list[DateFact] = []
    mentions = find_mentions(section, day_first)
    if not mentions:
        return facts
    earlier = ""
    for sentence in _sentences(section):
        inside = [m for m in mentions if sentence.start <= m.start < sentence.start + len(sentence.text)]
        for index, mention in enumerate(inside):
            kind, until = _classify(sentence, inside, index, earlier, is_dates_paragraph)
            if kind is None:
                continue
            phrase_start, phrase_end = _phrase(sentence, mention)
            facts.append(
                DateFact(
                    kind=kind,
                    date=mention.first,
                    until=until if kind in ("meeting",) else None,
                    phrase=section[phrase_start:phrase_end].strip(),
                    span=Span(offset + mention.start, offset + mention.end),
                    time=_time_near(sentence, mention) if kind == "comment_close" else "",
                )
            )
        earlier = sentence.text if _cues(sentence.text) else earlier
    return facts


def _classify(
    sentence: _Sentence, inside: list[Mention], index: int, earlier: str, is_dates_paragraph: bool
) -> tuple[str | None, date | None]:
    mention = inside[index]
    left = _left_of(sentence, inside, index)
    cues = _cues(left)
    previous = inside[index - 1] if index else None
    between = _strip_times(sentence.text[previous.end - sentence.start : mention.start - sentence.start]) if previous else ""
    is_range_end = previous is not None and bool(
        re.fullmatch(r"[\s,]*(?:to|through|thru|until|till|and ending(?: on)?|ending|-|–|—)[\s,]*(?:on\s*)?", between, _I)
    )
    if _is_superseded(sentence, mention, left, inside, index):
        return None, None
    if is_range_end and previous is not None:
        return _end_of_range(left, cues)
    next_end = _range_end_after(sentence, inside, index)
    if cues and cues[-1].kind == "background" and (_is_close(left, cues[-1]) or re.search(r"\b(?:was|were)\s+due\b[^<]*$", left, _I)):
        return None, None
    is_deadline = bool(_DEADLINE.search(left))
    kind = _kind_from_cues(cues, left, is_deadline)
    if kind is None:
        kind = _kind_from_right(sentence, mention, inside, index, is_deadline)
    if kind is None and is_dates_paragraph:
        kind = _kind_of_bare_line(sentence, mention, left, earlier, is_deadline)
    if (
        kind == "term"
        and "comment_close" in {cue.kind for cue in cues}
        and re.search(r"\b(?:comment|scoping|consultation) period\b", left, _I)
    ):
        return "comment_close", None
    if kind == "term":
        # A term is announced by its last day; its first day says when it began, which is not when a rule takes effect.
        return (
            ("applicable_until", None)
            if _UNTIL.search(left) or is_deadline or (next_end is None and re.search(r"\bexpires?\b", left, _I))
            else (None, None)
        )
    if kind == "effective" and _UNTIL.search(left) and not _MOVED.search(left) and not _is_date_of_move(left):
        return ("applicable_until", None)
    if kind in (None, "background", "other_deadline"):
        return None, None
    if kind == "applies_from" or (
        kind == "effective"
        and re.search(r"\bapplicable\b", left[cues[-1].start :] if cues else "", _I)
        and any(c.kind == "effective" for c in cues[:-1])
    ):
        return "applies_from", None
    return kind, mention.last or next_end


def _left_of(sentence: _Sentence, inside: list[Mention], index: int) -> str:
    text, cursor = "", 0
    for mention in inside[:index]:
        text += sentence.text[cursor : mention.start - sentence.start] + "<DATE>"
        cursor = mention.end - sentence.start
    text += sentence.text[cursor : inside[index].start - sentence.start]
    return _strip_times(text)


def _strip_times(text: str) -> str:
    return re.sub(r"\s+", " ", _CLOCK_ONE.sub(" ", _CLOCK_RANGE.sub(" ", text)))


def _cues(text: str) -> list[_Cue]:
    found = [_Cue(kind, match.start()) for kind, pattern in _CUES for match in pattern.finditer(text)]
    return sorted(found, key=lambda cue: cue.start)


def _is_close(left: str, cue: _Cue) -> bool:
    # A background verb governs a date only when little stands between them: "published on", "published in the Federal Register on".
    gap = left[cue.start :]
    return len(gap) < 90 and not _DEADLINE.search(left) and "<DATE>" not in gap.replace("(<DATE>", "")


def _kind_from_cues(cues: list[_Cue], left: str, is_deadline: bool) -> str | None:
    kinds = [cue.kind for cue in cues if cue.kind != "background"]
    if not kinds:
        return None
    if is_deadline:
        if "election_deadline" in kinds:
            return "election_deadline"
        for kind in reversed(kinds):
            if kind == "other_deadline" and "comment_close" in kinds and not _in_one_list(cues, left):
                return kind
            if kind in ("effective", "term", "transition_end", "applies_from") and kinds.index(kind) >= len(kinds) - 1:
                return "effective" if kind == "effective" else kind
            if kind == "comment_close":
                return kind
        return "other_deadline" if "other_deadline" in kinds or "meeting" in kinds else kinds[-1]
    last = kinds[-1]
    if last == "meeting" and "comment_close" in kinds and re.search(r"\bcomment period\b", left, _I):
        return "comment_close"
    if last == "comment_close":
        # "The public hearing for comments will be held on": no deadline word, so the comment noun does not own the date.
        if re.search(r"\b(?:extend|re-?open|clos|due|end)\w*\b[^<]*$", left, _I):
            return "comment_close"
        return next(
            (kind for kind in reversed(kinds[:-1]) if kind in ("meeting", "effective")),
            "comment_close" if re.search(r"(?:date|deadline|due|period)\W*$", left, _I) else None,
        )
    return last


def _in_one_list(cues: list[_Cue], left: str) -> bool:
    """'Submit comments, requests to speak, and requests for accommodation by': the deadline holds for the comments too."""
    comment = max(cue.start for cue in cues if cue.kind == "comment_close")
    other = max(cue.start for cue in cues if cue.kind == "other_deadline")
    if other < comment:
        return True
    return not re.search(r"[.;]|\b(?:may|must|should|will|shall)\b", left[comment:other])


def _end_of_range(left: str, cues: list[_Cue]) -> tuple[str | None, date | None]:
    kinds = [cue.kind for cue in cues if cue.kind != "background"]
    if cues and cues[-1].kind == "background" and not _MOVED.search(left):
        return None, None
    if _MOVED.search(left) and re.search(r"\bfrom\b[^<]*<DATE>", left, _I):
        if "comment_close" in kinds and kinds[-1] != "effective":
            return "comment_close", None
        return ("effective", None) if "effective" in kinds else (None, None)
    if not kinds or ("meeting" in kinds and kinds[-1] not in ("effective", "term", "comment_close")):
        return None, None
    if kinds[-1] == "comment_close":
        return "comment_close", None
    return ("applicable_until", None) if kinds[-1] in ("effective", "term") else (None, None)


def _range_end_after(sentence: _Sentence, inside: list[Mention], index: int) -> date | None:
    if index + 1 >= len(inside):
        return None
    following = inside[index + 1]
    between = _strip_times(sentence.text[inside[index].end - sentence.start : following.start - sentence.start])
    return following.first if re.fullmatch(r"[\s,]*(?:to|through|thru|until|till|-|–|—)[\s,]*", between, _I) else None


def _is_superseded(sentence: _Sentence, mention: Mention, left: str, inside: list[Mention], index: int) -> bool:
    if re.search(r"\bfrom\s*$", left, _I) and _MOVED.search(sentence.text) and _range_end_after(sentence, inside, index):
        return True
    right = sentence.text[mention.end - sentence.start : mention.end - sentence.start + 60]
    if re.match(r"\s*\(\d{1,3} FR\b|,?\s*\(\d{1,3} FR\b|\s+(?:final rule|proposed rule|notice|document|interim final rule)\b", right, _I):
        return True
    # "comment period scheduled to close on A is extended to B": A is the old day.
    if re.match(
        r"[\s,]*(?:is|are|has been|have been|was|were)\s+(?:hereby\s+)?(?:delayed|postponed|extended|stayed|re-?opened|withdrawn|superseded)",
        right,
        _I,
    ):
        return True
    start = (inside[index - 1].end - sentence.start) if index else 0
    clause = sentence.text[start : mention.start - sentence.start]
    return bool(re.search(r"\b(?:instead of|rather than|previously|originally)\b[^,;]*$", clause, _I))


def _is_date_of_move(left: str) -> bool:
    return bool(re.search(r"\b(?:is|are|be)\s+(?:further\s+)?(?:delayed|postponed|stayed)\s+until\s*$", left, _I))


def _kind_from_right(sentence: _Sentence, mention: Mention, inside: list[Mention], index: int, is_deadline: bool) -> str | None:
    end = inside[index + 1].start if index + 1 < len(inside) else sentence.start + len(sentence.text)
    right = sentence.text[mention.end - sentence.start : end - sentence.start][:110]
    cues = [cue for cue in _cues(_strip_times(right)) if cue.kind != "background"]
    if not cues:
        return None
    if is_deadline:
        return "comment_close" if cues[0].kind == "comment_close" else "other_deadline" if cues[0].kind == "other_deadline" else None
    if re.match(r"[\s,]*(?:is|will be|shall be)\s+the\s+(?:effective|applicab)", right, _I):
        return "effective"
    if re.match(r"[\s,]*(?:is|will be)\s+the\s+(?:deadline|closing|last|due)", right, _I) and any(
        cue.kind == "comment_close" for cue in cues
    ):
        return "comment_close"
    return cues[0].kind if cues[0].kind == "meeting" else None


def _kind_of_bare_line(sentence: _Sentence, mention: Mention, left: str, earlier: str, is_deadline: bool) -> str | None:
    if is_deadline:
        cues = [cue.kind for cue in _cues(earlier) if cue.kind in ("comment_close", "other_deadline")]
        is_submission = re.search(r"\b(?:submit|submitted|receiv\w*|postmark\w*|sent|arrive|filed)\b", left, _I)
        return "comment_close" if cues and cues[-1] == "comment_close" and (is_submission or len(left) < 40) else None
    if len(re.sub(r"\W|DATES?|Dates?|Time|and", "", left)) > 12:
        return None
    rest = _strip_times(sentence.text[mention.end - sentence.start :])
    if any(cue.kind == "background" for cue in _cues(rest)):
        return None
    return (
        "meeting"
        if len(rest.strip(" .,;)(")) < 60 and (mention.has_weekday or re.search(_TIME_OF_DAY, sentence.text, _I) or not earlier)
        else None
    )


def _sentences(text: str) -> list[_Sentence]:
    sentences: list[_Sentence] = []
    start = 0
    for match in re.finditer(
        r"[.;!?](?=[\s”\"')\]]+(?:[A-Z(“\"\[•*\d]|$))|\n\s*\n|(?<=\d{4})\n|\n(?=\s*(?:[•*\-]|\(?[a-z0-9]{1,3}[.)])\s)", text
    ):
        piece = text[start : match.end()]
        if match[0] == "." and _ABBREVIATION.search(piece) and not re.search(r"[ap]\.m\.$", piece):
            continue
        if (
            match[0] == "."
            and re.search(r"[ap]\.\s?m\.$", piece, _I)
            and not re.match(
                r"\s+(?:The|This|These|Comments?|Written|Submi|All|For|If|Any|See|Members|Check|Either|Late|Regist|A |An |In |On or|To )",
                text[match.end() : match.end() + 20],
            )
        ):
            continue
        sentences.append(_Sentence(start, piece))
        start = match.end()
    if text[start:].strip():
        sentences.append(_Sentence(start, text[start:]))
    return sentences


def _phrase(sentence: _Sentence, mention: Mention) -> tuple[int, int]:
    """The sentence around the date, at most 220 characters, cut at words."""
    start = max(sentence.start, mention.start - 160)
    if start > sentence.start:
        cut = sentence.text.find(" ", start - sentence.start)
        start = sentence.start + cut + 1 if 0 <= cut < mention.start - sentence.start else start
    return start, min(sentence.start + len(sentence.text), max(mention.end + 60, mention.end))


def _time_near(sentence: _Sentence, mention: Mention) -> str:
    around = sentence.text[max(0, mention.start - sentence.start - 50) : mention.end - sentence.start + 50]
    match = re.search(_CLOCK, around, _I)
    return re.sub(r"\s+", " ", match[0]).strip(" ,") if match else ""


def _made(text: str, day_first: bool) -> date | None:
    """The day a British instrument says it was made, from which "12 months after" counts."""
    match = re.search(r"(?:^|\n)Made\b[:\s.-]*([^\n]{6,40})", text[:4000])
    mentions = find_mentions(match[1], day_first) if match else []
    return mentions[0].first if mentions else None


def _relative(section: str, offset: int, published: date | None, made: date | None) -> list[DateFact]:
    facts = []
    for sentence in _sentences(section):
        for match in _RELATIVE.finditer(sentence.text):
            if re.search(r"\bbetween\b[^.]{0,20}$", sentence.text[: match.start()], _I):
                continue
            kinds = [
                cue.kind for cue in _cues(sentence.text[: match.start()]) if cue.kind in ("comment_close", "effective", "other_deadline")
            ]
            if not kinds or kinds[-1] == "other_deadline":
                continue
            count = int(match["n"]) if match["n"].isdigit() else _NUMBER_WORDS[match["n"].lower()]
            unit, expression = match["unit"].lower(), re.sub(r"\s+", " ", match["phrase"]).strip()
            is_from_publication = "publication" in match["anchor"].lower()
            start = published if is_from_publication else made
            day = _add(start, count, unit) if start else None
            facts.append(
                DateFact(
                    kind=kinds[-1],
                    date=None,
                    phrase=sentence.text.strip()[:220],
                    span=Span(offset + sentence.start + match.start(), offset + sentence.start + match.end()),
                    basis="expression",
                    expression=expression,
                    computed=day,
                    formula=f"{'publication' if is_from_publication else 'made'} {start.isoformat()} + {count} {unit}s" if start else "",
                )
            )
    return facts


def _add(start: date, count: int, unit: str) -> date:
    if unit == "day":
        return start + timedelta(days=count)
    months = count * (12 if unit == "year" else 1)
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    for day in range(start.day, 27, -1):
        try:
            return date(year, month + 1, day)
        except ValueError:
            continue
    return date(year, month + 1, start.day)


def _without_repeats(facts: list[DateFact]) -> list[DateFact]:
    seen: set[tuple[str, object]] = set()
    kept = []
    for fact in sorted(facts, key=lambda fact: fact.span.start):
        key = (fact.kind, fact.date or fact.expression)
        if key not in seen:
            seen.add(key)
            kept.append(fact)
    return kept
