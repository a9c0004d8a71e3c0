"""The loop: every move of the table is possible and audited, no other is, and effects are measured, not stated."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

import pytest
from sqlalchemy import select
from world import CUT, NOW, build_world

from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.record.audit import verify_chain
from quarterdeck.record.database import Record, open_record_at
from quarterdeck.record.models.base import AuditEvent
from quarterdeck.record.permissions import MACHINE, SINGLE_USER, Actor, GrantedRole, load_permissions
from quarterdeck.risks import actions, loop
from quarterdeck.risks.cells import Cell
from quarterdeck.risks.states import REGISTER_STATES, REGISTER_TRANSITIONS, SIGNAL_STATES, SIGNAL_TRANSITIONS, Transition, find_transition
from quarterdeck.vocabulary.errors import BadInput, NotPermitted

PLAN = actions.PlannedAction("Retrain the site", "P1", NOW.date() + timedelta(days=14), "ratio above 0.7", NOW.date() + timedelta(days=30))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """The small portfolio, built once: a snapshot never changes."""
    return build_world(tmp_path_factory.mktemp("world"))


@pytest.fixture
def record(tmp_path: Path) -> Record:
    return open_record_at(f"sqlite:///{tmp_path / 'record.sqlite'}")


@pytest.mark.parametrize(("table", "states"), [(SIGNAL_TRANSITIONS, SIGNAL_STATES), (REGISTER_TRANSITIONS, REGISTER_STATES)])
def test_every_state_is_described_and_reached(table: tuple[Transition, ...], states: dict[str, str]) -> None:
    assert {t.before for t in table} | {t.after for t in table} == set(states)
    first = next(iter(states))
    reached, frontier = {first}, [first]
    while frontier:
        before = frontier.pop()
        frontier += [t.after for t in table if t.before == before and t.after not in reached]
        reached |= {t.after for t in table if t.before == before}
    assert reached == set(states)


def test_every_move_asks_for_a_permission_that_exists() -> None:
    assert {t.permission for t in (*SIGNAL_TRANSITIONS, *REGISTER_TRANSITIONS)} <= set(load_permissions())


@pytest.mark.parametrize("before", sorted(SIGNAL_STATES))
@pytest.mark.parametrize("after", sorted(SIGNAL_STATES))
def test_moves_outside_the_table_are_refused(before: str, after: str) -> None:
    if any((t.before, t.after) == (before, after) for t in SIGNAL_TRANSITIONS):
        assert find_transition(SIGNAL_TRANSITIONS, before, after)
    else:
        with pytest.raises(NotPermitted, match="not possible"):
            find_transition(SIGNAL_TRANSITIONS, before, after)


def test_a_signal_walks_the_whole_loop_and_closes_as_improved(tmp_path: Path, record: Record) -> None:
    snapshot = build_world(tmp_path)
    opened = actions.open_signals(record, MACHINE, snapshot, NOW)
    assert opened
    assert actions.open_signals(record, MACHINE, snapshot, NOW) == []  # nothing is opened twice
    signal = next(s for s in loop.read_signals(record) if s.indicator == "kri0001c").id
    actions.move_signal(record, SINGLE_USER, signal, "under_review", "looks odd", NOW)
    actions.move_signal(record, SINGLE_USER, signal, "confirmed", "seen at the site", NOW, root_cause="nobody asked the participants")
    actions.move_signal(record, SINGLE_USER, signal, "action", "agreed", NOW, action=PLAN)
    actions.move_signal(record, SINGLE_USER, signal, "done", "training held", NOW)
    with pytest.raises(BadInput, match="too early"):
        actions.measure_effect(record, SINGLE_USER, signal, snapshot, NOW)
    later = build_world(tmp_path, cut=PLAN.judged_on + timedelta(days=1), silent=False)
    assert actions.measure_effect(record, SINGLE_USER, signal, later, NOW) == "improved"
    actions.close_signal(record, SINGLE_USER, signal, "it worked", NOW)
    found, moves, done = loop.read_signal(record, signal)
    assert (found.state, found.effect) == ("closed", "improved")
    assert [m.after for m in moves] == ["new", "under_review", "confirmed", "action", "done", "measured", "closed"]
    assert done[0].is_effective
    assert done[0].done_by == "local"
    figures = loop.count_loop(record, CUT)
    assert (figures.confirmed, figures.improved, figures.share_improved) == (1, 1, 1.0)
    assert figures.by_chance is not None
    assert 0 < figures.by_chance < 0.83
    assert verify_chain(record) >= 7


def test_each_move_leaves_one_audit_event(world: Snapshot, record: Record) -> None:
    signal = actions.open_signals(record, MACHINE, world, NOW)[0]
    actions.move_signal(record, SINGLE_USER, signal, "false_positive", "entered late", NOW)
    with record.session() as session:
        events = list(session.scalars(select(AuditEvent).where(AuditEvent.subject_id == signal).order_by(AuditEvent.seq)))
    assert [event.action for event in events] == ["signal.open", "signal.triage"]
    assert events[1].detail == {"from": "new", "to": "false_positive"}


def test_machines_open_but_do_not_judge(world: Snapshot, record: Record) -> None:
    signal = actions.open_signals(record, MACHINE, world, NOW)[0]
    with pytest.raises(NotPermitted):
        actions.move_signal(record, MACHINE, signal, "under_review", "I think so", NOW)


def test_readers_may_not_triage(world: Snapshot, record: Record) -> None:
    signal = actions.open_signals(record, MACHINE, world, NOW)[0]
    with pytest.raises(NotPermitted):
        actions.move_signal(record, Actor("r", "Reader", (GrantedRole("reader"),)), signal, "under_review", "hm", NOW)


@pytest.mark.parametrize(("after", "message"), [("confirmed", "root cause"), ("under_review", "says why")])
def test_a_move_needs_what_the_table_says(world: Snapshot, record: Record, after: str, message: str) -> None:
    signal = actions.open_signals(record, MACHINE, world, NOW)[0]
    if after == "confirmed":
        actions.move_signal(record, SINGLE_USER, signal, "under_review", "looks odd", NOW)
    with pytest.raises(BadInput, match=message):
        actions.move_signal(record, SINGLE_USER, signal, after, "because" if after == "confirmed" else " ", NOW)


def test_an_action_is_judged_after_it_is_due() -> None:
    with pytest.raises(BadInput, match="dates of an action"):
        actions.PlannedAction("a", "b", date(2026, 8, 1), "c", date(2026, 7, 1)).check(NOW.date())


@pytest.mark.parametrize(
    ("baseline", "score", "ratio", "effect"),
    [
        (-4.0, -1.0, (0.5, 0.9), "improved"),
        (-4.0, -3.8, (0.8, 1.2), "improved"),
        (-4.0, -3.9, (0.1, 0.5), "unchanged"),
        (3.0, 4.5, (2.0, 3.0), "worse"),
        (3.0, None, (2.0, 3.0), "not_evaluable"),
    ],
)
def test_an_effect_is_told_by_score_or_ratio(baseline: float, score: float | None, ratio: tuple[float, float], effect: str) -> None:
    assert actions.judge_effect(baseline, Cell("S1", score=score, ratio_low=ratio[0], ratio_high=ratio[1])) == effect


def test_an_indicator_that_cries_wolf_is_up_for_review(world: Snapshot, record: Record) -> None:
    for signal in actions.open_signals(record, MACHINE, world, NOW):
        actions.move_signal(record, SINGLE_USER, signal, "false_positive", "data error", NOW)
    review = loop.review_thresholds(record)[0]
    assert review.share == 1.0
    assert review.suggestion == "too few to say"
