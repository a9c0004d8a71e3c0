"""The AI register for the command line and pages: read, enter, export."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from quarterdeck.data_files import read_yaml
from quarterdeck.papers.ai_register import System, enter_system, read_systems
from quarterdeck.papers.board import refuse_findings
from quarterdeck.papers.claims import Line, plain, quoted, shown
from quarterdeck.papers.desk import open_desk
from quarterdeck.papers.model import Paper, Paragraph, Section, Table
from quarterdeck.papers.readers.read import read_bytes
from quarterdeck.papers.render import render_paper
from quarterdeck.record.database import open_record
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.vocabulary.errors import BadInput, NotFound, QuarterdeckError
from quarterdeck.vocabulary.settings import Settings

_ROWS = (
    ("purpose", "Purpose"), ("owner", "Owner"), ("version", "Version"), ("risk_class", "Risk class"), ("data", "Training or calibration data"), ("validation", "Validation result"),
    ("limits", "Known limits"), ("oversight", "Human oversight"), ("bias", "Bias checks"), ("origin", "Origin"),
)  # fmt: skip


def read_register(settings: Settings, as_of: str | None = None) -> list[dict[str, Any]]:
    """Every system as plain values, bias checks included. Works without evidence: then no ledger result is claimed."""
    from quarterdeck.evidence.store import Store

    record = open_record(settings)
    try:
        try:
            snapshot = Store(settings.evidence_dir, settings.choices).open(as_of)
        except QuarterdeckError:
            if as_of:
                raise
            snapshot = None
        return [_as_json(system) for system in read_systems(snapshot, settings, record)]
    finally:
        record.close()


def add_system(settings: Settings, path: Path) -> str:
    """Enter a system from a YAML file. Gives its name."""
    if not path.is_file():
        raise NotFound("No such file", thing=str(path))
    try:
        content = read_yaml(path)
    except yaml.YAMLError as error:
        raise BadInput("The file is not valid YAML", thing=f"{path}: {error}") from error
    if not isinstance(content, dict):
        raise BadInput("The file must describe one system by keys", thing=str(path))
    record = open_record(settings)
    try:
        return enter_system(record, SINGLE_USER, content, datetime.now(UTC))
    finally:
        record.close()


def export_register(settings: Settings, out: Path, as_of: str | None = None, now: datetime | None = None) -> Path:
    """The register as the section an inspection dossier asks for, in the format of the file's name."""
    file_format = out.suffix.lstrip(".").lower()
    if file_format == "json":
        out.write_text(json.dumps(read_register(settings, as_of), ensure_ascii=False, indent=2, default=str), encoding="utf-8")
        return out
    if file_format not in ("docx", "pdf", "html", "xlsx", "pptx"):
        raise BadInput("The register is not written in this format", thing=out.name, allowed=".docx, .pdf, .html, .xlsx, .pptx, .json")
    record = open_record(settings)
    try:
        desk = open_desk(settings, as_of, record, now)
        facts = desk.facts()
        paper = _paper(facts)
        rendered = render_paper(paper, facts, desk.now, (file_format,))
        desk.store.keep(paper.id, {**rendered.base, "about": "portfolio"}, rendered.files, rendered.manifests)
        content = rendered.files[file_format]
        refuse_findings(desk.check(read_bytes(content, out.name), out.name))
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(content)
        return out
    finally:
        record.close()


def _paper(facts: Any) -> Paper:
    from quarterdeck.papers.claims import Slot, claim

    systems = list(facts.providers["system"].facts())
    sections = tuple(_section(facts, fact.id) for fact in systems)
    answer = claim(
        facts,
        "Each system below is owned, overseen by a person and reviewed; results come from the ledgers of snapshot {snapshot}.",
        "front/answer",
        snapshot="context:snapshot",
    )
    subtitle = claim(
        facts, "{organisation}. Data as of {day}.", "", organisation="context:organisation", day=Slot("context:data_cut", "day")
    )
    question = "Which systems that learn from data or generate text are in use, and how are they overseen?"
    paper_id = f"ai-register-{facts.state.data_cut:%Y%m%d}-{facts.state.id[:8]}"
    return Paper(
        paper_id,
        "inspection-dossier",
        plain("Systems that learn from data or generate text"),
        subtitle,
        question,
        "An inspector",
        (answer,),
        sections,
        snapshot=facts.state.id,
        footer=subtitle,
    )


def _section(facts: Any, fact_id: str) -> Section:
    fact = facts.fact(fact_id)
    rows = tuple((Line(words), quoted(f"{fact_id}#{name}", str(fact.parts[name][0]))) for name, words in _ROWS if name in fact.parts)
    review = (
        Paragraph(Line("Next review: ") + shown(facts, f"{fact_id}#review_date", "day"))
        if "review_date" in fact.parts
        else Paragraph(Line("Next review: not set."))
    )
    return Section(
        fact_id.partition(":")[2],
        shown(facts, fact_id, "name"),
        (Table(plain(""), ("What the register asks", "Answer"), rows, frozenset(), (1, 3)), review),
    )


def _as_json(system: System) -> dict[str, Any]:
    return {
        "id": system.id, "name": system.name, "purpose": system.purpose, "owner": system.owner, "version": system.version, "data": system.data, "validation": system.validation, "limits": system.limits,
        "risk_class": system.risk_class, "oversight": system.oversight, "review_date": system.review_date.isoformat() if system.review_date else None, "origin": system.origin, "bias_text": system.bias_text,
        "bias_checks": [{"attribute": b.attribute, "groups": [{"group": g, "flagged": f, "all": n} for g, f, n in b.groups], "p": b.p, "sentence": b.sentence} for b in system.bias],
    }  # fmt: skip
