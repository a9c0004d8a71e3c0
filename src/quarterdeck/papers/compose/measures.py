"""Sections about measures: the targets of the role, one measure in depth, and many measures over many trials."""

from __future__ import annotations

from collections.abc import Sequence

from quarterdeck.charts.dots import Dot, Dots
from quarterdeck.papers.claims import Line, Slot, plain
from quarterdeck.papers.compose.drafting import Drafting, reading_id, scope_line, without_interval
from quarterdeck.papers.model import Block, Figure, Native, Paragraph, Section, Series, Table
from quarterdeck.papers.strength import outlook
from quarterdeck.papers.template import SectionPlan
from quarterdeck.vocabulary.reading import Reading
from quarterdeck.vocabulary.verdict import Verdict

MOST_BARS = 8


def target_readings(drafting: Drafting) -> list[Reading]:
    """Readings with a probability of meeting their target, least likely first: the portfolio's, or the subject's own.

    A template may name the measures that are its targets; where none of them is there, all that have one are taken.
    """
    level = drafting.about.level
    known = drafting.facts.readings.measures()
    for wanted in ([m for m in drafting.template.targets if m in known], known):
        found = [r for measure in wanted for r in _latest(drafting.readings(measure, level)) if r.p_target is not None]
        if found:
            return sorted(found, key=lambda r: (r.p_target if r.p_target is not None else 2.0, r.measure))
    return []


