"""Scenarios in plain English, by a small controlled grammar. What is read is shown back as levers and confirmed; nothing is guessed.

Clauses are joined by "and", "then", commas or semicolons. `FORMS` lists what can be said; it is what the page shows as help.
"""

from __future__ import annotations

import re
from calendar import monthrange
from collections.abc import Callable, Mapping
from datetime import date
from functools import cache

from quarterdeck.scenarios.countries import country_code
from quarterdeck.scenarios.model import LeverUse
from quarterdeck.vocabulary.errors import BadInput

NUMBERS = {
    word: i
    for i, word in enumerate(
        ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    )
} | {"a": 1, "an": 1, "fifteen": 15, "twenty": 20, "thirty": 30, "fifty": 50}
MONTH_NAMES = ("january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november", "december")
FORMS = (
    "add 10 sites in Spain from March",
    "close 5 sites in Germany",
    "move 4 sites from Germany to Spain",
    "raise recruitment by 15% / lower recruitment by 10%",
    "ease eligibility by 20% (of those who fail screening)",
    "cut visits by 2 / add 1 visit",
    "use home nursing for 30% of visits",
    "delay approvals by 60 days in Germany",
    "a rule that adds 30 days to approvals from 1 January 2027",
    "apply the rule uk-si-2025-538 (as under Regulation)",
    "switch vendor with 4 months of transition",
    "amend the protocol",
    "pause for 3 months from June",
    "the euro / foreign currencies up by 10%",
    "add 20% staff / cut staff by 10%",
    "a pandemic from March 2027",
    "100 fewer participants / 50 more participants",
)
NUMBER = r"(?P<n>\d+(?:[.,]\d+)?|" + "|".join(sorted(NUMBERS, key=len, reverse=True)) + ")"
PERCENT = r"(?P<n>\d+(?:\.\d+)?)\s*(?:%|per ?cent)"
WHERE = r"(?:\s+(?:in|at)\s+(?P<country>[a-z .'-]+?))?"
WHEN = (
    r"(?:\s+(?:from|starting(?: in| on)?|as of|in)\s+(?P<when>(?:\d{1,2}\s+)?(?:"
    + "|".join(m[:3] + "[a-z]*" for m in MONTH_NAMES)
    + r")(?:\s+\d{4})?|\d{4}-\d{2}-\d{2}))?"
)
ELEMENTS = {
    "home nursing": "home_nursing",
    "home visits": "home_nursing",
    "telemedicine": "telemedicine",
    "video visits": "telemedicine",
    "direct supply": "direct_to_participant_supply",
    "electronic consent": "electronic_consent",
    "local laboratories": "local_laboratory",
}
Build = Callable[[Mapping[str, str], date], LeverUse]


def parse_scenario(text: str, today: date) -> tuple[LeverUse, ...]:
    """The levers that a sentence names. A month without a year is the next one after `today`.

    Raises BadInput naming the clause that cannot be read and the forms that can.

    >>> [use.lever for use in parse_scenario("add 10 sites in Spain from March and cut visits by 2", date(2026, 11, 20))]
    ['add_sites', 'visits']
    """
    uses = tuple(_parse_clause(clause, today) for clause in split_clauses(text))
    if not uses:
        raise BadInput("There is nothing to play through", thing=repr(text), allowed="; ".join(FORMS))
    return uses


def split_clauses(text: str) -> list[str]:
    """Clauses without their joining words."""
    plain = " ".join(text.lower().replace("−", "-").split()).rstrip(".!")
    parts = re.split(r"\s*(?:;|,|\band then\b|\bthen\b|\band\b)\s*", plain)
    return [part for part in (re.sub(r"^(?:please|also|what if we|what if|we)\s+", "", p.strip()) for p in parts) if part]


def _parse_clause(clause: str, today: date) -> LeverUse:
    for pattern, build in _patterns():
        if found := pattern.fullmatch(clause):
            return build({k: v for k, v in found.groupdict().items() if v is not None}, today)
    raise BadInput("This part of the scenario cannot be read", thing=repr(clause), allowed="; ".join(FORMS))


