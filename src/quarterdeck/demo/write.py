"""Writing a whole demo: the extracts of each day, the mappings to load them with, and the truth file beside them."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from pathlib import Path

import yaml

from quarterdeck.demo.course import Course
from quarterdeck.demo.extracts import Extract, cuts_of
from quarterdeck.demo.known import Draft
from quarterdeck.demo.options import DemoOptions
from quarterdeck.demo.portfolio import draft_portfolio, draft_trials, simulate_world
from quarterdeck.demo.systems import derive_mapping, find_system, load_systems
from quarterdeck.demo.truths import LATE_BY_DAYS, LATE_FEED, describe_truths

NOTE = "All people, companies, products and figures of this portfolio are invented."


@dataclass(frozen=True, slots=True)
class Written:
    """Where a demo lies: one folder of extracts per day, a folder of mappings, the truth file."""

    extracts: tuple[tuple[date, Path], ...]
    mappings: Path
    truth: Path


def write_demo(options: DemoOptions, out: Path, advance: Callable[[int], object] = lambda _: None) -> Written:
    """Simulate and write everything below `out`. `advance(1)` is called after each trial. Same options, same bytes."""
    world = simulate_world(options)
    cuts = cuts_of(options.today, options.snapshots)
    with ExitStack() as stack:
        extracts = [stack.enter_context(Extract(out / "extracts" / cut.isoformat(), is_soiled=cut == cuts[-1])) for cut in cuts]
        courses: list[Course] = []
        for drafts in draft_trials(world, courses):
            for draft in drafts:
                _write_draft(draft, list(zip(cuts, extracts, strict=True)), options.today)
            advance(1)
        for draft in draft_portfolio(world, courses):
            _write_draft(draft, list(zip(cuts, extracts, strict=True)), options.today)
    newest = extracts[-1]
    truth = out / "truth.json"
    content = {
        "note": NOTE,
        "seed": options.seed,
        "today": options.today.isoformat(),
        "truths": describe_truths(world.plants),
        "dirty_rows": [asdict(row) for row in newest.dirty],
    }
    truth.write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return Written(tuple((cut, extract.folder) for cut, extract in zip(cuts, extracts, strict=True)), _write_mappings(out), truth)


def _write_draft(draft: Draft, extracts: list[tuple[date, Extract]], today: date) -> None:
    late = find_system(draft.table).name == LATE_FEED
    for cut, extract in extracts:
        # The late feed delivered nothing after its last extract: every later day shows the same old rows.
        extract.write(draft.table, draft.known(min(cut, today - timedelta(days=LATE_BY_DAYS)) if late else cut))


def _write_mappings(out: Path) -> Path:
    folder = out / "mappings"
    folder.mkdir(parents=True, exist_ok=True)
    for system in load_systems().values():
        content = derive_mapping(system)
        (folder / f"{system.name}.yaml").write_text(yaml.safe_dump(content, sort_keys=False, allow_unicode=True), encoding="utf-8")
    return folder
