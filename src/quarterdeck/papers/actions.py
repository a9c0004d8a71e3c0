"""The only writes of papers: register a draft, review, move, sign, issue. Permission, transaction and audit in one place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from quarterdeck.papers.check import CheckResult
from quarterdeck.papers.desk import Desk
from quarterdeck.papers.model import Paper
from quarterdeck.papers.readers.read import read_document
from quarterdeck.papers.template import get_template
from quarterdeck.papers.workflow import Move, check_move, load_states
from quarterdeck.record.audit import Act, write
from quarterdeck.record.database import Record
from quarterdeck.record.models.base import Person
from quarterdeck.record.models.papers import PaperRecord, PaperReview, PaperSignature
from quarterdeck.record.permissions import Actor
from quarterdeck.vocabulary.errors import BadInput, FindingsRemain, IntegrityBroken, NotFound, NotPermitted

REVIEW_VERDICTS = ("comment", "accept", "edit", "reject")


@dataclass(frozen=True, slots=True)
class Signing:
    """What a signer gives: the meaning in words, and the proof of identity that `verify` checks (a password, or presence at this machine)."""

    meaning: str
    secret: str = ""


Reauthenticate = Callable[[Actor, str], bool]


def register_draft(
    record: Record, actor: Actor, paper: Paper, desk: Desk, content_hash: str, about: str = "portfolio", points: Sequence[str] = ()
) -> None:
    """Note a draft. Writing an equal draft again changes nothing; a sealed paper cannot be written again."""
    act = Act(
        "paper.draft", "paper", paper.id, detail={"template": paper.template, "snapshot": paper.snapshot, "content_hash": content_hash}
    )
    with write(record, actor, act, desk.now) as session:
        known = session.get(PaperRecord, paper.id)
        if known is not None and known.state in load_states()[1]:
            raise NotPermitted("An issued paper is sealed", thing=paper.id, next_step="Draft a new one from a newer snapshot.")
        if known is not None and known.content_hash == content_hash:
            return
        if known is not None:
            known.content_hash, known.made_at = content_hash, desk.now
            known.state = "draft" if known.state == "approved" else known.state  # what was signed is no longer what stands
            return
        session.add(
            PaperRecord(
                id=paper.id, template=paper.template, about=about, title=paper.title.text, snapshot=paper.snapshot, data_cut=_cut_of(desk), state="draft", content_hash=content_hash,
                made_by=actor.id, made_at=desk.now, points=list(points),
            )
        )  # fmt: skip


def review_paragraph(
    record: Record, actor: Actor, paper_id: str, paragraph: str, verdict: str, now: datetime, text: str = "", remark: str = ""
) -> None:
    """A comment on a paragraph, or its acceptance, edit or rejection. Raises BadInput for an unknown verdict, NotPermitted on a sealed paper."""
    if verdict not in REVIEW_VERDICTS:
        raise BadInput("Unknown verdict on a paragraph", thing=verdict, allowed=REVIEW_VERDICTS)
    if verdict == "edit" and not text.strip():
        raise BadInput("An edit needs its new words", thing=paragraph)
    act = Act("paper.review", "paper", paper_id, reason=remark, detail={"paragraph": paragraph, "verdict": verdict, "text": text})
    with write(record, actor, act, now) as session:
        paper = _get(session, paper_id)
        if paper.state in load_states()[1]:
            raise NotPermitted("An issued paper is sealed", thing=paper_id)
        session.add(
            PaperReview(
                paper_id=paper_id, paragraph=paragraph, verdict=verdict, text=text, remark=remark, person_id=actor.id, reviewed_at=now
            )
        )


def move_paper(
    record: Record,
    actor: Actor,
    paper_id: str,
    name: str,
    desk: Desk,
    reason: str = "",
    signing: Signing | None = None,
    reauthenticate: Reauthenticate | None = None,
) -> str:
    """Take one step in a paper's life, and give the new state. Raises NotPermitted, FindingsRemain or IntegrityBroken where a condition fails."""
    with record.session() as session:
        paper = _get(session, paper_id)
        move = check_move(name, paper.state)
    results = check_files(desk, paper_id) if {"check_clean", "required_evidence"} & set(move.needs) else []
    act = Act(
        move.permission,
        "paper",
        paper_id,
        reason=reason,
        detail={"move": name, "to": move.target, "content_hash": paper.content_hash, "meaning": signing.meaning if signing else ""},
    )
    with write(record, actor, act, desk.now) as session:
        paper = _get(session, paper_id)
        check_move(name, paper.state)
        for need in move.needs:
            _CONDITIONS[need](session, paper, actor, desk, _Given(move, reason, signing, reauthenticate, results))
        paper.state = move.target
        if move.target == "issued":
            paper.issued_at, paper.issued_by = desk.now, actor.id
    return move.target


