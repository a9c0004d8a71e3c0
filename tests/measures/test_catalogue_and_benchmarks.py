"""Definition files and benchmarks: whole, known, and refused by name where they are not."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml

from quarterdeck.measures.benchmarks import build_benchmark, cite, find_registry, load_benchmarks
from quarterdeck.measures.catalogue import FOLDER, build_definition, get_definition, load_definitions
from quarterdeck.measures.methods import METHODS
from quarterdeck.measures.queries import QUERIES
from quarterdeck.vocabulary.errors import BadInput, NotFound, NotPermitted

FILE = "screen_failure.yaml"


def read_content() -> dict[str, Any]:
    return dict(yaml.safe_load((FOLDER / FILE).read_text(encoding="utf-8")))


def change(path: tuple[str, ...], value: Any) -> dict[str, Any]:
    content = copy.deepcopy(read_content())
    place = content
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return content


@pytest.mark.parametrize(
    ("path", "value", "named"),
    [
        (("sql",), "SELECT 1", "sql in screen_failure.yaml"),
        (("method", "name"), "mode", "method.name = 'mode'"),
        (("method", "power"), 2, "method.power"),
        (("query",), "SELECT * FROM subject", "query = 'SELECT"),
        (("direction",), "sideways", "lower, higher, middle"),
        (("levels",), ["planet"], "levels = 'planet'"),
        (("parameters",), {"days": 3}, "parameters.days"),
        (("reviewed",), "yesterday", "reviewed = 'yesterday'"),
        (("minimum",), "five", "minimum = 'five'"),
        (("id",), "other", "the name of the file"),
        (("target",), {"value": 1, "comparison": "about", "source": "x", "horizon": "y"}, "at most, below, at least, within"),
        (("owner",), None, "owner in screen_failure.yaml"),
    ],
)
def test_what_is_not_known_is_refused_by_file_key_and_allowed_values(path: tuple[str, ...], value: Any, named: str) -> None:
    with pytest.raises(BadInput) as refused:
        build_definition(change(path, value), FILE)
    assert named in refused.value.message


def test_an_unknown_measure_lists_the_known_ones() -> None:
    with pytest.raises(NotFound, match="screen_failure"):
        get_definition("screen_failures")


def test_every_named_query_and_every_named_method_is_used() -> None:
    definitions = load_definitions().values()
    assert {definition.query for definition in definitions} == set(QUERIES)
    assert {definition.method.name for definition in definitions} == set(METHODS)


def test_the_targets_of_the_role_are_marked() -> None:
    marked = {definition.id for definition in load_definitions().values() if definition.headline}
    assert {"budget_variance_quarter", "budget_variance_year", "cycle_time_change", "regrettable_attrition", "engagement"} <= marked
    assert {"critical_findings_per_audit", "major_findings_per_audit"} <= marked


def test_a_changed_definition_changes_its_hash_and_a_changed_example_does_not() -> None:
    before = build_definition(read_content(), FILE)
    assert build_definition(change(("minimum",), 6), FILE).hash != before.hash
    assert build_definition(change(("examples",), read_content()["examples"] * 2), FILE).hash == before.hash


def test_every_benchmark_beside_a_measure_exists_and_may_be_shown() -> None:
    for definition in load_definitions().values():
        for name in definition.benchmarks:
            assert cite(name).is_citable


@pytest.mark.parametrize("name", ["DELAY_4M", "ENROL_80", "UK_KPI_SEP25", "LPLV_DBL"])
def test_superseded_unverified_and_folklore_figures_cannot_be_cited(name: str) -> None:
    with pytest.raises(NotPermitted, match=name):
        cite(name)


def test_a_superseded_figure_names_what_replaced_it() -> None:
    with pytest.raises(NotPermitted, match="See DELAY_SALES"):
        cite("DELAY_4M")


def test_contested_figures_name_each_other() -> None:
    library = load_benchmarks()
    for entry in library.values():
        for other in entry.conflicts_with:
            assert other in library
            assert entry.status == "contested" or library[other].status in ("contested", "superseded", "old")


def test_a_benchmark_with_an_unknown_key_or_grade_is_refused() -> None:
    entry = dict.fromkeys(("area", "name", "value", "unit", "population", "period", "publisher"), "x") | {"grade": "A", "status": "current"}
    with pytest.raises(BadInput, match="colour"):
        build_benchmark("X", entry | {"colour": "red"})
    with pytest.raises(BadInput, match="A, B, C, D"):
        build_benchmark("X", entry | {"grade": "E"})
    with pytest.raises(BadInput, match="area"):
        build_benchmark("X", {key: value for key, value in entry.items() if key != "area"})


def test_the_registry_is_quoted_by_phase_and_area_with_its_number() -> None:
    found = find_registry("participants_per_trial", "P3")
    assert found is not None
    assert found.n
    assert found.n > 500
    assert found.quantiles
    assert found.quantiles["p25"] <= found.quantiles["p50"] <= found.quantiles["p75"]
    assert all(entry.n is None or entry.n >= 10 for entry in load_benchmarks().values() if entry.area == "registry")


@pytest.mark.shared_data
def test_no_published_figure_was_left_out(shared_data: Path) -> None:
    import csv

    with (shared_data / "benchmarks" / "published.csv").open(encoding="utf-8", newline="") as file:
        names = {row["id"] for row in csv.DictReader(file)}
    assert names <= set(load_benchmarks())
