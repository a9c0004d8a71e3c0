"""The table of providers: one class per kind of fact. A new room plugs in with one row in ROOMS or one class here."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import cached_property
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from quarterdeck.papers.extraction import squeeze
from quarterdeck.papers.facts import EvidenceState, Fact, MissingPart, Value
from quarterdeck.papers.guidance import load_guidance
from quarterdeck.vocabulary.finding import Finding
from quarterdeck.vocabulary.period import Period
from quarterdeck.vocabulary.reading import Reading, Scope
from quarterdeck.vocabulary.verdict import Verdict

# Rooms that detect things, each with the module that offers `findings(snapshot)`.
ROOMS: tuple[tuple[str, str], ...] = (
    ("measures", "quarterdeck.measures.findings"),
    ("forecasts", "quarterdeck.forecasts.findings"),
    ("risks", "quarterdeck.risks.findings"),
    ("vendors", "quarterdeck.vendors.findings"),
    ("regulation", "quarterdeck.regulation.findings"),
    ("people", "quarterdeck.people.findings"),
    ("scenarios", "quarterdeck.scenarios.findings"),
)
_GRAVITY = {Verdict.CONCERN: 0, Verdict.BETTER: 1, Verdict.ORDINARY: 2}


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


class ReadingProvider:
    """Readings of every measure at every level, evaluated when first asked for."""

    prefix = "reading"

    def __init__(
        self,
        evaluate: Callable[[str, str], Sequence[Reading]],
        titles: Mapping[str, str],
        levels: Mapping[str, Sequence[str]] | None = None,
        directions: Mapping[str, str] | None = None,
    ) -> None:
        self.directions = dict(directions or {})
        self._evaluate, self._titles, self._levels = evaluate, dict(titles), dict(levels or {})
        self._kept: dict[tuple[str, str], tuple[Reading, ...]] = {}

    def of(self, measure: str, level: str = "portfolio") -> tuple[Reading, ...]:
        """Readings of one measure at one level; none where the measure does not know the level."""
        if measure not in self._titles or (self._levels and level not in self._levels.get(measure, ())):
            return ()
        if (measure, level) not in self._kept:
            self._kept[measure, level] = tuple(self._evaluate(measure, level))
        return self._kept[measure, level]

    def measures(self) -> tuple[str, ...]:
        """Identifiers of all measures."""
        return tuple(self._titles)

    def title(self, measure: str) -> str:
        """The measure's name in words."""
        return self._titles.get(measure, measure.replace("_", " "))

    def badness(self, reading: Reading) -> float:
        """How far a value lies on the wrong side: larger is worse."""
        value = reading.value or 0.0
        direction = self.directions.get(reading.measure, "lower")
        return -value if direction == "higher" else abs(value) if direction == "middle" else value

    def find(self, key: str) -> Fact | None:
        """The fact of `measure/level/scope key@period`."""
        measure, _, rest = key.partition("/")
        level = rest.partition("/")[0]
        reading = next((r for r in self.of(measure, level) if r.id == key), None)
        return reading_fact(reading, self.title(measure)) if reading else None

    def facts(self) -> Iterable[Fact]:
        """Portfolio, trial and vendor readings: those of single sites are found by id but not offered."""
        for measure in self._titles:
            for level in ("portfolio", "study", "vendor", "team"):
                yield from (reading_fact(reading, self.title(measure)) for reading in self.of(measure, level))


def reading_fact(reading: Reading, title: str) -> Fact:
    """A reading as a fact, its numerator, denominator, ends, target and drivers as parts. A reading without value has its reason as text."""
    parts: dict[str, tuple[Value, str]] = {}
    for name, value in (("numerator", reading.numerator), ("denominator", reading.denominator)):
        if value is not None:
            parts[name] = (value, "number")
    if reading.interval:
        parts |= {
            "low": (reading.interval.low, reading.unit),
            "high": (reading.interval.high, reading.unit),
            "level": (reading.interval.level, "share"),
        }
    if reading.p_target is not None:
        parts["p_target"] = (reading.p_target, "probability")
    if reading.period:
        parts["period"] = (reading.period, "date")
    if reading.as_of:
        parts["as_of"] = (reading.as_of, "date")
    for name, text in (
        ("target", reading.target),
        ("reason", reading.reason),
        ("verdict", reading.verdict.word if reading.verdict else ""),
    ):
        if text:
            parts[name] = (text, "text")
    for i, (what, amount) in enumerate(reading.drivers, 1):
        parts |= {f"driver_{i}": (what, "name"), f"driver_{i}_amount": (amount, reading.unit)}
    parts |= {
        f"detail_{key}": (value, "text" if isinstance(value, str) else "number")
        for key, value in reading.details.items()
        if value is not None
    }
    absent = reading.not_assessed.value if reading.not_assessed else "undefined"
    main: Value = absent if reading.value is None else reading.value
    unit = "text" if reading.value is None else reading.unit
    label = f"{title}, {reading.scope}"
    tables = ", ".join(reading.provenance.tables) if reading.provenance else ""
    rows = f", {reading.provenance.n_rows} rows" if reading.provenance else ""
    return Fact(
        f"reading:{reading.id}", label, main, unit, reading.interval, parts, reading.scope, reading.as_of, reading.snapshot, reading.definition,
        f"measure {title}{f' from {tables}{rows}' if tables else ''}",
    )  # fmt: skip


