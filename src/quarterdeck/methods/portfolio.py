"""Joint futures of many trials: recruitment, milestones and cost of each replicate, with what the trials share.

By superposition a trial's open sites are one gamma of equal mean and variance and its planned sites another, so the work per
trial does not grow with its sites. Every draw is a normal from a stream named by trial and purpose: a lever that changes a
parameter changes no draw. Time is in months (30.4375 days) from the data cut.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from quarterdeck.methods.arm_caps import needs_with_caps
from quarterdeck.methods.enrolment_backtest import FIRST_SHOCK, MONTHLY_SHOCK, SLOPE_ENDS, Drift
from quarterdeck.methods.enrolment_months import AGE_EDGES, age_bin
from quarterdeck.methods.event_finish import EventPlan, event_months
from quarterdeck.methods.gamma_table import gamma_from_normal
from quarterdeck.methods.monte_carlo import keyed_stream

Array = NDArray[np.float64]
MONTH = 30.4375
# Months in the first year, quarters to the third, half-years to the tenth: finer would change no date by a day.
EDGES = np.concatenate([np.arange(0, 12), np.arange(12, 36, 3), np.arange(36, 121, 6)]).astype(float)
MIDDLES, WIDTHS = (EDGES[1:] + EDGES[:-1]) / 2, np.diff(EDGES)
HORIZON = float(EDGES[-1])
SHARED_PART = 0.35  # share of the drift's variance that trials of one portfolio have in common
DELAY_LEVELS = 9  # slices of the shared delay of planned sites
BLOCK = 2000  # replicates worked on at a time
SHARES = (0.0, 0.25, 0.50, 0.75, 1.0)  # of the target, as milestones; 0 is the first participant


@dataclass(frozen=True, slots=True)
class Recruitment:
    """What a trial's recruitment depends on. Rates are participants per month at the reference age.

    `open_shape`, `open_rate`: gamma posterior of each open site; `open_age` in months; `open_closing` months from now (inf: never).
    `planned_opening`: months from now; `planned_chance`: probability that the site ever opens.
    `delay_spread`: standard deviation of the log of a shared factor on planned openings.
    Arms with caps turn away who would join a full one. `rate_factor` multiplies every rate; `holds` are (start, end) in months.
    """

    target: int
    enrolled: int
    open_shape: Array
    open_rate: Array
    open_age: Array
    open_closing: Array
    planned_opening: Array
    planned_chance: Array
    alpha: float
    mean: float
    age_shape: Array = field(default_factory=lambda: np.ones(len(AGE_EDGES)))
    drift: Drift = Drift(0.0, 0.0, 1.0)
    delay_spread: float = 0.3
    rate_factor: float = 1.0
    holds: tuple[tuple[float, float], ...] = ()
    arms: tuple[tuple[int, int], ...] = ()  # cap and enrolled by arm; empty: any arm may fill

    @property
    def needed(self) -> int:
        """Participants still to come."""
        return max(0, self.target - self.enrolled)


@dataclass(frozen=True, slots=True)
class Finish:
    """From last participant in to lock: follow-up in months, then log-normal clean-up (median months, log spread)."""

    follow_up: float = 6.0
    follow_up_spread: float = 0.05
    clean_up: float = 1.8
    clean_up_spread: float = 0.35
    last_participant_in: float | None = None  # months from now (<= 0), where it has happened
    last_visit: float | None = None
    lock: float | None = None
    events: EventPlan | None = None  # event-driven: the last visit follows the last event needed


@dataclass(frozen=True, slots=True)
class Money:
    """Cost drivers in one currency, from the data cut on; `spent` is what was spent by then.

    `foreign` is the share of future cost in other currencies, `currency_spread` the yearly log spread of their rates,
    `change_orders` per month with log-normal size (median, log spread); `vendor` names the shared factor of its prices.
    """

    spent: float = 0.0
    budget: float = 0.0
    fixed_month: float = 0.0
    site_month: float = 0.0
    participant: float = 0.0
    site_opening: float = 0.0
    change_orders: float = 0.0
    change_order_size: float = 0.0
    change_order_spread: float = 0.8
    foreign: float = 0.0
    currency_spread: float = 0.08
    inflation: float = 0.02
    vendor: str = ""
    price_spread: float = 0.0  # log spread of what units will really cost, of this trial alone
    committed: float = 0.0  # still to be paid whatever happens, such as visits of those already enrolled


@dataclass(frozen=True, slots=True)
class TrialInput:
    """One trial of the portfolio. `weight` of the shared drift: 1 = like the others."""

    name: str
    recruitment: Recruitment
    finish: Finish = Finish()
    money: Money = Money()


@dataclass(frozen=True, slots=True)
class TrialFuture:
    """Replicates of one trial, months from the data cut (inf: not within ten years). Each array has shape (R,).

    `reached` maps a share of the target to its month; shares already reached are absent.
    """

    name: str
    reached: Mapping[float, Array]
    last_participant_in: Array
    last_visit: Array
    lock: Array
    cost: Array
    sites_opened: float
    share_of_cost: Mapping[str, float] = field(default_factory=dict)
    events: Array | None = None  # month of the last event needed, where the trial is event-driven


@dataclass(frozen=True, slots=True)
class Shared:
    """Draws that all trials of a replicate share: drift at the knots (R, knots), currency and inflation scores, vendor scores."""

    drift: Array
    currency: Array
    inflation: Array
    seed: int
    replicates: int

    def vendor(self, name: str) -> Array:
        """The price score of a vendor, the same for all its trials."""
        return keyed_stream(self.seed, "vendor", name).standard_normal(self.replicates)


KNOT_MONTHS = np.array([0.0, 1, 3, 6, 12, 18, 24, 36, 60, 120])


def draw_shared(seed: int, replicates: int) -> Shared:
    """What the trials have in common."""
    return Shared(
        _walk(keyed_stream(seed, "portfolio", "drift"), replicates),
        keyed_stream(seed, "portfolio", "currency").standard_normal(replicates),
        keyed_stream(seed, "portfolio", "inflation").standard_normal(replicates),
        seed,
        replicates,
    )


def simulate_portfolio(trials: Sequence[TrialInput], seed: int, replicates: int = 10_000) -> list[TrialFuture]:
    """Joint futures: replicate r of one trial belongs with replicate r of every other."""
    shared = draw_shared(seed, replicates)
    return [simulate_trial(trial, shared) for trial in trials]


def simulate_trial(trial: TrialInput, shared: Shared) -> TrialFuture:
    """The futures of one trial within the shared ones."""
    reached = simulate_recruitment(trial.name, trial.recruitment, shared)
    size = shared.replicates
    last_in = reached.get(1.0)
    if last_in is None:
        known = trial.finish.last_participant_in
        last_in = np.full(size, 0.0 if known is None else known)
    events = _events(trial, reached, shared)
    last_visit, lock = _finish(trial, last_in, events, shared)
    cost, parts, opened = _cost(trial, last_in, lock, shared)
    return TrialFuture(trial.name, reached, last_in, last_visit, lock, cost, opened, parts, events)


def simulate_recruitment(name: str, r: Recruitment, shared: Shared) -> dict[float, Array]:
    """Months until each share of the target that is not yet reached. Empty where the target is met."""
    if r.needed <= 0:
        return {}
    needs = _needs(name, r, shared)
    luck = _draw_luck(name, r, shared)
    opened, new = expected_profiles(r)
    reached = {share: np.empty(shared.replicates) for share in needs}
    # As much of the grid as an unlucky replicate needs; the few that need more get all of it. Blocks stay in the cache.
    columns = _columns_needed((opened + new.mean(axis=0)) * WIDTHS, r.needed)
    for start in range(0, shared.replicates, BLOCK):
        rows = slice(start, start + BLOCK)
        cumulated = _cumulated(luck, rows, opened, new, columns)
        late = needs[1.0][rows] > cumulated[:, -1]
        for share, need in needs.items():
            reached[share][rows] = _invert(cumulated, need[rows])
        if late.any() and columns < len(WIDTHS):
            index = np.flatnonzero(late) + start
            whole = _cumulated(luck, index, opened, new, len(WIDTHS))
            for share, need in needs.items():
                reached[share][index] = _invert(whole, need[index])
    return reached


def _needs(name: str, r: Recruitment, shared: Shared) -> dict[float, Array]:
    """Cumulated rate needed for each share: sums of independent gammas, so that the shares stay in order."""
    if r.arms:
        return _needs_by_arm(name, r, shared)
    needs: dict[float, Array] = {}
    done, total = r.enrolled, np.zeros(shared.replicates)
    for share in SHARES:
        level = max(1, int(np.ceil(share * r.target - 1e-9)))
        if level > done:
            z = keyed_stream(shared.seed, name, "participants", str(share)).standard_normal(shared.replicates)
            total = total + gamma_from_normal(z, float(level - done))
            needs[share], done = total, level
    return needs


def _needs_by_arm(name: str, r: Recruitment, shared: Shared) -> dict[float, Array]:
    levels = {share: max(1, int(np.ceil(share * r.target - 1e-9))) for share in SHARES}
    wanted = {share: level - r.enrolled for share, level in levels.items() if level > r.enrolled}
    rng = keyed_stream(shared.seed, name, "participants by arm")
    found = needs_with_caps(r.arms, list(wanted.values()), rng, shared.replicates)
    return {share: found[:, i] for i, share in enumerate(wanted)}


def _columns_needed(expected: Array, need: float) -> int:
    enough = np.searchsorted(np.cumsum(expected), 2.0 * need + 10.0) + 1
    return int(np.clip(enough, 8, len(WIDTHS)))


def enrolment_fan(name: str, r: Recruitment, shared: Shared, levels: Sequence[float]) -> tuple[Array, Array]:
    """(edges, quantiles (levels, edges)) of the cumulative number enrolled, stopped at the target; for a picture."""
    if r.needed <= 0:
        return EDGES[:1], np.full((len(levels), 1), float(r.enrolled))
    opened, new = expected_profiles(r)
    cumulated = _cumulated(_draw_luck(name, r, shared), slice(0, BLOCK), opened, new, len(WIDTHS))
    steps = keyed_stream(shared.seed, name, "fan").poisson(np.diff(cumulated, axis=1))
    counts = np.minimum(r.enrolled + np.cumsum(steps, axis=1), r.target)
    whole = np.column_stack([np.full(len(counts), r.enrolled), counts])
    return EDGES, np.quantile(whole, levels, axis=0)


def expected_profiles(r: Recruitment) -> tuple[Array, Array]:
    """Expected rate per month on the grid: from open sites (grid,), from planned sites at each delay level (levels, grid)."""
    calendar = r.drift.factor(SLOPE_ENDS + 1)
    common = np.interp(MIDDLES, np.arange(SLOPE_ENDS + 1), calendar) * _not_held(r.holds) * r.rate_factor
    ages = r.open_age[:, None] + MIDDLES[None]
    is_open = np.clip((r.open_closing[:, None] - EDGES[None, :-1]) / WIDTHS[None], 0, 1)
    opened = (r.open_shape / r.open_rate) @ (r.age_shape[age_bin(ages.astype(np.int64))] * is_open) if len(ages) else np.zeros(len(MIDDLES))
    factors = np.exp(r.delay_spread * _level_scores())
    start = r.planned_opening[None, :] * factors[:, None]
    partly = np.clip((EDGES[None, None, 1:] - start[:, :, None]) / WIDTHS, 0, 1)
    age = np.maximum(MIDDLES[None, None] - start[:, :, None], 0).astype(np.int64)
    new = (r.planned_chance[None, :, None] * r.age_shape[age_bin(age)] * partly).sum(axis=1) * r.mean * r.drift.newcomers
    return opened * common, new * common


@dataclass(frozen=True, slots=True)
class _Luck:
    """Draws of one trial: factors on open and planned sites, slice of the planned sites' delay, log drift at the knots."""

    opened: Array
    new: Array
    level: NDArray[np.int64]
    walk: Array


