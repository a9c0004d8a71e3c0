"""Hide small groups of people, and one more where a hidden one could be found by subtraction."""

from __future__ import annotations

from collections.abc import Mapping


def choose_suppressed(sizes: Mapping[str, float], minimum: float) -> set[str]:
    """The groups not to show. Where exactly one is below the minimum, the smallest other is hidden with it.

    >>> sorted(choose_suppressed({"a": 3, "b": 9, "c": 12}, 5))
    ['a', 'b']
    """
    small = {name for name, size in sizes.items() if 0 < size < minimum}
    others = sorted((size, name) for name, size in sizes.items() if size >= minimum)
    if len(small) == 1 and others:
        small.add(others[0][1])
    return small
