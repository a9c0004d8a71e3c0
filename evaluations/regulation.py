"""Measures the regulation room on the development sets and on what was held out: dates, relevance, search, verdicts, differences, replay."""

from __future__ import annotations

import json
import math
import os
import sys
import time
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

from quarterdeck.regulation.answers import build_index, read_files
from quarterdeck.regulation.applicability import judge_trial
from quarterdeck.regulation.dates import extract_dates
from quarterdeck.regulation.editions import compare_files
from quarterdeck.regulation.knowledge import load_changes
from quarterdeck.regulation.model import Outcome
from quarterdeck.regulation.obligations import find_obligations
from quarterdeck.regulation.parsers import parse
from quarterdeck.regulation.parsers.common import Payload
from quarterdeck.regulation.trials import read_trials_file

HERE = Path(__file__).parent
DATA = Path(os.environ.get("QUARTERDECK_SHARED_DATA", HERE.parents[1] / "shared" / "data")) / "regulatory"
TODAY = date(2026, 11, 22)


def main() -> None:
    """Prints one table of measured figures beside their targets."""
    if not DATA.is_dir():
        print(f"The real data are absent: {DATA}")
        return
    rows = [
        *measure_dates(),
        *measure_obligations(),
        *measure_relevance(),
        *measure_search(),
        *measure_verdicts(),
        *measure_differences(),
        *measure_replay(),
    ]
    width = max(len(row[0]) for row in rows)
    print(f"{'measure':{width}}  {'measured':>12}  target")
    for name, value, target in rows:
        print(f"{name:{width}}  {value:>12}  {target}")


def measure_dates() -> list[tuple[str, str, str]]:
    """Precision and recall by kind, and documents wholly right, on the development set."""
    gold, found, hit, whole, n = Counter[str](), Counter[str](), Counter[str](), 0, 0
    for line in (DATA / "eval/dates_dev.jsonl").read_text().splitlines():
        row = json.loads(line)
        true = {(g["type"], g["date"]) for g in row["gold"]}
        said = {(f.kind, str(f.date)) for f in extract_dates(row["text"]) if f.date}
        gold.update(kind for kind, _ in true)
        found.update(kind for kind, _ in said)
        hit.update(kind for kind, _ in true & said)
        whole, n = whole + (true == said), n + 1
    rows = []
    for kind, target in (
        ("comment_close", "R .99, P .95"),
        ("effective", "R .92"),
        ("meeting", "none set"),
        ("applicable_until", "none set"),
    ):
        rows.append((f"dates, development: {kind}", f"P {hit[kind] / max(1, found[kind]):.3f} R {hit[kind] / gold[kind]:.3f}", target))
    return [*rows, ("dates, development: whole documents right", f"{whole / n:.3f}", ".90")]


def measure_obligations() -> list[tuple[str, str, str]]:
    """Kind and actor of obligations against a reading by hand, and how many of the verbs found are no duty."""
    read = json.loads((HERE / "regulation_obligations.json").read_text())
    rows = []
    for name in ("before repairs", "fresh"):
        duties = kinds = actors = false = none = 0
        for file, labels in read[name].items():
            found = {o.span.start: o for o in find_obligations((DATA / "samples" / file).read_text())}
            for start, actor, modality in labels:
                o = found.get(start)
                if not actor:
                    none, false = none + 1, false + (o is not None)
                    continue
                duties += 1
                kinds += o is not None and o.modality == modality
                actors += o is not None and o.actor.lower() in actor.lower().split("|")
        rows += [
            (f"obligations, {name}: kind right", f"{kinds} of {duties}", "none set"),
            (f"obligations, {name}: actor right", f"{actors} of {duties}", "none set"),
            (f"obligations, {name}: no duty, taken for one", f"{false} of {none}", "none set"),
        ]
    return rows


def measure_relevance() -> list[tuple[str, str, str]]:
    """Each labelled row judged by a model that had not seen it (5 folds), with cuts that were chosen on the other folds."""
    sys.path.insert(0, str(HERE.parent / "scripts"))
    import numpy as np
    from train_relevance import choose_cuts, fit, judge_with_foreign_cuts, probabilities, read_rows

    rows = read_rows(DATA)
    model, unseen = fit(rows)
    p = probabilities(model, unseen)
    cuts = choose_cuts(rows, p)
    grades = np.array([row["grade"] for row in rows])
    source = np.array([row["source"] for row in rows])
    found = []
    for name, mask in (
        ("130 development rows", source == "dev"),
        (f"{(source == 'corpus').sum():,} further rows of the corpus", source == "corpus"),
    ):
        for band, words in (("review_from", "in or review"), ("in_from", "in")):
            said, true = judge_with_foreign_cuts(rows, unseen, band)[mask], grades[mask] >= 1
            found.append(
                (
                    f"relevance, 5-fold, {name}, {words}",
                    f"P {(said & true).sum() / said.sum():.3f} R {(said & true).sum() / true.sum():.3f}",
                    "R .90, P .75",
                )
            )
        two = grades[mask] == 2
        graded = (p[mask, 1] >= cuts["portfolio_from"]) & (p[mask, 0] >= cuts["review_from"])
        found.append((f"relevance, 5-fold, {name}, grade 2", f"R {(graded & two).sum() / two.sum():.3f}", "R .95"))
    return found


