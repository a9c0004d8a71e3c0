"""What the assessment may ask: anchored self-ratings, checks of the last 24 months, and interview questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from quarterdeck.development.definitions import HERE, check_keys, read_definitions
from quarterdeck.development.discover.rubrics import load_rubrics
from quarterdeck.development.roles.model import RoleModel
from quarterdeck.methods.assessment import BAND_CUTS, SELF_CUTS, Question
from quarterdeck.vocabulary.errors import BadInput, NotFound

ITEMS = HERE / "discover" / "items.yaml"
# seconds, load of the personal bias, noise: the cautious values are the ones used; the others belong to the optimistic model of the evaluation
SELF, CHECK, INTERVIEW = ("self", 14.0, 1.0), ("check", 11.0, 0.5), ("interview", 150.0, 0.0)
SIGMA = {"cautious": {"self": 2.0, "check": 1.6, "interview": 1.3}, "model": {"self": 1.2, "check": 1.2, "interview": 0.9}}
CHECK_LEVELS = (3, 4, 5)
UNSURE = 1.4


@dataclass(frozen=True, slots=True)
class Item:
    """One question. `choices` are its answers in words, lowest first; `question` is its form for the method."""

    id: str
    kind: str
    competency: str
    text: str
    choices: tuple[str, ...]
    question: Question
    rubric: str = ""


@cache
def load_items() -> dict[str, Mapping[str, list[str]]]:
    """Anchors and checks by competency. Raises BadInput where a competency lacks one of its nine texts."""
    content = read_definitions(ITEMS)
    for competency, entry in content.items():
        where = f"{ITEMS.name}, {competency}"
        check_keys(entry, where, ("anchors", "checks"))
        if len(entry["anchors"]) != 6 or len(entry["checks"]) != len(CHECK_LEVELS):
            raise BadInput("A competency needs six anchors and three checks", thing=where)
    return dict(content)


def get_items(role: RoleModel, sigma: str = "cautious") -> dict[str, Item]:
    """All items for a role, by id. A competency without its own texts gets the anchors of the common scale and checks made from its name."""
    noise = SIGMA[sigma]
    items: dict[str, Item] = {}
    for at, competency in enumerate(role.competencies):
        texts = load_items().get(competency.id) if role.id == "qd-dco" else None
        anchors = tuple(texts["anchors"]) if texts else tuple(level.anchor for level in role.scale)
        kind, seconds, load = SELF
        question = Question(at, load, noise[kind], seconds, cuts=SELF_CUTS)
        items[f"self:{competency.id}"] = Item(f"self:{competency.id}", kind, competency.id, competency.name, anchors, question)
        kind, seconds, load = CHECK
        for n, level in enumerate(CHECK_LEVELS):
            text = texts["checks"][n] if texts else _plain_check(competency.name, level)
            asked = f"In the last 24 months, have you {text}? Can you name it?"
            items[f"check:{competency.id}:{level}"] = Item(
                f"check:{competency.id}:{level}",
                kind,
                competency.id,
                asked,
                ("no", "yes"),
                Question(at, load, noise[kind], seconds, level=float(level)),
            )
    return items | _interviews(role, noise["interview"])


def get_item(role: RoleModel, item_id: str) -> Item:
    """One item. Raises NotFound."""
    items = get_items(role)
    if item_id not in items:
        raise NotFound("Unknown question", thing=item_id, allowed="an id that the assessment gave")
    return items[item_id]


def _interviews(role: RoleModel, sigma: float) -> dict[str, Item]:
    places = {c.id: n for n, c in enumerate(role.competencies)}
    kind, seconds, load = INTERVIEW
    found: dict[str, Item] = {}
    if role.id != "qd-dco":
        return found
    for rubric in load_rubrics().values():
        for competency in rubric.competencies:
            if competency in places:
                question = Question(places[competency], load, sigma, seconds, cuts=BAND_CUTS)
                item_id = f"interview:{rubric.id}:{competency}"
                found[item_id] = Item(item_id, kind, competency, rubric.prompt, (), question, rubric.id)
    return found


def _plain_check(name: str, level: int) -> str:
    plain = name[0].lower() + name[1:]
    return {
        3: f"done this alone, with a result you can show: {plain}",
        4: f"led others in this: {plain}",
        5: f"changed how the organisation does this, with measured effect: {plain}",
    }[level]
