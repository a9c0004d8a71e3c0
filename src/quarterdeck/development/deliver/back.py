"""Coming back to a conversation that was left, and taking back a turn. The log is only appended to: what was taken back is marked, not removed."""

from __future__ import annotations

from quarterdeck.development.deliver.engine import COACH, PARTNER, Line, Session, add_lines


def go_on(session: Session) -> list[Line]:
    """The exact place where the learner left, with the words that were said last."""
    if session.state["status"] != "left":
        return []
    session.state["status"] = "running"
    last = next((e["text"] for e in reversed(session.state["log"]) if e["who"] == PARTNER and not e.get("undone")), "")
    return add_lines(session, [Line(COACH, "You are where you stopped.", "note"), *([Line(PARTNER, last)] if last else [])])


def can_take_back(session: Session) -> bool:
    """Whether a turn can be taken back: there is one, and the conversation has not ended."""
    return bool(session.state.get("past")) and session.state["status"] != "ended"


def take_back(session: Session) -> list[Line]:
    """The state before the last turn. Help that was seen stays seen, so that taking back raises no score."""
    if not can_take_back(session):
        return []
    state = session.state
    before = state["past"][-1]
    words = [entry["text"] for entry in state["log"][before["log"] :] if entry["who"] == "learner" and not entry.get("undone")]
    session.state = {
        **before["state"],
        "rung": {**before["state"]["rung"], **state["rung"]},
        "past": state["past"][:-1],
        "log": [{**entry, "undone": True} if at >= before["log"] else entry for at, entry in enumerate(state["log"])],
        "draft": words[-1] if words else "",
    }
    return add_lines(session, [Line(COACH, "Your last turn is taken back. You can say it another way.", "note")])
