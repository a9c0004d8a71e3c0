"""The listings of one study as canonical rows: which listing fills which table, and how participants and sites are joined.

Deviations name a participant by enrolment number (= subjid), the EDC's own files by subject name (= subject_nsv), sites by investigator
(invid = pi_number; invid_nsv is another scramble and is not used). Coded twins of a column (`..._std_nsv`) are left aside.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import date

from quarterdeck.evidence.values import text
from quarterdeck.evidence.workbench import Sheet, Workbench

LISTINGS = (
    "rawplus_dm",
    "rawplus_enroll",
    "rawplus_consent",
    "rawplus_visdt",
    "rawplus_ae",
    "rawplus_lb",
    "rawplus_ex",
    "rawplus_ie",
    "rawplus_ixrsrand",
    "rawplus_studcomp",
    "rawplus_sdrgcomp",
    "edc_data_pages",
    "edc_data_points",
    "edc_queries",
    "ctms_site",
    "ctms_study",
    "ctms_protdev",
    "config_param",
    "config_workflow",
    "config_schedule",
)
UNUSED = ("rawplus_ex", "config_workflow", "config_schedule")  # no table of ours holds exposure or another tool's schedule
# Of the widest and longest listings only these columns are read into memory.
NEEDED = {
    "rawplus_dm": (
        "studyid",
        "subjid",
        "agerep",
        "sex",
        "subject_nsv",
        "firstdosedate",
        "lastdosedate",
        "lastparticipantdate",
        "timeontreatment",
        "timeonstudy",
    ),
    "rawplus_visdt": ("studyid", "subjid", "foldername", "instancename", "visit_dt", "folderseq_nsv"),
    "rawplus_ae": ("studyid", "subjid", "recordid", "aeser", "aest_dt", "aeen_dt", "aerel", "aetoxgr", "mincreated_dts"),
    "rawplus_lb": ("subjid", "toxgrg_nsv"),
    "rawplus_studcomp": ("studyid", "subjid", "compyn", "compreas"),
    "rawplus_sdrgcomp": ("studyid", "subjid", "sdrgyn", "sdrgreas", "phase"),
    "edc_data_points": ("protocolname", "subjectname", "n_changes"),
    "edc_data_pages": ("protocolname", "subjectname", "visit", "formoid", "visit_date", "min_entereddate", "data_entry_lag"),
}
GRADES = {"MILD": 1, "MODERATE": 2, "SEVERE": 3, "LIFE-THREATENING": 4, "LIFE THREATENING": 4, "FATAL": 5, "DEATH": 5}
SITE_STATUS = {
    "active": "active",
    "open": "active",
    "closed": "closed",
    "initiated": "initiated",
    "selected": "selected",
    "dropped": "dropped",
}
MASK = "out of bound:"  # what an anonymiser writes before a value outside its list

Made = tuple[str, tuple[str, ...]] | None  # relation of canonical rows, and the listings they came from


class Listings:
    """The listings of one study in the workbench, and what was noticed while reading them."""

    def __init__(self, workbench: Workbench, sheets: dict[str, Sheet], study: str, cut: date) -> None:
        self.workbench, self.sheets, self.study, self.cut = workbench, sheets, study, cut
        self.notices: list[str] = []
        self._used: dict[str, set[str]] = {}

    def has(self, listing: str, *columns: str) -> bool:
        """Whether the listing is there with these columns."""
        return listing in self.sheets and set(columns) <= set(self.sheets[listing].header)

    def column(self, listing: str, name: str, alias: str = "") -> str:
        """A column of a listing without mask and blanks, NULL where the listing lacks it."""
        if not self.has(listing, name):
            return "NULL::VARCHAR"
        self._used.setdefault(listing, set()).add(name)
        value = f'{alias}."{name}"' if alias else f'"{name}"'
        return f"NULLIF(NULLIF(trim({value}), ''), 'XXX')"

    def words(self, listing: str, name: str, alias: str = "") -> str:
        """A column whose masked values keep the words after the mask."""
        return f"replace({self.column(listing, name, alias)}, {text(MASK)}, '')"

    def columns_used(self, listing: str) -> set[str]:
        """The columns that have a place."""
        return self._used.get(listing, set())

    def relation(self, listing: str) -> str:
        """The listing itself."""
        return self.sheets[listing].relation

    def make(
        self, table: str, columns: dict[str, str], source: str, listing: str, *others: str, line: str = "_line", rest: str = ""
    ) -> Made:
        """Canonical rows: SQL per column over a listing, with the listing's lines."""
        name = self.workbench.name(table)
        chosen = ", ".join(f'{sql} AS "{column}"' for column, sql in columns.items())
        lineage = f"{text(self.sheets[listing].arrival.name)} AS _file, '' AS _sheet, {line} AS _line"
        self.workbench.execute(f"CREATE TABLE {name} AS SELECT {text(self.study)} AS study_id, {chosen}, {lineage} FROM {source} {rest}")
        return name, (listing, *others)

    def subject_names(self) -> str:
        """A relation that leads from the EDC's subject name to the participant."""
        if self.has("rawplus_dm", "subject_nsv", "subjid"):
            names = f"{self.column('rawplus_dm', 'subject_nsv')} AS name, {self.column('rawplus_dm', 'subjid')} AS subjid"
            return f"(SELECT {names} FROM {self.relation('rawplus_dm')})"
        return "(SELECT NULL::VARCHAR AS name, NULL::VARCHAR AS subjid WHERE false)"


