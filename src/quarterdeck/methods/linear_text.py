"""A linear model over words: tokens to features, logistic regression by L-BFGS, calibration, and scoring from plain weights.

Small on purpose: the weights are a dictionary from term to number that a person can read and a file can hold.
"""

from __future__ import annotations

import itertools
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import exp, log, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.sparse import csr_matrix

_TOKEN = re.compile(r"[a-z][a-z0-9]*(?:\([a-z]\d\))?|\d+[a-z]\b")
STOP_WORDS = frozenset(
    [
        "a",
        "about",
        "above",
        "after",
        "again",
        "all",
        "also",
        "am",
        "an",
        "and",
        "any",
        "are",
        "as",
        "at",
        "be",
        "because",
        "been",
        "being",
        "both",
        "but",
        "by",
        "can",
        "could",
        "did",
        "do",
        "does",
        "doing",
        "down",
        "during",
        "each",
        "few",
        "for",
        "from",
        "further",
        "had",
        "has",
        "have",
        "having",
        "he",
        "her",
        "here",
        "hers",
        "him",
        "his",
        "how",
        "i",
        "if",
        "in",
        "into",
        "is",
        "it",
        "its",
        "itself",
        "just",
        "me",
        "more",
        "most",
        "my",
        "no",
        "nor",
        "not",
        "now",
        "of",
        "off",
        "on",
        "once",
        "only",
        "or",
        "other",
        "our",
        "ours",
        "out",
        "over",
        "own",
        "same",
        "she",
        "should",
        "so",
        "some",
        "such",
        "than",
        "that",
        "the",
        "their",
        "theirs",
        "them",
        "then",
        "there",
        "these",
        "they",
        "this",
        "those",
        "through",
        "to",
        "too",
        "under",
        "until",
        "up",
        "very",
        "was",
        "we",
        "were",
        "what",
        "when",
        "where",
        "which",
        "while",
        "who",
        "whom",
        "why",
        "will",
        "with",
        "you",
        "your",
    ]
)


def tokenise(text: str) -> list[str]:
    """Lower-case words of a text, stop words left out. 'E6(R3)' stays one token: e6(r3).

    >>> tokenise("E6(R3) Good Clinical Practice; Availability")
    ['e6(r3)', 'good', 'clinical', 'practice', 'availability']
    """
    return [token for token in _TOKEN.findall(text.lower()) if token not in STOP_WORDS and len(token) > 1]


def count_terms(text: str, prefix: str = "") -> Counter[str]:
    """Single words and pairs of neighbours, counted. `prefix` keeps the words of a title apart from those of a body."""
    tokens = tokenise(text)
    terms: Counter[str] = Counter(prefix + token for token in tokens)
    terms.update(prefix + first + " " + second for first, second in itertools.pairwise(tokens))
    return terms


@dataclass(frozen=True, slots=True)
class LinearModel:
    """Weights by term. `idf` is folded into scoring; `slope` and `offset` turn the margin into a calibrated probability."""

    weights: Mapping[str, float]
    idf: Mapping[str, float]
    bias: float
    slope: float = 1.0
    offset: float = 0.0

    def margin(self, terms: Mapping[str, int], extra: Mapping[str, float] | None = None) -> float:
        """The linear score. Terms are damped by 1+log(n), weighted by idf and scaled to length 1; `extra` features are added as they are."""
        total, length = 0.0, 0.0
        for term, count in terms.items():
            if (idf := self.idf.get(term)) is not None:
                value = (1 + log(count)) * idf
                length += value * value
                total += value * self.weights.get(term, 0.0)
        added = sum(self.weights.get(name, 0.0) * value for name, value in (extra or {}).items())
        return self.bias + (total / sqrt(length) if length else 0.0) + added

    def probability(self, terms: Mapping[str, int], extra: Mapping[str, float] | None = None) -> float:
        """The calibrated probability, 0 to 1."""
        return sigmoid(self.slope * self.margin(terms, extra) + self.offset)


