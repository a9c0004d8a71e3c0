"""Pages of the risks: what needs me, which sites differ, signals and their history, the register, limits, what hangs on what."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date
from math import sqrt
from typing import TYPE_CHECKING, Annotated, Any

from fastapi import APIRouter, Form
from fastapi.responses import Response

from quarterdeck.charts.base import Chart
from quarterdeck.charts.exceedance import Exceedance
from quarterdeck.charts.funnel import Funnel, FunnelPoint, Limit
from quarterdeck.charts.heat_map import HeatCell, HeatMap
from quarterdeck.risks import actions, loop, register
from quarterdeck.risks.blast_radius import KINDS, find_blast_radius, list_things
from quarterdeck.risks.cells import Cell as Indicated
from quarterdeck.risks.cells import state_coverage
from quarterdeck.risks.detectors.limits import read_limits
from quarterdeck.risks.detectors.oversight import ZONES, read_readiness
from quarterdeck.risks.indicators import get_indicator, load_indicators
from quarterdeck.risks.inspection import rank_sites
from quarterdeck.risks.kri import assess_snapshot, find_earlier, get_board, judge, surprise
from quarterdeck.risks.needs_me import rank, read_choices
from quarterdeck.risks.states import REGISTER_TRANSITIONS, SIGNAL_STATES, SIGNAL_TRANSITIONS, next_states
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.errors import BadInput, NotFound
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web.matters import gather_findings
from quarterdeck.web.navigation import Entry, Hit
from quarterdeck.web.tables import Cell, Column, Table
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot
    from quarterdeck.record.models.risks import RegisterItem

router = APIRouter()
NAVIGATION = (
    Entry("Risks", "/risks", "Risks", "What needs me, and what does doing nothing cost?"),
    Entry("Indicators", "/risks/indicators", "Risks", "Which sites and countries differ beyond chance?"),
    Entry("Repeat offenders", "/risks/pooled", "Risks", "Who or what stands out in several trials?"),
    Entry("Signals", "/risks/signals", "Risks", "What became of each signal, and did the action help?"),
    Entry("Register", "/risks/register", "Risks", "What could happen, how much is at stake, and were we right?"),
    Entry("Tolerance limits", "/risks/limits", "Risks", "Which trials leave what was agreed beforehand?"),
    Entry("Inspection", "/risks/inspection", "Risks", "Which sites would a regulator choose, and is the file ready?"),
    Entry("Blast radius", "/risks/blast-radius", "Risks", "What hangs on a vendor, site, country, person or system?"),
)
SIGNAL_LIMIT = 0.05


@router.get("/risks")
def show_needs_me(view: View = permit("portfolio.read")) -> Response:
    """Three to seven matters with their choices, and the opportunities."""
    found = gather_findings(view)
    matters = rank(found, read_choices(view.record), view.today)
    opportunities = sorted((f for f in found if f.opportunity), key=lambda f: f.id)
    title = (
        f"{wording.plural(len(matters), 'matter')} {'needs' if len(matters) == 1 else 'need'} you"
        if matters
        else "Nothing needs you in these facts"
    )
    shown = [f for m in matters for f in (m.finding, *m.also)]
    texts = [text for f in (*shown, *opportunities) for text in (f.headline, f.cause, f.suggested_action, f.owner)]
    return view.page(
        "risks/needs_me.html", finding=title, findings=[*shown, *opportunities], matters=matters, opportunities=opportunities[:5], may_choose=view.may("matter.choose"),
        cites=[len(matters), *texts, *(m.why for m in matters), *(len(m.also) for m in matters), *range(1, len(matters) + 1)],
    )  # fmt: skip


@router.post("/risks/choose")
def choose(
    finding: Annotated[str, Form()], choice: Annotated[str, Form()], reason: Annotated[str, Form()] = "", to: Annotated[str, Form()] = "",
    until: Annotated[str, Form()] = "", view: View = permit("matter.choose"),
) -> Response:  # fmt: skip
    """Delegate, accept or snooze a matter."""
    actions.choose_matter(
        view.record, view.actor, finding, choice, reason, view.snapshot.id, view.deck.now(), to, _date(until) if until else None
    )
    return view.redirect(view.href("/risks"))


@router.get("/risks/indicators")
def show_indicators(study: str = "", indicator: str = "", view: View = permit("portfolio.read")) -> Response:
    """The funnel of one indicator in one trial, and all signals of the trial."""
    board = get_board(view.snapshot)
    studies = sorted({cell.study for cell in board.cells["site"]})
    if not studies:
        return _page(
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
    charts: dict[str, Chart] = {"funnel": _funnel(study, indicator, mine)} if any(c.score is not None for c in mine) else {}
    name = get_indicator(indicator).name
    tables = [
        _cell_table(
            "signals",
            f"Signals of {study}, the most surprising first",
            sorted(flagged, key=lambda c: -surprise(c)),
            f"{coverage}. Nothing differs beyond chance.",
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
        "risks/site.html", finding=title, tables=[_cell_table("indicators", f"Indicators of site {site_id}", cells, "No indicator."), _signal_table(view, f"{study_id}/{site_id}")],
        findings=found, found=found, study=study_id, site=site_id, score=words, coverage=coverage, coverage_words=state_coverage(cells),
        cites=[study_id, site_id, len(worrying), len(cells), words, coverage, state_coverage(cells), *(t for f in found for t in (f.headline, f.cause, f.suggested_action))],
    )  # fmt: skip


@router.get("/risks/pooled")
def show_pooled(view: View = permit("portfolio.read")) -> Response:
    """Investigators, organisations, countries, vendors and monitors over all their trials."""
    pooled = [p for p in get_board(view.snapshot).pooled if p.q <= SIGNAL_LIMIT]
    rows = [
        {
            "who": Cell(p.key, f"{p.level} {p.key}", href=f"/risks/blast-radius?kind={'person' if p.level == 'monitor' else p.level}&key={p.key}"),
            "what": load_indicators()[p.indicator].name, "trials": len(p.trials), "sites": p.sites, "ratio": Cell(p.ratio, wording.number(p.ratio, 2)),
            "z": Cell(abs(p.z), wording.number(p.z, 1, signed=True)), "verdict": Verdict.CONCERN if load_indicators()[p.indicator].worries(1 if p.z > 0 else -1) else Verdict.BETTER,
        }
        for p in pooled[:100]
    ]  # fmt: skip
    columns = [
        Column("who", "Who"),
        Column("what", "Indicator"),
        Column("trials", "Trials", is_number=True),
        Column("sites", "Sites", is_number=True),
        Column("ratio", "Observed to expected", is_number=True),
        Column("z", "Score", is_number=True),
        Column("verdict", "Verdict"),
    ]
    people = len({p.key for p in pooled if p.level == "investigator"})
    title = f"{wording.plural(people, 'investigator')} {'stands' if people == 1 else 'stand'} out in more than one trial"
    text = "Scores of a person's or place's sites are added over trials, weighted by the root of what was expected; the mean of scores is never taken. Listed is what passes false-discovery control at 5%."
    return _page(
        view,
        title,
        [text],
        [
            Table(
                "pooled", "Over all trials, the most surprising first", columns, rows, empty="Nobody stands out in several trials.", size=25
            )
        ],
        cites=[people, 5],
    )


@router.get("/risks/signals")
def show_signals(state: str = "", view: View = permit("portfolio.read")) -> Response:
    """Signals, the loop in figures, and which indicators cry wolf."""
    figures, signals = loop.count_loop(view.record, view.deck.now().date()), loop.read_signals(view.record, state)
    reviews = [
        {"indicator": load_indicators()[r.indicator].name if r.indicator in load_indicators() else r.indicator, "triaged": r.triaged, "false": r.false_positives, "advice": r.suggestion}
        for r in loop.review_thresholds(view.record)
    ]  # fmt: skip
    improved = "No effect was measured yet." if figures.share_improved is None else (
        f"{wording.share(figures.share_improved, 0)} of {wording.plural(figures.evaluated, 'confirmed signal')} improved after the action; "
        f"in the field {wording.share(loop.FIELD_ANCHOR, 0)} did, and by chance alone {wording.share(figures.by_chance or 0, 0)} would have."
    )  # fmt: skip
    lag = (
        ""
        if figures.days_to_action is None
        else f"Half of the actions were agreed within {wording.plural(round(figures.days_to_action), 'day')} of the signal."
    )
    title = (
        f"{wording.plural(figures.waiting, 'signal')} {'waits' if figures.waiting == 1 else 'wait'} for somebody to look"
        if figures.opened
        else "No signal was opened yet"
    )
    columns = [
        Column("indicator", "Indicator"),
        Column("triaged", "Triaged", is_number=True),
        Column("false", "False positives", is_number=True),
        Column("advice", "Suggestion"),
    ]
    return view.page(
        "risks/signals.html", finding=title, tables=[_signals("signals", signals, "No signal is in this state."), Table("reviews", "Indicators by how often they were wrong", columns, reviews, empty="No signal was triaged yet.")],
        improved=improved, lag=lag, overdue=figures.overdue_actions, may_open=view.may("signal.open"), states=[("", "All states"), *((s, s.replace("_", " ")) for s in SIGNAL_STATES)], state=state,
        cites=[figures.waiting, figures.opened, improved, lag, figures.overdue_actions],
    )  # fmt: skip


@router.post("/risks/signals/open")
def open_signals(view: View = permit("signal.open")) -> Response:
    """Open what the indicators ask for."""
    actions.open_signals(view.record, view.actor, view.snapshot, view.deck.now())
    return view.redirect(view.href("/risks/signals"))


@router.get("/risks/signals/{signal_id}")
def show_signal(signal_id: str, view: View = permit("portfolio.read")) -> Response:
    """One signal with its history and the moves that can be made."""
    signal, moves, planned = loop.read_signal(view.record, signal_id)
    history = [{"when": m.moved_at, "to": m.after.replace("_", " "), "who": m.actor_id, "why": m.reason} for m in moves]
    todo = [
        {"what": a.description, "owner": a.owner, "due": a.due, "criterion": a.criterion, "judged": a.judged_on, "done": a.done_at or "not yet", "effect": "not judged yet" if a.is_effective is None else ("it helped" if a.is_effective else "it did not help")}
        for a in planned
    ]  # fmt: skip
    tables = [
        Table("history", "What happened to the signal", [Column("when", "When"), Column("to", "Moved to"), Column("who", "By"), Column("why", "Because")], history),
        Table("actions", "What is done about it", [Column("what", "Action"), Column("owner", "Owner"), Column("due", "Due"), Column("criterion", "It helped if"), Column("judged", "Judged on"), Column("done", "Done"), Column("effect", "Effect")], todo, empty="No action was agreed yet."),
    ]  # fmt: skip
    choices = [t for t in next_states(SIGNAL_TRANSITIONS, signal.state) if view.may(t.permission) and "effect" not in t.needs]
    then = _baseline(signal)
    return view.page(
        "risks/signal.html", finding=signal.headline, tables=tables, signal=signal, choices=[(t.after, t.after.replace("_", " ")) for t in choices], needs={n for t in choices for n in t.needs},
        may_measure=signal.state == "done" and view.may("signal.measure"), state_words=SIGNAL_STATES[signal.state], then=then, cites=[signal.headline, then, signal.id, signal.root_cause, signal.opened_cut, signal.effect],
    )  # fmt: skip


@router.post("/risks/signals/{signal_id}/move")
def move_signal(
    signal_id: str, after: Annotated[str, Form()], reason: Annotated[str, Form()] = "", root_cause: Annotated[str, Form()] = "", action: Annotated[str, Form()] = "",
    owner: Annotated[str, Form()] = "", due: Annotated[str, Form()] = "", criterion: Annotated[str, Form()] = "", judged_on: Annotated[str, Form()] = "",
    view: View = permit("signal.triage"),
) -> Response:  # fmt: skip
    """One step of a signal."""
    planned = actions.PlannedAction(action, owner, _date(due), criterion, _date(judged_on)) if action.strip() else None
    if after == "closed":
        actions.close_signal(view.record, view.actor, signal_id, reason, view.deck.now())
    else:
        actions.move_signal(view.record, view.actor, signal_id, after, reason, view.deck.now(), root_cause, planned)
    return view.redirect(view.href(f"/risks/signals/{signal_id}"))


@router.post("/risks/signals/{signal_id}/measure")
def measure_signal(signal_id: str, view: View = permit("signal.measure")) -> Response:
    """Measure the effect at the facts that are shown."""
    actions.measure_effect(view.record, view.actor, signal_id, view.snapshot, view.deck.now())
    return view.redirect(view.href(f"/risks/signals/{signal_id}"))


@router.get("/risks/register")
def show_register(view: View = permit("portfolio.read")) -> Response:
    """The register: curves, tornado, items, and how good probabilities were."""
    items, base = register.read_items(view.record), view.settings.base_currency
    found = register.quantify(items, view.settings.random_seed, base, 20_000)
    charts: dict[str, Chart] = {}
    lead = "Nothing in the register is quantified yet."
    title = (
        f"{wording.plural(sum(i.status in register.LIVE for i in items), 'item')} of the register {'is' if len(items) == 1 else 'are'} live"
    )
    cites: list[object] = [len(items), title]
    tables = [_item_table(items, view.today)]
    if found:
        p90, mean = wording.money(found.money.p90, base), wording.money(found.money.mean, base)
        lead = (
            f"A year costs {mean} on average; with a chance of 10% it costs more than {p90} and {wording.duration(max(found.days.p90, 0))}."
        )
        title = f"The register stands {'above' if found.is_above_tolerance else 'within'} what is tolerated"
        charts["money"] = _exceedance("Money at risk", lead, base, found.levels, found.above, found.tolerated)
        charts["days"] = _exceedance(
            "Days at risk",
            f"With a chance of 10% the delays add up to more than {wording.duration(max(found.days.p90, 0))}.",
            "days",
            found.day_levels,
            found.day_above,
            None,
        )
        rows = [
            {"what": name, "money": Cell(m, wording.money(m, base)), "days": Cell(d, wording.number(d, 1))}
            for name, m, d in found.tornado[:12]
        ]
        tables.append(
            Table(
                "tornado",
                "What the expected loss is made of, the largest first",
                [
                    Column("what", "Item"),
                    Column("money", "Money expected", is_number=True),
                    Column("days", "Days expected", is_number=True),
                ],
                rows,
            )
        )
        worth = [{"what": name, "value": Cell(v, wording.money(v, base, signed=True))} for name, v in found.mitigations]
        tables.append(
            Table(
                "worth",
                "What each treatment saves, less its price",
                [Column("what", "Item"), Column("value", "Value", is_number=True)],
                worth,
                empty="No treatment has a stated residual.",
            )
        )
        cites += [lead, p90, mean, 10]
    scores = [
        {
            "who": s.who,
            "closed": s.closed,
            "brier": Cell(s.brier, wording.number(s.brier, 3)),
            "base": Cell(s.brier_of_base_rate, wording.number(s.brier_of_base_rate, 3)),
            "stated": s.mean_stated,
            "happened": s.share_happened,
        }
        for s in register.score_probabilities(items)
    ]
    tables.append(
        Table(
            "scores",
            "Probabilities of closed items, by owner",
            [
                Column("who", "Owner"),
                Column("closed", "Closed", is_number=True),
                Column("brier", "Brier score", is_number=True),
                Column("base", "Of the base rate", is_number=True),
                Column("stated", "Stated", "share", is_number=True),
                Column("happened", "Happened", "share", is_number=True),
            ],
            scores,
            empty="No item with a probability was closed yet.",
        )
    )
    return view.page(
        "risks/register.html",
        finding=title,
        tables=tables,
        charts=charts,
        lead=lead,
        has_curve=bool(found),
        may_raise=view.may("register.raise"),
        kinds=[(k, k) for k in actions.KINDS],
        categories=_categories(),
        cites=cites,
    )


@router.post("/risks/register/raise")
def raise_item(
    title: Annotated[str, Form()], cause: Annotated[str, Form()], event: Annotated[str, Form()], effect: Annotated[str, Form()], kind: Annotated[str, Form()],
    category: Annotated[str, Form()], owner: Annotated[str, Form()] = "", p_annual: Annotated[str, Form()] = "", cost_p05: Annotated[str, Form()] = "",
    cost_p95: Annotated[str, Form()] = "", days_p05: Annotated[str, Form()] = "", days_p95: Annotated[str, Form()] = "", reason: Annotated[str, Form()] = "",
    view: View = permit("register.raise"),
) -> Response:  # fmt: skip
    """A new item."""
    numbers = {"p_annual": p_annual, "cost_p05": cost_p05, "cost_p95": cost_p95, "days_p05": days_p05, "days_p95": days_p95}
    values: dict[str, Any] = {name: _number(name, text) for name, text in numbers.items() if text.strip()}
    values |= {
        "title": title,
        "cause": cause,
        "event": event,
        "effect": effect,
        "kind": kind,
        "category": category,
        "owner": owner,
        "currency": view.settings.base_currency,
    }
    item = actions.raise_item(view.record, view.actor, values, reason, view.deck.now())
    return view.redirect(view.href(f"/risks/register/{item}"))


@router.get("/risks/register/{item_id}")
def show_item(item_id: str, view: View = permit("portfolio.read")) -> Response:
    """One item with its history and moves."""
    item, history = register.read_item(view.record, item_id)
    rows = [
        {
            "when": h.changed_at,
            "field": h.field.replace("_", " "),
            "old": h.old or "nothing",
            "new": h.new or "nothing",
            "who": h.actor_id,
            "why": h.reason,
        }
        for h in history
    ]
    facts = _facts_of(item)
    choices = [t for t in next_states(REGISTER_TRANSITIONS, item.status) if view.may(t.permission)]
    return view.page(
        "risks/item.html", finding=item.title.rstrip("."), tables=[
            Table("facts", "What is stated", [Column("what", "What"), Column("value", "Value")], facts),
            Table("history", "History", [Column("when", "When"), Column("field", "Field"), Column("old", "Before"), Column("new", "After"), Column("who", "By"), Column("why", "Because")], rows),
        ], item=item, choices=[(t.after, t.after.replace("_", " ")) for t in choices], cites=[item.title, item.cause, item.event, item.effect, item.id],
    )  # fmt: skip


@router.post("/risks/register/{item_id}/move")
def move_item(
    item_id: str,
    after: Annotated[str, Form()],
    reason: Annotated[str, Form()] = "",
    accepted_until: Annotated[str, Form()] = "",
    view: View = permit("register.raise"),
) -> Response:
    """One step of an item."""
    actions.move_item(view.record, view.actor, item_id, after, reason, view.deck.now(), _date(accepted_until) if accepted_until else None)
    return view.redirect(view.href(f"/risks/register/{item_id}"))


@router.get("/risks/limits")
def show_limits(study: str = "", view: View = permit("portfolio.read")) -> Response:
    """Tolerance limits of all trials."""
    limits = [s for s in read_limits(view.snapshot) if not study or s.definition["study_id"] == study]
    breached = sum(s.is_breached for s in limits)
    rows = []
    for s in limits:
        d = s.definition
        projected = wording.share(s.projected[0]) if s.projected else s.reason
        between = f"between {wording.share(s.projected[1])} and {wording.share(s.projected[2])}" if s.projected else ""
        rows.append({
            "trial": Cell(d["study_id"], href=f"/trials/{d['study_id']}"), "what": str(d["parameter"]).replace("_", " "), "expected": float(d["expected_rate"] or 0), "limit": float(d["limit"] or 0),
            "now": Cell(s.rate if s.rate is not None else -1.0, s.reason if s.rate is None else wording.share(s.rate), sub=f"{s.events} of {s.participants}" if s.participants else ""),
            "end": Cell(projected, projected, sub=between), "verdict": Verdict.CONCERN if s.is_breached else Verdict.ORDINARY,
        })  # fmt: skip
    columns = [
        Column("trial", "Trial"),
        Column("what", "Parameter"),
        Column("expected", "Expected", "share", is_number=True),
        Column("limit", "Limit", "share", is_number=True),
        Column("now", "Now", is_number=True),
        Column("end", "At the end", is_number=True),
        Column("verdict", "Verdict"),
    ]
    title = f"{wording.of(breached, len(limits))} tolerance limits were left" if limits else "No tolerance limit was agreed"
    options = [
        (s.definition["qtl_id"], f"{s.definition['study_id']}: {str(s.definition['parameter']).replace('_', ' ')}")
        for s in limits
        if s.rate is not None
    ]
    return view.page(
        "risks/limits.html", finding=title, tables=[Table("limits", "Limits, with a test that holds however often one looks", columns, rows, empty="Load the table `qtl`.", size=30)], options=options,
        may_record=view.may("limit.record_deviation") and bool(options), cites=[breached, len(limits)],
    )  # fmt: skip


@router.post("/risks/limits/deviation")
def record_deviation(
    qtl: Annotated[str, Form()],
    systemic: Annotated[str, Form()],
    evaluation: Annotated[str, Form()],
    remedy: Annotated[str, Form()],
    view: View = permit("limit.record_deviation"),
) -> Response:
    """The record that ICH E6(R3) asks for."""
    actions.record_deviation(view.record, view.actor, view.snapshot, qtl, systemic == "yes", evaluation, remedy, view.deck.now())
    return view.redirect(view.href("/risks/limits"))


@router.get("/risks/inspection")
def show_inspection(study: str = "", view: View = permit("portfolio.read")) -> Response:
    """Sites in the order in which a regulator might choose them, and readiness of the file by zone."""
    sites = [s for s in rank_sites(view.snapshot) if not study or s.study == study]
    first = sorted(sites, key=lambda s: -s.score)[:200]
    rows = [
        {"site": Cell(f"{s.study}/{s.site}", f"{s.site} of {s.study}", href=f"/risks/sites/{s.study}/{s.site}"), "score": Cell(s.score, wording.number(s.score, 0)), "why": wording.listing(list(s.reasons)), "enrolled": s.inputs["enrolled"],
         "serious": s.inputs["serious"], "deviations": s.inputs["deviations"], "left": s.inputs["discontinued"], "audited": s.audited or "never"}
        for s in first
    ]  # fmt: skip
    columns = [
        Column("site", "Site"),
        Column("score", "Score", is_number=True),
        Column("why", "Highest in"),
        Column("enrolled", "Enrolled", is_number=True),
        Column("serious", "Serious events", is_number=True),
        Column("deviations", "Important deviations", is_number=True),
        Column("left", "Left the trial", is_number=True),
        Column("audited", "Last audited"),
    ]
    zones = [
        {"trial": r["study_id"], "zone": f"{r['zone']}: {ZONES.get(int(r['zone']), 'other')}", "due": r["due"], "ready": r["ready"] / r["due"]}
        for r in sorted(read_readiness(view.snapshot), key=lambda r: r["ready"] / r["due"]) if not study or r["study_id"] == study
    ]  # fmt: skip
    never = sum(s.audited is None for s in first[:10])
    title = (
        f"{wording.of(never, min(10, len(first)))} sites that a regulator would choose first were never audited"
        if first
        else "No site has participants yet"
    )
    text = "The regulator's own choice is not public; its inputs are: enrolment, discontinuations, serious events, deaths, deviations, screen failures and new investigators. Each counts by its rank within the trial, enrolment most."
    tables = [
        Table("sites", "Sites, the likeliest first", columns, rows, empty="Load participants first.", size=25),
        Table(
            "zones",
            "The master file by zone, the least ready first",
            [
                Column("trial", "Trial"),
                Column("zone", "Zone"),
                Column("due", "Due", is_number=True),
                Column("ready", "Ready", "share", is_number=True),
            ],
            zones,
            empty="Load the master file's index.",
            size=25,
        ),
    ]
    return _page(view, title, [text], tables, cites=[never, 10, len(first)])


@router.get("/risks/blast-radius")
def show_blast_radius(kind: str = "", key: str = "", view: View = permit("portfolio.read")) -> Response:
    """What hangs on a thing, or the things one may ask about."""
    things = list_things(view.snapshot)
    if not key:
        rows = [
            {"thing": Cell(k, words, href=f"/risks/blast-radius?kind={group}&key={k}"), "kind": group}
            for group, mine in things.items()
            for k, words in mine
        ]
        table = Table(
            "things",
            "Things to ask about",
            [Column("thing", "Thing"), Column("kind", "Kind")],
            rows,
            empty="Nothing was loaded yet.",
            size=40,
        )
        title = f"{wording.plural(len(rows), 'thing')} can be asked what hangs on them"
        return view.page(
            "risks/blast_radius.html", finding=title, tables=[table], radius=None, kinds=[(k, k) for k in KINDS], cites=[len(rows), title]
        )
    radius = find_blast_radius(view.snapshot, kind, key)
    milestones = [{"trial": s, "what": m.replace("_", " "), "due": d} for s, m, d in radius.milestones]
    clocks = [{"trial": s, "event": e, "due": d} for s, e, d in radius.clocks]
    trials = [{"trial": Cell(t, href=f"/trials/{t}"), "state": "running" if t in radius.running else "over"} for t in radius.trials]
    tables = [
        Table("trials", "Trials", [Column("trial", "Trial"), Column("state", "State")], trials, empty="No trial.", size=25),
        Table("milestones", "Milestones due within half a year", [Column("trial", "Trial"), Column("what", "Milestone"), Column("due", "Due")], milestones, empty="No milestone is due."),
        Table("clocks", "Reporting clocks that run", [Column("trial", "Trial"), Column("event", "Event"), Column("due", "Report by")], clocks, empty="No clock runs."),
    ]  # fmt: skip
    title = f"{wording.plural(len(radius.running), 'running trial')} and {wording.money(radius.money)} hang on {radius.name}"
    return view.page(
        "risks/blast_radius.html", finding=title, tables=tables, radius=radius, kinds=[(k, k) for k in KINDS],
        cites=[title, len(radius.running), radius.sites, radius.participants, wording.money(radius.money), wording.money(radius.daily_cost), key, radius.name],
    )  # fmt: skip


@router.get("/risks/market")
def show_market(view: View = permit("portfolio.read")) -> Response:
    """What competitors' trials did lately."""
    found = [f for f in gather_findings(view) if f.id.startswith("market/")]
    title = f"{wording.plural(len(found), 'kind')} of news from competing trials" if found else "No news from competing trials"
    text = "Put snapshots or change feeds of ClinicalTrials.gov into the folder market of the installation; the how-to page of the risks says how. Source: ClinicalTrials.gov, U.S. National Library of Medicine."
    rows = [{"what": f.headline, "cause": f.cause, "verdict": f.verdict} for f in found]
    return _page(
        view,
        title,
        [text],
        [
            Table(
                "market",
                "News",
                [Column("what", "What"), Column("cause", "For whom"), Column("verdict", "Verdict")],
                rows,
                empty="No registry facts were given.",
            )
        ],
        cites=[len(found), *(t for f in found for t in (f.headline, f.cause))],
    )


