"""The register of systems that learn or generate: the product's own with results from its ledgers, and the organisation's, entered by hand."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import cache, cached_property
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quarterdeck.data_files import read_yaml
from quarterdeck.papers.facts import Fact, Value
from quarterdeck.papers.fairness import BiasCheck, check_bias
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, QuarterdeckError
from quarterdeck.vocabulary.settings import Settings

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.record.database import Record
    from quarterdeck.record.permissions import Actor

RISK_CLASSES = ("minimal", "limited", "high", "prohibited", "not classified")
ENTERED_KEYS = (
    "name",
    "purpose",
    "owner",
    "version",
    "data",
    "validation",
    "limits",
    "risk_class",
    "oversight",
    "bias_checks",
    "review_date",
)
REQUIRED_KEYS = ("name", "purpose", "owner", "risk_class", "oversight")
_KNOWN_KEYS = {"id", "name", "purpose", "owner", "data", "limits", "risk_class", "oversight", "validation"}


@dataclass(frozen=True, slots=True)
class System:
    """One system. `bias` are the checks that could be made on this snapshot; `origin` is "product" or "entered by hand"."""

    id: str
    name: str
    purpose: str
    owner: str
    version: str
    data: str
    validation: str
    limits: str
    risk_class: str
    oversight: str
    review_date: date | None
    origin: str
    bias: tuple[BiasCheck, ...] = field(default=())
    bias_text: str = ""


def read_systems(snapshot: Snapshot | None, settings: Settings, record: Record | None) -> list[System]:
    """All systems: the product's own, a language model if one is set, then those entered by hand (the newest entry of each name)."""
    systems = [_own(entry, snapshot, record) for entry in _load_own()]
    if settings.language_model:
        systems.append(_language_model(settings, record))
    return systems + _entered(record)


def enter_system(record: Record, actor: Actor, entry: Mapping[str, Any], now: datetime) -> str:
    """Enter one of the organisation's own tools. A later entry of the same name supersedes it. Raises BadInput by key."""
    from quarterdeck.record.audit import Act, write
    from quarterdeck.record.models.papers import AiSystem

    if unknown := set(entry) - set(ENTERED_KEYS):
        raise BadInput("Unknown key in a system", thing=", ".join(sorted(unknown)), allowed=ENTERED_KEYS)
    if missing := [key for key in REQUIRED_KEYS if not str(entry.get(key, "")).strip()]:
        raise BadInput("A system lacks what the register asks for", thing=", ".join(missing), allowed=REQUIRED_KEYS)
    if entry["risk_class"] not in RISK_CLASSES:
        raise BadInput("Unknown risk class", thing=str(entry["risk_class"]), allowed=RISK_CLASSES)
    review = entry.get("review_date")
    if review is not None and not isinstance(review, date):
        raise BadInput("The review date is no date", thing=str(review), allowed="a date such as 2027-03-31")
    values = {key: str(entry.get(key, "")).strip() for key in ENTERED_KEYS if key != "review_date"}
    with write(record, actor, Act("ai_system.enter", "ai_system", values["name"], detail=values), now) as session:
        session.add(AiSystem(**values, review_date=review, entered_by=actor.id, entered_at=now))
    return values["name"]


def _own(entry: Mapping[str, str], snapshot: Snapshot | None, record: Record | None) -> System:
    from quarterdeck import __version__

    bias = check_bias(entry["id"], snapshot, record) if snapshot is not None else ()
    return System(
        entry["id"], entry["name"], entry["purpose"], entry["owner"], __version__, entry["data"], _validation(entry["validation"], snapshot, record), entry["limits"], entry["risk_class"],
        entry["oversight"], None, "product", bias,
    )  # fmt: skip


def _language_model(settings: Settings, record: Record | None) -> System:
    from quarterdeck.assistant.calls import read_calls
    from quarterdeck.assistant.contract import load_prompt

    calls = read_calls(record) if record is not None else []
    used, refused = (sum(call.outcome == outcome for call in calls) for outcome in ("used", "refused"))
    said = f"{used} of {len(calls)} answers passed the check, {refused} were refused" if calls else "no call has been made yet"
    return System(
        "language-model", f"Language model {settings.language_model}", "Phrases sentences whose values it never sees; chooses among given options", "Director of clinical operations",
        load_prompt("phrase").version, "Trained by its maker on data that are not known to us", said, "May say what is false; whatever the check cannot hold to the original is thrown away",
        "limited", "Marked per paragraph until a person accepts it; the same check after; a daily budget", None, "product",
    )  # fmt: skip


