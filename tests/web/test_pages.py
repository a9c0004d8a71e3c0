"""Every page: there, well formed, cited, light, within the content policy, and readable as text."""

from __future__ import annotations

import csv
import gzip
import io
import itertools
import re
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import openpyxl
import pytest
from starlette.testclient import TestClient

from quarterdeck.connectors.load import load_paths
from quarterdeck.evidence.store import Store
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from tests_web import Page, form_token, uncited  # type: ignore[import-not-found]


def test_every_page_answers_with_one_heading_and_headings_in_order(demo_client: TestClient, demo_paths: list[str]) -> None:
    assert len(demo_paths) > 80
    for path in demo_paths:
        answer = demo_client.get(path)
        assert answer.status_code == 200, path
        levels = Page(answer.text).headings
        assert levels.count(1) == 1, path
        assert all(b <= a + 1 for a, b in itertools.pairwise(levels)), (path, levels)


def test_every_number_in_prose_occurs_among_the_values_its_page_cites(demo_client: TestClient, demo_paths: list[str]) -> None:
    wrong = {}
    for path in demo_paths:
        html = demo_client.get(path).text
        cited = demo_client.get(path + ("&" if "?" in path else "?") + "as=values").json()["values"]
        if found := uncited(html, cited):
            wrong[path] = found
    assert not wrong


def test_the_walk_notices_a_number_that_nobody_cites() -> None:
    assert uncited("<main><p>37 of 1,200 sites</p></main>", ["37 sites"]) == {"1200"}


def test_no_page_breaks_the_content_policy(demo_client: TestClient, demo_paths: list[str]) -> None:
    for path in demo_paths:
        page = Page(demo_client.get(path).text)
        assert not page.inline, path
        assert not [source for source in page.sources if re.match(r"(https?:)?//", source)], path


def test_identifiers_are_unique_on_every_page(demo_client: TestClient, demo_paths: list[str]) -> None:
    for path in demo_paths:
        ids = Page(demo_client.get(path).text).ids
        assert len(ids) == len(set(ids)), (path, sorted(i for i in ids if ids.count(i) > 1))


def weigh(content: bytes) -> int:
    """Bytes on the wire, as the server packs them."""
    return len(gzip.compress(content, 6))


def test_every_page_weighs_less_than_250_kilobytes_with_all_it_loads(demo_client: TestClient, demo_paths: list[str]) -> None:
    parts = ("quarterdeck.css", "quarterdeck.js", "vendor/htmx.min.js", "fonts/inter-latin-wght-normal.woff2")
    common = sum(weigh(demo_client.get(f"/static/{name}").content) for name in parts)
    weights = {}
    for path in demo_paths:
        answer = demo_client.get(path)
        assert answer.headers["content-encoding"] == "gzip", path
        pictures = [demo_client.get(unescape(address)).content for address in re.findall(r'hx-get="([^"]+)"', answer.text)]
        weights[path] = common + weigh(answer.content) + sum(map(weigh, pictures))
    heaviest = max(weights, key=weights.__getitem__)
    assert weights[heaviest] < 250_000, heaviest


def test_figures_that_are_no_readings_lead_to_source_rows_within_four_clicks(demo_client: TestClient) -> None:
    """Amounts of findings, enrolment of trials and sites, forecasts: breadth first from the page that shows them to a line of a file."""
    for start in ("/", "/trials", "/trials/QD-001", "/countries/GB", "/attention"):
        assert clicks_to_source(demo_client, start) <= 4, start


def clicks_to_source(client: TestClient, start: str, most: int = 4, each: int = 6) -> int:
    """Clicks from a page's figures (not its navigation) to a page that names file and line; more than `most` where there is no such way."""
    level, seen = [start], {start}
    for clicks in range(1, most + 1):
        following: list[str] = []
        for path in level:
            main = re.sub(r"<nav.*?</nav>", "", client.get(path).text.split("<main")[1].split("</main>")[0], flags=re.DOTALL)
            links = [unescape(link) for link in re.findall(r'href="(/[^"#]+)"', main)]
            fresh = [link for link in dict.fromkeys(links) if link not in seen and not re.search(r"as=|sort=", link)]
            seen.update(fresh)
            if any("/evidence/rows/" in link and re.search(r"Line [\d,]+ of .+", client.get(link).text) for link in fresh):
                return clicks
            following += fresh[:each]
        level = following[: 4 * each]
    return most + 1


def test_a_number_leads_from_the_bridge_to_its_source_row_in_three_clicks(demo_client: TestClient) -> None:
    number = next(link for link in Page(demo_client.get("/").text).links if link.startswith("/number"))
    row = next(link for link in Page(demo_client.get(number).text).links if link.startswith("/evidence/rows"))
    assert re.search(r"Line \d+ of .+\.csv", demo_client.get(row).text)


