"""The pictures of a trial, a site or a country, from the facts and readings that their pages show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from quarterdeck.charts.dots import Dot, Dots
from quarterdeck.charts.fan import Band, Fan
from quarterdeck.charts.funnel import Funnel, FunnelPoint, Limit
from quarterdeck.charts.small_multiples import Panel, SmallMultiples
from quarterdeck.charts.sparkline import Sparkline
from quarterdeck.charts.timeline import Milestone, Timeline
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.vocabulary.verdict import Verdict
from quarterdeck.web.portfolio import MONTHS_IN_SPARKLINE, Points

if TYPE_CHECKING:
    from quarterdeck.forecasts.model import TrialForecast

SOURCE = "the facts of this snapshot."


def enrolment_spark(name: str, points: Points, target: float | None = None) -> Sparkline:
    """The last months of enrolment in the height of a line."""
    last = points[-MONTHS_IN_SPARKLINE:]
    sentence = (
        f"{name}: from {wording.number(last[0][1])} to {wording.number(last[-1][1])} participants in {wording.plural(len(last), 'month')}."
        if last
        else f"{name}: nobody is enrolled yet."
    )
    return Sparkline(
        title=f"Enrolment of {name}",
        sentence=sentence,
        unit="participants",
        points=last,
        target=target if target and last and target < 1.6 * last[-1][1] else None,
    )


def enrolment_chart(
    name: str, sentence: str, points: Points, plan: Points, target: float | None, today: date, forecast: TrialForecast | None = None
) -> Fan:
    """Enrolment against plan, and where it will end where a forecast was made."""
    history = points if not points or points[-1][0] >= today else (*points, (today, points[-1][1]))
    middle, bands = _fan(forecast, target) if forecast else ((), ())
    method = "Participants count on their day of enrolment, or of randomisation where no enrolment is recorded. The plan is the planned count by month where one was loaded; otherwise a straight line from first to last planned enrolment."
    if forecast:
        method += f" The forecast pools the rates of sites, lets them drift together and simulates {wording.number(forecast.replicates)} futures (seed {forecast.seed}). It rests on {forecast.evidence}."
    return Fan(
        title=f"Enrolment of {name}", sentence=sentence, source=SOURCE, unit="participants", history=history, plan=plan, target=target, value_label="Participants enrolled", middle=middle, bands=bands,
        method=method,
    )  # fmt: skip


def _fan(forecast: TrialForecast, target: float | None) -> tuple[Points, tuple[Band, ...]]:
    """The fan up to where even a slow future has reached the target, and at most three years: beyond, the picture says nothing more."""
    from quarterdeck.forecasts.model import LEVELS

    at = {level: i for i, level in enumerate(LEVELS)}
    ends = date.fromordinal(forecast.today.toordinal() + 3 * 365)
    steps = []
    for day, values in forecast.fan:
        if day > ends:
            break
        steps.append((day, values))
        if target and values[at[0.10]] >= target:
            break
    if len(steps) < 2:
        return (), ()
    middle = tuple((day, values[at[0.5]]) for day, values in steps)
    bands = tuple(
        Band(level, tuple((day, values[at[low]], values[at[high]]) for day, values in steps))
        for level, low, high in ((0.5, 0.25, 0.75), (0.9, 0.05, 0.95))
    )
    return middle, bands


def milestone_chart(name: str, sentence: str, rows: Sequence[Mapping[str, Any]], today: date) -> Timeline:
    """Planned and actual dates, with the forecast date of the source system where it gives one."""
    return Timeline(
        title=f"Milestones of {name}", sentence=sentence, source=SOURCE, today=today,
        milestones=tuple(Milestone(row["label"], row["planned"], row["actual"], row["likely"], row["low"], row["high"], row["verdict"]) for row in rows),
        method="Planned dates are the current plan. A likely date is the middle of the simulated futures, its whiskers hold 80% of them; where none was made, it is the forecast that the source system holds.",
    )  # fmt: skip


def spending_chart(name: str, sentence: str, spent: Points, budget: Points, approved: float, currency: str) -> Fan:
    """Cumulative actual and accrued cost against the approved budget."""
    return Fan(
        title=f"Spending of {name}", sentence=sentence, source=SOURCE, unit=currency, history=spent, plan=budget, target=approved, target_label="Approved",
        method="Actual plus accrued cost, added up by month, against the current budget added up by month. Other currencies are converted at their budget rates.",
    )  # fmt: skip


def deviation_funnel(name: str, readings: Iterable[Reading]) -> Funnel | None:
    """Deviations per visit by site against what chance would give."""
    from scipy.stats import chi2

    known = [
        (r.scope.key.split("/", 1)[-1], float(r.denominator), float(r.numerator))
        for r in readings
        if r.denominator and r.numerator is not None
    ]
    visits, events = sum(v for _, v, _ in known), sum(n for _, _, n in known)
    if len(known) < 3 or not events:
        return None
    rate, largest = events / visits, max(v for _, v, _ in known)

    def ends(size: float, tail: float) -> tuple[float, float]:
        expected = rate * size
        return 100 * float(chi2.ppf(tail, 2 * expected)) / 2 / size, 100 * float(chi2.ppf(1 - tail, 2 * expected + 2)) / 2 / size

    sizes = [max(1.0, largest * i / 40) for i in range(1, 42)]
    limits = tuple(
        Limit(label, tuple((size, *ends(size, tail)) for size in sizes)) for label, tail in (("95% limit", 0.025), ("99.8% limit", 0.001))
    )
    points = tuple(
        FunnelPoint(
            f"Site {site}", size, 100 * count / size, Verdict.CONCERN if 100 * count / size > ends(size, 0.001)[1] else Verdict.ORDINARY
        )
        for site, size, count in known
    )
    beyond = sum(point.verdict is Verdict.CONCERN for point in points)
    sentence = f"{beyond} of {wording.plural(len(points), 'site')} {'has' if beyond == 1 else 'have'} more deviations than the number of visits and chance explain."
    return Funnel(
        title=f"Protocol deviations in {name}", sentence=sentence, source=SOURCE, unit="number", points=points, centre=100 * rate, limits=limits, size_label="Visits at the site",
        value_label="Deviations per 100 visits",
        method="Exact Poisson limits around the trial's own rate. Beyond the 99.8% limit lies one site in a thousand by chance alone. A rate that is too low may mean that deviations are not reported.",
    )  # fmt: skip


def share_dots(title: str, sentence: str, readings: Mapping[str, Reading], labels: Mapping[str, str], row_label: str) -> Dots | None:
    """One share for several countries or sites, with intervals."""
    dots = tuple(
        Dot(
            labels.get(key, key),
            reading.value,
            reading.interval.low if reading.interval else None,
            reading.interval.high if reading.interval else None,
            verdict=reading.verdict or Verdict.ORDINARY,
        )
        for key, reading in sorted(readings.items(), key=lambda item: item[1].value if item[1].value is not None else 9.0)
        if reading.value is not None
    )[:14]
    if len(dots) < 2:
        return None
    first = next(iter(readings.values()))
    level = next((reading.interval.level for reading in readings.values() if reading.interval), 0.9)
    return Dots(
        title=title,
        sentence=sentence,
        source=SOURCE,
        unit=first.unit,
        dots=dots,
        level=level,
        row_label=row_label,
        method="Each line is the interval of its own count; the lowest stand on top.",
    )


def country_panels(name: str, points_by_country: Mapping[str, Points], sentence: str) -> SmallMultiples | None:
    """Enrolment by country on equal axes, the six largest."""
    largest = sorted(points_by_country.items(), key=lambda item: -(item[1][-1][1] if item[1] else 0))[:6]
    panels = tuple(Panel(country, points) for country, points in largest if points)
    if len(panels) < 2:
        return None
    return SmallMultiples(
        title=f"Enrolment of {name} by country", sentence=sentence, source=SOURCE, unit="participants", panels=panels, panel_label="Country",
        method="Participants enrolled, added up by month; the six countries with most, on equal axes.",
    )  # fmt: skip


def people_panels(name: str, by_role: Mapping[str, tuple[Points, Points]], sentence: str) -> SmallMultiples | None:
    """Planned and actual full-time equivalents by role."""
    panels = tuple(Panel(role, actual, planned) for role, (actual, planned) in sorted(by_role.items()) if len(actual) > 1)[:6]
    if not panels:
        return None
    return SmallMultiples(
        title=f"People of {name}", sentence=sentence, source=SOURCE, unit="number", panels=panels, reference_label="Planned", panel_label="Role",
        method="Full-time equivalents by month: actual in the first colour, planned in grey.",
    )  # fmt: skip


def merge_points(series: Iterable[Points]) -> Points:
    """Several rising lines added up."""
    steps: dict[date, float] = {}
    for points in series:
        before = 0.0
        for day, value in points:
            steps[day] = steps.get(day, 0.0) + value - before
            before = value
    total, merged = 0.0, []
    for day in sorted(steps):
        total += steps[day]
        merged.append((day, total))
    return tuple(merged)
