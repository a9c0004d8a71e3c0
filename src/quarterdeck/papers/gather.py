"""Opens the fact base of a snapshot: the providers of every room."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from quarterdeck.evidence.contracts import load_contracts
from quarterdeck.forecasts.chances import read_measure
from quarterdeck.matters import gather_findings
from quarterdeck.measures.benchmarks import load_benchmarks
from quarterdeck.measures.catalogue import load_definitions
from quarterdeck.papers import ai_register, forecast_facts, option_facts, plan_facts, register_facts
from quarterdeck.papers.facts import EvidenceState, FactBase, Provider, Value
from quarterdeck.papers.providers import context, decisions, findings, library, readings, rows, vendors
from quarterdeck.risks.needs_me import read_choices
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
    read_manifest: Callable[[str], Mapping[str, Any] | None] = lambda paper: None,
) -> FactBase:
    """Everything a paper may say about this snapshot. What is expensive is computed when first asked for, once a snapshot.

    Raises IntegrityBroken where the snapshot is not as it was sealed.
    """
    snapshot.check_seal()
    state = EvidenceState(snapshot.id, snapshot.data_cut, snapshot.taken_at, is_latest, settings.organisation, settings.base_currency)
    measured = _readings(snapshot)
    found = findings.FindingProvider(
        lambda: gather_findings(snapshot),
        lambda: read_choices(record) if record is not None else {},
        snapshot.data_cut,
    )
    table = _rows(snapshot)
    parts: list[Provider] = [
        context.ContextProvider(state, made_at or datetime.now(UTC), _counts(snapshot)),
        measured,
        found,
        findings.TallyProvider(found, measured),
        library.BenchmarkProvider(_by_id(load_benchmarks())),
        readings.MeasureProvider({name: (entry.name, entry.question, entry.owner) for name, entry in load_definitions().items()}),
        context.ScopeProvider(_names(snapshot)),
        context.PreviousProvider(read_manifest),
        library.GuidanceProvider(),
        table,
        rows.CountProvider(table, snapshot.id),
        _decisions(record),
        context.GivenProvider(given or {}, "the author"),
        forecast_facts.provider(snapshot, settings, record),
        plan_facts.provider(snapshot, settings, record),
        option_facts.provider(snapshot, settings, record),
        register_facts.provider(snapshot, settings, record),
        ai_register.provider(snapshot, settings, record),
        *vendors.providers(snapshot, record),
    ]
    return FactBase(state, parts)


def _readings(snapshot: Snapshot) -> readings.ReadingProvider:
    definitions = load_definitions()
    titles = {name: entry.name for name, entry in definitions.items()}
    levels = {name: tuple(entry.levels) for name, entry in definitions.items()}

    def read(measure: str, level: str) -> Any:
        return snapshot.cached(("papers.readings", measure, level), lambda: read_measure(measure, snapshot, level))

    return readings.ReadingProvider(read, titles, levels, {name: str(entry.direction.value) for name, entry in definitions.items()})


def _names(snapshot: Snapshot) -> dict[str, dict[str, str]]:
    studies = snapshot.query("SELECT study_id FROM study ORDER BY study_id").to_pylist()
    vendors = snapshot.query("SELECT vendor_id, name FROM vendor ORDER BY vendor_id").to_pylist()
    return {
        "study": {row["study_id"]: row["study_id"] for row in studies},
        "vendor": {row["vendor_id"]: row["name"] or row["vendor_id"] for row in vendors},
    }


def _rows(snapshot: Snapshot) -> rows.RowProvider:
    contracts = load_contracts()
    keys = {name: tuple(contract.key) for name, contract in contracts.items()}
    units = {(name, column.name): _unit(column) for name, contract in contracts.items() for column in contract.columns}
    return rows.RowProvider(snapshot, keys, units)


def _unit(column: Any) -> str:
    """What a column's values are measured in, as `Reading.unit` names it."""
    if column.type == "money":
        return "money"
    if column.codes:
        return "code"
    if column.type == "text" and (column.is_key or column.name.endswith(("_id", "name"))):
        return "name"
    return str(column.unit or "")


def _decisions(record: Record | None) -> decisions.DecisionProvider:
    if record is None:
        return decisions.DecisionProvider((), {})
    from sqlalchemy import select

    from quarterdeck.record.models.base import Decision, Person

    with record.session() as session:
        taken = session.scalars(select(Decision).order_by(Decision.decided_at.desc())).all()
        people = {person.id: person.name for person in session.scalars(select(Person))}
        return decisions.DecisionProvider(taken, people)


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
