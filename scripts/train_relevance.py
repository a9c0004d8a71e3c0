"""Trains the relevance model from labelled documents and writes its weights as JSON; no text of the training documents is kept.

Usage: python scripts/train_relevance.py [--data FOLDER] [--check]. `--check` cross-validates and writes nothing.
FOLDER holds fr_fda_2020_2026.jsonl and eval/relevance_dev.jsonl. Further labels, by document number only, are in scripts/relevance_labels.json.
"""

from __future__ import annotations

import argparse
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from quarterdeck.methods.linear_text import fit_calibration, fit_logistic, get_folds, learn_idf, to_matrix
from quarterdeck.regulation.parsers import parse
from quarterdeck.regulation.parsers.common import Payload
from quarterdeck.regulation.relevance import MODEL, derive_features, judge, read_model

HERE = Path(__file__).parent
DATA = Path(os.environ.get("QUARTERDECK_SHARED_DATA", HERE.parents[1] / "shared" / "data")) / "regulatory"
PENALTY = {"any": 1.0, "portfolio": 1.0}
MISSED = {"review_from": 0.06, "in_from": 0.08}  # of labelled relevant rows


def read_rows(data: Path) -> list[dict[str, Any]]:
    """Rows {id, title, body, grade, weight, source}: development labels, further labels, own examples, and the unlabelled rest as grade 0."""
    corpus = [json.loads(line) for line in (data / "fr_fda_2020_2026.jsonl").read_text().splitlines()]
    development = [json.loads(line) for line in (data / "eval" / "relevance_dev.jsonl").read_text().splitlines()]
    labels = json.loads((HERE / "relevance_labels.json").read_text())
    known = {row["id"] for row in development}
    rows = [
        {"id": r["id"], "title": r["title"], "body": r["abstract"], "grade": r["relevance"], "weight": 1.5, "source": "dev"}
        for r in development
    ]
    for row in corpus:
        if row["id"] not in known:
            grade = labels.get(row["id"].removeprefix("fr:"), 0)
            rows.append(
                {
                    "id": row["id"],
                    "title": row["title"],
                    "body": row["abstract"] or "",
                    "grade": grade,
                    "weight": 1.0 if grade else 0.5,
                    "source": "corpus",
                }
            )
    rows += read_other_agencies(data)
    for grade, texts in yaml.safe_load((HERE / "relevance_examples.yaml").read_text()).items():
        for number, text in enumerate(texts):
            title, _, body = re.sub(r"\s+", " ", text).partition(". ")
            rows.append({"id": f"own:{grade}:{number}", "title": title, "body": body, "grade": grade, "weight": 1.0, "source": "own"})
    return rows


def read_other_agencies(data: Path) -> list[dict[str, Any]]:
    """Documents of agencies that have nothing to do with medicines, from whole issues and dockets: grade 0, so that the model also knows what is far away."""
    rows: list[dict[str, Any]] = []
    names = [
        "us_federal_register/FR-2016-04-15.xml.gz",
        "us_federal_register/FR-2024-02-12.current.xml.gz",
        "us_regulations_gov/v4_documents_page1_2023-01.json",
    ]
    for name in names:
        path = data / "samples" / name
        _, parsed = parse(Payload(path.name, path.read_bytes()))
        for document in parsed.documents:
            if not re.search(
                r"health|food and drug|FDA|NIH|CDC|HHS|CMS", document.authority + document.extra.get("sub_agency", ""), re.IGNORECASE
            ):
                rows.append(
                    {"id": document.id, "title": document.title, "body": document.abstract, "grade": 0, "weight": 0.5, "source": "other"}
                )
    return rows


def fit(rows: list[dict[str, Any]], folds: int = 5, seed: int = 7) -> tuple[dict[str, Any], np.ndarray]:
    """The model as JSON, and for each row the (any, portfolio) margins given by models that had not seen it."""
    features = [derive_features(row["title"], row["body"]) for row in rows]
    terms, extras = [f[0] for f in features], [f[1] for f in features]
    names = sorted({name for extra in extras for name in extra})
    grades = np.array([row["grade"] for row in rows])
    weights = np.array([row["weight"] for row in rows])
    fold = get_folds(len(rows), folds, seed)
    unseen = np.zeros((len(rows), 2))
    for k in range(folds):
        train, test = fold != k, fold == k
        idf = learn_idf([t for t, use in zip(terms, train, strict=True) if use])
        matrix = to_matrix(terms, idf, extras, names)
        for column, threshold in enumerate((1, 2)):
            coefficients, bias = fit_logistic(
                matrix[train], (grades[train] >= threshold).astype(float), weights[train] * _balance(grades[train], threshold), 1.0
            )
            unseen[test, column] = matrix[test] @ coefficients + bias
    idf = learn_idf(terms)
    matrix = to_matrix(terms, idf, extras, names)
    model: dict[str, Any] = {"idf": {}, "cuts": {}}
    keep: set[str] = set()
    for column, (name, threshold) in enumerate((("any", 1), ("portfolio", 2))):
        labels = (grades >= threshold).astype(float)
        coefficients, bias = fit_logistic(matrix, labels, weights * _balance(grades, threshold), PENALTY[name])
        slope, offset = fit_calibration(unseen[:, column], labels, weights)
        columns = [*idf, *names]
        kept = {c: round(float(w), 4) for c, w in zip(columns, coefficients, strict=True) if abs(w) > 0.03}
        keep |= {c for c in kept if c in idf}
        model[name] = {"weights": kept, "bias": round(bias, 4), "slope": round(slope, 4), "offset": round(offset, 4)}
    # Terms without weight still lengthen a text, so their idf stays.
    model["idf"] = {term: round(value, 3) for term, value in idf.items()}
    return model, unseen


