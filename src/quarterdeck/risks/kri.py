"""The indicator board of a snapshot: every indicator at every level, with noise control, persistence, site scores and pooling."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import sqrt
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.special import ndtr

from quarterdeck.methods.false_discovery import adjust_benjamini_hochberg
from quarterdeck.methods.kri_gsm import score_site_risk
from quarterdeck.risks.cells import Cell, Count, Place, Rule, Task, assess_cumulative, assess_tasks, control_noise
from quarterdeck.risks.indicators import CUMULATIVE_EVENTS, Indicator, load_indicators
from quarterdeck.risks.queries import COUNTS, CUMULATIVE, CUMULATIVE_SITES, SITES, read_rows
from quarterdeck.vocabulary.interval import Interval
from quarterdeck.vocabulary.provenance import Provenance
from quarterdeck.vocabulary.reading import Reading, Scope
from quarterdeck.vocabulary.verdict import NotAssessed, Verdict

if TYPE_CHECKING:
    from quarterdeck.evidence.snapshot import Snapshot

POOLED_LEVELS = {
    "investigator": "investigator_id",
    "organisation": "organization_id",
    "country": "country",
    "vendor": "vendor_id",
    "monitor": "cra_id",
}
EARLIER_SNAPSHOTS = 3  # how far persistence looks back
LEAST_EXPOSURE = 0.5  # expected events below which a cell says nothing either way
HALF_COVERED = 0.5


@dataclass(frozen=True, slots=True)
class SiteScore:
    """The reference's score of a site (0 to 100), the share of weight that was assessed, and how surprising its cells are together."""

    study: str
    site: str
    score: float | None
    coverage: float
    signals: int
    worst: str
    shrunken: float

    @property
    def is_ranked(self) -> bool:
        """Below half of the weight assessed, a site is marked and left out of the order."""
        return self.coverage >= HALF_COVERED


@dataclass(frozen=True, slots=True)
class Pooled:
    """One investigator, organisation, country, vendor or monitor over several trials: Stouffer's z, weighted by the root of expected."""

    level: str
    key: str
    indicator: str
    trials: tuple[str, ...]
    sites: int
    observed: float
    expected: float
    z: float
    q: float

    @property
    def ratio(self) -> float:
        """Observed over expected, over all the sites."""
        return self.observed / self.expected if self.expected else float("nan")


@dataclass(frozen=True)
class Board:
    """All cells of one snapshot. Site cells have the site as group, country cells the country; others run over the whole portfolio."""

    snapshot: str
    cells: Mapping[str, Sequence[Cell]]
    sites: Mapping[tuple[str, str], Mapping[str, Any]]

    @cached_property
    def by_site(self) -> dict[tuple[str, str], list[Cell]]:
        """Site cells by (study, site)."""
        found: dict[tuple[str, str], list[Cell]] = defaultdict(list)
        for cell in self.cells["site"]:
            found[cell.study, cell.group].append(cell)
        return found

    @cached_property
    def pooled(self) -> list[Pooled]:
        """Everybody who is in several trials or sites, most surprising first."""
        return _pool(self)

    @cached_property
    def site_scores(self) -> list[SiteScore]:
        """Every site's score, the most surprising first."""
        return sorted((_score_site(key, cells) for key, cells in self.by_site.items()), key=lambda s: (-s.shrunken, s.study, s.site))


def get_board(snapshot: Snapshot) -> Board:
    """The board with persistence over the snapshots before this one; kept with the snapshot."""
    return snapshot.cached("risks.board", lambda: _with_history(snapshot))


def find_earlier(snapshot: Snapshot, how_many: int = EARLIER_SNAPSHOTS) -> list[Snapshot]:
    """The snapshots with the latest earlier data cuts, newest first: truly previous, by date."""
    from quarterdeck.evidence.store import Store

    if not snapshot.tables:
        return []
    store = Store(snapshot.part_path(next(iter(snapshot.tables.values()))).parent.parent, snapshot.choices)
    by_cut = {info.data_cut: info for info in sorted(store.snapshots(), key=lambda i: i.taken_at) if info.data_cut < snapshot.data_cut}
    return [store.open(by_cut[cut].id) for cut in sorted(by_cut, reverse=True)[:how_many]]


def assess_snapshot(snapshot: Snapshot) -> Board:
    """All cells of this snapshot alone (no persistence). Kept with the snapshot."""

    def compute() -> Board:
        board = _assess_once(snapshot)
        return replace(board, cells={level: control_noise(found) for level, found in board.cells.items()})

    return snapshot.cached("risks.board.alone", compute)


