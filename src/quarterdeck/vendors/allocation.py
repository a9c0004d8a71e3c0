"""Who does which work package: cheapest expected cost within capacity, concentration, qualification and the price of switching (HiGHS)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_matrix

from quarterdeck.vocabulary.errors import BadInput

Floats = npt.NDArray[np.float64]
GAP, SECONDS = 0.01, 10.0


@dataclass(frozen=True, slots=True)
class WorkPackage:
    """A piece of work: its size (in capacity units), who does it now ('' for nobody)."""

    id: str
    size: float
    incumbent: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A vendor: capacity in the packages' units, the price of starting to work with it at all, the cost of taking over a package."""

    vendor: str
    capacity: float
    start_cost: float = 0.0
    switching_cost: float = 0.0
    is_new: bool = False


@dataclass(frozen=True, slots=True)
class Allocation:
    """Who does what, at which cost, and how far from the best possible it can be (`gap`). `switched` lists packages that change hands."""

    assigned: tuple[tuple[str, str], ...]
    cost: float
    gap: float
    shares: tuple[tuple[str, float], ...]
    switched: tuple[str, ...]


def allocate(
    packages: Sequence[WorkPackage], offers: Sequence[Offer], cost: Floats, qualified: npt.NDArray[np.bool_], largest_share: float = 0.5
) -> Allocation:
    """Assign each package to one qualified vendor at least total cost.

    `cost` (packages, vendors) is the expected cost of each assignment in one currency; `largest_share` bounds one vendor's share of all work.
    Raises BadInput, naming what is in the way, where no assignment is possible.
    """
    p, v = len(packages), len(offers)
    if cost.shape != (p, v) or qualified.shape != (p, v):
        raise BadInput("Costs and qualifications need a row per package and a column per vendor", thing=f"{cost.shape}, {qualified.shape}")
    if not p or not v:
        raise BadInput("There is nothing to allocate", thing=f"{p} packages, {v} vendors")
    nobody = [package.id for package, row in zip(packages, qualified, strict=True) if not row.any()]
    if nobody:
        raise BadInput(
            "No vendor is qualified for some packages", thing=", ".join(nobody[:5]), next_step="Qualify a vendor or take them out."
        )
    size = np.array([package.size for package in packages])
    limit = np.minimum([offer.capacity for offer in offers], largest_share * size.sum())
    whole = cost + np.array(
        [[0.0 if package.incumbent in ("", offer.vendor) else offer.switching_cost for offer in offers] for package in packages]
    )
    objective = np.concatenate([whole.ravel(), [offer.start_cost if offer.is_new else 0.0 for offer in offers]])
    upper = np.concatenate([qualified.ravel().astype(float), np.ones(v)])
    solved = milp(
        objective,
        constraints=[_one_each(p, v), _within(p, v, size, limit), _only_if_used(p, v)],
        integrality=np.ones(p * v + v, dtype=np.int64),
        bounds=Bounds(np.zeros(p * v + v), upper),
        options={"mip_rel_gap": GAP, "time_limit": SECONDS},
    )
    if solved.x is None:
        raise BadInput(
            "No allocation fits", thing=f"{size.sum():g} units of work, {limit.sum():g} of capacity within the limits",
            allowed=f"at most {largest_share:.0%} of the work to one vendor",
            next_step="Raise the largest share, add capacity, or qualify more vendors.",
        )  # fmt: skip
    chosen = solved.x[: p * v].reshape(p, v).argmax(1)
    used = np.bincount(chosen, weights=size, minlength=v) / size.sum()
    return Allocation(
        tuple((package.id, offers[k].vendor) for package, k in zip(packages, chosen, strict=True)),
        float(solved.fun),
        float(solved.mip_gap or 0.0),
        tuple((offer.vendor, float(share)) for offer, share in zip(offers, used, strict=True)),
        tuple(package.id for package, k in zip(packages, chosen, strict=True) if package.incumbent not in ("", offers[k].vendor)),
    )


def _one_each(p: int, v: int) -> LinearConstraint:
    rows = np.repeat(np.arange(p), v)
    return LinearConstraint(coo_matrix((np.ones(p * v), (rows, np.arange(p * v))), (p, p * v + v)).tocsr(), 1, 1)


def _within(p: int, v: int, size: Floats, limit: Floats) -> LinearConstraint:
    rows = np.tile(np.arange(v), p)
    return LinearConstraint(coo_matrix((np.repeat(size, v), (rows, np.arange(p * v))), (v, p * v + v)).tocsr(), -np.inf, limit)


def _only_if_used(p: int, v: int) -> LinearConstraint:
    """x[package, vendor] <= used[vendor], one row each: tighter than one sum, so the search is shorter."""
    n = p * v
    rows = np.concatenate([np.arange(n), np.arange(n)])
    columns = np.concatenate([np.arange(n), n + np.tile(np.arange(v), p)])
    values = np.concatenate([np.ones(n), -np.ones(n)])
    return LinearConstraint(coo_matrix((values, (rows, columns)), (n, n + v)).tocsr(), -np.inf, 0)
