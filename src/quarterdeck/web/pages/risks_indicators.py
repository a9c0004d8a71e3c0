"""Pages of the indicators: the funnel of a trial, its flags over the snapshots, and one site with all of them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from fastapi import APIRouter
from fastapi.responses import Response

from quarterdeck.charts.base import Chart
from quarterdeck.charts.heat_map import HeatCell, HeatMap
from quarterdeck.risks.cells import Cell as Indicated
from quarterdeck.risks.cells import state_coverage
from quarterdeck.risks.indicators import get_indicator, load_indicators
from quarterdeck.risks.kri import assess_snapshot, find_earlier, get_board, judge, surprise
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import NotFound
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web.matters import gather_findings
from quarterdeck.web.risk_charts import draw_funnel
from quarterdeck.web.risk_tables import SIGNAL_LIMIT, cell_table, plain_page, signals_of
from quarterdeck.web.tables import Column, Table
from quarterdeck.web.view import View, permit

router = APIRouter()


@router.get("/risks/indicators")
def show_indicators(study: str = "", indicator: str = "", view: View = permit("portfolio.read")) -> Response:
    """The funnel of one indicator in one trial, and all signals of the trial."""
    board = get_board(view.snapshot)
    studies = sorted({cell.study for cell in board.cells["site"]})
    if not studies:
        return plain_page(
            view,
            "No site could be assessed in these facts",
            [],
            [Table("signals", "Signals", [Column("site", "Site")], [], empty="Load sites and participants first.")],
        )
    study = study if study in studies else _most_signals(board.cells["site"], studies)
    cells = [cell for cell in board.cells["site"] if cell.study == study]
    indicator = indicator if indicator in load_indicators() else _worst_indicator(cells)
    mine = [cell for cell in cells if cell.indicator == indicator]
    flagged = [cell for cell in cells if judge(cell) is Verdict.CONCERN]
    strong = [cell for cell in flagged if (cell.q_value or 1) <= SIGNAL_LIMIT]
    title = f"{wording.plural(len({c.group for c in strong}), 'site')} of {study} {'differs' if len({c.group for c in strong}) == 1 else 'differ'} beyond chance"
    coverage = state_coverage(cells)
    funnel = draw_funnel(study, indicator, mine)
    charts: dict[str, Chart] = {"funnel": funnel} if funnel else {}
    name = get_indicator(indicator).name
    tables = [
        cell_table(
            "signals",
            f"Signals of {study}, the most surprising first",
            sorted(flagged, key=lambda c: -surprise(c)),
            f"{coverage}. Nothing differs beyond chance.",
            view.snapshot.id,
        )
    ]
    return view.page(
        "risks/indicators.html", finding=title, tables=tables, charts=charts, study=study, indicator=indicator, name=name, coverage=coverage, lead=state_coverage(mine),
        studies=[(s, s) for s in studies], indicators=[(key, f"{i.abbreviation}: {i.name if len(i.name) < 30 else i.name[:27].rstrip() + '…'}") for key, i in load_indicators().items() if "site" in i.levels],
        cites=[study, indicator, name, coverage, state_coverage(mine), len(strong), *(i.name for i in load_indicators().values())],
    )  # fmt: skip


@router.get("/risks/history")
def show_history(study: str = "", view: View = permit("portfolio.read")) -> Response:
    """Flags of a trial's sites over the snapshots, as a heat table."""
    board = get_board(view.snapshot)
    studies = sorted({cell.study for cell in board.cells["site"]})
    if not studies:
        raise NotFound("No site could be assessed in these facts", next_step="Load sites and participants first.")
    study = study if study in studies else _most_signals(board.cells["site"], studies)
    boards = [board, *(assess_snapshot(s) for s in find_earlier(view.snapshot))]
    counts: dict[tuple[str, str], int] = defaultdict(int)
    for one in boards:
        for cell in one.cells["site"]:
            if cell.study == study and cell.flag and cell.snapshot_date:
                counts[cell.group, cell.snapshot_date.isoformat()] += load_indicators()[cell.indicator].worries(cell.flag)
    days = sorted({cell.snapshot_date for one in boards for cell in one.cells["site"][:1] if cell.snapshot_date})
    newest = days[-1].isoformat() if days else ""
    groups = sorted({group for group, _ in counts}, key=lambda g: (-counts[g, newest], g))[:15]
    heat = tuple(HeatCell(f"Site {g}", f"{day:%d %b %Y}", float(counts[g, day.isoformat()])) for g in groups for day in days)
    lasting = sum(all(counts[g, d.isoformat()] >= 3 for d in days) for g in groups)
    title = f"{wording.plural(lasting, 'site')} of {study} had three flags or more in every snapshot"
    sentence = f"Worrying flags of the {len(groups)} most flagged sites over {wording.plural(len(days), 'snapshot')}."
    charts: dict[str, Chart] = {}
    if heat:
        charts["history"] = HeatMap(title=title, sentence=sentence, unit="number", cells=heat, ends=(0.0, max(4.0, max(c.value or 0 for c in heat))), row_label="Site", column_label="Snapshot",
                                    method="Each cell counts the indicators of the site whose robust score is 2 or more on the worrying side. By chance alone one in twenty is.")  # fmt: skip
    return view.page(
        "risks/history.html",
        finding=title,
        charts=charts,
        study=study,
        studies=[(s, s) for s in studies],
        sentence=sentence,
        cites=[study, lasting, 3, 2, sentence, *days],
    )


