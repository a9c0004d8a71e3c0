"""Five scripted learners for the author tests: expert, weak, silent, one who strings terms together, and one who answers only the first question."""

from __future__ import annotations

import re

from quarterdeck.development.deliver import negotiate
from quarterdeck.development.deliver.engine import Session, current_state, missing, start, take_turn
from quarterdeck.development.deliver.scenario import Scenario, load_types
from quarterdeck.development.deliver.score import Result, score_session

BOTS = ("expert", "weak", "silent", "stuffed", "first")
WARM = (
    "I can see that this has been hard for you. What happened from your point of view?",
    "That makes sense, and thank you for saying it. What matters most to you here?",
    "So you are saying that it was too much at once. What would help?",
    "I understand. How did it come to that?",
)
EVASIVE = (
    "I dont know.",
    "I own it and will close it by 15 December.",
    "There is a reason for it, and we will tell you by Friday.",
    "It is documented in the log and in the report, as it should be.",
)
CONCRETE = {
    "number_or_date": "By 30 June the open queries must fall from 900 to 200.",
    "number": "The open queries fell from 900 to 200.",
    "options": "First, I move two monitors to the site. Second, I ask the vendor for a dedicated team. Third, I stop the low-value checks.",
    "date": "I will send the plan to the vendor on Friday at ten.",
    "obstacle": "If the vendor delays, then I will call its director the same day.",
    "own_action": "I rewrote the escalation rule and called the vendor myself in March.",
    "enough": "It matters because the sites wait for answers and two monitors have already said they may leave us.",
}


def play(scenario: Scenario, bot: str, level: int | None = None, seed: int = 0) -> tuple[Session, Result]:
    """A whole session by one bot."""
    session = start(scenario, level, seed)
    most = load_types()[scenario.type].max_turns
    for turn in range(most + 5):
        if session.is_over:
            break
        text, offer = speak(session, bot, turn)
        take_turn(session, text, offer)
    return session, score_session(session)


def speak(session: Session, bot: str, turn: int) -> tuple[str, dict[str, str] | None]:
    """The bot's next turn: words, and an offer in negotiations."""
    if bot == "silent":
        return "", None
    if bot == "stuffed":
        return _stuff(session), None
    if bot == "first":
        return _repeat_first(session, turn), None
    if session.scenario.type == "negotiation":
        return _negotiate(session, turn) if bot == "expert" else ("What do you want?" if turn % 3 else "It is your fault.", None)
    if session.scenario.type == "roleplay":
        return (_listen(session, turn), None) if bot == "expert" else (("You should work harder." if turn % 2 else "What is wrong?"), None)
    return (_answer(session), None) if bot == "expert" else (_half_answer(session, turn), None)


def _answer(session: Session) -> str:
    here = current_state(session)
    parts = [CONCRETE[e.test] if e.test else e.told for e in missing(session)]
    if here and here.figure:
        parts.append(f"The figure is {session.state['figures'][here.figure]:.4g}.")
    return " ".join(parts)


def _repeat_first(session: Session, turn: int) -> str:
    # Answers the question it was asked first, then says the same again, or something that would fit anywhere.
    if turn == 0:
        return _answer(session)
    first = next(entry["text"] for entry in session.state["log"] if entry["who"] == "learner")
    return str(first) if turn % 2 else EVASIVE[turn // 2 % len(EVASIVE)]


def _half_answer(session: Session, turn: int) -> str:
    left = missing(session)
    if turn % 3 == 2 and left and not left[0].test:
        return left[0].told
    return "I am not sure. It depends on the situation."


def _stuff(session: Session) -> str:
    cues = [cue.source for e in session.scenario.expectations.values() for cue in e.cues[:4]]
    words = [re.sub(r"[*#]", "", cue.replace(" .. ", " ").split("|")[0]).strip() for cue in cues]
    words = [w for w in words if w] + ["governance", "risk-based", "stakeholders", "KPI", "alignment", "root cause", "CAPA", "synergy"]
    return ", ".join(words[:40]) + "."


def _listen(session: Session, turn: int) -> str:
    said = [e.told for e in session.scenario.expectations.values() if e.id not in session.state["credit"]]
    facts = len(session.state["facts"])
    if facts < len(session.scenario.facts) and turn < 9:
        return WARM[turn % len(WARM)]
    if said:
        return said[0]
    return "Thank you. Let us agree: I will write down what we both do and send it by Friday; we meet again next week."


def _negotiate(session: Session, turn: int) -> tuple[str, dict[str, str] | None]:
    scenario, state = session.scenario, session.state
    if len(state["facts"]) < len(scenario.facts) and turn < 8:
        return WARM[turn % len(WARM)], None
    if turn < 9:
        return "Thank you, that helps. So you need predictability. What else would make this work for you?", None
    factors = {k: (v[0], v[1]) for k, v in state["factors"].items()}
    everything = [(p, *negotiate.worth(scenario.issues, p, factors)) for p in negotiate.packages(scenario.issues)]
    # The best package for both that also leaves this side well above its walk-away point; then the counterpart's own counter.
    good = sorted(everything, key=lambda e: -(e[1] + e[2]) - 0.15 * e[1])
    choice = good[min(turn - 9, len(good) - 1)][0]
    return "We offer this package in return for a signature this month.", choice
