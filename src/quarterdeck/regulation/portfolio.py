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


def _derive(snapshot: Snapshot) -> dict[str, tuple[dict[str, Any], dict[str, str]]]:
    found: dict[str, tuple[dict[str, Any], dict[str, str]]] = {}
    countries = _lists(
        snapshot, "SELECT study_id, country FROM study_country UNION SELECT study_id, country FROM site WHERE country IS NOT NULL"
    )
    us_sites = dict(_pairs(snapshot, "SELECT study_id, count(*) FROM site WHERE country = 'US' GROUP BY study_id"))
    submissions = {
        (s, c): d
        for s, c, d in _rows(snapshot, "SELECT study_id, country, reg_submission_dt FROM study_country WHERE reg_submission_dt IS NOT NULL")
    }
    vendors = _lists(
        snapshot,
        "SELECT DISTINCT c.study_id, coalesce(v.vendor_type, 'other') || ':' || coalesce(v.country, '') FROM contract c JOIN vendor v USING (vendor_id) WHERE c.study_id IS NOT NULL",
    )
    modes = _lists(snapshot, "SELECT DISTINCT study_id, visit_mode FROM visit WHERE visit_mode IS NOT NULL")
    women = {
        s
        for (s,) in _rows(
            snapshot, "SELECT DISTINCT study_id FROM subject WHERE sex = 'F' AND regexp_matches(age_band, '^(1[89]|2[0-9]|3[0-9]|4[0-9])')"
        )
    }
    committees = {
        s
        for (s,) in _rows(
            snapshot,
            "SELECT DISTINCT study_id FROM tmf_document WHERE regexp_matches(lower(artifact_name), 'data (and safety )?monitoring|\\bdmc\\b|\\bdsmb\\b')",
        )
    }
    for study, phase, status, level, first_visit, planned_visit in _rows(
        snapshot, "SELECT study_id, phase, status, dct_level, act_fpfv, est_fpfv FROM study ORDER BY study_id"
    ):
        known: dict[str, Any] = {}
        sources: dict[str, str] = {}

        def note(name: str, value: Any, source: str, known: dict[str, Any] = known, sources: dict[str, str] = sources) -> None:
            if value is not None and value != "":
                known[name], sources[name] = value, source

        note("phase", phase, "study")
        note("status", status, "study")
        if countries[study]:
            note("countries", sorted(countries[study]), "study_country, site")
            note("multisite", us_sites.get(study, 0) > 1, "site")
        if phase in ("P1", "P1/P2", "P2", "P2/P3", "P3"):
            note("interventional", True, "study: a phase implies an intervention")
            note("product", ["medicine"], "study: phases are counted for medicines")
            note("risk", "more than minimal", "study: a phase implies more than minimal risk")
            note("post_approval", False, "study: before approval by its phase")
        elif phase == "P4":
            note("post_approval", True, "study")
        if level:
            elements = (["dct"] if level != "none" else []) + [VISIT_ELEMENTS[m] for m in sorted(modes[study]) if m in VISIT_ELEMENTS]
            types = {entry.split(":")[0] for entry in vendors[study]}
            elements += [VENDOR_ELEMENTS[t] for t in sorted(types) if t in VENDOR_ELEMENTS]
            note("elements", list(dict.fromkeys(elements)), "study, visit, contract")
        if vendors[study]:
            note(
                "systems",
                [VENDOR_SYSTEMS[t] for t in sorted({e.split(":")[0] for e in vendors[study]}) if t in VENDOR_SYSTEMS],
                "contract, vendor",
            )
            places = {entry.split(":")[1] for entry in vendors[study]} & expand_groups(("CONCERN",), snapshot.data_cut)
            if places:
                note("data_flow_to", sorted(places), "vendor")
        note("enrol_start", first_visit or planned_visit, "study")
        note("uk_application", submissions.get((study, "GB")), "study_country")
        europe = [day for (s, c), day in submissions.items() if s == study and c in expand_groups(("EU", "EEA"), day)]
        note("eu_application", min(europe) if europe else None, "study_country")
        if study in committees:
            note("has_dmc", True, "tmf_document")
        if study in women:
            note("population", ["women_childbearing"], "subject")
        found[study] = (known, sources)
    return found


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
