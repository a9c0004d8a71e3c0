"""List scheduling of practice sessions: which topic goes into which slot, largest present value first.

The value of a topic in a slot is its priority, raised for foundations in the first third, lowered after a session of the same group,
and halved for each session of the same topic in the same week. Greedy choice, then exchanges of neighbours while they help.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np

FOUNDATION, SAME_GROUP, REPEAT, PER_WEEK = 1.3, 0.6, 0.5, 2
TRIES = 3_000  # further starts with shaken priorities, fewer the longer the plan
SHORT = 30  # slots up to which several starts are tried
STARTS = (
    (REPEAT, 1.0, False),
    (0.3, 1.0, False),
    (0.0, 1.0, False),
    (REPEAT, 0.5, False),
    (0.3, 0.5, True),
    (0.0, 0.7, True),
    (REPEAT, 1.0, True),
)


@dataclass(frozen=True, slots=True)
class Topic:
    """Something to practise: priority, group, and how many sessions it needs."""

    id: str
    group: str
    priority: float
    sessions: int
    is_foundation: bool = False


def schedule(topics: Sequence[Topic], weeks: Sequence[int]) -> list[int | None]:
    """For each slot (its week number, in order of time) the position of its topic, or None where nothing is left to do.

    >>> schedule([Topic("a", "F", 2.0, 1), Topic("b", "T", 1.0, 1)], [0, 0, 1])
    [0, 1, None]
    """
    starts = STARTS if len(weeks) <= SHORT else STARTS[:1]
    plans = [_exchange(topics, weeks, _greedy(topics, weeks, repeat, group, spread)) for repeat, group, spread in starts]
    rng = np.random.Generator(np.random.Philox(0))  # fixed: the same plan for the same input
    for _ in range(min(36, TRIES // max(1, len(weeks)) ** 2) if len(weeks) <= SHORT else 0):
        shaken = [replace(t, priority=t.priority * float(f)) for t, f in zip(topics, rng.uniform(0.2, 2.0, len(topics)), strict=True)]
        repeat, group, spread = STARTS[int(rng.integers(len(STARTS)))]
        plans.append(_exchange(topics, weeks, _greedy(shaken, weeks, repeat, group, spread)))
    return max(plans, key=lambda plan: total(topics, weeks, plan))


def _greedy(topics: Sequence[Topic], weeks: Sequence[int], repeat: float, group: float, spread: bool) -> list[int | None]:
    left = [t.sessions for t in topics]
    chosen: list[int | None] = []
    counts: dict[tuple[int, int], int] = {}
    most = weeks[-1] + 1 if weeks else 1
    for slot, week in enumerate(weeks):
        best, best_value = None, 0.0
        last = chosen[-1] if chosen else None
        for at, topic in enumerate(topics):
            done = counts.get((week, at), 0)
            if left[at] <= 0 or done >= PER_WEEK:
                continue
            value = _value(topic, topics, last, 0, slot, len(weeks)) * repeat**done
            if last is not None and topics[last].group == topic.group:
                value *= group
            if spread:  # a topic with few sessions left can wait for a week in which it is fresh
                value *= min(1.0, left[at] / max(1, most - week)) ** 0.5
            if value > best_value:
                best, best_value = at, value
        chosen.append(best)
        if best is not None:
            left[best] -= 1
            counts[(week, best)] = counts.get((week, best), 0) + 1
    return chosen


def total(topics: Sequence[Topic], weeks: Sequence[int], chosen: Sequence[int | None]) -> float:
    """The value of a whole plan; minus infinity where a limit is broken."""
    counts: dict[tuple[int, int], int] = {}
    value, last = 0.0, None
    for slot, (week, at) in enumerate(zip(weeks, chosen, strict=True)):
        if at is None:
            continue
        done = counts.get((week, at), 0)
        if done >= PER_WEEK:
            return float("-inf")
        value += _value(topics[at], topics, last, done, slot, len(weeks))
        counts[(week, at)] = done + 1
        last = at
    return value


def best_total(topics: Sequence[Topic], weeks: Sequence[int]) -> float:
    """The optimum by exhaustive search with memory: the slow twin, for small plans."""
    slots = len(weeks)

    @cache
    def search(slot: int, left: tuple[int, ...], last: int | None, counts: tuple[int, ...]) -> float:
        if slot == slots:
            return 0.0
        fresh = counts if slot == 0 or weeks[slot] == weeks[slot - 1] else (0,) * len(topics)
        best = search(slot + 1, left, last, fresh)
        for at, topic in enumerate(topics):
            if left[at] and fresh[at] < PER_WEEK:
                value = _value(topic, topics, last, fresh[at], slot, slots)
                after = search(slot + 1, _step(left, at, -1), at, _step(fresh, at, 1))
                best = max(best, value + after)
        return best

    return search(0, tuple(t.sessions for t in topics), None, (0,) * len(topics))


def _value(topic: Topic, topics: Sequence[Topic], last: int | None, done: int, slot: int, slots: int) -> float:
    value = topic.priority * REPEAT**done
    if topic.is_foundation and slot * 3 < slots:
        value *= FOUNDATION
    if last is not None and topics[last].group == topic.group:
        value *= SAME_GROUP
    return value


def _exchange(topics: Sequence[Topic], weeks: Sequence[int], chosen: list[int | None]) -> list[int | None]:
    # Greed spends a topic early and breaks the alternation of groups. Exchanges and replacements repair it: far ones in short plans,
    # near ones in long plans, where a far exchange hardly matters and would cost the time.
    reach = max(2, min(len(chosen) - 1, 600 // max(1, len(chosen))))
    for _ in range(4 if len(chosen) <= SHORT else 2 if len(chosen) <= 100 else 1):
        improved = _replace(topics, weeks, chosen)
        for gap in range(1, reach + 1):
            for at in range(len(chosen) - gap):
                if chosen[at] != chosen[at + gap] and _gain(topics, weeks, chosen, {at: chosen[at + gap], at + gap: chosen[at]}) > 1e-12:
                    chosen[at], chosen[at + gap] = chosen[at + gap], chosen[at]
                    improved = True
        if not improved:
            break
    return chosen


def _replace(topics: Sequence[Topic], weeks: Sequence[int], chosen: list[int | None]) -> bool:
    left = [t.sessions - chosen.count(n) for n, t in enumerate(topics)]
    waiting = sorted((n for n in range(len(topics)) if left[n] > 0), key=lambda n: -topics[n].priority)[
        : 4 if len(chosen) > SHORT else None
    ]
    improved = False
    if len(chosen) > 100:
        return improved
    for at in range(len(chosen)):
        for other in waiting:
            if left[other] > 0 and other != chosen[at] and _gain(topics, weeks, chosen, {at: other}) > 1e-12:
                freed = chosen[at]
                if freed is not None:
                    left[freed] += 1
                left[other] -= 1
                chosen[at] = other
                improved = True
    return improved


def _gain(topics: Sequence[Topic], weeks: Sequence[int], chosen: list[int | None], change: Mapping[int, int | None]) -> float:
    # Only the weeks of the changed slots, and the first session after each, can change.
    stretches: list[tuple[int, int]] = []
    for at in sorted(change):
        low, high = at, at
        while low > 0 and weeks[low - 1] == weeks[at]:
            low -= 1
        while high < len(weeks) - 1 and weeks[high + 1] == weeks[at]:
            high += 1
        high = min(len(weeks) - 1, high + 1)
        if stretches and low <= stretches[-1][1]:
            stretches[-1] = (stretches[-1][0], high)
        else:
            stretches.append((low, high))
    before = sum(_stretch(topics, weeks, chosen, low, high) for low, high in stretches)
    kept = {at: chosen[at] for at in change}
    for at, value in change.items():
        chosen[at] = value
    after = sum(_stretch(topics, weeks, chosen, low, high) for low, high in stretches)
    for at, value in kept.items():
        chosen[at] = value
    return after - before


def _stretch(topics: Sequence[Topic], weeks: Sequence[int], chosen: Sequence[int | None], low: int, high: int) -> float:
    last = next((chosen[i] for i in range(low - 1, -1, -1) if chosen[i] is not None), None)
    counts: dict[tuple[int, int], int] = {}
    value = 0.0
    for slot in range(low, high + 1):
        at = chosen[slot]
        if at is None:
            continue
        done = counts.get((weeks[slot], at), 0)
        if done >= PER_WEEK:
            return float("-inf")
        value += _value(topics[at], topics, last, done, slot, len(weeks))
        counts[(weeks[slot], at)] = done + 1
        last = at
    return value


def _step(values: tuple[int, ...], at: int, by: int) -> tuple[int, ...]:
    return (*values[:at], values[at] + by, *values[at + 1 :])