def paths(snapshot: Snapshot) -> list[str]:
    """Every page, with one example of each kind."""
    fixed = [entry.href for entry in NAVIGATION]
    fixed.append("/risks/market")
    if snapshot.tables.get("site"):
        fixed.append("/risks/history")
        worst = get_board(snapshot).site_scores[:1]
        fixed += [f"/risks/sites/{s.study}/{s.site}" for s in worst]
        fixed += [
            f"/risks/blast-radius?kind={kind}&key={mine[0][0]}"
            for kind, mine in list_things(snapshot).items()
            if mine and kind in ("vendor", "country")
        ]
    return fixed


def search(view: View, wanted: str) -> list[Hit]:
    """Indicators and register items by their words."""
    found = [
        Hit(i.name, f"/risks/indicators?indicator={key}", "Indicator", i.question)
        for key, i in load_indicators().items()
        if wanted in i.name.lower()
    ]
    found += [
        Hit(item.title, f"/risks/register/{item.id}", "Register")
        for item in register.read_items(view.record)
        if wanted in item.title.lower()
    ]
    return found[:10]


def _page(view: View, title: str, texts: Sequence[str], tables: Sequence[Table], cites: Iterable[object] = ()) -> Response:
    return view.page("risks/tables.html", finding=title, tables=tables, texts=list(texts), cites=[*texts, *cites])