def _draw_luck(name: str, r: Recruitment, shared: Shared) -> _Luck:
    size, seed = shared.replicates, shared.seed
    opened, new, level = np.zeros(size), np.zeros(size), np.zeros(size, dtype=np.int64)
    if len(r.open_shape):
        means, variances = r.open_shape / r.open_rate, r.open_shape / r.open_rate**2
        shape = float(means.sum() ** 2 / variances.sum())
        opened = gamma_from_normal(keyed_stream(seed, name, "open sites").standard_normal(size), shape) / shape
    if len(r.planned_opening):
        # One gamma for all planned sites; whether a site opens at all adds to its spread.
        effective = float(r.planned_chance.sum()) ** 2 / max(float((r.planned_chance * (1 + r.alpha * (1 - r.planned_chance))).sum()), 1e-9)
        shape = max(effective * r.alpha, 1e-3)
        new = gamma_from_normal(keyed_stream(seed, name, "planned sites").standard_normal(size), shape) / shape
        level = _level_of(keyed_stream(seed, name, "activation").standard_normal(size))
    own = _walk(keyed_stream(seed, name, "drift"), size)
    return _Luck(opened, new, level, np.sqrt(SHARED_PART) * shared.drift + np.sqrt(1 - SHARED_PART) * own)


def _cumulated(luck: _Luck, rows: slice | NDArray[np.int64], opened: Array, new: Array, columns: int) -> Array:
    """Cumulated rate at the edges, shape (rows, columns + 1)."""
    total = luck.new[rows][:, None] * (new[:, :columns] * WIDTHS[:columns])[luck.level[rows]]
    total += luck.opened[rows][:, None] * (opened[:columns] * WIDTHS[:columns])
    total *= np.exp(luck.walk[rows]) @ _INTERPOLATION[:, :columns]
    cumulated = np.zeros((len(total), columns + 1))
    np.cumsum(total, axis=1, out=cumulated[:, 1:])
    return cumulated


