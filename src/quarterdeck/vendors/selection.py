"""Bids made comparable: the same assumptions, the same futures, total cost, time and risk; and where the choice turns with the weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
import numpy.typing as npt

from quarterdeck.vocabulary.errors import BadInput
from quarterdeck.vocabulary.money import Money

Floats = npt.NDArray[np.float64]
CRITERIA = ("cost", "time", "risk", "quality")


@dataclass(frozen=True, slots=True)
class Assumptions:
    """What every bid is priced for, whatever the bidder assumed. `slip_median` and `slip_sd` are the log-normal law of months of slip."""

    months: float
    sites: float
    participants: float
    visits_per_site_month: float = 0.6
    slip_median: float = 3.0
    slip_sd: float = 0.8
    inflation: float = 0.03
    inflation_sd: float = 0.01
    change_orders_a_year: float = 1.2
    change_order_share: float = 0.03


@dataclass(frozen=True, slots=True)
class Bid:
    """A bid in its own prices, currency and assumptions. Rates are per month, per site-month, per visit, per participant.

    `start_up_days` and `quality` (0 to 1) come from the comparison of vendors, with their spread; `rate` converts into the base currency.
    """

    vendor: str
    currency: str
    fixed: float
    per_month: float
    per_site_month: float
    per_visit: float
    per_participant: float
    pass_through: float
    inflation_cap: float | None = None
    slip_factor: float = 1.0
    slip_factor_sd: float = 0.1
    change_order_factor: float = 1.0
    quality: float = 0.5
    quality_sd: float = 0.1
    rate: float = 1.0
    is_qualified: bool = True
    assumed_months: float | None = None
    assumed_sites: float | None = None


@dataclass(frozen=True, slots=True)
class BidOutcome:
    """One bid under all futures, in the base currency: as bid, normalised, and simulated. Months are to the end of the work."""

    vendor: str
    as_bid: Money
    normalised: Money
    cost_median: Money
    cost_low: Money
    cost_high: Money
    months_median: float
    months_high: float
    p_cheapest: float
    score: float


@dataclass(frozen=True, slots=True)
class Selection:
    """All bids, the ranking by the weights, and how far each weight must move before another bid leads (None: it never does)."""

    outcomes: tuple[BidOutcome, ...]
    weights: tuple[tuple[str, float], ...]
    flips: tuple[tuple[str, float | None, str], ...]
    share_of_weights_won: tuple[tuple[str, float], ...]
    left_out: tuple[tuple[str, str], ...]
    notices: tuple[str, ...]


def compare_bids(
    bids: Sequence[Bid], assumptions: Assumptions, weights: dict[str, float], base: str = "GBP", draws: int = 4000, seed: int = 1
) -> Selection:
    """Simulate every bid under the same draws of slip, inflation and change, so that differences are the bids' and not chance's.

    `weights` are over cost, time, risk and quality and are scaled to add to 1. Raises BadInput for fewer than two qualified bids or bad weights.
    """
    if unknown := set(weights) - set(CRITERIA):
        raise BadInput("Unknown criterion", thing=", ".join(sorted(unknown)), allowed=CRITERIA)
    if not weights or min(weights.values()) < 0 or sum(weights.values()) <= 0:
        raise BadInput("Weights must be positive numbers", thing=str(weights))
    left_out = tuple((bid.vendor, "not qualified") for bid in bids if not bid.is_qualified)
    open_bids = [bid for bid in bids if bid.is_qualified]
    if len(open_bids) < 2:
        raise BadInput("A selection needs two qualified bids", thing=f"{len(open_bids)} of {len(bids)}")
    futures = _draw_futures(assumptions, draws, seed)
    cost, months = np.empty((len(open_bids), draws)), np.empty((len(open_bids), draws))
    for i, bid in enumerate(open_bids):
        cost[i], months[i] = _simulate(bid, assumptions, futures)
    share = np.array([weights.get(name, 0.0) for name in CRITERIA])
    share /= share.sum()
    features = _features(cost, months, np.array([bid.quality for bid in open_bids]))
    score = features @ share
    cheapest = np.bincount(cost.argmin(0), minlength=len(open_bids)) / draws

    outcomes = tuple(
        _outcome(bid, assumptions, cost[i], months[i], float(cheapest[i]), float(score[i]), base) for i, bid in enumerate(open_bids)
    )
    names = [bid.vendor for bid in open_bids]
    notices = tuple(
        f"{bid.vendor} priced {bid.assumed_months:g} months, not {assumptions.months:g}: the bid was brought to the same length."
        for bid in open_bids
        if bid.assumed_months is not None and bid.assumed_months != assumptions.months
    )
    order = sorted(outcomes, key=lambda outcome: -outcome.score)
    shares = tuple(zip(CRITERIA, (float(value) for value in share), strict=True))
    return Selection(tuple(order), shares, _find_flips(features, share, names), _share_won(features, names, seed), left_out, notices)


def _outcome(bid: Bid, assumptions: Assumptions, cost: Floats, months: Floats, p_cheapest: float, score: float, base: str) -> BidOutcome:
    def money(value: float) -> Money:
        return Money(Decimal(str(round(value, 2))), base)

    as_bid = _price(bid, bid.assumed_months or assumptions.months, bid.assumed_sites or assumptions.sites, assumptions)
    low, middle, high = (money(float(q)) for q in np.quantile(cost, [0.1, 0.5, 0.9]))
    return BidOutcome(
        vendor=bid.vendor,
        as_bid=money(as_bid * bid.rate),
        normalised=money(_price(bid, assumptions.months, assumptions.sites, assumptions) * bid.rate),
        cost_median=middle,
        cost_low=low,
        cost_high=high,
        months_median=float(np.median(months)),
        months_high=float(np.quantile(months, 0.9)),
        p_cheapest=p_cheapest,
        score=score,
    )


def _draw_futures(assumptions: Assumptions, draws: int, seed: int) -> Floats:
    """(4, draws) standard normal and uniform drivers shared by all bids: slip, inflation, change-order count, vendor luck."""
    rng = np.random.Generator(np.random.Philox(seed))
    return rng.standard_normal((4, draws))


def _simulate(bid: Bid, assumptions: Assumptions, futures: Floats) -> tuple[Floats, Floats]:
    factor = bid.slip_factor * np.exp(bid.slip_factor_sd * futures[3])
    slip = assumptions.slip_median * np.exp(assumptions.slip_sd * futures[0]) * factor
    months = assumptions.months + slip
    inflation = np.maximum(assumptions.inflation + assumptions.inflation_sd * futures[1], 0)
    if bid.inflation_cap is not None:
        inflation = np.minimum(inflation, bid.inflation_cap)
    base = np.array([_price(bid, m, assumptions.sites, assumptions) for m in months])
    changes = assumptions.change_orders_a_year * bid.change_order_factor * months / 12 * assumptions.change_order_share
    changes *= np.exp(0.5 * futures[2] - 0.125)
    grown = (1 + inflation) ** (months / 24)  # prices grow over the work, on average for half its length
    return base * grown * (1 + changes) * bid.rate, months


def _price(bid: Bid, months: float, sites: float, assumptions: Assumptions) -> float:
    visits = assumptions.visits_per_site_month * sites * months
    return (
        bid.fixed + bid.per_month * months + bid.per_site_month * sites * months + bid.per_visit * visits
        + bid.per_participant * assumptions.participants + bid.pass_through
    )  # fmt: skip


def _features(cost: Floats, months: Floats, quality: Floats) -> Floats:
    """(bids, 4) in 0 to 1, 1 the best: median cost, median months, spread of cost upwards, quality."""

    def best_is_one(values: Floats) -> Floats:
        spread = float(values.max() - values.min())
        return np.ones(len(values)) if spread == 0 else np.asarray((values.max() - values) / spread)

    middle = np.median(cost, 1)
    risk = np.quantile(cost, 0.9, axis=1) / middle
    return np.column_stack([best_is_one(middle), best_is_one(np.median(months, 1)), best_is_one(risk), 1 - best_is_one(quality)])


def _find_flips(features: Floats, share: Floats, names: list[str]) -> tuple[tuple[str, float | None, str], ...]:
    """For each criterion the nearest weight (others in proportion) at which another bid leads, and which."""
    leader = int((features @ share).argmax())
    flips = []
    for k, name in enumerate(CRITERIA):
        grid = sorted(np.linspace(0, 1, 201), key=lambda w: abs(w - share[k]))
        rest = np.delete(share, k)
        others = rest / rest.sum() if rest.sum() > 0 else np.full(3, 1 / 3)
        found: tuple[float | None, str] = (None, "")
        for weight in grid:
            trial = np.insert(others * (1 - weight), k, weight)
            scores = features @ trial
            if scores.max() > scores[leader] + 1e-9:
                found = (float(weight), names[int(scores.argmax())])
                break
        flips.append((name, *found))
    return tuple(flips)


def _share_won(features: Floats, names: list[str], seed: int) -> tuple[tuple[str, float], ...]:
    """Share of all possible weights under which each bid leads: says whether the weights or the bids decide."""
    weights = np.random.Generator(np.random.Philox(seed)).dirichlet(np.ones(len(CRITERIA)), 4000)
    winners = np.bincount((weights @ features.T).argmax(1), minlength=len(names)) / len(weights)
    return tuple(sorted(zip(names, (float(value) for value in winners), strict=True), key=lambda item: -item[1]))
