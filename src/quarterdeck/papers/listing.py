"""Lists papers with their state, compares issues, and recalls whatever used a corrected source."""

from __future__ import annotations

from typing import Any

from quarterdeck.papers.compose.changes import compare_claims
from quarterdeck.papers.store import PaperStore
from quarterdeck.vocabulary.settings import Settings


def list_papers(settings: Settings) -> list[dict[str, Any]]:
    """All papers, newest last, with the state the record gives them."""
    states = _states(settings)
    return [
        {
            "id": p.id, "template": p.template, "title": p.title, "about": p.about, "snapshot": p.snapshot, "data_cut": p.data_cut, "made_at": p.made_at, "formats": p.formats,
            "state": states.get(p.id, "draft" if p.formats else "figures kept"),
        }
        for p in PaperStore(settings).papers()
    ]  # fmt: skip


def compare_with_last(settings: Settings, paper: str) -> list[dict[str, Any]]:
    """What changed between a paper and the one of its kind before it: contradicted, moved, new, dropped. Empty for a first issue."""
    store = PaperStore(settings)
    base = store.base(paper)
    earlier = [
        p
        for p in store.papers()
        if p.template == base["template"]
        and p.about == base.get("about")
        and p.made_at < base["made_at"]
        and p.snapshot != base["snapshot"]
    ]
    if not earlier:
        return []
    changes = compare_claims(store.base(earlier[-1].id), base)
    return [
        {"kind": c.kind, "claim": c.claim, "before": c.before, "now": c.now, "fact": c.fact, "reason": c.reason, "against": earlier[-1].id}
        for c in changes
        if c.kind != "unchanged"
    ]


def recall_source(settings: Settings, source: str) -> list[dict[str, Any]]:
    """Every paper, forecast and decision that used a source: a file, table, measure, benchmark, fact, snapshot or scope.

    The match is by name: a fact counts where its id, its stated source or one of its source files holds the words.
    """
    words = source.lower()
    states = _states(settings)
    found: list[dict[str, Any]] = []
    for stored in PaperStore(settings).papers():
        base = PaperStore(settings).base(stored.id)
        tables = _tables_of_file(settings, stored.snapshot, source)
        used = [fact for fact, entry in base["facts"].items() if _uses(fact, entry, words, tables)]
        if used or stored.snapshot.startswith(words):
            found.append(
                {
                    "kind": "paper",
                    "id": stored.id,
                    "made_at": stored.made_at[:16],
                    "state": states.get(stored.id, "draft"),
                    "used": f"{len(used)} facts",
                    "facts": used,
                }
            )
    return found + _from_record(settings, words, tables_snapshot=source)


def _uses(fact_id: str, entry: dict[str, Any], words: str, tables: set[str]) -> bool:
    text = f"{fact_id} {entry['source']} {entry['label']}".lower()
    return words in text or any(
        f"table {table}" in text or f" {table}" in entry["source"] or f"row:{table}/" in fact_id or f"count:{table}" in fact_id
        for table in tables
    )


def _tables_of_file(settings: Settings, snapshot_id: str, source: str) -> set[str]:
    """Tables of a snapshot that were loaded from a file of this name."""
    from quarterdeck.evidence.store import Store
    from quarterdeck.vocabulary.errors import QuarterdeckError

    if "." not in source:
        return set()
    try:
        snapshot = Store(settings.evidence_dir, settings.choices).open(snapshot_id)
    except QuarterdeckError:
        return set()
    from quarterdeck.evidence.contracts import load_contracts

    tables = [table for table in snapshot.tables if table in load_contracts()]
    return {table for table in tables if snapshot.query(f'SELECT 1 FROM "{table}" WHERE _file LIKE ? LIMIT 1', [f"%{source}%"]).num_rows}


def _from_record(settings: Settings, words: str, tables_snapshot: str) -> list[dict[str, Any]]:
    """Decisions whose evidence names the source, and sealed forecasts of a recalled snapshot or measure."""
    from sqlalchemy import inspect, select

    from quarterdeck.record.database import open_record
    from quarterdeck.record.models.base import Decision

    record = open_record(settings)
    try:
        with record.session() as session:
            decisions = session.scalars(select(Decision)).all()
            found = [
                {
                    "kind": "decision",
                    "id": d.id,
                    "made_at": d.decided_at.isoformat()[:16],
                    "state": "recorded",
                    "used": d.question,
                    "facts": list(d.evidence),
                }
                for d in decisions
                if words in f"{d.evidence} {d.snapshot} {d.subject_id} {d.question}".lower()
            ]
        names = [name for name in inspect(record.engine).get_table_names() if "forecast" in name]
        return found + _forecasts(record, names, words)
    finally:
        record.close()


def _forecasts(record: Any, tables: list[str], words: str) -> list[dict[str, Any]]:
    from sqlalchemy import MetaData, Table, select

    found = []
    for name in sorted(tables):
        table = Table(name, MetaData(), autoload_with=record.engine)
        with record.session() as session:
            for row in session.execute(select(table)).mappings():
                text = " ".join(str(value) for value in row.values()).lower()
                if words in text:
                    key = str(next(iter(row.values())))
                    found.append(
                        {"kind": "forecast", "id": key, "made_at": "", "state": "sealed", "used": name.replace("_", " "), "facts": []}
                    )
    return found


def _states(settings: Settings) -> dict[str, str]:
    from quarterdeck.papers.workflow import read_states
    from quarterdeck.record.database import open_record

    record = open_record(settings)
    try:
        return read_states(record)
    finally:
        record.close()
