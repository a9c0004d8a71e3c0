"""ClinicalTrials.gov: records of API v2, their change history, and the older XML. Every version is kept, so that plan slips accrue."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from quarterdeck.connectors.ctgov.records import Change, Version, is_history, read_history, read_versions
from quarterdeck.connectors.ctgov.rows import COLUMNS, make_rows
from quarterdeck.connectors.protocol import Context
from quarterdeck.evidence.arrivals import Arrival, keep_copy
from quarterdeck.evidence.batch import Batch, ColumnRule, FileRead, SourceExtract
from quarterdeck.evidence.contracts import get_contract
from quarterdeck.evidence.workbench import Workbench
from quarterdeck.vocabulary.errors import BadInput

HEAD = 1 << 14
MARKS = ('"protocolSection"', "<clinical_study", '"statusModule', '"diff"')
DAY_OF_MONTH = ColumnRule(partial="middle")  # a month without a day is read as its 15th, as registries' analysts do


class CtgovConnector:
    """A trial is known by its NCT number, so that a registry record never overwrites the sponsor's own row of the trial."""

    name = "ctgov"
    title = "ClinicalTrials.gov"
    note = "API v2 records (JSON, one or a page of them), their change history, and legacy XML; or pulled with `quarterdeck pull ctgov`."

    def recognise(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """JSON and XML files that hold a registry record, and histories of field changes."""
        return [arrival for arrival in arrivals if arrival.suffix in (".json", ".xml") and _is_record(arrival)]

    def extract(self, arrivals: Sequence[Arrival], workbench: Workbench, context: Context) -> list[SourceExtract]:
        """One extract over all records, from all versions ever given or pulled."""
        versions: list[Version] = []
        changes: list[Change] = []
        for arrival in arrivals:
            content = _read(arrival)
            if is_history(content):
                changes += read_history(content, arrival.name)
                continue
            found = read_versions(content, arrival.name)
            versions += found
            if not context.is_dry_run:
                _keep(context.archive / "ctgov", arrival, found)
        wanted = {version.nct_id for version in versions} | {change.nct_id for change in changes}
        versions += _earlier(context.archive / "ctgov", wanted, {version.identity for version in versions})
        rows = make_rows(versions, changes)
        return [
            SourceExtract(
                source="ctgov",
                connector=self.name,
                batches=tuple(_batch(workbench, table, entries) for table, entries in rows.items() if entries),
                files=tuple(_describe(arrival, tuple(table for table, entries in rows.items() if entries)) for arrival in arrivals),
                cut=max((version.version_date for version in versions if version.version_date), default=None),
                rhythm_days=context.mapping.rhythm_days if context.mapping else None,
                notices=("Source: ClinicalTrials.gov, U.S. National Library of Medicine; modified; no endorsement is implied",),
            )
        ]

    def sample(self, folder: Path) -> None:
        """Two versions of one invented record: its end has slipped."""
        for number, (submitted, end) in enumerate((("2025-01-10", "2026-03"), ("2025-09-10", "2026-11-30")), start=1):
            record = {
                "protocolSection": {
                    "identificationModule": {
                        "nctId": "NCT00000001",
                        "briefTitle": "An invented trial",
                        "orgStudyIdInfo": {"id": "DEMO-01"},
                    },
                    "statusModule": {
                        "overallStatus": "RECRUITING",
                        "startDateStruct": {"date": "2024-11-11", "type": "ACTUAL"},
                        "primaryCompletionDateStruct": {"date": end, "type": "ESTIMATED"},
                        "completionDateStruct": {"date": "2027-01", "type": "ESTIMATED"},
                        "lastUpdateSubmitDate": submitted,
                    },
                    "designModule": {"phases": ["PHASE3"], "enrollmentInfo": {"count": 48, "type": "ESTIMATED"}},
                    "contactsLocationsModule": {
                        "locations": [{"facility": "Centre one", "city": "Leeds", "country": "United Kingdom", "status": "RECRUITING"}]
                    },
                }
            }
            (folder / f"NCT00000001 version {number}.json").write_text(json.dumps(record, indent=1), encoding="utf-8")


CONNECTOR = CtgovConnector()


def _is_record(arrival: Arrival) -> bool:
    with arrival.path.open("rb") as handle:
        head = handle.read(HEAD).decode("utf-8", "replace")
    return any(mark in head for mark in MARKS)


def _read(arrival: Arrival) -> str:
    try:
        return arrival.path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput("A registry record is not UTF-8", thing=arrival.name) from error


def _keep(archive: Path, arrival: Arrival, versions: Sequence[Version]) -> None:
    """A file of one record is kept under its trial and version; a page of many is kept whole, once per trial it holds."""
    for version in versions:
        keep_copy(arrival, archive / version.nct_id, f"{version.version_date or 'undated'}_{arrival.sha256[:12]}{arrival.suffix}")


def _earlier(archive: Path, wanted: set[str], known: set[tuple[str, str, str]]) -> list[Version]:
    found: list[Version] = []
    for nct_id in sorted(wanted):
        for path in sorted((archive / nct_id).glob("*")) if (archive / nct_id).is_dir() else []:
            name = f"archive/ctgov/{nct_id}/{path.name}"
            for version in read_versions(path.read_text(encoding="utf-8-sig"), name):
                if version.nct_id == nct_id and version.identity not in known:
                    known.add(version.identity)
                    found.append(version)
    return found


def _batch(workbench: Workbench, table: str, rows: list[dict[str, object]]) -> Batch:
    columns = COLUMNS[table]
    relation = workbench.from_rows([*columns, "_file", "_sheet", "_line"], [{"_sheet": "", **row} for row in rows], table)
    dates = {name: DAY_OF_MONTH for name in columns if get_contract(table).column(name).type == "date"}
    return Batch(table, relation, "ctgov", dates)


def _describe(arrival: Arrival, tables: tuple[str, ...]) -> FileRead:
    return FileRead(arrival.name, arrival.sha256, arrival.size, str(arrival.origin.absolute()), given=1, tables=tables)