def _funnel(study: str, indicator: str, cells: Sequence[Indicated]) -> Funnel:
    definition = get_indicator(indicator)
    known = [c for c in cells if c.score is not None and c.expected is not None]
    is_share = definition.kind == "binary"
    points = sorted(known, key=lambda c: -abs(c.score or 0))
    doubtful = {c.group for c in points if c.flag and definition.worries(c.flag)}
    dots = tuple(
        FunnelPoint(
            c.group,
            _size(c, is_share),
            (c.metric if is_share else c.ratio) or 0.0,
            Verdict.CONCERN if c.group in doubtful else Verdict.ORDINARY,
        )
        for c in points
    )
    total_x, total_n = sum(c.numerator or 0 for c in known), sum(c.denominator or 0 for c in known)
    centre = total_x / total_n if is_share and total_n else 1.0
    limits = (Limit("95% of chance", tuple(_chance(centre, s, is_share) for s in _grid(max(_size(c, is_share) for c in known)))),)
    worst = wording.listing([f"site {c.group}" for c in points if c.group in doubtful][:3]) if doubtful else "no site"
    sentence = f"{definition.name} in {study}: {worst} {'stands' if len(doubtful) <= 1 else 'stand'} out. {state_coverage(cells)}."
    return Funnel(
        title=f"{definition.name} in {study}", sentence=sentence, unit="share" if is_share else "ratio", points=dots, centre=centre, limits=limits, size_label="Counted" if is_share else "Expected",
        value_label="Share" if is_share else "Observed to expected",
        method="Each site is judged by what the other sites predict, with the spread between sites taken into account; dashed lines show what chance alone would keep to. A site is marked where its robust score is 2 or more on the worrying side.",
        source="the indicator's counts in this snapshot",
    )  # fmt: skip


