"""One example of each chart form, as tests and the contact sheet use them."""

from __future__ import annotations

from datetime import date, timedelta
from math import sqrt

from quarterdeck.charts.base import Chart
from quarterdeck.charts.bullet import Bullet
from quarterdeck.charts.control_chart import ControlChart, Step
from quarterdeck.charts.dots import Dot, Dots
from quarterdeck.charts.fan import Band, Fan
from quarterdeck.charts.funnel import Funnel, FunnelPoint, Limit
from quarterdeck.charts.heat_map import HeatCell, HeatMap
from quarterdeck.charts.small_multiples import Panel, SmallMultiples
from quarterdeck.charts.sparkline import Sparkline
from quarterdeck.charts.timeline import Milestone, Timeline
from quarterdeck.charts.waterfall import Waterfall
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.verdict import Verdict

CONCERN, BETTER = Verdict.CONCERN, Verdict.BETTER
START = date(2026, 1, 1)
MONTHS = [START + timedelta(days=30 * i) for i in range(24)]
WORDS = {"title": "Enrolment is behind plan", "sentence": "139 of 360 participants are enrolled & the plan was 250."}


def examples() -> dict[str, Chart]:
    """Every form by name."""
    history = tuple((day, 12.0 * i) for i, day in enumerate(MONTHS[:12]))
    future = MONTHS[11:]
    middle = tuple((day, 132 + 13.0 * i) for i, day in enumerate(future))
    band = lambda level, k: Band(level, tuple((day, 132 + (13 - k) * i, 132 + (13 + k) * i) for i, day in enumerate(future)))  # noqa: E731
    limits = tuple(
        Limit(name, tuple((float(n), max(0, 0.11 - z * sqrt(0.1 / n)), 0.11 + z * sqrt(0.1 / n)) for n in range(3, 61)))
        for name, z in (("95% limit", 1.96), ("99.8% limit", 3.09))
    )
    points = tuple(FunnelPoint(f"Site {i}", 3 + (i * 7) % 55, 0.02 + 0.01 * ((i * 5) % 19)) for i in range(40))
    steps = tuple(
        Step(
            day,
            10 + (i * 7) % 5 if i != 9 else 19.0,
            12.0,
            7.0,
            17.0,
            "beyond a limit" if i == 9 else "",
            CONCERN if i == 9 else Verdict.ORDINARY,
        )
        for i, day in enumerate(MONTHS[:14])
    )
    return {
        "bullet": Bullet(
            **WORDS,
            label="Cycle time",
            value=-0.03,
            unit="share",
            target=-0.10,
            acceptable=(None, -0.1),
            interval=Interval(-0.06, 0.01),
            verdict=CONCERN,
        ),
        "fan": Fan(
            **WORDS,
            unit="participants",
            history=history,
            middle=middle,
            bands=(band(0.8, 3), band(0.95, 5)),
            plan=tuple((d, 20.0 * i) for i, d in enumerate(MONTHS[:19])),
            target=360,
        ),
        "funnel": Funnel(
            **WORDS,
            unit="share",
            points=(*points, FunnelPoint("Site 114", 38, 0.34, CONCERN), FunnelPoint("Site 207", 52, 0.29, CONCERN)),
            centre=0.11,
            limits=limits,
            size_label="Participants enrolled at the site",
        ),
        "control_chart": ControlChart(**WORDS, unit="days", steps=steps, target=9.0),
        "sparkline": Sparkline(**WORDS, unit="participants", points=history, target=150),
        "timeline": Timeline(
            **WORDS,
            today=date(2026, 11, 20),
            milestones=(
                Milestone("First participant", date(2026, 1, 15), date(2026, 2, 1)),
                Milestone(
                    "Last participant enrolled", date(2027, 7, 1), None, date(2028, 5, 1), date(2028, 3, 1), date(2028, 8, 1), CONCERN
                ),
                Milestone("Database lock", date(2027, 12, 1), None, date(2028, 1, 1), date(2027, 11, 1), date(2028, 3, 1)),
            ),
        ),
        "waterfall": Waterfall(
            **WORDS,
            unit="GBP",
            start=("Approved budget", 18.4e6),
            steps=(("More sites", 1.1e6), ("Fewer visits", -0.4e6), ("Currency", 0.2e6)),
            end_label="Forecast",
        ),
        "dots": Dots(
            **WORDS,
            unit="days",
            dots=(
                Dot("Do nothing", 310, 240, 400, CONCERN),
                Dot("Open 12 sites", 180, 110, 260),
                Dot("Close 4 countries", 150, 90, 230, BETTER),
            ),
            reference=100,
        ),
        "heat_map": HeatMap(
            **WORDS,
            unit="number",
            ends=(0, 5),
            cells=tuple(
                HeatCell(r, c, None if (r, c) == ("Data", "Kim") else float((len(r) * len(c)) % 6))
                for r in ("Planning", "Data", "Vendors")
                for c in ("Kim", "Asha", "Tom")
            ),
        ),
        "small_multiples": SmallMultiples(
            **WORDS,
            unit="participants",
            panels=tuple(
                Panel(
                    f"QD-00{n}",
                    tuple((d, v * n / 3) for d, v in history),
                    tuple((d, 14.0 * i) for i, d in enumerate(MONTHS[:12])),
                    CONCERN if n == 1 else Verdict.ORDINARY,
                )
                for n in range(1, 6)
            ),
        ),
    }
