"""Words that must never be used, and those that must always stand with a portfolio."""

from __future__ import annotations

import re
from pathlib import Path

from quarterdeck.development.definitions import HERE
from quarterdeck.development.demonstrate.portfolio import DISCLAIMER

ROOT = HERE.parents[2]
NEVER = re.compile(
    r"ofqual[- ](qualified|approved|accredited|recognised)|certified competent|every conversation is evidence|\baccredited\b|guarantees? (a )?qualification",
    re.I,
)
PLACES = (
    HERE,
    ROOT / "src/quarterdeck/web/templates/development",
    ROOT / "src/quarterdeck/web/pages",
    ROOT / "docs/how-to/development.md",
    ROOT / "docs/evaluation/development.md",
)


def texts() -> list[tuple[Path, str]]:
    """Everything that this room writes."""
    files = [
        f
        for place in PLACES
        for f in ([place] if place.is_file() else sorted(place.rglob("*")))
        if f.suffix in (".py", ".yaml", ".html", ".md") and "__pycache__" not in f.parts
    ]
    return [(f, f.read_text(encoding="utf-8")) for f in files if f.parent.name != "pages" or f.name.startswith("development")]


def test_words_that_promise_what_only_others_can_give_are_never_used() -> None:
    assert len(texts()) > 40
    found = [(path.name, hit.group()) for path, text in texts() for hit in NEVER.finditer(text)]
    assert found == []


def test_the_disclaimer_stands_where_readiness_is_shown() -> None:
    for name in ("portfolio.html", "index.html"):
        assert DISCLAIMER in (ROOT / "src/quarterdeck/web/templates/development" / name).read_text(encoding="utf-8")


def test_only_an_assessors_decision_prints_the_word_competent() -> None:
    hits = [
        (p.name, line.strip())
        for p, text in texts()
        if p.suffix == ".html"
        for line in text.splitlines()
        if re.search(r"\bcompetent\b", line, re.I)
    ]
    assert [name for name, _ in hits] == ["person.html"]