def check_files(desk: Desk, paper_id: str) -> list[CheckResult]:
    """The check of every stored file of a paper."""
    stored = next((p for p in desk.store.papers() if p.id == paper_id), None)
    if stored is None:
        raise NotFound("The files of the paper are not in this installation", thing=paper_id, next_step="Draft it again.")
    return [
        desk.check(read_document(desk.store.file(paper_id, file_format)), f"{paper_id}.{file_format}") for file_format in stored.formats
    ]


def read_paper(record: Record, paper_id: str) -> PaperRecord | None:
    """The record of a paper, or None."""
    with record.session() as session:
        return session.get(PaperRecord, paper_id)


def read_reviews(record: Record, paper_id: str) -> list[PaperReview]:
    """All reviews, oldest first."""
    with record.session() as session:
        return list(session.scalars(select(PaperReview).where(PaperReview.paper_id == paper_id).order_by(PaperReview.id)))


def read_signatures(record: Record, paper_id: str) -> list[PaperSignature]:
    """All signatures, oldest first."""
    with record.session() as session:
        return list(session.scalars(select(PaperSignature).where(PaperSignature.paper_id == paper_id).order_by(PaperSignature.id)))


@dataclass(frozen=True, slots=True)
class _Given:
    move: Move
    reason: str
    signing: Signing | None
    reauthenticate: Reauthenticate | None
    results: Sequence[CheckResult]


def _need_clean(session: Session, paper: PaperRecord, actor: Actor, desk: Desk, given: _Given) -> None:
    errors = [(result.file, finding) for result in given.results for finding in result.errors]
    if errors:
        file, finding = errors[0]
        raise FindingsRemain(
            "A paper with open findings cannot go on",
            thing=f"{file}, {finding.place}: {finding.kind}, {finding.found!r} and {len(errors) - 1} more",
        )


def _need_evidence(session: Session, paper: PaperRecord, actor: Actor, desk: Desk, given: _Given) -> None:
    base = desk.store.base(paper.id)
    kinds = {
        "readings": "reading:",
        "findings": ("finding:", "tally:findings"),
        "records": ("row:", "count:"),
        "decisions": "decision:",
        "targets": "reading:",
        "previous": "previous:",
    }
    for required in get_template(paper.template).required:
        starts = kinds.get(required)
        if starts is not None and not any(fact.startswith(starts) for fact in base["facts"]):
            raise FindingsRemain(
                "The paper lacks evidence that its template requires", thing=required, next_step="Load it, or choose another paper."
            )


def _need_second_reader(session: Session, paper: PaperRecord, actor: Actor, desk: Desk, given: _Given) -> None:
    if not get_template(paper.template).second_reader:
        return
    readers = set(session.scalars(select(PaperReview.person_id).where(PaperReview.paper_id == paper.id))) | {actor.id}
    if not readers - {paper.made_by}:
        raise NotPermitted(
            "This paper needs a second pair of eyes",
            thing=paper.id,
            next_step=f"Somebody other than {paper.made_by} reviews it or signs it.",
        )


