"""Vendors compared fairly: the raw figure, the figure for equal case mix with its interval, and how sure we are that one is better than another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from quarterdeck.methods.hierarchical import Family, Fit, Floats, Rows, fit_groups, simulate_effects
from quarterdeck.vocabulary.errors import BadInput

LEVEL = 0.90
DRAWS = 4000
SURE = 0.95  # a vendor is called better or worse than the average, or than another, from this probability on
CALLED_WORST = 0.90
LARGEST_CATEGORY_COUNT = 12


@dataclass(frozen=True, slots=True)
class Column:
    """One covariate as columns of the design: centred, scaled numbers, or one column per category."""

    name: str
    labels: tuple[str, ...]
    values: Floats


@dataclass(frozen=True, slots=True)
class VendorEffect:
    """One vendor. `raw` and `adjusted` are in the metric's unit; `ratio` compares with the average vendor (odds ratio for proportions).

    `moved_by` says what carries the figure from raw to adjusted: each covariate, and the pull towards the average ("small numbers").
    """

    vendor: str
    n_studies: int
    numerator: float
    denominator: float | None
    raw: float
    adjusted: float
    low: float
    high: float
    ratio: float
    ratio_low: float
    ratio_high: float
    p_better_than_average: float
    p_best: float
    p_worst: float
    rank_low: int
    rank_high: int
    verdict: str
    moved_by: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Comparison:
    """All vendors on one metric. `p_better[i][j]` is the probability that vendor i is better than vendor j.

    `reliability` is the mean rank correlation of a likely ordering with the shown one: below .5 an order of vendors means little.
    """

    metric: str
    family: Family
    higher_is_better: bool
    vendors: tuple[VendorEffect, ...]
    p_better: tuple[tuple[float, ...], ...]
    reliability: float
    covariates: tuple[str, ...]
    notices: tuple[str, ...]
    not_compared: tuple[tuple[str, str], ...]
    level: float = LEVEL


def compare_vendors(
    metric: str,
    vendor: Sequence[str],
    study: Sequence[str],
    y: Floats,
    size: Floats | None,
    covariates: Mapping[str, Sequence[str]],
    family: Family,
    higher_is_better: bool,
    seed: int = 1,
) -> Comparison:
    """Compare vendors on one metric; one entry per vendor and trial. `size` is trials, exposure or None (values).

    Raises BadInput where nothing can be compared: no rows, or a single vendor.
    """
    names, group = np.unique(np.asarray(vendor, dtype=str), return_inverse=True)
    usable, not_compared = _usable(names, group, y, size, family)
    if usable.sum() == 0:
        raise BadInput("Nothing can be compared", thing=metric, next_step="Each row needs a vendor and a positive denominator or value.")
    kept = np.unique(group[usable])
    if len(kept) < 2:
        raise BadInput(
            "One vendor alone cannot be compared",
            thing=str(names[kept[0]]),
            next_step="Show its trend over time, or add vendors that did similar work.",
        )
    position = np.searchsorted(kept, group[usable])
    _, study_position = np.unique(np.asarray(study, dtype=str)[usable], return_inverse=True)
    columns, notices = _columns({name: [values[i] for i in np.flatnonzero(usable).tolist()] for name, values in covariates.items()})
    design = np.hstack([column.values for column in columns]) if columns else np.zeros((int(usable.sum()), 0))
    weight = size[usable] if size is not None else np.ones(int(usable.sum()))
    rows = Rows(y[usable].astype(float), weight.astype(float), position, study_position, design)
    fit = fit_groups(rows, family, len(kept))
    if len(kept) == 2:
        notices.append("With two vendors the spread between vendors is hardly known: the intervals lean on the prior.")
    effects, p_better, reliability = _summarise(fit, rows, columns, [str(names[k]) for k in kept], higher_is_better, seed)
    return Comparison(
        metric,
        family,
        higher_is_better,
        tuple(effects),
        p_better,
        reliability,
        tuple(column.name for column in columns),
        tuple(notices),
        not_compared,
    )


def _usable(
    names: npt.NDArray[np.str_], group: npt.NDArray[np.int64], y: Floats, size: Floats | None, family: Family
) -> tuple[npt.NDArray[np.bool_], tuple[tuple[str, str], ...]]:
    """Rows that can be used, and each vendor that has none, with the reason."""
    good = np.isfinite(y) & (y >= 0) if family != "lognormal" else np.isfinite(y) & (y > 0)
    if size is not None:
        good &= np.isfinite(size) & (size > 0)
        if family == "binomial":
            good &= y <= size
    left_out = [(str(name), "no row with a positive denominator or value") for k, name in enumerate(names) if not good[group == k].any()]
    return good, tuple(left_out)


def _columns(covariates: Mapping[str, Sequence[str]]) -> tuple[list[Column], list[str]]:
    """Numbers centred and scaled, words as categories; a missing value is a category of its own or the mean, and is said."""
    columns, notices = [], []
    for name, values in covariates.items():
        text = [str(value).strip() for value in values]
        missing = np.array([value == "" or value.lower() in ("na", "nan", "none") for value in text])
        if missing.all():
            notices.append(f"{name} is empty and was not used.")
            continue
        if missing.any():
            notices.append(
                f"{name} is missing in {int(missing.sum())} of {len(text)} rows; those rows are adjusted as an average row would be."
            )
        column = _number_column(name, text, missing) or _category_column(name, text, missing)
        if column is None:
            notices.append(f"{name} has a different value in almost every row and was not used.")
        elif column.values.shape[1]:
            columns.append(column)
    return columns, notices


def _number_column(name: str, text: list[str], missing: npt.NDArray[np.bool_]) -> Column | None:
    try:
        numbers = np.array([np.nan if gone else float(value) for value, gone in zip(text, missing, strict=True)])
    except ValueError:
        return None
    if not np.isfinite(numbers[~missing]).all():
        return None
    spread = float(np.nanstd(numbers))
    if spread == 0:
        return Column(name, (), np.zeros((len(text), 0)))
    scaled = (numbers - np.nanmean(numbers)) / spread
    return Column(name, (name,), np.where(missing, 0.0, scaled)[:, None])


def _category_column(name: str, text: list[str], missing: npt.NDArray[np.bool_]) -> Column | None:
    labels = sorted({value for value, gone in zip(text, missing, strict=True) if not gone})
    if len(labels) < 2:
        return Column(name, (), np.zeros((len(text), 0)))
    if len(labels) > max(2, min(LARGEST_CATEGORY_COUNT, int((~missing).sum()) // 2)):
        return None
    indicator = np.array([[float(value == label) for label in labels] for value in text])
    indicator[~missing] -= indicator[~missing].mean(0)
    return Column(name, tuple(f"{name} {label}" for label in labels), indicator)


def _summarise(
    fit: Fit, rows: Rows, columns: list[Column], names: list[str], higher_is_better: bool, seed: int
) -> tuple[list[VendorEffect], tuple[tuple[float, ...], ...], float]:
    draws = simulate_effects(fit, DRAWS, seed)
    effect = draws @ fit.contrast.T  # (draws, m) on the link scale, centred on the average vendor
    good = effect if higher_is_better else -effect
    level = _reference_level(fit, rows, draws)
    on_scale = _back(fit.family, level[:, None] + effect)
    order = np.argsort(np.argsort(-good, axis=1), axis=1) + 1
    low, high = (1 - LEVEL) / 2, (1 + LEVEL) / 2
    best, worst = (order == 1).mean(0), (order == len(names)).mean(0)
    effects = []
    for k, name in enumerate(names):
        mine = rows.group == k
        raw = _raw(fit.family, rows.y[mine], rows.size[mine])
        q = np.quantile(effect[:, k], [low, 0.5, high])
        shown = np.quantile(on_scale[:, k], [low, 0.5, high])
        p_good = float((good[:, k] > 0).mean())
        effects.append(
            VendorEffect(
                vendor=name,
                n_studies=len(np.unique(rows.study[mine])),
                numerator=float(rows.y[mine].sum()),
                denominator=None if fit.family == "lognormal" else float(rows.size[mine].sum()),
                raw=raw,
                adjusted=float(shown[1]),
                low=float(shown[0]),
                high=float(shown[2]),
                ratio=float(np.exp(q[1])),
                ratio_low=float(np.exp(q[0])),
                ratio_high=float(np.exp(q[2])),
                p_better_than_average=p_good,
                p_best=float(best[k]),
                p_worst=float(worst[k]),
                rank_low=int(np.quantile(order[:, k], low)),
                rank_high=int(np.ceil(np.quantile(order[:, k], high))),
                verdict=_verdict(p_good, float(worst[k]), len(names)),
                moved_by=_moved_by(fit, rows, columns, mine, raw, float(shown[1])),
            )
        )
    p_better = tuple(
        tuple(float((good[:, i] > good[:, j]).mean()) if i != j else 0.5 for j in range(len(names))) for i in range(len(names))
    )
    shown_order = np.argsort(np.argsort(-np.median(good, axis=0))) + 1
    return effects, p_better, _mean_rank_correlation(order, shown_order)


def _verdict(p_good: float, p_worst: float, n_vendors: int) -> str:
    """Words that a small number of events cannot earn."""
    if p_good >= SURE:
        return "better than average"
    if p_good <= 1 - SURE:
        return "worst of all" if p_worst >= CALLED_WORST and n_vendors > 2 else "worse than average"
    return "cannot be told apart from the average"


def _reference_level(fit: Fit, rows: Rows, draws: Floats) -> Floats:
    """(draws,) link-scale level of the average vendor at the case mix of the whole portfolio."""
    mix = rows.size / rows.size.sum() @ rows.covariates
    return np.asarray(draws[:, 0] + draws[:, 1 : 1 + fit.n_covariates] @ mix + draws @ fit.effect.mean(0))


def _back(family: Family, eta: Floats) -> Floats:
    return np.asarray(1 / (1 + np.exp(-eta)) if family == "binomial" else np.exp(eta))


def _raw(family: Family, y: Floats, size: Floats) -> float:
    return float(np.exp(np.log(y).mean())) if family == "lognormal" else float(y.sum() / size.sum())


def _moved_by(
    fit: Fit, rows: Rows, columns: list[Column], mine: npt.NDArray[np.bool_], raw: float, adjusted: float
) -> tuple[tuple[str, float], ...]:
    """Shares of the step from raw to adjusted, in the metric's unit: case mix by covariate, the rest is the pull of small numbers."""
    weight = rows.size / rows.size.sum()
    mean_all, mean_mine = weight @ rows.covariates, (rows.size[mine] / rows.size[mine].sum()) @ rows.covariates[mine]
    link = np.log(max(raw, 1e-9) / max(1 - raw, 1e-9)) if fit.family == "binomial" else np.log(max(raw, 1e-9))
    parts, start = [], 0
    for column in columns:
        width = column.values.shape[1]
        part = slice(start, start + width)
        shift = float(fit.coefficients[part] @ (mean_all[part] - mean_mine[part]))
        after = float(_back(fit.family, np.array(link + shift)))
        parts.append((column.name, after - raw))
        link, raw, start = link + shift, after, start + width
    return (*parts, ("small numbers", adjusted - raw))


def _mean_rank_correlation(order: npt.NDArray[np.int64], shown: npt.NDArray[np.int64]) -> float:
    m = order.shape[1]
    distance = ((order - shown[None]) ** 2).sum(1)
    return float(1 - (6 * distance / (m * (m**2 - 1))).mean())