def adapt(
    model: LinearModel,
    documents: Sequence[Mapping[str, int]],
    extras: Sequence[Mapping[str, float]],
    labels: NDArray[np.float64],
    penalty: float = 1.0,
) -> dict[str, float]:
    """Weights moved as little as possible so that a few new labels are met: the old weights are the centre of the L2 penalty.

    Only terms that the model knows and that occur in the new documents move.
    """
    names = sorted({name for extra in extras for name in extra})
    terms = sorted({term for document in documents for term in document if term in model.idf})
    matrix = to_matrix(documents, {term: model.idf[term] for term in terms}, extras, names)
    base = np.array([model.margin(document, extra) for document, extra in zip(documents, extras, strict=True)])
    transposed = matrix.T.tocsr()

    def loss(delta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        margin = model.slope * (base + matrix @ delta) + model.offset
        signed = np.where(labels > 0.5, margin, -margin)
        residual = model.slope * (1 / (1 + np.exp(-np.clip(margin, -60, 60))) - labels)
        return float(np.logaddexp(0, -signed).sum()) + 0.5 * penalty * float(delta @ delta), transposed @ residual + penalty * delta

    moved = minimize(loss, np.zeros(matrix.shape[1]), jac=True, method="L-BFGS-B", options={"maxiter": 200}).x
    weights = dict(model.weights)
    for name, change in zip([*terms, *names], moved, strict=True):
        if abs(change) > 1e-4:
            weights[name] = round(weights.get(name, 0.0) + float(change), 5)
    return weights


def sigmoid(margin: float) -> float:
    """1 / (1 + exp(-margin)) without overflow."""
    return 1 / (1 + exp(-margin)) if margin >= 0 else exp(margin) / (1 + exp(margin))


def learn_idf(documents: Sequence[Mapping[str, int]], minimum: int = 2, maximum_share: float = 0.6) -> dict[str, float]:
    """Smoothed inverse document frequency of the terms that occur in at least `minimum` and at most `maximum_share` of the documents."""
    frequency: Counter[str] = Counter()
    for terms in documents:
        frequency.update(terms.keys())
    n = len(documents)
    return {term: log((1 + n) / (1 + count)) + 1 for term, count in sorted(frequency.items()) if minimum <= count <= maximum_share * n}


def to_matrix(
    documents: Sequence[Mapping[str, int]], idf: Mapping[str, float], extras: Sequence[Mapping[str, float]], names: Sequence[str]
) -> csr_matrix:
    """Rows of length-1 term features followed by the `extras` in the order of `names`: shape (documents, terms + names)."""
    index = {term: column for column, term in enumerate(idf)}
    rows: list[int] = []
    columns: list[int] = []
    values: list[float] = []
    for row, (terms, extra) in enumerate(zip(documents, extras, strict=True)):
        weighted = [(index[term], (1 + log(count)) * idf[term]) for term, count in terms.items() if term in index]
        length = sqrt(sum(value * value for _, value in weighted)) or 1.0
        for column, value in weighted:
            rows.append(row)
            columns.append(column)
            values.append(value / length)
        for column, name in enumerate(names, start=len(index)):
            if extra.get(name):
                rows.append(row)
                columns.append(column)
                values.append(extra[name])
    return csr_matrix((values, (rows, columns)), shape=(len(documents), len(index) + len(names)))


def fit_logistic(
    features: csr_matrix,
    labels: NDArray[np.float64],
    weights: NDArray[np.float64],
    penalty: float = 1.0,
    start: NDArray[np.float64] | None = None,
) -> tuple[NDArray[np.float64], float]:
    """Coefficients and bias of an L2-penalised weighted logistic regression (bias unpenalised), by L-BFGS.

    `labels` are 0 or 1, `weights` the weight of each row; loss is the weighted sum of log losses plus penalty/2 x |w|^2.
    """
    transposed = features.T.tocsr()

    def loss(theta: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        coefficients, bias = theta[:-1], theta[-1]
        margin = features @ coefficients + bias
        signed = np.where(labels > 0.5, margin, -margin)
        value = float(weights @ np.logaddexp(0, -signed)) + 0.5 * penalty * float(coefficients @ coefficients)
        residual = weights * (1 / (1 + np.exp(-np.clip(margin, -60, 60))) - labels)
        return value, np.append(transposed @ residual + penalty * coefficients, residual.sum())

    origin = np.zeros(features.shape[1] + 1) if start is None else start
    result = minimize(loss, origin, jac=True, method="L-BFGS-B", options={"maxiter": 400})
    return result.x[:-1], float(result.x[-1])


def fit_calibration(margins: NDArray[np.float64], labels: NDArray[np.float64], weights: NDArray[np.float64]) -> tuple[float, float]:
    """Slope and offset of Platt's scaling, from margins that the model gave to rows it had not seen."""
    features = csr_matrix(margins.reshape(-1, 1))
    coefficients, offset = fit_logistic(features, labels, weights, penalty=1e-3)
    return float(coefficients[0]), offset


def get_folds(n: int, k: int, seed: int) -> NDArray[np.int64]:
    """A fold number 0..k-1 for each of n rows, of near-equal sizes, shuffled by `seed`."""
    folds = np.arange(n) % k
    np.random.default_rng(seed).shuffle(folds)
    return folds