def _walk(rng: np.random.Generator, size: int) -> Array:
    """The log level at the knots: a first shock, then a random walk that levels out with the drift."""
    steps = np.diff(np.minimum(KNOT_MONTHS, float(SLOPE_ENDS)))
    spread = np.concatenate([[FIRST_SHOCK], MONTHLY_SHOCK * np.sqrt(steps)])
    return np.asarray(np.cumsum(rng.standard_normal((size, len(KNOT_MONTHS))) * spread, axis=1))


def _interpolation() -> Array:
    weights = np.zeros((len(KNOT_MONTHS), len(MIDDLES)))
    for i in range(len(KNOT_MONTHS)):
        weights[i] = np.interp(MIDDLES, KNOT_MONTHS, np.eye(len(KNOT_MONTHS))[i])
    return weights


_INTERPOLATION = _interpolation()


def _invert(cumulated: Array, need: Array) -> Array:
    """Month at which each replicate's cumulated rate reaches its need; one search over all rows laid end to end."""
    rows = np.arange(len(need))
    never = need > cumulated[:, -1]
    need = np.minimum(need, cumulated[:, -1])
    stride = float(cumulated[:, -1].max()) + 1.0
    flat = (cumulated + rows[:, None] * stride).ravel()
    where = np.searchsorted(flat, need + rows * stride, side="left") - rows * cumulated.shape[1] - 1
    where = np.clip(where, 0, cumulated.shape[1] - 2)
    start, gained = cumulated[rows, where], cumulated[rows, where + 1] - cumulated[rows, where]
    month = EDGES[where] + WIDTHS[where] * (need - start) / np.maximum(gained, 1e-12)
    return np.where(never, np.inf, month)


