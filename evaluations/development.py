"""Measured figures of development: assessment by simulated people, the free-text scorer, the list scheduler, the conversations.

Simulated people and invented answers are regressions, not proof: see docs/evaluation/development.md.
"""

from __future__ import annotations

import argparse
import os
import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import yaml
from scipy.optimize import linprog, minimize_scalar

from quarterdeck.development.deliver.bots import BOTS, play
from quarterdeck.development.deliver.scenario import load_scenarios
from quarterdeck.development.discover.assess import Answer, Assessment, begin, take
from quarterdeck.development.discover.choose import ALLOWANCE, STORIES, Allowance, next_item
from quarterdeck.development.discover.heat_map import Z80
from quarterdeck.development.discover.items import CHECK_LEVELS, SCATTERED, STEADY, STYLES, Item, Style, get_items
from quarterdeck.development.discover.rubrics import score_interview
from quarterdeck.development.roles.load import load_role
from quarterdeck.development.roles.model import RoleModel
from quarterdeck.methods.assessment import BIAS_MEAN, BIAS_SD, Belief, Question, probabilities
from quarterdeck.methods.list_schedule import Topic, best_total, schedule, total

SHARED = Path(os.environ.get("QUARTERDECK_SHARED_DATA", Path(__file__).resolve().parents[2] / "shared" / "data"))


@dataclass(frozen=True)
class World:
    """How simulated people answer: noise by kind of question, spread of the personal bias, and how far stories read off the level."""

    noise: Style
    story_shift: float = 0.0


WORLDS = {
    "as modelled": World(STEADY),
    "between": World(Style("between", 1.6, 1.4, 1.05, 0.8), -0.25),
    "worse than modelled": World(Style("worse", 2.0, 1.6, 1.2, 1.0), -0.5),
}
# What the reference asks for its figures: one cautious model that takes stories at their word, 18 minutes, 60 questions.
CAUTIOUS, EIGHTEEN_MINUTES = replace(SCATTERED, name="cautious", bias_sd=BIAS_SD, story_shift=0.0), Allowance(part_s=360, questions=60)
PEOPLE = 600
METHODS = ("raw self-ratings", "the same, modelled", "adaptive")


@dataclass
class Tally:
    """Squared error and hits of the 80% interval, one row per person."""

    errors: list[np.ndarray] = field(default_factory=list)
    hits: list[np.ndarray] = field(default_factory=list)

    def note(self, belief: Belief, theta: np.ndarray, on_scale: bool) -> None:
        """What the heat map would show for this belief, against the truth."""
        n = len(theta)
        mean, sd = belief.mean[:n], np.sqrt(np.diag(belief.covariance)[:n])
        bounds = (0.0, 5.0) if on_scale else (-np.inf, np.inf)
        low, level, high = (np.clip(mean + z * sd, *bounds) for z in (-Z80, 0.0, Z80))
        self.errors.append((level - theta) ** 2)
        self.hits.append((low <= theta) & (theta <= high))

    def summary(self) -> tuple[float, ...]:
        """Root mean square error over all cells, its standard error, and coverage; then the same error within one person, averaged over
        people, and its standard error. Errors in levels."""
        squares = np.mean(self.errors, axis=1)
        pooled, own, root = float(np.sqrt(squares.mean())), np.sqrt(squares), np.sqrt(len(squares))
        return pooled, float(squares.std() / root / (2 * pooled)), float(np.mean(self.hits)), float(own.mean()), float(own.std() / root)


def simulate_assessment(
    world: World, people: int, seed: int = 1, on_scale: bool = True, styles: tuple[Style, ...] = STYLES, allowance: Allowance = ALLOWANCE
) -> dict[str, tuple[float, ...]]:
    """Errors and coverage of the 80% interval (`Tally.summary`): raw self-ratings, the same modelled, adaptive with stories.

    `on_scale` keeps every true level within 0 to 5, as the scale does; without it, levels stay as drawn from the model.
    """
    role = load_role()
    items, sheets = get_items(role), [get_items(role, style) for style in styles]
    places = {c.id: n for n, c in enumerate(role.competencies)}
    tallies = {name: Tally() for name in METHODS}
    seconds: list[float] = []
    asked: list[tuple[int, float]] = []
    for person in range(people):
        theta, answer = _draw_person(role, world, on_scale, [seed, person])
        ratings = [answer(items[f"self:{c.id}"]) for c in role.competencies]
        raw = Belief(np.array([a.outcome for a in ratings], dtype=float), np.eye(len(theta)) * 0.1**2)
        tallies[METHODS[0]].note(raw, theta, on_scale)
        mixture = begin(role, styles)
        for rating in ratings:
            mixture = take(mixture, sheets, rating, places)
        tallies[METHODS[1]].note(mixture.merge(), theta, on_scale)
        mixture, answers = begin(role, styles), []
        while True:
            started = time.process_time()
            item = next_item(Assessment(role, mixture, tuple(answers), (), styles), allowance)
            seconds.append(time.process_time() - started)
            if item is None:
                break
            answers.append(answer(item))
            mixture = take(mixture, sheets, answers[-1], places)
        tallies[METHODS[2]].note(mixture.merge(), theta, on_scale)
        asked.append((len(answers), sum(items[a.item_id].question.seconds for a in answers) / 60))
    result: dict[str, tuple[float, ...]] = {name: tally.summary() for name, tally in tallies.items()}
    result["next question, median and largest ms"] = (1000 * float(np.median(seconds)), 1000 * float(np.max(seconds)))
    result["questions, mean; minutes, mean and most"] = (*np.mean(asked, axis=0), max(minutes for _, minutes in asked))
    return result