class FindingProvider:
    """What the rooms detected, gravest first."""

    prefix = "finding"

    def __init__(self, findings: Callable[[], Sequence[Finding]]) -> None:
        self._read = findings

    @cached_property
    def _all(self) -> tuple[Finding, ...]:
        return tuple(sorted(self._read(), key=_gravity))

    def all(self) -> tuple[Finding, ...]:
        """Findings, concerns first, then by what doing nothing costs."""
        return self._all

    def find(self, key: str) -> Fact | None:
        """The headline of one finding, with its other words and values as parts."""
        finding = next((f for f in self._all if f.id == key), None)
        return finding_fact(finding) if finding else None

    def facts(self) -> Iterable[Fact]:
        """All headlines."""
        return [finding_fact(finding) for finding in self._all]


def finding_fact(finding: Finding) -> Fact:
    """A finding as a fact: its headline is the value."""
    c = finding.consequence
    parts: dict[str, tuple[Value, str]] = {
        name: (text, "text")
        for name, text in (
            ("cause", finding.cause),
            ("action", finding.suggested_action),
            ("owner", finding.owner),
            ("verdict", finding.verdict.word),
        )
        if text
    }
    if c.probability is not None:
        parts["probability"] = (c.probability, "probability")
    if c.days is not None:
        parts["days"] = (c.days, "days")
    if c.money is not None:
        parts["money"] = (float(c.money.amount), c.money.currency)
    if c.participants is not None:
        parts["participants"] = (c.participants, "participants")
    for key, value in finding.facts.items():
        parts[f"fact_{key}"] = (value, "text" if isinstance(value, str) else "number")
    return Fact(
        f"finding:{finding.id}",
        finding.headline,
        finding.headline,
        "text",
        None,
        parts,
        finding.scope,
        snapshot=finding.snapshot,
        source=f"finding of {finding.source}",
    )


def _gravity(finding: Finding) -> tuple[int, float, float, str]:
    c = finding.consequence
    weight = c.probability if c.probability is not None else 0.5
    return (_GRAVITY[finding.verdict], -weight * float(c.money.amount if c.money else 0), -weight * (c.days or 0), finding.id)


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


class DecisionProvider:
    """Decisions of the record, with who took them and when."""

    prefix = "decision"

    def __init__(self, decisions: Sequence[Any], people: Mapping[str, str]) -> None:
        self._facts = {d.id: _decision_fact(d, people) for d in decisions}

    def find(self, key: str) -> Fact | None:
        """One decision: its outcome."""
        return self._facts.get(key)

    def facts(self) -> Iterable[Fact]:
        """All of them, newest first."""
        return self._facts.values()


def _decision_fact(decision: Any, people: Mapping[str, str]) -> Fact:
    parts: dict[str, tuple[Value, str]] = {
        "question": (decision.question, "text"), "reason": (decision.reason, "text"), "by": (people.get(decision.decided_by, decision.decided_by), "name"),
        "decided_at": (decision.decided_at, "date"), "subject": (decision.subject_id, "name"),
    }  # fmt: skip
    return Fact(
        f"decision:{decision.id}",
        decision.question,
        decision.outcome,
        "text",
        parts=parts,
        snapshot=decision.snapshot,
        source="the record of decisions",
    )


