"""The Bridge: what needs a decision, the four headline measures, what changed, and how fresh the facts are."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from fastapi.responses import Response
from sqlalchemy import select

from quarterdeck.charts.bullet import Bullet
from quarterdeck.record.models.accounts import Visit
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web.matters import concerns, gather_findings, gather_matters, reading_of, study_of
from quarterdeck.web.navigation import Entry
from quarterdeck.web.outlook import say_outlook
from quarterdeck.web.pages.trials import by_study, rank, trial_table
from quarterdeck.web.portfolio import read_portfolio
from quarterdeck.web.sources import read_sources
from quarterdeck.web.tables import words
from quarterdeck.web.view import View, permit

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

router = APIRouter()
NAVIGATION = (Entry("Bridge", "/", "Bridge", "What needs me this week?"),)
# The four targets of the role; where a measure has no reading, the next of its line stands in.
HEADLINES = (
    ("Budget variance", ("budget_variance_year", "budget_variance_quarter")),
    ("Cycle time against last year", ("cycle_time_change", "cycle_time")),
    ("Major findings per audit", ("major_findings_per_audit", "critical_findings_per_audit")),
    ("Regrettable attrition", ("regrettable_attrition", "engagement")),
)
SHOWN = 5


@router.get("/")
def show_bridge(view: View = permit("page.read", any_scope=True)) -> Response:
    """The page an executive opens on Monday."""
    findings = gather_findings(view)
    urgent = concerns(findings)
    trials = [trial for trial in read_portfolio(view.snapshot).trials.values() if view.may_read_study(trial.id)]
    matters = by_study(findings)
    worst = sorted((trial for trial in trials if matters.get(trial.id)), key=lambda trial: rank(view, trial, matters[trial.id]))
    headlines = [_headline(view, name, measures) for name, measures in HEADLINES] if view.covers_portfolio else []
    change = _changes(view)
    fresh = freshness(view.snapshot)
    first = gather_matters(view, SHOWN)
    chances = [entry for entry in findings if entry.opportunity]
    finding = (
        f"{wording.of(len(worst), len(trials))} trials need attention"
        if worst
        else f"None of {wording.plural(len(trials), 'trial')} needs attention"
    )
    return view.page(
        "bridge/index.html", finding=finding, tables=[trial_table(view, worst[:8], matters)],
        charts={entry["chart_name"]: entry["chart"] for entry in headlines if entry["chart"]}, readings=[entry["reading"] for entry in headlines if entry["reading"]], findings=urgent,
        headlines=[entry for entry in headlines if entry["reading"]], first=first, n_urgent=len(urgent), change=change, fresh=fresh,
        opportunities=chances[:3], n_chances=len(chances), n_worst=len(worst[:8]),
        cites=[len(worst), len(trials), len(urgent), len(first), len(chances), len(chances[:3]), len(worst[:8]), *(len(matter.also) for matter in first), *(matter.why for matter in first), *change.values(), *fresh.values(), *(text for f in findings for text in (f.headline, f.cause, f.suggested_action)), *(e["sentence"] for e in headlines), *(e["of"] for e in headlines)],
    )  # fmt: skip


@router.get("/attention")
def show_attention(view: View = permit("page.read", any_scope=True)) -> Response:
    """Everything that asks for something, gravest first."""
    findings = gather_findings(view)
    urgent = concerns(findings)
    opportunities = [finding for finding in findings if finding.opportunity]
    finding = (
        f"{wording.plural(len(urgent), 'finding')} {'asks' if len(urgent) == 1 else 'ask'} for attention"
        if urgent
        else "Nothing asks for attention"
    )
    return view.page(
        "bridge/attention.html", finding=finding, findings=findings, urgent=urgent, opportunities=opportunities,
        cites=[len(urgent), len(opportunities), *(text for f in findings for text in (f.headline, f.cause, f.suggested_action))],
    )  # fmt: skip


def freshness(snapshot: Snapshot) -> dict[str, Any]:
    """How many sources are as fresh as their rhythm, how many rows wait in quarantine, how many trials have participants."""
    sources = read_sources(snapshot)
    late = [source for source in sources if source.is_late]
    trials = read_portfolio(snapshot).trials
    return {
        "sources": len(sources),
        "late": len(late),
        "aside": snapshot.info.quarantine.rows if snapshot.info.quarantine else 0,
        "trials": len(trials),
        "with_plan": sum(bool(trial.planned) for trial in trials.values()),
    }


def bullet_of(name: str, reading: Reading) -> Bullet | None:
    """A reading against its target."""
    from quarterdeck.measures.catalogue import load_definitions
    from quarterdeck.measures.model import Comparison

    definition = load_definitions().get(reading.measure)
    if reading.value is None:
        return None
    target = definition.target if definition else None
    inside: tuple[float | None, float | None] = (None, None)
    if target is not None:
        inside = {
            Comparison.WITHIN: (-target.value, target.value), Comparison.AT_LEAST: (target.value, None), Comparison.AT_MOST: (None, target.value), Comparison.BELOW: (None, target.value),
        }[target.comparison]  # fmt: skip
    sentence = f"{name} is {words(reading)}{f'; the target is {target.in_words(reading.unit)}' if target and definition else ''}."
    return Bullet(
        title=name, sentence=sentence, label=name, value=reading.value, unit=reading.unit, interval=reading.interval, verdict=reading.verdict or Verdict.ORDINARY, acceptable=inside,
        target=target.value if target and target.comparison is not Comparison.WITHIN else None,
    )  # fmt: skip


def target_in_words(reading: Reading) -> str:
    """'Ordinary: within now; 74% to end within (target within ±5.0%)', or that there is none."""
    if reading.value is None:
        return ""
    from quarterdeck.measures.catalogue import load_definitions

    definition = load_definitions().get(reading.measure)
    if definition is None or definition.target is None:
        return reading.verdict.word if reading.verdict else ""
    verdict = f"{reading.verdict.word}: " if reading.verdict else ""
    return f"{verdict}{say_outlook(reading)} (target {definition.target.in_words(reading.unit)})"


def probability_sentence(reading: Reading) -> str:
    """How likely the target is to be met, in the words of the ladder with the number; the reason where nobody can say."""
    if reading.p_target is None:
        return reading.reason or ("The probability of meeting the target is not assessed." if reading.value is not None else "")
    source = f", by the {told}" if (told := reading.details.get("chance_from")) else ""
    sentence = f"It is {wording.likelihood(reading.p_target)} that the target will be met ({wording.chance(reading.p_target)}{source})."
    if outlook := reading.details.get("outlook"):
        return f"{sentence} {outlook}"
    if reading.interval is not None:
        sentence += f" The figure lies {wording.interval(reading.interval, reading.unit)}."
    return sentence


def paths(snapshot: Snapshot) -> list[str]:
    """Pages to prepare, walk and measure."""
    return ["/", "/attention"]


def _headline(view: View, name: str, measures: tuple[str, ...]) -> dict[str, Any]:
    candidates = [reading for measure in measures if (reading := reading_of(view.snapshot, measure)) is not None]
    reading = next((entry for entry in candidates if entry.is_assessed), candidates[0] if candidates else None)
    if reading is None:
        return {"reading": None, "chart": None, "chart_name": "", "sentence": ""}
    of = ""
    if reading.numerator is not None and reading.denominator:
        of = f"{_amount(reading.numerator, reading)} of {_amount(reading.denominator, reading)}"
    return {
        "name": name, "reading": reading, "chart": bullet_of(name, reading), "chart_name": reading.measure, "of": of if reading.is_assessed and reading.unit == "share" and not reading.measure.startswith("cycle_time") else "",
        "verdict": target_in_words(reading), "sentence": probability_sentence(reading),
    }  # fmt: skip


def _amount(value: float, reading: Reading) -> str:
    currency = reading.details.get("currency")
    return wording.money(value, str(currency)) if currency else wording.number(value, 0 if value > 100 else None)


def _changes(view: View) -> dict[str, Any]:
    """What is new since this person's last visit on another day (or since the snapshot before)."""
    chain = view.deck.store.snapshots()
    here = next((i for i, info in enumerate(chain) if info.id == view.snapshot.id), 0)
    before, visited = _last_visit(view), ""
    known = {info.id for info in chain}
    if before and before[1] in known:
        since, visited = before[1], before[0]
    else:
        since = chain[here - 1].id if here else ""
    _remember_visit(view)
    if not since or since == view.snapshot.id:
        return {"since": since, "visited": visited, "new": 0, "gone": 0, "same": bool(since)}
    then = {finding.id for finding in concerns(_findings_then(view, since))}
    now = {finding.id for finding in concerns(gather_findings(view))}
    return {
        "since": since,
        "visited": visited,
        "new": len(now - then),
        "gone": len(then - now),
        "same": False,
        "taken": view.deck.store.read_info(since).taken_at,
    }


def _findings_then(view: View, snapshot_id: str) -> tuple[Any, ...]:
    """The findings of the earlier facts, where they were worked out already; a page does not wait for yesterday's."""
    from quarterdeck.web.matters import findings_of

    found = findings_of(view.deck.store.open(snapshot_id))
    return found if view.covers_portfolio else tuple(f for f in found if study_of(f.scope) and view.may_read_study(study_of(f.scope)))


def _last_visit(view: View) -> tuple[str, str] | None:
    today = view.now().date().isoformat()
    with view.record.session() as session:
        visit = session.scalars(
            select(Visit).where(Visit.person_id == view.actor.id, Visit.visited_on < today).order_by(Visit.visited_on.desc())
        ).first()
        return (visit.visited_on, visit.snapshot) if visit else None


def _remember_visit(view: View) -> None:
    if view.is_asked_inside or view.as_of:
        return
    today = view.now().date().isoformat()
    with view.record.session() as session:
        visit = session.get(Visit, (view.actor.id, today))
        if visit is not None and visit.snapshot == view.snapshot.id:
            return
    with view.record.transaction() as session:
        session.merge(Visit(person_id=view.actor.id, visited_on=today, snapshot=view.snapshot.id))