def make_study(own: Listings) -> Made:
    """The study. A milestone called actual that lies after the data cut cannot have happened: it is left out, and said."""
    if not own.has("ctms_study", "protocol_number"):
        return None
    c = "ctms_study"
    columns = {
        name: own.column(c, name) for name in ("nickname", "protocol_title", "phase", "therapeutic_area", "protocol_indication", "product")
    }
    columns |= {name: own.column(c, name) for name in ("num_plan_site", "num_plan_subj", "est_fpfv", "est_lpfv", "est_lplv")}
    for name in ("act_fpfv", "act_lpfv", "act_lplv"):
        value = own.column(c, name)
        late = own.workbench.scalar(
            f"SELECT max(TRY_CAST({value} AS DATE)) FROM {own.relation(c)} WHERE TRY_CAST({value} AS DATE) > DATE '{own.cut}'"
        )
        if late:
            own.notices.append(f"{name} is {late}, after the data cut {own.cut}: it has not happened yet and is not read as actual")
        columns[name] = f"CASE WHEN TRY_CAST({value} AS DATE) <= DATE '{own.cut}' OR TRY_CAST({value} AS DATE) IS NULL THEN {value} END"
    own.column(c, "protocol_number")
    status = f"lower({own.column(c, 'status')})"
    last_in = f"TRY_CAST({own.column(c, 'act_lpfv')} AS DATE)"
    columns["status"] = (
        f"CASE {status} WHEN 'active' THEN CASE WHEN {last_in} <= DATE '{own.cut}' THEN 'follow_up' ELSE 'enrolling' END "
        f"WHEN 'closed' THEN 'close_out' WHEN 'planned' THEN 'planned' ELSE {own.column(c, 'status')} END"
    )
    return own.make("study", columns, own.relation(c), c)


def make_site(own: Listings) -> Made:
    """The sites of the CTMS, and those that only the enrolment listing knows because they screened and enrolled nobody."""
    known = _ctms_sites(own)
    only_screened = _screening_sites(own, known)
    parts = [part for part in (known, only_screened) if part]
    if not parts:
        return None
    relation = own.workbench.name("site")
    own.workbench.execute(f"CREATE VIEW {relation} AS " + " UNION ALL BY NAME ".join(f"SELECT * FROM {part[0]}" for part in parts))
    return relation, tuple(listing for part in parts for listing in part[1])


