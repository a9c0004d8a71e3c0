"""Opens the fact base of a snapshot: the providers of every room that is there, and the names of those that are not."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from importlib import import_module
from typing import TYPE_CHECKING, Any

from quarterdeck.evidence.contracts import get_contract, load_contracts
from quarterdeck.papers import providers
from quarterdeck.papers.facts import EvidenceState, FactBase, MissingPart, Provider, Value
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.record.database import Record


def gather_facts(
    snapshot: Snapshot,
    settings: Settings,
    record: Record | None = None,
    made_at: datetime | None = None,
    is_latest: bool = True,
    given: Mapping[str, tuple[Value, str]] | None = None,
    about: Scope = Scope(),
    read_manifest: Callable[[str], Mapping[str, Any] | None] = lambda paper: None,
) -> FactBase:
    """Everything a paper may say about this snapshot. What is expensive is computed when first asked for, once a snapshot."""
    missing: list[MissingPart] = []
    state = EvidenceState(snapshot.id, snapshot.data_cut, snapshot.taken_at, is_latest, settings.organisation, settings.base_currency)
    readings = _readings(snapshot, missing)
    findings = providers.FindingProvider(lambda: snapshot.cached("papers.findings", lambda: providers.gather_findings(snapshot)))
    rows = _rows(snapshot)
    parts: list[Provider] = [
        providers.ContextProvider(state, made_at or datetime.now(UTC), _counts(snapshot)),
        readings,
        findings,
        providers.TallyProvider(findings, readings),
        _benchmarks(missing),
        _measures(),
        scopes := _scopes(snapshot),
        providers.AboutProvider(_about_name(scopes, about)),
        providers.PreviousProvider(read_manifest),
        providers.GuidanceProvider(),
        rows,
        providers.CountProvider(rows, snapshot.id),
        _decisions(record),
        providers.GivenProvider(given or {}, "the author"),
        *_further(snapshot, settings, record, missing),
    ]
    missing += providers.absent_rooms()
    return FactBase(state, parts, missing)


# Providers that later rooms bring: a module with `provider(snapshot, settings, record)`. Absent ones are named as missing.
FURTHER: tuple[tuple[str, str], ...] = (
    ("Forecasts", "quarterdeck.papers.forecast_facts"),
    ("Systems that learn or generate", "quarterdeck.papers.ai_register"),
)


def _further(snapshot: Snapshot, settings: Settings, record: Record | None, missing: list[MissingPart]) -> list[Provider]:
    found: list[Provider] = []
    for what, module_name in FURTHER:
        try:
            found.append(import_module(module_name).provider(snapshot, settings, record))
        except ModuleNotFoundError as error:
            if error.name and not error.name.startswith("quarterdeck"):
                raise
            missing.append(MissingPart(what, "this capability is not installed yet"))
    return found


def _readings(snapshot: Snapshot, missing: list[MissingPart]) -> providers.ReadingProvider:
    try:
        catalogue = import_module("quarterdeck.measures.catalogue")
        evaluation = import_module("quarterdeck.measures.evaluate")
    except ModuleNotFoundError:
        missing.append(MissingPart("Measures", "this capability is not installed yet"))
        return providers.ReadingProvider(lambda measure, level: (), {})
    definitions = catalogue.load_definitions()
    titles = {name: entry.name for name, entry in definitions.items()}
    levels = {name: tuple(entry.levels) for name, entry in definitions.items()}

    def evaluate(measure: str, level: str) -> Any:
        return snapshot.cached(("papers.readings", measure, level), lambda: evaluation.evaluate(measure, snapshot, level))

    return providers.ReadingProvider(evaluate, titles, levels, {name: str(entry.direction.value) for name, entry in definitions.items()})


def _measures() -> providers.MeasureProvider:
    try:
        definitions = import_module("quarterdeck.measures.catalogue").load_definitions()
    except ModuleNotFoundError:
        return providers.MeasureProvider({})
    return providers.MeasureProvider({name: (entry.name, entry.question, entry.owner) for name, entry in definitions.items()})


def _scopes(snapshot: Snapshot) -> providers.ScopeProvider:
    names: dict[str, dict[str, str]] = {"study": {}, "vendor": {}}
    if "study" in snapshot.tables:
        names["study"] = {
            row["study_id"]: row["study_id"] for row in snapshot.query("SELECT study_id FROM study ORDER BY study_id").to_pylist()
        }
    if "vendor" in snapshot.tables:
        columns = [column.name for column in get_contract("vendor").columns]
        name = next((c for c in ("vendor_name", "name", "legal_name") if c in columns), "vendor_id")
        names["vendor"] = {
            row["vendor_id"]: row["name"] or row["vendor_id"]
            for row in snapshot.query(f'SELECT vendor_id, "{name}" AS name FROM vendor ORDER BY vendor_id').to_pylist()
        }
    return providers.ScopeProvider(names)


def _about_name(scopes: providers.ScopeProvider, about: Scope) -> str:
    fact = scopes.find(f"{about.level}/{about.key}")
    return str(fact.value) if fact else "the portfolio"


def _benchmarks(missing: list[MissingPart]) -> providers.BenchmarkProvider:
    try:
        library = import_module("quarterdeck.measures.benchmarks").load_benchmarks()
    except (ModuleNotFoundError, AttributeError):
        missing.append(MissingPart("Benchmarks", "this capability is not installed yet"))
        library = {}
    return providers.BenchmarkProvider(_by_id(library))


def _rows(snapshot: Snapshot) -> providers.RowProvider:
    contracts = load_contracts()
    keys = {name: tuple(contract.key) for name, contract in contracts.items()}
    units = {(name, column.name): _unit(column) for name, contract in contracts.items() for column in contract.columns}
    return providers.RowProvider(snapshot, keys, units)


def _unit(column: Any) -> str:
    """What a column's values are measured in, as `Reading.unit` names it."""
    if column.type == "money":
        return "money"
    if column.codes:
        return "code"
    if column.type == "text" and (column.is_key or column.name.endswith(("_id", "name"))):
        return "name"
    return str(column.unit or "")


def _decisions(record: Record | None) -> providers.DecisionProvider:
    if record is None:
        return providers.DecisionProvider((), {})
    from sqlalchemy import select

    from quarterdeck.record.models.base import Decision, Person

    with record.session() as session:
        decisions = session.scalars(select(Decision).order_by(Decision.decided_at.desc())).all()
        people = {person.id: person.name for person in session.scalars(select(Person))}
        return providers.DecisionProvider(decisions, people)


def _counts(snapshot: Snapshot) -> dict[str, int]:
    names = {"study": "trials", "site": "sites", "subject": "participants", "vendor": "vendors", "staff": "staff"}
    counts = {word: snapshot.tables[table].rows for table, word in names.items() if table in snapshot.tables}
    if "site" in snapshot.tables:
        counts["countries"] = int(snapshot.query("SELECT count(DISTINCT country) AS n FROM site").to_pylist()[0]["n"])
    return {word: count for word, count in counts.items() if count}


def _by_id(entries: Any) -> dict[str, Any]:
    if isinstance(entries, Mapping):
        return dict(entries)
    return {str(getattr(entry, "id", None) or getattr(entry, "measure", None) or entry.name): entry for entry in entries}
