"""Scenario files: states, expectations with their ladder of help, misconceptions, facts, issues. Everything is data; the loader checks it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from quarterdeck.development.definitions import HERE, check_keys, check_known, read_definitions
from quarterdeck.development.discover.rubrics import load_cues
from quarterdeck.methods.free_text import Cue
from quarterdeck.vocabulary.errors import BadInput, NotFound

CONVERSATIONS = HERE / "conversations"
TYPES = HERE / "deliver" / "types.yaml"
KINDS = ("say", "ask_text", "ask_choice", "ask_number", "ask_offer", "show_data", "rate_self", "map_evidence", "pause", "end")
TESTS = ("number_or_date", "options", "date", "obstacle", "own_action", "number", "enough")
CONDITIONS = [
    "move",
    "state",
    "turn",
    "level",
    "words",
    "longest",
    "hedges",
    "number",
    "dated",
    "own_action",
    "deed",
    "silent",
    "first",
    "offer",
    "accepts",
    "countered",
    "absolute",
    "jargon",
    "fact_ready",
    "facts",
    "missing",
    "stall",
    "trust",
    "tension",
    "any",
    "mark",
]
ACTIONS = ("when", "say", "line", "add", "set", "go", "once", "mark", "reveal", "offer", "accept")
METHODS = ("sum", "difference", "product", "ratio", "share")
SCENARIO = (
    ("id", "type", "title", "competencies", "level", "brief", "states"),
    (
        "variables",
        "expectations",
        "misconceptions",
        "facts",
        "lines",
        "issues",
        "listener",
        "figures",
        "needs",
        "stop",
        "sources",
        "jobs",
        "elements_of",
    ),
)


@dataclass(frozen=True, slots=True)
class Expectation:
    """Something a good turn holds. Found by `cues` or by a named `test`; `hint`, `prompt` and `told` are the rungs of help."""

    id: str
    what: str
    cues: tuple[Cue, ...]
    test: str
    hint: str
    prompt: str
    told: str
    weight: float = 1.0
    order: int = 0
    by_turn: int = 0


@dataclass(frozen=True, slots=True)
class Rule:
    """A branch: the first whose conditions all hold is taken."""

    when: Mapping[str, Any]
    say: str = ""
    line: str = ""
    add: Mapping[str, float] = field(default_factory=dict)
    set: Mapping[str, float] = field(default_factory=dict)
    go: str = ""
    once: bool = False
    mark: str = ""
    reveal: str = ""
    offer: str = ""
    accept: bool = False


@dataclass(frozen=True, slots=True)
class State:
    """A place in the conversation: what is said on entering, what is expected, where it goes."""

    id: str
    kind: str
    say: tuple[str, ...]
    expects: tuple[str, ...]
    go: str
    figure: str = ""
    branch: tuple[Rule, ...] = ()


@dataclass(frozen=True, slots=True)
class Fact:
    """Something the counterpart says only when the condition holds."""

    id: str
    say: str
    when: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Option:
    """One choice of an issue, with its worth for both sides."""

    id: str
    label: str
    you: float
    them: float


@dataclass(frozen=True, slots=True)
class Issue:
    """One matter of a negotiation."""

    id: str
    name: str
    options: tuple[Option, ...]


@dataclass(frozen=True, slots=True)
class Misconception:
    """A typical error and the counter-question."""

    id: str
    cues: tuple[Cue, ...]
    reply: str


@dataclass(frozen=True, slots=True)
class Figure:
    """A number of a case: given (drawn between two ends by the seed) or asked (a named method over given ones)."""

    id: str
    between: tuple[float, float] = (0.0, 0.0)
    step: float = 1.0
    method: str = ""
    of: tuple[str, ...] = ()


@dataclass(frozen=True)
class ConversationType:
    """What all scenarios of one type share."""

    id: str
    name: str
    partner: str
    goal: str
    minutes: int
    max_turns: int
    rubric: tuple[str, ...]
    score: Mapping[str, float]
    rules: tuple[Rule, ...]
    hints: tuple[Rule, ...] = ()
    scored: bool = True
    variables: Mapping[str, float] = field(default_factory=dict)
    effects: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Scenario:
    """One conversation."""

    id: str
    type: str
    title: str
    competencies: tuple[str, ...]
    level: int
    brief: str
    states: Mapping[str, State]
    expectations: Mapping[str, Expectation]
    misconceptions: tuple[Misconception, ...] = ()
    facts: tuple[Fact, ...] = ()
    lines: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    issues: tuple[Issue, ...] = ()
    reservation: Mapping[str, float] = field(default_factory=dict)
    listener: Mapping[str, Any] = field(default_factory=dict)
    figures: Mapping[str, Figure] = field(default_factory=dict)
    variables: Mapping[str, float] = field(default_factory=dict)
    sources: tuple[str, ...] = ()
    jobs: tuple[str, ...] = ()
    content: Mapping[str, Any] = field(default_factory=dict)

    @property
    def first(self) -> State:
        """The state it opens in."""
        return next(iter(self.states.values()))


@cache
def load_types(path: Path = TYPES) -> dict[str, ConversationType]:
    """The ten types."""
    required = ("name", "partner", "goal", "minutes", "max_turns", "rubric", "score", "rules")
    types = {}
    for type_id, entry in read_definitions(path).items():
        check_keys(entry, f"{path.name}, {type_id}", required, ("variables", "effects", "hints", "scored"))
        rules, hints = (tuple(load_rule(rule, f"{path.name}, {type_id}") for rule in entry.get(key, ())) for key in ("rules", "hints"))
        types[type_id] = ConversationType(**{**entry, "id": type_id, "rules": rules, "hints": hints, "rubric": tuple(entry["rubric"])})
    return types


@cache
def load_scenarios(folder: Path = CONVERSATIONS) -> dict[str, Scenario]:
    """All authored conversations by id."""
    scenarios: dict[str, Scenario] = {}
    for path in sorted(folder.glob("*.yaml")):
        for entry in read_definitions(path) or ():
            scenario = build_scenario(entry, f"{path.name}, {entry.get('id', '?') if isinstance(entry, Mapping) else '?'}")
            if scenario.id in scenarios:
                raise BadInput("A conversation id occurs twice", thing=f"{path.name}: {scenario.id}")
            scenarios[scenario.id] = scenario
    return scenarios


def get_scenario(scenario_id: str) -> Scenario:
    """An authored conversation. Raises NotFound."""
    if scenario_id not in load_scenarios():
        raise NotFound("Unknown conversation", thing=scenario_id, next_step="See `quarterdeck development conversations`.")
    return load_scenarios()[scenario_id]


def build_scenario(entry: Any, where: str) -> Scenario:
    """A scenario from plain data (a file, or a generator). Raises BadInput naming place and key."""
    check_keys(entry, where, *SCENARIO)
    types = load_types()
    check_known([entry["type"]], types, f"{where}, type")
    expectations = {key: _expectation(key, value, where) for key, value in (entry.get("expectations") or {}).items()}
    states = _states(entry["states"], where)
    figures = {key: _figure(key, value, where) for key, value in (entry.get("figures") or {}).items()}
    issues = entry.get("issues") or {}
    scenario = Scenario(
        id=str(entry["id"]),
        type=entry["type"],
        title=str(entry["title"]),
        competencies=tuple(entry["competencies"]),
        level=int(entry["level"]),
        brief=str(entry["brief"]),
        states=states,
        expectations=expectations,
        misconceptions=tuple(Misconception(m["id"], load_cues(m["cues"], where), m["reply"]) for m in entry.get("misconceptions") or ()),
        facts=tuple(_fact(f, where) for f in entry.get("facts") or ()),
        lines={key: tuple(value if isinstance(value, list) else [value]) for key, value in (entry.get("lines") or {}).items()},
        issues=tuple(_issue(i, where) for i in (issues.get("list") or ())) if issues else (),
        reservation=issues.get("reservation", {}) if issues else {},
        listener=entry.get("listener") or {},
        figures=figures,
        variables=entry.get("variables") or {},
        sources=tuple(entry.get("sources") or ()),
        jobs=tuple(entry.get("jobs") or ()),
        content=dict(entry),
    )
    _check(scenario, where)
    return scenario


def load_rule(entry: Any, where: str) -> Rule:
    """A branch rule; unknown conditions and actions are refused."""
    check_keys(entry, f"{where}, rule", ("when",), ACTIONS)
    for condition in (entry["when"], *(entry["when"].get("any") or ())):
        check_known(condition, CONDITIONS, f"{where}, rule condition")
    return Rule(**entry)


def sentences_in(text: str) -> int:
    """How many sentences a bubble holds."""
    import re

    return len([piece for piece in re.split(r"(?<=[.!?])[”\"]?\s+(?=[A-Z“\"{£\d])", text.strip()) if piece])


def _states(entries: Mapping[str, Any], where: str) -> dict[str, State]:
    names = list(entries)
    states: dict[str, State] = {}
    for at, name in enumerate(names):
        entry = entries[name]
        check_keys(entry, f"{where}, {name}", ("say",), ("kind", "expects", "go", "figure", "branch"))
        following = names[at + 1] if at + 1 < len(names) else "end"
        kind = entry.get("kind") or ("ask_number" if entry.get("figure") else "ask_text")
        check_known([kind], KINDS, f"{where}, {name}, kind")
        say = entry["say"] if isinstance(entry["say"], list) else [entry["say"]]
        branch = tuple(load_rule(rule, f"{where}, {name}") for rule in entry.get("branch") or ())
        states[name] = State(
            name, kind, tuple(say), tuple(entry.get("expects") or ()), entry.get("go") or following, entry.get("figure") or "", branch
        )
    return states


def _expectation(key: str, entry: Any, where: str) -> Expectation:
    check_keys(entry, f"{where}, {key}", ("what", "hint", "prompt", "assert"), ("cues", "test", "weight", "order", "by_turn"))
    if entry.get("test"):
        check_known([entry["test"]], TESTS, f"{where}, {key}, test")
    elif not entry.get("cues"):
        raise BadInput("An expectation needs cues or a test", thing=f"{where}, {key}")
    cues = load_cues(entry.get("cues") or (), f"{where}, {key}")
    return Expectation(
        key, entry["what"], cues, entry.get("test") or "", entry["hint"], entry["prompt"], entry["assert"],
        float(entry.get("weight", 1)), int(entry.get("order", 0)), int(entry.get("by_turn", 0)),
    )  # fmt: skip


def _fact(entry: Any, where: str) -> Fact:
    check_keys(entry, f"{where}, fact", ("id", "say"), ("when",))
    when = entry.get("when") or {}
    check_known(when, CONDITIONS, f"{where}, fact {entry['id']}")
    return Fact(entry["id"], entry["say"], when)


def _issue(entry: Any, where: str) -> Issue:
    check_keys(entry, f"{where}, issue", ("id", "name", "options"))
    return Issue(
        entry["id"], entry["name"], tuple(Option(o["id"], o["label"], float(o["you"]), float(o["them"])) for o in entry["options"])
    )


def _figure(key: str, entry: Any, where: str) -> Figure:
    check_keys(entry, f"{where}, figure {key}", (), ("between", "step", "method", "of"))
    if entry.get("method"):
        check_known([entry["method"]], METHODS, f"{where}, figure {key}, method")
    between = tuple(float(x) for x in entry.get("between", (0, 0)))
    return Figure(key, (between[0], between[1]), float(entry.get("step", 1)), entry.get("method") or "", tuple(entry.get("of") or ()))


def _check(scenario: Scenario, where: str) -> None:
    used: Sequence[str] = [e for s in scenario.states.values() for e in s.expects]
    check_known(used, scenario.expectations, f"{where}, expects")
    check_known(scenario.expectations, used, f"{where}, expectations that no state expects")
    check_known([s.go for s in scenario.states.values()], [*scenario.states, "end"], f"{where}, go")
    check_known([s.figure for s in scenario.states.values() if s.figure], scenario.figures, f"{where}, figure")
    if scenario.level not in (1, 2, 3):
        raise BadInput("The level is 1, 2 or 3", thing=where)
    for text in (scenario.brief, *(line for s in scenario.states.values() for line in s.say)):
        if sentences_in(text) > 3:
            raise BadInput("A bubble holds at most three sentences", thing=f"{where}: {text[:80]}")
