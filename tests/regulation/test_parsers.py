"""Every recorded format yields documents; hostile payloads end in problems that can be shown, never in an exception."""

from __future__ import annotations

import gzip
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers import NAMES, get_parser, parse
from quarterdeck.regulation.parsers.common import Parsed, Payload, read_day, read_html
from quarterdeck.regulation.parsers.regulations_gov import eastern_day
from quarterdeck.regulation.sources import load_sources

ISSUE = """<?xml version="1.0"?><FEDREG><DATE>Monday, June 2, 2031</DATE><RULES><RULE><PREAMB><AGENCY TYPE="F">DEPARTMENT OF TRIALS</AGENCY>
<CFR>21 CFR Part 312</CFR><DEPDOC>[Docket No. FDA-2031-N-0001]</DEPDOC><RIN>RIN 0910-ZZ01</RIN><SUBJECT>Reports of investigators</SUBJECT><ACT><HD>ACTION:</HD><P>Final rule.</P></ACT>
<SUM><HD>SUMMARY:</HD><P>Reports in clinical investigations.</P></SUM><EFFDATE><HD>DATES:</HD><P>This rule is effective July 2, 2031.</P></EFFDATE></PREAMB>
<SUPLINF><P>The sponsor must report.</P></SUPLINF><FRDOC>[FR Doc. 2031-01234 Filed 5-30-31; 8:45 am]</FRDOC></RULE></RULES></FEDREG>"""


def read(name: str, content: Any) -> tuple[str, Parsed]:
    raw = content if isinstance(content, bytes) else (content if isinstance(content, str) else json.dumps(content)).encode()
    return parse(Payload(name, raw))


def one(name: str, content: Any, parser: str) -> Document:
    found, parsed = read(name, content)
    assert found == parser
    assert len(parsed.documents) == 1, parsed.problems
    return parsed.documents[0]


def test_a_federal_register_issue_gives_its_documents_with_dates() -> None:
    document = one("issue.xml", ISSUE, "federal_register_xml")
    assert (document.id, document.kind, document.published) == ("fr:2031-01234", "final_rule", date(2031, 6, 2))
    assert [(f.kind, f.date) for f in document.dates] == [("effective", date(2031, 7, 2))]
    assert document.rin == "0910-ZZ01"
    assert document.docket == ("FDA-2031-N-0001",)


def test_a_compressed_issue_is_opened() -> None:
    assert one("issue.xml.gz", gzip.compress(ISSUE.encode()), "federal_register_xml").id == "fr:2031-01234"


def test_the_api_answer_keeps_a_null_effective_date_null() -> None:
    row = {
        "document_number": "2031-1",
        "title": "T",
        "type": "Rule",
        "publication_date": "2031-06-02",
        "effective_on": None,
        "comments_close_on": "2031-07-01",
    }
    document = one("api.json", {"count": 1, "results": [row]}, "federal_register_api")
    assert [(f.kind, f.date, f.basis) for f in document.dates] == [("comment_close", date(2031, 7, 1), "field")]


def test_a_comment_end_in_utc_is_the_eastern_day_before() -> None:
    assert eastern_day("2031-01-17T04:59:59Z") == date(2031, 1, 16)
    assert eastern_day("2031-07-17T03:59:59Z") == date(2031, 7, 16)


def test_a_dashboard_code_inside_http_200_is_a_problem() -> None:
    _, parsed = read("dashboard.json", {"statuscode": 401, "message": "Authorization failed", "result": []})
    assert parsed.documents == []
    assert "401: refused" in parsed.problems[0].what


def test_the_dashboard_code_400_is_success_and_rows_are_counted_not_shown() -> None:
    rows = [
        {"InspectionEndDate": "2031-01-02", "ProjectArea": "Bioresearch Monitoring", "Classification": "NAI", "LegalName": "Dr Someone"}
    ] * 3
    _, parsed = read("dashboard.json", {"statuscode": 400, "resultcount": 3, "result": rows})
    assert [d.text for d in parsed.documents] == ["3 inspections."]
    assert "Someone" not in json.dumps([str(d) for d in parsed.documents])


