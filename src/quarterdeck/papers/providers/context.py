"""Facts about the paper itself: its snapshot, what things are called, what the last issue said, what the author stated."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from typing import Any

from quarterdeck.papers.facts import EvidenceState, Fact, Value
from quarterdeck.vocabulary.reading import Scope


class ContextProvider:
    """The snapshot itself: its day, its time, its number, and whose portfolio it is."""

    prefix = "context"

    def __init__(
        self,
        state: EvidenceState,
        made_at: datetime,
        counts: Mapping[str, int] | None = None,
        details: Mapping[str, tuple[Value, str]] | None = None,
    ) -> None:
        self._values: dict[str, tuple[Value, str, str]] = {
            "data_cut": (state.data_cut, "date", "the day the data stand for"),
            "taken_at": (state.taken_at, "date", "when the snapshot was taken"),
            "made_at": (made_at, "date", "when this paper was written"),
            "snapshot": (state.id[:12], "name", "the sealed snapshot"),
            "organisation": (state.organisation, "name", "whose portfolio this is"),
            **{name: (float(count), "number", f"how many: {name}") for name, count in (counts or {}).items()},
            **{name: (value, unit, name.replace("_", " ")) for name, (value, unit) in (details or {}).items()},
        }
        self._state = state

    def find(self, key: str) -> Fact | None:
        """One of the values above."""
        if key not in self._values:
            return None
        value, unit, label = self._values[key]
        return Fact(
            f"context:{key}", label, value, unit, as_of=self._state.data_cut, snapshot=self._state.id, source="the snapshot's own manifest"
        )

    def facts(self) -> Iterable[Fact]:
        """All of them."""
        return [fact for key in self._values if (fact := self.find(key))]


class ScopeProvider:
    """What a trial, site, vendor or person is called in a paper: its name where the evidence has one, else its identifier."""

    prefix = "scope"

    def __init__(self, names: Mapping[str, Mapping[str, str]]) -> None:
        self._names = names

    def find(self, key: str) -> Fact | None:
        """`level/key`: for a trial its number, for a vendor its name; `portfolio` is the whole of it."""
        level, _, name = key.partition("/")
        if level == "portfolio":
            return Fact("scope:portfolio", "what this paper is about", "the portfolio", "name", source="the snapshot's own manifest")
        if not name:
            return None
        shown = self._names.get(level, {}).get(name, name.replace("/", ", "))
        return Fact(f"scope:{key}", f"{level} {name}", shown, "name", scope=Scope(level, name), source=f"table {level}")

    def facts(self) -> Iterable[Fact]:
        """Trials and vendors."""
        return [fact for level, names in self._names.items() for name in names if (fact := self.find(f"{level}/{name}"))]


class PreviousProvider:
    """What earlier issues said: `previous:PAPER|made_at`, `previous:PAPER|claim:NAME`, read from the store of sealed papers."""

    prefix = "previous"

    def __init__(self, read_manifest: Callable[[str], Mapping[str, Any] | None]) -> None:
        self._read = read_manifest

    def find(self, key: str) -> Fact | None:
        """A date or a sentence of an earlier issue."""
        paper, _, what = key.partition("|")
        manifest = self._read(paper)
        if manifest is None:
            return None
        if what in ("made_at", "data_cut"):
            return Fact(
                f"previous:{key}",
                f"{what.replace('_', ' ')} of the last issue",
                date.fromisoformat(str(manifest[what])[:10]),
                "date",
                source=f"paper {paper}",
            )
        sentence = next((c["text"] for c in manifest["claims"] if f"claim:{c['claim']}" == what), None)
        return None if sentence is None else Fact(f"previous:{key}", "what the last issue said", sentence, "text", source=f"paper {paper}")

    def facts(self) -> Iterable[Fact]:
        """None are offered: what an earlier issue said is no evidence for a new text."""
        return ()


class GivenProvider:
    """What the author stated in person: kept in the paper with the name of who stated it."""

    prefix = "given"

    def __init__(self, values: Mapping[str, tuple[Value, str]], author: str) -> None:
        self._values, self._author = dict(values), author

    def find(self, key: str) -> Fact | None:
        """One stated value."""
        if key not in self._values:
            return None
        value, unit = self._values[key]
        return Fact(f"given:{key}", key.replace("_", " "), value, unit, source=f"stated by {self._author}")

    def facts(self) -> Iterable[Fact]:
        """All of them."""
        return [fact for key in self._values if (fact := self.find(key))]
