"""Judges changes against trials by versioned rules, three-valued: a missing attribute is a question to ask, never "no".

A rule has a gate (all conditions must hold, else the change does not apply) and cases in order, of which the first that holds gives the verdict.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from typing import Any

from quarterdeck.regulation.loading import HERE, check_keys, read_yaml
from quarterdeck.regulation.model import Outcome
from quarterdeck.vocabulary.errors import BadInput

RULES = HERE / "rules"
TESTS = ("is", "any", "none", "count_in", "before", "on_or_after")


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing a rule may ask of a trial, with the question for its owner."""

    name: str
    type: str
    question: str
    absent: Any
    aliases: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Condition:
    """A look at one attribute in one way."""

    id: str
    attribute: str
    test: str
    value: Any
    say: str
    at_least: int = 1
    groups: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Case:
    """Conditions that together give a verdict. `since` names the date of the change before which `applies` is only `watch`."""

    verdict: Outcome
    conditions: tuple[str, ...]
    because: str
    since: date | None = None


@dataclass(frozen=True, slots=True)
class Transition:
    """What follows for a trial that meets the conditions: which text governs it, and until when."""

    conditions: tuple[str, ...]
    say: str


@dataclass(frozen=True, slots=True)
class Rule:
    """A versioned rule of one change."""

    change: str
    version: int
    gate: tuple[str, ...]
    cases: tuple[Case, ...]
    transitions: tuple[Transition, ...] = ()

    @property
    def id(self) -> str:
        """The rule with its version, as a verdict prints it."""
        return f"{self.change}@{self.version}"


