"""Pages of the loop: every signal, what became of it, and the next step."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.risks import actions, loop
from quarterdeck.risks.indicators import load_indicators
from quarterdeck.risks.states import SIGNAL_STATES, SIGNAL_TRANSITIONS, next_states
from quarterdeck.vocabulary import wording
from quarterdeck.web.risk_tables import read_date, signals_table
from quarterdeck.web.tables import Column, Table
from quarterdeck.web.view import View, permit

router = APIRouter()


@router.get("/risks/signals")
def show_signals(state: str = "", view: View = permit("portfolio.read")) -> Response:
    """Signals, the loop in figures, and which indicators cry wolf."""
    figures, signals = loop.count_loop(view.record, view.now().date()), loop.read_signals(view.record, state)
    reviews = [
        {"indicator": load_indicators()[r.indicator].name if r.indicator in load_indicators() else r.indicator, "triaged": r.triaged, "false": r.false_positives, "advice": r.suggestion}
        for r in loop.review_thresholds(view.record)
    ]  # fmt: skip
    improved = "No effect was measured yet." if figures.share_improved is None else (
        f"{wording.share(figures.share_improved, 0)} of {wording.plural(figures.evaluated, 'confirmed signal')} improved after the action; "
        f"in the field {wording.share(loop.FIELD_ANCHOR, 0)} did, and by chance alone {wording.share(figures.by_chance or 0, 0)} would have."
    )  # fmt: skip
    lag = (
        ""
        if figures.days_to_action is None
        else f"Half of the actions were agreed within {wording.plural(round(figures.days_to_action), 'day')} of the signal."
    )
    title = (
        f"{wording.plural(figures.waiting, 'signal')} {'waits' if figures.waiting == 1 else 'wait'} for somebody to look"
        if figures.opened
        else "No signal was opened yet"
    )
    columns = [
        Column("indicator", "Indicator"),
        Column("triaged", "Triaged", is_number=True),
        Column("false", "False positives", is_number=True),
        Column("advice", "Suggestion"),
    ]
    return view.page(
        "risks/signals.html", finding=title, tables=[signals_table("signals", signals, "No signal is in this state."), Table("reviews", "Indicators by how often they were wrong", columns, reviews, empty="No signal was triaged yet.")],
        improved=improved, lag=lag, overdue=figures.overdue_actions, may_open=view.may("signal.open"), states=[("", "All states"), *((s, s.replace("_", " ")) for s in SIGNAL_STATES)], state=state,
        cites=[figures.waiting, figures.opened, improved, lag, figures.overdue_actions],
    )  # fmt: skip


@router.post("/risks/signals/open")
def open_signals(view: View = permit("signal.open")) -> Response:
    """Open what the indicators ask for."""
    actions.open_signals(view.record, view.actor, view.snapshot, view.now())
    return view.redirect(view.href("/risks/signals"))


@router.get("/risks/signals/{signal_id}")
def show_signal(signal_id: str, view: View = permit("portfolio.read")) -> Response:
    """One signal with its history and the moves that can be made."""
    signal, moves, planned = loop.read_signal(view.record, signal_id)
    history = [{"when": m.moved_at, "to": m.after.replace("_", " "), "who": m.actor_id, "why": m.reason} for m in moves]
    todo = [
        {"what": a.description, "owner": a.owner, "due": a.due, "criterion": a.criterion, "judged": a.judged_on, "done": a.done_at or "not yet", "effect": "not judged yet" if a.is_effective is None else ("it helped" if a.is_effective else "it did not help")}
        for a in planned
    ]  # fmt: skip
    tables = [
        Table("history", "What happened to the signal", [Column("when", "When"), Column("to", "Moved to"), Column("who", "By"), Column("why", "Because")], history),
        Table("actions", "What is done about it", [Column("what", "Action"), Column("owner", "Owner"), Column("due", "Due"), Column("criterion", "It helped if"), Column("judged", "Judged on"), Column("done", "Done"), Column("effect", "Effect")], todo, empty="No action was agreed yet."),
    ]  # fmt: skip
    choices = [t for t in next_states(SIGNAL_TRANSITIONS, signal.state) if view.may(t.permission) and "effect" not in t.needs]
    then = _baseline(signal)
    return view.page(
        "risks/signal.html", finding=signal.headline, tables=tables, signal=signal, choices=[(t.after, t.after.replace("_", " ")) for t in choices], needs={n for t in choices for n in t.needs},
        may_measure=signal.state == "done" and view.may("signal.measure"), state_words=SIGNAL_STATES[signal.state], then=then, cites=[signal.headline, then, signal.id, signal.root_cause, signal.opened_cut, signal.effect],
    )  # fmt: skip


@router.post("/risks/signals/{signal_id}/move")
def move_signal(
    signal_id: str, after: Annotated[str, Form()], reason: Annotated[str, Form()] = "", root_cause: Annotated[str, Form()] = "", action: Annotated[str, Form()] = "",
    owner: Annotated[str, Form()] = "", due: Annotated[str, Form()] = "", criterion: Annotated[str, Form()] = "", judged_on: Annotated[str, Form()] = "",
    view: View = permit("signal.triage"),
) -> Response:  # fmt: skip
    """One step of a signal."""
    planned = actions.PlannedAction(action, owner, read_date(due), criterion, read_date(judged_on)) if action.strip() else None
    if after == "closed":
        actions.close_signal(view.record, view.actor, signal_id, reason, view.now())
    else:
        actions.move_signal(view.record, view.actor, signal_id, after, reason, view.now(), root_cause, planned)
    return view.redirect(view.href(f"/risks/signals/{signal_id}"))


@router.post("/risks/signals/{signal_id}/measure")
def measure_signal(signal_id: str, view: View = permit("signal.measure")) -> Response:
    """Measure the effect at the facts that are shown."""
    actions.measure_effect(view.record, view.actor, signal_id, view.snapshot, view.now())
    return view.redirect(view.href(f"/risks/signals/{signal_id}"))


def _baseline(signal: Any) -> str:
    if signal.baseline_score is None:
        return "When it was opened there was no score."
    return f"When it was opened, on the facts of {wording.day(signal.opened_cut)}, its score was {wording.number(signal.baseline_score, 1, signed=True)}."