def measure_search() -> list[tuple[str, str, str]]:
    """nDCG@10 on the development questions and on two sets of our own."""
    index = build_index(read_files([DATA / "fr_fda_2020_2026.jsonl"])[0])
    own = json.loads((HERE / "regulation_queries.json").read_text())
    development = [json.loads(line) for line in (DATA / "eval/retrieval_dev.jsonl").read_text().splitlines()]
    sets = (
        ("development", development, ".50 on fresh"),
        ("own, before the thesaurus", own["first"], ".50"),
        ("own, second set (.69 at first sight)", own["held_out"], ".50"),
        ("own, third set (.57 at first sight)", own["third"], ".50"),
        ("own, fourth set (fresh)", own["fourth"], ".50"),
    )
    return [(f"search nDCG@10, {name}, n={len(asked)}", f"{_ndcg(index, asked):.3f}", target) for name, asked, target in sets]


def _ndcg(index: Any, questions: list[dict[str, Any]]) -> float:
    total = 0.0
    for question in questions:
        ids, true = [hit.id for hit in index.search(question["query"], 10)], set(question["relevant"])
        gain = sum(1 / math.log2(rank + 2) for rank, name in enumerate(ids) if name in true)
        total += gain / sum(1 / math.log2(rank + 2) for rank in range(min(10, len(true))))
    return total / len(questions)


def measure_verdicts() -> list[tuple[str, str, str]]:
    """Exact verdicts under the closed reading that the set declares, and the safety of the open one."""
    path = DATA / "eval/applicability_dev.json"
    trials = {trial.id: trial for trial in read_trials_file(path).trials}
    pairs = json.loads(path.read_text())["pairs"]
    changes = load_changes()
    closed = sum(judge_trial(changes[p["change"]].rule, trials[p["trial"]], TODAY, True).verdict == p["expected"] for p in pairs)
    opened = [judge_trial(changes[p["change"]].rule, trials[p["trial"]], TODAY).verdict for p in pairs]
    wrong_no = sum(v is Outcome.NOT_APPLICABLE and p["expected"] != "not_applicable" for v, p in zip(opened, pairs, strict=True))
    asks = sum(v is Outcome.NEEDS_REVIEW for v in opened)
    return [
        (f"verdicts exact, silence means no, n={len(pairs)}", f"{closed / len(pairs):.3f}", ".93"),
        ("verdicts: does not apply where gold applies or watches", str(wrong_no), "0"),
        ("verdicts that become questions, silence is a question", f"{asks} of {len(pairs)}", "none set"),
    ]


def measure_differences() -> list[tuple[str, str, str]]:
    """Two editions of one issue that differ only editorially."""
    folder = DATA / "samples/us_federal_register"
    start = time.perf_counter()
    answer = compare_files(folder / "FR-2024-02-12.current.xml.gz", folder / "FR-2024-02-12.updated.xml.gz")
    seconds = time.perf_counter() - start
    return [
        ("differences: substantive on the editorial pair", str(answer["substantive"]), "0"),
        ("differences: editorial, counted only", f"{answer['counts']['editorial']:,} of {sum(answer['counts'].values()):,}", "none set"),
        ("differences: seconds", f"{seconds:.2f}", "none set"),
    ]


def measure_replay() -> list[tuple[str, str, str]]:
    """Every recorded sample through its parser."""
    start, documents, problems, files = time.perf_counter(), 0, 0, 0
    for path in sorted((DATA / "samples").rglob("*")):
        if path.is_file():
            _, parsed = parse(Payload(path.name, path.read_bytes()))
            files, documents, problems = files + 1, documents + len(parsed.documents), problems + len(parsed.problems)
    return [
        (f"replay of {files} recorded payloads: documents", f"{documents:,}", "all"),
        ("replay: problems shown", str(problems), "none set"),
        ("replay: seconds", f"{time.perf_counter() - start:.1f}", "60"),
    ]


if __name__ == "__main__":
    main()
