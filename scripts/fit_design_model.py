"""Fits the models of a trial's duration, slip and termination to registered trials, and writes their coefficients.

    python scripts/fit_design_model.py REGISTRY_FOLDER

Needs scikit-learn (dependency group `build`). Prints what sponsor-wise cross-validation says, beside gradient boosting.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads that wait for one another are slower than one on a busy machine

import numpy as np
import pyarrow.parquet as pq
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.metrics import roc_auc_score
from sklearn.model_selection import GroupKFold

from quarterdeck.forecasts.design import LATEST_YEAR, LINEAR_SHARE, MODEL, Design, describe
from quarterdeck.methods.conformal import conformal_offsets, kaplan_meier_weights

FOLDS = 5
SHORTEST, LONGEST = 15.0, 5500.0


def read_design(row: dict[str, Any]) -> Design:
    """A registry row as a design."""
    text = " ".join(str(row.get(k) or "") for k in ("alloc", "model", "masking")).lower()
    has = bool(text.strip())
    masking = str(row.get("masking") or "").lower() + text
    return Design(
        row.get("phase") or "NA",
        row.get("ta") or "",
        row.get("sponsor_class") or "",
        *(_number(row.get(k)) for k in ("enrol", "n_sites", "n_countries", "n_arms", "crit_len", "n_prim", "n_sec")),
        ("random" in text and "non-random" not in text and "non_random" not in text) if has else None,
        any(w in masking for w in ("double", "triple", "quadruple", "single (", "masking: single")) if has else None,
        "single" in text and "group" in text if has else None,
        "crossover" in text if has else None,
        {"yes": True, "true": True, "accepts healthy volunteers": True, "no": False, "false": False}.get(
            str(row.get("healthy") or "").lower()
        ),
        tuple(sorted(set(str(row.get("int_types") or "").upper().split("|")) - {""})),
        f"{row.get('title') or ''} {row.get('conditions') or ''}",
        float(str(row["start"])[:4]) if row.get("start") else None,
    )


def _number(value: Any) -> float | None:
    return None if value is None or not np.isfinite(value) or value < 0 else float(value)


def matrix(designs: list[Design]) -> tuple[list[str], np.ndarray]:
    """Feature names and matrix."""
    rows = [describe(d) for d in designs]
    names = list(rows[0])
    return names, np.array([[r[n] for n in names] for r in rows])


class Blend:
    """A third linear, two thirds a small boosted ensemble: the first extrapolates and explains, the second bends."""

    def __init__(self, trees: int = 160) -> None:
        self.linear = Ridge(alpha=5.0)
        self.boosted = HistGradientBoostingRegressor(
            max_iter=trees,
            learning_rate=0.07,
            max_leaf_nodes=12,
            min_samples_leaf=30,
            l2_regularization=5.0,
            max_features=0.3,
            random_state=1,
        )

    def fit(self, x: np.ndarray, y: np.ndarray, weights: np.ndarray) -> Blend:
        self.linear.fit(x, y, sample_weight=weights)
        self.boosted.fit(x, y, sample_weight=weights)
        return self

    def predict(self, x: np.ndarray) -> np.ndarray:
        return LINEAR_SHARE * self.linear.predict(x) + (1 - LINEAR_SHARE) * self.boosted.predict(x)

    def export(self, names: list[str]) -> dict[str, Any]:
        """The trees as numbers: per node feature, threshold, left, right, value; a leaf has feature -1."""
        trees = []
        for stage in self.boosted._predictors:
            nodes = stage[0].nodes
            trees.append(
                [
                    [
                        -1 if n["is_leaf"] else int(n["feature_idx"]),
                        round(float(n["num_threshold"]), 5),
                        int(n["left"]),
                        int(n["right"]),
                        round(float(n["value"]), 5),
                    ]
                    for n in nodes
                ]
            )
        return {"features": names, "baseline": round(float(np.ravel(self.boosted._baseline_prediction)[0]), 5), "trees": trees}


def as_model(names: list[str], fitted: Any, x: np.ndarray) -> dict[str, Any]:
    weights = np.ravel(fitted.coef_)
    return {
        "intercept": round(float(np.ravel(fitted.intercept_)[0]), 5),
        "coefficients": {n: round(float(w), 5) for n, w in zip(names, weights, strict=True) if abs(w) > 1e-5},
        "means": {n: round(float(m), 4) for n, m in zip(names, x.mean(axis=0), strict=True) if abs(m) > 1e-4},
    }


def fit_duration(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Start to primary completion; trials still running are censored at their last sight."""
    kept, days, ended = [], [], []
    for row in rows:
        start = str(row["start"])[:10] if row["start"] else ""
        if not start or start < "2000":
            continue
        if row["completed"] and row["dur_start_pcd_days"] is not None and SHORTEST <= row["dur_start_pcd_days"] <= LONGEST:
            kept.append(row), days.append(float(row["dur_start_pcd_days"])), ended.append(True)
        elif (
            row["status"] in ("RECRUITING", "ACTIVE_NOT_RECRUITING", "ENROLLING_BY_INVITATION", "ACTIVE,_NOT_RECRUITING")
            and row["snapshot_date"]
        ):
            seen = float((np.datetime64(str(row["snapshot_date"])[:10]) - np.datetime64(start)).astype(int))
            if SHORTEST <= seen <= LONGEST:
                kept.append(row), days.append(seen), ended.append(False)
    names, x = matrix([read_design(r) for r in kept])
    y, happened = np.log(np.array(days)), np.array(ended)
    groups = np.array([r["sponsor"] or r["nct"] for r in kept])
    # Weights undo censoring, capped: a few very late trials must not decide.
    weights = np.minimum(kaplan_meier_weights(np.array(days), happened), 3.0)
    predicted, boosted = np.full(len(y), np.nan), np.full(len(y), np.nan)
    for train, test in GroupKFold(FOLDS).split(x, y, groups):
        use = train[happened[train]]
        predicted[test] = Blend().fit(x[use], y[use], weights[use]).predict(x[test])
        boosted[test] = (
            HistGradientBoostingRegressor(max_iter=200, learning_rate=0.05, max_leaf_nodes=15, min_samples_leaf=30, random_state=0)
            .fit(x[use], y[use], sample_weight=weights[use])
            .predict(x[test])
        )
    report("duration", y, predicted, boosted, happened, groups)
    use = happened
    blend = Blend().fit(x[use], y[use], weights[use])
    model = as_model(names, blend.linear, x[use]) | {"boosted": blend.export(names)}
    offsets = conformal_offsets((y - predicted)[use], 0.8, weights[use])
    return model | {"offsets": [round(o, 5) for o in offsets], "n": int(use.sum()), "censored": int((~use).sum())}


