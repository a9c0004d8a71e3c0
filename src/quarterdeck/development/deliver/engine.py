"""The conversation engine: moves, elements, misconceptions, variables, the first branch that holds, and an append-only log. No clock anywhere."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from quarterdeck.development.deliver import negotiate
from quarterdeck.development.deliver.figures import describe_method, draw_figures, fill, is_right
from quarterdeck.development.deliver.moves import ABSOLUTE, OBSTACLE, classify_moves, count_options, has_date, has_own_deed, is_help_request
from quarterdeck.development.deliver.scenario import Expectation, Fact, Rule, Scenario, State, load_types
from quarterdeck.development.discover.rubrics import known_words
from quarterdeck.methods.free_text import Sentence, is_number, matches, split_sentences, split_words
from quarterdeck.methods.free_text_words import HEDGES

CREDIT = {"open": 1.0, "pump": 0.9, "hint": 0.7, "prompt": 0.5, "told": 0.0}
LADDER = {1: ("hint", "prompt", "told"), 2: ("pump", "hint", "prompt", "told"), 3: ("pump", "told")}
ASKED = ("hint", "prompt", "told")  # level 3 gives no hints unless asked
PUMPS = ("Go on. What else belongs here?", "Say a little more, in your own words.", "And beyond that?")
STALL = 3
FEWEST_WORDS = 4
PARTNER, LEARNER, COACH = "partner", "learner", "coach"
NOT_WORDS = {"number_or_date": "a number or a date"}


@dataclass(frozen=True, slots=True)
class Line:
    """One bubble: who speaks, the words, and what kind of line it is (say, hint, prompt, told, praise, note)."""

    who: str
    text: str
    kind: str = "say"


@dataclass
class Session:
    """A running conversation. `state` is plain data: it is stored after every turn, so a session resumes exactly where it stopped."""

    scenario: Scenario
    state: dict[str, Any]

    @property
    def is_over(self) -> bool:
        """Whether it has ended, or the learner left."""
        return self.state["status"] in ("ended", "left")


def start(scenario: Scenario, level: int | None = None, seed: int = 0) -> Session:
    """A new session in its first state, with the opening lines in the log."""
    kind = load_types()[scenario.type]
    chosen = scenario.level if level is None else level
    state: dict[str, Any] = {
        "scenario": scenario.id,
        "level": chosen,
        "seed": seed,
        "at": "",
        "status": "running",
        "turn": 0,
        "state_turn": 0,
        "stall": 0,
        "variables": {**kind.variables, **scenario.variables},
        "credit": {},
        "rung": {},
        "sentence": {},
        "found_turn": {},
        "facts": [],
        "marks": [],
        "misconceptions": [],
        "figures": draw_figures(scenario, seed),
        "figures_right": {},
        "factors": negotiate.jitter_issues(scenario, seed),
        "used": [],
        "lines": {},
        "moves": {},
        "deal": None,
        "counter": None,
        "past": [],
        "draft": "",
        "log": [],
    }
    session = Session(scenario, state)
    add_lines(session, [Line(COACH, _fill(session, scenario.brief), "brief")])
    _enter(session, scenario.first.id)
    return session


def take_turn(session: Session, text: str, offer: Mapping[str, str] | None = None) -> list[Line]:
    """The answer to one turn. Everything is appended to the log. A stop or pause keeps the state, a call for help costs no turn."""
    state = session.state
    if session.is_over:
        return []
    moves = classify_moves(text)
    state["draft"] = ""
    if not (is_help_request(text) or moves & {"stop", "pause"}):
        _remember(session)
    state["log"].append(
        {
            "who": LEARNER,
            "text": text,
            "moves": sorted(moves),
            "offer": dict(offer) if offer else None,
            "state": state["at"],
            "by": "learner",
        }
    )
    if "stop" in moves or "pause" in moves:
        return _leave(session, "stop" in moves)
    state["status"] = "running"
    if is_help_request(text):
        return add_lines(session, _coach(session))
    state["turn"] += 1
    state["state_turn"] += 1
    for move in moves:
        state["moves"][move] = state["moves"].get(move, 0) + 1
    found = _match(session, text)
    lines = [Line(PARTNER, m.reply) for m in _misconceptions(session, text)]
    _apply_effects(session, moves)
    context = _context(session, text, moves, offer)
    state["stall"] = 0 if found or context["figure_right"] else state["stall"] + 1
    rule = _first_rule(session, context)
    if rule is not None:
        lines += _follow(session, rule, context, text, offer)
    if not session.is_over and not (rule and (rule.go or (rule.line and not _is_ladder(session)) or rule.reveal or rule.offer)):
        lines += _advance(
            session, found, context, bool(rule and rule.accept), skip_help=bool(rule and (rule.say or rule.line)) or bool(lines)
        )
    if not session.is_over and state["turn"] >= load_types()[session.scenario.type].max_turns:
        lines += _finish(session, "turns")
    return add_lines(session, lines)


def _remember(session: Session) -> None:
    # What the turn may change, so that it can be taken back; the log itself is only ever appended to.
    state = session.state
    before = deepcopy({key: value for key, value in state.items() if key not in ("log", "past")})
    state["past"] = [*state.get("past", ()), {"state": before, "log": len(state["log"])}]


def _leave(session: Session, is_stop: bool) -> list[Line]:
    session.state["status"] = "left" if is_stop else "paused"
    words = (
        "Stopped. Your words are kept; you can come back to this exact place."
        if is_stop
        else "Paused. Nothing is lost, and nothing is waiting."
    )
    return add_lines(session, [Line(COACH, words, "note")])


def resume(scenario: Scenario, stored: str | Mapping[str, Any]) -> Session:
    """A session from its stored state."""
    state = json.loads(stored) if isinstance(stored, str) else deepcopy(dict(stored))
    if state["status"] == "paused":
        state["status"] = "running"
    return Session(scenario, state)


def current_state(session: Session) -> State | None:
    """The state the session is in, or None at the end."""
    return session.scenario.states.get(session.state["at"])


def asked_here(session: Session) -> tuple[str, ...]:
    """What the current state expects, by id."""
    here = current_state(session)
    return here.expects if here else ()


def missing(session: Session) -> list[Expectation]:
    """What the current state still expects."""
    return [session.scenario.expectations[e] for e in asked_here(session) if e not in session.state["credit"]]


def is_shown(expectation: Expectation, sentences: tuple[Sentence, ...], text: str) -> str:
    """The sentence that shows an expectation, or "". A mere list of terms shows nothing; two or three words show nothing."""
    if expectation.test:
        return text.strip() if passes_test(expectation.test, text) else ""
    for sentence in sentences:
        if (
            not _is_mere_list(sentence)
            and len(sentence.words) >= FEWEST_WORDS
            and any(matches(c, sentence.words, known_words()) for c in expectation.cues)
        ):
            return sentence.text
    return ""


def passes_test(test: str, text: str) -> bool:
    """The named tests of form that an expectation may use."""
    sentences = split_sentences(text)
    if not sentences or any(_is_mere_list(s) for s in sentences):
        return False
    words = [w for s in sentences for w in s.words]
    enough = len(words) >= 6
    return {
        "number": any(is_number(w) for w in words) and enough,
        "number_or_date": (any(is_number(w) for w in words) or has_date(text)) and enough,
        "date": has_date(text) and enough,
        "options": count_options(text) >= 3,
        "obstacle": bool(OBSTACLE.search(text)) and enough,
        "own_action": any(s.has_own_action for s in sentences),
        "enough": len(words) >= 8 and len(set(words)) >= 7,
    }[test]


def _match(session: Session, text: str) -> list[str]:
    sentences = split_sentences(text)
    state = session.state
    found: list[str] = []
    if len([s for s in sentences if _is_mere_list(s)]) * 2 > len(sentences):
        return found
    said = {split_words(sentence) for key, sentence in state["sentence"].items() if key not in asked_here(session)}
    for expectation in missing(session):  # only what is asked here, and not in words that answered an earlier question
        sentence = is_shown(expectation, sentences, text)
        if sentence and split_words(sentence) not in said:
            key = expectation.id
            state["credit"][key] = CREDIT[state["rung"].get(key, "open")]
            state["sentence"][key] = sentence
            state["found_turn"][key] = state["turn"]
            found.append(key)
    return found


def _is_mere_list(sentence: Sentence) -> bool:
    if sentence.is_listing:
        return True
    fragments = [f for f in sentence.text.replace(";", ",").split(",") if f.strip()]
    return len(fragments) >= 4 and sum(len(split_words(f)) for f in fragments) / len(fragments) <= 2.5


def _misconceptions(session: Session, text: str) -> list[Any]:
    words = split_words(text)
    new = [
        m
        for m in session.scenario.misconceptions
        if m.id not in session.state["misconceptions"] and any(matches(c, words, known_words()) for c in m.cues)
    ]
    session.state["misconceptions"] += [m.id for m in new]
    return new


def _apply_effects(session: Session, moves: frozenset[str]) -> None:
    effects = load_types()[session.scenario.type].effects
    variables = session.state["variables"]
    for move in moves:
        for name, amount in effects.get(move, {}).items():
            variables[name] = min(10.0, max(0.0, variables.get(name, 0.0) + amount))


def _context(session: Session, text: str, moves: frozenset[str], offer: Mapping[str, str] | None) -> dict[str, Any]:
    words = split_words(text)
    sentences = split_sentences(text)
    here = current_state(session)
    jargon = [w for w in session.scenario.listener.get("jargon", ()) if w.lower() in words and not _is_explained(w.lower(), text.lower())]
    given = offer or _offer_in_words(session, text)
    right = bool(here and here.figure and _figure_given(words, session.state["figures"][here.figure]))
    if right and here:
        session.state["figures_right"][here.figure] = True
    ready = _ready_fact(session, moves)
    return {
        "moves": moves,
        "state": here.id if here else "end",
        "turn": session.state["turn"],
        "level": session.state["level"],
        "words": len(words),
        "longest": max((len(s.words) for s in sentences), default=0),
        "hedges": len(HEDGES.findall(text.lower())),
        "number": any(is_number(w) for w in words),
        "dated": has_date(text),
        "own_action": any(s.has_own_action for s in sentences),
        "silent": len(words) < 2,
        "deed": has_own_deed(text),
        "accepts": negotiate.is_acceptance(text),
        "countered": session.state["counter"] is not None,
        "first": session.state["state_turn"] == 1,
        "offer": given is not None,
        "given": given,
        "absolute": bool(ABSOLUTE.search(text)),
        "jargon": len(jargon),
        "jargon_word": jargon[0] if jargon else "",
        "fact_ready": ready is not None,
        "facts": len(session.state["facts"]),
        "missing": len(missing(session)),
        "stall": session.state["stall"],
        "figure_right": right,
        **{name: session.state["variables"].get(name, 0.0) for name in ("trust", "tension")},
    }


def _offer_in_words(session: Session, text: str) -> Mapping[str, str] | None:
    if not session.scenario.issues:
        return None
    counter: Mapping[str, str] | None = session.state["counter"]
    return counter if counter is not None and negotiate.is_acceptance(text) else negotiate.read_offer(session.scenario, text)


def _first_rule(session: Session, context: Mapping[str, Any]) -> Rule | None:
    here = current_state(session)
    rules = [*(here.branch if here else ()), *load_types()[session.scenario.type].rules]
    for at, rule in enumerate(rules):
        name = f"{context['state'] if at < len(here.branch if here else ()) else 'type'}:{at}"
        if rule.once and name in session.state["used"]:
            continue
        if holds(rule.when, context, session.state):
            if rule.once:
                session.state["used"].append(name)
            return rule
    return None


def holds(when: Mapping[str, Any], context: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    """Whether every condition holds. Each is a value, or a mapping with at_least or at_most."""
    for key, wanted in when.items():
        if key == "any":
            if not any(holds(entry, context, state) for entry in wanted):
                return False
        elif key == "move":
            if wanted not in context["moves"]:
                return False
        elif key == "mark":
            if wanted not in state["marks"]:
                return False
        elif isinstance(wanted, Mapping):
            if not wanted.get("at_least", float("-inf")) <= context[key] <= wanted.get("at_most", float("inf")):
                return False
        elif context[key] != wanted:
            return False
    return True


def _follow(session: Session, rule: Rule, context: Mapping[str, Any], text: str, offer: Mapping[str, str] | None) -> list[Line]:
    state, lines = session.state, []
    for name, amount in rule.add.items():
        state["variables"][name] = min(10.0, max(0.0, state["variables"].get(name, 0.0) + amount))
    state["variables"].update(rule.set)
    if rule.mark:
        state["marks"].append(rule.mark)
    if rule.say:
        lines.append(Line(PARTNER, fill(rule.say, state["figures"], {"jargon_word": str(context["jargon_word"])})))
    if rule.line:
        lines.append(Line(PARTNER, _next_line(session, rule.line)))
    if rule.reveal:
        fact = _ready_fact(session, context["moves"])
        if fact is not None:
            state["facts"].append(fact.id)
            lines.append(Line(PARTNER, fact.say, "fact"))
    if rule.offer:
        lines += _answer_offer(session, context["given"])
    if rule.go == "end":
        lines += _finish(session, rule.mark or "end")
    elif rule.go:
        lines += _enter(session, rule.go, quiet=True)
    return lines


def _advance(session: Session, found: list[str], context: Mapping[str, Any], accepted: bool, skip_help: bool) -> list[Line]:
    here = current_state(session)
    if here is None or not _is_ladder(session):
        return []
    lines: list[Line] = []
    if found:
        named = [session.scenario.expectations[e].what for e in found]
        lines.append(Line(COACH, f"Found: {'; '.join(named)}.", "praise"))
    if accepted and missing(session):
        first = missing(session)[0]
        session.state["credit"][first.id] = 0.7
    open_figure = here.figure and not context["figure_right"]
    if open_figure and session.state["state_turn"] < 3 and not missing(session):
        return [*lines, Line(COACH, "The figure is not there yet, or not within 5%. Try again with the numbers given.", "hint")]
    if not missing(session) or (open_figure and session.state["state_turn"] >= 3 and not here.expects):
        if open_figure:
            lines.append(Line(COACH, f"The figure is {fill('{' + here.figure + '}', session.state['figures'])}.", "told"))
        return lines + _enter(session, here.go, quiet=True)
    if skip_help and session.state["stall"] < STALL:
        return lines
    return lines + _help(session, "ask_help" in context["moves"])


def _coach(session: Session) -> list[Line]:
    # Help that was asked for: a rung of the ladder, the way to a figure, or the first hint of the type that fits. No turn is counted.
    here = current_state(session)
    if _is_ladder(session) and missing(session):
        return _help(session, is_asked=True)
    if here and here.figure:
        return [Line(COACH, describe_method(session.scenario.figures[here.figure]), "hint")]
    context = _context(session, "", frozenset(), None)
    left = missing(session)
    for rule in load_types()[session.scenario.type].hints:
        if holds(rule.when, context, session.state):
            return [Line(COACH, fill(rule.say, {}, {"next_hint": left[0].hint if left else ""}), "hint")]
    return [Line(COACH, "Answer the last question in your own words, one sentence is enough.", "hint")]


def _help(session: Session, is_asked: bool) -> list[Line]:
    state = session.state
    if state["stall"] >= STALL:
        lines = [_tell(session, m) for m in missing(session)]
        for m in missing(session):
            state["credit"][m.id], state["rung"][m.id] = CREDIT["told"], "told"
        state["stall"] = 0
        here = current_state(session)
        return lines + _enter(session, here.go if here else "end", quiet=True)
    target = missing(session)[0]
    ladder = ASKED if is_asked else LADDER[state["level"]]
    now = state["rung"].get(target.id, "open")
    rung = ladder[min(ladder.index(now) + 1, len(ladder) - 1)] if now in ladder else ladder[0]
    state["rung"][target.id] = rung
    if rung == "pump":
        return [Line(PARTNER, PUMPS[state["turn"] % len(PUMPS)], "pump")]
    if rung != "told":
        return [Line(COACH, _fill(session, target.hint if rung == "hint" else f"You could begin: “{target.prompt}”"), rung)]
    state["credit"][target.id] = CREDIT["told"]
    lines = [_tell(session, target)]
    if not missing(session):
        here = current_state(session)
        lines += _enter(session, here.go if here else "end", quiet=True)
    return lines


def _tell(session: Session, expectation: Expectation) -> Line:
    told = _fill(session, expectation.told)
    # In coaching nothing is right or wrong, so that there is no model answer to give.
    return Line(COACH, f"A way to say it: “{told}”" if load_types()[session.scenario.type].scored else told, "told")


def _enter(session: Session, name: str, quiet: bool = False) -> list[Line]:
    lines: list[Line] = []
    state = session.state
    while True:
        if name == "end" or name not in session.scenario.states:
            lines += _finish(session, "end")
            break
        here = session.scenario.states[name]
        state["at"], state["state_turn"], state["stall"] = name, 0, 0
        kind = "data" if here.kind == "show_data" else "ask" if here.kind.startswith("ask") else "say"
        lines += [Line(PARTNER, _fill(session, text), kind) for text in here.say]
        done = here.expects and not missing(session) and not here.figure
        if here.kind in ("say", "show_data", "pause") or done:
            if done:
                lines = lines[: -len(here.say)]  # everything asked here was said before: do not ask again
            name = here.go
            continue
        break
    if not quiet:
        return add_lines(session, lines)
    return lines


def _finish(session: Session, why: str) -> list[Line]:
    session.state["status"], session.state["at"], session.state["ended_by"] = "ended", "end", why
    for key in session.scenario.expectations:
        session.state["credit"].setdefault(key, 0.0)
    return []


def _answer_offer(session: Session, package: Mapping[str, str]) -> list[Line]:
    state = session.state
    variables = state["variables"]
    factors = {k: (v[0], v[1]) for k, v in state["factors"].items()}
    if package == state["counter"]:  # what they offered themselves stands
        return _agree(session, package)
    accepted, answer = negotiate.answer_offer(
        session.scenario, dict(package), factors, state["turn"], variables.get("trust", 0), variables.get("tension", 0)
    )
    if accepted:
        return _agree(session, package)
    state["counter"] = answer
    lines = [Line(PARTNER, f"Not yet. I could live with this: {negotiate.describe(session.scenario, answer)}.")]
    you, _ = negotiate.worth(session.scenario.issues, package, factors)
    if you < session.scenario.reservation["you"]:
        if state["level"] == 1:
            lines.append(Line(COACH, "Your offer is below your own walk-away point.", "note"))
        if "below_walkaway" not in state["marks"]:
            state["marks"].append("below_walkaway")
    return lines


def _agree(session: Session, package: Mapping[str, str]) -> list[Line]:
    session.state["deal"] = dict(package)
    return [Line(PARTNER, f"Agreed: {negotiate.describe(session.scenario, package)}."), *_finish(session, "deal")]


def _ready_fact(session: Session, moves: frozenset[str]) -> Fact | None:
    variables = session.state["variables"]
    for number, fact in enumerate(f for f in session.scenario.facts):
        if fact.id in session.state["facts"]:
            continue
        when = fact.when or {"move": "ask_open", "trust": {"at_least": 0.5 + 0.5 * number}}
        context = {"moves": moves, **{name: variables.get(name, 0.0) for name in ("trust", "tension")}}
        if holds({k: v for k, v in when.items() if k in ("move", "trust", "tension", "any")}, context, session.state):
            return fact
        return None  # facts come in their order
    return None


def _next_line(session: Session, name: str) -> str:
    lines = session.scenario.lines.get(name) or DEFAULT_LINES.get(name, ("I hear you.",))
    at = session.state["lines"].get(name, 0)
    session.state["lines"][name] = at + 1
    return _fill(session, lines[at % len(lines)])


def _figure_given(words: tuple[str, ...], wanted: float) -> bool:
    for word in words:
        plain = word.strip("£€$%").replace(",", "").rstrip(".abcdefghijklmnopqrstuvwxyz")
        try:
            if is_right(float(plain), wanted):
                return True
        except ValueError:
            continue
    return False


def _is_explained(word: str, text: str) -> bool:
    at = text.find(word)
    return any(
        mark in text[max(0, at - 30) : at + len(word) + 40]
        for mark in ("that is", "which means", "meaning", "means", "in other words", "(", "called")
    )


def _is_ladder(session: Session) -> bool:
    return session.scenario.type not in ("roleplay", "negotiation")


def _fill(session: Session, text: str) -> str:
    return fill(text, session.state["figures"])


def add_lines(session: Session, lines: list[Line]) -> list[Line]:
    """The lines, appended to the log."""
    for line in lines:
        session.state["log"].append({"who": line.who, "text": line.text, "kind": line.kind, "state": session.state["at"], "by": "rules"})
    return lines


DEFAULT_LINES = {
    "guarded": ("I am listening.", "Go on.", "What do you want from me?"),
    "silence": ("You are quiet.", "I would rather you said something."),
    "defend": ("That is not fair.", "If you see it that way, there is little to say."),
    "too_early": ("You plan already, but you do not know what this is about.", "That is quick. You have not asked me much."),
    "which_day": ("Good. By which day?",),
    "what_deed": ("And what will you do yourself?", "I heard that. What will you actually do, and by when?"),
    "counter_example": ("You say it is always so. I have a case here in which it was not.",),
    "walkout": ("I stop here. We can talk another day.",),
    "resolution": ("Agreed. I can work with that.",),
    "grievance": ("You say yes, but you are not hearing it.",),
}
