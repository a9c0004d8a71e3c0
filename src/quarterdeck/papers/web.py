"""What pages ask of papers: write a draft from a form, write it again after a review, rehearse its questions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from quarterdeck.papers.actions import check_files, register_draft
from quarterdeck.papers.claims import Line
from quarterdeck.papers.desk import Desk, choose_subject, open_desk, read_scope
from quarterdeck.papers.keypoints import LENGTHS, Point, draft_points, read_points
from quarterdeck.papers.phrasing import phrase_paper
from quarterdeck.papers.questions import HardQuestion, rehearse
from quarterdeck.papers.template import get_template
from quarterdeck.record.database import Record
from quarterdeck.record.permissions import SINGLE_USER, Actor
from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.reading import Scope
from quarterdeck.vocabulary.settings import Settings


def write_draft(
    settings: Settings, record: Record, arguments: Mapping[str, Any], now: datetime, advance: Callable[[str], None]
) -> tuple[str, int]:
    """Draft, write and register a paper. Gives its id and the number of errors that the check found."""
    desk = open_desk(settings, str(arguments["snapshot"]), record, now)
    template = get_template(str(arguments["template"]))
    about = read_scope(str(arguments.get("about") or "") or None)
    if template.about != "portfolio" and about.level == "portfolio":
        about = choose_subject(desk.facts(), template.about)
    bullets = read_points(str(arguments.get("points", "")))
    chosen = {str(point): str(fact) for point, fact in dict(arguments.get("chosen") or {}).items()}
    points = draft_points(bullets, desk.facts(), str(arguments.get("length") or "2min"), chosen).lines if bullets else ()
    advance("Drafting")
    paper = desk.draft(template.id, about, points, str(arguments.get("variant") or "standard"), basis=str(arguments.get("basis") or ""))
    if settings.language_model:
        advance("Asking the language model for plainer words")
        paper = phrase_paper(paper, settings, record, now, names=tuple(desk.facts().names())).paper
    advance("Writing")
    rendered = desk.render(paper, points=points)
    actor = Actor(str(arguments.get("actor") or SINGLE_USER.id), str(arguments.get("actor") or SINGLE_USER.name), SINGLE_USER.grants)
    register_draft(record, actor, paper, desk, rendered.content_hash, str(about), bullets)
    advance("Checking")
    return paper.id, sum(len(result.errors) for result in check_files(desk, paper.id))


@dataclass(frozen=True, slots=True)
class PointChoices:
    """Key points in the order of a good paper, and the text that the best fits give in each of the three lengths."""

    points: tuple[Point, ...]
    lengths: tuple[tuple[str, tuple[str, ...]], ...]


def propose_numbers(desk: Desk, text: str) -> PointChoices:
    """Which numbers fit each point, before anything is drafted; no language model is asked. Raises BadInput where no point was given."""
    bullets = read_points(text)
    if not bullets:
        raise BadInput("No key point was given", next_step="Write or dictate at least one.")
    facts = desk.facts()
    drafts = [draft_points(bullets, facts, length) for length in LENGTHS]
    return PointChoices(drafts[0].points, tuple((draft.length, tuple(line.text for line in draft.lines)) for draft in drafts))


def rewrite(desk: Desk, paper_id: str, actor: Actor) -> None:
    """Write the files again after a review, with the same points and subject."""
    base = desk.store.base(paper_id)
    about = _about(base)
    points = _points(desk, base, about)
    paper = desk.draft(str(base["template"]), about, points, str(base.get("variant", "standard")), basis=str(base.get("basis", "")))
    formats = next(stored.formats for stored in desk.store.papers() if stored.id == paper_id)
    rendered = desk.render(paper, formats, points=points)
    assert desk.record is not None
    register_draft(desk.record, actor, paper, desk, rendered.content_hash, str(about), [line.text for line in points])


def rehearse_paper(desk: Desk, paper_id: str) -> list[HardQuestion]:
    """The ten hard questions of a stored paper."""
    base = desk.store.base(paper_id)
    about = _about(base)
    paper = desk.draft(
        str(base["template"]),
        about,
        _points(desk, base, about),
        str(base.get("variant", "standard")),
        basis=str(base.get("basis", "")),
    )
    return rehearse(paper, desk.facts(), desk.store.previous(str(base["template"]), str(about), desk.snapshot.id))


def _about(base: Mapping[str, Any]) -> Scope:
    level, _, key = str(base.get("about", "portfolio")).partition(" ")
    return Scope(level, key)


def _points(desk: Desk, base: Mapping[str, Any], about: Scope) -> Sequence[Line]:
    from quarterdeck.papers.editing import bind_words
    from quarterdeck.papers.resolve import Resolver

    texts = [str(text) for text in base.get("points", [])]
    if not texts:
        return ()
    resolver = Resolver(desk.facts().facts())
    return tuple(bind_words(text, Line(text), resolver) for text in texts)
