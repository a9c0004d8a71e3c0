"""The deck: what one running application holds. Settings, evidence, record, drawn pictures, the worker, and which snapshot is shown."""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from quarterdeck.charts.base import NARROW, WIDE, Chart
from quarterdeck.charts.drawer import Drawer
from quarterdeck.charts.picture import draw_inline_svg
from quarterdeck.evidence.store import Store
from quarterdeck.record import accounts
from quarterdeck.record.database import Record, open_record
from quarterdeck.record.jobs import Worker
from quarterdeck.vocabulary.settings import Settings

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

KEPT_PICTURES = 4000


class Deck:
    """One per application. `now` is the clock of the record; nothing that computes asks it."""

    def __init__(self, settings: Settings, require_accounts: bool = False, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.settings = settings
        self.require_accounts = require_accounts
        self.now = now
        self.store = Store(settings.evidence_dir, settings.choices)
        self.record: Record = open_record(settings)
        self.pictures = Pictures()
        self.worker: Worker | None = None
        self.answering = 0  # readers' requests in hand
        self._ready: str = ""
        self._shown: Snapshot | None = None
        self._lock = threading.Lock()

    def needs_login(self) -> bool:
        """Whether everyone signs in. Otherwise all are one person, who sees everything."""
        return self.require_accounts or accounts.has_accounts(self.record)

    def open_snapshot(self, as_of: str | None) -> Snapshot:
        """The snapshot a reader asked for; without a wish the latest one whose views are prepared, or the latest where none is."""
        ready, shown = self._ready, self._shown  # another thread may replace either meanwhile
        if not ready or as_of not in (None, "", ready):
            return self.store.open(as_of or None)
        if shown is None or shown.id != ready:
            shown = self._shown = self.store.open(ready)  # finding it by its id reads every manifest, so it is done once
        return shown

    @property
    def shown_id(self) -> str:
        """The snapshot whose views are prepared, or none."""
        return self._ready

    @property
    def facts_id(self) -> str:
        """The snapshot that readers without a wish are shown; empty where nothing was loaded yet."""
        return self._ready or self.store.current_id()

    def is_preparing(self) -> bool:
        """Whether a newer snapshot than the one shown is being prepared."""
        return bool(self._ready) and self.store.current_id() != self._ready

    def mark_ready(self, snapshot_id: str) -> None:
        """The views of this snapshot are prepared: readers see it from now on."""
        with self._lock:
            self._ready = snapshot_id

    def close(self) -> None:
        """Stop the worker and give the connections back."""
        if self.worker is not None:
            self.worker.stop()
        self.pictures.close()
        self.record.close()


class Pictures:
    """Drawn charts by content. Drawing takes a tenth of a second, so a picture is drawn once and then only read."""

    def __init__(self) -> None:
        self._drawer: Drawer | None = None
        self._kept: OrderedDict[str, tuple[str, str]] = OrderedDict()
        self._lock = threading.Lock()
        self._drawing = threading.Lock()

    def get(self, chart: Chart) -> tuple[str, str] | None:
        """The wide and the narrow picture, where they are drawn already."""
        with self._lock:
            return self._kept.get(digest_chart(chart))

    def draw_elsewhere(self) -> None:
        """From now on another process draws, so that readers' pages are made meanwhile."""
        self._drawer = Drawer()

    def close(self) -> None:
        """Ends that process."""
        if self._drawer is not None:
            self._drawer.close()

    def draw(self, chart: Chart) -> tuple[str, str]:
        """The wide and the narrow picture."""
        if (kept := self.get(chart)) is not None:
            return kept
        with self._drawing:  # the engine draws one at a time anyway, and two readers may want the same picture
            if (kept := self.get(chart)) is not None:
                return kept
            draw = self._drawer.convert if self._drawer is not None else None
            pair = draw_inline_svg(chart, WIDE, draw), draw_inline_svg(chart, NARROW, draw)
        with self._lock:
            self._kept[digest_chart(chart)] = pair
            while len(self._kept) > KEPT_PICTURES:
                self._kept.popitem(last=False)
        return pair


def digest_chart(chart: Chart) -> str:
    """A name for the content of a chart: equal values give equal pictures."""
    return hashlib.sha256(repr(chart).encode()).hexdigest()[:24]


def as_json(value: object) -> str:
    """Compact JSON for a page's data attributes."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