def report(what: str, y: np.ndarray, ours: np.ndarray, boosted: np.ndarray, happened: np.ndarray, groups: np.ndarray) -> None:
    a, b = (np.abs(np.exp(p[happened]) - np.exp(y[happened])) for p in (ours, boosted))
    la, lb = (np.abs(p[happened] - y[happened]) for p in (ours, boosted))
    print(f"{what}: n={happened.sum()} sponsors={len(set(groups))}")
    print(
        f"  mean |error| days ours {a.mean():.0f} boosting {b.mean():.0f} ratio {a.mean() / b.mean():.3f}; median {np.median(a):.0f} / {np.median(b):.0f} ratio {np.median(a) / np.median(b):.3f}"
    )
    print(
        f"  mean |error| log ours {la.mean():.4f} boosting {lb.mean():.4f} ratio {la.mean() / lb.mean():.3f}; rmse log {np.sqrt((la**2).mean()):.4f} / {np.sqrt((lb**2).mean()):.4f} ratio {np.sqrt((la**2).mean() / (lb**2).mean()):.3f}"
    )
    residual = y[happened] - ours[happened]
    half = np.arange(len(residual)) % 2 == 0
    order = np.argsort(groups[happened], kind="stable")
    half = np.isin(groups[happened], np.unique(groups[happened][order])[::2])
    low, high = conformal_offsets(residual[half], 0.8)
    print(
        f"  80% interval covers {np.mean((residual[~half] >= low) & (residual[~half] <= high)):.3f} of unseen sponsors; bias of log {residual.mean():.3f}"
    )


def fit_slip(folder: Path) -> dict[str, Any]:
    """Log of actual over planned duration: plans of 2020 and what became of them, and every registry version of older trials."""
    rows = slip_rows(folder)
    designs = [r[0] for r in rows]
    planned, actual, happened = (np.array([r[i] for r in rows]) for i in (1, 2, 3))
    found = [describe(d) | {"log planned": float(np.log(p / 365.25))} for d, p in zip(designs, planned, strict=True)]
    names = [n for n in found[0] if n == "log planned" or n.startswith(("phase", "sponsor", "enrol", "area COVID"))]
    x = np.array([[f[n] for n in names] for f in found])
    y = np.log(actual / planned)
    happened = happened.astype(bool)
    weights = np.minimum(kaplan_meier_weights(actual, happened), 6.0)
    groups = np.arange(len(y)) % 40
    predicted = np.full(len(y), np.nan)
    for train, test in GroupKFold(FOLDS).split(x, y, groups):
        use = train[happened[train]]
        predicted[test] = Ridge(alpha=10.0).fit(x[use], y[use], sample_weight=weights[use]).predict(x[test])
    residual, w = (y - predicted)[happened], weights[happened]
    slip, days = planned * (np.exp(y) - 1), planned * np.exp(predicted)
    # The point forecast is a mean, not a median: one factor makes it unbiased over the (weighted) cases.
    smear = float(np.average(actual[happened], weights=w) / np.average(days[happened], weights=w))
    bias = np.average((days * smear - planned)[happened] - slip[happened], weights=w)
    low, high = conformal_offsets(residual[::2], 0.8, w[::2])
    inside = (residual[1::2] >= low) & (residual[1::2] <= high)
    print(
        f"slip: n={happened.sum()} censored={int((~happened).sum())} bias {bias:.0f} days (unweighted {np.mean((days * smear - planned - slip)[happened]):.0f}); 80% covers {np.average(inside, weights=w[1::2]):.3f} weighted, {inside.mean():.3f} plain"
    )
    offsets = conformal_offsets(residual, 0.8, w)
    model = as_model(names, Ridge(alpha=10.0).fit(x[happened], y[happened], sample_weight=weights[happened]), x[happened])
    return model | {"offsets": [round(o, 5) for o in offsets], "mean_factor": round(smear, 4), "n": int(happened.sum())}


