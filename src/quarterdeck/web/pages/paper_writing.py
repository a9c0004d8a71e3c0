"""Pages where a paper begins: choose it, give key points, choose the numbers for each, and have it drafted."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.record.jobs import Progress, Work, add_job
from quarterdeck.vocabulary import wording
from quarterdeck.web.tables import Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.web.deck import Deck

router = APIRouter()
SPOKEN = {"30s": "Half a minute", "2min": "Two minutes", "10min": "Ten minutes"}


@router.get("/papers/new")
def show_new(view: View = permit("portfolio.read")) -> Response:
    """Choose a paper, name its subject, give key points."""
    from quarterdeck.papers.template import load_templates

    templates = list(load_templates().values())
    rows = [
        {
            "name": t.name,
            "for": t.audience,
            "question": t.question,
            "about": {"study": "one trial", "vendor": "one vendor"}.get(t.about, "the portfolio"),
            "cap": f"{wording.number(t.cap_words)} words",
        }
        for t in templates
    ]
    columns = [
        Column("name", "Paper"),
        Column("for", "For"),
        Column("question", "The question it answers"),
        Column("about", "About"),
        Column("cap", "Cap"),
    ]
    subjects = [("", "The one of most concern"), *_subjects(view)]
    return view.page(
        "papers/new.html",
        finding="Choose what to write; the evidence is found for you",
        tables=[Table("templates", "What can be written", columns, rows, size=25)],
        options=[(t.id, t.name) for t in templates],
        subjects=subjects,
        cites=[words for _, words in subjects] + [t.cap_words for t in templates],
    )


def _subjects(view: View) -> list[tuple[str, str]]:
    found = [
        (f"study:{row['study_id']}", f"Trial {row['study_id']}")
        for row in view.snapshot.query("SELECT study_id FROM study ORDER BY study_id").to_pylist()
    ]
    found += [
        (f"vendor:{row['vendor_id']}", f"Vendor {row['name'] or row['vendor_id']}")
        for row in view.snapshot.query("SELECT vendor_id, name FROM vendor ORDER BY vendor_id").to_pylist()
    ]
    return found


@router.post("/papers")
def draft(
    template: Annotated[str, Form()],
    about: Annotated[str, Form()] = "",
    points: Annotated[str, Form()] = "",
    length: Annotated[str, Form()] = "2min",
    spaced: Annotated[str, Form()] = "",
    basis: Annotated[str, Form()] = "",
    point: Annotated[list[str], Form()] = [],  # noqa: B006  FastAPI copies it
    choice: Annotated[list[str], Form()] = [],  # noqa: B006
    view: View = permit("paper.draft"),
) -> Response:
    """Starts the work of drafting on the facts that the reader looks at."""
    from quarterdeck.papers.desk import read_scope
    from quarterdeck.papers.template import get_template

    chosen = get_template(template)
    scope = read_scope(about)
    arguments = {
        "template": template,
        "about": about if scope.level == chosen.about else "",
        "points": points,
        "basis": basis[:120],
        "chosen": dict(zip(point, choice, strict=False)),
        "length": length,
        "variant": "spaced" if spaced else "standard",
        "snapshot": view.snapshot.id,
        "actor": view.actor.id,
    }
    job_id = add_job(view.record, "paper.write", arguments, view.actor.id, view.now())
    if view.deck.worker is not None:
        view.deck.worker.wake()
    return view.redirect(f"/jobs/{job_id}")


@router.post("/papers/points")
def choose_numbers(
    template: Annotated[str, Form()],
    about: Annotated[str, Form()] = "",
    points: Annotated[str, Form()] = "",
    length: Annotated[str, Form()] = "2min",
    spaced: Annotated[str, Form()] = "",
    view: View = permit("paper.draft"),
) -> Response:
    """Each key point with the numbers that fit it: which one shall stand, and what the evidence contradicts."""
    from quarterdeck.papers.desk import Desk
    from quarterdeck.papers.web import propose_numbers

    found = propose_numbers(Desk(view.settings, view.snapshot, view.now(), view.record), points[:20_000])
    several = sum(len(p.evidence) > 1 for p in found.points)
    words = [text for _, lines in found.lengths for text in lines]
    return view.page(
        "papers/points.html", finding=f"{wording.of(several, len(found.points))} points {'has' if several == 1 else 'have'} more than one number that fits", found=found, kind=template, about=about,
        points=points, length=length, spaced=spaced, spoken=SPOKEN,
        cites=[several, len(found.points), *words, *(e.shown + e.label for p in found.points for e in p.evidence), *(p.text for p in found.points), *(t for p in found.points for t in (*p.contradicted, *p.unresolved))],
    )  # fmt: skip


def write_work(deck: Deck) -> Work:
    """The work of drafting one paper. Writing it again replaces what a broken attempt left."""

    def work(arguments: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
        from quarterdeck.papers.web import write_draft

        steps = {"n": 0}

        def advance(note: str) -> None:
            steps["n"] += 1
            progress.report(min(steps["n"], 3), 4, f"{note}.")

        progress.report(0, 4, "Gathering facts.")
        paper, errors = write_draft(deck.settings, deck.record, arguments, deck.now(), advance)
        summary = (
            "Written, read back and checked. Every number in it holds."
            if not errors
            else f"Written as a draft. The check found {wording.plural(errors, 'thing')} to correct before it can be issued."
        )
        return {"paper": paper, "summary": summary, "links": [["The paper", f"/papers/{paper}"]]}

    return work


JOBS = {"paper.write": write_work}


def paths(snapshot: Snapshot) -> list[str]:
    """Pages to walk."""
    return ["/papers/new"]