class RowProvider:
    """Single cells of contract tables: `row:table/key|key#column`."""

    prefix = "row"

    def __init__(self, snapshot: Any, keys: Mapping[str, Sequence[str]], units: Mapping[tuple[str, str], str]) -> None:
        self._snapshot, self._keys, self._units = snapshot, keys, units
        self._kept: dict[str, Fact | None] = {}

    def rows(self, table: str, where: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """Rows of a contract table, equal to `where`, in key order. Table and column names must be the contract's own."""
        if table not in self._keys:
            return []
        known = {column for t, column in self._units if t == table}
        chosen = {column: value for column, value in (where or {}).items() if column in known}
        if len(chosen) != len(where or {}):
            return []
        condition = " AND ".join(f'"{column}" = ?' for column in chosen)
        order = ", ".join(f'"{key}"' for key in self._keys[table])
        query = f'SELECT * FROM "{table}"{f" WHERE {condition}" if condition else ""} ORDER BY {order}'
        return [dict(row) for row in self._snapshot.query(query, list(chosen.values())).to_pylist()]

    def has_column(self, table: str, column: str) -> bool:
        """Whether the contract knows the column."""
        return (table, column) in self._units

    def fact_id(self, table: str, row: Mapping[str, Any], column: str) -> str:
        """The id of one cell."""
        return f"row:{table}/{'|'.join(str(row[key]) for key in self._keys[table])}#{column}"

    def find(self, key: str) -> Fact | None:
        """A row as a fact whose parts are its cells."""
        if key not in self._kept:
            table, _, values = key.partition("/")
            names = self._keys.get(table, ())
            chosen = dict(zip(names, values.split("|"), strict=False))
            rows = self._typed_rows(table, chosen) if len(chosen) == len(names) and names else []
            self._kept[key] = self._fact(table, key, rows[0]) if rows else None
        return self._kept[key]

    def offer(self, table: str, row: Mapping[str, Any]) -> Fact:
        """Keep a row that was read already."""
        key = f"{table}/{'|'.join(str(row[name]) for name in self._keys[table])}"
        fact = self._kept[key] = self._fact(table, key, row)
        return fact

    def facts(self) -> Iterable[Fact]:
        """Names of trials and vendors, so that the check knows them."""
        for table, columns in (("study", ("study_id", "nickname", "product")), ("vendor", ("vendor_name", "name", "vendor_id"))):
            for row in self.rows(table):
                fact = self.offer(table, row)
                yield from (fact.part(column) for column in columns if column in fact.parts)

    def _typed_rows(self, table: str, chosen: Mapping[str, str]) -> list[dict[str, Any]]:
        condition = " AND ".join(f'CAST("{column}" AS VARCHAR) = ?' for column in chosen)
        return [dict(row) for row in self._snapshot.query(f'SELECT * FROM "{table}" WHERE {condition}', list(chosen.values())).to_pylist()]

    def _fact(self, table: str, key: str, row: Mapping[str, Any]) -> Fact:
        currency = str(row.get("currency") or "")
        parts = {
            name: _cell(value, self._units.get((table, name), ""), currency)
            for name, value in row.items()
            if value is not None and not name.startswith("_")
        }
        place = f"{row['_file']}, line {row['_line']}" if row.get("_file") else f"table {table}"
        return Fact(
            f"row:{key}",
            f"{table.replace('_', ' ')} {key.partition('/')[2].replace('|', ' ')}",
            key.partition("/")[2],
            "name",
            parts=parts,
            snapshot=self._snapshot.id,
            source=place,
        )


def _cell(value: Any, unit: str, currency: str) -> tuple[Value, str]:
    if isinstance(value, datetime | date):
        return value, "date"
    if isinstance(value, bool):
        return ("yes" if value else "no"), "text"
    if isinstance(value, str):
        return (value.replace("_", " "), "text") if unit == "code" else (value, "name" if unit == "name" else "text")
    if isinstance(value, list):
        return ", ".join(map(str, value)), "text"
    return float(value), currency if unit == "money" and currency else unit or "number"


class CountProvider:
    """How many rows of a contract table are equal to given values: `count:site?study_id=QD-007&site_status=active`."""

    prefix = "count"

    def __init__(self, rows: RowProvider, snapshot_id: str) -> None:
        self._rows, self._snapshot = rows, snapshot_id
        self._kept: dict[str, Fact] = {}

    def find(self, key: str) -> Fact | None:
        """The count, 0 included."""
        if key not in self._kept:
            table, _, conditions = key.partition("?")
            where = dict(pair.split("=", 1) for pair in conditions.split("&") if "=" in pair)
            self._kept[key] = Fact(
                f"count:{key}",
                f"number of {table.replace('_', ' ')} rows",
                float(len(self._rows.rows(table, where))),
                "number",
                snapshot=self._snapshot,
                source=f"table {table}",
            )
        return self._kept[key]

    def facts(self) -> Iterable[Fact]:
        """None are offered unasked."""
        return self._kept.values()


class TallyProvider:
    """How many findings or readings are of a kind: `tally:findings?verdict=concern&source=risks`, `tally:readings/MEASURE/LEVEL?assessed=no`."""

    prefix = "tally"

    def __init__(self, findings: FindingProvider, readings: ReadingProvider) -> None:
        self._findings, self._readings = findings, readings

    def find(self, key: str) -> Fact | None:
        """The count. An unknown condition counts nothing and gives None."""
        what, _, conditions = key.partition("?")
        where = dict(pair.split("=", 1) for pair in conditions.split("&") if "=" in pair)
        if what == "findings":
            count = self._count_findings(where)
        elif what.startswith("readings/"):
            _, measure, level = what.split("/", 2)
            count = sum(_reading_fits(reading, where) for reading in self._readings.of(measure, level))
        else:
            return None
        return Fact(f"tally:{key}", f"number of {what.split('/')[0]}", float(count), "number", source=f"counted over {what}")

    def facts(self) -> Iterable[Fact]:
        """Concerns and opportunities, all rooms together."""
        return [fact for key in ("findings?verdict=concern", "findings?opportunity=yes", "findings") if (fact := self.find(key))]

    def _count_findings(self, where: Mapping[str, str]) -> int:
        return sum(finding_fits(finding, where) for finding in self._findings.all())


def finding_fits(finding: Finding, where: Mapping[str, str]) -> bool:
    """Whether a finding is of this kind: verdict, source (several with |), level, key (of its scope or above), opportunity."""
    tests: dict[str, Callable[[str], bool]] = {
        "verdict": lambda wanted: finding.verdict.value == wanted,
        "source": lambda wanted: finding.source.split("/")[0].split(".")[0] in wanted.split("|"),
        "level": lambda wanted: finding.scope.level in wanted.split("|"),
        "key": lambda wanted: finding.scope.key == wanted or finding.scope.key.startswith(f"{wanted}/"),
        "opportunity": lambda wanted: finding.opportunity == (wanted == "yes"),
    }
    return all(name in tests and tests[name](wanted) for name, wanted in where.items())


def _reading_fits(reading: Reading, where: Mapping[str, str]) -> bool:
    tests: dict[str, Callable[[str], bool]] = {
        "verdict": lambda wanted: reading.verdict is not None and reading.verdict.value == wanted,
        "assessed": lambda wanted: reading.is_assessed == (wanted == "yes"),
    }
    return all(name in tests and tests[name](wanted) for name, wanted in where.items())


class MeasureProvider:
    """The names of measures, with the question each answers, as facts: a title may hold a number ("90 days")."""

    prefix = "measure"

    def __init__(self, entries: Mapping[str, tuple[str, str, str]]) -> None:
        self._entries = dict(entries)

    def find(self, key: str) -> Fact | None:
        """The measure's name; its question and owner are parts."""
        if key not in self._entries:
            return None
        name, question, owner = self._entries[key]
        parts: dict[str, tuple[Value, str]] = {part: (text, "text") for part, text in (("question", question), ("owner", owner)) if text}
        return Fact(f"measure:{key}", f"the measure {name}", name, "name", parts=parts, source=f"measures/definitions/{key}.yaml")

    def facts(self) -> Iterable[Fact]:
        """All of them."""
        return [fact for key in self._entries if (fact := self.find(key))]


class ScopeProvider:
    """What a trial, site, vendor or person is called in a paper: its name where the evidence has one, else its identifier."""

    prefix = "scope"

    def __init__(self, names: Mapping[str, Mapping[str, str]]) -> None:
        self._names = names

    def find(self, key: str) -> Fact | None:
        """`level/key`: for a trial its number, for a vendor its name."""
        level, _, name = key.partition("/")
        if not name:
            return None
        shown = self._names.get(level, {}).get(name, name.replace("/", ", "))
        return Fact(f"scope:{key}", f"{level} {name}", shown, "name", scope=Scope(level, name), source=f"table {level}")

    def facts(self) -> Iterable[Fact]:
        """Trials and vendors."""
        return [fact for level, names in self._names.items() for name in names if (fact := self.find(f"{level}/{name}"))]


class AboutProvider:
    """What the paper is about."""

    prefix = "about"

    def __init__(self, name: str) -> None:
        self._name = name

    def find(self, key: str) -> Fact | None:
        """The subject's name."""
        return Fact("about:name", "what this paper is about", self._name, "name", source="chosen by the author") if key == "name" else None

    def facts(self) -> Iterable[Fact]:
        """One."""
        return [fact for fact in [self.find("name")] if fact]


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


def gather_findings(snapshot: Any, missing: list[MissingPart] | None = None) -> list[Finding]:
    """Findings of every room that is there. Those that are not are named by `absent_rooms` (and in `missing`), never silently skipped."""
    if missing is not None:
        missing += absent_rooms()
    return [finding for _, module in ROOMS if _is_there(module) for finding in import_module(module).findings(snapshot)]


def absent_rooms() -> list[MissingPart]:
    """Rooms whose findings a paper would have used, had they been installed."""
    return [MissingPart(f"Findings of {room}", "this capability is not installed yet") for room, module in ROOMS if not _is_there(module)]


def _is_there(module: str) -> bool:
    return find_spec(module) is not None


def period_of(value: Value) -> Period | None:
    """The period a value is, if it is one."""
    return value if isinstance(value, Period) else None


def scope_words(scope: Scope) -> str:
    """A scope as a reader says it."""
    return "the portfolio" if scope.level == "portfolio" else f"{'trial' if scope.level == 'study' else scope.level} {scope.key}"
