"""Values built many at a time are those that their constructor would have built one by one."""

from __future__ import annotations

import gc
from dataclasses import dataclass, field
from itertools import repeat

import pytest

from quarterdeck.vocabulary.bulk import build_many
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.reading import Reading, Scope


@dataclass(frozen=True, slots=True)
class Box:
    name: str
    size: int = 3
    notes: dict[str, str] = field(default_factory=dict)


def test_values_equal_those_of_the_constructor() -> None:
    names = ["a", "b", "c"]
    assert build_many(Box, 3, name=names, size=range(3)) == [Box(name, size) for size, name in enumerate(names)]
    assert build_many(Scope, 2, level=repeat("site"), key=["S/1", "S/2"]) == [Scope("site", "S/1"), Scope("site", "S/2")]
    assert build_many(Box, 0, name=[]) == []


def test_a_field_without_a_column_takes_its_usual_value_and_nobody_shares_a_dictionary() -> None:
    one, other = build_many(Box, 2, name=repeat("a"))
    assert one == Box("a")
    assert one.notes is not other.notes


def test_what_the_constructor_refuses_is_refused() -> None:
    with pytest.raises(BadInput, match="rising order"):
        build_many(Interval, 2, low=[0.0, 2.0], high=[1.0, 1.0])
    with pytest.raises(BadInput, match="a value or the reason"):
        build_many(Reading, 1, measure=["m"], scope=[Scope()], unit=["days"])


def test_a_column_too_many_and_one_too_few_are_named() -> None:
    with pytest.raises(TypeError, match="Box has no colour"):
        build_many(Box, 1, name=["a"], colour=["red"])
    with pytest.raises(TypeError, match="name needs a column"):
        build_many(Box, 1)


def test_garbage_is_collected_again_afterwards_also_after_a_refusal() -> None:
    assert gc.isenabled()
    with pytest.raises(BadInput):
        build_many(Interval, 1, low=[2.0], high=[1.0])
    assert gc.isenabled()