def _size(cell: Indicated, is_share: bool) -> float:
    return (cell.denominator if is_share else cell.expected) or 0.0


def _grid(top: float) -> list[float]:
    return [max(top, 1.0) * (i + 0.5) / 24 for i in range(25)]


def _chance(centre: float, size: float, is_share: bool) -> tuple[float, float, float]:
    error = sqrt(centre * (1 - centre) / size) if is_share else 1 / sqrt(size)
    low, high = centre - 1.96 * error, centre + 1.96 * error
    return size, max(low, 0.0), min(high, 1.0) if is_share else high


def _exceedance(title: str, sentence: str, unit: str, levels: Any, above: Any, tolerated: Any) -> Exceedance:
    points = tuple((float(a), float(c)) for a, c in zip(levels, above, strict=True))
    allowed = tuple((float(a), float(c)) for a, c in zip(levels, tolerated, strict=True)) if tolerated is not None else ()
    method = "Each risk happens or not, with its probability; its size is drawn from the lognormal distribution through its 5th and 95th percentile. Money and days of one event move together, opportunities count as negative losses, and what has happened already is left out."
    return Exceedance(
        title=title,
        sentence=sentence,
        unit=unit,
        points=points,
        tolerated=allowed,
        value_label="Loss in a year" if unit != "days" else "Delay",
        method=method,
        source="the register",
    )