def compose_targets(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """How likely each target is to be met, as bars, with value and interval in the table."""
    readings = target_readings(drafting)[: int(plan.options.get("limit", MOST_BARS))]
    if not readings:
        drafting.lack(plan.id, "Targets of the role", "no measure with a target could be assessed")
        return None
    worst = readings[0]
    likely = reading_id(worst, "p_target")
    heading = drafting.say(
        f"{{measure}} is the target most in doubt: {outlook(worst.p_target or 0)}, with a chance of {{p}}",
        f"{plan.id}/heading",
        likely,
        measure=f"measure:{worst.measure}",
        p=Slot(likely, "chance"),
    )
    lines = [_target_sentence(drafting, plan, reading) for reading in readings[:3]]
    blocks: list[Block] = [Paragraph(line) for line in lines if line]
    blocks.append(_target_figure(drafting, readings))
    return Section(
        plan.id, heading or plain(plan.topic), tuple(blocks), (*_chance_notes(drafting, readings), *_notes(drafting, readings)), plan.annex
    )


def _chance_notes(drafting: Drafting, readings: Sequence[Reading]) -> tuple[Line, ...]:
    """What the chances of simulated targets rest on, with what the futures expect."""
    found = [
        drafting.say(
            "The chance of {measure} comes from the {source}. {outlook}",
            "",
            measure=f"measure:{reading.measure}",
            source=Slot(reading_id(reading, "detail_chance_from"), "text"),
            outlook=Slot(reading_id(reading, "detail_outlook"), "text"),
        )
        for reading in readings
        if reading.details.get("chance_from") and reading.details.get("outlook")
    ]
    return tuple(line for line in found if line)


def _target_sentence(drafting: Drafting, plan: SectionPlan, reading: Reading) -> Line | None:
    likely = reading_id(reading, "p_target")
    target = " against a target of {target}" if reading.target else ""
    return drafting.say(
        f"{{measure}} stands at {{value}}{target} and is {outlook(reading.p_target or 0)}: the chance of meeting it is {{p}}.", f"{plan.id}/{reading.measure}", likely,
        measure=f"measure:{reading.measure}", value=reading_id(reading), p=Slot(likely, "chance"), **({"target": Slot(reading_id(reading, "target"), "text")} if reading.target else {}),
    )  # fmt: skip


def _target_figure(drafting: Drafting, readings: Sequence[Reading]) -> Figure:
    names = [drafting.cell(f"measure:{r.measure}", "name") for r in readings]
    rows = tuple(
        (
            name, drafting.cell(reading_id(r)), drafting.cell(reading_id(r), "range", otherwise="none stated") if r.interval else Line("none stated"),
            drafting.cell(reading_id(r, "target"), "text", otherwise="none set"), drafting.cell(reading_id(r, "p_target"), "chance"),
        )
        for name, r in zip(names, readings, strict=True)
    )  # fmt: skip
    table = Table(
        Line(""),
        ("Target of the role", "Now", "Interval", "Target", "Chance of meeting it"),
        rows,
        frozenset({1, 2, 4}),
        (2.6, 1, 1.7, 1.3, 1),
    )
    chart = Dots(
        title="How likely each target is to be met", sentence="One dot for each target, from least to most likely to be met.", unit="probability", value_label="Chance of meeting the target", row_label="Target",
        dots=tuple(Dot(name.text, float(r.p_target or 0), verdict=r.verdict or Verdict.ORDINARY) for name, r in zip(names, readings, strict=True)),
    )  # fmt: skip
    native = Native(
        "bar",
        tuple(names),
        (Series("Chance of meeting the target", tuple(r.p_target for r in readings), tuple(reading_id(r, "p_target") for r in readings)),),
        "probability",
    )
    alternative = drafting.say(
        "Bars for each target, least likely first: from {p} for {measure} up to {high}.", "", p=Slot(reading_id(readings[0], "p_target"), "chance"), measure=f"measure:{readings[0].measure}",
        high=Slot(reading_id(readings[-1], "p_target"), "chance"),
    )  # fmt: skip
    return Figure(
        plain("Chance that each target of the role will be met, given what is known today"),
        alternative or plain("Bars for each target."),
        table,
        chart,
        native,
    )


def compose_measure(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """One or more measures in depth: where each stands, what drives it, and which trials or vendors differ."""
    known = set(drafting.facts.readings.measures())
    chosen = [measure for measure in plan.options["measures"] if measure in known]
    for measure in plan.options["measures"]:
        if measure not in known:
            drafting.lack(plan.id, measure.replace("_", " "), "this measure is not in the catalogue")
    lead = [r for measure in chosen for r in _latest(drafting.readings(measure, drafting.about.level))]
    assessed = [r for r in lead if r.is_assessed]
    for reading in lead:
        if not reading.is_assessed:
            drafting.lack(plan.id, drafting.facts.readings.title(reading.measure), reading.reason or str(reading.not_assessed))
    spread = _spread(drafting, [*(r.measure for r in assessed[:1]), *chosen], plan)
    if not assessed and not spread:
        drafting.lack(plan.id, plan.topic, "no reading could be assessed")
        return None
    heading = _measure_heading(drafting, plan, assessed[0]) if assessed else None
    blocks: list[Block] = [Paragraph(line) for reading in assessed[:1] for line in _measure_lines(drafting, plan, reading)]
    visuals: list[Block] = [_spread_figure(drafting, plan, spread)] if spread else []
    if len(assessed) > 1 or (assessed and not spread):
        # The chart comes first only where it shows the measure of the heading.
        visuals.insert(1 if spread and spread[0].measure == assessed[0].measure else 0, _lead_table(drafting, assessed))
    blocks += visuals
    blocks += [Paragraph(line, "small") for reading in assessed[1:] for line in _measure_lines(drafting, plan, reading)[1:]]
    return Section(plan.id, heading or plain(plan.topic), tuple(blocks), _notes(drafting, [*assessed, *spread[:1]]), plan.annex)


def _lead_table(drafting: Drafting, readings: Sequence[Reading]) -> Table:
    rows = tuple(
        (
            drafting.cell(f"measure:{r.measure}", "name"), drafting.cell(reading_id(r)), drafting.cell(reading_id(r), "range") if r.interval else Line("none stated"),
            drafting.cell(reading_id(r, "target"), "text", otherwise="none set"), drafting.cell(reading_id(r, "p_target"), "chance", otherwise="not stated"), _verdict_word(r),
        )
        for r in readings
    )  # fmt: skip
    return Table(
        plain("These measures together"),
        ("Measure", "Now", "Interval", "Target", "Chance", "Verdict"),
        rows,
        frozenset({1, 2, 4}),
        (2.0, 1.1, 1.6, 1.4, 1.1, 1.2),
    )


def _verdict_word(reading: Reading) -> Line:
    return Line(f"{reading.verdict.shape} {reading.verdict.word}" if reading.verdict else "not judged")


def _latest(readings: Sequence[Reading]) -> list[Reading]:
    """One reading a scope: the newest period."""
    newest: dict[str, Reading] = {}
    for reading in readings:
        key = str(reading.scope)
        if key not in newest or (reading.period and newest[key].period and reading.period > newest[key].period):  # type: ignore[operator]
            newest[key] = reading
    return list(newest.values())


def _spread(drafting: Drafting, measures: Sequence[str], plan: SectionPlan) -> list[Reading]:
    level = plan.options.get("by", "study" if drafting.about.level == "portfolio" else "")
    if not level:
        return []
    for measure in measures:
        found = [r for r in _latest(drafting.readings(measure, level)) if r.is_assessed]
        if len(found) > 1 and len({r.value for r in found[:MOST_BARS]}) > 1:  # bars of equal length show nothing
            return found[: int(plan.options.get("limit", MOST_BARS))]
    return []


def _measure_heading(drafting: Drafting, plan: SectionPlan, reading: Reading) -> Line | None:
    if reading.p_target is not None:
        likely = reading_id(reading, "p_target")
        return drafting.say(
            f"{{measure}}: {outlook(reading.p_target)}, with a chance of {{p}} of meeting the target",
            f"{plan.id}/heading",
            likely,
            measure=f"measure:{reading.measure}",
            p=Slot(likely, "chance"),
        )
    line = drafting.say("{measure}: {value}", f"{plan.id}/heading", measure=f"measure:{reading.measure}", value=reading_id(reading))
    return None if line is None else without_interval(line)


def _measure_lines(drafting: Drafting, plan: SectionPlan, reading: Reading) -> list[Line]:
    fact = reading_id(reading)
    where = "" if reading.period is None else " in {period}"
    target = ", against a target of {target}" if reading.target else ""
    slots: dict[str, Slot | str] = {"measure": f"measure:{reading.measure}", "value": fact}
    if reading.period is not None:
        slots["period"] = Slot(f"{fact}#period", "period")
    if reading.target:
        slots["target"] = Slot(f"{fact}#target", "text")
    lines = [drafting.say(f"{{measure}}: {{value}}{where}{target}.", f"{plan.id}/{reading.measure}", **slots)]
    if reading.drivers:
        count = min(3, len(reading.drivers))
        listed = "; ".join(f"{{what{i}}} ({{amount{i}}})" for i in range(1, count + 1))
        parts: dict[str, Slot | str] = {"measure": f"measure:{reading.measure}"}
        for i in range(1, count + 1):
            parts |= {f"what{i}": Slot(f"{fact}#driver_{i}", "name"), f"amount{i}": Slot(f"{fact}#driver_{i}_amount", "signed")}
        lines.append(drafting.say(f"What drives {{measure}} most: {listed}.", f"{plan.id}/{reading.measure}/drivers", **parts))
    return [line for line in lines if line]


def _spread_figure(drafting: Drafting, plan: SectionPlan, readings: Sequence[Reading]) -> Figure:
    names = [scope_line(drafting, r.scope) for r in readings]
    measure = readings[0].measure
    unit = readings[0].unit
    rows = tuple(
        (
            name,
            drafting.cell(reading_id(r)),
            drafting.cell(reading_id(r), "range", otherwise="none stated") if r.interval else Line("none stated"),
            _verdict_word(r),
        )
        for name, r in zip(names, readings, strict=True)
    )
    level = "trial" if readings[0].scope.level == "study" else readings[0].scope.level
    table = Table(Line(""), (level.capitalize(), "Value", "Interval", "Verdict"), rows, frozenset({1, 2}), (1.6, 1, 1.8, 1))
    title = drafting.facts.readings.title(measure)
    chart = Dots(
        title=title, sentence=f"One dot for each {level} with its interval.", unit=unit, value_label=title, row_label=level.capitalize(),
        dots=tuple(Dot(n.text, float(r.value or 0), r.interval.low if r.interval else None, r.interval.high if r.interval else None, r.verdict or Verdict.ORDINARY) for n, r in zip(names, readings, strict=True)),
    )  # fmt: skip
    native = Native(
        "bar", tuple(_labelled(drafting, n, r, readings) for n, r in zip(names, readings, strict=True)), (Series(title, tuple(r.value for r in readings), tuple(reading_id(r) for r in readings)),), unit,
        tuple(r.interval.low if r.interval else None for r in readings) if any(r.interval for r in readings) else (),
        tuple(r.interval.high if r.interval else None for r in readings) if any(r.interval for r in readings) else (),
    )  # fmt: skip
    caption = drafting.say(
        f"{{measure}} by {level}: those of most concern first, with their intervals", "", measure=f"measure:{measure}"
    ) or plain(plan.topic)
    alternative = drafting.say(
        f"Bars by {level}; {{first}} comes first.", "", first=Slot(f"scope:{readings[0].scope.level}/{readings[0].scope.key}", "name")
    )
    return Figure(caption, alternative or plain(f"Bars by {level}."), table, chart, native)


def _labelled(drafting: Drafting, name: Line, reading: Reading, readings: Sequence[Reading]) -> Line:
    """The name of a bar with its value, where intervals are drawn over the bars and would strike the values through."""
    return name + Line("  ") + drafting.cell(reading_id(reading)) if any(r.interval for r in readings) else name


def compose_overview(drafting: Drafting, plan: SectionPlan) -> Section | None:
    """A table of things by measures: where several concerns meet."""
    level = str(plan.options.get("by", "study"))
    known = set(drafting.facts.readings.measures())
    wanted = [m for m in plan.options.get("measures", drafting.facts.readings.measures()) if m in known]
    by_scope: dict[str, dict[str, Reading]] = {}
    for measure in wanted:
        # Peers of the subject stand beside it.
        found = drafting.facts.readings.of(measure, level) if level == drafting.about.level else drafting.readings(measure, level)
        for reading in _latest(found):
            by_scope.setdefault(reading.scope.key, {})[measure] = reading
    columns = [m for m in wanted if any(m in found and found[m].is_assessed for found in by_scope.values())][
        : int(plan.options.get("columns", 4))
    ]
    if not columns:
        drafting.lack(plan.id, plan.topic, f"no measure could be assessed by {level}")
        return None
    ranked = sorted(by_scope, key=lambda key: (-_concerns(by_scope[key]), key))[: int(plan.options.get("limit", 12))]
    rows = tuple(
        (_first_name(drafting, by_scope[key]), *(_overview_cell(drafting, by_scope[key].get(m)) for m in columns)) for key in ranked
    )
    headers = ("Trial" if level == "study" else level.capitalize(), *(drafting.facts.readings.title(m) for m in columns))
    table = Table(
        plain("The triangle marks a concern, the dot a better reading than expected"),
        headers,
        rows,
        frozenset(range(1, len(headers))),
        (1.3, *([1.0] * len(columns))),
    )
    return Section(
        plan.id,
        plain(plan.topic),
        (table,),
        _notes(drafting, [next(f[m] for f in by_scope.values() if m in f) for m in columns]),
        plan.annex,
    )


def _concerns(readings: dict[str, Reading]) -> int:
    return sum(r.verdict is Verdict.CONCERN for r in readings.values())


def _first_name(drafting: Drafting, readings: dict[str, Reading]) -> Line:
    return scope_line(drafting, next(iter(readings.values())).scope)


def _overview_cell(drafting: Drafting, reading: Reading | None) -> Line:
    if reading is None:
        return Line("not collected")
    cell = drafting.cell(reading_id(reading))
    return cell + Line(f" {reading.verdict.shape}") if reading.verdict is not None and reading.verdict is not Verdict.ORDINARY else cell


def _notes(drafting: Drafting, readings: Sequence[Reading]) -> tuple[Line, ...]:
    measures = list(dict.fromkeys(reading.measure for reading in readings))
    names = {f"m{i}": f"measure:{measure}" for i, measure in enumerate(measures)}
    line = drafting.say(
        "Sources: " + "; ".join(f"{{{name}}}" for name in names) + ". Snapshot {snapshot}, data as of {day}.",
        "",
        snapshot="context:snapshot",
        day=Slot("context:data_cut", "day"),
        **names,
    )
    return (line,) if line else ()
