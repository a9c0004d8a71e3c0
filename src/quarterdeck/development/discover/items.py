"""What the assessment may ask: anchored self-ratings, checks of deeds that can be named, and interview questions."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from types import MappingProxyType

from quarterdeck.development.definitions import HERE, check_keys, read_definitions
from quarterdeck.development.discover.rubrics import load_rubrics
from quarterdeck.development.roles.model import RoleModel
from quarterdeck.methods.assessment import BAND_CUTS, SELF_CUTS, Question, Sheet, stack
from quarterdeck.vocabulary.errors import BadInput, NotFound

ITEMS = HERE / "discover" / "items.yaml"
DIRECTOR = "qd-dco"  # the role that has its own texts and stories
# seconds and load of the personal bias
SELF, CHECK, INTERVIEW = ("self", 14.0, 1.0), ("check", 11.0, 0.5), ("interview", 150.0, 0.0)
CHECK_LEVELS = (2, 3, 4, 5)
UNSURE = 1.4


@dataclass(frozen=True, slots=True)
class Style:
    """How steadily a person answers: noise by kind of question, how far people of this style flatter or hide themselves, and how far
    their stories read off the level."""

    name: str
    self_rating: float
    check: float
    interview: float
    bias_sd: float
    # A story holds what came to mind and what the rubric recognises, so its band is more often too low than too high. How much is not
    # known (0 to .5 of a level): the middle errs least at worst.
    story_shift: float = -0.25

    def sigma(self, kind: str) -> float:
        """Noise of a kind of question, in levels."""
        return {"self": self.self_rating, "check": self.check, "interview": self.interview}[kind]


# Nobody knows beforehand how steadily a person answers; the answers themselves say it. Both styles count until they do.
STEADY = Style("steady", 1.2, 1.2, 0.9, 0.6)
SCATTERED = Style("scattered", 2.0, 1.6, 1.3, 1.0)
STYLES = (STEADY, SCATTERED)


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
    """Anchors and checks by competency. Raises BadInput where a competency lacks one of its ten texts."""
    content = read_definitions(ITEMS)
    for competency, entry in content.items():
        where = f"{ITEMS.name}, {competency}"
        check_keys(entry, where, ("anchors", "checks"))
        if len(entry["anchors"]) != 6 or len(entry["checks"]) != len(CHECK_LEVELS):
            raise BadInput("A competency needs six anchors and four checks", thing=where)
    return dict(content)


def get_items(role: RoleModel, style: Style = SCATTERED) -> Mapping[str, Item]:
    """All items for a role, by id. A competency without its own texts gets the anchors of the common scale and checks made from its name."""
    return _build(role.id == DIRECTOR, tuple((c.id, c.name) for c in role.competencies), tuple(level.anchor for level in role.scale), style)


def get_sheet(role: RoleModel, style: Style) -> Sheet:
    """The same items in the same order, as arrays."""
    return _stack(role.id == DIRECTOR, tuple((c.id, c.name) for c in role.competencies), tuple(level.anchor for level in role.scale), style)


def get_item(role: RoleModel, item_id: str) -> Item:
    """One item. Raises NotFound."""
    items = get_items(role)
    if item_id not in items:
        raise NotFound("Unknown question", thing=item_id, allowed="an id that the assessment gave")
    return items[item_id]


Names = tuple[tuple[str, str], ...]


@lru_cache(maxsize=16)
def _stack(has_texts: bool, names: Names, scale: tuple[str, ...], style: Style) -> Sheet:
    return stack([item.question for item in _build(has_texts, names, scale, style).values()])


@lru_cache(maxsize=16)
def _build(has_texts: bool, names: Names, scale: tuple[str, ...], style: Style) -> Mapping[str, Item]:
    short = [
        item for at, (c, name) in enumerate(names) for item in _short(at, c, name, load_items()[c] if has_texts else None, scale, style)
    ]
    stories = _stories({c: at for at, (c, _) in enumerate(names)}, style) if has_texts else []
    return MappingProxyType({item.id: item for item in [*short, *stories]})


def _short(at: int, competency: str, name: str, texts: Mapping[str, list[str]] | None, scale: tuple[str, ...], style: Style) -> list[Item]:
    kind, seconds, load = SELF
    question = Question(at, load, style.sigma(kind), seconds, cuts=SELF_CUTS)
    items = [Item(f"self:{competency}", kind, competency, name, tuple(texts["anchors"]) if texts else scale, question)]
    kind, seconds, load = CHECK
    for n, level in enumerate(CHECK_LEVELS):
        asked = _ask(level, texts["checks"][n] if texts else _plain_check(name, level))
        question = Question(at, load, style.sigma(kind), seconds, level=float(level))
        items.append(Item(f"check:{competency}:{level}", kind, competency, asked, ("no", "yes"), question))
    return items


def _stories(places: Mapping[str, int], style: Style) -> list[Item]:
    kind, seconds, load = INTERVIEW
    items = []
    for rubric in load_rubrics().values():
        for competency in rubric.competencies:
            if competency in places:
                question = Question(places[competency], load, style.sigma(kind), seconds, cuts=BAND_CUTS, shift=style.story_shift)
                items.append(Item(f"interview:{rubric.id}:{competency}", kind, competency, rubric.prompt, (), question, rubric.id))
    return items


def _ask(level: int, deed: str) -> str:
    # Whoever leads no longer does what level 2 does. Asked for the last 24 months, they would say no, and count as beginners.
    when = "Have you ever, alone or with help," if level == CHECK_LEVELS[0] else "In the last 24 months, have you"
    return f"{when} {deed}? Can you name it?"


def _plain_check(name: str, level: int) -> str:
    plain = name[0].lower() + name[1:]
    return {
        2: f"worked on this: {plain}",
        3: f"done this alone, with a result you can show: {plain}",
        4: f"led others in this: {plain}",
        5: f"changed how the organisation does this, with measured effect: {plain}",
    }[level]