def _cell_table(name: str, caption: str, cells: Sequence[Indicated], empty: str) -> Table:
    rows = [
        {
            "site": Cell(c.group, href=f"/risks/sites/{c.study}/{c.group}"), "indicator": load_indicators()[c.indicator].name, "seen": c.numerator if c.numerator is not None else "not collected",
            "expected": Cell(c.expected or 0.0, c.not_assessed_reason or wording.number(c.expected or 0, 1)), "ratio": Cell(c.ratio or 0.0, "–" if c.ratio is None else wording.number(c.ratio, 2), sub=_interval(c)),
            "score": Cell(surprise(c), "–" if c.score is None else wording.number(c.score, 1, signed=True)), "flagged": c.snapshots_flagged, "verdict": judge(c) if c.score is not None else (c.not_assessed_reason or "not assessed"),
        }
        for c in cells
    ]  # fmt: skip
    columns = [
        Column("site", "Site"),
        Column("indicator", "Indicator"),
        Column("seen", "Seen", is_number=True),
        Column("expected", "Expected", is_number=True),
        Column("ratio", "Seen to expected", is_number=True),
        Column("score", "Score", is_number=True),
        Column("flagged", "Snapshots flagged", is_number=True),
        Column("verdict", "Verdict"),
    ]
    return Table(name, caption, columns, rows, empty=empty, size=40)