def _events(trial: TrialInput, reached: Mapping[float, Array], shared: Shared) -> Array | None:
    plan, r = trial.finish.events, trial.recruitment
    if plan is None or trial.finish.last_visit is not None:
        return None
    rng = keyed_stream(shared.seed, trial.name, "events")
    return event_months(plan, reached, min(r.enrolled, r.target), r.target, rng, shared.replicates)


def _finish(trial: TrialInput, last_in: Array, events: Array | None, shared: Shared) -> tuple[Array, Array]:
    f, size = trial.finish, shared.replicates
    if f.last_visit is not None:
        last_visit = np.full(size, f.last_visit)
    elif events is not None and f.events is not None:
        last_visit = np.maximum(events + f.events.closing, 0.0)
    else:
        z = keyed_stream(shared.seed, trial.name, "follow-up").standard_normal(size)
        # A visit window at the end, and it cannot already be over.
        last_visit = np.maximum(last_in + f.follow_up * np.exp(f.follow_up_spread * z), 0.0)
    if f.lock is not None:
        return last_visit, np.full(size, f.lock)
    z = keyed_stream(shared.seed, trial.name, "clean-up").standard_normal(size)
    return last_visit, np.maximum(last_visit + f.clean_up * np.exp(f.clean_up_spread * z), 0.0)


