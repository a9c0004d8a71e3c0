"""Which source is out of date is said once, and alike by the command and by the page."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from starlette.testclient import TestClient
from typer.testing import CliRunner

from quarterdeck.cli.main import app


def test_the_command_and_the_page_call_the_same_sources_out_of_date(demo_client: TestClient, demo_home: Path) -> None:
    answer = CliRunner().invoke(app, ["feeds", "--home", str(demo_home), "--json"])
    said = {entry["source"]: entry["state"] for entry in json.loads(answer.stdout)}
    page = html.unescape(demo_client.get("/evidence?as=text").text)
    shown = dict(re.findall(r"^Source: (\w+), .*Freshness: (?:Concern )?(Out of date|as expected)\.", page, re.MULTILINE))
    assert said == {name: state.lower() for name, state in shown.items()}
    assert "out of date" in said.values()
    assert all({"newest_fact", "last_arrival"} <= set(entry) for entry in json.loads(answer.stdout))