def _interval(cell: Indicated) -> str:
    return (
        ""
        if cell.ratio_low is None or cell.ratio_high is None
        else f"{wording.number(cell.ratio_low, 2)} to {wording.number(cell.ratio_high, 2)}"
    )


def _signals(name: str, signals: Sequence[Any], empty: str) -> Table:
    rows = [
        {
            "signal": Cell(s.id, href=f"/risks/signals/{s.id}"),
            "what": s.headline,
            "state": s.state.replace("_", " "),
            "opened": s.opened_at,
            "effect": s.effect.replace("_", " ") or "not measured yet",
        }
        for s in signals
    ]
    return Table(
        name,
        "Signals, newest first",
        [
            Column("signal", "Signal"),
            Column("what", "What"),
            Column("state", "State"),
            Column("opened", "Opened"),
            Column("effect", "Effect"),
        ],
        rows,
        empty=empty,
        size=25,
    )


def _signal_table(view: View, key: str) -> Table:
    signals = [s for s in loop.read_signals(view.record) if f"{s.study_id}/{s.group_id}" == key]
    return _signals("opened", signals, "No signal of this site was opened.")


def _item_table(items: Sequence[RegisterItem], today: date) -> Table:
    overdue = {i.id for i in register.due_for_review(items, today)}
    rows = [
        {
            "item": Cell(i.title, href=f"/risks/register/{i.id}"), "kind": i.kind, "status": i.status, "owner": i.owner or "nobody yet", "p": i.p_annual if i.p_annual is not None else "not stated",
            "score": Cell(s, wording.number(s, 1)) if (s := register.rank_qualitatively(i)) is not None else "not stated", "review": "overdue" if i.id in overdue else (i.next_review or "not set"),
        }
        for i in items
    ]  # fmt: skip
    columns = [
        Column("item", "Item"),
        Column("kind", "Kind"),
        Column("status", "State"),
        Column("owner", "Owner"),
        Column("p", "Probability", "share", is_number=True),
        Column("score", "Score of 10", is_number=True),
        Column("review", "Next review"),
    ]
    return Table(
        "items",
        "Items of the register",
        columns,
        rows,
        empty="The register is empty. Raise an item below, or import a workbook: quarterdeck register import.",
        size=30,
    )