@cache
def _patterns() -> tuple[tuple[re.Pattern[str], Build], ...]:
    elements = "|".join(ELEMENTS)
    table: tuple[tuple[str, Build], ...] = (
        (rf"(?:add|open) {NUMBER}(?: more| new| extra)? sites?{WHERE}{WHEN}", _add_sites),
        (rf"close (?:the )?(?:slowest )?{NUMBER}(?: slow(?:est)?)? sites?{WHERE}{WHEN}", _close_sites),
        (rf"move {NUMBER} sites? from (?P<origin>[a-z .'-]+?) to (?P<country>[a-z .'-]+?){WHEN}", _move_sites),
        (rf"(?P<verb>raise|increase|lower|reduce|cut) (?:the )?(?:recruitment|enrolment)(?: rates?)? by {PERCENT}", _rate),
        (rf"(?P<verb>ease|widen|tighten) (?:the )?(?:eligibility|criteria)(?: criteria)? by {PERCENT}", _eligibility),
        (
            rf"(?P<verb>cut|reduce|drop|add|remove) (?:the )?(?:(?:number of )?visits? by {NUMBER}|(?P<m>\d+|[a-z]+) visits?)(?: per participant)?",
            _visits,
        ),
        (rf"(?:use|do|with) (?P<element>{elements}) for {PERCENT} of (?:the )?visits", _element),
        (rf"(?P<verb>delay|speed up|bring forward) (?:the )?approvals? by {NUMBER} (?P<unit>days?|weeks?|months?){WHERE}", _approvals),
        (
            rf"(?:a |the )?(?:new )?(?:rule|regulation) that adds {NUMBER} (?P<unit>days?|weeks?|months?) to (?:the )?approvals?{WHEN}",
            _rule,
        ),
        (r"(?:apply |bring in )?(?:the )?(?:rule|regulation) (?P<rule>[a-z0-9]+(?:-[a-z0-9]+)*)(?: \(as under regulation\))?", _known_rule),
        (rf"(?:switch|change|replace) (?:the )?(?:vendor|cro)(?: with {NUMBER} months? of transition)?", _vendor),
        (r"(?:amend the protocol|a (?:substantial |protocol )?amendment)", lambda g, t: LeverUse("amendment", {})),
        (rf"(?:pause|hold|stop)(?: recruitment| enrolment| the trial)? for {NUMBER} (?P<unit>days?|weeks?|months?){WHEN}", _pause),
        (
            rf"(?:the )?(?:euro|dollar|foreign currenc(?:y|ies)|exchange rates?) (?P<verb>up|down|rises?|falls?)(?: by)? {PERCENT}",
            _currency,
        ),
        (rf"(?P<verb>add|cut|reduce|increase) (?:staff by {PERCENT}|(?P<m>\d+(?:\.\d+)?)\s*% (?:more )?(?:staff|people))", _staff),
        (rf"(?:a |the )?(?:pandemic|shock|lockdown){WHEN}", lambda g, t: LeverUse("shock", _since(g, t))),
        (rf"{NUMBER} (?P<verb>fewer|more) participants?", _target),
    )
    return tuple((re.compile(pattern), build) for pattern, build in table)


def _add_sites(g: Mapping[str, str], today: date) -> LeverUse:
    return LeverUse("add_sites", {"count": _number(g["n"]), **_where(g), **_since(g, today)})


def _close_sites(g: Mapping[str, str], today: date) -> LeverUse:
    return LeverUse("close_sites", {"count": _number(g["n"]), **_where(g), **_since(g, today)})


def _move_sites(g: Mapping[str, str], today: date) -> LeverUse:
    values: dict[str, float | str] = {
        "count": _number(g["n"]),
        "from_country": country_code(g["origin"]),
        "to_country": country_code(g["country"]),
    }
    return LeverUse("move_sites", values | _since(g, today))


def _rate(g: Mapping[str, str], today: date) -> LeverUse:
    sign = 1 if g["verb"] in ("raise", "increase") else -1
    return LeverUse("change_rate", {"change": sign * _number(g["n"]) / 100})