def slip_rows(folder: Path) -> list[tuple[Design, float, float, bool]]:
    """(design, planned days, actual or censored days, happened)."""
    found = []
    for r in pq.read_table(folder / "covid_plan_actual.parquet").to_pylist():
        planned, t = r["plan_dur_days"], r["t"]
        if planned and t and planned > 14 and t > 7:
            design = Design(
                r["phase"] or "NA",
                r["ta"] or "COVID-19",
                r["sponsor_class"] or "",
                _number(r["plan_enrol"]),
                _number(r["n_sites"]),
                start_year=2020,
            )
            found.append((design, float(planned), float(t), bool(r["event"])))
    return found + history_rows(folder)


def history_rows(folder: Path) -> list[tuple[Design, float, float, bool]]:
    """The first anticipated plan of each trial in its registry history, and its actual completion or last sight."""
    import csv

    versions: dict[str, list[dict[str, str]]] = {}
    with (folder / "registry_history.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            versions.setdefault(row["nctid"], []).append(row)
    found = []
    for rows in versions.values():
        rows.sort(key=lambda r: r["version_date"])
        first = next(
            (
                r
                for r in rows
                if r["primary_completion_date"]
                and r["primary_completion_date_type" if "primary_completion_date_type" in r else "type"].lower() != "actual"
                and r["study_start_date"]
            ),
            None,
        )
        if first is None:
            continue
        last = rows[-1]
        kind = last.get("primary_completion_date_type", last.get("type", "")).lower()
        start = np.datetime64(first["study_start_date"][:10])
        planned = float((np.datetime64(first["primary_completion_date"][:10]) - start).astype(int))
        ended = kind == "actual" and last["primary_completion_date"]
        end = np.datetime64((last["primary_completion_date"] if ended else last["version_date"])[:10])
        actual = float((end - start).astype(int))
        if planned > 30 and actual > 30:
            phase = (first.get("phase") or "NA").replace("Phase ", "")
            found.append(
                (
                    Design(
                        phase,
                        first.get("ta") or "",
                        (first.get("sponsor_class") or "").upper(),
                        _number(float(first["enrolment"] or "nan")),
                    ),
                    planned,
                    actual,
                    bool(ended),
                )
            )
    return found


def fit_termination(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Terminated among trials that started and ended."""
    kept = [r for r in rows if r["status"] in ("COMPLETED", "TERMINATED") and r["start"] and str(r["start"]) >= "2000"]
    # A terminated trial has its actual number of participants on record, which is not its design: it is left out.
    designs = [read_design(r) for r in kept]
    y = np.array([r["status"] == "TERMINATED" for r in kept])
    # Of recent starts only the quick endings are known, and those are stops: years after 2017 count as 2017.
    designs = [
        Design(
            **{f: getattr(d, f) for f in d.__dataclass_fields__}
            | {"participants": None, "start_year": min(d.start_year or 2015.0, LATEST_YEAR)}
        )
        for d in designs
    ]
    names, x = matrix(designs)
    groups = np.array([r["sponsor"] or r["nct"] for r in kept])
    ours, boosted = np.full(len(y), np.nan), np.full(len(y), np.nan)
    for train, test in GroupKFold(FOLDS).split(x, y, groups):
        ours[test] = LogisticRegression(C=0.1, max_iter=500).fit(x[train], y[train]).predict_proba(x[test])[:, 1]
        boosted[test] = (
            HistGradientBoostingClassifier(max_iter=150, learning_rate=0.05, max_leaf_nodes=15, min_samples_leaf=40, random_state=0)
            .fit(x[train], y[train])
            .predict_proba(x[test])[:, 1]
        )
    print(f"termination: n={len(y)} stopped={y.mean():.3f} AUC ours {roc_auc_score(y, ours):.3f} boosting {roc_auc_score(y, boosted):.3f}")
    return as_model(names, LogisticRegression(C=0.1, max_iter=500).fit(x, y), x) | {"n": len(y)}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    trials = pq.read_table(folder / "trials_train.parquet").to_pylist()
    wanted = sys.argv[2:] or ["duration", "termination", "slip"]
    fits = {"duration": lambda: fit_duration(trials), "termination": lambda: fit_termination(trials), "slip": lambda: fit_slip(folder)}
    made = {name: fits[name]() for name in wanted}
    print(json.dumps({k: {kk: vv for kk, vv in v.items() if kk not in ("coefficients", "means", "boosted")} for k, v in made.items()}))
    old = json.loads(MODEL.read_text()) if MODEL.exists() else {}
    MODEL.write_text(json.dumps(old | made, sort_keys=True, separators=(",", ":")) + "\n")
