"""Market intelligence: what competitors' trials do, from ClinicalTrials.gov snapshots or a feed of field changes.

A snapshot folder or change feed is read from `<home>/market/` (see the how-to page); without one there is nothing to report.
Source of registry facts: ClinicalTrials.gov, U.S. National Library of Medicine.
"""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from quarterdeck.risks.portfolio import read_running
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.verdict import Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

STOPPED = ("TERMINATED", "WITHDRAWN", "SUSPENDED")
RECRUITING = ("RECRUITING", "ENROLLING_BY_INVITATION")
WINDOW_DAYS = 60


@dataclass(frozen=True, slots=True)
class RegistryEvent:
    """One thing that happened to a registered trial: new, started, completed, stopped, sites, plan; with when it was seen."""

    nct: str
    seen: date
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Competitor:
    """A registered trial as a snapshot of the registry has it."""

    nct: str
    title: str
    sponsor: str
    status: str
    conditions: tuple[str, ...]
    countries: tuple[str, ...]


def read_change_feed(path: Path) -> list[RegistryEvent]:
    """Events from a CSV of field changes (nct, seen_at, field, old, new), oldest first. Other fields than those below are left out."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        reader = csv.DictReader(stream)
        if missing := {"nct", "seen_at", "field", "old", "new"} - set(reader.fieldnames or []):
            raise BadInput(
                "The change feed lacks columns", thing=f"{path}: {', '.join(sorted(missing))}", allowed="nct, seen_at, field, old, new"
            )
        rows = list(reader)
    events = [event for row in rows if (event := _event_of(row))]
    return sorted(events, key=lambda e: (e.seen, e.nct, e.kind, e.words))


def compare_snapshots(before: Mapping[str, Competitor], after: Mapping[str, Competitor], seen: date) -> list[RegistryEvent]:
    """What happened between two registry snapshots: new trials, changes of status, countries added or dropped."""
    events = []
    for nct, trial in sorted(after.items()):
        old = before.get(nct)
        if old is None:
            events.append(RegistryEvent(nct, seen, "new", f"registered: {trial.title}"))
            continue
        if kind := _kind_of_status(old.status, trial.status):
            events.append(RegistryEvent(nct, seen, kind, f"from {_plain(old.status)} to {_plain(trial.status)}"))
        if added := sorted(set(trial.countries) - set(old.countries)):
            events.append(RegistryEvent(nct, seen, "sites", f"opened in {wording.listing(added)}"))
    return events


def read_registry(path: Path) -> dict[str, Competitor]:
    """Trials of one registry snapshot: JSON lines, or one JSON list, of ClinicalTrials.gov v2 records."""
    text = path.read_text(encoding="utf-8")
    try:
        records = json.loads(text) if text.lstrip().startswith("[") else [json.loads(line) for line in text.splitlines() if line.strip()]
    except json.JSONDecodeError as error:
        raise BadInput("The registry snapshot is not JSON", thing=f"{path}: {error}") from error
    return {trial.nct: trial for trial in map(_competitor, records) if trial.nct}


def detect(snapshot: Snapshot) -> list[Finding]:
    """Competitors that stop (opportunities) or compete for the same participants, for each therapeutic area with running trials."""
    folder = _market_folder(snapshot)
    return [] if folder is None else describe_events(snapshot, *_read_market(folder))


def describe_events(snapshot: Snapshot, events: Iterable[RegistryEvent], competitors: Mapping[str, Competitor]) -> list[Finding]:
    """Findings from registry events of the last two months before the data cut."""
    recent = [e for e in events if 0 <= (snapshot.data_cut - e.seen).days <= WINDOW_DAYS]
    groups: dict[str, list[RegistryEvent]] = defaultdict(list)
    for event in recent:
        groups[event.kind].append(event)
    found = []
    for kind, mine in sorted(groups.items()):
        touched = _trials_touched(snapshot, mine, competitors)
        trials = len({event.nct for event in mine})
        is_chance = kind in ("stopped", "completed")
        verb = {
            "new": "registered anew",
            "started": "started to recruit",
            "completed": "completed",
            "stopped": "stopped",
            "sites": "changed their sites",
            "plan": "changed their dates or size",
        }[kind]
        found.append(Finding(
            id=f"market/portfolio/{kind}", source="risks", scope=Scope(),
            headline=f"{wording.plural(trials, 'competing trial')} {verb} in the {WINDOW_DAYS} days to {wording.day(snapshot.data_cut)}",
            verdict=Verdict.BETTER if is_chance and touched else Verdict.ORDINARY,
            cause=f"For the same participants as {wording.listing(touched[:4])}" if touched else f"Latest: {mine[-1].nct}, {mine[-1].words}",
            suggested_action="Ask the sites of these trials whether they have room for ours" if is_chance else "Look at the countries where both recruit",
            href="/risks/market", opportunity=is_chance, consequence=Consequence(0.3, None, None, None, True),
            facts={"trials": trials, "days": WINDOW_DAYS, "kind": kind, "our trials": len(touched)}, snapshot=snapshot.id,
        ))  # fmt: skip
    return found


def _trials_touched(snapshot: Snapshot, events: Iterable[RegistryEvent], competitors: Mapping[str, Competitor]) -> list[str]:
    wanted = {word for event in events if event.nct in competitors for word in competitors[event.nct].conditions}
    touched = []
    for study, row in read_running(snapshot).items():
        indication = str(row["protocol_indication"] or "").lower()
        if indication and any(word.lower() in indication or indication in word.lower() for word in wanted if word):
            touched.append(study)
    return touched


def _market_folder(snapshot: Snapshot) -> Path | None:
    if not snapshot.tables:
        return None
    home = snapshot.part_path(next(iter(snapshot.tables.values()))).parent.parent.parent
    return home / "market" if (home / "market").is_dir() else None


def _read_market(folder: Path) -> tuple[list[RegistryEvent], dict[str, Competitor]]:
    events = [event for path in sorted(folder.glob("*.csv")) for event in read_change_feed(path)]
    snapshots = [(path, read_registry(path)) for path in sorted([*folder.glob("*.json"), *folder.glob("*.jsonl")])]
    known: dict[str, Competitor] = {}
    for (_, before), (path, after) in pairwise(snapshots):
        events += compare_snapshots(before, after, _date_of(path))
    for _, trials in snapshots:
        known |= trials
    return events, known


def _date_of(path: Path) -> date:
    try:
        return date.fromisoformat(path.stem[-10:])
    except ValueError as error:
        raise BadInput(
            "The name of a registry snapshot ends with its date", thing=str(path), allowed="registry-2026-03-14.jsonl"
        ) from error


def _event_of(row: Mapping[str, str]) -> RegistryEvent | None:
    field, old, new = row["field"] or "", row["old"] or "", row["new"] or ""
    seen, leaf = datetime.fromisoformat(row["seen_at"].replace("Z", "+00:00")).date(), field.rsplit(".", 1)[-1]
    if leaf in ("overallStatus", "status") and "ocation" not in field:
        kind = _kind_of_status(old, new)
        return RegistryEvent(row["nct"], seen, kind, f"from {_plain(old)} to {_plain(new)}") if kind else None
    if "locations" in field:
        return RegistryEvent(row["nct"], seen, "sites", "sites changed")
    if leaf in ("count", "date") and any(word in field for word in ("enrollment", "Completion", "startDate", "primaryCompletion")):
        return RegistryEvent(row["nct"], seen, "plan", f"{field.split('.')[-2]} from {old or 'nothing'} to {new or 'nothing'}")
    return None


def _kind_of_status(old: str, new: str) -> str:
    if new == old:
        return ""
    if new in STOPPED:
        return "stopped"
    if new == "COMPLETED":
        return "completed"
    return "started" if new in RECRUITING else "plan"


def _plain(status: str) -> str:
    return status.replace("_", " ").lower() or "nothing"


def _competitor(record: Mapping[str, Any]) -> Competitor:
    section = record.get("protocolSection", {})
    places = section.get("contactsLocationsModule", {}).get("locations", [])
    return Competitor(
        section.get("identificationModule", {}).get("nctId", ""), section.get("identificationModule", {}).get("briefTitle", ""),
        section.get("sponsorCollaboratorsModule", {}).get("leadSponsor", {}).get("name", ""), section.get("statusModule", {}).get("overallStatus", ""),
        tuple(section.get("conditionsModule", {}).get("conditions", [])), tuple(sorted({place.get("country", "") for place in places} - {""})),
    )  # fmt: skip
