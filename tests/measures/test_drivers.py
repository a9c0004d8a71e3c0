"""What drives a reading is the same however the rows came."""

from __future__ import annotations

import itertools

import numpy as np

from quarterdeck.measures.catalogue import get_definition
from quarterdeck.measures.drivers import derive_drivers
from quarterdeck.measures.estimate import Cells, Estimates


def test_equal_pushes_go_by_name_whatever_order_their_rows_were_added_in() -> None:
    definition = get_definition("vendor_kpi_misses")
    rows = [("QD-002", 0.1), ("QD-002", 0.2), ("QD-002", 0.3), ("QD-001", 0.6)]
    told = set()
    for order in itertools.permutations(rows):
        names = sorted({name for name, _ in order})
        clusters = np.array([names.index(name) for name, _ in order])
        counts = np.array([count for _, count in order])
        cells = Cells(np.zeros(4, dtype=np.intp), clusters, counts, np.zeros(4), None, None)
        one = np.array([1.0])
        found = Estimates(value=one, low=one, high=one, count=one, total=one, chance=one)
        told.add(tuple(name for name, _ in derive_drivers(definition, "vendor", cells, names, 1, found)[0]))
    assert told == {("QD-001", "QD-002")}
