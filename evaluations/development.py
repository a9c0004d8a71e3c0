"""Measured figures of development: assessment by simulated people, the free-text scorer, the list scheduler, the conversations.

Simulated people and invented answers are regressions, not proof: see docs/evaluation/development.md.
"""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import numpy as np
import yaml

from quarterdeck.development.deliver.bots import BOTS, play
from quarterdeck.development.deliver.scenario import load_scenarios
from quarterdeck.development.discover.assess import Answer, Assessment, assess, next_item, take
from quarterdeck.development.discover.items import get_items
from quarterdeck.development.discover.rubrics import score_interview
from quarterdeck.development.roles.load import load_role
from quarterdeck.methods.assessment import probabilities
from quarterdeck.methods.list_schedule import Topic, best_total, schedule, total

SHARED = Path(os.environ.get("QUARTERDECK_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))
WORLDS = {
    "as modelled": {"self": 1.2, "check": 1.2, "interview": 0.9, "bias_sd": 0.6, "interview_shift": 0.0, "model": "model"},
    "as modelled, cautious noise": {
        "self": 1.2,
        "check": 1.2,
        "interview": 0.9,
        "bias_sd": 0.6,
        "interview_shift": 0.0,
        "model": "cautious",
    },
    "worse than modelled, cautious noise": {
        "self": 2.0,
        "check": 1.6,
        "interview": 1.2,
        "bias_sd": 1.0,
        "interview_shift": -0.5,
        "model": "cautious",
    },
}


def simulate_assessment(world: dict[str, float | str], people: int, seed: int = 1) -> dict[str, tuple[float, float]]:
    """Root mean square error in levels and coverage of the 80% interval: raw self-ratings, the same modelled, adaptive with interviews."""
    role = load_role()
    model = str(world["model"])
    items = get_items(role, model)
    places = {c.id: n for n, c in enumerate(role.competencies)}
    empty = assess(role, [], model)
    n = len(role.competencies)
    errors: dict[str, list[np.ndarray]] = {"raw": [], "modelled": [], "adaptive": []}
    hits: dict[str, list[np.ndarray]] = {"raw": [], "modelled": [], "adaptive": []}
    seconds: list[float] = []
    for person in range(people):
        # One stream for who a person is and one for what is answered, so that methods are compared on the same people.
        who, rng = (np.random.default_rng([seed, person, part]) for part in (0, 1))
        theta = who.multivariate_normal(empty.belief.mean[:n], empty.belief.covariance[:n, :n])
        bias = who.normal(0.3, float(world["bias_sd"]))

        def answer(item, theta=theta, bias=bias, rng=rng):  # type: ignore[no-untyped-def]
            shift = float(world["interview_shift"]) if item.kind == "interview" else 0.0
            s = theta[item.question.ability] + item.question.load * bias + shift
            question = type(item.question)(
                item.question.ability, item.question.load, float(world[item.kind]), 1.0, item.question.cuts, item.question.level
            )
            chance = probabilities(question, np.array([s]))[:, 0]
            outcome = int(rng.choice(len(chance), p=chance / chance.sum()))
            return Answer(item.id, item.kind, item.competency, outcome + (1 if item.kind == "interview" else 0))

        raw = [answer(items[f"self:{c.id}"]) for c in role.competencies]
        ratings = np.array([a.outcome for a in raw], dtype=float)
        belief = empty.belief
        for a in raw:
            belief = take(belief, items, a, places)
        _note(errors, hits, "raw", ratings, np.full(n, 0.1), theta)
        _note(errors, hits, "modelled", belief.mean[:n], np.sqrt(np.diag(belief.covariance)[:n]), theta)
        belief, answers = empty.belief, []
        while True:
            started = time.process_time()
            item = next_item(Assessment(role, belief, tuple(answers), ()), model)
            seconds.append(time.process_time() - started)
            if item is None:
                break
            answers.append(answer(item))
            belief = take(belief, items, answers[-1], places)
        _note(errors, hits, "adaptive", belief.mean[:n], np.sqrt(np.diag(belief.covariance)[:n]), theta)
    result = {k: (float(np.sqrt(np.mean(np.square(errors[k])))), float(np.mean(hits[k]))) for k in errors}
    result["next question, median and largest ms"] = (1000 * float(np.median(seconds)), 1000 * float(np.max(seconds)))
    result["questions in the last assessment, minutes"] = (len(answers), sum(items[a.item_id].question.seconds for a in answers) / 60)
    return result


def _note(errors, hits, key, mean, sd, theta):  # type: ignore[no-untyped-def]
    errors[key].append(mean - theta)
    hits[key].append(np.abs(mean - theta) <= 1.2816 * sd)


def measure_scorer(path: Path) -> dict[str, float]:
    """Precision and recall of elements, band agreement, twins and off-topic use, on a file of labelled answers."""
    answers = yaml.safe_load(path.read_text(encoding="utf-8"))["answers"]
    right = wrong = missed = exact = near = 0
    twins, foreign, stuffed = [], [], []
    recall: dict[str, list[int]] = {}
    for a in answers:
        score = score_interview(a["question"], a["text"])
        got, want = set(score.elements), set(a["elements"])
        right, wrong, missed = right + len(got & want), wrong + len(got - want), missed + len(want - got)
        recall.setdefault(a["kind"], [0, 0])
        recall[a["kind"]][0] += len(got & want)
        recall[a["kind"]][1] += len(want)
        exact += score.band == a["level"]
        near += abs(score.band - a["level"]) <= 1
        if "corrected" in a:
            twins.append(abs(score.x - score_interview(a["question"], a["corrected"]).x))
        if a["kind"] == "stuffed":
            stuffed.append(score.band)
        foreign += [score_interview(q, a["text"]).x > 0.5 for q in ("vendor", "inspection", "decision", "talent") if q != a["question"]]
    return {
        "precision": right / (right + wrong),
        "recall": right / (right + missed),
        **{f"recall, {kind}": r[0] / r[1] for kind, r in recall.items() if r[1]},
        "band exact": exact / len(answers),
        "band within one": near / len(answers),
        "largest difference of misspelt twins": max(twins, default=0.0),
        "highest band of stuffed answers": max(stuffed, default=0),
        "answers to other questions above .5": float(np.mean(foreign)),
    }


def measure_foreign(folder: Path, most: int = 4000) -> tuple[int, int]:
    """How many passages of unrelated text score above .5 on any of the four questions."""
    passages: list[str] = []
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".md", ".txt", ".html", ".yaml", ".json") and path.stat().st_size < 400_000 and "role" not in path.parts:
            words = path.read_text(encoding="utf-8", errors="ignore").split()
            passages += [" ".join(words[i : i + 120]) for i in range(0, len(words) - 60, 120)]
    step = max(1, len(passages) // most)
    chosen = passages[::step]
    above = sum(score_interview(q, text).x > 0.5 for text in chosen for q in ("vendor", "inspection", "decision", "talent"))
    return above, 4 * len(chosen)


def measure_schedules(cases: int = 60) -> dict[str, float]:
    """How far plans stay behind the exhaustive optimum, and how long they take."""
    rng = random.Random(1)
    behind = []
    for _ in range(cases):
        topics = [
            Topic(str(n), rng.choice("FTD"), rng.uniform(0.3, 2.5), rng.randint(1, 4), rng.random() < 0.4) for n in range(rng.randint(3, 5))
        ]
        weeks = [slot // 3 for slot in range(9)]
        behind.append(1 - total(topics, weeks, schedule(topics, weeks)) / best_total(topics, weeks))
    many = [Topic(str(n), rng.choice("FTDKRE"), rng.uniform(0.3, 2.5), 40, rng.random() < 0.4) for n in range(40)]
    seconds = {}
    for slots in (48, 300):
        started = time.process_time()
        schedule(many, [slot // 6 for slot in range(slots)])
        seconds[f"{slots} sessions, ms"] = 1000 * (time.process_time() - started)
    return {"largest shortfall against the optimum": max(behind), "mean shortfall": float(np.mean(behind)), **seconds}


def measure_conversations() -> dict[str, tuple[float, float, float]]:
    """Lowest, mean and highest score of each bot over all authored conversations."""
    scores = {bot: [play(s, bot)[1].score for s in load_scenarios().values()] for bot in BOTS}
    return {bot: (min(x), float(np.mean(x)), max(x)) for bot, x in scores.items()}


def main() -> None:
    """Print every figure."""
    print("Plans:")
    for key, value in measure_schedules().items():
        print(f"  {key:44s} {value:8.4f}")
    print(f"Conversations ({len(load_scenarios())}), score by bot: lowest, mean, highest")
    for bot, (low, mean, high) in measure_conversations().items():
        print(f"  {bot:44s} {low:6.2f}  {mean:6.2f}  {high:6.2f}")
    for name, world in WORLDS.items():
        print(f"Assessment, {name}:")
        for key, (a, b) in simulate_assessment(world, 150).items():
            print(f"  {key:44s} {a:6.2f}  {b:6.2f}")
    answers = SHARED / "role" / "answers_dev.yaml"
    if answers.exists():
        print("Free-text scorer, 20 development answers:")
        for key, value in measure_scorer(answers).items():
            print(f"  {key:44s} {value:6.3f}")
        above, total = measure_foreign(SHARED)
        print(f"  foreign passages above .5: {above} of {total}")


if __name__ == "__main__":
    main()