def _draw_person(role: RoleModel, world: World, on_scale: bool, seed: list[int]) -> tuple[np.ndarray, Callable[[Item], Answer]]:
    # One stream for who a person is and one for what is answered, so that methods are compared on the same people.
    who, rng = (np.random.default_rng([*seed, part]) for part in (0, 1))
    drawn, n = begin(role, (STEADY,)).beliefs[0], len(role.competencies)
    theta = who.multivariate_normal(drawn.mean[:n], drawn.covariance[:n, :n])
    theta = np.clip(theta, 0.0, 5.0) if on_scale else theta
    bias = who.normal(BIAS_MEAN, world.noise.bias_sd)

    def answer(item: Item) -> Answer:
        """What this person answers."""
        is_story = item.kind == "interview"
        s = theta[item.question.ability] + item.question.load * bias + (world.story_shift if is_story else 0.0)
        chance = probabilities(replace(item.question, sigma=world.noise.sigma(item.kind)), np.array([s]))[:, 0]
        outcome = int(rng.choice(len(chance), p=chance / chance.sum()))
        return Answer(item.id, item.kind, item.competency, outcome + is_story)  # bands count from 0, and the lowest two are one

    return theta, answer


def least_error(world: World, stories: int = STORIES, steps: int = 60) -> float:
    """No method errs less than this on levels as drawn, whatever it asks in the time there is (Bayesian Cramér-Rao bound).

    Every question is given the largest information that it has anywhere on the scale, noise and bias are taken as known up to the bias
    itself, and the time is divided among competencies and kinds of question in the best way (Frank-Wolfe, less the remaining gap).
    """
    role = load_role()
    n = len(role.competencies)
    covariance = begin(role, (world.noise,)).beliefs[0].covariance
    kinds = [get_items(role)[i].question for i in ("self:T1", "check:T1:3", "interview:vendor:T4")]
    most = [
        _most_information(replace(q, sigma=world.noise.sigma(k), shift=0.0))
        for k, q in zip(("self", "check", "interview"), kinds, strict=True)
    ]
    loadings = [np.hstack([np.eye(n), np.full((n, 1), q.load)]) for q in kinds]
    minutes = np.concatenate([np.full(n, q.seconds) for q in kinds])
    is_story = np.repeat([0.0, 0.0, 1.0], n)
    limits = [(0, top) for top in np.repeat([1, len(CHECK_LEVELS), 1], n)]

    def spread(amounts: np.ndarray) -> np.ndarray:
        parts = zip(most, loadings, np.split(amounts, 3), strict=True)
        return np.asarray(np.linalg.inv(np.linalg.inv(covariance) + sum(m * (a.T * x) @ a for m, a, x in parts)))

    amounts, bound = np.repeat([0.2, 1.0, stories / n], n), 0.0
    for _ in range(steps):
        s = spread(amounts)
        slope = np.concatenate([-m * np.square(a @ s[:, :n]).sum(axis=1) for m, a in zip(most, loadings, strict=True)])
        best = linprog(slope, minutes[None], [ALLOWANCE.seconds], is_story[None], [stories], limits).x
        bound = max(bound, np.trace(s[:n, :n]) - slope @ (amounts - best))
        share = minimize_scalar(
            lambda x, to=best, at=amounts: np.trace(spread(at + x * (to - at))[:n, :n]), bounds=(0, 1), method="bounded"
        ).x
        amounts = amounts + share * (best - amounts)
    return float(np.sqrt(bound / n))


def _most_information(question: Question) -> float:
    s = np.linspace(-2, 7, 901)
    chance = probabilities(question, s)
    slope = (probabilities(question, s + 1e-4) - probabilities(question, s - 1e-4)) / 2e-4
    return float((slope**2 / np.maximum(chance, 1e-12)).sum(axis=0).max())


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


def main(people: int = PEOPLE, seed: int = 1) -> None:
    """Print every figure."""
    print("Plans:")
    for key, value in measure_schedules().items():
        print(f"  {key:44s} {value:8.4f}")
    print(f"Conversations ({len(load_scenarios())}), score by bot: lowest, mean, highest")
    for bot, (low, mean, high) in measure_conversations().items():
        print(f"  {bot:44s} {low:6.2f}  {mean:6.2f}  {high:6.2f}")
    for name, world in WORLDS.items():
        print(f"Assessment of {people} people, {name} (no method errs less than {least_error(world):.3f} on levels as drawn):")
        print(f"  {'':52s} error, standard error, coverage; the same within one person, standard error")
        for note, rows, how in (
            ("", METHODS, {}),
            (", told how the person answers", METHODS[1:], {"styles": (world.noise,)}),
            (", levels as drawn", METHODS, {"on_scale": False}),
            (", the reference's way", METHODS[1:], {"styles": (CAUTIOUS,), "allowance": EIGHTEEN_MINUTES}),
            (", its way, levels as drawn", METHODS[1:], {"styles": (CAUTIOUS,), "allowance": EIGHTEEN_MINUTES, "on_scale": False}),
        ):
            measured = simulate_assessment(world, people, seed, **how)
            for key in rows if note else measured:
                print(f"  {key + note:52s} " + "  ".join(f"{value:7.3f}" for value in measured[key]), flush=True)
    answers = SHARED / "role" / "answers_dev.yaml"
    if answers.exists():
        print("Free-text scorer, 20 development answers:")
        for key, value in measure_scorer(answers).items():
            print(f"  {key:44s} {value:6.3f}")
        above, total = measure_foreign(SHARED)
        print(f"  foreign passages above .5: {above} of {total}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--people", type=int, default=PEOPLE)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    main(chosen.people, chosen.seed)