def _ctms_sites(own: Listings) -> Made:
    if not own.has("ctms_site", "site_num", "pi_number"):
        return None
    c = "ctms_site"
    status = f"lower({own.column(c, 'site_status')})"
    translated = " ".join(f"WHEN {text(source)} THEN {text(target)}" for source, target in SITE_STATUS.items())
    columns = {
        "site_id": own.column(c, "site_num"),
        "investigator_id": own.column(c, "pi_number"),
        "organization_id": own.column(c, "account"),
        "country": own.column(c, "country"),
        "site_status": f"CASE {status} {translated} ELSE {own.column(c, 'site_status')} END",
        "site_active_dt": own.column(c, "site_active_dt"),
    }
    own.column(c, "protocol")
    return own.make("site", columns, own.relation(c), c)


def _screening_sites(own: Listings, known: Made) -> Made:
    if not own.has("rawplus_enroll", "siteid", "invid"):
        return None
    c = "rawplus_enroll"
    site, investigator = own.column(c, "siteid"), own.column(c, "invid")
    unknown = f"{investigator} NOT IN (SELECT investigator_id FROM {known[0]} WHERE investigator_id IS NOT NULL)" if known else "true"
    columns = {
        "site_id": site,
        "investigator_id": f"any_value({investigator} ORDER BY _line)",
        "country": f"any_value({own.column(c, 'country')} ORDER BY _line)",
    }
    made = own.make("site", columns, own.relation(c), c, line="min(_line)", rest=f"WHERE {site} IS NOT NULL AND {unknown} GROUP BY {site}")
    count = own.workbench.scalar(f"SELECT count(*) FROM {made[0]}") if made else 0
    if count and known:
        own.notices.append(
            f"{count} sites are not in ctms_site: they screened participants, and are taken from rawplus_enroll without a status"
        )
    return made if count else None


def make_subject(own: Listings) -> Made:
    """Everybody screened. A leaver's last day in the trial stands for the day of leaving, which the listings do not hold."""
    if not own.has("rawplus_enroll", "subjectid", "enrollyn"):
        return None
    e, d = "rawplus_enroll", "rawplus_dm"
    enrolled = f"upper({own.column(e, 'enrollyn', 'e')}) = 'Y'"
    date_of = own.column(e, "enroll_dt", "e")
    age = f"TRY_CAST({own.column(d, 'agerep', 'd')} AS INTEGER)"
    low = f"(CASE WHEN {age} < 18 THEN 0 WHEN {age} < 30 THEN 18 ELSE {age} // 10 * 10 END)"
    high = f"(CASE WHEN {age} < 18 THEN 17 WHEN {age} < 30 THEN 29 ELSE {age} // 10 * 10 + 9 END)"
    last_contact, last_dose = own.column(d, "lastparticipantdate", "d"), own.column(d, "lastdosedate", "d")
    columns = {
        "subject_id": f"COALESCE({own.column(e, 'subjid', 'e')}, {own.column(e, 'subjectid', 'e')})",
        "site_id": own.column(e, "siteid", "e"),
        "country": own.column(e, "country", "e"),
        "consent_dt": "c.consented",
        "screen_dt": f"COALESCE(c.consented, {date_of})",
        "screen_fail_dt": f"CASE WHEN NOT ({enrolled}) THEN {date_of} END",
        "screen_fail_reason": f"CASE WHEN NOT ({enrolled}) THEN {own.words(e, 'sfreas', 'e')} END",
        "enrollyn": own.column(e, "enrollyn", "e"),
        "enroll_dt": f"CASE WHEN {enrolled} THEN {date_of} END",
        "rand_dt": "r.randomised",
        "first_dose_dt": own.column(d, "firstdosedate", "d"),
        "last_dose_dt": last_dose,
        "last_contact_dt": last_contact,
        "treatment_disc_dt": f"CASE WHEN t.subjid IS NOT NULL THEN {last_dose} END",
        "treatment_disc_reason": "t.why",
        "study_disc_dt": f"CASE WHEN s.subjid IS NOT NULL THEN {last_contact} END",
        "study_disc_reason": "s.why",
        "completed_yn": "CASE WHEN s.subjid IS NOT NULL THEN 'N' END",
        "time_on_study": own.column(d, "timeonstudy", "d"),
        "time_on_treatment": own.column(d, "timeontreatment", "d"),
        "sex": own.column(d, "sex", "d"),
        "age_band": f"CASE WHEN {age} IS NOT NULL THEN {low} || '-' || {high} END",
    }
    number = own.column(e, "subjid", "e")
    source = (
        f"{own.relation(e)} e LEFT JOIN {own.relation(d) if d in own.sheets else '(SELECT NULL::VARCHAR AS subjid)'} d ON d.subjid = {number} "
        f"LEFT JOIN {_one(own, 'rawplus_consent', 'consdt', 'consented')} c ON c.subjid = {number} "
        f"LEFT JOIN {_one(own, 'rawplus_ixrsrand', 'rand_dt', 'randomised', letters=10)} r ON r.subjid = {number} "
        f"LEFT JOIN {_leavers(own, 'rawplus_studcomp', 'compyn', 'compreas')} s ON s.subjid = {number} "
        f"LEFT JOIN {_leavers(own, 'rawplus_sdrgcomp', 'sdrgyn', 'sdrgreas')} t ON t.subjid = {number}"
    )
    used = [name for name in (d, "rawplus_consent", "rawplus_ixrsrand", "rawplus_studcomp", "rawplus_sdrgcomp") if name in own.sheets]
    return own.make("subject", columns, source, e, *used, line="e._line")