def test_a_malformed_ema_export_is_read_record_by_record() -> None:
    text = '{"meta":{"total_records":3},"data":[{"id":"1","name":"One","document_url":"https://x/1"},{"id": broken},{"id":"3","name":"Three","document_url":"https://x/3"}'
    parser, parsed = read("ema.json", text)
    assert parser == "ema_documents"
    assert [d.title for d in parsed.documents] == ["One", "Three"]
    assert any("not valid JSON" in p.what for p in parsed.problems)


def test_an_ema_export_that_lacks_records_says_how_many() -> None:
    _, parsed = read("ema.json", {"meta": {"total_records": 5}, "data": [{"id": "1", "name": "One", "document_url": "https://x/1"}]})
    assert "states 5 records, 1 were read" in parsed.problems[0].what


def test_a_bare_list_of_ema_records_is_read() -> None:
    assert one("ema.json", [{"id": "1", "name": "One", "document_url": "https://x"}], "ema_documents").title == "One"


def test_a_placeholder_closing_date_is_no_date_but_a_problem() -> None:
    item = {
        "base_path": "/c",
        "schema_name": "consultation",
        "document_type": "open_consultation",
        "title": "C",
        "details": {"body": "<p>Words</p>", "closing_date": "2216-12-16T16:00:00+01:00"},
    }
    _, parsed = read("c.json", item)
    assert parsed.documents[0].dates == ()
    assert "placeholder" in parsed.problems[0].what


def test_markup_in_fields_becomes_plain_text() -> None:
    row = {
        "title": "&lt;a href=&quot;/guidance/x-y&quot;&gt;Good &lt;b&gt;practice&lt;/b&gt;&lt;/a&gt;",
        "field_issue_datetime": "12/31/2030",
        "field_final_guidance_1": "Final",
        "field_docket_number": "FDA-2030-D-0001",
    }
    document = one("catalogue.json", [row], "fda_guidance_catalogue")
    assert (document.title, document.id, document.kind, document.published) == (
        "Good practice",
        "fda-guidance:x-y",
        "guidance",
        date(2030, 12, 31),
    )


def test_a_script_in_a_page_is_left_out() -> None:
    title, text = read_html("<html><title>T</title><script>alert(1)</script><p>One</p><p>Two</p></html>")
    assert (title, text) == ("T", "One\n\nTwo")


def test_feeds_of_both_kinds_are_read() -> None:
    rss = "<rss><channel><title>Authority</title><item><title>News</title><link>https://a/1</link><pubDate>Mon, 02 Jun 2031 10:00:00 GMT</pubDate></item></channel></rss>"
    atom = '<feed xmlns="http://www.w3.org/2005/Atom"><title>A</title><entry><title>News</title><link href="https://a/2"/><updated>2031-06-02T10:00:00Z</updated></entry></feed>'
    assert one("a.xml", rss, "feed").published == date(2031, 6, 2)
    assert one("b.xml", atom, "feed").url == "https://a/2"


def test_a_section_of_the_ecfr_is_read_from_the_feed_and_in_full() -> None:
    versions = {
        "content_versions": [
            {
                "identifier": "312.32",
                "title": "21",
                "part": "312",
                "name": "§ 312.32 Reports.",
                "issue_date": "2031-01-01",
                "substantive": True,
                "removed": False,
            }
        ]
    }
    assert one("v.json", versions, "ecfr").status == "substantive"
    full = '<DIV5 N="312" TYPE="PART"><DIV8 N="§ 312.32" TYPE="SECTION"><HEAD>§ 312.32 Reports.</HEAD><P>(a) Duty.</P></DIV8></DIV5>'
    assert one("f.xml", full, "ecfr").native_id == "312.32"


