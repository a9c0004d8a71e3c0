"""Rows of clinical-investigator inspections as CSV, counted by year, class and regulation: sites and people never appear one by one."""

from __future__ import annotations

import csv
import io
from collections import Counter, defaultdict

from quarterdeck.regulation.model import Document
from quarterdeck.regulation.parsers.common import Parsed, Payload, clean

SMALLEST = 5  # a count below this is folded into "other", so that nobody can be recognised


def matches(payload: Payload) -> bool:
    """A header with inspection class and CFR reference."""
    first = payload.text[:400].lower().split("\n")[0]
    return "insp" in first and "cfr_reference" in first


def parse(payload: Payload) -> Parsed:
    """One document per year: how many deficiencies by regulation, and by class."""
    parsed = Parsed()
    regulations: dict[str, Counter[str]] = defaultdict(Counter)
    classes: dict[str, Counter[str]] = defaultdict(Counter)
    for number, row in enumerate(csv.DictReader(io.StringIO(payload.text)), start=2):
        year = clean(row.get("year")).split(".")[0]
        if not year.isdigit():
            parsed.problem("year", f"line {number}", "no year; the row is not counted")
            continue
        regulations[year][clean(row.get("cfr_reference")) or "not stated"] += 1
        classes[year][clean(row.get("insp_class")) or "not stated"] += 1
    for year in sorted(regulations):
        parsed.documents.append(
            Document(
                id=f"fda-ci-inspections:{year}",
                native_id=year,
                title=f"FDA inspections of clinical investigators, {year}: deficiencies by regulation",
                authority="FDA",
                jurisdictions=("US",),
                kind="inspection",
                text=f"By regulation: {_shown(regulations[year])}. By class: {_shown(classes[year])}.",
                extra={"rows": str(sum(regulations[year].values())), "year": year},
            )
        )
    return parsed


def _shown(counts: Counter[str]) -> str:
    large = [(name, n) for name, n in counts.most_common() if n >= SMALLEST]
    rest = sum(counts.values()) - sum(n for _, n in large)
    return "; ".join([*(f"{name} {n}" for name, n in large), *([f"other {rest}"] if rest else [])])