def _eligibility(g: Mapping[str, str], today: date) -> LeverUse:
    sign = -1 if g["verb"] == "tighten" else 1
    return LeverUse("eligibility", {"eased": sign * _number(g["n"]) / 100})


def _visits(g: Mapping[str, str], today: date) -> LeverUse:
    sign = 1 if g["verb"] == "add" else -1
    return LeverUse("visits", {"change": sign * _number(g.get("n") or g["m"])})


def _element(g: Mapping[str, str], today: date) -> LeverUse:
    return LeverUse("decentralise", {"share": _number(g["n"]) / 100, "element": ELEMENTS[g["element"]]})


def _approvals(g: Mapping[str, str], today: date) -> LeverUse:
    sign = 1 if g["verb"] == "delay" else -1
    return LeverUse("approval_delay", {"days": sign * _number(g["n"]) * _days(g["unit"]), **_where(g)})


def _rule(g: Mapping[str, str], today: date) -> LeverUse:
    return LeverUse("regulatory_change", {"days": _number(g["n"]) * _days(g["unit"]), **_since(g, today)})


def _known_rule(g: Mapping[str, str], today: date) -> LeverUse:
    # Its days and money hang on the trial: `scenarios/rules.py` fills them in.
    return LeverUse("regulatory_change", {"rule": g["rule"]})


def _vendor(g: Mapping[str, str], today: date) -> LeverUse:
    return LeverUse("vendor_switch", {"months": _number(g["n"])} if "n" in g else {})


def _pause(g: Mapping[str, str], today: date) -> LeverUse:
    return LeverUse("pause", {"months": round(_number(g["n"]) * _days(g["unit"]) / 30.4375, 2), **_since(g, today)})


def _currency(g: Mapping[str, str], today: date) -> LeverUse:
    sign = 1 if g["verb"].startswith(("up", "rise")) else -1
    return LeverUse("exchange_rate", {"change": sign * _number(g["n"]) / 100})


def _staff(g: Mapping[str, str], today: date) -> LeverUse:
    sign = 1 if g["verb"] in ("add", "increase") else -1
    return LeverUse("staff", {"change": sign * _number(g.get("n") or g["m"]) / 100})


def _target(g: Mapping[str, str], today: date) -> LeverUse:
    return LeverUse("target", {"change": (-1 if g["verb"] == "fewer" else 1) * _number(g["n"])})


def _number(text: str) -> float:
    if text in NUMBERS:
        return float(NUMBERS[text])
    try:
        return float(text.replace(",", ""))
    except ValueError as error:
        raise BadInput("Not a number", thing=repr(text)) from error


def _days(unit: str) -> float:
    return {"d": 1.0, "w": 7.0, "m": 30.4375}[unit[0]]


def _where(g: Mapping[str, str]) -> dict[str, float | str]:
    return {"country": country_code(g["country"])} if "country" in g else {}


def _since(g: Mapping[str, str], today: date) -> dict[str, float | str]:
    return {"start": read_day(g["when"], today).isoformat()} if "when" in g else {}


def read_day(text: str, today: date) -> date:
    """'March' is the next 1 March after today; '15 march 2027' and ISO dates are themselves."""
    if re.fullmatch(r"\d{4}-\d{2}-\d{2}", text):
        try:
            return date.fromisoformat(text)
        except ValueError as error:
            raise BadInput("Not a date", thing=text) from error
    parts = text.split()
    day = int(parts.pop(0)) if parts[0].isdigit() and len(parts[0]) <= 2 else 1
    month = next((i for i, name in enumerate(MONTH_NAMES, 1) if name.startswith(parts[0]) or parts[0].startswith(name[:3])), 0)
    year = int(parts[1]) if len(parts) > 1 else today.year + (date(today.year, month, min(day, 28)) <= today)
    if day > monthrange(year, month)[1]:
        raise BadInput("Not a date", thing=text)
    return date(year, month, day)
