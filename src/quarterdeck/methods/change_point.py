"""One change in a series of shares: where, from what to what, and whether the data ask for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Change:
    """The first period of the new level, the two levels, and how far the likelihood ratio passes its threshold."""

    position: int
    before: float
    after: float
    statistic: float


def find_change(y: Floats, n: Floats, least: int = 3, false_alarm: float = 0.05, draws: int = 400, seed: int = 1) -> Change | None:
    """The likeliest single change in binomial shares y/n, or None.

    The largest likelihood ratio over all positions is compared with its distribution under no change, made by drawing series of the same
    sizes and the same spread between periods: monthly figures vary more than binomially, and a table for the binomial would cry wolf.
    Series shorter than twice `least` give None. Method: Hinkley (1970), Biometrika 57:1, with a simulated null.
    """
    if len(y) < 2 * least or y.sum() in (0, n.sum()):
        return None
    ratios = _ratios(y[None], n, least)[0]
    spread = max(1.0, float((((y - n * y.sum() / n.sum()) ** 2) / (n * y.sum() / n.sum() * (1 - y.sum() / n.sum()))).mean()))
    share = y.sum() / n.sum()
    rng = np.random.Generator(np.random.Philox(seed))
    # Overdispersion as noise in the share itself, at the spread seen around one level after the best split.
    position = int(ratios.argmax())
    residual = _spread_after(y, n, position + least)
    noise = np.sqrt(np.maximum(min(spread, residual) - 1, 0) * share * (1 - share) / n)
    shares = np.clip(share + rng.standard_normal((draws, len(y))) * noise, 0.001, 0.999)
    null = _ratios(rng.binomial(n.astype(int), shares).astype(float), n, least).max(1)
    threshold = float(np.quantile(null, 1 - false_alarm))
    if ratios[position] <= threshold:
        return None
    split = position + least
    return Change(
        split, float(y[:split].sum() / n[:split].sum()), float(y[split:].sum() / n[split:].sum()), float(ratios[position] / threshold)
    )


def _ratios(y: Floats, n: Floats, least: int) -> Floats:
    """(draws, positions) twice the log likelihood ratio of a change at each position."""
    cy, cn = np.cumsum(y, 1)[:, least - 1 : -least], np.cumsum(n)[least - 1 : -least]
    total_y, total_n = y.sum(1, keepdims=True), n.sum()
    return np.asarray(2 * (_log_like(cy, cn) + _log_like(total_y - cy, total_n - cn) - _log_like(total_y, np.array(total_n))))


def _log_like(y: Floats, n: Floats) -> Floats:
    p = np.clip(y / n, 1e-12, 1 - 1e-12)
    return np.asarray(y * np.log(p) + (n - y) * np.log(1 - p))


def _spread_after(y: Floats, n: Floats, split: int) -> float:
    """Mean squared standardised residual around the two levels."""
    total = 0.0
    for part in (slice(None, split), slice(split, None)):
        p = float(np.clip(y[part].sum() / n[part].sum(), 0.01, 0.99))
        total += float(((y[part] - n[part] * p) ** 2 / (n[part] * p * (1 - p))).sum())
    return total / max(1, len(y) - 2)
