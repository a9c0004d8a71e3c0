"""The address of a row leads to it, whatever its key holds."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from starlette.testclient import TestClient

from builders import build_snapshot
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from quarterdeck.web.sources import row_href, split_key


@given(st.lists(st.text(min_size=0, max_size=12), min_size=1, max_size=5))
def test_any_key_comes_back_from_its_address(key: list[str]) -> None:
    from urllib.parse import parse_qs, urlsplit

    try:
        address = row_href("site", key)
    except UnicodeEncodeError:  # half of a pair of characters is no text
        return
    given = parse_qs(urlsplit(address).query, keep_blank_values=True)["key"][0]
    assert split_key(given, len(key)) == key


def test_a_row_whose_key_holds_signs_and_gaps_is_found(tmp_path: Path) -> None:
    metric = {"study_id": "A/1 & B#2", "country": "", "site_id": "", "metric": "total_enrolled", "period_end": "2026-05-31", "actual": 3}
    build_snapshot(tmp_path, {"study": [{"study_id": "A/1 & B#2"}], "enrollment_metric": [metric]}, data_cut=date(2026, 6, 30))
    with TestClient(create_app(Settings(home=tmp_path / "home"), work=False)) as client:
        answer = client.get(row_href("enrollment_metric", ["A/1 & B#2", "", "", "total_enrolled", "2026-05-31"]))
        assert answer.status_code == 200
        assert "enrollment_metric.csv" in answer.text
