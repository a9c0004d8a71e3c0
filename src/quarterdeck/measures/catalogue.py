"""Load the definition files, and refuse whatever they hold that is not known: by file, key and allowed values."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from quarterdeck.data_files import read_yaml
from quarterdeck.measures.model import LEVELS, Comparison, Definition, Direction, Example, Method, Target, derive_hash
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.verdict import NotAssessed

FOLDER = Path(__file__).parent / "definitions"
REQUIRED = (
    *("id", "name", "question", "why", "numerator", "denominator", "query", "method", "unit", "direction", "levels"),
    *("minimum", "empty", "history", "owner", "author", "checker", "reviewed", "review_due", "examples"),
)
OPTIONAL = ("parameters", "benchmarks", "target", "version", "limits", "quantiles", "headline", "history_reason")
HISTORIES = ("flow", "growth", "state", "none")
QUANTILES = ("exact", "approximate", "none")
METHOD_KEYS = ("name", "level", "per", "clusters", "options")
TARGET_KEYS = ("value", "comparison", "source", "horizon")
EXAMPLE_KEYS = ("name", "data_cut", "level", "tables", "readings")
READING_KEYS = ("key", "value", "numerator", "denominator", "verdict", "not_assessed", "p_target", "low", "high", "details")


@cache
def load_definitions(folder: Path = FOLDER) -> Mapping[str, Definition]:
    """All definitions of a folder by id, in order of id. Raises BadInput for the first file that cannot be used."""
    found = {path.stem: read_definition(path) for path in sorted(folder.glob("*.yaml"))}
    return dict(sorted(found.items()))


def get_definition(measure_id: str) -> Definition:
    """One definition. Raises NotFound with the known names."""
    known = load_definitions()
    if measure_id not in known:
        raise NotFound("Unknown measure", thing=measure_id, allowed=known, next_step="List them with: quarterdeck measures")
    return known[measure_id]


def read_definition(path: Path) -> Definition:
    """One definition file. Raises BadInput naming file, key and allowed values."""
    try:
        content = read_yaml(path)
    except yaml.YAMLError as error:
        raise BadInput("A definition is not valid YAML", thing=f"{path.name}: {error}") from error
    return build_definition(content, path.name)


def build_definition(content: Any, file: str) -> Definition:
    """A definition from the content of its file."""
    from quarterdeck.measures.methods import METHODS
    from quarterdeck.measures.queries import QUERIES

    _check_keys(content, REQUIRED, OPTIONAL, file, "")
    if content["id"] != Path(file).stem:
        _refuse(file, "id", content["id"], f"the name of the file, {Path(file).stem}")
    if content["checker"] in (content["owner"], content["author"]):
        _refuse(file, "checker", content["checker"], "somebody other than owner and author: two people answer for a measure")
    if (content["history"] == "none") != bool(content.get("history_reason")):
        _refuse(file, "history_reason", content.get("history_reason"), "a sentence where history is none, and nothing elsewhere")
    query = _choose(content, "query", tuple(sorted(QUERIES)), file)
    parameters = content.get("parameters") or {}
    _check_keys(parameters, (), tuple(QUERIES[query].parameters), file, "parameters.")
    return Definition(
        **{key: str(content[key]).strip() for key in ("id", "name", "question", "why", "numerator", "denominator", "unit", "owner")},
        **{key: str(content[key]).strip() for key in ("author", "checker")},
        query=query,
        method=_build_method(content["method"], tuple(sorted(METHODS)), file),
        direction=Direction(_choose(content, "direction", tuple(Direction), file)),
        levels=tuple(_choose({"levels": level}, "levels", LEVELS, file) for level in _list(content, "levels", file)),
        minimum=_number(content, "minimum", file),
        empty=NotAssessed(_choose(content, "empty", tuple(NotAssessed), file)),
        history=_choose(content, "history", HISTORIES, file),
        history_reason=str(content.get("history_reason", "")).strip(),
        quantiles=_choose({"quantiles": content.get("quantiles", "none")}, "quantiles", QUANTILES, file),
        reviewed=_date(content, "reviewed", file),
        review_due=_date(content, "review_due", file),
        parameters={**QUERIES[query].parameters, **{k: tuple(v) if isinstance(v, list) else v for k, v in parameters.items()}},
        benchmarks=tuple(content.get("benchmarks") or ()),
        target=_build_target(content.get("target"), file),
        version=int(content.get("version", 1)),
        headline=content.get("headline") is True,
        limits=str(content.get("limits", "")).strip(),
        examples=tuple(_build_example(entry, file) for entry in _list(content, "examples", file)),
        hash=derive_hash(content),
    )


def _build_method(content: Any, known: tuple[str, ...], file: str) -> Method:
    _check_keys(content, ("name",), METHOD_KEYS, file, "method.")
    from quarterdeck.measures.methods import METHODS

    name = _choose(content, "name", known, file, "method.")
    options = content.get("options") or {}
    _check_keys(options, (), METHODS[name].options, file, "method.options.")
    level = float(content.get("level", 0.9))
    if not 0.5 <= level < 1:
        _refuse(file, "method.level", level, "from 0.5 to below 1")
    return Method(name, level, float(content.get("per", 1)), bool(content.get("clusters", True)), options)


def _build_target(content: Any, file: str) -> Target | None:
    if content is None:
        return None
    _check_keys(content, TARGET_KEYS, (), file, "target.")
    comparison = Comparison(_choose(content, "comparison", tuple(Comparison), file, "target."))
    return Target(_number(content, "value", file), comparison, str(content["source"]), str(content["horizon"]))


def _build_example(content: Any, file: str) -> Example:
    _check_keys(content, EXAMPLE_KEYS, (), file, "examples.")
    for reading in content["readings"]:
        _check_keys(reading, ("key",), READING_KEYS, file, "examples.readings.")
    tables = {name: tuple(rows) for name, rows in content["tables"].items()}
    level = _choose(content, "level", LEVELS, file, "examples.")
    return Example(str(content["name"]), _date(content, "data_cut", file), level, tables, tuple(content["readings"]))


def _check_keys(content: Any, required: tuple[str, ...], optional: tuple[str, ...], file: str, where: str) -> None:
    if not isinstance(content, Mapping):
        _refuse(file, where.rstrip(".") or "the file", content, "a mapping of keys to values")
    allowed = (*required, *optional)
    for key in content:
        if key not in allowed:
            raise BadInput("Unknown key in a definition", thing=f"{where}{key} in {file}", allowed=sorted(set(allowed)))
    for key in required:
        if key not in content or content[key] is None:
            raise BadInput("A definition lacks a key", thing=f"{where}{key} in {file}", allowed=sorted(set(allowed)))


def _choose(content: Mapping[str, Any], key: str, allowed: tuple[str, ...], file: str, where: str = "") -> str:
    value = content[key]
    if value not in allowed:
        _refuse(file, where + key, value, ", ".join(allowed))
    return str(value)


def _list(content: Mapping[str, Any], key: str, file: str) -> list[Any]:
    if not isinstance(content[key], list) or not content[key]:
        _refuse(file, key, content[key], "a list of at least one")
    return list(content[key])


def _number(content: Mapping[str, Any], key: str, file: str) -> float:
    if isinstance(content[key], bool) or not isinstance(content[key], int | float):
        _refuse(file, key, content[key], "a number")
    return float(content[key])


def _date(content: Mapping[str, Any], key: str, file: str) -> date:
    if not isinstance(content[key], date):
        _refuse(file, key, content[key], "a date such as 2026-03-31")
    return content[key]  # type: ignore[no-any-return]


def _refuse(file: str, key: str, value: Any, allowed: str) -> None:
    raise BadInput("A definition holds a value that cannot be used", thing=f"{key} = {value!r} in {file}", allowed=allowed)
