"""Writes the words that the product's own texts use, so that typo tolerance never reads a correct word as a misspelling of another."""

from __future__ import annotations

import re

from quarterdeck.development.definitions import HERE
from quarterdeck.development.discover.rubrics import KNOWN_WORDS, load_rubrics

TEXTS = ("conversations/*.yaml", "discover/items.yaml", "roles/director.yaml", "discuss/accommodations.yaml", "deliver/types.yaml")


def collect_words() -> list[str]:
    """Every word of four letters or more in sentences (not in cues) of the shipped texts, in order of the alphabet."""
    words: set[str] = set()
    for pattern in TEXTS:
        for path in HERE.glob(pattern):
            text = re.sub(r"cues: \[[^\]]*\]", "", path.read_text(encoding="utf-8"))
            words |= set(re.findall(r"[a-z]{4,}", text.lower()))
    for rubric in load_rubrics().values():  # whole words of cues are spelt as meant too; stems are no words
        words |= {w for e in rubric.elements for c in e.cues for w in re.findall(r"(?<![a-z])[a-z]{4,}(?![a-z*])", c.source)}
    return sorted(words)


def main() -> None:
    """Write the file."""
    KNOWN_WORDS.write_text("\n".join(collect_words()) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