@dataclass(frozen=True, slots=True)
class Trial:
    """A trial by what is known of it: attribute to value. An attribute that is not there is unknown."""

    id: str
    facts: Mapping[str, Any]
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict with everything it rests on; `why_not` is kept so that "does not apply" can be shown to an inspector."""

    change: str
    trial: str
    verdict: Outcome
    rule: str
    because: str
    matched_facts: tuple[str, ...] = ()
    missing_facts: tuple[str, ...] = ()
    questions: tuple[str, ...] = ()
    why_not: tuple[str, ...] = ()
    transitions: tuple[str, ...] = ()
    at_least: Outcome | None = None


def judge_trial(rule: Rule, trial: Trial, today: date, closed_world: bool = False) -> Judgement:
    """The verdict of one rule for one trial on one day.

    With `closed_world` an attribute that the trial does not name reads as the table of attributes says (absent, false, a medicine).
    """
    look = _Look(trial, today, closed_world)
    missing: list[str] = []
    matched: list[str] = []
    for name in rule.gate:
        held, fact = look.at(name)
        if held is False:
            return Judgement(
                rule.change,
                trial.id,
                Outcome.NOT_APPLICABLE,
                rule.id,
                f"Not so: {_say(name)}.",
                why_not=(fact,),
                matched_facts=tuple(matched),
            )
        if held is None:
            missing.append(_condition(name).attribute)
        else:
            matched.append(fact)
    return _judge_cases(rule, look, matched, missing)


def judge_all(rules: Iterable[Rule], trials: Iterable[Trial], today: date, closed_world: bool = False) -> list[Judgement]:
    """Every rule against every trial, in the order given."""
    trials = list(trials)
    return [judge_trial(rule, trial, today, closed_world) for rule in rules for trial in trials]


def _judge_cases(rule: Rule, look: _Look, matched: list[str], missing: list[str]) -> Judgement:
    why_not: list[str] = []
    for case in rule.cases:
        results = [look.at(name) for name in case.conditions]
        if any(held is False for held, _ in results):
            why_not += [fact for held, fact in results if held is False]
            continue
        unknown = [_condition(name).attribute for name, (held, _) in zip(case.conditions, results, strict=True) if held is None]
        if unknown:
            missing += unknown
            continue
        facts = tuple(dict.fromkeys([*matched, *(fact for _, fact in results)]))
        verdict, because = _dated(case, look.today)
        if missing:
            return _review(rule, look, facts, missing, tuple(why_not), verdict)
        transitions, asked = _transitions(rule, look)
        return Judgement(
            rule.change,
            look.trial.id,
            verdict,
            rule.id,
            because,
            facts,
            missing_facts=asked,
            questions=_questions(asked),
            transitions=transitions,
            why_not=tuple(dict.fromkeys(why_not)),
        )
    if missing:
        return _review(rule, look, tuple(matched), missing, tuple(why_not), None)
    because = "No case of the rule holds: " + "; ".join(dict.fromkeys(why_not)) + "."
    return Judgement(
        rule.change, look.trial.id, Outcome.NOT_APPLICABLE, rule.id, because, tuple(matched), why_not=tuple(dict.fromkeys(why_not))
    )


def _dated(case: Case, today: date) -> tuple[Outcome, str]:
    if case.verdict is Outcome.APPLIES and case.since and today < case.since:
        return Outcome.WATCH, f"{case.because} From {case.since.isoformat()}."
    return case.verdict, case.because


def _review(
    rule: Rule, look: _Look, facts: tuple[str, ...], missing: list[str], why_not: tuple[str, ...], at_least: Outcome | None
) -> Judgement:
    names = tuple(dict.fromkeys(missing))
    questions = _questions(names)
    because = f"The answer hangs on what is not known: {', '.join(names)}."
    return Judgement(
        rule.change,
        look.trial.id,
        Outcome.NEEDS_REVIEW,
        rule.id,
        because,
        facts,
        names,
        questions,
        tuple(dict.fromkeys(why_not)),
        at_least=at_least,
    )


def _transitions(rule: Rule, look: _Look) -> tuple[tuple[str, ...], tuple[str, ...]]:
    say, asked = [], []
    for transition in rule.transitions:
        results = [(name, look.at(name)[0]) for name in transition.conditions]
        if all(held for _, held in results):
            say.append(transition.say)
        elif not any(held is False for _, held in results):
            asked += [_condition(name).attribute for name, held in results if held is None]
    return tuple(say), tuple(dict.fromkeys(asked))


def _questions(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(load_attributes()[name].question for name in names)


def _say(name: str) -> str:
    return _condition(name).say


class _Look:
    """Reads a trial's attributes for one day; remembers nothing but the trial."""

    def __init__(self, trial: Trial, today: date, closed_world: bool) -> None:
        self.trial, self.today, self.closed_world = trial, today, closed_world

    def at(self, name: str) -> tuple[bool | None, str]:
        """Whether a condition holds (None: unknown) and the fact in words."""
        condition = _condition(name)
        attribute = load_attributes()[condition.attribute]
        value = self.trial.facts.get(attribute.name)
        if value is None:
            if not self.closed_world:
                return None, f"{attribute.name} is not known"
            value = attribute.absent
            if value is None:
                return False, f"{attribute.name} is not given"
        held = _holds(condition, value, self.today)
        return held, f"{attribute.name} = {_shown(value)}"


def _holds(condition: Condition, value: Any, today: date) -> bool:
    if condition.test == "is":
        return bool(value) is bool(condition.value)
    if condition.test in ("before", "on_or_after"):
        day = value if isinstance(value, date) else date.fromisoformat(str(value)[:10])
        return bool(day < condition.value if condition.test == "before" else day >= condition.value)
    have = {str(entry) for entry in (value if isinstance(value, list | tuple | set) else [value])}
    if condition.test == "count_in":
        return len(have & expand_groups(condition.groups or (condition.value,), today)) >= condition.at_least
    wanted = expand_groups(condition.value, today)
    lowered = {entry.lower() for entry in have}
    found = bool({entry.lower() for entry in wanted} & lowered)
    return found if condition.test == "any" else not found


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple | set):
        return ", ".join(map(str, value)) or "none"
    return str(value) or "none"