def _facts_of(item: RegisterItem) -> list[dict[str, object]]:
    money = (
        "not stated"
        if item.cost_p05 is None
        else f"{wording.money(item.cost_p05, item.currency)} to {wording.money(item.cost_p95 or 0, item.currency)} (5th to 95th percentile)"
    )
    days = (
        "not stated"
        if item.days_p05 is None
        else f"{wording.number(item.days_p05)} to {wording.number(item.days_p95 or 0)} days (5th to 95th percentile)"
    )
    worth = register.value_of_treatment(item)
    pairs = [
        ("Kind", item.kind), ("State", item.status), ("Owner", item.owner or "nobody yet"), ("Category", item.category.replace("_", " ")),
        ("Probability in a year", "not stated" if item.p_annual is None else wording.share(item.p_annual)), ("Cost if it happens", money), ("Delay if it happens", days),
        ("Treatment", item.treatment or "none agreed"), ("Value of the treatment", "not stated" if worth is None else wording.money(worth, item.currency, signed=True)),
        ("Priority number", register.priority_number(item) or "not stated"), ("Next review", item.next_review or "not set"),
    ]  # fmt: skip
    return [{"what": what, "value": value} for what, value in pairs]


def _baseline(signal: Any) -> str:
    if signal.baseline_score is None:
        return "When it was opened there was no score."
    return f"When it was opened, on the facts of {wording.day(signal.opened_cut)}, its score was {wording.number(signal.baseline_score, 1, signed=True)}."


def _most_signals(cells: Sequence[Indicated], studies: Sequence[str]) -> str:
    counts: dict[str, int] = defaultdict(int)
    for cell in cells:
        counts[cell.study] += judge(cell) is Verdict.CONCERN and (cell.q_value or 1) <= SIGNAL_LIMIT
    return max(studies, key=lambda s: (counts[s], s))


def _worst_indicator(cells: Sequence[Indicated]) -> str:
    return max(cells, key=lambda c: (judge(c) is Verdict.CONCERN, surprise(c))).indicator


def _categories() -> list[tuple[str, str]]:
    from quarterdeck.risks.indicators import CATEGORIES

    return [(name, name.replace("_", " ")) for name in CATEGORIES]


def _date(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise BadInput("The date cannot be read", thing=repr(text), allowed="YYYY-MM-DD") from error


def _number(name: str, text: str) -> float:
    try:
        return float(text.replace(",", ""))
    except ValueError as error:
        raise BadInput("This is not a number", thing=f"{name.replace('_', ' ')}: {text!r}") from error