@router.get("/risks/sites/{study_id}/{site_id}")
def show_site(study_id: str, site_id: str, view: View = permit("page.read")) -> Response:
    """All indicators of one site, assessed or not."""
    board = get_board(view.snapshot)
    cells = board.by_site.get((study_id, site_id))
    if not cells:
        raise NotFound("This site has no indicators in these facts", thing=f"{study_id}/{site_id}")
    cells = sorted(cells, key=lambda c: -surprise(c))
    worrying = [c for c in cells if judge(c) is Verdict.CONCERN]
    score = next(s for s in board.site_scores if (s.study, s.site) == (study_id, site_id))
    words = (
        "not ranked, for too little could be assessed"
        if not score.is_ranked or score.score is None
        else f"{wording.number(score.score, 0)} of 100"
    )
    coverage = wording.share(score.coverage, 0)
    title = (
        f"Site {site_id} of {study_id} differs on {wording.plural(len(worrying), 'indicator')} of {len(cells)}"
        if worrying
        else f"Site {site_id} of {study_id} is within what the other sites lead one to expect"
    )
    found = [f for f in gather_findings(view) if f.scope.level == "site" and f.scope.key == f"{study_id}/{site_id}"]
    return view.page(
        "risks/site.html", finding=title, tables=[cell_table("indicators", f"Indicators of site {site_id}", cells, "No indicator.", view.snapshot.id), signals_of(view, f"{study_id}/{site_id}")],
        findings=found, found=found, study=study_id, site=site_id, score=words, coverage=coverage, coverage_words=state_coverage(cells),
        cites=[study_id, site_id, len(worrying), len(cells), words, coverage, state_coverage(cells), *(t for f in found for t in (f.headline, f.cause, f.suggested_action))],
    )  # fmt: skip


def _most_signals(cells: Sequence[Indicated], studies: Sequence[str]) -> str:
    counts: dict[str, int] = defaultdict(int)
    for cell in cells:
        counts[cell.study] += judge(cell) is Verdict.CONCERN and (cell.q_value or 1) <= SIGNAL_LIMIT
    return max(studies, key=lambda s: (counts[s], s))


def _worst_indicator(cells: Sequence[Indicated]) -> str:
    return max(cells, key=lambda c: (judge(c) is Verdict.CONCERN, surprise(c))).indicator
