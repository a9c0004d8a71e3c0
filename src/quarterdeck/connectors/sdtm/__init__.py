"""CDISC SDTM datasets as CSV: demographics, dispositions and visits of one or several studies."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from pathlib import Path

from quarterdeck.connectors.protocol import Context
from quarterdeck.connectors.sdtm.samples import SAMPLES
from quarterdeck.evidence.arrivals import Arrival
from quarterdeck.evidence.batch import Batch, FileRead, SourceExtract
from quarterdeck.evidence.values import text
from quarterdeck.evidence.workbench import Sheet, Workbench
from quarterdeck.vocabulary.errors import BadInput

DOMAINS = {"dm": ("STUDYID", "USUBJID", "SITEID"), "ds": ("STUDYID", "USUBJID", "DSDECOD"), "sv": ("STUDYID", "USUBJID", "VISIT")}
NOT_ENROLLED = ("SCRNFAIL", "NOTASSGN", "NOTTRT")
STAYED = ("COMPLETED", "SCREEN FAILURE")


class SdtmConnector:
    """A participant is known by USUBJID. Missing is written NA; a visit without a planned day is unscheduled."""

    name = "sdtm"
    title = "CDISC SDTM datasets"
    note = "dm.csv, with ds.csv and sv.csv where there are any: participants, sites, dispositions, visits."

    def recognise(self, arrivals: Sequence[Arrival]) -> list[Arrival]:
        """Files named after a domain whose first line has its columns."""
        return [arrival for arrival in arrivals if arrival.suffix == ".csv" and _has_columns(arrival)]

    def extract(self, arrivals: Sequence[Arrival], workbench: Workbench, context: Context) -> list[SourceExtract]:
        """One extract per study in the demographics. Raises BadInput where those are missing."""
        sheets = {arrival.stem.lower(): workbench.read(arrival)[0] for arrival in arrivals}
        if "dm" not in sheets:
            raise BadInput(
                "SDTM datasets without demographics cannot be placed", thing=", ".join(a.name for a in arrivals), next_step="Add dm.csv."
            )
        studies = [row[0] for row in workbench.execute(f'SELECT DISTINCT "STUDYID" FROM {sheets["dm"].relation} ORDER BY 1').fetchall()]
        return [_extract_study(study, sheets, workbench, context) for study in studies]

    def sample(self, folder: Path) -> None:
        """Two participants and a screening failure."""
        for name, rows in SAMPLES.items():
            with (folder / f"{name}.csv").open("w", newline="", encoding="utf-8") as handle:
                csv.writer(handle).writerows(rows)


CONNECTOR = SdtmConnector()


def _has_columns(arrival: Arrival) -> bool:
    wanted = DOMAINS.get(arrival.stem.lower())
    if wanted is None:
        return False
    with arrival.path.open("rb") as handle:
        head = handle.readline(1 << 16).decode("utf-8-sig", "replace").upper()
    return all(name in head for name in wanted)


def _extract_study(study: str, sheets: dict[str, Sheet], workbench: Workbench, context: Context) -> SourceExtract:
    tables = {"study": _study(sheets["dm"]), "site": _site(sheets["dm"]), "subject": _subject(sheets)}
    used = {"study": "dm", "site": "dm", "subject": "dm", "visit": "sv"}
    if "sv" in sheets:
        tables["visit"] = _visit(sheets)
    batches = []
    for table, select in tables.items():
        relation, sheet = workbench.name(table), sheets[used[table]]
        workbench.execute(
            f"CREATE TABLE {relation} AS SELECT *, {text(sheet.arrival.name)} AS _file, '' AS _sheet FROM ({select}) WHERE study_id = {text(study)}"
        )
        malformed = tuple((sheet.arrival.name, "", entry) for entry in sheet.malformed) if table in ("subject", "visit") else ()
        batches.append(Batch(table, relation, f"sdtm {study}", malformed=malformed))
    filled = {"dm": ("study", "site", "subject"), "ds": ("subject",), "sv": ("visit",)}
    return SourceExtract(
        source=f"sdtm {study}",
        connector="sdtm",
        batches=tuple(batches),
        files=tuple(_describe(sheet, filled[name]) for name, sheet in sheets.items()),
        extent="full",
        cut=context.mapping.cut if context.mapping else None,
        rhythm_days=context.mapping.rhythm_days if context.mapping else None,
    )


def _column(sheet: Sheet, name: str, alias: str) -> str:
    return f"NULLIF(NULLIF(trim({alias}.\"{name}\"), ''), 'NA')" if name in sheet.header else "NULL::VARCHAR"


def _study(dm: Sheet) -> str:
    return f'SELECT "STUDYID" AS study_id, min(_line) AS _line FROM {dm.relation} GROUP BY 1'


def _site(dm: Sheet) -> str:
    country = f"any_value({_column(dm, 'COUNTRY', 'd')} ORDER BY d._line)"
    return f'SELECT d."STUDYID" AS study_id, d."SITEID" AS site_id, {country} AS country, min(d._line) AS _line FROM {dm.relation} d GROUP BY 1, 2'


def _subject(sheets: dict[str, Sheet]) -> str:
    dm = sheets["dm"]
    arm = f"upper(COALESCE({_column(dm, 'ARMCD', 'd')}, {_column(dm, 'ARMNRS', 'd')}, 'NOTASSGN'))"
    failed = f"({arm} IN ({', '.join(map(text, NOT_ENROLLED))}) OR f.day IS NOT NULL)"
    age = f"TRY_CAST({_column(dm, 'AGE', 'd')} AS INTEGER)"
    join = 'd."STUDYID" = {0}.study AND d."USUBJID" = {0}.subject'
    start = _column(dm, "RFSTDTC", "d")
    return (
        f'SELECT d."STUDYID" AS study_id, d."USUBJID" AS subject_id, {_column(dm, "SITEID", "d")} AS site_id, {_column(dm, "COUNTRY", "d")} AS country, '
        f"{_column(dm, 'RFICDTC', 'd')} AS consent_dt, {_column(dm, 'DMDTC', 'd')} AS screen_dt, "
        f"f.day AS screen_fail_dt, f.reason AS screen_fail_reason, CASE WHEN {failed} THEN 'N' ELSE 'Y' END AS enrollyn, "
        f"CASE WHEN NOT {failed} THEN COALESCE(r.day, {start}) END AS enroll_dt, r.day AS rand_dt, "
        f"{_column(dm, 'RFXSTDTC', 'd')} AS first_dose_dt, {_column(dm, 'RFXENDTC', 'd')} AS last_dose_dt, {_column(dm, 'RFPENDTC', 'd')} AS last_contact_dt, "
        f"l.day AS study_disc_dt, l.reason AS study_disc_reason, CASE WHEN c.day IS NOT NULL THEN 'Y' WHEN l.day IS NOT NULL THEN 'N' END AS completed_yn, "
        f"{_column(dm, 'DTHDTC', 'd')} AS death_dt, {_column(dm, 'SEX', 'd')} AS sex, "
        f"CASE WHEN {age} < 18 THEN '0-17' WHEN {age} < 30 THEN '18-29' WHEN {age} IS NOT NULL THEN ({age} // 10 * 10) || '-' || ({age} // 10 * 10 + 9) END AS age_band, "
        f"d._line FROM {dm.relation} d "
        f"LEFT JOIN {_disposition(sheets, 'RANDOMIZED')} r ON {join.format('r')} "
        f"LEFT JOIN {_disposition(sheets, 'SCREEN FAILURE')} f ON {join.format('f')} "
        f"LEFT JOIN {_disposition(sheets, 'COMPLETED')} c ON {join.format('c')} "
        f"LEFT JOIN {_disposition(sheets, '')} l ON {join.format('l')}"
    )


def _disposition(sheets: dict[str, Sheet], decoded: str) -> str:
    """Day and reason per participant of one disposition; of an empty one, of any that ended participation early."""
    if "ds" not in sheets:
        return "(SELECT NULL::VARCHAR AS study, NULL::VARCHAR AS subject, NULL::VARCHAR AS day, NULL::VARCHAR AS reason WHERE false)"
    ds = sheets["ds"]
    event = f"{_column(ds, 'DSDECOD', 's')} = {text(decoded)}"
    if not decoded:
        event = (
            f"{_column(ds, 'DSCAT', 's')} = 'DISPOSITION EVENT' AND {_column(ds, 'DSDECOD', 's')} NOT IN ({', '.join(map(text, STAYED))})"
        )
    day, reason = _column(ds, "DSSTDTC", "s"), _column(ds, "DSDECOD", "s")
    return (
        f'(SELECT s."STUDYID" AS study, s."USUBJID" AS subject, min({day}) AS day, any_value({reason} ORDER BY s._line) AS reason '
        f"FROM {ds.relation} s WHERE {event} GROUP BY 1, 2)"
    )


def _visit(sheets: dict[str, Sheet]) -> str:
    """There is no day 0: day 1 is the reference day, day -1 the day before it."""
    dm, sv = sheets["dm"], sheets["sv"]
    planned = f"TRY_CAST({_column(sv, 'VISITDY', 'v')} AS INTEGER)"
    start = f"TRY_CAST(left({_column(dm, 'RFSTDTC', 'd')}, 10) AS DATE)"
    day = f"({start} + ({planned} - CASE WHEN {planned} > 0 THEN 1 ELSE 0 END))"
    when = _column(sv, "SVSTDTC", "v")
    return (
        f'SELECT v."STUDYID" AS study_id, v."USUBJID" AS subject_id, {_column(sv, "VISIT", "v")} AS visit, {_column(sv, "VISITNUM", "v")} AS visit_num, '
        f"{day}::VARCHAR AS planned_dt, {when} AS visit_dt, "
        f"CASE WHEN {when} IS NULL THEN 'planned' WHEN {planned} IS NULL THEN 'unscheduled' ELSE 'performed' END AS visit_status, v._line "
        f'FROM {sv.relation} v LEFT JOIN {dm.relation} d ON d."STUDYID" = v."STUDYID" AND d."USUBJID" = v."USUBJID"'
    )


def _describe(sheet: Sheet, tables: tuple[str, ...]) -> FileRead:
    used = {
        "dm": "STUDYID USUBJID SITEID COUNTRY RFICDTC DMDTC ARMCD ARMNRS RFSTDTC RFXSTDTC RFXENDTC RFPENDTC DTHDTC SEX AGE",
        "ds": "STUDYID USUBJID DSDECOD DSCAT DSSTDTC",
        "sv": "STUDYID USUBJID VISIT VISITNUM VISITDY SVSTDTC",
    }[sheet.arrival.stem.lower()].split()
    arrival = sheet.arrival
    return FileRead(
        name=arrival.name,
        sha256=arrival.sha256,
        size=arrival.size,
        location=str(arrival.origin.absolute()),
        given=sheet.rows + len(sheet.malformed),
        tables=tables,
        ignored=tuple(name for name in sheet.header if name not in used),
    )