def as_reading(cell: Cell, level: str, snapshot: str) -> Reading:
    """A cell as the result shape that pages and papers take."""
    indicator = load_indicators()[cell.indicator]
    key = _key_of(cell, level)
    unit = "share" if indicator.kind == "binary" else "ratio"
    value = cell.metric if indicator.kind == "binary" else cell.ratio
    if cell.score is None or value is None:
        reason = next((r for r in NotAssessed if r.value == cell.not_assessed_reason), NotAssessed.UNDEFINED)
        return Reading(
            cell.indicator, Scope(level, key), unit, not_assessed=reason, reason=cell.not_assessed_reason or "",
            numerator=cell.numerator, denominator=cell.denominator, as_of=cell.snapshot_date, snapshot=snapshot, definition=indicator.stamp,
        )  # fmt: skip
    interval = None
    if unit == "ratio" and cell.ratio_low is not None and cell.ratio_high is not None and cell.ratio_low <= cell.ratio_high:
        interval = Interval(cell.ratio_low, cell.ratio_high, 0.9)
    return Reading(
        cell.indicator, Scope(level, key), unit, value, interval, cell.numerator, cell.denominator, judge(cell), as_of=cell.snapshot_date,
        snapshot=snapshot, definition=indicator.stamp, provenance=Provenance(snapshot, n_rows=round(cell.numerator or 0)),
        details={"expected": cell.expected, "score": cell.score, "q": cell.q_value, "flag": float(cell.flag or 0), "snapshots flagged": float(cell.snapshots_flagged)},
    )  # fmt: skip


def read_readings(snapshot: Snapshot, indicator: str, level: str) -> dict[str, Reading]:
    """All readings of one indicator at one level by the key of the thing. Kept with the snapshot."""

    def compute() -> dict[str, Reading]:
        cells = [cell for cell in get_board(snapshot).cells.get(level, ()) if cell.indicator == indicator]
        return {reading.scope.key: reading for reading in (as_reading(cell, level, snapshot.id) for cell in cells)}

    return snapshot.cached(("risks.readings", indicator, level), compute)


def name_cell(cell: Cell, level: str) -> str:
    """The identifier of the cell's reading, as pages and findings cite it."""
    return f"{cell.indicator}/{level}/{_key_of(cell, level)}"


def surprise(cell: Cell) -> float:
    """How far a cell is from what was expected, in standard errors; an indicator without a test counts by its flag alone."""
    if load_indicators()[cell.indicator].kind == "identity":
        return 1.5 * abs(cell.flag or 0)
    return abs(cell.score or 0.0)


def _key_of(cell: Cell, level: str) -> str:
    return f"{cell.study}/{cell.group}" if level in ("site", "country") and cell.study else cell.group


def judge(cell: Cell) -> Verdict:
    """Concern where noise control lets a worrying flag through, better where it lets the opposite through."""
    if not cell.signal or not cell.flag:
        return Verdict.ORDINARY
    return Verdict.CONCERN if load_indicators()[cell.indicator].worries(cell.flag) else Verdict.BETTER


def _with_history(snapshot: Snapshot) -> Board:
    now = _assess_once(snapshot)
    earlier = [_assess_once(before) for before in find_earlier(snapshot)]
    cells = {}
    for level, mine in now.cells.items():
        everything = [*mine, *(cell for board in earlier for cell in board.cells.get(level, ()))]
        cells[level] = control_noise(everything, snapshot.data_cut)
    return replace(now, cells=cells)


def _assess_once(snapshot: Snapshot) -> Board:
    """Scores and flags before noise control. Kept with the snapshot."""
    return snapshot.cached("risks.board.scores", lambda: _assess(snapshot))


def _assess(snapshot: Snapshot) -> Board:
    cut = snapshot.data_cut
    sites = {(row["study_id"], row["site_id"]): row for row in read_rows(snapshot, SITES)}
    tasks: dict[str, list[Task]] = {level: [] for level in ("site", "country", "study", "vendor", "monitor")}
    cumulative: list[Cell] = []
    for indicator in load_indicators().values():
        if indicator.query == CUMULATIVE_EVENTS:
            cumulative += _assess_cumulative(snapshot, indicator)
            continue
        rows = read_rows(snapshot, COUNTS[indicator.query])
        for level in indicator.levels:
            for study, counts in _group(rows, level, sites).items():
                tasks[level].append(Task(counts, indicator.kind, _robust_rule(indicator), Place(study, cut, indicator.id)))
    cells = {level: assess_tasks(wanted, "robust") for level, wanted in tasks.items()}
    cells["site"] += cumulative
    return Board(snapshot.id, cells, sites)


def _robust_rule(indicator: Indicator) -> Rule:
    # Robust scores mean the same on both sides and carry their own uncertainty, so neither cuts nor accrual of the reference apply.
    return indicator.rule if indicator.kind == "identity" else Rule()


# Where a level's name stands: in the row itself, and else with the row's site.
COLUMNS = {
    "site": ("site_id", ""),
    "country": ("", "country"),
    "study": ("study_id", ""),
    "vendor": ("vendor_id", "vendor_id"),
    "monitor": ("person_id", "cra_id"),
}