def _balance(grades: np.ndarray, threshold: int) -> np.ndarray:
    # Relevant documents are one in ten: missing one costs more than a review.
    return np.where(grades >= threshold, 3.0 if threshold == 1 else 4.0, 1.0)


def probabilities(model: Mapping[str, Any], unseen: np.ndarray) -> np.ndarray:
    """Calibrated probabilities of the unseen margins; the second never exceeds the first."""
    p = np.column_stack(
        [1 / (1 + np.exp(-(model[n]["slope"] * unseen[:, i] + model[n]["offset"]))) for i, n in enumerate(("any", "portfolio"))]
    )
    return np.column_stack([p[:, 0], np.minimum(p[:, 0], p[:, 1])])


def choose_cuts(rows: list[dict[str, Any]], p: np.ndarray) -> dict[str, float]:
    """review_from, in_from: shares of labelled relevant rows that may fall below; portfolio_from: recall .95 of grade 2.

    On unseen folds 6 % keeps precision of in and review together above .75 with recall above .92; 8 % is where precision of "in" passes .85.
    """
    grades = np.array([row["grade"] for row in rows])
    review = float(np.quantile(p[grades >= 1, 0], MISSED["review_from"]))
    portfolio = float(np.quantile(p[grades == 2, 1], 0.05))
    return {
        "review_from": round(review, 3),
        "in_from": round(float(np.quantile(p[grades >= 1, 0], MISSED["in_from"])), 3),
        "portfolio_from": round(portfolio, 3),
    }


def judge_with_foreign_cuts(rows: list[dict[str, Any]], unseen: np.ndarray, band: str, folds: int = 5, seed: int = 7) -> np.ndarray:
    """Whether each row is at least in this band by a cut chosen on the other folds alone: neither weights nor cut have seen the row."""
    grades, fold = np.array([row["grade"] for row in rows]), get_folds(len(rows), folds, seed)
    cuts = [np.quantile(unseen[(fold != k) & (grades >= 1), 0], MISSED[band]) for k in range(folds)]
    return unseen[:, 0] >= np.array(cuts)[fold]


def report(rows: list[dict[str, Any]], p: np.ndarray, cuts: Mapping[str, float]) -> None:
    """Recall and precision of unseen predictions, on the development rows and on all rows."""
    grades = np.array([row["grade"] for row in rows])
    source = np.array([row["source"] for row in rows])
    for name, mask in (
        ("development rows", source == "dev"),
        ("corpus rows", source == "corpus"),
        ("own examples", source == "own"),
        ("other agencies", source == "other"),
    ):
        for band in ("review_from", "in_from"):
            said, true = p[mask, 0] >= cuts[band], grades[mask] >= 1
            print(
                f"{name:18} {band:12} recall {(said & true).sum() / max(1, true.sum()):.3f}  precision {(said & true).sum() / max(1, said.sum()):.3f}  n={mask.sum()}"
            )
        two = grades[mask] == 2
        said = (p[mask, 1] >= cuts["portfolio_from"]) & (p[mask, 0] >= cuts["review_from"])
        print(
            f"{name:18} grade 2      recall {(said & two).sum() / max(1, two.sum()):.3f}  precision {(said & two).sum() / max(1, said.sum()):.3f}"
            f"  grade-2 flagged at all {((p[mask, 0] >= cuts['review_from']) & two).sum() / max(1, two.sum()):.3f}"
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=DATA)
    parser.add_argument("--check", action="store_true")
    parser.add_argument("--errors", action="store_true")
    arguments = parser.parse_args()
    rows = read_rows(arguments.data)
    model, unseen = fit(rows)
    p = probabilities(model, unseen)
    model["cuts"] = choose_cuts(rows, p)
    model["version"] = f"lexicon+linear/{len(rows)} rows"
    print(model["cuts"])
    report(rows, p, model["cuts"])
    if arguments.errors:
        order = np.argsort(-p[:, 0])
        print("--- not labelled, scored high")
        for i in order:
            if rows[i]["grade"] == 0 and p[i, 0] > 0.3:
                print(f"{p[i, 0]:.2f} {rows[i]['source']} {rows[i]['id']} {rows[i]['title'][:140]}")
        print("--- labelled, scored low")
        for i in order[::-1]:
            if rows[i]["grade"] and p[i, 0] < model["cuts"]["in_from"]:
                print(f"{p[i, 0]:.2f} {rows[i]['source']} {rows[i]['grade']} {rows[i]['id']} {rows[i]['title'][:140]}")
    if not arguments.check:
        MODEL.write_text(json.dumps(model, ensure_ascii=False, sort_keys=True, separators=(",", ":")) + "\n", encoding="utf-8")
        print(
            f"wrote {MODEL} ({MODEL.stat().st_size:,} bytes); example grade: {judge('E6(R3) Good Clinical Practice', '', read_model(model)).grade}"
        )


if __name__ == "__main__":
    main()
