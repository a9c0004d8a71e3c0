"""What needs somebody is one list: the command, the page, the API and the papers name the same matters in the same order."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest
from starlette.testclient import TestClient
from typer.testing import CliRunner
from world import build_world

import quarterdeck
from quarterdeck.cli.main import app
from quarterdeck.evidence.snapshot import Snapshot
from quarterdeck.matters import gather_findings, gather_matters
from quarterdeck.papers.gather import gather_facts
from quarterdeck.record.database import Record, open_record
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("one_list")


@pytest.fixture(scope="module")
def snapshot(folder: Path) -> Snapshot:
    return build_world(folder)


@pytest.fixture(scope="module")
def settings(folder: Path) -> Settings:
    return Settings(home=folder / "home")


@pytest.fixture(scope="module")
def record(settings: Settings) -> Iterator[Record]:
    opened = open_record(settings)
    yield opened
    opened.close()


@pytest.fixture(scope="module")
def client(snapshot: Snapshot, settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings, work=False)) as opened:
        yield opened


def test_command_page_api_and_papers_name_the_same_matters(
    client: TestClient, snapshot: Snapshot, settings: Settings, record: Record
) -> None:
    expected = [matter.finding.id for matter in gather_matters(snapshot, record)]
    answer = CliRunner().invoke(app, ["needs-me", "--home", str(settings.home), "--json"], catch_exceptions=False)
    assert [row["finding"]["id"] for row in json.loads(answer.stdout)] == expected
    assert re.findall(r'name="finding" value="([^"]+)"', client.get("/risks").text) == expected
    assert [row["finding"] for row in client.get("/api/v1/matters").json()] == expected
    assert [matter.finding.id for matter in gather_facts(snapshot, settings, record).matters(7)] == expected


def test_the_findings_of_every_room_that_detects_are_gathered(snapshot: Snapshot) -> None:
    modules = [f"quarterdeck.{path.parent.name}.findings" for path in Path(quarterdeck.__path__[0]).glob("*/findings.py")]
    found = {finding.id for name in modules for finding in import_module(name).findings(snapshot)}
    assert found == {finding.id for finding in gather_findings(snapshot)}
