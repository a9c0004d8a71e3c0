"""Raw EDC and CTMS listings of one study: subjects, sites, enrolment, visits, adverse events, laboratory, queries, pages, deviations."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from datetime import date
from pathlib import Path, PurePosixPath

from quarterdeck.connectors.edc_raw.listings import LISTINGS, NEEDED, TABLES, UNUSED, Listings
from quarterdeck.connectors.edc_raw.samples import SAMPLES
from quarterdeck.connectors.protocol import Context
from quarterdeck.evidence.arrivals import Arrival
from quarterdeck.evidence.batch import Batch, FileRead, SourceExtract
from quarterdeck.evidence.workbench import Sheet, Workbench
from quarterdeck.vocabulary.errors import BadInput


class EdcRawConnector:
    """One folder of listings is one study. Identifiers are text: 0496 is not 496."""

    name = "edc_raw"
    title = "Raw EDC and CTMS listings"
    note = "A folder of CSV listings of one study: rawplus_dm, rawplus_enroll, rawplus_ae, edc_queries, ctms_site and their kind."

    def recognise(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Files that bear the name of a listing."""
        return [
            arrival for arrival in arrivals if arrival.stem.lower() in LISTINGS and arrival.suffix in (".csv", ".txt", ".parquet", ".xlsx")
        ]

    def extract(self, arrivals: Sequence[Arrival], workbench: Workbench, context: Context) -> list[SourceExtract]:
        """One extract per folder. Raises BadInput where the listings do not say which study they are of."""
        folders: dict[str, list[Arrival]] = {}
        for arrival in arrivals:
            folders.setdefault(str(arrival.origin.parent) + "|" + str(PurePosixPath(arrival.name).parent), []).append(arrival)
        return [self._extract_study(files, workbench, context) for files in folders.values()]

    def _extract_study(self, arrivals: Sequence[Arrival], workbench: Workbench, context: Context) -> SourceExtract:
        read = [arrival for arrival in arrivals if arrival.stem.lower() not in UNUSED]
        sheets = {arrival.stem.lower(): workbench.read(arrival, only=NEEDED.get(arrival.stem.lower()))[0] for arrival in read}
        study = _read_study(workbench, sheets)
        cut = context.cut or (context.mapping.cut if context.mapping else None) or _read_cut(workbench, sheets)
        listings = Listings(workbench, sheets, study, cut or context.now.date())
        listings.notices += [f"{arrival.name} was not read: no table holds what it lists" for arrival in arrivals if arrival not in read]
        batches: list[Batch] = []
        used: dict[str, list[str]] = {}
        for table, make in TABLES.items():
            if made := make(listings):
                relation, files = made
                malformed = tuple((sheets[file].arrival.name, "", entry) for file in files for entry in sheets[file].malformed)
                batches.append(Batch(table, relation, f"edc_raw {study}", malformed=malformed))
                for file in files:
                    used.setdefault(file, []).append(table)
        return SourceExtract(
            source=f"edc_raw {study}",
            connector=self.name,
            batches=tuple(batches),
            files=tuple(_describe(sheet, used.get(name, []), listings.columns_used(name)) for name, sheet in sheets.items()),
            extent="full",
            cut=cut,
            rhythm_days=context.mapping.rhythm_days if context.mapping else None,
            notices=tuple(listings.notices),
        )

    def sample(self, folder: Path) -> None:
        """Two sites, two participants, one screening failure, and a row or two of each listing."""
        for name, rows in SAMPLES.items():
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as handle:
                writer = csv.writer(handle)
                writer.writerow(rows[0])
                writer.writerows(rows[1:])


CONNECTOR = EdcRawConnector()


def _read_study(workbench: Workbench, sheets: dict[str, Sheet]) -> str:
    """The protocol number, which every listing that names one must share."""
    found: set[str] = set()
    for sheet in sheets.values():
        column = next((name for name in ("protocol_number", "protocol", "studyid", "protocolname") if name in sheet.header), None)
        if column:
            found |= {
                row[0] for row in workbench.execute(f"SELECT DISTINCT {column} FROM {sheet.relation} WHERE {column} IS NOT NULL").fetchall()
            }
    if len(found) != 1:
        where = ", ".join(sorted({sheet.arrival.name for sheet in sheets.values()})[:3])
        raise BadInput(
            "The listings do not say which one study they are of" if not found else "The listings are of several studies",
            thing=f"{where}: {', '.join(sorted(found)) or 'no protocol number'}",
            next_step="Put the listings of each study in a folder of their own, one of them with a study column.",
        )
    return found.pop()


def _read_cut(workbench: Workbench, sheets: dict[str, Sheet]) -> date | None:
    """The day of extraction, where the query listing states it."""
    if "edc_queries" not in sheets or "dataextractiondate" not in sheets["edc_queries"].header:
        return None
    latest: date | None = workbench.scalar(f"SELECT max(TRY_CAST(dataextractiondate AS DATE)) FROM {sheets['edc_queries'].relation}")
    return latest


def _describe(sheet: Sheet, tables: Sequence[str], columns: set[str]) -> FileRead:
    return FileRead(
        name=sheet.arrival.name,
        sha256=sheet.arrival.sha256,
        size=sheet.arrival.size,
        location=str(sheet.arrival.origin.absolute()),
        sheet=sheet.sheet,
        given=sheet.rows + len(sheet.malformed),
        tables=tuple(tables),
        ignored=tuple(name for name in sheet.header if name not in columns),
        used=bool(tables),
    )
