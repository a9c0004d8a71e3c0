"""Search across trials, sites, vendors, measures, findings and pages, from anywhere."""

from __future__ import annotations

from fastapi import APIRouter
from fastapi.responses import Response

from quarterdeck.vocabulary import wording
from quarterdeck.web import discovery
from quarterdeck.web.navigation import Hit
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

router = APIRouter()
LIMIT = 60
KINDS = ("Trial", "Page", "Vendor", "Country", "Site", "Measure", "Finding")  # in this order among equals; others after them


@router.get("/search")
def show_results(q: str = "", view: View = permit("page.read", any_scope=True)) -> Response:
    """What fits the words, pages first, then each room's own things."""
    wanted = " ".join(q.lower().split())[:200]
    hits = _find(view, wanted) if wanted else []
    columns = [Column("what", "Result"), Column("kind", "Kind"), Column("detail", "What it is")]
    rows = [{"what": Cell(hit.label, href=hit.href), "kind": hit.kind, "detail": hit.detail or hit.kind} for hit in hits]
    table = Table(
        "results",
        "Results",
        columns,
        rows,
        empty="Try a trial's number, a site, a vendor, a measure or a word of a page's name.",
        size=LIMIT,
    )
    finding = f"{wording.plural(len(hits), 'result')} for “{q[:80]}”" if wanted else "Search"
    return view.page("search.html", finding=finding, tables=[table], needs_facts=False, q=q[:200], cites=[len(hits), q])


def _find(view: View, wanted: str) -> list[Hit]:
    entries = [entry for _, group in discovery.navigation() for entry in group]
    hits = [Hit(e.label, e.href, "Page", e.question) for e in entries if wanted in e.label.lower() or wanted in e.question.lower()]
    for module in discovery.page_modules():
        if hasattr(module, "search"):
            hits += module.search(view, wanted)
    hits.sort(key=lambda hit: (not hit.label.lower().startswith(wanted), KINDS.index(hit.kind) if hit.kind in KINDS else len(KINDS)))
    return hits[:LIMIT]
