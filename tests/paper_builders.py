"""Fact bases for tests of papers: readings and findings made by hand, no files, no clock."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

from quarterdeck.papers.facts import EvidenceState, FactBase
from quarterdeck.papers.providers import context, library
from quarterdeck.papers.providers import findings as found
from quarterdeck.papers.providers import readings as measured
from quarterdeck.vocabulary.finding import Consequence, Finding
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.money import Money
from quarterdeck.vocabulary.period import Period
from quarterdeck.vocabulary.reading import Reading, Scope
from quarterdeck.vocabulary.verdict import NotAssessed, Verdict

MADE_AT = datetime(2026, 7, 3, 9, 30, tzinfo=UTC)
MEASURES = {
    "budget_variance_year": ("Budget variance", "Is the portfolio inside its budget band?", "Finance partner"),
    "cycle_time_change": ("Cycle time from approval to lock", "Are trials getting faster?", "Head of delivery"),
    "major_findings_per_audit": ("Major findings per audit", "Do audits find fewer majors?", "Head of quality"),
    "regrettable_attrition": ("Regrettable attrition", "Do we keep the people we need?", "Head of people"),
    "enrolment_against_plan": ("Enrolment against plan", "Are trials recruiting as planned?", "Head of delivery"),
}


def make_reading(measure: str, scope: Scope = Scope(), unit: str = "share", value: float | None = 0.062, **more: Any) -> Reading:
    """A reading with an interval of a fifth either way."""
    if value is None:
        return Reading(measure, scope, unit, None, not_assessed=more.pop("why", NotAssessed.TOO_FEW), snapshot="s" * 64, **more)
    interval = more.pop("interval", Interval(value - abs(value) / 5 - 0.001, value + abs(value) / 5 + 0.001, 0.9))
    return Reading(measure, scope, unit, value, interval, as_of=date(2026, 6, 30), snapshot="s" * 64, definition=f"{measure}@1:abc", **more)


def sample_readings(seed: int = 1, trials: int = 6) -> list[Reading]:
    """Targets at portfolio level and two measures by trial, with values that follow the seed."""
    rng = random.Random(seed)
    quarter = Period.quarter(2026, 2)
    readings = [
        make_reading(
            "budget_variance_year",
            value=rng.uniform(0.02, 0.12),
            target="within ±5.0%",
            p_target=rng.uniform(0.05, 0.9),
            verdict=Verdict.CONCERN,
            period=quarter,
            drivers=(("scope", 0.031), ("price", 0.012)),
        ),
        make_reading(
            "cycle_time_change",
            unit="days",
            value=float(rng.randint(900, 1300)),
            target="at least 10.0% shorter",
            p_target=rng.uniform(0.05, 0.9),
            verdict=Verdict.ORDINARY,
        ),
        make_reading(
            "major_findings_per_audit", unit="per audit", value=rng.uniform(0.5, 3.0), target="below 2", p_target=rng.uniform(0.05, 0.6)
        ),
        make_reading(
            "regrettable_attrition",
            value=rng.uniform(0.01, 0.09),
            target="below 5.0%",
            p_target=rng.uniform(0.3, 0.97),
            numerator=3,
            denominator=68,
        ),
    ]
    for i in range(1, trials + 1):
        scope = Scope("study", f"QD-{i:03d}")
        verdict = Verdict.CONCERN if i == 1 else Verdict.ORDINARY
        readings.append(
            make_reading(
                "enrolment_against_plan",
                scope,
                value=rng.uniform(0.3, 1.1),
                verdict=verdict,
                p_target=rng.random() * 0.9,
                target="at least 90.0%",
                numerator=float(rng.randint(40, 200)),
                denominator=320,
            )
        )
        readings.append(make_reading("budget_variance_year", scope, value=rng.uniform(-0.1, 0.3), verdict=verdict, period=quarter))
    return readings


def make_finding(finding_id: str, headline: str, source: str = "risks") -> Finding:
    """A concern about the scope that its id names."""
    _, level, key = (*finding_id.split("/", 2), "")[:3]
    scope = Scope() if level == "portfolio" else Scope(level, key)
    return Finding(finding_id, source, scope, headline, Verdict.CONCERN, snapshot="s" * 64)


def sample_findings(seed: int = 1) -> list[Finding]:
    """Three matters: a failing trial, a vendor that earns from delay, an opportunity."""
    rng = random.Random(seed)
    late = rng.randint(90, 400)
    cost = rng.randint(200_000, 4_000_000)
    return [
        Finding(
            "enrolment/study/QD-001", "forecasts", Scope("study", "QD-001"), f"QD-001 will finish enrolment {late} days late", Verdict.CONCERN, "11 of 40 sites have enrolled nobody.",
            "Open 6 back-up sites and close the silent ones.", "Head of delivery", consequence=Consequence(0.8, float(late), Money(Decimal(cost), "GBP"), 120), facts={"late": float(late)},
        ),
        Finding(
            "vendor/V-02", "vendors", Scope("vendor", "V-02"), "Northfield Research earns £1.2 million from its own delays", Verdict.CONCERN, "18 of 31 change orders price time.",
            "Renegotiate the delay clause before the next change order.", "Vendor manager", consequence=Consequence(0.6, 45, Money(Decimal(1_200_000), "GBP")),
        ),
        Finding("gain/QD-004", "scenarios", Scope("study", "QD-004"), "Moving 3 monitors to QD-004 saves 21 days", Verdict.BETTER, "Its sites are the fastest.", "Move them in August.", "Head of monitoring", opportunity=True),
    ]  # fmt: skip


def sample_facts(
    seed: int = 1,
    readings: Sequence[Reading] | None = None,
    findings: Sequence[Finding] | None = None,
    benchmarks: Mapping[str, Any] | None = None,
    snapshot: str = "",
    **more: Any,
) -> FactBase:
    """A fact base over sample readings and findings. `snapshot` is its id; equal seeds give equal facts."""
    state = EvidenceState(
        snapshot or f"{seed:064x}", date(2026, 6, 30), datetime(2026, 7, 1, 6, 0, tzinfo=UTC), more.pop("is_latest", True)
    )
    held = sample_readings(seed) if readings is None else list(readings)
    reading_provider = measured.ReadingProvider(
        lambda measure, level: [r for r in held if r.measure == measure and r.scope.level == level], {k: v[0] for k, v in MEASURES.items()}
    )
    finding_provider = found.FindingProvider(lambda: sample_findings(seed) if findings is None else findings)
    names = {"study": {f"QD-{i:03d}": f"QD-{i:03d}" for i in range(1, 7)}, "vendor": {"V-02": "Northfield Research"}}
    scopes = context.ScopeProvider(names)
    parts = [
        context.ContextProvider(state, MADE_AT, {"trials": 6, "sites": 212}),
        reading_provider,
        finding_provider,
        found.TallyProvider(finding_provider, reading_provider),
        library.BenchmarkProvider(benchmarks or {}),
        measured.MeasureProvider(MEASURES),
        scopes,
        context.PreviousProvider(more.pop("read_manifest", lambda paper: None)),
        library.GuidanceProvider(),
        context.GivenProvider(more.pop("given", {}), "the author"),
        *more.pop("further", ()),
    ]
    return FactBase(state, parts)
