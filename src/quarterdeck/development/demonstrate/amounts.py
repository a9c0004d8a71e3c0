"""Numbers as people type them: "2,5", "12 people", "£2,000,000", "2 million". Understood, or refused with a reason; never dropped."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput

TIMES = {"": 1.0, "k": 1e3, "thousand": 1e3, "m": 1e6, "mn": 1e6, "million": 1e6, "bn": 1e9, "billion": 1e9}
FORM = re.compile(
    r"(?P<before>£|gbp)?\s*(?P<digits>\d[\d.,\s]*?)\s*(?:(?P<times>thousand|million|billion|mn|bn|k|m)(?![a-z]))?\s*(?P<after>[a-z£ -]*)"
)


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number that a person may state: what it is called, the words that may follow it, and the most that makes sense."""

    name: str
    units: tuple[str, ...]
    most: float
    example: str
    may_be_scaled: bool = False  # money is said in thousands and millions; "3 m" of years is a slip


QUANTITIES: Mapping[str, Quantity] = {
    "years_at_level": Quantity("Years at this level", ("years", "year", "yrs", "yr", "y"), 60, "2.5"),
    "team": Quantity("People in my team", ("people", "persons", "person", "staff", "fte", "ftes", "reports"), 100_000, "12"),
    "budget_gbp": Quantity("Budget in pounds", ("£", "gbp", "pounds", "pounds sterling"), 1e11, "2,000,000 or £2 million", True),
    "degree": Quantity("Degree", (), 1, "1 for yes, 0 for no"),
}


def read_amount(name: str, text: str) -> float:
    """The number in a text. A comma before exactly three digits groups thousands; otherwise it is a decimal sign.

    Raises BadInput that says what could not be read and how to write it.

    >>> [read_amount("years_at_level", "2,5"), read_amount("team", "12 people"), read_amount("budget_gbp", "£2,000,000")]
    [2.5, 12.0, 2000000.0]
    """
    wanted = QUANTITIES[name]
    found = FORM.fullmatch(text.strip().lower())
    number = _read_digits(found["digits"]) if found else None
    if found is None or number is None or not _fits(found, wanted):
        raise BadInput(f"“{wanted.name}” cannot be read", thing=text.strip()[:60], allowed=f"a number, such as {wanted.example}")
    value = number * TIMES[found["times"] or ""]
    if value > wanted.most:
        raise BadInput(f"“{wanted.name}” is too large", thing=text.strip()[:60], allowed=f"0 to {wording.number(wanted.most)}")
    return value


def _fits(found: re.Match[str], wanted: Quantity) -> bool:
    is_money = "gbp" in wanted.units
    return (
        (found["after"].strip() in ("", *wanted.units))
        and (is_money or not found["before"])
        and (wanted.may_be_scaled or not found["times"])
    )


def _read_digits(text: str) -> float | None:
    # British grouping first ("2,000,000", "2 000 000"), then a decimal comma ("2,5") or point ("2.5"); anything else is not guessed at.
    plain = text.strip()
    if re.fullmatch(r"\d{1,3}([, ]\d{3})+(\.\d+)?", plain):
        return float(re.sub(r"[, ]", "", plain))
    if re.fullmatch(r"\d{1,3}(\.\d{3}){2,}", plain):
        return float(plain.replace(".", ""))
    if re.fullmatch(r"\d+([.,]\d+)?", plain):
        return float(plain.replace(",", "."))
    return None


def read_experience(stated: Mapping[str, str], known: Mapping[str, float]) -> dict[str, float]:
    """Experience after a form: what it states, without what it leaves empty, beside what it does not ask. Raises BadInput as `read_amount` does."""
    kept = {name: value for name, value in known.items() if name not in stated}
    return kept | {name: read_amount(name, text) for name, text in stated.items() if text.strip()}