def _one(own: Listings, listing: str, column: str, name: str, letters: int = 32) -> str:
    """One value per participant: the earliest. Of an instant whose time is unknown (2014-12-27T-:-) the first `letters` are the day."""
    if not own.has(listing, "subjid", column):
        return f"(SELECT NULL::VARCHAR AS subjid, NULL::VARCHAR AS {name} WHERE false)"
    return f"(SELECT {own.column(listing, 'subjid')} AS subjid, min(left({own.column(listing, column)}, {letters})) AS {name} FROM {own.relation(listing)} GROUP BY 1)"


def _leavers(own: Listings, listing: str, flag: str, why: str) -> str:
    """Participants with an N and their first reason; a person may stand in a listing once per phase."""
    if not own.has(listing, "subjid", flag):
        return "(SELECT NULL::VARCHAR AS subjid, NULL::VARCHAR AS why WHERE false)"
    reason = f"any_value({own.words(listing, why)} ORDER BY {own.column(listing, 'phase')}, _line)"
    return f"(SELECT {own.column(listing, 'subjid')} AS subjid, {reason} AS why FROM {own.relation(listing)} WHERE {own.column(listing, flag)} = 'N' GROUP BY 1)"


def make_visit(own: Listings) -> Made:
    """Visits by their name with repeat number, such as 'Unscheduled (5)'."""
    if not own.has("rawplus_visdt", "subjid", "instancename"):
        return None
    c = "rawplus_visdt"
    when = own.column(c, "visit_dt")
    columns = {
        "subject_id": own.column(c, "subjid"),
        "visit": own.column(c, "instancename"),
        "visit_num": own.column(c, "folderseq_nsv"),
        "visit_dt": when,
        "visit_status": f"CASE WHEN {when} IS NULL THEN NULL WHEN {own.column(c, 'foldername')} = 'Unscheduled' THEN 'unscheduled' ELSE 'performed' END",
    }
    return own.make("visit", columns, own.relation(c), c)


def make_adverse_event(own: Listings) -> Made:
    """Adverse events, severity in words as grade 1 to 5."""
    if not own.has("rawplus_ae", "subjid", "recordid"):
        return None
    c = "rawplus_ae"
    grade = f"upper({own.words(c, 'aetoxgr')})"
    related = f"upper({own.words(c, 'aerel')})"
    columns = {
        "subject_id": own.column(c, "subjid"),
        "ae_id": own.column(c, "recordid"),
        "aest_dt": own.column(c, "aest_dt"),
        "aeen_dt": own.column(c, "aeen_dt"),
        "aeser": own.column(c, "aeser"),
        "aetoxgr": f"CASE {grade} {' '.join(f'WHEN {text(k)} THEN {text(str(v))}' for k, v in GRADES.items())} ELSE {grade} END",
        "aerel": f"CASE {related} WHEN 'RELATED' THEN 'yes' WHEN 'NOT RELATED' THEN 'no' ELSE {related} END",
        "mincreated_dts": own.column(c, "mincreated_dts"),
    }
    return own.make("adverse_event", columns, own.relation(c), c)