def test_a_trial_of_ctis_is_known_by_its_number_of_state() -> None:
    assert (
        one(
            "ctis.json",
            {
                "pagination": {},
                "data": [{"ctNumber": "2031-500001-11-00", "ctTitle": "T", "ctPublicStatusCode": 8, "ctStatus": "recruiting"}],
            },
            "ctis",
        ).status
        == "ended"
    )


def test_an_act_of_the_union_is_read() -> None:
    page = '<html><head><title>Regulation (EU) No 999/2031</title></head><body><p class="oj-doc-ti">REGULATION</p><p>It shall apply from 31 January 2033.</p></body></html>'
    document = one("32031R0999.html", page, "cellar")
    assert document.celex == "32031R0999"
    assert [(f.kind, f.date) for f in document.dates] == [("effective", date(2033, 1, 31))]


def test_law_in_clml_keeps_the_numbers_of_its_provisions() -> None:
    text = '<Legislation DocumentURI="http://www.legislation.gov.uk/uksi/2031/1"><P1 id="regulation-2"><Pnumber>2</Pnumber><P1para><Text>They come into force on 1st May 2031.</Text></P1para></P1></Legislation>'
    document = one("l.xml", text, "legislation")
    assert "[2] They come into force" in document.text
    assert document.dates[0].date == date(2031, 5, 1)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.txt", b""), ("zeros.bin", b"\x00" * 5000), ("zip.docx", b"PK\x03\x04" + b"x" * 100), ("half.json", b'{"results": [{"document_number": "1"'), ("half.xml", b"<FEDREG><RULE>"),
        ("bomb.xml", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b "bbbbbbbbbb"><!ENTITY c "&b;&b;&b;&b;">]><rss><channel>&c;</channel></rss>'),
        ("outside.xml", b'<?xml version="1.0"?><!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><rss><channel><item><title>&x;</title></item></channel></rss>'),
        ("deep.json", b"[" * 50_000), ("broken.pdf", b"%PDF-1.7 nothing here"), ("null.json", b'{"results": [null, 3, {"document_number": "1", "title": null}]}'),
        ("latin.txt", b"Rules of practice \xe9\xe8 come into force on 1 May 2031."), ("feed.xml", b"<rss><channel></channel></rss>"), ("truncated.gz", gzip.compress(b"x" * 1000, mtime=0)[:20]),
    ],
)  # fmt: skip
def test_a_hostile_payload_ends_in_a_problem_or_a_document_never_in_an_exception(name: str, content: bytes) -> None:
    _, parsed = parse(Payload(name, content))
    assert parsed.problems or parsed.documents


def test_a_huge_field_is_cut() -> None:
    document = one("page.html", "<html><body><p>" + "word " * 300_000 + "</p></body></html>", "page")
    assert len(document.text) <= 400_000


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2031-06-02T10:00:00Z", date(2031, 6, 2)),
        ("17/09/2031", date(2031, 9, 17)),
        ("2031-03", date(2031, 3, 1)),
        ("2216-12-16", None),
        ("N/A", None),
        ("", None),
        ("99/99/2031", None),
    ],
)
def test_a_day_is_read_or_left_out(text: str, day: date | None) -> None:
    assert read_day(text) == day


def test_every_source_names_a_parser_that_exists_and_says_its_attribution() -> None:
    for source in load_sources().values():
        assert get_parser(source.parser)
        assert source.attribution
    assert {source.parser for source in load_sources().values()} == set(NAMES) - {"federal_register_xml"}


def test_every_recorded_sample_yields_documents(shared_data: Path) -> None:
    for path in sorted((shared_data / "regulatory/samples").rglob("*")):
        if path.is_file() and path.name != "PROVENANCE.json":
            parser, parsed = parse(Payload(path.name, path.read_bytes()))
            assert parsed.documents, (path.name, parser, parsed.problems)
            assert all(document.id and document.title for document in parsed.documents), path.name
