"""Published figures and guidance as facts, each with the status that says whether it may be cited."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from quarterdeck.papers.extraction import squeeze
from quarterdeck.papers.facts import Fact, Value
from quarterdeck.papers.guidance import load_guidance


class BenchmarkProvider:
    """Published figures with their status: only a current one may be cited."""

    prefix = "benchmark"

    def __init__(self, benchmarks: Mapping[str, Any]) -> None:
        self._facts = {name: benchmark_fact(name, entry) for name, entry in benchmarks.items()}

    def find(self, key: str) -> Fact | None:
        """One published figure."""
        return self._facts.get(key)

    def facts(self) -> Iterable[Fact]:
        """All of them."""
        return self._facts.values()


def benchmark_fact(name: str, entry: Any) -> Fact:
    """A benchmark as a fact. Its value stays as published (it may be a range); publisher, period and population are parts."""

    def get(*names: str) -> str:
        return next(
            (
                str(value)
                for n in names
                if (value := getattr(entry, n, None) if not isinstance(entry, Mapping) else entry.get(n)) not in (None, "")
            ),
            "",
        )

    parts: dict[str, tuple[Value, str]] = {
        part: (text, unit)
        for part, text, unit in (
            ("metric", get("metric", "title", "name"), "text"), ("publisher", get("publisher", "source"), "citation"), ("period", get("period", "year"), "text"),
            ("population", get("population_n", "population"), "text"), ("unit", get("unit"), "text"), ("grade", get("grade"), "text"), ("url", get("url"), "citation"),
        )
        if text
    }  # fmt: skip
    status = get("status").lower() or "current"
    if get("grade") == "D":
        status = "superseded" if status == "current" else status
    return Fact(
        f"benchmark:{name}",
        get("metric", "title", "name") or name,
        get("value", "shown"),
        "text",
        None,
        parts,
        status=status,
        source=f"{get('publisher', 'source')}, {get('period', 'year')}",
    )


class GuidanceProvider:
    """Guidance and law by designation."""

    prefix = "guidance"

    def find(self, key: str) -> Fact | None:
        """The text of this designation."""
        entry = load_guidance().get(squeeze(key))
        return (
            None
            if entry is None
            else Fact(
                f"guidance:{key}",
                entry.title,
                key,
                "guidance",
                parts={"title": (entry.title, "guidance")},
                status=entry.status,
                source=entry.issuer,
            )
        )

    def facts(self) -> Iterable[Fact]:
        """All designations."""
        return [fact for entry in dict.fromkeys(load_guidance().values()) if (fact := self.find(entry.designation))]