def expand_groups(names: Iterable[str], today: date) -> set[str]:
    """Country codes (or plain words) with the names of groups replaced by who belongs to them on the day."""
    groups, expanded = load_groups(), set()
    for name in names:
        if name in groups:
            expanded |= {
                code
                for code, (first, last) in groups[name].items()
                if (first is None or first <= today) and (last is None or today <= last)
            }
        expanded.add(str(name))
    return expanded


@cache
def load_groups() -> dict[str, dict[str, tuple[date | None, date | None]]]:
    """Groups of countries with the first and last day of each membership."""
    content = read_yaml(RULES / "groups.yaml")
    groups = {}
    for name, entry in content.items():
        entry = check_keys(entry, f"groups.yaml, {name}", ("label", "members"))
        groups[name] = {code: (dates.get("from"), dates.get("to")) for code, dates in entry["members"].items()}
    return groups


@cache
def load_attributes() -> dict[str, Attribute]:
    """All attributes a rule may look at."""
    attributes = {}
    for name, entry in read_yaml(RULES / "attributes.yaml").items():
        entry = check_keys(entry, f"attributes.yaml, {name}", ("type", "question", "absent"), ("aliases",))
        attributes[name] = Attribute(name, entry["type"], entry["question"], entry["absent"], tuple(entry.get("aliases", ())))
    return attributes


@cache
def load_conditions() -> dict[str, Condition]:
    """All named conditions. Raises BadInput for an unknown attribute or test."""
    conditions = {}
    for name, entry in read_yaml(RULES / "conditions.yaml").items():
        entry = check_keys(entry, f"conditions.yaml, {name}", ("attribute", "say"), (*TESTS, "at_least", "groups"))
        if entry["attribute"] not in load_attributes():
            raise BadInput(
                "A condition looks at an unknown attribute", thing=f"{name}: {entry['attribute']}", allowed=sorted(load_attributes())
            )
        tests = [test for test in TESTS if test in entry]
        if len(tests) != 1:
            raise BadInput("A condition looks in exactly one way", thing=f"conditions.yaml, {name}", allowed=TESTS)
        conditions[name] = Condition(
            name, entry["attribute"], tests[0], entry[tests[0]], entry["say"], entry.get("at_least", 1), tuple(entry.get("groups", ()))
        )
    return conditions


def _condition(name: str) -> Condition:
    return load_conditions()[name]


def read_rule(entry: Mapping[str, Any], change: str, dates: Mapping[str, date | None]) -> Rule:
    """The rule of a change from its definition. `dates` are the change's dates by label, for `since`. Raises BadInput."""
    where = f"{change}, applicability"
    entry = check_keys(entry, where, ("version", "cases"), ("gate", "transitions"))
    cases = []
    for number, case in enumerate(entry["cases"], start=1):
        case = check_keys(case, f"{where}, case {number}", ("verdict", "all", "because"), ("since",))
        if case["verdict"] not in ("applies", "watch"):
            raise BadInput("A case gives applies or watch", thing=f"{where}, case {number}: {case['verdict']}")
        if "since" in case and case["since"] not in dates:
            raise BadInput("A case names a date that the change does not have", thing=f"{where}: {case['since']}", allowed=sorted(dates))
        cases.append(Case(Outcome(case["verdict"]), tuple(case["all"]), case["because"], dates.get(case.get("since", ""))))
    transitions = tuple(
        Transition(tuple(t["all"]), t["say"])
        for t in (check_keys(t, f"{where}, transition", ("all", "say")) for t in entry.get("transitions", ()))
    )
    rule = Rule(change, int(entry["version"]), tuple(entry.get("gate", ())), tuple(cases), transitions)
    named = {*rule.gate, *(n for c in rule.cases for n in c.conditions), *(n for t in transitions for n in t.conditions)}
    if unknown := sorted(named - set(load_conditions())):
        raise BadInput("A rule names unknown conditions", thing=f"{where}: {', '.join(unknown)}", allowed=sorted(load_conditions()))
    return rule
