"""Discuss: plans stay inside free hours, near the optimum; calendars move instead of doubling; missed weeks are planned again without blame."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from quarterdeck.development.discover.assess import assess
from quarterdeck.development.discuss.accommodations import block_minutes, load_switches, page_behaviours, starting_set
from quarterdeck.development.discuss.calendar import read_busy, render_calendar
from quarterdeck.development.discuss.plan import (
    Busy,
    Terms,
    close_held,
    free_slots,
    from_content,
    make_plan,
    read_windows,
    renew,
    replan,
    to_content,
)
from quarterdeck.development.discuss.reviews import due_of, new_card, review
from quarterdeck.development.roles.load import load_role
from quarterdeck.methods.list_schedule import PER_WEEK, Topic, best_total, schedule, total
from quarterdeck.vocabulary.errors import BadInput

MONDAY = date(2026, 11, 23)
NOW = datetime(2026, 11, 22, 9, tzinfo=UTC)
WINDOWS = read_windows(["Tuesday 12:30 40", "Thursday 16:00 40", "Friday 09:00 85"])
ASSESSMENT = assess(load_role(), [])


def random_case(seed: int) -> tuple[list[Topic], list[int]]:
    """Three to five topics over three weeks of three slots."""
    rng = random.Random(seed)
    topics = [
        Topic(str(n), rng.choice("FTD"), round(rng.uniform(0.3, 2.5), 2), rng.randint(1, 4), rng.random() < 0.4)
        for n in range(rng.randint(3, 5))
    ]
    return topics, [slot // 3 for slot in range(9)]


@pytest.mark.parametrize("seed", range(25))
def test_the_schedule_is_within_two_percent_of_the_exhaustive_optimum(seed: int) -> None:
    topics, weeks = random_case(seed)
    assert total(topics, weeks, schedule(topics, weeks)) >= 0.98 * best_total(topics, weeks)


@given(st.integers(0, 10_000), st.integers(1, 40))
@settings(max_examples=15, deadline=None)
def test_no_topic_comes_more_than_twice_a_week_nor_more_often_than_needed(seed: int, slots: int) -> None:
    topics, _ = random_case(seed)
    weeks = [slot // 4 for slot in range(slots)]
    chosen = schedule(topics, weeks)
    for at, topic in enumerate(topics):
        assert chosen.count(at) <= topic.sessions
        for week in set(weeks):
            assert sum(c == at for c, w in zip(chosen, weeks, strict=True) if w == week) <= PER_WEEK


def test_sessions_lie_inside_free_time_and_outside_busy_time() -> None:
    busy = [Busy(datetime(2026, 11, 24, 12, 0), datetime(2026, 11, 24, 13, 0))]  # noqa: DTZ001  local by nature
    plan = make_plan(ASSESSMENT, "local", MONDAY, WINDOWS, busy=busy)
    sessions = [e for e in plan.entries if e.kind in ("session", "checkpoint")]
    assert sessions
    for e in sessions:
        assert e.start is not None
        assert any(w.day == e.start.weekday() and w.start <= f"{e.start:%H:%M}" for w in WINDOWS)
        assert e.start.date() != date(2026, 11, 24)


def test_three_or_four_are_in_focus_and_the_rest_is_said_not_to_fit() -> None:
    plan = make_plan(ASSESSMENT, "local", MONDAY, WINDOWS)
    assert 3 <= len(plan.focus) <= 4
    assert len(plan.focus) + len(plan.not_fitted) == sum(p["gap"] > 0.25 for p in plan.priorities)


def test_every_week_has_one_task_on_real_work_and_every_fourth_a_checkpoint() -> None:
    plan = make_plan(ASSESSMENT, "local", MONDAY, WINDOWS)
    assert [e.week for e in plan.entries if e.kind == "task"] == list(range(12))
    assert all(e.job for e in plan.entries if e.kind == "task")
    assert [e.week for e in plan.entries if e.kind == "checkpoint"][:2] == [3, 7]


def test_short_blocks_recompute_the_plan_and_the_calendar_has_that_length() -> None:
    plan = make_plan(ASSESSMENT, "local", MONDAY, WINDOWS, starting_set("adhd"))
    assert {e.minutes for e in plan.entries if e.minutes} == {20}
    calendar = Calendar.from_ical(render_calendar(plan, "Europe/London", NOW))
    assert {e["dtend"].dt - e["dtstart"].dt for e in calendar.walk("VEVENT")} == {timedelta(minutes=20)}
    assert len([e for e in plan.entries if e.minutes]) > len(
        [e for e in make_plan(ASSESSMENT, "local", MONDAY, WINDOWS).entries if e.minutes]
    )


def test_the_calendar_is_neutral_zoned_and_has_alarms() -> None:
    calendar = Calendar.from_ical(render_calendar(make_plan(ASSESSMENT, "local", MONDAY, WINDOWS), "Europe/London", NOW))
    events = calendar.walk("VEVENT")
    assert {str(e["summary"]) for e in events} == {"Development time", "Development checkpoint"}
    assert len({str(e["uid"]) for e in events}) == len(events)
    assert calendar.walk("VTIMEZONE")
    assert all(a["trigger"].dt == timedelta(minutes=-10) for a in calendar.walk("VALARM"))
    assert all("open" in str(e["description"]) for e in events)


def test_replanning_keeps_what_was_done_moves_what_is_left_and_cancels_what_vanished() -> None:
    plan = make_plan(ASSESSMENT, "local", MONDAY, WINDOWS)
    first = next(e for e in plan.entries if e.kind == "session")
    plan = replace(plan, entries=tuple(replace(e, status="done") if e.id == first.id else e for e in plan.entries))
    again = replan(plan, ASSESSMENT, MONDAY + timedelta(days=16), read_windows(["Wednesday 08:00 40"]))
    assert len({e.id for e in again.entries}) == len(again.entries)
    assert next(e for e in again.entries if e.id == first.id).status == "done"
    before = {str(e["uid"]): e for e in Calendar.from_ical(render_calendar(plan, "UTC", NOW)).walk("VEVENT")}
    after = {str(e["uid"]): e for e in Calendar.from_ical(render_calendar(again, "UTC", NOW)).walk("VEVENT")}
    moved = [uid for uid in before if uid in after and after[uid]["dtstart"].dt != before[uid]["dtstart"].dt]
    assert moved
    assert all(after[uid]["sequence"] > before[uid]["sequence"] for uid in moved)
    cancelled = [e for e in after.values() if str(e["status"]) == "CANCELLED"]
    assert cancelled
    words = " ".join(again.notes).lower()
    assert not any(w in words for w in ("late", "behind", "fail", "should have", "overdue"))


def test_a_plan_survives_storage() -> None:
    plan = make_plan(ASSESSMENT, "local", MONDAY, WINDOWS)
    assert from_content(to_content(plan)).entries == plan.entries


def test_busy_times_of_a_calendar_are_read() -> None:
    ics = b"BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20261124T120000\r\nDTEND:20261124T130000\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    assert read_busy(ics)[0].end.hour == 13
    with pytest.raises(BadInput):
        read_busy(b"no calendar")


def test_free_time_that_cannot_be_read_is_named() -> None:
    with pytest.raises(BadInput, match="Noday"):
        read_windows(["Noday 12:30 40"])


def test_switches_change_behaviour_and_a_starting_set_is_only_its_switches() -> None:
    assert block_minutes([]) == 40
    assert block_minutes(["short_blocks"]) == 20
    assert {"spaced", "calm"} <= page_behaviours(starting_set("dyslexia"))
    assert {"agenda", "rubric_first"} <= page_behaviours(starting_set("autism"))
    assert all(s.plan or s.page or s.conversation for s in load_switches().values())


def test_a_fixed_order_is_the_same_order_of_topics_every_week() -> None:
    plan = make_plan(ASSESSMENT, "local", MONDAY, WINDOWS, ["fixed_order"])
    weeks = [[e.competency for e in plan.sessions if e.week == week] for week in range(plan.weeks)]
    assert len(set(weeks[0])) == 4
    assert weeks[:6] == [weeks[0]] * 6
    for before, after in itertools.pairwise(weeks):  # only a topic whose sessions are all held gives its place away
        left = {c for week in weeks[weeks.index(after) :] for c in week}
        assert all(a == b or a not in left for a, b in zip(before, after, strict=False))


@pytest.mark.parametrize(("switch", "blocks"), [("short_blocks", 2), ("shortest_blocks", 4)])
def test_short_blocks_fill_the_window(switch: str, blocks: int) -> None:
    windows = read_windows(["Tuesday 12:30 40"])
    assert len(free_slots(MONDAY, 1, windows, (), block_minutes([switch]))) == blocks
    sessions = make_plan(ASSESSMENT, "local", MONDAY, windows, [switch]).sessions
    assert sum(e.minutes for e in sessions if e.week == 0) == 40


@pytest.mark.parametrize("switch", ["short_blocks", "shortest_blocks"])
def test_short_blocks_use_as_many_minutes_a_week_as_long_ones(switch: str) -> None:
    windows = read_windows(["Tuesday 12:30 40", "Thursday 16:00 40"])
    long, short = (sum(e.minutes for e in make_plan(ASSESSMENT, "local", MONDAY, windows, s).sessions) for s in ([], [switch]))
    assert short == long


def test_a_session_that_was_held_keeps_its_time_when_the_rest_is_planned_again() -> None:
    plan = make_plan(ASSESSMENT, "local", MONDAY, WINDOWS)
    first = plan.sessions[0]
    again = replan(close_held(plan, first.scenario, first.id, 0.5), ASSESSMENT, MONDAY, WINDOWS, ["short_blocks"])
    assert [e.id for e in again.sessions if e.start and first.start and e.start.date() == first.start.date()] == [first.id]


def test_what_was_missed_is_closed_and_weeks_and_milestones_go_on_from_the_first_start() -> None:
    plan = make_plan(ASSESSMENT, "local", MONDAY, WINDOWS)
    today = MONDAY + timedelta(weeks=5)
    again = replan(plan, ASSESSMENT, today, WINDOWS)
    assert not [
        e for e in again.entries if e.status == "planned" and e.kind != "milestone" and (e.week < 5 or (e.start and e.start.date() < today))
    ]
    assert {e.status for e in again.entries if e.week < 5 and e.kind != "milestone"} == {"missed"}
    milestones = [(e.id, e.start, e.week) for e in plan.entries if e.kind == "milestone"]
    assert [(e.id, e.start, e.week) for e in again.entries if e.kind == "milestone"] == milestones
    assert [e.week for e in again.entries if e.kind == "checkpoint" and e.status == "planned"] == [7, 11]
    assert max(e.week for e in again.sessions) == 11
    assert [e.week for e in again.entries if e.kind == "task" and e.status == "planned"] == list(range(5, 12))
    assert again.upcoming(today)[0].start >= datetime.combine(today, datetime.min.time())  # type: ignore[operator]


def test_new_weeks_keep_what_was_done_and_calendars_move_what_they_hold() -> None:
    plan = make_plan(ASSESSMENT, "local", MONDAY, WINDOWS)
    first = plan.upcoming(MONDAY)[0]
    plan = replace(plan, entries=tuple(replace(e, status="done") if e.id == first.id else e for e in plan.entries))
    again = renew(plan, ASSESSMENT, MONDAY + timedelta(weeks=1), Terms(WINDOWS))
    assert [e.id for e in again.entries if e.status == "done"] == [first.id]
    assert again.sequence == plan.sequence + 1
    uids = [{str(e["uid"]) for e in Calendar.from_ical(render_calendar(p, "UTC", NOW)).walk("VEVENT")} for p in (plan, again)]
    assert len(uids[0] & uids[1]) > len(uids[0]) / 2


def test_the_plan_is_ordered_week_by_week_with_the_task_in_its_week() -> None:
    plan = make_plan(ASSESSMENT, "local", MONDAY, WINDOWS)
    weeks = [e.week for e in plan.entries]
    assert weeks == sorted(weeks)
    for week in range(12):
        assert [e.kind for e in plan.entries if e.week == week][-1] == "task"


def test_a_checkpoint_brings_a_conversation_that_was_not_held_before_it() -> None:
    seen = {"teachback-estimand-board", "board-audit"}
    plan = make_plan(ASSESSMENT, "local", MONDAY, WINDOWS, seen=seen)
    held = set(seen)
    for e in plan.sessions:
        if e.kind == "checkpoint":
            assert e.scenario not in held
        held.add(e.scenario)


def test_a_conversation_that_ended_closes_its_session_and_a_checkpoint_only_if_it_was_begun_as_one() -> None:
    plan = make_plan(ASSESSMENT, "local", MONDAY, WINDOWS)
    first = plan.sessions[0]
    checkpoint = next(e for e in plan.sessions if e.kind == "checkpoint")
    assert next(e for e in close_held(plan, first.scenario, "", 0.4).entries if e.id == first.id).status == "done"
    assert close_held(plan, checkpoint.scenario, "", 0.9).sessions.count(checkpoint) == 1
    closed = next(e for e in close_held(plan, checkpoint.scenario, checkpoint.id, 0.62).entries if e.id == checkpoint.id)
    assert (closed.status, closed.result, closed.is_passed) == ("done", 0.62, True)


def test_an_imported_role_gets_no_conversation_of_the_shipped_one_and_is_told_so() -> None:
    role = replace(load_role(), id="head-librarian")  # the same codes, another meaning
    plan = make_plan(assess(role, []), "local", MONDAY, WINDOWS)
    assert {e.scenario for e in plan.sessions} == {""}
    assert {e.kind for e in plan.sessions} == {"session"}
    assert all(e.title.startswith("Own work, no conversation exists: ") for e in plan.sessions)


def test_a_card_never_comes_back_on_the_same_day_and_later_if_it_was_known() -> None:
    told, hinted, known = (review(new_card(1, NOW), credit, NOW) for credit in (0.0, 0.7, 1.0))
    assert NOW + timedelta(hours=20) <= due_of(told) <= due_of(hinted) <= due_of(known)
    card = known
    for _ in range(12):
        card = review(card, 1.0, due_of(card))
    assert (due_of(card) - datetime.fromisoformat(str(card["last_review"]))).days <= 180