def make_lab_result_count(own: Listings) -> Made:
    """Graded results per participant at the data cut; a result without grade is not counted."""
    if not own.has("rawplus_lb", "subjid", "toxgrg_nsv"):
        return None
    c = "rawplus_lb"
    grade = f"TRY_CAST({own.column(c, 'toxgrg_nsv')} AS INTEGER)"
    columns = {
        "subject_id": own.column(c, "subjid"),
        "snapshot_date": f"DATE '{own.cut}'",
        "n_graded": f"count({grade})",
        "n_grade3plus": f"count(*) FILTER ({grade} >= 3)",
    }
    return own.make("lab_result_count", columns, own.relation(c), c, line="min(_line)", rest="GROUP BY 2")


def make_protocol_deviation(own: Listings) -> Made:
    """Deviations. The listing has no identifier, so its line serves; participants it names and nobody knows are said, not dropped."""
    if not own.has("ctms_protdev", "subjectenrollmentnumber"):
        return None
    c = "ctms_protdev"
    number = own.column(c, "subjectenrollmentnumber", "p")
    columns = {
        "pd_id": "'line ' || p._line",
        "subject_id": number,
        "site_id": "s.siteid",
        "dvdecod": own.words(c, "companycategory", "p"),
        "deemedimportant": own.column(c, "deemedimportant", "p"),
        "deviation_dt": own.column(c, "deviationdate", "p"),
    }
    sites = _sites_of_subjects(own)
    made = own.make("protocol_deviation", columns, f"{own.relation(c)} p LEFT JOIN {sites} s ON s.subjid = {number}", c, line="p._line")
    unknown = own.workbench.scalar(
        f"SELECT count(*) FROM {own.relation(c)} p LEFT JOIN {sites} s ON s.subjid = {number} WHERE s.subjid IS NULL"
    )
    if unknown:
        own.notices.append(
            f"{unknown} protocol deviations name a participant who is not in the enrolment listing; they count for the study, for no site"
        )
    return made


def _sites_of_subjects(own: Listings) -> str:
    if not own.has("rawplus_enroll", "subjid", "siteid"):
        return "(SELECT NULL::VARCHAR AS subjid, NULL::VARCHAR AS siteid WHERE false)"
    e = "rawplus_enroll"
    return f"(SELECT {own.column(e, 'subjid')} AS subjid, {own.column(e, 'siteid')} AS siteid FROM {own.relation(e)} WHERE {own.column(e, 'subjid')} IS NOT NULL)"


def make_eligibility_violation(own: Listings) -> Made:
    """Inclusion criteria answered 0 and exclusion criteria answered 1. The listing names no criterion: its order within a participant does."""
    if not own.has("rawplus_ie", "subjid", "iecat", "ieorres"):
        return None
    c = "rawplus_ie"
    category, result, subject = own.column(c, "iecat", "i"), own.column(c, "ieorres", "i"), own.column(c, "subjid", "i")
    columns = {
        "subject_id": subject,
        "ietestcd": f"{category} || ' ' || i._number",
        "iecat": f"CASE {category} WHEN 'INCL' THEN 'IN' WHEN 'EXCL' THEN 'EX' ELSE {category} END",
        "ieorres": result,
        "source": "'edc_ie'",
    }
    numbered = f"(SELECT *, row_number() OVER (PARTITION BY subjid, iecat ORDER BY _line) AS _number FROM {own.relation(c)}) i"
    broken = f"WHERE ({category} = 'INCL' AND {result} = '0') OR ({category} = 'EXCL' AND {result} = '1')"
    return own.make("eligibility_violation", columns, numbered, c, line="i._line", rest=broken)


