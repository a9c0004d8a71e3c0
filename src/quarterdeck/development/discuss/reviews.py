"""Spaced reviews: an element that was not shown unaided becomes a card, scheduled by FSRS."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fsrs import Card, Rating, Scheduler

RETENTION, MOST_DAYS = 0.9, 180
# Empty steps: with the default ones a card would come back within minutes on the same day.
SCHEDULER = Scheduler(desired_retention=RETENTION, maximum_interval=MOST_DAYS, enable_fuzzing=False, learning_steps=(), relearning_steps=())
UNAIDED = 0.9


def rate(credit: float, was_easy: bool = False) -> Rating:
    """Unaided is Good or Easy, with a hint Hard, told Again."""
    if credit >= UNAIDED:
        return Rating.Easy if was_easy else Rating.Good
    return Rating.Hard if credit > 0 else Rating.Again


def new_card(number: int, now: datetime) -> dict[str, Any]:
    """A fresh card as plain data, due now."""
    return dict(Card(card_id=number, due=now).to_dict())


def review(card: Mapping[str, Any], credit: float, now: datetime, was_easy: bool = False) -> dict[str, Any]:
    """The card after a review at `now`: its next due date is in `due`."""
    reviewed, _ = SCHEDULER.review_card(Card.from_dict(dict(card)), rate(credit, was_easy), now)  # type: ignore[arg-type]
    return dict(reviewed.to_dict())


def due_of(card: Mapping[str, Any]) -> datetime:
    """When a card is due."""
    return datetime.fromisoformat(str(card["due"]))
