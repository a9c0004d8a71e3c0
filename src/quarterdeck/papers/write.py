"""Writes one paper from the command line or a page: draft, files, check, score and hard questions in one answer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from quarterdeck.papers.actions import register_draft
from quarterdeck.papers.check import CheckResult
from quarterdeck.papers.claims import Line
from quarterdeck.papers.desk import Desk, choose_subject, open_desk, read_scope
from quarterdeck.papers.keypoints import LENGTHS, draft_points, read_points
from quarterdeck.papers.model import Paper
from quarterdeck.papers.plain_language import score_paper
from quarterdeck.papers.questions import rehearse
from quarterdeck.papers.readers.read import read_bytes
from quarterdeck.papers.template import FORMATS, get_template
from quarterdeck.record.permissions import SINGLE_USER
from quarterdeck.vocabulary.errors import BadInput, FindingsRemain, NotFound
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings


def write_one(
    settings: Settings,
    template_id: str,
    out: Path,
    about: str | None = None,
    points_file: Path | None = None,
    length: str = "2min",
    formats: Sequence[str] | None = None,
    pptx_template: Path | None = None,
    variant: str = "standard",
    as_of: str | None = None,
    advance: Callable[[str], None] = lambda note: None,
    now: datetime | None = None,
    basis: str = "",
) -> dict[str, Any]:
    """Draft and write a paper. The files are handed over also where the check finds something, and then it raises FindingsRemain."""
    from quarterdeck.record.database import open_record

    template = get_template(template_id)
    chosen = tuple(formats or template.formats)
    if unknown := set(chosen) - set(FORMATS):
        raise BadInput("This format is not written", thing=", ".join(sorted(unknown)), allowed=FORMATS)
    if length not in LENGTHS:
        raise BadInput("There is no such length", thing=length, allowed=LENGTHS)
    record = open_record(settings)
    try:
        desk = open_desk(settings, as_of, record, now)
        scope = _subject(desk, template.about, about)
        points, notes = _points(desk, points_file, length, scope)
        advance("Drafting")
        paper = desk.draft(template_id, scope, points, variant, basis=basis)
        advance("Writing")
        rendered = desk.render(paper, chosen, pptx_template, points=points)
        register_draft(record, SINGLE_USER, paper, desk, rendered.content_hash, str(scope), [line.text for line in points])
        advance("Checking")
        return _hand_over(desk, paper, rendered.files, out, scope, notes)
    finally:
        record.close()


def _subject(desk: Desk, level: str, about: str | None) -> Scope:
    scope = read_scope(about)
    if level != "portfolio" and scope.level == "portfolio":
        return choose_subject(desk.facts(), level)
    if scope.level not in ("portfolio", level):
        raise BadInput("This paper is about something else", thing=str(scope), allowed=f"{level}:ID")
    if scope.level != "portfolio":
        known = {fact.scope.key for fact in desk.facts().providers["scope"].facts() if fact.scope.level == scope.level}
        if known and scope.key not in known:
            raise NotFound(
                f"No such {'trial' if scope.level == 'study' else scope.level} in this snapshot",
                thing=scope.key,
                allowed=sorted(known)[:12],
            )
    return scope


def _points(desk: Desk, path: Path | None, length: str, about: Scope) -> tuple[tuple[Line, ...], list[str]]:
    if path is None:
        return (), []
    if not path.is_file():
        raise NotFound("No such file of key points", thing=str(path))
    draft = draft_points(read_points(path.read_text(encoding="utf-8")), desk.facts(), length)
    return draft.lines, list(draft.notes)


def _hand_over(desk: Desk, paper: Paper, files: Any, out: Path, about: Scope, notes: list[str]) -> dict[str, Any]:
    out.mkdir(parents=True, exist_ok=True)
    results: list[CheckResult] = []
    written = []
    for file_format, content in files.items():
        path = out / f"{paper.id}.{file_format}"
        path.write_bytes(content)
        written.append(path)
        results.append(desk.check(read_bytes(content, path.name), path.name))
    previous = desk.store.previous(paper.template, str(about), desk.snapshot.id)
    questions = rehearse(paper, desk.facts(), previous)
    plain = score_paper(paper)
    errors = [finding for result in results for finding in result.errors]
    if errors:
        first = errors[0]
        raise FindingsRemain(
            "Written as a draft, but the check found something", thing=f"{written[0].parent}, {first.place}: {first.kind}, {first.found!r} and {len(errors) - 1} more",
            next_step=f"{first.message}. Correct it, or bind it to a fact; see: quarterdeck verify-paper {written[0]}",
        )  # fmt: skip
    return {
        "paper": paper.id, "template": paper.template, "title": paper.title.text, "files": written, "missing": [f"{gap.what}: {gap.why}" for gap in paper.missing], "notes": notes,
        "plain_language": {"score": plain.score, "words": plain.words, "words_a_sentence": plain.words_a_sentence, "long_sentences": plain.long_sentences},
        "questions": [{"question": q.question.text, "answer": q.answer.text, "kind": q.kind, "fact": q.fact} for q in questions],
    }  # fmt: skip