def make_query(own: Listings) -> Made:
    """Queries. Without an identifier of their own they are known by data point, and by order where it has several."""
    if not own.has("edc_queries", "subjectname", "datapointid", "created"):
        return None
    c = "edc_queries"
    point = own.column(c, "datapointid", "q")
    columns = {
        "query_id": f"{point} || '-' || row_number() OVER (PARTITION BY {point} ORDER BY {own.column(c, 'created', 'q')}, q._line)",
        "subject_id": f"COALESCE(n.subjid, {own.column(c, 'subjectname', 'q')})",
        "visit": own.column(c, "visit", "q"),
        "form": own.column(c, "formoid", "q"),
        "field": own.column(c, "fieldoid", "q"),
        "opened_ts": own.column(c, "created", "q"),
        "answered_ts": own.column(c, "answered", "q"),
        "closed_ts": own.column(c, "resolved", "q"),
        "querystatus": own.column(c, "querystatus", "q"),
        "queryage": own.column(c, "queryage", "q"),
        "marking_group": own.column(c, "markinggroup", "q"),
    }
    own.column(c, "dataextractiondate")
    source = f"{own.relation(c)} q LEFT JOIN {own.subject_names()} n ON n.name = {own.column(c, 'subjectname', 'q')}"
    return own.make("query", columns, source, c, line="q._line")


def make_data_page(own: Listings) -> Made:
    """Pages: a form of a visit of a participant."""
    if not own.has("edc_data_pages", "subjectname", "visit", "formoid"):
        return None
    c = "edc_data_pages"
    columns = {
        "subject_id": f"COALESCE(n.subjid, {own.column(c, 'subjectname', 'p')})",
        "visit": own.column(c, "visit", "p"),
        "form": own.column(c, "formoid", "p"),
        "visit_date": own.column(c, "visit_date", "p"),
        "first_entered_ts": own.column(c, "min_entereddate", "p"),
        "data_entry_lag": own.column(c, "data_entry_lag", "p"),
    }
    source = f"{own.relation(c)} p LEFT JOIN {own.subject_names()} n ON n.name = {own.column(c, 'subjectname', 'p')}"
    return own.make("data_page", columns, source, c, line="p._line")


def make_data_point_count(own: Listings) -> Made:
    """Data points per participant at the data cut, and those changed at least once."""
    if not own.has("edc_data_points", "subjectname", "n_changes"):
        return None
    c = "edc_data_points"
    counts = (
        f"(SELECT {own.column(c, 'subjectname')} AS name, min(_line) AS _line, count(*) AS n, "
        f"count(*) FILTER (TRY_CAST({own.column(c, 'n_changes')} AS INTEGER) > 0) AS changed FROM {own.relation(c)} GROUP BY 1)"
    )
    columns = {
        "subject_id": "COALESCE(n.subjid, p.name)",
        "snapshot_date": f"DATE '{own.cut}'",
        "n_points": "p.n",
        "n_points_changed": "p.changed",
    }
    return own.make("data_point_count", columns, f"{counts} p LEFT JOIN {own.subject_names()} n ON n.name = p.name", c, line="p._line")


def make_metric_definition(own: Listings) -> Made:
    """The thresholds another monitoring tool was run with, one definition per indicator."""
    if not own.has("config_param", "workflowid", "param", "value"):
        return None
    c = "config_param"
    param, value, metric = own.column(c, "param"), own.column(c, "value"), own.column(c, "workflowid")
    order = "TRY_CAST(" + own.column(c, "index") + " AS INTEGER)"
    columns = {
        "metric_id": metric,
        "version": "1",
        "model": f"any_value({value}) FILTER ({param} = 'strMethod')",
        "threshold": f"string_agg({value}, ', ' ORDER BY {order}) FILTER ({param} = 'vThreshold')",
        "accrual_threshold": f"any_value({value}) FILTER ({param} = 'nMinDenominator')",
    }
    return own.make("metric_definition", columns, own.relation(c), c, line="min(_line)", rest=f"GROUP BY {metric}")


TABLES: dict[str, Callable[[Listings], Made]] = {
    "study": make_study,
    "site": make_site,
    "subject": make_subject,
    "visit": make_visit,
    "adverse_event": make_adverse_event,
    "lab_result_count": make_lab_result_count,
    "protocol_deviation": make_protocol_deviation,
    "eligibility_violation": make_eligibility_violation,
    "query": make_query,
    "data_page": make_data_page,
    "data_point_count": make_data_point_count,
    "metric_definition": make_metric_definition,
}
