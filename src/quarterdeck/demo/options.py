"""What may be chosen about the synthetic portfolio, and the keyed random streams that make it repeatable."""

from __future__ import annotations

import zlib
from dataclasses import dataclass
from datetime import date

import numpy as np

from quarterdeck.vocabulary.errors import BadInput

DEFAULT_SEED = 20261122


@dataclass(frozen=True, slots=True)
class DemoOptions:
    """Size, seed and "today". `scale` multiplies participants per trial (and so the events); `snapshots` are month ends before today."""

    trials: int = 24
    scale: float = 1.0
    seed: int = DEFAULT_SEED
    today: date = date(2026, 11, 20)
    snapshots: int = 3

    def __post_init__(self) -> None:
        if not 12 <= self.trials <= 500:
            raise BadInput("The demo portfolio has between 12 and 500 trials", thing=str(self.trials))
        if not 0.1 <= self.scale <= 100:
            raise BadInput("The scale lies between 0.1 and 100", thing=str(self.scale))
        if not 1 <= self.snapshots <= 12:
            raise BadInput("Between 1 and 12 snapshots", thing=str(self.snapshots))

    def stream(self, *keys: object) -> np.random.Generator:
        """A random stream of its own for each purpose, so that a change in one place shifts no draw in another."""
        words = [zlib.crc32(str(key).encode()) for key in keys]
        return np.random.Generator(np.random.Philox(np.random.SeedSequence([self.seed, *words])))