def _entered(record: Record | None) -> list[System]:
    if record is None:
        return []
    from sqlalchemy import select

    from quarterdeck.record.models.papers import AiSystem

    with record.session() as session:
        newest = {entry.name: entry for entry in session.scalars(select(AiSystem).order_by(AiSystem.id))}
    return [
        System(
            f"entered-{e.id}",
            e.name,
            e.purpose,
            e.owner,
            e.version,
            e.data,
            e.validation or "not stated by its owner",
            e.limits,
            e.risk_class,
            e.oversight,
            e.review_date,
            "entered by hand",
            (),
            e.bias_checks,
        )
        for e in newest.values()
    ]


@cache
def _load_own() -> list[dict[str, str]]:
    entries: list[dict[str, str]] = read_yaml(Path(__file__).with_name("systems.yaml"))
    for entry in entries:
        if unknown := set(entry) ^ _KNOWN_KEYS:
            raise BadInput(
                "Unknown or missing key in systems.yaml",
                thing=f"{entry.get('id')}: {', '.join(sorted(unknown))}",
                allowed=sorted(_KNOWN_KEYS),
            )
    return entries


def _validation(kind: str, snapshot: Snapshot | None, record: Record | None) -> str:
    """The result from the product's own ledgers, in words; where a ledger holds nothing yet, that is the result."""
    readers = {"forecasts": _score_forecasts, "papers": _count_papers, "signals": _count_signals}
    if kind not in readers or record is None or snapshot is None:
        return "no ledger of this system holds a result yet"
    try:
        return readers[kind](snapshot, record)
    except (ModuleNotFoundError, QuarterdeckError, AttributeError) as error:
        return f"the ledger could not be read ({type(error).__name__})"


def _score_forecasts(snapshot: Snapshot, record: Record) -> str:
    ledger, scoring = import_module("quarterdeck.forecasts.ledger"), import_module("quarterdeck.forecasts.scores")
    entries = ledger.read_entries(record)
    if not entries:
        return "no forecast has been sealed yet"
    scores = scoring.score_entries(entries, snapshot)
    known = [score for score in scores if score.actual is not None]
    return f"{wording.plural(len(entries), 'sealed forecast')}, {len(known)} with known outcome. {scoring.describe_trust(scores, '') if known else 'None can be scored yet.'}"


def _count_papers(snapshot: Snapshot, record: Record) -> str:
    from sqlalchemy import func, select

    from quarterdeck.record.models.papers import PaperRecord

    with record.session() as session:
        written = session.scalar(select(func.count()).select_from(PaperRecord)) or 0
        issued = session.scalar(select(func.count()).select_from(PaperRecord).where(PaperRecord.state == "issued")) or 0
    return f"{wording.plural(written, 'paper')} read back and checked, {issued} issued without an open finding"


def _count_signals(snapshot: Snapshot, record: Record) -> str:
    counted = snapshot.query("SELECT triage, count(*) AS n FROM signal GROUP BY triage ORDER BY triage").to_pylist()
    total = sum(row["n"] for row in counted)
    if not total:
        return "no signal has been triaged yet"
    false = sum(row["n"] for row in counted if row["triage"] == "false_positive")
    return f"{wording.of(false, total)} signals were false alarms"


class SystemProvider:
    """Systems as facts, for the section of an inspection dossier."""

    prefix = "system"

    def __init__(self, read: Callable[[], Iterable[System]]) -> None:
        self._read = read

    @cached_property
    def _facts(self) -> dict[str, Fact]:
        # Bias checks read every participant: only papers with this section wait for them.
        return {system.id: system_fact(system) for system in self._read()}

    def find(self, key: str) -> Fact | None:
        """One system: its name; purpose, class, oversight, validation and limits are parts."""
        return self._facts.get(key)

    def facts(self) -> Iterable[Fact]:
        """All of them."""
        return self._facts.values()


def system_fact(system: System) -> Fact:
    """A system as a fact."""
    bias = " ".join(check.sentence for check in system.bias) or system.bias_text
    texts = {
        "purpose": system.purpose, "owner": system.owner, "version": system.version, "data": system.data, "validation": system.validation, "limits": system.limits,
        "risk_class": system.risk_class, "oversight": system.oversight, "bias": bias, "origin": system.origin,
    }  # fmt: skip
    parts: dict[str, tuple[Value, str]] = {name: (text, "text") for name, text in texts.items() if text}
    if system.review_date:
        parts["review_date"] = (system.review_date, "date")
    return Fact(f"system:{system.id}", f"the system {system.name}", system.name, "name", parts=parts, source="the AI register")


def provider(snapshot: Snapshot, settings: Settings, record: Record | None) -> SystemProvider:
    """Called by the table of providers."""
    return SystemProvider(lambda: read_systems(snapshot, settings, record))