def test_the_rows_to_correct_are_a_file_that_loads_again(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    (folder / "study.csv").write_text("study_id,phase\nA1,P3\n", encoding="utf-8")
    (folder / "site.csv").write_text("study_id,site_id,country\nA1,01,GB\nA1,02,Narnia\n", encoding="utf-8")
    settings = Settings(home=tmp_path / "home")
    store = Store(settings.evidence_dir)
    load_paths(store, [folder], datetime(2026, 6, 30, tzinfo=UTC))
    with TestClient(create_app(settings, work=False)) as client:
        page = client.get("/evidence/quarantine").text
        assert "Not one of the allowed codes" in page
        answer = client.get(next(link for link in Page(page).links if "/evidence/quarantine/files/" in link))
    (tmp_path / "site.csv").write_text(answer.text.replace("Narnia", "DE", 1), encoding="utf-8")
    result = load_paths(store, [tmp_path / "site.csv"], datetime(2026, 7, 1, tzinfo=UTC))
    assert (result.loaded, result.quarantined) == (1, 0)


def test_a_source_that_is_silent_is_out_of_date_on_the_bridge_and_on_its_page(demo_client: TestClient, demo_home: Path) -> None:
    from quarterdeck.web.matters import findings_of

    silent = {str(f.facts["source"]) for f in findings_of(Store(Settings(home=demo_home).evidence_dir).open()) if f.id.startswith("feed/")}
    assert silent
    evidence = demo_client.get("/evidence").text
    assert f"Out of date: {', '.join(sorted(silent))}" in evidence
    assert "out of date</a>" in demo_client.get("/").text


def test_the_bridge_begins_with_the_matters_that_the_page_of_matters_begins_with(demo_client: TestClient) -> None:
    section = demo_client.get("/").text.split('id="attention"')[1].split("</section>")[0]
    matters = [unescape(headline) for headline in re.findall(r'<a href="/finding[^"]*">([^<]*)</a>', section)]
    places = [unescape(demo_client.get("/risks").text).find(headline) for headline in matters]
    assert matters
    assert -1 not in places
    assert places == sorted(places)


def test_every_table_is_exported_as_csv_and_xlsx_with_the_same_rows(demo_client: TestClient) -> None:
    as_csv = demo_client.get("/trials?table=trials&as=csv")
    rows = list(csv.reader(io.StringIO(as_csv.content.decode("utf-8-sig"))))
    book = openpyxl.load_workbook(io.BytesIO(demo_client.get("/trials?table=trials&as=xlsx").content))
    assert len(rows) == 13
    assert [cell.value for cell in book["Table"][1]] == rows[0]
    assert book["Table"].max_row == len(rows)
    assert any("Snapshot" in str(row[0].value) for row in book["About"].iter_rows())


@pytest.mark.parametrize(("kind", "start"), [("svg", b"<svg"), ("png", b"\x89PNG"), ("json", b"{"), ("csv", b"\xef\xbb\xbf")])
def test_every_chart_has_its_picture_data_and_specification(demo_client: TestClient, kind: str, start: bytes) -> None:
    assert demo_client.get(f"/trials/QD-001?chart=enrolment&as={kind}").content.startswith(start)


def test_an_unknown_table_chart_or_kind_is_refused_by_name(demo_client: TestClient) -> None:
    assert demo_client.get("/trials?table=none&as=csv").status_code == 404
    assert "svg, png" in demo_client.get("/trials/QD-001?chart=enrolment&as=gif").text
    assert demo_client.get("/trials?sort=trials:months").status_code == 400


def test_tables_sort_both_ways_with_missing_values_last(demo_client: TestClient) -> None:
    def order(by: str) -> list[str]:
        rows = list(csv.reader(io.StringIO(demo_client.get(f"/trials?table=trials&as=csv&sort=trials:{by}").content.decode("utf-8-sig"))))
        return [row[1] for row in rows[1:]]

    assert order("enrolled") == sorted(order("enrolled"), key=float)
    assert order("-enrolled") == sorted(order("enrolled"), key=float, reverse=True)


def test_filters_leave_the_trials_that_fit(demo_client: TestClient) -> None:
    page = demo_client.get("/trials?phase=Phase 3").text
    assert "Phase 3" in page
    assert not re.search(r"Phase 2,", page)


def test_a_view_is_saved_and_forgotten(tmp_path: Path, demo_client: TestClient) -> None:
    token = form_token(demo_client)
    demo_client.post("/trials/views", data={"name": "Third phase", "query": "phase=Phase+3", "form_token": token})
    page = demo_client.get("/trials").text
    assert "Third phase" in page
    forget = re.search(r"/trials/views/\d+/forget", page)
    assert forget
    demo_client.post(forget.group(0), data={"form_token": token})
    assert "Third phase" not in demo_client.get("/trials").text


def test_any_page_is_there_as_plain_text(demo_client: TestClient) -> None:
    text = demo_client.get("/trials/QD-001?as=text").text
    assert "Trial: " not in text
    assert re.search(r"Milestone: First participant in\. Planned: \d+ \w+ \d{4}\.", text)
    assert "Picture: " in text


def test_an_earlier_snapshot_is_shown_everywhere_once_chosen(demo_client: TestClient, demo_home: Path) -> None:
    first, last = Store(Settings(home=demo_home).evidence_dir).snapshots()
    assert first.short_id in demo_client.get(f"/trials?as_of={first.id}").text
    demo_client.get(f"/as-of/{first.id}")
    try:
        page = demo_client.get("/evidence").text
        assert first.short_id in page
        assert "This is an earlier choice of facts" in page
    finally:
        demo_client.get("/as-of?clear=1")
    assert last.short_id in demo_client.get("/evidence").text


def test_search_finds_trials_sites_vendors_measures_and_pages(demo_client: TestClient) -> None:
    assert "/trials/QD-003" in demo_client.get("/search?q=qd-003").text
    assert "/measures/screen_failure" in demo_client.get("/search?q=screen fail").text
    assert "/evidence/quarantine" in demo_client.get("/search?q=quarantine").text
    assert "0 results" in demo_client.get("/search?q=zzzzzz").text


def test_an_installation_without_facts_says_what_to_do(tmp_path: Path) -> None:
    with TestClient(create_app(Settings(home=tmp_path), work=False)) as client:
        for path in ("/", "/trials", "/measures", "/evidence"):
            page = client.get(path).text
            assert "No facts have been loaded yet" in page
            assert "/evidence/upload" in page
        assert client.get("/evidence/contracts").status_code == 200


def test_a_page_that_does_not_exist_says_so(demo_client: TestClient) -> None:
    answer = demo_client.get("/trials/NOPE")
    assert answer.status_code == 404
    assert "There is no such trial" in answer.text
    assert demo_client.get("/nothing").status_code == 404


def test_quiet_mode_shows_one_part_at_a_time(demo_home: Path) -> None:
    with TestClient(create_app(Settings(home=demo_home), work=False)) as client:
        token = form_token(client)
        client.post("/preferences", data={"quiet": "on", "form_token": token})
        try:
            page = client.get("/trials/QD-001").text
            assert page.count("<section") == 1
            assert "Part 1 of" in page
            assert client.get("/trials/QD-001?section=2").text.count("<section") == 1
        finally:
            client.post("/preferences", data={"forget": "1", "form_token": token})


def test_preferences_are_behaviours_and_stay_with_the_person(demo_home: Path) -> None:
    with TestClient(create_app(Settings(home=demo_home), work=False)) as client:
        token = form_token(client)
        client.post("/preferences", data={"theme": "calm", "reading": "spaced", "chunks": "short", "view": "full", "form_token": token})
        try:
            page = client.get("/evidence/contracts").text
            assert 'data-theme="calm"' in page
            assert 'data-reading="spaced"' in page
            assert "Rows 1 to 50" not in client.get("/evidence/quarantine").text
            assert client.post("/preferences", data={"theme": "neon", "form_token": token}).status_code == 400
            assert "calm" not in client.get("/decisions?table=audit&as=csv").text
        finally:
            client.post("/preferences", data={"forget": "1", "form_token": token})
        assert "data-theme" not in client.get("/evidence").text.split(">")[1]


def test_a_finding_is_seen_decided_and_found_in_the_record(demo_home: Path) -> None:
    with TestClient(create_app(Settings(home=demo_home), work=False)) as client:
        link = next(link for link in Page(client.get("/attention").text).links if link.startswith("/finding"))
        page = client.get(link).text
        identifier = re.search(r'name="id" value="([^"]+)"', page)
        assert identifier
        token = form_token(client, link)
        client.post(
            "/finding/decide",
            data={
                "id": unescape(identifier.group(1)),
                "outcome": "Open 6 more sites",
                "reason": "The pace is too low",
                "form_token": token,
            },
        )
        client.post("/finding/seen", data={"id": unescape(identifier.group(1)), "remark": "noted", "form_token": token})
        page = client.get(link).text
        assert "Open 6 more sites" in page
        assert "noted" in page
        decisions = client.get("/decisions").text
        assert "The pace is too low" in decisions
        assert "of the chain hold" in decisions


def test_a_published_figure_says_when_for_whom_and_by_whom(demo_client: TestClient) -> None:
    from quarterdeck.measures.benchmarks import load_benchmarks
    from quarterdeck.measures.catalogue import get_definition

    table = demo_client.get("/measures/enrolment_against_plan").text.split('id="table-benchmarks"')[1].split("</table>")[0]
    for name in get_definition("enrolment_against_plan").benchmarks:
        entry = load_benchmarks()[name]
        for part in (entry.name, entry.period, entry.publisher, entry.status):
            assert part in unescape(table)
    assert "not stated" not in table
