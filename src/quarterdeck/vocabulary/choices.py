"""What an installation chooses that changes what is computed: a snapshot is opened with it, so that every room computes alike."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Choices:
    """The currency that amounts are shown in, the smallest group of people that is shown, the start of the year, and the luck of simulations."""

    currency: str = "GBP"
    minimum_cell: int = 5
    fiscal_year_start_month: int = 1
    random_seed: int = 20261122
