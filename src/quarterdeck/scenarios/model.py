"""Levers, scenarios and the draft of a trial that levers edit. A lever edits inputs; luck stays as it was."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

import numpy as np

from quarterdeck.forecasts.facts import MONTH_DAYS
from quarterdeck.methods.portfolio import Array, Money, Recruitment, TrialInput
from quarterdeck.vocabulary.errors import BadInput

KINDS = ("count", "share", "months", "days", "number", "country", "date", "choice")


@dataclass(frozen=True, slots=True)
class Parameter:
    """One value a lever takes. Shares are 0..1 (0.1 = 10 %). `default` None means it must be given; "" means it may be left out."""

    name: str
    label: str
    kind: str
    default: float | str | None = None
    low: float | None = None
    high: float | None = None
    choices: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class LeverUse:
    """A lever with its values, as the person confirms it."""

    lever: str
    values: Mapping[str, float | str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Scenario:
    """Levers applied in order to one trial (or, with study_id empty, to each trial of the portfolio)."""

    name: str
    uses: tuple[LeverUse, ...] = ()
    study_id: str = ""


@dataclass(frozen=True, slots=True)
class Draft:
    """A trial on the workbench. Countries are those of open and of planned sites, in the order of the arrays."""

    trial: TrialInput
    open_countries: tuple[str, ...]
    planned_countries: tuple[str, ...]
    today: date
    currency: str
    start_up_months: float  # from the decision to an active site
    site_rate: float  # participants per site and month that a new site may expect
    chance: float  # that a new site opens at all
    visits: float
    notes: tuple[str, ...] = ()

    def recruit(self, **changes: Any) -> Draft:
        """With other recruitment."""
        return replace(self, trial=replace(self.trial, recruitment=replace(self.trial.recruitment, **changes)))

    def spend(self, **changes: Any) -> Draft:
        """With other money."""
        return replace(self, trial=replace(self.trial, money=replace(self.trial.money, **changes)))

    def note(self, sentence: str) -> Draft:
        """With a remark that the result shows."""
        return replace(self, notes=(*self.notes, sentence))

    def pay(self, amount: float) -> Draft:
        """A one-off cost, in the trial's currency."""
        return self.spend(spent=self.money.spent + amount)

    @property
    def recruitment(self) -> Recruitment:
        """The trial's recruitment."""
        return self.trial.recruitment

    @property
    def money(self) -> Money:
        """The trial's money."""
        return self.trial.money

    def months_to(self, day: str | float) -> float:
        """Months from the data cut to an ISO date (0 for what is past or empty)."""
        if not day:
            return 0.0
        return max(0.0, (date.fromisoformat(str(day)) - self.today).days / MONTH_DAYS)

    def add_sites(self, count: int, country: str, opening: Array) -> Draft:
        """New planned sites at these months."""
        r = self.recruitment
        changed = self.recruit(
            planned_opening=np.concatenate([r.planned_opening, opening]),
            planned_chance=np.concatenate([r.planned_chance, np.full(count, self.chance)]),
        )
        # Named or not, planned sites carry a country; those the plan wants but nobody named have none.
        known = (*self.planned_countries, *("" for _ in range(len(r.planned_opening) - len(self.planned_countries))))
        return replace(changed, planned_countries=(*known, *(country for _ in range(count))))


Apply = Callable[[Draft, Mapping[str, Any]], Draft]


@dataclass(frozen=True, slots=True)
class Lever:
    """What a module of `scenarios/levers` offers. `direction` of a larger first parameter on the last participant in:
    "later", "earlier" or "either"; a test checks it."""

    id: str
    label: str
    question: str
    parameters: tuple[Parameter, ...]
    apply: Apply
    describe: Callable[[Mapping[str, Any]], str]
    direction: str
    basis: str


def check_values(lever: Lever, given: Mapping[str, float | str]) -> dict[str, Any]:
    """The values complete, of the right kind and within bounds. Raises BadInput naming lever, value and what is allowed."""
    names = [p.name for p in lever.parameters]
    if unknown := sorted(set(given) - set(names)):
        raise BadInput("The lever has no such value", thing=f"{lever.id}: {', '.join(unknown)}", allowed=names)
    found: dict[str, Any] = {}
    for p in lever.parameters:
        value = given.get(p.name, p.default)
        if value is None:
            raise BadInput("The lever needs a value", thing=f"{lever.id}: {p.name} ({p.label})")
        found[p.name] = _check(lever, p, value)
    return found


def _check(lever: Lever, p: Parameter, value: float | str) -> float | str:
    where = f"{lever.id}: {p.name} = {value!r}"
    if p.kind in ("country", "choice"):
        text = str(value)
        if p.choices and text not in p.choices:
            raise BadInput("Not one of the choices", thing=where, allowed=p.choices)
        return text
    if p.kind == "date":
        try:
            return date.fromisoformat(str(value)).isoformat() if value else ""
        except ValueError as error:
            raise BadInput("Not a date", thing=where, allowed="YYYY-MM-DD") from error
    try:
        number = float(value)
    except ValueError as error:
        raise BadInput("Not a number", thing=where) from error
    if not np.isfinite(number) or (p.low is not None and number < p.low) or (p.high is not None and number > p.high):
        raise BadInput("Out of bounds", thing=where, allowed=f"{p.low} to {p.high}")
    if p.kind == "count" and number != int(number):
        raise BadInput("A whole number is needed", thing=where)
    return int(number) if p.kind == "count" else number
