"""Which topics a text is about, by phrases of the trade (definitions/lexicon.yaml)."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from quarterdeck.regulation.loading import HERE, check_keys, read_yaml
from quarterdeck.vocabulary.errors import BadInput

LEXICON = HERE / "definitions" / "lexicon.yaml"


_SPACE = re.compile(r"[\s\-–—]+")


class Phrases:
    """Many phrases sought in one text. A substring test comes first: over hundreds of phrases it is thirty times faster than one pattern."""

    def __init__(self, phrases: Iterable[str]) -> None:
        self._plain = [(fold(str(phrase)).rstrip("*"), compile_phrases([fold(str(phrase))])) for phrase in phrases]

    def is_in(self, folded: str) -> bool:
        """Whether one of the phrases stands in a folded text."""
        return any(plain in folded and pattern.search(folded) for plain, pattern in self._plain)

    def count(self, folded: str) -> int:
        """How many times phrases stand in a folded text."""
        return sum(len(pattern.findall(folded)) for plain, pattern in self._plain if plain in folded)


def fold(text: str) -> str:
    """Lower case, with runs of spaces and hyphens as one space, as phrases are compared."""
    return _SPACE.sub(" ", text.lower())


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: its name for people, how far it reaches (2 all trials, 1 some, 0 none) and its phrases."""

    id: str
    label: str
    weight: int
    phrases: Phrases


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Topics of clinical trials, and groups of noise that speak against relevance."""

    topics: dict[str, Topic]
    noise: dict[str, Phrases]


@cache
def load_lexicon() -> Lexicon:
    """The lexicon. Raises BadInput for unknown keys."""
    content = check_keys(read_yaml(LEXICON), LEXICON.name, ("topics", "noise"))
    topics = {}
    for name, entry in content["topics"].items():
        entry = check_keys(entry, f"{LEXICON.name}, {name}", ("label", "weight", "phrases"))
        if entry["weight"] not in (0, 1, 2):
            raise BadInput("The weight of a topic is not known", thing=f"{LEXICON.name}, {name}: {entry['weight']}", allowed="0, 1, 2")
        topics[name] = Topic(name, entry["label"], entry["weight"], Phrases(entry["phrases"]))
    return Lexicon(topics, {name: Phrases(phrases) for name, phrases in content["noise"].items()})


def compile_phrases(phrases: Iterable[str]) -> re.Pattern[str]:
    """One pattern for many phrases; a star at the end of a word stands for the rest of it."""
    parts = []
    for phrase in sorted(phrases, key=len, reverse=True):
        words = re.escape(str(phrase).lower()).replace(r"\*", r"\w*").replace(r"\ ", r"[\s\-]+")
        parts.append((r"(?<!\w)" if str(phrase)[0].isalnum() else "") + words + (r"(?!\w)" if str(phrase)[-1].isalnum() else ""))
    return re.compile("|".join(parts))


def find_topics(title: str, body: str = "") -> dict[str, int]:
    """Topics of a document with the number of phrases found, those of the title counted three times; strongest first."""
    folded_title, folded_body = fold(title), fold(body)
    counts = {}
    for name, topic in load_lexicon().topics.items():
        count = 3 * topic.phrases.count(folded_title) + topic.phrases.count(folded_body)
        if count:
            counts[name] = count
    return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))
