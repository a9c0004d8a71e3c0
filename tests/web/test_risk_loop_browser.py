"""In real Chromium: a signal is opened, triaged, traced to its cause, acted upon, measured at the facts set beforehand, and closed."""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from quarterdeck.evidence.store import Store
from quarterdeck.record.audit import verify_chain
from quarterdeck.vocabulary import wording
from quarterdeck.vocabulary.settings import Settings
from quarterdeck.web.app import create_app
from tests_web import follow, serving  # type: ignore[import-not-found]

sys.path.insert(0, str(Path(__file__).parents[1] / "risks"))
from world import build_world

pytestmark = pytest.mark.chromium


class Walker:
    """Somebody who clicks through the loop of one signal."""

    def __init__(self, page: Any, address: str) -> None:
        self.page, self.address = page, address

    def look_at(self, cut: date) -> None:
        """The facts as at a day, chosen on the page of the facts."""
        self.page.goto(f"{self.address}/as-of")
        follow(self.page.get_by_role("row").filter(has_text=wording.day(cut)).get_by_role("link", name="Look at these facts"))

    def open_signal(self, words: str) -> None:
        """Open what the indicators ask for, and go to the first signal with these words."""
        self.page.goto(f"{self.address}/risks/signals")
        follow(self.page.get_by_role("button", name="Open what the indicators ask for"))
        follow(self.page.locator("#table-signals tbody tr").filter(has_text=words).first.get_by_role("link").first)

    def move(self, after: str, reason: str, **fields: str) -> None:
        """One step through the form of the page."""
        self.page.get_by_label("Move to").select_option(label=after)
        self.page.get_by_label("Because").fill(reason)
        for label, text in fields.items():
            self.page.get_by_label(label.replace("_", " "), exact=True).fill(text)
        follow(self.page.get_by_role("button", name="Record the step"))

    def act(self, due: date, judged: date) -> None:
        """Triage with a root cause, and an action with owner, due date, criterion and the facts that will judge it."""
        self.move("under review", "It looks odd")
        assert "Somebody is looking" in self.text()
        self.move("confirmed", "Seen at the site", Root_cause="Nobody asked the participants")
        assert "Root cause: Nobody asked the participants" in self.text()
        self.page.get_by_label("Move to").select_option(label="action")
        self.page.get_by_label("Judged at the facts of").fill(judged.isoformat())
        self.page.get_by_label("Due").fill(due.isoformat())
        self.move("action", "Agreed with the site", Action="Train the site's staff", Owner="P1", It_helped_if="the ratio is above 0.7")
        assert "Train the site's staff" in self.page.locator("#table-actions").inner_text()
        self.move("done", "The training was held")
        assert "its effect not yet known" in self.text()

    def measure(self) -> None:
        """Ask for the effect at the facts that are shown."""
        follow(self.page.get_by_role("button", name="Measure the effect at these facts"))

    def text(self) -> str:
        """The words of the page."""
        return str(self.page.locator("main").inner_text())


def test_a_signal_is_walked_to_closure_over_three_snapshots_and_counts_as_improved(new_page: Callable[..., Any], tmp_path: Path) -> None:
    first, second, third = date(2026, 6, 30), date(2026, 7, 31), date(2026, 8, 31)
    build_world(tmp_path, cut=first)
    build_world(tmp_path, cut=second)
    build_world(tmp_path, cut=third, silent=False)
    app = create_app(Settings(home=tmp_path / "home"), work=False)
    app.state.deck.now = lambda: datetime(2026, 7, 1, 9, tzinfo=UTC)
    with serving(app) as address:
        walker = Walker(new_page(), address)
        walker.look_at(first)
        walker.open_signal("by participant and visit")
        signal = walker.page.url
        walker.act(due=date(2026, 7, 20), judged=date(2026, 8, 15))
        walker.look_at(second)
        walker.page.goto(signal)
        walker.measure()
        assert "too early to judge the effect" in walker.text()
        walker.look_at(third)
        walker.page.goto(signal)
        walker.measure()
        assert "it helped" in walker.page.locator("#table-actions").inner_text()
        walker.move("closed", "It worked")
        assert "Effect: improved" in walker.text()
        steps = walker.page.locator("#table-history tbody tr").all_inner_texts()
        wanted = ("new", "under review", "confirmed", "action", "done", "measured", "closed")
        assert len(steps) == len(wanted)
        assert all(step in row for step, row in zip(wanted, steps, strict=True))
        walker.page.goto(f"{address}/risks/signals")
        assert "100% of 1 confirmed signal improved after the action" in walker.text()
        assert verify_chain(app.state.deck.record) >= len(wanted)  # every step is an event of the audit chain


def test_the_loop_is_walked_on_the_demo_and_the_effect_is_what_the_later_facts_say(
    new_page: Callable[..., Any], demo_home: Path, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(demo_home, home)
    before, after = (info.data_cut for info in sorted(Store(home / "evidence").snapshots(), key=lambda i: i.data_cut)[-2:])
    app = create_app(Settings(home=home), work=False)
    app.state.deck.now = lambda: datetime(before.year, before.month, before.day, 9, tzinfo=UTC)
    with serving(app) as address:
        walker = Walker(new_page(), address)
        walker.page.set_default_timeout(90_000)
        walker.look_at(before)
        walker.open_signal("Site")
        walker.act(due=before, judged=after)
        walker.look_at(after)
        walker.page.goto(f"{address}/risks/signals?state=done")
        follow(walker.page.locator("#table-signals tbody tr").get_by_role("link").first)
        walker.measure()
        measured = walker.page.locator("#table-history tbody tr").last.inner_text()
        effect = re.search(r"measured at the facts of [^:]+: (improved|unchanged|worse|not evaluable)", measured)
        assert effect, measured
        walker.move("closed", "Judged at the facts set beforehand")
        assert f"Effect: {effect[1]}" in walker.text()
