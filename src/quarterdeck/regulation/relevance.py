"""How far a document concerns the conduct of clinical trials: lexicon and linear model together, calibrated, in three bands.

Grade 2 reaches the whole portfolio, 1 an indication, product class or data type, 0 none. Nothing is dropped: "out" stays searchable.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from quarterdeck.methods.linear_text import LinearModel, adapt, count_terms
from quarterdeck.regulation.lexicon import find_topics, fold, load_lexicon
from quarterdeck.regulation.loading import HERE
from quarterdeck.vocabulary.errors import BadInput

MODEL = HERE / "definitions" / "relevance_model.json"
BODY_LIMIT = 6000  # characters; a notice's matter is stated in its abstract, and length would drown it


@dataclass(frozen=True, slots=True)
class Relevance:
    """The judgement of one document: `score` is the calibrated probability that it concerns trials at all (grade 1 or 2)."""

    score: float
    portfolio_score: float
    grade: int
    band: str  # in, review, out
    topics: tuple[str, ...]
    why: tuple[str, ...]
    model: str


@dataclass(frozen=True, slots=True)
class RelevanceModel:
    """The two linear models (any relevance; portfolio-wide) and the cut points of the bands."""

    version: str
    any: LinearModel
    portfolio: LinearModel
    review_from: float
    in_from: float
    portfolio_from: float


@cache
def load_model() -> RelevanceModel:
    """The model that the training script wrote. Raises BadInput where the file does not have its shape."""
    return read_model(json.loads(MODEL.read_text(encoding="utf-8")))


def read_model(content: Mapping[str, Any]) -> RelevanceModel:
    """A model from its JSON form."""
    try:
        idf = content["idf"]
        parts = {}
        for name in ("any", "portfolio"):
            part = content[name]
            parts[name] = LinearModel(part["weights"], idf, part["bias"], part["slope"], part["offset"])
        cuts = content["cuts"]
        return RelevanceModel(
            str(content["version"]),
            parts["any"],
            parts["portfolio"],
            cuts["review_from"],
            cuts["in_from"],
            cuts["portfolio_from"],
        )
    except (KeyError, TypeError) as error:
        raise BadInput(
            "The relevance model cannot be read", thing=f"{MODEL.name}: {error}", next_step="Run scripts/train_relevance.py."
        ) from error


def learn_from(model: RelevanceModel, labelled: Sequence[tuple[str, str, int]]) -> RelevanceModel:
    """The model after people's grades (title, body, grade): it moves only as far as the labels ask."""
    if not labelled:
        return model
    features = [derive_features(title, body) for title, body, _ in labelled]
    terms, extras = [f[0] for f in features], [f[1] for f in features]
    grades = np.array([grade for _, _, grade in labelled])
    any_model, portfolio = (
        replace(part, weights=adapt(part, terms, extras, (grades >= threshold).astype(float)))
        for part, threshold in ((model.any, 1), (model.portfolio, 2))
    )
    return replace(model, any=any_model, portfolio=portfolio, version=f"{model.version} + {len(labelled)} triaged")


def get_model(home: Path | None) -> RelevanceModel:
    """The model of an installation: the one it learnt from triage, else the one that is shipped."""
    path = home / "regulation" / "relevance_model.json" if home else None
    return read_model(json.loads(path.read_text(encoding="utf-8"))) if path and path.exists() else load_model()


def write_model(model: RelevanceModel, home: Path) -> Path:
    """Keeps a model for this installation."""
    path = home / "regulation" / "relevance_model.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    parts = {
        name: {"weights": dict(part.weights), "bias": part.bias, "slope": part.slope, "offset": part.offset}
        for name, part in (("any", model.any), ("portfolio", model.portfolio))
    }
    cuts = {"review_from": model.review_from, "in_from": model.in_from, "portfolio_from": model.portfolio_from}
    path.write_text(
        json.dumps({"version": model.version, "idf": dict(model.any.idf), "cuts": cuts, **parts}, sort_keys=True), encoding="utf-8"
    )
    return path


def derive_features(title: str, body: str) -> tuple[Counter[str], dict[str, float]]:
    """Word features (those of the title apart, and again among the body's) and lexicon features of one document."""
    body = body[:BODY_LIMIT]
    terms = count_terms(f"{title}. {body}")
    terms.update(count_terms(title, "t:"))
    return terms, _lexicon_features(fold(title), fold(body))


def judge(title: str, body: str = "", model: RelevanceModel | None = None) -> Relevance:
    """The relevance of a document by its title and abstract or text.

    >>> judge("E6(R3) Good Clinical Practice; Guidance for Industry; Availability").grade
    2
    """
    model = model or load_model()
    terms, extra = derive_features(title, body)
    score = model.any.probability(terms, extra)
    portfolio = min(score, model.portfolio.probability(terms, extra))
    grade = 0 if score < model.review_from else 2 if portfolio >= model.portfolio_from else 1
    band = "in" if score >= model.in_from else "review" if score >= model.review_from else "out"
    topics = tuple(find_topics(title, body[:BODY_LIMIT]))[:4]
    return Relevance(round(score, 4), round(portfolio, 4), grade, band, topics, _why(model.any, terms, extra), model.version)


def _lexicon_features(title: str, body: str) -> dict[str, float]:
    lexicon = load_lexicon()
    features: dict[str, float] = {}
    reach = {0: 0, 1: 0, 2: 0}
    for name, topic in lexicon.topics.items():
        in_title, in_body = topic.phrases.is_in(title), topic.phrases.is_in(body)
        if in_title:
            features[f"title~{name}"] = 1.0
        if in_body:
            features[f"body~{name}"] = 1.0
        reach[topic.weight] += 2 * in_title + in_body
    for name, phrases in lexicon.noise.items():
        if phrases.is_in(title):
            features[f"title!{name}"] = 1.0
        if phrases.is_in(body):
            features[f"body!{name}"] = 1.0
    for weight in (1, 2):
        if reach[weight]:
            features[f"reach~{weight}"] = min(reach[weight], 6) / 2
    if not any(reach.values()):
        features["no topic"] = 1.0
    if "clinical trial" in title or "clinical investigation" in title or "clinical stud" in title:
        features["title says trial"] = 1.0
    trials = body.count("clinical trial") + body.count("clinical investigation") + body.count("clinical stud")
    if trials:
        features["body says trial"] = min(trials, 4) / 2
    return features


def _why(model: LinearModel, terms: Mapping[str, int], extra: Mapping[str, float]) -> tuple[str, ...]:
    """The features that weighed most for or against, so that a reviewer sees the reason."""
    weighed = [(model.weights.get(name, 0.0) * value, name) for name, value in extra.items()]
    weighed += [(model.weights.get(term, 0.0) * 0.15, term) for term in terms if term in model.weights]
    weighed.sort(key=lambda pair: -abs(pair[0]))
    return tuple(f"{'for' if weight > 0 else 'against'}: {name}" for weight, name in weighed[:5] if abs(weight) > 0.02)
