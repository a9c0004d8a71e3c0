"""The numeric counterpart: additive payoffs, an aspiration that falls with time and trust and rises with tension, never below reservation."""

from __future__ import annotations

import re
from collections.abc import Mapping
from itertools import product

import numpy as np

from quarterdeck.development.deliver.scenario import Issue, Scenario

START, PER_TURN, PER_TRUST, PER_TENSION = 0.85, 0.04, 0.07, 0.05
JITTER = 0.08
Package = dict[str, str]
ACCEPT = re.compile(
    r"\b(?:accept|take|agree to)\s+(?:(?:it|this|that)\W*$|(?:your|this|that|the|their)\s+(?:last\s+)?(?:counter|counter-offer|offer|package|proposal|terms|deal|suggestion|one)\b)"
    r"|\b(?:we|i)(?:'ll| will| can| do)?\s+(?:gladly\s+)?(?:accept|agree)(?:\s+with (?:thanks|pleasure))?\W*$|^\W*(?:ok|okay|yes|good|fine)?\W*(?:agreed|accepted|accept|deal|it'?s a deal|that works(?: for (?:us|me))?)\W*$",
    re.I,
)
NOT_ACCEPT = re.compile(
    r"\b(?:not|never|cannot|can't|won't|don't|couldn't|if|but|unless|except|provided|only|when|would|could|why|should|before|until|until|instead)\b|\?",
    re.I,
)


def jitter_issues(scenario: Scenario, seed: int) -> dict[str, tuple[float, float]]:
    """Factors for both sides' payoffs per issue, so that no two runs are the same."""
    rng = np.random.Generator(np.random.Philox(seed))
    return {i.id: (float(1 + JITTER * rng.uniform(-1, 1)), float(1 + JITTER * rng.uniform(-1, 1))) for i in scenario.issues}


def points(value: float, factor: float) -> int:
    """What an option is worth in this run: whole points, so that the table and every sum agree."""
    return round(value * factor)


def worth(issues: tuple[Issue, ...], package: Mapping[str, str], factors: Mapping[str, tuple[float, float]]) -> tuple[float, float]:
    """What a package is worth to you and to them."""
    you = them = 0.0
    for issue in issues:
        option = next(o for o in issue.options if o.id == package[issue.id])
        you += points(option.you, factors[issue.id][0])
        them += points(option.them, factors[issue.id][1])
    return you, them


def packages(issues: tuple[Issue, ...]) -> list[Package]:
    """Every package there is."""
    return [
        {issue.id: option.id for issue, option in zip(issues, chosen, strict=True)}
        for chosen in product(*(issue.options for issue in issues))
    ]


def aspiration(reservation: float, best: float, turn: int, trust: float, tension: float) -> float:
    """What the counterpart wants now, between its reservation and the best it could get."""
    part = START - PER_TURN * turn - PER_TRUST * trust + PER_TENSION * max(0.0, tension - 2)
    return reservation + max(0.0, min(1.0, part)) * (best - reservation)


def answer_offer(
    scenario: Scenario, package: Package, factors: Mapping[str, tuple[float, float]], turn: int, trust: float, tension: float
) -> tuple[bool, Package]:
    """Whether the counterpart accepts; if not, its counter: the acceptable package nearest to the offer, best for you among those."""
    everything = [(p, *worth(scenario.issues, p, factors)) for p in packages(scenario.issues)]
    best = max(them for _, _, them in everything)
    wanted = aspiration(scenario.reservation["them"], best, turn, trust, tension)
    if worth(scenario.issues, package, factors)[1] >= wanted:
        return True, package
    acceptable = [(p, you, them) for p, you, them in everything if them >= wanted]
    nearest = min(acceptable, key=lambda entry: (sum(entry[0][i] != package[i] for i in package), -entry[1]))
    return False, nearest[0]


def read_offer(scenario: Scenario, text: str) -> Package | None:
    """A full package from words; None where an issue is missing."""
    package = read_choices(scenario, text)
    return package if len(package) == len(scenario.issues) else None


def is_acceptance(text: str) -> bool:
    """Whether the words accept what the other side offered, without a condition.

    >>> is_acceptance("Fine, we accept your package."), is_acceptance("We accept if you pay earlier")
    (True, False)
    """
    plain = text.replace("’", "'").strip()
    return bool(ACCEPT.search(plain)) and not NOT_ACCEPT.search(plain)


def read_choices(scenario: Scenario, text: str) -> Package:
    """The choices that the words name: "issue: option" by id or label, or a label that only one issue has."""
    plain = text.lower()
    package: Package = {}
    for issue in scenario.issues:
        for option in sorted(issue.options, key=lambda o: -len(o.label)):
            name, label = re.escape(issue.name.lower()), re.escape(option.label.lower())
            if re.search(rf"(?:\b{name}|\b{re.escape(issue.id)})\s*[:=]?\s*(?:{label}|{re.escape(option.id)})(?!\w)", plain):
                package[issue.id] = option.id
                break
    for issue in scenario.issues:
        if issue.id not in package and (choice := _only_label(scenario, issue, plain)):
            package[issue.id] = choice
    return package


def _only_label(scenario: Scenario, issue: Issue, plain: str) -> str:
    # An option named by its label alone; "" where two options are named, or another issue has the same label.
    others = {o.label.lower() for i in scenario.issues if i.id != issue.id for o in i.options}
    named = [o for o in issue.options if o.label.lower() not in others and re.search(rf"(?<!\w){re.escape(o.label.lower())}(?!\w)", plain)]
    longest = [o for o in named if not any(o.label.lower() in other.label.lower() for other in named if other is not o)]
    return longest[0].id if len(longest) == 1 else ""


def describe(scenario: Scenario, package: Mapping[str, str]) -> str:
    """The package in words: "price: −4%; team: named"."""
    labels = {i.id: (i.name, {o.id: o.label for o in i.options}) for i in scenario.issues}
    return "; ".join(f"{labels[i][0]}: {labels[i][1][o]}" for i, o in package.items())


def judge(scenario: Scenario, package: Mapping[str, str], factors: Mapping[str, tuple[float, float]]) -> dict[str, float]:
    """Share of the zone (1 = best for you that they could still accept), joint efficiency, and whether your walk-away was kept."""
    everything = [worth(scenario.issues, p, factors) for p in packages(scenario.issues)]
    you, them = worth(scenario.issues, package, factors)
    possible = [y for y, t in everything if t >= scenario.reservation["them"]]
    zone = max(possible) - scenario.reservation["you"]
    joint = max(y + t for y, t in everything)
    share = max(0.0, min(1.0, (you - scenario.reservation["you"]) / zone)) if zone > 0 else 0.0
    better = any(y > you + 1e-9 and t > them + 1e-9 for y, t in everything)
    return {
        "share": share,
        "joint": (you + them) / joint,
        "walkaway": float(you >= scenario.reservation["you"]),
        "pareto": float(not better),
    }