def _need_accepted(session: Session, paper: PaperRecord, actor: Actor, desk: Desk, given: _Given) -> None:
    machine = [claim["claim"] for claim in desk.store.base(paper.id)["claims"] if claim.get("author") == "machine"]
    decided = set(
        session.scalars(
            select(PaperReview.paragraph).where(PaperReview.paper_id == paper.id, PaperReview.verdict.in_(("accept", "edit", "reject")))
        )
    )
    if open_ones := [claim for claim in machine if claim not in decided]:
        raise FindingsRemain(
            "Text by a language model is not accepted yet",
            thing=", ".join(open_ones[:3]),
            next_step="Accept, edit or reject each paragraph.",
        )


def _need_signature(session: Session, paper: PaperRecord, actor: Actor, desk: Desk, given: _Given) -> None:
    if given.signing is None or not given.signing.meaning.strip():
        raise BadInput("A signature needs its meaning", thing=paper.id, next_step="Say what you sign for, such as: I approve the content.")
    if given.reauthenticate is None or not given.reauthenticate(actor, given.signing.secret):
        raise NotPermitted("The signer could not be authenticated again", thing=actor.name, next_step="Enter your password once more.")
    _refuse_other_content(paper, desk)
    person = session.get(Person, actor.id)
    name = person.name if person else actor.name
    session.add(
        PaperSignature(
            paper_id=paper.id,
            person_id=actor.id,
            printed_name=name,
            meaning=given.signing.meaning.strip(),
            content_hash=paper.content_hash,
            signed_at=desk.now,
        )
    )


def _need_unchanged(session: Session, paper: PaperRecord, actor: Actor, desk: Desk, given: _Given) -> None:
    _refuse_other_content(paper, desk)
    last = session.scalars(
        select(PaperSignature).where(PaperSignature.paper_id == paper.id).order_by(PaperSignature.id.desc()).limit(1)
    ).first()
    if last is None or last.content_hash != paper.content_hash:
        raise IntegrityBroken(
            "The paper is not the one that was signed", thing=paper.id, next_step="Return it to draft and have it approved again."
        )


def _refuse_other_content(paper: PaperRecord, desk: Desk) -> None:
    if desk.store.base(paper.id)["content_hash"] != paper.content_hash:
        raise IntegrityBroken("The stored paper is not the one that was registered", thing=paper.id)


def _need_latest(session: Session, paper: PaperRecord, actor: Actor, desk: Desk, given: _Given) -> None:
    age = (desk.now - desk.snapshot.taken_at).days
    limit = get_template(paper.template).max_age_days
    if paper.snapshot != desk.snapshot.id or not desk.is_latest:
        raise NotPermitted(
            "A newer snapshot has been taken since", thing=paper.id, next_step="Draft it again: a stale paper is not issued."
        )
    if age > limit:
        raise NotPermitted(
            "The snapshot is too old for this paper", thing=f"{age} days", allowed=f"at most {limit}", next_step="Load new extracts."
        )


def _need_reason(session: Session, paper: PaperRecord, actor: Actor, desk: Desk, given: _Given) -> None:
    if not given.reason.strip():
        raise BadInput("This step needs a reason", thing=given.move.name)


_CONDITIONS: dict[str, Callable[[Session, PaperRecord, Actor, Desk, _Given], None]] = {
    "check_clean": _need_clean,
    "required_evidence": _need_evidence,
    "second_reader": _need_second_reader,
    "machine_text_accepted": _need_accepted,
    "signature": _need_signature,
    "unchanged_since_signature": _need_unchanged,
    "latest_snapshot": _need_latest,
    "reason": _need_reason,
}


def _get(session: Session, paper_id: str) -> PaperRecord:
    paper = session.get(PaperRecord, paper_id)
    if paper is None:
        raise NotFound("No such paper on record", thing=paper_id, next_step="List them with: quarterdeck papers")
    return paper


def _cut_of(desk: Desk) -> date:
    return desk.snapshot.data_cut
