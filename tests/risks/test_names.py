"""People and places are named in words where a finding names them."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from builders import build_snapshot
from quarterdeck.evidence.codes import load_country_names
from quarterdeck.risks.cells import Cell
from quarterdeck.risks.detectors.sites import ENROLMENT, _describe_stars
from quarterdeck.risks.portfolio import read_leaders

CUT = date(2026, 6, 30)


def lead(person: str, role: str) -> dict[str, object]:
    return {"person_id": person, "study_id": "T1", "role": role, "period": date(2026, 5, 31), "fte_planned": 0.5}


def test_an_owner_is_named_by_role_and_pseudonym(tmp_path: Path) -> None:
    tables = {
        "study": [{"study_id": "T1"}],
        "staff": [{"person_id": "P012", "role": "com"}, {"person_id": "P023", "role": "cpm"}],
        "allocation": [lead("P012", "com"), lead("P023", "cpm")],
    }
    assert read_leaders(build_snapshot(tmp_path, tables, data_cut=CUT)) == {"T1": "clinical project manager P023"}


def test_a_country_that_recruits_well_is_named_and_not_coded(tmp_path: Path) -> None:
    snapshot = build_snapshot(tmp_path, {"study": [{"study_id": "T1"}]}, data_cut=CUT)
    cell = Cell(study="T1", group="PL", indicator=ENROLMENT, numerator=20.0, denominator=10.0, expected=10.0, ratio=2.0, score=3.0)
    found = _describe_stars(snapshot, "T1", [cell])
    assert found.headline.startswith("Poland in T1 enrols 2.0 times")


def test_every_country_has_a_name() -> None:
    assert all(len(name) > 2 for name in load_country_names().values())