def _group(rows: Iterable[Mapping[str, Any]], level: str, sites: Mapping[tuple[str, str], Mapping[str, Any]]) -> dict[str, list[Count]]:
    own, of_site = COLUMNS[level]
    is_inside = level in ("site", "country")
    sums: dict[str, dict[str, tuple[Any, Any]]] = defaultdict(dict)
    for row in rows:
        study = row["study_id"]
        name = (row.get(own) if own else None) or (sites.get((study, row.get("site_id") or ""), {}).get(of_site) if of_site else None)
        if not name or (not study and level not in ("vendor", "monitor")):  # an audit of a vendor need not be of one trial
            continue
        family, count = sums[study if is_inside else ""], (row["numerator"], row["denominator"])
        if (before := family.get(name)) is not None:
            count = ((before[0] or 0) + (count[0] or 0), (before[1] or 0) + (count[1] or 0))
        family[name] = count
    return {
        study: [Count(name, None if x is None else float(x), None if n is None else float(n)) for name, (x, n) in sorted(family.items())]
        for study, family in sorted(sums.items())
    }


def _assess_cumulative(snapshot: Snapshot, indicator: Indicator) -> list[Cell]:
    table = snapshot.query(CUMULATIVE, {"cut": snapshot.data_cut})
    if table.num_rows == 0:
        return []
    places = read_rows(snapshot, CUMULATIVE_SITES)
    study, site, person, visit, count = (
        np.concatenate([np.from_dlpack(chunk) for chunk in table[name].chunks]) for name in ("study", "site", "person", "visit", "count")
    )
    starts = np.flatnonzero(np.r_[True, study[1:] != study[:-1]])
    cells: list[Cell] = []
    for first, last in zip(starts, np.r_[starts[1:], len(study)], strict=True):
        mine = slice(first, last)
        numbers, inside = np.unique(site[mine], return_inverse=True)
        people = np.unique(person[mine], return_inverse=True)[1]
        groups = [places[number - 1] for number in numbers]
        place = Place(str(groups[0]["study_id"]), snapshot.data_cut, indicator.id)
        names = [str(group["site_id"]) for group in groups]
        cells += assess_cumulative(names, inside, people, visit[mine] - 1, count[mine].astype(float), place=place)
    return cells


def _score_site(key: tuple[str, str], cells: Sequence[Cell]) -> SiteScore:
    indicators = load_indicators()
    weighted = [cell for cell in cells if indicators[cell.indicator].weights]
    weights = [indicators[c.indicator].weight_of(c.flag) if c.flag is not None else None for c in weighted]
    score, coverage = score_site_risk(weights, [max(indicators[c.indicator].weights) for c in weighted])
    worrying = [c for c in cells if c.score is not None and indicators[c.indicator].worries(_side(c))]
    # Shrunken: what the worrying cells show beyond the average of as many null cells, so a site with many cells gains nothing by it.
    excess = sum(max(surprise(c) - 1, 0) ** 2 for c in worrying)
    shrunken = excess / (len([c for c in cells if c.score is not None]) + 5)
    worst = max(worrying, key=surprise, default=None)
    signals = sum(judge(cell) is Verdict.CONCERN for cell in cells)
    return SiteScore(*key, score, coverage, signals, worst.indicator if worst else "", shrunken)


def _side(cell: Cell) -> int:
    if load_indicators()[cell.indicator].kind == "identity":
        return cell.flag or 0
    return 1 if (cell.score or 0) > 0 else -1


def _pool(board: Board) -> list[Pooled]:
    groups: dict[tuple[str, str, str], list[Cell]] = defaultdict(list)
    for cell in board.cells["site"]:
        if (
            cell.score is None
            or not cell.expected
            or cell.expected < LEAST_EXPOSURE
            or load_indicators()[cell.indicator].kind == "identity"
        ):
            continue
        site = board.sites.get((cell.study, cell.group), {})
        for level, column in POOLED_LEVELS.items():
            if site.get(column):
                groups[level, str(site[column]), cell.indicator].append(cell)
    found = []
    for (level, key, indicator), cells in groups.items():
        trials = tuple(sorted({cell.study for cell in cells}))
        if len(trials) > 1:
            found.append(_pool_one(level, key, indicator, trials, cells))
    p = np.array([2 * ndtr(-abs(pooled.z)) for pooled in found])
    adjusted = adjust_benjamini_hochberg(p)
    return sorted(
        (replace(f, q=float(q)) for f, q in zip(found, adjusted, strict=True)), key=lambda f: (-abs(f.z), f.level, f.key, f.indicator)
    )


def _pool_one(level: str, key: str, indicator: str, trials: tuple[str, ...], cells: Sequence[Cell]) -> Pooled:
    weights = [sqrt(cell.expected or 0) for cell in cells]
    z = sum(w * (cell.score or 0) for w, cell in zip(weights, cells, strict=True)) / sqrt(sum(w * w for w in weights))
    observed = sum(_observed(cell) for cell in cells)
    return Pooled(level, key, indicator, trials, len(cells), observed, sum(cell.expected or 0 for cell in cells), z, 1.0)


def _observed(cell: Cell) -> float:
    return cell.numerator or 0.0
