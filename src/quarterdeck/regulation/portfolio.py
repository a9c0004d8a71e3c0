"""What the evidence says of each trial, attribute by attribute, with the table it came from; silence stays silence."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from quarterdeck.regulation.applicability import Trial, expand_groups, load_attributes
from quarterdeck.regulation.trials import read_value

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

VENDOR_SYSTEMS = {"irt": "irt", "ecoa": "ecoa", "edc": "edc"}
VENDOR_ELEMENTS = {"ecoa": "epro"}
VISIT_ELEMENTS = {"remote": "remote_visit", "home": "home_visit", "hybrid": "dct"}
DMC_WORDS = ("data monitoring committee", "data and safety monitoring", "dmc", "dsmb")
Answers = Mapping[tuple[str, str], str]  # (trial or "*", attribute) -> the answer a person gave


def derive_trials(snapshot: Snapshot, answers: Answers | None = None) -> tuple[Trial, ...]:
    """All trials of a snapshot with the attributes that rules ask for.

    Each fact names its table in `sources`. Answers that people gave come last and win; an answer for trial "*" holds for all.
    """
    facts = snapshot.cached("regulation.trials", lambda: _derive(snapshot))
    return tuple(_with_answers(Trial(name, dict(known), dict(sources)), answers or {}) for name, (known, sources) in facts.items())


def _with_answers(trial: Trial, answers: Answers) -> Trial:
    known, sources = dict(trial.facts), dict(trial.sources)
    attributes = load_attributes()
    for (who, name), value in sorted(answers.items()):
        if who in ("*", trial.id) and name in attributes:
            known[name] = read_value(attributes[name], value, f"{who}, {name}")
            sources[name] = "answer on record"
    return Trial(trial.id, known, sources)


class _Evidence:
    """What the tables say about all trials at once, by trial."""

    def __init__(self, snapshot: Snapshot) -> None:
        self.cut = snapshot.data_cut
        self.countries = _lists(
            snapshot, "SELECT study_id, country FROM study_country UNION SELECT study_id, country FROM site WHERE country IS NOT NULL"
        )
        self.us_sites = dict(_pairs(snapshot, "SELECT study_id, count(*) FROM site WHERE country = 'US' GROUP BY study_id"))
        self.submissions = {
            (study, country): day
            for study, country, day in _rows(
                snapshot, "SELECT study_id, country, reg_submission_dt FROM study_country WHERE reg_submission_dt IS NOT NULL"
            )
        }
        self.vendors = _lists(
            snapshot,
            "SELECT DISTINCT c.study_id, coalesce(v.vendor_type, 'other') || ':' || coalesce(v.country, '') FROM contract c JOIN vendor v USING (vendor_id) WHERE c.study_id IS NOT NULL",
        )
        self.modes = _lists(snapshot, "SELECT DISTINCT study_id, visit_mode FROM visit WHERE visit_mode IS NOT NULL")
        self.women = _names(
            snapshot,
            "SELECT DISTINCT study_id FROM subject WHERE sex = 'F' AND regexp_matches(age_band, '^(1[89]|2[0-9]|3[0-9]|4[0-9])')",
        )
        self.committees = _names(
            snapshot,
            "SELECT DISTINCT study_id FROM tmf_document WHERE regexp_matches(lower(artifact_name), 'data (and safety )?monitoring|\\bdmc\\b|\\bdsmb\\b')",
        )


class _Notes:
    """The attributes of one trial with the table each came from; what is empty is not noted."""

    def __init__(self) -> None:
        self.known: dict[str, Any] = {}
        self.sources: dict[str, str] = {}

    def add(self, name: str, value: Any, source: str) -> None:
        """One attribute, unless it says nothing."""
        if value is not None and value != "":
            self.known[name], self.sources[name] = value, source


def _derive(snapshot: Snapshot) -> dict[str, tuple[dict[str, Any], dict[str, str]]]:
    evidence, found = _Evidence(snapshot), {}
    for study, phase, status, level, first_visit, planned_visit in _rows(
        snapshot, "SELECT study_id, phase, status, dct_level, act_fpfv, est_fpfv FROM study ORDER BY study_id"
    ):
        notes = _Notes()
        notes.add("phase", phase, "study")
        notes.add("status", status, "study")
        _note_places(notes, study, evidence)
        _note_phase(notes, phase)
        _note_systems(notes, study, level, evidence)
        notes.add("enrol_start", first_visit or planned_visit, "study")
        notes.add("has_dmc", study in evidence.committees or None, "tmf_document")
        notes.add("population", ["women_childbearing"] if study in evidence.women else None, "subject")
        found[study] = (notes.known, notes.sources)
    return found


def _note_places(notes: _Notes, study: str, evidence: _Evidence) -> None:
    if evidence.countries[study]:
        notes.add("countries", sorted(evidence.countries[study]), "study_country, site")
        notes.add("multisite", evidence.us_sites.get(study, 0) > 1, "site")
    notes.add("uk_application", evidence.submissions.get((study, "GB")), "study_country")
    europe = [day for (s, country), day in evidence.submissions.items() if s == study and country in expand_groups(("EU", "EEA"), day)]
    notes.add("eu_application", min(europe) if europe else None, "study_country")


def _note_phase(notes: _Notes, phase: str | None) -> None:
    if phase in ("P1", "P1/P2", "P2", "P2/P3", "P3"):
        notes.add("interventional", True, "study: a phase implies an intervention")
        notes.add("product", ["medicine"], "study: phases are counted for medicines")
        notes.add("risk", "more than minimal", "study: a phase implies more than minimal risk")
        notes.add("post_approval", False, "study: before approval by its phase")
    elif phase == "P4":
        notes.add("post_approval", True, "study")


def _note_systems(notes: _Notes, study: str, level: str | None, evidence: _Evidence) -> None:
    types = sorted({entry.split(":")[0] for entry in evidence.vendors[study]})
    if level:
        elements = (["dct"] if level != "none" else []) + [VISIT_ELEMENTS[m] for m in sorted(evidence.modes[study]) if m in VISIT_ELEMENTS]
        elements += [VENDOR_ELEMENTS[t] for t in types if t in VENDOR_ELEMENTS]
        notes.add("elements", list(dict.fromkeys(elements)), "study, visit, contract")
    if evidence.vendors[study]:
        notes.add("systems", [VENDOR_SYSTEMS[t] for t in types if t in VENDOR_SYSTEMS], "contract, vendor")
        places = {entry.split(":")[1] for entry in evidence.vendors[study]} & expand_groups(("CONCERN",), evidence.cut)
        notes.add("data_flow_to", sorted(places) or None, "vendor")


def _names(snapshot: Snapshot, sql: str) -> set[str]:
    return {name for (name,) in _rows(snapshot, sql)}


def _rows(snapshot: Snapshot, sql: str) -> list[tuple[Any, ...]]:
    table = snapshot.query(sql)
    return list(zip(*(column.to_pylist() for column in table.columns), strict=True))


def _pairs(snapshot: Snapshot, sql: str) -> list[tuple[str, Any]]:
    return [(row[0], row[1]) for row in _rows(snapshot, sql)]


def _lists(snapshot: Snapshot, sql: str) -> dict[str, set[str]]:
    grouped: dict[str, set[str]] = defaultdict(set)
    for key, value in _pairs(snapshot, sql):
        grouped[key].add(value)
    return grouped
