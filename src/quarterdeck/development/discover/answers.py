"""A file of interview answers, scored: per answer what was found, with the sentence that shows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from quarterdeck.development.definitions import read_definitions
from quarterdeck.development.discover.rubrics import get_rubric, score_interview
from quarterdeck.methods.free_text import Score
from quarterdeck.vocabulary.errors import BadInput

NOTE = "This score steers a conversation. It certifies nothing; spelling and length are not scored."


def score_file(path: Path) -> dict[str, dict[str, Any]]:
    """Scores by answer id. The file holds `answers:` (or a bare list), each with id, question, text and perhaps claims."""
    content = read_definitions(path)
    answers = content.get("answers") if isinstance(content, dict) else content
    if not isinstance(answers, list):
        raise BadInput("The file holds no list of answers", thing=str(path), allowed="answers: [{id, question, text}]")
    scores: dict[str, dict[str, Any]] = {}
    for number, answer in enumerate(answers, 1):
        if not isinstance(answer, dict) or not {"question", "text"} <= set(answer):
            raise BadInput("An answer needs question and text", thing=f"{path}, answer {number}", allowed="id, question, text, claims")
        name = str(answer.get("id", number))
        if name in scores:
            raise BadInput("An answer id occurs twice", thing=f"{path}: {name}")
        score = score_interview(str(answer["question"]), str(answer["text"] or ""), answer.get("claims"))
        scores[name] = {"question": answer["question"], **to_plain_score(str(answer["question"]), score)}
    return scores


def to_plain_score(question: str, score: Score) -> dict[str, Any]:
    """A score as plain values, with the follow-up question for each element that was not found."""
    rubric = get_rubric(question)
    return {
        "x": score.x,
        "band": score.band,
        "found": list(score.elements),
        "elements": [{"id": f.element, "sentence": f.sentence, "credit": f.quality, "claimed": f.is_claimed} for f in score.found],
        "partial": [
            {"id": f.element, "sentence": f.sentence, "credit": f.quality, "ask": "A result is here, without a figure. How much was it?"}
            for f in score.partial
        ],
        "not_found": [
            {"id": element, "ask": f"I did not find this: {rubric.get(element).what}. Is it here?"}
            for element in score.missing
            if element not in {f.element for f in score.partial}
        ],
        "caps": list(score.caps),
        "parts": {"coverage": round(score.coverage, 4), "star": round(score.star, 4), "specificity": round(score.specificity, 4)},
    }