def _cost(trial: TrialInput, last_in: Array, lock: Array, shared: Shared) -> tuple[Array, dict[str, float], float]:
    """Total cost at lock; its parts as means; the sites expected to be opened."""
    m, r, size = trial.money, trial.recruitment, shared.replicates
    months, recruiting = np.minimum(lock, HORIZON).clip(0), np.minimum(last_in, HORIZON).clip(0)
    closing = 0.5 * min(trial.finish.follow_up, 12.0)  # a site in follow-up costs half of one that recruits
    starts = r.planned_opening
    site_months = len(r.open_shape) * (recruiting + closing)
    for start, chance in zip(*_binned(starts, r.planned_chance), strict=True):
        site_months = site_months + chance * np.maximum(recruiting + closing - start, 0.0)
    opened = float(r.planned_chance.sum())
    orders = _change_orders(m, months, trial.name, shared)
    parts = {
        "time": m.fixed_month * months,
        "sites": m.site_month * site_months + m.site_opening * opened,
        "participants": np.full(size, m.participant * r.needed),
        "change orders": orders,
        "committed": np.full(size, m.committed),
    }
    future = sum(parts.values(), np.zeros(size))
    years = months / 24  # the middle of the remaining time
    prices = np.exp((m.inflation + 0.01 * shared.inflation) * years)
    currency = 1 - m.foreign + m.foreign * np.exp(m.currency_spread * np.sqrt(years) * shared.currency)
    vendor = np.exp(0.03 * shared.vendor(m.vendor)) if m.vendor else 1.0
    own = np.exp(m.price_spread * keyed_stream(shared.seed, trial.name, "prices").standard_normal(size)) if m.price_spread else 1.0
    factor = prices * currency * vendor * own
    shares = {name: float((value * factor).mean()) for name, value in parts.items()}
    return m.spent + future * factor, shares, opened


def _change_orders(m: Money, months: Array, name: str, shared: Shared) -> Array:
    if not m.change_orders:
        return np.zeros(len(months))
    # Poisson total as gamma-scaled: mean rate x months, scatter of the count and of the size in one log-normal.
    expected = m.change_orders * months
    mean_size = m.change_order_size * np.exp(m.change_order_spread**2 / 2)
    z = keyed_stream(shared.seed, name, "change order sizes").standard_normal(len(months))
    relative = np.sqrt(np.exp(m.change_order_spread**2) / np.maximum(expected, 0.05))
    sigma = np.sqrt(np.log1p(relative**2))
    return np.asarray(expected * mean_size * np.exp(sigma * z - sigma**2 / 2))


def _binned(starts: Array, chances: Array) -> tuple[Array, Array]:
    """Planned openings gathered by month."""
    if not len(starts):
        return starts, chances
    month = np.maximum(np.round(starts), 0).astype(np.int64)
    total = np.bincount(month, chances)
    kept = np.flatnonzero(total)
    return kept.astype(float), np.asarray(total[kept], dtype=float)


def _not_held(holds: Sequence[tuple[float, float]]) -> Array:
    share = np.ones(len(MIDDLES))
    for first, last in holds:
        share -= np.clip(np.minimum(EDGES[1:], last) - np.maximum(EDGES[:-1], first), 0, None) / WIDTHS
    return np.clip(share, 0, 1)


def _level_scores() -> Array:
    return np.asarray(ndtri((np.arange(DELAY_LEVELS) + 0.5) / DELAY_LEVELS))


def _level_of(z: Array) -> NDArray[np.int64]:
    return np.asarray(np.minimum((ndtr(z) * DELAY_LEVELS).astype(np.int64), DELAY_LEVELS - 1))
