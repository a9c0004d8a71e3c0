"""Times of the regulation room beside the obvious alternative, in the same run: indexing, searching, dates, relevance."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Callable

from quarterdeck.regulation.dates import extract_dates
from quarterdeck.regulation.relevance import judge
from quarterdeck.regulation.search import Entry, Index

WORDS = [
    "sponsor",
    "investigator",
    "participant",
    "trial",
    "consent",
    "safety",
    "report",
    "monitoring",
    "protocol",
    "device",
    "board",
    "ethics",
    "guidance",
    "rule",
    "draft",
    "final",
    "notice",
    "data",
    "record",
    "system",
    "audit",
    "visit",
    "remote",
]


def main(smoke: bool = False) -> None:
    """Medians of five runs (one when smoke) and the ratio to the alternative."""
    runs, n = (1, 500) if smoke else (5, 10_000)
    entries = [
        Entry(
            f"d{i}",
            " ".join(WORDS[(i * k) % len(WORDS)] for k in range(1, 9)),
            " ".join(WORDS[(i + 7 * k) % len(WORDS)] for k in range(150)),
        )
        for i in range(n)
    ]
    index = Index()
    index.add(entries)

    def scan() -> list[str]:
        pattern = re.compile(r"data monitoring|safety board", re.IGNORECASE)
        return [e.id for e in entries if pattern.search(e.title) or pattern.search(e.text)]

    build = _median(lambda: _build(entries), runs)
    search, naive = _median(lambda: index.search("safety board that reads unblinded data"), runs), _median(scan, runs)
    text = "DATES: The comment period is extended. Comments must be received on or before May 16, 2031. The rule is effective June 2, 2031."
    dates, bare = (
        _median(lambda: [extract_dates(text) for _ in range(100)], runs),
        _median(lambda: [re.findall(r"[A-Z][a-z]+ \d+, \d{4}", text) for _ in range(100)], runs),
    )
    relevance = _median(lambda: [judge(e.title, e.text) for e in entries[:200]], runs)
    print(f"{n:,} documents indexed: {build:.2f} s (target under 5 s for 10,000)")
    print(
        f"one question with thesaurus and prior: {search * 1000:.0f} ms; a scan with one pattern: {naive * 1000:.0f} ms; ratio {search / naive:.1f}"
    )
    print(f"dates of a paragraph, typed: {dates * 10:.2f} ms; a bare pattern without types: {bare * 10:.3f} ms; ratio {dates / bare:.0f}")
    print(f"relevance of a document: {relevance / min(200, n) * 1000:.2f} ms")


def _build(entries: list[Entry]) -> None:
    index = Index()
    index.add(entries)
    index.close()


def _median(work: Callable[[], object], runs: int) -> float:
    times = []
    for _ in range(runs):
        start = time.perf_counter()
        work()
        times.append(time.perf_counter() - start)
    return statistics.median(times)


if __name__ == "__main__":
    main()
